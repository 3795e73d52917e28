//! Taking over what a Helm chart laid down (cluster.md 5 "Adoption"). No pod is touched: labels and annotations of the
//! objects, who owns their fields, the keys and the record move; Helm's own record goes at the end.

mod derive;
mod judge;
mod laid;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

pub use derive::{Derived, derive};
pub(crate) use judge::has_volume;
pub use judge::{judge, known_shape, of_data, recordable};

use super::render::members::CLUSTER_SCOPED;
use super::set::{OPENED_BY, PART_OF, RELEASE};
use super::{Action, Class, FieldChange, KeyEntry, KeyPlan, Plan, ProductRef, Step, Target, Verb, Wanted};
use crate::object::{Object, ObjectId};
use crate::product::schema::Product;
use crate::secret::SecretSource;

/// Annotations that Helm writes on what it owns.
pub const HELM_MARKS: [&str; 2] = ["meta.helm.sh/release-name", "meta.helm.sh/release-namespace"];
/// Label that Helm's own record carries; its value is `helm`.
pub const HELM_OWNER: &str = "owner";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const CHART: &str = "helm.sh/chart";
/// Title of the wave that takes the objects over; what goes back to them keeps it.
const OWNERSHIP: &str = "Ownership";
const NEVER: [&str; 2] = [MANAGED_BY, CHART];

/// A release of Helm, out of its record. It holds the chart's values, secrets among them.
#[derive(Clone, Default)]
pub struct ChartRelease {
    /// Its name.
    pub name: String,
    /// The namespace that its record is in, which need not be that of its objects.
    pub namespace: String,
    /// Its revision, from 1.
    pub revision: u32,
    /// What Helm says of it: `deployed`, `failed`, `pending-upgrade` …
    pub status: String,
    /// What Helm says of its newest revision, which may be another one.
    pub newest_status: String,
    /// When it was last changed, as Helm writes it.
    pub changed: String,
    /// Name of its chart.
    pub chart: String,
    /// Version of its chart.
    pub version: String,
    /// Annotations of its chart: who installed it may leave a mark there.
    pub annotations: BTreeMap<String, String>,
    /// The chart's values with the operator's over them.
    pub values: Value,
    /// The objects that it laid down, as Helm sent them.
    pub manifest: Vec<Object>,
    /// The objects that hold its record, the oldest revision first, without what is in them.
    pub stored: Vec<Object>,
}

impl fmt::Debug for ChartRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, namespace, revision, status, chart, version, .. } = self;
        write!(f, "{name} in {namespace}, revision {revision} ({status}) of {chart} {version}, values [hidden]")
    }
}

impl ChartRelease {
    /// The namespace of its objects: that of its workloads, which the chart may take from its values.
    pub fn objects_in(&self) -> &str {
        let workloads = self.manifest.iter().filter(|object| object.pod_template_path().is_some());
        let named = workloads.map(Object::namespace).find(|namespace| !namespace.is_empty());
        named.unwrap_or(&self.namespace)
    }

    /// The objects that are taken over: those of its namespace; the Namespace itself is never written (cluster.md 1).
    pub fn objects(&self) -> Vec<Object> {
        let mut objects = self.manifest.clone();
        objects.retain(|object| object.kind() != "Namespace");
        for object in &mut objects {
            if object.namespace().is_empty() && !CLUSTER_SCOPED.contains(&object.kind()) {
                object.set(&["metadata", "namespace"], self.namespace.as_str().into());
            }
        }
        let claims: Vec<Object> = objects.iter().flat_map(template_claims).collect();
        objects.extend(claims);
        objects
    }

    /// It in words: `inngest, revision 3 of chart inngest 0.3.1`.
    pub fn words(&self) -> String {
        format!("{}, revision {} of chart {} {}", self.name, self.revision, self.chart, self.version)
    }
}

/// The claims that Kubernetes makes for the pods of a StatefulSet, as their templates say. They are in no manifest, and hold
/// the data all the same.
pub(crate) fn template_claims(set: &Object) -> Vec<Object> {
    if set.kind() != "StatefulSet" {
        return Vec::new();
    }
    let replicas = set.at(&["spec", "replicas"]).and_then(Value::as_u64).unwrap_or(1);
    let made = |template: &Value| {
        let (spec, labels) = (template["spec"].clone(), template["metadata"]["labels"].clone());
        let of = template["metadata"]["name"].as_str().unwrap_or_default().to_string();
        let name = move |number| format!("{of}-{}-{number}", set.name());
        (0..replicas).map(move |number| {
            let metadata = json!({"name": name(number), "namespace": set.namespace(), "labels": labels});
            Object(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}))
        })
    };
    set.list(&["spec", "volumeClaimTemplates"]).iter().flat_map(made).collect()
}

/// What the plan of the product, made out of the same answers, knows better: which group an object belongs to, and what
/// opens a claim.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Its objects.
    pub wanted: Vec<Wanted>,
    /// Its keys.
    pub keys: Vec<KeyEntry>,
}

impl Preview {
    fn group(&self, id: &ObjectId) -> String {
        let same = self.wanted.iter().find(|wanted| wanted.object.id() == *id);
        let named = || self.wanted.iter().find(|wanted| wanted.object.name() == id.name);
        same.or_else(named).map_or_else(|| "chart".into(), |wanted| wanted.group.clone())
    }

    /// What opens a claim; of the first generation, since the taking over makes no other.
    fn opened_by(&self, id: &ObjectId, target: &Target, derived: &Derived) -> Option<String> {
        let claim = self.wanted.iter().find(|wanted| wanted.object.id() == *id)?;
        let keys = claim.object.annotation(OPENED_BY)?.split(',').filter_map(|opener| {
            let key = opener.rsplit('/').next()?;
            derived.secrets.get(key).map(|_| format!("{}/{key}", target.key_secret_name(1)))
        });
        let keys = keys.collect::<Vec<_>>().join(",");
        (!keys.is_empty()).then_some(keys)
    }
}

/// Plans the taking over. `live` holds what is there of the release's objects and of its record, by id.
pub fn plan(
    chart: &ChartRelease,
    derived: &Derived,
    preview: &Preview,
    live: &BTreeMap<ObjectId, Object>,
    target: &Target,
    product: &Product,
) -> Plan {
    let mut steps = Vec::new();
    for sent in chart.objects() {
        let Some(there) = live.get(&sent.id()) else { continue };
        let class = Class::of(there);
        let (mut object, recipes) = laid::wanted(&sent, there, derived);
        match class {
            Class::Claim => object.set_label(RELEASE, &target.release),
            Class::Crd => {}
            Class::Ordinary | Class::ClusterScoped => object.set_label(PART_OF, &target.set_id()),
        }
        object.set_label(MANAGED_BY, "slipway");
        if let Some(by) = (class == Class::Claim).then(|| preview.opened_by(&sent.id(), target, derived)).flatten() {
            object.set_annotation(OPENED_BY, &by);
        }
        let fields = marks(&object, there);
        let action = if fields.is_empty() { Action::Keep } else { Action::Change { fields, restarts: false } };
        let wanted = Wanted { object, group: preview.group(&sent.id()), after: Vec::new(), recipes };
        steps.push(Step { wanted, action, wave: 0, after: Vec::new(), class, one_first: false });
    }
    steps.extend(record(chart, live));
    Plan {
        keys: keys(derived, preview, live, target),
        steps,
        waves: vec![OWNERSHIP.into(), "Helm's older records".into(), "Helm's record".into()],
        answers: derived.answers.clone(),
        findings: derived.findings.clone(),
        seen: live.iter().map(|(id, object)| (id.to_string(), object.resource_version().to_string())).collect(),
        ..Plan::new(
            Verb::Adopt,
            target.clone(),
            ProductRef {
                name: product.name.clone(),
                title: product.title.clone(),
                version: derived.version.clone(),
                digest: product.digest.clone(),
            },
        )
    }
}

/// Whether a plan's objects have the shape that a chart gave them: it took them over, or went back to that.
pub fn is_of_chart(plan: &Plan) -> bool {
    plan.waves.first().is_some_and(|title| title == OWNERSHIP)
}

/// The labels and annotations that change; nothing else does.
fn marks(wanted: &Object, live: &Object) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    for (place, gone) in [("labels", &NEVER[1..]), ("annotations", &HELM_MARKS[..])] {
        let path = ["metadata", place];
        let (wanted, live) = (wanted.at(&path).and_then(Value::as_object), live.at(&path).and_then(Value::as_object));
        let change = |key: &str, from: Option<&Value>, to: Option<&Value>| FieldChange {
            path: format!("metadata.{place}[{}]", Value::from(key)),
            from: from.cloned(),
            to: to.cloned(),
        };
        for (key, value) in wanted.into_iter().flatten() {
            let there = live.and_then(|live| live.get(key));
            if there != Some(value) {
                fields.push(change(key, there, Some(value)));
            }
        }
        for key in gone {
            if let Some(there) = live.and_then(|live| live.get(*key)) {
                fields.push(change(key, Some(there), None));
            }
        }
    }
    fields
}

/// Helm's record goes last, and of it the revision that counts: whoever is killed before finds the release again.
fn record(chart: &ChartRelease, live: &BTreeMap<ObjectId, Object>) -> Vec<Step> {
    let there: Vec<&Object> = chart.stored.iter().filter(|stored| live.contains_key(&stored.id())).collect();
    let newest = there.len().saturating_sub(1);
    let step = |(i, stored): (usize, &&Object)| {
        let object = Object(json!({
            "apiVersion": stored.api_version(),
            "kind": stored.kind(),
            "metadata": {"name": stored.name(), "namespace": stored.namespace()},
        }));
        let wanted = Wanted { object, group: "helm".into(), after: Vec::new(), recipes: BTreeMap::new() };
        let wave = if i == newest { 2 } else { 1 };
        Step { wanted, action: Action::Delete, wave, after: Vec::new(), class: Class::Ordinary, one_first: false }
    };
    there.iter().enumerate().map(step).collect()
}

fn keys(derived: &Derived, preview: &Preview, live: &BTreeMap<ObjectId, Object>, target: &Target) -> KeyPlan {
    let opens = |path: &str| preview.keys.iter().find(|entry| entry.path == path).map(|entry| entry.opens.clone());
    let entries = derived.secrets.0.keys().map(|path| KeyEntry {
        path: path.clone(),
        source: SecretSource::Brought,
        opens: opens(path).unwrap_or_default(),
    });
    let id = ObjectId::new("", "Secret", &target.namespace, &target.key_secret_name(1));
    KeyPlan { generation: 1, exists: live.contains_key(&id), entries: entries.collect(), ..KeyPlan::default() }
}

#[cfg(test)]
mod tests;
