//! `slipway uninstall`: everything of a release goes, but its volumes and keys, which are asked about one by one.

mod first;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use crate::apply as executor;
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::applyset::group_kinds;
use crate::cluster::lock::LockTiming;
use crate::cluster::record::{Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::ObjectId;
use crate::plan::uninstall::{BACKED_UP, Held, Wishes, plan};
use crate::plan::{Action, Class, Plan, Target, Verb};
use crate::secret::Secrets;
use crate::view::overview::Overview;
use crate::view::plain::uninstall::ask;
use crate::view::plain::{Dialogue, GiveBack, LineReader};
use crate::view::tui;
use crate::view::uninstall::{Decision, Kept};

use super::apply::{self, Face, How, Job};
use super::releases::Release;
use super::{attach, install, interactive, plain, target};

/// The verb.
pub(super) async fn run(
    shared: &Shared,
    release: Option<&str>,
    volumes: Vec<String>,
    keys: Vec<String>,
    backups: &[String],
) -> Result<(), Failure> {
    let found = match Release::find(shared, release, "uninstall").await {
        Err(failure) if failure.kind == FailureKind::Usage => return swept(shared, release, failure).await,
        found => found?,
    };
    let Release { cluster, mut target, revisions } = found;
    let (facts, held) = tokio::try_join!(cluster.facts(&target.namespace), held(&cluster, &target, &revisions))?;
    target.cluster_uid.clone_from(&facts.cluster_uid);
    let recorded = recorded(&revisions)?;
    let backups = first::read(backups, &target.release)?;
    let volumes = volumes.into_iter().chain(backups.keys().cloned()).collect();
    let mut wishes = Wishes { volumes, keys: keys.into_iter().collect(), backups };
    begun(&revisions, &held, &mut wishes);
    let asks = !shared.yes && interactive(shared);
    let mut databases = None;
    let mut folders = BTreeMap::new();
    if !wishes.backups.is_empty() || asks && !target.practice && !held.volumes.is_empty() {
        match first::databases(shared, &target).await {
            Ok(found) => {
                folders = first::offered(&found, &held.volumes, &wishes.backups);
                databases = Some(found);
            }
            Err(failure) if !wishes.backups.is_empty() => return Err(failure),
            // A backup is offered where one is possible; the choices without one remain.
            Err(_) => {}
        }
    }
    let about = About {
        shared,
        cluster: &cluster,
        version: &facts.git_version,
        recorded,
        held: &held,
        target: &target,
        folders,
    };
    // What does not exist is told before what it holds.
    about.overview(&wishes)?;
    if let Some(databases) = &databases {
        first::possible(databases, &wishes.backups)?;
    }
    let plan = if asks {
        let Some(plan) = about.agreed(wishes).await? else { return Ok(()) };
        plan
    } else {
        let overview = about.overview(&wishes)?;
        install::blocked(&overview)?;
        if !shared.yes {
            install::tell(&overview)?;
            return Err(Failure::new(FailureKind::Refused, "nobody said yes")
                .why("there is no terminal to ask at, and --yes was not given")
                .state(NOTHING_WRITTEN)
                .hint(overview.repeat.clone()));
        }
        overview.plan
    };
    if let Some(databases) = &databases {
        first::take(shared, databases, &plan).await?;
    }
    let (secrets, how) = (Secrets::default(), How::Recorded);
    let job = Job { cluster: &cluster, facts: &facts, plan: &plan, secrets: &secrets, how, whole: true, answers: None };
    let ended = apply::show(shared, &job, Face::of(shared)).await;
    if let (Err(failure), Some(databases)) = (&ended, &databases)
        && failure.kind == FailureKind::Refused
    {
        // It did not begin: what was stopped for the backup is needed still.
        first::undo(shared, databases).await;
    }
    ended.map(drop)
}

/// A release without a record: what an uninstall left of it that died at its very end goes; else there is none.
async fn swept(shared: &Shared, release: Option<&str>, none: Failure) -> Result<(), Failure> {
    let Some(release) = release.or(shared.release.as_deref()) else { return Err(none) };
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let namespace = shared.namespace.clone().unwrap_or_else(|| cluster.identity().namespace.clone());
    let target = Target { namespace, release: release.into(), ..Target::default() };
    match executor::sweep(&cluster, &target, shared.take_over.as_deref(), LockTiming::default()).await {
        Ok(true) => super::print(&format!("{release} is gone: the end of an earlier uninstall was made up for.\n")),
        Err(failure) if failure.kind == FailureKind::Refused => Err(failure),
        _ => Err(none),
    }
}

/// The plan that knows the groups: of the newest revision that is no uninstall, else of the newest.
fn recorded(revisions: &[Revision]) -> Result<&Plan, Failure> {
    let newest = revisions.iter().find(|revision| revision.plan.verb != Verb::Uninstall).or(revisions.first());
    newest.map(|revision| &revision.plan).ok_or_else(|| Failure::new(FailureKind::Bug, "a release without a revision"))
}

/// Everything that is there: by the kinds that the parent names, and those of every revision, since a parent may be lost.
async fn held(cluster: &Cluster, target: &Target, revisions: &[Revision]) -> Result<Held, Failure> {
    let id = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
    let unread = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let parent = cluster.find(&id).await.map_err(unread)?;
    let steps = || revisions.iter().flat_map(|revision| &revision.plan.steps);
    let members = || steps().filter(|step| matches!(step.class, Class::Ordinary | Class::ClusterScoped));
    let mut kinds = parent.as_ref().map(group_kinds).unwrap_or_default();
    kinds.extend(members().map(|step| step.wanted.object.id().group_kind()));
    let mut held = cluster.held_of(target, &kinds).await.map_err(unread)?;
    let newest = recorded(revisions)?.steps.iter().filter(|step| step.action != Action::Delete);
    let missing: Vec<ObjectId> = newest
        .filter(|step| matches!(step.class, Class::Ordinary | Class::ClusterScoped))
        .map(|step| step.wanted.object.id())
        .filter(|id| !held.objects.iter().any(|object| object.id() == *id))
        .collect();
    if !missing.is_empty() {
        held.unmarked = cluster.read(missing).await.map_err(unread)?.into_keys().collect();
    }
    Ok(held)
}

/// An uninstall that was begun goes on with what was said then; what it deleted already need not be there any more.
fn begun(revisions: &[Revision], held: &Held, wishes: &mut Wishes) {
    let pending = revisions
        .first()
        .filter(|revision| revision.plan.verb == Verb::Uninstall && revision.progress.outcome == Outcome::Pending);
    for step in pending.into_iter().flat_map(|revision| &revision.plan.steps) {
        let object = &step.wanted.object;
        let named = match step.class {
            _ if step.action != Action::Delete => continue,
            Class::Claim => &mut wishes.volumes,
            _ if crate::plan::uninstall::is_key(object) => &mut wishes.keys,
            _ => continue,
        };
        if held.objects.iter().any(|there| there.id() == object.id()) {
            named.insert(object.name().into());
        } else {
            named.remove(object.name());
        }
        // It was taken and read back before the first deletion, and what it would be taken from may be gone.
        if object.annotation(BACKED_UP).is_some() || !wishes.volumes.contains(object.name()) {
            wishes.backups.remove(object.name());
        }
    }
}

/// What is known when it is asked.
struct About<'a> {
    shared: &'a Shared,
    cluster: &'a Cluster,
    version: &'a str,
    recorded: &'a Plan,
    held: &'a Held,
    target: &'a Target,
    /// Where a backup of a volume would go, for those that can be backed up.
    folders: BTreeMap<String, String>,
}

impl About<'_> {
    fn overview(&self, wishes: &Wishes) -> Result<Overview, Failure> {
        Ok(Overview {
            plan: plan(self.recorded, self.held, self.target, wishes)?,
            cluster: vec![self.version.to_string()],
            findings: Vec::new(),
            skipped: self.shared.skip_preflight.clone(),
            repeat: repeat(self.target, wishes),
            mends: Vec::new(),
        })
    }

    /// Asks about each volume and key, and for the agreement; `None` when it was not given.
    async fn agreed(&self, wishes: Wishes) -> Result<Option<Plan>, Failure> {
        let kept = Kept {
            target: self.target,
            place: attach::place(self.cluster),
            volumes: &self.held.volumes,
            keys: &self.held.keys,
            folders: self.folders.clone(),
        };
        let mut failed = None;
        let mut made = |wishes: &Wishes| self.overview(wishes).map_err(|failure| failed = Some(failure)).ok();
        let decided = if plain(self.shared) {
            self.in_lines(&kept, wishes, &mut made)
        } else {
            tui::uninstall(&kept, wishes, &mut made, apply::theme(self.shared)).await
        };
        if let Some(failure) = failed {
            return Err(failure);
        }
        match decided? {
            Decision::Yes(overview) => {
                install::blocked(&overview)?;
                Ok(Some(overview.plan))
            }
            Decision::No => {
                super::print("Nothing was written.\n")?;
                Ok(None)
            }
            Decision::Interrupted => {
                Err(Failure::new(FailureKind::Interrupted, "stopped by Ctrl-C").state(NOTHING_WRITTEN))
            }
        }
    }

    /// The same, asked in lines.
    fn in_lines(
        &self,
        kept: &Kept<'_>,
        wishes: Wishes,
        made: &mut dyn FnMut(&Wishes) -> Option<Overview>,
    ) -> Result<Decision, Failure> {
        let _terminal = GiveBack::on_signals();
        let dialogue = std::io::stderr().is_terminal()
            && std::env::var("TERM").is_ok_and(|term| term != "dumb")
            && std::env::var_os("ACCESSIBLE").is_none();
        let decided = if dialogue {
            ask(kept, wishes, made, &mut Dialogue::new())
        } else {
            let mut lines = LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout());
            ask(kept, wishes, made, &mut lines)
        };
        decided.map_err(|error| {
            Failure::new(FailureKind::Usage, "the terminal cannot be read or written")
                .why(error.to_string())
                .state(NOTHING_WRITTEN)
                .hint(format!("do it without questions: {}", repeat(self.target, &Wishes::default())))
        })
    }
}

/// The command that repeats it.
fn repeat(target: &Target, wishes: &Wishes) -> String {
    let mut command = format!("slipway uninstall {} -n {}", target.release, target.namespace);
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    let named = |flag: &str, names: &BTreeSet<String>| -> String {
        names.iter().map(|name| format!(" --{flag} {name}")).collect()
    };
    let alone = wishes.volumes.iter().filter(|name| !wishes.backups.contains_key(*name)).cloned().collect();
    command.push_str(&named("delete-volume", &alone));
    command.extend(
        wishes.backups.iter().map(|(name, folder)| format!(" --backup-volume {}", quoted(&format!("{name}={folder}")))),
    );
    command.push_str(&named("delete-key", &wishes.keys));
    command + " --yes"
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:".contains(c);
    if word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
