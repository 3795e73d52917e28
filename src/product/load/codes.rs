//! What the codes of loading mean, for `slipway explain CODE`.

/// Every code of loading a product, with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "CHOICES",
        "A question of type choice or choices lists fewer than two choices: there is nothing to choose. Give it two, each as `id: what it means`.",
    ),
    (
        "COMPONENT",
        "A name of a component means nothing: `use` names a folder of the shared components, and a page's `component:` names an entry of `components`.",
    ),
    (
        "DEFAULT",
        "A question has a default and is optional too. With a default it is always answered: drop one of the two.",
    ),
    (
        "DUPLICATE_KEY",
        "A mapping has the same key twice; YAML readers differ in which one they take. Keep one of them.",
    ),
    (
        "DUPLICATE_QUESTION",
        "Two questions have one id, or the id of one is the beginning of the other's, so that a name in an expression could mean either. Rename one of them.",
    ),
    ("EMPTY", "The file holds nothing. Every file of a product holds at least one document."),
    ("ENCODING", "The file is not UTF-8. Save it as UTF-8."),
    ("GATE", "A gate between versions asks for something that is not known: `requires` is backup, stop or step."),
    (
        "GENERATE",
        "`generate` belongs to secrets only, and is {hex: LENGTH} or {password: LENGTH} with 16 to 1024 characters.",
    ),
    (
        "INPUT",
        "What `with` gives to a component does not fit its inputs: one has no such name, or one that the component needs is missing.",
    ),
    (
        "KEY",
        "A key of a mapping stands where it cannot: it is an expression, a list or a mapping, or a page names a key that `keys` does not have. Maps with computed keys come in by $merge.",
    ),
    ("KEY_FIELD", "`key` of a list names the field that tells its items apart; it must be one of `fields`."),
    (
        "LANGUAGE",
        "`slipway: 1` at the top of product.yaml and component.yaml says in which version of the language it is written. This program does not know that version.",
    ),
    ("LITERAL", "A profile holds literals only: what is computed belongs into a question's default."),
    (
        "MIGRATION",
        "`migration` is either {atStart: true} or {job: GROUP}, with a `budget`; where answers decide between them, a list of both, each with its `when`.",
    ),
    ("MISSING", "Something that must be there is not; the message names it."),
    ("PROFILES", "A product needs at least one profile: a file beside product.yaml, named in `profiles`."),
    (
        "REGEX",
        "A `match`, a `fixed`, or the `part` of a version, is not a regular expression. Look-around and back references are not known.",
    ),
    (
        "SECRET",
        "A secret stands in a file of the product, or in a profile. Secrets are given by the operator or made, and live in the cluster alone.",
    ),
    (
        "ROTATE",
        "`rotate` belongs to secrets only, and says one way: join (several values are accepted at once, joined by that text), clientsFirst (those who use it must know the next value first), or postgresql (it is the password of that login).",
    ),
    ("SECRET_DEFAULT", "A secret has no default: everybody would have the same. Let it be made with `generate`."),
    ("SHAPE", "A file, or a document in it, is not a mapping."),
    (
        "TYPE",
        "Something in a file of the product is of another kind than it must be: text where a list belongs, a mapping where text does.",
    ),
    ("TYPE_NAME", "A question or input has a type that does not exist. The message names the nearest one."),
    (
        "UNKNOWN_KEY",
        "A mapping has a key that the language does not know there; often a slip of the pen. The message names the nearest one.",
    ),
    (
        "UNKNOWN_QUESTION",
        "A profile, a check or an answers file names a question that the product does not ask. The message names the nearest one.",
    ),
    (
        "VERSION",
        "`versions` needs a `default` that is a version, never `latest`, and an `order` that is semver or date.",
    ),
    (
        "YAML",
        "The file is not YAML. A value with `: ` or ` #` in it, or `${…}` inside braces, stands in single quotes.",
    ),
    (
        "YAML_FEATURE",
        "Tags, anchors, aliases and merge keys are not read: what is read is what is meant. Write the value out.",
    ),
];
