//! What was seen on the way in, for people.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::object::Object;
use crate::plan::existing::Left;
use crate::plan::set::RELEASE;
use crate::view::way::{LeftSeen, ReleaseSeen};

/// The releases that ConfigMaps of revisions belong to, each with its newest.
pub(super) fn releases(revisions: &[Object]) -> Vec<ReleaseSeen> {
    let mut releases: BTreeMap<String, ReleaseSeen> = BTreeMap::new();
    for found in revisions.iter().filter(|found| found.at(&["data", "format"]).is_some()) {
        let name = found.label(RELEASE).unwrap_or("").to_string();
        let revision = found.text(&["data", "revision"]).parse().unwrap_or(0);
        let newest = releases.entry(name.clone()).or_default();
        if revision >= newest.revision {
            *newest = ReleaseSeen {
                name,
                product: found.text(&["data", "product"]).into(),
                version: found.text(&["data", "version"]).into(),
                profile: String::new(),
                revision,
                outcome: found.text(&["data", "outcome"]).into(),
            };
        }
    }
    releases.into_values().collect()
}

/// What an earlier install of a release left, for people.
pub(super) fn left(facts: &crate::facts::NamespaceFacts, release: &str) -> Vec<LeftSeen> {
    let left = Left::of(facts, release);
    let claims = left.claims.iter().map(|claim| (&claim.name, format!("volume, {}", claim.size)));
    let keys = left.keys.iter().map(|key| (&key.name, "keys".to_string()));
    claims.chain(keys).map(|(name, about)| LeftSeen { name: name.clone(), about }).collect()
}

pub(super) fn nodes(facts: &Facts) -> String {
    match facts.nodes.known().map(Vec::len) {
        None => "nodes may not be listed".into(),
        Some(1) => "1 node".into(),
        Some(count) => format!("{count} nodes"),
    }
}

/// What the facts say so far, in a line.
pub(super) fn checks(facts: &Facts) -> String {
    format!("{} {}, {}", facts.git_version, facts.provider, nodes(facts)).replace(" ,", ",")
}
