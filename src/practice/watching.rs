//! Watches: what changed since a version, then what changes, as one JSON document a line.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::kinds::Kind;
use super::read::{self, shown};
use super::route::{Query, Target};
use super::selector::Selector;
use super::serve::{Body, whole};
use super::server::Shared;
use super::status::{Refusal, bad_request};
use super::store::{Change, Store};
use crate::object::Object;

/// How often a quiet watch gets a bookmark.
const BOOKMARK: Duration = Duration::from_secs(5);

struct Follower {
    table: String,
    namespace: String,
    selector: Selector,
    partial: bool,
    kind: Value,
    bookmarks: bool,
}

impl Follower {
    fn fits(&self, object: &Object) -> bool {
        (self.namespace.is_empty() || object.namespace() == self.namespace) && self.selector.fits(object)
    }

    /// The line of a change, if this watch sees it.
    fn line(&self, change: &Change) -> Option<String> {
        if change.key.table != self.table {
            return None;
        }
        let was = change.before.as_ref().is_some_and(|before| self.fits(before));
        let is = !change.deleted && self.fits(&change.after);
        let what = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(line(what, &shown(&change.after, self.partial)))
    }

    fn bookmark(&self, version: u64) -> String {
        let mut object = self.kind.clone();
        object["metadata"] = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        line("BOOKMARK", &object)
    }
}

fn line(what: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": what, "object": object}))
}

fn expired(from: u64, store: &Store) -> String {
    let message = format!("too old resource version: {from} ({})", store.forgotten());
    line("ERROR", &Refusal::new(410, "Expired", message, Value::Null).body())
}

/// Answers a watch; `cut` breaks it off after so many lines.
pub(crate) fn watch(
    shared: &Arc<Shared>,
    kind: &Kind,
    target: &Target,
    query: &Query,
    partial: bool,
    cut: Option<usize>,
) -> Result<Response<Body>, Refusal> {
    let (name, version) = if partial {
        ("PartialObjectMetadata".to_string(), "meta.k8s.io/v1".to_string())
    } else {
        (kind.kind.clone(), kind.api_version())
    };
    let follower = Follower {
        table: kind.table(),
        namespace: target.namespace.clone(),
        selector: read::selector(target, query)?,
        partial,
        kind: json!({"kind": name, "apiVersion": version}),
        bookmarks: query.is_on("allowWatchBookmarks"),
    };
    let asked = query.text("resourceVersion");
    let mut first = Vec::new();
    let from;
    {
        let world = shared.world();
        if asked.is_empty() || asked == "0" {
            // From nowhere: what there is comes first.
            let there = world.store.list(&follower.table, &follower.namespace).filter(|object| follower.fits(object));
            first.extend(there.map(|object| line("ADDED", &shown(object, partial))));
            from = world.store.version();
            if query.is_on("sendInitialEvents") {
                let mut end: Value = follower.kind.clone();
                end["metadata"] =
                    json!({"resourceVersion": from.to_string(), "annotations": {"k8s.io/initial-events-end": "true"}});
                first.push(line("BOOKMARK", &end));
            }
        } else {
            from = asked.parse().map_err(|_| bad_request(format!("invalid resourceVersion {asked:?}")))?;
            if from < world.store.forgotten() {
                let mut response = Response::new(whole(expired(from, &world.store)));
                json_type(&mut response);
                return Ok(response);
            }
        }
    }
    let (sender, receiver) = mpsc::channel(64);
    let seconds = query.number("timeoutSeconds").unwrap_or(3600);
    tokio::spawn(follow(shared.clone(), follower, first, from, sender, Duration::from_secs(seconds), cut));
    let frames = futures::stream::unfold(receiver, |mut receiver| async move {
        let item: io::Result<String> = receiver.recv().await?;
        Some((item.map(|text| Frame::data(Bytes::from(text))), receiver))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    json_type(&mut response);
    Ok(response)
}

fn json_type(response: &mut Response<Body>) {
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
}

/// What is new since `from`, which moves on; `true` where nothing can follow.
fn news(shared: &Shared, follower: &Follower, from: &mut u64) -> (Vec<String>, bool) {
    let world = shared.world();
    if *from < world.store.forgotten() {
        return (vec![expired(*from, &world.store)], true);
    }
    let lines = world.store.since(*from).filter_map(|change| follower.line(change)).collect();
    *from = world.store.version();
    (lines, false)
}

/// Breaks the connection in the middle of the body, once what was told before is sent.
async fn cut_off(sender: &mpsc::Sender<io::Result<String>>) {
    tokio::time::sleep(Duration::from_millis(5)).await;
    drop(sender.send(Err(io::ErrorKind::ConnectionReset.into())).await);
}

async fn follow(
    shared: Arc<Shared>,
    follower: Follower,
    first: Vec<String>,
    mut from: u64,
    sender: mpsc::Sender<io::Result<String>>,
    lasts: Duration,
    cut: Option<usize>,
) {
    let mut changed = shared.changed.subscribe();
    let mut left = cut.unwrap_or(usize::MAX);
    let ends = tokio::time::Instant::now() + lasts;
    let mut lines = first;
    loop {
        for text in lines.drain(..) {
            if left == 0 {
                return cut_off(&sender).await;
            }
            left -= 1;
            if sender.send(Ok(text)).await.is_err() {
                return;
            }
        }
        if cut.is_some() && left == 0 {
            return cut_off(&sender).await;
        }
        changed.borrow_and_update();
        let (found, last) = news(&shared, &follower, &mut from);
        lines = found;
        if last {
            for text in lines {
                drop(sender.send(Ok(text)).await);
            }
            return;
        }
        if !lines.is_empty() {
            continue;
        }
        tokio::select! {
            _ = changed.changed() => {}
            () = sender.closed() => return,
            () = tokio::time::sleep_until(ends) => return,
            () = tokio::time::sleep(BOOKMARK), if follower.bookmarks => lines.push(follower.bookmark(from)),
        }
    }
}
