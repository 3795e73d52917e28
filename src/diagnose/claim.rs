//! A claim that gets no volume: no class, no volume, a provisioner that refuses or does not answer.

use super::condition::condition;
use super::scene::{Notice, Scene};
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "STORAGE_CLASS_MISSING",
            "The claim names a storage class that the cluster does not have. The class of a claim cannot be changed; a claim that was never bound holds no data and may be made again with another.",
        ),
        (
            "NO_DEFAULT_STORAGE_CLASS",
            "The claim names no storage class and the cluster has no default one, so that nobody makes a volume for it.",
        ),
        (
            "PROVISIONING_FAILED",
            "The storage driver cannot make the volume; its own words are shown. It tries again by itself.",
        ),
        (
            "PROVISIONER_SILENT",
            "The claim's storage driver has been asked for a volume and does not answer. Often its controller is not installed or does not run.",
        ),
        ("NO_MATCHING_VOLUME", "No existing volume fits the claim: size, access mode, class or labels differ."),
        (
            "CLAIM_LOST",
            "The volume that the claim was bound to is gone. What was on it cannot be reached through this claim any more.",
        ),
        ("RESIZE_FAILED", "The volume could not be grown; its data is not affected."),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for claim in scene.of_kind("PersistentVolumeClaim") {
        if let Some(symptom) = judge(scene, claim) {
            out.push(symptom);
        }
    }
}

/// Whether a claim of the pod says at once why it has no volume.
pub(super) fn speaks_for(scene: &Scene, pod: &Object) -> bool {
    let named: Vec<&str> = pod
        .list(&["spec", "volumes"])
        .iter()
        .filter_map(|volume| volume.get("persistentVolumeClaim")?.get("claimName")?.as_str())
        .collect();
    scene
        .of_kind("PersistentVolumeClaim")
        .filter(|claim| claim.namespace() == pod.namespace() && named.contains(&claim.name()))
        .any(|claim| judge(scene, claim).is_some_and(|symptom| symptom.quiet.is_zero()))
}

fn judge(scene: &Scene, claim: &Object) -> Option<Symptom> {
    let name = claim.name();
    let told = |code: &str, severity, what: String, why: &str, remedy: String, hold| {
        let finding = Finding::new(code, severity, what).why(why).remedy(remedy).at(claim.id().to_string());
        Some(Symptom::new(finding, hold))
    };
    match claim.text(&["status", "phase"]) {
        "Lost" => {
            let volume = claim.text(&["spec", "volumeName"]);
            let remedy = "restore from a backup, or bring the volume back under its old name".to_string();
            return told(
                "CLAIM_LOST",
                Severity::Error,
                format!("the volume {volume} of the claim {name} is gone"),
                "",
                remedy,
                Hold::NOW,
            );
        }
        "Bound" => {
            let failed = ["ControllerResizeError", "NodeResizeError"]
                .iter()
                .find_map(|kind| condition(claim, kind))
                .filter(|failed| failed.is_true());
            let notice = scene
                .last_notice(claim, &["VolumeResizeFailed", "FileSystemResizeFailed"])
                .filter(|notice| !notice.earlier);
            let why = failed.map(|failed| failed.message).or_else(|| notice.map(|notice| notice.message.clone()))?;
            let remedy = "see whether its class allows growing: kubectl get storageclass".to_string();
            return told(
                "RESIZE_FAILED",
                Severity::Warning,
                format!("the claim {name} cannot be grown"),
                &why,
                remedy,
                Hold::Never,
            );
        }
        _ => {}
    }
    let reasons = [
        "ProvisioningFailed",
        "FailedBinding",
        "ExternalProvisioning",
        "VolumeMismatch",
        "WaitForFirstConsumer",
        "WaitForPodScheduled",
        "Provisioning",
    ];
    let Notice { reason, message, .. } = scene.last_notice(claim, &reasons)?;
    match reason.as_str() {
        "ProvisioningFailed" if message.contains("storageclass") && message.contains("not found") => {
            let class = claim.text(&["spec", "storageClassName"]);
            let have = classes(scene);
            let what = format!("the claim {name} asks for the storage class {class}, which does not exist");
            told(
                "STORAGE_CLASS_MISSING",
                Severity::Error,
                what,
                message,
                format!("choose another class{have}"),
                Hold::seconds(60),
            )
        }
        "ProvisioningFailed" => {
            let remedy = "see the message; the log of the storage driver's controller says more".to_string();
            told(
                "PROVISIONING_FAILED",
                Severity::Warning,
                format!("no volume can be made for the claim {name}"),
                message,
                remedy,
                Hold::Never,
            )
        }
        "FailedBinding" if message.contains("no storage class is set") => {
            let what = format!("the claim {name} names no storage class, and the cluster has no default one");
            told(
                "NO_DEFAULT_STORAGE_CLASS",
                Severity::Error,
                what,
                message,
                format!("choose a class{}", classes(scene)),
                Hold::seconds(60),
            )
        }
        "FailedBinding" | "VolumeMismatch" => {
            let remedy = "make a volume that fits, or choose another class".to_string();
            told(
                "NO_MATCHING_VOLUME",
                Severity::Warning,
                format!("no volume fits the claim {name}"),
                message,
                remedy,
                Hold::Never,
            )
        }
        "ExternalProvisioning" => {
            let remedy = "see whether the storage driver's controller runs: kubectl get pods -A".to_string();
            told(
                "PROVISIONER_SILENT",
                Severity::Warning,
                format!("the claim {name} waits for its storage driver"),
                message,
                remedy,
                Hold::Never,
            )
            .map(|symptom| symptom.quiet_for(60))
        }
        _ => None,
    }
}

/// The classes that exist, for a remedy.
fn classes(scene: &Scene) -> String {
    match scene.facts.storage_classes.known() {
        None => ": kubectl get storageclass".into(),
        Some(classes) if classes.is_empty() => {
            "; the cluster has none, so that a storage driver must be installed first".into()
        }
        Some(classes) => {
            let names: Vec<String> = classes
                .iter()
                .map(|class| if class.is_default { format!("{} (default)", class.name) } else { class.name.clone() })
                .collect();
            format!(": {}", names.join(", "))
        }
    }
}
