//! The Jobs of `slipway backup` and the CronJob of `slipway backup schedule`, with containers that truly run.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::context::{Context, Outcome};
use crate::node::{BUCKET, S3, S3_KEY};
use crate::release::Release;
use crate::testbed;

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole backups in the folder of a claim, oldest first.
fn whole(folder: &Path) -> testbed::Outcome<Vec<String>> {
    let mut all: Vec<String> =
        std::fs::read_dir(folder)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!all.iter().any(|name| name.starts_with('.')), "nothing half-way is left: {all:?}");
    all.sort();
    Ok(all)
}

pub(crate) async fn a_job_writes_into_a_claim_what_restore_takes_back(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    release.claim("backups")?;
    let told = release.done(&["backup"], &["--to-claim", "backups", "--yes"])?;
    assert!(told.contains("the claim backups"), "{told}");
    let folder = release.folder_of("backups")?;
    let all = whole(&folder)?;
    assert_eq!(all.len(), 1, "{all:?}");
    let backup = folder.join(&all[0]);
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(backup.join("backup.json"))?)?;
    assert_eq!((&manifest["product"], &manifest["release"]), (&json!("inngest"), &json!("inngest")));
    let parts = manifest["parts"].as_array().ok_or("no parts")?;
    assert_eq!(parts.iter().map(|part| part["group"].as_str().unwrap()).collect::<Vec<_>>(), ["database", "queue"]);
    for part in parts {
        let bytes = std::fs::read(backup.join(part["file"].as_str().unwrap()))?;
        assert_eq!((&json!(bytes.len()), &json!(digest(&bytes))), (&part["bytes"], &part["sha256"]), "{part}");
        assert!(part["size"].as_u64().unwrap() > 0 && !part["server"].as_str().unwrap().is_empty(), "{part}");
    }
    release.sql("delete from runs where id > 10")?;
    release.redis(&["set", "queue:item", "lost"])?;
    let restored = release.done(&["restore"], &["--from-claim", "backups", "--yes"])?;
    assert!(restored.contains(&format!("the claim backups, {}", all[0])), "{restored}");
    assert_eq!(release.sql("select count(*) from runs")?, "5000");
    assert_eq!(release.redis(&["get", "queue:item"])?, "kept");
    let named = format!("backups/{}", all[0]);
    release.sql("delete from runs where id > 10")?;
    release.done(&["restore"], &["--from-claim", &named, "--only", "database", "--yes"])?;
    assert_eq!(release.sql("select count(*) from runs")?, "5000");
    let none = release.refused(&["restore"], &["--from-claim", "backups/inngest-20200101-000000", "--yes"], 6)?;
    assert!(none.contains("there is no whole backup"), "{none}");
    let unasked = release.refused(&["restore"], &["--from-claim", "backups"], 6)?;
    assert!(unasked.contains("inngest-restore-client"), "the pod is named before it is made: {unasked}");
    cx.until("no pod of a restore is left", async || Ok(!release.kubectl(&["get", "pods"])?.contains("-client")))
        .await?;
    Ok(())
}

pub(crate) async fn a_schedule_runs_and_keeps_as_many_as_were_asked_for(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    release.claim("backups")?;
    release.done(&["backup", "schedule"], &["--to-claim", "backups", "--keep", "2", "--yes"])?;
    release.of_schedule("first")?;
    let folder = release.folder_of("backups")?;
    let first = whole(&folder)?;
    // What another release and a killed run left: the one stays, the other goes.
    std::fs::create_dir(folder.join("inngest-2-20240101-000000"))?;
    let left = folder.join(".running-inngest-20240101-000000");
    std::fs::create_dir(&left)?;
    std::os::unix::fs::chown(&left, Some(999), Some(999))?;
    release.of_schedule("second")?;
    release.of_schedule("third")?;
    let mut all = whole(&folder)?;
    all.retain(|name| name != "inngest-2-20240101-000000");
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(!all.contains(&first[0]), "the oldest is gone: {all:?}");
    assert!(folder.join("inngest-2-20240101-000000").exists());
    Ok(())
}

fn bucket(release: &Release<'_>, secret: &str, opens: (&str, &str)) -> Outcome {
    release.apply(&json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret},
        "stringData": {"AWS_ACCESS_KEY_ID": opens.0, "AWS_SECRET_ACCESS_KEY": opens.1, "AWS_ENDPOINT_URL": S3},
    }))
}

/// A pod with rclone that looks into the bucket.
fn looker(release: &Release<'_>) -> Outcome {
    let env = |name: &str, value: &str| json!({"name": name, "value": value});
    release.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look"},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "runAsUser": 999, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "look", "image": "rclone/rclone:1.71", "command": ["sleep", "3600"],
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "env": [
                    env("HOME", "/tmp"), env("RCLONE_CONFIG_S3_TYPE", "s3"), env("RCLONE_CONFIG_S3_PROVIDER", "Other"),
                    env("RCLONE_CONFIG_S3_ACCESS_KEY_ID", S3_KEY.0), env("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", S3_KEY.1),
                    env("RCLONE_CONFIG_S3_ENDPOINT", S3),
                ],
            }],
        },
    }))?;
    release.kubectl(&["wait", "--for=condition=Ready", "pod/look", "--timeout=120s"]).map(drop)
}

/// What rclone prints in that pod.
fn look(release: &Release<'_>, script: &str) -> testbed::Outcome<String> {
    release.kubectl(&["exec", "look", "--", "sh", "-c", script])
}

pub(crate) async fn a_job_writes_into_a_bucket_and_keeps_as_many_as_were_asked_for(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    let place = format!("s3:{BUCKET}/{}", release.namespace);
    let url = format!("s3://{BUCKET}/{}", release.namespace);
    bucket(&release, "bucket", S3_KEY)?;
    looker(&release)?;
    let to = ["--to-s3", &url, "--s3-secret", "bucket", "--yes"];
    release.done(&["backup"], &to)?;
    let list = format!("rclone lsf --files-only -R {place}");
    let first = look(&release, &list)?;
    let folder = first.lines().find_map(|line| line.strip_suffix("/backup.json")).ok_or("no manifest")?.to_string();
    let manifest: Value = serde_json::from_str(&look(&release, &format!("rclone cat {place}/{folder}/backup.json"))?)?;
    for part in manifest["parts"].as_array().ok_or("no parts")? {
        let file = format!("{place}/{folder}/{}", part["file"].as_str().unwrap());
        let sum = look(&release, &format!("rclone cat {file} | sha256sum"))?;
        assert_eq!(sum.split(' ').next(), part["sha256"].as_str(), "{part}");
        assert_eq!(look(&release, &format!("rclone cat {file} | wc -c"))?, part["bytes"].to_string());
    }
    assert_eq!(manifest["parts"].as_array().map(Vec::len), Some(2));
    release.sql("delete from runs where id > 10")?;
    release.done(&["restore"], &["--from-s3", &url, "--s3-secret", "bucket", "--yes"])?;
    assert_eq!(release.sql("select count(*) from runs")?, "5000");
    let named = format!("{url}/{folder}");
    release.sql("delete from runs where id > 10")?;
    release.done(&["restore"], &["--from-s3", &named, "--s3-secret", "bucket", "--only", "database", "--yes"])?;
    assert_eq!(release.sql("select count(*) from runs")?, "5000");
    // Half of one that a killed run left long ago, and a whole one of another release.
    look(&release, &format!("echo x | rclone rcat {place}/inngest-20240101-000000/queue.rdb"))?;
    look(&release, &format!("echo x | rclone rcat {place}/inngest-2-20240101-000000/backup.json"))?;
    release.done(&["backup", "schedule"], &[&to[..], &["--keep", "1"]].concat())?;
    release.of_schedule("second")?;
    let left = look(&release, &list)?;
    assert_eq!(left.lines().filter(|line| line.starts_with("inngest-20")).count(), 3, "the newest alone: {left}");
    assert!(!left.contains(&folder) && left.contains("inngest-2-20240101-000000/backup.json"), "{left}");
    Ok(())
}

pub(crate) async fn a_job_that_cannot_reach_its_bucket_or_its_database_ends_and_leaves_nothing(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    let url = format!("s3://{BUCKET}/{}", release.namespace);
    bucket(&release, "bucket", S3_KEY)?;
    bucket(&release, "wrong", (S3_KEY.0, "another"))?;
    looker(&release)?;
    let refused = release.refused(&["backup"], &["--to-s3", &url, "--s3-secret", "wrong", "--yes"], 1)?;
    assert!(refused.contains("upload: ") && refused.contains("SignatureDoesNotMatch"), "{refused}");
    let image = ["--s3-image", "registry.invalid/rclone:1"];
    let to = ["--to-s3", &url, "--s3-secret", "bucket", "--yes"];
    let refused = release.refused(&["backup"], &[&to[..], &image].concat(), 1)?;
    assert!(refused.contains("cannot begin") && refused.contains("registry.invalid/rclone:1"), "{refused}");
    release.sql("alter role inngest password 'another'")?;
    let refused = release.refused(&["backup"], &to, 1)?;
    assert!(refused.contains("password authentication failed"), "{refused}");
    release.claim("backups")?;
    let refused = release.refused(&["backup"], &["--to-claim", "backups", "--yes"], 1)?;
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert_eq!(look(&release, &format!("rclone lsf -R s3:{BUCKET}/{} || true", release.namespace))?, "");
    Ok(())
}
