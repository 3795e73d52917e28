//! Helm's record of its releases (facts: installers 6.6): one Secret or ConfigMap a revision, each a JSON document that is
//! compressed and encoded. It holds the chart's values and manifest, secrets among them: what is read here is never logged.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::adopt::{ChartRelease, HELM_OWNER};

/// A release as Helm stores it: its objects, whole, the oldest revision first.
#[derive(Clone)]
pub struct Stored {
    /// Name of the release.
    pub name: String,
    /// Namespace of the record.
    pub namespace: String,
    /// Its Secrets or ConfigMaps.
    pub objects: Vec<Object>,
}

impl Cluster {
    /// Helm's releases in a namespace, or in all of them where it is empty; of the storage drivers `secret` and
    /// `configmap`. One that keeps its record in a database cannot be seen here.
    ///
    /// # Errors
    /// Neither Secrets nor ConfigMaps may be listed.
    pub async fn helm_releases(&self, namespace: &str) -> Result<Vec<Stored>, Fault> {
        let selector = format!("{HELM_OWNER}=helm");
        let (secrets, maps) = tokio::join!(
            self.list("", "Secret", namespace, &selector),
            self.list("", "ConfigMap", namespace, &selector)
        );
        let mut found: BTreeMap<(String, String, String), Vec<Object>> = BTreeMap::new();
        let (secrets, maps) = match (secrets, maps) {
            (Err(fault), Err(_)) => return Err(fault),
            (Err(fault), _) | (_, Err(fault)) if fault.kind != FaultKind::Forbidden => return Err(fault),
            (secrets, maps) => (secrets.map(|all| all.objects), maps.map(|all| all.objects)),
        };
        for object in secrets.into_iter().chain(maps).flatten() {
            if !object.name().starts_with("sh.helm.release.v1.") {
                continue;
            }
            let name = object.label("name").unwrap_or("").to_string();
            let key = (object.namespace().to_string(), name, object.kind().to_string());
            found.entry(key).or_default().push(object);
        }
        let stored = found.into_iter().map(|((namespace, name, _), mut objects)| {
            objects.sort_by_key(number);
            Stored { name, namespace, objects }
        });
        Ok(stored.collect())
    }
}

fn number(stored: &Object) -> u32 {
    let label = stored.label("version").and_then(|version| version.parse().ok());
    label.or_else(|| stored.name().rsplit_once(".v")?.1.parse().ok()).unwrap_or(0)
}

impl Stored {
    /// The release as it is now: the newest revision that Helm calls deployed, else the newest of all.
    ///
    /// # Errors
    /// The record cannot be understood.
    pub fn release(&self) -> Result<ChartRelease, Failure> {
        let newest = self.objects.last().ok_or_else(|| self.damaged("it is empty"))?;
        let deployed = self.objects.iter().rev().find(|object| object.label("status") == Some("deployed"));
        let current = deployed.unwrap_or(newest);
        let read = decode(current).map_err(|why| self.damaged(&why))?;
        let text = |pointer: &str| crate::sanitize::line(read.pointer(pointer).and_then(Value::as_str).unwrap_or(""));
        let status = |object: &Object| crate::sanitize::line(object.label("status").unwrap_or(""));
        let annotations = read.pointer("/chart/metadata/annotations").and_then(Value::as_object);
        let annotations = annotations.into_iter().flatten();
        let mut values = read.pointer("/chart/values").cloned().unwrap_or_default();
        over(&mut values, read.get("config").cloned().unwrap_or_default());
        let manifest = read.get("manifest").and_then(Value::as_str).unwrap_or("");
        Ok(ChartRelease {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            revision: number(current),
            status: status(current),
            newest_status: status(newest),
            changed: text("/info/last_deployed"),
            chart: text("/chart/metadata/name"),
            version: text("/chart/metadata/version"),
            annotations: annotations
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_string())))
                .collect(),
            values,
            manifest: documents(manifest).map_err(|why| self.damaged(&why))?,
            stored: self.objects.iter().map(without_release).collect(),
        })
    }

    /// The record as a list that `kubectl create -f` brings back.
    pub fn exported(&self) -> Value {
        let items = self.objects.iter().map(|object| {
            let mut object = object.clone();
            for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"] {
                object.remove(&["metadata", field]);
            }
            object.0
        });
        serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()})
    }

    fn damaged(&self, why: &str) -> Failure {
        Failure::new(FailureKind::Invalid, format!("Helm's record of {} cannot be understood", self.name))
            .place(format!("namespace {}", self.namespace))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint(format!("see whether Helm understands it: helm history {} -n {}", self.name, self.namespace))
    }
}

/// The object that stores a revision, without the revision.
fn without_release(stored: &Object) -> Object {
    let mut object = stored.clone();
    object.remove(&["data"]);
    object.remove(&["metadata", "managedFields"]);
    object
}

/// A revision: in a Secret encoded twice, since Helm encodes what Kubernetes encodes again; compressed where it begins so.
fn decode(stored: &Object) -> Result<Value, String> {
    let encoded = stored.text(&["data", "release"]);
    let once = |text: &[u8]| BASE64.decode(text).map_err(|error| format!("it is not base64: {error}"));
    let bytes = if stored.kind() == "Secret" { once(&once(encoded.as_bytes())?)? } else { once(encoded.as_bytes())? };
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut json = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
        decoder.read_to_end(&mut json).map_err(|error| format!("it cannot be decompressed: {error}"))?;
        json
    } else {
        bytes
    };
    // What the parser says would repeat what it read.
    serde_json::from_slice(&json).map_err(|_| "it is not JSON".to_string())
}

/// Values over values: a mapping is merged, a null takes away, everything else replaces.
fn over(values: &mut Value, config: Value) {
    match (values, config) {
        (Value::Object(values), Value::Object(config)) => {
            for (key, value) in config {
                if value.is_null() {
                    values.shift_remove(&key);
                } else {
                    over(values.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (_, Value::Null) => {}
        (values, config) => *values = config,
    }
}

/// The objects of a manifest, which is several YAML documents.
fn documents(manifest: &str) -> Result<Vec<Object>, String> {
    let read: Vec<Value> = serde_yaml::from_multiple(manifest).map_err(|_| "its manifest is not YAML".to_string())?;
    let objects = read.into_iter().filter(|value| value.get("kind").is_some_and(Value::is_string));
    let objects = objects.flat_map(|value| match value.get("items").and_then(Value::as_array) {
        Some(items) if value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) => items.clone(),
        _ => vec![value],
    });
    Ok(objects.filter(|value| *value != Value::Object(Map::new())).map(Object).collect())
}

#[cfg(test)]
#[path = "helm_tests.rs"]
mod tests;
