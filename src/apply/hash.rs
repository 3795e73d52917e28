//! HMACs that tell whether something is as it was, without telling what it is.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::secret::SecretText;

/// HMAC-SHA-256 of a value under the release's salt, in hex; the order of keys does not matter.
pub(super) fn of(salt: &SecretText, value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    of_text(salt, &text)
}

/// HMAC-SHA-256 of a text under the release's salt, in hex.
pub(super) fn of_text(salt: &SecretText, text: &str) -> String {
    // HMAC takes keys of any length, so that this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.expose().as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            text.push('{');
            for key in keys {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(&map[key.as_str()], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
