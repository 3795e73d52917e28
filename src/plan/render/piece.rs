//! A rendered tree that may still hold secrets, as recipes.

use serde_json::{Map, Value};

use super::Notes;
use crate::product::node::Place;
use crate::product::recipe::Recipe;

/// A piece of a rendered tree. Null is never one: it is dropped where it comes up.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// A value that everybody may see.
    Clean(Value, Place),
    /// Computed from secrets.
    Tainted {
        /// How it is made.
        recipe: Recipe,
        /// One of the secrets may not be read.
        unknown: bool,
        /// Where it stands.
        place: Place,
    },
    /// A list.
    List(Vec<Piece>, Place),
    /// A mapping in the author's order.
    Map(Vec<(String, Piece)>, Place),
}

impl Piece {
    /// Where it stands.
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Clean(_, place) | Self::Tainted { place, .. } | Self::List(_, place) | Self::Map(_, place) => place,
        }
    }

    /// The entry of a mapping.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries, _) => entries.iter_mut().find(|(known, _)| known == key).map(|(_, piece)| piece),
            _ => None,
        }
    }

    /// Takes the entry of a mapping out.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Map(entries, _) = self else { return None };
        let at = entries.iter().position(|(known, _)| known == key)?;
        Some(entries.remove(at).1)
    }

    /// The text of an entry, empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        match self {
            Self::Map(entries, _) => entries
                .iter()
                .find(|(known, _)| known == key)
                .and_then(|(_, piece)| if let Self::Clean(value, _) = piece { value.as_str() } else { None })
                .unwrap_or(""),
            _ => "",
        }
    }

    /// The tree as JSON; a secret in it is a fault, and the whole is then of no use.
    pub(super) fn into_json(self, notes: &mut Notes) -> Option<Value> {
        match self {
            Self::Clean(value, _) => Some(value),
            Self::Tainted { recipe, unknown, place } => {
                let finding = notes.fault(
                    "SECRET_SHOWS",
                    &place,
                    format!("`{}` is computed from a secret, which may end in a Secret only", recipe.template),
                );
                finding.remedy = if unknown {
                    "refer to it with $secretRef, or grant the right to read it".into()
                } else {
                    "put it into the data of a Secret and refer to that, or use $secretRef".into()
                };
                None
            }
            Self::List(items, _) => {
                // All of them, so that every fault is told.
                let items: Vec<_> = items.into_iter().map(|item| item.into_json(notes)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Self::Map(entries, _) => {
                let entries: Vec<_> =
                    entries.into_iter().map(|(key, piece)| piece.into_json(notes).map(|value| (key, value))).collect();
                entries.into_iter().collect::<Option<Map<_, _>>>().map(Value::Object)
            }
        }
    }

    /// The tree as JSON with `mark` in the place of each secret, whose recipes are collected in order.
    pub(super) fn into_marked(self, mark: &str, recipes: &mut Vec<(Recipe, bool)>) -> Value {
        match self {
            Self::Clean(value, _) => value,
            Self::Tainted { recipe, unknown, .. } => {
                recipes.push((recipe, unknown));
                Value::from(format!("{mark}{}{mark}", recipes.len() - 1))
            }
            Self::List(items, _) => {
                Value::Array(items.into_iter().map(|item| item.into_marked(mark, recipes)).collect())
            }
            Self::Map(entries, _) => {
                Value::Object(entries.into_iter().map(|(key, piece)| (key, piece.into_marked(mark, recipes))).collect())
            }
        }
    }
}
