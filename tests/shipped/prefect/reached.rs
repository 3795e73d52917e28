//! By what way Prefect is reached, and by whom.

use super::*;

#[test]
fn a_login_is_there_by_default_and_stands_in_a_secret() {
    // 6.3: the auth string stands in the Deployment; 6.12: default admin:pass.
    let made = made(&[]);
    assert_eq!(made.env(SERVER, "PREFECT_SERVER_API_AUTH_STRING").as_deref(), Some("prefect-server-auth/auth-string"));
    let login = made.secret("prefect-server-auth", "auth-string").unwrap();
    let password = login.strip_prefix("admin:").unwrap();
    assert!(password.len() >= 24 && !made.objects[SERVER].object.0.to_string().contains(password));

    let own = plain(&[("auth.mode", "string"), ("auth.string", "secret:a/s")]).outside("a/s", "me:pw").make();
    assert_eq!(own.env(SERVER, "PREFECT_SERVER_API_AUTH_STRING").as_deref(), Some("a/s"));
    assert!(!own.has("Secret/prefect-server-auth"));
    plain(&[("auth.mode", "string"), ("auth.string", "without-a-colon")]).is_refused_at("auth.string");

    let none = plain(&[("auth.mode", "none")]).make();
    assert_eq!(none.env(SERVER, "PREFECT_SERVER_API_AUTH_STRING"), None);
    assert!(!none.has("Secret/prefect-server-auth"));
}

#[test]
fn nothing_is_published_without_a_login_unless_it_is_said() {
    // 8: the API and its pages ask nobody.
    let open = [INGRESS, &[("auth.mode", "none")]].concat();
    assert!(!plain(&open).faults().is_empty());
    plain(&[open, vec![("auth.open", "true")]].concat()).make();
}

#[test]
fn a_version_without_a_login_is_refused_one() {
    // 6.12, #16726: 3.1.8 to 3.1.12 ask the probes for the login too, older ones know none and would stand open.
    for version in ["3.1.5", "3.1.12"] {
        plain(&[("version", version)]).is_refused_at("version");
        plain(&[("version", version), ("auth.mode", "none")]).make();
    }
    plain(&[("version", "3.1.13")]).make();
}

#[test]
fn the_browser_finds_the_api_however_it_is_published() {
    // 6.5, #6, #108, #476: the user interface calls localhost:4200.
    let at = |made: &Made| made.env(SERVER, "PREFECT_UI_API_URL").unwrap();
    assert_eq!(at(&made(&[])), "http://localhost:4200/api");
    assert_eq!(at(&made(&[INGRESS])), "https://p.example.com/api");
    assert_eq!(at(&made(&[&[("exposure.mode", "loadbalancer")]])), "/api");
    assert_eq!(at(&made(&[&[("exposure.mode", "nodeport")]])), "/api");
    let unencrypted = [("exposure.mode", "ingress"), ("exposure.host", "p.example.com"), ("exposure.tls", "plain")];
    assert_eq!(at(&made(&[&unencrypted])), "http://p.example.com/api");
    plain(&[("exposure.apiUrl", "https://x.example.com/foo")]).is_refused_at("exposure.apiUrl");
    let moved = [("server.apiBasePath", "/prefect/api"), ("server.uiBasePath", "/prefect")];
    let made = made(&[INGRESS, &moved]);
    assert_eq!(at(&made), "https://p.example.com/prefect/api");
    assert_eq!(made.env(SERVER, "PREFECT_UI_SERVE_BASE").as_deref(), Some("/prefect"));
    assert_eq!(made.at("Ingress/prefect-server", "/spec/rules/0/http/paths/0/path"), "/prefect");
}

#[test]
fn an_ingress_has_its_certificate_and_a_gateway_redirects() {
    // 6.5: TLS only where an annotation is there; a Gateway beside an Ingress.
    let ingress = made(&[INGRESS]);
    assert_eq!(ingress.at("Ingress/prefect-server", "/spec/tls/0/secretName"), "p.example.com-tls");
    assert_eq!(ingress.at("Ingress/prefect-server", "/metadata/annotations/cert-manager.io~1cluster-issuer"), "le");
    assert_eq!(
        ingress.at("Ingress/prefect-server", "/spec/rules/0/http/paths/0/backend/service/port/name"),
        "server-svc-port"
    );
    assert!(ingress.notes().contains("https://p.example.com"), "{}", ingress.notes());
    let gateway =
        [("exposure.mode", "gateway"), ("exposure.host", "p.example.com"), ("exposure.issuer", "ClusterIssuer/le")];
    let own = plain(&[&gateway[..], &[("exposure.gatewayClass", "istio")]].concat());
    own.clone().without_crds().is_refused_at("exposure.mode");
    let own = own.make();
    assert!(own.has("Gateway/prefect-server") && !own.has("Ingress/prefect-server"));
    let redirect = own.at("HTTPRoute/prefect-server-tls-redirect", "/spec/rules/0/filters/0/requestRedirect");
    assert_eq!((&redirect["scheme"], &redirect["statusCode"]), (&json!("https"), &json!(301)));
    let shared = [("exposure.gateway", "shared"), ("exposure.gatewaySpace", "infra")];
    let shared = plain(&[&gateway[..], &shared].concat()).make();
    assert!(!shared.has("Gateway/prefect-server") && !shared.has("HTTPRoute/prefect-server-tls-redirect"));
    let parent = shared.at("HTTPRoute/prefect-server", "/spec/parentRefs/0");
    assert_eq!((&parent["name"], &parent["namespace"]), (&json!("shared"), &json!("infra")));
}

#[test]
fn a_service_is_as_wide_as_was_said() {
    let inside = made(&[&[("exposure.mode", "loadbalancer"), ("service.trafficPolicy", "Local")]]);
    assert_eq!(inside.at("Service/prefect-server", "/spec/type"), "LoadBalancer");
    assert_eq!(inside.at("Service/prefect-server", "/spec/externalTrafficPolicy"), "Local");
    assert!(!inside.at("Service/prefect-server", "/metadata/annotations").as_object().unwrap().is_empty());
    let wide =
        [("exposure.mode", "loadbalancer"), ("exposure.internal", "false"), ("exposure.sourceRanges", "10.0.0.0/8")];
    let wide = made(&[&wide]);
    assert_eq!(wide.at("Service/prefect-server", "/spec/loadBalancerSourceRanges"), json!(["10.0.0.0/8"]));
    let port = made(&[&[("exposure.mode", "nodeport"), ("exposure.nodePort", "30420")]]);
    assert_eq!(port.at("Service/prefect-server", "/spec/ports/0/nodePort"), 30420);
}

#[test]
fn commands_name_ports_the_right_way_round_and_the_namespace() {
    // 6.11: kubectl port-forward with the ports exchanged.
    let made = made(&[&[("service.port", "80")]]);
    let notes = made.notes();
    assert!(notes.contains("kubectl -n prefect port-forward svc/prefect-server 4200:80"), "{notes}");
    assert!(notes.contains("svc:80/api"), "{notes}");
    assert_eq!(made.at("Service/prefect-server", "/spec/ports/0/targetPort"), 4200);
    // 6.10: the address for browsers and the Service's port had to be kept in step by hand.
    assert_eq!(made.env(SERVER, "PREFECT_UI_API_URL").as_deref(), Some("http://localhost:4200/api"));
}

#[test]
fn metrics_are_read_with_the_login_and_only_where_somebody_reads_them() {
    // 6.7: no ServiceMonitor.
    let monitor = [("monitor.enabled", "true")];
    let made = plain(&monitor).make();
    assert_eq!(made.env(SERVER, "PREFECT_SERVER_METRICS_ENABLED").as_deref(), Some("true"));
    let endpoint = made.at("ServiceMonitor/prefect-server", "/spec/endpoints/0");
    assert_eq!((&endpoint["path"], &endpoint["port"]), (&json!("/api/metrics"), &json!("server-svc-port")));
    assert_eq!(endpoint["basicAuth"]["password"], json!({"name": "prefect-server-auth", "key": "password"}));
    assert!(!plain(&monitor).without_crds().faults().is_empty());
    assert_eq!(plain(&[]).make().env(SERVER, "PREFECT_SERVER_METRICS_ENABLED"), None);
}

#[test]
fn a_network_policy_lets_dns_the_web_and_its_databases_through() {
    // 6.7: no NetworkPolicy.
    let made = plain(&[APART, &[("networkPolicy.enabled", "true")]].concat()).make();
    let out = made.lets_out("prefect-server");
    for port in [53, 5353, 80, 443, 5432, 6379] {
        assert!(out.contains(&port), "{port}: {out:?}");
    }
    assert!(made.has("NetworkPolicy/prefect-postgresql") && made.has("NetworkPolicy/prefect-redis"));
    let other = [
        ("networkPolicy.enabled", "true"),
        ("database.mode", "external"),
        ("database.url", "postgres://u:p@d.example.com:6432/x"),
    ];
    assert!(plain(&other).make().lets_out("prefect-server").contains(&6432));
}
