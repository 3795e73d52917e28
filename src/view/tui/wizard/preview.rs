//! What the answers make, live: the objects, and the YAML of one of them with the lines that the last answer changed.

use similar::{ChangeTag, TextDiff};

use crate::view::questions::MadeObject;

/// One object with what the last answer did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) object: MadeObject,
    /// It is new or changed.
    pub(super) changed: bool,
    /// For each line of its YAML, whether it is new or changed.
    pub(super) lines: Vec<bool>,
}

/// The objects, and which one is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Preview {
    pub(super) objects: Vec<Shown>,
    pub(super) at: usize,
    /// There is room for it beside the form.
    pub(super) wide: bool,
}

impl Preview {
    pub(super) fn new(objects: Vec<MadeObject>) -> Self {
        let objects = objects.into_iter().map(|object| Shown { object, changed: false, lines: Vec::new() }).collect();
        Self { objects, at: 0, wide: false }
    }

    /// The objects after an answer; the first that changed is looked at.
    pub(super) fn take(&mut self, objects: Vec<MadeObject>) {
        if objects.iter().eq(self.objects.iter().map(|shown| &shown.object)) {
            return;
        }
        let before = std::mem::take(&mut self.objects);
        self.objects = objects
            .into_iter()
            .map(|object| {
                let known =
                    before.iter().find(|shown| shown.object.kind == object.kind && shown.object.name == object.name);
                let old = known.map_or("", |shown| shown.object.yaml.as_str());
                let changed = known.is_none() || old != object.yaml;
                let lines = if changed { changed_lines(old, &object.yaml) } else { Vec::new() };
                Shown { object, changed, lines }
            })
            .collect();
        let changed = self.objects.iter().position(|shown| shown.changed);
        self.at = changed.unwrap_or(self.at).min(self.objects.len().saturating_sub(1));
    }

    pub(super) fn changed(&self) -> usize {
        self.objects.iter().filter(|shown| shown.changed).count()
    }

    pub(super) fn next(&mut self) {
        self.at = if self.is_last() { 0 } else { self.at + 1 };
    }

    pub(super) fn is_last(&self) -> bool {
        self.at + 1 >= self.objects.len()
    }

    pub(super) fn first(&mut self) {
        self.at = 0;
    }
}

fn changed_lines(old: &str, new: &str) -> Vec<bool> {
    let diff = TextDiff::from_lines(old, new);
    let kept = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Delete);
    kept.map(|change| change.tag() == ChangeTag::Insert).collect()
}
