//! Draws the page of a release.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::{cut, pad, width, wrap};
use super::super::{Theme, leaving, paint};
use super::{App, Over, Page};
use crate::error::Failure;
use crate::view::menu::{Deed, NO_REVISION, RevisionSeen, STAYS};
use crate::view::questions::Whereabouts;

const ABOUT: &str = "Nothing is written here. What changes something shows its plan first, and is done only after you agreed \
    to it. The command below the list does the same without this page.";

/// Lines, with the one that must be seen.
#[derive(Default)]
struct Lines {
    all: Vec<Line<'static>>,
    marked: usize,
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let release = &app.menu.release;
    if paint::too_small(frame, app.theme, &release.release) {
        return;
    }
    let here = Whereabouts {
        doing: release.release.clone(),
        context: app.menu.context.clone(),
        namespace: release.namespace.clone(),
        practice: app.menu.practice,
    };
    let right = match &app.page {
        Page::Deeds => "installed",
        Page::Reading(deed) | Page::Text(deed, ..) | Page::Failed(deed, _) => deed.title(),
        Page::Revisions(_) => Deed::GoBack.title(),
    };
    let parts = paint::frame(frame, app.theme, &here, right);
    match app.over {
        Over::Help(down) => {
            return paint::help(frame, app.theme, app.below(), down, &[ABOUT.to_string()]);
        }
        Over::Leaving(marked) => leaving::draw(frame, app.theme, parts.body, marked, false),
        Over::Nothing => body(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), "");
}

fn body(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let cells = usize::from(area.width);
    let height = usize::from(area.height);
    let lines = match &app.page {
        Page::Deeds => deeds(app, cells),
        Page::Reading(deed) => {
            let text = format!("   {}: reading the cluster ...", deed.title());
            Lines { all: vec![Line::raw(""), Line::raw(text)], marked: 0 }
        }
        Page::Text(deed, text, down) => read(app, *deed, text, *down, (cells, height)),
        Page::Failed(deed, failure) => failed(app.theme, *deed, failure, cells),
        Page::Revisions(all) => revisions(app, all, cells),
    };
    let skip = (lines.marked + 3).min(lines.all.len()).saturating_sub(height).min(lines.marked);
    frame.render_widget(Paragraph::new(lines.all.into_iter().skip(skip).collect::<Vec<_>>()), area);
}

fn title(app: &App, text: &str, asked: &str) -> Vec<Line<'static>> {
    let words = crate::sanitize::line(&app.menu.words());
    vec![
        Line::from(vec![
            Span::styled(format!(" {text}"), app.theme.accent()),
            Span::styled(format!("   {words}"), app.theme.dim()),
        ]),
        Line::styled(format!("   {asked}"), app.theme.bold()),
        Line::raw(""),
    ]
}

/// One row that can be chosen.
fn row(app: &App, i: usize, text: String, more: &str, cells: usize) -> Line<'static> {
    let (marker, style) =
        if i == app.at { (app.theme.signs.marker, app.theme.reverse()) } else { (" ", Style::default()) };
    let room = cells.saturating_sub(6 + width(&text));
    Line::from(vec![
        Span::styled(format!(" {marker} "), app.theme.accent()),
        Span::styled(text, style),
        Span::raw(format!("  {}", cut(more, room, app.theme.signs.ellipsis))),
    ])
}

fn command(lines: &mut Vec<Line<'static>>, theme: Theme, text: &str, cells: usize) {
    lines.push(Line::raw(""));
    let shown = cut(text, cells.saturating_sub(16), theme.signs.ellipsis);
    lines.push(Line::styled(format!("   by itself: {shown}"), theme.dim()));
}

fn deeds(app: &App, cells: usize) -> Lines {
    let release = crate::sanitize::line(&app.menu.release.release);
    let mut all = title(app, &release, "It is installed. What should be done with it?");
    let deeds = app.menu.deeds();
    let marked = all.len() + app.at;
    for (i, deed) in deeds.iter().enumerate() {
        all.push(row(app, i, pad(deed.title(), 12, ""), deed.about(), cells));
    }
    if let Some(deed) = deeds.get(app.at) {
        command(&mut all, app.theme, &app.menu.command(*deed), cells);
    }
    Lines { all, marked }
}

fn revisions(app: &App, seen: &[RevisionSeen], cells: usize) -> Lines {
    let mut all = title(app, Deed::GoBack.title(), "To which revision?");
    if seen.is_empty() {
        all.push(Line::raw(format!("   {NO_REVISION}")));
        return Lines { all, marked: 0 };
    }
    for text in STAYS {
        let lines = wrap(text, cells.saturating_sub(6));
        all.extend(lines.into_iter().map(|line| Line::styled(format!("   {line}"), app.theme.warn())));
    }
    all.push(Line::raw(""));
    let mut marked = 0;
    for (i, one) in seen.iter().enumerate() {
        if i == app.at {
            marked = all.len();
        }
        all.push(row(app, i, cut(&one.words(), cells.saturating_sub(6), app.theme.signs.ellipsis), "", cells));
        if i != app.at {
            continue;
        }
        let differs = one.differs.iter().map(String::as_str);
        let none = one.differs.is_empty().then_some("the same answers as what runs now");
        for text in none.into_iter().chain(differs) {
            let lines = wrap(&crate::sanitize::line(text), cells.saturating_sub(10));
            all.extend(lines.into_iter().map(|line| Line::styled(format!("       {line}"), app.theme.dim())));
        }
    }
    if let Some(one) = seen.get(app.at) {
        let text = format!("{} --to {}", app.menu.command(Deed::GoBack), one.number);
        command(&mut all, app.theme, &text, cells);
    }
    Lines { all, marked }
}

/// Lines that fit; the rest of a long one stands under it, further in.
pub(super) fn wrapped(text: &[String], cells: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        for (i, part) in wrap(words, cells.saturating_sub(indent + 6)).into_iter().enumerate() {
            let indent = if i == 0 { indent } else { indent + 4 };
            lines.push(format!("{}{part}", " ".repeat(indent)));
        }
        if words.is_empty() {
            lines.push(String::new());
        }
    }
    lines
}

/// What was read, as far as there is room; what is below is said.
fn read(app: &App, deed: Deed, text: &[String], down: usize, (cells, height): (usize, usize)) -> Lines {
    let mut all = vec![Line::styled(format!(" {}", deed.title()), app.theme.accent()), Line::raw("")];
    let room = height.saturating_sub(3);
    let text = wrapped(text, cells);
    all.extend(text.iter().skip(down).take(room).map(|line| Line::raw(format!(" {line}"))));
    let below = text.len().saturating_sub(down + room);
    if below > 0 {
        all.push(Line::styled(format!(" {below} more below: Down, PageDown"), app.theme.dim()));
    }
    Lines { all, marked: 0 }
}

fn failed(theme: Theme, deed: Deed, failure: &Failure, cells: usize) -> Lines {
    let mut all = vec![
        Line::styled(format!(" {}", deed.title()), theme.accent()),
        Line::styled(format!("   ! {}", failure.what), theme.bad()),
    ];
    let place = Some(&failure.place).filter(|place| !place.is_empty()).map(|place| ("where", place));
    let why = failure.why.iter().map(|why| ("why", why));
    let hints = failure.hints.iter().map(|hint| ("do", hint));
    for (name, text) in place.into_iter().chain(why).chain(hints) {
        for (i, line) in wrap(text, cells.saturating_sub(16)).into_iter().enumerate() {
            all.push(Line::raw(format!("     {:<6} {line}", if i == 0 { name } else { "" })));
        }
    }
    Lines { all, marked: 0 }
}
