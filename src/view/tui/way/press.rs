//! What each key does on the pages before the questions.

use crossterm::event::{KeyCode, KeyEvent};

use super::super::Effect;
use super::super::keys::{self, Action};
use super::super::leaving::{self, Pressed};
use super::super::wizard::Field;
use super::{App, Left, Over};
use crate::view::way::{Contact, Part, Stop};

impl App {
    pub(super) fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let action = keys::action(self.place(), key);
        let typed = keys::typed(key);
        match (action, self.over) {
            (Some(Action::Redraw), _) => return vec![Effect::Redraw],
            (Some(Action::Suspend), _) => return vec![Effect::Suspend],
            (Some(Action::Interrupt), _) => self.interrupt(),
            (Some(Action::Help), Over::Pages(_) | Over::Leaving(_)) => self.over = Over::Help(0),
            (Some(action), Over::Leaving(marked)) => self.leaving_key(action, marked),
            (Some(action), Over::Pages(marked)) => self.pages_key(action, marked),
            (Some(Action::Back | Action::Quit), Over::Help(_)) => self.over = Over::Nothing,
            (Some(Action::Down), Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Some(Action::Up), Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (Some(Action::Help), Over::Nothing) => self.over = Over::Help(0),
            (Some(action), Over::Nothing) => self.page_key(action),
            (None, Over::Nothing) if self.stop == Stop::Target => self.field_key(key),
            (None, Over::Nothing) if self.stop != Stop::Profile => match (typed, key.code) {
                (Some(c), _) => self.narrow(|filter| filter.push(c)),
                (None, KeyCode::Backspace) => self.narrow(|filter| {
                    filter.pop();
                }),
                _ => {}
            },
            _ => {}
        }
        Vec::new()
    }

    fn narrow(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.filter);
        self.at = 0;
    }

    fn page_key(&mut self, action: Action) {
        if !matches!(action, Action::Accept | Action::PageDown) {
            self.going = false;
        }
        let last = self.rows().len().saturating_sub(1);
        match action {
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(last),
            Action::Previous if self.at > 0 => self.at -= 1,
            Action::Next if self.at < last => self.leave_field(),
            Action::Previous | Action::PageUp => self.previous_page(),
            Action::PageDown | Action::Next => self.next_page(),
            Action::Accept => self.accept(),
            Action::Pages => {
                self.take_drafts();
                self.look();
                self.over = Over::Pages(Stop::ALL.iter().position(|stop| *stop == self.stop).unwrap_or(0));
            }
            Action::Suggest => self.suggest(),
            Action::Reset => self.reset(),
            Action::Back if !self.filter.is_empty() => self.narrow(String::clear),
            Action::Back if self.stop == Stop::Where => self.over = Over::Leaving(0),
            Action::Back => self.previous_page(),
            _ => {}
        }
    }

    /// Takes what is typed into the field, and goes to the next one.
    fn leave_field(&mut self) {
        self.take_drafts();
        self.look();
        self.at += 1;
    }

    fn next_page(&mut self) {
        // What was given beforehand is passed by; going back shows it.
        let open = |stop: &Stop| *stop > self.stop && self.way.settled(*stop).is_none();
        match Stop::ALL.into_iter().find(open) {
            Some(next) => self.enter(next),
            None => self.go_on(),
        }
    }

    fn previous_page(&mut self) {
        self.take_drafts();
        if let Some(before) = Stop::ALL.into_iter().rev().find(|stop| *stop < self.stop) {
            self.enter(before);
        }
    }

    fn accept(&mut self) {
        let marked = self.rows().get(self.at).copied();
        if marked.is_none() {
            self.said = "nothing is marked; Backspace widens the list".into();
            return;
        }
        let marked = marked.unwrap_or(0);
        match self.stop {
            Stop::Where => {
                let Some(name) = self.way.contexts.get(marked).map(|context| context.name.clone()) else { return };
                let same = self.way.context() == Some(&name);
                match self.way.contact() {
                    Contact::Seen(_) if same => self.next_page(),
                    Contact::Asking if same => self.said = "still asking; PageDown goes on meanwhile".into(),
                    _ => {
                        self.filter.clear();
                        self.at = marked;
                        let ask = self.way.choose_context(&name);
                        self.pending.push(Effect::Ask(ask));
                    }
                }
            }
            Stop::What => {
                let installed = marked.checked_sub(self.way.products.len());
                if let Some(menu) = installed.and_then(|i| self.way.menu(i)) {
                    return self.left = Some(Left::Release(menu));
                }
                let Some(name) = self.way.products.get(marked).map(|product| product.name.clone()) else { return };
                self.way.choose_product(&name);
                self.next_page();
            }
            Stop::Profile => {
                let product = self.way.product();
                let id = product.and_then(|product| product.profiles.get(marked)).map(|profile| profile.id.clone());
                if let Some(id) = id.filter(|id| Some(id.as_str()) != self.way.profile()) {
                    self.way.choose_profile(&id);
                }
                self.next_page();
            }
            Stop::Target if self.at + 1 < self.rows().len() => self.leave_field(),
            Stop::Target => self.go_on(),
        }
    }

    /// The field of the target that is marked.
    fn draft(&mut self) -> &mut Field {
        let (slot, now) = match self.field() {
            Part::Namespace => (&mut self.namespace, self.way.namespace()),
            Part::Existing => (&mut self.existing, self.way.existing()),
            _ => (&mut self.release, self.way.release()),
        };
        slot.get_or_insert_with(|| Field::new(now, false))
    }

    fn field_key(&mut self, key: &KeyEvent) {
        self.going = false;
        self.draft().key(key);
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.over != Over::Nothing {
            return;
        }
        match self.stop {
            Stop::Target => {
                self.going = false;
                self.said = self.draft().paste(text).into();
            }
            Stop::Profile => {}
            _ => {
                let line: String = text.chars().filter(|c| !c.is_control()).collect();
                self.narrow(|filter| filter.push_str(&line));
            }
        }
    }

    /// The next namespace that holds what was typed; the same key goes round.
    fn suggest(&mut self) {
        if self.field() != Part::Namespace {
            self.said = "a name is typed; Ctrl-U brings the default back".into();
            return;
        }
        let now = self.namespace.as_ref().map_or(self.way.namespace(), Field::text).to_string();
        let next = match self.way.namespaces("") {
            Err(why) => Err(format!("namespaces cannot be listed: {why}")),
            Ok(all) if all.is_empty() => Err("the cluster lists no namespace".into()),
            Ok(all) => {
                // A whole name goes on to the one after it; a part of one to the first that holds it.
                let at = all.iter().position(|name| *name == now).map(|at| (at + 1) % all.len());
                let at = at.or_else(|| all.iter().position(|name| name.contains(&now))).unwrap_or(0);
                Ok(all[at].to_string())
            }
        };
        match next {
            Ok(next) => self.namespace = Some(Field::new(&next, false)),
            Err(why) => self.said = why,
        }
    }

    fn reset(&mut self) {
        let part = self.field();
        match part {
            Part::Namespace => self.namespace = None,
            Part::Existing => self.existing = None,
            _ => self.release = None,
        }
        self.way.forget(part);
        self.look();
    }

    pub(super) fn interrupt(&mut self) {
        let shown = matches!(self.over, Over::Leaving(_));
        if self.leaving.interrupt(shown) {
            self.left = Some(Left::Quit);
        }
        self.going = false;
        self.over = Over::Leaving(0);
    }

    /// The pages before the questions, one line each, and one line for everything after them.
    fn pages_key(&mut self, action: Action, marked: usize) {
        let last = Stop::ALL.len();
        match action {
            Action::Accept => {
                self.over = Over::Nothing;
                match Stop::ALL.get(marked) {
                    Some(stop) => self.enter(*stop),
                    None => self.go_on(),
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Up | Action::Previous => self.over = Over::Pages(marked.saturating_sub(1)),
            Action::Down | Action::Next => self.over = Over::Pages((marked + 1).min(last)),
            _ => {}
        }
    }

    fn leaving_key(&mut self, action: Action, marked: usize) {
        match leaving::press(action, marked, true) {
            Pressed::Marked(marked) => self.over = Over::Leaving(marked),
            Pressed::Stay => self.over = Over::Nothing,
            Pressed::Draft => {
                self.take_drafts();
                self.left = Some(Left::Draft);
            }
            Pressed::Without => self.left = Some(Left::Quit),
        }
    }
}
