//! innominatus (facts: products 3).

mod guide;

use serde_json::{Value, json};

use super::{AWKWARD, Ask, Made, ask, mount, volume};

const SERVER: &str = "Deployment/innominatus";
const JOB: &str = "Job/innominatus-migrations";
const SETTINGS: &str = "ConfigMap/innominatus";
const INGRESS: &[(&str, &str)] =
    &[("exposure.mode", "ingress"), ("exposure.host", "idp.acme.io"), ("exposure.issuer", "ClusterIssuer/le")];
const EXTERNAL: &[(&str, &str)] = &[("database.mode", "external"), ("database.host", "db.acme.io")];
const OIDC: &[(&str, &str)] = &[
    ("oidc.enabled", "true"),
    ("oidc.issuer", "https://sso.acme.io:8443/realms/x"),
    ("oidc.clientSecret", "secret:oidc/cs"),
];

fn production(answers: &[&[(&str, &str)]]) -> Ask {
    ask("innominatus", "production").with(&answers.concat())
}

fn made(answers: &[&[(&str, &str)]]) -> Made {
    production(answers).make()
}

fn setting(made: &Made, name: &str) -> Option<String> {
    made.at(SETTINGS, &format!("/data/{name}")).as_str().map(str::to_owned)
}

fn file(made: &Made, name: &str) -> String {
    made.secret(&format!("innominatus-{name}"), &format!("{name}.yaml")).unwrap()
}

#[test]
fn the_server_is_told_by_what_it_reads_and_by_nothing_else() {
    // 3.4: PORT and OIDC_ISSUER are not read; OIDC_ENABLED left open probes keycloak.localtest.me, and PUSHGATEWAY_URL
    // pushes to localtest.me.
    let made = made(&[]);
    assert_eq!(made.container(SERVER, "/image"), "ghcr.io/philipsahli/innominatus:0.1.10");
    assert_eq!(made.container(SERVER, "/args"), json!(["--port", "8081", "--skip-validation"]));
    for (name, value) in [
        ("OIDC_ENABLED", "false"),
        ("PUSHGATEWAY_URL", "disabled"),
        ("DB_HOST", "innominatus-postgresql"),
        ("DB_PORT", "5432"),
        ("DB_NAME", "idp_orchestrator"),
        ("DB_USER", "innominatus"),
        ("DB_SSLMODE", "disable"),
        ("RUNNING_IN_KUBERNETES", "true"),
    ] {
        assert_eq!(setting(&made, name).as_deref(), Some(value), "{name}");
    }
    for idle in ["PORT", "OIDC_ISSUER", "OIDC_ISSUER_URL", "OTEL_ENABLED"] {
        assert_eq!(setting(&made, idle), None, "{idle}");
    }
    assert_eq!(made.keys("Secret/innominatus"), ["API_KEY_HASH_SECRET", "DB_PASSWORD"]);
    // 3.4: the secret that hashes API keys has an insecure default.
    assert_eq!(made.secret("innominatus", "API_KEY_HASH_SECRET").unwrap().len(), 64);
}

#[test]
fn no_word_of_the_guides_passwords_is_left() {
    // 3.3: changeme; 3.4: admin123 and root in the image's admin-config.yaml.
    let made = made(&[]);
    for secret in made.names("Secret") {
        for key in made.keys(&format!("Secret/{secret}")) {
            let value = made.secret(&secret, &key).unwrap();
            for word in ["changeme", "admin123", "\"root\""] {
                assert!(!value.contains(word), "{secret} {key}");
            }
        }
    }
    let config = file(&made, "admin-config");
    for other in ["gitea", "argocd", "vault"] {
        assert!(!config.contains(&format!("{other}:")), "{config}");
    }
}

#[test]
fn files_lie_where_the_server_reads_them() {
    // 3.3: a root that can be written; 3.4: users.yaml is not in the image; its folders cannot be written with a
    // read-only root.
    let made = made(&[]);
    let config = mount(&made, SERVER, "/app/admin-config.yaml");
    assert_eq!(config["subPath"], "admin-config.yaml");
    let users = mount(&made, SERVER, "/app/users.yaml");
    assert_eq!((&users["subPath"], &users["readOnly"]), (&json!("users.yaml"), &json!(true)));
    let workspaces = mount(&made, SERVER, "/app/workspaces")["name"].as_str().unwrap().to_owned();
    let claim = volume(&made, SERVER, &workspaces)["persistentVolumeClaim"]["claimName"].clone();
    assert_eq!(claim, "innominatus-workspaces");
    assert_eq!(made.at("PersistentVolumeClaim/innominatus-workspaces", "/spec/resources/requests/storage"), "50Gi");
    for folder in ["/app/data", "/tmp", "/app/migrations"] {
        let name = mount(&made, SERVER, folder)["name"].as_str().unwrap_or_else(|| panic!("{folder}")).to_owned();
        assert!(volume(&made, SERVER, &name)["emptyDir"].is_object(), "{folder}");
    }
    assert_eq!(made.container(SERVER, "/securityContext/readOnlyRootFilesystem"), true);
    let none = production(&[&[("workspaces.enabled", "false")]]).make();
    assert!(!none.has("PersistentVolumeClaim/innominatus-workspaces"));
}

#[test]
fn somebody_can_sign_in() {
    // 3.4: no users.yaml, so that nobody can.
    let users = file(&made(&[]), "users");
    assert!(users.contains("username: admin") && users.contains("team: platform"), "{users}");
    let password =
        users.lines().find_map(|line| line.trim().trim_start_matches("- ").strip_prefix("password: ")).unwrap();
    assert!(password.trim_matches('"').len() == 24, "{users}");
    production(&[&[("users", "[]")]]).is_refused_at("users");
    let sso = production(&[OIDC, &[("users", "[]")]]).make();
    assert!(!sso.has("Secret/innominatus-users") && mount(&sso, SERVER, "/app/users.yaml").is_null());
    let alice = file(&made(&[&[("users", r#"[{"username":"alice","team":"core","role":"admin"}]"#)]]), "users");
    assert!(alice.contains("username: alice") && !alice.contains("username: admin"), "{alice}");
    production(&[&[("users", r#"[{"username":"Al ice","team":"core","role":"admin"}]"#)]]).is_refused_at("users");
}

#[test]
fn api_keys_of_local_users_can_be_written_where_it_is_asked() {
    // 3.4: a read-only users.yaml breaks them.
    let made = made(&[&[("localKeys", "true")]]);
    assert_eq!(made.named(SERVER, "/initContainers"), ["wait-database", "users"]);
    let users = mount(&made, SERVER, "/app/users.yaml");
    assert_eq!((&users["name"], &users["subPath"]), (&json!("workspaces"), &json!(".innominatus/users.yaml")));
    assert_ne!(users["readOnly"], true);
}

#[test]
fn probes_tell_a_server_without_its_database_from_a_dead_one() {
    // 3.3: delays and no timeouts; 3.4: /health answers 503 at an outage of the database, so that pods restart.
    let made = made(&[]);
    assert_eq!(made.container(SERVER, "/livenessProbe/tcpSocket/port"), "http");
    assert_eq!(made.container(SERVER, "/readinessProbe/httpGet/path"), "/ready");
    assert_eq!(made.container(SERVER, "/startupProbe/periodSeconds"), 1);
    for (probe, timeout) in [("livenessProbe", 5), ("readinessProbe", 6), ("startupProbe", 6)] {
        assert_eq!(made.container(SERVER, &format!("/{probe}/initialDelaySeconds")), Value::Null, "{probe}");
        assert_eq!(made.container(SERVER, &format!("/{probe}/timeoutSeconds")), timeout, "{probe}");
    }
    assert_eq!(made.named(SERVER, "/initContainers"), ["wait-database"]);
    // 3.4: it goes on without its database and is ready all the same: a question to the database tells.
    assert!(super::product("innominatus").health.iter().any(|health| health.group == "database"));
    assert_eq!(
        (made.pod(SERVER, "/enableServiceLinks"), made.pod(SERVER, "/automountServiceAccountToken")),
        (json!(false), json!(false))
    );
}

#[test]
fn the_tables_that_signing_in_needs_are_made() {
    // 3.4: the released images lack their migrations and psql, and go on without a database.
    let made = made(&[]);
    let command = made.container(JOB, "/command/2");
    assert!(command.as_str().unwrap().contains("CREATE TABLE IF NOT EXISTS sessions"), "{command}");
    assert_eq!(made.env(JOB, "PGPASSWORD").as_deref(), Some("innominatus/DB_PASSWORD"));
    assert!(made.notes().contains("migrations.mode=files"), "{}", made.notes());
    let files = production(&[&[("migrations.mode", "files")]]).make();
    assert!(mount(&files, JOB, "/migrations").is_object());
    let image = production(&[&[("migrations.mode", "image")]]).make();
    assert!(!image.has(JOB) && mount(&image, SERVER, "/app/migrations").is_null());
    // 3.6: a rollback restores no schema.
    assert!(super::product("innominatus").gates.iter().any(|gate| gate.migrates && gate.requires == "backup"));
}

#[test]
fn a_tag_is_a_version_without_a_v() {
    // 3.1: the guide's v0.1.10 is no tag of the image.
    for version in ["v0.1.10", "latest"] {
        production(&[&[("version", version)]]).is_refused_at("version");
    }
}

#[test]
fn an_external_database_is_reached_by_its_parts_with_a_certificate_authority() {
    // 3.3, 8: encryption by DB_SSLMODE, off by default.
    let made =
        production(&[EXTERNAL, &[("database.secret", "secret:dbpw/password")]]).outside("dbpw/password", "pw").make();
    assert!(made.names("StatefulSet").is_empty());
    assert_eq!(setting(&made, "DB_HOST").as_deref(), Some("db.acme.io"));
    assert_eq!(setting(&made, "DB_SSLMODE").as_deref(), Some("require"));
    assert_eq!(made.env(SERVER, "DB_PASSWORD").as_deref(), Some("dbpw/password"));
    assert_eq!(made.env(JOB, "PGPASSWORD").as_deref(), Some("dbpw/password"));
    assert_eq!(made.env(JOB, "PGSSLMODE").as_deref(), Some("require"));
    assert!(!made.keys("Secret/innominatus").contains(&"DB_PASSWORD".to_owned()));
    let verified = [EXTERNAL, &[("database.secret", "pw"), ("database.sslmode", "verify-full")]].concat();
    assert!(!production(&[&verified]).faults().is_empty(), "it has no authority to check against");
    let verified = production(&[&verified, &[("database.ca", "db-ca")]]).make();
    let path = "/etc/innominatus/database-ca/ca.crt";
    assert_eq!(setting(&verified, "PGSSLROOTCERT").as_deref(), Some(path));
    assert_eq!(verified.env(JOB, "PGSSLROOTCERT").as_deref(), Some(path));
    assert_eq!(volume(&verified, SERVER, "database-ca")["secret"]["secretName"], "db-ca");
}

#[test]
fn a_password_that_its_dsn_cannot_hold_is_refused_and_any_other_is_taken() {
    // 3.4: the DSN is keywords without quotes.
    for wrong in ["a b", "a'b", "a\"b", "a\\b", AWKWARD] {
        production(&[EXTERNAL, &[("database.secret", wrong)]]).is_refused_at("database.secret");
        let bundled = format!("{wrong}-and-some-more-of-it");
        production(&[&[("database.password", &bundled)]]).is_refused_at("database.password");
    }
    let urlish = "p@s:/?#%s";
    let made = production(&[EXTERNAL, &[("database.secret", urlish)]]).make();
    assert_eq!(made.secret("innominatus", "DB_PASSWORD").unwrap(), urlish);
    for name in ["Idp", "1a"] {
        production(&[&[("database.name", name)]]).is_refused_at("database.name");
    }
    // 3.4: not the password alone, and neither one that a Secret holds already.
    for user in ["a b", "a'b", "a-b"] {
        production(&[&[("database.user", user)]]).is_refused_at("database.user");
    }
    let there = production(&[EXTERNAL, &[("database.secret", "secret:dbpw/password")]]);
    there.outside("dbpw/password", "a b").is_refused_at("database.secret");
}

#[test]
fn oidc_comes_back_to_where_it_was_asked() {
    // 3.4: OIDC_REDIRECT_URL is localhost; 3.3: the client's secret stands in the Deployment.
    let made = production(&[OIDC, INGRESS]).outside("oidc/cs", "x").make();
    assert_eq!(setting(&made, "OIDC_ENABLED").as_deref(), Some("true"));
    assert_eq!(setting(&made, "OIDC_ISSUER_URL").as_deref(), Some("https://sso.acme.io:8443/realms/x"));
    assert_eq!(setting(&made, "OIDC_REDIRECT_URL").as_deref(), Some("https://idp.acme.io/auth/callback"));
    assert_eq!(made.env(SERVER, "OIDC_CLIENT_SECRET").as_deref(), Some("oidc/cs"));
    assert!(made.lets_out("innominatus").contains(&8443));
    let inside = production(&[OIDC]).make();
    assert_eq!(setting(&inside, "OIDC_REDIRECT_URL").as_deref(), Some("http://localhost:8081/auth/callback"));
    production(&[OIDC, &[("oidc.issuer", "sso.acme.io")]]).is_refused_at("oidc.issuer");
}

#[test]
fn metrics_are_not_published_unasked() {
    // 3.4, 8: /metrics asks nobody for a login.
    let made = made(&[INGRESS]);
    let paths = made.at("Ingress/innominatus", "/spec/rules/0/http/paths");
    let to = |path: &str| {
        let found = paths.as_array().unwrap().iter().find(|one| one["path"] == path);
        found.map(|one| one["backend"]["service"]["name"].as_str().unwrap().to_owned())
    };
    assert_eq!((to("/").as_deref(), to("/metrics").as_deref()), (Some("innominatus"), Some("innominatus-closed")));
    assert_eq!(made.at("Service/innominatus-closed", "/spec/selector"), Value::Null);
    // One Ingress: two with one certificate wait for each other's.
    assert_eq!(made.names("Ingress"), ["innominatus"]);
    let open = production(&[INGRESS, &[("exposure.openMetrics", "true")]]).make();
    assert!(!open.has("Service/innominatus-closed"));
    let gateway = [&INGRESS[1..], &[("exposure.mode", "gateway"), ("exposure.gatewayClass", "istio")]].concat();
    let route = production(&[&gateway]).make().at("HTTPRoute/innominatus", "/spec/rules").to_string();
    assert!(route.contains("innominatus-closed"), "{route}");
    for mode in ["nodeport", "loadbalancer"] {
        production(&[&[("exposure.mode", mode)]]).is_refused_at("exposure.openMetrics");
    }
}

#[test]
fn several_replicas_are_taken_only_where_it_is_said_and_the_volume_can_be_shared() {
    // 3.4, 8: several replicas are unsafe; 3.1, 3.3: HPA and PodDisruptionBudget are promised and not there.
    let several = production(&[&[("replicas", "3")]]).faults();
    for path in ["scaling.several", "workspaces.accessMode"] {
        assert!(several.iter().any(|fault| fault.starts_with(path)), "{path}: {several:?}");
    }
    let said = [("scaling.several", "true"), ("workspaces.accessMode", "ReadWriteMany")];
    let three = production(&[&[("replicas", "3")], &said]).make();
    assert_eq!(three.at(SERVER, "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(three.at("PodDisruptionBudget/innominatus", "/spec/maxUnavailable"), 1);
    let scaled = production(&[&[("scaling.mode", "hpa")], &said]).make();
    assert_eq!(scaled.at(SERVER, "/spec/replicas"), Value::Null);
    let autoscaler = scaled.at("HorizontalPodAutoscaler/innominatus", "/spec");
    assert_eq!((&autoscaler["minReplicas"], &autoscaler["maxReplicas"]), (&json!(2), &json!(10)));
    assert_eq!(autoscaler["metrics"][0]["resource"]["target"]["averageUtilization"], 70);
    let one = made(&[]);
    assert_eq!(one.at(SERVER, "/spec/strategy/type"), "Recreate");
    assert!(!one.has("PodDisruptionBudget/innominatus"));
}

#[test]
fn rights_are_none_by_default_and_never_over_secrets() {
    // 3.3: a ClusterRole over everything, with escalate and bind, by default.
    let none = made(&[]);
    assert!(none.names("Role").is_empty() && none.names("ClusterRole").is_empty());
    let own = made(&[&[("rights.scope", "namespace")]]);
    assert!(!own.at("Role/innominatus", "/rules").to_string().contains("\"secrets\""));
    assert_eq!(own.pod(SERVER, "/automountServiceAccountToken"), true);
    let wide = made(&[&[("rights.scope", "cluster")]]);
    let rules = wide.at("ClusterRole/innominatus-innominatus-system-innominatus", "/rules");
    for rule in rules.as_array().unwrap() {
        let text = rule.to_string();
        assert!(!text.contains("escalate") && !text.contains("\"bind\"") && !text.contains("\"*\""), "{text}");
        if text.contains("\"secrets\"") {
            assert!(!["\"get\"", "\"list\"", "\"watch\""].iter().any(|verb| text.contains(verb)), "{text}");
        }
    }
    assert!(wide.lets_out("innominatus").contains(&6443));
}

#[test]
fn the_start_up_check_runs_only_where_it_can_pass() {
    // 3.4: it exits 1 without Gitea and Argo CD.
    let both = [
        ("gitea.enabled", "true"),
        ("gitea.url", "https://git.acme.io:3443"),
        ("gitea.username", "u"),
        ("gitea.password", AWKWARD),
        ("argocd.enabled", "true"),
        ("argocd.url", "https://cd.acme.io"),
        ("argocd.username", "a"),
        ("argocd.password", "x"),
    ];
    let made = made(&[&both]);
    assert_eq!(made.container(SERVER, "/args"), json!(["--port", "8081"]));
    let config = file(&made, "admin-config");
    assert!(config.contains("gitea:") && config.contains("argocd:") && config.contains(AWKWARD), "{config}");
    assert!(made.lets_out("innominatus").contains(&3443));
    assert!(!production(&[&[("validate", "true")]]).faults().is_empty());
    let own = production(&[&[("adminConfig.source", "existing"), ("adminConfig.secret", "cfg")]]).make();
    assert!(!own.has("Secret/innominatus-admin-config"));
    assert_eq!(volume(&own, SERVER, "admin-config")["secret"]["secretName"], "cfg");
}

#[test]
fn a_network_policy_lets_dns_and_its_database_through() {
    // 3.3: the policy selects namespaces by a label that none has, and lets no DNS and no other database through.
    let out = made(&[]).lets_out("innominatus");
    for port in [53, 5353, 80, 443, 5432] {
        assert!(out.contains(&port), "{port}: {out:?}");
    }
    let callers = made(&[&[("networkPolicy.callers", "ingress-nginx")]]);
    let from = callers.at("NetworkPolicy/innominatus", "/spec/ingress").to_string();
    assert!(from.contains("kubernetes.io/metadata.name"), "{from}");
}

#[test]
fn a_monitor_finds_the_server_and_needs_its_definition() {
    // 3.1: promised, and not in the chart.
    let monitor = production(&[&[("serviceMonitor.enabled", "true")]]);
    let endpoint = monitor.make().at("ServiceMonitor/innominatus", "/spec/endpoints/0");
    assert_eq!((&endpoint["port"], &endpoint["path"]), (&json!("http"), &json!("/metrics")));
    assert!(!monitor.without_crds().faults().is_empty());
}

#[test]
fn further_services_are_said_only_where_they_are_asked_for() {
    let traced = made(&[&[("telemetry.otlp", "http://otel:4318"), ("telemetry.pushgateway", "http://push:9091")]]);
    assert_eq!(setting(&traced, "OTEL_ENABLED").as_deref(), Some("true"));
    assert_eq!(setting(&traced, "PUSHGATEWAY_URL").as_deref(), Some("http://push:9091"));
    let minds = made(&[&[("ai.enabled", "true"), ("ai.openaiKey", "o"), ("ai.anthropicKey", "a")]]);
    for key in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"] {
        assert!(minds.secret("innominatus", key).is_some(), "{key}");
    }
    // 3.4: it needs both.
    assert!(!production(&[&[("ai.enabled", "true"), ("ai.openaiKey", "o")]]).faults().is_empty());
}

#[test]
fn profiles_have_the_sizes_of_the_guide_and_one_replica() {
    // 3.3: its sizing; 3.4: its two and three replicas are not safe.
    for (profile, requests, limits, volumes, policy) in [
        ("development", ("100m", "128Mi"), ("500m", "512Mi"), ["8Gi", "5Gi"], false),
        ("staging", ("250m", "256Mi"), ("1", "1Gi"), ["8Gi", "10Gi"], true),
        ("production", ("500m", "512Mi"), ("2", "2Gi"), ["20Gi", "50Gi"], true),
    ] {
        let made = ask("innominatus", profile).make();
        let resources = made.container(SERVER, "/resources");
        assert_eq!(resources["requests"], json!({"cpu": requests.0, "memory": requests.1}), "{profile}");
        assert_eq!(resources["limits"], json!({"cpu": limits.0, "memory": limits.1}), "{profile}");
        assert_eq!(made.at(SERVER, "/spec/replicas"), 1, "{profile}");
        let sizes = ["postgresql", "workspaces"].map(|claim| {
            let claim = format!("PersistentVolumeClaim/innominatus-{claim}");
            made.at(&claim, "/spec/resources/requests/storage")
        });
        assert_eq!(sizes, volumes, "{profile}");
        assert_eq!(made.has("NetworkPolicy/innominatus"), policy, "{profile}");
    }
    let database = made(&[]).container("StatefulSet/innominatus-postgresql", "/resources/requests");
    assert_eq!(database, json!({"cpu": "500m", "memory": "512Mi"}));
    assert_eq!(setting(&ask("innominatus", "development").make(), "LOG_LEVEL").as_deref(), Some("debug"));
}
