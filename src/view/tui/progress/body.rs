//! What stands above the tree: the groups with their time, what is waited for, and the cause when something stands still.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::StopChoice;
use super::super::cells::{cut, pad, width, wrap};
use super::App;
use crate::error::Failure;
use crate::view::progress::{Ending, GroupState, clock, named, seconds};

/// The groups in a strip of as many lines as they need, three at most.
pub(super) fn strip(app: &App, cells: usize) -> Vec<Line<'static>> {
    let signs = app.theme.signs;
    let mut lines = vec![vec![Span::raw(" ")]];
    let mut used = 1;
    for group in app.progress.groups() {
        let (sign, style) = match group.state {
            GroupState::Ready => (signs.ready, app.theme.good()),
            GroupState::Working => (signs.working, app.theme.accent()),
            GroupState::Held => (signs.held, app.theme.dim()),
            GroupState::Failed => (signs.failed, app.theme.bad()),
        };
        let mut text = format!(" {}", cut(group.name, 24, signs.ellipsis));
        if let Some(took) = group.took {
            text.push_str(&format!(" {}", clock(took)));
        }
        let wide = width(sign) + width(&text) + 2;
        if used + wide > cells && used > 1 {
            lines.push(vec![Span::raw(" ")]);
            used = 1;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(sign, style));
            line.push(Span::raw(format!("{text}  ")));
        }
    }
    if lines.len() > 3 {
        let more = lines.len() - 3;
        lines.truncate(3);
        if let Some(last) = lines.last_mut() {
            last.push(Span::styled(format!("{} {more} more lines", signs.ellipsis), app.theme.dim()));
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// What is being waited for, with its age, and how long it usually takes; after that, what Kubernetes said last.
pub(super) fn waiting(app: &App, cells: usize) -> Vec<Line<'static>> {
    let ellipsis = app.theme.signs.ellipsis;
    let usual = app.progress.run.as_ref().and_then(|run| run.usual_seconds);
    let late = usual.is_some_and(|(_, to)| app.progress.elapsed.as_secs() > to);
    let words = |of: u64| seconds(Duration::from_secs(of));
    let right = match usual {
        Some((_, to)) if late => format!("longer than usual ({})", words(to)),
        Some((from, to)) => format!("usually {}-{}", words(from), words(to)),
        None => String::new(),
    };
    let left = match app.stopping {
        Some(StopChoice::AfterStep) => "stopping, as asked: what is on its way is finished first".to_string(),
        Some(_) => "stopping, as asked".to_string(),
        // What cannot become ready is not waited for, and the cause below says it.
        None if app.progress.cause().is_some_and(|(_, hopeless)| *hopeless) => String::new(),
        None => app.progress.doing(),
    };
    let room = cells.saturating_sub(width(&right) + 3);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {}", pad(&left, room, ellipsis)), app.theme.bold()),
        Span::styled(format!(" {right}"), if late { app.theme.warn() } else { app.theme.dim() }),
    ])];
    if let Some(attached) = &app.progress.attached {
        let began = attached.began.strftime("%F %H:%MZ");
        let said =
            format!("looking on: revision {} by {}, {began}; nothing is written", attached.revision, attached.who);
        lines.push(Line::raw(format!(" {}", cut(&said, cells.saturating_sub(2), ellipsis))));
    }
    if let Some(report) = app.progress.last_warning().filter(|_| late && app.progress.cause().is_none()) {
        let age = seconds(app.progress.elapsed.saturating_sub(report.at));
        let said = format!("last event: {}, {}: {} ({age} ago)", report.about, report.reason, report.message);
        lines.push(Line::raw(format!(" {}", cut(&said, cells.saturating_sub(2), ellipsis))));
    }
    lines
}

/// The cause on top: what, why, so, do, state; empty when nothing stands still.
pub(super) fn cause(app: &App, cells: usize) -> Vec<Line<'static>> {
    match &app.progress.ending {
        Some(Ending::Failed(failure)) => return failed(app, failure, cells),
        Some(Ending::Left { remaining, what }) => return left(app, *remaining, what, cells),
        _ => {}
    }
    let Some((finding, hopeless)) = app.progress.cause() else { return Vec::new() };
    let word = if *hopeless { "STOPPED".to_string() } else { finding.severity.word().to_uppercase() };
    let style = if *hopeless || finding.blocks() { app.theme.bad() } else { app.theme.warn() };
    let mut lines = headline(app, &word, style, &finding.what, cells);
    rows(&mut lines, app, "why", &finding.why, cells);
    rows(&mut lines, app, "so", &held_back(app), cells);
    rows(&mut lines, app, "do", &finding.remedy, cells);
    mend(&mut lines, app, cells, finding.remedy.is_empty());
    rows(&mut lines, app, "state", &state(app), cells);
    let others = app.progress.findings.len() - 1;
    let mut code = format!("{}   (slipway explain {})", finding.code, finding.code);
    if others > 0 {
        code.push_str(&format!("   {others} more: e"));
    }
    rows(&mut lines, app, "code", &code, cells);
    lines.push(Line::raw(""));
    lines
}

fn failed(app: &App, failure: &Failure, cells: usize) -> Vec<Line<'static>> {
    let mut lines = headline(app, "FAILED", app.theme.bad(), &failure.what, cells);
    rows(&mut lines, app, "where", &failure.place, cells);
    rows(&mut lines, app, "why", &failure.why.join("\n"), cells);
    rows(&mut lines, app, "so", &held_back(app), cells);
    rows(&mut lines, app, "do", &failure.hints.join("\n"), cells);
    mend(&mut lines, app, cells, failure.hints.is_empty());
    if let Some(back) = app.progress.back.filter(|_| app.doors) {
        rows(
            &mut lines,
            app,
            "or",
            &format!("b goes back to revision {back}; what that would do is shown first"),
            cells,
        );
    }
    let state = if failure.state.is_empty() { state(app) } else { failure.state.clone() };
    rows(&mut lines, app, "state", &state, cells);
    lines.push(Line::raw(""));
    lines
}

/// The key that leads to the answer that mends it, under what else there is to do.
fn mend(lines: &mut Vec<Line<'static>>, app: &App, cells: usize, first: bool) {
    if let Some(mend) = app.mend().filter(|_| app.progress.attached.is_none()) {
        let said = format!("c leads to the answer: {} ({}); the plan is shown again", mend.ask, mend.path);
        rows(lines, app, if first { "do" } else { "" }, &said, cells);
    }
}

fn left(app: &App, remaining: u32, what: &str, cells: usize) -> Vec<Line<'static>> {
    let steps = if remaining == 1 { "1 step is".into() } else { format!("{remaining} steps are") };
    let said = format!("nobody works on this run; {steps} not done");
    let mut lines = headline(app, "LEFT", app.theme.warn(), &said, cells);
    rows(&mut lines, app, "so", &held_back(app), cells);
    rows(&mut lines, app, "state", what, cells);
    if app.doors && app.progress.attached.is_some() {
        rows(&mut lines, app, "do", "r goes on with what remains, here and now; it asks first", cells);
    }
    lines.push(Line::raw(""));
    lines
}

/// What waits for what stands still, in words.
fn held_back(app: &App) -> String {
    let waiting = app.progress.steps.values().filter(|step| step.info.waits && step.done.is_none());
    let names: Vec<String> = waiting.map(named).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is held back"),
        few if few.len() <= 3 => format!("{} are held back", few.join(", ")),
        many => format!("{} and {} more are held back", many[..2].join(", "), many.len() - 2),
    }
}

/// What is in the cluster, in words.
pub(super) fn state(app: &App) -> String {
    let written = app.progress.steps.values().filter(|step| step.done.is_some()).count();
    let (ready, all) = app.progress.counts();
    format!("{written} of {all} objects are in the cluster, {ready} finished; nothing is deleted")
}

/// A word that says how it stands, and a sentence.
pub(super) fn headline(app: &App, word: &str, style: Style, what: &str, cells: usize) -> Vec<Line<'static>> {
    let room = cells.saturating_sub(word.len() + 4);
    let mut lines = Vec::new();
    for (i, text) in wrap(what, room).into_iter().enumerate() {
        let head = if i == 0 { format!(" {word}  ") } else { " ".repeat(word.len() + 3) };
        lines.push(Line::from(vec![Span::styled(head, style), Span::styled(text, app.theme.bold())]));
    }
    lines
}

/// A name, and what there is to say to it, in as many lines as it needs.
pub(super) fn rows(lines: &mut Vec<Line<'static>>, app: &App, name: &str, text: &str, cells: usize) {
    if text.is_empty() {
        return;
    }
    for (i, line) in wrap(text, cells.saturating_sub(12)).into_iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        lines.push(Line::from(vec![Span::styled(format!("   {name:<6} "), app.theme.dim()), Span::raw(line)]));
    }
}
