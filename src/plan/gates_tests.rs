use super::*;
use crate::product::load::built_in_for_tests;

fn gate(from: &str, to: &str, requires: &str, migrates: bool) -> Gate {
    Gate { from: from.into(), to: to.into(), say: format!("{from} to {to}"), requires: requires.into(), migrates }
}

fn product(gates: Vec<Gate>) -> Product {
    Product { gates, ..built_in_for_tests("inngest") }
}

fn versions(order: &str, part: Option<&str>) -> Versions {
    Versions { default: String::new(), accept: None, order: order.into(), part: part.map(str::to_owned) }
}

#[test]
fn the_way_between_two_versions_is_told_by_their_numbers() {
    let semver = versions("semver", None);
    for (installed, chosen, wanted) in [
        ("v1.43.0", "v1.43.0", Way::Same),
        ("v1.9.0", "v1.10.0", Way::Up),
        ("v1.10.0", "v1.9.99", Way::Down),
        ("1.2", "1.2.0", Way::Same),
        ("v1.2.0-rc.1", "v1.2.0", Way::Up),
        ("v1.2.0-rc.2", "v1.2.0-rc.10", Way::Up),
        ("v1.2.0", "v1.2.0-rc.1", Way::Down),
        ("1.2.0+build.7", "1.2.0", Way::Same),
        ("main", "v1.2.0", Way::Unknown),
        ("v1.2.0", "latest", Way::Unknown),
    ] {
        assert_eq!(way(&semver, installed, chosen), wanted, "{installed} {chosen}");
    }
    let cut = versions("semver", Some("^([0-9.]+)"));
    assert_eq!(way(&cut, "0.10.6-standard", "0.10.10-standard"), Way::Up);
    assert_eq!(way(&cut, "0.10.6-standard", "0.10.6-full"), Way::Same);
    let date = versions("date", None);
    assert_eq!(way(&date, "2026-01-30", "2026-02-01"), Way::Up);
    assert_eq!(way(&date, "2026.1.30", "2025.12.1"), Way::Down);
}

#[test]
fn a_gate_speaks_when_the_way_enters_or_leaves_its_range_and_one_that_migrates_also_inside() {
    let says = |one: &Gate, installed: &str, chosen: &str| {
        !speaking(&product(vec![one.clone()]), installed, chosen).is_empty()
    };
    let leaving = gate("v1.0.0", "v1.8.99", "stop", false);
    assert!(says(&leaving, "v1.7.0", "v1.43.0"));
    assert!(!says(&leaving, "v1.7.0", "v1.8.0"), "it stays inside");
    assert!(!says(&leaving, "v1.9.0", "v1.43.0"));
    let exact = gate("v1.40.0", "v1.40.0", "", true);
    assert!(says(&exact, "v1.39.0", "v1.40.0") && says(&exact, "v1.2.0", "v2.0.0"));
    assert!(!says(&exact, "v1.40.0", "v1.41.0") && !says(&exact, "v1.38.0", "v1.39.9"));
    assert!(!says(&exact, "v1.41.0", "v1.39.0"), "nothing is said on the way down but that it is one");
    let range = gate("v1.30.0", "v1.39.0", "", true);
    assert!(says(&range, "v1.31.0", "v1.32.0"), "each of them migrates");
    let open = gate("", "v2.0.0", "backup", false);
    assert!(says(&open, "v1.0.0", "v1.1.0") && !says(&open, "v2.0.0", "v2.1.0"));
    let done = gate("v1.20.0", "v1.20.0", "step", false);
    assert!(says(&done, "v1.19.0", "v1.20.0") && !says(&done, "v1.20.0", "v1.30.0"));
}

#[test]
fn versions_that_must_be_installed_in_between_come_in_their_order_and_once() {
    let product = product(vec![
        gate("v1.30.0", "v1.30.0", "step", false),
        gate("v1.10.0", "v1.20.0", "step", true),
        gate("v1.15.0", "v1.20.0", "step", false),
        gate("v1.25.0", "v1.25.0", "stop", false),
    ]);
    for (installed, chosen, wanted) in [
        ("v1.5.0", "v1.43.0", &["v1.20.0", "v1.30.0", "v1.43.0"][..]),
        ("v1.12.0", "v1.25.0", &["v1.20.0", "v1.25.0"]),
        ("v1.20.0", "v1.30.0", &["v1.30.0"]),
        ("v1.30.0", "v1.43.0", &["v1.43.0"]),
        ("v1.43.0", "v1.43.0", &["v1.43.0"]),
        ("v1.43.0", "v1.5.0", &["v1.5.0"]),
        ("main", "v1.43.0", &["v1.43.0"]),
    ] {
        assert_eq!(stops(&product, installed, chosen), wanted, "{installed} {chosen}");
    }
}

fn told(gates: Vec<Gate>, installed: &str, chosen: &str, caution: Caution) -> Vec<(String, Severity)> {
    let found = findings(&product(gates), (installed, chosen, chosen), "inngest", caution);
    found.into_iter().map(|finding| (finding.code, finding.severity)).collect()
}

#[test]
fn a_step_back_blocks_and_names_the_rollback() {
    let found = findings(&product(vec![]), ("v1.43.0", "v1.42.0", "v1.42.0"), "queue", Caution::default());
    assert_eq!((found[0].code.as_str(), found[0].severity), ("DOWNGRADE", Severity::Error));
    assert_eq!(found[0].what, "v1.42.0 is older than v1.43.0, which is installed");
    assert!(found[0].remedy.ends_with("slipway rollback queue"), "{}", found[0].remedy);
}

#[test]
fn what_a_gate_wants_decides_whether_it_blocks() {
    let none = Caution::default();
    let stop = vec![gate("v1.0.0", "v1.8.99", "stop", false)];
    assert_eq!(told(stop, "v1.8.0", "v1.43.0", none), [("GATE_STOP".to_owned(), Severity::Error)]);
    let says = vec![gate("v1.0.0", "v1.8.99", "", false)];
    assert_eq!(told(says, "v1.8.0", "v1.43.0", none), [("GATE".to_owned(), Severity::Warning)]);
}

#[test]
fn a_backup_is_offered_before_a_migration_and_required_in_production_unless_refused_by_name() {
    let gates = || vec![gate("v1.40.0", "v1.40.0", "", true)];
    let after = |caution| told(gates(), "v1.39.0", "v1.43.0", caution).split_off(1);
    let offered = |code: &str, severity| vec![(code.to_owned(), severity)];
    assert_eq!(after(Caution::default()), offered("BACKUP_OFFERED", Severity::Warning));
    let production = Caution { production: true, ..Caution::default() };
    assert_eq!(after(production), offered("BACKUP_REQUIRED", Severity::Error));
    assert_eq!(after(Caution { without_backup: true, ..production }), []);
    assert_eq!(after(Caution { backup: true, ..production }), offered("BACKUP_FIRST", Severity::Info));
    let back = Caution { without_backup: true, back_on_failure: true, ..Caution::default() };
    assert_eq!(after(back), offered("NO_ROLLBACK_ON_FAILURE", Severity::Error));
    assert!(migrates(&product(gates()), "v1.39.0", "v1.43.0"));
    let backup = vec![gate("v1.40.0", "v1.40.0", "backup", false)];
    assert!(wants_backup(&product(backup.clone()), "v1.39.0", "v1.43.0"));
    assert!(!migrates(&product(backup), "v1.39.0", "v1.43.0"));
}

#[test]
fn the_gate_of_inngest_speaks_to_those_who_come_from_before_hex_keys() {
    let inngest = built_in_for_tests("inngest");
    assert_eq!(speaking(&inngest, "v1.8.0", "v1.43.0").len(), 1);
    assert!(speaking(&inngest, "v1.9.0", "v1.43.0").is_empty());
}
