//! A generated value that a volume depends on, without being kept with it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lint::explain::Explanation;
use crate::lint::rendered::{Case, Seen};
use crate::lint::spots::Spot;

use super::{Broken, Rule, claims};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "KEY_WITHOUT_HOME",
        title: "a generated value used without a sticky home",
        text: "A workload reads a generated key and keeps data in a claim, but the key's `opens` does not name the claim. Uninstall would keep the volume and let its key go, and a later install would make another one that does not open it. Write the claim's name into `opens`.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    seen.cases.iter().flat_map(of_case).collect()
}

fn of_case(case: &Case) -> Vec<Broken> {
    let mut broken = Vec::new();
    let world = case.form.world();
    for workload in case.objects.iter().filter(|wanted| wanted.object.pod_spec().is_some()) {
        let claims = claims(&workload.object);
        if claims.is_empty() {
            continue;
        }
        let mut named = BTreeSet::new();
        secret_names(&workload.object.0, &mut named);
        let read = case.objects.iter().filter(|one| one.object.kind() == "Secret" && named.contains(one.object.name()));
        let paths: BTreeSet<&str> = read
            .flat_map(|one| one.recipes.values().flat_map(|recipe| recipe.secrets()))
            .map(|(path, _)| path)
            .collect();
        for question in case.form.product().questions.values() {
            if question.generate.is_none() || !paths.contains(question.path.as_str()) {
                continue;
            }
            let scope = world.scope(&question.scope);
            let opens: Vec<String> = question.opens.iter().filter_map(|one| scope.text(one).ok()).collect();
            for claim in claims.iter().filter(|claim| !opens.iter().any(|opened| opened == **claim)) {
                let what = format!(
                    "{} reads the key `{}` and mounts {claim}, which the key does not open",
                    workload.object.id().short(),
                    question.path
                );
                let remedy = match &question.scope {
                    None => format!("write {claim} into `opens` of the key"),
                    Some(component) => format!(
                        "the key is made by the component {component}, whose `opens` is not the product's to write: keep what \
                         lies in {claim} readable without it, and say so in product.yaml: allow: [{{rule: KEY_WITHOUT_HOME, \
                         at: {}, reason: WHY}}]",
                        question.path
                    ),
                };
                broken.push(Broken::new(question.path.clone(), what, remedy));
            }
        }
    }
    broken
}

/// Names of the Secrets that a workload reads.
fn secret_names<'o>(value: &'o Value, found: &mut BTreeSet<&'o str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let name = match key.as_str() {
                    "secretKeyRef" | "secretRef" => value.get("name"),
                    "secret" => value.get("secretName").or(value.get("name")),
                    _ => None,
                };
                found.extend(name.and_then(Value::as_str));
                secret_names(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| secret_names(value, found)),
        _ => {}
    }
}
