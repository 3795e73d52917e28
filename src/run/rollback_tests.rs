use std::collections::BTreeMap;

use super::*;
use crate::plan::{KeyPlan, ProductRef};

fn revision(number: u32, verb: Verb, outcome: Outcome) -> Revision {
    let plan = Plan {
        verb,
        target: Target::default(),
        product: ProductRef::default(),
        namespace_exists: true,
        keys: KeyPlan::default(),
        steps: Vec::new(),
        waves: Vec::new(),
        health: Vec::new(),
        log_patterns: Vec::new(),
        notes: Vec::new(),
        answers: BTreeMap::new(),
        facts: BTreeMap::new(),
        findings: Vec::new(),
        usual_seconds: None,
        seen: BTreeMap::new(),
    };
    let mut revision = Revision::new(number, &plan, "ana@laptop");
    revision.progress.outcome = outcome;
    revision
}

fn chosen(revisions: &[Revision], to: Option<u32>) -> Result<u32, Failure> {
    choose(revisions, to, &Target::default()).map(|revision| revision.number)
}

#[test]
fn without_a_number_the_good_one_before_is_meant() {
    use Outcome::{Deployed, Failed, Pending, Superseded};
    use Verb::{Install, Rollback, Uninstall, Upgrade};
    for (history, wanted) in [
        (vec![(2, Upgrade, Deployed), (1, Install, Deployed)], 1),
        (vec![(2, Upgrade, Failed), (1, Install, Deployed)], 1),
        (vec![(3, Upgrade, Failed), (2, Upgrade, Deployed), (1, Install, Deployed)], 2),
        (vec![(3, Upgrade, Deployed), (2, Upgrade, Failed), (1, Install, Deployed)], 1),
        (vec![(3, Upgrade, Pending), (2, Upgrade, Superseded), (1, Install, Deployed)], 1),
        // One that was not brought to its end goes on.
        (vec![(3, Rollback, Pending), (2, Upgrade, Failed), (1, Install, Deployed)], 3),
        (vec![(3, Rollback, Failed), (2, Upgrade, Failed), (1, Install, Deployed)], 3),
        // A half uninstalled release comes back as it was.
        (vec![(2, Uninstall, Pending), (1, Install, Deployed)], 1),
    ] {
        let told = format!("{history:?}");
        let revisions: Vec<Revision> =
            history.into_iter().map(|(number, verb, outcome)| revision(number, verb, outcome)).collect();
        assert_eq!(chosen(&revisions, None).unwrap(), wanted, "{told}");
    }
}

#[test]
fn what_cannot_be_chosen_is_refused_with_what_can() {
    let all = [
        revision(9, Verb::Upgrade, Outcome::Pending),
        revision(8, Verb::Upgrade, Outcome::Failed),
        revision(7, Verb::Upgrade, Outcome::Deployed),
        revision(6, Verb::Install, Outcome::Deployed),
    ];
    for (to, kind, what) in [
        (12, FailureKind::Usage, "there is no revision 12"),
        (3, FailureKind::Usage, "there is no revision 3"),
        (8, FailureKind::Refused, "revision 8 is failed"),
        (9, FailureKind::Refused, "revision 9 is pending"),
    ] {
        let refused = chosen(&all, Some(to)).unwrap_err();
        assert_eq!((refused.kind, refused.what.as_str()), (kind, what));
        assert!(refused.hints[0].starts_with("can be chosen: --to 7 "), "{refused}");
        assert!(refused.hints[1].starts_with("can be chosen: --to 6 "), "{refused}");
    }
    assert!(chosen(&all, Some(3)).unwrap_err().to_string().contains("begins with revision 6"));
    let only = [revision(1, Verb::Install, Outcome::Deployed)];
    let refused = chosen(&only, None).unwrap_err();
    assert!(refused.to_string().contains("one good revision, which is the one that runs"), "{refused}");
    let refused = chosen(&[revision(1, Verb::Install, Outcome::Failed)], None).unwrap_err();
    assert!(refused.to_string().contains("no revision of it ever ended well"), "{refused}");
}
