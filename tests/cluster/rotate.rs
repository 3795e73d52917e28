//! `slipway keys` on the real control plane: what is shown, copied, brought back and changed, and that no value is said.

use std::collections::BTreeMap;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use slipway::sanitize::Redactor;
use slipway::secret::SecretText;

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded, versions};
use crate::testbed;

pub(crate) fn keys(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    let mut command = cx.slipway("admin");
    command.env("WORDS", "correct horse battery").env("OTHER", "not those words");
    Ok(command.arg("keys").args(arguments).args(["-n", namespace]).output()?)
}

fn values(secret: &Value) -> BTreeMap<String, String> {
    let decode = |value: &Value| String::from_utf8(BASE64.decode(value.as_str().unwrap()).unwrap()).unwrap();
    let data = secret["data"].as_object().cloned().unwrap_or_default();
    data.iter().map(|(key, value)| (key.clone(), decode(value))).collect()
}

/// Every value of every Secret of a namespace is searched for in what was said and in everything that is no Secret.
pub(crate) fn says_no_secret(cx: &Context, namespace: &str, outputs: &[&Output]) -> testbed::Outcome<()> {
    let objects = objects(cx, namespace)?;
    let secrets = objects.iter().filter(|(name, _)| name.starts_with("Secret/"));
    let all: Vec<SecretText> = secrets
        .flat_map(|(_, secret)| values(secret))
        // Names of a user and a database are in the clear everywhere.
        .filter(|(key, _)| !key.ends_with("username") && !key.ends_with("database"))
        // Lines of a configuration are; the password in it is one of the values.
        .filter(|(key, _)| !key.ends_with(".conf"))
        .map(|(_, value)| SecretText::new(value))
        .collect();
    assert!(all.len() > 3, "there are secrets to search for");
    let redactor = Redactor::new(&all);
    for output in outputs {
        assert_eq!(redactor.hide(&said(output)), said(output));
    }
    for (name, object) in objects.iter().filter(|(name, _)| !name.starts_with("Secret/")) {
        let text = object.to_string();
        assert_eq!(redactor.hide(&text), text, "{name}");
    }
    Ok(())
}

fn uids(objects: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let lasting = ["PersistentVolumeClaim/", "StatefulSet/", "Deployment/", "Secret/inngest-keys-1"];
    let lasting = objects.iter().filter(|(name, _)| lasting.iter().any(|kind| name.starts_with(kind)));
    lasting.map(|(name, object)| (name.clone(), object["metadata"]["uid"].to_string())).collect()
}

fn place(text: &str, what: &str) -> usize {
    text.find(what).unwrap_or_else(|| unreachable!("{what:?} is not in\n{text}"))
}

pub(crate) async fn keys_are_rotated_in_the_steps_that_their_product_names(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let first = objects(&cx, &namespace)?;
    let was = values(&first["Secret/inngest-keys-1"]);

    let unasked = keys(&cx, &namespace, &["rotate", "event"])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    for told in ["nobody said yes", "inngest-keys-2", "change   Deployment", "KEY_IN_TWO_STEPS"] {
        assert!(said(&unasked).contains(told), "{told}: {}", said(&unasked));
    }
    assert_eq!(versions(&objects(&cx, &namespace)?), versions(&first), "nothing was written");

    // The event key and the database's password at once: the first is two values until its second step.
    let one = keys(&cx, &namespace, &["rotate", "event", "database.password", "--yes"])?;
    succeeded(&one);
    let text = said(&one);
    let told = place(&text, "the password of inngest was changed in the database");
    assert!(told < place(&text, "Deployment inngest: changed"), "its readers come after it: {text}");
    let second = objects(&cx, &namespace)?;
    let is = values(&second["Secret/inngest-keys-2"]);
    assert_eq!(uids(&second), uids(&first));
    assert_eq!(second["Secret/inngest-keys-1"], first["Secret/inngest-keys-1"], "the generation before stays");
    let changed: Vec<&String> = is.keys().filter(|key| is[*key] != was[*key]).collect();
    assert_eq!(changed, ["database.password", "keys.event"], "the rest is copied, the salt too");
    let (new, old) = is["keys.event"].split_once(',').ok_or("one event key")?;
    assert_eq!((old, new.len()), (was["keys.event"].as_str(), 32));
    assert_eq!(values(&second["Secret/inngest"])["INNGEST_EVENT_KEY"], is["keys.event"]);
    let uri = &values(&second["Secret/inngest"])["INNGEST_POSTGRES_URI"];
    assert!(uri.contains(&is["database.password"]));
    for data in ["StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(second[data]["metadata"]["generation"], first[data]["metadata"]["generation"], "{data}");
    }

    let again = keys(&cx, &namespace, &["rotate", "event", "--yes"])?;
    assert_eq!(again.status.code(), Some(6), "{}", said(&again));
    assert!(said(&again).contains("--finish"), "{}", said(&again));
    let half = keys(&cx, &namespace, &["show"])?;
    assert!(said(&half).contains("still accepted beside it"), "{}", said(&half));
    let two = keys(&cx, &namespace, &["rotate", "event", "--finish", "--yes"])?;
    succeeded(&two);
    let third = objects(&cx, &namespace)?;
    assert_eq!(values(&third["Secret/inngest"])["INNGEST_EVENT_KEY"], new);

    // The signing key: those who use it know the next one before it is used.
    let prepared = keys(&cx, &namespace, &["rotate", "signing", "--yes"])?;
    succeeded(&prepared);
    let fourth = objects(&cx, &namespace)?;
    let next = values(&fourth["Secret/inngest-keys-4"])["keys.signing.next"].clone();
    assert_eq!(
        fourth["Deployment/inngest"]["metadata"]["generation"],
        third["Deployment/inngest"]["metadata"]["generation"]
    );
    assert_eq!(values(&fourth["Secret/inngest"])["INNGEST_SIGNING_KEY"], was["keys.signing"]);
    let used = keys(&cx, &namespace, &["rotate", "keys.signing", "--finish", "--yes"])?;
    succeeded(&used);
    let fifth = objects(&cx, &namespace)?;
    assert_eq!(values(&fifth["Secret/inngest"])["INNGEST_SIGNING_KEY"], next);

    // What comes after keeps what was rotated.
    let upgrade = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--set", "logLevel=debug"])?;
    succeeded(&upgrade);
    let last = objects(&cx, &namespace)?;
    assert_eq!(values(&last["Secret/inngest"]), values(&fifth["Secret/inngest"]));
    assert!(!last.contains_key("Secret/inngest-keys-6"));
    let history = cx.slipway("admin").args(["history", "-n", &namespace]).output()?;
    assert!(said(&history).contains("keys: generation 1 -> 2"), "{}", said(&history));
    says_no_secret(&cx, &namespace, &[&unasked, &one, &again, &half, &two, &prepared, &used, &upgrade, &history])?;
    DONE
}

pub(crate) async fn keys_that_are_lost_come_back_from_their_copy_and_from_no_other(cx: Context) -> Outcome {
    let (namespace, other) = (fresh("fast"), fresh("fast"));
    for namespace in [&namespace, &other] {
        succeeded(&install(&cx, "admin", &["inngest", "-n", namespace, "--yes"])?);
    }
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (ours, theirs) = (path("ours.age"), path("theirs.age"));
    let sealed = keys(&cx, &namespace, &["export", "--to", &ours, "--passphrase", "env:WORDS"])?;
    succeeded(&sealed);
    succeeded(&keys(&cx, &other, &["export", "--to", &theirs, "--passphrase", "env:WORDS"])?);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&ours)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let twice = keys(&cx, &namespace, &["export", "--to", &ours, "--passphrase", "env:WORDS"])?;
    assert_eq!(twice.status.code(), Some(2), "{}", said(&twice));
    assert!(said(&twice).contains("not overwritten"), "{}", said(&twice));
    let plain = keys(&cx, &namespace, &["export", "--to", &path("c.age"), "--passphrase", "hunter22"])?;
    assert!(!plain.status.success() && !said(&plain).contains("hunter22"), "{}", said(&plain));

    let import =
        |file: &str, words: &str| keys(&cx, &namespace, &["import", file, "--passphrase", &format!("env:{words}")]);
    let same = import(&ours, "WORDS")?;
    succeeded(&same);
    assert!(said(&same).contains("Nothing was written"), "{}", said(&same));
    let foreign = import(&theirs, "WORDS")?;
    assert_eq!(foreign.status.code(), Some(6), "{}", said(&foreign));
    assert!(said(&foreign).contains("with other values"), "{}", said(&foreign));

    let before = objects(&cx, &namespace)?;
    let lose = || cx.kubectl().args(["-n", &namespace, "delete", "secret", "inngest-keys-1"]).output();
    assert!(lose()?.status.success());
    let shown = keys(&cx, &namespace, &["show"])?;
    assert!(said(&shown).contains("GONE"), "{}", said(&shown));
    let wrong = import(&ours, "OTHER")?;
    assert_eq!(wrong.status.code(), Some(6), "{}", said(&wrong));
    let foreign = import(&theirs, "WORDS")?;
    assert_eq!(foreign.status.code(), Some(6), "{}", said(&foreign));
    assert!(said(&foreign).contains("not the keys of this release"), "{}", said(&foreign));
    assert!(!objects(&cx, &namespace)?.contains_key("Secret/inngest-keys-1"));
    let brought = import(&ours, "WORDS")?;
    succeeded(&brought);
    let after = objects(&cx, &namespace)?;
    let (was, is) = (&before["Secret/inngest-keys-1"], &after["Secret/inngest-keys-1"]);
    for field in ["data", "immutable"] {
        assert_eq!(is[field], was[field]);
    }
    for field in ["labels", "annotations"] {
        assert_eq!(is["metadata"][field], was["metadata"][field]);
    }
    let quiet = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(said(&quiet).contains("Nothing was written."), "{}", said(&quiet));

    // Before a reinstall, in a namespace that is not there yet.
    let elsewhere = fresh("fast");
    succeeded(&keys(&cx, &elsewhere, &["import", &ours, "--passphrase", "env:WORDS"])?);
    let more = ["--skip-preflight", "EARLIER_KEYS"];
    let reinstall = [&["inngest", "-n", elsewhere.as_str(), "--yes"], &more[..]].concat();
    succeeded(&install(&cx, "admin", &reinstall)?);
    let there = objects(&cx, &elsewhere)?;
    assert_eq!(values(&there["Secret/inngest-keys-1"]), values(is));
    assert!(!there.contains_key("Secret/inngest-keys-2"));
    says_no_secret(&cx, &namespace, &[&sealed, &twice, &same, &foreign, &shown, &wrong, &brought])?;
    DONE
}

pub(crate) async fn a_value_is_shown_on_a_terminal_alone_and_what_is_wrong_is_said(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let mut command = cx.slipway("admin");
    command.env("URL", "postgres://a:bcdefghijk@db.example.com:5432/x").args(["install", "inngest", "-n", &namespace]);
    command.args(["--set", "database.mode=external", "--set", "database.url=env:URL", "--yes"]);
    succeeded(&command.output()?);
    let piped = keys(&cx, &namespace, &["show", "--reveal", "event"])?;
    assert_eq!(piped.status.code(), Some(6), "{}", said(&piped));
    let json = keys(&cx, &namespace, &["show", "-o", "json"])?;
    succeeded(&json);
    let shown: Value = serde_json::from_slice(&json.stdout)?;
    let names: Vec<&Value> = shown["keys"].as_array().into_iter().flatten().map(|key| &key["name"]).collect();
    assert_eq!(names, ["database.url", "keys.event", "keys.signing", "queue.password"]);
    for (arguments, code, told) in [
        (&["rotate", "evnt", "--yes"][..], 2, "did you mean"),
        (&["rotate", "database.url", "--yes"], 2, "it was brought"),
        (&["rotate", "event", "event", "--yes"], 2, "named twice"),
        (&["rotate", "event", "--finish", "--yes"], 6, "half done"),
        (&["rotate", "event=plain-text-value", "--yes"], 2, "never written on the command line"),
    ] {
        let refused = keys(&cx, &namespace, arguments)?;
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {}", said(&refused));
        assert!(said(&refused).contains(told) && !said(&refused).contains("plain-text"), "{}", said(&refused));
    }
    let event = values(&objects(&cx, &namespace)?["Secret/inngest-keys-1"])["keys.event"].clone();
    let mut person =
        crate::faces::Person::start(&cx, "xterm", &["keys", "show", "--reveal", "event", "-n", &namespace])?;
    person.until(&event)?;
    assert_eq!(person.ended()?, 0);
    says_no_secret(&cx, &namespace, &[&piped, &json])?;
    DONE
}
