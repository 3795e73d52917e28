//! The answers that lint renders a product with: every profile, the combinations of choices and yes/no questions, and
//! each question that may be left open, given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::answers::form::{Form, Given, Layers, NoSources, Place};
use crate::answers::value;
use crate::answers::view::{Input, SecretInput};
use crate::facts::{Facts, SUPPORTED};
use crate::product::expression::{Expression, Looked};
use crate::product::item;
use crate::product::schema::{Check, Kind, Product, Question, ScopeId};
use crate::product::world::World;
use crate::secret::{SecretText, Secrets};

use super::decided::{self, Decided};
use super::threes::{Answer, Threes, chosen};

/// Up to so many combinations every one is rendered (language.md "Lint").
pub(super) const ALL_UP_TO: usize = 5_000;
/// Fills that are tried before answers are taken to exclude each other.
const TRIES: usize = 24;

/// A question whose every answer is tried.
pub(super) struct Factor {
    /// Its path.
    pub(super) path: String,
    /// Its answers.
    pub(super) values: Vec<Value>,
    scope: ScopeId,
    when: Option<Expression>,
    checks: Vec<Check>,
}

/// Which answer each factor has, by number; `None` where it is not asked.
pub(super) type Row = Vec<Option<usize>>;

/// Makes forms out of answers.
pub(super) struct Cases {
    product: Arc<Product>,
    facts: Arc<Facts>,
    samples: Given,
    /// What is combined.
    pub(super) factors: Vec<Factor>,
    /// Number of each factor, by its path.
    numbers: BTreeMap<String, usize>,
    /// The answers that are given without being combined.
    base: BTreeMap<String, Value>,
    decided: Mutex<Decided>,
    /// Secrets inside the items of lists, as far as any was met.
    inside: Mutex<Given>,
}

/// The combinations to render.
pub(super) struct Combined {
    /// Them.
    pub(super) rows: Vec<Row>,
    /// Every one there is; else every three answers together.
    pub(super) all: bool,
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of a cluster that nobody looked at: nothing, so that no fact forbids an answer.
fn unseen(openshift: bool) -> Facts {
    Facts { version: SUPPORTED.1, git_version: format!("v{}.0", SUPPORTED.1), openshift, ..Facts::default() }
}

impl Cases {
    /// Prepares a product.
    pub(super) fn of(product: &Arc<Product>) -> Self {
        let samples = product.questions.values();
        let samples = samples.filter(|one| !one.optional && one.default.is_none() && one.generate.is_none());
        let samples = samples.filter_map(|one| Some((one.path.clone(), sample(one)?))).collect();
        let factors: Vec<Factor> = product.questions.values().filter_map(factor).collect();
        let numbers = factors.iter().enumerate().map(|(number, factor)| (factor.path.clone(), number)).collect();
        let mut cases = Self {
            product: Arc::clone(product),
            facts: Arc::new(unseen(false)),
            samples,
            factors,
            numbers,
            base: BTreeMap::new(),
            decided: Mutex::default(),
            inside: Mutex::default(),
        };
        let profile = cases.profile().to_owned();
        cases.base = cases.form(&profile, Given::new(), false).answers().clone();
        cases
    }

    /// The profile under which answers are combined: one that is not production, where rules are fewest.
    pub(super) fn profile(&self) -> &str {
        let lenient = self.product.profiles.iter().find(|profile| !profile.production);
        lenient.or(self.product.profiles.first()).map_or("", |profile| &profile.id)
    }

    /// A form with answers on top of the samples.
    pub(super) fn form(&self, profile: &str, answers: Given, openshift: bool) -> Form {
        let mut given = self.samples.clone();
        given.extend(locked(&self.inside).clone());
        given.extend(answers);
        let place = Place {
            namespace: self.product.namespace.clone(),
            release: self.product.name.clone(),
            profile: profile.to_owned(),
        };
        let facts = if openshift { Arc::new(unseen(true)) } else { Arc::clone(&self.facts) };
        // One layer for all of them: each answer that is set on its own works the whole form out again.
        let layers = Layers { flags: given, ..Layers::default() };
        let mut form = Form::new(Arc::clone(&self.product), place, facts, layers, Arc::new(NoSources), [7; 32]);
        for question in self.product.questions.values() {
            let items = form.answers().get(&question.path).and_then(Value::as_array).cloned().unwrap_or_default();
            let keys: Vec<String> = items.iter().filter_map(|item| question.key_of(item)).collect();
            for (key, field) in keys.iter().flat_map(|key| question.secret_fields().map(move |field| (key, field))) {
                let path = item::path(&question.path, key, &field.path);
                if locked(&self.inside).contains_key(&path) {
                    continue;
                }
                if let Some(input) = sample(field) {
                    locked(&self.inside).insert(path.clone(), input.clone());
                    // What is wrong with it is among the form's faults.
                    let _ = form.set(&path, input);
                }
            }
        }
        form
    }

    /// The answers of a row.
    pub(super) fn answers(&self, row: &Row) -> Given {
        let given = self.factors.iter().zip(row).filter_map(|(factor, chosen)| {
            Some((factor.path.clone(), Input::Value(factor.values[(*chosen)?].clone())))
        });
        given.collect()
    }

    /// A row with what is not asked left out; none where a rule refuses it.
    fn asked(&self, chosen: &[usize]) -> Option<Row> {
        let mut row: Row = chosen.iter().copied().map(Some).collect();
        // Again after a change, since a condition may name what is asked later.
        for _ in 0..2 {
            let mut changed = false;
            for (number, factor) in self.factors.iter().enumerate() {
                let Some(when) = &factor.when else { continue };
                let holds = self
                    .holds(("when", number, 0), &row, |world| world.scope(&factor.scope).truth(Some(when)) == Ok(true));
                let asked = holds.then_some(chosen[number]);
                changed |= row[number] != asked;
                row[number] = asked;
            }
            if !changed {
                break;
            }
        }
        for (number, (factor, chosen)) in self.factors.iter().zip(&row).enumerate() {
            let Some(chosen) = chosen else { continue };
            let refused = |world: &World<'_>| {
                let scope = world.scope(&factor.scope);
                let scope = scope.with("self", Looked::clean(factor.values[*chosen].clone()));
                factor.checks.iter().any(|check| matches!(check.that.holds(&scope), Ok(false)))
            };
            if !factor.checks.is_empty() && self.holds(("checks", number, *chosen), &row, refused) {
                return None;
            }
        }
        let refused = self.product.checks.iter().enumerate().any(|(number, check)| {
            let answered = match self.numbers.get(&check.at) {
                Some(factor) => row[*factor].is_some(),
                None => self.base.get(&check.at).is_some_and(|answer| !answer.is_null()),
            };
            let refuses = |world: &World<'_>| matches!(check.check.that.holds(&world.scope(&None)), Ok(false));
            answered && self.holds(("rule", number, 0), &row, refuses)
        });
        (!refused).then_some(row)
    }

    /// Whether something holds with these answers, which is looked at once for all that it reads.
    fn holds(&self, place: decided::Place, row: &Row, look: impl FnOnce(&World<'_>) -> bool) -> bool {
        locked(&self.decided).holds(place, row, || {
            let mut answers = self.base.clone();
            for (factor, chosen) in self.factors.iter().zip(row) {
                answers.insert(factor.path.clone(), chosen.map_or(Value::Null, |chosen| factor.values[chosen].clone()));
            }
            let secrets = Secrets::default();
            let place = (self.product.namespace.as_str(), self.product.name.as_str(), self.profile());
            let world = World::new(&self.product, &answers, &secrets, &self.facts, place).watched();
            let holds = look(&world);
            (holds, world.read_answers().iter().filter_map(|path| self.numbers.get(path).copied()).collect())
        })
    }

    /// All combinations where there are few, else such that every three answers that can stand together do.
    pub(super) fn combined(&self, limit: usize) -> Combined {
        let mut rows = BTreeSet::new();
        let mut chosen = vec![0; self.factors.len()];
        let raw: usize = self.factors.iter().fold(1usize, |all, factor| all.saturating_mul(factor.values.len()));
        if raw <= limit.saturating_mul(4) {
            loop {
                rows.extend(self.asked(&chosen));
                let Some(next) = (0..chosen.len()).rev().find(|at| chosen[*at] + 1 < self.factors[*at].values.len())
                else {
                    break;
                };
                chosen[next] += 1;
                chosen[next + 1..].fill(0);
            }
            if rows.len() <= limit {
                return Combined { rows: rows.into_iter().collect(), all: true };
            }
        }
        Combined { rows: self.every_three(), all: false }
    }

    fn every_three(&self) -> Vec<Row> {
        let mut missing = Threes::all(&self.factors);
        let mut random = Steps(0x5eed);
        let mut rows: Vec<Row> = Vec::new();
        // Pairs of answers that were seen together: where two alone exclude each other, all that hold them are settled.
        let mut together: BTreeSet<[Answer; 2]> = BTreeSet::new();
        while let Some(wanted) = missing.first() {
            let pairs = [[wanted[0], wanted[1]], [wanted[0], wanted[2]], [wanted[1], wanted[2]]];
            let never = pairs.into_iter().find(|pair| {
                let known = together.contains(pair);
                !known
                    && !(0..2 * TRIES).any(|_| self.fill(pair, &mut random).is_some_and(|row| see(&row, &mut together)))
            });
            if let Some(pair) = never {
                missing.without(pair);
            } else if let Some(row) = self.best(&wanted, &missing, &mut random) {
                see(&row, &mut together);
                missing.met_by(&row);
                rows.push(row);
            } else {
                missing.settle(wanted);
            }
        }
        rows
    }

    fn fill(&self, wanted: &[Answer], random: &mut Steps) -> Option<Row> {
        let mut chosen: Vec<usize> = self.factors.iter().map(|factor| random.below(factor.values.len())).collect();
        wanted.iter().for_each(|(factor, value)| chosen[*factor] = *value);
        self.asked(&chosen).filter(|row| wanted.iter().all(|(factor, value)| row[*factor] == Some(*value)))
    }

    fn best(&self, wanted: &[Answer; 3], missing: &Threes, random: &mut Steps) -> Option<Row> {
        let fills = (0..TRIES).filter_map(|_| self.fill(wanted, random)).take(4);
        fills.max_by_key(|row| missing.count(row))
    }

    /// The questions that no combination answers but whose answer may change what is rendered, each with a sample.
    pub(super) fn single(&self) -> Vec<(String, Input)> {
        let questions = self.product.questions.values();
        let open = questions.filter(|one| !self.samples.contains_key(&one.path) && one.generate.is_none());
        let open =
            open.filter(|one| !self.factors.iter().any(|factor| factor.path == one.path) && one.path != "version");
        // Any text is no sample of what has a default of its own, such as an image.
        let open = open.filter(|one| one.kind != Kind::Text || one.default.is_none() || !one.example.is_empty());
        open.filter_map(|one| Some((one.path.clone(), sample(one)?))).collect()
    }

    /// The secrets that an operator may bring as a reference.
    pub(super) fn brought(&self) -> Vec<String> {
        let secret = self.product.questions.values().filter(|one| one.is_secret() && one.generate.is_none());
        secret.map(|one| one.path.clone()).collect()
    }
}

/// Notes every pair of a row; true, so that it reads as part of a condition.
fn see(row: &Row, together: &mut BTreeSet<[Answer; 2]>) -> bool {
    let chosen = chosen(row);
    for (at, one) in chosen.iter().enumerate() {
        together.extend(chosen[at + 1..].iter().map(|other| [*one, *other]));
    }
    true
}

fn factor(question: &Question) -> Option<Factor> {
    let values = match &question.kind {
        Kind::Choice(choices) => choices.keys().map(|choice| json!(choice)).collect(),
        Kind::YesNo => vec![json!(false), json!(true)],
        _ => return None,
    };
    let Question { path, scope, when, checks, .. } = question.clone();
    Some(Factor { path, values, scope, when, checks })
}

/// An answer that fits: the example, else one of the type.
fn sample(question: &Question) -> Option<Input> {
    if question.is_secret() {
        let value = if question.example.is_empty() { "a-sample-of-a-secret" } else { &question.example };
        return Some(Input::Secret(SecretInput::Value(SecretText::new(value))));
    }
    if !question.example.is_empty() {
        return Some(Input::Text(question.example.clone()));
    }
    Some(match &question.kind {
        Kind::Text | Kind::Multiline | Kind::StorageClass | Kind::IngressClass => Input::Text("sample".into()),
        Kind::Number { min, max } => Input::Text(min.or(*max).unwrap_or(2).to_string()),
        Kind::Port => Input::Text("8080".into()),
        Kind::Quantity => Input::Text("1Gi".into()),
        Kind::Duration => Input::Text("60s".into()),
        Kind::Host => Input::Text("sample.example.com".into()),
        Kind::Url { schemes } => {
            Input::Text(format!("{}://sample.example.com", schemes.first().map_or("https", String::as_str)))
        }
        Kind::Issuer => Input::Value(json!({"kind": "ClusterIssuer", "name": "sample"})),
        Kind::ExistingSecret => Input::Value(json!({"name": "sample", "keys": ["sample"]})),
        Kind::Map => Input::Value(json!({"example.com/sample": "sample"})),
        Kind::List(of) if matches!(**of, Kind::Port) => Input::Value(json!([8080])),
        Kind::List(of) if matches!(**of, Kind::Text) => Input::Value(json!(["sample"])),
        Kind::Choices(choices) => Input::Value(json!(choices.keys().collect::<Vec<_>>())),
        Kind::Choice(choices) => Input::Text(choices.keys().next()?.clone()),
        Kind::YesNo => Input::Value(json!(true)),
        Kind::Items { fields, .. } => {
            let mut item = serde_json::Map::new();
            for field in fields.iter().filter(|field| !field.is_secret()) {
                let value = match sample(field)? {
                    Input::Text(text) => value::from_text(&field.kind, &text).ok()?,
                    Input::Value(value) => value,
                    Input::Secret(_) => return None,
                };
                item.insert(field.path.clone(), value);
            }
            Input::Value(json!([item]))
        }
        _ => return None,
    })
}

/// A fixed sequence of numbers (splitmix64), so that lint says the same each time.
struct Steps(u64);

impl Steps {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit.max(1) as u64).unwrap_or(0)
    }
}
