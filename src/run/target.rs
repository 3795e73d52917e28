//! From the choice of a cluster to what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::answers::form::{Form, Given};
use crate::answers::view::{Input, SecretInput};
use crate::cli::Shared;
use crate::cluster::record::{Outcome, Revision};
use crate::cluster::{Choice, Cluster, Lender, connect, keys, record};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::{Fact, Facts, generation};
use crate::object::{Object, ObjectId};
use crate::plan::existing::{self, Left};
use crate::plan::uninstall::strangers;
use crate::plan::{Plan, Target, Verb};
use crate::product::schema::Product;
use crate::secret::{Secret, SecretRef, SecretSource, Secrets};
use crate::view::tui;

use super::outside::Outside;
use super::practice;
use super::setup::Setup;

/// A cluster with what was read of it before the first question.
pub(super) struct Known {
    pub(super) cluster: Cluster,
    pub(super) facts: Facts,
    pub(super) target: Target,
    /// Newest revision of the release, where there is one.
    pub(super) revision: Option<Revision>,
    /// All of them, the newest first.
    pub(super) revisions: Vec<Revision>,
    pub(super) kept_keys: Secrets,
    /// One of its revisions was deployed: what is sticky in it stays.
    pub(super) deployed: bool,
}

/// Connects to the chosen cluster, or to the practice cluster.
///
/// # Errors
/// No such context, no credential, no answer.
pub(super) async fn cluster(shared: &Shared, context: Option<&str>) -> Result<Cluster, Failure> {
    if let Some(scenario) = &shared.practice {
        return practice::cluster(scenario);
    }
    let choice = Choice {
        kubeconfig: shared.kubeconfig.clone(),
        context: context.map(str::to_string),
        as_user: shared.as_user.clone(),
        as_groups: shared.as_groups.clone(),
        plugins_may_ask: super::interactive(shared),
        // On the full screen keys are ours, and what a plugin says would be written over it: the screen steps back.
        lender: (!super::plain(shared)).then(|| {
            Lender::new(|said| {
                Box::pin(async move {
                    let loan: Box<dyn Send> = Box::new(tui::lend(&said).await);
                    loan
                })
            })
        }),
        plugin_limit: None,
    };
    connect(&choice).await
}

/// Reads what has to be known before the form: facts, the record, the keys of an earlier install.
///
/// # Errors
/// The cluster cannot be reached, or what must be known may not be read.
pub(super) async fn know(shared: &Shared, setup: &Setup) -> Result<Known, Failure> {
    let cluster = cluster(shared, setup.context.as_deref()).await?;
    know_of(cluster, setup).await
}

/// The same of a cluster that was connected to already.
///
/// # Errors
/// As [`know`].
pub(super) async fn know_of(cluster: Cluster, setup: &Setup) -> Result<Known, Failure> {
    let facts = cluster.facts(&setup.place.namespace).await?;
    let target = Target {
        context: cluster.context().to_string(),
        server: cluster.server().to_string(),
        cluster_uid: facts.cluster_uid.clone(),
        practice: cluster.identity().practice,
        namespace: setup.place.namespace.clone(),
        release: setup.place.release.clone(),
        profile: setup.place.profile.clone(),
        ..Target::default()
    };
    let mut known = Known {
        cluster,
        facts,
        target,
        revision: None,
        revisions: Vec::new(),
        kept_keys: Secrets::default(),
        deployed: false,
    };
    if known.facts.namespace.terminating {
        let namespace = &known.target.namespace;
        return Err(Failure::new(FailureKind::Refused, format!("the namespace {namespace} is being deleted"))
            .place(known.target.server.clone())
            .why("nothing can be made in it until it is gone")
            .state(NOTHING_WRITTEN)
            .hint(format!("wait for its end: kubectl wait --for=delete namespace/{namespace} --timeout=5m"))
            .hint(format!("if it hangs, see what holds it: kubectl get namespace {namespace} -o yaml"))
            .hint("or choose another: -n NAMESPACE"));
    }
    if known.facts.namespace.exists {
        earlier(&mut known, setup).await?;
    } else {
        existing::settle(&Left::default(), &setup.existing)?;
    }
    Ok(known)
}

impl Known {
    /// Generation of the key Secret whose values are used; 0 without one.
    pub(super) fn kept_generation(&self) -> u32 {
        let generations = self.kept_keys.0.values().filter_map(|secret| match secret.at {
            SecretRef::Keys { generation, .. } => Some(generation),
            SecretRef::Existing { .. } => None,
        });
        generations.max().unwrap_or(0)
    }

    /// What an earlier install left is looked at where the release has no record; else its record says what was decided
    /// about it. Answers with the newest generation of keys that are there to be used.
    async fn take_up_pact(&mut self, setup: &Setup) -> Result<u32, Failure> {
        if let Some(revision) = installed(&self.revisions) {
            let pact = revision.plan.target.pact.clone();
            let other =
                setup.existing.iter().find(|(name, fate)| pact.0.get(*name).map(|one| one.fate) != Some(**fate));
            if let Some((name, _)) = other {
                let (release, number) = (&self.target.release, revision.number);
                return Err(Failure::new(
                    FailureKind::Usage,
                    format!("--existing {name}: {release} is installed here"),
                )
                .place(format!("namespace {} in {}", self.target.namespace, self.target.server))
                .why(format!(
                    "its record (revision {number}) says already what it uses; --existing is for what an uninstall kept"
                ))
                .state(NOTHING_WRITTEN)
                .hint("leave --existing out; to begin anew: slipway uninstall first"));
            }
            self.facts.namespace.pact = pact.clone();
            self.target.pact = pact;
            return Ok(revision.plan.keys.generation.max(1));
        }
        let release = self.target.release.clone();
        let mut left = Left::of(&self.facts.namespace, &release);
        if !left.claims.is_empty() {
            self.strangers(&release).await?;
            left = Left::of(&self.facts.namespace, &release);
        }
        let pact = existing::settle(&left, &setup.existing)?;
        let by_claims = left.claims.iter().flat_map(|claim| claim.opened_by.split(','));
        let by_claims = by_claims.filter_map(|one| generation(one.split('/').next().unwrap_or("")));
        let newest = left.keys.iter().filter_map(|key| generation(&key.name)).chain(by_claims).max().unwrap_or(1);
        self.facts.namespace.pact = pact.clone();
        self.target.pact = pact;
        Ok(newest)
    }

    /// Who else mounts what an earlier install left.
    async fn strangers(&mut self, release: &str) -> Result<(), Failure> {
        let pods = self.cluster.list("", "Pod", &self.target.namespace, "").await;
        let pods = pods.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?.objects;
        if let Fact::Known(claims) = &mut self.facts.namespace.claims {
            for claim in claims.iter_mut().filter(|claim| claim.release == release) {
                claim.strangers = strangers(&claim.name, release, &pods);
            }
        }
        Ok(())
    }
}

/// The revision that says what is used: the newest that is no uninstall, since one that did not end knows no keys.
fn installed(revisions: &[Revision]) -> Option<&Revision> {
    revisions.iter().find(|revision| revision.plan.verb != Verb::Uninstall).or(revisions.first())
}

/// The record and keys of an earlier run.
async fn earlier(known: &mut Known, setup: &Setup) -> Result<(), Failure> {
    let revisions = record::read(&known.cluster, &known.target).await?;
    known.deployed = revisions.iter().any(|revision| revision.progress.outcome == Outcome::Deployed);
    // A run that died between its record and its keys left the generation before as the newest.
    let began = |generation: u32| {
        revisions.iter().any(|revision| {
            revision.plan.keys.generation.max(1) == generation
                && revision.progress.written.values().any(|written| !written.uid.is_empty())
        })
    };
    let began: Vec<u32> = revisions.iter().map(|one| one.plan.keys.generation.max(1)).filter(|n| began(*n)).collect();
    known.revision = revisions.first().cloned();
    known.revisions = revisions;
    let newest = known.take_up_pact(setup).await?;
    let used = |generation: &u32| !known.target.pact.leaves_key(&known.target.key_secret_name(*generation));
    let generations: Vec<(u32, bool)> =
        (1..=newest).rev().filter(used).map(|generation| (generation, began.contains(&generation))).collect();
    if let Some(revision) = &known.revision
        && revision.plan.product.name != setup.product.name
    {
        let (release, installed) = (&known.target.release, &revision.plan.product.title);
        return Err(Failure::new(
            FailureKind::Refused,
            format!("the release {release} is {installed}, not {}", setup.product.title),
        )
        .place(format!("namespace {} in {}", known.target.namespace, known.target.server))
        .state(NOTHING_WRITTEN)
        .hint("choose another name: --name RELEASE, or another namespace: -n NAMESPACE"));
    }
    if known.revision.is_none() && setup.product.singleton {
        only_one(known, setup).await?;
    }
    for (generation, began) in generations {
        let Some(found) = keys::read(&known.cluster, &known.target, generation).await? else {
            // Only the key that is newest opens what was written with it; the one before it would be a step back.
            if began && generation > 1 {
                return Err(keys::gone(&known.target, generation));
            }
            continue;
        };
        for (path, value) in found.values {
            let at = SecretRef::Keys { generation, key: path.clone() };
            let recorded = installed(&known.revisions).and_then(|revision| {
                revision.plan.keys.entries.iter().find(|entry| entry.path == path).map(|entry| entry.source)
            });
            let source = recorded.unwrap_or(SecretSource::Generated);
            known.kept_keys.0.insert(path, Secret { source, value: Some(value), at });
        }
        break;
    }
    Ok(())
}

/// A product whose names are constants is in a namespace once (language.md "singleton").
async fn only_one(known: &Known, setup: &Setup) -> Result<(), Failure> {
    let (target, title) = (&known.target, &setup.product.title);
    let releases = record::releases(&known.cluster, &target.namespace, &setup.product.name).await?;
    let Some(other) = releases.iter().find(|name| **name != target.release) else { return Ok(()) };
    Err(Failure::new(
        FailureKind::Refused,
        format!("{title} is in the namespace {} already, as the release {other}", target.namespace),
    )
    .place(format!("namespace {} in {}", target.namespace, target.server))
    .why(format!("the names of {title}'s objects are constants, so that two would be one"))
    .state(NOTHING_WRITTEN)
    .hint("choose another namespace: -n NAMESPACE")
    .hint(format!("or change the release that is there: --name {other}")))
}

/// The form over what was given and what is known. Returns the profile too, which an installed release keeps.
pub(super) async fn form(shared: &Shared, setup: &mut Setup, known: &mut Known) -> Result<Form, Failure> {
    let mut last_run = Given::new();
    if let Some(revision) = &known.revision {
        if shared.profile.is_none() && !revision.plan.target.profile.is_empty() {
            setup.place.profile.clone_from(&revision.plan.target.profile);
            known.target.profile.clone_from(&setup.place.profile);
        }
        for path in &shared.reset {
            known_path(&setup.product, &revision.plan, path)?;
        }
        for (path, answer) in &revision.plan.answers {
            if shared.reset.contains(path) {
                continue;
            }
            // What is sticky is pinned wherever it came from; everything else of the product's is evaluated anew.
            let pinned = setup.product.questions.get(path).is_some_and(|question| question.sticky);
            if !pinned && (shared.exact || matches!(answer.origin.as_str(), "default" | "profile")) {
                continue;
            }
            let input = match &answer.secret {
                None => Input::Value(answer.value.clone()),
                Some(SecretRef::Existing { name, key, .. }) => {
                    Input::Secret(SecretInput::Existing { name: name.clone(), key: key.clone() })
                }
                // In the key Secret, which was read.
                Some(SecretRef::Keys { .. }) => continue,
            };
            last_run.insert(path.clone(), input);
        }
    }
    let mut outside = Outside::default();
    // Those of the last run too: what is computed from them must come out as it did then.
    let recorded = last_run.values().filter_map(|input| match input {
        Input::Secret(SecretInput::Existing { name, key }) => Some((name.clone(), key.clone())),
        _ => None,
    });
    let named: BTreeSet<(String, String)> = setup.named_secrets().into_iter().chain(recorded).collect();
    for (name, key) in named {
        let read = known.cluster.secret_values(&known.target.namespace, &name).await;
        let value = match read {
            Ok(mut values) => values.remove(&key).map(Some).ok_or_else(|| "the Secret has no such key".to_string()),
            Err(fault) if fault.is_absent() => Err("there is no such Secret".into()),
            // It exists as far as anybody knows: it is referenced, and its value stays unknown.
            Err(_) => Ok(None),
        };
        outside.existing.insert((name, key), value);
    }
    let mut form = setup.form(known.facts.clone(), known.kept_keys.clone(), last_run, outside);
    if known.deployed {
        form.pin();
    }
    Ok(form)
}

/// What is to be forgotten is something that was asked.
fn known_path(product: &Product, recorded: &Plan, path: &str) -> Result<(), Failure> {
    if product.questions.contains_key(path) || recorded.answers.contains_key(path) {
        return Ok(());
    }
    let failure = Failure::new(FailureKind::Invalid, format!("{} has no question `{path}`", product.title));
    let failure = failure.place(format!("--reset {path}")).state(NOTHING_WRITTEN);
    Err(match crate::suggest::nearest(path, product.questions.keys().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!("slipway products show {}", product.name)),
    })
}

/// What is there of the wanted objects and of the key Secrets, for a plan.
///
/// # Errors
/// Something could not be read.
pub(super) async fn live(known: &Known, ids: Vec<ObjectId>) -> Result<BTreeMap<ObjectId, Object>, Failure> {
    if !known.facts.namespace.exists {
        return Ok(BTreeMap::new());
    }
    // A kind that the server does not know has no objects; preflight says that it is missing.
    known.cluster.read(ids).await.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
