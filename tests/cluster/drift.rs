//! What somebody changed by hand.

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, keys, objects, said, succeeded, versions};
use crate::upgrade::{ends, kubectl, slipway};

pub(crate) async fn what_was_changed_by_hand_is_told_with_who_and_what_becomes_of_it(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let diff = |more: &[&str]| slipway(&cx, &[&["diff", "-n", &namespace][..], more].concat());
    ends(&diff(&[])?, 0, &["is as its answers make it"]);
    // Another answer differs, as a plan would say it.
    ends(&diff(&["--set", "logLevel=debug"])?, 7, &["change ConfigMap/inngest", "info -> debug"]);
    let secret = keys(&objects(&cx, &namespace)?)["keys.event"].clone();
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "inngest", "image": "inngest/inngest:mine"}]}}}});
    kubectl(&cx, &namespace, &["patch", "deployment", "inngest", "-p", &image.to_string()])?;
    kubectl(&cx, &namespace, &["patch", "secret", "inngest", "-p", r#"{"data":{"INNGEST_EVENT_KEY":"bWluZQ=="}}"#])?;
    kubectl(&cx, &namespace, &["delete", "serviceaccount", "inngest-redis"])?;
    let told = diff(&[])?;
    let words = [
        "change Deployment/inngest",
        "inngest/inngest:mine -> inngest/inngest:v1.43.0",
        "create ServiceAccount/inngest-redis",
        "ServiceAccount/inngest-redis was deleted by somebody",
        "by kubectl-patch: is in conflict",
        "change Secret/inngest",
        "data.INNGEST_EVENT_KEY: changes, hidden",
    ];
    ends(&told, 7, &words);
    assert!(!said(&told).contains("bWluZQ==") && !said(&told).contains(&secret), "{}", said(&told));
    let output = diff(&["-o", "json"])?;
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let objects_told: Vec<&str> =
        found["objects"].as_array().into_iter().flatten().filter_map(|one| one["object"].as_str()).collect();
    assert_eq!(objects_told.len(), 3, "{found}");
    // Whose it is has to be said.
    let before = versions(&objects(&cx, &namespace)?);
    let contested = slipway(&cx, &["upgrade", "-n", &namespace, "--yes"])?;
    ends(&contested, 6, &["--leave-field", "--take-field", "nothing was written"]);
    assert_eq!(versions(&objects(&cx, &namespace)?), before);
    let taken = slipway(
        &cx,
        &[
            "upgrade",
            "-n",
            &namespace,
            "--yes",
            "--take-field",
            r#".spec.template.spec.containers[name="inngest"].image"#,
            "--take-field",
            ".data.INNGEST_EVENT_KEY",
        ],
    )?;
    let taken = if taken.status.success() {
        taken
    } else {
        slipway(
            &cx,
            &[
                "upgrade",
                "-n",
                &namespace,
                "--yes",
                "--take-field",
                r#"spec.template.spec.containers[name="inngest"].image"#,
                "--take-field",
                "data.INNGEST_EVENT_KEY",
            ],
        )?
    };
    succeeded(&taken);
    ends(&diff(&[])?, 0, &["is as its answers make it"]);
    // What is left to somebody is no difference any more.
    kubectl(&cx, &namespace, &["patch", "configmap", "inngest", "-p", r#"{"data":{"INNGEST_POLL_INTERVAL":"7"}}"#])?;
    ends(&diff(&[])?, 7, &["data.INNGEST_POLL_INTERVAL"]);
    succeeded(&slipway(&cx, &["upgrade", "-n", &namespace, "--yes", "--leave-field", "data.INNGEST_POLL_INTERVAL"])?);
    ends(&diff(&[])?, 0, &["is as its answers make it"]);
    DONE
}

pub(crate) async fn what_a_cloud_or_a_policy_puts_where_nothing_was_said_is_no_change_of_ours(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    kubectl(&cx, &namespace, &["annotate", "service", "inngest", "cloud.google.com/neg=x"])?;
    kubectl(&cx, &namespace, &["annotate", "serviceaccount", "inngest", "openshift.io/pull-secret=x"])?;
    // Where it runs: a lone wish of somebody else's, in fields that slipway has nothing to say in.
    let wish = r#"{"spec":{"template":{"spec":{"tolerations":[{"key":"spot","operator":"Exists"}],"nodeSelector":{"kubernetes.io/os":"linux"}}}}}"#;
    ends(&kubectl(&cx, &namespace, &["patch", "deployment", "inngest", "--type=merge", "-p", wish])?, 0, &[]);
    ends(&slipway(&cx, &["diff", "-n", &namespace])?, 0, &[]);
    let planned = slipway(&cx, &["plan", "inngest", "-n", &namespace])?;
    ends(&planned, 0, &["Create 0", "Change 0"]);
    let again = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    ends(&again, 0, &["Nothing was written."]);
    let kept = "jsonpath={.spec.template.spec.tolerations[0].key} {.spec.template.spec.nodeSelector}";
    let kept = kubectl(&cx, &namespace, &["get", "deployment", "inngest", "-o", kept])?;
    assert_eq!(String::from_utf8_lossy(&kept.stdout), r#"spot {"kubernetes.io/os":"linux"}"#);
    let history = slipway(&cx, &["history", "-n", &namespace, "-o", "json"])?;
    let rows: Vec<Value> = serde_json::from_slice(&history.stdout)?;
    assert_eq!(rows.len(), 1, "nothing was written: {rows:?}");
    DONE
}
