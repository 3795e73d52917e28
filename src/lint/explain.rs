//! What the codes of loading and lint mean, for `slipway explain CODE`.

use super::rules;

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What is the case, in a few words.
    pub title: &'static str,
    /// Why it matters and what to do.
    pub text: &'static str,
}

/// Codes that are no rules of taste.
const FAULTS: &[Explanation] = &[
    Explanation {
        code: "CYCLE",
        title: "a name leads back to itself",
        text: "Values, outputs, inputs, modes, defaults and conditions are evaluated when they are first needed. One that needs itself can never be. Break the circle at one of the names in it.",
    },
    Explanation {
        code: "EXPRESSION",
        title: "an expression fails",
        text: "With the answers that are named, the expression has no value: an operand has the wrong type, or is null. Guard it, as in `x == null ? null : string(x)`.",
    },
    Explanation {
        code: "NO_SAMPLE",
        title: "no sample answer fits a question",
        text: "Lint answers each question with its default or example. Where the checks refuse both, nothing that depends on the question can be judged. Give it an `example` that its checks accept.",
    },
    Explanation {
        code: "SCHEMA",
        title: "Kubernetes would refuse an object",
        text: "A rendered object does not fit the schema of a supported minor version: an unknown field, a wrong type, a field that is missing. Text that must be text says string(x).",
    },
    Explanation {
        code: "SECRET_SHOWS",
        title: "a secret would end outside of a Secret",
        text: "What is computed from a secret may end only in `data` and `stringData` of a Secret, or be named by $secretRef. Put it into a Secret and refer to that.",
    },
    Explanation {
        code: "TYPE",
        title: "a value has the wrong type",
        text: "An operand, a field or a result is of a type that does not fit where it stands. Expressions are read without answers, so a branch that is never taken is read too. `string(x)` makes text, `size(x)` a number.",
    },
    Explanation {
        code: "UNKNOWN_NAME",
        title: "a name in an expression means nothing",
        text: "Expressions may name answers, keys, values, components.<id>.<output>, release, product, version, profile and cluster; inside a component its own questions, keys, inputs, outputs and mode.",
    },
    Explanation {
        code: "DIRECTIVE",
        title: "a directive is misused",
        text: "Keys that begin with $ are directives: $each, $when, $value, $splice, $merge, $yaml, $json, $secretRef, $after and $waitFor. Each stands in the places that the language allows and takes what the message says.",
    },
    Explanation {
        code: "DUPLICATE_OBJECT",
        title: "two objects have one name",
        text: "With the answers that are named, two objects of one kind have the same name, and the second would overwrite the first. Rename one, or let a $when leave one of them.",
    },
    Explanation {
        code: "OBJECT",
        title: "an object lacks its name or kind",
        text: "Every object needs apiVersion, kind and metadata.name as text.",
    },
    Explanation {
        code: "RESERVED_LABEL",
        title: "a label is slipway's own",
        text: "Slipway marks the objects of a release with labels of its own. Take the label out of the manifest.",
    },
    Explanation {
        code: "FIELD",
        title: "a field of a list's items cannot be what it says",
        text: "A field is asked together with its item: it has no condition, pin or source of its own, no dot in its id, and no list or secret inside of it. Make it a question of its own, or simpler.",
    },
    Explanation {
        code: "GROUP",
        title: "a group is named that is not there",
        text: "health, backup and migration name the group that they are about: a file in manifests/ without its ending, or a component.",
    },
    Explanation {
        code: "UNUSED_FILE",
        title: "nothing reads a file",
        text: "Beside product.yaml lie the profiles that it names, and manifests/. A file with another name is probably a profile that was not named, or a manifest in the wrong place.",
    },
    Explanation {
        code: "SECRET_DATA",
        title: "the data of a Secret has the wrong shape",
        text: "`data` and `stringData` of a Secret map names to plain text; rendering encodes it.",
    },
];

/// What a code means; `None` for a code that lint does not use.
pub fn explain(code: &str) -> Option<Explanation> {
    FAULTS.iter().copied().chain(rules::explanations()).find(|one| one.code.eq_ignore_ascii_case(code))
}

/// Every code of lint, rules of taste last.
pub fn all() -> Vec<Explanation> {
    FAULTS.iter().copied().chain(rules::explanations()).collect()
}
