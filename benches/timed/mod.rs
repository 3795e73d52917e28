//! Times of whole processes.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::testbed::Outcome;

/// Wall time of a process in seconds; one that fails is an error.
pub(crate) fn seconds(command: &mut Command) -> Outcome<f64> {
    let began = Instant::now();
    let ended = command.stdin(Stdio::null()).output()?;
    let seconds = began.elapsed().as_secs_f64();
    if !ended.status.success() {
        return Err(format!("{command:?}: {}: {}", ended.status, String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(seconds)
}

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
