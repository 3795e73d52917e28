//! Backup and restore of servers that are not the release's own: a real PostgreSQL and a real Redis, asked by a client's pod
//! over the network (cluster.md 5).

use std::path::Path;
use std::process::Output;

use crate::backup::manifest;
use crate::context::{Context, DONE, Outcome};
use crate::databases::{Postgresql, Redis};
use crate::install::{fresh, said, succeeded};
use crate::testbed;

/// The answers that name a server outside; its password is in the variable DATABASE_SECRET.
pub(crate) fn answers(server: &Postgresql, user: &str, database: &str) -> Vec<String> {
    vec![
        "database.mode=external".into(),
        "database.by=parts".into(),
        "database.host=db.example.com".into(),
        format!("database.port={}", server.port),
        format!("database.name={database}"),
        format!("database.user={user}"),
        "database.secret=env:DATABASE_SECRET".into(),
    ]
}

/// An Inngest whose database is a server outside, with a role of its own that owns it.
struct Outside {
    namespace: String,
    database: String,
    user: String,
    server: Postgresql,
    home: tempfile::TempDir,
}

impl Outside {
    /// `may`: what the role may do beside logging in.
    fn install(cx: &Context, may: &str) -> testbed::Outcome<Self> {
        let (namespace, id) = (fresh("fast"), format!("{:08x}", rand::random::<u32>()));
        let database = format!("events_{id}");
        let (server, user) = (Postgresql::start(cx.folder(), &format!("admin_{id}"), "admin")?, format!("role_{id}"));
        server.sql("postgres", &format!("create role {user} login password 'right' {may}"))?;
        server.network_of(&user, "right")?;
        server.sql("postgres", &format!("create database {database} owner {user}"))?;
        server.sql_as(&user, &database, "create table runs (id int primary key, output text)")?;
        server.sql_as(&user, &database, "insert into runs select n, md5(n::text) from generate_series(1, 5000) n")?;
        let mut install = cx.slipway("admin");
        install.args(["install", "inngest", "-n", &namespace, "--yes", "--set", "queue.mode=memory"]);
        for set in answers(&server, &user, &database) {
            install.args(["--set", &set]);
        }
        succeeded(&install.env("DATABASE_SECRET", "right").output()?);
        Ok(Self { namespace, database, user, server, home: tempfile::tempdir()? })
    }

    fn run(&self, cx: &Context, words: &[&str]) -> testbed::Outcome<Output> {
        let mut run = cx.slipway("admin");
        Ok(run.args(words).args(["-n", &self.namespace]).env("DATABASE_SECRET", "right").output()?)
    }

    fn at(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn count(&self, database: &str) -> testbed::Outcome<String> {
        self.server.sql_as(&self.user, database, "select count(*) from runs")
    }

    fn databases(&self) -> testbed::Outcome<Vec<String>> {
        let all = self.server.sql("postgres", "select datname from pg_database where not datistemplate order by 1")?;
        Ok(all.lines().filter(|name| *name != "postgres").map(str::to_string).collect())
    }
}

pub(crate) async fn a_database_outside_is_backed_up_and_restored_beside_the_old_one(cx: Context) -> Outcome {
    let outside = Outside::install(&cx, "createdb")?;
    let folder = outside.at("backup");
    // The pod that asks is named before it is made.
    let unasked = outside.run(&cx, &["backup", "--to", &folder])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert!(said(&unasked).contains("inngest-database-client"), "{}", said(&unasked));
    succeeded(&outside.run(&cx, &["backup", "--to", &folder, "--yes"])?);
    assert_eq!(manifest(&folder)?["parts"][0]["database"], outside.database.as_str());
    outside.server.sql_as(&outside.user, &outside.database, "delete from runs where id > 10")?;

    let restored = outside.run(&cx, &["restore", "--from", &folder, "--yes"])?;
    succeeded(&restored);
    assert_eq!(outside.count(&outside.database)?, "5000");
    let all = outside.databases()?;
    let before = all.iter().find(|name| name.contains("_before_")).ok_or("the old one is gone")?;
    assert_eq!((all.len(), outside.count(before)?), (2, "10".to_string()), "{all:?}");
    assert!(said(&restored).contains(&format!("drop database \"{before}\"")), "{}", said(&restored));
    cx.until("no client's pod is left", async || {
        let pods = cx.kubectl().args(["-n", &outside.namespace, "get", "pods", "-o", "name"]).output()?;
        Ok(!String::from_utf8_lossy(&pods.stdout).contains("-client"))
    })
    .await?;
    DONE
}

pub(crate) async fn a_role_that_may_not_make_databases_is_told_what_to_grant_and_nothing_is_touched(
    cx: Context,
) -> Outcome {
    let outside = Outside::install(&cx, "nocreatedb")?;
    let folder = outside.at("backup");
    succeeded(&outside.run(&cx, &["backup", "--to", &folder, "--yes"])?);
    outside.server.sql_as(&outside.user, &outside.database, "delete from runs where id > 10")?;
    let user = &outside.user;
    let refused = outside.run(&cx, &["restore", "--from", &folder, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    for told in [&format!("alter role \"{user}\" createdb"), "may not make databases", "nothing was written"] {
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
    assert_eq!((outside.count(&outside.database)?, outside.databases()?.len()), ("10".to_string(), 1));
    // With that alone it can.
    outside.server.sql("postgres", &format!("alter role {user} createdb"))?;
    succeeded(&outside.run(&cx, &["restore", "--from", &folder, "--yes"])?);
    assert_eq!(outside.count(&outside.database)?, "5000");
    DONE
}

/// Asks for a store whose Redis is a server of this test, with the fixtures beside the products.
fn store(cx: &Context, namespace: &str, words: &[&str]) -> testbed::Outcome<Output> {
    let products = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut slipway = cx.slipway("admin");
    Ok(slipway.args(words).args(["-n", namespace, "--products", products]).output()?)
}

pub(crate) async fn a_disk_that_a_redis_fills_keeps_everything_else_and_another_products_dump_is_refused(
    cx: Context,
) -> Outcome {
    let (redis, namespace) = (Redis::start(cx.folder())?, fresh("fast"));
    let port = format!("server.port={}", redis.port);
    succeeded(&store(&cx, &namespace, &["install", "store", "--yes", "--set", &port])?);
    let fill = "for i = 1, 20000 do redis.call('set', 'k' .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end";
    redis.ask(&["eval", fill, "0"])?;
    let home = tempfile::tempdir()?;
    let at = |name: &str| home.path().join(name).display().to_string();
    succeeded(&store(&cx, &namespace, &["backup", "--to", &at("whole")])?);
    let written = home.path().join("whole/backup.json");
    let manifest = std::fs::read_to_string(&written)?;
    std::fs::write(&written, manifest.replace("\"product\": \"store\"", "\"product\": \"shop\""))?;
    let others = store(&cx, &namespace, &["restore", "--from", &at("whole"), "--yes"])?;
    assert_eq!(others.status.code(), Some(6), "{}", said(&others));
    assert!(said(&others).contains("it is a backup of shop"), "{}", said(&others));
    assert_eq!(redis.ask(&["dbsize"])?, "20000");

    let small = home.path().join("small");
    std::fs::create_dir(&small)?;
    let mount =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(&small).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return Ok(libtest_mimic::Completion::ignored_with("needs the right to mount"));
    }
    let folder = small.join("backup").display().to_string();
    let tried = (|| -> testbed::Outcome<[Output; 2]> {
        std::fs::write(small.join("neighbour"), "precious")?;
        let refused = store(&cx, &namespace, &["backup", "--to", &folder])?;
        let filled = store(&cx, &namespace, &["backup", "--to", &folder, "--skip-preflight", "TARGET_FULL"])?;
        assert_eq!(std::fs::read_to_string(small.join("neighbour"))?, "precious");
        assert!(!Path::new(&folder).exists(), "what was written of it is gone");
        Ok([refused, filled])
    })();
    let _ended = std::process::Command::new("umount").arg(&small).status();
    let [refused, filled] = tried?;
    assert!(refused.status.code() == Some(6) && said(&refused).contains("TARGET_FULL"), "{}", said(&refused));
    assert!(filled.status.code() == Some(2) && said(&filled).contains("is full"), "{}", said(&filled));
    DONE
}

pub(crate) async fn a_redis_outside_is_backed_up_and_its_restore_is_its_operators(cx: Context) -> Outcome {
    let redis = Redis::start(cx.folder())?;
    let namespace = fresh("fast");
    let run = |words: &[&str]| store(&cx, &namespace, words);
    let port = format!("server.port={}", redis.port);
    succeeded(&run(&["install", "store", "--yes", "--set", "server.outside=true", "--set", &port])?);
    for n in 0..300 {
        redis.ask(&["set", &format!("key-{n}"), &"v".repeat(200)])?;
    }
    let home = tempfile::tempdir()?;
    let folder = home.path().join("backup").display().to_string();
    succeeded(&run(&["backup", "--to", &folder, "--yes"])?);
    let file = Path::new(&folder).join("elsewhere.rdb");
    let checked = std::process::Command::new("redis-check-rdb").arg(&file).output()?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    redis.ask(&["set", "later", "1"])?;
    let refused = run(&["restore", "--from", &folder, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    for told in ["can be restored by its operator only", "replicaof", "nothing was written"] {
        assert!(said(&refused).contains(told), "{told}: {}", said(&refused));
    }
    assert_eq!(redis.ask(&["dbsize"])?, "301", "it was not touched");
    DONE
}
