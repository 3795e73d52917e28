//! What becomes of volumes and keys, and the review where what goes for ever is typed.

use std::sync::LazyLock;

use futures::{StreamExt as _, stream};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::event_loop::Input;
use super::super::review::{App as Review, Decided};
use super::super::uninstall::{App, Left, on};
use super::super::{Screen as _, Signal, Theme};
use super::{drawn, keys, press};
use crate::plan::uninstall::{KeySecret, Volume, Wishes};
use crate::plan::{Action, Class, KeyPlan, Target, Verb};
use crate::view::overview::Overview;
use crate::view::rehearsal::overview;
use crate::view::uninstall::{Decision, Kept};

static TARGET: LazyLock<Target> = LazyLock::new(|| Target {
    context: "prod-eu".into(),
    namespace: "inngest".into(),
    release: "inngest".into(),
    ..Target::default()
});
static VOLUMES: LazyLock<Vec<Volume>> = LazyLock::new(|| {
    let volume = |name: &str, size: &str| Volume {
        name: name.into(),
        size: size.into(),
        class: "standard".into(),
        made: "2026-04-23T10:00:00Z".into(),
        disk: format!("pv-{name}"),
        policy: "Delete".into(),
        opened_by: vec!["inngest-keys-1/database.password".into()],
        ..Volume::default()
    };
    vec![volume("inngest-postgresql", "20Gi"), Volume { opened_by: vec![], ..volume("inngest-redis", "8Gi") }]
});
static KEYS: LazyLock<Vec<KeySecret>> =
    LazyLock::new(|| vec![KeySecret { name: "inngest-keys-1".into(), opens: vec!["inngest-postgresql".into()] }]);
static KEPT: LazyLock<Kept<'static>> = LazyLock::new(|| Kept {
    target: &TARGET,
    place: "https://34.90.1.2 (context prod-eu)".into(),
    volumes: &VOLUMES,
    keys: &KEYS,
    folders: [("inngest-postgresql".to_string(), "/home/ana/inngest-postgresql-20261121-140000".to_string())].into(),
});

/// The page over a database, a queue and the key of the first.
pub(super) fn page(theme: Theme) -> App<'static> {
    App::new(&KEPT, Wishes::default(), theme)
}

/// What the plan for wishes would do, as far as a screen sees it.
pub(super) fn planned(wishes: &Wishes) -> Overview {
    let mut overview = overview();
    overview.plan.verb = Verb::Uninstall;
    overview.plan.target = TARGET.clone();
    overview.plan.namespace_exists = true;
    overview.plan.keys = KeyPlan::default();
    overview.plan.usual_seconds = None;
    overview.findings.clear();
    overview.plan.findings.clear();
    for step in &mut overview.plan.steps {
        let claim = step.class == Class::Claim;
        let named = wishes.volumes.contains(step.wanted.object.name());
        step.wanted.recipes.clear();
        step.action = if claim && !named { Action::Keep } else { Action::Delete };
    }
    overview.repeat = "slipway uninstall inngest -n inngest --context prod-eu --yes".into();
    overview
}

pub(super) fn review(theme: Theme) -> Review {
    let wishes = Wishes { volumes: ["inngest-redis".to_string()].into(), ..Wishes::default() };
    Review::new(planned(&wishes), theme).without_answers().last_of(2).typed("inngest")
}

fn ascii() -> Theme {
    Theme::new(true, true)
}

/// Drives the real session; answers with the decision and what was wished last.
async fn session(script: &str) -> (Decision, Option<Wishes>) {
    let screen = Terminal::new(TestBackend::new(80, 24)).unwrap();
    // One at a time, as fingers do it: what waits when a page closes is not the next page's.
    let one = |key| async move {
        tokio::task::yield_now().await;
        Input::Key(key)
    };
    let input = stream::iter(keys(script)).then(one).chain(stream::pending()).boxed_local();
    let mut wished = None;
    let mut made = |wishes: &Wishes| {
        wished = Some(wishes.clone());
        Some(planned(wishes))
    };
    let decision = on(screen, input, &KEPT, Wishes::default(), &mut made, ascii()).await.unwrap();
    (decision, wished)
}

#[test]
fn keep_is_the_default_and_enter_alone_gives_nothing_up() {
    let mut app = page(ascii());
    press(&mut app, "enter");
    assert_eq!(app.left(), Some(Left::ToReview));
    assert_eq!(*app.wishes(), Wishes::default());
}

#[test]
fn a_key_goes_only_after_the_volume_that_it_opens_and_stays_when_that_is_kept_after_all() {
    let mut app = page(ascii());
    press(&mut app, "up shift-tab space");
    assert_eq!(*app.wishes(), Wishes::default());
    assert!(drawn(&app, 80, 24).contains("it opens inngest-postgresql, which is kept"), "{}", drawn(&app, 80, 24));
    press(&mut app, "tab right right right shift-tab space");
    assert!(app.wishes().volumes.contains("inngest-postgresql") && app.wishes().keys.contains("inngest-keys-1"));
    press(&mut app, "tab left left left");
    assert_eq!(*app.wishes(), Wishes::default());
}

#[test]
fn a_volume_with_a_database_can_be_backed_up_first_and_one_without_cannot() {
    let mut app = page(ascii());
    press(&mut app, "space");
    let said = drawn(&app, 80, 24);
    assert!(said.contains("the backup goes into /home/ana/inngest-postgresql-2026"), "{said}");
    assert!(app.wishes().backups.contains_key("inngest-postgresql"), "{:?}", app.wishes());
    assert!(app.wishes().volumes.contains("inngest-postgresql"), "it goes afterwards");
    press(&mut app, "space");
    assert!(app.wishes().backups.is_empty() && app.wishes().volumes.contains("inngest-postgresql"));
    press(&mut app, "space");
    assert_eq!(*app.wishes(), Wishes::default(), "round to keeping it");
    press(&mut app, "tab space");
    assert!(app.wishes().backups.is_empty() && app.wishes().volumes.contains("inngest-redis"), "{:?}", app.wishes());
}

#[test]
fn a_key_may_go_with_a_volume_that_is_backed_up_first() {
    let mut app = page(ascii());
    press(&mut app, "space shift-tab space");
    assert!(app.wishes().keys.contains("inngest-keys-1"), "{:?}", app.wishes());
    press(&mut app, "tab left");
    assert_eq!(*app.wishes(), Wishes::default());
}

#[test]
fn escape_asks_before_it_leaves_and_staying_has_the_focus() {
    let mut app = page(ascii());
    press(&mut app, "esc enter");
    assert_eq!(app.left(), None);
    press(&mut app, "esc down enter");
    assert_eq!(app.left(), Some(Left::Quit));
    let mut app = page(ascii());
    app.update(super::super::Msg::Signal(Signal::Terminate));
    assert_eq!(app.left(), Some(Left::Signal(Signal::Terminate)));
}

#[test]
fn what_goes_for_ever_is_done_only_when_the_name_is_typed_in_full() {
    let mut app = review(ascii());
    press(&mut app, "enter enter tab enter");
    assert_eq!(app.decided(), None);
    press(&mut app, "\"inngesj\" enter");
    assert_eq!(app.decided(), None, "letters that are commands elsewhere are typed here");
    assert!(drawn(&app, 80, 24).contains("type inngest in full"), "{}", drawn(&app, 80, 24));
    press(&mut app, "backspace \"t\" enter");
    assert_eq!(app.decided(), Some(Decided::Yes));
}

#[tokio::test]
async fn a_session_keeps_everything_unless_it_was_said_and_goes_back_from_the_review() {
    let (decision, wished) = session("enter tab enter").await;
    assert!(matches!(decision, Decision::Yes(_)), "{decision:?}");
    assert_eq!(wished, Some(Wishes::default()));
    let (decision, wished) = session("tab space enter esc esc down enter").await;
    assert!(matches!(decision, Decision::No));
    assert!(wished.unwrap().volumes.contains("inngest-redis"));
    let (decision, wished) = session("tab space enter tab \"inngest\" enter").await;
    assert!(matches!(decision, Decision::Yes(_)));
    assert!(wished.unwrap().volumes.contains("inngest-redis"));
}

#[tokio::test]
async fn enter_pressed_a_hundred_times_gives_nothing_up() {
    let (decision, wished) = session(&format!("tab space {} ctrl-c ctrl-c", "enter ".repeat(100))).await;
    assert!(matches!(decision, Decision::No), "{decision:?}");
    assert!(wished.is_some());
}
