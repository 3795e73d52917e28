//! A short-lived pod with a database's client: it asks over the network, as the product's own pods do (cluster.md 5).

use serde_json::{Value, json};

use super::{Kind, SecretEntry, Source};
use crate::object::Object;
use crate::plan::set::RELEASE;
use crate::plan::{Plan, Target};

/// Uid of the client's containers: that of the images that are used.
const UID: u64 = 999;

/// Name of the client's pod of a source.
pub fn name(target: &Target, source: &Source) -> String {
    format!("{}-{}-client", target.release, source.group)
}

/// The Secrets that the pods of a plan are pulled with.
pub fn pull_secrets(plan: &Plan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for object in plan.steps.iter().map(|step| &step.wanted.object) {
        let pulled = object.pod_spec().and_then(|pod| pod.get("imagePullSecrets")?.as_array()).into_iter().flatten();
        for name in pulled.filter_map(|secret| secret.get("name")?.as_str()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_string());
            }
        }
    }
    names
}

/// The pod: it sleeps, ends by itself after `seconds`, and goes with `owner`, the release's parent.
pub fn pod(target: &Target, source: &Source, owner: Option<&Object>, openshift: bool, seconds: u64) -> Object {
    let lasting = seconds.to_string();
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name(target, source), "namespace": target.namespace, "labels": labels(target, "client")},
        "spec": spec(openshift, &source.pull_secrets, json!({
            "activeDeadlineSeconds": seconds,
            "containers": [container("client", source, &asleep(&lasting), json!([]))],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        })),
    });
    own(&mut pod["metadata"], owner);
    Object(pod)
}

/// A command that does nothing for so many seconds, and ends at once when it is told to.
pub(super) fn asleep(seconds: &str) -> [&str; 4] {
    ["sh", "-c", "trap 'exit 0' TERM; sleep \"$0\" & wait", seconds]
}

/// What goes when the release goes.
pub(super) fn own(metadata: &mut Value, owner: Option<&Object>) {
    if let Some(owner) = owner {
        metadata["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": owner.kind(), "name": owner.name(), "uid": owner.uid()}]);
    }
}

pub(super) fn labels(target: &Target, component: &str) -> Value {
    json!({
        "app.kubernetes.io/name": "slipway-data",
        "app.kubernetes.io/instance": target.release,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "slipway",
        RELEASE: target.release,
    })
}

/// A pod's spec that passes PodSecurity `restricted` (cluster.md 6).
pub(super) fn spec(openshift: bool, pull_secrets: &[String], mut more: Value) -> Value {
    let mut context = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    if !openshift {
        context["runAsUser"] = UID.into();
        context["runAsGroup"] = UID.into();
        context["fsGroup"] = UID.into();
        context["fsGroupChangePolicy"] = "OnRootMismatch".into();
    }
    if !pull_secrets.is_empty() {
        more["imagePullSecrets"] = pull_secrets.iter().map(|name| json!({"name": name})).collect();
    }
    more["restartPolicy"] = "Never".into();
    more["automountServiceAccountToken"] = false.into();
    more["enableServiceLinks"] = false.into();
    more["terminationGracePeriodSeconds"] = 5.into();
    more["securityContext"] = context;
    more
}

/// A container with a source's client and what it needs to ask the server.
pub(super) fn container(name: &str, source: &Source, command: &[&str], mounts: Value) -> Value {
    let entry = |variable: &str, at: &SecretEntry| json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": at.secret, "key": at.key}}});
    let password = match source.kind {
        Kind::Postgresql => "PGPASSWORD",
        Kind::Redis => "REDISCLI_AUTH",
    };
    let mut env: Vec<Value> = Vec::new();
    env.extend(source.password.as_ref().map(|at| entry(password, at)));
    env.extend(source.url.as_ref().map(|at| entry("DATABASE_URL", at)));
    env.push(json!({"name": "PGCONNECT_TIMEOUT", "value": "10"}));
    env.push(json!({"name": "HOME", "value": "/tmp"}));
    let mut all = vec![json!({"name": "tmp", "mountPath": "/tmp"})];
    all.extend(mounts.as_array().cloned().unwrap_or_default());
    json!({
        "name": name,
        "image": source.image,
        "command": command,
        "env": env,
        "securityContext": restricted(),
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": all,
    })
}

pub(super) fn restricted() -> Value {
    json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]},
    })
}
