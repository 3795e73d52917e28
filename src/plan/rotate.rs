//! Other keys for a release, and nothing else (cluster.md 3): the recorded objects with the next generation of the key
//! Secret. No product folder is needed, and no default that changed meanwhile comes along.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{ChangedConfiguration, action};
use super::install::group;
use super::set::OPENED_BY;
use super::{Action, KeyEntry, KeyPlan, Plan, Step, Target, Verb, Wanted};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::product::expression::EvaluationFault;
use crate::product::item;
use crate::product::recipe::{Given, Recipe};
use crate::product::schema::Generate;
use crate::product::world::World;
use crate::secret::{SecretRef, SecretSource, SecretText, Secrets};

/// Ends the path of an entry of a key Secret that holds the next value of a key: known, and not yet used.
pub const NEXT: &str = ".next";

/// How a key is changed, as the product says it (language.md "Keys").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rotation {
    /// How a value is made; absent for one that is always brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
    /// Several values are accepted at once, joined by this; empty where only one is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub join: String,
    /// Who uses it must know the next value first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clients_first: bool,
    /// The login whose password it is: changed in the server before its readers get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// What has to be known besides.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub say: String,
}

/// A login of a PostgreSQL server of the release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Login {
    /// The group whose pod is the server.
    pub group: String,
    /// The user.
    pub user: String,
    /// A database that it may connect to.
    pub database: String,
}

impl Rotation {
    /// What the product says of the key at a path; `None` where it neither makes it nor says anything.
    pub(super) fn of(world: &World<'_>, path: &str) -> Result<Option<Self>, EvaluationFault> {
        let Some(question) = item::secret(world.product, path) else { return Ok(None) };
        let scope = world.scope(&question.scope);
        let words = question.rotate.clone().unwrap_or_default();
        let login = match &words.database {
            Some(login) => Some(Login {
                group: group(&login.group, &question.scope).to_owned(),
                user: scope.text(&login.user)?,
                database: scope.text(&login.database)?,
            }),
            None => None,
        };
        let rotation = Self {
            generate: question.generate,
            join: words.join,
            clients_first: words.clients_first,
            login,
            say: words.say,
        };
        Ok((rotation != Self::default()).then_some(rotation))
    }
}

/// What is wanted of one key.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its path.
    pub path: String,
    /// The value that was brought for it.
    pub brought: Option<SecretText>,
}

/// How far a rotation is to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// The second of two steps.
    pub finish: bool,
    /// In one step, whoever is shut out by it.
    pub at_once: bool,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Another value takes its place.
    Replaced,
    /// The new value stands before the old one, and both are accepted.
    Beside,
    /// The next value is made, and nothing uses it yet.
    Prepared,
    /// The prepared value takes its place.
    Used,
    /// The old value, which stood beside the new one, is not accepted any more.
    Ended,
}

/// A key with its next value.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// What becomes of it.
    pub way: Way,
    /// The entries of the next generation: by path, the key itself or its next value.
    pub values: BTreeMap<String, SecretText>,
    /// Where the value comes from.
    pub source: SecretSource,
}

/// Decides what becomes of a key; `make` makes a value, where one has to be made.
///
/// # Errors
/// Its present state does not fit what is wanted, or nothing can make it.
pub fn change(
    wish: &Wish,
    now: &BTreeMap<String, SecretText>,
    rotation: &Rotation,
    pace: Pace,
    make: &mut dyn FnMut(Generate) -> SecretText,
) -> Result<Change, Failure> {
    let path = &wish.path;
    let refuse = |what: String| Failure::new(FailureKind::Refused, what).state(NOTHING_WRITTEN);
    let old = now.get(path).ok_or_else(|| refuse(format!("there is no key {path} in the key Secret")))?;
    let prepared = now.get(&format!("{path}{NEXT}")).filter(|next| *next != old);
    let beside = (!rotation.join.is_empty()).then(|| old.expose().split_once(rotation.join.as_str())).flatten();
    let source = if wish.brought.is_some() { SecretSource::Brought } else { SecretSource::Generated };
    let ended = |way, value: SecretText, source| {
        let mut values = BTreeMap::from([(path.clone(), value.clone())]);
        if way == Way::Prepared {
            values = BTreeMap::from([(format!("{path}{NEXT}"), value)]);
        } else if now.contains_key(&format!("{path}{NEXT}")) {
            // One that was prepared and not used is no next value any more.
            values.insert(format!("{path}{NEXT}"), value);
        }
        Change { path: path.clone(), way, values, source }
    };
    if pace.finish {
        return match (beside, prepared) {
            (Some((first, _)), _) => Ok(ended(Way::Ended, SecretText::new(first), source)),
            (None, Some(next)) => Ok(ended(Way::Used, next.clone(), source)),
            (None, None) => Err(refuse(format!("no rotation of {path} is half done"))
                .hint(format!("begin one: slipway keys rotate {path}"))),
        };
    }
    if !pace.at_once && (beside.is_some() || prepared.is_some()) {
        return Err(refuse(format!("a rotation of {path} is half done"))
            .why(if beside.is_some() {
                "its old value is still accepted beside the new one"
            } else {
                "its next value is made, and nothing uses it yet"
            })
            .hint(format!("end it first: slipway keys rotate {path} --finish"))
            .hint("or take another value in its place, whoever is shut out by it: --at-once"));
    }
    let value = match (&wish.brought, rotation.generate) {
        (Some(value), _) => value.clone(),
        (None, Some(generate)) => make(generate),
        (None, None) => {
            return Err(Failure::new(FailureKind::Usage, format!("{path} cannot be made: it was brought"))
                .state(NOTHING_WRITTEN)
                .hint(format!("bring its new value: slipway keys rotate {path}=env:NAME, or {path}=file:PATH")));
        }
    };
    if value == *old {
        return Err(refuse(format!("the new value of {path} is the one that it has")));
    }
    Ok(if pace.at_once {
        ended(Way::Replaced, value, source)
    } else if !rotation.join.is_empty() {
        let both = SecretText::new(format!("{}{}{}", value.expose(), rotation.join, old.expose()));
        ended(Way::Beside, both, source)
    } else if rotation.clients_first && wish.brought.is_none() {
        ended(Way::Prepared, value, source)
    } else {
        // A value that was brought was known before.
        ended(Way::Replaced, value, source)
    })
}

/// Plans the next generation. `recorded` is the plan of the release's last good revision; `secrets` holds every value that
/// its recipes need, the changed ones as they will be; `live` and `left` are as for an installation.
pub fn plan(
    recorded: &Plan,
    (live, left): (&BTreeMap<ObjectId, Object>, &BTreeMap<ObjectId, Vec<String>>),
    target: &Target,
    secrets: &Secrets,
    changes: &[Change],
) -> Plan {
    let generation = recorded.keys.generation.max(1) + 1;
    let manager = target.field_manager();
    let mut findings = findings(recorded, changes);
    let mut changed = ChangedConfiguration::default();
    let mut steps: Vec<Step> = Vec::new();
    for step in recorded.steps.iter().filter(|step| step.action != Action::Delete) {
        let mut wanted = step.wanted.clone();
        renew(&mut wanted, &target.release, generation);
        let id = wanted.object.id();
        let there = (live.get(&id), left.get(&id).map_or(&[][..], Vec::as_slice));
        let action = action(&mut wanted, there, secrets, &manager, &changed, &mut findings);
        changed.add(&wanted.object, &action);
        steps.push(Step { wanted, action, ..step.clone() });
    }
    let mut answers = recorded.answers.clone();
    // The others stay in the generation that they came with: the history tells which were changed.
    for (path, answer) in &mut answers {
        if changes.iter().any(|change| change.path == *path && change.way != Way::Prepared) {
            answer.secret.iter_mut().for_each(|at| renew_reference(at, generation));
        }
    }
    Plan {
        keys: keys(recorded, live, target, generation, changes),
        steps,
        waves: recorded.waves.clone(),
        health: recorded.health.clone(),
        log_patterns: recorded.log_patterns.clone(),
        notes: changes.iter().flat_map(|change| notes(change, target)).collect(),
        answers,
        facts: recorded.facts.clone(),
        findings,
        seen: live.iter().map(|(id, object)| (id.to_string(), object.resource_version().to_string())).collect(),
        ..Plan::new(Verb::Rotate, target.clone(), recorded.product.clone())
    }
}

fn keys(
    recorded: &Plan,
    live: &BTreeMap<ObjectId, Object>,
    target: &Target,
    generation: u32,
    changes: &[Change],
) -> KeyPlan {
    let mut entries = recorded.keys.entries.clone();
    for change in changes {
        for path in change.values.keys() {
            match entries.iter_mut().find(|entry| entry.path == *path) {
                Some(entry) => entry.source = change.source,
                None => {
                    let opens = entries.iter().find(|entry| entry.path == change.path);
                    let opens = opens.map(|entry| entry.opens.clone()).unwrap_or_default();
                    entries.push(KeyEntry { path: path.clone(), source: change.source, opens });
                }
            }
        }
    }
    let id = ObjectId::new("", "Secret", &target.namespace, &target.key_secret_name(generation));
    let exists =
        live.get(&id).is_some_and(|there| entries.iter().all(|entry| there.at(&["data", &entry.path]).is_some()));
    KeyPlan { generation, exists, entries, rotations: recorded.keys.rotations.clone() }
}

/// Lets a recorded object read the next generation.
fn renew(wanted: &mut Wanted, release: &str, generation: u32) {
    wanted.recipes.values_mut().for_each(|recipe| renew_recipe(recipe, generation));
    if let Some(spec) = wanted.object.0.get_mut("spec") {
        renew_names(spec, release, generation);
    }
    if let Some(by) = wanted.object.annotation(OPENED_BY) {
        let by: Vec<String> = by.split(',').map(|one| renewed(one, release, generation)).collect();
        wanted.object.set_annotation(OPENED_BY, &by.join(","));
    }
}

fn renew_recipe(recipe: &mut Recipe, generation: u32) {
    for given in recipe.with.values_mut() {
        match given {
            Given::Value(_) => {}
            Given::Secret { at, .. } => renew_reference(at, generation),
            Given::Recipe(inner) => renew_recipe(inner, generation),
        }
    }
}

fn renew_reference(at: &mut SecretRef, generation: u32) {
    if let SecretRef::Keys { generation: of, .. } = at {
        *of = generation;
    }
}

/// `inngest-keys-1/database.password` as it is called in the next generation; what is not a key Secret stays.
fn renewed(name: &str, release: &str, generation: u32) -> String {
    let (secret, rest) = name.split_once('/').map_or((name, None), |(secret, rest)| (secret, Some(rest)));
    let number = secret.strip_prefix(&format!("{release}-keys-"));
    if number.is_none_or(|number| number.parse::<u32>().is_err()) {
        return name.to_owned();
    }
    let rest = rest.map(|rest| format!("/{rest}")).unwrap_or_default();
    format!("{release}-keys-{generation}{rest}")
}

/// Pods that read a key Secret itself, by environment or as a file.
fn renew_names(value: &mut Value, release: &str, generation: u32) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let name = match (key.as_str(), &mut *value) {
                    ("secretKeyRef" | "secretRef" | "secret", Value::Object(reference)) => {
                        let field = if reference.contains_key("secretName") { "secretName" } else { "name" };
                        reference.get_mut(field)
                    }
                    _ => None,
                };
                if let Some(Value::String(name)) = name {
                    *name = renewed(name, release, generation);
                }
                renew_names(value, release, generation);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| renew_names(item, release, generation)),
        _ => {}
    }
}

fn findings(recorded: &Plan, changes: &[Change]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        let rotation = recorded.keys.rotations.get(&change.path).cloned().unwrap_or_default();
        let opens = recorded.keys.entries.iter().find(|entry| entry.path == change.path);
        let opens = opens.map(|entry| entry.opens.join(", ")).filter(|opens| !opens.is_empty());
        let opens = opens.unwrap_or_else(|| "whoever uses it".into());
        let path = &change.path;
        let finding = match change.way {
            Way::Prepared => Finding::new(
                "KEY_IN_TWO_STEPS",
                Severity::Info,
                format!("the next {path} is made, and nothing uses it before the second step"),
            ),
            Way::Beside => Finding::new(
                "KEY_IN_TWO_STEPS",
                Severity::Info,
                format!("the old {path} is accepted beside the new one until the second step"),
            ),
            Way::Used | Way::Ended | Way::Replaced if rotation.login.is_none() => {
                Finding::new("KEY_SHUTS_OUT", Severity::Warning, format!("the old {path} holds no longer"))
                    .remedy(format!("make sure that they have the new one: {opens}"))
            }
            Way::Used | Way::Ended | Way::Replaced => Finding::new(
                "KEY_SHUTS_OUT",
                Severity::Info,
                format!("{path} is changed in the database first, then its readers restart with it"),
            ),
        };
        findings.push(finding.why(rotation.say).at(path.clone()));
    }
    findings
}

/// What is left to do, for the end of the run.
fn notes(change: &Change, target: &Target) -> Vec<String> {
    let path = &change.path;
    let of = format!("--name {} -n {}", target.release, target.namespace);
    let show = |path: &str| format!("slipway keys show --reveal {path} {of}");
    let finish = format!("slipway keys rotate {path} --finish {of}");
    match change.way {
        Way::Beside => vec![
            format!("{path}: the new value stands first and the old one is still accepted; show both: {}", show(path)),
            format!("{path}: once every client sends with the new one, end it: {finish}"),
        ],
        Way::Prepared => vec![
            format!("{path}: nothing uses the next value yet; show it: {}", show(&format!("{path}{NEXT}"))),
            format!("{path}: once everybody who uses it knows it, use it: {finish}"),
        ],
        Way::Used | Way::Ended | Way::Replaced => vec![format!("{path}: show what holds now: {}", show(path))],
    }
}

#[cfg(test)]
mod tests;
