use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use super::super::source::{Seen, Watched};
use super::*;
use crate::event::Event;
use crate::secret::SecretText;

fn stamped(second: u32, text: &str) -> String {
    format!("2026-11-20T10:00:{second:02}.000000000Z {text}")
}

/// Answers each request for a log with the next of its scripts.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Vec<Result<String, String>>>>>,
    asked: Arc<Mutex<Vec<LogOf>>>,
}

impl Source for Script {
    fn watch(&self, _: &Watched) -> BoxStream<'static, Seen> {
        stream::pending().boxed()
    }

    fn log(&self, what: &LogOf) -> BoxStream<'static, Result<String, String>> {
        self.asked.lock().unwrap().push(what.clone());
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_default();
        stream::iter(answer).boxed()
    }
}

/// A container is over once every script was read.
#[derive(Clone)]
struct Over(Script, Arc<Mutex<BTreeSet<String>>>);

impl Ear for Over {
    fn wrote(&self, _: &Run, previous: bool, lines: &[String]) {
        self.1.lock().unwrap().extend(lines.iter().map(|line| format!("{previous} {line}")));
    }
    fn begins(&self, _: &Run) {}
    fn is_over(&self, _: &Run) -> bool {
        self.0.answers.lock().unwrap().is_empty()
    }
}

fn run(restarts: u32) -> Run {
    Run { namespace: "n".into(), pod: "db-0".into(), uid: "u".into(), container: "main".into(), restarts, calm: false }
}

async fn play(scripts: Vec<Vec<Result<String, String>>>, restarts: u32) -> (Vec<EventKind>, Vec<LogOf>) {
    let script = Script::default();
    *script.answers.lock().unwrap() = scripts.into();
    let (sender, mut events) = mpsc::channel::<Event>(4096);
    let redactor = Redactor::new([&SecretText::new("hunter22")]);
    let ear = Over(script.clone(), Arc::default());
    let mut logs = Logs::new(script.clone(), ear, Channel::new(sender, Instant::now()), redactor);
    logs.show(vec![run(restarts)]);
    logs.show(vec![run(restarts)]);
    while logs.tasks.join_next().await.is_some() {}
    drop(logs);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        told.push(event.kind);
    }
    let asked = script.asked.lock().unwrap().clone();
    (told, asked)
}

fn texts(told: &[EventKind]) -> Vec<String> {
    told.iter()
        .filter_map(|kind| match kind {
            EventKind::LogLine { text, previous, .. } => {
                Some(if *previous { format!("before: {text}") } else { text.clone() })
            }
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_broke_goes_on_where_it_was_and_repeats_nothing() {
    let broken = || Err("connection reset".into());
    let (told, asked) = play(
        vec![
            vec![Ok(stamped(1, "one")), Ok(stamped(10, "two")), broken()],
            vec![broken()],
            vec![Ok(stamped(10, "two")), Ok(stamped(11, "three"))],
        ],
        0,
    )
    .await;
    assert_eq!(texts(&told), ["one", "two", "three"]);
    assert_eq!(asked.len(), 3, "shown twice, followed once");
    assert_eq!(asked[1].since, Some("2026-11-20T10:00:05Z".parse().unwrap()));
    let broke = told
        .iter()
        .filter(|kind| matches!(kind, EventKind::LogBroken { why, .. } if why == "connection reset"))
        .count();
    assert_eq!(broke, 1, "said once, until lines come again");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_that_was_not_seen_the_run_before_it_is_read_first() {
    let (told, asked) =
        play(vec![vec![Ok(stamped(1, "FATAL: no password"))], vec![Ok(stamped(2, "starting"))]], 3).await;
    assert_eq!(texts(&told), ["before: FATAL: no password", "starting"]);
    assert_eq!((asked[0].previous, asked[0].follow, asked[0].tail), (true, false, Some(PREVIOUS_LINES)));
    assert_eq!((asked[1].previous, asked[1].follow), (false, true));
}

#[tokio::test(start_paused = true)]
async fn a_line_is_safe_to_show_and_holds_no_secret() {
    let long = format!("{}hunter22", "x".repeat(sanitize::LONGEST_LINE - 4));
    let lines = vec![
        Ok(stamped(1, "\u{1b}[31mred\u{1b}[0m hunter22 hun\u{1b}[0mter22")),
        Ok(stamped(2, "")),
        Ok("no time".into()),
        Ok(stamped(3, &long)),
    ];
    let (told, _) = play(vec![lines], 0).await;
    let texts = texts(&told);
    assert_eq!(texts[..3], ["red [hidden] [hidden]", "", "no time"]);
    assert!(!texts[3].contains("hunt"), "{}", &texts[3][texts[3].len() - 40..]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_bounded_and_what_was_dropped_is_counted() {
    let flood: Vec<_> = (0..1000).map(|n| Ok(stamped(1, &format!("line {n}")))).collect();
    let (told, _) = play(vec![flood], 0).await;
    let dropped: u64 =
        told.iter().map(|kind| if let EventKind::LogDropped { lines, .. } = kind { *lines } else { 0 }).sum();
    let texts = texts(&told);
    assert_eq!(texts.len() as u64 + dropped, 1000);
    assert_eq!(texts.last().map(String::as_str), Some("line 999"), "the newest are kept");
    assert!(texts.len() <= LINES_PER_WINDOW * 2, "{}", texts.len());
}

#[tokio::test(start_paused = true)]
async fn the_log_of_a_pod_that_is_ready_is_opened_a_second_later_and_every_other_at_once() {
    for calm in [false, true] {
        let script = Script::default();
        *script.answers.lock().unwrap() = vec![vec![Ok(stamped(1, "one"))]].into();
        let (sender, _events) = mpsc::channel::<Event>(64);
        let ear = Over(script.clone(), Arc::default());
        let mut logs = Logs::new(script.clone(), ear, Channel::new(sender, Instant::now()), Redactor::new([]));
        logs.show(vec![Run { calm, ..run(0) }]);
        sleep(CALM - Duration::from_millis(100)).await;
        assert_eq!(script.asked.lock().unwrap().is_empty(), calm);
        sleep(Duration::from_millis(200)).await;
        assert_eq!(script.asked.lock().unwrap().len(), 1, "{calm}");
    }
}

#[test]
fn logs_of_at_most_twenty_pods_are_read_and_those_that_are_not_ready_come_first() {
    let mut scene = Scene::default();
    for n in 0..30 {
        let ready = n < 25;
        scene.put(Arc::new(Object(serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{n:02}"), "namespace": "n", "uid": format!("{n}")},
            "spec": {"containers": [{"name": "main", "readinessProbe": {}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}], "containerStatuses": [{"name": "main", "state": {"running": {}}}]}}))));
    }
    let runs = readable(&scene, |_| true);
    assert_eq!(runs.len(), MOST_PODS);
    assert_eq!(runs[..5].iter().map(|run| run.pod.as_str()).collect::<Vec<_>>(), ["p25", "p26", "p27", "p28", "p29"]);
    assert_eq!(runs.iter().filter(|run| !run.calm).count(), 5, "who is ready is in no hurry");
    assert_eq!(readable(&scene, |pod| pod.name() == "p29").len(), 1);
}

#[test]
fn a_container_that_never_ran_has_no_log() {
    let mut scene = Scene::default();
    scene.put(Arc::new(Object(serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n", "uid": "a"},
        "spec": {"containers": [{"name": "new"}, {"name": "crashed"}]},
        "status": {"phase": "Pending", "containerStatuses": [
            {"name": "new", "state": {"waiting": {"reason": "ContainerCreating"}}},
            {"name": "crashed", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]}}))));
    let runs = readable(&scene, |_| true);
    assert_eq!(runs.iter().map(|run| (run.container.as_str(), run.restarts)).collect::<Vec<_>>(), [("crashed", 2)]);
}
