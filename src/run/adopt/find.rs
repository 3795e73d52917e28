//! Which release of Helm is meant.

use std::sync::Arc;

use super::super::{attach, products};
use crate::cli::Shared;
use crate::cluster::helm::Stored;
use crate::cluster::{Cluster, FaultKind};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::adopt::ChartRelease;
use crate::product::schema::Product;

/// A release of Helm, and the product that it is.
pub(super) struct Found {
    pub(super) stored: Stored,
    pub(super) chart: ChartRelease,
    pub(super) product: Arc<Product>,
}

/// The release that is meant: by its name, else the only one that a product can adopt. Its record may be in another
/// namespace than its objects: either is looked for.
pub(super) async fn find(shared: &Shared, cluster: &Cluster, release: Option<&str>) -> Result<Option<Found>, Failure> {
    let unread = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let named = |stored: &Stored| release.is_none_or(|release| stored.name == release);
    let within = |chart: &ChartRelease| {
        let meant = |namespace: &String| *namespace == chart.namespace || namespace == chart.objects_in();
        shared.namespace.as_ref().is_none_or(meant)
    };
    let mut all = match &shared.namespace {
        Some(namespace) => cluster.helm_releases(namespace).await.map_err(unread)?,
        None => Vec::new(),
    };
    all.retain(named);
    if all.is_empty() {
        all = match cluster.helm_releases("").await {
            Ok(all) => all,
            Err(fault) if fault.kind == FaultKind::Forbidden && shared.namespace.is_some() => Vec::new(),
            Err(fault) if fault.kind == FaultKind::Forbidden => {
                let namespace = cluster.identity().namespace.clone();
                let here = cluster.helm_releases(&namespace).await;
                here.map_err(|fault| unread(fault).hint("name the namespace: -n NAMESPACE"))?
            }
            Err(fault) => return Err(unread(fault)),
        };
        all.retain(named);
    }
    let products = adopting(shared)?;
    let (mut found, mut other) = (Vec::new(), None);
    for stored in all {
        let chart = match stored.release() {
            Ok(chart) => chart,
            // Somebody else's release that nobody asked for.
            Err(_) if release.is_none() => continue,
            Err(failure) => return Err(failure),
        };
        match products.iter().find(|product| product.adopt.as_ref().is_some_and(|adopt| adopt.chart == chart.chart)) {
            Some(product) => found.push(Found { stored, chart, product: Arc::clone(product) }),
            None if within(&chart) => other = Some(chart),
            None => {}
        }
    }
    found.retain(|found| within(&found.chart));
    match (found.pop(), found.pop(), other) {
        (Some(one), None, _) => Ok(Some(one)),
        (None, _, Some(chart)) if release.is_some() => Err(not_adopted(&chart, &products)),
        (None, ..) => Ok(None),
        (Some(one), Some(two), _) => {
            let failure = Failure::new(FailureKind::Usage, format!("{} releases could be meant", found.len() + 2))
                .place(attach::place(cluster))
                .state(NOTHING_WRITTEN);
            found.extend([one, two]);
            let hint = |one: &Found| format!("slipway adopt {} -n {}", one.chart.name, one.chart.namespace);
            let failure = found.iter().fold(failure, |failure, one| failure.hint(hint(one)));
            Err(failure.hint("where both are the same release, in a Secret and in a ConfigMap: delete the record that Helm does not use"))
        }
    }
}

/// The products that say how a chart's release becomes theirs.
fn adopting(shared: &Shared) -> Result<Vec<Arc<Product>>, Failure> {
    let mut all = Vec::new();
    for name in products::known(shared)?.into_keys() {
        let product = products::find(shared, &name)?;
        if product.adopt.is_some() {
            all.push(Arc::new(product));
        }
    }
    Ok(all)
}

fn not_adopted(chart: &ChartRelease, products: &[Arc<Product>]) -> Failure {
    let known: Vec<&str> = products.iter().filter_map(|product| Some(product.adopt.as_ref()?.chart.as_str())).collect();
    Failure::new(FailureKind::Refused, format!("the release {} is of the chart {}", chart.name, chart.chart))
        .place(format!("Helm release {}, namespace {}", chart.name, chart.namespace))
        .why(format!("slipway adopts releases of the chart {}", known.join(", ")))
        .state(NOTHING_WRITTEN)
}
