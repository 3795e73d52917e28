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
    ended: bool,
    /// The run takes a release away: its end is told otherwise.
    uninstalls: bool,
}

impl<W: Write> Headless<W> {
    /// Prints to `out`; `logs` prints container lines as well in text (JSON always holds them).
    pub fn new(out: W, format: Format, logs: bool) -> Self {
        Self { out, format, last: String::new(), logs, ended: false, uninstalls: false }
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
        // Watches still tell something while they are closed; who reads lines is promised that the end is the last one.
        if self.ended {
            return Ok(());
        }
        self.ended = event.kind.ends();
        if let EventKind::RunStarted { run } = &event.kind {
            self.uninstalls = run.verb == "uninstall";
        }
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
                let sentence = if self.uninstalls { sentence::of_uninstall(event) } else { sentence::of(event) };
                let Some(sentence) = sentence else { return Ok(()) };
                let sentence = sanitize::text(&sentence);
                if sentence != self.last {
                    writeln!(self.out, "{sentence}")?;
                    self.last = sentence;
                }
                if let EventKind::RunFinished { notes, .. } | EventKind::DataFinished { notes, .. } = &event.kind {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tui::tests::fact;

    #[test]
    fn nothing_is_told_after_the_end_of_a_run() {
        let mut out = Vec::new();
        let mut face = Headless::new(&mut out, Format::Json, true);
        let line = || EventKind::LogLine {
            pod: "a-0".into(),
            container: "a".into(),
            previous: false,
            text: "still here".into(),
        };
        let failure = Failure::new(crate::error::FailureKind::Refused, "no");
        for kind in [line(), EventKind::RunFailed { failure }, line()] {
            face.show(&fact(1, None, kind)).unwrap();
        }
        let told = String::from_utf8(out).unwrap();
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(told.lines().last().is_some_and(|line| line.contains("runFailed")), "{told}");
    }
}
