//! Every state of the question pages as a picture: Unicode at 80x24 and 120x40, ASCII at 80x24, and the styles with and
//! without colours.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::wizard::App;
use super::super::{Msg, Screen, Theme};
use super::inngest::{facts, form};
use super::{drawn, press, styles};
use crate::facts::Fact;
use crate::view::form::FormQuestions;

/// The screen in Unicode after keys, at a size.
fn after(form: &mut FormQuestions, theme: Theme, size: (u16, u16), keys: &[&str]) -> String {
    let mut app = App::new(form, theme, None);
    app.update(Msg::Resized(size.0, size.1));
    for keys in keys {
        press(&mut app, keys);
    }
    drawn(&app, size.0, size.1)
}

/// All pictures of a state, that keys lead to from the first page.
fn pictures(profile: &str, keys: &[&str]) -> String {
    let mut all = String::new();
    for (name, theme, size) in [
        ("80x24", Theme::new(false, true), (80, 24)),
        ("120x40", Theme::new(false, true), (120, 40)),
        ("80x24 ASCII", Theme::new(false, false), (80, 24)),
    ] {
        let _written = writeln!(all, "== {name}\n{}", after(&mut form(profile, facts()), theme, size, keys));
    }
    all
}

fn coloured_and_mono(profile: &str, keys: &[&str]) -> String {
    let mut all = String::new();
    for (name, coloured) in [("coloured", true), ("mono", false)] {
        let mut form = form(profile, facts());
        let mut app = App::new(&mut form, Theme::new(coloured, true), None);
        app.update(Msg::Resized(120, 40));
        for keys in keys {
            press(&mut app, keys);
        }
        let _written = writeln!(all, "== {name}\n{}", styles(&app, 120, 40));
    }
    all
}

/// From the first page to the storage of the database.
const STORAGE: &str = "pagedown down down down";

#[test]
fn the_first_page() {
    insta::assert_snapshot!(pictures("production", &[]));
}

#[test]
fn an_answer_changed_something() {
    let keys = [STORAGE, "backspace backspace backspace backspace \"50Gi\" enter"];
    insta::assert_snapshot!(pictures("production", &keys));
    insta::assert_snapshot!("an_answer_changed_something_styles", coloured_and_mono("production", &keys));
}

#[test]
fn an_answer_is_wrong() {
    insta::assert_snapshot!(pictures("production", &[STORAGE, "backspace backspace \"GB\" enter"]));
}

#[test]
fn an_answer_took_much_away() {
    insta::assert_snapshot!(pictures("development", &["pagedown down 3"]));
}

#[test]
fn advanced_questions_are_shown() {
    insta::assert_snapshot!(pictures("production", &["ctrl-a", STORAGE, "down down"]));
}

#[test]
fn a_page_where_nothing_has_to_be_decided() {
    insta::assert_snapshot!(pictures(
        "production",
        &["pagedown pagedown pagedown pagedown pagedown pagedown pagedown"]
    ));
}

#[test]
fn what_the_cluster_has_is_listed() {
    let keys = [STORAGE, "enter ctrl-n"];
    insta::assert_snapshot!(pictures("production", &keys));
    insta::assert_snapshot!(
        "what_the_cluster_has_is_narrowed",
        pictures("production", &[keys[0], keys[1], "\"prem\""])
    );
}

#[test]
fn what_the_cluster_has_cannot_be_read() {
    let mut unread = facts();
    unread.storage_classes = Fact::Unknown("forbidden: the user dev may not list storageclasses".into());
    let mut form = form("production", unread);
    insta::assert_snapshot!(after(&mut form, Theme::new(false, true), (80, 24), &[STORAGE, "enter ctrl-n"]));
}

#[test]
fn an_access_by_ingress() {
    let keys = ["pagedown pagedown pagedown 2 down down down down down down \"inngest.example.com\" enter"];
    insta::assert_snapshot!(pictures("production", &keys));
}

const KEYS: &str = "pagedown pagedown pagedown pagedown pagedown";

#[test]
fn a_secret_that_slipway_makes() {
    insta::assert_snapshot!(pictures("production", &[KEYS]));
}

#[test]
fn a_secret_that_is_shown() {
    let mut form = form("production", facts());
    let value = form.form().secrets().get("keys.event").unwrap().value.clone().unwrap();
    let mut app = App::new(&mut form, Theme::new(false, true), None);
    press(&mut app, KEYS);
    press(&mut app, "ctrl-r");
    app.update(Msg::Clock(Duration::from_millis(1200)));
    let shown = drawn(&app, 80, 24);
    assert!(shown.contains(value.expose()));
    // The value itself is in no picture.
    insta::assert_snapshot!(shown.replace(value.expose(), "(the value)"));
}

#[test]
fn a_secret_that_was_copied() {
    insta::assert_snapshot!(pictures("production", &[KEYS, "ctrl-y"]));
}

#[test]
fn a_secret_that_would_be_made_again() {
    insta::assert_snapshot!(pictures("production", &[KEYS, "ctrl-g"]));
}

#[test]
fn a_list_with_a_wrong_entry() {
    let keys = [KEYS, "pagedown", "enter \"https://app.example.com/api/inngest\" enter \"app\" enter"];
    insta::assert_snapshot!(pictures("production", &keys));
}

/// From the first page to the advanced questions of the pods.
const PODS: &str = "ctrl-a pagedown pagedown pagedown pagedown pagedown pagedown pagedown";

#[test]
fn pairs() {
    let keys = [PODS, "down down down down enter \"disk=ssd\" enter \"zone=europe-west1-b\" enter"];
    insta::assert_snapshot!(pictures("production", &keys));
}

#[test]
fn objects_as_yaml_that_are_not_right_yet() {
    let open = [PODS, "down down down down down enter"];
    let keys = [open[0], open[1], "\"- key: dedicated\" enter \"operator: Equals\" enter \"effect: [\""];
    insta::assert_snapshot!(pictures("production", &keys));
    let keys = [open[0], open[1], "\"- key: dedicated\" enter \"operator: Equal\" enter \"value: inngest\""];
    insta::assert_snapshot!("objects_as_yaml_that_are_right", pictures("production", &keys));
}

#[test]
fn the_list_of_pages() {
    let keys = [STORAGE, "backspace backspace \"GB\" enter pagedown 2 ctrl-o"];
    insta::assert_snapshot!(pictures("production", &keys));
    insta::assert_snapshot!("the_list_of_pages_styles", coloured_and_mono("production", &keys));
}

#[test]
fn what_is_missing_at_the_end() {
    let keys = ["pagedown 2 pagedown pagedown 2 pagedown pagedown pagedown pagedown pagedown"];
    insta::assert_snapshot!(pictures("production", &keys));
}

#[test]
fn what_the_answers_make_with_the_focus() {
    let keys = [STORAGE, "backspace backspace backspace backspace \"50Gi\" enter ctrl-p pagedown"];
    insta::assert_snapshot!(pictures("production", &keys));
}

#[test]
fn the_question_whether_to_leave() {
    insta::assert_snapshot!(pictures("production", &["pagedown ctrl-c"]));
}

#[test]
fn help_for_each_place() {
    let mut all = String::new();
    for (name, keys) in [
        ("a choice", vec!["pagedown ?"]),
        ("a field", vec![STORAGE, "f1"]),
        ("a field with a list", vec![STORAGE, "enter f1"]),
        ("a secret", vec![KEYS, "f1"]),
        ("a list", vec![KEYS, "pagedown ?"]),
        ("entries", vec![KEYS, "pagedown enter f1"]),
        ("lines", vec![PODS, "down down down down down enter f1"]),
        ("the cluster's list", vec![STORAGE, "enter ctrl-n f1"]),
        ("the pages", vec!["ctrl-o f1"]),
        ("what is made", vec!["ctrl-p ?"]),
    ] {
        let shown = after(&mut form("production", facts()), Theme::new(false, true), (80, 30), &keys);
        let _written = writeln!(all, "== {name}\n{shown}");
    }
    insta::assert_snapshot!(all);
}
