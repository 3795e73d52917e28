//! A Kubernetes object as data, its name, and the id that stays the same through a run and between runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Names one object in one cluster: `Kind.group/namespace/name`, without the group for core kinds and without the
/// namespace for cluster-scoped ones. The version is left out, since one object can be read in several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// API group, empty for the core group.
    pub group: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

impl ObjectId {
    /// An id from its parts; an empty `namespace` means cluster-scoped.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// `Kind.group`, or `Kind` for core kinds, as the apply set's annotation writes it (KEP-3659).
    pub fn group_kind(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// `Kind/name`, the short form that operators type (`--adopt Secret/inngest`).
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.group_kind())?;
        if !self.namespace.is_empty() {
            write!(f, "/{}", self.namespace)?;
        }
        write!(f, "/{}", self.name)
    }
}

/// The text is not `Kind.group/namespace/name`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` does not name an object: write Kind.group/namespace/name, such as Deployment.apps/inngest/inngest")]
pub struct NotAnObjectId(String);

impl FromStr for ObjectId {
    type Err = NotAnObjectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts[..] {
            [kind, name] => (kind, "", name),
            [kind, namespace, name] => (kind, namespace, name),
            _ => return Err(NotAnObjectId(text.into())),
        };
        let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
        if kind.is_empty() || name.is_empty() || (parts.len() == 3 && namespace.is_empty()) {
            return Err(NotAnObjectId(text.into()));
        }
        Ok(Self::new(group, kind, namespace, name))
    }
}

impl Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A Kubernetes object as JSON, in the author's key order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(pub Value);

impl Object {
    /// `apiVersion`, empty when missing.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// `kind`, empty when missing.
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// API group out of `apiVersion`, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// API version out of `apiVersion`, such as `v1`.
    pub fn version(&self) -> &str {
        self.api_version().rsplit('/').next().unwrap_or("")
    }

    /// `metadata.name`, empty when missing.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`, empty when missing.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    /// `metadata.uid`, empty for an object that was never in a cluster.
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`, empty for an object that was never in a cluster.
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"])
    }

    /// The object's stable id.
    pub fn id(&self) -> ObjectId {
        ObjectId::new(self.group(), self.kind(), self.namespace(), self.name())
    }

    /// The value at a path of keys, if it is there.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, key| value.get(key))
    }

    /// The text at a path of keys, empty when it is missing or not text.
    pub fn text(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or("")
    }

    /// The integer at a path of keys.
    pub fn integer(&self, path: &[&str]) -> Option<i64> {
        self.at(path).and_then(Value::as_i64)
    }

    /// The list at a path of keys, empty when it is missing.
    pub fn list(&self, path: &[&str]) -> &[Value] {
        self.at(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.at(&["metadata", "labels", key]).and_then(Value::as_str)
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.at(&["metadata", "annotations", key]).and_then(Value::as_str)
    }

    /// Sets a label, making the maps on the way.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "labels", key], Value::from(value));
    }

    /// Sets an annotation, making the maps on the way.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "annotations", key], Value::from(value));
    }

    /// Sets the value at a path of keys, making the maps on the way; what is on the way and not a map is replaced.
    pub fn set(&mut self, path: &[&str], new: Value) {
        let mut value = &mut self.0;
        for key in path {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            let Value::Object(map) = value else { return };
            value = map.entry(key.to_string()).or_insert(Value::Null);
        }
        *value = new;
    }

    /// Takes the value at a path of keys out of the object.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, way) = path.split_last()?;
        let parent = way.iter().try_fold(&mut self.0, |value, key| value.get_mut(key))?;
        parent.as_object_mut()?.shift_remove(*last)
    }

    /// The pod template of a workload (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob), or of a Pod
    /// the path to the pod itself.
    pub fn pod_template_path(&self) -> Option<&'static [&'static str]> {
        match self.kind() {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => Some(&["spec", "template"]),
            "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
            "Pod" => Some(&[]),
            _ => None,
        }
    }

    /// The PodSpec inside a workload, or of a Pod.
    pub fn pod_spec(&self) -> Option<&Value> {
        let path = self.pod_template_path()?;
        self.at(path)?.get("spec")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        for text in [
            "Deployment.apps/inngest/inngest",
            "ConfigMap/inngest/a",
            "ClusterRole.rbac.authorization.k8s.io/x",
            "Namespace/inngest",
        ] {
            assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_text_that_names_no_object_is_refused_with_an_example() {
        for text in ["", "Deployment", "a/b/c/d", "Deployment.apps//x", "/x"] {
            assert!(
                text.parse::<ObjectId>().unwrap_err().to_string().contains("Deployment.apps/inngest/inngest"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_path_is_made_where_it_is_missing_and_removed_where_it_is() {
        let mut object = Object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}));
        object.set_label("x", "y");
        assert_eq!(object.label("x"), Some("y"));
        assert_eq!(object.remove(&["metadata", "labels", "x"]), Some(json!("y")));
        assert_eq!(object.label("x"), None);
        assert_eq!(object.id().to_string(), "Deployment.apps/a");
    }
}
