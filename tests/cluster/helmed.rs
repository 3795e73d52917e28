//! A release of Helm in the shape of chart 0.3.1 (facts: products 2), written by hand with its record.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use slipway::cluster::{Apply, Cluster, Fault};
use slipway::object::Object;

/// What Helm sent.
pub(crate) fn laid_down(namespace: &str) -> Vec<Value> {
    let meta = |name: &str| json!({"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "inngest-0.3.1"}});
    let workload = |name: &str, image: &str| {
        let claim = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "inngest-postgresql"}}]);
        let volumes = if name == "inngest" { json!([]) } else { claim };
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}], "volumes": volumes},
            }},
        })
    };
    vec![
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("inngest"), "data": {
            "INNGEST_EVENT_KEY": BASE64.encode("abcdef"), "INNGEST_SIGNING_KEY": BASE64.encode("0011"),
            "INNGEST_POSTGRES_URI": BASE64.encode("postgres://inngest:password@inngest-postgresql:5432/inngest"),
        }}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("inngest-postgresql"), "data": {
            "postgres-password": BASE64.encode("password"), "postgres-username": BASE64.encode("inngest"),
        }}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("inngest"), "data": {"INNGEST_TICK": "150"}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("inngest-postgresql"), "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}},
        }}),
        workload("inngest", "inngest/inngest:v1.19.0"),
        workload("inngest-postgresql", "postgres:17"),
    ]
}

/// Helm's record of a revision.
fn stored(namespace: &str, revision: u32, status: &str) -> Object {
    let manifest: String = laid_down(namespace).iter().map(|object| format!("---\n{object}\n")).collect();
    let release = json!({
        "name": "inngest", "namespace": namespace, "version": revision, "manifest": manifest, "config": {},
        "chart": {"metadata": {"name": "inngest", "version": "0.3.1"}, "values": {}},
    });
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(release.to_string().as_bytes()).unwrap();
    let packed = BASE64.encode(BASE64.encode(encoder.finish().unwrap()));
    Object(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "name": format!("sh.helm.release.v1.inngest.v{revision}"), "namespace": namespace,
            "labels": {"owner": "helm", "name": "inngest", "status": status, "version": revision.to_string()},
        },
        "data": {"release": packed},
    }))
}

/// Lays it down in a namespace that is there, with two revisions.
///
/// # Errors
/// Something cannot be written.
pub(crate) async fn lay_down(cluster: &Cluster, namespace: &str) -> Result<(), Fault> {
    for object in laid_down(namespace) {
        let mut object = Object(object);
        object.set_annotation("meta.helm.sh/release-name", "inngest");
        cluster.apply(&object, &Apply { manager: "helm".into(), ..Apply::default() }).await?;
    }
    cluster.create(&stored(namespace, 1, "superseded"), "helm").await?;
    cluster.create(&stored(namespace, 2, "deployed"), "helm").await.map(drop)
}
