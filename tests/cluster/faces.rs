//! A person's faces on the real control plane, through a pseudo-terminal: they leave what the headless run leaves.

use std::collections::BTreeMap;
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty};
use serde_json::Value;

use crate::context::{Context, DONE, Outcome};
use crate::pty::{self, Pty};
use crate::testbed;

/// slipway on a pseudo-terminal of 120 columns and 40 rows.
pub(crate) struct Person {
    terminal: Pty,
    _master: Box<dyn MasterPty + Send>,
    /// Where this one stands, with drafts and answers of its own.
    state: tempfile::TempDir,
}

impl Person {
    pub(crate) fn start(cx: &Context, term: &str, arguments: &[&str]) -> testbed::Outcome<Self> {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_slipway"));
        command.args(arguments);
        command.env("KUBECONFIG", cx.kubeconfig("admin"));
        command.env("TERM", term);
        command.env("LANG", "C.UTF-8");
        let state = tempfile::tempdir()?;
        command.env("SLIPWAY_STATE_DIR", state.path());
        command.cwd(state.path());
        command.env_remove("CI");
        command.env_remove("NO_COLOR");
        let (terminal, master) = Pty::start(command, pty::size(120, 40))?;
        Ok(Self { terminal, _master: master, state })
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.contents().contains(text)
    }

    pub(crate) fn contents(&self) -> String {
        self.terminal.screen.screen().contents()
    }

    /// Reads for a while; false when nothing more comes.
    fn read(&mut self, patience: Duration) -> bool {
        self.terminal.read(patience).is_ok()
    }

    /// Reads until the screen holds a text.
    pub(crate) fn until(&mut self, text: &str) -> testbed::Outcome<()> {
        while !self.shows(text) {
            if !self.read(Duration::from_secs(60)) {
                return Err(format!("{text:?} never came:\n{}", self.terminal.screen.screen().contents()).into());
            }
        }
        Ok(())
    }

    /// The digits that follow a text on the screen.
    pub(crate) fn after(&self, text: &str) -> String {
        let contents = self.contents();
        let tail = contents.split_once(text).map_or("", |(_, tail)| tail);
        tail.chars().take_while(char::is_ascii_digit).collect()
    }

    pub(crate) fn press(&mut self, keys: &str) -> testbed::Outcome<()> {
        self.terminal.press(keys.as_bytes())
    }

    /// Presses a key again and again, each time the screen has come to rest, until it shows a text.
    fn press_until(&mut self, keys: &str, text: &str) -> testbed::Outcome<()> {
        for _ in 0..80 {
            while self.read(Duration::from_millis(150)) {}
            if self.shows(text) {
                return Ok(());
            }
            self.press(keys)?;
        }
        Err(format!("{text:?} never came:\n{}", self.terminal.screen.screen().contents()).into())
    }

    pub(crate) fn ended(mut self) -> testbed::Outcome<u32> {
        while self.read(Duration::from_secs(60)) {}
        Ok(self.terminal.child.wait()?.exit_code())
    }
}

/// What slipway owns of every object in a namespace, without what is made anew for each: values of Secrets and the hash
/// over them.
fn owned(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, Value>> {
    let kinds = "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments,statefulsets,networkpolicies,poddisruptionbudgets";
    let output = cx.kubectl().args(["-n", namespace, "get", kinds, "-o", "json", "--show-managed-fields"]).output()?;
    let text = String::from_utf8(output.stdout)?.replace(namespace, "NAMESPACE");
    let list: Value = serde_json::from_str(&text)?;
    let mut owned = BTreeMap::new();
    for item in list["items"].as_array().into_iter().flatten() {
        let name =
            format!("{}/{}", item["kind"].as_str().unwrap_or(""), item["metadata"]["name"].as_str().unwrap_or(""));
        let entries = item["metadata"]["managedFields"].as_array().into_iter().flatten();
        let fields: Vec<&Value> = entries
            .filter(|entry| entry["manager"].as_str().is_some_and(|manager| manager.starts_with("slipway:")))
            .map(|entry| &entry["fieldsV1"])
            .collect();
        // The record and the key Secret are made, not applied: that they are there is enough.
        if fields.is_empty() || name.starts_with("ConfigMap/slipway-") || name.starts_with("Secret/inngest-keys") {
            continue;
        }
        let mut template = item["spec"]["template"].clone();
        if let Some(annotations) = template.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.remove("slipway.dev/restart-hash");
        }
        let data = if item["kind"] == "ConfigMap" { item["data"].clone() } else { Value::Null };
        owned.insert(name, serde_json::json!({"fields": fields, "template": template, "data": data}));
    }
    Ok(owned)
}

pub(crate) async fn full_screen_and_plain_lines_leave_what_the_headless_run_leaves(cx: Context) -> Outcome {
    let run: u32 = rand::random();
    let namespaces = ["headless", "plain", "full"].map(|face| format!("fast-{face}-{run:08x}"));
    let profile = ["--profile", "production"];

    let headless =
        cx.slipway("admin").args(["install", "inngest", "-n", &namespaces[0], "--yes"]).args(profile).output()?;
    assert!(headless.status.success(), "{}", String::from_utf8_lossy(&headless.stderr));

    let mut plain = Person::start(
        &cx,
        "dumb",
        &["install", "inngest", "-n", &namespaces[1], "--profile", "production", "--plain"],
    )?;
    plain.press_until("\n", "type yes")?;
    plain.press("yes\n")?;
    assert_eq!(plain.ended()?, 0);

    let mut full =
        Person::start(&cx, "xterm-256color", &["install", "inngest", "-n", &namespaces[2], "--profile", "production"])?;
    // Only the cluster is open: Enter contacts it, Enter goes on to the questions.
    full.until("Which cluster?")?;
    full.press("\r")?;
    full.until("Enter goes on")?;
    full.press("\r")?;
    full.until("[ v1.")?;
    // Page Down goes to the next page and never holds anyone.
    full.press_until("\u{1b}[6~", "[ Install into")?;
    full.press("\t")?;
    while full.read(Duration::from_millis(150)) {}
    full.press("\r")?;
    full.until("DONE")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);

    let [headless, plain, full] = [0, 1, 2].map(|face| owned(&cx, &namespaces[face]));
    let (headless, plain, full) = (headless?, plain?, full?);
    assert!(headless.len() >= 15, "{:?}", headless.keys());
    assert_eq!(plain, headless);
    assert_eq!(full, headless);
    DONE
}

pub(crate) async fn enter_pressed_a_hundred_times_installs_nothing(cx: Context) -> Outcome {
    let namespace = format!("fast-enter-{:08x}", rand::random::<u32>());
    let mut full = Person::start(&cx, "xterm-256color", &["install", "inngest", "-n", &namespace])?;
    full.until("Which cluster?")?;
    for _ in 0..100 {
        full.press("\r")?;
        while full.read(Duration::from_millis(20)) {}
    }
    assert!(!cx.kubectl().args(["get", "namespace", &namespace]).output()?.status.success(), "something was written");
    full.terminal.child.kill()?;
    DONE
}

pub(crate) async fn a_walk_from_the_first_page_installs_what_it_showed(cx: Context) -> Outcome {
    let namespace = format!("fast-walk-{:08x}", rand::random::<u32>());
    let mut full = Person::start(&cx, "xterm-256color", &[])?;
    full.until("Which cluster?")?;
    full.press("\r")?;
    full.until("Enter goes on")?;
    full.press("\r")?;
    full.until("What should be installed?")?;
    // The second of the products.
    full.press("\u{1b}[B")?;
    while full.read(Duration::from_millis(150)) {}
    full.press("\r")?;
    full.until("Which environment is it for?")?;
    // Right twice to production.
    full.press("\u{1b}[C\u{1b}[C\r")?;
    full.until("what is it called?")?;
    full.press(&format!("{}{namespace}\r", "\u{7f}".repeat(7)))?;
    full.until(&format!("{namespace} does not exist: it will be made"))?;
    full.press("\r")?;
    full.until("[ v1.")?;
    // Back over the border, and on again: nothing is lost.
    full.press("\u{1b}[5~")?;
    full.until("what is it called?")?;
    full.press("\u{1b}[6~")?;
    full.until("[ v1.")?;
    full.press_until("\u{1b}[6~", "[ Install into")?;
    assert!(full.shows(&namespace) && full.shows("production"));
    full.press("s")?;
    full.until("Saved")?;
    let answers = tempfile::tempdir()?;
    let saved = answers.path().join("inngest.yaml");
    std::fs::copy(full.state.path().join("inngest.yaml"), &saved)?;
    full.press("\t")?;
    while full.read(Duration::from_millis(150)) {}
    full.press("\r")?;
    full.until("DONE")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    let walked = owned(&cx, &namespace)?;
    assert!(walked.len() >= 15);

    // The file that was saved repeats it without anybody.
    let again = format!("fast-again-{:08x}", rand::random::<u32>());
    let headless =
        cx.slipway("admin").args(["install", "inngest", "--yes", "-n", &again, "-f"]).arg(&saved).output()?;
    assert!(headless.status.success(), "{}", String::from_utf8_lossy(&headless.stderr));
    assert_eq!(owned(&cx, &again)?, walked);
    DONE
}

pub(crate) async fn what_moved_while_a_person_looked_is_said_and_the_plan_shown_again(cx: Context) -> Outcome {
    let namespace = format!("fast-moved-{:08x}", rand::random::<u32>());
    let given = ["install", "inngest", "-n", &namespace, "--profile", "production"];
    let installed = cx.slipway("admin").args(given).arg("--yes").output()?;
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    // What both look at says that everything is as wanted; then somebody takes a Service away.
    let take_away = || -> testbed::Outcome<()> {
        let gone = cx.kubectl().args(["-n", &namespace, "delete", "service", "inngest", "--wait"]).output()?;
        assert!(gone.status.success(), "{}", String::from_utf8_lossy(&gone.stderr));
        Ok(())
    };
    let is_there = || -> testbed::Outcome<bool> {
        Ok(cx.kubectl().args(["-n", &namespace, "get", "service", "inngest"]).output()?.status.success())
    };

    let mut full = Person::start(&cx, "xterm-256color", &given)?;
    full.until("Which cluster?")?;
    full.press("\r")?;
    full.until("Enter goes on")?;
    full.press("\r")?;
    full.until("[ v1.")?;
    full.press_until("\u{1b}[6~", "[ Upgrade inngest in")?;
    assert!(full.shows("Nothing to do"), "{}", full.contents());
    take_away()?;
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("the cluster moved while you looked")?;
    assert!(full.shows("Service/inngest: agreed was keep, now it is create"), "{}", full.contents());
    assert!(full.shows("Create 1") && !is_there()?, "{}", full.contents());
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("DONE")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    assert!(is_there()?);

    let mut plain = Person::start(&cx, "dumb", &[&given[..], &["--plain"]].concat())?;
    plain.press_until("\n", "type yes")?;
    take_away()?;
    plain.press("yes\n")?;
    plain.until("The cluster moved while you looked: Service/inngest: agreed was keep, now it is create.")?;
    plain.until("create Service inngest")?;
    plain.press("yes\n")?;
    assert_eq!(plain.ended()?, 0);
    assert!(is_there()?);
    DONE
}

/// What the server says of a field of the release's database claim.
fn claim(cx: &Context, namespace: &str, field: &str) -> testbed::Outcome<String> {
    let path = format!("jsonpath={{{field}}}");
    let got = cx.kubectl().args(["-n", namespace, "get", "pvc", "inngest-postgresql", "-o", &path]).output()?;
    Ok(String::from_utf8(got.stdout)?)
}

pub(crate) async fn a_run_that_stands_still_is_left_for_the_answer_that_mends_it_and_goes_on(cx: Context) -> Outcome {
    let namespace = format!("fast-mend-{:08x}", rand::random::<u32>());
    // Nobody makes volumes of that class.
    let stuck = ["--set", "database.storageClass=stuck"];
    let given = ["install", "inngest", "-n", &namespace, "--profile", "production", "--yes"];
    let mut full = Person::start(&cx, "xterm-256color", &[&given[..], &stuck].concat())?;
    full.until("c leads to the answer: Storage class (database.storageClass)")?;
    assert_eq!(claim(&cx, &namespace, ".spec.storageClassName")?, "stuck");
    full.press("c")?;
    full.until("Go on waiting")?;
    full.press("\u{1b}[B\r")?;
    full.until("what is there stays; the plan is shown again")?;
    full.press(&format!("{}standard\r", "\u{7f}".repeat("stuck".len())))?;
    full.press_until("\u{1b}[6~", "[ Install into")?;
    assert!(full.shows("Replace 1"), "{}", full.contents());
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("DONE")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    assert_eq!(claim(&cx, &namespace, ".spec.storageClassName")?, "standard");
    assert_eq!(claim(&cx, &namespace, ".status.phase")?, "Bound");
    DONE
}

pub(crate) async fn a_run_that_failed_is_undone_by_one_key_after_its_review(cx: Context) -> Outcome {
    let namespace = format!("fast-undo-{:08x}", rand::random::<u32>());
    let given = ["install", "inngest", "-n", &namespace, "--yes"];
    let installed = cx.slipway("admin").args(given).output()?;
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let crash = ["--set", r#"podLabels={"testbed.slipway.dev/pod": "crash"}"#];
    let mut full = Person::start(&cx, "xterm-256color", &[&given[..], &crash].concat())?;
    full.until("r try again")?;
    assert!(full.shows("slipway rollback inngest --to 1"), "{}", full.contents());
    full.press("b")?;
    full.until("[ Roll back inngest in")?;
    full.until("data does not go back")?;
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("DONE")?;
    full.press("q")?;
    // A run that failed is a failure, also where an earlier revision runs again.
    assert_eq!(full.ended()?, 1);
    let history = cx.slipway("admin").args(["history", "-n", &namespace, "-o", "json"]).output()?;
    let rows: Value = serde_json::from_slice(&history.stdout)?;
    let told: Vec<&str> = (0..3).filter_map(|i| rows[i]["outcome"].as_str()).collect();
    assert_eq!((rows[0]["verb"].as_str(), told), (Some("rollback"), vec!["deployed", "failed", "deployed"]), "{rows}");
    DONE
}

pub(crate) async fn a_release_of_helm_is_taken_over_after_the_same_review_on_the_full_screen(cx: Context) -> Outcome {
    let namespace = crate::adopt::laid_down(&cx).await?;
    let mut full = Person::start(&cx, "xterm-256color", &["adopt", "-n", &namespace])?;
    full.until("[ Take over inngest in")?;
    full.until("no pod is touched")?;
    full.press("\u{1b}")?;
    full.until("Nothing was written.")?;
    assert!(
        std::fs::read_dir(full.state.path())?.flatten().all(|one| !one.file_name().to_string_lossy().contains("helm"))
    );
    assert_eq!(full.ended()?, 0);
    let mut full = Person::start(&cx, "xterm-256color", &["adopt", "-n", &namespace])?;
    full.until("[ Take over inngest in")?;
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("is slipway's after")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    DONE
}
