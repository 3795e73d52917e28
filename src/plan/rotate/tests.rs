use serde_json::json;

use super::*;

fn text(value: &str) -> SecretText {
    SecretText::new(value)
}

/// What becomes of the key `k`, as its way and its entries; or the refusal.
fn told(rotation: &Rotation, now: &[(&str, &str)], brought: Option<&str>, pace: Pace) -> String {
    let now = now.iter().map(|(path, value)| (path.to_string(), text(value))).collect();
    let wish = Wish { path: "k".into(), brought: brought.map(text) };
    match change(&wish, &now, rotation, pace, &mut |_| text("made")) {
        Ok(change) => {
            let values: Vec<String> =
                change.values.iter().map(|(path, value)| format!("{path}={}", value.expose())).collect();
            format!("{:?} {}", change.way, values.join(" "))
        }
        Err(failure) => failure.what,
    }
}

#[test]
fn a_key_is_changed_as_its_product_allows() {
    let generate = Some(Generate::Hex(32));
    let plain = Rotation { generate, ..Rotation::default() };
    let joined = Rotation { generate, join: ",".into(), ..Rotation::default() };
    let first = Rotation { generate, clients_first: true, ..Rotation::default() };
    let brought = Rotation::default();
    let (go, finish) = (Pace::default(), Pace { finish: true, ..Pace::default() });
    let at_once = Pace { at_once: true, ..Pace::default() };
    let (old, both) = (&[("k", "old")][..], &[("k", "new,old")][..]);
    let (next, used) = (&[("k", "old"), ("k.next", "next")][..], &[("k", "next"), ("k.next", "next")][..]);
    for (rotation, now, value, pace, wanted) in [
        (&plain, old, None, go, "Replaced k=made"),
        (&plain, old, Some("mine"), go, "Replaced k=mine"),
        (&plain, old, None, finish, "no rotation of k is half done"),
        (&plain, old, Some("old"), go, "the new value of k is the one that it has"),
        (&joined, old, None, go, "Beside k=made,old"),
        (&joined, old, Some("mine"), go, "Beside k=mine,old"),
        (&joined, both, None, go, "a rotation of k is half done"),
        (&joined, both, None, finish, "Ended k=new"),
        (&joined, both, None, at_once, "Replaced k=made"),
        (&joined, old, None, finish, "no rotation of k is half done"),
        (&first, old, None, go, "Prepared k.next=made"),
        (&first, old, Some("mine"), go, "Replaced k=mine"),
        (&first, next, None, go, "a rotation of k is half done"),
        (&first, next, None, finish, "Used k=next k.next=next"),
        (&first, next, None, at_once, "Replaced k=made k.next=made"),
        (&first, used, None, finish, "no rotation of k is half done"),
        (&first, used, None, go, "Prepared k.next=made"),
        (&brought, old, None, go, "k cannot be made: it was brought"),
        (&plain, &[][..], None, go, "there is no key k in the key Secret"),
    ] {
        assert_eq!(told(rotation, now, value, pace), wanted, "{rotation:?} {now:?} {value:?} {pace:?}");
    }
}

#[test]
fn every_reference_to_a_key_secret_is_to_the_next_generation_and_no_other() {
    let keys = |generation| SecretRef::Keys { generation, key: "k".into() };
    let yours = SecretRef::Existing { namespace: "n".into(), name: "a-keys-1".into(), key: "k".into() };
    let given = |at: &SecretRef| Given::Secret { path: "k".into(), at: at.clone() };
    let inner = Recipe { template: "${k}".into(), with: BTreeMap::from([("k".into(), given(&keys(0)))]) };
    let with = BTreeMap::from([
        ("a".into(), given(&keys(1))),
        ("b".into(), given(&yours)),
        ("c".into(), Given::Recipe(Box::new(inner))),
    ]);
    let pod = |secret: &str| {
        json!({"template": {"spec": {
            "containers": [{
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}],
                "envFrom": [{"secretRef": {"name": secret}}, {"secretRef": {"name": "a-keys-old"}}],
            }],
            "volumes": [{"name": "v", "secret": {"secretName": secret}}, {"name": "a-keys-1", "emptyDir": {}}],
        }}})
    };
    let object = |secret: &str, by: &str| {
        Object(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "annotations": {"slipway.dev/opened-by": by}}, "spec": pod(secret),
        }))
    };
    let recipes = BTreeMap::from([("x".into(), Recipe { template: "${a}${b}${c}".into(), with })]);
    let by = "a-keys-1/k,other/k";
    let mut wanted = Wanted { object: object("a-keys-1", by), group: "g".into(), after: vec![], recipes };
    renew(&mut wanted, "a", 2);
    assert_eq!(wanted.object, object("a-keys-2", "a-keys-2/k,other/k"));
    let found: Vec<SecretRef> = wanted.recipes["x"].secrets().into_iter().map(|(_, at)| at.clone()).collect();
    assert_eq!(found, [keys(2), yours, keys(2)]);
}
