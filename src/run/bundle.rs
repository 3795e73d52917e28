//! `slipway bundle`: everything that a report of a fault needs, in one archive, without a secret. Nothing is written to the
//! cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::{Output, Shared};
use crate::cluster::LogAsk;
use crate::error::{Failure, FailureKind};
use crate::object::Object;
use crate::plan::Action;
use crate::sanitize::{self, Redactor};

use super::releases::Release;
use super::{logs, passphrase, print, status};

/// Lines of each log that are kept, from its end.
const LINES: u32 = 2_000;

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, to: Option<PathBuf>) -> Result<(), Failure> {
    let found = Release::find(shared, release, "bundle").await?;
    let began = Timestamp::now();
    let redactor = logs::redactor(&found).await?;
    let name = format!("slipway-{}-{}", found.target.release, began.strftime("%Y%m%dT%H%M%SZ"));
    let path = to.unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    let mut files = Files { redactor, all: BTreeMap::new(), missing: Vec::new() };
    gather(&found, &mut files).await;
    let kept = files.all.keys().cloned().collect::<Vec<_>>();
    files.add("README.txt", &readme(&found, &kept, &files.missing.clone(), began));
    let archive = pack(&name, &files.all, began)?;
    passphrase::write_new(&path, &archive)?;
    let path = std::path::absolute(&path).unwrap_or(path).display().to_string();
    if shared.output == Output::Json {
        let said = json!({"file": path, "holds": files.all.keys().collect::<Vec<_>>(), "missing": files.missing});
        return print(&format!("{said}\n"));
    }
    let mut text =
        format!("{path}\n  holds {} files without secrets, {} kB:\n", files.all.len(), archive.len().div_ceil(1024));
    for (what, count) in folders(files.all.keys()) {
        text.push_str(&format!("  {what}{count}\n"));
    }
    for missing in &files.missing {
        text.push_str(&format!("  not in it: {missing}\n"));
    }
    text.push_str("Look through it before you give it away: tar tzf FILE\n");
    print(&text)
}

/// What goes into the archive, by name; every text without the release's secrets.
struct Files {
    redactor: Redactor,
    all: BTreeMap<String, String>,
    missing: Vec<String>,
}

impl Files {
    fn add(&mut self, name: &str, text: &str) {
        self.all.insert(name.to_string(), self.redactor.hide(text));
    }

    fn json(&mut self, name: &str, value: &Value) {
        // A Value always serializes.
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.add(name, &(text + "\n"));
    }
}

async fn gather(found: &Release, files: &mut Files) {
    let (cluster, target) = (&found.cluster, &found.target);
    match status::look(found).await {
        Ok(status) => {
            files.add("status.txt", &status.text());
            files.json("status.json", &serde_json::to_value(&status).unwrap_or_default());
        }
        Err(failure) => files.missing.push(format!("the status: {}", failure.what)),
    }
    for revision in &found.revisions {
        let value = json!({"revision": revision, "progress": revision.progress});
        files.json(&format!("record/r{}.json", revision.number), &value);
    }
    match cluster.facts(&target.namespace).await {
        Ok(facts) => files.json("cluster.json", &serde_json::to_value(&facts).unwrap_or_default()),
        Err(failure) => files.missing.push(format!("facts of the cluster: {}", failure.what)),
    }
    let ids =
        found.plan().steps.iter().filter(|step| step.action != Action::Delete).map(|step| step.wanted.object.id());
    match cluster.read(ids).await {
        Ok(live) => live.values().for_each(|object| put(files, object)),
        Err(fault) => files.missing.push(format!("objects: {}", fault.message)),
    }
    for (group, kind) in [("apps", "ReplicaSet"), ("", "Pod"), ("", "Event"), ("", "PersistentVolumeClaim")] {
        match cluster.list(group, kind, &target.namespace, "").await {
            Ok(listed) if kind == "Event" => files.add("events.txt", &events(&listed.objects)),
            Ok(listed) => {
                listed.objects.iter().for_each(|object| put(files, object));
                if kind == "Pod" {
                    for pod in &listed.objects {
                        read_logs(found, pod, files).await;
                    }
                }
            }
            Err(fault) => files.missing.push(format!("{kind}s: {}", fault.message)),
        }
    }
}

/// An object as it is; of a Secret only the names of its entries.
fn put(files: &mut Files, object: &Object) {
    let mut shown = object.clone();
    shown.remove(&["metadata", "managedFields"]);
    if object.kind() == "Secret" {
        let names = |field: &str| {
            object
                .at(&[field])
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(key, _)| key.clone())
                .collect::<Vec<_>>()
        };
        let entries = names("data");
        for field in ["data", "stringData"] {
            shown.remove(&[field]);
        }
        shown.remove(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"]);
        shown.set(&["entries"], Value::from(entries));
    }
    files.json(&format!("objects/{}-{}.json", object.kind().to_lowercase(), object.name()), &shown.0);
}

fn events(events: &[Object]) -> String {
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| {
            let times = [&["lastTimestamp"][..], &["eventTime"], &["metadata", "creationTimestamp"]];
            let time = times.iter().map(|path| event.text(path)).find(|time| !time.is_empty()).unwrap_or("");
            let about =
                format!("{}/{}", event.text(&["involvedObject", "kind"]), event.text(&["involvedObject", "name"]));
            let said = sanitize::line(event.text(&["message"]));
            format!("{time} {} {about} {}: {said}", event.text(&["type"]), event.text(&["reason"]))
        })
        .collect();
    lines.sort();
    lines.join("\n") + "\n"
}

async fn read_logs(found: &Release, pod: &Object, files: &mut Files) {
    let statuses = ["initContainerStatuses", "containerStatuses"];
    for status in statuses.iter().flat_map(|list| pod.list(&["status", list])) {
        let container = status["name"].as_str().unwrap_or_default().to_string();
        let runs: &[bool] = if status["restartCount"].as_i64().unwrap_or(0) > 0 { &[false, true] } else { &[false] };
        for previous in runs {
            let ask = LogAsk {
                namespace: pod.namespace().into(),
                pod: pod.name().into(),
                container: container.clone(),
                previous: *previous,
                tail: Some(LINES),
                timestamps: true,
                ..LogAsk::default()
            };
            let suffix = if *previous { ".previous" } else { "" };
            let name = format!("logs/{}.{container}{suffix}.log", pod.name());
            match found.cluster.log(&ask).await {
                Ok(mut lines) => {
                    let mut text = String::new();
                    while let Some(Ok(line)) = lines.next().await {
                        // Before it is cut, so that no half of a value is left; once more as a whole.
                        text.push_str(&sanitize::line(&files.redactor.hide(&line)));
                        text.push('\n');
                    }
                    files.add(&name, &text);
                }
                // A container that has not begun has none.
                Err(fault) if status.pointer("/state/waiting").is_some() => drop(fault),
                Err(fault) => files.missing.push(format!("{name}: {}", fault.message)),
            }
        }
    }
}

fn readme(found: &Release, kept: &[String], missing: &[String], began: Timestamp) -> String {
    let (target, plan) = (&found.target, found.plan());
    let mut text = format!(
        "{} {}, release {} in {}, gathered by slipway {} at {began}.\n\nValues of the release's Secrets are hidden wherever they stood; of Secrets themselves only the names of\ntheir entries are here. Names of hosts, namespaces, images and people are as they are.\n\n",
        plan.product.title,
        plan.product.version,
        target.release,
        target.namespace,
        env!("CARGO_PKG_VERSION"),
    );
    for name in kept {
        text.push_str(&format!("{name}\n"));
    }
    for missing in missing {
        text.push_str(&format!("missing: {missing}\n"));
    }
    text
}

/// How many files each folder holds, in words.
fn folders<'a>(names: impl Iterator<Item = &'a String>) -> Vec<(String, String)> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut alone = BTreeSet::new();
    for name in names {
        match name.split_once('/') {
            Some((folder, _)) => *counted.entry(folder).or_default() += 1,
            None => drop(alone.insert(name.clone())),
        }
    }
    let folders = counted.into_iter().map(|(folder, count)| (format!("{folder}/"), format!(" {count}")));
    alone.into_iter().map(|name| (name, String::new())).chain(folders).collect()
}

/// A gzipped tar archive with one folder (POSIX ustar).
fn pack(folder: &str, files: &BTreeMap<String, String>, at: Timestamp) -> Result<Vec<u8>, Failure> {
    use std::io::Write as _;
    let bug =
        |error: std::io::Error| Failure::new(FailureKind::Bug, "the archive cannot be written").why(error.to_string());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for (name, text) in files {
        packed.write_all(&header(folder, name, text.len(), at)).map_err(bug)?;
        packed.write_all(text.as_bytes()).map_err(bug)?;
        packed.write_all(&vec![0; (512 - text.len() % 512) % 512]).map_err(bug)?;
    }
    packed.write_all(&[0; 1024]).map_err(bug)?;
    packed.finish().map_err(bug)
}

/// The header of one file. A name of more than 100 bytes is cut in the middle, its ends being what tells it.
fn header(folder: &str, name: &str, size: usize, at: Timestamp) -> [u8; 512] {
    let mut header = [0u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    let whole = format!("{folder}/{name}");
    let half = |from: usize, to: usize| whole.get(from..to).unwrap_or_default().to_string();
    let name =
        if whole.len() <= 100 { whole.clone() } else { half(0, 60) + "~" + &half(whole.len() - 39, whole.len()) };
    put(0, &name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{:011o}\0", at.as_second().max(0)));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_reads_what_was_packed() {
        let long = format!("objects/{}.json", "n".repeat(120));
        let files = BTreeMap::from([
            ("README.txt".to_string(), "hello\n".to_string()),
            (long, "x".repeat(1_024)),
            ("logs/empty.log".to_string(), String::new()),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        std::fs::write(&path, pack("bundle", &files, Timestamp::UNIX_EPOCH).unwrap()).unwrap();
        let tar = |arguments: &[&str]| {
            let output = std::process::Command::new("tar").args(arguments).arg(&path).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let listed = tar(&["-tzf"]);
        assert_eq!(listed.lines().count(), 3, "{listed}");
        assert!(listed.contains("bundle/logs/empty.log\n"), "{listed}");
        let read = std::process::Command::new("tar").arg("-xzOf").arg(&path).arg("bundle/README.txt").output().unwrap();
        assert_eq!(read.stdout, b"hello\n");
    }
}
