//! Every page and state, one file each: at 80x24 and 120x40 in colours and Unicode, without colours, in ASCII, and on a
//! terminal that is too small. `INSTA_UPDATE=always cargo test --lib gallery` makes them anew.

use super::super::keys::{EVERYWHERE, Place, rows};
use super::super::{Msg, Theme};
use super::keys;
use super::look::{buffer, fault, styles, text};
use super::stage::{At, State, states};
use crate::view::rehearsal::TYPED_SECRET;

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (120, 40);
const SMALL: (u16, u16) = (59, 17);

/// A state as a person sees it on five terminals.
fn page(state: &State) -> String {
    let show = |coloured, unicode, size| {
        let at = At { theme: Theme::new(coloured, unicode), size };
        let (buffer, cursor) = buffer(&*(state.screen)(at), size);
        assert_eq!(fault(&buffer, cursor), None, "{} at {size:?}:\n{}", state.name, text(&buffer));
        (buffer, cursor)
    };
    let (coloured, cursor) = show(true, true, NARROW);
    let (mono, _) = show(false, true, NARROW);
    let (wide, _) = show(true, true, WIDE);
    let (ascii, _) = show(false, false, NARROW);
    let (small, _) = show(true, true, SMALL);
    assert_eq!(text(&coloured), text(&mono), "{}: colours only repeat what words and signs say", state.name);
    let foreign: String = text(&ascii).chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(foreign, "", "{}: not ASCII", state.name);
    let cursor = cursor.map_or("hidden".to_string(), |at| format!("at {},{}", at.x, at.y));
    let mut page = String::new();
    for (title, text) in [
        ("80x24", text(&coloured)),
        ("120x40", text(&wide)),
        ("80x24, ASCII", text(&ascii)),
        ("59x17", text(&small)),
        ("80x24, styles in colours", styles(&coloured)),
        ("80x24, styles without colours", styles(&mono)),
    ] {
        let rule = "=".repeat(120 - title.len() - 4);
        page.push_str(&format!("== {title} {rule}\n{text}"));
    }
    page.push_str(&format!("== the cursor is {cursor}\n"));
    // What somebody typed as a secret is in no picture, even where the screen shows it; as wide as it is.
    page.replace(TYPED_SECRET, "(what is typed)")
}

#[test]
fn every_page_and_state_is_as_it_was_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("gallery");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for state in states() {
        settings.bind(|| insta::assert_snapshot!(state.name, page(&state)));
    }
}

/// The places whose every key, and what it does, stands in a text.
fn told(shown: &str) -> Vec<Place> {
    let whole = |place: &Place| {
        rows(*place).all(|row| {
            // A row may be cut at its end, on a narrow screen.
            let start: String = row.long.chars().take(40).collect();
            shown.lines().any(|line| line.trim_start().starts_with(row.key) && line.contains(&start))
        })
    };
    EVERYWHERE.iter().copied().filter(whole).collect()
}

#[test]
fn f1_tells_every_key_of_the_place_one_is_in_and_goes_away_again() {
    let mut silent = Vec::new();
    for state in states() {
        // A question or a list over the screen has its choices and its keys before one's eyes.
        if ["leaving", "stopping", "missing", "pages_list"].iter().any(|end| state.name.ends_with(end)) {
            continue;
        }
        let at = At { theme: Theme::new(true, true), size: (80, 100) };
        let mut screen = (state.screen)(at);
        if !state.name.ends_with("help") {
            screen.update(Msg::Key(keys("f1")[0]));
        }
        let help = !told(&text(&buffer(&*screen, at.size).0)).is_empty();
        screen.update(Msg::Key(keys("esc")[0]));
        let back = told(&text(&buffer(&*screen, at.size).0)).is_empty();
        if !help || !back {
            silent.push((state.name, help, back));
        }
    }
    assert_eq!(silent, [], "no help, or none that goes away");
}

#[test]
fn every_state_names_a_key_at_its_foot_or_says_something_there() {
    for state in states() {
        let at = At { theme: Theme::new(true, true), size: NARROW };
        let shown = text(&buffer(&*(state.screen)(at), at.size).0);
        let foot = shown.lines().last().unwrap_or_default().trim();
        assert!(!foot.is_empty(), "{}:\n{shown}", state.name);
    }
}

#[test]
fn no_two_states_have_one_name() {
    let mut names: Vec<&str> = states().iter().map(|state| state.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
