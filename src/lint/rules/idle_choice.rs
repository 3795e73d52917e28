//! Two answers to one question that come to the same objects and notes.

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "IDLE_CHOICE",
        title: "the choice changes nothing",
        text: "Two answers to one question were rendered with the same other answers, in several combinations, and the objects and notes were the same each time. One of them does not do what its text says.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let same = seen.compared.iter().filter(|(_, differs)| !**differs);
    let said = same.map(|((path, one, other), _)| {
        let what = format!("`{path}` renders the same with {one} and with {other}");
        Broken::new(path.clone(), what, "let the choice reach a manifest, or take it out")
    });
    said.collect()
}
