//! A client of a practice cluster.

use std::sync::Arc;

use http::{Request, Uri};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::{Body, ClientBuilder};
use slipway::lint::schema::Schemas;
use slipway::practice::{MINOR, Options, Scenario, Server, UnknownFields};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower::ServiceExt as _;

pub(crate) struct Practice {
    pub(crate) server: Arc<Server>,
    pub(crate) client: kube::Client,
}

impl Practice {
    pub(crate) fn start(scenario: Scenario) -> Self {
        Self::with(Options { scenario, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        let fields = Some(fields());
        let server = Arc::new(Server::start(Options { fields, ..options }).unwrap());
        let client = client(&server);
        Self { server, client }
    }
}

/// The fields that the program's own schemas know, as `slipway --practice` gives them to its server.
fn fields() -> UnknownFields {
    Arc::new(|object| Schemas::embedded().unknown_fields(MINOR, object))
}

/// A client whose connections all come from `server`.
pub(crate) fn client(server: &Arc<Server>) -> kube::Client {
    let server = server.clone();
    let connector = tower::service_fn(move |_: Uri| {
        let stream = server.connect();
        std::future::ready(Ok::<_, std::io::Error>(TokioIo::new(Wire(stream))))
    });
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = client.map_request(|mut request: Request<Body>| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_string();
        *request.uri_mut() = format!("http://practice{path}").parse().unwrap();
        request
    });
    ClientBuilder::new(service, "default").build()
}

struct Wire(DuplexStream);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
