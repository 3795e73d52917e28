//! Prefect from PyPI over the distribution's PostgreSQL and Redis: its whole life, with a flow run that has to outlive it.

use std::process::Output;

use serde_json::{Value, json};

use crate::context::{Context, Outcome, said, succeeded};
use crate::testbed;

/// Asks Prefect's API from inside its server's pod, with the login that the pod was given.
const ASK: &str = r#"
import base64, os, sys, urllib.request
method, path, body = sys.argv[1:]
login = base64.b64encode(os.environ["PREFECT_SERVER_API_AUTH_STRING"].encode()).decode()
request = urllib.request.Request(
    "http://localhost:4200/api" + path, body.encode() or None, method=method,
    headers={"authorization": "Basic " + login, "content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=60).read().decode())
"#;

/// What the API answers to who has no login, and to the probes: statuses, a line each.
const ASK_WITHOUT_LOGIN: &str = r#"
import sys, urllib.error, urllib.request
for path in sys.argv[1:]:
    try:
        status = urllib.request.urlopen("http://localhost:4200/api" + path, timeout=60).status
    except urllib.error.HTTPError as refused:
        status = refused.code
    print(path, status)
"#;

/// The Secret of a certificate that the bundled PostgreSQL answers with.
fn certificate() -> testbed::Outcome<Value> {
    let made = rcgen::generate_simple_self_signed(["prefect-postgresql".to_owned()])?;
    let data = json!({"tls.crt": made.cert.pem(), "tls.key": made.signing_key.serialize_pem()});
    let metadata = json!({"name": "prefect-postgresql-tls"});
    Ok(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "stringData": data}),
    )
}

struct Prefect<'a> {
    cx: &'a Context,
    namespace: String,
}

impl Prefect<'_> {
    fn run(&self, verb: &str, more: &[&str]) -> testbed::Outcome<Output> {
        self.cx.slipway(&[&[verb, "prefect", "-n", &self.namespace, "--yes"], more].concat())
    }

    fn done(&self, verb: &str, more: &[&str]) -> testbed::Outcome<String> {
        let output = self.run(verb, more)?;
        if !output.status.success() {
            let pods = self.cx.kubectl(&["-n", &self.namespace, "get", "pods", "-o", "wide"])?;
            return Err(format!("slipway {verb}: {:?}\n{}\n{pods}", output.status, said(&output)).into());
        }
        succeeded(&output);
        Ok(said(&output))
    }

    /// What Python says inside the server's pod.
    fn python(&self, program: &str, arguments: &[&str]) -> testbed::Outcome<String> {
        let inside = ["exec", "deploy/prefect-server", "-c", "prefect-server", "--", "python3", "-c", program];
        self.cx.kubectl(&[&["-n", self.namespace.as_str()], &inside[..], arguments].concat())
    }

    /// What the API answers to a request.
    fn answer(&self, method: &str, path: &str, body: &str) -> testbed::Outcome<String> {
        self.python(ASK, &[method, path, body])
    }

    /// What PostgreSQL answers on its own socket.
    fn sql(&self, query: &str) -> testbed::Outcome<String> {
        let inside =
            ["exec", "prefect-postgresql-0", "-c", "postgresql", "--", "psql", "-U", "prefect", "-d", "server"];
        self.cx.kubectl(&[&["-n", self.namespace.as_str()], &inside[..], &["-Atc", query]].concat())
    }

    fn get(&self, path: &str) -> testbed::Outcome<Value> {
        Ok(serde_json::from_str(&self.answer("GET", path, "")?)?)
    }

    fn post(&self, path: &str, body: &Value) -> testbed::Outcome<Value> {
        Ok(serde_json::from_str(&self.answer("POST", path, &body.to_string())?)?)
    }

    /// Deletes a run, so that only a backup brings it back.
    fn delete(&self, run: &str) -> Outcome {
        self.answer("DELETE", &format!("/flow_runs/{run}"), "")?;
        let asked = self.get(&format!("/flow_runs/{run}"));
        assert!(asked.is_err_and(|error| error.to_string().contains("404")));
        Ok(())
    }

    /// The version that answers, and the state of the run.
    fn is(&self, run: &str) -> testbed::Outcome<(String, String)> {
        let version = self.get("/admin/version")?;
        let run = self.get(&format!("/flow_runs/{run}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok((text(&version), text(&run["state_type"])))
    }
}

pub(crate) async fn a_flow_run_outlives_upgrade_restore_rollback_uninstall_and_reinstall(cx: Context) -> Outcome {
    let prefect = Prefect { cx: &cx, namespace: cx.namespace().await? };
    // Its services apart, so that Redis and the Job of the migration are part of it. The node is no larger than this machine.
    let small = ["--set", "resources.cpu=20m", "--set", "resources.memory=128Mi"];
    let tls = ["--set", "database.certificate=prefect-postgresql-tls"];
    let install = [&["--profile", "staging"], &small[..], &tls].concat();
    cx.apply(&prefect.namespace, &certificate()?)?;
    let told = prefect.done("install", &install)?;
    assert!(told.contains("prefect-server-db-migrations"), "{told}");

    let asked = prefect.python(ASK_WITHOUT_LOGIN, &["/health", "/ready", "/flows/filter", "/admin/version"])?;
    let refused = ["/flows/filter 401", "/admin/version 401"];
    assert_eq!(asked.lines().collect::<Vec<_>>(), [&["/health 200", "/ready 200"], &refused[..]].concat());
    // Every connection that came over the network; what psql asks with comes by the socket.
    let encrypted = "select bool_and(ssl), count(*) > 0 from pg_stat_ssl join pg_stat_activity using (pid) where client_addr is not null";
    assert_eq!(prefect.sql(encrypted)?, "t|t");

    let flow = prefect.post("/flows/", &json!({"name": "harbour"}))?;
    let scheduled = json!({"flow_id": flow["id"], "name": "first", "state": {"type": "SCHEDULED"}});
    let run = prefect.post("/flow_runs/", &scheduled)?;
    let run = run["id"].as_str().ok_or("the run has no id")?.to_owned();
    for state in ["PENDING", "RUNNING", "COMPLETED"] {
        let set = prefect.post(&format!("/flow_runs/{run}/set_state"), &json!({"state": {"type": state}}))?;
        assert_eq!(set["status"], "ACCEPT", "{set}");
    }
    let is = |version: &str| -> Outcome {
        let wanted = (version.to_owned(), "COMPLETED".to_owned());
        assert_eq!(prefect.is(&run)?, wanted);
        Ok(())
    };
    is("3.8.4")?;

    prefect.done("upgrade", &["--set", "version=3.8.5"])?;
    is("3.8.5")?;

    let folder = tempfile::tempdir()?;
    let to = folder.path().join("backup");
    prefect.done("backup", &["--to", &to.display().to_string()])?;
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(to.join("backup.json"))?)?;
    assert_eq!(manifest["parts"].as_array().map(Vec::len), Some(2), "{manifest}");
    prefect.delete(&run)?;
    prefect.done("restore", &["--from", &to.display().to_string()])?;
    is("3.8.5")?;

    prefect.done("rollback", &[])?;
    is("3.8.4")?;

    let gone = prefect.done("uninstall", &[])?;
    assert!(gone.contains("kept: volume prefect-postgresql"), "{gone}");
    let existing = ["--existing", "prefect-postgresql=use", "--existing", "prefect-redis=use"];
    prefect.done("install", &[&install[..], &existing].concat())?;
    is("3.8.4")?;
    Ok(())
}
