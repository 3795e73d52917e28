//! An upgrade that has nothing to do, as a whole process, on the test cluster: its time, and what it wrote. The figure is 0.4 s
//! and nothing written; `slipway diff` of the same release stands beside it. Prints; judges nothing: `cargo bench --bench upgrade`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;
mod timed;

use std::process::Command;

use timed::{median, seconds};

const ROUNDS: usize = 15;

/// Versions of everything in a namespace that a run could write.
fn versions(kubectl: &mut Command, namespace: &str) -> testbed::Outcome<Vec<String>> {
    let path = "-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
    let kinds = "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments,statefulsets,leases";
    let output = kubectl.args(["-n", namespace, "get", kinds, path]).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

fn main() -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    let kubeconfig = bed.kubeconfig("admin");
    let namespace = format!("fast-upgrade-{}", std::process::id());
    let slipway = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
        command.env("KUBECONFIG", &kubeconfig).args(arguments).args(["-n", &namespace, "--no-input"]);
        command
    };
    let kubectl = || {
        let mut command = Command::new(bed.kubectl());
        command.env("KUBECONFIG", &kubeconfig);
        command
    };
    seconds(&mut slipway(&["install", "inngest", "--profile", "production", "--yes"]))?;
    let before = versions(&mut kubectl(), &namespace)?;
    println!("Inngest, production profile, as it is wanted; whole processes");
    println!("{:>12} {:>12}", "upgrade s", "diff s");
    let (mut upgrades, mut diffs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let upgrade = seconds(&mut slipway(&["upgrade", "inngest", "--yes"]))?;
        let diff = seconds(&mut slipway(&["diff", "inngest"]))?;
        // The first warms the server up.
        if round > 0 {
            println!("{upgrade:>12.3} {diff:>12.3}");
            upgrades.push(upgrade);
            diffs.push(diff);
        }
    }
    println!("{:>12.3} {:>12.3}  median", median(upgrades), median(diffs));
    let after = versions(&mut kubectl(), &namespace)?;
    println!("objects written: {}", after.iter().filter(|one| !before.contains(one)).count());
    Ok(())
}
