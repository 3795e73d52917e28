//! Reads a question and its type.

use indexmap::IndexMap;

use super::super::node::{Node, NodeValue};
use super::super::schema::{Check, Generate, Kind, Question, Rotate, RotateDatabase, ScopeId};
use super::fields::{Fields, check_templates};
use super::{Faults, names};

/// Names of the types.
const KINDS: &[&str] = &[
    "text",
    "multiline",
    "secret",
    "choice",
    "choices",
    "yesno",
    "number",
    "port",
    "quantity",
    "duration",
    "host",
    "url",
    "storageClass",
    "ingressClass",
    "issuer",
    "existingSecret",
    "list",
    "map",
    "object",
];

/// Reads a question; `prefix` is put before its id (a component's id with a dot, or nothing).
pub(super) fn read(node: &Node, prefix: &str, scope: &ScopeId, faults: &mut Faults) -> Option<Question> {
    let mut fields = Fields::of(node, "a question", faults)?;
    let id = fields.need_text("id", faults);
    names::check(&id, fields.place(), faults);
    let kind = kind(&mut fields, &id, faults);
    let mut kind = kind?;
    if let Kind::Items { fields, .. } = &mut kind {
        fields.iter_mut().for_each(|field| field.scope = scope.clone());
    }
    Some(rest(fields, format!("{prefix}{id}"), kind, scope, faults))
}

/// Reads a key of `keys:`, which is a secret question with `generate`.
pub(super) fn read_key(id: &str, path: String, node: &Node, scope: &ScopeId, faults: &mut Faults) -> Option<Question> {
    let fields = Fields::of(node, format!("the key `{id}`"), faults)?;
    names::check(id, &node.place, faults);
    let mut question = rest(fields, path, Kind::Secret, scope, faults);
    question.sticky = true;
    Some(question)
}

fn rest(mut fields: Fields<'_>, path: String, kind: Kind, scope: &ScopeId, faults: &mut Faults) -> Question {
    let secret = kind == Kind::Secret;
    let question = Question {
        path,
        ask: fields.need_text("ask", faults),
        why: fields.text("why", faults).unwrap_or_default(),
        default: fields.get("default").cloned(),
        optional: fields.yes_no("optional", faults),
        when: fields.expression("when", faults),
        checks: checks(&mut fields, faults),
        advanced: fields.yes_no("advanced", faults),
        sticky: fields.yes_no("sticky", faults),
        fixed: fields.text("fixed", faults),
        example: fields.words("example", faults),
        from: fields.expression("from", faults),
        generate: generate(&mut fields, faults),
        opens: fields.templates("opens", faults),
        rotate: rotate(&mut fields, faults),
        scope: scope.clone(),
        place: fields.place().clone(),
        kind,
    };
    if let Some(default) = &question.default {
        check_templates(default, faults);
        if secret {
            faults.add(
                "SECRET_DEFAULT",
                &default.place,
                "a secret has no default",
                "use generate, or leave it to be asked",
            );
        }
        if question.optional {
            faults.add("DEFAULT", &default.place, "a question with a default is not optional", "drop one of the two");
        }
    }
    if let Some(Err(fault)) = question.fixed.as_deref().map(regex::Regex::new) {
        let what = format!("`fixed` of `{}` is no regular expression: {fault}", question.path);
        faults.add("REGEX", &question.place, what, r"such as ':([0-9]+)[^/]*$', the major version in a tag");
    }
    if question.rotate.is_some() && !secret {
        faults.add("ROTATE", &question.place, "only a secret is rotated", "drop `rotate`");
    }
    if question.generate.is_some() && !secret {
        faults.add("GENERATE", &question.place, "only a secret can be generated", "");
    }
    fields.done(faults);
    question
}

/// A field of an item is asked with its item: it has no condition, pin or source of its own.
fn fit_for_an_item(field: &Question, list: &str, faults: &mut Faults) {
    let mut tell = |what: &str, remedy: &str| {
        faults.add("FIELD", &field.place, format!("the field `{}` of `{list}` {what}", field.path), remedy);
    };
    if field.path.contains('.') {
        tell("has a dot in its id", "a field's id is one word");
    }
    if field.when.is_some() {
        tell("has a `when`", "a field is asked with its item: make it optional");
    }
    if field.sticky {
        tell("is sticky by itself", "put sticky: true on the list");
    }
    if field.fixed.is_some() {
        tell("is fixed by itself", "a field of an item has no volume of its own: leave it out");
    }
    if field.from.is_some() {
        tell("has a `from`", "choices out of the cluster are for questions");
    }
    if field.secret_fields().next().is_some() {
        tell("holds secrets of its own", "a secret stands in the items of a list of its own");
    }
}

fn checks(fields: &mut Fields<'_>, faults: &mut Faults) -> Vec<Check> {
    fields.list("checks", faults).iter().filter_map(|node| check(node, faults)).collect()
}

fn check(node: &Node, faults: &mut Faults) -> Option<Check> {
    let mut fields = Fields::of(node, "a check", faults)?;
    let that = fields.expression("that", faults);
    let say = fields.need_text("say", faults);
    if !fields.has("that") {
        faults.add("MISSING", &node.place, "a check has no `that`", "");
    }
    fields.done(faults);
    Some(Check { that: that?, say })
}

/// Reads a check of the product over several answers: where it is shown, and the rule.
pub(super) fn cross_check(node: &Node, faults: &mut Faults) -> Option<(String, Check)> {
    let mut fields = Fields::of(node, "a check", faults)?;
    let at = fields.need_text("at", faults);
    let that = fields.expression("that", faults);
    let say = fields.need_text("say", faults);
    fields.done(faults);
    Some((at, Check { that: that?, say }))
}

fn rotate(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Rotate> {
    let node = fields.get("rotate")?;
    let mut how = Fields::of(node, "`rotate`", faults)?;
    let database = how.get("postgresql").and_then(|node| {
        let mut login = Fields::of(node, "`postgresql` of `rotate`", faults)?;
        let group = login.need_text("group", faults);
        let (user, database) = (login.need_template("user", faults), login.need_template("database", faults));
        login.done(faults);
        Some(RotateDatabase { group, user: user?, database: database? })
    });
    let rotate = Rotate {
        join: how.text("join", faults).unwrap_or_default(),
        clients_first: how.yes_no("clientsFirst", faults),
        database,
        say: how.text("say", faults).unwrap_or_default(),
    };
    how.done(faults);
    if [!rotate.join.is_empty(), rotate.clients_first, rotate.database.is_some()].into_iter().filter(|is| *is).count()
        > 1
    {
        let remedy = "keep one of join, clientsFirst and postgresql";
        faults.add("ROTATE", &node.place, "a key is rotated in one way", remedy);
    }
    Some(rotate)
}

fn generate(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Generate> {
    let node = fields.get("generate")?;
    let mut how = Fields::of(node, "`generate`", faults)?;
    let hex = how.integer("hex", faults);
    let password = how.integer("password", faults);
    how.done(faults);
    let length = |length: i64, faults: &mut Faults| {
        let fits = usize::try_from(length).ok().filter(|length| (16..=1024).contains(length));
        if fits.is_none() {
            faults.add("GENERATE", &node.place, "a key has between 16 and 1024 characters", "");
        }
        fits
    };
    match (hex, password) {
        (Some(digits), None) => length(digits, faults).map(Generate::Hex),
        (None, Some(letters)) => length(letters, faults).map(Generate::Password),
        _ => {
            faults.add("GENERATE", &node.place, "`generate` is {hex: LENGTH} or {password: LENGTH}", "");
            None
        }
    }
}

fn kind(fields: &mut Fields<'_>, id: &str, faults: &mut Faults) -> Option<Kind> {
    let name = fields.need_text("type", faults);
    if name.is_empty() {
        return None;
    }
    named(&name, fields, id, faults)
}

/// A type by its name, with what else the mapping says of it.
fn named(name: &str, fields: &mut Fields<'_>, id: &str, faults: &mut Faults) -> Option<Kind> {
    Some(match name {
        "text" => Kind::Text,
        "multiline" => Kind::Multiline,
        "secret" => Kind::Secret,
        "yesno" => Kind::YesNo,
        "port" => Kind::Port,
        "quantity" => Kind::Quantity,
        "duration" => Kind::Duration,
        "host" => Kind::Host,
        "storageClass" => Kind::StorageClass,
        "ingressClass" => Kind::IngressClass,
        "issuer" => Kind::Issuer,
        "existingSecret" => Kind::ExistingSecret,
        "map" => Kind::Map,
        "number" => Kind::Number { min: fields.integer("min", faults), max: fields.integer("max", faults) },
        "url" => Kind::Url {
            schemes: fields
                .list("schemes", faults)
                .iter()
                .filter_map(|node| node.as_text().map(str::to_string))
                .collect(),
        },
        "object" => Kind::Object { schema: fields.need_text("schema", faults) },
        "choice" | "choices" => {
            let choices: IndexMap<String, String> = fields
                .map("choices", faults)
                .iter()
                .map(|(key, node)| {
                    let text = match &node.value {
                        NodeValue::Text(text) => text.clone(),
                        NodeValue::Bool(true) => "Yes".into(),
                        NodeValue::Bool(false) => "No".into(),
                        NodeValue::Int(number) => number.to_string(),
                        _ => {
                            faults.add(
                                "TYPE",
                                &node.place,
                                format!("the choice `{}` must be told in text", key.text),
                                "",
                            );
                            String::new()
                        }
                    };
                    (key.text.clone(), text)
                })
                .collect();
            if choices.len() < 2 {
                faults.add(
                    "CHOICES",
                    fields.place(),
                    format!("`{id}` needs at least two choices"),
                    "add choices: {a: …, b: …}",
                );
            }
            if name == "choice" { Kind::Choice(choices) } else { Kind::Choices(choices) }
        }
        "list" => {
            let place = fields.place().clone();
            if fields.has("fields") {
                let key = fields.need_text("key", faults);
                let list = fields.list("fields", faults);
                let questions: Vec<Question> = list.iter().filter_map(|node| read(node, "", &None, faults)).collect();
                match questions.iter().find(|question| question.path == key) {
                    None => faults.add("KEY_FIELD", &place, format!("`key: {key}` names none of the fields of `{id}`"), ""),
                    Some(field) if field.optional || !matches!(field.kind, Kind::Text | Kind::Host | Kind::Port | Kind::Number { .. } | Kind::Choice(_)) => faults.add(
                        "KEY_FIELD",
                        &place,
                        format!("`{key}` identifies the items of `{id}`, so it must be a text or a number, and never optional"),
                        "name another field by `key`",
                    ),
                    Some(_) => {}
                }
                questions.iter().for_each(|question| fit_for_an_item(question, id, faults));
                Kind::Items { key, fields: questions }
            } else {
                let node = fields.get("of");
                let of = match node.map(|node| (&node.value, node)) {
                    Some((NodeValue::Text(name), _)) => named(name, fields, id, faults)?,
                    Some((NodeValue::Map(_), node)) => {
                        let mut inner = Fields::of(node, format!("`of` of `{id}`"), faults)?;
                        let kind = kind(&mut inner, id, faults);
                        inner.done(faults);
                        kind?
                    }
                    _ => {
                        faults.add("TYPE", &place, format!("the list `{id}` needs `of: TYPE` or `fields: […]`"), "");
                        return None;
                    }
                };
                if of == Kind::Secret {
                    faults.add(
                        "TYPE",
                        &place,
                        format!("the list `{id}` is of secrets, which would have no names"),
                        "give it fields, one of them secret, and a key",
                    );
                }
                Kind::List(Box::new(of))
            }
        }
        unknown => {
            let nearest = crate::suggest::nearest(unknown, KINDS.iter().copied());
            let remedy = nearest
                .map_or_else(|| format!("types are {}", KINDS.join(", ")), |near| format!("did you mean `{near}`?"));
            faults.add("TYPE_NAME", fields.place(), format!("`{unknown}` is not a type"), remedy);
            return None;
        }
    })
}

/// The type of an input of a component.
pub(super) fn input_kind(fields: &mut Fields<'_>, id: &str, faults: &mut Faults) -> Option<Kind> {
    kind(fields, id, faults)
}
