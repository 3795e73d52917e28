//! `slipway doctor`: what a release needs somebody to look at, before it breaks. Nothing is written.

use crate::cli::{Output, Shared};
use crate::cluster::FaultKind;
use crate::cluster::keys::{self, Keys};
use crate::cluster::record::Outcome;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::Severity;
use crate::object::ObjectId;
use crate::plan::backup::writers;
use crate::plan::doctor::{KeptKeys, Seen, findings, half_rotated, source};
use crate::plan::{Plan, Verb};
use crate::secret::{SecretRef, SecretText};

use super::print;
use super::releases::Release;

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let found = Release::find(shared, release, "doctor").await?;
    let seen = look(&found).await?;
    let newest = found.plan();
    let good = found.revisions.iter().find(|one| one.progress.outcome == Outcome::Deployed).map(|one| &one.plan);
    let plans: Vec<&Plan> = [Some(newest), good].into_iter().flatten().collect();
    let told = findings(&found.target, &plans, &seen);
    let matters = told.iter().filter(|finding| finding.severity != Severity::Info).count();
    if shared.output == Output::Json {
        let json = serde_json::to_string(&told)
            .map_err(|error| Failure::new(FailureKind::Bug, "the findings cannot be written").why(error.to_string()))?;
        print(&format!("{json}\n"))?;
    } else if told.is_empty() {
        let (release, namespace) = (&found.target.release, &found.target.namespace);
        print(&format!("{release} in {namespace}: nothing needs a look.\n"))?;
    } else {
        let mut text = String::new();
        for finding in &told {
            text.push_str(&format!("{}: {} ({})\n", finding.severity.word(), finding.what, finding.code));
            for more in [&finding.why, &finding.remedy].into_iter().filter(|more| !more.is_empty()) {
                text.push_str(&format!("  {more}\n"));
            }
        }
        print(&text)?;
    }
    if matters == 0 {
        return Ok(());
    }
    let noun = if matters == 1 { "matter needs" } else { "matters need" };
    Err(Failure {
        // It was just shown.
        told: true,
        ..Failure::new(FailureKind::Deployment, format!("{matters} {noun} somebody to look at")).state(NOTHING_WRITTEN)
    })
}

async fn look(found: &Release) -> Result<Seen, Failure> {
    let (cluster, target) = (&found.cluster, &found.target);
    let parent = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
    let parent = cluster.find(&parent).await.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
    let held = cluster.held(target, parent.as_ref()).await;
    let held = held.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
    let all = keys::all(cluster, target).await?;
    let plan = found.plan();
    let kept = all.iter().map(|one| KeptKeys {
        secret: one.secret.clone(),
        generation: one.generation,
        half: half(plan, one),
    });
    let claims = held.volumes.iter().map(|volume| {
        let by = volume.opened_by.iter().map(|by| by.split('/').next().unwrap_or(by).to_string());
        (volume.name.clone(), by.collect())
    });
    let stopped = held.objects.iter().filter(|object| writers::stopped(object).is_some());
    let stopped = stopped.map(|object| object.id().short()).collect();
    let newest = &found.revisions[0];
    let not_ended = (newest.progress.outcome != Outcome::Deployed)
        .then(|| (newest.plan.verb.word().to_string(), newest.progress.outcome.word().to_string()));
    let whole = newest.progress.outcome == Outcome::Deployed && plan.verb != Verb::Uninstall;
    let differing = if whole { differing(found, &all).await? } else { Vec::new() };
    Ok(Seen { keys: kept.collect(), claims: claims.collect(), differing, not_ended, stopped })
}

fn half(plan: &Plan, keys: &Keys) -> Vec<String> {
    let value = |path: &str| keys.values.get(path);
    half_rotated(keys.values.keys().map(String::as_str), &|one, other| value(one) != value(other), &|path| {
        let join = plan.keys.rotations.get(path).map_or("", |rotation| rotation.join.as_str());
        !join.is_empty() && value(path).is_some_and(|value| value.expose().contains(join))
    })
}

/// The entries of composed Secrets that are not what they are composed of.
async fn differing(found: &Release, all: &[Keys]) -> Result<Vec<(String, String, Option<String>)>, Failure> {
    let (plan, namespace) = (found.plan(), found.target.namespace.as_str());
    let Some(keys) = all.iter().find(|keys| keys.generation == plan.keys.generation.max(1)) else {
        return Ok(Vec::new());
    };
    let read = |name: String| async move {
        match found.cluster.secret_values(namespace, &name).await {
            Ok(values) => Ok(Some(values)),
            Err(fault) if fault.is_absent() || fault.kind == FaultKind::Forbidden => Ok(None),
            Err(fault) => Err(Failure::from(fault).state(NOTHING_WRITTEN)),
        }
    };
    let mut differing = Vec::new();
    for step in plan.steps.iter().filter(|step| !step.wanted.recipes.is_empty()) {
        let name = step.wanted.object.name().to_string();
        // One that is gone or may not be read is told by the status.
        let Some(live) = read(name.clone()).await? else { continue };
        for (entry, recipe) in &step.wanted.recipes {
            let mut yours = std::collections::BTreeMap::new();
            for (_, at) in recipe.secrets() {
                if let SecretRef::Existing { name, key, .. } = at {
                    let value = read(name.clone()).await?.and_then(|mut values| values.remove(key));
                    yours.extend(value.map(|value| (at.clone(), value)));
                }
            }
            let secret = |path: &str, at: &SecretRef| match at {
                SecretRef::Keys { key, .. } => keys.values.get(key).or_else(|| keys.values.get(path)).cloned(),
                SecretRef::Existing { .. } => yours.get(at).cloned(),
            };
            // What cannot be made cannot be compared.
            let Ok(wanted) = recipe.resolve(&secret) else { continue };
            if wanted.as_ref().map(SecretText::expose) != live.get(entry).map(SecretText::expose) {
                differing.push((name.clone(), entry.clone(), source(&recipe.secrets())));
            }
        }
    }
    Ok(differing)
}
