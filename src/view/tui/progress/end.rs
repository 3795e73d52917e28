//! The good end: addresses, where the keys are, a way to it from this machine, next steps.

use ratatui::text::{Line, Span};

use super::super::cells::{cut, pad, width, wrap};
use super::body::headline;
use super::{App, Forwarding};
use crate::event::KeyPlace;
use crate::view::progress::{Ending, keys_in_words, seconds};

/// Keys that are listed at a time.
const LISTED: usize = 5;

/// The end: what is up where, and everything that one needs next.
pub(super) fn lines(app: &App, cells: usize) -> Vec<Line<'static>> {
    let Some(run) = &app.progress.run else { return Vec::new() };
    let place = format!("{} / {}", run.context, run.namespace);
    let took = seconds(app.progress.elapsed);
    let mut lines = vec![Line::raw("")];
    let Some(Ending::Finished { written, unchanged, notes }) = &app.progress.ending else {
        lines.extend(headline(app, "ENDED", app.theme.warn(), "the run told no end; nothing more will come", cells));
        return lines;
    };
    let gone = run.verb == "uninstall";
    let said = match run.verb.as_str() {
        "uninstall" => format!("{} is gone from {place} after {took}", run.title),
        "adopt" => format!("{} in {place} is slipway's after {took}", run.title),
        _ => format!("{} {} is up in {place} after {took}", run.title, run.product_version),
    };
    lines.extend(headline(app, "DONE", app.theme.good(), &said, cells));
    let noun = if *written == 1 { "object" } else { "objects" };
    let said = match (gone, *written) {
        (true, 0) => "nothing was left to delete".to_string(),
        (true, _) => format!("{written} {noun} deleted"),
        (false, 0) => format!("nothing was written: all {unchanged} objects are as wanted"),
        (false, _) => format!("{written} {noun} written, {unchanged} as they were"),
    };
    lines.push(Line::styled(format!("   {said}"), app.theme.dim()));
    lines.push(Line::raw(""));
    let keys = app.keys_left();
    // What the list of keys says better is not said twice.
    let notes = notes.iter().filter(|note| !keys.iter().any(|place| note.contains(&place.key)));
    let notes: Vec<(String, String)> = notes.map(|note| parted(note)).collect();
    let column = notes.iter().map(|(name, _)| width(name)).max().unwrap_or(0).clamp(9, 26);
    for (name, text) in &notes {
        let beside = width(name) <= column;
        let room = cells.saturating_sub(if beside { column + 7 } else { 6 });
        for (i, text) in wrap(text, room).into_iter().enumerate() {
            let name = if i == 0 && beside { pad(name, column, "") } else { " ".repeat(column) };
            lines.push(Line::from(vec![Span::styled(format!("   {name}  "), app.theme.bold()), Span::raw(text)]));
        }
    }
    if gone || !app.doors {
        keys_plainly(app, &mut lines, keys, column, cells);
        return lines;
    }
    lines.push(Line::raw(""));
    list_of_keys(app, &mut lines, keys, column, cells);
    if run.door.is_some() {
        lines.push(Line::raw(""));
        let said = match &app.forwarding {
            Forwarding::None => "p opens a port-forward; it lasts as long as this screen is open".to_string(),
            Forwarding::Asked => "opening a port-forward ...".to_string(),
            Forwarding::Open(url) => format!("{url}   while this screen is open"),
            Forwarding::Failed(why) => format!("no port-forward: {why}   (p tries again)"),
        };
        let style = if matches!(app.forwarding, Forwarding::Open(_)) { app.theme.good() } else { app.theme.plain() };
        for (i, text) in wrap(&said, cells.saturating_sub(column + 7)).into_iter().enumerate() {
            let name = pad(if i == 0 { "From here" } else { "" }, column, "");
            lines.push(Line::from(vec![
                Span::styled(format!("   {name}  "), app.theme.bold()),
                Span::styled(text, style),
            ]));
        }
    }
    lines
}

/// `Open: https://…` as a name and what it is; a sentence has no name.
fn parted(note: &str) -> (String, String) {
    match note.split_once(": ") {
        Some((name, text)) if width(name) <= 26 => (name.to_string(), text.to_string()),
        _ => (String::new(), note.to_string()),
    }
}

fn keys_plainly(app: &App, lines: &mut Vec<Line<'static>>, keys: &[KeyPlace], column: usize, cells: usize) {
    if let Some(said) = keys_in_words(keys) {
        let (name, text) = parted(&said);
        let text = cut(&text, cells.saturating_sub(column + 7), app.theme.signs.ellipsis);
        let name = Span::styled(format!("   {}  ", pad(&name, column, "")), app.theme.bold());
        lines.push(Line::from(vec![name, Span::raw(text)]));
    }
}

fn list_of_keys(app: &App, lines: &mut Vec<Line<'static>>, keys: &[KeyPlace], column: usize, cells: usize) {
    let ellipsis = app.theme.signs.ellipsis;
    let marked = app.key.min(keys.len().saturating_sub(1));
    let from = marked.saturating_sub(LISTED - 1);
    let shown = &keys[from..keys.len().min(from + LISTED)];
    let wide = shown.iter().map(|place| width(&place.key)).max().unwrap_or(0).min(cells / 2);
    for (i, place) in shown.iter().enumerate() {
        let is_marked = from + i == marked;
        let name = pad(if i == 0 { "Keys" } else { "" }, column, "");
        let (sign, style) =
            if is_marked { (app.theme.signs.marker, app.theme.reverse()) } else { (" ", app.theme.plain()) };
        let room = cells.saturating_sub(column + wide + 12);
        lines.push(Line::from(vec![
            Span::styled(format!("   {name}"), app.theme.bold()),
            Span::styled(format!("{sign} "), app.theme.accent()),
            Span::styled(pad(&place.key, wide, ellipsis), style),
            Span::raw(format!("   {}", cut(&format!("secret {}", place.secret), room, ellipsis))),
        ]));
        if let Some((_, value, _)) = app.revealed.as_ref().filter(|(shown, _, _)| shown == place) {
            // A value may be a whole file: its first lines tell which one it is.
            for text in wrap(value.expose(), cells.saturating_sub(column + 7)).into_iter().take(3) {
                lines.push(Line::from(vec![Span::raw(" ".repeat(column + 5)), Span::styled(text, app.theme.accent())]));
            }
        }
    }
    let below = keys.len().saturating_sub(from + LISTED);
    if below > 0 {
        lines.push(Line::styled(format!("{}{below} more below", " ".repeat(column + 5)), app.theme.dim()));
    }
}
