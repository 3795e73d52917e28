//! A refusal as the API server words it: a Status object and its HTTP code.

use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// `Null` where the real server sends none.
    pub(crate) details: Value,
    /// Text instead of a Status: what the server says of a path it does not know.
    pub(crate) plain: bool,
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self { code, reason, message: message.into(), details, plain: false }
    }

    pub(crate) fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}

/// `deployments.apps "x"`, as messages name an object.
fn named(group: &str, plural: &str, name: &str) -> String {
    if group.is_empty() { format!("{plural} {name:?}") } else { format!("{plural}.{group} {name:?}") }
}

fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = json!({"name": name, "kind": kind});
    if !group.is_empty() {
        details["group"] = group.into();
    }
    details
}

pub(crate) fn not_found(group: &str, plural: &str, name: &str) -> Refusal {
    Refusal::new(404, "NotFound", format!("{} not found", named(group, plural, name)), details(group, plural, name))
}

pub(crate) fn already_exists(group: &str, plural: &str, name: &str) -> Refusal {
    let message = format!("{} already exists", named(group, plural, name));
    Refusal::new(409, "AlreadyExists", message, details(group, plural, name))
}

/// A 409 that is not about fields.
pub(crate) fn conflict(group: &str, plural: &str, name: &str, why: &str) -> Refusal {
    let message = format!("Operation cannot be fulfilled on {}: {why}", named(group, plural, name));
    Refusal::new(409, "Conflict", message, details(group, plural, name))
}

/// The object was written since it was read.
pub(crate) fn modified(group: &str, plural: &str, name: &str) -> Refusal {
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    conflict(group, plural, name, why)
}

/// The server knows the group but not this resource.
pub(crate) fn unknown_resource() -> Refusal {
    Refusal::new(404, "NotFound", "the server could not find the requested resource", json!({}))
}

/// The server does not know this path at all.
pub(crate) fn unknown_path() -> Refusal {
    Refusal { plain: true, ..Refusal::new(404, "NotFound", "404 page not found\n", Value::Null) }
}

pub(crate) fn wrong_method() -> Refusal {
    let message = "the server does not allow this method on the requested resource";
    Refusal::new(405, "MethodNotAllowed", message, json!({}))
}

pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message, Value::Null)
}

pub(crate) fn forbidden(group: &str, plural: &str, name: &str, why: &str) -> Refusal {
    let message = format!("{} is forbidden: {why}", named(group, plural, name));
    Refusal::new(403, "Forbidden", message, details(group, plural, name))
}

/// One field of an object that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) field: String,
}

impl Cause {
    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {why}"), field: field.into() }
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let message = if why.is_empty() { "Required value".into() } else { format!("Required value: {why}") };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    pub(crate) fn invalid(field: &str, value: &Value, why: &str) -> Self {
        Self { reason: "FieldValueInvalid", message: format!("Invalid value: {value}: {why}"), field: field.into() }
    }
}

/// A 422 with its causes.
pub(crate) fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Refusal {
    let lines: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    let why = if let [one] = lines.as_slice() { one.clone() } else { format!("[{}]", lines.join(", ")) };
    let qualified = if group.is_empty() { kind.to_string() } else { format!("{kind}.{group}") };
    let mut details = details(group, kind, name);
    let shown = |cause: &Cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field});
    details["causes"] = causes.iter().map(shown).collect();
    Refusal::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {why}"), details)
}
