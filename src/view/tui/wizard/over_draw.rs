//! Draws what lies over a page: several lines, entries, the cluster's list, the list of pages, "make it again?".

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::super::Theme;
use super::super::cells::{cut, cut_start, pad, width, wrap};
use super::super::paint::{self, row};
use super::App;
use super::entries::Entries;
use super::field::Field;
use super::pages_list::{Line as PageLine, Mark, To};
use crate::view::questions::{Questions, lines_rule, wrong};

/// Draws lines with the marked one in view; the rest of the area is blank.
fn scrolled(frame: &mut Frame<'_>, theme: Theme, area: Rect, lines: Vec<Line<'static>>, marked: usize) {
    let height = usize::from(area.height);
    let skip = (marked + 2).min(lines.len()).saturating_sub(height);
    let below = lines.len().saturating_sub(skip + height);
    frame.render_widget(Paragraph::new(lines.into_iter().skip(skip).collect::<Vec<_>>()), area);
    more_below(frame, theme, area, below);
}

/// Says how many lines stand below what is seen, in the place of the last one.
pub(super) fn more_below(frame: &mut Frame<'_>, theme: Theme, area: Rect, below: usize) {
    if below > 0 {
        let last = row(area, area.height.saturating_sub(1), 1);
        let text = format!("{:>width$}", format!("{} more below ", below + 1), width = usize::from(area.width));
        frame.render_widget(Paragraph::new(Line::styled(text, theme.dim())), last);
    }
}

fn cursor(frame: &mut Frame<'_>, area: Rect, column: usize, line: usize) {
    if let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(line))
        && x < area.width
        && y < area.height
    {
        frame.set_cursor_position(Position { x: area.x + x, y: area.y + y });
    }
}

pub(super) fn lines<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, body: Rect) {
    let Some((question, _)) = app.focused() else { return };
    let Some(draft) = app.drafts.get(&question.path) else { return };
    let theme = app.theme;
    let cells = usize::from(body.width).saturating_sub(4);
    frame.render_widget(Clear, body);
    let head = vec![
        Line::styled(format!(" {}", cut(&question.ask, cells, theme.signs.ellipsis)), theme.accent()),
        Line::styled(format!("   {}", lines_rule(&question).trim()), theme.dim()),
    ];
    frame.render_widget(Paragraph::new(head), row(body, 0, 2));
    let mut below: Vec<Line<'static>> = match &app.verdict {
        Some(fault) => {
            let told = wrap(&format!("not yet: {fault}"), cells).into_iter().take(3);
            told.map(|line| Line::styled(format!(" {line}"), theme.warn())).collect()
        }
        None if draft.text().trim().is_empty() && question.why.is_empty() => Vec::new(),
        None if draft.text().trim().is_empty() => {
            wrap(&question.why, cells).into_iter().map(|line| Line::raw(format!(" {line}"))).collect()
        }
        None => vec![Line::styled(" it can be taken as it is", theme.good())],
    };
    below.insert(0, Line::raw(""));
    let height = body.height.saturating_sub(3 + u16::try_from(below.len()).unwrap_or(0));
    let area = row(body, 3, height);
    let (before, _) = draft.parts();
    let at = before.matches('\n').count();
    let column = width(&cut(before.rsplit('\n').next().unwrap_or(""), cells.saturating_sub(1), ""));
    let trailing = before.rsplit('\n').next().unwrap_or("");
    // Blanks at the end of what is typed are cells too.
    let column = column + trailing.len() - trailing.trim_end_matches(' ').len();
    let skip = (at + 1).saturating_sub(usize::from(height));
    let shown: Vec<Line<'_>> = draft
        .text()
        .split('\n')
        .skip(skip)
        .map(|line| Line::raw(format!("  {}", cut(line, cells, theme.signs.ellipsis))))
        .collect();
    frame.render_widget(Paragraph::new(shown), area);
    let count = u16::try_from(below.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(below), row(body, 3 + height, count));
    cursor(frame, area, column + 2, at - skip);
}

/// One cell of an entry, with the column of the cursor in it.
fn cell(field: &Field, room: usize, ellipsis: &str) -> (String, usize) {
    let (before, after) = field.parts();
    let before = cut_start(before, room.saturating_sub(1), ellipsis);
    let at = width(&before);
    (format!("{before}{}", cut(after, room.saturating_sub(at), ellipsis)), at)
}

pub(super) fn entries<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let Some((question, _)) = app.focused() else { return };
    let Some(entries) = &app.entries else { return };
    let theme = app.theme;
    let signs = theme.signs;
    let cells = usize::from(area.width).saturating_sub(4);
    let fault = question.fault.as_ref().filter(|_| !entries.being_typed);
    let faulty = fault.and_then(|fault| entries.row_of(fault));
    let mut drawn = vec![Line::styled(format!(" {}", cut(&question.ask, cells, signs.ellipsis)), theme.accent())];
    if !question.why.is_empty() {
        drawn.extend(wrap(&question.why, cells).into_iter().map(|line| Line::raw(format!("   {line}"))));
    }
    drawn.push(Line::raw(""));
    let name = name_width(entries, cells);
    let mut at = (0, 0);
    for (i, fields) in entries.rows.iter().enumerate() {
        let marked = i == entries.row;
        let sign = if faulty == Some(i) { "!" } else { " " };
        let marker = if marked { signs.marker } else { " " };
        let mut spans = vec![
            Span::styled(format!(" {marker}"), theme.accent()),
            Span::styled(sign.to_string(), theme.bad()),
            Span::styled(format!("{:>3} ", i + 1), theme.dim()),
        ];
        let mut column = 7;
        for (c, field) in fields.iter().enumerate() {
            let room = match (entries.pairs, c) {
                (true, 0) => name,
                (true, _) => cells.saturating_sub(name + 12),
                (false, _) => cells.saturating_sub(8),
            };
            let (text, in_cell) = cell(field, room, signs.ellipsis);
            let here = marked && c == entries.cell;
            spans.push(Span::raw(if c == 0 { "" } else { " = " }));
            column += if c == 0 { 0 } else { name + 3 };
            if here {
                at = (drawn.len(), column + in_cell);
            }
            let style = if here { theme.reverse() } else { theme.plain() };
            let empty = i + 1 == entries.rows.len() && !marked && c == 0;
            let text = if empty { "add another".to_string() } else { text };
            spans.push(Span::styled(pad(&text, room, signs.ellipsis), if empty { theme.dim() } else { style }));
        }
        drawn.push(Line::from(spans));
    }
    drawn.push(Line::raw(""));
    if let Some(fault) = fault {
        let told = wrap(&format!("! {}", wrong(fault, &question.example)), cells);
        drawn.extend(told.into_iter().map(|line| Line::styled(format!("   {line}"), theme.bad())));
    } else if !question.example.is_empty() {
        drawn.push(Line::raw(format!(
            "   such as {}",
            cut(&question.example, cells.saturating_sub(10), signs.ellipsis)
        )));
    }
    let height = usize::from(area.height);
    let skip = (at.0 + 4).min(drawn.len()).saturating_sub(height);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(drawn.into_iter().skip(skip).collect::<Vec<_>>()), area);
    cursor(frame, area, at.1, at.0.saturating_sub(skip));
}

fn name_width(entries: &Entries, cells: usize) -> usize {
    let widest = entries.rows.iter().filter_map(|row| row.first()).map(|name| width(name.text()) + 1).max();
    widest.unwrap_or(0).clamp(12, (cells / 2).max(12))
}

pub(super) fn picker<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let Some((question, _)) = app.focused() else { return };
    let theme = app.theme;
    let signs = theme.signs;
    let cells = usize::from(area.width).saturating_sub(4);
    let now = app.drafts.get(&question.path).map_or(question.text.as_str(), Field::text);
    let picks = app.picker.picks(&question, now);
    let marked = app.picker.at.min(picks.len().saturating_sub(1));
    let filter = if app.picker.filter.is_empty() {
        "type to narrow the list".to_string()
    } else {
        format!("only with \"{}\"", app.picker.filter)
    };
    let head = vec![
        Line::styled(format!(" {}", cut(&question.ask, cells, signs.ellipsis)), theme.accent()),
        Line::styled(format!("   {}", cut(&filter, cells, signs.ellipsis)), theme.dim()),
        Line::raw(""),
    ];
    let name = picks.iter().map(|pick| width(&pick.text)).max().unwrap_or(0).min(cells * 3 / 5);
    let list = picks.iter().enumerate().map(|(i, pick)| {
        let style = if i == marked { theme.reverse() } else { theme.plain() };
        let note = if pick.now && pick.note.is_empty() {
            "stands now".to_string()
        } else if pick.now {
            format!("stands now, {}", pick.note)
        } else {
            pick.note.clone()
        };
        Line::from(vec![
            Span::styled(format!(" {} ", if i == marked { signs.marker } else { " " }), theme.accent()),
            Span::styled(pad(&pick.text, name, signs.ellipsis), style),
            Span::raw(format!("  {}", cut(&note, cells.saturating_sub(name + 3), signs.ellipsis))),
        ])
    });
    let list: Vec<Line<'static>> = list.collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(head), row(area, 0, 3));
    // What is marked is told in full below: its note may be cut in the list.
    let note = picks.get(marked).map(|pick| pick.note.as_str()).filter(|note| name + 3 + width(note) > cells);
    let below: Vec<Line<'static>> = note
        .map(|note| wrap(note, cells).into_iter().take(3).map(|line| Line::raw(format!("   {line}"))).collect())
        .unwrap_or_default();
    let height = u16::try_from(below.len()).unwrap_or(0);
    let room = area.height.saturating_sub(3 + if height > 0 { height + 1 } else { 0 });
    let room = room.min(u16::try_from(list.len()).unwrap_or(u16::MAX));
    scrolled(frame, theme, row(area, 3, room), list, marked);
    frame.render_widget(Paragraph::new(below), row(area, 4 + room, height));
}

pub(super) fn pages<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, body: Rect, marked: usize) {
    let theme = app.theme;
    let signs = theme.signs;
    let cells = usize::from(body.width).saturating_sub(2);
    let lines = app.page_lines();
    let indent_of = |line: &PageLine| if matches!(line.to, To::Question(_)) { 2 } else { 0 };
    let title = lines.iter().map(|line| width(&line.title) + indent_of(line)).max().unwrap_or(0).min(cells * 2 / 5);
    let list: Vec<Line<'static>> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let fault = matches!(line.to, To::Question(_));
            let (sign, style) = match (line.mark, fault) {
                (Mark::Done, _) => (signs.ready, theme.good()),
                (Mark::Faulty, false) => (signs.failed, theme.bad()),
                _ => ("", theme.plain()),
            };
            let marker = if i == marked { signs.marker } else { " " };
            let indent = indent_of(line);
            let name = pad(&line.title, title.saturating_sub(indent), signs.ellipsis);
            let told = match (fault, line.mark) {
                (true, Mark::Faulty) => theme.bad(),
                (true, _) => theme.warn(),
                (false, _) => theme.plain(),
            };
            let state = cut(&line.state, cells.saturating_sub(title + 10), signs.ellipsis);
            Line::from(vec![
                Span::styled(format!(" {marker} "), theme.accent()),
                Span::styled(format!("{:<4}{}", sign, " ".repeat(indent)), style),
                Span::styled(name, if i == marked { theme.reverse() } else { theme.plain() }),
                Span::styled(format!("  {state}"), told),
            ])
        })
        .collect();
    frame.render_widget(Clear, body);
    let wrong = lines.iter().filter(|line| matches!(line.to, To::Question(_))).count();
    let told = match wrong {
        0 => String::new(),
        1 => "   1 answer is missing or wrong".into(),
        wrong => format!("   {wrong} answers are missing or wrong"),
    };
    let title = Line::from(vec![Span::styled("   Pages", theme.accent()), Span::raw(told)]);
    frame.render_widget(Paragraph::new(title), row(body, 0, 1));
    // What is wrong is told in full where it is marked: the list may have cut it.
    let marked_line = lines.get(marked).filter(|line| matches!(line.to, To::Question(_)));
    let whole: Vec<String> =
        marked_line.map(|line| wrap(&format!("{}: {}", line.title, line.state), cells)).unwrap_or_default();
    let whole: Vec<Line<'static>> = whole.into_iter().take(4).map(|line| Line::raw(format!(" {line}"))).collect();
    let below = u16::try_from(whole.len()).unwrap_or(0);
    let above = body.height.saturating_sub(2 + if below > 0 { below + 1 } else { 0 });
    scrolled(frame, theme, row(body, 2, above), list, marked);
    frame.render_widget(Paragraph::new(whole), row(body, body.height.saturating_sub(below), below));
}

pub(super) fn sure<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect, marked: usize) {
    let Some((question, _)) = app.focused() else { return };
    let asked = format!(
        "Let slipway make {} again? The value that stands is lost: what you noted, copied or gave to others no longer fits.",
        question.ask
    );
    paint::choices(frame, app.theme, area, &asked, &["Keep the one that stands", "Make a new one"], marked);
}
