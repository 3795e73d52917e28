use std::time::Duration;

use proptest::prelude::*;

use super::super::wizard::{App, Left};
use super::super::{Msg, Screen, Signal, Theme};
use super::progress::any_key;
use super::{Effect, drawn, press, styles};
use crate::view::questions::Questions;
use crate::view::rehearsal::{Rehearsal, TYPED_SECRET};

fn app(form: &mut Rehearsal) -> App<'_, Rehearsal> {
    App::new(form, Theme::new(false, false), None)
}

#[test]
fn a_page_shows_its_questions_with_what_stands_and_where_it_came_from() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    insta::assert_snapshot!("wizard_80", drawn(&app, 80, 24));
    app.update(Msg::Resized(120, 40));
    press(&mut app, "down down down backspace backspace backspace \"20Gi\" enter");
    insta::assert_snapshot!("wizard_120", drawn(&app, 120, 40));
    insta::assert_snapshot!("wizard_small", drawn(&app, 50, 12));
}

#[test]
fn a_page_is_read_in_unicode_and_in_colours_too() {
    let mut form = Rehearsal::default();
    let app = App::new(&mut form, Theme::new(true, true), None);
    insta::assert_snapshot!("wizard_unicode", drawn(&app, 80, 24));
    insta::assert_snapshot!("wizard_styles", styles(&app, 80, 24));
}

#[test]
fn enter_through_every_page_makes_the_keys_by_one_key_and_goes_to_the_review() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    assert_eq!(press(&mut app, "enter enter enter"), []);
    // Access: yes or no, choices, a list that Tab passes by.
    assert_eq!(press(&mut app, "enter enter tab"), []);
    assert!(drawn(&app, 80, 24).contains("Event key"));
    press(&mut app, "ctrl-g");
    assert_eq!(press(&mut app, "enter"), [Effect::Quit]);
    assert_eq!(app.left(), Some(Left::ToReview));
    assert_eq!(form.generated, ["keys.event"]);
    assert!(form.answers.is_empty(), "{:?}", form.answers);
}

#[test]
fn moving_over_choices_chooses_nothing_before_enter_space_or_a_digit() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "down");
    assert!(drawn(&app, 80, 24).contains("(o) In the cluster"));
    press(&mut app, "enter");
    assert!(drawn(&app, 80, 24).contains("(o) A PostgreSQL that exists"));
    press(&mut app, "shift-tab 3");
    assert!(drawn(&app, 80, 24).contains("(o) SQLite"));
    assert_eq!(form.answers["database.mode"], "sqlite");
}

#[test]
fn something_wrong_is_told_under_its_field_and_going_back_is_free() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace backspace \"lots\" enter");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("! must be a number and Gi, not \"lots\""), "{shown}");
    insta::assert_snapshot!("wizard_wrong", shown);
    // Back, change an earlier answer, and what was typed is still there.
    press(&mut app, "shift-tab");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("> (o) In the cluster") && shown.contains("[ lots"), "{shown}");
    // It clears as soon as it is edited.
    press(&mut app, "tab \"x\"");
    assert!(!drawn(&app, 80, 24).contains("! must"));
}

#[test]
fn nobody_is_held_on_a_page_and_the_end_lists_what_is_wrong_with_a_way_there() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace backspace \"lots\" pagedown pagedown pagedown");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("database.storage") && shown.contains("keys.event"), "{shown}");
    press(&mut app, "enter");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("Database") && shown.contains("> Storage "), "{shown}");
    assert_eq!(app.left(), None);
}

#[test]
fn half_typed_text_is_kept_when_one_goes_back_and_is_not_judged() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace \"0\" shift-tab down");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("[ 80 ") || shown.contains("[ 0"), "{shown}");
    assert!(!shown.contains("must be a number"), "{shown}");
}

#[test]
fn esc_goes_one_layer_back_and_never_leaves_at_once() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "pagedown ? esc esc");
    assert!(drawn(&app, 80, 24).contains("Where does Inngest"));
    press(&mut app, "esc");
    assert!(drawn(&app, 80, 24).contains("Leave without installing?"));
    assert_eq!(press(&mut app, "enter"), []);
    assert!(drawn(&app, 80, 24).contains("Where does Inngest"));
    assert_eq!(press(&mut app, "esc down down enter"), [Effect::Quit]);
    assert_eq!(app.left(), Some(Left::Quit));
}

#[test]
fn leaving_with_a_draft_takes_what_is_being_typed_along() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace backspace \"20Gi\"");
    assert_eq!(press(&mut app, "ctrl-c down enter"), [Effect::Quit]);
    assert_eq!(app.left(), Some(Left::Draft));
    assert_eq!(form.answers["database.storage"], "20Gi");
}

#[test]
fn ctrl_c_asks_and_again_within_two_seconds_leaves() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    assert_eq!(press(&mut app, "ctrl-c"), []);
    app.update(Msg::Clock(Duration::from_secs(10)));
    assert_eq!(press(&mut app, "ctrl-c"), []);
    app.update(Msg::Clock(Duration::from_secs(11)));
    assert_eq!(press(&mut app, "ctrl-c"), [Effect::Quit]);
    assert_eq!(app.left(), Some(Left::Quit));
}

#[test]
fn a_signal_leaves() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    assert_eq!(app.update(Msg::Signal(Signal::Hangup)), [Effect::Quit]);
    assert_eq!(app.left(), Some(Left::Signal(Signal::Hangup)));
}

#[test]
fn a_secret_is_shown_for_five_seconds_and_only_when_asked() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "down enter");
    app.update(Msg::Paste(format!("{TYPED_SECRET}\n")));
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("hunter2") && shown.contains("********"), "{shown}");
    assert!(shown.contains("a line end after the pasted text was left out"), "{shown}");
    assert!(!app.ticks());
    press(&mut app, "ctrl-r");
    assert!(drawn(&app, 80, 24).contains(TYPED_SECRET));
    assert!(app.ticks());
    app.update(Msg::Clock(Duration::from_secs(5)));
    assert!(!drawn(&app, 80, 24).contains("hunter2"));
    press(&mut app, "enter shift-tab shift-tab");
    assert!(!drawn(&app, 80, 24).contains("hunter2"));
    assert_eq!(form.reveal("database.url").unwrap().expose(), TYPED_SECRET);
}

#[test]
fn a_paste_is_content_and_never_keys() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    assert_eq!(app.update(Msg::Paste("\u{3}\t\nq".into())), []);
    press(&mut app, "enter");
    app.update(Msg::Paste("\t5\u{1b}Gi\u{3}".into()));
    assert!(drawn(&app, 80, 24).contains("8Gi5Gi"));
    assert_eq!(app.left(), None);
}

#[test]
fn a_list_is_written_in_lines_and_esc_keeps_them() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "pagedown tab tab tab");
    press(&mut app, "shift-tab tab");
    press(&mut app, "pageup pagedown down down down down");
    press(&mut app, "enter \"https://a\" enter \"https://b\"");
    insta::assert_snapshot!("wizard_lines", drawn(&app, 80, 24));
    press(&mut app, "esc enter tab");
    assert_eq!(form.answers["sdkUrls"], "https://a\nhttps://b");
}

#[test]
fn the_cluster_s_values_are_one_key_away() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter enter ctrl-n");
    assert!(drawn(&app, 80, 24).contains("[ standard"));
    press(&mut app, "ctrl-n enter");
    assert_eq!(form.answers["database.storageClass"], "premium-rwo");
}

#[test]
fn a_default_comes_back_on_one_key_and_advanced_questions_are_one_key_away() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace backspace \"9Gi\" enter shift-tab ctrl-u");
    assert!(drawn(&app, 80, 24).contains("back to the default: 8Gi"));
    press(&mut app, "ctrl-a");
    assert!(drawn(&app, 80, 24).contains("Open connections"));
    press(&mut app, "ctrl-a");
    assert!(!drawn(&app, 80, 24).contains("Open connections"));
    assert!(form.answers.is_empty());
}

#[test]
fn what_the_answers_make_is_one_key_away_on_a_narrow_screen() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "ctrl-p ctrl-p");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("PersistentVolumeClaim") && shown.contains("storage: 8Gi"), "{shown}");
    press(&mut app, "ctrl-p");
    assert!(drawn(&app, 80, 24).contains("Where does Inngest"));
}

#[test]
fn letters_are_letters_while_typing_and_f1_helps() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter \"?q/\"");
    assert!(drawn(&app, 80, 24).contains("8Gi?q/"));
    press(&mut app, "f1");
    insta::assert_snapshot!("wizard_help", drawn(&app, 80, 24));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_pastes_and_sizes_panic_or_show_a_secret(
        pressed in prop::collection::vec(any_key(), 0..40),
        pasted: String,
        width in 0u16..200,
        height in 0u16..60,
    ) {
        let mut form = Rehearsal::default();
        let mut app = App::new(&mut form, Theme::new(true, true), None);
        app.update(Msg::Resized(width, height));
        for key in pressed {
            press(&mut app, key);
            app.update(Msg::Clock(Duration::from_secs(60)));
            drawn(&app, width, height);
        }
        app.update(Msg::Paste(pasted));
        drawn(&app, width, height);
    }
}
