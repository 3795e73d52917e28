//! What was seen of a run that failed, in a folder of its own under the user's state folder: readable by its owner alone, and
//! without a secret's value.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt as _;

use crate::cluster::{Cluster, LogAsk};
use crate::error::Failure;
use crate::sanitize::{self, Redactor};
use crate::watch::Handle;

use super::log;

/// How many failures are kept; the oldest of more are removed.
const KEPT: usize = 20;
/// Lines of each log.
const LINES: u32 = 2000;
/// Pods whose logs are read.
const PODS: usize = 20;
/// A server that hangs must not keep the run from ending.
const WITHIN: Duration = Duration::from_secs(10);

/// Where it is taken from.
pub(super) struct Seen<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) handle: &'a Handle,
    pub(super) redactor: &'a Redactor,
    pub(super) namespace: &'a str,
    pub(super) release: &'a str,
}

/// Keeps it; says where. `None` where no folder can be written, which is no second failure.
pub(super) async fn keep(seen: &Seen<'_>, failure: &Failure) -> Option<String> {
    let mut files = seen.handle.evidence();
    // What was followed is there already, if only its end: the whole log says more, where it can still be read.
    let logs = tokio::time::timeout(WITHIN, logs(seen)).await.unwrap_or_default();
    files.extend(logs);
    files.insert("failure.txt".into(), seen.redactor.hide(&failure.to_string()));
    let folder = log::state_folder()?.join("failures");
    let name = format!("{}-{}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ"), seen.namespace, seen.release);
    let place = folder.join(name);
    let written = write(&folder, &place, &files);
    if let Err(error) = &written {
        tracing::warn!(%error, "evidence cannot be kept");
    }
    written.ok().map(|()| place.display().to_string())
}

/// The current and the previous log of every container of what is not well.
async fn logs(seen: &Seen<'_>) -> BTreeMap<String, String> {
    let runs = seen.handle.unwell().into_iter().take(PODS).flat_map(|(pod, containers)| {
        containers.into_iter().flat_map(move |(container, ran)| {
            let pod = pod.clone();
            [false, true].into_iter().filter(move |previous| ran || !previous).map(move |previous| {
                let (pod, container) = (pod.clone(), container.clone());
                LogAsk { pod, container, previous, tail: Some(LINES), timestamps: true, ..LogAsk::default() }
            })
        })
    });
    let read = runs.map(|ask| async move {
        let ask = LogAsk { namespace: seen.namespace.to_string(), ..ask };
        let mut lines = seen.cluster.log(&ask).await.ok()?;
        let mut text = String::new();
        while let Some(Ok(line)) = lines.next().await {
            text.push_str(&seen.redactor.hide(&sanitize::line(&line)));
            text.push('\n');
        }
        let suffix = if ask.previous { ".previous" } else { "" };
        (!text.is_empty()).then(|| (format!("logs/{}.{}{suffix}.log", ask.pod, ask.container), text))
    });
    futures::future::join_all(read).await.into_iter().flatten().collect()
}

fn write(all: &Path, place: &Path, files: &BTreeMap<String, String>) -> std::io::Result<()> {
    make(all)?;
    make(place)?;
    for (name, text) in files {
        let path = place.join(name);
        if let Some(folder) = path.parent() {
            make(folder)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(text.as_bytes())?;
    }
    // Their names begin with their time.
    let mut known: Vec<PathBuf> = std::fs::read_dir(all)?.filter_map(|one| Some(one.ok()?.path())).collect();
    known.sort();
    for old in known.iter().take(known.len().saturating_sub(KEPT)) {
        // One that cannot be removed is removed by the next.
        let _removed = std::fs::remove_dir_all(old);
    }
    Ok(())
}

/// A folder for its owner alone.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_its_owner_alone_and_the_oldest_of_many_goes() {
        use std::os::unix::fs::PermissionsExt as _;
        let state = tempfile::tempdir().unwrap();
        let all = state.path().join("failures");
        let files = BTreeMap::from([("logs/a.log".to_string(), "x".to_string())]);
        for number in 0..KEPT + 2 {
            write(&all, &all.join(format!("{number:03}")), &files).unwrap();
        }
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&all.join("021")), mode(&all.join("021/logs/a.log"))), (0o700, 0o600));
        assert!(!all.join("001").exists() && all.join("002").exists());
    }
}
