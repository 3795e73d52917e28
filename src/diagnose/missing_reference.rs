//! A Secret, a ConfigMap or a key in one that is not there, and the other reasons why the kubelet cannot put a
//! container's configuration together.

use super::condition::containers;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "SECRET_MISSING",
            "A container reads a Secret that does not exist. An operator such as External Secrets may still be making it, so that it is awaited for a minute.",
        ),
        (
            "SECRET_KEY_MISSING",
            "A container reads a key that its Secret does not have. Keys are written exactly: case and punctuation count.",
        ),
        ("CONFIGMAP_MISSING", "A container reads a ConfigMap that does not exist."),
        ("CONFIGMAP_KEY_MISSING", "A container reads a key that its ConfigMap does not have."),
        (
            "RUNS_AS_ROOT",
            "The pod must not run as root, and the image's user is root or is a name that cannot be checked. Set a numeric user other than 0 (runAsUser).",
        ),
        ("CONTAINER_CONFIG", "The node cannot put the container's configuration together; its own words are shown."),
    ],
};

/// How long a missing Secret or key is awaited: an operator may be syncing it (design.md 7).
const SYNCING: Hold = Hold::seconds(60);

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene) {
        for container in containers(pod) {
            let state = container.state();
            if state.name == "waiting" && state.reason == "CreateContainerConfigError" {
                out.push(symptom(scene, pod, &state.message));
            }
        }
        // A volume made of a Secret keeps the pod in ContainerCreating; only the event names what is missing.
        let creating = pod.text(&["status", "phase"]) == "Pending" && !pod.text(&["spec", "nodeName"]).is_empty();
        if let Some(failed) = scene.last_notice(pod, &["FailedMount"]).filter(|_| creating)
            && Missing::parse(&failed.message).is_some()
        {
            out.push(symptom(scene, pod, &failed.message));
        }
    }
}

fn symptom(scene: &Scene, pod: &Object, message: &str) -> Symptom {
    let at = kin::workload_of(scene, pod).to_string();
    let namespace = pod.namespace();
    let (code, hold, what, remedy) = match Missing::parse(message) {
        Some(Missing { kind, name, key: None }) => (
            if kind == "Secret" { "SECRET_MISSING" } else { "CONFIGMAP_MISSING" },
            SYNCING,
            format!("{} reads the {kind} {name}, which does not exist", pod.name()),
            format!("make it, or name another in the answers: kubectl get {} -n {namespace}", kind.to_lowercase()),
        ),
        Some(Missing { kind, name, key: Some(key) }) => (
            if kind == "Secret" { "SECRET_KEY_MISSING" } else { "CONFIGMAP_KEY_MISSING" },
            SYNCING,
            format!("{} reads the key {key} of the {kind} {name}, which has no such key", pod.name()),
            format!(
                "add the key, or name another in the answers: kubectl describe {} -n {namespace} {name}",
                kind.to_lowercase()
            ),
        ),
        None if message.contains("runAsNonRoot") => (
            "RUNS_AS_ROOT",
            Hold::seconds(10),
            format!("{} may not run as root", pod.name()),
            "set a numeric user other than 0 for the container, or use an image that has one".into(),
        ),
        None => (
            "CONTAINER_CONFIG",
            SYNCING,
            format!("the configuration of {} cannot be put together", pod.name()),
            format!("kubectl describe pod -n {namespace} {}", pod.name()),
        ),
    };
    Symptom::new(Finding::new(code, Severity::Error, what).why(message).remedy(remedy).at(at), hold)
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// `Secret` or `ConfigMap`.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: String,
    /// The key, where the object itself is there.
    pub(super) key: Option<String>,
}

impl Missing {
    /// Reads the kubelet's words (kubernetes: pkg/kubelet/kubelet_pods.go, pkg/volume/secret, pkg/volume/configmap).
    pub(super) fn parse(message: &str) -> Option<Self> {
        let word = |text: &str| text.split([' ', ',', '"']).next().unwrap_or("").to_string();
        if let Some(rest) = message.split("couldn't find key ").nth(1) {
            let (key, rest) = rest.split_once(" in ")?;
            let (kind, name) = rest.split_once(' ')?;
            let name = word(name);
            let name = name.rsplit('/').next().unwrap_or("").to_string();
            return Some(Self { kind: kind_of(kind)?, name, key: Some(key.to_string()) });
        }
        if let Some(key) = message.split("references non-existent ").nth(1) {
            // `references non-existent secret key: tls.crt`; the volume is the only name in the message.
            let (kind, key) = key.split_once(" key: ")?;
            let name =
                message.split("for volume \"").nth(1).map(|rest| rest.split('"').next().unwrap_or("")).unwrap_or("");
            let name = if name.is_empty() { "of a volume".to_string() } else { format!("of the volume {name}") };
            return Some(Self { kind: kind_of(kind)?, name, key: Some(word(key)) });
        }
        // `secret "x" not found`, `configmap "x" not found`, also after "MountVolume.SetUp failed for volume …".
        for (kind, mark) in [("Secret", "secret \""), ("ConfigMap", "configmap \"")] {
            if let Some(rest) = message.split(mark).nth(1)
                && let Some((name, after)) = rest.split_once('"')
                && after.trim_start().starts_with("not found")
            {
                return Some(Self { kind, name: name.to_string(), key: None });
            }
        }
        None
    }
}

fn kind_of(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "secret" => Some("Secret"),
        "configmap" | "config" => Some("ConfigMap"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_words_name_what_is_missing() {
        for (message, kind, name, key) in [
            ("secret \"inngest\" not found", "Secret", "inngest", None),
            ("configmap \"settings\" not found", "ConfigMap", "settings", None),
            (
                "couldn't find key INNGEST_EVENT_KEY in Secret inngest/inngest",
                "Secret",
                "inngest",
                Some("INNGEST_EVENT_KEY"),
            ),
            ("couldn't find key a.yaml in ConfigMap prod/settings", "ConfigMap", "settings", Some("a.yaml")),
            ("MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found", "Secret", "web-tls", None),
            (
                "MountVolume.SetUp failed for volume \"tls\" : references non-existent secret key: tls.crt",
                "Secret",
                "of the volume tls",
                Some("tls.crt"),
            ),
            (
                "MountVolume.SetUp failed for volume \"c\" : references non-existent config key: x",
                "ConfigMap",
                "of the volume c",
                Some("x"),
            ),
        ] {
            let found = Missing::parse(message);
            assert_eq!(found, Some(Missing { kind, name: name.into(), key: key.map(str::to_string) }), "{message}");
        }
        assert_eq!(
            Missing::parse("container has runAsNonRoot and image will run as root (pod: \"a\", container: b)"),
            None
        );
    }
}
