//! The product language sentence by sentence (language.md): small products, what is true of them and what is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::answers::file;
use crate::answers::form::{Form, Layers, NoSources, Place};
use crate::facts::Facts;
use crate::plan::render::render;
use crate::product::load::{Components, Files, load};

mod typed;

const HEAD: &str = "slipway: 1\nname: demo\ntitle: Demo\nabout: For tests\nprofiles: [dev]\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

fn files(product: &str, manifest: &str) -> Files {
    let versions = if product.contains("versions:") { "" } else { "versions: {default: v1.2.3}\n" };
    BTreeMap::from([
        ("product.yaml".to_owned(), format!("{HEAD}{versions}{product}").into_bytes()),
        ("dev.yaml".to_owned(), b"title: Dev\nabout: x\nanswers: {}\n".to_vec()),
        ("manifests/app.yaml".to_owned(), manifest.as_bytes().to_vec()),
    ])
}

fn components(component: &str) -> Components {
    let files: Files = BTreeMap::from([
        ("component.yaml".to_owned(), format!("slipway: 1\nname: part\n{component}").into_bytes()),
        ("manifests/part.yaml".to_owned(), b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: part}\n".to_vec()),
    ]);
    BTreeMap::from([("part".to_owned(), files)])
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|one| format!("{} {}: {} | {}", one.code, one.at, one.what, one.remedy)).collect()
}

/// Everything that loading and lint say of a product, rules of taste left out.
fn told_of(files: &Files, components: &Components) -> Vec<String> {
    match load("demo", files, components) {
        Err(faults) => lines(&faults),
        Ok(product) => {
            let mut findings = lint(&Arc::new(product)).findings;
            findings.retain(Finding::blocks);
            lines(&findings)
        }
    }
}

fn told(product: &str, manifest: &str) -> Vec<String> {
    told_of(&files(product, manifest), &Components::new())
}

fn questions(list: &str) -> String {
    format!("pages: [{{id: p, title: P, questions: [{list}]}}]\n")
}

/// Each pair: a product and manifest, and what is said of it; nothing where the text is empty.
fn all(cases: &[(&str, &str, &str)]) {
    for (product, manifest, wanted) in cases {
        let told = told(product, manifest);
        if wanted.is_empty() {
            assert_eq!(told, Vec::<String>::new(), "{product}\n{manifest}");
        } else {
            assert!(told.iter().any(|line| line.contains(wanted)), "{product}\n{manifest}\n{wanted}\n{told:#?}");
        }
    }
}

fn form(product: &str, manifest: &str, answers: &str) -> Form {
    form_of(&files(product, manifest), answers, Facts::assumed())
}

fn form_of(files: &Files, answers: &str, facts: Facts) -> Form {
    let product = load("demo", files, &Components::new()).unwrap_or_else(|faults| panic!("{:#?}", lines(&faults)));
    let product = Arc::new(product);
    let file = file::read("a.yaml", answers, &product).unwrap_or_else(|faults| panic!("{:#?}", lines(&faults)));
    let place = Place { namespace: "space".into(), release: "rel".into(), profile: "dev".into() };
    let layers = Layers { file: file.answers, ..Layers::default() };
    Form::new(product, place, Arc::new(facts), layers, Arc::new(NoSources), [7; 32])
}

/// `data` of the one object that is rendered.
fn data(product: &str, body: &str, answers: &str) -> Value {
    let form = form(product, &format!("{MAP}data:\n{body}"), answers);
    assert_eq!(form.faults(), []);
    let made = render(&form.world()).unwrap_or_else(|faults| panic!("{:#?}", lines(&faults)));
    made.objects[0].object.at(&["data"]).cloned().unwrap_or(Value::Null)
}

#[test]
fn yaml_keys_are_read_as_written_and_what_hides_meaning_is_refused() {
    all(&[
        ("title: Again\n", MAP, "the key `title` stands twice"),
        ("<<: {a: b}\n", MAP, "merge keys"),
        ("values: {a: &x b, c: *x}\n", MAP, "anchors"),
        ("values: {a: !!str b}\n", MAP, "tags"),
        ("titel: x\n", MAP, "did you mean `title`?"),
        ("pages: [{id: p, title: P, questions: [{component: c, ask: x}]}]\n", MAP, "no key `ask`"),
    ]);
    let choice = questions("{id: a, type: choice, ask: A, choices: {yes: Y, 1.20: N}, default: 1.20}");
    assert_eq!(data(&choice, "  a: ${a}\n  on: x\n  0644: y\n", ""), json!({"a": "1.20", "on": "x", "0644": "y"}));
    assert_eq!(data(&choice, "  a: ${a}\n", "a: yes\n")["a"], json!("yes"));
    let mode = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, secret: {secretName: s, defaultMode: 0644}}]}\n";
    let form = form("", mode, "");
    let made = render(&form.world()).unwrap();
    assert_eq!(made.objects[0].object.at(&["spec", "volumes"]).unwrap()[0]["secret"]["defaultMode"], json!(420));
}

#[test]
fn a_file_that_is_no_yaml_tells_its_first_fault_and_the_hint_to_quote() {
    for line in ["  a: ${{\"x\": 1}}\n", "  a: ${flag ? \"x\" : \"y\"}\n", "  b: {a: ${x}}\n", "  a: [${x}]\n"] {
        let told = told("", &format!("{MAP}data:\n{line}"));
        assert_eq!(told.len(), 1, "{line} {told:#?}");
        assert!(told[0].contains("single quotes") && told[0].contains("app.yaml:5"), "{line} {told:#?}");
    }
    all(&[("values: {a: '${x'}\n", MAP, "not closed")]);
}

#[test]
fn ids_are_words_that_expressions_can_read() {
    let one = |id: &str| questions(&format!("{{id: {id}, type: text, ask: A, default: x}}"));
    for (id, wanted) in [
        ("in", "word of CEL"),
        ("a.namespace", "word of CEL"),
        ("A", "not an id"),
        ("a-b", "not an id"),
        ("keys.a", "means something else"),
        ("slipway.a", "means something else"),
        ("cluster", "means something else"),
        ("version", "stands twice"),
        ("registry.a", "is the beginning of"),
    ] {
        all(&[(&one(id), MAP, wanted)]);
    }
    all(&[
        (
            &questions("{id: a, type: text, ask: A, default: x}, {id: a.b, type: text, ask: B, default: x}"),
            MAP,
            "`a` is the beginning of `a.b`",
        ),
        ("values: {a-b: x}\n", MAP, "`a-b` is not the name of a value"),
        ("values: {in: x}\n", MAP, "word of CEL"),
        ("", &format!("$each: {{release: '[1]'}}\n{MAP}"), "`release` means something else"),
        ("", &format!("$each: {{a.b: '[1]'}}\n{MAP}"), "not the name of an item"),
    ]);
}

#[test]
fn inside_a_component_mode_outputs_and_version_are_taken() {
    let product = "components: {c: {use: part, mode: bundled}}\n";
    for id in ["mode", "outputs", "version.a"] {
        let component = format!("questions: [{{id: {id}, type: text, ask: A, default: x}}]\n");
        let told = told_of(&files(product, MAP), &components(&component));
        assert!(told.iter().any(|line| line.contains("inside a component")), "{id} {told:#?}");
    }
    let told = told_of(&files(product, MAP), &components("inputs: {a.b: {type: text}}\noutputs: {in: x}\n"));
    assert!(told.iter().any(|line| line.contains("not the name of an input")), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("word of CEL")), "{told:#?}");
}

#[test]
fn null_drops_its_entry_empty_stays_and_scalars_keep_their_type() {
    let product = questions("{id: a, type: text, ask: A, optional: true}, {id: n, type: number, ask: N, default: 3}")
        + "values: {l: ['${a}', x], m: {a: '${a}', b: {}}}\n";
    let body = "  gone: ${a}\n  list: ${values.l}\n  map: ${values.m}\n  n: '${n}'\n  text: \"8288\"\n  mixed: 'n=${n} ${true}'\n  plain: '$${n} $(VAR) $'\n  empty: {}\n";
    assert_eq!(
        data(&product, body, ""),
        json!({"list": ["x"], "map": {"b": {}}, "n": 3, "text": "8288", "mixed": "n=3 true", "plain": "${n} $(VAR) $", "empty": {}})
    );
    all(&[
        ("values: {m: {$merge: []}}\n", MAP, "directives stand in manifests"),
        ("values: {m: {'${x}': 1}}\n", MAP, "a key is never an expression"),
        ("", &format!("{MAP}data: {{'${{x}}': a}}\n"), "a key is never an expression"),
    ]);
    // A check is not run on null.
    let checked =
        questions("{id: a, type: text, ask: A, optional: true, checks: [{that: 'self.size() > 3', say: short}]}");
    assert_eq!(form(&checked, MAP, "").faults(), []);
    assert_eq!(form(&checked, MAP, "a: x\n").faults()[0].what, "short");
}

#[test]
fn maps_that_expressions_make_are_sorted_and_objects_stand_in_the_authors_order() {
    let form = form("", &format!("{MAP}data: {{b: 1, a: 2}}\n---\n{}", MAP.replace("name: a", "name: '0'")), "");
    let made = render(&form.world()).unwrap();
    assert_eq!(made.objects[0].object.name(), "a");
    assert_eq!(made.objects[0].object.0["data"].to_string(), "{\"b\":1,\"a\":2}");
    assert_eq!(data("", "  a: '${ {\"z\": 1, \"b\": 2} }'\n", "")["a"].to_string(), "{\"b\":2,\"z\":1}");
}

#[test]
fn directives_stand_where_they_mean_something() {
    all(&[
        (
            "",
            &format!("{MAP}data: {{$merge: ['${{ {{\"k\": \"v\"}} }}'], k: w}}\n"),
            "`k` is written here and comes out of $merge",
        ),
        ("", &format!("{MAP}data: {{a: [{{$splice: '${{\"x\"}}'}}]}}\n"), "must be a list"),
        ("", &format!("{MAP}data: {{$merge: ['${{1}}']}}\n"), "must be a map"),
        ("", &format!("{MAP}data: {{$after: [app]}}\n"), "`$after` stands on a whole object only"),
        ("", &format!("$after: [ap]\n{MAP}"), "ap"),
        ("", &format!("{MAP}data: {{$wen: 'true'}}\n"), "did you mean `$when`?"),
        ("", &format!("{MAP}data: {{a: {{$when: '1', b: c}}}}\n"), "must be true or false"),
        ("", &format!("{MAP}data: {{a: [{{$each: {{x: '\"a\"'}}, $value: '${{x}}'}}]}}\n"), "a list or a map"),
        ("", &format!("{MAP}data: {{a: {{$secretRef: version}}}}\n"), "not a secret"),
        ("", &format!("{MAP}data: {{a: {{$json: {{b: [1, {{c: x}}]}}}}}}\n"), ""),
    ]);
    let body = "  a: [{$each: {x: '[1, 2]'}, $when: x > 1, $value: '${x}'}, {$splice: '${[3]}'}]\n  m: {$merge: ['${ {\"k\": 1} }', {k: 2, l: 3}], z: 4}\n";
    assert_eq!(data("", body, ""), json!({"a": [2, 3], "m": {"k": 2, "l": 3, "z": 4}}));
}

#[test]
fn yaml_and_json_text_of_a_tree_with_a_secret_is_a_secret() {
    let keys = "keys: {k: {generate: {hex: 32}, ask: K}}\n";
    for directive in ["$json", "$yaml"] {
        all(&[(
            keys,
            &format!("{MAP}data: {{f: {{{directive}: {{a: '${{keys.k}}'}}}}}}\n"),
            "may end in a Secret only",
        )]);
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{f: {{{directive}: {{a: ['${{keys.k}}', '$${{x}}']}}}}}}\n"
        );
        let form = form(keys, &secret, "");
        let made = render(&form.world()).unwrap();
        let value =
            made.objects[0].recipes["f"].resolve(&|path, _| form.secrets().value(path).cloned()).unwrap().unwrap();
        let read: Value = serde_yaml::from_str(value.expose()).unwrap();
        assert_eq!(read, json!({"a": [form.secrets().value("keys.k").unwrap().expose(), "${x}"]}), "{directive}");
        assert!(!STANDARD.encode(made.objects[0].object.0.to_string()).is_empty());
    }
}

#[test]
fn how_a_key_is_rotated_is_said_in_one_way_with_names_that_exist() {
    let key = |rotate: &str| format!("keys: {{k: {{generate: {{hex: 32}}, ask: K, rotate: {rotate}}}}}\n");
    let told = [
        ("{join: ',', clientsFirst: true}", "a key is rotated in one way"),
        ("{jion: ','}", "did you mean `join`?"),
        ("{postgresql: {group: app, user: '${nobody}', database: d}}", "nobody"),
        ("{postgresql: {group: app, user: u}}", "database"),
    ];
    for (rotate, wanted) in told {
        all(&[(&key(rotate), &format!("{MAP}data: {{a: b}}\n"), wanted)]);
    }
}

#[test]
fn answers_that_are_text_are_taken_as_they_were_written() {
    let product = questions(
        "{id: tag, type: text, ask: T}, {id: tags, type: list, of: text, ask: L}, {id: labels, type: map, ask: M}, {id: items, type: list, key: name, ask: I, fields: [{id: name, type: text, ask: N}]}, {id: d, type: text, ask: D, default: 1.30}",
    );
    let answers = "tag: 1.20\ntags: [1.10, no, 0644]\nlabels: {a: 1.50, on: yes}\nitems: [{name: 007}]\n";
    assert_eq!(
        data(&product, "  a: ${[tag, d] + tags}\n  b: ${labels}\n  c: ${items}\n", answers),
        json!({"a": ["1.20", "1.30", "1.10", "no", "0644"], "b": {"a": "1.50", "on": "yes"}, "c": [{"name": "007"}]})
    );
    let mut files = files(&product, &format!("{MAP}data: {{a: '${{tag}}'}}\n"));
    files.insert(
        "dev.yaml".into(),
        b"title: D\nabout: x\nanswers: {tag: 1.20, tags: [], labels: {}, items: []}\n".to_vec(),
    );
    assert_eq!(form_of(&files, "", Facts::assumed()).answers()["tag"], json!("1.20"));
}

#[test]
fn versions_gates_and_migration_are_held_to_their_words() {
    all(&[
        ("versions: {default: latest}\n", MAP, "never `latest`"),
        ("versions: {default: v1, order: alphabet}\n", MAP, "not an order"),
        ("versions: {default: v1, part: '['}\n", MAP, "regular expression"),
        ("versions: {default: v1, part: '[0-9]+[.][0-9]+'}\n", MAP, "cuts nothing"),
        ("versions: {default: v1, accept: 'self == \"v2\"'}\n", MAP, "is not a version of this product"),
        ("versions: {default: v1, accept: 'self.size()'}\n", MAP, "must be true or false"),
        ("gates: [{from: 1.10, to: 1.20, say: x, requires: nothing}]\n", MAP, "not known"),
        ("gates: [{say: x}]\n", MAP, "neither `from` nor `to`"),
        ("gates: [{from: v1, to: v2}]\n", MAP, "no `say`"),
        ("migration: {atStart: true, job: app}\n", MAP, "either atStart: true or job"),
        ("migration: {job: ap}\n", MAP, "did you mean `app`?"),
        ("migration: {job: app, budget: soon}\n", MAP, "a duration"),
        ("migration: {job: app, budget: 10m}\n", MAP, ""),
        ("migration: [{job: app}, {when: release.name == \"a\", atStart: true}]\n", MAP, ""),
        ("migration: [{job: app}, {when: relase.name == \"a\", atStart: true}]\n", MAP, "`relase.name` is not known"),
        ("health: [{group: ap, http: {service: a, path: /}}]\n", MAP, "did you mean `app`?"),
        ("health: [{within: 5s}]\n", MAP, "asks by `http`, `sql` or `exec`"),
        ("health: [{group: app, sql: {grup: app}}]\n", MAP, "did you mean `group`?"),
        ("health: [{group: app, sql: {group: app, query: 'select \"a\" from b'}}]\n", MAP, ""),
        ("backup: [{group: ap, kind: x}]\n", MAP, "did you mean `app`?"),
        ("singleton: maybe\n", MAP, "must be true or false"),
    ]);
    let product = load(
        "demo",
        &files("gates: [{from: 1.10, to: 1.20, say: x, requires: step, migrates: true}]\n", MAP),
        &Components::new(),
    )
    .unwrap();
    assert_eq!((product.gates[0].from.as_str(), product.gates[0].to.as_str()), ("1.10", "1.20"));
    let product = load("demo", &files("versions: {default: 1.20}\n", MAP), &Components::new()).unwrap();
    assert_eq!(product.versions.default, "1.20");
}

#[test]
fn profiles_hold_literals_and_a_file_that_nothing_reads_is_told() {
    let product = questions("{id: a, type: text, ask: A, default: x}, {id: s, type: secret, ask: S, optional: true}");
    for (profile, wanted) in [
        ("a: '${version}'", "literals only"),
        ("a: '$${x} ${version}'", "literals only"),
        ("b: x", "no question `b`"),
        ("s: 'env:A'", "has no value in a profile"),
    ] {
        let mut files = files(&product, &format!("{MAP}data: {{a: '${{a}}', b: '${{given(s) ? \"x\" : \"y\"}}'}}\n"));
        files.insert("dev.yaml".into(), format!("title: D\nabout: x\nanswers: {{{profile}}}\n").into_bytes());
        let told = told_of(&files, &Components::new());
        assert!(told.iter().any(|line| line.contains(wanted)), "{profile} {told:#?}");
    }
    let mut files = files("", MAP);
    files.insert("prodution.yaml".into(), b"title: P\nabout: x\n".to_vec());
    assert!(told_of(&files, &Components::new())[0].contains("prodution.yaml:1:1: nothing reads this file"));
}

#[test]
fn a_cluster_fact_that_may_not_be_read_is_null() {
    let product = questions("{id: a, type: text, ask: A, default: x, from: cluster.storageClasses}");
    let manifest = format!(
        "{MAP}data: {{a: '${{a}}', s: '${{cluster.storageClasses == null}}', i: '${{cluster.issuers == null}}', g: '${{cluster.gatewayClasses == null}}', n: '${{cluster.ingressClasses == null}}', c: '${{cluster.crds == null}}'}}\n"
    );
    let form = form_of(&files(&product, &manifest), "", Facts::default());
    let made = render(&form.world()).unwrap();
    assert_eq!(
        made.objects[0].object.0["data"],
        json!({"a": "x", "s": true, "i": true, "g": true, "n": true, "c": true})
    );
    assert!(form.question("a").unwrap().suggestions.is_err(), "typed input where the choices cannot be read");
}
