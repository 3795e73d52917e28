//! Logs for a person who asked for them: every line, in order, nothing dropped, however slow the reader is. The logs beside
//! a run are another thing ([`super::logs`]): they never hold the run up.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::logs::{Cursor, Run};
use super::source::{LogOf, Seen, Source, Watched};
use crate::diagnose::condition::containers;
use crate::error::Failure;
use crate::object::Object;
use crate::sanitize::{self, Redactor};

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Go on as pods write, and take up those that come.
    pub follow: bool,
    /// Of the containers before their last restart.
    pub previous: bool,
    /// Written since.
    pub since: Option<Timestamp>,
    /// Only so many from the end of each container's log.
    pub lines: Option<u32>,
}

/// A line of a container, safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogText {
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// It is about the log, and not of it: it could not be read, or broke off.
    pub aside: bool,
    /// The line.
    pub text: String,
}

/// Reads the logs of the pods of a namespace that are `mine`, and sends their lines; ends when they end, or with the
/// receiver.
///
/// # Errors
/// The pods may not be watched.
pub async fn tail<S: Source>(
    source: &S,
    namespace: &str,
    mine: impl Fn(&Object) -> bool,
    how: &Tail,
    redactor: &Redactor,
    to: mpsc::Sender<LogText>,
) -> Result<(), Failure> {
    let pods = Watched {
        group: String::new(),
        kind: "Pod".into(),
        namespace: Some(namespace.into()),
        labels: String::new(),
        fields: String::new(),
    };
    let reader = Reader { source: source.clone(), how: how.clone(), redactor: redactor.clone(), to };
    let mut seen = source.watch(&pods);
    let (mut known, mut reading) = (BTreeSet::new(), JoinSet::new());
    let mut first = true;
    loop {
        let next = tokio::select! {
            next = seen.next() => next,
            () = reader.to.closed() => return Ok(()),
        };
        let found = match next {
            Some(Seen::Listed(all)) => all,
            Some(Seen::Put(one)) => vec![one],
            Some(Seen::Gone(_) | Seen::Broken(_)) => continue,
            Some(Seen::Refused(failure)) => return Err(failure),
            None => break,
        };
        let mut found: Vec<&Object> = found.iter().filter(|pod| mine(pod)).collect();
        found.sort_by_key(|pod| pod.name().to_string());
        if !how.follow {
            // One after the other: each log stands together.
            for run in found.into_iter().flat_map(|pod| runs(pod, how.previous)) {
                reader.once(&run).await;
            }
            return Ok(());
        }
        for run in found.into_iter().flat_map(|pod| runs(pod, false)) {
            if known.insert(run.clone()) {
                reading.spawn(reader.clone().follow(run, first));
            }
        }
        first = false;
        while reading.try_join_next().is_some() {}
    }
    Ok(())
}

/// The runs of a pod's containers whose logs can be read.
fn runs(pod: &Object, previous: bool) -> Vec<Run> {
    let all = containers(pod).into_iter().filter(|container| match previous {
        true => container.restarts() > 0,
        false => container.state().name != "waiting" || container.last_end().is_some(),
    });
    all.map(|container| Run {
        namespace: pod.namespace().into(),
        pod: pod.name().into(),
        uid: pod.uid().into(),
        container: container.name.into(),
        restarts: container.restarts(),
        calm: false,
    })
    .collect()
}

#[derive(Clone)]
struct Reader<S> {
    source: S,
    how: Tail,
    redactor: Redactor,
    to: mpsc::Sender<LogText>,
}

impl<S: Source> Reader<S> {
    fn log_of(&self, run: &Run, since: Option<Timestamp>, lines: Option<u32>) -> LogOf {
        LogOf {
            namespace: run.namespace.clone(),
            pod: run.pod.clone(),
            container: run.container.clone(),
            previous: self.how.previous,
            follow: self.how.follow,
            since,
            tail: lines,
        }
    }

    async fn once(&self, run: &Run) {
        let what = self.log_of(run, self.how.since, self.how.lines);
        if let Err(why) = self.read(run, &what, &mut Cursor::default()).await {
            self.say(run, true, &why).await;
        }
    }

    /// Follows a run to its end; a stream that breaks is taken up again where it was.
    async fn follow(self, run: Run, first: bool) {
        let mut cursor = Cursor::default();
        // What begins later is shown whole: it is what one waits for.
        let (mut since, mut lines) = if first { (self.how.since, self.how.lines) } else { (None, None) };
        let mut broken = 0;
        loop {
            let read = self.read(&run, &self.log_of(&run, since, lines), &mut cursor).await;
            match read {
                Ok(_) => return,
                Err(_) if self.to.is_closed() => return,
                // A container that has just begun has no log for a moment.
                Err(why) => {
                    broken += 1;
                    if broken == 5 {
                        self.say(&run, true, &why).await;
                        return;
                    }
                    sleep(Duration::from_millis(300) * broken).await;
                }
            }
            if let Some(from) = cursor.since() {
                (since, lines, broken) = (Some(from), None, 0);
            }
        }
    }

    async fn read(&self, run: &Run, what: &LogOf, cursor: &mut Cursor) -> Result<(), String> {
        let mut stream = self.source.log(what);
        while let Some(line) = stream.next().await {
            if let Some(text) = cursor.take(&line?) {
                self.say(run, false, text).await;
            }
        }
        Ok(())
    }

    async fn say(&self, run: &Run, aside: bool, text: &str) {
        // Before it is cut, so that no half of a value is left, and after, since taking escapes out may put one together.
        let text = self.redactor.hide(&sanitize::line(&self.redactor.hide(text)));
        let line = LogText { pod: run.pod.clone(), container: run.container.clone(), aside, text };
        // A reader that is gone needs no line.
        let _sent = self.to.send(line).await;
    }
}
