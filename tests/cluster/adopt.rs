//! `slipway adopt` on the real control plane: releases that Helm 3 and Helm 4 laid down, from charts of three shapes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libtest_mimic::Completion;
use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{keys, objects, said, succeeded};
use crate::testbed;

const EVENT: &str = "0a1b2c3d4e5f";
const SIGNING: &str = "signkey-dev-00112233445566778899aabbccddeeff";
const PASSWORD: &str = "correct-horse";

/// Who lays a release down, and from what.
#[derive(Clone, Copy)]
pub(crate) struct Laid {
    pub(crate) helm: u8,
    pub(crate) chart: &'static str,
    pub(crate) driver: &'static str,
}

impl Laid {
    /// Helm, with a release `name` whose record is in `namespace`.
    pub(crate) fn helm(&self, cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
        let program = crate::helms::helm(self.helm)?;
        let home = tempfile::tempdir()?;
        Ok(Command::new(program)
            .args(arguments)
            .args(["-n", namespace])
            .env("KUBECONFIG", cx.kubeconfig("admin"))
            .env("HELM_DRIVER", self.driver)
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .output()?)
    }

    fn install(&self, cx: &Context, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
        let chart =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/charts").join(self.chart).join("inngest");
        let values = format!(
            "namespace.name={namespace},inngest.eventKey={EVENT},inngest.signingKey={SIGNING},postgresql.auth.password={PASSWORD},image.tag=v1.19.0"
        );
        let chart = chart.display().to_string();
        self.helm(cx, namespace, &[&["install", "inngest", chart.as_str(), "--set", values.as_str()], more].concat())
    }

    /// A new namespace with the release in it, its pods ready.
    async fn laid(&self, cx: &Context, behaviour: &str, more: &[&str]) -> testbed::Outcome<String> {
        let namespace = cx.namespace(behaviour).await?;
        succeeded(&self.install(cx, &namespace, more)?);
        self.ready(cx, &namespace).await?;
        Ok(namespace)
    }

    /// Until what the chart runs is ready.
    async fn ready(&self, cx: &Context, namespace: &str) -> testbed::Outcome<()> {
        cx.until("the chart's pods are ready", async || {
            let all = objects(cx, namespace)?;
            let runs = |object: &&Value| object["kind"] == "Deployment" || object["kind"] == "StatefulSet";
            let mut workloads = all.values().filter(runs);
            Ok(workloads.all(|object| object["status"]["readyReplicas"] == object["spec"]["replicas"]))
        })
        .await
    }

    /// The chart of another product, laid down as a release of that name, or changed.
    pub(crate) async fn release(
        &self,
        cx: &Context,
        namespace: &str,
        name: &str,
        values: &[&str],
    ) -> testbed::Outcome<()> {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/charts").join(self.chart);
        let chart = chart.display().to_string();
        let sets = values.iter().flat_map(|set| ["--set", *set]);
        let arguments: Vec<&str> = ["upgrade", "--install", name, &chart].into_iter().chain(sets).collect();
        succeeded(&self.helm(cx, namespace, &arguments)?);
        self.ready(cx, namespace).await
    }
}

const THREE: Laid = Laid { helm: 3, chart: "0.3.1", driver: "secret" };
const FOUR: Laid = Laid { helm: 4, ..THREE };

/// A release of chart 0.3 that Helm 3 has laid down; its namespace.
pub(crate) async fn laid_down(cx: &Context) -> testbed::Outcome<String> {
    THREE.laid(cx, "fast", &[]).await
}

pub(crate) fn adopt(cx: &Context, folder: &Path, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").current_dir(folder).arg("adopt").args(arguments).output()?)
}

/// UIDs of a kind by name.
pub(crate) fn uids(all: &BTreeMap<String, Value>, kind: &str) -> BTreeMap<String, String> {
    let of_kind = all.iter().filter(|(name, _)| name.starts_with(&format!("{kind}/")));
    of_kind.map(|(name, object)| (name.clone(), object["metadata"]["uid"].to_string())).collect()
}

pub(crate) fn decoded(secret: &Value, key: &str) -> String {
    String::from_utf8(BASE64.decode(secret["data"][key].as_str().unwrap()).unwrap()).unwrap()
}

/// Adopted without touching a pod, brought to slipway's shape without losing anything, and out of Helm's reach.
async fn through(cx: &Context, laid: Laid) -> Outcome {
    let namespace = laid.laid(cx, "fast", &[]).await?;
    let folder = tempfile::tempdir()?;
    let before = objects(cx, &namespace)?;

    let unasked = adopt(cx, folder.path(), &["-n", &namespace])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    for told in [
        "nobody said yes",
        "meta.helm.sh/release-name",
        "sh.helm.release.v1.inngest.v1",
        "delete Deployment/inngest-postgresql",
    ] {
        assert!(said(&unasked).contains(told), "{told}: {}", said(&unasked));
    }
    assert_eq!(objects(cx, &namespace)?.get("Secret/inngest-keys-1"), None);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "nothing is exported before somebody says yes");

    let adopted = adopt(cx, folder.path(), &["-n", &namespace, "--yes"])?;
    succeeded(&adopted);
    let all = objects(cx, &namespace)?;
    assert_eq!(uids(&all, "Pod"), uids(&before, "Pod"), "no pod is touched");
    for (name, object) in all.iter().filter(|(name, _)| name.starts_with("Pod/")) {
        assert!(
            object["status"]["containerStatuses"].as_array().unwrap().iter().all(|one| one["restartCount"] == 0),
            "{name}"
        );
    }
    assert_eq!(uids(&all, "PersistentVolumeClaim"), uids(&before, "PersistentVolumeClaim"));
    let made = keys(&all);
    assert_eq!((made["keys.event"].as_str(), made["keys.signing"].as_str()), (EVENT, SIGNING));
    assert_eq!(made["database.password"], PASSWORD);
    let claim = &all["PersistentVolumeClaim/inngest-postgresql"]["metadata"];
    assert_eq!(claim["labels"]["slipway.dev/release"], "inngest");
    assert_eq!(claim["annotations"]["slipway.dev/opened-by"], "inngest-keys-1/database.password");
    for (name, object) in
        before.iter().filter(|(_, object)| object["metadata"]["annotations"]["meta.helm.sh/release-name"] == "inngest")
    {
        let now = &all[name];
        assert_eq!(now["metadata"]["annotations"].get("meta.helm.sh/release-name"), None, "{name}");
        assert_eq!(now["metadata"]["labels"]["app.kubernetes.io/managed-by"], "slipway", "{name}");
        assert_eq!((&now["data"], &now["spec"]), (&object["data"], &object["spec"]), "{name}");
        let managers = now["metadata"]["managedFields"].as_array().unwrap();
        assert!(managers.iter().all(|entry| entry["manager"] != "helm"), "{name}: {managers:?}");
    }
    nobody_keeps_a_value(&all, &[EVENT, SIGNING, PASSWORD]);

    // What Helm knew is in a file of its owner alone, and Helm itself knows nothing any more.
    let file = folder.path().join(format!("helm-{namespace}-inngest.json"));
    assert!(said(&adopted).contains(&file.display().to_string()), "{}", said(&adopted));
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let gone = laid.helm(cx, &namespace, &["uninstall", "inngest"])?;
    assert!(!gone.status.success() && said(&gone).contains("not found"), "{}", said(&gone));
    assert_eq!(uids(&objects(cx, &namespace)?, "Pod"), uids(&before, "Pod"));

    // To slipway's shape: over the same claims, keys and passwords.
    succeeded(&cx.slipway("admin").args(["upgrade", "inngest", "-n", &namespace, "--yes"]).output()?);
    let all = objects(cx, &namespace)?;
    assert_eq!(uids(&all, "PersistentVolumeClaim"), uids(&before, "PersistentVolumeClaim"));
    assert!(all.contains_key("StatefulSet/inngest-postgresql") && !all.contains_key("Deployment/inngest-postgresql"));
    assert_eq!(decoded(&all["Secret/inngest-postgresql"], "postgres-password"), PASSWORD);
    assert_eq!(decoded(&all["Secret/inngest"], "INNGEST_SIGNING_KEY"), SIGNING);
    assert_eq!(decoded(&all["Secret/inngest"], "INNGEST_EVENT_KEY"), EVENT);
    assert_eq!(
        all["Deployment/inngest"]["spec"]["template"]["spec"]["containers"][0]["image"],
        "inngest/inngest:v1.19.0"
    );
    let again = cx.slipway("admin").args(["plan", "inngest", "-n", &namespace, "--exit-code"]).output()?;
    succeeded(&again);

    let gone = laid.helm(cx, &namespace, &["uninstall", "inngest"])?;
    assert!(!gone.status.success(), "{}", said(&gone));
    let after = objects(cx, &namespace)?;
    for kind in ["PersistentVolumeClaim", "StatefulSet", "Deployment", "Secret"] {
        assert_eq!(uids(&after, kind), uids(&all, kind), "{kind}");
    }
    DONE
}

/// The record holds no value of a secret.
pub(crate) fn nobody_keeps_a_value(all: &BTreeMap<String, Value>, values: &[&str]) {
    use std::io::Read as _;
    for (name, object) in all.iter().filter(|(name, _)| name.starts_with("ConfigMap/slipway-")) {
        for (key, packed) in object["binaryData"].as_object().into_iter().flatten() {
            let mut text = String::new();
            let packed = BASE64.decode(packed.as_str().unwrap()).unwrap();
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
            for value in values {
                assert!(!text.contains(value) && !text.contains(&BASE64.encode(value)), "{name} {key} holds a value");
            }
        }
    }
}

pub(crate) async fn a_release_of_helm_3_and_chart_0_1_goes_through(cx: Context) -> Outcome {
    through(&cx, Laid { helm: 3, chart: "0.1.0", driver: "configmap" }).await
}

pub(crate) async fn a_release_of_helm_4_and_chart_0_1_goes_through(cx: Context) -> Outcome {
    through(&cx, Laid { helm: 4, chart: "0.1.0", driver: "secret" }).await
}

pub(crate) async fn a_release_of_helm_3_and_chart_0_2_goes_through(cx: Context) -> Outcome {
    through(&cx, Laid { helm: 3, chart: "0.2.0", driver: "secret" }).await
}

pub(crate) async fn a_release_of_helm_4_and_chart_0_2_goes_through(cx: Context) -> Outcome {
    through(&cx, Laid { helm: 4, chart: "0.2.0", driver: "configmap" }).await
}

pub(crate) async fn a_release_of_helm_3_and_chart_0_3_goes_through(cx: Context) -> Outcome {
    through(&cx, THREE).await
}

pub(crate) async fn a_release_of_helm_4_and_chart_0_3_goes_through(cx: Context) -> Outcome {
    through(&cx, FOUR).await
}

/// External databases in the ConfigMap, as chart 0.1 has them; an Ingress; several replicas.
pub(crate) async fn what_the_operator_told_the_chart_becomes_answers(cx: Context) -> Outcome {
    let laid = Laid { chart: "0.1.0", ..THREE };
    let url = "postgres://ana:hunter2pass@db.example.com:5432/inngest";
    let more = [
        "postgresql.enabled=false,redis.enabled=false,replicaCount=3,ingress.enabled=true,ingress.hosts[0].host=inngest.example.com",
        "ingress.hosts[0].paths[0].path=/,ingress.hosts[0].paths[0].pathType=Prefix,inngest.sdkUrl={https://app.example.com/api/inngest}",
        "inngest.redis.uri=redis://:redispass1@cache.example.com:6379,image.repository=mirror.example.com/inngest/inngest",
    ];
    let url_set = format!("inngest.postgres.uri={url}");
    let sets: Vec<&str> = more.iter().copied().chain([url_set.as_str()]).flat_map(|set| ["--set", set]).collect();
    let namespace = laid.laid(&cx, "fast", &sets).await?;
    let folder = tempfile::tempdir()?;
    let shown = adopt(&cx, folder.path(), &["-n", &namespace])?;
    assert!(!said(&shown).contains("hunter2pass") && !said(&shown).contains("redispass1"), "{}", said(&shown));
    succeeded(&adopt(&cx, folder.path(), &["inngest", "-n", &namespace, "--yes"])?);
    let all = objects(&cx, &namespace)?;
    assert_eq!(keys(&all)["database.url"], url);
    assert_eq!(all["ConfigMap/inngest"]["data"]["INNGEST_POSTGRES_URI"], url, "running pods may be started again");
    let plan = cx.slipway("admin").args(["plan", "inngest", "-n", &namespace, "-o", "json"]).output()?;
    assert!(!said(&plan).contains("hunter2pass") && !said(&plan).contains("redispass1"), "{}", said(&plan));
    let plan: Value = serde_json::from_slice(&plan.stdout)?;
    let answer = |path: &str| plan["answers"][path]["value"].clone();
    let told = [
        "database.mode",
        "queue.mode",
        "exposure.mode",
        "exposure.host",
        "exposure.publish",
        "replicas",
        "registry",
        "version",
    ]
    .map(answer);
    let wanted = json!([
        "external",
        "external",
        "ingress",
        "inngest.example.com",
        "everything",
        3,
        "mirror.example.com",
        "v1.19.0"
    ]);
    assert_eq!(json!(told), wanted);
    assert_eq!(answer("sdkUrls"), json!(["https://app.example.com/api/inngest"]));
    assert_eq!(answer("exposure.issuer"), json!({"kind": "ClusterIssuer", "name": "letsencrypt-prod"}));
    DONE
}

pub(crate) async fn what_may_not_be_taken_over_is_refused_and_left_as_it_is(cx: Context) -> Outcome {
    let folder = tempfile::tempdir()?;
    let namespace = THREE.laid(&cx, "fast", &["--set", "postgresql.persistence.enabled=false"]).await?;
    let untouched = |what: &str| -> testbed::Outcome<()> {
        let all = objects(&cx, &namespace)?;
        assert!(!all.contains_key("Secret/inngest-keys-1") && !all.contains_key("ConfigMap/slipway-inngest"), "{what}");
        assert!(all.contains_key("Secret/sh.helm.release.v1.inngest.v1"), "{what}");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "{what}");
        Ok(())
    };
    let refused = |told: &[&str]| -> testbed::Outcome<()> {
        let output = adopt(&cx, folder.path(), &["-n", &namespace, "--yes"])?;
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        for told in told {
            assert!(said(&output).contains(told), "{told}: {}", said(&output));
        }
        untouched(told[0])
    };
    let record = format!("secret/{}", "sh.helm.release.v1.inngest.v1");
    let label = |what: &str, label: &str| -> testbed::Outcome<()> {
        let output = cx.kubectl().args(["-n", &namespace, "label", "--overwrite", what, label]).output()?;
        succeeded(&output);
        Ok(())
    };
    // Data in a pod.
    refused(&[
        "DATA_WITHOUT_VOLUME",
        "Deployment/inngest-postgresql keeps its data in its pod",
        "pg_dumpall",
        "slipway backup",
    ])?;
    // Helm is at it, or died.
    label(&record, "status=pending-upgrade")?;
    refused(&["its newest revision is pending-upgrade", "helm rollback inngest"])?;
    label(&record, "status=uninstalling")?;
    refused(&["Helm has taken inngest away"])?;
    label(&record, "status=deployed")?;
    // Somebody else keeps it as they want it.
    for (mark, who) in [
        ("helm.toolkit.fluxcd.io/name=inngest", "Flux"),
        ("argocd.argoproj.io/instance=inngest", "Argo CD"),
        ("objectset.rio.cattle.io/id=x", "Rancher"),
    ] {
        label("deployment/inngest", mark)?;
        refused(&[&format!("inngest is owned by {who}"), "would write its own state back"])?;
        label("deployment/inngest", &format!("{}-", mark.split('=').next().unwrap_or(mark)))?;
    }
    // Once it is dumped it goes on.
    let dumped = adopt(&cx, folder.path(), &["-n", &namespace, "--yes", "--skip-preflight", "DATA_WITHOUT_VOLUME"])?;
    succeeded(&dumped);
    // And is not adopted twice, also where Helm's record comes back.
    let again = adopt(&cx, folder.path(), &["inngest", "-n", &namespace, "--yes"])?;
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    let file = folder.path().join(format!("helm-{namespace}-inngest.json"));
    succeeded(&cx.kubectl().args(["-n", &namespace, "create", "-f"]).arg(&file).output()?);
    let back = adopt(&cx, folder.path(), &["inngest", "-n", &namespace, "--yes"])?;
    assert_eq!(back.status.code(), Some(6), "{}", said(&back));
    assert!(said(&back).contains("is slipway's already"), "{}", said(&back));
    DONE
}

pub(crate) async fn a_release_of_another_chart_is_refused(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    let chart = folder.path().join("other");
    std::fs::create_dir_all(chart.join("templates"))?;
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: other\nversion: 1.0.0\n")?;
    std::fs::write(chart.join("templates/a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inngest}\n")?;
    let chart = chart.display().to_string();
    succeeded(&FOUR.helm(&cx, &namespace, &["install", "inngest", &chart])?);
    let refused = adopt(&cx, folder.path(), &["inngest", "-n", &namespace, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(said(&refused).contains("the release inngest is of the chart other"), "{}", said(&refused));
    let unnamed = adopt(&cx, folder.path(), &["-n", &namespace, "--yes"])?;
    assert_eq!(unnamed.status.code(), Some(2), "{}", said(&unnamed));
    DONE
}

/// The guide's commands put Helm's record into `default` while the objects are elsewhere: both names lead to it.
pub(crate) async fn a_record_in_another_namespace_than_the_objects_is_found_by_either(cx: Context) -> Outcome {
    let (namespace, record) = (cx.namespace("fast").await?, cx.namespace("record").await?);
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/charts/0.3.1/inngest").display().to_string();
    let values = format!("namespace.name={namespace},inngest.eventKey={EVENT},inngest.signingKey={SIGNING}");
    succeeded(&FOUR.helm(&cx, &record, &["install", "inngest", &chart, "--set", &values])?);
    let folder = tempfile::tempdir()?;
    let by_record = adopt(&cx, folder.path(), &["inngest", "-n", &record])?;
    assert_eq!(by_record.status.code(), Some(6), "{}", said(&by_record));
    assert!(said(&by_record).contains(&format!("namespace {namespace}")), "{}", said(&by_record));
    succeeded(&adopt(&cx, folder.path(), &["inngest", "-n", &namespace, "--yes"])?);
    let gone = FOUR.helm(&cx, &record, &["uninstall", "inngest"])?;
    assert!(!gone.status.success() && said(&gone).contains("not found"), "{}", said(&gone));
    assert!(objects(&cx, &namespace)?.contains_key("Secret/inngest-keys-1"));
    DONE
}

/// Redis of the chart keeps snapshots; slipway's keeps an append-only file, and would begin empty beside a snapshot.
pub(crate) async fn redis_begins_with_what_a_snapshot_holds(_cx: Context) -> Outcome {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !there("redis-server") || !there("redis-cli") {
        return Ok(Completion::ignored_with("needs redis-server and redis-cli (apt-get install redis-server)"));
    }
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data)?;
    let manifest = include_str!("../../assets/components/redis/manifests/redis.yaml");
    let script: Vec<&str> = manifest
        .lines()
        .skip_while(|line| line.trim() != "- |")
        .skip(1)
        .take_while(|line| line.starts_with("              "))
        .collect();
    let script = script.join("\n").replace("/data", &data.display().to_string());
    let script = script.replace("/etc/redis/redis.conf", &folder.path().join("redis.conf").display().to_string());
    let script = script.replace("/tmp/snapshot.sock", &folder.path().join("s").display().to_string());
    let socket = folder.path().join("r").display().to_string();
    let configuration =
        format!("dir {}\nappendonly yes\nport 0\nunixsocket {socket}\nrequirepass pw\n", data.display());
    std::fs::write(folder.path().join("redis.conf"), configuration)?;
    let ask = |password: Option<&str>, arguments: &[&str]| -> testbed::Outcome<String> {
        let mut command = Command::new("redis-cli");
        if let Some(password) = password {
            command.env("REDISCLI_AUTH", password);
        }
        let said = command.args(["-s", &socket]).args(arguments).output()?;
        Ok(String::from_utf8(said.stdout)?.trim().to_string())
    };
    // The chart's: the image's default, which writes snapshots.
    let mut chart = Command::new("redis-server");
    let mut chart =
        chart.args(["--port", "0", "--unixsocket", &socket, "--dir"]).arg(&data).stdout(Stdio::null()).spawn()?;
    until(async || Ok(ask(None, &["ping"])? == "PONG")).await?;
    assert_eq!(ask(None, &["set", "kept", "yes"])?, "OK");
    assert_eq!(ask(None, &["save"])?, "OK");
    ask(None, &["shutdown", "nosave"])?;
    chart.wait()?;
    for _ in 0..2 {
        let mut ours = Command::new("sh");
        let mut ours = ours
            .args(["-ec", &script])
            .env("REDISCLI_AUTH", "pw")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        until(async || Ok(ask(Some("pw"), &["ping"])? == "PONG")).await?;
        assert_eq!(ask(Some("pw"), &["get", "kept"])?, "yes");
        assert!(data.join("appendonlydir/appendonly.aof.manifest").is_file());
        ask(Some("pw"), &["shutdown"])?;
        ours.wait()?;
    }
    DONE
}

async fn until(fact: impl AsyncFn() -> testbed::Outcome<bool>) -> testbed::Outcome<()> {
    for _ in 0..600 {
        if fact().await? {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err("it never came".into())
}
