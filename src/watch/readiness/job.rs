//! Job.

use super::{Assessment, count, waits_for};
use crate::diagnose::Scene;
use crate::diagnose::condition::{Condition, condition};
use crate::object::Object;

/// Done only when it is complete; a running Job is not. A suspended one waits for whoever suspended it.
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
