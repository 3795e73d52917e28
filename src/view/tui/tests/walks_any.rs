//! Any keys at any size on the question pages.

use proptest::prelude::*;

use super::super::{Effect, Screen};
use super::inngest::{app, facts, form};
use super::{drawn, press};
use crate::secret::SecretText;

/// Every key of the question pages but the one that reveals, and letters.
fn any_key_but_reveal() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "enter",
        "enter",
        "tab",
        "tab",
        "shift-tab",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "backspace",
        "delete",
        "space",
        "esc",
        "f1",
        "?",
        "ctrl-a",
        "ctrl-g",
        "ctrl-k",
        "ctrl-n",
        "ctrl-o",
        "ctrl-p",
        "ctrl-u",
        "ctrl-y",
        "ctrl-l",
        "1",
        "2",
        "3",
        "a",
        "n",
        "y",
        "=",
        "-",
        "\"日本\"",
        "\"- a: [\"",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_at_any_size_panic_write_anything_or_show_a_secret_that_nobody_asked_for(
        pressed in prop::collection::vec(any_key_but_reveal(), 0..60),
        width in 0u16..180,
        height in 0u16..60,
    ) {
        let mut form = form("production", facts());
        let values: Vec<SecretText> = form.form().secrets().0.values().filter_map(|one| one.value.clone()).collect();
        prop_assert!(values.len() > 2);
        let mut app = app(&mut form);
        app.update(super::super::Msg::Resized(width, height));
        for key in pressed {
            let effects = press(&mut app, key);
            let harmless = |effect: &Effect| match effect {
                Effect::Quit | Effect::Redraw => true,
                Effect::Copy(_) => key == "ctrl-y",
                _ => false,
            };
            prop_assert!(effects.iter().all(harmless), "{key}: {effects:?}");
            let shown = drawn(&app, width, height);
            prop_assert!(!values.iter().any(|value| shown.contains(value.expose())), "{key}\n{shown}");
        }
    }
}
