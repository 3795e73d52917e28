//! Membrane (facts: products 5).

mod guide;
mod running;

use serde_json::{Value, json};

use super::{AWKWARD, Ask, ENCODED, Made, ask, mount, volume};

const API: &str = "Deployment/api";
const WORKERS: [&str; 3] =
    ["Deployment/instant-tasks-worker", "Deployment/queued-tasks-worker", "Deployment/orchestrator"];
const RUNNER: &str = "Deployment/custom-code-runner";
const WEB: [&str; 2] = ["Deployment/ui", "Deployment/console"];
const ROBOT: &str = "robot$core+acme";
const PASSWORD: &str = "p\"a\\s$s${x}$(y)%";
const BASE: &[(&str, &str)] = &[
    ("pull.user", ROBOT),
    ("pull.password", PASSWORD),
    ("mongo.url", "mongodb+srv://u:p%40@c.mongodb.net/membrane"),
    ("redis.url", "rediss://:p@r.acme.io:7443"),
    ("storage.region", "eu-central-1"),
    ("storage.tmp", "t-mp"),
    ("storage.connectors", "c-onn"),
    ("storage.static", "s-tat"),
    ("storage.staticUrl", "https://static.acme.io"),
    ("identity.role", "arn:aws:iam::123456789012:role/membrane"),
    ("exposure.host", "api.acme.io"),
    ("exposure.issuer", "ClusterIssuer/le"),
    ("auth0.domain", "acme.auth0.com"),
    ("auth0.clientId", "abc"),
    ("auth0.clientSecret", "very-secret"),
];

/// What development needs of its operator; `None` takes an answer out again.
const DEVELOPMENT: &[(&str, Option<&str>)] = &[
    ("redis.url", None),
    ("exposure.host", None),
    ("exposure.issuer", None),
    ("auth0.domain", None),
    ("auth0.clientId", None),
    ("auth0.clientSecret", None),
    ("smtp.host", Some("s.x.io")),
    ("email.from", Some("a@b.io")),
];

/// The production profile with what nobody can answer for the operator; `None` takes an answer out again.
fn base(more: &[(&'static str, Option<&'static str>)]) -> Ask {
    under("production", more)
}

fn under(profile: &'static str, more: &[(&'static str, Option<&'static str>)]) -> Ask {
    let kept = BASE.iter().filter(|(path, _)| !more.iter().any(|(other, _)| other == path)).copied();
    let answers: Vec<(&str, &str)> =
        kept.chain(more.iter().filter_map(|(path, answer)| Some((*path, (*answer)?)))).collect();
    ask("membrane", profile).with(&answers)
}

fn workloads() -> Vec<&'static str> {
    [&[API, RUNNER][..], &WORKERS, &WEB].concat()
}

fn setting(made: &Made, name: &str) -> Option<String> {
    made.at("ConfigMap/membrane-config", &format!("/data/{name}")).as_str().map(str::to_owned)
}

#[test]
fn a_robot_of_the_registry_keeps_its_dollar_and_its_password() {
    // 5.1: a `$` in the user's name is lost in shells and templates; the pull secret must be there first.
    let made = base(&[]).make();
    assert_eq!(made.at("Secret/harbor-secret", "/type"), "kubernetes.io/dockerconfigjson");
    let login: Value = serde_json::from_str(&made.secret("harbor-secret", ".dockerconfigjson").unwrap()).unwrap();
    let login = &login["auths"]["harbor.integration.app"];
    assert_eq!((&login["username"], &login["password"]), (&json!(ROBOT), &json!(PASSWORD)));
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{ROBOT}:{PASSWORD}"));
    assert_eq!(login["auth"], json!(both));
    for workload in workloads() {
        assert_eq!(made.pod(workload, "/imagePullSecrets"), json!([{"name": "harbor-secret"}]), "{workload}");
    }
    let steps = made.plan().steps;
    let wave = |name: &str| steps.iter().find(|step| step.wanted.object.id().short() == name).unwrap().wave;
    for workload in workloads() {
        assert!(wave("Secret/harbor-secret") < wave(workload), "{workload}");
    }
    for wrong in ["robot+acme", "robot\\$core+acme", "robot$helm+acme"] {
        base(&[("pull.user", Some(wrong))]).is_refused_at("pull.user");
    }
    let without = [("pull.user", None), ("pull.password", None)];
    let own = base(&[&without[..], &[("pull.mode", Some("existing")), ("pull.secret", Some("mine"))]].concat()).make();
    assert_eq!(own.pod(API, "/imagePullSecrets"), json!([{"name": "mine"}]));
    assert!(!own.has("Secret/harbor-secret"));
}

#[test]
fn seven_workloads_run_four_images_of_one_date() {
    // 5.1, 5.2.
    let made = base(&[]).make();
    for (workload, image) in workloads().into_iter().map(|workload| {
        let image = match workload {
            RUNNER => "custom-code-runner",
            "Deployment/ui" => "ui",
            "Deployment/console" => "console",
            _ => "api",
        };
        (workload, image)
    }) {
        let image = format!("harbor.integration.app/core/{image}:2026-01-14");
        assert_eq!(made.container(workload, "/image"), image, "{workload}");
    }
    base(&[("version", Some("latest"))]).is_refused_at("version");
    let mirrored = base(&[("registry", Some("r.acme.io/mirror"))]).make();
    assert_eq!(mirrored.container(API, "/image"), "r.acme.io/mirror/core/api:2026-01-14");
    assert!(mirrored.secret("harbor-secret", ".dockerconfigjson").unwrap().contains("\"r.acme.io\""));
}

#[test]
fn what_is_secret_is_in_secrets_and_goes_only_to_who_reads_it() {
    // 5.3: MONGO_URI and REDIS_URI in a ConfigMap; 5.2: console and ui get them too.
    let made = base(&[]).make();
    let wanted = ["AUTH0_CLIENT_SECRET", "ENCRYPTION_SECRET", "MONGO_URI", "REDIS_URI", "SECRET"];
    assert_eq!(made.keys("Secret/membrane-secrets"), wanted);
    let config = made.keys("ConfigMap/membrane-config");
    assert!(wanted.iter().all(|key| !config.contains(&(*key).to_owned())), "{config:?}");
    for workload in WEB.iter().chain([&RUNNER]) {
        assert_eq!(made.container(workload, "/envFrom"), Value::Null, "{workload}");
    }
    // The cloud's identity is for the API and its workers alone.
    for workload in [&[API][..], &WORKERS].concat() {
        assert_eq!(made.pod(workload, "/serviceAccountName"), "membrane-sa", "{workload}");
    }
    for workload in WEB.iter().chain([&RUNNER]) {
        assert_eq!(made.pod(workload, "/serviceAccountName"), "membrane-isolated", "{workload}");
    }
    let there = base(&[("mongo.url", Some("secret:m/uri")), ("redis.url", Some("secret:r/uri"))]).make();
    let keys = there.keys("Secret/membrane-secrets");
    assert!(!keys.contains(&"MONGO_URI".to_owned()) && !keys.contains(&"REDIS_URI".to_owned()), "{keys:?}");
    for workload in [&[API][..], &WORKERS].concat() {
        assert_eq!(there.env(workload, "MONGO_URI").as_deref(), Some("m/uri"), "{workload}");
        assert_eq!(there.env(workload, "REDIS_URI").as_deref(), Some("r/uri"), "{workload}");
    }
}

#[test]
fn losing_the_key_of_credentials_is_losing_them_and_it_is_said() {
    // 5.3, 5.8: ENCRYPTION_SECRET opens what MongoDB holds.
    let made = base(&[]).make();
    for key in ["SECRET", "ENCRYPTION_SECRET"] {
        assert!(made.secret("membrane-secrets", key).unwrap().len() >= 32, "{key}");
    }
    base(&[("keys.encryption", Some("only-31-characters-of-a-key-abc"))]).is_refused_at("keys.encryption");
    let plan = made.plan();
    let opens = plan.keys.entries.iter().find(|entry| entry.path == "keys.encryption").unwrap().opens.join(" ");
    assert!(opens.contains("credentials"), "{opens}");
    assert!(plan.notes.join("\n").contains("slipway keys export membrane -n membrane"), "{:?}", plan.notes);
}

#[test]
fn settings_are_called_as_the_program_calls_them() {
    // 5.3: S3_BUCKET or STORAGE_BUCKET; CUSTOM_CODE_MEMORY_LIMIT on amd64 only; NEXT_PUBLIC_ENGINE_URI and the
    // console's Auth0 pair are missing.
    let made = base(&[]).make();
    assert_eq!(setting(&made, "BASE_URI").as_deref(), Some("https://api.acme.io"));
    assert_eq!(setting(&made, "CUSTOM_CODE_RUNNER_URI").as_deref(), Some("http://custom-code-runner:5000"));
    for (bucket, name) in [("TMP", "t-mp"), ("CONNECTORS", "c-onn"), ("STATIC", "s-tat")] {
        for kind in ["S3_BUCKET", "STORAGE_BUCKET"] {
            assert_eq!(setting(&made, &format!("{bucket}_{kind}")).as_deref(), Some(name), "{bucket}_{kind}");
        }
    }
    assert_eq!(setting(&made, "CUSTOM_CODE_MEMORY_LIMIT").as_deref(), Some("21474836480"));
    let arm = base(&[("architecture", Some("arm64"))]).make();
    assert_eq!(setting(&arm, "CUSTOM_CODE_MEMORY_LIMIT"), None);
    assert_eq!(arm.pod(RUNNER, "/nodeSelector/kubernetes.io~1arch"), "arm64");
    assert_eq!(made.env("Deployment/ui", "NEXT_PUBLIC_ENGINE_URI").as_deref(), Some("https://api.acme.io"));
    for (name, value) in [
        ("NEXT_PUBLIC_BASE_URI", "https://console.acme.io"),
        ("NEXT_PUBLIC_ENGINE_API_URI", "https://api.acme.io"),
        ("NEXT_PUBLIC_ENGINE_UI_URI", "https://ui.acme.io"),
        ("NEXT_PUBLIC_AUTH0_DOMAIN", "acme.auth0.com"),
        ("NEXT_PUBLIC_AUTH0_CLIENT_ID", "abc"),
    ] {
        assert_eq!(made.env("Deployment/console", name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn a_login_of_its_own_leaves_nothing_of_auth0_behind() {
    // 5.3: all three of Auth0 left out, and mail.
    let auth0 = [("auth0.domain", None), ("auth0.clientId", None), ("auth0.clientSecret", None)];
    let builtin = [("auth.mode", Some("builtin")), ("smtp.host", Some("s.x.io")), ("email.from", Some("a@b.io"))];
    let made = base(&[&auth0[..], &builtin].concat()).make();
    for object in ["ConfigMap/membrane-config", "Secret/membrane-secrets"] {
        assert!(made.keys(object).iter().all(|key| !key.contains("AUTH0")), "{object}");
    }
    assert_eq!(made.env("Deployment/console", "NEXT_PUBLIC_AUTH0_DOMAIN"), None);
    assert_eq!(setting(&made, "SMTP_PORT").as_deref(), Some("587"));
    assert_eq!(setting(&made, "SMTP_SECURE").as_deref(), Some("false"));
    assert!(made.notes().contains("Register the first administrator"), "{}", made.notes());
    let secure = base(&[&auth0[..], &builtin, &[("smtp.port", Some("465"))]].concat()).make();
    assert_eq!(setting(&secure, "SMTP_SECURE").as_deref(), Some("true"));
}

#[test]
fn databases_by_parts_take_any_password() {
    // 8: passwords in URLs.
    let mongo = [
        ("mongo.url", None),
        ("mongo.by", Some("parts")),
        ("mongo.scheme", Some("mongodb")),
        ("mongo.hosts", Some("a.x.io:27018,b.x.io")),
        ("mongo.user", Some("u@:")),
        ("mongo.secret", Some(AWKWARD)),
    ];
    let made = base(&mongo).make();
    let url = made.secret("membrane-secrets", "MONGO_URI").unwrap();
    assert_eq!(url, format!("mongodb://u%40%3A:{ENCODED}@a.x.io:27018,b.x.io/membrane?retryWrites=true&w=majority"));
    assert!(made.lets_out("membrane-calls").contains(&27018));
    let redis = [
        ("redis.url", None),
        ("redis.by", Some("parts")),
        ("redis.host", Some("r.x.io")),
        ("redis.port", Some("6380")),
        ("redis.secret", Some(AWKWARD)),
    ];
    let made = base(&redis).make();
    assert_eq!(made.secret("membrane-secrets", "REDIS_URI").unwrap(), format!("rediss://:{ENCODED}@r.x.io:6380"));
}

#[test]
fn databases_that_do_not_serve_it_are_refused() {
    // 5.3: MongoDB only, no DocumentDB or Cosmos; no ElastiCache Serverless.
    for wrong in [
        "mongodb://x.docdb.amazonaws.com/a",
        "mongodb+srv://u:p@c.mongodb.net",
        "postgres://a/b",
        "mongodb://x.mongo.cosmos.azure.com/a",
    ] {
        base(&[("mongo.url", Some(wrong))]).is_refused_at("mongo.url");
    }
    for wrong in ["redis://x.serverless.euc1.cache.amazonaws.com:6379", "redis://membrane-redis:6379"] {
        base(&[("redis.url", Some(wrong))]).is_refused_at("redis.url");
    }
}

#[test]
fn a_cluster_of_redis_is_numbered_without_a_gap() {
    // 5.3: REDIS_CLUSTER_URI_1 to n.
    let nodes = |nodes: &'static str| {
        base(&[("redis.url", None), ("redis.mode", Some("cluster")), ("redis.nodes", Some(nodes))])
            .outside("ONE", "rediss://:p@one:6379")
            .outside("rr/u", "rediss://:p@two:6379")
    };
    let made = nodes(r#"[{"number":1,"url":"env:ONE"},{"number":2,"url":"secret:rr/u"}]"#).make();
    for workload in [&[API][..], &WORKERS].concat() {
        assert_eq!(made.env(workload, "REDIS_CLUSTER_URI_2").as_deref(), Some("rr/u"), "{workload}");
        assert!(made.env(workload, "REDIS_CLUSTER_URI_1").unwrap().starts_with("membrane-keys-1/"), "{workload}");
    }
    assert!(!made.keys("Secret/membrane-secrets").contains(&"REDIS_URI".to_owned()));
    nodes(r#"[{"number":1,"url":"env:ONE"},{"number":3,"url":"secret:rr/u"}]"#).is_refused_at("redis.nodes");
}

#[test]
fn a_redis_of_its_own_is_waited_for() {
    // 5.8: CrashLoopBackOff while Redis is not there.
    let made = base(&[("redis.url", None), ("redis.mode", Some("bundled"))]).make();
    assert!(made.has("StatefulSet/membrane-redis"));
    let url = made.secret("membrane-secrets", "REDIS_URI").unwrap();
    assert!(url.starts_with("redis://:") && url.ends_with("@membrane-redis:6379"), "{url}");
    for workload in [&[API][..], &WORKERS].concat() {
        assert!(!made.named(workload, "/initContainers").is_empty(), "{workload}");
    }
}

#[test]
fn clouds_are_reached_by_identity_or_by_keys_and_never_by_both() {
    // 5.3: three providers.
    let aws = base(&[]).make();
    let role = aws.at("ServiceAccount/membrane-sa", "/metadata/annotations/eks.amazonaws.com~1role-arn");
    assert_eq!(role, "arn:aws:iam::123456789012:role/membrane");
    assert_eq!(setting(&aws, "AWS_ACCESS_KEY_ID"), None);
    let azure = [
        ("storage.provider", Some("abs")),
        ("storage.region", None),
        ("identity.role", None),
        ("storage.account", Some("abcd")),
    ];
    let client = [("identity.client", Some("00000000-1111-2222-3333-444444444444")), ("storage.static", Some("$web"))];
    let identity = base(&[&azure[..], &client].concat()).make();
    assert_eq!(setting(&identity, "STATIC_STORAGE_BUCKET").as_deref(), Some("$web"));
    for workload in workloads() {
        let label = identity.at(workload, "/spec/template/metadata/labels/azure.workload.identity~1use");
        let calls = workload == API || WORKERS.contains(&workload);
        assert_eq!(label, if calls { json!("true") } else { Value::Null }, "{workload}");
    }
    let google = [
        ("storage.provider", Some("gcs")),
        ("storage.region", None),
        ("identity.role", None),
        ("storage.project", Some("my-project-1")),
        ("storage.access", Some("keys")),
        ("storage.keyfile", Some("secret:gk/k.json")),
    ];
    let made = base(&google).outside("gk/k.json", r#"{"type":"service_account"}"#).make();
    // GOOGLE_CLOUD_KEYFILE is a file.
    assert_eq!(setting(&made, "GOOGLE_CLOUD_KEYFILE").as_deref(), Some("/etc/membrane/google/keyfile.json"));
    let name = mount(&made, API, "/etc/membrane/google")["name"].as_str().unwrap().to_owned();
    assert_eq!(volume(&made, API, &name)["secret"]["secretName"], "gk");
    assert!(mount(&made, RUNNER, "/etc/membrane/google").is_null() && !made.has("Secret/membrane-google"));
}

#[test]
fn keys_of_each_cloud_are_in_a_secret_and_each_identity_is_where_its_cloud_looks() {
    let keys = ("storage.access", Some("keys"));
    let none = [("storage.region", None), ("identity.role", None)];
    let aws = base(&[
        ("identity.role", None),
        keys,
        ("storage.accessKeyId", Some("AKIAIOSFODNN7EXAMPLE")),
        ("storage.secretAccessKey", Some("aws-secret")),
    ]);
    let aws = aws.make();
    assert_eq!(setting(&aws, "AWS_ACCESS_KEY_ID").as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
    assert_eq!(aws.secret("membrane-secrets", "AWS_SECRET_ACCESS_KEY").as_deref(), Some("aws-secret"));
    let azure = [&none[..], &[("storage.provider", Some("abs")), keys]].concat();
    let account = [("storage.account", Some("abcd")), ("storage.accountKey", Some("azure-key"))];
    let by_key = base(&[&azure[..], &[("storage.azureBy", Some("key"))], &account].concat()).make();
    assert_eq!(by_key.secret("membrane-secrets", "AZURE_STORAGE_ACCOUNT_KEY").as_deref(), Some("azure-key"));
    let connection = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k";
    let by_connection = [("storage.azureBy", Some("connection")), ("storage.connection", Some(connection))];
    let made = base(&[&azure[..], &by_connection].concat()).make();
    assert_eq!(made.secret("membrane-secrets", "AZURE_STORAGE_CONNECTION_STRING").as_deref(), Some(connection));
    let client = "00000000-1111-2222-3333-444444444444";
    let identity =
        [("storage.provider", Some("abs")), ("storage.account", Some("abcd")), ("identity.client", Some(client))];
    let made = base(&[&none[..], &identity].concat()).make();
    assert_eq!(
        made.at("ServiceAccount/membrane-sa", "/metadata/annotations/azure.workload.identity~1client-id"),
        client
    );
    let account = "membrane@my-project-1.iam.gserviceaccount.com";
    let google = [
        ("storage.provider", Some("gcs")),
        ("storage.project", Some("my-project-1")),
        ("identity.account", Some(account)),
    ];
    let made = base(&[&none[..], &google].concat()).make();
    assert_eq!(made.at("ServiceAccount/membrane-sa", "/metadata/annotations/iam.gke.io~1gcp-service-account"), account);
}

#[test]
fn buckets_are_three_and_differ() {
    base(&[("storage.connectors", Some("t-mp"))]).is_refused_at("storage.connectors");
    base(&[("storage.static", Some("c-onn"))]).is_refused_at("storage.static");
}

#[test]
fn development_needs_neither_a_domain_nor_an_identity_provider() {
    let made = under("development", DEVELOPMENT).make();
    assert_eq!(setting(&made, "BASE_URI").as_deref(), Some("http://localhost:8081"));
    assert!(made.names("Ingress").is_empty());
    let notes = made.notes();
    assert!(notes.matches("port-forward").count() >= 3 && notes.contains("kubectl -n membrane "), "{notes}");
}
