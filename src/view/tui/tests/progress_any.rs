//! Any events, keys and sizes at the screen of a run.

use proptest::prelude::*;

use super::super::progress::App;
use super::super::{Msg, Screen, Theme};
use super::progress::{DATABASE, QUEUE, SERVER, line, made, pod, started, status};
use super::{drawn, fact, press};
use crate::error::{Failure, FailureKind};
use crate::event::{Event, EventKind, Readiness};
use crate::finding::{Finding, Severity};

/// Any event about a few objects and pods, with any text in it.
pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let ids = prop::sample::select(vec![DATABASE, QUEUE, SERVER, "Secret/x/unknown", ""]);
    let names = prop::sample::select(vec!["inngest-postgresql-0", "inngest-redis-0", "", "日本語"]);
    (0u64..100_000, ids, names, any::<String>(), 0u8..12, any::<bool>()).prop_map(|(at, id, name, text, kind, yes)| {
        match kind {
            0 => started(yes),
            1 => made(at, id)[usize::from(yes)].clone(),
            2 => status(at, id, if yes { Readiness::Waiting } else { Readiness::Failed }, &text, 1),
            3 => status(at, id, Readiness::Ready, &text, u32::MAX),
            4 | 5 => pod(at, name, id, &text, &text, yes),
            6 | 7 => line(at, name, &text),
            8 => {
                let finding = Finding::new("CODE", Severity::Error, text.clone()).why(text.clone()).remedy(text);
                fact(at, None, EventKind::FindingRaised { finding, hopeless: yes })
            }
            9 => fact(at, None, EventKind::LogBroken { pod: name.into(), container: text.clone(), why: text }),
            10 => fact(at, None, EventKind::PodGone { name: name.into(), uid: name.into() }),
            _ if yes => fact(at, None, EventKind::RunFinished { written: 1, unchanged: 2, notes: vec![text] }),
            _ => fact(at, None, EventKind::RunFailed { failure: Failure::new(FailureKind::Bug, text) }),
        }
    })
}

/// Any key that does something somewhere.
pub(super) fn any_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "tab",
        "shift-tab",
        "enter",
        "esc",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "backspace",
        "delete",
        "space",
        "f1",
        "ctrl-c",
        "ctrl-a",
        "ctrl-p",
        "ctrl-r",
        "ctrl-g",
        "ctrl-n",
        "ctrl-u",
        "a",
        "7",
        "q",
        "e",
        "f",
        "w",
        "g",
        "G",
        "/",
        "l",
        "c",
        "r",
        "t",
        "v",
        "y",
        "p",
        "s",
        "?",
        "日",
    ])
}

/// Nothing on a screen is a control character or hides or reorders what is read.
pub(super) fn harmless(screen: &str) {
    let odd = |c: char| {
        c != '\n' && (c.is_control() || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    assert!(!screen.contains(odd), "{screen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_events_keys_and_sizes_panic(
        events in prop::collection::vec(any_event(), 0..30),
        pressed in prop::collection::vec(any_key(), 0..20),
        width in 0u16..200,
        height in 0u16..60,
        unicode: bool,
    ) {
        let mut app = App::new(Theme::new(true, unicode));
        for event in events {
            app.update(Msg::Event(Box::new(event)));
        }
        for key in pressed {
            press(&mut app, key);
            harmless(&drawn(&app, width, height));
        }
        app.update(Msg::Clock(std::time::Duration::MAX));
        drawn(&app, width.max(60), height.max(18));
    }
}
