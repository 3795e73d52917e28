//! An uninstall in sentences: each volume and each key asked about, keep being the default; what is given up is typed.

use std::io;

use super::prompt::{Command, Prompt, Reply};
use crate::plan::uninstall::Wishes;
use crate::view::overview::Overview;
use crate::view::uninstall::{Decision, Fate, Item, Kept, loses};

/// A question answered, or how the asking ended.
enum Answer {
    Fate(Fate),
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
    let items = kept.items();
    let mut at = 0;
    // Where was asked, so that back is always a question.
    let mut asked_at: Vec<usize> = Vec::new();
    loop {
        let Some(item) = items.get(at) else {
            let Some(overview) = made(&wishes) else { return Ok(Decision::No) };
            match agree(kept, &wishes, overview, prompt)? {
                Some(decision) => return Ok(decision),
                None => at = asked_at.pop().unwrap_or(0),
            }
            continue;
        };
        if let Some(volume) = kept.needs(*item, &wishes) {
            kept.decide(*item, &mut wishes, Fate::Keep);
            prompt.say(&format!("Secret {} is kept: it opens {}, which is kept.", item.name(), volume.name))?;
            at += 1;
            continue;
        }
        match one(kept, *item, &wishes, prompt)? {
            Answer::Fate(fate) => kept.decide(*item, &mut wishes, fate),
            Answer::Back => {
                at = asked_at.pop().unwrap_or(at);
                continue;
            }
            Answer::Ended(decision) => return Ok(decision),
        }
        asked_at.push(at);
        at += 1;
    }
}

/// Keep, back up and delete, or delete; keep is the default.
fn one(kept: &Kept<'_>, item: Item<'_>, wishes: &Wishes, prompt: &mut dyn Prompt) -> io::Result<Answer> {
    let fates = kept.fates(item);
    let text = |fate: &Fate| match (fate, kept.folders.get(item.name())) {
        (Fate::BackUp, Some(folder)) => format!("{}; the backup goes into {folder}", item.choice(*fate)),
        _ => item.choice(*fate).to_string(),
    };
    let texts: Vec<String> = fates.iter().map(text).collect();
    let marked = fates.iter().position(|fate| *fate == item.fate(wishes));
    loop {
        return Ok(match prompt.choose(&item.asked(), &texts, marked.or(Some(0)))? {
            Reply::Said(at) => Answer::Fate(fates.get(at).copied().unwrap_or(Fate::Keep)),
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
    let (asked, wanted) = if loses(wishes) {
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
