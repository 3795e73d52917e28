//! Jobs run one pod and end with it.

use serde_json::json;

use super::super::clock::seconds;
use super::super::world::World;
use super::{all, is_ending, key, owned, owner, set_condition};

/// One step of all Jobs.
pub(crate) fn jobs(world: &mut World) {
    for job in all(world, "jobs.batch") {
        let done = super::super::pods::condition(&job, "Complete") == Some("True");
        if is_ending(&job) || done || job.at(&["spec", "suspend"]) == Some(&json!(true)) {
            continue;
        }
        let pods = owned(world, "pods", &job);
        if pods.is_empty() {
            let name = format!("{}-{}", job.name(), world.suffix());
            if super::workloads::pod(world, &job, &name, owner(&job), None) {
                world.tell(&job, false, "SuccessfulCreate", &format!("Created pod: {name}"), "job-controller");
            }
        }
        let now = seconds(world.now());
        let succeeded = pods.iter().filter(|pod| pod.text(&["status", "phase"]) == "Succeeded").count();
        let active = pods.len() - succeeded;
        world.change(&key("jobs.batch", &job), |job| {
            if job.at(&["status", "startTime"]).is_none() {
                job.set(&["status", "startTime"], now.as_str().into());
            }
            job.set(&["status", "active"], active.into());
            job.set(&["status", "succeeded"], succeeded.into());
            job.set(&["status", "ready"], 0.into());
            if succeeded > 0 {
                job.set(&["status", "completionTime"], now.as_str().into());
                job.remove(&["status", "active"]);
                set_condition(
                    job,
                    &now,
                    "SuccessCriteriaMet",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                );
                set_condition(
                    job,
                    &now,
                    "Complete",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                );
            }
        });
        if succeeded > 0 {
            world.tell_once(&job, false, "Completed", "Job completed", "job-controller");
        }
    }
}
