//! Which answer mends what was found: the way from a fault of the plan back to its question.

use std::collections::BTreeMap;

use crate::answers::Form;
use crate::answers::view::QuestionView;
use crate::finding::{Finding, Severity};
use crate::plan::{Plan, Step};

/// An answer that mends a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mend {
    /// Code of the finding.
    pub code: String,
    /// What the finding is about.
    pub at: String,
    /// Path of the answer.
    pub path: String,
    /// What is asked there.
    pub ask: String,
}

/// Knows which answers there are and which object belongs where, so that what is found can be led back to its question; also
/// while a run goes on, when the form is not at hand.
#[derive(Clone, Debug, Default)]
pub struct Mender {
    /// The questions that are asked now, with the word for their type.
    asked: Vec<(QuestionView, &'static str)>,
    /// The group of each object, by its id.
    groups: BTreeMap<String, String>,
}

impl Mender {
    /// The questions of a form, and the objects of the plan that was made of it.
    pub fn of(plan: &Plan, form: &Form) -> Self {
        let asked = form.product().questions.values();
        let asked = asked.filter_map(|question| Some((form.question(&question.path)?, question.kind.word()))).collect();
        let id = |step: &Step| step.wanted.object.id().to_string();
        Self { asked, groups: plan.steps.iter().map(|step| (id(step), step.wanted.group.clone())).collect() }
    }

    /// The answer that mends a finding, where one can be named. `about` is the object that it is about, where that is not
    /// what the finding itself names: of a pod its workload.
    pub fn mend(&self, finding: &Finding, about: Option<&str>) -> Option<Mend> {
        let to = |question: &QuestionView| Mend {
            code: finding.code.clone(),
            at: finding.at.clone(),
            path: question.path.clone(),
            ask: question.ask.clone(),
        };
        // Some name their answer themselves.
        if let Some((question, _)) = self.asked.iter().find(|(question, _)| question.path == finding.at) {
            return Some(to(question));
        }
        let kinds = kinds(&finding.code);
        let group = self.groups.get(about.unwrap_or(&finding.at)).map_or("", String::as_str);
        let asked = self
            .asked
            .iter()
            .filter(|(question, kind)| kinds.contains(kind) || paths(&finding.code).contains(&question.path.as_str()));
        let scored = asked.filter_map(|(question, _)| {
            let named = mentions(&finding.what, &question.text);
            // A component's questions begin with its id, which is the group of its objects.
            let near = !group.is_empty() && question.path.split('.').next() == Some(group);
            let empty = question.text.is_empty() && finding.code.ends_with("_DEFAULT");
            let score = usize::from(named) * 4 + usize::from(near) * 2 + usize::from(empty);
            (score > 0 && !question.locked).then_some((score, question))
        });
        // Of equals the first, in the order in which they are asked.
        let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
        best.map(|(_, question)| to(question))
    }
}

/// The answers that mend findings, where a question that is asked now can be named.
pub fn mends<'f>(findings: impl IntoIterator<Item = &'f Finding>, plan: &Plan, form: &Form) -> Vec<Mend> {
    let mender = Mender::of(plan, form);
    let faults = findings.into_iter().filter(|finding| finding.severity > Severity::Info);
    faults.filter_map(|finding| mender.mend(finding, None)).collect()
}

/// The answers that every product has, which such a finding is about.
fn paths(code: &str) -> &'static [&'static str] {
    match code {
        "IMAGE_NOT_FOUND" | "IMAGE_NAME_INVALID" | "IMAGE_PLATFORM" => &["version", "registry"],
        "IMAGE_REGISTRY_UNKNOWN" | "IMAGE_REGISTRY_UNREACHABLE" | "IMAGE_CERTIFICATE" => &["registry"],
        _ => &[],
    }
}

/// The types of the questions whose answer such a finding is about.
fn kinds(code: &str) -> &'static [&'static str] {
    match code {
        "STORAGE_CLASS_MISSING"
        | "STORAGE_CLASS_DEFAULT"
        | "STORAGE_CLASS_STATIC"
        | "NO_DEFAULT_STORAGE_CLASS"
        | "NO_MATCHING_VOLUME"
        | "PROVISIONER_SILENT"
        | "PROVISIONING_FAILED"
        | "UNSCHEDULABLE_VOLUME" => &["storageClass"],
        "INGRESS_CLASS_MISSING" | "INGRESS_NO_ADDRESS" => &["ingressClass"],
        "ISSUER_MISSING" | "CERTIFICATE_PENDING" => &["issuer"],
        "HOST_EXAMPLE" | "HOST_TAKEN" => &["host", "url"],
        "SECRET_MISSING" | "SECRET_KEY_MISSING" => &["existingSecret", "secret"],
        "GATEWAY_MISSING" | "GATEWAY_CLASS_MISSING" => &["text"],
        "CLAIM_SHRINKS" => &["quantity"],
        _ => &[],
    }
}

/// Whether a sentence names a value, as a word of its own; a reference is named by the Secret in it.
fn mentions(sentence: &str, value: &str) -> bool {
    let value = value.strip_prefix("secret:").and_then(|place| place.split('/').next()).unwrap_or(value);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    !value.is_empty() && sentence.split(|c: char| !is_part(c)).any(|word| word == value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::answers::form::{Layers, NoSources, Place};
    use crate::answers::view::Input;
    use crate::facts::Facts;
    use crate::object::Object;
    use crate::plan::{Action, Class, Wanted};
    use crate::product::load::built_in_for_tests;

    fn form(set: &[(&str, &str)]) -> Form {
        let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
        let product = Arc::new(built_in_for_tests("inngest"));
        let facts = Arc::new(Facts::assumed());
        let mut form = Form::new(product, place, facts, Layers::default(), Arc::new(NoSources), [7; 32]);
        for (path, text) in set {
            // What is wrong stays, as it would in the form.
            let _told = form.set(path, Input::Text((*text).into()));
        }
        form
    }

    /// A plan with one object of a group, and what is found of it.
    fn found(code: &str, group: &str, what: &str) -> (Plan, Finding) {
        let object = Object(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "thing", "namespace": "inngest"}}));
        let finding = Finding::new(code, Severity::Error, what).at(object.id().to_string());
        let mut plan = crate::view::rehearsal::overview().plan;
        let class = Class::of(&object);
        let recipes = BTreeMap::new();
        let wanted = Wanted { object, group: group.into(), after: vec![], recipes };
        plan.steps.push(Step { wanted, action: Action::Create, wave: 0, after: vec![], class, one_first: false });
        (plan, finding)
    }

    fn path(form: &Form, code: &str, group: &str, what: &str) -> Option<String> {
        let (plan, finding) = found(code, group, what);
        mends([&finding], &plan, form).into_iter().next().map(|mend| mend.path)
    }

    #[test]
    fn a_class_that_is_missing_leads_to_the_question_of_the_component_whose_claim_it_is() {
        let form = form(&[("database.storageClass", "fast"), ("queue.storageClass", "fast")]);
        let what = "the claim x asks for the storage class fast, which does not exist here";
        for group in ["database", "queue"] {
            let expected = format!("{group}.storageClass");
            assert_eq!(path(&form, "STORAGE_CLASS_MISSING", group, what), Some(expected));
        }
        let what = "the claim x names no storage class, and there is no default one";
        assert_eq!(path(&form, "STORAGE_CLASS_DEFAULT", "queue", what).as_deref(), Some("queue.storageClass"));
    }

    #[test]
    fn a_host_leads_to_the_question_that_holds_it_and_what_no_answer_mends_leads_nowhere() {
        let form = form(&[("exposure.mode", "ingress"), ("exposure.host", "inngest.example.com")]);
        let what = "the host inngest.example.com is served by Ingress/shop in the namespace shop already";
        assert_eq!(path(&form, "HOST_TAKEN", "server", what).as_deref(), Some("exposure.host"));
        assert_eq!(path(&form, "NODES_TOO_SMALL", "server", what), None);
        assert_eq!(path(&form, "HOST_TAKEN", "server", "the host other.org is served already"), None);
    }

    #[test]
    fn a_finding_that_names_its_answer_is_taken_at_its_word() {
        let form = form(&[]);
        let (plan, finding) = found("SECRET_COPIED", "server", "x");
        let finding = Finding { at: "database.storage".into(), ..finding };
        let made = mends([&finding], &plan, &form);
        assert_eq!((made[0].path.as_str(), made[0].ask.as_str()), ("database.storage", "Storage"));
    }

    #[test]
    fn what_stands_still_leads_to_its_answer_by_the_workload_of_the_pod_that_says_so() {
        let form = form(&[]);
        let (plan, finding) = found("UNSCHEDULABLE_VOLUME", "queue", "no node takes inngest-redis-0");
        let workload = finding.at.clone();
        let of_pod = Finding { at: "Pod/inngest/inngest-redis-0".into(), ..finding };
        let mender = Mender::of(&plan, &form);
        let path = |about| mender.mend(&of_pod, about).map(|mend| mend.path);
        assert_eq!(path(Some(&workload)).as_deref(), Some("queue.storageClass"));
        assert_eq!(path(None), None);
        let image = Finding::new("IMAGE_NOT_FOUND", Severity::Error, "inngest-0 cannot pull inngest/inngest:v1.43.0");
        assert_eq!(mender.mend(&image, None).map(|mend| mend.path).as_deref(), Some("version"));
        let other = Finding { what: "inngest-redis-0 cannot pull redis:7-alpine".into(), ..image };
        assert_eq!(mender.mend(&other, None), None);
    }

    #[test]
    fn a_value_is_named_as_a_word_of_its_own() {
        assert!(mentions("the class fast, which", "fast") && !mentions("the class faster", "fast"));
        assert!(mentions("the Secret db has no url", "secret:db/url") && !mentions("anything", ""));
    }
}
