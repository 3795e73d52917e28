//! What is empty and says nothing is not sent.

use super::*;

#[test]
fn what_is_empty_and_says_nothing_is_left_out_of_metadata_and_pods_and_what_else_is_empty_stays() {
    let manifest = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, annotations: {$merge: ['${labels}']}}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}, annotations: {}}
    spec:
      nodeSelector: ${labels}
      tolerations: []
      imagePullSecrets:
        - $each: {secret: list}
          name: ${secret}
      containers:
        - {name: c, image: x, args: [], resources: {requests: {cpu: 1m}, limits: {cpu: '${null}'}}}
      volumes: [{name: v, emptyDir: {}}]
";
    let made = rendered(manifest, json!({}));
    let (object, spec) = (&made[0].object, made[0].object.pod_spec().unwrap());
    assert_eq!(object.at(&["metadata", "annotations"]), None);
    assert_eq!(object.at(&["spec", "template", "metadata", "annotations"]), None);
    for field in ["nodeSelector", "tolerations", "imagePullSecrets"] {
        assert_eq!(spec.get(field), None, "{field}");
    }
    assert_eq!(spec["containers"][0]["resources"], json!({"requests": {"cpu": "1m"}}));
    assert_eq!((&spec["containers"][0]["args"], &spec["volumes"][0]["emptyDir"]), (&json!([]), &json!({})));
    let made = rendered(manifest, json!({"labels": {"a": "b"}, "list": ["s"]}));
    assert_eq!(made[0].object.pod_spec().unwrap()["imagePullSecrets"], json!([{"name": "s"}]));
    assert_eq!(made[0].object.at(&["metadata", "annotations"]), Some(&json!({"a": "b"})));
}
