//! The products of this repository, read from its folders for tests.

use std::path::Path;

use super::{Components, Files};

/// The folders of this repository, as a program would embed them.
pub(super) fn built_in(name: &str) -> (Files, Components) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles").join(name);
    let mut product = Files::new();
    read(&folder, &folder, &mut product);
    (product, components())
}

/// The components of this repository.
pub(super) fn components() -> Components {
    let mut components = Components::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/components")).unwrap() {
        let path = entry.unwrap().path();
        let mut files = Files::new();
        read(&path, &path, &mut files);
        components.insert(path.file_name().unwrap().to_string_lossy().into_owned(), files);
    }
    components
}

fn read(folder: &Path, base: &Path, into: &mut Files) {
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
