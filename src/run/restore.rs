//! `slipway restore`: a backup becomes the database of a release (cluster.md 5 "Restore"). What was there stays until the
//! operator drops it.

use std::path::{Path, PathBuf};

use crate::apply::backup::{self as data, Door};
use crate::cli::Shared;
use crate::cluster::lock::{self, LockTiming};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::backup::{FORMAT, Kind, MANIFEST, Manifest, Part, Source, fits, words};
use crate::plan::restore::{self, Names};

use super::databases::{Databases, Teller};
use super::interactive;

/// One dump that goes into one database.
struct Pair<'a> {
    source: &'a Source,
    part: Part,
    path: PathBuf,
}

/// The verb.
pub(super) async fn run(
    shared: &Shared,
    release: Option<&str>,
    from: &Path,
    only: Option<&str>,
) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "restore").await?;
    let sources = databases.some()?;
    let (manifest, folder) = read(from, &databases, sources)?;
    let pairs = pairs(&databases, sources, &manifest, &folder, only)?;
    let teller = Teller::new(shared);
    let tell = |kind| teller.tell(kind);
    let mut ready = Vec::new();
    // Everything is judged before anything is written.
    for pair in pairs {
        whole(&pair)?;
        if pair.source.is_external() {
            return Err(cannot(pair.source, "a server outside of the release is its operator's".into()));
        }
        let door = databases.within(pair.source).await?;
        restore::possible(pair.source, door.within).map_err(|why| cannot(pair.source, why))?;
        data::verify(&databases.cluster, &door, pair.source, &pair.path, &tell)
            .await
            .map_err(|failure| failure.state(NOTHING_WRITTEN))?;
        let tables = match pair.source.kind {
            Kind::Postgresql => Some(of_this_database(&databases, &door, &pair).await?),
            Kind::Redis => None,
        };
        ready.push((pair, door, tables));
    }
    agreed(shared, &databases, &manifest, ready.iter().map(|(pair, ..)| pair))?;
    let lock = lock::take(
        &databases.cluster,
        &databases.target,
        shared.take_over.as_deref(),
        LockTiming::default(),
        &|kind| teller.tell(kind),
    )
    .await?;
    let mut notes = Vec::new();
    let mut failed = None;
    for (pair, door, tables) in &ready {
        if let Err(failure) = lock.check() {
            failed = Some(failure);
            break;
        }
        tell(EventKind::DataStarted {
            verb: "restore".into(),
            what: pair.source.title(),
            place: pair.path.display().to_string(),
            size: Some(pair.part.bytes),
        });
        let done = match tables {
            Some(tables) => postgres(&databases, door, pair, *tables, &teller, &lock).await,
            None => redis(&databases, door, pair, &teller).await,
        };
        match done {
            Ok(note) => notes.push(note),
            Err(failure) => {
                failed = Some(failure);
                break;
            }
        }
    }
    lock.release().await;
    if let Some(failure) = failed {
        return Err(notes.into_iter().fold(failure, |failure, note| failure.hint(format!("done already: {note}"))));
    }
    teller.tell(EventKind::DataFinished { verb: "restore".into(), place: from.display().to_string(), notes });
    Ok(())
}

fn refused(what: String, path: &Path) -> Failure {
    Failure::new(FailureKind::Refused, what).place(path.display().to_string()).state(NOTHING_WRITTEN)
}

fn cannot(source: &Source, why: String) -> Failure {
    Failure::new(FailureKind::Refused, format!("{} cannot be restored from here", source.title()))
        .why(why)
        .state(NOTHING_WRITTEN)
}

/// The manifest of a folder, or what a single dump says by its name alone.
fn read(from: &Path, databases: &Databases, sources: &[Source]) -> Result<(Manifest, PathBuf), Failure> {
    if from.is_file() {
        let file = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ending = from.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = if ending == "rdb" { Kind::Redis } else { Kind::Postgresql };
        let of_kind: Vec<&Source> = sources.iter().filter(|source| source.kind == kind).collect();
        let [source] = of_kind[..] else {
            return Err(refused(format!("which database {file} is of is not known"), from)
                .why(format!("the release has {} of {}", of_kind.len(), kind.title()))
                .hint("name the folder that the backup made"));
        };
        let part = Part {
            group: source.group.clone(),
            kind: if kind == Kind::Redis { "redis".into() } else { "postgresql".into() },
            file,
            bytes: std::fs::metadata(from).map(|about| about.len()).unwrap_or(0),
            ..Part::default()
        };
        let manifest = Manifest {
            format: FORMAT,
            product: databases.product.name.clone(),
            version: String::new(),
            release: String::new(),
            namespace: String::new(),
            made: String::new(),
            consistent: true,
            parts: vec![part],
        };
        return Ok((manifest, from.parent().unwrap_or(Path::new("")).to_path_buf()));
    }
    let path = from.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if from.is_dir() => {
            refused(format!("{} is not a whole backup", from.display()), from)
                .why(format!("it has no {MANIFEST}, which is written last"))
                .hint("a single dump in it can be named itself: --from PATH/FILE")
        }
        std::io::ErrorKind::NotFound => {
            Failure::new(FailureKind::Usage, format!("there is no {}", from.display())).state(NOTHING_WRITTEN)
        }
        _ => Failure::new(FailureKind::Usage, format!("cannot read {}", path.display()))
            .why(error.to_string())
            .state(NOTHING_WRITTEN),
    })?;
    let newer = serde_json::from_str::<serde_json::Value>(&text).ok();
    if newer.and_then(|json| json["format"].as_u64()).is_some_and(|format| format > u64::from(FORMAT)) {
        return Err(refused("the backup was written by a newer slipway".into(), &path).hint("restore it with that one"));
    }
    let manifest = serde_json::from_str(&text)
        .map_err(|error| refused(format!("{} cannot be understood", path.display()), &path).why(error.to_string()))?;
    Ok((manifest, from.to_path_buf()))
}

/// Which dump goes where.
fn pairs<'a>(
    databases: &Databases,
    sources: &'a [Source],
    manifest: &Manifest,
    folder: &Path,
    only: Option<&str>,
) -> Result<Vec<Pair<'a>>, Failure> {
    let groups: Vec<&str> = manifest.parts.iter().map(|part| part.group.as_str()).collect();
    if let Some(only) = only
        && !groups.contains(&only)
    {
        return Err(Failure::new(FailureKind::Usage, format!("the backup holds no {only}"))
            .why(format!("it holds {}", groups.join(", ")))
            .state(NOTHING_WRITTEN));
    }
    let mut pairs = Vec::new();
    for part in manifest.parts.iter().filter(|part| only.is_none_or(|only| part.group == only)) {
        let path = folder.join(&part.file);
        let source = sources.iter().find(|source| source.group == part.group);
        let source = source.ok_or_else(|| {
            refused(format!("{} has no database {}", databases.target.release, part.group), &path)
                .hint("restore the others one by one: --only GROUP")
        })?;
        fits(manifest, part, &databases.product.name, source).map_err(|why| {
            refused(format!("{} does not belong to {}", part.file, databases.target.release), &path)
                .why(why)
                .hint("name the backup of this release")
        })?;
        if Path::new(&part.file).components().count() != 1 {
            return Err(refused(format!("the backup names a file outside of itself: {}", part.file), &path));
        }
        pairs.push(Pair { source, part: part.clone(), path });
    }
    Ok(pairs)
}

/// The file is the one that was written.
fn whole(pair: &Pair<'_>) -> Result<(), Failure> {
    let about = std::fs::metadata(&pair.path)
        .map_err(|error| refused(format!("{} is missing", pair.part.file), &pair.path).why(error.to_string()))?;
    if pair.part.sha256.is_empty() {
        return Ok(());
    }
    if about.len() < pair.part.bytes {
        return Err(refused(format!("{} is cut off", pair.part.file), &pair.path)
            .why(format!("it has {}, and {} were written", words(about.len()), words(pair.part.bytes)))
            .hint("copy it again from where it was made"));
    }
    if data::digest(&pair.path)? != pair.part.sha256 {
        return Err(refused(format!("{} is damaged", pair.part.file), &pair.path)
            .why("it is not what was written: its SHA-256 is another")
            .hint("copy it again from where it was made"));
    }
    Ok(())
}

/// The dump says itself of which database it is; answers how many tables it holds.
async fn of_this_database(databases: &Databases, door: &Door, pair: &Pair<'_>) -> Result<u64, Failure> {
    let bytes = std::fs::metadata(&pair.path).map_or(pair.part.bytes, |about| about.len());
    let what = format!("{} cannot be read", pair.part.file);
    let command = (restore::contents(bytes), what.as_str());
    let said = data::feed(&databases.cluster, door, command, &pair.path, &pair.source.title(), &|_| {}).await?;
    let (name, tables) = restore::read_contents(&said)
        .ok_or_else(|| refused(what.clone(), &pair.path).why("it is no dump in PostgreSQL's custom format"))?;
    if name != pair.source.database {
        return Err(refused(format!("{} does not belong to {}", pair.part.file, databases.target.release), &pair.path)
            .why(format!("it is a dump of the database {name}, and this one is {}", pair.source.database))
            .hint("name the backup of this release"));
    }
    Ok(tables)
}

/// A restore changes what the product reads; it loses nothing, so that `--yes` is enough.
fn agreed<'a>(
    shared: &Shared,
    databases: &Databases,
    manifest: &Manifest,
    pairs: impl Iterator<Item = &'a Pair<'a>>,
) -> Result<(), Failure> {
    if shared.yes {
        return Ok(());
    }
    let what: Vec<String> = pairs.map(|pair| format!("{} from {}", pair.source.title(), pair.part.file)).collect();
    let made = if manifest.made.is_empty() { String::new() } else { format!(", made at {}", manifest.made) };
    let text = format!(
        "Restores {}{made} in {} ({}), namespace {}. What is there now stays under another name.\n",
        what.join(" and "),
        databases.target.context,
        databases.target.server,
        databases.target.namespace
    );
    super::print(&text)?;
    if interactive(shared) && confirmed(&databases.target.release)? {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, "nobody said yes")
        .why("everything written since the backup would be out of use")
        .state(NOTHING_WRITTEN)
        .hint("agree to it: the same command with --yes"))
}

/// Typed, since what was written since the backup goes out of use.
fn confirmed(release: &str) -> Result<bool, Failure> {
    super::print(&format!("Type the release's name, {release}, to do it: "))?;
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| {
        Failure::new(FailureKind::Usage, "the terminal cannot be read").why(error.to_string()).state(NOTHING_WRITTEN)
    })?;
    Ok(line.trim() == release)
}

async fn postgres(
    databases: &Databases,
    door: &Door,
    pair: &Pair<'_>,
    tables: u64,
    teller: &Teller,
    lock: &lock::Lock,
) -> Result<String, Failure> {
    let (cluster, source) = (&databases.cluster, pair.source);
    let time = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S%3f").to_string();
    let names = Names::of(&source.database, &time);
    let untouched = "the database in use is as it was";
    room(databases, door, pair).await?;
    let bytes = std::fs::metadata(&pair.path).map_or(pair.part.bytes, |about| about.len());
    let within = door.within;
    let run = async |database: &str, sql: &str, what: &str| {
        let command = restore::sql(source, within, database, sql.len());
        door.ask_with(cluster, &command, sql.as_bytes(), what).await
    };
    let filled = async {
        run("postgres", &restore::create(&names), "a new database could not be made").await?;
        let what = format!("{} could not be loaded", pair.part.file);
        let command = (restore::load(source, within, &names, bytes), what.as_str());
        data::feed(cluster, door, command, &pair.path, &source.title(), &|kind| teller.tell(kind)).await?;
        let counted = run(&names.new, restore::TABLES, "the new database could not be checked").await?;
        if counted.parse() != Ok(tables) {
            return Err(Failure::new(FailureKind::Deployment, "the new database is not what the dump holds")
                .why(format!("the dump has {tables} tables, and it has {counted}")));
        }
        lock.check()
    };
    let filled: Result<(), Failure> = filled.await;
    if let Err(failure) = filled {
        // What was made for this goes; a lost connection leaves it to the next restore.
        // Without the lock nothing is written any more.
        if lock.check().is_ok() {
            let sql = format!("drop database if exists {};\n", restore::identifier(&names.new));
            let _gone = run("postgres", &sql, "").await;
        }
        return Err(failure.state(untouched));
    }
    teller.tell(EventKind::DataChecked { what: source.title(), bytes });
    door.ask(
        cluster,
        &restore::exchange(source, within, &names),
        "the new database could not take the old one's place",
    )
    .await
    .map_err(|failure| {
        failure.state(format!("the database in use is as it was; the new one is there as {}", names.new))
    })?;
    Ok(format!(
        "{}: what was there is the database {} now; to drop it: kubectl -n {} exec {} -- dropdb -U {} {}",
        source.title(),
        names.before,
        door.namespace,
        door.pod,
        source.user,
        names.before
    ))
}

/// Both databases lie on the volume for a while.
async fn room(databases: &Databases, door: &Door, pair: &Pair<'_>) -> Result<(), Failure> {
    let ask = "show data_directory;\n";
    let mut command = restore::sql(pair.source, door.within, "postgres", ask.len());
    if let Some(script) = command.last_mut() {
        *script = format!("df -Pk \"$({script})\" | awk 'NR==2 {{print $4}}'");
    }
    // Where it cannot be asked, it is found out.
    let Ok(free) = door.ask_with(&databases.cluster, &command, ask.as_bytes(), "").await else { return Ok(()) };
    let free = free.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1024);
    let needed = pair.part.size.max(pair.part.bytes);
    if free >= needed {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, format!("the volume of {} has too little room", pair.source.title()))
        .why(format!("{} are free, and {} are needed beside what is there", words(free), words(needed)))
        .state(NOTHING_WRITTEN)
        .hint("grow the volume, or drop what an earlier restore left"))
}

async fn redis(databases: &Databases, door: &Door, pair: &Pair<'_>, teller: &Teller) -> Result<String, Failure> {
    let time = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S%3f").to_string();
    let bytes = std::fs::metadata(&pair.path).map_or(pair.part.bytes, |about| about.len());
    let what = format!("{} could not be loaded", pair.part.file);
    let command = (restore::redis(pair.source, bytes, &time), what.as_str());
    let title = pair.source.title();
    let fed = data::feed(&databases.cluster, door, command, &pair.path, &title, &|kind| teller.tell(kind)).await;
    // Where the connection broke, nobody says how far it came.
    let said = fed.map_err(|failure| {
        failure.hint(format!(
            "if data was replaced already, what was there before is before-{time}.rdb in the folder of its data (pod {})",
            door.pod
        ))
    })?;
    teller.tell(EventKind::DataChecked { what: title.clone(), bytes });
    let before = said.lines().find_map(|line| line.strip_prefix("before ")).unwrap_or("");
    Ok(format!(
        "{title}: what was there is {before} in its volume now; to drop it: kubectl -n {} exec {} -- rm {before}",
        door.namespace, door.pod
    ))
}
