//! Progress as sentences, each fact once, and a line every 30 s while nothing happens, so that one knows it lives.

use std::io::{self, Write};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use crate::event::{Event, EventKind};
use crate::view::headless::{Format, Headless};
use crate::view::progress::{Progress, clock, keys_in_words};

/// Silence after which a line says what is being waited for.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Prints a run.
pub struct Plain<W> {
    printed: Headless<W>,
    progress: Progress,
    last: Duration,
}

impl<W: Write> Plain<W> {
    /// Prints to `out`.
    pub fn new(out: W) -> Self {
        Self { printed: Headless::new(out, Format::Text, false), progress: Progress::new(), last: Duration::ZERO }
    }

    /// What the events told.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Takes one event in and prints its sentence.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn show(&mut self, event: &Event) -> io::Result<()> {
        self.progress.take(event);
        self.last = event.elapsed;
        if let (EventKind::RunFinished { .. }, Some(keys)) = (&event.kind, self.keys()) {
            self.printed.show(event)?;
            return self.printed.say(&keys);
        }
        self.printed.show(event)
    }

    /// Where the keys are and how one is read, for the end.
    fn keys(&self) -> Option<String> {
        let run = self.progress.run.as_ref().filter(|run| run.verb != "uninstall")?;
        let (said, first) = (keys_in_words(&run.keys)?, run.keys.first()?);
        let read = format!("{{{{index .data \"{}\" | base64decode}}}}", first.key);
        Some(format!(
            "  {said}. To read one: kubectl -n {} get secret {} -o go-template='{read}'",
            run.namespace, first.secret
        ))
    }

    /// The line after a silence: what is being waited for, and how far it is. `silence` is the time since the last event.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn heartbeat(&mut self, silence: Duration) -> io::Result<()> {
        self.progress.elapsed = self.progress.elapsed.max(self.last.saturating_add(silence));
        let (finished, all) = self.progress.counts();
        let waiting = self.progress.waiting_for();
        let waiting = if waiting.is_empty() { "still at it".to_string() } else { format!("still {waiting}") };
        self.printed.say(&format!("{}: {waiting}; {finished} of {all} done.", clock(self.progress.elapsed)))
    }
}

/// Prints a run until no event comes any more.
///
/// # Errors
/// When the output cannot be written; a pipe that is closed ends the printing alone: events are still taken in, so that
/// the run is never held up.
pub async fn follow(events: &mut Receiver<Event>, out: impl Write) -> io::Result<Progress> {
    let mut plain = Plain::new(out);
    let mut written = Ok(());
    let mut last = Instant::now();
    let mut next = last + HEARTBEAT;
    loop {
        tokio::select! {
            biased;
            event = events.recv() => {
                let Some(event) = event else { break };
                if written.is_ok() {
                    written = plain.show(&event);
                } else {
                    plain.progress.take(&event);
                }
                last = Instant::now();
                next = last + HEARTBEAT;
            }
            () = tokio::time::sleep_until(next) => {
                if written.is_ok() && plain.progress.ending.is_none() {
                    written = plain.heartbeat(last.elapsed());
                }
                next = Instant::now() + HEARTBEAT;
            }
        }
    }
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(plain.progress),
    }
}
