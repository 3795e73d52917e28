//! Parses the command line and runs the verb.

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(slipway::run::run(slipway::cli::Cli::parse()))
}
