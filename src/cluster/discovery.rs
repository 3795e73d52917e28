//! Which kinds the server knows: aggregated discovery (KEP-3352, `apidiscovery.k8s.io/v2`), read once, kept, and read
//! again once when a kind is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::ask::Ask;
use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::object::{Object, ObjectId};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// One kind as the server serves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Its name in paths: `deployments`.
    pub plural: String,
    /// It lives in a namespace.
    pub namespaced: bool,
    /// What can be asked: `get`, `list`, `watch`, `create` …
    pub verbs: Vec<String>,
    /// Its subresources: `status`, `scale` …
    pub subresources: Vec<String>,
}

impl Resource {
    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `Kind.group`.
    pub fn group_kind(&self) -> String {
        ObjectId::new(&self.group, &self.kind, "", "").group_kind()
    }

    /// Path of its collection, in a namespace or over all when that is empty.
    pub(super) fn path(&self, namespace: &str) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        path
    }
}

/// All kinds of a server; for each group and kind its versions, the preferred one first.
#[derive(Debug, Default)]
pub(super) struct Kinds(BTreeMap<(String, String), Vec<Resource>>);

impl Kinds {
    fn find(&self, group: &str, kind: &str, version: &str) -> Option<&Resource> {
        let versions = self.0.get(&(group.to_string(), kind.to_string()))?;
        if version.is_empty() { versions.first() } else { versions.iter().find(|resource| resource.version == version) }
    }

    fn add(&mut self, list: &Value) {
        for group in items(list) {
            let name = text(group, &["metadata", "name"]);
            for version in group.get("versions").and_then(Value::as_array).into_iter().flatten() {
                for resource in version.get("resources").and_then(Value::as_array).into_iter().flatten() {
                    // Subresources such as `status` have a kind of their own but no place of their own.
                    let names = |key: &str| -> Vec<String> {
                        let list = resource.get(key).and_then(Value::as_array).into_iter().flatten();
                        list.filter_map(|item| {
                            Some(item.as_str().or_else(|| item.get("subresource")?.as_str())?.to_string())
                        })
                        .collect()
                    };
                    let found = Resource {
                        group: name.clone(),
                        version: text(version, &["version"]),
                        kind: text(resource, &["responseKind", "kind"]),
                        plural: text(resource, &["resource"]),
                        namespaced: text(resource, &["scope"]) == "Namespaced",
                        verbs: names("verbs"),
                        subresources: names("subresources"),
                    };
                    self.0.entry((found.group.clone(), found.kind.clone())).or_default().push(found);
                }
            }
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("items").and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, path: &[&str]) -> String {
    let found = path.iter().try_fold(value, |value, key| value.get(key));
    found.and_then(Value::as_str).unwrap_or("").to_string()
}

impl Cluster {
    /// The kind of an object as the server serves it.
    ///
    /// # Errors
    /// [`FaultKind::UnknownKind`] when the server does not know it even after asking anew.
    pub async fn resource_of(&self, object: &Object) -> Result<Resource, Fault> {
        self.resource(object.group(), object.kind(), object.version()).await
    }

    /// A kind by group and kind, in a version or, when that is empty, in the server's preferred one.
    ///
    /// # Errors
    /// [`FaultKind::UnknownKind`] when the server does not know it even after asking anew.
    pub async fn resource(&self, group: &str, kind: &str, version: &str) -> Result<Resource, Fault> {
        let before = self.known_kinds();
        if let Some(found) = before.as_ref().and_then(|kinds| kinds.find(group, kind, version)) {
            return Ok(found.clone());
        }
        let kinds = self.discover(before).await?;
        kinds.find(group, kind, version).cloned().ok_or_else(|| {
            let id = ObjectId::new(group, kind, "", "");
            let asked = self.asked(&Ask::get("", format!("find the kind {}", id.group_kind())));
            Fault::without_answer(
                FaultKind::UnknownKind,
                &asked,
                format!("the cluster does not know the kind {}", id.group_kind()),
            )
        })
    }

    /// Whether the server knows a kind.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn knows(&self, group: &str, kind: &str) -> Result<bool, Fault> {
        match self.resource(group, kind, "").await {
            Ok(_) => Ok(true),
            Err(fault) if fault.kind == FaultKind::UnknownKind => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Every kind the server serves, in its preferred version.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn resources(&self) -> Result<Vec<Resource>, Fault> {
        let kinds = match self.known_kinds() {
            Some(kinds) => kinds,
            None => self.discover(None).await?,
        };
        Ok(kinds.0.values().filter_map(|versions| versions.first().cloned()).collect())
    }

    /// Lets the next question for a kind ask the server: after a CRD was made.
    pub fn forget_kinds(&self) {
        self.learn_kinds(None);
    }

    async fn discover(&self, before: Option<Arc<Kinds>>) -> Result<Arc<Kinds>, Fault> {
        let _one = self.discovering().lock().await;
        // Somebody else may have asked while we waited.
        if let Some(kinds) = self.known_kinds()
            && !before.is_some_and(|before| Arc::ptr_eq(&before, &kinds))
        {
            return Ok(kinds);
        }
        let read = async |path: &str| {
            let mut ask = Ask::get(path, "read which kinds the cluster knows");
            ask.accept = AGGREGATED;
            self.ask(ask).await
        };
        let mut kinds = Kinds::default();
        kinds.add(&read("/api").await?);
        kinds.add(&read("/apis").await?);
        let kinds = Arc::new(kinds);
        self.learn_kinds(Some(kinds.clone()));
        Ok(kinds)
    }
}
