//! The plan as a tree: groups by what happens, objects, fields.

use crate::plan::Verb;
use crate::view::overview::{Row, VERBS};

/// The objects to which the same happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// What happens: `create`, `change` …
    pub(super) verb: &'static str,
    /// The objects, as indices, in the order in which they are written.
    pub(super) objects: Vec<usize>,
}

impl Group {
    /// Its heading: `Create 14`.
    pub(super) fn title(&self) -> String {
        let mut letters = self.verb.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
        format!("{} {}", first.chain(letters).collect::<String>(), self.objects.len())
    }

    /// What it means, where the word alone does not say it.
    pub(super) fn note(&self, doing: Verb) -> &'static str {
        match self.verb {
            "keep" if doing == Verb::Uninstall => "stays in the cluster: not touched",
            "keep" => "as it is wanted already: not touched",
            "replace" => "deleted, and made again",
            _ => "",
        }
    }
}

/// One line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A group, by its index.
    Group(usize),
    /// An object, by its index.
    Object(usize),
    /// A field of an object.
    Field(usize, usize),
    /// A finding, by its index.
    Finding(usize),
}

/// The groups that have objects, worst first.
pub(super) fn groups(objects: &[Row]) -> Vec<Group> {
    let of =
        |verb: &'static str| Group { verb, objects: (0..objects.len()).filter(|i| objects[*i].verb == verb).collect() };
    VERBS.into_iter().map(of).filter(|group| !group.objects.is_empty()).collect()
}

/// The sign of what happens to an object.
pub(super) fn sign(verb: &str) -> &'static str {
    match verb {
        "create" => "+",
        "change" => "~",
        "keep" => "=",
        "replace" => "!",
        _ => "-",
    }
}
