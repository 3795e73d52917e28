//! A Service asked through the API server's own proxy, where a port-forward is not allowed.

use http_body_util::{BodyExt as _, Limited};

use super::ask::{Ask, encode};
use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::object::ObjectId;

/// Most of an answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;

impl Cluster {
    /// GETs a path of a Service's port (its name or number) through the API server. Returns the status and the beginning
    /// of the body; a status of the product's own that is no success comes with the server's or the product's message.
    ///
    /// # Errors
    /// We may not (403 of the authoriser), or there is no answer.
    pub async fn through_proxy(
        &self,
        namespace: &str,
        service: &str,
        port: &str,
        path: &str,
    ) -> Result<(u16, Vec<u8>), Fault> {
        let path = format!("/api/v1/namespaces/{namespace}/services/{service}:{}/proxy{path}", encode(port));
        let mut ask = Ask::get(path, format!("ask the Service {service} through the API server"))
            .at(ObjectId::new("", "Service", namespace, service));
        ask.accept = "*/*";
        match self.open(&ask).await {
            Ok(response) => {
                let status = response.status().as_u16();
                let body =
                    Limited::new(response.into_body(), LONGEST).collect().await.map(|body| body.to_bytes().to_vec());
                Ok((status, body.unwrap_or_default()))
            }
            Err(fault) if fault.code != 0 && !matches!(fault.kind, FaultKind::Forbidden | FaultKind::Unauthorized) => {
                Ok((fault.code, fault.message.into_bytes()))
            }
            Err(fault) => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Identity;

    /// A server that gives one answer, and says in it what it was asked.
    fn server(status: u16, body: &'static str) -> Cluster {
        let answer = move |request: http::Request<kube::client::Body>| async move {
            let body = if body.is_empty() { request.uri().to_string() } else { body.to_string() };
            let response = http::Response::builder().status(status).body(kube::client::Body::from(body.into_bytes()));
            response.map_err(tower::BoxError::from)
        };
        Cluster::over_service(tower::service_fn(answer), Identity::default())
    }

    #[tokio::test]
    async fn a_service_is_asked_by_the_name_of_its_port() {
        let (status, asked) = server(200, "").through_proxy("n", "web", "http", "/health?full=1").await.unwrap();
        let asked = String::from_utf8(asked).unwrap();
        assert_eq!(status, 200);
        assert!(asked.ends_with("/api/v1/namespaces/n/services/web:http/proxy/health?full=1"), "{asked}");
    }

    #[tokio::test]
    async fn what_the_product_answers_is_told_from_what_the_server_forbids() {
        let (status, said) = server(503, "starting").through_proxy("n", "web", "80", "/").await.unwrap();
        assert_eq!((status, said), (503, b"starting".to_vec()));
        let forbidden = r#"{"kind": "Status", "reason": "Forbidden", "message": "services \"web\" is forbidden: User \"u\" cannot get resource \"services/proxy\" in API group \"\" in the namespace \"n\"", "code": 403}"#;
        let fault = server(403, forbidden).through_proxy("n", "web", "80", "/").await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Forbidden);
    }
}
