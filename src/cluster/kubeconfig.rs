//! The kubeconfig: which contexts there are, without contacting any, and the configuration of the one that was chosen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kube::config::{Config, ExecInteractiveMode, KubeConfigOptions, Kubeconfig};

use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::sanitize;

/// Which cluster, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// `--kubeconfig`; else the variable `KUBECONFIG`, else `~/.kube/config`, else the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the current one.
    pub context: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// A credential plugin may talk to the user.
    pub plugins_may_ask: bool,
    /// Hands it the terminal; needed where a screen may be up.
    pub lender: Option<Lender>,
    /// How long a credential plugin may take; else a minute, and five where it may talk to the user.
    pub plugin_limit: Option<Duration>,
}

/// Lends the terminal to a credential plugin that talks to the user.
#[derive(Clone)]
pub struct Lender(Arc<dyn Fn(String) -> BoxFuture<'static, Box<dyn Send>> + Send + Sync>);

impl Lender {
    /// `lend` says a sentence and hands the terminal over, until what it answers with is dropped.
    pub fn new(lend: impl Fn(String) -> BoxFuture<'static, Box<dyn Send>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lend))
    }

    pub(super) async fn lend(&self, said: String) -> Box<dyn Send> {
        (self.0)(said).await
    }
}

impl std::fmt::Debug for Lender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lender")
    }
}

/// One context of a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextInfo {
    /// Its name.
    pub name: String,
    /// Name of its cluster.
    pub cluster: String,
    /// URL of the server.
    pub server: String,
    /// Its user.
    pub user: String,
    /// Its namespace; empty when it names none.
    pub namespace: String,
}

/// The contexts of a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// Name of the current one; empty when none is set.
    pub current: String,
    /// All, in the file's order.
    pub all: Vec<ContextInfo>,
}

/// Lists the contexts; contacts nothing.
///
/// # Errors
/// There is no kubeconfig, or it cannot be read.
pub fn contexts(kubeconfig: Option<&Path>) -> Result<Contexts, Failure> {
    Ok(list(&read(kubeconfig)?))
}

fn list(kubeconfig: &Kubeconfig) -> Contexts {
    let server = |cluster: &str| {
        let found = kubeconfig.clusters.iter().find(|named| named.name == cluster);
        found.and_then(|named| named.cluster.as_ref()?.server.clone()).unwrap_or_default()
    };
    let all = kubeconfig
        .contexts
        .iter()
        .map(|named| {
            let context = named.context.clone().unwrap_or_default();
            ContextInfo {
                name: named.name.clone(),
                server: server(&context.cluster),
                cluster: context.cluster,
                user: context.user.unwrap_or_default(),
                namespace: context.namespace.unwrap_or_default(),
            }
        })
        .collect();
    Contexts { current: kubeconfig.current_context.clone().unwrap_or_default(), all }
}

fn read(explicit: Option<&Path>) -> Result<Kubeconfig, Failure> {
    let found = match explicit {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    found.map_err(|error| unreadable(&error, explicit))
}

fn unreadable(error: &kube::config::KubeconfigError, explicit: Option<&Path>) -> Failure {
    let place = match (error, explicit) {
        (kube::config::KubeconfigError::ReadConfig(_, path), _) => path.display().to_string(),
        (_, Some(path)) => path.display().to_string(),
        (_, None) => std::env::var("KUBECONFIG").unwrap_or_else(|_| "~/.kube/config".into()),
    };
    let missing = matches!(error, kube::config::KubeconfigError::ReadConfig(cause, _) if cause.kind() == std::io::ErrorKind::NotFound);
    let what = if missing { "there is no kubeconfig" } else { "the kubeconfig cannot be read" };
    // The path is told already; kube repeats it in its words.
    let why = match error {
        kube::config::KubeconfigError::ReadConfig(cause, _) => cause.to_string(),
        error => error.to_string(),
    };
    Failure::new(FailureKind::Cluster, what)
        .place(place)
        .why(sanitize::line(&why))
        .state(NOTHING_WRITTEN)
        .hint("name one: --kubeconfig FILE, or the variable KUBECONFIG")
        .hint("or try without a cluster: --practice")
}

/// The configuration of the chosen context, and its name.
pub(super) async fn configuration(choice: &Choice) -> Result<(Config, String), Failure> {
    let mut kubeconfig = match read(choice.kubeconfig.as_deref()) {
        Ok(kubeconfig) => kubeconfig,
        Err(failure) => {
            // Inside a pod there is no kubeconfig but a service account.
            let asked =
                choice.kubeconfig.is_some() || choice.context.is_some() || std::env::var_os("KUBECONFIG").is_some();
            return match Config::incluster() {
                Ok(config) if !asked => Ok((finish(config, choice), "in-cluster".into())),
                _ => Err(failure),
            };
        }
    };
    let known = list(&kubeconfig);
    let name = choice.context.clone().unwrap_or_else(|| known.current.clone());
    if !known.all.iter().any(|context| context.name == name) {
        return Err(no_such_context(&name, &known));
    }
    for named in &mut kubeconfig.auth_infos {
        if let Some(exec) = named.auth_info.as_mut().and_then(|auth| auth.exec.as_mut())
            && !choice.plugins_may_ask
        {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    let options = KubeConfigOptions { context: Some(name.clone()), cluster: None, user: None };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| unreadable(&error, choice.kubeconfig.as_deref()))?;
    Ok((finish(config, choice), name))
}

fn finish(mut config: Config, choice: &Choice) -> Config {
    // Our own retries tell what they do; kube's are silent.
    config.default_retry = false;
    if let Some(user) = &choice.as_user {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !choice.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(choice.as_groups.clone());
    }
    config
}

fn no_such_context(name: &str, known: &Contexts) -> Failure {
    let names: Vec<&str> = known.all.iter().map(|context| context.name.as_str()).collect();
    let what = if name.is_empty() {
        "the kubeconfig sets no current context".to_string()
    } else {
        format!("there is no context {name:?}")
    };
    let mut failure = Failure::new(FailureKind::Cluster, what).state(NOTHING_WRITTEN);
    failure = if names.is_empty() {
        failure.why("the kubeconfig holds no context").hint("name another file: --kubeconfig FILE")
    } else {
        failure.why(format!("the kubeconfig knows: {}", names.join(", "))).hint("choose one: --context NAME")
    };
    failure
}
