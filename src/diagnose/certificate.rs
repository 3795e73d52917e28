//! A certificate that cert-manager has not issued.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "CERTIFICATE_PENDING",
            "cert-manager has not issued the certificate yet. For one from the Internet, the name must resolve to this cluster and port 80 must be open; what the challenge waits for is in `kubectl describe challenges`.",
        ),
        ("ISSUER_MISSING", "The certificate names an issuer that does not exist, or that is not in its namespace."),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for certificate in scene.of_kind("Certificate").filter(|object| object.group() == "cert-manager.io") {
        let ready = condition(certificate, "Ready");
        if ready.as_ref().is_some_and(super::condition::Condition::is_true) {
            continue;
        }
        let at = certificate.id().to_string();
        let issuer = scene.last_notice(certificate, &["IssuerNotFound", "IssuerNotReady"]);
        if let Some(issuer) = issuer.filter(|notice| notice.reason == "IssuerNotFound") {
            let finding = Finding::new(
                "ISSUER_MISSING",
                Severity::Warning,
                format!("the issuer of the certificate {} does not exist", certificate.name()),
            )
            .why(issuer.message.clone())
            .remedy("name another issuer: kubectl get issuers,clusterissuers -A")
            .at(at);
            out.push(Symptom::new(finding, Hold::Never));
            continue;
        }
        let why = ready.map_or_else(
            || "cert-manager has said nothing about it yet".to_string(),
            |ready| ready.words().to_string(),
        );
        let finding = Finding::new(
            "CERTIFICATE_PENDING",
            Severity::Warning,
            format!("the certificate {} is not issued yet", certificate.name()),
        )
        .why(why)
        .remedy(format!("kubectl describe certificaterequests,orders,challenges -n {}", certificate.namespace()))
        .at(at);
        out.push(Symptom::new(finding, Hold::Never).quiet_for(60));
    }
}
