//! The schema of `adopt.yaml`, how a release of a Helm chart is taken over.

use serde_json::{Value, json};

use super::{anything, language, list, map, root, said, text};

/// `adopt.yaml`.
pub(crate) fn adopt() -> Value {
    let place = |what: &str| text(&format!("{what}: Kind/name:/json/pointer, or values:/json/pointer"));
    let conditions = |what: &str| {
        said(
            list(json!({"type": "string"})),
            &format!("{what}: places that are there; with =TEXT such as say so, with ! in front not"),
        )
    };
    let elsewhere = map(
        &["name", "key"],
        json!({"name": place("Where its name stands"), "key": place("Where its key's name stands")}),
    );
    let mut rule = map(
        &[],
        json!({
            "when": conditions("Only where all of these hold"),
            "is": anything("The answer itself"),
            "from": place("Where the answer stands"),
            "secret": said(elsewhere, "A Secret of somebody else: it is referenced, never copied"),
            "part": text("Regular expression: its first group is the answer"),
            "put": text("The answer is this text with what was found in place of {}"),
            "without": said(list(json!({"type": "string"})), "Entries of a mapping, or texts, that begin with one of these do not count"),
        }),
    );
    rule["oneOf"] = json!([{"required": ["is"]}, {"required": ["from"]}, {"required": ["secret"]}]);
    let must = map(
        &["hold", "say"],
        json!({
            "when": conditions("Asked for only where all of these hold"), "hold": conditions("What has to hold"),
            "say": text("What is wrong where one does not"), "remedy": text("What to do about it"),
        }),
    );
    let tell =
        map(&["say"], json!({"when": conditions("Only where all of these hold"), "say": text("In one sentence")}));
    let data = map(
        &["workload", "dump"],
        json!({
            "workload": text("Kind/name of what holds data"), "when": conditions("Only where all of these hold"),
            "dump": text("The command that dumps it; {namespace} stands for the namespace"),
        }),
    );
    let properties = json!({
        "slipway": language(),
        "chart": text("Name of the chart"),
        "versions": text("Versions of the chart that are understood, as a regular expression"),
        "must": said(list(must), "A shape that nobody has proved is left alone"),
        "tell": said(list(tell), "What the next change means, where no answer shows it"),
        "data": said(list(data), "Workloads that hold data"),
        "answers": {
            "type": "object",
            "description": "Where each answer is found, by its path: the first rule that holds gives it",
            "additionalProperties": list(rule),
        },
    });
    let schema = map(&["slipway", "chart", "versions", "answers"], properties);
    root("adopt", "How a release of a Helm chart is taken over", schema, json!({}))
}
