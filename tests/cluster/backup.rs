//! Backup and restore against a real PostgreSQL and a real Redis, through exec on the real control plane (cluster.md 5).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::databases::{Postgresql, Redis};
use crate::install::{fresh, install, objects, said, succeeded};
use crate::testbed;

/// An Inngest whose database is a real one of this test.
struct Release {
    namespace: String,
    database: String,
    server: Postgresql,
    folder: tempfile::TempDir,
}

impl Release {
    fn install(cx: &Context) -> testbed::Outcome<Self> {
        let (namespace, id) = (fresh("fast"), format!("{:08x}", rand::random::<u32>()));
        let (user, database) = (format!("user_{id}"), format!("events_{id}"));
        let (of_user, of_database) =
            (format!("database.bundledUser={user}"), format!("database.bundledName={database}"));
        let set = ["--set", "queue.mode=memory", "--set", &of_user, "--set", &of_database];
        succeeded(&install(cx, "admin", &[&["inngest", "-n", &namespace, "--yes"], &set[..]].concat())?);
        let server = Postgresql::start(cx.folder(), &user, &password(cx, &namespace)?)?;
        server.sql("postgres", &format!("create database {database}"))?;
        server.sql(&database, "create table runs (id int primary key, output text); create table apps (name text)")?;
        server.sql(&database, "insert into runs select n, md5(n::text) from generate_series(1, 5000) n")?;
        Ok(Self { namespace, database, server, folder: tempfile::tempdir()? })
    }

    fn run(&self, cx: &Context, verb: &[&str], more: &[&str]) -> testbed::Outcome<Output> {
        Ok(cx.slipway("admin").args(verb).args(["-n", &self.namespace]).args(more).output()?)
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn runs(&self) -> testbed::Outcome<String> {
        self.server.sql(&self.database, "select count(*) || ' ' || coalesce(max(id), 0) from runs")
    }

    fn databases(&self) -> testbed::Outcome<Vec<String>> {
        let all = self.server.sql("postgres", "select datname from pg_database where not datistemplate order by 1")?;
        Ok(all.lines().filter(|name| *name != "postgres").map(str::to_string).collect())
    }
}

/// The password that the release's own pods have.
pub(crate) fn password(cx: &Context, namespace: &str) -> testbed::Outcome<String> {
    let secret = &objects(cx, namespace)?["Secret/inngest-postgresql"]["data"]["postgres-password"];
    let decoded = base64::engine::general_purpose::STANDARD.decode(secret.as_str().ok_or("no password")?)?;
    Ok(String::from_utf8(decoded)?)
}

fn manifest(folder: &str) -> testbed::Outcome<Value> {
    Ok(serde_json::from_slice(&std::fs::read(Path::new(folder).join("backup.json"))?)?)
}

fn mode(path: &Path) -> testbed::Outcome<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

pub(crate) async fn a_database_is_backed_up_restored_beside_the_old_one_and_the_old_one_stays(cx: Context) -> Outcome {
    let release = Release::install(&cx)?;
    let folder = release.at("first");
    let nowhere = release.run(&cx, &["backup"], &[])?;
    assert_eq!(nowhere.status.code(), Some(3), "{}", said(&nowhere));
    assert!(said(&nowhere).contains("--to PATH") && said(&nowhere).contains("--to-claim NAME"), "{}", said(&nowhere));
    let made = release.run(&cx, &["backup", "inngest"], &["--to", &folder])?;
    assert!(made.status.success(), "{}", said(&made));
    for told in ["Backing up database (PostgreSQL", "a second", "were read, and are sound", "slipway restore inngest"] {
        assert!(said(&made).contains(told), "{told}: {}", said(&made));
    }
    let dump = Path::new(&folder).join("database.pgdump");
    assert_eq!((mode(Path::new(&folder))?, mode(&dump)?), (0o700, 0o600));
    assert_eq!(mode(&Path::new(&folder).join("backup.json"))?, 0o600);
    let about = manifest(&folder)?;
    assert_eq!(about["parts"][0]["bytes"], std::fs::metadata(&dump)?.len());
    assert_eq!((about["product"].as_str(), about["consistent"].as_bool()), (Some("inngest"), Some(true)));
    assert!(!said(&made).contains(&password(&cx, &release.namespace)?), "no password is told");
    // A backup is never written over another.
    let over = release.run(&cx, &["backup"], &["--to", &folder])?;
    assert_eq!(over.status.code(), Some(2), "{}", said(&over));
    assert_eq!(manifest(&folder)?, about);

    release.server.sql(&release.database, "delete from runs where id > 10; insert into apps values ('later')")?;
    let unasked = release.run(&cx, &["restore"], &["--from", &folder])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert_eq!(release.runs()?, "10 10", "nothing was written");
    let restored = release.run(&cx, &["restore"], &["--from", &folder, "--yes"])?;
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(release.runs()?, "5000 5000");
    assert_eq!(release.server.sql(&release.database, "select count(*) from apps")?, "0");
    let all = release.databases()?;
    let before = all.iter().find(|name| name.contains("_before_")).ok_or("the old one is gone")?;
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(said(&restored).contains(&format!("dropdb -U {} {before}", release.server.user)), "{}", said(&restored));
    assert_eq!(release.server.sql(before, "select count(*) from runs")?, "10", "what was there stays");
    DONE
}

pub(crate) async fn what_is_cut_off_damaged_or_anothers_is_refused_and_nothing_is_lost(cx: Context) -> Outcome {
    let release = Release::install(&cx)?;
    let folder = release.at("whole");
    let made = release.run(&cx, &["backup"], &["--to", &folder])?;
    assert!(made.status.success(), "{}", said(&made));
    let dump = Path::new(&folder).join("database.pgdump");
    let bytes = std::fs::read(&dump)?;
    let refused = |what: &str, from: &str, why: &str| -> testbed::Outcome<()> {
        let output = release.run(&cx, &["restore"], &["--from", from, "--yes"])?;
        assert_eq!(output.status.code(), Some(6), "{what}: {}", said(&output));
        assert!(said(&output).contains(why), "{what}: {}", said(&output));
        assert!(said(&output).contains("nothing was written"), "{what}: {}", said(&output));
        assert_eq!((release.runs()?, release.databases()?.len()), ("5000 5000".into(), 1), "{what}");
        Ok(())
    };
    std::fs::write(&dump, &bytes[..bytes.len() / 2])?;
    refused("cut off", &folder, "is cut off")?;
    // Without the manifest the dump itself has to tell.
    refused("cut off and alone", &dump.display().to_string(), "is not a whole dump")?;
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    std::fs::write(&dump, &damaged)?;
    refused("damaged", &folder, "is damaged")?;
    std::fs::write(&dump, &bytes)?;

    let written = manifest(&folder)?;
    let change = |field: &str, value: Value| -> testbed::Outcome<()> {
        let mut manifest = written.clone();
        *manifest.pointer_mut(field).ok_or("no such field")? = value;
        Ok(std::fs::write(Path::new(&folder).join("backup.json"), manifest.to_string())?)
    };
    change("/product", json!("prefect"))?;
    refused("of another product", &folder, "it is a backup of prefect")?;
    change("/parts/0/database", json!("others"))?;
    refused("of another database", &folder, "holds the database others")?;
    change("/format", json!(99))?;
    refused("of a newer slipway", &folder, "newer slipway")?;
    std::fs::remove_file(Path::new(&folder).join("backup.json"))?;
    refused("half a backup", &folder, "is not a whole backup")?;

    // Another database's dump, whatever it is called.
    release.server.sql("postgres", "create database others")?;
    release.server.sql("others", "create table t (a int)")?;
    let other = release.server.dump("others", release.folder.path())?;
    release.server.sql("postgres", "drop database others")?;
    refused("another's dump", &other.display().to_string(), "it is a dump of the database others")?;
    // The whole one, alone, still serves.
    release.server.sql(&release.database, "truncate runs")?;
    let restored = release.run(&cx, &["restore"], &["--from", &dump.display().to_string(), "--yes"])?;
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(release.runs()?, "5000 5000");
    DONE
}

pub(crate) async fn a_restore_that_was_killed_leaves_the_database_as_it_was_and_the_next_one_finishes(
    cx: Context,
) -> Outcome {
    let release = Release::install(&cx)?;
    let folder = release.at("whole");
    let made = release.run(&cx, &["backup"], &["--to", &folder])?;
    assert!(made.status.success(), "{}", said(&made));
    release.server.sql(&release.database, "delete from runs where id > 10")?;
    // As a restore that was killed leaves it: the new database half full, the lock held by nobody.
    release.server.sql("postgres", &format!("create database {}_slipway_restoring", release.database))?;
    release.server.sql(&format!("{}_slipway_restoring", release.database), "create table runs (id int)")?;
    let mut killed = cx.slipway("admin");
    killed.args(["restore", "-n", &release.namespace, "--from", &folder, "--yes"]);
    let mut killed = killed.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn()?;
    let id = format!("{}_slipway_restoring", release.database);
    cx.until("it has begun to fill the new one, or is done", async || {
        let tables = release.server.sql(&id, "select count(*) from pg_tables where tablename = 'apps'");
        Ok(tables.is_ok_and(|tables| tables == "1")
            || release.databases()?.iter().any(|name| name.contains("_before_")))
    })
    .await?;
    killed.kill()?;
    killed.wait()?;
    let now = release.runs()?;
    assert!(now == "10 10" || now == "5000 5000", "one or the other, and whole: {now}");
    let again = release.run(&cx, &["restore"], &["--from", &folder, "--yes"])?;
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(release.runs()?, "5000 5000");
    assert!(!release.databases()?.contains(&id), "nothing half-way is left: {:?}", release.databases()?);
    DONE
}

pub(crate) async fn a_target_that_would_fill_is_refused_and_one_that_fills_keeps_everything_else(
    cx: Context,
) -> Outcome {
    let release = Release::install(&cx)?;
    release.server.sql(
        &release.database,
        "insert into runs select n, md5(random()::text) || md5(random()::text) from generate_series(5001, 60000) n",
    )?;
    let small = release.folder.path().join("small");
    std::fs::create_dir(&small)?;
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(&small).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        // Only root may make a disk that is small enough to fill.
        return Ok(libtest_mimic::Completion::ignored_with("needs the right to mount"));
    }
    let neighbour = small.join("neighbour");
    let folder = small.join("backup").display().to_string();
    let tried = (|| -> testbed::Outcome<[Output; 2]> {
        std::fs::write(&neighbour, "precious")?;
        let refused = release.run(&cx, &["backup"], &["--to", &folder])?;
        let filled = release.run(&cx, &["backup"], &["--to", &folder, "--skip-preflight", "TARGET_FULL"])?;
        assert_eq!(std::fs::read_to_string(&neighbour)?, "precious");
        assert!(!Path::new(&folder).exists(), "what was written of it is gone");
        Ok([refused, filled])
    })();
    let _ended = std::process::Command::new("umount").arg(&small).status();
    let [refused, filled] = tried?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(said(&refused).contains("of data") && said(&refused).contains("TARGET_FULL"), "{}", said(&refused));
    assert_eq!(filled.status.code(), Some(2), "{}", said(&filled));
    assert!(
        said(&filled).contains("is full") && said(&filled).contains("nothing else was touched"),
        "{}",
        said(&filled)
    );
    DONE
}

pub(crate) async fn a_password_that_does_not_open_the_database_is_found_from_another_pod_and_mended(
    cx: Context,
) -> Outcome {
    let release = Release::install(&cx)?;
    let unasked = release.run(&cx, &["keys", "check"], &[])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert!(
        said(&unasked).contains("inngest-database-client"),
        "the pod is named before it is made: {}",
        said(&unasked)
    );
    let well = release.run(&cx, &["keys", "check"], &["--yes"])?;
    assert!(well.status.success(), "{}", said(&well));
    // As a volume that was initialised with another password.
    let user = &release.server.user;
    release.server.sql("postgres", &format!("alter role {user} password 'another'"))?;
    let wrong = release.run(&cx, &["keys", "check"], &["--yes"])?;
    assert_eq!(wrong.status.code(), Some(6), "{}", said(&wrong));
    for told in ["password authentication failed", "DATABASE_PASSWORD", "--mend"] {
        assert!(said(&wrong).contains(told), "{told}: {}", said(&wrong));
    }
    let mended = release.run(&cx, &["keys", "check"], &["--mend", "--yes"])?;
    assert!(mended.status.success(), "{}", said(&mended));
    assert!(!said(&mended).contains(&password(&cx, &release.namespace)?));
    succeeded(&release.run(&cx, &["keys", "check"], &["--yes"])?);
    let left = cx.kubectl().args(["-n", &release.namespace, "get", "pods", "-o", "name"]).output()?;
    cx.until("no client's pod is left", async || {
        let pods = cx.kubectl().args(["-n", &release.namespace, "get", "pods", "-o", "name"]).output()?;
        Ok(!String::from_utf8_lossy(&pods.stdout).contains("-client"))
    })
    .await?;
    drop(left);
    DONE
}

pub(crate) async fn a_redis_is_backed_up_and_takes_its_dump_back_while_it_runs(cx: Context) -> Outcome {
    let redis = Redis::start(cx.folder())?;
    let namespace = fresh("fast");
    let products = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let run = |verb: &[&str], more: &[&str]| -> testbed::Outcome<Output> {
        let mut slipway = cx.slipway("admin");
        Ok(slipway.args(verb).args(["-n", &namespace, "--products", products]).args(more).output()?)
    };
    let port = format!("server.port={}", redis.port);
    succeeded(&run(&["install", "store"], &["--yes", "--set", &port])?);
    for n in 0..300 {
        redis.ask(&["set", &format!("key-{n}"), &"v".repeat(200)])?;
    }
    let home = tempfile::tempdir()?;
    let folder = home.path().join("backup").display().to_string();
    let made = run(&["backup"], &["--to", &folder])?;
    assert!(made.status.success(), "{}", said(&made));
    let file = Path::new(&folder).join("store.rdb");
    let checked = std::process::Command::new("redis-check-rdb").arg(&file).output()?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    redis.ask(&["flushall"])?;
    redis.ask(&["set", "later", "1"])?;
    let whole = std::fs::read(&file)?;
    std::fs::write(&file, &whole[..whole.len() - 20])?;
    let cut = run(&["restore"], &["--from", &file.display().to_string(), "--yes"])?;
    assert_eq!(cut.status.code(), Some(6), "{}", said(&cut));
    assert_eq!(redis.ask(&["dbsize"])?, "1", "nothing was written");
    std::fs::write(&file, &whole)?;
    let restored = run(&["restore"], &["--from", &folder, "--yes"])?;
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!((redis.ask(&["dbsize"])?, redis.ask(&["get", "later"])?), ("300".into(), String::new()));
    assert_eq!(redis.ask(&["set", "new", "1"])?, "OK", "it follows nobody");
    let names: Vec<String> = std::fs::read_dir(redis.folder.path())?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("before-")), "what was there stays: {names:?}");
    assert!(!names.contains(&"slipway-restoring.rdb".to_string()), "{names:?}");
    DONE
}

pub(crate) async fn a_job_and_a_schedule_pass_a_strict_dry_run_and_go_with_the_release(cx: Context) -> Outcome {
    let namespace = cx.namespace_with("fast", json!({"pod-security.kubernetes.io/enforce": "restricted"})).await?;
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let run = |verb: &[&str], more: &[&str]| -> testbed::Outcome<Output> {
        Ok(cx.slipway("admin").args(verb).args(["-n", &namespace]).args(more).output()?)
    };
    let missing = run(&["backup"], &["--to-claim", "backups", "--yes"])?;
    assert_eq!(missing.status.code(), Some(6), "{}", said(&missing));
    let own = run(&["backup"], &["--to-claim", "inngest-redis", "--yes"])?;
    assert!(own.status.code() == Some(6) && said(&own).contains("holds the data itself"), "{}", said(&own));
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "backups"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    cx.apply(&namespace, claim).await?;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bucket"},
        "stringData": {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}});
    cx.apply(&namespace, secret).await?;
    for to in [&["--to-claim", "backups"][..], &["--to-s3", "s3://safe/inngest", "--s3-secret", "bucket"]] {
        let unasked = run(&["backup"], to)?;
        assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
        assert!(said(&unasked).contains("nobody said yes"), "the server accepts it: {}", said(&unasked));
        let made = run(&["backup"], &[to, &["--yes"]].concat())?;
        assert!(made.status.success(), "{}", said(&made));
        let scheduled = run(&["backup", "schedule"], &[to, &["--keep", "3", "--yes"]].concat())?;
        assert!(scheduled.status.success(), "{}", said(&scheduled));
    }
    let odd = run(&["backup", "schedule"], &["--to-claim", "backups", "--at", "whenever", "--yes"])?;
    assert!(!odd.status.success() && said(&odd).contains("whenever"), "{}", said(&odd));
    let all = cx.kubectl().args(["-n", &namespace, "get", "job,cronjob", "-o", "json"]).output()?;
    let all: Value = serde_json::from_slice(&all.stdout)?;
    let made = all["items"].as_array().ok_or("no list")?;
    assert_eq!(made.iter().filter(|one| one["kind"] == "CronJob").count(), 1, "the second replaced the first");
    for one in made {
        assert_eq!(one["metadata"]["ownerReferences"][0]["name"], "slipway-inngest");
        let text = one.to_string();
        assert!(!text.contains(&password(&cx, &namespace)?), "no secret is in it");
    }
    let uninstalled = cx.slipway("admin").args(["uninstall", "-n", &namespace, "--yes"]).output()?;
    succeeded(&uninstalled);
    cx.until("the schedule is gone with the release", async || {
        let left = cx.kubectl().args(["-n", &namespace, "get", "cronjob", "-o", "name"]).output()?;
        Ok(left.stdout.is_empty())
    })
    .await?;
    DONE
}
