//! Reads profiles, and what stands between versions: gates, migration, usual times, allowed rules.

use indexmap::IndexMap;

use super::super::expression::Template;
use super::super::node::{Node, NodeValue};
use super::super::schema::{Allow, Gate, Migration, Product, Profile};
use super::fields::Fields;
use super::product::nearest_question;
use super::{Faults, Files};

pub(super) fn gate(node: &Node, faults: &mut Faults) -> Option<Gate> {
    let mut fields = Fields::of(node, "a gate", faults)?;
    let gate = Gate {
        from: fields.words("from", faults),
        to: fields.words("to", faults),
        say: fields.need_text("say", faults),
        requires: fields.text("requires", faults).unwrap_or_default(),
        migrates: fields.yes_no("migrates", faults),
    };
    fields.done(faults);
    if gate.from.is_empty() && gate.to.is_empty() {
        faults.add("GATE", &node.place, "a gate has neither `from` nor `to`", "say between which versions it stands");
    }
    if !matches!(gate.requires.as_str(), "" | "backup" | "stop" | "step") {
        faults.add(
            "GATE",
            &node.place,
            format!("`requires: {}` is not known", gate.requires),
            "write backup, stop or step",
        );
    }
    Some(gate)
}

pub(super) fn migration(node: &Node, faults: &mut Faults) -> Option<Migration> {
    let mut fields = Fields::of(node, "`migration`", faults)?;
    let migration = Migration {
        when: fields.expression("when", faults),
        at_start: fields.yes_no("atStart", faults),
        job: fields.text("job", faults).unwrap_or_default(),
        budget_seconds: fields.seconds("budget", faults).unwrap_or(600),
    };
    fields.done(faults);
    if migration.at_start != migration.job.is_empty() {
        faults.add("MIGRATION", &node.place, "`migration` is either atStart: true or job: GROUP", "");
    }
    Some(migration)
}

pub(super) fn usual(node: &Node, faults: &mut Faults) -> Option<(u64, u64)> {
    let mut fields = Fields::of(node, "`usual`", faults)?;
    let usual = (fields.seconds("from", faults), fields.seconds("to", faults));
    fields.done(faults);
    Some((usual.0?, usual.1?))
}

pub(super) fn allow(node: &Node, faults: &mut Faults) -> Option<Allow> {
    let mut fields = Fields::of(node, "an entry of `allow`", faults)?;
    let allow = Allow {
        rule: fields.need_text("rule", faults),
        at: fields.need_text("at", faults),
        reason: fields.need_text("reason", faults),
    };
    fields.done(faults);
    Some(allow)
}

pub(super) fn profile(
    folder: &str,
    id: &str,
    node: &Node,
    files: &Files,
    product: &Product,
    faults: &mut Faults,
) -> Option<Profile> {
    let name = format!("{id}.yaml");
    let Some(file) = faults.mapping(folder, &name, files) else {
        if !files.contains_key(&name) {
            faults.add("MISSING", &node.place, format!("the profile `{id}` has no file {name}"), "");
        }
        return None;
    };
    let mut fields = Fields::of(&file, format!("the profile `{id}`"), faults)?;
    let mut profile = Profile {
        id: id.to_string(),
        title: fields.need_text("title", faults),
        about: fields.need_text("about", faults),
        production: fields.yes_no("production", faults),
        answers: IndexMap::new(),
    };
    for (key, node) in fields.map("answers", faults) {
        match product.questions.get(&key.text) {
            None => faults.add(
                "UNKNOWN_QUESTION",
                &key.place,
                format!("there is no question `{}`", key.text),
                nearest_question(product, &key.text),
            ),
            Some(question) if question.is_secret() => {
                faults.add(
                    "SECRET",
                    &key.place,
                    format!("`{}` is a secret and has no value in a profile", key.text),
                    "",
                );
            }
            Some(question) => {
                if has_expression(node) {
                    faults.add(
                        "LITERAL",
                        &node.place,
                        "a profile holds literals only",
                        "put the expression into the default",
                    );
                }
                profile.answers.insert(key.text.clone(), question.kind.written(node));
            }
        }
    }
    fields.done(faults);
    Some(profile)
}

fn has_expression(node: &Node) -> bool {
    match &node.value {
        NodeValue::Text(text) => Template::parse(text).map_or(true, |template| !template.is_plain()),
        NodeValue::List(list) => list.iter().any(has_expression),
        NodeValue::Map(map) => map.iter().any(|(_, node)| has_expression(node)),
        _ => false,
    }
}
