use std::io::Cursor;

use super::*;
use crate::plan::Target;
use crate::plan::uninstall::{KeySecret, Volume};
use crate::view::plain::LineReader;
use crate::view::rehearsal::overview;

fn volume(name: &str, key: &str) -> Volume {
    Volume {
        name: name.into(),
        size: "8Gi".into(),
        class: "standard".into(),
        made: "2026-04-23T10:00:00Z".into(),
        disk: format!("pv-{name}"),
        policy: "Delete".into(),
        opened_by: vec![format!("{key}/password")],
        mounted_by: Vec::new(),
        usage: None,
    }
}

/// Types a script; answers with what was wished at the yes, how it ended and what was said.
fn script(typed: &str) -> (Option<Wishes>, Decision, String) {
    let target = Target { context: "prod".into(), namespace: "a".into(), release: "shop".into(), ..Target::default() };
    let volumes = [volume("shop-db", "shop-keys-1"), volume("shop-queue", "shop-keys-2")];
    let keys = ["shop-keys-1", "shop-keys-2"].map(|name| KeySecret { name: name.into(), opens: Vec::new() });
    let folders = [("shop-db".to_string(), "/home/ana/shop-db".to_string())].into();
    let kept =
        Kept { target: &target, place: "https://x (context prod)".into(), volumes: &volumes, keys: &keys, folders };
    let (mut said, mut wished) = (Vec::new(), None);
    let mut made = |wishes: &Wishes| {
        wished = Some(wishes.clone());
        Some(overview())
    };
    let mut prompt = LineReader::new(Cursor::new(typed.to_string()), &mut said);
    let decision = ask(&kept, Wishes::default(), &mut made, &mut prompt).unwrap();
    (wished, decision, String::from_utf8(said).unwrap())
}

#[test]
fn enter_keeps_every_volume_and_its_key_and_a_typed_yes_does_it() {
    let (wished, decision, said) = script("\n\nyes\n");
    assert_eq!(wished, Some(Wishes::default()));
    assert!(matches!(decision, Decision::Yes(_)), "{said}");
    assert!(
        said.contains("8Gi, class standard, since 2026-04-23, its disk goes with it, opened by shop-keys-1"),
        "{said}"
    );
    assert!(said.contains("Secret shop-keys-1 is kept: it opens shop-db, which is kept."), "{said}");
}

#[test]
fn data_goes_only_when_the_releases_name_is_typed() {
    let (wished, decision, said) = script("3\n\n2\nyes\n\nsho\nshop\n");
    let wished = wished.unwrap();
    assert_eq!((wished.volumes.into_iter().collect::<Vec<_>>(), wished.keys.len()), (vec!["shop-db".to_string()], 1));
    assert!(matches!(decision, Decision::Yes(_)), "{said}");
    assert_eq!(said.matches("Type shop in full, or no.").count(), 3, "{said}");
    let (_, decision, _) = script("3\n\n2\nno\n");
    assert!(matches!(decision, Decision::No));
}

#[test]
fn a_backup_first_is_offered_where_one_is_possible_and_says_where_it_goes() {
    let (wished, _, said) = script("2\n\n\nshop\n");
    let wished = wished.unwrap();
    assert_eq!(wished.backups["shop-db"], "/home/ana/shop-db");
    assert_eq!(wished.volumes.into_iter().collect::<Vec<_>>(), ["shop-db"]);
    assert!(said.contains("Back it up, then delete it; the backup goes into /home/ana/shop-db"), "{said}");
    assert_eq!(said.matches("Back it up").count(), 1, "the queue holds no database that is known: {said}");
}

#[test]
fn back_asks_the_question_before_and_changes_the_wish() {
    let (wished, _, said) = script("2\n2\n:back\n1\n\n:back\n:back\n:back\n1\n1\nyes\n");
    assert_eq!(wished, Some(Wishes::default()), "{said}");
}

#[test]
fn enter_pressed_a_hundred_times_deletes_nothing_and_agrees_to_nothing() {
    let (wished, decision, _) = script(&"\n".repeat(100));
    assert_eq!(wished, Some(Wishes::default()));
    assert!(matches!(decision, Decision::No), "the input ended");
    let (wished, decision, _) = script(":quit\n");
    assert!(wished.is_none() && matches!(decision, Decision::No));
}
