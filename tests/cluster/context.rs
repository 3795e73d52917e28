//! What a test is given.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, discovery};
use libtest_mimic::Completion;
use serde_json::Value;

use crate::testbed::{self, Testbed};

/// Done, or skipped with the reason; an error or a panic is a failure.
pub(crate) type Outcome = testbed::Outcome<Completion>;

/// The end of a test that found what it expected.
pub(crate) const DONE: Outcome = Ok(Completion::Completed);

/// The cluster as a test sees it. Cheap to make; each test has its own client.
pub(crate) struct Context {
    /// The administrator's client.
    pub(crate) client: Client,
    folder: PathBuf,
    kubectl: PathBuf,
    borrowed: bool,
}

impl Context {
    pub(crate) async fn new(bed: &Testbed) -> testbed::Outcome<Self> {
        Ok(Self {
            client: testbed::credentials::client(&bed.kubeconfig("admin")).await?,
            folder: bed.folder().to_path_buf(),
            kubectl: bed.kubectl().to_path_buf(),
            borrowed: bed.leader().is_none(),
        })
    }

    /// The file for `admin`, `powerless`, `namespaced` or `expired`.
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.kubeconfig"))
    }

    /// The control plane's folder.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// A client that is `user`.
    pub(crate) async fn client_of(&self, user: &str) -> testbed::Outcome<Client> {
        testbed::credentials::client(&self.kubeconfig(user)).await
    }

    /// Whether somebody else keeps the cluster up, so that this run must not judge its processes.
    pub(crate) fn borrowed(&self) -> bool {
        self.borrowed
    }

    /// The binary under test as `user`, with nothing of this machine's configuration.
    pub(crate) fn slipway(&self, user: &str) -> Command {
        let mut slipway = Command::new(env!("CARGO_BIN_EXE_slipway"));
        slipway.env("KUBECONFIG", self.kubeconfig(user)).stdin(std::process::Stdio::null());
        slipway
    }

    /// kubectl of the cluster's version, as the administrator.
    pub(crate) fn kubectl(&self) -> Command {
        let mut kubectl = Command::new(&self.kubectl);
        kubectl.env("KUBECONFIG", self.kubeconfig("admin")).stdin(std::process::Stdio::null());
        kubectl
    }

    /// Makes a namespace `<behaviour>-<random>`, such as `crash` or `image-only-postgresql`, and waits for its service account.
    pub(crate) async fn namespace(&self, behaviour: &str) -> testbed::Outcome<String> {
        self.namespace_with(behaviour, serde_json::json!({})).await
    }

    /// The same with labels, such as those of PodSecurity.
    pub(crate) async fn namespace_with(&self, behaviour: &str, labels: Value) -> testbed::Outcome<String> {
        let name = format!("{behaviour}-{:08x}", rand::random::<u32>());
        let object = serde_json::from_value(serde_json::json!({"metadata": {"name": name, "labels": labels}}))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &object).await?;
        let accounts = Api::<k8s_openapi::api::core::v1::ServiceAccount>::namespaced(self.client.clone(), &name);
        self.until("the service account `default` is there", async || Ok(accounts.get_opt("default").await?.is_some()))
            .await?;
        Ok(name)
    }

    /// Server-side apply of any object.
    pub(crate) async fn apply(&self, namespace: &str, object: Value) -> testbed::Outcome<DynamicObject> {
        let parameters = PatchParams::apply("test").force();
        self.apply_with(namespace, object, &parameters).await
    }

    /// The same, with the parameters given.
    pub(crate) async fn apply_with(
        &self,
        namespace: &str,
        object: Value,
        parameters: &PatchParams,
    ) -> testbed::Outcome<DynamicObject> {
        let object: DynamicObject = serde_json::from_value(object)?;
        let types = object.types.as_ref().ok_or("an object without kind")?;
        let (kind, _) = discovery::pinned_kind(&self.client, &GroupVersionKind::try_from(types)?).await?;
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &kind);
        let name = object.metadata.name.clone().ok_or("an object without name")?;
        Ok(api.patch(&name, parameters, &Patch::Apply(&object)).await?)
    }

    /// Asks again until `fact` holds; after a minute the test fails, naming it.
    pub(crate) async fn until(
        &self,
        what: &str,
        fact: impl AsyncFn() -> testbed::Outcome<bool>,
    ) -> testbed::Outcome<()> {
        let began = Instant::now();
        while !fact().await? {
            if began.elapsed() > Duration::from_secs(60) {
                return Err(format!("waited a minute until {what}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}
