//! The certificates that a release serves, and when they end: for its status. What may not be read is unknown.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::diagnose::Scene;
use crate::facts::Fact;
use crate::finding::Finding;
use crate::object::{Object, ObjectId};
use crate::watch::volumes::{certificates, ends, judged};

use super::releases::Release;

/// Each Secret with a certificate, and when that ends in words; what has to be said of it goes to `findings`.
pub(super) async fn look(found: &Release, scene: &Scene, findings: &mut Vec<Finding>) -> Vec<(String, String)> {
    let named = certificates(scene.objects());
    if named.is_empty() {
        return Vec::new();
    }
    let namespace = found.target.namespace.as_str();
    let of_manager = async {
        let listed = found.cluster.list("cert-manager.io", "Certificate", namespace, "").await;
        listed.map(|listed| listed.objects).unwrap_or_default()
    };
    let secrets = futures::future::join_all(named.keys().map(|name| async move {
        let read = found.cluster.find(&ObjectId::new("", "Secret", namespace, name)).await;
        let read: Fact<Object> = match read {
            Ok(Some(secret)) => Fact::Known(secret),
            Ok(None) => Fact::Unknown("it is not there".into()),
            Err(fault) => Fact::Unknown(fault.message),
        };
        (name.clone(), read)
    }));
    let (of_manager, secrets) = tokio::join!(of_manager, secrets);
    let secrets: BTreeMap<String, Fact<Object>> = secrets.into_iter().collect();
    let now = Timestamp::now();
    let mut lines = Vec::new();
    for (name, hosts) in named {
        let (words, finding) = judged(&name, ends(&name, &of_manager, secrets.get(&name)), now);
        findings.extend(finding);
        let hosts: Vec<String> = hosts.into_iter().collect();
        let of = if hosts.is_empty() { String::new() } else { format!(" ({})", hosts.join(", ")) };
        lines.push((format!("{name}{of}"), words));
    }
    lines
}
