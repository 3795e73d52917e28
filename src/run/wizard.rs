//! The wizard: from nothing, or from what the command line settles, to a run. The guide of the way in: it alone knows
//! clusters, products and forms together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;

use crate::answers::draft::Draft;
use crate::answers::form::Form;
use crate::answers::{file, value};
use crate::apply::MOVED;
use crate::cli::Shared;
use crate::cluster::{Cluster, contexts, record};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::Facts;
use crate::object::Object;
use crate::plan::set::RELEASE;
use crate::plan::{Plan, Target};
use crate::product::schema::Product;
use crate::view::form::{Answered, FormQuestions};
use crate::view::overview::Overview;
use crate::view::plain::{Dialogue, GiveBack, LineReader};
use crate::view::questions::Whereabouts;
use crate::view::way::{
    Again, Chosen, ClusterSeen, ContextChoice, Entry, Guide, Part, PlaceSeen, ProductChoice, ProfileChoice,
    ReleaseSeen, Settled, Stop, Way, looks_like_production,
};
use crate::view::{plain, tui};

use super::apply::{self, Face};
use super::draft::{self, Drafts};
use super::setup::Setup;
use super::target::{self, Known};
use super::{answers, install, products};

/// Name of the context inside of a pod, where there is no kubeconfig.
const IN_CLUSTER: &str = "in-cluster";

/// Asks a person, then runs what was agreed to; what moved in between is shown and asked again.
pub(super) async fn run(shared: &Shared, product: Option<&str>) -> Result<(), Failure> {
    let way = way(shared, product)?;
    let drafts = Drafts::of_user();
    let found = drafts.as_ref().and_then(|drafts| drafts.find(&way, |name| products::find(shared, name).ok()));
    let (offered, offer) = found.map(|found| (found.path, found.offer)).unzip();
    let guide = Wizard { shared, cluster: RefCell::default(), known: RefCell::default(), drafts, offered };
    let mut entry = Entry { way, offer, again: None };
    loop {
        let (answered, face) = ask(shared, entry, &guide).await?;
        let (form, overview) = match answered {
            Answered::Yes(form, overview) => (form, overview),
            other => return Err(unanswered(other)),
        };
        install::blocked(&overview)?;
        let known = guide.known_for(&overview)?;
        match apply::run(shared, &known, &overview.plan, &form, face).await {
            Err(failure) if failure.what == MOVED => {
                let mut way = self::way(shared, product)?;
                way.settle(parts(&overview.plan), "what you agreed to");
                entry = Entry { way, offer: None, again: Some(Again { form: *form, moved: failure.why }) };
            }
            Ok(()) => {
                guide.finished(&overview.plan);
                return Ok(());
            }
            ended => return ended,
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
        Answered::Left | Answered::Yes(..) => stopped(FailureKind::Refused, "left without installing"),
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

/// What can be chosen, and what the command line and the answers file settle. Contacts nothing.
fn way(shared: &Shared, product: Option<&str>) -> Result<Way, Failure> {
    let given = given(shared, product)?;
    if let Some(named) = given.get(&Part::Product) {
        // What was given wrong is told before any screen is up.
        Setup::read(shared, Some(&named.value))?;
    }
    let mut choices = Vec::new();
    for name in products::known(shared)?.into_keys() {
        choices.push(product_choice(&products::find(shared, &name)?));
    }
    Ok(Way::new(context_choices(shared)?, choices, shared.practice.is_some(), given))
}

fn given(shared: &Shared, product: Option<&str>) -> Result<BTreeMap<Part, Settled>, Failure> {
    let said = match &shared.answers {
        Some(path) => file::target_of(&path.display().to_string(), &super::setup::read_file(path)?),
        None => Default::default(),
    };
    // The practice cluster is one and needs no name.
    let context = shared.context.as_deref().filter(|_| shared.practice.is_none());
    let flags = [
        (Part::Context, context, "--context", "context"),
        (Part::Product, product, "the command line", "product"),
        (Part::Profile, shared.profile.as_deref(), "--profile", "profile"),
        (Part::Namespace, shared.namespace.as_deref(), "--namespace", "namespace"),
        (Part::Release, shared.release.as_deref(), "--name", "release"),
    ];
    let mut given = BTreeMap::new();
    for (part, flag, by, key) in flags {
        let from_file = said.get(key).filter(|_| part != Part::Context || shared.practice.is_none());
        let settled = match (flag, from_file) {
            (Some(value), _) => Settled { value: value.into(), by: by.into() },
            (None, Some(value)) => Settled { value: value.clone(), by: "the answers file".into() },
            (None, None) => continue,
        };
        given.insert(part, settled);
    }
    Ok(given)
}

fn context_choices(shared: &Shared) -> Result<Vec<ContextChoice>, Failure> {
    if shared.practice.is_some() {
        let server = "an API server in memory".into();
        return Ok(vec![ContextChoice { name: "practice".into(), server, current: true }]);
    }
    let found = match contexts(shared.kubeconfig.as_deref()) {
        Ok(found) if found.all.is_empty() => {
            return Err(Failure::new(FailureKind::Cluster, "the kubeconfig holds no context")
                .state(NOTHING_WRITTEN)
                .hint("name another file: --kubeconfig FILE")
                .hint("or try without a cluster: --practice"));
        }
        Ok(found) => found,
        Err(_) if in_a_pod(shared) => {
            let server = "the cluster of this pod, by its service account".into();
            return Ok(vec![ContextChoice { name: IN_CLUSTER.into(), server, current: true }]);
        }
        Err(failure) => return Err(failure),
    };
    let choices = found.all.into_iter().map(|context| ContextChoice {
        current: context.name == found.current,
        name: context.name,
        server: context.server,
    });
    Ok(choices.collect())
}

fn in_a_pod(shared: &Shared) -> bool {
    let asked = shared.kubeconfig.is_some() || shared.context.is_some() || std::env::var_os("KUBECONFIG").is_some();
    !asked && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

fn product_choice(product: &Product) -> ProductChoice {
    let profiles = product.profiles.iter().map(|profile| {
        let asks: Vec<&str> =
            profile.answers.keys().filter_map(|path| Some(product.questions.get(path)?.ask.as_str())).collect();
        let answers = profile.answers.iter().filter_map(|(path, answer)| {
            let question = product.questions.get(path)?;
            let ask = question.ask.trim_end_matches('?');
            // Two questions that read alike are told apart by their pages.
            let alike = asks.iter().filter(|known| **known == question.ask).count() > 1;
            let page = product.pages.iter().find(|page| alike && page.questions.contains(path));
            let ask = page.map_or_else(|| ask.to_string(), |page| format!("{}, {ask}", page.title));
            Some((ask, value::to_text(&question.kind, answer)))
        });
        ProfileChoice {
            id: profile.id.clone(),
            title: profile.title.clone(),
            about: profile.about.clone(),
            production: profile.production,
            answers: answers.collect(),
        }
    });
    ProductChoice {
        name: product.name.clone(),
        title: product.title.clone(),
        about: product.about.clone(),
        version: product.versions.default.clone(),
        namespace: product.namespace.clone(),
        singleton: product.singleton,
        profiles: profiles.collect(),
        pages: product.pages.iter().map(|page| page.title.clone()).collect(),
    }
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
            namespaces: match facts.namespaces {
                crate::facts::Fact::Known(mut all) => {
                    all.sort();
                    Ok(all)
                }
                crate::facts::Fact::Unknown(why) => Err(why),
            },
        })
    }

    async fn find(&self, chosen: &Chosen) -> Result<PlaceSeen, Failure> {
        let cluster = self.connected(&chosen.context).await?;
        let (facts, listed) = tokio::join!(
            cluster.namespace_facts(&chosen.namespace),
            cluster.list("", "ConfigMap", &chosen.namespace, record::REVISION)
        );
        let mut seen = PlaceSeen { exists: facts.exists, terminating: facts.terminating, ..PlaceSeen::default() };
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
            ..self.shared.clone()
        };
        let mut setup = Setup::read(&shared, Some(&chosen.product))?;
        let cluster = self.connected(&chosen.context).await?;
        let mut known = target::know_of(cluster, &setup).await?;
        let form = target::form(&shared, &mut setup, &mut known).await?;
        let here = Whereabouts {
            doing: format!("install {} {}", form.product().name, form.world().version()),
            context: known.target.context.clone(),
            namespace: known.target.namespace.clone(),
            practice: known.target.practice,
        };
        let questions = FormQuestions::new(form, here, checks(&known.facts))
            .after(Stop::titles())
            .over(known.revision.as_ref().map(|revision| &revision.plan));
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
    fn throw_away(&self) -> Result<(), Failure> {
        self.offered.as_deref().map_or(Ok(()), draft::throw_away)
    }
}

/// The releases that ConfigMaps of revisions belong to, each with its newest.
fn releases(revisions: &[Object]) -> Vec<ReleaseSeen> {
    let mut releases: BTreeMap<String, ReleaseSeen> = BTreeMap::new();
    for found in revisions.iter().filter(|found| found.at(&["data", "format"]).is_some()) {
        let name = found.label(RELEASE).unwrap_or("").to_string();
        let revision = found.text(&["data", "revision"]).parse().unwrap_or(0);
        let newest = releases.entry(name.clone()).or_default();
        if revision >= newest.revision {
            *newest = ReleaseSeen {
                name,
                product: found.text(&["data", "product"]).into(),
                version: found.text(&["data", "version"]).into(),
                profile: String::new(),
                revision,
                outcome: found.text(&["data", "outcome"]).into(),
            };
        }
    }
    releases.into_values().collect()
}

fn nodes(facts: &Facts) -> String {
    match facts.nodes.known().map(Vec::len) {
        None => "nodes may not be listed".into(),
        Some(1) => "1 node".into(),
        Some(count) => format!("{count} nodes"),
    }
}

/// What the facts say so far, in a line.
fn checks(facts: &Facts) -> String {
    format!("{} {}, {}", facts.git_version, facts.provider, nodes(facts)).replace(" ,", ",")
}
