//! Dumps that stream out of a pod and back into one (cluster.md 5 "Backup"), in constant memory, verified by reading all
//! of it and by the exit status, never by size.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::rdb;
use crate::cluster::{Broken, Cluster, Command, Streamed};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::backup::{Kind, Part, Source, words};

/// Where a source's commands run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// It is the database's own pod: its local socket is used.
    pub within: bool,
}

impl Door {
    fn command(&self, words: Vec<String>) -> Command {
        Command { namespace: self.namespace.clone(), pod: self.pod.clone(), container: self.container.clone(), words }
    }

    /// Runs a command and answers what it printed, without the ends.
    ///
    /// # Errors
    /// It cannot be run, or ends with another code than 0: `what` is what could not be done.
    pub async fn ask(&self, cluster: &Cluster, words: &[String], what: &str) -> Result<String, Failure> {
        self.ask_with(cluster, words, &[], what).await
    }

    /// The same with input; the command must know where that ends.
    ///
    /// # Errors
    /// As [`Door::ask`].
    pub async fn ask_with(
        &self,
        cluster: &Cluster,
        words: &[String],
        input: &[u8],
        what: &str,
    ) -> Result<String, Failure> {
        let done = cluster.exec(&self.namespace, &self.pod, &self.container, words, input).await;
        let done = done.map_err(|fault| told(fault.into(), what))?;
        if done.code != 0 {
            let errors = crate::sanitize::text(String::from_utf8_lossy(&done.errors).trim());
            return Err(Failure::new(FailureKind::Deployment, what)
                .place(format!("pod {}", self.pod))
                .why(if errors.is_empty() { format!("the command ended with {}", done.code) } else { errors }));
        }
        Ok(String::from_utf8_lossy(&done.output).trim().to_string())
    }
}

/// What the cluster said, under what was being done.
fn told(cause: Failure, what: &str) -> Failure {
    Failure { why: std::iter::once(cause.what).chain(cause.why).collect(), what: what.into(), ..cause }
}

/// Who hears how far it is. Called from where one cannot wait.
pub type Tell<'a> = &'a (dyn Fn(EventKind) + Send + Sync);

/// Says how fast something moves, at most once a second.
struct Pace<'a> {
    what: String,
    tell: Tell<'a>,
    began: Instant,
    last: Instant,
    bytes: u64,
}

impl<'a> Pace<'a> {
    fn new(what: String, tell: Tell<'a>) -> Self {
        let now = Instant::now();
        Self { what, tell, began: now, last: now, bytes: 0 }
    }

    fn moved(&mut self, bytes: u64) {
        self.bytes = bytes;
        if self.last.elapsed().as_secs() >= 1 {
            self.last = Instant::now();
            self.say();
        }
    }

    fn say(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let per_second = self.bytes.saturating_mul(1000) / millis;
        (self.tell)(EventKind::DataMoved { what: self.what.clone(), bytes: self.bytes, per_second });
    }
}

/// What the server says of its data: bytes and version.
///
/// # Errors
/// It does not answer.
pub async fn look(cluster: &Cluster, door: &Door, source: &Source) -> Result<(u64, String), Failure> {
    let what = format!("{} does not answer", source.title());
    let size = door.ask(cluster, &source.size(door.within), &what).await?;
    let version = door.ask(cluster, &source.version(door.within), &what).await?;
    let size = size.parse().map_err(|_| {
        Failure::new(FailureKind::Deployment, what.clone()).why(format!("it said {size:?} when asked for its size"))
    })?;
    Ok((size, version.split_whitespace().next().unwrap_or("").to_string()))
}

/// Bytes that are free where a folder lies.
///
/// # Errors
/// It cannot be asked.
pub fn free(folder: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(folder)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Refuses a folder that would fill.
///
/// # Errors
/// There is less room than there is data.
pub fn has_room(folder: &Path, size: u64, passes: bool) -> Result<(), Failure> {
    match free(folder) {
        Ok(free) if free < size && !passes => Err(Failure::new(
            FailureKind::Refused,
            format!("{} has {} free, and there are {} of data", folder.display(), words(free), words(size)),
        )
        .why("a dump is mostly smaller than its data, but nobody knows before (TARGET_FULL)")
        .state(NOTHING_WRITTEN)
        .hint("choose a place with more room: --to PATH")
        .hint("or try it all the same: --skip-preflight TARGET_FULL")),
        // What cannot be asked is found out when it fills.
        _ => Ok(()),
    }
}

/// Dumps a source into a new file of mode 0600 in `folder`, reads it back and lets the server's own programs judge it.
///
/// # Errors
/// The file cannot be written, the dump fails, or what was written is not sound. The file is then gone.
pub async fn dump(
    cluster: &Cluster,
    door: &Door,
    source: &Source,
    folder: &Path,
    size: u64,
    tell: Tell<'_>,
) -> Result<Part, Failure> {
    let path = folder.join(source.file());
    let dumped = write(cluster, door, source, &path, size, tell).await;
    if dumped.is_err() {
        // Half a dump is worse than none; it is ours, and nothing else is touched.
        let _gone = std::fs::remove_file(&path);
    }
    dumped
}

async fn write(
    cluster: &Cluster,
    door: &Door,
    source: &Source,
    path: &Path,
    size: u64,
    tell: Tell<'_>,
) -> Result<Part, Failure> {
    let title = source.title();
    tell(EventKind::DataStarted {
        verb: "backup".into(),
        what: title.clone(),
        place: path.display().to_string(),
        size: Some(size),
    });
    let opened = std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    let file = opened.map_err(|error| unwritable(path, &error))?;
    let mut sink = Sink { file };
    let mut pace = Pace::new(title.clone(), tell);
    let command = door.command(source.dump(door.within));
    let streamed = cluster.exec_out(&command, &mut sink, &mut |bytes| pace.moved(bytes)).await;
    let streamed = streamed.map_err(|broken| match broken {
        Broken::Here(error) => unwritable(path, &error),
        Broken::Fault(fault) => told(fault.into(), &format!("the dump of {title} broke off")),
    })?;
    pace.say();
    well(&streamed, &format!("the dump of {title} failed"))?;
    let file = sink.file;
    let mut bytes = streamed.bytes;
    if source.kind == Kind::Redis {
        bytes = rdb::end(&streamed.errors).unwrap_or(bytes);
        file.set_len(bytes).map_err(|error| unwritable(path, &error))?;
    }
    file.sync_all().map_err(|error| unwritable(path, &error))?;
    let sha256 = verify(cluster, door, source, path, tell).await?;
    let kind = serde_json::to_value(source.kind).ok().and_then(|kind| kind.as_str().map(str::to_string));
    Ok(Part {
        group: source.group.clone(),
        kind: kind.unwrap_or_default(),
        database: source.database.clone(),
        server: String::new(),
        file: source.file(),
        bytes,
        sha256,
        size,
    })
}

/// Reads a dump from the disk to its end: the server's own programs unpack every block of it. Answers its SHA-256.
///
/// # Errors
/// It is cut off or damaged.
pub async fn verify(
    cluster: &Cluster,
    door: &Door,
    source: &Source,
    path: &Path,
    tell: Tell<'_>,
) -> Result<String, Failure> {
    let title = source.title();
    let unsound = |why: String| {
        Failure::new(FailureKind::Refused, format!("{} is not a whole dump of {title}", path.display())).why(why)
    };
    let mut file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let bytes = file.metadata().map_err(|error| unreadable(path, &error))?.len();
    if source.kind == Kind::Redis {
        let sha256 = rdb::check(&mut file).map_err(|error| match error {
            rdb::Wrong::Unreadable(error) => unreadable(path, &error),
            rdb::Wrong::Unsound(why) => unsound(why),
        })?;
        tell(EventKind::DataChecked { what: title, bytes });
        return Ok(sha256);
    }
    let mut reader = Reader { file, sha: Sha256::new() };
    let command = door.command(source.check(bytes));
    let checked = cluster.exec_in(&command, &mut reader, &mut |_| {}).await;
    let (streamed, _) = checked.map_err(|broken| match broken {
        Broken::Here(error) => unreadable(path, &error),
        Broken::Fault(fault) => told(fault.into(), &format!("{title} could not be checked")),
    })?;
    if streamed.code != 0 {
        return Err(unsound(streamed.errors));
    }
    // What the program did not need to read counts too.
    let mut rest = vec![0; 256 * 1024];
    loop {
        match reader.file.read(&mut rest) {
            Ok(0) => break,
            Ok(read) => reader.sha.update(&rest[..read]),
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
    tell(EventKind::DataChecked { what: title, bytes });
    Ok(hex(&reader.sha.finalize()))
}

/// SHA-256 of a file, read as a whole.
///
/// # Errors
/// It cannot be read.
pub fn digest(path: &Path) -> Result<String, Failure> {
    let mut file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer).map_err(|error| unreadable(path, &error))? {
            0 => return Ok(hex(&sha.finalize())),
            read => sha.update(&buffer[..read]),
        }
    }
}

/// Feeds a file to a command that knows its length.
///
/// # Errors
/// The file cannot be read, the connection breaks, or the command fails: `what` is what could not be done.
pub async fn feed(
    cluster: &Cluster,
    door: &Door,
    (words, what): (Vec<String>, &str),
    path: &Path,
    title: &str,
    tell: Tell<'_>,
) -> Result<String, Failure> {
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = Reader { file, sha: Sha256::new() };
    let mut pace = Pace::new(title.to_string(), tell);
    let done = cluster.exec_in(&door.command(words), &mut reader, &mut |bytes| pace.moved(bytes)).await;
    let (streamed, output) = done.map_err(|broken| match broken {
        Broken::Here(error) => unreadable(path, &error),
        Broken::Fault(fault) => told(fault.into(), what),
    })?;
    pace.say();
    well(&streamed, what)?;
    Ok(output)
}

fn well(streamed: &Streamed, what: &str) -> Result<(), Failure> {
    if streamed.code == 0 {
        return Ok(());
    }
    let why = if streamed.errors.is_empty() {
        format!("the command ended with {}", streamed.code)
    } else {
        streamed.errors.clone()
    };
    Err(Failure::new(FailureKind::Deployment, what).why(why))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let what = if full { format!("{} is full", place(path)) } else { format!("cannot write {}", path.display()) };
    let failure = Failure::new(FailureKind::Usage, what).why(error.to_string());
    failure.state("what was written of this backup is gone again; nothing else was touched").hint(if full {
        "choose a place with more room: --to PATH"
    } else {
        "choose another place: --to PATH"
    })
}

fn place(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Usage, format!("cannot read {}", path.display()))
        .why(error.to_string())
        .state(NOTHING_WRITTEN)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is written as bytes come: a disk is faster than a network, and what cannot be held back is not held.
struct Sink {
    file: std::fs::File,
}

impl AsyncWrite for Sink {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.file.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.file.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// A file that is read as bytes are wanted, with its digest on the way.
struct Reader {
    file: std::fs::File,
    sha: Sha256,
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.file.read(into.initialize_unfilled())?;
        let start = into.filled().len();
        into.advance(read);
        self.sha.update(&into.filled()[start..]);
        Poll::Ready(Ok(()))
    }
}
