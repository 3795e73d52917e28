//! `slipway logs`: what the pods of a release write, safe to read and without its secrets.

use std::collections::BTreeMap;
use std::io::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::cli::{LogFlags, Output, Shared};
use crate::cluster::{FaultKind, keys};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::duration_seconds;
use crate::sanitize::Redactor;
use crate::suggest;
use crate::watch::{LogText, Tail, tail};

use super::releases::Release;

/// Lines that may wait for a slow reader.
const LINES: usize = 256;

/// The verb.
pub(super) async fn run(
    shared: &Shared,
    release: Option<&str>,
    group: Option<&str>,
    flags: &LogFlags,
) -> Result<(), Failure> {
    let since = flags.since.as_deref().map(since).transpose()?;
    let (found, group) = Release::with_name(shared, release, group, "logs").await?;
    let plan = found.plan();
    let pods = Pods::of(plan, group.as_deref())?;
    let redactor = redactor(&found).await?;
    let how = Tail { follow: flags.follow, previous: flags.previous, since, lines: flags.tail };
    let (to, mut lines) = mpsc::channel::<LogText>(LINES);
    let namespace = found.target.namespace.as_str();
    let reading = tail(&found.cluster, namespace, |pod| pods.has(pod), &how, &redactor, to);
    let printing = async {
        let mut printed = 0u64;
        while let Some(line) = lines.recv().await {
            if show(shared, &line).is_err() {
                // A closed pipe: whoever read has enough.
                break;
            }
            printed += 1;
        }
        drop(lines);
        printed
    };
    let both = async { tokio::join!(reading, printing) };
    let (read, printed) = tokio::select! {
        both = both => both,
        // The usual end of following.
        _ = tokio::signal::ctrl_c() => return Ok(()),
    };
    read?;
    if printed == 0 && !flags.follow && shared.output == Output::Text {
        let what = if flags.previous { "No container was restarted" } else { "Nothing was written" };
        let _told = writeln!(std::io::stderr(), "{what}: there is no line to show.");
    }
    Ok(())
}

fn show(shared: &Shared, line: &LogText) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if shared.output == Output::Json {
        let said = json!({"pod": line.pod, "container": line.container, "aside": line.aside, "text": line.text});
        return writeln!(out, "{said}");
    }
    if line.aside {
        return writeln!(std::io::stderr(), "{} {}: {}", line.pod, line.container, line.text);
    }
    writeln!(out, "{} {}: {}", line.pod, line.container, line.text)
}

fn since(text: &str) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::new(FailureKind::Usage, format!("--since {text} is no duration and no time"))
            .state(NOTHING_WRITTEN)
            .hint("write it as 10m or 1h30m, or as 2026-11-21T13:00:00Z")
    };
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let seconds = duration_seconds(text).and_then(|seconds| i64::try_from(seconds).ok()).ok_or_else(wrong)?;
    Timestamp::now().checked_sub(SignedDuration::from_secs(seconds)).map_err(|_| wrong())
}

/// Hides the values of a release's keys and of the Secrets that it composed; who may not read Secrets sees the lines as
/// they are, as with kubectl.
pub(super) async fn redactor(found: &Release) -> Result<Redactor, Failure> {
    let mut values = Vec::new();
    let read = keys::all(&found.cluster, &found.target).await;
    match read {
        Ok(all) => values.extend(all.into_iter().flat_map(|keys| keys.values.into_values())),
        Err(failure) if failure.kind == FailureKind::Cluster => {}
        Err(failure) => return Err(failure),
    }
    let steps = found.plan().steps.iter().filter(|step| !step.wanted.recipes.is_empty());
    for step in steps {
        let (at, name) = (&found.target.namespace, step.wanted.object.name());
        match found.cluster.secret_values(at, name).await {
            Ok(composed) => {
                values.extend(
                    composed
                        .into_iter()
                        .filter(|(key, _)| step.wanted.recipes.contains_key(key))
                        .map(|(_, value)| value),
                );
            }
            Err(fault) if fault.is_absent() || fault.kind == FaultKind::Forbidden => {}
            Err(fault) => return Err(Failure::from(fault).state(NOTHING_WRITTEN)),
        }
    }
    Ok(Redactor::new(&values))
}

/// The pods of a release, by the labels that its workloads select.
struct Pods(Vec<BTreeMap<String, String>>);

impl Pods {
    /// Those of a group, or of all.
    fn of(plan: &Plan, group: Option<&str>) -> Result<Self, Failure> {
        let workloads = plan.steps.iter().filter(|step| step.action != Action::Delete);
        let workloads = workloads.filter(|step| step.wanted.object.pod_template_path().is_some());
        let mut groups: Vec<&str> = workloads.clone().map(|step| step.wanted.group.as_str()).collect();
        groups.dedup();
        if let Some(group) = group.filter(|group| !groups.contains(group)) {
            let failure = Failure::new(FailureKind::Usage, format!("there is no group {group} with pods"));
            let failure = failure.state(NOTHING_WRITTEN);
            return Err(match suggest::nearest(group, groups.iter().copied()) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint(format!("there is {}", groups.join(", "))),
            });
        }
        let mine = workloads.filter(|step| group.is_none_or(|group| step.wanted.group == group));
        Ok(Self(mine.map(|step| labels(&step.wanted.object)).filter(|labels| !labels.is_empty()).collect()))
    }

    fn has(&self, pod: &Object) -> bool {
        self.0.iter().any(|labels| labels.iter().all(|(key, value)| pod.label(key) == Some(value)))
    }
}

/// The labels of a workload's pods: what it selects, else what its template says.
fn labels(workload: &Object) -> BTreeMap<String, String> {
    let template =
        workload.pod_template_path().map(|path| [path, &["metadata", "labels"]].concat()).unwrap_or_default();
    let selected = workload.at(&["spec", "selector", "matchLabels"]).or_else(|| workload.at(&template));
    let labels = selected.and_then(Value::as_object).into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_string()))).collect()
}
