//! The way in: what is settled before the form (design.md 2 "target"), as four stops: where, what, profile, target. Plain
//! data and a pure state that both faces drive; what has to be asked of the outside goes through a [`Guide`].

#[cfg(test)]
pub(crate) mod rehearsal;
mod state;
#[cfg(test)]
mod tests;

use futures::future::LocalBoxFuture;

use super::draft::Offer;
use super::form::FormQuestions;
use super::menu::{Deed, Menu, RevisionSeen, Wanted};
use super::overview::Overview;
use crate::answers::Form;
use crate::answers::draft::Draft;
use crate::error::Failure;

pub use state::{Contact, Look, Note, Ready, Way};

/// A page of the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Which cluster.
    Where,
    /// Which product.
    What,
    /// Which of its profiles.
    Profile,
    /// Which namespace, and which name.
    Target,
}

impl Stop {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Where, Self::What, Self::Profile, Self::Target];

    /// Its title in the list of pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Where => "Where",
            Self::What => "What",
            Self::Profile => "Profile",
            Self::Target => "Target",
        }
    }

    /// The titles of all.
    pub fn titles() -> Vec<String> {
        Self::ALL.iter().map(|stop| stop.title().to_string()).collect()
    }
}

/// One thing that is settled on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The context.
    Context,
    /// The product.
    Product,
    /// The profile.
    Profile,
    /// The namespace.
    Namespace,
    /// The name of the release.
    Release,
    /// What becomes of what an earlier install left: `use`, `aside` or `wipe`.
    Existing,
}

/// What the command line or the answers file says of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What it says.
    pub value: String,
    /// Where it says so: `--context`, `the answers file`.
    pub by: String,
}

/// A context that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextChoice {
    /// Its name.
    pub name: String,
    /// URL of its server, as the kubeconfig says it.
    pub server: String,
    /// The kubeconfig's current one.
    pub current: bool,
}

/// A profile that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChoice {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for, in a line.
    pub about: String,
    /// It stands for production.
    pub production: bool,
    /// The answers that it gives, as question and answer.
    pub answers: Vec<(String, String)>,
}

/// A product that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductChoice {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is, in a line.
    pub about: String,
    /// The version that is installed when nobody says another.
    pub version: String,
    /// Its default namespace.
    pub namespace: String,
    /// A second release of it in a namespace is refused.
    pub singleton: bool,
    /// Its profiles, the default first.
    pub profiles: Vec<ProfileChoice>,
    /// Titles of its pages of questions.
    pub pages: Vec<String>,
}

/// A release that is installed somewhere in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledSeen {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub release: String,
    /// Name of its product.
    pub product: String,
    /// The version of its newest revision.
    pub version: String,
    /// How that ended, in a word.
    pub outcome: String,
}

impl InstalledSeen {
    /// What it is, and where: `inngest v1.42.0 in events, deployed`.
    pub fn place(&self) -> String {
        let text = format!("{} {} in {}, {}", self.product, self.version, self.namespace, self.outcome);
        crate::sanitize::line(&text)
    }
}

/// What a cluster said when it was contacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSeen {
    /// URL of its server.
    pub server: String,
    /// Its version, such as `v1.36.3`.
    pub version: String,
    /// Its nodes in words: `12 nodes`, `nodes may not be listed`.
    pub nodes: String,
    /// A guess at who runs it; empty when there is no sign.
    pub provider: String,
    /// What an operator should know before going on.
    pub warnings: Vec<String>,
    /// Its namespaces, or why they cannot be listed.
    pub namespaces: Result<Vec<String>, String>,
    /// What is installed in it already, as far as it may be seen.
    pub installed: Vec<InstalledSeen>,
}

/// A release that stands in the namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseSeen {
    /// Its name.
    pub name: String,
    /// Name of its product.
    pub product: String,
    /// The version of its newest revision.
    pub version: String,
    /// Its profile; empty when it was not read.
    pub profile: String,
    /// Number of its newest revision.
    pub revision: u32,
    /// How that ended, in a word: `deployed`, `failed`, `pending`.
    pub outcome: String,
}

/// What was found where the release is to live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceSeen {
    /// The namespace exists.
    pub exists: bool,
    /// It is being deleted.
    pub terminating: bool,
    /// The releases in it, or why they cannot be read.
    pub releases: Vec<ReleaseSeen>,
    /// Why the releases cannot be read; empty when they were.
    pub unread: String,
    /// What an earlier install left, where the release has no record.
    pub left: Vec<LeftSeen>,
}

/// A volume or key Secret that an earlier install left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftSeen {
    /// Its name.
    pub name: String,
    /// What it is, such as `volume, 8Gi` or `keys`.
    pub about: String,
}

/// Everything that is settled before the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Name of the context.
    pub context: String,
    /// Name of the product.
    pub product: String,
    /// Id of the profile.
    pub profile: String,
    /// Namespace.
    pub namespace: String,
    /// Name of the release.
    pub release: String,
    /// What becomes of what an earlier install left, each `NAME=use|aside|wipe`.
    pub existing: Vec<String>,
}

/// What the way in asks of the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Contact the cluster of a context.
    Contact(String),
    /// Look at the namespace.
    Look(Chosen),
    /// Make the form.
    Prepare(Chosen),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The cluster of a context, or why it cannot be reached.
    Contacted(String, Result<ClusterSeen, Failure>),
    /// The namespace.
    Looked(Chosen, Result<PlaceSeen, Failure>),
    /// The form is made, or cannot be.
    Prepared(Chosen, Result<(), Failure>),
}

/// Does what the way in asks: contacts clusters, makes forms and plans. Implemented where everything is known.
pub trait Guide {
    /// Contacts the cluster of a context, and no other.
    ///
    /// # Errors
    /// It cannot be reached, or does not accept who we are.
    fn contact<'a>(&'a self, context: &'a str) -> LocalBoxFuture<'a, Result<ClusterSeen, Failure>>;

    /// Looks at the namespace and the releases in it, in the cluster that was contacted.
    ///
    /// # Errors
    /// It cannot be reached any more.
    fn look<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<PlaceSeen, Failure>>;

    /// Makes the form over what was chosen and what the cluster says.
    ///
    /// # Errors
    /// What was chosen cannot be installed there.
    fn prepare<'a>(&'a self, chosen: &'a Chosen) -> LocalBoxFuture<'a, Result<FormQuestions, Failure>>;

    /// Makes the plan out of the answers of a form that was made for what was chosen.
    ///
    /// # Errors
    /// The product cannot be rendered, or the cluster cannot be read.
    fn overview<'a>(&'a self, chosen: &'a Chosen, form: &'a Form) -> LocalBoxFuture<'a, Result<Overview, Failure>>;

    /// Writes the answers file that repeats the run: where it is, and on a second line the command; or one line that says
    /// why it cannot be written.
    fn save(&self, form: &Form) -> String;

    /// Keeps a draft; says where it is and what is not in it.
    ///
    /// # Errors
    /// Nothing was decided that could be kept, or it cannot be written.
    fn keep(&self, draft: Draft) -> Result<String, Failure>;

    /// Something of an installed release that is read without leaving the session.
    ///
    /// # Errors
    /// The cluster cannot be read, or the release is gone.
    fn read<'a>(&'a self, of: &'a Menu, deed: Deed) -> LocalBoxFuture<'a, Result<String, Failure>>;

    /// The revisions that an installed release can go back to, the newest first.
    ///
    /// # Errors
    /// As [`Guide::read`].
    fn revisions<'a>(&'a self, of: &'a Menu) -> LocalBoxFuture<'a, Result<Vec<RevisionSeen>, Failure>>;

    /// Throws the draft away that was offered.
    ///
    /// # Errors
    /// It cannot be removed.
    fn throw_away(&self) -> Result<(), Failure>;
}

/// How a session begins.
#[derive(Default)]
pub struct Entry {
    /// What can be chosen, and what is settled.
    pub way: Way,
    /// A draft that was found.
    pub offer: Option<Offer>,
    /// What was agreed to, and has to be looked at again.
    pub again: Option<Again>,
    /// The page of an installed release comes first, at what was wanted of it before.
    pub menu: Option<Wanted>,
}

/// A plan that was agreed to, and has to be looked at again.
pub struct Again {
    /// The answers.
    pub form: Form,
    /// Why.
    pub why: Why,
}

/// Why a plan that was agreed to is looked at again.
pub enum Why {
    /// It is not any more what the cluster would get: what moved, a sentence each.
    Moved(Vec<String>),
    /// An answer is to be changed, by its path: what it made stands still.
    Mend(String),
}

/// Why a cluster looks like one that others depend on; none when nothing says so.
pub fn looks_like_production(context: &str, server: &str) -> Option<String> {
    let sign = |text: &str| {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
            matches!(word.as_str(), "prod" | "production" | "prd" | "live")
        })
    };
    if sign(context) {
        Some("its name says production".into())
    } else if sign(server) {
        Some("its address says production".into())
    } else {
        None
    }
}
