//! A plan in the shape of facts: products 2, written by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slipway::object::{Object, ObjectId};
use slipway::plan::rotate::{Login, Rotation};
use slipway::plan::{Action, Class, KeyEntry, KeyPlan, Plan, ProductRef, Step, Target, Verb, Wanted};
use slipway::product::Recipe;
use slipway::product::schema::Generate;
use slipway::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};

fn recipe(template: &str, paths: &[&str]) -> Recipe {
    let given = |path: &&str| {
        let at = SecretRef::Keys { generation: 1, key: (*path).to_string() };
        ((*path).to_string(), slipway::product::Given::Secret { path: (*path).to_string(), at })
    };
    Recipe { template: template.into(), with: paths.iter().map(given).collect() }
}

fn pod(container: &str, image: &str, env_from: Value) -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": false,
        "containers": [{
            "name": container,
            "image": image,
            "envFrom": env_from,
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    })
}

/// The shape of facts: products 2: a database on a claim, composed Secrets, a server that waits for the database.
pub(crate) fn plan(namespace: &str) -> Plan {
    let target = Target { namespace: namespace.into(), release: "inngest".into(), ..Target::default() };
    let labels = |component: &str| json!({"app.kubernetes.io/name": "inngest", "app.kubernetes.io/instance": "inngest", "app.kubernetes.io/component": component});
    let template = |component: &str, spec: Value| json!({"metadata": {"labels": labels(component), "annotations": {"slipway.dev/restart-hash": "open"}}, "spec": spec});
    let object = |api: &str, kind: &str, name: &str, component: &str, rest: Value| {
        let mut object = Object(
            json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": labels(component)}}),
        );
        for (key, value) in rest.as_object().unwrap() {
            object.set(&[key], value.clone());
        }
        object
    };
    let postgres = ObjectId::new("apps", "StatefulSet", namespace, "inngest-postgresql");
    let wanted =
        |object: Object, group: &str| Wanted { object, group: group.into(), after: vec![], recipes: BTreeMap::new() };
    let mut secret = wanted(
        object(
            "v1",
            "Secret",
            "inngest-postgresql",
            "database",
            json!({"type": "Opaque", "data": {"postgres-password": "W2hpZGRlbl0=", "postgres-username": "aW5uZ2VzdA=="}}),
        ),
        "database",
    );
    secret.recipes.insert("postgres-password".into(), recipe("${database.password}", &["database.password"]));
    let mut uris = wanted(
        object(
            "v1",
            "Secret",
            "inngest",
            "server",
            json!({"type": "Opaque", "data": {"INNGEST_POSTGRES_URI": "W2hpZGRlbl0=", "INNGEST_EVENT_KEY": "W2hpZGRlbl0="}}),
        ),
        "server",
    );
    uris.recipes.insert(
        "INNGEST_POSTGRES_URI".into(),
        recipe("postgres://inngest:${database.password}@inngest-postgresql:5432/inngest", &["database.password"]),
    );
    uris.recipes.insert("INNGEST_EVENT_KEY".into(), recipe("${keys.event}", &["keys.event"]));
    let port = |name: &str, port: u16| json!([{"name": name, "port": port, "targetPort": port}]);
    let steps = vec![
        (0, secret),
        (0, uris),
        (
            0,
            wanted(object("v1", "ConfigMap", "inngest", "server", json!({"data": {"INNGEST_PORT": "8288"}})), "server"),
        ),
        (
            0,
            wanted(
                object("v1", "ServiceAccount", "inngest", "server", json!({"automountServiceAccountToken": false})),
                "server",
            ),
        ),
        (
            1,
            wanted(
                object(
                    "v1",
                    "PersistentVolumeClaim",
                    "inngest-postgresql",
                    "database",
                    json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}}}),
                ),
                "database",
            ),
        ),
        (
            1,
            wanted(
                object(
                    "v1",
                    "Service",
                    "inngest-postgresql",
                    "database",
                    json!({"spec": {"selector": labels("database"), "ports": port("postgresql", 5432)}}),
                ),
                "database",
            ),
        ),
        (
            1,
            wanted(
                object(
                    "v1",
                    "Service",
                    "inngest",
                    "server",
                    json!({"spec": {"selector": labels("server"), "ports": port("http", 8288)}}),
                ),
                "server",
            ),
        ),
        (
            2,
            wanted(
                object(
                    "apps/v1",
                    "StatefulSet",
                    "inngest-postgresql",
                    "database",
                    json!({"spec": {
            "serviceName": "inngest-postgresql", "replicas": 1, "selector": {"matchLabels": labels("database")},
            "template": template("database", pod("postgresql", "postgres:17", json!([{"secretRef": {"name": "inngest-postgresql"}}])))}}),
                ),
                "database",
            ),
        ),
        (
            3,
            wanted(
                object(
                    "apps/v1",
                    "Deployment",
                    "inngest",
                    "server",
                    json!({"spec": {
            "replicas": 1, "selector": {"matchLabels": labels("server")},
            "template": template("server", pod("inngest", "inngest/inngest:v1", json!([{"configMapRef": {"name": "inngest"}}, {"secretRef": {"name": "inngest"}}])))}}),
                ),
                "server",
            ),
        ),
    ];
    let entry = |path: &str, opens: &[&str]| KeyEntry {
        path: path.into(),
        source: SecretSource::Generated,
        opens: opens.iter().map(|text| (*text).to_string()).collect(),
    };
    Plan {
        verb: Verb::Install,
        target,
        product: ProductRef {
            name: "inngest".into(),
            title: "Inngest".into(),
            version: "1".into(),
            digest: "d".into(),
        },
        namespace_exists: false,
        keys: KeyPlan {
            generation: 1,
            exists: false,
            entries: vec![
                entry("database.password", &["PersistentVolumeClaim/inngest-postgresql"]),
                entry("keys.event", &["clients"]),
            ],
            rotations: rotations(),
        },
        steps: steps
            .into_iter()
            .map(|(wave, wanted)| Step {
                class: Class::of(&wanted.object),
                one_first: false,
                after: if wanted.object.kind() == "Deployment" { vec![postgres.clone()] } else { vec![] },
                action: Action::Create,
                wave,
                wanted,
            })
            .collect(),
        waves: ["configuration", "storage", "database", "server"].map(String::from).to_vec(),
        health: vec![],
        log_patterns: vec![],
        notes: vec![],
        answers: BTreeMap::new(),
        facts: BTreeMap::new(),
        findings: vec![],
        usual_seconds: None,
        seen: BTreeMap::new(),
    }
}

/// New values each time, as a process makes them that finds no keys.
pub(crate) fn secrets() -> Secrets {
    let secret = |path: &str| {
        let value = Some(SecretText::new(format!("{:032x}", rand::random::<u128>())));
        (
            path.to_string(),
            Secret { source: SecretSource::Generated, value, at: SecretRef::Keys { generation: 1, key: path.into() } },
        )
    };
    Secrets(["database.password", "keys.event"].iter().map(|path| secret(path)).collect())
}

/// The event key may be two at once; the password is the database's.
fn rotations() -> BTreeMap<String, Rotation> {
    let login = Login { group: "database".into(), user: "inngest".into(), database: "inngest".into() };
    BTreeMap::from([
        ("keys.event".into(), Rotation { generate: Some(Generate::Hex(32)), join: ",".into(), ..Rotation::default() }),
        (
            "database.password".into(),
            Rotation { generate: Some(Generate::Password(32)), login: Some(login), ..Rotation::default() },
        ),
    ])
}
