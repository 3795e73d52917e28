//! A draft that waits for its operator: made out of what is settled and answered when somebody leaves half-way, and
//! offered at the next start in the same words by both faces.

use crate::answers::Form;
use crate::answers::draft::Draft;

use super::way::{Part, Way};

/// What settles a page that a draft settles.
pub const BY_DRAFT: &str = "the draft";

/// A draft that was found at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// When it was made: `2026-11-21 10:12, 2 h 3 min ago`.
    pub when: String,
    /// The draft, or why it cannot be gone on with, as it reads after "the draft".
    pub draft: Result<Draft, String>,
}

/// What can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Go on with it.
    GoOn,
    /// Begin anew; it stays.
    Anew,
    /// Throw it away and begin anew.
    ThrowAway,
}

impl Offer {
    /// What is asked.
    pub fn asked(&self) -> &'static str {
        match self.draft {
            Ok(_) => "There is a draft. Go on with it?",
            Err(_) => "There is a draft that does not fit any more.",
        }
    }

    /// What it is, a line each.
    pub fn about(&self) -> Vec<(&'static str, String)> {
        let mut about = vec![("made", self.when.clone())];
        match &self.draft {
            Err(why) => about.push(("why", format!("it {why}"))),
            Ok(draft) => {
                let or = |text: &str, else_: &str| if text.is_empty() { else_.to_string() } else { text.to_string() };
                about.push(("install", or(&draft.product, "no product yet")));
                about.push(("into", or(&draft.context, "no cluster yet")));
                if !draft.namespace.is_empty() {
                    about.push(("namespace", format!("{}   release {}", draft.namespace, draft.release)));
                }
                if !draft.profile.is_empty() {
                    about.push(("profile", draft.profile.clone()));
                }
                about.push(("answers", count(draft.answers.len())));
                if !draft.not_kept.is_empty() {
                    about.push(("type again", format!("{} (typed secrets are never kept)", draft.not_kept.join(", "))));
                }
            }
        }
        about
    }

    /// The choices; Enter does the first, which writes and deletes nothing.
    pub fn choices(&self) -> Vec<(Choice, &'static str)> {
        let anew = (Choice::Anew, "Begin anew; the draft stays until another one is saved");
        let away = (Choice::ThrowAway, "Throw the draft away, and begin anew");
        match self.draft {
            Ok(_) => vec![(Choice::GoOn, "Go on with it"), anew, away],
            Err(_) => vec![anew, away],
        }
    }
}

fn count(answers: usize) -> String {
    match answers {
        0 => "none yet".into(),
        1 => "1 of your own".into(),
        more => format!("{more} of your own"),
    }
}

/// A draft of what is settled and, where there is a form, answered. It is not stamped.
pub fn of(way: &Way, form: Option<&Form>) -> Draft {
    let mut draft = Draft { practice: way.practice, ..Draft::default() };
    let part = |part| way.decided(part).unwrap_or("").to_string();
    (draft.context, draft.product) = (part(Part::Context), part(Part::Product));
    (draft.profile, draft.namespace, draft.release) = (part(Part::Profile), part(Part::Namespace), part(Part::Release));
    if let Some(form) = form {
        let place = form.place();
        draft.product.clone_from(&form.product().name);
        draft.profile.clone_from(&place.profile);
        draft.namespace.clone_from(&place.namespace);
        draft.release.clone_from(&place.release);
        (draft.answers, draft.not_kept) = form.kept();
    }
    draft
}

/// The same out of the middle of the questions.
pub fn at(path: &str, way: &Way, form: &Form) -> Draft {
    Draft { at: path.into(), ..of(way, Some(form)) }
}

/// What is not in a draft, in a sentence; empty when everything is.
pub fn not_kept(draft: &Draft) -> String {
    match draft.not_kept.as_slice() {
        [] => String::new(),
        all => format!("not in it, to be typed again: {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::way::rehearsal::way;

    #[test]
    fn a_draft_of_the_way_holds_what_was_decided_and_settles_its_pages_again() {
        let mut first = way(&[]);
        assert!(!of(&first, None).holds_something());
        first.choose_product("inngest");
        first.choose_profile("production");
        let draft = of(&first, None);
        assert_eq!(
            (draft.product.as_str(), draft.profile.as_str(), draft.namespace.as_str()),
            ("inngest", "production", "")
        );
        let mut second = way(&[]);
        second.take_up(&draft);
        assert_eq!(second.profile(), Some("production"));
        assert_eq!(second.first_open(), Some(crate::view::way::Stop::Where));
    }

    #[test]
    fn what_does_not_fit_is_never_offered_to_be_gone_on_with() {
        let offer = Offer { when: "today".into(), draft: Err("is damaged".into()) };
        assert!(offer.choices().iter().all(|(choice, _)| *choice != Choice::GoOn));
        assert_eq!(offer.about()[1], ("why", "it is damaged".to_string()));
    }
}
