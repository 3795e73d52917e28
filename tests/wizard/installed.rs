//! What is installed, met at a terminal: its page, the way back from it, an upgrade straight to its review, keys that are
//! rotated, and a plan that was frozen.

use std::process::{Command, Output};
use std::time::Duration;

use crate::person::Person;

const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";
const ESC: &str = "\u{1b}";

/// slipway without a terminal, over the practice cluster of a folder.
fn slipway(state: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
    command.args(arguments).arg("--practice").env("SLIPWAY_STATE_DIR", state).env("HOME", state).current_dir(state);
    command.env_remove("KUBECONFIG").stdin(std::process::Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn history(state: &std::path::Path) -> Vec<(String, String)> {
    let output = slipway(state, &["history", "-o", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap().to_string();
    rows.as_array().unwrap().iter().map(|row| (text(row, "verb"), text(row, "outcome"))).collect()
}

/// Inngest in two revisions: the second has other queue workers.
fn installed() -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    slipway(state.path(), &["install", "inngest", "--yes"]);
    slipway(state.path(), &["upgrade", "--yes", "--set", "tuning.queueWorkers=7"]);
    state
}

/// Says yes to a review, and sees the run to its end.
fn agrees(mut person: Person) {
    person.press("\t");
    person.until("Enter do it");
    person.press(ENTER);
    person.until("DONE");
    person.press("q");
    assert_eq!(person.ended(), 0);
}

fn is(verb: &str, outcome: &str) -> (String, String) {
    (verb.into(), outcome.into())
}

#[test]
fn what_is_installed_is_read_and_put_back_from_its_page() {
    for (size, ok) in [((80, 24), true), ((120, 40), false)] {
        let state = installed();
        let mut person = Person::start(state.path(), size, &["--practice"]);
        person.until("Enter goes on");
        person.press(ENTER);
        person.until("Installed here");
        person.press_until(DOWN, "› inngest  inngest v");
        person.press(ENTER);
        person.until("What should be done with it?");
        // The first line is what writes nothing.
        person.press(ENTER);
        person.until("Inngest v");
        person.until("inngest-postgresql");
        person.press(ESC);
        person.until("What should be done with it?");
        person.press_until(DOWN, "slipway rollback inngest -n inngest --practice");
        person.press(ENTER);
        person.until("Data does not go back");
        person.until("--to 1");
        person.press(ENTER);
        person.until("[ Roll back inngest in practice ]");
        if !ok {
            // Thought better of: the page comes again, and nothing was written.
            person.press(ESC);
            person.until("What should be done with it?");
            person.until("› Go back");
            person.press("q");
            person.until("Leave?");
            person.press(&format!("{DOWN}{ENTER}"));
            assert_eq!(person.ended(), 6);
            assert_eq!(history(state.path())[0], is("upgrade", "deployed"));
            continue;
        }
        agrees(person);
        assert_eq!(history(state.path())[0], is("rollback", "deployed"));
    }
}

#[test]
fn lines_lead_to_what_is_installed_too() {
    let state = installed();
    let mut person = Person::start(state.path(), (80, 24), &["--practice", "--plain"]);
    person.until("Choose 1 to 1");
    person.press(ENTER);
    person.until("what can be done with it");
    person.press("6\r");
    person.until("What should be done with it?");
    // Uninstall, and thought better of.
    person.press("9\r");
    person.until("Volume inngest-postgresql");
    person.press_until(ENTER, "type yes");
    person.press("no\r");
    person.until("Nothing was written");
    assert_eq!(person.ended(), 0);
    assert_eq!(history(state.path())[0], is("upgrade", "deployed"));
}

#[test]
fn an_upgrade_with_nothing_new_to_ask_comes_straight_to_its_review() {
    let state = installed();
    let with = ["upgrade", "--practice", "--set", "tuning.queueWorkers=9"];
    let mut person = Person::start(state.path(), (80, 24), &with);
    person.until("[ Upgrade inngest in practice ]");
    // No page of questions came before it.
    assert!(!person.contents().contains("Which version"), "{}", person.contents());
    // From it one comes back to every answer, and on again.
    person.press(ESC);
    person.until("[ v1.");
    person.press_until("\u{1b}[6~", "[ Upgrade inngest in practice ]");
    agrees(person);
    assert_eq!(history(state.path())[0], is("upgrade", "deployed"));
    // Nothing is new: that is said, and nothing is written by looking at it.
    let mut person = Person::start(state.path(), (120, 40), &["upgrade", "--practice"]);
    person.until("Nothing to do");
    person.press("\u{3}");
    person.until("Leave without");
    person.press("\u{3}");
    assert_eq!(person.ended(), 6);
    assert_eq!(history(state.path()).len(), 3);
}

#[test]
fn keys_are_rotated_after_the_same_review_on_the_full_screen() {
    let state = installed();
    let rotate = ["keys", "rotate", "event", "--practice"];
    let mut person = Person::start(state.path(), (80, 24), &rotate);
    person.until("[ Rotate keys of inngest in practice ]");
    person.press(ESC);
    person.until("Nothing was written.");
    assert_eq!(person.ended(), 0);
    assert_eq!(history(state.path())[0], is("upgrade", "deployed"));
    let mut person = Person::start(state.path(), (120, 40), &rotate);
    person.until("[ Rotate keys of inngest in practice ]");
    agrees(person);
    assert_eq!(history(state.path())[0].1, "deployed");
    assert_eq!(history(state.path()).len(), 3);
}

#[test]
fn a_frozen_plan_is_reviewed_on_the_full_screen_before_it_is_run() {
    let state = installed();
    slipway(state.path(), &["plan", "inngest", "--set", "tuning.queueWorkers=9", "--out", "p.json"]);
    let mut person = Person::start(state.path(), (80, 24), &["apply", "p.json", "--practice"]);
    person.until("[ Upgrade inngest in practice ]");
    agrees(person);
    assert_eq!(history(state.path()).len(), 3);
}

#[test]
fn a_backup_and_its_restore_are_agreed_to_and_watched_on_the_full_screen() {
    let state = installed();
    let folder = state.path().join("kept");
    let to = folder.display().to_string();
    let mut left = Person::start(state.path(), (80, 24), &["backup", "--practice", "--to", &to]);
    left.until("Back up inngest?");
    left.press(ESC);
    left.until("Nothing was written");
    assert_eq!(left.ended(), 0);
    assert!(!folder.exists());
    let mut person = Person::start(state.path(), (80, 24), &["backup", "--practice", "--to", &to]);
    person.until("Back up inngest?");
    person.press(ENTER);
    person.until("DONE");
    person.press(ENTER);
    while person.screen().alternate_screen() {
        assert!(person.read(Duration::from_secs(120)), "{}", person.contents());
    }
    // What there is to know is still there when the screen is gone.
    person.until("restore it: slipway restore inngest");
    assert_eq!(person.ended(), 0);
    assert!(folder.join("backup.json").exists());
    // In lines Ctrl-C ends it at its question.
    let mut lines = Person::start(state.path(), (80, 24), &["restore", "--practice", "--plain", "--from", &to]);
    lines.until("Type the release's name");
    lines.press("\u{3}");
    assert_eq!(lines.ended(), 130);
    let mut person = Person::start(state.path(), (120, 40), &["restore", "--practice", "--from", &to]);
    person.until("Restore inngest?");
    person.press(ENTER);
    person.until("Type inngest to do it");
    person.press("inngest\r");
    person.until("DONE");
    assert!(person.contents().contains("what was there is the database"), "{}", person.contents());
    person.press("q");
    assert_eq!(person.ended(), 0);
}
