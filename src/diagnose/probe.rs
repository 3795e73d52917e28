//! It runs and does not get ready: what the probe is answered, once the time it may take is over.

use serde_json::Value;

use super::condition::{Container, containers};
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "PROBE_REFUSED",
            "The process runs and does not listen on the probe's port: it is still starting, or listens elsewhere.",
        ),
        (
            "PROBE_TIMEOUT",
            "The process listens and does not answer its probe in time: it is busy, waits for something itself, or the network policy cuts the node off.",
        ),
        (
            "PROBE_ANSWER",
            "The process answers its probe with an error: it is up and says itself that it cannot work yet. Its log says why.",
        ),
        ("PROBE_FAILS", "The container runs and its probe fails; the kubelet's own words are shown."),
        ("NOT_READY", "The container runs and is not ready, and nothing has been reported that says why."),
    ],
};

/// A container without a startup probe may take this many seconds to become ready before a word is said.
const PATIENCE: u64 = 30;

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene).filter(|pod| pod.text(&["status", "phase"]) == "Running") {
        for container in containers(pod) {
            if container.ready() || container.state().name != "running" || (container.init && !container.sidecar) {
                continue;
            }
            if container.spec.get("readinessProbe").is_none() && container.spec.get("startupProbe").is_none() {
                continue;
            }
            out.push(symptom(scene, pod, &container));
        }
    }
}

fn symptom(scene: &Scene, pod: &Object, container: &Container<'_>) -> Symptom {
    let told = scene.notices(pod).iter().rev().find(|notice| {
        notice.reason == "Unhealthy" && (notice.container == container.name || notice.container.is_empty())
    });
    let message = told.map_or("", |told| told.message.as_str());
    let (code, why) = match answer(message) {
        _ if told.is_none() => ("NOT_READY", "it runs, and its probe has not succeeded yet".to_string()),
        Answer::Refused => ("PROBE_REFUSED", "nothing listens on the probe's port yet".into()),
        Answer::Timeout => ("PROBE_TIMEOUT", "the probe gets no answer in time".into()),
        Answer::Status(status) => ("PROBE_ANSWER", format!("the probe is answered with status {status}")),
        Answer::Other => ("PROBE_FAILS", String::new()),
    };
    let why = match (why.is_empty(), message.is_empty()) {
        (true, _) => message.to_string(),
        (false, true) => why,
        (false, false) => format!("{why} ({message})"),
    };
    let finding = Finding::new(
        code,
        Severity::Warning,
        format!("the container {} of {} is not ready", container.name, pod.name()),
    )
    .why(why)
    .remedy(format!("kubectl logs -n {} {} -c {}", pod.namespace(), pod.name(), container.name))
    .at(kin::workload_of(scene, pod).to_string());
    Symptom::new(finding, Hold::Never).quiet_for(budget(container.spec))
}

/// Seconds that a container may take until it is ready, by its own probes: startup, then delay, then as many tries as
/// the readiness probe allows (facts: installers 6.11, budget rules).
pub(super) fn budget(spec: &Value) -> u64 {
    let number = |probe: &Value, key: &str, default: u64| probe.get(key).and_then(Value::as_u64).unwrap_or(default);
    let spend = |probe: Option<&Value>| {
        probe.map_or(0, |probe| {
            let tries = number(probe, "failureThreshold", 3) + number(probe, "successThreshold", 1) - 1;
            number(probe, "initialDelaySeconds", 0)
                + tries * number(probe, "periodSeconds", 10)
                + number(probe, "timeoutSeconds", 1)
        })
    };
    let startup = spend(spec.get("startupProbe"));
    let readiness = spend(spec.get("readinessProbe"));
    if startup == 0 { readiness.max(PATIENCE) } else { startup + readiness }
}

/// How a probe was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody listens.
    Refused,
    /// No answer.
    Timeout,
    /// An HTTP status.
    Status(u16),
    /// Something else.
    Other,
}

/// Reads the kubelet's words (kubernetes: pkg/probe/http, pkg/probe/tcp, pkg/kubelet/prober).
pub(super) fn answer(message: &str) -> Answer {
    if let Some(status) = message.split("statuscode: ").nth(1).and_then(|rest| rest.get(..3)?.parse().ok()) {
        Answer::Status(status)
    } else if message.contains("connection refused") {
        Answer::Refused
    } else if ["context deadline exceeded", "Client.Timeout", "i/o timeout", "timed out"]
        .iter()
        .any(|part| message.contains(part))
    {
        Answer::Timeout
    } else {
        Answer::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_kubelet_says_of_a_probe_tells_refused_from_slow_from_an_error() {
        for (message, expected) in [
            (
                "Readiness probe failed: Get \"http://10.244.0.7:8288/health\": dial tcp 10.244.0.7:8288: connect: connection refused",
                Answer::Refused,
            ),
            ("Readiness probe failed: dial tcp 10.244.0.7:5432: connect: connection refused", Answer::Refused),
            (
                "Readiness probe failed: Get \"http://10.244.0.7:8288/health\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                Answer::Timeout,
            ),
            ("Startup probe failed: dial tcp 10.244.0.7:5432: i/o timeout", Answer::Timeout),
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", Answer::Status(503)),
            ("Readiness probe failed: 10.1.1.1:5432 - no response", Answer::Other),
            ("Liveness probe failed: command timed out: \"pg_isready\" timed out after 1s", Answer::Timeout),
        ] {
            assert_eq!(answer(message), expected, "{message}");
        }
    }

    #[test]
    fn a_container_has_the_time_that_its_probes_give_it() {
        assert_eq!(budget(&json!({"readinessProbe": {"periodSeconds": 5}})), 30);
        assert_eq!(
            budget(
                &json!({"startupProbe": {"periodSeconds": 2, "failureThreshold": 60}, "readinessProbe": {"periodSeconds": 2, "failureThreshold": 3}})
            ),
            121 + 7
        );
    }
}
