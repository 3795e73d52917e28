//! What a run is, the steps that it has, and how a step comes to its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KeyPlace, ServicePlace};

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Done {
    /// It was made.
    Created,
    /// Fields of it were changed.
    Changed,
    /// It was as wanted; nothing was written.
    Unchanged,
    /// It was deleted and made again.
    Replaced,
    /// It was deleted.
    Deleted,
}

impl Done {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
        }
    }
}

/// Where an object stands on its way to readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Readiness {
    /// Not written yet: what it depends on is not ready.
    Held,
    /// Written; the cluster is at it.
    Waiting,
    /// It is ready.
    Ready,
    /// It will not become ready by itself.
    Failed,
}

/// A step as it is announced at the start of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepInfo {
    /// The object's id.
    pub id: String,
    /// Its kind, for showing.
    pub object_kind: String,
    /// Its name, for showing.
    pub name: String,
    /// The group it belongs to: the manifests file or component.
    pub group: String,
    /// Number of its wave, from 0.
    pub wave: u32,
    /// Whether readiness is waited for (workloads, claims, services, CRDs …).
    pub waits: bool,
}

/// What a run is, as it is announced at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    /// `install`, `upgrade`, `rollback`, `uninstall`.
    pub verb: String,
    /// Title of the product.
    pub title: String,
    /// Version of the product.
    pub product_version: String,
    /// Name of the release.
    pub release: String,
    /// Target namespace.
    pub namespace: String,
    /// Name of the context.
    pub context: String,
    /// URL of the API server.
    pub server: String,
    /// The practice cluster, not a real one: every screen says so.
    pub practice: bool,
    /// Usual time from start to ready in seconds, from and to, where it is known.
    pub usual_seconds: Option<(u64, u64)>,
    /// The steps in order.
    pub steps: Vec<StepInfo>,
    /// Where the keys of the product are kept; names, never values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyPlace>,
    /// The Service that answers for the product, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<ServicePlace>,
}
