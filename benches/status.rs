//! `slipway status` of a release of about 30 objects that are all ready on the test cluster on loopback: wall time of the
//! whole process, beside `kubectl get` of the same objects. Prints, and judges nothing: `cargo bench --bench status`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/samples/membrane.rs"]
mod membrane;
#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;
mod timed;

use std::process::Command;

use timed::{median, seconds};

const ROUNDS: usize = 21;
fn milliseconds(command: &mut Command) -> testbed::Outcome<f64> {
    Ok(seconds(command)? * 1000.0)
}

fn main() -> testbed::Outcome<()> {
    let slipway = env!("CARGO_BIN_EXE_slipway");
    let bed = testbed::Testbed::open()?;
    let (kubeconfig, namespace) = (bed.kubeconfig("admin"), format!("fast-status-{}", std::process::id()));
    let ours = || {
        let mut command = Command::new(slipway);
        command.env("KUBECONFIG", &kubeconfig).args(["--no-input", "-n", &namespace]);
        command
    };
    // Membrane in production: the only product that ships with as many objects as the figure names. Of an answer that is given
    // twice the later holds: a host that no test has.
    let answers = membrane::answers("production").into_iter().chain(["exposure.host=api.status-bench.example.com"]);
    let mut install = ours();
    install.args(["install", "membrane", "--profile", "production", "--yes"]);
    install.args(answers.flat_map(|answer| ["--set", answer]));
    let installed = milliseconds(membrane::secrets(&mut install))?;
    println!("Membrane, production profile, seven workloads: installed in {installed:.0} ms");
    let told = ours().args(["status", "-o", "json"]).output()?;
    let objects = serde_json::from_slice::<serde_json::Value>(&told.stdout)?["objects"].as_array().map_or(0, Vec::len);
    let kinds =
        "deployments,statefulsets,services,configmaps,secrets,persistentvolumeclaims,serviceaccounts,pods,events";
    let (mut status, mut kubectl) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let one = milliseconds(ours().arg("status"))?;
        let other = milliseconds(
            Command::new(bed.kubectl()).env("KUBECONFIG", &kubeconfig).args(["-n", &namespace, "get", kinds]),
        )?;
        // The first of each warms the server up for both.
        if round > 0 {
            status.push(one);
            kubectl.push(other);
        }
    }
    println!("status of a release of {objects} objects, median of {ROUNDS}, whole processes");
    println!("slipway status {:.0} ms, kubectl get {:.0} ms (to stay under 100 ms)", median(status), median(kubectl));
    milliseconds(Command::new(bed.kubectl()).env("KUBECONFIG", &kubeconfig).args([
        "delete",
        "namespace",
        &namespace,
        "--wait=false",
    ]))?;
    Ok(())
}
