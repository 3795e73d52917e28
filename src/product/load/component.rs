//! Reads a component as a product uses it.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::node::{Node, NodeValue};
use super::super::schema::{Component, Derived, Group, Input, Kind, Product, Scoped, WaitFor};
use super::fields::{Fields, check_templates};
use super::{Components, Faults, Files, manifests, names, product, question, said};

/// Reads `components:` of a product into it; the questions of each come back by component, in order, keys last.
pub(super) fn read_all(
    fields: &mut Fields<'_>,
    components: &Components,
    into: &mut Product,
    faults: &mut Faults,
) -> BTreeMap<String, Vec<String>> {
    let mut asked = BTreeMap::new();
    for (key, node) in fields.map("components", faults) {
        names::check(&key.text, &key.place, faults);
        let Some(mut used) = Fields::of(node, format!("the component `{}`", key.text), faults) else { continue };
        let uses = used.need_text("use", faults);
        let mode = used.need_template("mode", faults);
        let with: BTreeMap<String, Node> =
            used.map("with", faults).iter().map(|(key, node)| (key.text.clone(), node.clone())).collect();
        with.values().for_each(|node| check_templates(node, faults));
        used.done(faults);
        let Some(files) = components.get(&uses) else {
            if !uses.is_empty() {
                let nearest = crate::suggest::nearest(&uses, components.keys().map(String::as_str));
                let remedy = nearest.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                faults.add("COMPONENT", &node.place, format!("there is no component `{uses}`"), remedy);
            }
            continue;
        };
        let Some(mode) = mode else { continue };
        let mut component = Component {
            id: key.text.clone(),
            uses: uses.clone(),
            title: String::new(),
            mode,
            inputs: IndexMap::new(),
            with,
            outputs: IndexMap::new(),
            values: IndexMap::new(),
            wait_for: None,
            place: node.place.clone(),
        };
        let paths = definition(&uses, files, &mut component, into, faults);
        inputs_fit(&component, faults);
        asked.insert(key.text.clone(), paths);
        into.components.insert(key.text.clone(), component);
    }
    asked
}

/// Reads `component.yaml` and the manifests of a component.
fn definition(
    name: &str,
    files: &Files,
    component: &mut Component,
    into: &mut Product,
    faults: &mut Faults,
) -> Vec<String> {
    let folder = format!("components/{name}");
    let scope = Some(component.id.clone());
    let prefix = format!("{}.", component.id);
    let mut paths = Vec::new();
    if let Some(node) = faults.mapping(&folder, "component.yaml", files)
        && let Some(mut fields) = Fields::of(&node, "component.yaml", faults)
    {
        product::language(&mut fields, faults);
        let _name = fields.need_text("name", faults);
        component.title = fields.text("title", faults).unwrap_or_else(|| name.to_string());
        let _about = fields.text("about", faults);
        for (key, node) in fields.map("inputs", faults) {
            names::check_word("an input", &key.text, &key.place, faults);
            let Some(mut input) = Fields::of(node, format!("the input `{}`", key.text), faults) else { continue };
            let kind = question::input_kind(&mut input, &key.text, faults);
            let optional = input.yes_no("optional", faults);
            let default = input.get("default").cloned();
            let _said = input.text("say", faults);
            input.done(faults);
            if let Some(kind) = kind {
                component.inputs.insert(key.text.clone(), Input { kind, optional, default });
            }
        }
        for node in fields.list("questions", faults) {
            if let Some(read) = question::read(node, &prefix, &scope, faults) {
                names::check_in_component(&read.path[prefix.len()..], &read.place, faults);
                paths.push(read.path.clone());
                product::add_question(into, read, faults);
            }
        }
        for (key, node) in fields.map("keys", faults) {
            let path = format!("{prefix}{}", key.text);
            names::check_in_component(&key.text, &key.place, faults);
            if let Some(read) = question::read_key(&key.text, path, node, &scope, faults) {
                paths.push(read.path.clone());
                product::add_question(into, read, faults);
            }
        }
        for (key, node) in fields.map("outputs", faults) {
            names::check_word("an output", &key.text, &key.place, faults);
            check_templates(node, faults);
            component.outputs.insert(key.text.clone(), node.clone());
        }
        for (key, node) in fields.map("values", faults) {
            names::check_word("a value", &key.text, &key.place, faults);
            check_templates(node, faults);
            component.values.insert(key.text.clone(), Derived { node: node.clone() });
        }
        component.wait_for = fields.get("waitFor").and_then(|node| wait_for(node, faults));
        said::health(&mut fields, &scope, &mut into.health, faults);
        said::log_patterns(&mut fields, &scope, &mut into.log_patterns, faults);
        into.backup.extend(
            fields.list("backup", faults).iter().map(|node| Scoped { item: node.clone(), scope: scope.clone() }),
        );
        fields.done(faults);
    } else if !files.contains_key("component.yaml") {
        faults.add("MISSING", &component.place, format!("the component `{name}` has no component.yaml"), "");
    }
    let mut objects = Vec::new();
    for file in files.keys().filter(|file| file.starts_with("manifests/")) {
        objects.extend(manifests::manifests(&folder, file, files, faults));
    }
    into.groups.insert(component.id.clone(), Group { scope, objects });
    paths
}

fn wait_for(node: &Node, faults: &mut Faults) -> Option<WaitFor> {
    let mut fields = Fields::of(node, "`waitFor`", faults)?;
    let when = fields.expression("when", faults);
    let image = fields.need_template("image", faults);
    let command = fields.templates("command", faults);
    if command.is_empty() {
        faults.add("MISSING", &node.place, "`waitFor` has no command", "");
    }
    fields.done(faults);
    Some(WaitFor { when, image: image?, command })
}

/// What the product gives is what the component takes.
fn inputs_fit(component: &Component, faults: &mut Faults) {
    for (name, node) in &component.with {
        match component.inputs.get(name) {
            None => {
                let nearest = crate::suggest::nearest(name, component.inputs.keys().map(String::as_str));
                let remedy = nearest.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                faults.add(
                    "INPUT",
                    &node.place,
                    format!("the component `{}` has no input `{name}`", component.uses),
                    remedy,
                );
            }
            Some(input) => {
                let templated = matches!(&node.value, NodeValue::Text(text) if text.contains("${"));
                if input.kind == Kind::Secret && !templated && node.value != NodeValue::Null {
                    faults.add(
                        "SECRET",
                        &node.place,
                        format!("the input `{name}` is a secret and cannot stand in a file"),
                        "",
                    );
                }
            }
        }
    }
    for (name, input) in &component.inputs {
        if !input.optional && input.default.is_none() && !component.with.contains_key(name) {
            let what = format!("the component `{}` needs the input `{name}`", component.uses);
            faults.add("INPUT", &component.place, what, format!("add {name}: … under `with`"));
        }
    }
}
