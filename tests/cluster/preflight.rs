//! `slipway preflight` against facts that only a real server has: counted quotas, filled-in limit ranges, what an earlier
//! install left, other people's Ingresses, rights.

use std::process::Output;

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

fn slipway(cx: &Context, user: &str, verb: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway(user).args([verb, "inngest"]).args(arguments).output()?)
}

/// The findings of a preflight, and its exit code.
fn preflight(cx: &Context, user: &str, arguments: &[&str]) -> testbed::Outcome<(Vec<Value>, Option<i32>)> {
    let output = slipway(cx, user, "preflight", &[arguments, &["-o", "json"]].concat())?;
    let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let found = serde_json::from_slice(first).map_err(|error| {
        format!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })?;
    Ok((found, output.status.code()))
}

fn codes(findings: &[Value]) -> Vec<&str> {
    findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

fn kubectl(cx: &Context, arguments: &[&str]) -> testbed::Outcome<String> {
    let output = cx.kubectl().args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

pub(crate) async fn quotas_and_limit_ranges_are_reckoned_with_as_the_server_counts_them(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let (clean, code) = preflight(&cx, "admin", &["-n", &ns, "--profile", "production"])?;
    assert_eq!((codes(&clean), code), (vec![], Some(0)), "{clean:?}");
    let hard = json!({"pods": "4", "requests.cpu": "1", "requests.storage": "100Gi"});
    cx.apply(
        &ns,
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": hard}}),
    )
    .await?;
    let limits = json!([{"type": "Container", "max": {"memory": "900Mi"}}]);
    cx.apply(
        &ns,
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"}, "spec": {"limits": limits}}),
    )
    .await?;
    let quotas = kube::Api::<k8s_openapi::api::core::v1::ResourceQuota>::namespaced(cx.client.clone(), &ns);
    cx.until("the quota is counted", async || {
        Ok(quotas.get("team").await?.status.and_then(|status| status.used).is_some_and(|used| used.len() == 3))
    })
    .await?;
    let (found, code) = preflight(&cx, "admin", &["-n", &ns, "--profile", "production"])?;
    assert_eq!(code, Some(6), "{found:?}");
    let quota = found.iter().find(|one| one["code"] == "QUOTA_TOO_SMALL").unwrap();
    assert_eq!(quota["why"], "requests.cpu: 1200m more are needed, 0 of 1 are used", "{found:?}");
    let range = found.iter().filter(|one| one["code"] == "LIMIT_RANGE");
    assert!(range.clone().count() > 0, "{found:?}");
    // The server refuses just these: what the preflight names is what would never be made.
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server"}, "spec": {"containers": [
        {"name": "inngest", "image": "x", "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "4Gi"}}}]}});
    let refused = cx.apply(&ns, pod).await.unwrap_err().to_string();
    assert!(refused.contains("maximum memory usage per Container is 900Mi"), "{refused}");
    assert_eq!(kubectl(&cx, &["-n", &ns, "get", "deployments,secrets,persistentvolumeclaims", "-o", "name"])?, "");
    DONE
}

pub(crate) async fn what_an_earlier_install_left_is_used_only_when_that_is_said(cx: Context) -> Outcome {
    let ns = format!("fast-earlier-{:08x}", rand::random::<u32>());
    let first = slipway(&cx, "admin", "install", &["-n", &ns, "--yes"])?;
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let key = |cx: &Context| {
        kubectl(cx, &["-n", &ns, "get", "secret", "inngest-keys-1", "-o", "jsonpath={.metadata.uid} {.data}"])
    };
    let before = key(&cx)?;
    assert_eq!(preflight(&cx, "admin", &["-n", &ns])?.0, Vec::<Value>::new(), "its own record speaks for it");
    kubectl(&cx, &["-n", &ns, "delete", "configmap", "-l", "slipway.dev/release=inngest"])?;
    let (found, code) = preflight(&cx, "admin", &["-n", &ns])?;
    let named = vec!["EARLIER_DATA", "EARLIER_DATA", "EARLIER_KEYS", "PASSWORD_TRIED"];
    assert_eq!((codes(&found), code), (named, Some(6)), "{found:?}");
    assert!(found[0]["why"].as_str().unwrap().contains("inngest-keys-1/database.password opens it"), "{found:?}");
    assert!(found[2]["why"].as_str().unwrap().contains("inngest-postgresql"), "{found:?}");
    let refused = slipway(&cx, "admin", "install", &["-n", &ns, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", String::from_utf8_lossy(&refused.stderr));
    let said = ["-n", &ns, "--yes", "--skip-preflight", "EARLIER_DATA", "--skip-preflight", "EARLIER_KEYS"];
    let used = slipway(&cx, "admin", "install", &said)?;
    assert!(used.status.success(), "{}", String::from_utf8_lossy(&used.stderr));
    assert_eq!(key(&cx)?, before, "the keys of the earlier install");
    // Without its key a volume gets no new one.
    kubectl(&cx, &["-n", &ns, "delete", "configmap", "-l", "slipway.dev/release=inngest"])?;
    kubectl(&cx, &["-n", &ns, "delete", "secret", "inngest-keys-1"])?;
    let (found, code) = preflight(&cx, "admin", &["-n", &ns])?;
    let lost = found.iter().filter(|one| one["code"] == "EARLIER_KEY_LOST").count();
    assert_eq!((lost, code), (2, Some(6)), "{found:?}");
    DONE
}

pub(crate) async fn hosts_gateways_secrets_and_classes_that_are_not_as_named_are_told(cx: Context) -> Outcome {
    let (ns, other) = (cx.namespace("fast").await?, cx.namespace("fast").await?);
    let host = format!("{other}.acme.io");
    let backend = json!({"service": {"name": "shop", "port": {"number": 80}}});
    let rule = json!({"host": host, "http": {"paths": [{"path": "/e", "pathType": "Prefix", "backend": backend}]}});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"},
        "spec": {"ingressClassName": "nginx", "rules": [rule]}});
    cx.apply(&other, ingress).await?;
    let set = format!("exposure.host={host}");
    let answers = |more: &[&'static str]| {
        let mut all = vec!["-n".to_string(), ns.clone(), "--set".into(), set.clone()];
        all.extend(more.iter().flat_map(|one| ["--set".to_string(), (*one).to_string()]));
        all
    };
    let look = |more: &[&'static str]| {
        let all = answers(more);
        preflight(&cx, "admin", &all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let ingress = ["exposure.mode=ingress", "exposure.ingressClass=nginx", "exposure.issuer=ClusterIssuer/testbed"];
    let (found, _) = look(&ingress)?;
    assert_eq!(codes(&found), ["HOST_TAKEN"], "{found:?}");
    let (found, _) =
        look(&["exposure.mode=ingress", "exposure.ingressClass=no", "exposure.tls=secret", "exposure.tlsSecret=none"])?;
    assert_eq!(codes(&found), ["INGRESS_CLASS_MISSING", "HOST_TAKEN", "SECRET_MISSING"], "{found:?}");
    let (found, _) = look(&["exposure.mode=gateway", "exposure.gateway=edge"])?;
    assert_eq!(codes(&found), ["GATEWAY_MISSING"], "{found:?}");
    let (found, code) = look(&["exposure.mode=clusterip", "resources.cpu=100", "database.storageClass=stuck"])?;
    assert!(codes(&found).contains(&"NODE_TOO_SMALL") && code == Some(0), "a warning: {found:?}");
    assert!(found.iter().any(|one| one["why"].as_str().unwrap_or("").contains("64 CPU")), "{found:?}");
    DONE
}

pub(crate) async fn who_may_read_one_namespace_alone_is_told_what_was_not_checked(cx: Context) -> Outcome {
    let (found, code) = preflight(&cx, "namespaced", &["-n", "granted"])?;
    let unread = found.iter().find(|one| one["code"] == "NOT_CHECKED").ok_or("nothing was said")?;
    let what = unread["what"].as_str().unwrap();
    assert!(what.contains("nodes") && what.contains("storage classes"), "{found:?}");
    assert!(!what.contains("quotas") && !what.contains("Secrets"), "those may be read: {found:?}");
    assert_eq!((unread["severity"].as_str(), code), (Some("warning"), Some(0)), "{found:?}");
    DONE
}
