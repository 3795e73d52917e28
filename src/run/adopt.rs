//! `slipway adopt`: a release that Helm laid down becomes one of slipway's, without touching a pod.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::answers::names;
use crate::apply::{Planner, rehearse};
use crate::cli::Shared;
use crate::cluster::helm::Stored;
use crate::cluster::record::{Outcome, Revision};
use crate::cluster::{Cluster, FaultKind};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::adopt::{ChartRelease, HELM_MARKS, Preview, derive, judge, of_data, plan, recordable};
use crate::plan::gates::Caution;
use crate::plan::render::render;
use crate::plan::upgrade::{Earlier, upgrade};
use crate::plan::{Action, Plan, Target, Verb};
use crate::preflight::{self, owners};
use crate::product::schema::Product;
use crate::secret::Secrets;
use crate::view::overview::Overview;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt, Reply};

use super::apply::{self, Face, How, Job};
use super::setup::Setup;
use super::target::{self, Known};
use super::{attach, install, interactive, plain, products};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let found = match find(shared, &cluster, release).await? {
        Some(found) => found,
        None => return resume(shared, cluster, release).await,
    };
    let adoption = Adoption { shared, cluster, found };
    let Made { plan, secrets, known, findings } = adoption.make().await?;
    let mut overview = Overview {
        repeat: repeat(&adoption.found, &plan.target),
        plan,
        cluster: vec![known.facts.git_version.clone()],
        findings,
        skipped: shared.skip_preflight.clone(),
        mends: Vec::new(),
    };
    if !shared.yes && overview.blocking().is_empty() {
        let options = apply::options(shared)?;
        overview.findings.extend(rehearse(&adoption.cluster, &overview.plan, &secrets, &options).await?);
    }
    install::blocked(&overview)?;
    if !shared.yes {
        install::tell(&overview)?;
        if !interactive(shared) {
            return Err(Failure::new(FailureKind::Refused, "nobody said yes")
                .why("there is no terminal to ask at, and --yes was not given")
                .state(NOTHING_WRITTEN)
                .hint(overview.repeat.clone()));
        }
        if !agreed(shared, &overview)? {
            return super::print("Nothing was written.\n");
        }
    }
    let mut plan = overview.plan;
    // Before anything is written: what Helm knows is never only in memory.
    let path = export(&adoption.found)?;
    plan.notes.push(format!(
        "Helm's record is in {path}, which holds values of secrets; Helm knows the release no more. To give it back: kubectl create -f {path}"
    ));
    plan.notes.push(format!(
        "Nothing was restarted. To bring it to slipway's shape: slipway upgrade {} -n {}",
        plan.target.release, plan.target.namespace
    ));
    let how = How::Agreed(&adoption);
    let job = Job {
        cluster: &adoption.cluster,
        facts: &known.facts,
        plan: &plan,
        secrets: &secrets,
        how,
        whole: true,
        answers: None,
    };
    apply::show(shared, &job, Face::of(shared)).await.map(drop)
}

/// A taking over that was begun, and whose Helm record is gone already: it is brought to its end out of its own record.
async fn resume(shared: &Shared, cluster: Cluster, release: Option<&str>) -> Result<(), Failure> {
    let all = attach::standing(shared, &cluster).await?;
    let named = release.or(shared.release.as_deref());
    let pending = all.iter().filter(|one| one.outcome == Outcome::Pending.word());
    for one in pending.filter(|one| named.is_none_or(|named| named == one.release)) {
        let revision = attach::read(&cluster, one).await?;
        if revision.plan.verb != Verb::Adopt {
            continue;
        }
        let facts = cluster.facts(&one.namespace).await?;
        let secrets = attach::secrets(&cluster, &revision.plan).await??;
        let (plan, how) = (&revision.plan, How::Recorded);
        let job = Job { cluster: &cluster, facts: &facts, plan, secrets: &secrets, how, whole: true, answers: None };
        return apply::show(shared, &job, Face::of(shared)).await.map(drop);
    }
    let what = match named {
        Some(named) => format!("Helm has no release {named} here"),
        None => "Helm has no release here that slipway could adopt".to_string(),
    };
    Err(Failure::new(FailureKind::Usage, what)
        .place(shared.namespace.as_ref().map_or_else(|| attach::place(&cluster), |namespace| format!("namespace {namespace}")))
        .why("it is looked for in Secrets and ConfigMaps; a record that HELM_DRIVER=sql keeps in a database cannot be seen here")
        .state(NOTHING_WRITTEN)
        .hint("see what Helm knows: helm list -A")
        .hint("name it and the namespace of its record: slipway adopt RELEASE -n NAMESPACE")
        .hint("objects without a record become slipway's one by one: slipway install PRODUCT --adopt Kind/name"))
}

/// A release of Helm, and the product that it is.
struct Found {
    stored: Stored,
    chart: ChartRelease,
    product: Arc<Product>,
}

/// The release that is meant: by its name, else the only one that a product can adopt. Its record may be in another
/// namespace than its objects: either is looked for.
async fn find(shared: &Shared, cluster: &Cluster, release: Option<&str>) -> Result<Option<Found>, Failure> {
    let unread = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let named = |stored: &Stored| release.is_none_or(|release| stored.name == release);
    let within = |chart: &ChartRelease| {
        let meant = |namespace: &String| *namespace == chart.namespace || namespace == chart.objects_in();
        shared.namespace.as_ref().is_none_or(meant)
    };
    let mut all = match &shared.namespace {
        Some(namespace) => cluster.helm_releases(namespace).await.map_err(unread)?,
        None => Vec::new(),
    };
    all.retain(named);
    if all.is_empty() {
        all = match cluster.helm_releases("").await {
            Ok(all) => all,
            Err(fault) if fault.kind == FaultKind::Forbidden && shared.namespace.is_some() => Vec::new(),
            Err(fault) if fault.kind == FaultKind::Forbidden => {
                let namespace = cluster.identity().namespace.clone();
                let here = cluster.helm_releases(&namespace).await;
                here.map_err(|fault| unread(fault).hint("name the namespace: -n NAMESPACE"))?
            }
            Err(fault) => return Err(unread(fault)),
        };
        all.retain(named);
    }
    let products = adopting(shared)?;
    let (mut found, mut other) = (Vec::new(), None);
    for stored in all {
        let chart = match stored.release() {
            Ok(chart) => chart,
            // Somebody else's release that nobody asked for.
            Err(_) if release.is_none() => continue,
            Err(failure) => return Err(failure),
        };
        match products.iter().find(|product| product.adopt.as_ref().is_some_and(|adopt| adopt.chart == chart.chart)) {
            Some(product) => found.push(Found { stored, chart, product: Arc::clone(product) }),
            None if within(&chart) => other = Some(chart),
            None => {}
        }
    }
    found.retain(|found| within(&found.chart));
    match (found.pop(), found.pop(), other) {
        (Some(one), None, _) => Ok(Some(one)),
        (None, _, Some(chart)) if release.is_some() => Err(not_adopted(&chart, &products)),
        (None, ..) => Ok(None),
        (Some(one), Some(two), _) => {
            let failure = Failure::new(FailureKind::Usage, format!("{} releases could be meant", found.len() + 2))
                .place(attach::place(cluster))
                .state(NOTHING_WRITTEN);
            found.extend([one, two]);
            let hint = |one: &Found| format!("slipway adopt {} -n {}", one.chart.name, one.chart.namespace);
            let failure = found.iter().fold(failure, |failure, one| failure.hint(hint(one)));
            Err(failure.hint("where both are the same release, in a Secret and in a ConfigMap: delete the record that Helm does not use"))
        }
    }
}

/// The products that say how a chart's release becomes theirs.
fn adopting(shared: &Shared) -> Result<Vec<Arc<Product>>, Failure> {
    let mut all = Vec::new();
    for name in products::known(shared)?.into_keys() {
        let product = products::find(shared, &name)?;
        if product.adopt.is_some() {
            all.push(Arc::new(product));
        }
    }
    Ok(all)
}

fn not_adopted(chart: &ChartRelease, products: &[Arc<Product>]) -> Failure {
    let known: Vec<&str> = products.iter().filter_map(|product| Some(product.adopt.as_ref()?.chart.as_str())).collect();
    Failure::new(FailureKind::Refused, format!("the release {} is of the chart {}", chart.name, chart.chart))
        .place(format!("Helm release {}, namespace {}", chart.name, chart.namespace))
        .why(format!("slipway adopts releases of the chart {}", known.join(", ")))
        .state(NOTHING_WRITTEN)
}

/// What is to be done, with everything that it needs.
struct Made {
    plan: Plan,
    secrets: Secrets,
    known: Known,
    findings: Vec<Finding>,
}

/// One taking over; it can be planned again.
struct Adoption<'a> {
    shared: &'a Shared,
    cluster: Cluster,
    found: Found,
}

impl Planner for Adoption<'_> {
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>> {
        Box::pin(async { self.make().await.map(|made| made.plan) })
    }
}

impl Adoption<'_> {
    async fn make(&self) -> Result<Made, Failure> {
        let Found { chart, product, .. } = &self.found;
        let Some(adopt) = &product.adopt else {
            return Err(Failure::new(FailureKind::Bug, "a product that adopts nothing"));
        };
        judge(chart, product, adopt)?;
        let mut setup = self.setup()?;
        let mut known = target::know_of(self.cluster.clone(), &setup).await?;
        slipways(&known)?;
        let key = ObjectId::new("", "Secret", &known.target.namespace, &known.target.key_secret_name(1));
        let ids = chart.objects().iter().chain(&chart.stored).map(Object::id).chain([key]).collect();
        let live = target::live(&known, ids).await?;
        theirs(chart, &live)?;
        let derived = derive(product, adopt, chart, &live);
        recordable(chart, &derived)?;
        let target = known.target.clone();
        let mut findings = of_data(adopt, chart, &live, &target);
        // As if it were recorded: what the product would make out of these answers.
        let bare = plan(chart, &derived, &Preview::default(), &live, &target, product);
        known.revision = Some(Revision::new(1, &bare, ""));
        known.kept_keys = derived.secrets.clone();
        known.deployed = true;
        let preview = match self.preview(&mut setup, &mut known, &bare, &live).await {
            Ok((preview, finding)) => {
                findings.extend(finding);
                preview
            }
            Err(failure) => {
                let what = "what slipway would make of it cannot be shown yet";
                let why = [failure.what, failure.why.join("; ")].join(": ");
                findings.push(Finding::new("ADOPT_NEXT", Severity::Warning, what).why(why));
                Preview::default()
            }
        };
        let plan = plan(chart, &derived, &preview, &live, &target, product);
        findings.extend(
            preflight::check(&known.facts, &plan, product).into_iter().filter(|one| one.code == "FOREIGN_OWNER"),
        );
        Ok(Made { plan, secrets: derived.secrets, known, findings })
    }

    /// Where the release is to live: where its objects are, under its own name unless another was given.
    fn setup(&self) -> Result<Setup, Failure> {
        let chart = &self.found.chart;
        let release = self.shared.release.clone().unwrap_or_else(|| chart.name.clone());
        if let Some(fault) = names::label_fault(&release, 40) {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("`{release}` is not a name of a release: it {fault}"),
            )
            .state(NOTHING_WRITTEN)
            .hint("choose another: --name RELEASE"));
        }
        let namespace = Some(chart.objects_in().to_string());
        let shared = Shared { namespace, release: Some(release), ..self.shared.clone() };
        Setup::read(&shared, Some(&self.found.product.name))
    }

    /// What the next change would do: that of a release which the bare plan has brought into the record.
    async fn preview(
        &self,
        setup: &mut Setup,
        known: &mut Known,
        bare: &Plan,
        laid: &BTreeMap<ObjectId, Object>,
    ) -> Result<(Preview, Option<Finding>), Failure> {
        let form = target::form(self.shared, setup, known).await?;
        if !form.is_complete() {
            return Err(super::answers::incomplete(&form));
        }
        let world = form.world();
        let faulty = |faults: Vec<Finding>| super::render::not_rendered(&faults);
        let rendered = render(&world).map_err(faulty)?;
        let ids = rendered.objects.iter().map(|wanted| wanted.object.id()).collect();
        let mut live = target::live(known, ids).await?;
        live.extend(laid.iter().map(|(id, object)| (id.clone(), object.clone())));
        let steps = bare.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted);
        let members: Vec<Object> = steps.clone().filter_map(|wanted| laid.get(&wanted.object.id()).cloned()).collect();
        let earlier = Earlier {
            deployed: bare,
            wanted: steps.map(|wanted| (wanted.object.id(), vec![wanted])).collect(),
            left: &BTreeMap::new(),
            members: &members,
            finally: &world.version(),
            caution: Caution { production: false, backup: false, without_backup: true, back_on_failure: false },
        };
        let next = upgrade(&earlier, &world, &live, &known.target, form.recorded()).map_err(faulty)?;
        let told = next.steps.iter().filter_map(|step| {
            let id = step.wanted.object.id().short();
            match &step.action {
                Action::Create => Some(format!("create {id}")),
                Action::Delete => Some(format!("delete {id}")),
                Action::Replace { why } => Some(format!("replace {id} ({why})")),
                Action::Change { restarts: true, .. } => Some(format!("restart {id}")),
                Action::Change { .. } | Action::Keep => None,
            }
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let finding = (!told.is_empty()).then(|| {
            let what = format!("the next change brings it to slipway's shape, over the same volumes and keys: {told}");
            Finding::new("ADOPT_NEXT", Severity::Info, what)
        });
        let wanted = next.steps.into_iter().map(|step| step.wanted).collect();
        Ok((Preview { wanted, keys: next.keys.entries }, finding))
    }
}

/// A release that is slipway's already is not taken over again.
fn slipways(known: &Known) -> Result<(), Failure> {
    let Some(revision) = &known.revision else { return Ok(()) };
    if revision.plan.verb == Verb::Adopt && revision.progress.outcome != Outcome::Deployed {
        return Ok(());
    }
    let Target { release, namespace, .. } = &known.target;
    Err(Failure::new(FailureKind::Refused, format!("{release} is slipway's already"))
        .place(format!("namespace {namespace}, revision {}", revision.number))
        .why("a record of Helm is there as well: somebody brought it back, or installed the chart again")
        .state(NOTHING_WRITTEN)
        .hint(format!("a helm uninstall would delete what slipway owns; delete Helm's record: kubectl -n {namespace} delete secret,configmap -l owner=helm,name={release}")))
}

/// Nobody but this release of Helm owns its objects.
fn theirs(chart: &ChartRelease, live: &BTreeMap<ObjectId, Object>) -> Result<(), Failure> {
    let place = format!("Helm release {}, namespace {}", chart.name, chart.namespace);
    let refuse = |who: &str, sign: String| {
        Failure::new(FailureKind::Refused, format!("{} is owned by {who}", chart.name))
            .place(place.clone())
            .why(format!("{sign}; {who} would write its own state back"))
            .state(NOTHING_WRITTEN)
            .hint(format!("take it out of {who} first, so that its objects stay, then run the same command again"))
    };
    if let Some((who, mark)) = owners::marked(chart.annotations.iter()) {
        return Err(refuse(who, format!("its chart says {mark}")));
    }
    for object in live.values() {
        if let Some((who, mark)) = owners::owner(object) {
            return Err(refuse(who, format!("{} says {mark}", object.id().short())));
        }
        let other = object.annotation(HELM_MARKS[0]).filter(|name| *name != chart.name);
        if let Some(other) = other {
            return Err(Failure::new(
                FailureKind::Refused,
                format!("{} is of another Helm release", object.id().short()),
            )
            .place(place)
            .why(format!("it says that it is of {}", crate::sanitize::line(other)))
            .state(NOTHING_WRITTEN)
            .hint("name the release that is meant: slipway adopt RELEASE -n NAMESPACE"));
        }
    }
    Ok(())
}

/// Writes Helm's record to a file that only its owner may read, beside where the operator stands; says where.
fn export(found: &Found) -> Result<String, Failure> {
    let failed = |path: &str, error: std::io::Error| {
        Failure::new(FailureKind::Usage, format!("cannot write Helm's record to {path}"))
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("run the same command in a folder that you may write to")
    };
    let text = serde_json::to_string_pretty(&found.stored.exported())
        .map_err(|error| Failure::new(FailureKind::Bug, "Helm's record cannot be written").why(error.to_string()))?;
    let name = format!("helm-{}-{}", found.chart.namespace, found.chart.name);
    for number in 0..1000 {
        let path = if number == 0 { format!("{name}.json") } else { format!("{name}-{number}.json") };
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
            Ok(()) => {
                return Ok(std::path::absolute(&path).map_or(path, |path| path.display().to_string()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
    Err(failed(&name, std::io::Error::from(std::io::ErrorKind::AlreadyExists)))
}

/// Asks whether it shall be done.
fn agreed(shared: &Shared, overview: &Overview) -> Result<bool, Failure> {
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        && std::env::var_os("ACCESSIBLE").is_none()
        && !plain(shared);
    let asked = format!("{}? No pod is touched", overview.button());
    let reply = if dialogue {
        Dialogue::new().confirm(&asked, Some(false))
    } else {
        LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()).confirm(&asked, Some(false))
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
            .hint(format!("do it without a question: {}", overview.repeat))),
    }
}

/// The command that repeats it.
fn repeat(found: &Found, target: &Target) -> String {
    let chart = &found.chart;
    let mut command = format!("slipway adopt {} -n {}", chart.name, chart.namespace);
    if target.release != chart.name {
        command.push_str(&format!(" --name {}", target.release));
    }
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    command + " --yes"
}
