//! What is kept of a failed run before anything is undone: objects, pods, what Kubernetes reported, the last lines of
//! logs. Rollbacks take the evidence away; this is what remains of it (design.md 7).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnose::Scene;
use crate::diagnose::condition::containers;
use crate::object::Object;
use crate::sanitize::Redactor;

/// Texts by the name of the file they belong in. Secret values are hidden by value, Secrets are left out whole, and so
/// are managed fields, which only repeat.
pub(super) fn of(scene: &Scene, redactor: &Redactor) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut reports = Vec::new();
    for object in scene.objects().filter(|object| object.kind() != "Secret") {
        let mut shown = Object(object.0.clone());
        shown.remove(&["metadata", "managedFields"]);
        // A Value always serializes.
        let text = serde_json::to_string_pretty::<Value>(&shown.0).unwrap_or_default();
        files.insert(format!("objects/{}-{}.json", object.kind().to_lowercase(), object.name()), redactor.hide(&text));
        for notice in scene.notices(object) {
            let time = notice.last.map_or(String::new(), |last| last.to_string());
            reports.push(format!(
                "{time} {} {} x{}: {}",
                notice.about,
                notice.reason,
                notice.count,
                redactor.hide(&notice.message)
            ));
        }
        if object.kind() == "Pod" {
            for container in containers(object) {
                let Some(tail) = scene.tail(object, container.name) else { continue };
                for (lines, suffix) in [(&tail.current, ""), (&tail.previous, ".previous")] {
                    if !lines.is_empty() {
                        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
                        files.insert(
                            format!("logs/{}.{}{suffix}.log", object.name(), container.name),
                            redactor.hide(&text),
                        );
                    }
                }
            }
        }
    }
    reports.sort();
    files.insert("events.txt".into(), reports.join("\n"));
    files
}
