//! Somebody else is changing the release: what can be done about that. Plain data that both faces show.

/// What a person wants then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing is written.
    Leave,
    /// Wait until the other is done, then go on.
    Wait,
    /// See what the other does.
    Follow,
    /// Take the lock from the other: it writes nothing more from then on.
    TakeOver,
}

/// Somebody who holds the lock of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contest {
    /// Name of the release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The context of its cluster.
    pub context: String,
    /// It is in the practice cluster.
    pub practice: bool,
    /// Who, and where: `ana@laptop (process 77)`.
    pub who: String,
    /// Since when, in words; empty when it is not known.
    pub since: String,
}

impl Contest {
    /// Who is at it, in a sentence.
    pub fn said(&self) -> String {
        let since = if self.since.is_empty() { String::new() } else { format!(" since {}", self.since) };
        format!("{} is changing {}{since}. Nothing was written.", self.who, self.release)
    }

    /// What has to be typed to take over.
    pub fn name(&self) -> &str {
        self.who.split(' ').next().unwrap_or_default()
    }

    /// What can be done, the safe choice first.
    pub fn choices(&self) -> [(Wish, String); 4] {
        [
            (Wish::Leave, "Leave it: nothing is written".to_string()),
            (Wish::Wait, "Wait until it is done, then go on".to_string()),
            (Wish::Follow, "Follow: see what it does, then ask again".to_string()),
            (Wish::TakeOver, format!("Take over: {} writes nothing more from then on", self.name())),
        ]
    }
}
