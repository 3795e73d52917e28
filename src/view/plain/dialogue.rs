//! dialoguer's text and confirm prompts, for terminals that can. Lists stay numbered lines, and secrets hidden ones.

use std::io::{self, Write};

use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input};

use super::line::LineReader;
use super::prompt::{Command, Prompt, Reply, choose_by_number};
use crate::sanitize;
use crate::secret::SecretText;

/// Asks on the terminal.
pub struct Dialogue {
    term: Term,
}

impl Default for Dialogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialogue {
    /// On standard error, so that standard output stays for data.
    pub fn new() -> Self {
        Self { term: Term::stderr() }
    }

    /// Ctrl-C and a lost terminal are replies, not faults; dialoguer leaves the cursor hidden then, which is mended here.
    fn reply<T>(&self, answered: Result<T, dialoguer::Error>) -> io::Result<Reply<T>> {
        let dialoguer::Error::IO(error) = match answered {
            Ok(said) => return Ok(Reply::Said(said)),
            Err(error) => error,
        };
        self.term.show_cursor()?;
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(Reply::Interrupted),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::NotConnected => Ok(Reply::Ended),
            _ => Err(error),
        }
    }
}

impl Prompt for Dialogue {
    fn text(&mut self, asked: &str, default: &str) -> io::Result<Reply<String>> {
        let mut input = Input::<String>::with_theme(&SimpleTheme).with_prompt(sanitize::line(asked)).allow_empty(true);
        if !default.is_empty() {
            input = input.default(default.to_string());
        }
        let reply = self.reply(input.interact_text_on(&self.term))?;
        Ok(match reply {
            Reply::Said(line) => match Command::read(&line) {
                Some(command) => Reply::Command(command),
                None => Reply::Said(
                    line.strip_prefix(':').filter(|rest| rest.starts_with(':')).unwrap_or(&line).to_string(),
                ),
            },
            reply => reply,
        })
    }

    /// Not dialoguer's own password prompt: Ctrl-C at it ends the program with the terminal's echo off.
    fn secret(&mut self, asked: &str) -> io::Result<Reply<SecretText>> {
        LineReader::on_terminal(io::stdin().lock(), &self.term).secret(asked)
    }

    fn choose(&mut self, asked: &str, texts: &[String], default: Option<usize>) -> io::Result<Reply<usize>> {
        choose_by_number(self, asked, texts, default)
    }

    fn confirm(&mut self, asked: &str, default: Option<bool>) -> io::Result<Reply<bool>> {
        let mut input = Confirm::with_theme(&SimpleTheme).with_prompt(sanitize::line(asked)).wait_for_newline(true);
        if let Some(default) = default {
            input = input.default(default);
        }
        let reply = self.reply(input.interact_on_opt(&self.term))?;
        Ok(match reply {
            Reply::Said(Some(said)) => Reply::Said(said),
            // Esc: one layer back.
            Reply::Said(None) => Reply::Command(Command::Back),
            reply => reply.map(|_| false),
        })
    }

    fn say(&mut self, sentence: &str) -> io::Result<()> {
        writeln!(&self.term, "{}", sanitize::text(sentence))
    }
}
