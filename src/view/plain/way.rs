//! The way in, in lines: the same four stops as on the full screen, one question after the other.

use std::io;

use super::menu::{self, menu};
use super::prompt::{Command, Prompt, Reply};
use crate::error::Failure;
use crate::view::form::FormQuestions;
use crate::view::menu::Wanted;
use crate::view::way::{Ask, Chosen, Contact, Guide, Note, Part, Ready, Stop, Told, Way};

/// How the way in ended.
pub(super) enum Entered {
    /// Everything is settled, and this is the form.
    Form(Chosen, Box<FormQuestions>),
    /// Something is wanted of a release that is installed.
    Wanted(Wanted),
    /// `:quit`.
    Quit,
    /// The input ended; the failure that stood in the way, if one did.
    Ended(Option<Failure>),
    /// Ctrl-C.
    Interrupted,
}

/// What a stop led to.
enum Step {
    Next,
    Back,
    Again,
    Leave(Entered),
}

/// Settles everything from `start` on. What was given beforehand is told and not asked, unless one comes back to it.
pub(super) async fn enter(
    way: &mut Way,
    guide: &dyn Guide,
    prompt: &mut dyn Prompt,
    start: Stop,
    again: bool,
) -> io::Result<Entered> {
    let mut stop = start;
    let mut asking = again;
    loop {
        let step = match way.settled(stop) {
            Some(by) if !asking => settled(way, guide, prompt, stop, &by).await?,
            _ => ask(way, guide, prompt, stop).await?,
        };
        match step {
            Step::Next if stop == Stop::Target => match prepare(way, guide, prompt).await? {
                Some(done) => return Ok(done),
                None => asking = true,
            },
            Step::Next => {
                asking = false;
                stop = Stop::ALL.into_iter().find(|next| *next > stop).unwrap_or(Stop::Target);
            }
            Step::Back => match Stop::ALL.into_iter().rev().find(|before| *before < stop) {
                Some(before) => (stop, asking) = (before, true),
                None => prompt.say("  This is the first question.")?,
            },
            Step::Again => asking = true,
            Step::Leave(left) => return Ok(left),
        }
    }
}

/// What was given beforehand is told; where it cannot be, it is asked.
async fn settled(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt, stop: Stop, by: &str) -> io::Result<Step> {
    prompt.say(&format!("{}: {} (from {by}).", stop.title(), way.summary(stop)))?;
    match stop {
        Stop::Where => {
            let context = way.context().unwrap_or("").to_string();
            contact(way, guide, prompt, &context).await
        }
        Stop::Target => look(way, guide, prompt).await,
        Stop::What | Stop::Profile => Ok(Step::Next),
    }
}

async fn ask(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt, stop: Stop) -> io::Result<Step> {
    prompt.say(&format!("\n{}", stop.title()))?;
    match stop {
        Stop::Where => {
            let texts: Vec<String> = way
                .contexts
                .iter()
                .map(|context| {
                    let current = if context.current { ", current" } else { "" };
                    format!("{}  ({}{current})", context.name, context.server)
                })
                .collect();
            let now = way.contexts.iter().position(|known| way.context() == Some(&known.name));
            let now = now.or_else(|| way.contexts.iter().position(|known| known.current));
            match prompt.choose("Which cluster? Only the one that you choose is contacted.", &texts, now)? {
                Reply::Said(i) => {
                    let name = way.contexts[i].name.clone();
                    contact(way, guide, prompt, &name).await
                }
                reply => command(way, prompt, stop, reply),
            }
        }
        Stop::What => {
            let text = way.products.iter().map(|one| format!("{} {}: {}", one.title, one.version, one.about));
            let installed = way
                .installed()
                .iter()
                .map(|known| format!("{}: {}; what can be done with it", known.release, known.place()));
            let texts: Vec<String> = text.chain(installed).collect();
            let now = way.product().and_then(|one| way.products.iter().position(|known| known.name == one.name));
            match prompt.choose("What should be installed?", &texts, now)? {
                Reply::Said(i) if i >= way.products.len() => {
                    let Some(of) = way.menu(i - way.products.len()) else { return Ok(Step::Again) };
                    Ok(match menu(&of, guide, prompt).await? {
                        menu::Ended::Wanted(wanted) => Step::Leave(Entered::Wanted(wanted)),
                        menu::Ended::Back => Step::Again,
                        menu::Ended::Quit => Step::Leave(Entered::Quit),
                        menu::Ended::Input => Step::Leave(Entered::Ended(None)),
                        menu::Ended::Interrupted => Step::Leave(Entered::Interrupted),
                    })
                }
                Reply::Said(i) => {
                    let name = way.products[i].name.clone();
                    way.choose_product(&name);
                    Ok(Step::Next)
                }
                reply => command(way, prompt, stop, reply),
            }
        }
        Stop::Profile => {
            let profiles = way.product().map(|product| product.profiles.clone()).unwrap_or_default();
            let texts: Vec<String> = profiles.iter().map(|one| format!("{}: {}", one.title, one.about)).collect();
            let now = profiles.iter().position(|known| way.profile() == Some(&known.id));
            match prompt.choose("Which environment is it for? :why says what each one answers.", &texts, now)? {
                Reply::Said(i) => {
                    if way.profile() != Some(profiles[i].id.as_str()) {
                        way.choose_profile(&profiles[i].id);
                    }
                    Ok(Step::Next)
                }
                reply => command(way, prompt, stop, reply),
            }
        }
        Stop::Target => target(way, guide, prompt).await,
    }
}

async fn contact(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt, name: &str) -> io::Result<Step> {
    prompt.say(&format!("Asking {name} ..."))?;
    if let Ask::Contact(context) = way.choose_context(name) {
        let seen = guide.contact(&context).await;
        way.take(Told::Contacted(context, seen));
    }
    match way.contact() {
        Contact::Seen(seen) => {
            let practice = if way.practice { ", the practice cluster, not a real one" } else { "" };
            let about = [&seen.server, &seen.version, &seen.nodes, &seen.provider];
            let about: Vec<&str> = about.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
            prompt.say(&format!("Cluster {name} ({}){practice}.", about.join(", ")))?;
            for warning in &seen.warnings {
                prompt.say(&format!("Warning: {warning}."))?;
            }
            Ok(Step::Next)
        }
        Contact::Failed(failure) => {
            tell(prompt, failure)?;
            prompt.say("Choose it again to try once more, or another one. Nothing was written.")?;
            Ok(Step::Again)
        }
        Contact::None | Contact::Asking => Ok(Step::Again),
    }
}

async fn target(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt) -> io::Result<Step> {
    match way.namespaces("") {
        Ok(all) if all.is_empty() => {}
        Ok(all) => {
            let known = all.join(", ");
            prompt.say(&format!("  The cluster has: {known}."))?;
        }
        Err(why) => {
            let why = why.to_string();
            prompt.say(&format!("  Namespaces cannot be listed: {why}."))?;
        }
    }
    loop {
        match prompt.text("Namespace", way.namespace())? {
            Reply::Said(line) => way.set_namespace(&line),
            Reply::Command(Command::Default) => {
                way.forget(Part::Namespace);
                continue;
            }
            reply => return command(way, prompt, Stop::Target, reply.map(|_| 0)),
        }
        match way.namespace_fault() {
            Some(fault) => prompt.say(&format!("  A namespace {fault}, such as my-namespace."))?,
            None => break,
        }
    }
    loop {
        match prompt.text("Name of the release", way.release())? {
            Reply::Said(line) => way.set_release(&line),
            Reply::Command(Command::Default) => {
                way.forget(Part::Release);
                continue;
            }
            // Back to the namespace.
            Reply::Command(Command::Back) => return Ok(Step::Again),
            reply => return command(way, prompt, Stop::Target, reply.map(|_| 0)),
        }
        match way.release_fault() {
            Some(fault) => prompt.say(&format!("  A name {fault}, such as my-release."))?,
            None => break,
        }
    }
    look(way, guide, prompt).await
}

/// Looks at the namespace, and says what stands there.
async fn look(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt) -> io::Result<Step> {
    if let Some(Ask::Look(chosen)) = way.ask_look() {
        let seen = guide.look(&chosen).await;
        way.take(Told::Looked(chosen, seen));
    }
    for note in std::iter::once(way.namespace_note()).chain(way.release_notes()) {
        match note {
            Note::Plain(text) => prompt.say(&format!("  {text}."))?,
            Note::Warning(text) => prompt.say(&format!("  Warning: {text}."))?,
            Note::Blocks(text) => prompt.say(&format!("  {text}."))?,
        }
    }
    for note in way.left_notes() {
        match note {
            Note::Warning(text) => prompt.say(&format!("  Warning: {text}."))?,
            Note::Plain(text) | Note::Blocks(text) => prompt.say(&format!("  {text}."))?,
        }
    }
    while way.existing_fault().is_some() {
        let texts = [
            "Use it, with the keys that open it".to_string(),
            "Set it aside: it stays untouched, new volumes and keys are made".to_string(),
            "Wipe it: its data and keys are gone for good".to_string(),
        ];
        match prompt.choose("What becomes of what the earlier install left?", &texts, Some(0))? {
            Reply::Said(2) => match prompt.text("Type wipe to give its data up", "")? {
                Reply::Said(word) if word.trim() == "wipe" => way.set_existing("wipe"),
                Reply::Said(_) => prompt.say("  Nothing is wiped.")?,
                reply => return command(way, prompt, Stop::Target, reply.map(|_| 0)),
            },
            Reply::Said(at) => way.set_existing(["use", "aside"].get(at).copied().unwrap_or("use")),
            reply => return command(way, prompt, Stop::Target, reply),
        }
    }
    Ok(if way.open(Stop::Target).is_some() { Step::Again } else { Step::Next })
}

/// Makes the form; `None` when it cannot be, which was said.
async fn prepare(way: &mut Way, guide: &dyn Guide, prompt: &mut dyn Prompt) -> io::Result<Option<Entered>> {
    // In lines every form is made anew: what was typed is carried over.
    let Some(chosen) = way.chosen() else { return Ok(None) };
    way.ask_prepare();
    match guide.prepare(&chosen).await {
        Ok(questions) => {
            way.take(Told::Prepared(chosen.clone(), Ok(())));
            Ok(Some(Entered::Form(chosen, Box::new(questions))))
        }
        Err(failure) => {
            tell(prompt, &failure)?;
            way.take(Told::Prepared(chosen, Err(failure)));
            Ok(None)
        }
    }
}

pub(super) fn tell(prompt: &mut dyn Prompt, failure: &Failure) -> io::Result<()> {
    prompt.say(&format!("Error: {}.", failure.what))?;
    if !failure.place.is_empty() {
        prompt.say(&format!("  where  {}", failure.place))?;
    }
    for why in &failure.why {
        prompt.say(&format!("  why    {why}"))?;
    }
    for hint in &failure.hints {
        prompt.say(&format!("  next   {hint}"))?;
    }
    Ok(())
}

/// What stands in the way now, for an input that ends here.
fn stands(way: &Way) -> Option<Failure> {
    match (way.contact(), way.ready()) {
        (Contact::Failed(failure), _) | (_, Ready::Failed(_, failure)) => Some(failure.clone()),
        _ => None,
    }
}

fn command(way: &Way, prompt: &mut dyn Prompt, stop: Stop, reply: Reply<usize>) -> io::Result<Step> {
    let command = match reply {
        Reply::Ended => return Ok(Step::Leave(Entered::Ended(stands(way)))),
        Reply::Interrupted => return Ok(Step::Leave(Entered::Interrupted)),
        Reply::Said(_) => return Ok(Step::Next),
        Reply::Command(command) => command,
    };
    match command {
        Command::Back => return Ok(Step::Back),
        Command::Quit => return Ok(Step::Leave(Entered::Quit)),
        Command::Why => why(way, prompt, stop)?,
        Command::Help => {
            for (_, name, about) in Command::ALL {
                prompt.say(&format!("  {name:<10} {about}"))?;
            }
        }
        Command::Default | Command::None | Command::Advanced => {
            prompt.say("  That has no meaning here; :help lists what has.")?;
        }
    }
    Ok(Step::Again)
}

fn why(way: &Way, prompt: &mut dyn Prompt, stop: Stop) -> io::Result<()> {
    match stop {
        Stop::Where => prompt.say("  Everything is made in this cluster. No other one is contacted."),
        Stop::What => prompt.say("  It decides which questions follow."),
        Stop::Target => prompt.say(
            "  A namespace that does not exist is made. The name tells releases apart and is how this one is found again.",
        ),
        Stop::Profile => {
            prompt.say("  A profile answers questions beforehand; every answer can still be changed.")?;
            for profile in way.product().map(|product| product.profiles.as_slice()).unwrap_or_default() {
                prompt.say(&format!("  {}: {}", profile.title, profile.about))?;
                for (ask, answer) in &profile.answers {
                    prompt.say(&format!("    {ask}: {answer}"))?;
                }
            }
            Ok(())
        }
    }
}
