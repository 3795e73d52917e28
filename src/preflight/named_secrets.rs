//! Secrets that the operator named exist, with the keys that are read of them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::facts::{Facts, SecretKeys};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

/// A Secret that an object reads.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    name: String,
    /// Keys that must be in it.
    keys: Vec<String>,
    /// A pod does without it: a secret for pulling images.
    needless: bool,
}

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    // A namespace that the run makes holds nothing yet.
    let none = Vec::new();
    let known = if facts.namespace.exists { facts.namespace.secrets.known() } else { Some(&none) };
    let Some(known) = known else { return Vec::new() };
    let steps = || plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted.object);
    let mut made: BTreeSet<&str> = steps().filter(|object| object.kind() == "Secret").map(Object::name).collect();
    let keys = plan.target.key_secret_name(plan.keys.generation);
    made.insert(&keys);
    let mut findings: Vec<Finding> = Vec::new();
    for object in steps() {
        for read in reads(object).into_iter().filter(|read| !made.contains(read.name.as_str())) {
            let found = known.iter().find(|secret| secret.name == read.name);
            findings.extend(lack(object, &read, found, &plan.target.namespace));
        }
    }
    findings.sort_by(|a, b| (&a.at, &a.what).cmp(&(&b.at, &b.what)));
    findings.dedup();
    findings
}

fn lack(object: &Object, read: &Read, found: Option<&SecretKeys>, namespace: &str) -> Option<Finding> {
    let name = &read.name;
    let severity = if read.needless { Severity::Warning } else { Severity::Error };
    let Some(found) = found else {
        let what = format!(
            "{} reads the Secret {name}, which does not exist in the namespace {namespace}",
            object.id().short()
        );
        return Some(
            Finding::new("SECRET_MISSING", severity, what)
                .remedy(format!("make it first, or name another: kubectl -n {namespace} get secrets"))
                .at(object.id().to_string()),
        );
    };
    let missing: Vec<&str> = read.keys.iter().filter(|key| !found.keys.contains(key)).map(String::as_str).collect();
    if missing.is_empty() {
        return None;
    }
    let what = format!("the Secret {name} has no {}, which {} reads", missing.join(" and no "), object.id().short());
    Some(
        Finding::new("SECRET_KEY_MISSING", severity, what)
            .why(if found.keys.is_empty() { "it is empty".into() } else { format!("it has {}", found.keys.join(", ")) })
            .remedy("add the key, or name the one that is meant")
            .at(object.id().to_string()),
    )
}

fn reads(object: &Object) -> Vec<Read> {
    let mut reads = Vec::new();
    if let Some(spec) = object.pod_spec() {
        pod(spec, &mut reads);
    }
    // What cert-manager is asked for does not exist yet.
    let issued = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"];
    if issued.iter().any(|mark| object.annotation(mark).is_some()) {
        return reads;
    }
    let mut certificate = |name: Option<&str>| {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let keys = vec!["tls.crt".to_string(), "tls.key".to_string()];
            reads.push(Read { name: name.to_string(), keys, needless: false });
        }
    };
    match object.kind() {
        "Ingress" => {
            object.list(&["spec", "tls"]).iter().for_each(|tls| certificate(tls["secretName"].as_str()));
        }
        "Gateway" => {
            for listener in object.list(&["spec", "listeners"]) {
                for reference in listener["tls"]["certificateRefs"].as_array().into_iter().flatten() {
                    let here = reference["namespace"].is_null() || reference["namespace"] == object.namespace();
                    certificate(reference["name"].as_str().filter(|_| here));
                }
            }
        }
        _ => {}
    }
    reads
}

fn pod(spec: &Value, reads: &mut Vec<Read>) {
    let mut add = |from: &Value, name: &str, keys: Vec<String>, needless: bool| {
        if let Some(name) = from[name].as_str()
            && from["optional"] != true
        {
            reads.push(Read { name: name.to_string(), keys, needless });
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let key = |value: &Value| value.as_str().map(str::to_string).into_iter().collect::<Vec<_>>();
    for secret in list(&spec["imagePullSecrets"]) {
        add(&secret, "name", Vec::new(), true);
    }
    for volume in list(&spec["volumes"]) {
        let keys = |items: &Value| list(items).iter().flat_map(|item| key(&item["key"])).collect();
        add(&volume["secret"], "secretName", keys(&volume["secret"]["items"]), false);
        for source in list(&volume["projected"]["sources"]) {
            add(&source["secret"], "name", keys(&source["secret"]["items"]), false);
        }
    }
    for container in ["initContainers", "containers"].iter().flat_map(|field| list(&spec[*field])) {
        for variable in list(&container["env"]) {
            let from = &variable["valueFrom"]["secretKeyRef"];
            add(from, "name", key(&from["key"]), false);
        }
        for source in list(&container["envFrom"]) {
            add(&source["secretRef"], "name", Vec::new(), false);
        }
    }
}
