//! What the namespace holds and bounds: quotas, limit ranges, Secrets, an earlier install.

use super::*;
use crate::facts::{ClaimFacts, LimitRange, Quota, SecretKeys};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect()
}

fn with_quota(hard: &[(&str, &str)], used: &[(&str, &str)]) -> Facts {
    let mut facts = here();
    facts.namespace.quotas = Fact::Known(vec![Quota { name: "team".into(), hard: map(hard), used: map(used) }]);
    facts
}

#[test]
fn a_quota_that_holds_each_pod_but_not_all_of_them_blocks_with_its_figures() {
    // Two servers of 500m, PostgreSQL and Redis of 100m: 1200m in all, each far below what is left.
    assert_eq!(codes(&[], with_quota(&[("requests.cpu", "2")], &[("requests.cpu", "800m")])), Vec::<String>::new());
    let found = findings(&[], with_quota(&[("requests.cpu", "2")], &[("requests.cpu", "801m")]));
    assert_eq!(found[0].code, "QUOTA_TOO_SMALL");
    assert_eq!(found[0].why, "requests.cpu: 1200m more are needed, 801m of 2 are used");
    assert!(found[0].blocks() && found[0].at == "ResourceQuota/team", "{found:?}");
}

#[test]
fn a_quota_counts_pods_claims_storage_and_objects_by_every_name_that_it_has() {
    for (resource, most, enough) in [
        ("pods", "3", "4"),
        ("count/pods", "3", "4"),
        ("cpu", "1100m", "1200m"),
        ("memory", "2431Mi", "2432Mi"),
        ("persistentvolumeclaims", "1", "2"),
        ("requests.storage", "27Gi", "28Gi"),
        ("standard.storageclass.storage.k8s.io/requests.storage", "27Gi", "28Gi"),
        ("count/statefulsets.apps", "1", "2"),
        ("count/networkpolicies.networking.k8s.io", "2", "3"),
        ("secrets", "3", "4"),
        ("configmaps", "2", "3"),
    ] {
        assert_eq!(codes(&[], with_quota(&[(resource, most)], &[])), ["QUOTA_TOO_SMALL"], "{resource}={most}");
        assert_eq!(codes(&[], with_quota(&[(resource, enough)], &[])), Vec::<String>::new(), "{resource}={enough}");
    }
}

#[test]
fn a_quota_over_limits_refuses_containers_that_name_none_unless_a_limit_range_gives_one() {
    let mut facts = with_quota(&[("limits.cpu", "100")], &[]);
    let found = findings(&[], facts.clone());
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["QUOTA_WANTS_LIMITS"]);
    assert!(found[0].what.contains("limits of cpu") && found[0].why.contains("container"), "{found:?}");
    facts.namespace.limit_ranges = Fact::Known(vec![LimitRange {
        name: "defaults".into(),
        kind: "Container".into(),
        default: map(&[("cpu", "1")]),
        ..LimitRange::default()
    }]);
    assert_eq!(codes(&[], facts.clone()), Vec::<String>::new());
    // Whoever may not read them does not know that there is none.
    facts.namespace.limit_ranges = Fact::Unknown("forbidden".into());
    assert_eq!(codes(&[], facts), ["NOT_CHECKED"]);
}

#[test]
fn a_limit_range_refuses_what_lies_outside_of_it_and_says_by_how_much() {
    let with = |kind: &str, min: &[(&str, &str)], max: &[(&str, &str)]| {
        let mut facts = here();
        let range = LimitRange {
            name: "bounds".into(),
            kind: kind.into(),
            min: map(min),
            max: map(max),
            // As the API server fills it in: the most is the default of a container.
            default: if kind == "Container" { map(max) } else { BTreeMap::new() },
            ..LimitRange::default()
        };
        facts.namespace.limit_ranges = Fact::Known(vec![range]);
        facts
    };
    assert_eq!(codes(&[], with("Container", &[("cpu", "10m")], &[("memory", "4Gi")])), Vec::<String>::new());
    let found = findings(&[], with("Container", &[], &[("memory", "512Mi")]));
    assert!(found.iter().all(|one| one.code == "LIMIT_RANGE"), "{found:?}");
    let server = found.iter().find(|one| one.at.contains("Deployment")).unwrap();
    assert!(server.why.contains("asks for 1Gi memory, and the most is 512Mi"), "{server:?}");
    let found = findings(&[], with("PersistentVolumeClaim", &[], &[("storage", "10Gi")]));
    assert_eq!(found.len(), 1);
    assert!(found[0].at.contains("inngest-postgresql") && found[0].why.contains("20Gi"), "{found:?}");
    let found = findings(&[], with("Pod", &[("cpu", "200m")], &[]));
    assert_eq!(found.len(), 2, "the databases alone ask for less: {found:?}");
}

#[test]
fn a_named_secret_must_be_there_with_the_key_that_is_read() {
    let answers: &[(&str, &str)] = &[
        ("exposure.mode", "ingress"),
        ("exposure.host", "app.acme.io"),
        ("exposure.ingressClass", "nginx"),
        ("exposure.tls", "secret"),
        ("exposure.tlsSecret", "my-tls"),
        ("pullSecrets", "registry"),
    ];
    let secrets = |list: &[(&str, &[&str])]| {
        let mut facts = with_classes(here());
        let read = |(name, keys): &(&str, &[&str])| SecretKeys {
            name: (*name).into(),
            keys: keys.iter().map(|key| (*key).to_string()).collect(),
            ..SecretKeys::default()
        };
        facts.namespace.secrets = Fact::Known(list.iter().map(read).collect());
        facts
    };
    let both: &[(&str, &[&str])] = &[("my-tls", &["tls.crt", "tls.key"]), ("registry", &[".dockerconfigjson"])];
    assert_eq!(codes(answers, secrets(both)), Vec::<String>::new());
    let found = findings(answers, secrets(&[]));
    let blocking: Vec<_> = found.iter().filter(|one| one.blocks()).collect();
    assert_eq!((found.len(), blocking.len()), (4, 1), "three workloads pull, the Ingress blocks: {found:?}");
    assert!(blocking[0].what.contains("my-tls, which does not exist in the namespace inngest"), "{blocking:?}");
    let found = findings(answers, secrets(&[("my-tls", &["cert.pem"]), both[1]]));
    assert_eq!(found[0].code, "SECRET_KEY_MISSING");
    assert!(found[0].what.contains("no tls.crt and no tls.key") && found[0].why.contains("cert.pem"), "{found:?}");
    // A namespace that is made by the run cannot hold it.
    assert!(codes(answers, with_classes(Facts::assumed())).contains(&"SECRET_MISSING".to_string()));
    let mut unknown = with_classes(here());
    unknown.namespace.secrets = Fact::Unknown("forbidden".into());
    assert_eq!(codes(answers, unknown), ["NOT_CHECKED"]);
}

/// A volume that an earlier install left, and its keys where they are left too.
fn left(keys: &[&str]) -> Facts {
    let mut facts = here();
    facts.namespace.claims = Fact::Known(vec![ClaimFacts {
        name: "inngest-postgresql".into(),
        size: "20Gi".into(),
        phase: "Bound".into(),
        release: "inngest".into(),
        opened_by: "inngest-keys-1/database.password".into(),
        ..ClaimFacts::default()
    }]);
    let secret = |name: &&str| SecretKeys {
        name: (*name).into(),
        keys: vec!["database.password".into(), "keys.event".into()],
        release: "inngest".into(),
        opens: vec!["PersistentVolumeClaim/inngest-postgresql".into()],
        ..SecretKeys::default()
    };
    facts.namespace.secrets = Fact::Known(keys.iter().map(secret).collect());
    facts
}

#[test]
fn what_an_earlier_install_left_without_a_record_is_named_with_what_opens_it_and_blocks() {
    let found = findings(&[], left(&["inngest-keys-1"]));
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["EARLIER_DATA", "EARLIER_KEYS"]);
    assert!(found.iter().all(Finding::blocks));
    assert!(found[0].what.contains("inngest-postgresql (20Gi, Bound)"), "{found:?}");
    assert!(found[0].why.contains("inngest-keys-1/database.password opens it"), "{found:?}");
    assert!(found[0].remedy.contains("--existing inngest-postgresql=use"), "{found:?}");
    assert!(found[1].why.contains("they open PersistentVolumeClaim/inngest-postgresql"), "{found:?}");
}

#[test]
fn a_volume_whose_key_is_gone_is_never_given_a_new_one() {
    let found = findings(&[], left(&[]));
    assert_eq!(found[0].code, "EARLIER_KEY_LOST");
    assert!(found[0].what.contains("opened by inngest-keys-1/database.password, which is gone"), "{found:?}");
    assert!(found[0].blocks());
}

#[test]
fn a_release_with_a_record_owns_its_volumes_and_whose_record_may_not_be_read_is_not_called_lost() {
    let mut facts = left(&["inngest-keys-1"]);
    facts.namespace.releases = Fact::Known(vec!["inngest".into()]);
    assert_eq!(codes(&[], facts.clone()), Vec::<String>::new());
    facts.namespace.releases = Fact::Unknown("forbidden".into());
    assert_eq!(codes(&[], facts.clone()), ["NOT_CHECKED"]);
    // Another release's are another matter.
    facts.namespace.releases = Fact::Known(vec![]);
    facts.namespace.claims = Fact::Known(vec![ClaimFacts { release: "other".into(), ..ClaimFacts::default() }]);
    facts.namespace.secrets = Fact::Known(vec![]);
    assert_eq!(codes(&[], facts), Vec::<String>::new());
}

#[test]
fn what_could_not_be_read_is_told_and_never_called_fine() {
    let mut facts = here();
    facts.namespace.quotas = Fact::Unknown("not allowed: resourcequotas is forbidden".into());
    facts.nodes = Fact::Unknown("not allowed".into());
    let found = findings(&[], facts.clone());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, crate::finding::Severity::Warning);
    assert!(found[0].what.ends_with("not be read: nodes, quotas"), "{found:?}");
    // A namespace that is not there yet holds no quota that could matter.
    facts.namespace.exists = false;
    assert!(findings(&[], facts)[0].what.ends_with("not be read: nodes"));
}

#[test]
fn what_was_decided_about_is_no_finding_any_more_unless_somebody_else_mounts_it() {
    use crate::facts::{Existing, Fate, Pact};
    let decided = |fate, strangers: &[&str]| {
        let mut facts = left(&["inngest-keys-1"]);
        if let Fact::Known(claims) = &mut facts.namespace.claims {
            claims[0].strangers = strangers.iter().map(|pod| (*pod).to_string()).collect();
        }
        let one = |key| Existing { key, fate, uid: String::new(), instead: String::new() };
        let both = [("inngest-postgresql".to_string(), one(false)), ("inngest-keys-1".to_string(), one(true))];
        facts.namespace.pact = Pact(both.into());
        codes(&[], facts)
    };
    for fate in [Fate::Use, Fate::Aside, Fate::Wipe] {
        assert_eq!(decided(fate, &[]), Vec::<String>::new(), "{fate:?}");
    }
    for fate in [Fate::Use, Fate::Wipe] {
        assert_eq!(decided(fate, &["nightly-copy"]), ["VOLUME_IN_USE"], "{fate:?}");
    }
    assert_eq!(decided(Fate::Aside, &["nightly-copy"]), Vec::<String>::new(), "it is not touched");
}
