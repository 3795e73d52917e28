//! The client against a scripted server: which faults are what, and what is tried again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use tower::{BoxError, service_fn};

use super::{Apply, Cluster, Deletion, FaultKind, Identity, Patience, Removal};
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};

/// A server that knows Deployments and ConfigMaps, and answers everything else by the script, in order.
fn scripted(script: Vec<(u16, Vec<(&'static str, &'static str)>, Value)>) -> (Cluster, Arc<Mutex<Vec<String>>>) {
    let script = Arc::new(Mutex::new(VecDeque::from(script)));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let service = service_fn(move |request: Request<Body>| {
        let path = request.uri().to_string();
        let (code, headers, body) = match path.as_str() {
            "/api" => (200, vec![], discovery("", "v1", &[("ConfigMap", "configmaps")])),
            "/apis" => (200, vec![], discovery("apps", "v1", &[("Deployment", "deployments")])),
            _ => {
                seen.lock().unwrap().push(format!("{} {path}", request.method()));
                script.lock().unwrap().pop_front().unwrap_or((500, vec![], json!({"message": "the script is over"})))
            }
        };
        async move {
            let mut response = Response::builder().status(code);
            for (key, value) in headers {
                response = response.header(key, value);
            }
            Ok::<_, BoxError>(response.body(Body::from(body.to_string().into_bytes()))?)
        }
    });
    let identity = Identity { context: "test".into(), server: "https://test".into(), ..Identity::default() };
    let patience =
        Patience { attempts: 3, first: Duration::ZERO, longest: Duration::ZERO, deadline: Duration::from_secs(5) };
    (Cluster::over_service(service, identity).with_patience(patience), asked)
}

fn discovery(group: &str, version: &str, kinds: &[(&str, &str)]) -> Value {
    let resources: Vec<Value> = kinds
        .iter()
        .map(|(kind, plural)| json!({"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["list"]}))
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": group}, "versions": [{"version": version, "resources": resources}]}]})
}

fn status(reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "reason": reason, "message": message})
}

fn config_map() -> Object {
    Object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}))
}

fn id() -> ObjectId {
    config_map().id()
}

#[tokio::test]
async fn every_answer_has_its_kind() {
    let cases = [
        (401, status("Unauthorized", "Unauthorized"), FaultKind::Unauthorized),
        (
            403,
            status(
                "Forbidden",
                "configmaps \"a\" is forbidden: User \"u\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"n\"",
            ),
            FaultKind::Forbidden,
        ),
        (
            403,
            status("Forbidden", "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot"),
            FaultKind::Denied,
        ),
        (403, status("Forbidden", "pods \"a\" is forbidden: exceeded quota: q, requested: cpu=1"), FaultKind::Denied),
        (
            404,
            json!({"kind": "Status", "reason": "NotFound", "message": "configmaps \"a\" not found", "details": {"name": "a"}}),
            FaultKind::NotFound,
        ),
        (404, status("NotFound", "the server could not find the requested resource"), FaultKind::UnknownKind),
        (409, status("AlreadyExists", "configmaps \"a\" already exists"), FaultKind::AlreadyExists),
        (409, status("Conflict", "the object has been modified"), FaultKind::Changed),
        (410, status("Expired", "too old resource version"), FaultKind::Expired),
        (422, status("Invalid", "is invalid"), FaultKind::Invalid),
        (400, status("BadRequest", "admission webhook \"w\" does not support dry run"), FaultKind::Unsupported),
    ];
    for (code, body, kind) in cases {
        let (cluster, asked) = scripted(vec![(code, vec![], body.clone())]);
        let fault = cluster.get(&id()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{body}");
        assert_eq!(asked.lock().unwrap().len(), 1, "{body} was tried again");
    }
}

#[tokio::test]
async fn only_a_404_of_the_object_says_that_it_is_absent() {
    for (code, body) in [
        (403, status("Forbidden", "x cannot get resource y")),
        (500, Value::Null),
        (404, status("NotFound", "the server could not find the requested resource")),
    ] {
        let answers = vec![(code, vec![], body); 3];
        let (cluster, _) = scripted(answers);
        assert!(cluster.find(&id()).await.is_err(), "{code} passed for absent");
    }
    let (cluster, _) = scripted(vec![(404, vec![], status("NotFound", "configmaps \"a\" not found"))]);
    assert_eq!(cluster.find(&id()).await.unwrap(), None);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_told() {
    for (code, body) in [
        (429, status("TooManyRequests", "slow down")),
        (503, status("ServiceUnavailable", "starting")),
        (500, status("InternalError", "Internal error occurred: failed calling webhook \"w\": connection refused")),
        (
            409,
            status("Conflict", "Operation cannot be fulfilled on resourcequotas \"q\": the object has been modified"),
        ),
    ] {
        let (cluster, asked) = scripted(vec![(code, vec![("retry-after", "0")], body), (200, vec![], config_map().0)]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = told.clone();
        let cluster = cluster.telling(move |kind| listener.lock().unwrap().push(kind));
        cluster.get(&id()).await.unwrap();
        assert_eq!(asked.lock().unwrap().len(), 2);
        let told = told.lock().unwrap();
        assert!(
            matches!(&told[..], [EventKind::RequestRetried { attempt: 1, why, .. }] if why.starts_with(&code.to_string())),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_conflict_of_fields_names_each_with_its_manager_and_is_not_tried_again() {
    let body = json!({
        "kind": "Status", "reason": "Conflict", "message": "Apply failed with 2 conflicts",
        "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using v1", "field": ".data.x"},
            {"reason": "FieldManagerConflict", "message": "conflict with \"helm\" using v1", "field": ".data.y"},
        ]},
    });
    let (cluster, asked) = scripted(vec![(409, vec![], body)]);
    let fault =
        cluster.apply(&config_map(), &Apply { manager: "slipway:n/r".into(), ..Apply::default() }).await.unwrap_err();
    let FaultKind::Conflicts(conflicts) = fault.kind else { panic!("{fault:?}") };
    let named: Vec<_> = conflicts.iter().map(|conflict| (conflict.field.as_str(), conflict.manager.as_str())).collect();
    assert_eq!(named, [("data.x", "kubectl-edit"), ("data.y", "helm")]);
    let asked = asked.lock().unwrap();
    assert_eq!(
        asked[..],
        ["PATCH /api/v1/namespaces/n/configmaps/a?fieldManager=slipway%3An%2Fr&fieldValidation=Strict"]
    );
}

#[tokio::test]
async fn a_replace_that_came_too_late_is_not_tried_again_and_an_apply_is() {
    let late = || (409, vec![], status("Conflict", "the object has been modified"));
    let (cluster, asked) = scripted(vec![late(), (200, vec![], config_map().0)]);
    assert_eq!(cluster.replace(&config_map(), "m").await.unwrap_err().kind, FaultKind::Changed);
    assert_eq!(asked.lock().unwrap().len(), 1);
    let (cluster, _) = scripted(vec![late(), (200, vec![], config_map().0)]);
    cluster.apply(&config_map(), &Apply::default()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_kind_is_looked_for_once_more_and_then_told() {
    let (cluster, _) = scripted(vec![]);
    let fault = cluster.resource("keda.sh", "ScaledObject", "").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::UnknownKind);
    assert!(fault.failure.why[0].contains("ScaledObject.keda.sh"));
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_its_items_get_their_type() {
    let page = |token: &str, name: &str| {
        (
            200,
            vec![],
            json!({"metadata": {"resourceVersion": "7", "continue": token}, "items": [{"metadata": {"name": name}}]}),
        )
    };
    let (cluster, asked) = scripted(vec![page("more", "a"), page("", "b")]);
    let listed = cluster.list("", "ConfigMap", "n", "x=y").await.unwrap();
    let names: Vec<_> = listed.objects.iter().map(|object| format!("{} {}", object.kind(), object.name())).collect();
    assert_eq!(names, ["ConfigMap a", "ConfigMap b"]);
    assert!(asked.lock().unwrap()[1].ends_with("labelSelector=x%3Dy&continue=more"));
}

#[tokio::test]
async fn a_deletion_tells_what_is_gone_from_what_only_begins_to_end() {
    let gone = json!({"kind": "Status", "status": "Success", "details": {"name": "a", "kind": "configmaps"}});
    for (code, answer, wanted) in [
        (200, gone, Removal::Gone),
        (200, config_map().0, Removal::Going),
        (404, status("NotFound", "configmaps \"a\" not found"), Removal::Absent),
    ] {
        let (cluster, _) = scripted(vec![(code, vec![], answer)]);
        assert_eq!(cluster.remove(&id(), &Deletion::default()).await.unwrap(), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_questions_are_asked_at_once_but_none_waits_long_and_a_lock_not_at_all() {
    let open = Arc::new(Mutex::new(0));
    let seen = open.clone();
    let service = service_fn(move |request: Request<Body>| {
        let path = request.uri().to_string();
        let leases = [("Lease", "leases")];
        let answer = match path.as_str() {
            "/api" => Some(discovery("", "v1", &[("ConfigMap", "configmaps")])),
            "/apis" => Some(discovery("coordination.k8s.io", "v1", &leases)),
            _ if path.contains("leases") => Some(json!({"kind": "Lease", "metadata": {"name": "a"}})),
            _ => None,
        };
        if answer.is_none() {
            *seen.lock().unwrap() += 1;
        }
        async move {
            match answer {
                Some(answer) => Ok::<_, BoxError>(Response::new(Body::from(answer.to_string().into_bytes()))),
                // A server that hangs.
                None => std::future::pending().await,
            }
        }
    });
    let cluster = Cluster::over_service(service, Identity::default());
    let questions: Vec<_> = (0..40)
        .map(|_| {
            let cluster = cluster.clone();
            tokio::spawn(async move { cluster.find(&id()).await })
        })
        .collect();
    let lease = ObjectId::new("coordination.k8s.io", "Lease", "n", "a");
    assert!(cluster.find(&lease).await.unwrap().is_some());
    while *open.lock().unwrap() < super::connect::TOGETHER {
        tokio::task::yield_now().await;
    }
    assert!(cluster.find(&lease).await.unwrap().is_some());
    assert_eq!(*open.lock().unwrap(), super::connect::TOGETHER);
    // A server that hangs holds up nobody who asks something else.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*open.lock().unwrap(), questions.len());
    questions.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_lock_goes_while_it_waits_for_its_turn_is_never_sent() {
    let written = Arc::new(Mutex::new(0));
    let (seen, waiting) = (written.clone(), Arc::new(Mutex::new(0)));
    let asked = waiting.clone();
    let service = service_fn(move |request: Request<Body>| {
        let answer = match request.uri().path() {
            "/api" => Some(discovery("", "v1", &[("ConfigMap", "configmaps")])),
            "/apis" => Some(discovery("apps", "v1", &[("Deployment", "deployments")])),
            _ => None,
        };
        match (request.method().as_str(), &answer) {
            ("DELETE", _) => *seen.lock().unwrap() += 1,
            (_, None) => *asked.lock().unwrap() += 1,
            _ => {}
        }
        async move {
            match answer {
                Some(answer) => Ok::<_, BoxError>(Response::new(Body::from(answer.to_string().into_bytes()))),
                None => std::future::pending().await,
            }
        }
    });
    let cluster = Cluster::over_service(service, Identity::default());
    for _ in 0..super::connect::TOGETHER {
        let cluster = cluster.clone();
        tokio::spawn(async move { cluster.find(&id()).await });
    }
    while *waiting.lock().unwrap() < super::connect::TOGETHER {
        tokio::task::yield_now().await;
    }
    let held = Arc::new(Mutex::new(true));
    let holds = held.clone();
    let guarded = cluster.guarded(move || match *holds.lock().unwrap() {
        true => Ok(()),
        false => Err(Failure::new(FailureKind::Refused, "the lock is lost")),
    });
    let write = tokio::spawn(async move { guarded.delete(&id(), &Deletion::default()).await });
    // It waits; then the lock goes.
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    *held.lock().unwrap() = false;
    let fault = write.await.unwrap().unwrap_err();
    assert_eq!((fault.kind, *written.lock().unwrap()), (FaultKind::HeldBack, 0));
}
