//! `base64(text)`: standard base64 with padding.

use std::sync::Arc;

use base64::Engine as _;
use cel::{Context, DeclarationError};

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context
        .add_function("base64", |text: Arc<String>| base64::engine::general_purpose::STANDARD.encode(text.as_bytes()))
}
