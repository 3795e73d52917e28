//! The lines of the tree: components, workloads, pods, containers, each with its state, the reason and since when.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::cells::{pad, width};
use super::App;
use crate::event::{ContainerState, Readiness};
use crate::view::progress::tree::{Node, Row, rank, troubled};
use crate::view::progress::{PodSeen, StepState, seconds};

/// Cells of the component's name, with the space after it.
const GROUP: usize = 11;
/// Cells of the age at the end of a line.
const AGE: usize = 11;

/// The lines of the tree that fit into `height`, with the marked one in view.
pub(super) fn tree(app: &App, rows: &[Row], at: usize, cells: usize, height: usize) -> Vec<Line<'static>> {
    let columns = Columns::of(app, rows, cells);
    let (from, to) = window(rows.len(), at, height);
    let mut lines: Vec<Line<'static>> = (from..to).map(|i| line(app, &rows[i], i == at, cells, &columns)).collect();
    let below = rows.len() - to;
    if below > 0 {
        lines.push(Line::styled(format!("{:GROUP$}    {below} more below", ""), app.theme.dim()));
    }
    lines
}

/// The part of a list that is seen: the marked line in it, and a last line for how many more there are.
fn window(len: usize, at: usize, height: usize) -> (usize, usize) {
    if len <= height || height < 2 {
        return (at.min(len.saturating_sub(height)), len.min(at.min(len.saturating_sub(height)) + height));
    }
    let seen = height - 1;
    let from = at.saturating_sub(seen / 2).min(len - seen);
    // At the end nothing is below, and the last line is one more of the list.
    if from + seen >= len { (len - height, len) } else { (from, from + seen) }
}

/// Widths of the columns: as wide as what they hold, as long as the reasons keep their room.
struct Columns {
    name: usize,
    node: usize,
}

impl Columns {
    fn of(app: &App, rows: &[Row], cells: usize) -> Self {
        let (mut name, mut node) = (12, 0);
        for row in rows {
            match &row.node {
                Node::Step(id) => {
                    let Some(step) = app.progress.steps.get(id) else { continue };
                    name = name.max(width(&step.info.object_kind) + 1 + width(&step.info.name));
                }
                Node::Pod(uid) => {
                    let Some(seen) = app.progress.pods.get(uid) else { continue };
                    name = name.max(width(&seen.pod.name) + 2);
                    node = node.max(width(&seen.pod.node));
                }
                _ => {}
            }
        }
        Self { name: name.min((cells * 2 / 5).max(12)), node: node.min(cells / 8) }
    }
}

fn line(app: &App, row: &Row, marked: bool, cells: usize, columns: &Columns) -> Line<'static> {
    let theme = app.theme;
    let marker = if marked { theme.signs.marker } else { " " };
    let name_style = if marked { theme.reverse() } else { theme.plain() };
    let ellipsis = theme.signs.ellipsis;
    let fold = match row.open {
        Some(false) => "+ ",
        Some(true) if !row.counted.is_empty() => "- ",
        _ => "  ",
    };
    let indent = "  ".repeat(usize::from(row.depth));
    let mut spans = vec![
        Span::styled(marker, theme.accent()),
        Span::styled(pad(&row.group, GROUP - 1, ellipsis), theme.bold()),
        Span::raw(format!("{indent}{fold}")),
    ];
    let used = GROUP + indent.len() + 2;
    let Some(told) = told(app, row) else {
        spans.push(Span::styled(pad(&row.counted, cells.saturating_sub(used + 1), ellipsis), name_style));
        return Line::from(spans);
    };
    let name = (columns.name + 2).saturating_sub(indent.len());
    spans.push(Span::styled(pad(&told.name, name.saturating_sub(2), ellipsis), name_style));
    let mut column = |text: &str, wide: usize| spans.push(Span::raw(format!(" {} ", pad(text, wide, ellipsis))));
    let beside = match &row.node {
        Node::Step(_) => {
            column(&told.parts, 5);
            7
        }
        _ if columns.node > 0 => {
            column(&told.parts, columns.node);
            columns.node + 2
        }
        _ => {
            column("", 0);
            2
        }
    };
    let room = cells.saturating_sub(GROUP + 2 + columns.name + beside + AGE + 1);
    spans.push(Span::styled(pad(&told.state, room, ellipsis), told.style));
    spans.push(Span::styled(format!("{:>AGE$}", told.age.map(seconds).unwrap_or_default()), theme.dim()));
    Line::from(spans)
}

struct Told {
    name: String,
    parts: String,
    state: String,
    style: Style,
    age: Option<Duration>,
}

fn told(app: &App, row: &Row) -> Option<Told> {
    let progress = &app.progress;
    let age = |since: Duration| Some(progress.elapsed.saturating_sub(since));
    match &row.node {
        Node::Step(id) => Some(step(app, progress.steps.get(id)?, age)),
        Node::Pod(uid) => Some(pod(app, progress.pods.get(uid)?, age)),
        Node::Container(uid, name) => {
            let seen = progress.pods.get(uid)?;
            let at = seen.pod.containers.iter().position(|container| &container.name == name)?;
            let container = &seen.pod.containers[at];
            let style = match (troubled(container), container.ready) {
                (true, _) => app.theme.bad(),
                (_, true) => app.theme.good(),
                _ => app.theme.plain(),
            };
            let since = seen.containers.get(at).copied().unwrap_or_default();
            let parts = if container.init { "init".to_string() } else { String::new() };
            Some(Told { name: name.clone(), parts, state: container_state(container), style, age: age(since) })
        }
        Node::Others(_) | Node::Rest(_) | Node::Ready(_) => None,
    }
}

fn step(app: &App, step: &StepState, age: impl Fn(Duration) -> Option<Duration>) -> Told {
    let theme = app.theme;
    let style = match step.readiness {
        Readiness::Ready => theme.good(),
        Readiness::Failed => theme.bad(),
        Readiness::Waiting => theme.plain(),
        Readiness::Held => theme.dim(),
    };
    let state = match step.readiness {
        Readiness::Ready => "ready".to_string(),
        Readiness::Failed => format!("failed: {}", step.reason),
        Readiness::Held if step.done.is_none() && !step.started => match step.reason.as_str() {
            "" => "held back".to_string(),
            reason => reason.to_string(),
        },
        _ if step.reason.is_empty() => "waiting".to_string(),
        _ => step.reason.clone(),
    };
    let parts = if step.of > 0 { format!("{}/{}", step.ready, step.of) } else { String::new() };
    let name = format!("{} {}", step.info.object_kind, step.info.name);
    let age = if step.done.is_some() || step.started { age(step.since) } else { None };
    Told { name, parts, state, style, age }
}

fn pod(app: &App, seen: &PodSeen, age: impl Fn(Duration) -> Option<Duration>) -> Told {
    let pod = &seen.pod;
    let restarts: u32 = pod.containers.iter().map(|container| container.restarts).sum();
    let mut state = match (pod.ready, pod.reason.as_str()) {
        (true, _) => "ready".to_string(),
        (false, "") => pod.phase.clone(),
        (false, reason) => reason.to_string(),
    };
    if restarts > 0 && !state.contains("restart") {
        state.push_str(&format!(", {}", times(restarts)));
    }
    if !pod.current {
        state.push_str(" (old)");
    }
    let style = match rank(seen) {
        0 => app.theme.bad(),
        2 => app.theme.good(),
        _ => app.theme.plain(),
    };
    Told { name: pod.name.clone(), parts: pod.node.clone(), state, style, age: age(seen.since) }
}

/// A container in a word or two: `waiting: CrashLoopBackOff, exit 1, 3 restarts`.
pub(super) fn container_state(container: &ContainerState) -> String {
    let mut state = match (container.ready, container.state.as_str()) {
        (true, "running") => "ready".to_string(),
        (_, "") => "not started".to_string(),
        (_, state) => state.to_string(),
    };
    if !container.reason.is_empty() {
        state.push_str(&format!(": {}", container.reason));
    }
    if let Some(code) = container.exit_code {
        state.push_str(&format!(", exit {code}"));
    }
    if container.restarts > 0 {
        state.push_str(&format!(", {}", times(container.restarts)));
    }
    state
}

fn times(restarts: u32) -> String {
    if restarts == 1 { "1 restart".into() } else { format!("{restarts} restarts") }
}
