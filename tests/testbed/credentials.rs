//! Users, their tokens, and a kubeconfig for each.

use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};

use super::Outcome;

/// Name, group and whether the server knows the token.
const USERS: [(&str, &str, bool); 4] = [
    ("admin", "system:masters", true),
    ("powerless", "testbed:powerless", true),
    ("namespaced", "testbed:namespaced", true),
    ("expired", "", false),
];

pub(crate) fn write(folder: &Path, port: u16) -> Outcome<()> {
    let authority = folder.join("ca.crt");
    let mut known = String::new();
    for (user, group, valid) in USERS {
        let token = format!("{user}-{:032x}", rand::random::<u128>());
        if valid {
            known.push_str(&format!("{token},{user},{user},\"{group}\"\n"));
        }
        let text = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "testbed",
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
            "clusters": [{"name": "testbed", "cluster": {
                "server": format!("https://127.0.0.1:{port}"), "certificate-authority": authority,
            }}],
            "users": [{"name": user, "user": {"token": token}}],
        });
        std::fs::write(folder.join(format!("{user}.kubeconfig")), serde_json::to_string_pretty(&text)?)?;
    }
    Ok(std::fs::write(folder.join("tokens.csv"), known)?)
}

/// A client for the only context of that file.
pub(crate) async fn client(kubeconfig: &Path) -> Outcome<kube::Client> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    Ok(kube::Client::try_from(config)?)
}
