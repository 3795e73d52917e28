//! `slipway keys rotate`: other values for keys, in an order that shuts nobody out where the product allows one.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::answers::form::letters;
use crate::apply::{MOVED, Planner, rehearse};
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::keys::{self, Keys};
use crate::cluster::record::{Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::ObjectId;
use crate::plan::adopt::is_of_chart;
use crate::plan::rotate::{Change, NEXT, Pace, Rotation, Way, Wish, change, plan};
use crate::plan::{Plan, Target, Verb};
use crate::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};
use crate::suggest;
use crate::view::overview::Overview;

use super::apply::{self, Face, How, Job};
use super::releases::Release;
use super::{agree, attach, passphrase};

/// The verb. Each of `names` is a key, or `key=env:NAME`, `key=file:PATH` for a value that is brought.
pub(super) async fn run(shared: &Shared, names: &[String], pace: Pace) -> Result<(), Failure> {
    let release = Release::find(shared, None, "keys rotate").await?;
    let facts = release.cluster.facts(&release.target.namespace).await?;
    let recorded = base(&release)?;
    slipways(&recorded.plan)?;
    let target = Target {
        context: release.target.context.clone(),
        server: release.target.server.clone(),
        practice: release.target.practice,
        cluster_uid: facts.cluster_uid.clone(),
        ..recorded.plan.target.clone()
    };
    let generation = recorded.plan.keys.generation.max(1);
    let (cluster, target) = (&release.cluster, &target);
    let now = keys::read(cluster, target, generation).await?;
    let now = now.ok_or_else(|| keys::gone(target, generation))?;
    let begun = keys::read(cluster, target, generation + 1).await?;
    let wishes = wishes(names, &recorded.plan, &now)?;
    let changes = match &begun {
        Some(begun) => going_on(&wishes, pace, &recorded.plan, &now, begun)?,
        None => changes(&wishes, pace, &recorded.plan, &now)?,
    };
    let secrets = secrets(cluster, &recorded.plan, &now, begun.as_ref(), &changes).await?;
    let rotating = Rotating { cluster, target, recorded, secrets: &secrets, changes: &changes };
    let asks = agree::asks(shared);
    loop {
        let plan = rotating.plan().await?;
        let mut findings = Vec::new();
        if !shared.yes {
            findings = rehearse(cluster, &plan, &secrets, &apply::options(shared)?).await?;
        }
        let overview = Overview {
            plan,
            cluster: vec![facts.git_version.clone()],
            findings,
            skipped: shared.skip_preflight.clone(),
            repeat: repeat(target, names, pace),
            mends: Vec::new(),
        };
        if !agree::agreed(shared, &overview, asks).await? {
            return Ok(());
        }
        let (plan, how) = (&overview.plan, How::Agreed(&rotating));
        let job = Job { cluster, facts: &facts, plan, secrets: &secrets, how, whole: true, answers: None };
        match apply::show(shared, &job, Face::of(shared)).await {
            // What moved is shown again.
            Err(failure) if asks && failure.what == MOVED => {}
            ended => return ended.map(drop),
        }
    }
}

/// The revision whose objects are in the cluster; a rotation that did not end is passed over, and gone on with.
fn base(release: &Release) -> Result<&Revision, Failure> {
    let Target { release: name, namespace, .. } = &release.target;
    let newest = &release.revisions[0];
    let fits = newest.progress.outcome == Outcome::Deployed || newest.plan.verb == Verb::Rotate;
    let good = release.revisions.iter().find(|one| one.progress.outcome == Outcome::Deployed);
    good.filter(|_| fits).ok_or_else(|| {
        let (verb, outcome) = (newest.plan.verb.word(), newest.progress.outcome.word());
        Failure::new(FailureKind::Refused, format!("the last run of {name} did not end well"))
            .place(format!("namespace {namespace} in {}", release.target.server))
            .why(format!("its revision {}, {verb}, is {outcome}: keys are changed in what is whole", newest.number))
            .state(NOTHING_WRITTEN)
            .hint(format!("see how it is: slipway status {name} -n {namespace}"))
            .hint(format!(
                "and bring it to an end: slipway attach {name} -n {namespace} --yes, or the same command as then"
            ))
    })
}

/// The objects of a chart do not restart with a key, and of its database nobody knows how a password is changed.
fn slipways(plan: &Plan) -> Result<(), Failure> {
    let Target { release, namespace, server, .. } = &plan.target;
    if !is_of_chart(plan) {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, format!("{release} is still as its chart laid it down"))
        .place(format!("namespace {namespace} in {server}"))
        .why("what reads a key would not restart with its new value, and a password would not change in its database")
        .state(NOTHING_WRITTEN)
        .hint(format!("let slipway lay it down first: slipway upgrade {release} -n {namespace}")))
}

/// The path of a key by its whole name, or by the end of it where that is one key's alone.
///
/// # Errors
/// There is none, or several.
pub(super) fn named<'a>(name: &str, known: impl Iterator<Item = &'a str>, place: &str) -> Result<String, Failure> {
    let known: Vec<&str> = known.collect();
    if known.contains(&name) {
        return Ok(name.to_string());
    }
    let ending = format!(".{name}");
    let meant: Vec<&str> = known.iter().copied().filter(|path| path.ends_with(&ending)).collect();
    if let [one] = meant[..] {
        return Ok(one.to_string());
    }
    let failure = |what: String| Failure::new(FailureKind::Usage, what).place(place).state(NOTHING_WRITTEN);
    if meant.len() > 1 {
        return Err(failure(format!("several keys end in {name}")).hint(format!("name one: {}", meant.join(", "))));
    }
    let failure = failure(format!("there is no key {name}"));
    let ends = known.iter().filter_map(|path| Some((path.rsplit_once('.')?.1, *path)));
    let by_end = || suggest::nearest(name, ends.clone().map(|(end, _)| end));
    let near = suggest::nearest(name, known.iter().copied())
        .or_else(|| by_end().and_then(|near| ends.clone().find(|(end, _)| *end == near).map(|(_, path)| path)));
    Err(match near {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!("there is {}", known.join(", "))),
    })
}

fn wishes(names: &[String], recorded: &Plan, now: &Keys) -> Result<Vec<Wish>, Failure> {
    let known: Vec<&str> = now.values.keys().map(String::as_str).filter(|path| !path.ends_with(NEXT)).collect();
    let mut wishes: Vec<Wish> = Vec::new();
    for name in names {
        let (name, brought) = match name.split_once('=') {
            Some((name, from)) => (name, Some(passphrase::read(from)?)),
            None => (name.as_str(), None),
        };
        if let Some(SecretRef::Existing { name: secret, key, .. }) =
            recorded.answers.get(name).and_then(|answer| answer.secret.as_ref())
        {
            return Err(Failure::new(FailureKind::Refused, format!("{name} is not slipway's to change"))
                .why(format!("it is in your Secret {secret}, under {key}, and is only referred to"))
                .state(NOTHING_WRITTEN)
                .hint(format!(
                    "change it there, then run: slipway install {}",
                    recorded.target.of_product(&recorded.product.name)
                )));
        }
        let path = named(name, known.iter().copied(), &now.secret)?;
        if wishes.iter().any(|wish| wish.path == path) {
            return Err(Failure::new(FailureKind::Usage, format!("{path} is named twice")).state(NOTHING_WRITTEN));
        }
        wishes.push(Wish { path, brought });
    }
    Ok(wishes)
}

fn rotation(recorded: &Plan, path: &str) -> Rotation {
    recorded.keys.rotations.get(path).cloned().unwrap_or_default()
}

fn changes(wishes: &[Wish], pace: Pace, recorded: &Plan, now: &Keys) -> Result<Vec<Change>, Failure> {
    let mut random = StdRng::from_seed(rand::random());
    let changed = wishes.iter().map(|wish| {
        change(wish, &now.values, &rotation(recorded, &wish.path), pace, &mut |generate| letters(&mut random, generate))
    });
    changed.collect()
}

/// A rotation that made its key Secret and did not end: its values count, since something may be open with them.
fn going_on(wishes: &[Wish], pace: Pace, recorded: &Plan, now: &Keys, begun: &Keys) -> Result<Vec<Change>, Failure> {
    let differs = |path: &str| begun.values.get(path) != now.values.get(path);
    let of = |path: &str| path.strip_suffix(NEXT).unwrap_or(path).to_string();
    let all: BTreeSet<&String> = begun.values.keys().chain(now.values.keys()).collect();
    let was: BTreeSet<String> = all.into_iter().filter(|path| differs(path)).map(|path| of(path)).collect();
    let is: BTreeSet<String> = wishes.iter().map(|wish| wish.path.clone()).collect();
    let other = |why: String| {
        let names: Vec<&str> = was.iter().map(String::as_str).collect();
        Failure::new(FailureKind::Refused, "another rotation is half done")
            .place(format!("Secret {}", begun.secret))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint(format!("end that one first: slipway keys rotate {}", names.join(" ")))
    };
    if was != is {
        let names: Vec<&str> = was.iter().map(String::as_str).collect();
        return Err(other(format!("it gives another value to {}", names.join(", "))));
    }
    let mut changes = Vec::new();
    for wish in wishes {
        let path = &wish.path;
        let next = format!("{path}{NEXT}");
        let (old, new) = (now.values.get(path), begun.values.get(path));
        let join = rotation(recorded, path).join;
        let ends = |text: Option<&SecretText>, end: Option<&SecretText>| {
            let both = text.zip(end).filter(|_| !join.is_empty());
            both.is_some_and(|(text, end)| {
                text.expose().split_once(join.as_str()).is_some_and(|(_, old)| old == end.expose())
            })
        };
        let begins = old.zip(new).filter(|_| !join.is_empty()).is_some_and(|(old, new)| {
            old.expose().split_once(join.as_str()).is_some_and(|(first, _)| first == new.expose())
        });
        let way = match () {
            () if old == new => Way::Prepared,
            () if ends(new, old) => Way::Beside,
            () if begins => Way::Ended,
            () if now.values.get(&next).is_some_and(|next| Some(next) == new) => Way::Used,
            () => Way::Replaced,
        };
        if pace.finish != matches!(way, Way::Ended | Way::Used) {
            let step = if pace.finish { "its first step, without --finish" } else { "its second step, with --finish" };
            return Err(other(format!("what is half done is {step}")));
        }
        if wish.brought.as_ref().is_some_and(|brought| {
            ![new, begun.values.get(&next)].contains(&Some(brought))
                && !ends(new, Some(brought))
                && way == Way::Replaced
        }) {
            return Err(other(format!("it gives {path} another value than the one that is brought now")));
        }
        let values = [path.clone(), next].into_iter().filter(|path| differs(path));
        let values = values.filter_map(|path| Some((path.clone(), begun.values.get(&path)?.clone()))).collect();
        let source = if wish.brought.is_some() { SecretSource::Brought } else { SecretSource::Generated };
        changes.push(Change { path: path.clone(), way, values, source });
    }
    Ok(changes)
}

/// Every value that the recorded recipes need, the changed ones as they will be.
async fn secrets(
    cluster: &Cluster,
    recorded: &Plan,
    now: &Keys,
    begun: Option<&Keys>,
    changes: &[Change],
) -> Result<Secrets, Failure> {
    let mut secrets = attach::secrets(cluster, recorded).await??;
    let changed: BTreeMap<&String, &SecretText> = changes.iter().flat_map(|change| &change.values).collect();
    let begun = begun.iter().flat_map(|keys| &keys.values);
    for (path, value) in now.values.iter().chain(begun).chain(changed) {
        let at = SecretRef::Keys { generation: now.generation + 1, key: path.clone() };
        let source = secrets.get(path).map_or(SecretSource::Generated, |secret| secret.source);
        secrets.0.insert(path.clone(), Secret { source, value: Some(value.clone()), at });
    }
    Ok(secrets)
}

/// The plan out of the record and what is in the cluster now.
struct Rotating<'a> {
    cluster: &'a Cluster,
    target: &'a Target,
    recorded: &'a Revision,
    secrets: &'a Secrets,
    changes: &'a [Change],
}

impl Rotating<'_> {
    async fn plan(&self) -> Result<Plan, Failure> {
        let recorded = &self.recorded.plan;
        let next = self.target.key_secret_name(recorded.keys.generation.max(1) + 1);
        let ids = recorded.steps.iter().map(|step| step.wanted.object.id());
        let ids = ids.chain([ObjectId::new("", "Secret", &self.target.namespace, &next)]);
        let live = self.cluster.read(ids).await.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
        let left = &self.recorded.progress.left;
        Ok(plan(recorded, (&live, left), self.target, self.secrets, self.changes))
    }
}

impl Planner for Rotating<'_> {
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>> {
        Box::pin(self.plan())
    }
}

/// The command that repeats it.
fn repeat(target: &Target, names: &[String], pace: Pace) -> String {
    let mut command =
        format!("slipway keys rotate {} --name {} -n {}", names.join(" "), target.release, target.namespace);
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    for (is, flag) in [(pace.finish, " --finish"), (pace.at_once, " --at-once")] {
        command.push_str(if is { flag } else { "" });
    }
    command + " --yes"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_the_end_of_its_path_where_that_is_clear() {
        let known = ["database.password", "keys.event", "queue.password"];
        let named = |name: &str| named(name, known.into_iter(), "Secret a-keys-1");
        assert_eq!(named("keys.event").unwrap(), "keys.event");
        assert_eq!(named("event").unwrap(), "keys.event");
        assert!(named("password").unwrap_err().hints[0].contains("database.password, queue.password"));
        assert!(named("evnt").unwrap_err().hints[0].contains("did you mean keys.event?"));
        assert!(named("keys.evnt").unwrap_err().hints[0].contains("did you mean keys.event?"));
    }
}
