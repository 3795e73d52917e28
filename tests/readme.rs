//! What the documents name is there: the commands are understood, the files exist, the exit codes are those of the program.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the documents has failed")]

use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser as _};
use slipway::cli::Cli;
use slipway::error::FailureKind;

/// The documents that name files of the repository.
const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Names of places outside of the repository, and of files that the reader has.
const NOT_OURS: &[&str] = &["~", "$", "<", "Kind/name", "secret:"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).unwrap()
}

/// What stands in a text as code: the lines of its blocks, and what is between backticks.
fn code(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut prose = String::new();
    let mut block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            pieces.push(line.trim().to_string());
        } else {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    pieces.extend(prose.split('`').skip(1).step_by(2).map(|piece| piece.replace('\n', " ").trim().to_string()));
    pieces
}

/// The arguments of a command of slipway's, with the program's name first; a comment after it is left off.
fn command(piece: &str) -> Option<Vec<String>> {
    let line = piece.split(" #").next().unwrap_or(piece);
    let rest = line.strip_prefix("slipway ").or_else(|| line.strip_prefix("cargo run -- "))?;
    // `slipway:<namespace>/<release>` and its kin are no commands, and do not begin with the word and a space.
    let arguments = rest.split_whitespace().map(str::to_string);
    Some(std::iter::once("slipway".to_string()).chain(arguments).collect())
}

/// The files that a text names: what links point to, and code that looks like a path.
fn files(text: &str) -> Vec<String> {
    let mut files: Vec<String> = text
        .split("](")
        .skip(1)
        .filter_map(|after| after.split([')', '#']).next())
        .filter(|link| !link.is_empty() && !link.contains("://"))
        .map(str::to_string)
        .collect();
    let path = |piece: &String| {
        piece.contains('/')
            && piece.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
            && !NOT_OURS.iter().any(|other| piece.starts_with(other))
    };
    files.extend(code(text).into_iter().filter(path));
    files
}

/// Whether a file exists; ARCHITECTURE.md names the parts from `src/` on, and modules without their ending.
fn exists(name: &str) -> bool {
    let there = |base: &Path| base.join(name).exists() || base.join(format!("{name}.rs")).exists();
    there(&root()) || there(&root().join("src"))
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut seen = 0;
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        for arguments in code(&text(document)).iter().filter_map(|piece| command(piece)) {
            seen += 1;
            if let Err(error) = Cli::try_parse_from(&arguments) {
                faults.push(format!("{document}: {}\n  {error}", arguments.join(" ")));
            }
        }
    }
    assert!(seen >= 5, "only {seen} commands were found in the documents");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_that_the_documents_name_exists() {
    let mut seen = 0;
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        for name in files(&text(document)) {
            seen += 1;
            if !exists(&name) {
                faults.push(format!("{document} names {name}"));
            }
        }
    }
    assert!(seen >= 10, "only {seen} files were found in the documents");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_verb_is_named_in_the_readme_or_the_changelog() {
    let documents = format!("{}{}", text("README.md"), text("CHANGELOG.md"));
    for verb in Cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        assert!(documents.contains(verb.get_name()), "nobody learns of slipway {}", verb.get_name());
    }
}

#[test]
fn the_readme_tells_every_exit_code() {
    let readme = text("README.md");
    let table: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| Code"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|codes| codes.split(','))
        .map(str::trim)
        .collect();
    let kinds = [
        FailureKind::Deployment,
        FailureKind::Usage,
        FailureKind::Invalid,
        FailureKind::Cluster,
        FailureKind::TimedOut,
        FailureKind::Refused,
        FailureKind::Differences,
        FailureKind::Bug,
        FailureKind::Interrupted,
        FailureKind::Terminated,
    ];
    let mut wanted = vec!["0".to_string()];
    wanted.extend(kinds.iter().map(|kind| kind.exit_code().to_string()));
    assert_eq!(table, wanted);
}
