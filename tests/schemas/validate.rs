//! As much of JSON Schema as the published schemas use.

use regex::Regex;
use serde_json::Value;

/// Every way in which a value is not what a schema says, by path.
pub(crate) fn faults(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let keywords = schema.as_object().unwrap();
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "examples" | "format" | "then" | "default" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                found.extend(faults(root, &root["$defs"][name], value, path));
            }
            "type" => {
                let types: Vec<&str> = rule.as_array().map_or_else(
                    || rule.as_str().into_iter().collect(),
                    |types| types.iter().filter_map(Value::as_str).collect(),
                );
                if !types.iter().any(|name| is(name, value)) {
                    found.push(format!("{path}: {value} is not {types:?}"));
                }
            }
            "const" if value != rule => found.push(format!("{path}: {value} is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                found.push(format!("{path}: {value} is not one of {rule}"))
            }
            "minimum" if value.is_number() && value.as_i64() < rule.as_i64() => {
                found.push(format!("{path}: too small"))
            }
            "maximum" if value.is_number() && value.as_i64() > rule.as_i64() => {
                found.push(format!("{path}: too large"))
            }
            "minItems" if value.as_array().is_some_and(|list| (list.len() as u64) < rule.as_u64().unwrap()) => {
                found.push(format!("{path}: too few"));
            }
            "maxItems" if value.as_array().is_some_and(|list| (list.len() as u64) > rule.as_u64().unwrap()) => {
                found.push(format!("{path}: too many"));
            }
            "minProperties" if value.as_object().is_some_and(|map| (map.len() as u64) < rule.as_u64().unwrap()) => {
                found.push(format!("{path}: too few"));
            }
            "pattern" => {
                if value.as_str().is_some_and(|text| !Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)) {
                    found.push(format!("{path}: {value} is not {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.as_object().is_some_and(|map| !map.contains_key(name)) {
                        found.push(format!("{path}: has no {name}"));
                    }
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        found.extend(faults(root, rule, value, &format!("{path}.{name}")));
                    }
                }
            }
            "propertyNames" => {
                for name in value.as_object().into_iter().flat_map(|map| map.keys()) {
                    found.extend(faults(root, rule, &Value::from(name.as_str()), &format!("{path}.{name}")));
                }
            }
            "patternProperties" => {}
            "additionalProperties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    let known = schema["properties"].get(name).is_some();
                    let patterns = schema["patternProperties"].as_object().into_iter().flat_map(|map| map.keys());
                    let matched = patterns.into_iter().any(|pattern| Regex::new(pattern).unwrap().is_match(name));
                    match rule {
                        _ if known || matched => {}
                        Value::Bool(false) => found.push(format!("{path}: does not know {name}")),
                        rule => found.extend(faults(root, rule, value, &format!("{path}.{name}"))),
                    }
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(root, rule, value, &format!("{path}[{number}]")));
                }
            }
            "prefixItems" => {
                for (number, (value, rule)) in
                    value.as_array().into_iter().flatten().zip(rule.as_array().unwrap()).enumerate()
                {
                    found.extend(faults(root, rule, value, &format!("{path}[{number}]")));
                }
            }
            "anyOf" => {
                let all: Vec<_> = rule.as_array().unwrap().iter().map(|rule| faults(root, rule, value, path)).collect();
                if all.iter().all(|faults| !faults.is_empty()) {
                    found.extend(all.into_iter().min_by_key(Vec::len).unwrap());
                }
            }
            "oneOf" => {
                let all: Vec<_> = rule.as_array().unwrap().iter().map(|rule| faults(root, rule, value, path)).collect();
                match all.iter().filter(|faults| faults.is_empty()).count() {
                    1 => {}
                    0 => found.extend(all.into_iter().min_by_key(Vec::len).unwrap()),
                    _ => found.push(format!("{path}: {value} is more than one of them")),
                }
            }
            "allOf" => rule.as_array().unwrap().iter().for_each(|rule| found.extend(faults(root, rule, value, path))),
            "not" if faults(root, rule, value, path).is_empty() => found.push(format!("{path}: {value} is refused")),
            "if" if faults(root, rule, value, path).is_empty() => {
                found.extend(faults(root, &schema["then"], value, path));
            }
            "const" | "enum" | "minimum" | "maximum" | "minItems" | "maxItems" | "minProperties" | "not" | "if" => {}
            unknown => panic!("the validator does not know {unknown}"),
        }
    }
    found
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("no type {unknown}"),
    }
}
