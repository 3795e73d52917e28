//! The schemas that slipway publishes (README.md) are those of its types: what `-o json` writes, a reader can check.
//! After a wanted change: `INSTA_UPDATE=always cargo test --test schemas`, and read the difference before it is committed.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the schema has failed")]

use std::path::PathBuf;
use std::time::Duration;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use slipway::event::{Done, Event, EventKind, VERSION};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/schemas/event.json")
}

/// The schema of what is written, not of what would be understood: a field that is always there is required.
fn of_the_type() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Event>().to_value()
}

/// The published schema.
fn published() -> Value {
    serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap()
}

/// The names that an object of the schema requires.
fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn the_published_schema_of_events_is_the_one_of_the_type() {
    let wanted = format!("{}\n", serde_json::to_string_pretty(&of_the_type()).unwrap());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), &wanted).unwrap();
    }
    // A checkout may have changed the ends of lines.
    let found = std::fs::read_to_string(file()).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        found == wanted,
        "assets/schemas/event.json is not the schema of event::Event.\n\
         Was a field or a kind removed or changed? Then raise event::VERSION.\n\
         Then: INSTA_UPDATE=always cargo test --test schemas"
    );
}

#[test]
fn an_event_as_it_is_written_has_the_fields_that_its_schema_names() {
    let schema = published();
    let event = Event {
        version: VERSION,
        at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: Duration::from_millis(1_250),
        step: Some("Deployment.apps/inngest/inngest".into()),
        kind: EventKind::StepFinished { done: Done::Created },
    };
    let written = serde_json::to_value(&event).unwrap();
    for name in required(&schema) {
        assert!(written.get(name).is_some(), "the schema requires {name}");
    }
    for name in written.as_object().unwrap().keys() {
        assert!(schema["properties"].get(name).is_some(), "the schema does not know {name}");
    }
    let kinds = schema["$defs"]["EventKind"]["oneOf"].as_array().unwrap();
    let kind = kinds.iter().find(|kind| kind["properties"]["type"]["const"] == written["kind"]["type"]).unwrap();
    for name in required(kind) {
        assert!(written["kind"].get(name).is_some(), "the schema requires {name} of {}", written["kind"]["type"]);
    }
}
