//! Showing it. Four faces (full screen, plain, headless text, headless JSON) read the same form, plan and events; after
//! "yes" they read events alone, folded by [`progress`].

pub mod consent;
pub mod contest;
pub mod draft;
pub mod form;
pub mod headless;
mod made;
pub mod menu;
pub mod overview;
pub mod plain;
pub mod progress;
pub mod questions;
#[cfg(test)]
mod rehearsal;
pub mod sentence;
pub mod status;
pub mod tui;
pub mod uninstall;
pub mod way;
