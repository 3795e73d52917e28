//! The check inside a run (cluster.md 5): before anything that depends on a database starts, its password is tried over the
//! network from another pod, where it may not be the one that opens it: a volume of an earlier install, a server outside.

use tokio::sync::OnceCell;

use super::{opens, set_password};
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::finding::{Finding, Severity};
use crate::plan::backup::{Kind, Source, client};
use crate::plan::set::OPENED_BY;
use crate::plan::{Action, Class, Plan, Step, Verb};
use crate::run::databases::{Databases, is_outside, mounts};
use crate::view::plain::{Prompt, Reply};
use crate::watch::{Channel, Handle};

/// What every wrong password is told with.
const WRONG: &str = "the password does not open ";
/// The word that has it mended.
const MEND: &str = "--mend-password";

/// The databases of a plan whose password may not be the one that opens them.
pub(in crate::run) fn doubtful(plan: &Plan, mut sources: Vec<Source>) -> Vec<Source> {
    if plan.verb != Verb::Install || plan.target.practice {
        return Vec::new();
    }
    sources.retain(|source| match is_outside(plan, source) {
        true => true,
        // Redis has its password from its command line: an old volume knows none.
        false => source.kind == Kind::Postgresql && kept_claim(plan, source).is_some(),
    });
    sources
}

/// The workload that runs a database of the plan.
fn server<'a>(plan: &'a Plan, source: &Source) -> Option<&'a Step> {
    let mut of_group = plan.steps.iter().filter(|step| step.wanted.group == source.group);
    of_group.find(|step| matches!(step.wanted.object.kind(), "StatefulSet" | "Deployment"))
}

/// The claim of a database that was there before.
fn kept_claim<'a>(plan: &'a Plan, source: &Source) -> Option<&'a Step> {
    let claims = plan.steps.iter().filter(|step| step.class == Class::Claim);
    let mut kept = claims.filter(|step| matches!(step.action, Action::Keep | Action::Change { .. }));
    kept.find(|step| mounts(plan, &source.group, step.wanted.object.name()))
}

/// What is said of it before "yes": a pod is a write, if only for a moment.
pub(in crate::run) fn finding(plan: &Plan, source: &Source) -> Finding {
    Finding::new(
        "PASSWORD_TRIED",
        Severity::Info,
        format!("the password of {} is tried before what needs it starts", source.title()),
    )
    .why(format!(
        "a pod {} with the image {} is made for a moment, to ask over the network",
        client::name(&plan.target, source),
        source.image
    ))
    .at(format!("Pod/{}/{}", plan.target.namespace, client::name(&plan.target, source)))
}

/// The checks of one run; each is made once, when the first that needs it is about to start.
pub(in crate::run) struct Guard {
    databases: Databases,
    mend: bool,
    channel: Channel,
    handle: Handle,
    made: Vec<(Source, OnceCell<Result<(), Failure>>)>,
}

impl Guard {
    /// Of the databases that [`doubtful`] names; `mend`: a wrong one is set without a question.
    pub(in crate::run) fn new(databases: Databases, mend: bool, channel: Channel, handle: Handle) -> Self {
        let made = databases.sources.iter().map(|source| (source.clone(), OnceCell::new())).collect();
        Self { databases, mend, channel, handle, made }
    }

    /// Waits for the checks that a workload needs before it may start.
    ///
    /// # Errors
    /// A password does not open its database.
    pub(in crate::run) async fn pass(&self, step: &Step) -> Result<(), Failure> {
        for (source, made) in &self.made {
            if self.concerns(source, step) {
                made.get_or_init(|| self.one(source)).await.clone()?;
            }
        }
        Ok(())
    }

    fn concerns(&self, source: &Source, step: &Step) -> bool {
        let plan = self.databases.plan();
        if self.databases.sources.iter().any(|source| source.group == step.wanted.group) {
            return false;
        }
        match server(plan, source) {
            _ if self.databases.is_outside(source) => true,
            // Nobody waits for what comes after it.
            Some(server) => server.wave <= step.wave,
            None => false,
        }
    }

    async fn one(&self, source: &Source) -> Result<(), Failure> {
        if let Some(server) = server(self.databases.plan(), source).filter(|_| !self.databases.is_outside(source)) {
            self.handle.ready(&[server.wanted.object.id()]).await?;
        }
        let what = source.title();
        let place = "its password, from another pod".to_string();
        self.tell(EventKind::DataStarted { verb: "check".into(), what: what.clone(), place, size: None }).await;
        let why = match self.asked(source).await {
            Ok(None) => None,
            Ok(Some(why)) => Some(why),
            Err(failure) => return self.unchecked(source, &failure).await,
        };
        if let Some(why) = why {
            if !self.mend || self.databases.is_outside(source) {
                return Err(self.wrong(source, &why));
            }
            set_password(&self.databases, source, &|| Ok(())).await?;
            if let Some(still) = self.asked(source).await? {
                return Err(self.wrong(source, &still).state("its password was set, and it refuses still"));
            }
            let database = &source.group;
            self.tell(EventKind::PasswordSet { group: database.clone(), user: source.user.clone() }).await;
        }
        self.tell(EventKind::DataChecked { what, bytes: 0 }).await;
        Ok(())
    }

    async fn asked(&self, source: &Source) -> Result<Option<String>, Failure> {
        opens(&self.databases.with_parent().await?, source).await
    }

    async fn tell(&self, kind: EventKind) {
        self.channel.tell(None, kind).await;
    }

    /// What cannot be asked is said, and no reason to stop: the product will tell.
    async fn unchecked(&self, source: &Source, failure: &Failure) -> Result<(), Failure> {
        let why: Vec<String> = std::iter::once(failure.what.clone()).chain(failure.why.clone()).collect();
        let what = format!("whether the password of {} opens it is not known", source.title());
        let finding = Finding::new("PASSWORD_UNKNOWN", Severity::Warning, what).why(why.join("; ")).remedy(format!(
            "ask again once it runs: slipway keys check {} -n {}",
            self.databases.target.release, self.databases.target.namespace
        ));
        self.tell(EventKind::FindingRaised { finding, hopeless: false }).await;
        Ok(())
    }

    fn wrong(&self, source: &Source, why: &str) -> Failure {
        let (plan, target) = (self.databases.plan(), &self.databases.target);
        let failure = Failure::new(FailureKind::Refused, format!("{WRONG}{} (DATABASE_PASSWORD)", source.title()))
            .place(format!("namespace {} in {}", target.namespace, target.server))
            .why(why.to_string())
            .state("nothing that depends on it was started; its data is as it was");
        let Some(claim) = kept_claim(plan, source).filter(|_| !is_outside(plan, source)) else {
            return failure
                .hint("give the password that the server knows: the same command with another answer for it");
        };
        let claim = &claim.wanted.object;
        let failure = failure
            .why(format!("the volume {} was initialised with another password", claim.name()))
            .hint(format!("give the database the password of the key Secret: the same command with {MEND}"));
        match claim.annotation(OPENED_BY).and_then(|opened| opened.split(',').next()?.split_once('/')) {
            Some((_, path)) => failure.hint(format!(
                "or give the password that the volume knows: the same command with --set {path}=env:NAME"
            )),
            None => failure,
        }
    }
}

/// Whether a run failed since a password is wrong that can be mended.
pub(in crate::run) fn can_be_mended(failure: &Failure) -> bool {
    failure.what.starts_with(WRONG) && failure.hints.iter().any(|hint| hint.contains(MEND))
}

/// Asks a person whether it is to be mended; stopping is the default.
pub(in crate::run) fn ask(prompt: &mut dyn Prompt, failure: &Failure) -> std::io::Result<bool> {
    let texts = [
        "Stop: nothing that depends on it was started".to_string(),
        "Give the database the password of the key Secret (ALTER ROLE), and go on".to_string(),
        "Give another password".to_string(),
    ];
    prompt.say(&failure.to_string())?;
    match prompt.choose("What now", &texts, Some(0))? {
        Reply::Said(1) => Ok(true),
        Reply::Said(2) => {
            for hint in failure.hints.iter().filter(|hint| hint.contains("--set")) {
                prompt.say(&format!("  {hint}"))?;
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::view::plain::LineReader;

    #[test]
    fn a_wrong_password_is_set_only_when_that_is_chosen_and_stopping_is_the_default() {
        let failure = Failure::new(FailureKind::Refused, format!("{WRONG}database"))
            .hint(format!("the same command with {MEND}"))
            .hint("or the same command with --set database.password=env:NAME");
        assert!(can_be_mended(&failure));
        assert!(!can_be_mended(&Failure { hints: Vec::new(), ..failure.clone() }), "a server outside is not ours");
        for (typed, wanted) in [("\n", false), ("1\n", false), ("2\n", true), ("3\n", false), ("", false)] {
            let mut said = Vec::new();
            let asked = ask(&mut LineReader::new(Cursor::new(typed.to_string()), &mut said), &failure);
            assert_eq!(asked.unwrap(), wanted, "{typed:?}");
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains("--set database.password"), "{said}");
        }
    }
}
