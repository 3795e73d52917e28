//! What was decided about volumes and keys of an earlier install (cluster.md 5 "Pact of volume and key"): plain data, which
//! the release's record keeps, so that every later run means the same claims.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What becomes of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It is used: the data with the key that opens it.
    Use,
    /// It stays as it is, untouched; the install takes other names.
    Aside,
    /// It goes, and something new takes its place.
    Wipe,
}

impl Fate {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Aside => "aside",
            Self::Wipe => "wipe",
        }
    }
}

/// A claim or key Secret of an earlier install, with what was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Existing {
    /// It is a key Secret, not a claim.
    pub key: bool,
    /// What becomes of it.
    pub fate: Fate,
    /// Its UID: what is made anew under its name is another thing.
    pub uid: String,
    /// Of a claim that is set aside: the name that the install takes instead; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instead: String,
}

/// All of them, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pact(pub BTreeMap<String, Existing>);

impl Pact {
    /// Nothing was there to decide about.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claim that is meant where the product says `name`.
    pub fn claim<'a>(&'a self, name: &'a str) -> &'a str {
        match self.0.get(name) {
            Some(existing) if !existing.key && !existing.instead.is_empty() => &existing.instead,
            _ => name,
        }
    }

    /// Whether a thing goes: the very one that was named, by name and UID.
    pub fn wipes(&self, key: bool, name: &str, uid: &str) -> bool {
        self.0.get(name).is_some_and(|one| one.key == key && one.fate == Fate::Wipe && one.uid == uid)
    }

    /// Whether a key Secret's values are not those of this install.
    pub fn leaves_key(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|one| one.key && one.fate != Fate::Use)
    }

    /// The highest generation of the key Secrets that are not used: a new one comes after it. 0 without one.
    pub fn generation(&self) -> u32 {
        let left = self.0.iter().filter(|(_, one)| one.key && one.fate != Fate::Use);
        left.filter_map(|(name, _)| generation(name)).max().unwrap_or(0)
    }
}

/// The generation that the name of a key Secret says (`inngest-keys-2`).
pub fn generation(name: &str) -> Option<u32> {
    name.rsplit_once("-keys-")?.1.parse().ok()
}
