//! YAML read into a tree that knows where everything stands, so that every fault names its file, line and column.
//!
//! Scalars are read as Kubernetes reads them (YAML 1.2's core schema, `yes`/`no`/`on`/`off` as booleans, `0644` as
//! octal). Tags, anchors, aliases and merge keys are refused: they hide what a reader sees.

use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use granit_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::expression::{Expression, ExpressionFault, Template};
use crate::finding::{Finding, Severity};

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named when it was given.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A key of a mapping, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: NodeValue,
    /// Where it stands.
    pub place: Place,
    /// A plain scalar as it was written: `1.20` is the number 1.2, and where text is meant it is the text `1.20`.
    pub written: Option<Box<str>>,
    read: Read,
}

/// What the text of a node was read as, kept: manifests are rendered again and again.
#[derive(Clone, Debug, Default)]
struct Read {
    template: OnceLock<Box<Result<Template, ExpressionFault>>>,
    bare: OnceLock<Box<Result<Expression, ExpressionFault>>>,
}

impl PartialEq for Read {
    /// What was already read says nothing of what stands there.
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the author's order.
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// A value at a place.
    pub fn new(value: NodeValue, place: Place) -> Self {
        Self { value, place, written: None, read: Read::default() }
    }

    /// A text as a scalar that may hold `${…}`; none where it is no text.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn template(&self) -> Option<Result<&Template, &ExpressionFault>> {
        let text = self.as_text()?;
        Some((**self.read.template.get_or_init(|| Box::new(Template::parse(text)))).as_ref())
    }

    /// A text as a bare expression; none where it is no text.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn bare(&self) -> Option<Result<&Expression, &ExpressionFault>> {
        let text = self.as_text()?;
        Some((**self.read.bare.get_or_init(|| Box::new(Expression::parse(text)))).as_ref())
    }

    /// The text, where it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list, where it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The mapping, where it is one.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            NodeValue::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of a key, where it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Int(_) | NodeValue::Float(_) => "a number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    /// The same as JSON, in the author's order.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::from(*value),
            NodeValue::Int(value) => Value::from(*value),
            NodeValue::Float(value) => Value::from(*value),
            NodeValue::Text(text) => Value::from(text.as_str()),
            NodeValue::List(list) => Value::Array(list.iter().map(Node::to_json).collect()),
            NodeValue::Map(map) => {
                Value::Object(map.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads the documents of a YAML file; empty documents are left out.
///
/// # Errors
/// The first fault where it is not YAML; every duplicate key, tag, anchor, alias and merge key where it is.
pub fn parse(file: &str, text: &str) -> Result<Vec<Node>, Vec<Finding>> {
    let file: Arc<str> = file.into();
    let mut reader = Reader { file: Rc::new(file), faults: Vec::new(), open: Vec::new(), documents: Vec::new() };
    for next in Parser::new_from_str(text) {
        match next {
            Ok((event, span)) => reader.take(event, &span),
            Err(fault) => {
                let place = reader.place(fault.marker().line(), fault.marker().col());
                return Err(vec![not_yaml(&place, &fault.to_string(), text)]);
            }
        }
    }
    if reader.faults.is_empty() { Ok(reader.documents) } else { Err(reader.faults) }
}

fn not_yaml(place: &Place, fault: &str, text: &str) -> Finding {
    let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or("");
    let finding =
        Finding::new("YAML", Severity::Error, format!("not YAML: {}", fault.split(" at byte").next().unwrap_or(fault)))
            .at(place.to_string());
    if line.contains("${") {
        finding.remedy("put the scalar that holds ${ in single quotes")
    } else {
        finding.remedy("look at the indentation and the quotes of this line and the one before")
    }
}

enum Open {
    List(Vec<Node>, Place),
    Map(Vec<(Key, Node)>, Option<Key>, Place),
}

struct Reader {
    file: Rc<Arc<str>>,
    faults: Vec<Finding>,
    open: Vec<Open>,
    documents: Vec<Node>,
}

impl Reader {
    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: Arc::clone(&self.file), line: line.max(1), column: column + 1 }
    }

    fn at(&self, span: &Span) -> Place {
        self.place(span.start.line(), span.start.col())
    }

    fn refuse(&mut self, what: &str, place: &Place) {
        let finding = Finding::new("YAML_FEATURE", Severity::Error, what).at(place.to_string());
        self.faults.push(finding.remedy("write the value out: what is read is what is meant"));
    }

    fn take(&mut self, event: Event<'_>, span: &Span) {
        let place = self.at(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(anchor, tag.is_some(), &place);
                let written = (style == ScalarStyle::Plain).then(|| text.as_ref().into());
                self.put_written(scalar(&text, style), &place, written);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), &place);
                self.open.push(Open::List(Vec::new(), place));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), &place);
                self.open.push(Open::Map(Vec::new(), None, place));
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(list, place)) => self.put(NodeValue::List(list), &place),
                Some(Open::Map(map, _, place)) => self.put(NodeValue::Map(map), &place),
                None => {}
            },
            Event::Alias(_) => {
                self.refuse("aliases are not part of the product language", &place);
                self.put(NodeValue::Null, &place);
            }
            _ => {}
        }
    }

    fn properties(&mut self, anchor: usize, tagged: bool, place: &Place) {
        if anchor != 0 {
            self.refuse("anchors are not part of the product language", place);
        }
        if tagged {
            self.refuse("tags are not part of the product language", place);
        }
    }

    fn put(&mut self, value: NodeValue, place: &Place) {
        self.put_written(value, place, None);
    }

    fn put_written(&mut self, value: NodeValue, place: &Place, written: Option<Box<str>>) {
        let node = Node { written, ..Node::new(value, place.clone()) };
        match self.open.last_mut() {
            None => {
                if node.value != NodeValue::Null {
                    self.documents.push(node);
                }
            }
            Some(Open::List(list, _)) => list.push(node),
            Some(Open::Map(map, pending, _)) => match pending.take() {
                Some(key) => map.push((key, node)),
                None => {
                    // As it is written: `1.20` and `yes` are keys too, and nobody means 1.2 and true.
                    let text = match (&node.written, &node.value) {
                        (Some(written), _) => written.to_string(),
                        (None, NodeValue::Text(text)) => text.clone(),
                        (None, _) => String::new(),
                    };
                    let duplicate =
                        map.iter().find(|(known, _)| known.text == text).map(|(known, _)| known.place.clone());
                    *pending = Some(Key { text: text.clone(), place: place.clone() });
                    if let Some(first) = duplicate {
                        let what = format!("the key `{text}` stands twice, first on line {}", first.line);
                        let finding = Finding::new("DUPLICATE_KEY", Severity::Error, what).at(place.to_string());
                        self.faults.push(finding.remedy("keep one of them"));
                    } else if text == "<<" {
                        self.refuse("merge keys are not part of the product language: use $merge", place);
                    } else if text.is_empty() {
                        let what = "a key must be a scalar that is not empty";
                        let finding = Finding::new("KEY", Severity::Error, what).at(place.to_string());
                        self.faults.push(finding.remedy("where it begins with { or [, put it in single quotes"));
                    }
                }
            },
        }
    }
}

/// A scalar as Kubernetes reads it.
fn scalar(text: &str, style: ScalarStyle) -> NodeValue {
    if style != ScalarStyle::Plain {
        return NodeValue::Text(text.to_string());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeValue::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return NodeValue::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return NodeValue::Bool(false),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let radix =
        |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(|number| NodeValue::Int(sign * number));
    let whole = if let Some(hex) = digits.strip_prefix("0x") {
        radix(hex, 16)
    } else if let Some(octal) = digits.strip_prefix("0o") {
        radix(octal, 8)
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        radix(digits, 8)
    } else if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        radix(digits, 10)
    } else {
        None
    };
    if let Some(number) = whole {
        return number;
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if numeric && number.is_finite() => NodeValue::Float(number),
        _ => NodeValue::Text(text.to_string()),
    }
}

#[cfg(test)]
mod tests;
