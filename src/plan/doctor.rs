//! What a release needs somebody to look at, though nothing of it is broken yet (pure): keys that nothing uses, copies that
//! differ, steps that were begun and not ended.

use std::collections::BTreeSet;

use super::rotate::NEXT;
use super::{Action, Plan, Target};
use crate::finding::{Finding, Severity};
use crate::secret::SecretRef;

/// One key Secret that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptKeys {
    /// Its name.
    pub secret: String,
    /// Its generation.
    pub generation: u32,
    /// The keys whose rotation is half done in it.
    pub half: Vec<String>,
}

/// What was read of a release.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its key Secrets.
    pub keys: Vec<KeptKeys>,
    /// Its claims, by name, each with the key Secrets that its annotation names.
    pub claims: Vec<(String, Vec<String>)>,
    /// Entries of composed Secrets that are not what they are composed of: the Secret, the entry, the Secret that it is a
    /// copy of, where it is one.
    pub differing: Vec<(String, String, Option<String>)>,
    /// How the last run ended, where not well: its verb and outcome.
    pub not_ended: Option<(String, String)>,
    /// Workloads that a backup stopped and did not start again.
    pub stopped: Vec<String>,
}

/// Everything that is to be looked at. `plans` are those of the revisions that may still be gone on with: the newest, and the
/// last good one.
pub fn findings(target: &Target, plans: &[&Plan], seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = |kind: &str, name: &str| format!("{kind}/{}/{name}", target.namespace);
    let of = format!("{} -n {}", target.release, target.namespace);
    let name = format!("--name {} -n {}", target.release, target.namespace);
    if let Some((verb, outcome)) = &seen.not_ended {
        findings.push(
            Finding::new("RUN_NOT_ENDED", Severity::Warning, format!("the last run, {verb}, is {outcome}"))
                .remedy(format!("see how it is: slipway status {of}")),
        );
    }
    for workload in &seen.stopped {
        let what = format!("{workload} was stopped for a backup, and not started again");
        findings.push(
            Finding::new("WRITER_STOPPED", Severity::Warning, what)
                .why("the backup did not end, or goes on just now")
                .remedy(format!("take the backup again, which starts it: slipway backup {of}"))
                .at(workload.clone()),
        );
    }
    let needed: BTreeSet<u32> =
        plans.iter().filter(|plan| plan.has_secrets()).map(|plan| plan.keys.generation.max(1)).collect();
    let good = plans.last().filter(|plan| plan.has_secrets()).map(|plan| plan.keys.generation.max(1));
    if let Some(generation) = good.filter(|generation| !seen.keys.iter().any(|keys| keys.generation == *generation)) {
        let secret = target.key_secret_name(generation);
        findings.push(
            Finding::new("KEY_GONE", Severity::Error, format!("the key Secret {secret} is gone"))
                .remedy("bring it back: slipway keys import FILE")
                .at(place("Secret", &secret)),
        );
    }
    for keys in &seen.keys {
        if good == Some(keys.generation) {
            for key in &keys.half {
                let what = format!("a rotation of {key} is half done");
                let remedy = format!("end it: slipway keys rotate {key} --finish {name}");
                findings.push(Finding::new("KEY_HALF_ROTATED", Severity::Info, what).remedy(remedy).at(key.clone()));
            }
        }
        let opens = seen.claims.iter().any(|(_, by)| by.contains(&keys.secret));
        if !needed.contains(&keys.generation) && !opens {
            let remedy =
                format!("once no backup needs it: kubectl -n {} delete secret {}", target.namespace, keys.secret);
            findings.push(
                Finding::new(
                    "KEY_UNUSED",
                    Severity::Info,
                    format!("nothing uses the key Secret {} any more", keys.secret),
                )
                .remedy(remedy)
                .at(place("Secret", &keys.secret)),
            );
        }
    }
    for (secret, entry, source) in &seen.differing {
        let finding = match source {
            Some(source) => {
                let what = format!("{entry} of the Secret {secret} is an old copy: {source} was changed since");
                Finding::new("SECRET_COPY_DIFFERS", Severity::Warning, what)
            }
            None => {
                let what = format!("{entry} of the Secret {secret} is not what slipway composed");
                Finding::new("SECRET_COPY_DIFFERS", Severity::Warning, what)
            }
        };
        let product = plans.first().map_or("", |plan| plan.product.name.as_str());
        let remedy = format!("make it anew, and restart its readers: slipway install {product} {name}");
        findings.push(finding.remedy(remedy).at(place("Secret", secret)));
    }
    let used: BTreeSet<String> = plans
        .iter()
        .flat_map(|plan| plan.steps.iter().filter(|step| step.action != Action::Delete))
        .flat_map(|step| claims_of(&step.wanted.object.0))
        .collect();
    for (claim, _) in seen.claims.iter().filter(|(claim, _)| !used.contains(claim)) {
        findings.push(
            Finding::new(
                "VOLUME_NOT_USED",
                Severity::Info,
                format!("nothing of the release mounts the volume {claim}"),
            )
            .remedy(format!("to give it and its data up: kubectl -n {} delete pvc {claim}", target.namespace))
            .at(place("PersistentVolumeClaim", claim)),
        );
    }
    findings
}

/// The claims that an object's pods mount.
fn claims_of(value: &serde_json::Value) -> Vec<String> {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let named = map.get("claimName").and_then(Value::as_str).map(str::to_string);
            named.into_iter().chain(map.values().flat_map(claims_of)).collect()
        }
        Value::Array(items) => items.iter().flat_map(claims_of).collect(),
        _ => Vec::new(),
    }
}

/// The keys of a generation whose rotation is half done: `values` says whether two entries hold the same, `join` whether a
/// value holds several.
pub fn half_rotated<'a>(
    paths: impl Iterator<Item = &'a str> + Clone,
    differ: &dyn Fn(&str, &str) -> bool,
    several: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let keys = paths.clone().filter(|path| !path.ends_with(NEXT));
    let half = keys.filter(|path| {
        let next = format!("{path}{NEXT}");
        several(path) || (paths.clone().any(|known| known == next) && differ(path, &next))
    });
    half.map(str::to_string).collect()
}

/// The Secret of the operator's that a recipe copies from, where it does.
pub fn source(secrets: &[(&str, &SecretRef)]) -> Option<String> {
    secrets.iter().find_map(|(_, at)| match at {
        SecretRef::Existing { name, key, .. } => Some(format!("{key} in {name}")),
        SecretRef::Keys { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{KeyPlan, ProductRef, Verb};

    fn plan(generation: u32) -> Plan {
        let entry =
            crate::plan::KeyEntry { path: "k".into(), source: crate::secret::SecretSource::Generated, opens: vec![] };
        Plan {
            keys: KeyPlan { generation, entries: vec![entry], ..KeyPlan::default() },
            answers: Default::default(),
            facts: Default::default(),
            seen: Default::default(),
            ..Plan::new(Verb::Install, Target::default(), ProductRef::default())
        }
    }

    #[test]
    fn only_a_generation_that_neither_a_run_nor_a_volume_needs_is_called_unused() {
        let target = Target { namespace: "n".into(), release: "a".into(), ..Target::default() };
        let kept = |generation| KeptKeys { secret: format!("a-keys-{generation}"), generation, half: vec![] };
        let seen = Seen {
            keys: [1, 2, 3, 4].map(kept).to_vec(),
            claims: vec![("aside".into(), vec!["a-keys-2".into()])],
            ..Seen::default()
        };
        let codes = |plans: &[&Plan]| -> Vec<(String, String)> {
            let found = findings(&target, plans, &seen);
            found.into_iter().map(|finding| (finding.code, finding.at)).collect()
        };
        let (three, four) = (plan(3), plan(4));
        let unused = ("KEY_UNUSED".to_string(), "Secret/n/a-keys-1".to_string());
        let aside = ("VOLUME_NOT_USED".to_string(), "PersistentVolumeClaim/n/aside".to_string());
        // A run to the fourth is under way, the third holds.
        assert_eq!(codes(&[&four, &three]), [unused.clone(), aside.clone()]);
        assert_eq!(codes(&[&plan(5)])[0].0, "KEY_GONE");
    }
}
