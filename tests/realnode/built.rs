//! What the node is made of, built once for each set of pins, outside the repository.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::testbed::Outcome;
use crate::testbed::binaries::{digest, folder, go};

const VERSION: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 -X k8s.io/component-base/version.gitMajor=1 \
                       -X k8s.io/component-base/version.gitMinor=34";
/// Each a Go module in a folder beside this file: its pins and sources, what is built in it, and how it is linked.
const MODULES: [(&str, &[&str], &[&str], &str); 2] = [
    ("node", &[include_str!("node/go.mod"), include_str!("node/go.sum")], &["tool"], VERSION),
    (
        "services",
        &[
            include_str!("services/go.mod"),
            include_str!("services/go.sum"),
            include_str!("services/dns/main.go"),
            include_str!("services/s3/main.go"),
        ],
        &["./dns", "./s3"],
        "-s -w",
    ),
];

/// Folders with programs.
pub(crate) struct Programs {
    /// kubelet, kube-proxy.
    pub(crate) node: PathBuf,
    /// dns, s3.
    pub(crate) services: PathBuf,
}

/// Makes `done` by `build` unless it is there, in a folder of the cache; two runs at once do it one after the other.
pub(crate) fn once(done: &Path, build: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<()> {
    if done.exists() {
        return Ok(());
    }
    let cache = done.parent().ok_or("a cache lies in a folder")?;
    std::fs::create_dir_all(cache)?;
    let lock = File::create(cache.join("realnode.lock"))?;
    lock.lock()?;
    if done.exists() {
        return Ok(());
    }
    let unfinished = done.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)?;
    }
    std::fs::create_dir_all(&unfinished)?;
    build(&unfinished)?;
    Ok(std::fs::rename(&unfinished, done)?)
}

/// The programs, built now if they are not in the cache.
#[expect(clippy::print_stderr, reason = "a build of minutes must say that it runs")]
pub(crate) fn programs() -> Outcome<Programs> {
    let mut folders = Vec::new();
    for (module, pins, packages, linker) in MODULES {
        let done = folder()?.join(format!("realnode-{module}-{}", digest(pins.iter().copied().chain([linker]))));
        once(&done, |unfinished| {
            eprintln!("building the real node's {module} (once for these pins; some minutes on 2 cores) …");
            let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/realnode").join(module);
            let built =
                go(&sources).args(["build", "-ldflags", linker, "-o"]).arg(unfinished).args(packages).status()?;
            if built.success() { Ok(()) } else { Err(format!("`go build` in tests/realnode/{module}: {built}").into()) }
        })?;
        folders.push(done);
    }
    let mut folders = folders.into_iter();
    let missing = "a module that is not built";
    Ok(Programs { node: folders.next().ok_or(missing)?, services: folders.next().ok_or(missing)? })
}

/// What must be installed, and the package of Debian that has it.
const NEEDED: [(&str, &str); 8] = [
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("tar", "tar"),
];

/// What of the distribution is missing, with the package that has it.
pub(crate) fn installed() -> Outcome<()> {
    for (program, package) in NEEDED {
        if !has(program) {
            return Err(format!("there is no {program}: apt-get install {package}").into());
        }
    }
    network_programs().map(drop)
}

pub(crate) fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|found| found.success())
}

/// The folder of the container network's programs.
pub(crate) fn network_programs() -> Outcome<&'static str> {
    let folders = ["/usr/lib/cni", "/opt/cni/bin"];
    let found = folders.into_iter().find(|folder| Path::new(folder).join("ptp").exists());
    found.ok_or_else(|| "there is no CNI program ptp: apt-get install containernetworking-plugins".into())
}
