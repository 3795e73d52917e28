//! How a release is, in lines: the groups with what is not ready in them, the volumes, what is wrong.

use serde::Serialize;

use crate::event::Readiness;
use crate::finding::Finding;
use crate::plan::uninstall::Volume;
use crate::watch::ObjectStatus;

/// Everything about a release at a moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Its name.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// Name of the context.
    pub context: String,
    /// Title of the product.
    pub product: String,
    /// Version of the product.
    pub version: String,
    /// Its newest revision.
    pub revision: u32,
    /// What it did: `install`, `upgrade`, `rollback`, `uninstall`.
    pub verb: String,
    /// How that ended: `deployed`, `failed`, `pending`, `superseded`.
    pub outcome: String,
    /// Why it failed; empty where it did not.
    pub why: String,
    /// Steps of it that are done, and all of them.
    pub steps: (usize, usize),
    /// The newest revision that ended well.
    pub good: Option<u32>,
    /// Who is at work on it now, and since when.
    pub busy: Option<String>,
    /// Who began it.
    pub who: String,
    /// When.
    pub began: String,
    /// Every object.
    pub objects: Vec<ObjectStatus>,
    /// The volumes, each in words.
    pub volumes: Vec<(String, String)>,
    /// The certificates that it serves, each in words.
    pub certificates: Vec<(String, String)>,
    /// What is wrong; empty while everything is ready.
    pub findings: Vec<Finding>,
}

impl Status {
    /// The volumes in words.
    pub fn volumes(volumes: &[Volume]) -> Vec<(String, String)> {
        volumes.iter().map(|volume| (volume.name.clone(), volume.words())).collect()
    }

    /// Everything is ready, and the last run came to its end.
    pub fn is_well(&self) -> bool {
        self.outcome == "deployed" && self.objects.iter().all(|one| one.readiness == Readiness::Ready)
    }

    /// It in lines.
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "{} {} in {}, namespace {}, release {}",
                self.product, self.version, self.context, self.namespace, self.release
            ),
            format!("revision {}: {}, begun by {} at {}", self.revision, self.outcome, self.who, self.began),
            String::new(),
        ];
        let mut groups: Vec<&str> = Vec::new();
        for object in &self.objects {
            if !groups.contains(&object.group.as_str()) {
                groups.push(&object.group);
            }
        }
        let wide = groups.iter().map(|group| group.len()).max().unwrap_or(0);
        for group in groups {
            let all: Vec<&ObjectStatus> = self.objects.iter().filter(|object| object.group == group).collect();
            let open: Vec<&&ObjectStatus> = all.iter().filter(|object| object.readiness != Readiness::Ready).collect();
            let word = match open.iter().any(|object| object.readiness == Readiness::Failed) {
                _ if open.is_empty() => "ready",
                true => "FAILED",
                false => "waiting",
            };
            lines.push(format!("  {group:wide$}  {word:8} {} of {} objects", all.len() - open.len(), all.len()));
            for object in open {
                let parts = if object.of > 1 { format!(" {}/{}", object.ready, object.of) } else { String::new() };
                lines.push(format!("  {:wide$}    {}{parts}: {}", "", object.id.short(), object.reason));
            }
        }
        for (name, words) in &self.volumes {
            lines.push(format!("  volume {name}: {words}"));
        }
        for (name, words) in &self.certificates {
            lines.push(format!("  certificate {name}: {words}"));
        }
        for finding in &self.findings {
            lines.push(format!("{}: {} ({})", finding.severity.word(), finding.what, finding.code));
            for text in [&finding.why, &finding.remedy].into_iter().filter(|text| !text.is_empty()) {
                lines.push(format!("  {text}"));
            }
        }
        lines.extend(self.half_done());
        lines.join("\n") + "\n"
    }

    /// What is half done, and how one goes on or goes back.
    fn half_done(&self) -> Vec<String> {
        let command = |verb: &str| format!("slipway {verb} {} -n {}", self.release, self.namespace);
        let (done, all) = self.steps;
        let back = self.good.map(|good| format!("go back to revision {good}: {}", command("rollback")));
        let mut lines: Vec<String> = self.busy.iter().map(|busy| format!("At work on it: {busy}.")).collect();
        let what = match self.verb.as_str() {
            "uninstall" => "uninstall",
            "rollback" => "rollback",
            "upgrade" => "upgrade",
            _ => "install",
        };
        match (self.outcome.as_str(), what) {
            ("pending", "uninstall") => {
                lines.push("An uninstall was begun and is not at its end: some of it may be gone.".into());
                lines.push(format!("  go on: {}", command("uninstall")));
                lines.extend(back.map(|back| format!("  or {back}")));
            }
            ("pending", what) => {
                lines.push(
                    format!("The last run, an {what}, is not at its end: {done} of {all} steps are done.")
                        .replace("an rollback", "a rollback"),
                );
                lines.push(format!("  see it, and go on with what remains: {}", command("attach")));
                lines.extend(back.filter(|_| what != "rollback").map(|back| format!("  or {back}")));
            }
            ("failed", what) => {
                let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
                lines.push(format!("The last run, an {what}, failed{why}.").replace("an rollback", "a rollback"));
                lines.push("  mend the cause; the same command again goes on from where it was".into());
                lines.extend(back.map(|back| format!("  or {back}")));
            }
            _ => {}
        }
        lines
    }
}
