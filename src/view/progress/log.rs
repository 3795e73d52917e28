//! One container's log, bounded in lines and in bytes.

use std::collections::VecDeque;

/// Lines that are kept of one container's log, where there is room for them.
pub const KEPT_LINES: usize = 10_000;
/// Bytes that all logs together may take.
const ROOM: usize = 16 << 20;
/// Bytes that each log may take, however many there are.
const LEAST_ROOM: usize = 16 << 10;

/// One container's log. A line has a number for ever: the first that came is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerLog {
    /// The last lines, safe to show.
    pub lines: VecDeque<String>,
    /// Lines that were dropped, since they came faster than they can be shown.
    pub dropped: u64,
    /// Lines that ever came.
    pub total: u64,
    /// Why the stream is broken, while it is.
    pub broken: Option<String>,
    bytes: usize,
    room: usize,
}

impl Default for ContainerLog {
    fn default() -> Self {
        Self { lines: VecDeque::new(), dropped: 0, total: 0, broken: None, bytes: 0, room: ROOM }
    }
}

impl ContainerLog {
    /// The number of the oldest line that is kept.
    pub fn first(&self) -> u64 {
        self.total.saturating_sub(self.lines.len() as u64)
    }

    /// A line by its number, while it is kept.
    pub fn line(&self, number: u64) -> Option<&str> {
        let at = number.checked_sub(self.first())?;
        self.lines.get(usize::try_from(at).ok()?).map(String::as_str)
    }

    /// Takes a line in; whether it is the first.
    pub(super) fn push(&mut self, text: &str) -> bool {
        self.broken = None;
        self.total += 1;
        self.bytes += text.len();
        self.lines.push_back(text.to_string());
        self.trim();
        self.total == 1
    }

    /// One of so many logs that share the room.
    pub(super) fn fit(&mut self, logs: usize) {
        self.room = (ROOM / logs.max(1)).max(LEAST_ROOM);
        self.trim();
    }

    fn trim(&mut self) {
        while self.lines.len() > KEPT_LINES || (self.bytes > self.room && self.lines.len() > 1) {
            let Some(gone) = self.lines.pop_front() else { return };
            self.bytes -= gone.len();
        }
    }
}
