//! A pod that undoes what PodSecurity `restricted` asks for.

use serde_json::Value;

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule, containers, name_of, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "RESTRICTED_UNDONE",
        title: "a pod is less than restricted",
        text: "Where a manifest is silent, rendering adds what PodSecurity restricted asks for: no root, no new privileges, no capabilities, a seccomp profile, and no environment variables of Services. What the author wrote stays; this manifest says otherwise, so that a namespace that enforces restricted refuses its pods.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (object, _) in objects(seen) {
        let Some(spec) = object.pod_spec() else { continue };
        let at = object.id().short();
        let mut tell =
            |at: String, field: &str| broken.push(Broken::new(at, format!("it sets {field}"), "leave it out"));
        for field in pod(spec) {
            tell(at.clone(), field);
        }
        for container in containers(object, true) {
            for field in context(container) {
                tell(format!("{at}/{}", name_of(container)), field);
            }
        }
    }
    broken
}

fn pod(spec: &Value) -> Vec<&'static str> {
    let is = |pointer: &str, value: Value| spec.pointer(pointer) == Some(&value);
    let mut fields = Vec::new();
    for (pointer, field) in [("/hostNetwork", "hostNetwork"), ("/hostPID", "hostPID"), ("/hostIPC", "hostIPC")] {
        fields.extend(is(pointer, Value::Bool(true)).then_some(field));
    }
    fields.extend(is("/enableServiceLinks", Value::Bool(true)).then_some("enableServiceLinks"));
    fields.extend(is("/securityContext/runAsNonRoot", Value::Bool(false)).then_some("runAsNonRoot"));
    fields.extend(is("/securityContext/runAsUser", 0.into()).then_some("runAsUser 0"));
    fields.extend(is("/securityContext/seccompProfile/type", "Unconfined".into()).then_some("seccompProfile"));
    fields
}

fn context(container: &Value) -> Vec<&'static str> {
    let is = |pointer: &str, value: Value| container.pointer(pointer) == Some(&value);
    let mut fields = Vec::new();
    for (pointer, field) in [
        ("/securityContext/privileged", "privileged"),
        ("/securityContext/allowPrivilegeEscalation", "allowPrivilegeEscalation"),
    ] {
        fields.extend(is(pointer, Value::Bool(true)).then_some(field));
    }
    fields.extend(is("/securityContext/runAsNonRoot", Value::Bool(false)).then_some("runAsNonRoot"));
    fields.extend(is("/securityContext/runAsUser", 0.into()).then_some("runAsUser 0"));
    fields.extend(is("/securityContext/seccompProfile/type", "Unconfined".into()).then_some("seccompProfile"));
    let drop = container.pointer("/securityContext/capabilities/drop").and_then(Value::as_array);
    fields.extend(
        drop.is_some_and(|drop| !drop.iter().any(|one| one == "ALL")).then_some("capabilities.drop without ALL"),
    );
    let add = container.pointer("/securityContext/capabilities/add").and_then(Value::as_array);
    let bind = |one: &Value| one == "NET_BIND_SERVICE";
    fields.extend(add.is_some_and(|add| !add.iter().all(bind)).then_some("capabilities.add"));
    fields
}
