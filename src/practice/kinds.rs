//! The kinds that are served: one table, and whatever CRDs are in the store.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::store::Store;
use crate::object::Object;

/// A kind as discovery and paths name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    /// Subresources beside the object itself: `status`, `scale`, `log` …
    pub(crate) subresources: Vec<String>,
    /// Fields at the top of an object beside apiVersion, kind and metadata.
    pub(crate) fields: Vec<String>,
}

impl Kind {
    /// Name of its part of the store: `deployments.apps`.
    pub(crate) fn table(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|name| name == subresource)
    }

    /// What is only asked, never stored: access reviews.
    pub(crate) fn is_question(&self) -> bool {
        matches!(self.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
    }
}

/// group/version, kind, plural, namespaced, subresources, fields at the top.
const TABLE: &[(&str, &str, &str, bool, &str, &str)] = &[
    ("v1", "Namespace", "namespaces", false, "status finalize", "spec status"),
    ("v1", "Node", "nodes", false, "status", "spec status"),
    ("v1", "PersistentVolume", "persistentvolumes", false, "status", "spec status"),
    ("v1", "ConfigMap", "configmaps", true, "", "data binaryData immutable"),
    ("v1", "Secret", "secrets", true, "", "data stringData immutable type"),
    ("v1", "Service", "services", true, "status proxy", "spec status"),
    ("v1", "ServiceAccount", "serviceaccounts", true, "token", "secrets imagePullSecrets automountServiceAccountToken"),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, "status", "spec status"),
    ("v1", "Pod", "pods", true, "status log exec portforward eviction ephemeralcontainers", "spec status"),
    (
        "v1",
        "Event",
        "events",
        true,
        "",
        "involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related reportingComponent reportingInstance",
    ),
    ("v1", "Endpoints", "endpoints", true, "", "subsets"),
    ("v1", "ResourceQuota", "resourcequotas", true, "status", "spec status"),
    ("v1", "LimitRange", "limitranges", true, "", "spec"),
    ("apps/v1", "Deployment", "deployments", true, "status scale", "spec status"),
    ("apps/v1", "ReplicaSet", "replicasets", true, "status scale", "spec status"),
    ("apps/v1", "StatefulSet", "statefulsets", true, "status scale", "spec status"),
    ("apps/v1", "DaemonSet", "daemonsets", true, "status", "spec status"),
    ("apps/v1", "ControllerRevision", "controllerrevisions", true, "", "data revision"),
    ("batch/v1", "Job", "jobs", true, "status", "spec status"),
    ("batch/v1", "CronJob", "cronjobs", true, "status", "spec status"),
    ("networking.k8s.io/v1", "Ingress", "ingresses", true, "status", "spec status"),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses", false, "", "spec"),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true, "", "spec"),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true, "", "addressType endpoints ports"),
    (
        "storage.k8s.io/v1",
        "StorageClass",
        "storageclasses",
        false,
        "",
        "provisioner parameters reclaimPolicy mountOptions allowVolumeExpansion volumeBindingMode allowedTopologies",
    ),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", true, "", "rules"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true, "", "subjects roleRef"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false, "", "rules aggregationRule"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false, "", "subjects roleRef"),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true, "status", "spec status"),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, "status", "spec status"),
    ("coordination.k8s.io/v1", "Lease", "leases", true, "", "spec"),
    (
        "scheduling.k8s.io/v1",
        "PriorityClass",
        "priorityclasses",
        false,
        "",
        "value globalDefault description preemptionPolicy",
    ),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
        "status",
        "spec status",
    ),
    ("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", true, "status", "spec status"),
    ("keda.sh/v1alpha1", "TriggerAuthentication", "triggerauthentications", true, "status", "spec status"),
    ("cert-manager.io/v1", "ClusterIssuer", "clusterissuers", false, "status", "spec status"),
    ("cert-manager.io/v1", "Issuer", "issuers", true, "status", "spec status"),
    ("cert-manager.io/v1", "Certificate", "certificates", true, "status", "spec status"),
    ("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", false, "status", "spec status"),
    ("gateway.networking.k8s.io/v1", "Gateway", "gateways", true, "status", "spec status"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", true, "status", "spec status"),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false, "", "spec status"),
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false, "", "spec status"),
    ("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", false, "", "spec status"),
    ("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", false, "", "status"),
];

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

fn split(api_version: &str) -> (String, String) {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    (group.to_string(), version.to_string())
}

/// The kinds every cluster has.
pub(crate) fn built_in() -> &'static [Arc<Kind>] {
    static KINDS: OnceLock<Vec<Arc<Kind>>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let kind =
            |&(api_version, kind, plural, namespaced, subresources, fields): &(&str, &str, &str, bool, &str, &str)| {
                let (group, version) = split(api_version);
                Arc::new(Kind {
                    group,
                    version,
                    kind: kind.into(),
                    plural: plural.into(),
                    namespaced,
                    subresources: words(subresources),
                    fields: words(fields),
                })
            };
        TABLE.iter().map(kind).collect()
    })
}

/// The kinds of a CRD, one a served version.
fn of_definition(definition: &Object) -> Vec<Arc<Kind>> {
    let versions = definition.list(&["spec", "versions"]).iter();
    let served = versions.filter(|version| version.get("served").and_then(Value::as_bool).unwrap_or(true));
    served
        .map(|version| {
            let subresources = version.get("subresources").and_then(Value::as_object);
            let mut fields = words("spec status");
            let declared = version.pointer("/schema/openAPIV3Schema/properties").and_then(Value::as_object);
            fields.extend(declared.into_iter().flat_map(|properties| properties.keys().cloned()));
            Arc::new(Kind {
                group: definition.text(&["spec", "group"]).into(),
                version: version.get("name").and_then(Value::as_str).unwrap_or("v1").into(),
                kind: definition.text(&["spec", "names", "kind"]).into(),
                plural: definition.text(&["spec", "names", "plural"]).into(),
                namespaced: definition.text(&["spec", "scope"]) != "Cluster",
                subresources: subresources.into_iter().flat_map(|names| names.keys().cloned()).collect(),
                fields,
            })
        })
        .collect()
}

/// Every kind that is served now.
pub(crate) fn all(store: &Store) -> Vec<Arc<Kind>> {
    let mut kinds = built_in().to_vec();
    let established = |definition: &&Arc<Object>| super::pods::condition(definition, "Established") == Some("True");
    for definition in store.list("customresourcedefinitions.apiextensions.k8s.io", "").filter(established) {
        let new = of_definition(definition).into_iter();
        kinds.extend(new.filter(|kind| !built_in().iter().any(|known| known.table() == kind.table())));
    }
    kinds
}

/// The kind behind a path.
pub(crate) fn by_path(store: &Store, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
    let fits = |kind: &&Arc<Kind>| kind.group == group && kind.version == version && kind.plural == plural;
    if let Some(kind) = built_in().iter().find(fits) {
        return Some(kind.clone());
    }
    all(store).iter().find(fits).cloned()
}

/// The kind of an object.
pub(crate) fn by_name(store: &Store, group: &str, kind: &str) -> Option<Arc<Kind>> {
    let fits = |found: &&Arc<Kind>| found.group == group && found.kind == kind;
    if let Some(found) = built_in().iter().find(fits) {
        return Some(found.clone());
    }
    all(store).iter().find(fits).cloned()
}
