//! Draws the progress screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::cells::{cut, width};
use super::super::paint::{self, row};
use super::press::{GOINGS, MENDINGS, STOPS};
use super::{App, Over, body, end, evidence, lines};
use crate::view::progress::clock;
use crate::view::progress::tree::Row;

const ABOUT: [&str; 2] = [
    "The components are on top with their time, then their workloads, pods and containers with why they are where they \
     are, then the log of what is marked. A component is done when all of it is ready. What is healthy is counted; Enter \
     opens it.",
    "What is in the cluster goes on when slipway goes: slipway attach shows it again, and the same command takes it up.",
];
/// Width from which the log stands beside the tree.
const WIDE: u16 = 160;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let (finished, all) = app.progress.counts();
    let right = format!("{finished} of {all}  {}", clock(app.progress.elapsed));
    if paint::too_small(frame, app.theme, &right) {
        return;
    }
    let rows = paint::frame(frame, app.theme, &app.whereabouts(), &right);
    let cells = usize::from(rows.body.width);
    match app.over {
        Over::Help(down) => {
            let about: Vec<String> = ABOUT.iter().map(ToString::to_string).collect();
            return paint::help(frame, app.theme, app.ground(), down, &about);
        }
        Over::Timeline(up) => {
            let shown = evidence::timeline(app, cells, usize::from(rows.body.height), up);
            frame.render_widget(Clear, rows.body);
            frame.render_widget(Paragraph::new(shown), rows.body);
        }
        Over::Evidence(down) => {
            let all = evidence::lines(app, cells);
            let skip = down.min(all.len().saturating_sub(usize::from(rows.body.height)));
            frame.render_widget(Paragraph::new(all.into_iter().skip(skip).collect::<Vec<_>>()), rows.body);
        }
        Over::Stopping(marked) => {
            let asked = format!("How should it stop? {finished} of {all} objects are done; nothing is deleted.");
            let texts: Vec<&str> = STOPS.iter().map(|(_, text)| *text).collect();
            paint::choices(frame, app.theme, rows.body, &asked, &texts, marked);
            let used = 3 + u16::try_from(STOPS.len()).unwrap_or(0);
            frame.render_widget(Paragraph::new(evidence::leaving(app, cells)), below(rows.body, used));
        }
        Over::GoingOn(marked) => {
            let remaining = all.saturating_sub(finished);
            let asked = format!(
                "Go on with what remains? {remaining} of {all} objects are not done. They are written as they were \
                 agreed to when the run was begun."
            );
            paint::choices(frame, app.theme, rows.body, &asked, &GOINGS, marked);
        }
        Over::Mending(marked) => {
            let asked = app.mend().map_or_else(String::new, |mend| {
                format!("Change \"{}\"? This run is left as it is, nothing is deleted; the plan with the new answer is shown before anything is written.", mend.ask)
            });
            paint::choices(frame, app.theme, rows.body, &asked, &MENDINGS, marked);
        }
        Over::Nothing => under(app, frame, rows.body),
    }
    let said = if app.log.typing {
        format!("/{}_   Enter keeps it, Esc shows every line", app.log.filter)
    } else {
        app.said.clone()
    };
    paint::footer(frame, app.theme, rows.footer, app.place(), &said);
}

fn below(area: Rect, used: u16) -> Rect {
    row(area, used, area.height.saturating_sub(used))
}

/// Where things are.
struct Layout {
    top: Vec<Line<'static>>,
    tree: Rect,
    log: Rect,
}

fn layout(app: &App, area: Rect, tree: &[Row]) -> Layout {
    let cells = usize::from(area.width);
    let mut top = body::strip(app, cells);
    if !app.over() {
        top.extend(body::waiting(app, cells));
    }
    top.push(Line::raw(""));
    top.extend(body::cause(app, cells));
    // What is on top never leaves less than six lines for the rest, so that there is always something to walk.
    let height = u16::try_from(top.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(6));
    let rest = below(area, height);
    let (list, log) = if rest.width >= WIDE {
        let part = rest.width * 3 / 5;
        let log = Rect { x: rest.x + part + 1, width: rest.width - part - 1, ..rest };
        (Rect { width: part, ..rest }, log)
    } else {
        let half = (rest.height / 2).max(rest.height.saturating_sub(8));
        let list = u16::try_from(tree.len() + 1).unwrap_or(u16::MAX).min(half);
        (row(rest, 0, list), below(rest, list))
    };
    top.truncate(usize::from(height));
    Layout { top, tree: list, log }
}

/// Lines of the log that are seen, by the size that the terminal told.
pub(super) fn log_height(app: &App) -> usize {
    let (width, height) = app.size;
    let area = Rect::new(0, 0, width, height.saturating_sub(4));
    if app.zoomed {
        return usize::from(area.height.saturating_sub(1)).max(1);
    }
    let (rows, _) = app.tree();
    usize::from(layout(app, area, &rows).log.height.saturating_sub(1)).max(1)
}

fn under(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let cells = usize::from(area.width);
    let (rows, at) = app.tree();
    if app.zoomed {
        return log(app, frame, area, rows.get(at));
    }
    if app.shows_end() {
        let mut top = body::strip(app, cells);
        top.extend(end::lines(app, cells));
        return frame.render_widget(Paragraph::new(top), area);
    }
    let Layout { top, tree, log: logs } = layout(app, area, &rows);
    frame.render_widget(Paragraph::new(top), row(area, 0, tree.y.saturating_sub(area.y)));
    let list = lines::tree(app, &rows, at, usize::from(tree.width), usize::from(tree.height));
    frame.render_widget(Paragraph::new(list), tree);
    log(app, frame, logs, rows.get(at));
}

fn log(app: &App, frame: &mut Frame<'_>, area: Rect, marked: Option<&Row>) {
    let head = row(area, 0, 1);
    let Some(of) = app.log_of(marked) else {
        return paint::rule(frame, app.theme, head, "no pod of it, so no log");
    };
    let name = format!("{} {}", of.0, of.1);
    let Some(log) = app.progress.logs.get(&of) else {
        return paint::rule(frame, app.theme, head, &format!("{}: no log yet", name.trim_end()));
    };
    let new = app.log.new_lines(log, &of);
    let mut state = match (&log.broken, app.log.follows()) {
        (Some(why), _) => format!("broken off: {why}"),
        (None, true) => "following".into(),
        (None, false) if new == 0 => "paused: End follows".into(),
        (None, false) => format!("paused, {new} new: End follows"),
    };
    if !app.log.filter.is_empty() {
        state.push_str(&format!(", only \"{}\"", app.log.filter));
    }
    if app.log.wrap {
        state.push_str(", wrapped");
    }
    let cells = usize::from(area.width);
    if log.dropped > 0 || cells >= 60 {
        state.push_str(&format!(", {} dropped", log.dropped));
    }
    let state = cut(&state, cells.saturating_sub(8), app.theme.signs.ellipsis);
    let name = cut(&name, cells.saturating_sub(width(&state) + 10), app.theme.signs.ellipsis);
    paint::rule(frame, app.theme, head, &format!("{name}  {state}"));
    let under = below(area, 1);
    let shown = app.log.lines(log, &of, cells.saturating_sub(2), usize::from(under.height), app.theme.signs.ellipsis);
    let shown: Vec<Line<'_>> = shown.into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    frame.render_widget(Paragraph::new(shown), under);
}
