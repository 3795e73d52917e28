//! A Deployment that rolls while it mounts a claim that one node may hold.

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;
use crate::object::Object;

use super::{Broken, Rule, claims, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "CLAIM_ROLLS",
        title: "a claim under a rolling update",
        text: "A rolling update starts the new pod before the old one ends. A ReadWriteOnce claim is held by the old pod's node, so the new one waits on another node for ever; on the same node two programs write to one volume. Use strategy Recreate, a StatefulSet, or a claim that many nodes may mount.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (object, together) in objects(seen).filter(|(object, _)| object.kind() == "Deployment") {
        if object.text(&["spec", "strategy", "type"]) == "Recreate" {
            continue;
        }
        for claim in claims(object) {
            let found = together.iter().find(|one| one.kind() == "PersistentVolumeClaim" && one.name() == claim);
            if !found.is_some_and(|claim| shared(claim)) {
                let what = format!("it rolls while it mounts the claim {claim}");
                broken.push(Broken::new(object.id().short(), what, "write spec.strategy: {type: Recreate}"));
            }
        }
    }
    broken
}

/// Whether many nodes may mount a claim. One that the product does not make is taken to be for one.
fn shared(claim: &Object) -> bool {
    let modes = claim.list(&["spec", "accessModes"]);
    modes.iter().any(|mode| matches!(mode.as_str(), Some("ReadWriteMany" | "ReadOnlyMany")))
}
