//! The pictures of the README, out of what the screens draw: `INSTA_UPDATE=always cargo test --lib screenshots` draws them
//! anew. Each follows the reader's ground, light or dark.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::super::{Theme, cells};
use super::look::{buffer, cells_of};
use super::scripts;
use super::stage::{At, Shown, planned};

/// A cell in units of the picture.
const CELL: (usize, usize) = (9, 20);
/// Room around the screen.
const ROOM: usize = 14;

/// Colours of the grounds: text, ground, and the roles of the theme.
const LIGHT: &str = ".g{fill:#fbfbfa}.t{fill:#24292e}.c{fill:#0a6b86}.o{fill:#1a7f37}.r{fill:#c0231f}.m{fill:#8a3a9b}\
    .d{fill:#6a737d}";
const DARK: &str = ".g{fill:#15191e}.t{fill:#d5dae0}.c{fill:#56c2dd}.o{fill:#5fc77c}.r{fill:#ff7a72}.m{fill:#d59be4}\
    .d{fill:#8b949e}";

/// What is shown, how large, and what a reader who cannot see it is told.
const PICTURES: &[(&str, &str, (u16, u16), fn(At) -> Shown)] = &[
    (
        "wizard",
        "The wizard: the pages on the left, the questions in the middle, what the answers make on the right",
        (120, 30),
        |at| at.inngest("production", 1, "tab"),
    ),
    ("review", "The review: where to, every object with what happens to it, and the button", (100, 30), |at| {
        at.review(planned("production"), "down down enter")
    }),
    (
        "progress",
        "The progress: groups, workloads with their pods and reasons, and the log of a pod",
        (100, 26),
        |at| at.progress(scripts::healthy(), ""),
    ),
    ("failure", "A rollout that stands still: the cause is on top, with what to do", (100, 26), |at| {
        at.progress(scripts::failing(), "")
    }),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots")
}

/// Compares with the file that is committed, or writes it where snapshots are made anew.
pub(crate) fn is_committed(name: &str, made: &str) {
    let path = folder().join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let same = committed == made;
    assert!(same, "{} is not what is drawn now: INSTA_UPDATE=always cargo test --lib screenshots", path.display());
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The classes of a cell: its role, and its weight.
fn class(cell: &Cell) -> (&'static str, bool, bool) {
    let role = match cell.fg {
        Color::Cyan => "c",
        Color::Green => "o",
        Color::Red => "r",
        Color::Magenta => "m",
        _ if cell.modifier.contains(Modifier::DIM) => "d",
        _ => "t",
    };
    (role, cell.modifier.contains(Modifier::BOLD), cell.modifier.contains(Modifier::REVERSED))
}

/// The parts of a text between gaps of two spaces and more, each with the cell it begins at.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split("  ") {
        let start = part.len() - part.trim_start().len();
        if !part.trim().is_empty() {
            words.push((at + start, part.trim()));
        }
        at += cells::width(part) + 2;
    }
    words
}

/// A screen as a picture.
fn svg(buffer: &Buffer, about: &str) -> String {
    let (wide, high) = (usize::from(buffer.area.width) * CELL.0, usize::from(buffer.area.height) * CELL.1);
    let mut svg = String::new();
    let (all, tall) = (wide + 2 * ROOM, high + 2 * ROOM);
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all} {tall}\" width=\"{all}\" role=\"img\">"
    )
    .unwrap();
    writeln!(svg, "<title>{}</title>", escaped(about)).unwrap();
    writeln!(
        svg,
        "<style>text{{font:15px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace}}\
         .b{{font-weight:700}}{LIGHT}@media (prefers-color-scheme:dark){{{DARK}}}</style>"
    )
    .unwrap();
    writeln!(svg, "<rect class=\"g\" width=\"{all}\" height=\"{tall}\" rx=\"8\"/>").unwrap();
    for y in 0..buffer.area.height {
        // Runs of one style; a wide sign or one of another font stands alone, where its cell is.
        let mut runs: Vec<(usize, String, (&str, bool, bool))> = Vec::new();
        for (x, cell) in cells_of(buffer, y) {
            let style = class(cell);
            let alone = !cell.symbol().is_ascii();
            match runs.last_mut() {
                Some((_, text, known)) if *known == style && !alone && text.is_ascii() => text.push_str(cell.symbol()),
                Some((_, text, known))
                    if *known == style && alone && text.chars().all(|c| cell.symbol().starts_with(c)) =>
                {
                    text.push_str(cell.symbol());
                }
                _ => runs.push((usize::from(x), cell.symbol().to_string(), style)),
            }
        }
        for (x, text, (role, bold, reversed)) in runs {
            if text.trim().is_empty() && !reversed {
                continue;
            }
            let (left, top) = (ROOM + x * CELL.0, ROOM + usize::from(y) * CELL.1);
            let width = cells::width(&text) * CELL.0;
            if reversed {
                writeln!(
                    svg,
                    "<rect class=\"{role}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\"/>",
                    CELL.1
                )
                .unwrap();
            }
            let role = if reversed { "g" } else { role };
            let weight = if bold { " b" } else { "" };
            // Gaps are places, not text: not every reader of pictures keeps two spaces.
            for (start, word) in words(&text) {
                writeln!(
                    svg,
                    "<text class=\"{role}{weight}\" x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                    left + start * CELL.0,
                    top + 15,
                    cells::width(word) * CELL.0,
                    escaped(word)
                )
                .unwrap();
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_pictures_are_what_the_screens_draw_now() {
    for (name, about, size, make) in PICTURES {
        let screen = make(At { theme: Theme::new(true, true), size: *size });
        is_committed(&format!("{name}.svg"), &svg(&buffer(&*screen, *size).0, about));
    }
}
