//! Conditions of an object's status, and the statuses of a pod's containers, read the same way everywhere.

use serde_json::Value;

use crate::object::Object;
use crate::sanitize;

/// One condition. A condition that lacks its status is `Unknown`, as Kubernetes' conventions have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Its reason in one word.
    pub reason: String,
    /// Its message, sanitised.
    pub message: String,
}

impl Condition {
    /// It holds.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    /// It does not hold; neither does an unknown one, but that is not the same.
    pub fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// Message, or the reason where there is none.
    pub fn words(&self) -> &str {
        if self.message.is_empty() { &self.reason } else { &self.message }
    }
}

/// The condition of a type.
pub fn condition(object: &Object, kind: &str) -> Option<Condition> {
    condition_in(object.list(&["status", "conditions"]), kind)
}

/// The condition of a type in a list of conditions.
pub fn condition_in(conditions: &[Value], kind: &str) -> Option<Condition> {
    let found = conditions.iter().find(|condition| text(condition, "type") == kind)?;
    Some(Condition {
        status: match text(found, "status") {
            "" => "Unknown".into(),
            status => sanitize::line(status),
        },
        reason: sanitize::line(text(found, "reason")),
        message: sanitize::line(text(found, "message")),
    })
}

/// Text under a key of a value, empty when there is none.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// A container of a pod, with its spec and its status.
#[derive(Clone, Debug)]
pub struct Container<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its image as the spec names it.
    pub image: &'a str,
    /// An init container (a sidecar among them).
    pub init: bool,
    /// An init container that stays and runs beside the others (`restartPolicy: Always`, KEP-753).
    pub sidecar: bool,
    /// Its entry in the spec.
    pub spec: &'a Value,
    /// Its status, null as long as the kubelet has told nothing.
    pub status: &'a Value,
}

/// What a container is in: `waiting`, `running` or `terminated`, with what is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `waiting`, `running`, `terminated`; `waiting` without a reason as long as nothing is told.
    pub name: &'static str,
    /// Its reason.
    pub reason: String,
    /// Its message, sanitised.
    pub message: String,
    /// Exit code of one that ended.
    pub exit_code: Option<i32>,
}

impl Container<'_> {
    /// What it is in now.
    pub fn state(&self) -> State {
        read_state(self.status.get("state"))
    }

    /// How its last run ended, where there was one.
    pub fn last_end(&self) -> Option<State> {
        let last = read_state(self.status.get("lastState"));
        (last.name == "terminated").then_some(last)
    }

    /// How it ended most recently: now, or before the present state.
    pub fn end(&self) -> Option<State> {
        let now = self.state();
        if now.name == "terminated" { Some(now) } else { self.last_end() }
    }

    /// How often it was restarted.
    pub fn restarts(&self) -> u32 {
        self.status.get("restartCount").and_then(Value::as_u64).map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// Ready, as the kubelet says.
    pub fn ready(&self) -> bool {
        self.status.get("ready").and_then(Value::as_bool) == Some(true)
    }

    /// When it started, if it runs.
    pub fn started_at(&self) -> Option<jiff::Timestamp> {
        self.status.pointer("/state/running/startedAt")?.as_str()?.parse().ok()
    }
}

fn read_state(state: Option<&Value>) -> State {
    let found = ["terminated", "running", "waiting"]
        .into_iter()
        .find_map(|name| Some((name, state?.get(name).filter(|value| !value.is_null())?)));
    let Some((name, value)) = found else { return State { name: "waiting", ..State::default() } };
    State {
        name,
        reason: sanitize::line(text(value, "reason")),
        message: sanitize::line(text(value, "message")),
        exit_code: value.get("exitCode").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok()),
    }
}

/// The containers of a pod in the order they start: init containers first.
pub fn containers(pod: &Object) -> Vec<Container<'_>> {
    const NOTHING: &Value = &Value::Null;
    let mut found = Vec::new();
    for (list, statuses, init) in
        [("initContainers", "initContainerStatuses", true), ("containers", "containerStatuses", false)]
    {
        let statuses = pod.list(&["status", statuses]);
        for spec in pod.list(&["spec", list]) {
            let name = text(spec, "name");
            let status = statuses.iter().find(|status| text(status, "name") == name).unwrap_or(NOTHING);
            let sidecar = init && text(spec, "restartPolicy") == "Always";
            found.push(Container { name, image: text(spec, "image"), init, sidecar, spec, status });
        }
    }
    found
}

/// An image without what everybody leaves out: `docker.io/library/postgres:17` is `postgres:17`.
pub fn short_image(image: &str) -> String {
    let short = image.strip_prefix("docker.io/").unwrap_or(image);
    sanitize::line(short.strip_prefix("library/").unwrap_or(short))
}
