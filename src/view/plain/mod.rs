//! The plain face: append-only lines for slow lines, screen readers and habit. A line reader that needs nothing of the
//! terminal, and dialoguer's prompts where the terminal can (facts: style 4.8). The same form, plan and events as every
//! other face.

mod ask;
mod contest;
mod dialogue;
mod line;
mod menu;
mod progress;
mod prompt;
mod review;
mod session;
mod signals;
#[cfg(test)]
mod tests;
pub mod uninstall;
mod way;
#[cfg(test)]
mod way_tests;

pub use ask::{Asked, ask};
pub use contest::contest;
pub use dialogue::Dialogue;
pub use line::{HideTyping, LineReader};
pub use progress::{Plain, follow};
pub use prompt::{Command, Prompt, Reply};
pub use review::{Decision, review};
pub use session::session;
pub use signals::GiveBack;
