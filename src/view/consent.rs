//! What a person is told of data before it moves, and agrees to. Plain data that every face with a person shows.

use super::questions::Whereabouts;

/// A question that has one answer: do it, or leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Where.
    pub here: Whereabouts,
    /// What is asked: `Back up inngest?`.
    pub asked: String,
    /// What will be done, a sentence each.
    pub said: Vec<String>,
    /// What doing it is called: `Back it up`.
    pub doing: String,
    /// What else there is to know of it, for its help page.
    pub about: String,
    /// What has to be typed to do it, where something goes out of use.
    pub typed: Option<String>,
}
