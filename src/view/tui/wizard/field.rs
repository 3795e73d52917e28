//! What is being typed: a line or lines with a cursor, moved by whole characters. Its memory is wiped when it is
//! dropped, since it may hold a secret.

use crossterm::event::{KeyCode, KeyEvent};
use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroizing;

use super::super::keys::typed;

/// Text with a cursor.
#[derive(Clone)]
pub(in crate::view::tui) struct Field {
    text: Zeroizing<String>,
    /// Byte offset of the cursor, always between characters.
    cursor: usize,
    lines: bool,
}

/// Room that is taken at once, so that a secret is not copied around while it grows.
const ROOM: usize = 512;

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({} bytes)", self.text.len())
    }
}

impl Field {
    /// A field that holds `text`, with the cursor at its end; `lines` when it may hold several.
    pub(in crate::view::tui) fn new(text: &str, lines: bool) -> Self {
        let mut held = Zeroizing::new(String::with_capacity(text.len() + ROOM));
        held.push_str(text);
        Self { cursor: held.len(), text: held, lines }
    }

    pub(in crate::view::tui) fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the cursor.
    pub(in crate::view::tui) fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Takes pasted text in as content; says what was left out of it.
    pub(in crate::view::tui) fn paste(&mut self, pasted: &str) -> &'static str {
        let clean: String = pasted
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|c| !c.is_control() || (*c == '\n') || (*c == '\t' && self.lines))
            .collect();
        if self.lines {
            self.put(&clean);
            return "";
        }
        let trimmed = clean.trim_end_matches('\n');
        let joined = trimmed.replace('\n', " ");
        self.put(&joined);
        match (trimmed.contains('\n'), clean.len() > trimmed.len()) {
            (true, _) => "pasted lines were joined into one",
            (false, true) => "a line end after the pasted text was left out",
            (false, false) => "",
        }
    }

    pub(in crate::view::tui) fn put(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// A new line, indented as the one it follows; a list entry's dash counts as two blanks.
    pub(in crate::view::tui) fn new_line(&mut self) {
        let (start, _) = self.line();
        let line = &self.text[start..self.cursor];
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let indent = blanks + if line.trim_start().starts_with("- ") { 2 } else { 0 };
        self.put(&format!("\n{}", " ".repeat(indent)));
    }

    fn before(&self) -> usize {
        let start = self.text[..self.cursor].grapheme_indices(true).next_back();
        start.map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    /// Starts of the line of the cursor and its end.
    fn line(&self) -> (usize, usize) {
        let start = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at);
        (start, end)
    }

    fn vertical(&mut self, down: bool) {
        let (start, end) = self.line();
        let column = self.text[start..self.cursor].graphemes(true).count();
        let (from, to) = if down {
            if end == self.text.len() {
                return;
            }
            let to = self.text[end + 1..].find('\n').map_or(self.text.len(), |at| end + 1 + at);
            (end + 1, to)
        } else {
            let Some(to) = start.checked_sub(1) else { return };
            (self.text[..to].rfind('\n').map_or(0, |at| at + 1), to)
        };
        let line = &self.text[from..to];
        self.cursor = from + line.grapheme_indices(true).nth(column).map_or(line.len(), |(at, _)| at);
    }

    /// Takes a key; says whether the text changed, or nothing when the key is not for it.
    pub(in crate::view::tui) fn key(&mut self, key: &KeyEvent) -> Option<bool> {
        if let Some(c) = typed(key) {
            self.put(c.encode_utf8(&mut [0; 4]));
            return Some(true);
        }
        match key.code {
            KeyCode::Backspace if self.cursor > 0 => {
                let from = self.before();
                self.text.replace_range(from..self.cursor, "");
                self.cursor = from;
                return Some(true);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                let to = self.after();
                self.text.replace_range(self.cursor..to, "");
                return Some(true);
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = self.line().0,
            KeyCode::End => self.cursor = self.line().1,
            KeyCode::Up if self.lines => self.vertical(false),
            KeyCode::Down if self.lines => self.vertical(true),
            KeyCode::Backspace | KeyCode::Delete => {}
            _ => return None,
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::keys;
    use super::*;

    fn after(start: &str, lines: bool, script: &str) -> String {
        let mut field = Field::new(start, lines);
        for key in keys(script) {
            field.key(&key);
        }
        let (before, rest) = field.parts();
        format!("{before}|{rest}")
    }

    #[test]
    fn a_field_is_edited_by_whole_characters() {
        for (start, script, edited) in [
            ("20Gi", "backspace backspace \"Ti\"", "20Ti|"),
            ("日本👩‍👩‍👧", "backspace left", "日|本"),
            ("ab", "home delete right right right", "b|"),
            ("ab", "home backspace end delete left \"x\"", "ax|b"),
        ] {
            assert_eq!(after(start, false, script), edited);
        }
        assert_eq!(after("one\nthree\nx", true, "up end up \"!\" home down down"), "one!\nthree\n|x");
    }

    #[test]
    fn a_paste_is_content_and_says_what_was_left_out() {
        let mut field = Field::new("", false);
        assert_eq!(field.paste("pass\u{3}\tword\r\n"), "a line end after the pasted text was left out");
        assert_eq!(field.text(), "password");
        assert_eq!(field.paste("a\nb"), "pasted lines were joined into one");
        assert_eq!(field.text(), "passworda b");
        let mut lines = Field::new("", true);
        assert_eq!(lines.paste("a\r\nb\n"), "");
        assert_eq!(lines.text(), "a\nb\n");
    }

    #[test]
    fn debug_never_shows_what_is_typed() {
        assert!(!format!("{:?}", Field::new("hunter2", false)).contains("hunter2"));
    }
}
