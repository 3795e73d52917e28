//! Foreign bytes to safe text. Logs, messages of the API server and names may hold escape sequences that would write
//! to the operator's terminal (CVE-2021-25743); and any text may hold a secret's value.

use std::fmt::Write as _;

use base64::Engine as _;

use crate::secret::SecretText;

/// The longest line that is kept, in bytes; the rest is cut off and said (facts: style 4.7).
pub const LONGEST_LINE: usize = 4096;

/// One line of foreign text, safe to show: escape sequences are taken out, tabs become spaces, other control
/// characters, bidirectional and zero-width ones are shown as `\u{..}`, and it is cut at [`LONGEST_LINE`].
pub fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len().min(LONGEST_LINE));
    let mut column = 0usize;
    for c in strip_escapes(text).chars() {
        if safe.len() >= LONGEST_LINE {
            safe.push_str(" ... (cut)");
            break;
        }
        match c {
            '\t' => {
                let spaces = 8 - column % 8;
                safe.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
                continue;
            }
            '\n' | '\r' => safe.push(' '),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a String cannot fail.
                let _written = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
        column += 1;
    }
    safe.truncate(safe.trim_end().len());
    safe
}

/// Foreign text of several lines, each made safe by [`line`].
pub fn text(foreign: &str) -> String {
    foreign.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether a character must not reach a terminal at all: it is obeyed, or it changes the order or hides what is read.
pub fn is_dangerous(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Bidirectional controls, zero-width characters and others that hide or reorder what is read.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        // The joiner of emoji and Indic scripts is needed to read them and hides nothing.
        && c != '\u{200d}'
}

/// Takes ANSI escape sequences out, by the state machine of terminals: CSI, OSC, DCS and their payloads.
fn strip_escapes(text: &str) -> String {
    struct Keep(String);
    impl anstyle_parse::Perform for Keep {
        fn print(&mut self, c: char) {
            self.0.push(c);
        }
        fn execute(&mut self, byte: u8) {
            self.0.push(byte as char);
        }
    }
    if !text.contains('\u{1b}') && !text.contains('\u{9b}') && !text.contains('\u{90}') && !text.contains('\u{9d}') {
        return text.to_string();
    }
    let mut keep = Keep(String::with_capacity(text.len()));
    let mut parser = anstyle_parse::Parser::<anstyle_parse::Utf8Parser>::new();
    for byte in text.bytes() {
        parser.advance(&mut keep, byte);
    }
    keep.0
}

/// Hides known secret values in any text: plain, base64 (each of the three alignments), percent-encoded and
/// JSON-escaped. Values of fewer than four characters are left, since hiding them would hide half of every log.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<SecretText>,
}

/// What stands in the place of a hidden value.
pub const HIDDEN: &str = "[hidden]";

impl Redactor {
    /// A redactor for the given values.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a SecretText>) -> Self {
        let mut needles: Vec<String> = Vec::new();
        for value in values {
            let value = value.expose();
            for part in std::iter::once(value).chain(value.lines().filter(|_| value.contains('\n'))) {
                let part = part.trim();
                if part.len() < 4 {
                    continue;
                }
                needles.push(part.to_string());
                needles.push(percent_encoded(part));
                needles.push(serde_json::Value::from(part).to_string().trim_matches('"').to_string());
                needles.extend(base64_forms(part));
            }
        }
        needles.retain(|needle| needle.len() >= 4);
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        needles.dedup();
        Self { needles: needles.into_iter().map(SecretText::new).collect() }
    }

    /// The text without the values.
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_string();
        for needle in &self.needles {
            if hidden.contains(needle.expose()) {
                hidden = hidden.replace(needle.expose(), HIDDEN);
            }
        }
        hidden
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 2.3).
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(byte as char);
        } else {
            // Writing to a String cannot fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The stable middle of the base64 of a text at each of the three alignments it can have inside a longer text.
fn base64_forms(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for engine in [base64::engine::general_purpose::STANDARD_NO_PAD, base64::engine::general_purpose::URL_SAFE_NO_PAD] {
        for shift in 0..3usize {
            let shifted = [vec![0u8; shift], text.as_bytes().to_vec()].concat();
            let encoded = engine.encode(&shifted);
            // Characters that also carry bits of what stands before and after the text are left out.
            let from = [0, 2, 3][shift];
            let to = shifted.len() * 8 / 6;
            if to > from + 5 {
                forms.push(encoded[from..to].to_string());
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_a_log_line_never_reach_the_terminal() {
        for (foreign, safe) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]52;c;aGFjaw==\u{7}x", "x"),
            ("\u{1b}]0;title\u{1b}\\x", "x"),
            ("a\tb", "a       b"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("bell\u{7}", "bell\\u{7}"),
            ("two\nlines", "two lines"),
            ("[red]not markup[/red]", "[red]not markup[/red]"),
            ("日本語 e\u{301}", "日本語 e\u{301}"),
        ] {
            assert_eq!(line(foreign), safe, "{foreign:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        assert!(line(&"x".repeat(10_000)).ends_with("(cut)"));
    }

    #[test]
    fn a_value_is_hidden_plain_encoded_and_inside_longer_base64() {
        use base64::engine::general_purpose::STANDARD;
        let secret = SecretText::new("p@ss/w0rd?&x");
        let redactor = Redactor::new([&secret]);
        for text in [
            "password p@ss/w0rd?&x refused".to_string(),
            format!("postgres://u:{}@h/d", percent_encoded("p@ss/w0rd?&x")),
            STANDARD.encode("p@ss/w0rd?&x"),
            STANDARD.encode("xp@ss/w0rd?&xyz"),
            STANDARD.encode("postgres://u:p@ss/w0rd?&x@h"),
        ] {
            let hidden = redactor.hide(&text);
            assert!(hidden.contains(HIDDEN), "{text} -> {hidden}");
            assert!(!hidden.contains("w0rd"), "{hidden}");
        }
    }
}
