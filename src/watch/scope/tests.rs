use super::*;
use serde_json::json;

fn follow(ids: &[&str]) -> Follow {
    Follow {
        namespace: "n".into(),
        members: "set".into(),
        pods: "pods".into(),
        followed: ids.iter().map(|id| Followed { id: id.parse().unwrap(), group: "g".into() }).collect(),
        facts: Arc::default(),
        patterns: vec![],
        redactor: Redactor::default(),
        as_found: false,
        logs: false,
    }
}

fn shown(follow: &Follow) -> Vec<String> {
    let show = |watched: &Watched| {
        format!(
            "{}/{} {} {}{}",
            watched.group,
            watched.kind,
            watched.namespace.as_deref().unwrap_or("-"),
            watched.labels,
            watched.fields
        )
    };
    follow.watches().iter().map(show).collect()
}

#[test]
fn each_kind_is_watched_once_and_only_as_far_as_it_is_ours() {
    let follow = follow(&[
        "Deployment.apps/n/a",
        "Deployment.apps/n/b",
        "ConfigMap/n/c",
        "PersistentVolumeClaim/n/d",
        "CustomResourceDefinition.apiextensions.k8s.io/things.x.io",
        "NetworkPolicy.networking.k8s.io/n/e",
    ]);
    assert_eq!(
        shown(&follow),
        [
            "/Event n ",
            "/PersistentVolumeClaim n ",
            "/Pod n pods",
            "apiextensions.k8s.io/CustomResourceDefinition - metadata.name=things.x.io",
            "apps/Deployment n set",
            "apps/ReplicaSet n pods",
        ]
    );
}

#[test]
fn an_install_without_workloads_watches_no_pods() {
    assert_eq!(shown(&follow(&["ConfigMap/n/c"])), ["/Event n "]);
}

#[test]
fn pods_are_selected_by_their_label_only_where_every_template_carries_it() {
    let wanted = |label: &str| crate::plan::Wanted {
        object: Object(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"},
            "spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/instance": label}}}}}),
        ),
        group: "g".into(),
        after: vec![],
        recipes: std::collections::BTreeMap::new(),
    };
    let step = |label: &str, action| crate::plan::Step {
        wanted: wanted(label),
        action,
        wave: 0,
        after: vec![],
        one_first: false,
        class: crate::plan::Class::Ordinary,
    };
    let plan = |steps| Plan {
        keys: Default::default(),
        steps,
        answers: Default::default(),
        facts: Default::default(),
        seen: std::collections::BTreeMap::new(),
        ..Plan::new(
            crate::plan::Verb::Install,
            crate::plan::Target { namespace: "n".into(), release: "shop".into(), ..Default::default() },
            Default::default(),
        )
    };
    let of = |steps| Follow::of(&plan(steps), "id", Arc::default(), Redactor::default());
    assert_eq!(
        of(vec![step("shop", Action::Create), step("", Action::Delete)]).pods,
        "app.kubernetes.io/instance=shop"
    );
    assert_eq!(of(vec![step("shop", Action::Create), step("other", Action::Keep)]).pods, "");
    assert_eq!(of(vec![step("shop", Action::Create), step("shop", Action::Delete)]).followed.len(), 1);
}
