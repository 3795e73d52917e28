//! `slipway restore`: a backup becomes the database of a release (cluster.md 5 "Restore"). What was there stays until the
//! operator drops it.

mod outside;
mod read;

use std::path::{Path, PathBuf};

use crate::apply::backup::{self as data, Door};
use crate::cli::{RestoreFrom, Shared};
use crate::cluster::lock::{self, LockTiming};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::backup::{Kind, Manifest, Part, Source, words};
use crate::plan::restore::{self, Names};
use crate::view::consent::Consent;
use crate::view::plain::GiveBack;
use crate::view::tui;

use super::databases::{Databases, Deed, Opened};
use super::fetch::Backup;
use super::moving::{self, Teller, shown, unless_stopped};
use super::{apply, interactive};

/// One dump that goes into one database.
struct Pair {
    source: Source,
    part: Part,
    path: PathBuf,
}

/// What a stop leaves, while something is written.
const STAYS: &str = "what is in use stays, and the new database goes again";

/// The verb.
pub(super) async fn run(
    shared: &Shared,
    release: Option<&str>,
    from: &RestoreFrom,
    only: Option<&str>,
) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "restore").await?;
    let (sources, target) = (databases.some(Deed::Restore)?, &databases.target);
    // What came from the cluster is in a private folder, which goes when it is dropped.
    let at_hand = async |teller: &Teller| Backup::at_hand(shared, &databases, from, only, teller).await;
    let backup = match &from.path {
        Some(_) => at_hand(&Teller::new(shared)).await?,
        None => shown(shared, target, ("read a backup of", "nothing was written"), at_hand).await?,
    };
    let (manifest, folder) = read::read(backup.folder(), &databases, sources)?;
    let pairs = read::pairs(&databases, sources, &manifest, &folder, only)?;
    for pair in &pairs {
        read::whole(pair)?;
        let within = !databases.is_outside(&pair.source);
        restore::possible(&pair.source, within).map_err(|why| cannot(pair, why))?;
    }
    // A pod that asks a server outside is a write as well.
    let asked_first = pairs.iter().any(|pair| databases.is_outside(&pair.source));
    if asked_first {
        agreed(shared, &databases, &manifest, &pairs).await?;
    }
    let mut doors = Vec::new();
    let done = async {
        let judged = shown(shared, target, ("judge a backup of", "nothing was written"), async |teller| {
            unless_stopped(teller, NOTHING_WRITTEN, judge(&databases, pairs, teller, &mut doors)).await
        });
        let judged = judged.await?;
        if !asked_first {
            agreed(shared, &databases, &manifest, judged.iter().map(|one| &one.pair)).await?;
        }
        shown(shared, target, ("restore", STAYS), async |teller| {
            restore_all(shared, &databases, &judged, &backup, teller).await
        })
        .await
    };
    let done: Result<(), Failure> = done.await;
    for opened in doors {
        opened.close().await;
    }
    done
}

/// A pair that may be restored, with the way to its database.
struct Judged {
    pair: Pair,
    door: Door,
    /// Tables that the dump holds, of PostgreSQL.
    tables: Option<u64>,
}

/// Everything is judged before anything is written.
async fn judge<'a>(
    databases: &'a Databases,
    pairs: Vec<Pair>,
    teller: &Teller,
    doors: &mut Vec<Opened<'a>>,
) -> Result<Vec<Judged>, Failure> {
    let mut judged = Vec::new();
    for mut pair in pairs {
        let opened = databases.open(&pair.source).await?;
        let door = opened.door.clone();
        doors.push(opened);
        if databases.is_outside(&pair.source) {
            pair.source = outside::may_restore(databases, &door, &pair.source).await?;
        }
        data::verify(&databases.cluster, &door, &pair.source, &pair.path, &|kind| teller.tell(kind))
            .await
            .map_err(|failure| failure.state(NOTHING_WRITTEN))?;
        let tables = match pair.source.kind {
            Kind::Postgresql => Some(of_this_database(databases, &door, &pair).await?),
            Kind::Redis => None,
        };
        judged.push(Judged { pair, door, tables });
    }
    Ok(judged)
}

async fn restore_all(
    shared: &Shared,
    databases: &Databases,
    judged: &[Judged],
    backup: &Backup,
    teller: &Teller,
) -> Result<(), Failure> {
    let take_over = shared.take_over.as_deref();
    let (cluster, target) = (&databases.cluster, &databases.target);
    let tell = |kind| teller.tell(kind);
    let taken = lock::take(cluster, target, take_over, LockTiming::default(), &tell);
    let lock = unless_stopped(teller, NOTHING_WRITTEN, taken).await?;
    let mut notes = Vec::new();
    let mut failed = None;
    for Judged { pair, door, tables } in judged {
        if let Err(failure) = lock.check() {
            failed = Some(failure);
            break;
        }
        teller.tell(EventKind::DataStarted {
            verb: "restore".into(),
            what: pair.source.title(),
            place: format!("{} of {}", pair.part.file, backup.place),
            size: Some(pair.part.bytes),
        });
        let done = match tables {
            Some(tables) => postgres(databases, door, pair, *tables, teller, &lock).await,
            None => redis(databases, door, pair, teller).await,
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
    teller.tell(EventKind::DataFinished { verb: "restore".into(), place: backup.place.clone(), notes });
    Ok(())
}

fn refused(what: String, path: &Path) -> Failure {
    Failure::new(FailureKind::Refused, what).place(path.display().to_string()).state(NOTHING_WRITTEN)
}

fn cannot(pair: &Pair, why: String) -> Failure {
    let failure = Failure::new(FailureKind::Refused, format!("{} cannot be restored from here", pair.source.title()))
        .why(why)
        .state(NOTHING_WRITTEN);
    match pair.source.kind {
        Kind::Postgresql => failure,
        Kind::Redis => failure
            .hint(format!("start a second server with {} as its dbfilename, beside the one in use", pair.path.display()))
            .hint("let the one in use follow it until both hold the same: redis-cli replicaof HOST PORT, then replicaof no one"),
    }
}

/// The dump says itself of which database it is; answers how many tables it holds.
async fn of_this_database(databases: &Databases, door: &Door, pair: &Pair) -> Result<u64, Failure> {
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
async fn agreed<'a>(
    shared: &Shared,
    databases: &Databases,
    manifest: &Manifest,
    pairs: impl IntoIterator<Item = &'a Pair>,
) -> Result<(), Failure> {
    if shared.yes {
        return Ok(());
    }
    let target = &databases.target;
    let pairs: Vec<&Pair> = pairs.into_iter().collect();
    let what: Vec<String> =
        pairs.iter().map(|pair| format!("{} from {}", pair.source.title(), pair.part.file)).collect();
    let made = if manifest.made.is_empty() { String::new() } else { format!(", made at {}", manifest.made) };
    let outside = pairs.iter().filter(|pair| databases.is_outside(&pair.source));
    let mut said: Vec<String> = outside
        .map(|pair| {
            let name = crate::plan::backup::client::name(target, &pair.source);
            format!("A pod {name} with the image {} asks over the network, and goes again.", pair.source.image)
        })
        .collect();
    said.push(format!(
        "Restores {}{made} in {} ({}), namespace {}. What is there now stays under another name.",
        what.join(" and "),
        target.context,
        target.server,
        target.namespace
    ));
    if moving::on_screen(shared) {
        let consent = Consent {
            here: moving::here(target, "restore"),
            asked: format!("Restore {}?", target.release),
            said,
            doing: "Restore it: what was written since goes out of use".into(),
            about:
                "It goes into a new database, which is checked before it takes the old one's place; the old one stays \
                    under another name, until you drop it."
                    .into(),
            typed: Some(target.release.clone()),
        };
        if tui::consent(consent, apply::theme(shared)).await? {
            return Ok(());
        }
        return Err(Failure::new(FailureKind::Refused, "left without restoring").state(NOTHING_WRITTEN));
    }
    super::print(&format!("{}\n", said.join("\n")))?;
    if interactive(shared) && confirmed(&target.release)? {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, "nobody said yes")
        .why("everything written since the backup would be out of use")
        .state(NOTHING_WRITTEN)
        .hint("agree to it: the same command with --yes"))
}

/// Typed, since what was written since the backup goes out of use.
fn confirmed(release: &str) -> Result<bool, Failure> {
    // Signals are heard since the dump was judged: without a listener Ctrl-C would do nothing here.
    let _terminal = GiveBack::on_signals();
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
    pair: &Pair,
    tables: u64,
    teller: &Teller,
    lock: &lock::Lock,
) -> Result<String, Failure> {
    let (cluster, source) = (&databases.cluster, &pair.source);
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
        lock.confirm().await
    };
    let filled: Result<(), Failure> = unless_stopped(teller, untouched, filled).await;
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
    if !within {
        return Ok(format!(
            "{}: what was there is the database {} now; to drop it, on that server: drop database {};",
            source.title(),
            names.before,
            restore::identifier(&names.before)
        ));
    }
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
async fn room(databases: &Databases, door: &Door, pair: &Pair) -> Result<(), Failure> {
    if !door.within {
        // The disk of a server outside is not seen from here: what does not fit leaves the database in use as it was.
        return Ok(());
    }
    let ask = "show data_directory;\n";
    let mut command = restore::sql(&pair.source, door.within, "postgres", ask.len());
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

async fn redis(databases: &Databases, door: &Door, pair: &Pair, teller: &Teller) -> Result<String, Failure> {
    let time = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S%3f").to_string();
    let bytes = std::fs::metadata(&pair.path).map_or(pair.part.bytes, |about| about.len());
    let what = format!("{} could not be loaded", pair.part.file);
    let command = (restore::redis(&pair.source, bytes, &time), what.as_str());
    let title = pair.source.title();
    let tell = |kind| teller.tell(kind);
    let fed = data::feed(&databases.cluster, door, command, &pair.path, &title, &tell);
    let fed = unless_stopped(teller, "how much of it was loaded is not known", fed).await;
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
