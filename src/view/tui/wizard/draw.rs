//! Draws the wizard.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::super::cells::{cut, cut_start, pad, width, wrap};
use super::super::keys::Place;
use super::super::leaving;
use super::super::pages::{self, Entry, Sign};
use super::super::paint::{self, row};
use super::rows::{self, Row};
use super::{App, Over};
use crate::view::questions::{
    LOCKED, Offer, PageState, QuestionView, Questions, Widget, as_lines, is_chosen, lines_rule, origin as origin_words,
    wrong, yes_or_no,
};

/// From this width on, pages and what the answers make stand beside the form.
pub(in crate::view::tui) const WIDE: u16 = 100;

/// A page of lines with the line that must be seen, and where the cursor is in it.
#[derive(Default)]
struct Form {
    lines: Vec<Line<'static>>,
    marked: usize,
    cursor: Option<(usize, usize)>,
}

pub(super) fn draw<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>) {
    let all = app.pages().len();
    let before = app.form.before().len();
    let at = format!("{} of {}", before + (app.page + 1).min(all), before + all + 1);
    if paint::too_small(frame, app.theme, &at) {
        return;
    }
    let parts = paint::frame(frame, app.theme, &app.form.whereabouts(), &at);
    match app.over {
        Over::Help(down) => {
            let why = app.focused().map(|(question, _)| question.why).unwrap_or_default();
            let about = "A secret may be typed, or be env:NAME, file:PATH, secret:NAME/KEY, or generate. Nothing is \
                written before the review was agreed to.";
            return paint::help(frame, app.theme, Place::Wizard, down, &[why, about.to_string()]);
        }
        Over::Leaving(marked) => leaving::draw(frame, app.theme, parts.body, marked),
        Over::Faults(marked) => {
            let faults: Vec<String> = app
                .form
                .faults()
                .iter()
                .map(|fault| format!("{}: {}", fault.path, wrong(&fault.what, &fault.example)))
                .collect();
            let texts: Vec<&str> = faults.iter().map(String::as_str).collect();
            paint::choices(frame, app.theme, parts.body, "Still missing or wrong; Enter goes there", &texts, marked);
        }
        Over::Lines => draw_lines(app, frame, parts.body),
        Over::Preview => draw_preview(app, frame, parts.body),
        Over::Nothing => page(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn page<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, body: Rect) {
    let above = row(body, 0, body.height.saturating_sub(1));
    let checks = app.form.checks();
    if !checks.is_empty() {
        let text = cut(&format!(" checks: {checks}"), usize::from(body.width), app.theme.signs.ellipsis);
        let last = row(body, body.height.saturating_sub(1), 1);
        frame.render_widget(Paragraph::new(Line::styled(text, app.theme.dim())), last);
    }
    let mut middle = above;
    if body.width >= WIDE {
        let right = (body.width - pages::WIDTH) * 45 / 100;
        draw_pages(app, frame, Rect { width: pages::WIDTH, ..above });
        middle = Rect { x: pages::WIDTH, width: body.width - pages::WIDTH - right, ..above };
        draw_preview(app, frame, Rect { x: body.width - right, width: right, ..above });
    }
    let form = form(app, usize::from(middle.width));
    let height = usize::from(middle.height);
    // The marked line is always seen, with what belongs to it.
    let skip = (form.marked + 8).min(form.lines.len()).saturating_sub(height).min(form.marked);
    frame.render_widget(Paragraph::new(form.lines.into_iter().skip(skip).collect::<Vec<_>>()), middle);
    if let Some((line, column)) = form.cursor
        && let (Some(line), Ok(column)) = (line.checked_sub(skip), u16::try_from(column))
        && line < height
        && column < middle.width
    {
        let y = middle.y.saturating_add(u16::try_from(line).unwrap_or(0));
        frame.set_cursor_position(Position { x: middle.x + column, y });
    }
}

fn draw_pages<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let mut entries: Vec<Entry> =
        app.form.before().into_iter().map(|title| Entry { title, sign: Sign::Done, later: false }).collect();
    let marked = entries.len() + app.page;
    entries.extend(app.pages().into_iter().map(|page| {
        let sign = match page.state {
            PageState::Faulty if app.seen.contains(&page.id) => Sign::Faulty,
            PageState::Done if app.seen.contains(&page.id) => Sign::Done,
            _ => Sign::Open,
        };
        Entry { title: page.title, sign, later: false }
    }));
    pages::draw(frame, app.theme, area, &entries, marked);
}

fn form<Q: Questions>(app: &App<'_, Q>, cells: usize) -> Form {
    let mut form = Form::default();
    let Some(page) = app.page_view() else { return form };
    let theme = app.theme;
    form.lines.push(Line::styled(format!(" {}", cut(&page.title, cells.saturating_sub(2), "")), theme.accent()));
    let (questions, rows) = app.rows();
    let labels = questions.iter().filter(|question| !has_choices(question)).map(|question| width(&question.ask)).max();
    let label = labels.unwrap_or(0).clamp(8, (cells / 2).max(8));
    for (i, question) in questions.iter().enumerate() {
        let focus = rows.get(app.at).copied().filter(|row| row.question == i);
        match &question.widget {
            Widget::Choice(choices) | Widget::Choices(choices) if !choices.is_empty() => {
                form.lines.push(Line::raw(""));
                for text in wrap(&question.ask, cells.saturating_sub(4)) {
                    form.lines.push(Line::styled(format!("   {text}"), theme.bold()));
                }
                for (c, (choice, text)) in choices.iter().enumerate() {
                    let marked = focus.is_some_and(|row| row.choice == Some(c));
                    let chosen = is_chosen(question, choice);
                    if marked {
                        form.marked = form.lines.len();
                    }
                    form.lines.push(choice_line(app, question, text, marked, chosen, cells));
                }
            }
            _ => {
                if i > 0 && has_choices(&questions[i - 1]) {
                    form.lines.push(Line::raw(""));
                }
                field_line(app, &mut form, question, focus, label, cells);
            }
        }
        under(app, &mut form, question, focus.is_some(), cells);
    }
    if page.advanced > 0 {
        form.lines.push(Line::raw(""));
        let (state, word) = if app.advanced { ("shown", "hide") } else { ("hidden", "show") };
        form.lines.push(Line::styled(format!("   {} advanced {state}   Ctrl-A {word}", page.advanced), theme.dim()));
    }
    form
}

fn has_choices(question: &QuestionView) -> bool {
    matches!(question.widget, Widget::Choice(_) | Widget::Choices(_))
}

fn choice_line<Q: Questions>(
    app: &App<'_, Q>,
    question: &QuestionView,
    text: &str,
    marked: bool,
    chosen: bool,
    cells: usize,
) -> Line<'static> {
    let signs = app.theme.signs;
    let several = matches!(question.widget, Widget::Choices(_));
    let sign = match (several, chosen) {
        (false, true) => signs.chosen,
        (false, false) => signs.unchosen,
        (true, true) => "[x]",
        (true, false) => "[ ]",
    };
    let style = if marked { app.theme.reverse() } else { app.theme.plain() };
    Line::from(vec![
        Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent()),
        Span::raw(format!("{sign} ")),
        Span::styled(cut(text, cells.saturating_sub(8), signs.ellipsis), style),
    ])
}

fn field_line<Q: Questions>(
    app: &App<'_, Q>,
    form: &mut Form,
    question: &QuestionView,
    focus: Option<Row>,
    label: usize,
    cells: usize,
) {
    let signs = app.theme.signs;
    let marked = focus.is_some();
    let origin = if app.drafts.contains_key(&question.path) { "being typed" } else { origin_words(question) };
    let origin = if question.text.is_empty() && origin != "being typed" { "" } else { origin };
    let origin_room = if cells > 70 { 18 } else { 12 };
    let room = cells.saturating_sub(label + 4 + 4 + origin_room + 2).max(4);
    let (shown, cursor) = value(app, question, room, marked);
    let style = if marked { app.theme.reverse() } else { app.theme.plain() };
    if marked {
        form.marked = form.lines.len();
        if rows::is_typed(&question.widget) {
            form.cursor = Some((form.lines.len(), 3 + label + 1 + 2 + cursor));
        }
    }
    form.lines.push(Line::from(vec![
        Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent()),
        Span::styled(pad(&question.ask, label, signs.ellipsis), app.theme.bold()),
        Span::raw(" [ "),
        Span::styled(pad(&shown, room, signs.ellipsis), style),
        Span::raw(" ] "),
        Span::styled(cut(origin, origin_room, signs.ellipsis), app.theme.dim()),
    ]));
}

/// The value as it is shown, and the cell of the cursor in it.
fn value<Q: Questions>(app: &App<'_, Q>, question: &QuestionView, room: usize, marked: bool) -> (String, usize) {
    let signs = app.theme.signs;
    let draft = app.drafts.get(&question.path);
    if question.secret {
        let now = app.revealed.as_ref().is_some_and(|(path, _)| marked && *path == question.path);
        let shown = match (draft, now) {
            (Some(draft), true) => draft.text().to_string(),
            (None, true) => app.form.reveal(&question.path).map(|held| held.expose().to_string()).unwrap_or_default(),
            (Some(draft), false) if draft.text().is_empty() => String::new(),
            (Some(_), false) => signs.dot.repeat(8),
            (None, false) => question.text.clone(),
        };
        let shown = cut_start(&shown, room.saturating_sub(1), signs.ellipsis);
        let at = if draft.is_some() { width(&shown) } else { 0 };
        return (shown, at);
    }
    match &question.widget {
        Widget::YesNo => (if yes_or_no(question) == Some(true) { "yes".into() } else { "no".into() }, 0),
        Widget::List | Widget::Lines => {
            let text = draft.map_or_else(|| as_lines(question), |draft| draft.text().to_string());
            let count = text.lines().count();
            let first = text.lines().next().unwrap_or("").to_string();
            (if count > 1 { format!("{first}, and {} more lines", count - 1) } else { first }, 0)
        }
        _ => match draft {
            Some(draft) => {
                let (before, after) = draft.parts();
                let before = cut_start(before, room.saturating_sub(1), signs.ellipsis);
                let at = width(&before);
                (format!("{before}{}", cut(after, room.saturating_sub(at), signs.ellipsis)), at)
            }
            None => {
                let shown = cut_start(&question.text, room.saturating_sub(1), signs.ellipsis);
                let at = width(&shown);
                (shown, at)
            }
        },
    }
}

/// What stands under a question: what is wrong, and for the focused one why it is asked and what can be done.
fn under<Q: Questions>(app: &App<'_, Q>, form: &mut Form, question: &QuestionView, focus: bool, cells: usize) {
    let room = cells.saturating_sub(8);
    let mut say = |text: &str, style| {
        form.lines.extend(wrap(text, room).into_iter().map(|line| Line::styled(format!("     {line}"), style)));
    };
    // What is being typed is not judged before it is handed over.
    if let Some(fault) = &question.fault
        && !app.drafts.contains_key(&question.path)
    {
        say(&format!("! {}", wrong(fault, &question.example)), app.theme.bad());
    }
    if !focus {
        return;
    }
    for text in [question.why.as_str(), if question.locked { LOCKED } else { "" }] {
        if !text.is_empty() {
            say(text, app.theme.plain());
        }
    }
    if !question.example.is_empty() && question.fault.is_none() {
        say(&format!("such as {}", question.example), app.theme.dim());
    }
    match &question.suggestions {
        Ok(offered) if offered.is_empty() => {}
        Ok(offered) => {
            let offered: Vec<String> = offered.iter().map(Offer::words).collect();
            say(&format!("Ctrl-N: {}", offered.join(", ")), app.theme.dim());
        }
        Err(why) => say(&format!("the cluster could not be asked: {why}"), app.theme.dim()),
    }
    match question.widget {
        Widget::Secret if question.can_generate => say("Ctrl-G slipway makes it   Ctrl-R show 5 s", app.theme.dim()),
        Widget::Secret => say("Ctrl-R show 5 s", app.theme.dim()),
        Widget::YesNo => say("Space changes it", app.theme.dim()),
        Widget::Choices(_) => say("Space or a digit chooses, Enter goes on", app.theme.dim()),
        Widget::List | Widget::Lines => say("Enter opens it, Tab goes on", app.theme.dim()),
        _ => {}
    }
}

fn draw_lines<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, body: Rect) {
    let Some((question, _)) = app.focused() else { return };
    let Some(draft) = app.drafts.get(&question.path) else { return };
    frame.render_widget(Clear, body);
    paint::rule(frame, app.theme, row(body, 0, 1), &format!("{}   {}", question.ask, lines_rule(&question)));
    let area = row(body, 1, body.height.saturating_sub(1));
    let cells = usize::from(area.width).saturating_sub(4);
    let (before, _) = draft.parts();
    let at = before.matches('\n').count();
    let column = width(&cut(before.rsplit('\n').next().unwrap_or(""), cells.saturating_sub(1), ""));
    let height = usize::from(area.height);
    let skip = (at + 1).saturating_sub(height);
    let lines: Vec<Line<'_>> = draft
        .text()
        .split('\n')
        .skip(skip)
        .map(|line| Line::raw(format!("  {}", cut(line, cells, app.theme.signs.ellipsis))))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
    if let (Ok(x), Ok(y)) = (u16::try_from(column + 2), u16::try_from(at - skip))
        && x < area.width
        && y < area.height
    {
        frame.set_cursor_position(Position { x: area.x + x, y: area.y + y });
    }
}

fn draw_preview<Q: Questions>(app: &App<'_, Q>, frame: &mut Frame<'_>, area: Rect) {
    let cells = usize::from(area.width).saturating_sub(3);
    let theme = app.theme;
    let preview = &app.preview;
    let mut lines = vec![Line::from(vec![
        Span::styled(" This makes", theme.accent()),
        Span::styled(format!("   changed by your last answer: {}", preview.changed()), theme.dim()),
    ])];
    if preview.objects.is_empty() {
        lines.push(Line::raw("  nothing yet: answers are missing"));
    }
    let listed = usize::from(area.height / 2).max(3);
    let skip = (preview.at + 1).saturating_sub(listed);
    for (i, shown) in preview.objects.iter().enumerate().skip(skip).take(listed) {
        let style = if i == preview.at { theme.reverse() } else { theme.plain() };
        let sign = if shown.changed { "~" } else { " " };
        let text = format!("{:<22} {}", shown.object.kind, shown.object.name);
        lines.push(Line::from(vec![
            Span::styled(format!(" {sign} "), theme.warn()),
            Span::styled(cut(&text, cells, theme.signs.ellipsis), style),
        ]));
    }
    if preview.objects.len() > listed {
        lines.push(Line::styled(format!("   {} objects in all", preview.objects.len()), theme.dim()));
    }
    lines.push(Line::styled(format!(" {}", theme.signs.rule.repeat(cells)), theme.dim()));
    if let Some(shown) = preview.objects.get(preview.at) {
        let room = usize::from(area.height).saturating_sub(lines.len());
        // The first changed line is what one wants to see.
        let first = shown.lines.iter().position(|changed| *changed).unwrap_or(0);
        let skip = if first + 3 > room { first.saturating_sub(room / 2) } else { 0 };
        for (i, line) in shown.object.yaml.lines().enumerate().skip(skip).take(room) {
            let changed = shown.lines.get(i).copied().unwrap_or(false);
            let (sign, style) = if changed { ("~", theme.warn()) } else { (" ", theme.plain()) };
            lines.push(Line::from(vec![
                Span::styled(format!(" {sign} "), theme.warn()),
                Span::styled(cut(line, cells, theme.signs.ellipsis), style),
            ]));
        }
    }
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines), area);
}
