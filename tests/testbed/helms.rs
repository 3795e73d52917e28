//! Helm 3 and Helm 4, built when a test first needs one of them: once for these pins, outside the repository.

use std::fs::File;
use std::path::PathBuf;

use crate::testbed::Outcome;
use crate::testbed::binaries::{digest, folder, go};

const LINKER: &str = "-s -w";

/// Helm of a major version.
pub(crate) fn helm(major: u8) -> Outcome<PathBuf> {
    let (module, pins) = match major {
        3 => ("helm3", [include_str!("helm3/go.mod"), include_str!("helm3/go.sum")]),
        _ => ("helm4", [include_str!("helm4/go.mod"), include_str!("helm4/go.sum")]),
    };
    let cache = folder()?;
    let done = cache.join(format!("{module}-{}", digest(pins.into_iter().chain([LINKER]))));
    let program = done.join("helm");
    if program.is_file() {
        return Ok(program);
    }
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("helm.lock"))?;
    lock.lock()?;
    if !program.is_file() {
        build(module, &done)?;
    }
    Ok(program)
}

/// Builds both where they are missing; a test that needs one that cannot be built says so itself.
pub(crate) fn prepare() {
    for major in [3, 4] {
        drop(helm(major));
    }
}

#[expect(clippy::print_stderr, reason = "a build of minutes must say that it runs")]
fn build(module: &str, to: &std::path::Path) -> Outcome<()> {
    eprintln!("building {module} (once for these pins; two minutes on 2 cores with nothing cached) …");
    let unfinished = to.with_extension("unfinished");
    let _ = std::fs::remove_dir_all(&unfinished);
    std::fs::create_dir_all(&unfinished)?;
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed").join(module);
    let built = go(&sources).args(["build", "-ldflags", LINKER, "-o"]).arg(&unfinished).arg("tool").status()?;
    if !built.success() {
        return Err(format!("`go build tool` in tests/testbed/{module} failed: {built}").into());
    }
    std::fs::rename(&unfinished, to)?;
    Ok(())
}
