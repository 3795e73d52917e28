use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

const GOOD: &str = include_str!("tests/good.yaml");

fn schemas() -> &'static Schemas {
    Schemas::embedded()
}

/// A YAML file of several documents.
fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect()
}

/// The faults in the newest version, as they would be said.
fn said(object: &Value) -> Vec<String> {
    schemas().check("1.36", object).iter().map(SchemaFault::to_string).collect()
}

fn deployment(container: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    })
}

#[test]
fn the_file_says_which_pinned_sources_it_was_made_from() {
    let header = schemas().header();
    assert_eq!(header.format, 1);
    assert_eq!(schemas().versions(), ["1.33", "1.34", "1.35", "1.36"]);
    assert_eq!(header.versions.keys().collect::<Vec<_>>(), ["1.33", "1.34", "1.35", "1.36"]);
    let script = include_str!("../../../assets/kubernetes/make.py");
    for (minor, release) in &header.versions {
        assert!(script.contains(&format!("\"{minor}\": \"{release}\"")), "{minor} {release}");
        assert!(header.pins.contains_key(&format!("k8s.io/kubernetes@{release}")), "{release}");
    }
    for (source, checksum) in &header.pins {
        let (module, version) = source.split_once('@').unwrap();
        assert!(script.contains(&format!("\"{module}\"")) && script.contains(&format!("\"{version}\"")), "{source}");
        assert!(checksum.starts_with("h1:"), "{source}");
    }
    assert_eq!(header.pins.len(), 9);
    assert!(PACKED.len() < 400_000, "the schemas are carried by every binary: {} bytes", PACKED.len());
}

#[test]
fn every_definition_can_be_parsed_and_every_pattern_compiles() {
    assert_eq!(schemas().store.unparsed(), Vec::<String>::new());
    let broken = schemas().store.nodes().into_iter().filter(|node| node.pattern.is_some() && node.regex().is_none());
    assert_eq!(broken.map(|node| node.pattern.clone()).collect::<Vec<_>>(), []);
}

#[test]
fn damaged_schemas_are_refused_with_what_to_do() {
    let header = PACKED.iter().position(|&byte| byte == b'\n').unwrap();
    for bytes in [&b""[..], b"{}\n", b"{\"format\":2,\"versions\":{},\"pins\":{}}\n", &PACKED[..header + 500]] {
        let error = Schemas::read(bytes).err().unwrap().to_string();
        assert!(error.contains("assets/kubernetes/make.py"), "{error}");
    }
}

#[rstest]
fn what_a_product_installs_is_accepted_in_every_version(#[values("1.33", "1.34", "1.35", "1.36")] version: &str) {
    let objects = documents(GOOD);
    let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    for kind in [
        "Certificate",
        "ConfigMap",
        "Deployment",
        "HTTPRoute",
        "Ingress",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "ScaledObject",
        "Secret",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "StatefulSet",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not tried");
    }
    for object in &objects {
        assert_eq!(schemas().check(version, object), [], "{}", object["kind"]);
    }
}

#[rstest]
#[case(json!({"name": "a", "imagePul": "x"}), "spec.template.spec.containers[0].imagePul: Container has no such field; did you mean image?")]
#[case(json!({"name": "a", "imagePullPolicy": "always"}), "spec.template.spec.containers[0].imagePullPolicy: \"always\" is not known here; expected one of Always, IfNotPresent, Never; did you mean Always?")]
#[case(json!({"image": "x"}), "spec.template.spec.containers[0]: name is missing; expected text")]
#[case(json!({"name": "Web"}), "spec.template.spec.containers[0].name: \"Web\" is malformed; expected lower-case")]
#[case(json!({"name": "a", "tty": "true"}), "spec.template.spec.containers[0].tty: this is text; expected true or false, without quotes")]
#[case(json!({"name": "a", "image": 1}), "spec.template.spec.containers[0].image: this is a whole number; expected text: put it in quotes")]
#[case(json!({"name": "a", "command": "run"}), "spec.template.spec.containers[0].command: this is text; expected a list")]
#[case(json!({"name": "a", "env": {"A": "b"}}), "spec.template.spec.containers[0].env: this is a mapping; expected a list")]
#[case(json!({"name": "a", "env": [{"name": "A", "value": 1}]}), "spec.template.spec.containers[0].env[0].value: this is a whole number; expected text")]
#[case(json!({"name": "a", "env": [{"name": "A"}, {"name": "A"}]}), "spec.template.spec.containers[0].env[1]: item 0 has the same name; expected each only once")]
#[case(json!({"name": "a", "env": [{"name": "A=B"}]}), "env[0].name: \"A=B\" is malformed; expected printable characters")]
#[case(json!({"name": "a", "ports": [{"containerPort": "80"}]}), "ports[0].containerPort: this is text; expected a whole number: write it without quotes")]
#[case(json!({"name": "a", "ports": [{"containerPort": 80.5}]}), "ports[0].containerPort: this is a number with a fraction; expected a whole number")]
#[case(json!({"name": "a", "ports": [{"containerPort": 70000}]}), "ports[0].containerPort: 70000 is out of range; expected a number from 1 to 65535")]
#[case(json!({"name": "a", "ports": [{"containerPort": 5_000_000_000u64}]}), "ports[0].containerPort: 5000000000 does not fit")]
#[case(json!({"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]}), "ports[1]: item 0 has the same containerPort and protocol")]
#[case(json!({"name": "a", "livenessProbe": {"httpGet": {"port": "8288"}}}), "livenessProbe.httpGet.port: \"8288\" is malformed; expected a number from 1 to 65535, or the name of a port, such as http; did you mean 8288 without quotes?")]
#[case(json!({"name": "a", "resources": {"limits": {"memory": "1gb"}}}), "resources.limits.memory: \"1gb\" is not a quantity: \"gb\" is not a suffix of a quantity; did you mean G (1000³) or Gi (1024³)?")]
#[case(json!({"name": "a", "resources": {"request": {}}}), "resources.request: ResourceRequirements has no such field; did you mean requests?")]
#[case(json!({"name": "a", "securityContext": {"runAsNonRoot": 1}}), "securityContext.runAsNonRoot: this is a whole number; expected true or false")]
fn a_fault_in_a_container_is_told_with_its_place_and_what_to_write(#[case] container: Value, #[case] expected: &str) {
    let faults = said(&deployment(&container));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(expected), "{}", faults[0]);
}

#[rstest]
#[case(json!([]), "this is a list; expected an object")]
#[case(json!({"kind": "Service"}), "apiVersion is missing; expected such as apps/v1")]
#[case(json!({"apiVersion": "v1", "kind": 5}), "kind: this is a whole number")]
#[case(json!({"apiVersion": "v1", "kind": "Servce"}), "there is no Servce in v1 in Kubernetes 1.36; did you mean kind Service?")]
#[case(json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress"}), "did you mean apiVersion networking.k8s.io/v1?")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap"}), "metadata: name is missing")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": []}), "metadata: this is a list; expected a mapping")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A"}}), "metadata.name: \"A\" is malformed")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": true}}), "data.a: this is true or false; expected text")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a/b": ""}}), "data[a/b]: this key is malformed")]
#[case(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "a b"}}}), "metadata.labels[app.kubernetes.io/name]: \"a b\" is malformed")]
#[case(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a.b"}}), "metadata.name: \"a.b\" is malformed")]
#[case(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}), "metadata.namespace: a Namespace lives in no namespace")]
#[case(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": {"minAvailable": "half"}}), "spec.minAvailable: \"half\" is malformed; expected a whole number, or a share such as 25%")]
#[case(json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}, "spec": {"scaleTargetRef": {"name": "a"}}}), "spec: triggers is missing; expected a list")]
#[case(json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "a"}, "spec": {"acmee": {}}}), "spec.acmee: there is no such field; did you mean acme?")]
fn a_fault_of_an_object_is_told_with_its_place_and_what_to_write(#[case] object: Value, #[case] expected: &str) {
    let faults = said(&object);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(expected), "{}", faults[0]);
}

#[test]
fn every_fault_is_told_at_once() {
    let faults = said(
        &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "lables": {}}, "spec": {"type": "NodPort", "ports": [{}]}}),
    );
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn no_value_out_of_a_secret_is_told() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "creationTimestamp": "hunter2"}, "type": 5,
        "data": {"a": "hunter2!", "b": 7, "c": ["hunter2"], "d/d": "aGk="}, "stringData": {"e": {"hunter2": 1}},
    });
    let faults = said(&secret);
    assert_eq!(faults.len(), 7, "{faults:?}");
    assert!(!faults.concat().contains("hunter2"), "{faults:?}");
}

#[test]
fn null_is_absence_in_kubernetes_own_kinds() {
    assert_eq!(said(&deployment(&json!({"name": "a", "image": null, "env": null}))), [""; 0]);
    assert!(said(&deployment(&json!({"name": null})))[0].contains("name is missing"));
}

#[test]
fn a_field_that_came_later_is_unknown_in_the_versions_before() {
    let mut object = deployment(&json!({"name": "a"}));
    object["spec"]["template"]["spec"]["hostnameOverride"] = json!("web");
    let faults = |version: &str| schemas().check(version, &object).len();
    assert_eq!([faults("1.33"), faults("1.34"), faults("1.35"), faults("1.36")], [1, 0, 0, 0]);
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "a"}});
    let said = schemas().check("1.33", &policy)[0].to_string();
    assert!(said.contains("one of the versions 1.36, which know it"), "{said}");
    assert_eq!(schemas().check("1.9", &policy)[0].kind, FaultKind::UnknownVersion);
}

#[test]
fn an_answer_of_type_object_is_checked_against_its_definition() {
    let name = "io.k8s.api.core.v1.Affinity";
    let good = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}});
    assert_eq!(schemas().check_definition("1.36", name, &good), []);
    let faults = schemas().check_definition("1.36", name, &json!({"nodeAfinity": {}}));
    assert_eq!(faults[0].to_string(), "nodeAfinity: Affinity has no such field; did you mean nodeAffinity?");
    assert_eq!(schemas().definition(name), Ok(()));
    assert_eq!(schemas().definition("core.v1.Affinity"), Err(Some(name)));
    assert_eq!(schemas().check_definition("1.36", "Afinity", &good)[0].kind, FaultKind::UnknownKind);
    assert_eq!(schemas().check_definition("1.36", "", &good)[0].kind, FaultKind::UnknownKind);
}

#[test]
fn lists_tell_by_which_fields_their_items_differ() {
    let keys = |path: &[&str]| schemas().list_map_keys("1.36", "apps/v1", "Deployment", path).map(<[String]>::to_vec);
    let pod = ["spec", "template", "spec"];
    assert_eq!(keys(&[&pod[..], &["containers"]].concat()).unwrap(), ["name"]);
    assert_eq!(keys(&[&pod[..], &["containers", "env"]].concat()).unwrap(), ["name"]);
    assert_eq!(keys(&[&pod[..], &["containers", "ports"]].concat()).unwrap(), ["containerPort", "protocol"]);
    assert_eq!(keys(&[&pod[..], &["containers", "args"]].concat()), None);
    assert_eq!(keys(&["spec", "nowhere"]), None);
    let finalizers = schemas().list_type("1.36", "v1", "Secret", &["metadata", "finalizers"]);
    assert_eq!(finalizers, Some(ListType::Set));
    let args = schemas().list_type("1.36", "v1", "Pod", &["spec", "containers", "args"]);
    assert_eq!(args, Some(ListType::Atomic));
}

#[test]
fn kinds_tell_their_plural_and_their_scope() {
    for (api_version, kind, plural, scope) in [
        ("apps/v1", "Deployment", "deployments", Scope::Namespaced),
        ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", Scope::Namespaced),
        ("v1", "Namespace", "namespaces", Scope::Cluster),
        ("v1", "PersistentVolume", "persistentvolumes", Scope::Cluster),
        ("cert-manager.io/v1", "ClusterIssuer", "clusterissuers", Scope::Cluster),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", Scope::Namespaced),
    ] {
        let resource = schemas().resource("1.33", api_version, kind).unwrap();
        assert_eq!((resource.plural.as_str(), resource.scope), (plural, scope));
    }
    assert_eq!(schemas().scope("1.36", "v1", "Nothing"), None);
}

#[test]
fn paths_are_written_as_kubectl_writes_them() {
    assert_eq!(Schemas::path_of(&[Ok("spec"), Ok("containers"), Err(0), Ok("image")]), "spec.containers[0].image");
    assert_eq!(Schemas::path_of(&[Ok("metadata"), Ok("labels"), Ok("a.b/c")]), "metadata.labels[a.b/c]");
    assert_eq!(Schemas::path_of(&[Ok("data"), Ok("\u{1b}[2J")]), "data[\\u{1b}[2J]");
}

/// Any JSON, with field names that often exist so that the walk gets somewhere.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = "metadata|spec|template|containers|name|labels|ports|env|resources|limits|data|rules|triggers|.{0,6}";
    leaf.prop_recursive(8, 128, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_answered_without_a_panic(value in anything(), at in any::<prop::sample::Index>()) {
        let kinds: Vec<_> = schemas().store.kinds().collect();
        let (api_version, kind, _) = at.get(&kinds);
        let mut object = value.clone();
        if let Value::Object(fields) = &mut object {
            fields.insert("apiVersion".to_owned(), json!(api_version));
            fields.insert("kind".to_owned(), json!(kind));
        }
        for version in ["1.33", "1.36"] {
            schemas().check(version, &object);
            schemas().check(version, &value);
            schemas().check_definition(version, "io.k8s.api.core.v1.PodSpec", &value);
        }
    }

    #[test]
    fn any_field_that_is_renamed_is_found(at in any::<prop::sample::Index>()) {
        let object = deployment(&json!({"name": "a", "image": "x", "env": [{"name": "A", "value": "b"}]}));
        let text = object.to_string();
        let names = ["\"spec\"", "\"template\"", "\"containers\"", "\"image\"", "\"env\"", "\"value\"", "\"selector\""];
        let name = at.get(&names);
        let changed: Value = serde_json::from_str(&text.replace(name, "\"zzzzzzzz\"")).unwrap();
        prop_assert!(schemas().check("1.36", &changed).iter().any(|fault| fault.kind == FaultKind::UnknownField));
    }
}
