//! One short file a verb: picks product, target, answers, cluster and view, and joins the channels. The only place that
//! knows them all.

mod adopt;
mod agree;
mod answers;
mod answers_file;
mod apply;
mod attach;
mod backup;
mod bundle;
mod certificates;
mod choices;
mod contest;
mod databases;
mod diff;
mod doctor;
mod doors;
mod draft;
#[cfg(test)]
mod every_call_tests;
mod evidence;
mod explain;
mod export;
mod fetch;
mod frozen;
mod images;
mod in_vain;
mod install;
mod keys;
mod log;
mod logs;
mod menu;
mod moving;
mod outside;
mod passphrase;
mod password;
mod port_forward;
mod practice;
mod preflight;
mod products;
mod rbac;
mod releases;
mod render;
mod repair;
mod restore;
mod rollback;
mod rotate;
mod setup;
mod stands_still;
mod status;
mod target;
mod uninstall;
mod upgrade;
mod wizard;

use std::io::IsTerminal as _;

use clap::CommandFactory as _;

use crate::cli::{BackupWhat, Cli, Output, Verb};
use crate::error::{Failure, FailureKind};
use crate::view::headless;

/// Runs what the command line says; the exit code of design.md 9.
pub fn run(cli: Cli) -> u8 {
    let output = cli.shared.output;
    let log = log::begin();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return end(
                &Failure::new(FailureKind::Bug, "the program cannot start its threads").why(error.to_string()),
                output,
                None,
            );
        }
    };
    let ended = runtime.block_on(async {
        let ended = dispatch(cli).await;
        ended.and(practice::end())
    });
    // A credential plugin or a slow answer must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(()) => 0,
        Err(failure) => end(&failure, output, log.as_deref()),
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let shared = cli.shared;
    releases::once(&shared, cli.verb.as_ref().and_then(Verb::release))?;
    match cli.verb {
        None => install::run(&shared, None).await,
        Some(Verb::Install { product }) => install::run(&shared, product.as_deref()).await,
        Some(Verb::Upgrade { release }) => upgrade::run(&shared, release.as_deref()).await,
        Some(Verb::Render { product, with_values, facts }) => {
            render::run(&shared, &product, with_values.as_deref(), facts.as_deref())
        }
        Some(Verb::Plan { name, exit_code, out, lasts }) => {
            let out = out.map(|path| frozen::Out { path, lasts });
            install::plan_only(&shared, name.as_deref(), exit_code, out.as_ref()).await
        }
        Some(Verb::Apply { file }) => frozen::apply(&shared, &file).await,
        Some(Verb::Diff { release }) => diff::run(&shared, release.as_deref()).await,
        Some(Verb::Attach { release }) => attach::run(&shared, release.as_deref()).await,
        Some(Verb::Rbac { product }) => rbac::run(&shared, &product),
        Some(Verb::Status { release }) => status::run(&shared, release.as_deref()).await,
        Some(Verb::History { release }) => status::history(&shared, release.as_deref()).await,
        Some(Verb::Repair { release }) => repair::run(&shared, release.as_deref()).await,
        Some(Verb::Rollback { release, to }) => rollback::run(&shared, release.as_deref(), to).await,
        Some(Verb::Uninstall { release, delete_volume, delete_key, backup_volume }) => {
            uninstall::run(&shared, release.as_deref(), delete_volume, delete_key, &backup_volume).await
        }
        Some(Verb::Backup { what: Some(BackupWhat::Schedule { release, at, keep, to }), .. }) => {
            backup::schedule(&shared, release.as_deref(), &to, (&at, keep)).await
        }
        Some(Verb::Backup { what: None, release, to, how }) => {
            backup::run(&shared, release.as_deref(), &to, &how).await
        }
        Some(Verb::Restore { release, from, only }) => {
            restore::run(&shared, release.as_deref(), &from, only.as_deref()).await
        }
        Some(Verb::Adopt { release }) => adopt::run(&shared, release.as_deref()).await,
        Some(Verb::Export { release, to, recipient, passphrase, hand_over }) => {
            export::run(
                &shared,
                release.as_deref(),
                &export::Wishes { to, recipients: recipient, passphrase, hand_over },
            )
            .await
        }
        Some(Verb::Preflight { product }) => preflight::run(&shared, &product).await,
        Some(Verb::Products { what }) => products::run(&shared, what.as_ref()),
        Some(Verb::Logs { release, group, flags }) => {
            logs::run(&shared, release.as_deref(), group.as_deref(), &flags).await
        }
        Some(Verb::PortForward { release, name, port }) => {
            port_forward::run(&shared, release.as_deref(), name.as_deref(), port).await
        }
        Some(Verb::Images { name }) => images::run(&shared, name.as_deref()).await,
        Some(Verb::Answers { release, all }) => answers_file::run(&shared, release.as_deref(), all).await,
        Some(Verb::Doctor { release }) => doctor::run(&shared, release.as_deref()).await,
        Some(Verb::Bundle { release, to }) => bundle::run(&shared, release.as_deref(), to).await,
        Some(Verb::Keys { what }) => keys::run(&shared, what).await,
        Some(Verb::Explain { code }) => explain::run(&shared, code.as_deref()),
        Some(Verb::Practice { what }) => practice::run(&what),
        Some(Verb::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "slipway", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Tells a failure and gives its exit code.
fn end(failure: &Failure, output: Output, log: Option<&std::path::Path>) -> u8 {
    use std::io::Write as _;
    if output == Output::Json {
        if !failure.told {
            // A pipe that is closed is told by the exit code alone.
            let _told = writeln!(std::io::stdout(), "{}", headless::failure_json(failure, jiff::Timestamp::now()));
        }
    } else {
        let mut text = failure.to_string();
        if let Some(log) = log.filter(|_| failure.kind == FailureKind::Bug || failure.kind == FailureKind::Deployment) {
            text.push_str(&format!("\n  log    {}", log.display()));
        }
        let _told = writeln!(std::io::stderr(), "{text}");
    }
    failure.kind.exit_code()
}

/// Where data goes out.
#[cfg(not(test))]
type Out = std::io::Stdout;
#[cfg(test)]
type Out = std::io::Sink;

#[cfg(not(test))]
fn out() -> Out {
    std::io::stdout()
}

/// A test that runs a whole verb looks at the cluster, and nobody at what it prints.
#[cfg(test)]
fn out() -> Out {
    std::io::sink()
}

/// Prints data to standard output; a closed pipe is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = out();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(FailureKind::Bug, "cannot write to standard output").why(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// The command as it was typed, and `--yes`: what was shown is what that does. No argument is a secret's value.
fn typed_with_yes() -> String {
    let words = std::env::args().skip(1).map(|word| crate::plan::backup::quoted(&word));
    format!("slipway {} --yes", words.collect::<Vec<_>>().join(" "))
}

/// Which face a person sees: lines where they were asked for, or where the terminal can do no more.
fn plain(shared: &crate::cli::Shared) -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb" || term.is_empty());
    shared.plain || dumb || std::env::var_os("ACCESSIBLE").is_some()
}

/// Whether a person can be asked: standard input and output are a terminal, and nobody said not to.
fn interactive(shared: &crate::cli::Shared) -> bool {
    !shared.no_input
        && shared.output == Output::Text
        && std::env::var_os("CI").is_none()
        && std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
}
