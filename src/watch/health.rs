//! Health checks after ready (language.md `health`): does the product answer? Asked through a port-forward, or the API
//! server's service proxy where that is not allowed; where neither is, a warning says so, since pods that are ready are
//! not nothing.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::channel::Channel;
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::finding::{Finding, Severity};
use crate::plan::{HealthCheck, Probe};
use crate::sanitize::{self, Redactor};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest answer that is shown, in characters.
const SHOWN: usize = 160;

/// What a product answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, or the exit code of a command.
    pub code: i32,
    /// What it said.
    pub text: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// We may not ask: trying again changes nothing.
    Forbidden(String),
    /// Not now: no pod, no connection, an error on the way.
    Unanswered(String),
}

/// Who asks the product.
pub trait Asker: Sync {
    /// GET a path of a Service's port.
    fn get(&self, service: &str, port: &str, path: &str) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;

    /// Runs a command in a ready pod of a group.
    fn exec(&self, group: &str, command: &[String]) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;
}

/// Asks every check until it is healthy or its time is over, all at once.
///
/// # Errors
/// A check that did not become healthy in its time.
pub async fn check(
    asker: &impl Asker,
    checks: &[HealthCheck],
    channel: &Channel,
    redactor: &Redactor,
) -> Result<(), Failure> {
    let all = checks.iter().map(|check| one(asker, check, channel, redactor));
    futures::future::join_all(all).await.into_iter().collect()
}

async fn one(asker: &impl Asker, check: &HealthCheck, channel: &Channel, redactor: &Redactor) -> Result<(), Failure> {
    let what = words(&check.probe);
    let deadline = Instant::now() + Duration::from_secs(check.within_seconds);
    let mut told = None;
    loop {
        let answer = match &check.probe {
            Probe::Http { service, port, path } => asker.get(service, port, path).await,
            Probe::Exec { group, command } => asker.exec(group, command).await,
        };
        let (healthy, said) = match answer {
            Ok(answer) => judge(&check.probe, &answer),
            Err(NoAnswer::Unanswered(why)) => (false, why),
            Err(NoAnswer::Forbidden(why)) => {
                let finding = Finding::new(
                    "HEALTH_NOT_CHECKED",
                    Severity::Warning,
                    format!("whether {} answers could not be checked", check.group),
                )
                .why(shown(&why, redactor))
                .remedy("its pods are ready; slipway rbac prints the rights that the check needs");
                channel.tell(None, EventKind::FindingRaised { finding, hopeless: false }).await;
                return Ok(());
            }
        };
        let said = shown(&said, redactor);
        let late = Instant::now() + PAUSE >= deadline;
        if told.as_ref() != Some(&said) || healthy {
            let (group, what, answer) = (check.group.clone(), what.clone(), said.clone());
            channel.tell(None, EventKind::HealthChecked { group, what, healthy, answer }).await;
            told = Some(said.clone());
        }
        if healthy {
            return Ok(());
        }
        if late {
            return Err(Failure::new(
                FailureKind::Deployment,
                format!("{} is ready and does not answer as it should", check.group),
            )
            .place(what)
            .why(format!("after {} s: {said}", check.within_seconds))
            .hint("run the same command with -o json to see the logs of its pods, or kubectl logs POD"));
        }
        sleep(PAUSE).await;
    }
}

/// Whether an answer is healthy, and what to show of it.
fn judge(probe: &Probe, answer: &Answer) -> (bool, String) {
    match probe {
        Probe::Http { .. } => ((200..300).contains(&answer.code), format!("{} {}", answer.code, answer.text)),
        Probe::Exec { .. } if answer.code == 0 => (true, answer.text.clone()),
        Probe::Exec { .. } => (false, format!("exit code {}: {}", answer.code, answer.text)),
    }
}

fn words(probe: &Probe) -> String {
    match probe {
        Probe::Http { service, port, path } => format!("GET http://{service}:{port}{path}"),
        Probe::Exec { command, .. } => in_short(command),
    }
}

fn shown(text: &str, redactor: &Redactor) -> String {
    let safe = redactor.hide(&sanitize::line(&redactor.hide(text.trim())));
    match safe.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{} ...", &safe[..at]),
        None => safe,
    }
}

/// A command as people would say it: of a script for a shell, its program and what the script is given.
fn in_short(command: &[String]) -> String {
    match command {
        [_, flag, script, given @ ..] if flag == "-c" => {
            // Assignments stand before the program.
            let program = script.split_whitespace().find(|word| !word.contains('=')).unwrap_or("sh");
            std::iter::once(program).chain(given.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
        }
        _ => command.join(" "),
    }
}

#[cfg(test)]
mod tests;
