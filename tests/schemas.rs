//! The schemas that slipway publishes (README.md) are those of its types: what `-o json` writes, a reader can check.
//! After a wanted change: `INSTA_UPDATE=always cargo test --test schemas`, and read the difference before it is committed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read the schema has failed")]

#[path = "schemas/files.rs"]
mod files;
#[path = "schemas/validate.rs"]
mod validate;

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use slipway::event::{Done, Event, EventKind, VERSION};
use slipway::product::load::{Components, Files, load};
use slipway::product::node;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn file() -> PathBuf {
    root().join("assets/schemas/event.json")
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

/// The schemas of the files that people write, by name.
fn of_files() -> [(&'static str, Value); 5] {
    [
        ("product", files::product()),
        ("component", files::component()),
        ("profile", files::profile()),
        ("adopt", files::adopt()),
        ("answers", files::answers()),
    ]
}

/// The mappings of a YAML file.
fn read(text: &str) -> Vec<Value> {
    node::parse("file", text).unwrap().iter().map(node::Node::to_json).collect()
}

fn faults(name: &str, text: &str) -> Vec<String> {
    let schema = of_files().into_iter().find(|(known, _)| *known == name).unwrap().1;
    read(text).iter().flat_map(|value| validate::faults(&schema, &schema, value, "")).collect()
}

/// Every file that is built in, or of a fixture, and has a schema: its path, and the schema's name.
fn built_in() -> Vec<(PathBuf, &'static str)> {
    fn folders(of: &Path) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }
    let mut found = Vec::new();
    let products = folders(&root().join("profiles")).into_iter().chain(folders(&root().join("tests/fixtures")));
    for folder in products.filter(|folder| folder.join("product.yaml").exists()) {
        for path in folders(&folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
            let name = match path.file_name().unwrap().to_str().unwrap() {
                "product.yaml" => "product",
                "adopt.yaml" => "adopt",
                _ => "profile",
            };
            found.push((path, name));
        }
    }
    for folder in folders(&root().join("assets/components")) {
        found.push((folder.join("component.yaml"), "component"));
    }
    found
}

#[test]
fn the_published_schemas_of_files_are_those_of_their_source() {
    for (name, schema) in of_files() {
        let path = root().join(format!("assets/schemas/{name}.json"));
        let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            found == wanted,
            "assets/schemas/{name}.json is not what tests/schemas/files.rs says: INSTA_UPDATE=always cargo test --test schemas"
        );
    }
}

#[test]
fn every_built_in_file_names_its_schema_and_is_accepted_by_it() {
    for (path, name) in built_in() {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        let named = first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| {
            panic!("{}: its first line names no schema: # yaml-language-server: $schema=", path.display())
        });
        let schema = path.parent().unwrap().join(named).canonicalize().unwrap();
        assert_eq!(schema, root().join(format!("assets/schemas/{name}.json")).canonicalize().unwrap());
        assert_eq!(faults(name, &text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn the_files_of_a_new_product_are_accepted_by_the_schemas_that_come_with_them() {
    let files = slipway::product::beginning::files("shop");
    let mut judged = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".yaml") && !path.contains('/')) {
        let name = if path == "product.yaml" { "product" } else { "profile" };
        let named = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
        let published = std::fs::read_to_string(root().join(format!("assets/schemas/{name}.json"))).unwrap();
        assert_eq!(files[named].replace("\r\n", "\n"), published.replace("\r\n", "\n"), "{path}");
        assert_eq!(faults(name, text), Vec::<String>::new(), "{path}");
        judged += 1;
    }
    assert_eq!(judged, 4);
}

#[test]
fn a_file_with_an_unknown_key_or_a_wrong_type_is_refused() {
    let product = "slipway: 1\nname: a\ntitle: A\nabout: x\nprofiles: [dev]\nversions: {default: v1}\n";
    assert_eq!(faults("product", product), Vec::<String>::new());
    let question = |question: &str| format!("{product}pages: [{{id: p, title: P, questions: [{question}]}}]\n");
    assert_eq!(faults("product", &question("{id: a, type: text, ask: A}")), Vec::<String>::new());
    for (name, text) in [
        ("product", format!("{product}titel: x\n")),
        ("product", format!("{product}versions: {{default: latest}}\n").replacen("versions: {default: v1}\n", "", 1)),
        ("product", question("{id: a, type: txt, ask: A}")),
        ("product", question("{id: A, type: text, ask: A}")),
        ("product", question("{id: a, type: text}")),
        ("product", question("{id: a, type: text, ask: A, wen: b}")),
        ("product", question("{id: a, type: choice, ask: A}")),
        ("product", question("{id: a, type: list, ask: A, fields: []}")),
        ("product", format!("{product}keys: {{k: {{ask: K, generate: {{hex: 3}}}}}}\n")),
        ("product", format!("{product}health: [{{group: a}}]\n")),
        ("component", "slipway: 1\nname: a\nwaitfor: {}\n".into()),
        ("component", "slipway: 1\nname: a\ninputs: {a: {typ: text}}\n".into()),
        ("profile", "title: A\nabout: x\nanswer: {}\n".into()),
        ("profile", "title: A\nabout: x\nproduction: 1\n".into()),
        ("adopt", "slipway: 1\nchart: a\nversions: '1'\nanswers: {a: [{when: [Deployment/a]}]}\n".into()),
        ("adopt", "slipway: 1\nchart: a\nversions: '1'\nanswers: {a: [{is: 1, from: 'values:/a'}]}\n".into()),
        ("adopt", "slipway: 1\nchart: a\nversions: '1'\nanswers: {}\ndata: [{workload: Deployment/a}]\n".into()),
        ("answers", "slipway: {profil: dev}\n".into()),
        ("answers", "Replicas: 2\n".into()),
    ] {
        assert!(!faults(name, &text).is_empty(), "{name} accepts:\n{text}");
    }
}

/// What the loader takes, the schema takes: the loader tells its keys where one is unknown.
#[test]
fn the_schemas_know_the_keys_that_the_loader_knows() {
    let text = "slipway: 1\nname: a\ntitle: A\nabout: x\nprofiles: [dev]\nversions: {default: v1, zzzzzz: 1}\nzzzzzz: 1\n\
        checks: [{zzzzzz: 1}]\nnotes: [{zzzzzz: 1}]\ngates: [{zzzzzz: 1}]\nmigration: {zzzzzz: 1}\nallow: [{zzzzzz: 1}]\n\
        logPatterns: [{zzzzzz: 1}]\nhealth: [{zzzzzz: 1, http: {zzzzzz: 1}}, {exec: {zzzzzz: 1}}]\n\
        keys: {k: {zzzzzz: 1}}\ncomponents: {c: {zzzzzz: 1}}\nusual: {zzzzzz: 1}\n\
        pages: [{zzzzzz: 1, questions: [{id: q, type: text, zzzzzz: 1}]}]\n";
    let files = Files::from([("product.yaml".to_owned(), text.as_bytes().to_vec())]);
    let told = load("demo", &files, &Components::new()).unwrap_err();
    let schema = serde_json::to_string(&files::product()).unwrap();
    let known: Vec<String> = told
        .iter()
        .filter(|fault| fault.code == "UNKNOWN_KEY")
        .flat_map(|fault| {
            fault.remedy.trim_start_matches("known are ").split(", ").map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert!(known.len() > 50, "{known:?}");
    for key in known {
        assert!(schema.contains(&format!("\"{key}\":")), "the loader knows `{key}`, the schema does not");
    }
}
