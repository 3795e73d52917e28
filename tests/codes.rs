//! Every code that slipway can print is explained by `slipway explain`.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use slipway::answers::file;
use slipway::product::load;
use slipway::{diagnose, lint, plan, preflight, watch};

/// The parts whose findings have codes.
const PARTS: [&str; 8] = ["product", "answers", "plan", "lint", "preflight", "diagnose", "watch", "apply"];

/// Words in capitals there that are no codes: variables, what YAML reads as true, false and null, protocols,
/// capabilities, a resource, and who brings a kind.
const NO_CODES: [&str; 33] = [
    "ALL",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "CARGO_MANIFEST_DIR",
    "CPU",
    "DATABASE_URL",
    "FALSE",
    "HOME",
    "HTTPS",
    "KEDA",
    "NET_BIND_SERVICE",
    "NULL",
    "OFF",
    "PGCONNECT_TIMEOUT",
    "PGPASSWORD",
    "RCLONE_CONFIG",
    "RCLONE_CONFIG_S3_ACCESS_KEY_ID",
    "RCLONE_CONFIG_S3_ENDPOINT",
    "RCLONE_CONFIG_S3_PROVIDER",
    "RCLONE_CONFIG_S3_REGION",
    "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY",
    "RCLONE_CONFIG_S3_TYPE",
    "RCLONE_S3_NO_CHECK_BUCKET",
    "RCLONE_S3_UPLOAD_CONCURRENCY",
    "REDIS",
    "REDISCLI_AUTH",
    "SLIPWAY_SET_",
    "TCP",
    "TRUE",
    "UDP",
    "YES",
];

fn files(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, into);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            into.push(path);
        }
    }
}

/// The words in capitals that stand alone between quotes, outside of tests and comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod").next().unwrap_or(text);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|word| {
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

fn explain(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_slipway")).arg("explain").args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_code_in_the_source_is_explained() {
    let mut sources = Vec::new();
    for part in PARTS {
        files(&root().join("src").join(part), "rs", &mut sources);
    }
    let mut codes = BTreeSet::new();
    for path in sources.iter().filter(|path| !path.to_string_lossy().contains("tests")) {
        let text = std::fs::read_to_string(path).unwrap();
        codes.extend(words(&text).filter(|word| !NO_CODES.contains(word)).map(str::to_string));
    }
    assert!(codes.len() > 100 && codes.contains("SHAPE") && codes.contains("CRASH_LOOP"), "{codes:?}");
    let listed = explain(&[]).1;
    let listed: BTreeSet<&str> = listed.lines().collect();
    let silent: Vec<&String> = codes.iter().filter(|code| !listed.contains(code.as_str())).collect();
    assert!(silent.is_empty(), "not explained: {silent:?}");
}

#[test]
fn every_code_that_a_product_gives_to_its_logs_is_explained() {
    let mut sources = Vec::new();
    files(&root().join("profiles"), "yaml", &mut sources);
    files(&root().join("assets/components"), "yaml", &mut sources);
    let mut seen = 0;
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        for code in text.lines().filter_map(|line| line.trim().strip_prefix("code: ")) {
            seen += 1;
            let (explained, said) = explain(&[code]);
            assert!(explained && said.starts_with(code), "{code} of {}", path.display());
        }
    }
    assert!(seen > 3);
}

#[test]
fn every_explanation_is_a_sentence() {
    let fixed = [preflight::CODES, load::CODES, plan::CODES, &file::CODES, &watch::CODES].concat();
    let lint = lint::explain::all().into_iter().map(|one| (one.code, one.text));
    for (code, text) in fixed.into_iter().chain(diagnose::codes()).chain(lint) {
        assert!(text.len() > 20 && text.ends_with('.'), "{code}: {text}");
    }
}

#[test]
fn a_code_is_found_however_it_is_typed_and_an_unknown_one_is_told_with_a_near_one() {
    assert!(explain(&["crash_loop"]).1.starts_with("CRASH_LOOP\n"));
    let output = Command::new(env!("CARGO_BIN_EXE_slipway")).args(["explain", "CRASH_LOP"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("slipway explain CRASH_LOOP"));
}
