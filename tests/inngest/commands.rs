//! The commands and addresses of the guide that do not work as written (facts: products 2.14, 2.15): what slipway says
//! instead.

use std::collections::BTreeMap;

use slipway::plan::install::install;
use slipway::plan::{Plan, Target};

use super::{INGRESS, KEDA, form, objects};

fn plan(answers: &[(&str, &str)]) -> Plan {
    let form = form(answers);
    assert_eq!(form.faults(), []);
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    install(&form.world(), &BTreeMap::new(), &target, form.recorded()).unwrap()
}

const CONNECT: (&str, &str) = ("exposure.connectHost", "connect.acme.io");

#[test]
fn every_command_that_is_said_names_its_namespace() {
    // 2.14: the guide installs without -n, into whatever is current, and upgrades with it.
    for answers in [&[][..], INGRESS, KEDA, &[INGRESS, &[("exposure.publish", "everything")]].concat()] {
        for note in plan(answers).notes {
            for command in note.split("kubectl ").skip(1) {
                assert!(command.starts_with("-n inngest "), "{note}");
            }
        }
    }
}

#[test]
fn everything_is_made_in_the_namespace_of_the_release_and_the_namespace_is_no_part_of_it() {
    // 2.14: --create-namespace collides with a templated Namespace, and uninstalling takes it along.
    for (name, wanted) in objects(KEDA) {
        assert_eq!(wanted.object.namespace(), "inngest", "{name}");
        assert!(!name.starts_with("Namespace/"), "{name}");
    }
}

#[test]
fn an_address_for_other_namespaces_says_its_own() {
    // 2.15: http://inngest:8288 resolves in the namespace of Inngest alone.
    let notes = plan(&[]).notes.join("\n");
    assert!(notes.contains("INNGEST_BASE_URL=http://inngest.inngest.svc:8288"), "{notes}");
    assert!(!notes.contains("http://inngest:8288"), "{notes}");
}

#[test]
fn connect_is_promised_only_where_it_is_delivered() {
    // 2.14: the guide's https://host:8289 is behind no Ingress.
    let without = plan(INGRESS).notes.join("\n");
    assert!(!without.contains("Connect") && !without.contains("8289"), "{without}");
    let with = plan(&[INGRESS, &[CONNECT]].concat()).notes.join("\n");
    assert!(with.contains("Connect workers: wss://connect.acme.io") && !with.contains("8289"), "{with}");
    let gateway = [
        ("exposure.mode", "gateway"),
        ("exposure.host", "inngest.acme.io"),
        ("exposure.gatewayClass", "istio"),
        ("exposure.issuer", "ClusterIssuer/le"),
        CONNECT,
    ];
    let route = objects(&gateway)["HTTPRoute/inngest-connect"].object.clone();
    assert_eq!(route.list(&["spec", "rules"])[0]["backendRefs"][0]["port"], 8289);
    assert!(plan(&gateway).notes.join("\n").contains("wss://connect.acme.io"));
}

#[test]
fn the_user_interface_is_pointed_to_where_it_can_be_opened() {
    // 2.12, 2.15: unpublished by default, reached by a port-forward.
    let sdk = plan(INGRESS).notes.join("\n");
    assert!(sdk.contains("the user interface is not published: kubectl -n inngest port-forward"), "{sdk}");
    let all = plan(&[INGRESS, &[("exposure.publish", "everything")]].concat()).notes.join("\n");
    assert!(all.contains("Open: https://inngest.acme.io"), "{all}");
    let plain = plan(&[&INGRESS[..3], &[("exposure.tls", "plain")]].concat()).notes.join("\n");
    assert!(plain.contains("INNGEST_BASE_URL=http://inngest.acme.io"), "{plain}");
}

#[test]
fn one_label_finds_every_pod_of_the_release_and_the_component_tells_them_apart() {
    // 2.15: the guide looks by name=inngest, which since 0.3 finds the server alone; its cleanup of claims finds none.
    let objects = objects(&[]);
    let mut components = Vec::new();
    for name in super::WORKLOADS {
        let labels = objects[name].object.at(&["spec", "template", "metadata", "labels"]).unwrap().clone();
        assert_eq!(labels["app.kubernetes.io/instance"], "inngest", "{name}");
        components.push(labels["app.kubernetes.io/component"].as_str().unwrap().to_string());
    }
    assert_eq!(components, ["server", "database", "queue"]);
    for name in ["inngest-postgresql", "inngest-redis"] {
        let claim = &objects[&format!("PersistentVolumeClaim/{name}")].object;
        assert_eq!(claim.label("app.kubernetes.io/instance"), Some("inngest"));
    }
}

#[test]
fn the_end_says_where_the_keys_are_and_never_what_they_are() {
    // 2.14: the keys are in the Secret alone.
    let form = form(&[]);
    let plan = plan(&[]);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("INNGEST_EVENT_KEY") && notes.contains("INNGEST_SIGNING_KEY"), "{notes}");
    for value in form.secrets().values() {
        assert!(!notes.contains(value.expose()));
    }
}

#[test]
fn an_older_server_whose_signing_key_may_not_be_hex_is_stopped_in_front_of_the_upgrade() {
    // 2.16 #2756: from v1.9 on the server exits over a key that 1.8 took.
    let product = form(&[]).product().clone();
    let gate = product.gates.iter().find(|gate| gate.to == "v1.8.99").unwrap();
    assert!(gate.say.contains("hex") && gate.requires == "stop", "{}", gate.say);
}
