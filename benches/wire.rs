//! 1,000 objects (960 ConfigMaps, 20 Services, 20 Deployments): the writes of slipway's executor beside a bare client that
//! makes the same writes, 32 at once; then `slipway install` of a product that holds them as a whole process (load, render,
//! plan, a dry run of everything, lock, record, writes, readiness), the same again with nothing changed, and
//! `kubectl apply --server-side` of the same objects, twice too. Prints figures, judges nothing: `cargo bench --bench wire`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use slipway::apply::{Control, Controls, Options, Watches, run};
use slipway::cluster::{Choice, Cluster, connect};
use slipway::event::{Event, EventKind};
use slipway::object::Object;
use slipway::plan::{Action, Class, KeyPlan, Plan, ProductRef, Step, Target, Verb, Wanted};
use slipway::secret::Secrets;

const ROUNDS: usize = 3;

fn objects(namespace: &str) -> Vec<Value> {
    let name = |kind: &str, n: usize| format!("{kind}-{n}");
    let configs = (0..960).map(|n| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name("c", n), "namespace": namespace}, "data": {"n": n.to_string()}})
    });
    let services = (0..20).map(|n| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name("s", n), "namespace": namespace}, "spec": {"selector": {"n": n.to_string()}, "ports": [{"port": 80, "protocol": "TCP"}]}})
    });
    let deployments = (0..20).map(|n| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name("d", n), "namespace": namespace}, "spec": {"replicas": 0, "selector": {"matchLabels": {"n": n.to_string()}}, "template": {"metadata": {"labels": {"n": n.to_string()}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}})
    });
    configs.chain(services).chain(deployments).collect()
}

fn plan(target: &Target) -> Plan {
    let steps = objects(&target.namespace)
        .into_iter()
        .map(|object| Step {
            wanted: Wanted { object: Object(object), group: "all".into(), after: vec![], recipes: BTreeMap::new() },
            action: Action::Create,
            wave: 0,
            after: vec![],
            class: Class::Ordinary,
            one_first: false,
        })
        .collect();
    Plan {
        verb: Verb::Install,
        target: target.clone(),
        product: ProductRef { name: "wire".into(), title: "Wire".into(), version: "1".into(), digest: String::new() },
        namespace_exists: true,
        keys: KeyPlan::default(),
        steps,
        waves: vec!["all".into()],
        health: vec![],
        log_patterns: vec![],
        notes: vec![],
        answers: BTreeMap::new(),
        facts: BTreeMap::new(),
        findings: vec![],
        usual_seconds: None,
        seen: BTreeMap::new(),
    }
}

/// Seconds until the last object was written, and until all of it was ready: the controllers take their time for the latter.
async fn slipway(cluster: &Cluster, plan: &Plan) -> testbed::Outcome<(f64, f64)> {
    let (events, mut heard) = tokio::sync::mpsc::channel::<Event>(64);
    let listener = tokio::spawn(async move {
        let mut last = 0.0;
        while let Some(event) = heard.recv().await {
            if matches!(event.kind, EventKind::StepFinished { .. }) {
                last = event.elapsed.as_secs_f64();
            }
        }
        last
    });
    let (_wish, controls) = tokio::sync::watch::channel(Control::Go);
    let options = Options { tried: true, ..Options::new("bench") };
    let began = Instant::now();
    let readiness = Watches(cluster.clone());
    run(cluster, plan, &Secrets::default(), &readiness, &options, events, Controls(controls)).await?;
    let ready = began.elapsed().as_secs_f64();
    Ok((listener.await?, ready))
}

async fn bare(client: &kube::Client, namespace: &str) -> testbed::Outcome<f64> {
    let parameters = PatchParams::apply("bare");
    let began = Instant::now();
    let mut writes = futures::stream::iter(objects(namespace).into_iter().map(|object| {
        let (client, parameters) = (client.clone(), parameters.clone());
        async move {
            let kind = object["kind"].as_str().unwrap_or_default().to_string();
            let version = object["apiVersion"].as_str().unwrap_or_default().to_string();
            let (group, version) = version.split_once('/').unwrap_or(("", &version));
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
            let api: Api<DynamicObject> = Api::namespaced_with(client, namespace, &resource);
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_string();
            api.patch(&name, &parameters, &Patch::Apply(object)).await
        }
    }))
    .buffer_unordered(32);
    while let Some(written) = writes.next().await {
        written?;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// The same objects as a product in a folder, and as a file for kubectl.
fn folder(at: &Path, namespace: &str) -> testbed::Outcome<()> {
    let product = at.join("wire");
    std::fs::create_dir_all(product.join("manifests"))?;
    let text = "slipway: 1\nname: wire\ntitle: Wire\nabout: A thousand objects\nnamespace: wire\nprofiles: [one]\n\
                versions: {default: v1.0.0, accept: 'self != \"\"'}\npages: []\n";
    std::fs::write(product.join("product.yaml"), text)?;
    std::fs::write(product.join("one.yaml"), "title: One\nabout: One\nproduction: false\nanswers: {}\n")?;
    // JSON is YAML; a product leaves the namespace to slipway.
    let bare = |object: &mut Value| drop(object["metadata"].as_object_mut().map(|meta| meta.remove("namespace")));
    let mut documents = objects(namespace);
    std::fs::write(at.join("all.json"), json!({"apiVersion": "v1", "kind": "List", "items": documents}).to_string())?;
    documents.iter_mut().for_each(bare);
    let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
    std::fs::write(product.join("manifests/all.yaml"), documents.join("\n---\n"))?;
    Ok(())
}

/// Seconds of a whole process.
fn timed(command: &mut Command) -> testbed::Outcome<f64> {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(began.elapsed().as_secs_f64())
}

fn main() -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    let kubeconfig = bed.kubeconfig("admin");
    let kubectl = bed.kubectl().to_path_buf();
    let run = std::process::id();
    let files = tempfile::tempdir()?;
    println!("1,000 objects; seconds; the ratio is of the writes");
    println!(
        "{:>7} {:>7} {:>6} {:>7} | {:>8} {:>7} | {:>8} {:>7}",
        "bare", "writes", "ratio", "ready", "install", "again", "kubectl", "again"
    );
    for round in 0..ROUNDS {
        let names: Vec<String> = ["bare", "writes", "install", "kubectl"]
            .iter()
            .map(|what| format!("fast-wire-{what}-{run}-{round}"))
            .collect();
        let (bare, (writes, ready)) =
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
                let cluster = connect(&Choice { kubeconfig: Some(kubeconfig.clone()), ..Choice::default() }).await?;
                let config = kube::Config::from_custom_kubeconfig(
                    Kubeconfig::read_from(&kubeconfig)?,
                    &KubeConfigOptions::default(),
                )
                .await?;
                let client = kube::Client::try_from(config)?;
                for name in &names {
                    let namespace =
                        Object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
                    cluster.create(&namespace, "bench").await.map_err(slipway::error::Failure::from)?;
                }
                let target = Target { namespace: names[1].clone(), release: "wire".into(), ..Target::default() };
                let bare = bare(&client, &names[0]).await?;
                testbed::Outcome::Ok((bare, slipway(&cluster, &plan(&target)).await?))
            })?;
        folder(files.path(), &names[3])?;
        let install = || {
            timed(
                Command::new(env!("CARGO_BIN_EXE_slipway"))
                    .env("KUBECONFIG", &kubeconfig)
                    .args(["install", "wire", "--yes", "-n", &names[2], "--products"])
                    .arg(files.path()),
            )
        };
        let peer = || {
            timed(
                Command::new(&kubectl)
                    .env("KUBECONFIG", &kubeconfig)
                    .args(["apply", "--server-side", "-f"])
                    .arg(files.path().join("all.json")),
            )
        };
        let (first, again, theirs, theirs_again) = (install()?, install()?, peer()?, peer()?);
        println!(
            "{bare:>7.2} {writes:>7.2} {:>6.2} {ready:>7.2} | {first:>8.2} {again:>7.2} | {theirs:>8.2} {theirs_again:>7.2}",
            writes / bare
        );
    }
    Ok(())
}
