use super::super::draft::{App, Left};
use super::super::{Effect, Msg, Signal, Theme, waiting};
use super::progress_any::any_key;
use super::{drawn, press, styles};
use crate::answers::draft::{Draft, KeptAnswer};
use crate::error::{Failure, FailureKind};
use crate::view::draft::{Choice, Offer};
use crate::view::questions::Whereabouts;
use crate::view::tui::Screen as _;

fn here() -> Whereabouts {
    Whereabouts {
        doing: "install inngest".into(),
        context: "no cluster yet".into(),
        namespace: "inngest".into(),
        practice: false,
    }
}

fn draft() -> Draft {
    Draft {
        context: "prod-eu".into(),
        product: "inngest".into(),
        profile: "production".into(),
        namespace: "events".into(),
        release: "inngest".into(),
        answers: [("database.storage".to_string(), KeptAnswer::Text("20Gi".into()))].into(),
        not_kept: vec!["database.url".into()],
        ..Draft::default()
    }
}

fn app(draft: Result<Draft, String>) -> App {
    let offer = Offer { when: "2026-11-21 10:12, 2 h 3 min ago".into(), draft };
    App::new(offer, here(), Theme::new(false, false))
}

#[test]
fn a_draft_is_offered_with_when_it_was_made_and_what_is_in_it() {
    insta::assert_snapshot!("draft_80", drawn(&app(Ok(draft())), 80, 24));
    insta::assert_snapshot!("draft_120", drawn(&app(Ok(draft())), 120, 40));
    insta::assert_snapshot!("draft_styles", styles(&app(Ok(draft())), 80, 24));
    insta::assert_snapshot!(
        "draft_damaged",
        drawn(&app(Err("is damaged: it is not what slipway writes".into())), 80, 24)
    );
    let unicode = App::new(Offer { when: "now".into(), draft: Ok(draft()) }, here(), Theme::new(true, true));
    insta::assert_snapshot!("draft_unicode", drawn(&unicode, 80, 24));
}

#[test]
fn enter_goes_on_with_what_is_marked_and_throws_nothing_away_by_itself() {
    for (keys, left) in [
        ("enter", Left::Chosen(Choice::GoOn)),
        ("tab enter", Left::Chosen(Choice::Anew)),
        ("down down enter", Left::Chosen(Choice::ThrowAway)),
        ("esc", Left::Chosen(Choice::Anew)),
        ("? esc enter", Left::Chosen(Choice::GoOn)),
        ("ctrl-c", Left::Quit),
    ] {
        let mut app = app(Ok(draft()));
        assert_eq!(press(&mut app, keys), [Effect::Quit], "{keys}");
        assert_eq!(app.left(), Some(left), "{keys}");
    }
    let mut damaged = app(Err("is damaged".into()));
    press(&mut damaged, "enter");
    assert_eq!(damaged.left(), Some(Left::Chosen(Choice::Anew)));
    let mut told = app(Ok(draft()));
    told.update(Msg::Signal(Signal::Hangup));
    assert_eq!(told.left(), Some(Left::Signal(Signal::Hangup)));
    told.stay_here("it cannot be removed");
    assert!(drawn(&told, 80, 24).contains("it cannot be removed"));
}

#[test]
fn a_plan_that_is_being_made_or_cannot_be_made_says_so_and_goes_back() {
    let mut app = waiting::App::new(here(), Theme::new(false, false));
    insta::assert_snapshot!("waiting_80", drawn(&app, 80, 24));
    press(&mut app, &"enter ".repeat(100));
    assert_eq!(app.left(), None);
    press(&mut app, "esc");
    assert_eq!(app.left(), Some(waiting::Left::Back));
    let failure = Failure::new(FailureKind::Cluster, "the cluster does not answer")
        .place("https://34.90.1.2 (context prod-eu)")
        .why("no answer within 10 s")
        .hint("is the VPN connected?");
    let mut app = waiting::App::new(here(), Theme::new(false, false)).failed(failure);
    insta::assert_snapshot!("waiting_failed_80", drawn(&app, 80, 24));
    press(&mut app, "enter");
    assert_eq!(app.left(), Some(waiting::Left::Again));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_keys_texts_and_sizes_panic(
        pressed in proptest::collection::vec(any_key(), 0..20),
        text: String,
        width in 0u16..200,
        height in 0u16..60,
    ) {
        let mut shown = app(Ok(Draft { context: text.clone(), not_kept: vec![text.clone()], ..draft() }));
        for key in pressed {
            press(&mut shown, key);
            drawn(&shown, width, height);
        }
        drawn(&app(Err(text)), width, height);
    }
}
