//! What the answers make, live: the objects in their groups, and the YAML of one of them with the lines that the last
//! answer changed.

use similar::{ChangeTag, TextDiff};

use crate::preflight::Totals;
use crate::view::questions::{Made, MadeObject};

/// What the last answer did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    /// Nothing.
    No,
    /// It is made now, or comes out otherwise.
    Yes,
    /// It is not made any more.
    Gone,
}

/// One object with what the last answer did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) object: MadeObject,
    pub(super) touched: Touched,
    /// For each line of its YAML, whether it is new or changed.
    pub(super) lines: Vec<bool>,
}

/// The objects, and which one is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Preview {
    pub(super) objects: Vec<Shown>,
    pub(super) totals: Totals,
    /// Why nothing can be made at the moment: what is shown is then what could be made last.
    pub(super) missing: String,
    /// Answers that are still missing or wrong.
    pub(super) open: usize,
    pub(super) at: usize,
    /// First line of the YAML that is seen, once somebody scrolled it.
    scroll: Option<usize>,
}

impl Preview {
    pub(super) fn new(made: Made) -> Self {
        let untouched = |object| Shown { object, touched: Touched::No, lines: Vec::new() };
        let objects = made.objects.into_iter().map(untouched).collect();
        Self { objects, totals: made.totals, missing: made.missing, open: made.open, at: 0, scroll: None }
    }

    /// What is made after an answer; the first object that it changed is looked at.
    pub(super) fn take(&mut self, made: Made) {
        self.missing = made.missing;
        self.open = made.open;
        if !self.missing.is_empty() {
            // What cannot be made yet is not gone.
            return;
        }
        self.totals = made.totals;
        let looked_at = self.objects.get(self.at).map(|shown| shown.object.clone());
        let before: Vec<Shown> =
            std::mem::take(&mut self.objects).into_iter().filter(|shown| shown.touched != Touched::Gone).collect();
        let same = |one: &MadeObject, other: &MadeObject| one.kind == other.kind && one.name == other.name;
        self.objects = made
            .objects
            .into_iter()
            .map(|object| {
                let known = before.iter().find(|shown| same(&shown.object, &object));
                let old = known.map_or("", |shown| shown.object.yaml.as_str());
                let changed = known.is_none() || old != object.yaml;
                let lines = if changed { changed_lines(old, &object.yaml) } else { Vec::new() };
                Shown { object, touched: if changed { Touched::Yes } else { Touched::No }, lines }
            })
            .collect();
        let mut earlier: Option<MadeObject> = None;
        for gone in before {
            let object = gone.object.clone();
            if !self.objects.iter().any(|shown| same(&shown.object, &object)) {
                // It stays where it was: behind what stood before it.
                let before_it = |known: MadeObject| self.objects.iter().position(|shown| same(&shown.object, &known));
                let at = earlier.and_then(before_it).map_or(0, |before| before + 1);
                self.objects.insert(at, Shown { touched: Touched::Gone, lines: Vec::new(), ..gone });
            }
            earlier = Some(object);
        }
        let first = self.objects.iter().position(|shown| shown.touched == Touched::Yes);
        let first = first.or_else(|| self.objects.iter().position(|shown| shown.touched == Touched::Gone));
        let kept = || looked_at.and_then(|known| self.objects.iter().position(|shown| same(&shown.object, &known)));
        let next = first.or_else(kept).unwrap_or(0);
        if first.is_some() {
            self.scroll = None;
        }
        self.at = next;
    }

    /// How many objects the last answer touched.
    pub(super) fn changed(&self) -> usize {
        self.objects.iter().filter(|shown| shown.touched != Touched::No).count()
    }

    /// How many objects are made.
    pub(super) fn count(&self) -> usize {
        self.objects.iter().filter(|shown| shown.touched != Touched::Gone).count()
    }

    /// Looks at another object.
    pub(super) fn step(&mut self, down: bool) {
        let last = self.objects.len().saturating_sub(1);
        self.at = if down { (self.at + 1).min(last) } else { self.at.saturating_sub(1) };
        self.scroll = None;
    }

    /// Looks at the next object that the last answer touched; where it touched none, at the next one.
    pub(super) fn next_touched(&mut self, down: bool) {
        let touched: Vec<usize> = (0..self.objects.len()).filter(|i| self.objects[*i].touched != Touched::No).collect();
        let next = if down {
            touched.iter().find(|i| **i > self.at).or(touched.first())
        } else {
            touched.iter().rev().find(|i| **i < self.at).or(touched.last())
        };
        match next {
            Some(next) => {
                self.at = *next;
                self.scroll = None;
            }
            None => self.step(down),
        }
    }

    /// The first line of the YAML that is seen in so many: where somebody scrolled to, else so that the first changed line
    /// is seen with what it stands in.
    pub(super) fn top(&self, room: usize) -> usize {
        let Some(shown) = self.objects.get(self.at) else { return 0 };
        let last = shown.object.yaml.lines().count().saturating_sub(room);
        let first = shown.lines.iter().position(|changed| *changed).unwrap_or(0);
        let all = shown.lines.iter().all(|changed| *changed);
        let by_itself = if all || first + 3 <= room { 0 } else { first.saturating_sub(room / 2) };
        self.scroll.unwrap_or(by_itself).min(last)
    }

    /// Scrolls the YAML by so many lines from what is seen now.
    pub(super) fn scroll(&mut self, from: usize, by: isize) {
        let lines = self.objects.get(self.at).map_or(0, |shown| shown.object.yaml.lines().count());
        self.scroll = Some(from.saturating_add_signed(by).min(lines.saturating_sub(1)));
    }
}

fn changed_lines(old: &str, new: &str) -> Vec<bool> {
    let diff = TextDiff::from_lines(old, new);
    let kept = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Delete);
    kept.map(|change| change.tag() == ChangeTag::Insert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(objects: &[(&str, &str, &str)]) -> Made {
        let objects = objects.iter().map(|(group, name, yaml)| MadeObject {
            group: (*group).into(),
            kind: "Thing".into(),
            name: (*name).into(),
            yaml: (*yaml).into(),
            ..MadeObject::default()
        });
        Made { objects: objects.collect(), ..Made::default() }
    }

    fn told(preview: &Preview) -> Vec<(&str, Touched)> {
        preview.objects.iter().map(|shown| (shown.object.name.as_str(), shown.touched)).collect()
    }

    #[test]
    fn an_answer_marks_what_it_made_changed_and_took_away_until_the_next_one() {
        let mut preview =
            Preview::new(made(&[("a", "one", "x: 1\ny: 2\n"), ("a", "two", "z: 1\n"), ("b", "three", "q: 1\n")]));
        assert_eq!(preview.changed(), 0);
        preview.take(made(&[("a", "one", "x: 1\ny: 3\n"), ("b", "three", "q: 1\n"), ("b", "four", "n: 1\n")]));
        let wanted = [("one", Touched::Yes), ("two", Touched::Gone), ("three", Touched::No), ("four", Touched::Yes)];
        assert_eq!(told(&preview), wanted);
        assert_eq!((preview.changed(), preview.count(), preview.at), (3, 3, 0));
        assert_eq!(preview.objects[0].lines, [false, true]);
        preview.next_touched(true);
        assert_eq!(preview.at, 1);
        preview.next_touched(false);
        preview.next_touched(false);
        assert_eq!(preview.at, 3);
        // An answer that changes nothing leaves no mark, and what was looked at stays.
        preview.take(made(&[("a", "one", "x: 1\ny: 3\n"), ("b", "three", "q: 1\n"), ("b", "four", "n: 1\n")]));
        assert_eq!((preview.changed(), preview.objects[preview.at].object.name.as_str()), (0, "four"));
    }

    #[test]
    fn what_cannot_be_made_for_a_moment_is_not_gone() {
        let mut preview = Preview::new(made(&[("a", "one", "x: 1\n")]));
        preview.take(Made { missing: "database.url is not answered".into(), ..Made::default() });
        assert_eq!((told(&preview), preview.missing.is_empty()), (vec![("one", Touched::No)], false));
        preview.take(made(&[("a", "one", "x: 2\n")]));
        assert_eq!(told(&preview), [("one", Touched::Yes)]);
        assert!(preview.missing.is_empty());
    }

    #[test]
    fn the_first_changed_line_is_seen_until_somebody_scrolls() {
        let yaml = |last: &str| format!("{}last: {last}\n", "line: 1\n".repeat(30));
        let mut preview = Preview::new(made(&[("a", "one", &yaml("1"))]));
        assert_eq!(preview.top(10), 0);
        preview.take(made(&[("a", "one", &yaml("2"))]));
        assert_eq!(preview.top(10), 21);
        preview.scroll(21, -20);
        assert_eq!(preview.top(10), 1);
        preview.scroll(1, -10);
        assert_eq!(preview.top(10), 0);
        preview.scroll(0, 1000);
        assert_eq!(preview.top(10), 21);
    }
}
