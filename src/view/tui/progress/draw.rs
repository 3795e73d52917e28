//! Draws the progress screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::super::cells::wrap;
use super::super::keys::Place;
use super::super::paint::{self, row};
use super::{App, Over, STOPS, body, log};
use crate::view::progress::{Ending, clock};

const ABOUT: &str = "The groups are on top, then each workload with its pods and why they are where they are, then the log of \
    the marked pod. A group is done when all of it is ready. What is in the cluster goes on when slipway goes: the same \
    command takes it up again.";

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let (finished, all) = app.progress.counts();
    let right = format!("{finished} of {all}  {}", clock(app.progress.elapsed));
    if paint::too_small(frame, app.theme, &right) {
        return;
    }
    let rows = paint::frame(frame, app.theme, &app.whereabouts(), &right);
    match app.over {
        Over::Help(down) => {
            let place = if app.over() { Place::Ended } else { Place::Progress };
            return paint::help(frame, app.theme, place, down, &[ABOUT.to_string()]);
        }
        Over::Timeline(up) => timeline(app, frame, rows.body, up),
        Over::Stopping(marked) => {
            let asked = format!("How should it stop? {finished} of {all} objects are done; nothing is deleted.");
            let texts: Vec<&str> = STOPS.iter().map(|(_, text)| *text).collect();
            paint::choices(frame, app.theme, rows.body, &asked, &texts, marked);
        }
        Over::Nothing if app.zoomed => draw_log(app, frame, rows.body),
        Over::Nothing => pods(app, frame, rows.body),
    }
    let said = if app.log.typing {
        format!("/{}_   Enter keeps it, Esc shows every line", app.log.filter)
    } else {
        app.said.clone()
    };
    paint::footer(frame, app.theme, rows.footer, app.place(), &said);
}

fn pods(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let cells = usize::from(area.width);
    let mut lines = body::strip(app, cells);
    let ended = app.over();
    if ended && !matches!(app.progress.ending, Some(Ending::Failed(_))) {
        lines.extend(body::done(app, cells));
    } else {
        if !ended {
            lines.push(body::waiting(app, cells));
        }
        lines.push(Line::raw(""));
        lines.extend(body::cause(app, cells));
    }
    // What is on top never leaves less than three lines for the rest, unless it is the end, which stands alone.
    let top = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(if ended { 0 } else { 3 }));
    frame.render_widget(Paragraph::new(lines), row(area, 0, top));
    let rest = row(area, top, area.height - top);
    if rest.height < 3 {
        return;
    }
    let wide = rest.width >= 120;
    let (list, logs) = if wide {
        let half = rest.width * 3 / 5;
        (Rect { width: half, ..rest }, Rect { x: rest.x + half, width: rest.width - half, ..rest })
    } else {
        let lines = body::workloads(app, cells).len();
        let half = (rest.height / 2).max(rest.height.saturating_sub(8));
        let list = u16::try_from(lines + 1).unwrap_or(u16::MAX).min(half);
        (row(rest, 0, list), row(rest, list, rest.height - list))
    };
    let lines = body::workloads(app, usize::from(list.width));
    let skip = app.scroll.min(lines.len().saturating_sub(usize::from(list.height)));
    frame.render_widget(Paragraph::new(lines.into_iter().skip(skip).collect::<Vec<_>>()), list);
    draw_log(app, frame, logs);
}

fn draw_log(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let Some(pod) = app.shown_pod() else { return };
    let Some((container, log)) = log::of_pod(&app.progress, pod) else {
        paint::rule(frame, app.theme, row(area, 0, 1), &format!("{pod}: no log yet"));
        return;
    };
    let mut title = format!("{pod} {container}");
    title.push_str(&match (&log.broken, app.log.follow, app.log.new) {
        (Some(why), _, _) => format!("  broken off: {why}"),
        (None, true, _) => "  following".into(),
        (None, false, 0) => "  standing still, f follows".into(),
        (None, false, new) => format!("  {new} new lines, f follows"),
    });
    if !app.log.filter.is_empty() {
        title.push_str(&format!("  only \"{}\"", app.log.filter));
    }
    title.push_str(&format!(", {} dropped", log.dropped));
    paint::rule(frame, app.theme, row(area, 0, 1), &title);
    let under = row(area, 1, area.height.saturating_sub(1));
    let cells = usize::from(area.width).saturating_sub(2);
    let lines = app.log.lines(log, cells, usize::from(under.height), app.theme.signs.ellipsis);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    frame.render_widget(Paragraph::new(lines), under);
}

fn timeline(app: &App, frame: &mut Frame<'_>, area: Rect, up: usize) {
    let cells = usize::from(area.width).saturating_sub(10);
    let mut lines = Vec::new();
    for (at, text) in &app.progress.timeline {
        for (i, text) in wrap(text, cells).into_iter().enumerate() {
            let at = if i == 0 { clock(*at) } else { String::new() };
            lines.push(Line::from(vec![Span::styled(format!("{at:>8} "), app.theme.dim()), Span::raw(text)]));
        }
    }
    let height = usize::from(area.height);
    let end = lines.len().saturating_sub(up).max(height.min(lines.len()));
    lines.truncate(end);
    let shown = lines.split_off(end.saturating_sub(height));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(shown), area);
}
