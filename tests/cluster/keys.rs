//! Generations of the key Secret on the real control plane (cluster.md 3).

use std::collections::BTreeMap;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, objects, said, succeeded, versions};
use crate::testbed;

const FIRST: &str = "Secret/inngest-keys-1";
const SECOND: &str = "Secret/inngest-keys-2";
const THIRD: &str = "Secret/inngest-keys-3";

/// An install with an event key that is brought.
fn bring(cx: &Context, verb: &str, namespace: &str, key: &str, more: &[&str]) -> testbed::Outcome<Output> {
    let mut command = cx.slipway("admin");
    command.env("EVENT_KEY", key).args([verb, "inngest", "-n", namespace, "--set", "keys.event=env:EVENT_KEY"]);
    Ok(command.args(more).output()?)
}

fn values(secret: &Value) -> BTreeMap<String, String> {
    let decode = |value: &Value| String::from_utf8(BASE64.decode(value.as_str().unwrap()).unwrap()).unwrap();
    let data = secret["data"].as_object().cloned().unwrap_or_default();
    data.iter().map(|(key, value)| (key.clone(), decode(value))).collect()
}

fn hash(object: &Value) -> &Value {
    &object["spec"]["template"]["metadata"]["annotations"]["slipway.dev/restart-hash"]
}

pub(crate) async fn a_key_that_is_brought_anew_makes_the_next_generation_and_restarts_its_readers_alone(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let (old, new) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    succeeded(&bring(&cx, "install", &namespace, old, &["--yes"])?);
    let before = objects(&cx, &namespace)?;
    assert_eq!(values(&before[FIRST])["keys.event"], old);
    // The same key is no new one, whoever brings it.
    let same = bring(&cx, "install", &namespace, old, &["--yes"])?;
    assert!(said(&same).contains("Nothing was written."), "{}", said(&same));

    let planned = bring(&cx, "plan", &namespace, new, &["--exit-code"])?;
    assert_eq!(planned.status.code(), Some(7), "{}", said(&planned));
    assert!(said(&planned).contains("inngest-keys-2") && !said(&planned).contains(new), "{}", said(&planned));
    let second = bring(&cx, "install", &namespace, new, &["--yes"])?;
    succeeded(&second);
    let after = objects(&cx, &namespace)?;
    assert_eq!(after[FIRST], before[FIRST], "the old generation stays as it is");
    let (mut was, is) = (values(&before[FIRST]), values(&after[SECOND]));
    was.insert("keys.event".into(), new.into());
    assert_eq!(is, was, "everything but the new key is copied, the salt too");
    assert_eq!(after[SECOND]["immutable"], true);
    assert_ne!(hash(&after["Deployment/inngest"]), hash(&before["Deployment/inngest"]));
    for unread in ["StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(after[unread]["metadata"]["generation"], before[unread]["metadata"]["generation"], "{unread}");
    }
    let claims = |objects: &BTreeMap<String, Value>| -> Vec<(String, Value)> {
        let claims = objects.iter().filter(|(name, _)| name.starts_with("PersistentVolumeClaim/"));
        claims.map(|(name, claim)| (name.clone(), claim["metadata"]["uid"].clone())).collect()
    };
    assert_eq!(claims(&after), claims(&before));

    // Neither the same again nor saying nothing makes a third.
    let again = bring(&cx, "install", &namespace, new, &["--yes"])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    let silent = crate::install::install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(said(&silent).contains("Nothing was written."), "{}", said(&silent));
    let last = objects(&cx, &namespace)?;
    assert!(!last.contains_key(THIRD));
    assert_eq!(versions(&last), versions(&after));
    DONE
}

pub(crate) async fn a_key_that_comes_with_an_answer_makes_the_next_generation_and_none_after_it(
    cx: Context,
) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let namespace = fresh("fast");
    let install = |more: &[&str]| -> testbed::Outcome<Output> {
        let mut command = cx.slipway("admin");
        command.args(["install", "gate", "--products", folder, "-n", &namespace, "--yes"]).args(more);
        Ok(command.output()?)
    };
    let key = |number: u32| format!("Secret/gate-keys-{number}");
    succeeded(&install(&[])?);
    let before = objects(&cx, &namespace)?;
    assert!(!before.contains_key(&key(2)));
    succeeded(&install(&["--set", "guests.enabled=true"])?);
    let after = objects(&cx, &namespace)?;
    let (was, mut is) = (values(&before[&key(1)]), values(&after[&key(2)]));
    let password = is.remove("guests.password").ok_or("no key for the guests")?;
    assert_eq!(is, was, "the rest is copied, the salt too");
    assert_eq!(values(&after["Secret/guests"])["password"], password);
    assert_eq!(after[&key(1)], before[&key(1)]);
    assert_eq!(after["Deployment/keeper"]["metadata"]["generation"], 1, "its key is the same");
    let again = install(&["--set", "guests.enabled=true"])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    // A key that nobody is asked for at the moment is not lost by it: what it opens may still be there.
    succeeded(&install(&["--set", "guests.enabled=false"])?);
    let mut command = cx.slipway("admin");
    command.env("KEEPER", "a-password-of-the-keepers-own").args(["install", "gate", "--products", folder]);
    command.args(["-n", &namespace, "--yes", "--set", "keeper.password=env:KEEPER"]);
    succeeded(&command.output()?);
    let third = objects(&cx, &namespace)?;
    assert_eq!(values(&third[&key(3)])["guests.password"], password);
    succeeded(&install(&["--set", "guests.enabled=true"])?);
    let back = objects(&cx, &namespace)?;
    assert_eq!(values(&back["Secret/guests"])["password"], password);
    assert!(!back.contains_key(&key(4)));
    DONE
}

pub(crate) async fn a_run_that_ends_between_its_record_and_its_keys_is_finished_with_the_same_generation(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let (old, new) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    succeeded(&bring(&cx, "install", &namespace, old, &["--yes"])?);
    // No further Secret fits, so that the run ends where it makes the next generation.
    let secrets = objects(&cx, &namespace)?.keys().filter(|name| name.starts_with("Secret/")).count();
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"},
        "spec": {"hard": {"count/secrets": secrets.to_string()}},
    });
    cx.apply(&namespace, quota).await?;
    cx.until("the quota has counted", async || {
        let counted = cx.kubectl().args(["-n", &namespace, "get", "resourcequota", "full", "-o", "json"]).output()?;
        Ok(serde_json::from_slice::<Value>(&counted.stdout)?["status"]["used"]["count/secrets"].is_string())
    })
    .await?;
    let full = bring(&cx, "install", &namespace, new, &["--yes", "--skip-preflight", "all"])?;
    assert!(!full.status.success() && said(&full).contains("exceeded quota"), "{}", said(&full));
    let between = objects(&cx, &namespace)?;
    assert!(
        between.contains_key("ConfigMap/slipway-inngest.r2") && !between.contains_key(SECOND),
        "{:?}",
        between.keys()
    );
    assert!(cx.kubectl().args(["-n", &namespace, "delete", "resourcequota", "full"]).output()?.status.success());
    succeeded(&bring(&cx, "install", &namespace, new, &["--yes"])?);
    let after = objects(&cx, &namespace)?;
    let mut was = values(&between[FIRST]);
    was.insert("keys.event".into(), new.into());
    assert_eq!(values(&after[SECOND]), was);
    assert!(!after.contains_key(THIRD) && !after.contains_key("ConfigMap/slipway-inngest.r3"), "{:?}", after.keys());
    DONE
}

pub(crate) async fn a_newest_generation_that_is_gone_is_told_and_never_replaced_by_the_one_before(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let (old, new) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    succeeded(&bring(&cx, "install", &namespace, old, &["--yes"])?);
    succeeded(&bring(&cx, "install", &namespace, new, &["--yes"])?);
    let deleted = cx.kubectl().args(["-n", &namespace, "delete", "secret", "inngest-keys-2"]).output()?;
    assert!(deleted.status.success());
    let before = objects(&cx, &namespace)?;
    for output in [
        crate::install::install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?,
        bring(&cx, "install", &namespace, new, &["--yes"])?,
    ] {
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        assert!(said(&output).contains("the key Secret inngest-keys-2 is gone"), "{}", said(&output));
    }
    assert_eq!(versions(&objects(&cx, &namespace)?), versions(&before), "nothing was written");
    DONE
}
