//! Namespaces get their account, Services their addresses and endpoints, Ingresses an address, and custom resources of
//! known kinds the conditions their controllers would set.

use serde_json::{Value, json};

use super::super::clock::seconds;
use super::super::world::World;
use super::{all, is_ending, is_ready, key, set_condition};
use crate::object::Object;

/// The address that everything outside gets.
const OUTSIDE: &str = "198.51.100.10";

/// Every namespace has a ServiceAccount and the authority's certificate.
pub(crate) fn namespaces(world: &mut World) {
    for namespace in all(world, "namespaces") {
        if !is_ending(&namespace) {
            let metadata = json!({"name": "default", "namespace": namespace.name()});
            world.make_built_in("", "ServiceAccount", json!({"metadata": metadata}));
            let metadata = json!({"name": "kube-root-ca.crt", "namespace": namespace.name()});
            world.make_built_in("", "ConfigMap", json!({"metadata": metadata, "data": {"ca.crt": ""}}));
        }
    }
}

/// Addresses and endpoints of Services.
pub(crate) fn services(world: &mut World) {
    for service in all(world, "services") {
        let at = key("services", &service);
        if service.text(&["spec", "clusterIP"]).is_empty() && service.text(&["spec", "type"]) != "ExternalName" {
            let (high, low) = world.address();
            let address = format!("10.96.{}.{low}", high + 1);
            world.change(&at, |service| {
                service.set(&["spec", "clusterIP"], address.as_str().into());
                service.set(&["spec", "clusterIPs"], json!([address]));
            });
        }
        if service.text(&["spec", "type"]) == "LoadBalancer" {
            let given = json!({"ingress": [{"ip": OUTSIDE, "ipMode": "VIP"}]});
            world.change(&at, |service| service.set(&["status", "loadBalancer"], given));
        }
        endpoints(world, &service);
    }
}

fn endpoints(world: &mut World, service: &Object) {
    let Some(selector) = service.at(&["spec", "selector"]).and_then(Value::as_object).filter(|map| !map.is_empty())
    else {
        return;
    };
    let fits = |pod: &Object| selector.iter().all(|(name, value)| pod.label(name) == value.as_str());
    let pods = world
        .store
        .list("pods", service.namespace())
        .filter(|pod| fits(pod) && !pod.text(&["status", "podIP"]).is_empty());
    let endpoints: Vec<Value> = pods
        .map(|pod| {
            json!({
                "addresses": [pod.text(&["status", "podIP"])],
                "conditions": {"ready": is_ready(pod), "serving": is_ready(pod), "terminating": is_ending(pod)},
                "nodeName": pod.text(&["spec", "nodeName"]),
                "targetRef": {"kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid()},
            })
        })
        .collect();
    let ports: Vec<Value> = service
        .list(&["spec", "ports"])
        .iter()
        .map(|port| {
            let number = port.get("targetPort").filter(|port| port.is_number()).or(port.get("port"));
            json!({"name": port.get("name").cloned().unwrap_or("".into()), "port": number, "protocol": port.get("protocol")})
        })
        .collect();
    let name = format!("{}-practice", service.name());
    world.make_built_in(
        "discovery.k8s.io",
        "EndpointSlice",
        json!({
            "metadata": {
                "name": name,
                "namespace": service.namespace(),
                "labels": {"kubernetes.io/service-name": service.name()},
                "ownerReferences": super::owner(service),
            },
            "addressType": "IPv4",
        }),
    );
    let slice = super::Key::new("endpointslices.discovery.k8s.io", service.namespace(), &name);
    world.change(&slice, |slice| {
        slice.set(&["endpoints"], endpoints.into());
        slice.set(&["ports"], ports.into());
    });
}

/// Addresses of Ingresses and Gateways.
pub(crate) fn addresses(world: &mut World) {
    for ingress in all(world, "ingresses.networking.k8s.io") {
        let given = json!({"ingress": [{"ip": OUTSIDE}]});
        world.change(&key("ingresses.networking.k8s.io", &ingress), |ingress| {
            ingress.set(&["status", "loadBalancer"], given);
        });
    }
    for gateway in all(world, "gateways.gateway.networking.k8s.io") {
        world.change(&key("gateways.gateway.networking.k8s.io", &gateway), |gateway| {
            gateway.set(&["status", "addresses"], json!([{"type": "IPAddress", "value": OUTSIDE}]));
        });
    }
}

/// Conditions that the controllers of known custom resources set.
pub(crate) fn extensions(world: &mut World) {
    let now = seconds(world.now());
    for (table, conditions) in [
        ("certificates.cert-manager.io", &["Ready"][..]),
        ("issuers.cert-manager.io", &["Ready"]),
        ("clusterissuers.cert-manager.io", &["Ready"]),
        ("scaledobjects.keda.sh", &["Ready", "Active"]),
        ("gateways.gateway.networking.k8s.io", &["Accepted", "Programmed"]),
        ("gatewayclasses.gateway.networking.k8s.io", &["Accepted"]),
    ] {
        for object in all(world, table) {
            world.change(&key(table, &object), |object| {
                let generation = object.integer(&["metadata", "generation"]).unwrap_or(1);
                for condition in conditions {
                    set_condition(object, &now, condition, true, condition, "");
                }
                let mut list = object.list(&["status", "conditions"]).to_vec();
                for condition in &mut list {
                    condition["observedGeneration"] = generation.into();
                }
                object.set(&["status", "conditions"], list.into());
            });
        }
    }
    for definition in all(world, "customresourcedefinitions.apiextensions.k8s.io") {
        world.change(&key("customresourcedefinitions.apiextensions.k8s.io", &definition), |definition| {
            set_condition(definition, &now, "NamesAccepted", true, "NoConflicts", "no conflicts found");
            set_condition(
                definition,
                &now,
                "Established",
                true,
                "InitialNamesAccepted",
                "the initial names have been accepted",
            );
        });
    }
}
