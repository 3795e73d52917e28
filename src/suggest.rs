//! The nearest known name to one that was mistyped: "did you mean `image`?".
//!
//! Ground: answers, flags, field names, kinds and expressions all use this one measure, so that a typo gets the same
//! kind of help everywhere.

/// The known name nearest to `name`, if one is near enough to be what was meant.
///
/// Letters are compared without regard to case (`imagepullpolicy` finds `imagePullPolicy`); a swap of two neighbours
/// counts as one mistake. A third of the letters may be wrong, at least one; a name that the mistyped one begins
/// with, or is the beginning of, is near too (`replica` and `replicas`, `imagePul` and `image`). Of equally
/// near names the first wins, so give them in the order in which they should be offered. A name that is known exactly
/// is not a suggestion: `None`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = name.to_lowercase().chars().collect();
    // What is this long was not mistyped, and the measure is quadratic.
    if typed.is_empty() || typed.len() > 128 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate == name {
            return None;
        }
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        if letters.is_empty() || letters.len() > 128 {
            continue;
        }
        let distance = distance(&typed, &letters);
        let shorter = typed.len().min(letters.len());
        let near = distance <= (typed.len().max(letters.len()) / 3).max(1) && distance < shorter.max(2);
        let begins = shorter >= 4 && (typed.starts_with(&letters) || letters.starts_with(&typed));
        if (near || begins) && best.is_none_or(|(found, _)| distance < found) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment: the least number of insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut cost = (last[j + 1] + 1).min(row[j] + 1).min(last[j] + usize::from(x != y));
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
        }
        before = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: [&str; 8] =
        ["args", "command", "env", "image", "imagePullPolicy", "livenessProbe", "name", "resources"];

    #[test]
    fn a_typo_finds_the_name_that_was_meant() {
        for (typed, meant) in [
            ("imagePul", Some("image")),
            ("imagePullPolcy", Some("imagePullPolicy")),
            ("imagepullpolicy", Some("imagePullPolicy")),
            ("imagePull", Some("image")),
            ("livenessPro", Some("livenessProbe")),
            ("nmae", Some("name")),
            ("envs", Some("env")),
            ("resource", Some("resources")),
            ("comand", Some("command")),
            ("ports", None),
            ("x", None),
            ("", None),
            ("image", None),
        ] {
            let found = nearest(typed, FIELDS);
            assert_eq!(found, meant, "{typed}");
        }
    }

    #[test]
    fn of_equally_near_names_the_first_is_offered() {
        assert_eq!(nearest("cat", ["bat", "hat"]), Some("bat"));
    }

    proptest! {
        #[test]
        fn one_swapped_pair_of_letters_in_a_long_name_is_always_understood(at in 0usize..14) {
            let mut letters: Vec<char> = "imagePullPolicy".chars().collect();
            letters.swap(at, at + 1);
            let typed: String = letters.into_iter().collect();
            prop_assert!(typed == "imagePullPolicy" || nearest(&typed, FIELDS) == Some("imagePullPolicy"));
        }

        #[test]
        fn any_text_is_answered_without_a_panic(typed in ".{0,200}", known in ".{0,200}") {
            let _ = nearest(&typed, [known.as_str()]);
        }
    }
}
