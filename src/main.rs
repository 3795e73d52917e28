//! Parses the command line and runs the verb.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(slipway::run::run(slipway::cli::Cli::of_process()))
}
