//! The connection: to the context that was chosen, and to no other; or to a server in memory.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower::{BoxError, Layer, Service};

use super::ask::Patience;
use super::credential::Plugin;
use super::discovery::Kinds;
use super::fault::{Asked, Fault};
use super::kubeconfig::{Choice, configuration};
use crate::error::{Failure, NOTHING_WRITTEN};
use crate::event::EventKind;

/// Who and where a connection is, for showing and for the plan's target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Name of the context.
    pub context: String,
    /// URL of the server.
    pub server: String,
    /// Namespace of the context, `default` when it names none.
    pub namespace: String,
    /// The practice cluster, not a real one.
    pub practice: bool,
}

/// Asked before every write is sent; an error keeps it back.
pub(super) type Guard = Arc<dyn Fn() -> Result<(), Failure> + Send + Sync>;

/// Questions at once. The client speaks HTTP/1.1, where each that finds no idle connection makes one of its own, and a TLS
/// handshake costs both sides more than several answers: a few connections that are used again are faster than many new ones.
pub(super) const TOGETHER: usize = 6;
/// The longest that a question waits for its turn. Turns only save work: a server that hangs, or a question that is not gone on
/// with while whoever asked it asks another, must hold up nobody.
const TURN: std::time::Duration = std::time::Duration::from_millis(250);

type Told = Arc<dyn Fn(EventKind) + Send + Sync>;

/// A cluster: cheap to clone, shared by everything that asks it.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    patience: Patience,
    told: Option<Told>,
    guard: Option<Guard>,
}

struct Inner {
    client: Client,
    identity: Identity,
    kinds: Mutex<Option<Arc<Kinds>>>,
    /// Only one discovery runs at a time; the others wait for it.
    discovering: tokio::sync::Mutex<()>,
    /// Questions at once: see [`TOGETHER`].
    room: tokio::sync::Semaphore,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("identity", &self.inner.identity).finish_non_exhaustive()
    }
}

/// Connects to the chosen context. Nothing is sent yet, except by a credential plugin, which runs here.
///
/// # Errors
/// No kubeconfig, an unknown context, a credential that cannot be read.
pub async fn connect(choice: &Choice) -> Result<Cluster, Failure> {
    let (mut config, context) = configuration(choice).await?;
    let identity = Identity {
        context,
        server: config.cluster_url.to_string().trim_end_matches('/').to_string(),
        namespace: config.default_namespace.clone(),
        practice: false,
    };
    let plugin = Plugin::of(&mut config.auth_info, choice.plugin_limit, &identity.context, &identity.server);
    let carried = match plugin.map(|plugin| plugin.lent_by(choice.lender.clone())) {
        None => None,
        Some(plugin) => {
            let credential = plugin.ask().await.map_err(|failure| failure.state(NOTHING_WRITTEN))?;
            credential.certify(&mut config.auth_info);
            Some((credential, plugin))
        }
    };
    // Files are read, and a credential of another making may take its time.
    let made = tokio::task::spawn_blocking(move || ClientBuilder::try_from(config).map(ClientBuilder::build)).await;
    let asked = Asked {
        what: "prepare the connection".into(),
        server: identity.server.clone(),
        context: identity.context.clone(),
        at: String::new(),
    };
    let client = match made {
        Ok(made) => made.map_err(|error| Failure::from(Fault::from_kube(error, &asked)).state(NOTHING_WRITTEN))?,
        Err(error) => {
            return Err(
                Failure::new(crate::error::FailureKind::Bug, "the connection's task ended").why(error.to_string())
            );
        }
    };
    let client = match carried {
        None => client,
        Some((credential, plugin)) => credential.carried_by(client, plugin),
    };
    Ok(Cluster::over(client, identity))
}

/// Makes byte streams to a server in memory: each call is a new connection.
pub type Connector =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = std::io::Result<Box<dyn Wire>>> + Send>> + Send + Sync>;

/// A byte stream in both directions.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to a server behind `connector`, such as the practice cluster.
pub fn in_memory(connector: Connector, identity: Identity) -> Cluster {
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(Connect(connector));
    // The host is never resolved: every connection comes from the connector.
    let service = ToHost { inner: client };
    Cluster::over(ClientBuilder::new(service, identity.namespace.clone()).build(), identity)
}

/// Puts the scheme and host in front of the path.
#[derive(Clone)]
struct ToHost<S> {
    inner: S,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for ToHost<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_string();
        if let Ok(uri) = Uri::builder().scheme("http").authority("in-memory").path_and_query(path).build() {
            *request.uri_mut() = uri;
        }
        self.inner.call(request)
    }
}

#[derive(Clone)]
struct Connect(Connector);

impl Service<Uri> for Connect {
    type Response = TokioIo<InMemory>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _to: Uri) -> Self::Future {
        let wire = (self.0)();
        Box::pin(async move { Ok(TokioIo::new(InMemory(wire.await?))) })
    }
}

struct InMemory(Box<dyn Wire>);

impl Connection for InMemory {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for InMemory {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for InMemory {
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

impl Cluster {
    /// A cluster over a client that was made elsewhere.
    pub(crate) fn over(client: Client, identity: Identity) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                identity,
                kinds: Mutex::new(None),
                discovering: tokio::sync::Mutex::new(()),
                room: tokio::sync::Semaphore::new(
                    std::env::var("SLIPROOM").ok().and_then(|v| v.parse().ok()).unwrap_or(TOGETHER),
                ),
            }),
            patience: Patience::default(),
            told: None,
            guard: None,
        }
    }

    /// A cluster over any service that answers requests: for scripted servers and layers that count, delay or break.
    pub fn over_service<S>(service: S, identity: Identity) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Send + 'static,
        S::Future: Send + 'static,
    {
        let namespace = identity.namespace.clone();
        Self::over(Client::new(service, namespace), identity)
    }

    /// The same cluster with a layer around its client.
    #[must_use]
    pub fn layered<L>(&self, layer: &L) -> Self
    where
        L: Layer<Sending>,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Send + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    {
        Self::over_service(layer.layer(Sending(self.inner.client.clone())), self.inner.identity.clone())
    }

    /// The same cluster, telling `listener` of each request that is tried again.
    #[must_use]
    pub fn telling(&self, listener: impl Fn(EventKind) + Send + Sync + 'static) -> Self {
        Self { told: Some(Arc::new(listener)), ..self.clone() }
    }

    /// The same cluster, asking `guard` before every write is sent, and again before it is tried again: a lock may be lost
    /// while a request waits for its turn.
    #[must_use]
    pub fn guarded(&self, guard: impl Fn() -> Result<(), Failure> + Send + Sync + 'static) -> Self {
        Self { guard: Some(Arc::new(guard)), ..self.clone() }
    }

    /// The same cluster without a guard: for the lock itself.
    pub(crate) fn unguarded(&self) -> Self {
        Self { guard: None, ..self.clone() }
    }

    /// Whether a write may be sent.
    pub(super) fn may_send(&self) -> Result<(), Failure> {
        self.guard.as_ref().map_or(Ok(()), |guard| guard())
    }

    /// The same cluster with another patience.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Who and where it is.
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// Name of the context.
    pub fn context(&self) -> &str {
        &self.inner.identity.context
    }

    /// URL of the server.
    pub fn server(&self) -> &str {
        &self.inner.identity.server
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    pub(super) fn tell(&self, what: EventKind) {
        if let Some(told) = &self.told {
            told(what);
        }
    }

    pub(super) fn known_kinds(&self) -> Option<Arc<Kinds>> {
        self.inner.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) fn learn_kinds(&self, kinds: Option<Arc<Kinds>>) {
        *self.inner.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = kinds;
    }

    /// Waits for its turn to ask, but not for long; what it gives is held until the answer was read.
    pub(super) async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        tokio::time::timeout(TURN, self.inner.room.acquire()).await.ok()?.ok()
    }

    pub(super) fn discovering(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.discovering
    }
}

/// A client as a service, for [`Cluster::layered`].
#[derive(Clone)]
pub struct Sending(Client);

impl Service<Request<Body>> for Sending {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move { client.send(request).await.map_err(BoxError::from) })
    }
}
