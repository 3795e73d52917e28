//! Where what an operator asks for afterwards is kept: the keys of the product, and the Service that answers for it.

use super::{Action, Plan, Probe};
use crate::event::{KeyPlace, ServicePlace};
use crate::product::{Given, Recipe};
use crate::secret::SecretRef;

impl Plan {
    /// Where each key of the release can be read: in the Secret that the product's guide names, where one holds it as it
    /// is, else in the release's key Secret.
    pub fn key_places(&self) -> Vec<KeyPlace> {
        let composed = |path: &str| {
            self.steps.iter().filter(|step| step.action != Action::Delete).find_map(|step| {
                let (key, _) = step.wanted.recipes.iter().find(|(_, recipe)| plainly(recipe) == Some(path))?;
                Some(KeyPlace { secret: step.wanted.object.name().into(), key: key.clone() })
            })
        };
        let kept = self.target.key_secret_name(self.keys.generation.max(1));
        let entries = self.keys.entries.iter().map(|entry| {
            composed(&entry.path).unwrap_or_else(|| KeyPlace { secret: kept.clone(), key: entry.path.clone() })
        });
        // What clients need comes before what only opens a volume.
        let mut places: Vec<(bool, KeyPlace)> =
            self.keys.entries.iter().map(|entry| !entry.path.starts_with("keys.")).zip(entries).collect();
        places.sort_by_key(|(inner, _)| *inner);
        let mut places: Vec<KeyPlace> = places.into_iter().map(|(_, place)| place).collect();
        places.dedup();
        places
    }

    /// The Service that answers the product's first health check.
    pub fn door(&self) -> Option<ServicePlace> {
        self.health.iter().find_map(|check| match &check.probe {
            Probe::Http { service, port, .. } => Some(ServicePlace { service: service.clone(), port: port.clone() }),
            _ => None,
        })
    }
}

/// The path of the key that a recipe is, where it is nothing but that key.
fn plainly(recipe: &Recipe) -> Option<&str> {
    let name = recipe.template.strip_prefix("${")?.strip_suffix('}')?.trim();
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')) {
        return None;
    }
    match recipe.with.get(name)? {
        Given::Secret { path, at: SecretRef::Keys { .. } } => Some(path),
        Given::Recipe(inner) => plainly(inner),
        _ => None,
    }
}
