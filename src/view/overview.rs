//! What a plan will do, in the words that review shows: where to, how much, every object with its fields, what speaks
//! against it and which answer mends that, and the command that repeats it. Holds no secret value: a plan has none.

mod fields;
mod mends;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::progress::seconds;
use super::questions::Whereabouts;
use super::way::looks_like_production;
use crate::finding::{Finding, Severity};
use crate::plan::gates;
use crate::plan::set::OPENS;
use crate::plan::{Action, Class, Plan, Step, Verb};

pub use fields::Field;
pub use mends::{Mend, Mender, mends};

/// A plan with what else has to be seen before "yes".
#[derive(Clone, Debug)]
pub struct Overview {
    /// The plan.
    pub plan: Plan,
    /// The cluster in words: `v1.35.1`, `12 nodes`, `gke`.
    pub cluster: Vec<String>,
    /// What the preflight found. Findings of the plan itself come in addition.
    pub findings: Vec<Finding>,
    /// Codes that were skipped (`--skip-preflight CODE`); `all` skips every one.
    pub skipped: Vec<String>,
    /// The command that repeats the run.
    pub repeat: String,
    /// The answers that mend what was found.
    pub mends: Vec<Mend>,
}

/// How many objects something happens to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They are made.
    pub create: usize,
    /// Fields of them change.
    pub change: usize,
    /// Nothing happens to them.
    pub keep: usize,
    /// They are deleted and made again.
    pub replace: usize,
    /// They are deleted.
    pub delete: usize,
}

impl Counts {
    /// Everything that would not stay as it is.
    pub fn changes(&self) -> usize {
        self.create + self.change + self.replace + self.delete
    }

    /// In words: `Create 14   Change 0   Keep 0`; what is rarer only when it happens.
    pub fn words(&self) -> String {
        let mut words = format!("Create {}   Change {}   Keep {}", self.create, self.change, self.keep);
        for (name, count) in [("Replace", self.replace), ("Delete", self.delete)] {
            if count > 0 {
                words.push_str(&format!("   {name} {count}"));
            }
        }
        words
    }
}

/// One object in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What happens: `create`, `change` …
    pub verb: &'static str,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What matters about it: an image, a size, a host.
    pub note: String,
    /// Its fields, or the fields that change.
    pub fields: Vec<Field>,
}

/// What happens to objects, worst first: what takes something away is seen before what adds.
pub const VERBS: [&str; 5] = ["delete", "replace", "change", "create", "keep"];

impl Overview {
    /// Where one is, for the header.
    pub fn whereabouts(&self) -> Whereabouts {
        let target = &self.plan.target;
        Whereabouts {
            doing: format!("{} {} {}", self.plan.verb.word(), self.plan.product.name, self.plan.product.version),
            context: target.context.clone(),
            namespace: target.namespace.clone(),
            practice: target.practice,
        }
    }

    /// How many objects, the namespace and the key Secret among them.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows() {
            match row.verb {
                "create" => counts.create += 1,
                "change" => counts.change += 1,
                "keep" => counts.keep += 1,
                "replace" => counts.replace += 1,
                _ => counts.delete += 1,
            }
        }
        counts
    }

    /// Every object in the order in which it is written.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let target = &self.plan.target;
        let namespace = &target.namespace;
        if !self.plan.namespace_exists && self.plan.namespace_beside() {
            let note = "new".into();
            rows.push(Row { verb: "create", kind: "Namespace".into(), name: namespace.clone(), note, fields: vec![] });
        }
        let keys = &self.plan.keys;
        let secret = target.key_secret_name(keys.generation.max(1));
        if self.plan.keys_beside() {
            let fields = keys.entries.iter().map(|key| {
                let made = format!("{:?}", key.source).to_lowercase();
                let opens =
                    if key.opens.is_empty() { String::new() } else { format!(", opens {}", key.opens.join(", ")) };
                Field::is(&key.path, format!("{made}, hidden{opens}"))
            });
            rows.push(Row {
                verb: if keys.exists { "keep" } else { "create" },
                kind: "Secret".into(),
                name: secret,
                note: match keys.generation {
                    2.. if !keys.exists => {
                        format!(
                            "what is new, and a copy of the rest; {} stays",
                            target.key_secret_name(keys.generation - 1)
                        )
                    }
                    _ => "made once, kept at uninstall".into(),
                },
                fields: fields.collect(),
            });
        }
        let late = self.plan.late();
        rows.extend(self.plan.steps.iter().map(|step| match step.action {
            Action::Delete if self.plan.verb != Verb::Uninstall => {
                let note =
                    if step.wave < late { "before what takes its place" } else { "no longer wanted, at the end" };
                Row { note: note.into(), ..row(step) }
            }
            _ => row(step),
        }));
        rows
    }

    /// Everything found, what blocks first.
    pub fn all_findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.plan.findings.iter().chain(&self.findings).collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all
    }

    /// What blocks and was not skipped.
    pub fn blocking(&self) -> Vec<&Finding> {
        let mut all = self.all_findings();
        all.retain(|finding| finding.blocks() && !self.is_skipped(finding));
        all
    }

    /// The verb with the cluster's name: `Install into prod-eu`.
    pub fn button(&self) -> String {
        let context = &self.plan.target.context;
        let release = &self.plan.target.release;
        match self.plan.verb {
            Verb::Install => format!("Install into {context}"),
            Verb::Upgrade => format!("Upgrade {release} in {context}"),
            Verb::Rollback => format!("Roll back {release} in {context}"),
            Verb::Uninstall => format!("Uninstall {release} from {context}"),
            Verb::Adopt => format!("Take over {release} in {context}"),
            Verb::Rotate => format!("Rotate keys of {release} in {context}"),
        }
    }

    /// What was found of a severity.
    pub fn found(&self, severity: Severity) -> Vec<&Finding> {
        let mut all = self.all_findings();
        all.retain(|finding| finding.severity == severity);
        all
    }

    /// It blocks by itself, and was skipped by its code.
    pub fn is_skipped(&self, finding: &Finding) -> bool {
        let named_only = gates::NAMED_ONLY.contains(&finding.code.as_str());
        finding.blocks() && self.skipped.iter().any(|skip| *skip == finding.code || (skip == "all" && !named_only))
    }

    /// The answer that mends a finding, where one does.
    pub fn mend(&self, finding: &Finding) -> Option<&Mend> {
        self.mends.iter().find(|mend| mend.code == finding.code && mend.at == finding.at)
    }

    /// Why the cluster looks like one that others depend on.
    pub fn production(&self) -> Option<String> {
        let target = &self.plan.target;
        if target.practice { None } else { looks_like_production(&target.context, &target.server) }
    }

    /// How long it usually takes; empty when it is not known, or when nothing is done.
    pub fn usual(&self) -> String {
        let Some((from, to)) = self.plan.usual_seconds.filter(|_| !self.plan.is_empty()) else { return String::new() };
        let words = |time| seconds(std::time::Duration::from_secs(time)).replace(" min 0 s", " min");
        format!("usually {} to {}", words(from), words(to))
    }
}

fn row(step: &Step) -> Row {
    let object = &step.wanted.object;
    let (verb, note, fields) = match &step.action {
        Action::Create => ("create", note(step), fields::all(&step.wanted)),
        Action::Keep => ("keep", note(step), fields::all(&step.wanted)),
        Action::Delete => ("delete", String::new(), Vec::new()),
        Action::Replace { why } => ("replace", why.clone(), fields::all(&step.wanted)),
        Action::Change { fields, restarts } => {
            let restarts = if *restarts { ", its pods restart" } else { "" };
            let count = if fields.len() == 1 { "1 field".into() } else { format!("{} fields", fields.len()) };
            ("change", format!("{count}{restarts}"), fields::changed(&step.wanted, fields))
        }
    };
    let kind = match object.kind() {
        "PersistentVolumeClaim" => "Claim",
        kind => kind,
    };
    Row { verb, kind: kind.into(), name: object.name().into(), note, fields }
}

fn note(step: &Step) -> String {
    let object = &step.wanted.object;
    if step.class == Class::Claim {
        let size = object.text(&["spec", "resources", "requests", "storage"]);
        let class = object.text(&["spec", "storageClassName"]);
        let about = if class.is_empty() { size.to_string() } else { format!("{size} {class}") };
        return format!("{about}, never deleted unasked");
    }
    if let Some(pod) = object.pod_spec() {
        let image = pod.pointer("/containers/0/image").and_then(Value::as_str).unwrap_or("");
        return match object.integer(&["spec", "replicas"]) {
            Some(replicas) if replicas > 1 && step.one_first && step.action == Action::Create => {
                format!("{image} x{replicas}, one alone until it is ready")
            }
            Some(replicas) if replicas > 1 => format!("{image} x{replicas}"),
            _ => image.to_string(),
        };
    }
    let entries = |key: &str| object.at(&[key]).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    match object.kind() {
        "Secret" if object.annotation(OPENS).is_some() => match step.action {
            Action::Delete => "the keys, for good".into(),
            _ => "keys, kept".into(),
        },
        "Secret" => format!("{} entries, hidden", entries("data")),
        "ConfigMap" => format!("{} entries", entries("data")),
        "Service" => {
            let ports: Vec<String> =
                object.list(&["spec", "ports"]).iter().map(|port| fields::plain(&port["port"])).collect();
            format!("{} {}", object.text(&["spec", "type"]), ports.join(", ")).trim().to_string()
        }
        "Ingress" => {
            let hosts = object.list(&["spec", "rules"]).iter().filter_map(|rule| rule["host"].as_str());
            hosts.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}
