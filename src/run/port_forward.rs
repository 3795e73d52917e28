//! `slipway port-forward`: a port of this machine that leads to the product, until Ctrl-C.

use std::io::Write as _;

use serde_json::json;

use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::ServicePlace;
use crate::plan::{Action, Plan};
use crate::suggest;

use super::print;
use super::releases::Release;

/// The verb. `name` is a Service of the release, with a port after a colon where it is not its first.
pub(super) async fn run(
    shared: &Shared,
    release: Option<&str>,
    name: Option<&str>,
    port: Option<u16>,
) -> Result<(), Failure> {
    let (found, name) = Release::with_name(shared, release, name, "port-forward").await?;
    let door = door(found.plan(), name.as_deref())?;
    let namespace = &found.target.namespace;
    let open = found.cluster.listen_at(namespace, &door.service, &door.port, port).await;
    let open = open.map_err(|fault| {
        Failure::from(fault)
            .state(NOTHING_WRITTEN)
            .hint(format!("see whether it is ready: slipway status {} -n {namespace}", found.target.release))
    })?;
    let url = format!("http://{}", open.address);
    if shared.output == Output::Json {
        print(&format!("{}\n", json!({"url": url, "service": door.service, "port": door.port})))?;
    } else {
        print(&format!("{url} leads to Service {} port {} in {namespace}, until Ctrl-C.\n", door.service, door.port))?;
    }
    let ended = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(tokio::signal::ctrl_c().await),
        }
    };
    ended.await;
    drop(open);
    if shared.output == Output::Text {
        let _told = writeln!(std::io::stderr(), "\nClosed.");
    }
    Ok(())
}

/// Where it leads: the Service that answers for the product, or the one that is named.
fn door(plan: &Plan, name: Option<&str>) -> Result<ServicePlace, Failure> {
    let services = plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted.object);
    let services: Vec<_> = services.filter(|object| (object.group(), object.kind()) == ("", "Service")).collect();
    let ports = |name: &str| -> Vec<String> {
        let found = services.iter().find(|service| service.name() == name);
        let ports = found.into_iter().flat_map(|service| service.list(&["spec", "ports"]));
        ports
            .filter_map(|port| {
                Some(port.get("name")?.as_str()?.to_string()).or_else(|| port.get("port").map(ToString::to_string))
            })
            .collect()
    };
    let Some(name) = name else {
        let first = || {
            Some(ServicePlace {
                service: services.first()?.name().into(),
                port: ports(services.first()?.name()).into_iter().next()?,
            })
        };
        return plan.door().or_else(first).ok_or_else(|| {
            Failure::new(FailureKind::Refused, "the release has no Service to lead to").state(NOTHING_WRITTEN)
        });
    };
    let (service, port) = name.split_once(':').map_or((name, None), |(service, port)| (service, Some(port)));
    let known: Vec<&str> = services.iter().map(|service| service.name()).collect();
    let failure = |what: String| Failure::new(FailureKind::Usage, what).state(NOTHING_WRITTEN);
    if !known.contains(&service) {
        let failure = failure(format!("the release has no Service {service}"));
        return Err(match suggest::nearest(service, known.iter().copied()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!("there is {}", known.join(", "))),
        });
    }
    let usual = plan.door().filter(|door| door.service == service).map(|door| door.port);
    let port = port.map(str::to_string).or(usual).or_else(|| ports(service).into_iter().next());
    let port = port.ok_or_else(|| failure(format!("the Service {service} has no port")))?;
    Ok(ServicePlace { service: service.into(), port })
}
