//! Where the node lives: a network, mounts and processes of its own, which the kernel takes back as a whole when their first
//! process ends. That process is this program, started again; what the kernel leaves is taken back by `guard.sh`.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::testbed::Outcome;

/// Tells the program that it is inside, and where its files are.
const INSIDE: &str = "SLIPWAY_REALNODE_INSIDE";
/// The whole run takes no longer, whatever hangs.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// Where programs of the container network keep what they know; the node has its own in its place.
const NETWORKS: &str = "/var/lib/cni";

/// The folder of the node, for who is inside.
pub(crate) fn inside() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

/// Name of the control group under which everything of the node runs.
pub(crate) fn group(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the machine lacks to make an enclosure.
pub(crate) fn possible() -> Outcome<()> {
    let tried = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--", "true"])
        .output()
        .map_err(|e| format!("unshare: {e}"))?;
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
        return Err(format!("this machine does not let it have namespaces of its own: {why}").into());
    }
    Ok(())
}

/// Runs this program again, inside, with the same arguments, and answers how it ended.
pub(crate) fn enter() -> Outcome<ExitCode> {
    let folder = tempfile::Builder::new().prefix("slipway-realnode-").tempdir()?.keep();
    let guard = Guard::of(&folder)?;
    let mut first = Command::new("setpriv")
        // The namespaces end with this process, even when it is killed.
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL"])
        .args(["--mount-proc", "--"])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, &folder)
        .env("TMPDIR", &folder)
        .spawn()?;
    let began = Instant::now();
    let ended = loop {
        if let Some(ended) = first.try_wait()? {
            break ended;
        }
        if began.elapsed() > LONGEST {
            first.kill()?;
            first.wait()?;
            drop(guard);
            return Err(format!(
                "not done after {} minutes: something it waits for never came",
                LONGEST.as_secs() / 60
            )
            .into());
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    drop(guard);
    if let Some(signal) = ended.signal() {
        return Err(format!("the node's first process was ended by signal {signal}").into());
    }
    Ok(u8::try_from(ended.code().unwrap_or(1)).unwrap_or(1).into())
}

/// A shell that takes back what the kernel does not, however this program ends.
struct Guard(Child);

impl Guard {
    fn of(folder: &Path) -> Outcome<Self> {
        let mut shell = Command::new("bash");
        shell.args(["-c", include_str!("guard.sh"), "guard"]).arg(folder).arg(group(folder));
        if !Path::new(NETWORKS).exists() {
            std::fs::create_dir_all(NETWORKS)?;
            shell.arg(NETWORKS);
        }
        // Not the group of the terminal: Ctrl-C is for the run.
        let shell = shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self(shell))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stdin.take();
        let _ = self.0.wait();
    }
}

/// A command that must work, or what it said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Outcome<()> {
    let done =
        Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(|e| format!("{program}: {e}"))?;
    if done.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&done.stderr);
    Err(format!("`{program} {}`: {}", arguments.join(" "), why.trim()).into())
}

/// Makes the inside ready: the address of the node, and folders that are the node's alone.
pub(crate) fn furnish(folder: &Path) -> Outcome<()> {
    run("mount", &["--make-rshared", "/"])?;
    for private in ["/run", "/var/log", NETWORKS] {
        run("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", private])?;
    }
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["address", "add", &format!("{}/32", crate::node::ADDRESS), "dev", "lo"])?;
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    let lacks = |what: &str, why: Box<dyn std::error::Error + Send + Sync>| format!("this kernel lacks {what}: {why}");
    run("ip", &["link", "add", "try-a", "type", "veth", "peer", "name", "try-b"]).map_err(|e| lacks("veth", e))?;
    run("ip", &["link", "delete", "try-a"])?;
    for table in ["nat", "filter"] {
        let rule = ["-t", table, "-A", "OUTPUT", "-m", "comment", "--comment", "try", "-m", "conntrack"];
        run("iptables", &[&rule[..], &["--ctstate", "NEW", "-j", "ACCEPT"]].concat())
            .map_err(|e| lacks("iptables", e))?;
        run("iptables", &["-t", table, "-F", "OUTPUT"])?;
    }
    Ok(groups(folder).map_err(|e| lacks("control groups that may be written", e))?)
}

/// Makes the node's control group under every controller.
fn groups(folder: &Path) -> Outcome<()> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return Ok(std::fs::create_dir(root.join(group(folder)))?);
    }
    let mut made = 0;
    for controller in std::fs::read_dir(root)?.flatten().map(|entry| entry.path()) {
        if controller.join("cgroup.procs").exists() && !controller.is_symlink() {
            std::fs::create_dir(controller.join(group(folder)))?;
            made += 1;
        }
    }
    if made == 0 { Err("none is mounted".into()) } else { Ok(()) }
}
