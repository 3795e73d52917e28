//! Walks through the form: one question after the other, back as often as one likes, and again what is wrong.

use std::collections::BTreeSet;
use std::io;

use super::prompt::{Command, Prompt, Reply};
use serde_json::Value;

use crate::secret::SecretText;
use crate::view::questions::{
    Fault, Input, Offer, QuestionView, Questions, SecretInput, Widget, as_lines, is_chosen, lines_rule, of_lines,
    of_secret, origin, wrong, yes_or_no,
};

/// How much of what the cluster offers is said: a person who listens must not wait for hundreds of names.
const MOST_OFFERS: usize = 12;

/// How asking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing is missing or wrong.
    Complete,
    /// Something is wrong that no visible question can mend.
    Invalid(Vec<Fault>),
    /// `:back` at the first question, to what was settled before the form.
    Back,
    /// `:quit`.
    Quit,
    /// The input ended before the end.
    Ended,
    /// Ctrl-C.
    Interrupted,
}

/// What a question led to.
enum Step {
    Next,
    Back,
    Again,
    ToggleAdvanced,
    Leave(Asked),
}

/// Asks every visible essential question that is not locked, then whatever is still missing or wrong.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn ask(form: &mut dyn Questions, prompt: &mut dyn Prompt) -> io::Result<Asked> {
    prompt.say("Enter takes the value in brackets; :back, :why, :advanced, :help and :quit work at every question.")?;
    let pages = form.pages();
    if pages.iter().flat_map(|page| form.page(&page.id)).any(|question| form.stands(&question.path)) {
        prompt
            .say("What was answered at the last run stands; only what is new is asked. :advanced asks everything.")?;
    }
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut history: Vec<String> = Vec::new();
    let mut advanced = false;
    let mut page_told = String::new();
    let mut mending = false;
    loop {
        let Some((page, question)) = next(form, &asked, advanced) else {
            match remaining(form, &mut asked, &mut mending, prompt)? {
                Some(asked) => return Ok(asked),
                None => continue,
            }
        };
        let path = question.path.clone();
        if page != page_told {
            prompt.say(&format!("\n{page}"))?;
            page_told = page;
        }
        match one(form, &question, prompt)? {
            Step::Next => {
                asked.insert(path.clone());
                history.retain(|known| *known != path);
                history.push(path);
            }
            Step::Back => match history.pop() {
                Some(before) => {
                    asked.remove(&before);
                    // Questions between are asked again only if the new answer brings them.
                    page_told.clear();
                }
                None if !form.before().is_empty() => return Ok(Asked::Back),
                None => prompt.say("  This is the first question.")?,
            },
            Step::Again => {}
            Step::ToggleAdvanced => {
                advanced = !advanced;
                prompt.say(if advanced {
                    "  Advanced questions are asked."
                } else {
                    "  Only essential questions are asked."
                })?;
            }
            Step::Leave(left) => return Ok(left),
        }
    }
}

/// The first question that was not asked yet, with its page in words.
fn next(form: &dyn Questions, asked: &BTreeSet<String>, advanced: bool) -> Option<(String, QuestionView)> {
    let pages = form.pages();
    let all = pages.len();
    pages.iter().enumerate().find_map(|(i, page)| {
        let mut open = form.page(&page.id).into_iter().filter(|question| {
            !question.locked
                && !asked.contains(&question.path)
                && (advanced || !form.stands(&question.path) || question.fault.is_some())
                && (advanced || !question.advanced || question.fault.is_some())
        });
        open.next().map(|question| (format!("{} ({} of {all})", page.title, i + 1), question))
    })
}

/// What is missing or wrong is asked again; `None` goes on asking.
fn remaining(
    form: &dyn Questions,
    asked: &mut BTreeSet<String>,
    mending: &mut bool,
    prompt: &mut dyn Prompt,
) -> io::Result<Option<Asked>> {
    let faults = form.faults();
    if faults.is_empty() {
        return Ok(Some(Asked::Complete));
    }
    if !*mending {
        prompt.say("\nStill missing or wrong:")?;
        *mending = true;
    }
    let mut again = false;
    for fault in &faults {
        prompt.say(&format!("  {}: {}", fault.path, wrong(&fault.what, &fault.example)))?;
        let visible = form.question(&fault.path).is_some_and(|question| !question.locked);
        again |= visible && asked.remove(&fault.path);
    }
    Ok((!again).then_some(Asked::Invalid(faults)))
}

fn one(form: &mut dyn Questions, question: &QuestionView, prompt: &mut dyn Prompt) -> io::Result<Step> {
    if let Some(fault) = question.fault.as_ref().filter(|_| !question.text.is_empty()) {
        prompt.say(&format!("  {}: {}", question.path, wrong(fault, &question.example)))?;
    }
    match &question.suggestions {
        Ok(offered) if offered.is_empty() => {}
        Ok(offered) => {
            let rest = offered.len().saturating_sub(MOST_OFFERS);
            let rest = if rest == 0 { String::new() } else { format!(", and {rest} more") };
            let offered: Vec<String> = offered.iter().take(MOST_OFFERS).map(Offer::words).collect();
            prompt.say(&format!("  The cluster offers: {}{rest}.", offered.join(", ")))?;
        }
        // What slipway makes when nobody says anything needs no list.
        Err(_) if question.can_generate => {}
        Err(why) => prompt.say(&format!("  The cluster could not be asked: {why}."))?,
    }
    let input = match &question.widget {
        Widget::Choice(choices) => {
            let texts: Vec<String> = choices.iter().map(|(_, text)| text.clone()).collect();
            let now = choices.iter().position(|(choice, _)| is_chosen(question, choice));
            prompt.choose(&question.ask, &texts, now)?.map(|i| Some(Input::Value(Value::from(choices[i].0.clone()))))
        }
        Widget::YesNo => {
            prompt.confirm(&question.ask, yes_or_no(question))?.map(|yes| Some(Input::Value(Value::from(yes))))
        }
        Widget::Choices(choices) => several(question, choices, prompt)?,
        Widget::Secret => {
            let has = !question.text.is_empty();
            let hint = match (has, question.can_generate) {
                (true, _) => format!(" [{}]", question.text),
                (false, true) => " [slipway makes it]".into(),
                (false, false) if question.optional => " [none]".into(),
                (false, false) => String::new(),
            };
            prompt.secret(&format!("{}{hint}", question.ask))?.map(|typed| secret(question, &typed))
        }
        Widget::List | Widget::Lines => lines(question, prompt)?,
        Widget::Line => {
            let reply = prompt.text(&question.ask, &question.text)?;
            let unchanged = matches!(&reply, Reply::Said(line) if *line == question.text);
            // Enter on what stands keeps where it came from; only a new answer becomes the operator's own.
            if unchanged { Reply::Said(None) } else { reply.map(|line| Some(Input::Text(line))) }
        }
    };
    match input {
        Reply::Said(None) if missing(form, question) => {
            prompt.say("  This needs an answer.")?;
            Ok(Step::Again)
        }
        Reply::Said(None) => Ok(Step::Next),
        Reply::Said(Some(input)) if same(question, &input) => Ok(Step::Next),
        Reply::Said(Some(input)) => match form.set(&question.path, input) {
            Ok(()) => Ok(Step::Next),
            Err(fault) => {
                // The question is asked again, which says what is wrong; a form that hides it there says it here.
                let says = |now: QuestionView| now.fault.is_some() && !now.text.is_empty();
                if !form.question(&question.path).is_some_and(says) {
                    prompt.say(&format!("  {}: {}", question.path, wrong(&fault, &question.example)))?;
                }
                Ok(Step::Again)
            }
        },
        Reply::Command(command) => self::command(form, question, command, prompt),
        Reply::Ended => Ok(Step::Leave(Asked::Ended)),
        Reply::Interrupted => Ok(Step::Leave(Asked::Interrupted)),
    }
}

/// Nothing stands there although something has to.
fn missing(form: &dyn Questions, question: &QuestionView) -> bool {
    !question.optional && form.faults().iter().any(|fault| fault.path == question.path)
}

/// Whether an answer is what stands there already: it then keeps its origin.
fn same(question: &QuestionView, input: &Input) -> bool {
    question.fault.is_none() && matches!(input, Input::Value(value) if *value == question.value)
}

fn secret(question: &QuestionView, typed: &SecretText) -> Option<Input> {
    if !typed.expose().is_empty() {
        return Some(of_secret(typed));
    }
    (question.text.is_empty() && question.can_generate).then_some(Input::Secret(SecretInput::Generate))
}

/// Any of several, by their numbers.
fn several(
    question: &QuestionView,
    choices: &[(String, String)],
    prompt: &mut dyn Prompt,
) -> io::Result<Reply<Option<Input>>> {
    prompt.say(&question.ask)?;
    let mut now = Vec::new();
    for (i, (choice, text)) in choices.iter().enumerate() {
        prompt.say(&format!("  {}  {text}", i + 1))?;
        if is_chosen(question, choice) {
            now.push((i + 1).to_string());
        }
    }
    loop {
        let reply = prompt.text("Numbers with commas between", &now.join(","))?;
        let Reply::Said(line) = reply else { return Ok(reply.map(|_| None)) };
        if let Some(numbers) = numbers(&line, choices.len()) {
            // In the order of the choices, whatever order they were typed in.
            let chosen = choices.iter().enumerate().filter(|(i, _)| numbers.contains(i));
            let values = chosen.map(|(_, (choice, _))| Value::from(choice.clone())).collect();
            return Ok(Reply::Said(Some(Input::Value(values))));
        }
        prompt.say(&format!("  Type numbers from 1 to {}, such as 1,2.", choices.len()))?;
    }
}

fn numbers(line: &str, most: usize) -> Option<Vec<usize>> {
    line.split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok().filter(|number| (1..=most).contains(number)).map(|number: usize| number - 1))
        .collect()
}

/// Several lines: an empty one ends a list, a single dot ends a text, and nothing typed keeps what stands.
fn lines(question: &QuestionView, prompt: &mut dyn Prompt) -> io::Result<Reply<Option<Input>>> {
    let list = question.widget == Widget::List;
    let end = if list { "an empty line ends" } else { "a line with a single dot ends" };
    prompt.say(&format!(
        "{} ({}, {end}; nothing keeps what stands, :none empties it)",
        question.ask,
        lines_rule(question).trim()
    ))?;
    for line in as_lines(question).lines() {
        prompt.say(&format!("  {line}"))?;
    }
    let mut typed: Vec<String> = Vec::new();
    loop {
        let reply = prompt.text(&format!("  {}", typed.len() + 1), "")?;
        match reply {
            Reply::Said(line) if (list && line.trim().is_empty()) || (!list && line.trim() == ".") => break,
            Reply::Said(line) if typed.is_empty() && line.trim().is_empty() => break,
            Reply::Said(line) => typed.push(line),
            Reply::Command(Command::None) => {
                return Ok(Reply::Said(Some(of_lines(question, ""))));
            }
            reply => return Ok(reply.map(|_| None)),
        }
    }
    let answer = (!typed.is_empty()).then(|| of_lines(question, &typed.join("\n")));
    Ok(Reply::Said(answer))
}

fn command(
    form: &mut dyn Questions,
    question: &QuestionView,
    command: Command,
    prompt: &mut dyn Prompt,
) -> io::Result<Step> {
    match command {
        Command::Back => return Ok(Step::Back),
        Command::Quit => return Ok(Step::Leave(Asked::Quit)),
        Command::Advanced => return Ok(Step::ToggleAdvanced),
        Command::Default => {
            form.reset(&question.path);
            prompt.say("  The default stands again.")?;
        }
        Command::None => {
            if let Err(fault) = form.set(&question.path, Input::Text(String::new())) {
                prompt.say(&format!("  {}: {}", question.path, wrong(&fault, &question.example)))?;
                return Ok(Step::Again);
            }
            return Ok(Step::Next);
        }
        Command::Help => {
            for (_, name, about) in Command::ALL {
                prompt.say(&format!("  {name:<10} {about}"))?;
            }
            prompt.say("  A value that begins with a colon is typed with two.")?;
            if question.secret {
                prompt.say("  A secret may be env:NAME, file:PATH, secret:NAME/KEY, or generate.")?;
            }
        }
        Command::Why => {
            let because = if question.why.is_empty() { "The product needs it." } else { &question.why };
            prompt.say(&format!("  {because}"))?;
            for (name, text) in
                [("example", question.example.as_str()), ("default", &question.default_text), ("now", origin(question))]
            {
                if !text.is_empty() {
                    prompt.say(&format!("  {name:<8} {text}"))?;
                }
            }
            prompt.say(&format!("  {:<8} {}", "path", question.path))?;
        }
    }
    Ok(Step::Again)
}
