//! The Role that `slipway rbac` prints is enough, on the real control plane.

use std::io::Write as _;
use std::process::Stdio;

use crate::context::{Context, DONE, Outcome};
use crate::install::{install, said, succeeded};

pub(crate) async fn the_printed_role_is_enough_for_an_install_and_its_uninstall(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-rights").await?;
    let arguments = ["inngest", "-n", &namespace, "--profile", "production"];
    let roles = cx.slipway("powerless").arg("rbac").args(arguments).output()?;
    succeeded(&roles);
    let binding = format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: slipway, namespace: {namespace}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: slipway-inngest}}\n\
         subjects: [{{kind: User, name: powerless, apiGroup: rbac.authorization.k8s.io}}]\n"
    );
    let mut apply = cx.kubectl();
    let mut apply = apply.args(["apply", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut input = apply.stdin.take().ok_or("no input")?;
    input.write_all(&roles.stdout)?;
    input.write_all(binding.as_bytes())?;
    drop(input);
    assert!(apply.wait()?.success());
    let installed = install(&cx, "powerless", &[&arguments[..], &["--yes"]].concat())?;
    succeeded(&installed);
    assert!(!said(&installed).contains("forbidden"), "{}", said(&installed));
    let gone = cx.slipway("powerless").args(["uninstall", "-n", &namespace, "--yes"]).output()?;
    succeeded(&gone);
    DONE
}
