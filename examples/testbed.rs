//! Keeps the test cluster up for a person: `cargo run --example testbed`, then use the kubeconfig that it names. Ctrl-C stops it.

#[path = "../tests/testbed/mod.rs"]
mod testbed;

#[expect(clippy::print_stdout, reason = "the example's whole purpose is to say where the cluster is")]
fn main() -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    println!("export KUBECONFIG={}", bed.kubeconfig("admin").display());
    for user in ["powerless", "namespaced", "expired"] {
        println!("# {user}: {}", bed.kubeconfig(user).display());
    }
    println!("# kubectl: {}", bed.kubectl().display());
    println!("# `namespaced` has its rights in the namespace {}", testbed::NAMESPACED);
    println!("# logs: {} · process group {}", bed.folder().display(), bed.leader().unwrap_or_default());
    println!("# for quick runs of the cluster tests: export SLIPWAY_TESTBED_KUBECONFIG=$KUBECONFIG");
    println!("# Ctrl-C stops it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = stop.recv() => Ok(()),
        }
    })?;
    Ok(())
}
