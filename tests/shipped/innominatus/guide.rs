//! What innominatus's guide leaves to find out: rights of a database's user, rights in the cluster, an image without a
//! shell.

use slipway::plan::Probe;
use slipway::plan::set::PART_OF;

use super::*;

#[test]
fn a_user_who_may_not_make_tables_is_warned_of_first_and_recognised_afterwards() {
    // 3.3: GRANT ALL ON DATABASE, as the guide has it, lets nobody make tables in a PostgreSQL 15 or newer.
    let product = crate::product("innominatus");
    let why = &product.questions["database.name"].why;
    assert!(why.contains("its user must own it") && why.contains("GRANT ALL ON DATABASE is not enough"), "{why}");
    let made = production(&[EXTERNAL, &[("database.secret", "pw")]]).make();
    let line = r#"{"level":"error","error":"failed to initialize schema: pq: permission denied for schema public"}"#;
    assert_eq!(made.explains(line).as_deref(), Some("DATABASE_SCHEMA_RIGHTS"));
    let plan = made.plan();
    let pattern = plan.log_patterns.iter().find(|pattern| pattern.code == "DATABASE_SCHEMA_RIGHTS").unwrap();
    assert!(pattern.remedy.contains("ALTER DATABASE idp_orchestrator OWNER TO innominatus"), "{}", pattern.remedy);
    // Of the bundled one its user is the owner.
    let bundled = production(&[]).make();
    assert_eq!(bundled.secret("innominatus-postgresql", "postgres-username"), setting(&bundled, "DB_USER"));
    assert_eq!(bundled.secret("innominatus-postgresql", "postgres-database"), setting(&bundled, "DB_NAME"));
}

#[test]
fn its_policy_lets_everything_out_that_was_answered_and_everybody_in() {
    // 3.3: egress to one database port alone, ingress from one controller alone: no external database, no collector,
    // and Prometheus is shut out.
    let more = [
        ("database.secret", "pw"),
        ("database.port", "6432"),
        ("telemetry.otlp", "http://otel.acme.io:4318"),
        ("telemetry.pushgateway", "http://push.acme.io:9091"),
    ];
    let out = production(&[EXTERNAL, &more]).make().lets_out("innominatus");
    for port in [6432, 4318, 9091] {
        assert!(out.contains(&port), "{port}: {out:?}");
    }
    let rules = production(&[]).make().at("NetworkPolicy/innominatus", "/spec/ingress");
    assert_eq!(rules, json!([{"ports": [{"port": "http", "protocol": "TCP"}]}]));
}

#[test]
fn what_is_secret_is_in_the_secret_however_it_was_given() {
    // 3.3: the environment is a plain map, so that the client secret of OIDC stands in the Deployment.
    let typed = [
        ("oidc.enabled", "true"),
        ("oidc.issuer", "https://sso.acme.io"),
        ("oidc.clientSecret", "typed-client-secret"),
        ("ai.enabled", "true"),
        ("ai.openaiKey", "typed-openai-key"),
        ("ai.anthropicKey", "typed-anthropic-key"),
    ];
    let made = production(&[&typed]).make();
    for (key, value) in [
        ("OIDC_CLIENT_SECRET", "typed-client-secret"),
        ("OPENAI_API_KEY", "typed-openai-key"),
        ("ANTHROPIC_API_KEY", "typed-anthropic-key"),
    ] {
        assert_eq!(made.secret("innominatus", key).as_deref(), Some(value));
        for (name, wanted) in made.objects.iter().filter(|(name, _)| !name.starts_with("Secret/")) {
            assert!(!wanted.object.0.to_string().contains(value), "{name}");
        }
    }
    assert!(made.notes().contains("/auth/oidc/login"), "{}", made.notes());
}

#[test]
fn wide_rights_are_the_guides_list_and_go_with_the_release() {
    // 3.3: the ClusterRole of the guide, with the service accounts that only its troubleshooting names; 3.6: it has to
    // be removed by hand.
    let made = production(&[&[("rights.scope", "cluster")]]).make();
    let name = "innominatus-innominatus-system-innominatus";
    let rules = made.at(&format!("ClusterRole/{name}"), "/rules");
    let may = |resource: &str, verb: &str| {
        let has = |list: &Value, word: &str| list.as_array().unwrap().contains(&json!(word));
        rules.as_array().unwrap().iter().any(|rule| has(&rule["resources"], resource) && has(&rule["verbs"], verb))
    };
    for (resource, verbs) in [
        ("namespaces", ["create", "list", "delete"]),
        ("deployments", ["create", "update", "delete"]),
        ("statefulsets", ["create", "update", "delete"]),
        ("services", ["create", "update", "delete"]),
        ("configmaps", ["create", "update", "delete"]),
        ("secrets", ["create", "update", "delete"]),
        ("serviceaccounts", ["create", "update", "delete"]),
        ("ingresses", ["create", "update", "delete"]),
        ("applications", ["create", "update", "get"]),
    ] {
        for verb in verbs {
            assert!(may(resource, verb), "{verb} {resource}");
        }
    }
    assert!(may("roles", "create") && !may("roles", "update") && !may("clusterroles", "create"));
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        let wide = &made.objects[&format!("{kind}/{name}")].object;
        assert!(wide.label(PART_OF).is_some(), "{kind} would stay");
    }
}

#[test]
fn nothing_is_asked_of_an_image_that_has_no_shell() {
    // 3.4: the guide's exec … sh and exec … wget, demo-time and demo-nuke cannot work in it.
    let made = production(&[&[("localKeys", "true")]]).make();
    assert_eq!(made.container(SERVER, "/command"), Value::Null);
    assert_eq!(made.container(SERVER, "/lifecycle"), Value::Null);
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(made.container(SERVER, &format!("/{probe}/exec")), Value::Null, "{probe}");
    }
    let before = made.pod(SERVER, "/initContainers");
    for container in before.as_array().unwrap() {
        assert_eq!(container["image"], "postgres:17", "{container}");
    }
    let plan = made.plan();
    let inside = |check: &Probe| matches!(check, Probe::Exec { group, .. } if group == "server");
    assert!(!plan.health.iter().any(|check| inside(&check.probe)), "{:?}", plan.health);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("The image has no shell") && notes.contains("demo-nuke"), "{notes}");
    assert!(!notes.contains(" exec "), "{notes}");
}
