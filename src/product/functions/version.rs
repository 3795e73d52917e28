//! `versionAtLeast(version, least)`: compares the numbers in two versions from the left; a missing number is 0.

use std::sync::Arc;

use cel::{Context, DeclarationError};

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("versionAtLeast", |version: Arc<String>, least: Arc<String>| at_least(&version, &least))
}

/// Whether a version is at least another.
pub(crate) fn at_least(version: &str, least: &str) -> bool {
    let (version, least) = (numbers(version), numbers(least));
    let length = version.len().max(least.len());
    let at = |numbers: &[u64], i: usize| numbers.get(i).copied().unwrap_or(0);
    (0..length)
        .map(|i| at(&version, i).cmp(&at(&least, i)))
        .find(|order| order.is_ne())
        .is_none_or(std::cmp::Ordering::is_gt)
}

/// The numbers of a version, `v` in front and what follows a hyphen or plus left out.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.trim_start_matches('v');
    let core = version.split(['-', '+']).next().unwrap_or(version);
    core.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_are_compared_number_by_number() {
        for (version, least, holds) in [
            ("v1.43.0", "1.42.0", true),
            ("v1.9.0", "1.10.0", false),
            ("3.1.13", "3.1.13", true),
            ("3.2", "3.1.99", true),
            ("0.10.6-standard", "0.10.6", true),
            ("2026", "2025.9", true),
        ] {
            assert_eq!(at_least(version, least), holds, "{version} {least}");
        }
    }
}
