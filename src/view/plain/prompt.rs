//! How the plain face asks: four methods, and one to say something.

use std::io;

use crate::secret::SecretText;

/// What can be typed in the place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `:back`: the question before.
    Back,
    /// `:why`: why it is asked, with an example and where the value came from.
    Why,
    /// `:default`: forget what was answered.
    Default,
    /// `:none`: an empty list, or no value.
    None,
    /// `:advanced`: ask the advanced questions too.
    Advanced,
    /// `:help`: these commands.
    Help,
    /// `:quit`: leave; nothing is written.
    Quit,
}

impl Command {
    /// Every command with what it does.
    pub const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Back, ":back", "the question before"),
        (Self::Why, ":why", "why it is asked, an example, where the value came from"),
        (Self::Default, ":default", "forget the answer; the default stands again"),
        (Self::None, ":none", "no value, an empty list"),
        (Self::Advanced, ":advanced", "ask advanced questions too, or no longer"),
        (Self::Help, ":help", "this list"),
        (Self::Quit, ":quit", "leave; nothing is written"),
    ];

    /// The command that a line is. Its first letters are enough where they say it.
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.len() < 2 || !line.starts_with(':') || line.starts_with("::") {
            return None;
        }
        Self::ALL.iter().find(|(_, name, _)| name.starts_with(line)).map(|(command, ..)| *command)
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    /// An answer.
    Said(T),
    /// A command.
    Command(Command),
    /// The input ended: nothing more can be asked.
    Ended,
    /// Ctrl-C.
    Interrupted,
}

impl<T> Reply<T> {
    /// The same with another answer.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Self::Said(said) => Reply::Said(make(said)),
            Self::Command(command) => Reply::Command(command),
            Self::Ended => Reply::Ended,
            Self::Interrupted => Reply::Interrupted,
        }
    }
}

/// Asks a person. Every error is that the terminal cannot be read or written.
pub trait Prompt {
    /// A line of text; an empty line means `default`.
    fn text(&mut self, asked: &str, default: &str) -> io::Result<Reply<String>>;
    /// A line that is not shown while it is typed.
    fn secret(&mut self, asked: &str) -> io::Result<Reply<SecretText>>;
    /// One of several, by its number from 0.
    fn choose(&mut self, asked: &str, texts: &[String], default: Option<usize>) -> io::Result<Reply<usize>>;
    /// Yes or no.
    fn confirm(&mut self, asked: &str, default: Option<bool>) -> io::Result<Reply<bool>>;
    /// Says a sentence.
    fn say(&mut self, sentence: &str) -> io::Result<()>;
}

/// Asks for a number out of a list with what asks for text; used by every prompt, since a list that redraws itself is
/// what plain mode exists to avoid.
pub(super) fn choose_by_number(
    prompt: &mut (impl Prompt + ?Sized),
    asked: &str,
    texts: &[String],
    default: Option<usize>,
) -> io::Result<Reply<usize>> {
    prompt.say(asked)?;
    for (i, text) in texts.iter().enumerate() {
        let is_default = if default == Some(i) { " (default)" } else { "" };
        prompt.say(&format!("  {}  {text}{is_default}", i + 1))?;
    }
    let default = default.map(|i| (i + 1).to_string()).unwrap_or_default();
    loop {
        let reply = prompt.text(&format!("Choose 1 to {}", texts.len()), &default)?;
        let Reply::Said(line) = reply else { return Ok(reply.map(|_| 0)) };
        match line.trim().parse::<usize>() {
            Ok(number) if (1..=texts.len()).contains(&number) => return Ok(Reply::Said(number - 1)),
            _ => prompt.say(&format!("  Type a number from 1 to {}, not \"{}\".", texts.len(), line.trim()))?,
        }
    }
}
