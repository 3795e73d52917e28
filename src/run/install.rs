//! `slipway install` without questions: facts, form, plan, apply. With a person it is the wizard.

use std::collections::BTreeMap;

use crate::answers::{Form, file, names};
use crate::apply::rehearse;
use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::Finding;
use crate::object::ObjectId;
use crate::plan::backup::sources;
use crate::plan::existing;
use crate::plan::install::plan;
use crate::plan::render::render;
use crate::plan::{Plan, Verb, Wanted};
use crate::preflight;
use crate::view::overview::{Overview, mends};

use super::apply::Face;
use super::frozen::Out;
use super::releases::{self, Release};
use super::setup::{self, Setup};
use super::target::{self, Known};
use super::{answers, apply, frozen, interactive, password, print, products, render as rendering, upgrade, wizard};

/// The verb.
pub(super) async fn run(shared: &Shared, product: Option<&str>) -> Result<(), Failure> {
    if !shared.yes && interactive(shared) {
        return wizard::run(shared, product).await;
    }
    let only = only_product(shared, product)?;
    loop {
        let mut setup = Setup::read(shared, product.or(only.as_deref()))?;
        let mut known = target::know(shared, &setup).await?;
        let form = target::form(shared, &mut setup, &mut known).await?;
        if !form.is_complete() {
            return Err(answers::incomplete(&form));
        }
        let overview = overview(shared, &known, &form).await?;
        blocked(&overview)?;
        if !shared.yes && !overview.plan.is_empty() {
            tell(&overview)?;
            return Err(not_confirmed());
        }
        upgrade::back_up(shared, &overview.plan).await?;
        if let Some(at) = apply::run(shared, &known, &overview.plan, &form, Face::of(shared)).await? {
            return wizard::mend(shared, &overview.plan, form, at).await;
        }
        if !upgrade::goes_on(&overview.plan, &form) {
            return Ok(());
        }
    }
}

/// The product that is meant when none is named: where there is only one, and a person to see it.
fn only_product(shared: &Shared, product: Option<&str>) -> Result<Option<String>, Failure> {
    if product.is_some() || shared.answers.is_some() {
        return Ok(None);
    }
    let mut names = products::known(shared)?.into_keys();
    match (names.next(), names.next()) {
        (Some(only), None) if interactive(shared) => Ok(Some(only)),
        _ => Ok(None),
    }
}

/// Writes the answers file that repeats the run, beside where the operator stands; one that is there is not overwritten.
/// Says where it is, and on a second line the command; or one line that says why it cannot be written.
pub(super) fn save(form: &Form, context: &str) -> String {
    let name = &form.product().name;
    let text = file::write(form, context);
    for number in 0..100 {
        let path = if number == 0 { format!("{name}.yaml") } else { format!("{name}-{number}.yaml") };
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        match opened.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())) {
            Ok(()) => {
                let whole = std::path::absolute(&path).map_or_else(|_| path.clone(), |path| path.display().to_string());
                // A typed secret has no reference: the file names the variable that it is to come from.
                let set = form.kept().1.iter().map(|path| names::secret_variable(path)).collect::<Vec<_>>().join(", ");
                let set = if set.is_empty() { String::new() } else { format!(" (it reads {set}: set them first)") };
                return format!("{whole}{set}\nslipway install {name} -f {path} --yes");
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return format!("cannot write {path}: {error}"),
        }
    }
    format!("{name}.yaml and its numbered neighbours exist already: nothing was written")
}

/// What `slipway plan` is about: a product, as for `install`; else a release that is there, as for `upgrade`. A product is
/// known without asking a cluster.
async fn meant(shared: &Shared, name: Option<&str>) -> Result<(Shared, Option<String>), Failure> {
    match name {
        Some(name) if products::known(shared)?.contains_key(name) => return Ok((shared.clone(), Some(name.into()))),
        None if says_product(shared)? => return Ok((shared.clone(), None)),
        _ => {}
    }
    releases::once(shared, name)?;
    let aimed = upgrade::aimed(shared)?;
    match Release::find(&aimed, name, "plan").await {
        Ok(found) => {
            upgrade::refuse_half_gone(&found.revisions[0])?;
            Ok((upgrade::at(aimed, &found), Some(found.revisions[0].plan.product.name.clone())))
        }
        // Neither is there, or nobody can say: the product comes first, which may be only mistyped.
        Err(failure) if name.is_some_and(|name| failure.what == releases::none(name)) => {
            match name.map(|name| products::find(shared, name)) {
                Some(Err(none)) => Err(none.why(format!("nor is a release meant: {}", failure.what))),
                _ => Err(failure),
            }
        }
        Err(failure) if failure.kind == FailureKind::Cluster => match name.map(|name| products::find(shared, name)) {
            Some(Err(none)) => Err(none.why(format!("whether a release is meant cannot be seen: {}", failure.what))),
            _ => Err(failure),
        },
        Err(failure) => Err(failure),
    }
}

/// Whether the answers file says which product it is for.
fn says_product(shared: &Shared) -> Result<bool, Failure> {
    let Some(path) = &shared.answers else { return Ok(false) };
    let said = file::target_of(&path.display().to_string(), &setup::read_file(path)?);
    Ok(said.contains_key("product"))
}

/// `slipway plan`: what an installation would do, or a change.
pub(super) async fn plan_only(
    shared: &Shared,
    name: Option<&str>,
    exit_code: bool,
    out: Option<&Out>,
) -> Result<(), Failure> {
    let (shared, product) = meant(shared, name).await?;
    let shared = &shared;
    let mut setup = Setup::read(shared, product.as_deref())?;
    let mut known = target::know(shared, &setup).await?;
    let form = target::form(shared, &mut setup, &mut known).await?;
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let overview = overview(shared, &known, &form).await?;
    if let Some(out) = out {
        return frozen::freeze(shared, &known, &form, &overview, out).await;
    }
    if shared.output == Output::Json {
        let json = serde_json::to_string(&overview.plan)
            .map_err(|error| Failure::new(FailureKind::Bug, "the plan cannot be written").why(error.to_string()))?;
        print(&format!("{json}\n"))?;
    } else {
        tell(&overview)?;
    }
    let changes = overview.counts().changes();
    if exit_code && !overview.plan.is_empty() {
        let noun = if changes == 1 { "object differs" } else { "objects differ" };
        return Err(Failure::new(FailureKind::Differences, format!("{changes} {noun}")).state(NOTHING_WRITTEN));
    }
    Ok(())
}

/// The plan with everything that has to be seen before "yes".
///
/// # Errors
/// The product cannot be rendered, or the cluster cannot be read.
pub(super) async fn overview(shared: &Shared, known: &Known, form: &Form) -> Result<Overview, Failure> {
    let plan = make(shared, known, form).await?;
    let mut findings = preflight::check(&known.facts, &plan, form.product());
    // What preflight blocks already the server would only say again, in other words. A run that nobody is asked about
    // tries everything itself, once it holds the lock.
    if !shared.yes && !findings.iter().any(Finding::blocks) {
        let options = apply::options(shared)?;
        findings.extend(rehearse(&known.cluster, &plan, form.secrets(), &options).await?);
    }
    let repeat = repeat(&plan, form);
    let mut cluster = vec![known.facts.git_version.clone()];
    if let Some(nodes) = known.facts.nodes.known() {
        cluster.push(if nodes.len() == 1 { "1 node".into() } else { format!("{} nodes", nodes.len()) });
    }
    cluster.extend((!known.facts.provider.is_empty()).then(|| known.facts.provider.clone()));
    let mends = mends(plan.findings.iter().chain(&findings), &plan, form);
    Ok(Overview { plan, cluster, findings, skipped: shared.skip_preflight.clone(), repeat, mends })
}

/// The command that repeats a run: the target, and the answers file where an answer was given.
fn repeat(plan: &Plan, form: &Form) -> String {
    let (target, product) = (&plan.target, form.product());
    if plan.verb == Verb::Upgrade {
        return upgrade::repeat(plan, form);
    }
    let mut command = format!("slipway install {}", product.name);
    if target.practice {
        command.push_str(" --practice");
    } else if !target.context.is_empty() {
        command.push_str(&format!(" --context {}", target.context));
    }
    if target.namespace != product.namespace {
        command.push_str(&format!(" -n {}", target.namespace));
    }
    if target.release != product.name {
        command.push_str(&format!(" --name {}", target.release));
    }
    command.push_str(&format!(" --profile {}", target.profile));
    if !form.decided().is_empty() {
        command.push_str(&format!(" -f {}.yaml", product.name));
    }
    for (name, one) in &target.pact.0 {
        command.push_str(&format!(" --existing {name}={}", one.fate.word()));
    }
    command + " --yes"
}

/// The plan for what the answers say and what is there: of an installation, or of a change to what is installed.
///
/// # Errors
/// As [`overview`].
pub(super) async fn make(shared: &Shared, known: &Known, form: &Form) -> Result<Plan, Failure> {
    if known.deployed {
        return upgrade::make(shared, known, form).await;
    }
    let world = form.world();
    let rendered = render(&world).map_err(|faults| rendering::not_rendered(&faults))?;
    let live = target::live(known, ids(known, &rendered.objects)).await?;
    let mut plan = plan(Verb::Install, &world, &live, &left(shared, known), &known.target, form.recorded())
        .map_err(|faults| rendering::not_rendered(&faults))?;
    let doubtful = password::doubtful(&plan, sources(&world)?);
    let tried: Vec<Finding> = doubtful.iter().map(|source| password::finding(&plan, source)).collect();
    plan.findings.extend(tried);
    Ok(plan)
}

/// Everything that has to be read for a plan: what is wanted, the key Secrets, and what an earlier install left.
pub(super) fn ids(known: &Known, wanted: &[Wanted]) -> Vec<ObjectId> {
    let mut ids: Vec<ObjectId> = wanted.iter().map(|wanted| wanted.object.id()).collect();
    let recorded = known.revision.as_ref().map_or(1, |revision| revision.plan.keys.generation.max(1));
    let generation = recorded.max(known.target.pact.generation()).max(known.kept_generation());
    // A new key is in the generation after.
    for generation in [generation, generation + 1] {
        ids.push(ObjectId::new("", "Secret", &known.target.namespace, &known.target.key_secret_name(generation)));
    }
    ids.extend(existing::ids(&known.target.pact, &known.target.namespace));
    ids
}

/// The fields that were left to other managers, without those that are taken back now.
pub(super) fn left(shared: &Shared, known: &Known) -> BTreeMap<ObjectId, Vec<String>> {
    let mut left = known.revision.as_ref().map(|revision| revision.progress.left.clone()).unwrap_or_default();
    for (id, paths) in &mut left {
        paths.retain(|path| {
            !shared.take_field.iter().any(|named| named == path || *named == format!("{}:{path}", id.short()))
        });
    }
    left
}

/// What blocks stops everything before the first write.
pub(super) fn blocked(overview: &Overview) -> Result<(), Failure> {
    let blocking: Vec<&Finding> = overview.blocking();
    if blocking.is_empty() {
        return Ok(());
    }
    let noun = if blocking.len() == 1 { "one finding blocks" } else { "findings block" };
    let mut failure = Failure::new(
        FailureKind::Refused,
        format!("{noun} {} of {}", overview.plan.verb.word(), overview.plan.product.title),
    )
    .place(format!(
        "{} ({}), namespace {}",
        overview.plan.target.server, overview.plan.target.context, overview.plan.target.namespace
    ));
    for finding in &blocking {
        let why = if finding.why.is_empty() { String::new() } else { format!(": {}", finding.why) };
        failure = failure.why(format!("{} ({}){why}", finding.what, finding.code));
    }
    failure = failure.state(NOTHING_WRITTEN);
    for finding in blocking.iter().filter(|finding| !finding.remedy.is_empty()) {
        failure = failure.hint(finding.remedy.clone());
    }
    // Each once, though two volumes may stand in the way.
    let codes: std::collections::BTreeSet<&str> = blocking.iter().map(|finding| finding.code.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    Err(failure.hint(format!("or pass over it: --skip-preflight {}", codes.join(" --skip-preflight "))))
}

pub(super) fn not_confirmed() -> Failure {
    Failure::new(FailureKind::Refused, "nobody said yes")
        .why("there is no terminal to ask at, and --yes was not given")
        .state(NOTHING_WRITTEN)
        .hint(super::typed_with_yes())
}

/// The overview in sentences.
pub(super) fn tell(overview: &Overview) -> Result<(), Failure> {
    let target = &overview.plan.target;
    let mut text = format!(
        "{} {} {} {} {} ({}), {}, namespace {}{}.\n{}\n",
        overview.plan.verb.word(),
        overview.plan.product.title,
        overview.plan.product.version,
        match overview.plan.verb {
            Verb::Uninstall => "from",
            Verb::Install => "into",
            _ => "in",
        },
        target.context,
        target.server,
        overview.cluster.join(", "),
        target.namespace,
        if overview.plan.namespace_exists { "" } else { ", which will be made" },
        overview.counts().words(),
    );
    for row in overview.rows() {
        text.push_str(&format!("  {:8} {:24} {:32} {}\n", row.verb, row.kind, row.name, row.note));
        if row.verb == "change" {
            for field in &row.fields {
                text.push_str(&format!("             {field}\n"));
            }
        }
    }
    for finding in overview.all_findings() {
        let why = if finding.why.is_empty() { String::new() } else { format!(": {}", finding.why) };
        let remedy = if finding.remedy.is_empty() { String::new() } else { format!("; {}", finding.remedy) };
        text.push_str(&format!("{}: {} ({}){why}{remedy}\n", finding.severity.word(), finding.what, finding.code));
    }
    print(&text)
}
