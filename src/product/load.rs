//! Reads a product's folder. Every fault of every file is told at once, with its place.

mod codes;
mod component;
mod fields;
mod manifests;
mod names;
mod product;
mod profile;
mod question;
mod said;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use codes::CODES;

use crate::finding::{Finding, Severity};

use super::expression::read_ahead;
use super::node::{self, Node, Place};
use super::schema::Product;

/// Files by their path inside their folder, `/` between the parts.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Components by name, each with its files.
pub type Components = BTreeMap<String, Files>;

/// Reads a product out of its files and those of the components it may use. `folder` is shown in front of file names.
///
/// # Errors
/// Every fault of every file.
pub fn load(folder: &str, files: &Files, components: &Components) -> Result<Product, Vec<Finding>> {
    let mut faults = Faults::default();
    let texts = || files.values().chain(components.values().flat_map(BTreeMap::values));
    let product = std::thread::scope(|scope| {
        scope.spawn(|| read_ahead(texts().filter_map(|bytes| std::str::from_utf8(bytes).ok())));
        product::read(folder, files, components, &mut faults)
    });
    match product {
        Some(mut product) if faults.0.is_empty() => {
            product.digest = digest(files, components, &product);
            Ok(product)
        }
        _ => {
            faults.0.sort_by_key(|fault| place_order(&fault.at));
            faults.0.dedup();
            Err(faults.0)
        }
    }
}

fn place_order(at: &str) -> (String, usize, usize) {
    let mut parts = at.rsplitn(3, ':');
    let column = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let line = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (parts.next().unwrap_or(at).to_string(), line, column)
}

fn digest(files: &Files, components: &Components, product: &Product) -> String {
    let mut hash = Sha256::new();
    let used = product.components.values().filter_map(|component| components.get_key_value(&component.uses));
    let all = files.iter().chain(used.flat_map(|(_, files)| files));
    for (name, bytes) in all {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Faults as they are found.
#[derive(Default)]
struct Faults(Vec<Finding>);

impl Faults {
    fn add(&mut self, code: &str, place: &Place, what: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding::new(code, Severity::Error, what).at(place.to_string()).remedy(remedy));
    }

    /// Reads the documents of one of the files, if it is there.
    fn documents(&mut self, folder: &str, name: &str, files: &Files) -> Option<Vec<Node>> {
        let bytes = files.get(name)?;
        let shown = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
        let Ok(text) = std::str::from_utf8(bytes) else {
            let place = Place { file: shown.as_str().into(), line: 1, column: 1 };
            self.add("ENCODING", &place, "the file is not UTF-8", "save it as UTF-8");
            return None;
        };
        match node::parse(&shown, text) {
            Ok(nodes) => Some(nodes),
            Err(found) => {
                self.0.extend(found);
                None
            }
        }
    }

    /// Reads a file that holds one mapping.
    fn mapping(&mut self, folder: &str, name: &str, files: &Files) -> Option<Node> {
        let nodes = self.documents(folder, name, files)?;
        match nodes.as_slice() {
            [one] if one.as_map().is_some() => nodes.into_iter().next(),
            [] => {
                let place = Place { file: format!("{folder}/{name}").as_str().into(), line: 1, column: 1 };
                self.add("EMPTY", &place, "the file is empty", "");
                None
            }
            [first, ..] => {
                self.add("SHAPE", &first.place, "the file must hold one mapping", "");
                None
            }
        }
    }
}

/// A product of this repository, for tests of other parts.
#[cfg(test)]
pub(crate) fn built_in_for_tests(name: &str) -> Product {
    let (files, components) = from_repository::built_in(name);
    load(name, &files, &components).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// The components of this repository.
#[cfg(test)]
pub(crate) fn components_for_tests() -> Components {
    from_repository::components()
}

#[cfg(test)]
mod from_repository;
#[cfg(test)]
mod tests;
