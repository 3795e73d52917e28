//! The requests that the practice cluster is held to, sent to the real API server.

use libtest_mimic::Completion;

use crate::context::{Context, Outcome};

#[path = "../conformance/mod.rs"]
mod requests;

/// One test a request.
macro_rules! tests {
    ($($name:ident)*) => {
        $(pub(crate) async fn $name(context: Context) -> Outcome {
            let namespace = context.namespace("fast-conformance").await?;
            requests::$name(&context.client, &namespace).await.map_err(|error| error.to_string())?;
            Ok(Completion::Completed)
        })*
    };
}

requests::each!(tests);

pub(crate) use requests::each;
