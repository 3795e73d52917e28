//! Why a pod that is made for a moment does not run, in the words of every diagnosis.

use std::sync::Arc;

use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::diagnose::{Notice, Patterns, Scene, symptoms};
use crate::error::Failure;
use crate::finding::Finding;
use crate::object::{Object, ObjectId};

/// The failure with what stands in the pod's way; as it was where nothing is known of that.
pub(super) async fn why(cluster: &Cluster, failure: Failure, id: &ObjectId) -> Failure {
    let (pod, events) = tokio::join!(cluster.find(id), cluster.list("", "Event", &id.namespace, ""));
    let events = events.map(|listed| listed.objects).unwrap_or_default();
    told(failure, pod.ok().flatten(), &events, Timestamp::now())
}

fn told(failure: Failure, pod: Option<Object>, events: &[Object], now: Timestamp) -> Failure {
    let Some(pod) = pod else { return failure };
    let mut scene = Scene::new(Arc::default(), now);
    let uid = pod.uid().to_string();
    scene.put(Arc::new(pod));
    let of_it = events.iter().filter(|event| event.text(&["involvedObject", "uid"]) == uid);
    of_it.filter_map(|event| Notice::read(event, false)).for_each(|notice| scene.notice(notice));
    symptoms(&scene, &Patterns::new(&[])).into_iter().fold(failure, |failure, symptom| {
        let Finding { what, why, remedy, .. } = symptom.finding;
        let failure = [what, why].into_iter().filter(|text| !text.is_empty()).fold(failure, Failure::why);
        if remedy.is_empty() { failure } else { failure.hint(remedy) }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::FailureKind;

    fn told_of(uid: &str) -> Failure {
        let waiting = json!({"waiting": {"reason": "ContainerCreating"}});
        let pod = Object(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "inngest-restore", "namespace": "n", "uid": "u"},
            "spec": {"nodeName": "b", "containers": [{"name": "client", "image": "postgres:17"}]},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "client", "state": waiting}]}}));
        let event = Object(
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "n", "uid": "e"},
            "involvedObject": {"kind": "Pod", "name": "inngest-restore", "namespace": "n", "uid": uid}, "type": "Warning",
            "reason": "FailedAttachVolume", "count": 3, "lastTimestamp": "2026-11-21T10:00:00Z",
            "message": "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) nightly-1"}),
        );
        let failure = Failure::new(FailureKind::TimedOut, "the pod inngest-restore does not run");
        told(failure, Some(pod), &[event], "2026-11-21T10:01:00Z".parse().unwrap())
    }

    #[test]
    fn a_claim_that_another_node_holds_is_said_instead_of_a_mere_timeout() {
        let failure = told_of("u");
        assert!(failure.why.iter().any(|why| why.contains("already used by pod(s) nightly-1")), "{failure:?}");
        assert!(!failure.hints.is_empty(), "{failure:?}");
        // What was said of a pod of that name before is not about this one.
        assert_eq!(told_of("another").why, Vec::<String>::new());
    }
}
