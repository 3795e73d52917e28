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
        let of = |kinds: &str, what: &str| -> testbed::Outcome<String> {
            let form = format!("jsonpath={{range .items[*]}}{{.kind}}/{{.metadata.name}} {{{what}}}{{\"\\n\"}}{{end}}");
            let output = cx.kubectl().args(["-n", &namespace, "get", kinds, "-o", &form]).output()?;
            Ok(String::from_utf8(output.stdout)?)
        };
        // A controller may still write the status of what runs.
        let running = of("deployments", ".metadata.generation")? + &of("pods", ".metadata.uid")?;
        Ok(of("configmaps,secrets", ".metadata.resourceVersion")? + &running)
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

pub(crate) async fn the_product_of_a_reader_of_the_guide_lives_in_each_of_its_profiles(cx: Context) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/products/linkding");
    for (profile, size) in [("development", "1Gi"), ("production", "10Gi")] {
        let namespace = format!("fast-linkding-{:08x}", rand::random::<u32>());
        let run = |verb: &str, more: &[&str]| -> testbed::Outcome<String> {
            let mut slipway = cx.slipway("admin");
            let slipway = slipway.args([verb, "linkding", "-n", &namespace, "--yes", "--products", folder]);
            Ok(told(&slipway.args(more).output()?))
        };
        let installed = run("install", &["--profile", profile, "--set", "version=1.40.0"])?;
        assert!(installed.contains("GET http://linkding:http/health answers 200"), "{installed}");
        let size_of = ["get", "pvc", "linkding-data", "-o", "jsonpath={.spec.resources.requests.storage}"];
        let got = cx.kubectl().args(["-n", &namespace]).args(size_of).output()?;
        assert_eq!(String::from_utf8(got.stdout)?, size);
        let image = || -> testbed::Outcome<String> {
            let asked = ["get", "deployment", "linkding", "-o", "jsonpath={.spec.template.spec.containers[0].image}"];
            Ok(String::from_utf8(cx.kubectl().args(["-n", &namespace]).args(asked).output()?.stdout)?)
        };
        assert!(image()?.contains("1.40.0"), "{}", image()?);
        run("upgrade", &["--reset", "version", "--without-backup"])?;
        assert!(image()?.contains("1.41.0"), "{}", image()?);
        run("rollback", &[])?;
        assert!(image()?.contains("1.40.0"), "{}", image()?);
        let gone = run("uninstall", &[])?;
        assert!(gone.contains("kept: volume linkding-postgresql"), "{gone}");
    }
    DONE
}

pub(crate) async fn a_claim_of_the_operators_own_is_mounted_and_never_anything_more(cx: Context) -> Outcome {
    let folder = tempfile::tempdir()?;
    of_the_guide(folder.path())?;
    let file = folder.path().join("shop/product.yaml");
    let product = std::fs::read_to_string(&file)?;
    let own = product.replace("claim: shop-postgresql,", "claim: shop-postgresql, existingClaim: orders-of-old,");
    assert_ne!(own, product);
    std::fs::write(file, own)?;
    let namespace = format!("fast-shop-{:08x}", rand::random::<u32>());
    let kubectl = |words: &[&str]| -> testbed::Outcome<String> {
        let output = cx.kubectl().args(["-n", &namespace]).args(words).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    kubectl(&["create", "namespace", &namespace])?;
    let claim = folder.path().join("claim.yaml");
    std::fs::write(
        &claim,
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: orders-of-old}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 3Gi}}}}",
    )?;
    kubectl(&["apply", "-f", &claim.display().to_string()])?;
    // Who bound it and which pod uses it is the cluster's to say.
    let about = "jsonpath={.metadata.uid} {.metadata.labels} {.metadata.annotations.slipway*} {.spec.resources}";
    let before = kubectl(&["get", "pvc", "orders-of-old", "-o", about])?;
    let run = |verb: &str, more: &[&str]| -> testbed::Outcome<String> {
        let mut slipway = cx.slipway("admin");
        let slipway = slipway.args([verb, "shop", "-n", &namespace, "--yes", "--products"]).arg(folder.path());
        Ok(told(&slipway.args(more).output()?))
    };
    run("install", &[])?;
    let mounted = "jsonpath={.spec.template.spec.volumes[?(@.name=='data')].persistentVolumeClaim.claimName}";
    assert_eq!(kubectl(&["get", "statefulset", "shop-postgresql", "-o", mounted])?, "orders-of-old");
    assert_eq!(kubectl(&["get", "pvc", "-o", "name"])?.lines().count(), 2, "that one and the one of Redis");
    let gone = run("uninstall", &["--delete-volume", "shop-redis"])?;
    assert!(!gone.contains("volume shop-postgresql"), "{gone}");
    assert_eq!(kubectl(&["get", "pvc", "orders-of-old", "-o", about])?, before);
    DONE
}
