//! Faults at every call: a test is asked at each request what shall happen to it, and can read afterwards what was asked
//! and what was written.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request, before it is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, from 1.
    pub number: u64,
    /// `GET`, `PATCH` …
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query as it came.
    pub query: String,
}

impl Call {
    /// Whether it would change something.
    pub fn is_write(&self) -> bool {
        let asks =
            self.path.ends_with("reviews") || ["/exec", "/portforward"].iter().any(|end| self.path.ends_with(end));
        self.method != "GET" && !asks && !self.query.contains("dryRun=All")
    }

    /// Whether it is a watch.
    pub fn is_watch(&self) -> bool {
        self.query.split('&').any(|pair| pair == "watch=true" || pair == "watch=1")
    }
}

/// What happens to a request instead of a plain answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A Status with this code; nothing is done. Of a 429, the seconds of Retry-After.
    Refuse {
        /// 409, 429, 500, 503 …
        code: u16,
        /// Seconds of the header Retry-After.
        retry_after: Option<u64>,
    },
    /// No answer, ever; nothing is done.
    Hang,
    /// The request is handled after this time on tokio's clock.
    Delay {
        /// How long it waits.
        by: std::time::Duration,
    },
    /// The connection is closed and nothing is done.
    DropBefore,
    /// The request is done, and the connection closed without an answer.
    DropAfter,
    /// A watch is broken off after so many events; other requests pass.
    CutWatch {
        /// Events that still come.
        after: usize,
    },
    /// A watch from any version is answered with 410 once; other requests pass.
    Forget,
}

/// Asked at every request; `None` lets it pass.
pub type Faults = Arc<dyn Fn(&Call) -> Option<Fault> + Send + Sync>;

/// Told of every request once it was handled, before it is answered.
pub type Witness = Arc<dyn Fn(&Call) + Send + Sync>;

/// A write that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Number of its request.
    pub number: u64,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// HTTP status it was answered with, or would have been.
    pub code: u16,
}

/// What was asked of a server so far.
#[derive(Default)]
pub(crate) struct Ledger {
    calls: AtomicU64,
    writes: Mutex<Vec<Write>>,
}

impl Ledger {
    pub(crate) fn count(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn note(&self, write: Write) {
        self.writes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(write);
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
