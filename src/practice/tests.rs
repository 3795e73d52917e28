//! The server under an ordinary client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::Body;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower::ServiceExt as _;

mod controllers;
mod reading_and_writing;
mod streams;

use super::*;

struct Wire(DuplexStream);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn start(options: Options) -> (Arc<Server>, kube::Client) {
    let server = Arc::new(Server::start(options).unwrap());
    let client = client(&server);
    (server, client)
}

/// Waits until nothing holds the server any more: connections that a client keeps end in the background.
async fn end(server: Arc<Server>) {
    let mut server = Some(server);
    while let Some(last) = server.take() {
        server = Arc::try_unwrap(last).err();
        tokio::task::yield_now().await;
    }
}

/// An ordinary client over the server's connections.
fn client(server: &Arc<Server>) -> kube::Client {
    let server = server.clone();
    let connector = tower::service_fn(move |_: http::Uri| {
        let stream = server.connect();
        Box::pin(async move { Ok::<_, std::io::Error>(TokioIo::new(Wire(stream))) })
    });
    let http: Http<_, Body> = Http::builder(TokioExecutor::new()).build(connector);
    let service = http.map_request(|mut request: http::Request<Body>| {
        let path = request.uri().path_and_query().unwrap().to_string();
        *request.uri_mut() = format!("http://in-memory{path}").parse().unwrap();
        request
    });
    kube::client::ClientBuilder::new(service, "default").build()
}
