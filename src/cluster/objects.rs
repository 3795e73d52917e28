//! Objects by kind: get, list, server-side apply, create, replace, patch, delete.

use http::Method;
use serde_json::{Value, json};

use super::ask::Ask;
use super::connect::Cluster;
use super::discovery::Resource;
use super::fault::{Fault, FaultKind};
use crate::object::{Object, ObjectId};

/// How an object is applied.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// Field manager.
    pub manager: String,
    /// Take fields from others: only after the operator said so for that conflict.
    pub force: bool,
    /// Judge only; nothing is written.
    pub dry_run: bool,
    /// The kind may not be served yet, since its CRD was just made: try again.
    pub kind_may_come: bool,
}

/// What happens to the objects that depend on a deleted one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They are deleted first; the object goes last.
    Foreground,
    /// They stay.
    Orphan,
}

/// What a deletion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It was gone already.
    Absent,
    /// It is gone.
    Gone,
    /// It ends once nothing holds it any more: finalizers, its pods, its time.
    Going,
}

/// How an object is deleted.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    /// It must still be this one; empty for no precondition.
    pub uid: String,
    /// It must be unchanged since this version; empty for no precondition.
    pub resource_version: String,
    /// What happens to what depends on it.
    pub propagation: Propagation,
    /// Judge only.
    pub dry_run: bool,
}

impl Deletion {
    /// Deletes just the object that has this UID.
    pub fn of(uid: &str) -> Self {
        Self { uid: uid.into(), ..Self::default() }
    }
}

/// A list and the version of the cluster it shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The objects; each carries its `apiVersion` and `kind`.
    pub objects: Vec<Object>,
    /// Where a watch can go on.
    pub resource_version: String,
}

/// Objects of one page of a list.
const PAGE: &str = "500";

impl Cluster {
    /// One object in the server's preferred version.
    ///
    /// # Errors
    /// [`Fault::is_absent`] when it is not there; every other fault means that this is not known.
    pub async fn get(&self, id: &ObjectId) -> Result<Object, Fault> {
        let resource = self.resource(&id.group, &id.kind, "").await?;
        self.get_as(&resource, id).await
    }

    /// One object, or `None` where it is not there.
    ///
    /// # Errors
    /// Whether it is there could not be told.
    pub async fn find(&self, id: &ObjectId) -> Result<Option<Object>, Fault> {
        match self.get(id).await {
            Ok(object) => Ok(Some(object)),
            Err(fault) if fault.is_absent() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn get_as(&self, resource: &Resource, id: &ObjectId) -> Result<Object, Fault> {
        let path = format!("{}/{}", resource.path(&id.namespace), id.name);
        self.ask(Ask::get(path, format!("read {} {}", id.kind, id.name)).at(id)).await.map(Object)
    }

    /// All objects of a kind in a namespace (empty: over all), by label selector (empty: all).
    ///
    /// # Errors
    /// Any fault of the request.
    pub async fn list(&self, group: &str, kind: &str, namespace: &str, selector: &str) -> Result<Listed, Fault> {
        let resource = self.resource(group, kind, "").await?;
        self.list_as(&resource, namespace, selector).await
    }

    pub(super) async fn list_as(&self, resource: &Resource, namespace: &str, selector: &str) -> Result<Listed, Fault> {
        let mut listed = Listed::default();
        let mut token = String::new();
        loop {
            let mut ask = Ask::get(resource.path(namespace), format!("list {}", resource.plural)).query("limit", PAGE);
            ask.at = if namespace.is_empty() {
                resource.plural.clone()
            } else {
                format!("{} in {namespace}", resource.plural)
            };
            if !selector.is_empty() {
                ask = ask.query("labelSelector", selector);
            }
            if !token.is_empty() {
                ask = ask.query("continue", &token);
            }
            let mut page = self.ask(ask).await?;
            let meta = |key: &str| {
                page.get("metadata").and_then(|meta| meta.get(key)).and_then(Value::as_str).unwrap_or("").to_string()
            };
            token = meta("continue");
            listed.resource_version = meta("resourceVersion");
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                listed.objects.extend(items.into_iter().map(|item| with_type(item, resource)));
            }
            if token.is_empty() {
                return Ok(listed);
            }
        }
    }

    /// Server-side apply with strict field validation; the object as it is afterwards (facts: installers 6.1).
    ///
    /// # Errors
    /// Any fault; [`FaultKind::Conflicts`] when others own fields and `force` is not set.
    pub async fn apply(&self, object: &Object, how: &Apply) -> Result<Object, Fault> {
        let resource = match self.resource_of(object).await {
            Err(fault) if how.kind_may_come && fault.kind == FaultKind::UnknownKind => {
                self.kind_that_comes(object).await?
            }
            found => found?,
        };
        let id = object.id();
        let word = if how.dry_run { "try" } else { "apply" };
        let path = format!("{}/{}", resource.path(object.namespace()), object.name());
        let mut ask = Ask::new(Method::PATCH, path, format!("{word} {} {}", id.kind, id.name))
            .at(&id)
            .query("fieldManager", &how.manager)
            .query("fieldValidation", "Strict")
            .json("application/apply-patch+yaml", &object.0);
        if how.force {
            ask = ask.query("force", "true");
        }
        if how.dry_run {
            ask = ask.query("dryRun", "All");
        }
        ask.changed_again = true;
        ask.unknown_again = how.kind_may_come;
        self.ask(ask).await.map(Object)
    }

    /// Asks for a kind until the server serves it: a CRD is established a moment before (facts: installers 6.3).
    async fn kind_that_comes(&self, object: &Object) -> Result<Resource, Fault> {
        let mut wait = self.patience().first;
        let mut attempt = 1;
        loop {
            tokio::time::sleep(wait).await;
            self.forget_kinds();
            match self.resource_of(object).await {
                Err(fault) if fault.kind == FaultKind::UnknownKind && attempt < self.patience().attempts => {
                    attempt += 1;
                    wait = (wait * 2).min(self.patience().longest);
                }
                found => return found,
            }
        }
    }

    /// Makes an object; it must not be there yet.
    ///
    /// # Errors
    /// [`FaultKind::AlreadyExists`] when it is there; after a lost connection that may be our own.
    pub async fn create(&self, object: &Object, manager: &str) -> Result<Object, Fault> {
        self.post(object, manager, false).await
    }

    /// Asks whether an object could be made; nothing is written.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn try_create(&self, object: &Object, manager: &str) -> Result<Object, Fault> {
        self.post(object, manager, true).await
    }

    async fn post(&self, object: &Object, manager: &str, dry_run: bool) -> Result<Object, Fault> {
        let resource = self.resource_of(object).await?;
        let id = object.id();
        let word = if dry_run { "try" } else { "create" };
        let mut ask =
            Ask::new(Method::POST, resource.path(object.namespace()), format!("{word} {} {}", id.kind, id.name))
                .at(&id)
                .query("fieldManager", manager)
                .query("fieldValidation", "Strict")
                .json("application/json", &object.0);
        if dry_run {
            ask = ask.query("dryRun", "All");
            // What is only tried may be tried again, whoever was faster.
            ask.changed_again = true;
        }
        self.ask(ask).await.map(Object)
    }

    /// Replaces an object; its `metadata.resourceVersion`, where set, must still be the live one.
    ///
    /// # Errors
    /// [`FaultKind::Changed`] when somebody was faster.
    pub async fn replace(&self, object: &Object, manager: &str) -> Result<Object, Fault> {
        let resource = self.resource_of(object).await?;
        let id = object.id();
        let path = format!("{}/{}", resource.path(object.namespace()), object.name());
        let ask = Ask::new(Method::PUT, path, format!("update {} {}", id.kind, id.name))
            .at(&id)
            .query("fieldManager", manager)
            .json("application/json", &object.0);
        self.ask(ask).await.map(Object)
    }

    /// Changes an object by a JSON merge patch, or of a subresource when that is not empty.
    ///
    /// # Errors
    /// Any fault of the request.
    pub async fn patch(&self, id: &ObjectId, subresource: &str, patch: &Value, manager: &str) -> Result<Object, Fault> {
        let resource = self.resource(&id.group, &id.kind, "").await?;
        let mut path = format!("{}/{}", resource.path(&id.namespace), id.name);
        if !subresource.is_empty() {
            path.push('/');
            path.push_str(subresource);
        }
        let ask = Ask::new(Method::PATCH, path, format!("change {} {}", id.kind, id.name))
            .at(id)
            .query("fieldManager", manager)
            .json("application/merge-patch+json", patch);
        self.ask(ask).await.map(Object)
    }

    /// Deletes an object; `false` when it was gone already. It may still be there a while, see [`Cluster::gone`].
    ///
    /// # Errors
    /// [`FaultKind::Changed`] when a precondition does not hold.
    pub async fn delete(&self, id: &ObjectId, how: &Deletion) -> Result<bool, Fault> {
        self.remove(id, how).await.map(|removed| removed != Removal::Absent)
    }

    /// The same, and whether something still holds it.
    ///
    /// # Errors
    /// As [`Cluster::delete`].
    pub async fn remove(&self, id: &ObjectId, how: &Deletion) -> Result<Removal, Fault> {
        let resource = self.resource(&id.group, &id.kind, "").await?;
        let path = format!("{}/{}", resource.path(&id.namespace), id.name);
        let propagation = match how.propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        };
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
        if !how.uid.is_empty() {
            options["preconditions"]["uid"] = how.uid.as_str().into();
        }
        if !how.resource_version.is_empty() {
            options["preconditions"]["resourceVersion"] = how.resource_version.as_str().into();
        }
        let ask = || {
            let ask = Ask::new(Method::DELETE, path.clone(), format!("delete {} {}", id.kind, id.name)).at(id);
            let ask = ask.json("application/json", &options);
            if how.dry_run { ask.query("dryRun", "All") } else { ask }
        };
        let mut attempt = 1;
        loop {
            let fault = match self.ask(ask()).await {
                // The server answers with the object where it only begins to end, and with a Status once it is gone.
                Ok(answer) if answer["kind"] == "Status" && answer["status"] == "Success" => return Ok(Removal::Gone),
                Ok(_) => return Ok(Removal::Going),
                Err(fault) if fault.is_absent() => return Ok(Removal::Absent),
                Err(fault) => fault,
            };
            if fault.kind != FaultKind::Changed || how.dry_run {
                return Err(fault);
            }
            match self.find(id).await? {
                None => return Ok(Removal::Absent),
                Some(live) if !how.uid.is_empty() && live.uid() != how.uid => return Err(fault),
                // It is going already: by this deletion, whose answer was lost, or by another's.
                Some(live) if live.at(&["metadata", "deletionTimestamp"]).is_some() => return Ok(Removal::Going),
                Some(_) if !how.resource_version.is_empty() => return Err(fault),
                // A UID never changes: where it is still the one that is meant, somebody wrote the object at that very moment.
                Some(_) if attempt < self.patience().attempts => self.wait(&ask(), &fault, attempt).await,
                Some(_) => return Err(fault),
            }
            attempt += 1;
        }
    }
}

/// Items of a list come without their type.
pub(super) fn with_type(item: Value, resource: &Resource) -> Object {
    let mut object = Object(item);
    if object.kind().is_empty() {
        object.set(&["kind"], resource.kind.as_str().into());
        object.set(&["apiVersion"], resource.api_version().into());
    }
    object
}
