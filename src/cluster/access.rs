//! What we may do: asked verb by verb, since rule lists are incomplete on managed clusters (cluster.md 6).

use http::Method;
use serde_json::json;

use super::ask::Ask;
use super::connect::Cluster;
use super::fault::Fault;
use crate::object::Object;

/// One question to the authoriser.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// `get`, `list`, `watch`, `create`, `patch`, `update`, `delete` …
    pub verb: String,
    /// API group, empty for the core group.
    pub group: String,
    /// Resource in the plural: `deployments`.
    pub resource: String,
    /// Subresource: `log`, `portforward`; empty for the resource itself.
    pub subresource: String,
    /// Namespace; empty for cluster-scoped.
    pub namespace: String,
}

impl Cluster {
    /// Whether we may; and the authoriser's reason where it gives one.
    ///
    /// # Errors
    /// It could not be asked: then this is unknown.
    pub async fn may(&self, access: &Access) -> Result<(bool, String), Fault> {
        let Access { verb, group, resource, subresource, namespace } = access;
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": verb, "group": group, "resource": resource, "subresource": subresource, "namespace": namespace,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let ask = Ask::new(Method::POST, path, format!("ask whether we may {verb} {resource}"))
            .json("application/json", &review);
        let answer = Object(self.ask(ask).await?);
        let allowed = answer.at(&["status", "allowed"]).and_then(serde_json::Value::as_bool).unwrap_or(false);
        Ok((allowed, crate::sanitize::line(answer.text(&["status", "reason"]))))
    }
}
