//! What the screen takes while nothing happens, and while it follows a thousand pods of a cluster that another process
//! plays.

use std::path::Path;
use std::time::Duration;

use slipway::practice::{Options, Server};
use slipway::view::tui::{Theme, progress};

use super::pty::{Shown, kubeconfig};

/// Tells this program that it is to be the process that is measured.
pub(crate) const CHILD: &str = "SLIPWAY_BENCH_CHILD";
const PODS: usize = 1_000;
const LOOKED: Duration = Duration::from_secs(5);

/// A run that waits, on the screen: what a clock on it costs.
pub(crate) fn child(_what: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (sender, mut events) = tokio::sync::mpsc::channel(super::EVENTS);
    for begin in super::begun() {
        sender.try_send(begin).unwrap();
    }
    runtime.block_on(progress::follow(&mut events, |_| {}, None, None, Theme::new(true, true))).unwrap();
    drop(sender);
}

/// Milliseconds of processor time that the threads of a process have had.
fn processor(pid: u32) -> f64 {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return f64::NAN };
    let times = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e6
}

/// A line of `/proc/PID/status`, in MB.
fn memory(pid: u32, line: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(':'));
    found.and_then(|kib| kib.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) * 1024.0 / 1e6
}

fn look(title: &str, shown: &mut Shown) {
    shown.rest();
    let before = processor(shown.pid());
    std::thread::sleep(LOOKED);
    let spent = processor(shown.pid()) - before;
    println!("{spent:>10.2}  ms of processor time in {} s: {title}", LOOKED.as_secs());
    println!(
        "{:>10.1}  MB resident, {:.1} of them its own (aim 25 idle)",
        memory(shown.pid(), "VmRSS"),
        memory(shown.pid(), "RssAnon")
    );
}

pub(crate) fn idle() {
    let state = tempfile::tempdir().unwrap();
    let far = kubeconfig(state.path(), "https://127.0.0.1:1");
    let slipway = env!("CARGO_BIN_EXE_slipway");
    let mut shown = Shown::start(slipway, &[], &[("KUBECONFIG", &far)], state.path());
    shown.until("the first frame", |text| text.contains("far"));
    look("the first page (aim 0)", &mut shown);
    shown.end();
    let own = std::env::current_exe().unwrap();
    let mut shown = Shown::start(&own.display().to_string(), &[], &[(CHILD, "waits")], state.path());
    shown.until("the run", |text| text.contains("workload-0"));
    look("a run of 300 pods that waits; its clock moves once a second", &mut shown);
    shown.end();
}

/// A product of one Deployment with a thousand replicas, whose pods are as large as pods are.
fn product(folder: &Path) {
    let product = folder.join("many");
    std::fs::create_dir_all(product.join("manifests")).unwrap();
    let text = "slipway: 1\nname: many\ntitle: Many\nabout: A thousand pods\nnamespace: many\nprofiles: [one]\n\
                versions: {default: v1.0.0, accept: 'self != \"\"'}\npages: []\n";
    std::fs::write(product.join("product.yaml"), text).unwrap();
    std::fs::write(product.join("one.yaml"), "title: One\nabout: One\nproduction: false\nanswers: {}\n").unwrap();
    let env: Vec<serde_json::Value> =
        (0..40).map(|n| serde_json::json!({"name": format!("SETTING_{n}"), "value": format!("{n:060}")})).collect();
    let manifest = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many"},
        "spec": {
            "replicas": PODS,
            "selector": {"matchLabels": {"app": "many"}},
            "template": {
                "metadata": {"labels": {"app": "many"}},
                "spec": {"containers": [{"name": "main", "image": "example.com/many:1", "env": env}]},
            },
        },
    });
    std::fs::write(product.join("manifests/all.yaml"), manifest.to_string()).unwrap();
}

pub(crate) fn many() {
    let state = tempfile::tempdir().unwrap();
    product(state.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // The cluster is this process; what is measured is another.
    let address = runtime.block_on(async {
        let server = Server::start(Options::default()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = server.connect();
                tokio::spawn(async move {
                    // A connection that breaks is the client's to tell.
                    let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        address
    });
    let config = kubeconfig(state.path(), &format!("http://{address}"));
    let products = state.path().display().to_string();
    let arguments = ["install", "many", "--yes", "--skip-preflight", "all", "--products", &products];
    let mut shown = Shown::start(env!("CARGO_BIN_EXE_slipway"), &arguments, &[("KUBECONFIG", &config)], state.path());
    let (mut most, mut own): (f64, f64) = (0.0, 0.0);
    while !["DONE", "is up in", "FAILED", "error"].iter().any(|end| shown.contents().contains(end)) {
        if shown.read(Duration::from_secs(60)).is_none() {
            break;
        }
        most = most.max(memory(shown.pid(), "VmRSS"));
        own = own.max(memory(shown.pid(), "RssAnon"));
    }
    println!("{most:>10.1}  MB resident at most while {PODS} pods come up, {own:.1} of them its own (aim 60)");
    println!("{:>10.1}  MB resident when they are up", memory(shown.pid(), "VmRSS"));
    let ended = shown.contents();
    println!(
        "            {}",
        ended.lines().find(|line| line.contains(" up ") || line.contains("error")).unwrap_or("no end").trim()
    );
    shown.end();
}
