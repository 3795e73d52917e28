//! Whether a release of Helm may be taken over.

use std::collections::BTreeMap;

use super::derive::Scene;
use super::{ChartRelease, Derived, Target};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::product::adopt::Adopt;
use crate::product::schema::Product;

/// Whether the release is one that can be taken over now.
///
/// # Errors
/// It is of another chart, of a version that is not understood, or Helm is not done with it.
pub fn judge(chart: &ChartRelease, product: &Product, adopt: &Adopt) -> Result<(), Failure> {
    let refuse = |what: String| {
        Failure::new(FailureKind::Refused, what)
            .place(format!("Helm release {}, namespace {}", chart.name, chart.namespace))
            .state(NOTHING_WRITTEN)
    };
    let (name, namespace) = (&chart.name, &chart.namespace);
    if chart.chart != adopt.chart {
        return Err(refuse(format!("the release {name} is of the chart {}", chart.chart))
            .why(format!("{} is adopted from the chart {}", product.title, adopt.chart))
            .hint("name the release that is meant: slipway adopt RELEASE -n NAMESPACE"));
    }
    if let Some(doing) = chart.newest_status.strip_prefix("pending-") {
        return Err(refuse(format!("Helm is not done with {name}: its newest revision is pending-{doing}"))
            .why(format!("somebody runs helm {doing} at this moment, or it died (last change: {})", chart.changed))
            .hint("wait until it is done, where somebody is at it")
            .hint(format!(
                "else bring it to an end first: helm rollback {name} -n {namespace}, then run the same command again"
            )));
    }
    if matches!(chart.newest_status.as_str(), "uninstalling" | "uninstalled") {
        return Err(refuse(format!("Helm has taken {name} away: it is {}", chart.newest_status))
            .why("what is left of its objects belongs to nobody")
            .hint(format!("see what is left: helm get manifest {name} -n {namespace}"))
            .hint(format!("or install anew: slipway install {}", product.name)));
    }
    let understood = regex::Regex::new(&adopt.versions).is_ok_and(|versions| versions.is_match(&chart.version));
    if !understood {
        return Err(refuse(format!("the chart's version {} is not known", chart.version))
            .why(format!("this program knows where the answers stand in {} of {}", adopt.versions, adopt.chart))
            .hint("use a newer slipway, or bring the release to a version that is known"));
    }
    Ok(())
}

/// Whether everything secret of it can be made again: the key Secret holds text alone, and a record no values.
///
/// # Errors
/// Names the entries that are not text.
pub fn recordable(chart: &ChartRelease, derived: &Derived) -> Result<(), Failure> {
    let Some(first) = derived.not_text.first() else { return Ok(()) };
    let failure = Failure::new(FailureKind::Refused, format!("{first} is not text"))
        .place(format!("Helm release {}, namespace {}", chart.name, chart.namespace))
        .why("its value would have to be kept with the keys, which are text, and it is never written into the record");
    let more = derived.not_text[1..].iter();
    Err(more
        .fold(failure, |failure, entry| failure.why(format!("so is {entry}")))
        .state(NOTHING_WRITTEN)
        .hint("keep it in a Secret that the chart does not lay down, then run the same command again")
        .hint("or leave the release to Helm"))
}

/// Whether the release has the shape that its product knows. A shape that is not known is never taken over: a database
/// whose data is looked for in the wrong place begins empty beside it.
///
/// # Errors
/// Says what is not as it must be.
pub fn known_shape(adopt: &Adopt, chart: &ChartRelease, live: &BTreeMap<ObjectId, Object>) -> Result<(), Failure> {
    let objects: Vec<&Object> = chart.objects().iter().filter_map(|sent| live.get(&sent.id())).collect();
    let scene = Scene { objects: &objects, values: &chart.values };
    let place = format!("Helm release {}, namespace {}", chart.name, chart.namespace);
    for must in adopt.must.iter().filter(|must| scene.holds(&must.when)) {
        let Some(broken) = must.hold.iter().find(|one| !scene.holds(std::slice::from_ref(*one))) else { continue };
        let failure = Failure::new(FailureKind::Refused, &must.say).place(place).why(expected(broken));
        let failure = if must.remedy.is_empty() { failure } else { failure.hint(&must.remedy) };
        return Err(failure.state(NOTHING_WRITTEN).hint("or leave the release to Helm"));
    }
    let claims = live.values().filter(|object| object.kind() == "PersistentVolumeClaim");
    let owned = claims.filter_map(|claim| Some((claim, claim.list(&["metadata", "ownerReferences"]).first()?)));
    if let Some((claim, owner)) = owned.into_iter().next() {
        let owner = format!("{}/{}", owner["kind"].as_str().unwrap_or("?"), owner["name"].as_str().unwrap_or("?"));
        return Err(Failure::new(FailureKind::Refused, format!("{} goes when {owner} goes", claim.id().short()))
            .place(place)
            .why("the next change makes that workload anew, and the volume would be deleted with the old one")
            .state(NOTHING_WRITTEN)
            .hint(format!(
                "let it keep its volumes: set persistentVolumeClaimRetentionPolicy of {owner} to Retain, both times"
            )));
    }
    Ok(())
}

/// A condition that does not hold, in words.
fn expected(condition: &str) -> String {
    let (not, condition) = condition.strip_prefix('!').map_or((false, condition), |rest| (true, rest));
    match (condition.split_once('='), not) {
        (Some((place, text)), false) => format!("{place} is not {text}"),
        (Some((place, text)), true) => format!("{place} is {text}"),
        (None, false) => format!("there is no {condition}"),
        (None, true) => format!("there is {condition}"),
    }
}

/// Whether the pods of a workload mount a claim: one that it names, or one that is made for each of them.
pub(crate) fn has_volume(workload: &Object) -> bool {
    let volumes = workload.pod_spec().and_then(|spec| spec.get("volumes")?.as_array());
    volumes.into_iter().flatten().any(|volume| volume.get("persistentVolumeClaim").is_some())
        || !workload.list(&["spec", "volumeClaimTemplates"]).is_empty()
}

/// What the product tells of such a release; and data in a pod without a volume, which goes with the pod: the next change would
/// lose it.
pub fn of_data(
    adopt: &Adopt,
    chart: &ChartRelease,
    live: &BTreeMap<ObjectId, Object>,
    target: &Target,
) -> Vec<Finding> {
    let objects: Vec<&Object> = chart.objects().iter().filter_map(|sent| live.get(&sent.id())).collect();
    let scene = Scene { objects: &objects, values: &chart.values };
    let told = adopt.tell.iter().filter(|tell| scene.holds(&tell.when));
    let mut findings: Vec<Finding> =
        told.map(|tell| Finding::new("ADOPT_CHANGES", Severity::Warning, &tell.say)).collect();
    for data in adopt.data.iter().filter(|data| scene.holds(&data.when)) {
        let named = |object: &&&Object| object.id().short() == data.workload;
        let Some(workload) = objects.iter().find(named) else { continue };
        if has_volume(workload) {
            continue;
        }
        findings.push(
            Finding::new(
                "DATA_WITHOUT_VOLUME",
                Severity::Error,
                format!("{} keeps its data in its pod", data.workload),
            )
            .why("it has no volume: the data is gone with the pod, and the first change afterwards makes a new one")
            .remedy(format!(
                "dump it first: {}; then: --skip-preflight DATA_WITHOUT_VOLUME. Once it is slipway's, and before it is changed: slipway backup",
                data.dump.replace("{namespace}", &target.namespace)
            ))
            .at(workload.id().to_string()),
        );
    }
    findings
}
