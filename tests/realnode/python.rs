//! What the image has of PyPI: programs in folders of their own, by pip, pinned by version and hash.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::built::once;
use crate::testbed::Outcome;
use crate::testbed::binaries::{digest, folder};

/// Folders under `/opt/prefect`, each with what pip puts into it.
const FOLDERS: [(&str, &str, &str); 2] = [
    ("3.8.4", "prefect-3.8.4.txt", include_str!("python/prefect-3.8.4.txt")),
    ("3.8.5", "prefect-3.8.5.txt", include_str!("python/prefect-3.8.5.txt")),
];
/// The Python of the image root.
const PYTHON: &str = "3.11";

/// The pins of all folders.
pub(crate) fn pins() -> Vec<&'static str> {
    FOLDERS.iter().map(|(_, _, pins)| *pins).chain([PYTHON]).collect()
}

/// An archive of the folders, made now if it is not in the cache.
#[expect(clippy::print_stderr, reason = "a build of minutes must say that it runs")]
pub(crate) fn archive() -> Outcome<PathBuf> {
    let done = folder()?.join(format!("realnode-python-{}", digest(pins().into_iter())));
    once(&done, |unfinished| {
        eprintln!("getting Prefect from PyPI (once for these pins; a minute) …");
        for (name, pins, _) in FOLDERS {
            install(pins, &unfinished.join(name))?;
        }
        let names: Vec<&str> = FOLDERS.iter().map(|(name, ..)| *name).collect();
        let packed = Command::new("tar")
            .args(["--numeric-owner", "--owner=0", "--group=0", "-cf", "python.tar"])
            .args(&names)
            .current_dir(unfinished)
            .status()?;
        if !packed.success() {
            return Err(format!("tar: {packed}").into());
        }
        names.iter().try_for_each(|name| Ok(std::fs::remove_dir_all(unfinished.join(name))?))
    })?;
    Ok(done.join("python.tar"))
}

fn install(pins: &str, to: &Path) -> Outcome<()> {
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/realnode/python").join(pins);
    let done = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", PYTHON, "--require-hashes", "--root-user-action=ignore"])
        .arg("--target")
        .arg(to)
        .arg("--requirement")
        .arg(pins)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("python3: {e}: apt-get install python3-pip"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("pip (apt-get install python3-pip): {}", String::from_utf8_lossy(&done.stderr).trim()).into())
}
