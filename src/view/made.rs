//! What the answers make, for the eye: objects in their groups with one telling detail each, and what they come to. Holds
//! no value of a Secret.

use serde_json::Value;

use crate::object::Object;
use crate::plan::Wanted;
use crate::preflight::Totals;
use crate::sanitize::HIDDEN;

/// What the answers make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The objects, group by group.
    pub objects: Vec<MadeObject>,
    /// What they ask for, and where they are reached from outside.
    pub totals: Totals,
    /// Why nothing can be made yet; empty when it can.
    pub missing: String,
    /// How many answers are still missing or wrong: it may come out otherwise once they are given.
    pub open: usize,
}

/// How an object stands to what the release has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is not there yet.
    #[default]
    New,
    /// It is there, and comes out otherwise.
    Changed,
    /// It is there as it is.
    Same,
}

impl Standing {
    /// The word for it; nothing for what stays.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "",
        }
    }
}

/// An object that the answers make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadeObject {
    /// The group it belongs to: a part of the product, or a component.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What tells most about it: a size, an image, ports, a host.
    pub detail: String,
    /// How it stands to what is there.
    pub standing: Standing,
    /// It as YAML, without a secret value.
    pub yaml: String,
}

impl MadeObject {
    /// An object for the eye: no value of a Secret, whether it is secret or not.
    pub fn of(wanted: &Wanted, standing: Standing) -> Self {
        let mut object = wanted.object.clone();
        if object.kind() == "Secret"
            && let Some(Value::Object(data)) = object.0.get_mut("data")
        {
            for value in data.values_mut() {
                *value = Value::from(HIDDEN);
            }
        }
        let yaml = serde_yaml::to_string(&object.0).unwrap_or_else(|_| object.0.to_string());
        Self {
            group: wanted.group.clone(),
            kind: object.kind().into(),
            name: object.name().into(),
            detail: detail(&object),
            standing,
            yaml,
        }
    }

    /// The kind as it is read most easily.
    pub fn short_kind(&self) -> &str {
        match self.kind.as_str() {
            "PersistentVolumeClaim" => "Claim",
            "HorizontalPodAutoscaler" => "Autoscaler",
            "PodDisruptionBudget" => "Disruption",
            "CustomResourceDefinition" => "Definition",
            kind => kind,
        }
    }
}

/// What tells most about an object.
fn detail(object: &Object) -> String {
    let entries = |field: &str| object.at(&[field]).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    let texts = |path: &[&str], of: fn(&Value) -> Option<String>| {
        object.list(path).iter().filter_map(of).collect::<Vec<_>>().join(", ")
    };
    let bounds = |fewest: &str, most: &str| {
        let bound = |field: &str| object.integer(&["spec", field]).map_or("?".into(), |number| number.to_string());
        format!("{} to {} replicas", bound(fewest), bound(most))
    };
    if let Some(pod) = object.pod_spec() {
        let image = pod.pointer("/containers/0/image").and_then(Value::as_str).unwrap_or("");
        return match object.integer(&["spec", "replicas"]) {
            Some(replicas) if replicas != 1 => format!("{replicas} x {image}"),
            _ => image.to_string(),
        };
    }
    match object.kind() {
        "PersistentVolumeClaim" => {
            let size = object.text(&["spec", "resources", "requests", "storage"]);
            format!("{size} {}", object.text(&["spec", "storageClassName"])).trim().to_string()
        }
        "Secret" => counted(entries("data") + entries("stringData"), "key", "keys"),
        "ConfigMap" => counted(entries("data") + entries("binaryData"), "entry", "entries"),
        "Service" => {
            let ports = texts(&["spec", "ports"], |port| Some(port.get("port")?.to_string()));
            match object.text(&["spec", "type"]) {
                "" | "ClusterIP" => ports,
                kind => format!("{ports} {kind}"),
            }
        }
        "Ingress" => texts(&["spec", "rules"], |rule| Some(rule.get("host")?.as_str()?.to_string())),
        "HTTPRoute" | "GRPCRoute" | "TLSRoute" => {
            texts(&["spec", "hostnames"], |host| Some(host.as_str()?.to_string()))
        }
        "Gateway" => object.text(&["spec", "gatewayClassName"]).to_string(),
        "NetworkPolicy" => texts(&["spec", "policyTypes"], |kind| Some(kind.as_str()?.to_lowercase())),
        "ScaledObject" => bounds("minReplicaCount", "maxReplicaCount"),
        "HorizontalPodAutoscaler" => bounds("minReplicas", "maxReplicas"),
        _ => String::new(),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(object: Value) -> String {
        detail(&Object(object))
    }

    #[test]
    fn each_kind_is_told_by_what_tells_most() {
        let containers = json!([{"image": "postgres:17"}]);
        for (object, words) in [
            (json!({"kind": "Secret", "data": {"a": "", "b": ""}}), "2 keys"),
            (json!({"kind": "ConfigMap", "data": {"a": ""}}), "1 entry"),
            (
                json!({"kind": "PersistentVolumeClaim",
                    "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "20Gi"}}}}),
                "20Gi fast",
            ),
            (json!({"kind": "Service", "spec": {"ports": [{"port": 80}, {"port": 443}]}}), "80, 443"),
            (json!({"kind": "Service", "spec": {"type": "NodePort", "ports": [{"port": 80}]}}), "80 NodePort"),
            (
                json!({"kind": "StatefulSet", "spec": {"replicas": 1, "template": {"spec": {"containers": containers}}}}),
                "postgres:17",
            ),
            (
                json!({"kind": "Deployment", "spec": {"replicas": 3, "template": {"spec": {"containers": containers}}}}),
                "3 x postgres:17",
            ),
            (json!({"kind": "Ingress", "spec": {"rules": [{"host": "a.b"}, {}]}}), "a.b"),
            (json!({"kind": "ScaledObject", "spec": {"minReplicaCount": 1, "maxReplicaCount": 9}}), "1 to 9 replicas"),
            (json!({"kind": "NetworkPolicy", "spec": {"policyTypes": ["Ingress", "Egress"]}}), "ingress, egress"),
            (json!({"kind": "ServiceAccount"}), ""),
        ] {
            assert_eq!(told(object), words);
        }
    }

    #[test]
    fn no_value_of_a_secret_is_in_its_yaml() {
        let object = Object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "aHVudGVyMg=="}}),
        );
        let wanted = Wanted { object, group: "g".into(), after: vec![], recipes: Default::default() };
        let made = MadeObject::of(&wanted, Standing::New);
        assert!(!made.yaml.contains("aHVudGVyMg") && made.yaml.contains("[hidden]"), "{}", made.yaml);
    }
}
