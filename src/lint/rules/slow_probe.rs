//! A probe that makes a healthy program wait.

use serde_json::Value;

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule, containers, name_of, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "SLOW_PROBE",
        title: "a probe that delays a healthy start",
        text: "A pod that could serve waits for initialDelaySeconds, or for the next look of a slow period. A startup probe with a period of one or two seconds and a high failureThreshold is as patient and sees a start at once; readiness then looks every five seconds or oftener.",
    },
    judge,
};

/// Seconds between looks that a start may wait.
const PERIOD: i64 = 5;

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (object, _) in objects(seen) {
        for container in containers(object, false) {
            let at = format!("{}/{}", object.id().short(), name_of(container));
            for probe in ["startupProbe", "readinessProbe"] {
                let Some(found) = container.get(probe) else { continue };
                let number = |key: &str| found.get(key).and_then(Value::as_i64);
                if number("initialDelaySeconds").is_some_and(|delay| delay > 0) {
                    let remedy = "take it out; a startupProbe with a short period waits as long as is needed";
                    broken.push(Broken::new(at.clone(), format!("{probe} has an initialDelaySeconds"), remedy));
                }
                // Kubernetes looks every ten seconds where nothing is said (core/v1 Probe).
                let period = number("periodSeconds").unwrap_or(10);
                if period > PERIOD {
                    let what = format!("{probe} looks only every {period} seconds");
                    broken.push(Broken::new(at.clone(), what, format!("write periodSeconds: {PERIOD} or less")));
                }
            }
        }
    }
    broken
}
