//! Credential plugins (cluster.md 6): programs that a kubeconfig names, which print a token or a certificate. kube runs them for
//! as long as they like, and several times for one connection; here they are run once, under a timeout, and what they say to
//! their error output is kept for the operator.

use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::client::Body;
use kube::config::{AuthInfo, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::sync::Mutex;
use tower::{BoxError, Service};

use super::kubeconfig::Lender;
use crate::error::{Failure, FailureKind};
use crate::sanitize;
use crate::secret::SecretText;

/// How long a plugin may take that talks to nobody.
const ALONE: Duration = Duration::from_secs(60);
/// How long one may take that talks to a person, who may have to look for a second factor.
const WITH_A_PERSON: Duration = Duration::from_secs(300);
/// Lines of its error output that are shown, the last ones.
const SHOWN: usize = 8;
/// A token is asked for anew so long before it expires.
const EARLY: SignedDuration = SignedDuration::from_secs(10);

/// A plugin of the chosen context.
pub(super) struct Plugin {
    exec: ExecConfig,
    limit: Duration,
    context: String,
    place: String,
    lender: Option<Lender>,
}

/// What a plugin gave.
pub(super) struct Credential {
    token: Option<SecretText>,
    expires: Option<Timestamp>,
    certificate: Option<(String, SecretText)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exchange {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec: Option<Spec>,
    #[serde(default, skip_serializing)]
    status: Option<Status>,
}

#[derive(Serialize, Deserialize)]
struct Spec {
    interactive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<ExecAuthCluster>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Plugin {
    /// Takes the plugin out of a configuration, so that kube does not run it.
    pub(super) fn of(auth: &mut AuthInfo, limit: Option<Duration>, context: &str, server: &str) -> Option<Self> {
        let exec = auth.exec.take()?;
        let usual = if talks(&exec) { WITH_A_PERSON } else { ALONE };
        Some(Self {
            exec,
            limit: limit.unwrap_or(usual),
            context: context.into(),
            place: format!("{server} (context {context})"),
            lender: None,
        })
    }

    /// The same, with the terminal handed to it while it talks.
    pub(super) fn lent_by(self, lender: Option<Lender>) -> Self {
        Self { lender, ..self }
    }

    /// Hands it the terminal, where it talks and a screen may have it.
    async fn loan(&self, name: &str) -> Option<Box<dyn Send>> {
        let lender = self.lender.as_ref().filter(|_| talks(&self.exec))?;
        // Options may hold what is nobody's business.
        let words = self.exec.args.iter().flatten().map(String::as_str).take_while(|word| !word.starts_with('-'));
        let command = std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ");
        let said = format!(
            "\nThe cluster of the context {} wants you to log in. What follows is from its credential plugin:\n  {}\n\
             The screen of slipway comes back when it ends; Ctrl-C ends it.\n",
            sanitize::line(&self.context),
            sanitize::line(&command)
        );
        Some(lender.lend(said).await)
    }

    /// Runs it.
    ///
    /// # Errors
    /// It does not start, does not end in time, fails, or prints no credential.
    pub(super) async fn ask(&self) -> Result<Credential, Failure> {
        let name = self.exec.command.clone().unwrap_or_default();
        let mut command = self.command(&name)?;
        let _loan = self.loan(&name).await;
        let child = command.spawn().map_err(|error| {
            let told = self.failed(format!("the credential plugin {name} cannot be started: {error}"));
            match self.exec.install_hint.as_deref().map(sanitize::line) {
                Some(hint) if !hint.is_empty() => told.hint(hint),
                _ => told.hint(format!("install {name}, or put it on the PATH")),
            }
        })?;
        // What it started in its turn ends with it.
        let group = if talks(&self.exec) { None } else { child.id() };
        let mut said = Said::default();
        let ended = tokio::time::timeout(self.limit, said.until_the_end(child)).await;
        if let Some(group) = group.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
            // One that has ended already is no fault.
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let status = match ended {
            Err(_) => {
                let seconds = self.limit.as_secs();
                let told = self.failed(format!("the credential plugin {name} did not end within {seconds} s"));
                return Err(said.tell(told));
            }
            Ok(Err(error)) => return Err(said.tell(self.failed(format!("the credential plugin {name}: {error}")))),
            Ok(Ok(status)) => status,
        };
        if !status.success() {
            return Err(said.tell(self.failed(format!("the credential plugin {name} failed: {status}"))));
        }
        // Its output holds the credential: no word of it is repeated.
        let nothing = |why: &str| said.tell(self.failed(format!("the credential plugin {name} {why}")));
        let exchange: Exchange =
            serde_yaml::from_slice(&said.output).map_err(|_| nothing("printed something that is no credential"))?;
        let status = exchange.status.ok_or_else(|| nothing("printed no credential"))?;
        let certificate = status.client_certificate_data.zip(status.client_key_data.map(SecretText::new));
        let token = status.token.map(SecretText::new);
        if token.is_none() && certificate.is_none() {
            return Err(nothing("printed neither a token nor a certificate"));
        }
        Ok(Credential { token, expires: status.expiration_timestamp, certificate })
    }

    fn command(&self, name: &str) -> Result<Command, Failure> {
        if name.is_empty() {
            return Err(self.failed("the kubeconfig names a credential plugin without its command".into()));
        }
        let mut command = Command::new(name);
        command.args(self.exec.args.iter().flatten()).stdout(Stdio::piped()).kill_on_drop(true);
        for variable in self.exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        let interactive = talks(&self.exec);
        if interactive {
            // It speaks to the person, who reads it where it is said.
            command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        } else {
            command.stdin(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        }
        let cluster = self.exec.cluster.clone().filter(|_| self.exec.provide_cluster_info);
        let exchange = Exchange {
            api_version: self.exec.api_version.clone(),
            kind: Some("ExecCredential".into()),
            spec: Some(Spec { interactive, cluster }),
            status: None,
        };
        let said = serde_json::to_string(&exchange)
            .map_err(|error| self.failed(format!("what {name} is told cannot be written: {error}")))?;
        command.env("KUBERNETES_EXEC_INFO", said);
        Ok(command)
    }

    fn failed(&self, why: String) -> Failure {
        Failure::new(FailureKind::Cluster, format!("no credential for the cluster {:?}", self.context))
            .place(self.place.clone())
            .why(sanitize::line(&why))
            .hint(format!("log in to the cluster again, as you do for kubectl; kubectl --context {} get namespaces shows what the plugin wants", self.context))
            .hint("or choose another cluster: --context NAME")
    }
}

fn talks(exec: &ExecConfig) -> bool {
    exec.interactive_mode != Some(ExecInteractiveMode::Never)
}

/// What a plugin printed so far.
#[derive(Default)]
struct Said {
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl Said {
    async fn until_the_end(&mut self, mut child: tokio::process::Child) -> std::io::Result<std::process::ExitStatus> {
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (read, told) = tokio::join!(all(output, &mut self.output), all(errors, &mut self.errors));
        read.and(told)?;
        child.wait().await
    }

    /// Adds the end of its error output.
    fn tell(&self, failure: Failure) -> Failure {
        let text = String::from_utf8_lossy(&self.errors);
        let lines: Vec<String> = text.lines().map(sanitize::line).filter(|line| !line.trim().is_empty()).collect();
        lines.into_iter().rev().take(SHOWN).rev().fold(failure, |failure, line| failure.why(format!("it said: {line}")))
    }
}

/// Reads everything; what was read stays where the reading is cut short.
async fn all(from: Option<impl tokio::io::AsyncRead + Unpin>, to: &mut Vec<u8>) -> std::io::Result<()> {
    use tokio::io::AsyncReadExt as _;
    let Some(mut from) = from else { return Ok(()) };
    while from.read_buf(to).await? > 0 {}
    Ok(())
}

impl Credential {
    /// Puts a certificate where kube looks for one.
    pub(super) fn certify(&self, auth: &mut AuthInfo) {
        if let Some((certificate, key)) = &self.certificate {
            auth.client_certificate_data = Some(BASE64.encode(certificate));
            auth.client_key_data = Some(secrecy::SecretString::from(BASE64.encode(key.expose())));
        }
    }

    /// A client that sends the token, and asks the plugin again when it expires or is not accepted any more. A certificate is
    /// asked for once: it outlives a run.
    pub(super) fn carried_by(self, client: Client, plugin: Plugin) -> Client {
        if self.token.is_none() {
            return client;
        }
        let namespace = client.default_namespace().to_string();
        let held = Arc::new(Mutex::new(Held { credential: self, refused: false }));
        Client::new(Carrying { client, plugin: Arc::new(plugin), held }, namespace)
    }
}

struct Held {
    credential: Credential,
    /// The server did not accept it.
    refused: bool,
}

impl Held {
    fn is_good(&self, now: Timestamp) -> bool {
        !self.refused
            && self.credential.expires.is_none_or(|expires| now.saturating_add(EARLY).is_ok_and(|then| then < expires))
    }
}

#[derive(Clone)]
struct Carrying {
    client: Client,
    plugin: Arc<Plugin>,
    held: Arc<Mutex<Held>>,
}

impl Carrying {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        // Who comes while the plugin runs waits for the same answer.
        let mut held = self.held.lock().await;
        if !held.is_good(Timestamp::now()) {
            *held = Held { credential: self.plugin.ask().await?, refused: false };
        }
        let token = held.credential.token.as_ref().map_or("", SecretText::expose);
        let mut header = HeaderValue::try_from(format!("Bearer {token}"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl Service<Request<Body>> for Carrying {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let carrying = self.clone();
        Box::pin(async move {
            request.headers_mut().insert(AUTHORIZATION, carrying.header().await?);
            let answer = carrying.client.send(request).await?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                carrying.held.lock().await.refused = true;
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests;
