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
    /// What has to hold before a release is taken over: a shape that nobody has proved is left alone.
    #[serde(default)]
    pub must: Vec<Must>,
    /// What the next change does to a release of that chart, where it is not seen in the answers.
    #[serde(default)]
    pub tell: Vec<Tell>,
    /// Workloads that hold data.
    #[serde(default)]
    pub data: Vec<Data>,
    /// Where each answer is found, by its path: the first rule that holds gives it.
    pub answers: IndexMap<String, Vec<Rule>>,
}

/// What has to hold of a release, in the places that say so.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Must {
    /// It is asked for only where all of these hold.
    #[serde(default)]
    pub when: Vec<String>,
    /// All of these have to hold.
    pub hold: Vec<String>,
    /// What is wrong where one does not.
    pub say: String,
    /// What to do about it.
    #[serde(default)]
    pub remedy: String,
}

/// What an operator wants to know before a release is taken over.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tell {
    /// It is told only where all of these hold.
    #[serde(default)]
    pub when: Vec<String>,
    /// In one sentence.
    pub say: String,
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
    /// The Secret of somebody else that holds the answer: it is referenced, never copied.
    #[serde(default)]
    pub secret: Option<Elsewhere>,
    /// The part of a text that counts: the first group of this regular expression.
    #[serde(default)]
    pub part: Option<String>,
    /// The answer is this text with what was found in place of `{}`.
    #[serde(default)]
    pub put: Option<String>,
    /// What does not count: a text that begins with one of these, or the entries of a mapping whose key does.
    #[serde(default)]
    pub without: Vec<String>,
}

/// Where the name of a Secret and that of its key stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Elsewhere {
    /// Place of the Secret's name.
    pub name: String,
    /// Place of the key's.
    pub key: String,
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
        let ways = |rule: &Rule| [rule.is.is_some(), rule.from.is_some(), rule.secret.is_some()];
        if let Some((path, _)) = rules().find(|(_, rule)| ways(rule).iter().filter(|way| **way).count() != 1) {
            return Err(format!("a rule of {path} needs either `is` or `from` or `secret`"));
        }
        let conditions = adopt.data.iter().flat_map(|data| &data.when).chain(rules().flat_map(|(_, rule)| &rule.when));
        let conditions = conditions.chain(adopt.tell.iter().flat_map(|tell| &tell.when));
        let conditions = conditions.chain(adopt.must.iter().flat_map(|must| must.when.iter().chain(&must.hold)));
        let places =
            conditions.map(|text| text.trim_start_matches('!')).map(|text| text.split('=').next().unwrap_or(text));
        let places = places.chain(rules().filter_map(|(_, rule)| rule.from.as_deref()));
        let elsewhere = rules().filter_map(|(_, rule)| rule.secret.as_ref());
        let places = places.chain(elsewhere.flat_map(|one| [one.name.as_str(), one.key.as_str()]));
        for place in places.chain(adopt.data.iter().map(|data| data.workload.as_str())) {
            Place::read(place).ok_or_else(|| format!("`{place}` is no place: write Kind/name:/json/pointer"))?;
        }
        Ok(adopt)
    }

    /// The file as it reads for a release of Helm: its name stands for `{release}`, and for `{fullname}` the name that
    /// charts make of both (the release's where it holds the chart's, else `release-chart`, 63 characters at most).
    pub fn of_release(&self, release: &str) -> Self {
        let fullname = match release.contains(&self.chart) {
            true => release.to_string(),
            false => format!("{release}-{}", self.chart).chars().take(63).collect(),
        };
        let fullname = fullname.trim_end_matches('-');
        let name = |text: &mut String| *text = text.replace("{release}", release).replace("{fullname}", fullname);
        let mut named = self.clone();
        named
            .data
            .iter_mut()
            .flat_map(|data| data.when.iter_mut().chain([&mut data.workload, &mut data.dump]))
            .for_each(name);
        let texts = |must: &mut Must| {
            must.when.iter_mut().chain(&mut must.hold).chain([&mut must.say, &mut must.remedy]).for_each(name)
        };
        named.must.iter_mut().for_each(texts);
        named.tell.iter_mut().flat_map(|tell| tell.when.iter_mut().chain([&mut tell.say])).for_each(name);
        for rule in named.answers.values_mut().flatten() {
            rule.when.iter_mut().chain(&mut rule.from).for_each(name);
            rule.secret.iter_mut().for_each(|one| [&mut one.name, &mut one.key].into_iter().for_each(name));
            if let Some(Value::String(text)) = &mut rule.is {
                name(text);
            }
        }
        named
    }
}

/// Where something stands: in an object, or in the chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Kind and name of the object; `None` for the chart's values.
    pub object: Option<(&'a str, &'a str)>,
    /// JSON pointer into it; empty for all of it. In a list, an item's `name` stands for its number.
    pub pointer: &'a str,
}

/// What a [`Place`]'s pointer leads to.
pub fn reach<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut at = root;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        at = match at {
            Value::Object(entries) => entries.get(&part)?,
            Value::Array(items) => match part.parse::<usize>() {
                Ok(number) => items.get(number)?,
                Err(_) => items.iter().find(|item| {
                    [&item["name"], &item["metadata"]["name"]].into_iter().any(|name| name.as_str() == Some(&part))
                })?,
            },
            _ => return None,
        };
    }
    Some(at)
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
        assert!(Adopt::read(&file("{secret: {name: A/b, key: nothing}}")).unwrap_err().contains("is no place"));
        assert!(Adopt::read(&file("{from: nothing}")).unwrap_err().contains("is no place"));
        assert!(Adopt::read(&file("{is: 1, form: A/b}")).is_err());
    }

    #[test]
    fn the_release_stands_in_every_name_and_charts_make_a_full_name_of_it() {
        let text = "slipway: 1\nchart: shop\nversions: '1'\ndata: [{workload: 'A/{fullname}', dump: 'x {release}'}]\n\
                    must: [{when: ['A/{release}-db'], hold: ['A/{fullname}:/a=1'], say: 's {release}'}]\n\
                    answers: {x: [{from: 'A/{release}-db:/b'}, {secret: {name: 'A/{release}:/n', key: 'A/{release}:/k'}}]}\n";
        let file = Adopt::read(text).unwrap();
        for (release, fullname) in [("live", "live-shop"), ("my-shop", "my-shop"), (&"l".repeat(60), "")] {
            let named = file.of_release(release);
            if !fullname.is_empty() {
                assert_eq!(named.data[0].workload, format!("A/{fullname}"));
                assert_eq!(named.must[0].hold, [format!("A/{fullname}:/a=1")]);
            }
            assert_eq!(named.data[0].dump, format!("x {release}"));
            assert_eq!(named.must[0].when, [format!("A/{release}-db")]);
            assert_eq!(named.answers["x"][0].from, Some(format!("A/{release}-db:/b")));
            assert_eq!(named.answers["x"][1].secret.as_ref().unwrap().key, format!("A/{release}:/k"));
        }
        let long = file.of_release(&"l".repeat(60)).data[0].workload.clone();
        assert_eq!(long, format!("A/{}-sh", "l".repeat(60)));
    }

    #[test]
    fn an_items_name_stands_for_its_number() {
        let root = serde_json::json!({"env": [{"name": "A", "value": "1"}, {"name": "B/C", "value": "2"}], "claims": [{"metadata": {"name": "data"}}]});
        let found = |pointer: &str| reach(&root, pointer).and_then(Value::as_str);
        assert_eq!(found("/env/B~1C/value"), Some("2"));
        assert_eq!(found("/env/0/value"), Some("1"));
        assert_eq!(found("/claims/data/metadata/name"), Some("data"));
        assert_eq!(found("/env/D/value"), None);
        assert_eq!(reach(&root, ""), Some(&root));
    }
}
