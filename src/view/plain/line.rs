//! The line reader: needs a reader and a writer, no terminal. What is asked and said goes out, lines come in.

use std::io::{self, BufRead, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::prompt::{Command, Prompt, Reply, choose_by_number};
use crate::sanitize;
use crate::secret::SecretText;

/// Ctrl-C as the terminal types it while it makes no signal of it.
const CTRL_C: char = '\u{3}';

/// Hides what is typed on standard input, if that is a terminal, until it is dropped. Ctrl-C is a character meanwhile
/// that ends the line: a signal would leave the terminal mute.
#[derive(Debug)]
pub struct HideTyping(Option<Termios>);

impl HideTyping {
    /// Hides it.
    pub fn on_standard_input() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VEOL2] = 3;
        match tcsetattr(io::stdin(), OptionalActions::Now, &hidden) {
            Ok(()) => Self(Some(before)),
            Err(_) => Self(None),
        }
    }
}

impl Drop for HideTyping {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that is gone needs no mending.
            let _mended = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Reads lines.
pub struct LineReader<R, W> {
    input: R,
    output: W,
    /// Hides what is typed while a secret is read.
    hide: fn() -> HideTyping,
}

/// Up to the end of a line, or to a Ctrl-C, after which the terminal sends what it has without one.
fn read_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let there = match input.fill_buf() {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = there.iter().position(|byte| matches!(char::from(*byte), '\n' | CTRL_C));
        let taken = end.map_or(there.len(), |end| end + 1);
        line.extend_from_slice(&there[..taken]);
        input.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(line);
        }
    }
}

impl<R: BufRead, W: Write> LineReader<R, W> {
    /// Reads from any reader, such as a script; nothing is hidden.
    pub fn new(input: R, output: W) -> Self {
        Self { input, output, hide: || HideTyping(None) }
    }

    /// Reads from standard input, which `input` is: secrets are not shown while they are typed.
    pub fn on_terminal(input: R, output: W) -> Self {
        Self { input, output, hide: HideTyping::on_standard_input }
    }

    /// One line; the inner error is a line that looks like a command and is none.
    fn line(&mut self) -> io::Result<Result<Reply<String>, String>> {
        let bytes = read_line(&mut self.input)?;
        if bytes.is_empty() {
            writeln!(self.output)?;
            return Ok(Ok(Reply::Ended));
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        if line.contains(CTRL_C) {
            return Ok(Ok(Reply::Interrupted));
        }
        if let Some(command) = Command::read(line) {
            return Ok(Ok(Reply::Command(command)));
        }
        // A value that begins with a colon is typed with two.
        let rest = line.strip_prefix(':').unwrap_or("");
        Ok(if rest.starts_with(':') {
            Ok(Reply::Said(rest.to_string()))
        } else if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphabetic()) {
            Err(line.to_string())
        } else {
            Ok(Reply::Said(line.to_string()))
        })
    }
}

impl<R: BufRead, W: Write> Prompt for LineReader<R, W> {
    fn text(&mut self, asked: &str, default: &str) -> io::Result<Reply<String>> {
        let default_shown = if default.is_empty() { String::new() } else { format!(" [{}]", sanitize::line(default)) };
        loop {
            write!(self.output, "{}{default_shown}: ", sanitize::line(asked))?;
            self.output.flush()?;
            match self.line()? {
                Err(line) => self.say(&format!("  There is no command {line}; :help lists them."))?,
                Ok(Reply::Said(line)) if line.trim().is_empty() => return Ok(Reply::Said(default.to_string())),
                Ok(reply) => return Ok(reply),
            }
        }
    }

    fn secret(&mut self, asked: &str) -> io::Result<Reply<SecretText>> {
        // Before it is asked for: who types at once must not be shown either.
        let hidden = (self.hide)();
        write!(self.output, "{} (not shown while typed): ", sanitize::line(asked))?;
        self.output.flush()?;
        let reply = self.line();
        let was_hidden = hidden.0.is_some();
        drop(hidden);
        if was_hidden {
            writeln!(self.output)?;
        }
        // A secret may look like a command that there is not.
        let reply = reply?.unwrap_or_else(Reply::Said);
        Ok(reply.map(|line| SecretText::new(line.trim_end())))
    }

    fn choose(&mut self, asked: &str, texts: &[String], default: Option<usize>) -> io::Result<Reply<usize>> {
        choose_by_number(self, asked, texts, default)
    }

    fn confirm(&mut self, asked: &str, default: Option<bool>) -> io::Result<Reply<bool>> {
        let default = match default {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        loop {
            let reply = self.text(&format!("{asked} (yes or no)"), default)?;
            let Reply::Said(line) = reply else { return Ok(reply.map(|_| false)) };
            match line.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => return Ok(Reply::Said(true)),
                "n" | "no" | "false" => return Ok(Reply::Said(false)),
                _ => self.say("  Type yes or no.")?,
            }
        }
    }

    fn say(&mut self, sentence: &str) -> io::Result<()> {
        writeln!(self.output, "{}", sanitize::text(sentence))?;
        self.output.flush()
    }
}
