//! The products and components that are part of the program. Their bytes are compiled in; nothing is read from disk.

use rust_embed::RustEmbed;

use crate::finding::Finding;

use super::load::{Components, Files, load};
use super::schema::Product;

#[derive(RustEmbed)]
#[folder = "profiles/"]
struct Profiles;

#[derive(RustEmbed)]
#[folder = "assets/components/"]
struct Shared;

/// What a list of products shows of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name, the folder's.
    pub name: String,
    /// Title, for people.
    pub title: String,
    /// One line.
    pub about: String,
    /// Ids of its profiles, the default first.
    pub profiles: Vec<String>,
}

/// Names of the products in the program, in alphabetical order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Profiles::iter()
        .filter_map(|file| file.strip_suffix("/product.yaml").map(str::to_owned))
        .filter(|name| !name.contains('/'))
        .collect();
    names.sort();
    names
}

/// The first lines of every product in the program: what a list shows, without reading the products whole.
pub fn heads() -> Vec<Head> {
    names().into_iter().filter_map(|name| head_of(&name)).collect()
}

fn head_of(name: &str) -> Option<Head> {
    let file = Profiles::get(&format!("{name}/product.yaml"))?;
    Some(head(name, std::str::from_utf8(&file.data).ok()?))
}

/// Reads the scalars at the top of a `product.yaml`. Only what stands before the first nested block is looked at.
pub fn head(name: &str, text: &str) -> Head {
    let mut head = Head { name: name.to_owned(), title: name.to_owned(), about: String::new(), profiles: Vec::new() };
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
        match key {
            "title" => head.title = value.to_owned(),
            "about" => head.about = value.to_owned(),
            "profiles" => {
                head.profiles = value.trim_matches(['[', ']']).split(',').map(|id| id.trim().to_owned()).collect();
            }
            "pages" => break,
            _ => {}
        }
    }
    head
}

/// The files of a product in the program.
pub fn files(name: &str) -> Option<Files> {
    let prefix = format!("{name}/");
    let files: Files = Profiles::iter()
        .filter_map(|file| Some((file.strip_prefix(&prefix)?.to_owned(), Profiles::get(&file)?.data.into_owned())))
        .collect();
    files.contains_key("product.yaml").then_some(files)
}

/// The components in the program, each with its files.
pub fn components() -> Components {
    let mut components = Components::new();
    for file in Shared::iter() {
        if let Some((name, path)) = file.split_once('/')
            && let Some(found) = Shared::get(&file)
        {
            components.entry(name.to_owned()).or_default().insert(path.to_owned(), found.data.into_owned());
        }
    }
    components
}

/// A product that is part of the program; `None` when there is none of that name.
///
/// # Errors
/// Every fault of every file, as [`load`] tells them.
pub fn built_in(name: &str) -> Option<Result<Product, Vec<Finding>>> {
    Some(load(name, &files(name)?, &components()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_in_the_program_loads_without_a_fault() {
        assert!(names().contains(&"inngest".to_owned()));
        for name in names() {
            let product = built_in(&name).unwrap();
            assert!(product.is_ok(), "{name}: {product:#?}");
        }
    }

    #[test]
    fn the_head_of_a_product_says_what_the_product_says() {
        for head in heads() {
            let product = built_in(&head.name).unwrap().unwrap();
            let ids: Vec<String> = product.profiles.iter().map(|profile| profile.id.clone()).collect();
            assert_eq!((head.title, head.about, head.profiles), (product.title, product.about, ids));
        }
    }

    #[test]
    fn an_unknown_product_is_none() {
        assert!(built_in("nothing").is_none());
        assert!(built_in("").is_none());
    }
}
