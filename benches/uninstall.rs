//! What an uninstall adds to the time that the pods need to end: `slipway uninstall` of Inngest as a whole process, beside
//! `kubectl delete` of the same workloads until their last pod is gone, on the test cluster. The figure is 0.3 s more at most.
//! Prints; judges nothing: `cargo bench --bench uninstall`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;
mod timed;

use std::process::Command;

use timed::{median, seconds};

const ROUNDS: usize = 9;

fn main() -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    let kubeconfig = bed.kubeconfig("admin");
    println!("Inngest, production profile, four pods; whole processes");
    println!("{:>12} {:>12} {:>12}", "pods end s", "uninstall s", "more s");
    let (mut pods, mut ours, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let mut took = [0.0; 2];
        for (nth, took) in took.iter_mut().enumerate() {
            let namespace = format!("fast-gone-{}-{round}-{nth}", std::process::id());
            let slipway = |arguments: &[&str]| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
                command.env("KUBECONFIG", &kubeconfig).args(arguments).args(["-n", &namespace, "--no-input", "--yes"]);
                command
            };
            seconds(&mut slipway(&["install", "inngest", "--profile", "production"]))?;
            *took = if nth == 0 {
                let mut command = Command::new(bed.kubectl());
                command.env("KUBECONFIG", &kubeconfig).args(["-n", &namespace, "delete", "--cascade=foreground"]);
                seconds(command.args(["deployments,statefulsets", "--all", "--wait"]))?
            } else {
                seconds(&mut slipway(&["uninstall"]))?
            };
        }
        // The first of each warms the server up for both.
        if round > 0 {
            let [without, with] = took;
            println!("{without:>12.3} {with:>12.3} {:>12.3}", with - without);
            pods.push(without);
            ours.push(with);
            more.push(with - without);
        }
    }
    println!("median: {:.3} s, {:.3} s, {:.3} s more (figure 0.3 s)", median(pods), median(ours), median(more));
    Ok(())
}
