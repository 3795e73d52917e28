//! A Job whose pod cannot begin: nothing would ever end it, and nobody who waits would hear why.

use std::time::Duration;

use futures::StreamExt as _;

use crate::cluster::{Cluster, Seen, Watched};
use crate::error::{Failure, FailureKind};
use crate::object::{Object, ObjectId};

/// A registry may be away for a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reasons for which a container waits that do not pass by themselves.
const REASONS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
];

/// Ends when a container of the Job's pods has waited for a minute for what does not come, and says for what.
pub(super) async fn in_vain(cluster: &Cluster, job: &ObjectId) -> Failure {
    let labels = format!("batch.kubernetes.io/job-name={}", job.name);
    let mut seen =
        cluster.watch(Watched { kind: "Pod".into(), namespace: job.namespace.clone(), labels, ..Watched::default() });
    let mut since: Option<(tokio::time::Instant, String)> = None;
    loop {
        let waited = since.as_ref().map_or(PATIENCE, |(began, _)| PATIENCE.saturating_sub(began.elapsed()));
        match tokio::time::timeout(waited, seen.next()).await {
            Ok(Some(Seen::All(pods))) => note(&mut since, pods.iter().find_map(waits_for)),
            Ok(Some(Seen::Changed(pod))) => note(&mut since, waits_for(&pod)),
            Ok(Some(_)) => {}
            // Who may not watch pods waits for the Job alone.
            Ok(None) => std::future::pending().await,
            Err(_) => {}
        }
        if let Some((began, why)) = &since
            && began.elapsed() >= PATIENCE
        {
            return Failure::new(FailureKind::Deployment, format!("the pod of {} cannot begin", job.short()))
                .place(job.to_string())
                .why(why.clone());
        }
    }
}

/// The clock begins with the first sign, and stops when there is none any more.
fn note(since: &mut Option<(tokio::time::Instant, String)>, now: Option<String>) {
    *since = now.map(|why| (since.as_ref().map_or_else(tokio::time::Instant::now, |(began, _)| *began), why));
}

/// What a container of the pod waits for in vain.
fn waits_for(pod: &Object) -> Option<String> {
    ["initContainerStatuses", "containerStatuses"].iter().flat_map(|kind| pod.list(&["status", kind])).find_map(
        |status| {
            let waiting = &status["state"]["waiting"];
            let reason = waiting["reason"].as_str().filter(|reason| REASONS.contains(reason))?;
            let text = |value: &serde_json::Value| crate::sanitize::line(value.as_str().unwrap_or(""));
            Some(format!(
                "{} with the image {}: {reason}: {}",
                text(&status["name"]),
                text(&status["image"]),
                text(&waiting["message"])
            ))
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_that_cannot_have_its_image_waits_in_vain_and_one_that_is_being_made_does_not() {
        let pod = |reason: &str| {
            let waiting = json!({"reason": reason, "message": "no such host"});
            Object(json!({"status": {
                "initContainerStatuses": [{"name": "begin", "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [{"name": "upload", "image": "rclone:1", "state": {"waiting": waiting}}],
            }}))
        };
        assert_eq!(
            waits_for(&pod("ImagePullBackOff")).as_deref(),
            Some("upload with the image rclone:1: ImagePullBackOff: no such host")
        );
        assert_eq!(waits_for(&pod("ContainerCreating")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_goes_on_from_the_first_sign_and_stops_without_one() {
        let mut since = None;
        note(&mut since, Some("a".into()));
        let began = since.as_ref().map(|(began, _)| *began);
        tokio::time::advance(Duration::from_secs(20)).await;
        note(&mut since, Some("b".into()));
        assert_eq!(since.as_ref().map(|(began, _)| *began), began);
        note(&mut since, None);
        assert!(since.is_none());
    }
}
