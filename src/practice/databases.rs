//! What stands in for PostgreSQL and Redis in a pod: databases by name, and the few commands of a backup, a restore and a
//! health check. A dump is a line of JSON; what it holds is made up, and the same until a restore replaces it.

use serde_json::{Map, Value, json};

use super::controllers::claims;
use super::store::Key;
use super::world::World;
use crate::object::Object;

/// The hidden table of what the servers hold: one entry a volume, by the claim's UID, or the pod's where it has none.
const TABLE: &str = "databases.practice";
/// How many tables a database has that nobody restored.
const TABLES: u64 = 12;

/// What a command printed, what it complained, and how it ended.
pub(crate) struct Done {
    pub(crate) output: Vec<u8>,
    pub(crate) errors: String,
    pub(crate) code: i32,
}

impl Done {
    pub(crate) fn said(text: impl Into<String>) -> Self {
        Self { output: text.into().into_bytes(), errors: String::new(), code: 0 }
    }

    fn failed(code: i32, errors: impl Into<String>) -> Self {
        Self { output: Vec::new(), errors: errors.into(), code }
    }
}

/// How many bytes a command reads from its standard input before it ends.
pub(crate) fn reads(command: &[String]) -> usize {
    let script = command.last().map_or("", String::as_str);
    let counted = script.split_once("head -c ").map_or("", |(_, after)| after);
    let digits = counted.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    digits.parse().unwrap_or(0)
}

/// Runs a command of a database's client in a pod; `None` where it is none.
pub(crate) fn run(world: &mut World, pod: &Object, command: &[String], input: &[u8]) -> Option<Done> {
    let script = match command {
        [shell, flag, script] if shell == "sh" && flag == "-c" => script.as_str(),
        _ => return None,
    };
    let mut held = Held::of(world, pod);
    let done = if script.contains("redis-cli") || script.starts_with("test \"$(head -c") {
        redis(&mut held, script, input)?
    } else {
        postgres(&mut held, script, input)?
    };
    held.keep(world);
    Some(done)
}

/// The databases of one volume.
struct Held {
    key: Key,
    before: Map<String, Value>,
    now: Map<String, Value>,
}

impl Held {
    fn of(world: &World, pod: &Object) -> Self {
        let claim = claims::of_pod(pod).into_iter().next();
        let claim = claim.and_then(|name| world.store.get(&Key::new("persistentvolumeclaims", pod.namespace(), name)));
        let name = claim.map_or(pod.uid(), |claim| claim.uid());
        let key = Key::new(TABLE, pod.namespace(), name);
        let before = world.store.get(&key).and_then(|found| found.0.get("databases")?.as_object().cloned());
        let before = before.unwrap_or_default();
        Self { now: before.clone(), key, before }
    }

    fn keep(self, world: &mut World) {
        if self.now != self.before {
            let metadata = json!({"name": self.key.name, "namespace": self.key.namespace});
            world.store.put(self.key, Object(json!({"metadata": metadata, "databases": self.now})));
        }
    }

    /// A database; one that nobody touched is as its server made it.
    fn get(&self, name: &str) -> Value {
        let made = || json!({"name": name, "tables": TABLES, "rows": format!("practice data of {name}")});
        self.now.get(name).cloned().unwrap_or_else(made)
    }
}

fn line(value: &Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

fn dump_in(input: &[u8], wanted: usize) -> Option<Value> {
    if input.len() < wanted {
        return None;
    }
    serde_json::from_slice::<Value>(input).ok().filter(|dump| dump.get("name").is_some())
}

fn postgres(held: &mut Held, script: &str, input: &[u8]) -> Option<Done> {
    let archive = || Done::failed(1, "pg_restore: error: input file does not appear to be a valid archive");
    let wanted = reads(&[script.to_string()]);
    let database = word_after(script, " -d ");
    if script.contains("df -Pk") {
        return Some(Done::said("52428800\n"));
    }
    if script.contains("pg_dump ") {
        return Some(Done { output: line(&held.get(&database)), errors: String::new(), code: 0 });
    }
    if script.contains("pg_restore -l") {
        return Some(match dump_in(input, wanted) {
            Some(dump) => Done::said(format!(
                "dbname {}\ntables {}\n",
                dump["name"].as_str().unwrap_or(""),
                dump["tables"].as_u64().unwrap_or(0)
            )),
            None => archive(),
        });
    }
    if script.contains("pg_restore") {
        let Some(dump) = dump_in(input, wanted) else { return Some(archive()) };
        if !script.contains("/dev/null") {
            held.now.insert(database, dump);
        }
        return Some(Done::said(""));
    }
    if !script.contains("psql") {
        return None;
    }
    let given = String::from_utf8_lossy(input).into_owned();
    Some(sql(held, &database, if given.is_empty() { script } else { &given }))
}

/// The statements that a restore and a backup send.
fn sql(held: &mut Held, database: &str, text: &str) -> Done {
    if text.contains("pg_database_size") {
        return Done::said(format!("{}\n", line(&held.get(database)).len()));
    }
    if text.contains("show server_version") {
        return Done::said("17.2\n");
    }
    if text.contains("from pg_tables") {
        return Done::said(format!("{}\n", held.get(database)["tables"].as_u64().unwrap_or(0)));
    }
    if text.contains("rename to") {
        return renamed(held, text);
    }
    if let Some((_, after)) = text.split_once("drop database if exists ") {
        let name = name_in(after);
        held.now.remove(&name);
        if text.contains("create database") {
            held.now.insert(name.clone(), json!({"name": name, "tables": 0, "rows": ""}));
        }
        return Done::said("1\n");
    }
    Done::said("1\n")
}

/// `alter database A rename to B`, one or several in a transaction: all or none.
fn renamed(held: &mut Held, text: &str) -> Done {
    let mut now = held.now.clone();
    for (at, _) in text.match_indices("alter database ") {
        let after = &text[at + "alter database ".len()..];
        let from = name_in(after);
        let Some((_, after)) = after.split_once(" rename to ") else { continue };
        let to = name_in(after);
        if now.contains_key(&to) {
            return Done::failed(1, format!("ERROR:  database \"{to}\" already exists"));
        }
        // What a dump calls a database is what it was dumped from.
        let mut one = now.remove(&from).unwrap_or_else(|| held.get(&from));
        one["name"] = to.clone().into();
        now.insert(to, one);
    }
    held.now = now;
    Done::said("")
}

/// The identifier at the beginning of a text, without its quotes.
fn name_in(text: &str) -> String {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or("").to_string(),
        None => text.split([' ', ';']).next().unwrap_or("").to_string(),
    }
}

/// The last word behind a flag, without quotes.
fn word_after(script: &str, flag: &str) -> String {
    let after = script.split(flag).nth(1).unwrap_or("");
    after.split([' ', ';', ')', '|']).next().unwrap_or("").trim_matches(['\'', '"']).to_string()
}

fn redis(held: &mut Held, script: &str, input: &[u8]) -> Option<Done> {
    let wanted = reads(&[script.to_string()]);
    if script.starts_with("test ") {
        return Some(if input.len() < wanted { Done::failed(1, "") } else { Done::said("") });
    }
    if script.contains("slipway-restoring.rdb") {
        let Some(rows) = input.get(..wanted).and_then(rows_of) else {
            return Some(Done::failed(4, "it is not a dump that this server can read"));
        };
        let mut old = held.get("redis");
        let place = word_after(script, "before=\"$dir/");
        old["rows"] = rows.into();
        held.now.insert("redis".into(), old);
        return Some(Done::said(format!("keys 3\nbefore /data/{place}\n")));
    }
    if script.contains("--rdb -") {
        let rows = held.get("redis")["rows"].as_str().unwrap_or("").to_string();
        // Without a checksum, as a server does that was told to make none.
        let output = [b"REDIS0011", rows.as_bytes(), &[0xff; 1], &[0; 8]].concat();
        let errors = format!("Transfer finished with success after {} bytes", output.len());
        return Some(Done { output, errors, code: 0 });
    }
    if script.contains("info memory") {
        return Some(Done::said("1048576\n"));
    }
    script.contains("info server").then(|| Done::said("7.4.1\n"))
}

fn rows_of(dump: &[u8]) -> Option<String> {
    let rows = dump.strip_prefix(b"REDIS0011")?;
    let rows = rows.get(..rows.len().checked_sub(9)?)?;
    String::from_utf8(rows.to_vec()).ok()
}
