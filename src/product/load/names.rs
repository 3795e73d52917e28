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
