//! `slipway products new`: the folder of a new product.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::answers::names;
use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::product::beginning;
use crate::product::embedded;
use crate::product::load::load;

use super::super::print;

/// Makes the folder and says what to type next.
pub(super) fn new(shared: &Shared, name: &str, into: Option<&Path>) -> Result<(), Failure> {
    let files = files(name)?;
    let folder = into.map_or_else(|| Path::new(".").join(name), Path::to_path_buf);
    write(&folder, &files)?;
    let shown = shell(&folder.display().to_string());
    let next = [
        format!("slipway products lint {shown}"),
        format!("slipway install {name} --products {shown} --practice"),
        format!("slipway render {name} --products {shown}"),
    ];
    if shared.output == Output::Json {
        let files: Vec<&String> = files.keys().collect();
        let made =
            serde_json::json!({"name": name, "folder": folder.display().to_string(), "files": files, "next": next});
        return print(&format!("{made}\n"));
    }
    print(&format!(
        "The product {name} is in {shown}: a page behind a password, to be changed into what you install.\n\
         \x20 product.yaml           what is asked, and how it is looked after\n\
         \x20 manifests/server.yaml  what is made of the answers\n\
         \x20 development.yaml, staging.yaml, production.yaml\n\
         \x20                        its profiles\n\
         \x20 schemas/               what an editor completes these files with\n\
         \n\
         Next:\n  {}\n  {}\n  {}\n",
        next[0], next[1], next[2]
    ))
}

/// The files of a product of that name.
fn files(name: &str) -> Result<BTreeMap<String, String>, Failure> {
    let refused = |why: String| {
        Failure::new(FailureKind::Usage, format!("`{name}` cannot be the name of a product"))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint("such as: slipway products new my-shop")
    };
    if let Some(fault) = names::label_fault(name, 40) {
        return Err(refused(format!("it {fault}")));
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(refused("it begins with a digit, which no Service may".into()));
    }
    if embedded::names().iter().any(|known| known == name) {
        return Err(refused("a product of that name is part of slipway".into()));
    }
    let files = beginning::files(name);
    let yaml = files.iter().filter(|(file, _)| file.ends_with(".yaml"));
    let bytes = yaml.map(|(file, text)| (file.clone(), text.clone().into_bytes())).collect();
    // Such as `true`, which YAML does not take for a text.
    load(name, &bytes, &embedded::components())
        .map_err(|faults| refused(faults.first().map(|fault| fault.what.clone()).unwrap_or_default()))?;
    Ok(files)
}

/// Writes a folder that was not there; one that cannot be written whole is taken away again.
fn write(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let failure = Failure::new(FailureKind::Usage, format!("cannot make the folder {}", folder.display()));
        if error.kind() == ErrorKind::AlreadyExists {
            return failure
                .why("it is there already, and what is in it stays as it is")
                .state(NOTHING_WRITTEN)
                .hint("name another: slipway products new NAME --into DIR");
        }
        failure.why(error.to_string()).state(NOTHING_WRITTEN).hint("name another: --into DIR")
    };
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::create_dir(folder).map_err(failed)?;
    let whole = files.iter().try_for_each(|(file, text)| {
        let path: PathBuf = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, text)
    });
    whole.map_err(|error| {
        // What is half there would only stand in the way of the next try; where it cannot go either, the reason is the same.
        let _gone = std::fs::remove_dir_all(folder);
        failed(error)
    })
}

/// A path as a shell takes it for one word.
fn shell(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+~".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
