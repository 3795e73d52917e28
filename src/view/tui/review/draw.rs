//! Draws the review.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::{cut, cut_start, pad, width, wrap};
use super::super::keys::Place;
use super::super::paint::{self, row};
use super::{App, Item, Over};
use crate::finding::Severity;

const ABOUT: &str = "Nothing was written yet. The list shows every object with what happens to it; open one to see its \
    fields. Values of secrets are never shown. Tab goes to the button, and Enter there does it; Enter in the list never \
    does. What is wrong is on top and blocks; a warning does not.";

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    if paint::too_small(frame, app.theme, "review") {
        return;
    }
    let parts = paint::frame(frame, app.theme, &app.overview.whereabouts(), "review");
    match app.over {
        Over::Help(down) => return paint::help(frame, app.theme, Place::Review, down, &[ABOUT.to_string()]),
        Over::Leaving(marked) => {
            let texts = ["Stay", "Leave; nothing was written"];
            paint::choices(frame, app.theme, parts.body, "Leave without doing it?", &texts, marked);
        }
        Over::Nothing => review(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn review(app: &App, frame: &mut Frame<'_>, body: Rect) {
    let cells = usize::from(body.width);
    let head = head(app, cells);
    let top = u16::try_from(head.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(head), row(body, 0, top));
    let bottom = foot(app, cells);
    let under = u16::try_from(bottom.len()).unwrap_or(0);
    let list = row(body, top, body.height.saturating_sub(top + under));
    frame.render_widget(Paragraph::new(bottom), row(body, body.height.saturating_sub(under), under));
    let (lines, marked) = tree(app, cells);
    let height = usize::from(list.height);
    let skip = (marked + 2).min(lines.len()).saturating_sub(height);
    let more = lines.len().saturating_sub(skip + height);
    let mut shown: Vec<Line<'_>> = lines.into_iter().skip(skip).take(height).collect();
    if more > 0
        && let Some(last) = shown.last_mut()
    {
        *last = Line::styled(format!("     {} {} more lines", app.theme.signs.ellipsis, more + 1), app.theme.dim());
    }
    frame.render_widget(Paragraph::new(shown), list);
}

fn head(app: &App, cells: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let plan = &app.overview.plan;
    let target = &plan.target;
    let ellipsis = theme.signs.ellipsis;
    let mut about = vec![target.server.clone()];
    about.extend(app.overview.cluster.iter().cloned());
    let context = cut(&target.context, cells / 2, ellipsis);
    let room = cells.saturating_sub(width(&context) + 14);
    let mut into =
        vec![Span::styled("   INTO   ", theme.bold()), Span::styled(format!(" {context} "), theme.reverse())];
    if target.practice {
        into.push(Span::styled("  the practice cluster, not a real one", theme.warn()));
    } else {
        into.push(Span::raw(format!("  {}", cut(&about.join("  "), room, ellipsis))));
    }
    let made = if plan.namespace_exists { "" } else { " (will be made)" };
    let mut place = format!("{}{made}   release {}", target.namespace, target.release);
    if !target.profile.is_empty() {
        place.push_str(&format!("   profile {}", target.profile));
    }
    let counts = if plan.is_empty() {
        "Nothing to do: everything is as wanted".to_string()
    } else {
        app.overview.counts().words()
    };
    let usual = app.overview.usual();
    let gap = cells.saturating_sub(width(&counts) + width(&usual) + 5);
    vec![
        Line::raw(""),
        Line::from(into),
        Line::from(vec![
            Span::styled("   NS     ", theme.bold()),
            Span::raw(cut(&place, cells.saturating_sub(12), ellipsis)),
        ]),
        Line::raw(""),
        Line::from(vec![
            Span::styled(format!("   {counts}"), theme.accent()),
            Span::styled(format!("{}{usual}", " ".repeat(gap)), theme.dim()),
        ]),
    ]
}

fn foot(app: &App, cells: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let blocking = app.overview.blocking().len();
    let text = match blocking {
        0 => format!("[ {} ]", app.overview.button()),
        1 => format!("[ {} ]  blocked: 1 error, on top of the list", app.overview.button()),
        more => format!("[ {} ]  blocked: {more} errors, on top of the list", app.overview.button()),
    };
    let style = match (app.on_button, blocking) {
        (true, _) => theme.reverse(),
        (false, 0) => theme.bold(),
        (false, _) => theme.bad(),
    };
    let marker = if app.on_button { theme.signs.marker } else { " " };
    let repeat = cut_start(&app.overview.repeat, cells.saturating_sub(22), theme.signs.ellipsis);
    vec![
        Line::from(vec![Span::styled("   Repeat this with: ", theme.dim()), Span::raw(repeat)]),
        Line::from(vec![
            Span::styled(format!(" {marker} "), theme.accent()),
            Span::styled(cut(&text, cells.saturating_sub(4), theme.signs.ellipsis), style),
        ]),
    ]
}

/// The lines of the tree, and the line that is marked.
fn tree(app: &App, cells: usize) -> (Vec<Line<'static>>, usize) {
    let theme = app.theme;
    let signs = theme.signs;
    let mut lines = Vec::new();
    let mut at = 0;
    let kinds = app.objects.iter().map(|row| width(&row.kind)).max().unwrap_or(0).clamp(8, 24);
    let names = app.objects.iter().map(|row| width(&row.name)).max().unwrap_or(0).clamp(8, cells / 3);
    for (i, item) in app.items().into_iter().enumerate() {
        let marked = i == app.at && !app.on_button;
        if i == app.at {
            at = lines.len();
        }
        let marker = Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), theme.accent());
        let style = if marked { theme.reverse() } else { theme.plain() };
        match item {
            Item::Object(i) => {
                let object = &app.objects[i];
                let sign = match (object.fields.is_empty(), app.opened.contains(&i)) {
                    (true, _) => " ",
                    (false, true) => signs.opened,
                    (false, false) => signs.closed,
                };
                let room = cells.saturating_sub(3 + 2 + 8 + kinds + 1 + names + 2);
                lines.push(Line::from(vec![
                    marker,
                    Span::raw(format!("{sign} ")),
                    Span::styled(format!("{:<8}", object.verb), verb_style(app, object.verb)),
                    Span::raw(format!("{} ", pad(&object.kind, kinds, signs.ellipsis))),
                    Span::styled(pad(&object.name, names, signs.ellipsis), style),
                    Span::styled(format!("  {}", cut(&object.note, room, signs.ellipsis)), theme.dim()),
                ]));
            }
            Item::Field(i, field) => {
                let text = cut(&app.objects[i].fields[field], cells.saturating_sub(12), signs.ellipsis);
                lines.push(Line::from(vec![marker, Span::raw("      "), Span::styled(text, style)]));
            }
            Item::Finding(i) => finding(app, &mut lines, i, marker, style, cells),
        }
    }
    (lines, at)
}

fn verb_style(app: &App, verb: &str) -> Style {
    match verb {
        "create" => app.theme.good(),
        "change" => app.theme.warn(),
        "replace" | "delete" => app.theme.bad(),
        _ => app.theme.dim(),
    }
}

fn finding(app: &App, lines: &mut Vec<Line<'static>>, i: usize, marker: Span<'static>, style: Style, cells: usize) {
    let findings = app.overview.all_findings();
    let Some(finding) = findings.get(i) else { return };
    let theme = app.theme;
    let open = app.explained.contains(&i) || finding.blocks();
    let skipped = finding.blocks() && !app.overview.blocking().contains(finding);
    let word = if skipped { "skipped" } else { finding.severity.word() };
    let word_style = match finding.severity {
        Severity::Error => theme.bad(),
        Severity::Warning => theme.warn(),
        Severity::Info => theme.dim(),
    };
    let room = cells.saturating_sub(16);
    for (n, text) in wrap(&finding.what, room).into_iter().enumerate() {
        let head = if n == 0 {
            vec![marker.clone(), Span::styled(format!("{word:<9} "), word_style)]
        } else {
            vec![Span::raw(" ".repeat(13))]
        };
        lines.push(Line::from([head, vec![Span::styled(text, style)]].concat()));
    }
    if open {
        for (name, text) in
            [("why", &finding.why), ("do", &finding.remedy), ("at", &finding.at), ("code", &finding.code)]
        {
            for (n, line) in wrap(text, room.saturating_sub(6)).into_iter().enumerate().filter(|_| !text.is_empty()) {
                let name = if n == 0 { name } else { "" };
                lines.push(Line::from(vec![
                    Span::styled(format!("             {name:<5} "), theme.dim()),
                    Span::raw(line),
                ]));
            }
        }
    }
}
