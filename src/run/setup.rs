//! From the command line to a form: product, layers of answers, target.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::answers::file::{self, AnswersFile};
use crate::answers::form::{self, Form, Given, Layers, Place};
use crate::answers::names;
use crate::answers::view::{Input, SecretInput};
use crate::cli::Shared;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::{Facts, Fate};
use crate::finding::Finding;
use crate::plan::existing;
use crate::product::item;
use crate::product::schema::{Kind, Product};
use crate::secret::Secrets;
use crate::suggest;

use super::outside::Outside;
use super::products;

/// What the command line, variables and answers file say, before a cluster is asked.
pub(super) struct Setup {
    pub(super) product: Arc<Product>,
    pub(super) place: Place,
    pub(super) context: Option<String>,
    pub(super) file: Given,
    pub(super) variables: Given,
    pub(super) flags: Given,
    /// What was said about what an earlier install left.
    pub(super) existing: BTreeMap<String, Fate>,
}

impl Setup {
    /// Reads everything that was given.
    ///
    /// # Errors
    /// An unknown product (2), an answers file with faults, an unknown question, a wrong place (3).
    pub(super) fn read(shared: &Shared, product: Option<&str>) -> Result<Self, Failure> {
        let text = shared.answers.as_deref().map(read_file).transpose()?;
        let shown = shared.answers.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        Self::of(shared, product, shown, text)
    }

    /// The same with the text of an answers file, called `shown`.
    ///
    /// # Errors
    /// As [`Setup::read`].
    pub(super) fn of(
        shared: &Shared,
        product: Option<&str>,
        shown: String,
        text: Option<String>,
    ) -> Result<Self, Failure> {
        let said = text.as_deref().map(|text| file::target_of(&shown, text)).unwrap_or_default();
        let name = product.map(str::to_string).or_else(|| said.get("product").cloned()).ok_or_else(|| {
            Failure::new(FailureKind::Usage, "no product was named")
                .state(NOTHING_WRITTEN)
                .hint("slipway products lists them, slipway install PRODUCT installs one")
        })?;
        if let (Some(named), Some(file)) = (product, said.get("product"))
            && named != file
        {
            return Err(Failure::new(FailureKind::Usage, format!("the answers file is for {file}, not for {named}"))
                .place(shown)
                .state(NOTHING_WRITTEN)
                .hint(format!("slipway install {file} -f FILE")));
        }
        let product = Arc::new(products::find(shared, &name)?);
        let read = match &text {
            Some(text) => file::read(&shown, text, &product).map_err(|faults| answers_faulty(&faults))?,
            None => AnswersFile::default(),
        };
        let said = |key: &str| read.target.get(key).cloned();
        let place = Place {
            namespace: shared
                .namespace
                .clone()
                .or_else(|| said("namespace"))
                .unwrap_or_else(|| product.namespace.clone()),
            release: shared.release.clone().or_else(|| said("release")).unwrap_or_else(|| product.name.clone()),
            profile: shared
                .profile
                .clone()
                .or_else(|| said("profile"))
                .unwrap_or_else(|| product.profiles.first().map(|profile| profile.id.clone()).unwrap_or_default()),
        };
        check_place(&product, &place)?;
        let context = shared.context.clone().or_else(|| said("context"));
        let flags = flags(&product, &shared.set)?;
        let variables = variables(&product)?;
        let existing = existing::read(&shared.existing)?;
        Ok(Self { product, place, context, file: read.answers, variables, flags, existing })
    }

    /// The Secrets that the answers name, as name and key.
    pub(super) fn named_secrets(&self) -> Vec<(String, String)> {
        let all = [&self.file, &self.variables, &self.flags];
        let mut inputs = Vec::new();
        for (path, input) in all.into_iter().flat_map(|given| given.iter()) {
            match (self.product.questions.get(path), input) {
                (Some(list), _) if list.secret_fields().next().is_some() => {
                    let items = form::given_items(list, input);
                    let references = items.iter().flat_map(|item| {
                        list.secret_fields()
                            .filter_map(|field| SecretInput::parse(item.get(&field.path)?.as_str()?).ok())
                    });
                    inputs.extend(references);
                }
                _ if item::secret(&self.product, path).is_none() => {}
                (_, Input::Text(text)) => inputs.extend(SecretInput::parse(text)),
                (_, Input::Secret(input)) => inputs.push(input.clone()),
                (_, Input::Value(_)) => {}
            }
        }
        let named = inputs.into_iter().filter_map(|input| match input {
            SecretInput::Existing { name, key } => Some((name, key)),
            _ => None,
        });
        named.collect()
    }

    /// The form over these answers.
    pub(super) fn form(&self, facts: Facts, kept_keys: Secrets, last_run: Given, outside: Outside) -> Form {
        let layers = Layers {
            last_run,
            file: self.file.clone(),
            variables: self.variables.clone(),
            flags: self.flags.clone(),
            kept_keys,
        };
        Form::new(
            Arc::clone(&self.product),
            self.place.clone(),
            Arc::new(facts),
            layers,
            Arc::new(outside),
            rand::random(),
        )
    }
}

pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(FailureKind::Usage, format!("cannot read the answers file {}", path.display()))
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("name a file that exists: -f FILE")
    })
}

/// The failure of an answers file.
fn answers_faulty(faults: &[Finding]) -> Failure {
    let noun = if faults.len() == 1 { "a fault" } else { "faults" };
    let mut failure = Failure::new(FailureKind::Invalid, format!("the answers file has {noun}")).state(NOTHING_WRITTEN);
    for fault in faults {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
        failure = failure.why(format!("{}: {}{remedy}", fault.at, fault.what));
    }
    failure.hint("mend the file, then run the same command again")
}

fn check_place(product: &Product, place: &Place) -> Result<(), Failure> {
    let invalid = |what: String, hint: &str| Failure::new(FailureKind::Invalid, what).state(NOTHING_WRITTEN).hint(hint);
    if let Some(fault) = names::label_fault(&place.namespace, 63) {
        return Err(invalid(
            format!("`{}` is not a namespace: it {fault}", place.namespace),
            "choose another: -n NAMESPACE",
        ));
    }
    if let Some(fault) = names::label_fault(&place.release, 40) {
        return Err(invalid(
            format!("`{}` is not a name of a release: it {fault}", place.release),
            "choose another: --name RELEASE",
        ));
    }
    if !product.profiles.iter().any(|profile| profile.id == place.profile) {
        let known: Vec<&str> = product.profiles.iter().map(|profile| profile.id.as_str()).collect();
        let near = suggest::nearest(&place.profile, known.iter().copied());
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(invalid(
            format!("{} has no profile `{}`{near}", product.title, place.profile),
            &format!("choose one: --profile {}", known.join("|")),
        ));
    }
    Ok(())
}

fn flags(product: &Product, set: &[String]) -> Result<Given, Failure> {
    let mut given = Given::new();
    for flag in set {
        let Some((path, value)) = flag.split_once('=') else {
            // What was typed may be a secret without its path: it is not repeated.
            return Err(Failure::new(FailureKind::Usage, "a --set has no `=`")
                .state(NOTHING_WRITTEN)
                .hint("write --set PATH=VALUE"));
        };
        if item::named(product, path).is_some() {
            given.insert(path.to_string(), Input::Text(value.to_string()));
            continue;
        }
        let Some(question) = product.questions.get(path) else {
            return Err(unknown(product, path, &format!("--set {path}")));
        };
        let items = matches!(question.kind, Kind::Items { .. }) && value.trim_start().starts_with('{');
        let value = if items { format!("[{value}]") } else { value.to_string() };
        if let (true, Some(Input::Text(first))) = (items, given.get(path)) {
            let joined = format!("{},{}", first.trim_end().trim_end_matches(']'), &value[1..]);
            given.insert(path.to_string(), Input::Text(joined));
            continue;
        }
        let list = matches!(question.kind, Kind::List(_) | Kind::Choices(_));
        match (list, given.remove(path)) {
            // Lists repeat.
            (true, Some(Input::Value(Value::Array(mut items)))) => {
                items.push(Value::from(value));
                given.insert(path.to_string(), Input::Value(Value::Array(items)));
            }
            (true, Some(Input::Text(first))) if !first.starts_with('[') => {
                let mut items: Vec<Value> = first.split(',').map(|item| Value::from(item.trim())).collect();
                items.push(Value::from(value));
                given.insert(path.to_string(), Input::Value(Value::Array(items)));
            }
            _ => {
                given.insert(path.to_string(), Input::Text(value.to_string()));
            }
        }
    }
    Ok(given)
}

fn variables(product: &Product) -> Result<Given, Failure> {
    let mut given = Given::new();
    for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with(names::PREFIX)) {
        match product.questions.keys().find(|path| names::variable(path) == name) {
            Some(path) => {
                given.insert(path.clone(), Input::Text(value));
            }
            None => {
                let known: Vec<String> = product.questions.keys().map(|path| names::variable(path)).collect();
                let near = suggest::nearest(&name, known.iter().map(String::as_str));
                let failure = Failure::new(
                    FailureKind::Invalid,
                    format!("the variable {name} answers no question of {}", product.title),
                );
                let failure = failure.state(NOTHING_WRITTEN);
                return Err(match near {
                    Some(near) => failure.hint(format!("did you mean {near}?")),
                    None => failure.hint(format!("slipway products show {}", product.name)),
                });
            }
        }
    }
    Ok(given)
}

fn unknown(product: &Product, path: &str, place: &str) -> Failure {
    let near = suggest::nearest(path, product.questions.keys().map(String::as_str));
    let failure =
        Failure::new(FailureKind::Invalid, format!("{} has no question `{path}`", product.title)).place(place);
    let failure = failure.state(NOTHING_WRITTEN);
    match near {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!("slipway products show {}", product.name)),
    }
}
