//! What is shown while a plan is made: the loop never waits for a cluster. When it cannot be made, why, and the way back.

use ratatui::Frame;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::cells::wrap;
use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, Theme, paint};
use crate::error::Failure;
use crate::view::questions::Whereabouts;

/// How it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Back to the questions.
    Back,
    /// Once more.
    Again,
    /// A signal.
    Signal(Signal),
}

/// State of the screen.
pub(super) struct App {
    here: Whereabouts,
    theme: Theme,
    failed: Option<Failure>,
    /// The help page, scrolled down by lines.
    help: Option<usize>,
    left: Option<Left>,
}

const ABOUT: &str = "The plan is made from what is in the cluster now, and tried there without writing anything. It takes \
    a second or two; a slow cluster is waited for.";

impl App {
    /// While it is made.
    pub(super) fn new(here: Whereabouts, theme: Theme) -> Self {
        Self { here, theme, failed: None, help: None, left: None }
    }

    /// It cannot be made.
    pub(super) fn failed(self, failure: Failure) -> Self {
        Self { failed: Some(failure), ..self }
    }

    fn place(&self) -> Place {
        if self.failed.is_some() { Place::Unmade } else { Place::Waiting }
    }

    pub(super) fn left(&self) -> Option<Left> {
        self.left
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) => {
                let place = if self.help.is_some() { Place::Help } else { self.place() };
                match (keys::action(place, &key), self.help) {
                    (Some(Action::Redraw), _) => return vec![Effect::Redraw],
                    (Some(Action::Suspend), _) => return vec![Effect::Suspend],
                    (Some(Action::Help), _) => self.help = Some(0),
                    (Some(Action::Down), Some(down)) => self.help = Some((down + 1).min(200)),
                    (Some(Action::Up), Some(down)) => self.help = Some(down.saturating_sub(1)),
                    (Some(Action::Back), Some(_)) => self.help = None,
                    (Some(Action::Accept), None) => self.left = Some(Left::Again),
                    (Some(Action::Back | Action::Interrupt), _) => self.left = Some(Left::Back),
                    _ => {}
                }
            }
            Msg::Signal(Signal::Interrupt) => self.left = Some(Left::Back),
            Msg::Signal(signal) => self.left = Some(Left::Signal(signal)),
            _ => {}
        }
        if self.left.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        if paint::too_small(frame, self.theme, "making the plan") {
            return;
        }
        let parts = paint::frame(frame, self.theme, &self.here, "review");
        if let Some(down) = self.help {
            return paint::help(frame, self.theme, self.place(), down, &[ABOUT.to_string()]);
        }
        let cells = usize::from(parts.body.width).saturating_sub(8);
        let mut lines = vec![Line::raw("")];
        match &self.failed {
            None => lines.push(Line::raw("   making the plan: reading what is in the cluster ...")),
            Some(failure) => {
                lines.push(Line::styled(format!("   ! {}", failure.what), self.theme.bad()));
                let place = Some(&failure.place).filter(|place| !place.is_empty()).map(|place| ("where", place));
                let why = failure.why.iter().map(|why| ("why", why));
                let hints = failure.hints.iter().map(|hint| ("do", hint));
                for (name, text) in place.into_iter().chain(why).chain(hints) {
                    for (i, line) in wrap(text, cells.saturating_sub(8)).into_iter().enumerate() {
                        lines.push(Line::raw(format!("     {:<6} {line}", if i == 0 { name } else { "" })));
                    }
                }
                lines.push(Line::raw(""));
                lines.push(Line::styled("   Nothing was written.", self.theme.dim()));
            }
        }
        frame.render_widget(Paragraph::new(lines), parts.body);
        paint::footer(frame, self.theme, parts.footer, self.place(), "");
    }

    fn ticks(&self) -> bool {
        false
    }
}
