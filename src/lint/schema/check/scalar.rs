//! Checks of single values: text, numbers, quantities, enumerations.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::shapes::Shape;
use super::super::{FaultKind, Node};
use super::{Walk, told};
use crate::quantity;
use crate::suggest::nearest;

impl<'s> Walk<'s, '_> {
    pub(super) fn shape(&mut self, shape: Shape, text: &str) {
        if !shape.fits(text) {
            let what = format!("{} is malformed", self.shown(text));
            self.fault(FaultKind::Malformed, what, shape.expected(), None);
        }
    }

    pub(super) fn text(&mut self, node: &'s Node, text: &str, shape: Option<Shape>) {
        // Empty text counts as absent where Kubernetes' own kinds do not require the field; the server fills it in.
        let filled_in = |shape: &Shape| text.is_empty() && !matches!(shape, Shape::Variable | Shape::DataKey);
        if let Some(shape) = shape.filter(|shape| !filled_in(shape)) {
            self.shape(shape, text);
        }
        let length = if node.shortest.is_some() || node.longest.is_some() { text.chars().count() } else { 0 };
        if let Some(least) = node.shortest.filter(|&least| length < least) {
            self.fault(
                FaultKind::OutOfRange,
                format!("this has {length} characters"),
                &format!("at least {least}"),
                None,
            );
        }
        if let Some(most) = node.longest.filter(|&most| length > most) {
            self.fault(
                FaultKind::OutOfRange,
                format!("this has {length} characters"),
                &format!("at most {most}"),
                None,
            );
        }
        if let Some(pattern) = node.regex().filter(|pattern| !pattern.is_match(text)) {
            let what = format!("{} is malformed", self.shown(text));
            self.fault(FaultKind::Malformed, what, &format!("text that matches {pattern}"), None);
        }
        match node.format.as_deref() {
            Some("byte") if !is_base64(text) => {
                self.fault(FaultKind::Malformed, "this is not base64".to_owned(), "base64, such as aGVsbG8=", None);
            }
            Some("date-time") if text.parse::<jiff::Timestamp>().is_err() => {
                let what = format!("{} is not a time", self.shown(text));
                self.fault(FaultKind::Malformed, what, "a time with zone, such as 2026-11-20T10:00:00Z", None);
            }
            _ => {}
        }
    }

    pub(super) fn number(&mut self, node: &'s Node, value: &Value, shape: Option<Shape>) {
        let whole = value.as_i64();
        if node.format.as_deref() == Some("int32") && whole.is_none_or(|number| i32::try_from(number).is_err()) {
            self.fault(FaultKind::OutOfRange, format!("{value} does not fit"), "a whole number of 32 bits", None);
            return;
        }
        if let Some(shape) = shape.filter(|shape| !whole.is_some_and(|number| shape.fits_number(number))) {
            self.fault(FaultKind::OutOfRange, format!("{value} is out of range"), shape.expected(), None);
        }
        let real = value.as_f64().unwrap_or_default();
        if let Some(least) = node.least.filter(|&least| real < least) {
            self.fault(FaultKind::OutOfRange, format!("{value} is too small"), &format!("at least {least}"), None);
        }
        if let Some(most) = node.most.filter(|&most| real > most) {
            self.fault(FaultKind::OutOfRange, format!("{value} is too large"), &format!("at most {most}"), None);
        }
    }

    pub(super) fn int_or_string(&mut self, value: &Value, shape: Option<Shape>) {
        match value {
            Value::Number(number) => match number.as_i64().filter(|&number| i32::try_from(number).is_ok()) {
                Some(number) => {
                    if let Some(shape) = shape.filter(|shape| !shape.fits_number(number)) {
                        self.fault(FaultKind::OutOfRange, format!("{number} is out of range"), shape.expected(), None);
                    }
                }
                None => {
                    self.fault(
                        FaultKind::OutOfRange,
                        format!("{number} does not fit"),
                        "a whole number of 32 bits, or text",
                        None,
                    );
                }
            },
            Value::String(text) => match shape {
                Some(shape) if !shape.fits(text) => {
                    let hint = (text.parse::<i64>().is_ok() && !self.quiet).then(|| format!("{text} without quotes"));
                    let what = format!("{} is malformed", self.shown(text));
                    self.fault(FaultKind::Malformed, what, shape.expected(), hint);
                }
                _ => {}
            },
            other => {
                self.fault(FaultKind::WrongType, format!("this is {}", told(other)), "a whole number or text", None)
            }
        }
    }

    pub(super) fn quantity(&mut self, value: &Value) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                return self.fault(
                    FaultKind::WrongType,
                    format!("this is {}", told(other)),
                    "a quantity such as 10Gi or 500m",
                    None,
                );
            }
        };
        if let Err(error) = quantity::parse(&text) {
            let what = format!("{} is not a quantity", self.shown(&text));
            self.fault(FaultKind::Malformed, format!("{what}: {error}"), "", None);
        }
    }

    pub(super) fn one_of(&mut self, node: &'s Node, value: &Value) {
        // Empty text is the absence of a value for Kubernetes' own kinds, and the server fills it in.
        if node.values.contains(value) || (!node.custom && value.as_str() == Some("")) {
            return;
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let known: Vec<&str> = node.values.iter().filter_map(Value::as_str).filter(|known| !known.is_empty()).collect();
        let suggestion = value.as_str().and_then(|text| nearest(text, known)).map(str::to_owned);
        let expected = format!("one of {}", node.values.iter().map(plain).collect::<Vec<_>>().join(", "));
        let what = format!("{} is not known here", self.shown(&plain(value)));
        self.fault(FaultKind::NotOneOf, what, &expected, suggestion);
    }
}

/// Standard base64 with padding; line ends inside are passed over, as the API server does.
fn is_base64(text: &str) -> bool {
    if text.contains(['\n', '\r']) {
        let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        return STANDARD.decode(text).is_ok();
    }
    STANDARD.decode(text).is_ok()
}
