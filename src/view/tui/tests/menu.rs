//! The page of an installed release, and the one where somebody else is at it.

use super::super::menu::{App, Left};
use super::super::{Msg, Screen, Signal, Theme, choice, contest, way};
use super::{drawn, press, styles};
use crate::view::contest::{Contest, Wish};
use crate::view::menu::Deed;
use crate::view::way::rehearsal::{busy_way, menu, read, revisions};

pub(super) fn page(theme: Theme) -> App {
    App::new(menu(), theme)
}

/// After something was read.
pub(super) fn told(theme: Theme, deed: Deed) -> App {
    let mut app = page(theme);
    app.reading(deed);
    match read(&menu(), deed) {
        Ok(text) => app.read(deed, &text),
        Err(failure) => app.unread(deed, failure),
    }
    app
}

/// The revisions one can go back to.
pub(super) fn offered(theme: Theme) -> App {
    let mut app = page(theme);
    app.reading(Deed::GoBack);
    app.offer(revisions());
    app
}

pub(super) fn locked(theme: Theme) -> choice::App<Wish> {
    let other = Contest {
        release: "inngest".into(),
        namespace: "inngest".into(),
        context: "prod-eu".into(),
        practice: false,
        who: "ana@elsewhere (process 77)".into(),
        since: "2026-11-21 10:00:00Z".into(),
    };
    contest::screen(other, theme)
}

fn plain() -> Theme {
    Theme::new(false, false)
}

#[test]
fn the_page_says_what_can_be_done_and_the_command_that_does_it_by_itself() {
    let mut app = page(plain());
    press(&mut app, "down down");
    insta::assert_snapshot!("menu_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("menu_120", drawn(&app, 120, 40));
    insta::assert_snapshot!("menu_styles", styles(&app, 80, 24));
    insta::assert_snapshot!("menu_revisions_80", drawn(&offered(plain()), 80, 24));
    insta::assert_snapshot!("menu_revisions_120", drawn(&offered(plain()), 120, 40));
    insta::assert_snapshot!("menu_read_80", drawn(&told(plain(), Deed::Status), 80, 24));
    insta::assert_snapshot!("menu_unread_80", drawn(&told(plain(), Deed::Keys), 80, 24));
    insta::assert_snapshot!("contest_80", drawn(&locked(plain()), 80, 24));
    insta::assert_snapshot!("contest_120", drawn(&locked(plain()), 120, 40));
}

#[test]
fn every_line_leads_to_what_it_says_and_the_first_one_writes_nothing() {
    let deeds = menu().deeds();
    assert_eq!(deeds[0], Deed::Status);
    for (i, deed) in deeds.into_iter().enumerate() {
        let mut app = page(plain());
        press(&mut app, &format!("{} enter", "down ".repeat(i)));
        let wanted = match deed {
            Deed::Status | Deed::History | Deed::Keys | Deed::GoBack => Left::Read(deed),
            _ => Left::Wanted(deed, None),
        };
        assert_eq!(app.left(), Some(wanted));
    }
    let mut app = page(plain());
    press(&mut app, "esc");
    assert_eq!(app.left(), Some(Left::Back));
}

#[test]
fn who_goes_back_while_it_is_read_is_not_shown_it_afterwards() {
    let mut app = page(plain());
    app.reading(Deed::Status);
    press(&mut app, "esc");
    assert_eq!(app.left(), None);
    app.read(Deed::Status, "too late");
    let shown = drawn(&app, 80, 24);
    assert!(!shown.contains("too late") && shown.contains("What should be done with it?"), "{shown}");
}

#[test]
fn what_is_read_is_scrolled_to_its_end_and_left_where_it_was_opened() {
    let mut app = told(plain(), Deed::History);
    app.update(Msg::Resized(80, 24));
    press(&mut app, &"pagedown ".repeat(9));
    assert!(drawn(&app, 80, 24).contains("part 30"), "{}", drawn(&app, 80, 24));
    press(&mut app, "esc");
    assert!(drawn(&app, 80, 24).contains("slipway history queue -n events --context busy"), "{}", drawn(&app, 80, 24));
}

#[test]
fn a_revision_is_chosen_with_what_does_not_go_back_before_ones_eyes() {
    let mut app = offered(plain());
    press(&mut app, "down");
    let shown = drawn(&app, 80, 24);
    for told in ["Data does not go back", "version: v1.41.0, now v1.42.0", "--to 1"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    press(&mut app, "enter");
    assert_eq!(app.left(), Some(Left::Wanted(Deed::GoBack, Some(1))));
    let mut none = page(plain());
    none.reading(Deed::GoBack);
    none.offer(Vec::new());
    press(&mut none, "enter");
    assert!(none.left().is_none() && drawn(&none, 80, 24).contains("What should be done with it?"));
}

#[test]
fn an_installed_release_is_chosen_where_a_product_is_and_found_by_typing() {
    let walk = |script: &str| {
        let mut app = way::App::new(busy_way(), plain());
        for key in super::keys(script) {
            let effects = app.update(Msg::Key(key));
            super::stage::answered(&mut app, effects);
        }
        app
    };
    let app = walk("down down down enter enter");
    insta::assert_snapshot!("way_what_installed_80", drawn(&app, 80, 24));
    insta::assert_snapshot!("way_what_installed_120", drawn(&app, 120, 40));
    for script in ["down down enter", "\"events\" enter"] {
        let app = walk(&format!("down down down enter enter {script}"));
        assert_eq!(app.left(), Some(way::Left::Release(menu())), "{script}: {}", drawn(&app, 80, 24));
    }
}

#[test]
fn what_was_wanted_before_is_marked_when_one_comes_back_to_the_page() {
    let mut app = page(plain()).at(Some(Deed::GoBack));
    press(&mut app, "enter");
    assert_eq!(app.left(), Some(Left::Read(Deed::GoBack)));
}

#[test]
fn leaving_asks_and_a_signal_does_not() {
    let mut app = page(plain());
    press(&mut app, "q");
    assert!(drawn(&app, 80, 24).contains("Leave?") && app.left().is_none());
    press(&mut app, "down enter");
    assert_eq!(app.left(), Some(Left::Quit));
    let mut app = page(plain());
    app.update(Msg::Signal(Signal::Terminate));
    assert_eq!(app.left(), Some(Left::Signal(Signal::Terminate)));
}

#[test]
fn leaving_is_what_enter_does_while_somebody_else_is_at_it_and_taking_over_is_typed() {
    let wish = |script: &str| {
        let mut app = locked(plain());
        press(&mut app, script);
        app.chosen()
    };
    assert_eq!(wish("enter"), Some(Wish::Leave));
    assert_eq!(wish("down enter"), Some(Wish::Wait));
    assert_eq!(wish("down down enter"), Some(Wish::Follow));
    assert_eq!(wish("down down down enter"), None);
    assert_eq!(wish("down down down enter enter"), None);
    assert_eq!(wish("down down down enter \"ana@elsewher\" enter"), None);
    assert_eq!(wish("down down down enter \"ana@elsewhere\" enter"), Some(Wish::TakeOver));
    assert_eq!(wish("down down down enter esc esc"), Some(Wish::Leave));
    assert_eq!(wish("ctrl-c"), Some(Wish::Leave));
}
