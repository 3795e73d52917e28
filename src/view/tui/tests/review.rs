use proptest::prelude::*;

use super::super::review::{App, Decided};
use super::super::{Msg, Screen, Signal, Theme};
use super::progress::any_key;
use super::{Effect, drawn, press};
use crate::finding::{Finding, Severity};
use crate::view::rehearsal::{blocking, overview};

fn app() -> App {
    App::new(overview(), Theme::new(false, false))
}

#[test]
fn the_review_names_the_cluster_large_and_every_object() {
    let mut app = app();
    insta::assert_snapshot!("review_80", drawn(&app, 80, 24));
    press(&mut app, "down down enter");
    insta::assert_snapshot!("review_120", drawn(&app, 120, 40));
    insta::assert_snapshot!("review_unicode", drawn(&App::new(overview(), Theme::new(true, true)), 80, 24));
}

#[test]
fn enter_in_the_list_opens_and_never_does_it() {
    let mut app = app();
    let effects = press(&mut app, &"enter down ".repeat(40));
    assert_eq!(effects, []);
    assert_eq!(app.decided(), None);
    assert!(drawn(&app, 80, 50).contains("spec.type: LoadBalancer -> ClusterIP"));
}

#[test]
fn only_the_button_does_it_and_it_names_the_cluster() {
    let mut app = app();
    press(&mut app, "tab");
    assert!(drawn(&app, 80, 24).contains("> [ Install into prod-eu ]"));
    assert_eq!(press(&mut app, "enter"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Yes));
}

#[test]
fn what_blocks_is_on_top_and_the_button_says_so() {
    let mut overview = overview();
    overview.findings.push(blocking());
    let mut app = App::new(overview.clone(), Theme::new(false, false));
    assert_eq!(press(&mut app, "tab enter enter"), []);
    assert_eq!(app.decided(), None);
    insta::assert_snapshot!("review_blocked", drawn(&app, 80, 24));
    overview.skipped.push("STORAGE_CLASS_MISSING".into());
    let mut app = App::new(overview, Theme::new(false, false));
    assert_eq!(press(&mut app, "tab enter"), [Effect::Quit]);
}

#[test]
fn no_secret_value_is_shown_however_far_it_is_opened() {
    let mut app = app();
    press(&mut app, &"enter down ".repeat(40));
    let shown = drawn(&app, 200, 59);
    assert!(shown.contains("INNGEST_EVENT_KEY: hidden") && shown.contains("TOKEN: hidden"), "{shown}");
    assert!(!shown.contains("aHVudGVy") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn esc_goes_from_the_button_to_the_list_and_then_back_to_the_questions() {
    let mut app = app();
    assert_eq!(press(&mut app, "tab esc"), []);
    assert_eq!(press(&mut app, "esc"), [Effect::Quit]);
    assert_eq!(app.decided(), Some(Decided::Back));
}

#[test]
fn saving_the_answers_says_where() {
    let mut app = app();
    assert_eq!(press(&mut app, "s"), [Effect::Save]);
    app.update(Msg::Said("written to inngest.yaml".into()));
    assert!(drawn(&app, 80, 24).contains("written to inngest.yaml"));
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
