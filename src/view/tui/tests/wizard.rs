use std::time::Duration;

use proptest::prelude::*;

use super::super::wizard::{App, Left};
use super::super::{Msg, Screen, Signal, Theme};
use super::progress_any::any_key;
use super::{Effect, drawn, press, styles};
use crate::secret::SecretText;
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
    // Enter takes what is marked, and a digit marks what it chooses.
    press(&mut app, "enter");
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
    assert!(shown.contains("must be a number and Gi") && shown.contains("Event key  is missing"), "{shown}");
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
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains(TYPED_SECRET) && shown.contains("hidden again in 5 s"), "{shown}");
    assert!(app.ticks());
    app.update(Msg::Clock(Duration::from_millis(3500)));
    assert!(drawn(&app, 80, 24).contains("hidden again in 2 s"));
    app.update(Msg::Clock(Duration::from_secs(5)));
    assert!(!drawn(&app, 80, 24).contains("hunter2"));
    press(&mut app, "enter shift-tab shift-tab");
    assert!(!drawn(&app, 80, 24).contains("hunter2"));
    assert_eq!(form.reveal("database.url").unwrap().expose(), TYPED_SECRET);
}

#[test]
fn whoever_goes_elsewhere_or_asks_again_hides_a_shown_secret() {
    for away in ["shift-tab", "enter", "pagedown", "ctrl-o", "ctrl-p", "ctrl-c", "f1", "ctrl-r", "ctrl-o esc", "f1 esc"]
    {
        let mut form = Rehearsal::default();
        let mut app = app(&mut form);
        press(&mut app, "down enter");
        app.update(Msg::Paste(TYPED_SECRET.into()));
        press(&mut app, "ctrl-r");
        assert!(drawn(&app, 80, 24).contains(TYPED_SECRET));
        press(&mut app, away);
        for (width, height) in [(80, 24), (120, 40)] {
            assert!(!drawn(&app, width, height).contains("hunter2"), "{away}");
        }
        assert!(!app.ticks(), "{away}");
    }
}

#[test]
fn a_secret_is_copied_by_the_terminal_and_the_screen_says_what_it_cannot_know() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "down enter");
    assert_eq!(press(&mut app, "ctrl-y"), []);
    assert!(drawn(&app, 80, 24).contains("there is no value yet"));
    app.update(Msg::Paste(TYPED_SECRET.into()));
    assert_eq!(press(&mut app, "ctrl-y"), [Effect::Copy(SecretText::new(TYPED_SECRET))]);
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("copied, if your terminal allows it") && !shown.contains("hunter2"), "{shown}");
    // Once it was handed over it is copied just so.
    press(&mut app, "enter shift-tab");
    assert_eq!(press(&mut app, "ctrl-y"), [Effect::Copy(SecretText::new(TYPED_SECRET))]);
}

#[test]
fn a_secret_that_stands_is_made_again_only_after_a_question_whose_safe_answer_has_the_focus() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "pagedown pagedown");
    app.update(Msg::Paste(TYPED_SECRET.into()));
    press(&mut app, "ctrl-g");
    assert!(drawn(&app, 80, 24).contains(">  Keep the one that stands"), "{}", drawn(&app, 80, 24));
    press(&mut app, "enter ctrl-g esc");
    assert_eq!(press(&mut app, "ctrl-r"), []);
    assert!(drawn(&app, 80, 24).contains(TYPED_SECRET));
    press(&mut app, "ctrl-g tab enter");
    assert!(drawn(&app, 80, 24).contains("slipway made a new one"));
    assert_eq!(form.generated, ["keys.event"]);
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
fn a_list_is_edited_entry_by_entry_and_esc_keeps_what_was_typed() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "pagedown down down down down");
    press(&mut app, "enter \"https://a\" enter \"https://b\"");
    insta::assert_snapshot!("wizard_entries", drawn(&app, 80, 24));
    press(&mut app, "esc");
    assert!(drawn(&app, 80, 24).contains("2 entries: https://a"));
    // The second one up, the first one away, another one behind it.
    press(&mut app, "enter down pageup down ctrl-k \"https://c\" enter enter");
    assert!(drawn(&app, 80, 24).contains("Event key"), "{}", drawn(&app, 80, 24));
    assert_eq!(form.answers["sdkUrls"], "https://b\nhttps://c");
}

#[test]
fn a_half_typed_entry_is_kept_by_the_question_whether_to_leave_and_by_a_lost_terminal() {
    for away in ["ctrl-c", ""] {
        let mut form = Rehearsal::default();
        let mut app = app(&mut form);
        press(&mut app, "pagedown down down down down enter \"https://a\"");
        press(&mut app, away);
        app.update(Msg::Signal(Signal::Hangup));
        assert_eq!(form.answers["sdkUrls"], "https://a");
    }
}

#[test]
fn several_lines_are_written_in_an_editor_that_keeps_them() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "pagedown ctrl-a down down down down down");
    press(&mut app, "enter \"one\" enter \"two\"");
    insta::assert_snapshot!("wizard_lines", drawn(&app, 80, 24));
    press(&mut app, "esc enter tab");
    assert_eq!(form.answers["nodeSelector"], "one\ntwo");
}

#[test]
fn the_cluster_s_values_are_a_list_that_narrows_while_one_types() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter enter ctrl-n");
    let shown = drawn(&app, 80, 24);
    assert!(
        shown.contains("standard     default here, can grow") && shown.contains("premium-rwo  cannot grow"),
        "{shown}"
    );
    press(&mut app, "\"prem\"");
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("standard") && shown.contains("> premium-rwo"), "{shown}");
    // Esc widens the list again, and then goes back without an answer.
    press(&mut app, "esc esc");
    assert!(drawn(&app, 80, 24).contains("> Storage class"));
    press(&mut app, "ctrl-n \"grow\" down enter");
    assert_eq!(form.answers["database.storageClass"], "premium-rwo");
}

#[test]
fn what_the_cluster_does_not_have_is_taken_as_it_is_typed() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter enter ctrl-n \"fast\"");
    assert!(drawn(&app, 80, 24).contains("taken as it is typed"));
    press(&mut app, "enter");
    assert_eq!(form.answers["database.storageClass"], "fast");
}

#[test]
fn a_default_comes_back_on_one_key_and_advanced_questions_are_one_key_away_and_counted() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "enter backspace backspace backspace \"9Gi\" enter shift-tab ctrl-u");
    assert!(drawn(&app, 80, 24).contains("back to what stands without you: 8Gi"));
    assert!(drawn(&app, 80, 24).contains("1 advanced, all at default"));
    press(&mut app, "ctrl-a");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("Open connections") && shown.contains("Ctrl-A hide"), "{shown}");
    press(&mut app, "down down \"0\" enter pageup ctrl-a");
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("Open connections") && shown.contains("1 of 1 advanced changed"), "{shown}");
    assert_eq!(form.answers.keys().collect::<Vec<_>>(), ["database.connections"]);
}

#[test]
fn what_the_answers_make_is_one_key_away_on_a_narrow_screen_and_always_there_on_a_wide_one() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "ctrl-p down pagedown");
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains("Claim") && shown.contains("storage: 8Gi"), "{shown}");
    press(&mut app, "ctrl-p");
    assert!(drawn(&app, 80, 24).contains("Where does Inngest"));
    for width in [120, 160] {
        let shown = drawn(&app, width, 40);
        assert!(shown.contains("This makes 3 new objects") && shown.contains("Where does Inngest"), "{shown}");
    }
    // Between the two it covers the form, beside the list of pages.
    press(&mut app, "ctrl-p");
    let shown = drawn(&app, 100, 40);
    assert!(shown.contains("This makes") && !shown.contains("Where does Inngest"), "{shown}");
}

#[test]
fn what_an_answer_takes_away_is_told_until_the_next_answer() {
    let mut form = Rehearsal::default();
    let mut app = app(&mut form);
    press(&mut app, "2");
    let shown = drawn(&app, 120, 40);
    assert!(shown.contains("changed by your last answer: 2") && shown.contains("gone"), "{shown}");
    press(&mut app, "1");
    let shown = drawn(&app, 120, 40);
    assert!(shown.contains("changed by your last answer: 2") && !shown.contains("gone"), "{shown}");
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
