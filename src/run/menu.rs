//! What the page of an installed release reads, and what it leads to: each of it is a verb of its own.

use crate::cli::{BackupHow, BackupTo, LogFlags, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::menu::{Deed, Menu, RevisionSeen, Wanted};

use super::choices::IN_CLUSTER;
use super::releases::Release;
use super::{attach, backup, keys, logs, port_forward, rollback, status, uninstall, upgrade};

/// The flags that mean the release of the page.
fn at(shared: &Shared, menu: &Menu) -> Shared {
    let named = !menu.practice && menu.context != IN_CLUSTER;
    Shared {
        context: named.then(|| menu.context.clone()),
        namespace: Some(menu.release.namespace.clone()),
        release: Some(menu.release.release.clone()),
        ..shared.clone()
    }
}

/// What is read without leaving the page.
///
/// # Errors
/// The cluster cannot be read, or the release is gone.
pub(super) async fn read(shared: &Shared, menu: &Menu, deed: Deed) -> Result<String, Failure> {
    let found = find(shared, menu, deed).await?;
    match deed {
        Deed::Status => Ok(status::look(&found).await?.text()),
        Deed::History => Ok(status::told(&found.revisions)),
        Deed::Keys => keys::told(&found).await,
        _ => Err(Failure::new(FailureKind::Bug, "nothing is read for this").state(NOTHING_WRITTEN)),
    }
}

/// The revisions that one can go back to, the newest first.
///
/// # Errors
/// As [`read`].
pub(super) async fn revisions(shared: &Shared, menu: &Menu) -> Result<Vec<RevisionSeen>, Failure> {
    let found = find(shared, menu, Deed::GoBack).await?;
    Ok(rollback::choices(&found.revisions))
}

async fn find(shared: &Shared, menu: &Menu, deed: Deed) -> Result<Release, Failure> {
    Release::find(&at(shared, menu), Some(&menu.release.release), deed.verb()).await
}

/// Does what is wanted; false where it was looked at and not done, so that the page is shown again.
///
/// # Errors
/// As the verb.
pub(super) async fn go(shared: &Shared, wanted: &Wanted) -> Result<bool, Failure> {
    let shared = &at(shared, &wanted.of);
    let release = Some(wanted.of.release.release.as_str());
    match wanted.deed {
        Deed::GoBack => return rollback::to(shared, release, wanted.to).await,
        Deed::Attach => attach::run(shared, release).await?,
        Deed::Upgrade => Box::pin(upgrade::run(shared, release)).await?,
        Deed::Logs => {
            let flags = LogFlags { follow: true, tail: Some(100), ..LogFlags::default() };
            logs::run(shared, release, None, &flags).await?;
        }
        Deed::PortForward => port_forward::run(shared, release, None, None).await?,
        Deed::Backup => backup::run(shared, release, &BackupTo::default(), &BackupHow::default()).await?,
        Deed::Uninstall => uninstall::run(shared, release, Vec::new(), Vec::new(), &[]).await?,
        Deed::Status => status::run(shared, release).await?,
        Deed::History => status::history(shared, release).await?,
        Deed::Keys => super::print(&read(shared, &wanted.of, Deed::Keys).await?)?,
    }
    Ok(true)
}
