//! Draws data on its way.

use std::time::Duration;

use ratatui::Frame;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::wrap;
use super::super::paint;
use super::{App, Part};
use crate::plan::backup::words;
use crate::view::progress::seconds;

const ABOUT: &str = "What is in use stays in use meanwhile. A backup counts once it was read back as a whole; a restore takes \
    the old database's place at its very end, and the old one stays under another name.";
/// Widest bar.
const BAR: usize = 40;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let theme = app.theme;
    if paint::too_small(frame, theme, &app.here.doing) {
        return;
    }
    let right = match (&app.end, app.stopped) {
        (Some(_), _) => "DONE",
        (None, true) => "stopping",
        (None, false) => "moving",
    };
    let parts = paint::frame(frame, theme, &app.here, right);
    if let Some(down) = app.help {
        return paint::help(frame, theme, app.below(), down, &[ABOUT.to_string()]);
    }
    if let Some(marked) = app.stopping {
        let stop = format!("Stop: {}", app.stops);
        paint::choices(frame, theme, parts.body, "Stop?", &["Go on", &stop], marked);
        return paint::footer(frame, theme, parts.footer, app.place(), "");
    }
    let cells = usize::from(parts.body.width).saturating_sub(8);
    let mut lines = vec![Line::raw("")];
    if app.parts.is_empty() && app.end.is_none() {
        lines.push(Line::raw("   looking at what there is ..."));
    }
    for part in &app.parts {
        lines.extend(drawn(app, part, cells));
    }
    if let Some(end) = &app.end {
        lines.push(Line::raw(""));
        lines.push(Line::styled(format!(" {}", end.said), theme.good()));
        for note in &end.notes {
            let note = wrap(&crate::sanitize::line(note), cells);
            lines.extend(note.into_iter().map(|line| Line::raw(format!("   {line}"))));
        }
    }
    // The end of it is what counts.
    let skip = lines.len().saturating_sub(usize::from(parts.body.height));
    frame.render_widget(Paragraph::new(lines.into_iter().skip(skip).collect::<Vec<_>>()), parts.body);
    let said = if app.stopped && app.end.is_none() { "stopping: what was begun is cleaned up" } else { "" };
    paint::footer(frame, theme, parts.footer, app.place(), said);
}

fn drawn(app: &App, part: &Part, cells: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let (sign, style) = match part.done {
        Some(_) => (theme.signs.ready, theme.good()),
        None => (theme.signs.working, theme.accent()),
    };
    let took = |until: Duration| seconds(until.saturating_sub(part.began));
    let time = match part.done {
        Some(_) if part.what.is_empty() => String::new(),
        Some(done) => format!("  {}", took(done)),
        None => format!("  {}", took(app.clock.max(part.began))),
    };
    let mut lines = Vec::new();
    for (i, line) in wrap(&part.said, cells.saturating_sub(time.len())).into_iter().enumerate() {
        let (sign, time) = if i == 0 { (sign, time.clone()) } else { ("", String::new()) };
        lines.push(Line::from(vec![
            Span::styled(format!(" {sign:<3} "), style),
            Span::raw(line),
            Span::styled(time, theme.dim()),
        ]));
    }
    if let (Some((bytes, per_second)), None) = (part.moved, part.done) {
        let speed = format!("{}, {} a second", words(bytes), words(per_second));
        let text = match part.size.filter(|size| *size > 0) {
            // A dump is smaller than its data, or larger than what was said of it: the bar never says that it is whole.
            Some(size) => {
                let wide = cells.saturating_sub(36).min(BAR);
                let share = u128::from(bytes) * wide as u128 / u128::from(size);
                let full = usize::try_from(share).unwrap_or(wide).min(wide.saturating_sub(1));
                format!("[{}{}] {speed} of {}", "#".repeat(full), ".".repeat(wide - full), words(size))
            }
            None => speed,
        };
        lines.push(Line::raw(format!("     {text}")));
    }
    lines
}
