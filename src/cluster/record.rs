//! The record of a release: one revision per attempt at changing it (cluster.md 1). It holds no secret value.

mod packed;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use packed::{pack, understand, unpack};
pub use standing::{Standing, standing};

use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use super::objects::Deletion;
use crate::error::{Failure, FailureKind};
use crate::object::{Object, ObjectId};
use crate::plan::set::RELEASE;
use crate::plan::{Plan, Target};

/// Version of the record's format. A record with a higher one is never written.
pub const FORMAT: u32 = 1;
/// Label that tells a revision from the release's other ConfigMaps; the value is its number.
pub const REVISION: &str = "slipway.dev/revision";
/// An object may have 1 MiB in all; base64 takes a third, the rest is for metadata.
const PART: usize = 650_000;
/// How many revisions are kept.
pub const KEPT: usize = 10;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is under way, or its client died.
    #[default]
    Pending,
    /// It ended well.
    Deployed,
    /// It failed.
    Failed,
    /// It was left before its end, and another took its place.
    Superseded,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Deployed => "deployed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }
}

/// What was written of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Written {
    /// UID of the live object.
    pub uid: String,
    /// HMAC of what was sent; empty where it could not be salted.
    pub sent: String,
    /// HMAC of the fields we own, as they were afterwards.
    pub owned: String,
}

/// A step that cannot be undone by doing it again, noted before it is begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// `replace`, `delete`, `prune`.
    pub step: String,
    /// The object.
    pub id: ObjectId,
    /// Its UID at that time.
    pub uid: String,
    /// The object at that time; of a Secret without its data.
    pub original: Object,
}

/// The part of a revision that changes while it is pending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Progress {
    /// How it ended, so far.
    pub outcome: Outcome,
    /// Why it failed.
    pub why: String,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The wave that was begun last.
    pub wave: u32,
    /// Restart hashes by workload, once the keys are known.
    pub hashes: BTreeMap<ObjectId, String>,
    /// What was written.
    pub written: BTreeMap<ObjectId, Written>,
    /// Fields that the operator left to another manager.
    pub left: BTreeMap<ObjectId, Vec<String>>,
    /// Steps that deleted or replaced.
    pub journal: Vec<JournalEntry>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its number, from 1.
    pub number: u32,
    /// Program and version that wrote it.
    pub writer: String,
    /// User and host.
    pub who: String,
    /// When it began.
    pub began: Timestamp,
    /// What was to be done: product, answers, facts, rendered objects with recipes.
    pub plan: Plan,
    /// How far it came.
    #[serde(skip)]
    pub progress: Progress,
    /// `metadata.resourceVersion` of its ConfigMap, empty before it is written.
    #[serde(skip)]
    pub resource_version: String,
}

impl Revision {
    /// A new pending revision.
    pub fn new(number: u32, plan: &Plan, who: &str) -> Self {
        Self {
            number,
            writer: concat!("slipway/", env!("CARGO_PKG_VERSION")).into(),
            who: who.into(),
            began: Timestamp::now(),
            // What it was made from is old once it is written down.
            plan: Plan { seen: BTreeMap::new(), ..plan.clone() },
            progress: Progress::default(),
            resource_version: String::new(),
        }
    }

    pub fn name(target: &Target, number: u32) -> String {
        format!("{}.r{number}", target.parent_name())
    }

    /// The ConfigMap that tells how far it came.
    pub fn id(&self, target: &Target) -> ObjectId {
        ObjectId::new("", "ConfigMap", &target.namespace, &Self::name(target, self.number))
    }

    /// The ConfigMaps that hold it: the parts first, the one that makes them valid last.
    fn objects(&self, target: &Target) -> Result<Vec<Object>, Failure> {
        let packed = pack(self)?;
        let digest: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut chunks: Vec<&[u8]> = packed.chunks(PART).collect();
        let last = chunks.pop().unwrap_or_default();
        let closed = self.progress.outcome != Outcome::Pending;
        let config_map = |name: String, data: Map<String, Value>, bytes: &[(&str, &[u8])]| {
            let binary: Map<String, Value> =
                bytes.iter().map(|(key, bytes)| (key.to_string(), BASE64.encode(bytes).into())).collect();
            let mut object = Object(json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": name,
                    "namespace": target.namespace,
                    "labels": {RELEASE: target.release, REVISION: self.number.to_string(), "app.kubernetes.io/managed-by": "slipway"},
                },
                "data": data,
                "binaryData": binary,
            }));
            if closed {
                object.set(&["immutable"], true.into());
            }
            object
        };
        let name = Self::name(target, self.number);
        let mut objects: Vec<Object> = chunks
            .iter()
            .enumerate()
            .map(|(i, chunk)| config_map(format!("{name}.{}", i + 1), Map::new(), &[("plan", chunk)]))
            .collect();
        let text = |value: &str| Value::from(value);
        let data = Map::from_iter([
            ("format".to_string(), text(&FORMAT.to_string())),
            ("writer".to_string(), text(&self.writer)),
            ("revision".to_string(), text(&self.number.to_string())),
            ("parts".to_string(), text(&objects.len().to_string())),
            ("digest".to_string(), text(&digest)),
            ("outcome".to_string(), text(self.progress.outcome.word())),
            ("verb".to_string(), text(self.plan.verb.word())),
            ("product".to_string(), text(&self.plan.product.name)),
            ("version".to_string(), text(&self.plan.product.version)),
            ("who".to_string(), text(&self.who)),
            ("began".to_string(), text(&self.began.to_string())),
        ]);
        let progress = pack(&self.progress)?;
        let mut main = config_map(name, data, &[("plan", last), ("progress", &progress)]);
        if !self.resource_version.is_empty() {
            main.set(&["metadata", "resourceVersion"], self.resource_version.as_str().into());
        }
        objects.push(main);
        Ok(objects)
    }

    /// Writes it: the first time all of it, later only the progress, by compare-and-swap.
    ///
    /// # Errors
    /// Somebody else wrote it meanwhile, or it cannot be written.
    pub async fn write(&mut self, cluster: &Cluster, target: &Target) -> Result<(), Failure> {
        let manager = target.field_manager();
        let mut objects = self.objects(target)?;
        let main = objects.pop().ok_or_else(|| Failure::new(FailureKind::Bug, "a record without a part"))?;
        if self.resource_version.is_empty() {
            for part in &objects {
                // A part of a run that died before its main part was written means nothing.
                cluster.delete(&part.id(), &Deletion::default()).await?;
                settled(cluster, part, cluster.create(part, &manager).await).await?;
            }
            let made = settled(cluster, &main, cluster.create(&main, &manager).await).await?;
            self.resource_version = made.resource_version().into();
            return Ok(());
        }
        if main.at(&["immutable"]).is_some() {
            for part in &objects {
                cluster.patch(&part.id(), "", &json!({"immutable": true}), &manager).await?;
            }
        }
        let written = settled(cluster, &main, cluster.replace(&main, &manager).await).await?;
        self.resource_version = written.resource_version().into();
        Ok(())
    }

    /// Deletes it with its parts.
    ///
    /// # Errors
    /// It cannot be deleted.
    pub async fn delete(cluster: &Cluster, target: &Target, number: u32) -> Result<(), Failure> {
        let selector = format!("{RELEASE}={},{REVISION}={number}", target.release);
        let mut parts = cluster.list("", "ConfigMap", &target.namespace, &selector).await?.objects;
        // What makes them valid goes first: a record of which some is gone would be a damaged one.
        parts.sort_by_key(|part| part.at(&["data", "format"]).is_none());
        for part in parts {
            cluster.delete(&part.id(), &Deletion::of(part.uid())).await?;
        }
        Ok(())
    }
}

/// A write whose answer was lost is refused when it is made again: what is there is then just what was sent. A record says who
/// began it and when, so that nobody else's is the same.
async fn settled(cluster: &Cluster, sent: &Object, written: Result<Object, Fault>) -> Result<Object, Fault> {
    let fault = match written {
        Err(fault) if matches!(fault.kind, FaultKind::AlreadyExists | FaultKind::Changed) => fault,
        written => return written,
    };
    let same =
        |live: &Object| ["data", "binaryData", "immutable"].iter().all(|part| live.at(&[part]) == sent.at(&[part]));
    match cluster.find(&sent.id()).await? {
        Some(live) if same(&live) => Ok(live),
        _ => Err(fault),
    }
}

/// The revisions of a release, the newest first.
///
/// # Errors
/// They cannot be read, are damaged, or are of a newer format.
pub async fn read(cluster: &Cluster, target: &Target) -> Result<Vec<Revision>, Failure> {
    let selector = format!("{RELEASE}={},{REVISION}", target.release);
    let listed = cluster.list("", "ConfigMap", &target.namespace, &selector).await?.objects;
    understand(&listed)
}

/// The names of the releases of a product in a namespace, by their records.
///
/// # Errors
/// The records cannot be listed.
pub async fn releases(cluster: &Cluster, namespace: &str, product: &str) -> Result<BTreeSet<String>, Failure> {
    let listed = cluster.list("", "ConfigMap", namespace, &format!("{RELEASE},{REVISION}")).await?.objects;
    let of_it = listed.iter().filter(|object| object.text(&["data", "product"]) == product);
    Ok(of_it.filter_map(|object| object.label(RELEASE).map(str::to_string)).collect())
}

/// How far a revision came, by its ConfigMap.
///
/// # Errors
/// It is damaged.
pub fn progress(main: &Object) -> Result<Progress, Failure> {
    let unreadable = |why: String| {
        Failure::new(FailureKind::Invalid, "the release's record is damaged").place(main.id().to_string()).why(why)
    };
    let packed =
        BASE64.decode(main.text(&["binaryData", "progress"])).map_err(|error| unreadable(error.to_string()))?;
    unpack(&packed).map_err(unreadable)
}

/// A revision that cannot be read, with what is there of it.
#[derive(Clone, Debug)]
pub struct Torn {
    /// Its number.
    pub number: u32,
    /// Its ConfigMaps.
    pub objects: Vec<Object>,
    /// What is wrong with it.
    pub why: String,
}

/// The revisions of a release that can be read, the newest first, and those that cannot.
///
/// # Errors
/// They cannot be listed, or are of a newer format: that is no damage.
pub async fn read_torn(cluster: &Cluster, target: &Target) -> Result<(Vec<Revision>, Vec<Torn>), Failure> {
    let selector = format!("{RELEASE}={},{REVISION}", target.release);
    let listed = cluster.list("", "ConfigMap", &target.namespace, &selector).await?.objects;
    let mut by_number: BTreeMap<u32, Vec<Object>> = BTreeMap::new();
    for object in listed {
        let number = object.label(REVISION).and_then(|number| number.parse().ok()).unwrap_or(0);
        by_number.entry(number).or_default().push(object);
    }
    let (mut revisions, mut torn) = (Vec::new(), Vec::new());
    for (number, objects) in by_number.into_iter().rev() {
        let why = match understand(&objects) {
            Ok(mut read) if read.len() == 1 => {
                revisions.append(&mut read);
                continue;
            }
            // Parts whose client died before it wrote what makes them valid are taken away by the next run.
            Ok(_) if objects.iter().all(|object| object.at(&["data", "format"]).is_none()) => continue,
            Ok(_) => "there are two of it".to_string(),
            Err(failure) if failure.kind == FailureKind::Refused => return Err(failure),
            Err(failure) => failure.why.join("; "),
        };
        torn.push(Torn { number, objects, why });
    }
    Ok((revisions, torn))
}

/// Which revisions a bounded history drops: all but the newest [`KEPT`], and never the last good one.
pub fn surplus(revisions: &[Revision]) -> Vec<u32> {
    let good = revisions
        .iter()
        .find(|revision| revision.progress.outcome == Outcome::Deployed)
        .map(|revision| revision.number);
    revisions.iter().skip(KEPT).map(|revision| revision.number).filter(|number| Some(*number) != good).collect()
}
