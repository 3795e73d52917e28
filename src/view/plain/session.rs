//! The way in, questions and review as one session in lines.

use std::io;

use super::ask::{Asked, ask};
use super::menu::{self, menu};
use super::prompt::{Command, Prompt, Reply};
use super::review::{Decision, review};
use super::way::{Entered, enter};
use crate::answers::draft::Draft;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::draft::{self, Choice, Offer};
use crate::view::form::{Answered, FormQuestions};
use crate::view::questions::{Questions, wrong};
use crate::view::way::{Chosen, Entry, Guide, Stop, Way, Why};

/// Settles where to, asks, tells what would be done, and goes back as often as the operator likes.
///
/// # Errors
/// The terminal cannot be used, no question can mend what is wrong, the plan cannot be made, or the input ended while
/// something stood in the way; nothing was written.
pub async fn session(entry: Entry, guide: &dyn Guide, prompt: &mut dyn Prompt) -> Result<Answered, Failure> {
    let Entry { mut way, offer, mut again, menu: first } = entry;
    prompt
        .say("Enter takes the value in brackets; :back, :why, :help and :quit work at every question.")
        .map_err(mute)?;
    if let Some(before) = first {
        match menu(&before.of, guide, prompt).await.map_err(mute)? {
            menu::Ended::Wanted(wanted) => return Ok(Answered::Wanted(Box::new(wanted))),
            menu::Ended::Interrupted => return Ok(Answered::Interrupted),
            menu::Ended::Quit | menu::Ended::Input => return Ok(Answered::Left),
            menu::Ended::Back => {}
        }
    }
    let mut draft = None;
    if let Some(offer) = offer {
        match take_up(offer, guide, prompt)? {
            Ok(taken) => draft = taken,
            Err(answered) => return Ok(answered),
        }
    }
    if let Some(draft) = &draft {
        way.take_up(draft);
    }
    let mut start = (Stop::Where, false);
    let mut earlier: Option<FormQuestions> = None;
    loop {
        let (chosen, mut questions) = match enter(&mut way, guide, prompt, start.0, start.1).await.map_err(mute)? {
            Entered::Form(chosen, questions) => (chosen, *questions),
            Entered::Quit => match leave(&way, earlier.as_ref(), guide, prompt)? {
                Some(answered) => return Ok(answered),
                None => continue,
            },
            Entered::Wanted(wanted) => return Ok(Answered::Wanted(Box::new(wanted))),
            Entered::Interrupted => return Ok(Answered::Interrupted),
            Entered::Ended(failure) => {
                return Err(failure.unwrap_or_else(|| {
                    Failure::new(FailureKind::Refused, "the input ended before anybody said yes").state(NOTHING_WRITTEN)
                }));
            }
        };
        let before = earlier.as_ref().map(FormQuestions::form);
        if let Some(before) = before.or(again.as_ref().map(|again| &again.form)) {
            questions.form_mut().carry(before);
        }
        if let Some(draft) = draft.take_if(|draft| draft.product == chosen.product) {
            let gone = questions.form_mut().take_up(&draft.answers);
            for path in gone {
                prompt.say(&format!("The draft answers {path}, which is no longer asked.")).map_err(mute)?;
            }
        }
        let moved = again.take().and_then(|again| match again.why {
            Why::Moved(moved) => Some(moved),
            Why::Mend(_) => None,
        });
        match answer(chosen, questions, moved, &way, guide, prompt).await? {
            Ok(answered) => return Ok(answered),
            Err(questions) => {
                earlier = Some(questions);
                start = (Stop::Target, true);
            }
        }
    }
}

/// Offers a draft: the one to go on with, none to begin anew; `Err` is how the session ended here.
fn take_up(
    offer: Offer,
    guide: &dyn Guide,
    prompt: &mut dyn Prompt,
) -> Result<Result<Option<Draft>, Answered>, Failure> {
    let choices = offer.choices();
    let texts: Vec<String> = choices.iter().map(|(_, text)| (*text).to_string()).collect();
    for (name, text) in offer.about() {
        prompt.say(&format!("  {name:<11} {text}")).map_err(mute)?;
    }
    loop {
        let chosen = match prompt.choose(offer.asked(), &texts, Some(0)).map_err(mute)? {
            Reply::Said(i) => choices[i].0,
            Reply::Command(Command::Quit) => return Ok(Err(Answered::Left)),
            Reply::Command(_) => {
                prompt.say("  Choose a number, or :quit; the draft stays.").map_err(mute)?;
                continue;
            }
            Reply::Interrupted => return Ok(Err(Answered::Interrupted)),
            Reply::Ended => return Ok(Err(Answered::Left)),
        };
        match chosen {
            Choice::GoOn => return Ok(Ok(offer.draft.ok())),
            Choice::Anew => return Ok(Ok(None)),
            Choice::ThrowAway => match guide.throw_away() {
                Ok(()) => return Ok(Ok(None)),
                Err(failure) => prompt.say(&format!("  {}.", failure.what)).map_err(mute)?,
            },
        }
    }
}

/// Asks before it leaves, where something would be lost; none when the operator stays.
fn leave(
    way: &Way,
    form: Option<&FormQuestions>,
    guide: &dyn Guide,
    prompt: &mut dyn Prompt,
) -> Result<Option<Answered>, Failure> {
    let draft = draft::of(way, form.map(FormQuestions::form));
    if !draft.holds_something() {
        return Ok(Some(Answered::Left));
    }
    let texts = ["Stay", "Save a draft and leave; no secret is in it", "Leave without; nothing was written"];
    loop {
        let reply = prompt.choose("Leave without installing?", &texts.map(String::from), Some(0)).map_err(mute)?;
        match reply {
            Reply::Said(0) | Reply::Command(Command::Back) => return Ok(None),
            Reply::Said(1) => match guide.keep(draft.clone()) {
                Ok(kept) => return Ok(Some(Answered::Kept(kept))),
                Err(failure) => prompt.say(&format!("  {}.", failure.what)).map_err(mute)?,
            },
            Reply::Command(command) if command != Command::Quit => {
                prompt.say("  Choose a number.").map_err(mute)?;
            }
            Reply::Interrupted => return Ok(Some(Answered::Interrupted)),
            // Who says it twice means it, and an input that ended cannot be asked.
            Reply::Said(_) | Reply::Command(_) | Reply::Ended => return Ok(Some(Answered::Left)),
        }
    }
}

/// Questions and review; `Err` holds the form of somebody who went back over its first question.
async fn answer(
    chosen: Chosen,
    mut questions: FormQuestions,
    mut moved: Option<Vec<String>>,
    way: &Way,
    guide: &dyn Guide,
    prompt: &mut dyn Prompt,
) -> Result<Result<Answered, FormQuestions>, Failure> {
    let here = questions.whereabouts();
    let practice = if here.practice { " (practice cluster)" } else { "" };
    prompt
        .say(&format!("{} into {}{practice}, namespace {}.", here.doing, here.context, here.namespace))
        .map_err(mute)?;
    loop {
        // What was agreed to before is looked at again, not asked again.
        if moved.is_none() || !questions.is_complete() {
            match ask(&mut questions, prompt).map_err(mute)? {
                Asked::Complete => {}
                Asked::Back => return Ok(Err(questions)),
                Asked::Quit => match leave(way, Some(&questions), guide, prompt)? {
                    Some(answered) => return Ok(Ok(answered)),
                    None => continue,
                },
                Asked::Ended => return Ok(Ok(Answered::Ended(Box::new(questions.into_form())))),
                Asked::Interrupted => return Ok(Ok(Answered::Interrupted)),
                Asked::Invalid(faults) => {
                    let failure =
                        Failure::new(FailureKind::Invalid, "no question can mend what is wrong with the answers");
                    let told =
                        faults.iter().map(|fault| format!("{} {}", fault.path, wrong(&fault.what, &fault.example)));
                    return Err(told.fold(failure, Failure::why).state(NOTHING_WRITTEN));
                }
            }
        }
        let planned = guide.overview(&chosen, questions.form()).await?;
        if let Some(moved) = moved.take() {
            prompt.say(&format!("\nThe cluster moved while you looked: {}.", moved.join("; "))).map_err(mute)?;
            prompt.say("This is the plan as it is now; nothing was written.").map_err(mute)?;
        }
        loop {
            match review(&planned, prompt).map_err(mute)? {
                Decision::Yes => {
                    return Ok(Ok(Answered::Yes(Box::new(questions.into_form()), Box::new(planned))));
                }
                Decision::Back => break,
                Decision::Save => {
                    let saved = guide.save(questions.form());
                    match saved.split_once('\n') {
                        Some((place, command)) => {
                            prompt.say(&format!("Saved {place}.\nRepeat this with: {command}")).map_err(mute)?;
                        }
                        None => prompt.say(&saved).map_err(mute)?,
                    }
                }
                Decision::No => match leave(way, Some(&questions), guide, prompt)? {
                    Some(answered) => return Ok(Ok(answered)),
                    None => continue,
                },
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
