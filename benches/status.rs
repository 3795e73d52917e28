//! `slipway status` of a release of about 20 objects that are all ready on the test cluster on loopback: wall time of the whole process, beside
//! `kubectl get` of the same objects. Prints, and judges nothing: `cargo bench --bench status`.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;
mod timed;

use std::process::Command;

use timed::{median, seconds};

const ROUNDS: usize = 21;
/// What makes a release of Inngest as large as the figure wants it.
const LARGE: [&str; 6] = [
    "networkPolicy.enabled=true",
    "exposure.mode=ingress",
    "exposure.host=inngest.example.com",
    "exposure.connectHost=connect.example.com",
    "exposure.ingressClass=nginx",
    "exposure.issuer=ClusterIssuer/testbed",
];

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
    let set = LARGE.iter().flat_map(|answer| ["--set", answer]);
    milliseconds(ours().args(["install", "inngest", "--profile", "production", "--yes"]).args(set))?;
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
