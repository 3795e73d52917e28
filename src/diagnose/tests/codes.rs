//! Every code is explained.

use super::*;

#[test]
fn every_code_is_explained_once_and_in_sentences() {
    let mut seen = std::collections::BTreeSet::new();
    for (code, text) in codes() {
        assert!(seen.insert(code), "{code} is explained twice");
        assert!(code.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{code}");
        assert!(text.ends_with('.') && text.len() > 40, "{code}: {text}");
    }
    assert_eq!(explain("QUOTA_EXCEEDED").map(|text| text.contains("ResourceQuota")), Some(true));
    assert_eq!(explain("NO_SUCH_CODE"), None);
}

#[test]
fn every_code_that_a_row_writes_is_explained() {
    let sources = [
        include_str!("../autoscaler.rs"),
        include_str!("../blocked_update.rs"),
        include_str!("../certificate.rs"),
        include_str!("../claim.rs"),
        include_str!("../container_start.rs"),
        include_str!("../crash.rs"),
        include_str!("../eviction.rs"),
        include_str!("../image.rs"),
        include_str!("../ingress.rs"),
        include_str!("../job.rs"),
        include_str!("../missing_reference.rs"),
        include_str!("../mount.rs"),
        include_str!("../network.rs"),
        include_str!("../probe.rs"),
        include_str!("../refused_pod.rs"),
        include_str!("../rollout.rs"),
        include_str!("../scheduling.rs"),
        include_str!("../service.rs"),
        include_str!("../stalled.rs"),
    ];
    let code = regex::Regex::new("\"([A-Z]{3,}(?:_[A-Z]+)+|UNSCHEDULABLE|PREEMPTED|STALLED)\"").unwrap();
    for source in sources {
        let rules = source.split("#[cfg(test)]").next().unwrap();
        for found in code.captures_iter(rules) {
            assert!(explain(&found[1]).is_some(), "{} is not explained", &found[1]);
        }
    }
}
