//! The faults of Inngest's guide and chart (facts: products 2), each fixed, each fix a test that names the fault.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use slipway::answers::Form;
use slipway::answers::form::{Layers, NoSources, Place};
use slipway::answers::view::{Input, SecretInput};
use slipway::facts::{Fact, Facts};
use slipway::plan::Wanted;
use slipway::plan::render::render;
use slipway::product::embedded::built_in;
use slipway::secret::SecretText;

/// The objects of the production profile with answers, by `Kind/name`.
fn objects(answers: &[(&str, &str)]) -> BTreeMap<String, Wanted> {
    objects_of("production", answers)
}

/// The same of any profile.
fn objects_of(profile: &str, answers: &[(&str, &str)]) -> BTreeMap<String, Wanted> {
    let product = Arc::new(built_in("inngest").unwrap().unwrap());
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: profile.into() };
    let facts = Facts { crds: Fact::Known(vec!["ScaledObject.keda.sh".into()]), ..Facts::assumed() };
    let mut form = Form::new(product, place, Arc::new(facts), Layers::default(), Arc::new(NoSources), [9; 32]);
    for (path, text) in answers {
        let secret = form.product().questions[*path].is_secret();
        let reference = text.starts_with("secret:");
        let input = if secret && !reference {
            Input::Secret(SecretInput::Value(SecretText::new(*text)))
        } else {
            Input::Text((*text).into())
        };
        // Answers that depend on each other are complete only together.
        let _for_now = form.set(path, input);
    }
    assert_eq!(form.faults(), []);
    let rendered = render(&form.world()).unwrap();
    rendered.objects.into_iter().map(|wanted| (wanted.object.id().short(), wanted)).collect()
}

fn pod(objects: &BTreeMap<String, Wanted>, name: &str) -> Value {
    objects[name].object.pod_spec().unwrap().clone()
}

const INGRESS: &[(&str, &str)] = &[
    ("exposure.mode", "ingress"),
    ("exposure.host", "inngest.acme.io"),
    ("exposure.ingressClass", "nginx"),
    ("exposure.issuer", "ClusterIssuer/le"),
];
const KEDA: &[(&str, &str)] = &[("scaling.mode", "keda")];

#[test]
fn the_databases_have_no_default_password_and_redis_has_one_at_all() {
    // 2.7: password `password`; 2.8: no password.
    let objects = objects(&[]);
    assert!(objects["Secret/inngest-postgresql"].recipes.contains_key("postgres-password"));
    assert!(objects["Secret/inngest-redis"].recipes.contains_key("redis.conf"));
    assert!(
        objects["Secret/inngest"].recipes["INNGEST_REDIS_URI"]
            .secrets()
            .iter()
            .any(|(path, _)| *path == "queue.password")
    );
}

#[test]
fn a_database_is_never_rolled_over_its_own_volume() {
    // 2.7: a Deployment that rolls over a ReadWriteOnce claim.
    let objects = objects(&[]);
    for name in ["inngest-postgresql", "inngest-redis"] {
        assert!(objects.contains_key(&format!("StatefulSet/{name}")));
        assert!(!objects.contains_key(&format!("Deployment/{name}")));
        assert_eq!(objects[&format!("StatefulSet/{name}")].object.at(&["spec", "volumeClaimTemplates"]), None);
    }
}

#[test]
fn connection_urls_are_secrets_and_percent_encoded() {
    // 2.5: user and password are not encoded; 0.1.0: URIs in the ConfigMap.
    let objects = objects(&[
        ("database.mode", "external"),
        ("database.by", "parts"),
        ("database.host", "db.acme.io"),
        ("database.secret", "p@ss/w?rd"),
    ]);
    let config = objects["ConfigMap/inngest"].object.0.to_string();
    assert!(!config.contains("postgres://") && !config.contains("redis://"));
    let recipe = &objects["Secret/inngest"].recipes["INNGEST_POSTGRES_URI"];
    let made = recipe.resolve(&|_, _| Some(SecretText::new("p@ss/w?rd"))).unwrap().unwrap();
    assert_eq!(made.expose(), "postgres://inngest:p%40ss%2Fw%3Frd@db.acme.io:5432/inngest?sslmode=require");
}

#[test]
fn a_changed_configuration_restarts_its_readers() {
    // 2.3: no checksum, so that a change of ConfigMap or Secret restarts nothing.
    let objects = objects(&[]);
    let path = ["spec", "template", "metadata", "annotations", "slipway.dev/restart-hash"];
    for name in ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(objects[name].object.text(&path), "open", "{name}");
    }
}

#[test]
fn probes_begin_at_once_and_never_delay_a_healthy_start() {
    // 2.3: an initial delay of 60 s before the first readiness probe.
    let objects = objects(&[]);
    for name in ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        let container = pod(&objects, name)["containers"][0].clone();
        assert_eq!(container["startupProbe"]["periodSeconds"], 1, "{name}");
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            assert!(container[probe].is_object(), "{name} {probe}");
            assert_eq!(container[probe]["initialDelaySeconds"], Value::Null, "{name} {probe}");
        }
    }
}

#[test]
fn the_server_waits_for_its_databases_instead_of_crashing() {
    // 2.3: nothing waits for the databases; it exits until they answer.
    let pod = pod(&objects(&[]), "Deployment/inngest");
    let names: Vec<&str> =
        pod["initContainers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["wait-database", "wait-queue"]);
}

#[test]
fn only_variables_that_the_server_reads_are_set() {
    // 2.12: INNGEST_LOG_LEVEL, INNGEST_JSON and INNGEST_VERBOSE have no effect.
    let objects = objects(&[("logLevel", "debug")]);
    let data = objects["ConfigMap/inngest"].object.at(&["data"]).unwrap().clone();
    for idle in ["INNGEST_LOG_LEVEL", "INNGEST_JSON", "INNGEST_VERBOSE"] {
        assert_eq!(data.get(idle), None);
    }
    assert_eq!((data["LOG_LEVEL"].clone(), data["LOG_HANDLER"].clone()), (json!("debug"), json!("json")));
}

#[test]
fn a_service_called_inngest_cannot_break_the_port() {
    // 2.12: the service-link trap.
    let objects = objects(&[]);
    assert_eq!(objects["ConfigMap/inngest"].object.text(&["data", "INNGEST_PORT"]), "8288");
    for name in ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(pod(&objects, name)["enableServiceLinks"], false, "{name}");
    }
}

#[test]
fn sqlite_has_a_writable_folder_and_one_replica() {
    // 2.5: without a folder it fails on the read-only root.
    let objects = objects_of("development", &[("database.mode", "sqlite")]);
    assert_eq!(objects["ConfigMap/inngest"].object.text(&["data", "INNGEST_SQLITE_DIR"]), "/data");
    assert_eq!(objects["Deployment/inngest"].object.integer(&["spec", "replicas"]), Some(1));
    let pod = pod(&objects, "Deployment/inngest");
    let mounts = pod["containers"][0]["volumeMounts"].to_string();
    assert!(mounts.contains("/data") && mounts.contains("/tmp"), "{mounts}");
}

#[test]
fn an_ingress_has_a_class_and_no_old_annotation_beside_it_and_path_types() {
    // 2.6: the API server refuses an Ingress with both; pathType was left out.
    let ingress = &objects(INGRESS)["Ingress/inngest"].object;
    assert_eq!(ingress.text(&["spec", "ingressClassName"]), "nginx");
    assert_eq!(ingress.annotation("kubernetes.io/ingress.class"), None);
    let paths = ingress.list(&["spec", "rules"])[0]["http"]["paths"].as_array().unwrap().clone();
    assert!(paths.iter().all(|path| path["pathType"] == "Prefix"));
}

#[test]
fn what_asks_nobody_for_a_key_is_not_published() {
    // 2.12: UI, GraphQL, /invoke and pprof have no authentication.
    let ingress = objects(INGRESS)["Ingress/inngest"].object.clone();
    let paths: Vec<String> = ingress.list(&["spec", "rules"])[0]["http"]["paths"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path["path"].as_str().unwrap().to_string())
        .collect();
    for open in ["/", "/v0/gql", "/invoke/x", "/debug/pprof", "/metrics", "/runs"] {
        let published = paths.iter().any(|path| {
            open == path || open.starts_with(path.trim_end_matches('/')) && !path.trim_end_matches('/').is_empty()
        });
        assert!(!published, "{open} is published by {paths:?}");
    }
    for needed in ["/e/", "/fn/register", "/health"] {
        assert!(paths.iter().any(|path| path == needed), "{needed} is not published");
    }
}

#[test]
fn connect_workers_get_a_host_of_their_own() {
    // 2.6: the connect port is never routed.
    let answers = [INGRESS, &[("exposure.connectHost", "connect.acme.io")]].concat();
    let ingress = &objects(&answers)["Ingress/inngest"].object;
    let rule = &ingress.list(&["spec", "rules"])[1];
    assert_eq!(rule["host"], "connect.acme.io");
    assert_eq!(rule["http"]["paths"][0]["backend"]["service"]["port"]["name"], "connect");
}

#[test]
fn metrics_stay_on_a_service_of_their_own_and_replicas_with_the_autoscaler() {
    // 2.9: port 9090 on the public Service; metricName is ignored by KEDA.
    let objects = objects(KEDA);
    let ports = objects["Service/inngest"].object.list(&["spec", "ports"]).to_vec();
    assert!(ports.iter().all(|port| port["port"] != 9090));
    assert_eq!(objects["Service/inngest-metrics"].object.text(&["spec", "type"]), "");
    let scaled = &objects["ScaledObject/inngest"].object;
    assert!(!scaled.0.to_string().contains("metricName"));
    assert_eq!(objects["Deployment/inngest"].object.at(&["spec", "replicas"]), None);
    let args = pod(&objects, "Deployment/inngest")["containers"][1]["args"].to_string();
    assert!(!args.contains("enable-lifecycle"), "anybody could end it: {args}");
}

#[test]
fn a_network_policy_lets_dns_functions_and_odd_database_ports_through() {
    // 2.10: functions on other ports and databases on other ports are cut off; policies use Service ports.
    let objects = objects(&[
        ("sdkUrls", "http://app.acme.io:3000/api"),
        ("database.mode", "external"),
        ("database.url", "postgres://u:p@db.acme.io:6432/x"),
    ]);
    let policy = &objects["NetworkPolicy/inngest"].object;
    let egress = policy.at(&["spec", "egress"]).unwrap().to_string();
    for port in [53, 5353, 80, 443, 3000, 6432, 6379] {
        assert!(egress.contains(&format!("\"port\":{port},")), "{port}: {egress}");
    }
    let ingress = policy.at(&["spec", "ingress"]).unwrap().to_string();
    assert!(ingress.contains("\"port\":\"http\""), "{ingress}");
    assert!(objects.contains_key("NetworkPolicy/inngest-redis"));
}

#[test]
fn a_secret_that_exists_is_referenced_and_not_copied() {
    // 2.3: no support for existing Secrets.
    let objects = objects(&[("database.mode", "external"), ("database.url", "secret:my-db/uri")]);
    assert!(!objects["Secret/inngest"].recipes.contains_key("INNGEST_POSTGRES_URI"));
    let env = pod(&objects, "Deployment/inngest")["containers"][0]["env"].clone();
    let reference =
        json!({"name": "INNGEST_POSTGRES_URI", "valueFrom": {"secretKeyRef": {"name": "my-db", "key": "uri"}}});
    assert!(env.as_array().unwrap().contains(&reference), "{env}");
}

#[test]
fn replicas_of_connect_reach_each_other() {
    // 2.12: since v1.42.0 its ports listen on loopback, which several replicas cannot share.
    let env = pod(&objects(&[]), "Deployment/inngest")["containers"][0]["env"].to_string();
    assert!(env.contains("INNGEST_CONNECT_GATEWAY_GRPC_IP") && env.contains("status.podIP"), "{env}");
    let alone = pod(&objects(&[("replicas", "1")]), "Deployment/inngest")["containers"][0]["env"].to_string();
    assert!(!alone.contains("GRPC_IP"), "{alone}");
}

#[test]
fn the_open_connections_of_all_replicas_fit_the_server() {
    // 2.12: 100 a replica against PostgreSQL's 100 in all.
    let data = |answers| {
        objects(answers)["ConfigMap/inngest"].object.text(&["data", "INNGEST_POSTGRES_MAX_OPEN_CONNS"]).to_string()
    };
    assert_eq!(data(&[("replicas", "1")]), "80");
    assert_eq!(data(&[("replicas", "4")]), "20");
}

#[test]
fn no_selector_holds_what_changes_and_no_two_workloads_share_one() {
    // 2.2: in 0.1 and 0.2 the server's selector matched the databases too.
    let objects = objects(&[]);
    let mut seen = Vec::new();
    for name in ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        let selector = objects[name].object.at(&["spec", "selector", "matchLabels"]).unwrap().clone();
        assert!(!selector.to_string().contains("version") && !selector.to_string().contains("part-of"), "{selector}");
        assert!(selector.get("app.kubernetes.io/component").is_some());
        assert!(!seen.contains(&selector));
        seen.push(selector);
    }
}

#[test]
fn no_pod_gets_a_token_that_it_does_not_need() {
    // 2.3: the server's token is mounted.
    let objects = objects(KEDA);
    for name in ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"] {
        assert_eq!(pod(&objects, name)["automountServiceAccountToken"], false, "{name}");
    }
}

#[test]
fn nothing_is_made_that_could_take_the_data_with_it() {
    // 2.14: uninstalling the chart deletes both claims and the Namespace.
    let objects = objects(&[]);
    assert!(!objects.keys().any(|name| name.starts_with("Namespace/")));
    for name in ["inngest-postgresql", "inngest-redis"] {
        let claim = &objects[&format!("PersistentVolumeClaim/{name}")].object;
        assert_eq!(claim.label("applyset.kubernetes.io/part-of"), None);
        assert_eq!(claim.label("slipway.dev/release"), Some("inngest"));
    }
}
