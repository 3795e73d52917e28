//! The loop itself: it sleeps when nothing happens, draws only what changed, answers a person at once, and ends when the
//! terminal is gone. Time is virtual.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::unbounded;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer;
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::super::{Effect, Hooks, Input, Msg, Screen, StopChoice, Theme, run};
use super::stage::{At, Shown, State, states};
use super::{keys, scripts};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A screen with what is counted about it.
struct Watched {
    screen: Shown,
    updates: Rc<Cell<usize>>,
    frames: Rc<Cell<usize>>,
    drawn_at: Rc<Cell<Option<Instant>>>,
}

impl Watched {
    fn new(screen: Shown) -> Self {
        Self { screen, updates: Rc::default(), frames: Rc::default(), drawn_at: Rc::default() }
    }
}

impl Screen for Watched {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        if !matches!(msg, Msg::Clock(_) | Msg::Resized(..)) {
            self.updates.set(self.updates.get() + 1);
        }
        self.screen.update(msg)
    }
    fn draw(&self, frame: &mut Frame<'_>) {
        self.frames.set(self.frames.get() + 1);
        self.drawn_at.set(Some(Instant::now()));
        self.screen.draw(frame);
    }
    fn ticks(&self) -> bool {
        self.screen.ticks()
    }
}

#[derive(Default)]
struct Nobody(Vec<StopChoice>);

impl Hooks for Nobody {
    fn stop(&mut self, choice: StopChoice) {
        self.0.push(choice);
    }
    fn save(&mut self) -> String {
        "saved".into()
    }
}

fn shown(state: &State) -> Watched {
    Watched::new((state.screen)(At { theme: Theme::new(true, true), size: (80, 24) }))
}

fn terminal() -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(80, 24)).unwrap()
}

/// What can be stopped.
fn is_run(name: &str) -> bool {
    name.starts_with("progress") || name.starts_with("moving")
}

/// What of a state is on the screen and moves by itself.
fn moves(name: &str) -> bool {
    let running = ["begins", "left", "failed", "done", "uninstalled"].iter().all(|ended| !name.contains(ended));
    name.ends_with("revealed") || (is_run(name) && running)
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_nothing_is_one_frame_and_a_minute_of_a_run_one_a_second() {
    for state in states() {
        let mut screen = shown(&state);
        let (updates, frames) = (Rc::clone(&screen.updates), Rc::clone(&screen.frames));
        assert_eq!(screen.ticks(), moves(state.name), "{}", state.name);
        let (_keys, input) = unbounded();
        let long = if moves(state.name) { MINUTE } else { HOUR };
        let closed = timeout(long, run(&mut terminal(), &mut screen, input, None, &mut Nobody::default())).await;
        assert!(closed.is_err(), "{} closed by itself", state.name);
        assert_eq!(updates.get(), 0, "{}", state.name);
        match state.name {
            // It is hidden again after five seconds, and from then on nothing moves.
            name if name.ends_with("revealed") => assert!(frames.get() <= 7, "{name}: {}", frames.get()),
            name if moves(name) => assert!((59..=61).contains(&frames.get()), "{name}: {}", frames.get()),
            name => assert_eq!(frames.get(), 1, "{name}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_drawn_at_once_however_young_the_last_frame_is() {
    let screens = states();
    let state = screens.iter().find(|state| state.name == "progress_crowded").unwrap();
    let mut screen = shown(state);
    let (frames, drawn_at) = (Rc::clone(&screen.frames), Rc::clone(&screen.drawn_at));
    let (sender, mut events) = mpsc::channel(100);
    let (to, input) = unbounded();
    let person = async {
        // A line a millisecond: a frame of them every 16.
        for i in 0..1_000 {
            sleep(Duration::from_millis(1)).await;
            sender.send(scripts::line(20, "inngest-redis-0", &format!("line {i}"))).await.unwrap();
        }
        let by_themselves = frames.get();
        assert!((60..=64).contains(&by_themselves), "{by_themselves} frames in a second");
        for key in keys("tab f down up tab") {
            sleep(Duration::from_millis(3)).await;
            sender.send(scripts::line(20, "inngest-redis-0", "and another")).await.unwrap();
            let pressed = Instant::now();
            to.unbounded_send(Input::Key(key)).unwrap();
            tokio::task::yield_now().await;
            assert_eq!(drawn_at.get(), Some(pressed), "drawn at the moment of the key");
        }
    };
    let mut terminal = terminal();
    let mut nobody = Nobody::default();
    tokio::select! {
        biased;
        ended = run(&mut terminal, &mut screen, input, Some(&mut events), &mut nobody) => panic!("{ended:?}"),
        () = person => {}
    }
}

/// A terminal that is gone: nothing can be written to it.
struct Gone;

impl Backend for Gone {
    type Error = io::Error;
    fn draw<'a, I: Iterator<Item = (u16, u16, &'a buffer::Cell)>>(&mut self, _content: I) -> io::Result<()> {
        Err(io::Error::other("gone"))
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, _position: P) -> io::Result<()> {
        Ok(())
    }
    fn clear(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        Ok(())
    }
    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(80, 24))
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Err(io::Error::other("gone"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("gone"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_cannot_be_written_to_closes_every_screen_and_stops_a_run() {
    for state in states() {
        let mut screen = shown(&state);
        let mut nobody = Nobody::default();
        let (_keys, input) = unbounded();
        let mut gone = Terminal::new(Gone).unwrap();
        let closed = timeout(HOUR, run(&mut gone, &mut screen, input, None, &mut nobody)).await;
        assert!(matches!(closed, Ok(Ok(()))), "{}: {closed:?}", state.name);
        let runs = moves(state.name) && is_run(state.name) && !state.name.contains("done");
        let runs = runs || ["progress_begins", "moving_begins"].contains(&state.name);
        assert_eq!(nobody.0.contains(&StopChoice::Now), runs, "{}", state.name);
    }
}
