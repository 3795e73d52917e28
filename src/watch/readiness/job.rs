//! Job.

use super::{Assessment, count, waits_for};
use crate::diagnose::condition::{Condition, condition};
use crate::diagnose::{Scene, kin};
use crate::object::Object;

/// Done only when it is complete, or as many of its own pods as it wants have succeeded and none is left: its controller
/// counts those a second later (its `syncJobBatchPeriod`). A suspended one waits for whoever suspended it.
pub(super) fn assess(job: &Object, scene: &Scene) -> Assessment {
    let wanted = job.integer(&["spec", "completions"]).unwrap_or(1);
    let done = count(job, "succeeded");
    let holds = |kind: &str| condition(job, kind).filter(Condition::is_true);
    if holds("Complete").is_some() {
        return Assessment::ready("complete").parts(wanted, wanted);
    }
    if let Some(failed) = holds("Failed") {
        return Assessment::failed(format!("failed: {}", failed.words())).parts(done, wanted);
    }
    if holds("FailureTarget").is_none() && holds("Suspended").is_none() && pods_are_done(job, scene, wanted) {
        return Assessment::ready("its pod succeeded").parts(wanted, wanted);
    }
    let reason = if let Some(failing) = holds("FailureTarget") {
        format!("failing: {}", failing.words())
    } else if holds("SuccessCriteriaMet").is_some() {
        "succeeded, and its pods are ending".into()
    } else if holds("Suspended").is_some() {
        "suspended".into()
    } else if job.text(&["status", "startTime"]).is_empty() {
        "not started yet".into()
    } else {
        match waits_for(scene, job, done, wanted) {
            reason if reason == "waiting for its pod" && count(job, "failed") > 0 => {
                format!("failed {} times, trying again", count(job, "failed"))
            }
            reason => reason,
        }
    };
    Assessment::waiting(reason).parts(done, wanted)
}

/// Whether as many of its own pods succeeded as it wants, and none is left that still runs. Where each has an index, or
/// where a policy says what success is, that is for its controller to say.
fn pods_are_done(job: &Object, scene: &Scene, wanted: i64) -> bool {
    let counted = job.text(&["spec", "completionMode"]) == "Indexed" || job.at(&["spec", "successPolicy"]).is_some();
    let queue =
        job.at(&["spec", "completions"]).is_none() && job.integer(&["spec", "parallelism"]).is_some_and(|n| n > 1);
    let phases: Vec<&str> = kin::pods_of(scene, job).into_iter().map(|pod| pod.text(&["status", "phase"])).collect();
    let succeeded = phases.iter().filter(|phase| **phase == "Succeeded").count();
    !counted
        && !queue
        && wanted > 0
        && i64::try_from(succeeded).is_ok_and(|succeeded| succeeded >= wanted)
        && phases.iter().all(|phase| matches!(*phase, "Succeeded" | "Failed"))
}
