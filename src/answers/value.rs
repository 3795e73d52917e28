//! Values by the type of their question: out of what was typed, out of a file, and as text again.

use serde_json::{Map, Value, json};

use super::view::SecretInput;
use crate::product::expression::Template;
use crate::product::schema::{Kind, Question};
use crate::product::{duration_seconds, item, node};
use crate::suggest;

/// Reads what a person typed, or a flag or variable gave, as a value of a type.
///
/// # Errors
/// The rule that it breaks, as it reads after "must be" or "must".
pub fn from_text(kind: &Kind, text: &str) -> Result<Value, String> {
    let text = if matches!(kind, Kind::Multiline) { text } else { text.trim() };
    match kind {
        Kind::YesNo => match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "n" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err("must be yes or no".into()),
        },
        Kind::Number { .. } | Kind::Port => match text.parse::<i64>() {
            Ok(number) => from_value(kind, &json!(number)),
            Err(_) => Err("must be a whole number".into()),
        },
        Kind::Choices(_) | Kind::List(_) => {
            let items = match text {
                "" => Vec::new(),
                text if text.starts_with('[') || of_mappings(kind) => match structured(text)? {
                    Value::Array(items) => items,
                    _ => return Err("must be a list".into()),
                },
                text => text.split(',').map(|item| json!(item.trim())).collect(),
            };
            from_value(kind, &Value::Array(items))
        }
        Kind::Items { .. } | Kind::Object { .. } => from_value(kind, &structured(text)?),
        Kind::Map if text.is_empty() => Ok(json!({})),
        Kind::Map if text.starts_with('{') => from_value(kind, &structured(text)?),
        Kind::Map => {
            // A pair a line, or all on one with commas between.
            let between = if text.contains('\n') { '\n' } else { ',' };
            let pairs = text
                .split(between)
                .filter(|pair| !pair.trim().is_empty())
                .map(|pair| pair.split_once('=').map(|(key, value)| (key.trim().to_string(), json!(value.trim()))));
            let map: Option<Map<String, Value>> = pairs.collect();
            map.map(Value::Object).ok_or_else(|| "must be pairs such as disk=ssd,zone=a".into())
        }
        Kind::Issuer | Kind::ExistingSecret if text.starts_with('{') => from_value(kind, &structured(text)?),
        _ => from_value(kind, &json!(text)),
    }
}

/// A list whose entries are mappings: no comma parts them.
fn of_mappings(kind: &Kind) -> bool {
    matches!(kind, Kind::List(of) if matches!(**of, Kind::Object { .. } | Kind::Map | Kind::Items { .. }))
}

/// Reads a value that is written as JSON or YAML; says on which of several lines it is not.
pub(super) fn structured(text: &str) -> Result<Value, String> {
    let rule = "must be written as JSON or YAML";
    match node::parse("answer", text) {
        Ok(nodes) if nodes.len() == 1 => Ok(nodes[0].to_json()),
        Err(faults) if text.contains('\n') => match faults.first() {
            Some(fault) => {
                let why = fault.what.strip_prefix("not YAML: ").unwrap_or(&fault.what);
                let why = why.split(" at char ").next().unwrap_or(why);
                let line = fault.at.split(':').nth(1).unwrap_or_default();
                Err(format!("{rule}, and line {line} is not: {why}"))
            }
            None => Err(rule.into()),
        },
        _ => Err(rule.into()),
    }
}

/// Reads a value out of a file or profile as a value of a type, canonical.
///
/// # Errors
/// The rule that it breaks.
pub fn from_value(kind: &Kind, value: &Value) -> Result<Value, String> {
    match kind {
        Kind::Secret => Err("is a secret: write env:NAME, file:PATH, generate or secret:NAME/KEY".into()),
        Kind::Text | Kind::Multiline => words(value).map(Value::from).ok_or_else(|| "must be text".into()),
        Kind::Choice(choices) => {
            let text = words(value).unwrap_or_default();
            chosen(&text, choices.keys().map(String::as_str)).map(Value::from)
        }
        Kind::Choices(choices) => {
            let items = value.as_array().ok_or("must be a list")?;
            let read = items.iter().map(|item| {
                chosen(&words(item).unwrap_or_default(), choices.keys().map(String::as_str)).map(Value::from)
            });
            read.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Kind::YesNo => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err("must be yes or no".into()),
        },
        Kind::Number { min, max } => {
            let number = value.as_i64().ok_or("must be a whole number")?;
            match (min, max) {
                (Some(min), _) if number < *min => Err(format!("must be at least {min}")),
                (_, Some(max)) if number > *max => Err(format!("must be at most {max}")),
                _ => Ok(json!(number)),
            }
        }
        Kind::Port => match value.as_i64() {
            Some(port @ 1..=65_535) => Ok(json!(port)),
            _ => Err("must be a port from 1 to 65535".into()),
        },
        Kind::Quantity => {
            let text = words(value).ok_or("must be a quantity such as 20Gi or 500m")?;
            match crate::quantity::parse(&text) {
                Ok(quantity) if quantity.is_negative() => Err("must not be negative".into()),
                Ok(_) => Ok(json!(text)),
                Err(fault) => Err(format!("must be a Kubernetes quantity such as 20Gi or 500m: {fault}")),
            }
        }
        Kind::Duration => {
            let text = value.as_str().ok_or("must be a duration such as 90s or 10m")?;
            duration_seconds(text).map(|_| json!(text)).ok_or_else(|| "must be a duration such as 90s or 10m".into())
        }
        Kind::Host => host(value.as_str().ok_or("must be a host name")?).map(Value::from),
        Kind::Url { schemes } => url(value.as_str().ok_or("must be a URL")?, schemes).map(Value::from),
        Kind::StorageClass | Kind::IngressClass => {
            let text = value.as_str().ok_or("must be a name")?;
            named(text).map(Value::from)
        }
        Kind::Issuer => issuer(value),
        Kind::ExistingSecret => existing_secret(value),
        Kind::List(of) => {
            let items = value.as_array().ok_or("must be a list")?;
            let read = items.iter().enumerate().map(|(i, item)| {
                let read = match (of.as_ref(), item) {
                    (Kind::Object { .. } | Kind::Map | Kind::Items { .. }, _) => from_value(of, item),
                    (_, Value::String(text)) => from_text(of, text),
                    _ => from_value(of, item),
                };
                read.map_err(|fault| format!("entry {} {fault}", i + 1))
            });
            read.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Kind::Items { key, fields } => items(value, key, fields),
        Kind::Map => {
            let map = value.as_object().ok_or("must be a mapping of text to text")?;
            let read = map.iter().map(|(key, value)| {
                words(value).map(|text| (key.clone(), json!(text))).ok_or_else(|| format!("{key} must be text"))
            });
            read.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        Kind::Object { .. } if value.is_object() => Ok(value.clone()),
        Kind::Object { .. } => Err("must be a mapping".into()),
    }
}

/// A value as it is typed: the text that [`from_text`] reads back to the same value.
pub fn to_text(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (Kind::YesNo, Value::Bool(value)) => if *value { "yes" } else { "no" }.into(),
        (Kind::Issuer, Value::Object(map)) => {
            let part = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or("");
            format!("{}/{}", part("kind"), part("name"))
        }
        (Kind::ExistingSecret, Value::Object(map)) => map.get("name").and_then(Value::as_str).unwrap_or("").to_string(),
        (Kind::List(_) | Kind::Choices(_), Value::Array(items))
            if items.iter().all(|item| item.as_str().is_some_and(|text| !text.contains(',') && !text.is_empty())) =>
        {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Text as it was written: YAML may have read a number or a boolean where text was meant.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn chosen<'k>(text: &str, keys: impl Iterator<Item = &'k str>) -> Result<String, String> {
    let keys: Vec<&str> = keys.collect();
    if keys.contains(&text) {
        return Ok(text.to_string());
    }
    let near = suggest::nearest(text, keys.iter().copied()).map(|near| format!("; did you mean {near}?"));
    Err(format!("must be one of {}{}", keys.join(", "), near.unwrap_or_default()))
}

fn named(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 253
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    if fits { Ok(text.to_string()) } else { Err("must be a name of small letters, digits and hyphens".into()) }
}

fn host(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    if text.contains("://") || text.contains('/') {
        return Err("must be a host name alone, without https:// and without a path".into());
    }
    if text.len() > 253 {
        return Err(format!("must have at most 253 characters, and has {}", text.len()));
    }
    for label in text.split('.') {
        if label.len() > 63 {
            return Err(format!(
                "must have at most 63 characters between two dots, and `{}…` has {}",
                label.chars().take(10).collect::<String>(),
                label.len()
            ));
        }
        let fits = !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !fits {
            return Err("must be a host name such as app.example.com".into());
        }
    }
    Ok(text)
}

fn url(text: &str, schemes: &[String]) -> Result<String, String> {
    let allowed = if schemes.is_empty() { "a scheme".to_string() } else { schemes.join(":// or ") + "://" };
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("must be a URL that begins with {allowed}"));
    };
    if !schemes.is_empty() && !schemes.iter().any(|known| known == scheme) {
        return Err(format!("must begin with {allowed}"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let address = authority.rsplit('@').next().unwrap_or(authority);
    let (name, port) = if address.starts_with('[') {
        ("x", None)
    } else {
        address.split_once(':').map_or((address, None), |(name, port)| (name, Some(port)))
    };
    host(name).map_err(|_| "must name a host after its scheme".to_string())?;
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("must have a port from 1 to 65535, or none".into());
    }
    if text.chars().any(char::is_whitespace) {
        return Err("must not hold blanks".into());
    }
    Ok(text.to_string())
}

fn issuer(value: &Value) -> Result<Value, String> {
    let rule = "must name an issuer: Issuer/NAME or ClusterIssuer/NAME";
    let (kind, name) = match value {
        Value::String(text) => text.split_once('/').ok_or(rule)?,
        Value::Object(map) => {
            let part = |key: &str| map.get(key).and_then(Value::as_str).ok_or(rule);
            (part("kind")?, part("name")?)
        }
        _ => return Err(rule.into()),
    };
    if !matches!(kind, "Issuer" | "ClusterIssuer") {
        return Err(rule.into());
    }
    Ok(json!({"kind": kind, "name": named(name)?}))
}

fn existing_secret(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(name) => Ok(json!({"name": named(name)?, "keys": {}})),
        Value::Object(map) => {
            let name = map.get("name").and_then(Value::as_str).ok_or("must name a Secret")?;
            let keys = map.get("keys").cloned().unwrap_or_else(|| json!({}));
            Ok(json!({"name": named(name)?, "keys": keys}))
        }
        _ => Err("must name a Secret".into()),
    }
}

/// Whether a default is computed from other answers.
pub(super) fn computed(default: &node::Node) -> bool {
    match &default.value {
        node::NodeValue::Text(text) => Template::parse(text).is_ok_and(|template| !template.is_plain()),
        _ => false,
    }
}

fn items(value: &Value, key: &str, fields: &[Question]) -> Result<Value, String> {
    let list = value.as_array().ok_or("must be a list of mappings")?;
    let mut read = Vec::new();
    let mut seen = Vec::new();
    for (i, item) in list.iter().enumerate() {
        let map = item.as_object().ok_or_else(|| format!("entry {} must be a mapping", i + 1))?;
        let mut made = Map::new();
        for field in fields {
            let given = map.get(&field.path).filter(|value| !value.is_null());
            if field.is_secret() {
                // Its value is a key of its own: the item holds at most a reference, and the answer nothing.
                let reference = given.map(|given| SecretInput::parse(given.as_str().unwrap_or_default()));
                if let Some(Err(fault)) = reference {
                    return Err(format!("entry {}: {} {fault}", i + 1, field.path));
                }
                continue;
            }
            match given {
                Some(value) => {
                    let value = from_value(&field.kind, value)
                        .map_err(|fault| format!("entry {}: {} {fault}", i + 1, field.path))?;
                    made.insert(field.path.clone(), value);
                }
                None if field.optional => {}
                None => match &field.default {
                    // One that is computed is filled in by the form, which knows the other answers.
                    Some(default) if computed(default) => {}
                    Some(default) => {
                        made.insert(field.path.clone(), field.kind.written(default));
                    }
                    None => return Err(format!("entry {} has no {}", i + 1, field.path)),
                },
            }
        }
        if let Some(unknown) = map.keys().find(|name| !fields.iter().any(|field| field.path == **name)) {
            return Err(format!("entry {} has no field {unknown}", i + 1));
        }
        let identity = made.get(key).cloned().unwrap_or(Value::Null);
        if fields.iter().any(Question::is_secret) && !item::text_of(&identity).is_some_and(|key| item::fits_a_key(&key))
        {
            return Err(format!(
                "entry {}: {key} names a key and must hold letters, digits, `-`, `_` and `.` only",
                i + 1
            ));
        }
        if seen.contains(&identity) {
            return Err(format!("entry {}: {key} stands twice", i + 1));
        }
        seen.push(identity);
        read.push(Value::Object(made));
    }
    Ok(Value::Array(read))
}

#[cfg(test)]
mod tests;
