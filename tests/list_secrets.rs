//! Secrets inside the items of a list, from the command line to the practice cluster and back (language.md "Types").

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use slipway::cluster::{Cluster, Connector, Identity, Wire, in_memory};
use slipway::object::{Object, ObjectId};
use slipway::practice::{Options, Server};

const PRODUCT: &str = r#"slipway: 1
name: demo
title: Demo
about: For tests
profiles: [dev]
versions: {default: v1.0.0}
pages:
  - id: users
    title: Users
    questions:
      - id: users
        type: list
        key: name
        ask: Users
        default: []
        fields:
          - {id: name, type: text, ask: Name}
          - {id: password, type: secret, ask: Password, generate: {password: 24}}
"#;

const MANIFEST: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: users}
data:
  lines: '${users.map(u, u.name + "=" + u.password).join(",")}'
---
$each: {user: users}
apiVersion: v1
kind: ConfigMap
metadata: {name: 'user-${user.name}'}
data: {secret: '${secretName(user.password)}/${secretKey(user.password)}'}
"#;

const ALICE: &str = "hunter2-of-alice";

/// Runs slipway on a practice cluster whose state lies in `state`.
fn slipway(state: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_slipway"))
        .args(arguments)
        .args(["--products", state.join("products").to_str().unwrap(), "--practice", "--no-input"])
        .env("SLIPWAY_STATE_DIR", state.join("practice"))
        .env("ALICE", ALICE)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?} {:?}\n{said}", output.status);
    assert!(!said.contains(ALICE), "{said}");
    said
}

/// The practice cluster that the runs left behind.
fn left(state: &Path) -> Cluster {
    let options = Options { folder: Some(state.join("practice")), ..Options::default() };
    let server = Arc::new(Server::start(options).unwrap());
    let connector: Connector = Arc::new(move || {
        let wire: Box<dyn Wire> = Box::new(server.connect());
        Box::pin(std::future::ready(Ok(wire)))
    });
    in_memory(connector, Identity { practice: true, ..Identity::default() })
}

async fn object(cluster: &Cluster, kind: &str, name: &str) -> Option<Object> {
    cluster.find(&ObjectId::new("", kind, "demo", name)).await.unwrap()
}

async fn secret(cluster: &Cluster, name: &str) -> BTreeMap<String, String> {
    let object = object(cluster, "Secret", name).await.unwrap();
    let data = object.at(&["data"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let decoded = data
        .iter()
        .map(|(key, value)| (key.clone(), String::from_utf8(BASE64.decode(value.as_str().unwrap()).unwrap()).unwrap()));
    decoded.collect()
}

#[test]
fn secrets_of_items_are_stored_in_the_key_secret_composed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let product = state.join("products/demo");
    std::fs::create_dir_all(product.join("manifests")).unwrap();
    std::fs::write(product.join("product.yaml"), PRODUCT).unwrap();
    std::fs::write(product.join("dev.yaml"), "title: Dev\nabout: x\nanswers: {}\n").unwrap();
    std::fs::write(product.join("manifests/app.yaml"), MANIFEST).unwrap();
    let answers = state.join("answers.yaml");
    std::fs::write(&answers, "users:\n  - {name: alice, password: 'env:ALICE'}\n  - {name: bob}\n").unwrap();
    let file = answers.to_str().unwrap();
    // One each, so that nothing of it holds the practice cluster's folder while slipway runs.
    let runtime = || tokio::runtime::Runtime::new().unwrap();

    let planned = slipway(state, &["plan", "demo", "-f", file, "-o", "json"]);
    assert!(planned.contains("users.alice.password") && planned.contains("users.bob.password"), "{planned}");
    slipway(state, &["install", "demo", "-f", file, "--yes"]);
    let first = runtime().block_on(async {
        let cluster = left(state);
        let keys = secret(&cluster, "demo-keys-1").await;
        assert_eq!(keys["users.alice.password"], ALICE);
        let bob = keys["users.bob.password"].clone();
        assert_eq!(bob.len(), 24);
        assert_eq!(secret(&cluster, "users").await["lines"], format!("alice={ALICE},bob={bob}"));
        let config = object(&cluster, "ConfigMap", "user-bob").await.unwrap();
        assert_eq!(config.at(&["data", "secret"]).unwrap(), "demo-keys-1/users.bob.password");
        bob
    });

    // The same again keeps the key that was made, without the file too: the record has the items.
    slipway(state, &["install", "demo", "--yes"]);
    // A further item is a new key: the next generation holds the first ones unchanged.
    slipway(
        state,
        &[
            "install",
            "demo",
            "--yes",
            "--set",
            "users={name: alice}",
            "--set",
            "users={name: bob}",
            "--set",
            "users={name: carol}",
        ],
    );
    runtime().block_on(async {
        let cluster = left(state);
        let keys = secret(&cluster, "demo-keys-2").await;
        assert_eq!((keys["users.alice.password"].as_str(), &keys["users.bob.password"]), (ALICE, &first));
        let carol = keys["users.carol.password"].clone();
        let lines = format!("alice={ALICE},bob={first},carol={carol}");
        assert_eq!(secret(&cluster, "users").await["lines"], lines);
        let config = object(&cluster, "ConfigMap", "user-alice").await.unwrap();
        assert_eq!(config.at(&["data", "secret"]).unwrap(), "demo-keys-2/users.alice.password");
        let listed = cluster.list("", "ConfigMap", "demo", "").await.unwrap();
        for object in &listed.objects {
            let text = object.0.to_string();
            assert!(!text.contains(ALICE) && !text.contains(&first) && !text.contains(&carol), "{text}");
        }
    });
}
