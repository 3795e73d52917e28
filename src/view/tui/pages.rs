//! The list of pages that stands on the left of a wide screen: done, faulty and open ones, and which one is shown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cells::pad;
use super::theme::Theme;

/// Width of the list, in cells.
pub(super) const WIDTH: u16 = 18;

/// How a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Done,
    Faulty,
    Open,
}

/// A page in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) sign: Sign,
    /// It comes only after what is asked now.
    pub(super) later: bool,
}

/// Draws the list; the review closes it.
pub(super) fn draw(frame: &mut Frame<'_>, theme: Theme, area: Rect, entries: &[Entry], marked: usize) {
    let cells = usize::from(area.width).saturating_sub(6);
    let signs = theme.signs;
    let mut lines = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let (sign, style) = match entry.sign {
            Sign::Faulty => (signs.failed, theme.bad()),
            Sign::Done => (signs.ready, theme.good()),
            Sign::Open => ("", theme.plain()),
        };
        let title = match (i == marked, entry.later) {
            (true, _) => theme.reverse(),
            (false, true) => theme.dim(),
            (false, false) => theme.plain(),
        };
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<3} ", if i == marked && sign.is_empty() { signs.marker } else { sign }), style),
            Span::styled(pad(&entry.title, cells, signs.ellipsis), title),
        ]));
    }
    lines.push(Line::styled("     Review", theme.dim()));
    frame.render_widget(Paragraph::new(lines), area);
}
