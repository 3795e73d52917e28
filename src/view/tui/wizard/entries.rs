//! A list or pairs, entry by entry: a row each, and an empty one at the end to add another.

use crossterm::event::KeyEvent;
use serde_json::Value;

use super::super::keys;
use super::field::Field;
use crate::view::questions::{Input, QuestionView, Widget, as_lines};

/// The entries of one question while they are edited.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    /// Each entry is a name and a value.
    pub(super) pairs: bool,
    /// The rows; the last one is empty.
    pub(super) rows: Vec<Vec<Field>>,
    pub(super) row: usize,
    pub(super) cell: usize,
    /// What was handed over last, or stood at the beginning.
    known: String,
    /// It was changed since it was judged.
    pub(super) being_typed: bool,
}

/// What a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// On within the entries.
    Within,
    /// Over the last entry: done, on to the next question.
    Over,
    /// Before the first: back to the page.
    Before,
}

/// Whether a question is edited entry by entry: a list of words, or pairs.
pub(super) fn fits(question: &QuestionView) -> bool {
    match question.widget {
        Widget::List => question.kind != "items",
        Widget::Lines => question.kind == "map",
        _ => false,
    }
}

impl Entries {
    /// The entries that stand.
    pub(super) fn of(question: &QuestionView) -> Self {
        let pairs = question.kind == "map";
        let known = as_lines(question);
        // What was typed wrong on one line stands there with commas.
        let between = if known.contains('\n') || question.fault.is_none() { '\n' } else { ',' };
        let cells = |line: &str| match line.split_once('=') {
            Some((name, value)) if pairs => vec![Field::new(name, false), Field::new(value, false)],
            None if pairs => vec![Field::new(line, false), Field::new("", false)],
            _ => vec![Field::new(line, false)],
        };
        let mut rows: Vec<Vec<Field>> =
            known.split(between).map(str::trim).filter(|line| !line.is_empty()).map(cells).collect();
        rows.push(empty(pairs));
        let mut entries = Self { pairs, rows, row: 0, cell: 0, known: String::new(), being_typed: false };
        entries.known = entries.text();
        entries
    }

    fn text(&self) -> String {
        let rows = self.rows.iter().filter(|row| !is_empty(row));
        rows.map(|row| row.iter().map(|cell| cell.text().trim()).collect::<Vec<_>>().join("="))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The answer, where it is another one than was handed over last.
    pub(super) fn changed(&mut self) -> Option<Input> {
        self.being_typed = false;
        let text = self.text();
        if text == self.known {
            return None;
        }
        let input = if self.pairs {
            // The line end keeps a comma within a value.
            Input::Text(if text.is_empty() { text.clone() } else { format!("{text}\n") })
        } else {
            Input::Value(text.lines().map(Value::from).collect())
        };
        self.known = text;
        Some(input)
    }

    /// The row whose entry a fault is about: `entry 2 must be …`.
    pub(super) fn row_of(&self, fault: &str) -> Option<usize> {
        let number: usize = fault.strip_prefix("entry ")?.split([' ', ':']).next()?.parse().ok()?;
        let mut filled = (0..self.rows.len()).filter(|i| !is_empty(&self.rows[*i]));
        filled.nth(number.checked_sub(1)?)
    }

    fn is_last(&self) -> bool {
        self.row + 1 >= self.rows.len()
    }

    /// Enter: the next cell of a pair, the next entry; on the empty one at the end it is over.
    pub(super) fn accept(&mut self) -> Moved {
        if self.is_last() && is_empty(&self.rows[self.row]) { Moved::Over } else { self.next() }
    }

    /// The cell after this one.
    pub(super) fn next(&mut self) -> Moved {
        if self.is_last() && is_empty(&self.rows[self.row]) {
            return Moved::Over;
        }
        if self.pairs && self.cell == 0 {
            self.cell = 1;
        } else {
            self.go(self.row + 1);
            self.cell = 0;
        }
        Moved::Within
    }

    /// The cell before this one.
    pub(super) fn previous(&mut self) -> Moved {
        if self.cell > 0 {
            self.cell = 0;
        } else if self.row > 0 {
            self.go(self.row - 1);
            self.cell = usize::from(self.pairs);
        } else {
            return Moved::Before;
        }
        Moved::Within
    }

    /// Goes to a row; what was left empty on the way is taken out.
    pub(super) fn go(&mut self, row: usize) {
        let mut row = row;
        let mut i = 0;
        self.rows.retain(|cells| {
            let keep = !is_empty(cells) || i == row;
            if !keep && i < row {
                row -= 1;
            } else {
                i += 1;
            }
            keep
        });
        if self.rows.last().is_none_or(|last| !is_empty(last)) {
            self.rows.push(empty(self.pairs));
        }
        self.row = row.min(self.rows.len() - 1);
    }

    /// Takes the entry out.
    pub(super) fn remove(&mut self) {
        self.rows.remove(self.row);
        self.cell = 0;
        self.go(self.row);
    }

    /// Moves the entry up or down.
    pub(super) fn shift(&mut self, down: bool) {
        let other = if down { self.row + 1 } else { self.row.wrapping_sub(1) };
        // The empty one at the end stays there.
        if other < self.rows.len() && !is_empty(&self.rows[other]) && !is_empty(&self.rows[self.row]) {
            self.rows.swap(self.row, other);
            self.row = other;
        }
    }

    /// A key that is typed.
    pub(super) fn key(&mut self, key: &KeyEvent) {
        if self.pairs && self.cell == 0 && keys::typed(key) == Some('=') {
            self.cell = 1;
            return;
        }
        let emptied = is_empty(&self.rows[self.row]);
        if self.rows[self.row][self.cell].key(key) == Some(true) {
            self.being_typed = true;
        } else if emptied && key.code == crossterm::event::KeyCode::Backspace && self.row > 0 {
            // Backspace in an empty one goes back to the end of the one before.
            self.go(self.row - 1);
            self.cell = usize::from(self.pairs);
        }
        if self.is_last() && !is_empty(&self.rows[self.row]) {
            self.rows.push(empty(self.pairs));
        }
    }

    /// Pasted lines become entries.
    pub(super) fn paste(&mut self, pasted: &str) {
        self.being_typed = true;
        let lines: Vec<&str> = pasted.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                self.rows.insert(self.row + 1, empty(self.pairs));
                self.row += 1;
                self.cell = 0;
            }
            let parts = line.split_once('=').filter(|_| self.pairs && self.cell == 0);
            if let Some((name, value)) = parts {
                self.rows[self.row][0].paste(name.trim());
                self.rows[self.row][1].paste(value.trim());
                self.cell = 1;
            } else {
                self.rows[self.row][self.cell].paste(line);
            }
        }
        if self.rows.last().is_none_or(|last| !is_empty(last)) {
            self.rows.push(empty(self.pairs));
        }
    }
}

fn empty(pairs: bool) -> Vec<Field> {
    vec![Field::new("", false); if pairs { 2 } else { 1 }]
}

fn is_empty(row: &[Field]) -> bool {
    row.iter().all(|cell| cell.text().trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::keys as script;
    use super::*;

    fn entries(pairs: bool, rows: &[&str]) -> Entries {
        let cells =
            |row: &&str| row.splitn(if pairs { 2 } else { 1 }, '=').map(|cell| Field::new(cell, false)).collect();
        let mut rows: Vec<Vec<Field>> = rows.iter().map(cells).collect();
        rows.push(empty(pairs));
        let mut entries = Entries { pairs, rows, row: 0, cell: 0, known: String::new(), being_typed: false };
        entries.known = entries.text();
        entries
    }

    fn typed(entries: &mut Entries, text: &str) {
        for key in script(text) {
            entries.key(&key);
        }
    }

    #[test]
    fn entries_are_added_edited_moved_and_removed_and_one_is_always_empty_at_the_end() {
        let mut list = entries(false, &["a", "b", "c"]);
        typed(&mut list, "\"1\"");
        assert_eq!(list.text(), "a1\nb\nc");
        list.shift(true);
        assert_eq!((list.text().as_str(), list.row), ("b\na1\nc", 1));
        list.shift(true);
        list.shift(true);
        assert_eq!(list.text(), "b\nc\na1");
        list.go(0);
        list.remove();
        assert_eq!((list.text().as_str(), list.row), ("c\na1", 0));
        list.go(2);
        typed(&mut list, "\"new\"");
        assert_eq!((list.text().as_str(), list.rows.len()), ("c\na1\nnew", 4));
        assert_eq!(list.accept(), Moved::Within);
        assert_eq!(list.accept(), Moved::Over);
    }

    #[test]
    fn an_entry_that_is_emptied_is_gone_once_it_is_left() {
        let mut list = entries(false, &["a", "b"]);
        typed(&mut list, "backspace");
        list.go(1);
        assert_eq!((list.text().as_str(), list.row, list.rows.len()), ("b", 0, 2));
        typed(&mut list, "backspace backspace");
        assert_eq!((list.text().as_str(), list.row), ("", 0));
    }

    #[test]
    fn a_pair_is_a_name_and_a_value_and_an_equals_sign_goes_on_to_the_value() {
        let mut pairs = entries(true, &["disk=ssd"]);
        assert_eq!((pairs.next(), pairs.cell), (Moved::Within, 1));
        typed(&mut pairs, "\",x=y\"");
        assert_eq!(pairs.next(), Moved::Within);
        typed(&mut pairs, "\"zone=a\"");
        assert_eq!(pairs.text(), "disk=ssd,x=y\nzone=a");
        assert_eq!(pairs.changed(), Some(Input::Text("disk=ssd,x=y\nzone=a\n".into())));
        assert_eq!(pairs.changed(), None);
        assert_eq!((pairs.previous(), pairs.previous(), pairs.row, pairs.cell), (Moved::Within, Moved::Within, 0, 1));
        assert_eq!((pairs.previous(), pairs.previous()), (Moved::Within, Moved::Before));
    }

    #[test]
    fn pasted_lines_become_entries() {
        let mut list = entries(false, &[]);
        list.paste("one\n\n two \r\nthree\n");
        assert_eq!(list.text(), "one\ntwo\nthree");
        let mut pairs = entries(true, &["a=b"]);
        pairs.go(1);
        pairs.paste("c=d\ne=f");
        assert_eq!(pairs.text(), "a=b\nc=d\ne=f");
    }

    #[test]
    fn a_fault_names_the_row_of_its_entry() {
        let list = entries(false, &["80", "x"]);
        assert_eq!(list.row_of("entry 2 must be a whole number"), Some(1));
        assert_eq!(list.row_of("entry 9 must be a whole number"), None);
        assert_eq!(list.row_of("each must be a network"), None);
    }
}
