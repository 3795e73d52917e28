//! The node itself.

use serde_json::json;

use crate::context::{Context, Outcome};

pub(crate) async fn names_volumes_logs_and_commands_work_as_on_any_cluster(cx: Context) -> Outcome {
    let ns = cx.namespace().await?;
    let security =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true});
    let context = json!({"runAsNonRoot": true, "runAsUser": 999, "seccompProfile": {"type": "RuntimeDefault"}});
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "store", "labels": {"app": "store"}},
        "spec": {
            "securityContext": context,
            "containers": [{
                "name": "store", "image": "redis:7-alpine", "securityContext": security,
                "command": ["sh", "-c", "echo begun; exec redis-server --dir /data --protected-mode no"],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "store"},
        "spec": {"selector": {"app": "store"}, "ports": [{"port": 6379}]},
    });
    for object in [claim, pod, service] {
        cx.apply(&ns, &object)?;
    }
    cx.kubectl(&["-n", &ns, "wait", "--for=condition=Ready", "pod/store", "--timeout=120s"])?;
    assert!(cx.kubectl(&["-n", &ns, "logs", "store"])?.contains("begun"));
    let ask = ["redis-cli", "-h", "store", "set", "a", "1"];
    cx.until("a name of a Service is known and leads to its pod", async || {
        let said = cx.kubectl(&[&["-n", &ns, "exec", "store", "--"], &ask[..]].concat());
        Ok(said.is_ok_and(|said| said == "OK"))
    })
    .await?;
    let refused = cx.kubectl(&["-n", &ns, "exec", "store", "--", "sh", "-c", "touch /anywhere"]);
    assert!(refused.unwrap_err().to_string().contains("Read-only file system"));
    Ok(())
}
