//! The operator's wish to stop.

use tokio::sync::watch;

use crate::error::{Failure, FailureKind};

/// What the operator wants of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    #[default]
    Go,
    /// Finish the requests that are under way, begin no other step, and end as interrupted.
    AfterStep,
    /// Stop at once.
    Now,
    /// Leave: begin no other step, give the lock back; what Kubernetes has goes on by itself.
    Detach,
}

impl Control {
    /// The word for it in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::AfterStep => "afterStep",
            Self::Now => "now",
            Self::Detach => "detach",
        }
    }
}

/// The receiving end of the operator's wishes.
#[derive(Clone)]
pub struct Controls(pub watch::Receiver<Control>);

impl Controls {
    /// The wish as it is now.
    pub(super) fn now(&self) -> Control {
        *self.0.borrow()
    }

    /// Whether a new step may be begun.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.now() {
            Control::Go => Ok(()),
            wish => Err(stopped(wish)),
        }
    }

    /// Waits until the operator wants to stop; for ever where that can no longer come.
    pub(super) async fn stop(&mut self) -> Control {
        loop {
            let wish = self.now();
            if wish != Control::Go {
                return wish;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until the operator wants to stop at once; for ever where that can no longer come.
    pub(super) async fn at_once(&mut self) {
        while self.now() != Control::Now {
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What a stopped run ends with.
pub(super) fn stopped(wish: Control) -> Failure {
    let what = match wish {
        Control::Detach => "the run was left",
        _ => "the run was stopped",
    };
    Failure::new(FailureKind::Interrupted, what)
        .state("what was written stays, and goes on by itself; the rest was not begun")
        .hint("run the same command again: it goes on from here")
}
