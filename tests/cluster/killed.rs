//! The program, killed for good (`kill -9`) at a seeded sample of its requests, or answered wrongly there, on the real control
//! plane: the next run finishes, with the same keys and volumes, and nothing lost. What is exhaustive is tried on the practice
//! cluster (`tests/practice/every_call.rs`).
//!
//! Each lane is a release that lives its whole life, and is interrupted once in each flow. The program reaches the server
//! through a proxy of the test, which counts its requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::context::{Context, DONE, Outcome};
use crate::databases::Postgresql;
use crate::helmed;
use crate::install::{fresh, objects, said, succeeded};
use crate::testbed;

/// Another number tries other requests.
const SEED: &str = "SLIPWAY_KILL_SEED";

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// The program is killed before the request is sent on.
    KilledBefore,
    /// The program is killed once the server did it.
    KilledAfter,
    /// It is answered with this code.
    Refused(u16),
    /// The connection breaks once the server did it.
    Broken,
    /// What is answered ends at once: of a watch, all that it would tell.
    Cut,
}

/// A server in front of the API server.
#[derive(Clone)]
struct Proxy {
    client: kube::Client,
    nth: usize,
    wrong: Wrong,
    seen: Arc<AtomicUsize>,
    reached: Arc<Notify>,
}

type Answer = Result<Response<Body>, std::io::Error>;

impl Proxy {
    async fn start(client: kube::Client, nth: usize, wrong: Wrong) -> testbed::Outcome<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let proxy = Self { client, nth, wrong, seen: Arc::default(), reached: Arc::default() };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = serving.clone();
                let service = service_fn(move |request| proxy.clone().pass(request));
                let serves = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(serves.with_upgrades());
            }
        });
        Ok((proxy, address))
    }

    async fn pass(self, request: Request<Incoming>) -> Answer {
        let renewal = request.uri().path().contains("/leases/");
        let here = !renewal && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.nth;
        let wrong = here.then_some(self.wrong);
        match wrong {
            Some(Wrong::KilledBefore) => {
                self.reached.notify_one();
                return std::future::pending().await;
            }
            Some(Wrong::Refused(code)) => return refused(code),
            _ => {}
        }
        if request.headers().contains_key(header::UPGRADE) {
            return self.tunnel(request).await;
        }
        let (mut parts, body) = request.into_parts();
        parts.headers.remove(header::HOST);
        parts.headers.remove(header::CONNECTION);
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let sent = Request::from_parts(parts, Body::from(body));
        let answer = self.client.send(sent).await.map_err(std::io::Error::other)?;
        match wrong {
            Some(Wrong::KilledAfter) => {
                self.reached.notify_one();
                std::future::pending().await
            }
            Some(Wrong::Broken) => Err(std::io::ErrorKind::ConnectionReset.into()),
            Some(Wrong::Cut) => Ok(answer.map(|_| Body::from(Vec::new()))),
            _ => Ok(answer),
        }
    }
}

impl Proxy {
    /// Commands and ports of pods: from the answer on, bytes in both directions.
    async fn tunnel(self, mut request: Request<Incoming>) -> Answer {
        let near = hyper::upgrade::on(&mut request);
        let (mut parts, _) = request.into_parts();
        parts.headers.remove(header::HOST);
        let sent = Request::from_parts(parts, Body::empty());
        let mut answer = self.client.send(sent).await.map_err(std::io::Error::other)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(answer);
        }
        let far = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            let (near, far) = (near.await?, far.await?);
            let _ended = tokio::io::copy_bidirectional(&mut TokioIo::new(near), &mut TokioIo::new(far)).await;
            Ok::<_, hyper::Error>(())
        });
        Ok(answer.map(|_| Body::empty()))
    }
}

fn refused(code: u16) -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": if code == 409 { "Conflict" } else { "" },
        "message": "the object has been modified; please apply your changes to the latest version and try again",
    });
    let answer = Response::builder()
        .status(StatusCode::from_u16(code).map_err(std::io::Error::other)?)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::RETRY_AFTER, "1");
    answer.body(Body::from(status.to_string().into_bytes())).map_err(std::io::Error::other)
}

/// A small generator of its own, so that a failure names the case that it was.
fn mixed(mut seed: u64) -> u64 {
    seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

fn seed() -> u64 {
    std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or(7)
}

/// The program through a proxy; how it ended, unless it was killed, and how many requests it made.
async fn through(
    cx: &Context,
    folder: &Path,
    arguments: &[String],
    nth: usize,
    wrong: Wrong,
) -> testbed::Outcome<(Option<Output>, usize)> {
    let (proxy, address) = Proxy::start(cx.client.clone(), nth, wrong).await?;
    let file = folder.join(format!("{}.kubeconfig", address.port()));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
        "clusters": [{"name": "proxy", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
    });
    std::fs::write(&file, config.to_string())?;
    let mut command = tokio::process::Command::from(cx.slipway("admin"));
    command.current_dir(folder).env("KUBECONFIG", &file).args(arguments).kill_on_drop(true);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Dropping it kills it.
    let output = tokio::select! {
        output = child.wait_with_output() => Some(output?),
        () = proxy.reached.notified() => None,
    };
    Ok((output, proxy.seen.load(Ordering::SeqCst)))
}

fn words(text: &str, namespace: &str) -> Vec<String> {
    text.split(' ').map(str::to_string).chain(["-n".into(), namespace.into(), "--yes".into()]).collect()
}

/// A release's life, one flow after the other.
const LIFE: [&str; 5] = [
    "install inngest --profile development --set queue.mode=memory",
    "upgrade inngest --set tuning.queueWorkers=7",
    "rollback inngest --to 1",
    "keys rotate event --name inngest",
    "uninstall inngest",
];

/// What there is, by kind and name: of those whose name is always the same.
fn there(cx: &Context, namespace: &str) -> testbed::Outcome<BTreeMap<String, String>> {
    let passing = ["Pod/", "Event/", "ConfigMap/slipway-inngest.r", "ConfigMap/kube-root-ca"];
    let all = objects(cx, namespace)?.into_iter();
    let all = all.filter(|(name, _)| !passing.iter().any(|kind| name.starts_with(kind)));
    Ok(all.map(|(name, object)| (name, object["metadata"]["uid"].to_string())).collect())
}

fn names(all: &BTreeMap<String, String>) -> Vec<&String> {
    all.keys().collect()
}

/// Keys and volumes: what was there before, and is there after, is the same.
fn kept(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, when: &str) {
    let lasting = |name: &str| name.starts_with("PersistentVolumeClaim/") || name.contains("-keys-");
    for (name, uid) in before.iter().filter(|(name, _)| lasting(name)) {
        assert_eq!(after.get(name), Some(uid), "{when}: {name}");
    }
}

/// How many requests each flow makes, and what is there after it.
struct Undisturbed(Vec<(usize, Vec<String>)>);

impl Undisturbed {
    async fn life(cx: &Context) -> testbed::Outcome<Self> {
        let (namespace, folder) = (fresh("fast"), tempfile::tempdir()?);
        let mut all = Vec::new();
        for flow in LIFE {
            let (output, calls) =
                through(cx, folder.path(), &words(flow, &namespace), usize::MAX, Wrong::Broken).await?;
            succeeded(&output.ok_or("it was not to be killed")?);
            all.push((calls, names(&there(cx, &namespace)?).into_iter().cloned().collect()));
        }
        Ok(Self(all))
    }
}

/// The oldest revision that came to a good end: the first, unless a wrong answer made the install fail and another run made
/// the second. A rollback to what never ended well is refused.
fn first_good(cx: &Context, namespace: &str) -> testbed::Outcome<u64> {
    let output = cx.slipway("admin").args(["history", "inngest", "-n", namespace, "-o", "json"]).output()?;
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let good = rows.iter().filter(|row| row["outcome"] == "deployed").filter_map(|row| row["revision"].as_u64());
    Ok(good.min().unwrap_or(1))
}

/// One life in which each flow meets with something once. How many did.
async fn lane(cx: &Context, undisturbed: &Undisturbed, number: u64, wrongs: &[Wrong]) -> testbed::Outcome<usize> {
    let (namespace, folder) = (fresh("fast"), tempfile::tempdir()?);
    let mut met = 0;
    for (i, (flow, (calls, shape))) in (0_u64..).zip(LIFE.into_iter().zip(&undisturbed.0)) {
        let draw = mixed(seed().wrapping_mul(1_000_003).wrapping_add(number * 100 + i));
        let pick = |of: usize| usize::try_from(draw % u64::try_from(of).unwrap_or(1)).unwrap_or(0);
        let nth = 1 + pick(*calls);
        let wrong = wrongs[usize::try_from(draw >> 32).unwrap_or(0) % wrongs.len()];
        let when = format!("{SEED}={} lane {number}: {flow}: {wrong:?} at request {nth} of {calls}", seed());
        let flow = &flow.replace("--to 1", &format!("--to {}", first_good(cx, &namespace)?));
        let arguments = words(flow, &namespace);
        let before = there(cx, &namespace)?;
        let (output, seen) = through(cx, folder.path(), &arguments, nth, wrong).await?;
        met += usize::from(seen >= nth);
        let interrupted = there(cx, &namespace)?;
        kept(&before, &interrupted, &when);
        if output.is_none_or(|output| !output.status.success()) && !is_over(cx, &namespace, flow, &interrupted)? {
            let again = cx.slipway("admin").current_dir(folder.path()).args(&arguments).output()?;
            assert!(again.status.success(), "{when}: {}", said(&again));
        }
        let after = there(cx, &namespace)?;
        kept(&interrupted, &after, &when);
        assert_eq!(names(&after), shape.iter().collect::<Vec<_>>(), "{when}");
    }
    Ok(met)
}

/// Whether a flow that would do something again was at its end when its client was killed.
fn is_over(cx: &Context, namespace: &str, flow: &str, now: &BTreeMap<String, String>) -> testbed::Outcome<bool> {
    if flow.starts_with("uninstall") {
        let lease = cx.kubectl().args(["-n", namespace, "get", "lease,configmap", "-o", "name"]).output()?;
        return Ok(!said(&lease).contains("slipway-inngest"));
    }
    if !flow.starts_with("keys") || !now.contains_key("Secret/inngest-keys-2") {
        return Ok(false);
    }
    let status = cx.slipway("admin").args(["status", "inngest", "-n", namespace]).output()?;
    Ok(status.status.success() && said(&status).contains("deployed"))
}

/// Lanes that run at once.
const AT_ONCE: usize = 3;

async fn lanes(cx: &Context, count: u64, wrongs: &[Wrong]) -> testbed::Outcome<usize> {
    use futures::{StreamExt as _, TryStreamExt as _};
    let undisturbed = &Undisturbed::life(cx).await?;
    let all = futures::stream::iter((0..count).map(|number| lane(cx, undisturbed, number, wrongs)));
    let met: Vec<usize> = all.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(met.into_iter().sum())
}

pub(crate) async fn a_program_that_is_killed_at_any_request_of_any_flow_is_followed_by_a_run_that_finishes(
    cx: Context,
) -> Outcome {
    let cut = lanes(&cx, 7, &[Wrong::KilledBefore, Wrong::KilledAfter]).await?;
    assert!(cut >= 28, "only {cut} of 35 were killed");
    DONE
}

pub(crate) async fn a_server_that_answers_wrongly_at_any_request_of_any_flow_is_put_up_with(cx: Context) -> Outcome {
    let wrongs =
        [409, 429, 500, 503].map(Wrong::Refused).into_iter().chain([Wrong::Broken, Wrong::Cut]).collect::<Vec<_>>();
    let met = lanes(&cx, 2, &wrongs).await?;
    assert!(met >= 7, "only {met} of 10 were answered wrongly");
    DONE
}

pub(crate) async fn an_adoption_that_is_killed_is_finished_by_the_next_with_the_same_pods(cx: Context) -> Outcome {
    let mut calls = 60;
    for number in 0..6_u64 {
        let (namespace, folder) = (cx.namespace("fast").await?, tempfile::tempdir()?);
        helmed::lay_down(&crate::apply::cluster(&cx, "admin").await?, &namespace).await?;
        let pods = |all: &BTreeMap<String, serde_json::Value>| -> Vec<(String, String)> {
            let pods = all.iter().filter(|(name, _)| name.starts_with("Pod/"));
            pods.map(|(name, pod)| (name.clone(), pod["metadata"]["uid"].to_string())).collect()
        };
        cx.until("the chart's pods are ready", async || {
            let ready = |object: &serde_json::Value| object["status"]["readyReplicas"] == 1;
            let all = objects(&cx, &namespace)?;
            Ok(all.values().filter(|object| object["kind"] == "Deployment").filter(|one| ready(one)).count() == 2)
        })
        .await?;
        let before = objects(&cx, &namespace)?;
        let draw = mixed(seed().wrapping_mul(7_919).wrapping_add(number));
        // The first is not disturbed: it says how many requests there are.
        let nth = if number == 0 { usize::MAX } else { 1 + usize::try_from(draw % 1_000_000)? % calls };
        let wrong = if draw >> 40 & 1 == 0 { Wrong::KilledBefore } else { Wrong::KilledAfter };
        let when = format!("{SEED}={} adopt {number}: {wrong:?} at request {nth}", seed());
        let arguments = words("adopt inngest", &namespace);
        let (output, seen) = through(&cx, folder.path(), &arguments, nth, wrong).await?;
        match output {
            Some(output) => succeeded(&output),
            None => {
                let again = cx.slipway("admin").current_dir(folder.path()).args(&arguments).output()?;
                // Helm's record was gone and the release closed: there is nothing more to adopt.
                let whole = cx.slipway("admin").args(["status", "inngest", "-n", &namespace]).output()?;
                let over = again.status.code() == Some(2) && said(&whole).contains("revision 1: deployed");
                assert!(again.status.success() || over, "{when}: {}", said(&again));
            }
        }
        calls = if number == 0 { seen } else { calls };
        let after = objects(&cx, &namespace)?;
        assert_eq!(pods(&after), pods(&before), "{when}: a pod was touched");
        let keys = crate::install::keys(&after);
        assert_eq!(keys["database.password"], "password", "{when}");
        assert!(!after.keys().any(|name| name.contains("sh.helm.release")), "{when}: Helm's record is left");
    }
    DONE
}

pub(crate) async fn a_backup_and_a_restore_that_are_killed_leave_the_database_whole_and_the_next_finishes(
    cx: Context,
) -> Outcome {
    let (namespace, folder) = (fresh("fast"), tempfile::tempdir()?);
    let id = format!("{:08x}", rand::random::<u32>());
    let (user, database) = (format!("user_{id}"), format!("events_{id}"));
    let install = format!(
        "install inngest --set queue.mode=memory --set database.bundledUser={user} --set database.bundledName={database}"
    );
    succeeded(&cx.slipway("admin").args(words(&install, &namespace)).output()?);
    let server = Postgresql::start(cx.folder(), &user, &crate::backup::password(&cx, &namespace)?)?;
    server.sql("postgres", &format!("create database {database}"))?;
    server.sql(&database, "create table runs as select n, md5(n::text) as output from generate_series(1, 5000) n")?;
    let before = there(&cx, &namespace)?;
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let run = |verb: &str, how: [&str; 2]| {
        let mut command = tokio::process::Command::from(cx.slipway("admin"));
        command.args(words(verb, &namespace)).args(how).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command
    };
    let mut cut = 0;
    for number in 0..6_u64 {
        let draw = mixed(seed().wrapping_mul(104_729).wrapping_add(number));
        let after = Duration::from_millis(150 + draw % 900);
        let (half, whole) = (at(&format!("half-{number}")), at(&format!("whole-{number}")));
        let (half, whole) = (half.display().to_string(), whole.display().to_string());
        let from = at(&format!("whole-{}", number.saturating_sub(1))).display().to_string();
        let (verb, broken, sound) = if number % 2 == 0 {
            ("backup inngest", ["--to", half.as_str()], ["--to", whole.as_str()])
        } else {
            ("restore inngest", ["--from", from.as_str()], ["--from", from.as_str()])
        };
        let when = format!("{SEED}={} {verb} {number}: killed after {after:?}", seed());
        let mut child = run(verb, broken).spawn()?;
        if tokio::time::timeout(after, child.wait()).await.is_err() {
            child.kill().await?;
            cut += 1;
        }
        // A backup that is not whole has no manifest, and is refused.
        if number % 2 == 0 && !at(&format!("half-{number}")).join("backup.json").exists() {
            let refused = run("restore inngest", ["--from", half.as_str()]).status().await?;
            assert!(!refused.success(), "{when}");
        }
        assert!(run(verb, sound).status().await?.success(), "{when}");
        assert_eq!(server.sql(&database, "select count(*) from runs")?, "5000", "{when}");
        assert_eq!(there(&cx, &namespace)?, before, "{when}");
        let names = server.sql("postgres", "select datname from pg_database where datname like '%restoring%'")?;
        assert_eq!(names, "", "{when}: half a database is left");
    }
    assert!(cut > 0, "nothing was killed");
    DONE
}
