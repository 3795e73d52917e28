//! Data on its way, and the question before it.

use std::time::Duration;

use super::super::moving::App;
use super::super::{Effect, Msg, Screen, Signal, StopChoice, Theme, choice, consent};
use super::{drawn, fact, press};
use crate::event::EventKind;
use crate::view::consent::Consent;
use crate::view::questions::Whereabouts;

const DATABASE: &str = "database (PostgreSQL inngest)";
const QUEUE: &str = "queue (Redis)";

fn here(doing: &str) -> Whereabouts {
    Whereabouts {
        doing: format!("{doing} inngest"),
        context: "prod-eu".into(),
        namespace: "inngest".into(),
        practice: false,
    }
}

pub(super) fn asked(theme: Theme, typed: bool) -> choice::App<bool> {
    let (doing, asked) = if typed { ("restore", "Restore inngest?") } else { ("back up", "Back up inngest?") };
    let consent = Consent {
        here: here(doing),
        asked: asked.into(),
        said: vec![
            "Backs up database (PostgreSQL inngest), queue (Redis) of inngest in prod-eu (https://34.90.1.2), namespace \
             inngest, into inngest-20261121-101500."
                .into(),
            "What writes goes on meanwhile: the parts are of different moments (--stop-writers).".into(),
        ],
        doing: "Do it".into(),
        about: "A backup is read back as a whole before it counts as one.".into(),
        typed: typed.then(|| "inngest".into()),
    };
    consent::screen(consent, theme)
}

fn started(what: &str, size: Option<u64>) -> EventKind {
    EventKind::DataStarted { verb: "backup".into(), what: what.into(), place: "inngest-20261121".into(), size }
}

/// Up to some second of a backup of two databases.
pub(super) fn moving(theme: Theme, until: u64) -> App {
    let mut app = App::new(here("back up"), "what was written of this backup goes again".into(), theme);
    let moved = |bytes| EventKind::DataMoved { what: DATABASE.into(), bytes, per_second: 41_000_000 };
    let told = [
        (1, started(DATABASE, Some(1_200_000_000))),
        (3, moved(80_000_000)),
        (9, moved(420_000_000)),
        (20, EventKind::DataChecked { what: DATABASE.into(), bytes: 820_000_000 }),
        (20, started(QUEUE, None)),
        (21, EventKind::DataMoved { what: QUEUE.into(), bytes: 9_000_000, per_second: 9_000_000 }),
        (22, EventKind::DataChecked { what: QUEUE.into(), bytes: 9_400_000 }),
        (
            23,
            EventKind::DataFinished {
                verb: "backup".into(),
                place: "inngest-20261121".into(),
                notes: vec![
                    "829.4 MB in inngest-20261121".into(),
                    "restore it: slipway restore inngest -n inngest --from inngest-20261121".into(),
                ],
            },
        ),
    ];
    for (second, kind) in told {
        if second <= until {
            app.update(Msg::Clock(Duration::from_secs(second)));
            app.update(Msg::Event(Box::new(fact(second, None, kind))));
        }
    }
    app
}

fn plain() -> Theme {
    Theme::new(false, false)
}

#[test]
fn nothing_is_done_but_by_saying_so_and_where_data_goes_out_of_use_by_its_name() {
    for (typed, script, said) in [
        (false, "enter", Some(true)),
        (false, "down enter", Some(false)),
        (false, "esc", Some(false)),
        (false, "q", Some(false)),
        (false, "ctrl-c", Some(false)),
        (true, "enter", None),
        (true, "enter enter", None),
        (true, "enter \"inng\" enter", None),
        (true, "enter \"inngest\" enter", Some(true)),
        (true, "enter \"q\" esc", None),
        (true, "down enter", Some(false)),
        (true, "enter \"inngest\" ctrl-c", Some(false)),
    ] {
        let mut app = asked(plain(), typed);
        press(&mut app, script);
        assert_eq!(app.chosen(), said, "{typed} {script}");
    }
    let mut app = asked(plain(), true);
    press(&mut app, "enter \"inng\" enter");
    assert!(drawn(&app, 80, 24).contains("type inngest in full to do it"), "{}", drawn(&app, 80, 24));
}

#[test]
fn what_goes_over_is_shown_with_its_size_and_speed_and_the_end_says_what_comes_next() {
    let on_its_way = drawn(&moving(plain(), 9), 80, 24);
    assert!(on_its_way.contains("420.0 MB, 41.0 MB a second of 1.2 GB"), "{on_its_way}");
    assert!(on_its_way.contains("##") && !on_its_way.contains("DONE"), "{on_its_way}");
    let next = drawn(&moving(plain(), 21), 80, 24);
    assert!(next.contains("all 820.0 MB were read, and are") && next.contains("9.0 MB a second"), "{next}");
    let mut app = moving(plain(), 23);
    let done = drawn(&app, 80, 24);
    assert!(done.contains("DONE") && done.contains("slipway restore inngest -n inngest --from"), "{done}");
    // It stays until it was read, and is said again afterwards.
    assert_eq!(app.update(Msg::EventsEnded), []);
    assert!(app.summary().contains("slipway restore inngest"), "{}", app.summary());
    assert_eq!(press(&mut app, "enter"), [Effect::Quit]);
}

#[test]
fn a_stop_is_asked_for_twice_and_the_first_choice_goes_on() {
    for (script, stops) in [
        ("ctrl-c enter", false),
        ("ctrl-c esc", false),
        ("ctrl-c down enter", true),
        ("ctrl-c ctrl-c", true),
        ("q down enter", true),
        ("enter esc", false),
        ("ctrl-c down up enter", false),
    ] {
        let mut app = moving(plain(), 9);
        let stopped = press(&mut app, script).contains(&Effect::Stop(StopChoice::Now));
        assert_eq!(stopped, stops, "{script}");
        let shown = drawn(&app, 80, 24);
        assert_eq!(shown.contains("what was begun is cleaned up"), stops, "{script}: {shown}");
        // Whoever stopped it sees it closed once it is cleaned up.
        assert_eq!(app.update(Msg::EventsEnded), [Effect::Quit]);
        assert_eq!(app.summary(), "");
    }
    let mut app = moving(plain(), 9);
    let effects = app.update(Msg::Signal(Signal::Terminate));
    assert_eq!(effects, [Effect::Stop(StopChoice::Now), Effect::Quit]);
}
