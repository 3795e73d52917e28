//! Products that an operator brings: folders given with `--products`.

use std::process::Output;

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

/// Runs a verb on the product `pages` of the fixtures.
fn slipway(cx: &Context, verb: &str, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut slipway = cx.slipway("admin");
    Ok(slipway.args([verb, "pages", "--products", folder, "-n", namespace, "--yes"]).args(more).output()?)
}

fn told(output: &Output) -> String {
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}\n{told}", output.status);
    told
}

pub(crate) async fn a_release_without_a_secret_has_no_key_secret_and_a_second_run_writes_nothing(
    cx: Context,
) -> Outcome {
    let namespace = format!("fast-pages-{:08x}", rand::random::<u32>());
    told(&slipway(&cx, "install", &namespace, &[])?);
    let versions = || -> testbed::Outcome<String> {
        let kinds = "configmaps,secrets,deployments,pods";
        let form = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
        let output = cx.kubectl().args(["-n", &namespace, "get", kinds, "-o", form]).output()?;
        Ok(String::from_utf8(output.stdout)?)
    };
    let before = versions()?;
    assert!(before.contains("ConfigMap/page-l "), "{before}");
    assert!(!before.contains("Secret/"), "{before}");
    let again = told(&slipway(&cx, "install", &namespace, &[])?);
    assert!(again.contains("Nothing was written"), "{again}");
    assert_eq!(versions()?, before);
    // What a pod reads changed, and just that: the pod is made anew, the pages stay.
    told(&slipway(&cx, "install", &namespace, &["--set", "site.title=Other"])?);
    let changed = versions()?;
    let gone = |line: &&str| !changed.lines().any(|now| now == *line);
    let gone: Vec<&str> = before.lines().filter(gone).map(|line| line.split(' ').next().unwrap()).collect();
    let pod = gone.iter().find(|name| name.starts_with("Pod/")).unwrap().to_string();
    assert!(gone.contains(&"ConfigMap/pages") && gone.contains(&"Deployment/pages"), "{gone:?}");
    assert!(!gone.iter().any(|name| name.starts_with("ConfigMap/page-")), "{gone:?}");
    assert!(!changed.contains(&format!("{pod} ")), "{changed}");
    DONE
}
