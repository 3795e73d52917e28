//! 10 GiB out of a pod through exec, as a dump comes: how fast, and the most memory that this process ever had. Prints
//! figures, judges nothing: `cargo bench --bench stream`. The measure of the memory is 60 MB. Beside it `kubectl exec` does
//! the same. `SLIPWAY_STREAM_MIB` is another size.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde_json::json;
use slipway::cluster::{Choice, Cluster, Command, connect};
use slipway::object::{Object, ObjectId};
use tokio::io::AsyncWrite;

/// 10 GiB, unless somebody is in a hurry.
fn bytes() -> testbed::Outcome<u64> {
    let mib: u64 = std::env::var("SLIPWAY_STREAM_MIB").map_or(Ok(10 * 1024), |mib| mib.parse())?;
    Ok(mib * 1024 * 1024)
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl AsyncWrite for Nowhere {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The most memory that a process ever had, in MB; `self` is this one.
fn peak(process: &str) -> testbed::Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse::<u64>()? / 1000)
}

fn told(who: &str, bytes: u64, began: Instant, peak: u64) {
    let (mib, seconds) = (bytes / 1024 / 1024, began.elapsed().as_secs_f64());
    println!("{who}: {mib} MiB in {seconds:.1} s, {:.0} MiB a second, peak memory {peak} MB", mib as f64 / seconds);
}

/// The same by kubectl, whose output goes nowhere.
fn by_kubectl(bed: &testbed::Testbed, namespace: &str, bytes: u64) -> testbed::Outcome<()> {
    let began = Instant::now();
    let mut peer = std::process::Command::new(bed.kubectl())
        .env("KUBECONFIG", bed.kubeconfig("admin"))
        .args(["-n", namespace, "exec", "dump", "--", "head", "-c", &bytes.to_string(), "/dev/zero"])
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let mut most = 0;
    // What is asked after its end has no memory any more.
    while peer.try_wait()?.is_none() {
        most = peak(&peer.id().to_string()).unwrap_or(most);
        std::thread::sleep(Duration::from_millis(100));
    }
    told("kubectl exec", bytes, began, most);
    Ok(())
}

async fn pod(cluster: &Cluster, namespace: &str) -> testbed::Outcome<()> {
    let make = |object: serde_json::Value| async move { cluster.create(&Object(object), "bench").await };
    make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await?;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dump", "namespace": namespace},
        "spec": {"containers": [{"name": "dump", "image": "postgres:17"}]}});
    let began = Instant::now();
    // The ServiceAccount comes a moment after the namespace.
    while let Err(fault) = make(pod.clone()).await {
        if began.elapsed() > Duration::from_secs(60) {
            return Err(fault.to_string().into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let id = ObjectId::new("", "Pod", namespace, "dump");
    while cluster.get(&id).await?.text(&["status", "phase"]) != "Running" {
        if began.elapsed() > Duration::from_secs(60) {
            return Err("the pod does not run".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn main() -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let choice = Choice { kubeconfig: Some(bed.kubeconfig("admin")), ..Choice::default() };
        let cluster = connect(&choice).await?;
        let namespace = format!("fast-{:08x}", rand::random::<u32>());
        pod(&cluster, &namespace).await?;
        let (before, bytes) = (peak("self")?, bytes()?);
        let command = Command {
            namespace: namespace.clone(),
            pod: "dump".into(),
            container: "dump".into(),
            words: ["head", "-c", &bytes.to_string(), "/dev/zero"].map(str::to_string).to_vec(),
        };
        let began = Instant::now();
        let streamed = cluster.exec_out(&command, &mut Nowhere, &mut |_| {}).await?;
        told(&format!("slipway ({before} MB before)"), streamed.bytes, began, peak("self")?);
        by_kubectl(&bed, &namespace, bytes)
    })
}
