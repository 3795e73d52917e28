//! Which value each secret input of a rollback has (cluster.md 3): of the newest generation that belongs to the endpoint
//! (host, port, database, user) that the revision recorded. A rotated value never comes back; a change of endpoint is
//! undone with its own credentials, which makes a generation of their own out of both.

use std::collections::{BTreeMap, BTreeSet};

use super::Ground;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::plan::{KeyPlan, Plan};
use crate::product::{Given, Recipe};
use crate::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};

/// The values of the key Secrets that are there, by generation and key.
pub type Generations = BTreeMap<u32, BTreeMap<String, SecretText>>;

/// What was chosen.
pub(super) struct Chosen {
    pub(super) plan: KeyPlan,
    /// Every secret that the recorded objects need, by path.
    pub(super) secrets: Secrets,
    pub(super) findings: Vec<Finding>,
}

/// Chooses.
///
/// # Errors
/// The key Secret is gone, or one that must be compared with.
pub(super) fn choose(ground: &Ground<'_>) -> Result<Chosen, Failure> {
    let (to, target) = (ground.to, ground.target);
    let mut findings = Vec::new();
    let mut values: BTreeMap<String, SecretText> = BTreeMap::new();
    let recorded = to.keys.generation.max(1);
    let newest = ground.generations.keys().next_back().copied();
    if newest.is_none() && to.has_secrets() {
        return Err(gone(&target.key_secret_name(recorded)).place(format!("namespace {}", target.namespace)));
    }
    let newest = newest.unwrap_or(recorded);
    let current = ground.generations.get(&newest).cloned().unwrap_or_default();
    let mut moved = false;
    for entry in &to.keys.entries {
        let (value, from) = newest_of(ground, &entry.path, recorded)?;
        if current.get(&entry.path) != Some(&value) {
            moved = true;
            let what = format!("{} goes back to its endpoint", entry.path);
            let why = format!("with the credentials of {}, the newest of it", target.key_secret_name(from));
            findings.push(Finding::new("KEY_OF_ENDPOINT", Severity::Info, what).why(why).at(entry.path.clone()));
        } else if ground.generations.get(&recorded).and_then(|then| then.get(&entry.path)) != Some(&value) {
            let what = format!("{} stays as it is in {}", entry.path, target.key_secret_name(newest));
            let why = "it was changed since then, and a changed secret never goes back";
            findings.push(Finding::new("KEY_STAYS", Severity::Info, what).why(why).at(entry.path.clone()));
        }
        values.insert(entry.path.clone(), value);
    }
    let generation = if moved { newest + 1 } else { newest };
    let mut entries: BTreeMap<&str, _> = BTreeMap::new();
    for plan in ground.recorded.iter().rev().chain([&to]) {
        entries.extend(plan.keys.entries.iter().map(|entry| (entry.path.as_str(), entry)));
    }
    // A generation is complete: also what that revision did not know yet.
    let entries =
        entries.into_values().filter(|entry| current.contains_key(&entry.path) || values.contains_key(&entry.path));
    let plan = KeyPlan {
        generation: if to.has_secrets() || newest > 1 { generation } else { to.keys.generation },
        exists: !moved && ground.generations.contains_key(&newest),
        entries: entries.cloned().collect(),
        rotations: ground.recorded.iter().rev().chain([&to]).flat_map(|plan| plan.keys.rotations.clone()).collect(),
    };
    let sources: BTreeMap<&str, SecretSource> =
        plan.entries.iter().map(|entry| (entry.path.as_str(), entry.source)).collect();
    let mut secrets = Secrets::default();
    let mut take = |path: &str, at: &SecretRef| {
        let (at, value, source) = match at {
            SecretRef::Keys { key, .. } => (
                SecretRef::Keys { generation, key: key.clone() },
                values.get(key).or_else(|| current.get(key)).cloned(),
                sources.get(key.as_str()).copied().unwrap_or(SecretSource::Generated),
            ),
            at @ SecretRef::Existing { .. } => (at.clone(), ground.existing.get(at).cloned(), SecretSource::Existing),
        };
        secrets.0.insert(path.to_string(), Secret { source, value, at });
    };
    for entry in &plan.entries {
        take(&entry.path, &SecretRef::Keys { generation, key: entry.path.clone() });
    }
    for recipe in to.steps.iter().flat_map(|step| step.wanted.recipes.values()) {
        for (path, at) in recipe.secrets() {
            take(path, at);
        }
    }
    Ok(Chosen { plan, secrets, findings })
}

/// Puts the generation into every reference to a key.
pub fn of_generation(recipe: &mut Recipe, to: u32) {
    for given in recipe.with.values_mut() {
        match given {
            Given::Secret { at: SecretRef::Keys { generation, .. }, .. } => *generation = to,
            Given::Recipe(inner) => of_generation(inner, to),
            Given::Value(_) | Given::Secret { .. } => {}
        }
    }
}

/// The newest value of a key that belongs to the recorded endpoint, with its generation.
fn newest_of(ground: &Ground<'_>, key: &str, recorded: u32) -> Result<(SecretText, u32), Failure> {
    let target = ground.target;
    let of = |generation: u32| ground.generations.get(&generation).and_then(|values| values.get(key));
    let Some(then) = of(recorded) else {
        // Nothing to compare with: whatever is there is newer. One that tells an endpoint may lead elsewhere.
        let newest = ground.generations.iter().rev().find_map(|(number, values)| Some((values.get(key)?, *number)));
        return match newest {
            Some((value, number)) if endpoint(value.expose()).is_none() => Ok((value.clone(), number)),
            _ => Err(gone(&target.key_secret_name(recorded))
                .place(format!("namespace {}", target.namespace))
                .why(format!("{key} of revision {} was in it", ground.number))),
        };
    };
    let empty = BTreeMap::new();
    let back = ground.generations.get(&recorded).unwrap_or(&empty);
    let (wanted, beside) =
        (endpoints(ground.to, ground, back, key, Some(then)), endpoints(ground.to, ground, back, key, None));
    let (mut value, mut from) = (then, recorded);
    for (number, values) in ground.generations.range(recorded + 1..) {
        let Some(next) = values.get(key) else { continue };
        if next == value {
            from = *number;
            continue;
        }
        // Where the value itself leads, put into the recorded objects; and where those led that were written with it.
        let leads = endpoints(ground.to, ground, back, key, Some(next)) == wanted;
        let users = ground.recorded.iter().filter(|plan| plan.keys.generation.max(1) == *number);
        let elsewhere = users
            .map(|plan| endpoints(plan, ground, values, key, None))
            .find(|used| !used.is_empty())
            .is_some_and(|used| used != beside);
        if leads && !elsewhere {
            (value, from) = (next, *number);
        }
    }
    Ok((value.clone(), from))
}

/// Where what is made with a key leads: the endpoints in the entries that a plan composes with it. Without the key's value
/// only those that are named beside it.
fn endpoints(
    plan: &Plan,
    ground: &Ground<'_>,
    values: &BTreeMap<String, SecretText>,
    wanted: &str,
    value: Option<&SecretText>,
) -> BTreeSet<String> {
    // A word that no URL is made of, so that it is no endpoint by itself.
    let unknown = SecretText::new("unknown");
    let secret = |path: &str, at: &SecretRef| match at {
        SecretRef::Keys { key, .. } if key == wanted => Some(value.unwrap_or(&unknown).clone()),
        SecretRef::Keys { key, .. } => values.get(key).or_else(|| values.get(path)).cloned(),
        SecretRef::Existing { .. } => ground.existing.get(at).cloned(),
    };
    let uses = |recipe: &&Recipe| {
        recipe.secrets().iter().any(|(_, at)| matches!(at, SecretRef::Keys { key, .. } if key == wanted))
    };
    let recipes = plan.steps.iter().flat_map(|step| step.wanted.recipes.values()).filter(uses);
    let made = recipes.filter_map(|recipe| recipe.resolve(&secret).ok().flatten());
    let mut found: BTreeSet<String> = made.filter_map(|text| endpoint(text.expose())).collect();
    found.extend(value.and_then(|value| endpoint(value.expose())));
    found
}

/// Host, port, database and user of a URL, without its password; `None` of any other text.
fn endpoint(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once("://")?;
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = login.split(':').next().unwrap_or("");
    let database = path.trim_start_matches('/').split(['?', '#']).next().unwrap_or("");
    let usual = match scheme.split('+').next().unwrap_or(scheme) {
        "postgres" | "postgresql" => ":5432",
        "redis" | "rediss" => ":6379",
        "mongodb" => ":27017",
        "mysql" => ":3306",
        _ => "",
    };
    let address = address.strip_suffix(usual).filter(|_| !usual.is_empty()).unwrap_or(address).to_ascii_lowercase();
    Some(format!("{user}@{address}/{database}"))
}

fn gone(name: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("the key Secret {name} is gone"))
        .why("the values that open the data of that revision are nowhere else")
        .state(NOTHING_WRITTEN)
        .hint(format!("bring the Secret {name} back from a backup, with its labels and annotations"))
        .hint("or choose another revision: slipway history lists them")
}
