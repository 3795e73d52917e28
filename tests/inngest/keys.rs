//! The checks of facts: products 2.12 for both keys, where the operator meets them: in the form.

use std::collections::BTreeMap;
use std::sync::Arc;

use slipway::answers::Form;
use slipway::answers::form::{Layers, Place, Sources};
use slipway::answers::view::Input;
use slipway::facts::Facts;
use slipway::product::embedded::built_in;
use slipway::secret::SecretText;

/// Variables, and nothing else of the outside.
struct Variables(BTreeMap<String, String>);

impl Sources for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".into())
    }

    fn existing(&self, name: &str, key: &str) -> Result<Option<SecretText>, String> {
        Ok(self.0.get(&format!("{name}/{key}")).map(SecretText::new))
    }
}

/// A form whose key comes from somewhere.
fn form_from(path: &str, reference: &str, value: &str) -> Form {
    let name = reference.split_once(':').unwrap().1.to_string();
    let outside = Variables(BTreeMap::from([(name, value.to_string())]));
    let mut layers = Layers::default();
    layers.flags.insert(path.into(), Input::Text(reference.into()));
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    let product = Arc::new(built_in("inngest").unwrap().unwrap());
    Form::new(product, place, Arc::new(Facts::assumed()), layers, Arc::new(outside), [1; 32])
}

/// What is said against a brought key; nothing where it is taken.
fn against(path: &str, value: &str) -> Option<String> {
    let said = |form: &Form| form.faults().first().map(|fault| format!("{}: {}", fault.path, fault.what));
    let by_variable = said(&form_from(path, "env:KEY", value));
    // It is the same however it is brought.
    assert_eq!(said(&form_from(path, "file:key.txt", value)), by_variable, "{value:?}");
    by_variable
}

const HEX: &str = "0123456789abcdefABCDEF0123456789";

#[test]
fn a_signing_key_is_taken_when_the_server_takes_it() {
    // #2756, #3289: hex digits in pairs, after a prefix that leaves the whole even, or after none.
    for good in [HEX.to_string(), format!("signkey-dev-{HEX}"), format!("signkey-ab12-{HEX}0a"), "00".into()] {
        assert_eq!(against("keys.signing", &good).is_some(), good.len() % 2 == 1, "{good}");
    }
    assert_eq!(against("keys.signing", HEX), None);
    assert_eq!(against("keys.signing", &format!("signkey-dev-{HEX}")), None);
}

#[test]
fn a_signing_key_is_refused_when_the_server_would_refuse_it() {
    let refused = |value: &str| against("keys.signing", value).unwrap_or_else(|| panic!("{value:?} was taken"));
    // The prefixes of 13 and 15 characters that the server's own documents show (2.12).
    for prefix in ["signkey-prod-", "signkey-test-", "signkey-branch-"] {
        let said = refused(&format!("{prefix}{HEX}"));
        assert!(said.starts_with("keys.signing: needs an even number of characters"), "{said}");
    }
    assert!(refused(&HEX[1..]).contains("even number"));
    for odd in [
        "zz",
        "12 4",
        "signkey--00",
        "signkey-dev00",
        "sign-dev-0000",
        "signkey-a-b-00",
        "00,00",
        "signkey-dev-",
        "é1",
        "0x00",
    ] {
        assert!(refused(odd).starts_with("keys.signing: "), "{odd}");
    }
    assert_eq!(refused(""), "keys.signing: is empty");
}

#[test]
fn an_event_key_needs_no_hex_and_a_comma_separates_several() {
    // 2.12: the guide says hex, the server takes any text; it splits at commas.
    for good in ["k", "any-text_1.2~3", "one,two", "YWJj+A==", "a:b@c"] {
        assert_eq!(against("keys.event", good), None, "{good}");
    }
    for bad in [",", "one,", ",one", "one,,two"] {
        assert!(against("keys.event", bad).unwrap().contains("comma between two keys"), "{bad}");
    }
    assert_eq!(against("keys.event", "").as_deref(), Some("keys.event: is empty"));
}

#[test]
fn an_event_key_that_an_address_would_change_is_refused() {
    // 2.12: it is an element of /e/<key>.
    for bad in ["a/b", "a b", "a?b", "a#b", "a%20b", "a&b\tc", "ä", "a\\b", "\"a\"", "a\r"] {
        assert!(against("keys.event", bad).unwrap().starts_with("keys.event: may hold"), "{bad:?}");
    }
}

#[test]
fn the_line_end_of_a_file_or_variable_is_no_part_of_a_key_and_a_second_one_is_refused() {
    // 2.12: a trailing newline breaks the signing key.
    for (path, key) in [("keys.signing", HEX), ("keys.event", "abc")] {
        for end in ["\n", "\r\n"] {
            assert_eq!(against(path, &format!("{key}{end}")), None);
            let form = form_from(path, "file:key.txt", &format!("{key}{end}"));
            assert_eq!(form.secrets().value(path).unwrap().expose(), key);
        }
        assert!(against(path, &format!("{key}\n\n")).is_some());
        assert!(against(path, &format!("\n{key}")).is_some());
        // In a Secret that exists it stays where it is, and the server would read it.
        let form = form_from(path, "secret:mine/key", key);
        assert_eq!(form.faults(), []);
        let form = form_from(path, "secret:mine/key", &format!("{key}\n"));
        assert_eq!(form.faults()[0].path, path);
    }
}

#[test]
fn no_fault_repeats_the_key() {
    let key = format!("signkey-prod-{HEX}");
    let said = against("keys.signing", &key).unwrap();
    assert!(!said.contains(HEX) && !said.contains("signkey-prod"), "{said}");
}

#[test]
fn the_keys_that_are_made_are_hex_of_the_documented_length_and_pass_every_check() {
    // 2.12: 32 random bytes as hex for signing; 2.16 #2819: without keys the server does not start.
    let form = super::form(&[]);
    assert_eq!(form.faults(), []);
    for (path, length) in [("keys.event", 32), ("keys.signing", 64)] {
        let made = form.secrets().value(path).unwrap().expose().to_string();
        assert_eq!(made.len(), length, "{path}");
        assert!(made.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()), "{path}");
        assert_eq!(against(path, &made), None, "{path}");
    }
    let objects = super::rendered(&form);
    for key in ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"] {
        assert!(objects["Secret/inngest"].recipes.contains_key(key), "2.5: left out when empty: {key}");
    }
}
