//! Runs that were left, or go on elsewhere, shown again and gone on with (cluster.md 4 "Detach"), in every face; and the lines
//! of `-o json`, each an event of the published schema.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::context::{Context, DONE, Outcome};
use crate::faces::Person;
use crate::install::{fresh, keys, objects, said, succeeded};
use crate::testbed;
use crate::validate::faults;

/// The pods of the database never become ready, so that the run waits.
fn held_back() -> String {
    fresh("unready-only-postgresql")
}

fn attach(cx: &Context, namespace: &str, more: &[&str]) -> Command {
    let mut command = cx.slipway("admin");
    command.args(["attach", "-n", namespace]).args(more);
    command
}

/// The types of the events, once each line was held to the schema.
pub(crate) fn events(stdout: &[u8]) -> testbed::Outcome<Vec<Value>> {
    let schema: Value = serde_json::from_str(include_str!("../../assets/schemas/event.json"))?;
    let mut events = Vec::new();
    for line in String::from_utf8(stdout.to_vec())?.lines() {
        let event: Value = serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
        assert_eq!(faults(&schema, &schema, &event, "event"), Vec::<String>::new(), "{line}");
        events.push(event);
    }
    Ok(events)
}

fn kind(event: &Value) -> &str {
    event["kind"]["type"].as_str().unwrap_or("")
}

/// An install that waits for its database.
async fn waiting(cx: &Context, namespace: &str) -> testbed::Outcome<Child> {
    let mut install = cx.slipway("admin");
    install.args(["install", "inngest", "-n", namespace, "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = install.spawn()?;
    cx.until("the database was written", async || {
        let found = cx.kubectl().args(["-n", namespace, "get", "pod", "inngest-postgresql-0"]).output()?;
        Ok(found.status.success())
    })
    .await?;
    Ok(child)
}

/// The same, stopped by a signal.
async fn left(cx: &Context, namespace: &str) -> testbed::Outcome<Output> {
    let child = waiting(cx, namespace).await?;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?.success());
    Ok(child.wait_with_output()?)
}

/// What the newest record says became of the run.
fn outcome(cx: &Context, namespace: &str) -> testbed::Outcome<String> {
    let path = "jsonpath={.data.outcome}";
    let found = cx.kubectl().args(["-n", namespace, "get", "configmap", "slipway-inngest.r1", "-o", path]).output()?;
    assert!(found.status.success(), "{}", said(&found));
    Ok(String::from_utf8(found.stdout)?)
}

fn heal(cx: &Context, namespace: &str) -> testbed::Outcome<()> {
    let label = "testbed.slipway.dev/pod=fast";
    let healed = cx.kubectl().args(["-n", namespace, "label", "pods", "--all", label]).output()?;
    assert!(healed.status.success(), "{}", said(&healed));
    Ok(())
}

pub(crate) async fn a_run_that_was_left_is_shown_and_gone_on_with(cx: Context) -> Outcome {
    let namespace = held_back();
    let stopped = left(&cx, &namespace).await?;
    assert_eq!(stopped.status.code(), Some(143), "{}", said(&stopped));
    let named = format!("slipway attach inngest -n {namespace} --context testbed");
    assert!(said(&stopped).contains(&named), "{}", said(&stopped));
    let before = keys(&objects(&cx, &namespace)?);

    let waits = attach(&cx, &namespace, &["--timeout", "2s"]).output()?;
    assert_eq!(waits.status.code(), Some(5), "{}", said(&waits));
    heal(&cx, &namespace)?;
    let looked = attach(&cx, &namespace, &["inngest"]).output()?;
    assert_eq!(looked.status.code(), Some(6), "{}", said(&looked));
    assert!(said(&looked).contains("StatefulSet inngest-postgresql: ready"), "{}", said(&looked));
    assert!(said(&looked).contains(&format!("{named} --yes")), "{}", said(&looked));
    assert_eq!(outcome(&cx, &namespace)?, "pending", "looking writes nothing");
    let looked = attach(&cx, &namespace, &["-o", "json"]).output()?;
    assert_eq!((looked.status.code(), looked.stderr.len()), (Some(6), 0), "{}", said(&looked));
    let told = events(&looked.stdout)?;
    assert_eq!((kind(&told[0]), kind(&told[1])), ("runStarted", "runAttached"));
    let last = told.last().ok_or("no event")?;
    assert_eq!(kind(last), "runLeft");
    assert_eq!(last["kind"]["remaining"], 0, "{last}");

    let done = attach(&cx, &namespace, &["--yes"]).output()?;
    succeeded(&done);
    assert!(said(&done).contains("Going on with revision 1"), "{}", said(&done));
    let after = objects(&cx, &namespace)?;
    assert_eq!(keys(&after), before);
    // Its status says later than its pod that it is ready.
    cx.until("the server's status counts its pod", async || {
        Ok(objects(&cx, &namespace)?["Deployment/inngest"]["status"]["readyReplicas"] == 1)
    })
    .await?;
    assert!(!after.contains_key("ConfigMap/slipway-inngest.r2"));
    // The same install finds what attach left: nothing to do.
    let again = crate::install::install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));

    let nothing = attach(&cx, &namespace, &[]).output()?;
    succeeded(&nothing);
    assert!(said(&nothing).contains("Nothing is pending"), "{}", said(&nothing));
    assert!(said(&nothing).contains("revision 1, deployed"), "{}", said(&nothing));
    let nothing = attach(&cx, &namespace, &["-o", "json"]).output()?;
    succeeded(&nothing);
    assert_eq!(events(&nothing.stdout)?.iter().map(kind).collect::<Vec<_>>(), ["runFinished"]);
    let unknown = attach(&cx, &namespace, &["ingest"]).output()?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(said(&unknown).contains("there is inngest in"), "{}", said(&unknown));
    DONE
}

pub(crate) async fn a_run_that_goes_on_elsewhere_is_shown_to_its_end(cx: Context) -> Outcome {
    let namespace = held_back();
    let runs = waiting(&cx, &namespace).await?;
    let mut looks = attach(&cx, &namespace, &["-o", "json"]);
    let mut looks = looks.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(looks.stdout.take().ok_or("no output")?).lines();
    let mut told = Vec::new();
    for line in lines.by_ref() {
        told.push(line?);
        if told.last().is_some_and(|line| line.contains("lockAwaited")) {
            break;
        }
    }
    heal(&cx, &namespace)?;
    for line in lines {
        told.push(line?);
    }
    assert!(looks.wait()?.success(), "{told:#?}");
    succeeded(&runs.wait_with_output()?);
    let told = events(told.join("\n").as_bytes())?;
    let kinds: Vec<&str> = told.iter().map(kind).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("runStarted", "runFinished"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "lockAwaited").count(), 1, "{kinds:?}");
    let server = told.iter().find(|event| {
        kind(event) == "stepFinished" && event["step"].as_str().is_some_and(|step| step.starts_with("Deployment.apps/"))
    });
    assert!(server.is_some(), "what the other run writes is told: {kinds:?}");
    DONE
}

pub(crate) async fn a_person_is_offered_to_go_on_in_lines_and_on_the_full_screen(cx: Context) -> Outcome {
    let namespace = held_back();
    left(&cx, &namespace).await?;
    // No looks on, and Ctrl-C ends the looking.
    let mut plain = Person::start(&cx, "dumb", &["attach", "-n", &namespace, "--plain"])?;
    plain.until("Go on with what remains?")?;
    plain.press("no\n")?;
    plain.until("is shown as it is")?;
    plain.press("\u{3}")?;
    assert_eq!(plain.ended()?, 130);
    assert_eq!(outcome(&cx, &namespace)?, "pending");

    // The full screen looks on at once, and writes nothing until somebody says so.
    let mut full = Person::start(&cx, "xterm-256color", &["attach", "-n", &namespace])?;
    full.until("looking on: revision 1")?;
    full.press("\r\r\u{1b}\u{1b}")?;
    full.press("r")?;
    full.until("Go on with what remains?")?;
    full.press("\r")?;
    full.until("looking on: revision 1")?;
    full.press("q")?;
    full.until("slipway attach inngest")?;
    assert_eq!(full.ended()?, 0);
    assert_eq!(outcome(&cx, &namespace)?, "pending");

    // It is gone on with in the same screen: first while it is looked at, and what is missing is waited for.
    let mut full = Person::start(&cx, "xterm-256color", &["attach", "-n", &namespace])?;
    full.until("looking on: revision 1")?;
    full.press("r")?;
    full.until("Go on with what remains?")?;
    full.press("\u{1b}[B\r")?;
    full.until("Ctrl-C stop...")?;
    heal(&cx, &namespace)?;
    full.until("DONE")?;
    // A way to it from this machine, as long as the screen is open.
    full.press("p")?;
    full.until("http://127.0.0.1:")?;
    let address = full.after("http://127.0.0.1:");
    let answer = ask(&address)?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    full.press("v")?;
    full.until("is shown for 5 seconds")?;
    full.press("q")?;
    assert_eq!(full.ended()?, 0);
    assert!(ask(&address).is_err(), "the way is closed with the screen");
    assert_eq!(outcome(&cx, &namespace)?, "deployed");
    DONE
}

/// What the product answers at a port of this machine.
fn ask(port: &str) -> testbed::Outcome<String> {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}"))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut line = String::new();
    // The connection may stay open: the first line tells enough.
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

pub(crate) async fn every_line_of_json_is_an_event_whatever_becomes_of_the_run(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let run = |more: &[&str]| -> testbed::Outcome<Output> {
        Ok(cx.slipway("admin").args(["install", "inngest", "-n", &namespace, "-o", "json"]).args(more).output()?)
    };
    let ends = |output: &Output| -> testbed::Outcome<(String, String)> {
        let told = events(&output.stdout)?;
        let (first, last) = (told.first().ok_or("nothing was told")?, told.last().ok_or("nothing was told")?);
        Ok((kind(first).to_string(), kind(last).to_string()))
    };
    let pair = |first: &str, last: &str| (first.to_string(), last.to_string());
    assert_eq!(ends(&run(&["--yes"])?)?, pair("runStarted", "runFinished"));
    assert_eq!(ends(&run(&["--yes"])?)?, pair("runStarted", "runFinished"));
    // Refused in the middle of the run: a dry run that the server does not accept.
    let refused = run(&[
        "--yes",
        "--set",
        "database.storage=1Gi",
        "--set",
        "exposure.mode=nodeport",
        "--set",
        "exposure.publish=everything",
        "--set",
        "exposure.nodePort=32767",
        "--set",
        "replicas=2",
        "--timeout",
        "1s",
        "--take-over",
        "nobody",
    ])?;
    let (first, last) = ends(&refused)?;
    assert_eq!(first, "runStarted", "{}", said(&refused));
    assert_eq!(last == "runFinished", refused.status.success(), "{}", said(&refused));
    // Before there is a run: one event, with the five things.
    for (arguments, code) in [(&["--yes", "--set", "nothing=1"][..], 3), (&["--yes", "--context", "nowhere"][..], 4)] {
        let output = run(arguments)?;
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        let told = events(&output.stdout)?;
        assert_eq!(told.iter().map(kind).collect::<Vec<_>>(), ["runFailed"]);
        let failure = &told[0]["kind"]["failure"];
        assert!(failure["state"] == "nothing was written" && failure["hints"][0].is_string(), "{failure}");
    }
    DONE
}
