//! The rows that can be marked on a page: one for each choice of a question with choices, one for every other question.

use crate::view::questions::{QuestionView, Widget, is_chosen};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Index of its question.
    pub(super) question: usize,
    /// Index of its choice.
    pub(super) choice: Option<usize>,
}

/// Every row of a page.
pub(super) fn of(questions: &[QuestionView]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (question, view) in questions.iter().enumerate() {
        match &view.widget {
            Widget::Choice(choices) | Widget::Choices(choices) if !choices.is_empty() => {
                rows.extend((0..choices.len()).map(|choice| Row { question, choice: Some(choice) }));
            }
            _ => rows.push(Row { question, choice: None }),
        }
    }
    rows
}

/// The row on which a question is entered: the choice that is chosen, else its first.
pub(super) fn first_of(questions: &[QuestionView], rows: &[Row], question: usize) -> usize {
    let first = rows.iter().position(|row| row.question == question).unwrap_or(0);
    let Some(Widget::Choice(choices)) = questions.get(question).map(|view| &view.widget) else { return first };
    let chosen = choices.iter().position(|(choice, _)| is_chosen(&questions[question], choice));
    first + chosen.unwrap_or(0)
}

/// Whether letters are typed into it on the page itself.
pub(super) fn is_typed(widget: &Widget) -> bool {
    matches!(widget, Widget::Line | Widget::Secret)
}
