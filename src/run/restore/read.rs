//! What is to be restored: the folder of a backup or a single dump, whole and of this release.

use std::path::{Path, PathBuf};

use super::{Pair, refused};
use crate::apply::backup as data;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::backup::{FORMAT, Kind, MANIFEST, Manifest, Part, Source, fits, words};
use crate::run::databases::Databases;

/// The manifest of a folder, or what a single dump says by its name alone.
pub(super) fn read(from: &Path, databases: &Databases, sources: &[Source]) -> Result<(Manifest, PathBuf), Failure> {
    if from.is_file() {
        let file = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ending = from.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = if ending == "rdb" { Kind::Redis } else { Kind::Postgresql };
        let of_kind: Vec<&Source> = sources.iter().filter(|source| source.kind == kind).collect();
        let [source] = of_kind[..] else {
            return Err(refused(format!("which database {file} is of is not known"), from)
                .why(format!("the release has {} of {}", of_kind.len(), kind.title()))
                .hint("name the folder that the backup made"));
        };
        let part = Part {
            group: source.group.clone(),
            kind: if kind == Kind::Redis { "redis".into() } else { "postgresql".into() },
            file,
            bytes: std::fs::metadata(from).map(|about| about.len()).unwrap_or(0),
            ..Part::default()
        };
        let manifest = Manifest {
            format: FORMAT,
            product: databases.product.name.clone(),
            version: String::new(),
            release: String::new(),
            namespace: String::new(),
            made: String::new(),
            consistent: true,
            parts: vec![part],
        };
        return Ok((manifest, from.parent().unwrap_or(Path::new("")).to_path_buf()));
    }
    let path = from.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if from.is_dir() => {
            refused(format!("{} is not a whole backup", from.display()), from)
                .why(format!("it has no {MANIFEST}, which is written last"))
                .hint("a single dump in it can be named itself: --from PATH/FILE")
        }
        std::io::ErrorKind::NotFound => {
            Failure::new(FailureKind::Usage, format!("there is no {}", from.display())).state(NOTHING_WRITTEN)
        }
        _ => Failure::new(FailureKind::Usage, format!("cannot read {}", path.display()))
            .why(error.to_string())
            .state(NOTHING_WRITTEN),
    })?;
    let newer = serde_json::from_str::<serde_json::Value>(&text).ok();
    if newer.and_then(|json| json["format"].as_u64()).is_some_and(|format| format > u64::from(FORMAT)) {
        return Err(refused("the backup was written by a newer slipway".into(), &path).hint("restore it with that one"));
    }
    let manifest = serde_json::from_str(&text)
        .map_err(|error| refused(format!("{} cannot be understood", path.display()), &path).why(error.to_string()))?;
    Ok((manifest, from.to_path_buf()))
}

/// Which dump goes where.
pub(super) fn pairs(
    databases: &Databases,
    sources: &[Source],
    manifest: &Manifest,
    folder: &Path,
    only: Option<&str>,
) -> Result<Vec<Pair>, Failure> {
    let groups: Vec<&str> = manifest.parts.iter().map(|part| part.group.as_str()).collect();
    if let Some(only) = only
        && !groups.contains(&only)
    {
        return Err(Failure::new(FailureKind::Usage, format!("the backup holds no {only}"))
            .why(format!("it holds {}", groups.join(", ")))
            .state(NOTHING_WRITTEN));
    }
    let mut pairs = Vec::new();
    for part in manifest.parts.iter().filter(|part| only.is_none_or(|only| part.group == only)) {
        let path = folder.join(&part.file);
        let source = sources.iter().find(|source| source.group == part.group);
        let source = source.ok_or_else(|| {
            refused(format!("{} has no database {}", databases.target.release, part.group), &path)
                .hint("restore the others one by one: --only GROUP")
        })?;
        fits(manifest, part, &databases.product.name, source).map_err(|why| {
            refused(format!("{} does not belong to {}", part.file, databases.target.release), &path)
                .why(why)
                .hint("name the backup of this release")
        })?;
        if Path::new(&part.file).components().count() != 1 {
            return Err(refused(format!("the backup names a file outside of itself: {}", part.file), &path));
        }
        pairs.push(Pair { source: source.clone(), part: part.clone(), path });
    }
    Ok(pairs)
}

/// The file is the one that was written.
pub(super) fn whole(pair: &Pair) -> Result<(), Failure> {
    let about = std::fs::metadata(&pair.path)
        .map_err(|error| refused(format!("{} is missing", pair.part.file), &pair.path).why(error.to_string()))?;
    if pair.part.sha256.is_empty() {
        return Ok(());
    }
    if about.len() < pair.part.bytes {
        return Err(refused(format!("{} is cut off", pair.part.file), &pair.path)
            .why(format!("it has {}, and {} were written", words(about.len()), words(pair.part.bytes)))
            .hint("copy it again from where it was made"));
    }
    if data::digest(&pair.path)? != pair.part.sha256 {
        return Err(refused(format!("{} is damaged", pair.part.file), &pair.path)
            .why("it is not what was written: its SHA-256 is another")
            .hint("copy it again from where it was made"));
    }
    Ok(())
}
