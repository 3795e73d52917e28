//! What is said about what was chosen: what is there already, and what holds one up.

use crate::answers::names::label_fault;
use crate::view::menu::Menu;

use super::super::{LeftSeen, Part, ReleaseSeen, Stop};
use super::{Contact, Note, Way};

impl Way {
    /// The page of something that is installed, by its place in the list.
    pub fn menu(&self, i: usize) -> Option<Menu> {
        let release = self.installed().get(i)?.clone();
        Some(Menu { context: self.context().unwrap_or("").to_string(), practice: self.practice, release })
    }

    /// What is wrong with the namespace.
    pub fn namespace_fault(&self) -> Option<String> {
        label_fault(self.namespace(), 63)
    }

    /// What is wrong with the name of the release.
    pub fn release_fault(&self) -> Option<String> {
        label_fault(self.release(), 40)
    }

    /// What an earlier install left here, which nobody has decided about beforehand.
    pub fn left(&self) -> &[LeftSeen] {
        let decided = self.given.contains_key(&Part::Existing) || self.standing().is_some();
        self.place_seen().filter(|_| !decided).map_or(&[], |seen| seen.left.as_slice())
    }

    /// What was said of it, right or wrong.
    pub fn existing(&self) -> &str {
        self.value(Part::Existing).unwrap_or("")
    }

    /// Takes what becomes of it, right or wrong.
    pub fn set_existing(&mut self, text: &str) {
        if text.trim() != self.existing() {
            self.chosen.insert(Part::Existing, text.trim().to_string());
        }
    }

    /// What is wrong with it.
    pub fn existing_fault(&self) -> Option<String> {
        if self.left().is_empty() || matches!(self.existing(), "use" | "aside" | "wipe") {
            return None;
        }
        Some("type what becomes of what was left: use, aside or wipe".into())
    }

    /// What it is, and what the words mean.
    pub fn left_notes(&self) -> Vec<Note> {
        if self.left().is_empty() {
            return Vec::new();
        }
        let all: Vec<String> = self.left().iter().map(|one| format!("{} ({})", one.name, one.about)).collect();
        let mut notes = vec![
            Note::Warning(format!("an earlier install left {}", all.join(", "))),
            Note::Plain(
                "use: the data with the keys that open it; aside: it stays untouched, and new volumes and keys are made"
                    .into(),
            ),
            Note::Plain("wipe: its data and keys are gone for good; one by one: --existing NAME=use|aside|wipe".into()),
        ];
        if self.existing() == "wipe" {
            notes.push(Note::Warning("all data in these volumes will be gone, and nothing brings it back".into()));
        }
        notes
    }

    /// The namespaces that begin with or hold what is typed, the present one left out; or why there is no list.
    pub fn namespaces(&self, typed: &str) -> Result<Vec<&str>, &str> {
        match &self.contact {
            Contact::Seen(seen) => match &seen.namespaces {
                Ok(all) => Ok(all.iter().map(String::as_str).filter(|name| name.contains(typed)).collect()),
                Err(why) => Err(why),
            },
            _ => Err("the cluster was not asked yet"),
        }
    }

    /// Whether the namespace will be made, in a sentence.
    pub fn namespace_note(&self) -> Note {
        let name = self.namespace();
        if let Some(seen) = self.place_seen() {
            return match (seen.exists, seen.terminating) {
                (_, true) => {
                    Note::Blocks(format!("{name} is being deleted; nothing can be made in it until it is gone"))
                }
                (true, _) => Note::Plain(format!("{name} exists; it is not changed itself")),
                (false, _) => Note::Plain(format!("{name} does not exist: it will be made")),
            };
        }
        match self.namespaces(name) {
            Ok(all) if all.contains(&name) => Note::Plain(format!("{name} exists; it is not changed itself")),
            Ok(_) => Note::Plain(format!("{name} does not exist: it will be made")),
            Err(why) => Note::Warning(format!("whether {name} exists is not known: {why}")),
        }
    }

    /// What stands there already, and what can be done with it.
    pub fn release_notes(&self) -> Vec<Note> {
        let (Some(product), Some(seen)) = (self.product(), self.place_seen()) else { return Vec::new() };
        let mut notes = Vec::new();
        let named = |known: &ReleaseSeen| {
            format!("{} {}, revision {}, {}", known.product, known.version, known.revision, known.outcome)
        };
        match self.standing() {
            Some(known) if known.product != product.name => notes.push(Note::Blocks(format!(
                "{} is taken by {}: choose another name, or another namespace",
                known.name,
                named(known)
            ))),
            Some(known) => {
                let on = if known.outcome == "deployed" { "upgrades it to these answers" } else { "goes on with it" };
                notes.push(Note::Warning(format!(
                    "{} is installed here: {}. Going on {on}; its keys and volumes stay. For a second one choose \
                     another {}",
                    known.name,
                    named(known),
                    if product.singleton { "namespace" } else { "name" }
                )));
                let place = format!("{} -n {}", known.name, self.namespace());
                notes.push(Note::Plain(format!(
                    "Else: slipway status {place}, slipway rollback {place}, slipway uninstall {place}"
                )));
                if !known.profile.is_empty() && Some(known.profile.as_str()) != self.profile() {
                    notes.push(Note::Warning(format!("it was installed with the profile {}", known.profile)));
                }
            }
            None => {
                let other = seen.releases.iter().find(|known| known.product == product.name && product.singleton);
                if let Some(other) = other {
                    notes.push(Note::Blocks(format!(
                        "{} is installed here as {}, and its names are constants: a namespace holds one. Name it {}, \
                         or choose another namespace",
                        product.title, other.name, other.name
                    )));
                }
            }
        }
        if !seen.unread.is_empty() {
            notes.push(Note::Warning(format!("which releases are here is not known: {}", seen.unread)));
        }
        notes
    }

    /// What holds one up at a page, in a sentence; none when one may go on to the questions as far as it goes.
    pub fn open(&self, stop: Stop) -> Option<String> {
        let blocks = |note: Note| match note {
            Note::Blocks(text) => Some(text),
            _ => None,
        };
        match stop {
            Stop::Where => match &self.contact {
                Contact::None => Some("no cluster is chosen".into()),
                Contact::Asking => Some("the cluster did not answer yet".into()),
                Contact::Failed(failure) => Some(failure.what.clone()),
                Contact::Seen(_) => None,
            },
            Stop::What => self.product().is_none().then(|| "no product is chosen".into()),
            Stop::Profile => None,
            Stop::Target => {
                let wrong = self.namespace_fault().map(|fault| format!("the namespace {fault}"));
                let wrong = wrong.or_else(|| self.release_fault().map(|fault| format!("the name {fault}")));
                let held = blocks(self.namespace_note());
                wrong
                    .or(held)
                    .or_else(|| self.release_notes().into_iter().find_map(blocks))
                    .or_else(|| self.existing_fault())
            }
        }
    }

    /// What settles a page beforehand, in words: `--context`; none when something of it is open.
    pub fn settled(&self, stop: Stop) -> Option<String> {
        let parts: &[Part] = match stop {
            Stop::Where => &[Part::Context],
            Stop::What => &[Part::Product],
            Stop::Profile => &[Part::Profile],
            Stop::Target => &[Part::Namespace, Part::Release],
        };
        let as_given = |part: &Part| match (self.chosen.get(part), self.given.get(part)) {
            (Some(chosen), Some(given)) => *chosen == given.value,
            (chosen, _) => chosen.is_none(),
        };
        if !parts.iter().all(as_given) {
            return None;
        }
        let by: Vec<&str> =
            parts.iter().filter_map(|part| self.given.get(part)).map(|given| given.by.as_str()).collect();
        // A namespace alone says where: the name is then the product's.
        let enough = by.len() == parts.len() || (stop == Stop::Target && self.given.contains_key(&Part::Namespace));
        enough.then(|| by.join(" and "))
    }

    /// The first page that nothing settles; none when everything was given.
    pub fn first_open(&self) -> Option<Stop> {
        Stop::ALL.into_iter().find(|stop| self.settled(*stop).is_none())
    }

    /// What a page came to, in a word or two.
    pub fn summary(&self, stop: Stop) -> String {
        match stop {
            Stop::Where => self.context().unwrap_or("").to_string(),
            Stop::What => self.product().map(|product| product.title.clone()).unwrap_or_default(),
            Stop::Profile => self.profile().unwrap_or("").to_string(),
            Stop::Target => format!("{}/{}", self.namespace(), self.release()),
        }
    }
}
