//! Nothing that comes makes a screen panic, write outside of the terminal, or put into a cell what a terminal would obey:
//! no size, no key, no paste, no event and no text of a log. Holds for any drawing.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::keys::TABLE;
use super::super::{Effect, Msg, Screen, Signal, Theme};
use super::look::{buffer, fault, look, text};
use super::stage::{At, Shown, answered, planned};
use super::{fact, scripts};
use crate::error::{Failure, FailureKind};
use crate::event::{Event, EventKind, Readiness};
use crate::finding::{Finding, Severity};
use crate::view::overview::Overview;
use crate::view::rehearsal::{TYPED_SECRET, overview};

/// One thing that happens to a screen.
#[derive(Clone, Debug)]
enum Happens {
    Key(KeyEvent),
    Paste(String),
    Resized(u16, u16),
    Event(Box<Event>),
    Clock(u64),
    Said(String),
    /// Everything that was asked is answered.
    Answered,
    Signal,
}

/// Text as logs and names of strangers hold it.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,24}".prop_map(String::from),
        2 => prop::sample::select(vec![
            "\u{1b}[31mred\u{1b}[0m",
            "\u{1b}[2J\u{1b}[H",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]52;c;aGFjaw==\u{1b}\\",
            "\u{1b}[",
            "\u{9b}5A\u{90}x\u{9c}",
            "\u{8}\u{8}\u{7f}\r\n\t\u{0}\u{b}\u{c}",
            "日本語のログ行",
            "ｈａｌｆ　ｗｉｄｔｈ ﾊﾝｶｸ",
            "👩‍👩‍👧‍👦🏳️‍🌈👍🏽",
            "\u{1f1e6}",
            "\u{1f1e6}\u{1f1e7}\u{1f1e8}",
            "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
            "\u{301}\u{301}",
            "\u{202e}gnp.exe\u{202c}\u{2066}x\u{2069}",
            "\u{200b}\u{200d}\u{feff}\u{ad}\u{61c}",
            "a\u{e0041}\u{e0042}\u{e007f}",
            "\u{fe0f}\u{20e3}1\u{fe0f}\u{20e3}",
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "שלום עולם مرحبا",
            "नमस्ते ก็็็็็็็็ \u{fdfa}",
            "\u{fffd}\u{ffff}\u{10ffff}",
            "[red]not markup[/red] {} %s %n",
        ]).prop_map(String::from),
        1 => any::<String>(),
        1 => (prop::sample::select(vec!["x", "日", "e\u{301}", "\t", " ", "\u{1b}[1m", "👍🏽"]), 1usize..5_000)
            .prop_map(|(text, times)| text.repeat(times)),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// A key of the table, a letter, or one that no screen knows; with any of Ctrl, Alt and Shift.
fn any_key() -> impl Strategy<Value = KeyEvent> {
    let table = (0..TABLE.len()).prop_map(|row| TABLE[row].pressed());
    let letter = any::<char>().prop_map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    let moves = prop::sample::select(vec![
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Insert,
        KeyCode::F(12),
        KeyCode::Null,
        KeyCode::Char('1'),
        KeyCode::Char('y'),
        KeyCode::Char(' '),
    ])
    .prop_map(|code| KeyEvent::new(code, KeyModifiers::NONE));
    let bits = (any::<char>(), 0u8..64)
        .prop_map(|(c, bits)| KeyEvent::new(KeyCode::Char(c), KeyModifiers::from_bits_truncate(bits)));
    prop_oneof![6 => table, 2 => letter, 2 => moves, 1 => bits]
}

/// Sizes from a single cell to a wall, most of them where everything is drawn.
fn any_size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        5 => (60u16..140, 18u16..45),
        2 => (1u16..70, 1u16..24),
        1 => (1u16..=300, 1u16..=100),
        1 => prop::sample::select(vec![(1, 1), (60, 18), (59, 18), (60, 17), (80, 24), (300, 18), (60, 100), (300, 100)]),
    ]
}

/// Any event about a few objects and pods, with any text in it.
fn any_event() -> impl Strategy<Value = Event> {
    let ids = prop::sample::select(vec![scripts::DATABASE, scripts::QUEUE, scripts::SERVER, "Secret/x/unknown", ""]);
    let names = prop_oneof![
        prop::sample::select(vec!["inngest-postgresql-0", "inngest-redis-0", ""]).prop_map(String::from),
        any_text(),
    ];
    (0u64..100_000, ids, names, any_text(), 0u8..16, any::<bool>()).prop_map(|(at, id, name, text, kind, yes)| {
        let step = Some(id);
        let finding = || {
            let severity = if yes { Severity::Error } else { Severity::Warning };
            Finding::new("CODE", severity, text.clone()).why(text.clone()).remedy(text.clone()).at(text.clone())
        };
        let failure =
            || Failure::new(FailureKind::Bug, text.clone()).place(text.clone()).why(text.clone()).hint(text.clone());
        match kind {
            0 => scripts::started("install", yes),
            1 => scripts::made(at, id)[usize::from(yes)].clone(),
            2 => scripts::status(at, id, if yes { Readiness::Waiting } else { Readiness::Failed }, &text, 1, 3),
            3 => scripts::status(at, id, Readiness::Ready, &text, u32::MAX, u32::MAX),
            4 | 5 => scripts::pod(at, &name, id, &text, yes),
            6..=8 => scripts::line(at, &name, &text),
            9 => fact(at, None, EventKind::FindingRaised { finding: finding(), hopeless: yes }),
            10 => fact(at, None, EventKind::LogBroken { pod: name, container: text.clone(), why: text }),
            11 => fact(at, None, EventKind::PodGone { uid: name.clone(), name }),
            12 => fact(at, step, EventKind::StepFailed { failure: failure() }),
            13 => fact(
                at,
                None,
                EventKind::LogDropped { pod: name, container: "main".into(), lines: u64::from(u32::MAX) },
            ),
            14 => fact(at, None, EventKind::RequestRetried { what: text.clone(), why: text, attempt: 1, wait: at }),
            _ if yes => fact(at, None, EventKind::RunFinished { written: 1, unchanged: 2, notes: vec![text] }),
            _ => fact(at, None, EventKind::RunFailed { failure: failure() }),
        }
    })
}

fn any_happening() -> impl Strategy<Value = Happens> {
    prop_oneof![
        12 => any_key().prop_map(Happens::Key),
        2 => any_text().prop_map(Happens::Paste),
        3 => any_size().prop_map(|(width, height)| Happens::Resized(width, height)),
        4 => any_event().prop_map(|event| Happens::Event(Box::new(event))),
        1 => (0u64..100_000).prop_map(Happens::Clock),
        1 => any_text().prop_map(Happens::Said),
        3 => Just(Happens::Answered),
        1 => Just(Happens::Signal),
    ]
}

/// What happens to a screen, on a terminal of which size, with which theme.
fn any_story(most: usize) -> impl Strategy<Value = (Vec<Happens>, (u16, u16), (bool, bool))> {
    (prop::collection::vec(any_happening(), 0..most), any_size(), any::<(bool, bool)>())
}

/// Lets it all happen; every third thing, and the last, is looked at.
fn survives(
    make: impl Fn(At) -> Shown,
    (story, mut size, (coloured, unicode)): (Vec<Happens>, (u16, u16), (bool, bool)),
) -> Result<(), TestCaseError> {
    let mut screen = make(At { theme: Theme::new(coloured, unicode), size });
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let mut asked = Vec::new();
    let last = story.len().saturating_sub(1);
    for (i, happens) in story.into_iter().enumerate() {
        let more = happen(&mut *screen, happens, &mut size, &mut asked);
        asked.extend(more);
        if i % 3 == 0 || i == last {
            terminal.backend_mut().resize(size.0, size.1);
            let (buffer, cursor) = look(&mut terminal, &*screen);
            let wrong = fault(&buffer, cursor);
            prop_assert!(wrong.is_none(), "{} on {size:?}:\n{}", wrong.unwrap_or_default(), text(&buffer));
        }
    }
    Ok(())
}

fn happen(screen: &mut dyn Screen, happens: Happens, size: &mut (u16, u16), asked: &mut Vec<Effect>) -> Vec<Effect> {
    match happens {
        Happens::Key(key) => screen.update(Msg::Key(key)),
        Happens::Paste(text) => screen.update(Msg::Paste(text)),
        Happens::Resized(width, height) => {
            *size = (width, height);
            screen.update(Msg::Resized(width, height))
        }
        Happens::Event(event) => screen.update(Msg::Event(event)),
        Happens::Clock(seconds) => screen.update(Msg::Clock(Duration::from_secs(seconds))),
        Happens::Said(text) => screen.update(Msg::Said(text)),
        Happens::Answered => {
            answered(screen, std::mem::take(asked));
            Vec::new()
        }
        Happens::Signal => screen.update(Msg::Signal(Signal::Interrupt)),
    }
}

/// An overview whose every text is foreign.
fn foreign(texts: &[String]) -> Overview {
    let mut overview = overview();
    overview.plan.target.context = texts.concat();
    overview.plan.target.namespace = texts.first().cloned().unwrap_or_default();
    for (i, text) in texts.iter().enumerate() {
        let severity = [Severity::Info, Severity::Warning, Severity::Error][i % 3];
        overview.findings.push(Finding::new("CODE", severity, text).why(text).remedy(text).at(text));
    }
    overview
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_way_in_survives_anything(story in any_story(30)) {
        survives(|at| at.way(&[], ""), story)?;
    }

    #[test]
    fn the_questions_survive_anything(story in any_story(30)) {
        survives(|at| at.wizard(""), story)?;
    }

    #[test]
    fn the_review_survives_anything(story in any_story(30), texts in prop::collection::vec(any_text(), 0..5)) {
        survives(|at| at.review(foreign(&texts), ""), story)?;
    }

    #[test]
    fn waiting_survives_anything(story in any_story(12), texts in prop::collection::vec(any_text(), 1..3)) {
        let failure = || Failure::new(FailureKind::Cluster, &texts[0]).why(texts.concat()).place(texts.concat()).hint(texts.concat());
        survives(|at| at.waiting(Some(failure())), story)?;
    }

    #[test]
    fn progress_survives_anything_from_its_first_event_on(story in any_story(40)) {
        survives(|at| at.progress(vec![], ""), story)?;
    }

    #[test]
    fn progress_survives_anything_in_the_middle_of_a_run(story in any_story(30), which in 0usize..5) {
        let events = || match which {
            0 => scripts::healthy(),
            1 => scripts::failing(),
            2 => scripts::crowded(),
            3 => scripts::left(),
            _ => scripts::done("install", true),
        };
        survives(|at| at.progress(events(), ""), story)?;
    }
}

proptest! {
    // Inngest's own form works out everything anew at each answer.
    #![proptest_config(cases(6))]

    #[test]
    fn the_form_of_inngest_survives_anything(story in any_story(16), page in 0usize..9) {
        survives(|at| at.inngest("production", page, ""), story)?;
    }

    #[test]
    fn the_plan_of_inngest_survives_anything(story in any_story(20)) {
        let overview = planned("production");
        survives(|at| at.review(overview.clone(), ""), story)?;
    }
}

#[test]
fn a_paste_is_text_and_never_keys_in_any_state() {
    for state in super::stage::states() {
        let at = At { theme: Theme::new(true, true), size: (80, 24) };
        let mut screen = (state.screen)(at);
        let effects = screen.update(Msg::Paste("q\u{3}\r\t\u{1b}[B\u{1a}?y\ns/".into()));
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Ask(_))), "{}: {effects:?}", state.name);
        let (buffer, cursor) = buffer(&*screen, at.size);
        assert_eq!(fault(&buffer, cursor), None, "{}:\n{}", state.name, text(&buffer));
    }
}

#[test]
fn enter_pressed_a_hundred_times_never_installs_deletes_or_reveals() {
    for state in super::stage::states() {
        // On its button Enter is what was asked for.
        if state.name.ends_with("on_the_button") {
            continue;
        }
        let at = At { theme: Theme::new(true, true), size: (80, 24) };
        let mut screen = (state.screen)(at);
        let mut effects = Vec::new();
        for _ in 0..100 {
            let asked = screen.update(Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
            effects.extend(asked.iter().filter(|effect| !matches!(effect, Effect::Ask(_))).cloned());
            answered(&mut *screen, asked);
            if effects.contains(&Effect::Quit) {
                break;
            }
        }
        let harmless = |effect: &Effect| match effect {
            // On to the questions or the review; what follows a review is the run itself.
            Effect::Quit => !state.name.starts_with("review"),
            Effect::Stop(_) => state.name == "progress_stopping",
            Effect::Suspend | Effect::Redraw | Effect::Ask(_) => true,
            Effect::Save | Effect::Copy(_) | Effect::Want(_) => false,
        };
        assert!(effects.iter().all(harmless), "{}: {effects:?}", state.name);
        let shown = text(&buffer(&*screen, at.size).0);
        assert!(!shown.contains(TYPED_SECRET), "{}:\n{shown}", state.name);
    }
}
