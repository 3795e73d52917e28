//! Pods and their containers, as events tell them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerState {
    /// Its name.
    pub name: String,
    /// An init container.
    pub init: bool,
    /// `waiting`, `running`, `terminated`.
    pub state: String,
    /// Reason of that state (`ImagePullBackOff`, `CrashLoopBackOff`, `OOMKilled` …); empty without one.
    pub reason: String,
    /// Message of that state.
    pub message: String,
    /// Exit code of the last end, where there was one.
    pub exit_code: Option<i32>,
    /// How often it was restarted.
    pub restarts: u32,
    /// Ready.
    pub ready: bool,
}

/// A pod as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PodState {
    /// Its name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Id of the workload it belongs to (Deployment, StatefulSet, DaemonSet, Job).
    pub owner: String,
    /// Group of that workload.
    pub group: String,
    /// Node it runs on; empty while it is not scheduled.
    pub node: String,
    /// Phase: `Pending`, `Running`, `Succeeded`, `Failed`; `Terminating` once it is being deleted.
    pub phase: String,
    /// The reason in a word or two: `pulling postgres:17`, `Unschedulable`.
    pub reason: String,
    /// Ready.
    pub ready: bool,
    /// Belongs to the revision that is being rolled out; an old pod never speaks for the new revision.
    pub current: bool,
    /// Its containers, init containers first.
    pub containers: Vec<ContainerState>,
}
