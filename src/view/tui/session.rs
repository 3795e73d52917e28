//! Questions and review as one session on the full screen: the terminal is entered once and left once.

use std::io;

use super::event_loop::{Hooks, run};
use super::review::{self, Decided};
use super::wizard::{self, Left};
use super::{Guard, Signal, StopChoice, Theme, terminal};
use crate::answers::Form;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::form::{Answered, FormQuestions};
use crate::view::overview::Overview;

/// Writes the answers file while a screen is shown.
struct Saves<'a, F>(&'a Form, &'a mut F);

impl<F: FnMut(&Form) -> String> Hooks for Saves<'_, F> {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        (self.1)(self.0)
    }
}

struct Nothing;

impl Hooks for Nothing {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        String::new()
    }
}

/// Asks, shows what would be done, and goes back to the questions as often as the operator likes. `overview` makes the
/// plan out of the answers; `save` writes the answers file and says where.
///
/// # Errors
/// The terminal cannot be used, or `overview` failed; nothing was written.
pub async fn session(
    mut questions: FormQuestions,
    theme: Theme,
    overview: impl AsyncFn(&Form) -> Result<Overview, Failure>,
    mut save: impl FnMut(&Form) -> String,
) -> Result<Answered, Failure> {
    let guard = Guard::enter().map_err(unusable)?;
    let mut screen = terminal::open().map_err(unusable)?;
    let mut input = terminal::input().map_err(unusable)?;
    let asking = async {
        loop {
            let mut asked = wizard::App::new(&mut questions, theme, None);
            run(&mut screen, &mut asked, &mut input, None, &mut Nothing).await.map_err(unusable)?;
            match asked.left() {
                Some(Left::ToReview) => {}
                Some(Left::Signal(signal)) => return Ok(by(signal)),
                Some(Left::Quit) | None => return Ok(Answered::Left),
            }
            let planned = overview(questions.form()).await?;
            let mut reviewed = review::App::new(planned.clone(), theme);
            let mut saves = Saves(questions.form(), &mut save);
            run(&mut screen, &mut reviewed, &mut input, None, &mut saves).await.map_err(unusable)?;
            match reviewed.decided() {
                Some(Decided::Yes) => return Ok(Answered::Yes(Box::new(questions.into_form()), Box::new(planned))),
                Some(Decided::Back) => {}
                Some(Decided::Signal(signal)) => return Ok(by(signal)),
                Some(Decided::Quit) | None => return Ok(Answered::Left),
            }
        }
    };
    let ended = tokio::select! {
        ended = asking => ended,
        () = terminal::panicked() => Err(unusable(io::Error::other("a fault of slipway closed the screen"))),
    };
    drop(screen);
    drop(guard);
    ended
}

fn by(signal: Signal) -> Answered {
    match signal {
        Signal::Interrupt => Answered::Interrupted,
        Signal::Terminate | Signal::Hangup => Answered::Terminated,
    }
}

fn unusable(error: io::Error) -> Failure {
    Failure::new(FailureKind::Usage, "the full screen cannot be shown on this terminal")
        .why(error.to_string())
        .state(NOTHING_WRITTEN)
        .hint("ask in lines instead: --plain")
}
