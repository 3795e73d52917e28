//! `slipway rollback`: back to a recorded revision, out of its recorded objects.

use std::io::IsTerminal as _;

use futures::future::BoxFuture;

use crate::apply::{Planner, back, rehearse};
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::record::{self, Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::plan::{Plan, Target, Verb};
use crate::secret::Secrets;
use crate::view::menu::RevisionSeen;
use crate::view::overview::Overview;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt as _, Reply};

use super::apply::{self, Face, How, Job};
use super::releases::Release;
use super::{agree, install, interactive, plain, status};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, number: Option<u32>) -> Result<(), Failure> {
    to(shared, release, number).await.map(drop)
}

/// The same; whether it was done, or thought better of.
///
/// # Errors
/// There is no such revision, it cannot be gone back to, or the run failed.
pub(super) async fn to(shared: &Shared, release: Option<&str>, number: Option<u32>) -> Result<bool, Failure> {
    let Release { cluster, mut target, revisions } = Release::find(shared, release, "rollback").await?;
    let facts = cluster.facts(&target.namespace).await?;
    target.cluster_uid.clone_from(&facts.cluster_uid);
    let number = choose(&revisions, number, &target)?.number;
    let back = Back { cluster: &cluster, facts: &facts, target: &target, number };
    back.go(shared, agree::asks(shared)).await
}

/// A way back to a revision.
pub(super) struct Back<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) facts: &'a Facts,
    pub(super) target: &'a Target,
    /// Number of the revision.
    pub(super) number: u32,
}

impl Back<'_> {
    /// Shows it, and does it where somebody says yes, or where nobody is to be asked; whether it was done.
    async fn go(&self, shared: &Shared, asks: bool) -> Result<bool, Failure> {
        loop {
            let (plan, secrets) = self.make().await?;
            let overview = self.overview(shared, plan, &secrets).await?;
            if !agree::agreed(shared, &overview, asks).await? {
                return Ok(false);
            }
            match self.run(shared, &overview.plan, &secrets).await {
                // What moved is shown again.
                Err(failure) if asks && failure.what == crate::apply::MOVED => {}
                ended => return ended.map(|()| true),
            }
        }
    }

    /// Does it without a question.
    pub(super) async fn run(&self, shared: &Shared, plan: &Plan, secrets: &Secrets) -> Result<(), Failure> {
        let how = How::Agreed(self);
        let job = Job { cluster: self.cluster, facts: self.facts, plan, secrets, how, whole: true, answers: None };
        apply::show(shared, &job, Face::of(shared)).await.map(drop)
    }

    /// The plan out of what is there now, with the secrets that it needs.
    pub(super) async fn make(&self) -> Result<(Plan, Secrets), Failure> {
        back(self.cluster, self.target, self.number).await
    }

    async fn overview(&self, shared: &Shared, plan: Plan, secrets: &Secrets) -> Result<Overview, Failure> {
        let mut findings = Vec::new();
        // A run that nobody is asked about tries everything itself, once it holds the lock.
        if !shared.yes && !plan.findings.iter().any(Finding::blocks) {
            findings = rehearse(self.cluster, &plan, secrets, &apply::options(shared)?).await?;
        }
        Ok(Overview {
            repeat: command(self.target, Some(self.number)) + " --yes",
            plan,
            cluster: vec![self.facts.git_version.clone()],
            findings,
            skipped: shared.skip_preflight.clone(),
            mends: Vec::new(),
        })
    }

    /// Asks whether to look at the way back at all; staying is the default.
    fn wanted(&self, shared: &Shared) -> Result<bool, Failure> {
        let _terminal = GiveBack::on_signals();
        let texts = [
            "Stay: leave it as it is; the same command goes on from here".to_string(),
            format!("Go back to revision {}, which is shown first", self.number),
        ];
        let asked = "What now";
        let dialogue = std::io::stderr().is_terminal() && std::env::var_os("ACCESSIBLE").is_none() && !plain(shared);
        let reply = if dialogue {
            Dialogue::new().choose(asked, &texts, Some(0))
        } else {
            LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()).choose(asked, &texts, Some(0))
        };
        match reply {
            Ok(Reply::Said(chosen)) => Ok(chosen == 1),
            Ok(_) | Err(_) => Ok(false),
        }
    }
}

impl Planner for Back<'_> {
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>> {
        Box::pin(async { self.make().await.map(|(plan, _)| plan) })
    }
}

/// The command that goes back.
pub(super) fn command(target: &Target, to: Option<u32>) -> String {
    let mut command = format!("slipway rollback {}", target.release);
    if let Some(to) = to {
        command.push_str(&format!(" --to {to}"));
    }
    command.push_str(&format!(" -n {}", target.namespace));
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    command
}

/// After a run that failed: goes back where that was said beforehand, or offers it to who is there. What comes back is how
/// it ended: a run that failed is a failure, also where an earlier revision runs again.
pub(super) async fn after(
    shared: &Shared,
    (cluster, facts, target): (&Cluster, &Facts, &Target),
    failure: Failure,
    face: Face,
    wanted: bool,
) -> Failure {
    let asks = face == Face::Plain && interactive(shared) && !shared.yes;
    if !fits(&failure) || !(shared.rollback_on_failure || asks || wanted) {
        return failure;
    }
    let went = async {
        let revisions = record::read(cluster, target).await?;
        // Another run may have gone on meanwhile.
        let newest = revisions.first().filter(|newest| newest.progress.outcome != Outcome::Deployed);
        let Some(number) = newest.and_then(|_| Some(choose(&revisions, None, target).ok()?.number)) else {
            return Ok(None);
        };
        let back = Back { cluster, facts, target, number };
        let ended = |done| Some(if done { gone_back(&failure, number) } else { failure.clone() });
        if wanted {
            return back.go(shared, true).await.map(ended);
        }
        if !shared.rollback_on_failure {
            super::print(&format!("{failure}\n"))?;
            if !back.wanted(shared)? {
                return Ok(Some(Failure { hints: Vec::new(), why: Vec::new(), ..failure.clone() }));
            }
            return back.go(shared, true).await.map(ended);
        }
        let (plan, secrets) = back.make().await?;
        let overview = back.overview(shared, plan, &secrets).await?;
        install::blocked(&overview)?;
        back.run(shared, &overview.plan, &secrets).await.map(|()| Some(gone_back(&failure, number)))
    };
    match went.await {
        Ok(Some(ended)) => ended,
        Ok(None) => failure.hint("no earlier revision ended well, so that there was none to go back to"),
        Err(again) => {
            let failure = failure.why(format!("going back failed as well: {}", again.what));
            again.why.iter().chain(&again.hints).fold(failure, |failure, one| failure.why(one.clone()))
        }
    }
}

/// Whether what failed is the deployment, and not the way there.
pub(super) fn fits(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Deployment | FailureKind::TimedOut)
}

/// The failure of a run that was undone.
fn gone_back(failure: &Failure, number: u32) -> Failure {
    let kept = failure.state.rsplit_once("; ").map_or("", |(_, kept)| kept);
    let state = if kept.is_empty() { String::new() } else { format!("; {kept}") };
    Failure {
        what: format!("{}; it was undone, and revision {number} runs again", failure.what),
        state: format!("as revision {number} left it, but for what was written to volumes and databases{state}"),
        hints: vec!["mend the cause, then run the same command again".into()],
        told: true,
        ..failure.clone()
    }
}

/// Whether one can go back to a revision: it came to a good end, and it is not the end of the release.
pub(super) fn good(revision: &Revision) -> bool {
    revision.progress.outcome == Outcome::Deployed && revision.plan.verb != Verb::Uninstall
}

/// The revision that is meant. Without a number: a rollback that did not end goes on; after a failed run the newest good
/// one; else the one before the one that runs.
///
/// # Errors
/// There is no such revision, it did not end well, or there is none to go back to.
pub(super) fn choose<'a>(revisions: &'a [Revision], to: Option<u32>, target: &Target) -> Result<&'a Revision, Failure> {
    let place = format!("release {}, namespace {}", target.release, target.namespace);
    let choices: Vec<String> = revisions.iter().filter(|one| good(one)).map(told).collect();
    let told = |failure: Failure| {
        let failure = failure.place(place.clone()).state(NOTHING_WRITTEN);
        match choices.is_empty() {
            true => failure.hint("no revision of it ever ended well: mend what failed, and run it again"),
            false => choices.iter().fold(failure, |failure, one| failure.hint(format!("can be chosen: {one}"))),
        }
    };
    let newest = revisions.first();
    let Some(number) = to else {
        if let Some(pending) = newest.filter(|newest| newest.plan.verb == Verb::Rollback && !ended(newest)) {
            return Ok(pending);
        }
        let skipped = usize::from(newest.is_some_and(good));
        return revisions.iter().filter(|one| good(one)).nth(skipped).ok_or_else(|| {
            let why = match newest {
                Some(newest) if good(newest) => "it has one good revision, which is the one that runs",
                _ => "none of its revisions came to a good end",
            };
            told(Failure::new(FailureKind::Refused, "there is nothing to go back to").why(why))
        });
    };
    let Some(found) = revisions.iter().find(|one| one.number == number) else {
        let oldest = revisions.last().map_or(0, |one| one.number);
        let failure = Failure::new(FailureKind::Usage, format!("there is no revision {number}"));
        return Err(told(match number < oldest {
            true => failure.why(format!("the history is bounded, and begins with revision {oldest}")),
            false => failure,
        }));
    };
    if good(found) || (found.plan.verb == Verb::Rollback && !ended(found) && newest == Some(found)) {
        return Ok(found);
    }
    let what = match (found.plan.verb, found.progress.outcome) {
        (Verb::Uninstall, _) => format!("revision {number} is an uninstall"),
        (_, outcome) => format!("revision {number} is {}", outcome.word()),
    };
    let failure = Failure::new(FailureKind::Refused, what);
    Err(told(match found.progress.why.as_str() {
        "" => failure.why("it never came to a good end, so that nobody knows whether it works"),
        why => failure.why(why.to_string()),
    }))
}

fn ended(revision: &Revision) -> bool {
    matches!(revision.progress.outcome, Outcome::Deployed | Outcome::Superseded)
}

/// The revisions that one can go back to, with what they had otherwise than what runs now; the one that runs is none.
pub(super) fn choices(revisions: &[Revision]) -> Vec<RevisionSeen> {
    let Some(newest) = revisions.first() else { return Vec::new() };
    let running = Some(newest).filter(|newest| good(newest)).map(|newest| newest.number);
    let meant = revisions.iter().filter(|one| good(one) && Some(one.number) != running);
    let seen = meant.map(|one| RevisionSeen {
        number: one.number,
        run: format!("{} {}", one.plan.verb.word(), one.plan.product.version),
        began: one.began.strftime("%F %H:%M").to_string(),
        who: one.who.clone(),
        differs: status::changed(&newest.plan, &one.plan),
    });
    seen.collect()
}

/// A revision in a line.
fn told(revision: &Revision) -> String {
    format!(
        "--to {} ({} {}, {} by {})",
        revision.number,
        revision.plan.verb.word(),
        revision.plan.product.version,
        revision.began.strftime("%F %H:%M"),
        revision.who
    )
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod tests;
