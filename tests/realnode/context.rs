//! What a test is given.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::testbed::{self, ControlPlane};

/// Done; an error or a panic is a failure.
pub(crate) type Outcome = testbed::Outcome<()>;

/// The cluster as a test sees it.
pub(crate) struct Context {
    folder: PathBuf,
    kubectl: PathBuf,
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn succeeded(output: &Output) {
    assert!(output.status.success(), "{:?}\n{}", output.status, said(output));
}

impl Context {
    pub(crate) async fn new(plane: &ControlPlane) -> testbed::Outcome<Self> {
        Ok(Self { folder: plane.files.clone(), kubectl: plane.built.programs.join("kubectl") })
    }

    fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new(program);
        command.env("KUBECONFIG", self.folder.join("admin.kubeconfig")).stdin(Stdio::null());
        command
    }

    /// The binary under test, as the administrator.
    pub(crate) fn slipway(&self, arguments: &[&str]) -> testbed::Outcome<Output> {
        Ok(self.command(env!("CARGO_BIN_EXE_slipway").as_ref()).args(arguments).output()?)
    }

    /// kubectl; it must succeed. Answers what it printed.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> testbed::Outcome<String> {
        let output = self.command(&self.kubectl).args(arguments).output()?;
        if !output.status.success() {
            return Err(format!("kubectl {}: {}", arguments.join(" "), said(&output)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_string())
    }

    /// `kubectl apply` of an object.
    pub(crate) fn apply(&self, namespace: &str, object: &Value) -> testbed::Outcome<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), object.to_string())?;
        let path = file.path().display().to_string();
        self.kubectl(&["-n", namespace, "apply", "--server-side", "-f", &path]).map(drop)
    }

    /// A namespace of this test's own that takes restricted pods only.
    pub(crate) async fn namespace(&self) -> testbed::Outcome<String> {
        let name = format!("real-{:08x}", rand::random::<u32>());
        self.kubectl(&["create", "namespace", &name])?;
        self.kubectl(&["label", "namespace", &name, "pod-security.kubernetes.io/enforce=restricted"])?;
        self.until("the service account `default` is there", async || {
            Ok(self.kubectl(&["-n", &name, "get", "serviceaccount", "default"]).is_ok())
        })
        .await?;
        Ok(name)
    }

    /// Asks again until `fact` holds; after two minutes the test fails, naming it.
    pub(crate) async fn until(
        &self,
        what: &str,
        fact: impl AsyncFn() -> testbed::Outcome<bool>,
    ) -> testbed::Outcome<()> {
        let began = Instant::now();
        while !fact().await? {
            if began.elapsed() > Duration::from_secs(120) {
                return Err(format!("waited two minutes until {what}").into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}
