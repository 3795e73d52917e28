//! Parses the command line and runs the verb.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
