//! Changes of a release that must not hurt: replicas handed to an autoscaler and taken back, and objects that have to be
//! made anew.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};
use slipway::cluster::record::{self, Outcome as Recorded, Revision};
use slipway::cluster::{Choice, connect};
use slipway::plan::Target;

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded};
use crate::testbed;
use crate::upgrade::{ends, ladder, slipway as run, uid};

/// Every number of replicas that a Deployment was told to have, one after the other.
pub(crate) struct Counts {
    task: tokio::task::JoinHandle<Vec<i32>>,
    stop: tokio_util::sync::CancellationToken,
}

impl Counts {
    pub(crate) fn of(api: &Api<Deployment>, name: &str) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
        let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let seen = watcher(api.clone(), config).applied_objects();
        let until = stop.clone();
        let task = tokio::spawn(async move {
            let mut seen = std::pin::pin!(seen.take_until(until.cancelled_owned()));
            let mut counts = Vec::new();
            while let Ok(Some(deployment)) = seen.try_next().await {
                let count = deployment.spec.and_then(|spec| spec.replicas).unwrap_or(-1);
                if counts.last() != Some(&count) {
                    counts.push(count);
                }
            }
            counts
        });
        Self { task, stop }
    }

    pub(crate) async fn all(self) -> testbed::Outcome<Vec<i32>> {
        self.stop.cancel();
        Ok(self.task.await?)
    }
}

fn deployments(cx: &Context, namespace: &str) -> Api<Deployment> {
    Api::namespaced(cx.client.clone(), namespace)
}

/// What an autoscaler does: it writes the scale subresource, under the name of the controllers.
pub(crate) async fn autoscaled(api: &Api<Deployment>, name: &str, count: i32) -> testbed::Outcome<()> {
    let how = PatchParams { field_manager: Some("kube-controller-manager".into()), ..PatchParams::default() };
    api.patch_scale(name, &how, &Patch::Merge(json!({"spec": {"replicas": count}}))).await?;
    Ok(())
}

/// Who owns `spec.replicas`.
fn owners(found: &BTreeMap<String, Value>) -> Vec<String> {
    let managers = found["Deployment/inngest"]["metadata"]["managedFields"].as_array().into_iter().flatten();
    let own = managers.filter(|entry| entry["fieldsV1"]["f:spec"].get("f:replicas").is_some());
    own.map(|entry| entry["manager"].as_str().unwrap_or("").to_string()).collect()
}

pub(crate) async fn a_server_that_migrates_when_it_starts_is_alone_until_it_is_ready(cx: Context) -> Outcome {
    let namespace = fresh("slow");
    let counts = Counts::of(&deployments(&cx, &namespace), "inngest");
    let arguments = ["inngest", "-n", &namespace, "--yes", "--set", "replicas=3"];
    succeeded(&install(&cx, "admin", &arguments)?);
    assert_eq!(counts.all().await?, [1, 3]);
    // When each was made, and when it was ready; by the pods themselves, since their Deployment counts them later.
    let mut servers: Vec<(String, String)> = Vec::new();
    for (name, pod) in objects(&cx, &namespace)? {
        if name.starts_with("Pod/") && pod["metadata"]["labels"]["app.kubernetes.io/component"] == "server" {
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.iter().find(|condition| condition["type"] == "Ready").ok_or("no condition Ready")?;
            servers.push((pod["metadata"]["creationTimestamp"].to_string(), ready["lastTransitionTime"].to_string()));
        }
    }
    servers.sort();
    assert_eq!(servers.len(), 3, "{servers:?}");
    assert!(servers[0].1 > servers[0].0, "a slow pod takes its time: {servers:?}");
    let others = servers.iter().skip(1);
    assert!(
        others.clone().all(|other| other.0 >= servers[0].1),
        "the others begin when the first is ready: {servers:?}"
    );
    let again = install(&cx, "admin", &arguments)?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    DONE
}

pub(crate) async fn replicas_are_handed_to_an_autoscaler_and_back_without_a_moment_at_one(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let run = |more: &[&str]| install(&cx, "admin", &[&["inngest", "-n", &namespace, "--yes"][..], more].concat());
    succeeded(&run(&["--set", "replicas=4"])?);
    let api = deployments(&cx, &namespace);
    let counts = Counts::of(&api, "inngest");
    succeeded(&run(&["--set", "scaling.mode=keda", "--set", "keda.max=10"])?);
    let found = objects(&cx, &namespace)?;
    assert!(found.contains_key("ScaledObject/inngest"));
    assert_eq!(found["Deployment/inngest"]["spec"]["replicas"], 4, "the live count is kept");
    let ours = format!("slipway:{namespace}/inngest");
    assert!(!owners(&found).contains(&ours), "{:?}", owners(&found));
    // Again, before the autoscaler has said anything: nothing to do, and nothing is reset.
    let again = run(&[])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    autoscaled(&api, "inngest", 7).await?;
    let again = run(&[])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    let found = objects(&cx, &namespace)?;
    assert_eq!(owners(&found), ["kube-controller-manager"]);
    // And back: another number than what runs is a conflict with the autoscaler, told with what runs.
    let back = run(&["--set", "scaling.mode=fixed"])?;
    assert_eq!(back.status.code(), Some(6), "{}", said(&back));
    for word in
        ["spec.replicas", "has 7, wanted is 1", "such as an autoscaler", "begin with what runs: answer 7 replicas"]
    {
        assert!(said(&back).contains(word), "{word:?} is missing: {}", said(&back));
    }
    assert!(objects(&cx, &namespace)?.contains_key("ScaledObject/inngest"), "nothing was taken away");
    succeeded(&run(&["--set", "scaling.mode=fixed", "--set", "replicas=7"])?);
    let found = objects(&cx, &namespace)?;
    assert!(!found.contains_key("ScaledObject/inngest"));
    assert_eq!(found["Deployment/inngest"]["spec"]["replicas"], 7);
    let again = run(&[])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    // The autoscaler's name is still on the number; the first other number takes it, which has to be said.
    let fewer = run(&["--set", "replicas=3"])?;
    assert_eq!(fewer.status.code(), Some(6), "{}", said(&fewer));
    succeeded(&run(&["--set", "replicas=3", "--take-field", "spec.replicas"])?);
    succeeded(&run(&["--set", "replicas=5"])?);
    assert_eq!(owners(&objects(&cx, &namespace)?), [ours]);
    assert_eq!(counts.all().await?, [4, 7, 3, 5]);
    DONE
}

/// The folder of the products that only tests know.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn crew(cx: &Context, verb: &str, namespace: &str, more: &[&str]) -> std::process::Command {
    let mut slipway = cx.slipway("admin");
    slipway.args([verb, "crew", "--products", FIXTURES, "-n", namespace, "--yes"]).args(more);
    slipway
}

fn kubectl(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    let output = cx.kubectl().args(["-n", namespace]).args(arguments).output()?;
    assert!(output.status.success(), "{}", said(&output));
    Ok(output)
}

fn get(cx: &Context, namespace: &str, what: &str) -> testbed::Outcome<Value> {
    Ok(serde_json::from_slice(&kubectl(cx, namespace, &["get", what, "-o", "json"])?.stdout)?)
}

async fn newest(cx: &Context, namespace: &str) -> testbed::Outcome<Revision> {
    let cluster = connect(&Choice { kubeconfig: Some(cx.kubeconfig("admin")), ..Choice::default() }).await?;
    let target = Target { namespace: namespace.into(), release: "crew".into(), ..Target::default() };
    Ok(record::read(&cluster, &target).await?.into_iter().next().ok_or("no record")?)
}

pub(crate) async fn an_object_that_cannot_be_changed_is_made_anew_and_a_killed_replacement_is_finished(
    cx: Context,
) -> Outcome {
    for gone_before_the_next_run in [true, false] {
        let namespace = fresh("fast");
        succeeded(&crew(&cx, "install", &namespace, &[]).output()?);
        let (old, job) = (get(&cx, &namespace, "deployment/crew")?, get(&cx, &namespace, "job/call")?);
        let plan = crew(&cx, "plan", &namespace, &["--set", "team=blue"]).output()?;
        let told = said(&plan);
        assert!(
            told.contains("replace") && told.contains("spec.selector.matchLabels.team cannot be changed"),
            "{told}"
        );
        // Held by somebody's finalizer, so that the client is killed between the end of the old and the new.
        let hold = r#"{"metadata":{"finalizers":["testbed.slipway.dev/hold"]}}"#;
        kubectl(&cx, &namespace, &["patch", "deployment", "crew", "--type=merge", "-p", hold])?;
        let mut first = crew(&cx, "install", &namespace, &["--set", "team=blue"]);
        let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        cx.until("the old Deployment is being deleted", async || {
            Ok(get(&cx, &namespace, "deployment/crew")?["metadata"].get("deletionTimestamp").is_some())
        })
        .await?;
        first.kill()?;
        first.wait()?;
        let left = newest(&cx, &namespace).await?;
        assert_eq!((left.number, left.progress.outcome), (2, Recorded::Pending));
        let journal = left.progress.journal.iter().find(|entry| entry.id.kind == "Deployment").ok_or("no journal")?;
        assert_eq!(
            (journal.step.as_str(), journal.uid.as_str()),
            ("replace", old["metadata"]["uid"].as_str().unwrap())
        );
        assert_eq!(journal.original.text(&["spec", "selector", "matchLabels", "team"]), "red");
        let release = || {
            let free = r#"{"metadata":{"finalizers":null}}"#;
            kubectl(&cx, &namespace, &["patch", "deployment", "crew", "--type=merge", "-p", free])
        };
        // What was answered is in the record: nobody has to say it again.
        let again = if gone_before_the_next_run {
            release()?;
            cx.until("the old Deployment is gone", async || {
                Ok(!cx.kubectl().args(["-n", &namespace, "get", "deployment", "crew"]).output()?.status.success())
            })
            .await?;
            crew(&cx, "install", &namespace, &[]).output()?
        } else {
            let again = crew(&cx, "install", &namespace, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            cx.until("the next run holds the lock", async || {
                let lease = get(&cx, &namespace, "lease/slipway-crew")?;
                let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or("").to_string();
                Ok(holder.contains(&format!("/{}/", again.id())))
            })
            .await?;
            release()?;
            again.wait_with_output()?
        };
        succeeded(&again);
        let new = get(&cx, &namespace, "deployment/crew")?;
        assert_ne!(new["metadata"]["uid"], old["metadata"]["uid"]);
        assert_eq!(new["spec"]["selector"]["matchLabels"]["team"], "blue");
        // Its status says later than its pod that it is ready.
        cx.until("its status counts the pod", async || {
            Ok(get(&cx, &namespace, "deployment/crew")?["status"]["readyReplicas"] == 1)
        })
        .await?;
        let called = get(&cx, &namespace, "job/call")?;
        assert_ne!(called["metadata"]["uid"], job["metadata"]["uid"]);
        assert_eq!(called["status"]["succeeded"], 1);
        let pods = get(&cx, &namespace, "pods")?;
        let teams =
            pods["items"].as_array().into_iter().flatten().filter_map(|pod| pod["metadata"]["labels"]["team"].as_str());
        assert_eq!(teams.collect::<Vec<_>>(), ["blue"], "the old pods are gone");
        let done = newest(&cx, &namespace).await?;
        assert_eq!((done.number, done.progress.outcome), (2, Recorded::Deployed), "it went on with the same revision");
        let nothing = crew(&cx, "install", &namespace, &[]).output()?;
        assert!(said(&nothing).contains("Nothing was written."), "{}", said(&nothing));
    }
    DONE
}

pub(crate) async fn a_selector_that_changes_is_replaced_and_that_is_said_with_what_it_means(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let crew = |verb: &str, more: &[&str]| {
        run(&cx, &[&[verb, "crew", "--products", FIXTURES, "-n", &namespace][..], more].concat())
    };
    succeeded(&crew("install", &["--yes"])?);
    let before = objects(&cx, &namespace)?;
    let planned = crew("plan", &["--set", "team=blue"])?;
    let words = [
        "replace  Deployment",
        "spec.selector.matchLabels.team cannot be changed",
        "MADE_ANEW",
        "its pods end first",
        "it runs once more",
    ];
    ends(&planned, 0, &words);
    succeeded(&crew("upgrade", &["--yes", "--set", "team=blue"])?);
    let after = objects(&cx, &namespace)?;
    assert_ne!(uid(&after, "Deployment/crew"), uid(&before, "Deployment/crew"));
    assert_eq!(after["Deployment/crew"]["spec"]["selector"]["matchLabels"]["team"], "blue");
    // A Job that ran and was cleaned up is not run again.
    kubectl(&cx, &namespace, &["delete", "job", "call", "--wait=true"])?;
    let again = crew("upgrade", &["--yes"])?;
    ends(&again, 0, &["Nothing was written."]);
    let other = crew("upgrade", &["--yes", "--set", "team=blue", "--take-field", "none"])?;
    succeeded(&other);
    assert!(!cx.kubectl().args(["-n", &namespace, "get", "job", "call"]).output()?.status.success());
    DONE
}

pub(crate) async fn autoscalers_that_exclude_each_other_are_exchanged_without_a_moment_at_one_replica(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&ladder(&cx, "install", &namespace, &["--yes", "--set", "rungs=4"])?);
    let api = Api::namespaced(cx.client.clone(), &namespace);
    let counts = Counts::of(&api, "ladder");
    let to = |scaling: &str, more: &[&str]| {
        let answer = format!("scaling={scaling}");
        ladder(&cx, "upgrade", &namespace, &[&["--yes", "--set", &answer][..], more].concat())
    };
    let there = |kind: &str| {
        cx.kubectl().args(["-n", &namespace, "get", kind, "ladder"]).output().map(|it| it.status.success())
    };
    succeeded(&to("hpa", &[])?);
    assert!(there("hpa")?);
    // One is gone before the other comes: two of them on one workload undo each other.
    let planned = ladder(&cx, "plan", &namespace, &["--set", "scaling=keda"])?;
    ends(&planned, 0, &["delete   HorizontalPodAutoscaler", "before what takes its place", "create   ScaledObject"]);
    succeeded(&to("keda", &[])?);
    assert!(!there("hpa")? && there("scaledobject")?);
    autoscaled(&api, "ladder", 6).await?;
    succeeded(&to("hpa", &[])?);
    assert!(there("hpa")? && !there("scaledobject")?);
    ends(&to("hpa", &[])?, 0, &["Nothing was written."]);
    succeeded(&to("fixed", &["--set", "rungs=6"])?);
    assert!(!there("hpa")? && !there("scaledobject")?);
    assert_eq!(counts.all().await?, [4, 6]);
    DONE
}
