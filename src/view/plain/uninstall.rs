//! An uninstall in sentences: each volume and each key asked about, keep being the default; what is given up is typed.

use std::io;

use super::prompt::{Command, Prompt, Reply};
use crate::plan::Target;
use crate::plan::uninstall::{KeySecret, Volume, Wishes};
use crate::view::overview::Overview;

/// What outlives a release, with what it is about.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    /// The release.
    pub target: &'a Target,
    /// The cluster in words.
    pub place: String,
    /// Its volumes.
    pub volumes: &'a [Volume],
    /// Its key Secrets.
    pub keys: &'a [KeySecret],
}

/// What was decided.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Do what this shows.
    Yes(Box<Overview>),
    /// Nothing is done.
    No,
    /// Ctrl-C.
    Interrupted,
}

/// A question answered, or how the asking ended.
enum Answer {
    Keep,
    Delete,
    Back,
    Ended(Decision),
}

/// Asks. `made` makes the plan for wishes; `None` ends the asking.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn ask(
    kept: &Kept<'_>,
    mut wishes: Wishes,
    made: &mut dyn FnMut(&Wishes) -> Option<Overview>,
    prompt: &mut dyn Prompt,
) -> io::Result<Decision> {
    let target = kept.target;
    prompt.say(&format!("Uninstall {} from {}, namespace {}.", target.release, kept.place, target.namespace))?;
    let mut at = 0;
    // Where was asked, so that back is always a question.
    let mut asked_at: Vec<usize> = Vec::new();
    loop {
        if let Some(volume) = kept.volumes.get(at) {
            let asked = format!("Volume {}: {}", volume.name, volume.words());
            match one(&asked, "Delete it and its data", wishes.volumes.contains(&volume.name), prompt)? {
                Answer::Keep => drop(wishes.volumes.remove(&volume.name)),
                Answer::Delete => drop(wishes.volumes.insert(volume.name.clone())),
                Answer::Back => {
                    at = asked_at.pop().unwrap_or(at);
                    continue;
                }
                Answer::Ended(decision) => return Ok(decision),
            }
            asked_at.push(at);
            at += 1;
            continue;
        }
        if let Some(key) = kept.keys.get(at - kept.volumes.len()) {
            let needed = kept.volumes.iter().find(|volume| !wishes.volumes.contains(&volume.name) && key.opens(volume));
            if let Some(volume) = needed {
                wishes.keys.remove(&key.name);
                prompt.say(&format!("Secret {} is kept: it opens {}, which is kept.", key.name, volume.name))?;
                at += 1;
                continue;
            }
            let asked = format!("Key Secret {}{}", key.name, key.what());
            match one(&asked, "Delete it", wishes.keys.contains(&key.name), prompt)? {
                Answer::Keep => drop(wishes.keys.remove(&key.name)),
                Answer::Delete => drop(wishes.keys.insert(key.name.clone())),
                Answer::Back => {
                    at = asked_at.pop().unwrap_or(at);
                    continue;
                }
                Answer::Ended(decision) => return Ok(decision),
            }
            asked_at.push(at);
            at += 1;
            continue;
        }
        let Some(overview) = made(&wishes) else { return Ok(Decision::No) };
        match agree(kept, &wishes, overview, prompt)? {
            Some(decision) => return Ok(decision),
            None => at = asked_at.pop().unwrap_or(0),
        }
    }
}

/// Keep or delete; keep is the default.
fn one(asked: &str, delete: &str, marked: bool, prompt: &mut dyn Prompt) -> io::Result<Answer> {
    let texts = ["Keep it".to_string(), delete.to_string()];
    loop {
        return Ok(match prompt.choose(asked, &texts, Some(usize::from(marked)))? {
            Reply::Said(0) => Answer::Keep,
            Reply::Said(_) => Answer::Delete,
            Reply::Command(Command::Back) => Answer::Back,
            Reply::Command(Command::Quit) | Reply::Ended => Answer::Ended(Decision::No),
            Reply::Interrupted => Answer::Ended(Decision::Interrupted),
            Reply::Command(_) => {
                prompt.say("  Kept is what stays in the namespace, and is found by the next install.")?;
                continue;
            }
        });
    }
}

/// Shows everything and asks for the agreement: `yes`, or the release's name where data goes. `None`: back.
fn agree(
    kept: &Kept<'_>,
    wishes: &Wishes,
    overview: Overview,
    prompt: &mut dyn Prompt,
) -> io::Result<Option<Decision>> {
    prompt.say(&format!("\n{}:", overview.counts().words().replace("   ", ", ")))?;
    for row in overview.rows() {
        let note = if row.note.is_empty() { String::new() } else { format!(", {}", row.note) };
        prompt.say(&format!("  {} {} {}{note}", row.verb, row.kind, row.name))?;
    }
    for finding in overview.all_findings() {
        prompt.say(&format!("{}: {} ({})", finding.severity.word(), finding.what, finding.code))?;
        for text in [&finding.why, &finding.remedy].into_iter().filter(|text| !text.is_empty()) {
            prompt.say(&format!("  {text}"))?;
        }
    }
    prompt.say(&format!("Repeat this with: {}", overview.repeat))?;
    let release = &kept.target.release;
    let loses = !wishes.volumes.is_empty() || !wishes.keys.is_empty();
    let (asked, wanted) = if loses {
        (format!("Data or keys go for ever: type the release's name, {release}, to do it (or no)"), release.as_str())
    } else {
        (format!("{}: type yes (or no)", overview.button()), "yes")
    };
    loop {
        match prompt.text(&asked, "")? {
            Reply::Said(line) if line.trim() == wanted => return Ok(Some(Decision::Yes(Box::new(overview)))),
            Reply::Said(line) if matches!(line.trim(), "no" | "n") => return Ok(Some(Decision::No)),
            Reply::Command(Command::Back) => return Ok(None),
            Reply::Command(Command::Quit) | Reply::Ended => return Ok(Some(Decision::No)),
            Reply::Interrupted => return Ok(Some(Decision::Interrupted)),
            Reply::Said(_) | Reply::Command(_) => prompt.say(&format!("  Type {wanted} in full, or no."))?,
        }
    }
}

#[cfg(test)]
#[path = "uninstall_tests.rs"]
mod tests;
