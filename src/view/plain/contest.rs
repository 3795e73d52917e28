//! What can be done while somebody else is changing the release, in lines.

use super::prompt::{Prompt, Reply};
use crate::view::contest::{Contest, Wish};

/// Asks; leaving is the default, and taking over is typed. An input that cannot be read leaves.
pub fn contest(contest: &Contest, prompt: &mut dyn Prompt) -> Wish {
    let choices = contest.choices();
    let texts = choices.clone().map(|(_, text)| text);
    let mut asked = || -> std::io::Result<Wish> {
        prompt.say(&contest.said())?;
        let wish = match prompt.choose("What now", &texts, Some(0))? {
            Reply::Said(i) => choices[i].0,
            _ => Wish::Leave,
        };
        if wish != Wish::TakeOver {
            return Ok(wish);
        }
        let name = contest.name();
        Ok(match prompt.text(&format!("Type {name} to take over from it"), "")? {
            Reply::Said(typed) if typed.trim() == name => Wish::TakeOver,
            _ => Wish::Leave,
        })
    };
    asked().unwrap_or(Wish::Leave)
}
