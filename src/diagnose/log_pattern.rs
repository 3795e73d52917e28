//! The product's own words for what its log says (language.md `logPatterns`): a line of a container that is not ready.

use regex::Regex;

use super::condition::containers;
use super::scene::Scene;
use super::{Hold, Row, Symptom, crash, kin};
use crate::finding::{Finding, Severity};
use crate::plan::LogPattern;

pub(super) const ROW: Row = Row { look, explains: &[] };

/// The product's log patterns, made ready for matching.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(Regex, LogPattern)>);

impl Patterns {
    /// Compiles the patterns. One that is no regular expression matches nothing: the lint refuses it long before.
    pub fn new(patterns: &[LogPattern]) -> Self {
        Self(
            patterns.iter().filter_map(|pattern| Some((Regex::new(&pattern.matches).ok()?, pattern.clone()))).collect(),
        )
    }

    /// The pattern that a line matches, the first in the product's order.
    pub fn explain(&self, line: &str) -> Option<&LogPattern> {
        self.0.iter().find(|(regex, _)| regex.is_match(line)).map(|(_, pattern)| pattern)
    }
}

fn look(scene: &Scene, patterns: &Patterns, out: &mut Vec<Symptom>) {
    if patterns.0.is_empty() {
        return;
    }
    for pod in kin::current_pods(scene) {
        for container in containers(pod) {
            if container.ready() || (container.init && container.state().exit_code == Some(0)) {
                continue;
            }
            let Some(tail) = scene.tail(pod, container.name) else { continue };
            // The newest line that is explained: what the process said last is why it ended.
            let found = tail
                .current
                .iter()
                .rev()
                .chain(tail.previous.iter().rev())
                .find_map(|line| Some((line, patterns.explain(line)?)));
            let Some((line, pattern)) = found else { continue };
            let finding = Finding::new(&pattern.code, Severity::Error, pattern.say.clone())
                .why(format!("the container {} of {} said: {line}", container.name, pod.name()))
                .remedy(pattern.remedy.clone())
                .at(kin::workload_of(scene, pod).to_string());
            // The pattern explains; whether it is hopeless is told by the crash loop around it.
            let lost = crash::crashed(pod, &container).is_some() && crash::is_lost(&container);
            out.push(Symptom::new(finding, if lost { Hold::seconds(30) } else { Hold::Never }));
        }
    }
}
