//! What can be installed: the product language (pure).

pub mod adopt;
pub mod beginning;
pub mod embedded;
pub mod expression;
pub mod functions;
pub mod item;
pub mod load;
pub mod node;
pub mod recipe;
pub mod schema;
pub mod types;
pub mod world;
mod written;

pub use recipe::{Given, Recipe};

/// A duration such as `90s`, `10m`, `2h` or `1h30m`, in seconds.
pub fn duration_seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty()).then_some(total)
}
