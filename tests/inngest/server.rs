//! The server's Deployment, ConfigMap and Secret (facts: products 2.2, 2.3, 2.4, 2.5, 2.12).

use serde_json::{Value, json};

use super::{KEDA, WORKLOADS, objects, pod};

#[test]
fn a_changed_configuration_restarts_its_readers() {
    // 2.3: no checksum, so that a change of ConfigMap or Secret restarts nothing.
    let objects = objects(&[]);
    let path = ["spec", "template", "metadata", "annotations", "slipway.dev/restart-hash"];
    for name in WORKLOADS {
        assert_eq!(objects[name].object.text(&path), "open", "{name}");
    }
}

#[test]
fn probes_begin_at_once_and_never_delay_a_healthy_start() {
    // 2.3: an initial delay of 60 s before the first readiness probe.
    let objects = objects(&[]);
    for name in WORKLOADS {
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
    for name in WORKLOADS {
        assert_eq!(pod(&objects, name)["enableServiceLinks"], false, "{name}");
    }
}

#[test]
fn no_selector_holds_what_changes_and_no_two_workloads_share_one() {
    // 2.2: in 0.1 and 0.2 the server's selector matched the databases too.
    let objects = objects(&[]);
    let mut seen = Vec::new();
    for name in WORKLOADS {
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
    for name in WORKLOADS {
        assert_eq!(pod(&objects, name)["automountServiceAccountToken"], false, "{name}");
    }
}

#[test]
fn every_pod_has_the_seccomp_profile_of_its_runtime_and_no_root() {
    // 2.3: no seccompProfile, so that a namespace that enforces `restricted` refuses the chart's pods.
    let objects = objects(KEDA);
    for name in WORKLOADS {
        let pod = pod(&objects, name);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        for field in ["initContainers", "containers"] {
            for container in pod[field].as_array().into_iter().flatten() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{name} {container}");
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{name} {container}");
            }
        }
    }
}

#[test]
fn the_group_of_the_files_is_the_pods_and_never_a_containers() {
    // 2.14: the guide's production values put fsGroup where it is no field.
    let objects = objects(KEDA);
    for name in WORKLOADS {
        let pod = pod(&objects, name);
        assert!(pod["securityContext"]["fsGroup"].is_i64(), "{name}");
        for container in pod["containers"].as_array().unwrap() {
            assert_eq!(container["securityContext"].get("fsGroup"), None, "{name}");
        }
    }
}

#[test]
fn a_drained_node_takes_one_replica_at_a_time_and_a_lone_one_can_be_drained() {
    // 2.3: no PodDisruptionBudget.
    let budget = &objects(&[])["PodDisruptionBudget/inngest"].object;
    assert_eq!(budget.integer(&["spec", "maxUnavailable"]), Some(1));
    assert_eq!(budget.at(&["spec", "minAvailable"]), None);
    assert!(!objects(&[("replicas", "1")]).contains_key("PodDisruptionBudget/inngest"));
}

#[test]
fn a_new_version_starts_beside_the_old_one_and_has_the_time_that_its_migrations_need() {
    // 2.3: 25 % of two replicas may be gone; 2.12: migrations run before the server listens.
    let objects = objects(&[("startupBudget", "900")]);
    let deployment = &objects["Deployment/inngest"].object;
    assert_eq!(deployment.integer(&["spec", "strategy", "rollingUpdate", "maxSurge"]), Some(1));
    assert_eq!(deployment.integer(&["spec", "strategy", "rollingUpdate", "maxUnavailable"]), Some(0));
    let probe = pod(&objects, "Deployment/inngest")["containers"][0]["startupProbe"].clone();
    assert_eq!((probe["periodSeconds"].as_i64(), probe["failureThreshold"].as_i64()), (Some(1), Some(900)));
}

#[test]
fn the_image_is_a_version_and_never_latest() {
    // 2.1: appVersion is the literal `latest`; 2.3: so is the image's tag.
    let pod = pod(&objects(&[]), "Deployment/inngest");
    assert_eq!(pod["containers"][0]["image"], "inngest/inngest:v1.43.0");
    for refused in ["latest", "1.43.0", "v1.43", "v1.43.0-x"] {
        let faults = super::faults(&[("version", refused)]);
        assert_eq!(faults.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["version"], "{refused}");
    }
}

#[test]
fn the_version_label_of_a_helm_chart_is_on_nothing() {
    // 2.2: helm.sh/chart and app.kubernetes.io/version=latest on everything, which a rollout would have to change.
    for (name, wanted) in objects(KEDA) {
        for label in ["helm.sh/chart", "app.kubernetes.io/version"] {
            assert_eq!(wanted.object.label(label), None, "{name}");
        }
        assert_eq!(wanted.object.label("app.kubernetes.io/managed-by"), Some("slipway"), "{name}");
    }
}

#[test]
fn nothing_calls_home_unless_it_is_asked_to() {
    // 2.12: DO_NOT_TRACK and INNGEST_NO_UPDATE_NOTIFIER, which the chart cannot set but by extraEnv.
    let quiet = objects(&[])["ConfigMap/inngest"].object.at(&["data"]).unwrap().clone();
    assert_eq!(
        (quiet["DO_NOT_TRACK"].clone(), quiet["INNGEST_NO_UPDATE_NOTIFIER"].clone()),
        (json!("1"), json!("true"))
    );
    let loud = [("telemetry", "yes"), ("updateNotifier", "yes")];
    let loud = objects(&loud)["ConfigMap/inngest"].object.at(&["data"]).unwrap().clone();
    assert_eq!((loud.get("DO_NOT_TRACK"), loud.get("INNGEST_NO_UPDATE_NOTIFIER")), (None, None));
}

#[test]
fn every_value_of_the_config_map_is_text() {
    // 2.4: all values are strings; a number there is refused by the API server.
    let objects = objects(KEDA);
    let data = objects["ConfigMap/inngest"].object.at(&["data"]).unwrap().as_object().unwrap().clone();
    assert!(data.len() > 10 && data.values().all(Value::is_string), "{data:?}");
}
