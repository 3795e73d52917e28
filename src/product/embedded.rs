//! The products and components that ship in the binary, as the bytes of their files.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use super::load::{Components, Files};

#[derive(RustEmbed)]
#[folder = "profiles/"]
struct Products;

#[derive(RustEmbed)]
#[folder = "assets/components/"]
struct ComponentFiles;

/// The folders under a root, each with its files.
fn folders<E: RustEmbed>(only: Option<&str>) -> BTreeMap<String, Files> {
    let mut folders: BTreeMap<String, Files> = BTreeMap::new();
    for path in E::iter() {
        let Some((folder, file)) = path.split_once('/') else { continue };
        if only.is_some_and(|only| only != folder) {
            continue;
        }
        if let Some(found) = E::get(&path) {
            folders.entry(folder.to_string()).or_default().insert(file.to_string(), found.data.into_owned());
        }
    }
    folders
}

/// Names of the products, sorted.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> =
        Products::iter().filter_map(|path| path.split_once('/').map(|(folder, _)| folder.to_string())).collect();
    names.sort();
    names.dedup();
    names
}

/// The files of a product, where it ships.
pub fn product(name: &str) -> Option<Files> {
    folders::<Products>(Some(name)).remove(name)
}

/// Every component that ships.
pub fn components() -> Components {
    folders::<ComponentFiles>(None)
}

/// Title and line about a product, out of the head of its `product.yaml`: listing products reads no more than that.
pub fn head(name: &str) -> (String, String) {
    let file = Products::get(&format!("{name}/product.yaml"));
    let text = file.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
    let field = |key: &str| {
        let line = text.lines().take(20).find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.map(|value| value.trim().trim_matches(['"', '\'']).to_string()).unwrap_or_default()
    };
    (field("title"), field("about"))
}
