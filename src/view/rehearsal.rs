//! A small form and a small plan for the tests of every face.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::overview::{Mend, Overview};
use super::questions::{
    Fault, Input, Made, MadeObject, Offer, PageState, PageView, QuestionView, Questions, SecretInput, Standing,
    Whereabouts, Widget,
};
use crate::answers::Origin;
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Class, FieldChange, KeyEntry, KeyPlan, Plan, ProductRef, Step, Target, Verb, Wanted};
use crate::preflight::{Asked, Totals};
use crate::product::Recipe;
use crate::product::recipe::Given;
use crate::quantity::Quantity;
use crate::secret::{SecretRef, SecretSource, SecretText};

/// The value that no screen and no output may hold unless it is revealed.
pub(crate) const TYPED_SECRET: &str = "hunter2-hunter2";

/// A form of three pages: database, access, keys.
#[derive(Default)]
pub(crate) struct Rehearsal {
    pub(crate) answers: BTreeMap<String, String>,
    secrets: BTreeMap<String, SecretText>,
    pub(crate) generated: Vec<String>,
}

fn choice(value: &str, text: &str) -> (String, String) {
    (value.into(), text.into())
}

impl Rehearsal {
    fn value(&self, path: &str, default: &str) -> String {
        self.answers.get(path).cloned().unwrap_or_else(|| default.into())
    }

    fn external(&self) -> bool {
        self.value("database.mode", "bundled") == "external"
    }

    fn ask(&self, path: &str, ask: &str, widget: Widget, default: &str) -> QuestionView {
        let given = self.answers.contains_key(path);
        let text = self.value(path, default);
        let value = match widget {
            Widget::YesNo => Value::from(text == "true"),
            Widget::Choices(_) | Widget::List => text.lines().map(Value::from).collect(),
            _ => Value::from(text.clone()),
        };
        QuestionView {
            path: path.into(),
            ask: ask.into(),
            why: String::new(),
            secret: widget == Widget::Secret,
            widget,
            kind: String::new(),
            text,
            value,
            can_generate: false,
            origin: Some(if given { Origin::Typed } else { Origin::Default }),
            default_text: default.into(),
            beneath: (Some(Origin::Default), default.into()),
            optional: false,
            fault: None,
            example: String::new(),
            advanced: false,
            locked: false,
            suggestions: Ok(vec![]),
        }
    }

    fn database(&self) -> Vec<QuestionView> {
        let modes = vec![
            choice("bundled", "In the cluster, made by slipway"),
            choice("external", "A PostgreSQL that exists already"),
            choice("sqlite", "SQLite in the pod: lost with the pod"),
        ];
        let mut asked = vec![QuestionView {
            why: "Decides what survives, and who backs it up.".into(),
            ..self.ask("database.mode", "Where does Inngest keep its state?", Widget::Choice(modes), "bundled")
        }];
        if self.external() {
            asked.push(QuestionView {
                example: "postgres://user:password@db.example.com:5432/inngest".into(),
                text: if self.secrets.contains_key("database.url") { "********".into() } else { String::new() },
                ..self.ask("database.url", "Connection URL", Widget::Secret, "")
            });
        } else {
            asked.push(QuestionView {
                why: "The volume outlives upgrades and uninstall. It can grow later; it cannot shrink.".into(),
                fault: self.storage_fault().map(|fault| fault.what),
                example: "20Gi".into(),
                ..self.ask("database.storage", "Storage", Widget::Line, "8Gi")
            });
            asked.push(QuestionView {
                suggestions: Ok(vec![
                    Offer { value: "standard".into(), note: "default here, can grow".into() },
                    Offer { value: "premium-rwo".into(), note: "cannot grow".into() },
                ]),
                optional: true,
                ..self.ask("database.storageClass", "Storage class", Widget::Line, "")
            });
        }
        asked.push(QuestionView {
            advanced: true,
            ..self.ask("database.connections", "Open connections per replica", Widget::Line, "100")
        });
        asked
    }

    fn storage_fault(&self) -> Option<Fault> {
        let value = self.value("database.storage", "8Gi");
        (!value.ends_with("Gi")).then(|| Fault {
            path: "database.storage".into(),
            missing: false,
            what: format!("must be a number and Gi, not \"{value}\""),
            example: "20Gi".into(),
        })
    }

    fn access(&self) -> Vec<QuestionView> {
        let ways = vec![choice("ui", "The page"), choice("api", "The API"), choice("metrics", "The metrics")];
        vec![
            self.ask("exposure.public", "Reachable from outside?", Widget::YesNo, "false"),
            self.ask("exposure.what", "What is published", Widget::Choices(ways), "api"),
            QuestionView { optional: true, ..self.ask("sdkUrls", "SDK URLs", Widget::List, "") },
            QuestionView { optional: true, advanced: true, ..self.ask("nodeSelector", "Affinity", Widget::Lines, "") },
        ]
    }

    fn keys(&self) -> Vec<QuestionView> {
        let made = self.generated.iter().any(|path| path == "keys.event");
        let text = match (made, self.secrets.contains_key("keys.event")) {
            (true, _) => "made by slipway".into(),
            (_, true) => "********".into(),
            _ => String::new(),
        };
        vec![QuestionView { text, can_generate: true, ..self.ask("keys.event", "Event key", Widget::Secret, "") }]
    }
}

impl Questions for Rehearsal {
    fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            doing: "install inngest v1.43.0".into(),
            context: "kind-dev".into(),
            namespace: "inngest".into(),
            practice: false,
        }
    }

    fn pages(&self) -> Vec<PageView> {
        [("database", "Database"), ("access", "Access"), ("keys", "Keys")]
            .into_iter()
            .map(|(id, title)| {
                let questions = self.page(id);
                let wrong = questions.iter().any(|question| question.fault.is_some());
                PageView {
                    id: id.into(),
                    title: title.into(),
                    state: if wrong { PageState::Faulty } else { PageState::Open },
                    questions: questions.iter().filter(|question| !question.advanced).count(),
                    advanced: questions.iter().filter(|question| question.advanced).count(),
                    advanced_changed: questions
                        .iter()
                        .filter(|question| question.advanced && question.origin == Some(Origin::Typed))
                        .count(),
                    wrong: questions.iter().filter(|question| question.fault.is_some()).count(),
                    missing: 0,
                }
            })
            .collect()
    }

    fn page(&self, id: &str) -> Vec<QuestionView> {
        match id {
            "database" => self.database(),
            "access" => self.access(),
            "keys" => self.keys(),
            _ => Vec::new(),
        }
    }

    fn question(&self, path: &str) -> Option<QuestionView> {
        ["database", "access", "keys"].iter().flat_map(|page| self.page(page)).find(|question| question.path == path)
    }

    fn set(&mut self, path: &str, input: Input) -> Result<(), String> {
        let text = match input {
            Input::Text(text) | Input::Value(Value::String(text)) => text,
            Input::Value(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
            Input::Value(value) => value.to_string(),
            Input::Secret(SecretInput::Value(secret)) => {
                self.secrets.insert(path.into(), secret);
                self.generated.retain(|known| known != path);
                return Ok(());
            }
            Input::Secret(SecretInput::Generate) => {
                self.generate(path);
                return Ok(());
            }
            Input::Secret(reference) => reference.reference().unwrap(),
        };
        self.answers.insert(path.into(), text);
        self.question(path).and_then(|question| question.fault).map_or(Ok(()), Err)
    }

    fn reset(&mut self, path: &str) {
        self.answers.remove(path);
        self.secrets.remove(path);
        self.generated.retain(|known| known != path);
    }

    fn generate(&mut self, path: &str) {
        self.generated.push(path.into());
    }

    fn reveal(&self, path: &str) -> Option<SecretText> {
        self.secrets.get(path).cloned()
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> =
            if self.external() { Vec::new() } else { self.storage_fault().into_iter().collect() };
        for path in ["database.url", "keys.event"] {
            let empty = self.question(path).is_some_and(|question| question.text.is_empty());
            if empty {
                let what = "is missing".into();
                faults.push(Fault { path: path.into(), missing: true, what, example: String::new() });
            }
        }
        faults
    }

    fn made(&self) -> Made {
        let made = |group: &str, kind: &str, name: &str, detail: &str, yaml: String| MadeObject {
            group: group.into(),
            kind: kind.into(),
            name: name.into(),
            detail: detail.into(),
            standing: Standing::New,
            yaml,
        };
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: inngest\n".into();
        let mut objects = vec![made("first", "Namespace", "inngest", "", namespace)];
        let mut asked = Asked { cpu: Quantity::milli(500), memory: Quantity::bytes(1 << 30), ..Asked::default() };
        if !self.external() {
            let size = self.value("database.storage", "8Gi");
            let yaml = format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: inngest-postgresql\nspec:\n  accessModes:\n    - ReadWriteOnce\n  resources:\n    requests:\n      storage: {size}\n"
            );
            objects.push(made("database", "PersistentVolumeClaim", "inngest-postgresql", &size, yaml));
            let yaml = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n    - port: 5432\n".into();
            objects.push(made("database", "Service", "inngest-postgresql", "5432", yaml));
            asked.storage = size.parse().unwrap_or(Quantity::ZERO);
        }
        let outside = if self.value("exposure.public", "false") == "true" {
            vec!["https://inngest.example.com/e/, /v1/".into()]
        } else {
            vec![]
        };
        Made { objects, totals: Totals { asked, outside, ..Totals::default() }, ..Made::default() }
    }

    fn checks(&self) -> String {
        "9 fine, 1 warning (no ingress controller found)".into()
    }
}

fn step(action: Action, object: Value) -> Step {
    let object = Object(object);
    let class = Class::of(&object);
    let wanted = Wanted { object, group: "server".into(), after: vec![], recipes: BTreeMap::new() };
    Step { wanted, action, wave: 0, after: vec![], class, one_first: false }
}

/// The event key goes into its Secret by a recipe.
fn with_recipe(mut step: Step) -> Step {
    let at = SecretRef::Keys { generation: 1, key: "keys.event".into() };
    let event = Given::Secret { path: "keys.event".into(), at };
    let recipe = Recipe { template: "${keys.event}".into(), with: BTreeMap::from([("keys.event".into(), event)]) };
    step.wanted.recipes.insert("INNGEST_EVENT_KEY".into(), recipe);
    step
}

/// An install with a change, a replacement and what is kept.
pub(crate) fn overview() -> Overview {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "inngest", "namespace": "inngest"},
        "data": {"INNGEST_EVENT_KEY": "W2hpZGRlbl0=", "TOKEN": "aHVudGVyMi1odW50ZXIy"}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "inngest-postgresql", "namespace": "inngest"},
        "spec": {"storageClassName": "standard", "resources": {"requests": {"storage": "20Gi"}}}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "inngest", "namespace": "inngest"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "inngest/inngest:v1.43.0"}]}}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inngest", "namespace": "inngest"},
        "spec": {"type": "ClusterIP", "ports": [{"port": 8288}]}});
    let fields =
        vec![FieldChange { path: "spec.type".into(), from: Some(json!("LoadBalancer")), to: Some(json!("ClusterIP")) }];
    let event = KeyEntry {
        path: "keys.event".into(),
        source: SecretSource::Generated,
        opens: vec!["clients that send events".into()],
    };
    let plan = Plan {
        namespace_exists: false,
        keys: KeyPlan { generation: 1, exists: false, entries: vec![event], ..KeyPlan::default() },
        steps: vec![
            with_recipe(step(Action::Create, secret)),
            step(Action::Create, claim),
            step(Action::Create, deployment),
            step(Action::Change { fields, restarts: true }, service),
        ],
        usual_seconds: Some((40, 120)),
        ..Plan::new(
            Verb::Install,
            Target {
                context: "prod-eu".into(),
                server: "https://34.90.1.2".into(),
                namespace: "inngest".into(),
                release: "inngest".into(),
                profile: "production".into(),
                ..Target::default()
            },
            ProductRef {
                name: "inngest".into(),
                title: "Inngest".into(),
                version: "v1.43.0".into(),
                ..Default::default()
            },
        )
    };
    let warning = Finding::new("NAME_DOES_NOT_RESOLVE", Severity::Warning, "inngest.example.com does not resolve yet");
    Overview {
        plan,
        cluster: vec!["v1.35.1".into(), "12 nodes".into(), "gke".into()],
        findings: vec![warning],
        skipped: vec![],
        repeat: "slipway install inngest --context prod-eu -f inngest.yaml --yes".into(),
        mends: vec![Mend {
            code: "STORAGE_CLASS_MISSING".into(),
            at: "database.storageClass".into(),
            path: "database.storageClass".into(),
            ask: "Storage class".into(),
        }],
    }
}

/// What blocks it.
pub(crate) fn blocking() -> Finding {
    Finding::new("STORAGE_CLASS_MISSING", Severity::Error, "storage class \"fast\" does not exist here")
        .remedy("choose standard, or premium-rwo")
        .at("database.storageClass")
}
