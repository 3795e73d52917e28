use std::collections::BTreeMap;

use super::*;
use crate::plan::ProductRef;

fn revision(number: u32, verb: Verb, outcome: Outcome) -> Revision {
    let plan = Plan::new(verb, Target::default(), ProductRef::default());
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

/// Of a server that does all it is asked; what was recorded cannot be made again.
#[tokio::test]
async fn a_way_back_that_is_blocked_is_not_gone_unasked() {
    use std::sync::Arc;

    use serde_json::json;

    use crate::cluster::{Connector, Identity, Wire, in_memory};
    use crate::object::Object;
    use crate::plan::rollback::UNKNOWN_ENTRIES;
    use crate::plan::{Action, Class, Step, Wanted};
    use crate::practice::{Options, Server};

    let server = Arc::new(Server::start(Options::default()).unwrap());
    let ours = server.clone();
    let connector: Connector = Arc::new(move || {
        let wire: Box<dyn Wire> = Box::new(ours.connect());
        Box::pin(std::future::ready(Ok(wire)))
    });
    let cluster = in_memory(connector, Identity { practice: true, ..Identity::default() });
    let target = Target { namespace: "a".into(), release: "shop".into(), ..Target::default() };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    cluster.create(&Object(namespace), "tester").await.unwrap();
    let secret = Object(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "namespace": "a", "annotations": {UNKNOWN_ENTRIES: "password"}},
    }));
    for (number, outcome) in [(1, Outcome::Deployed), (2, Outcome::Failed)] {
        let mut recorded = revision(number, Verb::Install, outcome);
        recorded.plan.target = target.clone();
        let class = Class::of(&secret);
        let wanted = Wanted { object: secret.clone(), group: "a".into(), after: Vec::new(), recipes: BTreeMap::new() };
        let action = Action::Create;
        recorded.plan.steps = vec![Step { wanted, action, wave: 0, after: Vec::new(), class, one_first: false }];
        recorded.write(&cluster, &target).await.unwrap();
    }
    let before = server.writes().len();
    let shared = Shared { rollback_on_failure: true, yes: true, ..Shared::default() };
    let failed = Failure::new(FailureKind::Deployment, "the server is not ready");
    let facts = Facts::default();
    let told = after(&shared, (&cluster, &facts, &target), failed, Face::Plain, false).await;
    assert!(told.to_string().contains("going back failed as well: one finding blocks"), "{told}");
    assert!(told.to_string().contains("Secret/s is gone and cannot be made again"), "{told}");
    assert_eq!(server.writes().len(), before, "{told}");
}
