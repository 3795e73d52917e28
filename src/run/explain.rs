//! `slipway explain`: what a code means.

use std::fmt::Write as _;

use crate::cli::Shared;
use crate::error::{Failure, FailureKind};
use crate::suggest;
use crate::{answers, apply, diagnose, lint, plan, preflight, product, watch};

use super::{print, products};

/// Every code of the program with its explanation; one that two parts use stands twice.
fn codes() -> Vec<(String, String)> {
    let lint = lint::explain::all().into_iter().map(|one| {
        let allowed = lint::rules().any(|rule| rule == one.code);
        let place = format!(
            " Where it is meant, product.yaml says so: allow: [{{rule: {}, at: PLACE, reason: WHY}}].",
            one.code
        );
        (one.code.to_string(), format!("{}{}", one.text, if allowed { place.as_str() } else { "" }))
    });
    diagnose::codes()
        .chain(watch::CODES)
        .chain(preflight::CODES.iter().copied())
        .chain(apply::CODES.iter().copied())
        .chain(answers::file::CODES)
        .chain(product::load::CODES.iter().copied())
        .chain(plan::CODES.iter().copied())
        .map(|(code, text)| (code.to_string(), text.to_string()))
        .chain(lint)
        .collect()
}

/// The codes that products give to lines of their logs.
fn of_products(shared: &Shared) -> Result<Vec<(String, String)>, Failure> {
    let mut codes = Vec::new();
    for name in products::known(shared)?.into_keys() {
        // One with faults explains nothing; `slipway products lint` tells them.
        let Ok(product) = products::find(shared, &name) else { continue };
        for pattern in product.log_patterns {
            let remedy =
                if pattern.remedy.is_empty() { String::new() } else { format!(" Remedy: {}.", pattern.remedy) };
            codes.push((pattern.code, format!("{}: {}{remedy}", product.title, pattern.say)));
        }
    }
    Ok(codes)
}

/// The verb.
pub(super) fn run(shared: &Shared, code: Option<&str>) -> Result<(), Failure> {
    let mut codes = codes();
    codes.extend(of_products(shared)?);
    codes.sort();
    codes.dedup();
    let Some(code) = code else {
        codes.dedup_by(|one, before| one.0 == before.0);
        let mut text = String::new();
        for (code, _) in codes {
            // Writing to a String cannot fail.
            let _written = writeln!(text, "{code}");
        }
        return print(&text);
    };
    let wanted = code.to_ascii_uppercase();
    let mut text = String::new();
    for (known, means) in codes.iter().filter(|(known, _)| *known == wanted) {
        if text.is_empty() {
            text = format!("{known}\n");
        }
        text.push_str(&format!("  {means}\n"));
    }
    if !text.is_empty() {
        return print(&text);
    }
    let near = suggest::nearest(&wanted, codes.iter().map(|(code, _)| code.as_str()));
    let failure = Failure::new(FailureKind::Usage, format!("there is no code `{code}`"));
    Err(match near {
        Some(near) => failure.hint(format!("did you mean slipway explain {near}?")),
        None => failure.hint("slipway explain lists them"),
    })
}
