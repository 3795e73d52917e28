//! CronJob.

use super::Assessment;
use crate::object::Object;

/// A CronJob is ready when it is there: its Jobs come when their time comes.
pub(super) fn assess(cron: &Object) -> Assessment {
    let suspended = cron.at(&["spec", "suspend"]).and_then(serde_json::Value::as_bool) == Some(true);
    Assessment::ready(if suspended {
        "suspended".to_string()
    } else {
        format!("runs at {}", crate::sanitize::line(cron.text(&["spec", "schedule"])))
    })
}
