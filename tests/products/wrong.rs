//! What is said of a wrong product, and of products that get into each other's way.

use std::path::Path;

use crate::program::{done, refused};

/// The folder of a new product, a file of it changed.
fn changed(at: &Path, name: &str, file: &str, change: impl Fn(String) -> String) {
    let path = at.join(name).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let new = change(text.clone());
    assert_ne!(new, text, "{file} has nothing to change");
    std::fs::write(path, new).unwrap();
}

#[test]
fn an_unknown_product_is_told_with_those_that_are_known_and_the_nearest() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "my-shop"]);
    for verb in ["install", "render", "plan", "preflight", "rbac"] {
        let said = refused(at.path(), &[verb, "my-shpo", "--products", "my-shop"], 2);
        for told in ["there is no product `my-shpo`", "inngest, ", "my-shop", "did you mean", "nothing was written"] {
            assert!(said.contains(told), "{verb}: {told}: {said}");
        }
    }
    let said = refused(at.path(), &["install", "my-shop", "--products", "nowhere"], 2);
    assert!(said.contains("cannot read the folder nowhere"), "{said}");
}

#[test]
fn faults_in_several_files_are_told_at_once_each_with_its_place() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    changed(at.path(), "shop", "product.yaml", |text| text.replace("type: number", "type: nubmer"));
    changed(at.path(), "shop", "staging.yaml", |text| text.replace("  replicas: 2", "  replicsa: 2"));
    changed(at.path(), "shop", "manifests/server.yaml", |text| text.replace("$when: access", "$wehn: access"));
    std::fs::write(at.path().join("shop/manifests/broken.yaml"), "a: {b: ${c}\n").unwrap();
    let faults =
        ["`nubmer` is not a type", "there is no question `replicsa`", "`$wehn` is not a directive", "broken.yaml:"];
    for arguments in
        [&["products", "lint", "shop"][..], &["install", "shop", "--products", "shop", "--practice", "--yes"]]
    {
        let said = refused(at.path(), arguments, 3);
        for fault in faults {
            assert!(said.contains(fault), "{arguments:?}: {fault}: {said}");
        }
        for place in ["product.yaml:", "staging.yaml:", "manifests/server.yaml:"] {
            assert!(said.contains(place), "{arguments:?}: {place}: {said}");
        }
        assert!(said.contains("did you mean `number`?"), "{said}");
    }
}

#[test]
fn an_address_without_an_example_is_told_with_what_to_give_and_the_answers_that_led_there() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    let question = "      - {id: mail.by, type: choice, ask: Mail, choices: {none: None, url: By URL}, default: none}\n      \
        - {id: mail.url, type: secret, ask: Its URL, when: mail.by == \"url\"}\n";
    changed(at.path(), "shop", "product.yaml", |text| {
        text.replacen("    questions:\n", &format!("    questions:\n{question}"), 1)
    });
    changed(at.path(), "shop", "manifests/server.yaml", |text| {
        text.replace("  index.html: ", "  mail: '${mail.url == null ? null : urlHost(mail.url)}'\n  index.html: ")
    });
    let said = refused(at.path(), &["products", "lint", "shop"], 3);
    assert!(said.contains("not a URL") && said.contains("mail.by=url"), "{said}");
    assert!(said.contains("give the question that holds the address an `example`"), "{said}");
    changed(at.path(), "shop", "product.yaml", |text| {
        text.replace("ask: Its URL", "ask: Its URL, example: smtp://mail.example.com:25")
    });
    done(at.path(), &["products", "lint", "shop"]);
}

#[test]
fn a_product_written_for_a_newer_slipway_is_told_so_and_nothing_else() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    changed(at.path(), "shop", "product.yaml", |text| {
        text.replace("slipway: 1 ", "slipway: 2 ").replace("pages:", "sheets:")
    });
    let said = refused(at.path(), &["install", "shop", "--products", "shop", "--practice", "--yes"], 3);
    assert!(said.contains("version 2 of the product language, and this slipway reads version 1"), "{said}");
    assert!(said.contains("install a newer slipway") && said.contains("nothing was written"), "{said}");
    assert!(said.contains("has a fault") && !said.contains("sheets"), "{said}");
}

#[test]
fn two_products_live_in_one_namespace_and_leave_each_other_alone() {
    let at = tempfile::tempdir().unwrap();
    let both = |name: &'static str| ["--products", name, "--practice", "-n", "both", "--yes"];
    for name in ["shop", "forum"] {
        done(at.path(), &["products", "new", name]);
        done(at.path(), &[&["install", name][..], &both(name)].concat());
    }
    done(at.path(), &[&["upgrade", "shop", "--set", "greeting=Welcome"][..], &both("shop")].concat());
    let gone = done(at.path(), &[&["uninstall", "shop"][..], &both("shop")].concat());
    assert!(!gone.contains("forum"), "{gone}");
    let status = done(at.path(), &["status", "forum", "-n", "both", "--practice"]);
    assert!(status.contains("forum"), "{status}");
    let again = done(at.path(), &[&["install", "forum"][..], &both("forum")].concat());
    assert!(again.contains("Nothing was written"), "{again}");
}

#[test]
fn a_second_release_of_one_product_in_its_namespace_is_refused_before_anything_is_written() {
    let at = tempfile::tempdir().unwrap();
    done(at.path(), &["products", "new", "shop"]);
    let shop = ["install", "shop", "--products", "shop", "--practice", "--yes"];
    done(at.path(), &shop);
    let said = refused(at.path(), &[&shop[..], &["--name", "second"]].concat(), 6);
    for told in
        ["in the namespace shop already, as the release shop", "-n NAMESPACE", "--name shop", "nothing was written"]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
    done(at.path(), &[&shop[..], &["--name", "second", "-n", "elsewhere"]].concat());
    // Without that word in the product it is the objects that are the first one's.
    changed(at.path(), "shop", "product.yaml", |text| text.replace("singleton: true ", "singleton: false "));
    let said = refused(at.path(), &[&shop[..], &["--name", "second"]].concat(), 6);
    assert!(said.contains("Deployment/shop") || said.contains("Secret/shop"), "{said}");
    let status = done(at.path(), &["status", "shop", "-n", "shop", "--practice"]);
    assert!(status.contains("shop"), "{status}");
}
