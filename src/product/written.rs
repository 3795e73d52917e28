//! Answers as their author wrote them: where text is meant, `1.20` is the text `1.20` (language.md "Answers file").

use serde_json::{Map, Value};

use super::node::{Node, NodeValue};
use super::schema::Kind;

impl Kind {
    /// A node as the value of an answer of this type: scalars that are text by their type are taken as they were written.
    pub fn written(&self, node: &Node) -> Value {
        match (self, &node.value) {
            (_, NodeValue::Null) => Value::Null,
            (Self::Items { fields, .. }, NodeValue::List(items)) => {
                let of_field = |name: &str| fields.iter().find(|field| field.path == name).map(|field| &field.kind);
                let item = |node: &Node| match &node.value {
                    NodeValue::Map(entries) => {
                        let entries = entries.iter().map(|(key, node)| {
                            let value = of_field(&key.text).map_or_else(|| node.to_json(), |kind| kind.written(node));
                            (key.text.clone(), value)
                        });
                        Value::Object(entries.collect::<Map<_, _>>())
                    }
                    _ => node.to_json(),
                };
                Value::Array(items.iter().map(item).collect())
            }
            (Self::List(of), NodeValue::List(items)) => {
                Value::Array(items.iter().map(|node| of.written(node)).collect())
            }
            (Self::Choices(_), NodeValue::List(items)) => {
                Value::Array(items.iter().map(|node| Self::Text.written(node)).collect())
            }
            (Self::Map, NodeValue::Map(entries)) => {
                let entries = entries.iter().map(|(key, node)| (key.text.clone(), Self::Text.written(node)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            (kind, NodeValue::Bool(_) | NodeValue::Int(_) | NodeValue::Float(_)) if kind.is_text() => {
                node.written.as_deref().map_or_else(|| node.to_json(), Value::from)
            }
            _ => node.to_json(),
        }
    }

    /// Whether its answers are text.
    fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Multiline
                | Self::Choice(_)
                | Self::Quantity
                | Self::Duration
                | Self::Host
                | Self::Url { .. }
                | Self::StorageClass
                | Self::IngressClass
        )
    }
}
