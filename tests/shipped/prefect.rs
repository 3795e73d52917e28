//! Prefect server (facts: products 6).

mod kept;
mod reached;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{AWKWARD, Ask, ENCODED, Made, ask, mount, volume};

const SERVER: &str = "Deployment/prefect-server";
const SERVICES: &str = "Deployment/prefect-server-background-services";
const JOB: &str = "Job/prefect-server-db-migrations";
const URL: &str = "PREFECT_SERVER_DATABASE_CONNECTION_URL";
const APART: &[(&str, &str)] = &[("services.separate", "true")];
const INGRESS: &[(&str, &str)] =
    &[("exposure.mode", "ingress"), ("exposure.host", "p.example.com"), ("exposure.issuer", "ClusterIssuer/le")];
const PARTS: &[(&str, &str)] = &[
    ("database.mode", "external"),
    ("database.by", "parts"),
    ("database.host", "db.example.com"),
    ("database.secret", AWKWARD),
];

/// Nothing but the defaults.
fn plain(answers: &[(&str, &str)]) -> Ask {
    ask("prefect", "development").with(answers)
}

fn made(answers: &[&[(&str, &str)]]) -> Made {
    plain(&answers.concat()).make()
}

/// The workloads that talk to the database.
fn workloads(made: &Made) -> Vec<&'static str> {
    [SERVER, SERVICES, JOB].into_iter().filter(|name| made.has(name)).collect()
}

#[test]
fn one_server_with_its_own_database_is_the_least_and_needs_no_answer() {
    let made = made(&[]);
    assert_eq!(made.at(SERVER, "/spec/replicas"), 1);
    assert_eq!(made.container(SERVER, "/image"), "prefecthq/prefect:3.8.4");
    assert_eq!(made.container(SERVER, "/args"), json!(["prefect", "server", "start", "--port", "4200"]));
    for none in [SERVICES, JOB, "StatefulSet/prefect-redis", "PodDisruptionBudget/prefect-server"] {
        assert!(!made.has(none), "{none}");
    }
    assert_eq!(made.named(SERVER, "/initContainers"), ["wait-database"]);
}

#[test]
fn names_are_those_of_the_chart() {
    // 6.1: fullname prefect-server; the bundled parts are called after the release.
    let made = made(&[APART, INGRESS, &[("scaling.mode", "hpa")]]);
    for name in ["Deployment", "Service", "ServiceAccount", "Ingress", "HorizontalPodAutoscaler"] {
        assert!(made.has(&format!("{name}/prefect-server")), "{name}");
    }
    for name in ["StatefulSet/prefect-postgresql", "StatefulSet/prefect-redis", SERVICES, JOB] {
        assert!(made.has(name), "{name}");
    }
    let other = plain(APART).named("flows").make();
    for name in ["StatefulSet/flows-postgresql", "StatefulSet/flows-redis", "Deployment/prefect-server"] {
        assert!(other.has(name), "{name}");
    }
}

#[test]
fn nothing_on_a_pod_changes_with_the_chart() {
    // 6.2: helm.sh/chart on pods rolls them at each chart version.
    let made = made(&[APART]);
    for name in workloads(&made) {
        let labels = made.at(name, "/spec/template/metadata/labels").to_string();
        assert!(!labels.contains("helm.sh") && !labels.contains("version"), "{name}: {labels}");
    }
    for name in [SERVER, SERVICES] {
        let selector = made.at(name, "/spec/selector/matchLabels");
        let keys: BTreeSet<&str> = selector.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = ["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"];
        assert_eq!(keys, BTreeSet::from(wanted), "{name}");
    }
}

#[test]
fn probes_begin_at_once_and_follow_the_base_path() {
    // 6.3, 6.10, #641: none, or every 10 s with an initial delay; 6.12: another base path leaves them behind.
    for (base, answers) in [("/api", &[][..]), ("/prefect/api", &[("server.apiBasePath", "/prefect/api")])] {
        let made = made(&[answers]);
        assert_eq!(made.container(SERVER, "/startupProbe/periodSeconds"), 1);
        assert_eq!(made.container(SERVER, "/startupProbe/failureThreshold"), 600);
        for (probe, path) in [("startupProbe", "health"), ("readinessProbe", "ready"), ("livenessProbe", "health")] {
            assert_eq!(made.container(SERVER, &format!("/{probe}/httpGet/path")), format!("{base}/{path}"));
            assert_eq!(made.container(SERVER, &format!("/{probe}/initialDelaySeconds")), Value::Null);
        }
    }
    for wrong in ["api", "/api/"] {
        plain(&[("server.apiBasePath", wrong)]).is_refused_at("server.apiBasePath");
    }
}

#[test]
fn no_pod_has_a_capability_a_token_or_a_root_filesystem_to_write() {
    // 6.3, 6.6: capabilities are kept, the token is mounted, the services have no seccomp profile.
    let made = made(&[APART]);
    for name in workloads(&made) {
        assert_eq!(made.container(name, "/securityContext/capabilities/drop"), json!(["ALL"]), "{name}");
        assert_eq!(made.container(name, "/securityContext/readOnlyRootFilesystem"), true, "{name}");
        assert_eq!(made.pod(name, "/automountServiceAccountToken"), false, "{name}");
        assert_eq!(made.pod(name, "/securityContext/seccompProfile/type"), "RuntimeDefault", "{name}");
        // 6.6, #605, #606: the Job has HOME in a folder that it cannot write.
        for folder in ["/home/prefect", "/tmp"] {
            let volume_name = mount(&made, name, folder)["name"].as_str().unwrap().to_owned();
            assert!(volume(&made, name, &volume_name)["emptyDir"].is_object(), "{name} {folder}");
        }
    }
    // prefect #11640: the user interface is copied at the start.
    assert_eq!(made.env(SERVER, "PREFECT_UI_STATIC_DIRECTORY").as_deref(), Some("/ui_build"));
    assert!(!mount(&made, SERVER, "/ui_build").is_null());
}

#[test]
fn a_version_is_a_whole_one_and_services_apart_need_3_1_13() {
    // 6.6: the chart's default tag 3-latest fails its own version check.
    for version in ["3-latest", "latest", "2.20.0"] {
        plain(&[("version", version)]).is_refused_at("version");
    }
    plain(&[("version", "3.8.4-python3.12")]).make();
    plain(&[("services.separate", "true"), ("version", "3.1.12"), ("auth.mode", "none")]).is_refused_at("version");
}

#[test]
fn services_apart_have_redis_and_a_migration_before_them() {
    // 6.6, 6.14: the Job is a hook that runs after the new pods began, and stays behind when it failed.
    let made = made(&[APART]);
    assert_eq!(made.container(SERVER, "/args/3"), "--no-services");
    assert_eq!(made.container(SERVICES, "/args"), json!(["prefect", "server", "services", "start"]));
    assert_eq!(made.container(SERVICES, "/ports"), Value::Null);
    assert_eq!(made.env(SERVICES, "PREFECT_UI_ENABLED").as_deref(), Some("false"));
    assert_eq!(made.container(JOB, "/args"), json!(["prefect", "server", "database", "upgrade", "-y"]));
    assert_eq!((made.at(JOB, "/spec/backoffLimit"), made.pod(JOB, "/restartPolicy")), (json!(5), json!("Never")));
    assert_eq!(made.at(JOB, "/metadata/annotations/helm.sh~1hook"), Value::Null);
    for name in [SERVER, SERVICES] {
        assert!(made.after(name).contains(&"migrations".to_owned()), "{name}");
        for (variable, value) in [
            ("PREFECT_SERVER_DATABASE_MIGRATE_ON_START", "false"),
            ("PREFECT_MESSAGING_BROKER", "prefect_redis.messaging"),
            ("PREFECT_MESSAGING_CACHE", "prefect_redis.messaging"),
            ("PREFECT_SERVER_EVENTS_CAUSAL_ORDERING", "prefect_redis.ordering"),
            ("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect_redis.lease_storage"),
            ("PREFECT_REDIS_MESSAGING_HOST", "prefect-redis"),
            ("PREFECT_REDIS_MESSAGING_PORT", "6379"),
            ("PREFECT_REDIS_MESSAGING_DB", "0"),
            ("PREFECT_REDIS_MESSAGING_PASSWORD", "prefect-redis/redis-password"),
            ("PREFECT_SERVER_DOCKET_URL", "prefect-server-redis/docket-url"),
        ] {
            assert_eq!(made.env(name, variable).as_deref(), Some(value), "{name} {variable}");
        }
    }
    let url = made.secret("prefect-server-redis", "docket-url").unwrap();
    assert!(url.starts_with("redis://:") && url.ends_with("@prefect-redis:6379/0"), "{url}");
    // Ordering and leases came with 3.4.16.
    let old = plain(&[APART, &[("version", "3.4.15")]].concat()).make();
    assert_eq!(old.env(SERVER, "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"), None);
    assert_eq!(old.env(SERVER, "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"), None);
}

#[test]
fn an_external_redis_takes_any_password() {
    // 8: passwords in URLs.
    let redis = [
        APART,
        &[("redis.mode", "external"), ("redis.host", "r.example.com"), ("redis.secret", AWKWARD), ("redis.user", "pf")],
    ]
    .concat();
    let made = plain(&redis).make();
    let url = format!("rediss://pf:{ENCODED}@r.example.com:6379/0");
    assert_eq!(made.secret("prefect-server-redis", "docket-url").unwrap(), url);
    assert_eq!(made.secret("prefect-server-redis", "redis-password").unwrap(), AWKWARD);
    assert_eq!(made.env(SERVER, "PREFECT_REDIS_MESSAGING_SSL").as_deref(), Some("true"));
    assert!(!made.has("StatefulSet/prefect-redis"));
    let open = plain(&[&redis[..], &[("redis.tls", "false")]].concat()).make();
    assert!(open.secret("prefect-server-redis", "docket-url").unwrap().starts_with("redis://"));
    let there = [&redis[..], &[("redis.secret", "secret:rs/pw")]].concat();
    let there = plain(&there).outside("rs/pw", "x").make();
    assert_eq!(there.env(SERVER, "PREFECT_REDIS_MESSAGING_PASSWORD").as_deref(), Some("rs/pw"));
}

#[test]
fn several_replicas_need_the_services_apart_and_are_drained_one_by_one() {
    // 6.7: no PodDisruptionBudget; 6.10: one replica of the services; several servers would each run the services.
    plain(&[("replicas", "2")]).is_refused_at("replicas");
    assert!(!plain(&[("scaling.mode", "hpa")]).faults().is_empty());
    let two = plain(&[APART, &[("replicas", "2")]].concat()).make();
    assert_eq!(two.at("PodDisruptionBudget/prefect-server", "/spec/maxUnavailable"), 1);
    assert_eq!(two.at("PodDisruptionBudget/prefect-server", "/spec/unhealthyPodEvictionPolicy"), "AlwaysAllow");
    let scaled = plain(&[APART, &[("scaling.mode", "hpa")]].concat()).make();
    assert_eq!(scaled.at(SERVER, "/spec/replicas"), Value::Null);
    assert_eq!(scaled.at("HorizontalPodAutoscaler/prefect-server", "/spec/maxReplicas"), 10);
    let pool = [APART, &[("scaling.mode", "hpa"), ("scaling.max", "30")]].concat();
    let many = plain(&pool).make();
    assert!(many.objects[SERVER].object.0.to_string().contains("\"2\""), "connections are few where servers are many");
    let services = plain(&[APART, &[("services.replicas", "2"), ("services.memory", "1Gi")]].concat()).make();
    assert!(services.has("PodDisruptionBudget/prefect-server-background-services"));
    assert_eq!(services.container(SERVICES, "/resources/requests/memory"), "1Gi");
    assert_eq!(services.container(SERVER, "/resources/requests/memory"), "384Mi");
}

#[test]
fn sqlite_lies_on_a_claim_that_stays_and_serves_one_replica() {
    // 6.4: a claim that is mounted and not made, RollingUpdate over it; 6.14: it is deleted with the release.
    let made = plain(&[("database.mode", "sqlite")]).make();
    assert_eq!(made.at(SERVER, "/spec/strategy"), json!({"type": "Recreate"}));
    assert_eq!(made.env(SERVER, URL).as_deref(), Some("sqlite+aiosqlite:////data/prefect.db"));
    assert_eq!(mount(&made, SERVER, "/data")["name"], "sqlite-storage");
    assert_eq!(made.at("PersistentVolumeClaim/prefect-server-sqlite", "/spec/resources/requests/storage"), "1Gi");
    assert!(!made.has("Secret/prefect-server-postgresql-connection"));
    assert_eq!(made.named(SERVER, "/initContainers"), Vec::<String>::new());
    assert!(!plain(&[("database.mode", "sqlite"), ("services.separate", "true")]).faults().is_empty());
    assert!(made.notes().contains("slipway backs no SQLite up: kubectl -n prefect exec"), "{}", made.notes());
}

#[test]
fn the_bundled_database_keeps_its_data_and_its_generated_password() {
    // 6.8, #524: an image that is gone, no volume, the password prefect-rocks.
    let made = made(&[]);
    assert_eq!(made.container("StatefulSet/prefect-postgresql", "/image"), "postgres:17");
    assert!(made.has("PersistentVolumeClaim/prefect-postgresql"));
    assert_eq!(made.at("StatefulSet/prefect-postgresql", "/spec/volumeClaimTemplates"), Value::Null);
    let url = made.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert!(
        url.starts_with("postgresql+asyncpg://prefect:") && url.ends_with("@prefect-postgresql:5432/server"),
        "{url}"
    );
    assert!(!url.contains("prefect-rocks"));
    // 6.10: the name of the variable before 3.1.
    assert_eq!(made.env(SERVER, "PREFECT_API_DATABASE_CONNECTION_URL"), None);
    let encrypted = plain(&[("database.certificate", "pgtls")]).make();
    let url = encrypted.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert!(url.ends_with("?ssl=require"), "{url}");
    let server = "StatefulSet/prefect-postgresql";
    let args = encrypted.container(server, "/args").to_string();
    for wanted in ["ssl=on", "ssl_cert_file=/etc/postgresql/tls/tls.crt", "ssl_key_file=/etc/postgresql/tls/tls.key"] {
        assert!(args.contains(wanted), "{wanted}: {args}");
    }
    let mounted = mount(&encrypted, server, "/etc/postgresql/tls");
    assert_eq!(mounted["readOnly"], true);
    // The server refuses a key that everybody may read: 0440.
    let secret = volume(&encrypted, server, mounted["name"].as_str().unwrap())["secret"].clone();
    assert_eq!((&secret["secretName"], &secret["defaultMode"]), (&json!("pgtls"), &json!(0o440)));
    assert_eq!(made.container(server, "/args"), Value::Null);
}

#[test]
fn another_image_of_redis_over_its_volume_is_told_as_what_it_is_and_no_new_place() {
    let before = made(&[APART]);
    let pinned = |answers: &[(&str, &str)]| {
        let plan = made(&[APART, answers]).upgraded_from(&before);
        let found = plan.findings.into_iter().find(|finding| finding.code == "PINNED_CHANGED").unwrap();
        format!("{}: {}; {}", found.what, found.why, found.remedy)
    };
    let image = pinned(&[("redis.image", "redis:8-alpine")]);
    assert!(
        image.contains("redis:7-alpine -> redis:8-alpine") && image.contains("stays with what is in it"),
        "{image}"
    );
    assert!(!image.contains("place") && image.contains("slipway backup prefect -n prefect"), "{image}");
    // Another claim is another place.
    let claim = pinned(&[("database.claim", "elsewhere")]);
    assert!(claim.contains("the old place") && !claim.contains("begins empty"), "{claim}");
}

#[test]
fn on_an_upgrade_the_schema_is_migrated_before_the_server_and_its_services_are_exchanged() {
    // 6.6, 6.14, #522, #539: a hook that migrates when the new pods run already.
    let before = made(&[APART, &[("version", "3.8.3")]]);
    let plan = made(&[APART]).upgraded_from(&before);
    let wave = |name: &str| plan.steps.iter().find(|step| step.wanted.object.id().short() == name).unwrap().wave;
    for later in [SERVER, SERVICES] {
        assert!(wave(JOB) < wave(later), "{later}");
    }
}

#[test]
fn an_external_database_by_parts_takes_any_password_and_a_certificate_authority() {
    // 6.4: the URL is not percent-encoded.
    let verified = [PARTS, APART, &[("database.tls", "verify-full")]].concat();
    let made = plain(&verified).make();
    let url = made.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert_eq!(url, format!("postgresql+asyncpg://prefect:{ENCODED}@db.example.com:5432/server?ssl=verify-full"));
    for name in workloads(&made) {
        // Without a file of its own asyncpg refuses to verify.
        assert_eq!(made.env(name, "PGSSLROOTCERT").as_deref(), Some("/etc/ssl/certs/ca-certificates.crt"), "{name}");
        assert_eq!(made.env(name, URL).as_deref(), Some("prefect-server-postgresql-connection/connection-string"));
    }
    let own = plain(&[&verified[..], &[("database.caSecret", "db-ssl-secret"), ("database.caKey", "ca.crt")]].concat());
    let own = own.make();
    for name in workloads(&own) {
        assert_eq!(own.env(name, "PGSSLROOTCERT"), None, "{name}");
        assert_eq!(mount(&own, name, "/home/prefect/.postgresql")["name"], "database-authority", "{name}");
        let secret = &volume(&own, name, "database-authority")["secret"];
        assert_eq!(secret, &json!({"secretName": "db-ssl-secret", "items": [{"key": "ca.crt", "path": "root.crt"}]}));
    }
}

fn by_url(url: &str) -> Ask {
    plain(&[("database.mode", "external"), ("database.url", url)])
}

#[test]
fn a_url_keeps_its_encoding_and_names_another_database_than_the_bundled_one() {
    // 8, 6.4: asyncpg says ssl, not sslmode.
    let made = by_url("postgres://us%40er:p%2Fw@db.example.com:6432/pre").make();
    let url = made.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert_eq!(url, "postgresql+asyncpg://us%40er:p%2Fw@db.example.com:6432/pre?ssl=require");
    let wait = made.pod(SERVER, "/initContainers/0/command").to_string();
    assert!(wait.contains("db.example.com") && wait.contains("6432"), "{wait}");
    for wrong in [
        "postgres://u:p@db.example.com/pre?sslmode=require",
        "postgresql+asyncpg://u:p@db.example.com/pre",
        "mysql://u:p@db.example.com/pre",
        "postgres://u:p@prefect-postgresql/pre",
        "postgres://u:p@prefect-postgresql:5432/pre",
        "postgres://u:p@prefect-postgresql.prefect.svc:5432/pre",
        "postgres://u:p@prefect-postgresql.prefect.svc.cluster.local:5432/pre",
    ] {
        by_url(wrong).is_refused_at("database.url");
    }
    let own = [("database.mode", "external"), ("database.by", "parts"), ("database.secret", "x")];
    plain(&[&own[..], &[("database.host", "prefect-postgresql")]].concat()).is_refused_at("database.host");
}

#[test]
fn a_url_in_a_secret_of_the_operator_is_referenced_and_needs_no_port() {
    // 6.4: an existing Secret and secret.create exclude each other there.
    for url in
        ["postgresql+asyncpg://u:p@db.example.com/x?ssl=require", "postgresql+asyncpg://u:p@db.example.com:6432/x"]
    {
        let made = plain(&[APART, &[("database.mode", "external"), ("database.url", "secret:db/url")]].concat());
        let made = made.outside("db/url", url).make();
        for name in workloads(&made) {
            assert_eq!(made.env(name, URL).as_deref(), Some("db/url"), "{name}");
        }
        assert!(!made.has("Secret/prefect-server-postgresql-connection"));
        let wait = made.pod(SERVER, "/initContainers/0/command").to_string();
        assert!(wait.contains(if url.contains("6432") { "6432" } else { "5432" }), "{wait}");
        assert!(made.notes().contains("backup"), "{}", made.notes());
    }
    let sync = by_url("secret:db/url").outside("db/url", "postgres://u:p@db.example.com/x");
    sync.is_refused_at("database.url");
    // One that may not be read is referenced all the same.
    assert_eq!(by_url("secret:hidden/url").make().env(SERVER, URL).as_deref(), Some("hidden/url"));
}

#[test]
fn it_tells_nobody_outside_of_itself_unless_asked() {
    // 6.12: the switches of telemetry that nobody knows.
    let quiet = made(&[]);
    assert_eq!(quiet.env(SERVER, "DO_NOT_TRACK").as_deref(), Some("1"));
    assert_eq!(quiet.env(SERVER, "PREFECT_SERVER_ANALYTICS_ENABLED").as_deref(), Some("false"));
    assert_eq!(made(&[&[("telemetry", "true")]]).env(SERVER, "DO_NOT_TRACK"), None);
}

#[test]
fn an_upgrade_migrates_by_the_job_where_services_are_apart_and_at_the_start_else() {
    // 6.6, 6.14, #522, #539.
    let product = super::product("prefect");
    let holds = |answers: &[(&str, &str)], at_start: bool| {
        let form = plain(answers).form();
        let world = form.world();
        let scope = world.scope(&None);
        let mut ways = product.migration.iter().filter(|way| scope.truth(way.when.as_ref()).unwrap());
        let way = ways.next().unwrap();
        assert!(way.at_start == at_start && ways.next().is_none(), "{answers:?}");
    };
    holds(&[], true);
    holds(APART, false);
    assert!(product.gates.iter().any(|gate| gate.migrates && gate.requires == "backup"));
}
