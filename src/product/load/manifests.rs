//! Reads manifests: objects as trees, whose directives and expressions can be read.

use super::super::expression::Expression;
use super::super::node::{Node, NodeValue};
use super::super::schema::Group;
use super::fields::check_templates;
use super::{Faults, Files, names};

/// The turn of a group among others: what the product stands on, the product, what stands around it.
pub(super) fn turn(group: &Group) -> u8 {
    let runs = |object: &Node| {
        let kind = object.get("kind").and_then(Node::as_text);
        matches!(kind, Some("StatefulSet" | "Deployment" | "DaemonSet" | "Job"))
    };
    match group.scope {
        Some(_) if group.objects.iter().any(runs) => 0,
        None => 1,
        Some(_) => 2,
    }
}

/// The objects of a manifests file.
pub(super) fn manifests(folder: &str, file: &str, files: &Files, faults: &mut Faults) -> Vec<Node> {
    let nodes = faults.documents(folder, file, files).unwrap_or_default();
    for node in &nodes {
        if node.as_map().is_none() {
            faults.add("SHAPE", &node.place, format!("an object is a mapping, and this is {}", node.word()), "");
            continue;
        }
        check_tree(node, 0, faults);
        for key in ["apiVersion", "kind", "metadata"] {
            if node.get(key).is_none() {
                faults.add("OBJECT", &node.place, format!("the object has no `{key}`"), "");
            }
        }
    }
    nodes
}

/// Directives that may stand in a manifest (language.md "Directives").
const DIRECTIVES: &[&str] =
    &["$each", "$when", "$value", "$splice", "$merge", "$yaml", "$json", "$secretRef", "$after", "$waitFor"];

fn check_tree(node: &Node, depth: usize, faults: &mut Faults) {
    match &node.value {
        NodeValue::Text(_) => check_templates(node, faults),
        NodeValue::List(list) => list.iter().for_each(|node| check_tree(node, depth + 1, faults)),
        NodeValue::Map(map) => {
            for (key, value) in map {
                if key.text.contains("${") {
                    faults.add("KEY", &key.place, "a key is never an expression", "bring the map in by $merge");
                }
                match key.text.as_str() {
                    "$when" => check_bare(value, faults),
                    "$after" if depth > 0 => {
                        faults.add("DIRECTIVE", &key.place, "`$after` stands on a whole object only", "");
                    }
                    "$each" => match value.as_map() {
                        Some([(name, expression)]) => {
                            names::check_each(&name.text, &name.place, faults);
                            check_bare(expression, faults);
                        }
                        _ => faults.add("DIRECTIVE", &value.place, "`$each` is {NAME: EXPRESSION}", ""),
                    },
                    "$secretRef" => {}
                    text if text.starts_with('$') && !DIRECTIVES.contains(&text) => {
                        let nearest = crate::suggest::nearest(text, DIRECTIVES.iter().copied());
                        let remedy = nearest.map_or_else(
                            || format!("directives are {}", DIRECTIVES.join(", ")),
                            |near| format!("did you mean `{near}`?"),
                        );
                        faults.add("DIRECTIVE", &key.place, format!("`{text}` is not a directive"), remedy);
                    }
                    _ => check_tree(value, depth + 1, faults),
                }
            }
        }
        _ => {}
    }
}

fn check_bare(node: &Node, faults: &mut Faults) {
    let text = match &node.value {
        NodeValue::Text(text) => text.clone(),
        NodeValue::Bool(value) => value.to_string(),
        _ => {
            faults.add("DIRECTIVE", &node.place, format!("here stands an expression, and this is {}", node.word()), "");
            return;
        }
    };
    if let Err(fault) = Expression::parse(&text) {
        let remedy = if text.contains("${") { "here stands a bare expression, without ${}" } else { "" };
        faults.add("EXPRESSION", &node.place, fault.to_string(), remedy);
    }
}
