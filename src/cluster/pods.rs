//! Into pods: logs, exec, port-forward.

use std::pin::Pin;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::ask::Ask;
use super::connect::{Cluster, Wire};
use super::exec::{ended, while_connected};
use super::fault::{Fault, FaultKind};
use super::stream::lines;
use crate::object::{Object, ObjectId};

/// Which lines of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogAsk {
    /// Namespace of the pod.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Go on as long as the container writes.
    pub follow: bool,
    /// Of the container before the last restart.
    pub previous: bool,
    /// Only the last lines.
    pub tail: Option<u32>,
    /// Only since this many seconds.
    pub since_seconds: Option<u32>,
    /// Only since this time (RFC 3339), which is how a broken stream is taken up again.
    pub since: Option<jiff::Timestamp>,
    /// Each line begins with its time.
    pub timestamps: bool,
}

/// How a command in a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Exit code; 0 is well.
    pub code: i32,
    /// What it wrote.
    pub output: Vec<u8>,
    /// What it complained.
    pub errors: Vec<u8>,
}

/// Where a port-forward leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod that answers.
    pub pod: String,
    /// Its port.
    pub port: u16,
}

impl Cluster {
    /// The lines of a container's log, raw: the caller makes them safe and redacts them. The stream ends when the log
    /// does; a broken connection is its last item.
    ///
    /// # Errors
    /// The log cannot be opened: no such pod, not started, not allowed.
    pub async fn log(&self, ask: &LogAsk) -> Result<BoxStream<'static, Result<String, std::io::Error>>, Fault> {
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", ask.namespace, ask.pod);
        let mut request = Ask::get(path, format!("read the log of {}/{}", ask.pod, ask.container))
            .at(ObjectId::new("", "Pod", &ask.namespace, &ask.pod))
            .query("container", &ask.container);
        for (on, key) in [(ask.follow, "follow"), (ask.previous, "previous"), (ask.timestamps, "timestamps")] {
            if on {
                request = request.query(key, "true");
            }
        }
        if let Some(tail) = ask.tail {
            request = request.query("tailLines", &tail.to_string());
        }
        if let Some(seconds) = ask.since_seconds {
            request = request.query("sinceSeconds", &seconds.to_string());
        }
        if let Some(since) = ask.since {
            request = request.query("sinceTime", &since.to_string());
        }
        request.accept = "*/*";
        let lines = lines(self.open(&request).await?);
        let stream = futures::stream::unfold(Some(lines), |lines| async move {
            let mut lines = lines?;
            match lines.next_line().await {
                Ok(Some(line)) => Some((Ok(line), Some(lines))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(stream.boxed())
    }

    /// Runs a command in a container, gives it `input`, and waits for its end.
    ///
    /// # Errors
    /// It could not be started. A command that ends with another code than 0 is no fault.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[String],
        input: &[u8],
    ) -> Result<Executed, Fault> {
        let asked = self.asked(
            &Ask::get("", format!("run {} in pod {pod}", command.first().map_or("", String::as_str)))
                .at(ObjectId::new("", "Pod", namespace, pod)),
        );
        let mut how = AttachParams::default().stdin(!input.is_empty()).stdout(true).stderr(true);
        if !container.is_empty() {
            how = how.container(container);
        }
        let mut process = self.begun(namespace, pod, command, &how, &asked).await?;
        let status = process.take_status();
        let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // The command may end without reading all of it.
                let _fed = stdin.write_all(input).await;
                let _closed = stdin.shutdown().await;
            }
        };
        let streams = async { Ok::<_, Fault>(tokio::join!(feed, read_all(stdout), read_all(stderr))) };
        let (((), output, errors), status) = while_connected(streams, status, &asked).await?;
        let code = ended(&status, &asked)?;
        Ok(Executed { code, output, errors })
    }

    /// One connection to a port of a pod.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn forward(&self, to: &Forward) -> Result<Box<dyn Wire>, Fault> {
        let asked = self.asked(&Ask::get("", format!("forward a port to pod {}", to.pod)).at(ObjectId::new(
            "",
            "Pod",
            &to.namespace,
            &to.pod,
        )));
        let pods: Api<Pod> = Api::namespaced(self.client().clone(), &to.namespace);
        let opened = tokio::time::timeout(self.patience().deadline, pods.portforward(&to.pod, &[to.port])).await;
        let mut forwarder = opened
            .map_err(|_| Fault::without_answer(FaultKind::TimedOut, &asked, "no answer"))?
            .map_err(|error| Fault::from_kube(error, &asked))?;
        let stream = forwarder.take_stream(to.port);
        let stream =
            stream.ok_or_else(|| Fault::without_answer(FaultKind::Nonsense, &asked, "the port was not opened"))?;
        Ok(Box::new(stream))
    }

    /// The ready pod behind a Service's port, by the port's name or number.
    ///
    /// # Errors
    /// No such Service or port, or no pod of it is ready ([`FaultKind::NotFound`]).
    pub async fn behind_service(&self, namespace: &str, service: &str, port: &str) -> Result<Forward, Fault> {
        let id = ObjectId::new("", "Service", namespace, service);
        let found = self.get(&id).await?;
        let asked = self.asked(&Ask::get("", format!("find a pod behind Service {service}")).at(&id));
        let missing = |why: String| Fault::without_answer(FaultKind::NotFound, &asked, why);
        let text_of = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        let wanted = found.list(&["spec", "ports"]).iter().find(|entry| {
            ["name", "port"].iter().any(|key| entry.get(*key).is_some_and(|value| text_of(value) == port))
        });
        let wanted = wanted.ok_or_else(|| missing(format!("it has no port {port}")))?;
        let target = wanted.get("targetPort").or_else(|| wanted.get("port")).map(text_of).unwrap_or_default();
        let selector = found.at(&["spec", "selector"]).and_then(serde_json::Value::as_object);
        let selector = selector.ok_or_else(|| missing("it selects no pods".into()))?;
        let labels: Vec<String> =
            selector.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or(""))).collect();
        let pods = self.list("", "Pod", namespace, &labels.join(",")).await?;
        let ready =
            pods.objects.iter().find(|pod| is_ready(pod)).ok_or_else(|| missing("no pod of it is ready".into()))?;
        let port = target
            .parse()
            .ok()
            .or_else(|| named_port(ready, &target))
            .ok_or_else(|| missing(format!("its pods have no port {target}")))?;
        Ok(Forward { namespace: namespace.into(), pod: ready.name().into(), port })
    }
}

fn is_ready(pod: &Object) -> bool {
    pod.text(&["metadata", "deletionTimestamp"]).is_empty()
        && pod
            .list(&["status", "conditions"])
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn named_port(pod: &Object, name: &str) -> Option<u16> {
    let containers = pod.list(&["spec", "containers"]).iter();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().cloned().unwrap_or_default());
    let found = ports.find(|port| port["name"] == name)?;
    found["containerPort"].as_u64().and_then(|port| u16::try_from(port).ok())
}

/// The exit code that the end of a command tells; `None` where it could not be run at all.
pub(super) fn exit_code(status: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Status) -> Option<i32> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    if status.reason.as_deref() == Some("NonZeroExitCode") {
        let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
        let exits = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
        let mut codes = exits.filter_map(|cause| cause.message.as_deref()?.parse().ok());
        return Some(codes.next().unwrap_or(1));
    }
    // Some runtimes tell it in words alone.
    status.message.as_deref()?.rsplit_once("exit status ")?.1.trim().parse().ok()
}

async fn read_all(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read before a broken connection is kept; the missing status tells the break.
        let _read = Pin::new(&mut { stream }).read_to_end(&mut bytes).await;
    }
    bytes
}
