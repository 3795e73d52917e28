//! The hashes that restart readers, once the keys are known (cluster.md 3).

use std::collections::BTreeMap;

use crate::object::{Object, ObjectId};
use crate::plan::restart::{Content, Source, restart_hash};
use crate::plan::{OPEN_HASH, RESTART_HASH};
use crate::secret::SecretText;

/// The hash of every workload whose hash is open. `objects` are complete: with the data that is sent.
pub(super) fn hashes(objects: &[Object], salt: &SecretText) -> BTreeMap<ObjectId, String> {
    let content = |source: Source, name: &str| {
        let found = objects.iter().find(|object| Source::of(object) == Some(source) && object.name() == name);
        found.map(Content::of)
    };
    let mut hashes = BTreeMap::new();
    for object in objects {
        let Some(template) = object.pod_template_path() else { continue };
        let mut path = template.to_vec();
        path.extend(["metadata", "annotations", RESTART_HASH]);
        if object.text(&path) != OPEN_HASH {
            continue;
        }
        let spec = object.pod_spec().cloned().unwrap_or_default();
        let hash = restart_hash(&spec, salt.expose().as_bytes(), &content);
        hashes.insert(object.id(), hash.unwrap_or_else(|| "nothing-read".into()));
    }
    hashes
}
