//! A record that was lost or damaged, built anew out of what is in the cluster: members of the set are known by their label,
//! and what slipway wrote of each by its field manager. Only the record is written; nothing that runs is touched.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::owned;
use crate::cluster::keys::{Keys, generation_of};
use crate::cluster::lock::{self, LockTiming};
use crate::cluster::record::{Outcome, Revision, Torn, Written};
use crate::cluster::{Apply, Cluster, Deletion, FaultKind, applyset};
use crate::error::{Failure, FailureKind};
use crate::facts::{Fate, Pact};
use crate::object::{Object, ObjectId};
use crate::plan::diff::opens_something;
use crate::plan::rollback::UNKNOWN_ENTRIES;
use crate::plan::set::{OPENED_BY, PART_OF, RELEASE};
use crate::plan::waves::waves;
use crate::plan::{
    Action, Class, KeyEntry, KeyPlan, OPEN_HASH, PLACEHOLDER, Plan, ProductRef, RESTART_HASH, Step, Target, Verb,
    Wanted,
};
use crate::product::{Given, Recipe};
use crate::sanitize::HIDDEN;
use crate::secret::{SecretRef, SecretSource};

/// What was found of a release whose record is not whole.
pub struct Found {
    /// The parent of the set is there.
    pub parent: bool,
    /// What can be read of the record, the newest first.
    pub revisions: Vec<Revision>,
    /// What cannot.
    pub torn: Vec<Torn>,
    /// Members of the set, and claims.
    pub objects: Vec<Object>,
    /// The key Secrets, the newest first.
    pub keys: Vec<Keys>,
}

impl Found {
    /// Nothing is amiss.
    pub fn is_whole(&self) -> bool {
        self.torn.is_empty() && (self.objects.is_empty() || self.parent && !self.revisions.is_empty())
    }

    /// A revision has to be built: none is left, or the newest one is torn.
    pub fn needs_revision(&self) -> bool {
        let newest = self.revisions.first().map_or(0, |revision| revision.number);
        let torn = self.torn.iter().map(|torn| torn.number).max().unwrap_or(0);
        !self.objects.is_empty() && (self.revisions.is_empty() || torn > newest)
    }

    /// What was decided about an earlier install, as far as a revision tells.
    fn pact(&self) -> Pact {
        let known = self.revisions.iter().find(|revision| revision.plan.verb != Verb::Uninstall);
        known.or(self.revisions.first()).map(|revision| revision.plan.target.pact.clone()).unwrap_or_default()
    }

    /// The newest key Secret whose values are the release's.
    fn newest_keys(&self) -> Option<&Keys> {
        let pact = self.pact();
        self.keys.iter().find(|keys| !pact.leaves_key(&keys.secret))
    }

    /// The newest generation of keys that a claim of the release, or the newest revision, counts on, and that is not there:
    /// with a record that does not know it, the next run would make new keys over data that they do not open.
    pub fn missing_keys(&self, target: &Target) -> Option<u32> {
        let pact = self.pact();
        let aside = |name: &str| pact.0.get(name).is_some_and(|one| !one.key && one.fate != Fate::Use);
        let claims = self.objects.iter().filter(|object| {
            Class::of(object) == Class::Claim && !aside(object.name()) && object.label(RELEASE).is_some()
        });
        let named = claims.flat_map(|claim| claim.annotation(OPENED_BY).unwrap_or("").split(','));
        let named = named.filter_map(|one| generation_of(one.split('/').next().unwrap_or("").trim(), target));
        let began = |revision: &&Revision| revision.progress.written.values().any(|one| !one.uid.is_empty());
        let known = self.revisions.first().filter(began).map(|revision| &revision.plan);
        let known = known.filter(|plan| plan.has_secrets() && self.newest_keys().is_none());
        let known = known.map(|plan| plan.keys.generation.max(1));
        named.chain(known).filter(|named| !self.keys.iter().any(|keys| keys.generation == *named)).max()
    }
}

/// Kinds that releases are made of: without the right to list one of them nobody can say what is there.
const ESSENTIAL: [&str; 9] = [
    "ConfigMap",
    "PersistentVolumeClaim",
    "Secret",
    "Service",
    "DaemonSet.apps",
    "Deployment.apps",
    "StatefulSet.apps",
    "CronJob.batch",
    "Job.batch",
];

/// Whether a kind that may not be listed leaves open what there is: one that every release may have, or one that the record
/// or the parent names (`named`, each `Kind.group`). Of others there is nothing that these rights could have written.
fn leaves_open(group: &str, kind: &str, named: &BTreeSet<String>) -> bool {
    let kind = ObjectId::new(group, kind, "", "").group_kind();
    ESSENTIAL.contains(&kind.as_str()) || named.contains(&kind)
}

/// Everything of a release that its labels tell, whatever its parent says: every kind that can be listed is asked. `named`
/// are the kinds that the record or the parent names.
///
/// # Errors
/// A kind that the release may have may not be listed: whether there are members is not known then.
pub async fn members(cluster: &Cluster, target: &Target, named: &BTreeSet<String>) -> Result<Vec<Object>, Failure> {
    let (set, release) = (format!("{PART_OF}={}", target.set_id()), format!("{RELEASE}={}", target.release));
    let kinds = cluster.resources().await?;
    let kinds = kinds.iter().filter(|kind| {
        ["list", "delete"].iter().all(|verb| kind.verbs.iter().any(|has| has == verb)) && kind.kind != "Event"
    });
    let lists = kinds.map(|kind| {
        let (set, release) = (&set, &release);
        async move {
            let namespace = if kind.namespaced { target.namespace.as_str() } else { "" };
            let selector = if kind.kind == "PersistentVolumeClaim" { release } else { set };
            match cluster.list(&kind.group, &kind.kind, namespace, selector).await {
                Ok(listed) => Ok(listed.objects),
                Err(fault) if fault.kind == FaultKind::Unsupported => Ok(Vec::new()),
                Err(fault) if fault.kind == FaultKind::Forbidden && !leaves_open(&kind.group, &kind.kind, named) => {
                    Ok(Vec::new())
                }
                Err(fault) => Err(Failure::from(fault)),
            }
        }
    });
    let lists: Vec<Vec<Object>> = futures::future::try_join_all(lists).await?;
    let mut seen = BTreeSet::new();
    let own = |object: &Object| object.list(&["metadata", "ownerReferences"]).is_empty();
    // A kind may be served by two groups, which tell the same object twice.
    Ok(lists.into_iter().flatten().filter(|object| own(object) && seen.insert(object.uid().to_string())).collect())
}

/// The revision that says what is there, and what of it could not be known, a sentence each.
///
/// # Errors
/// The objects have no order.
pub fn rebuilt(found: &Found, target: &Target, who: &str) -> Result<(Revision, Vec<String>), Failure> {
    let manager = target.field_manager();
    let known = found.revisions.first().map(|revision| &revision.plan);
    let mut unknown = Vec::new();
    let mut wanted = Vec::new();
    for live in &found.objects {
        let mut object = sent(live, &manager);
        let mut recipes = BTreeMap::new();
        if live.group().is_empty() && matches!(live.kind(), "Secret" | "ConfigMap") {
            let missing = entries(&mut object, &mut recipes, live, found.newest_keys());
            if !missing.is_empty() {
                unknown.push(format!("how {} of {} {} is made", missing.join(", "), live.kind(), live.name()));
                object.set_annotation(UNKNOWN_ENTRIES, &missing.join(","));
            }
        }
        let group = live.label("app.kubernetes.io/component").unwrap_or("other").to_string();
        wanted.push(Wanted { object, group, after: Vec::new(), recipes });
    }
    let label = |name: &str| found.objects.iter().find_map(|object| object.label(name)).unwrap_or("").to_string();
    let product = known.map_or_else(
        || {
            let name = label("app.kubernetes.io/part-of");
            ProductRef { title: name.clone(), name, version: String::new(), digest: String::new() }
        },
        |plan| plan.product.clone(),
    );
    match known {
        Some(_) => unknown.push("whether version and answers changed after the last revision that can be read".into()),
        None => unknown.extend(
            ["the version", "the profile", "the answers: give them again at the next run, in a file (-f FILE)"]
                .map(String::from),
        ),
    }
    let groups: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.group.as_str()).collect();
    let order = waves(&wanted, &groups).map_err(|faults| {
        let failure = Failure::new(FailureKind::Bug, "what is there has no order");
        faults.into_iter().fold(failure, |failure, fault| failure.why(fault.what))
    })?;
    let mut steps: Vec<Step> = wanted
        .into_iter()
        .zip(order.places)
        .map(|(wanted, (wave, after))| {
            let class = Class::of(&wanted.object);
            Step { wanted, action: Action::Keep, wave, after, class, one_first: false }
        })
        .collect();
    steps.sort_by_key(|step| step.wave);
    let keys = found.newest_keys().map_or_else(KeyPlan::default, |keys| KeyPlan {
        generation: keys.generation,
        exists: true,
        entries: keys.values.keys().map(|path| entry(path, known, &keys.opens)).collect(),
        ..KeyPlan::default()
    });
    let plan = Plan {
        keys,
        steps,
        waves: order.titles,
        health: known.map(|plan| plan.health.clone()).unwrap_or_default(),
        log_patterns: known.map(|plan| plan.log_patterns.clone()).unwrap_or_default(),
        answers: known.map(|plan| plan.answers.clone()).unwrap_or_default(),
        facts: known.map(|plan| plan.facts.clone()).unwrap_or_default(),
        usual_seconds: known.and_then(|plan| plan.usual_seconds),
        ..Plan::new(
            known.map_or(Verb::Install, |plan| plan.verb),
            Target {
                profile: known.map(|plan| plan.target.profile.clone()).unwrap_or_default(),
                pact: found.pact(),
                ..target.clone()
            },
            product,
        )
    };
    let numbers = found.revisions.iter().map(|one| one.number).chain(found.torn.iter().map(|one| one.number));
    let mut revision = Revision::new(numbers.max().unwrap_or(0) + 1, &plan, who);
    // What was sent cannot be salted again: the next run sends everything once more, which changes nothing.
    let uids = found.objects.iter().map(|live| (live.id(), Written { uid: live.uid().into(), ..Written::default() }));
    revision.progress.written = uids.collect();
    revision.progress.left = found.revisions.first().map(|one| one.progress.left.clone()).unwrap_or_default();
    revision.progress.outcome = Outcome::Deployed;
    revision.progress.why = "built anew out of what is in the cluster (slipway repair)".into();
    revision.progress.ended = Some(Timestamp::now());
    Ok((revision, unknown))
}

/// Writes the record: what cannot be read goes, the revision comes, then the parent.
///
/// # Errors
/// Somebody else changes the release, or something could not be written.
pub async fn repair(
    cluster: &Cluster,
    target: &Target,
    found: &Found,
    revision: Option<Revision>,
    take_over: Option<&str>,
    timing: LockTiming,
) -> Result<(), Failure> {
    let lock = lock::take(cluster, target, take_over, timing, &|_| {}).await?;
    let eye = lock.eye();
    let guarded = cluster.guarded(move || eye.check());
    let written = write(&guarded, target, found, revision).await;
    lock.release().await;
    written
}

async fn write(cluster: &Cluster, target: &Target, found: &Found, revision: Option<Revision>) -> Result<(), Failure> {
    for torn in &found.torn {
        for object in &torn.objects {
            // As it was seen: one that was mended meanwhile stays.
            let how = Deletion { resource_version: object.resource_version().into(), ..Deletion::of(object.uid()) };
            cluster.delete(&object.id(), &how).await?;
        }
    }
    if let Some(mut revision) = revision {
        revision.write(cluster, target).await?;
    }
    let kinds =
        found.objects.iter().filter(|object| matches!(Class::of(object), Class::Ordinary | Class::ClusterScoped));
    let kinds: BTreeSet<String> = kinds.map(|object| object.id().group_kind()).collect();
    let manager = target.field_manager();
    let parent = applyset::parent(target, &kinds);
    if !found.objects.is_empty() {
        cluster.apply(&parent, &Apply { manager, ..Apply::default() }).await?;
    }
    Ok(())
}

/// What slipway sent of an object, as far as its field manager owns it.
fn sent(live: &Object, manager: &str) -> Object {
    let mut object = match owned::projection(live, manager) {
        Value::Object(fields) => Object(Value::Object(fields)),
        _ => Object(json!({})),
    };
    let id: ObjectId = live.id();
    object.set(&["apiVersion"], live.api_version().into());
    object.set(&["kind"], live.kind().into());
    object.set(&["metadata", "name"], id.name.into());
    if !id.namespace.is_empty() {
        object.set(&["metadata", "namespace"], id.namespace.into());
    }
    if let Some(template) = live.pod_template_path() {
        let mut path = template.to_vec();
        path.extend(["metadata", "annotations", RESTART_HASH]);
        if object.at(&path).is_some() {
            object.set(&path, OPEN_HASH.into());
        }
    }
    object
}

/// Entries of a Secret that are a key as it is become a recipe; the others are named. No value is kept. Of a ConfigMap this
/// holds for what opens something.
fn entries(
    object: &mut Object,
    recipes: &mut BTreeMap<String, Recipe>,
    live: &Object,
    keys: Option<&Keys>,
) -> Vec<String> {
    let mut missing = Vec::new();
    let data = live.at(&["data"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let secret = live.kind() == "Secret";
    if secret {
        object.remove(&["data"]);
    }
    for (key, value) in data {
        let text = value.as_str();
        if !secret {
            let ours = object.at(&["data", &key]).is_some();
            if !ours || !text.is_some_and(opens_something) {
                continue;
            }
            object.remove(&["data", &key]);
        }
        let text = match secret {
            true => text.and_then(|text| BASE64.decode(text).ok()).and_then(|text| String::from_utf8(text).ok()),
            false => text.map(str::to_owned),
        };
        let found = keys.and_then(|keys| {
            let path = keys.values.iter().find(|(_, value)| text.as_deref() == Some(value.expose()))?.0;
            Some((path.clone(), SecretRef::Keys { generation: keys.generation, key: path.clone() }))
        });
        match found {
            Some((path, at)) => {
                object.set(&["data", &key], if secret { PLACEHOLDER } else { HIDDEN }.into());
                let with = BTreeMap::from([(path.clone(), Given::Secret { path: path.clone(), at })]);
                recipes.insert(key, Recipe { template: format!("${{{path}}}"), with });
            }
            None => missing.push(key),
        }
    }
    missing
}

fn entry(path: &str, known: Option<&Plan>, opens: &[String]) -> KeyEntry {
    let recorded = known.and_then(|plan| plan.keys.entries.iter().find(|entry| entry.path == path));
    recorded.cloned().unwrap_or_else(|| KeyEntry {
        path: path.into(),
        source: SecretSource::Generated,
        // Which of the keys opens what is written on the Secret as a whole alone.
        opens: opens.to_vec(),
    })
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
