//! Certificates and volumes that will need somebody soon (pure): what a status says beside "ready".

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use crate::facts::Fact;
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::uninstall::{Usage, Volume};

/// Days before its end in which a certificate should have been renewed: cert-manager does it a third of its life before.
const SOON: i64 = 14;
/// A volume that is fuller than this, in hundredths, is told.
const FULL: u64 = 90;

/// The Secrets with certificates that Ingresses and Gateways name, with the hosts that they serve.
pub fn certificates<'o>(objects: impl IntoIterator<Item = &'o Object>) -> BTreeMap<String, BTreeSet<String>> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().map(str::to_string);
    for object in objects {
        match object.kind() {
            "Ingress" => {
                for tls in object.list(&["spec", "tls"]) {
                    if let Some(secret) = text(&tls["secretName"]) {
                        named
                            .entry(secret)
                            .or_default()
                            .extend(tls["hosts"].as_array().into_iter().flatten().filter_map(text));
                    }
                }
            }
            "Gateway" => {
                for listener in object.list(&["spec", "listeners"]) {
                    let secrets = listener.pointer("/tls/certificateRefs").and_then(Value::as_array);
                    for secret in secrets.into_iter().flatten().filter_map(|one| text(&one["name"])) {
                        named.entry(secret).or_default().extend(text(&listener["hostname"]));
                    }
                }
            }
            _ => {}
        }
    }
    named
}

/// When a certificate ends: what cert-manager says of it, else what stands in its Secret. `None` where neither knows.
pub fn ends(secret: &str, of_manager: &[Object], read: Option<&Fact<Object>>) -> Option<Timestamp> {
    let issued = of_manager.iter().find(|one| one.text(&["spec", "secretName"]) == secret);
    let told = issued.and_then(|one| one.text(&["status", "notAfter"]).parse().ok());
    told.or_else(|| {
        let found = read.and_then(Fact::known)?;
        let pem = STANDARD.decode(found.text(&["data", "tls.crt"])).ok()?;
        not_after(&String::from_utf8(pem).ok()?)
    })
}

/// A certificate in words, and what is to be said of it.
pub fn judged(secret: &str, ends: Option<Timestamp>, now: Timestamp) -> (String, Option<Finding>) {
    let Some(ends) = ends else { return ("unknown: it could not be read".into(), None) };
    let day = ends.strftime("%F");
    let days = ends.duration_since(now).as_hours() / 24;
    let ended = ends <= now;
    let words = match (ended, days) {
        (true, _) => format!("ENDED on {day}"),
        (false, 1) => format!("until {day}, 1 day left"),
        (false, days) => format!("until {day}, {days} days left"),
    };
    let soon = now.checked_add((SOON * 24).hours()).is_ok_and(|soon| ends < soon);
    let finding = soon.then(|| {
        let (severity, what) = match ended {
            true => (Severity::Error, format!("the certificate in {secret} has ended on {day}")),
            false => (Severity::Warning, format!("the certificate in {secret} ends on {day}")),
        };
        Finding::new("CERTIFICATE_ENDS", severity, what)
            .remedy(
                "see what keeps it from being renewed: kubectl describe certificates, or replace the one in its Secret",
            )
            .at(format!("Secret/{secret}"))
    });
    (words, finding)
}

/// The volumes that are nearly full.
pub fn nearly_full(volumes: &[Volume]) -> Vec<Finding> {
    let full = volumes.iter().filter_map(|volume| {
        let Some(Usage::Known { free, capacity, .. }) = &volume.usage else { return None };
        let is_full = *capacity > 0 && free.saturating_mul(100) < capacity.saturating_mul(100 - FULL);
        is_full.then(|| {
            let what = format!("the volume {} is nearly full", volume.name);
            Finding::new("VOLUME_NEARLY_FULL", Severity::Warning, what)
                .why(volume.usage.as_ref().map(Usage::words).unwrap_or_default())
                .remedy("grow it: slipway install with a larger answer for its storage")
                .at(format!("PersistentVolumeClaim/{}", volume.name))
        })
    });
    full.collect()
}

/// `notAfter` of the first certificate in a PEM text (RFC 5280 4.1).
fn not_after(pem: &str) -> Option<Timestamp> {
    let body = pem.split_once("-----BEGIN CERTIFICATE-----")?.1.split_once("-----END CERTIFICATE-----")?.0;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let (_, certificate, _) = element(&der)?;
    let (_, mut rest, _) = element(certificate)?;
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        // The version, which the oldest certificates lack.
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, second) = element(validity)?;
    let (tag, time, _) = element(second)?;
    let time = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        0x17 => {
            let year: u16 = time.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, time.get(2..)?)
        }
        0x18 => (time.get(..4)?.parse().ok()?, time.get(4..)?),
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2);
    format!("{year}-{}-{}T{}:{}:{}Z", part(0)?, part(2)?, part(4)?, part(6)?, part(8)?).parse().ok()
}

/// The first element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let count = long - 0x80;
            if count > 4 {
                return None;
            }
            let length = rest.get(..count)?.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest.get(count..)?)
        }
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_end_of_a_certificate_is_read_off_its_bytes() {
        let key = rcgen::KeyPair::generate().unwrap();
        for (year, wanted) in [(2031, "2031-02-03T00:00:00Z"), (2055, "2055-02-03T00:00:00Z")] {
            let mut parameters = rcgen::CertificateParams::new(vec!["a.example.com".into()]).unwrap();
            parameters.not_after = rcgen::date_time_ymd(year, 2, 3);
            let pem = parameters.self_signed(&key).unwrap().pem();
            assert_eq!(not_after(&pem), Some(at(wanted)));
            let secret = Object(json!({"data": {"tls.crt": STANDARD.encode(&pem)}}));
            assert_eq!(ends("a", &[], Some(&Fact::Known(secret))), Some(at(wanted)));
        }
        for broken in [
            "",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(not_after(broken), None);
        }
    }

    #[test]
    fn a_certificate_that_ends_soon_is_told_and_one_that_cannot_be_read_is_unknown() {
        let now = at("2026-11-21T12:00:00Z");
        let told = |ends: Option<&str>| {
            let (words, finding) = judged("tls", ends.map(at), now);
            (words, finding.map(|finding| finding.severity))
        };
        assert_eq!(told(Some("2027-02-01T12:00:00Z")), ("until 2027-02-01, 72 days left".into(), None));
        assert_eq!(told(Some("2026-11-30T12:00:00Z")).1, Some(Severity::Warning));
        assert_eq!(told(Some("2026-11-20T12:00:00Z")), ("ENDED on 2026-11-20".into(), Some(Severity::Error)));
        assert_eq!(told(None).1, None);
    }

    #[test]
    fn what_an_ingress_or_gateway_serves_is_found_and_cert_manager_is_asked_first() {
        let ingress = Object(json!({"kind": "Ingress", "spec": {"tls": [{"secretName": "a", "hosts": ["x", "y"]}]}}));
        let gateway = Object(json!({"kind": "Gateway", "spec": {"listeners": [
            {"name": "http"}, {"hostname": "z", "tls": {"certificateRefs": [{"name": "b"}]}},
        ]}}));
        let found = certificates([&ingress, &gateway]);
        assert_eq!(found["a"].iter().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(found["b"].iter().collect::<Vec<_>>(), ["z"]);
        let issued = Object(json!({"spec": {"secretName": "a"}, "status": {"notAfter": "2027-01-01T00:00:00Z"}}));
        assert_eq!(ends("a", &[issued], None), Some(at("2027-01-01T00:00:00Z")));
    }

    #[test]
    fn a_volume_with_less_than_a_tenth_free_is_told() {
        let volume = |free| Volume {
            name: "data".into(),
            usage: Some(Usage::Known { used: 100 - free, capacity: 100, free }),
            ..Volume::default()
        };
        let told = nearly_full(&[volume(9), volume(10), Volume { usage: Some(Usage::Unknown), ..Volume::default() }]);
        assert_eq!(told.len(), 1);
    }
}
