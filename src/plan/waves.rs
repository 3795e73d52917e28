//! The order in which objects are written (cluster.md 4 "Waves"): by kind, then by declared dependency; the author's order
//! breaks ties.

use std::collections::{BTreeMap, BTreeSet};

use super::Wanted;
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};

/// Where a kind stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Definitions,
    /// Whatever pods stand on and what needs no pod itself: configuration, rights, volumes, services. None of it waits for
    /// another of it, so that it is one wave.
    Ground,
    Workloads,
    Exposure,
}

fn rank(object: &Object) -> Rank {
    match (object.group(), object.kind()) {
        ("apiextensions.k8s.io", _) => Rank::Definitions,
        ("", "Pod" | "ReplicationController") | ("apps" | "batch", _) => Rank::Workloads,
        // Before the pods that they are about: a policy that comes later has a gap.
        ("" | "rbac.authorization.k8s.io" | "scheduling.k8s.io" | "storage.k8s.io", _)
        | ("networking.k8s.io", "NetworkPolicy")
        | ("admissionregistration.k8s.io", _) => Rank::Ground,
        _ => Rank::Exposure,
    }
}

/// The order of a plan's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waves {
    /// For each object, in the order in which they were given: its wave, and the objects that must be ready before.
    pub places: Vec<(u32, Vec<ObjectId>)>,
    /// Titles of the waves by number.
    pub titles: Vec<String>,
}

/// The group that a name of `$after` means: `components.database` and `database` are the same.
fn group_of(name: &str) -> &str {
    name.strip_prefix("components.").unwrap_or(name)
}

/// Sorts objects into waves. `groups` are the names of all groups of the product, those that render nothing included:
/// waiting for one that is off is waiting for nothing.
///
/// # Errors
/// A name in `$after` that no group has, and groups that wait for each other.
pub fn waves(wanted: &[Wanted], groups: &BTreeSet<&str>) -> Result<Waves, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in wanted {
        for name in &item.after {
            let group = group_of(name);
            if !groups.contains(group) {
                let near = crate::suggest::nearest(group, groups.iter().copied());
                let remedy = near.map(|near| format!("did you mean {near}?")).unwrap_or_default();
                findings.push(
                    Finding::new("UNKNOWN_GROUP", Severity::Error, format!("waits for `{name}`, which is no group"))
                        .at(item.object.id().to_string())
                        .remedy(remedy),
                );
            } else if group == item.group {
                findings.push(cycle(&[group]));
            } else {
                before.entry(&item.group).or_default().insert(group);
            }
        }
    }
    if let Some(circle) = circle(&before) {
        findings.push(cycle(&circle));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut depths = BTreeMap::new();
    let keys: Vec<(Rank, u32)> = wanted.iter().map(|item| place(item, wanted, &mut depths)).collect();
    let numbers: BTreeMap<(Rank, u32), u32> =
        keys.iter().collect::<BTreeSet<_>>().into_iter().zip(0..).map(|(key, number)| (*key, number)).collect();
    let titles = numbers.keys().map(|key| title(*key, &keys, wanted)).collect();
    let places = wanted
        .iter()
        .zip(&keys)
        .map(|(item, key)| {
            let after: BTreeSet<&str> = item.after.iter().map(|name| group_of(name)).collect();
            let after = wanted
                .iter()
                .filter(|other| after.contains(other.group.as_str()) && rank(&other.object) == Rank::Workloads)
                .map(|other| other.object.id());
            (numbers[key], after.collect())
        })
        .collect();
    Ok(Waves { places, titles })
}

/// The rank of an object and, among workloads, how many others it waits behind.
fn place<'a>(item: &'a Wanted, all: &'a [Wanted], depths: &mut BTreeMap<&'a str, u32>) -> (Rank, u32) {
    let mut depth = 0;
    for name in &item.after {
        let group = group_of(name);
        let behind = match depths.get(group) {
            Some(depth) => *depth,
            None => {
                let workloads = all
                    .iter()
                    .filter(|other| other.group == group && rank(&other.object) == Rank::Workloads)
                    .map(|other| place(other, all, depths).1 + 1)
                    .max()
                    .unwrap_or(0);
                depths.insert(group, workloads);
                workloads
            }
        };
        depth = depth.max(behind);
    }
    match rank(&item.object) {
        // What is held back until a workload is ready cannot stand before it.
        early if early < Rank::Workloads && depth > 0 => (Rank::Workloads, depth),
        Rank::Workloads => (Rank::Workloads, depth),
        other => (other, 0),
    }
}

fn title(key: (Rank, u32), keys: &[(Rank, u32)], wanted: &[Wanted]) -> String {
    match key.0 {
        Rank::Definitions => "Custom resource definitions".into(),
        Rank::Ground => "Configuration, rights, volumes and services".into(),
        Rank::Exposure => "Scaling and exposure".into(),
        Rank::Workloads => {
            let mut groups: Vec<&str> = Vec::new();
            for (item, _) in wanted.iter().zip(keys).filter(|(_, other)| **other == key) {
                if !groups.contains(&item.group.as_str()) {
                    groups.push(&item.group);
                }
            }
            format!("Workloads: {}", groups.join(", "))
        }
    }
}

fn cycle(groups: &[&str]) -> Finding {
    let way = groups.iter().chain(groups.first()).copied().collect::<Vec<_>>().join(" → ");
    Finding::new("WAIT_CYCLE", Severity::Error, format!("groups wait for each other: {way}"))
        .why("none of them could ever be begun")
        .remedy("take one of them out of $after")
}

/// The first circle among groups that wait for each other.
fn circle<'a>(before: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    fn walk<'a>(
        at: &'a str,
        before: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = way.iter().position(|group| *group == at) {
            return Some(way[start..].to_vec());
        }
        if !done.insert(at) {
            return None;
        }
        way.push(at);
        let found = before.get(at).into_iter().flatten().find_map(|next| walk(next, before, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    before.keys().find_map(|group| walk(group, before, &mut Vec::new(), &mut done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted(group: &str, api_version: &str, kind: &str, name: &str, after: &[&str]) -> Wanted {
        Wanted {
            object: Object(
                json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "n"}}),
            ),
            group: group.into(),
            after: after.iter().map(ToString::to_string).collect(),
            recipes: BTreeMap::new(),
        }
    }

    const GROUPS: [&str; 4] = ["server", "database", "queue", "off"];

    fn of(wanted: &[Wanted]) -> Result<Waves, Vec<Finding>> {
        waves(wanted, &GROUPS.into())
    }

    #[test]
    fn kinds_come_in_their_order_and_workloads_behind_what_they_wait_for() {
        let waves = of(&[
            wanted("server", "networking.k8s.io/v1", "Ingress", "a", &[]),
            wanted("server", "apps/v1", "Deployment", "b", &["components.database", "queue", "components.off"]),
            wanted("server", "v1", "Service", "c", &[]),
            wanted("database", "apps/v1", "StatefulSet", "d", &[]),
            wanted("queue", "apps/v1", "StatefulSet", "e", &[]),
            wanted("database", "v1", "PersistentVolumeClaim", "f", &[]),
            wanted("server", "v1", "Secret", "g", &[]),
            wanted("server", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "h", &[]),
        ])
        .unwrap();
        let numbers: Vec<u32> = waves.places.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [4, 3, 1, 2, 2, 1, 1, 0]);
        let after: Vec<String> = waves.places[1].1.iter().map(ToString::to_string).collect();
        assert_eq!(after, ["StatefulSet.apps/n/d", "StatefulSet.apps/n/e"], "a claim is not waited for on its own");
        assert_eq!(waves.titles[2], "Workloads: database, queue");
        assert_eq!(waves.titles[3], "Workloads: server");
        assert_eq!(waves.titles.len(), 5);
    }

    #[test]
    fn waiting_for_a_component_that_is_off_is_waiting_for_nothing() {
        let waves = of(&[wanted("server", "apps/v1", "Deployment", "b", &["components.off"])]).unwrap();
        assert_eq!(waves.places, [(0, vec![])]);
    }

    #[test]
    fn groups_that_wait_for_each_other_are_a_finding_that_names_the_circle() {
        let findings = of(&[
            wanted("server", "apps/v1", "Deployment", "a", &["queue"]),
            wanted("queue", "apps/v1", "Deployment", "b", &["database"]),
            wanted("database", "apps/v1", "Deployment", "c", &["server"]),
        ])
        .unwrap_err();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "WAIT_CYCLE");
        assert!(findings[0].what.contains("database → server → queue → database"), "{}", findings[0].what);
    }

    #[test]
    fn waiting_for_something_unknown_is_a_finding_with_the_nearest_name() {
        let findings = of(&[wanted("server", "apps/v1", "Deployment", "a", &["databse"])]).unwrap_err();
        assert!(findings[0].remedy.contains("database"), "{findings:?}");
    }
}
