//! Draws the tree of the review, and what stands beside it on a wide screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::{cut, pad, width, wrap};
use super::App;
use super::tree::{self, Item};
use crate::finding::{Finding, Severity};
use crate::view::overview::Field;

/// The tree as lines.
pub(super) struct Tree {
    pub(super) lines: Vec<Line<'static>>,
    /// First and last line of what is marked.
    pub(super) marked: (usize, usize),
    /// The line of the first warning.
    pub(super) warning: Option<usize>,
}

/// Draws the tree; `explained` says that what is marked is explained elsewhere.
pub(super) fn tree(app: &App, cells: usize, explained: bool) -> Tree {
    let theme = app.theme;
    let signs = theme.signs;
    let mut lines = Vec::new();
    let mut at = (0, 0);
    let mut warning = None;
    let kinds = app.objects.iter().map(|row| width(&row.kind)).max().unwrap_or(0).clamp(8, 24);
    let names = app.objects.iter().map(|row| width(&row.name)).max().unwrap_or(0).clamp(8, (cells / 3).max(8));
    for (i, item) in app.items().into_iter().enumerate() {
        let marked = i == app.at && !app.on_button;
        let from = lines.len();
        let marker = Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), theme.accent());
        let style = if marked { theme.reverse() } else { theme.plain() };
        match item {
            Item::Group(g) => {
                let group = &app.groups[g];
                let sign = if app.unfolded.contains(group.verb) { signs.opened } else { signs.closed };
                lines.push(Line::from(vec![
                    marker,
                    Span::raw(format!("{sign} ")),
                    Span::styled(group.title(), if marked { theme.reverse() } else { theme.bold() }),
                    Span::styled(format!("   {}", group.note(app.overview.plan.verb)), theme.dim()),
                ]));
            }
            Item::Object(i) => {
                let object = &app.objects[i];
                let sign = match (object.fields.is_empty(), app.opened.contains(&i)) {
                    (true, _) => " ",
                    (false, true) => signs.opened,
                    (false, false) => signs.closed,
                };
                let room = cells.saturating_sub(3 + 4 + 2 + kinds + 1 + names + 2);
                lines.push(Line::from(vec![
                    marker,
                    Span::raw(format!("  {sign} ")),
                    Span::styled(format!("{} ", tree::sign(object.verb)), verb_style(app, object.verb)),
                    Span::raw(format!("{} ", pad(&object.kind, kinds, signs.ellipsis))),
                    Span::styled(pad(&object.name, names, signs.ellipsis), style),
                    Span::styled(format!("  {}", cut(&object.note, room, signs.ellipsis)), theme.dim()),
                ]));
            }
            Item::Field(i, field) => {
                let fields = &app.objects[i].fields;
                let lead = vec![marker, Span::raw("      ")];
                lines.extend(field_lines(app, &fields[field], paths(fields, cells), lead, style, cells));
            }
            Item::Finding(i) => {
                let findings = app.overview.all_findings();
                let Some(finding) = findings.get(i) else { continue };
                let open = app.explained.contains(&i) || (finding.blocks() && !explained);
                if finding.severity == Severity::Warning {
                    warning.get_or_insert(from);
                }
                lines.extend(finding_lines(app, finding, open, marker, style, cells));
            }
        }
        let last = lines.len().saturating_sub(1);
        if i == app.at {
            at = (from, last);
        }
        // What was opened is brought into sight with its fields.
        if matches!((app.marked(), item), (Some(Item::Object(open)), Item::Field(of, _)) if open == of) {
            at.1 = last;
        }
    }
    Tree { lines, marked: at, warning }
}

/// Width of the paths of an object's fields.
fn paths(fields: &[Field], cells: usize) -> usize {
    let longest = fields.iter().map(|field| width(field.path())).max().unwrap_or(0);
    longest.min(cells.saturating_sub(11) / 2)
}

/// A field beside its path; where both do not fit, under it. What is there and what will be stand one above the other
/// when they are long. `lead` stands before the first line.
fn field_lines(
    app: &App,
    field: &Field,
    paths: usize,
    lead: Vec<Span<'static>>,
    style: Style,
    cells: usize,
) -> Vec<Line<'static>> {
    let theme = app.theme;
    let ellipsis = theme.signs.ellipsis;
    let indent: usize = lead.iter().map(|span| width(&span.content)).sum();
    let room = cells.saturating_sub(indent);
    let path = field.path();
    let beside = room.saturating_sub(paths + 2);
    let start = |text: String, style: Style| Line::from([lead.clone(), vec![Span::styled(text, style)]].concat());
    let under = |text: &str, style: Style| {
        let text = cut(text, room.saturating_sub(2), ellipsis);
        Line::from(vec![Span::raw(" ".repeat(indent + 2)), Span::styled(text, style)])
    };
    let words = field.words();
    match field {
        Field::Line { comes, .. } => {
            let colour = if *comes { theme.good() } else { theme.bad() };
            let style = if style == theme.reverse() { style } else { colour };
            vec![start(cut(&format!("  {words}"), room, ellipsis), style)]
        }
        _ if width(path) <= paths && width(&words) <= beside => {
            let mut line = start(pad(path, paths, ellipsis), style);
            line.spans.push(Span::raw(format!("  {}", cut(&words, beside, ellipsis))));
            vec![line]
        }
        Field::Becomes { from, to, .. } => vec![
            start(cut(path, room, ellipsis), style),
            under(&format!("- {from}"), theme.bad()),
            under(&format!("+ {to}"), theme.good()),
        ],
        Field::Is { value, .. } => vec![start(cut(path, room, ellipsis), style), under(value, theme.plain())],
    }
}

fn verb_style(app: &App, verb: &str) -> Style {
    match verb {
        "create" => app.theme.good(),
        "change" => app.theme.warn(),
        "replace" | "delete" => app.theme.bad(),
        _ => app.theme.dim(),
    }
}

fn finding_lines(
    app: &App,
    finding: &Finding,
    open: bool,
    marker: Span<'static>,
    style: Style,
    cells: usize,
) -> Vec<Line<'static>> {
    let theme = app.theme;
    let word = if app.overview.is_skipped(finding) { "skipped" } else { finding.severity.word() };
    let word_style = match finding.severity {
        Severity::Error => theme.bad(),
        Severity::Warning => theme.warn(),
        Severity::Info => theme.dim(),
    };
    let room = cells.saturating_sub(14);
    let mut lines = Vec::new();
    for (n, text) in wrap(&finding.what, room).into_iter().enumerate() {
        let head = if n == 0 {
            vec![marker.clone(), Span::styled(format!("{word:<8} "), word_style)]
        } else {
            vec![Span::raw(" ".repeat(12))]
        };
        lines.push(Line::from([head, vec![Span::styled(text, style)]].concat()));
    }
    if open {
        lines.extend(explanation(app, finding, 12, cells));
    }
    lines
}

/// Why, what to do, which answer mends it, what it is about, and its code.
fn explanation(app: &App, finding: &Finding, indent: usize, cells: usize) -> Vec<Line<'static>> {
    let mend = app.overview.mend(finding);
    let answer = mend.map(|mend| format!("c goes there: {}", mend.ask)).unwrap_or_default();
    let at = if mend.is_some_and(|mend| mend.path == finding.at) { "" } else { finding.at.as_str() };
    let told = [
        ("why", finding.why.as_str()),
        ("do", &finding.remedy),
        ("answer", &answer),
        ("at", at),
        ("code", &finding.code),
    ];
    let mut lines = Vec::new();
    for (name, text) in told.into_iter().filter(|(_, text)| !text.is_empty()) {
        for (n, line) in wrap(text, cells.saturating_sub(indent + 8)).into_iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{}{name:<6} ", " ".repeat(indent)), app.theme.dim()),
                Span::raw(line),
            ]));
        }
    }
    lines
}

/// On a wide screen: everything about what is marked, without opening it.
pub(super) fn beside(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.theme;
    let cells = usize::from(area.width);
    let ellipsis = theme.signs.ellipsis;
    let mut lines = Vec::new();
    let fields = |i: usize, lines: &mut Vec<Line<'static>>| {
        let object = &app.objects[i];
        lines.push(Line::styled(cut(&format!("{} {}", object.kind, object.name), cells, ellipsis), theme.bold()));
        lines.extend(wrap(&object.note, cells).into_iter().map(|line| Line::styled(line, theme.dim())));
        let paths = paths(&object.fields, cells);
        for field in &object.fields {
            lines.extend(field_lines(app, field, paths, Vec::new(), theme.plain(), cells));
        }
    };
    match app.marked() {
        Some(Item::Object(i) | Item::Field(i, _)) => fields(i, &mut lines),
        Some(Item::Finding(i)) => {
            if let Some(finding) = app.overview.all_findings().get(i) {
                lines.extend(wrap(&finding.what, cells).into_iter().map(|line| Line::styled(line, theme.bold())));
                lines.extend(explanation(app, finding, 0, cells));
            }
        }
        Some(Item::Group(_)) | None => {
            lines.push(Line::styled("Down marks an object: its fields are shown here", theme.dim()))
        }
    }
    let height = usize::from(area.height);
    let more = lines.len().saturating_sub(height);
    lines.truncate(height);
    if more > 0
        && let Some(last) = lines.last_mut()
    {
        *last = Line::styled(format!("{ellipsis} {} more; Enter opens it in the tree", more + 1), theme.dim());
    }
    frame.render_widget(Paragraph::new(lines), area);
}
