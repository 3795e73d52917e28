use serde_json::json;

use super::*;
use crate::plan::FieldChange;
use crate::view::rehearsal::{blocking, overview};

#[test]
fn a_secret_s_entries_say_what_they_are_made_of_and_never_what_they_are() {
    let rows = overview().rows();
    let told: Vec<String> =
        rows.iter().filter(|row| row.kind == "Secret").flat_map(|row| &row.fields).map(Field::to_string).collect();
    assert!(told.contains(&"INNGEST_EVENT_KEY: hidden, made of keys.event".to_string()), "{told:?}");
    assert!(told.contains(&"TOKEN: hidden".to_string()), "{told:?}");
    let mut changed = overview().plan.steps.remove(0);
    let change = |from, to| FieldChange { path: "data.TOKEN".into(), from, to };
    let fields = vec![change(Some(json!("hidden")), Some(json!("aHVudGVyMg=="))), change(None, Some(json!("x")))];
    changed.action = Action::Change { fields, restarts: true };
    let told: Vec<String> = row(&changed).fields.iter().map(Field::to_string).collect();
    assert_eq!(told, ["data.TOKEN: changes, hidden", "data.TOKEN: new, hidden"]);
}

#[test]
fn a_text_of_several_lines_shows_the_lines_that_change() {
    let mut step = overview().plan.steps.remove(2);
    let (from, to) = (json!("a: 1\nb: 2\n"), json!("a: 1\nb: 3\n"));
    let fields = vec![FieldChange { path: "data.config".into(), from: Some(from), to: Some(to) }];
    step.action = Action::Change { fields, restarts: false };
    let told: Vec<String> = row(&step).fields.iter().map(Field::to_string).collect();
    assert_eq!(told, ["data.config: these lines change", "  - b: 2", "  + b: 3"]);
}

#[test]
fn the_usual_time_is_told_as_people_say_it_and_not_at_all_when_nothing_is_done() {
    let mut overview = overview();
    assert_eq!(overview.usual(), "usually 40 s to 2 min");
    overview.plan.namespace_exists = true;
    overview.plan.keys.exists = true;
    for step in &mut overview.plan.steps {
        step.action = Action::Keep;
    }
    assert_eq!(overview.usual(), "");
}

#[test]
fn a_cluster_that_looks_like_production_is_named_so_and_the_practice_cluster_never_is() {
    let mut overview = overview();
    assert_eq!(overview.production().as_deref(), Some("its name says production"));
    overview.plan.target.practice = true;
    assert_eq!(overview.production(), None);
}

#[test]
fn what_was_skipped_by_its_code_is_shown_and_blocks_no_longer() {
    let mut overview = overview();
    overview.findings.push(blocking());
    assert_eq!(overview.blocking().len(), 1);
    overview.skipped.push("STORAGE_CLASS_MISSING".into());
    assert!(overview.blocking().is_empty() && overview.is_skipped(overview.found(Severity::Error)[0]));
}
