//! Every option of facts: products 2.13 can be chosen, and reaches the object that it is for; every profile needs no
//! answer.

use serde_json::{Value, json};

use super::{INGRESS, KEDA, objects, objects_of, pod};

/// The server's container.
fn server(answers: &[(&str, &str)]) -> Value {
    pod(&objects(answers), "Deployment/inngest")["containers"][0].clone()
}

fn config(answers: &[(&str, &str)], key: &str) -> String {
    objects(answers)["ConfigMap/inngest"].object.text(&["data", key]).to_string()
}

#[test]
fn every_profile_installs_with_no_further_answer() {
    for profile in ["development", "staging", "production"] {
        assert_eq!(super::form_of(profile, &[]).faults(), [], "{profile}");
    }
    let objects = objects_of("production", &[]);
    for name in ["StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis", "NetworkPolicy/inngest"] {
        assert!(objects.contains_key(name), "{name}");
    }
    assert!(objects.contains_key("PersistentVolumeClaim/inngest-postgresql"));
    assert!(objects.contains_key("PersistentVolumeClaim/inngest-redis"));
    assert_eq!(objects["Service/inngest"].object.text(&["spec", "type"]), "ClusterIP");
    assert!(!objects.keys().any(|name| name.starts_with("Ingress/")));
    let server = pod(&objects_of("development", &[]), "Deployment/inngest")["containers"][0].clone();
    assert_eq!(server["resources"]["requests"], json!({"cpu": "100m", "memory": "256Mi"}));
}

#[test]
fn version_and_replicas_are_chosen() {
    assert_eq!(server(&[("version", "v1.40.2")])["image"], "inngest/inngest:v1.40.2");
    assert_eq!(server(&[("registry", "mirror.acme.io")])["image"], "mirror.acme.io/inngest/inngest:v1.43.0");
    assert_eq!(objects(&[("replicas", "3")])["Deployment/inngest"].object.integer(&["spec", "replicas"]), Some(3));
    assert_eq!(super::faults(&[("replicas", "0")])[0].0, "replicas");
}

#[test]
fn a_service_is_of_any_type_internal_and_with_source_ranges() {
    let service = |answers: &[(&str, &str)]| {
        objects(&[&[("exposure.publish", "everything")], answers].concat())["Service/inngest"].object.clone()
    };
    let balancer = service(&[("exposure.mode", "loadbalancer"), ("exposure.sourceRanges", "10.0.0.0/8,fd00::/8")]);
    assert_eq!(balancer.text(&["spec", "type"]), "LoadBalancer");
    assert_eq!(balancer.list(&["spec", "loadBalancerSourceRanges"]), [json!("10.0.0.0/8"), json!("fd00::/8")]);
    assert_eq!(balancer.annotation("networking.gke.io/load-balancer-type"), Some("Internal"));
    assert_eq!(balancer.annotation("service.beta.kubernetes.io/azure-load-balancer-internal"), Some("true"));
    assert_eq!(balancer.annotation("service.beta.kubernetes.io/aws-load-balancer-scheme"), Some("internal"));
    let open = [
        ("exposure.mode", "loadbalancer"),
        ("exposure.internal", "no"),
        ("exposure.serviceAnnotations", "load.acme.io/pool=a"),
    ];
    let open = service(&open);
    assert_eq!(open.annotation("networking.gke.io/load-balancer-type"), None);
    assert_eq!(open.annotation("load.acme.io/pool"), Some("a"));
    let ports = [("exposure.mode", "nodeport"), ("exposure.nodePort", "30100"), ("exposure.connectNodePort", "30101")];
    let node_port = service(&ports);
    assert_eq!(node_port.text(&["spec", "type"]), "NodePort");
    assert_eq!(node_port.list(&["spec", "ports"])[0]["nodePort"], 30100);
    assert_eq!(node_port.list(&["spec", "ports"])[1]["nodePort"], 30101);
}

#[test]
fn a_bundled_database_has_the_name_user_size_class_and_access_mode_that_are_chosen() {
    let answers = [
        ("database.bundledName", "events"),
        ("database.bundledUser", "app"),
        ("database.storage", "50Gi"),
        ("database.storageClass", "fast"),
        ("database.accessMode", "ReadWriteOncePod"),
        ("queue.storage", "3Gi"),
        ("queue.storageClass", "slow"),
        ("queue.accessMode", "ReadWriteMany"),
        ("database.password", "brought-by-me"),
    ];
    let objects = objects(&answers);
    let data = objects["Secret/inngest-postgresql"].object.clone();
    // base64 of `events` and `app`.
    assert_eq!(data.text(&["data", "postgres-database"]), "ZXZlbnRz");
    assert_eq!(data.text(&["data", "postgres-username"]), "YXBw");
    let url = objects["Secret/inngest"].recipes["INNGEST_POSTGRES_URI"].clone();
    let url = url.resolve(&|_, _| Some(slipway::secret::SecretText::new("x"))).unwrap().unwrap();
    assert_eq!(url.expose(), "postgres://app:x@inngest-postgresql:5432/events");
    for (name, size, class, mode) in
        [("inngest-postgresql", "50Gi", "fast", "ReadWriteOncePod"), ("inngest-redis", "3Gi", "slow", "ReadWriteMany")]
    {
        let claim = objects[&format!("PersistentVolumeClaim/{name}")].object.clone();
        assert_eq!(claim.text(&["spec", "resources", "requests", "storage"]), size);
        assert_eq!(claim.text(&["spec", "storageClassName"]), class);
        assert_eq!(claim.list(&["spec", "accessModes"]), [json!(mode)]);
    }
    assert_eq!(super::faults(&[("database.storage", "plenty")])[0].0, "database.storage");
    assert_eq!(super::faults(&[("database.bundledName", "in valid")])[0].0, "database.bundledName");
}

#[test]
fn the_server_is_tuned_by_what_it_reads() {
    let answers: &[(&str, &str)] = &[
        ("tuning.queueWorkers", "7"),
        ("pollInterval", "8"),
        ("tuning.retryInterval", "9"),
        ("tuning.tick", "10"),
        ("noUi", "yes"),
        ("sdkUrls", "https://a.acme.io/api,http://b.acme.io:3000/x"),
        ("logLevel", "warn"),
        ("database.maxOpenConnections", "40"),
        ("database.maxIdleConnections", "4"),
        ("database.idleMinutes", "6"),
        ("database.lifetimeMinutes", "20"),
    ];
    for (key, value) in [
        ("INNGEST_QUEUE_WORKERS", "7"),
        ("INNGEST_POLL_INTERVAL", "8"),
        ("INNGEST_RETRY_INTERVAL", "9"),
        ("INNGEST_TICK", "10"),
        ("INNGEST_NO_UI", "true"),
        ("INNGEST_SDK_URL", "https://a.acme.io/api,http://b.acme.io:3000/x"),
        ("LOG_LEVEL", "warn"),
        ("INNGEST_POSTGRES_MAX_OPEN_CONNS", "40"),
        ("INNGEST_POSTGRES_MAX_IDLE_CONNS", "4"),
        ("INNGEST_POSTGRES_CONN_MAX_IDLE_TIME", "6"),
        ("INNGEST_POSTGRES_CONN_MAX_LIFETIME", "20"),
    ] {
        assert_eq!(config(answers, key), value, "{key}");
    }
    for (path, wrong) in [
        ("sdkUrls", "app.acme.io"),
        ("tuning.queueWorkers", "0"),
        ("tuning.tick", "-1"),
        ("logLevel", "loud"),
        ("database.maxOpenConnections", "1"),
        ("database.maxIdleConnections", "500"),
    ] {
        assert_eq!(super::faults(&[(path, wrong)])[0].0, path, "{wrong}");
    }
}

#[test]
fn an_ingress_has_its_class_host_certificate_and_annotations() {
    let answers = [INGRESS, &[("exposure.annotations", "nginx.ingress.kubernetes.io/proxy-body-size=50m")]].concat();
    let ingress = objects(&answers)["Ingress/inngest"].object.clone();
    assert_eq!(ingress.text(&["spec", "ingressClassName"]), "nginx");
    assert_eq!(ingress.annotation("nginx.ingress.kubernetes.io/proxy-body-size"), Some("50m"));
    assert_eq!(ingress.list(&["spec", "tls"])[0]["secretName"], "inngest-tls");
    assert_eq!(super::faults(&[INGRESS, &[("exposure.host", "no host")]].concat())[0].0, "exposure.host");
}

#[test]
fn keda_is_set_by_every_one_of_its_numbers() {
    let answers = [
        KEDA,
        &[
            ("keda.min", "2"),
            ("keda.max", "7"),
            ("keda.pollingInterval", "15"),
            ("keda.cooldownPeriod", "60"),
            ("keda.threshold", "25"),
        ],
    ]
    .concat();
    let spec = objects(&answers)["ScaledObject/inngest"].object.at(&["spec"]).unwrap().clone();
    let numbers =
        ["minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod"].map(|key| spec[key].clone());
    assert_eq!(numbers, [2, 7, 15, 60].map(Value::from));
    assert_eq!(spec["triggers"][0]["metadata"]["threshold"], "25");
}

#[test]
fn pods_have_the_resources_places_labels_and_variables_that_are_chosen() {
    let answers = [
        ("resources.cpu", "2"),
        ("resources.memory", "3Gi"),
        ("resources.cpuLimit", "4"),
        ("resources.memoryLimit", "5Gi"),
        ("scheduling.nodeSelector", "disk=ssd"),
        ("scheduling.tolerations", "[{key: dedicated, operator: Exists, effect: NoSchedule}]"),
        ("scheduling.affinity", "{nodeAffinity: {}}"),
        ("scheduling.priorityClass", "high"),
        ("podLabels", "team=a"),
        ("podAnnotations", "note=b"),
        ("extraEnv", "[{name: HTTP_PROXY, value: 'http://proxy:3128'}]"),
        ("pullSecrets", "registry"),
        ("serviceAccount.create", "no"),
        ("serviceAccount.name", "own"),
        ("terminationGracePeriod", "90"),
    ];
    let objects = objects(&answers);
    let pod = pod(&objects, "Deployment/inngest");
    let container = &pod["containers"][0];
    let resources = json!({"requests": {"cpu": "2", "memory": "3Gi"}, "limits": {"cpu": "4", "memory": "5Gi"}});
    assert_eq!(container["resources"], resources);
    assert!(container["env"].to_string().contains("HTTP_PROXY"));
    assert_eq!(pod["nodeSelector"], json!({"disk": "ssd"}));
    assert_eq!(pod["tolerations"][0]["key"], "dedicated");
    assert_eq!(pod["affinity"], json!({"nodeAffinity": {}}));
    assert_eq!(pod["priorityClassName"], "high");
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(pod["serviceAccountName"], "own");
    assert_eq!(pod["terminationGracePeriodSeconds"], 90);
    assert!(!objects.contains_key("ServiceAccount/inngest") && !objects.contains_key("ServiceAccount/own"));
    let template = objects["Deployment/inngest"].object.at(&["spec", "template", "metadata"]).unwrap().clone();
    assert_eq!(template["labels"]["team"], "a");
    assert_eq!(template["annotations"]["note"], "b");
}

#[test]
fn the_databases_go_where_the_server_goes_and_pull_with_its_secrets() {
    // 2.7: nodeSelector and tolerations of the databases.
    let answers = [
        ("scheduling.nodeSelector", "disk=ssd"),
        ("scheduling.tolerations", "[{key: dedicated, operator: Exists}]"),
        ("pullSecrets", "registry"),
    ];
    let objects = objects(&answers);
    for name in super::WORKLOADS {
        let pod = pod(&objects, name);
        assert_eq!(pod["nodeSelector"], json!({"disk": "ssd"}), "{name}");
        assert_eq!(pod["tolerations"][0]["key"], "dedicated", "{name}");
        assert_eq!(pod["imagePullSecrets"], json!([{"name": "registry"}]), "{name}");
    }
}

#[test]
fn a_service_account_has_the_name_and_annotations_that_are_chosen() {
    let answers = [("serviceAccount.name", "own"), ("serviceAccount.annotations", "eks.amazonaws.com/role-arn=arn")];
    let account = objects(&answers)["ServiceAccount/own"].object.clone();
    assert_eq!(account.annotation("eks.amazonaws.com/role-arn"), Some("arn"));
}

#[test]
fn common_labels_are_on_everything_and_in_no_selector() {
    let labels: &[(&str, &str)] = &[("commonLabels", "team=a")];
    let more: [&[(&str, &str)]; 3] = [
        KEDA,
        &[INGRESS, &[("exposure.connectHost", "c.acme.io")]].concat(),
        &[
            ("exposure.mode", "gateway"),
            ("exposure.host", "inngest.acme.io"),
            ("exposure.gatewayClass", "istio"),
            ("exposure.issuer", "ClusterIssuer/le"),
            ("exposure.connectHost", "c.acme.io"),
        ],
    ];
    for answers in more {
        for (name, wanted) in objects(&[labels, answers].concat()) {
            assert_eq!(wanted.object.label("team"), Some("a"), "{name}");
            if let Some(labels) = wanted.object.at(&["spec", "template", "metadata", "labels"]) {
                assert_eq!(labels["team"], "a", "{name}");
            }
            let selector = wanted.object.at(&["spec", "selector"]).map(Value::to_string).unwrap_or_default();
            assert!(!selector.contains("team"), "{name}: what changes must not select");
        }
    }
    assert_eq!(super::faults(&[("commonLabels", "app.kubernetes.io/name=x")])[0].0, "commonLabels");
}
