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

#[cfg(test)]
mod tests {
    use super::variable;

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
