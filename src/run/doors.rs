//! What the progress screen wants of the outside while it is up: values of keys, a port-forward, the same plan again.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::cluster::{Cluster, FaultKind};
use crate::event::KeyPlace;
use crate::plan::Plan;
use crate::secret::SecretText;
use crate::view::tui::{Got, Want};

/// Answers until the screen is closed; then what was opened for it is closed too. `again` hears that the plan shall be
/// run once more, and ends with this.
pub(super) async fn serve(
    cluster: &Cluster,
    plan: &Plan,
    mut wants: UnboundedReceiver<Want>,
    got: UnboundedSender<Got>,
    again: UnboundedSender<()>,
) {
    let mut forwarding = None;
    let told = |one: Got| {
        // A screen that is gone needs no answer.
        let _told = got.send(one);
    };
    while let Some(want) = wants.recv().await {
        match want {
            Want::Again => {
                let _heard = again.send(());
            }
            Want::Key(place, wanted) => {
                let value = value(cluster, &plan.target.namespace, &place).await;
                told(Got::Key(place, wanted, value));
            }
            Want::Forward => {
                let opened = match plan.door() {
                    Some(door) => cluster.listen(&plan.target.namespace, &door.service, &door.port).await,
                    None => continue,
                };
                told(Got::Forwarded(match opened {
                    Ok(open) => {
                        let url = format!("http://{}", open.address);
                        forwarding = Some(open);
                        Ok(url)
                    }
                    Err(fault) => Err(fault.message),
                }));
            }
        }
    }
    drop(forwarding);
}

async fn value(cluster: &Cluster, namespace: &str, place: &KeyPlace) -> Result<SecretText, String> {
    let mut values = cluster.secret_values(namespace, &place.secret).await.map_err(|fault| match fault.kind {
        FaultKind::Forbidden => format!("secret {} may not be read by you", place.secret),
        _ => fault.message,
    })?;
    values.remove(&place.key).ok_or_else(|| format!("secret {} has no key {}", place.secret, place.key))
}
