//! A release's whole life on the real control plane: at each stage exactly that happens which was announced before anybody
//! said yes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use serde_json::Value;

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, is_absent, objects, said, succeeded};
use crate::testbed;

/// What becomes of an object, by `Kind/name`.
type Fates = BTreeMap<String, String>;

/// What the review lists, but for what is kept.
fn announced(shown: &Output) -> Fates {
    let told = said(shown);
    assert!(told.contains("nobody said yes"), "{told}");
    let row = |line: &str| {
        let mut words = line.strip_prefix("  ")?.split_whitespace();
        let (verb, kind, name) = (words.next()?, words.next()?, words.next()?);
        let kind = if kind == "Claim" { "PersistentVolumeClaim" } else { kind };
        ["create", "change", "replace", "delete"].contains(&verb).then(|| (format!("{kind}/{name}"), verb.to_owned()))
    };
    told.lines().filter_map(row).collect()
}

/// What slipway answers for of a namespace: not its own record, nor what controllers make or write.
fn state(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, Value>> {
    let made = ["Event", "Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Endpoints"];
    let others = ["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"];
    let mut all = objects(cx, namespace)?;
    all.retain(|name, _| {
        let kind = name.split('/').next().unwrap_or("");
        !made.contains(&kind) && !others.contains(&name.as_str()) && !name.starts_with("ConfigMap/slipway-")
    });
    for object in all.values_mut() {
        let Some(whole) = object.as_object_mut() else { continue };
        whole.remove("status");
        let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut) else { continue };
        for written in ["resourceVersion", "managedFields", "generation", "deletionTimestamp"] {
            metadata.remove(written);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|name, _| name.contains("slipway.dev/"));
        }
    }
    Ok(all)
}

/// What became of every object between two looks. A binding of a claim is the cluster's doing.
fn became(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Fates {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let fate = |name: &String| match (before.get(name), after.get(name)) {
        (None, _) => Some("create"),
        (_, None) => Some("delete"),
        (Some(old), Some(new)) if old["metadata"]["uid"] != new["metadata"]["uid"] => Some("replace"),
        (Some(old), Some(new)) if name.starts_with("PersistentVolumeClaim/") => {
            (old["spec"]["resources"] != new["spec"]["resources"]).then_some("change")
        }
        (Some(old), Some(new)) => (old != new).then_some("change"),
    };
    names.into_iter().filter_map(|name| Some((name.clone(), fate(name)?.to_owned()))).collect()
}

/// One release and the namespace that it has for itself.
struct Life<'a> {
    cx: &'a Context,
    namespace: String,
    profile: &'static str,
}

impl Life<'_> {
    /// Shows a run, lets it go, and holds what happened to what was shown. Answers that.
    fn stage(&self, verb: &str, more: &[&str]) -> testbed::Outcome<Fates> {
        let arguments = [&[verb, "inngest", "-n", &self.namespace][..], more].concat();
        let before = state(self.cx, &self.namespace)?;
        let shown = announced(&self.cx.slipway("admin").args(&arguments).output()?);
        assert_eq!(state(self.cx, &self.namespace)?, before, "{} {verb}: looking writes nothing", self.profile);
        succeeded(&self.cx.slipway("admin").args(&arguments).arg("--yes").output()?);
        let mut happened = became(&before, &state(self.cx, &self.namespace)?);
        if shown.contains_key(&format!("Namespace/{}", self.namespace)) {
            happened.insert(format!("Namespace/{}", self.namespace), "create".into());
        }
        assert_eq!(happened, shown, "{} {verb}: what happened is what was announced", self.profile);
        Ok(shown)
    }

    /// Claims and key Secrets: name, UID and what is in them.
    fn data(&self) -> testbed::Outcome<Vec<(String, Value, Value)>> {
        let all = state(self.cx, &self.namespace)?;
        let data = |name: &str| name.starts_with("PersistentVolumeClaim/") || name.starts_with("Secret/inngest-keys-");
        let of = |object: &Value| (object["metadata"]["uid"].clone(), object["data"].clone());
        Ok(all
            .iter()
            .filter(|(name, _)| data(name))
            .map(|(name, object)| (name.clone(), of(object).0, of(object).1))
            .collect())
    }
}

async fn whole_life(cx: &Context, profile: &'static str) -> testbed::Outcome<()> {
    let life = Life { cx, namespace: fresh("fast"), profile };
    let namespace = life.namespace.as_str();
    let first = life.stage("install", &["--profile", profile, "--set", "version=v1.42.0"])?;
    assert!(first.values().all(|fate| fate == "create"), "{first:?}");
    let data = life.data()?;
    assert_eq!(data.len(), 3, "two volumes and the keys: {data:?}");
    let installed = state(cx, namespace)?;

    let changes = ["--reset", "version", "--set", "logLevel=debug", "--without-backup"];
    let up = life.stage("upgrade", &changes)?;
    assert_eq!(up.get("Deployment/inngest").map(String::as_str), Some("change"), "{up:?}");
    let upgraded = state(cx, namespace)?;

    let unknown = cx.slipway("admin").args(["rollback", "inngest", "-n", namespace, "--to", "99", "--yes"]).output()?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(
        said(&unknown).contains("there is no revision 99") && said(&unknown).contains("--to 1"),
        "{}",
        said(&unknown)
    );
    assert_eq!(state(cx, namespace)?, upgraded, "{profile}: a revision that is none changes nothing");

    let down = life.stage("rollback", &["--to", "1"])?;
    assert_eq!(down, up, "{profile}: the way back touches what the way there touched");
    let back = state(cx, namespace)?;
    assert!(became(&installed, &back).is_empty(), "{profile}: {:?}", became(&installed, &back));

    life.stage("upgrade", &changes)?;
    let again = state(cx, namespace)?;
    assert!(became(&upgraded, &again).is_empty(), "{profile}: {:?}", became(&upgraded, &again));
    assert_eq!(life.data()?, data, "{profile}: nothing touched the volumes or the keys");

    let gone = life.stage("uninstall", &[])?;
    assert!(gone.values().all(|fate| fate == "delete"), "{gone:?}");
    assert_eq!(life.data()?, data, "{profile}: what holds data, and what opens it, stays");
    assert_eq!(state(cx, namespace)?.len(), data.len(), "{profile}: and nothing else");

    life.stage("install", &["--profile", profile, "--existing", "inngest-keys-1=use"])?;
    assert_eq!(life.data()?, data, "{profile}: the same volumes and the same keys");

    let mut wipe = vec!["--delete-key", "inngest-keys-1"];
    for (name, ..) in &data {
        wipe.extend(
            name.strip_prefix("PersistentVolumeClaim/").into_iter().flat_map(|claim| ["--delete-volume", claim]),
        );
    }
    let arguments = [&["uninstall", "inngest", "-n", namespace][..], &wipe].concat();
    let shown = announced(&cx.slipway("admin").args(&arguments).output()?);
    let there: BTreeSet<String> = state(cx, namespace)?.into_keys().collect();
    let listed: BTreeSet<String> = shown.into_keys().filter(|name| !name.starts_with("Namespace/")).collect();
    assert_eq!(listed, there, "{profile}: all of it is announced");
    succeeded(&cx.slipway("admin").args(&arguments).arg("--yes").output()?);
    cx.until("the namespace is gone", async || is_absent(cx, namespace)).await
}

pub(crate) async fn a_release_of_the_development_profile_does_at_each_stage_what_was_announced(cx: Context) -> Outcome {
    whole_life(&cx, "development").await?;
    DONE
}

pub(crate) async fn a_release_of_the_production_profile_does_at_each_stage_what_was_announced(cx: Context) -> Outcome {
    whole_life(&cx, "production").await?;
    DONE
}
