//! stub
/// Life.
pub(crate) struct Life;
