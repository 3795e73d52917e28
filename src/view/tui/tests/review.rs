use proptest::prelude::*;
use serde_json::json;

use super::super::review::{App, Decided};
use super::super::{Msg, Screen, Signal, Theme};
use super::progress_any::any_key;
use super::{Effect, drawn, press, styles};
use crate::finding::{Finding, Severity};
use crate::plan::{Action, FieldChange};
use crate::view::overview::Overview;
use crate::view::rehearsal::{blocking, overview};

fn app() -> App {
    App::new(overview(), Theme::new(false, false))
}

/// Four on one installed before: nothing changes but a port.
fn standing() -> Overview {
    let mut overview = overview();
    overview.plan.namespace_exists = true;
    overview.plan.keys.exists = true;
    for step in overview.plan.steps.iter_mut().take(3) {
        step.action = Action::Keep;
    }
    overview
}

fn blocked() -> Overview {
    let mut overview = overview();
    overview.findings.push(blocking());
    overview
}

#[test]
fn the_review_names_cluster_and_namespace_large_and_every_object() {
    let mut app = app().last_of(9);
    insta::assert_snapshot!("review_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("review_styles", styles(&app, 80, 24));
    press(&mut app, "down down down enter");
    insta::assert_snapshot!("review_open_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("review_120", drawn(&app, 120, 40));
    insta::assert_snapshot!("review_unicode", drawn(&App::new(overview(), Theme::new(true, true)), 80, 24));
    insta::assert_snapshot!("review_styles_coloured", styles(&App::new(blocked(), Theme::new(true, true)), 80, 24));
    insta::assert_snapshot!("review_small", drawn(&app, 50, 12));
    press(&mut app, "?");
    insta::assert_snapshot!("review_help", drawn(&app, 80, 24));
}

#[test]
fn on_the_smallest_screen_the_plan_what_blocks_and_the_button_are_all_in_sight() {
    insta::assert_snapshot!("review_60x18", drawn(&app(), 60, 18));
    insta::assert_snapshot!("review_blocked_60x18", drawn(&App::new(blocked(), Theme::new(false, false)), 60, 18));
    for overview in [overview(), blocked(), standing()] {
        let app = App::new(overview, Theme::new(false, false)).moved(vec!["Service/inngest: gone".into()]);
        let shown = drawn(&app, 60, 18);
        assert!(shown.contains(" > ") && (shown.contains("[ Install") || shown.contains("Held back")), "{shown}");
    }
}

#[test]
fn what_changes_is_unfolded_with_the_old_and_the_new_and_what_stays_is_one_line() {
    let mut app = App::new(standing(), Theme::new(false, false));
    press(&mut app, "down right");
    insta::assert_snapshot!("review_change_80", drawn(&app, 80, 24));
    press(&mut app, "left left");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("> > Change 1") && !shown.contains("spec.type"), "{shown}");
}

#[test]
fn a_long_change_stands_with_the_old_above_the_new() {
    let mut overview = standing();
    let image = |tag: &str| Some(json!(format!("registry.example.com/team/inngest-with-a-long-name:{tag}")));
    let path = "spec.template.spec.containers[0].image".to_string();
    let fields = vec![FieldChange { path, from: image("v1"), to: image("v2") }];
    overview.plan.steps[3].action = Action::Change { fields, restarts: true };
    let mut app = App::new(overview, Theme::new(false, false));
    press(&mut app, "down enter");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("- registry.example.com/team/inngest-with-a-long-name:v1"), "{shown}");
    assert!(shown.contains("+ registry.example.com/team/inngest-with-a-long-name:v2"), "{shown}");
}

#[test]
fn enter_a_hundred_times_anywhere_in_the_plan_opens_and_closes_and_never_does_it() {
    for way_there in ["", "down ", "down down down ", "pagedown ", "up "] {
        let mut app = app();
        press(&mut app, way_there);
        assert_eq!(press(&mut app, &"enter ".repeat(100)), []);
        assert_eq!(app.decided(), None);
    }
    let mut app = app();
    assert_eq!(press(&mut app, &"enter enter down ".repeat(60)), []);
    assert_eq!(app.decided(), None);
    press(&mut app, "pageup pageup pageup down right");
    assert!(drawn(&app, 80, 60).contains("LoadBalancer -> ClusterIP"));
}

#[test]
fn only_the_button_does_it_and_it_names_the_cluster() {
    let mut app = app();
    press(&mut app, "tab");
    insta::assert_snapshot!("review_button", drawn(&app, 80, 24));
    // Any way back into the plan, and Enter is harmless again.
    press(&mut app, "up enter");
    assert_eq!(app.decided(), None);
    press(&mut app, "tab");
    assert_eq!(press(&mut app, "enter"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Yes));
}

#[test]
fn what_blocks_is_in_focus_and_there_is_no_button_until_it_is_mended_or_skipped() {
    let mut overview = blocked();
    let mut app = App::new(overview.clone(), Theme::new(false, false)).last_of(9);
    insta::assert_snapshot!("review_blocked", drawn(&app, 80, 24));
    insta::assert_snapshot!("review_blocked_120", drawn(&app, 120, 40));
    assert_eq!(press(&mut app, &"tab enter ".repeat(50)), []);
    assert_eq!(app.decided(), None);
    assert!(!drawn(&app, 80, 24).contains("[ Install"));
    overview.skipped.push("STORAGE_CLASS_MISSING".into());
    let mut app = App::new(overview, Theme::new(false, false));
    assert!(drawn(&app, 80, 24).contains("skipped  storage class"));
    assert_eq!(press(&mut app, "tab enter"), [Effect::Quit]);
}

#[test]
fn one_key_goes_to_the_answer_that_mends_what_blocks() {
    let mut app = App::new(blocked(), Theme::new(false, false));
    assert_eq!(press(&mut app, "c"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Mend("database.storageClass".into())));
    let mut overview = overview();
    overview.findings.push(Finding::new("NODES_TOO_SMALL", Severity::Error, "too small").remedy("add a node"));
    let mut app = App::new(overview, Theme::new(false, false));
    assert_eq!(press(&mut app, "c"), []);
    assert!(drawn(&app, 80, 24).contains("no answer mends this: add a node"));
}

#[test]
fn tab_goes_from_one_thing_that_blocks_to_the_next_and_round() {
    let mut overview = blocked();
    overview.findings.push(Finding::new("NODES_TOO_SMALL", Severity::Error, "all nodes are too small"));
    let mut app = App::new(overview, Theme::new(false, false));
    let marked =
        |app: &App| drawn(app, 80, 24).lines().find(|line| line.starts_with(" > error")).unwrap_or("").to_string();
    let first = marked(&app);
    press(&mut app, "tab");
    assert_ne!(marked(&app), first);
    press(&mut app, "tab");
    assert_eq!(marked(&app), first);
    press(&mut app, "down down down shift-tab");
    assert!(marked(&app).contains("error"), "{}", drawn(&app, 80, 24));
}

#[test]
fn what_moved_while_it_was_looked_at_is_said_above_the_plan() {
    let moved = vec!["Deployment/inngest: agreed was create, now it is keep".to_string(); 3];
    let app = App::new(standing(), Theme::new(false, false)).moved(moved);
    insta::assert_snapshot!("review_moved", drawn(&app, 80, 24));
}

#[test]
fn no_secret_value_is_shown_however_far_it_is_opened() {
    for (width, height) in [(200, 59), (80, 59)] {
        let mut app = app();
        press(&mut app, &"right down ".repeat(40));
        let shown = drawn(&app, width, height);
        assert!(shown.contains("TOKEN") && shown.contains("hidden, made of keys.event"), "{shown}");
        assert!(!shown.contains("aHVudGVy") && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn esc_goes_from_the_button_to_the_plan_and_then_back_to_the_questions() {
    let mut app = app();
    assert_eq!(press(&mut app, "tab esc"), []);
    assert_eq!(press(&mut app, "esc"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Back));
}

#[test]
fn saving_the_answers_says_where_and_the_command_that_reads_them() {
    let mut app = app();
    assert_eq!(press(&mut app, "s"), [Effect::Save]);
    app.update(Msg::Said("/home/ana/inngest-1.yaml\nslipway install inngest -f inngest-1.yaml --yes".into()));
    press(&mut app, "down");
    insta::assert_snapshot!("review_saved", drawn(&app, 80, 24));
    app.update(Msg::Said("cannot write inngest.yaml: no space".into()));
    assert!(drawn(&app, 80, 24).contains("cannot write inngest.yaml: no space"));
}

#[test]
fn leaving_offers_to_stay_first_then_a_draft_then_to_leave_without() {
    let mut app = app();
    press(&mut app, "ctrl-c");
    insta::assert_snapshot!("review_leaving", drawn(&app, 80, 24));
    assert_eq!(press(&mut app, "enter"), []);
    assert_eq!(press(&mut app, "ctrl-c down enter"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Draft));
    app.come_back("the draft cannot be written: no space");
    assert!(drawn(&app, 80, 24).contains("the draft cannot be written: no space"));
    press(&mut app, "ctrl-c tab tab enter");
    assert_eq!(app.decided(), Some(Decided::Quit));
}

#[test]
fn ctrl_c_asks_and_a_signal_leaves() {
    let mut app = app();
    assert_eq!(press(&mut app, "ctrl-c esc"), []);
    assert_eq!(press(&mut app, "ctrl-c ctrl-c"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Quit));
    let mut app = self::app();
    assert_eq!(app.update(Msg::Signal(Signal::Terminate)), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Signal(Signal::Terminate)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_findings_and_sizes_panic(
        pressed in prop::collection::vec(any_key(), 0..40),
        texts in prop::collection::vec(any::<String>(), 0..8),
        width in 0u16..200,
        height in 0u16..60,
    ) {
        let mut overview = overview();
        overview.plan.target.context = texts.concat();
        for (i, text) in texts.iter().enumerate() {
            let severity = [Severity::Info, Severity::Warning, Severity::Error][i % 3];
            overview.findings.push(Finding::new("CODE", severity, text).why(text).remedy(text).at(text));
        }
        let mut app = App::new(overview, Theme::new(true, true));
        for key in pressed {
            press(&mut app, key);
            drawn(&app, width, height);
        }
    }
}
