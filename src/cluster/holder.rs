//! Who holds a lock: enough to tell a person who it is, and this machine whether it still lives.

use std::fmt;

/// A process on a machine. Written as `user@host/boot id/pid namespace/pid/start time/random`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holder {
    user: String,
    host: String,
    boot: String,
    namespace: String,
    pid: u32,
    started: String,
    random: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, boot, namespace, pid, started, random } = self;
        write!(f, "{user}@{host}/{boot}/{namespace}/{pid}/{started}/{random}")
    }
}

impl Holder {
    /// This process.
    pub(super) fn me() -> Self {
        let pid = std::process::id();
        let plain = |text: String| text.trim().replace(['/', '@'], "-");
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".into());
        Self {
            user: plain(user),
            host: plain(rustix::system::uname().nodename().to_string_lossy().into_owned()),
            boot: plain(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()),
            namespace: plain(pid_namespace()),
            pid,
            started: started(pid).unwrap_or_default(),
            random: format!("{:016x}", rand::random::<u64>()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [who, boot, namespace, pid, started, random] = parts[..] else { return None };
        let (user, host) = who.split_once('@')?;
        Some(Self {
            user: user.into(),
            host: host.into(),
            boot: boot.into(),
            namespace: namespace.into(),
            pid: pid.parse().ok()?,
            started: started.into(),
            random: random.into(),
        })
    }

    /// A holder's text for a person: `ana@laptop (process 4711)`.
    pub(super) fn shown(text: &str) -> String {
        Self::read(text).map_or_else(
            || crate::sanitize::line(text),
            |holder| format!("{}@{} (process {})", holder.user, holder.host, holder.pid),
        )
    }

    /// Whether the holder is a process of this machine, in this pid namespace, that is gone. Of any other holder that
    /// cannot be known.
    pub(super) fn knows_dead(&self, text: &str) -> bool {
        let Some(other) = Self::read(text) else { return false };
        let here = !self.boot.is_empty()
            && !self.namespace.is_empty()
            && other.boot == self.boot
            && other.namespace == self.namespace;
        // A pid is used again; the start time is not. Our own pid with another random is a lock of this process that
        // was dropped, or of another task of it: that one is judged by its expiry.
        here && other.pid != self.pid && started(other.pid).as_deref() != Some(&other.started)
    }
}

fn pid_namespace() -> String {
    std::fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Start time of a process in clock ticks since boot: field 22 of `/proc/<pid>/stat` (proc(5)).
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, brackets and spaces included.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_string)
}

/// Milliseconds on a clock that runs on while the machine sleeps.
pub(super) fn boot_clock() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    // On macOS the monotonic clock runs on during sleep (clock_gettime(3)).
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_reads_back_what_it_writes() {
        let me = Holder::me();
        assert_eq!(Holder::read(&me.to_string()), Some(me));
    }

    #[test]
    fn only_a_process_of_this_boot_and_namespace_is_known_to_be_dead() {
        let me = Holder { boot: "b".into(), namespace: "n".into(), pid: 1, ..Holder::default() };
        // No process has this pid: it is past the kernel's limit.
        let gone = Holder { pid: 4_194_305, started: "5".into(), ..me.clone() };
        assert!(me.knows_dead(&gone.to_string()));
        assert!(!me.knows_dead(&Holder { boot: "other".into(), ..gone.clone() }.to_string()));
        assert!(!me.knows_dead(&Holder { namespace: "other".into(), ..gone }.to_string()));
        assert!(!me.knows_dead("somebody else's format"));
    }

    #[test]
    fn a_living_process_is_not_dead_and_a_reused_pid_is() {
        let parent = std::os::unix::process::parent_id();
        let me = Holder::me();
        let alive = Holder { pid: parent, started: started(parent).unwrap(), ..me.clone() };
        assert!(!me.knows_dead(&alive.to_string()));
        assert!(me.knows_dead(&Holder { started: "1".into(), ..alive }.to_string()));
    }
}
