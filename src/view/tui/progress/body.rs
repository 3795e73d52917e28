//! The lines of the progress screen's body, out of the state.

use ratatui::text::{Line, Span};

use super::super::cells::{cut, pad, width, wrap};
use super::App;
use crate::error::Failure;
use crate::event::Readiness;
use crate::view::progress::{Ending, GroupState, StepState, clock, seconds};

/// The groups in a strip of as many lines as they need, three at most.
pub(super) fn strip(app: &App, cells: usize) -> Vec<Line<'static>> {
    let signs = app.theme.signs;
    let mut lines = vec![vec![Span::raw(" ")]];
    let mut used = 1;
    for (name, state, since) in app.progress.groups() {
        let (sign, style) = match state {
            GroupState::Ready => (signs.ready, app.theme.good()),
            GroupState::Working => (signs.working, app.theme.accent()),
            GroupState::Held => (signs.held, app.theme.dim()),
            GroupState::Failed => (signs.failed, app.theme.bad()),
        };
        let mut text = format!(" {}", cut(name, 24, signs.ellipsis));
        if state == GroupState::Working && app.progress.ending.is_none() {
            text.push_str(&format!(" {}", clock(app.progress.elapsed.saturating_sub(since))));
        }
        let wide = width(sign) + width(&text) + 2;
        if used + wide > cells && used > 1 {
            lines.push(vec![Span::raw(" ")]);
            used = 1;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(sign, style));
            line.push(Span::raw(format!("{text}  ")));
        }
    }
    lines.truncate(3);
    lines.into_iter().map(Line::from).collect()
}

/// What is being waited for, with its age, and how long it usually takes.
pub(super) fn waiting(app: &App, cells: usize) -> Line<'static> {
    let usual = app.progress.run.as_ref().and_then(|run| run.usual_seconds);
    let right = match usual {
        Some((_, to)) if app.progress.elapsed.as_secs() > to => format!("longer than usual ({to} s)"),
        Some((from, to)) => format!("usually {from}-{to} s"),
        None => String::new(),
    };
    let left = match app.stopping {
        Some(_) => "stopping, as asked".to_string(),
        None => app.progress.waiting_for(),
    };
    let room = cells.saturating_sub(width(&right) + 3);
    Line::from(vec![
        Span::styled(format!(" {}", pad(&left, room, app.theme.signs.ellipsis)), app.theme.bold()),
        Span::styled(format!(" {right}"), app.theme.dim()),
    ])
}

/// Workloads and what else is waited for, each with its pods.
pub(super) fn workloads(app: &App, cells: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let shown = app.shown_pod();
    let mut last_group = "";
    let columns = Columns::of(app, cells);
    for (id, step) in
        app.progress.steps.iter().filter(|(_, step)| step.info.waits || step.readiness == Readiness::Failed)
    {
        let group = if step.info.group == last_group { "" } else { step.info.group.as_str() };
        last_group = &step.info.group;
        lines.push(workload(app, group, step, cells, columns.workload));
        for (pod, since) in app.progress.pods_of(id) {
            let marked = shown == Some(pod.name.as_str());
            let (sign, style) =
                if marked { (app.theme.signs.marker, app.theme.reverse()) } else { (" ", app.theme.plain()) };
            let restarts: u32 = pod.containers.iter().map(|container| container.restarts).sum();
            let mut state = pod.phase.clone();
            if pod.ready {
                state = "ready".into();
            } else if !pod.reason.is_empty() {
                state = format!("{state}  {}", pod.reason);
            }
            if restarts > 0 {
                state.push_str(&format!("  {restarts} restarts"));
            }
            if !pod.current {
                state.push_str("  (old)");
            }
            let age = seconds(app.progress.elapsed.saturating_sub(*since));
            let name = pad(&pod.name, columns.pod, app.theme.signs.ellipsis);
            let node = pad(&pod.node, columns.node, app.theme.signs.ellipsis);
            let room = cells.saturating_sub(width(&name) + width(&node) + 4 + 2 + 12);
            lines.push(Line::from(vec![
                Span::styled(format!("  {sign} "), app.theme.accent()),
                Span::styled(name, style),
                Span::raw(format!(" {node} ")),
                Span::raw(pad(&state, room, app.theme.signs.ellipsis)),
                Span::styled(format!("{age:>11}"), app.theme.dim()),
            ]));
        }
    }
    lines
}

/// Widths of the columns: as wide as what they hold, as long as the reasons keep their room.
struct Columns {
    workload: usize,
    pod: usize,
    node: usize,
}

impl Columns {
    fn of(app: &App, cells: usize) -> Self {
        let widest = |widths: &mut dyn Iterator<Item = usize>, least: usize, most: usize| {
            widths.max().unwrap_or(0).clamp(least, most.max(least))
        };
        let pods = || app.progress.pods.values().map(|(pod, _)| pod);
        Self {
            workload: widest(
                &mut app
                    .progress
                    .steps
                    .values()
                    .filter(|step| step.info.waits)
                    .map(|step| width(&step.info.object_kind) + 1 + width(&step.info.name)),
                12,
                cells * 2 / 5,
            ),
            pod: widest(&mut pods().map(|pod| width(&pod.name)), 12, cells / 3),
            node: widest(&mut pods().map(|pod| width(&pod.node)), 0, cells / 8),
        }
    }
}

fn workload(app: &App, group: &str, step: &StepState, cells: usize, column: usize) -> Line<'static> {
    let ellipsis = app.theme.signs.ellipsis;
    let style = match step.readiness {
        Readiness::Ready => app.theme.good(),
        Readiness::Failed => app.theme.bad(),
        Readiness::Waiting => app.theme.plain(),
        Readiness::Held => app.theme.dim(),
    };
    let word = match step.readiness {
        Readiness::Ready => "ready".to_string(),
        Readiness::Failed => format!("failed: {}", step.reason),
        Readiness::Held if step.done.is_none() && !step.started => "held back".to_string(),
        _ if step.reason.is_empty() => "waiting".to_string(),
        _ => step.reason.clone(),
    };
    let parts = if step.of > 0 { format!("{}/{}", step.ready, step.of) } else { String::new() };
    let age = match step.done {
        Some(_) => seconds(app.progress.elapsed.saturating_sub(step.since)),
        None => String::new(),
    };
    let group = pad(group, 10, ellipsis);
    let name = pad(&format!("{} {}", step.info.object_kind, step.info.name), column, ellipsis);
    let room = cells.saturating_sub(1 + 10 + 1 + width(&name) + 6 + 12);
    Line::from(vec![
        Span::styled(format!(" {group} "), app.theme.bold()),
        Span::raw(name),
        Span::raw(format!(" {} ", pad(&parts, 4, ellipsis))),
        Span::styled(pad(&word, room, ellipsis), style),
        Span::styled(format!("{age:>11}"), app.theme.dim()),
    ])
}

/// The cause on top: what, why, so, do, state; empty when nothing stands still.
pub(super) fn cause(app: &App, cells: usize) -> Vec<Line<'static>> {
    if let Some(Ending::Failed(failure)) = &app.progress.ending {
        return failed(app, failure, cells);
    }
    let Some((finding, hopeless)) = app.progress.cause() else { return Vec::new() };
    let word = if *hopeless { "STOPPED".to_string() } else { finding.severity.word().to_uppercase() };
    let style = if *hopeless || finding.blocks() { app.theme.bad() } else { app.theme.warn() };
    let mut lines = headline(app, &word, style, &finding.what, cells);
    rows(&mut lines, app, "why", &finding.why, cells);
    let held: Vec<&str> = app
        .progress
        .steps
        .values()
        .filter(|step| step.info.waits && step.done.is_none())
        .map(|step| step.info.name.as_str())
        .collect();
    if !held.is_empty() {
        rows(&mut lines, app, "so", &format!("{} held back", held.join(", ")), cells);
    }
    rows(&mut lines, app, "do", &finding.remedy, cells);
    rows(&mut lines, app, "state", &state(app), cells);
    rows(&mut lines, app, "code", &format!("{}   (slipway explain {})", finding.code, finding.code), cells);
    lines.push(Line::raw(""));
    lines
}

fn failed(app: &App, failure: &Failure, cells: usize) -> Vec<Line<'static>> {
    let mut lines = headline(app, "FAILED", app.theme.bad(), &failure.what, cells);
    rows(&mut lines, app, "where", &failure.place, cells);
    rows(&mut lines, app, "why", &failure.why.join("\n"), cells);
    let state = if failure.state.is_empty() { state(app) } else { failure.state.clone() };
    rows(&mut lines, app, "state", &state, cells);
    rows(&mut lines, app, "next", &failure.hints.join("\n"), cells);
    lines.push(Line::raw(""));
    lines
}

fn state(app: &App) -> String {
    let written = app.progress.steps.values().filter(|step| step.done.is_some()).count();
    let (ready, all) = app.progress.counts();
    format!("{written} of {all} objects are in the cluster, {ready} finished; nothing is deleted")
}

fn headline(app: &App, word: &str, style: ratatui::style::Style, what: &str, cells: usize) -> Vec<Line<'static>> {
    let room = cells.saturating_sub(word.len() + 4);
    let mut lines = Vec::new();
    for (i, text) in wrap(what, room).into_iter().enumerate() {
        let head = if i == 0 { format!(" {word}  ") } else { " ".repeat(word.len() + 3) };
        lines.push(Line::from(vec![Span::styled(head, style), Span::styled(text, app.theme.bold())]));
    }
    lines
}

fn rows(lines: &mut Vec<Line<'static>>, app: &App, name: &str, text: &str, cells: usize) {
    if text.is_empty() {
        return;
    }
    for (i, line) in wrap(text, cells.saturating_sub(12)).into_iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        lines.push(Line::from(vec![Span::styled(format!("   {name:<6} "), app.theme.dim()), Span::raw(line)]));
    }
}

/// The end: what is up where, and the notes.
pub(super) fn done(app: &App, cells: usize) -> Vec<Line<'static>> {
    let Some(run) = &app.progress.run else { return Vec::new() };
    let place = format!("{} / {}", run.context, run.namespace);
    let took = seconds(app.progress.elapsed);
    let mut lines = vec![Line::raw("")];
    match &app.progress.ending {
        Some(Ending::Finished { written, unchanged, notes }) => {
            let said = match run.verb.as_str() {
                "uninstall" => format!("{} is gone from {place} after {took}", run.title),
                _ => format!("{} {} is up in {place} after {took}", run.title, run.product_version),
            };
            lines.extend(headline(app, "DONE", app.theme.good(), &said, cells));
            let said = match written {
                0 => format!("nothing was written: all {unchanged} objects are as wanted"),
                _ => format!("{written} objects written, {unchanged} as they were"),
            };
            lines.push(Line::raw(format!("   {said}")));
            if !notes.is_empty() {
                lines.push(Line::raw(""));
            }
            for note in notes {
                for (i, text) in wrap(note, cells.saturating_sub(8)).into_iter().enumerate() {
                    let sign = if i == 0 { app.theme.signs.dot } else { " " };
                    lines.push(Line::raw(format!("   {sign} {text}")));
                }
            }
        }
        Some(Ending::Left { what }) => {
            lines.extend(headline(app, "LEFT", app.theme.warn(), what, cells));
            lines.push(Line::raw("   The same command again goes on from here."));
        }
        Some(Ending::Failed(_)) => {}
        None => {
            lines.extend(headline(
                app,
                "ENDED",
                app.theme.warn(),
                "the run told no end; nothing more will come",
                cells,
            ));
        }
    }
    lines.push(Line::raw(""));
    lines
}
