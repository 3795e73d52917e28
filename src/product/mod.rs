//! What can be installed: the product language (pure).

pub mod expression;
pub mod functions;
pub mod node;
pub mod recipe;

pub use recipe::{Given, Recipe};
