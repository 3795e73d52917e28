//! Where the releases of a cluster stand, by their records.

use std::collections::BTreeMap;

use super::packed::understand;
use super::{REVISION, Revision};
use crate::cluster::{Cluster, Fault};
use crate::error::Failure;
use crate::object::Object;
use crate::plan::set::RELEASE;

/// Where a release stands, by its newest revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub release: String,
    /// Number of the revision.
    pub revision: u32,
    /// Its outcome: `pending`, `deployed`, `failed`, `superseded`.
    pub outcome: String,
    /// Who began it.
    pub who: String,
    /// Name of its product.
    pub product: String,
    /// Version of it.
    pub version: String,
    /// Its whole record, as it was read.
    pub records: Vec<Object>,
}

impl Standing {
    /// Its revisions, the newest first, without another look at the cluster.
    ///
    /// # Errors
    /// They are damaged, or of a newer format.
    pub fn revisions(&self) -> Result<Vec<Revision>, Failure> {
        understand(&self.records)
    }
}

/// The newest revision of each release in a namespace, or in all of them where it is empty.
///
/// # Errors
/// The records cannot be listed.
pub async fn standing(cluster: &Cluster, namespace: &str) -> Result<Vec<Standing>, Fault> {
    let listed = cluster.list("", "ConfigMap", namespace, &format!("{RELEASE},{REVISION}")).await?.objects;
    let mut releases: BTreeMap<(String, String), Vec<Object>> = BTreeMap::new();
    for found in listed {
        let release = found.label(RELEASE).unwrap_or("").to_string();
        releases.entry((found.namespace().into(), release)).or_default().push(found);
    }
    Ok(releases.into_iter().filter_map(|((namespace, release), records)| newest(namespace, release, records)).collect())
}

fn newest(namespace: String, release: String, records: Vec<Object>) -> Option<Standing> {
    let number = |found: &Object| crate::sanitize::line(found.text(&["data", "revision"])).parse().unwrap_or(0);
    let whole = records.iter().filter(|found| found.at(&["data", "format"]).is_some());
    let newest = whole.max_by_key(|found| number(found))?;
    let text = |key: &str| crate::sanitize::line(newest.text(&["data", key]));
    let (revision, outcome, who) = (number(newest), text("outcome"), text("who"));
    let (product, version) = (text("product"), text("version"));
    Some(Standing { namespace, release, revision, outcome, who, product, version, records })
}
