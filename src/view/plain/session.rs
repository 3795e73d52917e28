//! Questions and review as one session in lines.

use std::io;

use super::ask::{Asked, ask};
use super::prompt::Prompt;
use super::review::{Decision, review};
use crate::answers::Form;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::form::{Answered, FormQuestions};
use crate::view::overview::Overview;
use crate::view::questions::{Questions, wrong};

/// Asks, tells what would be done, and goes back to the questions as often as the operator likes. `overview` makes the
/// plan out of the answers; `save` writes the answers file and says where.
///
/// # Errors
/// The terminal cannot be used, no question can mend what is wrong, or `overview` failed; nothing was written.
pub async fn session(
    mut questions: FormQuestions,
    prompt: &mut dyn Prompt,
    overview: impl AsyncFn(&Form) -> Result<Overview, Failure>,
    mut save: impl FnMut(&Form) -> String,
) -> Result<Answered, Failure> {
    let here = questions.whereabouts();
    let practice = if here.practice { " (practice cluster)" } else { "" };
    prompt
        .say(&format!("{} into {}{practice}, namespace {}.", here.doing, here.context, here.namespace))
        .map_err(mute)?;
    loop {
        match ask(&mut questions, prompt).map_err(mute)? {
            Asked::Complete => {}
            Asked::Quit => return Ok(Answered::Left),
            Asked::Ended => return Ok(Answered::Ended(Box::new(questions.into_form()))),
            Asked::Interrupted => return Ok(Answered::Interrupted),
            Asked::Invalid(faults) => {
                let failure = Failure::new(FailureKind::Invalid, "no question can mend what is wrong with the answers");
                let told = faults.iter().map(|fault| format!("{} {}", fault.path, wrong(&fault.what, &fault.example)));
                return Err(told.fold(failure, Failure::why).state(NOTHING_WRITTEN));
            }
        }
        let planned = overview(questions.form()).await?;
        loop {
            match review(&planned, prompt).map_err(mute)? {
                Decision::Yes => return Ok(Answered::Yes(Box::new(questions.into_form()), Box::new(planned))),
                Decision::Back => break,
                Decision::Save => prompt.say(&save(questions.form())).map_err(mute)?,
                Decision::No => return Ok(Answered::Left),
                Decision::Blocked => return Ok(Answered::Blocked(Box::new(planned))),
                Decision::Ended => return Ok(Answered::Ended(Box::new(questions.into_form()))),
                Decision::Interrupted => return Ok(Answered::Interrupted),
            }
        }
    }
}

fn mute(error: io::Error) -> Failure {
    Failure::new(FailureKind::Usage, "the terminal cannot be read or written")
        .why(error.to_string())
        .state(NOTHING_WRITTEN)
        .hint("give the answers in a file and agree with --yes: -f answers.yaml --yes")
}
