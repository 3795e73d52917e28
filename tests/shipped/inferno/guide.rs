//! What Inferno's chart promises and does not do, and what its server does unasked.

use super::*;

const PROFILES: [&str; 3] = ["development", "staging", "production"];

#[test]
fn what_is_answered_reaches_the_pods_and_nothing_else_is_made() {
    // 4.1, 4.4: nodeSelector, tolerations and the account's name are values that nothing reads; without serviceAccount
    // in the values nothing can be rendered; Secrets and ConfigMaps lie about that nothing mounts (4.6).
    let answers = [
        ("scheduling.nodeSelector", "disk=ssd"),
        ("scheduling.tolerations", "[{key: dedicated, operator: Exists}]"),
        ("scheduling.affinity", "{nodeAffinity: {}}"),
        ("scheduling.priorityClass", "high"),
        ("podLabels", "team=a"),
        ("podAnnotations", "note=b"),
        ("extraEnv", "[{name: HTTPS_PROXY, value: 'http://proxy:3128'}]"),
        ("serviceAccount.name", "own"),
        ("serviceAccount.annotations", "eks.amazonaws.com/role-arn=arn"),
    ];
    let made = plain(&[&answers]).make();
    assert_eq!(made.pod(SERVER, "/nodeSelector"), json!({"disk": "ssd"}));
    assert_eq!(made.pod(SERVER, "/tolerations"), json!([{"key": "dedicated", "operator": "Exists"}]));
    assert_eq!(made.pod(SERVER, "/affinity"), json!({"nodeAffinity": {}}));
    assert_eq!(made.pod(SERVER, "/priorityClassName"), "high");
    assert_eq!(made.env(SERVER, "HTTPS_PROXY").as_deref(), Some("http://proxy:3128"));
    let template = made.at(SERVER, "/spec/template/metadata");
    assert_eq!((&template["labels"]["team"], &template["annotations"]["note"]), (&json!("a"), &json!("b")));
    assert_eq!(made.pod(SERVER, "/serviceAccountName"), "own");
    let annotation = made.at("ServiceAccount/own", "/metadata/annotations/eks.amazonaws.com~1role-arn");
    assert_eq!(annotation, "arn");
    let none = plain(&[&[("serviceAccount.create", "no"), ("serviceAccount.name", "own")]]).make();
    assert_eq!(none.names("ServiceAccount"), Vec::<String>::new());
    assert_eq!(none.pod(SERVER, "/serviceAccountName"), "own");
    assert_eq!(none.names("ConfigMap"), ["inferno-config"]);
    assert_eq!(none.names("Secret"), Vec::<String>::new());
}

#[test]
fn no_role_reads_the_secrets_of_its_namespace() {
    // 4.7: a Role over every Secret and ConfigMap of the namespace, for a server that asks the API server for nothing.
    for profile in PROFILES {
        let made = ask("inferno", profile).make();
        for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
            assert_eq!(made.names(kind), Vec::<String>::new(), "{profile} {kind}");
        }
        assert_eq!(made.pod(SERVER, "/automountServiceAccountToken"), false, "{profile}");
        assert_eq!(made.at("ServiceAccount/inferno", "/automountServiceAccountToken"), false, "{profile}");
    }
}

#[test]
fn its_policy_lets_probes_and_callers_in_and_dns_and_downloads_out() {
    // 4.7: an ingress from namespaces that nobody has, an egress to the cluster alone and DNS over UDP alone.
    for (profile, answers) in [
        ("staging", &[][..]),
        ("production", &[("exposure.login", "none")]),
        ("production", &[("serviceMonitor.enabled", "true")]),
    ] {
        let made = ask("inferno", profile).with(answers).make();
        let rules = made.at("NetworkPolicy/inferno", "/spec/ingress");
        let ports = rules.as_array().unwrap().iter().flat_map(|rule| rule["ports"].as_array().unwrap());
        let open: Vec<&Value> = ports.map(|port| &port["port"]).collect();
        let containers = made.pod(SERVER, "/containers");
        for container in containers.as_array().unwrap() {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                for way in ["httpGet", "tcpSocket"] {
                    let port = &container[probe][way]["port"];
                    assert!(port.is_null() || open.contains(&port), "{profile} {} {probe}: {rules}", container["name"]);
                }
            }
        }
        let egress = made.at("NetworkPolicy/inferno", "/spec/egress");
        for (port, protocol) in [(53, "UDP"), (53, "TCP"), (443, "TCP")] {
            let wanted = json!({"port": port, "protocol": protocol});
            let lets = |rule: &Value| rule["to"].is_null() && rule["ports"].as_array().unwrap().contains(&wanted);
            assert!(egress.as_array().unwrap().iter().any(lets), "{profile} {wanted}: {egress}");
        }
    }
    let named = ask("inferno", "production").with(&[("networkPolicy.callers", "ingress-nginx")]).make();
    let nginx = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}});
    assert_eq!(named.at("NetworkPolicy/inferno", "/spec/ingress/0/from"), json!([{"podSelector": {}}, nginx]));
}

#[test]
fn it_neither_looks_for_newer_versions_nor_installs_one() {
    // 4.8: it asks api.github.com at its start and each hour, and installs by itself what is called critical there.
    for profile in PROFILES {
        let made = ask("inferno", profile).make();
        for name in ["INFERNO_AUTO_CHECK_UPDATES", "INFERNO_AUTO_INSTALL_UPDATES"] {
            assert_eq!(made.at("ConfigMap/inferno-config", &format!("/data/{name}")), "false", "{profile} {name}");
        }
        assert_eq!(made.container(SERVER, "/securityContext/readOnlyRootFilesystem"), true, "{profile}");
    }
    // One that asks all the same, because it was told to, goes on without an answer.
    let made = plain(&[&[("extraEnv", "[{name: INFERNO_AUTO_CHECK_UPDATES, value: 'true'}]")]]).make();
    assert_eq!(made.env(SERVER, "INFERNO_AUTO_CHECK_UPDATES").as_deref(), Some("true"));
    let line =
        "WARN Update check failed: error sending request for url (https://api.github.com/repos/inferno-ai/inferno)";
    assert_eq!(made.explains(line).as_deref(), Some("INFERNO_UPDATES"));
    // 4.8: with a home that it cannot write it only warns; here it can.
    let home = mount(&made, SERVER, "/home/inferno")["name"].as_str().unwrap().to_owned();
    assert!(volume(&made, SERVER, &home)["emptyDir"].is_object());
}

#[test]
fn profiles_have_the_limits_ports_and_times_of_the_guide() {
    // 4.4, 4.5.
    for (profile, limits, published, grace) in [
        ("development", ("1", "2Gi"), None, 30),
        ("staging", ("1500m", "3Gi"), Some(("NodePort", 8000)), 30),
        ("production", ("2", "4Gi"), Some(("LoadBalancer", 80)), 60),
    ] {
        let made = ask("inferno", profile).make();
        let limits = json!({"cpu": limits.0, "memory": limits.1});
        assert_eq!(made.container(SERVER, "/resources/limits"), limits, "{profile}");
        assert_eq!(made.pod(SERVER, "/terminationGracePeriodSeconds"), grace, "{profile}");
        assert_eq!(made.has("Service/inferno-external"), published.is_some(), "{profile}");
        if let Some((kind, port)) = published {
            let service = made.at("Service/inferno-external", "/spec");
            assert_eq!((&service["type"], &service["ports"][0]["port"]), (&json!(kind), &json!(port)), "{profile}");
        }
    }
}

#[test]
fn autoscalers_and_monitors_are_those_of_the_guide() {
    // 4.5: 70 % of the CPU, 80 % of the memory, up at once and down slowly; 4.7: the label that Prometheus looks for.
    for (profile, pods) in [("staging", 1), ("production", 2)] {
        let spec = ask("inferno", profile).make().at("HorizontalPodAutoscaler/inferno", "/spec");
        for (at, name, percent) in [(0, "cpu", 70), (1, "memory", 80)] {
            let measure = &spec["metrics"][at]["resource"];
            assert_eq!(measure["name"], name, "{profile}");
            assert_eq!(measure["target"]["averageUtilization"], percent, "{profile} {name}");
        }
        let percent = |value: i64, seconds: i64| json!({"type": "Percent", "value": value, "periodSeconds": seconds});
        let down = json!({"stabilizationWindowSeconds": 300, "policies": [percent(50, 60)]});
        assert_eq!(spec["behavior"]["scaleDown"], down, "{profile}");
        let some = json!({"type": "Pods", "value": pods, "periodSeconds": 30});
        let up = json!({"stabilizationWindowSeconds": 0, "policies": [percent(50, 30), some]});
        assert_eq!(spec["behavior"]["scaleUp"], up, "{profile}");
    }
    let collected = [("serviceMonitor.enabled", "true"), ("alerts.enabled", "true"), ("vpa.enabled", "true")];
    let made = plain(&[&collected]).make();
    for object in ["ServiceMonitor/inferno", "PrometheusRule/inferno"] {
        assert_eq!(made.at(object, "/metadata/labels/prometheus"), "kube-prometheus", "{object}");
    }
    let bounds = made.at("VerticalPodAutoscaler/inferno", "/spec/resourcePolicy/containerPolicies/0");
    assert_eq!(bounds["minAllowed"], json!({"cpu": "500m", "memory": "1Gi"}));
    assert_eq!(bounds["maxAllowed"], json!({"cpu": "4", "memory": "8Gi"}));
}

#[test]
fn what_is_said_at_the_end_leads_to_a_port_that_is_there() {
    // 4.9: a port-forward to 9090 and curl of the metrics there.
    for profile in PROFILES {
        let notes = ask("inferno", profile).make().notes();
        assert!(notes.contains("Metrics: /metrics on the same port 8000"), "{notes}");
        assert_eq!(notes.contains("port-forward "), profile == "development", "{notes}");
        for command in notes.split("port-forward ").skip(1) {
            assert!(command.starts_with("svc/inferno 8000:8000"), "{command}");
        }
        assert_eq!(notes.contains("get hpa inferno --watch"), profile != "development", "{notes}");
        assert!(notes.contains("inferno-models-pvc"), "{notes}");
    }
}
