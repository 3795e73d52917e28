//! The plan of a taking over, and what the next change would make of it.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use super::super::setup::Setup;
use super::super::target::{self, Known};
use super::super::{answers, render as rendering};
use super::find::Found;
use crate::answers::names;
use crate::apply::Planner;
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::record::{Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::adopt::{ChartRelease, HELM_MARKS, Preview, derive, judge, known_shape, of_data, plan, recordable};
use crate::plan::gates::Caution;
use crate::plan::render::render;
use crate::plan::upgrade::{Earlier, upgrade};
use crate::plan::{Action, Plan, Target, Verb};
use crate::preflight::{self, owners};
use crate::secret::Secrets;

/// What is to be done, with everything that it needs.
pub(super) struct Made {
    pub(super) plan: Plan,
    pub(super) secrets: Secrets,
    pub(super) known: Known,
    pub(super) findings: Vec<Finding>,
}

/// One taking over; it can be planned again.
pub(super) struct Adoption<'a> {
    pub(super) shared: &'a Shared,
    pub(super) cluster: Cluster,
    pub(super) found: Found,
}

impl Planner for Adoption<'_> {
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>> {
        Box::pin(async { self.make().await.map(|made| made.plan) })
    }
}

impl Adoption<'_> {
    pub(super) async fn make(&self) -> Result<Made, Failure> {
        let Found { chart, product, .. } = &self.found;
        let Some(adopt) = &product.adopt else {
            return Err(Failure::new(FailureKind::Bug, "a product that adopts nothing"));
        };
        let adopt = &adopt.of_release(&chart.name);
        judge(chart, product, adopt)?;
        let mut setup = self.setup()?;
        let mut known = target::know_of(self.cluster.clone(), &setup).await?;
        slipways(&known)?;
        let key = ObjectId::new("", "Secret", &known.target.namespace, &known.target.key_secret_name(1));
        let ids = chart.objects().iter().chain(&chart.stored).map(Object::id).chain([key]).collect();
        let live = target::live(&known, ids).await?;
        theirs(chart, &live)?;
        known_shape(adopt, chart, &live)?;
        let derived = derive(product, adopt, chart, &live);
        recordable(chart, &derived)?;
        let target = known.target.clone();
        let mut findings = of_data(adopt, chart, &live, &target);
        let untouched =
            "no pod is touched: ownership, labels, keys and the record move, and Helm's record goes to a file";
        findings.push(Finding::new("ADOPT_UNTOUCHED", Severity::Info, untouched));
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
            return Err(answers::incomplete(&form));
        }
        let world = form.world();
        let faulty = |faults: Vec<Finding>| rendering::not_rendered(&faults);
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
