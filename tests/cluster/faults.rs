//! A client that dies at a chosen request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response};
use kube::client::Body;
use tokio::sync::Notify;
use tower::{BoxError, Layer, Service};

/// When it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the request is sent.
    Before,
    /// After the server did it, before its answer is read.
    After,
}

/// A layer whose n-th request never comes back. Renewals of the lock are not counted.
#[derive(Clone)]
pub(crate) struct Kill {
    nth: usize,
    moment: Moment,
    seen: Arc<AtomicUsize>,
    reached: Arc<Notify>,
}

impl Kill {
    pub(crate) fn at(nth: usize, moment: Moment) -> Self {
        Self { nth, moment, seen: Arc::default(), reached: Arc::default() }
    }

    /// Waits until the n-th request was made.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }
}

impl<S> Layer<S> for Kill {
    type Service = Killed<S>;

    fn layer(&self, inner: S) -> Killed<S> {
        Killed { inner, kill: self.clone() }
    }
}

pub(crate) struct Killed<S> {
    inner: S,
    kill: Kill,
}

impl<S> Service<Request<Body>> for Killed<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let renewal = request.uri().path().contains("/leases/");
        let nth = if renewal { 0 } else { self.kill.seen.fetch_add(1, Ordering::SeqCst) + 1 };
        if nth != self.kill.nth {
            return Box::pin(self.inner.call(request));
        }
        let (moment, reached) = (self.kill.moment, self.kill.reached.clone());
        let sent = (moment == Moment::After).then(|| self.inner.call(request));
        Box::pin(async move {
            if let Some(sent) = sent {
                let _answer = sent.await;
            }
            reached.notify_one();
            std::future::pending().await
        })
    }
}
