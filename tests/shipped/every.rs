//! What holds for each of the four in each of its profiles, and what each refuses.

mod guides;

use serde_json::{Value, json};
use slipway::object::Object;
use slipway::plan::RESTART_HASH;

use super::{Ask, ask};

const PRODUCTS: [&str; 4] = ["prefect", "innominatus", "inferno", "membrane"];
const PROFILES: [&str; 3] = ["development", "staging", "production"];

/// A product under a profile, with the answers that it has none for.
fn least(product: &'static str, profile: &'static str) -> Ask {
    let asked = ask(product, profile);
    if product != "membrane" {
        return asked;
    }
    let asked = asked.with(&[
        ("pull.user", "robot$core+acme"),
        ("pull.password", "x"),
        ("mongo.url", "mongodb+srv://u:p@c.mongodb.net/membrane"),
        ("storage.region", "eu-central-1"),
        ("storage.tmp", "t-mp"),
        ("storage.connectors", "c-onn"),
        ("storage.static", "s-tat"),
        ("storage.staticUrl", "https://static.acme.io"),
        ("identity.role", "arn:aws:iam::123456789012:role/membrane"),
    ]);
    if profile == "development" {
        return asked.with(&[("smtp.host", "s.x.io"), ("email.from", "a@b.io")]);
    }
    asked.with(&[
        ("redis.url", "rediss://:p@r.acme.io:7443"),
        ("exposure.host", "api.acme.io"),
        ("exposure.issuer", "ClusterIssuer/le"),
        ("auth0.domain", "acme.auth0.com"),
        ("auth0.clientId", "abc"),
        ("auth0.clientSecret", "very-secret"),
    ])
}

fn every() -> impl Iterator<Item = Ask> {
    PRODUCTS.into_iter().flat_map(|product| PROFILES.into_iter().map(move |profile| least(product, profile)))
}

fn containers(object: &Object) -> Vec<Value> {
    let Some(pod) = object.pod_spec() else { return Vec::new() };
    let list = |name: &str| pod[name].as_array().cloned().unwrap_or_default();
    [list("containers"), list("initContainers")].concat()
}

#[test]
fn every_profile_installs_without_an_answer_that_it_could_have_given_itself() {
    for asked in every() {
        assert_eq!(asked.faults(), Vec::<String>::new(), "{} {}", asked.product, asked.profile);
    }
}

#[test]
fn every_pod_passes_restricted_and_says_what_it_needs() {
    // 3.3, 5.2, 6.3, 6.6: roots, capabilities and seccomp; 8: variables of Services.
    for asked in every() {
        for (name, wanted) in &asked.make().objects {
            let Some(pod) = wanted.object.pod_spec() else { continue };
            let of = format!("{} {} {name}", asked.product, asked.profile);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{of}");
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{of}");
            assert_eq!(pod["enableServiceLinks"], false, "{of}");
            for container in containers(&wanted.object) {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{of} {}", container["name"]);
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{of} {}", container["name"]);
                let image = container["image"].as_str().unwrap();
                assert!(image.contains(':') && !image.ends_with(":latest"), "{of} {image}");
            }
            for container in pod["containers"].as_array().unwrap() {
                assert!(container["resources"]["requests"]["memory"].is_string(), "{of} {}", container["name"]);
            }
        }
    }
}

#[test]
fn no_fixed_uid_is_asked_for_on_openshift() {
    for asked in every() {
        let asked = asked.on_openshift();
        for (name, wanted) in &asked.make().objects {
            let text = wanted.object.0.to_string();
            for field in ["\"runAsUser\"", "\"runAsGroup\"", "\"fsGroup\""] {
                assert!(!text.contains(field), "{} {} {name} {field}", asked.product, asked.profile);
            }
        }
    }
}

/// Every text in a tree that stands where a ConfigMap or Secret is named.
fn read_by(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match pod {
        Value::Object(map) => {
            for (key, value) in map {
                let name = match key.as_str() {
                    "configMapKeyRef" | "configMapRef" | "configMap" => {
                        value["name"].as_str().map(|name| ("ConfigMap", name))
                    }
                    "secretKeyRef" | "secretRef" => value["name"].as_str().map(|name| ("Secret", name)),
                    "secret" => value["secretName"].as_str().map(|name| ("Secret", name)),
                    _ => None,
                };
                found.extend(name.map(|(kind, name)| format!("{kind}/{name}")));
                found.extend(read_by(value));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| found.extend(read_by(item))),
        _ => {}
    }
    found
}

#[test]
fn pods_restart_with_what_they_read() {
    // 4.4, 8: a ConfigMap that is changed and that no pod reads again.
    let mut readers = 0;
    for asked in every() {
        let steps = asked.make().plan().steps;
        let made: Vec<String> = steps.iter().map(|step| step.wanted.object.id().short()).collect();
        let workloads = steps.iter().map(|step| &step.wanted.object).filter(|object| object.pod_spec().is_some());
        for workload in workloads.filter(|object| matches!(object.kind(), "Deployment" | "StatefulSet" | "DaemonSet")) {
            if read_by(workload.pod_spec().unwrap()).iter().any(|name| made.contains(name)) {
                let hash = workload.at(&["spec", "template", "metadata", "annotations", RESTART_HASH]);
                assert!(hash.is_some(), "{} {} {}", asked.product, asked.profile, workload.id().short());
                readers += 1;
            }
        }
    }
    assert!(readers > 20, "{readers} workloads read something");
}

#[test]
fn nothing_selects_what_is_another_releases() {
    // 4.2, 5.2: selectors of a single word such as app=api.
    for asked in every() {
        for (name, wanted) in &asked.make().objects {
            let selector = match wanted.object.kind() {
                "Service" => wanted.object.at(&["spec", "selector"]),
                "Deployment" | "StatefulSet" | "PodDisruptionBudget" => {
                    wanted.object.at(&["spec", "selector", "matchLabels"])
                }
                "NetworkPolicy" => wanted.object.at(&["spec", "podSelector", "matchLabels"]),
                _ => continue,
            };
            // A Service without a selector has no pods at all.
            if wanted.object.kind() == "Service" && selector.is_none() {
                continue;
            }
            let instance = selector.map(|selector| &selector["app.kubernetes.io/instance"]);
            assert_eq!(instance, Some(&json!(asked.release)), "{} {} {name}", asked.product, asked.profile);
        }
    }
}

#[test]
fn a_secret_for_pulling_images_reaches_every_pod() {
    // 4.1: imagePullSecrets that nothing reads.
    for asked in every() {
        let asked = match asked.product {
            "membrane" => asked.with(&[("pull.mode", "existing"), ("pull.secret", "mirror")]),
            _ => asked.with(&[("pullSecrets", "mirror")]),
        };
        let made = asked.make();
        let pods = made.objects.iter().filter_map(|(name, wanted)| Some((name, wanted.object.pod_spec()?)));
        let read: Vec<(&String, &Value)> = pods.map(|(name, pod)| (name, &pod["imagePullSecrets"])).collect();
        assert!(!read.is_empty(), "{} {}", asked.product, asked.profile);
        for (name, secrets) in read {
            assert_eq!(*secrets, json!([{"name": "mirror"}]), "{} {} {name}", asked.product, asked.profile);
        }
    }
}

#[test]
fn no_secret_value_is_anywhere_but_in_a_secret() {
    // 3.3, 5.3, 6.3: secrets in Deployments and ConfigMaps.
    for asked in every() {
        let made = asked.make();
        let values: Vec<String> = made
            .form
            .secrets()
            .0
            .values()
            .filter_map(|secret| secret.value.clone())
            .map(|value| value.expose().to_owned())
            .collect();
        for (name, wanted) in made.objects.iter().filter(|(name, _)| !name.starts_with("Secret/")) {
            let text = wanted.object.0.to_string();
            for value in values.iter().filter(|value| value.len() > 10) {
                assert!(!text.contains(value.as_str()), "{} {} {name}", asked.product, asked.profile);
            }
        }
    }
}

#[test]
fn every_command_that_is_said_names_its_namespace_and_no_password() {
    // 4.9, 6.11: commands that lead elsewhere.
    for asked in every().chain(every().map(Ask::elsewhere)) {
        let made = asked.make();
        let namespace = &asked.space;
        let notes = made.notes();
        assert!(!notes.is_empty());
        for command in notes.split("kubectl ").skip(1) {
            assert!(command.starts_with(&format!("-n {namespace} ")), "{}: kubectl {command}", asked.product);
        }
        for secret in made.form.secrets().0.values() {
            let value = secret.value.as_ref().map(|value| value.expose().to_owned()).unwrap_or_default();
            assert!(value.len() < 10 || !notes.contains(&value), "{}", asked.product);
        }
    }
}

#[test]
fn everything_is_in_the_namespace_of_the_release_and_nothing_holds_its_version_in_a_selector() {
    // 8, 4.2: the namespace of the values beats -n; 6.1: a Job and a claim that ignore namespaceOverride; 6.2: the
    // chart in labels.
    for asked in every().chain(every().map(Ask::elsewhere)) {
        let namespace = &asked.space;
        for (name, wanted) in &asked.make().objects {
            assert!(!name.starts_with("Namespace/"));
            let cluster_scoped = name.starts_with("Cluster");
            assert_eq!(wanted.object.namespace(), if cluster_scoped { "" } else { namespace }, "{name}");
            let selector = wanted.object.at(&["spec", "selector"]).map(Value::to_string).unwrap_or_default();
            assert!(!selector.contains("version") && !selector.contains("helm.sh"), "{name}: {selector}");
        }
    }
}

#[test]
fn bad_words_are_refused_where_they_are_typed() {
    let long = format!("{}.example.com", "a".repeat(64));
    let whole = format!("{}.example.com", "a.".repeat(130));
    let (long, whole): (&'static str, &'static str) = (long.leak(), whole.leak());
    for (product, profile, more, path, wrong) in [
        (
            "prefect",
            "production",
            &[("exposure.mode", "ingress")][..],
            "exposure.host",
            &[long, whole, "UPPER_case", "a b"][..],
        ),
        ("prefect", "production", &[], "database.storage", &["10gb", "-1Gi", "ten", "0"]),
        ("prefect", "production", &[], "resources.memory", &["10gb", "1 Gi"]),
        ("innominatus", "production", &[], "workspaces.storage", &["10gb"]),
        (
            "innominatus",
            "production",
            &[("database.mode", "external"), ("database.secret", "x")],
            "database.host",
            &[long, "db_1", "innominatus-postgresql"],
        ),
        ("inferno", "production", &[], "storage.models", &["500gb"]),
        ("inferno", "production", &[], "resources.cpu", &["3"]),
        ("membrane", "staging", &[("runner.memoryLimit", "1Gi")], "runner.memory", &["2Gi"]),
        ("prefect", "production", &[("services.cpuLimit", "100m")], "services.cpu", &["1"]),
        ("membrane", "staging", &[], "exposure.host", &[long]),
        ("membrane", "staging", &[], "redis.url", &["http://x", "redis://membrane-redis.membrane.svc:6379"]),
    ] {
        for wrong in wrong {
            let asked = least(product, profile).with(more);
            let asked = if path == "exposure.host" && product == "prefect" {
                asked.with(&[("exposure.tls", "plain")])
            } else {
                asked
            };
            let faults = asked.with(&[(path, wrong)]).faults();
            assert!(faults.iter().any(|fault| fault.starts_with(path)), "{product} {path}={wrong}: {faults:?}");
        }
    }
}
