//! Whether something may be done that is no plan: what will be done, in sentences, and a choice. Where something goes out of use a
//! name is typed.

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
use crate::view::consent::Consent;

const LEAVE: &str = "Leave; nothing is written";

/// State of the screen.
pub(super) struct App {
    consent: Consent,
    theme: Theme,
    /// The second choice leaves.
    leaves: bool,
    /// What is typed to do it; none while it is not asked for.
    typed: Option<String>,
    said: String,
    /// The help page, scrolled down by lines.
    help: Option<usize>,
    agreed: Option<bool>,
    signal: Option<Signal>,
}

impl App {
    /// The question.
    pub(super) fn new(consent: Consent, theme: Theme) -> Self {
        let typed = None;
        Self { consent, theme, leaves: false, typed, said: String::new(), help: None, agreed: None, signal: None }
    }

    /// What was said, once it was.
    pub(super) fn agreed(&self) -> Option<bool> {
        self.agreed
    }

    fn place(&self) -> Place {
        match (self.help, &self.typed) {
            (Some(_), _) => Place::Help,
            (None, Some(_)) => Place::ConsentName,
            (None, None) => Place::Consent,
        }
    }

    fn accept(&mut self) {
        match (&self.consent.typed, &self.typed) {
            _ if self.leaves => self.agreed = Some(false),
            (None, _) => self.agreed = Some(true),
            (Some(_), None) => self.typed = Some(String::new()),
            (Some(name), Some(typed)) if typed.trim() == name => self.agreed = Some(true),
            (Some(name), Some(_)) => self.said = format!("type {name} in full to do it"),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Option<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else {
            if let Some(text) = &mut self.typed {
                match keys::typed(key) {
                    Some(letter) => text.push(letter),
                    None if key.code == KeyCode::Backspace => drop(text.pop()),
                    None => {}
                }
            }
            return None;
        };
        match (action, self.help) {
            (Action::Redraw, _) => return Some(Effect::Redraw),
            (Action::Suspend, _) => return Some(Effect::Suspend),
            (Action::Interrupt, _) => self.agreed = Some(false),
            (Action::Help, _) => self.help = Some(0),
            (Action::Down, Some(down)) => self.help = Some((down + 1).min(200)),
            (Action::Up, Some(down)) => self.help = Some(down.saturating_sub(1)),
            (Action::Back, Some(_)) => self.help = None,
            (_, Some(_)) => {}
            (Action::Up, None) => self.leaves = false,
            (Action::Down, None) => self.leaves = true,
            (Action::Accept, None) => self.accept(),
            (Action::Back, None) if self.typed.is_some() => self.typed = None,
            (Action::Back | Action::Quit, None) => self.agreed = Some(false),
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
            Msg::Signal(signal) => (self.agreed, self.signal) = (Some(false), Some(signal)),
            _ => {}
        }
        if self.agreed.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let theme = self.theme;
        if paint::too_small(frame, theme, &self.consent.asked) {
            return;
        }
        let parts = paint::frame(frame, theme, &self.consent.here, "review");
        if let Some(down) = self.help {
            let place = if self.typed.is_some() { Place::ConsentName } else { Place::Consent };
            return paint::help(frame, theme, place, down, std::slice::from_ref(&self.consent.about));
        }
        let cells = usize::from(parts.body.width).saturating_sub(6);
        let mut lines = vec![Line::styled(format!(" {}", crate::sanitize::line(&self.consent.asked)), theme.accent())];
        for said in &self.consent.said {
            let said = wrap(&crate::sanitize::line(said), cells);
            lines.extend(said.into_iter().map(|line| Line::raw(format!("   {line}"))));
        }
        lines.push(Line::raw(""));
        for (text, leaves) in [(self.consent.doing.as_str(), false), (LEAVE, true)] {
            let marked = leaves == self.leaves;
            let (marker, style) = if marked { (theme.signs.marker, theme.reverse()) } else { (" ", Style::default()) };
            lines.push(Line::from(vec![
                Span::styled(format!(" {marker} "), theme.accent()),
                Span::styled(crate::sanitize::line(text), style),
            ]));
        }
        if let (Some(typed), Some(name)) = (&self.typed, &self.consent.typed) {
            lines.push(Line::raw(""));
            let asked = format!("   Type {} to do it: ", crate::sanitize::line(name));
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
pub async fn consent(consent: Consent, theme: Theme) -> Result<bool, Failure> {
    let mut app = App::new(consent, theme);
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
        _ => Ok(app.agreed().unwrap_or(false)),
    }
}
