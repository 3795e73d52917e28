//! What lies over the pods: the evidence behind the cause, the timeline, and what stopping means.

use ratatui::text::{Line, Span};

use super::super::cells::{cut, wrap};
use super::App;
use super::body::rows;
use super::lines::container_state;
use crate::event::Readiness;
use crate::view::progress::tree::{Node, rank};
use crate::view::progress::{Ending, PodSeen, Report, StepState, clock, named, seconds};

/// Pods that are told of in full.
const PODS: usize = 5;
/// Reports and log lines that are shown.
const LAST: usize = 12;

/// The evidence: findings, states of what they are about, what Kubernetes reported, the last lines of the log.
pub(super) fn lines(app: &App, cells: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (finding, hopeless) in app.progress.findings.iter().rev() {
        let word = if *hopeless { "STOPPED" } else { finding.severity.word() };
        title(&mut lines, app, &format!("{word}: {}", finding.what), cells);
        rows(&mut lines, app, "why", &finding.why, cells);
        rows(&mut lines, app, "do", &finding.remedy, cells);
        rows(&mut lines, app, "about", &finding.at, cells);
        rows(&mut lines, app, "code", &finding.code, cells);
    }
    if let (true, Some(Ending::Failed(failure))) = (app.progress.findings.is_empty(), &app.progress.ending) {
        title(&mut lines, app, &failure.what, cells);
        rows(&mut lines, app, "why", &failure.why.join("\n"), cells);
    }
    let subject = subject(app);
    if let Some((id, step)) = subject {
        title(&mut lines, app, &named(step), cells);
        rows(&mut lines, app, "state", &step_state(app, step), cells);
        for seen in pods(app, id) {
            pod(&mut lines, app, seen, cells);
        }
    }
    let reports = reports(app, subject.map(|(id, step)| (id, step.info.name.as_str())));
    if !reports.is_empty() {
        title(&mut lines, app, "Kubernetes reported", cells);
        for report in reports {
            let often = if report.count > 1 { format!(" x{}", report.count) } else { String::new() };
            let said = format!("{} {}{often}: {}", report.about, report.reason, report.message);
            let at = clock(report.at);
            for (i, text) in wrap(&said, cells.saturating_sub(12)).into_iter().enumerate() {
                let at = if i == 0 { at.as_str() } else { "" };
                lines.push(Line::from(vec![Span::styled(format!("{at:>9}  "), app.theme.dim()), Span::raw(text)]));
            }
        }
    }
    if let Some(((pod, container), Some(log))) = app.shown_log() {
        title(&mut lines, app, &format!("Last lines of {pod} {container}"), cells);
        for line in log.lines.iter().skip(log.lines.len().saturating_sub(LAST)) {
            lines.push(Line::raw(format!("   {}", cut(line, cells.saturating_sub(4), app.theme.signs.ellipsis))));
        }
    }
    if lines.is_empty() {
        lines.push(Line::raw(" Nothing is known yet."));
    }
    lines
}

fn title(lines: &mut Vec<Line<'static>>, app: &App, text: &str, cells: usize) {
    if !lines.is_empty() {
        lines.push(Line::raw(""));
    }
    for text in wrap(text, cells.saturating_sub(2)) {
        lines.push(Line::styled(format!(" {text}"), app.theme.bold()));
    }
}

/// The object that the evidence is about: that of the cause where there is one, else of the selected line.
fn subject(app: &App) -> Option<(&str, &StepState)> {
    let step = |id: &str| app.progress.steps.get_key_value(id).map(|(id, step)| (id.as_str(), step));
    let of_pod = |uid: &str| step(&app.progress.pods.get(uid)?.pod.owner);
    if app.selected.is_none()
        && let Some((finding, _)) = app.progress.cause()
    {
        let named = || app.progress.pods.values().find(|seen| finding.at.ends_with(&format!("/{}", seen.pod.name)));
        if let Some(found) = step(&finding.at).or_else(|| step(&named()?.pod.owner)) {
            return Some(found);
        }
    }
    let (rows, at) = app.tree();
    match &rows.get(at)?.node {
        Node::Step(id) | Node::Rest(id) | Node::Ready(id) => step(id),
        Node::Pod(uid) | Node::Container(uid, _) => of_pod(uid),
        Node::Others(_) => None,
    }
}

fn step_state(app: &App, step: &StepState) -> String {
    let word = match step.readiness {
        Readiness::Held => "held back",
        Readiness::Waiting => "waiting",
        Readiness::Ready => "ready",
        Readiness::Failed => "failed",
    };
    let age = seconds(app.progress.elapsed.saturating_sub(step.since));
    let parts = if step.of > 0 { format!(", {} of {} ready", step.ready, step.of) } else { String::new() };
    let reason = if step.reason.is_empty() { String::new() } else { format!(": {}", step.reason) };
    format!("{word}{parts}{reason}, for {age}")
}

/// The pods of an object that most need to be looked at.
fn pods<'a>(app: &'a App, owner: &str) -> Vec<&'a PodSeen> {
    let mut pods = app.progress.pods_of(owner);
    pods.sort_by_key(|seen| (rank(seen), !seen.pod.current));
    pods.truncate(PODS);
    pods
}

fn pod(lines: &mut Vec<Line<'static>>, app: &App, seen: &PodSeen, cells: usize) {
    let pod = &seen.pod;
    let node = if pod.node.is_empty() { "no node yet" } else { pod.node.as_str() };
    let age = seconds(app.progress.elapsed.saturating_sub(seen.since));
    let reason = if pod.reason.is_empty() { String::new() } else { format!(": {}", pod.reason) };
    rows(lines, app, "pod", &format!("{} on {node}, {}{reason}, for {age}", pod.name, pod.phase), cells);
    for (i, container) in pod.containers.iter().enumerate() {
        let since = seen.containers.get(i).copied().unwrap_or_default();
        let age = seconds(app.progress.elapsed.saturating_sub(since));
        let init = if container.init { "init " } else { "" };
        let message = if container.message.is_empty() { String::new() } else { format!("\n{}", container.message) };
        let said = format!("{init}{}: {}, for {age}{message}", container.name, container_state(container));
        rows(lines, app, "", &said, cells);
    }
}

/// What was reported about an object and its pods; where nothing was, every warning.
fn reports<'a>(app: &'a App, about: Option<(&str, &str)>) -> Vec<&'a Report> {
    let all = &app.progress.reports;
    let mine: Vec<&Report> = all
        .iter()
        .filter(|report| {
            let name = report.about.rsplit(' ').next().unwrap_or_default();
            let pod = || app.progress.pods.values().find(|seen| seen.pod.name == name);
            about.is_some_and(|(id, own)| name == own || pod().is_some_and(|seen| seen.pod.owner == id))
        })
        .collect();
    let mine = if mine.is_empty() { all.iter().filter(|report| report.warning).collect() } else { mine };
    let from = mine.len().saturating_sub(LAST);
    mine.into_iter().skip(from).collect()
}

/// The end of the timeline that is seen, `up` lines above its end.
pub(super) fn timeline(app: &App, cells: usize, height: usize, up: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (at, text) in app.progress.timeline.iter().rev() {
        for (i, text) in wrap(text, cells.saturating_sub(10)).into_iter().enumerate().rev().collect::<Vec<_>>() {
            let at = if i == 0 { clock(*at) } else { String::new() };
            lines.push(Line::from(vec![Span::styled(format!("{at:>8}  "), app.theme.dim()), Span::raw(text)]));
        }
        if lines.len() >= height.saturating_add(up) {
            break;
        }
    }
    let up = up.min(lines.len().saturating_sub(height));
    lines.truncate(up + height);
    lines.drain(..up);
    lines.reverse();
    lines
}

/// What goes on by itself when slipway goes, what waits, and how it is found again.
pub(super) fn leaving(app: &App, cells: usize) -> Vec<Line<'static>> {
    let steps = || app.progress.steps.values();
    let under_way = steps().filter(|step| step.done.is_some() && !step.finished());
    let waits = steps().filter(|step| step.done.is_none());
    let mut lines = vec![Line::raw("")];
    let mut told = |name: &str, text: String| {
        for (i, text) in wrap(&text, cells.saturating_sub(24)).into_iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            lines.push(Line::from(vec![Span::styled(format!("  {name:<20}"), app.theme.dim()), Span::raw(text)]));
        }
    };
    told("goes on by itself", some(under_way.collect(), "nothing is under way"));
    told("waits for slipway", some(waits.collect(), "nothing: everything is written"));
    if let Some(run) = &app.progress.run {
        told("is shown again by", run.attach());
    }
    lines
}

fn some(steps: Vec<&StepState>, none: &str) -> String {
    let name = |step: &&StepState| named(step);
    match steps.len() {
        0 => none.to_string(),
        1..=4 => steps.iter().map(name).collect::<Vec<_>>().join(", "),
        many => format!("{} and {} more", steps[..3].iter().map(name).collect::<Vec<_>>().join(", "), many - 3),
    }
}
