//! Pod, where one stands alone.

use super::Assessment;
use crate::diagnose::Scene;
use crate::object::Object;
use crate::watch::pod_state;

/// Ready by its condition, not by its phase; a pod that succeeded is done, and one that failed has failed.
pub(super) fn assess(pod: &Object, scene: &Scene) -> Assessment {
    let state = pod_state::of(scene, pod);
    let (ready, of) = (
        state.containers.iter().filter(|container| container.ready && !container.init).count(),
        state.containers.iter().filter(|container| !container.init).count(),
    );
    let (ready, of) = (i64::try_from(ready).unwrap_or(0), i64::try_from(of).unwrap_or(0));
    match state.phase.as_str() {
        "Succeeded" => Assessment::ready("finished").parts(of, of),
        "Failed" => Assessment::failed(state.reason).parts(ready, of),
        _ if state.ready => Assessment::ready("ready").parts(ready, of),
        _ => Assessment::waiting(state.reason).parts(ready, of),
    }
}
