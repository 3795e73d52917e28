//! stub
use std::sync::Arc;
use http::{Request, Response};
use hyper::body::Incoming;
use super::route::{Query, Target};
use super::serve::Body;
use super::server::Shared;
use super::status::{Refusal, unknown_path};
pub(crate) async fn answer(_: &Arc<Shared>, _: Request<Incoming>, _: &Target, _: &Query) -> Result<Response<Body>, Refusal> { Err(unknown_path()) }
