//! A question that no expression reads.

use std::collections::BTreeSet;

use crate::lint::explain::Explanation;
use crate::lint::names::question;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "UNUSED_QUESTION",
        title: "nothing reads the answer",
        text: "An operator answers, and nothing changes. Use the answer in a manifest, value or condition, or take the question out.",
    },
    judge,
};

fn judge(seen: &Seen, spots: &[Spot]) -> Vec<Broken> {
    let mut read: BTreeSet<&str> = BTreeSet::new();
    for spot in spots {
        for name in &spot.names {
            let name = name.strip_prefix("components.").unwrap_or(name);
            let path = question(&seen.product, &spot.scope, name);
            read.extend(path.filter(|path| spot.of_question.as_deref() != Some(path)));
        }
        if spot.functions.contains("image") {
            read.insert("registry");
        }
    }
    let questions = seen.product.questions.values().filter(|one| !read.contains(one.path.as_str()));
    let questions = questions.filter(|one| !matches!(one.path.as_str(), "version" | "registry"));
    let said = questions.map(|one| {
        let what = format!("nothing reads the answer `{}`", one.path);
        Broken::new(one.path.clone(), what, "use it, or take the question out")
    });
    said.collect()
}
