//! The answers and keys of a release that a chart laid down, found where the product says (`adopt.yaml`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::laid::text;
use super::{ChartRelease, HELM_MARKS};
use crate::answers::RecordedAnswer;
use crate::answers::value::{from_text, from_value};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::diff::opens_something;
use crate::product::Recipe;
use crate::product::adopt::{Adopt, Place, Rule, reach};
use crate::product::recipe::Given;
use crate::product::schema::Product;
use crate::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};

/// What a release comes to in the product's words.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// The answers, as a run of slipway would have recorded them.
    pub answers: BTreeMap<String, RecordedAnswer>,
    /// What goes into the key Secret, with its values.
    pub secrets: Secrets,
    /// The version that is installed, as far as it can be told.
    pub version: String,
    /// What could not be carried over.
    pub findings: Vec<Finding>,
    /// Entries of Secrets that are not text: they cannot be made again out of the key Secret.
    pub(super) not_text: Vec<String>,
    /// How the secret entries of Secrets and ConfigMaps are made, by kind, name and key.
    recipes: BTreeMap<(String, String, String), Recipe>,
}

impl Derived {
    pub(super) fn recipe(&self, kind: &str, name: &str, key: &str) -> Option<Recipe> {
        self.recipes.get(&(kind.to_string(), name.to_string(), key.to_string())).cloned()
    }
}

/// Finds the answers and keys. `live` holds the release's objects.
pub fn derive(product: &Product, adopt: &Adopt, chart: &ChartRelease, live: &BTreeMap<ObjectId, Object>) -> Derived {
    let objects: Vec<&Object> = chart.objects().iter().filter_map(|sent| live.get(&sent.id())).collect();
    let scene = Scene { objects: &objects, values: &chart.values };
    let mut derived = Derived::default();
    // Entries of Secrets and ConfigMaps that an answer was read from.
    let mut read: BTreeMap<(String, String, String), Option<String>> = BTreeMap::new();
    for (path, rules) in &adopt.answers {
        let Some(question) = product.questions.get(path) else { continue };
        if let Some(at) = rules.iter().find_map(|rule| scene.elsewhere(rule, chart.objects_in()))
            && !rules.iter().any(|rule| scene.answer(rule).is_some())
        {
            derived.answers.insert(path.clone(), recorded(Value::Null, Some(at)));
            continue;
        }
        let Some((rule, found)) = rules.iter().find_map(|rule| Some((rule, scene.answer(rule)?))) else { continue };
        if let Some(place) = rule.from.as_deref().and_then(entry) {
            let of = question.is_secret().then(|| path.clone());
            read.entry(place).or_insert(of);
        }
        if question.is_secret() {
            let Some(value) = found.as_str().filter(|value| !value.is_empty()) else { continue };
            let at = SecretRef::Keys { generation: 1, key: path.clone() };
            let value = Some(SecretText::new(value));
            derived.answers.insert(path.clone(), recorded(Value::Null, Some(at.clone())));
            derived.secrets.0.insert(path.clone(), Secret { source: SecretSource::Brought, value, at });
            continue;
        }
        let answer = match &found {
            Value::String(text) => from_text(&question.kind, text),
            other => from_value(&question.kind, other),
        };
        match answer {
            Ok(value) => drop(derived.answers.insert(path.clone(), recorded(value, None))),
            Err(rule) => derived.findings.push(
                Finding::new("ADOPT_ANSWER", Severity::Warning, format!("{path} cannot be carried over: it {rule}"))
                    .why(
                        "it stays as it is until the release is changed, and is then what the product takes by default",
                    )
                    .remedy(format!("say what it is to be when it is changed: --set {path}=…"))
                    .at(path.clone()),
            ),
        }
    }
    if let Some(version) = adopt.answers.get("version").and_then(|rules| rules.first()?.from.as_deref()) {
        let image = Place::read(version).and_then(|place| scene.at(place));
        let image = image.as_ref().and_then(Value::as_str).unwrap_or("");
        derived.version = image.rsplit_once(':').map_or("", |(_, tag)| tag).to_string();
        if !derived.answers.contains_key("version") {
            let what = format!("which version runs cannot be told: its image is {}", crate::sanitize::line(image));
            derived.findings.push(
                Finding::new("ADOPT_VERSION", Severity::Warning, what)
                    .why("nothing changes now; a change afterwards takes the product's default version, which may be older")
                    .remedy("choose the version when it is changed: --set version=…")
                    .at("version"),
            );
        }
    }
    entries(&objects, &read, &mut derived);
    derived
}

fn recorded(value: Value, secret: Option<SecretRef>) -> RecordedAnswer {
    RecordedAnswer { value, secret, origin: "lastRun".into() }
}

/// The entry of a Secret or ConfigMap that a place names.
fn entry(place: &str) -> Option<(String, String, String)> {
    let place = Place::read(place)?;
    let (kind, name) = place.object.filter(|(kind, _)| matches!(*kind, "Secret" | "ConfigMap"))?;
    Some((kind.to_string(), name.to_string(), place.pointer.strip_prefix("/data/")?.to_string()))
}

/// How every secret entry is made again: a record holds no values.
fn entries(objects: &[&Object], read: &BTreeMap<(String, String, String), Option<String>>, derived: &mut Derived) {
    let known: Vec<(String, SecretText)> =
        derived.secrets.0.iter().filter_map(|(path, secret)| Some((path.clone(), secret.value.clone()?))).collect();
    for object in objects.iter().filter(|object| matches!(object.kind(), "Secret" | "ConfigMap")) {
        let keys: BTreeSet<String> =
            object.at(&["data"]).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect();
        for key in keys {
            let place = (object.kind().to_string(), object.name().to_string(), key.clone());
            let Some(text) = text(object, &key) else {
                derived.not_text.push(format!("the entry {key} of {}", object.id().short()));
                continue;
            };
            let recipe = match read.get(&place) {
                Some(Some(path)) => plainly(path),
                // A clean answer came from it: it is recorded as such.
                Some(None) => continue,
                None => match within(&text, &known) {
                    Some(recipe) => recipe,
                    None if is_clean(object, &text) => continue,
                    None => {
                        let path = format!("adopted.{}.{key}", object.name());
                        let at = SecretRef::Keys { generation: 1, key: path.clone() };
                        let value = Some(SecretText::new(text));
                        derived.secrets.0.insert(path.clone(), Secret { source: SecretSource::Brought, value, at });
                        plainly(&path)
                    }
                },
            };
            derived.recipes.insert(place, recipe);
        }
    }
}

fn given(path: &str) -> BTreeMap<String, Given> {
    let at = SecretRef::Keys { generation: 1, key: path.to_string() };
    BTreeMap::from([("value".to_string(), Given::Secret { path: path.to_string(), at })])
}

/// The value itself.
fn plainly(path: &str) -> Recipe {
    Recipe { template: "${value}".into(), with: given(path) }
}

/// A URL whose password is a known one: made from it, so that a rotated one is not brought back by a rollback.
fn within(text: &str, known: &[(String, SecretText)]) -> Option<Recipe> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, rest) = rest.split_once(':')?;
    let (path, after) = known.iter().find_map(|(path, value)| {
        let after = rest.strip_prefix(value.expose())?.strip_prefix('@')?;
        (!after.contains('@')).then_some((path, after))
    })?;
    let literal = |text: &str| text.replace("${", "$${");
    let template = format!("{}://{}:${{value}}@{}", literal(scheme), literal(user), literal(after));
    Some(Recipe { template, with: given(path) })
}

/// What holds no secret: in a ConfigMap everything but an address with a user, in a Secret an address without one.
fn is_clean(object: &Object, text: &str) -> bool {
    !opens_something(text) && (object.kind() == "ConfigMap" || text.contains("://"))
}

/// What rules look at.
pub(super) struct Scene<'a> {
    pub(super) objects: &'a [&'a Object],
    pub(super) values: &'a Value,
}

impl Scene<'_> {
    /// Whether all conditions hold.
    pub(super) fn holds(&self, when: &[String]) -> bool {
        when.iter().all(|condition| {
            let (wanted, condition) =
                condition.strip_prefix('!').map_or((true, condition.as_str()), |rest| (false, rest));
            let (place, text) =
                condition.split_once('=').map_or((condition, None), |(place, text)| (place, Some(text)));
            let found = Place::read(place).and_then(|place| self.at(place));
            let holds = match (found, text) {
                (Some(Value::String(found)), Some(text)) => found == text,
                (Some(found @ (Value::Bool(_) | Value::Number(_))), Some(text)) => {
                    serde_json::to_string(&found).is_ok_and(|found| found == text)
                }
                (Some(_), Some(_)) => false,
                (found, None) => found.is_some(),
                (None, Some(_)) => false,
            };
            holds == wanted
        })
    }

    /// What is at a place; nothing where it is null, empty text, or not there.
    fn at(&self, place: Place<'_>) -> Option<Value> {
        let found = match place.object {
            None => reach(self.values, place.pointer)?.clone(),
            Some((kind, name)) => {
                let object = self.objects.iter().find(|object| object.kind() == kind && object.name() == name)?;
                match place.pointer.strip_prefix("/data/").filter(|_| kind == "Secret") {
                    Some(key) => Value::from(text(object, key)?),
                    None => reach(&object.0, place.pointer)?.clone(),
                }
            }
        };
        let empty = found.is_null() || found.as_str() == Some("");
        (!empty).then_some(found)
    }

    /// The entry of somebody else's Secret that a rule names.
    fn elsewhere(&self, rule: &Rule, namespace: &str) -> Option<SecretRef> {
        let places = rule.secret.as_ref().filter(|_| self.holds(&rule.when))?;
        let text = |place: &str| Some(self.at(Place::read(place)?)?.as_str()?.to_string());
        let (name, key) = (text(&places.name)?, text(&places.key)?);
        Some(SecretRef::Existing { namespace: namespace.to_string(), name, key })
    }

    fn answer(&self, rule: &Rule) -> Option<Value> {
        if !self.holds(&rule.when) {
            return None;
        }
        let Some(from) = &rule.from else { return rule.is.clone() };
        let mut found = self.at(Place::read(from)?)?;
        if let Some(part) = &rule.part {
            let text = found.as_str()?;
            found = regex::Regex::new(part).ok()?.captures(text)?.get(1)?.as_str().into();
        }
        if found.as_str().is_some_and(|text| rule.without.iter().any(|drop| text.starts_with(drop))) {
            return None;
        }
        if let (Some(put), Some(text)) = (&rule.put, found.as_str()) {
            found = put.replace("{}", text).into();
        }
        if let Value::Object(entries) = &mut found {
            let drops = rule.without.iter().map(String::as_str).chain(HELM_MARKS);
            let drops: Vec<&str> = drops.collect();
            entries.retain(|key, _| !drops.iter().any(|drop| key.starts_with(drop)));
        }
        Some(found)
    }
}
