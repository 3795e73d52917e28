//! What the cluster offers, as a list that filters by typing.

use crate::view::questions::{Offer, QuestionView};

/// The filter, and what is marked.
#[derive(Clone, Debug, Default)]
pub(super) struct Picker {
    pub(super) filter: String,
    pub(super) at: usize,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// What the answer would be.
    pub(super) value: String,
    /// How it is shown.
    pub(super) text: String,
    /// What it is.
    pub(super) note: String,
    /// It stands now.
    pub(super) now: bool,
}

impl Picker {
    /// With what stands marked.
    pub(super) fn open(question: &QuestionView, now: &str) -> Self {
        let picker = Self::default();
        let at = picker.picks(question, now).iter().position(|pick| pick.now).unwrap_or(0);
        Self { at, ..picker }
    }

    /// What fits the filter; where nothing does, what was typed.
    pub(super) fn picks(&self, question: &QuestionView, now: &str) -> Vec<Pick> {
        let offered: &[Offer] = question.suggestions.as_deref().unwrap_or_default();
        let wanted = self.filter.to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&wanted);
        let mut picks = Vec::new();
        if question.optional && wanted.is_empty() {
            let none = Pick {
                value: String::new(),
                text: "(none)".into(),
                note: "leaves it open".into(),
                now: now.is_empty(),
            };
            picks.push(none);
        }
        picks.extend(offered.iter().filter(|offer| fits(&offer.value) || fits(&offer.note)).map(|offer| Pick {
            value: offer.value.clone(),
            text: offer.value.clone(),
            note: offer.note.clone(),
            now: offer.value == now,
        }));
        if picks.is_empty() && !wanted.is_empty() {
            let typed = self.filter.trim().to_string();
            let note = "not among what the cluster has: taken as it is typed".into();
            picks.push(Pick { text: typed.clone(), value: typed, note, now: false });
        }
        picks
    }
}
