//! What looks at a release, and what leads to it, on the real control plane: logs, a port, images, answers, certificates,
//! what needs a look, and the archive for a report.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded};
use crate::rotate::{keys, says_no_secret};
use crate::testbed;

fn slipway(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(arguments).args(["-n", namespace]).output()?)
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_string).collect()
}

pub(crate) async fn logs_are_read_by_group_followed_and_read_from_before_a_restart(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let all = slipway(&cx, &namespace, &["logs"])?;
    succeeded(&all);
    let pods: BTreeSet<String> = lines(&all).iter().filter_map(|line| Some(line.split_once(' ')?.0.into())).collect();
    assert_eq!(pods.len(), 3, "{pods:?}");
    assert!(lines(&all).iter().any(|line| line.ends_with("postgresql: listening on every port")), "{}", said(&all));
    let some = slipway(&cx, &namespace, &["logs", "database", "--tail", "2"])?;
    succeeded(&some);
    assert_eq!(lines(&some).len(), 2, "{}", said(&some));
    assert!(lines(&some).iter().all(|line| line.starts_with("inngest-postgresql-0 postgresql: ")), "{}", said(&some));
    let json = slipway(&cx, &namespace, &["logs", "inngest", "database", "--tail", "1", "-o", "json"])?;
    let line: Value = serde_json::from_slice(&json.stdout)?;
    assert_eq!((line["pod"].as_str(), line["container"].as_str()), (Some("inngest-postgresql-0"), Some("postgresql")));
    let wrong = slipway(&cx, &namespace, &["logs", "inngest", "databse"])?;
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    assert!(said(&wrong).contains("did you mean database?"), "{}", said(&wrong));
    let none = slipway(&cx, &namespace, &["logs", "--previous"])?;
    succeeded(&none);
    assert!(none.stdout.is_empty() && said(&none).contains("No container was restarted"), "{}", said(&none));

    // The log grows; two lines that are new prove that it is followed.
    let mut following = cx.slipway("admin");
    following.args(["logs", "server", "-f", "--tail", "1", "-n", &namespace]).stdout(Stdio::piped());
    let mut following = following.spawn()?;
    let mut reader = BufReader::new(following.stdout.take().ok_or("no output")?);
    for _ in 0..3 {
        let mut line = String::new();
        assert!(reader.read_line(&mut line)? > 0, "the stream ended");
        assert!(line.starts_with("inngest-"), "{line}");
    }
    let stop = std::process::Command::new("kill").args(["-INT", &following.id().to_string()]).status()?;
    assert!(stop.success());
    assert_eq!(following.wait()?.code(), Some(0), "Ctrl-C is the usual end");

    let crashing = fresh("crash");
    let failed = install(&cx, "admin", &["inngest", "-n", &crashing, "--yes", "--timeout", "20s"])?;
    assert!(!failed.status.success());
    cx.until("a container was restarted and its log is there", async || {
        let before = slipway(&cx, &crashing, &["logs", "--previous"])?;
        Ok(said(&before).contains("giving up: exit code 1"))
    })
    .await?;
    DONE
}

pub(crate) async fn a_port_leads_to_the_product_until_ctrl_c(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    for name in [&[][..], &["inngest-redis"], &["inngest", "inngest:connect"]] {
        let mut command = cx.slipway("admin");
        command.arg("port-forward").args(name).args(["-n", &namespace, "-o", "json"]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line)?;
        let address = told["url"].as_str().and_then(|url| url.strip_prefix("http://")).ok_or("no address")?;
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
        // The other end need not close it.
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{name:?}: {answer}");
        assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
        assert_eq!(child.wait()?.code(), Some(0), "{name:?}");
    }
    let unknown = slipway(&cx, &namespace, &["port-forward", "inngest", "ingest"])?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(said(&unknown).contains("did you mean inngest?"), "{}", said(&unknown));
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let busy = slipway(&cx, &namespace, &["port-forward", "--port", &port])?;
    assert!(!busy.status.success(), "{}", said(&busy));
    DONE
}

pub(crate) async fn images_are_listed_for_mirroring_and_come_from_the_registry_that_was_answered(
    cx: Context,
) -> Outcome {
    let folder = tempfile::tempdir()?;
    // A product is asked without a cluster.
    let of_product = |more: &[&str]| -> testbed::Outcome<Vec<String>> {
        let mut command = cx.slipway("admin");
        command.env("KUBECONFIG", folder.path().join("none")).args(["images", "inngest"]).args(more);
        let output = command.output()?;
        succeeded(&output);
        Ok(lines(&output))
    };
    let plain = of_product(&["--profile", "production"])?;
    assert_eq!(plain, ["inngest/inngest:v1.43.0", "postgres:17", "redis:7-alpine"]);
    let mirrored = of_product(&["--profile", "production", "--set", "registry=mirror.example.com/base"])?;
    assert!(mirrored.iter().all(|image| image.starts_with("mirror.example.com/base/")), "{mirrored:?}");
    let last = |image: &String| image.rsplit('/').next().unwrap_or_default().to_string();
    let names = |images: &[String]| images.iter().map(last).collect::<BTreeSet<String>>();
    assert_eq!(names(&mirrored), names(&plain));

    let namespace = fresh("fast");
    let registry = ["--set", "registry=mirror.example.com/base"];
    succeeded(&install(&cx, "admin", &[&["inngest", "-n", &namespace, "--yes"], &registry[..]].concat())?);
    let listed = slipway(&cx, &namespace, &["images", "-o", "json"])?;
    let listed: BTreeSet<String> = serde_json::from_slice(&listed.stdout)?;
    let running: BTreeSet<String> = objects(&cx, &namespace)?
        .iter()
        .filter(|(name, _)| name.starts_with("Pod/"))
        .flat_map(|(_, pod)| {
            let lists = ["initContainers", "containers"].map(|list| pod["spec"][list].as_array().cloned());
            lists.into_iter().flatten().flatten().collect::<Vec<Value>>()
        })
        .filter_map(|container| container["image"].as_str().map(str::to_string))
        .collect();
    assert_eq!(listed, running, "what runs comes from the registry");
    assert_eq!(listed, mirrored.into_iter().collect());
    DONE
}

/// What an installation is, wherever it is: specs and data of its objects; values of its own keys aside.
fn shape(objects: &BTreeMap<String, Value>, namespace: &str) -> BTreeMap<String, String> {
    let kinds = [
        "Deployment/",
        "StatefulSet/",
        "Service/",
        "ConfigMap/inngest",
        "PersistentVolumeClaim/",
        "ServiceAccount/",
        "NetworkPolicy/",
    ];
    let kept = objects.iter().filter(|(name, _)| kinds.iter().any(|kind| name.starts_with(kind)));
    kept.map(|(name, object)| {
        let mut spec = json!({"spec": object["spec"], "data": object["data"], "labels": object["metadata"]["labels"]});
        if let Some(spec) = spec["spec"].as_object_mut() {
            for given in ["clusterIP", "clusterIPs", "volumeName"] {
                spec.remove(given);
            }
            // Keys differ, and so does the hash over them.
            if let Some(notes) = spec.get_mut("template").and_then(|one| one["metadata"]["annotations"].as_object_mut())
            {
                notes.remove("slipway.dev/restart-hash");
            }
        }
        if let Some(labels) = spec["labels"].as_object_mut() {
            labels.remove("applyset.kubernetes.io/part-of");
        }
        (name.clone(), spec.to_string().replace(namespace, "NAMESPACE"))
    })
    .collect()
}

pub(crate) async fn the_answers_of_what_is_installed_install_the_same_elsewhere(cx: Context) -> Outcome {
    let (here, there) = (fresh("fast"), fresh("fast"));
    let mut command = cx.slipway("admin");
    command.env("EVENT", "a-key-of-my-own-0123456789").args(["install", "inngest", "-n", &here, "--yes"]);
    command.args(["--profile", "production", "--set", "keys.event=env:EVENT", "--set", "logLevel=debug"]);
    command.args(["--set", "sdkUrls=https://a.example.com/api/inngest", "--set", "sdkUrls=https://b.example.com/x"]);
    command.args(["--set", r#"extraEnv={"name": "MODE", "value": "1.20"}"#, "--set", "podLabels=team=billing"]);
    command.args(["--set", "networkPolicy.enabled=true", "--set", "database.storage=21Gi"]);
    succeeded(&command.output()?);
    let written = slipway(&cx, &here, &["answers"])?;
    succeeded(&written);
    let text = said(&written);
    for told in ["version: v1.43.0", "event: env:KEYS_EVENT", "# Set KEYS_EVENT first", "profile: production"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    says_no_secret(&cx, &here, &[&written])?;
    let folder = tempfile::tempdir()?;
    for (arguments, name) in [(&["answers"][..], "decided.yaml"), (&["answers", "--all"], "all.yaml")] {
        let path = folder.path().join(name);
        std::fs::write(&path, slipway(&cx, &here, arguments)?.stdout)?;
        let mut command = cx.slipway("admin");
        command
            .env("KEYS_EVENT", "a-key-of-my-own-0123456789")
            .args(["install", "inngest", "-n", &there, "--yes", "-f"]);
        let again = command.arg(&path).output()?;
        succeeded(&again);
        assert_eq!(shape(&objects(&cx, &there)?, &there), shape(&objects(&cx, &here)?, &here), "{name}");
        if name == "all.yaml" {
            assert!(said(&again).contains("Nothing was written."), "both files say the same: {}", said(&again));
        }
    }
    DONE
}

pub(crate) async fn a_status_tells_certificates_and_how_full_volumes_are_where_that_can_be_known(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    // A host is served once in a cluster that tests share.
    let host = format!("{namespace}.example.com");
    let mut parameters = rcgen::CertificateParams::new(vec![host.clone()])?;
    parameters.not_after = rcgen::date_time_ymd(2041, 5, 6);
    let key = rcgen::KeyPair::generate()?;
    let pem = parameters.self_signed(&key)?.pem();
    let made = cx.kubectl().args(["create", "namespace", &namespace]).output()?;
    assert!(made.status.success());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "own-tls"},
        "data": {"tls.crt": BASE64.encode(&pem), "tls.key": BASE64.encode(key.serialize_pem())},
    });
    cx.apply(&namespace, secret).await?;
    let of_host = format!("exposure.host={host}");
    let answers = [
        "exposure.mode=ingress",
        of_host.as_str(),
        "exposure.ingressClass=nginx",
        "exposure.tls=secret",
        "exposure.tlsSecret=own-tls",
    ];
    let answers: Vec<&str> = answers.iter().flat_map(|answer| ["--set", answer]).collect();
    succeeded(&install(&cx, "admin", &[&["inngest", "-n", namespace.as_str(), "--yes"], &answers[..]].concat())?);
    let status = slipway(&cx, &namespace, &["status"])?;
    succeeded(&status);
    let told = format!("certificate own-tls ({host}): until 2041-05-06");
    assert!(said(&status).contains(&told), "{}", said(&status));
    // The nodes of the test cluster have no kubelet.
    assert!(said(&status).contains("volume inngest-postgresql: 8Gi, use unknown"), "{}", said(&status));
    let ended = rcgen::date_time_ymd(2024, 5, 6);
    parameters.not_after = ended;
    parameters.not_before = rcgen::date_time_ymd(2023, 5, 6);
    let pem = parameters.self_signed(&key)?.pem();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "own-tls"},
        "data": {"tls.crt": BASE64.encode(&pem), "tls.key": BASE64.encode(key.serialize_pem())},
    });
    cx.apply(&namespace, secret).await?;
    let status = slipway(&cx, &namespace, &["status"])?;
    for told in ["ENDED on 2024-05-06", "CERTIFICATE_ENDS"] {
        assert!(said(&status).contains(told), "{told}: {}", said(&status));
    }
    DONE
}

pub(crate) async fn what_needs_a_look_is_named_and_a_release_that_is_whole_has_nothing(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let mut command = cx.slipway("admin");
    command.args(["install", "inngest", "-n", &namespace, "--yes"]);
    succeeded(&command.output()?);
    let whole = slipway(&cx, &namespace, &["doctor"])?;
    succeeded(&whole);
    assert!(said(&whole).contains("nothing needs a look"), "{}", said(&whole));

    succeeded(&keys(&cx, &namespace, &["rotate", "event", "--yes"])?);
    let rotated = slipway(&cx, &namespace, &["doctor"])?;
    succeeded(&rotated);
    for told in ["nothing uses the key Secret inngest-keys-1", "a rotation of keys.event is half done", "--finish"] {
        assert!(said(&rotated).contains(told), "{told}: {}", said(&rotated));
    }
    let patch = json!({"data": {"INNGEST_EVENT_KEY": BASE64.encode("of-somebody-else")}}).to_string();
    let edited = cx.kubectl().args(["-n", &namespace, "patch", "secret", "inngest", "-p", &patch]).output()?;
    assert!(edited.status.success());
    let differs = slipway(&cx, &namespace, &["doctor"])?;
    assert_eq!(differs.status.code(), Some(1), "{}", said(&differs));
    assert!(
        said(&differs).contains("INNGEST_EVENT_KEY of the Secret inngest is not what slipway composed"),
        "{}",
        said(&differs)
    );
    let json = slipway(&cx, &namespace, &["doctor", "-o", "json"])?;
    let found: Value = serde_json::from_slice(&json.stdout)?;
    let codes: BTreeSet<&str> = found.as_array().into_iter().flatten().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, BTreeSet::from(["KEY_HALF_ROTATED", "KEY_UNUSED", "SECRET_COPY_DIFFERS"]));
    says_no_secret(&cx, &namespace, &[&whole, &rotated, &differs, &json])?;
    DONE
}

pub(crate) async fn the_archive_for_a_report_holds_everything_and_no_secret(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    // A program that writes a secret into its log.
    let all = objects(&cx, &namespace)?;
    let event = crate::install::keys(&all)["keys.event"].clone();
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("leak.log");
    std::fs::write(&log, format!("{:.9} stdout F the key is {event} and goes on\n", jiff::Timestamp::now()))?;
    let (name, pod) = all.iter().find(|(name, _)| name.starts_with("Pod/inngest-postgresql")).ok_or("no pod")?;
    let pod: k8s_openapi::api::core::v1::Pod = serde_json::from_value(pod.clone())?;
    testbed::kubelet::give_log(&cx.client, &pod, &log).await?;
    cx.until("the log is that one", async || {
        let name = name.trim_start_matches("Pod/");
        Ok(said(&cx.kubectl().args(["-n", &namespace, "logs", name]).output()?).contains("the key is"))
    })
    .await?;
    let logs = slipway(&cx, &namespace, &["logs", "database"])?;
    assert!(said(&logs).contains("the key is [hidden] and goes on"), "{}", said(&logs));

    let path = folder.path().join("report.tar.gz");
    let bundle = slipway(&cx, &namespace, &["bundle", "--to", &path.display().to_string()])?;
    succeeded(&bundle);
    assert!(said(&bundle).contains(&path.display().to_string()), "{}", said(&bundle));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let opened = std::process::Command::new("tar").arg("-xzf").arg(&path).arg("-C").arg(folder.path()).output()?;
    assert!(opened.status.success(), "{}", said(&opened));
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut open = vec![folder.path().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?.path();
            if entry.is_dir() {
                open.push(entry);
            } else if entry.parent().is_some_and(|parent| parent != path.parent().unwrap_or(parent)) {
                texts.insert(entry.display().to_string(), std::fs::read_to_string(&entry)?);
            }
        }
    }
    for ending in [
        "status.txt",
        "record/r1.json",
        "events.txt",
        "cluster.json",
        "objects/deployment-inngest.json",
        "objects/secret-inngest.json",
        "README.txt",
    ] {
        assert!(texts.keys().any(|name| name.ends_with(ending)), "{ending}: {:?}", texts.keys());
    }
    let leak = texts.iter().find(|(name, _)| name.contains("/logs/inngest-postgresql-0")).ok_or("no log")?;
    assert!(leak.1.contains("the key is [hidden] and goes on"), "{}", leak.1);
    let whole = Output { stdout: texts.values().flat_map(|text| text.bytes()).collect(), ..bundle.clone() };
    says_no_secret(&cx, &namespace, &[&bundle, &whole, &logs])?;
    DONE
}
