//! What has to be decided before a release goes: for each volume and each key, whether it is kept. Both faces ask the same.

use std::collections::BTreeMap;

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
    /// The volumes that hold a database which can be backed up now, each with the folder where that would go.
    pub folders: BTreeMap<String, String>,
}

/// What becomes of one thing, the safest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays, and the next install finds it.
    Keep,
    /// Its database is backed up and read back; then it goes.
    BackUp,
    /// It goes.
    Delete,
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

    /// What may become of an item, the default first.
    pub fn fates(&self, item: Item<'_>) -> Vec<Fate> {
        let backs_up = matches!(item, Item::Volume(volume) if self.folders.contains_key(&volume.name));
        let fates = [Some(Fate::Keep), backs_up.then_some(Fate::BackUp), Some(Fate::Delete)];
        fates.into_iter().flatten().collect()
    }

    /// Says what becomes of an item.
    pub fn decide(&self, item: Item<'_>, wishes: &mut Wishes, fate: Fate) {
        let name = item.name().to_string();
        wishes.backups.remove(&name);
        let names = match item {
            Item::Volume(_) => &mut wishes.volumes,
            Item::Key(_) => &mut wishes.keys,
        };
        match fate {
            Fate::Keep => drop(names.remove(&name)),
            Fate::BackUp | Fate::Delete => drop(names.insert(name.clone())),
        }
        if let (Fate::BackUp, Some(folder)) = (fate, self.folders.get(&name)) {
            wishes.backups.insert(name, folder.clone());
        }
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

    /// A fate as a choice.
    pub fn choice(&self, fate: Fate) -> &'static str {
        match (fate, self) {
            (Fate::Keep, _) => "Keep it",
            (Fate::BackUp, _) => "Back it up, then delete it",
            (Fate::Delete, Self::Volume(_)) => "Delete it and its data",
            (Fate::Delete, Self::Key(_)) => "Delete it",
        }
    }

    /// What is to become of it.
    pub fn fate(&self, wishes: &Wishes) -> Fate {
        let goes = match self {
            Self::Volume(_) => wishes.volumes.contains(self.name()),
            Self::Key(_) => wishes.keys.contains(self.name()),
        };
        match (goes, wishes.backups.contains_key(self.name())) {
            (false, _) => Fate::Keep,
            (true, true) => Fate::BackUp,
            (true, false) => Fate::Delete,
        }
    }
}

/// Whether data or a key goes for ever, so that the release's name has to be typed.
pub fn loses(wishes: &Wishes) -> bool {
    !wishes.volumes.is_empty() || !wishes.keys.is_empty()
}
