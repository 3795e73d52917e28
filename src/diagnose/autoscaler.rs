//! An autoscaler that cannot work: no figures, no target, a trigger that cannot be asked.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "AUTOSCALER_NO_METRICS",
            "The autoscaler gets no figures: metrics-server is not installed, the pods say no CPU or memory requests, or the adapter for external metrics does not answer. The replicas stay as they are. For about a minute after the start this is normal.",
        ),
        ("AUTOSCALER_NO_TARGET", "The autoscaler cannot scale its target: it does not exist, or may not be scaled."),
        (
            "KEDA_NOT_READY",
            "KEDA cannot use the ScaledObject: its trigger cannot be reached or refuses the credentials, its target is missing, or another autoscaler owns the target.",
        ),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for hpa in scene.of_kind("HorizontalPodAutoscaler") {
        let told = |code: &str, what: String, why: &str, remedy: &str| {
            let finding = Finding::new(code, Severity::Warning, what).why(why).remedy(remedy).at(hpa.id().to_string());
            // The first figures of a pod come after about a minute.
            Symptom::new(finding, Hold::Never).quiet_for(90)
        };
        if let Some(active) =
            condition(hpa, "ScalingActive").filter(|active| active.is_false() && active.reason != "ScalingDisabled")
        {
            out.push(told(
                "AUTOSCALER_NO_METRICS",
                format!("the autoscaler {} gets no figures", hpa.name()),
                active.words(),
                "see whether the metrics API answers: kubectl top pods",
            ));
        }
        if let Some(able) = condition(hpa, "AbleToScale").filter(super::condition::Condition::is_false) {
            out.push(told(
                "AUTOSCALER_NO_TARGET",
                format!("the autoscaler {} cannot scale its target", hpa.name()),
                able.words(),
                "see the target's name and kind",
            ));
        }
    }
    for scaled in scene.of_kind("ScaledObject").filter(|object| object.group() == "keda.sh") {
        let Some(refused) = condition(scaled, "Ready").filter(super::condition::Condition::is_false) else { continue };
        let reasons = [
            "KEDAScalerFailed",
            "ScaledObjectCheckFailed",
            "ScaledObjectUpdateFailed",
            "KEDAScaleTargetActivationFailed",
        ];
        let why = scene.last_notice(scaled, &reasons).map_or(refused.words(), |notice| notice.message.as_str());
        let finding = Finding::new(
            "KEDA_NOT_READY",
            Severity::Warning,
            format!("KEDA cannot use the ScaledObject {}", scaled.name()),
        )
        .why(why)
        .remedy("see the trigger's address and credentials, and that no other autoscaler owns the target")
        .at(scaled.id().to_string());
        out.push(Symptom::new(finding, Hold::Never).quiet_for(20));
    }
}
