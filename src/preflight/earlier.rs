//! Volumes and keys of an earlier install that has no record any more (cluster.md 5 "Pact of volume and key"). They are
//! never taken up, and never replaced, without the operator saying so.

use crate::facts::{ClaimFacts, Facts, SecretKeys};
use crate::finding::{Finding, Severity};
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
    let mut findings: Vec<Finding> =
        claims.iter().map(|claim| of_claim(claim, secrets.map(|_| keys.as_slice()), plan)).collect();
    findings.extend(keys.iter().map(|secret| of_keys(secret, plan)));
    findings
}

fn of_claim(claim: &ClaimFacts, keys: Option<&[&SecretKeys]>, plan: &Plan) -> Finding {
    let (name, namespace) = (&claim.name, &plan.target.namespace);
    // `secret/key`, several with commas.
    let openers = || claim.opened_by.split(',').map(str::trim).filter(|one| !one.is_empty());
    let named = |one: &str| one.split_once('/').map_or((one.to_string(), String::new()), |(a, b)| (a.into(), b.into()));
    let lost = keys.and_then(|keys| {
        openers().find(|one| {
            let (secret, key) = named(one);
            !keys.iter().any(|known| known.name == secret && (key.is_empty() || known.keys.contains(&key)))
        })
    });
    let at = format!("PersistentVolumeClaim/{namespace}/{name}");
    let aside = "set it aside: install under another name or in another namespace (--name RELEASE, -n NAMESPACE)";
    if let Some(lost) = lost {
        let what = format!("the volume {name} of an earlier install is opened by {lost}, which is gone");
        return Finding::new("EARLIER_KEY_LOST", Severity::Error, what)
            .why("a new key would not open the data, and the database would refuse every login")
            .remedy(format!(
                "bring the Secret {} back from a backup, or {aside}; without the data: kubectl -n {namespace} delete pvc {name}",
                named(lost).0
            ))
            .at(at);
    }
    let opened = match (keys, claim.opened_by.as_str()) {
        (_, "") => "no key of ours opens it".to_string(),
        (Some(_), by) => format!("{by} opens it"),
        (None, by) => format!("{by} opens it, and whether that is there may not be read"),
    };
    let what = format!("an earlier install left the volume {name} ({}, {})", claim.size, claim.phase);
    Finding::new("EARLIER_DATA", Severity::Error, what)
        .why(format!("there is no record of it in {namespace}; {opened}"))
        .remedy(format!(
            "use its data: --skip-preflight EARLIER_DATA; or {aside}; without the data: kubectl -n {namespace} delete pvc {name}"
        ))
        .at(at)
}

fn of_keys(secret: &SecretKeys, plan: &Plan) -> Finding {
    let (name, namespace) = (&secret.name, &plan.target.namespace);
    let opens = if secret.opens.is_empty() { "nothing that is known".to_string() } else { secret.opens.join(", ") };
    let what = format!("an earlier install left the keys {name}");
    Finding::new("EARLIER_KEYS", Severity::Error, what)
        .why(format!("there is no record of it in {namespace}; they open {opens}"))
        .remedy(format!(
            "use them: --skip-preflight EARLIER_KEYS; or install under another name: --name RELEASE; if nothing needs them any more: kubectl -n {namespace} delete secret {name}"
        ))
        .at(format!("Secret/{namespace}/{name}"))
}
