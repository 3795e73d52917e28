//! What keys do on the progress screen.

use crossterm::event::KeyEvent;

use super::super::keys::{self, Action, Place};
use super::super::{Effect, StopChoice};
use super::{App, Forwarding, Over, Use, Want, draw};
use crate::view::progress::tree::Node;

/// The choices of Ctrl-C, the safest first: it has the focus.
pub(super) const STOPS: [(StopChoice, &str); 4] = [
    (StopChoice::AfterStep, "Stop after this step   what is on its way is finished first"),
    (StopChoice::Now, "Stop now               what is on its way may still arrive"),
    (StopChoice::Detach, "Leave it               slipway ends; slipway attach goes on later"),
    (StopChoice::AfterStep, "Go on"),
];
/// The choices before a run that still waits is left for an answer: the safe one has the focus.
pub(super) const MENDINGS: [&str; 2] = ["Go on waiting", "Stop waiting and change it; the plan is shown again"];
/// The choices before a run that is looked at is gone on with: the safe one has the focus.
pub(super) const GOINGS: [&str; 2] = ["Only look on", "Go on with what remains"];

impl App {
    pub(super) fn press(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let place = self.place();
        let Some(action) = keys::action(place, key) else {
            if self.log.typing {
                self.log.type_key(key);
                self.look_through();
            }
            return Vec::new();
        };
        match (action, self.over) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (_, Over::Stopping(marked)) => return self.stopping_key(action, marked),
            (_, Over::GoingOn(marked)) => return self.going_key(action, marked),
            (_, Over::Mending(marked)) => return self.mending_key(action, marked),
            (Action::Interrupt, _) => return self.interrupt(),
            (Action::Help, _) => self.over = Over::Help(0),
            (_, Over::Timeline(up)) => self.over = scrolled(action, up, true).map_or(Over::Nothing, Over::Timeline),
            (_, Over::Evidence(down)) => {
                self.over = scrolled(action, down, false).map_or(Over::Nothing, Over::Evidence);
            }
            (_, Over::Help(down)) => self.over = scrolled(action, down, false).map_or(Over::Nothing, Over::Help),
            (_, Over::Nothing) if place == Place::Done => return self.end_key(action),
            (_, Over::Nothing) => return self.pods_key(action),
        }
        Vec::new()
    }

    fn pods_key(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Next if self.shows_end() => self.looking = true,
            Action::Next => self.select_pod(true),
            Action::Previous => self.select_pod(false),
            Action::Open if self.zoomed => self.zoomed = false,
            Action::Open => self.open(),
            Action::Close => self.close(),
            Action::Zoom => self.zoomed = !self.zoomed && !self.shows_end(),
            Action::Container => self.next_container(),
            Action::Wrap => self.log.wrap = !self.log.wrap,
            Action::Filter if !self.shows_end() => {
                self.pin();
                self.log.typing = true;
            }
            Action::Accept => self.log.typing = false,
            Action::End => self.log.go_to_end(),
            Action::Events => self.over = Over::Timeline(0),
            Action::Evidence => self.over = Over::Evidence(0),
            Action::Up if !self.zoomed => self.walk(-1),
            Action::Down if !self.zoomed => self.walk(1),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Start | Action::Follow => {
                self.log_key(action);
            }
            Action::Back if self.log.typing || !self.log.filter.is_empty() => self.log.clear_filter(),
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back if self.looking => self.looking = false,
            Action::Back if self.over() => self.said = "q leaves; what is in the cluster stays".into(),
            Action::Back if self.progress.attached.is_some() => self.said = "q leaves; nothing is written here".into(),
            Action::Back => self.said = "Ctrl-C asks how to stop".into(),
            Action::Again if self.progress.attached.is_some() => self.over = Over::GoingOn(0),
            Action::Again => return vec![Effect::Want(Want::Again)],
            Action::GoBack if self.progress.back.is_some() => {
                self.going_back = true;
                return vec![Effect::Quit];
            }
            Action::GoBack => self.said = "no earlier revision ended well: there is none to go back to".into(),
            Action::Mend if self.over() => return self.leave_to_mend(),
            Action::Mend => self.over = Over::Mending(0),
            Action::Quit if self.over() => return vec![Effect::Quit],
            Action::Quit => return self.interrupt(),
            _ => {}
        }
        Vec::new()
    }

    /// After a good end: the keys are walked, copied and shown.
    fn end_key(&mut self, action: Action) -> Vec<Effect> {
        let keys = self.keys_left().len();
        let key = self.keys_left().get(self.key.min(keys.saturating_sub(1))).cloned();
        match (action, key) {
            (Action::Up, _) => self.key = self.key.min(keys.saturating_sub(1)).saturating_sub(1),
            (Action::Down, _) => self.key = (self.key + 1).min(keys.saturating_sub(1)),
            (Action::Copy | Action::Reveal, Some(key)) => {
                self.said = format!("reading secret {} ...", key.secret);
                let wanted = if action == Action::Copy { Use::Copy } else { Use::Reveal };
                return vec![Effect::Want(Want::Key(key, wanted))];
            }
            (Action::Copy | Action::Reveal, None) => self.said = "this release keeps no keys".into(),
            (Action::Forward, _) => return self.forward(),
            (Action::Open | Action::Zoom | Action::Filter | Action::Close, _) => {}
            (action, _) => return self.pods_key(action),
        }
        Vec::new()
    }

    fn forward(&mut self) -> Vec<Effect> {
        match &self.forwarding {
            Forwarding::Open(url) => self.said = format!("{url} leads to it while this screen is open"),
            Forwarding::Asked => {}
            _ if self.progress.run.as_ref().is_none_or(|run| run.door.is_none()) => {
                self.said = "no Service of it is known that would answer".into();
            }
            _ => {
                self.forwarding = Forwarding::Asked;
                return vec![Effect::Want(Want::Forward)];
            }
        }
        Vec::new()
    }

    /// What is looked at stays what is looked at, whatever else happens.
    fn pin(&mut self) {
        let (rows, at) = self.tree();
        if let Some(row) = rows.get(at) {
            let of = self.log_of(Some(row));
            self.selected = Some(row.node.clone());
            if let (Some((_, container)), Node::Pod(_) | Node::Step(_)) = (of, &row.node) {
                self.container = Some(container);
            }
        }
    }

    fn choose(&mut self, node: Node) {
        if self.selected.as_ref() != Some(&node) {
            self.container = None;
            self.log.go_to_end();
        }
        self.selected = Some(node);
        self.look_through_again();
    }

    fn walk(&mut self, by: isize) {
        let (rows, at) = self.tree();
        let next = at.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        if let Some(row) = rows.get(next) {
            self.choose(row.node.clone());
        }
    }

    /// The next line that is a pod, round and round.
    fn select_pod(&mut self, forward: bool) {
        let (rows, at) = self.tree();
        let len = rows.len();
        let order = (1..=len).map(|by| if forward { (at + by) % len } else { (at + len - by % len) % len });
        let next = order.map(|at| &rows[at]).find(|row| {
            matches!(row.node, Node::Pod(_)) || (row.open == Some(false) && self.log_of(Some(row)).is_some())
        });
        if let Some(row) = next {
            self.choose(row.node.clone());
        }
    }

    /// Opens what is folded; what has nothing more to open shows its log on the whole screen.
    fn open(&mut self) {
        if self.shows_end() {
            return;
        }
        let (rows, at) = self.tree();
        let Some(row) = rows.get(at) else { return };
        let pod = matches!(row.node, Node::Pod(_) | Node::Container(..));
        match row.open {
            Some(open) if !(open && pod) => {
                self.opened.insert(row.node.clone(), !open);
                self.selected = Some(row.node.clone());
            }
            _ if self.log_of(Some(row)).is_some() => {
                self.pin();
                self.zoomed = true;
            }
            _ => self.over = Over::Evidence(0),
        }
    }

    /// Closes what is open, else what it stands under.
    fn close(&mut self) {
        let (rows, at) = self.tree();
        let Some(row) = rows.get(at) else { return };
        let node = match row.open {
            Some(true) => row.node.clone(),
            _ => match rows[..at].iter().rev().find(|above| above.depth < row.depth) {
                Some(above) => above.node.clone(),
                None => return,
            },
        };
        self.opened.insert(node.clone(), false);
        self.choose(node);
    }

    fn next_container(&mut self) {
        self.pin();
        let Some(((pod, container), _)) = self.shown_log() else { return };
        let Some(seen) = self.progress.pods.values().find(|seen| seen.pod.name == pod) else { return };
        let names: Vec<String> = seen.pod.containers.iter().map(|container| container.name.clone()).collect();
        if names.len() < 2 {
            self.said = "this pod has one container".into();
            return;
        }
        let at = names.iter().position(|name| *name == container).map_or(0, |at| (at + 1) % names.len());
        if let Some(Node::Container(uid, _)) = &self.selected {
            self.selected = Some(Node::Pod(uid.clone()));
        }
        self.container = Some(names[at].clone());
        self.log.go_to_end();
        self.look_through_again();
    }

    fn log_key(&mut self, action: Action) {
        if self.shows_end() {
            return;
        }
        self.pin();
        let Some((of, Some(_))) = self.shown_log() else { return };
        let height = draw::log_height(self);
        let Some(log) = self.progress.logs.get(&of) else { return };
        let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
        match action {
            Action::Up => self.log.scroll(log, &of, -1, height),
            Action::Down => self.log.scroll(log, &of, 1, height),
            Action::PageUp => self.log.scroll(log, &of, -page, height),
            Action::PageDown => self.log.scroll(log, &of, page, height),
            Action::Start => self.log.go_to_start(log),
            _ => self.log.toggle_follow(log),
        }
    }

    /// The filter, looked through for the log that is shown.
    pub(super) fn look_through(&mut self) {
        let of = self.shown_log().map(|(of, _)| of);
        let log = of.as_ref().and_then(|of| self.progress.logs.get(of));
        self.log.look_through(log, of.clone());
    }

    fn look_through_again(&mut self) {
        let of = self.shown_log().map(|(of, _)| of);
        if !self.log.knows(of.as_ref()) {
            self.look_through();
        }
    }

    pub(super) fn interrupt(&mut self) -> Vec<Effect> {
        if self.over() {
            return vec![Effect::Quit];
        }
        self.log.typing = false;
        if self.progress.attached.is_some() && self.doors {
            // Who only looks on stops nothing by leaving.
            return self.stop(StopChoice::Detach);
        }
        // Who asks a second time has waited for the step already.
        self.over = Over::Stopping(usize::from(self.stopping.is_some()));
        Vec::new()
    }

    fn stopping_key(&mut self, action: Action, marked: usize) -> Vec<Effect> {
        let last = STOPS.len() - 1;
        match action {
            Action::Up | Action::Previous => self.over = Over::Stopping(marked.checked_sub(1).unwrap_or(last)),
            Action::Down | Action::Next => self.over = Over::Stopping(if marked == last { 0 } else { marked + 1 }),
            // A second Ctrl-C takes what is marked, which is never "go on" unless the operator moved there.
            Action::Accept | Action::Interrupt => {
                self.over = Over::Nothing;
                if marked != last {
                    return self.stop(STOPS[marked].0);
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Help => self.over = Over::Help(0),
            _ => {}
        }
        Vec::new()
    }

    fn going_key(&mut self, action: Action, marked: usize) -> Vec<Effect> {
        match action {
            Action::Up | Action::Previous | Action::Down | Action::Next => self.over = Over::GoingOn(1 - marked.min(1)),
            Action::Accept => {
                self.over = Over::Nothing;
                if marked == 1 {
                    // The looking ends first, where it has not.
                    let looks = !self.over();
                    self.said = "going on ...".into();
                    let stop = looks.then_some(Effect::Stop(StopChoice::Detach));
                    return stop.into_iter().chain([Effect::Want(Want::Again)]).collect();
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Interrupt => return self.interrupt(),
            Action::Help => self.over = Over::Help(0),
            _ => {}
        }
        Vec::new()
    }

    fn mending_key(&mut self, action: Action, marked: usize) -> Vec<Effect> {
        match action {
            Action::Up | Action::Previous | Action::Down | Action::Next => self.over = Over::Mending(1 - marked.min(1)),
            Action::Accept => {
                self.over = Over::Nothing;
                if marked == 1 {
                    return self.leave_to_mend();
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Interrupt => return self.interrupt(),
            Action::Help => self.over = Over::Help(0),
            _ => {}
        }
        Vec::new()
    }

    /// Back to the answer that mends what stands still. What is there stays; a run that still waits is left, not stopped
    /// half-way through a step.
    fn leave_to_mend(&mut self) -> Vec<Effect> {
        self.mending = self.mend().map(|mend| mend.path);
        match (&self.mending, self.over()) {
            (None, _) => Vec::new(),
            (Some(_), true) => vec![Effect::Quit],
            (Some(_), false) => self.stop(StopChoice::Detach),
        }
    }

    fn stop(&mut self, choice: StopChoice) -> Vec<Effect> {
        self.stopping = Some(choice);
        match choice {
            StopChoice::Detach => vec![Effect::Stop(choice), Effect::Quit],
            _ => vec![Effect::Stop(choice)],
        }
    }
}

/// A scroll offset after an action, `None` when the action closes what is scrolled. `up` when it counts from the end.
fn scrolled(action: Action, offset: usize, up: bool) -> Option<usize> {
    let more = |by: usize| offset.saturating_add(by).min(10_000);
    match action {
        Action::Back | Action::Quit | Action::Events | Action::Evidence => None,
        Action::Up | Action::Down => {
            Some(if (action == Action::Up) == up { more(1) } else { offset.saturating_sub(1) })
        }
        Action::PageUp | Action::PageDown => {
            Some(if (action == Action::PageUp) == up { more(10) } else { offset.saturating_sub(10) })
        }
        _ => Some(offset),
    }
}
