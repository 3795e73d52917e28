//! The offer to go on with a draft, before the first page: never silently, and nothing is thrown away by Enter alone.

use ratatui::Frame;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::cells::{cut, wrap};
use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, Theme, paint};
use crate::view::draft::{Choice, Offer};
use crate::view::questions::Whereabouts;

const ABOUT: &str = "A draft is what you decided before you left: cluster, product, profile, target and the answers that \
    you typed. No secret is in it. Nothing was written to a cluster, and going on contacts the one that is named here.";

/// How it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// What was chosen.
    Chosen(Choice),
    /// The operator left; the draft stays.
    Quit,
    /// A signal.
    Signal(Signal),
}

/// State of the screen.
pub(super) struct App {
    offer: Offer,
    here: Whereabouts,
    theme: Theme,
    marked: usize,
    help: Option<usize>,
    said: String,
    left: Option<Left>,
}

impl App {
    /// Over what was found.
    pub(super) fn new(offer: Offer, here: Whereabouts, theme: Theme) -> Self {
        Self { offer, here, theme, marked: 0, help: None, said: String::new(), left: None }
    }

    pub(super) fn left(&self) -> Option<Left> {
        self.left
    }

    /// Shown again after it could not be thrown away.
    pub(super) fn stay_here(&mut self, said: &str) {
        self.left = None;
        self.said = said.into();
    }

    fn place(&self) -> Place {
        if self.help.is_some() { Place::Help } else { Place::Draft }
    }

    fn key(&mut self, action: Action) -> Vec<Effect> {
        let last = self.offer.choices().len() - 1;
        match (action, self.help) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (Action::Interrupt, _) => self.left = Some(Left::Quit),
            (Action::Back | Action::Quit, Some(_)) => self.help = None,
            (Action::Down, Some(down)) => self.help = Some((down + 1).min(200)),
            (Action::Up, Some(down)) => self.help = Some(down.saturating_sub(1)),
            (_, Some(_)) => {}
            (Action::Help, None) => self.help = Some(0),
            (Action::Up, None) => self.marked = self.marked.saturating_sub(1),
            (Action::Previous, None) => self.marked = self.marked.checked_sub(1).unwrap_or(last),
            (Action::Down, None) => self.marked = (self.marked + 1).min(last),
            (Action::Next, None) => self.marked = if self.marked >= last { 0 } else { self.marked + 1 },
            (Action::Accept, None) => {
                self.left = self.offer.choices().get(self.marked).map(|(choice, _)| Left::Chosen(*choice));
            }
            (Action::Back, None) => self.left = Some(Left::Chosen(Choice::Anew)),
            _ => {}
        }
        Vec::new()
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = match msg {
            Msg::Key(key) => {
                self.said.clear();
                keys::action(self.place(), &key).map(|action| self.key(action)).unwrap_or_default()
            }
            Msg::Signal(Signal::Interrupt) => self.key(Action::Interrupt),
            Msg::Signal(signal) => {
                self.left = Some(Left::Signal(signal));
                Vec::new()
            }
            Msg::Said(said) => {
                self.said = said;
                Vec::new()
            }
            _ => Vec::new(),
        };
        if self.left.is_some() {
            effects.push(Effect::Quit);
        }
        effects
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let theme = self.theme;
        if paint::too_small(frame, theme, "a draft") {
            return;
        }
        let parts = paint::frame(frame, theme, &self.here, "draft");
        if let Some(down) = self.help {
            return paint::help(frame, theme, Place::Draft, down, &[ABOUT.to_string()]);
        }
        let cells = usize::from(parts.body.width);
        let mut lines =
            vec![Line::raw(""), Line::styled(format!("   {}", self.offer.asked()), theme.bold()), Line::raw("")];
        for (name, text) in self.offer.about() {
            for (i, line) in wrap(&text, cells.saturating_sub(20)).into_iter().enumerate() {
                let name = if i == 0 { name } else { "" };
                lines.push(Line::from(vec![Span::styled(format!("   {name:<12} "), theme.dim()), Span::raw(line)]));
            }
        }
        lines.push(Line::raw(""));
        for (i, (_, text)) in self.offer.choices().into_iter().enumerate() {
            let marked = i == self.marked;
            let marker = if marked { theme.signs.marker } else { " " };
            let style = if marked { theme.reverse() } else { theme.plain() };
            lines.push(Line::from(vec![
                Span::styled(format!(" {marker} "), theme.accent()),
                Span::styled(format!(" {} ", cut(text, cells.saturating_sub(6), theme.signs.ellipsis)), style),
            ]));
        }
        frame.render_widget(Paragraph::new(lines), parts.body);
        paint::footer(frame, theme, parts.footer, self.place(), &self.said);
    }

    fn ticks(&self) -> bool {
        false
    }
}
