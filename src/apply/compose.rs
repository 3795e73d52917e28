//! Making the objects that are sent: marks, restart hashes, and Secrets from their recipes just before they go.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::{Failure, FailureKind};
use crate::object::{Object, ObjectId};
use crate::plan::set::{PART_OF, RELEASE};
use crate::plan::{Class, OPEN_HASH, RESTART_HASH, Step, Target};
use crate::secret::{SecretRef, SecretText};

/// What is needed to make the objects that are sent.
pub(super) struct Making<'a> {
    pub(super) target: &'a Target,
    pub(super) values: &'a BTreeMap<String, SecretText>,
    pub(super) existing: &'a BTreeMap<SecretRef, SecretText>,
}

impl Making<'_> {
    /// The object of a step with its marks and its secret entries; restart hashes still open.
    pub(super) fn object(&self, step: &Step) -> Result<Object, Failure> {
        let mut object = step.wanted.object.clone();
        mark(&mut object, self.target, step.class);
        for (key, recipe) in &step.wanted.recipes {
            let secret = |path: &str, at: &SecretRef| match at {
                SecretRef::Keys { key, .. } => self.values.get(key).or_else(|| self.values.get(path)).cloned(),
                SecretRef::Existing { .. } => self.existing.get(at).or_else(|| self.values.get(path)).cloned(),
            };
            let made = recipe.resolve(&secret).map_err(|why| {
                Failure::new(FailureKind::Invalid, format!("the entry {key} of {} cannot be made", object.id().short()))
                    .place(object.id().to_string())
                    .why(why.to_string())
            })?;
            match made {
                // Of a chart that was taken over a ConfigMap may hold a secret too.
                Some(value) if object.kind() == "ConfigMap" => object.set(&["data", key], value.expose().into()),
                Some(value) => object.set(&["data", key], BASE64.encode(value.expose()).into()),
                None => drop(object.remove(&["data", key])),
            }
        }
        Ok(object)
    }
}

/// Puts our mark on an object (cluster.md 1).
pub(super) fn mark(object: &mut Object, target: &Target, class: Class) {
    match class {
        Class::Ordinary | Class::ClusterScoped => object.set_label(PART_OF, &target.set_id()),
        Class::Claim => object.set_label(RELEASE, &target.release),
        Class::Crd => {}
    }
}

/// Fills the open restart hash of a workload.
pub(super) fn fill_hash(object: &mut Object, hashes: &BTreeMap<ObjectId, String>) {
    let Some(template) = object.pod_template_path() else { return };
    let mut path: Vec<&str> = template.to_vec();
    path.extend(["metadata", "annotations", RESTART_HASH]);
    if object.text(&path) == OPEN_HASH
        && let Some(hash) = hashes.get(&object.id())
    {
        object.set(&path, hash.as_str().into());
    }
}
