//! How the log of the selected pod is looked at: followed or not, filtered, wrapped. Lines are named by their number, so
//! that what stands still costs nothing while thousands come, and nothing but what is seen is cut or wrapped.

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::cells::{cut, wrap};
use super::super::keys::typed;
use crate::view::progress::{ContainerLog, Progress};

/// Pod and container.
pub(super) type Of = (String, String);

/// Which part of the log is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The end, whatever comes.
    End,
    /// Standing still: this line is the last one.
    Bottom(u64),
    /// Standing still at the first line that is kept.
    Top,
}

/// The way a log is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogView {
    pub(super) wrap: bool,
    pub(super) typing: bool,
    pub(super) filter: String,
    at: At,
    /// Lines that had come when it began to stand still.
    seen: u64,
    /// The lines that the filter lets through, by number, and of which log; only while there is a filter.
    matched: Option<(Of, VecDeque<u64>)>,
}

/// The lines that can be seen: all, or those that the filter lets through.
struct Entries<'a> {
    log: &'a ContainerLog,
    matched: Option<&'a VecDeque<u64>>,
    /// How many of the matched ones are not kept any more.
    gone: usize,
}

impl Entries<'_> {
    fn len(&self) -> usize {
        self.matched.map_or(self.log.lines.len(), |matched| matched.len() - self.gone)
    }

    fn number(&self, at: usize) -> u64 {
        match self.matched {
            None => self.log.first() + at as u64,
            Some(matched) => matched.get(self.gone + at).copied().unwrap_or_default(),
        }
    }

    /// How many of them come before a number.
    fn before(&self, number: u64) -> usize {
        match self.matched {
            None => usize::try_from(number.saturating_sub(self.log.first())).unwrap_or(usize::MAX).min(self.len()),
            Some(matched) => matched.partition_point(|known| *known < number).saturating_sub(self.gone),
        }
    }
}

impl LogView {
    pub(super) fn new() -> Self {
        Self { wrap: false, typing: false, filter: String::new(), at: At::End, seen: 0, matched: None }
    }

    pub(super) fn follows(&self) -> bool {
        self.at == At::End
    }

    pub(super) fn go_to_end(&mut self) {
        self.at = At::End;
    }

    pub(super) fn go_to_start(&mut self, log: &ContainerLog) {
        self.pause(log);
        self.at = At::Top;
    }

    pub(super) fn toggle_follow(&mut self, log: &ContainerLog) {
        if self.follows() {
            self.pause(log);
            self.at = At::Bottom(log.total.saturating_sub(1));
        } else {
            self.go_to_end();
        }
    }

    fn pause(&mut self, log: &ContainerLog) {
        if self.follows() {
            self.seen = log.total;
        }
    }

    /// Moves by lines, up when `by` is negative; at the end it follows again. `height` lines are seen.
    pub(super) fn scroll(&mut self, log: &ContainerLog, of: &Of, by: isize, height: usize) {
        let entries = self.entries(log, of);
        let Some(last) = entries.len().checked_sub(1) else { return };
        let first = last.min(height.saturating_sub(1));
        let now = match self.at {
            At::End => last,
            At::Bottom(number) => entries.before(number.saturating_add(1)).saturating_sub(1).max(first),
            At::Top => first,
        };
        let next = now.saturating_add_signed(by).max(first);
        let bottom = At::Bottom(entries.number(next.min(last)));
        if by > 0 && next >= last {
            return self.go_to_end();
        }
        if by < 0 && now == first {
            // Everything fits, or its start is seen already.
            return;
        }
        self.pause(log);
        self.at = bottom;
    }

    pub(super) fn clear_filter(&mut self) {
        self.filter.clear();
        self.typing = false;
        self.matched = None;
        self.go_to_end();
    }

    pub(super) fn type_text(&mut self, text: &str) {
        self.filter.extend(text.chars().filter(|c| !c.is_control()));
    }

    pub(super) fn type_key(&mut self, key: &KeyEvent) {
        if let Some(c) = typed(key) {
            self.filter.push(c);
        } else if key.code == KeyCode::Backspace {
            self.filter.pop();
        }
    }

    fn lets_through(&self, line: &str) -> bool {
        line.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Looks through a whole log: the filter changed, or the log is another one.
    pub(super) fn look_through(&mut self, log: Option<&ContainerLog>, of: Option<Of>) {
        self.matched = None;
        if self.filter.is_empty() {
            return;
        }
        let Some(of) = of else { return };
        let through = log.into_iter().flat_map(|log| {
            let numbered = (log.first()..).zip(&log.lines);
            numbered.filter(|(_, line)| self.lets_through(line)).map(|(number, _)| number)
        });
        self.matched = Some((of, through.collect()));
    }

    /// Whether the filter was looked through for this log.
    pub(super) fn knows(&self, of: Option<&Of>) -> bool {
        self.filter.is_empty() || self.matched.as_ref().map(|(known, _)| known) == of
    }

    /// A line came, with its number and the number of the first line that is kept.
    pub(super) fn came(&mut self, pod: &str, container: &str, text: &str, log: &ContainerLog) {
        if self.filter.is_empty() || !self.lets_through(text) {
            return;
        }
        let Some((of, numbers)) = &mut self.matched else { return };
        if of.0 != pod || of.1 != container {
            return;
        }
        numbers.push_back(log.total.saturating_sub(1));
        while numbers.front().is_some_and(|number| *number < log.first()) {
            numbers.pop_front();
        }
    }

    fn entries<'a>(&'a self, log: &'a ContainerLog, of: &Of) -> Entries<'a> {
        let matched = self.matched.as_ref().filter(|(known, _)| known == of).map(|(_, numbers)| numbers);
        let gone = matched.map_or(0, |numbers| numbers.partition_point(|number| *number < log.first()));
        Entries { log, matched, gone }
    }

    /// Lines that came since it stands still.
    pub(super) fn new_lines(&self, log: &ContainerLog, of: &Of) -> usize {
        if self.follows() {
            return 0;
        }
        let entries = self.entries(log, of);
        match entries.matched {
            None => usize::try_from(log.total.saturating_sub(self.seen)).unwrap_or(usize::MAX),
            Some(_) => entries.len() - entries.before(self.seen),
        }
    }

    /// The lines that fit, oldest first.
    pub(super) fn lines(
        &self,
        log: &ContainerLog,
        of: &Of,
        cells: usize,
        height: usize,
        ellipsis: &str,
    ) -> Vec<String> {
        let entries = self.entries(log, of);
        let drawn = |at: usize| match log.line(entries.number(at)) {
            Some(line) if self.wrap => wrap(line, cells),
            Some(line) => vec![cut(line, cells, ellipsis)],
            None => Vec::new(),
        };
        let end = match self.at {
            At::End => entries.len(),
            At::Bottom(number) => entries.before(number.saturating_add(1)).max(height).min(entries.len()),
            At::Top => {
                let mut shown: Vec<String> = (0..entries.len().min(height)).flat_map(drawn).collect();
                shown.truncate(height);
                return shown;
            }
        };
        let mut shown: VecDeque<String> = VecDeque::new();
        for at in (0..end).rev() {
            for line in drawn(at).into_iter().rev() {
                shown.push_front(line);
            }
            if shown.len() >= height {
                break;
            }
        }
        let over = shown.len().saturating_sub(height);
        shown.into_iter().skip(over).collect()
    }
}

/// The container of a pod to look at: the one that failed or spoke last, by trouble and then by lines.
pub(super) fn container_of<'a>(progress: &'a Progress, pod: &str) -> Option<&'a str> {
    let from = (pod.to_string(), String::new());
    let logs = progress.logs.range(from..).take_while(|((name, _), _)| name == pod);
    let state = progress.pods.values().find(|seen| seen.pod.name == pod).map(|seen| &seen.pod);
    let most = logs.max_by_key(|((_, container), log)| {
        let container = state.and_then(|state| state.containers.iter().find(|known| &known.name == container));
        let troubled = container.is_some_and(|container| !container.ready && container.state != "terminated");
        let running = container.is_some_and(|container| !container.init);
        (troubled, running, log.total)
    });
    most.map(|((_, container), _)| container.as_str())
        .or_else(|| state.and_then(|state| state.containers.first()).map(|container| container.name.as_str()))
}
