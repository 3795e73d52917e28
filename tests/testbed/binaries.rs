//! Builds the programs of the control plane, once for each set of pins, outside the repository.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::Outcome;

/// Every input of the newest line's build: a change here is another folder in the cache.
const INPUTS: [&str; 5] = [
    include_str!("binaries/go.mod"),
    include_str!("binaries/go.sum"),
    include_str!("kwok/go.mod"),
    include_str!("kwok/go.sum"),
    include_str!("pins.txt"),
];
const VERSION: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 \
                       -X k8s.io/component-base/version.gitMinor=36";
/// The same for the oldest supported line, of which only Kubernetes' own programs are built anew.
const OLDEST: [&str; 2] = [include_str!("oldest/go.mod"), include_str!("oldest/go.sum")];
const OLDEST_VERSION: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.33.13 -X k8s.io/component-base/version.gitMajor=1 \
                              -X k8s.io/component-base/version.gitMinor=33";
const KWOK: &str = "sigs.k8s.io/kwok v0.8.0 h1:OTIOTwgROqPMovcTwxICx2eYQ4AwLpSx5EpjbDKF4SQ=";
const LINKER: [(&str, &str); 2] = [("binaries", VERSION), ("kwok", "-s -w")];
const ENVIRONMENT: [(&str, &str); 4] =
    [("CGO_ENABLED", "0"), ("GOFLAGS", "-buildvcs=false -trimpath"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")];
/// Definitions are checked against the pinned sums here, so the checksum database need not be reached for them.
const UNASKED: (&str, &str) = ("GONOSUMDB", "*");

/// What a build leaves behind.
pub(crate) struct Built {
    /// etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, kwok.
    pub(crate) programs: PathBuf,
    /// `crds/*.yaml` and `stages/*.yaml`.
    pub(crate) definitions: PathBuf,
}

/// The line of Kubernetes that the control plane is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// The newest supported one.
    Newest,
    /// The oldest supported one.
    Oldest,
}

impl Line {
    /// The one that the variable SLIPWAY_TESTBED_KUBERNETES asks for, else the newest.
    fn asked() -> Outcome<Self> {
        match std::env::var("SLIPWAY_TESTBED_KUBERNETES").as_deref() {
            Err(_) | Ok("" | "1.36") => Ok(Self::Newest),
            Ok("1.33") => Ok(Self::Oldest),
            Ok(other) => Err(format!(
                "SLIPWAY_TESTBED_KUBERNETES is `{other}`; it may be 1.36, the newest supported line, or 1.33, the oldest"
            )
            .into()),
        }
    }
}

/// The version of the line that is asked for, as its programs tell it.
pub(crate) fn version() -> Outcome<&'static str> {
    Ok(match Line::asked()? {
        Line::Newest => "v1.36.3",
        Line::Oldest => "v1.33.13",
    })
}

/// The programs of the line that is asked for, built now if they are not in the cache. Two runs at once build one after the
/// other.
pub(crate) fn ready() -> Outcome<Built> {
    let line = Line::asked()?;
    let newest = once(&key(), build)?;
    let newest = Built { programs: newest.join("bin"), definitions: newest };
    if line == Line::Newest {
        return Ok(newest);
    }
    // What is not Kubernetes' own stays as it is: etcd, KWOK and the definitions.
    let key = format!("1.33-{}", digest([key().as_str(), OLDEST_VERSION].into_iter().chain(OLDEST)));
    let oldest = once(&key, |to| {
        let bin = to.join("bin");
        go_build(&[("oldest", OLDEST_VERSION)], &bin)?;
        for program in ["etcd", "kwok"] {
            std::fs::copy(newest.programs.join(program), bin.join(program))?;
        }
        Ok(())
    })?;
    Ok(Built { programs: oldest.join("bin"), definitions: newest.definitions })
}

/// A folder of the cache, filled now if it is not there.
fn once(key: &str, build: impl Fn(&Path) -> Outcome<()>) -> Outcome<PathBuf> {
    let cache = folder()?;
    let done = cache.join(key);
    if done.is_dir() {
        return Ok(done);
    }
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    if !done.is_dir() {
        let unfinished = cache.join(format!("{key}.unfinished"));
        let _ = std::fs::remove_dir_all(&unfinished);
        build(&unfinished)?;
        std::fs::rename(&unfinished, &done)?;
    }
    Ok(done)
}

pub(crate) fn folder() -> Outcome<PathBuf> {
    if let Some(named) = std::env::var_os("SLIPWAY_TESTBED_CACHE") {
        return Ok(named.into());
    }
    if let Some(cache) = std::env::var_os("XDG_CACHE_HOME").filter(|c| Path::new(c).is_absolute()) {
        return Ok(PathBuf::from(cache).join("slipway-testbed"));
    }
    let home =
        std::env::home_dir().ok_or("neither SLIPWAY_TESTBED_CACHE, XDG_CACHE_HOME nor HOME says where to build")?;
    Ok(home.join(".cache/slipway-testbed"))
}

fn key() -> String {
    digest(INPUTS.into_iter().chain([KWOK]).chain(LINKER.into_iter().chain(ENVIRONMENT).flat_map(|(a, b)| [a, b])))
}

/// A name for these inputs.
pub(crate) fn digest<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn go(folder: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(folder).envs(ENVIRONMENT).stdin(Stdio::null());
    go
}

fn build(to: &Path) -> Outcome<()> {
    let bin = to.join("bin");
    go_build(&LINKER, &bin)?;
    // Go names a program by the last part of its package's path.
    std::fs::rename(bin.join("server"), bin.join("etcd"))?;
    definitions(to)
}

/// Builds the tools of modules, each a folder here with what it tells the linker.
#[expect(clippy::print_stderr, reason = "a build of many minutes must say that it runs")]
fn go_build(modules: &[(&str, &str)], bin: &Path) -> Outcome<()> {
    let missing = "the test cluster is built with Go 1.26 or newer: https://go.dev/dl/, or your distribution's package if it is that new";
    let version = go(Path::new("/"))
        .args(["env", "GOVERSION"])
        .output()
        .map_err(|_| format!("there is no `go` here; {missing}"))?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let minor = version.strip_prefix("go1.").and_then(|v| v.split('.').next()).and_then(|v| v.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor < 26) {
        return Err(format!("this is {version}; {missing}").into());
    }
    eprintln!("building the test cluster (once for these pins; about 15 minutes on 2 cores with nothing cached) …");
    let began = std::time::Instant::now();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed");
    std::fs::create_dir_all(bin)?;
    for (module, linker) in modules {
        let done = go(&sources.join(module)).args(["build", "-ldflags", linker, "-o"]).arg(bin).arg("tool").status()?;
        if !done.success() {
            return Err(format!("`go build tool` in tests/testbed/{module} failed: {done}").into());
        }
    }
    eprintln!("built in {} s", began.elapsed().as_secs());
    Ok(())
}

/// Copies the definitions out of their modules, so that a run with a filled cache needs no Go at all.
fn definitions(to: &Path) -> Outcome<()> {
    let (crds, stages) = (to.join("crds"), to.join("stages"));
    std::fs::create_dir_all(&crds)?;
    std::fs::create_dir_all(&stages)?;
    for line in include_str!("pins.txt").lines().filter(|l| !l.starts_with('#')) {
        let words: Vec<_> = line.split(' ').collect();
        let [module, version, sum, inside] = words[..] else { return Err(format!("pins.txt: {line}").into()) };
        for file in std::fs::read_dir(download(module, version, sum)?.join(inside))? {
            let file = file?;
            let name = format!("{}-{}", module.replace('/', "_"), file.file_name().to_string_lossy());
            if name.ends_with(".yaml") {
                definition(&file.path(), &crds.join(name))?;
            }
        }
    }
    let words: Vec<_> = KWOK.split(' ').collect();
    let [module, version, sum] = words[..] else { return Err("KWOK's pin has three words".into()) };
    let kwok = download(module, version, sum)?.join("kustomize");
    definition(&kwok.join("crd/bases/kwok.x-k8s.io_logs.yaml"), &crds.join("kwok-logs.yaml"))?;
    for name in ["fast/node-initialize.yaml", "heartbeat-with-lease/node-heartbeat-with-lease.yaml"] {
        let file = kwok.join("stage/node").join(name);
        std::fs::write(stages.join(file.file_name().unwrap_or_default()), std::fs::read(&file)?)?;
    }
    Ok(())
}

/// Copies each CustomResourceDefinition of a file into one of its own; other kinds beside them are left.
fn definition(from: &Path, to: &Path) -> Outcome<()> {
    let text = std::fs::read_to_string(from)?;
    for (nth, document) in text.split("\n---\n").enumerate() {
        if document.lines().any(|l| l == "kind: CustomResourceDefinition") {
            std::fs::write(to.with_extension(format!("{nth}.yaml")), document)?;
        }
    }
    Ok(())
}

/// The folder of a module in Go's own cache, downloaded if need be and checked against `sum`.
fn download(module: &str, version: &str, sum: &str) -> Outcome<PathBuf> {
    let at = format!("{module}@{version}");
    let said = go(Path::new("/")).env(UNASKED.0, UNASKED.1).args(["mod", "download", "-json", &at]).output()?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout)
        .map_err(|e| format!("`go mod download {at}`: {e}: {}", String::from_utf8_lossy(&said.stderr)))?;
    if said["Sum"] != sum {
        return Err(
            format!("`go mod download {at}`: checksum {} instead of {sum}: {}", said["Sum"], said["Error"]).into()
        );
    }
    if let Some(folder) = said["Dir"].as_str() {
        return Ok(folder.into());
    }
    // A module that asks for a newer Go is unpacked all the same; only its folder is not told.
    let cache = go(Path::new("/")).args(["env", "GOMODCACHE"]).output()?;
    let folder = Path::new(String::from_utf8_lossy(&cache.stdout).trim()).join(&at);
    if folder.is_dir() { Ok(folder) } else { Err(format!("`go mod download {at}`: {}", said["Error"]).into()) }
}
