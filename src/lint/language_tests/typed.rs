//! Types, and the functions of the language.

use super::*;

#[test]
fn wrong_types_are_told_where_they_stand_in_branches_that_are_never_taken() {
    let product = |rest: &str| {
        questions(
            "{id: n, type: number, ask: N, default: 1}, {id: l, type: list, of: text, ask: L, default: []}, {id: u, type: list, key: name, ask: U, default: [], fields: [{id: name, type: text, ask: N}]}",
        ) + rest
    };
    for (rest, body, wanted) in [
        ("checks: [{at: n, that: 'n + 1', say: x}]\n", "{a: '${n}'}", "`n + 1` is a number and must be true or false"),
        ("values: {v: '${false ? n + \"x\" : 1}'}\n", "{a: '${values.v}'}", "`+` does not take a number and text"),
        ("", "{a: '${false ? l.x : n}'}", "`l` is list and has no fields"),
        ("", "{a: [{$each: {x: l}, b: '${x.y}'}]}", "`x` is text and has no fields"),
        ("", "{a: [{$each: {x: u}, b: '${x.nam}'}]}", "`x.nam` is not known | did you mean `x.name`?"),
        ("", "{a: {$yaml: [{$each: {x: u}, b: '${x.name}'}]}}", ""),
        ("notes: [{say: 'x ${l}'}]\n", "{a: '${n}'}", "must be text, a number or true or false"),
        ("notes: [{when: 'n', say: x}]\n", "{a: '${n}'}", "must be true or false"),
        (
            "health: [{group: app, when: '\"x\"', http: {service: a, path: /}}]\n",
            "{a: '${n}'}",
            "must be true or false",
        ),
        (
            "backup: [{group: app, kind: x, name: '${n + \"a\"}'}]\n",
            "{a: '${n}'}",
            "`+` does not take a number and text",
        ),
        ("backup: [{group: app, kind: x, name: '${[1][n + 4]}'}]\n", "{a: '${n}'}", "past the end"),
        ("logPatterns: [{match: x, code: X, say: x, when: '[true][n + 4]'}]\n", "{a: '${n}'}", "past the end"),
    ] {
        let manifest = format!("{MAP}data: {body}\n");
        all(&[(&product(rest), &manifest, wanted)]);
    }
    all(&[
        (
            &questions("{id: a, type: number, ask: A, default: '${version}'}"),
            MAP,
            "the default of `a` is text and must be a number",
        ),
        (
            &questions("{id: a, type: object, schema: io.k8s.api.core.v1.Afinity, ask: A, optional: true}"),
            MAP,
            "no definition of Kubernetes",
        ),
    ]);
    let with = |with: &str| format!("components: {{c: {{use: part, mode: bundled, with: {{a: {with}}}}}}}\n");
    for (given, wanted) in [
        ("x", "the input `a` of `c` must be a whole number"),
        ("'${version}'", "the input `a` of `c` is text and must be a number"),
    ] {
        let told = told_of(&files(&with(given), MAP), &components("inputs: {a: {type: number}}\n"));
        assert!(told.iter().any(|line| line.contains(wanted)), "{told:#?}");
    }
}

#[test]
fn the_functions_of_the_language_are_there() {
    for (expression, wanted) in [
        ("'a,b'.split(',').join('-')", json!("a-b")),
        ("'a.b'.replace('.', '-')", json!("a-b")),
        ("' A '.trim().lowerAscii()", json!("a")),
        ("'%s %d'.format(['a', 1])", json!("a 1")),
        ("'abc 123'.find('[0-9]+')", json!("123")),
        ("quantity('1Gi').isGreaterThan(quantity('512Mi'))", json!(true)),
        ("quantity('1Gi').compareTo(quantity('1024Mi'))", json!(0)),
        ("[3, 1, 2].sort()", json!([1, 2, 3])),
        ("[1, 2].sum()", json!(3)),
        ("[1, 1].distinct()", json!([1])),
        ("base64('a')", json!("YQ==")),
        ("versionAtLeast('v3.1.13', '3.1.9')", json!(true)),
        ("urlHost('http://h:1/x') + string(urlPort('http://h:1/x'))", json!("h1")),
        ("image('a/b', 'v1')", json!("a/b:v1")),
        ("redisUrl({'host': 'h', 'password': 'p@'})", json!("redis://:p%40@h:6379")),
    ] {
        let body = format!("  a: \"${{{expression}}}\"\n");
        assert_eq!(data("", &body, "")["a"], wanted, "{expression}");
    }
}
