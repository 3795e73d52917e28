//! Which release is meant: by a word, by a flag, by neither; and where it is not called as its product.

use crate::program::{done, refused, slipway};

const PRACTICE: [&str; 3] = ["--products", "shop", "--practice"];

/// A release that is not called as its product, in a namespace that is not the product's.
fn second() -> tempfile::TempDir {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    done(at.path(), &[&["install", "shop", "--name", "second", "-n", "elsewhere", "--yes"][..], &PRACTICE].concat());
    at
}

#[test]
fn two_names_of_a_release_are_refused_and_either_alone_is_understood() {
    let at = second();
    done(at.path(), &[&["install", "shop", "--name", "first", "-n", "other", "--yes"][..], &PRACTICE].concat());
    for named in [&["status", "second"][..], &["status", "--name", "second"], &["--name", "second", "status"]] {
        let said = slipway(at.path(), &[named, &PRACTICE].concat()).said;
        assert!(said.contains("second") && !said.contains("first"), "{named:?}: {said}");
    }
    refused(at.path(), &[&["history"][..], &PRACTICE].concat(), 2);
    for both in [
        &["uninstall", "second", "--name", "first", "--yes"][..],
        &["--name", "first", "uninstall", "second", "--yes"],
        &["images", "second", "--name", "first"],
        &["plan", "second", "--name", "first"],
    ] {
        let said = refused(at.path(), &[both, &PRACTICE].concat(), 2);
        assert!(said.contains("second, and --name first") && said.contains("nothing was written"), "{said}");
    }
    let status = slipway(at.path(), &[&["status", "second"][..], &PRACTICE].concat());
    assert!(status.said.contains("second"), "it is still there: {}", status.said);
    // One name in two namespaces: which of them is asked, and no product of that name is looked for.
    done(at.path(), &[&["install", "shop", "--name", "second", "-n", "third", "--yes"][..], &PRACTICE].concat());
    let said = refused(at.path(), &[&["plan", "second"][..], &PRACTICE].concat(), 2);
    assert!(said.contains("slipway plan second -n elsewhere") && !said.contains("no product"), "{said}");
}

#[test]
fn a_release_that_is_not_called_as_its_product_is_planned_by_its_own_name() {
    let at = second();
    let run = |words: &[&str]| done(at.path(), &[words, &PRACTICE].concat());
    for words in [&["plan", "second", "--set", "greeting=Welcome"][..], &["plan", "--set", "greeting=Welcome"]] {
        let planned = run(words);
        for told in ["upgrade Shop", "namespace elsewhere", "Create 0"] {
            assert!(planned.contains(told), "{words:?}: {told}: {planned}");
        }
    }
    let said = refused(at.path(), &[&["plan", "third"][..], &PRACTICE].concat(), 2);
    for told in ["there is no product `third`", "there is no release third", "nothing was written"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    // A frozen plan that is not run any more says how it is frozen again: for this release, not for another.
    run(&["plan", "second", "--set", "greeting=Welcome", "--out", "p.json"]);
    run(&["upgrade", "second", "--set", "greeting=Good day", "--yes"]);
    let said = refused(at.path(), &[&["apply", "p.json", "--yes"][..], &PRACTICE].concat(), 6);
    assert!(said.contains("slipway plan shop -n elsewhere --name second --out p.json"), "{said}");
}

#[test]
fn a_release_that_is_not_there_is_told_in_the_same_words_by_every_verb() {
    let at = second();
    let verbs: [&[&str]; 19] = [
        &["status", "nobody"],
        &["history", "nobody"],
        &["upgrade", "nobody", "--yes"],
        &["rollback", "nobody", "--yes"],
        &["uninstall", "nobody", "--yes"],
        &["diff", "nobody"],
        &["attach", "nobody"],
        &["repair", "nobody", "--yes"],
        &["doctor", "nobody"],
        &["bundle", "nobody"],
        &["answers", "nobody"],
        &["export", "nobody"],
        &["backup", "nobody", "--to", "x"],
        &["backup", "schedule", "nobody", "--to-claim", "c"],
        &["restore", "nobody", "--from", "x"],
        &["keys", "check", "nobody"],
        &["keys", "show", "nobody"],
        &["keys", "export", "nobody"],
        &["keys", "rotate", "password", "--name", "nobody"],
    ];
    for verb in verbs {
        let said = refused(at.path(), &[verb, &PRACTICE, &["-n", "elsewhere"]].concat(), 2);
        assert!(
            said.contains("there is no release nobody") && said.contains("nothing was written"),
            "{verb:?}: {said}"
        );
        assert!(!said.contains("keys rotate RELEASE"), "{said}");
    }
}

#[test]
fn the_end_and_the_history_count_what_the_review_listed() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    let run = |words: &[&str]| done(at.path(), &[words, &PRACTICE].concat());
    let after = |said: &str, word: &str| -> u32 {
        let (_, rest) = said.split_once(word).unwrap_or_else(|| panic!("no {word}: {said}"));
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    let created = after(&run(&["plan", "shop"]), "Create ");
    let ended = run(&["install", "shop", "--yes"]);
    assert!(ended.contains(&format!("{created} objects written")), "{created}: {ended}");
    let history = run(&["history", "shop"]);
    assert!(history.contains(&format!("objects: {created} created")), "{created}: {history}");
    let kept = after(&run(&["plan", "shop"]), "Keep ");
    let again = run(&["install", "shop", "--yes"]);
    assert!(again.contains(&format!("all {kept} objects are as wanted")), "{kept}: {again}");
}
