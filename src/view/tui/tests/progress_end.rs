//! How a run ends on the progress screen, and what can be done then.

use std::time::Duration;

use super::super::progress::App;
use super::super::{Got, Msg, Screen, StopChoice, Theme, Use, Want};
use super::progress::{ascii, done, failing, healthy, line};
use super::scripts::stuck;
use super::stage::mender;
use super::{Effect, drawn, fact, press};
use crate::error::{Failure, FailureKind};
use crate::event::{Event, EventKind, KeyPlace};
use crate::secret::SecretText;

fn with_doors(events: Vec<Event>) -> App {
    let mut app = App::new(ascii()).with_doors();
    for event in events {
        app.update(Msg::Event(Box::new(event)));
    }
    app
}

fn failed() -> Vec<Event> {
    let mut events = failing();
    let failure = Failure::new(FailureKind::Deployment, "the database cannot get its volume")
        .place("PersistentVolumeClaim/inngest/inngest-postgresql")
        .why("claim inngest-postgresql asks for storage class \"fast\", which does not exist here")
        .hint("slipway install inngest --set database.storageClass=standard")
        .hint("slipway explain STORAGE_CLASS_MISSING");
    events.push(fact(35, None, EventKind::RunFailed { failure }));
    events
}

fn attached() -> Vec<Event> {
    let mut events = healthy();
    let (who, began) = ("ana@laptop".to_string(), jiff::Timestamp::UNIX_EPOCH);
    events.insert(1, fact(0, None, EventKind::RunAttached { revision: 1, who, began }));
    events
}

fn left() -> Vec<Event> {
    let mut events = attached();
    let what = "what is in the cluster goes on by itself; slipway attach inngest -n inngest shows it".to_string();
    events.push(fact(20, None, EventKind::RunLeft { remaining: 1, what }));
    events
}

fn event_key() -> KeyPlace {
    KeyPlace { secret: "inngest".into(), key: "INNGEST_EVENT_KEY".into() }
}

#[test]
fn every_end_says_what_is_and_which_key_does_something_now() {
    for (name, events) in [("done", done()), ("failed", failed()), ("left", left()), ("attached", attached())] {
        let app = with_doors(events);
        insta::assert_snapshot!(format!("progress_end_{name}_80"), drawn(&app, 80, 24));
        insta::assert_snapshot!(format!("progress_end_{name}_120"), drawn(&app, 120, 40));
    }
}

#[test]
fn a_key_is_copied_only_when_asked_and_never_drawn_for_it() {
    let mut app = with_doors(done());
    assert_eq!(press(&mut app, "down up y"), [Effect::Want(Want::Key(event_key(), Use::Copy))]);
    let value = SecretText::new("evt-value");
    let effects = app.update(Msg::Got(Box::new(Got::Key(event_key(), Use::Copy, Ok(value.clone())))));
    assert_eq!(effects, [Effect::Copy(value)]);
    let screen = drawn(&app, 80, 24);
    assert!(screen.contains("sent to the terminal's clipboard") && !screen.contains("evt-value"), "{screen}");
}

#[test]
fn a_key_is_shown_for_five_seconds() {
    let mut app = with_doors(done());
    app.update(Msg::Clock(Duration::from_secs(100)));
    assert!(!app.ticks());
    assert_eq!(press(&mut app, "v"), [Effect::Want(Want::Key(event_key(), Use::Reveal))]);
    app.update(Msg::Got(Box::new(Got::Key(event_key(), Use::Reveal, Ok(SecretText::new("evt-\u{1b}[31mvalue"))))));
    assert!(drawn(&app, 80, 24).contains("evt-value") && app.ticks());
    assert!(!format!("{app:?}").contains("evt-"));
    app.update(Msg::Clock(Duration::from_secs(104)));
    assert!(drawn(&app, 80, 24).contains("evt-value"));
    app.update(Msg::Clock(Duration::from_secs(105)));
    assert!(!drawn(&app, 80, 24).contains("evt-value") && !app.ticks());
    let refused = Got::Key(event_key(), Use::Reveal, Err("secret inngest may not be read by you".into()));
    app.update(Msg::Got(Box::new(refused)));
    assert!(drawn(&app, 80, 24).contains("cannot be read: secret inngest may not be read by you"));
}

#[test]
fn a_port_forward_is_opened_once_and_its_address_stays_on_the_screen() {
    let mut app = with_doors(done());
    assert_eq!(press(&mut app, "p p"), [Effect::Want(Want::Forward)]);
    app.update(Msg::Got(Box::new(Got::Forwarded(Err("no pod of it is ready".into())))));
    assert!(drawn(&app, 80, 24).contains("no port-forward: no pod of it is ready"));
    assert_eq!(press(&mut app, "p"), [Effect::Want(Want::Forward)]);
    app.update(Msg::Got(Box::new(Got::Forwarded(Ok("http://127.0.0.1:8288".into())))));
    assert_eq!(press(&mut app, "down p"), []);
    assert!(drawn(&app, 80, 24).contains("http://127.0.0.1:8288   while this screen is open"));
}

#[test]
fn the_same_plan_is_tried_again_in_the_same_screen() {
    let mut app = with_doors(failed());
    assert_eq!(press(&mut app, "r"), [Effect::Want(Want::Again)]);
    for event in healthy() {
        app.update(Msg::Event(Box::new(event)));
    }
    let screen = drawn(&app, 80, 24);
    assert!(!screen.contains("FAILED") && screen.contains("waiting for inngest-postgresql-0"), "{screen}");
    assert!(app.ticks());
}

#[test]
fn going_on_with_what_was_looked_at_asks_first_and_the_safe_choice_has_the_focus() {
    let mut app = with_doors(attached());
    assert_eq!(press(&mut app, "r enter"), []);
    assert_eq!(press(&mut app, "r esc"), []);
    press(&mut app, "r");
    insta::assert_snapshot!("progress_going_on", drawn(&app, 80, 24));
    assert_eq!(press(&mut app, "down enter"), [Effect::Stop(StopChoice::Detach), Effect::Want(Want::Again)]);
    let mut app = with_doors(left());
    assert_eq!(press(&mut app, "r tab enter"), [Effect::Want(Want::Again)]);
    assert_eq!(press(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn who_only_looks_on_leaves_without_being_asked() {
    assert_eq!(press(&mut with_doors(attached()), "q"), [Effect::Stop(StopChoice::Detach), Effect::Quit]);
    assert_eq!(press(&mut with_doors(attached()), "ctrl-c"), [Effect::Stop(StopChoice::Detach), Effect::Quit]);
}

#[test]
fn from_a_failed_run_one_key_leads_to_the_answer_that_mends_it() {
    let mut app = with_doors(failed()).with_answers(mender());
    assert!(drawn(&app, 80, 24).contains("c leads to the answer: Storage class (database.storageClass)"));
    assert_eq!(press(&mut app, "c"), [Effect::Quit]);
    assert_eq!(app.mending(), Some("database.storageClass"));
    // Where no answer mends it, or the answers are not at hand, the key is the log's.
    let mut app = with_doors(failed());
    assert_eq!(press(&mut app, "c"), []);
    assert_eq!(app.mending(), None);
}

#[test]
fn a_run_that_still_waits_is_left_for_an_answer_only_when_that_was_chosen() {
    let app = || {
        let mut app = with_doors(stuck()).with_answers(mender());
        press(&mut app, "c");
        app
    };
    for safe in ["enter", "esc", "down up enter", "enter enter enter"] {
        let mut app = app();
        assert_eq!(press(&mut app, safe), [], "{safe}");
        assert_eq!(app.mending(), None, "{safe}");
    }
    let mut app = app();
    assert_eq!(press(&mut app, "down enter"), [Effect::Stop(StopChoice::Detach), Effect::Quit]);
    assert_eq!(app.mending(), Some("database.storageClass"));
}

#[test]
fn enter_pressed_a_hundred_times_asks_nothing_of_the_outside() {
    for events in [healthy(), failing(), failed(), attached(), left(), done()] {
        let mut app = with_doors(events);
        assert_eq!(press(&mut app, &"enter ".repeat(100)), []);
    }
}

#[test]
fn nothing_is_offered_that_nobody_answers() {
    for events in [failed(), left(), done()] {
        let mut app = super::progress::app(ascii(), events);
        let screen = drawn(&app, 80, 24);
        for offered in ["r try again", "r go on", "y copy", "p port-forward", "p opens", "do     r goes on"] {
            assert!(!screen.contains(offered), "{offered}: {screen}");
        }
        assert_eq!(press(&mut app, "r y v p"), []);
    }
}

#[test]
fn every_key_in_a_footer_does_something() {
    let mut crashed = healthy();
    crashed.push(line(20, "inngest-postgresql-0", "one more"));
    let screens = [
        (healthy(), ""),
        (failing(), ""),
        (crashed, "l"),
        (failed(), ""),
        (attached(), ""),
        (left(), ""),
        (done(), ""),
    ];
    for (events, before) in screens {
        let fresh = || {
            let mut app = with_doors(events.clone());
            press(&mut app, before);
            app
        };
        let screen = drawn(&fresh(), 80, 24);
        let footer = screen.lines().last().unwrap_or("").to_string();
        for offered in footer.split("  ").map(str::trim).filter(|offered| !offered.is_empty()) {
            let (key, what) = offered.split_once(' ').unwrap();
            // Of a pod with one container there is no other; the key says so.
            if (key, what) == ("End", "follow") || what == "container" {
                continue;
            }
            let mut app = fresh();
            let was = format!("{app:?}");
            let effects = press(&mut app, &key.to_lowercase());
            assert!(!effects.is_empty() || format!("{app:?}") != was, "{offered} does nothing in:\n{screen}");
        }
    }
}

#[test]
fn the_evidence_holds_states_reports_and_the_last_lines() {
    let mut events = failed();
    events.insert(
        6,
        fact(
            5,
            None,
            EventKind::ClusterEventSeen {
                about: "Pod inngest-postgresql-0".into(),
                reason: "FailedScheduling".into(),
                message: "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims".into(),
                warning: true,
                count: 3,
            },
        ),
    );
    let mut app = with_doors(events);
    press(&mut app, "e");
    insta::assert_snapshot!("progress_evidence", drawn(&app, 80, 24));
    let foot = |app: &App| drawn(app, 80, 24).contains("Last lines of inngest-postgresql-0 main");
    press(&mut app, &"down ".repeat(30));
    assert!(foot(&app), "{}", drawn(&app, 80, 24));
    press(&mut app, "esc");
    assert!(drawn(&app, 80, 24).contains("FAILED"));
}

#[test]
fn the_pods_can_be_looked_at_after_a_good_end() {
    let mut app = with_doors(done());
    press(&mut app, "tab");
    assert!(drawn(&app, 80, 24).contains("StatefulSet inngest-postgresql"));
    press(&mut app, "l");
    assert!(drawn(&app, 80, 24).contains("initdb: warning"));
    press(&mut app, "esc esc");
    assert!(drawn(&app, 80, 24).contains("is up in prod-eu / inngest"));
}

#[test]
fn in_colours_and_in_unicode_the_ends_are_the_same_words() {
    for events in [done(), failed(), left()] {
        let shown = |theme: Theme| {
            let mut app = App::new(theme).with_doors();
            for event in events.clone() {
                app.update(Msg::Event(Box::new(event)));
            }
            drawn(&app, 80, 24)
        };
        assert_eq!(shown(Theme::new(true, false)), shown(ascii()));
        assert!(shown(Theme::new(true, true)).lines().all(|line| super::super::cells::width(line) <= 80));
    }
}

#[test]
fn going_back_is_offered_after_a_failure_only_where_there_is_something_to_go_back_to() {
    let mut app = with_doors(failed());
    assert_eq!(press(&mut app, "b"), []);
    assert!(drawn(&app, 80, 24).contains("there is none to go back to"), "{}", drawn(&app, 80, 24));
    let mut events = failed();
    let kept = EventKind::EvidenceKept { place: "/state/failures/1".into(), back: Some(3) };
    events.insert(events.len() - 1, fact(34, None, kept));
    let mut app = with_doors(events);
    assert!(drawn(&app, 80, 24).contains("b goes back to revision 3"), "{}", drawn(&app, 80, 24));
    assert_eq!(press(&mut app, "b"), [Effect::Quit]);
    // While it runs the letter means nothing.
    let mut app = with_doors(healthy());
    assert_eq!(press(&mut app, "b"), []);
}
