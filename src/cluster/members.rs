//! What is there of a release: the members of its set by label, and what outlives it.

use std::collections::{BTreeMap, BTreeSet};

use super::applyset::group_kinds;
use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::facts::Fact;
use crate::object::{Object, ObjectId};
use crate::plan::Target;
use crate::plan::set::{PART_OF, RELEASE};
use crate::plan::uninstall::{Held, KeySecret, Usage, Volume, is_key};

impl Cluster {
    /// The members of a release's set, of the kinds that its parent names; without what another object owns, which goes
    /// with its owner.
    ///
    /// # Errors
    /// A kind may not be listed: whether there are members is not known then.
    pub async fn members(&self, target: &Target, parent: Option<&Object>) -> Result<Vec<Object>, Fault> {
        self.members_of(target, &parent.map(group_kinds).unwrap_or_default()).await
    }

    /// The members of a release's set of those kinds, each `Kind.group`: of what its parent names, and where that is lost of
    /// what its record knows.
    ///
    /// # Errors
    /// As [`Cluster::members`].
    pub async fn members_of(&self, target: &Target, kinds: &BTreeSet<String>) -> Result<Vec<Object>, Fault> {
        let selector = format!("{PART_OF}={}", target.set_id());
        let lists = kinds.iter().map(|name| {
            let (kind, group) = name.split_once('.').unwrap_or((name, ""));
            self.members_of_kind(target, group, kind, &selector)
        });
        let mut members = futures::future::try_join_all(lists).await?.concat();
        members.retain(|object| object.list(&["metadata", "ownerReferences"]).is_empty());
        Ok(members)
    }

    async fn members_of_kind(
        &self,
        target: &Target,
        group: &str,
        kind: &str,
        selector: &str,
    ) -> Result<Vec<Object>, Fault> {
        let resource = match self.resource(group, kind, "").await {
            Ok(resource) => resource,
            // Its definition is gone, and its objects with it.
            Err(fault) if fault.kind == FaultKind::UnknownKind => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        let namespace = if resource.namespaced { target.namespace.as_str() } else { "" };
        Ok(self.list(group, kind, namespace, selector).await?.objects)
    }

    /// Everything of a release: members, and the volumes and keys that outlive it. Values of Secrets are dropped at once.
    ///
    /// # Errors
    /// What must be known before anything is deleted may not be read.
    pub async fn held(&self, target: &Target, parent: Option<&Object>) -> Result<Held, Fault> {
        self.held_of(target, &parent.map(group_kinds).unwrap_or_default()).await
    }

    /// The same for members of those kinds, each `Kind.group`.
    ///
    /// # Errors
    /// As [`Cluster::held`].
    pub async fn held_of(&self, target: &Target, kinds: &BTreeSet<String>) -> Result<Held, Fault> {
        let (namespace, selector) = (&target.namespace, format!("{RELEASE}={}", target.release));
        let (members, claims, secrets, pods) = tokio::join!(
            self.members_of(target, kinds),
            self.list("", "PersistentVolumeClaim", namespace, &selector),
            self.list("", "Secret", namespace, &selector),
            self.list("", "Pod", namespace, ""),
        );
        let (claims, pods) = (claims?.objects, pods?.objects);
        let mut secrets = secrets?.objects;
        secrets.retain(is_key);
        secrets.iter_mut().for_each(|secret| drop(secret.remove(&["data"])));
        let volumes = self.volumes(namespace, &claims, &pods).await;
        let keys = secrets.iter().map(KeySecret::of).collect();
        let mut objects = members?;
        let known: Vec<ObjectId> = objects.iter().map(Object::id).collect();
        objects.extend(claims.into_iter().chain(secrets).filter(|object| !known.contains(&object.id())));
        Ok(Held { objects, volumes, keys, unmarked: Vec::new() })
    }

    /// The volumes behind claims, with their disks and how full they are. What may not be read of a disk is unknown.
    pub async fn volumes(&self, namespace: &str, claims: &[Object], pods: &[Object]) -> Vec<Volume> {
        let names: BTreeSet<&str> =
            claims.iter().map(|claim| claim.text(&["spec", "volumeName"])).filter(|disk| !disk.is_empty()).collect();
        let disks = futures::future::join_all(names.into_iter().map(|disk| async move {
            let read = match self.find(&ObjectId::new("", "PersistentVolume", "", disk)).await {
                Ok(Some(found)) => Fact::Known(found),
                Ok(None) => Fact::Unknown("it is gone".into()),
                Err(fault) => Fact::Unknown(fault.to_string()),
            };
            (disk.to_string(), read)
        }));
        let (disks, usages) = tokio::join!(disks, self.measured(namespace, claims, pods));
        let disks: BTreeMap<String, Fact<Object>> = disks.into_iter().collect();
        let mut volumes: Vec<Volume> = claims.iter().map(|claim| Volume::of(claim, &disks, pods)).collect();
        for volume in volumes.iter_mut().filter(|volume| !volume.disk.is_empty()) {
            volume.usage = Some(usages.get(&volume.name).cloned().unwrap_or(Usage::Unknown));
        }
        volumes
    }
}
