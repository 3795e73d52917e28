//! Renders a product with many answers and judges what comes out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::answers::form::{Form, Given};
use crate::answers::view::{Input, SecretInput};
use crate::finding::{Finding, Severity};
use crate::plan::Wanted;
use crate::plan::render::{Rendered, render};
use crate::plan::waves::waves;
use crate::product::schema::{HealthProbe, Product};

use super::abreast;
use super::cases::{Cases, Combined, Row};
use super::schema::Schemas;

/// One rendering.
pub(super) struct Case {
    /// The answers, as the form holds them.
    pub(super) form: Form,
    /// The objects.
    pub(super) objects: Vec<Wanted>,
    /// The answers in words.
    pub(super) with: String,
}

/// Everything that was rendered.
pub(super) struct Seen {
    /// The product.
    pub(super) product: Arc<Product>,
    /// Renderings without a fault.
    pub(super) cases: Vec<Case>,
    /// Pairs of answers of one question that were compared: `(path, answer, other answer)`, and whether they made a
    /// difference.
    pub(super) compared: BTreeMap<(String, String, String), bool>,
    /// The renderings of combinations, by their place among the cases.
    of_row: BTreeMap<Row, usize>,
    /// How many combinations were rendered.
    pub(super) combinations: usize,
    /// They were all there are.
    pub(super) all: bool,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

/// Renders a product with every profile, combination and open question, and judges what comes out.
pub(super) fn all(product: &Arc<Product>, limit: usize) -> Seen {
    let (cases, combined, mut seen) = renderings(product, limit);
    seen.compare(&cases, &combined.rows);
    seen.check_schemas();
    seen.findings.dedup();
    seen
}

/// The renderings alone, with what they were made from.
pub(super) fn renderings(product: &Arc<Product>, limit: usize) -> (Cases, Combined, Seen) {
    let cases = Cases::of(product);
    let mut seen = Seen {
        product: Arc::clone(product),
        cases: Vec::new(),
        compared: BTreeMap::new(),
        of_row: BTreeMap::new(),
        combinations: 0,
        all: true,
        findings: Vec::new(),
    };
    let profiles = product.profiles.iter().map(|profile| (profile.id.as_str(), false));
    for (profile, openshift) in profiles.chain([(cases.profile(), true)]) {
        let when = if openshift { "OpenShift".to_owned() } else { format!("the profile {profile}") };
        seen.take(made(cases.form(profile, Given::new(), openshift), when, true));
    }
    let combined = cases.combined(limit);
    seen.all = combined.all;
    let forms = abreast::each(combined.rows.iter().collect(), |row: &Row| {
        let form = cases.form(cases.profile(), cases.answers(row), false);
        form.is_complete().then_some(form)
    });
    let mut open: BTreeMap<String, Input> = cases.single().into_iter().collect();
    let mut brought: BTreeSet<String> = cases.brought().into_iter().collect();
    let mut jobs = Vec::new();
    for (row, form) in combined.rows.iter().zip(forms).filter_map(|(row, form)| Some((row, form?))) {
        let shown: Vec<String> =
            open.keys().chain(&brought).filter(|path| form.question(path).is_some()).cloned().collect();
        for path in shown {
            let mut with = cases.answers(row);
            if brought.remove(&path) {
                let existing = SecretInput::Existing { name: "sample".into(), key: "sample".into() };
                with.insert(path.clone(), Input::Secret(existing));
            } else if let Some(input) = open.remove(&path) {
                with.insert(path.clone(), input);
            }
            jobs.push(Job::Given(path, with));
        }
        jobs.push(Job::Row(row, Box::new(form)));
    }
    let done = abreast::each(jobs, |job| match job {
        Job::Row(row, form) => (Some(row), made(*form, told(&cases, row), true)),
        Job::Given(path, with) => {
            (None, made(cases.form(cases.profile(), with, false), format!("{path} given"), false))
        }
    });
    for (row, made) in done {
        let before = seen.cases.len();
        seen.take(made);
        if let Some(row) = row {
            seen.combinations += 1;
            if seen.cases.len() > before {
                seen.of_row.insert(row.clone(), before);
            }
        }
    }
    (cases, combined, seen)
}

/// What is rendered.
enum Job<'r> {
    /// A combination.
    Row(&'r Row, Box<Form>),
    /// One with a question answered that may be left open, by its path.
    Given(String, Given),
}

/// A form, and what it comes to; none where it is not complete.
struct Made {
    form: Form,
    when: String,
    must_be_complete: bool,
    rendered: Option<Result<Rendered, Vec<Finding>>>,
}

fn made(form: Form, when: String, must_be_complete: bool) -> Made {
    let rendered = form.is_complete().then(|| {
        let mut rendered = said(&form).and_then(|()| render(&form.world()))?;
        let product = form.product();
        let groups = product.groups.keys().chain(product.components.keys()).map(String::as_str).collect();
        if let Err(mut faults) = waves(&rendered.objects, &groups) {
            faults.append(&mut rendered.findings);
            rendered.findings = faults;
        }
        Ok(rendered)
    });
    Made { form, when, must_be_complete, rendered }
}

/// The answers of a row in words.
pub(super) fn told(cases: &Cases, row: &Row) -> String {
    let said = cases
        .factors
        .iter()
        .zip(row)
        .filter_map(|(factor, chosen)| Some(format!("{}={}", factor.path, text(&factor.values[(*chosen)?]))));
    said.collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Seen {
    /// Adds a finding once, whatever the answers under which it was first seen.
    fn tell(&mut self, mut finding: Finding, when: &str) {
        // Whether a Secret may be read is for the operator's cluster to say, not a fault of the product.
        if finding.code == "SECRET_UNREADABLE" {
            return;
        }
        // What takes an address apart fails on a sample that is none.
        if finding.remedy.is_empty() && finding.what.contains("not a URL") {
            finding.remedy = "lint answers with samples: give the question that holds the address an `example`".into();
        }
        let known = self
            .findings
            .iter()
            .any(|one| one.code == finding.code && one.what == finding.what && one.at == finding.at);
        if !known {
            if finding.why.is_empty() {
                finding.why = format!("first seen with {when}");
            }
            self.findings.push(finding);
        }
    }

    fn take(&mut self, Made { form, when, must_be_complete, rendered }: Made) {
        match rendered {
            None if must_be_complete => {
                for fault in form.faults() {
                    let what = format!("no sample answer fits: {}", fault.what);
                    let finding = Finding::new("NO_SAMPLE", Severity::Error, what).at(fault.path.clone());
                    self.tell(finding.remedy("give the question an `example` that its checks accept"), &when);
                }
            }
            None => {}
            Some(Ok(Rendered { objects, findings })) => {
                findings.into_iter().for_each(|finding| self.tell(finding, &when));
                self.cases.push(Case { form, objects, with: when });
            }
            Some(Err(faults)) => faults.into_iter().for_each(|fault| self.tell(fault, &when)),
        }
    }

    /// Looks whether each answer of a choice makes a difference to the next one somewhere.
    fn compare(&mut self, cases: &Cases, rows: &[Row]) {
        let pairs = cases.factors.iter().enumerate();
        let pairs = pairs.flat_map(|(number, factor)| factor.values.windows(2).map(move |pair| (number, pair)));
        let differ = abreast::each(pairs.clone().collect(), |(number, pair)| self.differ(cases, rows, number, pair));
        for ((number, pair), differs) in pairs.zip(differ) {
            let name = (cases.factors[number].path.clone(), text(&pair[0]), text(&pair[1]));
            self.compared.extend(differs.map(|differs| (name, differs)));
        }
    }

    /// Whether two answers make a difference; none where they could not be compared.
    fn differ(&self, cases: &Cases, rows: &[Row], number: usize, pair: &[Value]) -> Option<bool> {
        let factor = &cases.factors[number];
        let is = |row: &Row, value: &Value| row[number].is_some_and(|chosen| factor.values[chosen] == *value);
        let mut compared = None;
        for row in rows.iter().filter(|row| is(row, &pair[0]) || is(row, &pair[1])).take(12) {
            let [one, other] = [&pair[0], &pair[1]].map(|value| {
                if let Some(case) = self.of_row.get(row).filter(|_| is(row, value)).map(|case| &self.cases[*case]) {
                    return Some((Cow::Borrowed(case.objects.as_slice()), notes(&case.form)));
                }
                let mut answers = cases.answers(row);
                answers.insert(factor.path.clone(), Input::Value(value.clone()));
                let form = cases.form(cases.profile(), answers, false);
                let made = form.is_complete().then(|| render(&form.world()).ok()).flatten()?;
                Some((Cow::Owned(made.objects), notes(&form)))
            });
            if let (Some(one), Some(other)) = (one, other) {
                if one != other {
                    return Some(true);
                }
                compared = Some(false);
            }
        }
        compared
    }

    /// Checks each object against the Kubernetes schemas of every supported minor version.
    fn check_schemas(&mut self) {
        let schemas = Schemas::embedded();
        let versions = schemas.versions();
        let mut known = HashSet::new();
        let objects = self.cases.iter().flat_map(|case| &case.objects).map(|wanted| &wanted.object);
        let distinct: Vec<_> = objects.filter(|object| known.insert(object.0.to_string())).collect();
        let checked = abreast::each(distinct, |object| {
            (object, versions.iter().map(|version| schemas.check(version, &object.0)).collect::<Vec<_>>())
        });
        let mut faults: BTreeMap<(String, String, String), Vec<&str>> = BTreeMap::new();
        for (object, of_versions) in checked {
            for (version, found) in versions.iter().zip(of_versions) {
                for fault in found {
                    let remedy =
                        fault.suggestion.as_ref().map(|near| format!("did you mean {near}?")).unwrap_or_default();
                    let expected = if fault.expected.is_empty() {
                        String::new()
                    } else {
                        format!("; expected {}", fault.expected)
                    };
                    let path = if fault.path.is_empty() { String::new() } else { format!("{}: ", fault.path) };
                    let what = format!("{path}{}{expected}", fault.what);
                    let of = faults.entry((object.id().short(), what, remedy)).or_default();
                    if !of.contains(version) {
                        of.push(version);
                    }
                }
            }
        }
        for ((at, what, remedy), of) in faults {
            let why = if of.len() == versions.len() {
                "in every supported version of Kubernetes".to_owned()
            } else {
                format!("in Kubernetes {}", of.join(", "))
            };
            self.findings.push(Finding::new("SCHEMA", Severity::Error, what).why(why).remedy(remedy).at(at));
        }
    }
}

/// What is said and asked after the objects are there can be evaluated.
fn said(form: &Form) -> Result<(), Vec<Finding>> {
    let world = form.world();
    let mut faults = Vec::new();
    let mut tell = |at: String, fault: crate::product::expression::EvaluationFault| {
        faults.push(Finding::new("EXPRESSION", Severity::Error, fault.message).at(at));
    };
    for health in &form.product().health {
        let scope = world.scope(&health.scope);
        let at = || format!("health of {}", health.group);
        match scope.truth(health.when.as_ref()) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(fault) => tell(at(), fault),
        }
        let templates = match &health.probe {
            HealthProbe::Http { service, port, path } => vec![service, port, path],
            HealthProbe::Exec { command, .. } => command.iter().collect(),
        };
        templates.into_iter().filter_map(|template| scope.text(template).err()).for_each(|fault| tell(at(), fault));
    }
    for (number, note) in form.product().notes.iter().enumerate() {
        let scope = world.scope(&note.scope);
        let made = scope
            .truth(note.when.as_ref())
            .and_then(|holds| if holds { scope.text(&note.say) } else { Ok(String::new()) });
        if let Err(fault) = made {
            tell(format!("notes[{number}]"), fault);
        }
    }
    for pattern in &form.product().log_patterns {
        if let Err(fault) = world.scope(&pattern.scope).truth(pattern.when.as_ref()) {
            tell(format!("log pattern {}", pattern.code), fault);
        }
    }
    for backup in &form.product().backup {
        let scope = world.scope(&backup.scope);
        let made = scope.backup(&backup.item).map(|_| ());
        if let Err(fault) = made {
            tell(format!("backup {}", backup.item.place), fault);
        }
    }
    for path in form.secrets().0.keys() {
        let Some(question) = crate::product::item::secret(form.product(), path) else { continue };
        let scope = world.scope(&question.scope);
        for fault in question.opens.iter().filter_map(|opens| scope.text(opens).err()) {
            tell(format!("`opens` of {path}"), fault);
        }
        let login = question.rotate.iter().filter_map(|rotate| rotate.database.as_ref());
        for fault in login.flat_map(|login| [&login.user, &login.database]).filter_map(|one| scope.text(one).err()) {
            tell(format!("`rotate` of {path}"), fault);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn notes(form: &Form) -> Vec<String> {
    let world = form.world();
    let shown = form.product().notes.iter().filter_map(|note| {
        let scope = world.scope(&note.scope);
        if scope.truth(note.when.as_ref()).ok()? { scope.text(&note.say).ok() } else { None }
    });
    shown.collect()
}
