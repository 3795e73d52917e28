//! The bundled and external PostgreSQL and Redis, and SQLite (facts: products 2.5, 2.7, 2.8, 2.12, 2.14).

use serde_json::json;
use slipway::secret::SecretText;

use super::{faults, objects, objects_of, pod};

#[test]
fn the_databases_have_no_default_password_and_redis_has_one_at_all() {
    // 2.7: password `password`; 2.8: no password.
    let objects = objects(&[]);
    assert!(objects["Secret/inngest-postgresql"].recipes.contains_key("postgres-password"));
    assert!(objects["Secret/inngest-redis"].recipes.contains_key("redis.conf"));
    assert!(
        objects["Secret/inngest"].recipes["INNGEST_REDIS_URI"]
            .secrets()
            .iter()
            .any(|(path, _)| *path == "queue.password")
    );
}

#[test]
fn a_database_is_never_rolled_over_its_own_volume() {
    // 2.7: a Deployment that rolls over a ReadWriteOnce claim.
    let objects = objects(&[]);
    for name in ["inngest-postgresql", "inngest-redis"] {
        assert!(objects.contains_key(&format!("StatefulSet/{name}")));
        assert!(!objects.contains_key(&format!("Deployment/{name}")));
        assert_eq!(objects[&format!("StatefulSet/{name}")].object.at(&["spec", "volumeClaimTemplates"]), None);
    }
}

#[test]
fn connection_urls_are_secrets_and_percent_encoded() {
    // 2.5: user and password are not encoded; 0.1.0: URIs in the ConfigMap.
    let objects = objects(&[
        ("database.mode", "external"),
        ("database.by", "parts"),
        ("database.host", "db.acme.io"),
        ("database.secret", "p@ss/w?rd"),
    ]);
    let config = objects["ConfigMap/inngest"].object.0.to_string();
    assert!(!config.contains("postgres://") && !config.contains("redis://"));
    let recipe = &objects["Secret/inngest"].recipes["INNGEST_POSTGRES_URI"];
    let made = recipe.resolve(&|_, _| Some(SecretText::new("p@ss/w?rd"))).unwrap().unwrap();
    assert_eq!(made.expose(), "postgres://inngest:p%40ss%2Fw%3Frd@db.acme.io:5432/inngest?sslmode=require");
}

#[test]
fn sqlite_has_a_writable_folder_and_one_replica() {
    // 2.5: without a folder it fails on the read-only root.
    let objects = objects_of("development", &[("database.mode", "sqlite")]);
    assert_eq!(objects["ConfigMap/inngest"].object.text(&["data", "INNGEST_SQLITE_DIR"]), "/data");
    assert_eq!(objects["Deployment/inngest"].object.integer(&["spec", "replicas"]), Some(1));
    let pod = pod(&objects, "Deployment/inngest");
    let mounts = pod["containers"][0]["volumeMounts"].to_string();
    assert!(mounts.contains("/data") && mounts.contains("/tmp"), "{mounts}");
}

#[test]
fn a_secret_that_exists_is_referenced_and_not_copied() {
    // 2.3: no support for existing Secrets.
    let objects = objects(&[("database.mode", "external"), ("database.url", "secret:my-db/uri")]);
    assert!(!objects["Secret/inngest"].recipes.contains_key("INNGEST_POSTGRES_URI"));
    let env = pod(&objects, "Deployment/inngest")["containers"][0]["env"].clone();
    let reference =
        json!({"name": "INNGEST_POSTGRES_URI", "valueFrom": {"secretKeyRef": {"name": "my-db", "key": "uri"}}});
    assert!(env.as_array().unwrap().contains(&reference), "{env}");
}

#[test]
fn the_open_connections_of_all_replicas_fit_the_server() {
    // 2.12: 100 a replica against PostgreSQL's 100 in all; an update starts one replica more.
    let fixed = ["1", "2", "4", "10", "40"].map(|replicas| (replicas, vec![("replicas", replicas)]));
    let scaled = ["2", "10", "30"].map(|most| (most, vec![("scaling.mode", "keda"), ("keda.max", most)]));
    for (replicas, answers) in fixed.into_iter().chain(scaled) {
        let data = objects(&answers)["ConfigMap/inngest"].object.at(&["data"]).unwrap().clone();
        let number = |key: &str| data[key].as_str().unwrap().parse::<i64>().unwrap();
        let (open, idle) = (number("INNGEST_POSTGRES_MAX_OPEN_CONNS"), number("INNGEST_POSTGRES_MAX_IDLE_CONNS"));
        let all = open * (replicas.parse::<i64>().unwrap() + 1);
        assert!(open > 1 && idle <= open && all <= 97, "{replicas} replicas with {open} each: {all}");
    }
}

#[test]
fn nothing_is_made_that_could_take_the_data_with_it() {
    // 2.14: uninstalling the chart deletes both claims and the Namespace.
    let objects = objects(&[]);
    assert!(!objects.keys().any(|name| name.starts_with("Namespace/")));
    for name in ["inngest-postgresql", "inngest-redis"] {
        let claim = &objects[&format!("PersistentVolumeClaim/{name}")].object;
        assert_eq!(claim.label("applyset.kubernetes.io/part-of"), None);
        assert_eq!(claim.label("slipway.dev/release"), Some("inngest"));
    }
}

#[test]
fn the_databases_have_their_data_on_a_volume_and_a_place_for_everything_else_they_write() {
    // 2.7: with persistence off nothing is mounted on the data directory under a read-only root.
    let objects = objects(&[]);
    for (name, folder) in [("inngest-postgresql", "/var/lib/postgresql/data"), ("inngest-redis", "/data")] {
        let pod = pod(&objects, &format!("StatefulSet/{name}"));
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap().clone();
        let data = mounts.iter().find(|mount| mount["mountPath"] == folder).unwrap();
        let volumes = pod["volumes"].as_array().unwrap().clone();
        let volume = volumes.iter().find(|volume| volume["name"] == data["name"]).unwrap();
        assert_eq!(volume["persistentVolumeClaim"]["claimName"], name);
        assert!(mounts.iter().any(|mount| mount["mountPath"] == "/tmp"), "{name}");
        assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    }
    let run = pod(&objects, "StatefulSet/inngest-postgresql")["containers"][0]["volumeMounts"].to_string();
    assert!(run.contains("/var/run/postgresql"), "{run}");
}

#[test]
fn the_major_version_of_postgresql_and_its_data_directory_stay_together() {
    // 2.7: major 18 moved its volume, and majors cannot read each other's data.
    let container = pod(&objects(&[]), "StatefulSet/inngest-postgresql")["containers"][0].clone();
    assert_eq!(container["image"], "postgres:17");
    let place = json!({"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"});
    assert!(container["env"].as_array().unwrap().contains(&place), "{container}");
}

#[test]
fn a_password_that_an_initialised_data_directory_would_not_take_restarts_no_database() {
    // 2.7: a password that is changed later is not changed inside, and the server cannot log in.
    let objects = objects(&[]);
    let first = objects["Secret/inngest-postgresql"].object.annotation("slipway.dev/first-use-keys").unwrap();
    for key in ["postgres-password", "postgres-username", "postgres-database"] {
        assert!(first.split(',').any(|known| known == key), "{first}");
    }
    let claim = &objects["PersistentVolumeClaim/inngest-postgresql"].object;
    assert_eq!(claim.annotation("slipway.dev/opened-by"), Some("inngest-keys-1/database.password"));
}

#[test]
fn redis_writes_down_what_it_holds_and_shows_its_password_to_no_other_process() {
    // 2.8: the image's default command, without a configuration and without a password.
    let objects = objects(&[]);
    let recipe = &objects["Secret/inngest-redis"].recipes["redis.conf"];
    let made = recipe.resolve(&|_, _| Some(SecretText::new("wonderful"))).unwrap().unwrap();
    assert_eq!(made.expose(), "dir /data\nappendonly yes\nprotected-mode yes\nrequirepass wonderful\n");
    let container = pod(&objects, "StatefulSet/inngest-redis")["containers"][0].clone();
    let script = container["command"][2].as_str().unwrap();
    assert_eq!(script.trim_end().lines().last(), Some("exec redis-server /etc/redis/redis.conf"));
}

#[test]
fn the_url_of_the_bundled_database_names_the_service_and_port_that_are_made() {
    // 2.5: the port in the URL is a constant that ignores the Service's.
    let objects = objects(&[]);
    let url = |key: &str| {
        let recipe = &objects["Secret/inngest"].recipes[key];
        recipe.resolve(&|_, _| Some(SecretText::new("wonderful"))).unwrap().unwrap().expose().to_string()
    };
    let port = |name: &str| objects[&format!("Service/{name}")].object.list(&["spec", "ports"])[0]["port"].clone();
    assert_eq!(url("INNGEST_POSTGRES_URI"), "postgres://inngest:wonderful@inngest-postgresql:5432/inngest");
    assert_eq!(url("INNGEST_REDIS_URI"), "redis://:wonderful@inngest-redis:6379");
    assert_eq!((port("inngest-postgresql"), port("inngest-redis")), (json!(5432), json!(6379)));
}

#[test]
fn the_encryption_of_an_external_database_is_a_choice_and_is_in_the_url() {
    // 2.5: no sslmode, and the driver's own default takes what it gets.
    let parts = [
        ("database.mode", "external"),
        ("database.by", "parts"),
        ("database.host", "db.acme.io"),
        ("database.secret", "wonderful"),
    ];
    let url = |mode: &[(&str, &str)]| {
        let objects = objects(&[&parts, mode].concat());
        let recipe = &objects["Secret/inngest"].recipes["INNGEST_POSTGRES_URI"];
        recipe.resolve(&|_, _| Some(SecretText::new("wonderful"))).unwrap().unwrap().expose().to_string()
    };
    assert!(url(&[]).ends_with("?sslmode=require"));
    assert!(url(&[("database.sslmode", "verify-full")]).ends_with("?sslmode=verify-full"));
}

#[test]
fn a_url_of_another_program_is_refused_in_the_form() {
    // 2.12: postgres:// or postgresql://, redis:// or rediss://.
    let database = |url| faults(&[("database.mode", "external"), ("database.url", url)]);
    let queue = |url| faults(&[("queue.mode", "external"), ("queue.url", url)]);
    for good in ["postgres://u:p@db.acme.io/x", "postgresql://u:p@db.acme.io:6432/x?sslmode=require"] {
        assert_eq!(database(good), [], "{good}");
    }
    for bad in ["mysql://u:p@db.acme.io/x", "db.acme.io:5432", "Postgres://u:p@db.acme.io/x"] {
        assert_eq!(database(bad)[0].0, "database.url", "{bad}");
    }
    for good in ["redis://:p@r.acme.io:6379", "rediss://r.acme.io:6380/1"] {
        assert_eq!(queue(good), [], "{good}");
    }
    for bad in ["r.acme.io:6379", "http://r.acme.io"] {
        assert_eq!(queue(bad)[0].0, "queue.url", "{bad}");
    }
}

#[test]
fn what_lives_in_one_pod_is_never_shared_by_several() {
    // 2.5: SQLite and a queue in memory are lost with the pod, and replicas would not share them.
    let refused = |answers: &[(&str, &str)]| {
        let form = super::form_of("development", answers);
        form.faults().iter().map(|fault| fault.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(refused(&[("database.mode", "sqlite"), ("replicas", "2")]), ["replicas"]);
    assert_eq!(refused(&[("queue.mode", "memory"), ("replicas", "2")]), ["replicas"]);
    assert_eq!(refused(&[("database.mode", "sqlite"), ("scaling.mode", "keda")]), ["scaling.mode"]);
    assert_eq!(refused(&[("database.mode", "sqlite"), ("queue.mode", "memory")]), Vec::<String>::new());
    let production = faults(&[("database.mode", "sqlite"), ("replicas", "1")]);
    assert_eq!(production[0].0, "database.mode");
}

#[test]
fn an_external_server_is_another_one_than_the_one_that_is_made() {
    // It is gone as soon as it is no longer made.
    for (path, wrong) in [
        ("database.url", "postgres://u:p@inngest-postgresql/x"),
        ("database.url", "postgres://u:p@inngest-postgresql.inngest.svc:5432/x"),
        ("queue.url", "redis://:p@inngest-redis.inngest.svc.cluster.local:6379"),
    ] {
        let mode = if path == "queue.url" { "queue.mode" } else { "database.mode" };
        let told = faults(&[(mode, "external"), (path, wrong)]);
        assert!(told.iter().any(|(at, what)| at == path && what.contains("slipway makes")), "{wrong}: {told:?}");
    }
    let parts = [("database.mode", "external"), ("database.by", "parts"), ("database.secret", "x")];
    let told = faults(&[&parts[..], &[("database.host", "inngest-postgresql.inngest")]].concat());
    assert!(told.iter().any(|(at, _)| at == "database.host"), "{told:?}");
}
