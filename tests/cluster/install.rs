//! `slipway install` as an operator runs it, on the real control plane.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::{Output, Stdio};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use slipway::sanitize::Redactor;
use slipway::secret::SecretText;

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

/// Kinds of everything that an installation of Inngest may hold.
const KINDS: &str = "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments,statefulsets,pods,networkpolicies,poddisruptionbudgets,ingresses,scaledobjects.keda.sh,gateways.gateway.networking.k8s.io,httproutes.gateway.networking.k8s.io,events";

pub(crate) fn fresh(behaviour: &str) -> String {
    format!("{behaviour}-install-{:08x}", rand::random::<u32>())
}

pub(crate) fn install(cx: &Context, user: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway(user).arg("install").args(arguments).output()?)
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn succeeded(output: &Output) {
    assert!(output.status.success(), "{:?}\n{}", output.status, said(output));
}

/// Every object of a namespace, by kind and name.
pub(crate) fn objects(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, Value>> {
    let output = cx.kubectl().args(["-n", namespace, "get", KINDS, "-o", "json", "--show-managed-fields"]).output()?;
    let list: Value = serde_json::from_slice(&output.stdout)?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    Ok(items
        .into_iter()
        .map(|item| {
            let text = |path: &str| item.pointer(path).and_then(Value::as_str).unwrap_or("").to_string();
            (format!("{}/{}", text("/kind"), text("/metadata/name")), item)
        })
        .collect())
}

/// The values of a key Secret, decoded.
pub(crate) fn keys(objects: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let data = objects["Secret/inngest-keys-1"]["data"].as_object().cloned().unwrap_or_default();
    let decode = |value: &Value| String::from_utf8(BASE64.decode(value.as_str().unwrap()).unwrap()).unwrap();
    data.iter().map(|(key, value)| (key.clone(), decode(value))).collect()
}

pub(crate) fn versions(objects: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    /// Their status moves by itself, and their version with it: of these it is everything else that counts.
    const ALIVE: [&str; 4] = ["Pod/", "Deployment/", "StatefulSet/", "ReplicaSet/"];
    let version = |name: &str, object: &Value| {
        if !ALIVE.iter().any(|kind| name.starts_with(kind)) {
            return object["metadata"]["resourceVersion"].to_string();
        }
        let mut rest = object.clone();
        rest["status"].take();
        rest["metadata"]["resourceVersion"].take();
        // The controller's own.
        rest["metadata"]["annotations"]["deployment.kubernetes.io/revision"].take();
        rest.to_string()
    };
    let told = objects.iter().filter(|(name, _)| !name.starts_with("Event/"));
    told.map(|(name, object)| (name.clone(), version(name, object))).collect()
}

pub(crate) fn is_absent(cx: &Context, namespace: &str) -> testbed::Outcome<bool> {
    Ok(!cx.kubectl().args(["get", "namespace", namespace]).output()?.status.success())
}

pub(crate) async fn every_profile_installs_headless_and_again_writes_nothing(cx: Context) -> Outcome {
    for profile in ["development", "staging", "production"] {
        let namespace = fresh("fast");
        let arguments = ["inngest", "--profile", profile, "-n", &namespace, "--yes"];
        let first = install(&cx, "admin", &arguments)?;
        succeeded(&first);
        let before = objects(&cx, &namespace)?;
        let pods: Vec<&Value> =
            before.iter().filter(|(name, _)| name.starts_with("Pod/")).map(|(_, object)| object).collect();
        assert_eq!(pods.len(), if profile == "production" { 4 } else { 3 }, "{profile}");
        for pod in pods {
            let ready = pod["status"]["conditions"].as_array().into_iter().flatten();
            let ready = ready.filter(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            assert_eq!(ready.count(), 1, "{}", pod["metadata"]["name"]);
        }
        let made = keys(&before);
        assert_eq!(
            (made["keys.event"].len(), made["keys.signing"].len(), made["database.password"].len()),
            (32, 64, 32)
        );
        assert!(made["keys.signing"].chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()));
        for _ in 0..if profile == "production" { 10 } else { 1 } {
            let again = install(&cx, "admin", &arguments)?;
            succeeded(&again);
            assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
            let after = objects(&cx, &namespace)?;
            assert_eq!(keys(&after), made);
            assert_eq!(versions(&after), versions(&before));
        }
    }
    DONE
}

pub(crate) async fn no_secret_value_is_anywhere_but_in_a_secret(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let brought = "postgres://ops:s3cr%40t-Wert@db.acme.io:5432/inngest";
    let mut command = cx.slipway("admin");
    command.env("DB_URL", brought).args(["install", "inngest", "-n", &namespace, "--yes", "-o", "json"]);
    command.args(["--set", "database.mode=external", "--set", "database.url=env:DB_URL"]);
    let output = command.output()?;
    succeeded(&output);
    let objects = objects(&cx, &namespace)?;
    let mut values = keys(&objects);
    assert_eq!(values["database.url"], brought);
    values.insert("part".into(), "s3cr%40t-Wert".into());
    let secrets: Vec<SecretText> = values.values().map(|value| SecretText::new(value.as_str())).collect();
    let redactor = Redactor::new(&secrets);
    let clean = |what: &str, text: &str| {
        assert!(redactor.hide(text) == text, "{what} holds a secret value: {}", redactor.hide(text));
    };
    clean("the output", &said(&output));
    for (name, object) in objects.iter().filter(|(name, _)| !name.starts_with("Secret/")) {
        clean(name, &object.to_string());
        // The record is compressed.
        for (key, value) in object["binaryData"].as_object().into_iter().flatten() {
            let bytes = BASE64.decode(value.as_str().unwrap())?;
            let mut text = String::new();
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
            assert!(text.contains("inngest"), "{name} {key} is the record");
            clean(name, &text);
        }
    }
    let plan = cx
        .slipway("admin")
        .env("DB_URL", brought)
        .args(["plan", "inngest", "-n", &namespace, "-o", "json"])
        .output()?;
    clean("the plan", &said(&plan));
    DONE
}

pub(crate) async fn every_pod_passes_restricted_where_that_is_enforced(cx: Context) -> Outcome {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let namespace = cx.namespace_with("fast-restricted", labels).await?;
    let keda = ["--set", "scaling.mode=keda"];
    let output = install(
        &cx,
        "admin",
        &[&["inngest", "--profile", "production", "-n", &namespace, "--yes"], &keda[..]].concat(),
    )?;
    succeeded(&output);
    let objects = objects(&cx, &namespace)?;
    assert!(objects.contains_key("ScaledObject/inngest"));
    // Replicas belong to the autoscaler: nobody but it has said how many (facts: products 2.9).
    assert!(
        !objects["Deployment/inngest"]["metadata"]["managedFields"]
            .to_string()
            .contains("f:replicas\":{}},\"f:selector")
    );
    DONE
}

pub(crate) async fn a_killed_install_is_finished_by_the_next_run_with_the_first_keys(cx: Context) -> Outcome {
    let arguments = |namespace: &str| ["install", "inngest", "-n", namespace, "--yes"].map(str::to_string);
    let namespace = fresh("fast");
    let began = Instant::now();
    succeeded(&cx.slipway("admin").args(arguments(&namespace)).output()?);
    let whole = began.elapsed();
    // A fixed seed: twenty moments spread over a run, each moved a little.
    let mut seed = 0x5eed_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(seed >> 33).unwrap()) / f64::from(1u32 << 31)
    };
    let moments: Vec<std::time::Duration> =
        (0..20).map(|moment| whole.mul_f64((f64::from(moment) + random()) / 20.0)).collect();
    let killed = |after: std::time::Duration| -> testbed::Outcome<()> {
        let namespace = fresh("fast");
        let mut child =
            cx.slipway("admin").args(arguments(&namespace)).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        std::thread::sleep(after);
        child.kill()?;
        child.wait()?;
        let found = objects(&cx, &namespace).unwrap_or_default();
        let first = found.contains_key("Secret/inngest-keys-1").then(|| keys(&found));
        let output = cx.slipway("admin").args(arguments(&namespace)).output()?;
        assert!(output.status.success(), "killed after {after:?}: {}", said(&output));
        let finished = objects(&cx, &namespace)?;
        if let Some(first) = first {
            assert_eq!(keys(&finished), first, "killed after {after:?}");
        }
        let key_secrets = finished.keys().filter(|name| name.starts_with("Secret/inngest-keys-"));
        assert_eq!(key_secrets.count(), 1, "killed after {after:?}");
        // The record that was begun is gone on with: nobody sees a second one in the history.
        assert!(!finished.contains_key("ConfigMap/slipway-inngest.r2"), "killed after {after:?}");
        Ok(())
    };
    // A few at once: most of the time each waits for the cluster.
    let lines = moments.chunks(5);
    std::thread::scope(|scope| -> testbed::Outcome<()> {
        let threads: Vec<_> =
            lines.map(|line| scope.spawn(|| line.iter().try_for_each(|after| killed(*after)))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })?;
    DONE
}

/// One wrong command: what is wrong, user, arguments, exit code, and words that must be said.
type Wrong = (&'static str, &'static str, Vec<String>, i32, &'static [&'static str]);

pub(crate) async fn bad_input_is_told_with_its_exit_code_and_nothing_is_written(cx: Context) -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let namespace = fresh("fast");
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let wrong: Vec<Wrong> = vec![
        (
            "an unknown product",
            "admin",
            strings(&["ingest", "--yes"]),
            2,
            &["there is no product `ingest`", "did you mean inngest?"],
        ),
        ("a flag without a value", "admin", strings(&["inngest", "--set", "hunter2"]), 2, &["--set PATH=VALUE"]),
        (
            "a typo in a file",
            "admin",
            strings(&["inngest", "--yes", "-f", &file("a.yaml", "replica: 2\n")]),
            3,
            &["a.yaml:1:10", "did you mean `replicas`?"],
        ),
        (
            "a wrong type in a file",
            "admin",
            strings(&["inngest", "--yes", "-f", &file("b.yaml", "replicas: two\n")]),
            3,
            &["b.yaml:1:11", "must be a whole number"],
        ),
        (
            "a wrong value",
            "admin",
            strings(&["inngest", "--yes", "--set", "database.storage=10gb"]),
            3,
            &["database.storage must be a Kubernetes quantity"],
        ),
        (
            "a plain secret",
            "admin",
            strings(&["inngest", "--yes", "--set", "keys.event=hunter2"]),
            3,
            &["keys.event is a secret", "env:NAME"],
        ),
        (
            "a missing answer",
            "admin",
            strings(&["inngest", "--yes", "--set", "exposure.mode=ingress"]),
            3,
            &["--set exposure.host=…", "SLIPWAY_SET_EXPOSURE__HOST", "answers file key exposure.host"],
        ),
        (
            "an unknown profile",
            "admin",
            strings(&["inngest", "--yes", "--profile", "prod"]),
            3,
            &["development|staging|production"],
        ),
        ("an unknown context", "admin", strings(&["inngest", "--yes", "--context", "nowhere"]), 4, &["nowhere"]),
        ("an expired credential", "expired", strings(&["inngest", "--yes"]), 4, &["nothing was written"]),
        ("no right at all", "powerless", strings(&["inngest", "--yes"]), 4, &["nothing was written"]),
        ("not confirmed", "admin", strings(&["inngest"]), 6, &["nobody said yes", "--yes"]),
        (
            "a class that does not exist",
            "admin",
            strings(&["inngest", "--yes", "--set", "database.storageClass=fast"]),
            6,
            &["STORAGE_CLASS_MISSING", "--skip-preflight"],
        ),
    ];
    for (what, user, arguments, code, words) in wrong {
        let output = cx.slipway(user).arg("install").args(&arguments).args(["-n", &namespace]).output()?;
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{what}: {told}");
        for word in words {
            assert!(told.contains(word), "{what} does not say {word:?}: {told}");
        }
        assert!(told.contains("error: "), "{what}: {told}");
        assert!(!told.contains("hunter2"), "{what}: {told}");
        assert!(is_absent(&cx, &namespace)?, "{what} wrote something");
    }
    let nowhere = cx
        .slipway("admin")
        .env("KUBECONFIG", folder.path().join("none"))
        .env("HOME", folder.path())
        .args(["install", "inngest", "--yes"])
        .output()?;
    assert_eq!(nowhere.status.code(), Some(4), "{}", said(&nowhere));
    assert_eq!(said(&nowhere).matches("none").count(), 1, "the path is told once: {}", said(&nowhere));
    DONE
}

pub(crate) async fn a_credential_plugin_gives_the_token_and_one_that_fails_is_told(cx: Context) -> Outcome {
    let folder = tempfile::tempdir()?;
    let admin: Value = serde_yaml::from_str(&std::fs::read_to_string(cx.kubeconfig("admin"))?)?;
    let token = admin["users"][0]["user"]["token"].as_str().ok_or("the administrator has no token")?;
    let mut asking = admin.clone();
    asking["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": [folder.path().join("plugin")],
        "interactiveMode": "IfAvailable",
    }});
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, asking.to_string())?;
    let with = |script: &str| -> testbed::Outcome<Output> {
        std::fs::write(folder.path().join("plugin"), script)?;
        let namespace = fresh("fast");
        let arguments = ["preflight", "inngest", "-n", &namespace];
        Ok(cx.slipway("admin").env("KUBECONFIG", &kubeconfig).args(arguments).output()?)
    };
    succeeded(&with(&format!(
        "echo '{{apiVersion: client.authentication.k8s.io/v1, kind: ExecCredential, status: {{token: \"{token}\"}}}}'"
    ))?);
    let failed = with("echo 'the session has expired: log in at the harbour' >&2; exit 1")?;
    assert_eq!(failed.status.code(), Some(4), "{}", said(&failed));
    assert!(said(&failed).contains("the session has expired: log in at the harbour"), "{}", said(&failed));
    assert!(said(&failed).contains("nothing was written"), "{}", said(&failed));
    DONE
}

pub(crate) async fn what_is_somebody_elses_is_refused_and_left_as_it_is(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-foreign").await?;
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inngest"}, "data": {"mine": "yes"}});
    cx.apply(&namespace, object).await?;
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(said(&output).contains("--adopt ConfigMap/inngest"), "{}", said(&output));
    let found = objects(&cx, &namespace)?;
    assert_eq!(found["ConfigMap/inngest"]["data"], json!({"mine": "yes"}));
    assert!(!found.contains_key("Secret/inngest-keys-1") && !found.contains_key("Deployment/inngest"));
    DONE
}

pub(crate) async fn a_namespace_that_is_being_deleted_is_refused(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-ending").await?;
    let held = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["testbed.slipway.dev/hold"]}});
    cx.apply(&namespace, held).await?;
    cx.kubectl().args(["delete", "namespace", &namespace, "--wait=false"]).output()?;
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(said(&output).contains("is being deleted"), "{}", said(&output));
    cx.kubectl()
        .args([
            "-n",
            &namespace,
            "patch",
            "configmap",
            "held",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/metadata/finalizers"}]"#,
        ])
        .output()?;
    DONE
}

pub(crate) async fn an_image_that_cannot_be_pulled_ends_the_run_with_its_name_and_remedy(cx: Context) -> Outcome {
    let namespace = fresh("image-only-inngest");
    // A run that the timeout ends has another exit code.
    let output = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes", "--timeout", "100s"])?;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("inngest/inngest:v1.43.0") && told.contains("IMAGE_NOT_FOUND"), "{told}");
    DONE
}
