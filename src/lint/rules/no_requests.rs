//! A container that asks for no CPU or memory.

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule, containers, name_of, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "NO_REQUESTS",
        title: "a container without requests",
        text: "Without requests the scheduler puts the pod where there is no room, it is evicted first, and a quota on the namespace refuses it. Write resources.requests with cpu and memory. Containers that only run before the others are left out.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (object, _) in objects(seen) {
        for container in containers(object, false) {
            for what in ["cpu", "memory"] {
                let request = container.pointer(&format!("/resources/requests/{what}"));
                if request.is_none_or(serde_json::Value::is_null) {
                    let at = format!("{}/{}", object.id().short(), name_of(container));
                    let said = format!("the container {} asks for no {what}", name_of(container));
                    broken.push(Broken::new(at, said, format!("write resources.requests.{what}")));
                }
            }
        }
    }
    broken
}
