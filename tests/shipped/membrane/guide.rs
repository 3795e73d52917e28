//! Sizes, roles, checks and troubles that the documents of Membrane's makers list.

use super::*;

const QUEUED: &str = "Deployment/queued-tasks-worker";
/// What makes a program out of the one image.
const ROLES: [(&str, &str); 4] = [
    (API, "IS_API"),
    ("Deployment/instant-tasks-worker", "IS_INSTANT_TASKS_WORKER"),
    (QUEUED, "IS_QUEUED_TASKS_WORKER"),
    ("Deployment/orchestrator", "IS_ORCHESTRATOR"),
];

#[test]
fn newer_accounts_have_another_registry_and_one_robot() {
    // 5.1: harbor.getmembrane.com with robot$<company>, instead of two robots of harbor.integration.app.
    let newer = [("images.repository", Some("harbor.getmembrane.com/core")), ("pull.user", Some("robot$acme"))];
    let made = base(&newer).make();
    assert_eq!(made.container(API, "/image"), "harbor.getmembrane.com/core/api:2026-01-14");
    let login: Value = serde_json::from_str(&made.secret("harbor-secret", ".dockerconfigjson").unwrap()).unwrap();
    assert_eq!(login["auths"]["harbor.getmembrane.com"]["username"], "robot$acme");
    assert_eq!(login["auths"].as_object().unwrap().len(), 1);
}

#[test]
fn one_image_is_four_programs_by_its_variables() {
    // 5.2: roles, and what a queued task may take; 5.3: what every program and every page is told.
    let made = base(&[]).make();
    for (workload, role) in ROLES {
        for (_, other) in ROLES {
            let wanted = (other == role).then_some("1");
            assert_eq!(made.env(workload, other).as_deref(), wanted, "{workload} {other}");
        }
    }
    for (name, value) in [("MAX_QUEUED_TASKS_MEMORY_MB", "1024"), ("MAX_QUEUED_TASKS_PROCESS_TIME_SECONDS", "3000")] {
        assert_eq!(made.env(QUEUED, name).as_deref(), Some(value), "{name}");
        assert_eq!(made.env(API, name), None, "{name}");
    }
    assert_eq!(made.named(QUEUED, "/containers"), ["worker"]);
    assert_eq!(made.named(RUNNER, "/containers"), ["runner"]);
    assert_eq!(made.env(RUNNER, "PORT").as_deref(), Some("5000"));
    assert_eq!(setting(&made, "NODE_ENV").as_deref(), Some("production"));
    assert_eq!(setting(&made, "PORT").as_deref(), Some("5000"));
    for page in WEB {
        for (name, value) in [("NODE_ENV", "production"), ("PORT", "5000"), ("NEXT_PUBLIC_IS_CLOUD", "false")] {
            assert_eq!(made.env(page, name).as_deref(), Some(value), "{page} {name}");
        }
    }
}

#[test]
fn profiles_have_the_sizes_and_replicas_of_the_guide() {
    // 5.2: two replicas of each with requests and limits; development has one, and asks for less; 5.5: the API by its
    // CPU.
    for (profile, more) in [("development", DEVELOPMENT), ("staging", &[]), ("production", &[])] {
        let small = profile == "development";
        let made = under(profile, more).make();
        for workload in workloads() {
            let page = WEB.contains(&workload);
            let (cpu, memory) = match (small, page) {
                (false, false) => ("500m", "2Gi"),
                (false, true) => ("250m", "512Mi"),
                (true, false) => ("100m", "1Gi"),
                (true, true) => ("50m", "256Mi"),
            };
            let resources = made.container(workload, "/resources");
            assert_eq!(resources["requests"], json!({"cpu": cpu, "memory": memory}), "{profile} {workload}");
            let (cpu, memory) = if page { ("1", "2Gi") } else { ("2", "4Gi") };
            assert_eq!(resources["limits"], json!({"cpu": cpu, "memory": memory}), "{profile} {workload}");
            let replicas = match (profile, workload) {
                ("development", _) => json!(1),
                ("production", API) => Value::Null,
                _ => json!(2),
            };
            assert_eq!(made.at(workload, "/spec/replicas"), replicas, "{profile} {workload}");
        }
        assert_eq!(made.has("HorizontalPodAutoscaler/api-hpa"), profile == "production", "{profile}");
        assert_eq!(made.names("PodDisruptionBudget").len(), if small { 0 } else { 7 }, "{profile}");
        assert_eq!(made.names("NetworkPolicy").is_empty(), small, "{profile}");
    }
}

#[test]
fn autoscalers_have_the_bounds_of_the_guide_and_monitors_find_what_they_name() {
    // 5.5: the ServiceMonitor looks for a label and a port's name that its Service does not have.
    let made = base(&[("scaling.mode", Some("keda"))]).make();
    for (name, most, cooldown, threshold) in [
        ("instant-tasks-worker", 20, 60, "1"),
        ("queued-tasks-worker", 50, 300, "1"),
        ("custom-code-runner", 20, 60, "0.45"),
    ] {
        let spec = made.at(&format!("ScaledObject/{name}-scaler"), "/spec");
        assert_eq!((&spec["minReplicaCount"], &spec["maxReplicaCount"]), (&json!(2), &json!(most)), "{name}");
        assert_eq!((&spec["pollingInterval"], &spec["cooldownPeriod"]), (&json!(15), &json!(cooldown)), "{name}");
        assert_eq!(spec["triggers"][0]["metadata"]["threshold"], threshold, "{name}");
        assert_eq!(spec["scaleTargetRef"]["name"], name);
    }
    let measure = made.at("HorizontalPodAutoscaler/api-hpa", "/spec/metrics/0/resource");
    assert_eq!((&measure["name"], &measure["target"]["averageUtilization"]), (&json!("cpu"), &json!(50)));

    let within =
        |wanted: &Value, labels: &Value| wanted.as_object().unwrap().iter().all(|(key, value)| labels[key] == *value);
    for (name, path) in [("api", "/prometheus"), ("custom-code-runner", "/api/v2/prometheus")] {
        let monitor = made.at(&format!("ServiceMonitor/membrane-{name}"), "/spec");
        let found = made.names("Service").into_iter().filter(|service| {
            within(&monitor["selector"]["matchLabels"], &made.at(&format!("Service/{service}"), "/metadata/labels"))
        });
        assert_eq!(found.collect::<Vec<_>>(), [name]);
        let endpoint = &monitor["endpoints"][0];
        assert_eq!(endpoint["path"], path);
        assert_eq!(endpoint["port"], made.at(&format!("Service/{name}"), "/spec/ports/0/name"), "{name}");
    }
    let monitor = made.at("PodMonitor/membrane-queued-tasks-worker", "/spec");
    let found = workloads().into_iter().filter(|workload| {
        within(&monitor["selector"]["matchLabels"], &made.at(workload, "/spec/template/metadata/labels"))
    });
    assert_eq!(found.collect::<Vec<_>>(), [QUEUED]);
    let endpoint = &monitor["podMetricsEndpoints"][0];
    assert_eq!(endpoint["path"], "/prometheus/queued-tasks");
    assert_eq!(endpoint["port"], made.container(QUEUED, "/ports/0/name"));
}

#[test]
fn what_the_documents_forbid_is_refused_where_it_is_typed() {
    // 5.7: schemes of URLs, 32 characters, three providers, no fewer than the fewest, shares between 0 and 1, https.
    for (more, path) in [
        (&[("storage.staticUrl", Some("s3://static"))][..], "storage.staticUrl"),
        (&[("keys.secret", Some("only-31-characters-of-a-key-abc"))], "keys.secret"),
        (&[("storage.provider", Some("minio"))], "storage.provider"),
        (&[("apiScaling.min", Some("11"))], "apiScaling.max"),
        (&[("scaling.mode", Some("keda")), ("runner.capacity", Some("100"))], "runner.capacity"),
        (&[("scaling.mode", Some("keda")), ("runner.capacity", Some("0"))], "runner.capacity"),
        (&[("scaling.mode", Some("keda")), ("queued.buffer", Some("-1"))], "queued.buffer"),
    ] {
        let faults = base(more).faults();
        assert!(faults.iter().any(|fault| fault.starts_with(&format!("{path} "))), "{path}: {faults:?}");
    }
    for path in ["urls.console", "urls.api", "urls.ui"] {
        let inside = [("exposure.mode", Some("clusterip")), ("exposure.host", None), ("exposure.issuer", None)];
        base(&[&inside[..], &[(path, Some("http://membrane.acme.io"))]].concat()).is_refused_at(path);
    }
}

#[test]
fn the_makers_list_of_troubles_is_recognised_and_nothing_of_value_is_in_the_cluster() {
    // 5.8: MongoDB or Redis that cannot be reached, buckets, memory of the runner, callbacks at Auth0, another secret.
    let made = base(&[]).make();
    for (line, code) in [
        ("MongoServerSelectionError: connect ECONNREFUSED 10.0.0.7:27017", "MEMBRANE_MONGODB"),
        ("MongoServerError: bad auth : Authentication failed.", "MEMBRANE_MONGODB_LOGIN"),
        ("Error: connect ECONNREFUSED 10.0.0.8:6379", "MEMBRANE_REDIS"),
        ("AccessDenied: User is not authorized to perform: s3:PutObject", "MEMBRANE_STORAGE"),
        ("RangeError: WebAssembly.Memory(): could not allocate memory", "MEMBRANE_RUNNER_MEMORY"),
        ("Callback URL mismatch. The provided redirect_uri is not in the list", "MEMBRANE_AUTH0"),
        ("Error: error:1C800064:Provider routines::bad decrypt", "MEMBRANE_ENCRYPTION"),
    ] {
        assert_eq!(made.explains(line).as_deref(), Some(code), "{line}");
    }
    let notes = made.notes();
    let console = "https://console.acme.io";
    for told in [
        format!("At Auth0 allow as callbacks {console} and {console}/callback"),
        "Nothing there is deleted by an uninstall".to_owned(),
    ] {
        assert!(notes.contains(&told), "{told}: {notes}");
    }
    // 5.8, 8: MongoDB and the buckets are outside.
    for kind in ["PersistentVolumeClaim", "StatefulSet"] {
        assert_eq!(made.names(kind), Vec::<String>::new(), "{kind}");
    }
}
