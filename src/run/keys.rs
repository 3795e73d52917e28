//! `slipway keys`: what keys a release has and what they open, a copy of them under a passphrase, and that copy brought
//! back. Changing them is in `run/rotate.rs`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::apply;
use crate::cli::{Keys as Verb, Output, Shared};
use crate::cluster::keys::{self, Keys};
use crate::cluster::lock::LockTiming;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::rotate::{NEXT, Rotation};
use crate::plan::{Plan, Target};
use crate::secret::{SecretRef, SecretSource, SecretText};

use super::releases::Release;
use super::{passphrase, password, print, rotate, target};

/// The verb.
pub(super) async fn run(shared: &Shared, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Check { release, mend } => password::check(shared, release.as_deref(), mend).await,
        Verb::Show { release, reveal, generation } => {
            show(shared, release.as_deref(), reveal.as_deref(), generation).await
        }
        Verb::Export { release, to, passphrase } => export(shared, release.as_deref(), to, passphrase.as_deref()).await,
        Verb::Import { file, passphrase } => import(shared, &file, passphrase.as_deref()).await,
        Verb::Rotate { names, finish, at_once } => {
            rotate::run(shared, &names, crate::plan::rotate::Pace { finish, at_once }).await
        }
    }
}

/// What one key is, for people and programs; no value.
struct Row {
    name: String,
    source: &'static str,
    opens: String,
    state: &'static str,
}

async fn show(
    shared: &Shared,
    release: Option<&str>,
    reveal: Option<&str>,
    generation: Option<u32>,
) -> Result<(), Failure> {
    let found = Release::find(shared, release, "keys show").await?;
    let plan = found.plan();
    let all = keys::all(&found.cluster, &found.target).await?;
    let meant = generation.unwrap_or(plan.keys.generation.max(1));
    let current = all.iter().find(|keys| keys.generation == meant);
    if let Some(name) = reveal {
        let keys = current.ok_or_else(|| keys::gone(&found.target, meant))?;
        return revealed(keys, name);
    }
    let rows = rows(plan, current);
    let beside: Vec<&Keys> = all.iter().filter(|keys| keys.generation != meant).collect();
    let Target { release, namespace, .. } = &found.target;
    let secret = found.target.key_secret_name(meant);
    if shared.output == Output::Json {
        let keys = rows
            .iter()
            .map(|row| json!({"name": row.name, "source": row.source, "opens": row.opens, "state": row.state}));
        let kept = beside.iter().map(|keys| json!({"secret": keys.secret, "generation": keys.generation}));
        let said = json!({
            "release": release, "namespace": namespace, "secret": secret, "generation": meant,
            "isThere": current.is_some(), "keys": keys.collect::<Vec<_>>(), "kept": kept.collect::<Vec<_>>(),
        });
        return print(&format!("{said}\n"));
    }
    print(&lines(&found, &all, meant))
}

/// What keys a release has, in lines; no value.
///
/// # Errors
/// The Secrets cannot be read.
pub(super) async fn told(found: &Release) -> Result<String, Failure> {
    let all = keys::all(&found.cluster, &found.target).await?;
    Ok(lines(found, &all, found.plan().keys.generation.max(1)))
}

/// The generation that is meant in lines, and what else is kept.
fn lines(found: &Release, all: &[Keys], meant: u32) -> String {
    let plan = found.plan();
    let current = all.iter().find(|keys| keys.generation == meant);
    let rows = rows(plan, current);
    let beside: Vec<&Keys> = all.iter().filter(|keys| keys.generation != meant).collect();
    let Target { release, namespace, .. } = &found.target;
    let secret = found.target.key_secret_name(meant);
    if !plan.has_secrets() {
        return format!("{release} in {namespace} has no keys.\n");
    }
    let there = if current.is_some() { "" } else { " is GONE: its values are nowhere in this cluster" };
    let mut text = format!("{release} in {namespace}: Secret {secret}{there}, generation {meant}.\n");
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
    text.push_str(&format!("{:width$}  {:22}  OPENS\n", "KEY", "SOURCE"));
    for row in &rows {
        let line = format!("{:width$}  {:22}  {}", row.name, row.source, row.opens);
        text.push_str(line.trim_end());
        text.push('\n');
        if !row.state.is_empty() {
            text.push_str(&format!("{:width$}  {}\n", "", row.state));
        }
    }
    for keys in beside {
        let word = if keys.generation < meant { "earlier" } else { "of a rotation that is not done" };
        text.push_str(&format!("Kept too: Secret {}, {word}.\n", keys.secret));
    }
    if current.is_none() {
        text.push_str("Bring it back from a copy: slipway keys import FILE\n");
    }
    text
}

fn rows(plan: &Plan, keys: Option<&Keys>) -> Vec<Row> {
    let mut rows: Vec<Row> = plan
        .keys
        .entries
        .iter()
        .filter(|entry| !entry.path.ends_with(NEXT))
        .map(|entry| Row {
            name: entry.path.clone(),
            source: source(entry.source),
            opens: entry.opens.join(", "),
            state: state(&entry.path, plan.keys.rotations.get(&entry.path), keys),
        })
        .collect();
    // What nobody is asked for at the moment may still open something that is kept.
    for path in keys.iter().flat_map(|keys| keys.values.keys()) {
        if !path.ends_with(NEXT) && !rows.iter().any(|row| row.name == *path) {
            rows.push(Row { name: path.clone(), source: "not in use now", opens: String::new(), state: "" });
        }
    }
    for (path, answer) in &plan.answers {
        if let Some(SecretRef::Existing { name, key, .. }) = &answer.secret {
            let opens = format!("in your Secret {name}, key {key}");
            rows.push(Row { name: path.clone(), source: "yours", opens, state: "" });
        }
    }
    rows
}

fn source(source: SecretSource) -> &'static str {
    match source {
        SecretSource::Generated => "made by slipway",
        SecretSource::Brought => "brought",
        SecretSource::Existing => "yours",
    }
}

/// A rotation that is half done.
fn state(path: &str, rotation: Option<&Rotation>, keys: Option<&Keys>) -> &'static str {
    let Some(value) = keys.and_then(|keys| keys.values.get(path)) else { return "" };
    let next = keys.and_then(|keys| keys.values.get(&format!("{path}{NEXT}")));
    let join = rotation.map_or("", |rotation| rotation.join.as_str());
    if next.is_some_and(|next| next != value) {
        "its next value is made and not used yet; --finish uses it"
    } else if !join.is_empty() && value.expose().contains(join) {
        "the value before is still accepted beside it; --finish ends that"
    } else {
        ""
    }
}

/// Shows one value, to a person.
fn revealed(keys: &Keys, name: &str) -> Result<(), Failure> {
    let path = rotate::named(name, keys.values.keys().map(String::as_str), &keys.secret)?;
    if !std::io::stdout().is_terminal() {
        return Err(Failure::new(FailureKind::Refused, format!("{path} is shown on a terminal only"))
            .why("standard output leads elsewhere: a file, a log or another program would keep the value")
            .state(NOTHING_WRITTEN)
            .hint(format!("programs read the Secret {} itself, with the rights for it", keys.secret)));
    }
    let value = keys.values.get(&path).map(SecretText::expose).unwrap_or_default();
    print(&format!("{value}\n"))
}

/// What a file of keys holds, once it is opened.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    format: u32,
    product: String,
    release: String,
    namespace: String,
    cluster: String,
    generations: Vec<Generation>,
}

/// One key Secret in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generation {
    generation: u32,
    opens: Vec<String>,
    /// The salt among them.
    #[serde(with = "written")]
    values: BTreeMap<String, SecretText>,
}

/// Values as they stand in the file that is sealed, and nowhere else.
mod written {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::SecretText;

    pub(super) fn serialize<S: Serializer>(values: &BTreeMap<String, SecretText>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(values.iter().map(|(path, value)| (path, value.expose())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, SecretText>, D::Error> {
        let values = BTreeMap::<String, String>::deserialize(from)?;
        Ok(values.into_iter().map(|(path, value)| (path, SecretText::new(value))).collect())
    }
}

const FORMAT: u32 = 1;

async fn export(
    shared: &Shared,
    release: Option<&str>,
    to: Option<PathBuf>,
    given: Option<&str>,
) -> Result<(), Failure> {
    let found = Release::find(shared, release, "keys export").await?;
    let all = keys::all(&found.cluster, &found.target).await?;
    let Target { release, namespace, server, .. } = &found.target;
    let newest = found.plan().keys.generation.max(1);
    if all.is_empty() {
        return Err(Failure::new(FailureKind::Refused, format!("{release} has no key Secret to export"))
            .place(format!("namespace {namespace} in {server}"))
            .state(NOTHING_WRITTEN));
    }
    if !all.iter().any(|keys| keys.generation == newest) {
        return Err(keys::gone(&found.target, newest));
    }
    let path = to.unwrap_or_else(|| PathBuf::from(format!("{release}-keys-{}.age", all[0].generation)));
    if path.exists() {
        // Before anybody types a passphrase.
        passphrase::write_new(&path, b"")?;
    }
    let file = File {
        format: FORMAT,
        product: found.plan().product.name.clone(),
        release: release.clone(),
        namespace: namespace.clone(),
        cluster: server.clone(),
        generations: all
            .iter()
            .map(|keys| Generation {
                generation: keys.generation,
                opens: keys.opens.clone(),
                values: [(keys::SALT.to_string(), keys.salt.clone())].into_iter().chain(keys.values.clone()).collect(),
            })
            .collect(),
    };
    let words = passphrase::get(shared, given, true)?;
    let bytes =
        Zeroizing::new(serde_json::to_vec(&file).map_err(|error| {
            Failure::new(FailureKind::Bug, "the keys cannot be written down").why(error.to_string())
        })?);
    passphrase::write_new(&path, &passphrase::seal(&bytes, &words)?)?;
    let path = std::path::absolute(&path).unwrap_or(path).display().to_string();
    let names: Vec<&str> = all.iter().map(|keys| keys.secret.as_str()).collect();
    if shared.output == Output::Json {
        return print(&format!("{}\n", json!({"file": path, "secrets": names})));
    }
    print(&format!(
        "{path}\n  holds {}, sealed with the passphrase; whoever has both has the keys\n  bring them back: slipway keys import {path}\n",
        names.join(", ")
    ))
}

async fn import(shared: &Shared, path: &Path, given: Option<&str>) -> Result<(), Failure> {
    let words = passphrase::get(shared, given, false)?;
    let bytes = passphrase::open(path, &words)?;
    let file: File = serde_json::from_slice(&bytes).map_err(|_| {
        // Its message could quote a value.
        Failure::new(FailureKind::Invalid, format!("{} holds no keys of a release", path.display()))
            .state(NOTHING_WRITTEN)
    })?;
    if file.format > FORMAT {
        return Err(Failure::new(FailureKind::Refused, format!("{} was written by a newer slipway", path.display()))
            .state(NOTHING_WRITTEN)
            .hint("use that version or a newer one"));
    }
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let target = Target {
        context: cluster.context().to_string(),
        server: cluster.server().to_string(),
        practice: cluster.identity().practice,
        namespace: shared.namespace.clone().unwrap_or(file.namespace),
        release: shared.release.clone().unwrap_or(file.release),
        ..Target::default()
    };
    let brought = file.generations.into_iter().map(|mut one| {
        let salt = one.values.remove(keys::SALT).ok_or_else(|| {
            Failure::new(FailureKind::Invalid, format!("{} lacks the salt of its keys", path.display()))
                .state(NOTHING_WRITTEN)
        })?;
        let secret = target.key_secret_name(one.generation);
        let (generation, values, opens) = (one.generation, one.values, one.opens);
        Ok(Keys { secret, uid: String::new(), generation, values, salt, opens })
    });
    let brought = brought.collect::<Result<Vec<Keys>, Failure>>()?;
    let made =
        apply::import_keys(&cluster, &target, &brought, shared.take_over.as_deref(), LockTiming::default()).await?;
    let all: Vec<Value> =
        brought.iter().map(|keys| json!({"secret": keys.secret, "made": made.contains(&keys.secret)})).collect();
    if shared.output == Output::Json {
        let said = json!({"release": target.release, "namespace": target.namespace, "secrets": all});
        return print(&format!("{said}\n"));
    }
    let mut text = String::new();
    for keys in &brought {
        let was = if made.contains(&keys.secret) { "made" } else { "is there already, with the same values" };
        text.push_str(&format!("Secret {} in {}: {was}.\n", keys.secret, target.namespace));
    }
    if made.is_empty() {
        text.push_str("Nothing was written.\n");
    } else {
        let (product, namespace, release) = (&file.product, &target.namespace, &target.release);
        text.push_str(&format!(
            "An install of {product} in {namespace} uses them: slipway install {product} -n {namespace} --name {release}\n"
        ));
    }
    print(&text)
}
