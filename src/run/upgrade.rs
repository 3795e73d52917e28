//! `slipway upgrade`: a change of what is installed. The form carries what was answered; the plan says what becomes of what is
//! there, and the gates of the product what has to come first.

use std::collections::BTreeMap;

use crate::answers::{Form, Origin, file};
use crate::cli::{BackupHow, BackupTo, Shared};
use crate::cluster::record::{Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::ObjectId;
use crate::plan::gates::{self, Caution};
use crate::plan::render::render;
use crate::plan::upgrade::{Earlier, upgrade};
use crate::plan::{Action, Plan, Target, Verb, Wanted};

use super::releases::Release;
use super::setup::read_file;
use super::target::{self, Known};
use super::{answers, backup, install, interactive, render as rendering, wizard};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let shared = aimed(shared)?;
    let found = Release::find(&shared, release, "upgrade").await?;
    let newest = &found.revisions[0];
    refuse_half_gone(newest)?;
    let product = newest.plan.product.name.clone();
    let shared = at(shared, &found);
    if !shared.yes && interactive(&shared) {
        return wizard::over(&shared, &found.target, newest).await;
    }
    install::run(&shared, Some(&product)).await
}

/// Where the answers file says that the release is, as long as nothing else says so.
///
/// # Errors
/// The file cannot be read.
pub(super) fn aimed(shared: &Shared) -> Result<Shared, Failure> {
    let Some(path) = &shared.answers else { return Ok(shared.clone()) };
    let said = file::target_of(&path.display().to_string(), &read_file(path)?);
    let or = |flag: &Option<String>, key: &str| flag.clone().or_else(|| said.get(key).cloned());
    Ok(Shared {
        context: or(&shared.context, "context"),
        namespace: or(&shared.namespace, "namespace"),
        release: or(&shared.release, "release"),
        ..shared.clone()
    })
}

/// The flags that mean the release that was found.
pub(super) fn at(shared: Shared, found: &Release) -> Shared {
    let (namespace, release) = (Some(found.target.namespace.clone()), Some(found.target.release.clone()));
    Shared { namespace, release, ..shared }
}

/// A release that is being taken away is not changed.
pub(super) fn refuse_half_gone(newest: &Revision) -> Result<(), Failure> {
    if newest.plan.verb != Verb::Uninstall {
        return Ok(());
    }
    let target = &newest.plan.target;
    Err(Failure::new(
        FailureKind::Refused,
        format!("an uninstall of {} was begun and is not at its end", target.release),
    )
    .place(format!("namespace {} in {}", target.namespace, target.server))
    .why(format!("{} began it at {}", newest.who, newest.began.strftime("%F %H:%M:%SZ")))
    .state(NOTHING_WRITTEN)
    .hint(format!("finish it: slipway uninstall {} -n {}", target.release, target.namespace))
    .hint(format!(
        "or install it again over what is left: slipway install {}",
        target.of_product(&newest.plan.product.name)
    )))
}

/// The plan of a change to what is installed.
///
/// # Errors
/// The product cannot be rendered, or the cluster cannot be read.
pub(super) async fn make(shared: &Shared, known: &Known, form: &Form) -> Result<Plan, Failure> {
    let Some(deployed) = deployed(&known.revisions) else {
        return Err(Failure::new(FailureKind::Bug, "an upgrade of what was never installed").state(NOTHING_WRITTEN));
    };
    let finally = form.world().version();
    let next = gates::stops(form.product(), &deployed.product.version, &finally).into_iter().next();
    let between = next.filter(|next| *next != finally).map(|next| form.through(&next));
    let form = between.as_ref().unwrap_or(form);
    if !form.is_complete() {
        return Err(answers::incomplete(form));
    }
    let world = form.world();
    let rendered = render(&world).map_err(|faults| rendering::not_rendered(&faults))?;
    let wanted = wanted(&known.revisions);
    let mut ids = install::ids(known, &rendered.objects);
    ids.extend(wanted.keys().cloned());
    let members = async {
        let id = ObjectId::new("", "ConfigMap", &known.target.namespace, &known.target.parent_name());
        let read = async { known.cluster.members(&known.target, known.cluster.find(&id).await?.as_ref()).await };
        read.await.map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))
    };
    let (live, members) = tokio::try_join!(target::live(known, ids), members)?;
    let production = form.product().profiles.iter().any(|one| one.id == known.target.profile && one.production);
    let earlier = Earlier {
        deployed,
        wanted,
        left: &install::left(shared, known),
        members: &members,
        finally: &finally,
        caution: Caution {
            production,
            backup: shared.backup,
            without_backup: shared.without_backup,
            back_on_failure: shared.rollback_on_failure,
        },
    };
    upgrade(&earlier, &world, &live, &known.target, form.recorded()).map_err(|faults| rendering::not_rendered(&faults))
}

/// The plan of the newest revision that was deployed.
pub(super) fn deployed(revisions: &[Revision]) -> Option<&Plan> {
    let good = revisions.iter().find(|revision| revision.progress.outcome == Outcome::Deployed);
    good.map(|revision| &revision.plan)
}

/// What was wanted of each object by those revisions that may have written it since the last good one.
fn wanted(revisions: &[Revision]) -> BTreeMap<ObjectId, Vec<&Wanted>> {
    let mut wanted: BTreeMap<ObjectId, Vec<&Wanted>> = BTreeMap::new();
    if revisions.first().is_some_and(|newest| newest.plan.verb == Verb::Uninstall) {
        // What is missing then was taken away by us, not by somebody's hand.
        return wanted;
    }
    for revision in revisions.iter().filter(|revision| revision.plan.verb != Verb::Uninstall) {
        let outcome = revision.progress.outcome;
        for step in revision.plan.steps.iter().filter(|step| step.action != Action::Delete) {
            let id = step.wanted.object.id();
            // What a client that died had under way is not in its notes.
            let closed = matches!(outcome, Outcome::Failed);
            if !closed || revision.progress.written.contains_key(&id) {
                wanted.entry(id).or_default().push(&step.wanted);
            }
        }
        if outcome == Outcome::Deployed {
            break;
        }
    }
    wanted
}

/// Whether the version that was answered is not the one that was just installed, since a gate asked for that one first.
pub(super) fn goes_on(plan: &Plan, form: &Form) -> bool {
    plan.verb == Verb::Upgrade && plan.product.version != form.world().version()
}

/// Takes the backup that was asked for, before anything changes.
///
/// # Errors
/// It cannot be taken: nothing is changed then.
pub(super) async fn back_up(shared: &Shared, plan: &Plan) -> Result<(), Failure> {
    let asked = shared.backup && plan.verb == Verb::Upgrade && !plan.is_empty();
    if !asked || !plan.findings.iter().any(|finding| finding.code == "BACKUP_FIRST") {
        return Ok(());
    }
    if !interactive(shared) {
        return Err(nowhere(&plan.target));
    }
    let there = Shared {
        namespace: Some(plan.target.namespace.clone()),
        // The yes was given for all of it.
        yes: true,
        ..shared.clone()
    };
    backup::run(&there, Some(&plan.target.release), &BackupTo::default(), &BackupHow::default()).await.map_err(
        |mut failure| {
            // An upgrade has no word for the place.
            failure.hints.retain(|hint| !hint.contains("--to"));
            let failure = failure.hint(elsewhere(&plan.target));
            failure.hint("nothing was changed: mend it, or go on without a backup: --without-backup")
        },
    )
}

/// Nobody is asked where the backup goes, and a name of our own choosing would be found by nobody.
fn nowhere(target: &Target) -> Failure {
    let release = format!("{} -n {}", target.release, target.namespace);
    Failure::new(FailureKind::Invalid, "nobody said where the backup goes")
        .place(format!("release {}, namespace {}", target.release, target.namespace))
        .why("--backup asks at a terminal alone")
        .state(NOTHING_WRITTEN)
        .hint(elsewhere(target))
        .hint(format!("and then: slipway upgrade {release} --yes --without-backup"))
}

fn elsewhere(target: &Target) -> String {
    format!("take it by itself: slipway backup {} -n {} --to PATH --yes", target.release, target.namespace)
}

/// The command that repeats it.
pub(super) fn repeat(plan: &Plan, form: &Form) -> String {
    let target = &plan.target;
    let mut command = format!("slipway upgrade {} -n {}", target.release, target.namespace);
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    // What was answered at earlier runs is in the record.
    if !form.decided_since(Origin::LastRun).is_empty() {
        command.push_str(&format!(" -f {}.yaml", plan.product.name));
    }
    command + " --yes"
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_backup_that_nobody_gave_a_place_names_commands_that_exist() {
        let target = Target { release: "shop".into(), namespace: "a".into(), ..Target::default() };
        let failure = nowhere(&target);
        let commands: Vec<&str> =
            failure.hints.iter().filter_map(|hint| Some(hint.split_once(": slipway ")?.1)).collect();
        assert_eq!(
            commands,
            ["backup shop -n a --to PATH --yes", "upgrade shop -n a --yes --without-backup"],
            "{failure}"
        );
        for command in commands {
            crate::cli::Cli::try_parse_from(["slipway"].into_iter().chain(command.split(' '))).unwrap();
        }
    }
}
