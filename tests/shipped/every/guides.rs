//! Faults that several of the guides and charts have in common (facts: products 8, and where each product lists them).

use slipway::facts::{Facts, Version};
use slipway::plan::set::{OPENED_BY, PART_OF, RELEASE};
use slipway::preflight;

use super::*;

#[test]
fn volumes_stay_when_their_release_goes_and_say_what_opens_them() {
    // 8: helm uninstall deletes the claims of Inferno (4.5), of SQLite (6.14) and of the workspaces (3.6), and keeps
    // those of databases without the password that opens them (3.6, 6.14, #42).
    let sqlite = ask("prefect", "development").with(&[("database.mode", "sqlite")]);
    let (mut kept, mut opened) = (0, 0);
    for asked in every().chain([sqlite]) {
        let made = asked.make();
        for name in made.names("PersistentVolumeClaim") {
            let of = format!("{} {} {name}", asked.product, asked.profile);
            let claim = &made.objects[&format!("PersistentVolumeClaim/{name}")].object;
            assert_eq!((claim.label(PART_OF), claim.label(RELEASE)), (None, Some(asked.release)), "{of}");
            kept += 1;
            if name.ends_with("-postgresql") {
                let key = format!("{}-keys-1/database.password", asked.release);
                assert!(claim.annotation(OPENED_BY).is_some_and(|by| by.split(',').any(|one| one == key)), "{of}");
                opened += 1;
            }
        }
        // Of a claim that a StatefulSet makes by itself nobody would know afterwards.
        for name in made.names("StatefulSet") {
            let templates = made.at(&format!("StatefulSet/{name}"), "/spec/volumeClaimTemplates");
            assert_eq!(templates, Value::Null, "{} {} {name}", asked.product, asked.profile);
        }
    }
    assert!(kept > 20 && opened == 6, "{kept} volumes, {opened} of databases");
}

#[test]
fn no_second_pod_starts_over_a_volume_of_one_node() {
    // 8: ReadWriteOnce with RollingUpdate or several replicas: Inferno (4.5), the workspaces (3.4), SQLite (6.4).
    let sqlite = ask("prefect", "development").with(&[("database.mode", "sqlite")]);
    let mut single = 0;
    for asked in every().chain([sqlite]) {
        let made = asked.make();
        for name in made.names("Deployment") {
            let deployment = format!("Deployment/{name}");
            let volumes = made.pod(&deployment, "/volumes");
            for volume in volumes.as_array().into_iter().flatten() {
                let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else { continue };
                if made.at(&format!("PersistentVolumeClaim/{claim}"), "/spec/accessModes") != json!(["ReadWriteOnce"]) {
                    continue;
                }
                let of = format!("{} {} {name} {claim}", asked.product, asked.profile);
                assert_eq!(made.at(&deployment, "/spec/strategy/type"), "Recreate", "{of}");
                assert_eq!(made.at(&deployment, "/spec/replicas"), 1, "{of}");
                single += 1;
            }
        }
    }
    assert!(single >= 7, "{single} volumes of one node");
}

#[test]
fn every_image_is_of_a_repository_that_is_there() {
    // 8: Bitnami's are gone (3.6, 6.8, 6.9, 6.10, #524); inferno:0.8.0 never was (4.4).
    for asked in every() {
        for (name, wanted) in &asked.make().objects {
            for container in containers(&wanted.object) {
                let image = container["image"].as_str().unwrap();
                let of = format!("{} {} {name} {image}", asked.product, asked.profile);
                assert!(!image.contains("bitnami"), "{of}");
                let (repository, _) = image.rsplit_once(':').unwrap();
                assert!(repository.contains('/') || ["postgres", "redis"].contains(&repository), "{of}");
            }
        }
    }
}

#[test]
fn policies_know_namespaces_by_the_label_that_they_have_and_let_dns_out_both_ways() {
    // 8, 3.3, 4.7: namespaces by the label `name`, which none has; no DNS at all, or not over TCP.
    for asked in every() {
        let asked = asked.with(&[("networkPolicy.enabled", "true"), ("networkPolicy.callers", "ingress-nginx")]);
        let made = asked.make();
        let names = made.names("NetworkPolicy");
        assert!(!names.is_empty(), "{} {}", asked.product, asked.profile);
        let mut called = false;
        for name in names {
            let of = format!("{} {} {name}", asked.product, asked.profile);
            let policy = made.at(&format!("NetworkPolicy/{name}"), "/spec");
            let text = policy.to_string();
            assert!(!text.contains("\"name\":"), "{of}: {text}");
            called |= text.contains("\"kubernetes.io/metadata.name\":\"ingress-nginx\"");
            if !policy["policyTypes"].as_array().unwrap().contains(&json!("Egress")) {
                continue;
            }
            for protocol in ["UDP", "TCP"] {
                let dns = json!({"port": 53, "protocol": protocol});
                let rules = policy["egress"].as_array().unwrap();
                let open = |rule: &Value| rule["ports"].as_array().is_some_and(|ports| ports.contains(&dns));
                assert!(rules.iter().any(|rule| rule["to"].is_null() && open(rule)), "{of}: {text}");
            }
        }
        assert!(called, "{} {}: nobody may call", asked.product, asked.profile);
    }
}

#[test]
fn nothing_is_made_that_no_pod_reads() {
    // 4.1: ConfigMaps and Secrets for logins, caches and optimisation that are mounted nowhere; 4.6: Secrets that
    // nothing reads.
    for asked in every() {
        let made = asked.make();
        let pods: Vec<&Value> = made.objects.values().filter_map(|wanted| wanted.object.pod_spec()).collect();
        let mut read: Vec<String> = pods.iter().flat_map(|pod| read_by(pod)).collect();
        let pulled = pods.iter().flat_map(|pod| pod["imagePullSecrets"].as_array().cloned().unwrap_or_default());
        read.extend(pulled.filter_map(|secret| Some(format!("Secret/{}", secret["name"].as_str()?))));
        for name in made.objects.keys().filter(|name| name.starts_with("ConfigMap/") || name.starts_with("Secret/")) {
            assert!(read.contains(name), "{} {}: nobody reads {name}", asked.product, asked.profile);
        }
    }
}

#[test]
fn what_the_guides_take_for_granted_is_looked_for_before_anything_is_made() {
    // 8: cert-manager is assumed wherever something is encrypted; the oldest Kubernetes is stated too low (4.10) or not
    // at all.
    let published =
        [("exposure.mode", "ingress"), ("exposure.host", "a.acme.io"), ("exposure.issuer", "ClusterIssuer/le")];
    for product in PRODUCTS {
        let asked = least(product, "staging").with(&published);
        let old = Facts { version: Version { major: 1, minor: 22 }, ..asked.facts.clone() };
        let found = preflight::check(&old, &asked.make().plan(), &crate::product(product));
        for code in ["ISSUER_MISSING", "KUBERNETES_OLD"] {
            assert!(found.iter().any(|finding| finding.code == code), "{product} {code}: {found:?}");
        }
    }
}
