//! The program, on a practice cluster of each test's own.

use std::path::Path;
use std::process::Command;

/// How a run ended, and all that it printed.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

/// Runs slipway in a folder, where the practice cluster is kept too.
pub(crate) fn slipway(at: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_slipway"))
        .arg("--no-input")
        .args(arguments)
        .current_dir(at)
        .env("SLIPWAY_STATE_DIR", at.join("state"))
        // No cluster of the machine's is ever asked.
        .env("KUBECONFIG", at.join("none"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ended { code: output.status.code(), said }
}

/// The same; it must succeed. Answers what it printed.
pub(crate) fn done(at: &Path, arguments: &[&str]) -> String {
    let ended = slipway(at, arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}\n{}", ended.said);
    ended.said
}

/// The same; it must end with that code. Answers what it printed.
pub(crate) fn refused(at: &Path, arguments: &[&str], code: i32) -> String {
    let ended = slipway(at, arguments);
    assert_eq!(ended.code, Some(code), "{arguments:?}\n{}", ended.said);
    ended.said
}
