//! What every screen has: the header that always says where one is, rules, the footer and help out of the key table,
//! choices, and the card of a terminal that is too small.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::cells::{cut, pad, width, wrap};
use super::keys::{Action, Binding, Place, rows};
use super::theme::Theme;
use crate::sanitize;
use crate::view::questions::Whereabouts;

/// The smallest terminal that everything works on, in cells.
pub(super) const SMALLEST: (u16, u16) = (60, 18);

/// The rows of a screen: header, rule, body, rule, footer.
pub(super) struct Rows {
    pub(super) body: Rect,
    pub(super) footer: Rect,
}

/// A row of an area, empty when the area has no such row.
pub(super) fn row(area: Rect, i: u16, height: u16) -> Rect {
    let y = area.y.saturating_add(i).min(area.bottom());
    Rect { y, height: height.min(area.bottom().saturating_sub(y)), ..area }
}

/// Takes out of every cell what a terminal would obey, or what would change the order of what is read. Texts are made
/// safe where they are measured; this is the last door before the terminal, whatever a screen forgot.
pub(super) fn harmless(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() || cell.symbol().chars().any(char::is_control) {
            let kept: String = cell.symbol().chars().filter(|c| !sanitize::is_dangerous(*c)).collect();
            if kept != cell.symbol() {
                cell.set_symbol(if kept.is_empty() { " " } else { &kept });
            }
        }
    }
}

/// Draws header and rules, and says what is left. `right` stands at the header's end.
pub(super) fn frame(frame: &mut Frame<'_>, theme: Theme, here: &Whereabouts, right: &str) -> Rows {
    let area = frame.area();
    let cells = usize::from(area.width);
    let mut left = vec![Span::styled(" slipway  ", theme.bold())];
    let name = |text: &str| sanitize::line(text);
    let mut place = vec![Span::styled(format!(" {} ", name(&here.context)), theme.reverse()), Span::raw(" ")];
    place.push(Span::styled(format!(" ns {} ", name(&here.namespace)), theme.reverse()));
    if here.practice {
        place.push(Span::styled(" PRACTICE ", theme.warn().patch(theme.reverse())));
    }
    let mut room = cells.saturating_sub(11 + width(right) + 3);
    // The place is what must never be missing: what is done gives way first, then a long name of a context.
    let fixed: usize = place.iter().map(|span| width(&span.content)).sum();
    if fixed > room {
        let spare = room.saturating_sub(fixed - width(&place[0].content));
        place[0] = Span::styled(pad(&place[0].content, spare.max(6), theme.signs.ellipsis), theme.reverse());
    }
    room = room.saturating_sub(place.iter().map(|span| width(&span.content)).sum());
    left.push(Span::raw(cut(&here.doing, room, theme.signs.ellipsis)));
    left.push(Span::raw("  "));
    left.extend(place);
    let used: usize = left.iter().map(|span| width(&span.content)).sum();
    let gap = cells.saturating_sub(used + width(right) + 1);
    left.push(Span::raw(" ".repeat(gap)));
    left.push(Span::styled(right.to_string(), theme.bold()));
    frame.render_widget(Paragraph::new(Line::from(left)), row(area, 0, 1));
    rule(frame, theme, row(area, 1, 1), "");
    let bottom = area.height.saturating_sub(2);
    rule(frame, theme, row(area, bottom, 1), "");
    Rows { body: row(area, 2, area.height.saturating_sub(4)), footer: row(area, area.height.saturating_sub(1), 1) }
}

/// A rule with a title in it.
pub(super) fn rule(frame: &mut Frame<'_>, theme: Theme, area: Rect, title: &str) {
    let cells = usize::from(area.width);
    let title = cut(title, cells.saturating_sub(6), theme.signs.ellipsis);
    let mut spans = Vec::new();
    let mut used = 0;
    if !title.is_empty() {
        spans.push(Span::styled(theme.signs.rule.repeat(2), theme.dim()));
        used = 4 + width(&title);
        spans.push(Span::styled(format!(" {title} "), theme.bold()));
    }
    spans.push(Span::styled(theme.signs.rule.repeat(cells.saturating_sub(used)), theme.dim()));
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The footer of a place: as many keys as fit, out of the table, and help always.
pub(super) fn footer(frame: &mut Frame<'_>, theme: Theme, area: Rect, place: Place, said: &str) {
    let cells = usize::from(area.width);
    if !said.is_empty() {
        let line = Line::styled(format!(" {}", cut(said, cells.saturating_sub(2), theme.signs.ellipsis)), theme.bold());
        return frame.render_widget(Paragraph::new(line), area);
    }
    let named: Vec<_> = rows(place).filter(|row| !row.short.is_empty()).collect();
    let wide = |gap: usize| named.iter().map(|row| width(row.key) + 1 + width(row.short) + gap).sum::<usize>() + 1;
    let gap = if wide(3) <= cells + 3 { 3 } else { 2 };
    // Help keeps its place whatever else does not fit.
    let helps = |row: &Binding| row.action == Action::Help;
    let help: usize =
        named.iter().filter(|row| helps(row)).map(|row| width(row.key) + 1 + width(row.short) + gap).sum();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for row in &named {
        let wide = width(row.key) + 1 + width(row.short) + gap;
        let reserved = if helps(row) { 0 } else { help };
        if used + wide + reserved > cells + gap {
            continue;
        }
        used += wide;
        spans.push(Span::styled(row.key, theme.accent()));
        spans.push(Span::raw(format!(" {}{}", row.short, " ".repeat(gap))));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The help page of a place, over everything.
pub(super) fn help(frame: &mut Frame<'_>, theme: Theme, place: Place, scroll: usize, about: &[String]) {
    let area = frame.area();
    let cells = usize::from(area.width);
    let mut lines = vec![Line::styled(" Keys", theme.bold())];
    for key in rows(place) {
        lines.push(Line::from(vec![
            Span::styled(format!("   {:<10} ", key.key), theme.accent()),
            Span::raw(cut(key.long, cells.saturating_sub(15), theme.signs.ellipsis)),
        ]));
    }
    for paragraph in about {
        lines.push(Line::raw(""));
        lines.extend(wrap(paragraph, cells.saturating_sub(4)).into_iter().map(|line| Line::raw(format!(" {line}"))));
    }
    let room = usize::from(area.height.saturating_sub(2));
    let skip = scroll.min(lines.len().saturating_sub(room));
    let shown: Vec<Line<'_>> = lines.into_iter().skip(skip).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(shown), row(area, 0, area.height.saturating_sub(2)));
    rule(frame, theme, row(area, area.height.saturating_sub(2), 1), "");
    footer(frame, theme, row(area, area.height.saturating_sub(1), 1), Place::Help, "");
}

/// A question with choices over the screen; what is marked is what Enter does.
pub(super) fn choices(frame: &mut Frame<'_>, theme: Theme, body: Rect, asked: &str, texts: &[&str], marked: usize) {
    let cells = usize::from(body.width).saturating_sub(4);
    let mut lines = vec![Line::raw("")];
    lines.extend(wrap(asked, cells).into_iter().map(|line| Line::styled(format!("  {line}"), theme.bold())));
    lines.push(Line::raw(""));
    for (i, text) in texts.iter().enumerate() {
        lines.push(choice(theme, text, i == marked, cells));
    }
    frame.render_widget(Clear, body);
    frame.render_widget(Paragraph::new(lines), body);
}

fn choice<'a>(theme: Theme, text: &str, marked: bool, cells: usize) -> Line<'a> {
    let (sign, style) = if marked { (theme.signs.marker, theme.reverse()) } else { (" ", Style::default()) };
    Line::from(vec![
        Span::styled(format!("  {sign} "), theme.accent()),
        Span::styled(format!(" {} ", cut(text, cells.saturating_sub(4), theme.signs.ellipsis)), style),
    ])
}

/// Draws the card when the terminal is too small, and says whether it did.
pub(super) fn too_small(frame: &mut Frame<'_>, theme: Theme, state: &str) -> bool {
    let area = frame.area();
    if area.width >= SMALLEST.0 && area.height >= SMALLEST.1 {
        return false;
    }
    let cells = usize::from(area.width);
    let said = format!("slipway needs {}x{}, this is {}x{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for text in [said.as_str(), state, "make it larger, or use --plain; Ctrl-C asks to leave"] {
        lines.extend(wrap(text, cells).into_iter().map(Line::raw));
    }
    lines[0] = lines[0].clone().style(theme.bold());
    frame.render_widget(Paragraph::new(lines), area);
    true
}
