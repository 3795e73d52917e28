use std::collections::BTreeMap;

use super::*;
use crate::product::embedded;
use crate::product::load::{Components, Files, load};

fn told(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|one| {
        let mut line = format!("{} {}: {}", one.code, one.at, one.what);
        for more in [&one.why, &one.remedy] {
            if !more.is_empty() {
                line = format!("{line} | {more}");
            }
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A product of one file, with what is given below its head, and one manifest.
fn demo(rest: &str, manifest: &str) -> Arc<Product> {
    let yaml = format!(
        "slipway: 1\nname: demo\ntitle: Demo\nabout: For tests\nprofiles: [dev]\nversions: {{default: v1.2.3}}\n{rest}"
    );
    let files: Files = BTreeMap::from([
        ("product.yaml".to_owned(), yaml.into_bytes()),
        ("dev.yaml".to_owned(), b"title: Dev\nabout: x\nanswers: {}\n".to_vec()),
        ("manifests/app.yaml".to_owned(), manifest.as_bytes().to_vec()),
    ]);
    Arc::new(load("demo", &files, &Components::new()).unwrap_or_else(|faults| panic!("{}", told(&faults))))
}

fn pages(questions: &str) -> String {
    format!("pages:\n  - id: all\n    title: All\n    questions:\n{questions}")
}

#[test]
fn every_product_in_the_program_passes_lint() {
    // Side by side: together they are most of what these tests take.
    std::thread::scope(|scope| {
        for name in embedded::names() {
            scope.spawn(move || {
                let product = Arc::new(embedded::built_in(&name).unwrap().unwrap());
                let report = lint(&product);
                let count = report.combinations;
                assert!(report.findings.is_empty(), "{name}, {count} combinations:\n{}", told(&report.findings));
                assert!(count > 20, "{name}: {count}");
            });
        }
    });
}

#[test]
fn unknown_names_are_told_with_the_nearest_one() {
    let product = demo(
        &(pages(
            "      - {id: size, type: number, ask: Size, default: 1, when: fliag}\n      - {id: flag, type: yesno, ask: Flag, default: true}\n",
        ) + "values: {x: '${sise}', y: '${values.z}', z: '${release.nam}'}\n"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '${cluster.crd}', b: '${[1].map(i, i)}'}\n",
    );
    insta::assert_snapshot!(told(&lint(&product).findings));
}

#[test]
fn a_circle_of_names_is_told_once_with_its_way() {
    let product = demo(
        &(pages("      - {id: a, type: text, ask: A, default: '${values.x}'}\n")
            + "values: {x: '${values.y}', y: '${a}'}\n"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '${values.x}'}\n",
    );
    insta::assert_snapshot!(told(&lint(&product).findings));
}

#[test]
fn wrong_types_and_unknown_fields_are_faults_with_the_answers_that_show_them() {
    let product = demo(
        &pages(
            "      - {id: flag, type: yesno, ask: Flag, default: true}\n      - {id: port, type: port, ask: Port, default: 80}\n",
        ),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: '${port}', flag: '${flag ? \"a\" : null}'}\n---\n$when: '!flag'\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {sum: '${port + \"x\"}'}\n",
    );
    insta::assert_snapshot!(told(&lint(&product).findings));
    let product = demo(
        &pages(
            "      - {id: flag, type: yesno, ask: Flag, default: true}\n      - {id: port, type: port, ask: Port, default: 80}\n",
        ),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: '${port}'}\n---\n$when: '!flag'\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n",
    );
    insta::assert_snapshot!(told(&lint(&product).findings));
}

#[test]
fn a_secret_in_a_config_map_is_a_fault() {
    let product = demo(
        &pages("      - {id: token, type: secret, ask: Token}\n"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {token: 'x ${token}'}\n",
    );
    let said = told(&lint(&product).findings);
    assert!(said.contains("manifests/app.yaml:4:"), "{said}");
    insta::assert_snapshot!(said);
}

const BAD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
        - name: app
          image: example/app
          readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 30}
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: b}}
  template:
    metadata: {labels: {app: b}}
    spec:
      containers:
        - {name: db, image: 'example/db:1', resources: {requests: {cpu: 1, memory: 1Gi}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443, protocol: TCP}]}]}
"#;

const UNUSED: &str = "      - {id: colour, type: choice, ask: Colour, choices: {red: Red, blue: Blue}, default: red}\n";

#[test]
fn each_rule_of_taste_names_the_place_that_breaks_it() {
    insta::assert_snapshot!(told(&lint(&demo(&pages(UNUSED), BAD)).findings));
}

#[test]
fn a_rule_is_allowed_in_one_place_and_an_allowance_that_allows_nothing_is_told() {
    let allow = "allow:\n  - {rule: UNUSED_QUESTION, at: colour, reason: kept for older answers files}\n  - {rule: LATEST_IMAGE, at: Deployment/other/app, reason: x}\n  - {rule: SLOW_PROB, at: Deployment/app/app, reason: x}\n";
    let report = lint(&demo(&(pages(UNUSED) + allow), BAD));
    let codes: Vec<&str> = report.findings.iter().map(|one| one.code.as_str()).collect();
    assert!(!codes.contains(&"UNUSED_QUESTION") && codes.contains(&"LATEST_IMAGE"), "{codes:?}");
    let nothing: Vec<Finding> = report.findings.into_iter().filter(|one| one.code == "ALLOWED_NOTHING").collect();
    insta::assert_snapshot!(told(&nothing));
}

#[test]
fn a_key_that_a_volume_needs_must_say_that_it_opens_it() {
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {key: '${keys.data}'}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  selector: {matchLabels: {app: b}}\n  template:\n    metadata: {labels: {app: b}}\n    spec:\n      containers:\n        - {name: db, image: 'example/db:1', envFrom: [{secretRef: {name: s}}], resources: {requests: {cpu: 1, memory: 1Gi}}}\n      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n";
    let key = |opens: &str| format!("keys: {{data: {{generate: {{hex: 32}}, ask: Key, opens: [{opens}]}}}}\n");
    let codes = |opens: &str| {
        let report = lint(&demo(&key(opens), manifest));
        report.findings.iter().map(|one| one.code.clone()).collect::<Vec<_>>()
    };
    assert_eq!(codes("clients"), ["KEY_WITHOUT_HOME"]);
    assert_eq!(codes("data"), Vec::<String>::new());
}

#[test]
fn a_pod_that_undoes_what_rendering_adds_is_told_and_one_that_says_the_same_is_not() {
    let pod = |pod: &str, container: &str| {
        let manifest = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n{pod}      containers:\n        - {{name: job, image: 'example/job:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}}}{container}}}\n"
        );
        let report = lint(&demo("", &manifest));
        report.findings.iter().map(|one| format!("{} {}: {}", one.code, one.at, one.what)).collect::<Vec<_>>()
    };
    assert_eq!(
        pod("      enableServiceLinks: true\n", ", securityContext: {capabilities: {drop: []}, runAsUser: 0}"),
        [
            "RESTRICTED_UNDONE Job/job: it sets enableServiceLinks",
            "RESTRICTED_UNDONE Job/job/job: it sets capabilities.drop without ALL",
            "RESTRICTED_UNDONE Job/job/job: it sets runAsUser 0",
        ]
    );
    assert!(
        pod(
            "      securityContext: {runAsNonRoot: true, runAsUser: 1000}\n",
            ", securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}"
        )
        .is_empty()
    );
}

#[test]
fn few_combinations_are_all_rendered_and_hidden_answers_are_not_counted_twice() {
    let questions = "      - {id: mode, type: choice, ask: M, choices: {a: A, b: B}, default: a}\n      - {id: deep, type: yesno, ask: D, default: true, when: mode == \"b\"}\n";
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: '${mode}', deep: '${deep == null ? null : string(deep)}'}\n";
    let report = lint(&demo(&pages(questions), manifest));
    assert_eq!((report.combinations, report.all, told(&report.findings)), (3, true, String::new()));
}

#[test]
fn every_three_answers_that_can_stand_together_do_where_all_are_too_many() {
    let questions: String =
        (0..8).map(|n| format!("      - {{id: q{n}, type: yesno, ask: Q, default: true}}\n")).collect();
    let product = demo(&pages(&questions), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n");
    let cases = cases::Cases::of(&product);
    let combined = cases.combined(20);
    assert!(!combined.all && combined.rows.len() < 64, "{}", combined.rows.len());
    for a in 0..8 {
        for b in a + 1..8 {
            for c in b + 1..8 {
                for bits in 0..8usize {
                    let wanted = [(a, bits & 1), (b, (bits >> 1) & 1), (c, bits >> 2)];
                    let met = combined.rows.iter().any(|row| wanted.iter().all(|(at, value)| row[*at] == Some(*value)));
                    assert!(met, "{wanted:?}");
                }
            }
        }
    }
}

#[test]
fn every_code_of_lint_is_explained_once() {
    let all = explain::all();
    let mut codes: Vec<&str> = all.iter().map(|one| one.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
    assert_eq!(explain::explain("slow_probe").map(|one| one.code), Some("SLOW_PROBE"));
    assert!(explain::explain("NOTHING").is_none());
}
