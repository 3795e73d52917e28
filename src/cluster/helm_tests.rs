use std::io::Write as _;

use serde_json::json;

use super::*;

const MANIFEST: &str = "---\n# Source: inngest/templates/a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: inngest}\ndata: {A: c2VjcmV0}\n---\n\n---\n# Source: b\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: inngest, namespace: there}\n";

fn stored(kind: &str, revision: u32, status: &str, compress: bool) -> Object {
    let release = json!({
        "name": "inngest",
        "info": {"status": status, "last_deployed": "2026-11-20T10:00:00Z"},
        "chart": {"metadata": {"name": "inngest", "version": "0.3.1"}, "values": {"a": {"b": 1, "c": 2}, "gone": 1}},
        "config": {"a": {"b": format!("secret {revision}")}, "gone": null},
        "manifest": MANIFEST,
        "version": revision,
    });
    let mut bytes = serde_json::to_vec(&release).unwrap();
    if compress {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        bytes = encoder.finish().unwrap();
    }
    let once = BASE64.encode(bytes);
    let data = if kind == "Secret" { BASE64.encode(once) } else { once };
    Object(json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {
            "name": format!("sh.helm.release.v1.inngest.v{revision}"), "namespace": "default", "uid": "u",
            "labels": {"owner": "helm", "name": "inngest", "status": status, "version": revision.to_string()},
        },
        "data": {"release": data},
    }))
}

fn release(objects: Vec<Object>) -> ChartRelease {
    Stored { name: "inngest".into(), namespace: "default".into(), objects }.release().unwrap()
}

#[test]
fn a_record_is_read_out_of_secrets_and_config_maps_compressed_or_not() {
    for (kind, compress) in [("Secret", true), ("Secret", false), ("ConfigMap", true)] {
        let read = release(vec![stored(kind, 3, "deployed", compress)]);
        assert_eq!((read.chart.as_str(), read.version.as_str(), read.revision), ("inngest", "0.3.1", 3), "{kind}");
        assert_eq!(read.values, json!({"a": {"b": "secret 3", "c": 2}}));
        assert_eq!(read.manifest.len(), 2);
        assert_eq!(read.objects_in(), "there");
        assert_eq!(read.objects()[0].namespace(), "default");
    }
}

#[test]
fn the_newest_deployed_revision_counts_and_the_newest_of_all_says_whether_helm_is_done() {
    let read = release(vec![
        stored("Secret", 1, "superseded", true),
        stored("Secret", 2, "deployed", true),
        stored("Secret", 3, "pending-upgrade", true),
    ]);
    assert_eq!((read.revision, read.newest_status.as_str()), (2, "pending-upgrade"));
}

#[test]
fn debug_and_what_is_kept_of_the_stored_objects_show_no_value() {
    let read = release(vec![stored("Secret", 3, "deployed", true)]);
    assert!(!format!("{read:?}").contains("secret 3"));
    assert!(read.stored.iter().all(|stored| stored.at(&["data"]).is_none()));
}

#[test]
fn a_record_that_cannot_be_read_is_told_without_what_it_holds() {
    let mut broken = stored("Secret", 1, "deployed", true);
    broken.set(&["data", "release"], BASE64.encode(BASE64.encode("{\"config\": hunter2")).into());
    let whole = Stored { name: "inngest".into(), namespace: "default".into(), objects: vec![broken] };
    let failure = whole.release().unwrap_err();
    assert!(failure.why[0].contains("not JSON") && !failure.to_string().contains("hunter2"), "{failure}");
}

#[test]
fn what_is_exported_can_be_made_again() {
    let whole = Stored {
        name: "inngest".into(),
        namespace: "default".into(),
        objects: vec![stored("Secret", 1, "deployed", true)],
    };
    let list = whole.exported();
    assert_eq!(list["kind"], "List");
    assert!(list.pointer("/items/0/metadata/uid").is_none());
    assert_eq!(list.pointer("/items/0/data/release"), whole.objects[0].at(&["data", "release"]));
}
