//! What has to be decided before a release goes: for each volume and each key, whether it is kept. Both faces ask the same.

use crate::plan::Target;
use crate::plan::uninstall::{KeySecret, Volume, Wishes};
use crate::view::overview::Overview;

/// What outlives a release, with what it is about.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    /// The release.
    pub target: &'a Target,
    /// The cluster in words.
    pub place: String,
    /// Its volumes.
    pub volumes: &'a [Volume],
    /// Its key Secrets.
    pub keys: &'a [KeySecret],
}

/// One thing to decide about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A volume and its data.
    Volume(&'a Volume),
    /// A key Secret.
    Key(&'a KeySecret),
}

/// What was decided.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Do what this shows.
    Yes(Box<Overview>),
    /// Nothing is done.
    No,
    /// Ctrl-C.
    Interrupted,
}

impl<'a> Kept<'a> {
    /// Everything to decide about, volumes first: whether a key may go depends on them.
    pub fn items(&self) -> Vec<Item<'a>> {
        self.volumes.iter().map(Item::Volume).chain(self.keys.iter().map(Item::Key)).collect()
    }

    /// The kept volume that a key opens: the key is kept with it (cluster.md 5 "Pact of volume and key").
    pub fn needs(&self, item: Item<'_>, wishes: &Wishes) -> Option<&'a Volume> {
        let Item::Key(key) = item else { return None };
        self.volumes.iter().find(|volume| !wishes.volumes.contains(&volume.name) && key.opens(volume))
    }
}

impl Item<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Volume(volume) => &volume.name,
            Self::Key(key) => &key.name,
        }
    }

    /// What it is and what there is to know of it: `Volume db: 8Gi, …`.
    pub fn asked(&self) -> String {
        match self {
            Self::Volume(volume) => format!("Volume {}: {}", volume.name, volume.words()),
            Self::Key(key) => format!("Key Secret {}{}", key.name, key.what()),
        }
    }

    /// The choice that gives it up.
    pub fn delete(&self) -> &'static str {
        match self {
            Self::Volume(_) => "Delete it and its data",
            Self::Key(_) => "Delete it",
        }
    }

    /// Whether it is to go.
    pub fn goes(&self, wishes: &Wishes) -> bool {
        match self {
            Self::Volume(_) => wishes.volumes.contains(self.name()),
            Self::Key(_) => wishes.keys.contains(self.name()),
        }
    }

    /// Says whether it is to go.
    pub fn decide(&self, wishes: &mut Wishes, goes: bool) {
        let names = match self {
            Self::Volume(_) => &mut wishes.volumes,
            Self::Key(_) => &mut wishes.keys,
        };
        if goes {
            names.insert(self.name().to_string());
        } else {
            names.remove(self.name());
        }
    }
}

/// Whether data or a key goes for ever, so that the release's name has to be typed.
pub fn loses(wishes: &Wishes) -> bool {
    !wishes.volumes.is_empty() || !wishes.keys.is_empty()
}
