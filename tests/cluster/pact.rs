//! The pact of volume and key on the real control plane (cluster.md 5): what an uninstall kept is used, set aside or wiped,
//! as it is said, and nothing else.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded};
use crate::testbed;

const CLAIM: &str = "PersistentVolumeClaim/inngest-postgresql";
const QUEUE: &str = "PersistentVolumeClaim/inngest-redis";
const KEYS: &str = "Secret/inngest-keys-1";

fn uninstall(cx: &Context, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(["uninstall", "-n", namespace, "--yes"]).args(more).output()?)
}

/// What is there of a release, `Kind/name` and UID.
fn there(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, String>> {
    let all = objects(cx, namespace)?;
    // What other objects make is not slipway's to keep or delete.
    let made = ["Event/", "Pod/", "ReplicaSet.", "ReplicaSet/", "ControllerRevision/", "EndpointSlice/", "Endpoints/"];
    let own = |name: &str| {
        !matches!(name, "ConfigMap/kube-root-ca.crt" | "ServiceAccount/default")
            && !made.iter().any(|kind| name.starts_with(kind))
    };
    let uid = |object: &Value| object["metadata"]["uid"].as_str().unwrap_or("").to_string();
    Ok(all.iter().filter(|(name, _)| own(name)).map(|(name, object)| (name.clone(), uid(object))).collect())
}

/// What an uninstall without a word keeps: claims and keys, by name and UID.
fn kept(there: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let keeps = |name: &str| name.starts_with("PersistentVolumeClaim/") || name.starts_with("Secret/inngest-keys-");
    there.iter().filter(|(name, _)| keeps(name)).map(|(name, uid)| (name.clone(), uid.clone())).collect()
}

async fn whole_circle(cx: &Context, profile: &str) -> testbed::Outcome<()> {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--profile", profile, "--yes"];
    succeeded(&install(cx, "admin", &arguments)?);
    let first = there(cx, &namespace)?;
    let values = objects(cx, &namespace)?[KEYS]["data"].clone();

    let gone = uninstall(cx, &namespace, &[])?;
    succeeded(&gone);
    assert_eq!(there(cx, &namespace)?, kept(&first), "{profile}: volumes and keys are as they were, the rest is gone");
    for name in kept(&first).keys() {
        let name = name.split('/').next_back().unwrap_or("");
        assert!(
            said(&gone).contains(&format!("kept: volume {name}"))
                || said(&gone).contains(&format!("kept: Secret {name}"))
        );
    }

    // Without an answer nothing is written, and every flag is named.
    let refused = install(cx, "admin", &arguments)?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    let answers: Vec<String> = kept(&first)
        .keys()
        .map(|name| format!("--existing {}=use", name.split('/').next_back().unwrap_or("")))
        .collect();
    for flag in &answers {
        assert!(said(&refused).contains(flag.as_str()), "{flag}: {}", said(&refused));
    }
    assert_eq!(there(cx, &namespace)?, kept(&first));

    // One word about the keys is one about the volumes that they open.
    let used = install(cx, "admin", &[&arguments[..], &["--existing", "inngest-keys-1=use"]].concat())?;
    succeeded(&used);
    let second = there(cx, &namespace)?;
    assert_eq!(kept(&second), kept(&first), "{profile}: the same claims and the same keys");
    assert_eq!(objects(cx, &namespace)?[KEYS]["data"], values);
    assert_eq!(
        second.keys().filter(|name| !name.starts_with("ConfigMap/slipway-")).collect::<Vec<_>>(),
        first.keys().filter(|name| !name.starts_with("ConfigMap/slipway-")).collect::<Vec<_>>()
    );
    // The record says what was decided: another run asks nothing and writes nothing.
    let again = install(cx, "admin", &arguments)?;
    assert!(again.status.success() && said(&again).contains("Nothing was written."), "{}", said(&again));

    let mut wipe: Vec<String> = vec!["--delete-key".into(), "inngest-keys-1".into()];
    for name in kept(&first).keys().filter_map(|name| name.strip_prefix("PersistentVolumeClaim/")) {
        wipe.extend(["--delete-volume".to_string(), name.to_string()]);
    }
    let wipe: Vec<&str> = wipe.iter().map(String::as_str).collect();
    succeeded(&uninstall(cx, &namespace, &wipe)?);
    cx.until("the namespace is gone", async || {
        Ok(!cx.kubectl().args(["get", "namespace", &namespace]).output()?.status.success())
    })
    .await
}

pub(crate) async fn an_install_a_reinstall_over_what_was_kept_and_a_wipe_leave_what_was_announced(
    cx: Context,
) -> Outcome {
    for profile in ["development", "production"] {
        whole_circle(&cx, profile).await?;
    }
    DONE
}

pub(crate) async fn what_is_set_aside_stays_untouched_and_the_release_takes_other_names(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--profile", "production", "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&uninstall(&cx, &namespace, &[])?);
    let before = objects(&cx, &namespace)?;
    let aside = ["--existing", "inngest-postgresql=aside", "--existing", "inngest-redis=aside"];
    succeeded(&install(&cx, "admin", &[&arguments[..], &aside[..]].concat())?);
    let after = objects(&cx, &namespace)?;
    let as_was = |object: &Value| {
        (object["metadata"]["uid"].clone(), object["metadata"]["annotations"].clone(), object["data"].clone())
    };
    for name in [CLAIM, QUEUE, KEYS] {
        assert_eq!(as_was(&after[name]), as_was(&before[name]), "{name} is untouched");
    }
    let new = &after["PersistentVolumeClaim/inngest-postgresql-2"];
    assert_eq!(new["metadata"]["annotations"]["slipway.dev/opened-by"], "inngest-keys-2/database.password");
    let mounted = &after["StatefulSet/inngest-postgresql"]["spec"]["template"]["spec"]["volumes"];
    assert!(mounted.to_string().contains("\"inngest-postgresql-2\""), "{mounted}");
    let keys = (&before[KEYS]["data"], &after["Secret/inngest-keys-2"]["data"]);
    for key in ["database.password", "keys.event", "keys.signing", "slipway.salt"] {
        assert!(keys.1[key].is_string() && keys.0[key] != keys.1[key], "{key} is made anew");
    }
    assert_eq!(
        after["Secret/inngest-keys-2"]["metadata"]["annotations"]["slipway.dev/opens"]
            .as_str()
            .map(|opens| opens.contains("\"inngest-postgresql-2\"")),
        Some(true)
    );
    // A later run means the same claims without being told.
    let again = install(&cx, "admin", &arguments)?;
    assert!(again.status.success() && said(&again).contains("Nothing was written."), "{}", said(&again));
    DONE
}

pub(crate) async fn what_is_wiped_is_made_anew_with_new_keys_and_only_what_was_named_goes(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--profile", "production", "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&uninstall(&cx, &namespace, &[])?);
    let before = there(&cx, &namespace)?;
    let refused = install(
        &cx,
        "admin",
        &[&arguments[..], &["--existing", "inngest-keys-1=wipe", "--existing", "inngest-redis=use"]].concat(),
    )?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(
        said(&refused).contains("inngest-keys-1 opens the volume inngest-redis, which is used"),
        "{}",
        said(&refused)
    );
    let unknown = install(&cx, "admin", &[&arguments[..], &["--existing", "inngest-postgres=wipe"]].concat())?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert_eq!(there(&cx, &namespace)?, before, "nothing was written");

    // The queue's data goes; the database and the keys stay.
    let one = ["--existing", "inngest-postgresql=use", "--existing", "inngest-redis=wipe"];
    succeeded(&install(&cx, "admin", &[&arguments[..], &one[..]].concat())?);
    let after = there(&cx, &namespace)?;
    assert_eq!((&after[CLAIM], &after[KEYS]), (&before[CLAIM], &before[KEYS]));
    assert_ne!(after[QUEUE], before[QUEUE], "a new claim of that name");
    // The word is spent: the same command again wipes nothing.
    succeeded(&install(&cx, "admin", &[&arguments[..], &one[..]].concat())?);
    assert_eq!(kept(&there(&cx, &namespace)?), kept(&after));

    succeeded(&uninstall(&cx, &namespace, &[])?);
    let all = ["--existing", "inngest-keys-1=wipe"];
    succeeded(&install(&cx, "admin", &[&arguments[..], &all[..]].concat())?);
    let last = there(&cx, &namespace)?;
    assert!(!last.contains_key(KEYS) && last.contains_key("Secret/inngest-keys-2"), "{last:?}");
    assert!(last[CLAIM] != after[CLAIM] && last[QUEUE] != after[QUEUE]);
    DONE
}

pub(crate) async fn a_volume_that_a_strangers_pod_mounts_is_refused(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes", "--profile", "production"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&uninstall(&cx, &namespace, &[])?);
    let before = there(&cx, &namespace)?;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nightly-copy"}, "spec": {
        "containers": [{"name": "copy", "image": "busybox:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "inngest-postgresql"}}],
    }});
    cx.apply(&namespace, pod).await?;
    for fate in ["use", "wipe"] {
        let said_so = format!("inngest-keys-1={fate}");
        let refused = install(&cx, "admin", &[&arguments[..], &["--existing", &said_so]].concat())?;
        assert_eq!(refused.status.code(), Some(6), "{fate}: {}", said(&refused));
        assert!(said(&refused).contains("nightly-copy mounts it"), "{fate}: {}", said(&refused));
    }
    assert_eq!(kept(&there(&cx, &namespace)?), kept(&before));
    DONE
}
