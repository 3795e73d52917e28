//! `slipway diff`: what is there against what the answers make, field by field, by the planner of the upgrade. Writes nothing.

use serde_json::{Value, json};

use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::{Action, Plan};
use crate::view::overview::{Overview, Row};

use super::releases::Release;
use super::setup::Setup;
use super::{answers, install, print, target, upgrade};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let shared = upgrade::aimed(shared)?;
    let found = Release::find(&shared, release, "diff").await?;
    let shared = upgrade::at(shared, &found);
    let mut setup = Setup::read(&shared, Some(&found.revisions[0].plan.product.name))?;
    let mut known = target::know_of(found.cluster, &setup).await?;
    let form = target::form(&shared, &mut setup, &mut known).await?;
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let overview = Overview {
        plan: install::make(&shared, &known, &form).await?,
        cluster: Vec::new(),
        findings: Vec::new(),
        skipped: Vec::new(),
        repeat: String::new(),
        mends: Vec::new(),
    };
    let rows: Vec<Row> = overview.rows().into_iter().filter(|row| row.verb != "keep").collect();
    if shared.output == Output::Json {
        print(&format!("{}\n", as_json(&overview.plan)))?;
    } else {
        print(&as_text(&overview, &rows))?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let noun = if rows.len() == 1 { "object differs" } else { "objects differ" };
    Err(Failure {
        // It was just shown.
        told: shared.output == Output::Json,
        ..Failure::new(FailureKind::Differences, format!("{} {noun}", rows.len())).state(NOTHING_WRITTEN)
    })
}

fn as_text(overview: &Overview, rows: &[Row]) -> String {
    let target = &overview.plan.target;
    let what =
        format!("{} {} in {} ({})", target.release, overview.plan.product.version, target.namespace, target.context);
    if rows.is_empty() {
        return format!("{what} is as its answers make it.\n");
    }
    let mut text = format!("{what}, as it is and as its answers make it:\n");
    for row in rows {
        let note = if row.note.is_empty() { String::new() } else { format!("  ({})", row.note) };
        text.push_str(&format!("{} {}/{}{note}\n", row.verb, row.kind, row.name));
        // What is made has nothing to be compared with, and what goes is not described.
        for field in row.fields.iter().filter(|_| matches!(row.verb, "change" | "replace")) {
            text.push_str(&format!("  {field}\n"));
        }
    }
    for finding in overview.plan.findings.iter().filter(|finding| finding.code == "HAND_CHANGED") {
        text.push_str(&format!("{}: {}\n", finding.what, finding.why));
    }
    text
}

/// Every object that differs; values of Secrets are the word `hidden`.
fn as_json(plan: &Plan) -> Value {
    let objects = plan.steps.iter().filter(|step| step.action != Action::Keep).map(|step| {
        let fields = match &step.action {
            Action::Change { fields, .. } => json!(fields),
            _ => json!([]),
        };
        let restarts = matches!(step.action, Action::Change { restarts: true, .. });
        json!({
            "object": step.wanted.object.id().to_string(), "do": step.action.word(), "restarts": restarts, "fields": fields,
        })
    });
    let objects: Vec<Value> = objects.collect();
    json!({
        "release": plan.target.release, "namespace": plan.target.namespace, "version": plan.product.version,
        "keys": if plan.keys.exists || !plan.has_secrets() { "as they are" } else { "a new generation" },
        "objects": objects,
    })
}
