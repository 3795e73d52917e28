//! Key Secrets (cluster.md 3): one per release and generation, made once with POST, immutable, read back, and never made
//! again because something could not be read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::connect::Cluster;
use super::fault::FaultKind;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::Target;
use crate::plan::set::{OPENS, RELEASE};
use crate::secret::SecretText;

/// Entry of a key Secret that salts the hashes of a release.
pub const SALT: &str = "slipway.salt";

/// A key Secret as it is in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Name of the Secret.
    pub secret: String,
    /// Its UID.
    pub uid: String,
    /// Its generation, from 1.
    pub generation: u32,
    /// Its values by path, without the salt.
    pub values: BTreeMap<String, SecretText>,
    /// The salt of the release's hashes.
    pub salt: SecretText,
    /// What it opens: claims, clients.
    pub opens: Vec<String>,
}

/// Reads the key Secret of a generation; `None` only when the server says that it is absent.
///
/// # Errors
/// It could not be read, or it is not ours.
pub async fn read(cluster: &Cluster, target: &Target, generation: u32) -> Result<Option<Keys>, Failure> {
    let id = ObjectId::new("", "Secret", &target.namespace, &target.key_secret_name(generation));
    match cluster.find(&id).await? {
        None => Ok(None),
        Some(found) => understand(&found, target, generation).map(Some),
    }
}

/// Makes the key Secret of a generation, and reads it back. One that is there already, and ours, is read and used.
///
/// # Errors
/// It could not be made or read back, or one of that name is not ours.
pub async fn make(
    cluster: &Cluster,
    target: &Target,
    generation: u32,
    values: &BTreeMap<String, SecretText>,
    salt: &SecretText,
    opens: &[String],
) -> Result<(Keys, bool), Failure> {
    let mut data = Map::new();
    for (path, value) in values {
        data.insert(path.clone(), BASE64.encode(value.expose()).into());
    }
    data.insert(SALT.into(), BASE64.encode(salt.expose()).into());
    let secret = Object(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "immutable": true,
        "metadata": {
            "name": target.key_secret_name(generation),
            "namespace": target.namespace,
            "labels": {RELEASE: target.release, "app.kubernetes.io/managed-by": "slipway"},
            "annotations": {OPENS: serde_json::to_string(opens).unwrap_or_default()},
        },
        "data": Value::Object(data),
    }));
    let made = match cluster.create(&secret, &target.field_manager()).await {
        Ok(_) => true,
        // Also after a lost connection whose request arrived: then it is our own.
        Err(fault) if fault.kind == FaultKind::AlreadyExists => false,
        Err(fault) => return Err(fault.into()),
    };
    let keys = read(cluster, target, generation).await?;
    let keys = keys.ok_or_else(|| {
        Failure::new(FailureKind::Refused, format!("the key Secret {} is gone right after it was made", secret.name()))
            .place(secret.id().to_string())
            .hint("find out who deletes Secrets here (audit log, a controller), then run the same command again")
    })?;
    Ok((keys, made))
}

/// Every generation of a release's key Secrets that is there, the newest first.
///
/// # Errors
/// They cannot be listed, or one of them cannot be understood.
pub async fn all(cluster: &Cluster, target: &Target) -> Result<Vec<Keys>, Failure> {
    let selector = format!("{RELEASE}={}", target.release);
    let listed = cluster.list("", "Secret", &target.namespace, &selector).await?.objects;
    let mut all = Vec::new();
    for secret in listed.iter().filter(|secret| secret.annotation(OPENS).is_some()) {
        if let Some(generation) = generation_of(secret.name(), target) {
            all.push(understand(secret, target, generation)?);
        }
    }
    all.sort_by_key(|keys: &Keys| std::cmp::Reverse(keys.generation));
    Ok(all)
}

/// The generation that a Secret's name says, where it is one of the release's key Secrets.
pub fn generation_of(name: &str, target: &Target) -> Option<u32> {
    let number = name.strip_prefix(&format!("{}-keys-", target.release))?;
    number.parse().ok().filter(|generation: &u32| *generation > 0 && generation.to_string() == number)
}

/// What is said of a generation that the release's record counts on, and that is not there.
pub fn gone(target: &Target, generation: u32) -> Failure {
    let name = target.key_secret_name(generation);
    Failure::new(FailureKind::Refused, format!("the key Secret {name} is gone"))
        .place(ObjectId::new("", "Secret", &target.namespace, &name).to_string())
        .why("the release's record says that data was written with its keys; new keys would not open it")
        .state(NOTHING_WRITTEN)
        .hint(format!(
            "bring the Secret {name} back from a backup, with its labels and annotations, then run the same command again"
        ))
        .hint("or give the data up: delete its claims and the release's ConfigMaps by name, then install again")
}

fn understand(secret: &Object, target: &Target, generation: u32) -> Result<Keys, Failure> {
    let id = secret.id();
    if secret.label(RELEASE) != Some(&target.release) || secret.annotation(OPENS).is_none() {
        return Err(Failure::new(FailureKind::Refused, format!("the Secret {} is not slipway's", secret.name()))
            .place(id.to_string())
            .why("it has the name of this release's key Secret, but not its marks")
            .hint(format!("look at it: kubectl -n {} get secret {} --show-labels", id.namespace, id.name))
            .hint("delete or rename it, or choose another name for the release: --name RELEASE"));
    }
    let mut values = BTreeMap::new();
    for (key, value) in secret.at(&["data"]).and_then(Value::as_object).into_iter().flatten() {
        let decoded =
            value.as_str().and_then(|text| BASE64.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(|| {
            Failure::new(FailureKind::Invalid, format!("the entry {key} of the Secret {} is not text", secret.name()))
                .place(id.to_string())
        })?;
        values.insert(key.clone(), SecretText::new(decoded));
    }
    let salt = values.remove(SALT).unwrap_or_else(|| SecretText::new(secret.uid()));
    let opens = secret.annotation(OPENS).and_then(|opens| serde_json::from_str(opens).ok()).unwrap_or_default();
    Ok(Keys { secret: secret.name().into(), uid: secret.uid().into(), generation, values, salt, opens })
}
