//! The bed is as its README says: everything that other tests lean on is shown here.

use std::collections::BTreeSet;

use futures::{AsyncBufReadExt, StreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{
    AttachParams, ListParams, LogParams, Patch, PatchParams, ValidationDirective, WatchEvent, WatchParams,
};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::context::{Context, DONE, Outcome};
use crate::testbed::{self, NAMESPACED};

fn deployment(containers: &[(&str, &str)]) -> Value {
    let containers: Vec<_> = containers.iter().map(|(name, image)| json!({"name": name, "image": image})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        },
    })
}

async fn pod(cx: &Context, namespace: &str) -> testbed::Outcome<Pod> {
    let all = Api::<Pod>::namespaced(cx.client.clone(), namespace);
    cx.until("a pod is there", async || Ok(!all.list(&ListParams::default()).await?.items.is_empty())).await?;
    all.list(&ListParams::default()).await?.items.pop().ok_or_else(|| "the pod is gone".into())
}

async fn pod_until(cx: &Context, namespace: &str, what: &str, fact: impl Fn(&Pod) -> bool) -> testbed::Outcome<Pod> {
    let name = pod(cx, namespace).await?.name_any();
    let all = Api::<Pod>::namespaced(cx.client.clone(), namespace);
    cx.until(what, async || Ok(fact(&all.get(&name).await?))).await?;
    Ok(all.get(&name).await?)
}

fn status(pod: &Pod, nth: usize) -> ContainerStatus {
    let all = pod.status.as_ref().and_then(|s| s.container_statuses.clone()).unwrap_or_default();
    all.get(nth).cloned().unwrap_or_default()
}

fn waiting(pod: &Pod, nth: usize) -> Option<(String, String)> {
    let waiting = status(pod, nth).state?.waiting?;
    Some((waiting.reason?, waiting.message.unwrap_or_default()))
}

fn waits_for(pod: &Pod, reason: &str) -> bool {
    waiting(pod, 0).is_some_and(|(is, _)| is == reason)
}

fn phase(pod: &Pod) -> String {
    pod.status.as_ref().and_then(|s| s.phase.clone()).unwrap_or_default()
}

fn ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.clone()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// The messages of the events about the pods of a namespace that have this reason.
async fn told(cx: &Context, namespace: &str, reason: &str) -> testbed::Outcome<Vec<String>> {
    let events = Api::<Event>::namespaced(cx.client.clone(), namespace).list(&ListParams::default()).await?;
    let of_pods = events.items.into_iter().filter(|e| e.involved_object.kind.as_deref() == Some("Pod"));
    Ok(of_pods.filter(|e| e.reason.as_deref() == Some(reason)).filter_map(|e| e.message).collect())
}

pub(crate) async fn pods_are_ready_at_once_where_nothing_else_is_said(cx: Context) -> Outcome {
    for prefix in ["fast", "anything"] {
        let ns = cx.namespace(prefix).await?;
        cx.apply(&ns, deployment(&[("web", "nginx:1"), ("side", "busybox:1")])).await?;
        let all = Api::<Deployment>::namespaced(cx.client.clone(), &ns);
        cx.until("the deployment is available", async || {
            Ok(all.get("web").await?.status.is_some_and(|s| s.available_replicas == Some(1)))
        })
        .await?;
        let pod = pod(&cx, &ns).await?;
        assert!(ready(&pod) && status(&pod, 1).ready && pod.status.unwrap().pod_ip.is_some());
    }
    DONE
}

pub(crate) async fn slow_pods_pass_through_creating_and_running_before_they_are_ready(cx: Context) -> Outcome {
    let ns = cx.namespace("slow").await?;
    let all = Api::<Pod>::namespaced(cx.client.clone(), &ns);
    let mut seen = Box::pin(all.watch(&WatchParams::default(), "0").await?);
    cx.apply(&ns, deployment(&[("web", "nginx:1")])).await?;
    let mut states = Vec::new();
    while let Some(event) = seen.next().await {
        let (WatchEvent::Added(pod) | WatchEvent::Modified(pod)) = event? else { continue };
        let reason = waiting(&pod, 0).map_or("-".into(), |(reason, _)| reason);
        let state = format!("{} {reason} {}", phase(&pod), if ready(&pod) { "ready" } else { "unready" });
        if states.last() != Some(&state) {
            states.push(state);
        }
        if ready(&pod) {
            break;
        }
    }
    let expected = ["Pending - unready", "Pending ContainerCreating unready", "Running - unready", "Running - ready"];
    assert_eq!(states, expected);
    DONE
}

pub(crate) async fn an_image_that_cannot_be_pulled_alternates_between_error_and_back_off(cx: Context) -> Outcome {
    let ns = cx.namespace("image").await?;
    cx.apply(&ns, deployment(&[("web", "registry.example.com/web:9.9")])).await?;
    let failed = pod_until(&cx, &ns, "the pull fails", |p| waits_for(p, "ErrImagePull")).await?;
    assert!(waiting(&failed, 0).unwrap().1.contains("registry.example.com/web:9.9: not found"), "{failed:?}");
    let backed = pod_until(&cx, &ns, "the kubelet backs off", |p| waits_for(p, "ImagePullBackOff")).await?;
    assert!(waiting(&backed, 0).unwrap().1.starts_with("Back-off pulling image \"registry.example.com/web:9.9\""));
    assert_eq!(phase(&backed), "Pending");
    pod_until(&cx, &ns, "it is tried again", |p| waits_for(p, "ErrImagePull")).await?;
    assert!(told(&cx, &ns, "Failed").await?[0].contains("Failed to pull image \"registry.example.com/web:9.9\""));
    DONE
}

pub(crate) async fn a_crashing_pod_counts_its_restarts_and_keeps_its_last_exit(cx: Context) -> Outcome {
    let ns = cx.namespace("crash").await?;
    cx.apply(&ns, deployment(&[("web", "nginx:1")])).await?;
    let in_loop = |p: &Pod| waits_for(p, "CrashLoopBackOff") && status(p, 0).restart_count >= 2;
    let pod = pod_until(&cx, &ns, "it crashed twice", in_loop).await?;
    let ended = status(&pod, 0).last_state.unwrap().terminated.unwrap();
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (1, Some("Error")));
    assert!(!ready(&pod) && waiting(&pod, 0).unwrap().1.contains("restarting failed container=web"));
    let all = Api::<Pod>::namespaced(cx.client.clone(), &ns);
    for previous in [false, true] {
        let parameters = LogParams { previous, ..LogParams::default() };
        cx.until("its log says why", async || {
            Ok(all.logs(&pod.name_any(), &parameters).await?.contains("connection refused"))
        })
        .await?;
    }
    assert!(told(&cx, &ns, "BackOff").await?[0].contains("Back-off restarting failed container web"));
    DONE
}

pub(crate) async fn an_unready_pod_runs_and_tells_why_it_is_not_ready(cx: Context) -> Outcome {
    let ns = cx.namespace("unready").await?;
    cx.apply(&ns, deployment(&[("web", "nginx:1")])).await?;
    cx.until("the probe's failure is told", async || Ok(!told(&cx, &ns, "Unhealthy").await?.is_empty())).await?;
    let pod = pod(&cx, &ns).await?;
    assert!(phase(&pod) == "Running" && !ready(&pod) && status(&pod, 0).started == Some(true));
    assert!(told(&cx, &ns, "Unhealthy").await?[0].contains("statuscode: 503"));
    DONE
}

pub(crate) async fn only_the_container_that_the_namespace_names_misbehaves(cx: Context) -> Outcome {
    let ns = cx.namespace("crash-only-side").await?;
    cx.apply(&ns, deployment(&[("web", "nginx:1"), ("side", "busybox:1")])).await?;
    let mut other = deployment(&[("calm", "nginx:1")]);
    other["metadata"]["name"] = json!("calm");
    other["spec"]["selector"]["matchLabels"]["app"] = json!("calm");
    other["spec"]["template"]["metadata"]["labels"]["app"] = json!("calm");
    cx.apply(&ns, other).await?;
    let all = Api::<Pod>::namespaced(cx.client.clone(), &ns);
    cx.until("one container crashes, its neighbour runs, the other pod is ready", async || {
        let pods = all.list(&ListParams::default()).await?.items;
        let crashing =
            pods.iter().any(|p| waiting(p, 1).is_some_and(|(r, _)| r == "CrashLoopBackOff") && status(p, 0).ready);
        Ok(crashing && pods.iter().any(|p| p.labels()["app"] == "calm" && ready(p)))
    })
    .await?;
    DONE
}

pub(crate) async fn a_label_on_the_pod_breaks_and_heals_it(cx: Context) -> Outcome {
    let ns = cx.namespace("crash").await?;
    cx.apply(&ns, deployment(&[("web", "nginx:1")])).await?;
    let pod = pod_until(&cx, &ns, "it crashes", |p| waits_for(p, "CrashLoopBackOff")).await?;
    let all = Api::<Pod>::namespaced(cx.client.clone(), &ns);
    let label = |value: &str| Patch::Merge(json!({"metadata": {"labels": {"testbed.slipway.dev/pod": value}}}));
    all.patch(&pod.name_any(), &PatchParams::default(), &label("fast")).await?;
    let healed = pod_until(&cx, &ns, "it is ready", ready).await?;
    assert!(status(&healed, 0).restart_count >= 1, "healing does not forget restarts");
    all.patch(&pod.name_any(), &PatchParams::default(), &label("crash")).await?;
    pod_until(&cx, &ns, "it crashes again", |p| waits_for(p, "CrashLoopBackOff")).await?;
    DONE
}

pub(crate) async fn an_images_name_chooses_the_behaviour_too(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    cx.apply(&ns, deployment(&[("web", "testbed-image.example.com/web:1")])).await?;
    pod_until(&cx, &ns, "the pull fails", |p| waits_for(p, "ErrImagePull")).await?;
    DONE
}

pub(crate) async fn a_job_completes_and_a_job_that_crashes_fails(cx: Context) -> Outcome {
    for (prefix, expected) in [("fast", "Complete"), ("slow", "Complete"), ("crash", "Failed")] {
        let ns = cx.namespace(prefix).await?;
        let template =
            json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "busybox:1"}]}});
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
            "spec": {"backoffLimit": 0, "template": template},
        });
        cx.apply(&ns, job).await?;
        let all = Api::<Job>::namespaced(cx.client.clone(), &ns);
        cx.until(&format!("the {prefix} job is {expected}"), async || {
            let conditions = all.get("work").await?.status.and_then(|s| s.conditions).unwrap_or_default();
            Ok(conditions.iter().any(|c| c.type_ == expected && c.status == "True"))
        })
        .await?;
    }
    DONE
}

async fn running(cx: &Context) -> testbed::Outcome<(Api<Pod>, String)> {
    let ns = cx.namespace("fast").await?;
    cx.apply(&ns, deployment(&[("web", "nginx:1")])).await?;
    let pod = pod_until(cx, &ns, "it is ready", ready).await?;
    Ok((Api::namespaced(cx.client.clone(), &ns), pod.name_any()))
}

pub(crate) async fn logs_are_read_and_followed(cx: Context) -> Outcome {
    let (pods, name) = running(&cx).await?;
    let now = pods.logs(&name, &LogParams { timestamps: true, ..LogParams::default() }).await?;
    assert!(now.contains("Z listening on every port"), "{now}");
    let follow = LogParams { follow: true, tail_lines: Some(0), ..LogParams::default() };
    let mut lines = pods.log_stream(&name, &follow).await?.lines();
    assert_eq!(lines.next().await.ok_or("the log ended")??, "still here");
    DONE
}

pub(crate) async fn a_command_runs_in_a_pod_and_its_failure_comes_back(cx: Context) -> Outcome {
    let (pods, name) = running(&cx).await?;
    let mut attached =
        pods.exec(&name, ["sh", "-c", "echo in the pod; exit 3"], &AttachParams::default().stderr(false)).await?;
    let (mut stdout, outcome) = (attached.stdout().unwrap(), attached.take_status().unwrap());
    let mut said = String::new();
    stdout.read_to_string(&mut said).await?;
    assert_eq!(said, "in the pod\n");
    let outcome = outcome.await.ok_or("no status")?;
    assert_eq!(outcome.status.as_deref(), Some("Failure"));
    assert!(outcome.message.is_some_and(|m| m.contains("exit status 3")));
    DONE
}

pub(crate) async fn every_port_of_a_pod_answers_through_a_port_forward(cx: Context) -> Outcome {
    let (pods, name) = running(&cx).await?;
    for port in [8288, 5432] {
        let mut forward = pods.portforward(&name, &[port]).await?;
        let mut stream = forward.take_stream(port).ok_or("no stream")?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n").await?;
        // KWOK keeps the stream open when its other end closes: the answer's end is known from the answer.
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert!(stream.read_buf(&mut answer).await? > 0, "the stream ended early");
        }
        let answer = String::from_utf8(answer)?;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"path\":\"/health\""), "{answer}");
    }
    DONE
}

/// The status code of a refused request.
fn code<T>(asked: Result<T, kube::Error>) -> Option<u16> {
    match asked {
        Err(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}

pub(crate) async fn a_user_without_rights_is_refused(cx: Context) -> Outcome {
    let nobody = cx.client_of("powerless").await?;
    assert_eq!(code(Api::<Pod>::namespaced(nobody.clone(), "default").list(&ListParams::default()).await), Some(403));
    assert_eq!(code(Api::<Node>::all(nobody.clone()).list(&ListParams::default()).await), Some(403));
    assert!(nobody.apiserver_version().await.is_ok(), "everybody who is known may ask for the version");
    DONE
}

pub(crate) async fn a_user_with_rights_in_one_namespace_is_refused_in_the_next(cx: Context) -> Outcome {
    let some = cx.client_of("namespaced").await?;
    let inside = Api::<Pod>::namespaced(some.clone(), NAMESPACED).list(&ListParams::default()).await;
    assert!(inside.is_ok(), "{inside:?}");
    assert_eq!(code(Api::<Pod>::namespaced(some.clone(), "default").list(&ListParams::default()).await), Some(403));
    assert_eq!(code(Api::<Pod>::all(some).list(&ListParams::default()).await), Some(403));
    DONE
}

pub(crate) async fn a_token_that_is_not_known_any_more_is_an_authentication_failure(cx: Context) -> Outcome {
    let past = cx.client_of("expired").await?;
    assert_eq!(code(Api::<Pod>::namespaced(past, "default").list(&ListParams::default()).await), Some(401));
    DONE
}

pub(crate) async fn the_definitions_of_the_neighbours_are_established(cx: Context) -> Outcome {
    let said = cx.kubectl().args(["get", "crd", "-o", "json"]).output()?;
    let all: Value = serde_json::from_slice(&said.stdout)?;
    let established: BTreeSet<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| {
            c["status"]["conditions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|c| c["type"] == "Established" && c["status"] == "True")
        })
        .map(|c| c["metadata"]["name"].as_str().unwrap())
        .collect();
    for name in [
        "scaledobjects.keda.sh",
        "triggerauthentications.keda.sh",
        "certificates.cert-manager.io",
        "clusterissuers.cert-manager.io",
        "gateways.gateway.networking.k8s.io",
        "httproutes.gateway.networking.k8s.io",
        "servicemonitors.monitoring.coreos.com",
        "prometheusrules.monitoring.coreos.com",
    ] {
        assert!(established.contains(name), "{name} is not among {established:?}");
    }
    DONE
}

pub(crate) async fn the_classes_and_the_issuer_are_there(cx: Context) -> Outcome {
    for (kind, name) in [
        ("storageclass", "standard"),
        ("storageclass", "first-consumer"),
        ("ingressclass", "nginx"),
        ("gatewayclass", "testbed"),
        ("clusterissuer", "testbed"),
    ] {
        let said = cx.kubectl().args(["get", kind, name]).output()?;
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    DONE
}

async fn claim(
    cx: &Context,
    namespace: &str,
    class: Option<&str>,
    size: &str,
) -> testbed::Outcome<Api<PersistentVolumeClaim>> {
    let mut claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = json!(class);
    }
    cx.apply(namespace, claim).await?;
    Ok(Api::namespaced(cx.client.clone(), namespace))
}

async fn bound(cx: &Context, claims: &Api<PersistentVolumeClaim>) -> testbed::Outcome<PersistentVolumeClaim> {
    cx.until("the claim is bound", async || {
        Ok(claims.get("data").await?.status.is_some_and(|s| s.phase.as_deref() == Some("Bound")))
    })
    .await?;
    Ok(claims.get("data").await?)
}

pub(crate) async fn a_claim_of_the_default_class_binds_and_grows(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let claims = claim(&cx, &ns, None, "1Gi").await?;
    assert_eq!(bound(&cx, &claims).await?.spec.unwrap().storage_class_name.as_deref(), Some("standard"));
    claim(&cx, &ns, None, "2Gi").await?;
    cx.until("the claim has grown", async || {
        let capacity = claims.get("data").await?.status.and_then(|s| s.capacity).unwrap_or_default();
        Ok(capacity.get("storage").is_some_and(|q| q.0 == "2Gi"))
    })
    .await?;
    DONE
}

pub(crate) async fn a_claim_of_the_first_consumer_class_waits_for_a_pod(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let claims = claim(&cx, &ns, Some("first-consumer"), "1Gi").await?;
    let events = Api::<Event>::namespaced(cx.client.clone(), &ns);
    cx.until("it says that it waits", async || {
        let told = events.list(&ListParams::default()).await?;
        Ok(told.items.iter().any(|e| e.reason.as_deref() == Some("WaitForFirstConsumer")))
    })
    .await?;
    assert_eq!(claims.get("data").await?.status.unwrap().phase.as_deref(), Some("Pending"));
    let mut consumer = deployment(&[("web", "nginx:1")]);
    consumer["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    cx.apply(&ns, consumer).await?;
    bound(&cx, &claims).await?;
    pod_until(&cx, &ns, "its pod is ready", ready).await?;
    DONE
}

pub(crate) async fn a_deleted_claim_takes_its_volume_along_unless_the_class_retains_it(cx: Context) -> Outcome {
    let volumes = Api::<PersistentVolume>::all(cx.client.clone());
    let mut names = Vec::new();
    for class in ["standard", "retained"] {
        let ns = cx.namespace("fast").await?;
        let claims = claim(&cx, &ns, Some(class), "1Gi").await?;
        names.push(bound(&cx, &claims).await?.spec.unwrap().volume_name.unwrap());
        claims.delete("data", &Default::default()).await?;
    }
    cx.until("the volume is deleted", async || Ok(volumes.get_opt(&names[0]).await?.is_none())).await?;
    cx.until("the other is released", async || {
        Ok(volumes.get(&names[1]).await?.status.is_some_and(|s| s.phase.as_deref() == Some("Released")))
    })
    .await?;
    volumes.delete(&names[1], &Default::default()).await?;
    DONE
}

pub(crate) async fn a_balancer_and_an_ingress_get_an_address(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
    });
    cx.apply(&ns, service).await?;
    cx.apply(&ns, ingress).await?;
    for kind in ["service", "ingress"] {
        let path = ["-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"];
        cx.until(&format!("the {kind} has an address"), async || {
            let said = cx.kubectl().args(["-n", &ns, "get", kind, "web"]).args(path).output()?;
            Ok(String::from_utf8_lossy(&said.stdout).starts_with("203.0.113."))
        })
        .await?;
    }
    DONE
}

pub(crate) async fn a_strict_dry_run_refuses_an_unknown_field(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let strict = PatchParams::apply("test").dry_run().validation(ValidationDirective::Strict);
    let mut object = deployment(&[("web", "nginx:1")]);
    cx.apply_with(&ns, object.clone(), &strict).await?;
    object["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = json!("Always");
    let refused = cx.apply_with(&ns, object, &strict).await.unwrap_err().to_string();
    assert!(refused.contains("imagePullPolice"), "{refused}");
    assert!(Api::<Deployment>::namespaced(cx.client.clone(), &ns).get_opt("web").await?.is_none());
    DONE
}

pub(crate) async fn a_pod_that_is_not_restricted_is_refused_where_that_is_enforced(cx: Context) -> Outcome {
    let ns = cx.namespace_with("fast", json!({"pod-security.kubernetes.io/enforce": "restricted"})).await?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
    });
    let refused = cx.apply(&ns, pod).await.unwrap_err().to_string();
    assert!(refused.contains("PodSecurity \"restricted"), "{refused}");
    DONE
}

pub(crate) async fn kubectl_and_slipway_are_there(cx: Context) -> Outcome {
    let said = cx.kubectl().args(["version", "-o", "json"]).output()?;
    let versions: Value = serde_json::from_slice(&said.stdout)?;
    assert_eq!(versions["clientVersion"]["gitVersion"], versions["serverVersion"]["gitVersion"]);
    assert_eq!(versions["serverVersion"]["gitVersion"], testbed::binaries::version()?);
    assert!(cx.slipway("admin").arg("--version").status()?.success());
    DONE
}
