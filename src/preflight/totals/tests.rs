use serde_json::json;

use super::*;

fn object(value: Value) -> Object {
    Object(value)
}

fn reckoned(objects: &[Value]) -> Totals {
    let objects: Vec<Object> = objects.iter().cloned().map(object).collect();
    totals(&objects.iter().collect::<Vec<_>>(), &[])
}

fn container(cpu: &str, memory: &str) -> Value {
    json!({"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}})
}

fn deployment(replicas: Option<i64>, pod: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "template": {"spec": pod}}})
}

#[test]
fn replicas_are_counted_with_all_their_containers() {
    let pod = json!({"containers": [container("500m", "1Gi"), container("100m", "256Mi")]});
    let made = reckoned(&[deployment(Some(2), pod)]);
    assert_eq!(made.asked.words(), "1.2 CPU, 2.5 GiB memory, no disk");
    assert_eq!(made.most, None);
}

#[test]
fn a_workload_that_names_no_replicas_runs_once() {
    assert_eq!(
        reckoned(&[deployment(None, json!({"containers": [container("50m", "1Gi")]}))]).asked.cpu.to_milli(),
        50
    );
}

#[test]
fn an_init_container_counts_only_where_it_asks_for_more_than_what_runs_and_a_sidecar_counts_with_it() {
    let mut sidecar = container("200m", "100Mi");
    sidecar["restartPolicy"] = json!("Always");
    let pod = |init: Value| json!({"initContainers": init, "containers": [container("300m", "500Mi")]});
    let cpu = |init: Value| reckoned(&[deployment(Some(1), pod(init))]).asked.cpu.to_milli();
    assert_eq!(cpu(json!([container("100m", "1Mi")])), 300);
    assert_eq!(cpu(json!([container("1", "1Mi")])), 1000);
    assert_eq!(cpu(json!([sidecar, container("400m", "1Mi")])), 600);
    assert_eq!(cpu(json!([sidecar, container("100m", "1Mi")])), 500);
}

#[test]
fn a_limit_stands_for_a_request_that_is_missing_and_so_does_what_the_namespace_gives() {
    let limited = json!({"name": "c", "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}}});
    assert_eq!(reckoned(&[deployment(Some(1), json!({"containers": [limited]}))]).asked.cpu.to_milli(), 250);
    let silent = object(deployment(Some(2), json!({"containers": [{"name": "c"}]})));
    let given = LimitRange {
        kind: "Container".into(),
        default_request: [("cpu".to_string(), "10m".to_string())].into(),
        ..LimitRange::default()
    };
    assert_eq!(totals(&[&silent], &[given]).asked.cpu.to_milli(), 20);
}

#[test]
fn claims_count_once_and_the_claims_of_a_stateful_set_for_each_replica() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"resources": {"requests": {"storage": "20Gi"}}}});
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {
        "replicas": 3, "template": {"spec": {"containers": [container("100m", "256Mi")]}},
        "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "4Gi"}}}}]}});
    assert_eq!(reckoned(&[claim, set]).asked.words(), "0.3 CPU, 768 MiB memory, 32 GiB disk");
}

#[test]
fn an_autoscaler_begins_with_its_fewest_and_its_most_is_told() {
    let pod = json!({"containers": [container("500m", "1Gi")]});
    let scaled = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicaCount": 2, "maxReplicaCount": 10}});
    let made = reckoned(&[deployment(None, pod.clone()), scaled]);
    assert_eq!(made.asked.words(), "1 CPU, 2 GiB memory, no disk");
    assert_eq!(made.most.map(|most| most.words()).as_deref(), Some("5 CPU, 10 GiB memory, no disk"));
    // One of another workload says nothing about this one.
    let other = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "other"}, "minReplicas": 3, "maxReplicas": 9}});
    let made = reckoned(&[deployment(None, pod), other]);
    assert_eq!((made.asked.cpu.to_milli(), made.most), (500, None));
}

#[test]
fn what_runs_on_every_node_is_counted_once_and_says_so() {
    let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
        "spec": {"template": {"spec": {"containers": [container("100m", "100Mi")]}}}});
    let made = reckoned(&[set]);
    assert!(made.every_node);
    assert_eq!(made.asked.cpu.to_milli(), 100);
}

#[test]
fn amounts_are_never_told_smaller_than_they_are() {
    for (cpu, memory, words) in [
        ("1", "1Gi", "1 CPU, 1 GiB memory, no disk"),
        ("1001m", "1025Mi", "1.1 CPU, 1.1 GiB memory, no disk"),
        ("1m", "1", "0.01 CPU, 1 B memory, no disk"),
        ("0", "1536Ki", "0 CPU, 1.5 MiB memory, no disk"),
        ("64", "2Ti", "64 CPU, 2 TiB memory, no disk"),
    ] {
        let made = reckoned(&[deployment(Some(1), json!({"containers": [container(cpu, memory)]}))]);
        assert_eq!(made.asked.words(), words);
    }
}

fn ingress(spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": spec})
}

#[test]
fn an_ingress_is_told_by_its_hosts_and_paths_and_whether_it_encrypts() {
    let path = |path: &str| json!({"path": path, "backend": {}});
    let made = reckoned(&[ingress(json!({
        "tls": [{"hosts": ["a.example.com"]}],
        "rules": [
            {"host": "a.example.com", "http": {"paths": [path("/e/"), path("/v1/")]}},
            {"host": "b.example.com", "http": {"paths": [path("/")]}},
            {"http": {"paths": [path("/x")]}},
        ],
    }))]);
    assert_eq!(made.outside, ["https://a.example.com/e/, /v1/", "http://b.example.com", "http://(any name)/x"]);
    let made = reckoned(&[ingress(json!({"defaultBackend": {"service": {"name": "web"}}, "tls": [{}]}))]);
    assert_eq!(made.outside, ["https://(any name)"]);
}

#[test]
fn a_route_is_told_by_the_listener_of_its_gateway_and_a_redirect_is_none() {
    let gateway = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "web"},
        "spec": {"listeners": [{"name": "http", "protocol": "HTTP"}, {"name": "https", "protocol": "HTTPS"}]}});
    let route = |gateway: &str, section: &str, rules: Value| {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"}, "spec": {
            "parentRefs": [{"name": gateway, "sectionName": section}], "hostnames": ["a.example.com"], "rules": rules}})
    };
    let served = json!([{"matches": [{"path": {"value": "/e/"}}], "backendRefs": [{"name": "web"}]}]);
    let redirect = json!([{"filters": [{"type": "RequestRedirect"}]}]);
    let made = reckoned(&[gateway, route("web", "https", served.clone()), route("web", "http", redirect)]);
    assert_eq!(made.outside, ["https://a.example.com/e/"]);
    assert_eq!(reckoned(&[route("shared", "x", served)]).outside, ["a.example.com/e/ by the Gateway shared"]);
}

#[test]
fn a_service_is_told_by_how_far_it_reaches() {
    let service = |spec: Value, annotations: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "annotations": annotations}, "spec": spec});
    let ports = json!([{"port": 8288}, {"port": 8289}]);
    for (spec, annotations, ways) in [
        (json!({"type": "ClusterIP", "ports": ports}), json!({}), vec![]),
        (
            json!({"type": "LoadBalancer", "ports": ports}),
            json!({}),
            vec!["load balancer web ports 8288, 8289, open to everybody"],
        ),
        (
            json!({"type": "LoadBalancer", "ports": ports, "loadBalancerSourceRanges": ["10.0.0.0/8"]}),
            json!({}),
            vec!["load balancer web ports 8288, 8289, from 10.0.0.0/8"],
        ),
        (
            json!({"type": "LoadBalancer", "ports": [{"port": 80}]}),
            json!({"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}),
            vec!["load balancer web port 80, inside the cloud's network"],
        ),
        (
            json!({"type": "NodePort", "ports": ports}),
            json!({}),
            vec!["every node, a port that the cluster chooses (service web)"],
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}),
            json!({}),
            vec!["every node, port 30080 (service web)"],
        ),
        (
            json!({"ports": [{"port": 80}], "externalIPs": ["1.2.3.4"]}),
            json!({}),
            vec!["1.2.3.4, port 80 (service web)"],
        ),
    ] {
        assert_eq!(reckoned(&[service(spec, annotations)]).outside, ways);
    }
}

#[test]
fn pods_that_open_a_port_of_their_node_are_reachable() {
    let open = json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}]}]});
    assert_eq!(reckoned(&[deployment(Some(1), open)]).outside, ["the nodes of web, port 8080"]);
    let host = json!({"hostNetwork": true, "containers": []});
    assert_eq!(reckoned(&[deployment(Some(1), host)]).outside, ["the nodes of web, on whose network it runs"]);
    assert!(reckoned(&[deployment(Some(1), json!({"containers": []}))]).outside.is_empty());
}
