//! How a release is at a moment (pure): each of its recorded objects, judged out of one reading.

use serde::Serialize;

use super::kinds::is_passive;
use super::readiness::assess;
use crate::diagnose::Scene;
use crate::event::Readiness;
use crate::object::ObjectId;
use crate::plan::{Action, Plan};

/// Where one object stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStatus {
    /// Its id.
    pub id: ObjectId,
    /// Its group.
    pub group: String,
    /// Where it stands; what is gone has failed.
    pub readiness: Readiness,
    /// Why.
    pub reason: String,
    /// How many of its parts are ready.
    pub ready: u32,
    /// How many parts it has.
    pub of: u32,
}

/// Every object of a recorded plan, in its order. What has no state of its own (configuration, rights) is ready as long as
/// it is there.
pub fn status(plan: &Plan, scene: &Scene) -> Vec<ObjectStatus> {
    let kept = plan.steps.iter().filter(|step| step.action != Action::Delete);
    kept.map(|step| {
        let id = step.wanted.object.id();
        let group = step.wanted.group.clone();
        let Some(live) = scene.get(&id) else {
            let reason = "it is gone: somebody deleted it".to_string();
            return ObjectStatus { id, group, readiness: Readiness::Failed, reason, ready: 0, of: 1 };
        };
        if is_passive(&id) {
            return ObjectStatus { id, group, readiness: Readiness::Ready, reason: "there".into(), ready: 1, of: 1 };
        }
        let seen = assess(live, scene);
        ObjectStatus { id, group, readiness: seen.readiness, reason: seen.reason, ready: seen.ready, of: seen.of }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::object::Object;
    use crate::plan::{Class, ProductRef, Step, Target, Verb, Wanted};

    #[test]
    fn what_is_gone_has_failed_and_configuration_is_ready_while_it_is_there() {
        let object = |kind: &str, api: &str| {
            Object(
                json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": "n", "generation": 1}}),
            )
        };
        let objects = [object("ConfigMap", "v1"), object("Secret", "v1"), object("Deployment", "apps/v1")];
        let steps = objects.iter().map(|object| Step {
            wanted: Wanted { object: object.clone(), group: "g".into(), after: vec![], recipes: BTreeMap::new() },
            action: Action::Create,
            wave: 0,
            after: vec![],
            class: Class::of(object),
            one_first: false,
        });
        let plan =
            Plan { steps: steps.collect(), ..Plan::new(Verb::Install, Target::default(), ProductRef::default()) };
        let mut scene = Scene::new(Arc::default(), Timestamp::UNIX_EPOCH);
        scene.put(Arc::new(objects[0].clone()));
        scene.put(Arc::new(objects[2].clone()));
        let told: Vec<Readiness> = status(&plan, &scene).into_iter().map(|one| one.readiness).collect();
        assert_eq!(told, [Readiness::Ready, Readiness::Failed, Readiness::Waiting]);
    }
}
