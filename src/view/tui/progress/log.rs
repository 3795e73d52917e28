//! How the log of the selected pod is looked at: followed or not, filtered, wrapped.

use crossterm::event::{KeyCode, KeyEvent};

use super::super::cells::{cut, wrap};
use super::super::keys::typed;
use crate::event::EventKind;
use crate::view::progress::{ContainerLog, Progress};

/// The way a log is shown. Scrolling counts lines up from the end, so that nothing moves while lines come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogView {
    pub(super) follow: bool,
    pub(super) wrap: bool,
    pub(super) typing: bool,
    pub(super) filter: String,
    /// Lines from the end, 0 while following.
    up: usize,
    /// Lines that came since it was last followed.
    pub(super) new: usize,
}

/// Farther up than any kept log.
const TOP: usize = crate::view::progress::KEPT_LINES * 8;

impl LogView {
    pub(super) fn new() -> Self {
        Self { follow: true, wrap: false, typing: false, filter: String::new(), up: 0, new: 0 }
    }

    pub(super) fn go_to_end(&mut self) {
        self.up = 0;
        self.new = 0;
        self.follow = true;
    }

    pub(super) fn go_to_start(&mut self) {
        self.follow = false;
        self.up = TOP;
    }

    pub(super) fn toggle_follow(&mut self) {
        if self.follow {
            self.follow = false;
        } else {
            self.go_to_end();
        }
    }

    pub(super) fn scroll_up(&mut self, by: usize) {
        self.follow = false;
        self.up = self.up.saturating_add(by).min(TOP);
    }

    pub(super) fn scroll_down(&mut self, by: usize) {
        self.up = self.up.saturating_sub(by);
        if self.up == 0 {
            self.go_to_end();
        }
    }

    pub(super) fn clear_filter(&mut self) {
        self.filter.clear();
        self.typing = false;
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

    fn matches(&self, line: &str) -> bool {
        self.filter.is_empty() || line.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// A line came: what is looked at stays where it is.
    pub(super) fn came(&mut self, kind: &EventKind, shown: Option<&str>) {
        let EventKind::LogLine { pod, text, .. } = kind else { return };
        if self.follow || shown != Some(pod.as_str()) || !self.matches(text) {
            return;
        }
        self.new += 1;
        self.up = self.up.saturating_add(1).min(TOP);
    }

    /// The lines that fit, oldest first.
    pub(super) fn lines(&self, log: &ContainerLog, cells: usize, height: usize, ellipsis: &str) -> Vec<String> {
        let mut shown: Vec<String> = Vec::new();
        let wanted = if self.follow { height } else { height.saturating_add(self.up) };
        for line in log.lines.iter().rev().filter(|line| self.matches(line)) {
            if self.wrap {
                shown.extend(wrap(line, cells).into_iter().rev());
            } else {
                shown.push(cut(line, cells, ellipsis));
            }
            if shown.len() >= wanted {
                break;
            }
        }
        shown.reverse();
        let up = if self.follow { 0 } else { self.up };
        let end = shown.len().saturating_sub(up).max(height.min(shown.len()));
        shown.truncate(end);
        shown.split_off(end.saturating_sub(height))
    }
}

/// The log of a pod to show: of the container that failed or spoke last, by restarts and then by lines.
pub(super) fn of_pod<'a>(progress: &'a Progress, pod: &str) -> Option<(&'a str, &'a ContainerLog)> {
    let from = (pod.to_string(), String::new());
    let logs = progress.logs.range(from..).take_while(|((name, _), _)| name == pod);
    let state = progress.pods.values().find(|(state, _)| state.name == pod).map(|(state, _)| state);
    logs.max_by_key(|((_, container), log)| {
        let container = state.and_then(|state| state.containers.iter().find(|known| &known.name == container));
        let troubled = container.is_some_and(|container| !container.ready && container.state != "terminated");
        let running = container.is_some_and(|container| !container.init);
        (troubled, running, log.total)
    })
    .map(|((_, container), log)| (container.as_str(), log))
}
