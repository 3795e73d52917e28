//! Plain requests with plain answers.

use kube::Client;
use serde_json::Value;

/// Fine, or what was not as expected.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// An answer: its code and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    /// The entry of a manager in managedFields.
    pub(crate) fn owned_by(&self, manager: &str) -> Value {
        let entries = self.body.pointer("/metadata/managedFields").and_then(Value::as_array);
        let mut entries = entries.into_iter().flatten();
        entries.find(|entry| entry["manager"] == manager).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
    }
}

pub(crate) const APPLY: &str = "application/apply-patch+yaml";
pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON: &str = "application/json";

/// Sends a request and reads the whole answer.
pub(crate) async fn send(client: &Client, method: &str, path: &str, kind: &str, body: &Value) -> Outcome<Answer> {
    let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("accept", JSON)
        .header("content-type", kind)
        .body(kube::client::Body::from(bytes))?;
    read(client, request).await
}

/// Reads with another Accept.
pub(crate) async fn accept(client: &Client, path: &str, accept: &str) -> Outcome<Answer> {
    let request = http::Request::builder().uri(path).header("accept", accept).body(kube::client::Body::empty())?;
    read(client, request).await
}

async fn read(client: &Client, request: http::Request<kube::client::Body>) -> Outcome<Answer> {
    use http_body_util::BodyExt as _;
    let response = client.send(request).await?;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
    Ok(Answer { code, body })
}

pub(crate) async fn get(client: &Client, path: &str) -> Outcome<Answer> {
    send(client, "GET", path, JSON, &Value::Null).await
}

pub(crate) async fn apply(client: &Client, path: &str, manager: &str, body: &Value) -> Outcome<Answer> {
    send(client, "PATCH", &format!("{path}?fieldManager={manager}&fieldValidation=Strict"), APPLY, body).await
}

pub(crate) async fn force(client: &Client, path: &str, manager: &str, body: &Value) -> Outcome<Answer> {
    send(client, "PATCH", &format!("{path}?fieldManager={manager}&force=true"), APPLY, body).await
}

/// Asks again until `fact` holds. The practice cluster answers at once or after its own clock moved.
pub(crate) async fn until(fact: impl AsyncFn() -> Outcome<bool>) -> Outcome {
    for _ in 0..600 {
        if fact().await? {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err("it never came".into())
}
