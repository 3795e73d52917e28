use std::io::Cursor;

use tokio::sync::mpsc;

use super::*;
use crate::event::{Done, EventKind, RunInfo, StepInfo};
use crate::view::questions::Questions;
use crate::view::rehearsal::{Rehearsal, TYPED_SECRET, blocking, overview};
use crate::view::tui::tests::fact;

/// Types a script into the form; answers with how it ended and what was said.
fn script(form: &mut Rehearsal, typed: &str) -> (Asked, String) {
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(typed.to_string()), &mut said);
    let asked = ask(form, &mut prompt).unwrap();
    (asked, String::from_utf8(said).unwrap())
}

#[test]
fn enter_at_every_question_takes_the_defaults_and_makes_the_keys() {
    let mut form = Rehearsal::default();
    let (asked, said) = script(&mut form, &"\n".repeat(7));
    assert_eq!(asked, Asked::Complete);
    assert_eq!(form.generated, ["keys.event"]);
    assert!(form.answers.is_empty(), "what stands keeps its origin: {:?}", form.answers);
    insta::assert_snapshot!(said);
}

#[test]
fn a_wrong_answer_is_told_with_its_rule_and_asked_again() {
    let mut form = Rehearsal::default();
    let (asked, said) = script(&mut form, "\nlots\n20Gi\n\n\n\n\n\n");
    assert_eq!(asked, Asked::Complete);
    assert_eq!(form.answers["database.storage"], "20Gi");
    assert!(said.contains("must be a number and Gi, not \"lots\", such as 20Gi"), "{said}");
}

#[test]
fn back_asks_the_question_before_even_after_something_wrong() {
    let mut form = Rehearsal::default();
    let (asked, _) = script(&mut form, "\nlots\n:back\n3\n12Gi\n\n\n\n\n\n");
    assert_eq!(asked, Asked::Complete);
    assert_eq!(form.answers["database.mode"], "sqlite");
    assert_eq!(form.answers["database.storage"], "12Gi");
    let (asked, said) = script(&mut Rehearsal::default(), ":back\n:quit\n");
    assert_eq!(asked, Asked::Quit);
    assert!(said.contains("This is the first question."), "{said}");
}

#[test]
fn why_says_the_reason_the_example_and_the_path() {
    let (_, said) = script(&mut Rehearsal::default(), ":why\n\n:w\n:quit\n");
    assert!(said.contains("Decides what survives"), "{said}");
    assert!(said.contains("It can grow later"), "{said}");
    assert!(said.contains("database.storage"), "{said}");
}

#[test]
fn the_end_of_the_input_ends_the_asking_at_any_question() {
    let whole = "2\npostgres://u@h/d\ny\n1,3\nhttps://a\n\n\n";
    for lines in 0..7 {
        let typed: String = whole.split_inclusive('\n').take(lines).collect();
        let (asked, _) = script(&mut Rehearsal::default(), &typed);
        assert_eq!(asked, Asked::Ended, "after {lines} lines");
    }
    let mut form = Rehearsal::default();
    assert_eq!(script(&mut form, whole).0, Asked::Complete);
    assert_eq!(form.answers["exposure.what"], "ui\nmetrics");
    assert_eq!(form.answers["sdkUrls"], "https://a");
}

#[test]
fn ctrl_c_while_a_secret_is_typed_leaves() {
    assert_eq!(script(&mut Rehearsal::default(), "2\nabc\u{3}").0, Asked::Interrupted);
}

#[test]
fn a_missing_secret_is_asked_until_it_is_given_and_never_said() {
    let mut form = Rehearsal::default();
    let (asked, said) = script(&mut form, &format!("2\n\n{TYPED_SECRET}\n\n\n\n\n"));
    assert_eq!(asked, Asked::Complete);
    assert_eq!(form.reveal("database.url").unwrap().expose(), TYPED_SECRET);
    assert!(said.contains("This needs an answer."), "{said}");
    assert!(!said.contains(TYPED_SECRET), "{said}");
}

#[test]
fn hidden_and_advanced_questions_are_not_asked_until_they_are_wanted() {
    let (_, said) = script(&mut Rehearsal::default(), "2\n:quit\n");
    assert!(!said.contains("Storage") && !said.contains("Open connections"), "{said}");
    let mut form = Rehearsal::default();
    let (_, said) = script(&mut form, ":advanced\n\n\n\n50\n:quit\n");
    assert!(said.contains("Open connections"), "{said}");
    assert_eq!(form.answers["database.connections"], "50");
}

#[test]
fn an_unknown_command_is_no_answer_and_two_colons_are_one() {
    let mut form = Rehearsal::default();
    let (_, said) = script(&mut form, "\n:bakc\n20Gi\n::odd\n:quit\n");
    assert!(said.contains("There is no command :bakc"), "{said}");
    assert_eq!(form.answers["database.storageClass"], ":odd");
}

#[test]
fn foreign_text_cannot_write_to_the_terminal() {
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new("x\n"), &mut said);
    prompt.say("a\u{1b}]52;c;ZXZpbA==\u{7}b").unwrap();
    prompt.text("ask\u{1b}[2J", "def\u{202e}ault").unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
}

/// The review with a script typed into it.
fn reviewed(overview: &crate::view::overview::Overview, typed: &str) -> (Decision, String) {
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(typed.to_string()), &mut said);
    let decision = review(overview, &mut prompt).unwrap();
    (decision, String::from_utf8(said).unwrap())
}

#[test]
fn the_review_tells_everything_and_takes_only_a_whole_yes() {
    let (decision, said) = reviewed(&overview(), "\ny\ndetails\nyes\n");
    assert_eq!(decision, Decision::Yes);
    insta::assert_snapshot!(said);
    assert!(!said.contains("aHVudGVy"), "{said}");
    for (typed, decision) in [
        ("", Decision::Ended),
        ("y\n", Decision::Ended),
        ("no\n", Decision::No),
        (":quit\n", Decision::No),
        (":back\n", Decision::Back),
        ("save\n", Decision::Save),
        ("\u{3}\n", Decision::Interrupted),
    ] {
        assert_eq!(reviewed(&overview(), typed).0, decision, "{typed:?}");
    }
}

#[test]
fn what_blocks_cannot_be_agreed_to_unless_it_was_skipped_by_its_code() {
    let mut overview = overview();
    overview.findings.push(blocking());
    let (decision, said) = reviewed(&overview, "yes\n");
    assert_eq!(decision, Decision::Blocked);
    assert!(said.contains("error: storage class \"fast\" does not exist here (STORAGE_CLASS_MISSING)"), "{said}");
    assert!(said.contains("The answer to \"Storage class\" (database.storageClass) mends it."), "{said}");
    for (typed, decision) in [("no\n", Decision::Blocked), (":back\n", Decision::Back), ("save\n", Decision::Save)] {
        assert_eq!(reviewed(&overview, typed).0, decision, "{typed:?}");
    }
    overview.skipped.push("STORAGE_CLASS_MISSING".into());
    assert_eq!(reviewed(&overview, "yes\n").0, Decision::Yes);
}

fn run() -> Vec<crate::event::Event> {
    let id = "Deployment.apps/inngest/inngest";
    let step = StepInfo {
        id: id.into(),
        object_kind: "Deployment".into(),
        name: "inngest".into(),
        group: "server".into(),
        wave: 0,
        waits: true,
    };
    let run = RunInfo {
        verb: "install".into(),
        title: "Inngest".into(),
        product_version: "v1".into(),
        release: "inngest".into(),
        namespace: "inngest".into(),
        context: "c".into(),
        server: "s".into(),
        practice: true,
        usual_seconds: None,
        steps: vec![step],
        ..RunInfo::default()
    };
    vec![
        fact(0, None, EventKind::RunStarted { run }),
        fact(1, Some(id), EventKind::StepStarted),
        fact(1, Some(id), EventKind::StepFinished { done: Done::Created }),
        fact(
            2,
            Some(id),
            EventKind::StatusChanged {
                readiness: crate::event::Readiness::Waiting,
                reason: "0 of 1 replicas ready".into(),
                ready: 0,
                of: 1,
            },
        ),
    ]
}

#[test]
fn a_silent_run_says_that_it_lives_and_what_it_waits_for() {
    let mut out = Vec::new();
    let mut plain = Plain::new(&mut out);
    for event in run() {
        plain.show(&event).unwrap();
    }
    plain.heartbeat(std::time::Duration::from_secs(30)).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

struct ClosedPipe;

impl std::io::Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_closed_pipe_ends_the_printing_and_not_the_run() {
    let (sender, mut events) = mpsc::channel(100);
    for event in run() {
        sender.send(event).await.unwrap();
    }
    drop(sender);
    let progress = follow(&mut events, ClosedPipe).await.unwrap();
    assert_eq!(progress.steps.len(), 1);
    assert!(events.is_closed());
}
