//! Kinds that operators bring.

use super::*;

#[test]
fn custom_resources_are_judged_by_their_conditions() {
    let with =
        |api: &str, kind: &str, conditions: Value| object(api, kind, json!({}), json!({"conditions": conditions}));
    judge(vec![
        (
            "a definition that is being registered",
            with("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!([])),
            Waiting,
            "established",
        ),
        (
            "established",
            with(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                json!([{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]),
            ),
            Ready,
            "established",
        ),
        (
            "taken names",
            with(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                json!([{"type": "NamesAccepted", "status": "False", "message": "taken"}]),
            ),
            Failed,
            "taken",
        ),
        ("KEDA is silent", with("keda.sh/v1alpha1", "ScaledObject", json!([])), Waiting, "KEDA"),
        (
            "KEDA is content",
            with("keda.sh/v1alpha1", "ScaledObject", json!([{"type": "Ready", "status": "True"}])),
            Ready,
            "ready",
        ),
        (
            "KEDA refuses",
            with(
                "keda.sh/v1alpha1",
                "ScaledObject",
                json!([{"type": "Ready", "status": "False", "message": "target missing"}]),
            ),
            Waiting,
            "target missing",
        ),
        (
            "a certificate on its way",
            with(
                "cert-manager.io/v1",
                "Certificate",
                json!([{"type": "Ready", "status": "False", "message": "Issuing"}]),
            ),
            Waiting,
            "Issuing",
        ),
        ("cert-manager is silent", with("cert-manager.io/v1", "Certificate", json!([])), Waiting, "cert-manager"),
        (
            "an autoscaler without figures",
            with(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!([{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]),
            ),
            Ready,
            "figures",
        ),
        (
            "an autoscaler without a target",
            with(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!([{"type": "AbleToScale", "status": "False", "message": "not found"}]),
            ),
            Waiting,
            "not found",
        ),
        (
            "stalled",
            with("x.io/v1", "X", json!([{"type": "Stalled", "status": "True", "message": "no"}])),
            Failed,
            "no",
        ),
        (
            "reconciling",
            with(
                "x.io/v1",
                "X",
                json!([{"type": "Reconciling", "status": "True", "message": "soon"}, {"type": "Ready", "status": "True"}]),
            ),
            Waiting,
            "soon",
        ),
        (
            "unknown is not ready",
            with("x.io/v1", "X", json!([{"type": "Ready", "status": "Unknown"}])),
            Waiting,
            "not ready",
        ),
        (
            "a condition without a status is unknown",
            with("x.io/v1", "X", json!([{"type": "Ready"}])),
            Waiting,
            "not ready",
        ),
        ("nothing said", object("v1", "ConfigMap", Value::Null, Value::Null), Ready, ""),
        (
            "an observed generation that is text",
            object(
                "x.io/v1",
                "X",
                json!({}),
                json!({"observedGeneration": "one", "conditions": [{"type": "Ready", "status": "True"}]}),
            ),
            Ready,
            "",
        ),
    ]);
}
