//! Who may know what (ARCHITECTURE.md): the parts are the flow, in order; each may use the ground and what stands before
//! it, never what comes after. A few crates have one door each.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The ground: depends on nothing of ours but itself.
const GROUND: &[&str] = &["object", "facts", "secret", "finding", "event", "error", "sanitize", "quantity", "suggest"];

/// The flow, in order.
const FLOW: &[&str] =
    &["product", "answers", "plan", "lint", "preflight", "cluster", "diagnose", "watch", "apply", "view"];

/// Parts that take everything from outside as arguments.
const PURE: &[&str] = &["product", "answers", "plan", "lint", "preflight", "diagnose"];

/// What reaches outside by itself, and is not for pure parts.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::env",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::rng()",
    "rand::random",
    "tokio::",
    "println!",
    "eprintln!",
];

/// Crates with one door: the crate, and the folder that may name it.
const DOORS: &[(&str, &str)] = &[
    ("kube::", "cluster"),
    ("k8s_openapi", "cluster"),
    ("ratatui", "view/tui"),
    ("crossterm", "view/tui"),
    ("dialoguer", "view/plain"),
    ("cel::", "product"),
    ("granit_parser", "product"),
];

fn sources() -> BTreeMap<PathBuf, String> {
    fn read(folder: &Path, into: &mut BTreeMap<PathBuf, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                into.insert(path, text);
            }
        }
    }
    let mut files = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files
}

/// The part that a file belongs to: its first folder, or its own name.
fn part(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_string()
}

fn inside(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().to_string_lossy().replace('\\', "/")
}

/// Whether a file holds tests only: those may reach anywhere.
fn is_test(path: &Path) -> bool {
    let inside = inside(path);
    inside.contains("tests") || inside.contains("rehearsal") || inside.contains("from_repository")
}

/// The code of a file without comments and without its test module.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The first parts of every `crate::` path in a text.
fn used(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .flat_map(|after| {
            let names =
                |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
            match after.strip_prefix('{') {
                Some(list) => {
                    let list = list.split("};").next().unwrap_or(list);
                    let mut depth = 0;
                    let mut parts = vec![String::new()];
                    for c in list.chars() {
                        match c {
                            '{' => depth += 1,
                            '}' => depth -= 1,
                            ',' if depth == 0 => parts.push(String::new()),
                            c if depth == 0 => parts.last_mut().unwrap().push(c),
                            _ => {}
                        }
                    }
                    parts.iter().map(|part| names(part.trim())).collect::<Vec<_>>()
                }
                None => vec![names(after)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn arrows_point_to_the_ground_or_up_the_list_never_down() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let me = part(&path);
        if is_test(&path) || matches!(me.as_str(), "main" | "lib" | "cli" | "run" | "practice") {
            continue;
        }
        let place = FLOW.iter().position(|part| *part == me);
        for name in used(&code(&text)) {
            let fine = name == me
                || GROUND.contains(&name.as_str())
                || match (place, FLOW.iter().position(|part| *part == name)) {
                    (Some(mine), Some(theirs)) => theirs < mine,
                    // What is neither ground nor flow is a macro or an item of the crate's root: there is none.
                    _ => false,
                };
            if !fine {
                faults.push(format!("{} names crate::{name}", inside(&path)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_part_has_its_place() {
    for path in sources().keys() {
        let me = part(path);
        let known = GROUND.contains(&me.as_str())
            || FLOW.contains(&me.as_str())
            || matches!(me.as_str(), "main" | "lib" | "cli" | "run" | "practice");
        assert!(known, "{} is in no part of ARCHITECTURE.md", inside(path));
    }
}

#[test]
fn practice_knows_nothing_of_ours_but_the_ground() {
    for (path, text) in sources().into_iter().filter(|(path, _)| part(path) == "practice" && !is_test(path)) {
        for name in used(&code(&text)) {
            assert!(name == "practice" || GROUND.contains(&name.as_str()), "{} names crate::{name}", inside(&path));
        }
    }
}

#[test]
fn pure_parts_take_the_outside_as_arguments() {
    let mut faults = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| PURE.contains(&part(path).as_str()) && !is_test(path))
    {
        let code = code(&text);
        for outside in OUTSIDE.iter().filter(|outside| code.contains(**outside)) {
            faults.push(format!("{} names {outside}", inside(&path)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_crate_with_a_door_is_named_behind_it_only() {
    let mut faults = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test(path)) {
        let (inside, code) = (inside(&path), code(&text));
        for (name, door) in DOORS {
            let named = code.match_indices(name).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.')
            });
            if named && !inside.starts_with(door) {
                faults.push(format!("{inside} names {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_holds_more_than_one_thought() {
    // 400 lines are the aim, 600 a fault (CONTRIBUTING.md).
    for (path, text) in sources() {
        let lines = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text).lines().count();
        assert!(lines <= 600, "{} has {lines} lines: part it", inside(&path));
    }
}

#[test]
fn no_folder_is_named_for_everything() {
    for path in sources().keys() {
        for bad in ["utils", "helpers", "common", "manager"] {
            assert!(!inside(path).split(['/', '.']).any(|name| name == bad), "{}: say what it is", inside(path));
        }
    }
}
