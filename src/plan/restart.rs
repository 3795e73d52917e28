//! Which configuration a pod reads, and the hash over it that restarts the pod when it changes (cluster.md 3).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::FIRST_USE_KEYS;
use crate::object::Object;

/// A kind of configuration that pods read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl Source {
    /// The kind of an object, if pods read it as configuration.
    pub fn of(object: &Object) -> Option<Self> {
        match (object.group(), object.kind()) {
            ("", "ConfigMap") => Some(Self::ConfigMap),
            ("", "Secret") => Some(Self::Secret),
            _ => None,
        }
    }
}

/// What a pod reads of one ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Every key.
    All,
    /// These.
    Some(BTreeSet<String>),
}

/// What the pods of a template read, by kind and name.
pub type Reads = BTreeMap<(Source, String), Keys>;

/// Reads off a PodSpec which keys of which ConfigMaps and Secrets its pods read: `env`, `envFrom`, volumes and projected
/// volumes, of all containers. Secrets for pulling images are not configuration of the pod.
pub fn reads(pod_spec: &Value) -> Reads {
    let mut found = Reads::new();
    for kind in ["initContainers", "containers", "ephemeralContainers"] {
        for container in list(&pod_spec[kind]) {
            for entry in list(&container["env"]) {
                reference(&mut found, Source::ConfigMap, &entry["valueFrom"]["configMapKeyRef"]);
                reference(&mut found, Source::Secret, &entry["valueFrom"]["secretKeyRef"]);
            }
            for entry in list(&container["envFrom"]) {
                whole(&mut found, Source::ConfigMap, &entry["configMapRef"]["name"]);
                whole(&mut found, Source::Secret, &entry["secretRef"]["name"]);
            }
        }
    }
    for volume in list(&pod_spec["volumes"]) {
        mounted(&mut found, Source::ConfigMap, &volume["configMap"], "name");
        mounted(&mut found, Source::Secret, &volume["secret"], "secretName");
        for projected in list(&volume["projected"]["sources"]) {
            mounted(&mut found, Source::ConfigMap, &projected["configMap"], "name");
            mounted(&mut found, Source::Secret, &projected["secret"], "name");
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn whole(found: &mut Reads, source: Source, name: &Value) {
    if let Some(name) = name.as_str() {
        found.insert((source, name.to_owned()), Keys::All);
    }
}

fn one(found: &mut Reads, source: Source, name: &Value, key: &Value) {
    if let (Some(name), Some(key)) = (name.as_str(), key.as_str()) {
        let keys = found.entry((source, name.to_owned())).or_insert_with(|| Keys::Some(BTreeSet::new()));
        if let Keys::Some(keys) = keys {
            keys.insert(key.to_owned());
        }
    }
}

fn reference(found: &mut Reads, source: Source, from: &Value) {
    one(found, source, &from["name"], &from["key"]);
}

fn mounted(found: &mut Reads, source: Source, from: &Value, name: &str) {
    match from.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().for_each(|item| one(found, source, &from[name], &item["key"])),
        None => whole(found, source, &from[name]),
    }
}

/// The content of a ConfigMap or Secret, with its values in the clear: hold it only while a hash is made.
#[derive(Clone, Default)]
pub struct Content {
    /// Values by key.
    pub data: BTreeMap<String, Vec<u8>>,
    /// Keys that are read only at the first initialisation, and so restart nobody.
    pub first_use: BTreeSet<String>,
}

impl Content {
    /// The content of a ConfigMap or Secret whose `data` is complete.
    pub fn of(object: &Object) -> Self {
        let encoded = Source::of(object) == Some(Source::Secret);
        let decode = |text: &str| STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
        let mut data = BTreeMap::new();
        for (field, encoded) in [("data", encoded), ("stringData", false), ("binaryData", true)] {
            for (key, value) in object.at(&[field]).and_then(Value::as_object).into_iter().flatten() {
                if let Some(text) = value.as_str() {
                    data.insert(key.clone(), if encoded { decode(text) } else { text.as_bytes().to_vec() });
                }
            }
        }
        Self { data, first_use: first_use(object) }
    }
}

/// The keys of a ConfigMap or Secret that are read only at the first initialisation.
pub fn first_use(object: &Object) -> BTreeSet<String> {
    let keys = object.annotation(FIRST_USE_KEYS).unwrap_or("");
    keys.split(',').map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect()
}

/// Whether a reader of `keys` restarts when one of `changed` changes.
pub fn concerns(keys: &Keys, first_use: &BTreeSet<String>, changed: &str) -> bool {
    !first_use.contains(changed)
        && match keys {
            Keys::All => true,
            Keys::Some(keys) => keys.contains(changed),
        }
}

/// HMAC-SHA256 in hex, with the release's salt, over what the pods of a template read. `content` gives a ConfigMap or
/// Secret by name; what it does not know (an existing Secret that the operator named) is left out. `None` when the pods
/// read nothing.
pub fn restart_hash(
    pod_spec: &Value,
    salt: &[u8],
    content: &dyn Fn(Source, &str) -> Option<Content>,
) -> Option<String> {
    let reads = reads(pod_spec);
    if reads.is_empty() {
        return None;
    }
    // A key of any length is taken; the error cannot happen.
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).ok()?;
    let mut feed = |bytes: &[u8]| {
        // With its length in front, so that no two different contents feed the same bytes.
        mac.update(&(bytes.len() as u64).to_be_bytes());
        mac.update(bytes);
    };
    for ((source, name), keys) in &reads {
        let Some(content) = content(*source, name) else { continue };
        feed(&[*source as u8]);
        feed(name.as_bytes());
        for (key, value) in content.data.iter().filter(|(key, _)| concerns(keys, &content.first_use, key)) {
            feed(key.as_bytes());
            feed(value);
        }
        feed(&[]);
    }
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Value {
        json!({
            "containers": [{
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "b"}}},
                ],
            }],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "all"}}]}],
            "volumes": [
                {"name": "x", "secret": {"secretName": "s", "items": [{"key": "c", "path": "c"}]}},
                {"name": "y", "projected": {"sources": [{"configMap": {"name": "p"}}]}},
            ],
        })
    }

    fn secret(a: &str, b: &str) -> Object {
        Object(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "annotations": {"slipway.dev/first-use-keys": "b, c"}},
            "data": {"a": STANDARD.encode(a), "b": STANDARD.encode(b), "other": "eA=="},
        }))
    }

    #[test]
    fn every_way_to_read_configuration_is_found() {
        let found = reads(&pod());
        let some = |keys: &[&str]| Keys::Some(keys.iter().map(ToString::to_string).collect());
        assert_eq!(found[&(Source::Secret, "s".into())], some(&["a", "c"]));
        assert_eq!(found[&(Source::ConfigMap, "c".into())], some(&["b"]));
        assert_eq!(found[&(Source::Secret, "all".into())], Keys::All);
        assert_eq!(found[&(Source::ConfigMap, "p".into())], Keys::All);
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn only_a_key_that_is_read_and_not_of_the_first_use_changes_the_hash() {
        let hash = |object: &Object| {
            restart_hash(&pod(), b"salt", &|_, name| (name == "s").then(|| Content::of(object))).unwrap()
        };
        let before = hash(&secret("1", "1"));
        assert_eq!(before, hash(&secret("1", "2")), "b is read at the first use only");
        assert_ne!(before, hash(&secret("2", "1")));
        let mut other = secret("1", "1");
        other.set(&["data", "other"], json!("eQ=="));
        assert_eq!(before, hash(&other), "nobody reads it");
        assert_eq!(before.len(), 64);
    }

    #[test]
    fn no_two_contents_feed_the_hash_alike() {
        let pod = json!({"containers": [{"envFrom": [{"secretRef": {"name": "s"}}]}]});
        let hash = |entries: &[(&str, &str)]| {
            let data = entries.iter().map(|(key, value)| (key.to_string(), value.as_bytes().to_vec())).collect();
            let content = Content { data, first_use: BTreeSet::new() };
            restart_hash(&pod, b"salt", &|_, _| Some(content.clone())).unwrap()
        };
        let hashes = [
            hash(&[("a", "b\nc"), ("d", "")]),
            hash(&[("a", "b"), ("c", ""), ("d", "")]),
            hash(&[("a", "b\n"), ("cd", "")]),
            hash(&[("a", "b\nc=d")]),
            hash(&[("a", "b"), ("c", "d")]),
            hash(&[("ab", "c")]),
            hash(&[("a", "bc")]),
        ];
        assert_eq!(BTreeSet::from(hashes.clone()).len(), hashes.len(), "{hashes:?}");
    }

    #[test]
    fn another_salt_gives_another_hash_and_a_pod_that_reads_nothing_has_none() {
        let hash = |salt: &[u8]| restart_hash(&pod(), salt, &|_, _| None);
        assert_ne!(hash(b"a"), hash(b"b"));
        assert_eq!(restart_hash(&json!({"containers": []}), b"a", &|_, _| None), None);
    }
}
