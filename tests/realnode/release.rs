//! An Inngest with PostgreSQL and Redis that truly run, in a namespace of its own.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::context::{Context, said, succeeded};
use crate::testbed;

pub(crate) struct Release<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) namespace: String,
}

impl<'a> Release<'a> {
    /// Installs it, with some data in both of its databases.
    pub(crate) async fn install(cx: &'a Context) -> testbed::Outcome<Self> {
        let namespace = cx.namespace().await?;
        let release = Self { cx, namespace };
        let profile = ["inngest", "--profile", "production", "--yes", "--set", "replicas=1"];
        // The node is no larger than this machine.
        let small = ["--set", "resources.cpu=20m", "--set", "resources.memory=64Mi"];
        succeeded(&release.run(&["install"], &[&profile[..], &small].concat())?);
        release.sql("create table runs (id int primary key, output text)")?;
        release.sql("insert into runs select n, md5(n::text) from generate_series(1, 5000) n")?;
        release.redis(&["set", "queue:item", "kept"])?;
        Ok(release)
    }

    /// `slipway VERB -n NAMESPACE MORE`.
    pub(crate) fn run(&self, verb: &[&str], more: &[&str]) -> testbed::Outcome<Output> {
        self.cx.slipway(&[verb, &["-n", &self.namespace], more].concat())
    }

    /// The same; it must succeed. Answers what it printed.
    pub(crate) fn done(&self, verb: &[&str], more: &[&str]) -> testbed::Outcome<String> {
        let output = self.run(verb, more)?;
        succeeded(&output);
        Ok(said(&output))
    }

    /// The same; it must fail with that exit code. Answers what it printed.
    pub(crate) fn refused(&self, verb: &[&str], more: &[&str], code: i32) -> testbed::Outcome<String> {
        let output = self.run(verb, more)?;
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        Ok(said(&output))
    }

    /// kubectl in its namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> testbed::Outcome<String> {
        self.cx.kubectl(&[&["-n", &self.namespace], arguments].concat())
    }

    pub(crate) fn sql(&self, sql: &str) -> testbed::Outcome<String> {
        let psql = ["exec", "inngest-postgresql-0", "--", "psql", "-AXtq", "-U", "inngest", "-d", "inngest", "-c", sql];
        self.kubectl(&psql)
    }

    pub(crate) fn redis(&self, words: &[&str]) -> testbed::Outcome<String> {
        self.kubectl(&[&["exec", "inngest-redis-0", "--", "redis-cli"], words].concat())
    }

    pub(crate) fn apply(&self, object: &Value) -> testbed::Outcome<()> {
        self.cx.apply(&self.namespace, object)
    }

    /// Makes a claim that is nobody's.
    pub(crate) fn claim(&self, name: &str) -> testbed::Outcome<()> {
        self.apply(&json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }))
    }

    /// The folder of this machine in which the data of a claim lies.
    pub(crate) fn folder_of(&self, claim: &str) -> testbed::Outcome<PathBuf> {
        let volume = self.kubectl(&["get", "pvc", claim, "-o", "jsonpath={.spec.volumeName}"])?;
        Ok(self.cx.kubectl(&["get", "pv", &volume, "-o", "jsonpath={.spec.hostPath.path}"])?.into())
    }

    /// Makes a Job out of the schedule, as an operator does who wants to see it work, and waits for its end.
    pub(crate) fn of_schedule(&self, name: &str) -> testbed::Outcome<()> {
        self.kubectl(&["create", "job", "--from=cronjob/inngest-backup", name])?;
        let waited = self.kubectl(&["wait", "--for=condition=Complete", &format!("job/{name}"), "--timeout=120s"]);
        waited.map(drop).map_err(|why| {
            let logs = self.kubectl(&["logs", &format!("job/{name}"), "--all-containers"]).unwrap_or_default();
            format!("{why}\n{logs}").into()
        })
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        // Its pods make room for those of the next test.
        let _ = self.cx.kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }
}
