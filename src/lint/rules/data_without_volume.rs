//! A StatefulSet whose pods keep nothing.

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule, claims, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "DATA_WITHOUT_VOLUME",
        title: "single-instance data without a volume",
        text: "A StatefulSet is for programs that keep something. Without a claim its data ends with the pod, at the next drain of a node. Mount a claim whose name is an input, or use a Deployment where there is nothing to keep.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let sets = objects(seen).map(|(object, _)| object).filter(|object| object.kind() == "StatefulSet");
    let bare = sets.filter(|set| claims(set).is_empty() && set.list(&["spec", "volumeClaimTemplates"]).is_empty());
    let said =
        bare.map(|set| Broken::new(set.id().short(), "its pods mount no claim", "mount a claim, or use a Deployment"));
    said.collect()
}
