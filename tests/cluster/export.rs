//! `slipway export` on the real control plane: what is exported is accepted elsewhere, and what is handed over is left alone.

use std::path::Path;
use std::process::Output;

use crate::context::{Context, DONE, Outcome};
use crate::faces::Person;
use crate::install::{fresh, install, keys, objects, said, succeeded, versions};
use crate::testbed;

fn export(cx: &Context, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(["export", "inngest", "-n", namespace]).args(more).output()?)
}

fn apply(cx: &Context, namespace: &str, file: &Path) -> testbed::Outcome<Output> {
    let strict = ["apply", "--server-side", "--validate=strict", "-f"];
    Ok(cx.kubectl().args(["-n", namespace]).args(strict).arg(file).output()?)
}

pub(crate) async fn exported_manifests_are_accepted_elsewhere_and_hold_no_mark_and_no_secret(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let before = objects(&cx, &namespace)?;
    let folder = tempfile::tempdir()?;
    let to = folder.path().display().to_string();
    succeeded(&export(&cx, &namespace, &["--to", &to])?);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name));
    let (manifests, stubs) = (read("manifests.yaml")?, read("external-secrets.yaml")?);
    for text in [&manifests, &stubs] {
        for mark in ["applyset.kubernetes.io", "slipway.dev/release", &namespace] {
            assert!(!text.contains(mark), "{mark}");
        }
        for (path, value) in keys(&before) {
            assert!(!text.contains(&value), "{path} is in a file");
        }
    }
    assert!(stubs.contains("kind: ExternalSecret") && stubs.contains("secretKey: INNGEST_SIGNING_KEY"), "{stubs}");
    assert!(!manifests.contains("kind: Secret"), "{manifests}");
    let elsewhere = cx.namespace("fast").await?;
    let accepted = apply(&cx, &elsewhere, &folder.path().join("manifests.yaml"))?;
    succeeded(&accepted);
    assert!(objects(&cx, &elsewhere)?.contains_key("StatefulSet/inngest-postgresql"));
    // Applied over the release itself they restart nothing.
    let pods = |all: &std::collections::BTreeMap<String, serde_json::Value>| -> Vec<String> {
        all.keys().filter(|name| name.starts_with("Pod/")).cloned().collect()
    };
    let mut over = cx.kubectl();
    over.args(["-n", &namespace, "apply", "--server-side", "--force-conflicts", "-f"]);
    let over = over.arg(folder.path().join("manifests.yaml")).output()?;
    succeeded(&over);
    let forced = ["-n", &namespace, "apply", "--server-side", "--force-conflicts", "-f"];
    succeeded(&cx.kubectl().args(forced).arg(folder.path().join("manifests.yaml")).output()?);
    assert_eq!(pods(&objects(&cx, &namespace)?), pods(&before));
    assert_eq!(
        objects(&cx, &namespace)?["Deployment/inngest"]["metadata"]["generation"],
        before["Deployment/inngest"]["metadata"]["generation"]
    );
    DONE
}

pub(crate) async fn secrets_are_written_only_sealed_by_a_passphrase_that_is_not_on_the_command_line(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let folder = tempfile::tempdir()?;
    let to = folder.path().display().to_string();
    let words = "correct horse battery";
    let sealed = |from: &str| -> testbed::Outcome<Output> {
        let mut slipway = cx.slipway("admin");
        slipway.env("WORDS", words).env("SHORT", "four").args(["export", "inngest", "-n", &namespace]);
        Ok(slipway.args(["--to", &to, "--passphrase", from]).output()?)
    };
    for (from, told) in [
        ("plain-text-passphrase", "never written on the command line"),
        ("env:SHORT", "the passphrase is too short"),
        ("env:NOBODY_SET_THIS", "is not set"),
        ("ask", "there is no passphrase"),
    ] {
        let refused = sealed(from)?;
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(said(&refused).contains(told) && !said(&refused).contains("plain-text"), "{}", said(&refused));
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "something was written");
    succeeded(&sealed("env:WORDS")?);
    let bytes = std::fs::read(folder.path().join("secrets.yaml.age"))?;
    let mut identity = age::scrypt::Identity::new(words.to_string().into());
    identity.set_max_work_factor(30);
    let mut reader = age::Decryptor::new(&bytes[..])?.decrypt(std::iter::once(&identity as &dyn age::Identity))?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reader, &mut text)?;
    let signing = &keys(&objects(&cx, &namespace)?)["keys.signing"];
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signing);
    assert!(text.contains("kind: Secret") && text.contains(&encoded), "the signing key is not in it");
    let elsewhere = cx.namespace("fast").await?;
    let plain = folder.path().join("plain.yaml");
    std::fs::write(&plain, &text)?;
    succeeded(&apply(&cx, &elsewhere, &plain)?);

    // At a terminal it is asked, hidden and twice.
    let mut person = Person::start(&cx, "dumb", &["export", "-n", &namespace, "--to", &to, "--passphrase", "ask"])?;
    person.until("Passphrase")?;
    person.press("correct horse battery\n")?;
    person.until("The same again")?;
    person.press("correct horse bakery\n")?;
    person.until("the two passphrases differ")?;
    assert!(!person.shows("correct horse"));
    assert_eq!(person.ended()?, 2);
    DONE
}

pub(crate) async fn what_is_handed_over_stays_and_is_written_by_nobody_of_ours(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    let unsaid = export(&cx, &namespace, &["--hand-over"])?;
    assert_eq!(unsaid.status.code(), Some(6), "{}", said(&unsaid));
    let before = objects(&cx, &namespace)?;
    succeeded(&export(&cx, &namespace, &["--hand-over", "--yes"])?);
    let all = objects(&cx, &namespace)?;
    assert_eq!(all.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    let manager = format!("slipway:{namespace}/inngest");
    for name in ["Deployment/inngest", "Service/inngest", "PersistentVolumeClaim/inngest-postgresql", "Secret/inngest"]
    {
        let managers = all[name]["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        assert!(managers.iter().all(|entry| entry["manager"] != manager.as_str()), "{name}: {managers:?}");
        assert_eq!((&all[name]["spec"], &all[name]["data"]), (&before[name]["spec"], &before[name]["data"]), "{name}");
        assert_eq!(all[name]["metadata"]["labels"].get("applyset.kubernetes.io/part-of"), None, "{name}");
    }
    let settled = versions(&all);
    for verb in [&["install", "inngest"][..], &["uninstall", "inngest"][..]] {
        let refused =
            cx.slipway("admin").args(verb).args(["-n", &namespace, "--yes", "--set", "replicas=1"]).output()?;
        assert_eq!(refused.status.code(), Some(6), "{verb:?}: {}", said(&refused));
        assert!(said(&refused).contains("inngest was handed over"), "{}", said(&refused));
    }
    let now = versions(&objects(&cx, &namespace)?);
    for (name, version) in settled.iter().filter(|(name, _)| !name.starts_with("Pod/")) {
        assert_eq!(now.get(name), Some(version), "{name}");
    }
    DONE
}
