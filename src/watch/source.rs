//! What watching asks of a cluster: a kind listed and watched without an end, and the log of a container.

use futures::stream::BoxStream;

use crate::error::Failure;
use crate::object::Object;

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// API group, empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Label selector, empty for all.
    pub labels: String,
    /// Field selector, empty for all.
    pub fields: String,
}

/// What a watch brings. A watch that breaks is taken up again where it was, and listed anew where the server has
/// forgotten that place (410).
#[derive(Clone, Debug)]
pub enum Seen {
    /// The whole, at the start and after every new list.
    Listed(Vec<Object>),
    /// One appeared or changed.
    Put(Object),
    /// One is gone.
    Gone(Object),
    /// The watch broke and is taken up again; why.
    Broken(String),
    /// The server refuses it for good: forbidden.
    Refused(Failure),
}

/// Which log is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogOf {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Of the container before the last restart.
    pub previous: bool,
    /// It goes on until the container ends.
    pub follow: bool,
    /// Only lines written since.
    pub since: Option<jiff::Timestamp>,
    /// Only so many lines from the end.
    pub tail: Option<u32>,
}

/// Where watching gets what it sees.
pub trait Source: Clone + Send + Sync + 'static {
    /// Lists and watches a kind; the stream ends only after [`Seen::Refused`].
    fn watch(&self, what: &Watched) -> BoxStream<'static, Seen>;

    /// The lines of a log, each with the time in front as the server writes it (`timestamps=true`); why it broke is the
    /// last item.
    fn log(&self, what: &LogOf) -> BoxStream<'static, Result<String, String>>;
}
