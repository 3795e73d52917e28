//! The wizard: from nothing, or from what the command line settles, to a run. The guide of the way in: it alone knows
//! clusters, products and forms together.

mod seen;

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;

use crate::answers::draft::Draft;
use crate::answers::form::Form;
use crate::apply::MOVED;
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::record::{self, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::{Plan, Target};
use crate::view::form::{Answered, FormQuestions};
use crate::view::menu::{Deed, Menu, RevisionSeen};
use crate::view::overview::Overview;
use crate::view::plain::{Dialogue, GiveBack, LineReader};
use crate::view::questions::Whereabouts;
use crate::view::way::{
    Again, Chosen, ClusterSeen, Entry, Guide, InstalledSeen, Part, PlaceSeen, Stop, Way, Why, looks_like_production,
};
use crate::view::{plain, tui};

use super::apply::{self, Face};
use super::choices::{IN_CLUSTER, way};
use super::draft::{self, Drafts};
use super::setup::Setup;
use super::target::{self, Known};
use super::{answers, attach, install, menu, products, upgrade};
use seen::{checks, left, nodes, releases};

/// Asks a person, then runs what was agreed to; what moved in between is shown and asked again.
pub(super) async fn run(shared: &Shared, product: Option<&str>) -> Result<(), Failure> {
    begin(shared, product, way(shared, product)?, false).await
}

/// The same for a release that is installed: what it is and where is settled.
pub(super) async fn over(shared: &Shared, target: &Target, newest: &Revision) -> Result<(), Failure> {
    let product = newest.plan.product.name.as_str();
    let mut way = way(shared, Some(product))?;
    // The context is this machine's: whoever installed it may call the cluster otherwise.
    let context = if way.contexts.iter().any(|known| known.name == target.context) { &target.context } else { "" };
    way.settle([(Part::Context, context), (Part::Profile, &newest.plan.target.profile)], "the release");
    begin(shared, Some(product), way, true).await
}

async fn begin(shared: &Shared, product: Option<&str>, begun: Way, upgrades: bool) -> Result<(), Failure> {
    let drafts = Drafts::of_user();
    let found = drafts.as_ref().and_then(|drafts| drafts.find(&begun, |name| products::find(shared, name).ok()));
    let (offered, offer) = found.map(|found| (found.path, found.offer)).unzip();
    let guide = Wizard { shared, cluster: RefCell::default(), known: RefCell::default(), drafts, upgrades, offered };
    go(shared, product, Entry { way: begun, offer, again: None, menu: None }, &guide).await
}

/// From a run that stands still back to the answer that mends it, and on from there.
pub(super) async fn mend(shared: &Shared, plan: &Plan, form: Form, at: String) -> Result<(), Failure> {
    let product = plan.product.name.clone();
    let drafts = Drafts::of_user();
    let (upgrades, offered) = (false, None);
    let guide = Wizard { shared, cluster: RefCell::default(), known: RefCell::default(), drafts, upgrades, offered };
    let entry = again(way(shared, Some(&product))?, plan, form, Why::Mend(at));
    go(shared, Some(&product), entry, &guide).await
}

/// What was agreed to, looked at again.
fn again(mut way: Way, plan: &Plan, form: Form, why: Why) -> Entry {
    way.settle(parts(plan), "what you agreed to");
    Entry { way, offer: None, again: Some(Again { form, why }), menu: None }
}

async fn go(shared: &Shared, product: Option<&str>, mut entry: Entry, guide: &Wizard<'_>) -> Result<(), Failure> {
    loop {
        let (answered, face) = ask(shared, entry, guide).await?;
        let (form, overview) = match answered {
            Answered::Yes(form, overview) => (form, overview),
            Answered::Wanted(wanted) => {
                if menu::go(shared, &wanted).await? {
                    return Ok(());
                }
                let mut way = way(shared, product)?;
                way.settle([(Part::Context, wanted.of.context.as_str())], "what you chose before");
                entry = Entry { way, offer: None, again: None, menu: Some(*wanted) };
                continue;
            }
            other => return Err(unanswered(other)),
        };
        install::blocked(&overview)?;
        let known = guide.known_for(&overview)?;
        upgrade::back_up(shared, &overview.plan).await?;
        match apply::run(shared, &known, &overview.plan, &form, face).await {
            Err(failure) if failure.what == MOVED => {
                entry = again(way(shared, product)?, &overview.plan, *form, Why::Moved(failure.why));
            }
            Ok(Some(at)) => entry = again(way(shared, product)?, &overview.plan, *form, Why::Mend(at)),
            Ok(None) => {
                guide.finished(&overview.plan);
                if !upgrade::goes_on(&overview.plan, &form) {
                    return Ok(());
                }
                let mut way = way(shared, product)?;
                way.settle(parts(&overview.plan), "the version before");
                entry = Entry { way, offer: None, again: None, menu: None };
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Asks a person, on the face that fits.
async fn ask(shared: &Shared, entry: Entry, guide: &Wizard<'_>) -> Result<(Answered, Face), Failure> {
    if !super::plain(shared) {
        return Ok((tui::session(entry, guide, apply::theme(shared)).await?, Face::Full));
    }
    let dialogue = std::io::stderr().is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        && std::env::var_os("ACCESSIBLE").is_none();
    let _terminal = GiveBack::on_signals();
    let answered = if dialogue {
        plain::session(entry, guide, &mut Dialogue::new()).await?
    } else {
        let mut lines = LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout());
        plain::session(entry, guide, &mut lines).await?
    };
    Ok((answered, Face::Plain))
}

/// The failure of a session in which nobody said yes.
fn unanswered(answered: Answered) -> Failure {
    let stopped = |kind, what: &str| Failure::new(kind, what).state(NOTHING_WRITTEN);
    match answered {
        Answered::Blocked(overview) => match install::blocked(&overview) {
            Err(failure) => failure,
            Ok(()) => stopped(FailureKind::Bug, "something blocked that blocks no longer"),
        },
        Answered::Kept(kept) => stopped(FailureKind::Refused, "left without installing")
            .why(kept)
            .hint("the next start offers to go on with it"),
        Answered::Ended(form) if !form.is_complete() => answers::incomplete(&form),
        Answered::Ended(_) => stopped(FailureKind::Refused, "the input ended before anybody said yes"),
        Answered::Interrupted => stopped(FailureKind::Interrupted, "stopped by Ctrl-C"),
        Answered::Terminated(None) => stopped(FailureKind::Terminated, "stopped by a signal"),
        Answered::Terminated(Some(kept)) => stopped(FailureKind::Terminated, "stopped by a signal").why(kept),
        Answered::Left | Answered::Yes(..) | Answered::Wanted(_) => {
            stopped(FailureKind::Refused, "left without installing")
        }
    }
}

/// What a plan settles of the way in.
fn parts(plan: &Plan) -> [(Part, &str); 5] {
    let target = &plan.target;
    [
        (Part::Context, target.context.as_str()),
        (Part::Product, &plan.product.name),
        (Part::Profile, &target.profile),
        (Part::Namespace, &target.namespace),
        (Part::Release, &target.release),
    ]
}

/// The guide.
struct Wizard<'a> {
    shared: &'a Shared,
    /// The cluster that was contacted last, by its context.
    cluster: RefCell<Option<(String, Cluster)>>,
    /// What is known for what was chosen.
    known: RefCell<Vec<(Chosen, Rc<Known>)>>,
    /// Where drafts are kept; none where they cannot be.
    drafts: Option<Drafts>,
    /// Only what is new is asked: what was answered at the last run stands.
    upgrades: bool,
    /// The draft that was offered.
    offered: Option<PathBuf>,
}

impl Wizard<'_> {
    async fn connected(&self, context: &str) -> Result<Cluster, Failure> {
        let held = self.cluster.borrow().clone().filter(|(name, _)| name == context);
        if let Some((_, cluster)) = held {
            return Ok(cluster);
        }
        let named = (context != IN_CLUSTER).then_some(context);
        let cluster = target::cluster(self.shared, named).await?;
        self.cluster.replace(Some((context.to_string(), cluster.clone())));
        Ok(cluster)
    }

    async fn see(&self, context: &str) -> Result<ClusterSeen, Failure> {
        // A cluster that is asked again is asked with what is in the kubeconfig now.
        self.cluster.replace(None);
        let cluster = self.connected(context).await?;
        let namespace = self.shared.namespace.clone().unwrap_or_else(|| cluster.identity().namespace.clone());
        let facts = cluster.facts(&namespace).await?;
        let mut warnings = Vec::new();
        if !cluster.identity().practice
            && let Some(sign) = looks_like_production(context, cluster.server())
        {
            warnings.push(format!("this looks like production: {sign}. Nothing is written before you say yes"));
        }
        Ok(ClusterSeen {
            server: cluster.server().to_string(),
            version: facts.git_version.clone(),
            nodes: nodes(&facts),
            provider: facts.provider.clone(),
            warnings,
            installed: self.installed(&cluster).await,
            namespaces: match facts.namespaces {
                crate::facts::Fact::Known(mut all) => {
                    all.sort();
                    Ok(all)
                }
                crate::facts::Fact::Unknown(why) => Err(why),
            },
        })
    }

    /// What is installed; who may not see it is not told.
    async fn installed(&self, cluster: &Cluster) -> Vec<InstalledSeen> {
        let all = attach::standing(self.shared, cluster).await.unwrap_or_default();
        let seen = all.into_iter().map(|one| InstalledSeen {
            namespace: one.namespace,
            release: one.release,
            product: one.product,
            version: one.version,
            outcome: one.outcome,
        });
        seen.collect()
    }

    async fn find(&self, chosen: &Chosen) -> Result<PlaceSeen, Failure> {
        let cluster = self.connected(&chosen.context).await?;
        let (facts, listed) = tokio::join!(
            cluster.namespace_facts(&chosen.namespace),
            cluster.list("", "ConfigMap", &chosen.namespace, record::REVISION)
        );
        let mut seen = PlaceSeen { exists: facts.exists, terminating: facts.terminating, ..PlaceSeen::default() };
        seen.left = left(&facts, &chosen.release);
        match listed {
            Ok(listed) => seen.releases = releases(&listed.objects),
            Err(fault) => seen.unread = fault.message.clone(),
        }
        if let Some(standing) = seen.releases.iter_mut().find(|known| known.name == chosen.release) {
            let target =
                Target { namespace: chosen.namespace.clone(), release: chosen.release.clone(), ..Target::default() };
            // What cannot be understood is told when the form is made.
            let revisions = record::read(&cluster, &target).await.unwrap_or_default();
            standing.profile =
                revisions.into_iter().next().map(|newest| newest.plan.target.profile).unwrap_or_default();
        }
        Ok(seen)
    }

    async fn make(&self, chosen: &Chosen) -> Result<FormQuestions, Failure> {
        let shared = Shared {
            context: (self.shared.practice.is_none() && chosen.context != IN_CLUSTER).then(|| chosen.context.clone()),
            namespace: Some(chosen.namespace.clone()),
            release: Some(chosen.release.clone()),
            profile: Some(chosen.profile.clone()),
            existing: if chosen.existing.is_empty() { self.shared.existing.clone() } else { chosen.existing.clone() },
            ..self.shared.clone()
        };
        let mut setup = Setup::read(&shared, Some(&chosen.product))?;
        let cluster = self.connected(&chosen.context).await?;
        let mut known = target::know_of(cluster, &setup).await?;
        let form = target::form(&shared, &mut setup, &mut known).await?;
        let here = Whereabouts {
            doing: format!(
                "{} {} {}",
                if known.deployed { "upgrade" } else { "install" },
                form.product().name,
                form.world().version()
            ),
            context: known.target.context.clone(),
            namespace: known.target.namespace.clone(),
            practice: known.target.practice,
        };
        let questions = FormQuestions::new(form, here, checks(&known.facts))
            .after(Stop::titles())
            .over(known.revision.as_ref().map(|revision| &revision.plan));
        let questions = if self.upgrades { questions.only_new() } else { questions };
        self.known.borrow_mut().push((chosen.clone(), Rc::new(known)));
        Ok(questions)
    }

    /// A product that is up needs no draft any more.
    fn finished(&self, plan: &Plan) {
        let target = &plan.target;
        let done = Draft {
            practice: target.practice,
            context: target.context.clone(),
            product: plan.product.name.clone(),
            namespace: target.namespace.clone(),
            release: target.release.clone(),
            ..Draft::default()
        };
        if let Some(drafts) = &self.drafts {
            drafts.finished(&done);
        }
    }

    fn known(&self, chosen: &Chosen) -> Option<Rc<Known>> {
        self.known.borrow().iter().rev().find(|(known, _)| known == chosen).map(|(_, known)| Rc::clone(known))
    }

    /// What the plan was made with.
    fn known_for(&self, overview: &Overview) -> Result<Rc<Known>, Failure> {
        let known = self.known.borrow();
        let found = known.iter().rev().find(|(_, known)| known.target == overview.plan.target);
        found.map(|(_, known)| Rc::clone(known)).ok_or_else(unknown)
    }
}

fn unknown() -> Failure {
    Failure::new(FailureKind::Bug, "a plan for a place that nobody looked at").state(NOTHING_WRITTEN)
}

impl Guide for Wizard<'_> {
    fn contact<'a>(&'a self, context: &'a str) -> LocalBoxFuture<'a, Result<ClusterSeen, Failure>> {
        Box::pin(self.see(context))
    }
    fn look<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<PlaceSeen, Failure>> {
        Box::pin(self.find(chosen))
    }
    fn prepare<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<FormQuestions, Failure>> {
        Box::pin(self.make(chosen))
    }
    fn overview<'a>(&'a self, chosen: &'a Chosen, form: &'a Form) -> LocalBoxFuture<'a, Result<Overview, Failure>> {
        Box::pin(async {
            let known = self.known(chosen).ok_or_else(unknown)?;
            install::overview(self.shared, &known, form).await
        })
    }
    fn save(&self, form: &Form) -> String {
        let context = self.cluster.borrow().as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
        install::save(form, &context)
    }
    fn keep(&self, draft: Draft) -> Result<String, Failure> {
        let Some(drafts) = &self.drafts else {
            return Err(Failure::new(
                FailureKind::Usage,
                "no folder for drafts is known: set HOME or SLIPWAY_STATE_DIR",
            ));
        };
        drafts.keep(&Draft { made: Timestamp::now(), ..draft })
    }
    fn read<'a>(&'a self, of: &'a Menu, deed: Deed) -> LocalBoxFuture<'a, Result<String, Failure>> {
        Box::pin(menu::read(self.shared, of, deed))
    }
    fn revisions<'a>(&'a self, of: &'a Menu) -> LocalBoxFuture<'a, Result<Vec<RevisionSeen>, Failure>> {
        Box::pin(menu::revisions(self.shared, of))
    }
    fn throw_away(&self) -> Result<(), Failure> {
        self.offered.as_deref().map_or(Ok(()), draft::throw_away)
    }
}

#[cfg(test)]
mod recording_tests;
