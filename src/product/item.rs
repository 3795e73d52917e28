//! Secrets inside the items of a list: each is a key of its own, `<id>.<key>.<field>` (language.md "Types"), such as
//! `users.alice.password`. The list itself stays clean: its items hold every field but the secret ones.

use serde_json::Value;

use super::schema::{Kind, Product, Question};

/// What the path of a secret inside an item names.
#[derive(Clone, Copy, Debug)]
pub struct Named<'p, 'n> {
    /// The list.
    pub list: &'p Question,
    /// The item, by the value of its identifying field.
    pub key: &'n str,
    /// The field.
    pub field: &'p Question,
}

impl Question {
    /// The secret fields of a list's items.
    pub fn secret_fields(&self) -> impl Iterator<Item = &Question> {
        let fields = match &self.kind {
            Kind::Items { fields, .. } => fields.as_slice(),
            _ => &[],
        };
        fields.iter().filter(|field| field.is_secret())
    }

    /// What identifies an item of this list, as text.
    pub fn key_of(&self, item: &Value) -> Option<String> {
        match &self.kind {
            Kind::Items { key, .. } => text_of(item.get(key)?),
            _ => None,
        }
    }
}

/// An identity as it stands in a path.
pub fn text_of(identity: &Value) -> Option<String> {
    match identity {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a text may be part of the key of a Secret.
pub fn fits_a_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The path of a secret inside an item.
pub fn path(list: &str, key: &str, field: &str) -> String {
    format!("{list}.{key}.{field}")
}

/// What a path names, where it is that of a secret inside an item of a list; the item need not be there.
pub fn named<'p, 'n>(product: &'p Product, path: &'n str) -> Option<Named<'p, 'n>> {
    let (before, field) = path.rsplit_once('.')?;
    for (at, _) in before.match_indices('.') {
        if let Some(list) = product.questions.get(&before[..at]) {
            let key = &before[at + 1..];
            let field = list.secret_fields().find(|known| known.path == field)?;
            return fits_a_key(key).then_some(Named { list, key, field });
        }
    }
    None
}

/// The question of a secret: its own, or that of a field of an item.
pub fn secret<'p>(product: &'p Product, path: &str) -> Option<&'p Question> {
    match product.questions.get(path) {
        Some(question) => question.is_secret().then_some(question),
        None => named(product, path).map(|named| named.field),
    }
}
