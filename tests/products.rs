//! Products that somebody writes: how their folders begin, what the guide teaches, and what is said of a wrong one.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it needs has failed")]

#[path = "products/beginning.rs"]
mod beginning;
#[path = "products/guide.rs"]
mod guide;
#[path = "products/named.rs"]
mod named;
#[path = "products/program.rs"]
mod program;
#[path = "products/reader.rs"]
mod reader;
#[path = "products/wrong.rs"]
mod wrong;
