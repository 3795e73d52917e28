//! `slipway products new`.

use std::path::Path;

use serde_json::Value;

use crate::program::{done, refused, slipway};

/// Everything under a folder, by path.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_product_lints_without_a_fault_and_every_profile_installs_on_the_practice_cluster() {
    let at = tempfile::tempdir().unwrap();
    let said = done(at.path(), &["products", "new", "my-shop"]);
    for next in ["slipway products lint ./my-shop", "slipway install my-shop --products ./my-shop --practice"] {
        assert!(said.contains(next), "{said}");
    }
    let linted = done(at.path(), &["products", "lint", "./my-shop"]);
    assert!(linted.starts_with("my-shop: all ") && linted.contains(" 0 faults"), "{linted}");
    for profile in ["development", "staging", "production"] {
        let target = ["install", "my-shop", "--products", "./my-shop", "--practice", "-n", profile];
        let told = done(at.path(), &[&target[..], &["--profile", profile, "--yes"]].concat());
        assert!(told.contains("http://my-shop:http/health answers 200"), "{told}");
        let password = "slipway keys show my-shop -n";
        assert!(told.contains(password), "{told}");
    }
    let listed = done(at.path(), &["products", "--products", "./my-shop"]);
    // As wide as the longest name.
    let line = listed.lines().find_map(|line| line.strip_prefix("my-shop ")).map(str::trim);
    assert_eq!(line, Some("My shop: A page behind a password"), "{listed}");
}

#[test]
fn a_folder_may_be_called_otherwise_than_its_product() {
    let at = tempfile::tempdir().unwrap();
    let made = done(at.path(), &["products", "new", "shop", "--into", "deep/a shop", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!((&made["name"], &made["folder"]), (&"shop".into(), &"deep/a shop".into()));
    assert_eq!(made["next"][0], "slipway products lint 'deep/a shop'");
    let told: Vec<&str> = made["files"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(told, files(&at.path().join("deep/a shop")));
    let linted = done(at.path(), &["products", "lint", "deep/a shop"]);
    assert!(linted.starts_with("shop: "), "{linted}");
    done(at.path(), &["install", "shop", "--products", "deep/a shop", "--practice", "--yes"]);
    done(at.path(), &["products", "new", "shop", "--into", "deep/another"]);
    let twice = refused(at.path(), &["products", "--products", "deep"], 2);
    assert!(twice.contains("are both the product shop"), "{twice}");
}

#[test]
fn a_folder_that_is_there_stays_as_it_is() {
    let at = tempfile::tempdir().unwrap();
    std::fs::create_dir(at.path().join("shop")).unwrap();
    std::fs::write(at.path().join("shop/mine"), "mine").unwrap();
    let said = refused(at.path(), &["products", "new", "shop"], 2);
    assert!(said.contains("it is there already") && said.contains("--into DIR"), "{said}");
    assert_eq!(files(&at.path().join("shop")), ["mine"]);
    let said = refused(at.path(), &["products", "new", "shop", "--into", "shop/mine"], 2);
    assert!(said.contains("it is there already"), "{said}");
    let said = refused(at.path(), &["products", "new", "shop", "--into", "shop/mine/below"], 2);
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(files(&at.path().join("shop")), ["mine"]);
}

#[test]
fn a_name_that_no_product_may_have_is_refused_before_anything_is_written() {
    let at = tempfile::tempdir().unwrap();
    for (name, why) in [
        ("My-Shop", "small letters, digits and hyphens, not 'M'"),
        ("../shop", "not '.'"),
        ("my shop", "not ' '"),
        ("-shop", "may not begin or end with a hyphen"),
        ("shop-", "may not begin or end with a hyphen"),
        ("", "is empty"),
        ("2shop", "begins with a digit"),
        ("a-name-that-is-longer-than-a-release-may-be", "40 is the most"),
        ("inngest", "is part of slipway"),
        ("true", "must be text"),
    ] {
        let ended = slipway(at.path(), &["products", "new", "--", name]);
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.said);
        assert!(ended.said.contains(why) && ended.said.contains("nothing was written"), "{name}: {}", ended.said);
    }
    let left: Vec<_> = files(at.path()).into_iter().filter(|file| !file.starts_with("state/")).collect();
    assert_eq!(left, Vec::<String>::new());
}
