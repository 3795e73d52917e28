//! Tests on a real node (`README.md` beside this file): kubelet and containerd run containers of the distribution's PostgreSQL,
//! Redis and rclone, and of Prefect from PyPI. Only root can have one, so `cargo test` leaves it out; `cargo test --test realnode` asks for it.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod backup;
mod built;
mod context;
mod databases;
mod enclosure;
mod image;
mod node;
mod pods;
mod prefect;
mod python;
mod release;
#[expect(dead_code, reason = "its simulated nodes and users are for the tests of the test cluster")]
#[path = "../testbed/mod.rs"]
mod testbed;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use context::{Context, Outcome};
use node::Node;

/// With this variable set, a machine that cannot have a real node says so, and that is no failure.
const WHERE_POSSIBLE: &str = "SLIPWAY_REALNODE_WHERE_POSSIBLE";
/// A command that is run beside the node in place of the tests, for a person who wants to look around.
const COMMAND: &str = "SLIPWAY_REALNODE_RUN";
/// No test waits longer: one that hangs is a failure that says so.
const LONGEST: Duration = Duration::from_secs(600);

macro_rules! tests {
    ($node:expr; $($part:ident :: $name:ident,)*) => {
        vec![$({
            let node = Arc::clone(&$node);
            Trial::test(concat!(stringify!($part), "::", stringify!($name)), move || {
                run(&node, |context| Box::pin($part::$name(context)))
            })
        }),*]
    };
}

fn all(node: &Arc<Option<Node>>) -> Vec<Trial> {
    // The longest first.
    tests![node;
        prefect::a_flow_run_outlives_upgrade_restore_rollback_uninstall_and_reinstall,
        pods::names_volumes_logs_and_commands_work_as_on_any_cluster,
        backup::a_job_writes_into_a_claim_what_restore_takes_back,
        backup::a_schedule_runs_and_keeps_as_many_as_were_asked_for,
        backup::a_job_writes_into_a_bucket_and_keeps_as_many_as_were_asked_for,
        backup::a_job_that_cannot_reach_its_bucket_or_its_database_ends_and_leaves_nothing,
        databases::a_password_is_asked_from_another_pod_and_mended_through_the_socket,
        databases::databases_run_without_root_on_a_read_only_root_and_outlive_their_pods,
    ]
}

fn run(
    node: &Option<Node>,
    test: impl FnOnce(Context) -> std::pin::Pin<Box<dyn Future<Output = Outcome>>>,
) -> Result<(), libtest_mimic::Failed> {
    let node = node.as_ref().ok_or("there is no node")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let whole = runtime.block_on(async {
        tokio::time::timeout(LONGEST, async { test(Context::new(&node.plane).await?).await }).await
    });
    runtime.shutdown_background();
    let outcome =
        whole.map_err(|_| format!("not done after {} s: something it waits for never came", LONGEST.as_secs()))?;
    outcome.map_err(|e| e.to_string().into())
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They mostly wait; the programs of the node need the processors more than the tests do.
    arguments.test_threads.get_or_insert(2);
    if arguments.list {
        return libtest_mimic::run(&arguments, all(&Arc::new(None))).exit_code();
    }
    if let Some(folder) = enclosure::inside() {
        return match up(&folder) {
            Ok(node) if std::env::var_os(COMMAND).is_some() => look_around(&node),
            Ok(node) => libtest_mimic::run(&arguments, all(&Arc::new(Some(node)))).exit_code(),
            Err(why) => {
                tell(&format!("the real node does not start: {why}"));
                ExitCode::FAILURE
            }
        };
    }
    let ended = possible().and_then(|()| enclosure::enter());
    match ended {
        // Where the enclosure can be entered the node starts: one that does not is a fault, and no excuse.
        Ok(code) => code,
        Err(why) => not_run(&why.to_string()),
    }
}

/// Runs that command with the kubeconfig, and kubectl and slipway on its path.
fn look_around(node: &Node) -> ExitCode {
    let slipway = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap_or(Path::new("/"));
    let path = std::env::var("PATH").unwrap_or_default();
    let ended = std::process::Command::new("bash")
        .args(["-c", &std::env::var(COMMAND).unwrap_or_default()])
        .env("KUBECONFIG", node.plane.files.join("admin.kubeconfig"))
        .env("PATH", format!("{}:{}:{path}", node.plane.built.programs.display(), slipway.display()))
        .status();
    if ended.is_ok_and(|ended| ended.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "who waits wants to know for what")]
fn tell(text: &str) {
    eprintln!("{text}");
}

fn not_run(why: &str) -> ExitCode {
    if std::env::var_os(WHERE_POSSIBLE).is_some_and(|set| !set.is_empty()) {
        tell(&format!("the tests on a real node were not run: {why}"));
        return ExitCode::SUCCESS;
    }
    tell(&format!("the tests on a real node cannot be run: {why}"));
    ExitCode::FAILURE
}

/// Everything that must be there before the enclosure, which has no network, is entered.
fn possible() -> testbed::Outcome<()> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0);
    if !root {
        return Err("only root may run containers: sudo -E cargo test --test realnode".into());
    }
    built::installed()?;
    enclosure::possible()?;
    testbed::binaries::ready()?;
    built::programs()?;
    image::archive().map(drop)
}

fn up(folder: &Path) -> testbed::Outcome<Node> {
    enclosure::furnish(folder)?;
    Node::start(folder, &built::programs()?, &image::archive()?)
}
