use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use super::job::{Bucket, Order, To, cron_job, job};
use super::*;
use crate::object::Object;
use crate::plan::{Action, Class, Plan, ProductRef, Step, Target, Verb, Wanted};

fn postgresql() -> Source {
    serde_json::from_value(json!({
        "group": "database", "kind": "postgresql", "database": "inngest", "user": "inngest", "host": "inngest-postgresql",
        "port": 5432, "password": {"secret": "inngest-postgresql", "key": "postgres-password"}, "image": "postgres:17"}))
    .unwrap()
}

fn redis() -> Source {
    serde_json::from_value(json!({
        "group": "queue", "kind": "redis", "host": "inngest-redis", "port": 6379,
        "password": {"secret": "inngest-redis", "key": "redis-password"}, "image": "redis:7-alpine"}))
    .unwrap()
}

fn outside() -> Source {
    serde_json::from_value(json!({
        "group": "database", "kind": "postgresql", "url": {"secret": "db", "key": "url"}, "image": "postgres:17"}))
    .unwrap()
}

/// A shell reads the script without running it.
fn reads(script: &str) {
    let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let ended = shell.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}\n{script}", String::from_utf8_lossy(&ended.stderr));
}

fn ordered(sources: &[Source], to: &To, make: impl Fn(&Order<'_>) -> Object) -> Object {
    let target = Target { namespace: "space".into(), release: "inngest".into(), ..Target::default() };
    let product = ProductRef { name: "inngest".into(), version: "v1.2.3".into(), ..ProductRef::default() };
    let owner =
        Object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slipway-inngest", "uid": "u"}}));
    make(&Order {
        target: &target,
        product: &product,
        sources,
        to,
        keep: Some(3),
        owner: Some(&owner),
        openshift: false,
    })
}

#[test]
fn what_is_made_for_a_moment_is_pulled_with_the_secrets_of_the_release() {
    let object = |kind: &str, secrets: Value| {
        let pod = json!({"spec": {"imagePullSecrets": secrets}});
        let object = Object(json!({"kind": kind, "metadata": {"name": "a"}, "spec": {"template": pod}}));
        let wanted = Wanted { object, group: "a".into(), after: vec![], recipes: BTreeMap::new() };
        Step {
            class: Class::of(&wanted.object),
            wanted,
            action: Action::Keep,
            wave: 0,
            after: vec![],
            one_first: false,
        }
    };
    let mut plan = Plan::new(Verb::Install, Target::default(), ProductRef::default());
    plan.steps = vec![
        object("StatefulSet", json!([{"name": "mirror"}])),
        object("Deployment", json!([{"name": "mirror"}, {"name": "own"}])),
        object("Deployment", Value::Null),
    ];
    let secrets = client::pull_secrets(&plan);
    assert_eq!(secrets, ["mirror", "own"]);
    let source = Source { pull_secrets: secrets, ..postgresql() };
    let wanted = json!([{"name": "mirror"}, {"name": "own"}]);
    let target = Target { release: "inngest".into(), ..Target::default() };
    let pulled = |object: &Object| object.pod_spec().unwrap()["imagePullSecrets"].clone();
    assert_eq!(pulled(&client::pod(&target, &source, None, false, 9)), wanted);
    assert_eq!(pulled(&client::pod(&target, &postgresql(), None, false, 9)), Value::Null);
    for to in &places() {
        assert_eq!(pulled(&ordered(std::slice::from_ref(&source), to, |order| job(order, "one"))), wanted);
        assert_eq!(pulled(&fetch::pod(&target, (to, &source), None, false, 9)), wanted);
    }
}

fn places() -> [To; 2] {
    let bucket =
        Bucket { bucket: "safe".into(), prefix: "a/b".into(), secret: "keys".into(), image: "rclone:1".into() };
    [To::Claim("backups".into()), To::S3(bucket)]
}

#[test]
fn every_command_is_one_that_a_shell_reads_and_holds_no_secret() {
    for source in [postgresql(), redis(), outside()] {
        for within in [true, false] {
            for command in [source.size(within), source.version(within), source.dump(within), source.check(10)] {
                assert_eq!(command[..2], ["sh", "-c"]);
                reads(&command[2]);
            }
        }
    }
    assert!(postgresql().dump(true)[2].ends_with("-U inngest -d inngest"), "{:?}", postgresql().dump(true));
    assert!(postgresql().dump(false)[2].contains("-h inngest-postgresql -p 5432"));
}

#[test]
fn every_container_of_a_job_runs_a_script_that_a_shell_reads() {
    for to in places() {
        let made = ordered(&[postgresql(), redis()], &to, |order| job(order, "inngest-backup-1"));
        let pod = made.at(&["spec", "template", "spec"]).unwrap();
        let all = ["initContainers", "containers"].map(|kind| pod[kind].as_array().unwrap().clone()).concat();
        assert!(all.len() >= 4, "{all:?}");
        for container in &all {
            reads(container["command"][2].as_str().unwrap());
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        }
        assert_eq!(made.at(&["metadata", "ownerReferences"]).unwrap()[0]["uid"], "u");
        let schedule = ordered(&[postgresql()], &to, |order| cron_job(order, "inngest-backup", "0 3 * * *"));
        assert_eq!(schedule.text(&["spec", "concurrencyPolicy"]), "Forbid");
    }
}

#[test]
fn the_manifest_that_a_job_writes_is_the_one_that_is_read() {
    let made = ordered(&[postgresql(), redis()], &places()[0], |order| job(order, "x"));
    let finish =
        made.at(&["spec", "template", "spec", "containers"]).unwrap()[0]["command"][2].as_str().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    let work = home.path().join("work");
    let kept = home.path().join("backup/.running-inngest-20260101-000000");
    std::fs::create_dir_all(&work).unwrap();
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(work.join("name"), "inngest-20260101-000000").unwrap();
    for group in ["database", "queue"] {
        std::fs::write(work.join(format!("{group}.part")), json!({"group": group, "kind": "redis", "file": "f", "bytes": 3, "sha256": "s", "size": 9, "server": "1", "database": ""}).to_string()).unwrap();
    }
    // Four older ones, of which the newest two stay beside the new; another release's are not counted.
    let old = |name: &str| {
        let folder = home.path().join("backup").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(MANIFEST), "{}").unwrap();
        folder
    };
    let older: Vec<_> = (1..5).map(|day| old(&format!("inngest-2025010{day}-000000"))).collect();
    let other = old("inngest-2-20240101-000000");
    let script = finish
        .replace("/work", &work.display().to_string())
        .replace("/backup/", &format!("{}/", home.path().join("backup").display()));
    let ran = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(ran.status.success(), "{}\n{script}", String::from_utf8_lossy(&ran.stderr));
    let text = std::fs::read_to_string(home.path().join("backup/inngest-20260101-000000").join(MANIFEST)).unwrap();
    let manifest: Manifest = serde_json::from_str(&text).unwrap();
    assert_eq!((manifest.product.as_str(), manifest.consistent, manifest.parts.len()), ("inngest", false, 2));
    assert_eq!(older.iter().map(|folder| folder.exists()).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(other.exists());
}

#[test]
fn a_bucket_is_read_from_its_url() {
    assert_eq!(Bucket::read("s3://safe/a/b/").unwrap(), ("safe".into(), "a/b".into()));
    assert_eq!(Bucket::read("s3://safe").unwrap(), ("safe".into(), String::new()));
    for wrong in ["safe/a", "s3://", "s3://Safe", "s3://safe/a b", "s3://safe/../x", "s3://safe/$(id)"] {
        assert!(Bucket::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_dump_of_something_else_does_not_fit() {
    let part = Part { kind: "postgresql".into(), database: "inngest".into(), ..Part::default() };
    let manifest = |product: &str| Manifest {
        format: FORMAT,
        product: product.into(),
        version: String::new(),
        release: String::new(),
        namespace: String::new(),
        made: String::new(),
        consistent: true,
        parts: vec![],
    };
    assert_eq!(fits(&manifest("inngest"), &part, "inngest", &postgresql()), Ok(()));
    assert!(fits(&manifest("prefect"), &part, "inngest", &postgresql()).is_err());
    assert!(fits(&manifest("inngest"), &part, "inngest", &redis()).is_err());
    let other = Part { database: "others".into(), ..part };
    assert!(fits(&manifest("inngest"), &other, "inngest", &postgresql()).is_err());
}

#[test]
fn bytes_are_told_as_people_say_them() {
    assert_eq!([0, 999, 1000, 1_250_000, 10_700_000_000].map(words), ["0 B", "999 B", "1.0 kB", "1.2 MB", "10.7 GB"]);
}
