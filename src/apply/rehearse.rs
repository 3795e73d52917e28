//! What the server would say to a plan, asked before anybody says "yes" (cluster.md 4 "Dry run").

use tokio::sync::{mpsc, watch};

use super::control::{Control, Controls};
use super::ready::Watches;
use super::run::{Options, Run};
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::secret::Secrets;

/// Codes of the findings of a rehearsal and of a run, each with what it means.
pub const CODES: &[(&str, &str)] = &[
    (
        "FIELD_CONFLICT",
        "A field that slipway would write is owned by another field manager. Leave it to that manager with --leave-field PATH (remembered, not asked again) or take it with --take-field PATH.",
    ),
    (
        "NOT_OURS",
        "An object of that name exists and does not carry this release's mark, or is managed by somebody else. Take it over by name with --adopt Kind/name, or choose another release name or namespace.",
    ),
    (
        "REFUSED_BY_SERVER",
        "A dry run of the write was refused: the schema, PodSecurity, a quota, a limit range or an admission policy says no. The message is the server's own.",
    ),
    (
        "STUCK_POD_ENDED",
        "A pod of a StatefulSet was not ready and of a revision that is not wanted any more. Its controller waits for a pod to be ready before it replaces it, and this one never would be, so it was ended: the controller makes it anew at once. Its volume is not touched.",
    ),
];

/// Tries every write of a plan, and the pods that its templates would make, without making one. In a namespace that does
/// not exist yet the server can only say 404: there is nothing to ask.
///
/// # Errors
/// What is there could not be read, or the keys of data that is there are gone.
pub async fn rehearse(
    cluster: &Cluster,
    plan: &Plan,
    secrets: &Secrets,
    options: &Options,
) -> Result<Vec<Finding>, Failure> {
    if !plan.namespace_exists || plan.is_empty() {
        return Ok(Vec::new());
    }
    // Nobody listens: what it finds is its answer.
    let (events, _) = mpsc::channel(1);
    let (_wish, controls) = watch::channel(Control::Go);
    let readiness = Watches(cluster.clone());
    let run = Run::new(cluster, plan, &readiness, options, events, Controls(controls));
    let (kept, live, found) = tokio::try_join!(run.kept(), run.live(false), run.find_keys())?;
    run.keys_must_be_there(&kept, found.as_ref())?;
    let earlier = run.earlier_keys(found.as_ref()).await?;
    let values = run.values(secrets, found.as_ref(), earlier.as_ref());
    let making = run.making(&values);
    let refused = match run.items(&making, &values.salt, &live, &kept) {
        Ok((items, _)) => run.judge_all(&items, false).await.refused,
        Err(failure) => return Ok(vec![finding("NOT_OURS", failure)]),
    };
    Ok(refused
        .into_iter()
        .map(|failure| {
            let conflict = failure.hints.iter().any(|hint| hint.contains("--take-field"));
            finding(if conflict { "FIELD_CONFLICT" } else { "REFUSED_BY_SERVER" }, failure)
        })
        .collect())
}

fn finding(code: &str, failure: Failure) -> Finding {
    Finding::new(code, Severity::Error, failure.what)
        .why(failure.why.join("; "))
        .remedy(failure.hints.join("; or "))
        .at(failure.place)
}
