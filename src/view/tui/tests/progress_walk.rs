//! Walking the tree and reading logs, however many pods and lines there are.

use proptest::prelude::*;

use super::super::progress::App;
use super::super::{Msg, Screen, Theme};
use super::progress::{DATABASE, SERVER, app, ascii, healthy, line, made, pod, started, status};
use super::progress_any::harmless;
use super::{drawn, fact, press};
use crate::event::{ContainerState, EventKind, PodState, Readiness};

fn tell(app: &mut App, kind: EventKind) {
    app.update(Msg::Event(Box::new(fact(20, None, kind))));
}

fn say(app: &mut App, pod: &str, from: u64, to: u64) {
    for i in from..to {
        app.update(Msg::Event(Box::new(line(20, pod, &format!("line {i} of the log")))));
    }
}

fn three_hundred() -> App {
    let mut events = vec![started(false)];
    events.extend(made(1, SERVER));
    events.push(status(2, SERVER, Readiness::Waiting, "283 of 300 replicas ready", 1));
    for i in 0..300 {
        let name = format!("inngest-6d4cf56db6-{i:05}");
        let (phase, reason) = match i {
            0..283 => ("Running", "ready"),
            283..285 => ("Running", "crashing: exit 1, 4 restarts"),
            285..295 => ("Pending", "pulling inngest/inngest:v1.43.0"),
            _ => ("Pending", "waiting for a node"),
        };
        events.push(pod(5, &name, SERVER, phase, reason, i < 283));
    }
    app(ascii(), events)
}

#[test]
fn three_hundred_pods_are_readable_and_can_all_be_walked() {
    let mut app = three_hundred();
    insta::assert_snapshot!("progress_300_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("progress_300_120", drawn(&app, 120, 40));
    press(&mut app, &format!("{} enter", "down ".repeat(9)));
    let opened = drawn(&app, 80, 24);
    assert!(opened.contains("more below"), "{opened}");
    press(&mut app, &"down ".repeat(400));
    let end = drawn(&app, 80, 24);
    assert!(end.contains("> ") && !end.contains("more below"), "{end}");
    press(&mut app, "left left");
    assert!(drawn(&app, 80, 24).contains("+ Deployment inngest"), "{}", drawn(&app, 80, 24));
}

fn two_containers() -> App {
    let mut app = app(ascii(), healthy());
    let container = |name: &str, state: &str, reason: &str, ready: bool| ContainerState {
        name: name.into(),
        state: state.into(),
        reason: reason.into(),
        ready,
        exit_code: (reason == "CrashLoopBackOff").then_some(1),
        restarts: if reason == "CrashLoopBackOff" { 3 } else { 0 },
        ..ContainerState::default()
    };
    let pod = PodState {
        name: "inngest-postgresql-0".into(),
        uid: "inngest-postgresql-0".into(),
        owner: DATABASE.into(),
        node: "node-2".into(),
        phase: "Running".into(),
        reason: "crashing: exit 1, 3 restarts".into(),
        current: true,
        containers: vec![
            container("postgres", "waiting", "CrashLoopBackOff", false),
            container("metrics", "running", "", true),
        ],
        ..PodState::default()
    };
    tell(&mut app, EventKind::PodChanged { pod });
    for (container, text) in [("postgres", "no space left"), ("metrics", "listening")] {
        let (pod, container, text) = ("inngest-postgresql-0".into(), container.into(), text.into());
        tell(&mut app, EventKind::LogLine { pod, container, previous: false, text });
    }
    app
}

#[test]
fn containers_are_shown_where_a_pod_is_not_healthy_by_itself() {
    let mut app = two_containers();
    let screen = drawn(&app, 80, 24);
    insta::assert_snapshot!("progress_containers", screen);
    assert!(screen.contains("CrashLoopBackOff, ex") && !screen.contains("metrics  "), "{screen}");
    assert!(screen.contains("no space left"));
    press(&mut app, "c");
    assert!(drawn(&app, 80, 24).contains("listening"));
    press(&mut app, "c");
    assert!(drawn(&app, 80, 24).contains("no space left"));
    press(&mut app, "down");
    assert!(drawn(&app, 80, 24).contains("no space left"));
}

#[test]
fn what_is_looked_at_stays_looked_at_while_everything_changes() {
    let mut app = app(ascii(), healthy());
    press(&mut app, "tab");
    assert!(drawn(&app, 80, 24).contains("Ready to accept connections"));
    app.update(Msg::Event(Box::new(pod(21, "inngest-0", SERVER, "Failed", "crashed: exit 1", false))));
    assert!(drawn(&app, 80, 24).contains("Ready to accept connections"));
    tell(&mut app, EventKind::PodGone { name: "inngest-redis-0".into(), uid: "inngest-redis-0".into() });
    drawn(&app, 80, 24);
}

#[test]
fn a_paused_log_stands_still_whatever_comes_and_goes() {
    let mut app = app(ascii(), healthy());
    say(&mut app, "inngest-postgresql-0", 0, 100);
    press(&mut app, "l");
    press(&mut app, "pageup");
    let body = |app: &App| drawn(app, 80, 24).lines().skip(3).take(19).map(str::to_string).collect::<Vec<_>>();
    let before = body(&app);
    say(&mut app, "inngest-postgresql-0", 100, 314);
    assert_eq!(body(&app), before);
    insta::assert_snapshot!("progress_paused", drawn(&app, 80, 24));
    press(&mut app, "end");
    assert!(drawn(&app, 80, 24).contains("line 313 of the log"));
    // What stood there is not kept any more: the oldest line is, and nothing is lost of what is.
    press(&mut app, "up");
    say(&mut app, "inngest-postgresql-0", 314, 20_000);
    assert!(drawn(&app, 80, 24).contains("line 10000 of the log"), "{}", drawn(&app, 80, 24));
    press(&mut app, "g");
    assert!(drawn(&app, 80, 24).contains("line 10000 of the log"));
    press(&mut app, "pagedown");
    press(&mut app, "G");
    assert!(drawn(&app, 80, 24).contains("line 19999 of the log"));
}

#[test]
fn a_log_that_fits_on_the_screen_cannot_be_scrolled_away() {
    let mut app = app(ascii(), healthy());
    press(&mut app, "l up up pageup");
    assert!(drawn(&app, 80, 24).contains("initdb: warning"));
}

#[test]
fn a_filter_follows_what_comes_and_counts_what_came() {
    let mut app = app(ascii(), healthy());
    say(&mut app, "inngest-postgresql-0", 0, 300);
    press(&mut app, "l / \"7 OF\" enter");
    let lines = |app: &App| drawn(app, 80, 24).lines().filter(|line| line.contains("of the log")).count();
    assert_eq!(lines(&app), 19);
    assert!(!drawn(&app, 80, 24).contains("line 298"));
    say(&mut app, "inngest-postgresql-0", 300, 308);
    assert!(drawn(&app, 80, 24).contains("line 307"));
    press(&mut app, "up");
    say(&mut app, "inngest-postgresql-0", 308, 328);
    assert!(drawn(&app, 80, 24).contains("paused, 2 new: End follows, only \"7 OF\""), "{}", drawn(&app, 80, 24));
}

#[test]
fn long_wide_and_joined_lines_are_wrapped_within_the_screen() {
    let mut app = app(Theme::new(true, true), healthy());
    for text in ["日本語".repeat(60), "e\u{301}".repeat(200), "👩‍👩‍👧 ".repeat(50)] {
        app.update(Msg::Event(Box::new(line(20, "inngest-postgresql-0", &text))));
    }
    press(&mut app, "l w");
    let screen = drawn(&app, 80, 24);
    assert!(screen.lines().all(|line| super::super::cells::width(line) <= 80), "{screen}");
    assert!(screen.contains("wrapped"));
    press(&mut app, "w up up");
    drawn(&app, 60, 18);
}

#[test]
fn a_slow_run_says_that_it_takes_longer_and_what_kubernetes_said_last() {
    let mut app = app(ascii(), healthy());
    let (about, reason) = ("Pod inngest-postgresql-0".into(), "FailedScheduling".into());
    let message = "0/3 nodes are available: 3 Insufficient memory".into();
    tell(&mut app, EventKind::ClusterEventSeen { about, reason, message, warning: true, count: 4 });
    app.update(Msg::Clock(std::time::Duration::from_secs(240)));
    insta::assert_snapshot!("progress_slow", drawn(&app, 80, 24));
}

#[test]
fn a_run_that_has_written_nothing_yet_says_what_it_is_at() {
    let app = app(ascii(), vec![started(false)]);
    assert!(drawn(&app, 80, 24).contains("before the first write"), "{}", drawn(&app, 80, 24));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn foreign_text_never_writes_escapes_wherever_it_is_shown(
        text in "(\\PC|\u{1b}\\[[0-9;]{0,4}[a-zA-Z]|\u{1b}\\]52;c;[a-z]{0,4}\u{7}|\u{9b}|\u{202e}|\r|\t|\u{8}){0,60}",
        keys in "[ltews/]{0,4}",
    ) {
        let mut app = app(Theme::new(true, true), healthy());
        let mut wild = pod(20, &text, DATABASE, &text, &text, false);
        if let EventKind::PodChanged { pod } = &mut wild.kind {
            pod.node.clone_from(&text);
            pod.containers = ["a", text.as_str()].map(|name| ContainerState {
                name: name.into(),
                state: "waiting".into(),
                reason: text.clone(),
                message: text.clone(),
                restarts: 1,
                ..ContainerState::default()
            }).to_vec();
        }
        app.update(Msg::Event(Box::new(wild)));
        app.update(Msg::Event(Box::new(line(20, &text, &text))));
        app.update(Msg::Event(Box::new(line(20, "inngest-postgresql-0", &text))));
        app.update(Msg::Event(Box::new(status(20, DATABASE, Readiness::Waiting, &text, 0))));
        let reported = |about: &str| EventKind::ClusterEventSeen {
            about: about.into(), reason: text.clone(), message: text.clone(), warning: true, count: 1,
        };
        tell(&mut app, reported(&text));
        app.update(Msg::Paste(text.clone()));
        for key in keys.chars() {
            press(&mut app, &key.to_string());
            harmless(&drawn(&app, 80, 24));
            harmless(&drawn(&app, 130, 40));
        }
        let notes = vec![text.clone(), format!("{text}: {text}")];
        tell(&mut app, EventKind::RunFinished { written: 1, unchanged: 0, notes });
        harmless(&drawn(&app, 80, 24));
    }
}
