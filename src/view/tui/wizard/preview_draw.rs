//! Draws what the answers make.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::super::Theme;
use super::super::cells::{cut, pad, width, wrap};
use super::super::paint::{self, row};
use super::preview::{Preview, Shown, Touched};
use crate::view::questions::Standing;

/// Most lines that say what it asks for and where it is reached.
const MOST_BELOW: usize = 5;

/// How the area is shared out: lines of the list, of the YAML, and of what stands below.
pub(super) struct Shares {
    list: usize,
    pub(super) yaml: usize,
    below: Vec<Line<'static>>,
}

/// One line of the list.
enum Listed<'a> {
    Group(&'a str),
    Object(usize, &'a Shown),
}

fn listed(preview: &Preview) -> Vec<Listed<'_>> {
    let mut lines = Vec::new();
    let mut group = "";
    for (i, shown) in preview.objects.iter().enumerate() {
        if shown.object.group != group {
            group = &shown.object.group;
            lines.push(Listed::Group(group));
        }
        lines.push(Listed::Object(i, shown));
    }
    lines
}

/// Shares the height of an area out: the list gets what it needs as far as the YAML keeps half.
pub(super) fn shares(preview: &Preview, theme: Theme, area: Rect) -> Shares {
    let cells = usize::from(area.width).saturating_sub(2);
    let below = below(preview, theme, cells);
    let room = usize::from(area.height).saturating_sub(3 + below.len());
    let list = listed(preview).len().min((room / 2).max(room.saturating_sub(10))).max(1);
    Shares { list, yaml: room.saturating_sub(list), below }
}

pub(super) fn draw(preview: &Preview, theme: Theme, frame: &mut Frame<'_>, area: Rect, focused: bool) {
    let shares = shares(preview, theme, area);
    let cells = usize::from(area.width).saturating_sub(2);
    let ellipsis = theme.signs.ellipsis;
    frame.render_widget(Clear, area);
    let last = match preview.changed() {
        _ if !preview.missing.is_empty() => "waits for a right answer".to_string(),
        0 if preview.open == 1 => "1 answer is still open".into(),
        0 if preview.open > 1 => format!("{} answers are still open", preview.open),
        0 => String::new(),
        changed => format!("changed by your last answer: {changed}"),
    };
    let new = if all_new(preview) { " new" } else { "" };
    let title = match (preview.count(), last.is_empty()) {
        (1, true) => format!("This makes 1{new} object"),
        (count, true) => format!("This makes {count}{new} objects"),
        (count, false) => format!("This makes {count}{new}"),
    };
    let head = Line::from(vec![
        Span::styled(format!(" {title}"), theme.accent()),
        Span::styled(format!("   {}", cut(&last, cells.saturating_sub(width(&title) + 4), ellipsis)), theme.plain()),
    ]);
    let lines = listed(preview);
    let at = lines.iter().position(|line| matches!(line, Listed::Object(i, _) if *i == preview.at)).unwrap_or(0);
    let skip = (at + 2).saturating_sub(shares.list).min(lines.len().saturating_sub(shares.list)).min(at);
    let columns = Columns::of(preview, cells);
    let mut drawn = vec![head];
    for line in lines.iter().skip(skip).take(shares.list) {
        drawn.push(match line {
            Listed::Group(name) => Line::styled(format!(" {}", cut(name, cells, ellipsis)), theme.bold()),
            Listed::Object(i, shown) => columns.line(shown, *i == preview.at, focused, theme),
        });
    }
    if lines.is_empty() {
        drawn.push(Line::raw(format!(" nothing yet: {}", cut(&preview.missing, cells.saturating_sub(14), ellipsis))));
    }
    let next = u16::try_from(drawn.len()).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(drawn), area);
    let rule = row(area, next, 1);
    let shown = preview.objects.get(preview.at);
    let top = preview.top(shares.yaml);
    paint::rule(frame, theme, rule, &shown.map(|shown| title_of(shown, top, shares.yaml)).unwrap_or_default());
    if let Some(shown) = shown {
        let text = yaml(shown, top, shares.yaml, cells, theme);
        frame.render_widget(Paragraph::new(text), row(area, next + 1, u16::try_from(shares.yaml).unwrap_or(0)));
    }
    let height = u16::try_from(shares.below.len()).unwrap_or(0);
    let y = area.height.saturating_sub(height);
    paint::rule(frame, theme, row(area, y.saturating_sub(1), 1), "");
    frame.render_widget(Paragraph::new(shares.below), row(area, y, height));
}

fn title_of(shown: &Shown, top: usize, room: usize) -> String {
    let name = format!("{} {}", shown.object.short_kind(), shown.object.name);
    let all = shown.object.yaml.lines().count();
    match shown.touched {
        Touched::Gone => format!("{name}   not made any more"),
        _ if all > room => format!("{name}   lines {} to {} of {all}", top + 1, (top + room).min(all)),
        _ => name,
    }
}

fn yaml(shown: &Shown, top: usize, room: usize, cells: usize, theme: Theme) -> Vec<Line<'static>> {
    let lines = shown.object.yaml.lines().enumerate().skip(top).take(room);
    lines
        .map(|(i, line)| {
            let changed = shown.lines.get(i).copied().unwrap_or(false);
            let (sign, style) = match (shown.touched, changed) {
                (Touched::Gone, _) => ("-", theme.dim()),
                (_, true) => ("~", theme.warn()),
                (_, false) => (" ", theme.plain()),
            };
            let sign = if sign == " " { Span::raw("   ") } else { Span::styled(format!(" {sign} "), theme.warn()) };
            Line::from(vec![sign, Span::styled(cut(line, cells.saturating_sub(2), theme.signs.ellipsis), style)])
        })
        .collect()
}

/// Nothing of it is there yet: then no column has to say it of each.
fn all_new(preview: &Preview) -> bool {
    let mut made = preview.objects.iter().filter(|shown| shown.touched != Touched::Gone);
    made.all(|shown| shown.object.standing == Standing::New)
}

/// Widths of the columns of the list.
struct Columns {
    all_new: bool,
    kind: usize,
    name: usize,
    detail: usize,
    standing: usize,
}

impl Columns {
    fn of(preview: &Preview, cells: usize) -> Self {
        let widest = |of: fn(&Shown) -> &str| preview.objects.iter().map(|shown| width(of(shown))).max().unwrap_or(0);
        let gone = preview.objects.iter().any(|shown| shown.touched == Touched::Gone);
        let standing = match (all_new(preview), gone) {
            (true, false) => 0,
            // All are new but those: that is the one word which is needed.
            (true, true) => 4,
            (false, _) => widest(|shown| shown.object.standing.word()).max(4),
        };
        let kind = widest(|shown| shown.object.short_kind()).min(14);
        let room = cells.saturating_sub(3 + kind + 1 + standing + 1);
        // Names are what one looks for; what they leave is for the details.
        let name = widest(|shown| &shown.object.name).min(room * 5 / 8);
        let detail = room.saturating_sub(name + 1).min(widest(|shown| &shown.object.detail));
        Self { all_new: all_new(preview), kind, name, detail, standing }
    }

    fn line(&self, shown: &Shown, marked: bool, focused: bool, theme: Theme) -> Line<'static> {
        let ellipsis = theme.signs.ellipsis;
        let (sign, standing) = match shown.touched {
            Touched::No => (" ", if self.all_new { "" } else { shown.object.standing.word() }),
            Touched::Yes => ("*", if self.all_new { "" } else { shown.object.standing.word() }),
            Touched::Gone => ("-", "gone"),
        };
        let text = format!(
            "{} {} {}",
            pad(shown.object.short_kind(), self.kind, ellipsis),
            pad(&shown.object.name, self.name, ellipsis),
            pad(&shown.object.detail, self.detail, ellipsis),
        );
        let style = match (marked, focused, shown.touched) {
            (true, true, _) => theme.reverse(),
            (true, false, _) => theme.bold(),
            (_, _, Touched::Gone) => theme.dim(),
            _ => theme.plain(),
        };
        let marker = if marked { Span::styled(theme.signs.marker, theme.accent()) } else { Span::raw(" ") };
        let sign = if sign == " " { Span::raw("  ") } else { Span::styled(format!("{sign} "), theme.warn()) };
        let mut spans = vec![marker, sign, Span::styled(text, style)];
        if !standing.is_empty() {
            spans.push(Span::styled(format!(" {}", cut(standing, self.standing, "")), theme.good()));
        }
        Line::from(spans)
    }
}

/// What it asks for, and where it is reached.
fn below(preview: &Preview, theme: Theme, cells: usize) -> Vec<Line<'static>> {
    let totals = &preview.totals;
    let mut asks = format!("Asks for {}", totals.asked.words());
    if let Some(most) = &totals.most {
        asks.push_str(&format!("; scaled out {}", most.words()));
    }
    if totals.every_node {
        asks.push_str("; what runs on every node is counted once");
    }
    let mut lines: Vec<String> = wrap(&asks, cells);
    let mut first = "From outside: ";
    if totals.outside.is_empty() {
        lines.push("From outside: not reachable".into());
    }
    for way in &totals.outside {
        for line in wrap(way, cells.saturating_sub(width(first))) {
            lines.push(format!("{first}{line}"));
            first = "              ";
        }
    }
    if lines.len() > MOST_BELOW {
        let more = lines.len() - MOST_BELOW + 1;
        lines.truncate(MOST_BELOW - 1);
        lines.push(format!("and {more} more lines: see the objects"));
    }
    let style = if preview.missing.is_empty() { theme.plain() } else { theme.dim() };
    lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect()
}
