//! `slipway status` and `slipway history`: how a release is, and how it came there. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::{Output, Shared};
use crate::cluster::FaultKind;
use crate::cluster::contender::{self, Contender};
use crate::cluster::record::{Revision, Standing};
use crate::diagnose::{Notice, Patterns, Scene, symptoms};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::Finding;
use crate::object::ObjectId;
use crate::plan::set::RELEASE;
use crate::plan::{Action, Plan, Verb};
use crate::secret::SecretRef;
use crate::view::status::Status;
use crate::watch;

use super::releases::Release;
use super::{attach, print, rollback, target};

/// `slipway status`.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let all = attach::standing(shared, &cluster).await?;
    if release.is_none() && shared.release.is_none() && all.len() != 1 {
        return list(shared, &all);
    }
    let found = Release::of(shared, cluster, &all, release, "status").await?;
    let status = look(&found).await?;
    if shared.output == Output::Json {
        json_line(&status)?;
    } else {
        print(&status.text())?;
    }
    if status.is_well() {
        return Ok(());
    }
    let open = status.objects.iter().filter(|one| one.readiness != crate::event::Readiness::Ready).count();
    Err(Failure {
        // It was just shown.
        told: true,
        ..Failure::new(
            FailureKind::Deployment,
            if open == 1 { "1 object is not ready".into() } else { format!("{open} objects are not ready") },
        )
        .state(NOTHING_WRITTEN)
    })
}

/// A line for each release.
fn list(shared: &Shared, all: &[Standing]) -> Result<(), Failure> {
    if shared.output == Output::Json {
        let rows = all.iter().map(|one| {
            json!({"release": one.release, "namespace": one.namespace, "revision": one.revision, "outcome": one.outcome, "who": one.who})
        });
        return print(&format!("{}\n", Value::Array(rows.collect())));
    }
    if all.is_empty() {
        return print("No release is here. Install one: slipway install\n");
    }
    let mut text = format!("{:24} {:24} {:>8}  OUTCOME\n", "RELEASE", "NAMESPACE", "REVISION");
    for one in all {
        text.push_str(&format!("{:24} {:24} {:>8}  {}\n", one.release, one.namespace, one.revision, one.outcome));
    }
    print(&text)
}

/// Reads everything that a status tells of.
pub(super) async fn look(found: &Release) -> Result<Status, Failure> {
    let Release { cluster, target, revisions } = found;
    let newest = &revisions[0];
    let plan: &Plan = &revisions.iter().find(|one| one.plan.verb != Verb::Uninstall).unwrap_or(newest).plan;
    let ids = plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| step.wanted.object.id());
    let ids: Vec<ObjectId> = ids.collect();
    let namespace = target.namespace.as_str();
    let selector = format!("{RELEASE}={}", target.release);
    let (live, sets, pods, events, claims, busy) = tokio::join!(
        cluster.read(ids),
        cluster.list("apps", "ReplicaSet", namespace, ""),
        cluster.list("", "Pod", namespace, ""),
        cluster.list("", "Event", namespace, ""),
        cluster.list("", "PersistentVolumeClaim", namespace, &selector),
        contender::contender(cluster, target),
    );
    let claims = match claims {
        Ok(claims) => claims.objects,
        Err(fault) if fault.kind == FaultKind::Forbidden => Vec::new(),
        Err(fault) => return Err(Failure::from(fault).state(NOTHING_WRITTEN)),
    };
    let running = pods.as_ref().map(|pods| &pods.objects[..]).unwrap_or_default();
    let volumes = cluster.volumes(namespace, &claims, running).await;
    let mut scene = Scene::new(Arc::default(), Timestamp::now());
    let more = [sets, pods].into_iter().filter_map(Result::ok).flat_map(|listed| listed.objects);
    let live: BTreeMap<ObjectId, _> = live.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
    live.into_values().chain(more).for_each(|object| scene.put(Arc::new(object)));
    for event in events.map(|listed| listed.objects).unwrap_or_default() {
        if let Some(notice) = Notice::read(&event, false) {
            scene.notice(notice);
        }
    }
    let objects = watch::status(plan, &scene);
    let ready = objects.iter().all(|one| one.readiness == crate::event::Readiness::Ready);
    let findings = if ready { Vec::new() } else { symptoms(&scene, &Patterns::new(&plan.log_patterns)) };
    let mut findings: Vec<Finding> = findings.into_iter().map(|symptom| symptom.finding).collect();
    let certificates = super::certificates::look(found, &scene, &mut findings).await;
    findings.extend(watch::volumes::nearly_full(&volumes));
    Ok(Status {
        release: target.release.clone(),
        namespace: target.namespace.clone(),
        context: target.context.clone(),
        product: plan.product.title.clone(),
        version: plan.product.version.clone(),
        revision: newest.number,
        verb: newest.plan.verb.word().into(),
        outcome: newest.progress.outcome.word().into(),
        why: newest.progress.why.clone(),
        steps: (newest.progress.written.len(), steps(&newest.plan)),
        good: revisions.iter().find(|one| rollback::good(one)).map(|one| one.number),
        busy: busy.ok().flatten().map(|busy| at_work(&busy)),
        who: newest.who.clone(),
        began: newest.began.strftime("%F %H:%M:%SZ").to_string(),
        objects,
        volumes: Status::volumes(&volumes),
        certificates,
        findings,
    })
}

fn steps(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| step.action != Action::Delete).count()
}

/// Who is at work, since when, and whether it was heard of lately.
fn at_work(busy: &Contender) -> String {
    let time = |time: Option<Timestamp>| time.map_or("?".to_string(), |time| time.strftime("%F %H:%M:%SZ").to_string());
    let silent = busy.renewed.map_or(0, |renewed| Timestamp::now().duration_since(renewed).as_secs());
    let heard = match u64::try_from(silent) {
        Ok(silent) if silent > busy.lasts => {
            format!(", not heard of since {}: anybody may take over", time(busy.renewed))
        }
        _ => String::new(),
    };
    format!("{}, since {}{heard}", busy.shown, time(busy.since))
}

/// `slipway history`.
pub(super) async fn history(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let found = Release::find(shared, release, "history").await?;
    let rows: Vec<Value> =
        found.revisions.iter().enumerate().map(|(i, one)| row(one, found.revisions.get(i + 1))).collect();
    if shared.output == Output::Json {
        return print(&format!("{}\n", Value::Array(rows)));
    }
    print(&lines(&rows))
}

/// The revisions in lines, the newest first.
pub(super) fn told(revisions: &[Revision]) -> String {
    let rows: Vec<Value> = revisions.iter().enumerate().map(|(i, one)| row(one, revisions.get(i + 1))).collect();
    lines(&rows)
}

fn lines(rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        let field = |name: &str| row[name].as_str().unwrap_or("");
        text.push_str(&format!(
            "{:>4}  {:10} {:9} {:20} {}, {}\n",
            row["revision"].to_string(),
            field("outcome"),
            field("verb"),
            field("began"),
            field("version"),
            field("who")
        ));
        if !field("objects").is_empty() {
            text.push_str(&format!("      {}\n", field("objects")));
        }
        for line in row["changed"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            text.push_str(&format!("      {line}\n"));
        }
        if !field("why").is_empty() {
            text.push_str(&format!("      why: {}\n", field("why")));
        }
    }
    text
}

/// A revision, with what changed since the one before it.
fn row(one: &Revision, before: Option<&Revision>) -> Value {
    json!({
        "revision": one.number,
        "verb": one.plan.verb.word(),
        "outcome": one.progress.outcome.word(),
        "why": one.progress.why,
        "who": one.who,
        "writer": one.writer,
        "began": one.began.strftime("%F %H:%M:%SZ").to_string(),
        "product": one.plan.product.name,
        "version": one.plan.product.version,
        "ended": one.progress.ended.map(|ended| ended.strftime("%F %H:%M:%SZ").to_string()),
        "objects": objects(&one.plan),
        "changed": before.map(|before| changed(&before.plan, &one.plan)).unwrap_or_default(),
    })
}

/// How many objects were to be changed, in words.
fn objects(plan: &Plan) -> String {
    let count = |what: fn(&Action) -> bool| plan.steps.iter().filter(|step| what(&step.action)).count();
    let namespace = usize::from(!plan.namespace_exists && plan.namespace_beside());
    let keys = usize::from(plan.keys_beside());
    let (made, there) = if plan.keys.exists { (0, keys) } else { (keys, 0) };
    let counts = [
        (count(|action| matches!(action, Action::Create)) + namespace + made, "created"),
        (count(|action| matches!(action, Action::Change { .. })), "changed"),
        (count(|action| matches!(action, Action::Replace { .. })), "replaced"),
        (count(|action| matches!(action, Action::Delete)), "deleted"),
        (count(|action| matches!(action, Action::Keep)) + there, "kept"),
    ];
    let words: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { String::new() } else { format!("objects: {}", words.join(", ")) }
}

/// The answers that differ, a line each; a secret is never shown, only that it is another one.
pub(super) fn changed(before: &Plan, now: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    if before.product.version != now.product.version {
        lines.push(format!("version: {} -> {}", before.product.version, now.product.version));
    }
    let (was, is) = (before.keys.generation, now.keys.generation);
    if was != is && was > 0 {
        lines.push(format!("keys: generation {was} -> {is}"));
    }
    let paths: BTreeSet<&String> = before.answers.keys().chain(now.answers.keys()).collect();
    for path in paths {
        let (was, is) = (before.answers.get(path), now.answers.get(path));
        let secret = [was, is].into_iter().flatten().any(|answer| answer.secret.is_some());
        let words = |answer: Option<&crate::answers::RecordedAnswer>| match answer {
            None => "nothing".to_string(),
            Some(answer) => answer.value.as_str().map_or_else(|| answer.value.to_string(), str::to_string),
        };
        match (was.map(|one| (&one.value, place(one))), is.map(|one| (&one.value, place(one)))) {
            (was, is) if was == is => {}
            _ if secret => lines.push(format!("{path}: another secret")),
            _ => lines.push(format!("{path}: {} -> {}", words(was), words(is))),
        }
    }
    lines
}

/// Where a secret is kept. A generation is complete, so that it alone tells no change.
fn place(answer: &crate::answers::RecordedAnswer) -> Option<SecretRef> {
    match &answer.secret {
        Some(SecretRef::Keys { key, .. }) => Some(SecretRef::Keys { generation: 0, key: key.clone() }),
        other => other.clone(),
    }
}

fn json_line(status: &Status) -> Result<(), Failure> {
    let json = serde_json::to_string(status)
        .map_err(|error| Failure::new(FailureKind::Bug, "the status cannot be written").why(error.to_string()))?;
    print(&format!("{json}\n"))
}
