//! What is known of a release when something is half done, somebody else is at it, or its record is gone: on the real control
//! plane.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use slipway::apply::{Options, back};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Cluster, keys as key_secrets};
use slipway::error::FailureKind;
use slipway::object::ObjectId;
use slipway::plan::{Plan, Verb};

use crate::apply::{cluster, options, run, run_with};
use crate::context::{Context, DONE, Outcome};
use crate::faults::{Kill, Moment};
use crate::inngest::plan;
use crate::install::{fresh, install, keys, objects, said, succeeded};
use crate::testbed;

fn slipway(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(arguments).args(["-n", namespace]).output()?)
}

/// UIDs of everything that runs or holds data.
fn uids(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, String>> {
    let runs = ["Pod/", "Deployment/", "StatefulSet/", "Secret/", "Service/", "PersistentVolumeClaim/"];
    let found = objects(cx, namespace)?.into_iter().filter(|(name, _)| runs.iter().any(|kind| name.starts_with(kind)));
    Ok(found.map(|(name, object)| (name, object["metadata"]["uid"].to_string())).collect())
}

fn kubectl(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<()> {
    let output = cx.kubectl().args(["-n", namespace]).args(arguments).output()?;
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    Ok(())
}

pub(crate) async fn who_is_at_it_on_another_machine_is_named_followed_and_taken_over(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    // Of another boot: nobody here can know whether that process lives.
    let holder = "ana@elsewhere/another-boot/pid:[1]/77/5/0123456789abcdef";
    let held = |seconds: u64| -> testbed::Outcome<()> {
        let now = format!("{:.6}", jiff::Timestamp::now());
        let spec = json!({"spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": "2026-11-21T10:00:00.000000Z", "renewTime": now}});
        kubectl(&cx, &namespace, &["patch", "lease", "slipway-inngest", "--type=merge", "-p", &spec.to_string()])
    };
    held(60)?;
    let other = cx
        .slipway("admin")
        .args(["install"])
        .args(arguments)
        .args(["--set", "tuning.queueWorkers=7"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = other.id();
    // It renews, so it lives: the other ends and says so.
    let waits = async {
        let output = tokio::task::spawn_blocking(move || other.wait_with_output()).await?;
        testbed::Outcome::Ok(output?)
    };
    let renews = async {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            if held(60).is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let refused = tokio::select! { waited = waits => waited?, () = renews => unreachable!("it renews for ever") };
    assert_eq!(refused.status.code(), Some(6), "{pid}: {}", said(&refused));
    for told in [
        "ana@elsewhere (process 77), who is changing this release since 2026-11-21 10:00:00Z",
        "the release is being changed by ana@elsewhere (process 77), since 2026-11-21 10:00:00Z",
        &format!("slipway attach inngest -n {namespace}"),
        &format!("--take-over '{holder}'"),
        "nothing was written",
    ] {
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
    let status = slipway(&cx, &namespace, &["status"])?;
    assert!(said(&status).contains("At work on it: ana@elsewhere (process 77), since 2026-11-21"), "{}", said(&status));

    // By name at once; without it, once it has not renewed for as long as it said.
    let taken = [&arguments[..], &["--set", "tuning.queueWorkers=8", "--take-over", holder]].concat();
    succeeded(&install(&cx, "admin", &taken)?);
    held(2)?;
    let after = install(&cx, "admin", &[&arguments[..], &["--set", "tuning.queueWorkers=9"]].concat())?;
    succeeded(&after);
    assert!(said(&after).contains("Waiting for ana@elsewhere"), "{}", said(&after));
    DONE
}

pub(crate) async fn a_record_that_is_torn_or_gone_is_built_anew_and_nothing_that_runs_is_touched(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    let whole = slipway(&cx, &namespace, &["repair"])?;
    succeeded(&whole);
    assert!(said(&whole).contains("the record is whole"), "{}", said(&whole));
    let (before, made) = (uids(&cx, &namespace)?, keys(&objects(&cx, &namespace)?));

    // Torn: every verb says how it is mended.
    kubectl(&cx, &namespace, &["delete", "configmap", "slipway-inngest.r1"])?;
    let torn = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "slipway-inngest.r1", "labels": {"slipway.dev/release": "inngest", "slipway.dev/revision": "1"}},
        "data": {"format": "1", "revision": "1", "outcome": "deployed", "product": "inngest", "digest": "0"},
        "binaryData": {"plan": "AAAA", "progress": "AAAA"},
    });
    cx.apply(&namespace, torn).await?;
    for verb in [
        &["status"][..],
        &["history"],
        &["rollback", "--yes"],
        &["uninstall", "--yes"],
        &["install", "inngest", "--yes"],
    ] {
        let refused = slipway(&cx, &namespace, verb)?;
        assert_eq!(refused.status.code(), Some(3), "{verb:?}: {}", said(&refused));
        assert!(said(&refused).contains(&format!("slipway repair inngest -n {namespace}")), "{}", said(&refused));
    }
    let asked = slipway(&cx, &namespace, &["repair"])?;
    assert_eq!(asked.status.code(), Some(6), "{}", said(&asked));
    assert!(said(&asked).contains("revision 1 cannot be read"), "{}", said(&asked));
    let state = tempfile::tempdir()?;
    let mended = cx
        .slipway("admin")
        .env("SLIPWAY_STATE_DIR", state.path())
        .args(["repair", "inngest", "--yes", "-n", &namespace])
        .output()?;
    succeeded(&mended);
    for told in ["the record is whole again", "not known, and not recorded", "what could not be read is kept in"] {
        assert!(said(&mended).contains(told), "{told}: {}", said(&mended));
    }
    for value in made.values() {
        assert!(!said(&mended).contains(value.as_str()), "a secret was told");
    }
    assert_eq!(uids(&cx, &namespace)?, before);
    let well = slipway(&cx, &namespace, &["status"])?;
    succeeded(&well);
    assert!(said(&well).contains("revision 2: deployed"), "{}", said(&well));

    // Gone, the parent with it: labels and field managers tell what there is.
    kubectl(&cx, &namespace, &["delete", "configmap", "-l", "slipway.dev/release=inngest"])?;
    let gone = slipway(&cx, &namespace, &["repair", "--yes", "-o", "json"])?;
    succeeded(&gone);
    let told: Value = serde_json::from_slice(&gone.stdout)?;
    assert_eq!((told["release"].as_str(), told["revision"].as_u64()), (Some("inngest"), Some(1)), "{told}");
    assert_eq!(uids(&cx, &namespace)?, before);
    succeeded(&slipway(&cx, &namespace, &["status"])?);
    // What is installed over it is the same, and nothing is made anew; nor is what a rebuilt record does not know lost.
    let again = install(&cx, "admin", &[&arguments[..], &["--set", "tuning.queueWorkers=7"]].concat())?;
    succeeded(&again);
    succeeded(&slipway(&cx, &namespace, &["rollback", "--to", "1", "--yes"])?);
    let after = uids(&cx, &namespace)?;
    for (name, uid) in before.iter().filter(|(name, _)| !name.starts_with("Pod/")) {
        assert_eq!(after.get(name), Some(uid), "{name}");
    }
    assert_eq!(keys(&objects(&cx, &namespace)?), made);
    let secret = objects(&cx, &namespace)?.remove("Secret/inngest").ok_or("the Secret is gone")?;
    assert!(secret["data"]["INNGEST_POSTGRES_URI"].as_str().is_some_and(|uri| !uri.is_empty()), "{}", secret["data"]);
    DONE
}

pub(crate) async fn a_record_of_a_newer_slipway_is_refused_by_every_verb_that_writes(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    kubectl(&cx, &namespace, &["delete", "configmap", "slipway-inngest.r1"])?;
    let newer = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "slipway-inngest.r1", "labels": {"slipway.dev/release": "inngest", "slipway.dev/revision": "1"}},
        "data": {"format": "99", "revision": "1", "writer": "slipway/9.0.0", "outcome": "pending", "product": "inngest"},
    });
    cx.apply(&namespace, newer).await?;
    let before = uids(&cx, &namespace)?;
    for verb in [
        &["install", "inngest", "--yes"][..],
        &["upgrade", "--yes"],
        &["rollback", "--yes"],
        &["uninstall", "--yes"],
        &["repair", "--yes"],
        &["attach", "--yes"],
    ] {
        let refused = slipway(&cx, &namespace, verb)?;
        assert_eq!(refused.status.code(), Some(6), "{verb:?}: {}", said(&refused));
        for told in ["the release was changed by a newer slipway", "use slipway/9.0.0 or newer"] {
            assert!(said(&refused).contains(told), "{verb:?}: {told}: {}", said(&refused));
        }
    }
    assert_eq!(uids(&cx, &namespace)?, before);
    DONE
}

/// Revision 1, and revision 2 with another port.
async fn changed(cluster: &Cluster, namespace: &str) -> testbed::Outcome<Plan> {
    let first = plan(namespace);
    run(cluster, &first).await.ended?;
    let mut second = first.clone();
    for step in second.steps.iter_mut().filter(|step| step.wanted.object.kind() == "ConfigMap") {
        step.wanted.object.set(&["data", "INNGEST_PORT"], "9999".into());
    }
    run(cluster, &second).await.ended?;
    Ok(first)
}

pub(crate) async fn a_rollback_that_is_killed_is_told_by_status_and_finished_by_the_next(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let (mut cut, mut half) = (0, 0);
    for (nth, moment) in [
        (18, Moment::After),
        (22, Moment::Before),
        (24, Moment::After),
        (27, Moment::Before),
        (30, Moment::After),
        (34, Moment::Before),
    ] {
        let namespace = fresh("fast");
        let plan = changed(&cluster, &namespace).await?;
        let first = key_secrets::read(&cluster, &plan.target, 1).await?.ok_or("no key Secret")?.uid;
        let (back, secrets) = back(&cluster, &plan.target, 1).await?;
        let kill = Kill::at(nth, moment);
        let broken = cluster.layered(&kill);
        let task = tokio::spawn(async move {
            let (sender, _nobody) = tokio::sync::mpsc::channel(10_000);
            let (_wish, wishes) = tokio::sync::watch::channel(slipway::apply::Control::Go);
            let (readiness, controls) = (slipway::apply::Watches(broken.clone()), slipway::apply::Controls(wishes));
            slipway::apply::run(&broken, &back, &secrets, &readiness, &options(), sender, controls).await
        });
        tokio::select! {
            () = kill.reached() => cut += 1,
            () = async { while !task.is_finished() { tokio::time::sleep(Duration::from_millis(10)).await } } => {}
        }
        task.abort();
        let _ended = task.await;
        let when = format!("killed {moment:?} request {nth}");
        let newest = record::read(&cluster, &plan.target).await?.remove(0);
        if newest.plan.verb == Verb::Rollback && newest.progress.outcome == Recorded::Pending {
            half += 1;
            let status = slipway(&cx, &namespace, &["status"])?;
            for told in ["a rollback, is not at its end", &format!("slipway attach inngest -n {namespace}")] {
                assert!(said(&status).contains(told), "{when}: {told}: {}", said(&status));
            }
        }
        succeeded(&slipway(&cx, &namespace, &["rollback", "--to", "1", "--yes"])?);
        let port = cluster.get(&ObjectId::new("", "ConfigMap", &namespace, "inngest")).await?;
        assert_eq!(port.text(&["data", "INNGEST_PORT"]), "8288", "{when}");
        let keys = key_secrets::read(&cluster, &plan.target, 1).await?.ok_or("no key Secret")?;
        assert_eq!(keys.uid, first, "{when}: the keys were made twice");
        let newest = record::read(&cluster, &plan.target).await?.remove(0);
        assert_eq!((newest.plan.verb, newest.progress.outcome), (Verb::Rollback, Recorded::Deployed), "{when}");
    }
    assert!(cut > 2 && half > 0, "only {cut} were cut, {half} of them half-way");
    DONE
}

pub(crate) async fn a_half_done_uninstall_is_told_and_can_be_taken_back(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let made = keys(&objects(&cx, &namespace)?);
    let hold = r#"{"metadata":{"finalizers":["testbed.slipway.dev/hold"]}}"#;
    kubectl(&cx, &namespace, &["patch", "configmap", "inngest", "--type=merge", "-p", hold])?;
    let hangs = slipway(&cx, &namespace, &["uninstall", "--yes", "--timeout", "3s"])?;
    assert_eq!(hangs.status.code(), Some(5), "{}", said(&hangs));
    let status = slipway(&cx, &namespace, &["status"])?;
    assert_eq!(status.status.code(), Some(1), "{}", said(&status));
    for told in [
        "An uninstall was begun and is not at its end",
        &format!("go on: slipway uninstall inngest -n {namespace}"),
        &format!("or go back to revision 1: slipway rollback inngest -n {namespace}"),
    ] {
        assert!(said(&status).contains(told), "{told}: {}", said(&status));
    }
    kubectl(
        &cx,
        &namespace,
        &["patch", "configmap", "inngest", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#],
    )?;
    succeeded(&slipway(&cx, &namespace, &["rollback", "--yes"])?);
    succeeded(&slipway(&cx, &namespace, &["status"])?);
    assert_eq!(keys(&objects(&cx, &namespace)?), made);
    DONE
}

pub(crate) async fn the_history_is_bounded_says_who_and_how_much_and_never_drops_the_last_good_one(
    cx: Context,
) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = fresh("fast");
    let first = plan(&namespace);
    run(&cluster, &first).await.ended?;
    for port in 0..record::KEPT + 2 {
        let mut next = first.clone();
        for step in next.steps.iter_mut().filter(|step| step.wanted.object.kind() == "ConfigMap") {
            step.wanted.object.set(&["data", "INNGEST_PORT"], format!("{}", 9000 + port).into());
        }
        run(&cluster, &next).await.ended?;
    }
    let history = slipway(&cx, &namespace, &["history"])?;
    succeeded(&history);
    for told in ["tester@here", "deployed", "objects: "] {
        assert!(said(&history).contains(told), "{told}: {}", said(&history));
    }
    let revisions = record::read(&cluster, &first.target).await?;
    assert_eq!(revisions.len(), record::KEPT);
    let old = slipway(&cx, &namespace, &["rollback", "--to", "1", "--yes"])?;
    assert_eq!(old.status.code(), Some(2), "{}", said(&old));
    assert!(said(&old).contains("the history is bounded"), "{}", said(&old));
    let mut all = revisions;
    for revision in all.iter_mut().take(record::KEPT - 1) {
        revision.progress.outcome = Recorded::Failed;
    }
    all.insert(0, all[0].clone());
    assert!(record::surplus(&all).is_empty(), "the last good one is the oldest, and stays");
    DONE
}

pub(crate) async fn of_two_clients_that_race_on_the_real_server_one_wins_and_the_other_says_why(
    cx: Context,
) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    for race in 0..5 {
        let plan = plan(&fresh("fast"));
        let (one, other) = (cluster.clone(), cluster.clone());
        // Both live, and say so often.
        let lock = LockTiming {
            lasts: Duration::from_secs(60),
            trusted: Duration::from_secs(40),
            renew: Duration::from_millis(300),
        };
        let alive = Options { lock, ..options() };
        let ended = tokio::join!(run_with(&one, &plan, &alive), run_with(&other, &plan, &alive));
        let ended = [ended.0.ended, ended.1.ended];
        let winners = ended.iter().flatten().filter(|ended| ended.written > 0).count();
        assert_eq!(winners, 1, "race {race}: {ended:?}");
        for failure in ended.iter().filter_map(|ended| ended.as_ref().err()) {
            assert_eq!(failure.kind, FailureKind::Refused, "race {race}: {failure}");
            assert!(failure.to_string().contains("the release is being changed by"), "race {race}: {failure}");
        }
        assert_eq!(record::read(&cluster, &plan.target).await?.len(), 1, "race {race}");
    }
    DONE
}
