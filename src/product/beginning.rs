//! The folder that a new product begins as: the files of `assets/new/`, in the new product's name.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/new/"]
struct Beginning;

/// What the first line of the files names, so that editors complete them where there is no network too.
const SCHEMAS: [(&str, &str); 3] = [
    ("schemas/product.json", include_str!("../../assets/schemas/product.json")),
    ("schemas/profile.json", include_str!("../../assets/schemas/profile.json")),
    ("schemas/adopt.json", include_str!("../../assets/schemas/adopt.json")),
];

/// The files of a new product by their path inside its folder. The files in the program speak of a product called `hello`,
/// titled `Hello`.
pub fn files(name: &str) -> BTreeMap<String, String> {
    let title = title(name);
    let said = |text: &str| text.replace("hello", name).replace("Hello", &title);
    let files = Beginning::iter().filter_map(|file| {
        let text = String::from_utf8_lossy(&Beginning::get(&file)?.data).into_owned();
        Some((file.to_string(), said(&text)))
    });
    files.chain(SCHEMAS.map(|(file, text)| (file.to_owned(), text.to_owned()))).collect()
}

/// `my-shop` is called My shop.
fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_product_bears_its_own_name_everywhere() {
        let files = files("my-shop");
        let product = &files["product.yaml"];
        assert!(product.contains("\nname: my-shop ") && product.contains("\ntitle: My shop\n"), "{product}");
        for (file, text) in files.iter().filter(|(file, _)| file.ends_with(".yaml")) {
            assert!(!text.to_lowercase().contains("hello"), "{file}");
        }
    }
}
