//! The keys, as one table: what is pressed, the footer and the help page all read it, so none of them can lie.

mod places;
mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

#[cfg(test)]
pub(super) use places::EVERYWHERE;
pub(super) use table::TABLE;

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Progress while the run goes on.
    Progress,
    /// Progress while something stands still.
    Stuck,
    /// The same, where an answer mends it.
    StuckMend,
    /// A run of somebody else, looked at.
    Looking,
    /// The log on the whole screen.
    Zoomed,
    /// Progress after its end.
    Ended,
    /// The good end: addresses, keys, next steps.
    Done,
    /// The bad end.
    Failed,
    /// The same, where an answer mends it.
    FailedMend,
    /// The end of looking at a run that is not at its own.
    Idle,
    /// Typing into the filter of a log.
    Filter,
    /// The timeline over the progress.
    Timeline,
    /// The question whether to stop.
    Stopping,
    /// Review: the plan.
    Review,
    /// Review while something blocks: the plan, and no button.
    Blocked,
    /// Review: the button.
    Agree,
    /// The plan of a flow that asks nothing: no answers are behind it.
    PlanOnly,
    /// The same: the button.
    PlanAgree,
    /// The same, where something goes for ever: the name is typed.
    PlanName,
    /// What becomes of volumes and keys.
    Fates,
    /// A page of the way in with a list.
    Way,
    /// The page of the way in that is typed into.
    Target,
    /// A page of questions: a choice, or a page without any.
    Wizard,
    /// A page of questions, on a field that letters are typed into.
    Typed,
    /// The same, where the cluster offers values.
    Offered,
    /// A page of questions, on a secret.
    Masked,
    /// A page of questions, on what opens: a list, pairs, several lines.
    Opens,
    /// What the cluster offers, over a page.
    Picker,
    /// What the answers make, with the focus.
    Preview,
    /// A list or pairs, entry by entry.
    Entries,
    /// The question whether a secret is made again.
    Sure,
    /// The editor of several lines over a page.
    Lines,
    /// The list of pages over a page.
    Pages,
    /// "Leave?"
    Leaving,
    /// The offer to go on with a draft.
    Draft,
    /// A plan is being made.
    Waiting,
    /// A plan could not be made.
    Unmade,
    /// What can be done with a release, or the revisions it can go back to.
    Menu,
    /// What was read of a release.
    Text,
    /// Something of a release is being read.
    Asking,
    /// Something of a release could not be read.
    Unread,
    /// Somebody else is changing the release: what now.
    Contest,
    /// The same: the name of whom one takes over from is typed.
    TakeOver,
    /// Whether something may be done that is no plan.
    Consent,
    /// The same: a name is typed.
    ConsentName,
    /// Data on its way.
    Moving,
    /// The same, after its good end.
    Moved,
    /// The help page.
    Help,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Next,
    Previous,
    Accept,
    Back,
    Quit,
    Toggle,
    Open,
    Close,
    Follow,
    Wrap,
    Filter,
    Start,
    End,
    Events,
    Help,
    Redraw,
    Suspend,
    Interrupt,
    Save,
    Mend,
    Reveal,
    Generate,
    Advanced,
    Preview,
    Suggest,
    Reset,
    NewLine,
    Pages,
    Zoom,
    Container,
    Evidence,
    Again,
    GoBack,
    Copy,
    Forward,
    Remove,
}

/// One row of the table.
pub(super) struct Binding {
    places: &'static [Place],
    code: KeyCode,
    ctrl: bool,
    pub(super) action: Action,
    /// Name of the key as it is shown.
    pub(super) key: &'static str,
    /// Word in the footer; empty when it stands in the help alone.
    pub(super) short: &'static str,
    /// Sentence in the help.
    pub(super) long: &'static str,
}

#[cfg(test)]
impl Binding {
    /// The key of the row, pressed.
    pub(super) fn pressed(&self) -> KeyEvent {
        KeyEvent::new(self.code, if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }
}

/// What a key does in a place; only presses count, since some terminals report releases too.
pub(super) fn action(place: Place, key: &KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let code = match key.code {
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        code => code,
    };
    rows(place).find(|row| row.code == code && row.ctrl == ctrl).map(|row| row.action)
}

/// The character that a key types, if it types one.
pub(super) fn typed(key: &KeyEvent) -> Option<char> {
    let other = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META;
    match key.code {
        KeyCode::Char(c) if key.kind != KeyEventKind::Release && !key.modifiers.intersects(other) => Some(c),
        _ => None,
    }
}

/// The rows of a place, in order, a key once.
pub(super) fn rows(place: Place) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().enumerate().filter_map(move |(i, row)| {
        let here = row.places.contains(&place);
        let earlier = TABLE[..i]
            .iter()
            .any(|other| other.places.contains(&place) && other.code == row.code && other.ctrl == row.ctrl);
        (here && !earlier).then_some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::Action as A;
    use super::Place::Wizard;
    use super::*;

    #[test]
    fn no_key_that_terminals_swallow_or_alias_is_used() {
        for row in TABLE {
            let KeyCode::Char(letter) = row.code else { continue };
            assert!(!(row.ctrl && "hijmsq[".contains(letter)), "{}", row.key);
        }
    }

    #[test]
    fn every_place_has_a_way_back_and_a_footer() {
        for place in EVERYWHERE {
            assert!(rows(*place).any(|row| !row.short.is_empty()), "{place:?}");
            let back = |row: &Binding| matches!(row.action, A::Back | A::Interrupt | A::Quit);
            assert!(rows(*place).any(back), "{place:?}");
            let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(action(*place, &ctrl_c), Some(A::Interrupt), "{place:?}");
        }
    }

    #[test]
    fn a_released_key_does_nothing() {
        let mut key = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(action(Wizard, &key), Some(A::Back));
        key.kind = KeyEventKind::Release;
        assert_eq!(action(Wizard, &key), None);
    }
}
