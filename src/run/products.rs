//! `slipway products`, `products show`, `products lint`, `products new`; and finding a product by its name.

mod component;
mod new;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::cli::{Output, Products, Shared};
use crate::error::{Failure, FailureKind};
use crate::finding::Finding;
use crate::product::embedded;
use crate::product::load::{Components, Files, load};
use crate::product::schema::{Kind, Product};
use crate::suggest;

use super::print;

/// The products that can be named: those that ship, and those of `--products DIR`.
pub(super) fn known(shared: &Shared) -> Result<BTreeMap<String, Option<PathBuf>>, Failure> {
    let mut known: BTreeMap<String, Option<PathBuf>> = embedded::names().into_iter().map(|name| (name, None)).collect();
    if let Some(dir) = &shared.products {
        let mut brought = BTreeMap::new();
        for folder in folders_of(dir)? {
            let name = name_of(&folder);
            if let Some(other) = brought.insert(name.clone(), folder.clone()) {
                let what = format!("{} and {} are both the product {name}", other.display(), folder.display());
                return Err(Failure::new(FailureKind::Usage, what)
                    .state(crate::error::NOTHING_WRITTEN)
                    .hint("name one of them: --products DIR"));
            }
        }
        known.extend(brought.into_iter().map(|(name, folder)| (name, Some(folder))));
    }
    Ok(known)
}

/// The product folders in a folder: itself when it holds a `product.yaml`, else those below it that do.
fn folders_of(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(FailureKind::Usage, format!("cannot read the folder {}", dir.display()))
            .why(error.to_string())
            .hint("name a folder that holds a product.yaml, or folders that do: --products DIR")
    };
    let dir = dir.canonicalize().map_err(unreadable)?;
    if dir.join("product.yaml").exists() {
        return Ok(vec![dir]);
    }
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&dir)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("product.yaml").exists())
        .collect();
    folders.sort();
    Ok(folders)
}

/// What the product in a folder is called: what its `name:` says, else the folder's name.
fn name_of(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("product.yaml")).unwrap_or_default();
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("name:"))
        .map(|name| name.split(" #").next().unwrap_or(name).trim().trim_matches(['"', '\'']).to_owned());
    let folder = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
    named.filter(|name| !name.is_empty()).or_else(folder).unwrap_or_default()
}

fn files_of(folder: &Path) -> Result<Files, Failure> {
    fn read(folder: &Path, base: &Path, into: &mut Files) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                read(&path, base, into)?;
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                into.insert(name, std::fs::read(&path)?);
            }
        }
        Ok(())
    }
    let mut files = Files::new();
    read(folder, folder, &mut files).map_err(|error| {
        Failure::new(FailureKind::Usage, format!("cannot read the folder {}", folder.display())).why(error.to_string())
    })?;
    Ok(files)
}

/// Components that ship, and those in `components/` beside or in a product's folder.
fn components_for(folder: Option<&Path>) -> Result<Components, Failure> {
    let mut components = embedded::components();
    let places = folder
        .into_iter()
        .flat_map(|folder| [folder.parent().map(|parent| parent.join("components")), Some(folder.join("components"))]);
    for place in places.flatten().filter(|place| place.is_dir()) {
        let entries = std::fs::read_dir(&place)
            .map(|entries| entries.filter_map(Result::ok).collect::<Vec<_>>())
            .unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.path().join("component.yaml").exists()) {
            components.insert(entry.file_name().to_string_lossy().into_owned(), files_of(&entry.path())?);
        }
    }
    Ok(components)
}

/// The components that any product which can be named may use.
fn components(shared: &Shared) -> Result<Components, Failure> {
    let mut all = components_for(None)?;
    let folders = shared.products.as_deref().map(folders_of).transpose()?.unwrap_or_default();
    for folder in folders {
        all.extend(components_for(Some(&folder))?);
    }
    Ok(all)
}

/// A product by its name.
///
/// # Errors
/// No such product (2), or one with faults (3).
pub(super) fn find(shared: &Shared, name: &str) -> Result<Product, Failure> {
    let known = known(shared)?;
    let Some(place) = known.get(name) else {
        let near = suggest::nearest(name, known.keys().map(String::as_str));
        let mut failure = Failure::new(FailureKind::Usage, format!("there is no product `{name}`"))
            .why(format!("known are {}", known.keys().cloned().collect::<Vec<_>>().join(", ")))
            .state(crate::error::NOTHING_WRITTEN);
        if let Some(near) = near {
            failure = failure.hint(format!("did you mean {near}?"));
        }
        return Err(failure.hint("a product of your own: --products DIR"));
    };
    read(name, place.as_deref()).map_err(|result| match result {
        Ok(faults) => faulty(name, &faults),
        Err(failure) => failure,
    })
}

/// Reads a product. One that ships is read once in a run: it cannot change meanwhile.
fn read(name: &str, folder: Option<&Path>) -> Result<Product, Result<Vec<Finding>, Failure>> {
    static SHIPPED: Mutex<BTreeMap<String, Product>> = Mutex::new(BTreeMap::new());
    let shipped = || SHIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = shipped().get(name).filter(|_| folder.is_none()) {
        return Ok(known.clone());
    }
    let product = read_anew(name, folder)?;
    if folder.is_none() {
        shipped().insert(name.to_string(), product.clone());
    }
    Ok(product)
}

fn read_anew(name: &str, folder: Option<&Path>) -> Result<Product, Result<Vec<Finding>, Failure>> {
    let (files, shown) = match folder {
        Some(folder) => (files_of(folder).map_err(Err)?, folder.display().to_string()),
        None => (embedded::files(name).unwrap_or_default(), name.to_string()),
    };
    let components = components_for(folder).map_err(Err)?;
    load(&shown, &files, &components).map_err(Ok)
}

fn faulty(name: &str, faults: &[Finding]) -> Failure {
    told(Failure::new(FailureKind::Invalid, format!("the product {name} has {}", of(faults.len()))), faults)
}

/// So many faults.
fn of(count: usize) -> String {
    if count == 1 { "a fault".to_owned() } else { format!("{count} faults") }
}

fn told(mut failure: Failure, faults: &[Finding]) -> Failure {
    for fault in faults {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
        let when = if fault.why.starts_with("first seen") { format!(" ({})", fault.why) } else { String::new() };
        // The code is what `allow` and `slipway explain` take.
        failure = failure.why(format!("{}: {}{when}{remedy} [{}]", fault.at, fault.what, fault.code));
    }
    failure.state(crate::error::NOTHING_WRITTEN).hint("mend them, then: slipway products lint DIR")
}

/// The verb.
pub(super) fn run(shared: &Shared, what: Option<&Products>) -> Result<(), Failure> {
    match what {
        None => list(shared),
        Some(Products::Show { product }) => show(shared, product),
        Some(Products::Lint { dir }) => lint(shared, dir.as_deref()),
        Some(Products::New { name, into }) => new::new(shared, name, into.as_deref()),
    }
}

fn list(shared: &Shared) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, folder) in known(shared)? {
        let (title, about) = match &folder {
            None => head_of(&name, &embedded::file(&format!("{name}/product.yaml"))),
            Some(folder) => head_of(&name, &std::fs::read_to_string(folder.join("product.yaml")).unwrap_or_default()),
        };
        rows.push((name, title, about));
    }
    if shared.output == Output::Json {
        let list: Vec<_> = rows
            .iter()
            .map(|(name, title, about)| serde_json::json!({"name": name, "title": title, "about": about}))
            .collect();
        return print(&format!("{}\n", serde_json::Value::from(list)));
    }
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, title, about) in rows {
        // Writing to a String cannot fail.
        let _written = writeln!(text, "{name:width$}  {title}: {about}");
    }
    print(&text)
}

/// Title and line about a product, out of the head of its `product.yaml`.
fn head_of(name: &str, text: &str) -> (String, String) {
    let head = embedded::head(name, text);
    (head.title, head.about)
}

fn show(shared: &Shared, name: &str) -> Result<(), Failure> {
    if !known(shared)?.contains_key(name)
        && let Some(files) = components(shared)?.get(name)
    {
        let told = component::show(name, files).map_err(|faults| {
            told(Failure::new(FailureKind::Invalid, format!("the component `{name}` has faults")), &faults)
        })?;
        return print(&told);
    }
    let product = std::sync::Arc::new(find(shared, name)?);
    let presets = crate::answers::presets::presets(&product);
    let mut text = format!(
        "{}: {}\nversion {}, namespace {}\n\nprofiles\n",
        product.title, product.about, product.versions.default, product.namespace
    );
    for profile in &product.profiles {
        let _written = writeln!(text, "  {:12} {}", profile.id, profile.about);
    }
    for page in &product.pages {
        let _written = writeln!(text, "\n{}", page.title);
        for question in page.questions.iter().filter_map(|path| product.questions.get(path)) {
            let kind = match &question.kind {
                Kind::Choice(choices) => choices.keys().cloned().collect::<Vec<_>>().join("|"),
                kind => kind.word().to_string(),
            };
            let marks = [
                question.advanced.then_some("advanced"),
                question.optional.then_some("optional"),
                question.when.is_some().then_some("conditional"),
                question.generate.is_some().then_some("made by slipway"),
            ];
            let marks: Vec<&str> = marks.into_iter().flatten().collect();
            let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
            let default = presets.get(&question.path).map(|said| format!(" = {said}")).unwrap_or_default();
            let _written = writeln!(text, "  {}: {kind}{default}{marks}\n      {}", question.path, question.ask);
        }
    }
    print(&text)
}

fn lint(shared: &Shared, dir: Option<&Path>) -> Result<(), Failure> {
    let targets: Vec<(String, Option<PathBuf>)> = match dir {
        None => embedded::names().into_iter().map(|name| (name, None)).collect(),
        Some(dir) => folders_of(dir)?.into_iter().map(|folder| (name_of(&folder), Some(folder))).collect(),
    };
    if targets.is_empty() {
        return Err(Failure::new(FailureKind::Usage, "there is no product in that folder")
            .hint("name a folder that holds a product.yaml"));
    }
    let mut read_products = Vec::new();
    for (name, folder) in targets {
        let read = match read(&name, folder.as_deref()) {
            Ok(product) => Ok(std::sync::Arc::new(product)),
            Err(Ok(faults)) => Err(faults),
            Err(Err(failure)) => return Err(failure),
        };
        read_products.push((name, read));
    }
    let sound = read_products.iter().filter_map(|(_, read)| read.as_ref().ok().cloned());
    let mut reports = crate::lint::lint_all(sound.collect()).into_iter();
    let (mut faults, mut text) = (Vec::new(), String::new());
    for (name, read) in read_products {
        let found = match read.map(|_| reports.next()) {
            Ok(None) => continue,
            Ok(Some(report)) => {
                let how = if report.all { "all" } else { "every three of the choices together:" };
                let _written = writeln!(
                    text,
                    "{name}: {how} {} combinations rendered for Kubernetes {}, {} expressions read, {} faults",
                    report.combinations,
                    report.versions.join(", "),
                    report.expressions,
                    report.findings.len()
                );
                report.findings
            }
            Err(faults) => {
                let _written = writeln!(text, "{name}: {} faults", faults.len());
                faults
            }
        };
        faults.extend(found);
    }
    let _shared = shared;
    print(&text)?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(told(Failure::new(FailureKind::Invalid, format!("lint finds {}", of(faults.len()))), &faults))
    }
}
