//! Taking a release over from Helm, at every call: with the first keys, the same pods, and Helm's record gone.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use slipway::cluster::record::{self, Outcome};
use slipway::cluster::{Apply, Cluster, keys};
use slipway::error::Failure;
use slipway::object::{Object, ObjectId};
use slipway::plan::Target;
use slipway::plan::adopt::{Preview, derive, plan};
use slipway::product::embedded;
use slipway::product::schema::Product;
use slipway::secret::{Secret, SecretRef, SecretSource, Secrets};

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call};
use crate::helmed::{laid_down, lay_down};
use crate::install::run_of;

fn target() -> Target {
    Target { namespace: NAMESPACE.into(), release: "inngest".into(), practice: true, ..Target::default() }
}

async fn pods(cluster: &Cluster) -> BTreeMap<String, String> {
    let all = cluster.list("", "Pod", NAMESPACE, "").await.unwrap().objects;
    all.iter().map(|pod| (pod.name().to_string(), pod.uid().to_string())).collect()
}

fn product() -> &'static Product {
    static PRODUCT: OnceLock<Product> = OnceLock::new();
    PRODUCT.get_or_init(|| embedded::built_in("inngest").unwrap().unwrap())
}

/// As the verb does it: out of Helm's record as long as there is one, else out of the run's own.
async fn adopt(cluster: &Cluster) -> Result<(), Failure> {
    let product = product();
    let found = cluster.helm_releases(NAMESPACE).await?.pop();
    let Some(found) = found else {
        let Some(revision) = record::read(cluster, &target()).await?.into_iter().next() else {
            unreachable!("no record")
        };
        if revision.progress.outcome == Outcome::Deployed {
            return Ok(());
        }
        let mut secrets = Secrets::default();
        for (key, value) in keys::read(cluster, &target(), 1).await?.unwrap().values {
            let at = SecretRef::Keys { generation: 1, key: key.clone() };
            secrets.0.insert(key, Secret { source: SecretSource::Brought, value: Some(value), at });
        }
        return run_of(cluster, &revision.plan, &secrets).await.map(drop);
    };
    let chart = found.release()?;
    let key = ObjectId::new("", "Secret", NAMESPACE, &target().key_secret_name(1));
    let ids = chart.objects().iter().chain(&chart.stored).map(Object::id).chain([key]).collect::<Vec<_>>();
    let live = cluster.read(ids).await?;
    let derived = derive(product, product.adopt.as_ref().unwrap(), &chart, &live);
    let plan = plan(&chart, &derived, &Preview::default(), &live, &target(), product);
    run_of(cluster, &plan, &derived.secrets).await.map(drop)
}

/// A release of Helm's with its pods ready, which becomes slipway's.
struct Adoption;

/// The pods of the two workloads, as they were when the flow began: their UIDs are kept in annotations of the Namespace.
async fn remembered(cluster: &Cluster) -> BTreeMap<String, String> {
    let namespace = cluster.get(&ObjectId::new("", "Namespace", "", NAMESPACE)).await.unwrap();
    serde_json::from_str(namespace.annotation("seen").unwrap()).unwrap()
}

impl Flow for Adoption {
    async fn ready(cluster: &Cluster) {
        let mut namespace = Object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}));
        cluster.create(&namespace, "helm").await.unwrap();
        lay_down(cluster, NAMESPACE).await.unwrap();
        let mut seen = pods(cluster).await;
        while seen.len() < 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            seen = pods(cluster).await;
        }
        namespace.set_annotation("seen", &serde_json::to_string(&seen).unwrap());
        cluster.apply(&namespace, &Apply { manager: "helm".into(), force: true, ..Apply::default() }).await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        adopt(cluster).await
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        assert_eq!(pods(cluster).await, remembered(cluster).await, "{when}: a pod was touched");
        let secrets = cluster.list("", "Secret", NAMESPACE, "").await.unwrap().objects;
        let names: Vec<&str> = secrets.iter().map(Object::name).collect();
        assert_eq!(names, ["inngest", "inngest-keys-1", "inngest-postgresql"], "{when}");
        let keys = keys::read(cluster, &target(), 1).await.unwrap().unwrap();
        assert_eq!(keys.values["database.password"].expose(), "password", "{when}");
        for object in laid_down(NAMESPACE) {
            let live = cluster.get(&Object(object.clone()).id()).await.unwrap();
            assert_eq!(live.annotation("meta.helm.sh/release-name"), None, "{when}: {}", live.id());
            assert_eq!(live.label("app.kubernetes.io/managed-by"), Some("slipway"), "{when}: {}", live.id());
            assert_eq!(live.at(&["data"]), object.get("data"), "{when}: {}", live.id());
        }
        let revisions = record::read(cluster, &target()).await.unwrap();
        let outcomes: Vec<Outcome> = revisions.iter().map(|revision| revision.progress.outcome).collect();
        assert_eq!(outcomes, [Outcome::Deployed], "{when}");
    }
}

at_every_call!(Adoption);
