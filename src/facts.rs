//! What is known of a cluster at a moment: plain data, read by `cluster` and judged by the pure parts.

mod pact;

use std::collections::BTreeMap;

pub use pact::{Existing, Fate, Pact, generation};
use serde::{Deserialize, Serialize};

/// A fact that may not have been readable. *Unknown* is never an empty list: it is treated as the dangerous case
/// (cluster.md 6), and an expression sees it as null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// It could not be read, and why.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The fact, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown("not read yet".into())
    }
}

/// A Kubernetes version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// Major, 1.
    pub major: u32,
    /// Minor, such as 36.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Oldest and newest Kubernetes versions that slipway is tested with (cluster.md 6).
pub const SUPPORTED: (Version, Version) = (Version { major: 1, minor: 33 }, Version { major: 1, minor: 36 });

/// A StorageClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Who provisions.
    pub provisioner: String,
    /// Marked as the cluster's default.
    pub is_default: bool,
    /// Whether its claims can grow.
    pub expandable: bool,
    /// Whether a claim is bound only when its first pod is scheduled (`WaitForFirstConsumer`).
    pub waits_for_consumer: bool,
    /// `Delete` or `Retain`.
    pub reclaim_policy: String,
}

/// An IngressClass or GatewayClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its controller.
    pub controller: String,
    /// Marked as the cluster's default.
    pub is_default: bool,
}

/// A cert-manager issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Issuer {
    /// `Issuer` or `ClusterIssuer`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it says it is ready.
    pub ready: bool,
}

/// A node, as far as scheduling is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `amd64`, `arm64` …
    pub architecture: String,
    /// Allocatable CPU, as a Kubernetes quantity.
    pub cpu: String,
    /// Allocatable memory, as a Kubernetes quantity.
    pub memory: String,
    /// Most pods that it takes, as a Kubernetes quantity; empty where it does not say.
    pub pods: String,
    /// Ready and schedulable.
    pub usable: bool,
    /// It has a taint that keeps pods away which do not tolerate it, as control planes have.
    pub tainted: bool,
}

/// A Secret by name, with the names of its keys; never its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretKeys {
    /// Name of the Secret.
    pub name: String,
    /// Its `type`.
    pub kind: String,
    /// Keys of its data.
    pub keys: Vec<String>,
    /// The release whose key Secret it is, from the label `slipway.dev/release`; empty when it is none.
    pub release: String,
    /// What it opens, from the annotation `slipway.dev/opens` of a key Secret.
    pub opens: Vec<String>,
    /// Its UID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// A ResourceQuota that counts everything in the namespace; one with scopes counts a part and is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// The most of each resource, by the quota's own names (`requests.cpu`, `count/secrets` …), as quantities.
    pub hard: BTreeMap<String, String>,
    /// What is used of it now.
    pub used: BTreeMap<String, String>,
}

/// One entry of a LimitRange: what one container, pod or claim may ask for. Quantities by resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRange {
    /// Name of the LimitRange.
    pub name: String,
    /// `Container`, `Pod` or `PersistentVolumeClaim`.
    pub kind: String,
    /// The least.
    pub min: BTreeMap<String, String>,
    /// The most.
    pub max: BTreeMap<String, String>,
    /// Limits of a container that names none.
    pub default: BTreeMap<String, String>,
    /// Requests of a container that names none.
    pub default_request: BTreeMap<String, String>,
}

/// A host and path that an Ingress serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServedHost {
    /// Namespace of the Ingress.
    pub namespace: String,
    /// Its name.
    pub ingress: String,
    /// The host.
    pub host: String,
    /// The path; empty where it names none.
    pub path: String,
}

/// What stands in the way in the target namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceFacts {
    /// It exists.
    pub exists: bool,
    /// It is being deleted.
    pub terminating: bool,
    /// Its labels (PodSecurity levels are read from them).
    pub labels: BTreeMap<String, String>,
    /// Its annotations (marks of Argo CD, Flux and others are read from them).
    pub annotations: BTreeMap<String, String>,
    /// Names of Secrets, with their keys.
    pub secrets: Fact<Vec<SecretKeys>>,
    /// Claims there: name, size, class, phase, UID.
    pub claims: Fact<Vec<ClaimFacts>>,
    /// Quotas over everything there.
    pub quotas: Fact<Vec<Quota>>,
    /// Entries of its LimitRanges.
    pub limit_ranges: Fact<Vec<LimitRange>>,
    /// Names of the Gateways there.
    pub gateways: Fact<Vec<String>>,
    /// Names of the releases that have a record there.
    pub releases: Fact<Vec<String>>,
    /// What was decided about what an earlier install of the release left there.
    #[serde(skip_serializing_if = "Pact::is_empty")]
    pub pact: Pact,
}

/// A claim that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimFacts {
    /// Its name.
    pub name: String,
    /// Requested storage, as a Kubernetes quantity.
    pub size: String,
    /// Its class.
    pub class: String,
    /// `Bound`, `Pending`, `Lost`.
    pub phase: String,
    /// The release that made it, from the label `slipway.dev/release`; empty when it is not ours.
    pub release: String,
    /// Key Secret and key that open it, from the annotation `slipway.dev/opened-by`.
    pub opened_by: String,
    /// Its UID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Pods that mount it and are not the release's, as far as somebody looked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<String>,
}

/// What is known of a cluster at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// Name of the kubeconfig context.
    pub context: String,
    /// URL of the API server.
    pub server: String,
    /// UID of the namespace `kube-system`: the cluster's identity.
    pub cluster_uid: String,
    /// Version of the API server.
    pub version: Version,
    /// The same as the server writes it, such as `v1.36.3`.
    pub git_version: String,
    /// Guess at who runs it: `gke`, `eks`, `aks`, `openshift`, `kind`, `k3s` …; empty when there is no sign.
    pub provider: String,
    /// OpenShift, where fixed uids must be left out (cluster.md 6).
    pub openshift: bool,
    /// Nodes.
    pub nodes: Fact<Vec<Node>>,
    /// Storage classes.
    pub storage_classes: Fact<Vec<StorageClass>>,
    /// Ingress classes.
    pub ingress_classes: Fact<Vec<Class>>,
    /// Gateway classes.
    pub gateway_classes: Fact<Vec<Class>>,
    /// Issuers of cert-manager.
    pub issuers: Fact<Vec<Issuer>>,
    /// Kinds of issuers that could not be read, where the other kind could.
    pub unread_issuers: Vec<String>,
    /// Custom kinds that the server knows, as `Kind.group` (`ScaledObject.keda.sh`).
    pub crds: Fact<Vec<String>>,
    /// Namespaces that may be listed.
    pub namespaces: Fact<Vec<String>>,
    /// Hosts that Ingresses of all namespaces serve.
    pub served_hosts: Fact<Vec<ServedHost>>,
    /// The target namespace.
    pub namespace: NamespaceFacts,
}

impl Facts {
    /// What `render` assumes without a cluster (design.md 5): the newest supported version, one default class that can
    /// grow, and nothing else.
    pub fn assumed() -> Self {
        Self {
            version: SUPPORTED.1,
            git_version: format!("v{}.0", SUPPORTED.1),
            storage_classes: Fact::Known(vec![StorageClass {
                name: "standard".into(),
                is_default: true,
                expandable: true,
                reclaim_policy: "Delete".into(),
                ..StorageClass::default()
            }]),
            nodes: Fact::Known(vec![]),
            ingress_classes: Fact::Known(vec![]),
            gateway_classes: Fact::Known(vec![]),
            issuers: Fact::Known(vec![]),
            crds: Fact::Known(vec![]),
            namespaces: Fact::Known(vec![]),
            served_hosts: Fact::Known(vec![]),
            ..Self::default()
        }
    }
}
