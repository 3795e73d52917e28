//! The images of the node: one root of Debian's packages and of what PyPI has, under the names that the components, the backups
//! and the products use. Their contracts are those of the official images as far as slipway relies on them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::built::{has, once};
use crate::python;
use crate::testbed::Outcome;
use crate::testbed::binaries::{digest, folder};

/// The image of every pod's sandbox.
pub(crate) const PAUSE: &str = "slipway.dev/pause:1";

const PINS: &str = include_str!("pins.txt");
const SCRIPTS: [(&str, &str); 3] = [
    ("postgres", include_str!("image/postgres")),
    ("inngest", include_str!("image/inngest")),
    ("prefect", include_str!("image/prefect")),
];
/// Puts the scripts and what PyPI has into their places. A program under a read-only root cannot keep what Python makes of its
/// sources, so that is made here.
const PLACES: &str = r#"
chmod 755 images/*
ln -s /images/inngest usr/local/bin/inngest
ln -s /images/prefect usr/local/bin/prefect
ln -s /images/prefect opt/prefect/entrypoint.sh
chroot . python3 -m compileall -q -j 2 /opt/prefect
"#;
/// Makes a root out of the packages: users as in the official images, a folder of busybox' commands for what is built on
/// Alpine, and nothing that no test reads.
const SHAPE: &str = r#"
set -eu
sed -i 's/^postgres:x:[0-9]*:[0-9]*:/postgres:x:999:999:/' etc/passwd
sed -i 's/^postgres:x:[0-9]*:/postgres:x:999:/' etc/group
mkdir busybox
for one in $(chroot . busybox --list); do ln -s /bin/busybox "busybox/$one"; done
mv usr/lib/postgresql/*/ usr/lib/postgresql/current
rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/i18n var/cache/* var/lib/apt/lists/* \
  usr/lib/x86_64-linux-gnu/libLLVM* usr/lib/postgresql/current/lib/bitcode var/lib/postgresql/* var/lib/redis/* var/log/*
mkdir -p var/lib/postgresql/data var/run/postgresql data backup work
"#;
const PATH: &str = "PATH=/usr/lib/postgresql/current/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEBIAN: &[&str] = &[PATH];
const ALPINE: &[&str] = &["PATH=/busybox:/usr/local/bin:/usr/bin"];

/// Names, entry point, command, environment.
type Image = (&'static [&'static str], &'static [&'static str], &'static [&'static str], &'static [&'static str]);
const IMAGES: [Image; 7] = [
    (&["docker.io/library/postgres:17", "docker.io/library/postgres:15"], &["/images/postgres"], &["postgres"], DEBIAN),
    (&["docker.io/library/redis:7-alpine"], &[], &["redis-server"], ALPINE),
    (&["docker.io/rclone/rclone:1.71"], &["rclone"], &[], ALPINE),
    (&["docker.io/inngest/inngest:v1.43.0"], &[], &["inngest", "start"], DEBIAN),
    (&["docker.io/prefecthq/prefect:3.8.4"], PREFECT, &[], &[PATH, "PYTHONPATH=/opt/prefect/3.8.4"]),
    (&["docker.io/prefecthq/prefect:3.8.5"], PREFECT, &[], &[PATH, "PYTHONPATH=/opt/prefect/3.8.5:/opt/prefect/3.8.4"]),
    (&[PAUSE], &["/bin/sleep", "infinity"], &[], DEBIAN),
];
const PREFECT: &[&str] = &["/usr/bin/tini", "-g", "--", "/opt/prefect/entrypoint.sh"];

fn pin(name: &str) -> Outcome<&'static str> {
    let found = PINS.lines().filter_map(|line| line.split_once(' ')).find(|(key, _)| *key == name);
    found.map(|(_, value)| value).ok_or_else(|| format!("pins.txt has no {name}").into())
}

/// An archive of all images, made now if it is not in the cache.
#[expect(clippy::print_stderr, reason = "a build of minutes must say that it runs")]
pub(crate) fn archive() -> Outcome<PathBuf> {
    let root = folder()?.join(format!("realnode-root-{}", digest([PINS].into_iter())));
    let names = format!("{IMAGES:?}");
    let mut shaped: Vec<&str> = vec![SHAPE, PLACES, PINS, &names];
    shaped.extend(SCRIPTS.into_iter().flat_map(|(name, text)| [name, text]));
    shaped.extend(python::pins());
    let done = folder()?.join(format!("realnode-images-{}", digest(shaped.into_iter())));
    if !done.exists() {
        once(&root, |unfinished| {
            eprintln!("making the image root of Debian's packages (once for these pins; two minutes) …");
            packages(unfinished)
        })?;
        let python = python::archive()?;
        once(&done, |unfinished| {
            eprintln!("making the images (once for these pins; a minute or two) …");
            pack(&root.join("root.tar"), &python, unfinished)
        })?;
    }
    Ok(done.join("images.tar"))
}

/// `debootstrap` in mounts of its own, which go with it, packed as it came.
fn packages(to: &Path) -> Outcome<()> {
    if !has("debootstrap") {
        return Err("there is no debootstrap: apt-get install debootstrap".into());
    }
    let (root, log) = (to.join("root"), to.join("debootstrap.log"));
    let include = format!("--include={}", pin("packages")?);
    let made = Command::new("unshare")
        .args(["--mount", "--", "debootstrap", "--variant=minbase", &include])
        .args([pin("suite")?, &root.display().to_string(), pin("mirror")?])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log)?)
        .stderr(std::fs::File::create(to.join("debootstrap.errors"))?)
        .status()?;
    if !made.success() {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        return Err(format!("debootstrap: {made}: {}", text.lines().last().unwrap_or_default()).into());
    }
    sh(to, "tar --numeric-owner -C root -cf root.tar . && rm -rf root")
}

/// Runs a script in a folder.
fn sh(folder: &Path, script: &str) -> Outcome<()> {
    let done = Command::new("bash").args(["-ec", script]).current_dir(folder).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("making the images: {}", String::from_utf8_lossy(&done.stderr).trim()).into())
}

/// A docker-archive of one layer with a configuration for each image.
fn pack(packages: &Path, python: &Path, to: &Path) -> Outcome<()> {
    let root = to.join("root");
    std::fs::create_dir(&root)?;
    sh(&root, &format!("tar --numeric-owner -xpf '{}'", packages.display()))?;
    sh(&root, SHAPE)?;
    sh(&root, &format!("mkdir opt/prefect && tar --numeric-owner -xpf '{}' -C opt/prefect", python.display()))?;
    let scripts = root.join("images");
    std::fs::create_dir(&scripts)?;
    for (name, text) in SCRIPTS {
        std::fs::write(scripts.join(name), text)?;
    }
    sh(&root, PLACES)?;
    sh(to, "tar --numeric-owner -C root -cf layer.tar . && rm -rf root")?;
    let (mut hash, mut layer) = (Sha256::new(), std::fs::File::open(to.join("layer.tar"))?);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut layer, &mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let hash = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let mut manifest = Vec::new();
    let mut files = vec!["manifest.json".to_string(), "layer.tar".into()];
    for (at, (names, entrypoint, command, environment)) in IMAGES.iter().enumerate() {
        let config = json!({
            "architecture": architecture(), "os": "linux",
            "config": {"Entrypoint": entrypoint, "Cmd": command, "Env": environment, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{hash}")]},
        });
        let file = format!("config-{at}.json");
        std::fs::write(to.join(&file), config.to_string())?;
        manifest.push(json!({"Config": file, "RepoTags": names, "Layers": ["layer.tar"]}));
        files.push(file);
    }
    std::fs::write(to.join("manifest.json"), json!(manifest).to_string())?;
    sh(to, &format!("tar -cf images.tar {} && rm layer.tar", files.join(" ")))
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
