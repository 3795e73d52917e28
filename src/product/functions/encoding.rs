//! `base64(text)`: standard base64 with padding. `json(text)`: the text as a JSON string with its quotes, which is YAML
//! too; rendering uses it where a secret stands inside a configuration file.

use std::sync::Arc;

use base64::Engine as _;
use cel::{Context, DeclarationError};

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("base64", |text: Arc<String>| {
        base64::engine::general_purpose::STANDARD.encode(text.as_bytes())
    })?;
    context.add_function("json", |text: Arc<String>| serde_json::Value::from(text.as_str()).to_string())
}
