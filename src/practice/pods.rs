//! Pods: where each is on its way, by its age on the cluster's clock, and what the scenario does to it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::clock::seconds;
use super::controllers::claims;
use super::controllers::{all, is_ending, key, set_condition};
use super::crash::{self, Doing};
use super::scenario::Scenario;
use super::store::Key;
use super::world::World;
use crate::object::Object;

/// Where a pod is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// When it was first seen.
    began: Timestamp,
    /// When its volumes and settings were all there.
    unblocked: Option<Timestamp>,
    /// When it was first seen to be ending.
    ending: Option<Timestamp>,
}

/// The status of a condition.
pub(crate) fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a str> {
    let of = |condition: &&Value| condition.get("type").and_then(Value::as_str) == Some(kind);
    object.list(&["status", "conditions"]).iter().find(of)?.get("status")?.as_str()
}

/// Milliseconds of each part of a start.
const SCHEDULE: i64 = 200;
const CREATE: i64 = 500;
const INIT: i64 = 400;
const READY: i64 = 600;
const WORK: i64 = 800;
const END: i64 = 300;
const PULL_AGAIN: i64 = 1_500;

/// One step of every pod.
pub(crate) fn step(world: &mut World) {
    let pods = all(world, "pods");
    let uids: BTreeSet<&str> = pods.iter().map(|pod| pod.uid()).collect();
    world.lives.retain(|uid, _| uids.contains(uid.as_str()));
    for pod in &pods {
        one(world, pod);
    }
}

fn one(world: &mut World, pod: &Object) {
    let now = world.now();
    let mut life = world.lives.get(pod.uid()).copied().unwrap_or(Life { began: now, unblocked: None, ending: None });
    let slow = slow(world.scenario);
    let since = |then: Timestamp| now.as_millisecond().saturating_sub(then.as_millisecond()) / slow;
    let at = key("pods", pod);
    if is_ending(pod) {
        let ending = *life.ending.get_or_insert(now);
        if since(ending) >= END && pod.list(&["metadata", "finalizers"]).is_empty() {
            world.store.remove(&at);
            world.tell_once(pod, false, "Killing", "Stopping containers", "kubelet");
        }
    } else if matches!(pod.text(&["status", "phase"]), "Succeeded" | "Failed")
        || condition(pod, "Ready") == Some("True")
    {
        // It has arrived.
    } else if since(life.began) >= SCHEDULE {
        if life.unblocked.is_none() {
            if blocked(world, pod) {
                world.lives.insert(pod.uid().into(), life);
                return;
            }
            life.unblocked = Some(now);
        }
        let age = since(life.unblocked.unwrap_or(now));
        place(world, pod, age);
    }
    world.lives.insert(pod.uid().into(), life);
}

/// What keeps a pod from being scheduled or its containers from being made.
fn blocked(world: &mut World, pod: &Object) -> bool {
    let now = seconds(world.now());
    let at = key("pods", pod);
    for name in claims::of_pod(pod) {
        let claim = world.store.get(&Key::new("persistentvolumeclaims", pod.namespace(), name));
        let message = match claim {
            None => format!("0/2 nodes are available: persistentvolumeclaim {name:?} not found. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."),
            Some(claim) if claim.text(&["status", "phase"]) != "Bound" => {
                "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.".into()
            }
            Some(_) => continue,
        };
        world.change(&at, |pod| {
            pod.set(&["status", "phase"], "Pending".into());
            set_condition(pod, &now, "PodScheduled", false, "Unschedulable", &message);
        });
        if world.scenario == Scenario::VolumeStuck || message.contains("not found") {
            world.tell_once(pod, true, "FailedScheduling", &message, "default-scheduler");
        }
        return true;
    }
    let Some(missing) = missing(world, pod) else { return false };
    assign(world, pod);
    let states =
        statuses(pod, "containers", |_, _| waiting("CreateContainerConfigError", &missing), &Past::default(), false);
    world.change(&at, |pod| {
        pod.set(&["status", "phase"], "Pending".into());
        pod.set(&["status", "containerStatuses"], states);
    });
    world.tell_once(pod, true, "Failed", &format!("Error: {missing}"), "kubelet");
    true
}

/// A Secret, ConfigMap or key that containers need and that is not there.
fn missing(world: &World, pod: &Object) -> Option<String> {
    let lists = ["initContainers", "containers"];
    let containers = lists.iter().flat_map(|list| pod.list(&["spec", list]));
    for variable in containers.filter_map(|container| container.get("env")?.as_array()).flatten() {
        for (reference, table, what) in
            [("secretKeyRef", "secrets", "secret"), ("configMapKeyRef", "configmaps", "configmap")]
        {
            let Some(of) = variable.pointer(&format!("/valueFrom/{reference}")) else { continue };
            if of.get("optional") == Some(&json!(true)) {
                continue;
            }
            let text = |name: &str| of.get(name).and_then(Value::as_str).unwrap_or("");
            let (name, key) = (text("name"), text("key"));
            let Some(found) = world.store.get(&Key::new(table, pod.namespace(), name)) else {
                return Some(format!("{what} {name:?} not found"));
            };
            if found.at(&["data", key]).is_none() {
                return Some(format!("couldn't find key {key} in {} {}/{name}", found.kind(), pod.namespace()));
            }
        }
    }
    None
}

fn waiting(reason: &str, message: &str) -> Value {
    if message.is_empty() {
        json!({"waiting": {"reason": reason}})
    } else {
        json!({"waiting": {"reason": reason, "message": message}})
    }
}

/// What a container did before.
#[derive(Default)]
struct Past {
    restarts: i64,
    /// The state in which its last run ended.
    last: Option<Value>,
}

/// The end of a run.
fn ended(code: i64, began: &str, finished: &str) -> Value {
    let reason = if code == 0 { "Completed" } else { "Error" };
    json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": finished}})
}

/// The statuses of a list of containers; `state` of an index and a name.
fn statuses(pod: &Object, list: &str, state: impl Fn(usize, &str) -> Value, past: &Past, ready: bool) -> Value {
    let containers = pod.list(&["spec", list]).iter().enumerate();
    containers
        .map(|(i, container)| {
            let text = |name: &str| container.get(name).and_then(Value::as_str).unwrap_or("");
            let state = state(i, text("name"));
            let running = state.get("running").is_some();
            let done = state.pointer("/terminated/exitCode") == Some(&json!(0));
            let ran = running || state.get("terminated").is_some() || past.last.is_some();
            json!({
                "name": text("name"),
                "image": text("image"),
                "imageID": if ran { format!("{}@sha256:{:064x}", text("image"), 1) } else { String::new() },
                "containerID": if ran { format!("practice://{}/{}", pod.uid(), text("name")) } else { String::new() },
                "ready": if list == "initContainers" { done } else { ready && running },
                "started": running,
                "restartCount": past.restarts,
                "state": state,
                "lastState": past.last.clone().unwrap_or(json!({})),
            })
        })
        .collect()
}

/// Gives a pod its node and addresses, once.
fn assign(world: &mut World, pod: &Object) {
    if !pod.text(&["spec", "nodeName"]).is_empty() {
        return;
    }
    let (high, low) = world.address();
    let node = format!("practice-{}", low % 2 + 1);
    let now = seconds(world.now());
    world.change(&key("pods", pod), |pod| {
        pod.set(&["spec", "nodeName"], node.as_str().into());
        pod.set(&["status", "phase"], "Pending".into());
        pod.set(&["status", "hostIP"], format!("192.0.2.{}", low % 2 + 1).into());
        pod.set(&["status", "podIP"], format!("10.{}.{high}.{low}", 244).into());
        pod.set(&["status", "startTime"], now.as_str().into());
        pod.set(&["status", "qosClass"], "Burstable".into());
        set_condition(pod, &now, "PodScheduled", true, "", "");
    });
    let message = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
    world.tell_once(pod, false, "Scheduled", &message, "default-scheduler");
}

/// How much slower pods come up.
fn slow(scenario: Scenario) -> i64 {
    if scenario == Scenario::Slow { 5 } else { 1 }
}

/// Tells of the start of each container, once.
fn tell_start(world: &mut World, pod: &Object) {
    for container in pod.list(&["spec", "containers"]) {
        let text = |name: &str| container.get(name).and_then(Value::as_str).unwrap_or("");
        let (name, image) = (text("name"), text("image"));
        world.tell_once(pod, false, "Pulling", &format!("Pulling image {image:?}"), "kubelet");
        world.tell_once(pod, false, "Pulled", &format!("Successfully pulled image {image:?}"), "kubelet");
        world.tell_once(pod, false, "Created", &format!("Container created: {name}"), "kubelet");
        world.tell_once(pod, false, "Started", &format!("Container started: {name}"), "kubelet");
    }
}

/// Puts a pod where its age says it is.
fn place(world: &mut World, pod: &Object, age: i64) {
    assign(world, pod);
    let owner = pod.at(&["metadata", "ownerReferences"]).and_then(|owners| owners.get(0)?.get("kind")?.as_str());
    let struck = owner == Some("ReplicaSet");
    let is_job = owner == Some("Job");
    let now = seconds(world.now());
    let inits = i64::try_from(pod.list(&["spec", "initContainers"]).len()).unwrap_or(0);
    let begin = CREATE + inits * INIT;
    let ready = begin + READY;
    let image = pod.list(&["spec", "containers"]).first().and_then(|container| container.get("image")?.as_str());
    let image = image.unwrap_or("").to_string();
    let scenario = world.scenario;
    let created = waiting(if inits > 0 { "PodInitializing" } else { "ContainerCreating" }, "");
    let running = json!({"running": {"startedAt": now}});
    let done = ended(0, &now, &now);
    let init_state = |i: usize, _: &str| {
        let from = CREATE + i64::try_from(i).unwrap_or(0) * INIT;
        match age {
            age if age < from => waiting("PodInitializing", ""),
            age if age < from + INIT => running.clone(),
            _ => done.clone(),
        }
    };
    let mut phase = "Pending";
    let mut past = Past::default();
    let mut is_ready = false;
    let state = if age < begin {
        created
    } else if struck && scenario == Scenario::ImageMissing {
        let why = format!("rpc error: code = NotFound desc = failed to pull and unpack image {image:?}: not found");
        world.tell_once(pod, true, "Failed", &format!("Failed to pull image {image:?}: {why}"), "kubelet");
        world.tell_once(pod, true, "Failed", "Error: ErrImagePull", "kubelet");
        if age < begin + PULL_AGAIN {
            waiting("ErrImagePull", &why)
        } else {
            let message = format!("Back-off pulling image {image:?}");
            world.tell_once(pod, false, "BackOff", &message, "kubelet");
            waiting("ImagePullBackOff", &format!("{message}: ErrImagePull: {why}"))
        }
    } else if struck && scenario == Scenario::CrashLoop {
        phase = "Running";
        tell_start(world, pod);
        // A run begins when the pod is so old.
        let time = |at: i64| seconds(world.now() - SignedDuration::from_millis((age - begin - at) * slow(scenario)));
        let moment = crash::at(age - begin);
        let last = moment.last.map(|(from, to)| ended(1, &time(from), &time(to)));
        past = Past { restarts: moment.restarts, last };
        match moment.doing {
            Doing::Running => json!({"running": {"startedAt": time(moment.began)}}),
            Doing::Ended => ended(1, &time(moment.began), &time(moment.ends())),
            Doing::Waiting(wait) => {
                let first = pod.list(&["spec", "containers"]).first();
                let container = first.and_then(|one| one.get("name")?.as_str()).unwrap_or("");
                let of = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
                let message = format!("Back-off restarting failed container {container} in pod {of}");
                world.tell_once(pod, true, "BackOff", &message, "kubelet");
                let why = format!("back-off {wait}s restarting failed container={container} pod={of}");
                waiting("CrashLoopBackOff", &why)
            }
        }
    } else if is_job && age >= begin + WORK {
        phase = "Succeeded";
        done.clone()
    } else {
        phase = "Running";
        is_ready = !is_job && age >= ready;
        tell_start(world, pod);
        running.clone()
    };
    // The time of a start is told once, not at every step.
    let keep = |old: &Object, list: &str, new: Value| -> Value {
        let same = |old: &Value, new: &Value| {
            let kind = |value: &Value| {
                value.get("state").and_then(Value::as_object).and_then(|map| map.keys().next().cloned())
            };
            old.get("restartCount") == new.get("restartCount")
                && kind(old) == kind(new)
                && kind(new).as_deref() != Some("waiting")
        };
        let old = old.list(&["status", list]).to_vec();
        let news = new.as_array().cloned().unwrap_or_default();
        news.into_iter()
            .enumerate()
            .map(|(i, mut new)| {
                if let Some(old) = old.get(i).filter(|old| same(old, &new)) {
                    new["state"] = old["state"].clone();
                }
                new
            })
            .collect()
    };
    let containers = statuses(pod, "containers", |_, _| state.clone(), &past, is_ready);
    let init = statuses(pod, "initContainers", init_state, &Past::default(), false);
    world.change(&key("pods", pod), |pod| {
        pod.set(&["status", "phase"], phase.into());
        let kept = keep(pod, "containerStatuses", containers);
        pod.set(&["status", "containerStatuses"], kept);
        if inits > 0 {
            let kept = keep(pod, "initContainerStatuses", init);
            pod.set(&["status", "initContainerStatuses"], kept);
        }
        let done = if phase == "Succeeded" { "PodCompleted" } else { "" };
        set_condition(pod, &now, "Initialized", age >= begin, done, "");
        let reason = if is_ready {
            ""
        } else if done.is_empty() {
            "ContainersNotReady"
        } else {
            done
        };
        set_condition(pod, &now, "ContainersReady", is_ready, reason, "");
        set_condition(pod, &now, "Ready", is_ready, reason, "");
    });
}
