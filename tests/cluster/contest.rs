//! Somebody on another machine is changing the release: every face says who, where and since when, and what can be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::backup::Release;
use crate::context::{Context, DONE, Outcome};
use crate::faces::Person;
use crate::install::{fresh, install, keys, objects, said, succeeded};
use crate::testbed;

/// Of another boot: nobody here can know whether that process lives.
const HOLDER: &str = "ana@elsewhere/another-boot/pid:[1]/77/5/0123456789abcdef";

/// Somebody elsewhere who holds the lock of `inngest`, and renews it until this goes.
struct Elsewhere {
    lives: Arc<AtomicBool>,
    renewing: Option<std::thread::JoinHandle<()>>,
}

impl Elsewhere {
    /// Takes it for a few seconds at a time.
    fn holds(cx: &Context, namespace: &str) -> testbed::Outcome<Self> {
        let hold = |cx: &mut std::process::Command, namespace: &str, since: bool| {
            let mut spec = json!({"renewTime": format!("{:.6}", jiff::Timestamp::now())});
            if since {
                spec["holderIdentity"] = HOLDER.into();
                spec["leaseDurationSeconds"] = 6.into();
                spec["acquireTime"] = "2026-11-21T10:00:00.000000Z".into();
            }
            let patch = json!({"spec": spec}).to_string();
            cx.args(["-n", namespace, "patch", "lease", "slipway-inngest", "--type=merge", "-p", &patch]).output()
        };
        let held = hold(&mut cx.kubectl(), namespace, true)?;
        assert!(held.status.success(), "{}", said(&held));
        let lives = Arc::new(AtomicBool::new(true));
        let (alive, namespace, again) = (Arc::clone(&lives), namespace.to_string(), cx.kubectl());
        let (program, environment) = (
            again.get_program().to_os_string(),
            again.get_envs().map(|(name, value)| (name.to_os_string(), value.map(Into::into))).collect::<Vec<_>>(),
        );
        let renewing = std::thread::spawn(move || {
            while alive.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(400));
                let mut kubectl = std::process::Command::new(&program);
                for (name, value) in &environment {
                    let value: &Option<std::ffi::OsString> = value;
                    match value {
                        Some(value) => kubectl.env(name, value),
                        None => kubectl.env_remove(name),
                    };
                }
                // Who was taken over from does not hold it any more, and says nothing.
                let held = Self::holder(&mut kubectl, &namespace);
                if held.as_deref() != Some(HOLDER) {
                    continue;
                }
                let mut kubectl = std::process::Command::new(&program);
                kubectl.envs(environment.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
                let _renewed = hold(&mut kubectl, &namespace, false);
            }
        });
        Ok(Self { lives, renewing: Some(renewing) })
    }

    fn holder(kubectl: &mut std::process::Command, namespace: &str) -> Option<String> {
        let path = "jsonpath={.spec.holderIdentity}";
        let got = kubectl.args(["-n", namespace, "get", "lease", "slipway-inngest", "-o", path]).output().ok()?;
        String::from_utf8(got.stdout).ok()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.lives.store(false, Ordering::Relaxed);
        if let Some(renewing) = self.renewing.take() {
            let _ended = renewing.join();
        }
    }
}

const WHO: &str = "ana@elsewhere (process 77)";
const SINCE: &str = "since 2026-11-21 10:00:00Z";

fn workers(cx: &Context, namespace: &str) -> testbed::Outcome<Value> {
    Ok(objects(cx, namespace)?["ConfigMap/inngest"]["data"]["INNGEST_QUEUE_WORKERS"].clone())
}

pub(crate) async fn a_person_is_told_who_is_at_it_and_follows_waits_or_takes_over_by_typing(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&install(&cx, "admin", &[&arguments[..], &["--set", "tuning.queueWorkers=7"]].concat())?);
    let before = workers(&cx, &namespace)?;

    // In lines: left first, then waited for, until the other lives no more.
    let elsewhere = Elsewhere::holds(&cx, &namespace)?;
    let mut plain = Person::start(&cx, "dumb", &["rollback", "-n", &namespace, "--plain"])?;
    plain.until("type yes")?;
    plain.press("yes\n")?;
    plain.until(&format!("Waiting for {WHO}"))?;
    plain.until("What now")?;
    plain.until(&format!("{WHO} is changing inngest {SINCE}. Nothing was written."))?;
    plain.press("\n")?;
    assert_eq!(plain.ended()?, 6);
    assert_eq!(workers(&cx, &namespace)?, before);
    let mut plain = Person::start(&cx, "dumb", &["rollback", "-n", &namespace, "--plain"])?;
    plain.until("type yes")?;
    plain.press("yes\n")?;
    plain.until("What now")?;
    plain.press("2\n")?;
    plain.until("Waiting; Ctrl-C ends it")?;
    drop(elsewhere);
    assert_eq!(plain.ended()?, 0);
    assert_ne!(workers(&cx, &namespace)?, before);

    // On the full screen: followed, where there is nothing to see, and taken over by the name alone.
    let elsewhere = Elsewhere::holds(&cx, &namespace)?;
    let mut full = Person::start(&cx, "xterm-256color", &["rollback", "--to", "2", "-n", &namespace])?;
    full.until("[ Roll back inngest")?;
    full.press("\t")?;
    full.until("Enter do it")?;
    full.press("\r")?;
    full.until("Somebody else is at it")?;
    full.until(&format!("{WHO} is changing inngest {SINCE}. Nothing was written."))?;
    full.press("\u{1b}[B\u{1b}[B\r")?;
    full.until("Nothing is pending")?;
    full.until("Somebody else is at it")?;
    full.press("\u{1b}[B\u{1b}[B\u{1b}[B\r")?;
    full.until("Type ana@elsewhere to take over from it")?;
    full.press("yes\r")?;
    full.until("type ana@elsewhere in full")?;
    full.press(&format!("{}ana@elsewhere\r", "\u{7f}".repeat(3)))?;
    full.until("DONE")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    assert_eq!(workers(&cx, &namespace)?, before);
    drop(elsewhere);
    DONE
}

pub(crate) async fn keys_are_not_imported_while_somebody_else_is_at_it(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let made = keys(&objects(&cx, &namespace)?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.age").display().to_string();
    let run = |arguments: &[&str]| -> testbed::Outcome<std::process::Output> {
        let mut slipway = cx.slipway("admin");
        slipway.env("WORDS", "correct horse battery").arg("keys").args(arguments);
        Ok(slipway.args(["--passphrase", "env:WORDS", "-n", &namespace]).output()?)
    };
    succeeded(&run(&["export", "--to", &file])?);
    let gone = cx.kubectl().args(["-n", &namespace, "delete", "secret", "inngest-keys-1"]).output()?;
    assert!(gone.status.success(), "{}", said(&gone));
    let elsewhere = Elsewhere::holds(&cx, &namespace)?;
    let refused = run(&["import", &file])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    for told in [&format!("the release is being changed by {WHO}, {SINCE}"), "--take-over", "nothing was written"] {
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
    assert!(!objects(&cx, &namespace)?.contains_key("Secret/inngest-keys-1"), "keys were made without the lock");
    drop(elsewhere);
    succeeded(&run(&["import", &file])?);
    assert_eq!(keys(&objects(&cx, &namespace)?), made);
    DONE
}

pub(crate) async fn nothing_is_restored_while_somebody_else_is_at_it(cx: Context) -> Outcome {
    let release = Release::install(&cx)?;
    let folder = release.at("kept");
    succeeded(&release.run(&cx, &["backup", "inngest"], &["--to", &folder])?);
    let before = release.runs()?;
    let elsewhere = Elsewhere::holds(&cx, &release.namespace)?;
    let refused = release.run(&cx, &["restore"], &["--from", &folder, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(said(&refused).contains(&format!("the release is being changed by {WHO}, {SINCE}")), "{}", said(&refused));
    assert_eq!(release.databases()?.len(), 1, "a database was made without the lock");
    drop(elsewhere);
    succeeded(&release.run(&cx, &["restore"], &["--from", &folder, "--yes"])?);
    assert_eq!((release.runs()?, release.databases()?.len()), (before, 2));
    DONE
}
