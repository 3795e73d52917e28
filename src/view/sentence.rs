//! An event as a full sentence: what the plain face and headless text print, and the timeline of the full screen.

use crate::event::{Done, Event, EventKind, Readiness};
use crate::plan::backup::words;

use super::progress::seconds;

/// The sentence of an event; `None` for what is too small to be told (log lines, pods on their way).
pub fn of(event: &Event) -> Option<String> {
    let name = event.step.as_deref().map(short).unwrap_or_default();
    Some(match &event.kind {
        EventKind::RunStarted { run } => {
            let practice = if run.practice { " (practice cluster)" } else { "" };
            let preposition = match run.verb.as_str() {
                "uninstall" => "from",
                "adopt" => "in",
                "rotate" => "in",
                _ => "into",
            };
            format!(
                "{} {} {} {preposition} {}{practice}, namespace {}, release {}: {} objects.",
                capital(verb_ing(&run.verb)),
                run.title,
                run.product_version,
                run.context,
                run.namespace,
                run.release,
                run.steps.len()
            )
        }
        EventKind::RunResumed { revision, who } => format!("Going on with revision {revision}, begun by {who}."),
        EventKind::RunAttached { revision, who, began } => {
            format!("Revision {revision}, begun by {who} at {}, is shown as it is.", began.strftime("%F %H:%M:%SZ"))
        }
        EventKind::LockAwaited { holder, expires_in, since } => {
            let since = since.map(|since| format!(" since {}", since.strftime("%F %H:%M:%SZ"))).unwrap_or_default();
            format!(
                "Waiting for {holder}, who is changing this release{since}; anybody may take over in {expires_in} s."
            )
        }
        EventKind::LockLost { holder } => format!("The lock was lost to {holder}: no further write is made."),
        EventKind::KeysMade { secret, keys } => format!("Keys made once, in secret {secret}: {}.", keys.join(", ")),
        EventKind::KeysFound { secret, keys } => {
            format!("Keys found and used, in secret {secret}: {}.", keys.join(", "))
        }
        EventKind::PasswordSet { group, user } => {
            format!("{group}: the password of {user} was changed in the database.")
        }
        EventKind::DryRunAccepted { objects: 1, unknown: 0 } => "The server accepts the object.".to_owned(),
        EventKind::DryRunAccepted { objects, unknown: 0 } => format!("The server accepts all {objects} objects."),
        EventKind::DryRunAccepted { objects, unknown } => {
            format!("The server accepts the objects, {unknown} of {objects} could not be asked about.")
        }
        EventKind::StepFinished { done: Done::Unchanged } => return None,
        EventKind::StepFinished { done } => format!("{name}: {}.", done.word()),
        EventKind::StepFailed { failure } => format!("{name}: failed, {}.", failure.what),
        EventKind::RequestRetried { what, why, attempt, wait } => {
            format!("{what}: {why}; attempt {attempt}, again in {:.1} s.", *wait as f64 / 1000.0)
        }
        EventKind::StatusChanged { readiness, reason, .. } => match readiness {
            Readiness::Held => return None,
            Readiness::Waiting => format!("{name}: waiting, {reason} ({}).", seconds(event.elapsed)),
            Readiness::Ready => format!("{name}: ready after {}.", seconds(event.elapsed)),
            Readiness::Failed => format!("{name}: failed, {reason}."),
        },
        EventKind::ClusterEventSeen { about, reason, message, warning: true, .. } => {
            format!("{about}: {reason}: {message}")
        }
        EventKind::FindingRaised { finding, hopeless } => {
            let word = if *hopeless { "stopped" } else { finding.severity.word() };
            let mut text = format!("{word}: {} ({})", finding.what, finding.code);
            for more in [&finding.why, &finding.remedy] {
                if !more.is_empty() {
                    text.push_str("; ");
                    text.push_str(more);
                }
            }
            text.push('.');
            text
        }
        EventKind::FindingCleared { code, about } => format!("{code} no longer holds for {about}."),
        EventKind::HealthChecked { group, what, healthy: true, answer } => format!("{group}: {what} answers {answer}."),
        EventKind::HealthChecked { group, what, answer, .. } => format!("{group}: {what} does not answer: {answer}."),
        EventKind::EvidenceKept { place, .. } => format!("What was seen of it is kept in {place}."),
        EventKind::DataStarted { verb, what, place, size } => {
            let size = size.map(|size| format!(", {} of data", words(size))).unwrap_or_default();
            match verb.as_str() {
                "backup" => format!("Backing up {what}{size}, into {place}."),
                "restore" => format!("Restoring {what}, from {place}."),
                "stop" => format!("Stopping {what}: {place}."),
                "start" => format!("Starting {what} again: {place}."),
                _ => format!("Checking {what}{size}: {place}."),
            }
        }
        EventKind::DataMoved { what, bytes, per_second } => {
            format!("{what}: {}, {} a second.", words(*bytes), words(*per_second))
        }
        EventKind::DataChecked { what, bytes: 0 } => format!("{what}: checked."),
        EventKind::DataChecked { what, bytes } => format!("{what}: all {} were read, and are sound.", words(*bytes)),
        EventKind::DataFinished { verb, place, .. } => match verb.as_str() {
            "backup" => format!("Backed up after {}: {place}.", seconds(event.elapsed)),
            "restore" => format!("Restored after {} from {place}.", seconds(event.elapsed)),
            "schedule" => format!("Scheduled: {place}."),
            _ => format!("Checked after {}.", seconds(event.elapsed)),
        },
        EventKind::StopAsked { how } => format!("Asked to stop: {how}."),
        EventKind::LogBroken { pod, container, why } => format!("Log of {pod} {container} broke off: {why}."),
        EventKind::RunFinished { written: 0, unchanged, .. } => {
            format!("Nothing to do: all {unchanged} objects are as wanted. Nothing was written.")
        }
        EventKind::RunFinished { written, .. } => {
            let noun = if *written == 1 { "object" } else { "objects" };
            format!("Done after {}: {written} {noun} written.", seconds(event.elapsed))
        }
        EventKind::RunLeft { remaining: 0, what } => format!("Left with everything written: {what}."),
        EventKind::RunLeft { remaining: 1, what } => format!("Left with 1 step not begun: {what}."),
        EventKind::RunLeft { remaining, what } => format!("Left with {remaining} steps not begun: {what}."),
        EventKind::RunFailed { failure } => failure.to_string(),
        _ => return None,
    })
}

/// The sentence of an event of a run that takes a release away.
pub fn of_uninstall(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::RunFinished { written: 0, .. } => Some("Nothing was left to delete.".into()),
        EventKind::RunFinished { written, .. } => {
            let noun = if *written == 1 { "object" } else { "objects" };
            Some(format!("Gone after {}: {written} {noun} deleted.", seconds(event.elapsed)))
        }
        // What is kept is as it is.
        EventKind::StatusChanged { .. } => None,
        EventKind::RunLeft { remaining, .. } => {
            Some(format!("Left with up to {remaining} objects not deleted; the same command goes on."))
        }
        _ => of(event),
    }
}

/// `Kind name` out of an object's id.
fn short(id: &str) -> String {
    let mut parts = id.split('/');
    let kind = parts.next().unwrap_or("").split('.').next().unwrap_or("");
    format!("{kind} {}", parts.next_back().unwrap_or(""))
}

fn verb_ing(verb: &str) -> &'static str {
    match verb {
        "upgrade" => "upgrading",
        "rollback" => "rolling back",
        "uninstall" => "uninstalling",
        "adopt" => "taking over",
        "rotate" => "rotating keys of",
        _ => "installing",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
