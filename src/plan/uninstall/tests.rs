use serde_json::{Value, json};

use super::held::Mount;
use super::*;
use crate::facts::Fact;

fn target() -> Target {
    Target { namespace: "a".into(), release: "shop".into(), ..Target::default() }
}

fn recorded(objects: &[(&Value, &str, &[&str])]) -> Plan {
    let steps = objects.iter().map(|(object, group, after)| {
        let wanted = Wanted {
            object: Object((*object).clone()),
            group: (*group).into(),
            after: after.iter().map(ToString::to_string).collect(),
            recipes: BTreeMap::new(),
        };
        let class = Class::of(&wanted.object);
        Step { wanted, action: Action::Create, wave: 0, after: vec![], class, one_first: false }
    });
    Plan { steps: steps.collect(), ..Plan::new(Verb::Install, target(), super::super::ProductRef::default()) }
}

fn object(api: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "a"}})
}

fn claim() -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "db", "namespace": "a", "creationTimestamp": "2026-04-23T10:00:00Z",
            "labels": {"slipway.dev/release": "shop"}, "annotations": {"slipway.dev/opened-by": "shop-keys-1/password"},
        },
        "spec": {"volumeName": "pv-1", "storageClassName": "standard", "resources": {"requests": {"storage": "8Gi"}}},
        "status": {"capacity": {"storage": "10Gi"}},
    })
}

fn key() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "shop-keys-1", "namespace": "a", "labels": {"slipway.dev/release": "shop"},
            "annotations": {"slipway.dev/opens": "[\"db\"]"},
        },
        "data": {"password": "c2VjcmV0"},
    })
}

/// A database, a server that waits for it, its autoscaler, a definition, a claim and its key.
fn shop() -> (Plan, Held) {
    let database = object("apps/v1", "StatefulSet", "db");
    let server = object("apps/v1", "Deployment", "server");
    let scaler = object("autoscaling/v2", "HorizontalPodAutoscaler", "server");
    let config = object("v1", "ConfigMap", "config");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x.shop.dev"},
    });
    let recorded = recorded(&[
        (&database, "database", &[]),
        (&server, "server", &["components.database"]),
        (&scaler, "server", &[]),
        (&config, "config", &[]),
    ]);
    let (claim, key) = (claim(), key());
    let volume = Volume::of(&Object(claim.clone()), &BTreeMap::new(), &[]);
    let held = Held {
        objects: [&config, &database, &server, &scaler, &definition, &claim, &key]
            .map(|one| Object(one.clone()))
            .into(),
        volumes: vec![volume],
        keys: vec![KeySecret::of(&Object(key))],
        unmarked: Vec::new(),
    };
    (recorded, held)
}

#[test]
fn what_lost_its_mark_is_told_with_how_to_give_it_back() {
    let (recorded, mut held) = shop();
    held.unmarked.push(ObjectId::new("apps", "Deployment", "a", "server"));
    let plan = plan(&recorded, &held, &target(), &Wishes::default()).unwrap();
    let told = plan.findings.iter().find(|finding| finding.code == "MARK_LOST").unwrap();
    assert!(told.remedy.contains("kubectl label deployment -n a server applyset.kubernetes.io/part-of="), "{told:?}");
    assert!(plan.notes.iter().any(|note| note.starts_with("not deleted: Deployment/server")), "{:?}", plan.notes);
}

#[test]
fn an_uninstall_that_does_not_end_still_knows_the_keys_and_what_was_set_aside() {
    use crate::facts::{Existing, Fate, Pact};
    let (mut recorded, held) = shop();
    let aside = Existing { key: false, fate: Fate::Aside, uid: "u".into(), instead: "db-2".into() };
    recorded.target.pact = Pact(BTreeMap::from([("db".to_string(), aside)]));
    recorded.keys.generation = 3;
    let plan = plan(&recorded, &held, &target(), &Wishes::default()).unwrap();
    assert_eq!((plan.keys.generation, &plan.target.pact), (3, &recorded.target.pact));
    assert!(plan.keys.entries.is_empty());
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn order(plan: &Plan) -> Vec<(&str, &str, u32)> {
    plan.steps.iter().map(|step| (step.wanted.object.kind(), step.action.word(), step.wave)).collect()
}

#[test]
fn what_stands_on_others_goes_first_and_volumes_keys_and_definitions_stay() {
    let (recorded, held) = shop();
    let plan = plan(&recorded, &held, &target(), &Wishes::default()).unwrap();
    let order = order(&plan);
    let wave = |kind: &str| order.iter().find(|(found, ..)| *found == kind).map(|(.., wave)| *wave).unwrap();
    assert!(wave("HorizontalPodAutoscaler") < wave("Deployment"), "{order:?}");
    assert!(wave("Deployment") < wave("StatefulSet"), "who waited for the database goes before it: {order:?}");
    assert!(wave("StatefulSet") < wave("PersistentVolumeClaim"), "{order:?}");
    assert!(wave("StatefulSet") < wave("ConfigMap"), "{order:?}");
    let kept: Vec<&str> = order.iter().filter(|(_, word, _)| *word == "keep").map(|(kind, ..)| *kind).collect();
    assert_eq!(kept.len(), 3, "{order:?}");
    for kind in ["PersistentVolumeClaim", "Secret", "CustomResourceDefinition"] {
        assert!(kept.contains(&kind), "{order:?}");
    }
    assert_eq!(plan.notes.len(), 3, "{:?}", plan.notes);
    assert!(plan.notes[0].contains("kubectl -n a delete pvc db"), "{:?}", plan.notes);
    assert!(plan.findings.is_empty(), "{:?}", plan.findings);
}

#[test]
fn a_plan_of_an_uninstall_holds_no_value_of_a_secret() {
    let (recorded, mut held) = shop();
    // A chart may have put an address with its password into a ConfigMap.
    for config in held.objects.iter_mut().filter(|object| object.kind() == "ConfigMap") {
        config.set(&["data"], json!({"URI": "postgres://ana:c2VjcmV0@db"}));
        config.set(&["binaryData"], json!({"blob": "c2VjcmV0"}));
        config
            .set(&["metadata", "annotations"], json!({"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0"}));
    }
    let plan = plan(&recorded, &held, &target(), &Wishes::default()).unwrap();
    assert!(!serde_json::to_string(&plan).unwrap().contains("c2VjcmV0"));
}

#[test]
fn a_named_volume_goes_with_a_warning_and_its_key_only_with_it() {
    let (recorded, held) = shop();
    let wishes = Wishes { volumes: named(&["db"]), keys: named(&["shop-keys-1"]), ..Wishes::default() };
    let plan = plan(&recorded, &held, &target(), &wishes).unwrap();
    let gone = |kind: &str| {
        order(&plan).contains(&(
            kind,
            "delete",
            plan.steps.iter().find(|step| step.wanted.object.kind() == kind).unwrap().wave,
        ))
    };
    assert!(gone("PersistentVolumeClaim") && gone("Secret"), "{:?}", order(&plan));
    assert_eq!(plan.findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["DATA_DELETED"]);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
    let key_alone = Wishes { volumes: named(&[]), keys: named(&["shop-keys-1"]), ..Wishes::default() };
    let refused = super::plan(&recorded, &held, &target(), &key_alone).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.to_string().contains("it opens db, which is kept"), "{refused}");
}

#[test]
fn a_name_that_is_not_there_is_told_with_the_nearest() {
    let (recorded, held) = shop();
    for (wishes, wanted) in [
        (Wishes { volumes: named(&["bd"]), keys: named(&[]), ..Wishes::default() }, "did you mean db?"),
        (
            Wishes { volumes: named(&[]), keys: named(&["shop-key-1"]), ..Wishes::default() },
            "did you mean shop-keys-1?",
        ),
    ] {
        let failure = plan(&recorded, &held, &target(), &wishes).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert!(failure.hints.iter().any(|hint| hint == wanted), "{failure:?}");
    }
}

#[test]
fn an_unreadable_disk_counts_as_one_that_goes_and_a_retained_one_is_told() {
    let claim = Object(claim());
    let disk = |policy: &str| {
        let found =
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"persistentVolumeReclaimPolicy": policy}});
        BTreeMap::from([("pv-1".to_string(), Fact::Known(Object(found)))])
    };
    let unread = BTreeMap::from([("pv-1".to_string(), Fact::Unknown("forbidden".into()))]);
    assert_eq!(Volume::of(&claim, &unread, &[]).policy, "Delete");
    let retained = Volume::of(&claim, &disk("Retain"), &[]);
    assert!(retained.outlives() && retained.words().contains("its disk stays (Retain)"), "{}", retained.words());
    let (recorded, mut held) = shop();
    held.volumes = vec![retained];
    let wishes = Wishes { volumes: named(&["db"]), keys: named(&[]), ..Wishes::default() };
    let plan = plan(&recorded, &held, &target(), &wishes).unwrap();
    assert!(plan.notes[0].contains("kubectl delete pv pv-1"), "{:?}", plan.notes);
    let mut unbound = claim.clone();
    unbound.remove(&["spec", "volumeName"]);
    assert!(Volume::of(&unbound, &unread, &[]).words().contains("never used, holds no data"));
}

#[test]
fn a_volume_that_a_strangers_pod_mounts_is_not_deleted() {
    let pod = |name: &str, labels: Value| {
        Object(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
            "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "db"}}]},
        }))
    };
    let pods = [pod("db-0", json!({"app.kubernetes.io/instance": "shop"})), pod("debug", json!({}))];
    let volume = Volume::of(&Object(claim()), &BTreeMap::new(), &pods);
    assert_eq!(
        volume.mounted_by,
        [Mount { name: "db-0".into(), ours: true }, Mount { name: "debug".into(), ours: false }]
    );
    let (recorded, mut held) = shop();
    held.volumes = vec![volume];
    let wishes = Wishes { volumes: named(&["db"]), keys: named(&[]), ..Wishes::default() };
    let plan = plan(&recorded, &held, &target(), &wishes).unwrap();
    let blocking: Vec<&str> = plan.findings.iter().filter(|one| one.blocks()).map(|one| one.code.as_str()).collect();
    assert_eq!(blocking, ["VOLUME_IN_USE"]);
}
