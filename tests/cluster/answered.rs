//! Frozen plans, and what the answers of earlier runs come to, as an operator meets them on the real control plane.

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, keys, objects, succeeded, versions};
use crate::testbed;
use crate::upgrade::{FIXTURES, ends, kubectl, ladder, slipway};

pub(crate) async fn a_frozen_plan_runs_as_it_was_reviewed_and_not_after_anything_moved(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("plan.json").display().to_string();
    let freeze =
        |more: &[&str]| slipway(&cx, &[&["plan", "inngest", "-n", &namespace, "--out", &path][..], more].concat());
    let apply = |more: &[&str]| slipway(&cx, &[&["apply", &path][..], more].concat());
    // A first installation too: its keys are made when it is run.
    ends(&freeze(&["--set", "replicas=2"])?, 0, &["Frozen in", "slipway apply"]);
    ends(&apply(&[])?, 6, &["nobody said yes", "slipway apply"]);
    succeeded(&apply(&["--yes"])?);
    let first = objects(&cx, &namespace)?;
    assert_eq!(first["Deployment/inngest"]["spec"]["replicas"], 2);
    let values = keys(&first);
    let frozen = std::fs::read_to_string(&path)?;
    assert!(values.values().all(|value| !frozen.contains(value.as_str())), "a secret is in the frozen plan");
    // It was run: the release is another one now.
    ends(
        &apply(&["--yes"])?,
        6,
        &["not any more what was reviewed", "revision 1", "nothing was written", "slipway plan inngest"],
    );
    // Run where nothing moved.
    succeeded(&freeze(&["--set", "logLevel=debug"])?);
    succeeded(&apply(&["--yes"])?);
    // An object that somebody changed, though the plan does not touch it.
    succeeded(&freeze(&["--set", "logLevel=warn"])?);
    kubectl(&cx, &namespace, &["label", "service", "inngest", "team=blue"])?;
    let before = versions(&objects(&cx, &namespace)?);
    ends(&apply(&["--yes"])?, 6, &["Service/inngest was changed", "nothing was written"]);
    // One that expired.
    succeeded(&freeze(&["--set", "logLevel=warn", "--lasts", "0s"])?);
    ends(&apply(&["--yes"])?, 6, &["could be run until"]);
    // One for another cluster, one of a newer slipway, and what is none.
    succeeded(&freeze(&["--set", "logLevel=warn"])?);
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let mut other = whole.clone();
    other["plan"]["target"]["clusterUid"] = "another".into();
    std::fs::write(&path, other.to_string())?;
    ends(&apply(&["--yes"])?, 6, &["made for another cluster"]);
    let mut newer = whole.clone();
    newer["slipwayPlan"] = 2.into();
    std::fs::write(&path, newer.to_string())?;
    ends(&apply(&["--yes"])?, 6, &["newer slipway"]);
    // Nobody changes it on the way: what it does is what would be planned now.
    let mut forged = whole.clone();
    forged["plan"]["steps"][0]["action"] = json!({"do": "delete"});
    std::fs::write(&path, forged.to_string())?;
    ends(&apply(&["--yes"])?, 6, &["agreed was delete"]);
    std::fs::write(&path, "motto: together\n")?;
    ends(&apply(&["--yes"])?, 2, &["not a frozen plan"]);
    ends(&freeze(&[])?, 2, &["is not a frozen plan"]);
    assert_eq!(std::fs::read_to_string(&path)?, "motto: together\n", "what is something else is not overwritten");
    assert_eq!(versions(&objects(&cx, &namespace)?), before);
    DONE
}

pub(crate) async fn answers_of_earlier_runs_stand_until_they_are_forgotten_by_name_or_all_at_once(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let set = ["--yes", "--set", "motto=mine", "--set", "rungs=5", "--set", "wood=ash"];
    succeeded(&ladder(&cx, "install", &namespace, &set)?);
    let now = || -> testbed::Outcome<(String, i64, String)> {
        let found = objects(&cx, &namespace)?;
        let data = |key: &str| found["ConfigMap/ladder"]["data"][key].as_str().unwrap_or("").to_owned();
        Ok((data("motto"), found["Deployment/ladder"]["spec"]["replicas"].as_i64().unwrap_or(0), data("wood")))
    };
    let is = |motto: &str, rungs: i64, wood: &str| (motto.to_owned(), rungs, wood.to_owned());
    succeeded(&ladder(&cx, "upgrade", &namespace, &["--yes", "--set", "version=v1.1.0"])?);
    assert_eq!(now()?, is("mine", 5, "ash"));
    succeeded(&ladder(&cx, "upgrade", &namespace, &["--yes", "--reset", "motto"])?);
    assert_eq!(now()?, is("upwards", 5, "ash"));
    // Everything but what is pinned: the version that was set is forgotten too, and the default would be a step back.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("answers.yaml");
    std::fs::write(&file, "version: v1.1.0\nmotto: filed\n")?;
    let path = file.display().to_string();
    succeeded(&ladder(&cx, "upgrade", &namespace, &["--yes", "--exact", "-f", &path])?);
    assert_eq!(now()?, is("filed", 3, "ash"));
    // Another profile changes what nobody answered, and that is said.
    let planned = ladder(&cx, "plan", &namespace, &["--reset", "motto", "--profile", "live"])?;
    ends(&planned, 0, &["steady"]);
    let moved = ladder(&cx, "plan", &namespace, &["--set", "wood=elm"])?;
    ends(&moved, 0, &["wood: ash -> elm", "PINNED_CHANGED"]);
    DONE
}

pub(crate) async fn a_newer_product_says_which_presets_and_questions_changed(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&ladder(&cx, "install", &namespace, &["--yes", "--set", "motto=mine"])?);
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("ladder");
    std::fs::create_dir_all(home.join("manifests"))?;
    for file in ["product.yaml", "dev.yaml", "live.yaml", "manifests/ladder.yaml"] {
        let text = std::fs::read_to_string(format!("{FIXTURES}/ladder/{file}"))?;
        let text =
            text.replace("default: 3, min: 1", "default: 4, min: 1").replace("default: v1.0.0", "default: v1.1.0");
        let text = text.replace(
            "{id: motto, type: text, ask: Motto, default: upwards}",
            "{id: paint, type: text, ask: Paint, default: green}",
        );
        std::fs::write(
            home.join(file),
            text.replace("motto: '${motto}'", "paint: '${paint}'").replace("motto: steady", "paint: red"),
        )?;
    }
    let products = folder.path().display().to_string();
    let upgrade = |verb: &str, more: &[&str]| {
        slipway(&cx, &[&[verb, "ladder", "--products", &products, "-n", &namespace][..], more].concat())
    };
    let planned = upgrade("plan", &["--exit-code"])?;
    let words = [
        "upgrade Ladder v1.1.0",
        "rungs: 3 -> 4 (default)",
        "paint: green (new)",
        "no longer asked: motto",
        "From v1.1.0 on the rungs are round.",
    ];
    ends(&planned, 7, &words);
    succeeded(&upgrade("upgrade", &["--yes"])?);
    let found = objects(&cx, &namespace)?;
    assert_eq!(found["ConfigMap/ladder"]["data"], json!({"paint": "green", "wood": "oak"}));
    assert_eq!(found["Deployment/ladder"]["spec"]["replicas"], 4);
    DONE
}
