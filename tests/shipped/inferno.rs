//! Inferno (facts: products 4).

mod guide;

use serde_json::{Value, json};

use super::{Ask, Made, ask, mount, volume};

const SERVER: &str = "Deployment/inferno";
const FOLDER: &str = "/home/inferno/.local/share/inferno";
const MANY: &[(&str, &str)] = &[("replicas", "3"), ("storage.mode", "shared")];

fn plain(answers: &[&[(&str, &str)]]) -> Ask {
    ask("inferno", "development").with(&answers.concat())
}

fn made(answers: &[&[(&str, &str)]]) -> Made {
    plain(answers).make()
}

fn size(made: &Made, claim: &str) -> String {
    let claim = format!("PersistentVolumeClaim/inferno-{claim}-pvc");
    made.at(&claim, "/spec/resources/requests/storage").as_str().unwrap().to_owned()
}

#[test]
fn the_server_starts_with_what_its_image_knows() {
    // 4.4: an image that is none, a port on which nothing listens, delays; 4.6: thirty settings that nothing reads.
    let made = made(&[]);
    assert_eq!(made.container(SERVER, "/image"), "ghcr.io/ringo380/inferno:0.10.6-standard");
    assert_eq!(made.container(SERVER, "/command"), json!(["inferno"]));
    assert_eq!(made.container(SERVER, "/args"), json!(["serve", "--bind", "0.0.0.0:8000"]));
    let keys = [
        "HOME",
        "INFERNO_AUTO_CHECK_UPDATES",
        "INFERNO_AUTO_INSTALL_UPDATES",
        "INFERNO_CACHE_DIR",
        "INFERNO_MODELS_DIR",
    ];
    assert_eq!(made.keys("ConfigMap/inferno-config"), keys);
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert!(made.container(SERVER, &format!("/{probe}")).is_object(), "{probe}");
        assert_eq!(made.container(SERVER, &format!("/{probe}/initialDelaySeconds")), Value::Null, "{probe}");
    }
    for version in ["0.10.6", "latest"] {
        plain(&[&[("version", version)]]).is_refused_at("version");
    }
}

#[test]
fn volumes_lie_where_the_program_looks() {
    // 4.8: its folder is ~/.local/share/inferno; the chart mounts its volumes elsewhere.
    let made = made(&[]);
    for (path, claim, wanted) in [
        (FOLDER.to_owned(), "queue", "5Gi"),
        (format!("{FOLDER}/models"), "models", "20Gi"),
        (format!("{FOLDER}/cache"), "cache", "10Gi"),
    ] {
        let name = mount(&made, SERVER, &path)["name"].as_str().unwrap_or_else(|| panic!("{path}")).to_owned();
        let of = volume(&made, SERVER, &name)["persistentVolumeClaim"]["claimName"].clone();
        assert_eq!(of, format!("inferno-{claim}-pvc"));
        assert_eq!(size(&made, claim), wanted);
        // 4.5: storageClassName is written even where nobody named one.
        let claim = format!("PersistentVolumeClaim/inferno-{claim}-pvc");
        assert_eq!(made.at(&claim, "/spec/storageClassName"), Value::Null);
    }
    assert_eq!(made.at("ConfigMap/inferno-config", "/data/INFERNO_MODELS_DIR"), format!("{FOLDER}/models"));
    assert_eq!(made.at("ConfigMap/inferno-config", "/data/INFERNO_CACHE_DIR"), format!("{FOLDER}/cache"));
    assert_eq!(made.container(SERVER, "/securityContext/readOnlyRootFilesystem"), true);
}

#[test]
fn several_replicas_have_volumes_that_all_can_mount_or_their_own() {
    // 4.5: ReadWriteOnce volumes and three replicas.
    plain(&[&[("replicas", "3")]]).is_refused_at("storage.mode");
    let shared = made(&[MANY]);
    assert_eq!(shared.at("PersistentVolumeClaim/inferno-models-pvc", "/spec/accessModes"), json!(["ReadWriteMany"]));
    let own = made(&[&[("replicas", "3"), ("storage.mode", "own")]]);
    assert!(own.names("PersistentVolumeClaim").is_empty());
    let volumes = own.pod(SERVER, "/volumes").to_string();
    assert!(volumes.contains("\"volumeClaimTemplate\"") && volumes.contains("ReadWriteOnce"), "{volumes}");
    let none = made(&[&[("replicas", "3"), ("storage.mode", "none")]]);
    assert!(none.names("PersistentVolumeClaim").is_empty());
    assert_eq!(made(&[]).at(SERVER, "/spec/strategy/type"), "Recreate");
}

#[test]
fn metrics_are_on_the_port_of_the_api_and_nothing_is_on_9090() {
    // 4.8: nothing listens on 9090; 4.7: the monitor finds three Services and a port that none has.
    let made = made(&[&[("serviceMonitor.enabled", "true")]]);
    let annotations = made.at(SERVER, "/spec/template/metadata/annotations");
    assert_eq!(annotations["prometheus.io/port"], "8000");
    assert_eq!(made.at("ServiceMonitor/inferno", "/spec/endpoints/0/port"), "api");
    let selector = made.at("ServiceMonitor/inferno", "/spec/selector/matchLabels");
    let found = made.names("Service").into_iter().filter(|name| {
        let labels = made.at(&format!("Service/{name}"), "/metadata/labels");
        selector.as_object().unwrap().iter().all(|(key, value)| labels[key] == *value)
    });
    assert_eq!(found.collect::<Vec<_>>(), ["inferno"]);
    for (name, wanted) in &made.objects {
        assert!(!wanted.object.0.to_string().contains("9090"), "{name}");
    }
}

#[test]
fn alerts_are_about_metrics_that_exist_and_that_somebody_collects() {
    // 4.1: unescaped templates, on by default; 4.7: metrics that the server does not have.
    assert!(!made(&[]).has("PrometheusRule/inferno"));
    plain(&[&[("alerts.enabled", "true")]]).is_refused_at("alerts.enabled");
    let asked = plain(&[&[("alerts.enabled", "true"), ("serviceMonitor.enabled", "true")]]);
    let rules = asked.make().at("PrometheusRule/inferno", "/spec").to_string();
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    let metrics: Vec<&str> = words.filter(|word| word.starts_with("inferno_")).collect();
    assert!(metrics.len() > 3, "{metrics:?}");
    for metric in metrics {
        assert!(
            [
                "inferno_inference_requests_total",
                "inferno_inference_requests_failed_total",
                "inferno_inference_duration_ms_total",
                "inferno_inference_tokens_total",
                "inferno_uptime_seconds",
            ]
            .contains(&metric),
            "{metric}"
        );
    }
    assert!(rules.contains("{{ $labels.pod }}") && rules.contains("absent(up{"), "{rules}");
    assert!(!asked.without_crds().faults().is_empty());
}

#[test]
fn what_is_published_asks_for_a_token_and_cannot_be_replaced_by_anybody() {
    // 4.8: no login anywhere, and /v1/upgrade installs what it is told to.
    let made = ask("inferno", "production").make();
    assert_eq!(made.at("Service/inferno-external", "/spec/ports/0/targetPort"), "login");
    assert_eq!(made.named(SERVER, "/containers"), ["inferno", "login"]);
    let token = made.secret("inferno-login", "token").unwrap();
    let proxy = made.secret("inferno-login", "nginx.conf").unwrap();
    assert!(token.len() >= 32 && proxy.contains(&format!("\"~^[Bb]earer +{token}$\" 1;")), "{proxy}");
    assert!(proxy.contains("location /v1/upgrade { return 403; }"));
    assert!(!made.objects[SERVER].object.0.to_string().contains(&token));
    for wrong in ["short", "has-a-blank in-it", "has-a-quote-\"-in-it", "has-a-dollar-$x-in-it"] {
        ask("inferno", "production").with(&[("keys.token", wrong)]).is_refused_at("keys.token");
    }
    let open = ask("inferno", "production").with(&[("exposure.login", "none")]).make();
    assert_eq!(open.at("Service/inferno-external", "/spec/ports/0/targetPort"), "api");
    assert_eq!(open.named(SERVER, "/containers"), ["inferno"]);
    assert!(!open.has("Secret/inferno-login") && open.notes().contains("Published without a login"));
}

#[test]
fn nobody_passes_the_token_by_inside_of_the_cluster() {
    // 4.7: the policy refuses Prometheus and load balancers; the port behind the proxy is for its own namespace.
    let rules = |answers: &[(&str, &str)]| {
        let made = ask("inferno", "production").with(answers).make();
        let rules = made.at("NetworkPolicy/inferno", "/spec/ingress").as_array().unwrap().clone();
        rules.into_iter().map(|rule| (rule["ports"][0]["port"].clone(), rule["from"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(rules(&[]), [(json!("login"), Value::Null), (json!("api"), json!([{"podSelector": {}}]))]);
    let monitored = rules(&[("serviceMonitor.enabled", "true"), ("serviceMonitor.from", "prom")]);
    assert_eq!(monitored[1].1[1]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "prom");
    assert_eq!(rules(&[("exposure.login", "none")]), [(json!("api"), Value::Null)]);
}

#[test]
fn a_network_policy_lets_dns_and_downloads_of_models_through() {
    // 4.7: no DNS over TCP, and no way to the internet.
    let out = ask("inferno", "production").make().lets_out("inferno");
    for port in [53, 5353, 80, 443] {
        assert!(out.contains(&port), "{port}: {out:?}");
    }
}

#[test]
fn an_ingress_or_gateway_leads_to_the_proxy() {
    // 4.1: values of an Ingress, and no template for it.
    let host = [("exposure.host", "a.b.io"), ("exposure.issuer", "ClusterIssuer/le")];
    let made = made(&[&[("exposure.mode", "ingress")], &host]);
    let path = made.at("Ingress/inferno", "/spec/rules/0/http/paths/0/backend/service");
    assert_eq!(path, json!({"name": "inferno-external", "port": {"name": "http"}}));
    assert_eq!(made.at("Ingress/inferno", "/spec/tls/0/secretName"), "inferno-tls");
    assert!(made.notes().contains("API: https://a.b.io/v1"), "{}", made.notes());
    let gateway = plain(&[&[("exposure.mode", "gateway"), ("exposure.gatewayClass", "istio")], &host]).make();
    assert_eq!(gateway.at("HTTPRoute/inferno", "/spec/rules/0/backendRefs/0/name"), "inferno-external");
}

#[test]
fn profiles_are_those_of_the_guide() {
    let development = made(&[]);
    assert_eq!(development.at(SERVER, "/spec/replicas"), 1);
    assert_eq!(development.container(SERVER, "/resources/requests"), json!({"cpu": "100m", "memory": "512Mi"}));
    for none in [
        "Service/inferno-external",
        "Secret/inferno-login",
        "NetworkPolicy/inferno",
        "HorizontalPodAutoscaler/inferno",
        "PodDisruptionBudget/inferno",
        "Role/inferno",
    ] {
        assert!(!development.has(none), "{none}");
    }
    for (profile, replicas, sizes, kind, requests, limits) in [
        ("staging", (2, 5), ["200Gi", "100Gi", "10Gi"], "NodePort", ("500m", "1Gi"), ("1500m", "3Gi")),
        ("production", (3, 20), ["500Gi", "200Gi", "50Gi"], "LoadBalancer", ("1", "2Gi"), ("2", "4Gi")),
    ] {
        let made = ask("inferno", profile).make();
        // 4.4: replicas are written although an autoscaler owns them.
        assert_eq!(made.at(SERVER, "/spec/replicas"), Value::Null);
        let autoscaler = made.at("HorizontalPodAutoscaler/inferno", "/spec");
        assert_eq!((&autoscaler["minReplicas"], &autoscaler["maxReplicas"]), (&json!(replicas.0), &json!(replicas.1)));
        assert_eq!(["models", "cache", "queue"].map(|claim| size(&made, claim)), sizes);
        assert_eq!(made.at("Service/inferno-external", "/spec/type"), kind);
        let resources = made.container(SERVER, "/resources");
        assert_eq!(resources["requests"], json!({"cpu": requests.0, "memory": requests.1}));
        assert_eq!(resources["limits"], json!({"cpu": limits.0, "memory": limits.1}));
        assert!(!made.has("ServiceMonitor/inferno"), "who reads the metrics passes the token by: the operator says it");
        if profile == "production" {
            let collected = ask("inferno", profile).with(&[("serviceMonitor.enabled", "yes")]).make();
            assert_eq!(collected.at("ServiceMonitor/inferno", "/spec/endpoints/0/interval"), "15s");
        }
        // 4.5: minAvailable 2 of 2 blocks every drain.
        assert_eq!(made.at("PodDisruptionBudget/inferno", "/spec/maxUnavailable"), 1);
    }
}

#[test]
fn names_follow_the_release_as_in_the_guide() {
    // 4.3: the external Service has a name that does not.
    let made = ask("inferno", "production").named("llm").make();
    for name in
        ["Deployment/llm-inferno", "Service/llm-inferno-external", "PersistentVolumeClaim/llm-inferno-models-pvc"]
    {
        assert!(made.has(name), "{name}");
    }
    assert!(plain(&[]).named("inferno-x").make().has("Deployment/inferno-x"));
}

#[test]
fn replicas_keep_apart_as_far_as_was_said() {
    // 4.5: required anti-affinity and maxUnavailable 0.
    let required = made(&[MANY, &[("spread", "required")]]);
    assert!(
        required.pod(SERVER, "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution").is_array()
    );
    let rolling = required.at(SERVER, "/spec/strategy/rollingUpdate");
    assert_eq!(
        (&rolling["maxSurge"], &rolling["maxUnavailable"]),
        (&json!(0), &json!(1)),
        "else a full cluster never rolls"
    );
    assert_eq!(made(&[]).pod(SERVER, "/affinity"), Value::Null);
}

#[test]
fn a_gpu_is_asked_for_with_the_image_that_can_use_it() {
    plain(&[&[("gpu.enabled", "true")]]).is_refused_at("gpu.enabled");
    let made = made(&[&[("gpu.enabled", "true"), ("gpu.count", "2"), ("version", "0.10.6-gpu")]]);
    assert_eq!(made.container(SERVER, "/resources/limits/nvidia.com~1gpu"), "2");
    assert_eq!(made.pod(SERVER, "/nodeSelector/kubernetes.io~1arch"), "amd64");
}

#[test]
fn two_autoscalers_never_pull_at_one_measure() {
    // 4.5: an HPA and a VPA over CPU and memory.
    let vpa = [("vpa.enabled", "true")];
    let advises = made(&[&vpa]);
    assert_eq!(advises.at("VerticalPodAutoscaler/inferno", "/spec/updatePolicy/updateMode"), "Off");
    let acts = [MANY, &[("scaling.mode", "hpa"), ("vpa.enabled", "true"), ("vpa.mode", "Recreate")]].concat();
    let acts: Vec<_> = acts.into_iter().filter(|(path, _)| *path != "replicas").collect();
    plain(&[&acts]).is_refused_at("vpa.mode");
    plain(&[&vpa]).without_crds().is_refused_at("vpa.enabled");
}

#[test]
fn settings_are_a_file_that_the_program_reads() {
    // 4.6, 4.8: variables that change nothing.
    let made = made(&[&[("configFile", "[server]\nmax_concurrent_requests = 20")]]);
    assert_eq!(made.keys("ConfigMap/inferno-settings"), ["config.toml"]);
    assert!(mount(&made, SERVER, "/home/inferno/.config/inferno").is_object());
}
