//! The log: a file in the user's state folder, whose path is told when something fails.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::Mutex;

use etcetera::BaseStrategy as _;

/// The user's folder for state of slipway.
pub(super) fn state_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SLIPWAY_STATE_DIR") {
        return Some(PathBuf::from(folder));
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("slipway"))
}

/// Begins to log; `None` where no file can be written, which keeps nobody from working.
pub(super) fn begin() -> Option<PathBuf> {
    let wanted = std::env::var("SLIPWAY_LOG").ok()?;
    let folder = state_folder()?;
    fs::create_dir_all(&folder).ok()?;
    let path = folder.join("slipway.log");
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).ok()?;
    let filter = tracing_subscriber::EnvFilter::try_new(wanted).ok()?;
    let begun = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
    begun.ok().map(|()| path)
}
