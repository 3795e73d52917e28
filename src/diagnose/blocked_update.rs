//! A StatefulSet's update is blocked by a pod of the old revision that never gets ready: a known trap, which a new
//! template alone does not mend (Kubernetes: StatefulSet, "Forced rollback").

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[(
        "UPDATE_BLOCKED",
        "A StatefulSet replaces its pods one after the other and waits for each to be ready. A pod of the old revision that never gets ready is waited for without end, even when the new template would mend it. Deleting that pod lets the controller make it again from the new template; its volume stays.",
    )],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for set in scene.of_kind("StatefulSet") {
        let seen = set.integer(&["status", "observedGeneration"]) >= set.integer(&["metadata", "generation"]);
        let update = set.text(&["status", "updateRevision"]);
        let rolling = seen && !update.is_empty() && update != set.text(&["status", "currentRevision"]);
        let ordered = set.text(&["spec", "podManagementPolicy"]) != "Parallel";
        let by_hand = set.text(&["spec", "updateStrategy", "type"]) == "OnDelete";
        if !rolling || !ordered || by_hand {
            continue;
        }
        let blocking = kin::pods_of(scene, set).into_iter().find(|pod| {
            pod.at(&["metadata", "deletionTimestamp"]).is_none()
                && pod.label("controller-revision-hash").is_some_and(|hash| hash != update)
                && !condition(pod, "Ready").is_some_and(|ready| ready.is_true())
        });
        let Some(pod) = blocking else { continue };
        let finding = Finding::new(
            "UPDATE_BLOCKED",
            Severity::Error,
            format!("{} is of the old revision, not ready, and blocks the update", pod.name()),
        )
        .why("the controller waits for it before it goes on")
        .remedy(format!("kubectl delete pod -n {} {}  (its volume stays)", pod.namespace(), pod.name()))
        .at(set.id().to_string());
        // A pod that is only starting will be ready, or be replaced, in a moment.
        out.push(Symptom::new(finding, Hold::Never).quiet_for(15));
    }
}
