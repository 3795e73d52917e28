//! The image cannot be pulled: what the registry or the runtime says, split by what can be done about it.

use super::condition::{Container, containers, short_image};
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "IMAGE_NOT_FOUND",
            "The registry answers that it has no such image or tag. It may also say so of an image that exists but may not be seen. Three pulls are awaited, since a push may be on its way.",
        ),
        (
            "IMAGE_DENIED",
            "The registry refuses the pull: no pull secret, a wrong one, or one without the right to this repository. Many registries say the same of a repository that does not exist.",
        ),
        (
            "IMAGE_RATE_LIMITED",
            "The registry serves no more anonymous pulls for now. It heals by itself; a pull secret or a mirror makes it faster.",
        ),
        (
            "IMAGE_CERTIFICATE",
            "The node does not trust the registry's certificate: an own CA must be installed on every node, or a proxy breaks the connection open.",
        ),
        (
            "IMAGE_REGISTRY_UNREACHABLE",
            "The node cannot reach the registry: name, network, proxy or firewall. It is tried again and again.",
        ),
        ("IMAGE_REGISTRY_UNKNOWN", "The registry's name does not resolve on the node."),
        ("IMAGE_PLATFORM", "The image is not made for the node's processor."),
        ("IMAGE_NAME_INVALID", "What stands as image is not a name of an image."),
        ("IMAGE_NEVER_PULLED", "The pull policy is Never and the node does not have the image."),
        ("IMAGE_SIGNATURE", "The node refuses the image, since its signature cannot be verified."),
        ("IMAGE_PULL_FAILED", "The image cannot be pulled; the runtime's own words are shown."),
    ],
};

/// Waiting reasons that tell of a failed pull (kubernetes: pkg/kubelet/images/types.go).
const REASONS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Pulls that must have failed before an image that is not there is hopeless (design.md 7).
const PULLS: u32 = 3;

/// Where the kubelet's events cannot be read, its back-off of 10 s and 20 s means three pulls after so long.
const PULLS_BY_TIME: Hold = Hold::seconds(45);

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene) {
        for container in containers(pod) {
            let state = container.state();
            if state.name == "waiting" && REASONS.contains(&state.reason.as_str()) {
                out.push(symptom(scene, pod, &container, &state.reason, &state.message));
            }
        }
    }
}

fn symptom(scene: &Scene, pod: &Object, container: &Container<'_>, reason: &str, message: &str) -> Symptom {
    let image = short_image(container.image);
    // The back-off says only that it waits; the event before it says why.
    let told = scene.notices(pod).iter().rev().find(|notice| {
        notice.reason == "Failed" && notice.container == container.name && notice.message.contains("Failed to pull")
    });
    let message = match told {
        Some(told) if Fault::of(reason, message) == Fault::Other => told.message.as_str(),
        _ => message,
    };
    let pulls: u32 = told.map_or(0, |told| told.count);
    let fault = Fault::of(reason, message);
    let three_pulls = if pulls >= PULLS { Hold::NOW } else { PULLS_BY_TIME };
    let (code, hold, why, remedy) = match fault {
        Fault::NotFound => (
            "IMAGE_NOT_FOUND",
            three_pulls,
            "the registry has no such image or tag".to_string(),
            "correct the image or its tag in the answers".to_string(),
        ),
        Fault::Denied => (
            "IMAGE_DENIED",
            Hold::seconds(60),
            "the registry refuses the pull".into(),
            format!(
                "name a pull secret in the answers; to make one: kubectl create secret docker-registry NAME -n {} --docker-server=… --docker-username=… --docker-password=…",
                pod.namespace()
            ),
        ),
        Fault::RateLimited => (
            "IMAGE_RATE_LIMITED",
            Hold::Never,
            "the registry serves no more pulls for now".into(),
            "wait, or use a pull secret or a mirror".into(),
        ),
        Fault::Certificate => (
            "IMAGE_CERTIFICATE",
            Hold::seconds(60),
            "the node does not trust the registry's certificate".into(),
            "install the registry's CA on the nodes".into(),
        ),
        Fault::UnknownHost => (
            "IMAGE_REGISTRY_UNKNOWN",
            Hold::seconds(120),
            "the registry's name does not resolve on the node".into(),
            "correct the registry in the answers, or the nodes' DNS".into(),
        ),
        Fault::Unreachable => (
            "IMAGE_REGISTRY_UNREACHABLE",
            Hold::Never,
            "the node cannot reach the registry".into(),
            "check the nodes' network and proxy, or use a mirror".into(),
        ),
        Fault::Platform => (
            "IMAGE_PLATFORM",
            three_pulls,
            "the image is not made for the node's processor".into(),
            "choose another tag, or nodes of another architecture".into(),
        ),
        Fault::InvalidName => (
            "IMAGE_NAME_INVALID",
            Hold::NOW,
            "it is not a name of an image".into(),
            "correct the image in the answers".into(),
        ),
        Fault::NeverPulled => (
            "IMAGE_NEVER_PULLED",
            Hold::seconds(60),
            "the pull policy is Never and the node does not have it".into(),
            "load the image on the nodes, or change the pull policy".into(),
        ),
        Fault::Signature => (
            "IMAGE_SIGNATURE",
            Hold::seconds(60),
            "the node cannot verify its signature".into(),
            "use a signed image, or change the nodes' policy".into(),
        ),
        Fault::Other => (
            "IMAGE_PULL_FAILED",
            Hold::Never,
            String::new(),
            format!("kubectl describe pod -n {} {}", pod.namespace(), pod.name()),
        ),
    };
    let why = match (why.is_empty(), message.is_empty()) {
        (true, true) => "the node gives no reason".into(),
        (true, false) => steady(message),
        (false, true) => why,
        (false, false) => format!("{why}: {}", steady(message)),
    };
    let severity = if hold == Hold::Never { Severity::Warning } else { Severity::Error };
    let finding = Finding::new(code, severity, format!("{} cannot pull {image}", pod.name()))
        .why(why)
        .remedy(remedy)
        .at(kin::workload_of(scene, pod).to_string());
    Symptom::new(finding, hold)
}

/// The message without the part that changes from one try to the next.
fn steady(message: &str) -> String {
    let message = message
        .strip_prefix("Back-off pulling image ")
        .map_or(message, |rest| rest.split_once(": ").map_or("the last pull failed", |(_, why)| why));
    message.strip_prefix("ErrImagePull: ").unwrap_or(message).to_string()
}

/// What is wrong with a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No such image or tag.
    NotFound,
    /// Refused.
    Denied,
    /// Too many pulls.
    RateLimited,
    /// Certificate.
    Certificate,
    /// The registry's name does not resolve.
    UnknownHost,
    /// The registry cannot be reached.
    Unreachable,
    /// Not for this processor.
    Platform,
    /// Not a name.
    InvalidName,
    /// Policy Never.
    NeverPulled,
    /// Signature.
    Signature,
    /// Not known.
    Other,
}

impl Fault {
    /// By the waiting reason and the words of containerd, CRI-O and the registries.
    pub(super) fn of(reason: &str, message: &str) -> Self {
        let lower = message.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        match reason {
            "InvalidImageName" => Self::InvalidName,
            "ErrImageNeverPull" => Self::NeverPulled,
            "SignatureValidationFailed" => Self::Signature,
            // The order matters: a registry that limits says "denied" too, and one that denies says "may not exist".
            _ if has(&["toomanyrequests", "too many requests", "rate limit", "429"]) => Self::RateLimited,
            _ if has(&["x509", "certificate", "tls: "]) => Self::Certificate,
            _ if has(&["no such host", "name or service not known", "server misbehaving"]) => Self::UnknownHost,
            _ if has(&[
                "no match for platform",
                "no matching manifest",
                "exec format error",
                "does not match the specified platform",
            ]) =>
            {
                Self::Platform
            }
            _ if has(&[
                "unauthorized",
                "denied",
                "forbidden",
                "authorization failed",
                "no basic auth",
                "authentication required",
                "insufficient_scope",
            ]) =>
            {
                Self::Denied
            }
            _ if has(&["not found", "manifest unknown", "name unknown", "does not exist", "404"]) => Self::NotFound,
            _ if has(&[
                "timeout",
                "timed out",
                "connection refused",
                "unreachable",
                "deadline exceeded",
                "connection reset",
                "eof",
                "no route to host",
                "503",
                "502",
                "500",
            ]) =>
            {
                Self::Unreachable
            }
            _ if reason == "RegistryUnavailable" => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_and_runtimes_say_is_split_by_what_can_be_done() {
        for (reason, message, fault) in [
            (
                "ErrImagePull",
                "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/postgres:99\": failed to resolve reference \"docker.io/library/postgres:99\": docker.io/library/postgres:99: not found",
                Fault::NotFound,
            ),
            ("ErrImagePull", "reading manifest v9 in quay.io/x/y: manifest unknown", Fault::NotFound),
            (
                "ErrImagePull",
                "failed to pull and unpack image \"docker.io/acme/private:1\": failed to resolve reference \"docker.io/acme/private:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                Fault::Denied,
            ),
            (
                "ErrImagePull",
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized",
                Fault::Denied,
            ),
            (
                "ErrImagePull",
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.",
                Fault::RateLimited,
            ),
            (
                "ErrImagePull",
                "failed to do request: Head \"https://registry.corp/v2/x/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Fault::Certificate,
            ),
            (
                "ErrImagePull",
                "failed to do request: Head \"https://registy.corp/v2/\": dial tcp: lookup registy.corp on 10.0.0.2:53: no such host",
                Fault::UnknownHost,
            ),
            (
                "ErrImagePull",
                "failed to do request: Head \"https://r.corp/v2/\": dial tcp 10.1.1.1:443: i/o timeout",
                Fault::Unreachable,
            ),
            ("ErrImagePull", "no match for platform in manifest sha256:abc: not found", Fault::Platform),
            (
                "InvalidImageName",
                "Failed to apply default image tag \"Postgres:17:x\": couldn't parse image name",
                Fault::InvalidName,
            ),
            (
                "ErrImageNeverPull",
                "Container image \"local:dev\" is not present with pull policy of Never",
                Fault::NeverPulled,
            ),
            ("ImagePullBackOff", "Back-off pulling image \"postgres:99\"", Fault::Other),
            (
                "ImagePullBackOff",
                "Back-off pulling image \"postgres:99\": ErrImagePull: docker.io/library/postgres:99: not found",
                Fault::NotFound,
            ),
        ] {
            assert_eq!(Fault::of(reason, message), fault, "{message}");
        }
    }
}
