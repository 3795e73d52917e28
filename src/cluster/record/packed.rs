//! Revisions as ConfigMaps hold them: compressed, with a digest, and in parts where one object is too small.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{FORMAT, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::set::RELEASE;

/// Puts revisions together from their ConfigMaps, the newest first.
pub(super) fn understand(objects: &[Object]) -> Result<Vec<Revision>, Failure> {
    let by_name: BTreeMap<&str, &Object> = objects.iter().map(|object| (object.name(), object)).collect();
    let mains = objects.iter().filter(|object| object.at(&["data", "format"]).is_some());
    let mut revisions = mains.map(|main| one(main, &by_name)).collect::<Result<Vec<Revision>, Failure>>()?;
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    Ok(revisions)
}

/// One revision out of the ConfigMap that makes it valid, and its parts.
pub(super) fn one(main: &Object, by_name: &BTreeMap<&str, &Object>) -> Result<Revision, Failure> {
    let format: u32 = main.text(&["data", "format"]).parse().unwrap_or(u32::MAX);
    if format > FORMAT {
        return Err(Failure::new(FailureKind::Refused, "the release was changed by a newer slipway")
            .place(main.id().to_string())
            .why(format!(
                "its record has format {}, this program writes format {FORMAT}",
                main.text(&["data", "format"])
            ))
            .state(NOTHING_WRITTEN)
            .hint(format!("use {} or newer", main.text(&["data", "writer"]))));
    }
    let damaged = |why: String| {
        let (release, namespace) = (main.label(RELEASE).unwrap_or("RELEASE"), main.namespace());
        Failure::new(FailureKind::Invalid, "the release's record is damaged")
            .place(main.id().to_string())
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint(format!("build it anew out of what is there: slipway repair {release} -n {namespace}"))
    };
    let bytes = |object: &Object, key: &str| {
        BASE64.decode(object.text(&["binaryData", key])).map_err(|error| damaged(format!("{key}: {error}")))
    };
    let parts: usize = main.text(&["data", "parts"]).parse().unwrap_or(0);
    let mut packed = Vec::new();
    for i in 1..=parts {
        let name = format!("{}.{i}", main.name());
        let part = by_name.get(name.as_str()).ok_or_else(|| damaged(format!("its part {name} is missing")))?;
        packed.extend(bytes(part, "plan")?);
    }
    packed.extend(bytes(main, "plan")?);
    let digest: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    if digest != main.text(&["data", "digest"]) {
        return Err(damaged("its digest is another one".into()));
    }
    let mut revision: Revision = unpack(&packed).map_err(damaged)?;
    revision.progress = unpack(&bytes(main, "progress")?).map_err(damaged)?;
    revision.resource_version = main.resource_version().into();
    Ok(revision)
}

pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let bug = |error: String| Failure::new(FailureKind::Bug, "the record cannot be written").why(error);
    let json = serde_json::to_vec(value).map_err(|error| bug(error.to_string()))?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&json).map_err(|error| bug(error.to_string()))?;
    encoder.finish().map_err(|error| bug(error.to_string()))
}

pub(super) fn unpack<T: for<'de> Deserialize<'de>>(packed: &[u8]) -> Result<T, String> {
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut json).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}
