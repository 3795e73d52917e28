//! How long the short commands take, what each further product adds to them, how long the products take to lint, and how large the program is: `cargo bench --bench startup`. The peer is `kubectl
//! version --client` where kubectl is on the path. Prints medians, judges nothing.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 21;
/// Products that are given beside those that ship.
const FURTHER: u32 = 50;

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

/// Copies of a product, each under a name of its own, in a folder for `--products`.
fn further_products() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for number in 0..FURTHER {
        let name = format!("further-{number}");
        let into = folder.path().join(&name);
        let made = Command::new(env!("CARGO_BIN_EXE_slipway"))
            .args(["products", "new", &name, "--into"])
            .arg(&into)
            .stdout(Stdio::null())
            .status()?;
        if !made.success() {
            return Err(std::io::Error::other(format!("slipway products new {name}: {made}")));
        }
    }
    Ok(folder)
}

/// What each further product adds to commands that look for one, in milliseconds.
fn products(slipway: &str) {
    let folder = match further_products() {
        Ok(folder) => folder,
        Err(fault) => return println!("  failed  further products: {fault}"),
    };
    let given = folder.path().display().to_string();
    for arguments in [&["products"][..], &["render", "inngest"]] {
        let with = [arguments, &["--products", &given]].concat();
        if let (Some(without), Some(with)) = (median(slipway, arguments), median(slipway, &with)) {
            let each = (with - without) / f64::from(FURTHER);
            println!("{each:>8.2}  more for each of {FURTHER} further products: slipway {}", arguments.join(" "));
        }
    }
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
    products(slipway);
    let began = Instant::now();
    let linted = Command::new(slipway).args(["products", "lint"]).stdout(Stdio::null()).status();
    if linted.is_ok_and(|status| status.success()) {
        println!(
            "{:>8.1}  slipway products lint, once: every product that ships",
            began.elapsed().as_secs_f64() * 1000.0
        );
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
