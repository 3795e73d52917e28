//! How long the short commands take, and how large the program is: `cargo bench --bench startup`. The peer is `kubectl
//! version --client` where kubectl is on the path. Prints medians, judges nothing.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 21;

/// Median milliseconds of a command as a whole process; none where it cannot be run.
fn median(program: &str, arguments: &[&str]) -> Option<f64> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !status.ok()?.success() {
            return None;
        }
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times.get(RUNS / 2).copied()
}

fn main() {
    let slipway = env!("CARGO_BIN_EXE_slipway");
    println!("median milliseconds of {RUNS} runs");
    for arguments in
        [&["--version"][..], &["products"], &["render", "inngest"], &["render", "inngest", "--profile", "production"]]
    {
        match median(slipway, arguments) {
            Some(time) => println!("{time:>8.1}  slipway {}", arguments.join(" ")),
            None => println!("  failed  slipway {}", arguments.join(" ")),
        }
    }
    for (program, arguments) in [("kubectl", &["version", "--client"][..]), ("helm", &["version"])] {
        match median(program, arguments) {
            Some(time) => println!("{time:>8.1}  {program} {}", arguments.join(" ")),
            None => println!("       -  {program} is not on the path"),
        }
    }
    if let Ok(file) = std::fs::metadata(slipway) {
        println!("{:>8.1}  MB, the program", file.len() as f64 / 1e6);
    }
}
