//! What stands between two versions of a product (language.md "Versions and gates"): which way it goes, which gates speak,
//! which versions have to be installed in between, and what of it must not be done without a backup.
//!
//! A gate names a range of versions, both ends inclusive. It speaks when the way enters or leaves its range; one that
//! migrates or wants a backup also when the way stays inside. `step` means that its last version has to be installed and
//! healthy before any later one.

use std::cmp::Ordering;

use crate::finding::{Finding, Severity};
use crate::product::schema::{Gate, Product, Versions};

/// What is passed over by its own name alone, never with everything else: data could be lost.
pub const NAMED_ONLY: [&str; 4] = ["BACKUP_REQUIRED", "DOWNGRADE", "GATE_STOP", "NO_ROLLBACK_ON_FAILURE"];

/// Which way a change of the version goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The version stays.
    Same,
    /// To a later one.
    Up,
    /// To an earlier one.
    Down,
    /// One of them cannot be compared.
    Unknown,
}

/// What the operator and the profile say about backups before a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caution {
    /// The profile stands for production.
    pub production: bool,
    /// `--backup` was given: one is taken first.
    pub backup: bool,
    /// `--without-backup` was given.
    pub without_backup: bool,
    /// `--rollback-on-failure` was given.
    pub back_on_failure: bool,
}

/// Which way it goes from the installed version to the chosen one.
pub fn way(versions: &Versions, installed: &str, chosen: &str) -> Way {
    if installed == chosen {
        return Way::Same;
    }
    match (Version::read(versions, installed), Version::read(versions, chosen)) {
        (Some(installed), Some(chosen)) => match installed.cmp(&chosen) {
            Ordering::Less => Way::Up,
            // Two tags of one version, such as another base image.
            Ordering::Equal => Way::Same,
            Ordering::Greater => Way::Down,
        },
        _ => Way::Unknown,
    }
}

/// The versions that have to be installed one after the other to come to the chosen one, which is the last of them.
pub fn stops(product: &Product, installed: &str, chosen: &str) -> Vec<String> {
    let read = |version: &str| Version::read(&product.versions, version);
    let (Some(from), Some(to)) = (read(installed), read(chosen)) else { return vec![chosen.to_owned()] };
    let mut stops: Vec<(Version, &str)> = product
        .gates
        .iter()
        .filter(|gate| gate.requires == "step")
        .filter_map(|gate| Some((read(&gate.to)?, gate.to.as_str())))
        .filter(|(stop, _)| from < *stop && *stop < to)
        .collect();
    stops.sort_by(|(a, _), (b, _)| a.cmp(b));
    stops.dedup_by(|(a, _), (b, _)| a == b);
    stops.into_iter().map(|(_, stop)| stop.to_owned()).chain([chosen.to_owned()]).collect()
}

/// The gates that speak on the way from the installed version to the chosen one, in the author's order.
pub fn speaking<'p>(product: &'p Product, installed: &str, chosen: &str) -> Vec<&'p Gate> {
    let read = |version: &str| Version::read(&product.versions, version);
    let (Some(from), Some(to)) = (read(installed), read(chosen)) else { return Vec::new() };
    if from >= to {
        return Vec::new();
    }
    let speaks = |gate: &&Gate| {
        // An end that is not given has no bound.
        let (first, last) = (read(&gate.from), read(&gate.to));
        let before = first.as_ref().is_some_and(|first| from < *first);
        let reaches = first.as_ref().is_none_or(|first| *first <= to);
        let inside = last.as_ref().is_none_or(|last| from < *last);
        let leaves = last.as_ref().is_some_and(|last| from <= *last && *last < to);
        let touches = inside && reaches;
        let enters = before && reaches;
        match gate.requires.as_str() {
            // At its last version it is done already.
            "step" => touches && (enters || leaves),
            _ if gate.migrates || gate.requires == "backup" => touches,
            _ => enters || (leaves && reaches),
        }
    };
    product.gates.iter().filter(speaks).collect()
}

/// Whether data is migrated, or a backup is asked for, on the way.
pub fn wants_backup(product: &Product, installed: &str, chosen: &str) -> bool {
    speaking(product, installed, chosen).iter().any(|gate| gate.migrates || gate.requires == "backup")
}

/// Whether data is migrated on the way, so that there is no way back but a backup.
pub fn migrates(product: &Product, installed: &str, chosen: &str) -> bool {
    speaking(product, installed, chosen).iter().any(|gate| gate.migrates)
}

/// What the gates say about the way from the installed version to the chosen one; `finally` is where it goes in the end.
pub fn findings(
    product: &Product,
    (installed, chosen, finally): (&str, &str, &str),
    release: &str,
    caution: Caution,
) -> Vec<Finding> {
    let title = &product.title;
    let mut found = Vec::new();
    match way(&product.versions, installed, chosen) {
        Way::Down => found.push(
            Finding::new(
                "DOWNGRADE",
                Severity::Error,
                format!("{chosen} is older than {installed}, which is installed"),
            )
            .why(format!("an older {title} may not read what the newer one has written"))
            .remedy(format!("go back to a revision that was installed: slipway rollback {release}"))
            .at("version"),
        ),
        Way::Unknown => found.push(
            Finding::new(
                "VERSION_NOT_COMPARED",
                Severity::Warning,
                format!("{installed}, which is installed, and {chosen} cannot be compared"),
            )
            .why(format!("the gates of {title} between versions are not looked at; it may be a step back"))
            .remedy("read the release notes first")
            .at("version"),
        ),
        Way::Same | Way::Up => {}
    }
    if chosen != finally {
        found.push(
            Finding::new("GATE_STEP", Severity::Info, format!("{chosen} comes first, then {finally}"))
                .why("a version in between has to be installed and healthy before the next")
                .remedy("the upgrade goes on by itself once this version is healthy"),
        );
    }
    for gate in speaking(product, installed, chosen) {
        found.push(match gate.requires.as_str() {
            "stop" => Finding::new("GATE_STOP", Severity::Error, gate.say.clone())
                .why(format!("{title} wants this done before {chosen} is installed"))
                .remedy("do it first, then say that it is done: --skip-preflight GATE_STOP"),
            _ if gate.migrates => Finding::new("GATE", Severity::Warning, gate.say.clone())
                .why(format!("{chosen} migrates the data: it does not go back")),
            _ => Finding::new("GATE", Severity::Warning, gate.say.clone()),
        });
    }
    if caution.back_on_failure && migrates(product, installed, chosen) {
        found.push(
            Finding::new(
                "NO_ROLLBACK_ON_FAILURE",
                Severity::Error,
                format!("{chosen} migrates the data: going back by itself would not bring it back"),
            )
            .why("the program of before would meet the data of after")
            .remedy("leave --rollback-on-failure out: a run that fails says what can be done"),
        );
    }
    if wants_backup(product, installed, chosen) {
        found.extend(backup(chosen, release, caution));
    }
    found
}

fn backup(chosen: &str, release: &str, caution: Caution) -> Option<Finding> {
    if caution.without_backup {
        return None;
    }
    let what = format!("{chosen} changes the data in a way that only a backup undoes");
    Some(if caution.backup {
        Finding::new("BACKUP_FIRST", Severity::Info, what).why("a backup is taken before anything is changed")
    } else if caution.production {
        Finding::new("BACKUP_REQUIRED", Severity::Error, what)
            .why("this is a production profile")
            .remedy("take one and go on: --backup; or refuse it by name: --without-backup")
    } else {
        Finding::new("BACKUP_OFFERED", Severity::Warning, what)
            .remedy(format!("take one before it begins: --backup, or by itself: slipway backup {release}"))
    })
}

/// A version that can be compared: its numbers, and what stands before a release (`1.2.0-rc.1`).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: Vec<u64>,
    before: Option<Vec<Part>>,
}

/// A part of what stands behind the hyphen; numbers come before words (semver.org, 11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    fn read(versions: &Versions, written: &str) -> Option<Self> {
        let cut = match versions.part.as_deref().and_then(|part| regex::Regex::new(part).ok()) {
            // The ends of gates may be written without what is cut off.
            Some(part) => {
                part.captures(written).and_then(|found| found.get(1).or(found.get(0))).map(|found| found.as_str())
            }
            None => None,
        };
        let text = cut.unwrap_or(written).trim();
        if versions.order == "date" {
            let numbers: Vec<u64> =
                text.split(|c: char| !c.is_ascii_digit()).filter_map(|run| run.parse().ok()).collect();
            return (!numbers.is_empty()).then_some(Self { numbers, before: None });
        }
        let text = text.strip_prefix('v').unwrap_or(text);
        // What stands behind a plus says how it was built, not what it is.
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, before) = match text.split_once('-') {
            Some((core, before)) => (core, Some(before)),
            None => (text, None),
        };
        let mut numbers = core.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let part = |text: &str| text.parse().map_or_else(|_| Part::Word(text.to_owned()), Part::Number);
        Some(Self { numbers, before: before.map(|before| before.split('.').map(part).collect()) })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.before, &other.before) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(ours), Some(theirs)) => ours.cmp(theirs),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
