//! Watching on a cluster: its watches and logs as a [`Source`], its port-forward and exec as an [`Asker`].

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;

use super::follow::Handle;
use super::health::{Answer, Asker, NoAnswer};
use super::source::{LogOf, Seen, Source, Watched};
use crate::cluster::{self, Cluster, Fault, FaultKind, LogAsk};

impl Source for Cluster {
    fn watch(&self, what: &Watched) -> BoxStream<'static, Seen> {
        let asked = cluster::Watched {
            group: what.group.clone(),
            kind: what.kind.clone(),
            namespace: what.namespace.clone().unwrap_or_default(),
            labels: what.labels.clone(),
            fields: what.fields.clone(),
        };
        let again = Again { cluster: self.clone(), asked, open: None, wait: FIRST_WAIT, over: false };
        stream::unfold(again, |mut again| async move { Some((again.next().await?, again)) }).boxed()
    }

    fn log(&self, what: &LogOf) -> BoxStream<'static, Result<String, String>> {
        let ask = LogAsk {
            namespace: what.namespace.clone(),
            pod: what.pod.clone(),
            container: what.container.clone(),
            follow: what.follow,
            previous: what.previous,
            tail: what.tail,
            since_seconds: None,
            since: what.since,
            timestamps: true,
        };
        let cluster = self.clone();
        let opened = async move {
            match cluster.log(&ask).await {
                Ok(lines) => lines.map(|line| line.map_err(|error| error.to_string())).boxed(),
                Err(fault) => stream::iter([Err(fault.message)]).boxed(),
            }
        };
        stream::once(opened).flatten().boxed()
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A watch that is begun again where the cluster's own ends: of a kind whose definition this run is about to make.
struct Again {
    cluster: Cluster,
    asked: cluster::Watched,
    open: Option<BoxStream<'static, cluster::Seen>>,
    wait: Duration,
    over: bool,
}

impl Again {
    async fn next(&mut self) -> Option<Seen> {
        if self.over {
            return None;
        }
        loop {
            let open = self.open.get_or_insert_with(|| self.cluster.watch(self.asked.clone()));
            let Some(seen) = open.next().await else {
                self.open = None;
                tokio::time::sleep(self.wait).await;
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                continue;
            };
            return Some(match seen {
                cluster::Seen::All(objects) => Seen::Listed(objects),
                cluster::Seen::Changed(object) => Seen::Put(object),
                cluster::Seen::Gone(object) => Seen::Gone(object),
                cluster::Seen::Broken(fault) if is_final(&fault) => {
                    self.over = true;
                    Seen::Refused(*fault.failure)
                }
                cluster::Seen::Broken(fault) => Seen::Broken(fault.message),
            });
        }
    }
}

/// Whether trying again changes nothing. A kind that is not known may come with this run.
fn is_final(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Forbidden | FaultKind::Unauthorized | FaultKind::Credential | FaultKind::Unsupported
    )
}

/// Asks a release's product through the cluster.
pub struct Door<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Namespace of the release.
    pub namespace: &'a str,
    /// Knows the pods.
    pub handle: &'a Handle,
}

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most of an answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

impl Asker for Door<'_> {
    async fn get(&self, service: &str, port: &str, path: &str) -> Result<Answer, NoAnswer> {
        let asked = async {
            match self.forwarded(service, port, path).await {
                Err(NoAnswer::Forbidden(why)) => self.proxied(service, port, path, why).await,
                answer => answer,
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::Unanswered(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    async fn exec(&self, group: &str, command: &[String]) -> Result<Answer, NoAnswer> {
        let Some(pod) = self.handle.ready_pod_of(group) else {
            return Err(NoAnswer::Unanswered(format!("no pod of {group} is ready")));
        };
        let ended = tokio::time::timeout(PATIENCE, self.cluster.exec(self.namespace, &pod, "", command, b"")).await;
        let ended = ended
            .map_err(|_| NoAnswer::Unanswered(format!("no end within {} s", PATIENCE.as_secs())))?
            .map_err(no_answer)?;
        let text = if ended.output.is_empty() { ended.errors } else { ended.output };
        Ok(Answer { code: ended.code, text: String::from_utf8_lossy(&text).into_owned() })
    }
}

impl Door<'_> {
    /// The second way, where the first is forbidden; `why` it is.
    async fn proxied(&self, service: &str, port: &str, path: &str, why: String) -> Result<Answer, NoAnswer> {
        match self.cluster.through_proxy(self.namespace, service, port, path).await {
            Ok((code, body)) => Ok(Answer { code: code.into(), text: String::from_utf8_lossy(&body).into_owned() }),
            Err(fault) => match no_answer(fault) {
                NoAnswer::Forbidden(too) => Err(NoAnswer::Forbidden(format!("{why}; {too}"))),
                unanswered => Err(unanswered),
            },
        }
    }

    async fn forwarded(&self, service: &str, port: &str, path: &str) -> Result<Answer, NoAnswer> {
        let to = self.cluster.behind_service(self.namespace, service, port).await.map_err(no_answer)?;
        let wire = self.cluster.forward(&to).await.map_err(no_answer)?;
        let lost = |error: hyper::Error| NoAnswer::Unanswered(error.to_string());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.map_err(lost)?;
        // The connection ends with this question; what it ends with is told by the answer.
        let connection = tokio::spawn(async move {
            let _ended = connection.await;
        });
        let request = http::Request::get(path)
            .header("host", format!("{service}.{}", self.namespace))
            .header("user-agent", "slipway")
            .header("connection", "close")
            .body(Empty::<bytes::Bytes>::new())
            .map_err(|error| NoAnswer::Unanswered(error.to_string()))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(lost)?;
            let code = i32::from(response.status().as_u16());
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await.map(|body| body.to_bytes());
            Ok(Answer { code, text: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned() })
        };
        let answer = answer.await;
        connection.abort();
        answer
    }
}

fn no_answer(fault: Fault) -> NoAnswer {
    match fault.kind {
        FaultKind::Forbidden | FaultKind::Unauthorized => NoAnswer::Forbidden(fault.message),
        _ => NoAnswer::Unanswered(fault.message),
    }
}
