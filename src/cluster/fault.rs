//! What a request failed with: the kind, for the code that asked, and the [`Failure`] for the operator.

use std::error::Error as _;

use kube::client::UpgradeConnectionError;
use serde_json::Value;

use crate::error::{Failure, FailureKind};
use crate::sanitize;

/// A field that another manager owns with another value (a 409 of server-side apply).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// Path of the field as the server writes it, without the leading dot: `spec.replicas`.
    pub field: String,
    /// Who owns it: `kubectl-edit`.
    pub manager: String,
    /// The server's words.
    pub message: String,
}

/// The kinds of fault that callers tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 401: the server does not know who we are.
    Unauthorized,
    /// 403 of the authoriser: we may not.
    Forbidden,
    /// 403 of admission: PodSecurity, quota, a policy.
    Denied,
    /// 404 of an object. Only this means absent (cluster.md 3).
    NotFound,
    /// The server does not know the kind, or not yet.
    UnknownKind,
    /// 409: it is there already.
    AlreadyExists,
    /// 409: it was changed since it was read, or a precondition does not hold.
    Changed,
    /// 409 of server-side apply: others own these fields.
    Conflicts(Vec<FieldConflict>),
    /// 410: a resource version or continue token is too old.
    Expired,
    /// 400, 413, 422: the object is not accepted.
    Invalid,
    /// 405, 415 and the like, or "does not support dry run".
    Unsupported,
    /// 429.
    TooMany,
    /// 5xx.
    Server,
    /// A webhook that must be asked does not answer.
    WebhookDown,
    /// No connection, or it was lost.
    Unreachable,
    /// The certificate or the handshake is wrong.
    Tls,
    /// The deadline passed without an answer.
    TimedOut,
    /// No credential could be had.
    Credential,
    /// The answer is not what Kubernetes answers.
    Nonsense,
    /// It was not sent: the release's lock is lost.
    HeldBack,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// The HTTP status, 0 when there was no answer.
    pub code: u16,
    /// The server's message, or the deepest cause; sanitised.
    pub message: String,
    /// After how many seconds the server wants to be asked again, where it said so.
    pub retry_after: Option<u64>,
    /// What an operator is told.
    pub failure: Box<Failure>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        *fault.failure
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.failure.what, self.message)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// Whether the object is absent. Nothing else than a 404 of the object says so.
    pub fn is_absent(&self) -> bool {
        self.kind == FaultKind::NotFound
    }

    /// A request that was not sent.
    pub(super) fn held_back(why: Failure) -> Self {
        let message = why.what.clone();
        Self { kind: FaultKind::HeldBack, code: 0, message, retry_after: None, failure: Box::new(why) }
    }

    /// A fault without an answer of the server.
    pub(super) fn without_answer(kind: FaultKind, asked: &Asked, message: impl Into<String>) -> Self {
        Self::build(kind, 0, message.into(), None, Vec::new(), asked)
    }

    /// The fault an HTTP answer other than 2xx means. `retry_after` is the header of that name.
    pub(super) fn from_answer(code: u16, body: &[u8], retry_after: Option<u64>, asked: &Asked) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |key: &str| status.get(key).and_then(Value::as_str).unwrap_or("");
        let message = match text("message") {
            "" => String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned(),
            message => message.to_string(),
        };
        let details = status.get("details").cloned().unwrap_or(Value::Null);
        let causes = details.get("causes").and_then(Value::as_array).cloned().unwrap_or_default();
        let retry_after = retry_after.or_else(|| details.get("retryAfterSeconds").and_then(Value::as_u64));
        let kind = kind_of(code, text("reason"), &message, &details, &causes);
        Self::build(kind, code, message, retry_after, causes, asked)
    }

    /// The fault behind an error of kube.
    pub(super) fn from_kube(error: kube::Error, asked: &Asked) -> Self {
        match error {
            kube::Error::Api(status) => {
                let body = serde_json::to_vec(&*status).unwrap_or_default();
                Self::from_answer(status.code, &body, None, asked)
            }
            kube::Error::Service(cause) => match cause.downcast::<Failure>() {
                // A credential plugin says itself what is wrong.
                Ok(failure) => {
                    let message = failure.why.first().cloned().unwrap_or_default();
                    Self { kind: FaultKind::Credential, code: 0, message, retry_after: None, failure }
                }
                Err(cause) => Self::unanswered(&kube::Error::Service(cause), asked),
            },
            // A socket that the server does not want is an answer as any other.
            kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)) => {
                Self::from_answer(code.as_u16(), code.canonical_reason().unwrap_or("").as_bytes(), None, asked)
            }
            error => Self::unanswered(&error, asked),
        }
    }

    fn unanswered(error: &kube::Error, asked: &Asked) -> Self {
        let chain = chain(error);
        let kind = match error {
            kube::Error::Auth(_) => FaultKind::Credential,
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => FaultKind::Nonsense,
            _ if chain.iter().any(|text| says_tls(text)) => FaultKind::Tls,
            _ if chain.iter().any(|text| says_credential(text)) => FaultKind::Credential,
            _ => FaultKind::Unreachable,
        };
        let deepest = chain.last().cloned().unwrap_or_default();
        let mut fault = Self::build(kind, 0, deepest, None, Vec::new(), asked);
        fault.failure.why = chain;
        fault
    }

    fn build(
        kind: FaultKind,
        code: u16,
        message: String,
        retry_after: Option<u64>,
        causes: Vec<Value>,
        asked: &Asked,
    ) -> Self {
        let message = sanitize::text(&message);
        let failure_kind = match kind {
            FaultKind::Conflicts(_) | FaultKind::AlreadyExists | FaultKind::Changed => FailureKind::Refused,
            FaultKind::Invalid | FaultKind::Unsupported | FaultKind::Denied => FailureKind::Deployment,
            FaultKind::TimedOut => FailureKind::TimedOut,
            _ => FailureKind::Cluster,
        };
        let what = match kind {
            FaultKind::Unreachable | FaultKind::Tls => format!("cannot reach the cluster {:?}", asked.context),
            FaultKind::Unauthorized => format!("the cluster {:?} does not accept the credential", asked.context),
            FaultKind::Credential => format!("no credential for the cluster {:?}", asked.context),
            _ => format!("cannot {}", asked.what),
        };
        let mut failure = Failure::new(failure_kind, what).place(asked.place());
        if !message.is_empty() {
            failure = failure.why(message.clone());
        }
        for cause in &causes {
            let cause_text = |key: &str| sanitize::line(cause.get(key).and_then(Value::as_str).unwrap_or(""));
            let (field, said) = (cause_text("field"), cause_text("message"));
            // The message of a 422 with one cause repeats it.
            if !said.is_empty() && !message.contains(&said) {
                failure = failure.why(if field.is_empty() { said } else { format!("{field}: {said}") });
            }
        }
        for hint in hints(&kind, &message, asked) {
            failure = failure.hint(hint);
        }
        Self { kind, code, message, retry_after, failure: Box::new(failure) }
    }
}

/// What was asked, for the texts of a fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// `apply Deployment inngest`.
    pub(super) what: String,
    /// Id of the object, or the path.
    pub(super) at: String,
    /// URL of the server.
    pub(super) server: String,
    /// Name of the context.
    pub(super) context: String,
}

impl Asked {
    fn place(&self) -> String {
        match (self.at.is_empty(), self.context.is_empty()) {
            (true, true) => self.server.clone(),
            (true, false) => format!("{} (context {})", self.server, self.context),
            (false, _) => format!("{} at {}", self.at, self.server),
        }
    }
}

fn kind_of(code: u16, reason: &str, message: &str, details: &Value, causes: &[Value]) -> FaultKind {
    let webhook = ["failed calling webhook", "conversion webhook for", "failed to call webhook"]
        .iter()
        .any(|words| message.contains(words));
    match code {
        401 => FaultKind::Unauthorized,
        // The authoriser names the user, the verb and the resource; everything else that answers 403 is admission.
        403 if message.contains(" cannot ") && message.contains(" resource ")
            || message.contains("cannot impersonate") =>
        {
            FaultKind::Forbidden
        }
        403 => FaultKind::Denied,
        // An object's 404 names it; the path of an unknown kind has no details but the generic words.
        404 if message.contains("could not find the requested resource") || message == "404 page not found\n" => {
            FaultKind::UnknownKind
        }
        404 if message.contains("namespaces ") || details.get("name").is_some() || reason == "NotFound" => {
            FaultKind::NotFound
        }
        404 => FaultKind::UnknownKind,
        405 | 406 | 415 => FaultKind::Unsupported,
        409 if reason == "AlreadyExists" => FaultKind::AlreadyExists,
        409 => {
            let conflicts: Vec<FieldConflict> = causes.iter().filter_map(field_conflict).collect();
            if conflicts.is_empty() { FaultKind::Changed } else { FaultKind::Conflicts(conflicts) }
        }
        410 => FaultKind::Expired,
        _ if webhook => FaultKind::WebhookDown,
        429 => FaultKind::TooMany,
        400 if message.contains("does not support dry run") => FaultKind::Unsupported,
        400 | 413 | 422 => FaultKind::Invalid,
        504 if reason == "Timeout" => FaultKind::TimedOut,
        500.. => FaultKind::Server,
        _ => FaultKind::Invalid,
    }
}

/// A cause such as `{"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1",
/// "field": ".spec.replicas"}` (facts: installers 6.1).
fn field_conflict(cause: &Value) -> Option<FieldConflict> {
    let text = |key: &str| cause.get(key).and_then(Value::as_str).unwrap_or("");
    if text("reason") != "FieldManagerConflict" {
        return None;
    }
    let message = sanitize::line(text("message"));
    let manager = message.split('"').nth(1).unwrap_or("").to_string();
    Some(FieldConflict { field: sanitize::line(text("field")).trim_start_matches('.').to_string(), manager, message })
}

fn says_tls(text: &str) -> bool {
    ["certificate", "tls handshake", "invalid peer", "UnknownIssuer", "CertificateExpired", "received fatal alert"]
        .iter()
        .any(|words| text.contains(words))
}

fn says_credential(text: &str) -> bool {
    ["auth exec", "exec-plugin", "exec auth", "token file", "auth error"].iter().any(|words| text.contains(words))
}

fn hints(kind: &FaultKind, message: &str, asked: &Asked) -> Vec<String> {
    let line = |text: &str| vec![text.to_string()];
    match kind {
        FaultKind::Unauthorized | FaultKind::Credential => vec![
            "the credential is missing, wrong or expired: log in to the cluster again, as you do for kubectl".into(),
            "or choose another cluster: --context NAME".into(),
        ],
        FaultKind::Forbidden => {
            let mut hints = vec!["slipway rbac prints the least Role that is needed".to_string()];
            if !message.is_empty() {
                hints.push("or use another identity: --as USER, --context NAME".into());
            }
            hints
        }
        FaultKind::Denied => {
            line("an admission rule of the cluster refuses it: read its message above, or ask who runs the cluster")
        }
        FaultKind::UnknownKind => {
            line("the cluster does not know this kind: install what brings it, or switch the feature off")
        }
        FaultKind::Conflicts(conflicts) => conflicts
            .iter()
            .flat_map(|conflict| {
                [
                    format!("--leave-field {} leaves it to {}", conflict.field, conflict.manager),
                    format!("--take-field {} takes it over", conflict.field),
                ]
            })
            .collect(),
        FaultKind::Unreachable if message.contains("refused") => vec![
            format!("nothing listens at {}: is the cluster running?", asked.server),
            "or choose another cluster: --context NAME".into(),
        ],
        FaultKind::Unreachable | FaultKind::TimedOut => vec![
            format!("check the network, VPN and proxy on the way to {}", asked.server),
            "then run the same command again: it goes on from here".into(),
        ],
        FaultKind::Tls => {
            vec!["the server's certificate is not the one the kubeconfig expects: fetch the kubeconfig again".into()]
        }
        FaultKind::WebhookDown => line(
            "a webhook of the cluster does not answer: look at the pods behind it, then run the same command again",
        ),
        FaultKind::TooMany | FaultKind::Server => {
            line("the cluster is not well or overloaded: run the same command again, it goes on from here")
        }
        FaultKind::Changed => line("somebody changed it at the same time: run the same command again"),
        _ => Vec::new(),
    }
}

/// An error and its causes as texts, the nearest first, without those that repeat the one before.
fn chain(error: &kube::Error) -> Vec<String> {
    let mut texts = vec![sanitize::line(&error.to_string())];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = sanitize::line(&cause.to_string());
        // kube and hyper write their cause into their own text: keep just what each adds.
        if let Some(last) = texts.last_mut()
            && last.ends_with(&text)
        {
            let shorter = last[..last.len() - text.len()].trim_end_matches([':', ' ']).to_string();
            if shorter.is_empty() || shorter.ends_with("Error") || shorter.ends_with("error") {
                texts.pop();
            } else {
                *last = shorter;
            }
        }
        if !text.is_empty() {
            texts.push(text);
        }
        next = cause.source();
    }
    texts
}
