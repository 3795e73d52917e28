//! KEDA with its Prometheus sidecar, and several replicas (facts: products 2.9, 2.12).

use super::{KEDA, objects, pod};

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
fn replicas_of_connect_reach_each_other() {
    // 2.12: since v1.42.0 its ports listen on loopback, which several replicas cannot share.
    let env = pod(&objects(&[]), "Deployment/inngest")["containers"][0]["env"].to_string();
    assert!(env.contains("INNGEST_CONNECT_GATEWAY_GRPC_IP") && env.contains("status.podIP"), "{env}");
    let alone = pod(&objects(&[("replicas", "1")]), "Deployment/inngest")["containers"][0]["env"].to_string();
    assert!(!alone.contains("GRPC_IP"), "{alone}");
}

#[test]
fn the_source_of_the_figures_is_never_scaled_away() {
    // 2.9: with no replica nothing tells KEDA how long the queue is, and it would never come back.
    let faults = super::faults(&[KEDA, &[("keda.min", "0")]].concat());
    assert_eq!(faults[0].0, "keda.min");
    let faults = super::faults(&[KEDA, &[("keda.min", "5"), ("keda.max", "3")]].concat());
    assert_eq!(faults, [("keda.max".to_string(), "must not be below the fewest".to_string())]);
}

#[test]
fn each_sidecar_is_asked_for_the_largest_queue() {
    // 2.9: the Service spreads the question over all sidecars; the address was that of the public Service.
    let scaled = objects(KEDA)["ScaledObject/inngest"].object.clone();
    let trigger = scaled.list(&["spec", "triggers"])[0]["metadata"].clone();
    assert_eq!(trigger["query"], "max(inngest_queue_depth)");
    assert_eq!(trigger["serverAddress"], "http://inngest-metrics.inngest.svc:9090");
    assert_eq!(trigger["threshold"], "10", "KEDA wants text");
}

#[test]
fn the_signing_key_is_mounted_into_the_sidecar_only_where_metrics_ask_for_it() {
    // 2.9: from v1.19.0 on /metrics is open, and the key lay in a second container for nothing.
    let mounts = |version: &str| {
        let objects = objects(&[KEDA, &[("version", version)]].concat());
        let pod = pod(&objects, "Deployment/inngest");
        let config = objects["ConfigMap/inngest-prometheus-config"].object.0.to_string();
        (pod["containers"][1].to_string().contains("/etc/secrets"), config.contains("credentials_file"))
    };
    assert_eq!(mounts("v1.43.0"), (false, false));
    assert_eq!(mounts("v1.18.0"), (true, true));
}

#[test]
fn keda_is_refused_where_it_is_not_installed_and_let_through_where_nobody_may_look() {
    // 2.15: without its definitions the ScaledObject is refused half-way through an installation.
    use slipway::facts::{Fact, Facts};
    let with = |crds| {
        let form = super::form_in(Facts { crds, ..Facts::assumed() }, "production", KEDA);
        form.faults().iter().map(|fault| fault.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(with(Fact::Known(vec![])), ["scaling.mode"]);
    assert_eq!(with(Fact::Unknown("forbidden".into())), Vec::<String>::new());
}
