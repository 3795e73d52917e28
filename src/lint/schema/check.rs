//! The walk of an object along its schema.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::shapes::{self, Shape};
use super::{FaultKind, ListType, Node, Schemas, Scope, Store, Table, Type};
use crate::lint::schema::SchemaFault;
use crate::suggest::nearest;

mod scalar;

/// Checks a whole object, its name and namespace too.
pub(super) fn object(store: &Store, table: &Table, object: &Value) -> Vec<SchemaFault> {
    let mut walk = Walk { store, table, path: Vec::new(), faults: Vec::new(), quiet: false };
    let Some(fields) = object.as_object() else {
        walk.fault(
            FaultKind::WrongType,
            format!("this is {}", told(object)),
            "an object with apiVersion and kind",
            None,
        );
        return walk.faults;
    };
    let mut text = |name: &'static str, example: &str| match fields.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
        None | Some(Value::Null | Value::String(_)) => {
            walk.fault(FaultKind::Missing, format!("{name} is missing"), example, None);
            None
        }
        Some(other) => {
            walk.at(name, |walk| walk.fault(FaultKind::WrongType, format!("this is {}", told(other)), example, None));
            None
        }
    };
    let (api_version, kind) = (text("apiVersion", "such as apps/v1"), text("kind", "such as Deployment"));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return walk.faults };
    let Some(resource) = store.resource(table, api_version, kind) else {
        walk.unknown_kind(api_version, kind);
        return walk.faults;
    };
    walk.quiet = api_version == "v1" && kind == "Secret";
    walk.definition(resource.definition, object);
    walk.identity(fields.get("metadata"), api_version, kind, resource.scope);
    walk.faults
}

/// Checks a part against a named definition.
pub(super) fn definition(store: &Store, table: &Table, name: &str, value: &Value) -> Vec<SchemaFault> {
    let mut walk = Walk { store, table, path: Vec::new(), faults: Vec::new(), quiet: false };
    match store.number(name).filter(|&number| store.body(table, number).is_some()) {
        Some(number) => walk.definition(number, value),
        None => {
            let what = format!("there is no definition {name} in Kubernetes {}", table.version);
            let suggestion = store.nearest_definition(name).filter(|near| *near != name);
            walk.fault(FaultKind::UnknownKind, what, "", suggestion.map(str::to_owned));
        }
    }
    walk.faults
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Field(&'v str),
    Item(usize),
}

struct Walk<'s, 'v> {
    store: &'s Store,
    table: &'s Table,
    path: Vec<Step<'v>>,
    faults: Vec<SchemaFault>,
    /// Inside a Secret: no value may be told.
    quiet: bool,
}

impl<'s, 'v> Walk<'s, 'v> {
    fn fault(&mut self, kind: FaultKind, what: String, expected: &str, suggestion: Option<String>) {
        let path = written(&self.path);
        self.faults.push(SchemaFault { path, kind, what, expected: expected.to_owned(), suggestion });
    }

    fn at(&mut self, name: &'v str, then: impl FnOnce(&mut Self)) {
        self.path.push(Step::Field(name));
        then(self);
        self.path.pop();
    }

    /// A value for a message; nothing that stands in a Secret.
    fn shown(&self, text: &str) -> String {
        if self.quiet { "the value".to_owned() } else { format!("{:?}", text.chars().take(80).collect::<String>()) }
    }

    fn definition(&mut self, number: usize, value: &'v Value) {
        if let Some(node) = self.store.body(self.table, number) {
            self.node(node, value, Some(self.store.name(number)), None);
        }
    }

    /// `owner` is the definition whose body this node is; `shape` what the field's place demands beyond its schema.
    fn node(&mut self, node: &'s Node, value: &'v Value, owner: Option<&'s str>, shape: Option<Shape>) {
        if let Some(number) = node.reference {
            return self.definition(number, value);
        }
        match node.format.as_deref() {
            Some("int-or-string") => return self.int_or_string(value, shape),
            Some("quantity") => return self.quantity(value),
            _ => {}
        }
        match (node.kind, value) {
            (None, _) => {}
            (_, Value::Null) if node.nullable => {}
            (Some(Type::Map), Value::Object(fields)) => self.map(node, fields, owner),
            (Some(Type::List), Value::Array(items)) => self.list(node, items),
            (Some(Type::Text), Value::String(text)) => self.text(node, text, shape),
            (Some(Type::Boolean), Value::Bool(_)) => {}
            (Some(Type::Integer), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.number(node, value, shape);
            }
            (Some(Type::Number), Value::Number(_)) => self.number(node, value, shape),
            (Some(kind), _) => self.wrong_type(kind, value),
        }
        if !node.values.is_empty() && matches!(value, Value::String(_) | Value::Number(_)) {
            self.one_of(node, value);
        }
    }

    fn wrong_type(&mut self, kind: Type, value: &Value) {
        let (expected, hint) = match (kind, value) {
            (Type::Text, Value::Number(_) | Value::Bool(_)) => {
                ("text: put it in quotes, or string(…) around an expression", None)
            }
            (Type::Text, _) => ("text", None),
            (Type::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => {
                ("a whole number: write it without quotes", None)
            }
            (Type::Integer, _) => ("a whole number", None),
            (Type::Number, _) => ("a number", None),
            (Type::Boolean, Value::String(text)) => ("true or false, without quotes", nearest(text, ["true", "false"])),
            (Type::Boolean, _) => ("true or false", None),
            (Type::List, _) => ("a list", None),
            (Type::Map, _) => ("a mapping", None),
        };
        let hint = hint.filter(|_| !self.quiet).map(str::to_owned);
        self.fault(FaultKind::WrongType, format!("this is {}", told(value)), expected, hint);
    }

    fn map(&mut self, node: &'s Node, fields: &'v Map<String, Value>, owner: Option<&'s str>) {
        for name in &node.required {
            if fields.get(name).is_none_or(|value| value.is_null() && !node.custom) {
                let expected = node.fields.get(name).map_or("", |field| self.name_of(field));
                self.fault(FaultKind::Missing, format!("{name} is missing"), expected, None);
            }
        }
        for (name, value) in fields {
            let field = node.fields.get(name);
            // Null is absence for Kubernetes' own kinds; a CRD says itself whether it may stand.
            if value.is_null() && !field.or(node.others.as_deref()).is_some_and(|field| field.custom) && field.is_some()
            {
                continue;
            }
            match (field, &node.others) {
                (Some(field), _) => self.at(name, |walk| walk.field(field, name, value, owner)),
                (None, Some(others)) => self.at(name, |walk| walk.node(others, value, None, None)),
                (None, None) if node.open => {}
                (None, None) => {
                    let suggestion = nearest(name, node.fields.keys().map(String::as_str)).map(str::to_owned);
                    let what = match owner.and_then(|owner| owner.rsplit('.').next()) {
                        Some(owner) => format!("{owner} has no such field"),
                        None => "there is no such field".to_owned(),
                    };
                    self.at(name, |walk| walk.fault(FaultKind::UnknownField, what, "", suggestion));
                }
            }
        }
        if node.most_fields.is_some_and(|most| fields.len() > most) {
            let most = node.most_fields.unwrap_or_default();
            self.fault(
                FaultKind::OutOfRange,
                format!("there are {} entries", fields.len()),
                &format!("at most {most}"),
                None,
            );
        }
    }

    /// A field of a definition: what its place demands, then its schema.
    fn field(&mut self, field: &'s Node, name: &str, value: &'v Value, owner: Option<&'s str>) {
        let Some(owner) = owner else { return self.node(field, value, None, None) };
        if let (Value::Object(entries), (keys, values)) = (value, shapes::of_map(owner, name)) {
            for (key, value) in entries {
                if let Some(shape) = keys.filter(|shape| !shape.fits(key)) {
                    self.at(key, |walk| {
                        walk.fault(FaultKind::Malformed, "this key is malformed".to_owned(), shape.expected(), None)
                    });
                }
                if let (Some(shape), Value::String(text)) = (values, value) {
                    self.at(key, |walk| walk.shape(shape, text));
                }
            }
        }
        self.node(field, value, None, shapes::of_field(owner, name));
    }

    fn list(&mut self, node: &'s Node, items: &'v [Value]) {
        for (at, range, least) in [("at least", node.fewest_items, true), ("at most", node.most_items, false)] {
            if let Some(limit) = range.filter(|&limit| if least { items.len() < limit } else { items.len() > limit }) {
                self.fault(
                    FaultKind::OutOfRange,
                    format!("there are {} items", items.len()),
                    &format!("{at} {limit}"),
                    None,
                );
            }
        }
        let Some(inner) = node.items.as_deref() else { return };
        for (at, item) in items.iter().enumerate() {
            self.path.push(Step::Item(at));
            self.node(inner, item, None, None);
            self.path.pop();
        }
        let list_type = node.list_type();
        if list_type == ListType::Atomic || items.len() < 2 {
            return;
        }
        let described = self.store.resolved(self.table, inner);
        let key_of = |item: &'v Value| -> Option<Vec<&Value>> {
            match list_type {
                ListType::Map(keys) => {
                    let item = item.as_object()?;
                    let default = |key: &String| described.and_then(|node| node.fields.get(key)?.default.as_ref());
                    Some(
                        keys.iter().map(|key| item.get(key).or_else(|| default(key)).unwrap_or(&Value::Null)).collect(),
                    )
                }
                _ => Some(vec![item]),
            }
        };
        let keys: Vec<Option<Vec<&Value>>> = items.iter().map(key_of).collect();
        for (at, key) in keys.iter().enumerate() {
            let Some(first) =
                key.as_ref().and_then(|key| keys[..at].iter().position(|before| before.as_ref() == Some(key)))
            else {
                continue;
            };
            let what = match list_type {
                ListType::Map(keys) => format!("item {first} has the same {}", keys.join(" and ")),
                _ => format!("item {first} is the same"),
            };
            self.path.push(Step::Item(at));
            self.fault(FaultKind::Duplicate, what, "each only once", None);
            self.path.pop();
        }
    }

    /// What a field takes, in a word; for what is missing.
    fn name_of(&self, field: &'s Node) -> &'static str {
        let field = self.store.resolved(self.table, field).unwrap_or(field);
        match (field.format.as_deref(), field.kind) {
            (Some("int-or-string"), _) => "a whole number or text",
            (Some("quantity"), _) => "a quantity such as 10Gi or 500m",
            (_, Some(Type::Text)) => "text",
            (_, Some(Type::Integer)) => "a whole number",
            (_, Some(Type::Number)) => "a number",
            (_, Some(Type::Boolean)) => "true or false",
            (_, Some(Type::List)) => "a list",
            (_, Some(Type::Map)) => "a mapping",
            (_, None) => "",
        }
    }

    /// The object's name and namespace.
    fn identity(&mut self, metadata: Option<&'v Value>, api_version: &str, kind: &str, scope: Scope) {
        let metadata = match metadata {
            Some(Value::Object(metadata)) => Some(metadata),
            None | Some(Value::Null) => None,
            // Told as a wrong type already.
            Some(_) => return,
        };
        let text = |field: &str| metadata.and_then(|metadata| metadata.get(field)).and_then(Value::as_str);
        // A name inside a Secret's metadata is no secret.
        self.quiet = false;
        self.path.push(Step::Field("metadata"));
        match text("name").filter(|name| !name.is_empty()) {
            Some(name) => self.at("name", |walk| walk.shape(shapes::of_name(api_version, kind), name)),
            None if text("generateName").is_some_and(|name| !name.is_empty()) => {}
            None if metadata.is_some_and(|metadata| {
                metadata.get("name").is_some_and(|name| !name.is_null() && !name.is_string())
            }) => {}
            None => self.fault(FaultKind::Missing, "name is missing".to_owned(), "the object's name", None),
        }
        if let Some(namespace) = text("namespace").filter(|namespace| !namespace.is_empty()) {
            match scope {
                Scope::Namespaced => self.at("namespace", |walk| walk.shape(Shape::Label, namespace)),
                Scope::Cluster => self.at("namespace", |walk| {
                    walk.fault(FaultKind::Misplaced, format!("a {kind} lives in no namespace"), "nothing here", None);
                }),
            }
        }
        self.path.pop();
    }

    fn unknown_kind(&mut self, api_version: &str, kind: &str) {
        let version = &self.table.version;
        let what = format!("there is no {kind} in {api_version} in Kubernetes {version}");
        let mut expected = String::new();
        let mut suggestion = None;
        if let Some((.., resource)) = self.store.kinds().find(|(group, name, _)| *group == api_version && *name == kind)
        {
            let known: Vec<&str> = self.store.known_in(resource.definition).collect();
            expected = format!("another kind, or one of the versions {}, which know it", known.join(", "));
        } else {
            let here = |resource| self.store.body(self.table, resource).is_some();
            let same = self.store.kinds().find(|(_, name, resource)| *name == kind && here(resource.definition));
            suggestion = same.map(|(group, ..)| format!("apiVersion {group}")).or_else(|| {
                let group = self.store.kinds().filter(|(group, ..)| *group == api_version).map(|(_, name, _)| name);
                let any = self.store.kinds().map(|(_, name, _)| name);
                nearest(kind, group).or_else(|| nearest(kind, any)).map(|kind| format!("kind {kind}"))
            });
        }
        self.fault(FaultKind::UnknownKind, what, &expected, suggestion);
    }
}

impl Schemas {
    /// A path as kubectl writes it, for tests of the walk alone.
    #[cfg(test)]
    pub(super) fn path_of(parts: &[Result<&str, usize>]) -> String {
        written(&parts.iter().map(|part| part.map_or_else(Step::Item, Step::Field)).collect::<Vec<_>>())
    }
}

/// `spec.containers[0].image`; a name with other signs than letters, digits, `-` and `_` stands in brackets:
/// `metadata.labels[app.kubernetes.io/name]`.
fn written(path: &[Step<'_>]) -> String {
    let mut out = String::new();
    for step in path {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Item(at) => write!(out, "[{at}]"),
            Step::Field(name)
                if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') =>
            {
                let dot = if out.is_empty() { "" } else { "." };
                write!(out, "{dot}{name}")
            }
            Step::Field(name) => write!(out, "[{}]", name.escape_debug()),
        };
    }
    out
}

/// The kind of a value, for "this is …"; never the value.
fn told(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
