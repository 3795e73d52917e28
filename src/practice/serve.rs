//! One request: faults first, then its route, then the answer in the shape that was asked for.

use std::io;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::faults::{Call, Fault, Write};
use super::kinds::{self, Kind};
use super::route::{Query, Route, Target, route};
use super::server::Shared;
use super::status::{Refusal, bad_request, unknown_path, unknown_resource, wrong_method};
use super::{discovery, read, removal, streams, watching, write};

/// What is sent back.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// An answer, or nothing where the connection breaks.
pub(crate) type Answer = io::Result<Response<Body>>;

/// A body that is there at once.
pub(crate) fn whole(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

fn respond(code: u16, content_type: &str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// A JSON answer.
pub(crate) fn json_response(code: u16, value: &Value) -> Response<Body> {
    respond(code, "application/json", value.to_string())
}

/// A text answer.
pub(crate) fn text_response(code: u16, text: impl Into<Bytes>) -> Response<Body> {
    respond(code, "text/plain; charset=utf-8", text)
}

/// A refusal as an answer.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    if refusal.plain {
        text_response(refusal.code, refusal.message.clone())
    } else {
        json_response(refusal.code, &refusal.body())
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the practice cluster drops this connection")
}

/// The answer that a fault gives instead.
fn faulty(code: u16, retry_after: Option<u64>) -> Response<Body> {
    let (reason, message) = match code {
        409 => {
            ("Conflict", "the object has been modified; please apply your changes to the latest version and try again")
        }
        429 => ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "the server was unable to return a response in the time allotted"),
        _ => ("InternalError", "Internal error occurred: a fault of the practice cluster"),
    };
    let details = retry_after.map_or(json!({}), |seconds| json!({"retryAfterSeconds": seconds}));
    let mut response = refused(&Refusal::new(code, reason, message, details));
    if let Some(value) = retry_after.and_then(|seconds| seconds.to_string().parse().ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Serves one request.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let call = Call {
        number: shared.ledger.count(),
        method: request.method().to_string(),
        path: request.uri().path().to_string(),
        query: request.uri().query().unwrap_or("").to_string(),
    };
    let faults = shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let fault = faults.and_then(|faults| faults(&call));
    match &fault {
        Some(Fault::Refuse { code, retry_after }) => return Ok(faulty(*code, *retry_after)),
        Some(Fault::Hang) => return std::future::pending().await,
        Some(Fault::Delay { by }) => tokio::time::sleep(*by).await,
        Some(Fault::DropBefore) => return Err(broken()),
        Some(Fault::Forget) if call.is_watch() => shared.world().store.forget(),
        _ => {}
    }
    let response = match answer(&shared, request, &call, fault.as_ref()).await {
        Ok(response) => response,
        Err(refusal) => refused(&refusal),
    };
    if call.is_write() {
        let code = response.status().as_u16();
        shared.ledger.note(Write { number: call.number, method: call.method.clone(), path: call.path.clone(), code });
    }
    let witness = shared.witness.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(witness) = witness {
        witness(&call);
    }
    // A socket breaks by itself, once the command in it was run.
    let lost = fault == Some(Fault::DropAfter) && response.status() != StatusCode::SWITCHING_PROTOCOLS;
    if lost { Err(broken()) } else { Ok(response) }
}

fn head<'a>(request: &'a Request<Incoming>, name: &header::HeaderName) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

async fn answer(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    call: &Call,
    fault: Option<&Fault>,
) -> Result<Response<Body>, Refusal> {
    let route = route(&call.path);
    let accept = head(&request, &header::ACCEPT).to_string();
    let Route::Object(target) = route else {
        return fixed(shared, &route, &accept);
    };
    let query = Query::parse(&call.query);
    let kind = find(shared, &target)?;
    if kind.namespaced && target.namespace.is_empty() && !target.name.is_empty() {
        return Err(unknown_resource());
    }
    if !target.subresource.is_empty() && !kind.has(&target.subresource) {
        return Err(unknown_resource());
    }
    if matches!(target.subresource.as_str(), "log" | "exec" | "portforward" | "proxy") {
        return streams::answer(shared, request, &target, &query, fault == Some(&Fault::DropAfter)).await;
    }
    let agent = head(&request, &header::USER_AGENT).to_string();
    let content_type = head(&request, &header::CONTENT_TYPE).to_string();
    let method = request.method().clone();
    if method == Method::GET && call.is_watch() {
        let cut = match fault {
            Some(Fault::CutWatch { after }) => Some(*after),
            _ => None,
        };
        return watching::watch(shared, &kind, &target, &query, read::is_partial(&accept), cut);
    }
    let bytes = request.into_body().collect().await.map_err(|error| bad_request(error.to_string()))?.to_bytes();
    let body = parse(&bytes)?;
    let partial = read::is_partial(&accept);
    let (result, version) = {
        let mut world = shared.world();
        let world = &mut *world;
        let result = act(world, &kind, &target, &query, &method, &agent, &content_type, body, partial);
        (result, world.store.version())
    };
    shared.wake(version);
    let (code, value) = result?;
    Ok(json_response(code, &value))
}

fn act(
    world: &mut super::world::World,
    kind: &Kind,
    target: &Target,
    query: &Query,
    method: &Method,
    agent: &str,
    content_type: &str,
    body: Value,
    partial: bool,
) -> Result<(u16, Value), Refusal> {
    let is_one = !target.name.is_empty();
    match method.as_str() {
        "GET" if is_one => Ok((200, read::get(&world.store, kind, target, partial)?)),
        "GET" => Ok((200, read::list(&world.store, kind, target, query, partial)?)),
        "POST" if target.subresource == "eviction" => {
            Ok((201, removal::delete(world, kind, target, query, &json!({}))?))
        }
        "POST" if !is_one => Ok((201, write::create(world, kind, target, query, agent, body)?)),
        "PUT" if is_one => Ok((200, write::update(world, kind, target, query, agent, body)?)),
        "PATCH" if is_one => {
            let (made, object) = write::patch(world, kind, target, query, agent, content_type, body)?;
            let object = if partial { read::shown(&crate::object::Object(object), true) } else { object };
            Ok((if made { 201 } else { 200 }, object))
        }
        "DELETE" if is_one => Ok((200, removal::delete(world, kind, target, query, &body)?)),
        "DELETE" => {
            let selector = read::selector(target, query)?;
            let table = kind.table();
            let fitting = world.store.list(&table, &target.namespace).filter(|object| selector.fits(object));
            let targets: Vec<Target> = fitting
                .map(|object| Target {
                    name: object.name().into(),
                    namespace: object.namespace().into(),
                    ..target.clone()
                })
                .collect();
            for target in targets {
                removal::delete(world, kind, &target, query, &body)?;
            }
            Ok((200, json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
        }
        _ => Err(wrong_method()),
    }
}

/// The kind behind a path; a group that is not served is a path that is not known.
fn find(shared: &Shared, target: &Target) -> Result<Arc<Kind>, Refusal> {
    let world = shared.world();
    kinds::by_path(&world.store, &target.group, &target.version, &target.plural).ok_or_else(|| {
        let known = kinds::all(&world.store).iter().any(|kind| kind.group == target.group);
        if known { unknown_resource() } else { unknown_path() }
    })
}

/// JSON, or the YAML that an apply may send.
fn parse(bytes: &Bytes) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| bad_request(error.to_string()))?;
    serde_yaml::from_str(text).map_err(|error| bad_request(error.to_string()))
}

/// What has no objects: discovery, the version, health.
fn fixed(shared: &Shared, route: &Route, accept: &str) -> Result<Response<Body>, Refusal> {
    let kinds = kinds::all(&shared.world().store);
    let aggregated = |core| {
        let text = discovery::aggregated(&kinds, core).to_string();
        respond(200, discovery::AGGREGATED, text)
    };
    let value = match route {
        Route::Version => discovery::version(),
        Route::Health => return Ok(text_response(200, "ok")),
        Route::Core if discovery::is_aggregated(accept) => return Ok(aggregated(true)),
        Route::Groups if discovery::is_aggregated(accept) => return Ok(aggregated(false)),
        Route::Core => discovery::core_versions(),
        Route::Groups => discovery::group_list(&kinds),
        Route::Group(name) => discovery::group(&kinds, name).ok_or_else(unknown_path)?,
        Route::Resources(group, version) => {
            discovery::resource_list(&kinds, group, version).ok_or_else(unknown_path)?
        }
        Route::Object(_) | Route::Unknown => return Err(unknown_path()),
    };
    Ok(json_response(200, &value))
}
