//! Products from nothing to ready on the test cluster with fast pods: `slipway install` beside `helm install --wait` of a
//! chart that holds what `slipway render` prints, in turn, each in a namespace of its own. Prints wall time and peak memory
//! of each whole process; judges nothing: `cargo bench --bench install`. helm is built once from its Go module.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/samples/membrane.rs"]
mod membrane;
#[expect(dead_code, reason = "the bench needs less of the test cluster than the tests do")]
#[path = "../tests/testbed/mod.rs"]
mod testbed;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The peer, as the issue names it.
const HELM: &str = "helm.sh/helm/v4/cmd/helm@v4.3.1";
const ROUNDS: usize = 7;

/// A product with what nobody but its operator can answer, and its secrets as a release would have them.
struct Subject {
    product: &'static str,
    profile: &'static str,
    set: fn(&str) -> Vec<&'static str>,
    secrets: &'static [(&'static str, &'static str)],
}

fn nothing(_profile: &str) -> Vec<&'static str> {
    Vec::new()
}

const HEX: &str = "0123456789abcdef0123456789abcdef";

const SUBJECTS: [Subject; 3] = [
    Subject {
        product: "inngest",
        profile: "production",
        set: nothing,
        secrets: &[
            ("keys.event", HEX),
            ("keys.signing", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
            ("database.password", HEX),
            ("queue.password", HEX),
        ],
    },
    Subject {
        product: "prefect",
        profile: "production",
        set: nothing,
        secrets: &[("database.password", HEX), ("redis.password", HEX), ("keys.password", HEX)],
    },
    Subject { product: "membrane", profile: "development", set: membrane::answers, secrets: &[] },
];

impl Subject {
    fn slipway(&self, verb: &str, namespace: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
        command.args([verb, self.product, "--profile", self.profile, "-n", namespace]);
        command.args((self.set)(self.profile).into_iter().flat_map(|answer| ["--set", answer]));
        membrane::secrets(&mut command);
        command
    }
}

/// What a whole process took.
struct Took {
    seconds: f64,
    /// Peak of its resident memory, in MB.
    memory: f64,
}

/// Runs a process to its end; its peak memory is what the kernel last said of it (`VmHWM`, which never falls).
fn timed(command: &mut Command) -> testbed::Outcome<Took> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0.0_f64;
    let ended = loop {
        let said = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
        memory = memory.max(kib.unwrap_or_default() / 1000.0 * 1.024);
        match child.try_wait()? {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    if !ended.success() {
        let said = child.wait_with_output()?;
        return Err(format!("{command:?}: {ended}: {}", String::from_utf8_lossy(&said.stderr)).into());
    }
    Ok(Took { seconds, memory })
}

/// helm, built into the folder of cargo's own temporary files if it is not there.
fn helm() -> testbed::Outcome<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm-4.3.1");
    let program = folder.join("helm");
    if !program.is_file() {
        println!("building helm 4.3.1, once; a few minutes …");
        let built = Command::new("go").env("GOBIN", &folder).args(["install", HELM]).status()?;
        if !built.success() {
            return Err(format!("go install {HELM}: {built}").into());
        }
    }
    Ok(program)
}

/// A chart whose one template is what `slipway render` prints, with values of secrets as a release would have them.
fn chart(folder: &Path, subject: &Subject, namespace: &str) -> testbed::Outcome<()> {
    let values = folder.join("values-of-secrets.yaml");
    let told: String = subject.secrets.iter().map(|(path, value)| format!("{path}: \"{value}\"\n")).collect();
    std::fs::write(&values, told)?;
    let rendered = subject.slipway("render", namespace).arg("--with-values").arg(&values).output()?;
    if !rendered.status.success() {
        return Err(format!("slipway render: {}", String::from_utf8_lossy(&rendered.stderr)).into());
    }
    let text = String::from_utf8(rendered.stdout)?;
    if text.contains("{{") {
        return Err("what is rendered would be taken for a template".into());
    }
    std::fs::create_dir_all(folder.join("templates"))?;
    let about = format!("apiVersion: v2\nname: {}\nversion: 0.0.1\n", subject.product);
    std::fs::write(folder.join("Chart.yaml"), about)?;
    std::fs::write(folder.join("templates/all.yaml"), text)?;
    Ok(())
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn main() -> testbed::Outcome<()> {
    let helm = helm()?;
    SUBJECTS.iter().try_for_each(|subject| measure(subject, &helm))
}

/// Each has a control plane to itself, unless one is lent: what others left there would slow it down.
fn measure(subject: &Subject, helm: &Path) -> testbed::Outcome<()> {
    let bed = testbed::Testbed::open()?;
    let kubeconfig = bed.kubeconfig("admin");
    let run = std::process::id();
    println!("{}, {} profile, from nothing to ready; whole processes", subject.product, subject.profile);
    println!(
        "{:>10} {:>10} {:>7} {:>10} {:>10} {:>10}",
        "slipway s", "helm s", "ratio", "again s", "slipway MB", "helm MB"
    );
    let mut rows = Vec::new();
    for round in 0..=ROUNDS {
        let name = |who: &str| format!("fast-{}-{who}-{run}-{round}", subject.product);
        let install = || {
            let mut command = subject.slipway("install", &name("slipway"));
            timed(command.env("KUBECONFIG", &kubeconfig).args(["--yes", "--no-input"]))
        };
        let ours = install()?;
        let again = install()?;
        let folder = tempfile::tempdir()?;
        chart(folder.path(), subject, &name("helm"))?;
        let mut command = Command::new(helm);
        command.env("KUBECONFIG", &kubeconfig).args(["install", subject.product, "--wait", "--create-namespace", "-n"]);
        let theirs = timed(command.arg(name("helm")).arg(folder.path()))?;
        // The first of each warms the server up for both.
        if round > 0 {
            println!(
                "{:>10.2} {:>10.2} {:>7.2} {:>10.2} {:>10.1} {:>10.1}",
                ours.seconds,
                theirs.seconds,
                ours.seconds / theirs.seconds,
                again.seconds,
                ours.memory,
                theirs.memory
            );
            rows.push((ours, theirs, again));
        }
    }
    println!(
        "{:>10.2} {:>10.2} {:>7.2} {:>10.2} {:>10.1} {:>10.1}  median",
        median(rows.iter().map(|row| row.0.seconds)),
        median(rows.iter().map(|row| row.1.seconds)),
        median(rows.iter().map(|row| row.0.seconds / row.1.seconds)),
        median(rows.iter().map(|row| row.2.seconds)),
        median(rows.iter().map(|row| row.0.memory)),
        median(rows.iter().map(|row| row.1.memory)),
    );
    Ok(())
}
