//! Showing it. Four faces (full screen, plain, headless text, headless JSON) read the same form, plan and events; after
//! "yes" they read events alone, folded by [`progress`].

pub mod headless;
pub mod progress;
pub mod sentence;
pub mod tui;
