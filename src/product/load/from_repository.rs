//! The products of this repository, read from its folders for tests.

use super::{Components, Files};

/// The folders of this repository, as a program would embed them.
pub(super) fn built_in(name: &str) -> (Files, Components) {
    fn read(folder: &std::path::Path, base: &std::path::Path, into: &mut Files) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, base, into);
            } else {
                let name = path.strip_prefix(base).unwrap().to_string_lossy().into_owned();
                into.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut product = Files::new();
    read(&root.join("profiles").join(name), &root.join("profiles").join(name), &mut product);
    let mut components = Components::new();
    for entry in std::fs::read_dir(root.join("assets/components")).unwrap() {
        let path = entry.unwrap().path();
        let mut files = Files::new();
        read(&path, &path, &mut files);
        components.insert(path.file_name().unwrap().to_string_lossy().into_owned(), files);
    }
    (product, components)
}
