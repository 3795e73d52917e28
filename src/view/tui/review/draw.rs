//! Draws the review.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::{cut, pad, width, wrap};
use super::super::keys::Place;
use super::super::paint::{self, row};
use super::super::{leaving, wizard};
use super::tree::{self, Item};
use super::{App, Over};
use crate::finding::{Finding, Severity};
use crate::view::overview::Field;

const ABOUT: &str = "Nothing was written yet. The tree shows every object with what happens to it: + made, ~ changed, \
    ! deleted and made again, - deleted, = left as it is. Open one to see its fields. Values of secrets are never \
    shown. Enter in the tree opens and closes; only the button does it, and it is reached by Tab once nothing blocks. \
    An error blocks, a warning does not.";

/// Width of the words before what stands in the head and in the foot.
const LABEL: usize = 14;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    if paint::too_small(frame, app.theme, "review") {
        return;
    }
    let at = app.page.map_or_else(|| "review".to_string(), |page| format!("review  {page} of {page}"));
    let parts = paint::frame(frame, app.theme, &app.overview.whereabouts(), &at);
    match app.over {
        Over::Help(down) => {
            let place = if app.is_blocked() { Place::Blocked } else { Place::Review };
            return paint::help(frame, app.theme, place, down, &[ABOUT.to_string()]);
        }
        Over::Leaving(marked) => leaving::draw(frame, app.theme, parts.body, marked),
        Over::Nothing => review(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn review(app: &App, frame: &mut Frame<'_>, body: Rect) {
    let cells = usize::from(body.width);
    let head = head(app, cells);
    let top = u16::try_from(head.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(head), row(body, 0, top));
    let wide = body.width >= wizard::WIDE;
    let beside = if wide { body.width * 2 / 5 } else { 0 };
    let middle = body.width - if wide { beside + 2 } else { 0 };
    let tree = tree(app, usize::from(middle), wide);
    // What is on the screen need not be said twice; the line stays, so that nothing jumps.
    let under = u16::try_from(foot(app, cells, true).len()).unwrap_or(0);
    let middle = Rect { width: middle, ..row(body, top, body.height.saturating_sub(top + under)) };
    let height = usize::from(middle.height);
    let skip = (tree.marked.1 + 2).min(tree.lines.len()).saturating_sub(height).min(tree.marked.0);
    let seen = |line: usize| line >= skip && line + 1 < skip + height.max(1);
    let bottom = foot(app, cells, !tree.warning.is_some_and(seen));
    frame.render_widget(Paragraph::new(bottom), row(body, body.height.saturating_sub(under), under));
    if wide {
        self::beside(app, frame, Rect { x: middle.x + middle.width + 2, width: beside, ..middle });
    }
    let mut lines = tree.lines;
    let marked = tree.marked;
    let below = lines.len().saturating_sub(skip + height);
    let dots = |count: usize, word: &str| {
        Line::styled(format!("     {} {count} more lines {word}", app.theme.signs.ellipsis), app.theme.dim())
    };
    let mut shown: Vec<Line<'_>> = lines.drain(..).skip(skip).take(height).collect();
    if below > 0
        && let Some(last) = shown.last_mut()
    {
        *last = dots(below + 1, "below");
    }
    if skip > 0 && marked.0 > skip {
        shown[0] = dots(skip + 1, "above");
    }
    frame.render_widget(Paragraph::new(shown), middle);
}

fn label(app: &App, text: &str) -> Span<'static> {
    Span::styled(format!("   {text:<width$}", width = LABEL - 3), app.theme.dim())
}

/// A name that must not be overlooked.
fn large(app: &App, name: &str, room: usize) -> Span<'static> {
    let style = app.theme.bold().patch(app.theme.reverse());
    Span::styled(format!("  {}  ", cut(name, room, app.theme.signs.ellipsis)), style)
}

fn head(app: &App, cells: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let ellipsis = theme.signs.ellipsis;
    let plan = &app.overview.plan;
    let target = &plan.target;
    let mut about = vec![target.server.clone()];
    about.extend(app.overview.cluster.iter().cloned());
    let about = about.join("   ");
    let room = cells.saturating_sub(LABEL + 6);
    let name = large(app, &target.context, room / 2);
    let left = room.saturating_sub(width(&name.content));
    let mut lines = vec![Line::raw("")];
    let mut into = vec![label(app, "INTO"), name];
    let warning = match (target.practice, app.overview.production()) {
        (true, _) => Some((" PRACTICE ", "not a real cluster".to_string())),
        (false, Some(why)) => Some((" PRODUCTION ", why)),
        (false, None) => None,
    };
    match warning {
        None => {
            into.push(Span::raw(format!("   {}", cut(&about, left, ellipsis))));
            lines.push(Line::from(into));
        }
        Some((word, why)) => {
            into.push(Span::raw("  "));
            into.push(Span::styled(word, theme.warn().patch(theme.reverse())));
            into.push(Span::styled(
                format!("  {}", cut(&why, left.saturating_sub(width(word)), ellipsis)),
                theme.warn(),
            ));
            lines.push(Line::from(into));
            lines.push(Line::from(vec![label(app, ""), Span::raw(cut(&about, room, ellipsis))]));
        }
    }
    let mut place = if plan.namespace_exists { String::new() } else { "will be made   ".into() };
    place.push_str(&format!("release {}", target.release));
    if !target.profile.is_empty() {
        place.push_str(&format!("   profile {}", target.profile));
    }
    let namespace = large(app, &target.namespace, room / 2);
    let left = cells.saturating_sub(LABEL + width(&namespace.content) + 4);
    lines.push(Line::from(vec![
        label(app, "NAMESPACE"),
        namespace,
        Span::raw(format!("   {}", cut(&place, left, ellipsis))),
    ]));
    lines.push(Line::raw(""));
    if !app.moved.is_empty() {
        lines.extend(moved(app, cells));
    }
    let counts = if plan.is_empty() {
        "Nothing to do: everything is as wanted".to_string()
    } else {
        app.overview.counts().words()
    };
    let usual = app.overview.usual();
    let gap = cells.saturating_sub(width(&counts) + width(&usual) + 5);
    lines.push(Line::from(vec![
        Span::styled(format!("   {counts}"), theme.accent()),
        Span::styled(format!("{}{usual}", " ".repeat(gap)), theme.dim()),
    ]));
    lines.push(Line::raw(""));
    lines
}

/// Why the review is shown again, in a few lines at most: the plan itself says the rest.
fn moved(app: &App, cells: usize) -> Vec<Line<'static>> {
    let text = format!("! the cluster moved while you looked: {}", app.moved.join("; "));
    let all = wrap(&text, cells.saturating_sub(6));
    let mut lines: Vec<Line<'_>> =
        all.iter().take(3).map(|line| Line::styled(format!("   {line}"), app.theme.warn())).collect();
    if all.len() > 3 {
        lines[2] = Line::styled(format!("   {} and more", app.theme.signs.ellipsis), app.theme.warn());
    }
    lines.push(Line::raw("   This is the plan as it is now. Nothing was written."));
    lines.push(Line::raw(""));
    lines
}

/// What stands under the tree; `warn` says whether the first warning is named here, which else is in sight.
fn foot(app: &App, cells: usize, warn: bool) -> Vec<Line<'static>> {
    let theme = app.theme;
    let ellipsis = theme.signs.ellipsis;
    let room = cells.saturating_sub(LABEL + 2);
    let mut lines = vec![Line::raw("")];
    let mut say = |name: &str, text: &str, style: Style, most: usize| {
        let wrapped = wrap(text, room);
        for (i, line) in wrapped.iter().take(most).enumerate() {
            let line = if i + 1 == most && wrapped.len() > most { format!("{line}{ellipsis}") } else { line.clone() };
            let name = if i == 0 { name } else { "" };
            lines.push(Line::from(vec![label(app, name), Span::styled(cut(&line, room, ellipsis), style)]));
        }
    };
    let warnings = app.overview.found(Severity::Warning);
    if let Some(first) = warnings.first().filter(|_| !app.is_blocked()) {
        if warn {
            say(&format!("Warnings {}", warnings.len()), &cut(&first.what, room, ellipsis), theme.warn(), 1);
        } else {
            say("", "", theme.plain(), 1);
        }
    }
    match &app.saved {
        Some((place, command)) => {
            say("Saved", place, theme.plain(), 2);
            say("Repeat", command, theme.plain(), 2);
        }
        None => say("Repeat", &app.overview.repeat, theme.plain(), 2),
    }
    let blocking = app.overview.blocking();
    if let Some(first) = blocking.first() {
        let held = match blocking.len() {
            1 => first.what.clone(),
            more => format!("{} (1 of {more})", first.what),
        };
        say("Held back", &held, theme.bad(), 2);
        match app.overview.mend(first) {
            Some(mend) => say("", &format!("c goes to the answer: {}", mend.ask), theme.bold(), 1),
            None if !first.remedy.is_empty() => say("", &first.remedy, theme.plain(), 2),
            None => {}
        }
        return lines;
    }
    let style = if app.on_button { theme.bold().patch(theme.reverse()) } else { theme.bold() };
    let marker = if app.on_button { theme.signs.marker } else { " " };
    let text = format!("[ {} ]", app.overview.button());
    lines.push(Line::from(vec![
        Span::styled(format!(" {marker} "), theme.accent()),
        Span::styled(cut(&text, cells.saturating_sub(4), ellipsis), style),
    ]));
    lines
}

/// The tree as lines.
struct Tree {
    lines: Vec<Line<'static>>,
    /// First and last line of what is marked.
    marked: (usize, usize),
    /// The line of the first warning.
    warning: Option<usize>,
}

/// Draws the tree; `explained` says that what is marked is explained elsewhere.
fn tree(app: &App, cells: usize, explained: bool) -> Tree {
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
                    Span::styled(format!("   {}", group.note()), theme.dim()),
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
fn beside(app: &App, frame: &mut Frame<'_>, area: Rect) {
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
