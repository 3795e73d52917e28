//! The faults of the guides and charts of Prefect, innominatus, Inferno and Membrane (facts: products 3 to 6), each fixed,
//! each fix a test that names the fault; names as in the guides, notes at the end, and what is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod every;
mod inferno;
mod innominatus;
mod membrane;
mod prefect;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slipway::answers::Form;
use slipway::answers::form::{Layers, Place, Sources};
use slipway::answers::view::{Input, SecretInput};
use slipway::diagnose::Patterns;
use slipway::facts::{Fact, Facts};
use slipway::plan::gates::Caution;
use slipway::plan::install::install;
use slipway::plan::render::render;
use slipway::plan::upgrade::{Earlier, upgrade};
use slipway::plan::{Plan, Target, Wanted};
use slipway::product::embedded::built_in;
use slipway::product::schema::Product;
use slipway::secret::SecretText;

/// A password that breaks every URL, line and shell that does not quote it.
const AWKWARD: &str = "a@b:c/d?e#f%g h";
/// The same, percent-encoded.
const ENCODED: &str = "a%40b%3Ac%2Fd%3Fe%23f%25g%20h";

/// Definitions that clusters may have.
const ALL_CRDS: [&str; 9] = [
    "ScaledObject.keda.sh",
    "HTTPRoute.gateway.networking.k8s.io",
    "Gateway.gateway.networking.k8s.io",
    "ServiceMonitor.monitoring.coreos.com",
    "PodMonitor.monitoring.coreos.com",
    "PrometheusRule.monitoring.coreos.com",
    "VerticalPodAutoscaler.autoscaling.k8s.io",
    "Certificate.cert-manager.io",
    "ClusterIssuer.cert-manager.io",
];

/// A product as it ships; read once.
fn product(name: &str) -> Arc<Product> {
    static READ: LazyLock<Mutex<BTreeMap<String, Arc<Product>>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap();
    Arc::clone(read.entry(name.to_owned()).or_insert_with(|| Arc::new(built_in(name).unwrap().unwrap())))
}

/// Secrets of the cluster that may be read, and variables.
#[derive(Clone, Default)]
struct Outside(BTreeMap<String, String>);

impl Sources for Outside {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err("no such file".into())
    }

    fn existing(&self, name: &str, key: &str) -> Result<Option<SecretText>, String> {
        Ok(self.0.get(&format!("{name}/{key}")).map(SecretText::new))
    }
}

/// What is asked of a product.
#[derive(Clone)]
struct Ask {
    product: &'static str,
    profile: &'static str,
    release: &'static str,
    space: String,
    facts: Facts,
    answers: Vec<(String, String)>,
    outside: Outside,
}

/// A product under one of its profiles, in a cluster that has everything.
fn ask(product: &'static str, profile: &'static str) -> Ask {
    let crds = Fact::Known(ALL_CRDS.map(str::to_owned).to_vec());
    let facts = Facts { crds, ..Facts::assumed() };
    let space = self::product(product).namespace.clone();
    Ask { product, profile, release: product, space, facts, answers: Vec::new(), outside: Outside::default() }
}

impl Ask {
    /// With further answers. A secret is its value, unless it is a reference.
    fn with(mut self, answers: &[(&str, &str)]) -> Self {
        self.answers.extend(answers.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        self
    }

    /// With a Secret that may be read (`NAME/KEY`), or a variable.
    fn outside(mut self, name: &str, value: &str) -> Self {
        self.outside.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// In a cluster that has no definitions but Kubernetes' own.
    fn without_crds(mut self) -> Self {
        self.facts.crds = Fact::Known(Vec::new());
        self
    }

    fn on_openshift(mut self) -> Self {
        self.facts.openshift = true;
        self
    }

    fn named(mut self, release: &'static str) -> Self {
        self.release = release;
        self
    }

    /// In another namespace than its own.
    fn elsewhere(mut self) -> Self {
        self.space = "some-team".into();
        self
    }

    fn form(&self) -> Form {
        let product = product(self.product);
        let mut layers = Layers::default();
        for (path, text) in &self.answers {
            let question = product.questions.get(path).unwrap_or_else(|| panic!("{} has no {path}", self.product));
            let reference = text.starts_with("secret:") || text.starts_with("env:");
            let input = if question.is_secret() && !reference {
                Input::Secret(SecretInput::Value(SecretText::new(text)))
            } else {
                Input::Text(text.clone())
            };
            layers.flags.insert(path.clone(), input);
        }
        let place =
            Place { namespace: self.space.clone(), release: self.release.to_owned(), profile: self.profile.to_owned() };
        let (facts, outside) = (Arc::new(self.facts.clone()), Arc::new(self.outside.clone()));
        Form::new(product, place, facts, layers, outside, [9; 32])
    }

    /// What is wrong with the answers: `path what`.
    fn faults(&self) -> Vec<String> {
        self.form().faults().iter().map(|fault| format!("{} {}", fault.path, fault.what)).collect()
    }

    /// Fails unless something is wrong at a path, and at no other.
    fn is_refused_at(&self, path: &str) {
        let faults = self.faults();
        assert!(!faults.is_empty(), "{:?} is taken; wanted a fault at {path}", self.answers);
        assert!(faults.iter().all(|fault| fault.starts_with(&format!("{path} "))), "{:?}: {faults:?}", self.answers);
    }

    /// What the answers make.
    fn make(&self) -> Made {
        let form = self.form();
        assert_eq!(form.faults(), [], "{:?}", self.answers);
        let rendered = render(&form.world()).unwrap_or_else(|faults| panic!("{:?}: {faults:#?}", self.answers));
        let objects = rendered.objects.into_iter().map(|wanted| (wanted.object.id().short(), wanted)).collect();
        Made { objects, form }
    }
}

/// What answers make.
struct Made {
    objects: BTreeMap<String, Wanted>,
    form: Form,
}

impl Made {
    fn has(&self, object: &str) -> bool {
        self.objects.contains_key(object)
    }

    /// A field of an object by its JSON pointer; null where it is not.
    fn at(&self, object: &str, pointer: &str) -> Value {
        let found = self.objects.get(object);
        let found = found.unwrap_or_else(|| panic!("there is no {object} among {:?}", self.objects.keys()));
        found.object.0.pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// A field of the pods of a workload.
    fn pod(&self, workload: &str, pointer: &str) -> Value {
        self.at(workload, &format!("/spec/template/spec{pointer}"))
    }

    /// A field of its first container.
    fn container(&self, workload: &str, pointer: &str) -> Value {
        self.pod(workload, &format!("/containers/0{pointer}"))
    }

    /// What a variable of the first container is: its value, or `NAME/KEY` of the Secret it comes from.
    fn env(&self, workload: &str, name: &str) -> Option<String> {
        let env = self.container(workload, "/env");
        let entry = env.as_array()?.iter().rfind(|entry| entry["name"] == name)?.clone();
        let from = &entry["valueFrom"]["secretKeyRef"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        text(&entry["value"]).or_else(|| Some(format!("{}/{}", text(&from["name"])?, text(&from["key"])?)))
    }

    /// A value of a Secret, as its readers get it.
    fn secret(&self, name: &str, key: &str) -> Option<String> {
        let wanted = &self.objects.get(&format!("Secret/{name}"))?;
        if let Some(recipe) = wanted.recipes.get(key) {
            let made = recipe.resolve(&|path, _| self.form.secrets().value(path).cloned()).unwrap();
            return made.map(|value| value.expose().to_owned());
        }
        let data = wanted.object.0.pointer("/data")?.get(key)?.as_str()?;
        Some(String::from_utf8(STANDARD.decode(data).unwrap()).unwrap())
    }

    /// The keys of a Secret or ConfigMap, sorted.
    fn keys(&self, object: &str) -> Vec<String> {
        let wanted = &self.objects[object];
        let data = wanted.object.0.pointer("/data").and_then(Value::as_object);
        let mut keys: Vec<String> = data.into_iter().flat_map(|data| data.keys().cloned()).collect();
        keys.extend(wanted.recipes.keys().filter(|key| !keys.contains(key)).cloned().collect::<Vec<_>>());
        keys.sort();
        keys
    }

    /// What comes first, by the names of groups and components.
    fn after(&self, object: &str) -> Vec<String> {
        self.objects[object].after.clone()
    }

    fn plan(&self) -> Plan {
        let place = self.form.place();
        let target = Target {
            namespace: place.namespace.clone(),
            release: place.release.clone(),
            profile: place.profile.clone(),
            ..Target::default()
        };
        install(&self.form.world(), &BTreeMap::new(), &target, self.form.recorded()).unwrap()
    }

    /// The plan of going on from what other answers made, of which everything is there.
    fn upgraded_from(&self, before: &Self) -> Plan {
        let deployed = before.plan();
        let ids = deployed.steps.iter().map(|step| (step.wanted.object.id(), &step.wanted));
        let wanted = ids.clone().map(|(id, wanted)| (id, vec![wanted])).collect();
        let live = ids.map(|(id, wanted)| (id, wanted.object.clone())).collect();
        let (left, caution) = (BTreeMap::new(), Caution { without_backup: true, ..Caution::default() });
        let version = self.form.world().version();
        let earlier = Earlier { deployed: &deployed, wanted, left: &left, members: &[], finally: &version, caution };
        upgrade(&earlier, &self.form.world(), &live, &deployed.target, self.form.recorded()).unwrap()
    }

    /// What a line of a log is explained with: the code of the finding.
    fn explains(&self, line: &str) -> Option<String> {
        Patterns::new(&self.plan().log_patterns).explain(line).map(|pattern| pattern.code.clone())
    }

    /// What is said at the end.
    fn notes(&self) -> String {
        self.plan().notes.join("\n")
    }

    /// Names of objects of a kind.
    fn names(&self, kind: &str) -> Vec<String> {
        let names = self.objects.keys().filter_map(|name| name.strip_prefix(&format!("{kind}/")));
        names.map(str::to_owned).collect()
    }

    /// The names of the items of a list.
    fn named(&self, workload: &str, pointer: &str) -> Vec<String> {
        let list = self.pod(workload, pointer);
        let items = list.as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str().map(str::to_owned)).collect()
    }

    /// Every port that a NetworkPolicy lets out.
    fn lets_out(&self, policy: &str) -> Vec<i64> {
        let egress = self.at(&format!("NetworkPolicy/{policy}"), "/spec/egress");
        let rules = egress.as_array().cloned().unwrap_or_default();
        let ports = rules.iter().flat_map(|rule| rule["ports"].as_array().cloned().unwrap_or_default());
        ports.filter_map(|port| port["port"].as_i64()).collect()
    }
}

/// Where the pods of a workload mount something: the volume's name and the entry.
fn mount(made: &Made, workload: &str, path: &str) -> Value {
    let mounts = made.container(workload, "/volumeMounts");
    mounts.as_array().into_iter().flatten().find(|mount| mount["mountPath"] == path).cloned().unwrap_or(Value::Null)
}

/// A volume of a workload by its name.
fn volume(made: &Made, workload: &str, name: &str) -> Value {
    let volumes = made.pod(workload, "/volumes");
    volumes.as_array().into_iter().flatten().find(|volume| volume["name"] == name).cloned().unwrap_or(Value::Null)
}
