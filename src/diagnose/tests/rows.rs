//! The rows of claims, Services, other kinds, and of what a node cannot do.

use super::*;

#[test]
fn claims_services_and_other_kinds_have_their_rows() {
    let object = |api: &str, kind: &str, spec: Value, status: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": "n", "uid": "u"}, "spec": spec, "status": status});
    for (object, event, wait, code, hopeless) in [
        (
            object("v1", "PersistentVolumeClaim", json!({"storageClassName": "fast"}), json!({"phase": "Pending"})),
            Some(("ProvisioningFailed", "storageclass.storage.k8s.io \"fast\" not found")),
            60,
            "STORAGE_CLASS_MISSING",
            true,
        ),
        (
            object("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Pending"})),
            Some(("FailedBinding", "no persistent volumes available for this claim and no storage class is set")),
            60,
            "NO_DEFAULT_STORAGE_CLASS",
            true,
        ),
        (
            object("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Pending"})),
            Some((
                "ExternalProvisioning",
                "Waiting for a volume to be created either by the external provisioner 'x' or manually by the system administrator.",
            )),
            60,
            "PROVISIONER_SILENT",
            false,
        ),
        (object("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Lost"})), None, 0, "CLAIM_LOST", true),
        (object("v1", "Service", json!({"type": "LoadBalancer"}), json!({})), None, 30, "LOAD_BALANCER_PENDING", false),
        (
            object("v1", "Service", json!({"type": "LoadBalancer"}), json!({})),
            Some(("SyncLoadBalancerFailed", "Error syncing load balancer: quota")),
            0,
            "LOAD_BALANCER_FAILED",
            false,
        ),
        (
            object("networking.k8s.io/v1", "Ingress", json!({"ingressClassName": "traefik"}), json!({})),
            None,
            0,
            "INGRESS_CLASS_MISSING",
            false,
        ),
        (
            object("networking.k8s.io/v1", "Ingress", json!({"ingressClassName": "nginx"}), json!({})),
            None,
            30,
            "INGRESS_NO_ADDRESS",
            false,
        ),
        (
            object(
                "batch/v1",
                "Job",
                json!({}),
                json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}),
            ),
            None,
            0,
            "JOB_FAILED",
            true,
        ),
        (
            object(
                "cert-manager.io/v1",
                "Certificate",
                json!({}),
                json!({"conditions": [{"type": "Ready", "status": "False", "message": "Issuing"}]}),
            ),
            None,
            60,
            "CERTIFICATE_PENDING",
            false,
        ),
        (
            object(
                "keda.sh/v1alpha1",
                "ScaledObject",
                json!({}),
                json!({"conditions": [{"type": "Ready", "status": "False"}]}),
            ),
            Some(("KEDAScalerFailed", "dial tcp: refused")),
            20,
            "KEDA_NOT_READY",
            false,
        ),
        (
            object(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!({}),
                json!({"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]}),
            ),
            None,
            90,
            "AUTOSCALER_NO_METRICS",
            false,
        ),
        (
            object(
                "x.io/v1",
                "X",
                json!({}),
                json!({"conditions": [{"type": "Stalled", "status": "True", "message": "no"}]}),
            ),
            None,
            30,
            "STALLED",
            true,
        ),
        (
            object(
                "v1",
                "Pod",
                json!({}),
                json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}),
            ),
            None,
            0,
            "POD_EVICTED",
            true,
        ),
    ] {
        let mut stage = Stage::new();
        stage.put(object.clone());
        if let Some((reason, message)) = event {
            stage.event("u", reason, message, 1);
        }
        stage.judge();
        if wait > 0 {
            assert!(
                stage.after(wait - 1).iter().all(|found| !found.hopeless && (found.finding.code == code)),
                "{object}"
            );
        }
        let found = stage.after(1);
        assert_eq!(
            found.iter().map(|found| (found.finding.code.as_str(), found.hopeless)).collect::<Vec<_>>(),
            [(code, hopeless)],
            "{object}"
        );
    }
}

#[test]
fn a_pod_that_cannot_be_mounted_attached_or_networked_says_so() {
    for (reason, message, code) in [
        (
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) db-1",
            "VOLUME_ATTACHED_ELSEWHERE",
        ),
        ("FailedAttachVolume", "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error", "VOLUME_ATTACH_FAILED"),
        ("FailedMount", "MountVolume.MountDevice failed for volume \"pvc-1\" : wrong fs type", "VOLUME_MOUNT_FAILED"),
        ("FailedMount", "MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found", "SECRET_MISSING"),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: plugin type=\"calico\" failed (add): no addresses",
            "POD_NETWORK",
        ),
    ] {
        let mut stage = Stage::new();
        stage.container(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
        stage.event("pod", reason, message, 1);
        assert_eq!(stage.codes(), [code], "{message}");
    }
}
