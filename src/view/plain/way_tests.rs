use std::io::Cursor;

use super::*;
use crate::answers::draft::{Draft, KeptAnswer};
use crate::error::Failure;
use crate::view::contest::{Contest, Wish};
use crate::view::draft::Offer;
use crate::view::form::Answered;
use crate::view::menu::Deed;
use crate::view::way::rehearsal::{Rehearsed, way};
use crate::view::way::{Again, Entry, Part, Why};

/// A session with a script typed into it.
async fn typed(given: &[(Part, &str, &str)], script: &str) -> (Result<Answered, Failure>, String, Rehearsed) {
    let guide = Rehearsed::default();
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(script.to_string()), &mut said);
    let entry = Entry { way: way(given), ..Entry::default() };
    let ended = session(entry, &guide, &mut prompt).await;
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
async fn what_was_left_is_asked_about_and_wiping_is_typed() {
    let (_, said, guide) = typed(&[], "1\n1\n3\nkept\n\n3\nno\n\n:quit\n3\n").await;
    for told in ["an earlier install left inngest-postgresql (volume, 8Gi), inngest-keys-1 (keys)", "Nothing is wiped."]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(guide.prepared.borrow()[0].existing, ["inngest-postgresql=use", "inngest-keys-1=use"]);
    let (_, said, guide) = typed(&[], "1\n1\n3\nkept\n\n3\nwipe\n:quit\n3\n").await;
    assert_eq!(guide.prepared.borrow()[0].existing, ["inngest-postgresql=wipe", "inngest-keys-1=wipe"], "{said}");
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
    let script = "1\n1\n1\nevents\n\nv1.42.0\n:back\n:back\nother\n\n:quit\n3\n";
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
    let (ended, said, guide) = typed(&given, ":quit\n3\n").await;
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

#[tokio::test]
async fn leaving_offers_a_draft_and_staying_goes_on() {
    // Stay, which asks the same question again; then the draft.
    let script = "1\n1\n1\nevents\n\nv1.42.0\n:quit\n1\n:quit\n2\n";
    let (ended, said, guide) = typed(&[], script).await;
    assert!(matches!(&ended, Ok(Answered::Kept(kept)) if kept.contains("drafts/inngest.json")), "{said}");
    let kept = guide.kept.take();
    assert_eq!((kept[0].namespace.as_str(), kept[0].context.as_str()), ("events", "kind-dev"));
    assert_eq!(kept[0].answers.len(), 1, "{kept:?}");
    // Nothing was decided: there is nothing to ask.
    let (ended, said, guide) = typed(&[], ":quit\n").await;
    assert!(matches!(ended, Ok(Answered::Left)) && guide.kept.borrow().is_empty(), "{said}");
}

/// A session that begins with a draft.
async fn offered(draft: Result<Draft, String>, script: &str) -> (Result<Answered, Failure>, String, Rehearsed) {
    let guide = Rehearsed::default();
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(script.to_string()), &mut said);
    let offer = Some(Offer { when: "2026-11-21 10:12, 5 min ago".into(), draft });
    let ended = session(Entry { way: way(&[]), offer, again: None, menu: None }, &guide, &mut prompt).await;
    (ended, String::from_utf8(said).unwrap(), guide)
}

fn draft() -> Draft {
    Draft {
        context: "kind-dev".into(),
        product: "inngest".into(),
        profile: "production".into(),
        namespace: "events".into(),
        release: "inngest".into(),
        answers: [("database.storage".to_string(), KeptAnswer::Text("33Gi".into()))].into(),
        not_kept: vec!["database.url".into()],
        ..Draft::default()
    }
}

#[tokio::test]
async fn a_draft_is_offered_with_what_is_in_it_and_gone_on_with_only_when_somebody_says_so() {
    let (_, said, guide) = offered(Ok(draft()), &format!("1\n{}", "\n".repeat(30))).await;
    assert!(said.contains("5 min ago") && said.contains("database.url (typed secrets are never kept)"), "{said}");
    assert!(said.contains("Where: kind-dev (from the draft).") && said.contains("[33Gi]"), "{said}");
    assert_eq!(guide.prepared.borrow()[0].namespace, "events");
    let (_, said, guide) = offered(Ok(draft()), "2\n").await;
    assert!(said.contains("Which cluster?") && guide.contacted.borrow().is_empty(), "{said}");
    let (_, _, guide) = offered(Ok(draft()), "3\n").await;
    assert_eq!(*guide.thrown_away.borrow(), 1);
}

#[tokio::test]
async fn a_draft_that_does_not_fit_says_why_and_begins_anew() {
    let (_, said, guide) = offered(Err("is damaged".into()), "1\n").await;
    assert!(said.contains("it is damaged") && said.contains("Which cluster?"), "{said}");
    assert_eq!(*guide.thrown_away.borrow(), 0);
    let (_, _, guide) = offered(Err("is damaged".into()), "2\n").await;
    assert_eq!(*guide.thrown_away.borrow(), 1);
}

#[tokio::test]
async fn what_moved_is_said_and_the_plan_shown_again_without_asking_everything_again() {
    let guide = Rehearsed::default();
    let first = typed(&[], &format!("1\n1\n3\nevents\n\n{}yes\n", "\n".repeat(30))).await;
    let Ok(Answered::Yes(form, _)) = first.0 else { panic!("{}", first.1) };
    let mut settled = way(&[]);
    let parts = [(Part::Context, "kind-dev"), (Part::Product, "inngest"), (Part::Profile, "production")];
    settled.settle(parts, "what you agreed to");
    settled.settle([(Part::Namespace, "events"), (Part::Release, "inngest")], "what you agreed to");
    let why = Why::Moved(vec!["Service/inngest: agreed was create, now it is keep".into()]);
    let again = Again { form: *form, why };
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new("yes\n"), &mut said);
    let ended = session(Entry { way: settled, offer: None, again: Some(again), menu: None }, &guide, &mut prompt).await;
    let said = String::from_utf8(said).unwrap();
    assert!(matches!(ended, Ok(Answered::Yes(..))), "{said}");
    assert!(said.contains("moved while you looked: Service/inngest: agreed was create, now it is keep."), "{said}");
    assert!(!said.contains("Database ("), "{said}");
}

/// A session over the cluster that has something installed.
async fn busy(script: &str) -> (Result<Answered, Failure>, String) {
    let guide = Rehearsed::default();
    let mut said = Vec::new();
    let mut prompt = LineReader::new(Cursor::new(script.to_string()), &mut said);
    let entry = Entry { way: crate::view::way::rehearsal::busy_way(), ..Entry::default() };
    let ended = session(entry, &guide, &mut prompt).await;
    (ended, String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn what_is_installed_is_chosen_read_and_left_again() {
    // The cluster, the release; its status, its keys that may not be read, back, and leave.
    let (ended, said) = busy("4\n3\n1\n7\n:back\n:quit\n").await;
    for told in [
        "3  queue: inngest v1.42.0 in events, deployed; what can be done with it",
        "queue in events: inngest v1.42.0, deployed",
        "1  Status: how every part of it is, its volumes, and what is wrong (default)",
        "9  Uninstall: take it away; volumes and keys stay unless you say otherwise",
        "part 30  Deployment queue-30   ready",
        "Error: not allowed to list Secrets in events.",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(said.matches("What should be installed?").count(), 2, "{said}");
    assert!(matches!(ended, Ok(Answered::Left)), "{said}");
}

#[tokio::test]
async fn going_back_is_asked_with_what_does_not_go_back_and_staying_is_the_default() {
    let (_, said) = busy("4\n3\n3\n\n:quit\n").await;
    assert!(said.contains("Data does not go back") && said.contains("1  None: stay as it is (default)"), "{said}");
    let (ended, said) = busy("4\n3\n3\n3\n").await;
    let Ok(Answered::Wanted(wanted)) = ended else { panic!("{said}") };
    assert_eq!((wanted.deed, wanted.to), (Deed::GoBack, Some(1)));
    let (ended, said) = busy("4\n3\n9\n").await;
    let Ok(Answered::Wanted(wanted)) = ended else { panic!("{said}") };
    assert_eq!((wanted.deed, wanted.of.release.release.as_str()), (Deed::Uninstall, "queue"));
}

#[test]
fn somebody_elses_lock_is_left_unless_the_name_is_typed() {
    let other = Contest { release: "inngest".into(), who: "ana@elsewhere (process 77)".into(), ..Contest::default() };
    for (script, wish) in [
        ("\n", Wish::Leave),
        ("2\n", Wish::Wait),
        ("3\n", Wish::Follow),
        ("4\nyes\n", Wish::Leave),
        ("4\nana@elsewhere\n", Wish::TakeOver),
        ("", Wish::Leave),
    ] {
        let mut said = Vec::new();
        let asked = contest(&other, &mut LineReader::new(Cursor::new(script.to_string()), &mut said));
        assert_eq!(asked, wish, "{script:?}: {}", String::from_utf8(said).unwrap());
    }
}
