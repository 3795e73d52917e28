use std::io::Cursor;

use super::*;
use crate::error::Failure;
use crate::view::form::Answered;
use crate::view::way::Part;
use crate::view::way::rehearsal::{Rehearsed, way};

/// A session with a script typed into it.
async fn typed(given: &[(Part, &str, &str)], script: &str) -> (Result<Answered, Failure>, String, Rehearsed) {
    let guide = Rehearsed::default();
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(script.to_string()), &mut said);
    let ended = session(way(given), &guide, &mut prompt).await;
    (ended, String::from_utf8(said).unwrap(), guide)
}

#[tokio::test]
async fn the_four_stops_are_asked_by_number_and_lead_to_the_review() {
    let script = format!("1\n1\n3\nevents\n\n{}yes\n", "\n".repeat(30));
    let (ended, said, guide) = typed(&[], &script).await;
    let before = said.split("install inngest into").next().unwrap();
    insta::assert_snapshot!("plain_way", before);
    assert_eq!(*guide.contacted.borrow(), ["kind-dev"]);
    let Ok(Answered::Yes(_, overview)) = ended else { panic!("{said}") };
    let target = &overview.plan.target;
    assert_eq!((target.namespace.as_str(), target.profile.as_str()), ("events", "production"));
}

#[tokio::test]
async fn an_unreachable_cluster_is_said_and_another_is_chosen() {
    let (_, said, guide) = typed(&[], "3\n1\n:quit\n").await;
    assert!(said.contains("Error: cannot reach the cluster \"gone\"") && said.contains("VPN"), "{said}");
    assert_eq!(*guide.contacted.borrow(), ["gone", "kind-dev"]);
    let (ended, _, _) = typed(&[(Part::Context, "gone", "--context")], "").await;
    assert!(ended.is_err_and(|failure| failure.what.contains("cannot reach")));
}

#[tokio::test]
async fn back_goes_over_every_border_and_keeps_what_was_typed() {
    // Forward to the first question, answered; back over it to the name and the namespace, and another one.
    let script = "1\n1\n1\nevents\n\nv1.42.0\n:back\n:back\nother\n\n:quit\n";
    let (ended, said, guide) = typed(&[], script).await;
    assert!(matches!(ended, Ok(Answered::Left)), "{said}");
    let prepared: Vec<String> = guide.prepared.borrow().iter().map(|chosen| chosen.namespace.clone()).collect();
    assert_eq!(prepared, ["events", "other"]);
    assert!(said.rsplit("namespace other").next().unwrap().contains("[v1.42.0]"), "{said}");
    let (_, said, _) = typed(&[], ":back\n1\n:back\n:why\n1\n1\n:why\n:quit\n").await;
    assert!(said.contains("This is the first question.") && said.contains("Storage: 20Gi"), "{said}");
}

#[tokio::test]
async fn what_is_given_is_told_and_not_asked() {
    let given = [
        (Part::Context, "kind-dev", "--context"),
        (Part::Product, "inngest", "the command line"),
        (Part::Profile, "production", "--profile"),
        (Part::Namespace, "inngest", "--namespace"),
    ];
    let (ended, said, guide) = typed(&given, ":quit\n").await;
    assert!(matches!(ended, Ok(Answered::Left)), "{said}");
    assert!(said.contains("Profile: production (from --profile)."), "{said}");
    assert!(said.contains("inngest is installed here") && !said.contains("Which cluster?"), "{said}");
    assert_eq!(guide.prepared.borrow().len(), 1);
}

#[tokio::test]
async fn a_wrong_or_taken_name_is_asked_again_and_the_input_may_end_anywhere() {
    let (_, said, guide) = typed(&[], "1\n1\n1\nUpper\ntaken\n\nevents\n\n:quit\n").await;
    assert!(said.contains("A namespace may hold small letters"), "{said}");
    assert!(said.contains("inngest is taken by prefect"), "{said}");
    assert_eq!(guide.prepared.borrow()[0].namespace, "events");
    let whole = "1\n1\n3\nevents\n\n";
    for lines in 0..5 {
        let some: String = whole.split_inclusive('\n').take(lines).collect();
        assert!(typed(&[], &some).await.0.is_err(), "after {lines} lines");
    }
}
