//! Watching: a list, then every change, for as long as somebody listens.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use super::ask::Ask;
use super::connect::Cluster;
use super::discovery::Resource;
use super::fault::{Fault, FaultKind};
use super::objects::with_type;
use crate::object::{Object, ObjectId};

/// What is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// API group, empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for all.
    pub namespace: String,
    /// Label selector; empty for all.
    pub labels: String,
    /// Field selector, such as `metadata.name=inngest`; empty for all.
    pub fields: String,
}

impl Watched {
    /// All objects of a kind in a namespace.
    pub fn kind(group: &str, kind: &str, namespace: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), ..Self::default() }
    }

    /// One object.
    pub fn object(id: &ObjectId) -> Self {
        Self { fields: format!("metadata.name={}", id.name), ..Self::kind(&id.group, &id.kind, &id.namespace) }
    }
}

/// What a watch saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Everything there is now: at the start, and again after a break. What is not in it is gone.
    All(Vec<Object>),
    /// An object is new or changed.
    Changed(Object),
    /// An object is gone; as it last was.
    Gone(Object),
    /// The watch broke; it is taken up again by itself. Worth showing when it lasts.
    Broken(Box<Fault>),
}

/// Watches end on the server's side after a while; five minutes is what clients usually ask for.
const SECONDS: &str = "290";

impl Cluster {
    /// Watches for ever: list, watch, and again after every break. Ends only when it is dropped, or after a fault that
    /// does not heal (403, 401, unknown kind), which is the last item.
    pub fn watch(&self, what: Watched) -> BoxStream<'static, Seen> {
        let start = Watching {
            cluster: self.clone(),
            what,
            resource: None,
            at: String::new(),
            open: None,
            breaks: 0,
            over: false,
        };
        futures::stream::unfold(start, |mut watching| async move {
            let seen = watching.next().await?;
            Some((seen, watching))
        })
        .boxed()
    }

    /// Waits until an object is gone: absent, or another one with the same name.
    ///
    /// # Errors
    /// A fault that does not heal.
    pub async fn gone(&self, id: &ObjectId, uid: &str) -> Result<(), Fault> {
        let mut seen = self.watch(Watched::object(id));
        let mut there = BTreeMap::new();
        while let Some(now) = seen.next().await {
            match now {
                Seen::All(all) => {
                    there =
                        all.into_iter().map(|object| (object.name().to_string(), object.uid().to_string())).collect()
                }
                Seen::Changed(object) => drop(there.insert(object.name().to_string(), object.uid().to_string())),
                Seen::Gone(object) => drop(there.remove(object.name())),
                Seen::Broken(fault) if heals(&fault) => continue,
                Seen::Broken(fault) => return Err(*fault),
            }
            if there.get(&id.name).is_none_or(|live| !uid.is_empty() && live != uid) {
                return Ok(());
            }
        }
        Ok(())
    }
}

type Lines = tokio::io::Lines<BufReader<Box<dyn tokio::io::AsyncRead + Send + Unpin>>>;

struct Watching {
    cluster: Cluster,
    what: Watched,
    resource: Option<Resource>,
    /// Resource version to go on from; empty: list first.
    at: String,
    open: Option<Lines>,
    breaks: u32,
    over: bool,
}

impl Watching {
    async fn next(&mut self) -> Option<Seen> {
        loop {
            if self.over {
                return None;
            }
            match self.step().await {
                Ok(Some(seen)) => {
                    self.breaks = 0;
                    return Some(seen);
                }
                Ok(None) => {}
                Err(fault) => {
                    self.open = None;
                    self.over = !heals(&fault);
                    if matches!(fault.kind, FaultKind::Expired) {
                        self.at.clear();
                        continue;
                    }
                    if !self.over {
                        let wait = Duration::from_millis(100) * (1 << self.breaks.min(6));
                        self.breaks += 1;
                        tokio::time::sleep(wait).await;
                    }
                    return Some(Seen::Broken(Box::new(fault)));
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Seen>, Fault> {
        let resource = match &self.resource {
            Some(resource) => resource.clone(),
            None => self.cluster.resource(&self.what.group, &self.what.kind, "").await?,
        };
        self.resource = Some(resource.clone());
        if self.at.is_empty() {
            let (all, at) = list(&self.cluster, &self.what, &resource).await?;
            self.at = at;
            return Ok(Some(Seen::All(all)));
        }
        let Some(lines) = &mut self.open else {
            self.open = Some(begin(&self.cluster, &self.what, &resource, &self.at).await?);
            return Ok(None);
        };
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            // The server closes watches after a while; going on from where it was loses nothing.
            Ok(None) | Err(_) => {
                self.open = None;
                // A server that closes at once must not be asked in a circle.
                if self.breaks > 0 {
                    tokio::time::sleep(Duration::from_millis(50) * (1 << self.breaks.min(6))).await;
                }
                self.breaks += 1;
                return Ok(None);
            }
        };
        self.read(&line, &resource)
    }

    fn read(&mut self, line: &str, resource: &Resource) -> Result<Option<Seen>, Fault> {
        let asked = || self.cluster.asked(&ask_for(&self.what, resource));
        let mut event: Value = match serde_json::from_str(line) {
            Ok(event) => event,
            Err(_) if line.is_empty() => return Ok(None),
            Err(error) => {
                return Err(Fault::without_answer(FaultKind::Unreachable, &asked(), format!("a broken line: {error}")));
            }
        };
        let object = event.get_mut("object").map(Value::take).unwrap_or(Value::Null);
        let kind = event.get("type").and_then(Value::as_str).unwrap_or("").to_string();
        if kind == "ERROR" {
            let code =
                object.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
            return Err(Fault::from_answer(code, object.to_string().as_bytes(), None, &asked()));
        }
        let object = with_type(object, resource);
        self.at = object.resource_version().to_string();
        Ok(match kind.as_str() {
            "ADDED" | "MODIFIED" => Some(Seen::Changed(object)),
            "DELETED" => Some(Seen::Gone(object)),
            _ => None,
        })
    }
}

fn ask_for(what: &Watched, resource: &Resource) -> Ask {
    let mut ask = Ask::get(resource.path(&what.namespace), format!("watch {}", resource.plural));
    ask.at = if what.namespace.is_empty() {
        resource.plural.clone()
    } else {
        format!("{} in {}", resource.plural, what.namespace)
    };
    for (key, value) in [("labelSelector", &what.labels), ("fieldSelector", &what.fields)] {
        if !value.is_empty() {
            ask = ask.query(key, value);
        }
    }
    ask
}

/// What there is now, and the version from which a watch goes on.
async fn list(cluster: &Cluster, what: &Watched, resource: &Resource) -> Result<(Vec<Object>, String), Fault> {
    let mut page = cluster.ask(ask_for(what, resource)).await?;
    let at = page
        .get("metadata")
        .and_then(|meta| meta.get("resourceVersion"))
        .and_then(Value::as_str)
        .unwrap_or("0")
        .to_string();
    let items = match page.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    Ok((items.into_iter().map(|item| with_type(item, resource)).collect(), at))
}

async fn begin(cluster: &Cluster, what: &Watched, resource: &Resource, at: &str) -> Result<Lines, Fault> {
    let ask = ask_for(what, resource)
        .query("watch", "true")
        .query("allowWatchBookmarks", "true")
        .query("timeoutSeconds", SECONDS)
        .query("resourceVersion", at);
    Ok(lines(cluster.open(&ask).await?))
}

/// The lines of a streamed answer.
pub(super) fn lines(response: http::Response<kube::client::Body>) -> Lines {
    use futures::TryStreamExt as _;
    use http_body_util::BodyExt as _;
    let bytes = response.into_body().into_data_stream().map_err(std::io::Error::other);
    let read: Box<dyn tokio::io::AsyncRead + Send + Unpin> = Box::new(Box::pin(bytes).into_async_read().compat());
    BufReader::new(read).lines()
}

fn heals(fault: &Fault) -> bool {
    !matches!(
        fault.kind,
        FaultKind::Forbidden
            | FaultKind::Unauthorized
            | FaultKind::Credential
            | FaultKind::UnknownKind
            | FaultKind::Unsupported
    )
}
