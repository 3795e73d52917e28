//! The schemas of the files that people write: product, component, profile, adoption and answers (language.md). Kept by hand beside
//! the loader, whose types are no serde types; the tests hold the two together.

mod adopt;

use serde_json::{Map, Value, json};

pub(crate) use adopt::adopt;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A mapping that has no other keys.
fn map(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A mapping with keys of the author's choice.
fn named(of: Value) -> Value {
    json!({"type": "object", "propertyNames": {"pattern": "^[a-z][A-Za-z0-9]*$"}, "additionalProperties": of})
}

fn said(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn truth(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

/// Bare CEL; `true` and `false` are CEL too.
fn cel(description: &str) -> Value {
    json!({"type": ["string", "boolean"], "description": format!("CEL, without ${{}}: {description}")})
}

fn duration() -> Value {
    json!({"type": "string", "pattern": "^([0-9]+[smhd])+$", "examples": ["60s", "10m"]})
}

fn anything(description: &str) -> Value {
    json!({"description": description})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

const TYPES: [&str; 19] = [
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

/// The keys that go with a type.
fn typed() -> Map<String, Value> {
    let of = json!({"anyOf": [
        {"enum": TYPES},
        {"type": "object", "additionalProperties": false, "required": ["type"], "properties": {
            "type": {"enum": TYPES}, "min": {"type": "integer"}, "max": {"type": "integer"},
            "schemes": list(json!({"type": "string"})), "schema": {"type": "string"},
            "choices": {"type": "object"},
        }},
    ]});
    let keys = json!({
        "type": {"enum": TYPES},
        "choices": {"type": "object", "minProperties": 2, "description": "What is answered: what is shown"},
        "min": {"type": "integer"},
        "max": {"type": "integer"},
        "schemes": list(text("A scheme, such as https")),
        "schema": text("Name of a Kubernetes definition, such as io.k8s.api.core.v1.Affinity"),
        "of": said(of, "What a list holds"),
        "fields": list(reference("question")),
        "key": text("The field that identifies an item"),
    });
    match keys {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}

/// What goes with a type beyond its name.
fn type_rules() -> Value {
    let of =
        |names: Value, then: Value| json!({"if": {"required": ["type"], "properties": {"type": names}}, "then": then});
    json!([
        of(json!({"enum": ["choice", "choices"]}), json!({"required": ["choices"]})),
        of(json!({"const": "object"}), json!({"required": ["schema"]})),
        of(json!({"const": "list"}), json!({"anyOf": [{"required": ["of"]}, {"required": ["fields", "key"]}]})),
    ])
}

fn definitions() -> Value {
    let generate = json!({"anyOf": [
        map(&["hex"], json!({"hex": {"type": "integer", "minimum": 16, "maximum": 1024}})),
        map(&["password"], json!({"password": {"type": "integer", "minimum": 16, "maximum": 1024}})),
    ]});
    let rotate = map(
        &[],
        json!({
            "join": text("Several values are accepted at once, joined by this text"),
            "clientsFirst": truth("Those who use it must know the next value before it is used"),
            "postgresql": said(map(&["group", "user", "database"], json!({
                "group": text("The group whose pod is the server; `self` is the component"),
                "user": text("Its user"), "database": text("A database that it may connect to"),
            })), "It is the password of this login, and is changed there too"),
            "say": text("What has to be known or done besides"),
        }),
    );
    let asked = json!({
        "ask": text("What is asked"),
        "why": text("Why it matters"),
        "default": anything("A value, or text with ${}"),
        "optional": truth("It may be left open"),
        "when": cel("asked only when this holds"),
        "checks": list(map(&["that", "say"], json!({"that": cel("what must hold of `self`"), "say": text("What is said when it does not")}))),
        "advanced": truth("Behind one key"),
        "sticky": truth("Pinned at install"),
        "fixed": text("Regular expression of the part that cannot change over a kept volume"),
        "example": {"type": ["string", "number"]},
        "from": cel("choices out of the cluster"),
        "generate": said(generate, "How a secret is made"),
        "opens": list(text("What it opens: claims, clients")),
        "rotate": said(rotate, "How it is changed without shutting out who uses it; one of join, clientsFirst and postgresql"),
    });
    let merged = |more: Value| {
        let mut all = asked.as_object().cloned().unwrap_or_default();
        all.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(all)
    };
    let mut question = map(
        &["id", "ask", "type"],
        merged(json!({"id": {
            "type": "string", "pattern": "^[a-z][A-Za-z0-9]*([.][a-z][A-Za-z0-9]*)*$", "description": "Dotted path"
        }})),
    );
    question["properties"].as_object_mut().unwrap().extend(typed());
    question["allOf"] = type_rules();
    let mut input = map(
        &["type"],
        json!({
            "optional": truth("It may be left out"), "say": text("What it is, for who writes a product"), "default": anything("A value, or text with ${}"),
        }),
    );
    input["properties"].as_object_mut().unwrap().extend(typed());
    input["allOf"] = type_rules();
    json!({
        "question": question,
        "input": input,
        "key": map(&["ask"], asked.clone()),
        "health": {
            "type": "object", "additionalProperties": false,
            "anyOf": [{"required": ["http"]}, {"required": ["sql"]}, {"required": ["exec"]}],
            "properties": {
                "when": cel("only when this holds"),
                "group": text("The group that it speaks for"),
                "within": duration(),
                "http": map(&["service", "path"], json!({
                    "service": {"type": "string"}, "port": {"type": ["string", "integer"]}, "path": {"type": "string"},
                })),
                "sql": map(&["group"], json!({
                    "group": {"type": "string"}, "query": text("What is asked; `select 1` without it"),
                })),
                "exec": map(&["group"], json!({
                    "group": {"type": "string"}, "command": list(json!({"type": ["string", "integer"]})),
                })),
            },
        },
        "backup": {
            "type": "object", "required": ["group", "kind"],
            "properties": {
                "when": cel("only when this holds"), "group": {"type": "string"},
                "kind": {"enum": ["postgresql", "redis"]},
                "database": {"type": "string"}, "user": {"type": "string"}, "host": {"type": "string"},
                "port": {"type": ["integer", "string"]},
                "password": map(&["secret", "key"], json!({"secret": {"type": "string"}, "key": {"type": "string"}})),
                "url": map(&["secret", "key"], json!({"secret": {"type": "string"}, "key": {"type": "string"}})),
                "image": text("An image with the client of the server"),
            },
        },
        "logPattern": map(&["match", "code", "say"], json!({
            "when": cel("only when this holds"), "match": {"type": "string", "format": "regex"},
            "code": {"type": "string"}, "say": {"type": "string"}, "remedy": {"type": "string"},
        })),
    })
}

fn root(name: &str, title: &str, mut schema: Value, definitions: Value) -> Value {
    schema["$schema"] = json!(DRAFT);
    schema["$id"] = json!(format!("https://slipway.dev/schemas/{name}.json"));
    schema["title"] = json!(title);
    if definitions != json!({}) {
        schema["$defs"] = definitions;
    }
    schema
}

fn language() -> Value {
    json!({"const": 1, "description": "Version of the product language"})
}

/// `product.yaml`.
pub(crate) fn product() -> Value {
    let page = map(
        &["id", "title"],
        json!({
            "id": {"type": "string"},
            "title": {"type": "string"},
            "questions": list(json!({"anyOf": [
                reference("question"),
                map(&["component"], json!({"component": text("The questions of a component stand here")})),
            ]})),
            "keys": list(text("Keys that are asked here")),
        }),
    );
    let migration = map(
        &[],
        json!({
            "when": cel("only when this holds"), "atStart": {"type": "boolean"}, "job": {"type": "string"}, "budget": duration(),
        }),
    );
    let gate = map(
        &["say"],
        json!({
            "from": {"type": ["string", "number"]}, "to": {"type": ["string", "number"]}, "say": {"type": "string"},
            "requires": {"enum": ["backup", "stop", "step"]}, "migrates": {"type": "boolean"},
        }),
    );
    let properties = json!({
        "slipway": language(),
        "name": text("The folder's name"),
        "title": text("For people"),
        "about": text("One line"),
        "namespace": text("The default namespace"),
        "singleton": truth("A second release in a namespace is refused"),
        "profiles": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "The first is the default"},
        "versions": map(&["default"], json!({
            "default": {"type": ["string", "number"], "not": {"const": "latest"}}, "accept": cel("what a version must satisfy, over `self`"),
            "order": {"enum": ["semver", "date"]}, "part": {"type": "string", "format": "regex"},
        })),
        "usual": map(&["from", "to"], json!({"from": duration(), "to": duration()})),
        "pages": list(page),
        "checks": list(map(&["at", "that", "say"], json!({
            "at": text("The question that it is shown at"), "that": cel("what must hold"), "say": {"type": "string"},
        }))),
        "keys": named(reference("key")),
        "values": named(anything("A value, or text with ${}")),
        "components": named(map(&["use", "mode"], json!({
            "use": text("The component's name"), "mode": text("bundled, external or off"), "with": {"type": "object"},
        }))),
        "health": list(reference("health")),
        "backup": list(reference("backup")),
        "logPatterns": list(reference("logPattern")),
        "notes": list(map(&["say"], json!({"when": cel("only when this holds"), "say": {"type": "string"}}))),
        "gates": list(gate),
        "migration": {
            "anyOf": [migration, list(migration.clone())],
            "description": "How the schema of the data is migrated; a list where answers decide",
        },
        "allow": list(map(&["rule", "at", "reason"], json!({
            "rule": {"type": "string"}, "at": {"type": "string"}, "reason": {"type": "string"},
        }))),
    });
    let mut definitions = definitions();
    definitions.as_object_mut().unwrap().remove("input");
    root(
        "product",
        "A product of slipway",
        map(&["slipway", "name", "title", "about", "versions", "profiles"], properties),
        definitions,
    )
}

/// `component.yaml`.
pub(crate) fn component() -> Value {
    let properties = json!({
        "slipway": language(),
        "name": text("The folder's name"),
        "title": text("For people"),
        "about": text("One line"),
        "inputs": named(reference("input")),
        "questions": list(reference("question")),
        "keys": named(reference("key")),
        "outputs": named(anything("A value, or text with ${}")),
        "values": named(anything("A value, or text with ${}")),
        "waitFor": map(&["image", "command"], json!({
            "when": cel("only when this holds"), "image": {"type": "string"},
            "command": {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}},
        })),
        "health": list(reference("health")),
        "backup": list(reference("backup")),
        "logPatterns": list(reference("logPattern")),
    });
    root("component", "A component that products share", map(&["slipway", "name"], properties), definitions())
}

/// A profile.
pub(crate) fn profile() -> Value {
    let properties = json!({
        "title": text("For people"),
        "about": text("One line"),
        "production": truth("It stands for production: lint and the flows are stricter"),
        "answers": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][A-Za-z0-9]*([.][a-z][A-Za-z0-9]*)*$"},
            "description": "Answers that differ from the defaults, by dotted path; literals only",
        },
    });
    root("profile", "A profile of a product", map(&["title", "about"], properties), json!({}))
}

/// An answers file: the target strictly, answers as far as they are known without the product.
pub(crate) fn answers() -> Value {
    let name = |description: &str| text(description);
    let target = map(
        &[],
        json!({
            "product": name("What is installed"), "context": name("Context of the kubeconfig"),
            "namespace": name("Namespace"), "release": name("Name of the release"), "profile": name("Profile"),
        }),
    );
    let schema = json!({
        "type": "object",
        "properties": {"slipway": target},
        "patternProperties": {"^[a-z][A-Za-z0-9]*$": anything(
            "An answer, or a group of them: nested by the parts of the path. A secret is env:NAME, file:PATH, generate or secret:NAME/KEY"
        )},
        "additionalProperties": false,
    });
    root("answers", "Answers for slipway", schema, json!({}))
}
