//! The state on disk: one JSON file, replaced as a whole.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::store::Key;
use super::world::World;
use crate::object::Object;

/// The file of a folder's state.
pub fn state_file(folder: &Path) -> PathBuf {
    folder.join("practice.json")
}

/// Takes a folder for this server alone, as long as the file is open. Two servers would write over each other.
///
/// # Errors
/// Another server has it, in this process or another ([`ErrorKind::ResourceBusy`]), or the folder cannot be written.
pub(crate) fn take(folder: &Path) -> io::Result<File> {
    use std::io::{Read as _, Write as _};
    std::fs::create_dir_all(folder)?;
    let mut options = std::fs::OpenOptions::new();
    let mut lock = options.read(true).write(true).create(true).truncate(false).open(folder.join("practice.lock"))?;
    if rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        lock.read_to_string(&mut holder)?;
        let why = format!("process {} uses the practice cluster in {}", holder.trim(), folder.display());
        return Err(io::Error::new(ErrorKind::ResourceBusy, why));
    }
    lock.set_len(0)?;
    write!(lock, "{}", std::process::id())?;
    Ok(lock)
}

/// Forgets a folder's cluster; `false` if there was none.
///
/// # Errors
/// A server runs on it, or the file cannot be removed.
pub fn reset(folder: &Path) -> io::Result<bool> {
    if !folder.exists() {
        return Ok(false);
    }
    let _alone = take(folder)?;
    match std::fs::remove_file(state_file(folder)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What was saved.
pub(crate) struct Saved {
    pub(crate) version: u64,
    pub(crate) made: u64,
    pub(crate) objects: Vec<(Key, Object)>,
}

pub(crate) fn read(folder: &Path) -> io::Result<Option<Saved>> {
    let file = state_file(folder);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let broken = |why: &str| io::Error::new(ErrorKind::InvalidData, format!("{}: {why}", file.display()));
    let state: Value = serde_json::from_str(&text).map_err(|error| broken(&error.to_string()))?;
    let number = |name: &str| state.get(name).and_then(Value::as_u64).ok_or_else(|| broken("not a practice cluster"));
    let mut objects = Vec::new();
    for entry in state.get("objects").and_then(Value::as_array).into_iter().flatten() {
        let object = Object(entry.get("object").cloned().unwrap_or(Value::Null));
        let table = entry.get("table").and_then(Value::as_str).ok_or_else(|| broken("an object without a table"))?;
        objects.push((Key::new(table, object.namespace(), object.name()), object));
    }
    Ok(Some(Saved { version: number("version")?, made: number("made")?, objects }))
}

pub(crate) fn text(world: &World) -> io::Result<String> {
    let objects: Vec<Value> =
        world.store.all().map(|(key, object)| json!({"table": key.table, "object": object.0})).collect();
    let state = json!({"version": world.store.version(), "made": world.made, "objects": objects});
    serde_json::to_string(&state).map_err(io::Error::other)
}

/// Writes beside the file and renames, so that a reader sees all or nothing.
pub(crate) fn write(folder: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    std::fs::create_dir_all(folder)?;
    let file = state_file(folder);
    let beside = folder.join(format!(".practice.json.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        // Secrets of the practised products are in it.
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut new = options.open(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, &file)
}
