//! How a dump becomes the database of a release (cluster.md 5 "Restore"): into a new one, checked, then renamed; what was
//! there stays under another name. Pure: commands and SQL.

use super::backup::{Kind, Source, quoted};

/// Names of the databases of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The one that is in use, and is again afterwards.
    pub live: String,
    /// The one that is filled.
    pub new: String,
    /// What the live one is called afterwards.
    pub before: String,
}

impl Names {
    /// For a database; `time` is digits. PostgreSQL cuts names at 63 bytes.
    pub fn of(database: &str, time: &str) -> Self {
        let short: String = database.chars().take(36).collect();
        Self {
            live: database.to_string(),
            new: format!("{short}_slipway_restoring"),
            before: format!("{short}_before_{time}"),
        }
    }
}

/// An SQL identifier.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An SQL text.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn shell(script: String) -> Vec<String> {
    vec!["sh".into(), "-c".into(), script]
}

/// Runs SQL of `bytes` from its standard input, in a database that is not the release's.
pub fn sql(source: &Source, within: bool, database: &str, bytes: usize) -> Vec<String> {
    let arguments = source.postgres_arguments(within, database);
    shell(format!("head -c {bytes} | psql -w -AXtq -v ON_ERROR_STOP=1 {arguments}"))
}

/// Says of a dump of `bytes` on its standard input: the database that it is of, and how many tables it holds.
pub fn contents(bytes: u64) -> Vec<String> {
    // The archive is read to its end: whoever feeds it is not cut off.
    shell(format!(
        "head -c {bytes} | {{ pg_restore -l; cat > /dev/null; }} | awk '/^; *dbname:/ {{print \"dbname\", $3}} $4 == \"TABLE\" && $5 != \"DATA\" {{n++}} END {{print \"tables\", n + 0}}'"
    ))
}

/// What [`contents`] printed.
pub fn read_contents(said: &str) -> Option<(String, u64)> {
    let mut words = said.lines().filter_map(|line| line.split_once(' '));
    let (mut name, mut tables) = (None, None);
    for (key, value) in &mut words {
        match key {
            "dbname" => name = Some(value.trim().to_string()),
            "tables" => tables = value.trim().parse().ok(),
            _ => {}
        }
    }
    Some((name?, tables?))
}

/// SQL that makes the new database as the live one is; one that an earlier restore left half-way goes first.
pub fn create(names: &Names) -> String {
    let (new, live) = (literal(&names.new), literal(&names.live));
    format!(
        "drop database if exists {};\n\
         select format('create database %I template template0 owner %I encoding %L lc_collate %L lc_ctype %L', {new}, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype) from pg_database where datname = {live} \\gexec\n\
         select 1 / count(*) as made from pg_database where datname = {new};\n",
        identifier(&names.new)
    )
}

/// Fills the new database out of a dump of `bytes`. Everything is its owner's: roles of another server are not made.
pub fn load(source: &Source, within: bool, names: &Names, bytes: u64) -> Vec<String> {
    let arguments = source.postgres_arguments(within, &names.new);
    shell(format!("head -c {bytes} | pg_restore -w --exit-on-error --no-owner --no-privileges {arguments}"))
}

/// Counts the tables of the database it is asked in.
pub const TABLES: &str =
    "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema');\n";

/// Exchanges both in one transaction, so that at any moment one of them bears the name: while the rename waits, it keeps
/// new sessions out, and the old ones are ended beside it.
pub fn exchange(source: &Source, within: bool, names: &Names) -> Vec<String> {
    let arguments = source.postgres_arguments(within, "postgres");
    let ends = format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname in ({}, {}) and pid <> pg_backend_pid()",
        literal(&names.live),
        literal(&names.new)
    );
    let renames = format!(
        "begin; alter database {} rename to {}; alter database {} rename to {}; commit;",
        identifier(&names.live),
        identifier(&names.before),
        identifier(&names.new),
        identifier(&names.live)
    );
    let psql = format!("psql -w -AXtq -v ON_ERROR_STOP=1 {arguments}");
    shell(format!(
        "{psql} -c {ends} > /dev/null; ( for i in 1 2 3 4 5 6; do sleep 0.5; {psql} -c {ends} > /dev/null 2>&1; done ) & ender=$!; \
         {psql} -c {renames}; code=$?; kill $ender 2> /dev/null; wait $ender 2> /dev/null; exit $code",
        ends = quoted(&ends),
        renames = quoted(&renames),
    ))
}

/// Loads a dump of Redis of `bytes`: a second server beside the first reads it, the first follows that one until it holds
/// the same, and what it held before stays in its folder as `before`. Whatever happens, the first follows nobody at the end.
/// Keys that expire meanwhile go from both, one a moment before the other.
pub fn redis(source: &Source, bytes: u64, time: &str) -> Vec<String> {
    let live = format!("redis-cli {}", source.redis_arguments(true));
    let port = if source.port == 16_379 { 16_380 } else { 16_379 };
    let beside = format!("env -u REDISCLI_AUTH redis-cli -p {port}");
    shell(format!(
        "set -eu\n\
         dir=\"$({live} config get dir | tail -n 1)\"; file=\"$({live} config get dbfilename | tail -n 1)\"; new=\"$dir/slipway-restoring.rdb\"\n\
         free=\"$(df -Pk \"$dir\" | awk 'NR==2 {{print $4}}')\"\n\
         if [ \"$free\" -lt {room} ]; then echo \"the volume has $free kB free, and the dump has {bytes} bytes\" >&2; exit 3; fi\n\
         kept=''; before=\"$dir/before-{time}.rdb\"\n\
         trap 'code=$?; {live} replicaof no one > /dev/null || true; {beside} shutdown nosave > /dev/null 2>&1 || true; rm -f \"$new\"; \
         [ $code = 0 ] || [ -z \"$kept\" ] || echo \"what the server held before is kept in $kept\" >&2' EXIT\n\
         head -c {bytes} > \"$new\"\n\
         redis-check-rdb \"$new\" > /dev/null || {{ echo 'it is not a dump that this server can read' >&2; exit 4; }}\n\
         redis-server --port {port} --bind 127.0.0.1 --dir \"$dir\" --dbfilename slipway-restoring.rdb --save '' --appendonly no --daemonize yes > /dev/null\n\
         i=0; until [ \"$({beside} ping 2> /dev/null)\" = PONG ]; do i=$((i + 1)); [ $i -lt 1200 ] || {{ echo 'the dump is not loaded after ten minutes' >&2; exit 5; }}; sleep 0.5; done\n\
         i=0; until saved=\"$({live} save 2>&1 || true)\"; [ \"$saved\" = OK ]; do \
         case \"$saved\" in *'in progress'*) i=$((i + 1)); [ $i -ge 1200 ] || {{ sleep 0.5; continue; }};; esac; \
         echo \"the server does not save what it holds: $saved\" >&2; exit 8; done\n\
         cp \"$dir/$file\" \"$before\" || {{ rm -f \"$before\"; echo 'what the server holds cannot be kept' >&2; exit 9; }}\n\
         kept=\"$before\"\n\
         {live} replicaof 127.0.0.1 {port} > /dev/null\n\
         i=0; until {live} info replication | grep -q '^master_link_status:up'; do i=$((i + 1)); [ $i -lt 1200 ] || {{ echo 'the server did not take the dump over in ten minutes' >&2; exit 6; }}; sleep 0.5; done\n\
         i=0; until want=\"$({beside} dbsize)\"; got=\"$({live} dbsize)\"; [ \"$want\" = \"$got\" ]; do i=$((i + 1)); \
         [ $i -lt 60 ] || {{ echo \"the dump has $want keys, and the server has $got\" >&2; exit 7; }}; sleep 0.5; done\n\
         echo \"keys $got\"; echo \"before $before\"",
        room = bytes.div_ceil(1024) * 2,
    ))
}

/// Whether a source can be restored into here.
///
/// # Errors
/// Why not.
pub fn possible(source: &Source, within: bool) -> Result<(), String> {
    match source.kind {
        Kind::Redis if !within => Err("a Redis outside of the release can be restored by its operator only".into()),
        Kind::Postgresql if source.database.is_empty() => {
            Err("the name of its database is in its URL alone: restore it with pg_restore".into())
        }
        Kind::Postgresql | Kind::Redis => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_never_longer_than_the_server_allows() {
        let names = Names::of(&"n".repeat(63), "20261121140000");
        assert!(names.new.len() <= 63 && names.before.len() <= 63, "{names:?}");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("a'b"), "'a''b'");
    }

    #[test]
    fn what_a_dump_holds_is_read_off_its_list() {
        assert_eq!(read_contents("dbname inngest\ntables 12\n"), Some(("inngest".into(), 12)));
        assert_eq!(read_contents("tables 0\n"), None);
    }

    /// Runs the script against programs that say they are Redis; `save` is what the server answers to SAVE. With `LESS` it lacks a
    /// key at the end, with `EXPIRES` a key of the dump is gone from both by then. What came of it, and which commands the server got.
    #[cfg(unix)]
    fn redis_restored(save: &str) -> (std::process::Output, String, std::path::PathBuf, tempfile::TempDir) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (bin, data) = (folder.path().join("bin"), folder.path().join("data"));
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join("dump.rdb"), "old").unwrap();
        let cli = "#!/bin/sh\necho \"$*\" >> \"$CALLS\"\n\
                   case \"$*\" in\n\
                   *'config get dir') echo \"$DATA\" ;;\n\
                   *'config get dbfilename') echo dump.rdb ;;\n\
                   *ping) echo PONG ;;\n\
                   *'replicaof 127'*) : > \"$DATA/replica\" ;;\n\
                   *info*) echo master_link_status:up ;;\n\
                   *16379*dbsize) [ -e \"$DATA/replica\" ] && echo \"$DUMPED\" || echo 3 ;;\n\
                   *dbsize) [ -e \"$DATA/replica\" ] && echo \"$KEYS\" ;;\n\
                   *save) echo \"$SAVE\" ;;\n\
                   esac\nexit 0\n";
        let (save, dumped, keys) = match save {
            "LESS" => ("OK", "3", "2"),
            "EXPIRES" => ("OK", "2", "2"),
            save => (save, "3", "3"),
        };
        let done = "#!/bin/sh\nexit 0\n";
        for (name, script) in [("redis-cli", cli), ("redis-server", done), ("redis-check-rdb", done), ("sleep", done)] {
            std::fs::write(bin.join(name), script).unwrap();
            std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let source: Source = serde_json::from_value(serde_json::json!({
            "group": "queue", "kind": "redis", "image": "redis:7", "port": 6379}))
        .unwrap();
        let words = redis(&source, 0, "1");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let done = std::process::Command::new(&words[0])
            .args(&words[1..])
            .env("PATH", path)
            .env("CALLS", folder.path().join("calls"))
            .env("DATA", &data)
            .env("DUMPED", dumped)
            .env("KEYS", keys)
            .env("SAVE", save)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
        (done, calls, data.join("before-1.rdb"), folder)
    }

    #[cfg(unix)]
    #[test]
    fn a_redis_that_does_not_save_is_not_replaced_and_what_was_saved_is_named_on_a_failure() {
        // `redis-cli` ends with 0 also after an error.
        let (done, calls, before, _folder) = redis_restored("MISCONF disk full");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(8), "{said}");
        assert!(said.contains("MISCONF disk full") && !said.contains("before-1"), "{said}");
        assert!(!calls.contains("replicaof 127") && !before.exists(), "{calls}");

        let (done, calls, before, _folder) = redis_restored("OK");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.contains("keys 3"), "{said}{}", String::from_utf8_lossy(&done.stderr));
        assert!(said.contains(&format!("before {}", before.display())), "{said}");
        assert_eq!(std::fs::read_to_string(&before).unwrap(), "old");
        let at = |call: &str| calls.find(call).unwrap();
        assert!(at("ping") < at("save") && at("save") < at("replicaof 127"), "what is kept is the newest: {calls}");

        let (done, _, _, _folder) = redis_restored("EXPIRES");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.contains("keys 2"), "{said}{}", String::from_utf8_lossy(&done.stderr));

        let (done, calls, before, _folder) = redis_restored("LESS");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(7), "{said}");
        assert!(said.contains(&format!("kept in {}", before.display())), "{said}");
        assert!(calls.trim_end().ends_with("shutdown nosave") && calls.contains("replicaof no one"), "{calls}");
    }
}
