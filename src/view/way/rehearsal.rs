//! Clusters, products and a guide for the tests of the way in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::LocalBoxFuture;

use super::*;
use crate::answers::form::{Layers, NoSources, Place};
use crate::error::FailureKind;
use crate::facts::Facts;
use crate::product::load::built_in_for_tests;
use crate::view::questions::Whereabouts;

fn context(name: &str, server: &str, current: bool) -> ContextChoice {
    ContextChoice { name: name.into(), server: server.into(), current }
}

fn profile(id: &str, title: &str, about: &str, answers: &[(&str, &str)]) -> ProfileChoice {
    ProfileChoice {
        id: id.into(),
        title: title.into(),
        about: about.into(),
        production: id == "production",
        answers: answers.iter().map(|(ask, answer)| (ask.to_string(), answer.to_string())).collect(),
    }
}

/// Three contexts and two products; what is given beforehand as part, value and by whom.
pub(crate) fn way(given: &[(Part, &str, &str)]) -> Way {
    let contexts = vec![
        context("kind-dev", "https://127.0.0.1:6443", true),
        context("prod-eu", "https://34.90.1.2", false),
        context("gone", "https://10.0.0.9:6443", false),
    ];
    let inngest = ProductChoice {
        name: "inngest".into(),
        title: "Inngest".into(),
        about: "Durable functions and event queues".into(),
        version: "v1.43.0".into(),
        namespace: "inngest".into(),
        singleton: true,
        profiles: vec![
            profile("development", "Development", "One replica with its own database and queue", &[("CPU", "100m")]),
            profile("staging", "Staging", "Like production, with one replica", &[("Network policies", "yes")]),
            profile(
                "production",
                "Production",
                "Two replicas, database and queue on volumes of their own, NetworkPolicies",
                &[("Replicas", "2"), ("Network policies", "yes"), ("Storage", "20Gi")],
            ),
        ],
        pages: ["Version", "Database", "Queue"].map(String::from).to_vec(),
    };
    let other = ProductChoice {
        name: "prefect".into(),
        title: "Prefect server".into(),
        about: "Workflows in Python".into(),
        version: "3.6.1".into(),
        namespace: "prefect".into(),
        singleton: false,
        profiles: vec![profile("development", "Development", "One replica", &[])],
        pages: vec!["Database".into()],
    };
    let given = given.iter().map(|(part, value, by)| (*part, Settled { value: (*value).into(), by: (*by).into() }));
    Way::new(contexts, vec![inngest, other], false, given.collect::<BTreeMap<_, _>>())
}

/// The practice cluster, with one product.
pub(crate) fn practice() -> Way {
    let mut way = way(&[]);
    way.contexts = vec![context("practice", "an API server in memory", true)];
    way.products.truncate(1);
    way.practice = true;
    way
}

/// What a cluster says; the one that is called `gone` says nothing.
pub(crate) fn contacted(context: &str) -> Result<ClusterSeen, Failure> {
    if context == "gone" {
        return Err(Failure::new(FailureKind::Cluster, "cannot reach the cluster \"gone\"")
            .place("https://10.0.0.9:6443 (context gone)")
            .why("no answer within 10 s")
            .hint("is the machine up, and the VPN connected?"));
    }
    let warnings = looks_like_production(context, "").map(|sign| format!("this looks like production: {sign}"));
    Ok(ClusterSeen {
        server: "https://34.90.1.2".into(),
        version: "v1.36.3".into(),
        nodes: "3 nodes".into(),
        provider: "kind".into(),
        warnings: warnings.into_iter().collect(),
        namespaces: Ok(["default", "inngest", "kube-system", "taken"].map(String::from).to_vec()),
        installed: if context == "busy" { vec![busy()] } else { Vec::new() },
    })
}

/// What is installed in the cluster that is called `busy`.
fn busy() -> InstalledSeen {
    let text = String::from;
    InstalledSeen {
        namespace: text("events"),
        release: text("queue"),
        product: text("inngest"),
        version: text("v1.42.0"),
        outcome: text("deployed"),
    }
}

/// What stands in a namespace: Inngest in `inngest`, another product under that name in `taken`, and in `kept` what an
/// uninstall kept.
pub(crate) fn looked(chosen: &Chosen) -> PlaceSeen {
    let release = |product: &str| ReleaseSeen {
        name: "inngest".into(),
        product: product.into(),
        version: "v1.42.0".into(),
        profile: "production".into(),
        revision: 3,
        outcome: "deployed".into(),
    };
    let releases = match chosen.namespace.as_str() {
        "inngest" => vec![release("inngest")],
        "taken" => vec![release("prefect")],
        _ => vec![],
    };
    let exists = contacted("kind-dev").unwrap().namespaces.unwrap().contains(&chosen.namespace);
    let one = |name: &str, about: &str| LeftSeen { name: name.into(), about: about.into() };
    let left = match chosen.namespace.as_str() {
        "kept" => vec![one("inngest-postgresql", "volume, 8Gi"), one("inngest-keys-1", "keys")],
        _ => vec![],
    };
    PlaceSeen { exists, releases, left, ..PlaceSeen::default() }
}

/// The answer to what a screen asks; a form can be made of everything but a namespace that is called `forbidden`.
pub(crate) fn answer(ask: Ask) -> Told {
    match ask {
        Ask::Contact(context) => Told::Contacted(context.clone(), contacted(&context)),
        Ask::Look(chosen) => Told::Looked(chosen.clone(), Ok(looked(&chosen))),
        Ask::Prepare(chosen) => {
            let made = if chosen.namespace == "forbidden" {
                Err(Failure::new(FailureKind::Cluster, "not allowed to read Secrets in forbidden")
                    .hint("ask for the rights"))
            } else {
                Ok(())
            };
            Told::Prepared(chosen, made)
        }
    }
}

/// The same contexts, and the one where something is installed.
pub(crate) fn busy_way() -> Way {
    let mut way = way(&[]);
    way.contexts.push(context("busy", "https://10.0.0.7:6443", false));
    way
}

/// The page of what is installed in the cluster that is called `busy`.
pub(crate) fn menu() -> Menu {
    Menu { context: "busy".into(), practice: false, release: busy() }
}

/// What is read of it; its keys may not be.
pub(crate) fn read(of: &Menu, deed: Deed) -> Result<String, Failure> {
    if deed == Deed::Keys {
        return Err(
            Failure::new(FailureKind::Cluster, "not allowed to list Secrets in events").hint("ask for the rights")
        );
    }
    let parts = (1..=30).map(|part| format!("part {part:<3} Deployment queue-{part}   ready\n"));
    Ok(format!("{} in {}: {}\n{}", of.release.release, of.release.namespace, deed.title(), parts.collect::<String>()))
}

/// What it can go back to.
pub(crate) fn revisions() -> Vec<RevisionSeen> {
    let one = |number, run: &str, differs: &[&str]| RevisionSeen {
        number,
        run: run.into(),
        began: "2026-11-20 14:03".into(),
        who: "ana@laptop".into(),
        differs: differs.iter().map(|text| text.to_string()).collect(),
    };
    vec![
        one(3, "upgrade to v1.42.0", &[]),
        one(1, "install of v1.41.0", &["version: v1.41.0, now v1.42.0", "replicas: 1, now 2"]),
    ]
}

/// A guide over the same clusters, whose forms are Inngest's. It remembers what was contacted.
#[derive(Default)]
pub(crate) struct Rehearsed {
    pub(crate) contacted: RefCell<Vec<String>>,
    pub(crate) prepared: RefCell<Vec<Chosen>>,
    pub(crate) kept: RefCell<Vec<Draft>>,
    pub(crate) thrown_away: RefCell<usize>,
}

impl Guide for Rehearsed {
    fn contact<'a>(&'a self, context: &'a str) -> LocalBoxFuture<'a, Result<ClusterSeen, Failure>> {
        self.contacted.borrow_mut().push(context.into());
        Box::pin(std::future::ready(contacted(context)))
    }
    fn look<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<PlaceSeen, Failure>> {
        Box::pin(std::future::ready(Ok(looked(chosen))))
    }
    fn prepare<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<FormQuestions, Failure>> {
        self.prepared.borrow_mut().push(chosen.clone());
        let place = Place {
            namespace: chosen.namespace.clone(),
            release: chosen.release.clone(),
            profile: chosen.profile.clone(),
        };
        let product = Arc::new(built_in_for_tests("inngest"));
        let facts = Arc::new(Facts::assumed());
        let form = Form::new(product, place, facts, Layers::default(), Arc::new(NoSources), [7; 32]);
        let here = Whereabouts {
            doing: "install inngest".into(),
            context: chosen.context.clone(),
            namespace: chosen.namespace.clone(),
            practice: false,
        };
        let questions = FormQuestions::new(form, here, String::new()).after(Stop::titles());
        Box::pin(std::future::ready(Ok(questions)))
    }
    fn overview<'a>(&'a self, chosen: &'a Chosen, _form: &'a Form) -> LocalBoxFuture<'a, Result<Overview, Failure>> {
        let mut overview = crate::view::rehearsal::overview();
        overview.plan.target.context = chosen.context.clone();
        overview.plan.target.namespace = chosen.namespace.clone();
        overview.plan.target.profile = chosen.profile.clone();
        Box::pin(std::future::ready(Ok(overview)))
    }
    fn save(&self, _form: &Form) -> String {
        "saved".into()
    }
    fn keep(&self, draft: Draft) -> Result<String, Failure> {
        if !draft.holds_something() {
            return Err(Failure::new(FailureKind::Refused, "nothing is decided yet: there is nothing to keep"));
        }
        self.kept.borrow_mut().push(draft);
        Ok("the draft is in drafts/inngest.json".into())
    }
    fn read<'a>(&'a self, of: &'a Menu, deed: Deed) -> LocalBoxFuture<'a, Result<String, Failure>> {
        Box::pin(std::future::ready(read(of, deed)))
    }
    fn revisions<'a>(&'a self, _of: &'a Menu) -> LocalBoxFuture<'a, Result<Vec<RevisionSeen>, Failure>> {
        Box::pin(std::future::ready(Ok(revisions())))
    }
    fn throw_away(&self) -> Result<(), Failure> {
        *self.thrown_away.borrow_mut() += 1;
        Ok(())
    }
}
