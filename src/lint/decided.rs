//! What conditions came to, by the answers that they read: the same condition is asked for thousands of times while
//! combinations are chosen, and each reads few answers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// What is known of one condition: what it comes to, or the answer that it reads next.
enum Step {
    /// It read nothing more.
    Holds(bool),
    /// It reads an answer, and goes on by what that is.
    Reads(String, BTreeMap<String, Step>),
}

/// Which condition: of what, the number of that, and of what in it.
pub(super) type Place = (&'static str, usize, usize);

/// Conditions by their place.
#[derive(Default)]
pub(super) struct Decided(BTreeMap<Place, Step>);

impl Decided {
    /// Whether a condition holds: as it did when the same answers were read, else as `evaluate` says, which tells the paths
    /// of the answers that it read, in order.
    pub(super) fn holds(
        &mut self,
        place: Place,
        answers: &BTreeMap<String, Value>,
        evaluate: impl FnOnce() -> (bool, Vec<String>),
    ) -> bool {
        if let Some(known) = self.0.get(&place).and_then(|step| known(step, answers)) {
            return known;
        }
        let (holds, reads) = evaluate();
        let step = self.0.remove(&place);
        self.0.insert(place, learned(step, &reads, answers, holds));
        holds
    }
}

/// An answer as text: one question's answers are of one type, so that no two of them look alike.
fn key<'a>(answers: &'a BTreeMap<String, Value>, path: &str) -> Cow<'a, str> {
    match answers.get(path) {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Owned(format!("={text}")),
        Some(Value::Bool(true)) => Cow::Borrowed("true"),
        Some(Value::Bool(false)) => Cow::Borrowed("false"),
        Some(other) => Cow::Owned(other.to_string()),
    }
}

fn known(mut step: &Step, answers: &BTreeMap<String, Value>) -> Option<bool> {
    loop {
        match step {
            Step::Holds(holds) => return Some(*holds),
            Step::Reads(path, next) => step = next.get(key(answers, path).as_ref())?,
        }
    }
}

fn learned(step: Option<Step>, reads: &[String], answers: &BTreeMap<String, Value>, holds: bool) -> Step {
    let Some((first, rest)) = reads.split_first() else { return Step::Holds(holds) };
    let mut next = match step {
        // What is read first depends on nothing, what is read next on what was read before: it is the same each time.
        Some(Step::Reads(path, next)) if path == *first => next,
        _ => BTreeMap::new(),
    };
    let value = key(answers, first);
    let before = next.remove(value.as_ref());
    next.insert(value.into_owned(), learned(before, rest, answers, holds));
    Step::Reads(first.clone(), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_is_evaluated_once_for_each_way_through_the_answers_it_reads() {
        let mut decided = Decided::default();
        let mut evaluated = 0;
        for _ in 0..3 {
            for (a, b, c) in [(true, true, 1), (true, false, 2), (false, true, 3), (false, false, 4)] {
                let answers = BTreeMap::from([
                    ("a".to_owned(), json!(a)),
                    ("b".to_owned(), json!(b)),
                    ("c".to_owned(), json!(c)),
                ]);
                let reads = if a { vec!["a".to_owned(), "b".to_owned()] } else { vec!["a".to_owned()] };
                let holds = decided.holds(("x", 0, 0), &answers, || {
                    evaluated += 1;
                    (a && b, reads)
                });
                assert_eq!(holds, a && b);
            }
        }
        assert_eq!(evaluated, 3);
    }
}
