//! The practice cluster: an API server in memory, whose state lies in the user's state folder.

use std::sync::{Arc, OnceLock};

use super::{log, print};
use crate::cli::Practice;
use crate::cluster::{Cluster, Identity, Wire, in_memory};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::lint::schema::Schemas;
use crate::practice::{MINOR, Options, Scenario, Server, UnknownFields, reset};
use crate::suggest;

/// The one practice cluster of this process.
static SERVER: OnceLock<Arc<Server>> = OnceLock::new();

#[cfg(test)]
thread_local! {
    /// The practice cluster of a test, which stands in for the one of the process.
    pub(super) static OWN: std::cell::RefCell<Option<Arc<Server>>> = const { std::cell::RefCell::new(None) };
}

/// Starts the practice cluster in a scenario and connects to it.
///
/// # Errors
/// No such scenario, or its state cannot be read.
pub(super) fn cluster(scenario: &str) -> Result<Cluster, Failure> {
    #[cfg(test)]
    if let Some(server) = OWN.with_borrow(Clone::clone) {
        return Ok(over(server));
    }
    let Some(scenario) = Scenario::ALL.into_iter().find(|known| known.name() == scenario) else {
        let names = Scenario::ALL.map(Scenario::name);
        let near = suggest::nearest(scenario, names).map(|near| format!("did you mean --practice={near}?"));
        return Err(Failure::new(FailureKind::Usage, format!("the practice cluster has no scenario `{scenario}`"))
            .why(format!("there are {}", names.join(", ")))
            .state(NOTHING_WRITTEN)
            .hint(near.unwrap_or_else(|| "slipway --practice".into())));
    };
    let server = match SERVER.get() {
        Some(server) => server.clone(),
        None => {
            let fields: UnknownFields = Arc::new(|object| Schemas::embedded().unknown_fields(MINOR, object));
            let fields = Some(fields);
            let options = Options { scenario, folder: log::state_folder(), fields, ..Options::default() };
            let server = Server::start(options).map_err(|error| {
                let hint = match error.kind() {
                    std::io::ErrorKind::ResourceBusy => "wait until it is done, then run the same command again",
                    _ => "begin anew: slipway practice reset",
                };
                Failure::new(FailureKind::Cluster, "the practice cluster cannot be started")
                    .why(error.to_string())
                    .state(NOTHING_WRITTEN)
                    .hint(hint)
            })?;
            Arc::clone(SERVER.get_or_init(|| Arc::new(server)))
        }
    };
    Ok(over(server))
}

/// A cluster whose connections all come from a server.
pub(super) fn over(server: Arc<Server>) -> Cluster {
    let identity = Identity {
        context: "practice".into(),
        server: "https://practice.invalid".into(),
        namespace: "default".into(),
        practice: true,
    };
    let connector = move || {
        let stream = server.connect();
        let made: std::io::Result<Box<dyn Wire>> = Ok(Box::new(stream));
        Box::pin(std::future::ready(made)) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    in_memory(Arc::new(connector), identity)
}

/// Keeps the state of the practice cluster, where one was used.
pub(super) fn end() -> Result<(), Failure> {
    let Some(server) = SERVER.get() else { return Ok(()) };
    server.save().map_err(|error| {
        Failure::new(FailureKind::Bug, "the practice cluster's state cannot be kept").why(error.to_string())
    })
}

/// The verb.
pub(super) fn run(what: &Practice) -> Result<(), Failure> {
    match what {
        Practice::Reset => {
            let Some(folder) = log::state_folder() else { return print("There is no practice cluster.\n") };
            let had = reset(&folder).map_err(|error| {
                Failure::new(FailureKind::Bug, "the practice cluster's state cannot be removed")
                    .place(folder.display().to_string())
                    .why(error.to_string())
            })?;
            print(if had { "The practice cluster is empty again.\n" } else { "There is no practice cluster.\n" })
        }
    }
}
