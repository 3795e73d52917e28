//! What can be done with a release that is installed, in lines.

use std::io;

use super::prompt::{Command, Prompt, Reply};
use super::way::tell;
use crate::view::menu::{Deed, Menu, NO_REVISION, STAYS, Wanted};
use crate::view::way::Guide;

/// How it ended.
pub(super) enum Ended {
    /// This is wanted.
    Wanted(Wanted),
    /// Back to where one came from.
    Back,
    /// `:quit`.
    Quit,
    /// The input ended.
    Input,
    /// Ctrl-C.
    Interrupted,
}

/// Asks what should be done, as often as something is only read.
pub(super) async fn menu(menu: &Menu, guide: &dyn Guide, prompt: &mut dyn Prompt) -> io::Result<Ended> {
    let deeds = menu.deeds();
    let texts: Vec<String> = deeds.iter().map(|deed| format!("{}: {}", deed.title(), deed.about())).collect();
    loop {
        let release = &menu.release;
        prompt.say(&format!("\n{} in {}: {}", release.release, release.namespace, menu.words()))?;
        let deed = match prompt.choose("It is installed. What should be done with it?", &texts, Some(0))? {
            Reply::Said(i) => deeds[i],
            reply => match other(reply, prompt)? {
                Some(ended) => return Ok(ended),
                None => continue,
            },
        };
        let wanted = |to| Ended::Wanted(Wanted { of: menu.clone(), deed, to });
        match deed {
            Deed::GoBack => {
                if let Some(to) = revision(menu, guide, prompt).await? {
                    return Ok(wanted(Some(to)));
                }
            }
            deed if deed.is_read() => match guide.read(menu, deed).await {
                Ok(text) => prompt.say(text.trim_end())?,
                Err(failure) => tell(prompt, &failure)?,
            },
            _ => return Ok(wanted(None)),
        }
    }
}

/// The revision to go back to; none where there is none, or the operator thought better of it.
async fn revision(menu: &Menu, guide: &dyn Guide, prompt: &mut dyn Prompt) -> io::Result<Option<u32>> {
    let all = match guide.revisions(menu).await {
        Ok(all) => all,
        Err(failure) => return tell(prompt, &failure).map(|()| None),
    };
    if all.is_empty() {
        return prompt.say(&format!("  {NO_REVISION}")).map(|()| None);
    }
    for text in STAYS {
        prompt.say(&format!("  {text}"))?;
    }
    let mut texts = vec!["None: stay as it is".to_string()];
    texts.extend(all.iter().map(|one| match &one.differs[..] {
        [] => one.words(),
        differs => format!("{} ({})", one.words(), differs.join("; ")),
    }));
    Ok(match prompt.choose("To which revision?", &texts, Some(0))? {
        Reply::Said(i) => i.checked_sub(1).and_then(|i| all.get(i)).map(|one| one.number),
        _ => None,
    })
}

fn other(reply: Reply<usize>, prompt: &mut dyn Prompt) -> io::Result<Option<Ended>> {
    Ok(Some(match reply {
        Reply::Command(Command::Back) => Ended::Back,
        Reply::Command(Command::Quit) => Ended::Quit,
        Reply::Ended => Ended::Input,
        Reply::Interrupted => Ended::Interrupted,
        Reply::Command(_) | Reply::Said(_) => {
            prompt.say("  Choose a number; :back goes back, :quit leaves. Nothing is written before you agree.")?;
            return Ok(None);
        }
    }))
}
