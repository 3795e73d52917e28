//! What stands in the way is said before anybody says yes (cluster.md 4 "Dry run").

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

/// The findings of `slipway preflight`, and its exit code.
fn preflight(cx: &Context, namespace: &str) -> testbed::Outcome<(Vec<Value>, Option<i32>)> {
    let output = cx.slipway("admin").args(["preflight", "inngest", "-n", namespace, "-o", "json"]).output()?;
    // What follows is the failure itself.
    let told = String::from_utf8(output.stdout)?;
    let findings = serde_json::from_str(told.lines().next().unwrap_or_default())
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((findings, output.status.code()))
}

fn coded<'a>(findings: &'a [Value], code: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["code"] == code).collect()
}

pub(crate) async fn what_a_policy_would_refuse_is_a_finding_before_anybody_says_yes(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-rehearse").await?;
    let name = format!("refuse-{namespace}");
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]
            },
            "validations": [{"expression": "has(object.metadata.annotations) && 'team' in object.metadata.annotations", "message": "every Deployment names its team"}]
        }
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]}
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [policy, binding]});
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), list.to_string())?;
    assert!(cx.kubectl().args(["apply", "-f"]).arg(file.path()).output()?.status.success());
    // The server begins to obey a policy a moment after it was made.
    cx.until("the policy is obeyed", async || {
        Ok(!coded(&preflight(&cx, &namespace)?.0, "REFUSED_BY_SERVER").is_empty())
    })
    .await?;
    let (findings, code) = preflight(&cx, &namespace)?;
    let refused = coded(&findings, "REFUSED_BY_SERVER");
    assert_eq!(refused.len(), 1, "{findings:#?}");
    assert!(refused[0]["why"].as_str().unwrap().contains("every Deployment names its team"), "{findings:#?}");
    assert!(refused[0]["at"].as_str().unwrap().starts_with("Deployment.apps/"), "{findings:#?}");
    assert_eq!(code, Some(6));
    let left =
        cx.kubectl().args(["-n", &namespace, "get", "secrets,configmaps,leases,deployments", "-o", "name"]).output()?;
    let left = String::from_utf8(left.stdout)?;
    assert_eq!(left.trim(), "configmap/kube-root-ca.crt");
    cx.kubectl().args(["delete", "--wait=false", "-f"]).arg(file.path()).output()?;
    DONE
}

pub(crate) async fn an_object_of_somebody_else_is_a_finding_before_anybody_says_yes(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-rehearse").await?;
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inngest"}, "spec": {"ports": [{"port": 80}]}});
    cx.apply(&namespace, service).await?;
    let (findings, code) = preflight(&cx, &namespace)?;
    let ours = coded(&findings, "NOT_OURS");
    assert_eq!((ours.len(), code), (1, Some(6)), "{findings:#?}");
    assert!(ours[0]["remedy"].as_str().unwrap().contains("--adopt Service/inngest"), "{findings:#?}");
    DONE
}

pub(crate) async fn what_moved_after_the_plan_was_agreed_stops_the_run_before_it_writes(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-moved").await?;
    let install = |more: &[&str]| {
        let mut command = cx.slipway("admin");
        command.args(["install", "inngest", "-n", &namespace, "--yes", "-o", "json"]).args(more);
        command
    };
    assert!(install(&[]).output()?.status.success());
    let lease = |spec: Value| -> testbed::Outcome<bool> {
        let patch = json!({ "spec": spec }).to_string();
        let mut kubectl = cx.kubectl();
        kubectl.args(["-n", &namespace, "patch", "lease", "slipway-inngest", "--type=merge", "-p", &patch]);
        Ok(kubectl.output()?.status.success())
    };
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    assert!(lease(
        json!({"holderIdentity": "somebody@elsewhere", "leaseDurationSeconds": 120, "acquireTime": now, "renewTime": now})
    )?);
    // It plans, and waits for the lock.
    let mut waiting = install(&["--set", "tuning.queueWorkers=7"]).stdout(std::process::Stdio::piped()).spawn()?;
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(waiting.stdout.take().ok_or("no output")?));
    let mut heard: Vec<Value> = Vec::new();
    for line in lines.by_ref() {
        heard.push(serde_json::from_str(&line?)?);
        if heard.last().is_some_and(|event| event["kind"]["type"] == "lockAwaited") {
            break;
        }
    }
    assert_eq!(heard[0]["kind"]["type"], "runStarted", "{heard:?}");
    assert!(cx.kubectl().args(["-n", &namespace, "delete", "service", "inngest"]).output()?.status.success());
    assert!(lease(json!({"holderIdentity": ""}))?);
    for line in lines {
        heard.push(serde_json::from_str(&line?)?);
    }
    assert_eq!(waiting.wait()?.code(), Some(6), "{heard:#?}");
    // One event ends it, and it says what moved.
    let failed: Vec<&Value> = heard.iter().filter(|event| event["kind"]["type"] == "runFailed").collect();
    assert_eq!((failed.len(), heard.last()), (1, failed.first().copied()));
    let why = failed[0]["kind"]["failure"]["why"].to_string();
    assert!(why.contains("Service/inngest: agreed was keep, now it is create"), "{why}");
    assert_eq!(failed[0]["kind"]["failure"]["state"], "nothing was written");
    let config = cx.kubectl().args(["-n", &namespace, "get", "configmap", "inngest", "-o", "json"]).output()?;
    let config: Value = serde_json::from_slice(&config.stdout)?;
    assert_ne!(config["data"]["INNGEST_QUEUE_WORKERS"], "7");
    assert!(!cx.kubectl().args(["-n", &namespace, "get", "service", "inngest"]).output()?.status.success());
    DONE
}
