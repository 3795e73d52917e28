//! The terminal as slipway writes to it: 16 colours by the codes that every terminal has had since ECMA-48 and aixterm.
//! crossterm names the same colours by `38;5;n`, which a terminal with 16 colours takes for blinking text, and writes an
//! empty change of style where there is no colour, which takes reverse and bold away.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// A terminal over a writer; everything but the cells themselves is crossterm's.
#[derive(Debug)]
pub struct Ansi<W: Write>(CrosstermBackend<W>);

impl<W: Write> Ansi<W> {
    /// Over a writer that a terminal reads.
    pub fn new(writer: W) -> Self {
        Self(CrosstermBackend::new(writer))
    }
}

/// The code of a foreground; the terminal's own for what is none of the 16.
fn foreground(color: Color) -> Option<u8> {
    Some(match color {
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}

/// Modifiers with their codes.
const MODIFIERS: [(Modifier, u8); 6] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
    (Modifier::CROSSED_OUT, 9),
];

/// The change to a style, from whatever was before.
fn style(color: Color, modifier: Modifier) -> String {
    let mut codes = String::from("\x1b[0");
    for (known, code) in MODIFIERS {
        if modifier.contains(known) {
            codes.push_str(&format!(";{code}"));
        }
    }
    if let Some(code) = foreground(color) {
        codes.push_str(&format!(";{code}"));
    }
    codes.push('m');
    codes
}

impl<W: Write> Backend for Ansi<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut text = String::new();
        let mut now = (Color::Reset, Modifier::empty());
        let mut next: Option<(u16, u16)> = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                text.push_str(&format!("\x1b[{};{}H", y.saturating_add(1), x.saturating_add(1)));
            }
            if now != (cell.fg, cell.modifier) {
                now = (cell.fg, cell.modifier);
                text.push_str(&style(now.0, now.1));
            }
            text.push_str(cell.symbol());
            // After what may be wider or narrower than it is thought to be, the place is told anew.
            next = cell.symbol().is_ascii().then(|| (x.saturating_add(1), y));
        }
        if now != (Color::Reset, Modifier::empty()) {
            text.push_str("\x1b[0m");
        }
        self.0.write_all(text.as_bytes())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.0.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.0.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn written(cells: &[(u16, u16, &str, Style)]) -> String {
        let cells: Vec<(u16, u16, Cell)> = cells
            .iter()
            .map(|(x, y, symbol, style)| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol).set_style(*style);
                (*x, *y, cell)
            })
            .collect();
        let mut bytes = Vec::new();
        Ansi::new(&mut bytes).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell))).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn styles_are_whole_and_end_and_neighbours_need_no_place() {
        let key = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
        let cells = [(1, 0, "a", key), (2, 0, "b", key), (3, 0, "c", Style::new()), (0, 4, "d", Style::new())];
        assert_eq!(written(&cells), "\x1b[1;2H\x1b[0;1;36mab\x1b[0mc\x1b[5;1Hd");
        assert_eq!(written(&[(0, 0, "x", key)]), "\x1b[1;1H\x1b[0;1;36mx\x1b[0m");
    }

    #[test]
    fn colours_have_the_codes_of_sixteen_and_others_none() {
        let faint = Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::DIM);
        assert_eq!(written(&[(0, 0, "x", faint)]), "\x1b[1;1H\x1b[0;2mx\x1b[0m");
        assert_eq!(written(&[(0, 0, "x", Style::new().fg(Color::White))]), "\x1b[1;1H\x1b[0;97mx\x1b[0m");
    }

    #[test]
    fn what_follows_a_wide_sign_is_placed_anew() {
        let cells = [(0, 0, "日", Style::new()), (2, 0, "x", Style::new())];
        assert_eq!(written(&cells), "\x1b[1;1H日\x1b[1;3Hx");
    }
}
