//! The two faces without a person: sentences for a log, and events as JSON lines for a program. Data goes to standard
//! output, and a broken pipe ends the printing, not the run.

use std::io::{self, Write};
use std::time::Duration;

use crate::error::Failure;
use crate::event::{Event, EventKind, VERSION};
use crate::sanitize;

use super::sentence;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Sentences.
    Text,
    /// Events, a JSON object a line; the schema is `assets/schemas/event.json`.
    Json,
}

/// Prints events as they come.
pub struct Headless<W> {
    out: W,
    format: Format,
    last: String,
    logs: bool,
}

impl<W: Write> Headless<W> {
    /// Prints to `out`; `logs` prints container lines as well in text (JSON always holds them).
    pub fn new(out: W, format: Format, logs: bool) -> Self {
        Self { out, format, last: String::new(), logs }
    }

    /// Prints a sentence that no event told, such as that the run is still alive.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn say(&mut self, sentence: &str) -> io::Result<()> {
        writeln!(self.out, "{}", sanitize::line(sentence))?;
        self.out.flush()
    }

    /// Prints one event.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn show(&mut self, event: &Event) -> io::Result<()> {
        match self.format {
            Format::Json => {
                serde_json::to_writer(&mut self.out, event)?;
                writeln!(self.out)?;
            }
            Format::Text => {
                if let EventKind::LogLine { pod, container, text, .. } = &event.kind {
                    if self.logs {
                        writeln!(self.out, "  {pod} {container} | {text}")?;
                    }
                    return Ok(());
                }
                // A failed run is told once, by whoever ends the process, with everything around it.
                if matches!(event.kind, EventKind::RunFailed { .. }) {
                    return Ok(());
                }
                let Some(sentence) = sentence::of(event) else { return Ok(()) };
                let sentence = sanitize::text(&sentence);
                if sentence != self.last {
                    writeln!(self.out, "{sentence}")?;
                    self.last = sentence;
                }
                if let EventKind::RunFinished { notes, .. } = &event.kind {
                    for note in notes {
                        writeln!(self.out, "  {}", sanitize::text(note))?;
                    }
                }
            }
        }
        self.out.flush()
    }
}

/// That there was nothing to do, as the event that ends a run; `notes` say what there is.
pub fn nothing_json(notes: Vec<String>, at: jiff::Timestamp) -> String {
    let kind = EventKind::RunFinished { written: 0, unchanged: 0, notes };
    let event = Event { version: VERSION, at, elapsed: Duration::ZERO, step: None, kind };
    serde_json::to_string(&event).unwrap_or_default()
}

/// A failure that no run told, as the event that ends one: every line of `-o json` that tells a failure looks alike.
pub fn failure_json(failure: &Failure, at: jiff::Timestamp) -> String {
    let kind = EventKind::RunFailed { failure: failure.clone() };
    let event = Event { version: VERSION, at, elapsed: Duration::ZERO, step: None, kind };
    serde_json::to_string(&event).unwrap_or_default()
}
