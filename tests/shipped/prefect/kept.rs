//! What Prefect keeps, in which servers, and what opens it.

use super::*;

#[test]
fn the_bundled_redis_can_be_pulled_asks_for_a_password_and_keeps_its_data() {
    // 6.9, 6.10, #524: Bitnami's image, in the guide's time of a repository that is gone, and a policy that lets
    // everybody in.
    let made = plain(&[APART, &[("networkPolicy.enabled", "true")]].concat()).make();
    let redis = "StatefulSet/prefect-redis";
    assert_eq!(made.container(redis, "/image"), "redis:7-alpine");
    let password = made.secret("prefect-redis", "redis-password").unwrap();
    assert!(password.len() >= 24, "it is generated");
    let settings = made.secret("prefect-redis", "redis.conf").unwrap();
    assert!(
        settings.contains(&format!("requirepass {password}\n")) && settings.contains("appendonly yes"),
        "{settings}"
    );
    let data = mount(&made, redis, "/data")["name"].as_str().unwrap().to_owned();
    assert_eq!(volume(&made, redis, &data)["persistentVolumeClaim"]["claimName"], "prefect-redis");
    let own = json!([{"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "prefect"}}}]);
    assert_eq!(made.at("NetworkPolicy/prefect-redis", "/spec/ingress/0/from"), own);
    // 8: what a file of settings cannot hold is refused, not broken.
    plain(&[APART, &[("redis.password", "with a blank")]].concat()).is_refused_at("redis.password");
}

#[test]
fn a_database_takes_any_password_from_wherever_it_comes() {
    // 8, 6.4: user:password@host by plain concatenation; #528: the parts in Secrets.
    let own = plain(&[("database.password", AWKWARD)]).make();
    let url = own.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert_eq!(url, format!("postgresql+asyncpg://prefect:{ENCODED}@prefect-postgresql:5432/server"));
    assert_eq!(own.secret("prefect-postgresql", "postgres-password").unwrap(), AWKWARD);
    let there =
        plain(&[PARTS, APART, &[("database.secret", "secret:db/pw")]].concat()).outside("db/pw", AWKWARD).make();
    let url = there.secret("prefect-server-postgresql-connection", "connection-string").unwrap();
    assert_eq!(url, format!("postgresql+asyncpg://prefect:{ENCODED}@db.example.com:5432/server?ssl=require"));
}

#[test]
fn a_volume_is_kept_with_the_password_that_opens_it_and_a_job_that_failed_is_not() {
    // 6.14, #42: a claim of an earlier install refuses the password of the next one.
    let made = plain(APART).make();
    let opened = made.at("PersistentVolumeClaim/prefect-postgresql", "/metadata/annotations/slipway.dev~1opened-by");
    assert_eq!(opened, "prefect-keys-1/database.password");
    let first = made.at("Secret/prefect-postgresql", "/metadata/annotations/slipway.dev~1first-use-keys");
    assert!(first.as_str().unwrap().split(',').any(|key| key == "postgres-password"), "{first}");
    let line = "asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"prefect\"";
    assert_eq!(made.explains(line).as_deref(), Some("DATABASE_PASSWORD"));
    // 6.8: the guide calls it prefect-postgresql-0, which is the pod.
    assert!(made.has("Secret/prefect-postgresql") && !made.has("Secret/prefect-postgresql-0"));
    // 6.6, 6.14, #522, #539: a hook that failed is nobody's and stays behind; this one is the release's.
    assert!(made.at(JOB, "/metadata/labels/applyset.kubernetes.io~1part-of").is_string());
    // 8: the driver says ssl.
    let line = "TypeError: connect() got an unexpected keyword argument 'sslmode'";
    assert_eq!(made.explains(line).as_deref(), Some("PREFECT_SSL_PARAMETER"));
}

#[test]
fn services_that_nobody_can_ask_count_as_ready_only_when_they_stay() {
    // 6.6, #641: the chart gives them no probes, and they have no port and no endpoint that one could ask.
    let made = plain(APART).make();
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(made.container(SERVICES, &format!("/{probe}")), Value::Null, "{probe}");
        assert!(made.container(SERVER, &format!("/{probe}")).is_object(), "{probe}");
    }
    assert_eq!(made.at(SERVICES, "/spec/minReadySeconds"), 5);
    // What they would only find out by failing is waited for.
    assert_eq!(made.named(SERVICES, "/initContainers"), ["wait-database", "wait-redis"]);
}
