//! Releases that are large.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use slipway::apply::Options;
use slipway::cluster::Deletion;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::object::{Object, ObjectId};
use slipway::plan::{Action, Class, KeyPlan, Step, Wanted};

use crate::apply::{cluster, fresh_name, options, run, run_with, step};
use crate::context::{Context, DONE, Outcome};
use crate::inngest::plan;

pub(crate) async fn a_thousand_objects_are_written_once_and_then_found_unchanged(cx: Context) -> Outcome {
    let cluster = Arc::new(cluster(&cx, "admin").await?);
    let mut plan = plan(&fresh_name("fast"));
    plan.keys = KeyPlan::default();
    let namespace = plan.target.namespace.clone();
    plan.steps = (0..1000)
        .map(|n| {
            let object = Object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{n}"), "namespace": namespace}, "data": {"n": n.to_string()}}));
            let wanted = Wanted { object, group: "all".into(), after: vec![], recipes: BTreeMap::new() };
            Step { one_first: false, class: Class::Ordinary, after: vec![], action: Action::Create, wave: 0, wanted }
        })
        .collect();
    let quick = Options { tried: true, ..options() };
    assert_eq!(run_with(&cluster, &plan, &quick).await.ended?.written, 1001);
    let again = run_with(&cluster, &plan, &quick).await;
    assert_eq!(again.ended?.unchanged, 1000);
    DONE
}

pub(crate) async fn a_record_that_is_too_large_for_one_object_is_split_and_read_again(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let mut plan = plan(&fresh_name("fast"));
    plan.keys = KeyPlan::default();
    let namespace = plan.target.namespace.clone();
    // Random, so that it does not become small.
    let text = || (0..56_000).map(|_| format!("{:016x}", rand::random::<u64>())).collect::<String>();
    let large = |n: u32| {
        let metadata = json!({"name": format!("large{n}"), "namespace": namespace});
        Object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text()}}))
    };
    plan.steps = (0..3).map(|n| step(large(n), 0)).collect();
    assert_eq!(run(&cluster, &plan).await.ended?.written, 4);
    let selector = format!("{}=1", record::REVISION);
    let parts = cluster.list("", "ConfigMap", &namespace, &selector).await?.objects;
    let names: Vec<&str> = parts.iter().map(Object::name).collect();
    assert_eq!(names, ["slipway-inngest.r1", "slipway-inngest.r1.1", "slipway-inngest.r1.2"]);
    for part in &parts {
        assert_eq!(part.at(&["immutable"]), Some(&json!(true)), "{} of a closed record", part.name());
    }
    let read = record::read(&cluster, &plan.target).await?;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].progress.outcome, Recorded::Deployed);
    assert!(read[0].plan.steps == plan.steps, "the steps that are read are not those that were written");
    assert_eq!(run(&cluster, &plan).await.ended?.unchanged, 3);
    // Without one of its parts it is not half a record, but a damaged one.
    cluster.delete(&ObjectId::new("", "ConfigMap", &namespace, "slipway-inngest.r1.2"), &Deletion::default()).await?;
    let damaged = record::read(&cluster, &plan.target).await.unwrap_err();
    assert!(damaged.to_string().contains("slipway-inngest.r1.2 is missing"), "{damaged}");
    record::Revision::delete(&cluster, &plan.target, 1).await?;
    assert!(cluster.list("", "ConfigMap", &namespace, &selector).await?.objects.is_empty());
    DONE
}
