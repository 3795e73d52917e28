//! A pod that reads a backup out of a claim or a bucket, so that it can be restored from this machine (cluster.md 5
//! "Restore").

use serde_json::json;

use super::job::{PROVIDER, TIME, To, rclone};
use super::{MANIFEST, Source, client, quoted};
use crate::object::Object;
use crate::plan::Target;

/// Where the claim is in the pod.
const PLACE: &str = "/backup";

/// Name of the pod.
pub fn name(target: &Target) -> String {
    format!("{}-restore-client", target.release)
}

/// The pod: it writes nothing, sleeps, ends by itself after `seconds`, and goes with `owner`, the release's parent. A claim is
/// read with the image of `source`.
pub fn pod(
    target: &Target,
    (from, source): (&To, &Source),
    owner: Option<&Object>,
    openshift: bool,
    seconds: u64,
) -> Object {
    let lasting = seconds.to_string();
    let command = client::asleep(&lasting);
    let tmp = json!({"name": "tmp", "emptyDir": {}});
    let (container, volumes) = match from {
        To::Claim(claim) => {
            let mounts =
                json!([{"name": "tmp", "mountPath": "/tmp"}, {"name": "backup", "mountPath": PLACE, "readOnly": true}]);
            let container = json!({
                "name": "client", "image": source.image, "command": command, "env": [], "volumeMounts": mounts,
                "securityContext": client::restricted(),
                "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
            });
            // Not read-only here: a volume that is would not be given to the group of the pod.
            (container, json!([tmp, {"name": "backup", "persistentVolumeClaim": {"claimName": claim}}]))
        }
        To::S3(bucket) => {
            let mounts = json!([{"name": "tmp", "mountPath": "/tmp"}]);
            (rclone("client", bucket, &command, mounts), json!([tmp]))
        }
    };
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name(target), "namespace": target.namespace, "labels": client::labels(target, "client")},
        "spec": client::spec(openshift, &source.pull_secrets, json!({
            "activeDeadlineSeconds": seconds, "containers": [container], "volumes": volumes,
        })),
    });
    client::own(&mut pod["metadata"], owner);
    Object(pod)
}

fn shell(script: String) -> Vec<String> {
    vec!["sh".into(), "-c".into(), script]
}

/// A command that prints the name of the newest whole backup of the release, or of the one that is `named`; nothing where there is
/// none. `.` is the prefix of a bucket itself.
pub fn choose(target: &Target, from: &To, named: Option<&str>) -> Vec<String> {
    let release = &target.release;
    match from {
        To::Claim(_) => {
            let wanted = named.map_or_else(|| format!("{release}-{TIME}"), quoted);
            shell(format!(
                "cd {PLACE} && for one in {wanted}/{MANIFEST}; do if [ -f \"$one\" ]; then echo \"${{one%/*}}\"; fi; done | sort | tail -n 1"
            ))
        }
        To::S3(bucket) => {
            let folder = bucket.folder();
            shell(format!(
                "set -e; {PROVIDER}if [ -n \"$(rclone lsf --files-only '{folder}/{MANIFEST}' 2> /tmp/errors || true)\" ]; then echo .; exit; fi; \
                 all=\"$(rclone lsf --files-only -R --include '/{release}-{TIME}/{MANIFEST}' '{folder}')\"; \
                 printf '%s\\n' \"$all\" | sort | tail -n 1 | sed 's,/{MANIFEST}$,,'"
            ))
        }
    }
}

/// A command that writes a file of a backup to its standard output.
pub fn read(from: &To, backup: &str, file: &str) -> Vec<String> {
    match from {
        To::Claim(_) => shell(format!("exec cat {}", quoted(&format!("{PLACE}/{backup}/{file}")))),
        To::S3(bucket) => {
            let folder = if backup == "." { bucket.folder() } else { format!("{}/{backup}", bucket.folder()) };
            shell(format!("{PROVIDER}exec rclone cat {}", quoted(&format!("{folder}/{file}"))))
        }
    }
}
