//! Plugins as small scripts.

use std::path::PathBuf;
use std::sync::Mutex as Plain;

use tempfile::TempDir;
use tower::service_fn;

use super::*;
use crate::cluster::{Choice, connect};
use crate::error::NOTHING_WRITTEN;

/// A folder with a script and a kubeconfig that names it.
struct Given {
    folder: TempDir,
}

impl Given {
    fn script(text: &str) -> Self {
        let given = Self { folder: tempfile::tempdir().unwrap() };
        let path = given.path("plugin");
        std::fs::write(&path, format!("here={}\n{text}\n", given.folder.path().display())).unwrap();
        // By its interpreter: a file that was just written may still be open in a fork of another test.
        given.name("sh", &path.display().to_string());
        given
    }

    fn name(&self, command: &str, argument: &str) {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
             contexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n\
             users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{command}', args: ['{argument}'], \
             installHint: get it at the harbour, interactiveMode: IfAvailable}}}}}}]\n"
        );
        std::fs::write(self.path("kubeconfig"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    async fn refused(&self, limit: u64) -> Failure {
        let choice = Choice {
            kubeconfig: Some(self.path("kubeconfig")),
            plugin_limit: Some(Duration::from_secs(limit)),
            ..Choice::default()
        };
        connect(&choice).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_plugin_that_hangs_is_ended_with_what_it_started_and_its_words_are_told() {
    let given =
        Given::script("echo 'open https://login.example to go on' >&2\nsleep 1000 &\necho $! > $here/child\nwait");
    let failure = given.refused(2).await;
    let told = failure.to_string();
    assert!(told.contains("the credential plugin sh did not end within 2 s"), "{told}");
    assert!(told.contains("it said: open https://login.example to go on"), "{told}");
    assert_eq!((failure.kind, failure.state.as_str()), (FailureKind::Cluster, NOTHING_WRITTEN));
    assert!(told.contains("kubectl --context here get namespaces"), "{told}");
    let child = given.read("child").trim().to_string();
    assert!(!child.is_empty());
    // It was killed: gone, or not yet fetched by whoever inherited it.
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while lives() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_plugin_that_fails_is_told_with_its_last_words_and_its_exit_status() {
    let given = Given::script("echo 'the session has expired' >&2\necho 'run: harbour login' >&2\nexit 3");
    let failure = given.refused(60).await;
    let why = failure.why.join("\n");
    assert!(why.contains("exit status: 3") && why.contains("the session has expired"), "{failure}");
    assert!(why.ends_with("it said: run: harbour login"), "{failure}");
}

#[tokio::test]
async fn what_a_plugin_prints_instead_of_a_credential_is_not_repeated() {
    for (printed, why) in [
        ("hunter2", "no credential"),
        ("{\"kind\": \"ExecCredential\", \"token\": \"hunter2\"}", "no credential"),
        ("{\"kind\": \"ExecCredential\", \"status\": {}}", "neither a token nor a certificate"),
    ] {
        let failure = Given::script(&format!("echo '{printed}'")).refused(60).await;
        let told = failure.to_string();
        assert!(told.contains(why) && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_there_is_named_with_how_to_get_it() {
    let given = Given::script("");
    given.name("no-such-harbour-plugin", "");
    let told = given.refused(60).await.to_string();
    assert!(told.contains("no-such-harbour-plugin cannot be started"), "{told}");
    assert!(told.contains("get it at the harbour"), "{told}");
}

/// A plugin that counts its runs and gives a token of that number.
fn counting(given: &Given, expires: &str) -> Plugin {
    std::fs::write(
        given.path("plugin"),
        format!(
            "printf x >> {dir}/runs\nn=$(wc -c < {dir}/runs)\n\
             echo \"{{apiVersion: client.authentication.k8s.io/v1, kind: ExecCredential, status: {{token: token-$n, expirationTimestamp: '{expires}'}}}}\"\n\
             echo \"$KUBERNETES_EXEC_INFO\" > {dir}/told\n",
            dir = given.folder.path().display()
        ),
    )
    .unwrap();
    let exec = ExecConfig {
        command: Some("sh".into()),
        args: Some(vec![given.path("plugin").display().to_string()]),
        api_version: Some("client.authentication.k8s.io/v1".into()),
        interactive_mode: Some(ExecInteractiveMode::Never),
        ..serde_json::from_str("{}").unwrap()
    };
    let mut auth = AuthInfo { exec: Some(exec), ..AuthInfo::default() };
    Plugin::of(&mut auth, None, "here", "https://there").unwrap()
}

/// What a server sees of two requests in a row.
async fn seen(plugin: Plugin, answers: u16) -> Vec<String> {
    let seen = Arc::new(Plain::new(Vec::new()));
    let sees = seen.clone();
    let service = service_fn(move |request: Request<Body>| {
        let header = request.headers().get(AUTHORIZATION).unwrap();
        assert!(header.is_sensitive());
        sees.lock().unwrap().push(header.to_str().unwrap().to_string());
        async move { Ok::<_, BoxError>(Response::builder().status(answers).body(Body::from(Vec::new()))?) }
    });
    let credential = plugin.ask().await.unwrap();
    let client = credential.carried_by(Client::new(service, "default"), plugin);
    for _ in 0..2 {
        let request = Request::get("/api").body(Body::from(Vec::new())).unwrap();
        client.send(request).await.unwrap();
    }
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn a_token_is_used_until_it_expires_or_is_not_accepted() {
    let given = Given::script("");
    assert_eq!(seen(counting(&given, "2999-01-01T00:00:00Z"), 200).await, ["Bearer token-1", "Bearer token-1"]);
    assert!(given.read("told").contains("\"interactive\":false"), "{}", given.read("told"));
    let given = Given::script("");
    assert_eq!(seen(counting(&given, "2999-01-01T00:00:00Z"), 401).await, ["Bearer token-1", "Bearer token-2"]);
    let given = Given::script("");
    assert_eq!(seen(counting(&given, "2001-01-01T00:00:00Z"), 200).await, ["Bearer token-2", "Bearer token-3"]);
}
