//! Service, Ingress, Gateway and NetworkPolicies (facts: products 2.6, 2.10, 2.11, 2.12).

use super::{INGRESS, objects};

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
fn no_issuer_is_made_and_the_one_that_exists_is_named_by_its_kind() {
    // 2.11: the guide's staging issuer has the production address of the certificate authority.
    let all = objects(INGRESS);
    assert!(!all.keys().any(|name| name.contains("Issuer/") || name.starts_with("Certificate/")));
    let ingress = &all["Ingress/inngest"].object;
    assert_eq!(ingress.annotation("cert-manager.io/cluster-issuer"), Some("le"));
    assert_eq!(ingress.annotation("cert-manager.io/issuer"), None);
    let own = objects(&[&INGRESS[..3], &[("exposure.issuer", "Issuer/own")]].concat());
    assert_eq!(own["Ingress/inngest"].object.annotation("cert-manager.io/issuer"), Some("own"));
    assert_eq!(own["Ingress/inngest"].object.annotation("cert-manager.io/cluster-issuer"), None);
}

#[test]
fn a_certificate_of_the_operators_own_asks_no_issuer() {
    // 2.6: the annotation of cert-manager is a default that stays beside one's own certificate.
    let answers = [&INGRESS[..3], &[("exposure.tls", "secret"), ("exposure.tlsSecret", "my-tls")]].concat();
    let ingress = objects(&answers)["Ingress/inngest"].object.clone();
    assert_eq!(ingress.annotation("cert-manager.io/cluster-issuer"), None);
    assert_eq!(ingress.list(&["spec", "tls"])[0]["secretName"], "my-tls");
    let plain = objects(&[&INGRESS[..3], &[("exposure.tls", "plain")]].concat());
    assert_eq!(plain["Ingress/inngest"].object.list(&["spec", "tls"]).len(), 0);
}

#[test]
fn a_service_that_cannot_tell_paths_apart_publishes_nothing_unasked() {
    // 2.12: UI, GraphQL and /invoke ask nobody for a password.
    for mode in ["loadbalancer", "nodeport"] {
        let faults = super::faults(&[("exposure.mode", mode)]);
        assert_eq!(faults[0].0, "exposure.publish", "{mode}");
        let said = [("exposure.mode", mode), ("exposure.publish", "everything")];
        assert_eq!(super::faults(&said), [], "{mode}");
    }
}

#[test]
fn the_certificate_covers_the_host_of_connect_too() {
    // 2.6: one host for everything, and 8289 behind none.
    let answers = [INGRESS, &[("exposure.connectHost", "connect.acme.io")]].concat();
    let tls = objects(&answers)["Ingress/inngest"].object.list(&["spec", "tls"])[0].clone();
    assert_eq!(tls["hosts"], serde_json::json!(["inngest.acme.io", "connect.acme.io"]));
    let same = [INGRESS, &[("exposure.connectHost", "inngest.acme.io")]].concat();
    assert_eq!(super::faults(&same)[0].0, "exposure.connectHost");
}

#[test]
fn the_databases_have_policies_of_their_own() {
    // 2.10: the databases get no policy, so that every pod of the cluster reaches them.
    let objects = objects(&[]);
    for name in ["inngest-postgresql", "inngest-redis"] {
        let policy = &objects[&format!("NetworkPolicy/{name}")].object;
        let from = policy.list(&["spec", "ingress"])[0]["from"].to_string();
        assert!(from.contains("\"app.kubernetes.io/instance\":\"inngest\""), "{from}");
    }
}
