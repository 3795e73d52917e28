//! Reads `product.yaml`, the profiles and the manifests.

use indexmap::IndexMap;

use super::super::adopt::{self, Adopt};
use super::super::node::{Node, NodeValue, Place};
use super::super::schema::{
    Check, CrossCheck, Derived, Group, HealthProbe, Kind, LANGUAGE, Page, Product, Question, Scoped, Versions,
};
use super::fields::{Fields, check_templates};
use super::{Components, Faults, Files, component, manifests, names, profile, question, said};

/// Reads a product; `None` when there is nothing to read.
pub(super) fn read(folder: &str, files: &Files, components: &Components, faults: &mut Faults) -> Option<Product> {
    let Some(node) = faults.mapping(folder, "product.yaml", files) else {
        if !files.contains_key("product.yaml") {
            let place = Place { file: format!("{folder}/product.yaml").as_str().into(), line: 1, column: 1 };
            faults.add(
                "MISSING",
                &place,
                "there is no product.yaml",
                "a product is a folder with a product.yaml in it",
            );
        }
        return None;
    };
    let mut fields = Fields::of(&node, "product.yaml", faults)?;
    if !language(&mut fields, faults) {
        return None;
    }
    let name = fields.need_text("name", faults);
    let mut product = Product {
        title: fields.need_text("title", faults),
        about: fields.need_text("about", faults),
        namespace: fields.text("namespace", faults).unwrap_or_else(|| name.clone()),
        singleton: fields.yes_no("singleton", faults),
        profiles: Vec::new(),
        versions: versions(&mut fields, faults),
        pages: Vec::new(),
        questions: IndexMap::new(),
        checks: Vec::new(),
        values: IndexMap::new(),
        components: IndexMap::new(),
        groups: IndexMap::new(),
        health: Vec::new(),
        backup: Vec::new(),
        log_patterns: Vec::new(),
        notes: Vec::new(),
        gates: Vec::new(),
        migration: Vec::new(),
        usual_seconds: None,
        allow: Vec::new(),
        adopt: None,
        digest: String::new(),
        name,
    };
    implicit(&mut product, &node.place);
    let by_component = component::read_all(&mut fields, components, &mut product, faults);
    let component_questions = std::mem::take(&mut product.questions);
    let keys = keys(&mut fields, faults);
    pages(&mut fields, &mut product, component_questions, &by_component, keys, faults);
    names::check_prefixes(product.questions.values().map(|question| (question.path.as_str(), &question.place)), faults);
    for (key, node) in fields.map("values", faults) {
        names::check_word("a value", &key.text, &key.place, faults);
        check_templates(node, faults);
        product.values.insert(key.text.clone(), Derived { node: node.clone() });
    }
    for node in fields.list("checks", faults) {
        if let Some((at, check)) = question::cross_check(node, faults) {
            if !product.questions.contains_key(&at) {
                faults.add(
                    "UNKNOWN_QUESTION",
                    &node.place,
                    format!("there is no question `{at}`"),
                    nearest_question(&product, &at),
                );
            }
            product.checks.push(CrossCheck { at, check, place: node.place.clone() });
        }
    }
    said::health(&mut fields, &None, &mut product.health, faults);
    said::log_patterns(&mut fields, &None, &mut product.log_patterns, faults);
    let backup = fields.list("backup", faults).iter().map(|node| Scoped { item: node.clone(), scope: None });
    product.backup.extend(backup);
    said::notes(&mut fields, &mut product.notes, faults);
    product.gates = fields.list("gates", faults).iter().filter_map(|node| profile::gate(node, faults)).collect();
    if let Some(node) = fields.get("migration") {
        let ways = node.as_list().unwrap_or(std::slice::from_ref(node));
        product.migration = ways.iter().filter_map(|node| profile::migration(node, faults)).collect();
    }
    product.usual_seconds = fields.get("usual").and_then(|node| profile::usual(node, faults));
    product.allow = fields.list("allow", faults).iter().filter_map(|node| profile::allow(node, faults)).collect();
    let profiles = fields.list("profiles", faults);
    if profiles.is_empty() {
        faults.add("PROFILES", &node.place, "a product needs at least one profile", "add profiles: [development]");
    }
    for node in profiles {
        if let Some(id) = node.as_text() {
            product.profiles.extend(profile::profile(folder, id, node, files, &product, faults));
        } else {
            faults.add("TYPE", &node.place, "a profile is named by its file, without .yaml", "");
        }
    }
    fields.done(faults);
    for file in files.keys().filter(|file| file.starts_with("manifests/")) {
        let group = file.trim_start_matches("manifests/").trim_end_matches(".yaml").to_string();
        let objects = manifests::manifests(folder, file, files, faults);
        if let Some(other) = product.groups.get(&group).filter(|other| other.scope.is_some()) {
            let place = other.objects.first().map_or(&node.place, |object| &object.place);
            faults.add(
                "GROUP",
                place,
                format!("the component `{group}` and {file} are both the group `{group}`"),
                "rename one of them",
            );
            continue;
        }
        product.groups.insert(group, Group { scope: None, objects });
    }
    product.groups.sort_by_cached_key(|_, group| manifests::turn(group));
    groups_are_there(&product, &node.place, faults);
    product.adopt = adopts(folder, files, &product, faults);
    read_by_nobody(folder, files, &product, faults);
    Some(product)
}

/// What names a group names one that is there.
fn groups_are_there(product: &Product, place: &Place, faults: &mut Faults) {
    let known = || product.groups.keys().chain(product.components.keys()).map(String::as_str);
    let mut check = |what: String, group: &str, place: &Place| {
        if !known().any(|known| known == group) {
            let near = crate::suggest::nearest(group, known());
            let remedy = near.map_or_else(
                || format!("groups are {}", known().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            faults.add("GROUP", place, format!("{what} names the group `{group}`, which is not there"), remedy);
        }
    };
    for health in product.health.iter().filter(|health| health.scope.is_none()) {
        check("a health check".into(), &health.group, place);
        if let HealthProbe::Exec { group, .. } = &health.probe {
            check("a health check".into(), group, place);
        }
    }
    for backup in product.backup.iter().filter(|backup| backup.scope.is_none()) {
        if let Some(group) = backup.item.get("group") {
            check("a backup".into(), group.as_text().unwrap_or_default(), &group.place);
        }
    }
    for migration in product.migration.iter().filter(|migration| !migration.job.is_empty()) {
        check("`migration`".into(), &migration.job, place);
    }
}

/// How a release of its chart is taken over.
fn adopts(folder: &str, files: &Files, product: &Product, faults: &mut Faults) -> Option<Adopt> {
    let text = String::from_utf8_lossy(files.get(adopt::FILE)?);
    let place = Place { file: format!("{folder}/{}", adopt::FILE).as_str().into(), line: 1, column: 1 };
    let read = match Adopt::read(&text) {
        Ok(read) => read,
        Err(fault) => {
            faults.add("SHAPE", &place, fault, "");
            return None;
        }
    };
    for path in read.answers.keys().filter(|path| !product.questions.contains_key(*path)) {
        let what = format!("there is no question `{path}`");
        faults.add("UNKNOWN_QUESTION", &place, what, nearest_question(product, path));
    }
    Some(read)
}

/// A file that nothing reads is mostly a misspelt one.
fn read_by_nobody(folder: &str, files: &Files, product: &Product, faults: &mut Faults) {
    for file in
        files.keys().filter(|file| !file.contains('/') && !matches!(file.as_str(), "product.yaml" | adopt::FILE))
    {
        let id = file.trim_end_matches(".yaml");
        if !product.profiles.iter().any(|profile| profile.id == id)
            && !faults.0.iter().any(|fault| fault.at.starts_with(&format!("{folder}/{file}:")))
        {
            let place = Place { file: format!("{folder}/{file}").as_str().into(), line: 1, column: 1 };
            faults.add(
                "UNUSED_FILE",
                &place,
                "nothing reads this file",
                "name it under `profiles`, or put it into manifests/",
            );
        }
    }
}

/// Checks `slipway: 1`; false for a language that this program does not read.
pub(super) fn language(fields: &mut Fields<'_>, faults: &mut Faults) -> bool {
    if !fields.has("slipway") {
        faults.add(
            "MISSING",
            fields.place(),
            "the version of the language is missing",
            "add slipway: 1 as the first line",
        );
    }
    match fields.integer("slipway", faults) {
        Some(version) if version > LANGUAGE => {
            let what = format!(
                "it is written in version {version} of the product language, and this slipway reads version {LANGUAGE}"
            );
            faults.add("LANGUAGE", fields.place(), what, "install a newer slipway");
            false
        }
        Some(version) if version < 1 => {
            faults.add(
                "LANGUAGE",
                fields.place(),
                format!("there is no version {version} of the product language"),
                "write slipway: 1",
            );
            false
        }
        _ => true,
    }
}

fn versions(fields: &mut Fields<'_>, faults: &mut Faults) -> Versions {
    let place = fields.place().clone();
    let mut versions = Versions { default: String::new(), accept: None, order: "semver".into(), part: None };
    let Some(node) = fields.get("versions") else {
        faults.add("MISSING", &place, "product.yaml has no `versions`", "add versions: {default: VERSION}");
        return versions;
    };
    let Some(mut fields) = Fields::of(node, "`versions`", faults) else { return versions };
    versions.default = fields.words("default", faults);
    versions.accept = fields.expression("accept", faults);
    versions.order = fields.text("order", faults).unwrap_or_else(|| "semver".into());
    versions.part = fields.text("part", faults);
    fields.done(faults);
    if versions.default.is_empty() || versions.default == "latest" {
        faults.add("VERSION", &node.place, "the default version must be a version, never `latest`", "");
    }
    if !matches!(versions.order.as_str(), "semver" | "date") {
        faults.add(
            "VERSION",
            &node.place,
            format!("`{}` is not an order of versions", versions.order),
            "write semver or date",
        );
    }
    if let Some(part) = &versions.part
        && let Err(fault) = regex::Regex::new(part)
    {
        faults.add("REGEX", &node.place, format!("`part` is not a regular expression: {fault}"), "");
    } else if let Some(part) = versions.part.as_ref().and_then(|part| regex::Regex::new(part).ok())
        && !part.is_match(&versions.default)
    {
        let what = format!("`part` cuts nothing out of the default version {}", versions.default);
        faults.add("VERSION", &node.place, what, "write an expression that matches the comparable part of every tag");
    }
    versions
}

/// The answers that every product has.
fn implicit(product: &mut Product, place: &Place) {
    let question = |path: &str, ask: &str, why: &str| Question {
        path: path.into(),
        kind: Kind::Text,
        ask: ask.into(),
        why: why.into(),
        default: None,
        optional: false,
        when: None,
        checks: Vec::new(),
        advanced: false,
        sticky: false,
        fixed: None,
        example: String::new(),
        from: None,
        generate: None,
        rotate: None,
        opens: Vec::new(),
        scope: None,
        place: place.clone(),
    };
    let mut version = question("version", "Version", "");
    let default = Node::new(NodeValue::Text(product.versions.default.clone()), place.clone());
    version.default = Some(default);
    version.example.clone_from(&product.versions.default);
    version.checks.extend(
        product.versions.accept.clone().map(|that| Check { that, say: "is not a version of this product".into() }),
    );
    let mut registry = question("registry", "Registry", "Takes every image from there instead, with the same path.");
    registry.optional = true;
    registry.advanced = true;
    registry.example = "registry.example.com/mirror".into();
    product.pages.push(Page {
        id: "version".into(),
        title: "Version".into(),
        questions: vec!["version".into(), "registry".into()],
    });
    for question in [version, registry] {
        product.questions.insert(question.path.clone(), question);
    }
}

/// Adds a question unless its path is taken.
pub(super) fn add_question(product: &mut Product, question: Question, faults: &mut Faults) {
    if let Some(first) = product.questions.get(&question.path) {
        let what = format!("the question `{}` stands twice, first on line {}", question.path, first.place.line);
        faults.add("DUPLICATE_QUESTION", &question.place, what, "rename one of them");
        return;
    }
    product.questions.insert(question.path.clone(), question);
}

fn keys(fields: &mut Fields<'_>, faults: &mut Faults) -> IndexMap<String, Question> {
    let mut keys = IndexMap::new();
    for (key, node) in fields.map("keys", faults) {
        if let Some(read) = question::read_key(&key.text, format!("keys.{}", key.text), node, &None, faults) {
            keys.insert(key.text.clone(), read);
        }
    }
    keys
}

fn pages(
    fields: &mut Fields<'_>,
    product: &mut Product,
    mut component_questions: IndexMap<String, Question>,
    by_component: &std::collections::BTreeMap<String, Vec<String>>,
    mut keys: IndexMap<String, Question>,
    faults: &mut Faults,
) {
    // The implicit questions were among them, and stay first.
    for path in ["version", "registry"] {
        if let Some(question) = component_questions.shift_remove(path) {
            product.questions.insert(path.into(), question);
        }
    }
    for node in fields.list("pages", faults) {
        let Some(mut fields) = Fields::of(node, "a page", faults) else { continue };
        let mut page = Page {
            id: fields.need_text("id", faults),
            title: fields.need_text("title", faults),
            questions: Vec::new(),
        };
        for node in fields.list("questions", faults) {
            if let Some(id) = node.get("component").and_then(Node::as_text) {
                if let Some(mut only) = Fields::of(node, "the place of a component", faults) {
                    let _id = only.text("component", faults);
                    only.done(faults);
                }
                let Some(paths) = by_component.get(id) else {
                    faults.add("COMPONENT", &node.place, format!("there is no component `{id}` in `components`"), "");
                    continue;
                };
                for path in paths {
                    if let Some(question) = component_questions.shift_remove(path) {
                        page.questions.push(path.clone());
                        add_question(product, question, faults);
                    }
                }
            } else if let Some(read) = question::read(node, "", &None, faults) {
                page.questions.push(read.path.clone());
                add_question(product, read, faults);
            }
        }
        for node in fields.list("keys", faults) {
            match node.as_text().and_then(|id| keys.shift_remove(id)) {
                Some(key) => {
                    page.questions.push(key.path.clone());
                    add_question(product, key, faults);
                }
                None => faults.add(
                    "KEY",
                    &node.place,
                    "the page names a key that `keys` does not have, or has on another page",
                    "",
                ),
            }
        }
        fields.done(faults);
        product.pages.push(page);
    }
    // What no page names is asked all the same: a question that nobody sees cannot be answered.
    let rest: Vec<Question> = component_questions.into_values().chain(keys.into_values()).collect();
    if !rest.is_empty() {
        let questions = rest.iter().map(|question| question.path.clone()).collect();
        product.pages.push(Page { id: "more".into(), title: "More".into(), questions });
        rest.into_iter().for_each(|question| add_question(product, question, faults));
    }
}

pub(super) fn nearest_question(product: &Product, path: &str) -> String {
    crate::suggest::nearest(path, product.questions.keys().map(String::as_str))
        .map_or_else(String::new, |near| format!("did you mean `{near}`?"))
}
