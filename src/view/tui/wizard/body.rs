//! The form itself, as lines.

use ratatui::text::{Line, Span};

use super::super::cells::{cut, cut_start, pad, width, wrap};
use super::rows::{self, Row};
use super::{App, entries};
use crate::answers::Origin;
use crate::view::questions::{LOCKED, QuestionView, Questions, Widget, as_lines, is_chosen, wrong, yes_or_no};

/// Widest column of what is asked; what is longer stands on a line of its own.
const WIDEST_LABEL: usize = 34;
/// Widest box of a value.
const WIDEST_BOX: usize = 40;

/// A page of lines with the line that must be seen, the end of what belongs to it, and where the cursor is.
#[derive(Default)]
pub(super) struct Form {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) marked: usize,
    pub(super) last: usize,
    pub(super) cursor: Option<(usize, usize)>,
}

/// The columns of the fields of a page.
#[derive(Clone, Copy)]
struct Columns {
    cells: usize,
    label: usize,
    room: usize,
    origin: usize,
}

pub(super) fn form<Q: Questions>(app: &App<'_, Q>, cells: usize) -> Form {
    let mut form = Form::default();
    let Some(page) = app.page_view() else { return form };
    let theme = app.theme;
    form.lines.push(Line::styled(format!(" {}", cut(&page.title, cells.saturating_sub(2), "")), theme.accent()));
    let (questions, rows) = app.rows();
    let columns = columns(&questions, cells);
    if questions.is_empty() {
        form.lines.push(Line::raw(""));
        form.lines.push(Line::raw("   Nothing has to be decided here."));
    }
    for (i, question) in questions.iter().enumerate() {
        let focus = rows.get(app.at).copied().filter(|row| row.question == i);
        let before = form.lines.len();
        match &question.widget {
            Widget::Choice(choices) | Widget::Choices(choices) if !choices.is_empty() => {
                form.lines.push(Line::raw(""));
                for text in wrap(&question.ask, cells.saturating_sub(4)) {
                    form.lines.push(Line::styled(format!("   {text}"), theme.bold()));
                }
                for (c, (choice, text)) in choices.iter().enumerate() {
                    let marked = focus.is_some_and(|row| row.choice == Some(c));
                    if marked {
                        form.marked = form.lines.len();
                    }
                    let chosen = is_chosen(question, choice);
                    form.lines.extend(choice_lines(app, question, text, (marked, chosen), cells));
                }
            }
            _ => {
                if i == 0 || has_choices(&questions[i - 1]) {
                    form.lines.push(Line::raw(""));
                }
                field_lines(app, &mut form, question, focus, columns);
            }
        }
        under(app, &mut form, question, focus, cells);
        if focus.is_some() {
            form.last = form.lines.len() + 1;
            // A question that is longer than the screen shows at least its marked line and what follows.
            form.marked = form.marked.max(before);
        }
    }
    if page.advanced > 0 {
        form.lines.push(Line::raw(""));
        let state = match page.advanced_changed {
            0 => format!("{} advanced, all at default", page.advanced),
            changed => format!("{changed} of {} advanced changed", page.advanced),
        };
        let word = if app.advanced { "hide" } else { "show" };
        form.lines.push(Line::from(vec![
            Span::raw(format!("   {state}   ")),
            Span::styled("Ctrl-A", theme.accent()),
            Span::raw(format!(" {word}")),
        ]));
    }
    form
}

fn has_choices(question: &QuestionView) -> bool {
    matches!(question.widget, Widget::Choice(_) | Widget::Choices(_))
}

fn columns(questions: &[QuestionView], cells: usize) -> Columns {
    let most = WIDEST_LABEL.min(cells * 2 / 5);
    let fields = questions.iter().filter(|question| !has_choices(question));
    let label = fields.clone().map(|question| width(&question.ask)).filter(|wide| *wide <= most).max();
    let label = label.unwrap_or(0).max(8);
    // Marker, label, brackets, and where it came from after a blank.
    let free = cells.saturating_sub(3 + label + 3 + 2 + 1);
    let origin = fields.map(|question| width(&came_from(question, false))).max().unwrap_or(0);
    let room = free.saturating_sub(origin).clamp(12.min(free), WIDEST_BOX);
    Columns { cells, label, room, origin: free.saturating_sub(room) }
}

fn choice_lines<Q: Questions>(
    app: &App<'_, Q>,
    question: &QuestionView,
    text: &str,
    (marked, chosen): (bool, bool),
    cells: usize,
) -> Vec<Line<'static>> {
    let signs = app.theme.signs;
    let several = matches!(question.widget, Widget::Choices(_));
    let sign = match (several, chosen) {
        (false, true) => signs.chosen,
        (false, false) => signs.unchosen,
        (true, true) => "[x]",
        (true, false) => "[ ]",
    };
    let style = if marked { app.theme.reverse() } else { app.theme.plain() };
    let indent = 3 + width(sign) + 1;
    let mut lines = Vec::new();
    for (i, part) in wrap(text, cells.saturating_sub(indent + 1)).into_iter().enumerate() {
        let mut spans = if i == 0 {
            let marker = if marked { signs.marker } else { " " };
            vec![Span::styled(format!(" {marker} "), app.theme.accent()), Span::raw(format!("{sign} "))]
        } else {
            vec![Span::raw(" ".repeat(indent))]
        };
        spans.push(Span::styled(part, style));
        lines.push(Line::from(spans));
    }
    lines
}

fn field_lines<Q: Questions>(
    app: &App<'_, Q>,
    form: &mut Form,
    question: &QuestionView,
    focus: Option<Row>,
    columns: Columns,
) {
    let signs = app.theme.signs;
    let marked = focus.is_some();
    let marker = Span::styled(format!(" {} ", if marked { signs.marker } else { " " }), app.theme.accent());
    if marked {
        form.marked = form.lines.len();
    }
    let mut spans = Vec::new();
    let mut column = 3 + columns.label + 3;
    if width(&question.ask) > columns.label {
        // What is asked is never cut: it stands above its field.
        for (i, text) in wrap(&question.ask, columns.cells.saturating_sub(4)).into_iter().enumerate() {
            let before = if i == 0 { marker.clone() } else { Span::raw("   ") };
            form.lines.push(Line::from(vec![before, Span::styled(text, app.theme.bold())]));
        }
        spans.push(Span::raw(" ".repeat(3 + columns.label)));
    } else {
        spans.push(marker);
        spans.push(Span::styled(pad(&question.ask, columns.label, signs.ellipsis), app.theme.bold()));
    }
    let (shown, cursor) = value(app, question, columns.room, marked);
    let style = if marked { app.theme.reverse() } else { app.theme.plain() };
    spans.push(Span::raw(" [ "));
    spans.push(Span::styled(pad(&shown, columns.room, signs.ellipsis), style));
    spans.push(Span::raw("] "));
    let from = if app.drafts.contains_key(&question.path) {
        (if columns.origin >= 11 { "being typed" } else { "typing" }).to_string()
    } else {
        let long = came_from(question, true);
        if width(&long) <= columns.origin { long } else { came_from(question, false) }
    };
    spans.push(Span::styled(cut(&from, columns.origin, signs.ellipsis), app.theme.dim()));
    column += cursor;
    if marked && rows::is_typed(&question.widget) && !question.locked {
        form.cursor = Some((form.lines.len(), column));
    }
    form.lines.push(Line::from(spans));
}

/// Who says what stands beneath what was typed.
fn says(origin: Origin) -> &'static str {
    match origin {
        Origin::Default | Origin::Typed => "the default is",
        Origin::Profile => "the profile says",
        Origin::LastRun => "the last run had",
        Origin::File => "the answers file says",
        Origin::Variable => "a variable says",
        Origin::Flag => "--set says",
    }
}

/// Where what stands came from, in a word; with what stands beneath it where that is wanted.
fn came_from(question: &QuestionView, long: bool) -> String {
    let word = |origin: Origin| match origin {
        Origin::Default => "default",
        Origin::Profile => "profile",
        Origin::LastRun => "last run",
        Origin::File => "answers file",
        Origin::Variable => "variable",
        Origin::Flag => "--set",
        Origin::Typed => "you",
    };
    let Some(origin) = question.origin.filter(|_| !question.text.is_empty() || question.fault.is_none()) else {
        return if question.optional { "optional".into() } else { "needed".into() };
    };
    if question.text.is_empty() && question.optional {
        return "optional".into();
    }
    let beneath = match &question.beneath {
        (Some(below), text) if long && origin == Origin::Typed && !text.is_empty() && text.len() < 20 => match below {
            Origin::Default => format!("; default {text}"),
            below => format!("; {} {text}", says(*below).trim_start_matches("the ")),
        },
        _ => String::new(),
    };
    format!("{}{beneath}", word(origin))
}

/// The value as it is shown, and the cell of the cursor in it.
fn value<Q: Questions>(app: &App<'_, Q>, question: &QuestionView, room: usize, marked: bool) -> (String, usize) {
    let signs = app.theme.signs;
    let draft = app.drafts.get(&question.path);
    if question.secret {
        let shown = match draft {
            Some(draft) if draft.text().is_empty() => String::new(),
            Some(_) => signs.dot.repeat(8),
            // Its length is said where there is room for it.
            None if width(&question.text) > room => {
                let short = question.text.split(',').next().unwrap_or_default();
                let word = short.split(' ').next().unwrap_or_default();
                (if width(short) > room && question.can_generate { word } else { short }).to_string()
            }
            None => question.text.clone(),
        };
        let at = if draft.is_some() { width(&shown) } else { 0 };
        return (shown, at);
    }
    match &question.widget {
        Widget::YesNo => (if yes_or_no(question) == Some(true) { "yes".into() } else { "no".into() }, 0),
        Widget::List | Widget::Lines => {
            let text = draft.map_or_else(|| as_lines(question), |draft| draft.text().to_string());
            let count = text.lines().count();
            let first = text.lines().next().unwrap_or("").trim();
            let what = if entries::fits(question) { "entries" } else { "lines" };
            (if count > 1 { format!("{count} {what}: {first}{}", signs.ellipsis) } else { first.to_string() }, 0)
        }
        _ => match draft {
            Some(draft) => {
                let (before, after) = draft.parts();
                let before = cut_start(before, room.saturating_sub(1), signs.ellipsis);
                let at = width(&before);
                (format!("{before}{}", cut(after, room.saturating_sub(at), signs.ellipsis)), at)
            }
            None => {
                // The cursor behind it needs a cell too.
                let shown = cut_start(&question.text, room.saturating_sub(usize::from(marked)), signs.ellipsis);
                let at = width(&shown);
                (shown, at)
            }
        },
    }
}

/// What stands under a question: what is wrong, and for the focused one why it is asked and what can be done.
fn under<Q: Questions>(app: &App<'_, Q>, form: &mut Form, question: &QuestionView, focus: Option<Row>, cells: usize) {
    let room = cells.saturating_sub(6);
    let theme = app.theme;
    let mut say = |text: &str, style| {
        if !text.is_empty() {
            form.lines.extend(wrap(text, room).into_iter().map(|line| Line::styled(format!("     {line}"), style)));
        }
    };
    // What is being typed is not judged before it is handed over; what nobody was asked yet is not missing.
    let typed = app.drafts.contains_key(&question.path);
    let untouched = question.text.is_empty() && question.origin.is_none() && focus.is_none();
    if let Some(fault) = question.fault.as_ref().filter(|_| !typed && !untouched) {
        say(&format!("! {}", wrong(fault, &question.example)), theme.bad());
    }
    let Some(row) = focus else { return };
    if let Some((value, seconds)) = app.revealed(&question.path) {
        // In full, over several lines where it must: half a key is of no use to anybody.
        say(value.expose(), theme.bold());
        say(&format!("hidden again in {seconds} s"), theme.warn());
    }
    say(&question.why, theme.plain());
    if question.locked {
        say(LOCKED, theme.plain());
        return;
    }
    if !question.example.is_empty() && question.fault.is_none() && question.text.is_empty() {
        say(&format!("such as {}", question.example), theme.plain());
    }
    say(&stands(question, row), theme.dim());
    match &question.suggestions {
        Ok(offered) if offered.is_empty() => {}
        Ok(offered) => {
            let what = if question.secret { "keys of Secrets here" } else { "in this cluster" };
            let first = &offered[0];
            let first = if question.secret { String::new() } else { format!(": {}", first.words()) };
            let more = if offered.len() > 1 && !question.secret { ", and others" } else { "" };
            say(&format!("Ctrl-N lists {} {what}{first}{more}", offered.len()), theme.plain());
        }
        // What slipway makes when nobody says anything needs no list.
        Err(_) if question.can_generate => {}
        Err(why) => say(&format!("the cluster's list cannot be read, so type it: {why}"), theme.warn()),
    }
    let keys = match question.widget {
        Widget::Secret if question.can_generate => "type or paste your own, or Ctrl-G lets slipway make one",
        Widget::Secret if question.text.is_empty() => {
            "type or paste it, or write env:NAME, file:PATH or secret:NAME/KEY"
        }
        Widget::YesNo => "Space changes it",
        Widget::Choices(_) => "Space or a digit chooses, Enter goes on",
        _ => "",
    };
    say(keys, theme.dim());
}

/// What stands, by whom, and what would stand without it.
fn stands(question: &QuestionView, row: Row) -> String {
    let shown = |text: &str| match (&question.widget, text) {
        (Widget::Choice(choices), text) => {
            choices.iter().find(|(value, _)| value == text).map_or(text.to_string(), |(_, words)| words.clone())
        }
        (_, text) => text.lines().next().unwrap_or_default().to_string(),
    };
    let default = shown(&question.default_text);
    match (question.origin, &question.beneath) {
        // A choice shows by itself what is chosen; only where it came from is told, at the chosen line.
        (Some(Origin::Default) | None, _) if row.choice.is_some() => String::new(),
        (Some(Origin::Typed), (Some(Origin::Default), text)) if !text.is_empty() => {
            format!("yours; the default is {}   Ctrl-U goes back to it", shown(text))
        }
        (Some(Origin::Typed), (Some(below), text)) if !text.is_empty() => {
            format!("yours; {} {}   Ctrl-U goes back to it", says(*below), shown(text))
        }
        (Some(Origin::Typed), _) if !question.secret => "yours   Ctrl-U takes it back".into(),
        (Some(Origin::Default | Origin::Typed) | None, _) => String::new(),
        (Some(from), _) if default.is_empty() => from.words().into(),
        (Some(from), _) => format!("{}; the default is {default}", from.words()),
    }
}
