//! The way in, questions and review as one session in lines.

use std::io;

use super::ask::{Asked, ask};
use super::prompt::Prompt;
use super::review::{Decision, review};
use super::way::{Entered, enter};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::form::{Answered, FormQuestions};
use crate::view::questions::{Questions, wrong};
use crate::view::way::{Chosen, Guide, Stop, Way};

/// Settles where to, asks, tells what would be done, and goes back as often as the operator likes.
///
/// # Errors
/// The terminal cannot be used, no question can mend what is wrong, the plan cannot be made, or the input ended while
/// something stood in the way; nothing was written.
pub async fn session(mut way: Way, guide: &dyn Guide, prompt: &mut dyn Prompt) -> Result<Answered, Failure> {
    prompt
        .say("Enter takes the value in brackets; :back, :why, :help and :quit work at every question.")
        .map_err(mute)?;
    let mut start = (Stop::Where, false);
    let mut earlier: Option<FormQuestions> = None;
    loop {
        let (chosen, mut questions) = match enter(&mut way, guide, prompt, start.0, start.1).await.map_err(mute)? {
            Entered::Form(chosen, questions) => (chosen, *questions),
            Entered::Quit => return Ok(Answered::Left),
            Entered::Interrupted => return Ok(Answered::Interrupted),
            Entered::Ended(failure) => {
                return Err(failure.unwrap_or_else(|| {
                    Failure::new(FailureKind::Refused, "the input ended before anybody said yes").state(NOTHING_WRITTEN)
                }));
            }
        };
        if let Some(earlier) = &earlier {
            questions.form_mut().carry(earlier.form());
        }
        match answer(chosen, questions, guide, prompt).await? {
            Ok(answered) => return Ok(answered),
            Err(questions) => {
                earlier = Some(questions);
                start = (Stop::Target, true);
            }
        }
    }
}

/// Questions and review; `Err` holds the form of somebody who went back over its first question.
async fn answer(
    chosen: Chosen,
    mut questions: FormQuestions,
    guide: &dyn Guide,
    prompt: &mut dyn Prompt,
) -> Result<Result<Answered, FormQuestions>, Failure> {
    let here = questions.whereabouts();
    let practice = if here.practice { " (practice cluster)" } else { "" };
    prompt
        .say(&format!("{} into {}{practice}, namespace {}.", here.doing, here.context, here.namespace))
        .map_err(mute)?;
    loop {
        match ask(&mut questions, prompt).map_err(mute)? {
            Asked::Complete => {}
            Asked::Back => return Ok(Err(questions)),
            Asked::Quit => return Ok(Ok(Answered::Left)),
            Asked::Ended => return Ok(Ok(Answered::Ended(Box::new(questions.into_form())))),
            Asked::Interrupted => return Ok(Ok(Answered::Interrupted)),
            Asked::Invalid(faults) => {
                let failure = Failure::new(FailureKind::Invalid, "no question can mend what is wrong with the answers");
                let told = faults.iter().map(|fault| format!("{} {}", fault.path, wrong(&fault.what, &fault.example)));
                return Err(told.fold(failure, Failure::why).state(NOTHING_WRITTEN));
            }
        }
        let planned = guide.overview(&chosen, questions.form()).await?;
        loop {
            match review(&planned, prompt).map_err(mute)? {
                Decision::Yes => {
                    return Ok(Ok(Answered::Yes(Box::new(questions.into_form()), Box::new(planned))));
                }
                Decision::Back => break,
                Decision::Save => prompt.say(&guide.save(questions.form())).map_err(mute)?,
                Decision::No => return Ok(Ok(Answered::Left)),
                Decision::Blocked => return Ok(Ok(Answered::Blocked(Box::new(planned)))),
                Decision::Ended => return Ok(Ok(Answered::Ended(Box::new(questions.into_form())))),
                Decision::Interrupted => return Ok(Ok(Answered::Interrupted)),
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
