//! Paths of questions as variables: `database.maxOpenConnections` is `SLIPWAY_SET_DATABASE__MAX_OPEN_CONNECTIONS`.

/// Prefix of the variables that answer questions.
pub const PREFIX: &str = "SLIPWAY_SET_";

/// The variable that answers a question.
pub fn variable(path: &str) -> String {
    let mut name = String::from(PREFIX);
    for c in path.chars() {
        match c {
            '.' => name.push_str("__"),
            c if c.is_ascii_uppercase() => {
                name.push('_');
                name.push(c);
            }
            c => name.push(c.to_ascii_uppercase()),
        }
    }
    name
}

/// The variable that an answers file proposes for a secret that was typed: `DATABASE_URL` for `database.url`.
pub fn secret_variable(path: &str) -> String {
    variable(path)[PREFIX.len()..].replace("__", "_")
}

/// What is wrong with a name that Kubernetes wants as a DNS label (RFC 1123) of at most `most` characters, as it reads
/// after the name; none when nothing is.
pub fn label_fault(text: &str, most: usize) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        return Some(format!("may hold small letters, digits and hyphens, not {wrong:?}"));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Some("may not begin or end with a hyphen".into());
    }
    (text.len() > most).then(|| format!("has {} characters, and {most} is the most", text.len()))
}

#[cfg(test)]
mod tests {
    use super::{label_fault, variable};

    #[test]
    fn a_label_says_what_is_wrong_with_it() {
        let long = "a".repeat(41);
        for (text, fault) in [
            ("inngest-2", None),
            ("", Some("is empty")),
            ("Inngest", Some("may hold small letters, digits and hyphens, not 'I'")),
            ("a.b", Some("may hold small letters, digits and hyphens, not '.'")),
            ("-a", Some("may not begin or end with a hyphen")),
            (long.as_str(), Some("has 41 characters, and 40 is the most")),
        ] {
            assert_eq!(label_fault(text, 40).as_deref(), fault, "{text}");
        }
    }

    #[test]
    fn a_dot_is_two_underscores_and_a_capital_begins_a_word() {
        for (path, name) in [
            ("database.maxOpenConnections", "SLIPWAY_SET_DATABASE__MAX_OPEN_CONNECTIONS"),
            ("replicas", "SLIPWAY_SET_REPLICAS"),
            ("keys.event", "SLIPWAY_SET_KEYS__EVENT"),
            ("sdkUrls", "SLIPWAY_SET_SDK_URLS"),
        ] {
            assert_eq!(variable(path), name);
        }
    }
}
