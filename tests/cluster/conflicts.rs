//! Releases, objects and fields that somebody else has a say in, met by the program as an operator runs it.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded, versions};
use crate::testbed;

/// The folder of the products that only tests know.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// Refused with 6 and these words, and not one object was made or changed.
fn refused(
    cx: &Context,
    namespace: &str,
    output: &Output,
    before: &BTreeMap<String, Value>,
    words: &[&str],
) -> testbed::Outcome<()> {
    let told = said(output);
    assert_eq!(output.status.code(), Some(6), "{told}");
    for word in words.iter().chain(&["error: ", "nothing was written"]) {
        assert!(told.contains(word), "does not say {word:?}: {told}");
    }
    assert_eq!(versions(&objects(cx, namespace)?), versions(before), "{told}");
    Ok(())
}

pub(crate) async fn a_release_that_a_newer_slipway_recorded_is_refused(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-newer").await?;
    let record = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "slipway-inngest.r4", "labels": {"slipway.dev/release": "inngest", "slipway.dev/revision": "4"}},
        "data": {"format": "2", "writer": "slipway/9.1.0", "revision": "4", "product": "inngest", "anything": "else"},
    });
    cx.apply(&namespace, record).await?;
    let before = objects(&cx, &namespace)?;
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    refused(
        &cx,
        &namespace,
        &output,
        &before,
        &["newer slipway", "slipway-inngest.r4", "format 2", "use slipway/9.1.0 or newer"],
    )?;
    for verb in ["upgrade", "diff"] {
        let output = cx.slipway("admin").args([verb, "-n", &namespace, "--yes"]).output()?;
        refused(&cx, &namespace, &output, &before, &["newer slipway", "use slipway/9.1.0 or newer"])?;
    }
    DONE
}

pub(crate) async fn a_release_of_another_product_is_refused(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let pages = ["pages", "--products", FIXTURES, "-n", &namespace, "--name", "inngest", "--yes"];
    succeeded(&install(&cx, "admin", &pages)?);
    let before = objects(&cx, &namespace)?;
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    refused(&cx, &namespace, &output, &before, &["the release inngest is Pages, not Inngest", "--name RELEASE"])?;
    // Under a name of its own it stands beside the other.
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--name", "queue", "--yes"])?);
    DONE
}

pub(crate) async fn a_second_release_of_a_singleton_in_one_namespace_is_refused(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let before = objects(&cx, &namespace)?;
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--name", "second", "--yes"])?;
    let words = ["Inngest is in the namespace", "already", "as the release inngest", "-n NAMESPACE", "--name inngest"];
    refused(&cx, &namespace, &output, &before, &words)?;
    assert!(
        !said(&output).contains("--adopt"),
        "what belongs to another release is never to be adopted: {}",
        said(&output)
    );
    // What is no singleton may be there as often as one likes, and beside it.
    for name in ["one", "two"] {
        let folder = tempfile::tempdir()?;
        several(folder.path())?;
        let many = folder.path().display().to_string();
        let arguments = ["many", "--products", &many, "-n", &namespace, "--name", name, "--yes"];
        succeeded(&install(&cx, "admin", &arguments)?);
    }
    let found = objects(&cx, &namespace)?;
    assert!(found.contains_key("ConfigMap/one-many") && found.contains_key("ConfigMap/two-many"));
    DONE
}

/// A product whose names carry the release, so that several stand side by side.
fn several(folder: &std::path::Path) -> testbed::Outcome<()> {
    let product = "slipway: 1\nname: many\ntitle: Many\nabout: For tests\nnamespace: many\nprofiles: [only]\nversions: {default: v1.0.0, accept: 'self.matches(\"^v[0-9]+[.][0-9]+[.][0-9]+$\")'}\npages: []\n";
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${release.name}-many'}\ndata: {a: b}\n";
    let only = "title: Only\nabout: The only one\nproduction: false\nanswers: {}\n";
    let home = folder.join("many");
    std::fs::create_dir_all(home.join("manifests"))?;
    std::fs::write(home.join("product.yaml"), product)?;
    std::fs::write(home.join("only.yaml"), only)?;
    Ok(std::fs::write(home.join("manifests/many.yaml"), manifest)?)
}

/// A person with kubectl changes an entry of the server's configuration.
fn edited(cx: &Context, namespace: &str, value: &str) -> testbed::Outcome<()> {
    let patch = json!({"data": {"INNGEST_POLL_INTERVAL": value}}).to_string();
    let output = cx.kubectl().args(["-n", namespace, "patch", "configmap", "inngest", "-p", &patch]).output()?;
    assert!(output.status.success(), "{}", said(&output));
    Ok(())
}

const FIELD: &str = "data.INNGEST_POLL_INTERVAL";

pub(crate) async fn a_field_of_a_person_is_left_to_them_and_that_is_not_asked_again(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    edited(&cx, &namespace, "7")?;
    let before = objects(&cx, &namespace)?;
    let change = ["inngest", "-n", &namespace, "--yes", "--set", "pollInterval=90"];
    let output = install(&cx, "admin", &change)?;
    let words = [FIELD, "\"7\"", "\"90\"", "kubectl-patch", "a person with kubectl", "--leave-field", "--take-field"];
    refused(&cx, &namespace, &output, &before, &words)?;
    let interval = || -> testbed::Outcome<String> {
        let found = objects(&cx, &namespace)?;
        Ok(found["ConfigMap/inngest"]["data"]["INNGEST_POLL_INTERVAL"].as_str().unwrap_or("").to_string())
    };
    succeeded(&install(&cx, "admin", &[&change[..], &["--leave-field", FIELD]].concat())?);
    assert_eq!(interval()?, "7");
    // Decided once: neither asked nor written again, also for another value.
    let left = versions(&objects(&cx, &namespace)?);
    let again = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    succeeded(&again);
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    assert_eq!(versions(&objects(&cx, &namespace)?), left);
    let plan = cx.slipway("admin").args(["plan", "inngest", "-n", &namespace, "--exit-code"]).output()?;
    assert!(plan.status.success(), "a field that was left is no difference: {}", said(&plan));
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--set", "logLevel=debug"])?);
    assert_eq!(interval()?, "7");
    // The decision can be taken back.
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--take-field", FIELD])?);
    assert_eq!(interval()?, "90");
    let again = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    DONE
}

pub(crate) async fn a_field_of_a_person_is_taken_where_that_was_said(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    edited(&cx, &namespace, "7")?;
    let change = ["inngest", "-n", &namespace, "--yes", "--set", "pollInterval=90"];
    // Another field's name, or another object's field, is no answer to this conflict.
    for other in ["data.LOG_LEVEL", "Deployment/inngest:data.INNGEST_POLL_INTERVAL"] {
        let before = objects(&cx, &namespace)?;
        let output = install(&cx, "admin", &[&change[..], &["--take-field", other]].concat())?;
        refused(&cx, &namespace, &output, &before, &[FIELD, "--take-field"])?;
    }
    let whole = format!("ConfigMap/inngest:{FIELD}");
    succeeded(&install(&cx, "admin", &[&change[..], &["--take-field", &whole]].concat())?);
    let found = objects(&cx, &namespace)?;
    assert_eq!(found["ConfigMap/inngest"]["data"]["INNGEST_POLL_INTERVAL"], "90");
    // Ours again: the next run has nothing to ask.
    let again = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--set", "pollInterval=30"])?);
    DONE
}

pub(crate) async fn a_foreign_object_is_adopted_by_its_name_and_no_other_with_it(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-adopt").await?;
    for name in ["inngest", "inngest-postgresql"] {
        let foreign = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "annotations": {"team": "a"}},
            "automountServiceAccountToken": true,
        });
        cx.apply(&namespace, foreign).await?;
    }
    let before = objects(&cx, &namespace)?;
    let command = ["inngest", "-n", &namespace, "--yes"];
    let adopting = [&command[..], &["--adopt", "ServiceAccount/inngest"]].concat();
    let output = install(&cx, "admin", &command)?;
    let both = ["--adopt ServiceAccount/inngest", "--adopt ServiceAccount/inngest-postgresql", "without the mark"];
    refused(&cx, &namespace, &output, &before, &both)?;
    let output = install(&cx, "admin", &adopting)?;
    refused(&cx, &namespace, &output, &before, &["--adopt ServiceAccount/inngest-postgresql"])?;
    succeeded(&install(&cx, "admin", &[&adopting[..], &["--adopt", "ServiceAccount/inngest-postgresql"]].concat())?);
    let found = objects(&cx, &namespace)?;
    let account = &found["ServiceAccount/inngest"];
    assert_eq!(account["metadata"]["uid"], before["ServiceAccount/inngest"]["metadata"]["uid"], "it was made anew");
    assert_eq!(account["automountServiceAccountToken"], false);
    assert_eq!(account["metadata"]["annotations"]["team"], "a", "what nobody else wants stays");
    // It is ours now: not asked again.
    let again = install(&cx, "admin", &command)?;
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    DONE
}

pub(crate) async fn an_expired_credential_is_told_with_what_to_do(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let before = objects(&cx, &namespace)?;
    let output = install(&cx, "expired", &["inngest", "-n", &namespace, "--yes", "--set", "replicas=2"])?;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(4), "{told}");
    for word in ["does not accept the credential", "expired", "testbed", "nothing was written"] {
        assert!(told.contains(word), "does not say {word:?}: {told}");
    }
    assert_eq!(versions(&objects(&cx, &namespace)?), versions(&before));
    DONE
}
