//! What a release holds that outlives it: volumes and keys, as a person has to see them before deciding.

use std::collections::BTreeMap;

use crate::facts::Fact;
use crate::object::Object;
use crate::plan::set::{OPENED_BY, OPENS, PART_OF, RELEASE};

/// A pod that mounts a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Its name.
    pub name: String,
    /// It is this release's.
    pub ours: bool,
}

/// How full a volume is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It was measured, in bytes.
    Known {
        /// What is used.
        used: u64,
        /// What there is in all.
        capacity: u64,
        /// What can still be used.
        free: u64,
    },
    /// It could not be measured.
    Unknown,
}

impl Usage {
    /// It in words: `1.5Gi used, 6.3Gi free`.
    pub fn words(&self) -> String {
        match self {
            Self::Known { used, free, .. } => format!("{} used, {} free", size(*used), size(*free)),
            Self::Unknown => "use unknown".into(),
        }
    }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["", "Ki", "Mi", "Gi", "Ti"] {
        if size < 1024.0 || unit == "Ti" {
            return if unit.is_empty() { format!("{bytes}") } else { format!("{size:.1}{unit}") };
        }
        size /= 1024.0;
    }
    bytes.to_string()
}

/// A volume of a release: its claim, and the disk behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Name of the claim.
    pub name: String,
    /// Its size, as a Kubernetes quantity: what it has, else what it asks for.
    pub size: String,
    /// Its class; empty where it names none.
    pub class: String,
    /// When it was made, as the server writes it.
    pub made: String,
    /// Name of the persistent volume; empty for a claim that was never bound, which holds no data.
    pub disk: String,
    /// What becomes of the disk when the claim goes: `Delete`, `Retain`. What may not be read counts as `Delete`
    /// (cluster.md 6).
    pub policy: String,
    /// The key Secrets and keys that open it, as `name/key`.
    pub opened_by: Vec<String>,
    /// Pods that mount it.
    pub mounted_by: Vec<Mount>,
    /// How full it is, where that was asked.
    pub usage: Option<Usage>,
}

impl Volume {
    /// Puts a claim, the disks and the pods of its namespace together. `disks` are by name; those that may not be read are
    /// unknown.
    pub fn of(claim: &Object, disks: &BTreeMap<String, Fact<Object>>, pods: &[Object]) -> Self {
        let disk = claim.text(&["spec", "volumeName"]).to_string();
        let policy = match disks.get(&disk) {
            Some(Fact::Known(found)) => found.text(&["spec", "persistentVolumeReclaimPolicy"]).to_string(),
            _ if disk.is_empty() => String::new(),
            _ => "Delete".to_string(),
        };
        let size = match claim.text(&["status", "capacity", "storage"]) {
            "" => claim.text(&["spec", "resources", "requests", "storage"]),
            size => size,
        };
        let mounts = pods.iter().filter(|pod| mounts(pod, claim.name()));
        let ours = |pod: &Object| is_of(pod, claim.label(RELEASE));
        Self {
            name: claim.name().into(),
            size: size.into(),
            class: claim.text(&["spec", "storageClassName"]).into(),
            made: claim.text(&["metadata", "creationTimestamp"]).into(),
            disk,
            policy,
            opened_by: listed(claim.annotation(OPENED_BY).unwrap_or("")),
            mounted_by: mounts.map(|pod| Mount { name: pod.name().into(), ours: ours(pod) }).collect(),
            usage: None,
        }
    }

    /// The disk stays when the claim goes.
    pub fn outlives(&self) -> bool {
        self.policy == "Retain"
    }

    /// It in words: `8Gi, class standard, since 2026-04-23, its disk goes with it, opened by inngest-keys-1`.
    pub fn words(&self) -> String {
        let mut words = vec![self.size.clone()];
        words.extend(self.usage.as_ref().map(Usage::words));
        words.extend((!self.class.is_empty()).then(|| format!("class {}", self.class)));
        words.extend(self.made.split_once('T').map(|(day, _)| format!("since {day}")));
        words.push(match (self.disk.is_empty(), self.outlives()) {
            (true, _) => "never used, holds no data".into(),
            (false, true) => "its disk stays (Retain)".into(),
            (false, false) => "its disk goes with it".into(),
        });
        if !self.opened_by.is_empty() {
            words.push(format!("opened by {}", self.opened_by.join(", ")));
        }
        if !self.mounted_by.is_empty() {
            let pods: Vec<&str> = self.mounted_by.iter().map(|pod| pod.name.as_str()).collect();
            words.push(format!("mounted by {}", pods.join(", ")));
        }
        words.join(", ")
    }
}

/// A key Secret of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySecret {
    /// Its name.
    pub name: String,
    /// What it opens: claims, clients, data elsewhere.
    pub opens: Vec<String>,
}

impl KeySecret {
    /// Reads it off the Secret; its data is not needed.
    pub fn of(secret: &Object) -> Self {
        let opens = serde_json::from_str(secret.annotation(OPENS).unwrap_or("")).unwrap_or_default();
        Self { name: secret.name().into(), opens }
    }

    /// Whether it opens a volume: one of both says so.
    pub fn opens(&self, volume: &Volume) -> bool {
        self.opens.contains(&volume.name)
            || volume
                .opened_by
                .iter()
                .any(|by| by == &self.name || by.split_once('/').is_some_and(|(name, _)| name == self.name))
    }

    /// What it opens in words, with a comma before it; empty when it says nothing.
    pub fn what(&self) -> String {
        if self.opens.is_empty() { String::new() } else { format!(", which opens {}", self.opens.join(", ")) }
    }
}

fn mounts(pod: &Object, claim: &str) -> bool {
    let volumes = pod.list(&["spec", "volumes"]);
    volumes.iter().any(|volume| volume["persistentVolumeClaim"]["claimName"].as_str() == Some(claim))
}

fn is_of(pod: &Object, release: Option<&str>) -> bool {
    pod.label(RELEASE) == release || pod.label(PART_OF).is_some() || pod.label("app.kubernetes.io/instance") == release
}

/// The pods that mount a claim and are not the release's; those that ended mount nothing any more.
pub fn strangers(claim: &str, release: &str, pods: &[Object]) -> Vec<String> {
    let ended = |pod: &Object| matches!(pod.text(&["status", "phase"]), "Succeeded" | "Failed");
    let others = pods.iter().filter(|pod| mounts(pod, claim) && !is_of(pod, Some(release)) && !ended(pod));
    others.map(|pod| pod.name().to_string()).collect()
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_string).collect()
}
