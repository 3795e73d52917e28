//! What a question's answer is when nobody says anything, in words: `80 (production: 20), computed from replicas`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::form::{Form, Layers, NoSources, Place};
use super::{Origin, value};
use crate::facts::Facts;
use crate::product::expression::Template;
use crate::product::node::{Node, NodeValue};
use crate::product::schema::{Kind, Product, Question, ScopeId};

/// The answers that a product presets, by path; questions without a preset are left out.
pub fn presets(product: &Arc<Product>) -> BTreeMap<String, String> {
    let forms: Vec<(&str, Form)> = product
        .profiles
        .iter()
        .map(|profile| {
            let place = Place {
                namespace: product.namespace.clone(),
                release: product.name.clone(),
                profile: profile.id.clone(),
            };
            let facts = Arc::new(Facts::assumed());
            let sources = Arc::new(NoSources);
            let form = Form::new(Arc::clone(product), place, facts, Layers::default(), sources, [0; 32]);
            (profile.id.as_str(), form)
        })
        .collect();
    let told =
        product.questions.values().filter_map(|question| Some((question.path.clone(), of(question, product, &forms)?)));
    told.collect()
}

fn of(question: &Question, product: &Product, forms: &[(&str, Form)]) -> Option<String> {
    let mut names = Vec::new();
    let default = question.default.as_ref().map(|default| given(default, product, &question.scope));
    default.iter().for_each(|(node, scope)| names_in(node, product, scope, &mut names));
    // What is asked in a profile, as that profile answers it.
    let mut by_profile: Vec<(&str, String)> = Vec::new();
    for (profile, form) in forms {
        let Some(view) = form.question(&question.path) else { continue };
        if view.origin.is_some_and(|origin| origin <= Origin::Profile) && !question.is_secret() {
            by_profile.push((profile, shown(question, &view.text)));
        }
    }
    let usual = match default {
        Some((default, _)) if names.is_empty() && !is_computed(default) => {
            Some(shown(question, &literal(question, default)))
        }
        Some(_) => by_profile.first().map(|(_, text)| text.clone()),
        None if by_profile.is_empty() => return None,
        None => Some("none".into()),
    };
    let Some(usual) = usual else {
        return (!names.is_empty()).then(|| computed(&names));
    };
    let mut others: Vec<(String, Vec<&str>)> = Vec::new();
    for (profile, text) in by_profile.iter().filter(|(_, text)| *text != usual) {
        match others.iter_mut().find(|(known, _)| known == text) {
            Some((_, profiles)) => profiles.push(profile),
            None => others.push((text.clone(), vec![profile])),
        }
    }
    let mut said = usual;
    if !others.is_empty() {
        let others: Vec<String> =
            others.into_iter().map(|(text, profiles)| format!("{}: {text}", profiles.join(" and "))).collect();
        said.push_str(&format!(" ({})", others.join(", ")));
    }
    if !names.is_empty() {
        said.push_str(&format!(", {}", computed(&names)));
    }
    Some(said)
}

fn computed(names: &[String]) -> String {
    match names {
        [one] => format!("computed from {one}"),
        [first @ .., last] => format!("computed from {} and {last}", first.join(", ")),
        [] => "computed".into(),
    }
}

fn literal(question: &Question, default: &Node) -> String {
    let written = match &default.value {
        NodeValue::Text(text) => serde_json::Value::from(text.replace("$${", "${")),
        _ => default.to_json(),
    };
    match value::from_value(&question.kind, &written) {
        Ok(read) => value::to_text(&question.kind, &read),
        Err(_) => value::to_text(&question.kind, &written),
    }
}

/// A preset as it is read: empty lists and mappings have a word.
fn shown(question: &Question, text: &str) -> String {
    match &question.kind {
        Kind::List(_) | Kind::Items { .. } | Kind::Map | Kind::Choices(_) if matches!(text, "" | "[]" | "{}") => {
            "none".into()
        }
        _ if text.is_empty() => "empty".into(),
        _ => text.to_string(),
    }
}

/// Whether a default holds an expression.
fn is_computed(node: &Node) -> bool {
    match &node.value {
        NodeValue::Text(text) => Template::parse(text).is_ok_and(|template| !template.names().is_empty()),
        NodeValue::List(items) => items.iter().any(is_computed),
        NodeValue::Map(entries) => entries.iter().any(|(_, node)| is_computed(node)),
        _ => false,
    }
}

/// A default that is nothing but an input of its component: what the product gives for it, or what the component declares.
fn given<'a>(node: &'a Node, product: &'a Product, scope: &'a ScopeId) -> (&'a Node, &'a ScopeId) {
    let input = match &node.value {
        NodeValue::Text(text) => text.strip_prefix("${inputs.").and_then(|rest| rest.strip_suffix('}')),
        _ => None,
    };
    match input.and_then(|input| input_of(input, product, scope)) {
        Some((node, scope)) => given(node, product, scope),
        None => (node, scope),
    }
}

/// An input of the component that a scope is of, with the scope of its expressions.
fn input_of<'a>(input: &str, product: &'a Product, scope: &'a ScopeId) -> Option<(&'a Node, &'a ScopeId)> {
    let component = product.components.get(scope.as_ref()?)?;
    let given = component.with.get(input).map(|node| (node, &None));
    given.or_else(|| Some((component.inputs.get(input)?.default.as_ref()?, scope)))
}

/// The names that a default reads, in the order in which they stand. An input of a component is what its product gives.
fn names_in(node: &Node, product: &Product, scope: &ScopeId, names: &mut Vec<String>) {
    match &node.value {
        NodeValue::Text(text) => {
            let found = Template::parse(text).map(|template| template.names()).unwrap_or_default();
            for name in found {
                let input = name.strip_prefix("inputs.").and_then(|input| input_of(input, product, scope));
                match input {
                    Some((node, scope)) => names_in(node, product, scope, names),
                    None if names.contains(&name) => {}
                    None => names.push(name),
                }
            }
        }
        NodeValue::List(items) => items.iter().for_each(|node| names_in(node, product, scope, names)),
        NodeValue::Map(entries) => entries.iter().for_each(|(_, node)| names_in(node, product, scope, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::load::built_in_for_tests;

    #[test]
    fn a_preset_is_told_in_words_and_by_profile_and_never_as_an_expression() {
        let presets = presets(&Arc::new(built_in_for_tests("inngest")));
        for (path, wanted) in [
            ("database.maxOpenConnections", "45 (production: 30), computed from values.most"),
            ("replicas", "1 (production: 2)"),
            ("networkPolicy.enabled", "no (staging and production: yes)"),
            ("database.storage", "8Gi (production: 20Gi)"),
            ("resources.memoryLimit", "none (production: 4Gi)"),
            ("exposure.internal", "yes"),
            // What its product gives a component, though no profile asks for it.
            ("exposure.annotations", "none"),
            ("sdkUrls", "none"),
            ("version", "v1.43.0"),
        ] {
            assert_eq!(presets.get(path).map(String::as_str), Some(wanted), "{path}");
        }
        assert!(presets.values().all(|said| !said.contains("${") && !said.contains('"')), "{presets:#?}");
        assert!(!presets.contains_key("keys.event"));
    }
}
