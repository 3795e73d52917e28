//! `slipway explain`: what a code means.

use std::fmt::Write as _;

use crate::error::{Failure, FailureKind};
use crate::suggest;
use crate::{apply, diagnose, lint, preflight, watch};

use super::print;

/// Every code with its explanation.
fn codes() -> Vec<(&'static str, &'static str)> {
    let lint = lint::explain::all().into_iter().map(|one| (one.code, one.text));
    let mut codes: Vec<(&str, &str)> = diagnose::codes()
        .chain(watch::CODES.iter().copied())
        .chain(preflight::CODES.iter().copied())
        .chain(apply::CODES.iter().copied())
        .chain(lint)
        .collect();
    codes.sort_unstable();
    codes.dedup_by_key(|(code, _)| *code);
    codes
}

/// The verb.
pub(super) fn run(code: Option<&str>) -> Result<(), Failure> {
    let codes = codes();
    let Some(code) = code else {
        let mut text = String::new();
        for (code, _) in codes {
            // Writing to a String cannot fail.
            let _written = writeln!(text, "{code}");
        }
        return print(&text);
    };
    let wanted = code.to_ascii_uppercase();
    if let Some((code, text)) = codes.iter().find(|(known, _)| *known == wanted || *known == code) {
        return print(&format!("{code}\n  {text}\n"));
    }
    let near = suggest::nearest(&wanted, codes.iter().map(|(code, _)| *code));
    let failure = Failure::new(FailureKind::Usage, format!("there is no code `{code}`"));
    Err(match near {
        Some(near) => failure.hint(format!("did you mean slipway explain {near}?")),
        None => failure.hint("slipway explain lists them"),
    })
}
