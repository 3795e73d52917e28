//! `slipway status` and `slipway history` on the real control plane.

use std::process::Output;

use serde_json::Value;

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, said, succeeded};
use crate::testbed;

fn slipway(cx: &Context, namespace: &str, arguments: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(arguments).args(["-n", namespace]).output()?)
}

pub(crate) async fn a_release_that_is_well_is_told_by_groups_and_what_is_gone_is_named(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let none = slipway(&cx, &namespace, &["status"])?;
    succeeded(&none);
    assert!(said(&none).contains("No release is here"), "{}", said(&none));
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let well = slipway(&cx, &namespace, &["status"])?;
    succeeded(&well);
    for told in ["Inngest v", "revision 1: deployed", "database", "server", "ready", "volume inngest-postgresql: 20Gi"]
    {
        assert!(said(&well).contains(told), "{told}: {}", said(&well));
    }
    let json: Value = serde_json::from_slice(&slipway(&cx, &namespace, &["status", "inngest", "-o", "json"])?.stdout)?;
    assert_eq!((json["outcome"].as_str(), json["revision"].as_u64()), (Some("deployed"), Some(1)));
    assert!(json["objects"].as_array().is_some_and(|all| all.iter().all(|one| one["readiness"] == "ready")), "{json}");

    assert!(cx.kubectl().args(["-n", &namespace, "delete", "service", "inngest"]).output()?.status.success());
    let gone = slipway(&cx, &namespace, &["status"])?;
    assert_eq!(gone.status.code(), Some(1), "{}", said(&gone));
    assert!(said(&gone).contains("Service/inngest: it is gone: somebody deleted it"), "{}", said(&gone));
    DONE
}

pub(crate) async fn a_release_that_is_stuck_says_why_and_what_to_do(cx: Context) -> Outcome {
    let namespace = fresh("image-only-inngest");
    let failed = install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?;
    assert!(!failed.status.success(), "{}", said(&failed));
    let stuck = slipway(&cx, &namespace, &["status"])?;
    assert_eq!(stuck.status.code(), Some(1), "{}", said(&stuck));
    for told in ["IMAGE_", "revision 1: failed", "The last run, an install, failed"] {
        assert!(said(&stuck).contains(told), "{told}: {}", said(&stuck));
    }
    DONE
}

pub(crate) async fn the_history_says_what_changed_and_no_secret(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    succeeded(&install(&cx, "admin", &[&arguments[..], &["--set", "tuning.queueWorkers=7"]].concat())?);
    let history = slipway(&cx, &namespace, &["history"])?;
    succeeded(&history);
    assert!(said(&history).contains("tuning.queueWorkers: "), "{}", said(&history));
    assert!(said(&history).contains("-> 7"), "{}", said(&history));
    let rows: Value = serde_json::from_slice(&slipway(&cx, &namespace, &["history", "-o", "json"])?.stdout)?;
    let numbers: Vec<_> = rows.as_array().ok_or("no rows")?.iter().map(|row| row["revision"].as_u64()).collect();
    assert_eq!(numbers, [Some(2), Some(1)], "{rows}");
    DONE
}
