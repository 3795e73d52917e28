//! What writes is stopped while a backup is taken, and runs again afterwards, whatever became of the backup (cluster.md 5).

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::attach::events;
use crate::backup::{Release, manifest};
use crate::context::{Context, DONE, Outcome};
use crate::install::{install, said, succeeded};
use crate::testbed;

const STOPPED: &str = "slipway.dev/stopped-replicas";

fn server(cx: &Context, release: &Release) -> testbed::Outcome<Value> {
    let found = cx.kubectl().args(["-n", &release.namespace, "get", "deployment/inngest", "-o", "json"]).output()?;
    Ok(serde_json::from_slice(&found.stdout)?)
}

/// All of the server but what its controllers write, which may come after everybody goes on.
fn asked(cx: &Context, release: &Release) -> testbed::Outcome<Value> {
    let mut server = server(cx, release)?;
    server["status"].take();
    server["metadata"]["resourceVersion"].take();
    Ok(server)
}

fn stopped(server: &Value) -> Option<&str> {
    server["metadata"]["annotations"][STOPPED].as_str()
}

pub(crate) async fn what_writes_is_stopped_for_a_backup_and_runs_again_afterwards(cx: Context) -> Outcome {
    let release = Release::install(&cx)?;
    let before = asked(&cx, &release)?;
    let folder = release.at("quiet");
    let unasked = release.run(&cx, &["backup"], &["--to", &folder, "--stop-writers"])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert_eq!(asked(&cx, &release)?, before);
    let made = release.run(&cx, &["backup"], &["--to", &folder, "--stop-writers", "--yes", "-o", "json"])?;
    assert!(made.status.success(), "{}", said(&made));
    // Each line is an event of the published form, in the order in which it happened.
    let told = events(&made.stdout)?;
    let kinds: Vec<String> = told
        .iter()
        .map(|event| {
            let kind = &event["kind"];
            format!("{} {}", kind["type"].as_str().unwrap_or(""), kind["verb"].as_str().unwrap_or(""))
                .trim()
                .to_string()
        })
        .filter(|kind| !kind.starts_with("lock") && !kind.starts_with("dataMoved"))
        .collect();
    let wanted = ["dataStarted stop", "dataStarted backup", "dataChecked", "dataStarted start", "dataFinished backup"];
    assert_eq!(kinds, wanted, "{told:?}");
    assert_eq!(manifest(&folder)?["consistent"], true);
    let after = asked(&cx, &release)?;
    assert_eq!((&after["spec"], stopped(&after)), (&before["spec"], None));
    // The fields are whose they were: an install finds no other manager.
    let (user, database) = (release.server.user.clone(), release.database.clone());
    let set = [format!("database.bundledUser={user}"), format!("database.bundledName={database}")];
    let again = [
        "inngest",
        "-n",
        &release.namespace,
        "--yes",
        "--set",
        "queue.mode=memory",
        "--set",
        &set[0],
        "--set",
        &set[1],
    ];
    let again = install(&cx, "admin", &again)?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    assert_eq!(asked(&cx, &release)?, after, "and starts nothing anew");
    DONE
}

/// A backup that stands still in the middle: a table of the database cannot be read.
async fn in_the_middle(cx: &Context, release: &Release, folder: &str) -> testbed::Outcome<Child> {
    let mut begun = cx.slipway("admin");
    begun.args(["backup", "-n", &release.namespace, "--to", folder, "--stop-writers", "--yes"]);
    let begun = begun.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let dump = Path::new(folder).join("database.pgdump");
    cx.until("the dump has begun", async || Ok(dump.exists())).await?;
    let still = server(cx, release)?;
    assert_eq!((still["spec"]["replicas"].as_u64(), stopped(&still)), (Some(0), Some("1")));
    Ok(begun)
}

pub(crate) async fn what_a_backup_stopped_runs_again_after_it_was_ended_or_killed(cx: Context) -> Outcome {
    let release = Release::install(&cx)?;
    let held = release.server.holding(&release.database, "runs")?;
    // Ended: it cleans up behind itself.
    let folder = release.at("ended");
    let mut ended = in_the_middle(&cx, &release, &folder).await?;
    let signalled = std::process::Command::new("kill").args(["-TERM", &ended.id().to_string()]).status()?;
    assert!(signalled.success());
    assert_eq!(ended.wait()?.code(), Some(143));
    let after = server(&cx, &release)?;
    assert_eq!((after["spec"]["replicas"].as_u64(), stopped(&after)), (Some(1), None));
    assert!(!Path::new(&folder).exists(), "half a backup is none");
    // Killed: the next backup does it, whatever it was asked for.
    let mut killed = in_the_middle(&cx, &release, &release.at("killed")).await?;
    killed.kill()?;
    killed.wait()?;
    assert_eq!(stopped(&server(&cx, &release)?), Some("1"));
    let told = cx.slipway("admin").args(["doctor", "-n", &release.namespace]).output()?;
    assert!(
        said(&told).contains("Deployment/inngest was stopped for a backup, and not started again"),
        "{}",
        said(&told)
    );
    drop(held);
    let next = release.run(&cx, &["backup"], &["--to", &release.at("next")])?;
    succeeded(&next);
    assert!(said(&next).contains("a backup that did not end had stopped it"), "{}", said(&next));
    let after = server(&cx, &release)?;
    assert_eq!((after["spec"]["replicas"].as_u64(), stopped(&after)), (Some(1), None));
    DONE
}

pub(crate) async fn replicas_that_are_another_s_come_back_and_a_scaler_that_would_start_them_is_named(
    cx: Context,
) -> Outcome {
    let release = Release::install(&cx)?;
    let ns = &release.namespace;
    let scaled = cx.kubectl().args(["-n", ns, "scale", "deployment/inngest", "--replicas=2"]).output()?;
    succeeded(&scaled);
    cx.until("both are ready", async || Ok(server(&cx, &release)?["status"]["readyReplicas"] == 2)).await?;
    let before = server(&cx, &release)?;
    let made = release.run(&cx, &["backup"], &["--to", &release.at("scaled"), "--stop-writers", "--yes"])?;
    succeeded(&made);
    let after = asked(&cx, &release)?;
    assert_eq!((&after["spec"], stopped(&after)), (&before["spec"], None));
    // Whose the count was it still is: a change of it is asked for as before.
    let differs = release.run(&cx, &["diff", "inngest"], &[])?;
    assert_eq!(differs.status.code(), Some(7), "{}", said(&differs));
    assert!(said(&differs).contains("spec.replicas was 1, is 2 by kubectl: is in conflict"), "{}", said(&differs));
    // KEDA scales up from zero by itself: what it would start again is not stopped.
    let scaler = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "own"},
        "spec": {"scaleTargetRef": {"name": "inngest"}, "triggers": [{"type": "cpu", "metadata": {"value": "60"}}]}});
    cx.apply(ns, scaler).await?;
    let refused = release.run(&cx, &["backup"], &["--to", &release.at("keda"), "--stop-writers", "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    for told in ["would be started again while it is stopped", "ScaledObject/own scales it", "paused-replicas"] {
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
    assert_eq!(server(&cx, &release)?["spec"], after["spec"]);
    DONE
}
