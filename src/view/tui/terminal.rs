//! The terminal: entered once, left once, on every way out: the end, an error, a panic in any thread, SIGTERM and
//! SIGHUP, Ctrl-Z (facts: style 4.9).

use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event as Read, EventStream};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use futures::{FutureExt, Stream, StreamExt, stream};
use ratatui::Terminal;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;

use super::{Ansi, Input, Signal, loan};
use crate::secret::SecretText;

/// The terminal is ours. The one truth for every way out, so that it is given back exactly once.
static ENTERED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
/// A panic anywhere gave the terminal back: what is drawn after it would hide what it said.
static PANICKED: Notify = Notify::const_new();

/// Holds the terminal; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Raw mode, alternate screen, bracketed paste, no cursor. No mouse: selecting text is the terminal's own.
    ///
    /// # Errors
    /// When the terminal refuses; it is then as it was.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                leave();
                before(info);
                PANICKED.notify_one();
            }));
        });
        enter()?;
        Ok(Self(()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Whether a screen is up.
pub(super) fn is_entered() -> bool {
    ENTERED.load(Ordering::SeqCst)
}

pub(super) fn enter() -> io::Result<()> {
    if ENTERED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let entered = enable_raw_mode()
        .and_then(|()| execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide));
    if entered.is_err() {
        leave();
    }
    entered
}

/// Gives the terminal back if it is ours. Errors are dropped: the terminal may be gone, and there is nothing else to try.
pub(super) fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _raw = disable_raw_mode();
    let _rest = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _flushed = out.flush();
}

/// Hands a text to the clipboard of the terminal, which works through SSH too (OSC 52). Nothing is written when the
/// terminal is not ours.
pub(super) fn copy(text: &SecretText) -> io::Result<()> {
    if !ENTERED.load(Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout();
    out.write_all(clip(text).expose().as_bytes())?;
    out.flush()
}

/// `ESC ] 52 ; c ; base64 ESC \`, as xterm defines it.
fn clip(text: &SecretText) -> SecretText {
    SecretText::new(format!("\x1b]52;c;{}\x1b\\", BASE64.encode(text.expose())))
}

/// Waits for a panic in any thread.
pub(super) async fn panicked() {
    PANICKED.notified().await;
}

/// A ratatui terminal over standard output.
pub(super) fn open() -> io::Result<Terminal<Ansi<Stdout>>> {
    Terminal::new(Ansi::new(io::stdout()))
}

/// Leaves the terminal, stops the whole process group as the shell expects of Ctrl-Z, and enters again once it is
/// continued. Only the group is right: a wrapper such as `cargo run` or `sudo` must stop with us.
pub(super) async fn suspend() -> io::Result<()> {
    leave();
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
    // The shell may still hold the terminal for a moment after SIGCONT.
    let mut tried = 0;
    loop {
        match enter() {
            Ok(()) => return Ok(()),
            Err(error) if tried == 10 => return Err(error),
            Err(_) => tried += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Keys, pastes, sizes and signals of this process.
pub(super) fn input() -> io::Result<impl Stream<Item = Input> + Unpin> {
    let mut all = stream::SelectAll::new();
    all.push(elsewhere(keys()).boxed());
    all.push(gone()?.boxed());
    for (kind, told) in [(SignalKind::terminate(), Signal::Terminate), (SignalKind::hangup(), Signal::Hangup)] {
        let signals = stream::unfold(signal(kind)?, move |mut signal| async move {
            signal.recv().await?;
            Some((Input::Signal(told), signal))
        });
        all.push(signals.boxed());
    }
    all.push(interrupts()?.boxed());
    Ok(all)
}

/// How long after the terminal came back an interrupt may be the echo of one that was another program's. Who types
/// Ctrl-C then presses a key: in raw mode it is no signal.
const ECHO: Duration = Duration::from_millis(500);

/// SIGINT from outside, but for what a Ctrl-C at the program that had the terminal sends to us too.
fn interrupts() -> io::Result<impl Stream<Item = Input>> {
    let start = (signal(SignalKind::interrupt())?, loan::Returns::new(), None::<Instant>);
    Ok(stream::unfold(start, async |(mut signal, mut returns, mut back)| {
        loop {
            tokio::select! {
                biased;
                () = returns.next() => {
                    while let Some(Some(())) = signal.recv().now_or_never() {}
                    back = Some(Instant::now());
                }
                told = signal.recv() => {
                    told?;
                    if !loan::is_lent() && back.is_none_or(|back| back.elapsed() >= ECHO) {
                        return Some((Input::Signal(Signal::Interrupt), (signal, returns, back)));
                    }
                }
            }
        }
    }))
}

/// A stream that is read by a task of its own. crossterm reads a terminal that is gone without end, and never says so
/// (its `mio` source takes neither the end of file nor an error for one): what tells that the terminal is gone must not be
/// held up by it.
fn elsewhere(read: impl Stream<Item = Input> + Send + 'static) -> impl Stream<Item = Input> {
    let (sender, receiver) = mpsc::channel(64);
    let task = tokio::spawn(async move {
        let mut read = std::pin::pin!(read);
        while let Some(input) = read.next().await {
            if sender.send(input).await.is_err() {
                break;
            }
        }
    });
    let task = Ends(task.abort_handle());
    stream::unfold((receiver, task), async |(mut receiver, task)| {
        let input = receiver.recv().await?;
        Some((input, (receiver, task)))
    })
}

/// Ends a task when it is dropped.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says when the terminal is gone, also where no signal does: to a process whose terminal is not its session's own.
fn gone() -> io::Result<impl Stream<Item = Input>> {
    static GONE: OnceLock<watch::Receiver<bool>> = OnceLock::new();
    let mut told = match GONE.get() {
        Some(told) => told.clone(),
        None => {
            let (teller, told) = watch::channel(false);
            std::thread::Builder::new().name("terminal".into()).spawn(move || {
                let input = rustix::stdio::stdin();
                let mut one = [PollFd::new(&input, PollFlags::empty())];
                // Nothing is asked for: only its end is told, and nothing is read.
                while let Err(rustix::io::Errno::INTR) = poll(&mut one, None) {}
                teller.send_replace(true);
                // Who comes later hears it too.
                std::mem::forget(teller);
            })?;
            GONE.get_or_init(|| told).clone()
        }
    };
    Ok(stream::once(async move {
        let _teller_stays = told.wait_for(|gone| *gone).await;
        Input::Signal(Signal::Hangup)
    }))
}

/// Keys, pastes and sizes, read only while the terminal is ours; a terminal that is gone ends them.
fn keys() -> impl Stream<Item = Input> {
    enum Reading {
        No,
        Yes(EventStream),
        Gone,
    }
    stream::unfold(Reading::No, async |mut reading| {
        loop {
            let mut events = match reading {
                Reading::Gone => return None,
                Reading::Yes(events) => events,
                Reading::No => EventStream::new(),
            };
            let read = tokio::select! {
                biased;
                () = loan::wanted() => {
                    // Nothing of ours may take keys that are another program's.
                    drop(events);
                    return Some(match loan::step_back().await {
                        Ok(()) => (Input::Returned, Reading::No),
                        Err(_) => (Input::Signal(Signal::Hangup), Reading::Gone),
                    });
                }
                read = events.next() => read,
            };
            let input = match read {
                Some(Ok(Read::Key(key))) => Input::Key(key),
                Some(Ok(Read::Paste(text))) => Input::Paste(text),
                Some(Ok(Read::Resize(..))) => Input::Resized,
                Some(Ok(_)) => {
                    reading = Reading::Yes(events);
                    continue;
                }
                // What cannot be read any more is a terminal that is gone.
                Some(Err(_)) => Input::Signal(Signal::Hangup),
                None => return Some((Input::Signal(Signal::Hangup), Reading::Gone)),
            };
            return Some((input, Reading::Yes(events)));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_the_clipboard_is_base64_and_cannot_end_its_own_sequence() {
        assert_eq!(clip(&SecretText::new("a\x1b\\b")).expose(), "\x1b]52;c;YRtcYg==\x1b\\");
    }
}
