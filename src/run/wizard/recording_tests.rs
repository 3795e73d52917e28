//! An installation on the practice cluster as a person does it, recorded for the README: the real session, the real plan
//! and the real run, on a clock that moves only when nothing else does. `INSTA_UPDATE=always cargo test --lib recording`
//! records it anew.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::*;
use crate::apply::{Control, Controls};
use crate::cli::Cli;
use crate::lint::schema::Schemas;
use crate::practice::{MINOR, Options, Server, UnknownFields};
use crate::run::apply::{Again, How, Job, work};
use crate::run::practice::OWN;
use crate::view::tui::tests::recorder::Recorder;
use crate::view::tui::tests::screenshots::is_committed;
use crate::view::tui::{Hooks, Input, StopChoice, Theme, progress, session};

/// How long a person looks before the next key.
const LOOKS: Duration = Duration::from_millis(1_200);
/// Pages before the questions take a key each: where, what, profile, namespace, name.
const BEFORE: usize = 5;
/// The page of the products; the second of them is installed.
const WHAT: usize = 1;

struct Nobody;

impl Hooks for Nobody {
    fn stop(&mut self, choice: StopChoice) {
        panic!("nobody stops it: {choice:?}");
    }
    fn save(&mut self) -> String {
        panic!("nobody saves")
    }
}

/// A person at the keys.
struct Person(UnboundedSender<Input>, Recorder);

impl Person {
    fn press(&self, keys: &str) {
        for key in tui::tests::keys(keys) {
            self.0.unbounded_send(Input::Key(key)).unwrap();
        }
    }

    /// Looks until the screen has stood still for a while.
    async fn looks(&self) {
        let mut before = None;
        while before != Some(self.1.drawn()) {
            before = Some(self.1.drawn());
            sleep(LOOKS).await;
        }
    }

    /// Presses a key after each look, until the screen holds a text.
    async fn until(&self, key: &str, text: &str) {
        for _ in 0..60 {
            self.looks().await;
            if self.1.text().contains(text) {
                return;
            }
            self.press(key);
        }
        panic!("{text:?} never came:\n{}", self.1.text());
    }

    async fn agrees(&self) {
        for page in 0..BEFORE {
            self.looks().await;
            if page == WHAT {
                self.press("down");
                sleep(LOOKS).await;
            }
            self.press("enter");
        }
        self.until("pagedown", "Install into").await;
        self.press("down");
        sleep(LOOKS).await;
        self.press("tab");
        sleep(LOOKS).await;
        self.press("enter");
    }

    async fn follows(&self) {
        for _ in 0..3_000 {
            sleep(Duration::from_millis(100)).await;
            if self.1.text().contains(" is up in ") {
                self.looks().await;
                sleep(LOOKS).await;
                return self.press("q");
            }
        }
        panic!("it never came up:\n{}", self.1.text());
    }
}

#[tokio::test(start_paused = true)]
async fn the_recording_is_what_a_person_sees_now() {
    let fields: UnknownFields = Arc::new(|object| Schemas::embedded().unknown_fields(MINOR, object));
    let options = Options { fields: Some(fields), seed: Some(7), ..Options::default() };
    OWN.set(Some(Arc::new(Server::start(options).unwrap())));
    let shared = Cli::parse_from(["slipway", "--practice"]).shared;
    let theme = Theme::new(true, true);
    let recorder = Recorder::new(100, 28);

    let (cluster, known) = (RefCell::default(), RefCell::default());
    let guide = Wizard { shared: &shared, cluster, known, drafts: None, upgrades: false, offered: None };
    let (keys, input) = unbounded();
    let person = Person(keys, recorder.clone());
    let entry = Entry { way: way(&shared, None).unwrap(), offer: None, again: None, menu: None };
    let asked = session::on(recorder.terminal(), input, entry, &guide, theme);
    let (answered, ()) = tokio::join!(asked, person.agrees());
    let Ok(Answered::Yes(form, overview)) = answered else { panic!("nobody said yes:\n{}", recorder.text()) };

    let known = guide.known_for(&overview).unwrap();
    let again = Again { shared: &shared, known: &known, form: &form };
    let (cluster, facts, plan) = (&known.cluster, &known.facts, &overview.plan);
    let job =
        Job { cluster, facts, plan, secrets: form.secrets(), how: How::Agreed(&again), whole: true, answers: None };
    let (sender, mut events) = mpsc::channel(4096);
    let (_wish, controls) = watch::channel(Control::Go);
    let (keys, input) = unbounded();
    let person = Person(keys, recorder.clone());
    let mut app = progress::App::new(theme);
    let mut terminal = recorder.terminal();
    let mut nobody = Nobody;
    let shown = tui::run(&mut terminal, &mut app, input, Some(&mut events), &mut nobody);
    let (ended, shown, ()) =
        tokio::join!(work(&shared, &job, &job.how, sender, Controls(controls)), shown, person.follows());
    shown.unwrap();
    ended.unwrap();
    OWN.set(None);
    is_committed("install.cast", &recorder.cast("slipway --practice"));
}
