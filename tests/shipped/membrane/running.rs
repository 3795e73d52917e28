//! How Membrane runs: in which order, how many of each, and by what way each is reached.

use super::*;

#[test]
fn every_workload_has_probes_that_begin_at_once_and_a_named_port() {
    // 5.2: six of seven have no probe, one delays; ports are not declared; Services have no names for them.
    let made = base(&[]).make();
    for workload in workloads() {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            assert!(made.container(workload, &format!("/{probe}/httpGet/path")).is_string(), "{workload} {probe}");
            assert_eq!(made.container(workload, &format!("/{probe}/initialDelaySeconds")), Value::Null);
        }
        assert_eq!(made.container(workload, "/startupProbe/periodSeconds"), 1, "{workload}");
        assert_eq!(made.container(workload, "/ports/0/name"), "http", "{workload}");
        let context = made.container(workload, "/securityContext");
        assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{workload}");
        assert_eq!(made.pod(workload, "/automountServiceAccountToken"), false, "{workload}");
    }
    assert_eq!(
        made.container("Deployment/queued-tasks-worker", "/readinessProbe/httpGet/path"),
        "/prometheus/queued-tasks"
    );
    assert_eq!(made.container(RUNNER, "/readinessProbe/httpGet/path"), "/api/v2/health");
    for service in ["api", "ui", "console", "custom-code-runner"] {
        assert_eq!(made.at(&format!("Service/{service}"), "/spec/ports/0/name"), "http", "{service}");
    }
}

#[test]
fn the_class_of_an_ingress_is_the_clusters_own_unless_one_is_named() {
    // 5.4: the fixed class public-nginx.
    for (answer, wanted) in [(None, Value::Null), (Some("nginx"), json!("nginx"))] {
        let made = base(&[("exposure.ingressClass", answer)]).make();
        assert!(!made.names("Ingress").is_empty());
        for name in made.names("Ingress") {
            assert_eq!(made.at(&format!("Ingress/{name}"), "/spec/ingressClassName"), wanted, "{name}");
        }
    }
}

#[test]
fn on_an_upgrade_the_workers_are_exchanged_before_the_api() {
    // 5.6.
    let before = base(&[("version", Some("2026-01-07"))]).make();
    let plan = base(&[("version", Some("2026-01-14"))]).make().upgraded_from(&before);
    let wave = |name: &str| plan.steps.iter().find(|step| step.wanted.object.id().short() == name).unwrap().wave;
    for worker in WORKERS {
        assert!(wave(worker) < wave(API), "{worker}");
    }
}

#[test]
fn workers_are_ready_before_the_api_and_the_api_before_its_pages() {
    // 5.6.
    let made = base(&[]).make();
    let steps = made.plan().steps;
    let wave = |name: &str| steps.iter().find(|step| step.wanted.object.id().short() == name).unwrap().wave;
    for worker in WORKERS {
        assert!(wave(RUNNER) < wave(worker) && wave(worker) < wave(API), "{worker}");
    }
    for page in WEB {
        assert!(wave(API) < wave(page), "{page}");
    }
    for workload in workloads() {
        let rolling = made.at(workload, "/spec/strategy/rollingUpdate");
        assert_eq!((&rolling["maxSurge"], &rolling["maxUnavailable"]), (&json!(1), &json!(0)), "{workload}");
    }
}

#[test]
fn at_least_two_of_each_run_and_load_adds_more() {
    // 5.5, 5.6.
    let made = base(&[]).make();
    assert_eq!(made.at(API, "/spec/replicas"), Value::Null);
    let autoscaler = made.at("HorizontalPodAutoscaler/api-hpa", "/spec");
    assert_eq!((&autoscaler["minReplicas"], &autoscaler["maxReplicas"]), (&json!(2), &json!(10)));
    for budget in made.names("PodDisruptionBudget") {
        assert_eq!(made.at(&format!("PodDisruptionBudget/{budget}"), "/spec/maxUnavailable"), 1, "{budget}");
    }
    assert_eq!(made.names("PodDisruptionBudget").len(), 7);
}

#[test]
fn queries_of_the_autoscalers_ask_a_prometheus_that_exists_for_what_they_mean() {
    // 5.5: prometheus-server.monitoring is not there with kube-prometheus-stack; the runner's quantity is a share, which
    // KEDA divides by the replicas by default; the ServiceMonitor selects nothing.
    let keda = [("scaling.mode", Some("keda"))];
    let made = base(&keda).make();
    let trigger = |name: &str| made.at(&format!("ScaledObject/{name}-scaler"), "/spec/triggers/0");
    let of = |name: &str, key: &str| trigger(name)["metadata"][key].as_str().unwrap().to_owned();
    for name in ["instant-tasks-worker", "queued-tasks-worker", "custom-code-runner"] {
        assert_eq!(of(name, "serverAddress"), "http://prometheus-operated.monitoring.svc:9090");
        assert_eq!(made.at(&format!("Deployment/{name}"), "/spec/replicas"), Value::Null);
    }
    let space = "{namespace=\"membrane\"}";
    assert_eq!(
        of("instant-tasks-worker", "query"),
        format!("(sum(instant_tasks_jobs_active{space}) + sum(instant_tasks_jobs_waiting{space})) / 5")
    );
    assert_eq!(of("queued-tasks-worker", "query"), format!("max(queued_tasks_workers_required{space}) * 130 / 100"));
    assert_eq!(of("custom-code-runner", "threshold"), "0.45");
    assert_eq!(trigger("custom-code-runner")["metricType"], "Value");
    for monitor in ["membrane-api", "membrane-custom-code-runner"] {
        let labels = made.at(&format!("ServiceMonitor/{monitor}"), "/metadata/labels");
        assert_eq!(labels["release"], "prometheus-stack", "{monitor}");
    }
    assert!(made.has("PodMonitor/membrane-queued-tasks-worker"));
    assert!(!base(&keda).without_crds().faults().is_empty());
    let sized = base(&[keda[0], ("runner.capacity", Some("5")), ("queued.buffer", Some("50"))]).make();
    let threshold = sized.at("ScaledObject/custom-code-runner-scaler", "/spec/triggers/0/metadata/threshold");
    assert_eq!(threshold, "0.05");
    let query = sized.at("ScaledObject/queued-tasks-worker-scaler", "/spec/triggers/0/metadata/query");
    assert!(query.as_str().unwrap().ends_with("* 150 / 100"), "{query}");
}

#[test]
fn the_runner_is_reached_from_inside_only_and_cannot_ask_the_cloud_who_it_is() {
    // 5.2: it runs code of customers.
    for mode in ["ingress", "gateway", "loadbalancer"] {
        let more: &[(&str, Option<&str>)] = match mode {
            "gateway" => &[("exposure.mode", Some("gateway")), ("exposure.gatewayClass", Some("istio"))],
            "loadbalancer" => &[
                ("exposure.mode", Some("loadbalancer")),
                ("exposure.host", None),
                ("exposure.issuer", None),
                ("hosts.api", Some("api.acme.io")),
                ("exposure.openMetrics", Some("true")),
            ],
            _ => &[],
        };
        let made = base(more).make();
        assert_eq!(made.at("Service/custom-code-runner", "/spec/type"), "ClusterIP", "{mode}");
        for (name, wanted) in
            made.objects.iter().filter(|(name, _)| name.starts_with("Ingress/") || name.starts_with("HTTPRoute/"))
        {
            assert!(!wanted.object.0.to_string().contains("custom-code-runner"), "{mode} {name}");
        }
    }
    let policy = base(&[]).make().at("NetworkPolicy/custom-code-runner", "/spec");
    assert!(policy["egress"].to_string().contains("169.254.0.0/16"), "{policy}");
    let from = policy["ingress"].to_string();
    assert!(from.contains("queued-tasks-worker") && !from.contains("\"ui\""), "{from}");
}

#[test]
fn one_ingress_serves_three_hosts_with_one_certificate_and_closes_the_metrics() {
    // 5.4: a fixed class, calls that take minutes; 8: /prometheus is published without a login.
    let made = base(&[]).make();
    assert_eq!(made.names("Ingress"), ["membrane-ingress"]);
    let spec = made.at("Ingress/membrane-ingress", "/spec");
    let hosts: Vec<&str> =
        spec["rules"].as_array().unwrap().iter().map(|rule| rule["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["api.acme.io", "console.acme.io", "ui.acme.io"]);
    assert_eq!(spec["tls"][0]["secretName"], "membrane-tls");
    assert_eq!(spec["tls"][0]["hosts"].as_array().unwrap().len(), 3);
    let closed = spec["rules"][0]["http"]["paths"].to_string();
    assert!(closed.contains("/prometheus") && closed.contains("membrane-closed"), "{closed}");
    let annotations = made.at("Ingress/membrane-ingress", "/metadata/annotations");
    assert_eq!(annotations["nginx.ingress.kubernetes.io/proxy-body-size"], "100m");
    for timeout in ["proxy-read-timeout", "proxy-send-timeout"] {
        assert_eq!(annotations[format!("nginx.ingress.kubernetes.io/{timeout}")], "600", "{timeout}");
    }
    assert_eq!(annotations.get("kubernetes.io/ingress.class"), None);
    let open = base(&[("exposure.openMetrics", Some("true"))]).make();
    assert!(!open.has("Service/membrane-closed"));
    let elsewhere = base(&[("exposure.host", Some("m.acme.io"))]).make();
    let spec = elsewhere.at("Ingress/membrane-ingress", "/spec/tls/0/hosts").to_string();
    assert!(spec.contains("console.m.acme.io") && spec.contains("ui.m.acme.io"), "{spec}");
    base(&[("hosts.ui", Some("console.acme.io"))]).is_refused_at("hosts.ui");
    base(&[("exposure.tls", Some("plain")), ("exposure.issuer", None)]).is_refused_at("exposure.tls");
}

#[test]
fn policies_let_through_what_each_workload_calls() {
    // 8: namespaces by a label that none has; no DNS.
    let made = base(&[]).make();
    assert_eq!(
        made.names("NetworkPolicy"),
        ["custom-code-runner", "membrane-calls", "membrane-published", "membrane-web", "membrane-workers"]
    );
    let out = made.lets_out("membrane-calls");
    for port in [53, 5353, 80, 443, 27017, 7443] {
        assert!(out.contains(&port), "{port}: {out:?}");
    }
    let callers = base(&[("networkPolicy.callers", Some("ingress-nginx"))]).make();
    let from = callers.at("NetworkPolicy/membrane-published", "/spec/ingress").to_string();
    assert!(from.contains("kubernetes.io/metadata.name"), "{from}");
}
