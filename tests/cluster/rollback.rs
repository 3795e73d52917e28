//! `slipway rollback` on the real control plane: what comes back, what never does, and what a failed run leaves behind.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use slipway::apply::Options;
use slipway::cluster::record::{self, Outcome as Recorded, Revision};
use slipway::cluster::{Choice, connect};
use slipway::error::FailureKind;
use slipway::plan::{Plan, Target, Verb};

use crate::apply::{cluster, options, run, run_with};
use crate::context::{Context, DONE, Outcome};
use crate::faces::Person;
use crate::inngest::plan;
use crate::install::{fresh, install, said, succeeded};
use crate::testbed;

fn rollback(cx: &Context, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(["rollback", "-n", namespace]).args(more).output()?)
}

fn get(cx: &Context, namespace: &str, what: &str) -> testbed::Outcome<Value> {
    let output = cx.kubectl().args(["-n", namespace, "get", what, "-o", "json"]).output()?;
    if !output.status.success() {
        return Err(said(&output).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn uid(cx: &Context, namespace: &str, what: &str) -> testbed::Outcome<String> {
    Ok(get(cx, namespace, what)?["metadata"]["uid"].as_str().unwrap_or("").to_string())
}

/// An entry of a Secret, decoded.
fn entry(cx: &Context, namespace: &str, secret: &str, key: &str) -> testbed::Outcome<String> {
    let value = get(cx, namespace, &format!("secret/{secret}"))?;
    let value = value["data"][key].as_str().ok_or_else(|| format!("{secret} has no {key}"))?.to_string();
    Ok(String::from_utf8(BASE64.decode(value)?)?)
}

async fn revisions(cx: &Context, namespace: &str, release: &str) -> testbed::Outcome<Vec<Revision>> {
    let cluster = connect(&Choice { kubeconfig: Some(cx.kubeconfig("admin")), ..Choice::default() }).await?;
    let target = Target { namespace: namespace.into(), release: release.into(), ..Target::default() };
    Ok(record::read(&cluster, &target).await?)
}

pub(crate) async fn an_endpoint_comes_back_with_its_newest_credentials_and_data_and_keys_stay(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let run = |url: &str, more: &[&str]| -> testbed::Outcome<Output> {
        let mut command = cx.slipway("admin");
        command.env("DB", url).args(["install", "inngest", "-n", &namespace, "--yes"]).args(more);
        Ok(command.output()?)
    };
    let external = ["--set", "database.mode=external", "--set", "database.url=env:DB"];
    let (a, rotated, b) =
        ("postgres://ops:first@a.acme.io/x", "postgres://ops:second@a.acme.io/x", "postgres://ops:third@b.acme.io/x");
    succeeded(&run("", &[])?);
    let (claim, password) = (
        uid(&cx, &namespace, "pvc/inngest-postgresql")?,
        entry(&cx, &namespace, "inngest-keys-1", "database.password")?,
    );
    for url in [a, rotated, b] {
        succeeded(&run(url, &external)?);
    }
    let uri = || entry(&cx, &namespace, "inngest", "INNGEST_POSTGRES_URI");
    assert_eq!(uri()?, b);

    // Revision 2 was written with `first`; `second` is the newest of that endpoint.
    let back = rollback(&cx, &namespace, &["--to", "2", "--yes"])?;
    succeeded(&back);
    assert_eq!(uri()?, rotated);
    for secret in ["first", "second", "third"] {
        assert!(!said(&back).contains(secret), "{}", said(&back));
    }
    let again = run("", &[])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    assert_eq!(uri()?, rotated, "the next run takes it from where it is");

    // To the bundled database: the same claim, the same password.
    succeeded(&rollback(&cx, &namespace, &["--to", "1", "--yes"])?);
    assert_eq!(uid(&cx, &namespace, "pvc/inngest-postgresql")?, claim);
    assert_eq!(entry(&cx, &namespace, "inngest-postgresql", "postgres-password")?, password);
    assert!(uri()?.contains(&password) && uri()?.contains("inngest-postgresql"), "another database");
    assert_eq!(entry(&cx, &namespace, "inngest-keys-5", "database.url")?, rotated);
    let none = entry(&cx, &namespace, "inngest-keys-6", "database.url");
    assert!(none.is_err(), "one generation was made for the endpoint, and none without need");
    let outcomes: Vec<(Verb, Recorded)> =
        revisions(&cx, &namespace, "inngest").await?.iter().map(|one| (one.plan.verb, one.progress.outcome)).collect();
    assert_eq!(outcomes[..2], [(Verb::Rollback, Recorded::Deployed), (Verb::Rollback, Recorded::Deployed)]);
    DONE
}

fn copied(folder: &Path) -> testbed::Outcome<PathBuf> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crew");
    let to = folder.join("crew");
    std::fs::create_dir_all(to.join("manifests"))?;
    for file in ["product.yaml", "only.yaml"] {
        std::fs::copy(from.join(file), to.join(file))?;
    }
    for file in std::fs::read_dir(from.join("manifests"))? {
        let file = file?;
        std::fs::copy(file.path(), to.join("manifests").join(file.file_name()))?;
    }
    Ok(to)
}

pub(crate) async fn a_product_whose_folder_is_gone_is_put_back_from_its_record_and_no_job_runs_again(
    cx: Context,
) -> Outcome {
    let folder = tempfile::tempdir()?;
    let products = copied(folder.path())?;
    let namespace = fresh("fast");
    let crew = |more: &[&str]| -> testbed::Outcome<Output> {
        let mut slipway = cx.slipway("admin");
        slipway.args(["install", "crew", "-n", &namespace, "--yes", "--products"]).arg(&products).args(more);
        Ok(slipway.output()?)
    };
    succeeded(&crew(&[])?);
    let nowhere = rollback(&cx, &namespace, &["--yes"])?;
    assert_eq!(nowhere.status.code(), Some(6), "{}", said(&nowhere));
    assert!(said(&nowhere).contains("nothing to go back to"), "{}", said(&nowhere));
    succeeded(&crew(&["--set", "team=blue"])?);
    let job = uid(&cx, &namespace, "job/call")?;
    drop(folder);

    let unasked = rollback(&cx, &namespace, &[])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    for told in ["data does not go back to revision 1", "Job/call is not run again", "spec.selector", "--to 1 -n"] {
        assert!(said(&unasked).contains(told), "{told}: {}", said(&unasked));
    }
    for (to, code, told) in [("7", 2, "there is no revision 7"), ("0", 2, "there is no revision 0")] {
        let refused = rollback(&cx, &namespace, &["--to", to, "--yes"])?;
        assert_eq!(refused.status.code(), Some(code), "{}", said(&refused));
        assert!(said(&refused).contains(told) && said(&refused).contains("--to 1 "), "{}", said(&refused));
    }
    succeeded(&rollback(&cx, &namespace, &["--yes"])?);
    assert_eq!(get(&cx, &namespace, "deployment/crew")?["spec"]["selector"]["matchLabels"]["team"], "red");
    assert_eq!(uid(&cx, &namespace, "job/call")?, job);
    let nothing = rollback(&cx, &namespace, &["--to", "1", "--yes"])?;
    assert!(said(&nothing).contains("Nothing was written."), "{}", said(&nothing));
    DONE
}

/// The plan with another image for the database.
fn with_image(plan: &Plan, image: &str) -> Plan {
    let mut plan = plan.clone();
    for step in plan.steps.iter_mut().filter(|step| step.wanted.object.kind() == "StatefulSet") {
        step.wanted.object.0["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    }
    plan
}

pub(crate) async fn a_pod_that_keeps_its_stateful_set_waiting_is_ended_and_nothing_else(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = fresh("fast");
    let good = plan(&namespace);
    run(&cluster, &good).await.ended?;
    let claim = uid(&cx, &namespace, "pvc/inngest-postgresql")?;
    let bad = with_image(&good, "testbed-image.example.com/postgres:99");
    let impatient = Options { timeout: Some(Duration::from_secs(8)), ..options() };
    let failed = run_with(&cluster, &bad, &impatient).await.ended.unwrap_err();
    assert_eq!(failed.kind, FailureKind::TimedOut, "{failed}");
    let pod = || get(&cx, &namespace, "pod/inngest-postgresql-0");
    cx.until("the pod of the bad revision cannot pull its image", async || {
        let reason = pod()?["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone();
        Ok(reason.as_str().is_some_and(|reason| reason.contains("Image")))
    })
    .await?;
    let stuck = pod()?["metadata"]["uid"].as_str().unwrap_or("").to_string();
    let server = uid(&cx, &namespace, "deployment/inngest")?;

    let back = rollback(&cx, &namespace, &["--yes", "--timeout", "60s"])?;
    succeeded(&back);
    assert!(said(&back).contains("Pod/inngest-postgresql-0 was ended"), "{}", said(&back));
    let now = pod()?;
    assert_ne!(now["metadata"]["uid"].as_str(), Some(stuck.as_str()));
    assert!(!now["spec"]["containers"][0]["image"].to_string().contains("testbed-image"), "{now}");
    assert_eq!(uid(&cx, &namespace, "pvc/inngest-postgresql")?, claim);
    assert_eq!(uid(&cx, &namespace, "deployment/inngest")?, server);
    let newest = revisions(&cx, &namespace, "inngest").await?.remove(0);
    let ended: Vec<&str> = newest.progress.journal.iter().map(|entry| entry.uid.as_str()).collect();
    assert_eq!((newest.plan.verb, newest.progress.outcome, ended), (Verb::Rollback, Recorded::Deployed, vec![&*stuck]));
    DONE
}

pub(crate) async fn a_failed_run_keeps_its_evidence_without_a_secret_and_says_what_can_be_done(cx: Context) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let namespace = fresh("fast");
    let state = tempfile::tempdir()?;
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let break_it = |more: &[&str]| -> testbed::Outcome<Output> {
        let mut slipway = cx.slipway("admin");
        slipway.env("SLIPWAY_STATE_DIR", state.path());
        slipway.args(["install", "inngest", "-n", &namespace, "--yes", "--set"]);
        slipway.arg(r#"podLabels={"testbed.slipway.dev/pod": "crash"}"#);
        Ok(slipway.args(more).output()?)
    };
    let failed = break_it(&[])?;
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    let command = format!("slipway rollback inngest --to 1 -n {namespace} --context testbed");
    for told in [command.as_str(), "or mend the cause", "or leave it as it is", "slipway status inngest"] {
        assert!(said(&failed).contains(told), "{told}: {}", said(&failed));
    }
    let place = std::fs::read_dir(state.path().join("failures"))?.next().ok_or("no evidence")??.path();
    assert!(said(&failed).contains(&place.display().to_string()), "{}", said(&failed));
    assert_eq!(std::fs::metadata(&place)?.permissions().mode() & 0o777, 0o700);
    let names = |folder: &str| -> testbed::Outcome<Vec<String>> {
        let all = std::fs::read_dir(place.join(folder))?.map(|one| Ok(one?.file_name().to_string_lossy().into_owned()));
        all.collect::<Result<Vec<String>, std::io::Error>>().map_err(Into::into)
    };
    assert!(names("logs")?.iter().any(|name| name.ends_with(".previous.log")), "{:?}", names("logs")?);
    assert!(names("objects")?.iter().any(|name| name.starts_with("pod-")), "{:?}", names("objects")?);
    assert!(!names("objects")?.iter().any(|name| name.starts_with("secret-")));
    assert!(std::fs::read_to_string(place.join("failure.txt"))?.contains("error"));
    assert!(std::fs::read_to_string(place.join("events.txt"))?.contains("BackOff"));
    let secret = entry(&cx, &namespace, "inngest-keys-1", "database.password")?;
    for folder in ["logs", "objects"] {
        for name in names(folder)? {
            let text = std::fs::read_to_string(place.join(folder).join(&name))?;
            assert!(!text.contains(&secret), "{name} holds a secret");
        }
    }

    // Said beforehand, it is undone without a question; a run that failed is a failure all the same.
    let undone = break_it(&["--rollback-on-failure"])?;
    assert_eq!(undone.status.code(), Some(1), "{}", said(&undone));
    assert!(said(&undone).contains("it was undone, and revision 1 runs again"), "{}", said(&undone));
    let all = revisions(&cx, &namespace, "inngest").await?;
    assert_eq!((all[0].plan.verb, all[0].progress.outcome), (Verb::Rollback, Recorded::Deployed));
    let status = cx.slipway("admin").args(["status", "-n", &namespace]).output()?;
    succeeded(&status);
    DONE
}

pub(crate) async fn a_person_is_shown_the_way_back_and_says_yes(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&install(&cx, "admin", &[&arguments[..], &["--set", "tuning.queueWorkers=7"]].concat())?);
    let workers = || -> testbed::Outcome<Value> {
        Ok(get(&cx, &namespace, "configmap/inngest")?["data"]["INNGEST_QUEUE_WORKERS"].clone())
    };
    let mut person = Person::start(&cx, "dumb", &["rollback", "-n", &namespace, "--plain"])?;
    person.until("data does not go back")?;
    person.until("type yes")?;
    person.press("no\n")?;
    person.until("Nothing was written.")?;
    assert_eq!(person.ended()?, 0);
    assert_eq!(workers()?, "7");
    let mut person = Person::start(&cx, "xterm-256color", &["rollback", "-n", &namespace])?;
    person.until("Roll back inngest")?;
    person.press("\t\r")?;
    person.until("DONE")?;
    person.press("q")?;
    assert_eq!(person.ended()?, 0);
    assert_ne!(workers()?, "7");
    DONE
}
