//! Data on its way, on the face that fits: sentences, JSON lines, or the full screen. And how it is stopped.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::{Event, EventKind, VERSION};
use crate::plan::Target;
use crate::view::headless::{Format, Headless};
use crate::view::questions::Whereabouts;
use crate::view::tui;

use super::{agree, apply, plain, print};

/// Events that may wait for the screen: there is at most one a second, and a few at once.
const EVENTS: usize = 1024;

/// Whether a person sees it on the full screen.
pub(super) fn on_screen(shared: &Shared) -> bool {
    agree::asks(shared) && !plain(shared)
}

/// Where it is done, for the header of a screen.
pub(super) fn here(target: &Target, doing: &str) -> Whereabouts {
    Whereabouts {
        doing: format!("{doing} {}", target.release),
        context: target.context.clone(),
        namespace: target.namespace.clone(),
        practice: target.practice,
    }
}

enum Sink {
    Lines(Mutex<Headless<super::Out>>),
    Screen(mpsc::Sender<Event>),
}

/// Tells what happens, as it happens; and knows whether whoever looks at it wants it stopped.
pub(super) struct Teller {
    sink: Sink,
    began: Instant,
    stop: watch::Receiver<bool>,
}

impl Teller {
    /// Prints sentences, or JSON lines.
    pub(super) fn new(shared: &Shared) -> Self {
        let format = if shared.output == Output::Json { Format::Json } else { Format::Text };
        let sink = Sink::Lines(Mutex::new(Headless::new(super::out(), format, false)));
        // Nobody can say so here but by a signal.
        Self { sink, began: Instant::now(), stop: watch::channel(false).1 }
    }

    /// As of a person who wants it stopped already.
    #[cfg(test)]
    pub(super) fn stopped_already(shared: &Shared) -> Self {
        Self { stop: watch::channel(true).1, ..Self::new(shared) }
    }

    pub(super) fn tell(&self, kind: EventKind) {
        let event =
            Event { version: VERSION, at: jiff::Timestamp::now(), elapsed: self.began.elapsed(), step: None, kind };
        match &self.sink {
            Sink::Lines(face) => {
                // A closed pipe ends the printing, not the run.
                let _shown = face.lock().unwrap_or_else(PoisonError::into_inner).show(&event);
            }
            // A screen that is gone or far behind must not hold it up.
            Sink::Screen(events) => drop(events.try_send(event)),
        }
    }

    /// Waits until it is to be stopped.
    async fn stopped(&self) {
        if self.stop.clone().wait_for(|stop| *stop).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Does something with data on the face that fits. `stops` says what a stop leaves.
///
/// # Errors
/// As `work`.
pub(super) async fn shown<T>(
    shared: &Shared,
    target: &Target,
    (doing, stops): (&str, &str),
    work: impl AsyncFnOnce(&Teller) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !on_screen(shared) {
        return work(&Teller::new(shared)).await;
    }
    let (events, mut told) = mpsc::channel(EVENTS);
    let (stop, stopped) = watch::channel(false);
    let teller = Teller { sink: Sink::Screen(events), began: Instant::now(), stop: stopped };
    let working = async {
        let done = work(&teller).await;
        // The screen hears that nothing more comes.
        drop(teller);
        done
    };
    let stop = || {
        stop.send_replace(true);
    };
    let watching = tui::moving(here(target, doing), stops.to_string(), &mut told, apply::theme(shared), stop);
    let (done, seen) = tokio::join!(working, watching);
    if let Ok(summary) = seen
        && !summary.is_empty()
    {
        print(&format!("{summary}\n"))?;
    }
    done
}

/// What a stopped backup leaves.
pub(super) const BACKUP_GOES: &str = "what was written of this backup is gone again; nothing else was touched";

/// Does something unless a signal, or whoever looks at it, stops it first; whoever asked cleans up then. `left` is what is
/// left.
///
/// # Errors
/// As `work`, or it was stopped.
pub(super) async fn unless_stopped<T>(
    teller: &Teller,
    left: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let deaf = |error: std::io::Error| {
        Failure::new(FailureKind::Bug, "signals cannot be heard").why(error.to_string()).state(NOTHING_WRITTEN)
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    let stopped = |kind, by: &str| Err(Failure::new(kind, format!("stopped by {by}")).state(left));
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => stopped(FailureKind::Interrupted, "Ctrl-C"),
        _ = terminate.recv() => stopped(FailureKind::Terminated, "a signal"),
        () = teller.stopped() => stopped(FailureKind::Interrupted, "who began it"),
    }
}
