use std::time::Duration;

use proptest::prelude::*;

use super::super::way::{App, Left};
use super::super::{Effect, Msg, Screen, Signal, Theme};
use super::progress_any::any_key;
use super::{drawn, keys, press, styles};
use crate::view::way::rehearsal::{answer, practice, way};
use crate::view::way::{Ask, Part, Way};

fn app(way: Way) -> App {
    let mut app = App::new(way, Theme::new(false, false));
    let effects = app.update(Msg::Resized(80, 24));
    tell(&mut app, effects);
    app
}

/// Answers everything that was asked, and what is asked because of it; answers with what was asked.
fn tell(app: &mut App, mut effects: Vec<Effect>) -> Vec<Ask> {
    let mut asked = Vec::new();
    while let Some(at) = effects.iter().position(|effect| matches!(effect, Effect::Ask(_))) {
        let Effect::Ask(ask) = effects.remove(at) else { continue };
        asked.push(ask.clone());
        effects.extend(app.update(Msg::Told(Box::new(answer(ask)))));
    }
    asked
}

/// Presses keys with an outside that answers at once; answers with what was asked.
fn walk(app: &mut App, script: &str) -> Vec<Ask> {
    let mut asked = Vec::new();
    for key in keys(script) {
        let effects = app.update(Msg::Key(key));
        asked.extend(tell(app, effects));
    }
    asked
}

fn holds(app: &App, texts: &[&str]) {
    let shown = drawn(app, 80, 24);
    for text in texts {
        assert!(shown.contains(text), "{text:?} is not in\n{shown}");
    }
}

#[test]
fn every_page_is_complete_on_a_narrow_and_on_a_wide_screen() {
    let mut app = app(way(&[]));
    insta::assert_snapshot!("way_where_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_where_120", drawn(&app, 120, 40));
    walk(&mut app, "down enter");
    insta::assert_snapshot!("way_where_seen_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_where_styles", styles(&app, 80, 24));
    walk(&mut app, "enter");
    insta::assert_snapshot!("way_what_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_what_120", drawn(&app, 120, 40));
    walk(&mut app, "enter down down");
    insta::assert_snapshot!("way_profile_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_profile_120", drawn(&app, 120, 40));
    walk(&mut app, "enter end backspace");
    insta::assert_snapshot!("way_target_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_target_120", drawn(&app, 120, 40));
    walk(&mut app, "ctrl-u");
    insta::assert_snapshot!("way_target_standing_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_small", drawn(&app, 50, 12));
    let mut unicode = App::new(way(&[]), Theme::new(true, true));
    walk(&mut unicode, "down enter enter enter down");
    insta::assert_snapshot!("way_profile_unicode_80", drawn(&unicode, 80, 24));
    insta::assert_snapshot!("way_profile_styles_120", styles(&unicode, 120, 40));
    walk(&mut app, "f1");
    insta::assert_snapshot!("way_help", drawn(&app, 80, 24));
}

#[test]
fn only_the_cluster_that_is_chosen_is_contacted_and_only_on_enter() {
    let mut app = app(way(&[]));
    assert_eq!(walk(&mut app, "down down up"), []);
    assert_eq!(walk(&mut app, "enter"), [Ask::Contact("prod-eu".into())]);
    holds(&app, &["v1.36.3", "3 nodes", "warning: this looks like production: its name says production"]);
    assert!(matches!(walk(&mut app, "enter enter enter")[..], [Ask::Look(_)]));
}

#[test]
fn an_unreachable_cluster_is_said_with_what_to_do_and_another_can_be_chosen() {
    let mut app = app(way(&[]));
    walk(&mut app, "down down enter");
    insta::assert_snapshot!("way_where_failed_80", drawn(&app, 80, 24));
    // Enter tries again; another row asks that one.
    assert_eq!(walk(&mut app, "enter"), [Ask::Contact("gone".into())]);
    assert_eq!(walk(&mut app, "up up enter"), [Ask::Contact("kind-dev".into())]);
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("cannot reach") && shown.contains("kind-dev   v1.36.3"), "{shown}");
    walk(&mut app, "enter enter enter enter enter enter");
    assert_eq!(app.left(), Some(Left::Next));
    assert_eq!(app.way().chosen().unwrap().context, "kind-dev");
}

#[test]
fn a_late_answer_of_a_cluster_that_is_chosen_no_longer_changes_nothing() {
    let mut app = app(way(&[]));
    let first = press(&mut app, "down down enter");
    let second = press(&mut app, "up up enter");
    tell(&mut app, second);
    tell(&mut app, first);
    holds(&app, &["kind-dev   v1.36.3"]);
}

#[test]
fn one_may_go_on_while_a_cluster_is_asked_and_the_end_waits_for_it() {
    let mut app = app(way(&[]));
    let asked = press(&mut app, "enter");
    holds(&app, &["kind-dev: asking ..."]);
    press(&mut app, "enter");
    holds(&app, &["still asking; PageDown goes on meanwhile"]);
    press(&mut app, "pagedown enter enter \"x\" enter enter");
    holds(&app, &["waiting for the cluster"]);
    assert_eq!(app.left(), None);
    tell(&mut app, asked);
    assert_eq!(app.left(), Some(Left::Next));
}

#[test]
fn nobody_is_held_on_a_page_and_the_end_goes_to_what_is_missing() {
    let mut app = app(way(&[]));
    assert_eq!(walk(&mut app, "pagedown pagedown pagedown pagedown"), []);
    holds(&app, &["What should be installed?", "no product is chosen"]);
    assert_eq!(walk(&mut app, "enter enter enter enter"), []);
    holds(&app, &["Which cluster?", "no cluster is chosen"]);
    assert_eq!(app.left(), None);
}

#[test]
fn what_the_command_line_settles_is_passed_by_and_stays_to_be_seen() {
    let mut app = app(way(&[(Part::Context, "kind-dev", "--context"), (Part::Product, "inngest", "the command line")]));
    holds(&app, &["Which environment is it for?"]);
    walk(&mut app, "shift-tab");
    holds(&app, &["settled by the command line", "(o) Inngest"]);
    walk(&mut app, "shift-tab");
    holds(&app, &["settled by --context", "kind-dev   v1.36.3"]);
    let wide = drawn(&app, 120, 40);
    assert!(wide.contains("[x] What"), "{wide}");
}

#[test]
fn with_everything_given_the_questions_come_without_a_key() {
    let given = [
        (Part::Context, "kind-dev", "--context"),
        (Part::Product, "inngest", "the command line"),
        (Part::Profile, "staging", "--profile"),
        (Part::Namespace, "inngest", "--namespace"),
    ];
    let there = app(way(&given));
    assert_eq!(there.left(), Some(Left::Next));
    let mut gone = given;
    gone[0].1 = "gone";
    let mut gone = app(way(&gone));
    assert_eq!(gone.left(), None);
    holds(&gone, &["Which cluster?", "cannot reach the cluster \"gone\""]);
    walk(&mut gone, "up up enter pagedown pagedown pagedown pagedown");
    walk(&mut gone, "enter");
    assert_eq!(gone.left(), Some(Left::Next));
}

#[test]
fn going_back_is_free_and_keeps_what_was_typed() {
    let mut app = app(way(&[]));
    walk(&mut app, "enter enter enter enter \"Upper\"");
    // What is being typed is not judged.
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("! it may hold"), "{shown}");
    walk(&mut app, "shift-tab");
    holds(&app, &["Which environment is it for?"]);
    walk(&mut app, "pagedown");
    holds(&app, &["inngestUpper", "! it may hold small letters, digits and hyphens, not 'U'"]);
    walk(&mut app, "backspace backspace backspace backspace backspace \"-x\" tab shift-tab");
    holds(&app, &["inngest-x"]);
    walk(&mut app, "shift-tab shift-tab shift-tab shift-tab shift-tab");
    holds(&app, &["Which cluster?"]);
    assert_eq!(app.left(), None);
}

#[test]
fn a_release_that_stands_there_is_named_before_one_goes_on() {
    let mut app = app(way(&[]));
    walk(&mut app, "enter enter enter enter enter");
    holds(&app, &["inngest is installed here: inngest v1.42.0, revision 3, deployed", "its keys and volumes stay"]);
    walk(&mut app, "enter");
    assert_eq!(app.left(), Some(Left::Next));
    assert_eq!(app.way().chosen().unwrap().profile, "production");
}

#[test]
fn what_an_earlier_install_left_is_a_field_of_the_target_and_wiping_it_is_typed() {
    let mut app = app(way(&[]));
    let erase = "backspace ".repeat(7);
    walk(&mut app, &format!("enter enter enter enter {erase} \"kept\" enter enter"));
    holds(&app, &["Left      [", "an earlier install left", "NAME=use|aside|wipe"]);
    assert_eq!(app.left(), None, "nobody goes on without a word");
    walk(&mut app, "\"wi\" enter");
    assert_eq!(app.left(), None, "half a word is none");
    walk(&mut app, "\"pe\" enter enter");
    assert_eq!(app.left(), Some(Left::Next));
    assert_eq!(app.way().chosen().unwrap().existing, ["inngest-postgresql=wipe", "inngest-keys-1=wipe"]);
}

#[test]
fn what_cannot_be_installed_there_is_told_on_the_page() {
    let mut app = app(way(&[]));
    let erase = "backspace ".repeat(7);
    walk(&mut app, &format!("enter enter enter enter {erase} \"taken\" enter enter"));
    holds(&app, &["! inngest is taken by prefect"]);
    walk(&mut app, &format!("shift-tab {erase} \"forbidden\" enter enter"));
    holds(&app, &["! not allowed to read Secrets in forbidden", "ask for the rights"]);
    assert_eq!(app.left(), None);
    walk(&mut app, "shift-tab ctrl-u ctrl-n ctrl-n tab enter");
    assert_eq!(app.way().namespace(), "taken");
    walk(&mut app, "shift-tab ctrl-n tab enter");
    assert_eq!((app.way().namespace(), app.left()), ("default", Some(Left::Next)));
}

#[test]
fn a_list_is_narrowed_by_typing_and_esc_widens_it_again() {
    let mut app = app(way(&[]));
    walk(&mut app, "\"34.90\"");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("1 of 3 hold") && !shown.contains("kind-dev "), "{shown}");
    assert_eq!(walk(&mut app, "enter"), [Ask::Contact("prod-eu".into())]);
    walk(&mut app, "\"zzz\" enter");
    holds(&app, &["nothing is marked; Backspace widens the list"]);
    walk(&mut app, "esc");
    holds(&app, &["kind-dev", "gone"]);
}

#[test]
fn the_practice_cluster_is_the_one_context_and_is_named_on_every_page() {
    let mut app = app(practice());
    for keys in ["", "enter", "enter", "enter"] {
        walk(&mut app, keys);
        holds(&app, &[" PRACTICE ", " practice "]);
    }
    holds(&app, &["Namespace"]);
}

#[test]
fn esc_goes_back_page_by_page_and_asks_before_it_leaves() {
    let mut app = app(way(&[]));
    walk(&mut app, "enter enter enter enter esc esc esc");
    holds(&app, &["Which cluster?"]);
    walk(&mut app, "esc enter");
    assert_eq!(app.left(), None);
    walk(&mut app, "esc down enter");
    assert_eq!(app.left(), Some(Left::Draft));
    app.stay_here("nothing is decided yet");
    holds(&app, &["Which cluster?", "nothing is decided yet"]);
    walk(&mut app, "esc down down enter");
    assert_eq!(app.left(), Some(Left::Quit));
}

#[test]
fn the_list_of_pages_says_what_stands_on_each_and_goes_there_and_back() {
    let mut app = app(way(&[]));
    walk(&mut app, "down enter enter enter enter \"x\" ctrl-o");
    insta::assert_snapshot!("way_pages_80", drawn(&app, 80, 24));
    walk(&mut app, "up up up enter");
    holds(&app, &["Which cluster?"]);
    walk(&mut app, "ctrl-o f1");
    holds(&app, &["Nothing is written before the review was agreed to"]);
    walk(&mut app, "esc ctrl-o down down enter");
    holds(&app, &["Which environment is it for?"]);
    // Esc is back where one was; what was typed is still there.
    walk(&mut app, "ctrl-o esc pagedown");
    holds(&app, &["inngestx"]);
    walk(&mut app, "ctrl-o down enter");
    assert_eq!(app.left(), Some(Left::Next));
}

#[test]
fn enter_pressed_a_hundred_times_comes_to_the_questions_and_no_further() {
    let mut app = app(way(&[]));
    let asked = walk(&mut app, &"enter ".repeat(100));
    assert_eq!(app.left(), Some(Left::Next));
    assert!(asked.iter().filter(|ask| matches!(ask, Ask::Contact(_))).count() == 1, "{asked:?}");
}

#[test]
fn ctrl_c_asks_and_again_within_two_seconds_leaves_and_a_signal_leaves() {
    let mut asked = app(way(&[]));
    walk(&mut asked, "ctrl-c");
    assert_eq!(asked.left(), None);
    asked.update(Msg::Clock(Duration::from_secs(1)));
    walk(&mut asked, "ctrl-c");
    assert_eq!(asked.left(), Some(Left::Quit));
    let mut told = app(way(&[]));
    assert_eq!(told.update(Msg::Signal(Signal::Terminate)), [Effect::Quit]);
    assert_eq!(told.left(), Some(Left::Signal(Signal::Terminate)));
}

#[test]
fn back_from_the_questions_is_the_last_page_and_nothing_is_asked_anew() {
    let mut app = app(way(&[]));
    walk(&mut app, "enter enter enter enter \"x\" enter enter");
    assert_eq!(app.left(), Some(Left::Next));
    app.come_back();
    assert_eq!(app.left(), None);
    holds(&app, &["inngestx", "> Name"]);
    assert_eq!(walk(&mut app, "enter"), []);
    assert_eq!(app.left(), Some(Left::Next));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_pastes_answers_and_sizes_panic(
        pressed in prop::collection::vec((any_key(), any::<bool>()), 0..40),
        pasted: String,
        width in 0u16..200,
        height in 0u16..60,
    ) {
        let mut app = App::new(way(&[]), Theme::new(true, true));
        let mut asked = app.update(Msg::Resized(width, height));
        for (key, answered) in pressed {
            asked.extend(press(&mut app, key));
            if answered {
                tell(&mut app, std::mem::take(&mut asked));
            }
            drawn(&app, width, height);
        }
        app.update(Msg::Paste(pasted));
        drawn(&app, width, height);
    }
}
