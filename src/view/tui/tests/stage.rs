//! Screens in a state: built from what the tests of each screen use, told a size, and driven by keys. Made for whatever
//! must hold of every screen, so that a new state is one line of [`states`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};

use super::super::{Effect, Got, Msg, Screen, Theme, Want, draft, progress, review, waiting, way, wizard};
use super::{keys, menu, moving, scripts, uninstall};
use crate::answers::Form;
use crate::answers::draft::{Draft, KeptAnswer};
use crate::answers::form::{Layers, NoSources, Place};
use crate::error::{Failure, FailureKind};
use crate::event::Event;
use crate::facts::{Class, Fact, Facts, Issuer, Node, StorageClass};
use crate::plan::install::plan;
use crate::plan::{Target, Verb};
use crate::preflight;
use crate::product::load::built_in_for_tests;
use crate::product::schema::Product;
use crate::secret::SecretText;
use crate::view::draft::Offer;
use crate::view::form::FormQuestions;
use crate::view::menu::Deed;
use crate::view::overview::{Mender, Overview};
use crate::view::questions::{Questions, Whereabouts};
use crate::view::rehearsal::{Rehearsal, blocking, overview};
use crate::view::way::rehearsal::{answer, busy_way, practice, way as rehearsed_way};
use crate::view::way::{Part, Stop};

/// A screen in a state.
pub(super) type Shown = Box<dyn Screen>;

/// How a screen is shown: its theme and the size of its terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) theme: Theme,
    pub(super) size: (u16, u16),
}

/// A state by its name.
pub(super) struct State {
    pub(super) name: &'static str,
    pub(super) screen: Box<dyn Fn(At) -> Shown>,
}

fn state(name: &'static str, screen: impl Fn(At) -> Shown + 'static) -> State {
    State { name, screen: Box::new(screen) }
}

static INNGEST: LazyLock<Arc<Product>> = LazyLock::new(|| Arc::new(built_in_for_tests("inngest")));

/// A cluster as many have it: two storage classes, an ingress controller, an issuer, three nodes.
pub(super) fn facts() -> Facts {
    let class = |name: &str, is_default, expandable| StorageClass {
        name: name.into(),
        provisioner: "disk.csi".into(),
        is_default,
        expandable,
        reclaim_policy: "Delete".into(),
        ..StorageClass::default()
    };
    let node = |name: &str| Node {
        name: name.into(),
        architecture: "amd64".into(),
        cpu: "4".into(),
        memory: "16Gi".into(),
        pods: "110".into(),
        usable: true,
        ..Node::default()
    };
    Facts {
        context: "prod-eu".into(),
        server: "https://34.90.1.2".into(),
        provider: "gke".into(),
        storage_classes: Fact::Known(vec![class("standard", true, true), class("premium-rwo", false, false)]),
        nodes: Fact::Known(["node-1", "node-2", "node-3"].map(node).to_vec()),
        ingress_classes: Fact::Known(vec![Class {
            name: "nginx".into(),
            controller: "k8s.io/ingress-nginx".into(),
            is_default: true,
        }]),
        issuers: Fact::Known(vec![Issuer { kind: "ClusterIssuer".into(), name: "letsencrypt".into(), ready: true }]),
        namespaces: Fact::Known(["default", "kube-system", "monitoring"].map(String::from).to_vec()),
        ..Facts::assumed()
    }
}

/// Inngest's form on that cluster.
pub(super) fn inngest(profile: &str) -> FormQuestions {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: profile.into() };
    let sources = Arc::new(NoSources);
    let form = Form::new(Arc::clone(&INNGEST), place, Arc::new(facts()), Layers::default(), sources, [7; 32]);
    let here = Whereabouts {
        doing: "install inngest v1.43.0".into(),
        context: "prod-eu".into(),
        namespace: "inngest".into(),
        practice: false,
    };
    FormQuestions::new(form, here, "v1.36.0 gke, 3 nodes".into()).after(Stop::titles())
}

/// The way from what stands still back to Inngest's answers.
pub(super) fn mender() -> Mender {
    Mender::of(&planned("production").plan, inngest("production").form())
}

/// What Inngest's answers would do there.
pub(super) fn planned(profile: &str) -> Overview {
    let mut questions = inngest(profile);
    for fault in questions.faults() {
        questions.generate(&fault.path);
    }
    let target = Target {
        context: "prod-eu".into(),
        server: "https://34.90.1.2".into(),
        namespace: "inngest".into(),
        release: "inngest".into(),
        profile: profile.into(),
        ..Target::default()
    };
    let form = questions.form();
    let none = BTreeMap::new();
    let mut plan = plan(Verb::Install, &form.world(), &none, &BTreeMap::new(), &target, form.recorded()).unwrap();
    plan.usual_seconds = Some((40, 120));
    Overview {
        findings: preflight::check(&facts(), &plan, form.product()),
        plan,
        cluster: vec!["v1.36.0".into(), "3 nodes".into(), "gke".into()],
        skipped: vec![],
        mends: vec![],
        repeat: format!("slipway install inngest --context prod-eu --profile {profile} --yes"),
    }
}

impl At {
    /// Tells the size and presses keys, with an outside that answers at once.
    pub(super) fn drive(self, mut screen: impl Screen + 'static, script: &str) -> Shown {
        let (width, height) = self.size;
        let effects = screen.update(Msg::Resized(width, height));
        answered(&mut screen, effects);
        for key in keys(script) {
            let effects = screen.update(Msg::Key(key));
            answered(&mut screen, effects);
        }
        Box::new(screen)
    }

    pub(super) fn way(self, given: &[(Part, &str, &str)], script: &str) -> Shown {
        self.drive(way::App::new(rehearsed_way(given), self.theme), script)
    }

    pub(super) fn practice(self, script: &str) -> Shown {
        self.drive(way::App::new(practice(), self.theme), script)
    }

    /// A form over `questions`, which live as long as the test does.
    pub(super) fn form<Q: Questions + 'static>(self, questions: Q, script: &str) -> Shown {
        self.drive(wizard::App::new(Box::leak(Box::new(questions)), self.theme, None), script)
    }

    pub(super) fn wizard(self, script: &str) -> Shown {
        self.form(Rehearsal::default(), script)
    }

    /// A page of Inngest's own form, by its number from 0.
    pub(super) fn inngest(self, profile: &str, page: usize, script: &str) -> Shown {
        self.form(inngest(profile), &format!("{} {script}", "pagedown ".repeat(page)))
    }

    pub(super) fn review(self, overview: Overview, script: &str) -> Shown {
        self.drive(review::App::new(overview, self.theme), script)
    }

    pub(super) fn draft(self, state: Result<(), &str>) -> Shown {
        let kept = |()| Draft {
            context: "prod-eu".into(),
            product: "inngest".into(),
            profile: "production".into(),
            namespace: "events".into(),
            release: "inngest".into(),
            answers: [("database.storage".to_string(), KeptAnswer::Text("20Gi".into()))].into(),
            not_kept: vec!["database.url".into()],
            ..Draft::default()
        };
        let offer =
            Offer { when: "2026-11-21 10:12, 2 h 3 min ago".into(), draft: state.map(kept).map_err(String::from) };
        self.drive(draft::App::new(offer, rehearsed_way(&[]).whereabouts(), self.theme), "")
    }

    pub(super) fn waiting(self, failure: Option<Failure>) -> Shown {
        let here = overview().whereabouts();
        let app = waiting::App::new(here, self.theme);
        self.drive(
            match failure {
                Some(failure) => app.failed(failure),
                None => app,
            },
            "",
        )
    }

    pub(super) fn progress(self, events: Vec<Event>, script: &str) -> Shown {
        let mut app = progress::App::new(self.theme).with_doors().with_answers(mender());
        for event in events {
            app.update(Msg::Event(Box::new(event)));
        }
        self.drive(app, script)
    }
}

/// Answers everything that was asked, and what is asked because of it.
pub(super) fn answered(screen: &mut dyn Screen, effects: Vec<Effect>) {
    let mut open: VecDeque<Effect> = effects.into();
    while let Some(effect) = open.pop_front() {
        let msg = match effect {
            Effect::Ask(ask) => Msg::Told(Box::new(answer(ask))),
            Effect::Want(Want::Key(place, used)) => {
                Msg::Got(Box::new(Got::Key(place, used, Ok(SecretText::new("evt-0123456789abcdef")))))
            }
            Effect::Want(Want::Forward) => Msg::Got(Box::new(Got::Forwarded(Ok("http://127.0.0.1:8288".into())))),
            _ => continue,
        };
        open.extend(screen.update(msg));
    }
}

fn unreachable() -> Failure {
    Failure::new(FailureKind::Cluster, "the cluster \"prod-eu\" stopped answering")
        .place("https://34.90.1.2 (context prod-eu)")
        .why("no answer within 10 s")
        .hint("is the machine up, and the VPN connected?")
}

fn blocked() -> Overview {
    let mut overview = planned("production");
    overview.findings.insert(0, blocking());
    overview
}

/// Where each page of the form begins.
pub(super) const PAGES: [&str; 8] = [
    "inngest_page_1",
    "inngest_page_2",
    "inngest_page_3",
    "inngest_page_4",
    "inngest_page_5",
    "inngest_page_6",
    "inngest_page_7",
    "inngest_page_8",
];

/// Every page and state that a person can come to.
pub(super) fn states() -> Vec<State> {
    let known: &[(Part, &str, &str)] =
        &[(Part::Context, "kind-dev", "--context"), (Part::Product, "inngest", "the command line")];
    let mut states = vec![
        state("way_where", |at| at.way(&[], "")),
        state("way_where_contacted", |at| at.way(&[], "down enter")),
        state("way_where_unreachable", |at| at.way(&[], "down down enter")),
        state("way_where_filtered", |at| at.way(&[], "\"34.90\"")),
        state("way_where_nothing_fits", |at| at.way(&[], "\"zzz\" enter")),
        state("way_where_practice", |at| at.practice("enter")),
        state("way_what", |at| at.way(&[], "enter enter")),
        state("way_profile", |at| at.way(&[], "enter enter enter down down")),
        state("way_profile_given_context", |at| at.way(known, "")),
        state("way_target", |at| at.way(&[], "enter enter enter enter end backspace")),
        state("way_target_standing_release", |at| at.way(&[], "enter enter enter enter")),
        state("way_target_wrong", |at| at.way(&[], "enter enter enter enter \"Upper\" tab")),
        state("way_pages_list", |at| at.way(&[], "enter enter ctrl-o")),
        state("way_leaving", |at| at.way(&[], "esc")),
        state("way_help", |at| at.way(&[], "f1")),
        state("way_target_help", |at| at.way(&[], "enter enter enter enter f1")),
        state("draft_offered", |at| at.draft(Ok(()))),
        state("draft_damaged", |at| at.draft(Err("is damaged: it is not what slipway writes"))),
        state("wizard_choices", |at| at.wizard("")),
        state("wizard_line_typed", |at| at.wizard("enter \"20Gi\"")),
        state("wizard_line_wrong", |at| at.wizard("enter backspace backspace backspace \"lots\" enter")),
        state("wizard_changed", |at| at.wizard("enter backspace backspace backspace \"20Gi\" enter")),
        state("wizard_secret_typed", |at| at.wizard("down enter \"hunter2-hunter2\"")),
        state("wizard_advanced", |at| at.wizard("ctrl-a")),
        state("wizard_preview", |at| at.wizard("ctrl-p")),
        state("wizard_second_page", |at| at.wizard("pagedown")),
        state("wizard_several_lines", |at| at.wizard("pagedown tab tab enter \"https://a.example.com\"")),
        state("wizard_key_missing", |at| at.wizard("pagedown pagedown pagedown")),
        state("wizard_key_generated", |at| at.wizard("pagedown pagedown ctrl-g")),
        state("wizard_key_revealed", |at| at.wizard("pagedown pagedown \"hunter2-hunter2\" ctrl-r")),
        state("wizard_key_made_again", |at| at.wizard("pagedown pagedown \"hunter2-hunter2\" ctrl-g")),
        state("wizard_cluster_list", |at| at.wizard("enter enter ctrl-n")),
        state("wizard_cluster_list_narrowed", |at| at.wizard("enter enter ctrl-n \"prem\"")),
        state("wizard_pages", |at| at.wizard("enter backspace backspace \"x\" enter pagedown ctrl-o")),
        state("wizard_gone", |at| at.wizard("2 ctrl-p")),
        state("wizard_leaving", |at| at.wizard("ctrl-c")),
        state("wizard_help", |at| at.wizard("f1")),
        state("review", |at| at.review(planned("production"), "")),
        state("review_development", |at| at.review(planned("development"), "")),
        state("review_opened", |at| at.review(overview(), "down down enter")),
        state("review_on_the_button", |at| at.review(planned("production"), "tab")),
        state("review_blocked", |at| at.review(blocked(), "")),
        state("review_blocked_on_the_button", |at| at.review(blocked(), "tab enter")),
        state("review_moved", |at| {
            let moved = vec!["Deployment/inngest was changed by somebody else".to_string()];
            at.drive(review::App::new(planned("production"), at.theme).moved(moved), "")
        }),
        state("review_leaving", |at| at.review(planned("production"), "ctrl-c")),
        state("review_help", |at| at.review(planned("production"), "?")),
        state("waiting", |at| at.waiting(None)),
        state("waiting_failed", |at| at.waiting(Some(unreachable()))),
        state("uninstall", |at| at.drive(uninstall::page(at.theme), "")),
        state("uninstall_deletes", |at| at.drive(uninstall::page(at.theme), "down space")),
        state("uninstall_leaving", |at| at.drive(uninstall::page(at.theme), "esc")),
        state("uninstall_help", |at| at.drive(uninstall::page(at.theme), "?")),
        state("uninstall_review", |at| at.drive(uninstall::review(at.theme), "")),
        state("uninstall_review_typed", |at| at.drive(uninstall::review(at.theme), "tab \"inng\"")),
        state("menu", |at| at.drive(menu::page(at.theme), "")),
        state("menu_read", |at| at.drive(menu::told(at.theme, Deed::Status), "")),
        state("menu_unread", |at| at.drive(menu::told(at.theme, Deed::Keys), "")),
        state("menu_revisions", |at| at.drive(menu::offered(at.theme), "")),
        state("menu_leaving", |at| at.drive(menu::page(at.theme), "q")),
        state("menu_help", |at| at.drive(menu::page(at.theme), "?")),
        state("way_what_installed", |at| at.drive(way::App::new(busy_way(), at.theme), "down down down enter enter")),
        state("contest", |at| at.drive(menu::locked(at.theme), "")),
        state("contest_typed", |at| at.drive(menu::locked(at.theme), "down down down enter \"ana\"")),
        state("consent", |at| at.drive(moving::asked(at.theme, false), "")),
        state("consent_typed", |at| at.drive(moving::asked(at.theme, true), "enter \"inng\"")),
        state("moving_begins", |at| at.drive(moving::moving(at.theme, 0), "")),
        state("moving", |at| at.drive(moving::moving(at.theme, 9), "")),
        state("moving_stopping", |at| at.drive(moving::moving(at.theme, 9), "ctrl-c")),
        state("moving_done", |at| at.drive(moving::moving(at.theme, 23), "")),
        state("progress_begins", |at| at.progress(vec![], "")),
        state("progress_practice", |at| at.progress(vec![scripts::started("install", true)], "")),
        state("progress_healthy", |at| at.progress(scripts::healthy(), "")),
        state("progress_failing", |at| at.progress(scripts::failing(), "")),
        state("progress_failed", |at| at.progress(scripts::failed(), "")),
        state("progress_mending", |at| at.progress(scripts::stuck(), "c")),
        state("progress_left", |at| at.progress(scripts::left(), "")),
        state("progress_done", |at| at.progress(scripts::done("install", false), "")),
        state("progress_uninstalled", |at| at.progress(scripts::done("uninstall", true), "")),
        state("progress_crowded", |at| at.progress(scripts::crowded(), "")),
        state("progress_other_pod", |at| at.progress(scripts::healthy(), "tab")),
        state("progress_log", |at| at.progress(scripts::crowded(), "l up")),
        state("progress_filter", |at| at.progress(scripts::healthy(), "/ \"TRUST\"")),
        state("progress_timeline", |at| at.progress(scripts::failing(), "t")),
        state("progress_evidence", |at| at.progress(scripts::failing(), "e")),
        state("progress_attached", |at| at.progress(scripts::attached(), "")),
        state("progress_going_on", |at| at.progress(scripts::attached(), "r")),
        state("progress_done_revealed", |at| at.progress(scripts::done("install", false), "down v")),
        state("progress_done_forwarded", |at| at.progress(scripts::done("install", false), "p")),
        state("progress_done_pods", |at| at.progress(scripts::done("install", false), "tab")),
        state("progress_stopping", |at| at.progress(scripts::healthy(), "ctrl-c")),
        state("progress_stop_asked", |at| at.progress(scripts::healthy(), "ctrl-c enter")),
        state("progress_help", |at| at.progress(scripts::healthy(), "?")),
    ];
    // Every page of the form that ships, as production has it.
    let pages = inngest("production").pages().len();
    states.extend(
        PAGES
            .into_iter()
            .take(pages)
            .enumerate()
            .map(|(page, name)| state(name, move |at| at.inngest("production", page, ""))),
    );
    states
}
