//! Products that an operator brings: folders given with `--products`.

use std::path::Path;
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

/// The files of the guide's product `shop`, in a folder.
fn of_the_guide(folder: &Path) -> Outcome {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/products.md"))?;
    for block in guide.split("\n```yaml shop/").skip(1) {
        let (path, rest) = block.split_once('\n').ok_or("a block without an end")?;
        let file = folder.join("shop").join(path);
        std::fs::create_dir_all(file.parent().ok_or("no folder")?)?;
        std::fs::write(file, rest.split("\n```").next().unwrap_or_default())?;
    }
    DONE
}

pub(crate) async fn a_new_product_and_the_one_of_the_guide_live_a_whole_life(cx: Context) -> Outcome {
    let folder = tempfile::tempdir()?;
    told(
        &cx.slipway("admin")
            .args(["products", "new", "my-shop", "--into"])
            .arg(folder.path().join("my-shop"))
            .output()?,
    );
    of_the_guide(folder.path())?;
    for product in ["my-shop", "shop"] {
        let namespace = format!("fast-{product}-{:08x}", rand::random::<u32>());
        let run = |verb: &str, more: &[&str]| -> testbed::Outcome<String> {
            let mut slipway = cx.slipway("admin");
            let slipway = slipway.args([verb, product, "-n", &namespace, "--yes", "--products"]).arg(folder.path());
            Ok(told(&slipway.args(more).output()?))
        };
        let installed = run("install", &["--profile", "production"])?;
        assert!(installed.contains(&format!("GET http://{product}:http/health answers 200")), "{installed}");
        let replicas = || -> testbed::Outcome<String> {
            let asked = ["get", "deployment", product, "-o", "jsonpath={.spec.replicas}"];
            Ok(String::from_utf8(cx.kubectl().args(["-n", &namespace]).args(asked).output()?.stdout)?)
        };
        assert_eq!(replicas()?, "2");
        run("upgrade", &["--set", "replicas=3"])?;
        assert_eq!(replicas()?, "3");
        run("rollback", &[])?;
        assert_eq!(replicas()?, "2");
        let gone = run("uninstall", &[])?;
        assert_eq!(gone.contains("kept: volume shop-postgresql"), product == "shop", "{gone}");
    }
    DONE
}
