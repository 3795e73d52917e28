//! A product as data, checked and flat: what language.md describes, read by [`super::load`].

mod kind;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::Kind;

use super::adopt::Adopt;
use super::expression::{Expression, Template};
use super::node::{Node, Place};

/// Version of the product language that this program reads.
pub const LANGUAGE: i64 = 1;

/// What can be installed.
#[derive(Clone, Debug)]
pub struct Product {
    /// Name, the folder's.
    pub name: String,
    /// Title, for people.
    pub title: String,
    /// One line.
    pub about: String,
    /// Default namespace.
    pub namespace: String,
    /// Its names are constants: a second release in a namespace is refused.
    pub singleton: bool,
    /// Profiles, the default first.
    pub profiles: Vec<Profile>,
    /// Which versions may be installed.
    pub versions: Versions,
    /// Pages of questions in the order in which they are asked.
    pub pages: Vec<Page>,
    /// Every question by its path, those of components and keys included, in the order of the pages.
    pub questions: IndexMap<String, Question>,
    /// Checks over several answers.
    pub checks: Vec<CrossCheck>,
    /// Derived values by name (without `values.`), product scope.
    pub values: IndexMap<String, Derived>,
    /// Components by id.
    pub components: IndexMap<String, Component>,
    /// Manifests by group, the file's name or the component's id: what the product stands on, the product, what stands
    /// around it.
    pub groups: IndexMap<String, Group>,
    /// Checks after ready.
    pub health: Vec<Health>,
    /// Backups.
    pub backup: Vec<Scoped<Node>>,
    /// What log lines mean.
    pub log_patterns: Vec<LogPattern>,
    /// What to say at the end.
    pub notes: Vec<Note>,
    /// Gates between versions.
    pub gates: Vec<Gate>,
    /// How the schema of its data is migrated.
    pub migration: Vec<Migration>,
    /// Usual time to ready in seconds.
    pub usual_seconds: Option<(u64, u64)>,
    /// Rules of taste that are allowed in one place, with the reason.
    pub allow: Vec<Allow>,
    /// How a release of its Helm chart is taken over.
    pub adopt: Option<Adopt>,
    /// SHA-256 over its files, in hex.
    pub digest: String,
}

/// A derived value: a tree whose scalars may be templates.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The tree.
    pub node: Node,
}

/// A preset of answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its id, such as `production`.
    pub id: String,
    /// Title.
    pub title: String,
    /// One line.
    pub about: String,
    /// It stands for production: lint and the flows are stricter.
    pub production: bool,
    /// Answers that differ from the defaults; literals.
    pub answers: IndexMap<String, Value>,
}

/// Which versions may be installed.
#[derive(Clone, Debug)]
pub struct Versions {
    /// The default; never `latest`.
    pub default: String,
    /// What a version must satisfy, over `self`.
    pub accept: Option<Expression>,
    /// `semver` or `date`.
    pub order: String,
    /// Cuts the comparable text out of a tag.
    pub part: Option<String>,
}

/// A page of questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Paths of its questions in order.
    pub questions: Vec<String>,
}

/// In whose names an expression is read: the product's, or those of a component.
pub type ScopeId = Option<String>;

/// Something with the scope of its expressions.
#[derive(Clone, Debug)]
pub struct Scoped<T> {
    /// What.
    pub item: T,
    /// In whose names.
    pub scope: ScopeId,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Dotted path, the same in files, flags and expressions.
    pub path: String,
    /// Its type.
    pub kind: Kind,
    /// What is asked.
    pub ask: String,
    /// Why it matters.
    pub why: String,
    /// The default: a literal tree, or a tree with templates.
    pub default: Option<Node>,
    /// It may be left open.
    pub optional: bool,
    /// Asked only when this holds; else the answer is null.
    pub when: Option<Expression>,
    /// Rules over `self`.
    pub checks: Vec<Check>,
    /// Behind one key.
    pub advanced: bool,
    /// Pinned at install.
    pub sticky: bool,
    /// Regular expression of the part of the answer that cannot change over a volume that is kept: what is in the volume
    /// cannot be read otherwise. The first group of it, or all that it matches.
    pub fixed: Option<String>,
    /// Shown when the answer is wrong.
    pub example: String,
    /// Choices out of the cluster: a list-valued expression.
    pub from: Option<Expression>,
    /// How it is made, where it can be made.
    pub generate: Option<Generate>,
    /// What it opens (keys): templates.
    pub opens: Vec<Template>,
    /// How it is changed without shutting out who uses it.
    pub rotate: Option<Rotate>,
    /// In whose names its expressions are read.
    pub scope: ScopeId,
    /// Where it stands.
    pub place: Place,
}

impl Question {
    /// Whether its answer is a secret.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }
}

/// How a key is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Generate {
    /// That many hex digits.
    Hex(usize),
    /// That many letters and digits.
    Password(usize),
}

/// How a key is changed (cluster.md 3). A key without these words is changed in one step, and who does not have the new one
/// then is shut out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rotate {
    /// Several values are accepted at once, joined by this text; empty where only one is.
    pub join: String,
    /// Those who use it can know the next value before it is used, and must.
    pub clients_first: bool,
    /// It is the password of a database login, and is changed there too.
    pub database: Option<RotateDatabase>,
    /// What has to be known or done besides.
    pub say: String,
}

/// The login whose password a key is.
#[derive(Clone, Debug, PartialEq)]
pub struct RotateDatabase {
    /// The group whose pod is the server.
    pub group: String,
    /// Its user.
    pub user: Template,
    /// A database that it may connect to.
    pub database: Template,
}

/// A rule over `self`.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What must hold.
    pub that: Expression,
    /// What is said when it does not.
    pub say: String,
}

/// A rule over several answers, shown at one of them.
#[derive(Clone, Debug)]
pub struct CrossCheck {
    /// Path of the question it is shown at.
    pub at: String,
    /// The rule.
    pub check: Check,
    /// Where it stands.
    pub place: Place,
}

/// A component as a product uses it.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its id in the product.
    pub id: String,
    /// The component's name, the folder's.
    pub uses: String,
    /// Title, for people.
    pub title: String,
    /// `bundled`, `external` or `off`, in the product's names.
    pub mode: Template,
    /// Inputs as the component declares them.
    pub inputs: IndexMap<String, Input>,
    /// Inputs as the product gives them, in the product's names.
    pub with: BTreeMap<String, Node>,
    /// Outputs, in the component's names.
    pub outputs: IndexMap<String, Node>,
    /// Derived values of its own (`values.x` inside the component).
    pub values: IndexMap<String, Derived>,
    /// The container that waits for it, in the component's names.
    pub wait_for: Option<WaitFor>,
    /// Where the product names it.
    pub place: Place,
}

/// An input of a component.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its type.
    pub kind: Kind,
    /// It may be left out.
    pub optional: bool,
    /// The default.
    pub default: Option<Node>,
}

/// The container that waits for a component.
#[derive(Clone, Debug)]
pub struct WaitFor {
    /// Only when this holds.
    pub when: Option<Expression>,
    /// Its image.
    pub image: Template,
    /// Its command.
    pub command: Vec<Template>,
}

/// The manifests of a file or component.
#[derive(Clone, Debug)]
pub struct Group {
    /// In whose names they are read.
    pub scope: ScopeId,
    /// The objects, in the author's order.
    pub objects: Vec<Node>,
}

/// A check after ready.
#[derive(Clone, Debug)]
pub struct Health {
    /// Only when this holds.
    pub when: Option<Expression>,
    /// The group it speaks for.
    pub group: String,
    /// What is asked.
    pub probe: HealthProbe,
    /// Seconds.
    pub within_seconds: u64,
    /// In whose names it is read.
    pub scope: ScopeId,
}

/// What a health check asks.
#[derive(Clone, Debug)]
pub enum HealthProbe {
    /// GET a path of a Service's port.
    Http {
        /// Service.
        service: Template,
        /// Name or number of its port.
        port: Template,
        /// Path.
        path: Template,
    },
    /// A command in a pod of a group.
    Exec {
        /// The group.
        group: String,
        /// The command.
        command: Vec<Template>,
    },
}

/// What a log line means.
#[derive(Clone, Debug)]
pub struct LogPattern {
    /// Only when this holds.
    pub when: Option<Expression>,
    /// Regular expression.
    pub matches: String,
    /// Code of the finding.
    pub code: String,
    /// What it means.
    pub say: String,
    /// What to do.
    pub remedy: String,
    /// In whose names `when` is read.
    pub scope: ScopeId,
}

/// A note for the end.
#[derive(Clone, Debug)]
pub struct Note {
    /// Only when this holds.
    pub when: Option<Expression>,
    /// What is said.
    pub say: Template,
    /// In whose names it is read.
    pub scope: ScopeId,
}

/// A gate between versions, both ends inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// From this version.
    pub from: String,
    /// To this version.
    pub to: String,
    /// What changed and what to do first.
    pub say: String,
    /// `backup`, `stop`, `step`, or empty.
    pub requires: String,
    /// Its data is migrated there.
    pub migrates: bool,
}

/// How the schema of the data is migrated.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// Only when this holds.
    pub when: Option<Expression>,
    /// By the program, at its start; else by a Job.
    pub at_start: bool,
    /// The group of the Job.
    pub job: String,
    /// How long it may take, in seconds.
    pub budget_seconds: u64,
}

/// A rule of taste allowed in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Name of the rule.
    pub rule: String,
    /// Where: a question's path, `Kind/name`, or a container `Kind/name/container`.
    pub at: String,
    /// Why.
    pub reason: String,
}
