use super::*;

fn claim(name: &str, by: &str) -> ClaimFacts {
    ClaimFacts {
        name: name.into(),
        release: "shop".into(),
        opened_by: by.into(),
        uid: format!("uid-{name}"),
        ..ClaimFacts::default()
    }
}

fn key(name: &str, opens: &[&str]) -> SecretKeys {
    let opens = opens.iter().map(|one| (*one).to_string()).collect();
    SecretKeys { name: name.into(), release: "shop".into(), opens, uid: format!("uid-{name}"), ..SecretKeys::default() }
}

fn left(claims: Vec<ClaimFacts>, keys: Vec<SecretKeys>) -> Left {
    let taken = claims.iter().map(|claim| claim.name.clone()).collect();
    Left { claims, keys, taken }
}

fn two_volumes() -> Left {
    left(
        vec![claim("db", "shop-keys-1/db.password"), claim("queue", "shop-keys-1/queue.password")],
        vec![key("shop-keys-1", &["db", "queue", "clients"])],
    )
}

fn fates(left: &Left, said: &[&str]) -> Result<Vec<String>, Failure> {
    let said: Vec<String> = said.iter().map(|one| (*one).to_string()).collect();
    let pact = settle(left, &read(&said)?)?;
    let told = |(name, one): (&String, &Existing)| {
        let instead = if one.instead.is_empty() { String::new() } else { format!("->{}", one.instead) };
        format!("{name}={}{instead}", one.fate.word())
    };
    Ok(pact.0.iter().map(told).collect())
}

#[test]
fn a_volume_and_the_key_that_opens_it_go_together() {
    for (said, expected) in [
        (&["db=use", "queue=use"][..], &["db=use", "queue=use", "shop-keys-1=use"][..]),
        (&["shop-keys-1=use"], &["db=use", "queue=use", "shop-keys-1=use"]),
        (&["shop-keys-1=aside"], &["db=aside->db-2", "queue=aside->queue-2", "shop-keys-1=aside"]),
        (&["shop-keys-1=wipe"], &["db=wipe", "queue=wipe", "shop-keys-1=wipe"]),
        (&["db=wipe", "queue=wipe"], &["db=wipe", "queue=wipe", "shop-keys-1=wipe"]),
        // The key of what is used stays, and what is made anew is made with it.
        (&["db=use", "queue=wipe"], &["db=use", "queue=wipe", "shop-keys-1=use"]),
        (&["shop-keys-1=use", "queue=aside"], &["db=use", "queue=aside->queue-2", "shop-keys-1=use"]),
        // One that is set aside keeps the key that opens it.
        (&["db=aside", "queue=wipe"], &["db=aside->db-2", "queue=wipe", "shop-keys-1=aside"]),
        // What nobody said a word about is open: the preflight stops there.
        (&["db=wipe"], &["db=wipe"]),
        (&[], &[]),
    ] {
        assert_eq!(fates(&two_volumes(), said).unwrap(), expected, "{said:?}");
    }
}

#[test]
fn what_would_lose_a_key_that_is_needed_is_refused_with_what_to_say_instead() {
    for said in [
        &["db=use", "shop-keys-1=wipe"][..],
        &["db=use", "queue=wipe", "shop-keys-1=aside"],
        &["db=aside", "queue=wipe", "shop-keys-1=wipe"],
    ] {
        let refused = fates(&two_volumes(), said).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Refused, "{said:?}");
        assert!(refused.what.contains("shop-keys-1 opens the volume db"), "{refused:?}");
        assert!(refused.hints[0].contains("--existing db=use"), "{refused:?}");
    }
    let two = left(
        vec![claim("db", "shop-keys-2/db.password")],
        vec![key("shop-keys-1", &["db"]), key("shop-keys-2", &["db"])],
    );
    assert_eq!(fates(&two, &["db=use"]).unwrap(), ["db=use", "shop-keys-1=use", "shop-keys-2=use"]);
    let two = left(vec![], vec![key("shop-keys-1", &[]), key("shop-keys-2", &[])]);
    let refused = fates(&two, &["shop-keys-1=use", "shop-keys-2=aside"]).unwrap_err();
    assert!(refused.what.contains("shop-keys-2 is newer"), "{refused:?}");
}

#[test]
fn a_name_that_is_not_there_and_a_word_that_is_not_known_are_told() {
    let unknown = fates(&two_volumes(), &["queu=use"]).unwrap_err();
    assert_eq!((unknown.kind, unknown.hints[0].as_str()), (FailureKind::Usage, "did you mean queue?"));
    for wrong in ["db", "db=", "db=keep", "=use"] {
        assert_eq!(fates(&two_volumes(), &[wrong]).unwrap_err().kind, FailureKind::Usage, "{wrong}");
    }
    assert!(fates(&two_volumes(), &["db=use", "db=wipe"]).unwrap_err().what.contains("two things"));
    assert!(fates(&Left::default(), &["db=use"]).unwrap_err().why[0].contains("nothing of an earlier install"));
}

#[test]
fn a_new_name_is_one_that_nobody_has() {
    let mut left = two_volumes();
    left.taken.insert("db-2".into());
    assert!(fates(&left, &["shop-keys-1=aside"]).unwrap().contains(&"db=aside->db-3".to_string()));
}

#[test]
fn keys_that_are_not_used_push_the_new_ones_into_the_next_generation() {
    let two = left(vec![], vec![key("shop-keys-1", &[]), key("shop-keys-2", &[])]);
    let said = read(&["shop-keys-1=aside".to_string(), "shop-keys-2=wipe".into()]).unwrap();
    let pact = settle(&two, &said).unwrap();
    assert_eq!(pact.generation(), 2);
    assert!(pact.leaves_key("shop-keys-2") && pact.wipes(true, "shop-keys-2", "uid-shop-keys-2"));
    assert!(!pact.wipes(true, "shop-keys-2", "another"), "what was made anew is another thing");
}
