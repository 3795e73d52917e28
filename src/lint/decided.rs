//! What conditions came to, by the answers that they read: the same condition is asked for hundreds of thousands of times
//! while combinations are chosen, and each reads few answers.

use std::collections::BTreeMap;

use super::cases::Row;

/// What is known of one condition: what it comes to, or the answer that it reads next.
enum Step {
    /// It read nothing more that is combined.
    Holds(bool),
    /// It reads the answer of a factor, and goes on by what that is: not asked, or one of its values.
    Reads(usize, Vec<Option<Step>>),
}

/// Which condition: of what, the number of that, and of what in it.
pub(super) type Place = (&'static str, usize, usize);

/// Conditions by their place.
#[derive(Default)]
pub(super) struct Decided(BTreeMap<Place, Step>);

impl Decided {
    /// Whether a condition holds: as it did when the same answers were read, else as `evaluate` says, which tells the factors
    /// that it read, in order. What is not combined is the same each time.
    pub(super) fn holds(&mut self, place: Place, row: &Row, evaluate: impl FnOnce() -> (bool, Vec<usize>)) -> bool {
        if let Some(known) = self.0.get(&place).and_then(|step| known(step, row)) {
            return known;
        }
        let (holds, reads) = evaluate();
        let step = self.0.remove(&place);
        self.0.insert(place, learned(step, &reads, row, holds));
        holds
    }
}

/// Where the way goes on after a factor was read.
fn branch(row: &Row, factor: usize) -> usize {
    row[factor].map_or(0, |value| value + 1)
}

fn known(mut step: &Step, row: &Row) -> Option<bool> {
    loop {
        match step {
            Step::Holds(holds) => return Some(*holds),
            Step::Reads(factor, next) => step = next.get(branch(row, *factor))?.as_ref()?,
        }
    }
}

fn learned(step: Option<Step>, reads: &[usize], row: &Row, holds: bool) -> Step {
    let Some((first, rest)) = reads.split_first() else { return Step::Holds(holds) };
    let mut next = match step {
        // What is read first depends on nothing, what is read next on what was read before: it is the same each time.
        Some(Step::Reads(factor, next)) if factor == *first => next,
        _ => Vec::new(),
    };
    let at = branch(row, *first);
    if next.len() <= at {
        next.resize_with(at + 1, || None);
    }
    let before = next[at].take();
    next[at] = Some(learned(before, rest, row, holds));
    Step::Reads(*first, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_evaluated_once_for_each_way_through_the_answers_it_reads() {
        let mut decided = Decided::default();
        let mut evaluated = 0;
        for _ in 0..3 {
            // The first answer is not asked, or one of two; the second is read only where the first is the second of these.
            for (a, b, c) in [(Some(1), true, 1), (Some(1), false, 2), (Some(0), true, 3), (None, false, 4)] {
                let row = vec![a, Some(usize::from(b)), Some(c)];
                let reads = if a == Some(1) { vec![0, 1] } else { vec![0] };
                let holds = decided.holds(("x", 0, 0), &row, || {
                    evaluated += 1;
                    (a == Some(1) && b, reads)
                });
                assert_eq!(holds, a == Some(1) && b);
            }
        }
        assert_eq!(evaluated, 4);
    }
}
