//! Gateway and HTTPRoute (Gateway API).

use super::Assessment;
use crate::diagnose::condition::{Condition, condition, condition_in};
use crate::object::Object;
use serde_json::Value;

/// A Gateway is ready when it is programmed. A route is ready when every parent that answered accepts it and at least
/// one did: no answer at all is not acceptance.
pub(super) fn assess(object: &Object) -> Assessment {
    if object.kind() == "Gateway" {
        return match condition(object, "Programmed").or_else(|| condition(object, "Ready")) {
            Some(programmed) if programmed.is_true() => Assessment::ready("programmed"),
            Some(programmed) => Assessment::waiting(waits(programmed.words())),
            None => Assessment::waiting("no controller has answered yet"),
        };
    }
    let parents = object.list(&["status", "parents"]);
    let wanted = object.list(&["spec", "parentRefs"]).len();
    let mut accepted = 0;
    for parent in parents {
        let conditions = parent.get("conditions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match condition_in(conditions, "Accepted") {
            Some(answer) if answer.is_true() => {}
            Some(answer) => return Assessment::waiting(waits(answer.words())),
            None => return Assessment::waiting("its gateway has not answered yet"),
        }
        if let Some(refused) = condition_in(conditions, "ResolvedRefs").filter(Condition::is_false) {
            return Assessment::waiting(waits(refused.words()));
        }
        accepted += 1;
    }
    if accepted == 0 || accepted < wanted {
        return Assessment::waiting("its gateway has not answered yet");
    }
    Assessment::ready("accepted")
}

fn waits(words: &str) -> String {
    if words.is_empty() { "not accepted yet".into() } else { words.to_string() }
}
