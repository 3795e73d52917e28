use jiff::Timestamp;

use super::*;
use crate::event::VERSION;
use crate::finding::Severity;

fn event(seconds: u64, step: Option<&str>, kind: EventKind) -> Event {
    Event {
        version: VERSION,
        at: Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_secs(seconds),
        step: step.map(str::to_string),
        kind,
    }
}

fn step(kind: &str, name: &str, group: &str, waits: bool) -> StepInfo {
    StepInfo {
        id: format!("{kind}/ns/{name}"),
        object_kind: kind.into(),
        name: name.into(),
        group: group.into(),
        wave: 0,
        waits,
    }
}

fn started() -> Progress {
    let mut progress = Progress::new();
    let run = RunInfo {
        verb: "install".into(),
        title: "Inngest".into(),
        product_version: "v1".into(),
        release: "inngest".into(),
        namespace: "ns".into(),
        context: "c".into(),
        server: "s".into(),
        practice: false,
        usual_seconds: None,
        steps: vec![step("Secret", "db", "database", false), step("StatefulSet", "db", "database", true)],
        ..RunInfo::default()
    };
    progress.take(&event(0, None, EventKind::RunStarted { run }));
    progress
}

fn status(readiness: Readiness, reason: &str) -> EventKind {
    EventKind::StatusChanged { readiness, reason: reason.into(), ready: 0, of: 1 }
}

#[test]
fn a_written_workload_is_not_finished_before_it_is_ready() {
    let mut progress = started();
    for id in ["Secret/ns/db", "StatefulSet/ns/db"] {
        progress.take(&event(1, Some(id), EventKind::StepStarted));
        progress.take(&event(1, Some(id), EventKind::StepFinished { done: Done::Created }));
    }
    assert_eq!(progress.counts(), (1, 2));
    assert_eq!(progress.groups()[0].state, GroupState::Working);
    progress.take(&event(3, Some("StatefulSet/ns/db"), status(Readiness::Ready, "1 of 1 ready")));
    assert_eq!(progress.counts(), (2, 2));
    assert_eq!(progress.groups()[0].state, GroupState::Ready);
}

#[test]
fn the_waiting_line_names_the_pod_its_reason_and_how_long() {
    let mut progress = started();
    let id = "StatefulSet/ns/db";
    progress.take(&event(1, Some(id), EventKind::StepStarted));
    progress.take(&event(1, Some(id), EventKind::StepFinished { done: Done::Created }));
    progress.take(&event(2, Some(id), status(Readiness::Waiting, "0 of 1 replicas ready")));
    let pod = PodState {
        name: "db-0".into(),
        uid: "u".into(),
        owner: id.into(),
        reason: "pulling postgres:17".into(),
        current: true,
        ..PodState::default()
    };
    progress.take(&event(3, None, EventKind::PodChanged { pod: pod.clone() }));
    progress.take(&event(9, None, EventKind::PodChanged { pod }));
    assert_eq!(progress.waiting_for(), "waiting for db-0: pulling postgres:17, 6 s");
}

#[test]
fn a_hopeless_finding_comes_to_the_top_and_goes_when_it_is_cleared() {
    let mut progress = started();
    let finding = |code: &str, severity| Finding::new(code, severity, "x").at("a");
    let raised =
        |code: &str, severity, hopeless| EventKind::FindingRaised { finding: finding(code, severity), hopeless };
    progress.take(&event(1, None, raised("SLOW", Severity::Warning, false)));
    progress.take(&event(1, None, raised("DEAD", Severity::Error, true)));
    progress.take(&event(1, None, raised("DEAD", Severity::Error, true)));
    assert_eq!(progress.findings.len(), 2);
    assert_eq!(progress.cause().map(|(finding, _)| finding.code.as_str()), Some("DEAD"));
    progress.take(&event(2, None, EventKind::FindingCleared { code: "DEAD".into(), about: "a".into() }));
    assert_eq!(progress.cause().map(|(finding, _)| finding.code.as_str()), Some("SLOW"));
}

#[test]
fn a_log_is_bounded_and_counts_what_was_dropped() {
    let mut progress = started();
    for i in 0..KEPT_LINES + 10 {
        let line = EventKind::LogLine { pod: "p".into(), container: "c".into(), previous: false, text: i.to_string() };
        progress.take(&event(1, None, line));
    }
    progress.take(&event(1, None, EventKind::LogDropped { pod: "p".into(), container: "c".into(), lines: 7 }));
    let log = &progress.logs[&("p".to_string(), "c".to_string())];
    assert_eq!((log.lines.len(), log.total, log.dropped), (KEPT_LINES, KEPT_LINES as u64 + 10, 7));
    assert_eq!((log.first(), log.line(9), log.line(10)), (10, None, Some("10")));
}

#[test]
fn durations_are_told_in_words_and_as_a_clock() {
    assert_eq!(seconds(Duration::from_secs(72)), "1 min 12 s");
    assert_eq!(seconds(Duration::from_secs(7_380)), "2 h 3 min");
    assert_eq!(clock(Duration::from_secs(21)), "0:21");
    assert_eq!(clock(Duration::from_secs(3_723)), "1:02:03");
}

#[test]
fn all_logs_together_are_bounded_however_many_there_are() {
    let mut progress = started();
    let text = "x".repeat(1_000);
    for pod in 0..500 {
        for _ in 0..100 {
            let pod = format!("p-{pod}");
            let line = EventKind::LogLine { pod, container: "c".into(), previous: false, text: text.clone() };
            progress.take(&event(1, None, line));
        }
    }
    let bytes: usize = progress.logs.values().flat_map(|log| &log.lines).map(String::len).sum();
    assert!(bytes <= 17 << 20, "{bytes}");
    assert!(progress.logs.values().all(|log| log.total == 100 && !log.lines.is_empty()));
}

#[test]
fn the_same_plan_again_begins_anew_and_keeps_what_happened() {
    let mut progress = started();
    progress.take(&event(
        30,
        None,
        EventKind::RunFailed { failure: Failure::new(crate::error::FailureKind::Refused, "no") },
    ));
    let run = progress.run.clone().unwrap();
    progress.take(&event(0, None, EventKind::RunStarted { run }));
    assert_eq!((progress.ending.clone(), progress.elapsed), (None, Duration::ZERO));
    assert!(progress.timeline.iter().any(|(_, text)| text.contains("no")), "{:?}", progress.timeline);
}

#[test]
fn a_group_tells_how_long_it_took_and_has_taken() {
    let mut progress = started();
    for id in ["Secret/ns/db", "StatefulSet/ns/db"] {
        progress.take(&event(2, Some(id), EventKind::StepStarted));
        progress.take(&event(3, Some(id), EventKind::StepFinished { done: Done::Created }));
    }
    progress.take(&event(9, None, EventKind::LockTaken));
    assert_eq!(progress.groups()[0].took, Some(Duration::from_secs(7)));
    progress.take(&event(12, Some("StatefulSet/ns/db"), status(Readiness::Ready, "")));
    progress.take(&event(90, None, EventKind::LockTaken));
    assert_eq!(progress.groups()[0].took, Some(Duration::from_secs(10)));
}
