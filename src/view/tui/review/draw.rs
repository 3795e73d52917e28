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
use super::{App, Over, lines};
use crate::finding::Severity;

const ABOUT: &str = "Nothing was written yet. The tree shows every object with what happens to it: + made, ~ changed, \
    ! deleted and made again, - deleted, = left as it is. Open one to see its fields. Values of secrets are never \
    shown. Enter in the tree opens and closes; only the button does it, and it is reached by Tab once nothing blocks. \
    An error blocks, a warning does not.";

/// Rows of the body below which blank lines give way.
const TIGHT: u16 = 18;

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
            let place = match (app.is_blocked(), app.answers) {
                (true, _) => Place::Blocked,
                (false, true) => Place::Review,
                (false, false) => Place::PlanOnly,
            };
            return paint::help(frame, app.theme, place, down, &[ABOUT.to_string()]);
        }
        Over::Leaving(marked) => leaving::draw(frame, app.theme, parts.body, marked, app.answers),
        Over::Nothing => review(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn review(app: &App, frame: &mut Frame<'_>, body: Rect) {
    let cells = usize::from(body.width);
    // On the smallest screens the plan gets the room of what is only air.
    let tight = body.height < TIGHT;
    let airless = |mut lines: Vec<Line<'static>>| {
        lines.retain(|line| !tight || line.width() > 0);
        lines
    };
    let foot = |warn| airless(foot(app, cells, warn, if tight { 1 } else { 2 }));
    let head = airless(head(app, cells));
    let top = u16::try_from(head.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(head), row(body, 0, top));
    let wide = body.width >= wizard::WIDE;
    let beside = if wide { body.width * 2 / 5 } else { 0 };
    let middle = body.width - if wide { beside + 2 } else { 0 };
    let tree = lines::tree(app, usize::from(middle), wide);
    // What is on the screen need not be said twice; the line stays, so that nothing jumps.
    let under = u16::try_from(foot(true).len()).unwrap_or(0);
    let middle = Rect { width: middle, ..row(body, top, body.height.saturating_sub(top + under)) };
    let height = usize::from(middle.height);
    let skip = (tree.marked.1 + 2).min(tree.lines.len()).saturating_sub(height).min(tree.marked.0);
    // The last line may have to say how many more there are.
    let last = usize::from(tree.lines.len() > skip + height);
    let seen = |line: usize| line >= skip && line + last < skip + height;
    let bottom = foot(!tree.warning.is_some_and(seen));
    frame.render_widget(Paragraph::new(bottom), row(body, body.height.saturating_sub(under), under));
    if wide {
        lines::beside(app, frame, Rect { x: middle.x + middle.width + 2, width: beside, ..middle });
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
            let about = cut(&about, cells.saturating_sub(LABEL + 1), ellipsis);
            lines.push(Line::from(vec![label(app, ""), Span::raw(about)]));
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

/// What stands under the tree; `warn` says whether the first warning is named here, which else is in sight; `most` is how many lines a text may have.
fn foot(app: &App, cells: usize, warn: bool, most: usize) -> Vec<Line<'static>> {
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
            say("Saved", place, theme.plain(), most);
            say("Repeat", command, theme.plain(), most);
        }
        None => say("Repeat", &app.overview.repeat, theme.plain(), most),
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
            None if !first.remedy.is_empty() => say("", &first.remedy, theme.plain(), most),
            None => {}
        }
        return lines;
    }
    if let Some((wanted, typed)) = &app.typed {
        say("For ever", &format!("data or keys go and do not come back; Tab, then type {wanted}"), theme.bad(), most);
        let marker = if app.on_button { theme.signs.marker } else { " " };
        let style = if app.on_button { theme.bold().patch(theme.reverse()) } else { theme.bold() };
        lines.push(Line::from(vec![
            Span::styled(format!(" {marker} "), theme.accent()),
            Span::raw(format!("{}, type {wanted}: ", app.overview.button())),
            Span::styled(format!("[ {} ]", pad(typed, width(wanted).max(12), ellipsis)), style),
        ]));
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
