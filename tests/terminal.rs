//! The terminal is given back as it was, whatever happens, and only what it understands is written to it: a real
//! pseudo-terminal, read by a terminal emulator. Ways out run this test program again as the child that shows a screen;
//! looks run slipway itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test with a harness of its own: clippy takes it for a program"
)]

/// The tests of a module, each by its name.
macro_rules! tests {
    ($($name:ident)*) => {
        pub(crate) const TESTS: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

#[path = "terminal/looks.rs"]
mod looks;
mod pty;
#[path = "terminal/shown.rs"]
mod shown;
#[path = "terminal/ways_out.rs"]
mod ways_out;

use std::process::ExitCode;
use std::time::Duration;

use shown::Shown;
use slipway::event::{Event, EventKind, RunInfo, VERSION};
use slipway::view::tui::{ColorChoice, Theme, progress};

/// Tells the child what to do.
const CHILD: &str = "SLIPWAY_TEST_CHILD";

fn child(what: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let watched = runtime.block_on(async {
        let (sender, mut events) = tokio::sync::mpsc::channel(10);
        let run = RunInfo {
            verb: "install".into(),
            title: "Inngest".into(),
            product_version: "v1".into(),
            release: "inngest".into(),
            namespace: "inngest".into(),
            context: "pretend".into(),
            server: "s".into(),
            practice: true,
            ..RunInfo::default()
        };
        let kind = EventKind::RunStarted { run };
        let at = jiff::Timestamp::UNIX_EPOCH;
        sender.send(Event { version: VERSION, at, elapsed: Duration::ZERO, step: None, kind }).await.unwrap();
        if what == "panics" {
            tokio::spawn(async {
                // Once the screen is up: the parent says so.
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1()).unwrap().recv().await;
                panic!("a fault on purpose");
            });
        }
        let (stops, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let theme = Theme::choose(ColorChoice::Never, |_| None);
        let watched = progress::follow(&mut events, |choice| stops.send(choice).unwrap(), None, None, theme).await;
        if let Ok(choice) = asked.try_recv() {
            println!("asked {choice:?}");
        }
        watched
    });
    match watched {
        Ok(watched) => println!("left by {:?}", watched.left_by),
        Err(error) => println!("ended: {error}"),
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    match std::env::var(CHILD) {
        Ok(what) if what == "holds" => return ways_out::hold(Shown::start("shows")),
        Ok(what) if what == "holds without a signal" => return ways_out::hold(Shown::start_foreign("shows")),
        Ok(what) => return child(&what),
        Err(_) => {}
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = ways_out::TESTS.iter().chain(looks::TESTS).map(|(name, run)| {
        libtest_mimic::Trial::test(*name, move || {
            run();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}
