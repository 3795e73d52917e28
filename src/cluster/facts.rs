//! Reading what is known of a cluster. What may not be read is *unknown* with its reason, never an empty list.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use super::ask::{Ask, Patience};
use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::error::{Failure, NOTHING_WRITTEN};
use crate::facts::{
    ClaimFacts, Class, Fact, Facts, Issuer, LimitRange, NamespaceFacts, Node, Quota, SecretKeys, ServedHost,
    StorageClass, Version,
};
use crate::object::{Object, ObjectId};
use crate::plan::set::{OPENED_BY, OPENS, RELEASE, SET_ID};

impl Cluster {
    /// Everything that preflight, forms and plans want to know, read at once.
    ///
    /// # Errors
    /// The server cannot be reached, or does not accept who we are. What just may not be read is unknown in the facts.
    pub async fn facts(&self, namespace: &str) -> Result<Facts, Failure> {
        // The first contact: a wrong address should be told at once, not after many tries.
        let first = self.with_patience(Patience::once(Duration::from_secs(10)));
        let version = first.ask(Ask::get("/version", "ask for the cluster's version")).await;
        let version = version.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
        let text = |key: &str| version.get(key).and_then(Value::as_str).unwrap_or("").to_string();
        let number =
            |key: &str| text(key).chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
        let kinds = self.resources().await.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
        let system = ObjectId::new("", "Namespace", "", "kube-system");
        let (identity, nodes, classes, ingresses, gateways, issuers, cluster_issuers, namespaces, served, target) = tokio::join!(
            self.find(&system),
            self.all("", "Node", ""),
            self.all("storage.k8s.io", "StorageClass", ""),
            self.all("networking.k8s.io", "IngressClass", ""),
            self.all("gateway.networking.k8s.io", "GatewayClass", ""),
            self.all("cert-manager.io", "Issuer", namespace),
            self.all("cert-manager.io", "ClusterIssuer", ""),
            self.all("", "Namespace", ""),
            self.all("networking.k8s.io", "Ingress", ""),
            self.namespace_facts(namespace),
        );
        let openshift = kinds.iter().any(|kind| kind.group == "security.openshift.io");
        let git_version = text("gitVersion");
        let raw_nodes = nodes.known().cloned().unwrap_or_default();
        Ok(Facts {
            context: self.context().to_string(),
            server: self.server().to_string(),
            cluster_uid: identity.ok().flatten().map(|found| found.uid().to_string()).unwrap_or_default(),
            version: Version { major: number("major"), minor: number("minor") },
            provider: provider(&git_version, &raw_nodes, openshift),
            git_version,
            openshift,
            nodes: each(nodes, node),
            storage_classes: each(classes, storage_class),
            ingress_classes: each(ingresses, |found| {
                class(found, "ingressclass.kubernetes.io/is-default-class", &["spec", "controller"])
            }),
            gateway_classes: each(gateways, |found| class(found, "", &["spec", "controllerName"])),
            unread_issuers: [("Issuer", &issuers), ("ClusterIssuer", &cluster_issuers)]
                .into_iter()
                .filter(|(_, read)| read.known().is_none())
                .map(|(kind, _)| kind.to_string())
                .collect(),
            issuers: both(each(issuers, issuer), each(cluster_issuers, issuer)),
            crds: Fact::Known(
                kinds.iter().filter(|kind| is_custom(&kind.group)).map(super::Resource::group_kind).collect(),
            ),
            namespaces: each(namespaces, |found| found.name().to_string()),
            served_hosts: flat(each(served, served_hosts)),
            namespace: target,
        })
    }

    /// All objects of a kind; none where the server does not know the kind, unknown where they may not be read.
    async fn all(&self, group: &str, kind: &str, namespace: &str) -> Fact<Vec<Object>> {
        self.matching(group, kind, namespace, "").await
    }

    /// The same of those that a label selector matches.
    async fn matching(&self, group: &str, kind: &str, namespace: &str, selector: &str) -> Fact<Vec<Object>> {
        match self.list(group, kind, namespace, selector).await {
            Ok(listed) => Fact::Known(listed.objects),
            Err(fault) if fault.kind == FaultKind::UnknownKind => Fact::Known(Vec::new()),
            Err(fault) => Fact::Unknown(why(&fault)),
        }
    }

    /// What stands in the way in a namespace.
    pub async fn namespace_facts(&self, namespace: &str) -> NamespaceFacts {
        let (found, secrets, claims, quotas, limit_ranges, gateways, parents) = tokio::join!(
            async { self.find(&ObjectId::new("", "Namespace", "", namespace)).await },
            self.all("", "Secret", namespace),
            self.all("", "PersistentVolumeClaim", namespace),
            self.all("", "ResourceQuota", namespace),
            self.all("", "LimitRange", namespace),
            self.all("gateway.networking.k8s.io", "Gateway", namespace),
            self.matching("", "ConfigMap", namespace, SET_ID),
        );
        let mut facts = NamespaceFacts {
            secrets: each(secrets, secret_keys),
            claims: each(claims, claim),
            quotas: flat(each(quotas, quota)),
            limit_ranges: flat(each(limit_ranges, limit_range)),
            gateways: each(gateways, |found| found.name().to_string()),
            releases: each(parents, |found| found.label(RELEASE).unwrap_or("").to_string()),
            ..NamespaceFacts::default()
        };
        match found {
            Ok(None) => {}
            Ok(Some(found)) => {
                facts.exists = true;
                facts.terminating = found.at(&["metadata", "deletionTimestamp"]).is_some();
                facts.labels = texts(&found, "labels");
                facts.annotations = texts(&found, "annotations");
            }
            // Who may read claims there but not the Namespace itself has rights in a namespace that exists.
            Err(_) => facts.exists = facts.secrets.known().is_some() || facts.claims.known().is_some(),
        }
        facts
    }

    /// The values of a Secret that the operator named, by key.
    ///
    /// # Errors
    /// It is absent or may not be read.
    pub async fn secret_values(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<BTreeMap<String, crate::secret::SecretText>, Fault> {
        let found = self.get(&ObjectId::new("", "Secret", namespace, name)).await?;
        let mut values = BTreeMap::new();
        for (key, value) in found.at(&["data"]).and_then(Value::as_object).into_iter().flatten() {
            let bytes = value.as_str().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
            if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
                values.insert(key.clone(), crate::secret::SecretText::new(text));
            }
        }
        Ok(values)
    }
}

fn why(fault: &Fault) -> String {
    match fault.kind {
        FaultKind::Forbidden => format!("not allowed: {}", fault.message),
        _ => fault.message.clone(),
    }
}

fn each<T>(fact: Fact<Vec<Object>>, read: impl Fn(&Object) -> T) -> Fact<Vec<T>> {
    match fact {
        Fact::Known(all) => Fact::Known(all.iter().map(read).collect()),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn flat<T>(fact: Fact<Vec<Vec<T>>>) -> Fact<Vec<T>> {
    match fact {
        Fact::Known(all) => Fact::Known(all.into_iter().flatten().collect()),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn both<T>(a: Fact<Vec<T>>, b: Fact<Vec<T>>) -> Fact<Vec<T>> {
    match (a, b) {
        (Fact::Known(mut a), Fact::Known(b)) => {
            a.extend(b);
            Fact::Known(a)
        }
        // One kind that may be read is worth more than none; `unread_issuers` names the other.
        (Fact::Known(some), Fact::Unknown(_)) | (Fact::Unknown(_), Fact::Known(some)) if !some.is_empty() => {
            Fact::Known(some)
        }
        (Fact::Unknown(why), _) | (_, Fact::Unknown(why)) => Fact::Unknown(why),
    }
}

fn texts(object: &Object, field: &str) -> BTreeMap<String, String> {
    let map = object.at(&["metadata", field]).and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.as_str().unwrap_or("").to_string())).collect()
}

fn condition(object: &Object, kind: &str) -> bool {
    object
        .list(&["status", "conditions"])
        .iter()
        .any(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn node(found: &Object) -> Node {
    let unschedulable = found.at(&["spec", "unschedulable"]).and_then(Value::as_bool).unwrap_or(false);
    let taints = found.list(&["spec", "taints"]);
    Node {
        name: found.name().into(),
        architecture: found.text(&["status", "nodeInfo", "architecture"]).into(),
        cpu: found.text(&["status", "allocatable", "cpu"]).into(),
        memory: found.text(&["status", "allocatable", "memory"]).into(),
        pods: found.text(&["status", "allocatable", "pods"]).into(),
        usable: condition(found, "Ready") && !unschedulable,
        tainted: taints.iter().any(|taint| taint["effect"] == "NoSchedule" || taint["effect"] == "NoExecute"),
    }
}

fn storage_class(found: &Object) -> StorageClass {
    let marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    StorageClass {
        name: found.name().into(),
        provisioner: found.text(&["provisioner"]).into(),
        is_default: marks.iter().any(|mark| found.annotation(mark) == Some("true")),
        expandable: found.at(&["allowVolumeExpansion"]).and_then(Value::as_bool).unwrap_or(false),
        waits_for_consumer: found.text(&["volumeBindingMode"]) == "WaitForFirstConsumer",
        reclaim_policy: match found.text(&["reclaimPolicy"]) {
            "" => "Delete".into(),
            policy => policy.into(),
        },
    }
}

fn class(found: &Object, default_mark: &str, controller: &[&str]) -> Class {
    Class {
        name: found.name().into(),
        controller: found.text(controller).into(),
        is_default: found.annotation(default_mark) == Some("true"),
    }
}

fn issuer(found: &Object) -> Issuer {
    Issuer { kind: found.kind().into(), name: found.name().into(), ready: condition(found, "Ready") }
}

fn secret_keys(found: &Object) -> SecretKeys {
    let keys = found.at(&["data"]).and_then(Value::as_object).map(|data| data.keys().cloned().collect());
    let opens = found.annotation(OPENS);
    SecretKeys {
        name: found.name().into(),
        kind: found.text(&["type"]).into(),
        keys: keys.unwrap_or_default(),
        release: opens.and(found.label(RELEASE)).unwrap_or("").into(),
        opens: opens.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default(),
        uid: found.uid().into(),
    }
}

/// Nothing for a quota with scopes: what it counts is not told by the resources alone.
fn quota(found: &Object) -> Vec<Quota> {
    if !found.list(&["spec", "scopes"]).is_empty() || found.at(&["spec", "scopeSelector"]).is_some() {
        return Vec::new();
    }
    let hard = quantities(found.at(&["spec", "hard"]));
    vec![Quota { name: found.name().into(), hard, used: quantities(found.at(&["status", "used"])) }]
}

fn limit_range(found: &Object) -> Vec<LimitRange> {
    let read = |entry: &Value| LimitRange {
        name: found.name().into(),
        kind: entry["type"].as_str().unwrap_or("").into(),
        min: quantities(entry.get("min")),
        max: quantities(entry.get("max")),
        default: quantities(entry.get("default")),
        default_request: quantities(entry.get("defaultRequest")),
    };
    found.list(&["spec", "limits"]).iter().map(read).collect()
}

fn quantities(map: Option<&Value>) -> BTreeMap<String, String> {
    let map = map.and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.as_str().unwrap_or("").to_string())).collect()
}

fn served_hosts(found: &Object) -> Vec<ServedHost> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_string();
    let rules = found.list(&["spec", "rules"]).iter().filter(|rule| rule["host"].is_string());
    rules
        .flat_map(|rule| {
            let paths = rule["http"]["paths"].as_array().cloned().unwrap_or_default();
            paths.into_iter().map(move |path| (rule["host"].clone(), path["path"].clone()))
        })
        .map(|(host, path)| ServedHost {
            namespace: found.namespace().into(),
            ingress: found.name().into(),
            host: text(&host),
            path: text(&path),
        })
        .collect()
}

fn claim(found: &Object) -> ClaimFacts {
    ClaimFacts {
        name: found.name().into(),
        size: found.text(&["spec", "resources", "requests", "storage"]).into(),
        class: found.text(&["spec", "storageClassName"]).into(),
        phase: found.text(&["status", "phase"]).into(),
        release: found.label(RELEASE).unwrap_or("").into(),
        opened_by: found.annotation(OPENED_BY).unwrap_or("").into(),
        uid: found.uid().into(),
        strangers: Vec::new(),
    }
}

/// Kubernetes' own groups have no dot or end in `.k8s.io`; those of add-ons that do are worth knowing too.
fn is_custom(group: &str) -> bool {
    let own = [
        "rbac.authorization",
        "storage",
        "networking",
        "node",
        "policy",
        "scheduling",
        "coordination",
        "discovery",
        "events",
    ];
    let own_more = [
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
    ];
    let more = ["flowcontrol.apiserver", "internal.apiserver", "resource", "storagemigration"];
    match group.strip_suffix(".k8s.io") {
        Some(name) => ![&own[..], &own_more[..], &more[..]].concat().contains(&name),
        None => group.contains('.'),
    }
}

/// A guess at who runs it, from the version's suffix and the nodes' labels and ids.
fn provider(git_version: &str, nodes: &[Object], openshift: bool) -> String {
    let node = nodes.first();
    let id = node.map_or("", |node| node.text(&["spec", "providerID"]));
    let has = |label: &str| node.is_some_and(|node| node.label(label).is_some());
    let guess = match () {
        () if openshift => "openshift",
        () if git_version.contains("-gke") || has("cloud.google.com/gke-nodepool") => "gke",
        () if git_version.contains("-eks") || has("eks.amazonaws.com/nodegroup") => "eks",
        () if has("kubernetes.azure.com/cluster") || id.starts_with("azure:") => "aks",
        () if git_version.contains("+k3s") => "k3s",
        () if git_version.contains("+rke2") => "rke2",
        () if git_version.contains("+k0s") => "k0s",
        () if id.starts_with("kind:") => "kind",
        () if has("minikube.k8s.io/name") => "minikube",
        () if id.starts_with("digitalocean:") => "digitalocean",
        () if id.starts_with("hcloud:") => "hetzner",
        () if id.starts_with("kwok:") => "kwok",
        () => "",
    };
    guess.into()
}
