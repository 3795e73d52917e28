//! What the combinations of choices render, judged by the real server: schemas know less than admission does.

use std::sync::{Arc, LazyLock};

use futures::StreamExt as _;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use slipway::cluster::{Apply, Choice, Cluster, connect};
use slipway::lint::{Sample, distinct_objects};
use slipway::object::Object;
use slipway::product::embedded;

use crate::context::{Context, DONE, Outcome};
use crate::testbed;

/// Requests at once, as a run sends them.
const PARALLEL: usize = 32;

/// A namespace that enforces `restricted`, and what the sample answers name outside of it.
async fn ground(cx: &Context) -> testbed::Outcome<(Cluster, String)> {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let namespace = cx.namespace_with("fast-dry", labels).await?;
    let priority = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "sample"}, "value": 1});
    let priorities = Api::<PriorityClass>::all(cx.client.clone());
    priorities.patch("sample", &PatchParams::apply("test").force(), &Patch::Apply(&priority)).await?;
    let cluster = connect(&Choice { kubeconfig: Some(cx.kubeconfig("admin")), ..Choice::default() }).await?;
    Ok((cluster, namespace))
}

/// Every distinct object of every product that ships; worked out once for all tests.
static SAMPLES: LazyLock<Vec<(String, Sample)>> = LazyLock::new(|| {
    // Side by side: they are most of what this test takes.
    std::thread::scope(|scope| {
        let made = embedded::names().into_iter().map(|name| {
            scope.spawn(move || {
                let product = Arc::new(embedded::built_in(&name).unwrap().unwrap());
                distinct_objects(&product).into_iter().map(|sample| (name.clone(), sample)).collect::<Vec<_>>()
            })
        });
        let made: Vec<_> = made.collect();
        made.into_iter().flat_map(|made| made.join().unwrap()).collect()
    })
});

/// The same, in that namespace.
fn samples(namespace: &str) -> Vec<(String, Sample)> {
    let mut samples = SAMPLES.clone();
    for (_, sample) in &mut samples {
        if !sample.object.namespace().is_empty() {
            sample.object.set(&["metadata", "namespace"], namespace.into());
        }
    }
    samples
}

/// Fails with every refusal, each with the answers that made the object.
fn none_refused(refused: Vec<String>) {
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

#[expect(clippy::print_stdout, reason = "how many were tried is part of the outcome")]
pub(crate) async fn every_object_of_every_combination_passes_a_strict_dry_run(cx: Context) -> Outcome {
    let (cluster, namespace) = ground(&cx).await?;
    let samples = samples(&namespace);
    let how = Apply { manager: "slipway:test".into(), dry_run: true, ..Apply::default() };
    let asked = samples.iter().map(|(product, sample)| {
        let (cluster, how, borrowed) = (&cluster, &how, cx.borrowed());
        async move {
            let answer = cluster.apply(&sample.object, how).await;
            let refused = answer.err()?.to_string();
            // Whoever lends a cluster may have begun it before a definition was among those of the tests.
            let lacks = borrowed && refused.contains("the cluster does not know the kind");
            (!lacks).then(|| format!("{product} {} with {}: {refused}", sample.object.id().short(), sample.with))
        }
    });
    let answers: Vec<Option<String>> = futures::stream::iter(asked).buffer_unordered(PARALLEL).collect().await;
    println!("{} distinct objects were tried", answers.len());
    assert!(answers.len() > 100, "only {} objects are tried", answers.len());
    none_refused(answers.into_iter().flatten().collect());
    DONE
}

#[expect(clippy::print_stdout, reason = "how many were tried is part of the outcome")]
pub(crate) async fn every_pod_of_every_combination_passes_restricted(cx: Context) -> Outcome {
    let (cluster, namespace) = ground(&cx).await?;
    let mut tried: Vec<(String, String, Object)> = Vec::new();
    for (product, sample) in samples(&namespace) {
        let Some(template) = sample.object.pod_template_path().and_then(|path| sample.object.at(path)) else {
            continue;
        };
        let mut pod = Object(json!({"apiVersion": "v1", "kind": "Pod"}));
        pod.set(&["metadata"], template.get("metadata").cloned().unwrap_or(json!({})));
        pod.set(&["metadata", "generateName"], "sample-".into());
        pod.set(&["metadata", "namespace"], namespace.as_str().into());
        pod.set(&["spec"], template.get("spec").cloned().unwrap_or(Value::Null));
        // Its own is made by an earlier wave.
        pod.set(&["spec", "serviceAccountName"], "default".into());
        if !tried.iter().any(|(_, _, known)| *known == pod) {
            tried.push((product, format!("{} with {}", sample.object.id().short(), sample.with), pod));
        }
    }
    let asked = tried.iter().map(|(product, of, pod)| {
        let cluster = &cluster;
        async move {
            let answer = cluster.try_create(pod, "slipway:test").await;
            answer.err().map(|fault| format!("{product}, the pods of {of}: {fault}"))
        }
    });
    let answers: Vec<Option<String>> = futures::stream::iter(asked).buffer_unordered(PARALLEL).collect().await;
    println!("{} distinct pods were tried", answers.len());
    assert!(answers.len() > 20, "only {} pods are tried", answers.len());
    none_refused(answers.into_iter().flatten().collect());
    DONE
}
