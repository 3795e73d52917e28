//! Snapshots of a release's volumes, where the storage offers them (cluster.md 5 "Backup"). Pure.

use serde_json::{Value, json};

use crate::object::Object;
use crate::plan::Target;
use crate::plan::set::{OPENED_BY, RELEASE};

/// API group of snapshots.
pub const GROUP: &str = "snapshot.storage.k8s.io";
/// Annotation on a snapshot: the claim that it is of.
pub const OF: &str = "slipway.dev/snapshot-of";
/// Annotation on the class that is meant where none is named.
const DEFAULT: &str = "snapshot.storage.kubernetes.io/is-default-class";

/// Who makes the disk behind a claim: the driver of its volume, else what its storage class says.
pub fn driver(volume: Option<&Object>, class: Option<&Object>) -> Option<String> {
    let of_volume = volume.map_or("", |volume| volume.text(&["spec", "csi", "driver"]));
    let of_class = class.map_or("", |class| class.text(&["provisioner"]));
    [of_volume, of_class].into_iter().find(|driver| !driver.is_empty()).map(str::to_string)
}

/// The class of snapshots for a driver: the one that is named, else the default, else the only one.
///
/// # Errors
/// Why there is none.
pub fn class<'a>(driver: Option<&str>, classes: &'a [Object], named: Option<&str>) -> Result<&'a Object, String> {
    let fits = |class: &&Object| driver.is_none_or(|driver| class.text(&["driver"]) == driver);
    let all = || classes.iter().map(|one| format!("{} ({})", one.name(), one.text(&["driver"]))).collect::<Vec<_>>();
    let listed = || if classes.is_empty() { "there is none at all".to_string() } else { all().join(", ") };
    if let Some(named) = named {
        let found = classes.iter().find(|class| class.name() == named);
        let found = found.ok_or_else(|| format!("there is no VolumeSnapshotClass {named}; there is {}", listed()))?;
        return Some(found).filter(fits).ok_or_else(|| {
            format!(
                "{named} is of the driver {}, and its disk is made by {}",
                found.text(&["driver"]),
                driver.unwrap_or("")
            )
        });
    }
    let Some(driver) = driver else { return Err("who makes its disk may not be read".into()) };
    let fitting: Vec<&Object> = classes.iter().filter(fits).collect();
    match fitting[..] {
        [] => Err(format!("no VolumeSnapshotClass is of {driver}, which makes its disk; {}", listed())),
        [one] => Ok(one),
        _ => fitting.iter().find(|class| class.annotation(DEFAULT) == Some("true")).copied().ok_or_else(|| {
            let names: Vec<&str> = fitting.iter().map(|class| class.name()).collect();
            format!("several classes fit, and none is the default: {}", names.join(", "))
        }),
    }
}

/// The snapshot of a claim. Nothing owns it: it outlives the release.
pub fn snapshot(target: &Target, claim: &Object, class: &Object, stamp: &str) -> Object {
    let name: String = format!("{}-{stamp}", claim.name());
    Object(json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": name,
            "namespace": target.namespace,
            "labels": {RELEASE: target.release, "app.kubernetes.io/managed-by": "slipway"},
            "annotations": {OF: claim.name()},
        },
        "spec": {
            "volumeSnapshotClassName": class.name(),
            "source": {"persistentVolumeClaimName": claim.name()},
        },
    }))
}

/// The claim again, out of a snapshot of it: an install finds it with the key that opens it.
pub fn claim_of(claim: &Object, snapshot: &Object) -> Value {
    let size = match claim.text(&["status", "capacity", "storage"]) {
        "" => claim.text(&["spec", "resources", "requests", "storage"]),
        size => size,
    };
    let mut made = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim.name(), "namespace": claim.namespace(), "labels": {}, "annotations": {}},
        "spec": {
            "accessModes": claim.at(&["spec", "accessModes"]).cloned().unwrap_or_else(|| json!(["ReadWriteOnce"])),
            "storageClassName": claim.text(&["spec", "storageClassName"]),
            "resources": {"requests": {"storage": size}},
            "dataSource": {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": snapshot.name()},
        },
    });
    if let Some(release) = claim.label(RELEASE) {
        made["metadata"]["labels"][RELEASE] = release.into();
    }
    if let Some(opened) = claim.annotation(OPENED_BY) {
        made["metadata"]["annotations"][OPENED_BY] = opened.into();
    }
    made
}

/// Whether a snapshot can be used, and the trouble that its controller tells of.
pub fn state(snapshot: &Object) -> (bool, Option<String>) {
    let ready = snapshot.at(&["status", "readyToUse"]).and_then(Value::as_bool) == Some(true);
    let trouble = snapshot.text(&["status", "error", "message"]);
    (ready, (!trouble.is_empty()).then(|| crate::sanitize::line(trouble)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<Object> {
        let class = |name: &str, driver: &str, default: &str| {
            Object(json!({"metadata": {"name": name, "annotations": {DEFAULT: default}}, "driver": driver}))
        };
        vec![
            class("a", "one", "false"),
            class("b", "two", "false"),
            class("c", "two", "true"),
            class("d", "3", "false"),
        ]
    }

    #[test]
    fn the_class_is_the_named_one_the_default_or_the_only_one_of_the_driver() {
        let classes = classes();
        let name = |driver, named| class(driver, &classes, named).map(|class| class.name().to_string());
        assert_eq!(name(Some("one"), None).unwrap(), "a");
        assert_eq!(name(Some("two"), None).unwrap(), "c");
        assert_eq!(name(Some("two"), Some("b")).unwrap(), "b");
        assert_eq!(name(None, Some("b")).unwrap(), "b");
        assert!(name(Some("four"), None).unwrap_err().contains("no VolumeSnapshotClass is of four"));
        assert!(name(Some("one"), Some("b")).unwrap_err().contains("b is of the driver two"));
        assert!(name(Some("one"), Some("x")).unwrap_err().contains("a (one), b (two)"));
        assert!(name(None, None).unwrap_err().contains("may not be read"));
        assert!(class(Some("one"), &[], None).unwrap_err().contains("none at all"));
    }

    #[test]
    fn who_makes_the_disk_is_known_by_the_volume_before_the_class() {
        let volume = Object(json!({"spec": {"csi": {"driver": "disk.example.com"}}}));
        let class = Object(json!({"provisioner": "other.example.com"}));
        assert_eq!(driver(Some(&volume), Some(&class)).as_deref(), Some("disk.example.com"));
        assert_eq!(driver(Some(&Object(json!({}))), Some(&class)).as_deref(), Some("other.example.com"));
        assert_eq!(driver(None, None), None);
    }
}
