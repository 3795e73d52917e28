//! Which three answers were not yet seen together: a bit for each, since there are tens of thousands and each row is held
//! against all of them.

use super::cases::{Factor, Row};

/// A factor and one of its answers, both by number.
pub(super) type Answer = (usize, usize);

/// Every three answers of three factors, those that are still missing set.
pub(super) struct Threes {
    /// Number of the first answer of each factor, among the answers of all.
    starts: Vec<usize>,
    /// Every answer there is.
    answers: Vec<Answer>,
    missing: Vec<bool>,
    /// No three before this one is missing.
    from: usize,
}

impl Threes {
    /// All of them.
    pub(super) fn all(factors: &[Factor]) -> Self {
        let mut starts = Vec::new();
        let mut answers = Vec::new();
        for (number, factor) in factors.iter().enumerate() {
            starts.push(answers.len());
            answers.extend((0..factor.values.len()).map(|value| (number, value)));
        }
        let count = answers.len();
        let mut missing = vec![false; count * count * count];
        for x in 0..count {
            for y in x + 1..count {
                for z in y + 1..count {
                    missing[(x * count + y) * count + z] = answers[x].0 != answers[y].0 && answers[y].0 != answers[z].0;
                }
            }
        }
        Self { starts, answers, missing, from: 0 }
    }

    /// The first one that is missing.
    pub(super) fn first(&mut self) -> Option<[Answer; 3]> {
        self.from += self.missing[self.from..].iter().position(|missing| *missing)?;
        let count = self.answers.len();
        let (x, y, z) = (self.from / (count * count), self.from / count % count, self.from % count);
        Some([self.answers[x], self.answers[y], self.answers[z]])
    }

    /// How many missing ones a row has.
    pub(super) fn count(&self, row: &Row) -> usize {
        let mut count = 0;
        self.each(row, |at| count += usize::from(self.missing[at]));
        count
    }

    /// None that a row has is missing any more.
    pub(super) fn met_by(&mut self, row: &Row) {
        let mut met = Vec::new();
        self.each(row, |at| met.push(at));
        met.into_iter().for_each(|at| self.missing[at] = false);
    }

    /// One is not looked for any more.
    pub(super) fn settle(&mut self, three: [Answer; 3]) {
        let [x, y, z] = three.map(|answer| self.number(answer));
        let at = self.at(x, y, z);
        self.missing[at] = false;
    }

    /// None that holds both is looked for any more.
    pub(super) fn without(&mut self, pair: [Answer; 2]) {
        let [one, other] = pair.map(|answer| self.number(answer));
        for third in 0..self.answers.len() {
            let mut three = [one, other, third];
            three.sort_unstable();
            let at = self.at(three[0], three[1], three[2]);
            self.missing[at] = false;
        }
    }

    fn each(&self, row: &Row, mut say: impl FnMut(usize)) {
        let chosen: Vec<usize> = chosen(row).into_iter().map(|answer| self.number(answer)).collect();
        for (at, x) in chosen.iter().enumerate() {
            for (further, y) in chosen.iter().enumerate().skip(at + 1) {
                let begin = self.at(*x, *y, 0);
                chosen[further + 1..].iter().for_each(|z| say(begin + z));
            }
        }
    }

    fn number(&self, (factor, value): Answer) -> usize {
        self.starts[factor] + value
    }

    fn at(&self, x: usize, y: usize, z: usize) -> usize {
        let count = self.answers.len();
        (x * count + y) * count + z
    }
}

/// What a row answers, in the order of the factors.
pub(super) fn chosen(row: &Row) -> Vec<Answer> {
    row.iter().enumerate().filter_map(|(factor, value)| Some((factor, (*value)?))).collect()
}
