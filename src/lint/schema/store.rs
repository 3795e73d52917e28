//! The packed schemas: one line of plain JSON that says where they come from, then the definitions, compressed.
//!
//! Versions share the definitions that are equal in them; a body refers to others by the number of their *name*, and each
//! version has a table from names to bodies. So a change in one definition costs one body, not all that refer to it.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::ZlibDecoder;
use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::suggest::nearest;

/// Why the packed schemas cannot be read; it can only mean that the file was made by another version of slipway.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The first line is missing or is not what the script writes.
    #[error("the schemas have no readable first line: make them again with assets/kubernetes/make.py")]
    Header(#[source] Option<serde_json::Error>),
    /// Written in a format that this program does not know.
    #[error("the schemas are in format {0}, not 1: make them again with assets/kubernetes/make.py")]
    Format(u32),
    /// The compressed part is damaged.
    #[error("the schemas cannot be unpacked: make them again with assets/kubernetes/make.py")]
    Packed(#[from] std::io::Error),
    /// The index is not what the script writes.
    #[error("the schemas have no readable index: make them again with assets/kubernetes/make.py")]
    Index(#[source] Option<serde_json::Error>),
}

/// Where the schemas come from.
#[derive(Debug, Deserialize)]
pub struct Header {
    /// The format of the file.
    pub format: u32,
    /// The release that stands for each minor version: `1.36` → `v1.36.3`.
    pub versions: IndexMap<String, String>,
    /// Every source with its checksum: `module@version` → `h1:…`.
    pub pins: IndexMap<String, String>,
}

/// Whether objects of a kind live in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// They do.
    Namespaced,
    /// There is one of a name in the whole cluster.
    Cluster,
}

/// How a kind is addressed.
#[derive(Debug)]
pub struct Resource {
    /// The plural name in URLs and RBAC rules: `deployments`.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub scope: Scope,
    /// The number of its definition's name.
    pub(super) definition: usize,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType<'a> {
    /// By these fields together.
    Map(&'a [String]),
    /// By their value.
    Set,
    /// Not at all: the list is replaced as a whole.
    Atomic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Type {
    #[serde(rename = "s")]
    Text,
    #[serde(rename = "i")]
    Integer,
    #[serde(rename = "n")]
    Number,
    #[serde(rename = "b")]
    Boolean,
    #[serde(rename = "a")]
    List,
    #[serde(rename = "o")]
    Map,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Keyed {
    Map,
    Set,
}

/// A schema, reduced to what a check needs. The letters are explained in `assets/kubernetes/make.py`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Node {
    #[serde(rename = "t")]
    pub(super) kind: Option<Type>,
    #[serde(rename = "p")]
    pub(super) fields: BTreeMap<String, Node>,
    #[serde(rename = "r")]
    pub(super) required: Vec<String>,
    #[serde(rename = "a")]
    pub(super) others: Option<Box<Node>>,
    #[serde(rename = "k")]
    pub(super) open: bool,
    #[serde(rename = "i")]
    pub(super) items: Option<Box<Node>>,
    #[serde(rename = "l")]
    keyed: Option<Keyed>,
    #[serde(rename = "m")]
    keys: Vec<String>,
    #[serde(rename = "e")]
    pub(super) values: Vec<Value>,
    #[serde(rename = "f")]
    pub(super) format: Option<String>,
    #[serde(rename = "c")]
    pub(super) reference: Option<usize>,
    #[serde(rename = "d")]
    pub(super) default: Option<Value>,
    #[serde(rename = "x")]
    pub(super) pattern: Option<String>,
    #[serde(rename = "u")]
    pub(super) nullable: bool,
    #[serde(rename = "z")]
    pub(super) custom: bool,
    #[serde(rename = "lo")]
    pub(super) least: Option<f64>,
    #[serde(rename = "hi")]
    pub(super) most: Option<f64>,
    #[serde(rename = "sl")]
    pub(super) shortest: Option<usize>,
    #[serde(rename = "sh")]
    pub(super) longest: Option<usize>,
    #[serde(rename = "il")]
    pub(super) fewest_items: Option<usize>,
    #[serde(rename = "ih")]
    pub(super) most_items: Option<usize>,
    #[serde(rename = "ph")]
    pub(super) most_fields: Option<usize>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Node {
    /// The pattern, compiled once; `None` where there is none.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let pattern = self.pattern.as_ref()?;
        self.compiled.get_or_init(|| Regex::new(pattern).ok()).as_ref()
    }

    pub(super) fn list_type(&self) -> ListType<'_> {
        match self.keyed {
            Some(Keyed::Map) => ListType::Map(&self.keys),
            Some(Keyed::Set) => ListType::Set,
            None => ListType::Atomic,
        }
    }
}

#[derive(Deserialize)]
struct Index {
    names: Vec<String>,
    versions: Vec<(String, Vec<i64>)>,
    kinds: Vec<(String, String, usize, String, bool)>,
}

/// The bodies of one minor version.
pub(super) struct Table {
    pub(super) version: String,
    /// For each name the number of its body.
    bodies: Vec<Option<usize>>,
}

pub(super) struct Store {
    pub(super) header: Header,
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    tables: Vec<Table>,
    /// apiVersion → kind → how it is addressed.
    kinds: BTreeMap<String, BTreeMap<String, Resource>>,
    texts: Vec<Box<str>>,
    parsed: Vec<OnceLock<Node>>,
}

impl Store {
    pub(super) fn read(packed: &[u8]) -> Result<Self, SchemaError> {
        let end = packed.iter().position(|&byte| byte == b'\n').ok_or(SchemaError::Header(None))?;
        let header: Header =
            serde_json::from_slice(&packed[..end]).map_err(|error| SchemaError::Header(Some(error)))?;
        if header.format != 1 {
            return Err(SchemaError::Format(header.format));
        }
        let mut text = String::new();
        ZlibDecoder::new(&packed[end + 1..]).read_to_string(&mut text)?;
        let mut lines = text.split('\n');
        let index: Index =
            serde_json::from_str(lines.next().unwrap_or_default()).map_err(|error| SchemaError::Index(Some(error)))?;
        let texts: Vec<Box<str>> = lines.map(Box::from).collect();
        let whole = index.kinds.iter().all(|kind| kind.2 < index.names.len())
            && index.versions.iter().all(|(_, bodies)| bodies.len() == index.names.len());
        if !whole {
            return Err(SchemaError::Index(None));
        }
        let tables = index.versions.into_iter().map(|(version, bodies)| Table {
            version,
            bodies: bodies
                .into_iter()
                .map(|body| usize::try_from(body).ok().filter(|&body| body < texts.len()))
                .collect(),
        });
        let mut kinds: BTreeMap<String, BTreeMap<String, Resource>> = BTreeMap::new();
        for (api_version, kind, definition, plural, spaced) in index.kinds {
            let scope = if spaced { Scope::Namespaced } else { Scope::Cluster };
            kinds.entry(api_version).or_default().insert(kind, Resource { plural, scope, definition });
        }
        Ok(Self {
            header,
            tables: tables.collect(),
            numbers: index.names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect(),
            names: index.names,
            kinds,
            parsed: texts.iter().map(|_| OnceLock::new()).collect(),
            texts,
        })
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.version.as_str())
    }

    pub(super) fn table(&self, version: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.version == version)
    }

    /// The number of a definition's name, in whatever version.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    pub(super) fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    /// The definition nearest to a mistyped name: by its last part, which is what people know.
    pub(super) fn nearest_definition(&self, name: &str) -> Option<&str> {
        let last = |name: &'_ str| name.rsplit('.').next().map(str::len).unwrap_or_default();
        let short = &name[name.len() - last(name)..];
        let same =
            self.names.iter().find(|known| known.len() >= last(known) && known[known.len() - last(known)..] == *short);
        same.map(String::as_str).or_else(|| nearest(name, self.names.iter().map(String::as_str))).or_else(|| {
            let found = nearest(short, self.names.iter().map(|known| &known[known.len() - last(known)..]))?;
            self.names.iter().map(String::as_str).find(|known| known.ends_with(found))
        })
    }

    /// A definition as it is in one version; parsed when it is first asked for.
    pub(super) fn body(&self, table: &Table, number: usize) -> Option<&Node> {
        let body = (*table.bodies.get(number)?)?;
        // A body that could not be parsed accepts anything; a test parses every one.
        Some(self.parsed.get(body)?.get_or_init(|| serde_json::from_str(&self.texts[body]).unwrap_or_default()))
    }

    pub(super) fn resource(&self, table: &Table, api_version: &str, kind: &str) -> Option<&Resource> {
        let resource = self.kinds.get(api_version)?.get(kind)?;
        self.body(table, resource.definition).map(|_| resource)
    }

    /// Every apiVersion, kind and resource, of whatever version.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&str, &str, &Resource)> {
        self.kinds.iter().flat_map(|(api_version, kinds)| {
            kinds.iter().map(move |(kind, resource)| (api_version.as_str(), kind.as_str(), resource))
        })
    }

    /// The versions in which a definition is known.
    pub(super) fn known_in(&self, definition: usize) -> impl Iterator<Item = &str> {
        let known = move |table: &&Table| table.bodies.get(definition).is_some_and(Option::is_some);
        self.tables.iter().filter(known).map(|table| table.version.as_str())
    }

    /// The node that a path of field names leads to; items of lists are stepped into.
    pub(super) fn at<'s>(&'s self, table: &Table, definition: usize, path: &[&str]) -> Option<&'s Node> {
        let mut node = self.body(table, definition)?;
        for name in path {
            while node.kind == Some(Type::List) {
                node = self.resolved(table, node.items.as_deref()?)?;
            }
            let inner = node.fields.get(*name).or(node.others.as_deref())?;
            node = self.resolved(table, inner)?;
        }
        Some(node)
    }

    pub(super) fn resolved<'s>(&'s self, table: &Table, node: &'s Node) -> Option<&'s Node> {
        match node.reference {
            Some(number) => self.body(table, number),
            None => Some(node),
        }
    }

    #[cfg(test)]
    pub(super) fn unparsed(&self) -> Vec<String> {
        let texts = self.texts.iter().map(|text| text.to_string());
        texts.filter(|text| serde_json::from_str::<Node>(text).is_err()).collect()
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> Vec<&Node> {
        fn all<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
            found.push(node);
            node.fields.values().chain(node.items.as_deref()).chain(node.others.as_deref()).for_each(|n| all(n, found));
        }
        let mut found = Vec::new();
        for table in &self.tables {
            (0..self.names.len()).filter_map(|number| self.body(table, number)).for_each(|node| all(node, &mut found));
        }
        found
    }
}
