//! The programs of the control plane: one process group that ends with its owner, even when the owner is killed.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use super::Outcome;

/// A shell that leads the group and listens on a pipe whose other end is held here only: the kernel closes it when this process
/// dies, in whatever way, and then the shell ends the group (`supervisor.sh`).
pub(crate) struct Processes {
    folder: PathBuf,
    leader: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Processes {
    pub(crate) fn supervise(folder: &Path) -> Outcome<Self> {
        let mut leader = Command::new("bash")
            .args(["-c", include_str!("supervisor.sh"), "testbed"])
            .arg(folder)
            // Not the group of the terminal: Ctrl-C is for the owner, which then ends this.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("bash, which leads the processes of the test cluster, does not start: {e}"))?;
        let pipe = Mutex::new(leader.stdin.take());
        Ok(Self { folder: folder.to_path_buf(), leader, pipe })
    }

    /// Starts `command` (words separated by spaces, as a shell reads them). Its output goes to `name.log` in the folder.
    pub(crate) fn start(&self, name: &str, command: &str) -> Outcome<()> {
        let mut pipe = self.pipe.lock().map_err(|_| "the supervisor's pipe is poisoned")?;
        let pipe = pipe.as_mut().ok_or("the supervisor was told to end")?;
        writeln!(pipe, "{name} {command}")?;
        Ok(pipe.flush()?)
    }

    pub(crate) fn leader(&self) -> u32 {
        self.leader.id()
    }

    /// Which program has ended by itself, with the end of its log.
    pub(crate) fn ended(&self) -> Option<String> {
        let entries = std::fs::read_dir(&self.folder).ok()?;
        let ended = entries.flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "ended"))?;
        let name = ended.file_stem()?.to_string_lossy().into_owned();
        let code = std::fs::read_to_string(&ended).unwrap_or_default();
        Some(format!("{name} ended with exit code {}\n{}", code.trim(), self.tail(&name)))
    }

    /// The last lines of every log.
    pub(crate) fn logs(&self) -> String {
        let entries = std::fs::read_dir(&self.folder).map(|all| all.flatten().map(|e| e.path()).collect());
        let mut all: Vec<PathBuf> = entries.unwrap_or_default();
        all.retain(|path| path.extension().is_some_and(|e| e == "log"));
        all.sort();
        let tails = all.iter().filter_map(|path| path.file_stem()).map(|name| self.tail(&name.to_string_lossy()));
        tails.collect::<Vec<_>>().join("\n")
    }

    fn tail(&self, name: &str) -> String {
        let log = std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        format!("--- {name}.log\n{}", lines[lines.len().saturating_sub(12)..].join("\n"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            pipe.take();
        }
        let _ = self.leader.wait();
    }
}
