//! Draws the page of the profiles.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::super::cells::{cut, pad, width, wrap};
use super::super::App;
use super::Page;
use crate::view::way::ProfileChoice;

pub(super) fn profile(app: &App, cells: usize, wide: bool) -> Page {
    let mut page = Page::new(app, "Which environment is it for? A profile answers the questions beforehand.");
    page.gap();
    let profiles = app.way.product().map(|product| product.profiles.clone()).unwrap_or_default();
    if wide && (2..=4).contains(&profiles.len()) {
        beside(app, &mut page, &profiles, cells);
    } else {
        for (i, profile) in profiles.iter().enumerate() {
            let chosen = app.way.profile() == Some(&profile.id);
            let production = if profile.production { "production" } else { "" };
            page.choice(app, i, chosen, profile.title.clone(), production, cells);
            page.say(&profile.about, app.theme.plain(), cells);
            if i == app.at {
                for (ask, answer) in &profile.answers {
                    page.say(&format!("{ask}: {answer}"), app.theme.dim(), cells);
                }
                let rest =
                    if profile.answers.is_empty() { "every answer is the default" } else { "all else is the default" };
                page.say(rest, app.theme.dim(), cells);
            }
        }
    }
    page.gap();
    page.say("Every answer can still be changed on the pages that follow.", app.theme.dim(), cells);
    page
}

/// The profiles side by side, each answer on one line with the others', so that the differences are seen.
fn beside(app: &App, page: &mut Page, profiles: &[ProfileChoice], cells: usize) {
    let theme = app.theme;
    let ellipsis = theme.signs.ellipsis;
    let mut asks: Vec<&str> = Vec::new();
    for (ask, _) in profiles.iter().flat_map(|profile| &profile.answers) {
        if !asks.contains(&ask.as_str()) {
            asks.push(ask);
        }
    }
    let label = asks.iter().map(|ask| width(ask)).max().unwrap_or(0).clamp(12, (cells / 3).max(12));
    let wide = cells.saturating_sub(label + 5) / profiles.len().max(1);
    let mut line = |head: &str, columns: Vec<(String, Style)>| {
        let mut spans = vec![Span::styled(format!("   {}  ", pad(head, label, ellipsis)), theme.plain())];
        for (text, style) in columns {
            let shown = cut(&text, wide.saturating_sub(2), ellipsis);
            let gap = wide.saturating_sub(width(&shown));
            spans.push(Span::styled(shown, style));
            spans.push(Span::raw(" ".repeat(gap)));
        }
        page.lines.push(Line::from(spans));
    };
    let title = |(i, profile): (usize, &ProfileChoice)| {
        let chosen = if app.way.profile() == Some(&profile.id) { theme.signs.chosen } else { theme.signs.unchosen };
        let (marker, style) = if i == app.at { (theme.signs.marker, theme.reverse()) } else { (" ", theme.bold()) };
        (format!("{marker} {chosen} {}", profile.title), style)
    };
    line("", profiles.iter().enumerate().map(title).collect());
    if profiles.iter().any(|profile| profile.production) {
        let production = |profile: &ProfileChoice| if profile.production { "      for production" } else { "" };
        line("", profiles.iter().map(|profile| (production(profile).to_string(), theme.warn())).collect());
    }
    let abouts: Vec<Vec<String>> =
        profiles.iter().map(|profile| wrap(&profile.about, wide.saturating_sub(8).max(8))).collect();
    for i in 0..abouts.iter().map(Vec::len).max().unwrap_or(0) {
        let text = |about: &Vec<String>| about.get(i).map(|line| format!("      {line}")).unwrap_or_default();
        line("", abouts.iter().map(|about| (text(about), theme.plain())).collect());
    }
    line("", Vec::new());
    for ask in asks {
        let answer = |profile: &ProfileChoice| match profile.answers.iter().find(|(known, _)| known == ask) {
            Some((_, answer)) => (format!("      {answer}"), theme.bold()),
            None => ("      default".to_string(), theme.dim()),
        };
        line(ask, profiles.iter().map(answer).collect());
    }
    line("all else", profiles.iter().map(|_| ("      default".to_string(), theme.dim())).collect());
    page.marked = 0;
}
