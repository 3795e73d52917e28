//! A client that dies at any call while it takes a release over from Helm: the next run finishes it, with the first keys, the
//! same pods, and Helm's record gone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt as _;
use serde_json::{Value, json};
use slipway::apply::{self, Control, Controls, Ended, Options as Run, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome};
use slipway::cluster::{Apply, Cluster, keys};
use slipway::error::Failure;
use slipway::object::{Object, ObjectId};
use slipway::plan::adopt::{Preview, derive, plan};
use slipway::plan::{Plan, Target};
use slipway::practice::{Call, Fault, Options, Server};
use slipway::product::embedded;
use slipway::product::schema::Product;
use slipway::secret::{Secret, SecretRef, SecretSource, Secrets};
use tokio::sync::{Notify, mpsc, watch};

use crate::every_call::{NAMESPACE, cluster, key_uid};

fn target() -> Target {
    Target { namespace: NAMESPACE.into(), release: "inngest".into(), practice: true, ..Target::default() }
}

fn laid_down() -> Vec<Value> {
    let meta = |name: &str| json!({"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "inngest-0.3.1"}});
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
fn stored(revision: u32, status: &str) -> Object {
    let manifest: String = laid_down().iter().map(|object| format!("---\n{object}\n")).collect();
    let release = json!({
        "name": "inngest", "version": revision, "manifest": manifest, "config": {},
        "chart": {"metadata": {"name": "inngest", "version": "0.3.1"}, "values": {}},
    });
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(release.to_string().as_bytes()).unwrap();
    let packed = BASE64.encode(BASE64.encode(encoder.finish().unwrap()));
    Object(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "name": format!("sh.helm.release.v1.inngest.v{revision}"), "namespace": NAMESPACE,
            "labels": {"owner": "helm", "name": "inngest", "status": status, "version": revision.to_string()},
        },
        "data": {"release": packed},
    }))
}

/// A cluster with a release of Helm in it, its pods ready.
async fn server() -> (Arc<Server>, BTreeMap<String, String>) {
    let server = Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap());
    let cluster = cluster(&server);
    let namespace = Object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}));
    cluster.create(&namespace, "helm").await.unwrap();
    for object in laid_down() {
        let mut object = Object(object);
        object.set_annotation("meta.helm.sh/release-name", "inngest");
        cluster.apply(&object, &Apply { manager: "helm".into(), ..Apply::default() }).await.unwrap();
    }
    cluster.create(&stored(1, "superseded"), "helm").await.unwrap();
    cluster.create(&stored(2, "deployed"), "helm").await.unwrap();
    let mut seen = pods(&cluster).await;
    while seen.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        seen = pods(&cluster).await;
    }
    (server, seen)
}

async fn pods(cluster: &Cluster) -> BTreeMap<String, String> {
    let all = cluster.list("", "Pod", NAMESPACE, "").await.unwrap().objects;
    all.iter().map(|pod| (pod.name().to_string(), pod.uid().to_string())).collect()
}

fn product() -> Product {
    embedded::built_in("inngest").unwrap().unwrap()
}

/// As the verb does it: out of Helm's record as long as there is one, else out of the run's own.
async fn adopt(cluster: &Cluster, product: &Product) -> Result<Ended, Failure> {
    let found = cluster.helm_releases(NAMESPACE).await?.pop();
    let Some(found) = found else {
        let Some(revision) = record::read(cluster, &target()).await?.into_iter().next() else {
            unreachable!("no record")
        };
        if revision.progress.outcome == Outcome::Deployed {
            return Ok(Ended::default());
        }
        let mut secrets = Secrets::default();
        for (key, value) in keys::read(cluster, &target(), 1).await?.unwrap().values {
            let at = SecretRef::Keys { generation: 1, key: key.clone() };
            secrets.0.insert(key, Secret { source: SecretSource::Brought, value: Some(value), at });
        }
        return run(cluster, &revision.plan, &secrets).await;
    };
    let chart = found.release()?;
    let key = ObjectId::new("", "Secret", NAMESPACE, &target().key_secret_name(1));
    let ids = chart.objects().iter().chain(&chart.stored).map(Object::id).chain([key]).collect::<Vec<_>>();
    let live = cluster.read(ids).await?;
    let derived = derive(product, product.adopt.as_ref().unwrap(), &chart, &live);
    let plan = plan(&chart, &derived, &Preview::default(), &live, &target(), product);
    run(cluster, &plan, &derived.secrets).await
}

async fn run(cluster: &Cluster, plan: &Plan, secrets: &Secrets) -> Result<Ended, Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    let lock =
        LockTiming { lasts: Duration::from_secs(1), trusted: Duration::from_secs(60), renew: Duration::from_secs(20) };
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel(10_000);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, plan, secrets, &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    ended
}

/// What must hold at the end, whatever happened before.
async fn finished(cluster: &Cluster, seen: &BTreeMap<String, String>, first: Option<&str>, when: &str) {
    assert_eq!(&pods(cluster).await, seen, "{when}: a pod was touched");
    let secrets = cluster.list("", "Secret", NAMESPACE, "").await.unwrap().objects;
    let names: Vec<&str> = secrets.iter().map(Object::name).collect();
    assert_eq!(names, ["inngest", "inngest-keys-1", "inngest-postgresql"], "{when}");
    let keys = keys::read(cluster, &target(), 1).await.unwrap().unwrap();
    assert!(first.is_none_or(|first| first == keys.uid), "{when}: the keys were made twice");
    assert_eq!(keys.values["database.password"].expose(), "password", "{when}");
    for object in laid_down() {
        let live = cluster.get(&Object(object.clone()).id()).await.unwrap();
        assert_eq!(live.annotation("meta.helm.sh/release-name"), None, "{when}: {}", live.id());
        assert_eq!(live.label("app.kubernetes.io/managed-by"), Some("slipway"), "{when}: {}", live.id());
        assert_eq!(live.at(&["data"]), object.get("data"), "{when}: {}", live.id());
    }
    let revisions = record::read(cluster, &target()).await.unwrap();
    let outcomes: Vec<Outcome> = revisions.iter().map(|revision| revision.progress.outcome).collect();
    assert_eq!(outcomes, [Outcome::Deployed], "{when}");
}

async fn die(nth: u64, after: bool, product: &Product) {
    let (server, seen) = server().await;
    let begun = server.calls();
    let (dead, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if told.load(Ordering::SeqCst) {
            return Some(Fault::Hang);
        }
        if call.number < begun + nth {
            return None;
        }
        told.store(true, Ordering::SeqCst);
        now.notify_one();
        Some(if after { Fault::DropAfter } else { Fault::Hang })
    })));
    let when = format!("died at call {nth}, {}", if after { "after it was done" } else { "before it arrived" });
    let victim = cluster(&server);
    tokio::select! {
        ended = adopt(&victim, product) => drop(ended.unwrap()),
        () = reached.notified() => tokio::task::yield_now().await,
    }
    drop(victim);
    server.set_faults(None);
    let cluster = cluster(&server);
    let first = key_uid(&cluster).await;
    adopt(&cluster, product).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&cluster, &seen, first.as_deref(), &when).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taking_over_that_dies_at_any_call_is_finished_by_the_next_run() {
    let product = product();
    let (server, seen) = server().await;
    let begun = server.calls();
    adopt(&cluster(&server), &product).await.unwrap();
    let calls = server.calls() - begun;
    finished(&cluster(&server), &seen, None, "undisturbed").await;
    assert!(calls > 30, "only {calls} calls");
    let each = (1..=calls).flat_map(|nth| [(nth, false), (nth, true)]);
    let product = &product;
    futures::stream::iter(each).for_each_concurrent(12, |(nth, after)| die(nth, after, product)).await;
}
