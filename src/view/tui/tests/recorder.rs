//! A terminal that is recorded, on tokio's clock: what stands on it at the end of each tenth of a second, as an asciicast
//! (version 2). What happens within a tenth happens at once, so that the order of what is simultaneous does not matter.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Size};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::Ansi;
use super::look::text;

/// Milliseconds of a frame of the recording.
const FRAME: u128 = 100;

struct Tape {
    began: Instant,
    screen: TestBackend,
    /// As the player has it.
    played: Buffer,
    /// The frame that the screen's last change belongs to.
    changed: u128,
    events: Vec<Value>,
    /// Changes since the beginning.
    drawn: u64,
}

/// The terminal; its copies are one.
#[derive(Clone)]
pub(crate) struct Recorder(Rc<RefCell<Tape>>);

impl Recorder {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let screen = TestBackend::new(width, height);
        let played = screen.buffer().clone();
        Self(Rc::new(RefCell::new(Tape {
            began: Instant::now(),
            screen,
            played,
            changed: 0,
            events: Vec::new(),
            drawn: 0,
        })))
    }

    /// A terminal on it, cleared.
    pub(crate) fn terminal(&self) -> Terminal<Self> {
        self.0.borrow_mut().screen.clear().unwrap();
        Terminal::new(self.clone()).unwrap()
    }

    /// What stands on it now.
    pub(crate) fn text(&self) -> String {
        text(self.0.borrow().screen.buffer())
    }

    /// How often something was drawn.
    pub(crate) fn drawn(&self) -> u64 {
        self.0.borrow().drawn
    }

    /// Everything that was recorded.
    pub(crate) fn cast(&self, title: &str) -> String {
        let mut tape = self.0.borrow_mut();
        tape.close();
        let size = tape.screen.size().unwrap();
        let head = json!({
            "version": 2, "width": size.width, "height": size.height, "title": title, "idle_time_limit": 2.0,
            "env": {"TERM": "xterm-256color"},
        });
        let lines = std::iter::once(&head).chain(&tape.events).map(Value::to_string);
        lines.map(|line| line + "\n").collect()
    }
}

impl Tape {
    /// Ends the frame that was changed last: what differs from what the player has is written down.
    fn close(&mut self) {
        let mut now = self.screen.buffer().clone();
        drawn_once(&mut now);
        let changes: Vec<(u16, u16, &Cell)> = self.played.diff(&now);
        if !changes.is_empty() {
            let mut bytes = Vec::new();
            Ansi::new(&mut bytes).draw(changes.into_iter()).unwrap();
            let mut text = String::from_utf8(bytes).unwrap();
            if self.events.is_empty() {
                text.insert_str(0, "\u{1b}[?25l");
            }
            let seconds = (self.changed * FRAME) as f64 / 1000.0;
            self.events.push(json!([seconds, "o", text]));
        }
        self.played = now;
    }
}

/// The hash in the name of a ReplicaSet comes of keys that are made anew in each run: `-93b818c913-`. Shown as one of them.
fn drawn_once(buffer: &mut Buffer) {
    let hash = "5d8f7c9b64";
    for start in 0..buffer.content.len().saturating_sub(hash.len() + 2) {
        let is = |at: usize, fits: fn(char) -> bool| buffer.content[at].symbol().chars().all(fits);
        let dash = |c| c == '-';
        let end = start + hash.len() + 1;
        if is(start, dash) && is(end, dash) && (start + 1..end).all(|at| is(at, |c| c.is_ascii_hexdigit())) {
            for (at, c) in (start + 1..end).zip(hash.chars()) {
                buffer.content[at].set_char(c);
            }
        }
    }
}

impl Backend for Recorder {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut tape = self.0.borrow_mut();
        let frame = tape.began.elapsed().as_millis().div_ceil(FRAME);
        if frame != tape.changed {
            tape.close();
            tape.changed = frame;
        }
        tape.drawn += 1;
        tape.screen.draw(content).map_err(io::Error::other)
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, _position: P) -> io::Result<()> {
        Ok(())
    }
    fn clear(&mut self) -> io::Result<()> {
        self.0.borrow_mut().screen.clear().map_err(io::Error::other)
    }
    fn clear_region(&mut self, kind: ClearType) -> io::Result<()> {
        self.0.borrow_mut().screen.clear_region(kind).map_err(io::Error::other)
    }
    fn size(&self) -> io::Result<Size> {
        self.0.borrow().screen.size().map_err(io::Error::other)
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Err(io::Error::other("a recording has none"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
