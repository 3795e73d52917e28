//! `slipway attach`: a run that was left, or that goes on elsewhere, shown again out of its record and the watches; and gone on
//! with, where somebody says so (cluster.md 4 "Detach").

use std::io::IsTerminal as _;

use crate::cli::{Output, Shared};
use crate::cluster::record::{self, Outcome, Revision, Standing};
use crate::cluster::{Cluster, FaultKind, keys};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::RunInfo;
use crate::plan::{Action, Plan, Target};
use crate::product::schema::Product;
use crate::secret::{Secret, SecretRef, SecretSource, Secrets};
use crate::view::headless;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt, Reply};

use super::apply::{self, Face, How, Job};
use super::{plain, print, products, target};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let all = standing(shared, &cluster).await?;
    let named = release.or(shared.release.as_deref());
    let Some(found) = choose(&all, named, &place(&cluster))? else {
        return nothing_pending(shared, &all, named);
    };
    let revision = read(&cluster, found).await?;
    let facts = cluster.facts(&found.namespace).await?;
    let secrets = secrets(&cluster, &revision.plan).await?;
    let face = Face::of(shared);
    let whole = secrets.is_ok();
    // The full screen offers it itself.
    let go_on = shared.yes || (face == Face::Plain && whole && offered(shared, &revision)?);
    if go_on {
        let secrets = secrets?;
        let (plan, how) = (&revision.plan, How::Recorded);
        return apply::show(
            shared,
            &Job { cluster: &cluster, facts: &facts, plan, secrets: &secrets, how, whole, answers: None },
            face,
        )
        .await
        .map(drop);
    }
    // Looking needs no value; those that are known are hidden in what the pods say.
    let secrets = secrets.unwrap_or_default();
    let (plan, how) = (&revision.plan, How::Shown(&revision));
    let job = Job { cluster: &cluster, facts: &facts, plan, secrets: &secrets, how, whole, answers: None };
    let ended = apply::show(shared, &job, face).await?;
    match ended.left {
        Some(remaining) if face == Face::Headless => Err(Failure {
            // The last event said so.
            told: true,
            ..Failure::new(FailureKind::Refused, format!("the run is not at its end: {}", what_remains(remaining)))
                .why("nobody said that it shall go on")
                .state("what was written stays, and goes on by itself")
                .hint(format!("go on with it: {} --yes", attach(&revision.plan.target)))
        }),
        _ => Ok(()),
    }
}

pub(super) fn place(cluster: &Cluster) -> String {
    format!("{} (context {})", cluster.server(), cluster.context())
}

/// Where the releases stand: in the namespace that was named, else in all of them, where they may be listed; else in the
/// context's and in those that products are usually in.
pub(super) async fn standing(shared: &Shared, cluster: &Cluster) -> Result<Vec<Standing>, Failure> {
    let failed = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    if let Some(namespace) = &shared.namespace {
        return record::standing(cluster, namespace).await.map_err(failed);
    }
    match record::standing(cluster, "").await {
        Err(fault) if fault.kind == FaultKind::Forbidden => {}
        all => return all.map_err(failed),
    }
    let mut namespaces = vec![cluster.identity().namespace.clone()];
    for name in products::known(shared)?.into_keys() {
        let Product { namespace, .. } = products::find(shared, &name)?;
        if !namespaces.contains(&namespace) {
            namespaces.push(namespace);
        }
    }
    let (mut all, mut refused) = (Vec::new(), None);
    for namespace in &namespaces {
        match record::standing(cluster, namespace).await {
            Ok(more) => all.extend(more),
            Err(fault) => refused = Some(fault),
        }
    }
    match refused {
        Some(fault) if all.is_empty() => Err(failed(fault).hint("name the namespace: -n NAMESPACE")),
        _ => Ok(all),
    }
}

/// The pending run that is meant; `None` when none is pending.
fn choose<'a>(all: &'a [Standing], named: Option<&str>, place: &str) -> Result<Option<&'a Standing>, Failure> {
    let meant: Vec<&Standing> = all.iter().filter(|one| named.is_none_or(|named| one.release == named)).collect();
    if let (Some(named), true) = (named, meant.is_empty()) {
        let known: Vec<String> = all.iter().map(|one| format!("{} in {}", one.release, one.namespace)).collect();
        let failure = Failure::new(FailureKind::Usage, format!("there is no release {named}")).place(place);
        let failure = if known.is_empty() { failure } else { failure.why(format!("there is {}", known.join(", "))) };
        return Err(failure
            .state(NOTHING_WRITTEN)
            .hint("name another, or its namespace: slipway attach RELEASE -n NAMESPACE"));
    }
    let pending: Vec<&Standing> = meant.into_iter().filter(|one| one.outcome == Outcome::Pending.word()).collect();
    match pending[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => {
            let failure = Failure::new(FailureKind::Usage, format!("{} runs are pending", pending.len())).place(place);
            let failure = failure.state(NOTHING_WRITTEN);
            Err(pending.iter().fold(failure, |failure, one| {
                failure.hint(format!("slipway attach {} -n {}", one.release, one.namespace))
            }))
        }
    }
}

fn nothing_pending(shared: &Shared, all: &[Standing], named: Option<&str>) -> Result<(), Failure> {
    let stand = all
        .iter()
        .filter(|one| named.is_none_or(|named| one.release == named))
        .map(|one| format!("{} in {}: revision {}, {}", one.release, one.namespace, one.revision, one.outcome));
    let stand: Vec<String> = stand.collect();
    if shared.output == Output::Json {
        return print(&format!("{}\n", headless::nothing_json(stand, jiff::Timestamp::now())));
    }
    let mut text = "Nothing is pending: there is no run to attach to.\n".to_string();
    for one in stand {
        text.push_str(&format!("  {one}\n"));
    }
    print(&text)
}

/// The pending revision, its plan as this context names the cluster.
pub(super) async fn read(cluster: &Cluster, found: &Standing) -> Result<Revision, Failure> {
    let target = Target { namespace: found.namespace.clone(), release: found.release.clone(), ..Target::default() };
    let revisions = record::read(cluster, &target).await?;
    let mut revision = revisions.into_iter().next().ok_or_else(|| {
        Failure::new(FailureKind::Refused, "the run's record is gone").place(place(cluster)).state(NOTHING_WRITTEN)
    })?;
    let recorded = &mut revision.plan.target;
    recorded.context = cluster.context().to_string();
    recorded.server = cluster.server().to_string();
    recorded.practice = cluster.identity().practice;
    Ok(revision)
}

/// The secrets that the recorded plan needs, by where they are; the inner error is why it cannot be gone on with.
pub(super) async fn secrets(cluster: &Cluster, plan: &Plan) -> Result<Result<Secrets, Failure>, Failure> {
    let mut secrets = Secrets::default();
    let generation = plan.keys.generation.max(1);
    match keys::read(cluster, &plan.target, generation).await? {
        Some(found) => {
            for (key, value) in found.values {
                let source = plan.keys.entries.iter().find(|entry| entry.path == key).map(|entry| entry.source);
                let (source, at) =
                    (source.unwrap_or(SecretSource::Generated), SecretRef::Keys { generation, key: key.clone() });
                secrets.0.insert(key, Secret { source, value: Some(value), at });
            }
        }
        None if plan.has_secrets() => {
            let install = format!("slipway install {}", plan.target.of_product(&plan.product.name));
            return Ok(Err(Failure::new(FailureKind::Refused, "the keys of this run were not made yet")
                .place(place(cluster))
                .why("what they would have been is known to nobody but the client that is gone")
                .state("nothing but the record was written")
                .hint(format!("begin it again, with the same answers: {install}"))));
        }
        None => {}
    }
    for (path, at) in plan.steps.iter().flat_map(|step| step.wanted.recipes.values()).flat_map(|one| one.secrets()) {
        let SecretRef::Existing { namespace, name, key } = at else { continue };
        let value = cluster.secret_values(namespace, name).await?.remove(key);
        if value.is_none() {
            return Ok(Err(Failure::new(FailureKind::Refused, format!("the Secret {name} has no key {key} any more"))
                .place(place(cluster))
                .why(format!("{path} is made from it"))
                .state(NOTHING_WRITTEN)
                .hint(format!("bring {key} back in the Secret {name}, then run the same command again"))));
        }
        secrets.0.insert(path.to_string(), Secret { source: SecretSource::Existing, value, at: at.clone() });
    }
    Ok(Ok(secrets))
}

/// Says what was left, and asks whether it shall go on.
fn offered(shared: &Shared, revision: &Revision) -> Result<bool, Failure> {
    let (plan, written) = (&revision.plan, &revision.progress.written);
    let all = plan.steps.iter().filter(|step| step.action != Action::Delete);
    let remaining = all.clone().filter(|step| !written.contains_key(&step.wanted.object.id())).count();
    let target = &plan.target;
    let said = format!(
        "{} {} in {}, namespace {}: revision {}, begun by {} at {}, is not at its end: {}.",
        plan.product.title,
        plan.product.version,
        target.context,
        target.namespace,
        revision.number,
        revision.who,
        revision.began.strftime("%F %H:%M:%SZ"),
        match remaining {
            0 => what_remains(0),
            left => format!("{left} of {} not done", steps(u32::try_from(all.count()).unwrap_or(u32::MAX))),
        },
    );
    let asked = "Go on with what remains? No only looks on";
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        && std::env::var_os("ACCESSIBLE").is_none()
        && !plain(shared);
    let reply = if dialogue {
        ask(&mut Dialogue::new(), &said, asked)
    } else {
        ask(&mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()), &said, asked)
    };
    match reply {
        Ok(Reply::Said(yes)) => Ok(yes),
        Ok(Reply::Command(_) | Reply::Ended) => Ok(false),
        Ok(Reply::Interrupted) => {
            Err(Failure::new(FailureKind::Interrupted, "stopped by Ctrl-C").state(NOTHING_WRITTEN))
        }
        Err(error) => Err(Failure::new(FailureKind::Usage, "the terminal cannot be read or written")
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("go on without a question: --yes")),
    }
}

fn ask(prompt: &mut dyn Prompt, said: &str, asked: &str) -> std::io::Result<Reply<bool>> {
    prompt.say(said)?;
    prompt.confirm(asked, Some(false))
}

fn steps(count: u32) -> String {
    if count == 1 { "1 step".into() } else { format!("{count} steps") }
}

fn what_remains(steps_left: u32) -> String {
    match steps_left {
        0 => "everything is written, and nobody has said that it is done".into(),
        left => format!("{} not done", steps(left)),
    }
}

/// The command that was meant, in full.
fn attach(target: &Target) -> String {
    let (release, namespace, context) = (target.release.clone(), target.namespace.clone(), target.context.clone());
    RunInfo { release, namespace, context, practice: target.practice, ..RunInfo::default() }.attach()
}
