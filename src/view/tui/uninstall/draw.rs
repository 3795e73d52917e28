//! Draws what becomes of volumes and keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::cells::wrap;
use super::super::keys::Place;
use super::super::paint;
use super::{App, LEAVING, Over};
use crate::sanitize;
use crate::view::questions::Whereabouts;
use crate::view::uninstall::{Fate, Item, loses};

const ABOUT: &str = "Nothing was written yet. Everything that can be made again goes; volumes and keys are kept unless you \
    say otherwise, and a kept volume keeps the key that opens it. What is kept is found by the next install, which asks \
    what to do with it. The next page lists every object; what is given up for ever is typed there.";

pub(super) fn draw(app: &App<'_>, frame: &mut Frame<'_>) {
    if paint::too_small(frame, app.theme, "volumes and keys") {
        return;
    }
    let target = app.kept.target;
    let here = Whereabouts {
        doing: format!("uninstall {}", target.release),
        context: target.context.clone(),
        namespace: target.namespace.clone(),
        practice: target.practice,
    };
    let parts = paint::frame(frame, app.theme, &here, "1 of 2");
    match app.over {
        Over::Help(down) => return paint::help(frame, app.theme, Place::Fates, down, &[ABOUT.to_string()]),
        Over::Leaving(marked) => {
            paint::choices(frame, app.theme, parts.body, "Leave without uninstalling?", &LEAVING, marked);
        }
        Over::Nothing => page(app, frame, parts.body),
    }
    paint::footer(frame, app.theme, parts.footer, app.place(), &app.said);
}

fn page(app: &App<'_>, frame: &mut Frame<'_>, body: Rect) {
    let cells = usize::from(body.width);
    let mut head = vec![Line::raw("")];
    head.extend(
        wrap(&asked(app), cells.saturating_sub(4))
            .into_iter()
            .map(|line| Line::styled(format!("   {line}"), app.theme.bold())),
    );
    head.push(Line::raw(""));
    let mut foot = vec![Line::raw("")];
    let said = match (loses(&app.wishes), app.kept.volumes.is_empty()) {
        (true, _) => "The next page lists everything; there the release's name is typed to give data or keys up.",
        (false, false) => "The namespace stays while a volume in it is kept. The next page lists everything that goes.",
        (false, true) => "The next page lists everything that goes.",
    };
    foot.extend(wrap(said, cells.saturating_sub(4)).into_iter().map(|line| Line::raw(format!("   {line}"))));
    let (mut lines, mut marked) = (Vec::new(), (0, 0));
    for (i, item) in app.items.iter().enumerate() {
        let from = lines.len();
        lines.extend(of(app, *item, i == app.at, cells));
        if i == app.at {
            marked = (from, lines.len());
        }
    }
    let top = u16::try_from(head.len()).unwrap_or(0);
    let under = u16::try_from(foot.len()).unwrap_or(0);
    let height = usize::from(body.height.saturating_sub(top + under));
    let skip = marked.1.saturating_sub(height).min(marked.0);
    let below = lines.len().saturating_sub(skip + height);
    let mut shown: Vec<Line<'_>> = lines.into_iter().skip(skip).take(height).collect();
    if below > 0
        && let Some(last) = shown.last_mut()
    {
        *last =
            Line::styled(format!("     {} {} more lines below", app.theme.signs.ellipsis, below + 1), app.theme.dim());
    }
    let end = top + u16::try_from(shown.len()).unwrap_or(0);
    frame.render_widget(Paragraph::new(head), paint::row(body, 0, top));
    frame.render_widget(Paragraph::new(shown), paint::row(body, top, end - top));
    frame.render_widget(Paragraph::new(foot), paint::row(body, end, under));
}

fn asked(app: &App<'_>) -> String {
    let count = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {more}")),
    };
    let volumes = count(app.kept.volumes.len(), "volume holds data", "volumes hold data");
    let keys = count(app.kept.keys.len(), "key Secret", "key Secrets");
    let both: Vec<String> = [volumes, keys].into_iter().flatten().collect();
    format!("{}. What should happen to each?", both.join(", "))
}

/// A volume or key with its fates.
fn of(app: &App<'_>, item: Item<'_>, marked: bool, cells: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let (kind, told) = match item {
        Item::Volume(volume) => ("Volume", volume.words()),
        Item::Key(key) => ("Key", key.what().trim_start_matches(", which ").to_string()),
    };
    let name =
        Span::styled(format!(" {} ", sanitize::line(item.name())), if marked { theme.reverse() } else { theme.bold() });
    let marker = if marked { theme.signs.marker } else { " " };
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {marker} "), theme.accent()),
        Span::styled(format!("{kind:<7}"), theme.dim()),
        name,
    ])];
    let room = cells.saturating_sub(7);
    lines.extend(wrap(&sanitize::line(&told), room).into_iter().map(|line| Line::raw(format!("     {line}"))));
    let chosen = item.fate(&app.wishes);
    let shown = |chosen: bool, text: &str, style| {
        let sign = if chosen { theme.signs.chosen } else { theme.signs.unchosen };
        Span::styled(format!("{sign} {text}"), if chosen { style } else { theme.plain() })
    };
    let mut fates = vec![Span::raw("     ")];
    let needs = app.kept.needs(item, &app.wishes);
    for fate in app.kept.fates(item) {
        let (text, style) = match fate {
            Fate::Keep => ("Keep", theme.good()),
            Fate::BackUp => (item.choice(fate), theme.warn()),
            Fate::Delete => (item.choice(fate), theme.bad()),
        };
        if fate != Fate::Keep && needs.is_some() {
            continue;
        }
        fates.push(shown(fate == chosen, text, style));
        fates.push(Span::raw("   "));
    }
    if let Some(volume) = needs {
        fates.push(Span::styled(format!("with {}, which is kept", volume.name), theme.dim()));
    } else {
        // No blanks at the end of a line.
        fates.pop();
    }
    lines.push(Line::from(fates));
    lines.push(Line::raw(""));
    lines
}
