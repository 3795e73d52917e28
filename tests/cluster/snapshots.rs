//! Snapshots of a release's volumes. The kinds are made here where they are not there yet, and this test is their controller.

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, said, succeeded};
use crate::testbed;

/// One kind of snapshots, as much of it as is needed.
fn definition(plural: &str, kind: &str, scope: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.snapshot.storage.k8s.io"),
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"},
        },
        "spec": {
            "group": "snapshot.storage.k8s.io", "scope": scope,
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    })
}

/// Hands an object to `kubectl VERB -f -`.
fn kubectl(cx: &Context, words: &[&str], object: &Value) -> testbed::Outcome<std::process::Output> {
    use std::io::Write as _;
    let mut run = cx.kubectl();
    run.args(words).args(["-f", "-"]).stdin(std::process::Stdio::piped());
    let mut run = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    run.stdin.take().ok_or("no input")?.write_all(object.to_string().as_bytes())?;
    Ok(run.wait_with_output()?)
}

async fn kinds(cx: &Context) -> testbed::Outcome<()> {
    for (plural, kind, scope) in [
        ("volumesnapshots", "VolumeSnapshot", "Namespaced"),
        ("volumesnapshotclasses", "VolumeSnapshotClass", "Cluster"),
    ] {
        let made = kubectl(cx, &["create"], &definition(plural, kind, scope))?;
        assert!(made.status.success() || said(&made).contains("AlreadyExists"), "{}", said(&made));
        cx.until("its kind is served", async || Ok(cx.kubectl().args(["get", plural]).output()?.status.success()))
            .await?;
    }
    Ok(())
}

pub(crate) async fn volumes_are_snapshotted_where_their_storage_does_that_and_refused_where_not(
    cx: Context,
) -> Outcome {
    kinds(&cx).await?;
    let (namespace, id) = (fresh("fast"), format!("{:08x}", rand::random::<u32>()));
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--set", "queue.mode=memory"])?);
    let backup = |more: &[&str]| -> testbed::Outcome<std::process::Output> {
        Ok(cx.slipway("admin").args(["backup", "-n", &namespace, "--snapshot"]).args(more).output()?)
    };
    let none = backup(&["--yes"])?;
    assert_eq!(none.status.code(), Some(6), "{}", said(&none));
    for told in [
        "no snapshot can be made of the volume inngest-postgresql",
        "no VolumeSnapshotClass is of",
        "nothing was written",
    ] {
        assert!(said(&none).contains(told), "{told}: {}", said(&none));
    }
    // A volume whose storage has a class of snapshots.
    let (driver, name) = (format!("{id}.example.com"), format!("snapshots-{id}"));
    let class = json!({"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotClass",
        "metadata": {"name": name}, "driver": driver, "deletionPolicy": "Delete"});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "", "csi": {"driver": driver, "volumeHandle": id}}});
    succeeded(&kubectl(&cx, &["create"], &class)?);
    succeeded(&kubectl(&cx, &["create"], &volume)?);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "labels": {"slipway.dev/release": "inngest"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": name,
            "resources": {"requests": {"storage": "1Gi"}}}});
    cx.apply(&namespace, claim).await?;
    let one = ["--volume", "data"];
    let unasked = backup(&one)?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert!(said(&unasked).contains(&format!("of the class {name}, of the volume data")), "{}", said(&unasked));
    let get = || -> testbed::Outcome<Vec<Value>> {
        let found = cx.kubectl().args(["-n", &namespace, "get", "volumesnapshots", "-o", "json"]).output()?;
        let found: Value = serde_json::from_slice(&found.stdout)?;
        Ok(found["items"].as_array().cloned().unwrap_or_default())
    };
    assert!(get()?.is_empty(), "nothing was written");

    let mut begun = cx.slipway("admin");
    begun.args(["backup", "-n", &namespace, "--snapshot", "--volume", "data", "--yes"]);
    let begun = begun.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    cx.until("the snapshot is asked for", async || Ok(get()?.len() == 1)).await?;
    let made = get()?.remove(0);
    assert_eq!(made["spec"]["volumeSnapshotClassName"], name.as_str());
    assert_eq!(made["spec"]["source"]["persistentVolumeClaimName"], "data");
    assert_eq!(made["metadata"]["labels"]["slipway.dev/release"], "inngest");
    let of = made["metadata"]["name"].as_str().ok_or("no name")?;
    let ready = cx
        .kubectl()
        .args(["-n", &namespace, "patch", "volumesnapshot", of, "--subresource=status", "--type=merge"])
        .args(["-p", "{\"status\": {\"readyToUse\": true}}"])
        .output()?;
    succeeded(&ready);
    let ended = begun.wait_with_output()?;
    succeeded(&ended);
    // What it says how to go back with is accepted, under another name.
    let told = said(&ended);
    let claim = told.split("echo '").nth(1).and_then(|rest| rest.split("' |").next()).ok_or("no way back is told")?;
    let mut claim: Value = serde_json::from_str(claim)?;
    assert_eq!(claim["spec"]["dataSource"]["name"], of);
    claim["metadata"]["name"] = json!("data-again");
    succeeded(&kubectl(&cx, &["create", "--dry-run=server"], &claim)?);
    for (kind, name) in [("volumesnapshotclass", &name), ("persistentvolume", &name)] {
        cx.kubectl().args(["delete", kind, name, "--wait=false"]).output()?;
    }
    DONE
}
