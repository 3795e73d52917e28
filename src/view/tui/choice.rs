//! A choice that no page of questions leads to: what it is about in sentences, what can be done, and a name that is typed for the
//! one that takes something from somebody.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cells::wrap;
use super::decide::Nothing;
use super::keys::{self, Action, Place};
use super::session::unusable;
use super::{Effect, Msg, Screen, Signal, Theme, paint, show};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::questions::Whereabouts;

/// What is shown and asked. `T` is what a choice means.
pub(super) struct Choice<T> {
    /// Where.
    pub(super) here: Whereabouts,
    /// The word of the header.
    pub(super) stage: &'static str,
    /// The title.
    pub(super) title: String,
    /// What it is about, a sentence each.
    pub(super) said: Vec<String>,
    /// They are a warning.
    pub(super) warns: bool,
    /// What can be done; the first is marked at the beginning.
    pub(super) choices: Vec<(T, String)>,
    /// What leaving means.
    pub(super) leave: T,
    /// The choice that is made by typing a name, and that name.
    pub(super) typed: Option<(T, String)>,
    /// What typing it does: `take over from it`.
    pub(super) typing_does: &'static str,
    /// What else there is to know, for the help page.
    pub(super) about: String,
    /// Where its keys are: among the choices, and at the name.
    pub(super) places: (Place, Place),
}

/// State of the screen.
pub(super) struct App<T> {
    choice: Choice<T>,
    theme: Theme,
    at: usize,
    /// What is typed; none while no name is asked for.
    typed: Option<String>,
    said: String,
    /// The help page, scrolled down by lines.
    help: Option<usize>,
    chosen: Option<T>,
    signal: Option<Signal>,
}

impl<T: Copy + PartialEq> App<T> {
    /// The question.
    pub(super) fn new(choice: Choice<T>, theme: Theme) -> Self {
        Self { choice, theme, at: 0, typed: None, said: String::new(), help: None, chosen: None, signal: None }
    }

    /// What was chosen, once it was.
    pub(super) fn chosen(&self) -> Option<T> {
        self.chosen
    }

    fn under_help(&self) -> Place {
        if self.typed.is_some() { self.choice.places.1 } else { self.choice.places.0 }
    }

    fn place(&self) -> Place {
        if self.help.is_some() { Place::Help } else { self.under_help() }
    }

    fn accept(&mut self) {
        let Some((meant, _)) = self.choice.choices.get(self.at) else { return };
        match (self.choice.typed.as_ref().filter(|(guarded, _)| guarded == meant), &self.typed) {
            (None, _) => self.chosen = Some(*meant),
            (Some(_), None) => self.typed = Some(String::new()),
            (Some((_, name)), Some(typed)) if typed.trim() == name => self.chosen = Some(*meant),
            (Some((_, name)), Some(_)) => self.said = format!("type {name} in full to {}", self.choice.typing_does),
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
        let last = self.choice.choices.len().saturating_sub(1);
        match (action, self.help) {
            (Action::Redraw, _) => return Some(Effect::Redraw),
            (Action::Suspend, _) => return Some(Effect::Suspend),
            (Action::Interrupt, _) => self.chosen = Some(self.choice.leave),
            (Action::Help, _) => self.help = Some(0),
            (Action::Down, Some(down)) => self.help = Some((down + 1).min(200)),
            (Action::Up, Some(down)) => self.help = Some(down.saturating_sub(1)),
            (Action::Back, Some(_)) => self.help = None,
            (_, Some(_)) => {}
            (Action::Up, None) => self.at = self.at.saturating_sub(1),
            (Action::Down, None) => self.at = (self.at + 1).min(last),
            (Action::Accept, None) => self.accept(),
            (Action::Back, None) if self.typed.is_some() => self.typed = None,
            (Action::Back | Action::Quit, None) => self.chosen = Some(self.choice.leave),
            _ => {}
        }
        None
    }
}

impl<T: Copy + PartialEq> Screen for App<T> {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) => {
                if let Some(effect) = self.key(&key) {
                    return vec![effect];
                }
            }
            Msg::Signal(signal) => (self.chosen, self.signal) = (Some(self.choice.leave), Some(signal)),
            _ => {}
        }
        if self.chosen.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let (theme, choice) = (self.theme, &self.choice);
        let brief = if choice.warns { choice.said.join(" ") } else { choice.title.clone() };
        if paint::too_small(frame, theme, &brief) {
            return;
        }
        let parts = paint::frame(frame, theme, &choice.here, choice.stage);
        if let Some(down) = self.help {
            return paint::help(frame, theme, self.under_help(), down, std::slice::from_ref(&choice.about));
        }
        let cells = usize::from(parts.body.width).saturating_sub(6);
        let style = if choice.warns { theme.warn() } else { Style::default() };
        let mut lines = vec![Line::styled(format!(" {}", crate::sanitize::line(&choice.title)), theme.accent())];
        for said in &choice.said {
            let said = wrap(&crate::sanitize::line(said), cells);
            lines.extend(said.into_iter().map(|line| Line::styled(format!("   {line}"), style)));
        }
        lines.push(Line::raw(""));
        for (i, (_, text)) in choice.choices.iter().enumerate() {
            let (marker, style) =
                if i == self.at { (theme.signs.marker, theme.reverse()) } else { (" ", Style::default()) };
            lines.push(Line::from(vec![
                Span::styled(format!(" {marker} "), theme.accent()),
                Span::styled(crate::sanitize::line(text), style),
            ]));
        }
        if let (Some(typed), Some((_, name))) = (&self.typed, &choice.typed) {
            lines.push(Line::raw(""));
            let asked = format!("   Type {} to {}: ", crate::sanitize::line(name), choice.typing_does);
            lines.push(Line::from(vec![Span::raw(asked), Span::styled(format!("[ {typed} ]"), theme.bold())]));
        }
        frame.render_widget(Paragraph::new(lines), parts.body);
        paint::footer(frame, theme, parts.footer, self.place(), &self.said);
    }

    fn ticks(&self) -> bool {
        false
    }
}

/// Asks on this process's terminal.
///
/// # Errors
/// The terminal cannot be entered or drawn, or a signal ended it; nothing was written.
pub(super) async fn choose<T: Copy + PartialEq>(mut app: App<T>) -> Result<T, Failure> {
    show(&mut app, None, futures::stream::pending(), &mut Nothing).await.map_err(unusable)?;
    match app.signal {
        Some(Signal::Terminate | Signal::Hangup) => {
            Err(Failure::new(FailureKind::Terminated, "stopped by a signal").state(NOTHING_WRITTEN))
        }
        _ => Ok(app.chosen().unwrap_or(app.choice.leave)),
    }
}
