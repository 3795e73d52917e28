//! `slipway render`: the objects of a product, without a cluster.

use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

use crate::answers::Form;
use crate::answers::form::Given;
use crate::answers::view::{Input, SecretInput};
use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::plan::render::render;
use crate::plan::{PLACEHOLDER, Wanted};
use crate::product::node;
use crate::secret::{SecretText, Secrets};

use super::outside::Outside;
use super::setup::Setup;
use super::{answers, print};

/// The verb.
pub(super) fn run(shared: &Shared, product: &str, values: Option<&Path>, facts: Option<&Path>) -> Result<(), Failure> {
    let setup = Setup::read(shared, Some(product))?;
    let facts = facts.map(read_facts).transpose()?.unwrap_or_else(Facts::assumed);
    let mut form = setup.form(facts, Secrets::default(), Given::new(), Outside::default());
    if let Some(path) = values {
        with_values(&mut form, path)?;
    }
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let rendered = render(&form.world()).map_err(|faults| {
        let failure = not_rendered(&faults);
        let without = "without the cluster, give the value: --with-values FILE, one `path: value` a line";
        if unreadable(&faults) { failure.hint(without) } else { failure }
    })?;
    let mut documents = Vec::new();
    for wanted in &rendered.objects {
        documents.push(shown(wanted, &form, values.is_some())?);
    }
    if shared.output == Output::Json {
        return print(&format!("{}\n", Value::Array(documents)));
    }
    let mut text = String::new();
    for document in documents {
        text.push_str("---\n");
        text.push_str(&yaml(&document)?);
    }
    print(&text)
}

/// JSON as YAML that every reader understands alike.
pub(super) fn yaml(document: &Value) -> Result<String, Failure> {
    let mut text = serde_yaml::to_string(document).map_err(|error| {
        Failure::new(FailureKind::Bug, "an object cannot be written as YAML").why(error.to_string())
    })?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Whether nothing is wrong but that Secrets may not be read.
fn unreadable(faults: &[Finding]) -> bool {
    faults.iter().all(|fault| fault.code == "SECRET_UNREADABLE")
}

/// The failure of a product that does not render.
pub(super) fn not_rendered(faults: &[Finding]) -> Failure {
    let mut failure =
        Failure::new(FailureKind::Invalid, "the product cannot be rendered with these answers").state(NOTHING_WRITTEN);
    for fault in faults {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
        failure = failure.why(format!("{}: {}{remedy}", fault.at, fault.what));
    }
    // Its remedy says what to grant: nothing is wrong with the product.
    if unreadable(faults) {
        return failure;
    }
    failure.hint("mend the product's folder: slipway products lint DIR")
}

/// An object as it is printed: secrets only where their values were given for it.
fn shown(wanted: &Wanted, form: &Form, with_values: bool) -> Result<Value, Failure> {
    let mut object = wanted.object.clone();
    let base64 = base64::engine::general_purpose::STANDARD;
    for (key, recipe) in &wanted.recipes {
        if !with_values {
            object.set(&["data", key], PLACEHOLDER.into());
            continue;
        }
        let resolved = recipe.resolve(&|path, _| form.secrets().value(path).cloned());
        let resolved = resolved.map_err(|fault| {
            Failure::new(FailureKind::Invalid, format!("the entry {key} of {} cannot be made", object.id().short()))
                .why(fault.to_string())
        })?;
        match resolved {
            Some(value) => object.set(&["data", key], base64.encode(value.expose()).into()),
            None => drop(object.remove(&["data", key])),
        }
    }
    Ok(object.0)
}

fn read_facts(path: &Path) -> Result<Facts, Failure> {
    let unreadable = |why: String| {
        Failure::new(FailureKind::Invalid, format!("cannot read the facts {}", path.display()))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint("write JSON; a list is known or not: {\"storageClasses\": {\"known\": [{\"name\": \"fast\", \"isDefault\": true}]}}")
            .hint("docs/products.md, chapter 13, names everything that may stand there")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let given: serde_json::Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    // What is left out is as without a cluster.
    let mut facts = serde_json::to_value(Facts::assumed()).unwrap_or_default();
    for (name, value) in given {
        let Some(known) = facts.get_mut(&name) else {
            let names = facts.as_object().into_iter().flat_map(|facts| facts.keys()).map(String::as_str);
            let near = crate::suggest::nearest(&name, names.clone()).map(|near| format!("; did you mean `{near}`?"));
            let names: Vec<&str> = names.collect();
            let near = near.unwrap_or_else(|| format!("; there are {}", names.join(", ")));
            return Err(unreadable(format!("there is no fact `{name}`{near}")));
        };
        serde_json::from_value::<Facts>(serde_json::json!({ name.as_str(): value }))
            .map_err(|error| unreadable(format!("`{name}`: {error}")))?;
        *known = value;
    }
    serde_json::from_value(facts).map_err(|error| unreadable(error.to_string()))
}

/// Takes values of secrets out of a file: path to value.
fn with_values(form: &mut Form, path: &Path) -> Result<(), Failure> {
    let unreadable = |why: String| {
        Failure::new(FailureKind::Invalid, format!("cannot read the values {}", path.display()))
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint("write one `path: value` a line, such as keys.event: 00ff")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let nodes = node::parse("values", &text).map_err(|_| unreadable("it is not a YAML mapping".into()))?;
    for (key, value) in nodes.first().and_then(|node| node.as_map()).unwrap_or(&[]) {
        let text = value.written.as_deref().or_else(|| value.as_text()).unwrap_or_default();
        let input = Input::Secret(SecretInput::Value(SecretText::new(text)));
        form.set(&key.text, input).map_err(|refused| {
            Failure::new(FailureKind::Invalid, refused.to_string())
                .place(path.display().to_string())
                .state(NOTHING_WRITTEN)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Version;

    #[test]
    fn facts_from_a_file_stand_on_what_is_assumed_and_a_wrong_one_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let path = folder.path().join("facts.json");
            std::fs::write(&path, text).unwrap();
            read_facts(&path)
        };
        let facts = read(
            r#"{"version": {"major": 1, "minor": 33}, "ingressClasses": {"known": [{"name": "nginx"}]}, "issuers": {"unknown": "no right"}}"#,
        )
        .unwrap();
        assert_eq!(facts.version, Version { major: 1, minor: 33 });
        assert_eq!(facts.ingress_classes.known().unwrap()[0].name, "nginx");
        assert!(facts.issuers.known().is_none());
        assert_eq!(facts.storage_classes, Facts::assumed().storage_classes);
        for (text, told) in [
            (r#"{"storageClass": {"known": []}}"#, "there is no fact `storageClass`; did you mean `storageClasses`?"),
            (r#"{"crds": ["ScaledObject.keda.sh"]}"#, "`crds`: "),
            ("crds: []", "expected value at line 1"),
        ] {
            let failure = format!("{:?}", read(text).unwrap_err());
            assert!(failure.contains(told), "{failure}");
            assert!(failure.contains("chapter 13"), "{failure}");
        }
    }
}
