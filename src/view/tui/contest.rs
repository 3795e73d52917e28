//! Somebody else is changing the release: who, where and since when, and what can be done about it. Leaving is marked first,
//! and taking over is typed.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cells::wrap;
use super::decide::Nothing;
use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, Theme, paint, show};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::contest::{Contest, Wish};
use crate::view::questions::Whereabouts;

const ABOUT: &str = "Only one slipway changes a release at a time. Who holds it renews its hold while it lives; once it stops \
    doing so anybody may go on without a question.";

/// State of the screen.
pub(super) struct App {
    contest: Contest,
    theme: Theme,
    at: usize,
    /// What is typed to take over; none while it is not asked for.
    typed: Option<String>,
    said: String,
    /// The help page, scrolled down by lines.
    help: Option<usize>,
    wish: Option<Wish>,
    signal: Option<Signal>,
}

impl App {
    /// Over whoever holds the lock.
    pub(super) fn new(contest: Contest, theme: Theme) -> Self {
        Self { contest, theme, at: 0, typed: None, said: String::new(), help: None, wish: None, signal: None }
    }

    /// What is wanted, once it was said.
    pub(super) fn wish(&self) -> Option<Wish> {
        self.wish
    }

    fn place(&self) -> Place {
        match (self.help, &self.typed) {
            (Some(_), _) => Place::Help,
            (None, Some(_)) => Place::TakeOver,
            (None, None) => Place::Contest,
        }
    }

    fn accept(&mut self) {
        let wish = self.contest.choices()[self.at].0;
        match &self.typed {
            _ if wish != Wish::TakeOver => self.wish = Some(wish),
            None => self.typed = Some(String::new()),
            Some(typed) if typed.trim() == self.contest.name() => self.wish = Some(wish),
            Some(_) => self.said = format!("type {} in full to take over from it", self.contest.name()),
        }
    }

    fn type_key(&mut self, key: &KeyEvent) {
        let Some(text) = &mut self.typed else { return };
        match keys::typed(key) {
            Some(letter) => text.push(letter),
            None if key.code == KeyCode::Backspace => drop(text.pop()),
            None => {}
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else {
            self.type_key(key);
            return None;
        };
        let last = self.contest.choices().len() - 1;
        match (action, self.help) {
            (Action::Redraw, _) => return Some(Effect::Redraw),
            (Action::Suspend, _) => return Some(Effect::Suspend),
            (Action::Interrupt, _) => self.wish = Some(Wish::Leave),
            (Action::Help, _) => self.help = Some(0),
            (Action::Down, Some(down)) => self.help = Some((down + 1).min(200)),
            (Action::Up, Some(down)) => self.help = Some(down.saturating_sub(1)),
            (Action::Back, Some(_)) => self.help = None,
            (_, Some(_)) => {}
            (Action::Up, None) => self.at = self.at.saturating_sub(1),
            (Action::Down, None) => self.at = (self.at + 1).min(last),
            (Action::Accept, None) => self.accept(),
            (Action::Back, None) if self.typed.is_some() => self.typed = None,
            (Action::Back | Action::Quit, None) => self.wish = Some(Wish::Leave),
            _ => {}
        }
        None
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) => {
                if let Some(effect) = self.key(&key) {
                    return vec![effect];
                }
            }
            Msg::Signal(signal) => (self.wish, self.signal) = (Some(Wish::Leave), Some(signal)),
            _ => {}
        }
        if self.wish.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let theme = self.theme;
        if paint::too_small(frame, theme, &self.contest.said()) {
            return;
        }
        let Contest { release, namespace, context, practice, .. } = &self.contest;
        let here = Whereabouts {
            doing: release.clone(),
            context: context.clone(),
            namespace: namespace.clone(),
            practice: *practice,
        };
        let parts = paint::frame(frame, theme, &here, "locked");
        if let Some(down) = self.help {
            let place = if self.typed.is_some() { Place::TakeOver } else { Place::Contest };
            return paint::help(frame, theme, place, down, &[ABOUT.to_string()]);
        }
        let cells = usize::from(parts.body.width).saturating_sub(6);
        let mut lines = vec![Line::styled(" Somebody else is at it", theme.accent())];
        let said = crate::sanitize::line(&self.contest.said());
        lines.extend(wrap(&said, cells).into_iter().map(|line| Line::styled(format!("   {line}"), theme.warn())));
        lines.push(Line::raw(""));
        for (i, (_, text)) in self.contest.choices().iter().enumerate() {
            let (marker, style) =
                if i == self.at { (theme.signs.marker, theme.reverse()) } else { (" ", Style::default()) };
            lines.push(Line::from(vec![
                Span::styled(format!(" {marker} "), theme.accent()),
                Span::styled(crate::sanitize::line(text), style),
            ]));
        }
        if let Some(typed) = &self.typed {
            lines.push(Line::raw(""));
            let asked = format!("   Type {} to take over from it: ", crate::sanitize::line(self.contest.name()));
            lines.push(Line::from(vec![Span::raw(asked), Span::styled(format!("[ {typed} ]"), theme.bold())]));
        }
        frame.render_widget(Paragraph::new(lines), parts.body);
        paint::footer(frame, theme, parts.footer, self.place(), &self.said);
    }

    fn ticks(&self) -> bool {
        false
    }
}

/// Asks on this process's terminal; a signal is an error.
///
/// # Errors
/// The terminal cannot be entered or drawn, or a signal ended it; nothing was written.
pub async fn contest(contest: Contest, theme: Theme) -> Result<Wish, Failure> {
    let mut app = App::new(contest, theme);
    show(&mut app, None, futures::stream::pending(), &mut Nothing).await.map_err(|error| {
        Failure::new(FailureKind::Usage, "the full screen cannot be shown on this terminal")
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("ask in lines instead: --plain")
    })?;
    match app.signal {
        Some(Signal::Terminate | Signal::Hangup) => {
            Err(Failure::new(FailureKind::Terminated, "stopped by a signal").state(NOTHING_WRITTEN))
        }
        _ => Ok(app.wish().unwrap_or(Wish::Leave)),
    }
}
