//! A Job failed: its own reason, which nothing heals but a new Job.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[(
        "JOB_FAILED",
        "The Job has given up: too many tries, too much time, or a failure that its policy calls final. The log of its last pod says why. It is not tried again unless it is made anew.",
    )],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for job in scene.of_kind("Job") {
        // The Jobs of a CronJob are its history; each next one is another try.
        if kin::workload_of(scene, job).kind != "Job" {
            continue;
        }
        let failed =
            ["Failed", "FailureTarget"].iter().find_map(|kind| condition(job, kind).filter(|failed| failed.is_true()));
        let Some(failed) = failed else { continue };
        let words = match failed.reason.as_str() {
            "BackoffLimitExceeded" => "it was tried as often as it may be",
            "DeadlineExceeded" => "it took longer than it may",
            "PodFailurePolicy" => "its pod failed in a way that its policy calls final",
            "FailedIndexes" | "MaxFailedIndexesExceeded" => "too many of its parts failed",
            _ => failed.reason.as_str(),
        };
        let why = if failed.message.is_empty() { words.to_string() } else { format!("{words}: {}", failed.message) };
        let finding = Finding::new("JOB_FAILED", Severity::Error, format!("the job {} failed", job.name()))
            .why(why)
            .remedy(format!("kubectl logs -n {} job/{}", job.namespace(), job.name()))
            .at(job.id().to_string());
        out.push(Symptom::new(finding, Hold::NOW));
    }
}
