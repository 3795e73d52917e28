//! A plan frozen in a file for review: `slipway plan --out FILE` writes it, `slipway apply FILE` runs it. No secret is in it; it is
//! bound to the cluster, to the release's record and to the objects as they were, and it expires.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::answers::{Form, Origin, file};
use crate::cli::Shared;
use crate::cluster::record::Revision;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::Plan;
use crate::product::duration_seconds;
use crate::view::overview::Overview;

use super::apply::Face;
use super::setup::Setup;
use super::target::Known;
use super::{agree, answers, apply as running, install, print, target, upgrade};

/// Version of the file's format. A higher one is refused.
const FORMAT: u32 = 1;

/// Where a plan is frozen, and for how long.
pub(super) struct Out {
    pub(super) path: PathBuf,
    pub(super) lasts: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frozen {
    /// Tells such a file from any other.
    slipway_plan: u32,
    writer: String,
    made: Timestamp,
    expires: Timestamp,
    /// The newest revision when it was made, and the version of its ConfigMap.
    record: Option<(u32, String)>,
    /// What was there of the plan's objects.
    objects: Vec<Seen>,
    /// The answers file that makes it again: secrets are references in it.
    answers: String,
    flags: Flags,
    plan: Plan,
}

/// What was said beside the answers.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Flags {
    adopt: Vec<String>,
    take_field: Vec<String>,
    leave_field: Vec<String>,
    reset: Vec<String>,
    skip_preflight: Vec<String>,
    exact: bool,
    backup: bool,
    without_backup: bool,
}

impl Flags {
    fn of(shared: &Shared) -> Self {
        Self {
            adopt: shared.adopt.clone(),
            take_field: shared.take_field.clone(),
            leave_field: shared.leave_field.clone(),
            reset: shared.reset.clone(),
            skip_preflight: shared.skip_preflight.clone(),
            exact: shared.exact,
            backup: shared.backup,
            without_backup: shared.without_backup,
        }
    }
}

/// An object as it was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    id: ObjectId,
    version: String,
    /// A digest of what it says, without its status: that changes by itself. None of a Secret, whose values it could give
    /// away.
    content: Option<String>,
}

impl Seen {
    fn of(object: &Object) -> Self {
        Self { id: object.id(), version: object.resource_version().into(), content: content(object) }
    }

    fn is(&self, object: &Object) -> bool {
        self.version == object.resource_version() || (self.content.is_some() && self.content == content(object))
    }
}

fn content(object: &Object) -> Option<String> {
    if object.kind() == "Secret" {
        return None;
    }
    let mut said = object.clone();
    said.remove(&["status"]);
    for changing in ["managedFields", "resourceVersion"] {
        said.remove(&["metadata", changing]);
    }
    let mut hex = String::new();
    for byte in Sha256::digest(said.0.to_string()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

/// Freezes a plan.
///
/// # Errors
/// Something blocks it, or the file cannot be written.
pub(super) async fn freeze(
    shared: &Shared,
    known: &Known,
    form: &Form,
    overview: &Overview,
    out: &Out,
) -> Result<(), Failure> {
    install::blocked(overview)?;
    let lasts = duration_seconds(&out.lasts).and_then(|seconds| i64::try_from(seconds).ok()).ok_or_else(|| {
        Failure::new(FailureKind::Usage, format!("--lasts {} is not a duration", out.lasts))
            .state(NOTHING_WRITTEN)
            .hint("write it as 30m, 4h or 24h")
    })?;
    let plan = &overview.plan;
    let live = target::live(known, plan.steps.iter().map(|step| step.wanted.object.id()).collect()).await?;
    if !plan.is_of(&live) {
        return Err(Failure::new(FailureKind::Refused, "the cluster moved while the plan was made")
            .state(NOTHING_WRITTEN)
            .hint("run the same command again"));
    }
    let made = Timestamp::now();
    let expires = made.checked_add(SignedDuration::from_secs(lasts)).unwrap_or(Timestamp::MAX);
    let frozen = Frozen {
        slipway_plan: FORMAT,
        writer: concat!("slipway/", env!("CARGO_PKG_VERSION")).into(),
        made,
        expires,
        record: known.revision.as_ref().map(stamp),
        objects: live.values().map(Seen::of).collect(),
        // What earlier runs decided is in the record, which must be the same then.
        answers: file::write_since(Origin::LastRun, form, &known.target.context),
        flags: Flags::of(shared),
        plan: plan.clone(),
    };
    let unwritable = |why: String| {
        Failure::new(FailureKind::Usage, format!("cannot write {}", out.path.display()))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint("name another file: --out FILE")
    };
    if out.path.exists() && read(&out.path).is_err() {
        return Err(unwritable("it exists, and is not a frozen plan".into()));
    }
    let text = serde_json::to_string_pretty(&frozen).map_err(|error| unwritable(error.to_string()))?;
    write(&out.path, &text).map_err(|error| unwritable(error.to_string()))?;
    install::tell(overview)?;
    print(&format!(
        "Frozen in {} until {}. Run it: slipway apply {} --yes\n",
        out.path.display(),
        expires.strftime("%F %H:%M:%SZ"),
        out.path.display()
    ))
}

/// The whole file or none of it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{:08x}", rand::random::<u32>()));
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    if written.is_err() {
        // What was begun beside it is of no use to anybody.
        let _gone = std::fs::remove_file(&beside);
    }
    written
}

fn stamp(revision: &Revision) -> (u32, String) {
    (revision.number, revision.resource_version.clone())
}

fn read(path: &Path) -> Result<Frozen, Failure> {
    let place = path.display().to_string();
    let unreadable = |what: &str, why: String| {
        Failure::new(FailureKind::Usage, what).place(place.clone()).why(why).state(NOTHING_WRITTEN)
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        unreadable("cannot read the frozen plan", error.to_string()).hint("slipway plan --out FILE makes one")
    })?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| unreadable("this is not a frozen plan", error.to_string()))?;
    match value["slipwayPlan"].as_u64() {
        Some(format) if format > u64::from(FORMAT) => {
            return Err(Failure::new(FailureKind::Refused, "the plan was frozen by a newer slipway")
                .place(place)
                .why(format!("its format is {format}, this program reads format {FORMAT}"))
                .state(NOTHING_WRITTEN)
                .hint(format!(
                    "use {} or newer",
                    crate::sanitize::line(value["writer"].as_str().unwrap_or("that one"))
                )));
        }
        Some(_) => {}
        None => return Err(unreadable("this is not a frozen plan", "it does not say so".into())),
    }
    serde_json::from_value(value).map_err(|error| unreadable("the frozen plan is damaged", error.to_string()))
}

/// `slipway apply`.
pub(super) async fn apply(shared: &Shared, path: &Path) -> Result<(), Failure> {
    let frozen = read(path)?;
    let expired = frozen.expires < Timestamp::now();
    if expired {
        return Err(refused(path, &frozen).why(format!(
            "it was made at {} and could be run until {}",
            frozen.made.strftime("%F %H:%M:%SZ"),
            frozen.expires.strftime("%F %H:%M:%SZ")
        )));
    }
    let shared = flags(shared, &frozen)?;
    let name = &frozen.plan.product.name;
    let mut setup = Setup::of(&shared, Some(name), path.display().to_string(), Some(frozen.answers.clone()))?;
    if setup.product.digest != frozen.plan.product.digest {
        return Err(refused(path, &frozen)
            .why(format!("this slipway has another {} than the one it was made with", setup.product.title)));
    }
    let mut known = target::know(&shared, &setup).await?;
    if known.target.cluster_uid != frozen.plan.target.cluster_uid {
        return Err(refused(path, &frozen)
            .why(format!("it was made for another cluster than {} ({})", known.target.server, known.target.context)));
    }
    unmoved(path, &frozen, &known).await?;
    let form = target::form(&shared, &mut setup, &mut known).await?;
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let now = install::overview(&shared, &known, &form).await?;
    let differences = frozen.plan.differences(&now.plan);
    if !differences.is_empty() {
        return Err(differences.into_iter().fold(refused(path, &frozen), Failure::why));
    }
    // How the cluster is called is this machine's matter; everything else is as it was frozen.
    let plan = Plan { target: known.target.clone(), ..frozen.plan.clone() };
    let overview = Overview { plan, repeat: format!("slipway apply {} --yes", path.display()), ..now };
    let asks = agree::asks(&shared) && !overview.plan.is_empty();
    if !agree::agreed(&shared, &overview, asks).await? {
        return Ok(());
    }
    upgrade::back_up(&shared, &overview.plan).await?;
    running::run(&shared, &known, &overview.plan, &form, Face::of(&shared)).await?;
    if upgrade::goes_on(&overview.plan, &form) {
        let target = &overview.plan.target;
        return print(&format!(
            "{} was a version on the way. Go on: slipway upgrade {} -n {}\n",
            overview.plan.product.version, target.release, target.namespace
        ));
    }
    Ok(())
}

/// What was said when it was frozen, and where it goes; who runs it says only how it is shown and who is asked.
fn flags(shared: &Shared, frozen: &Frozen) -> Result<Shared, Failure> {
    let target = &frozen.plan.target;
    let given = [(&shared.namespace, &target.namespace, "-n"), (&shared.release, &target.release, "--name")];
    for (given, is, flag) in given {
        if let Some(given) = given.as_ref().filter(|given| *given != is) {
            return Err(Failure::new(FailureKind::Usage, format!("the plan was frozen for {is}, not for {given}"))
                .state(NOTHING_WRITTEN)
                .hint(format!("leave {flag} out: a frozen plan says where it goes")));
        }
    }
    if !shared.set.is_empty() || shared.answers.is_some() {
        return Err(Failure::new(FailureKind::Usage, "a frozen plan has its answers in it")
            .state(NOTHING_WRITTEN)
            .hint("leave --set and --answers out, or freeze another plan with them"));
    }
    let flags = frozen.flags.clone();
    let practice = shared.practice.clone().or_else(|| target.practice.then(|| "healthy".to_owned()));
    let here = matches!(target.context.as_str(), "" | "in-cluster") || practice.is_some();
    Ok(Shared {
        context: shared.context.clone().or_else(|| (!here).then(|| target.context.clone())),
        practice,
        namespace: Some(target.namespace.clone()),
        release: Some(target.release.clone()),
        profile: Some(target.profile.clone()),
        adopt: flags.adopt,
        take_field: flags.take_field,
        leave_field: flags.leave_field,
        reset: flags.reset,
        skip_preflight: [flags.skip_preflight, shared.skip_preflight.clone()].concat(),
        exact: flags.exact,
        backup: flags.backup,
        without_backup: flags.without_backup,
        ..shared.clone()
    })
}

/// Nothing that the plan was made from is otherwise now.
async fn unmoved(path: &Path, frozen: &Frozen, known: &Known) -> Result<(), Failure> {
    let mut moved = Vec::new();
    let newest = known.revision.as_ref();
    if newest.map(stamp) != frozen.record {
        moved.push(match newest {
            Some(newest) => format!(
                "the release was changed since: revision {} by {}, {}",
                newest.number,
                newest.who,
                newest.progress.outcome.word()
            ),
            None => "the release is gone".into(),
        });
    }
    let ids: BTreeSet<ObjectId> = frozen.plan.steps.iter().map(|step| step.wanted.object.id()).collect();
    let live = target::live(known, ids.into_iter().collect()).await?;
    for seen in &frozen.objects {
        match live.get(&seen.id) {
            None => moved.push(format!("{} is gone", seen.id.short())),
            Some(object) if !seen.is(object) => moved.push(format!("{} was changed", seen.id.short())),
            Some(_) => {}
        }
    }
    for id in live.keys().filter(|id| !frozen.objects.iter().any(|seen| seen.id == **id)) {
        moved.push(format!("{} was made", id.short()));
    }
    if moved.is_empty() {
        return Ok(());
    }
    Err(moved.into_iter().fold(refused(path, frozen), Failure::why))
}

fn refused(path: &Path, frozen: &Frozen) -> Failure {
    let target = &frozen.plan.target;
    Failure::new(FailureKind::Refused, "the frozen plan is not run: it is not any more what was reviewed")
        .place(format!("{}, for {} in {}", path.display(), target.release, target.namespace))
        .state(NOTHING_WRITTEN)
        .hint(format!(
            "freeze it again: slipway plan {} --out {}",
            target.of_product(&frozen.plan.product.name),
            path.display()
        ))
}
