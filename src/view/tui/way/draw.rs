//! Draws the pages before the questions.

mod profile;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::{cut, cut_start, pad, width, wrap};
use super::super::keys::Place;
use super::super::pages::{self, Entry, Sign};
use super::super::wizard::{Field, WIDE};
use super::super::{leaving, paint};
use super::{App, Over};
use crate::error::Failure;
use crate::view::way::{Contact, Look, Note, Ready, Stop, looks_like_production};
use profile::profile;

const ABOUT: &str = "Nothing is written before the review was agreed to. Only the cluster that you choose is contacted. \
    Every page can be changed later: going back is free, and what still fits is kept.";

/// Lines with the one that must be seen, and where the cursor is in them.
#[derive(Default)]
struct Page {
    lines: Vec<Line<'static>>,
    marked: usize,
    cursor: Option<(usize, usize)>,
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let later = app.way.product().map_or(0, |product| product.pages.len());
    let at = Stop::ALL.iter().position(|stop| *stop == app.stop).unwrap_or(0) + 1;
    let at = format!("{at} of {}", Stop::ALL.len() + later + 1);
    if paint::too_small(frame, app.theme, &at) {
        return;
    }
    let parts = paint::frame(frame, app.theme, &app.way.whereabouts(), &at);
    match app.over {
        Over::Help(down) => {
            let place = if app.stop == Stop::Target { Place::Target } else { Place::Way };
            return paint::help(frame, app.theme, place, down, &[ABOUT.to_string()]);
        }
        Over::Leaving(marked) => leaving::draw(frame, app.theme, parts.body, marked, true),
        Over::Pages(marked) => every_page(app, frame, parts.body, marked),
        Over::Nothing => page(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn page(app: &App, frame: &mut Frame<'_>, body: Rect) {
    let mut middle = body;
    if body.width >= WIDE {
        list(app, frame, Rect { width: pages::WIDTH, ..body });
        middle = Rect { x: pages::WIDTH, width: body.width - pages::WIDTH, ..body };
    }
    let cells = usize::from(middle.width);
    let page = match app.stop {
        Stop::Where => whereto(app, cells),
        Stop::What => what(app, cells),
        Stop::Profile => profile(app, cells, body.width >= WIDE),
        Stop::Target => target(app, cells),
    };
    let height = usize::from(middle.height);
    let skip = (page.marked + 3).min(page.lines.len()).saturating_sub(height).min(page.marked);
    frame.render_widget(Paragraph::new(page.lines.into_iter().skip(skip).collect::<Vec<_>>()), middle);
    if let Some((line, column)) = page.cursor
        && let (Some(line), Ok(column)) = (line.checked_sub(skip), u16::try_from(column))
        && line < height
        && column < middle.width
    {
        let y = middle.y.saturating_add(u16::try_from(line).unwrap_or(0));
        frame.set_cursor_position(Position { x: middle.x + column, y });
    }
}

/// How a page stands.
fn sign(app: &App, stop: Stop) -> Sign {
    let failed = stop == Stop::Where && matches!(app.way.contact(), Contact::Failed(_));
    let settled = app.seen.contains(&stop) || app.way.settled(stop).is_some();
    match app.way.open(stop) {
        Some(_) if failed || (stop != Stop::Where && stop != app.stop && app.seen.contains(&stop)) => Sign::Faulty,
        None if settled && stop != app.stop => Sign::Done,
        _ => Sign::Open,
    }
}

fn list(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let entry = |stop: &Stop| Entry { title: stop.title().into(), sign: sign(app, *stop), later: false };
    let mut entries: Vec<Entry> = Stop::ALL.iter().map(entry).collect();
    let titles = app.way.product().map(|product| product.pages.clone()).unwrap_or_default();
    entries.extend(titles.into_iter().map(|title| Entry { title, sign: Sign::Open, later: true }));
    let marked = Stop::ALL.iter().position(|stop| *stop == app.stop).unwrap_or(0);
    pages::draw(frame, app.theme, area, &entries, marked);
}

/// Every page with what stands on it, and the way on to the questions.
fn every_page(app: &App, frame: &mut Frame<'_>, body: Rect, marked: usize) {
    let theme = app.theme;
    let cells = usize::from(body.width);
    let mut lines = vec![Line::raw(""), Line::styled("   Pages", theme.accent()), Line::raw("")];
    let mut line = |i: usize, sign: Sign, title: &str, state: &str| {
        let (sign, style) = match sign {
            Sign::Done => (theme.signs.ready, theme.good()),
            Sign::Faulty => (theme.signs.failed, theme.bad()),
            Sign::Open => ("", theme.plain()),
        };
        let (marker, title_style) =
            if i == marked { (theme.signs.marker, theme.reverse()) } else { (" ", theme.plain()) };
        lines.push(Line::from(vec![
            Span::styled(format!(" {marker} "), theme.accent()),
            Span::styled(format!("{sign:<3} "), style),
            Span::styled(pad(title, 10, theme.signs.ellipsis), title_style),
            Span::raw(format!("  {}", cut(state, cells.saturating_sub(22), theme.signs.ellipsis))),
        ]));
    };
    for (i, stop) in Stop::ALL.into_iter().enumerate() {
        let state = match app.way.open(stop) {
            Some(open) => open,
            None => app.way.summary(stop),
        };
        line(i, sign(app, stop), stop.title(), &state);
    }
    let pages = app.way.product().map_or(0, |product| product.pages.len());
    let state = if pages == 0 { String::new() } else { format!("{pages} pages, then the review") };
    line(Stop::ALL.len(), Sign::Open, "Questions", &state);
    frame.render_widget(Paragraph::new(lines), body);
}

impl Page {
    fn new(app: &App, asked: &str) -> Self {
        let mut page = Self::default();
        let mut title = vec![Span::styled(format!(" {}", app.stop.title()), app.theme.accent())];
        if let Some(by) = app.way.settled(app.stop) {
            title.push(Span::styled(format!("   settled by {by}"), app.theme.dim()));
        }
        page.lines.push(Line::from(title));
        page.lines.push(Line::styled(format!("   {asked}"), app.theme.bold()));
        page
    }

    fn say(&mut self, text: &str, style: Style, cells: usize) {
        let lines = wrap(text, cells.saturating_sub(6));
        self.lines.extend(lines.into_iter().map(|line| Line::styled(format!("     {line}"), style)));
    }

    fn gap(&mut self) {
        self.lines.push(Line::raw(""));
    }

    /// What failed, where, why, and what to do.
    fn failure(&mut self, app: &App, failure: &Failure, cells: usize) {
        self.say(&format!("! {}", failure.what), app.theme.bad(), cells);
        let hints = failure.hints.iter().map(|hint| ("do", hint));
        let place = Some(("where", &failure.place)).filter(|(_, place)| !place.is_empty());
        for (name, text) in place.into_iter().chain(failure.why.iter().map(|why| ("why", why))).chain(hints) {
            for (i, line) in wrap(text, cells.saturating_sub(14)).into_iter().enumerate() {
                let name = if i == 0 { name } else { "" };
                self.lines.push(Line::raw(format!("       {name:<6} {line}")));
            }
        }
    }

    fn note(&mut self, app: &App, note: &Note, cells: usize) {
        match note {
            Note::Plain(text) => self.say(text, app.theme.plain(), cells),
            Note::Warning(text) => self.say(&format!("warning: {text}"), app.theme.warn(), cells),
            Note::Blocks(text) => self.say(&format!("! {text}"), app.theme.bad(), cells),
        }
    }

    /// One row that can be chosen.
    fn choice(&mut self, app: &App, i: usize, chosen: bool, text: String, more: &str, cells: usize) {
        let signs = app.theme.signs;
        let marked = i == app.at;
        if marked {
            self.marked = self.lines.len();
        }
        let sign = if chosen { signs.chosen } else { signs.unchosen };
        let room = cells.saturating_sub(9 + width(&text));
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent()),
            Span::raw(format!("{sign} ")),
            Span::styled(text, if marked { app.theme.reverse() } else { app.theme.plain() }),
            Span::raw(format!("  {}", cut(more, room, signs.ellipsis))),
        ]));
    }

    /// One row that leads elsewhere.
    fn row(&mut self, app: &App, i: usize, text: String, more: &str, cells: usize) {
        let signs = app.theme.signs;
        let marked = i == app.at;
        if marked {
            self.marked = self.lines.len();
        }
        let room = cells.saturating_sub(9 + width(&text));
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent()),
            Span::styled(text, if marked { app.theme.reverse() } else { app.theme.plain() }),
            Span::styled(format!("  {}", cut(more, room, signs.ellipsis)), app.theme.dim()),
        ]));
    }

    /// Adds to the last line, where there is room.
    fn add(&mut self, text: &str, style: Style, cells: usize) {
        let Some(last) = self.lines.last_mut() else { return };
        let used: usize = last.spans.iter().map(|span| width(&span.content)).sum();
        if used + width(text) <= cells {
            last.spans.push(Span::styled(text.to_string(), style));
        }
    }

    fn filter(&mut self, app: &App, shown: usize, all: usize) {
        if !app.filter.is_empty() {
            let text = format!("   {shown} of {all} hold \"{}\"   Backspace widens", app.filter);
            self.lines.push(Line::styled(text, app.theme.dim()));
        } else if all > 8 {
            self.lines.push(Line::styled("   type to narrow the list", app.theme.dim()));
        }
    }
}

fn whereto(app: &App, cells: usize) -> Page {
    let mut page = Page::new(app, "Which cluster? Only the one that you choose is contacted.");
    let contexts = &app.way.contexts;
    let rows = app.rows();
    let name = contexts.iter().map(|context| width(&context.name)).max().unwrap_or(0).min(cells / 2);
    let server = contexts.iter().map(|context| width(&context.server)).max().unwrap_or(0);
    let server = server.min(cells.saturating_sub(name + 34));
    for (i, row) in rows.iter().enumerate() {
        let context = &contexts[*row];
        let chosen = app.way.context() == Some(&context.name);
        let current = if context.current { "   current" } else { "" };
        let text = pad(&context.name, name, app.theme.signs.ellipsis);
        page.choice(app, i, chosen, text, &format!("{}{current}", pad(&context.server, server, "")), cells);
        // Seen before anything is contacted; the reason is told with the cluster.
        if !app.way.practice && looks_like_production(&context.name, &context.server).is_some() {
            page.add("   production?", app.theme.warn(), cells);
        }
    }
    page.filter(app, rows.len(), contexts.len());
    page.gap();
    let context = app.way.context().unwrap_or("");
    match app.way.contact() {
        Contact::None => page.say("Enter contacts what is marked", app.theme.dim(), cells),
        Contact::Asking => page.say(&format!("{context}: asking ..."), app.theme.plain(), cells),
        Contact::Failed(failure) => {
            page.failure(app, failure, cells);
            page.say("Enter tries again, or asks another one; nothing was written", app.theme.dim(), cells);
        }
        Contact::Seen(seen) => {
            let about = [&seen.version, &seen.nodes, &seen.provider];
            let about: Vec<&str> = about.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
            page.say(&format!("{context}   {}", about.join("   ")), app.theme.good(), cells);
            if app.way.practice {
                page.say(
                    "the practice cluster, not a real one: nothing outside this program is touched",
                    app.theme.warn(),
                    cells,
                );
            }
            for warning in &seen.warnings {
                page.say(&format!("warning: {warning}"), app.theme.warn(), cells);
            }
            page.say("Enter goes on", app.theme.dim(), cells);
        }
    }
    page
}

fn what(app: &App, cells: usize) -> Page {
    let mut page = Page::new(app, "What should be installed?");
    let products = &app.way.products;
    let rows = app.rows();
    for (i, row) in rows.iter().enumerate() {
        let Some(product) = products.get(*row) else { break };
        let chosen = app.way.product().is_some_and(|known| known.name == product.name);
        page.choice(app, i, chosen, format!("{} {}", product.title, product.version), "", cells);
        page.say(&product.about, app.theme.plain(), cells);
    }
    let installed = app.way.installed();
    let first = rows.iter().position(|row| *row >= products.len()).unwrap_or(rows.len());
    if first < rows.len() {
        page.gap();
        let title = "   Installed here: Enter shows what can be done with it";
        page.lines.push(Line::styled(title, app.theme.bold()));
    }
    for (i, row) in rows.iter().enumerate().skip(first) {
        if let Some(known) = installed.get(row - products.len()) {
            page.row(app, i, crate::sanitize::line(&known.release), &known.place(), cells);
        }
    }
    page.filter(app, rows.len(), products.len() + installed.len());
    page
}

fn target(app: &App, cells: usize) -> Page {
    let mut page = Page::new(app, "Where does it live in the cluster, and what is it called?");
    page.gap();
    field(app, &mut page, 0, "Namespace", app.namespace.as_ref(), app.way.namespace(), cells);
    // What is being typed is told about, not judged.
    let mut shown = app.way.clone();
    if let Some(draft) = &app.namespace {
        shown.set_namespace(draft.text());
    }
    match shown.namespace_fault().filter(|_| app.namespace.is_none()) {
        Some(fault) => page.say(&format!("! it {fault}, such as my-namespace"), app.theme.bad(), cells),
        None if shown.namespace_fault().is_some() => {}
        None => page.note(app, &shown.namespace_note(), cells),
    }
    if app.at == 0 {
        let typed = app.namespace.as_ref().map_or("", Field::text);
        match shown.namespaces(typed) {
            Ok(all) if all.is_empty() => {}
            Ok(all) => {
                let more = if all.len() > 12 { format!(", and {} more", all.len() - 12) } else { String::new() };
                let listed = all.iter().take(12).copied().collect::<Vec<_>>().join(", ");
                page.say(&format!("Ctrl-N: {listed}{more}"), app.theme.dim(), cells);
            }
            Err(why) => page.say(&format!("namespaces cannot be listed: {why}"), app.theme.dim(), cells),
        }
    }
    page.gap();
    field(app, &mut page, 1, "Name", app.release.as_ref(), app.way.release(), cells);
    match app.way.release_fault().filter(|_| app.release.is_none()) {
        Some(fault) => page.say(&format!("! it {fault}, such as my-release"), app.theme.bad(), cells),
        None => page.say("The release is found again by this name.", app.theme.plain(), cells),
    }
    if app.namespace.is_none() && app.release.is_none() {
        for note in app.way.release_notes() {
            page.note(app, &note, cells);
        }
    }
    if !app.way.left().is_empty() {
        page.gap();
        field(app, &mut page, 2, "Left", app.existing.as_ref(), app.way.existing(), cells);
        for note in app.way.left_notes() {
            page.note(app, &note, cells);
        }
    }
    page.gap();
    match (app.way.ready(), app.way.look()) {
        (Ready::Failed(..), _) if app.going => {}
        (Ready::Failed(known, failure), _) if Some(known) == app.way.chosen().as_ref() => {
            page.failure(app, failure, cells);
        }
        (Ready::Asking(_), _) => page.say("reading the cluster for the questions ...", app.theme.plain(), cells),
        (_, Look::Asking(_)) => page.say("looking at the namespace ...", app.theme.plain(), cells),
        (_, Look::Failed(_, failure)) => page.failure(app, failure, cells),
        _ => {}
    }
    page
}

fn field(app: &App, page: &mut Page, i: usize, label: &str, draft: Option<&Field>, now: &str, cells: usize) {
    let signs = app.theme.signs;
    let marked = i == app.at;
    let room = cells.saturating_sub(24).clamp(8, 44);
    let (shown, cursor) = match draft {
        Some(draft) => {
            let (before, after) = draft.parts();
            let before = cut_start(before, room.saturating_sub(1), signs.ellipsis);
            let at = width(&before);
            (format!("{before}{}", cut(after, room.saturating_sub(at), signs.ellipsis)), at)
        }
        None => {
            let shown = cut_start(now, room.saturating_sub(1), signs.ellipsis);
            let at = width(&shown);
            (shown, at)
        }
    };
    if marked {
        page.marked = page.lines.len();
        page.cursor = Some((page.lines.len(), 3 + 10 + 2 + cursor));
    }
    page.lines.push(Line::from(vec![
        Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent()),
        Span::styled(pad(label, 10, signs.ellipsis), app.theme.bold()),
        Span::raw("[ "),
        Span::styled(pad(&shown, room, signs.ellipsis), if marked { app.theme.reverse() } else { app.theme.plain() }),
        Span::raw(" ]"),
    ]));
}
