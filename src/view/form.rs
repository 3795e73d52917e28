//! The form of the answers, as the faces drive it, and how a session with an operator ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::menu;
use super::overview::Overview;
use super::questions::{Fault, Input, Made, MadeObject, PageView, QuestionView, Questions, Standing, Whereabouts};
use crate::answers::Form;
use crate::object::{Object, ObjectId};
use crate::plan::render::render;
use crate::plan::{Action, Plan, Target, Wanted};
use crate::preflight::totals;
use crate::sanitize::HIDDEN;
use crate::secret::{SecretRef, SecretText};

/// The group of what is made before everything else.
const FIRST: &str = "first";

/// How a session ended.
pub enum Answered {
    /// Do it: the answers, and what was agreed to.
    Yes(Box<Form>, Box<Overview>),
    /// Something is wanted of a release that is installed.
    Wanted(Box<menu::Wanted>),
    /// Something blocks what was planned.
    Blocked(Box<Overview>),
    /// The operator left; nothing was written.
    Left,
    /// The operator left and kept a draft: where it is, and what is not in it.
    Kept(String),
    /// The input ended before everything was answered or agreed to.
    Ended(Box<Form>),
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM or SIGHUP, or the terminal is gone; where a draft was kept, where it is.
    Terminated(Option<String>),
}

/// The form with what stands around it.
pub struct FormQuestions {
    form: Form,
    whereabouts: Whereabouts,
    checks: String,
    before: Vec<String>,
    /// What the release has now, as it was recorded.
    stands: BTreeMap<ObjectId, Wanted>,
    /// What was answered at the last run.
    answered: BTreeSet<String>,
    /// That is not asked again.
    only_new: bool,
    /// Digest of the product of the last run.
    recorded: String,
}

impl FormQuestions {
    /// Over a form. `checks` is what the preflight says so far, in a line.
    pub fn new(form: Form, whereabouts: Whereabouts, checks: String) -> Self {
        Self {
            form,
            whereabouts,
            checks,
            before: Vec::new(),
            stands: BTreeMap::new(),
            answered: BTreeSet::new(),
            only_new: false,
            recorded: String::new(),
        }
    }

    /// The same after pages that were settled before it.
    #[must_use]
    pub fn after(self, before: Vec<String>) -> Self {
        Self { before, ..self }
    }

    /// The same over a release that stands as a plan of it says.
    #[must_use]
    pub fn over(self, recorded: Option<&Plan>) -> Self {
        let steps = recorded.into_iter().flat_map(|plan| &plan.steps).filter(|step| step.action != Action::Delete);
        let stands = steps.map(|step| (step.wanted.object.id(), step.wanted.clone())).collect();
        let answered = recorded.map(|plan| plan.answers.keys().cloned().collect()).unwrap_or_default();
        let recorded = recorded.map(|plan| plan.product.digest.clone()).unwrap_or_default();
        Self { stands, answered, recorded, ..self }
    }

    /// The same, asking only what was not answered at the last run, and what is wrong.
    #[must_use]
    pub fn only_new(self) -> Self {
        Self { only_new: true, ..self }
    }

    /// Nothing is new and nothing is wrong: there is nothing to ask.
    pub fn has_nothing_new(&self) -> bool {
        let pages = self.form.pages();
        let mut asked = pages.iter().flat_map(|page| self.form.page(&page.id)).filter(|question| !question.advanced);
        self.only_new && self.form.is_complete() && asked.all(|question| self.stands(&question.path))
    }

    /// What a run makes before everything else: the namespace, and the Secret with the keys.
    fn first(&self) -> Vec<Wanted> {
        let place = self.form.place();
        let wanted =
            |object| Wanted { object: Object(object), group: FIRST.into(), after: vec![], recipes: BTreeMap::new() };
        let name = &place.namespace;
        let mut first = vec![wanted(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))];
        let mut keys = Map::new();
        let mut newest = 1;
        for secret in self.form.secrets().0.values() {
            if let SecretRef::Keys { generation, key } = &secret.at {
                newest = newest.max(*generation);
                keys.insert(key.clone(), Value::from(HIDDEN));
            }
        }
        if !keys.is_empty() {
            let target = Target { release: place.release.clone(), ..Target::default() };
            let metadata = json!({"name": target.key_secret_name(newest), "namespace": name});
            first.push(wanted(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": keys})));
        }
        first
    }

    /// The form.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The form, to change it.
    pub fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    /// Gives the form back.
    pub fn into_form(self) -> Form {
        self.form
    }
}

impl Questions for FormQuestions {
    fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.clone()
    }
    fn before(&self) -> Vec<String> {
        self.before.clone()
    }
    fn pages(&self) -> Vec<PageView> {
        self.form.pages()
    }
    fn page(&self, id: &str) -> Vec<QuestionView> {
        self.form.page(id)
    }
    fn question(&self, path: &str) -> Option<QuestionView> {
        self.form.question(path)
    }
    fn stands(&self, path: &str) -> bool {
        // Nothing was said to what may be left open: that is only new where the product is another one, and never what
        // was pinned like that.
        let left_open = self.form.product().questions.get(path).is_some_and(|question| {
            question.optional && (question.sticky || self.recorded == self.form.product().digest)
        });
        self.only_new && (left_open || self.answered.contains(path))
    }
    fn set(&mut self, path: &str, input: Input) -> Result<(), String> {
        self.form.set(path, input).map_err(|refused| refused.what)
    }
    fn judge(&self, path: &str, input: &Input) -> Result<(), String> {
        self.form.judge(path, input)
    }
    fn reset(&mut self, path: &str) {
        self.form.reset(path);
    }
    fn generate(&mut self, path: &str) {
        self.form.generate(path);
    }
    fn reveal(&self, path: &str) -> Option<SecretText> {
        self.form.secrets().value(path).cloned()
    }
    fn faults(&self) -> Vec<Fault> {
        self.form.faults().to_vec()
    }
    /// What does not render yet makes nothing, and says why.
    fn made(&self) -> Made {
        let world = self.form.world();
        let open = self.form.faults().len();
        let nothing = |missing: String| Made { missing, open, ..Made::default() };
        // An answer that cannot even be read stands for nothing: what it would leave out is not what anybody said.
        let unread = |fault: &&Fault| !fault.missing && !self.form.answers().contains_key(&fault.path);
        if let Some(fault) = self.form.faults().iter().find(unread) {
            return nothing(format!("{} {}", fault.path, fault.what));
        }
        let wanted = match render(&world) {
            Ok(rendered) => rendered.objects,
            Err(faults) => {
                return nothing(match (self.form.faults().first(), faults.first()) {
                    (Some(fault), _) => format!("{} {}", fault.path, fault.what),
                    (None, Some(fault)) => fault.what.clone(),
                    (None, None) => String::new(),
                });
            }
        };
        let ranges = self.form.world().facts.namespace.limit_ranges.known().cloned().unwrap_or_default();
        let totals = totals(&wanted.iter().map(|one| &one.object).collect::<Vec<_>>(), &ranges);
        let standing = |one: &Wanted| match self.stands.get(&one.object.id()) {
            None => Standing::New,
            Some(there) if there.object == one.object && there.recipes == one.recipes => Standing::Same,
            Some(_) => Standing::Changed,
        };
        let first = self.first().into_iter().map(|one| {
            let there = match one.object.kind() {
                "Namespace" => world.facts.namespace.exists,
                _ => world
                    .facts
                    .namespace
                    .secrets
                    .known()
                    .is_some_and(|all| all.iter().any(|secret| secret.name == one.object.name())),
            };
            MadeObject::of(&one, if there { Standing::Same } else { Standing::New })
        });
        let objects = first.chain(wanted.iter().map(|one| MadeObject::of(one, standing(one)))).collect();
        Made { objects, totals, missing: String::new(), open }
    }
    fn checks(&self) -> String {
        self.checks.clone()
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
