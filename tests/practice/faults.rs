//! Faults at chosen calls, and what is kept on disk.

use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use slipway::practice::{Fault, Options, Server};

use crate::client::Practice;

fn faulty(at: u64, fault: Fault) -> Practice {
    let faults = Arc::new(move |call: &slipway::practice::Call| (call.number == at).then(|| fault.clone()));
    Practice::with(Options { faults: Some(faults), ..Options::default() })
}

fn object(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
}

fn configs(practice: &Practice) -> Api<ConfigMap> {
    Api::namespaced(practice.client.clone(), "default")
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_before_it_is_handled_changes_nothing() {
    let practice = faulty(1, Fault::DropBefore);
    configs(&practice).create(&PostParams::default(), &object("a")).await.unwrap_err();
    assert!(configs(&practice).get_opt("a").await.unwrap().is_none());
    assert!(practice.server.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_after_it_was_handled_is_done() {
    let practice = faulty(1, Fault::DropAfter);
    configs(&practice).create(&PostParams::default(), &object("a")).await.unwrap_err();
    assert!(configs(&practice).get_opt("a").await.unwrap().is_some());
    let writes = practice.server.writes();
    assert_eq!((writes.len(), writes[0].number, writes[0].code), (1, 1, 201));
    assert_eq!(practice.server.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_its_code_and_changes_nothing() {
    let practice = faulty(1, Fault::Refuse { code: 503, retry_after: Some(2) });
    let error = configs(&practice).create(&PostParams::default(), &object("a")).await.unwrap_err();
    let kube::Error::Api(status) = error else { unreachable!("an answer of the server: {error}") };
    assert_eq!((status.code, status.details.unwrap().retry_after_seconds), (503, 2));
    assert!(configs(&practice).get_opt("a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_never_answered() {
    let practice = faulty(1, Fault::Hang);
    let api = configs(&practice);
    let (post, made) = (PostParams::default(), object("a"));
    let asked = tokio::time::timeout(std::time::Duration::from_secs(60), api.create(&post, &made));
    asked.await.unwrap_err();
    assert!(configs(&practice).get_opt("a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_cut_after_the_events_that_it_may_still_tell() {
    use futures::StreamExt as _;
    let practice = faulty(1, Fault::CutWatch { after: 1 });
    let what = WatchParams::default().fields("metadata.namespace=default");
    let mut seen = configs(&practice).watch(&what, "0").await.unwrap().boxed();
    assert!(matches!(seen.next().await, Some(Ok(WatchEvent::Added(_)))));
    assert!(matches!(seen.next().await, Some(Err(_)) | None));
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_version_ends_a_watch_as_too_old() {
    use futures::StreamExt as _;
    let practice = faulty(3, Fault::Forget);
    let list = configs(&practice).list(&ListParams::default()).await.unwrap();
    let from = list.metadata.resource_version.unwrap();
    let _made = configs(&practice).create(&PostParams::default(), &object("a")).await;
    let mut seen = configs(&practice).watch(&WatchParams::default(), &from).await.unwrap().boxed();
    let Some(Ok(WatchEvent::Error(status))) = seen.next().await else { unreachable!("the watch is too old") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test]
async fn what_was_made_is_there_after_a_restart_and_gone_after_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("practice");
    let options = || Options { folder: Some(folder.clone()), ..Options::default() };
    let practice = Practice::with(options());
    let made = configs(&practice).patch("a", &PatchParams::apply("x"), &Patch::Apply(object("a"))).await.unwrap();
    let refused = Server::start(options()).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::ResourceBusy);
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    assert!(slipway::practice::reset(&folder).is_err());
    end(practice).await;

    let practice = Practice::with(options());
    let found = configs(&practice).get("a").await.unwrap();
    assert_eq!((found.uid(), found.managed_fields()), (made.uid(), made.managed_fields()));
    end(practice).await;

    assert!(slipway::practice::reset(&folder).unwrap());
    let practice = Practice::with(options());
    assert!(configs(&practice).get_opt("a").await.unwrap().is_none());
}

/// Waits until nothing holds the server any more; connections that the client keeps end in the background.
async fn end(practice: Practice) {
    let Practice { server, client } = practice;
    drop(client);
    let mut server = Some(server);
    while let Some(last) = server.take() {
        server = Arc::try_unwrap(last).err();
        tokio::task::yield_now().await;
    }
}
