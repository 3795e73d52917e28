//! What was chosen so far, what is known of it, and what still stands in the way. Pure: every change answers with what
//! has to be asked, and what comes back late for something that was chosen no longer is dropped.

mod said;

use std::collections::BTreeMap;

use super::{
    Ask, Chosen, ClusterSeen, ContextChoice, InstalledSeen, Part, PlaceSeen, ProductChoice, ReleaseSeen, Settled, Told,
};
use crate::answers::draft::Draft;
use crate::error::Failure;
use crate::view::draft::BY_DRAFT;
use crate::view::questions::Whereabouts;

/// How far the cluster of the chosen context is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Contact {
    /// No context was chosen.
    #[default]
    None,
    /// It is being asked.
    Asking,
    /// It answered.
    Seen(ClusterSeen),
    /// It cannot be reached.
    Failed(Failure),
}

/// How far the namespace is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Nobody looked.
    #[default]
    None,
    /// It is being looked at.
    Asking(Chosen),
    /// It was seen.
    Seen(Chosen, PlaceSeen),
    /// It could not be looked at.
    Failed(Chosen, Failure),
}

/// How far the form is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ready {
    /// Nobody asked for it.
    #[default]
    No,
    /// It is being made.
    Asking(Chosen),
    /// It is made.
    Made(Chosen),
    /// It cannot be made.
    Failed(Chosen, Failure),
}

/// A sentence about the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Good to know.
    Plain(String),
    /// To be thought about.
    Warning(String),
    /// It cannot be done like this.
    Blocks(String),
}

/// The state of the way in.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// What is being done: `install`.
    pub verb: String,
    /// Contexts that can be chosen.
    pub contexts: Vec<ContextChoice>,
    /// Products that can be chosen.
    pub products: Vec<ProductChoice>,
    /// It is the practice cluster, not a real one.
    pub practice: bool,
    /// What was given beforehand.
    pub given: BTreeMap<Part, Settled>,
    /// What was chosen here; it wins over what was given.
    chosen: BTreeMap<Part, String>,
    contact: Contact,
    look: Look,
    ready: Ready,
    /// The release whose recorded profile was taken up.
    taken_up: Option<(String, String)>,
}

impl Way {
    /// Over what can be chosen and what was given beforehand.
    pub fn new(
        contexts: Vec<ContextChoice>,
        products: Vec<ProductChoice>,
        practice: bool,
        given: BTreeMap<Part, Settled>,
    ) -> Self {
        Self { verb: "install".into(), contexts, products, practice, given, ..Self::default() }
    }

    fn value(&self, part: Part) -> Option<&str> {
        let given = || self.given.get(&part).map(|settled| settled.value.as_str());
        self.chosen.get(&part).map(String::as_str).or_else(given)
    }

    /// What was chosen or given of a part; none where only a default stands.
    pub fn decided(&self, part: Part) -> Option<&str> {
        self.value(part).filter(|value| !value.is_empty())
    }

    /// Settles what a draft holds and nothing else does, as if it was given beforehand.
    pub fn take_up(&mut self, draft: &Draft) {
        let parts = [
            (Part::Context, &draft.context),
            (Part::Product, &draft.product),
            (Part::Profile, &draft.profile),
            (Part::Namespace, &draft.namespace),
            (Part::Release, &draft.release),
        ];
        self.settle(parts.map(|(part, value)| (part, value.as_str())), BY_DRAFT);
    }

    /// Settles parts beforehand; what was given keeps who gave it.
    pub fn settle<'p>(&mut self, parts: impl IntoIterator<Item = (Part, &'p str)>, by: &str) {
        for (part, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.given.entry(part).or_insert_with(|| Settled { value: value.into(), by: by.into() });
        }
    }

    /// The context that was chosen or given.
    pub fn context(&self) -> Option<&str> {
        self.value(Part::Context)
    }

    /// The product that was chosen or given; where there is only one, that one.
    pub fn product(&self) -> Option<&ProductChoice> {
        match self.value(Part::Product) {
            Some(name) => self.products.iter().find(|product| product.name == name),
            None => self.products.first().filter(|_| self.products.len() == 1),
        }
    }

    /// The profile that was chosen or given; else the product's first.
    pub fn profile(&self) -> Option<&str> {
        let product = self.product()?;
        let known = self.value(Part::Profile).and_then(|id| product.profiles.iter().find(|known| known.id == id));
        known.or(product.profiles.first()).map(|profile| profile.id.as_str())
    }

    /// What is installed in the cluster that was contacted.
    pub fn installed(&self) -> &[InstalledSeen] {
        match &self.contact {
            Contact::Seen(seen) => &seen.installed,
            _ => &[],
        }
    }

    /// Where the product is installed already, if there is only one such place: choosing it there is an upgrade.
    fn home(&self) -> Option<&InstalledSeen> {
        let product = self.product()?;
        let mut known = self.installed().iter().filter(|known| known.product == product.name);
        known.next().filter(|_| known.next().is_none())
    }

    /// The namespace, right or wrong; where nobody says another, the one that the product is installed in, else its own.
    pub fn namespace(&self) -> &str {
        let home = || self.home().map(|home| home.namespace.as_str());
        let own = || self.product().map(|product| product.namespace.as_str());
        self.value(Part::Namespace).or_else(home).or_else(own).unwrap_or("")
    }

    /// The name of the release, right or wrong; where nobody says another, what is installed there, else the product's.
    pub fn release(&self) -> &str {
        let home = || self.home().filter(|home| home.namespace == self.namespace()).map(|home| home.release.as_str());
        let own = || self.product().map(|product| product.name.as_str());
        self.value(Part::Release).or_else(home).or_else(own).unwrap_or("")
    }

    /// The word for what is being done: a product that stands there already is upgraded.
    pub fn doing(&self) -> &str {
        let ours = |standing: &ReleaseSeen| self.product().is_some_and(|product| product.name == standing.product);
        let upgrades = self.standing().is_some_and(|standing| ours(standing) && standing.outcome == "deployed");
        if upgrades { "upgrade" } else { &self.verb }
    }

    /// What is known of the cluster.
    pub fn contact(&self) -> &Contact {
        &self.contact
    }

    /// How far the form is.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What is known of the namespace that is chosen now.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Everything that is settled; none while something is missing or wrong.
    pub fn chosen(&self) -> Option<Chosen> {
        if self.namespace_fault().is_some() || self.release_fault().is_some() {
            return None;
        }
        let existing = self.left().iter().map(|one| format!("{}={}", one.name, self.existing()));
        let existing = if self.existing_fault().is_none() { existing.collect() } else { Vec::new() };
        Some(Chosen {
            context: self.context()?.to_string(),
            product: self.product()?.name.clone(),
            profile: self.profile().unwrap_or("").to_string(),
            namespace: self.namespace().to_string(),
            release: self.release().to_string(),
            existing,
        })
    }

    /// Where one is, for the header; what is not settled is left out.
    pub fn whereabouts(&self) -> Whereabouts {
        let product = self.product();
        let doing = product.map_or_else(|| self.verb.clone(), |product| format!("{} {}", self.doing(), product.name));
        let place = match (self.context(), self.practice) {
            (Some(context), _) => context.to_string(),
            (None, true) => "practice".into(),
            (None, false) => "no cluster yet".into(),
        };
        let namespace = Some(self.namespace()).filter(|name| !name.is_empty()).unwrap_or("not yet");
        Whereabouts { doing, context: place, namespace: namespace.to_string(), practice: self.practice }
    }

    /// Chooses a context and contacts it, anew if it is the same.
    pub fn choose_context(&mut self, name: &str) -> Ask {
        self.chosen.insert(Part::Context, name.to_string());
        self.contact_again(name)
    }

    fn contact_again(&mut self, name: &str) -> Ask {
        self.contact = Contact::Asking;
        self.look = Look::None;
        self.ready = Ready::No;
        Ask::Contact(name.to_string())
    }

    /// Contacts the context that was given beforehand, where one was and nobody did so yet.
    pub fn begin(&mut self) -> Option<Ask> {
        let given = self.context().map(str::to_string);
        let only = self.contexts.first().filter(|_| self.practice).map(|context| context.name.clone());
        let name = given.or(only)?;
        (self.contact == Contact::None).then(|| self.choose_context(&name))
    }

    /// Chooses a product; what does not fit it is forgotten.
    pub fn choose_product(&mut self, name: &str) {
        if self.product().is_some_and(|known| known.name == name) {
            return;
        }
        self.chosen.insert(Part::Product, name.to_string());
        let fits = |id: &String| self.product().is_some_and(|product| product.profiles.iter().any(|p| p.id == *id));
        if !self.chosen.get(&Part::Profile).is_some_and(fits) {
            self.chosen.remove(&Part::Profile);
        }
        self.look = Look::None;
    }

    /// Chooses a profile.
    pub fn choose_profile(&mut self, id: &str) {
        self.chosen.insert(Part::Profile, id.to_string());
    }

    /// Takes a namespace, right or wrong.
    pub fn set_namespace(&mut self, text: &str) {
        if text.trim() != self.namespace() {
            self.chosen.insert(Part::Namespace, text.trim().to_string());
        }
    }

    /// Takes the name of the release, right or wrong.
    pub fn set_release(&mut self, text: &str) {
        if text.trim() != self.release() {
            self.chosen.insert(Part::Release, text.trim().to_string());
        }
    }

    /// Back to what stands without a choice.
    pub fn forget(&mut self, part: Part) {
        self.chosen.remove(&part);
    }

    /// Looks at the namespace, unless that was done.
    pub fn ask_look(&mut self) -> Option<Ask> {
        let chosen = self.chosen()?;
        let known = match &self.look {
            Look::None | Look::Failed(..) => None,
            Look::Asking(known) | Look::Seen(known, _) => Some(known),
        };
        let same = known.is_some_and(|known| {
            (&known.context, &known.namespace, &known.release) == (&chosen.context, &chosen.namespace, &chosen.release)
        });
        if same || !matches!(self.contact, Contact::Seen(_)) {
            return None;
        }
        self.look = Look::Asking(chosen.clone());
        Some(Ask::Look(chosen))
    }

    /// Somebody looked at the namespace that is chosen now, with or without success.
    pub fn has_looked(&self) -> bool {
        let (Look::Seen(known, _) | Look::Failed(known, _)) = &self.look else { return false };
        Some(known.context.as_str()) == self.context()
            && (known.namespace.as_str(), known.release.as_str()) == (self.namespace(), self.release())
    }

    /// Makes the form, unless it is made or being made for just this.
    pub fn ask_prepare(&mut self) -> Option<Ask> {
        let chosen = self.chosen()?;
        if matches!(&self.ready, Ready::Asking(known) | Ready::Made(known) if *known == chosen) {
            return None;
        }
        self.ready = Ready::Asking(chosen.clone());
        Some(Ask::Prepare(chosen))
    }

    /// The form is made for what is chosen now.
    pub fn is_ready(&self) -> bool {
        matches!((&self.ready, self.chosen()), (Ready::Made(known), Some(chosen)) if *known == chosen)
    }

    /// Takes in what came back; what nobody waits for any more is dropped. Answers with what has to be asked next.
    pub fn take(&mut self, told: Told) -> Option<Ask> {
        match told {
            Told::Contacted(context, seen) if self.context() == Some(&context) && self.contact == Contact::Asking => {
                self.contact = match seen {
                    Ok(seen) => Contact::Seen(seen),
                    Err(failure) => Contact::Failed(failure),
                };
                None
            }
            Told::Looked(chosen, seen) if matches!(&self.look, Look::Asking(known) if *known == chosen) => {
                // Said of what was left elsewhere, or before.
                self.chosen.remove(&Part::Existing);
                self.look = match seen {
                    Ok(seen) => Look::Seen(chosen, seen),
                    Err(failure) => Look::Failed(chosen, failure),
                };
                self.take_up_profile();
                None
            }
            Told::Prepared(chosen, made) if matches!(&self.ready, Ready::Asking(known) if *known == chosen) => {
                self.ready = match made {
                    Ok(()) => Ready::Made(chosen),
                    Err(failure) => Ready::Failed(chosen, failure),
                };
                None
            }
            _ => None,
        }
    }

    /// A release that stands there keeps its profile, once: the operator may choose another afterwards.
    fn take_up_profile(&mut self) {
        let Some(standing) = self.standing().cloned() else { return };
        let key = (self.namespace().to_string(), standing.name.clone());
        let ours = self.product().is_some_and(|product| {
            product.name == standing.product && product.profiles.iter().any(|profile| profile.id == standing.profile)
        });
        if ours && !self.given.contains_key(&Part::Profile) && self.taken_up.as_ref() != Some(&key) {
            self.chosen.insert(Part::Profile, standing.profile);
            self.taken_up = Some(key);
        }
    }

    fn place_seen(&self) -> Option<&PlaceSeen> {
        match &self.look {
            Look::Seen(known, seen)
                if known.namespace == self.namespace() && Some(known.context.as_str()) == self.context() =>
            {
                Some(seen)
            }
            _ => None,
        }
    }

    /// The release of the chosen name that stands there already.
    pub fn standing(&self) -> Option<&ReleaseSeen> {
        self.place_seen()?.releases.iter().find(|known| known.name == self.release())
    }
}
