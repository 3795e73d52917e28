//! The lines of the tree: components, workloads, pods, containers, each with its state, the reason and since when.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::cells::{pad, width};
use super::App;
use crate::event::{ContainerState, Readiness};
use crate::view::progress::tree::{Node, Row, rank, troubled};
use crate::view::progress::{PodSeen, StepState, named};

/// Cells of the age at the end of a line.
const AGE: usize = 7;
/// Width of the tree from which there is room for the nodes.
const NODES: usize = 100;

/// The lines of the tree that fit into `height`, with the marked one in view.
pub(super) fn tree(app: &App, rows: &[Row], at: usize, cells: usize, height: usize) -> Vec<Line<'static>> {
    let columns = Columns::of(app, rows, cells);
    let (from, to) = window(rows.len(), at, height);
    let mut lines: Vec<Line<'static>> = (from..to).map(|i| line(app, &rows[i], i == at, cells, &columns)).collect();
    let below = rows.len() - to;
    if below > 0 {
        let room = columns.group + 4;
        lines.push(Line::styled(format!("{:room$}{below} more below", ""), app.theme.dim()));
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
    /// The component's name.
    group: usize,
    /// From the sign that folds to the end of the name.
    name: usize,
    node: usize,
}

impl Columns {
    fn of(app: &App, rows: &[Row], cells: usize) -> Self {
        let (mut group, mut name, mut node) = (4, 12, 0);
        for row in rows {
            group = group.max(width(&row.group));
            match &row.node {
                Node::Step(id) => {
                    let Some(step) = app.progress.steps.get(id) else { continue };
                    name = name.max(width(&named(step)));
                }
                Node::Pod(uid) => {
                    let Some(seen) = app.progress.pods.get(uid) else { continue };
                    name = name.max(width(&seen.pod.name) + 2);
                    node = node.max(width(&seen.pod.node));
                }
                _ => {}
            }
        }
        let node = if cells < NODES { 0 } else { node.min(cells / 8) };
        Self { group: group.min(12), name: name.min((cells * 2 / 5).max(12)), node }
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
        Span::styled(pad(&row.group, columns.group, ellipsis), theme.bold()),
        Span::raw(format!(" {indent}{fold}")),
    ];
    let before = columns.group + 2 + indent.len() + 2;
    let Some(told) = told(app, row) else {
        spans.push(Span::styled(pad(&row.counted, cells.saturating_sub(before + 1), ellipsis), name_style));
        return Line::from(spans);
    };
    let name = columns.name.saturating_sub(indent.len());
    spans.push(Span::styled(pad(&told.name, name, ellipsis), name_style));
    spans.push(Span::raw(" "));
    let mut used = before + name + 1;
    let beside = match &row.node {
        Node::Step(_) if columns.node > 0 => columns.node.max(5),
        Node::Step(_) => 5,
        _ => columns.node,
    };
    if beside > 0 {
        spans.push(Span::raw(format!("{} ", pad(&told.parts, beside, ellipsis))));
        used += beside + 1;
    }
    spans.push(Span::styled(pad(&told.state, cells.saturating_sub(used + AGE + 1), ellipsis), told.style));
    spans.push(Span::styled(format!("{:>AGE$}", told.age.map(short).unwrap_or_default()), theme.dim()));
    Line::from(spans)
}

/// A duration in few cells: `12 s`, `4 min`, `2 h`.
fn short(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
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
        // The column before says it shorter.
        _ if step.reason.is_empty() || (step.of > 0 && step.reason.contains(" of ")) => "waiting".to_string(),
        _ => step.reason.clone(),
    };
    let parts = if step.of > 0 { format!("{}/{}", step.ready, step.of) } else { String::new() };
    let name = named(step);
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

/// A container in a word or two: `CrashLoopBackOff, exit 1, 3 restarts`.
pub(super) fn container_state(container: &ContainerState) -> String {
    let mut state = match (container.ready, container.state.as_str(), container.reason.as_str()) {
        (true, "running", _) => "ready".to_string(),
        (_, "", _) => "not started".to_string(),
        (_, state, "") => state.to_string(),
        (_, _, reason) => reason.to_string(),
    };
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
