//! Screens as they are drawn, driven by keys written as text: `tab enter ctrl-c "typed"`.

mod anything;
mod draft;
mod gallery;
mod idle;
mod inngest;
mod look;
mod menu;
mod moving;
mod progress;
mod progress_any;
mod progress_end;
mod progress_walk;
mod question_pages;
pub(crate) mod recorder;
mod review;
pub(crate) mod screenshots;
mod scripts;
mod stage;
mod uninstall;
mod walks;
mod walks_any;
mod way;
mod wizard;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::{Effect, Msg, Screen};
use crate::event::{Event, EventKind, VERSION};

/// A fact at a second of the run.
pub(crate) fn fact(seconds: u64, step: Option<&str>, kind: EventKind) -> Event {
    Event {
        version: VERSION,
        at: Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_secs(seconds),
        step: step.map(str::to_string),
        kind,
    }
}

/// The screen as text, spaces at line ends cut.
fn drawn(screen: &impl Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut text = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = super::cells::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The runs of cells that are not plain, with their style: `0:10-19 reversed`.
fn styles(screen: &impl Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut told = String::new();
    for y in 0..height {
        let mut run: Option<(u16, String)> = None;
        for x in 0..=width {
            let style = if x == width {
                String::new()
            } else {
                let cell = &buffer[(x, y)];
                let mut words = Vec::new();
                if cell.fg != ratatui::style::Color::Reset {
                    words.push(format!("{:?}", cell.fg).to_lowercase());
                }
                assert_eq!(cell.bg, ratatui::style::Color::Reset, "no painted background at {x},{y}");
                for (modifier, word) in [(Modifier::BOLD, "bold"), (Modifier::REVERSED, "reversed")] {
                    if cell.modifier.contains(modifier) {
                        words.push(word.into());
                    }
                }
                words.join(" ")
            };
            match &run {
                Some((_, known)) if *known == style => {}
                _ => {
                    if let Some((from, known)) = run.take().filter(|(_, known)| !known.is_empty()) {
                        told.push_str(&format!("{y}:{from}-{} {known}\n", x - 1));
                    }
                    run = Some((x, style));
                }
            }
        }
    }
    told
}

/// Presses keys; answers with all effects.
fn press(screen: &mut impl Screen, script: &str) -> Vec<Effect> {
    keys(script).into_iter().flat_map(|key| screen.update(Msg::Key(key))).collect()
}

/// The keys of a script; words between double quotes are typed letter by letter.
pub(crate) fn keys(script: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    for (i, part) in script.split('"').enumerate() {
        if i % 2 == 1 {
            keys.extend(part.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
            continue;
        }
        keys.extend(part.split_whitespace().map(key));
    }
    keys
}

fn key(word: &str) -> KeyEvent {
    let code = match word {
        "tab" => KeyCode::Tab,
        "shift-tab" => return KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "space" => KeyCode::Char(' '),
        "f1" => KeyCode::F(1),
        letter if letter.chars().count() == 1 => KeyCode::Char(letter.chars().next().unwrap()),
        combined => {
            let letter = combined.strip_prefix("ctrl-").unwrap_or_else(|| panic!("no key is called {combined}"));
            return KeyEvent::new(KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL);
        }
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}
