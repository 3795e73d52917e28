//! Volumes and keys of an earlier install that has no record any more (cluster.md 5 "Pact of volume and key"). They are
//! never taken up, and never replaced, without the operator saying so.

use crate::facts::{ClaimFacts, Facts, Fate, SecretKeys};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::Plan;
use crate::product::schema::Product;

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let release = &plan.target.release;
    // Where records may not be read nobody knows that there is none; the matter of what was not read says so.
    let Some(recorded) = facts.namespace.releases.known() else { return Vec::new() };
    if recorded.contains(release) {
        return Vec::new();
    }
    let claims: Vec<&ClaimFacts> =
        facts.namespace.claims.known().into_iter().flatten().filter(|claim| claim.release == *release).collect();
    let secrets = facts.namespace.secrets.known();
    let keys: Vec<&SecretKeys> = secrets.into_iter().flatten().filter(|secret| secret.release == *release).collect();
    let pact = &facts.namespace.pact;
    let fate = |name: &str| pact.0.get(name).map(|one| one.fate);
    let mut findings = Vec::new();
    for claim in claims {
        let decided = fate(&claim.name);
        let known = secrets.map(|_| keys.as_slice());
        let lost = lost_key(claim, known).filter(|_| !matches!(decided, Some(Fate::Aside | Fate::Wipe)));
        findings.extend(lost.map(|lost| of_lost_key(claim, &lost, plan)));
        let in_use = matches!(decided, Some(Fate::Use | Fate::Wipe)) && !claim.strangers.is_empty();
        findings.extend(in_use.then(|| of_strangers(claim, plan)));
        if decided.is_none() && lost_key(claim, known).is_none() {
            findings.push(of_claim(claim, known, plan));
        }
    }
    findings.extend(keys.iter().filter(|key| fate(&key.name).is_none()).map(|secret| of_keys(secret, plan)));
    findings
}

fn at(claim: &ClaimFacts, plan: &Plan) -> String {
    format!("PersistentVolumeClaim/{}/{}", plan.target.namespace, claim.name)
}

/// The flags that decide about something.
fn flags(name: &str, fates: &[Fate]) -> String {
    fates.iter().map(|fate| format!("--existing {name}={}", fate.word())).collect::<Vec<_>>().join(" or ")
}

/// The key that opens a claim and is gone.
fn lost_key(claim: &ClaimFacts, keys: Option<&[&SecretKeys]>) -> Option<String> {
    // `secret/key`, several with commas.
    let mut openers = claim.opened_by.split(',').map(str::trim).filter(|one| !one.is_empty());
    let keys = keys?;
    let lost = openers.find(|one| {
        let (secret, key) = one.split_once('/').unwrap_or((one, ""));
        !keys.iter().any(|known| known.name == secret && (key.is_empty() || known.keys.iter().any(|has| has == key)))
    });
    lost.map(str::to_string)
}

fn of_lost_key(claim: &ClaimFacts, lost: &str, plan: &Plan) -> Finding {
    let name = &claim.name;
    let what = format!("the volume {name} of an earlier install is opened by {lost}, which is gone");
    Finding::new("EARLIER_KEY_LOST", Severity::Error, what)
        .why("a new key would not open the data, and the database would refuse every login")
        .remedy(format!(
            "bring the Secret {} back from a backup; or without the data: {}",
            lost.split('/').next().unwrap_or(lost),
            flags(name, &[Fate::Aside, Fate::Wipe])
        ))
        .at(at(claim, plan))
}

fn of_strangers(claim: &ClaimFacts, plan: &Plan) -> Finding {
    let what = format!("the volume {} is used by a pod that is not this release's", claim.name);
    Finding::new("VOLUME_IN_USE", Severity::Error, what)
        .why(format!("{} mounts it: two that write to one volume damage its data", claim.strangers.join(", ")))
        .remedy(format!(
            "end that pod first: kubectl -n {} get pods; or set the volume aside: {}",
            plan.target.namespace,
            flags(&claim.name, &[Fate::Aside])
        ))
        .at(at(claim, plan))
}

/// Whether the plan mounts a claim.
fn wanted(claim: &ClaimFacts, plan: &Plan) -> bool {
    let mounts = |object: &Object| {
        let Some(path) = object.pod_template_path() else { return false };
        let mut path = path.to_vec();
        path.extend(["spec", "volumes"]);
        object.list(&path).iter().any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim.name.as_str())
    };
    plan.steps.iter().any(|step| {
        let object = &step.wanted.object;
        (object.kind() == "PersistentVolumeClaim" && object.name() == claim.name) || mounts(object)
    })
}

fn of_claim(claim: &ClaimFacts, keys: Option<&[&SecretKeys]>, plan: &Plan) -> Finding {
    let (name, namespace) = (&claim.name, &plan.target.namespace);
    let what = format!("an earlier install left the volume {name} ({}, {})", claim.size, claim.phase);
    if !wanted(claim, plan) {
        // It is in nobody's way: it stays as it is.
        return Finding::new("EARLIER_DATA_UNUSED", Severity::Info, what)
            .why("these answers need no volume of that name: it stays as it is, with its key")
            .at(at(claim, plan));
    }
    let opened = match (keys, claim.opened_by.as_str()) {
        (_, "") => "no key of ours opens it".to_string(),
        (Some(_), by) => format!("{by} opens it"),
        (None, by) => format!("{by} opens it, and whether that is there may not be read"),
    };
    Finding::new("EARLIER_DATA", Severity::Error, what)
        .why(format!("there is no record of it in {namespace}; {opened}"))
        .remedy(format!(
            "use it with its key: {}; leave it as it is and take a new one: {}; give its data up: {}",
            flags(name, &[Fate::Use]),
            flags(name, &[Fate::Aside]),
            flags(name, &[Fate::Wipe])
        ))
        .at(at(claim, plan))
}

fn of_keys(secret: &SecretKeys, plan: &Plan) -> Finding {
    let (name, namespace) = (&secret.name, &plan.target.namespace);
    let opens = if secret.opens.is_empty() { "nothing that is known".to_string() } else { secret.opens.join(", ") };
    let what = format!("an earlier install left the keys {name}");
    Finding::new("EARLIER_KEYS", Severity::Error, what)
        .why(format!("there is no record of it in {namespace}; they open {opens}"))
        .remedy(format!(
            "use them: {}; keep them and make new ones: {}; if nothing needs them any more: {}",
            flags(name, &[Fate::Use]),
            flags(name, &[Fate::Aside]),
            flags(name, &[Fate::Wipe])
        ))
        .at(format!("Secret/{namespace}/{name}"))
}
