//! Showing a run on this process's terminal, and what is left of it on the normal screen.

use std::io;

use futures::StreamExt as _;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender};

use super::super::event_loop::{Hooks, Input};
use super::super::{Signal, StopChoice, Theme};
use super::{App, Got, Want};
use crate::event::Event;
use crate::sanitize;
use crate::view::overview::Mender;
use crate::view::progress::{Ending, Progress, keys_in_words, seconds};

/// The way to whoever answers what the screen wants.
#[derive(Debug)]
pub struct Doors {
    /// What is wanted.
    pub wants: UnboundedSender<Want>,
    /// What came back.
    pub got: UnboundedReceiver<Got>,
}

struct Helm<F> {
    stop: F,
    wants: Option<UnboundedSender<Want>>,
}

impl<F: FnMut(StopChoice)> Hooks for Helm<F> {
    fn stop(&mut self, choice: StopChoice) {
        (self.stop)(choice);
    }
    fn save(&mut self) -> String {
        String::new()
    }
    fn want(&mut self, want: Want) {
        if let Some(wants) = &self.wants {
            // Nobody answers any more only when the screen is about to close.
            let _asked = wants.send(want);
        }
    }
}

/// How watching ended.
#[derive(Debug)]
pub struct Watched {
    /// Everything the events told until the screen was closed.
    pub progress: Progress,
    /// The signal that closed the screen, where one did.
    pub left_by: Option<Signal>,
    /// Path of the answer that the screen was left for.
    pub mending: Option<String>,
    /// It was left to go back to an earlier revision.
    pub going_back: bool,
}

impl Watched {
    /// Whether the run itself was over.
    pub fn over(&self) -> bool {
        self.progress.ending.is_some()
    }

    /// Three lines for the normal screen, since the full one is gone.
    pub fn summary(&self) -> String {
        let Some(run) = &self.progress.run else { return String::new() };
        let place = format!("{} / {}", run.context, run.namespace);
        let elapsed = seconds(self.progress.elapsed);
        match &self.progress.ending {
            Some(Ending::Finished { .. }) if run.verb == "uninstall" => {
                format!("{} is gone from {place} after {elapsed}.", run.title)
            }
            Some(Ending::Finished { notes, .. }) if run.verb == "adopt" => {
                let said = format!("{} in {place} is slipway's after {elapsed}.", run.title);
                notes.iter().fold(said, |said, note| format!("{said}\n  {}", sanitize::line(note)))
            }
            Some(Ending::Finished { notes, .. }) => {
                let mut said = format!("{} {} is up in {place} after {elapsed}.", run.title, run.product_version);
                if let Some(first) = notes.first() {
                    said.push_str(&format!("\n  {}", sanitize::line(first)));
                }
                if let Some(keys) = keys_in_words(&run.keys) {
                    said.push_str(&format!("\n  {keys}"));
                }
                said
            }
            Some(Ending::Left { what, .. }) => format!("{} in {place} was left after {elapsed}: {what}", run.title),
            // Whoever ends the process tells the failure.
            Some(Ending::Failed(_)) => String::new(),
            None => format!("{} in {place} was left after {elapsed}; {} shows it again.", run.title, run.attach()),
        }
    }
}

/// Shows a run on this process's terminal until it is over and the operator leaves, or leaves before. `stop` hears how
/// the run shall stop; without `doors` nothing is offered that needs an answer, and without `mender` no way to the form.
///
/// # Errors
/// When the terminal cannot be entered or drawn.
pub async fn follow(
    events: &mut Receiver<Event>,
    stop: impl FnMut(StopChoice),
    doors: Option<Doors>,
    mender: Option<Mender>,
    theme: Theme,
) -> io::Result<Watched> {
    let app = App { mender, ..App::new(theme) };
    let (mut app, wants, got) = match doors {
        Some(doors) => (app.with_doors(), Some(doors.wants), Some(doors.got)),
        None => (app, None, None),
    };
    let answers = futures::stream::unfold(got, async |mut got: Option<UnboundedReceiver<Got>>| {
        let one = got.as_mut()?.recv().await?;
        Some((Input::Got(Box::new(one)), got))
    });
    super::super::show(&mut app, Some(events), answers.boxed_local(), &mut Helm { stop, wants }).await?;
    Ok(Watched { left_by: app.left_by, mending: app.mending, going_back: app.going_back, progress: app.progress })
}
