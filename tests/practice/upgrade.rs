//! An upgrade that dies at any call: the next run finishes it, with the same keys and volumes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use serde_json::json;
use slipway::apply::Control;
use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::object::{Object, ObjectId};
use slipway::plan::{Action, Class, Plan, Step, Verb, Wanted};
use slipway::practice::{Call, Fault, Options, Server};
use tokio::sync::{Notify, watch};

use crate::every_call::{NAMESPACE, cluster, key_uid, objects, run_with};
use crate::inngest::plan;

/// Clusters that are tried at once: most of the time goes by waiting for the dead client's lock to expire.
const AT_ONCE: usize = 12;

fn step(api: &str, kind: &str, name: &str, rest: serde_json::Value, action: Action, wave: u32) -> Step {
    let mut object =
        Object(json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}}));
    for (key, value) in rest.as_object().into_iter().flatten() {
        object.set(&[key], value.clone());
    }
    let class = Class::of(&object);
    let wanted = Wanted { object, group: "server".into(), after: vec![], recipes: BTreeMap::new() };
    Step { wanted, action, wave, after: vec![], class, one_first: false }
}

fn service(name: &str, action: Action, wave: u32) -> Step {
    let spec = json!({"spec": {"selector": {"app": "x"}, "ports": [{"name": "a", "port": 80, "targetPort": 80}]}});
    step("v1", "Service", name, spec, action, wave)
}

fn extra(action: Action, wave: u32) -> Step {
    step("v1", "ConfigMap", "extra", json!({"data": {"a": "b"}}), action, wave)
}

/// What stands before: Inngest, a Service that something else will take the place of, and a ConfigMap that goes.
fn before() -> Plan {
    let mut plan = plan(NAMESPACE);
    plan.steps.insert(0, extra(Action::Create, 0));
    plan.steps.push(service("old", Action::Create, 3));
    plan
}

/// The plan as it would be made over what is there: another image and another selector, so that the Deployment is made anew.
async fn after(cluster: &Cluster) -> Plan {
    let mut plan = plan(NAMESPACE);
    (plan.verb, plan.namespace_exists, plan.keys.exists) = (Verb::Upgrade, true, true);
    plan.product.version = "2".into();
    let found = |kind: &str, group: &str, name: &str| {
        let id = ObjectId::new(group, kind, NAMESPACE, name);
        async move { cluster.find(&id).await.unwrap() }
    };
    let there = found("Deployment", "apps", "inngest").await;
    let anew = there.is_some_and(|live| live.text(&["spec", "selector", "matchLabels", "rung"]) != "2");
    for step in &mut plan.steps {
        let object = &mut step.wanted.object;
        step.action = Action::Change { fields: vec![], restarts: false };
        match object.kind() {
            "ConfigMap" => object.set(&["data", "LOG_LEVEL"], "debug".into()),
            "Deployment" => {
                object.set(&["spec", "selector", "matchLabels", "rung"], "2".into());
                object.set(&["spec", "template", "metadata", "labels", "rung"], "2".into());
                let mut container = object.list(&["spec", "template", "spec", "containers"])[0].clone();
                container["image"] = "inngest/inngest:v2".into();
                object.set(&["spec", "template", "spec", "containers"], json!([container]));
                if anew {
                    step.action = Action::Replace { why: "spec.selector cannot be changed".into() };
                }
                step.wave = 4;
            }
            _ => {}
        }
    }
    plan.waves = ["configuration", "storage", "database", "way", "server", "late"].map(String::from).to_vec();
    if found("Service", "", "old").await.is_some() {
        plan.steps.push(service("old", Action::Delete, 3));
    }
    plan.steps.push(service("new", Action::Create, 4));
    if found("ConfigMap", "", "extra").await.is_some() {
        plan.steps.push(extra(Action::Delete, 5));
    }
    plan.steps.sort_by_key(|step| step.wave);
    plan
}

fn server() -> Arc<Server> {
    Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap())
}

async fn run(cluster: &Cluster, plan: &Plan) -> Result<slipway::apply::Ended, slipway::error::Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    run_with(cluster, plan, wishes).await.0
}

async fn claim(cluster: &Cluster) -> String {
    let id = ObjectId::new("", "PersistentVolumeClaim", NAMESPACE, "inngest-postgresql");
    cluster.get(&id).await.unwrap().uid().to_string()
}

/// What must hold once the upgrade was finished.
async fn finished(cluster: &Cluster, server: &Server, kept: &(String, String), when: &str) {
    let now = (key_uid(cluster).await.unwrap(), claim(cluster).await);
    assert_eq!(&now, kept, "{when}: the key or the volume is another one");
    let deployment = cluster.get(&ObjectId::new("apps", "Deployment", NAMESPACE, "inngest")).await.unwrap();
    assert_eq!(
        deployment.list(&["spec", "template", "spec", "containers"])[0]["image"],
        "inngest/inngest:v2",
        "{when}"
    );
    let there = objects(cluster).await;
    for (name, wanted) in
        [("Service/inngest/new", true), ("Service/inngest/old", false), ("ConfigMap/inngest/extra", false)]
    {
        assert_eq!(there.iter().any(|id| id == name), wanted, "{when}: {name} in {there:?}");
    }
    let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
    let outcomes: Vec<Recorded> = revisions.iter().map(|revision| revision.progress.outcome).collect();
    assert_eq!(outcomes, [Recorded::Deployed, Recorded::Deployed], "{when}");
    let writes = server.writes();
    let lost: Vec<_> = writes
        .iter()
        .filter(|write| write.method == "DELETE")
        .filter(|write| write.path.contains("/persistentvolumeclaims/") || write.path.contains("/secrets/"))
        .collect();
    assert!(lost.is_empty(), "{when}: {lost:?}");
}

/// Dies at call `nth` of the upgrade: nothing that it asks later arrives. Whether it came that far.
async fn die(nth: u64, after_it: bool) -> bool {
    let server = server();
    let home = cluster(&server);
    run(&home, &before()).await.unwrap();
    let kept = (key_uid(&home).await.unwrap(), claim(&home).await);
    let upgraded = after(&home).await;
    let first = server.calls() + nth;
    let (dead, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if told.load(Ordering::SeqCst) {
            return Some(Fault::Hang);
        }
        if call.number < first {
            return None;
        }
        told.store(true, Ordering::SeqCst);
        now.notify_one();
        Some(if after_it { Fault::DropAfter } else { Fault::Hang })
    })));
    let when = format!("died at call {nth}, {}", if after_it { "after it was done" } else { "before it arrived" });
    let victim = cluster(&server);
    tokio::select! {
        // The last calls may come after the end.
        ended = run(&victim, &upgraded) => drop(ended.unwrap()),
        () = reached.notified() => {
            // What was on the way when it died is done.
            tokio::task::yield_now().await;
        }
    }
    drop(victim);
    server.set_faults(None);
    let next = cluster(&server);
    run(&next, &after(&next).await).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&next, &server, &kept, &when).await;
    dead.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_dies_at_any_call_is_finished_by_the_next_run_with_the_same_keys_and_volumes() {
    let server = server();
    let home = cluster(&server);
    run(&home, &before()).await.unwrap();
    let kept = (key_uid(&home).await.unwrap(), claim(&home).await);
    let plan = after(&home).await;
    let began = server.calls();
    run(&home, &plan).await.unwrap();
    let calls = server.calls() - began;
    assert!(calls > 25, "only {calls} calls");
    finished(&home, &server, &kept, "undisturbed").await;
    // Again: nothing to do.
    let ended = run(&home, &after(&home).await).await.unwrap();
    assert_eq!(ended.written, 0);
    let each = (1..=calls).flat_map(|nth| [(nth, false), (nth, true)]);
    let died = futures::stream::iter(each).map(|(nth, after)| die(nth, after)).buffer_unordered(AT_ONCE);
    let died: Vec<bool> = died.collect().await;
    let far = died.iter().filter(|died| **died).count();
    assert!(far * 10 >= died.len() * 9, "only {far} of {} died", died.len());
}
