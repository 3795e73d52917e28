//! Joins a plan, the executor, the followers and a face.

mod watching;
mod work;

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::answers::Form;
use crate::apply::{self as executor, Control, Controls, Ended, Options, Planner};
use crate::cli::{Color, Output, Shared};
use crate::cluster::Cluster;
use crate::cluster::record::Revision;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::Event;
use crate::facts::Facts;
use crate::plan::backup::{Source, sources};
use crate::plan::{Plan, Target};
use crate::product::duration_seconds;
use crate::secret::Secrets;
use crate::view::headless::{Format, Headless};
use crate::view::overview::Mender;
use crate::view::plain::{self, Dialogue, GiveBack, LineReader};
use crate::view::tui::{self, ColorChoice, Doors, StopChoice, Theme, Watched};

use super::target::Known;
use super::{contest, doors, password, rollback};
pub(super) use work::work;

/// Events that may wait for a slow face before the run waits for it.
const EVENTS: usize = 4096;

/// Who watches a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// A person, on the full screen.
    Full,
    /// A person, in lines.
    Plain,
    /// Nobody: a log, or a program.
    Headless,
}

impl Face {
    /// Who watches, where nobody was asked anything.
    pub(super) fn of(shared: &Shared) -> Self {
        match (super::interactive(shared), super::plain(shared)) {
            (false, _) => Self::Headless,
            (true, true) => Self::Plain,
            (true, false) => Self::Full,
        }
    }
}

/// The theme of the full screen.
pub(super) fn theme(shared: &Shared) -> Theme {
    let choice = match shared.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    Theme::choose(choice, |name| std::env::var(name).ok())
}

/// What is to be done.
pub(super) struct Job<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) facts: &'a Facts,
    pub(super) plan: &'a Plan,
    pub(super) secrets: &'a Secrets,
    pub(super) how: How<'a>,
    /// Everything is there to run the plan, or to run it once more.
    pub(super) whole: bool,
    /// The answers that the plan was made of, where somebody may change one of them.
    pub(super) answers: Option<Answers>,
}

/// The answers behind a run, for whoever watches it.
#[derive(Default)]
pub(super) struct Answers {
    mender: Mender,
    /// The databases whose password may not be the one that opens them.
    doubtful: Vec<Source>,
    /// Path of the answer that the screen was left for.
    mending: RefCell<Option<String>>,
    /// The screen was left to go back to an earlier revision.
    going_back: Cell<bool>,
}

/// How a job is done.
pub(super) enum How<'a> {
    /// The plan was agreed to; where something moved it is made again.
    Agreed(&'a dyn Planner),
    /// The plan is a recorded one, which was agreed to when it was begun.
    Recorded,
    /// Nothing is written: the revision is shown.
    Shown(&'a Revision),
}

/// Runs what was agreed to in the form, with a face. Gives the path of an answer that the operator wants to change, because
/// what it made stands still: the run is over then, or was left.
///
/// # Errors
/// As the executor, and a wrong `--timeout`.
pub(super) async fn run(
    shared: &Shared,
    known: &Known,
    plan: &Plan,
    form: &Form,
    face: Face,
) -> Result<Option<String>, Failure> {
    let again = Again { shared, known, form };
    let how = How::Agreed(&again);
    let sources = sources(&form.world()).unwrap_or_default();
    let doubtful = password::doubtful(plan, sources);
    let answers = Answers { mender: Mender::of(plan, form), doubtful, ..Answers::default() };
    let (cluster, facts, secrets) = (&known.cluster, &known.facts, form.secrets());
    let mut job = Job { cluster, facts, plan, secrets, how, whole: true, answers: Some(answers) };
    let mut ended = show(shared, &job, face).await;
    if let Err(failure) = &ended
        && face != Face::Headless
        && !shared.yes
        && password::can_be_mended(failure)
        && mends(shared, failure)
    {
        // What was written stays: the same plan goes on.
        job.how = How::Recorded;
        ended = show(&Shared { mend_password: true, ..shared.clone() }, &job, face).await;
    }
    let wants_back = job.answers.as_ref().is_some_and(|answers| answers.going_back.get());
    match (job.answers.and_then(|answers| answers.mending.into_inner()), ended) {
        (Some(path), _) => Ok(Some(path)),
        (None, Ok(_)) => Ok(None),
        (None, Err(failure)) => {
            Err(rollback::after(shared, (&known.cluster, &known.facts, &plan.target), failure, face, wants_back).await)
        }
    }
}

/// Whether a person wants a password that does not open its database to be set.
fn mends(shared: &Shared, failure: &Failure) -> bool {
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal() && !super::plain(shared);
    let wants = if dialogue {
        password::ask(&mut Dialogue::new(), failure)
    } else {
        password::ask(&mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()), failure)
    };
    wants.unwrap_or(false)
}

/// Does a job with a face; where somebody else is at it, a person says what then.
///
/// # Errors
/// As the executor, and a wrong `--timeout`.
pub(super) async fn show(shared: &Shared, job: &Job<'_>, face: Face) -> Result<Ended, Failure> {
    let mut shared = shared.clone();
    loop {
        let ended = once(&shared, job, face).await;
        let Err(failure) = &ended else { return ended };
        match contest::settle(&shared, job.cluster, &job.plan.target, failure).await? {
            Some(next) => shared = next,
            None => return ended,
        }
    }
}

async fn once(shared: &Shared, job: &Job<'_>, face: Face) -> Result<Ended, Failure> {
    let (sender, mut events) = mpsc::channel::<Event>(EVENTS);
    let (wish, controls) = watch::channel(Control::Go);
    let wish = Arc::new(wish);
    // On the full screen Ctrl-C is a key, and the screen hears the signals.
    let terminated = Arc::new(AtomicBool::new(false));
    let stopper = (face != Face::Full).then(|| stop_on_signals(Arc::clone(&wish), Arc::clone(&terminated)));
    let (wants, wanted) = mpsc::unbounded_channel();
    let (tell, got) = mpsc::unbounded_channel();
    let (ask, again) = mpsc::unbounded_channel();
    let serving = async {
        if face == Face::Full && job.whole {
            doors::serve(job.cluster, job.plan, wanted, tell, ask).await;
        }
    };
    let shown = async {
        match face {
            Face::Full => {
                let stop = |choice| {
                    wish.send_replace(match choice {
                        StopChoice::AfterStep => Control::AfterStep,
                        StopChoice::Now => Control::Now,
                        StopChoice::Detach => Control::Detach,
                    });
                };
                let doors = job.whole.then_some(Doors { wants, got });
                let mender = job.answers.as_ref().map(|answers| answers.mender.clone());
                let watched = tui::follow(&mut events, stop, doors, mender, theme(shared)).await;
                // A screen that is gone must not hold the run up.
                drain(events).await;
                match watched {
                    Ok(Watched { mending: Some(path), .. }) => {
                        if let Some(answers) = &job.answers {
                            answers.mending.replace(Some(path));
                        }
                        Ok(())
                    }
                    Ok(watched) => {
                        if let Some(answers) = &job.answers {
                            answers.going_back.set(watched.going_back);
                        }
                        let summary = watched.summary();
                        if !summary.is_empty() {
                            return super::print(&format!("{summary}\n"));
                        }
                        Ok(())
                    }
                    Err(error) => {
                        // It is told once the run has ended well; a run that failed tells that instead.
                        let Target { release, namespace, .. } = &job.plan.target;
                        Err(Failure::new(FailureKind::Usage, "the full screen cannot be shown on this terminal")
                            .why(error.to_string())
                            .state("the run went on without its screen, and ended well")
                            .hint(format!("see how it is: slipway status {release} -n {namespace}")))
                    }
                }
            }
            Face::Plain => {
                // What cannot be printed is no failure of the run.
                let _printed = plain::follow(&mut events, std::io::stdout()).await;
                Ok(())
            }
            Face::Headless => {
                let format = if shared.output == Output::Json { Format::Json } else { Format::Text };
                let mut face = Headless::new(super::out(), format, false);
                let mut broken = false;
                while let Some(event) = events.recv().await {
                    // A closed pipe ends the printing, not the run.
                    broken = broken || face.show(&event).is_err();
                }
                Ok(())
            }
        }
    };
    let (moved, closes) = oneshot::channel();
    let done = async {
        let ended = attempts(shared, job, sender, &wish, &controls, again).await;
        if face == Face::Full && ended.as_ref().is_err_and(|failure| leads_on(shared, failure)) {
            // The screen closes: whoever agreed looks at the plan again, or says what then.
            let _closed = moved.send(());
        }
        ended
    };
    let shown = async {
        tokio::select! {
            shown = shown => shown,
            Ok(()) = closes => Ok(()),
        }
    };
    let (ended, shown, ()) = tokio::join!(done, shown, serving);
    if let Some(stopper) = stopper {
        stopper.abort();
    }
    let ended = ended.map_err(|failure| match failure.kind {
        FailureKind::Interrupted if terminated.load(Ordering::Relaxed) => {
            Failure { kind: FailureKind::Terminated, ..failure }
        }
        _ => failure,
    })?;
    shown.map(|()| ended)
}

/// Does the job, and once more as often as somebody on the full screen says so: a plan that failed is run again, what
/// was looked at is gone on with. Nobody can say so any more once the screen is closed.
async fn attempts(
    shared: &Shared,
    job: &Job<'_>,
    events: mpsc::Sender<Event>,
    wish: &watch::Sender<Control>,
    controls: &watch::Receiver<Control>,
    mut again: mpsc::UnboundedReceiver<()>,
) -> Result<Ended, Failure> {
    let mut ended = work(shared, job, &job.how, events.clone(), Controls(controls.clone())).await;
    let over = |ended: &Result<Ended, Failure>| match ended {
        Ok(ended) => ended.left.is_none(),
        Err(failure) => leads_on(shared, failure),
    };
    while !over(&ended) && again.recv().await.is_some() {
        wish.send_replace(Control::Go);
        ended = work(shared, job, &How::Recorded, events.clone(), Controls(controls.clone())).await;
    }
    ended
}

/// The plan that was agreed to is not any more what the cluster would get: it is not run again, but made again.
fn is_moved(failure: &Failure) -> bool {
    failure.what == executor::MOVED
}

/// What comes next is not a matter of this screen.
fn leads_on(shared: &Shared, failure: &Failure) -> bool {
    is_moved(failure) || undone(shared, failure) || contest::asks(shared, failure)
}

/// It was said beforehand what becomes of a run that fails: nobody is asked, and the screen makes room.
fn undone(shared: &Shared, failure: &Failure) -> bool {
    shared.rollback_on_failure && rollback::fits(failure)
}

async fn drain(mut events: mpsc::Receiver<Event>) {
    while events.recv().await.is_some() {}
}

/// What the command line says about a run.
///
/// # Errors
/// A wrong `--timeout`.
pub(super) fn options(shared: &Shared) -> Result<Options, Failure> {
    let timeout = match &shared.timeout {
        None => None,
        Some(text) => Some(Duration::from_secs(duration_seconds(text).ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("--timeout {text} is not a duration"))
                .state(NOTHING_WRITTEN)
                .hint("write it as 90s, 15m or 1h30m")
        })?)),
    };
    Ok(Options {
        take_fields: shared.take_field.clone(),
        leave_fields: shared.leave_field.clone(),
        adopt: shared.adopt.clone(),
        take_over: shared.take_over.clone(),
        timeout,
        ..Options::new(&who())
    })
}

/// Who runs it, for the record: `ana@laptop`.
fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}

/// The first signal stops after the step, the second at once.
fn stop_on_signals(wish: Arc<watch::Sender<Control>>, terminated: Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Heard from here on, and not from when the task first runs: nothing that is said comes before it.
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            let _told = writeln!(std::io::stderr(), "signals cannot be heard: Ctrl-C ends the program at once");
            return;
        };
        for control in [Control::AfterStep, Control::Now] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => terminated.store(true, Ordering::Relaxed),
            }
            wish.send_replace(control);
        }
    })
}

/// The plan out of the same answers and what is in the cluster now.
pub(super) struct Again<'a> {
    pub(super) shared: &'a Shared,
    pub(super) known: &'a Known,
    pub(super) form: &'a Form,
}

impl Planner for Again<'_> {
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>> {
        Box::pin(super::install::make(self.shared, self.known, self.form))
    }
}
