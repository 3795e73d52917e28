//! What is written to a terminal is what it understands: colours, signs, and nothing at all that it would have to obey
//! where it can do little.

use std::time::Duration;

use super::shown::Shown;

tests! {
    colours_are_the_sixteen_that_every_terminal_has_and_no_ground_is_painted
    no_color_writes_no_colour
    a_locale_that_is_not_utf_8_is_written_in_ascii
    a_dumb_terminal_is_asked_in_lines_without_any_escape
    a_paste_is_text_and_never_keys
}

const UTF8: (&str, &str) = ("LANG", "C.UTF-8");
const XTERM: (&str, &str) = ("TERM", "xterm");

/// The parameters of every change of style (`ESC [ ... m`) that was written.
fn styles(all: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(all).into_owned();
    let sequences = text.split("\u{1b}[").skip(1);
    sequences
        .filter_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == '?' || c == ':'))?;
            rest[end..].starts_with('m').then(|| rest[..end].to_string())
        })
        .collect()
}

/// Walks from the first page into a list, and leaves; everything that was written.
fn walked(environment: &[(&str, &str)]) -> Shown {
    let state = tempfile::tempdir().unwrap();
    let mut shown = Shown::slipway(state.path(), &["--practice"], environment);
    shown.until("Enter goes on");
    shown.press(b"\r");
    shown.until("What should be installed?");
    shown.press(b"\r");
    shown.until("Which environment is it for?");
    shown.press(b"\x1b[B");
    shown.press(b"\x03");
    shown.until("Leave");
    shown.press(b"\x03");
    assert_eq!(shown.is_given_back(), 6, "{}", shown.contents());
    shown
}

fn colours_are_the_sixteen_that_every_terminal_has_and_no_ground_is_painted() {
    let shown = walked(&[XTERM, UTF8]);
    let styles = styles(&shown.all);
    let numbers: Vec<u32> = styles.iter().flat_map(|style| style.split(';')).filter_map(|n| n.parse().ok()).collect();
    assert!(numbers.contains(&36), "the accent is there: {styles:?}");
    // Weight, faint, reverse and their ends; foregrounds by name, never yellow (33) or white (37, 97); no ground.
    let known = [0, 1, 2, 3, 4, 7, 22, 23, 24, 27, 31, 32, 35, 36, 39, 49];
    assert!(numbers.iter().all(|number| known.contains(number)), "{styles:?}");
}

fn no_color_writes_no_colour() {
    for environment in [&[XTERM, UTF8, ("NO_COLOR", "1")][..], &[XTERM, UTF8, ("SLIPWAY_COLOR", "never")]] {
        let shown = walked(environment);
        let styles = styles(&shown.all);
        let numbers: Vec<u32> =
            styles.iter().flat_map(|style| style.split(';')).filter_map(|n| n.parse().ok()).collect();
        assert!(numbers.contains(&7), "what is marked is reversed: {styles:?}");
        assert!(numbers.iter().all(|number| *number < 30), "{styles:?}");
    }
}

fn a_locale_that_is_not_utf_8_is_written_in_ascii() {
    for locale in [("LC_ALL", "C"), ("LANG", "C"), ("LC_CTYPE", "POSIX")] {
        let shown = walked(&[XTERM, locale]);
        assert!(shown.all.is_ascii(), "{}", String::from_utf8_lossy(&shown.all));
    }
}

fn a_dumb_terminal_is_asked_in_lines_without_any_escape() {
    let state = tempfile::tempdir().unwrap();
    let mut shown = Shown::slipway(state.path(), &["--practice"], &[("TERM", "dumb"), UTF8]);
    shown.until("Which cluster?");
    while shown.read(Duration::from_millis(300)) {}
    assert!(!shown.all.contains(&0x1b), "{:?}", String::from_utf8_lossy(&shown.all));
    shown.press(b":quit\r");
    shown.is_given_back();
    assert!(!shown.all.contains(&0x1b), "{:?}", String::from_utf8_lossy(&shown.all));
}

fn a_paste_is_text_and_never_keys() {
    let state = tempfile::tempdir().unwrap();
    let mut shown = Shown::slipway(state.path(), &["--practice"], &[XTERM, UTF8]);
    shown.until("Enter goes on");
    // Enter, Tab, Ctrl-C and Esc inside of a paste do nothing but stand there, or are left out.
    shown.press(b"\x1b[200~zq?\x03\x1b\t\r\n\x1b[201~");
    shown.until("zq?");
    while shown.read(Duration::from_millis(300)) {}
    assert!(shown.contents().contains("Which cluster?"), "{}", shown.contents());
    shown.press(b"\x03");
    shown.until("Leave");
    shown.press(b"\x03");
    assert_eq!(shown.is_given_back(), 6);
}
