//! A screen as it is drawn: its cells, its text, its styles, and what must hold of any drawing.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

use super::super::{Screen, cells, event_loop};

/// Colours that a theme may use: readable on a dark and on a light ground, in every terminal with 16 colours.
const READABLE: [Color; 5] = [Color::Reset, Color::Cyan, Color::Green, Color::Red, Color::Magenta];

/// What a screen draws, and where it leaves the cursor.
pub(super) fn buffer(screen: &dyn Screen, (width, height): (u16, u16)) -> (Buffer, Option<Position>) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    look(&mut terminal, screen)
}

/// The same on a terminal that is there.
pub(super) fn look(terminal: &mut Terminal<TestBackend>, screen: &dyn Screen) -> (Buffer, Option<Position>) {
    terminal.draw(|frame| event_loop::drawn(screen, frame)).unwrap();
    let backend = terminal.backend();
    (backend.buffer().clone(), backend.cursor_visible().then(|| backend.cursor_position()))
}

/// The cells of a row that hold something, each with its column; what a wide character covers is left out.
pub(super) fn cells_of(buffer: &Buffer, y: u16) -> Vec<(u16, &ratatui::buffer::Cell)> {
    let mut shown = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        shown.push((x, cell));
        x += u16::try_from(cells::width(cell.symbol()).max(1)).unwrap();
    }
    shown
}

/// The text, spaces at line ends cut.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line: String = cells_of(buffer, y).into_iter().map(|(_, cell)| cell.symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What is not plain, line by line, with its words: `0: bold "slipway"  reversed "kind-dev"`.
pub(super) fn styles(buffer: &Buffer) -> String {
    let mut told = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(String, String)> = Vec::new();
        for (_, cell) in cells_of(buffer, y) {
            let mut words = Vec::new();
            if cell.fg != Color::Reset {
                words.push(format!("{:?}", cell.fg).to_lowercase());
            }
            if !cell.modifier.is_empty() {
                words.push(format!("{:?}", cell.modifier).to_lowercase());
            }
            let style = words.join(" ");
            match runs.last_mut() {
                Some((known, text)) if *known == style => text.push_str(cell.symbol()),
                _ => runs.push((style, cell.symbol().to_string())),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .filter(|(style, text)| !style.is_empty() && !text.trim().is_empty())
            // A rule is a rule, however long.
            .filter(|(_, text)| !text.trim().chars().all(|c| matches!(c, '-' | '─')))
            .map(|(style, text)| format!("{style} {:?}", text.trim()))
            .collect();
        if !runs.is_empty() {
            told.push_str(&format!("{y}: {}\n", runs.join("  ")));
        }
    }
    told
}

/// What must hold of everything that is ever drawn; what does not, in a sentence.
pub(super) fn fault(buffer: &Buffer, cursor: Option<Position>) -> Option<String> {
    let area = buffer.area;
    for y in 0..area.height {
        for (x, cell) in cells_of(buffer, y) {
            let symbol = cell.symbol();
            if let Some(bad) = symbol.chars().find(|c| c.is_control() || reorders(*c)) {
                return Some(format!("{bad:?} in the cell {x},{y}"));
            }
            let wide = cells::width(symbol);
            if usize::from(x) + wide > usize::from(area.width) {
                return Some(format!("{symbol:?} is {wide} wide and stands in the cell {x},{y} of {}", area.width));
            }
            if cell.bg != Color::Reset {
                return Some(format!("a painted ground in the cell {x},{y}"));
            }
            if !READABLE.contains(&cell.fg) {
                return Some(format!("{:?} in the cell {x},{y}", cell.fg));
            }
            if cell.modifier.intersects(Modifier::SLOW_BLINK | Modifier::RAPID_BLINK | Modifier::HIDDEN) {
                return Some(format!("{:?} in the cell {x},{y}", cell.modifier));
            }
        }
    }
    match cursor {
        Some(at) if at.x >= area.width || at.y >= area.height => Some(format!("the cursor stands at {at}")),
        _ => None,
    }
}

/// Characters that change the order of what is read, or hide it.
fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}')
}
