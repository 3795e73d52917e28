//! Text measured in terminal cells: cutting, padding and wrapping that never split what a reader sees as one character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::sanitize;

/// Width of a text in cells.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text made safe and cut at its end to `cells`, with the ellipsis where something is missing.
pub(super) fn cut(text: &str, cells: usize, ellipsis: &str) -> String {
    let text = sanitize::line(text);
    if width(&text) <= cells {
        return text;
    }
    let room = cells.saturating_sub(width(ellipsis));
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = width(grapheme);
        if used + wide > room {
            break;
        }
        kept.push_str(grapheme);
        used += wide;
    }
    if width(ellipsis) <= cells {
        kept.push_str(ellipsis);
    }
    kept
}

/// The text cut at its start, for paths, links and what is being typed: the end is what tells.
pub(super) fn cut_start(text: &str, cells: usize, ellipsis: &str) -> String {
    let text = sanitize::line(text);
    if width(&text) <= cells {
        return text;
    }
    let room = cells.saturating_sub(width(ellipsis));
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 0;
    for grapheme in text.graphemes(true).rev() {
        let wide = width(grapheme);
        if used + wide > room {
            break;
        }
        kept.push(grapheme);
        used += wide;
    }
    kept.reverse();
    let start = if width(ellipsis) <= cells { ellipsis } else { "" };
    format!("{start}{}", kept.concat())
}

/// The text cut and filled with spaces to exactly `cells`.
pub(super) fn pad(text: &str, cells: usize, ellipsis: &str) -> String {
    let mut text = cut(text, cells, ellipsis);
    let missing = cells.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The text in lines of at most `cells`, broken at spaces where there are any; words longer than a line are broken.
pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for source in text.lines() {
        let source = sanitize::line(source);
        let mut line = String::new();
        for word in source.split(' ') {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= cells {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for grapheme in word.graphemes(true) {
                if width(&line) + width(grapheme) > cells && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push_str(grapheme);
            }
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_that_are_wide_or_joined() {
        for (text, cells, cut_text) in [
            ("inngest", 7, "inngest"),
            ("inngest", 5, "in..."),
            ("日本語日本語", 7, "日本..."),
            ("👩‍👩‍👧 family", 6, "👩‍👩‍👧 ..."),
            ("\u{1b}[31mred\u{1b}[0m", 10, "red"),
            ("abc", 2, "ab"),
        ] {
            let made = cut(text, cells, if cells < 3 { "" } else { "..." });
            assert_eq!(made, cut_text);
            assert!(width(&made) <= cells);
        }
        assert_eq!(cut_start("https://inngest.example.com", 14, "..."), "...example.com");
    }

    #[test]
    fn a_long_text_is_wrapped_at_spaces_and_a_long_word_is_broken() {
        assert_eq!(wrap("the database cannot get its volume", 14), ["the database", "cannot get its", "volume"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
