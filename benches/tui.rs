//! The full screen: how soon it is there, how soon it answers a key, what it costs while nothing happens, how much memory
//! it takes, and what a flood of logs does to it. Prints figures beside what is aimed at, judges nothing:
//! `cargo bench --bench tui`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench prints its figures, and fails by ending"
)]

#[path = "tui/memory.rs"]
mod memory;
#[path = "tui/pty.rs"]
mod pty;
#[path = "../tests/pty/mod.rs"]
mod terminal;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use slipway::event::{ContainerState, Done, Event, EventKind, PodState, Readiness, RunInfo, StepInfo, VERSION};
use slipway::view::tui::{Effect, Hooks, Input, Msg, Screen, StopChoice, Theme, progress, run};

const SIZE: (u16, u16) = (120, 40);
const WORKLOADS: usize = 30;
const PODS: usize = 300;
/// As `slipway install` has it.
const EVENTS: usize = 4096;
/// Pods whose logs are followed, as `watch` has it.
const FOLLOWED: usize = 20;

fn event(at: Duration, step: Option<String>, kind: EventKind) -> Event {
    Event { version: VERSION, at: jiff::Timestamp::UNIX_EPOCH, elapsed: at, step, kind }
}

fn pod_name(n: usize) -> String {
    format!("workload-{}-7d4b9c6f5-{n:05}", n % WORKLOADS)
}

/// A run of many workloads with many pods, most of them not ready.
fn begun() -> Vec<Event> {
    let id = |n: usize| format!("Deployment.apps/many/workload-{n}");
    let steps = (0..WORKLOADS).map(|n| StepInfo {
        id: id(n),
        object_kind: "Deployment".into(),
        name: format!("workload-{n}"),
        group: format!("group-{}", n / 5),
        wave: 0,
        waits: true,
    });
    let run = RunInfo {
        verb: "install".into(),
        title: "Many".into(),
        product_version: "v1".into(),
        release: "many".into(),
        namespace: "many".into(),
        context: "bench".into(),
        steps: steps.collect(),
        ..RunInfo::default()
    };
    let mut events = vec![event(Duration::ZERO, None, EventKind::RunStarted { run })];
    for n in 0..WORKLOADS {
        events.push(event(Duration::ZERO, Some(id(n)), EventKind::StepFinished { done: Done::Created }));
        let waiting = EventKind::StatusChanged {
            readiness: Readiness::Waiting,
            reason: "0 of 10 ready".into(),
            ready: 0,
            of: 10,
        };
        events.push(event(Duration::ZERO, Some(id(n)), waiting));
    }
    for n in 0..PODS {
        let pod = PodState {
            name: pod_name(n),
            uid: format!("uid-{n}"),
            owner: id(n % WORKLOADS),
            node: format!("node-{}", n % 9),
            phase: "Running".into(),
            ready: n % 3 == 0,
            current: true,
            containers: vec![ContainerState { name: "main".into(), state: "running".into(), ..Default::default() }],
            ..PodState::default()
        };
        events.push(event(Duration::from_secs(1), None, EventKind::PodChanged { pod }));
    }
    events
}

fn line(n: usize) -> Event {
    let text = format!(
        "2026-11-20T10:02:11.{n:06}Z INFO request finished method=POST path=/e/test status=200 duration=12ms id={n:08} \
         agent=\"Mozilla/5.0 (X11; Linux x86_64)\""
    );
    let pod = pod_name(n % FOLLOWED);
    event(Duration::from_secs(2), None, EventKind::LogLine { pod, container: "main".into(), previous: false, text })
}

/// When a key was seen, and when a frame was out that had seen it.
#[derive(Default)]
struct Seen {
    keys: usize,
    drawn: usize,
    frames: Vec<(usize, Instant)>,
    bytes: usize,
}

type Shared = Arc<Mutex<Seen>>;

struct Watched(progress::App, Shared);

impl Screen for Watched {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let key = matches!(msg, Msg::Key(_));
        let effects = self.0.update(msg);
        if key {
            self.1.lock().unwrap().keys += 1;
        }
        effects
    }
    fn draw(&self, frame: &mut Frame<'_>) {
        self.0.draw(frame);
        let mut seen = self.1.lock().unwrap();
        seen.drawn = seen.keys;
    }
    fn ticks(&self) -> bool {
        self.0.ticks()
    }
}

/// Takes the bytes of a terminal, and notes when a frame is out.
struct Sink(Shared);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().bytes += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        let mut seen = self.0.lock().unwrap();
        let drawn = seen.drawn;
        seen.frames.push((drawn, Instant::now()));
        Ok(())
    }
}

/// The terminal of slipway over a sink, with a size.
struct Paper(CrosstermBackend<Sink>);

impl Backend for Paper {
    type Error = io::Error;
    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.0.draw(content)
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
    fn clear_region(&mut self, _kind: ClearType) -> io::Result<()> {
        Ok(())
    }
    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(SIZE.0, SIZE.1))
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Err(io::Error::other("a sink has none"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.0)
    }
}

struct Nobody;

impl Hooks for Nobody {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        String::new()
    }
}

fn percentile(sorted: &[f64], of: f64) -> f64 {
    let at = (sorted.len() as f64 * of) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Follows a run with `rate` lines a second for some time; presses a key now and then.
fn follow(rate: usize, lasts: Duration) -> (Vec<f64>, Vec<f64>, Counts) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seen = Shared::default();
    let (sender, mut events) = tokio::sync::mpsc::channel(EVENTS);
    let (keys, input) = futures::channel::mpsc::unbounded();
    let pressed = Arc::new(Mutex::new(Vec::new()));
    for begin in begun() {
        sender.try_send(begin).unwrap();
    }
    let producer = std::thread::spawn(move || {
        let (began, mut sent, mut dropped, mut untold) = (Instant::now(), 0usize, 0u64, 0u64);
        while began.elapsed() < lasts {
            let due = (began.elapsed().as_secs_f64() * rate as f64) as usize;
            while sent < due {
                // As `watch` does it: a log never holds up a run; what has no room is dropped, counted and told.
                if sender.try_send(line(sent)).is_err() {
                    (dropped, untold) = (dropped + 1, untold + 1);
                }
                sent += 1;
            }
            let told = EventKind::LogDropped { pod: pod_name(0), container: "main".into(), lines: untold };
            if untold > 0 && sender.try_send(event(Duration::from_secs(2), None, told)).is_ok() {
                untold = 0;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Counts { sent, dropped, told: dropped - untold }
    });
    let person = std::thread::spawn({
        let pressed = pressed.clone();
        move || {
            let began = Instant::now();
            let codes = [KeyCode::Tab, KeyCode::Down, KeyCode::Up, KeyCode::Tab, KeyCode::Enter, KeyCode::Enter];
            let mut n = 0;
            while began.elapsed() < lasts {
                // Never in step with the frames.
                std::thread::sleep(Duration::from_micros(21_000 + (n as u64 * 7_919) % 16_000));
                pressed.lock().unwrap().push(Instant::now());
                let key = KeyEvent::new(codes[n % codes.len()], KeyModifiers::NONE);
                if keys.unbounded_send(Input::Key(key)).is_err() {
                    return;
                }
                n += 1;
            }
            // Its end closes the screen.
        }
    });
    let mut screen = Watched(progress::App::new(Theme::new(true, true)), seen.clone());
    let mut terminal = Terminal::new(Paper(CrosstermBackend::new(Sink(seen.clone())))).unwrap();
    runtime.block_on(run(&mut terminal, &mut screen, input, Some(&mut events), &mut Nobody)).unwrap();
    person.join().unwrap();
    let counts = producer.join().unwrap();
    let seen = seen.lock().unwrap();
    let mut waits = Vec::new();
    for (n, at) in pressed.lock().unwrap().iter().enumerate() {
        if let Some((_, out)) = seen.frames.iter().find(|(drawn, _)| *drawn > n) {
            waits.push(milliseconds(out.saturating_duration_since(*at)));
        }
    }
    let mut gaps: Vec<f64> =
        seen.frames.windows(2).map(|pair| milliseconds(pair[1].1.saturating_duration_since(pair[0].1))).collect();
    waits.sort_by(f64::total_cmp);
    gaps.sort_by(f64::total_cmp);
    // What the screen says at its end.
    let mut last = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    last.draw(|frame| screen.0.draw(frame)).unwrap();
    let text: String = last.backend().buffer().content().iter().map(Cell::symbol).collect();
    let shown =
        text.split_whitespace().zip(text.split_whitespace().skip(1)).find(|(_, word)| word.starts_with("dropped"));
    println!(
        "{:>10}  frames of {} bytes on the mean; the screen says {} dropped, of {} that were told",
        seen.frames.len(),
        seen.bytes / seen.frames.len().max(1),
        shown.map_or("nothing of what was", |(count, _)| count),
        counts.told,
    );
    (waits, gaps, counts)
}

struct Counts {
    sent: usize,
    dropped: u64,
    told: u64,
}

fn main() {
    if let Ok(what) = std::env::var(memory::CHILD) {
        return memory::child(&what);
    }
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    if wanted("frames") {
        println!("first frame of the program, and keys in it, through a pseudo-terminal");
        pty::first_frames();
    }
    if wanted("keys") {
        pty::keys();
    }
    if wanted("flood") {
        for (what, rate, seconds) in
            [("2,000 log lines a second", 2_000, 10), ("100,000 log lines a second", 100_000, 6)]
        {
            println!("{PODS} pods and {what}");
            let (waits, gaps, counts) = follow(rate, Duration::from_secs(seconds));
            println!("{:>10.2}  ms from a key to its frame, median of {}", percentile(&waits, 0.5), waits.len());
            println!("{:>10.2}  ms at the 99th percentile (aim 5 at 2,000 lines)", percentile(&waits, 0.99));
            println!("{:>10.2}  ms between two frames at the longest (aim 50)", percentile(&gaps, 1.0));
            println!("{:>10}  lines came, {} of them dropped", counts.sent, counts.dropped);
        }
    }
    if wanted("idle") {
        println!("while nothing happens");
        memory::idle();
    }
    if wanted("memory") {
        println!("1,000 pods");
        memory::many();
    }
}
