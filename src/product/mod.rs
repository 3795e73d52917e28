//! What can be installed: the product language (pure).

pub mod recipe;

pub use recipe::{Given, Recipe};
