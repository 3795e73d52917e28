//! Where secrets may end: the data of a Secret, text that is made of a tree, and references.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Notes;
use super::piece::Piece;
use crate::finding::{Finding, Severity};
use crate::plan::PLACEHOLDER;
use crate::product::expression::Names;
use crate::product::node::{Node, Place};
use crate::product::recipe::{Given, Recipe};
use crate::product::world::{Scope, World};
use crate::secret::SecretRef;

/// Encodes `data` and `stringData` of a Secret as `data`: clean text as base64, the placeholder where a recipe belongs. (An
/// apply of `stringData` does not own what it writes.)
pub(super) fn encode(secret: &mut Piece, world: &World<'_>, notes: &mut Notes) -> BTreeMap<String, Recipe> {
    let mut recipes = BTreeMap::new();
    let mut encoded: Vec<(String, Piece)> = Vec::new();
    let place = secret.place().clone();
    for field in ["data", "stringData"] {
        let entries = match secret.take(field) {
            None => continue,
            Some(Piece::Map(entries, _)) => entries,
            Some(Piece::Clean(Value::Object(map), place)) => {
                map.into_iter().map(|(key, value)| (key, Piece::Clean(value, place.clone()))).collect()
            }
            Some(other) => {
                notes.fault("SECRET_DATA", other.place(), format!("{field} of a Secret is a mapping"));
                continue;
            }
        };
        for (key, piece) in entries {
            let value = match piece {
                Piece::Clean(Value::String(text), place) => Piece::Clean(Value::from(STANDARD.encode(text)), place),
                Piece::Tainted { recipe, unknown, place } => {
                    may_be_copied(&key, &recipe, unknown, &place, world, notes);
                    recipes.insert(key.clone(), recipe);
                    Piece::Clean(Value::from(PLACEHOLDER), place)
                }
                other => {
                    notes.fault("SECRET_DATA", other.place(), format!("`{key}` of a Secret must be text")).remedy =
                        "put it in quotes, or write ${string(…)}".into();
                    continue;
                }
            };
            encoded.retain(|(known, _)| *known != key);
            encoded.push((key, value));
        }
    }
    if !encoded.is_empty()
        && let Piece::Map(entries, _) = secret
    {
        entries.push(("data".into(), Piece::Map(encoded, place)));
    }
    recipes
}

/// Says where a Secret that the operator named is copied, and refuses where it may not be read.
fn may_be_copied(key: &str, recipe: &Recipe, unknown: bool, place: &Place, world: &World<'_>, notes: &mut Notes) {
    for (path, at) in recipe.secrets() {
        let SecretRef::Existing { namespace, name, .. } = at else { continue };
        let unreadable = unknown && world.secrets.value(path).is_none();
        if unreadable {
            let finding = notes.fault(
                "SECRET_UNREADABLE",
                place,
                format!("`{key}` needs the value of {path}, which may not be read"),
            );
            finding.why = format!("it is in the Secret {name}, and a copy of it is needed here");
            finding.remedy =
                format!("grant: get on secrets/{name} in the namespace {namespace}; or give the value itself");
        } else {
            notes.findings.push(
                Finding::new(
                    "SECRET_COPIED",
                    Severity::Info,
                    format!("{path} is copied out of the Secret {name}; its rotation is not followed"),
                )
                .remedy("run slipway install again after it has been rotated")
                .at(path.to_owned()),
            );
        }
    }
}

/// A tree as YAML or JSON text. Secrets in it become holes of a recipe, each filled in as a JSON string, which is YAML too.
pub(super) fn as_text(tree: Piece, yaml: bool, place: &Place, notes: &mut Notes) -> Option<Piece> {
    // A word of letters and digits: neither format quotes it in YAML, and nothing else in the tree may hold it.
    let shown = format!("{tree:?}");
    let mark = (0..).map(|number| format!("slipwayHole{number}x")).find(|mark| !shown.contains(mark.as_str()))?;
    let mut recipes = Vec::new();
    let value = tree.into_marked(&mark, &mut recipes);
    let text = if yaml {
        serde_yaml::to_string(&value).map_err(|fault| fault.to_string())
    } else {
        serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(|fault| fault.to_string())
    };
    let text = match text {
        Ok(text) => text,
        Err(fault) => {
            notes.fault("DIRECTIVE", place, format!("the tree cannot be written as text: {fault}"));
            return None;
        }
    };
    if recipes.is_empty() {
        return Some(Piece::Clean(Value::from(text), place.clone()));
    }
    let mut template = text.replace("${", "$${");
    let mut with = BTreeMap::new();
    let unknown = recipes.iter().any(|(_, unknown)| *unknown);
    for (number, (recipe, _)) in recipes.into_iter().enumerate() {
        let name = format!("hole{number}");
        let hole = format!("{mark}{number}{mark}");
        let filled = format!("${{json({name})}}");
        template = template.replace(&format!("\"{hole}\""), &filled).replace(&hole, &filled);
        with.insert(name, Given::Recipe(Box::new(recipe)));
    }
    Some(Piece::Tainted { recipe: Recipe { template, with }, unknown, place: place.clone() })
}

/// `$secretRef: path` in the place of `secretKeyRef`: wherever that secret lives. Null where it is not given.
pub(super) fn reference(path: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> Option<Piece> {
    let Some(name) = path.as_text() else {
        notes.fault("DIRECTIVE", &path.place, "$secretRef takes the path of a secret");
        return None;
    };
    match scope.lookup(name) {
        Err(fault) => {
            notes.expression(&path.place, &fault);
            None
        }
        Ok(looked) => match looked.taint.as_ref().map(home) {
            None if looked.value.is_null() => None,
            None => {
                notes.fault("DIRECTIVE", &path.place, format!("`{name}` is not a secret"));
                None
            }
            Some(None) if looked.value.is_null() && !looked.unknown => None,
            Some(None) => {
                notes
                    .fault("DIRECTIVE", &path.place, format!("`{name}` is computed and lives in no Secret of its own"))
                    .remedy = "put it into the data of a Secret and refer to that".into();
                None
            }
            Some(Some(at)) => {
                let (secret, key) = match at {
                    SecretRef::Existing { name, key, .. } => (name.clone(), key),
                    SecretRef::Keys { generation, key } => {
                        (format!("{}-keys-{}", scope.world().release, (*generation).max(1)), key)
                    }
                };
                let reference = json!({"secretKeyRef": {"name": secret, "key": key}});
                Some(Piece::Clean(reference, path.place.clone()))
            }
        },
    }
}

/// Where a secret lives that a name stands for, through names that only pass it on.
fn home(given: &Given) -> Option<&SecretRef> {
    match given {
        Given::Value(_) => None,
        Given::Secret { at, .. } => Some(at),
        Given::Recipe(recipe) => {
            let name = recipe.template.strip_prefix("${")?.strip_suffix('}')?.trim();
            home(recipe.with.get(name)?)
        }
    }
}
