//! Following a release on the real control plane: readiness, findings, logs and health as they come from real controllers.

use std::time::Duration;

use serde_json::{Value, json};
use slipway::cluster::{Choice, Cluster, connect};
use slipway::event::{Event, EventKind, Readiness};
use slipway::object::{Object, ObjectId};
use slipway::plan::{HealthCheck, LogPattern, Probe};
use slipway::sanitize::Redactor;
use slipway::secret::SecretText;
use slipway::watch::{Channel, Door, Follow, Followed, Handle, follow, health};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

/// A release that is followed, and everything that was told of it.
struct Run {
    cluster: Cluster,
    namespace: String,
    handle: Handle,
    events: mpsc::Receiver<Event>,
    channel: Channel,
}

fn labelled(object: Value) -> Value {
    let mut object = Object(object);
    object.set_label("applyset.kubernetes.io/part-of", "set");
    let template = object.pod_template_path().filter(|path| !path.is_empty());
    if let Some(template) = template {
        let mut path = template.to_vec();
        path.extend(["metadata", "labels", "app.kubernetes.io/instance"]);
        object.set(&path, json!("shop"));
    }
    object.0
}

fn deployment(replicas: u32, image: &str) -> Value {
    labelled(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}]}},
    }}))
}

impl Run {
    /// Follows objects of a namespace before they exist, as an install does.
    async fn begin(cx: &Context, user: &str, namespace: &str, ids: &[&str]) -> testbed::Outcome<Self> {
        let choice = Choice { kubeconfig: Some(cx.kubeconfig(user)), ..Choice::default() };
        let cluster = connect(&choice).await?;
        let (sender, events) = mpsc::channel(4096);
        let channel = Channel::new(sender, Instant::now());
        let what = Follow {
            namespace: namespace.into(),
            members: "applyset.kubernetes.io/part-of=set".into(),
            pods: "app.kubernetes.io/instance=shop".into(),
            followed: ids.iter().map(|id| Followed { id: at(namespace, id), group: "server".into() }).collect(),
            facts: std::sync::Arc::default(),
            patterns: vec![LogPattern {
                matches: ".+".into(),
                code: "LOG_SAYS".into(),
                say: "its log says why".into(),
                remedy: "read it".into(),
            }],
            redactor: Redactor::new([&SecretText::new("not-in-any-log")]),
            as_found: false,
            logs: true,
        };
        let handle = follow(cluster.clone(), what, channel.clone());
        Ok(Self { cluster, namespace: namespace.into(), handle, events, channel })
    }

    async fn apply(&self, cx: &Context, object: Value) -> testbed::Outcome<ObjectId> {
        let live = Object(serde_json::to_value(cx.apply(&self.namespace, object).await?)?);
        let id = live.id();
        self.handle.written(live);
        Ok(id)
    }

    /// Reads what is told until it is what is looked for.
    async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&EventKind) -> Option<T>) -> testbed::Outcome<T> {
        let mut told = Vec::new();
        let search = async {
            while let Some(event) = self.events.recv().await {
                if let Some(found) = found(&event.kind) {
                    return Some(found);
                }
                told.push(event.kind);
            }
            None
        };
        match tokio::time::timeout(Duration::from_secs(60), search).await {
            Ok(Some(found)) => Ok(found),
            _ => Err(format!("{what} was not told, but: {told:#?}").into()),
        }
    }
}

fn at(namespace: &str, id: &str) -> ObjectId {
    let (kind, name) = id.split_once('/').unwrap();
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    ObjectId::new(group, kind, namespace, name)
}

pub(crate) async fn a_deployment_is_followed_to_ready_and_its_rollout_is_not_called_ready_too_early(
    cx: Context,
) -> Outcome {
    let ns = cx.namespace("slow").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    let id = run.apply(&cx, deployment(2, "nginx:1")).await?;
    run.handle.ready(std::slice::from_ref(&id)).await?;
    assert_eq!(run.handle.standing().objects[&id].ready, 2);
    run.until("ready", |kind| {
        matches!(kind, EventKind::StatusChanged { readiness: Readiness::Ready, .. }).then_some(())
    })
    .await?;
    // The same again with another image: the old pods are ready all along, and do not speak for the new ones.
    let id = run.apply(&cx, deployment(2, "nginx:2")).await?;
    assert!(!run.handle.standing().is_ready(&id), "{:?}", run.handle.standing());
    run.handle.ready(&[id]).await?;
    let pods = run.cluster.list("", "Pod", &ns, "app=web").await?.objects;
    let new = pods.iter().filter(|pod| pod.text(&["metadata", "deletionTimestamp"]).is_empty());
    assert!(new.clone().count() == 2 && new.clone().all(|pod| pod.0.to_string().contains("nginx:2")), "{pods:?}");
    DONE
}

pub(crate) async fn a_slow_pod_says_what_it_is_busy_with(cx: Context) -> Outcome {
    let ns = cx.namespace("slow").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    run.apply(&cx, deployment(1, "nginx:1")).await?;
    let mut reasons = Vec::new();
    run.until("a ready pod", |kind| match kind {
        EventKind::PodChanged { pod } => {
            assert_eq!(pod.owner, format!("Deployment.apps/{ns}/web"));
            assert_eq!(pod.group, "server");
            reasons.push(pod.reason.clone());
            pod.ready.then_some(())
        }
        _ => None,
    })
    .await?;
    assert!(
        reasons.iter().any(|reason| reason == "pulling nginx:1" || reason == "creating its containers"),
        "{reasons:?}"
    );
    assert_eq!(reasons.last().map(String::as_str), Some("ready"));
    DONE
}

pub(crate) async fn an_image_that_cannot_be_pulled_is_found_and_grows_hopeless_after_three_pulls(
    cx: Context,
) -> Outcome {
    let ns = cx.namespace("image").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:99")).await?;
    let (finding, hopeless) = run
        .until("the finding", |kind| match kind {
            EventKind::FindingRaised { finding, hopeless } => Some((finding.clone(), *hopeless)),
            _ => None,
        })
        .await?;
    assert_eq!((finding.code.as_str(), hopeless), ("IMAGE_NOT_FOUND", false), "{finding:?}");
    assert!(finding.what.contains("nginx:99"), "{finding:?}");
    let failure = run.handle.ready(std::slice::from_ref(&id)).await.unwrap_err();
    assert_eq!(failure.step, Some(id.to_string()));
    DONE
}

pub(crate) async fn a_crash_loop_is_found_with_its_exit_code_and_explained_by_its_log(cx: Context) -> Outcome {
    let ns = cx.namespace("crash").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:1")).await?;
    let (mut crash, mut line, mut explained) = (None, None, false);
    run.until("the crash, a line and its meaning", |kind| {
        match kind {
            EventKind::FindingRaised { finding, .. } if finding.code == "CRASH_LOOP" => {
                crash = Some(finding.why.clone())
            }
            EventKind::FindingRaised { finding, .. } => explained |= finding.code == "LOG_SAYS",
            EventKind::LogLine { text, .. } => line = Some(text.clone()),
            _ => {}
        }
        (crash.is_some() && line.is_some() && explained).then_some(())
    })
    .await?;
    assert!(crash.unwrap().starts_with("exit code 1"));
    let failure = run.handle.ready(&[id]).await.unwrap_err();
    assert!(failure.why[0].contains("exit code") || failure.why[0].contains("said"), "{failure}");
    DONE
}

pub(crate) async fn a_pod_that_never_gets_ready_is_waited_for_and_told_of_when_the_wait_is_over(
    cx: Context,
) -> Outcome {
    let ns = cx.namespace("unready").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web", "Service/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:1")).await?;
    let service = labelled(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}}),
    );
    let service = run.apply(&cx, service).await?;
    let (mut told, mut shown) = (false, false);
    run.until("what the kubelet says, on the pod too", |kind| {
        match kind {
            EventKind::ClusterEventSeen { reason, about, .. } => {
                told |= reason == "Unhealthy" && about.starts_with("Pod web-")
            }
            EventKind::PodChanged { pod } => shown |= pod.reason.contains("not ready"),
            _ => {}
        }
        (told && shown).then_some(())
    })
    .await?;
    assert!(!run.handle.standing().is_ready(&id));
    let failure = run.handle.timed_out(&[id], Duration::from_secs(5));
    assert!(failure.why[0].contains("not ready"), "{failure}");
    assert_eq!(
        run.handle.published(std::slice::from_ref(&service), Duration::ZERO).await,
        [(service, "waiting for an address".to_string())]
    );
    DONE
}

pub(crate) async fn an_unschedulable_pod_names_the_numbers_of_nodes(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    let mut huge = Object(deployment(1, "nginx:1"));
    huge.set(
        &["spec", "template", "spec", "containers"],
        json!([{"name": "web", "image": "nginx:1", "resources": {"requests": {"cpu": "1000"}}}]),
    );
    run.apply(&cx, huge.0).await?;
    let finding = run
        .until("the finding", |kind| match kind {
            EventKind::FindingRaised { finding, hopeless: false } => Some(finding.clone()),
            _ => None,
        })
        .await?;
    assert_eq!(finding.code, "UNSCHEDULABLE_RESOURCES", "{finding:?}");
    assert!(finding.why.contains("Insufficient cpu") && finding.remedy.contains("cpu 1k"), "{finding:?}");
    DONE
}

pub(crate) async fn a_quota_that_lets_no_pod_in_is_told_with_its_numbers(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    cx.apply(&ns, json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})).await?;
    let quotas = kube::Api::<k8s_openapi::api::core::v1::ResourceQuota>::namespaced(cx.client.clone(), &ns);
    cx.until("the quota is counted", async || {
        Ok(quotas.get("none").await?.status.and_then(|status| status.hard).is_some())
    })
    .await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:1")).await?;
    let finding = run
        .until("the finding", |kind| match kind {
            EventKind::FindingRaised { finding, .. } => Some(finding.clone()),
            _ => None,
        })
        .await?;
    assert_eq!(finding.code, "QUOTA_EXCEEDED", "{finding:?}");
    assert_eq!(
        (finding.at, finding.why),
        (id.to_string(), "asked for pods=1, used pods=0, allowed pods=0".to_string())
    );
    DONE
}

pub(crate) async fn a_claim_without_its_class_is_told_and_one_of_a_late_class_counts_as_ready(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["PersistentVolumeClaim/lost", "PersistentVolumeClaim/late"]).await?;
    let claim = |name: &str, class: &str| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let late = run.apply(&cx, claim("late", "first-consumer")).await?;
    run.handle.ready(&[late]).await?;
    run.apply(&cx, claim("lost", "no-such-class")).await?;
    let finding = run
        .until("the finding", |kind| match kind {
            EventKind::FindingRaised { finding, .. } => Some(finding.clone()),
            _ => None,
        })
        .await?;
    assert_eq!(finding.code, "STORAGE_CLASS_MISSING", "{finding:?}");
    assert!(finding.what.contains("no-such-class"), "{finding:?}");
    DONE
}

pub(crate) async fn a_job_is_done_when_it_is_complete_and_a_failed_one_ends_the_wait(cx: Context) -> Outcome {
    let job = |backoff: u32| {
        labelled(
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": {"backoffLimit": backoff, "template": {"metadata": {"labels": {}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "busybox:1"}]}}}}),
        )
    };
    let ns = cx.namespace("fast").await?;
    let run = Run::begin(&cx, "admin", &ns, &["Job.batch/work"]).await?;
    let id = run.apply(&cx, job(0)).await?;
    assert!(!run.handle.standing().is_ready(&id));
    run.handle.ready(&[id]).await?;
    let ns = cx.namespace("crash").await?;
    let run = Run::begin(&cx, "admin", &ns, &["Job.batch/work"]).await?;
    let id = run.apply(&cx, job(0)).await?;
    let failure = run.handle.ready(&[id]).await.unwrap_err();
    assert_eq!(failure.what, "the job work failed");
    DONE
}

pub(crate) async fn a_product_is_asked_through_a_port_forward_and_a_command_in_its_pod(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let mut run = Run::begin(&cx, "admin", &ns, &["Deployment.apps/web", "Service/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:1")).await?;
    let service = labelled(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}),
    );
    run.apply(&cx, service).await?;
    run.handle.ready(&[id]).await?;
    run.until("a ready pod", |kind| matches!(kind, EventKind::PodChanged { pod } if pod.ready).then_some(())).await?;
    let checks = [
        HealthCheck {
            group: "server".into(),
            probe: Probe::Http { service: "web".into(), port: "http".into(), path: "/health".into() },
            within_seconds: 20,
        },
        HealthCheck {
            group: "server".into(),
            probe: Probe::Exec { group: "server".into(), command: vec!["true".into()] },
            within_seconds: 20,
        },
    ];
    let door = Door { cluster: &run.cluster, namespace: &ns, handle: &run.handle };
    health::check(&door, &checks, &run.channel, &Redactor::default()).await?;
    let said = run
        .until("the answer", |kind| match kind {
            EventKind::HealthChecked { healthy: true, what, answer, .. } if what.starts_with("GET") => {
                Some(answer.clone())
            }
            _ => None,
        })
        .await?;
    assert!(said.starts_with("200 ") && said.contains("/health"), "{said}");
    DONE
}

pub(crate) async fn who_may_not_watch_is_told_so_instead_of_waiting(cx: Context) -> Outcome {
    let ns = cx.namespace("fast").await?;
    let mut run = Run::begin(&cx, "powerless", &ns, &["Deployment.apps/web"]).await?;
    let id = run.apply(&cx, deployment(1, "nginx:1")).await?;
    let failure = run.handle.ready(&[id]).await.unwrap_err();
    assert_eq!(failure.kind.exit_code(), 4, "{failure}");
    let finding = run
        .until("the warning", |kind| {
            if let EventKind::FindingRaised { finding, .. } = kind { Some(finding.clone()) } else { None }
        })
        .await?;
    assert_eq!(finding.code, "WATCH_FORBIDDEN");
    // Health may not be asked either: a warning, not a failure.
    let probe = Probe::Http { service: "web".into(), port: "http".into(), path: "/health".into() };
    let checks = [HealthCheck { group: "server".into(), probe, within_seconds: 20 }];
    let door = Door { cluster: &run.cluster, namespace: &ns, handle: &run.handle };
    health::check(&door, &checks, &run.channel, &Redactor::default()).await?;
    run.until("that health was not checked", |kind| {
        matches!(kind, EventKind::FindingRaised { finding, .. } if finding.code == "HEALTH_NOT_CHECKED").then_some(())
    })
    .await?;
    DONE
}
