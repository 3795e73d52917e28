use futures::stream;
use tokio::sync::mpsc;

use super::super::event_loop::Input;
use super::super::progress::App;
use super::super::{Hooks, Msg, Screen, Signal, StopChoice, Theme, run};
use super::{Effect, drawn, fact, keys, press, styles};
use crate::error::{Failure, FailureKind};
use crate::event::{
    ContainerState, Done, Event, EventKind, KeyPlace, PodState, Readiness, RunInfo, ServicePlace, StepInfo,
};
use crate::finding::{Finding, Severity};

pub(super) const DATABASE: &str = "StatefulSet.apps/inngest/inngest-postgresql";
pub(super) const QUEUE: &str = "StatefulSet.apps/inngest/inngest-redis";
pub(super) const SERVER: &str = "Deployment.apps/inngest/inngest";

pub(super) fn step(id: &str, group: &str, wave: u32, waits: bool) -> StepInfo {
    let kind = id.split(['.', '/']).next().unwrap_or("").to_string();
    let name = id.rsplit('/').next().unwrap_or("").to_string();
    StepInfo { id: id.into(), object_kind: kind, name, group: group.into(), wave, waits }
}

pub(super) fn started(practice: bool) -> Event {
    let run = RunInfo {
        verb: "install".into(),
        title: "Inngest".into(),
        product_version: "v1.43.0".into(),
        release: "inngest".into(),
        namespace: "inngest".into(),
        context: if practice { "practice".into() } else { "prod-eu".into() },
        server: "https://34.90.1.2".into(),
        practice,
        usual_seconds: Some((40, 120)),
        steps: vec![
            step("Namespace/inngest", "namespace", 0, false),
            step("Secret/inngest/inngest-postgresql", "database", 1, false),
            step(DATABASE, "database", 1, true),
            step(QUEUE, "queue", 1, true),
            step(SERVER, "server", 2, true),
        ],
        keys: ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"]
            .map(|key| KeyPlace { secret: "inngest".into(), key: key.into() })
            .to_vec(),
        door: Some(ServicePlace { service: "inngest".into(), port: "http".into() }),
    };
    fact(0, None, EventKind::RunStarted { run })
}

pub(super) fn made(at: u64, id: &str) -> [Event; 2] {
    [fact(at, Some(id), EventKind::StepStarted), fact(at, Some(id), EventKind::StepFinished { done: Done::Created })]
}

pub(super) fn status(at: u64, id: &str, readiness: Readiness, reason: &str, ready: u32) -> Event {
    fact(at, Some(id), EventKind::StatusChanged { readiness, reason: reason.into(), ready, of: 1 })
}

pub(super) fn pod(at: u64, name: &str, owner: &str, phase: &str, reason: &str, ready: bool) -> Event {
    let container = ContainerState { name: "main".into(), state: "running".into(), ready, ..Default::default() };
    let pod = PodState {
        name: name.into(),
        uid: name.into(),
        owner: owner.into(),
        node: "node-2".into(),
        phase: phase.into(),
        reason: reason.into(),
        ready,
        current: true,
        containers: vec![container],
        ..PodState::default()
    };
    fact(at, None, EventKind::PodChanged { pod })
}

pub(super) fn line(at: u64, pod: &str, text: &str) -> Event {
    let text = text.to_string();
    fact(at, None, EventKind::LogLine { pod: pod.into(), container: "main".into(), previous: false, text })
}

pub(super) fn healthy() -> Vec<Event> {
    let mut events = vec![started(false)];
    for id in ["Namespace/inngest", "Secret/inngest/inngest-postgresql", DATABASE, QUEUE] {
        events.extend(made(1, id));
    }
    events.push(status(2, DATABASE, Readiness::Waiting, "0 of 1 replicas ready", 0));
    events.push(pod(3, "inngest-postgresql-0", DATABASE, "Pending", "pulling postgres:17", false));
    events.push(pod(3, "inngest-redis-0", QUEUE, "Running", "", true));
    events.push(status(9, QUEUE, Readiness::Ready, "1 of 1 replicas ready", 1));
    events.push(line(9, "inngest-redis-0", "Ready to accept connections tcp"));
    events.push(line(10, "inngest-postgresql-0", "initdb: warning: enabling \"trust\" authentication"));
    events.push(status(15, DATABASE, Readiness::Waiting, "0 of 1 replicas ready", 0));
    events
}

pub(super) fn failing() -> Vec<Event> {
    let mut events = healthy();
    let finding = Finding::new("STORAGE_CLASS_MISSING", Severity::Error, "the database cannot get its volume")
        .why("claim inngest-postgresql asks for storage class \"fast\", which does not exist here (event ProvisioningFailed)")
        .remedy("slipway upgrade inngest --set database.storageClass=standard")
        .at("PersistentVolumeClaim/inngest/inngest-postgresql");
    events.push(fact(34, None, EventKind::FindingRaised { finding, hopeless: true }));
    events
}

pub(super) fn done() -> Vec<Event> {
    let mut events = healthy();
    events.push(status(31, DATABASE, Readiness::Ready, "1 of 1 replicas ready", 1));
    events.push(pod(31, "inngest-postgresql-0", DATABASE, "Running", "", true));
    events.extend(made(32, SERVER));
    events.push(status(70, SERVER, Readiness::Ready, "2 of 2 replicas ready", 1));
    let notes = vec![
        "Open: https://inngest.example.com".to_string(),
        "Point your SDK at it: INNGEST_BASE_URL=https://inngest.example.com".to_string(),
        "Event key: secret inngest, key INNGEST_EVENT_KEY".to_string(),
        "Keep the keys safe: without them clients and functions are shut out".to_string(),
    ];
    events.push(fact(72, None, EventKind::RunFinished { written: 5, unchanged: 0, notes }));
    events
}

pub(super) fn app(theme: Theme, events: Vec<Event>) -> App {
    let mut app = App::new(theme);
    for event in events {
        app.update(Msg::Event(Box::new(event)));
    }
    app
}

pub(super) fn ascii() -> Theme {
    Theme::new(false, false)
}

#[test]
fn a_healthy_run_shows_what_is_waited_for_and_why() {
    let app = app(ascii(), healthy());
    insta::assert_snapshot!("progress_healthy_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("progress_healthy_120", drawn(&app, 120, 40));
    insta::assert_snapshot!("progress_healthy_unicode", drawn(&self::app(Theme::new(true, true), healthy()), 80, 24));
}

#[test]
fn colours_only_repeat_what_words_and_signs_say() {
    let coloured = app(Theme::new(true, false), failing());
    let mono = app(ascii(), failing());
    assert_eq!(drawn(&coloured, 80, 24), drawn(&mono, 80, 24));
    insta::assert_snapshot!("progress_styles_coloured", styles(&coloured, 80, 24));
    insta::assert_snapshot!("progress_styles_mono", styles(&mono, 80, 24));
}

#[test]
fn the_cause_stands_on_top_with_its_remedy() {
    insta::assert_snapshot!("progress_failing_80", drawn(&app(ascii(), failing()), 80, 24));
    let mut events = failing();
    let failure = Failure::new(FailureKind::Deployment, "the database cannot get its volume")
        .place("PersistentVolumeClaim/inngest/inngest-postgresql")
        .why("storage class \"fast\" does not exist here")
        .hint("slipway install inngest --set database.storageClass=standard");
    events.push(fact(35, None, EventKind::RunFailed { failure }));
    insta::assert_snapshot!("progress_failed_80", drawn(&app(ascii(), events), 80, 24));
}

#[test]
fn the_end_shows_the_notes_and_stays_until_a_key_leaves() {
    let mut app = app(ascii(), done());
    insta::assert_snapshot!("progress_done_80", drawn(&app, 80, 24));
    assert!(!app.ticks());
    assert_eq!(press(&mut app, "enter esc esc"), []);
    assert_eq!(press(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn a_small_terminal_says_what_is_needed() {
    insta::assert_snapshot!("progress_small", drawn(&app(ascii(), healthy()), 40, 10));
}

#[test]
fn practice_is_said_on_every_screen() {
    let mut app = app(ascii(), vec![started(true)]);
    for keys in ["", "t", "esc e", "esc ctrl-c", "esc"] {
        press(&mut app, keys);
        for (width, height) in [(60, 18), (80, 24), (120, 40)] {
            assert!(drawn(&app, width, height).contains("PRACTICE"), "{keys:?} at {width}x{height}");
        }
    }
}

#[test]
fn ctrl_c_asks_how_to_stop_and_the_marked_choice_is_what_enter_does() {
    let mut app = app(ascii(), healthy());
    assert_eq!(press(&mut app, "ctrl-c"), []);
    insta::assert_snapshot!("progress_stopping", drawn(&app, 80, 24));
    assert_eq!(press(&mut app, "enter"), [Effect::Stop(StopChoice::AfterStep)]);
    assert!(drawn(&app, 80, 24).contains("stopping, as asked"));
    assert_eq!(press(&mut app, "ctrl-c enter"), [Effect::Stop(StopChoice::Now)]);
    assert_eq!(press(&mut app, "ctrl-c down enter"), [Effect::Stop(StopChoice::Detach), Effect::Quit]);
}

#[test]
fn going_on_and_esc_stop_nothing() {
    let mut app = app(ascii(), healthy());
    assert_eq!(press(&mut app, "ctrl-c up enter ctrl-c esc q esc"), []);
    assert!(!drawn(&app, 80, 24).contains("stopping"));
}

#[test]
fn a_termination_signal_stops_the_run_and_gives_the_terminal_back() {
    let mut app = app(ascii(), healthy());
    let effects = app.update(Msg::Signal(Signal::Terminate));
    assert_eq!(effects, [Effect::Stop(StopChoice::Now), Effect::Quit]);
    assert_eq!(app.left_by(), Some(Signal::Terminate));
}

#[test]
fn tab_shows_the_log_of_the_next_pod() {
    let mut app = app(ascii(), healthy());
    assert!(drawn(&app, 80, 24).contains("initdb: warning"));
    press(&mut app, "tab");
    assert!(drawn(&app, 80, 24).contains("Ready to accept connections"));
    press(&mut app, "shift-tab");
    assert!(drawn(&app, 80, 24).contains("initdb: warning"));
}

#[test]
fn a_log_stands_still_once_one_scrolls_and_says_how_much_came() {
    let mut app = app(ascii(), healthy());
    let say = |app: &mut App, from: u64, to: u64| {
        for i in from..to {
            app.update(Msg::Event(Box::new(line(16, "inngest-postgresql-0", &format!("line {i} of the log")))));
        }
    };
    say(&mut app, 0, 100);
    press(&mut app, "enter");
    press(&mut app, "up");
    let before = drawn(&app, 80, 24);
    assert!(before.contains("line 98 of the log") && !before.contains("line 99 of the log"), "{before}");
    say(&mut app, 100, 150);
    let after = drawn(&app, 80, 24);
    assert!(after.contains("line 98 of the log") && !after.contains("line 99 of the log"), "{after}");
    assert!(after.contains("paused, 50 new: End follows"), "{after}");
    press(&mut app, "f");
    assert!(drawn(&app, 80, 24).contains("line 149 of the log"));
    press(&mut app, "g");
    assert!(drawn(&app, 80, 24).contains("initdb"));
}

#[test]
fn a_filter_takes_keys_as_text_and_esc_shows_every_line_again() {
    let mut app = app(ascii(), healthy());
    press(&mut app, "enter / \"quit? TRUST\" ");
    assert!(!drawn(&app, 80, 24).contains("initdb: warning"));
    press(&mut app, &"backspace ".repeat(11));
    app.update(Msg::Paste("TRU\u{3}ST\t\n".into()));
    press(&mut app, "enter");
    assert!(drawn(&app, 80, 24).contains("only \"TRUST\""));
    assert!(drawn(&app, 80, 24).contains("initdb: warning"));
    press(&mut app, "esc");
    assert!(!drawn(&app, 80, 24).contains("only"));
}

#[test]
fn the_timeline_tells_in_sentences_what_happened() {
    let mut app = app(ascii(), failing());
    press(&mut app, "t");
    insta::assert_snapshot!("progress_timeline", drawn(&app, 80, 24));
}

#[test]
fn time_goes_on_between_events() {
    let mut app = app(ascii(), healthy());
    app.update(Msg::Clock(std::time::Duration::from_secs(5)));
    assert!(drawn(&app, 80, 24).contains("0:20"));
    assert!(app.ticks());
}

#[derive(Default)]
struct Asked(Vec<StopChoice>);

impl Hooks for Asked {
    fn stop(&mut self, choice: StopChoice) {
        self.0.push(choice);
    }
    fn save(&mut self) -> String {
        String::new()
    }
}

/// Presses a key as soon as the end has been drawn.
struct LeavesAtTheEnd(App, futures::channel::mpsc::UnboundedSender<Input>);

impl Screen for LeavesAtTheEnd {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.0.update(msg)
    }
    fn draw(&self, frame: &mut ratatui::Frame<'_>) {
        self.0.draw(frame);
        if self.0.progress().ending.is_some() {
            self.1.unbounded_send(Input::Key(keys("q")[0])).unwrap();
        }
    }
    fn ticks(&self) -> bool {
        self.0.ticks()
    }
}

#[tokio::test]
async fn the_loop_draws_the_end_and_closes_on_a_key() {
    let (sender, mut events) = mpsc::channel(100);
    for event in done() {
        sender.send(event).await.unwrap();
    }
    drop(sender);
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
    let (pressed, input) = futures::channel::mpsc::unbounded();
    let mut screen = LeavesAtTheEnd(App::new(ascii()), pressed);
    run(&mut terminal, &mut screen, input, Some(&mut events), &mut Asked::default()).await.unwrap();
    let text: String = terminal.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
    assert!(text.contains("is up in prod-eu / inngest"), "{text}");
}

#[tokio::test]
async fn a_terminal_that_is_gone_stops_the_run() {
    let (sender, mut events) = mpsc::channel(100);
    sender.send(started(false)).await.unwrap();
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
    let mut app = App::new(ascii());
    let mut asked = Asked::default();
    run(&mut terminal, &mut app, stream::empty(), Some(&mut events), &mut asked).await.unwrap();
    assert_eq!(asked.0, [StopChoice::Now]);
    drop(sender);
}
