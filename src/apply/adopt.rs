//! Taking an object over from Helm: first its fields, then, by the ordinary server-side apply, its labels and annotations
//! (facts: installers 6.1). The object's content is sent as it is, so that no pod restarts.

use serde_json::{Map, Value, json};

use super::ownership::{foreign_owner_but_helm, two_owners};
use super::run::Run;
use super::survey::Item;
use crate::cluster::FaultKind;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::adopt::HELM_MARKS;
use crate::plan::set::{PART_OF, RELEASE};
use crate::plan::{Action, Step, Target};

/// How often a change of somebody else in between is put up with: controllers write an object's status at any time.
const TRIES: u32 = 20;

impl Run<'_> {
    /// Makes the release's field manager the owner of what Helm owns of an object; done once, it is found done.
    pub(super) async fn take_ownership(&self, item: &Item<'_>) -> Result<(), Failure> {
        let mut live = item.live.clone();
        for _ in 0..TRIES {
            let Some(fields) = live.as_ref().and_then(|live| handed_over(live, &self.manager)) else { return Ok(()) };
            self.may_write()?;
            let version = live.as_ref().map(Object::resource_version).unwrap_or_default();
            let patch = json!({"metadata": {"resourceVersion": version, "managedFields": fields}});
            match self.cluster.patch(&item.id, "", &patch, &self.manager).await {
                Ok(_) => return Ok(()),
                Err(fault) if fault.kind == FaultKind::Changed => live = self.cluster.find(&item.id).await?,
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Failure::new(FailureKind::Refused, format!("{} changes all the time", item.id.short()))
            .place(item.id.to_string())
            .why("its fields cannot be handed over while somebody writes it over and over")
            .hint("find out who writes it, then run the same command again"))
    }
}

/// Why a live object may not be taken over from Helm.
pub(super) fn refusal(live: &Object, target: &Target, step: &Step) -> Option<Failure> {
    if let Some(owner) = foreign_owner_but_helm(live) {
        return Some(two_owners(live, &owner));
    }
    // Helm's own record belongs to Helm, and goes.
    if step.action == Action::Delete {
        return None;
    }
    let id = target.set_id();
    let other = match (live.label(PART_OF), live.label(RELEASE)) {
        (Some(set), _) if set != id => set,
        (_, Some(release)) if release != target.release => release,
        _ => return None,
    };
    Some(
        Failure::new(FailureKind::Refused, format!("{} is another release's", live.id().short()))
            .place(live.id().to_string())
            .why(format!("it belongs to {}", crate::sanitize::line(other)))
            .state(NOTHING_WRITTEN),
    )
}

/// The `managedFields` of an object in which `manager` owns by apply what Helm owned; `None` where Helm owns nothing. Helm's
/// managers are those that wrote its mark, whatever the program calls itself.
fn handed_over(live: &Object, manager: &str) -> Option<Vec<Value>> {
    let entries = live.list(&["metadata", "managedFields"]);
    let whole = |entry: &&Value| entry.get("subresource").is_none_or(|sub| sub.as_str() == Some(""));
    let marks = |entry: &&Value| {
        let annotations = entry.pointer("/fieldsV1/f:metadata/f:annotations");
        HELM_MARKS.iter().any(|mark| annotations.is_some_and(|all| all.get(format!("f:{mark}")).is_some()))
    };
    let helms: Vec<&str> = entries
        .iter()
        .filter(whole)
        .filter(marks)
        .filter_map(|entry| entry["manager"].as_str())
        .filter(|name| *name != manager)
        .collect();
    let of_helm = |entry: &&Value| whole(entry) && entry["manager"].as_str().is_some_and(|name| helms.contains(&name));
    let Some(first) = entries.iter().find(of_helm) else { return without_maker(live) };
    let ours = |entry: &&Value| whole(entry) && entry["manager"] == manager && entry["operation"] == "Apply";
    let mut fields = Value::Object(Map::new());
    // Entries of another version name fields by other paths; what they own is sent right after, and owned by that.
    let same = entries.iter().filter(|entry| of_helm(entry) || ours(entry));
    for entry in same.filter(|entry| entry["apiVersion"] == first["apiVersion"]) {
        union(&mut fields, &entry["fieldsV1"]);
    }
    let mut kept: Vec<Value> = entries.iter().filter(|entry| !of_helm(entry) && !ours(entry)).cloned().collect();
    kept.push(json!({
        "manager": manager,
        "operation": "Apply",
        "apiVersion": first["apiVersion"],
        "time": first["time"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }));
    Some(kept)
}

/// The `managedFields` of a claim that Kubernetes made after a template, without its say in size and labels: nobody says them
/// again once the template is gone, and growing the volume is no conflict then. `None` where there is nothing to change.
fn without_maker(live: &Object) -> Option<Vec<Value>> {
    const MAKER: &str = "kube-controller-manager";
    if live.kind() != "PersistentVolumeClaim" {
        return None;
    }
    let mut entries = live.list(&["metadata", "managedFields"]).to_vec();
    let mut found = false;
    for entry in entries.iter_mut().filter(|entry| entry["manager"] == MAKER && entry.get("subresource").is_none()) {
        let Some(whole) = entry["fieldsV1"].as_object_mut() else { continue };
        for (at, field) in [("f:spec", "f:resources"), ("f:metadata", "f:labels")] {
            let Some(fields) = whole.get_mut(at).and_then(Value::as_object_mut) else { continue };
            found |= fields.remove(field).is_some();
            // An empty one would own all of it.
            if fields.is_empty() {
                whole.remove(at);
            }
        }
    }
    found.then_some(entries)
}

fn union(into: &mut Value, from: &Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (key, value) in from {
            union(into.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": "t", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn object(entries: &[Value]) -> Object {
        Object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": entries}}))
    }

    fn marked(more: Value) -> Value {
        let mut fields = json!({"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}}}});
        union(&mut fields, &more);
        fields
    }

    #[test]
    fn what_helm_owned_by_update_or_by_apply_is_ours_by_apply_and_others_keep_theirs() {
        for operation in ["Update", "Apply"] {
            let person = entry("kubectl-edit", "Update", json!({"f:data": {"f:b": {}}}));
            let live = object(&[entry("helm", operation, marked(json!({"f:data": {"f:a": {}}}))), person.clone()]);
            let fields = handed_over(&live, "slipway:n/r").unwrap();
            assert_eq!(fields[0], person);
            assert_eq!(fields[1], entry("slipway:n/r", "Apply", marked(json!({"f:data": {"f:a": {}}}))), "{operation}");
            assert_eq!(fields.len(), 2);
        }
    }

    #[test]
    fn both_of_helms_entries_and_ours_become_one() {
        let live = object(&[
            entry("helm", "Apply", marked(json!({"f:data": {"f:a": {}}}))),
            entry("helm", "Update", json!({"f:data": {"f:b": {}}})),
            entry("slipway:n/r", "Apply", json!({"f:data": {"f:c": {}}})),
        ]);
        let fields = handed_over(&live, "slipway:n/r").unwrap();
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0]["fieldsV1"]["f:data"], json!({"f:a": {}, "f:b": {}, "f:c": {}}));
    }

    #[test]
    fn size_and_labels_of_a_claim_that_was_made_after_a_template_are_nobodys_but_ours() {
        let spec = json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:resources": {"f:requests": {}}, "f:volumeName": {}}});
        let mut claim = object(&[entry("kube-controller-manager", "Update", spec)]);
        claim.set(&["kind"], "PersistentVolumeClaim".into());
        let fields = handed_over(&claim, "slipway:n/r").unwrap();
        assert_eq!(fields[0]["fieldsV1"], json!({"f:spec": {"f:volumeName": {}}}));
        claim.set(&["metadata", "managedFields"], Value::Array(fields));
        assert_eq!(handed_over(&claim, "slipway:n/r"), None);
    }

    #[test]
    fn an_object_that_was_handed_over_is_left_as_it_is() {
        let live = object(&[entry("slipway:n/r", "Apply", marked(json!({})))]);
        assert_eq!(handed_over(&live, "slipway:n/r"), None);
    }
}
