//! Draws the wizard: the pages left, the form in the middle, and what the answers make on the right.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::super::cells::cut;
use super::super::leaving;
use super::super::pages::{self, Entry, Sign};
use super::super::paint::{self, row};
use super::pages_list::Mark;
use super::{App, Over, body, over_draw, preview_draw};
use crate::view::questions::Questions;

/// From this width on the list of pages stands beside the form.
pub(in crate::view::tui) const WIDE: u16 = 100;
/// From this width on what the answers make stands beside the form too.
const WIDER: u16 = 120;
/// The widest that the form gets while something stands beside it.
const WIDEST_FORM: u16 = 78;
/// Rows of header, rules and footer.
const AROUND: u16 = 4;

/// Where the parts of the body are.
struct Parts {
    pages: Option<Rect>,
    middle: Rect,
    preview: Option<Rect>,
    checks: Rect,
}

fn parts(body: Rect) -> Parts {
    let above = row(body, 0, body.height.saturating_sub(1));
    let checks = row(body, body.height.saturating_sub(1), 1);
    let list = if body.width >= WIDE { pages::WIDTH } else { 0 };
    let rest = body.width - list;
    let right = if body.width >= WIDER { (rest * 53 / 100).max(rest.saturating_sub(WIDEST_FORM)) } else { 0 };
    Parts {
        pages: (list > 0).then_some(Rect { width: list, ..above }),
        middle: Rect { x: list, width: rest - right, ..above },
        preview: (right > 0).then_some(Rect { x: body.width - right, width: right, ..above }),
        checks,
    }
}

impl<Q: Questions> App<'_, Q> {
    /// Where what the answers make is drawn, by the size of the terminal.
    fn preview_area(&self) -> Rect {
        let (width, height) = self.size;
        let parts = parts(Rect { x: 0, y: 0, width, height: height.saturating_sub(AROUND) });
        parts.preview.unwrap_or(parts.middle)
    }

    /// How many lines of YAML are seen at once.
    pub(super) fn yaml_room(&self) -> usize {
        preview_draw::shares(&self.preview, self.theme, self.preview_area()).yaml
    }
}

pub(super) fn draw<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>) {
    let pages = app.pages();
    let all = pages.len();
    let at = (app.page + 1).min(all);
    let before = app.form.before().len();
    let mut whereabouts = format!("{} of {}", before + at, before + all + 1);
    // Where there is no room for the list, the page's name stands beside its number.
    if frame.area().width < WIDE
        && let Some(page) = at.checked_sub(1).and_then(|at| pages.get(at))
    {
        whereabouts = format!("{whereabouts} {}", page.title);
    }
    if paint::too_small(frame, app.theme, &whereabouts) {
        return;
    }
    if let Over::Help(down) = app.over {
        let focused = app.focused().map(|(question, _)| question);
        let secret = focused.as_ref().is_some_and(|question| question.secret);
        let why = focused.map(|question| question.why).filter(|why| !why.is_empty());
        let about = secret.then(|| {
            "A secret may be typed or pasted, or be env:NAME, file:PATH, secret:NAME/KEY, or generate. What was made or \
             brought is kept in a Secret of the namespace, and nowhere else."
                .to_string()
        });
        let written = "Nothing is written before the review was agreed to.".to_string();
        let about: Vec<String> = why.into_iter().chain(about).chain([written]).collect();
        return paint::help(frame, app.theme, app.place_of(app.helped), down, &about);
    }
    let rows = paint::frame(frame, app.theme, &app.form.whereabouts(), &whereabouts);
    match app.over {
        Over::Leaving(marked) => leaving::draw(frame, app.theme, rows.body, marked, true),
        Over::Pages(marked) => over_draw::pages(app, frame, rows.body, marked),
        _ => page(app, frame, rows.body),
    }
    paint::footer(frame, app.theme, rows.footer, app.place(), &app.said);
}

/// A page with what stands around it, and what lies over its middle.
fn page<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, body: Rect) {
    let parts = parts(body);
    checks(app, frame, parts.checks);
    if let Some(area) = parts.pages {
        draw_pages(app, frame, area);
    }
    let focused = app.over == Over::Preview;
    match parts.preview {
        Some(area) => preview_draw::draw(&app.preview, app.theme, frame, area, focused),
        None if focused => return preview_draw::draw(&app.preview, app.theme, frame, parts.middle, true),
        None => {}
    }
    match app.over {
        Over::Lines => over_draw::lines(app, frame, parts.middle),
        Over::Entries => over_draw::entries(app, frame, parts.middle),
        Over::Picker => over_draw::picker(app, frame, parts.middle),
        Over::Sure(marked) => over_draw::sure(app, frame, parts.middle, marked),
        _ => form(app, frame, parts.middle),
    }
}

fn form<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let form = body::form(app, usize::from(area.width));
    let height = usize::from(area.height);
    // The marked line is always seen, with what belongs to it.
    let skip = form.last.min(form.lines.len()).saturating_sub(height).min(form.marked);
    let left = form.lines.len().saturating_sub(skip + height);
    frame.render_widget(Paragraph::new(form.lines.into_iter().skip(skip).collect::<Vec<_>>()), area);
    over_draw::more_below(frame, app.theme, area, left);
    // The cursor of the terminal is seen where something is typed.
    if app.over == Over::Nothing
        && let Some((line, column)) = form.cursor
        && let (Some(line), Ok(column)) = (line.checked_sub(skip), u16::try_from(column))
        && line < height
        && column < area.width
    {
        let y = area.y.saturating_add(u16::try_from(line).unwrap_or(0));
        frame.set_cursor_position(Position { x: area.x + column, y });
    }
}

/// What is wrong so far, and what the preflight says.
fn checks<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let wrong: usize = app.pages().iter().map(|page| page.wrong).sum();
    let checks = app.form.checks();
    let (text, style) = match (wrong, checks.as_str()) {
        (0, "") => return,
        (0, checks) => (format!("checks: {checks}"), app.theme.dim()),
        (1, _) => ("1 answer is wrong: Ctrl-O shows where".to_string(), app.theme.bad()),
        (wrong, _) => (format!("{wrong} answers are wrong: Ctrl-O shows where"), app.theme.bad()),
    };
    let text = cut(&format!(" {text}"), usize::from(area.width), app.theme.signs.ellipsis);
    frame.render_widget(Paragraph::new(Line::styled(text, style)), area);
}

fn draw_pages<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let mut entries: Vec<Entry> =
        app.form.before().into_iter().map(|title| Entry { title, sign: Sign::Done, later: false }).collect();
    let marked = entries.len() + app.page;
    entries.extend(app.pages().into_iter().enumerate().map(|(i, page)| {
        let sign = match app.mark(&page) {
            // Where one is says more than that nothing is missing there.
            Mark::Done if i != app.page => Sign::Done,
            Mark::Faulty => Sign::Faulty,
            _ => Sign::Open,
        };
        Entry { title: page.title, sign, later: false }
    }));
    pages::draw(frame, app.theme, area, &entries, marked);
}
