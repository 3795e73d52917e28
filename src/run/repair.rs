//! `slipway repair`: a release whose record was lost or damaged is found by its labels and field manager, and recorded anew.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};

use serde_json::json;

use crate::apply::repair::{self, Found, members, rebuilt};
use crate::cli::{Output, Shared};
use crate::cluster::applyset::group_kinds;
use crate::cluster::lock::LockTiming;
use crate::cluster::record::{self, Torn};
use crate::cluster::{Cluster, keys};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::ObjectId;
use crate::plan::Target;
use crate::plan::set::RELEASE;
use crate::view::consent::Consent;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt as _, Reply};
use crate::view::tui;

use super::{apply, interactive, log, moving, plain, print, target};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let target = meant(shared, &cluster, release).await?;
    let found = look(&cluster, &target).await?;
    let unread = |failure: Failure| failure.state(NOTHING_WRITTEN);
    if found.objects.is_empty() && found.revisions.is_empty() && found.torn.is_empty() {
        return Err(Failure::new(FailureKind::Usage, format!("there is no release {}", target.release))
            .place(format!("namespace {} in {}", target.namespace, target.server))
            .why("nor is anything left of one: no record, and no object of its set")
            .state(NOTHING_WRITTEN)
            .hint("name another: slipway repair RELEASE -n NAMESPACE"));
    }
    if found.is_whole() {
        return tell(shared, &target, "the record is whole: nothing was written", &[], None);
    }
    if let Some(generation) = found.missing_keys(&target).filter(|_| found.needs_revision()) {
        return Err(keys::gone(&target, generation));
    }
    let options = apply::options(shared)?;
    let (revision, unknown) = match found.needs_revision() {
        true => rebuilt(&found, &target, &options.who)
            .map(|(revision, unknown)| (Some(revision), unknown))
            .map_err(unread)?,
        false => (None, Vec::new()),
    };
    let mut said = amiss(&found);
    match &revision {
        Some(revision) => said.push(format!(
            "revision {} is built out of {} objects in the cluster; nothing that runs is touched",
            revision.number,
            found.objects.len()
        )),
        None => said.push("the parent of the set is written; nothing that runs is touched".into()),
    }
    said.extend(unknown.iter().map(|what| format!("not known, and not recorded: {what}")));
    if !shared.yes {
        let asks = interactive(shared);
        if !asks || !agreed(shared, &target, &said).await? {
            let command = format!("slipway repair {} -n {} --yes", target.release, target.namespace);
            let failure = Failure::new(FailureKind::Refused, "nobody said yes").state(NOTHING_WRITTEN);
            let failure = if asks { failure } else { said.into_iter().fold(failure, Failure::why) };
            return Err(failure.hint(command));
        }
    }
    let kept = keep(&target, &found.torn)?;
    said.extend(kept.map(|place| format!("what could not be read is kept in {place}")));
    let number = revision.as_ref().map(|revision| revision.number);
    let take_over = shared.take_over.as_deref();
    repair::repair(&cluster, &target, &found, revision, take_over, LockTiming::default()).await?;
    tell(shared, &target, "the record is whole again", &said, number)
}

/// The release that is meant: by its name, else the only one whose labels are there.
async fn meant(shared: &Shared, cluster: &Cluster, release: Option<&str>) -> Result<Target, Failure> {
    let namespace = shared.namespace.clone().unwrap_or_else(|| cluster.identity().namespace.clone());
    let named = release.map(str::to_string).or_else(|| shared.release.clone());
    let release = match named {
        Some(named) => named,
        None => {
            let names = labelled(cluster, &namespace).await?;
            let mut all = names.iter();
            match (all.next(), all.next()) {
                (Some(only), None) => only.clone(),
                (first, _) => {
                    let what = if first.is_some() { "several releases could be meant" } else { "no release is here" };
                    let failure = Failure::new(FailureKind::Usage, what).place(format!("namespace {namespace}"));
                    let failure = failure.state(NOTHING_WRITTEN);
                    let command = |name: &String| format!("slipway repair {name} -n {namespace}");
                    return Err(match first {
                        Some(_) => names.iter().map(command).fold(failure, Failure::hint),
                        None => failure.hint("name it, and its namespace: slipway repair RELEASE -n NAMESPACE"),
                    });
                }
            }
        }
    };
    Ok(Target {
        context: cluster.context().to_string(),
        server: cluster.server().to_string(),
        practice: cluster.identity().practice,
        namespace,
        release,
        ..Target::default()
    })
}

/// The names of releases that labels and field managers in a namespace tell.
async fn labelled(cluster: &Cluster, namespace: &str) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    let prefix = format!("slipway:{namespace}/");
    for (group, kind) in
        [("", "ConfigMap"), ("", "PersistentVolumeClaim"), ("apps", "Deployment"), ("apps", "StatefulSet")]
    {
        let listed = cluster
            .list(group, kind, namespace, "")
            .await
            .map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
        for object in listed.objects {
            names.extend(object.label(RELEASE).map(str::to_string));
            let managers =
                object.list(&["metadata", "managedFields"]).iter().filter_map(|entry| entry["manager"].as_str());
            let releases = managers.filter_map(|manager| manager.strip_prefix(&prefix)?.split(':').next());
            names.extend(releases.map(str::to_string));
        }
    }
    Ok(names)
}

async fn look(cluster: &Cluster, target: &Target) -> Result<Found, Failure> {
    let parent = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
    let (read, parent, keys) =
        tokio::join!(record::read_torn(cluster, target), cluster.find(&parent), keys::all(cluster, target));
    let unread = |failure: Failure| failure.state(NOTHING_WRITTEN);
    let (revisions, torn) = read?;
    let parent = parent.map_err(|fault| unread(fault.into()))?;
    let steps = revisions.iter().flat_map(|revision| &revision.plan.steps);
    let mut named: BTreeSet<String> = steps.map(|step| step.wanted.object.id().group_kind()).collect();
    named.extend(parent.as_ref().map(group_kinds).unwrap_or_default());
    let objects = members(cluster, target, &named).await.map_err(unread)?;
    Ok(Found { parent: parent.is_some(), revisions, torn, objects, keys: keys.map_err(unread)? })
}

/// What is wrong, a sentence each.
fn amiss(found: &Found) -> Vec<String> {
    let mut said: Vec<String> =
        found.torn.iter().map(|torn| format!("revision {} cannot be read: {}", torn.number, torn.why)).collect();
    if found.revisions.is_empty() && found.torn.is_empty() {
        said.push("no revision is left".into());
    }
    if !found.parent {
        said.push("the parent of the set is gone".into());
    }
    said
}

async fn agreed(shared: &Shared, target: &Target, said: &[String]) -> Result<bool, Failure> {
    if moving::on_screen(shared) {
        let consent = Consent {
            here: moving::here(target, "repair"),
            asked: format!("Repair the record of {}?", target.release),
            said: said.to_vec(),
            doing: "Write the record anew".into(),
            about: "Only slipway's own record is written: which objects are the release's, and what they were made of. What \
                    runs, data and keys stay as they are."
                .into(),
            typed: None,
        };
        return tui::consent(consent, apply::theme(shared)).await;
    }
    print(&(said.join("\n") + "\n"))?;
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal() && std::env::var_os("ACCESSIBLE").is_none() && !plain(shared);
    let asked = "Write the record anew";
    let reply = if dialogue {
        Dialogue::new().confirm(asked, Some(false))
    } else {
        LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()).confirm(asked, Some(false))
    };
    Ok(matches!(reply, Ok(Reply::Said(true))))
}

/// Keeps what could not be read beside the log, before it goes: somebody may read more in it.
fn keep(target: &Target, torn: &[Torn]) -> Result<Option<String>, Failure> {
    let Some(folder) = log::state_folder().filter(|_| !torn.is_empty()) else { return Ok(None) };
    let written = || -> std::io::Result<String> {
        std::fs::create_dir_all(&folder)?;
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
        let path = folder.join(format!("record-{}-{}-{now}.json", target.namespace, target.release));
        let objects: Vec<_> = torn.iter().flat_map(|torn| &torn.objects).collect();
        let mut options = std::fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(json!(objects).to_string().as_bytes())?;
        Ok(path.display().to_string())
    };
    written().map(Some).map_err(|error| {
        Failure::new(FailureKind::Refused, "what cannot be read cannot be kept first")
            .place(folder.display().to_string())
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("make the folder writable, or name another: SLIPWAY_STATE_DIR=FOLDER")
    })
}

fn tell(shared: &Shared, target: &Target, what: &str, said: &[String], revision: Option<u32>) -> Result<(), Failure> {
    if shared.output == Output::Json {
        let told = json!({"release": target.release, "namespace": target.namespace, "what": what, "said": said, "revision": revision});
        return print(&format!("{told}\n"));
    }
    let mut text = format!("Release {} in {}: {what}.\n", target.release, target.namespace);
    for one in said {
        text.push_str(&format!("  {one}\n"));
    }
    print(&text)
}
