//! Kubernetes quantities: `500m` of a CPU, `10Gi` of storage.
//!
//! Exact: a quantity is held in billionths of its unit (the finest that Kubernetes knows), so that sums and comparisons
//! never round. The grammar, the rounding up of what is finer and the canonical form are those of the Kubernetes API:
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

/// Billionths in one.
const ONE: i128 = 1_000_000_000;
/// The largest magnitude that Kubernetes holds, 2⁶³−1; it silently caps what is larger, slipway refuses it.
const MOST: i128 = i64::MAX as i128 * ONE;

/// How a quantity was written, and therefore is written again: `1Gi` + `512Mi` is `1536Mi`, not `1610612736`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `Ki`, `Mi`, `Gi` …: powers of 1024.
    Binary,
    /// `n`, `u`, `m`, none, `k`, `M`, `G` …: powers of 1000.
    Decimal,
    /// `1e3`: powers of ten.
    Exponent,
}

/// An exact Kubernetes quantity. Compares by amount: `1Gi == 1024Mi`.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    /// In billionths of the unit (cores, bytes, pieces).
    nano: i128,
    form: Form,
}

/// Why a text is not a quantity; its message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is nothing, or nothing that begins with a number.
    #[error("a quantity begins with a number, such as 10Gi or 500m")]
    NoNumber,
    /// The number is followed by something that is not a suffix of Kubernetes.
    #[error("{suffix:?} is not a suffix of a quantity; {}", advice(.hint))]
    Suffix {
        /// What stands after the number.
        suffix: String,
        /// The suffix that was probably meant.
        hint: Option<&'static str>,
    },
    /// Larger than Kubernetes can hold (2⁶³−1).
    #[error("the quantity is larger than Kubernetes can hold (less than 8Ei); such as 10Gi")]
    TooLarge,
}

/// What to write instead of an unknown suffix.
fn advice(hint: &Option<&'static str>) -> String {
    match hint {
        Some(hint) => format!("did you mean {hint}?"),
        None => "such as Ki, Mi, Gi, Ti for storage and memory, m for thousandths".to_owned(),
    }
}

/// Reads a quantity. The same as `text.parse::<Quantity>()`.
pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (whole, rest) = rest.split_at(digits);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(QuantityError::NoNumber);
    }
    let (form, base, power) = scale(suffix)?;
    let nano = sign * amount(whole, fraction, base, power)?;
    Ok(Quantity { nano, form })
}

/// The form, base and power that a suffix stands for.
fn scale(suffix: &str) -> Result<(Form, i128, i32), QuantityError> {
    let at = |list: &[&str]| list.iter().position(|known| *known == suffix).and_then(|at| i32::try_from(at).ok());
    if let Some(power) = at(&["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]).filter(|power| *power > 0) {
        return Ok((Form::Binary, 1024, power));
    }
    if let Some(power) = at(&["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]) {
        return Ok((Form::Decimal, 10, (power - 3) * 3));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).filter(|rest| !rest.is_empty());
    if let Some(exponent) =
        exponent.filter(|rest| rest.trim_start_matches(['+', '-']).bytes().all(|c| c.is_ascii_digit()))
        && let Ok(power) = exponent.parse::<i32>()
    {
        return Ok((Form::Exponent, 10, power));
    }
    Err(QuantityError::Suffix { suffix: suffix.chars().take(20).collect(), hint: meant(suffix) })
}

/// The suffix that somebody meant who wrote `gb`, `MB` or `K`.
fn meant(suffix: &str) -> Option<&'static str> {
    match suffix.trim().to_ascii_lowercase().as_str() {
        "k" | "kb" => Some("k (1000) or Ki (1024)"),
        "ki" | "kib" => Some("Ki"),
        "b" | "bytes" => Some("no suffix (plain bytes)"),
        "mb" | "meg" => Some("M (1000²) or Mi (1024²)"),
        "mi" | "mib" => Some("Mi"),
        "g" | "gb" | "gig" => Some("G (1000³) or Gi (1024³)"),
        "gi" | "gib" => Some("Gi"),
        "t" | "tb" => Some("T (1000⁴) or Ti (1024⁴)"),
        "ti" | "tib" => Some("Ti"),
        "p" | "pb" => Some("P (1000⁵) or Pi (1024⁵)"),
        "pi" | "pib" => Some("Pi"),
        "ei" | "eib" => Some("Ei"),
        "%" => Some("a plain number (a quantity is not a share)"),
        _ => None,
    }
}

/// The magnitude in billionths; what is finer is rounded up, as Kubernetes does.
fn amount(whole: &str, fraction: &str, base: i128, power: i32) -> Result<i128, QuantityError> {
    let fraction = fraction.trim_end_matches('0');
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    // Worked out as digits × 10^shift (× 1024^power); what exceeds the limit is told before it can overflow.
    let decimal = if base == 10 { i64::from(power) } else { 0 };
    let shift = decimal + 9 - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length.saturating_add(shift) > 29 {
        return Err(QuantityError::TooLarge);
    }
    if length.saturating_add(shift) < -20 {
        return Ok(1);
    }
    let factor = if base == 1024 { 1i128 << (10 * power) } else { 1 };
    // A very long fraction adds nothing that rounding up would not: keep 36 digits, and remember that there was more.
    let kept = digits.len().min(36);
    let (head, tail) = digits.split_at(kept);
    let shift = shift + i64::try_from(tail.len()).unwrap_or(i64::MAX);
    let mut value: i128 = head.parse().map_err(|_| QuantityError::TooLarge)?;
    let mut rest = tail.bytes().any(|digit| digit != b'0');
    let result = if shift >= 0 {
        let ten = 10i128.checked_pow(u32::try_from(shift).unwrap_or(u32::MAX)).ok_or(QuantityError::TooLarge)?;
        value.checked_mul(ten).and_then(|value| value.checked_mul(factor)).ok_or(QuantityError::TooLarge)?
    } else {
        // Multiplying first keeps the fraction of a binary suffix exact (0.5Gi); where that would overflow the number
        // has more digits than the limit allows, or a fraction far below a billionth, which may be cut first.
        let mut places = -shift;
        while value.checked_mul(factor).is_none() && places > 0 {
            rest |= value % 10 != 0;
            value /= 10;
            places -= 1;
        }
        let value = value.checked_mul(factor).ok_or(QuantityError::TooLarge)?;
        match 10i128.checked_pow(u32::try_from(places).unwrap_or(u32::MAX)) {
            Some(ten) => value / ten + i128::from(value % ten != 0 || rest),
            None => 1,
        }
    };
    if result > MOST { Err(QuantityError::TooLarge) } else { Ok(result) }
}

impl Quantity {
    /// Nothing of something.
    pub const ZERO: Self = Self { nano: 0, form: Form::Decimal };

    /// That many bytes, written with binary suffixes: `Quantity::bytes(1 << 30)` is `1Gi`.
    pub fn bytes(bytes: i64) -> Self {
        Self { nano: i128::from(bytes) * ONE, form: Form::Binary }
    }

    /// That many thousandths, such as millicores: `Quantity::milli(500)` is `500m`.
    pub fn milli(thousandths: i64) -> Self {
        Self { nano: i128::from(thousandths) * (ONE / 1000), form: Form::Decimal }
    }

    /// In thousandths (millicores), rounded up.
    pub fn to_milli(self) -> i128 {
        round_up(self.nano, ONE / 1000)
    }

    /// In whole units (bytes, cores, pieces), rounded up.
    pub fn to_whole(self) -> i128 {
        round_up(self.nano, ONE)
    }

    /// Whether there is nothing of it.
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// Whether it is below zero, which no request, limit or size may be.
    pub fn is_negative(self) -> bool {
        self.nano < 0
    }

    /// The sum, in the form of the first that is not zero; `None` past what Kubernetes can hold.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let nano = self.nano.checked_add(other.nano).filter(|nano| nano.abs() <= MOST)?;
        Some(Self { nano, form: if self.is_zero() { other.form } else { self.form } })
    }

    /// The difference, in the form of the first that is not zero; `None` past what Kubernetes can hold.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { nano: -other.nano, form: other.form })
    }

    /// So many times the quantity, such as the requests of all replicas; `None` past what Kubernetes can hold.
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        let nano = self.nano.checked_mul(i128::from(times)).filter(|nano| nano.abs() <= MOST)?;
        Some(Self { nano, form: self.form })
    }
}

/// Division that never tells less than there is.
fn round_up(value: i128, unit: i128) -> i128 {
    value.div_euclid(unit) + i128::from(value.rem_euclid(unit) != 0)
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

/// Sums stop at the most that Kubernetes can hold: use `checked_add` where that must be told.
impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, next| {
            sum.checked_add(next).unwrap_or(Self { nano: if next.nano < 0 { -MOST } else { MOST }, form: sum.form })
        })
    }
}

/// Canonical, as the API server writes it: no fraction, the largest suffix that needs none.
impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return out.write_str("0");
        }
        // Binary suffixes cannot say a fraction, and below 1024 there is none to say.
        let form = match self.form {
            Form::Binary if self.nano % ONE != 0 || self.nano.abs() < 1024 * ONE => Form::Decimal,
            form => form,
        };
        if form == Form::Binary {
            let mut whole = self.nano / ONE;
            let mut suffix = "";
            for larger in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
                if whole % 1024 != 0 {
                    break;
                }
                whole /= 1024;
                suffix = larger;
            }
            return write!(out, "{whole}{suffix}");
        }
        let mut number = self.nano;
        let mut power = -9;
        while number % 1000 == 0 && power < 18 {
            number /= 1000;
            power += 3;
        }
        match (form, power) {
            (_, 0) => write!(out, "{number}"),
            (Form::Exponent, _) => write!(out, "{number}e{power}"),
            (_, -9) => write!(out, "{number}n"),
            (_, -6) => write!(out, "{number}u"),
            (_, -3) => write!(out, "{number}m"),
            (_, 3) => write!(out, "{number}k"),
            (_, 6) => write!(out, "{number}M"),
            (_, 9) => write!(out, "{number}G"),
            (_, 12) => write!(out, "{number}T"),
            (_, 15) => write!(out, "{number}P"),
            _ => write!(out, "{number}E"),
        }
    }
}

#[cfg(test)]
mod tests;
