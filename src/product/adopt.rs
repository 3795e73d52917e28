//! How a release of a product's Helm chart becomes one of slipway's: the product's file `adopt.yaml`, as data.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

/// Name of the file in a product's folder.
pub const FILE: &str = "adopt.yaml";

/// Which chart it is, where each answer is found, and what holds data.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adopt {
    /// Version of the language.
    pub slipway: i64,
    /// Name of the chart.
    pub chart: String,
    /// Versions of the chart that are understood, as a regular expression.
    pub versions: String,
    /// Workloads that hold data.
    #[serde(default)]
    pub data: Vec<Data>,
    /// Where each answer is found, by its path: the first rule that holds gives it.
    pub answers: IndexMap<String, Vec<Rule>>,
}

/// A workload that holds data.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Data {
    /// Which, as `Kind/name`.
    pub workload: String,
    /// It holds data only where all of these hold.
    #[serde(default)]
    pub when: Vec<String>,
    /// The command that dumps it; `{namespace}` stands for the namespace.
    pub dump: String,
}

/// One way to an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// All of these must hold: a [`Place`] that is there, with `=text` one that says that text, with `!` in front not.
    #[serde(default)]
    pub when: Vec<String>,
    /// The answer itself.
    #[serde(default)]
    pub is: Option<Value>,
    /// Where the answer stands.
    #[serde(default)]
    pub from: Option<String>,
    /// The part of a text that counts: the first group of this regular expression.
    #[serde(default)]
    pub part: Option<String>,
    /// The answer is this text with what was found in place of `{}`.
    #[serde(default)]
    pub put: Option<String>,
    /// Entries of a mapping that do not count: those whose key begins with one of these.
    #[serde(default)]
    pub without: Vec<String>,
}

impl Adopt {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let adopt: Self = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        if adopt.slipway != super::schema::LANGUAGE {
            return Err(format!("`slipway: {}` is not known", adopt.slipway));
        }
        let patterns = adopt.answers.values().flatten().filter_map(|rule| rule.part.as_ref());
        for pattern in patterns.chain([&adopt.versions]) {
            regex::Regex::new(pattern).map_err(|error| error.to_string())?;
        }
        let rules = || adopt.answers.iter().flat_map(|(path, rules)| rules.iter().map(move |rule| (path, rule)));
        if let Some((path, _)) = rules().find(|(_, rule)| rule.is.is_some() == rule.from.is_some()) {
            return Err(format!("a rule of {path} needs either `is` or `from`"));
        }
        let conditions = adopt.data.iter().flat_map(|data| &data.when).chain(rules().flat_map(|(_, rule)| &rule.when));
        let places =
            conditions.map(|text| text.trim_start_matches('!')).map(|text| text.split('=').next().unwrap_or(text));
        let places = places.chain(rules().filter_map(|(_, rule)| rule.from.as_deref()));
        for place in places.chain(adopt.data.iter().map(|data| data.workload.as_str())) {
            Place::read(place).ok_or_else(|| format!("`{place}` is no place: write Kind/name:/json/pointer"))?;
        }
        Ok(adopt)
    }
}

/// Where something stands: in an object, or in the chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Kind and name of the object; `None` for the chart's values.
    pub object: Option<(&'a str, &'a str)>,
    /// JSON pointer into it; empty for all of it.
    pub pointer: &'a str,
}

impl<'a> Place<'a> {
    /// Reads `Kind/name`, `Kind/name:/pointer` or `values:/pointer`.
    pub fn read(text: &'a str) -> Option<Self> {
        let (what, pointer) = text.split_once(":/").map_or((text, ""), |(what, _)| (what, &text[what.len() + 1..]));
        if what == "values" {
            return (!pointer.is_empty()).then_some(Self { object: None, pointer });
        }
        let (kind, name) = what.split_once('/')?;
        let fits = !kind.is_empty() && !name.is_empty() && !name.contains(['/', ':']);
        fits.then_some(Self { object: Some((kind, name)), pointer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_object_a_pointer_into_one_or_one_of_the_charts_values() {
        let object = Place { object: Some(("Secret", "inngest")), pointer: "/data/a" };
        assert_eq!(Place::read("Secret/inngest:/data/a"), Some(object));
        assert_eq!(Place::read("Secret/inngest"), Some(Place { pointer: "", ..object }));
        assert_eq!(Place::read("values:/a"), Some(Place { object: None, pointer: "/a" }));
        for wrong in ["Secret", "values", "/inngest", "Secret/a/b", "Secret/:/a"] {
            assert_eq!(Place::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_rule_without_an_answer_and_a_wrong_place_are_told() {
        let file = |rule: &str| format!("slipway: 1\nchart: a\nversions: '1'\nanswers: {{x: [{rule}]}}\n");
        assert!(Adopt::read(&file("{is: 1}")).is_ok());
        assert!(Adopt::read(&file("{when: [A/b]}")).unwrap_err().contains("either `is` or `from`"));
        assert!(Adopt::read(&file("{from: nothing}")).unwrap_err().contains("is no place"));
        assert!(Adopt::read(&file("{is: 1, form: A/b}")).is_err());
    }
}
