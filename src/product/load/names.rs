//! Rules for the ids of questions (language.md "Names").

use super::super::node::Place;
use super::Faults;

/// First parts that mean something else in expressions.
const RESERVED: &[&str] =
    &["keys", "values", "components", "inputs", "release", "product", "profile", "cluster", "self", "slipway"];

/// CEL's own words (cel-spec, "Syntax": reserved words), and what it reads as literals and operators.
const CEL: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Tells what is wrong with an id.
pub(super) fn check(id: &str, place: &Place, faults: &mut Faults) {
    let mut tell = |what: String, remedy: &str| faults.add("ID", place, what, remedy);
    if id.is_empty() {
        return tell("an id is empty".into(), "");
    }
    for part in id.split('.') {
        let mut letters = part.chars();
        let starts = letters.next().is_some_and(|c| c.is_ascii_lowercase());
        if !starts || !part.chars().all(|c| c.is_ascii_alphanumeric()) {
            tell(
                format!("`{id}` is not an id: each part begins with a small letter and holds letters and digits"),
                "write it in camelCase, such as database.maxOpenConnections",
            );
            return;
        }
        if CEL.contains(&part) {
            tell(format!("`{part}` in `{id}` is a word of CEL"), "choose another word");
        }
    }
    let first = id.split('.').next().unwrap_or(id);
    if RESERVED.contains(&first) {
        tell(format!("`{first}` in `{id}` means something else in expressions"), "choose another word");
    }
}

/// Tells what is wrong with the name of a value, input, output or `$each`: one word, since a dot begins a field of it.
pub(super) fn check_word(what: &str, name: &str, place: &Place, faults: &mut Faults) {
    let mut letters = name.chars();
    let fits = letters.next().is_some_and(|c| c.is_ascii_lowercase()) && letters.all(|c| c.is_ascii_alphanumeric());
    if !fits {
        let what =
            format!("`{name}` is not the name of {what}: it begins with a small letter and holds letters and digits");
        faults.add("ID", place, what, "write it in camelCase");
    } else if CEL.contains(&name) {
        faults.add("ID", place, format!("`{name}` is a word of CEL"), "choose another word");
    }
}

/// What else a component's questions may not be called: inside it, these mean something else.
const IN_COMPONENTS: &[&str] = &["mode", "outputs", "version", "registry"];

/// Tells of a question of a component whose name means something else inside it.
pub(super) fn check_in_component(id: &str, place: &Place, faults: &mut Faults) {
    let first = id.split('.').next().unwrap_or(id);
    if IN_COMPONENTS.contains(&first) {
        faults.add(
            "ID",
            place,
            format!("`{first}` in `{id}` means something else inside a component"),
            "choose another word",
        );
    }
}

/// Tells what is wrong with the name of an `$each`: it may hide nothing that expressions may name.
pub(super) fn check_each(name: &str, place: &Place, faults: &mut Faults) {
    check_word("an item", name, place, faults);
    if RESERVED.contains(&name) || IN_COMPONENTS.contains(&name) {
        let what = format!("`{name}` means something else in expressions");
        faults.add("ID", place, what, "choose another word for the item");
    }
}

/// No id may be the beginning of another.
pub(super) fn check_prefixes<'a>(ids: impl Iterator<Item = (&'a str, &'a Place)>, faults: &mut Faults) {
    let ids: Vec<_> = ids.collect();
    for (id, place) in &ids {
        let beginning = format!("{id}.");
        if let Some((longer, _)) = ids.iter().find(|(other, _)| other.starts_with(&beginning)) {
            let what = format!("`{id}` is the beginning of `{longer}`");
            faults.add("ID", place, what, "rename one of them: a name means one answer or a group, not both");
        }
    }
}
