//! Checks objects against the Kubernetes schemas of every supported minor version, without a cluster.
//!
//! The schemas are made by `assets/kubernetes/make.py` from the documents that each Kubernetes release publishes, and from
//! the CRDs of the projects that products lean on (KEDA, cert-manager, Gateway API, prometheus-operator). They are 18 kB,
//! unpacked at the first check; a definition is parsed when it is first asked for.
//!
//! A check tells what a strict API server would refuse by shape: unknown fields, wrong types, what is missing, values
//! outside an enumeration, malformed names, quantities and ports, duplicates in lists that have keys. It does not know the
//! rules between fields (one source per volume, a selector that matches its template): those are said by a dry run.

use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

mod check;
mod shapes;
mod store;

#[cfg(test)]
mod tests;

pub use store::{Header, ListType, Resource, SchemaError, Scope};

use store::{Node, Store, Table, Type};

static PACKED: &[u8] = include_bytes!("../../assets/kubernetes/schemas.bin");

/// One way in which an object is not what Kubernetes accepts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaFault {
    /// Where, as kubectl writes it: `spec.template.spec.containers[0].image`; empty for the object itself.
    pub path: String,
    /// Of what kind.
    pub kind: FaultKind,
    /// What is the matter, in plain words. Never a value out of a Secret.
    pub what: String,
    /// What Kubernetes expects there; empty where `what` says it all.
    pub expected: String,
    /// What was probably meant, such as the nearest field's name.
    pub suggestion: Option<String>,
}

/// The kinds of faults, for callers that treat some differently (a kind whose CRD the product brings itself, say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// There are no schemas for that version of Kubernetes.
    UnknownVersion,
    /// No such apiVersion and kind in that version, or no such definition.
    UnknownKind,
    /// The definition has no such field.
    UnknownField,
    /// Text where a number belongs, and the like.
    WrongType,
    /// A required field is not there.
    Missing,
    /// Not one of the values that the field may have.
    NotOneOf,
    /// Of the right type, but malformed: a quantity, a name, a port, a date, base64.
    Malformed,
    /// Too small, too large, too short or too long.
    OutOfRange,
    /// Twice in a list that has keys, or in a set.
    Duplicate,
    /// A field that has no place here, such as a namespace on a kind that lives in none.
    Misplaced,
}

impl fmt::Display for SchemaFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&self.what)?;
        if !self.expected.is_empty() {
            write!(out, "; expected {}", self.expected)?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(out, "; did you mean {suggestion}?")?;
        }
        Ok(())
    }
}

/// The schemas of every supported minor version of Kubernetes.
///
/// Checking is read-only and may be done from several threads at once.
pub struct Schemas {
    store: Store,
}

impl Schemas {
    /// The schemas that the program carries, unpacked at the first call.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Schemas> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the bytes are part of the program, and a test reads all of them")]
            Schemas::read(PACKED).expect("assets/kubernetes/schemas.bin is whole")
        });
        &EMBEDDED
    }

    /// Reads what `assets/kubernetes/make.py` wrote.
    pub fn read(packed: &[u8]) -> Result<Self, SchemaError> {
        Ok(Self { store: Store::read(packed)? })
    }

    /// Where the schemas come from: the pinned sources.
    pub fn header(&self) -> &Header {
        &self.store.header
    }

    /// The supported minor versions, oldest first: `1.33`, `1.34` …
    pub fn versions(&self) -> Vec<&str> {
        self.store.versions().collect()
    }

    /// Checks a whole object against one minor version (`1.36`). No faults: a strict API server of that version takes its
    /// shape. Null counts as absent, as it does for Kubernetes' own kinds.
    pub fn check(&self, version: &str, object: &Value) -> Vec<SchemaFault> {
        match self.store.table(version) {
            Some(table) => check::object(&self.store, table, object),
            None => vec![self.unknown_version(version)],
        }
    }

    /// The paths of the fields that a whole object has and its kind does not, as [`Schemas::check`] writes them; none for
    /// a kind that is not known.
    pub fn unknown_fields(&self, version: &str, object: &Value) -> Vec<String> {
        let unknown = self.check(version, object).into_iter().filter(|fault| fault.kind == FaultKind::UnknownField);
        unknown.map(|fault| fault.path).collect()
    }

    /// Checks a part of an object, such as an answer of type object, against a named definition
    /// (`io.k8s.api.core.v1.Affinity`). Paths begin inside the part.
    pub fn check_definition(&self, version: &str, name: &str, value: &Value) -> Vec<SchemaFault> {
        match self.store.table(version) {
            Some(table) => check::definition(&self.store, table, name, value),
            None => vec![self.unknown_version(version)],
        }
    }

    /// Whether there is such a definition in any version; the nearest name where there is not.
    pub fn definition(&self, name: &str) -> Result<(), Option<&str>> {
        if self.store.number(name).is_some() { Ok(()) } else { Err(self.store.nearest_definition(name)) }
    }

    /// How a kind is addressed: plural name and scope. `None` for a kind that is not known in that version.
    pub fn resource(&self, version: &str, api_version: &str, kind: &str) -> Option<&Resource> {
        self.store.resource(self.store.table(version)?, api_version, kind)
    }

    /// Whether objects of a kind live in a namespace.
    pub fn scope(&self, version: &str, api_version: &str, kind: &str) -> Option<Scope> {
        self.resource(version, api_version, kind).map(|resource| resource.scope)
    }

    /// How the items of the list at `path` are told apart (`["spec", "template", "spec", "containers"]`; the items of a
    /// list on the way are stepped into without a word). `None` where there is no list, or the kind is not known.
    pub fn list_type(&self, version: &str, api_version: &str, kind: &str, path: &[&str]) -> Option<ListType<'_>> {
        let table = self.store.table(version)?;
        let resource = self.store.resource(table, api_version, kind)?;
        let node = self.store.at(table, resource.definition, path)?;
        (node.kind == Some(Type::List)).then(|| node.list_type())
    }

    /// The fields by which the items of the list at `path` are told apart, such as `["name"]` of containers; `None` where
    /// the list has none. See [`Schemas::list_type`].
    pub fn list_map_keys(&self, version: &str, api_version: &str, kind: &str, path: &[&str]) -> Option<&[String]> {
        match self.list_type(version, api_version, kind, path)? {
            ListType::Map(keys) => Some(keys),
            ListType::Set | ListType::Atomic => None,
        }
    }

    fn unknown_version(&self, version: &str) -> SchemaFault {
        SchemaFault {
            path: String::new(),
            kind: FaultKind::UnknownVersion,
            what: format!("there are no schemas for Kubernetes {version}"),
            expected: format!("one of {}", self.versions().join(", ")),
            suggestion: None,
        }
    }
}
