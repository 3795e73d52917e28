//! The review in sentences, and a typed yes.

use std::io;

use super::prompt::{Command, Prompt, Reply};
use crate::view::overview::Overview;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Do it.
    Yes,
    /// Back to the questions.
    Back,
    /// Write the answers file, then ask again.
    Save,
    /// Nothing is done.
    No,
    /// Something blocks: nothing can be done.
    Blocked,
    /// The input ended.
    Ended,
    /// Ctrl-C.
    Interrupted,
}

/// Says what will be done and asks for `yes`, in full.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn review(overview: &Overview, prompt: &mut dyn Prompt) -> io::Result<Decision> {
    tell(overview, prompt)?;
    let blocking = overview.blocking();
    if !blocking.is_empty() {
        prompt.say(&format!("Blocked: {}. Nothing was written.", count(blocking.len(), "error")))?;
        return mend(prompt);
    }
    let asked = format!("{}: type yes (or details, save, :back, no)", overview.button());
    loop {
        let line = match prompt.text(&asked, "")? {
            Reply::Said(line) => line,
            Reply::Command(Command::Back) => return Ok(Decision::Back),
            Reply::Command(Command::Quit) => return Ok(Decision::No),
            Reply::Command(_) => {
                prompt
                    .say("  yes does it, details lists every field, save writes the answers file, :back asks again.")?;
                continue;
            }
            Reply::Ended => return Ok(Decision::Ended),
            Reply::Interrupted => return Ok(Decision::Interrupted),
        };
        match line.trim().to_ascii_lowercase().as_str() {
            "yes" => return Ok(Decision::Yes),
            "no" | "n" => return Ok(Decision::No),
            "save" => return Ok(Decision::Save),
            "back" => return Ok(Decision::Back),
            "details" => details(overview, prompt)?,
            _ => prompt.say("  Type yes in full, or no.")?,
        }
    }
}

/// What can be done while something blocks: go back to the answers, or leave.
fn mend(prompt: &mut dyn Prompt) -> io::Result<Decision> {
    loop {
        match prompt.text("Type :back to change the answers, save to keep them in a file, or no to leave", "")? {
            Reply::Command(Command::Back) => return Ok(Decision::Back),
            Reply::Said(line) if line.trim() == "back" => return Ok(Decision::Back),
            Reply::Said(line) if line.trim() == "save" => return Ok(Decision::Save),
            Reply::Said(line) if line.trim() == "no" => return Ok(Decision::Blocked),
            Reply::Said(_) => prompt.say("  It cannot be done as it is.")?,
            // An input that ended tells what blocks, as a run without anybody does.
            Reply::Command(Command::Quit) | Reply::Ended => return Ok(Decision::Blocked),
            Reply::Command(_) => prompt.say("  :back asks again; what was answered stands in brackets.")?,
            Reply::Interrupted => return Ok(Decision::Interrupted),
        }
    }
}

fn tell(overview: &Overview, prompt: &mut dyn Prompt) -> io::Result<()> {
    let plan = &overview.plan;
    let target = &plan.target;
    let mut cluster = vec![target.server.clone()];
    cluster.extend(overview.cluster.iter().cloned());
    let practice = if target.practice { "Practice cluster" } else { "Cluster" };
    let made = if plan.namespace_exists { "" } else { " will be made" };
    let mut profile = String::new();
    if !target.profile.is_empty() {
        profile = format!(" Profile {}.", target.profile);
    }
    prompt.say(&format!(
        "\n{practice} {} ({}). Namespace {}{made}. Release {}.{profile}",
        target.context,
        cluster.join(", "),
        target.namespace,
        target.release
    ))?;
    if let Some(why) = overview.production() {
        prompt.say(&format!("Warning: this looks like production: {why}."))?;
    }
    if plan.is_empty() {
        prompt.say("Everything is as wanted; nothing would be written.")?;
    }
    let counts = overview.counts().words().replace("   ", ", ");
    let usual = if overview.usual().is_empty() { String::new() } else { format!(" ({})", overview.usual()) };
    prompt.say(&format!("{counts}{usual}:"))?;
    for row in overview.rows().iter().filter(|row| row.verb != "keep") {
        let note = if row.note.is_empty() { String::new() } else { format!(", {}", row.note) };
        prompt.say(&format!("  {} {} {}{note}", row.verb, row.kind, row.name))?;
    }
    for finding in overview.all_findings() {
        prompt.say(&format!("{}: {} ({})", finding.severity.word(), finding.what, finding.code))?;
        for text in [&finding.why, &finding.remedy] {
            if !text.is_empty() {
                prompt.say(&format!("  {text}"))?;
            }
        }
        if let Some(mend) = overview.mend(finding) {
            prompt.say(&format!("  The answer to \"{}\" ({}) mends it.", mend.ask, mend.path))?;
        }
    }
    prompt.say(&format!("Repeat this with: {}", overview.repeat))
}

fn details(overview: &Overview, prompt: &mut dyn Prompt) -> io::Result<()> {
    for row in overview.rows() {
        prompt.say(&format!("{} {} {}", row.verb, row.kind, row.name))?;
        for field in &row.fields {
            prompt.say(&format!("  {field}"))?;
        }
    }
    Ok(())
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
