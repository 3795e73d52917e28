//! What talks to a pod: its log, a command in it, a port of it, and the proxy of a Service. Every port answers HTTP with
//! 200 and a little JSON; a few commands are known.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::databases::{self, Done};
use super::route::{Query, Target};
use super::serve::{Body, json_response, text_response, whole};
use super::server::Shared;
use super::status::{Refusal, bad_request, not_found, wrong_method};
use super::store::Key;
use crate::object::Object;

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Answers a request to `log`, `exec`, `portforward` or `proxy`.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    target: &Target,
    query: &Query,
    breaks: bool,
) -> Result<Response<Body>, Refusal> {
    if target.subresource == "proxy" {
        return proxy(shared, target);
    }
    let key = Key::new("pods", &target.namespace, &target.name);
    let pod = shared.world().store.get(&key).cloned().ok_or_else(|| not_found("", "pods", &target.name))?;
    if target.subresource == "log" {
        return if request.method() == Method::GET { log(shared, &pod, query) } else { Err(wrong_method()) };
    }
    if pod.text(&["status", "phase"]) != "Running" {
        let message = format!("unable to upgrade connection: pod {} is not running", target.name);
        return Err(Refusal::new(500, "InternalError", message, Value::Null));
    }
    upgrade(shared, request, &pod, target, query, breaks)
}

/// The proxy answers where the Service has a pod that is ready.
fn proxy(shared: &Arc<Shared>, target: &Target) -> Result<Response<Body>, Refusal> {
    // https:name:port
    let parts: Vec<&str> = target.name.split(':').collect();
    let name = if parts.len() == 3 { parts[1] } else { parts[0] };
    let world = shared.world();
    let found = world.store.get(&Key::new(&target.plural, &target.namespace, name));
    found.ok_or_else(|| not_found("", &target.plural, name))?;
    let slice = Key::new("endpointslices.discovery.k8s.io", &target.namespace, &format!("{name}-practice"));
    let ready = world.store.get(&slice).is_some_and(|slice| {
        slice.list(&["endpoints"]).iter().any(|one| one.pointer("/conditions/ready") == Some(&json!(true)))
    });
    if !ready && target.plural == "services" {
        let message = format!("no endpoints available for service {name:?}");
        return Err(Refusal::new(503, "ServiceUnavailable", message, Value::Null));
    }
    Ok(json_response(200, &health()))
}

fn health() -> Value {
    json!({"status": "ok", "practice": true})
}

/// The lines that a container, or its run before the last restart, has written by now, each with its time.
fn lines(pod: &Object, container: &str, previous: bool) -> Result<Vec<(Timestamp, String)>, String> {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let mut statuses = statuses.iter().flat_map(|list| pod.list(&["status", list]));
    let status = statuses.find(|status| status.get("name").and_then(Value::as_str) == Some(container));
    let state = status.and_then(|status| status.get("state"));
    let restarts = status.and_then(|status| status.get("restartCount")?.as_i64()).unwrap_or(0);
    if previous && restarts == 0 {
        return Err(format!("previous terminated container {container:?} in pod {:?} not found", pod.name()));
    }
    let waiting = state.is_none_or(|state| state.get("waiting").is_some());
    if waiting && restarts == 0 {
        let reason = state.and_then(|state| state.pointer("/waiting/reason")?.as_str()).unwrap_or("ContainerCreating");
        return Err(format!("container {container:?} in pod {:?} is waiting to start: {reason}", pod.name()));
    }
    // While it waits to be started again, its log is that of the run before.
    let run = if previous || waiting { status.and_then(|status| status.get("lastState")) } else { state };
    let time = |path: &str| run.and_then(|run| run.pointer(path)?.as_str()?.parse::<Timestamp>().ok());
    let began = time("/running/startedAt").or(time("/terminated/startedAt"));
    let began = began.or(pod.text(&["status", "startTime"]).parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let end = match run.and_then(|run| run.pointer("/terminated/exitCode")?.as_i64()) {
        Some(0) => Some(format!("{container}: done")),
        Some(_) => Some("fatal: the practice cluster's scenario ends this container with exit code 1".to_string()),
        None => {
            let ready = status.and_then(|status| status.get("ready")?.as_bool()) == Some(true);
            ready.then(|| format!("{container}: ready to serve"))
        }
    };
    let mut all = vec![(began, format!("{container}: starting"))];
    all.extend(end.map(|end| (time("/terminated/finishedAt").unwrap_or(began), end)));
    Ok(all)
}

fn log(shared: &Arc<Shared>, pod: &Object, query: &Query) -> Result<Response<Body>, Refusal> {
    let containers: Vec<&str> =
        pod.list(&["spec", "containers"]).iter().filter_map(|one| one.get("name")?.as_str()).collect();
    let asked = query.text("container");
    let container = match (asked, containers.as_slice()) {
        ("", [one]) => one,
        ("", several) => {
            let message =
                format!("a container name must be specified for pod {}, choose one of: {several:?}", pod.name());
            return Err(bad_request(message));
        }
        (asked, _) => asked,
    };
    let mut all = lines(pod, container, query.is_on("previous")).map_err(bad_request)?;
    if let Ok(since) = query.text("sinceTime").parse::<Timestamp>() {
        all.retain(|(time, _)| *time >= since);
    }
    let tail = query.number("tailLines").map_or(usize::MAX, |tail| usize::try_from(tail).unwrap_or(usize::MAX));
    let stamped = query.is_on("timestamps");
    let shown = |(time, line): &(Timestamp, String)| {
        if stamped { format!("{time:.9} {line}\n") } else { format!("{line}\n") }
    };
    let text: String = all[all.len().saturating_sub(tail)..].iter().map(shown).collect();
    if !query.is_on("follow") {
        return Ok(text_response(200, text));
    }
    // The stream stays open until the pod is gone or has ended, as the real one does.
    let (key, uid) = (Key::new("pods", pod.namespace(), pod.name()), pod.uid().to_string());
    let follow = (shared.clone(), shared.changed.subscribe(), Some(text));
    let frames = futures::stream::unfold(follow, move |(shared, mut changed, text)| {
        let (key, uid) = (key.clone(), uid.clone());
        async move {
            if let Some(text) = text {
                return Some((Ok::<_, io::Error>(Frame::data(Bytes::from(text))), (shared, changed, None)));
            }
            loop {
                let runs = shared
                    .world()
                    .store
                    .get(&key)
                    .is_some_and(|pod| pod.uid() == uid && pod.text(&["status", "phase"]) == "Running");
                if !runs || changed.changed().await.is_err() {
                    return None;
                }
            }
        }
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

/// Answers with a socket; one that `breaks` is lost once the command was run, before that is told.
fn upgrade(
    shared: &Arc<Shared>,
    mut request: Request<Incoming>,
    pod: &Arc<Object>,
    target: &Target,
    query: &Query,
    breaks: bool,
) -> Result<Response<Body>, Refusal> {
    let (shared, pod) = (shared.clone(), pod.clone());
    let head = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or("");
    let key = head(header::SEC_WEBSOCKET_KEY).to_string();
    let offered = head(header::SEC_WEBSOCKET_PROTOCOL).to_string();
    if key.is_empty() {
        return Err(bad_request("Upgrade request required"));
    }
    let offered: Vec<&str> = offered.split(',').map(str::trim).collect();
    let known = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
    let protocol = known.into_iter().find(|known| offered.contains(known));
    let upgrading = hyper::upgrade::on(&mut request);
    let is_exec = target.subresource == "exec";
    let command = query.all("command").to_vec();
    let ports: Vec<u16> = query
        .all("ports")
        .iter()
        .flat_map(|ports| ports.split(','))
        .filter_map(|port| port.trim().parse().ok())
        .collect();
    tokio::spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let ended =
            if is_exec { exec(&shared, socket, &pod, &command, breaks).await } else { forward(socket, &ports).await };
        if let Err(error) = ended {
            tracing::debug!(%error, "a stream to a pod of the practice cluster ended");
        }
    });
    let mut response = Response::new(whole(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(value) = derive_accept_key(key.as_bytes()).parse() {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, value);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    Ok(response)
}

type Ended = Result<(), tokio_tungstenite::tungstenite::Error>;

fn on(channel: u8, bytes: &[u8]) -> Message {
    let mut message = vec![channel];
    message.extend_from_slice(bytes);
    Message::Binary(message.into())
}

/// What becomes of a command.
fn run(command: &[String]) -> Done {
    let line = command.join(" ");
    let prints = |text: &str| Done::said(text);
    if line.contains("pg_isready") {
        return prints("/var/run/postgresql:5432 - accepting connections\n");
    }
    if line.contains("psql") {
        return prints("1\n");
    }
    if line.contains("redis-cli") || line.contains("valkey-cli") {
        return prints("PONG\n");
    }
    match command.first().map_or("", String::as_str) {
        "echo" => prints(&format!("{}\n", command[1..].join(" "))),
        "true" => prints(""),
        "false" => Done { code: 1, ..Done::said("") },
        name => Done { output: Vec::new(), errors: format!("sh: {name}: not found\n"), code: 127 },
    }
}

async fn exec(shared: &Shared, mut socket: Socket, pod: &Object, command: &[String], breaks: bool) -> Ended {
    let (wanted, mut input) = (databases::reads(command), Vec::new());
    while input.len() < wanted {
        match socket.next().await.transpose()? {
            Some(Message::Binary(bytes)) if bytes.first() == Some(&0) => input.extend_from_slice(&bytes[1..]),
            Some(Message::Close(_)) | None => return Ok(()),
            Some(_) => {}
        }
    }
    let done = {
        let mut world = shared.world();
        databases::run(&mut world, pod, command, &input)
    };
    let Done { output, errors, code } = done.unwrap_or_else(|| run(command));
    if breaks {
        return Ok(());
    }
    for (channel, bytes) in [(1, output), (2, errors.into_bytes())] {
        if !bytes.is_empty() {
            socket.send(on(channel, &bytes)).await?;
        }
    }
    let status = if code == 0 {
        json!({"metadata": {}, "status": "Success"})
    } else {
        json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        })
    };
    socket.send(on(3, status.to_string().as_bytes())).await?;
    socket.close(None).await?;
    // The other side's close ends it in order.
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

async fn forward(mut socket: Socket, ports: &[u16]) -> Ended {
    for (i, port) in ports.iter().enumerate() {
        for channel in [2 * i, 2 * i + 1] {
            let channel = u8::try_from(channel).unwrap_or(u8::MAX);
            socket.send(on(channel, &port.to_le_bytes())).await?;
        }
    }
    let mut heard: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    while let Some(message) = socket.next().await {
        let Message::Binary(bytes) = message? else { continue };
        let Some((channel, data)) = bytes.split_first() else { continue };
        let request = heard.entry(*channel).or_default();
        request.extend_from_slice(data);
        // One request a time and no bodies: what health checks send.
        while let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            request.drain(..end + 4);
            let body = health().to_string();
            let closes = head.contains("connection: close");
            let connection = if closes { "close" } else { "keep-alive" };
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: {connection}\r\n\r\n{body}",
                body.len()
            );
            socket.send(on(*channel, answer.as_bytes())).await?;
            if closes && ports.len() == 1 {
                // The one port is closed, so the client may stop reading.
                return socket.close(None).await;
            }
        }
    }
    Ok(())
}
