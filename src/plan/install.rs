//! The plan of an installation, and of any other run that brings a release to what its answers say: the rendered objects
//! against what is there.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{ChangedConfiguration, action};
use super::render::render;
use super::rotate::Rotation;
use super::waves::waves;
use super::{
    Class, HealthCheck, KeyEntry, KeyPlan, LogPattern, Plan, Probe, ProductRef, RecordedAnswer, Step, Target, Verb,
    Wanted,
};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::product::expression::EvaluationFault;
use crate::product::item;
use crate::product::schema::{HealthProbe, ScopeId};
use crate::product::world::World;
use crate::secret::SecretRef;

/// Plans a run. `live` holds what is there of the wanted objects and of the release's key Secrets, by id; what is not in it is
/// taken to be absent, so everything that could be there must have been read.
///
/// # Errors
/// Everything that keeps the product from being rendered or ordered.
pub fn install(
    world: &World<'_>,
    live: &BTreeMap<ObjectId, Object>,
    target: &Target,
    answers: BTreeMap<String, RecordedAnswer>,
) -> Result<Plan, Vec<Finding>> {
    plan(Verb::Install, world, live, &BTreeMap::new(), target, answers)
}

/// As [`install`], for the other runs that render, and where fields were left to other managers: `left`, by object.
///
/// # Errors
/// As [`install`].
pub fn plan(
    verb: Verb,
    world: &World<'_>,
    live: &BTreeMap<ObjectId, Object>,
    left: &BTreeMap<ObjectId, Vec<String>>,
    target: &Target,
    answers: BTreeMap<String, RecordedAnswer>,
) -> Result<Plan, Vec<Finding>> {
    let rendered = render(world)?;
    let mut findings = rendered.findings;
    findings.extend(unchecked(world));
    let groups: BTreeSet<&str> =
        world.product.groups.keys().chain(world.product.components.keys()).map(String::as_str).collect();
    let order = waves(&rendered.objects, &groups)?;
    let mut faults = Vec::new();
    let keys = keys(world, live, target, &mut faults);
    let health = health(world, &mut faults);
    let (log_patterns, notes) = said(world, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let steps = steps(rendered.objects, order.places, (live, left), world, target, &mut findings);
    let mut plan = Plan {
        namespace_exists: world.facts.namespace.exists,
        keys,
        steps,
        waves: order.titles,
        health,
        log_patterns,
        notes,
        answers,
        facts: world.read_facts(),
        findings,
        usual_seconds: world.product.usual_seconds,
        seen: live.iter().map(|(id, object)| (id.to_string(), object.resource_version().to_string())).collect(),
        ..Plan::new(
            verb,
            target.clone(),
            ProductRef {
                name: world.product.name.clone(),
                title: world.product.title.clone(),
                version: world.version(),
                digest: world.product.digest.clone(),
            },
        )
    };
    super::existing::take_in(&mut plan, live, &target.pact);
    Ok(plan)
}

/// A step for each object; configuration is judged first, since its readers restart with it.
fn steps(
    objects: Vec<Wanted>,
    places: Vec<(u32, Vec<ObjectId>)>,
    (live, left): (&BTreeMap<ObjectId, Object>, &BTreeMap<ObjectId, Vec<String>>),
    world: &World<'_>,
    target: &Target,
    findings: &mut Vec<Finding>,
) -> Vec<Step> {
    let manager = target.field_manager();
    let mut changed = ChangedConfiguration::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut ordered: Vec<(Wanted, (u32, Vec<ObjectId>))> = objects.into_iter().zip(places).collect();
    // Configuration comes in an earlier wave than its readers, or in the author's order within one.
    ordered.sort_by_key(|(_, (wave, _))| *wave);
    let scope = world.scope(&None);
    let at_start = world
        .product
        .migration
        .iter()
        .any(|migration| migration.at_start && scope.truth(migration.when.as_ref()).unwrap_or(false));
    for (mut wanted, (wave, after)) in ordered {
        let id = wanted.object.id();
        let there = (live.get(&id), left.get(&id).map_or(&[][..], Vec::as_slice));
        let action = action(&mut wanted, there, world.secrets, &manager, &changed, findings);
        changed.add(&wanted.object, &action);
        let class = Class::of(&wanted.object);
        let one_first = at_start
            && world.product.groups.contains_key(&wanted.group)
            && wanted.object.kind() == "Deployment"
            && wanted.object.integer(&["spec", "replicas"]).is_some_and(|replicas| replicas > 1);
        steps.push(Step { wanted, action, wave, after, class, one_first });
    }
    steps
}

/// The key Secret: every secret of ours, with what it opens.
fn keys(world: &World<'_>, live: &BTreeMap<ObjectId, Object>, target: &Target, faults: &mut Vec<Finding>) -> KeyPlan {
    let (mut entries, mut rotations) = (Vec::new(), BTreeMap::new());
    let mut generation = 0;
    for (path, secret) in &world.secrets.0 {
        let SecretRef::Keys { generation: made, key } = &secret.at else { continue };
        generation = generation.max(*made);
        let mut opens = Vec::new();
        if let Some(question) = item::secret(world.product, path) {
            let scope = world.scope(&question.scope);
            for template in &question.opens {
                match scope.text(template) {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => opens.push(target.pact.claim(&text).to_string()),
                    Err(fault) => faults.push(fault_at(&fault, &format!("keys {path}"))),
                }
            }
        }
        match Rotation::of(world, path) {
            Ok(rotation) => rotations.extend(rotation.map(|rotation| (key.clone(), rotation))),
            Err(fault) => faults.push(fault_at(&fault, &format!("keys {path}"))),
        }
        entries.push(KeyEntry { path: key.clone(), source: secret.source, opens });
    }
    let generation = generation.max(1);
    let id = ObjectId::new("", "Secret", &target.namespace, &target.key_secret_name(generation));
    let exists =
        live.get(&id).is_some_and(|there| entries.iter().all(|entry| there.at(&["data", &entry.path]).is_some()));
    KeyPlan { generation, exists, entries, rotations }
}

/// What could not be checked, since it may not be read.
fn unchecked(world: &World<'_>) -> Vec<Finding> {
    let unread = world.secrets.0.iter().filter_map(|(path, secret)| {
        let SecretRef::Existing { namespace, name, .. } = &secret.at else { return None };
        let question = item::secret(world.product, path).filter(|question| !question.checks.is_empty())?;
        if secret.value.is_some() {
            return None;
        }
        let what = format!("{path} is not checked: the Secret {name} may not be read");
        let why = question.checks.iter().map(|check| check.say.as_str()).collect::<Vec<_>>().join("; ");
        let remedy = format!("make sure of it yourself, or grant: get on secrets/{name} in the namespace {namespace}");
        Some(Finding::new("SECRET_UNCHECKED", Severity::Info, what).why(why).remedy(remedy).at(path.clone()))
    });
    unread.collect()
}

fn fault_at(fault: &EvaluationFault, at: &str) -> Finding {
    Finding::new("EXPRESSION", Severity::Error, fault.message.clone()).at(at)
}

/// The name of a group as a component writes it: `self` is the component.
pub(super) fn group<'a>(name: &'a str, scope: &'a ScopeId) -> &'a str {
    match scope {
        Some(id) if name == "self" => id,
        _ => name,
    }
}

fn health(world: &World<'_>, faults: &mut Vec<Finding>) -> Vec<HealthCheck> {
    let mut checks = Vec::new();
    for check in &world.product.health {
        let of = group(&check.group, &check.scope);
        if check.scope.as_ref().is_some_and(|id| world.mode(id).is_ok_and(|mode| mode == "off")) {
            continue;
        }
        let scope = world.scope(&check.scope);
        let made = scope.truth(check.when.as_ref()).and_then(|wanted| {
            if !wanted {
                return Ok(None);
            }
            let probe = match &check.probe {
                HealthProbe::Http { service, port, path } => {
                    Probe::Http { service: scope.text(service)?, port: scope.text(port)?, path: scope.text(path)? }
                }
                HealthProbe::Exec { group: in_group, command } => Probe::Exec {
                    group: group(in_group, &check.scope).to_owned(),
                    command: command.iter().map(|part| scope.text(part)).collect::<Result<_, _>>()?,
                },
            };
            Ok(Some(HealthCheck { group: of.to_owned(), probe, within_seconds: check.within_seconds }))
        });
        match made {
            Ok(made) => checks.extend(made),
            Err(fault) => faults.push(fault_at(&fault, &format!("health of {of}"))),
        }
    }
    checks
}

/// The log patterns and notes that hold.
fn said(world: &World<'_>, faults: &mut Vec<Finding>) -> (Vec<LogPattern>, Vec<String>) {
    let mut patterns = Vec::new();
    for pattern in &world.product.log_patterns {
        match world.scope(&pattern.scope).truth(pattern.when.as_ref()) {
            Ok(true) => patterns.push(LogPattern {
                matches: pattern.matches.clone(),
                code: pattern.code.clone(),
                say: pattern.say.clone(),
                remedy: pattern.remedy.clone(),
            }),
            Ok(false) => {}
            Err(fault) => faults.push(fault_at(&fault, &format!("logPatterns {}", pattern.code))),
        }
    }
    let mut notes = Vec::new();
    for note in &world.product.notes {
        let scope = world.scope(&note.scope);
        let text = scope
            .truth(note.when.as_ref())
            .and_then(|holds| if holds { scope.text(&note.say).map(Some) } else { Ok(None) });
        match text {
            Ok(text) => notes.extend(text),
            Err(fault) => faults.push(fault_at(&fault, "notes")),
        }
    }
    (patterns, notes)
}

#[cfg(test)]
pub(in crate::plan) mod tests;
