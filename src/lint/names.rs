//! Names that mean nothing, and names that lead back to themselves (language.md "Names", "Lint").

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Severity};
use crate::product::schema::{Product, ScopeId};
use crate::suggest;

use super::spots::{Owner, Spot};

const CLUSTER: [&str; 8] =
    ["version", "storageClasses", "ingressClasses", "gatewayClasses", "issuers", "crds", "openshift", "provider"];

/// Every unknown name, with the nearest known one.
pub(super) fn unknown(product: &Product, spots: &[Spot]) -> Vec<Finding> {
    let mut found = Vec::new();
    for spot in spots {
        for name in &spot.names {
            if let Err(known) = meaning(product, spot, name) {
                let near = suggest::nearest(name, known.iter().map(String::as_str));
                let remedy = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                let what = format!("`{name}` is not known");
                found.push(Finding::new("UNKNOWN_NAME", Severity::Error, what).remedy(remedy).at(spot.at.clone()));
            }
        }
    }
    found
}

/// Values, outputs, inputs, modes, defaults and conditions that lead back to themselves; each circle is told once.
pub(super) fn cycles(product: &Product, spots: &[Spot]) -> Vec<Finding> {
    let mut leads: BTreeMap<Owner, BTreeSet<Owner>> = BTreeMap::new();
    let mut places: BTreeMap<Owner, String> = BTreeMap::new();
    for spot in spots {
        let Some(owner) = &spot.owner else { continue };
        places.entry(owner.clone()).or_insert_with(|| spot.at.clone());
        let named = spot.names.iter().filter_map(|name| meaning(product, spot, name).ok().flatten());
        leads.entry(owner.clone()).or_default().extend(named);
    }
    let mut found = Vec::new();
    let mut done = BTreeSet::new();
    for owner in leads.keys() {
        circle(owner, &leads, &mut Vec::new(), &mut done, &mut |way: &[Owner]| {
            let way: Vec<String> = way.iter().map(shown).collect();
            let what = format!("{} leads back to itself", way[0]);
            let at = places.get(owner).cloned().unwrap_or_default();
            found.push(
                Finding::new("CYCLE", Severity::Error, what).why(format!("{} → {}", way.join(" → "), way[0])).at(at),
            );
        });
    }
    found
}

fn circle(
    owner: &Owner,
    leads: &BTreeMap<Owner, BTreeSet<Owner>>,
    way: &mut Vec<Owner>,
    done: &mut BTreeSet<Owner>,
    tell: &mut dyn FnMut(&[Owner]),
) {
    if let Some(from) = way.iter().position(|before| before == owner) {
        tell(&way[from..]);
        return;
    }
    if !done.insert(owner.clone()) {
        return;
    }
    way.push(owner.clone());
    for next in leads.get(owner).into_iter().flatten() {
        circle(next, leads, way, done, tell);
    }
    way.pop();
}

fn shown(owner: &Owner) -> String {
    match owner {
        Owner::Question(path) => path.clone(),
        Owner::Value(None, name) => format!("values.{name}"),
        Owner::Value(Some(id), name) => format!("values.{name} of {id}"),
        Owner::Output(id, name) => format!("components.{id}.{name}"),
        Owner::Input(id, name) => format!("the input {name} of {id}"),
        Owner::Mode(id) => format!("the mode of {id}"),
    }
}

/// What a name stands for: something that is made (`Some`), something given (`None`), or nothing, with what is known.
fn meaning(product: &Product, spot: &Spot, name: &str) -> Result<Option<Owner>, Vec<String>> {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let part = rest.split('.').next().unwrap_or(rest);
    if spot.bound.iter().any(|bound| bound == first) {
        return Ok(None);
    }
    let fixed = |fields: &[&str]| {
        if rest.is_empty() || fields.contains(&rest) {
            Ok(None)
        } else {
            Err(fields.iter().map(|field| format!("{first}.{field}")).collect())
        }
    };
    match (first, &spot.scope) {
        ("profile" | "version" | "registry", _) if rest.is_empty() => Ok(None),
        ("release", _) => fixed(&["name", "namespace"]),
        ("product", _) => fixed(&["name", "title"]),
        ("cluster", _) if CLUSTER.contains(&part) => Ok(None),
        ("cluster", _) => Err(CLUSTER.iter().map(|field| format!("cluster.{field}")).collect()),
        ("values", scope) => {
            let values = match scope {
                None => Some(&product.values),
                Some(id) => product.components.get(id).map(|component| &component.values),
            };
            made(values.into_iter().flat_map(|values| values.keys()), "values", part, || {
                Owner::Value(scope.clone(), part.to_owned())
            })
        }
        ("components", None) => component_part(product, spot, rest),
        ("mode", Some(id)) if rest.is_empty() => Ok(Some(Owner::Mode(id.clone()))),
        ("inputs", Some(id)) => {
            let inputs = product.components.get(id).into_iter().flat_map(|component| component.inputs.keys());
            made(inputs, "inputs", part, || Owner::Input(id.clone(), part.to_owned()))
        }
        ("outputs", Some(id)) => {
            let outputs = product.components.get(id).into_iter().flat_map(|component| component.outputs.keys());
            made(outputs, "outputs", part, || Owner::Output(id.clone(), part.to_owned()))
        }
        _ => answer(product, &spot.scope, name),
    }
}

fn component_part(product: &Product, spot: &Spot, rest: &str) -> Result<Option<Owner>, Vec<String>> {
    let (id, output) = rest.split_once('.').unwrap_or((rest, ""));
    let Some(component) = product.components.get(id) else {
        return Err(product.components.keys().map(|id| format!("components.{id}")).collect());
    };
    let part = output.split('.').next().unwrap_or(output);
    if component.outputs.contains_key(part) {
        return Ok(Some(Owner::Output(id.to_owned(), part.to_owned())));
    }
    if part == "mode" {
        return Ok(Some(Owner::Mode(id.to_owned())));
    }
    answer(product, &spot.scope, rest)
        .map_err(|_| component.outputs.keys().map(|output| format!("components.{id}.{output}")).collect())
}

fn made<'p>(
    known: impl Iterator<Item = &'p String>,
    what: &str,
    part: &str,
    owner: impl FnOnce() -> Owner,
) -> Result<Option<Owner>, Vec<String>> {
    let known: Vec<&String> = known.collect();
    if known.iter().any(|name| *name == part) {
        Ok(Some(owner()))
    } else {
        Err(known.iter().map(|name| format!("{what}.{name}")).collect())
    }
}

/// The path of a question as the whole product knows it.
pub(super) fn question_path(scope: &ScopeId, name: &str) -> String {
    match scope {
        None => name.to_owned(),
        Some(id) => format!("{id}.{}", name.strip_prefix("keys.").unwrap_or(name)),
    }
}

/// The question that a name reads: itself, or one of its fields.
pub(super) fn question<'p>(product: &'p Product, scope: &ScopeId, name: &str) -> Option<&'p str> {
    let path = question_path(scope, name);
    let mut known = path.as_str();
    loop {
        if let Some((path, _)) = product.questions.get_key_value(known) {
            return Some(path);
        }
        known = &known[..known.rfind('.')?];
    }
}

fn answer(product: &Product, scope: &ScopeId, name: &str) -> Result<Option<Owner>, Vec<String>> {
    if let Some(path) = question(product, scope, name) {
        return Ok(Some(Owner::Question(path.to_owned())));
    }
    let prefix = scope.as_ref().map(|id| format!("{id}.")).unwrap_or_default();
    Err(product.questions.keys().filter_map(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect())
}
