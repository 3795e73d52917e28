//! Answers that cannot change over a volume that is kept: what is in it cannot be read otherwise (language.md "Questions").

use super::Earlier;
use crate::answers::value;
use crate::finding::{Finding, Severity};
use crate::plan::{Action, Class, Plan};
use crate::product::schema::{Product, Question};

/// A finding for each answer whose fixed part differs from that of the last good run, while the volume of its group stays.
pub(super) fn findings(plan: &Plan, earlier: &Earlier<'_>, product: &Product) -> Vec<Finding> {
    let found = product.questions.values().filter_map(|question| {
        let pattern = question.fixed.as_deref()?;
        let [was, now] = [&earlier.deployed.answers, &plan.answers].map(|answers| text(question, answers));
        let (was, now) = (was?, now?);
        if part(pattern, &was) == part(pattern, &now) {
            return None;
        }
        let volume = kept_volume(plan, &question.path)?;
        let Plan { target, .. } = plan;
        let (release, namespace) = (&target.release, &target.namespace);
        let what = format!("{}: {was} -> {now} cannot read what is in the volume {volume}", question.path);
        Some(
            Finding::new("DATA_FORMAT", Severity::Error, what)
                .why(if question.why.is_empty() { "the data was written in another format" } else { question.why.as_str() })
                .remedy(format!(
                    "leave the answer as it was; or take the data along: slipway backup {release} -n {namespace}, then slipway uninstall {release} -n {namespace} --delete-volume {volume}, install with the new answer, and slipway restore"
                ))
                .at(question.path.clone()),
        )
    });
    found.collect()
}

fn text(
    question: &Question,
    answers: &std::collections::BTreeMap<String, crate::answers::RecordedAnswer>,
) -> Option<String> {
    let answer = answers.get(&question.path).filter(|answer| answer.secret.is_none() && !answer.value.is_null())?;
    Some(value::to_text(&question.kind, &answer.value))
}

/// The fixed part of an answer; none where it has no such part.
fn part<'a>(pattern: &str, answer: &'a str) -> Option<&'a str> {
    // A pattern that is none was a fault of the product when it was read.
    let found = regex::Regex::new(pattern).ok()?.captures(answer)?;
    found.get(1).or_else(|| found.get(0)).map(|found| found.as_str())
}

/// The name of a claim of the group that an answer's path begins with, which was there before and stays.
pub(super) fn kept_volume<'a>(plan: &'a Plan, path: &str) -> Option<&'a str> {
    let group = path.split('.').next()?;
    let mut claims = plan.steps.iter().filter(|step| step.class == Class::Claim && step.wanted.group == group);
    let kept = claims.find(|step| !matches!(step.action, Action::Create | Action::Delete))?;
    Some(kept.wanted.object.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_in_a_tag_is_the_fixed_part_of_an_image() {
        let major = |image| part(":([0-9]+)[^/]*$", image);
        for (image, wanted) in [
            ("postgres:17", Some("17")),
            ("postgres:17.6-bookworm", Some("17")),
            ("registry.example.com:5000/library/postgres:18", Some("18")),
            ("registry.example.com:5000/library/postgres", None),
            ("postgres:latest", None),
        ] {
            assert_eq!(major(image), wanted, "{image}");
        }
        assert_eq!(part(".+", "bitnami"), Some("bitnami"));
    }
}
