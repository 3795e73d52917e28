//! Parses the command line and runs the verb.

/// Trees of small objects are most of what is worked with; the one of the system takes a third longer for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(slipway::run::run(slipway::cli::Cli::of_process()))
}
