//! `docs/products.md` is true: its products load and lint, its pieces render what it shows, its commands print what stands
//! under them.
//!
//! What follows `yaml` on the first line of a block says what the block is. A path: a file of a product, written for the commands
//! that follow. `piece`: a part of `product.yaml`, then objects; put into a frame, it lints without a finding. `renders`, with
//! answers: objects that the piece before makes of them, as far as they are shown. `refuses`, with answers: what is wrong with
//! them. `wrong`: a piece whose findings are in the `text` that follows. `…` stands for anything.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use serde_json::{Map, Value, json};
use slipway::answers::Form;
use slipway::answers::form::{Layers, NoSources, Place};
use slipway::answers::view::{Input, SecretInput};
use slipway::facts::Facts;
use slipway::plan::render::render;
use slipway::product::embedded;
use slipway::product::load::{Files, load};
use slipway::product::node;
use slipway::product::schema::Product;
use slipway::secret::SecretText;

use crate::program;

/// The guide, as it is now.
static GUIDE: LazyLock<String> =
    LazyLock::new(|| std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/products.md")).unwrap());
const HEAD: [(&str, &str); 6] = [
    ("slipway", "1"),
    ("name", "shop"),
    ("title", "Shop"),
    ("about", "A frame for pieces"),
    ("profiles", "[development]"),
    ("versions", "{default: 1.0.0}"),
];
/// What stands in the group `server` where a piece brings no objects.
const SERVER: &str = "apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
";

/// A fenced block: the line of the guide, what is behind the three ticks, and what it holds.
struct Block {
    line: usize,
    info: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in GUIDE.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                blocks.push(Block { line: number + 1, info: info.trim().to_owned(), text: String::new() });
            }
            None if open => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "a block of the guide has no end");
    blocks
}

/// Whether a text is what the guide shows, where `…` stands for anything.
fn like(shown: &str, text: &str) -> bool {
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty() };
    for piece in between {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// Whether lines are what the guide shows, where a line of `…` stands for any number of lines.
fn all_like(shown: &[&str], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((&"…", after)) => (0..=lines.len()).any(|skipped| all_like(after, &lines[skipped..])),
        Some((line, after)) => lines.split_first().is_some_and(|(one, rest)| like(line, one) && all_like(after, rest)),
    }
}

/// The documents of a block, as text.
fn documents(text: &str) -> Vec<String> {
    text.split("---\n").map(str::to_owned).collect()
}

/// A piece in its frame. What a piece asks and does not use itself is used by the frame, unless it is `wrong`.
fn framed(text: &str, wrong: bool) -> Files {
    let (objects, parts): (Vec<String>, Vec<String>) = documents(text).into_iter().partition(|document| {
        let first = document.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
        document.contains("\nkind: ") && (first.starts_with("apiVersion: ") || first.starts_with('$'))
    });
    let mut product: String = parts.concat();
    for (key, value) in HEAD {
        if !product.lines().any(|line| line.starts_with(&format!("{key}:"))) {
            product.push_str(&format!("{key}: {value}\n"));
        }
    }
    let mut files = Files::from([
        ("development.yaml".to_owned(), b"title: Development\nabout: The frame\n".to_vec()),
        ("manifests/server.yaml".to_owned(), SERVER.as_bytes().to_vec()),
    ]);
    if !objects.is_empty() {
        files.insert("manifests/server.yaml".to_owned(), objects.join("---\n").into_bytes());
    }
    if !wrong {
        files.insert("manifests/answers.yaml".to_owned(), answers(&product, &objects.concat()).into_bytes());
    }
    files.insert("product.yaml".to_owned(), product.into_bytes());
    files
}

/// Objects that read every answer, but no secret that the piece reads itself.
fn answers(product: &str, objects: &str) -> String {
    let read: Value = node::parse("product.yaml", product).unwrap()[0].to_json();
    let (mut clean, mut secret) = (Map::new(), Map::new());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for page in list(&read["pages"]) {
        for question in list(&page["questions"]).iter().filter(|question| question["id"].is_string()) {
            let path = question["id"].as_str().unwrap();
            if question["type"] == "secret" && !objects.contains(path) {
                secret.insert(path.to_owned(), json!(format!("${{{path}}}")));
            } else if question["type"] != "secret" {
                clean.insert(path.to_owned(), json!({"$json": {"of": format!("${{{path}}}")}}));
            }
        }
        for key in list(&page["keys"]) {
            let path = format!("keys.{}", key.as_str().unwrap());
            if !objects.contains(&path) {
                secret.insert(path.clone(), json!(format!("${{{path}}}")));
            }
        }
    }
    let object = |kind: &str, data: Map<String, Value>| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "answers"}, "data": data});
    format!("{}\n---\n{}\n", object("ConfigMap", clean), object("Secret", secret))
}

/// What is wrong with a piece, as `slipway products lint` tells it.
fn findings(files: &Files) -> (Option<Arc<Product>>, Vec<String>) {
    let (product, found) = match load("shop", files, &embedded::components()) {
        Ok(product) => {
            let product = Arc::new(product);
            let report = slipway::lint::lint(&product);
            (Some(product), report.findings)
        }
        Err(found) => (None, found),
    };
    let said = found.iter().map(|one| format!("{} at {}: {}", one.code, one.at, one.what)).collect();
    (product, said)
}

/// A form over a piece with the answers that stand behind `renders` or `refuses`.
fn form(product: &Arc<Product>, given: &str) -> Form {
    let place = Place { namespace: "shop".into(), release: "shop".into(), profile: "development".into() };
    let facts = Arc::new(Facts::assumed());
    let mut form = Form::new(Arc::clone(product), place, facts, Layers::default(), Arc::new(NoSources), [9; 32]);
    for (path, text) in given.split_whitespace().filter_map(|one| one.split_once('=')) {
        let secret = form.product().questions[path].is_secret() && !text.starts_with("secret:");
        let value = || Input::Secret(SecretInput::Value(SecretText::new(text)));
        // Answers that depend on each other are complete only together.
        let _for_now = form.set(path, if secret { value() } else { Input::Text(text.to_owned()) });
    }
    form
}

/// The objects that a piece makes of answers; the entries of Secrets as plain text.
fn rendered(product: &Arc<Product>, given: &str) -> Vec<Value> {
    let form = form(product, given);
    assert_eq!(form.faults(), [], "{given}");
    let base64 = base64::engine::general_purpose::STANDARD;
    let rendered = render(&form.world()).unwrap();
    rendered
        .objects
        .into_iter()
        .map(|wanted| {
            let mut object = wanted.object.0.clone();
            if object["kind"] == "Secret" {
                for value in object["data"].as_object_mut().into_iter().flat_map(Map::values_mut) {
                    let plain = base64.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
                    *value = json!(String::from_utf8_lossy(&plain));
                }
            }
            for (key, recipe) in &wanted.recipes {
                let value = recipe.resolve(&|path, _| form.secrets().value(path).cloned()).unwrap();
                match value {
                    Some(value) => object["data"][key] = json!(value.expose()),
                    None => drop(object["data"].as_object_mut().map(|data| data.remove(key))),
                }
            }
            object
        })
        .collect()
}

/// Where a value is not what is shown of it; lists are shown whole.
fn differs(shown: &Value, value: &Value, at: &str) -> Option<String> {
    let here = || Some(format!("{at}: shown is {shown}, and it is {value}"));
    match (shown, value) {
        (Value::Object(shown), Value::Object(map)) => {
            // What is shown of data is all of it.
            if at == ".data" && shown.len() != map.len() {
                return here();
            }
            shown.iter().find_map(|(key, shown)| differs(shown, &map[key.as_str()], &format!("{at}.{key}")))
        }
        (Value::Array(shown), Value::Array(list)) if shown.len() == list.len() => {
            let mut pairs = shown.iter().zip(list).enumerate();
            pairs.find_map(|(number, (shown, value))| differs(shown, value, &format!("{at}[{number}]")))
        }
        (Value::String(shown), Value::String(text)) => {
            if like(shown, text) {
                None
            } else {
                here()
            }
        }
        _ => {
            if shown == value {
                None
            } else {
                here()
            }
        }
    }
}

#[test]
fn every_piece_of_the_guide_lints_renders_and_refuses_as_it_says() {
    let mut current: Option<Arc<Product>> = None;
    let mut told: Vec<String> = Vec::new();
    let mut faults = Vec::new();
    let mut seen = 0;
    for block in blocks() {
        let (kind, given) = block.info.strip_prefix("yaml ").unwrap_or(&block.info).split_once(' ').map_or_else(
            || (block.info.strip_prefix("yaml ").unwrap_or(&block.info), ""),
            |(kind, given)| (kind, given),
        );
        let mut fault = |what: String| faults.push(format!("docs/products.md:{}: {what}", block.line));
        seen += 1;
        match kind {
            "piece" => {
                let (product, found) = findings(&framed(&block.text, false));
                found.into_iter().for_each(&mut fault);
                current = product;
            }
            "wrong" => {
                (_, told) = findings(&framed(&block.text, true));
                assert!(!told.is_empty(), "line {}: nothing is wrong", block.line);
            }
            "text" => {
                let shown: Vec<&str> = block.text.lines().collect();
                let lines: Vec<&str> = told.iter().map(String::as_str).collect();
                if !all_like(&shown, &lines) {
                    fault(format!("what is found is\n{}", told.join("\n")));
                }
            }
            "renders" => {
                let Some(product) = &current else { continue };
                let objects = rendered(product, given);
                for shown in node::parse("shown", &block.text).unwrap().iter().map(node::Node::to_json) {
                    let same = |object: &&Value| {
                        object["kind"] == shown["kind"] && object["metadata"]["name"] == shown["metadata"]["name"]
                    };
                    match objects.iter().find(same) {
                        None => fault(format!("there is no {} {}", shown["kind"], shown["metadata"]["name"])),
                        Some(object) => differs(&shown, object, "").into_iter().for_each(&mut fault),
                    }
                }
            }
            "refuses" => {
                let Some(product) = &current else { continue };
                let form = form(product, given);
                let said: Vec<String> = form.faults().iter().map(|one| format!("{}: {}", one.path, one.what)).collect();
                let shown: Vec<&str> = block.text.lines().collect();
                if !all_like(&shown, &said.iter().map(String::as_str).collect::<Vec<_>>()) {
                    fault(format!("what is wrong is\n{}", said.join("\n")));
                }
            }
            "console" => {}
            path if path.contains(['/', '.']) => {}
            other => fault(format!("nothing is known of a block `{other}`")),
        }
    }
    assert!(seen > 30, "only {seen} blocks were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The commands of a block, each with the lines that it prints.
fn commands(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("$ slipway ") {
            Some(command) => commands.push((command, Vec::new())),
            None => commands.last_mut().unwrap().1.push(line),
        }
    }
    commands
}

#[test]
fn every_command_of_the_guide_prints_what_stands_under_it() {
    let at = tempfile::tempdir().unwrap();
    let mut ran = 0;
    for block in blocks() {
        if block.info == "console" {
            for (command, shown) in commands(&block.text) {
                ran += 1;
                let ended = program::slipway(at.path(), &command.split_whitespace().collect::<Vec<_>>());
                let lines: Vec<&str> = ended.said.lines().collect();
                assert!(
                    all_like(&shown, &lines),
                    "docs/products.md:{}: slipway {command} ends with {:?} and prints\n{}",
                    block.line,
                    ended.code,
                    ended.said
                );
            }
        } else if let Some(path) =
            block.info.strip_prefix("yaml ").filter(|path| path.contains(['/', '.']) && !path.contains(['=', ' ']))
        {
            let file = at.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(file, &block.text).unwrap();
        }
    }
    assert!(ran > 10, "only {ran} commands were found");
}

#[test]
fn every_component_says_what_each_of_its_inputs_is_and_what_it_makes() {
    let at = tempfile::tempdir().unwrap();
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/components")).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().to_string_lossy().into_owned());
    for name in names {
        let told = program::done(at.path(), &["products", "show", &name]);
        assert!(told.contains(", a component: ") && told.contains("\nmakes\n"), "{told}");
        let takes = told.split("takes\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
        let lines: Vec<&str> = takes.lines().collect();
        assert!(!lines.is_empty() && lines.len().is_multiple_of(2), "{name}: {takes}");
        for pair in lines.chunks(2) {
            assert!(!pair[0].starts_with("      ") && pair[1].starts_with("      "), "{name}: {pair:?}");
        }
    }
}

#[test]
fn the_guide_names_every_key_type_rule_function_and_component() {
    let named = |word: &str| {
        let names = GUIDE.lines().any(|line| line.trim_start_matches(['-', ' ', '{']).starts_with(&format!("{word}:")));
        names || [format!("`{word}"), format!("{{{word}:"), format!(" {word}:")].iter().any(|one| GUIDE.contains(one))
    };
    let schema: Value = serde_json::from_str(
        &std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/schemas/product.json")).unwrap(),
    )
    .unwrap();
    let question = &schema["$defs"]["question"]["properties"];
    let mut words: Vec<String> = slipway::lint::rules().map(str::to_owned).collect();
    words.extend(slipway::product::functions::NAMES.iter().map(|name| (*name).to_owned()));
    words.extend(embedded::components().into_keys());
    for keys in [&schema["properties"], question] {
        words.extend(keys.as_object().unwrap().keys().cloned());
    }
    words.extend(question["type"]["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
    assert!(words.len() > 50, "{words:?}");
    for word in &words {
        assert!(named(word), "the guide does not name `{word}`");
    }
}
