//! What will be done, and why (pure). Install, upgrade, rollback and uninstall are four planners of one [`Plan`], run by
//! one executor. A plan holds no secret value: where a Secret's entry goes, it holds a [`Recipe`].

mod action;
pub mod adopt;
pub mod backup;
mod beside;
mod codes;
pub mod diff;
pub mod doctor;
pub mod existing;
pub mod export;
pub mod gates;
pub mod install;
mod places;
pub mod rbac;
pub mod render;
pub mod restart;
pub mod restore;
pub mod rollback;
pub mod rotate;
pub mod set;
mod target;
pub mod uninstall;
pub mod upgrade;
pub mod waves;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use codes::CODES;
pub use target::Target;

use crate::answers::RecordedAnswer;
use crate::finding::Finding;
use crate::object::{Object, ObjectId};
use crate::product::Recipe;
use crate::secret::SecretSource;

/// Which planner made the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// First installation, or going on with it.
    Install,
    /// A change of an installed release.
    Upgrade,
    /// Back to a recorded revision.
    Rollback,
    /// Taking the release away.
    Uninstall,
    /// Taking over what another tool laid down.
    Adopt,
    /// Other keys, and nothing else.
    Rotate,
}

impl Verb {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
            Self::Adopt => "adopt",
            Self::Rotate => "rotate",
        }
    }
}

/// The product a plan installs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProductRef {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The version to install.
    pub version: String,
    /// SHA-256 over the product's files, in hex.
    pub digest: String,
}

/// An object as it is wanted: rendered, with our labels, and with a placeholder in place of every secret entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The object. Entries of a Secret's `data` that have a recipe hold the placeholder [`PLACEHOLDER`]; all others are
    /// base64 already.
    pub object: Object,
    /// The group it belongs to: the name of the manifests file, or the component's id. The progress lists groups.
    pub group: String,
    /// What must be ready before it is written, each a group or component id (`$after`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// How the secret entries of a Secret's `data` are made, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipes: BTreeMap<String, Recipe>,
}

/// Stands in `data` of a Secret where a recipe belongs: base64 of `[hidden]`, so that the object stays well-formed.
pub const PLACEHOLDER: &str = "W2hpZGRlbl0=";

/// Annotation on a pod template with the HMAC over the configuration its pods read; while a plan is made it is
/// [`OPEN_HASH`], and `apply` fills it in once the keys are known (cluster.md 3).
pub const RESTART_HASH: &str = "slipway.dev/restart-hash";
/// What [`RESTART_HASH`] holds in a plan.
pub const OPEN_HASH: &str = "open";
/// Annotation on a Secret or ConfigMap: comma-separated keys that are read only at the first initialisation (such as
/// POSTGRES_PASSWORD), left out of the restart hash of their readers.
pub const FIRST_USE_KEYS: &str = "slipway.dev/first-use-keys";

/// One field that changes. Paths as kubectl writes them: `spec.template.spec.containers[0].image`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Path of the field.
    pub path: String,
    /// What is there now; `None` when it is new. Values of Secrets are never here: they are text `hidden`.
    pub from: Option<Value>,
    /// What will be there; `None` when it goes.
    pub to: Option<Value>,
}

/// What a step does to its object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "do")]
pub enum Action {
    /// Makes it.
    Create,
    /// Changes fields of it.
    Change {
        /// The fields.
        fields: Vec<FieldChange>,
        /// Its pods restart.
        restarts: bool,
    },
    /// Nothing: it is as wanted.
    Keep,
    /// Deletes and makes it again, since an immutable field changes or two objects exclude each other.
    Replace {
        /// Why.
        why: String,
    },
    /// Deletes it.
    Delete,
}

impl Action {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change { .. } => "change",
            Self::Keep => "keep",
            Self::Replace { .. } => "replace",
            Self::Delete => "delete",
        }
    }
}

/// One object's change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The object as wanted; of a Delete as it is recorded or live.
    pub wanted: Wanted,
    /// What is done to it.
    pub action: Action,
    /// Number of its wave, from 0 (cluster.md 4 "Waves").
    pub wave: u32,
    /// The steps that must be *ready* before this one is begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ObjectId>,
    /// An ordinary object, a claim, a CRD …: what may happen to it (cluster.md 1).
    pub class: Class,
    /// It migrates its schema when it starts, and several that start together would race: as long as none was ever ready,
    /// one replica is started alone, and the others once it is ready (cluster.md 4 "Migrations").
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_first: bool,
}

/// Kinds of thing (cluster.md 1), which decide what may ever happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Member of the set; pruned; deleted at uninstall.
    Ordinary,
    /// A claim: never pruned, kept unless named.
    Claim,
    /// A custom resource definition: never pruned or deleted.
    Crd,
    /// Cluster-scoped: like ordinary, its name carries namespace and release.
    ClusterScoped,
}

impl Class {
    /// The class of an object by its kind and scope.
    pub fn of(object: &Object) -> Self {
        match (object.group(), object.kind()) {
            ("", "PersistentVolumeClaim") => Self::Claim,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Crd,
            _ if object.namespace().is_empty() => Self::ClusterScoped,
            _ => Self::Ordinary,
        }
    }
}

/// One entry of the key Secret that a run makes or uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyEntry {
    /// The answer's path, which is its key in the Secret: `keys.event`, `database.password`.
    pub path: String,
    /// Made or brought.
    pub source: SecretSource,
    /// What it opens: claims, clients.
    pub opens: Vec<String>,
}

/// The key Secret of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyPlan {
    /// Its generation, from 1.
    pub generation: u32,
    /// It exists already, and nothing in it changes.
    pub exists: bool,
    /// Its entries, by path.
    pub entries: Vec<KeyEntry>,
    /// How they are changed, by path, so that no product folder is needed for it later.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rotations: BTreeMap<String, rotate::Rotation>,
}

/// A health check after ready (language.md `health`), evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// The group it speaks for.
    pub group: String,
    /// What is asked.
    pub probe: Probe,
    /// Seconds within which it must answer.
    pub within_seconds: u64,
}

/// What a health check asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "ask")]
pub enum Probe {
    /// GET a path of a Service's port through a port-forward or the API server's proxy; 2xx is healthy.
    Http {
        /// Service.
        service: String,
        /// Name or number of its port.
        port: String,
        /// Path.
        path: String,
    },
    /// Run a command in a pod of a group's workload; exit code 0 is healthy.
    Exec {
        /// Group whose pod it runs in.
        group: String,
        /// The command.
        command: Vec<String>,
    },
}

/// A pattern of the product that explains a log line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPattern {
    /// Regular expression.
    pub matches: String,
    /// Code of the finding.
    pub code: String,
    /// What it means.
    pub say: String,
    /// What to do.
    pub remedy: String,
}

/// Everything a run will do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Which planner made it.
    pub verb: Verb,
    /// Where.
    pub target: Target,
    /// What.
    pub product: ProductRef,
    /// The namespace is there; else the run makes it.
    pub namespace_exists: bool,
    /// The key Secret.
    pub keys: KeyPlan,
    /// The steps, in the order of waves and within them in the author's order.
    pub steps: Vec<Step>,
    /// Titles of the waves, by number.
    pub waves: Vec<String>,
    /// Checks after ready.
    pub health: Vec<HealthCheck>,
    /// What log lines mean.
    pub log_patterns: Vec<LogPattern>,
    /// What to say at the end.
    pub notes: Vec<String>,
    /// The answers, for the record.
    pub answers: BTreeMap<String, RecordedAnswer>,
    /// The cluster facts that expressions used, for the record.
    pub facts: BTreeMap<String, Value>,
    /// What the plan itself has to say.
    pub findings: Vec<Finding>,
    /// Usual time to ready in seconds, from and to.
    pub usual_seconds: Option<(u64, u64)>,
    /// The versions of the live objects that it was made from, by id; what is not there is not in it. A run that finds
    /// others makes the plan anew before it writes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, String>,
}

impl Plan {
    /// One that does nothing yet, in a namespace that is there.
    pub fn new(verb: Verb, target: Target, product: ProductRef) -> Self {
        Self {
            verb,
            target,
            product,
            namespace_exists: true,
            keys: KeyPlan::default(),
            steps: Vec::new(),
            waves: Vec::new(),
            health: Vec::new(),
            log_patterns: Vec::new(),
            notes: Vec::new(),
            answers: BTreeMap::new(),
            facts: BTreeMap::new(),
            findings: Vec::new(),
            usual_seconds: None,
            seen: BTreeMap::new(),
        }
    }

    /// Whether what is there now is what this plan was made from.
    pub fn is_of(&self, live: &BTreeMap<ObjectId, Object>) -> bool {
        self.steps.iter().all(|step| {
            let id = step.wanted.object.id();
            let now = live.get(&id).map(Object::resource_version);
            self.seen.get(&id.to_string()).map(String::as_str) == now
        })
    }

    /// What another plan would do otherwise, a line each; empty when both do the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let told =
            |step: Option<&Step>| step.map_or("not in the plan".to_string(), |step| step.action.word().to_string());
        let mut differences = Vec::new();
        if self.keys != other.keys {
            differences.push("the keys".into());
        }
        let steps = |plan: &Self| -> BTreeMap<ObjectId, Step> {
            plan.steps.iter().map(|step| (step.wanted.object.id(), step.clone())).collect()
        };
        let (ours, theirs) = (steps(self), steps(other));
        let ids: std::collections::BTreeSet<&ObjectId> = ours.keys().chain(theirs.keys()).collect();
        for id in ids {
            let (was, is) = (ours.get(id), theirs.get(id));
            if was == is {
                continue;
            }
            differences.push(match (told(was), told(is)) {
                (was, is) if was == is => format!("{}: {is}, but not the same", id.short()),
                (was, is) => format!("{}: agreed was {was}, now it is {is}", id.short()),
            });
        }
        differences
    }

    /// Whether the release has a key Secret: it has keys, or composes Secrets out of others, whose hashes need a salt
    /// that nobody knows. A release without a secret has none.
    pub fn has_secrets(&self) -> bool {
        !self.keys.entries.is_empty() || self.steps.iter().any(|step| !step.wanted.recipes.is_empty())
    }

    /// Whether a run of it would write nothing.
    pub fn is_empty(&self) -> bool {
        self.namespace_exists
            && (self.keys.exists || !self.has_secrets())
            && self.steps.iter().all(|step| step.action == Action::Keep)
    }
}
