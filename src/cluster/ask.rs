//! One request: its path, its deadline, and how often it is tried again.

use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use rand::RngExt as _;
use serde_json::Value;

use super::connect::Cluster;
use super::fault::{Asked, Fault, FaultKind};
use crate::event::EventKind;

/// How often and how long a request is tried again (cluster.md 4 "Retried and shown").
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts in all, 1 for no retry.
    pub attempts: u32,
    /// Wait before the second attempt; it doubles.
    pub first: Duration,
    /// Longest wait, the server's Retry-After included.
    pub longest: Duration,
    /// Deadline of each attempt.
    pub deadline: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Duration::from_millis(150),
            longest: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
        }
    }
}

impl Patience {
    /// One attempt: for the first contact, where a wrong address should be told at once.
    pub fn once(deadline: Duration) -> Self {
        Self { attempts: 1, deadline, ..Self::default() }
    }
}

/// A request in the making.
pub(super) struct Ask {
    pub(super) method: Method,
    /// Path with its query.
    pub(super) path: String,
    /// Content type and body.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) accept: &'static str,
    /// `apply Deployment inngest`.
    pub(super) what: String,
    /// Id of the object it is about.
    pub(super) at: String,
    /// A 409 that says "somebody changed it" is tried again: right for server-side apply, which has no precondition;
    /// wrong where the caller read a resource version.
    pub(super) changed_again: bool,
    /// A kind that is not known yet is tried again: right after its CRD was made.
    pub(super) unknown_again: bool,
}

impl Ask {
    pub(super) fn new(method: Method, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            accept: "application/json",
            what: what.into(),
            at: String::new(),
            changed_again: false,
            unknown_again: false,
        }
    }

    pub(super) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Method::GET, path, what)
    }

    pub(super) fn at(mut self, at: impl std::fmt::Display) -> Self {
        self.at = at.to_string();
        self
    }

    pub(super) fn json(mut self, content_type: &'static str, value: &Value) -> Self {
        // A Value always serializes.
        self.body = Some((content_type, serde_json::to_vec(value).unwrap_or_default()));
        self
    }

    /// Whether it changes something: questions and dry runs do not.
    fn writes(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or("");
        self.method != Method::GET && !path.ends_with("reviews") && !self.path.contains("dryRun=All")
    }

    fn is_of_a_lock(&self) -> bool {
        self.path.contains("/leases")
    }

    /// Adds one parameter to the query.
    pub(super) fn query(mut self, key: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(key);
        self.path.push('=');
        self.path.push_str(&encode(value));
        self
    }
}

/// Percent-encodes a value for a query.
pub(super) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl Cluster {
    pub(super) fn asked(&self, ask: &Ask) -> Asked {
        Asked {
            what: ask.what.clone(),
            at: ask.at.clone(),
            server: self.server().to_string(),
            context: self.context().to_string(),
        }
    }

    /// Asks, and reads the whole answer as JSON.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Value, Fault> {
        let bytes = self.ask_bytes(&ask).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let asked = self.asked(&ask);
            Fault::without_answer(FaultKind::Nonsense, &asked, format!("the answer is not JSON: {error}"))
        })
    }

    /// Asks, and reads the whole answer.
    pub(super) async fn ask_bytes(&self, ask: &Ask) -> Result<bytes::Bytes, Fault> {
        let mut attempt = 1;
        loop {
            let fault = match self.attempt(ask).await {
                Ok(bytes) => return Ok(bytes),
                Err(fault) => fault,
            };
            let patience = self.patience();
            if attempt >= patience.attempts || !is_transient(&fault, ask) {
                return Err(fault);
            }
            if fault.kind == FaultKind::UnknownKind {
                self.forget_kinds();
            }
            self.wait(ask, &fault, attempt).await;
            attempt += 1;
        }
    }

    /// Asks, and hands over the answer as it streams; only its beginning has a deadline.
    pub(super) async fn open(&self, ask: &Ask) -> Result<Response<Body>, Fault> {
        let asked = self.asked(ask);
        let answer = tokio::time::timeout(self.patience().deadline, self.send(ask)).await;
        let response = answer.map_err(|_| timed_out(&asked, self.patience().deadline))??;
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Err(Fault::from_answer(code, &body, None, &asked))
    }

    async fn attempt(&self, ask: &Ask) -> Result<bytes::Bytes, Fault> {
        let deadline = self.patience().deadline;
        let asked = self.asked(ask);
        // A lock that waits behind others while the server is slow would be lost.
        let _turn = if ask.is_of_a_lock() { None } else { self.turn().await };
        // Right before it is sent: the lock may have gone meanwhile.
        if ask.writes() {
            self.may_send().map_err(Fault::held_back)?;
        }
        let whole = async {
            let response = self.send(ask).await?;
            let (parts, body) = response.into_parts();
            let body =
                body.collect().await.map_err(|error| Fault::from_kube(kube::Error::Service(error.into()), &asked))?;
            Ok((parts, body.to_bytes()))
        };
        let (parts, body) = tokio::time::timeout(deadline, whole).await.map_err(|_| timed_out(&asked, deadline))??;
        if parts.status.is_success() {
            return Ok(body);
        }
        let header = parts.headers.get(http::header::RETRY_AFTER);
        let retry_after = header.and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Fault::from_answer(parts.status.as_u16(), &body, retry_after, &asked))
    }

    async fn send(&self, ask: &Ask) -> Result<Response<Body>, Fault> {
        let mut request = Request::builder().method(ask.method.clone()).uri(&ask.path).header("accept", ask.accept);
        let body = match &ask.body {
            None => Vec::new(),
            Some((content_type, body)) => {
                request = request.header("content-type", *content_type);
                body.clone()
            }
        };
        let asked = || self.asked(ask);
        let request = request
            .body(Body::from(body))
            .map_err(|error| Fault::from_kube(kube::Error::HttpError(error), &asked()))?;
        self.client().send(request).await.map_err(|error| Fault::from_kube(error, &asked()))
    }

    pub(super) async fn wait(&self, ask: &Ask, fault: &Fault, attempt: u32) {
        let patience = self.patience();
        let doubled = patience.first.saturating_mul(1 << (attempt - 1).min(16));
        // Clients that fail together must not come back together.
        let spread = doubled.mul_f64(rand::rng().random_range(0.75..1.25));
        let wait = fault.retry_after.map_or(spread, Duration::from_secs).min(patience.longest);
        let why = match fault.code {
            0 => fault.message.clone(),
            code => format!("{code} {}", fault.message),
        };
        self.tell(EventKind::RequestRetried {
            what: ask.what.clone(),
            why,
            attempt,
            wait: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        tokio::time::sleep(wait).await;
    }
}

pub(super) fn timed_out(asked: &Asked, deadline: Duration) -> Fault {
    Fault::without_answer(FaultKind::TimedOut, asked, format!("no answer within {} s", deadline.as_secs_f32()))
}

/// Whether it may work a moment later. Never 403, 422 or a conflict: those need a decision.
fn is_transient(fault: &Fault, ask: &Ask) -> bool {
    match fault.kind {
        FaultKind::TooMany
        | FaultKind::Server
        | FaultKind::WebhookDown
        | FaultKind::Unreachable
        | FaultKind::TimedOut => true,
        // A quota that several writers count at once is a 409 of the quota, not of the object.
        FaultKind::Changed => ask.changed_again || fault.message.contains("resourcequotas"),
        FaultKind::UnknownKind => ask.unknown_again,
        _ => false,
    }
}
