//! Colours and signs. The terminal's own foreground and background, 16 named colours for roles alone, and every state is
//! a word or a sign before it is a colour (facts: style 4.6, 4.7).

use ratatui::style::{Color, Modifier, Style};

/// What `--color` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// By the terminal and the environment.
    #[default]
    Auto,
    /// Colours in any case.
    Always,
    /// No colours: bold, reverse and underline stay.
    Never,
}

/// The signs that are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) ready: &'static str,
    pub(super) working: &'static str,
    pub(super) held: &'static str,
    pub(super) failed: &'static str,
    pub(super) rule: &'static str,
    pub(super) upright: &'static str,
    pub(super) ellipsis: &'static str,
    pub(super) marker: &'static str,
    pub(super) chosen: &'static str,
    pub(super) unchosen: &'static str,
    pub(super) dot: &'static str,
    pub(super) opened: &'static str,
    pub(super) closed: &'static str,
}

const ASCII: Signs = Signs {
    ready: "[x]",
    working: "[>]",
    held: "[ ]",
    failed: "[!]",
    rule: "-",
    upright: "|",
    ellipsis: "...",
    marker: ">",
    chosen: "(o)",
    unchosen: "( )",
    dot: "*",
    opened: "v",
    closed: ">",
};

const UNICODE: Signs = Signs {
    ready: "✓",
    working: "▸",
    held: "·",
    failed: "✗",
    rule: "─",
    upright: "│",
    ellipsis: "…",
    marker: "›",
    chosen: "●",
    unchosen: "○",
    dot: "•",
    opened: "▾",
    closed: "▸",
};

/// How things look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    coloured: bool,
    pub(super) signs: Signs,
}

impl Theme {
    /// A theme with or without colours, in Unicode or in ASCII.
    pub fn new(coloured: bool, unicode: bool) -> Self {
        Self { coloured, signs: if unicode { UNICODE } else { ASCII } }
    }

    /// The theme for a terminal: `--color`, then NO_COLOR, CLICOLOR_FORCE and TERM; ASCII when the locale is not UTF-8
    /// or on a Linux console. `variable` reads the environment.
    pub fn choose(color: ColorChoice, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let coloured = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => {
                true
            }
            ColorChoice::Auto => term != "dumb",
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self::new(coloured, utf8 && !matches!(term.as_str(), "linux" | "dumb"))
    }

    fn colour(self, style: Style, color: Color) -> Style {
        if self.coloured { style.fg(color) } else { style }
    }

    pub(super) fn plain(self) -> Style {
        Style::default()
    }

    pub(super) fn bold(self) -> Style {
        Style::default().add_modifier(Modifier::BOLD)
    }

    pub(super) fn accent(self) -> Style {
        self.colour(self.bold(), Color::Cyan)
    }

    pub(super) fn good(self) -> Style {
        self.colour(Style::default(), Color::Green)
    }

    /// Not yellow: on a light ground nobody reads it.
    pub(super) fn warn(self) -> Style {
        self.colour(self.bold(), Color::Magenta)
    }

    pub(super) fn bad(self) -> Style {
        self.colour(self.bold(), Color::Red)
    }

    /// What nobody needs in order to decide; without colours it is plain. The terminal's own faint text, since the eighth
    /// of the 16 colours is the ground itself in some palettes.
    pub(super) fn dim(self) -> Style {
        if self.coloured { Style::default().add_modifier(Modifier::DIM) } else { Style::default() }
    }

    pub(super) fn reverse(self) -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_string())
    }

    #[test]
    fn the_flag_wins_over_the_environment_and_no_color_over_the_terminal() {
        let utf8 = ("LANG", "en_US.UTF-8");
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&[utf8])), Theme::new(true, true));
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&[utf8, ("NO_COLOR", "1")])), Theme::new(false, true));
        assert_eq!(Theme::choose(ColorChoice::Always, env(&[utf8, ("NO_COLOR", "1")])), Theme::new(true, true));
        assert_eq!(Theme::choose(ColorChoice::Never, env(&[utf8])), Theme::new(false, true));
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&[utf8, ("NO_COLOR", "")])), Theme::new(true, true));
    }

    #[test]
    fn ascii_is_drawn_where_the_locale_is_not_utf_8_and_on_a_linux_console() {
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&[])), Theme::new(true, false));
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&[("LANG", "C")])), Theme::new(true, false));
        let console = [("LANG", "de_DE.utf8"), ("TERM", "linux")];
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&console)), Theme::new(true, false));
        let overruled = [("LC_ALL", "C"), ("LANG", "en_US.UTF-8")];
        assert_eq!(Theme::choose(ColorChoice::Auto, env(&overruled)), Theme::new(true, false));
    }

    #[test]
    fn every_colour_is_readable_on_a_dark_and_on_a_light_ground() {
        let theme = Theme::new(true, true);
        for style in [theme.accent(), theme.good(), theme.warn(), theme.bad(), theme.dim(), theme.reverse()] {
            assert_eq!(style.bg, None, "no painted ground");
            let readable = [Color::Cyan, Color::Green, Color::Magenta, Color::Red];
            assert!(style.fg.is_none_or(|color| readable.contains(&color)), "{style:?}");
        }
    }

    #[test]
    fn a_theme_without_colours_sets_none() {
        let theme = Theme::new(false, true);
        for style in [theme.accent(), theme.good(), theme.warn(), theme.bad(), theme.dim(), theme.reverse()] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
