//! Applying a plan on a real server: made, found unchanged, killed anywhere and resumed, refused where it must be.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use slipway::apply::{self, Control, Controls, Ended, Options, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Choice, Cluster, Deletion, connect, keys};
use slipway::error::{Failure, FailureKind};
use slipway::event::{Done, Event, EventKind};
use slipway::object::{Object, ObjectId};
use slipway::plan::{Action, Class, KeyPlan, Plan, Step, Verb, Wanted};
use tokio::sync::{mpsc, watch};

use crate::context::{Context, DONE, Outcome};
use crate::faults::{Kill, Moment};
use crate::inngest::{plan, secrets};
use crate::testbed;

/// A cluster as a user sees it.
pub(crate) async fn cluster(cx: &Context, user: &str) -> Result<Cluster, Failure> {
    connect(&Choice { kubeconfig: Some(cx.kubeconfig(user)), ..Choice::default() }).await
}

pub(crate) fn fresh_name(behaviour: &str) -> String {
    format!("{behaviour}-cl-{:08x}", rand::random::<u32>())
}

pub(crate) fn options() -> Options {
    let lock = LockTiming {
        lasts: Duration::from_secs(1),
        trusted: Duration::from_secs(60),
        // Also the deadline of its requests: this machine may be busy.
        renew: Duration::from_secs(20),
    };
    Options { lock, timeout: Some(Duration::from_secs(60)), ..Options::new("tester@here") }
}

pub(crate) struct Ran {
    pub(crate) ended: Result<Ended, Failure>,
    pub(crate) events: Vec<Event>,
}

impl Ran {
    fn done(&self) -> Vec<(String, Done)> {
        let done = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StepFinished { done } => Some((event.step.clone().unwrap_or_default(), *done)),
            _ => None,
        });
        done.collect()
    }
}

pub(crate) async fn run_with(cluster: &Cluster, plan: &Plan, options: &Options) -> Ran {
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let (_wish, wishes) = watch::channel(Control::Go);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, plan, &secrets(), &readiness, options, sender, Controls(wishes)).await;
    let mut events = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        events.push(event);
    }
    Ran { ended, events }
}

pub(crate) async fn run(cluster: &Cluster, plan: &Plan) -> Ran {
    run_with(cluster, plan, &options()).await
}

fn secret_id(namespace: &str, name: &str) -> ObjectId {
    ObjectId::new("", "Secret", namespace, name)
}

/// The composed Secret holds what the key Secret holds.
pub(crate) async fn keys_fit(cluster: &Cluster, plan: &Plan) -> testbed::Outcome<String> {
    let keys = keys::read(cluster, &plan.target, 1).await?.ok_or("no key Secret")?;
    let composed = cluster.get(&secret_id(&plan.target.namespace, "inngest-postgresql")).await?;
    let made = cluster.get(&secret_id(&plan.target.namespace, &keys.secret)).await?;
    assert_eq!(
        composed.text(&["data", "postgres-password"]),
        made.text(&["data", "database.password"]),
        "another password than the key Secret's"
    );
    assert!(!made.text(&["data", "database.password"]).is_empty());
    Ok(keys.uid)
}

pub(crate) async fn an_install_makes_everything_and_a_second_one_writes_nothing(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let plan = plan(&fresh_name("fast"));
    let first = run(&cluster, &plan).await;
    let ended = first.ended.clone()?;
    assert_eq!((ended.revision, ended.written, ended.unchanged), (1, 11, 0));
    assert!(first.events.iter().any(|event| matches!(event.kind, EventKind::KeysMade { .. })));
    keys_fit(&cluster, &plan).await?;
    let versions = async || -> testbed::Outcome<BTreeMap<ObjectId, String>> {
        let mut all = BTreeMap::new();
        for (group, kind) in [
            ("", "Secret"),
            ("", "ConfigMap"),
            ("", "Service"),
            ("apps", "StatefulSet"),
            ("coordination.k8s.io", "Lease"),
        ] {
            for object in cluster.list(group, kind, &plan.target.namespace, "").await?.objects {
                // A controller may still write the status; what is ours are the other fields.
                let spec = json!([object.at(&["spec"]), object.at(&["data"]), object.at(&["metadata", "labels"])]);
                all.insert(object.id(), spec.to_string());
            }
        }
        Ok(all)
    };
    let before = versions().await?;
    let second = run(&cluster, &plan).await;
    let ended = second.ended.clone()?;
    assert_eq!((ended.revision, ended.written, ended.unchanged), (1, 0, 10), "{:?}", second.done());
    assert_eq!(before, versions().await?);
    let revisions = record::read(&cluster, &plan.target).await?;
    assert_eq!(revisions.len(), 1);
    assert_eq!(revisions[0].progress.outcome, Recorded::Deployed);
    DONE
}

pub(crate) async fn a_change_restarts_only_its_readers_and_what_left_the_set_is_pruned(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let mut plan = plan(&fresh_name("fast"));
    run(&cluster, &plan).await.ended?;
    let hash = async |kind: &str, name: &str| -> testbed::Outcome<String> {
        let object = cluster.get(&ObjectId::new("apps", kind, &plan.target.namespace, name)).await?;
        Ok(object.text(&["spec", "template", "metadata", "annotations", "slipway.dev/restart-hash"]).to_string())
    };
    let before = (hash("Deployment", "inngest").await?, hash("StatefulSet", "inngest-postgresql").await?);
    let mut changed = plan.clone();
    changed.steps.retain(|step| step.wanted.object.kind() != "ServiceAccount");
    for step in &mut changed.steps {
        if step.wanted.object.kind() == "ConfigMap" {
            step.wanted.object.set(&["data", "INNGEST_PORT"], "9999".into());
        }
    }
    let ran = run(&cluster, &changed).await;
    let ended = ran.ended.clone()?;
    let after = (hash("Deployment", "inngest").await?, hash("StatefulSet", "inngest-postgresql").await?);
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert_eq!((ended.revision, ended.written), (2, 3), "{:?}", ran.done());
    let account = ObjectId::new("", "ServiceAccount", &plan.target.namespace, "inngest");
    assert!(cluster.find(&account).await?.is_none());
    // The claim is never pruned, whatever the plan says.
    changed.steps.retain(|step| step.wanted.object.kind() != "PersistentVolumeClaim");
    run(&cluster, &changed).await.ended?;
    assert!(
        cluster
            .find(&ObjectId::new("", "PersistentVolumeClaim", &plan.target.namespace, "inngest-postgresql"))
            .await?
            .is_some()
    );
    plan = changed;
    keys_fit(&cluster, &plan).await?;
    DONE
}

pub(crate) async fn a_run_that_is_killed_at_any_request_is_resumed_with_the_same_keys(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let one = async |nth: usize, moment: Moment| -> testbed::Outcome<bool> {
        let plan = plan(&fresh_name("fast"));
        let kill = Kill::at(nth, moment);
        let broken = cluster.layered(&kill);
        let task = {
            let plan = plan.clone();
            tokio::spawn(async move { run(&broken, &plan).await.ended })
        };
        let reached = tokio::select! {
            () = kill.reached() => true,
            ended = async { while !task.is_finished() { tokio::time::sleep(Duration::from_millis(10)).await } } => { let () = ended; false }
        };
        task.abort();
        let _ended = task.await;
        let made = keys::read(&cluster, &plan.target, 1).await?.map(|keys| keys.uid);
        let again = run(&cluster, &plan).await;
        again.ended.map_err(|failure| format!("killed {moment:?} request {nth}: {failure}"))?;
        let uid = keys_fit(&cluster, &plan).await?;
        assert!(made.is_none_or(|made| made == uid), "killed {moment:?} request {nth}: the keys were made twice");
        let revisions = record::read(&cluster, &plan.target).await?;
        assert_eq!(
            revisions.first().map(|revision| revision.progress.outcome),
            Some(Recorded::Deployed),
            "killed {moment:?} request {nth}"
        );
        Ok(reached)
    };
    let mut cut = 0;
    for chunk in (1..80).step_by(5).collect::<Vec<_>>().chunks(4) {
        let both = chunk.iter().flat_map(|nth| [(*nth, Moment::Before), (nth + 2, Moment::After)]);
        let ended = futures::future::try_join_all(both.map(|(nth, moment)| one(nth, moment))).await?;
        cut += ended.iter().filter(|reached| **reached).count();
        if ended.iter().all(|reached| !reached) {
            break;
        }
    }
    assert!(cut > 10, "only {cut} runs were cut");
    DONE
}

pub(crate) async fn a_foreign_object_is_refused_by_name_and_can_be_adopted(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = cx.namespace("fast-cl").await?;
    let plan = plan(&namespace);
    cx.apply(&namespace, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inngest"}, "data": {"INNGEST_PORT": "1"}})).await?;
    let refused = run(&cluster, &plan).await.ended.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.to_string().contains("--adopt ConfigMap/inngest"), "{refused}");
    assert!(cluster.list("", "Secret", &namespace, "").await?.objects.is_empty(), "something was written");
    let adopting = Options { adopt: vec!["ConfigMap/inngest".into()], ..options() };
    run_with(&cluster, &plan, &adopting).await.ended?;
    let live = cluster.get(&ObjectId::new("", "ConfigMap", &namespace, "inngest")).await?;
    assert_eq!(live.text(&["data", "INNGEST_PORT"]), "8288");
    DONE
}

pub(crate) async fn a_field_of_another_manager_is_named_then_left_or_taken(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let mut plan = plan(&fresh_name("fast"));
    run(&cluster, &plan).await.ended?;
    let theirs = kube::api::PatchParams::apply("kubectl-edit").force();
    let edit = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inngest"}, "data": {"INNGEST_PORT": "7777"}});
    cx.apply_with(&plan.target.namespace, edit, &theirs).await?;
    for step in &mut plan.steps {
        if step.wanted.object.kind() == "ConfigMap" {
            step.wanted.object.set(&["data", "INNGEST_PORT"], "9000".into());
        }
    }
    let refused = run(&cluster, &plan).await.ended.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    let said = refused.to_string();
    for word in ["data.INNGEST_PORT", "\"7777\"", "\"9000\"", "kubectl-edit", "--leave-field", "--take-field"] {
        assert!(said.contains(word), "{word} is missing: {said}");
    }
    let port = async || -> testbed::Outcome<String> {
        Ok(cluster
            .get(&ObjectId::new("", "ConfigMap", &plan.target.namespace, "inngest"))
            .await?
            .text(&["data", "INNGEST_PORT"])
            .to_string())
    };
    let leaving = Options { leave_fields: vec!["data.INNGEST_PORT".into()], ..options() };
    run_with(&cluster, &plan, &leaving).await.ended?;
    assert_eq!(port().await?, "7777");
    // It was recorded: not asked again.
    let again = run(&cluster, &plan).await;
    assert_eq!(again.ended?.written, 0);
    assert_eq!(port().await?, "7777");
    DONE
}

pub(crate) async fn who_may_not_is_told_the_right_and_nothing_is_written(cx: Context) -> Outcome {
    let powerless = cluster(&cx, "powerless").await?;
    let plan = plan(&fresh_name("fast"));
    let refused = run(&powerless, &plan).await.ended.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Cluster);
    let said = refused.to_string();
    for word in ["is forbidden", "powerless", "slipway rbac", "nothing was written"] {
        assert!(said.contains(word), "{word} is missing: {said}");
    }
    let expired = cluster_of_expired(&cx).await?;
    let refused = run(&expired, &plan).await.ended.unwrap_err();
    assert!(refused.to_string().contains("does not accept the credential"), "{refused}");
    DONE
}

async fn cluster_of_expired(cx: &Context) -> Result<Cluster, Failure> {
    cluster(cx, "expired").await
}

pub(crate) async fn a_refused_dry_run_takes_its_own_namespace_back(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let mut plan = plan(&fresh_name("fast"));
    for step in &mut plan.steps {
        if step.wanted.object.kind() == "Deployment" {
            step.wanted.object.set(&["spec", "replica"], 1.into());
        }
    }
    let refused = run(&cluster, &plan).await.ended.unwrap_err();
    assert!(refused.to_string().contains("spec.replica"), "{refused}");
    let namespace = cluster.find(&ObjectId::new("", "Namespace", "", &plan.target.namespace)).await?;
    assert!(namespace.is_none_or(|live| live.at(&["metadata", "deletionTimestamp"]).is_some()));
    DONE
}

pub(crate) async fn a_run_is_left_with_its_record_pending_and_goes_on_later(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    // The database never becomes ready, so that the server is held back.
    let plan = plan(&fresh_name("unready-only-postgresql"));
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let (wish, wishes) = watch::channel(Control::Go);
    let readiness = Watches(cluster.clone());
    let (options, secrets) = (Options { timeout: None, ..options() }, secrets());
    let leave = async {
        while let Some(event) = receiver.recv().await {
            if matches!(event.kind, EventKind::WaveStarted { wave: 3, .. }) {
                wish.send_replace(Control::Detach);
            }
        }
    };
    let (ended, ()) =
        tokio::join!(apply::run(&cluster, &plan, &secrets, &readiness, &options, sender, Controls(wishes)), leave);
    assert_eq!(ended?.left, Some(1));
    let revisions = record::read(&cluster, &plan.target).await?;
    assert_eq!(revisions[0].progress.outcome, Recorded::Pending);
    for pod in cluster.list("", "Pod", &plan.target.namespace, "").await?.objects {
        cluster
            .patch(&pod.id(), "", &json!({"metadata": {"labels": {"testbed.slipway.dev/pod": "fast"}}}), "test")
            .await?;
    }
    let again = run(&cluster, &plan).await;
    assert_eq!(again.ended?.revision, 1);
    assert!(again.events.iter().any(|event| matches!(event.kind, EventKind::RunResumed { .. })));
    DONE
}

pub(crate) async fn an_uninstall_leaves_claim_and_keys_and_the_namespace_that_holds_them(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let plan = plan(&fresh_name("fast"));
    run(&cluster, &plan).await.ended?;
    let mut gone = plan.clone();
    gone.verb = Verb::Uninstall;
    gone.steps.retain(|step| step.class == Class::Ordinary);
    for step in &mut gone.steps {
        step.action = Action::Delete;
    }
    run(&cluster, &gone).await.ended?;
    let namespace = &plan.target.namespace;
    assert!(
        cluster.find(&ObjectId::new("", "PersistentVolumeClaim", namespace, "inngest-postgresql")).await?.is_some()
    );
    assert!(keys::read(&cluster, &plan.target, 1).await?.is_some());
    assert!(cluster.find(&ObjectId::new("apps", "Deployment", namespace, "inngest")).await?.is_none());
    assert!(record::read(&cluster, &plan.target).await?.is_empty());
    let kept = cluster.get(&ObjectId::new("", "Namespace", "", namespace)).await?;
    assert!(kept.at(&["metadata", "deletionTimestamp"]).is_none(), "the namespace was deleted over the kept claim");
    // A reinstall finds the keys and uses them.
    let again = run(&cluster, &plan).await;
    again.ended?;
    assert!(again.events.iter().any(|event| matches!(event.kind, EventKind::KeysFound { .. })));
    keys_fit(&cluster, &plan).await?;
    DONE
}

pub(crate) fn step(object: Object, wave: u32) -> Step {
    let class = Class::of(&object);
    let wanted = Wanted { object, group: "all".into(), after: vec![], recipes: BTreeMap::new() };
    Step { one_first: false, class, after: vec![], action: Action::Create, wave, wanted }
}

pub(crate) async fn a_custom_resource_is_sent_once_its_definition_is_established_and_not_before(
    cx: Context,
) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let mut plan = plan(&fresh_name("fast"));
    plan.keys = KeyPlan::default();
    let group = format!("{:08x}.example.com", rand::random::<u32>());
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                }}},
            }],
        },
    });
    let definition = Object(definition);
    let id = definition.id();
    let widget = json!({
        "apiVersion": format!("{group}/v1"),
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": plan.target.namespace},
        "spec": {"size": 3},
    });
    plan.steps = vec![step(definition, 0), step(Object(widget), 1)];
    let ran = run(&cluster, &plan).await;
    ran.ended?;
    let finished = ran.events.iter().position(|event| matches!(event.kind, EventKind::WaveFinished { wave: 0 }));
    let begun = ran.events.iter().position(|event| matches!(event.kind, EventKind::WaveStarted { wave: 1, .. }));
    assert!(finished.is_some() && finished < begun, "{finished:?} {begun:?}");
    assert!(cluster.find(&ObjectId::new(&group, "Widget", &plan.target.namespace, "one")).await?.is_some());
    cluster.delete(&id, &Deletion::default()).await?;
    DONE
}
