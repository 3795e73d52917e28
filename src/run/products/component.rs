//! What a component takes, asks, makes and gives: all that the author of a product has to know of it.

use std::fmt::Write as _;

use crate::finding::Finding;
use crate::product::load::Files;
use crate::product::node::{Node, parse};

/// `slipway products show NAME` of a component, out of its own files.
///
/// # Errors
/// A file that is not YAML.
pub(super) fn show(name: &str, files: &Files) -> Result<String, Vec<Finding>> {
    let read = |file: &str| match files.get(file) {
        Some(bytes) => parse(&format!("components/{name}/{file}"), &String::from_utf8_lossy(bytes)),
        None => Ok(Vec::new()),
    };
    let definition = read("component.yaml")?;
    let Some(head) = definition.first() else { return Ok(String::new()) };
    let word = |key: &str| text(head, key).unwrap_or_else(|| name.to_string());
    let mut told = format!("{}, a component: {}\nuse: {name}\n", word("title"), word("about"));
    section(&mut told, "takes", head.get("inputs"), |(key, input)| {
        let say = text(input, "say").map(|say| format!("\n      {say}")).unwrap_or_default();
        format!("{key}: {}{say}", kind(input))
    });
    section(&mut told, "asks", head.get("questions"), |(_, question)| {
        let (id, ask) = (text(question, "id").unwrap_or_default(), text(question, "ask").unwrap_or_default());
        format!("ID.{id}: {}{}\n      {ask}", kind(question), condition(question, "when"))
    });
    section(&mut told, "keeps a key", head.get("keys"), |(key, made)| {
        format!("ID.{key}{}\n      {}", condition(made, "when"), text(made, "ask").unwrap_or_default())
    });
    section(&mut told, "gives", head.get("outputs"), |(key, _)| format!("components.ID.{key}"));
    let mut made = Vec::new();
    for file in files.keys().filter(|file| file.starts_with("manifests/")) {
        made.extend(read(file)?.iter().map(|object| {
            let name = object.get("metadata").and_then(|metadata| text(metadata, "name")).unwrap_or_default();
            format!("{} {name}{}", text(object, "kind").unwrap_or_default(), condition(object, "$when"))
        }));
    }
    lines(&mut told, "makes", made);
    let brought = [
        ("waitFor", "a container that waits for it"),
        ("health", "health checks"),
        ("backup", "backup and restore"),
        ("logPatterns", "what lines of its log mean"),
    ];
    let brought = brought.iter().filter(|(key, _)| head.get(key).is_some()).map(|(_, what)| (*what).to_owned());
    lines(&mut told, "brings", brought.collect());
    Ok(told)
}

fn section(told: &mut String, title: &str, node: Option<&Node>, line: impl Fn((String, &Node)) -> String) {
    let Some(node) = node else { return };
    let map = node.as_map().unwrap_or_default().iter().map(|(key, node)| (key.text.clone(), node));
    let list = node.as_list().unwrap_or_default().iter().map(|node| (String::new(), node));
    lines(told, title, map.chain(list).map(line).collect());
}

fn lines(told: &mut String, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let _written = write!(told, "\n{title}\n  {}\n", lines.join("\n  "));
    }
}

/// Its type, what it is when nobody says anything, and whether it may be left out.
fn kind(of: &Node) -> String {
    let kind = match of.get("choices").and_then(Node::as_map) {
        Some(choices) => choices.iter().map(|(key, _)| key.text.as_str()).collect::<Vec<_>>().join("|"),
        None => text(of, "type").unwrap_or_default(),
    };
    let default = text(of, "default").map(|default| format!(" = {default}")).unwrap_or_default();
    let optional = if text(of, "optional").is_some_and(|is| is == "true") { " (optional)" } else { "" };
    format!("{kind}{default}{optional}")
}

fn condition(of: &Node, key: &str) -> String {
    text(of, key).map(|when| format!(", when {when}")).unwrap_or_default()
}

/// A value as it is written, or as JSON where it is no text.
fn text(of: &Node, key: &str) -> Option<String> {
    let node = of.get(key)?;
    Some(node.as_text().map_or_else(|| node.to_json().to_string(), str::to_owned))
}
