//! `slipway upgrade` and `diff` as an operator runs them, on the real control plane.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::Value;
use slipway::object::ObjectId;

use crate::apply;
use crate::context::{Context, DONE, Outcome};
use crate::faults::{Kill, Moment};
use crate::install::{fresh, install, keys, objects, said, succeeded, versions};
use crate::testbed;
use crate::upgraded::{after, before};

/// The folder of the products that only tests know.
pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

pub(crate) fn slipway(cx: &Context, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(arguments).output()?)
}

/// `slipway VERB ladder`, a product of tests, and what comes after it.
pub(crate) fn ladder(cx: &Context, verb: &str, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    slipway(cx, &[&[verb, "ladder", "--products", FIXTURES, "-n", namespace][..], more].concat())
}

pub(crate) fn kubectl(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    let output = cx.kubectl().args(["-n", namespace]).args(arguments).output()?;
    assert!(output.status.success(), "{}", said(&output));
    Ok(output)
}

/// Ends with this code and says these words.
pub(crate) fn ends(output: &Output, code: i32, words: &[&str]) {
    let told = said(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "does not say {word:?}: {told}");
    }
}

pub(crate) fn uid(objects: &BTreeMap<String, Value>, name: &str) -> Value {
    objects[name]["metadata"]["uid"].clone()
}

fn image(objects: &BTreeMap<String, Value>, name: &str) -> Value {
    objects[name]["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

/// Versions of a release's revisions, the oldest first.
fn history(cx: &Context, namespace: &str) -> testbed::Outcome<Vec<(String, String, String)>> {
    let output = slipway(cx, &["history", "-n", namespace, "-o", "json"])?;
    succeeded(&output);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("").to_owned();
    let row = |row: &Value| (text(row, "verb"), text(row, "version"), text(row, "outcome"));
    Ok(rows.iter().rev().map(row).collect())
}

pub(crate) async fn another_major_version_of_a_database_is_refused_over_its_volume_and_a_minor_one_is_not(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let minor = ["inngest", "-n", &namespace, "--yes", "--set", "database.image=postgres:17.5"];
    succeeded(&install(&cx, "admin", &minor)?);
    let before = objects(&cx, &namespace)?;
    for image in ["postgres:18", "postgres:latest"] {
        let answer = format!("database.image={image}");
        let refused = slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--set", &answer])?;
        let why = format!("postgres:17.5 -> {image} cannot read what is in the volume inngest-postgresql");
        ends(&refused, 6, &["DATA_FORMAT", &why, "slipway backup inngest", "slipway restore"]);
        assert_eq!(versions(&objects(&cx, &namespace)?), versions(&before), "nothing was written");
    }
    succeeded(&slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--set", "database.image=postgres:17.6"])?);
    let after = objects(&cx, &namespace)?;
    assert_eq!(image(&after, "StatefulSet/inngest-postgresql"), "postgres:17.6");
    for kept in ["PersistentVolumeClaim/inngest-postgresql", "StatefulSet/inngest-postgresql"] {
        assert_eq!(uid(&after, kept), uid(&before, kept), "{kept}");
    }
    let still = "StatefulSet/inngest-redis";
    assert_eq!(after[still]["metadata"]["generation"], before[still]["metadata"]["generation"]);
    DONE
}

pub(crate) async fn a_newer_version_restarts_the_server_alone_and_keeps_keys_and_volumes(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let older = ["inngest", "-n", &namespace, "--yes", "--profile", "production", "--set", "version=v1.42.0"];
    succeeded(&install(&cx, "admin", &older)?);
    let before = objects(&cx, &namespace)?;
    // What was set once stays, and that is said.
    let planned = slipway(&cx, &["plan", "inngest", "-n", &namespace, "--exit-code"])?;
    ends(&planned, 0, &["upgrade Inngest v1.42.0", "VERSION_KEPT", "--reset version"]);
    let planned = slipway(&cx, &["plan", "inngest", "-n", &namespace, "--exit-code", "--reset", "version"])?;
    let words = [
        "upgrade Inngest v1.43.0",
        "inngest is installed with v1.42.0: this is an upgrade to v1.43.0",
        "1 field, its pods restart",
        "inngest/inngest:v1.42.0 -> inngest/inngest:v1.43.0",
        "NO_WAY_BACK",
    ];
    ends(&planned, 7, &words);
    assert!(!said(&planned).contains("error:"), "{}", said(&planned));
    // Nobody said yes.
    let unsaid = slipway(&cx, &["upgrade", "-n", &namespace, "--reset", "version"])?;
    ends(&unsaid, 6, &["nobody said yes", &format!("slipway upgrade -n {namespace} --reset version --yes")]);
    assert_eq!(versions(&objects(&cx, &namespace)?), versions(&before));
    let done = slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--reset", "version"])?;
    succeeded(&done);
    let after = objects(&cx, &namespace)?;
    assert_eq!(image(&after, "Deployment/inngest"), "inngest/inngest:v1.43.0");
    assert_eq!(keys(&after), keys(&before));
    for kept in ["PersistentVolumeClaim/inngest-postgresql", "Deployment/inngest", "StatefulSet/inngest-postgresql"] {
        assert_eq!(uid(&after, kept), uid(&before, kept), "{kept}");
    }
    for still in ["StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(after[still]["metadata"]["generation"], before[still]["metadata"]["generation"], "{still}");
    }
    let again = slipway(&cx, &["upgrade", "-n", &namespace, "--yes"])?;
    ends(&again, 0, &["Nothing was written."]);
    assert_eq!(versions(&objects(&cx, &namespace)?), versions(&after));
    let row = |verb: &str, version: &str| (verb.to_owned(), version.to_owned(), "deployed".to_owned());
    assert_eq!(history(&cx, &namespace)?, [row("install", "v1.42.0"), row("upgrade", "v1.43.0")]);
    let told = said(&slipway(&cx, &["history", "-n", &namespace])?);
    assert!(told.contains("version: v1.42.0 -> v1.43.0") && !told.contains("another secret"), "{told}");
    // `install` on what is installed is the same upgrade, and says so.
    let told = slipway(&cx, &["install", "inngest", "-n", &namespace, "--yes", "--set", "logLevel=debug"])?;
    ends(&told, 0, &["Done after"]);
    assert_eq!(history(&cx, &namespace)?.last(), Some(&row("upgrade", "v1.43.0")));
    DONE
}

pub(crate) async fn a_step_back_and_a_version_that_is_none_are_refused(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let before = versions(&objects(&cx, &namespace)?);
    let upgrade = |more: &[&str]| slipway(&cx, &[&["upgrade", "-n", &namespace, "--yes"][..], more].concat());
    let words = [
        "v1.42.9 is older than v1.43.0, which is installed",
        "DOWNGRADE",
        "slipway rollback inngest",
        "nothing was written",
    ];
    ends(&upgrade(&["--set", "version=v1.42.9"])?, 6, &words);
    ends(&upgrade(&["--set", "version=v1.42.9", "--skip-preflight", "all"])?, 6, &words);
    ends(
        &upgrade(&["--set", "version=latest"])?,
        3,
        &["version is not a version of this product", "nothing was written"],
    );
    ends(&upgrade(&["--set", "replcas=2"])?, 3, &["did you mean replicas?"]);
    ends(&upgrade(&["--reset", "replcas"])?, 3, &["--reset replcas", "did you mean replicas?"]);
    ends(
        &slipway(&cx, &["upgrade", "other", "-n", &namespace, "--yes"])?,
        2,
        &["there is no release other", "inngest in"],
    );
    let none = cx.namespace("fast-none").await?;
    ends(&slipway(&cx, &["upgrade", "-n", &none, "--yes"])?, 2, &["there is no release here"]);
    assert_eq!(versions(&objects(&cx, &namespace)?), before);
    DONE
}

pub(crate) async fn versions_that_must_come_in_between_are_installed_in_their_order(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&ladder(&cx, "install", &namespace, &["--yes"])?);
    let planned = ladder(&cx, "plan", &namespace, &["--set", "version=v1.4.0"])?;
    let words = [
        "upgrade Ladder v1.2.0",
        "v1.2.0 comes first, then v1.4.0",
        "From v1.1.0 on the rungs are round.",
        "v1.2.0 renames the rungs.",
    ];
    ends(&planned, 0, &words);
    assert!(!said(&planned).contains("measures"), "the gate of a later step: {}", said(&planned));
    let done = ladder(&cx, "upgrade", &namespace, &["--yes", "--set", "version=v1.4.0"])?;
    succeeded(&done);
    let row = |verb: &str, version: &str| (verb.to_owned(), version.to_owned(), "deployed".to_owned());
    let walked = [row("install", "v1.0.0"), row("upgrade", "v1.2.0"), row("upgrade", "v1.4.0")];
    assert_eq!(history(&cx, &namespace)?, walked);
    assert_eq!(image(&objects(&cx, &namespace)?, "Deployment/ladder"), "example/ladder:v1.4.0");
    // What a gate wants done first holds everything up until it is said to be done; not even `all` passes it over.
    let before = versions(&objects(&cx, &namespace)?);
    let next = ["--yes", "--set", "version=v2.0.0"];
    for more in [&[][..], &["--skip-preflight", "all"]] {
        let stopped = ladder(&cx, "upgrade", &namespace, &[&next[..], more].concat())?;
        ends(&stopped, 6, &["v2.0.0 needs a wall to lean on. Build one first.", "GATE_STOP", "nothing was written"]);
    }
    assert_eq!(versions(&objects(&cx, &namespace)?), before);
    succeeded(&ladder(&cx, "upgrade", &namespace, &[&next[..], &["--skip-preflight", "GATE_STOP"]].concat())?);
    assert_eq!(history(&cx, &namespace)?.len(), 4);
    DONE
}

pub(crate) async fn a_walk_that_ends_at_a_version_in_between_is_gone_on_with_by_the_next_run(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&ladder(&cx, "install", &namespace, &["--yes"])?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json");
    let path = file.display().to_string();
    // A frozen plan is one step of the way.
    succeeded(&ladder(&cx, "plan", &namespace, &["--set", "version=v1.4.0", "--out", &path])?);
    let applied = slipway(&cx, &["apply", &path, "--products", FIXTURES, "--yes"])?;
    ends(&applied, 0, &["v1.2.0 was a version on the way", "slipway upgrade ladder"]);
    assert_eq!(image(&objects(&cx, &namespace)?, "Deployment/ladder"), "example/ladder:v1.2.0");
    // Where it was going is known: nobody has to say it again.
    succeeded(&ladder(&cx, "upgrade", &namespace, &["--yes"])?);
    assert_eq!(image(&objects(&cx, &namespace)?, "Deployment/ladder"), "example/ladder:v1.4.0");
    DONE
}

pub(crate) async fn a_migration_wants_a_backup_in_production_unless_it_is_refused_by_name(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&ladder(&cx, "install", &namespace, &["--yes", "--profile", "live", "--set", "version=v1.2.0"])?);
    let before = versions(&objects(&cx, &namespace)?);
    let up = ["--yes", "--set", "version=v1.3.0"];
    for more in [&[][..], &["--skip-preflight", "all"]] {
        let refused = ladder(&cx, "upgrade", &namespace, &[&up[..], more].concat())?;
        let words =
            ["v1.3.0 changes the data", "BACKUP_REQUIRED", "--backup", "--without-backup", "nothing was written"];
        ends(&refused, 6, &words);
    }
    let nowhere = ladder(&cx, "upgrade", &namespace, &[&up[..], &["--backup"]].concat())?;
    ends(&nowhere, 3, &["nobody said where the backup goes", "slipway backup ladder", "nothing was written"]);
    assert_eq!(versions(&objects(&cx, &namespace)?), before);
    let alone =
        ladder(&cx, "upgrade", &namespace, &[&up[..], &["--without-backup", "--rollback-on-failure"]].concat())?;
    ends(&alone, 6, &["NO_ROLLBACK_ON_FAILURE", "nothing was written"]);
    succeeded(&ladder(&cx, "upgrade", &namespace, &[&up[..], &["--without-backup"]].concat())?);
    // Where nothing depends on it, it is offered.
    let other = fresh("fast");
    succeeded(&ladder(&cx, "install", &other, &["--yes", "--set", "version=v1.2.0"])?);
    let planned = ladder(&cx, "plan", &other, &["--set", "version=v1.3.0"])?;
    ends(
        &planned,
        0,
        &["BACKUP_OFFERED", "v1.3.0 measures the rungs anew.", "it is migrated on the way from v1.2.0 to v1.3.0"],
    );
    succeeded(&ladder(&cx, "upgrade", &other, &up)?);
    DONE
}

pub(crate) async fn a_database_that_goes_outside_and_comes_back_finds_its_volume_and_its_key(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let first = objects(&cx, &namespace)?;
    let claim = "PersistentVolumeClaim/inngest-postgresql";
    let outside = |verb: &str, more: &[&str]| -> testbed::Outcome<Output> {
        let mut command = cx.slipway("admin");
        command.env("DB_URL", "postgres://ops:word@db.example.com:5432/inngest");
        command.args([verb, "inngest", "-n", &namespace, "--set", "database.mode=external"]);
        Ok(command.args(["--set", "database.url=env:DB_URL"]).args(more).output()?)
    };
    let planned = outside("plan", &[])?;
    let words = [
        "database.mode: bundled -> external",
        "PINNED_CHANGED",
        "VOLUME_UNUSED",
        "delete   StatefulSet",
        "no longer wanted, at the end",
    ];
    ends(&planned, 0, &words);
    succeeded(&outside("upgrade", &["--yes"])?);
    let away = objects(&cx, &namespace)?;
    assert!(!away.contains_key("StatefulSet/inngest-postgresql") && !away.contains_key("Service/inngest-postgresql"));
    assert_eq!(uid(&away, claim), uid(&first, claim), "the claim stays");
    assert!(away.contains_key("Secret/inngest-keys-1"));
    let back = slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--set", "database.mode=bundled"])?;
    succeeded(&back);
    let home = objects(&cx, &namespace)?;
    assert_eq!(uid(&home, claim), uid(&first, claim), "the same claim is mounted again");
    let password =
        |objects: &BTreeMap<String, Value>| objects["Secret/inngest-postgresql"]["data"]["postgres-password"].clone();
    assert_eq!(password(&home), password(&first), "the key that opens it is the same");
    assert_eq!(uid(&home, "Secret/inngest-keys-1"), uid(&first, "Secret/inngest-keys-1"));
    // In the pod and back: nothing is lost on that way either.
    succeeded(&slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--set", "database.mode=sqlite"])?);
    succeeded(&slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--set", "database.mode=bundled"])?);
    let last = objects(&cx, &namespace)?;
    assert_eq!((uid(&last, claim), password(&last)), (uid(&first, claim), password(&first)));
    let again = slipway(&cx, &["upgrade", "-n", &namespace, "--yes"])?;
    ends(&again, 0, &["Nothing was written."]);
    DONE
}

pub(crate) async fn a_release_that_is_being_taken_away_is_not_upgraded(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let hold = |finalizers: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{finalizers}}}}}");
        kubectl(&cx, &namespace, &["patch", "configmap", "inngest", "--type=merge", "-p", &patch])
    };
    hold("[\"example.com/hold\"]")?;
    let hangs = slipway(&cx, &["uninstall", "-n", &namespace, "--yes", "--timeout", "1s"])?;
    assert_eq!(hangs.status.code(), Some(5), "{}", said(&hangs));
    let words = ["an uninstall of inngest was begun", "slipway uninstall inngest", "nothing was written"];
    ends(&slipway(&cx, &["upgrade", "-n", &namespace, "--yes"])?, 6, &words);
    hold("null")?;
    DONE
}

pub(crate) async fn an_upgrade_that_is_killed_at_any_request_is_finished_with_the_same_keys_and_volumes(
    cx: Context,
) -> Outcome {
    let cluster = apply::cluster(&cx, "admin").await?;
    let one = async |nth: usize, moment: Moment| -> testbed::Outcome<bool> {
        let namespace = fresh("fast");
        apply::run(&cluster, &before(&namespace)).await.ended?;
        let claim = ObjectId::new("", "PersistentVolumeClaim", &namespace, "inngest-postgresql");
        let kept = async || -> testbed::Outcome<(String, String)> {
            let plan = before(&namespace);
            Ok((apply::keys_fit(&cluster, &plan).await?, cluster.get(&claim).await?.uid().to_owned()))
        };
        let (first, plan) = (kept().await?, after(&cluster, &namespace).await?);
        let kill = Kill::at(nth, moment);
        let broken = cluster.layered(&kill);
        let task = tokio::spawn(async move { apply::run(&broken, &plan).await.ended });
        let mut ended = Box::pin(task);
        let reached = tokio::select! {
            () = kill.reached() => true,
            _ended = &mut ended => false,
        };
        ended.abort();
        let when = format!("killed {moment:?} request {nth}");
        let again = apply::run(&cluster, &after(&cluster, &namespace).await?).await;
        again.ended.map_err(|failure| format!("{when}: {failure}"))?;
        assert_eq!(kept().await?, first, "{when}");
        let found = objects(&cx, &namespace)?;
        assert_eq!(image(&found, "Deployment/inngest"), "inngest/inngest:v2", "{when}");
        for (name, wanted) in [("Service/new", true), ("Service/old", false), ("ConfigMap/extra", false)] {
            assert_eq!(found.contains_key(name), wanted, "{when}: {name}");
        }
        let rows = history(&cx, &namespace)?;
        assert_eq!(rows.last().map(|row| row.2.as_str()), Some("deployed"), "{when}: {rows:?}");
        Ok(reached)
    };
    let mut cut = 0;
    for chunk in (1..60).step_by(5).collect::<Vec<_>>().chunks(4) {
        let both = chunk.iter().flat_map(|nth| [(*nth, Moment::Before), (nth + 2, Moment::After)]);
        let ended = futures::future::try_join_all(both.map(|(nth, moment)| one(nth, moment))).await?;
        cut += ended.iter().filter(|reached| **reached).count();
        if ended.iter().all(|reached| !reached) {
            break;
        }
    }
    assert!(cut > 8, "only {cut} runs were cut");
    DONE
}
