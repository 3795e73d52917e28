//! Where objects are reached from outside of the cluster.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::Object;

/// Annotations by which clouds make a load balancer that only their own network reaches, with the value that says so.
const INSIDE_ONLY: &[(&str, &str)] = &[
    ("networking.gke.io/load-balancer-type", "Internal"),
    ("cloud.google.com/load-balancer-type", "Internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
];

/// Every way in, in the order of the objects.
pub(super) fn ways(objects: &[&Object]) -> Vec<String> {
    objects.iter().flat_map(|object| of(object, objects)).collect()
}

fn of(object: &Object, all: &[&Object]) -> Vec<String> {
    match object.kind() {
        "Ingress" => ingress(object),
        "HTTPRoute" | "GRPCRoute" => route(object, all),
        "TLSRoute" | "TCPRoute" | "UDPRoute" => vec![format!("{} {}", object.kind(), object.name())],
        "Route" if object.group() == "route.openshift.io" => {
            let scheme = if object.at(&["spec", "tls"]).is_some() { "https" } else { "http" };
            let host = Some(object.text(&["spec", "host"])).filter(|host| !host.is_empty());
            vec![address(scheme, host, &[object.text(&["spec", "path"])])]
        }
        "Service" => service(object),
        _ => pods(object),
    }
}

/// A host with its paths: `https://a.example.com/e/, /v1/`.
fn address(scheme: &str, host: Option<&str>, paths: &[&str]) -> String {
    let mut paths: Vec<&str> = paths.to_vec();
    // What serves everything serves the rest too.
    if paths.is_empty() || paths.iter().any(|path| matches!(*path, "" | "/")) {
        paths = vec![""];
    }
    format!("{scheme}://{}{}", host.unwrap_or("(any name)"), paths.join(", "))
}

fn ingress(object: &Object) -> Vec<String> {
    let tls = object.list(&["spec", "tls"]);
    let covered = |host: Option<&str>| {
        tls.iter().any(|entry| match entry.get("hosts").and_then(Value::as_array) {
            None => true,
            Some(hosts) => hosts.iter().filter_map(Value::as_str).any(|known| Some(known) == host),
        })
    };
    let rules = object.list(&["spec", "rules"]).iter().map(|rule| {
        let host = rule.get("host").and_then(Value::as_str);
        let paths = rule.pointer("/http/paths").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let paths: Vec<&str> = paths.iter().filter_map(|path| path.get("path")?.as_str()).collect();
        address(if covered(host) { "https" } else { "http" }, host, &paths)
    });
    let mut ways: Vec<String> = rules.collect();
    if object.at(&["spec", "defaultBackend"]).is_some() {
        ways.push(address(if covered(None) { "https" } else { "http" }, None, &[]));
    }
    ways
}

fn route(object: &Object, all: &[&Object]) -> Vec<String> {
    let rules = object.list(&["spec", "rules"]);
    let serves = |rule: &&Value| rule.get("backendRefs").and_then(Value::as_array).is_some_and(|refs| !refs.is_empty());
    let rules: Vec<&Value> = rules.iter().filter(serves).collect();
    // One that only redirects leads nowhere by itself.
    if rules.is_empty() {
        return Vec::new();
    }
    let mut paths = Vec::new();
    for rule in rules {
        match rule.get("matches").and_then(Value::as_array) {
            Some(matches) if !matches.is_empty() => {
                paths.extend(
                    matches.iter().map(|one| one.pointer("/path/value").and_then(Value::as_str).unwrap_or("/")),
                );
            }
            _ => paths.push("/"),
        }
    }
    let hosts: Vec<&str> = object.list(&["spec", "hostnames"]).iter().filter_map(Value::as_str).collect();
    let hosts: Vec<Option<&str>> = if hosts.is_empty() { vec![None] } else { hosts.into_iter().map(Some).collect() };
    let mut ways = Vec::new();
    for parent in object.list(&["spec", "parentRefs"]) {
        let name = parent.get("name").and_then(Value::as_str).unwrap_or("");
        let section = parent.get("sectionName").and_then(Value::as_str);
        let ours = all.iter().find(|gateway| gateway.kind() == "Gateway" && gateway.name() == name);
        let listeners = ours.map_or(&[][..], |gateway| gateway.list(&["spec", "listeners"]));
        let text =
            |listener: &Value, field: &str| listener.get(field).and_then(Value::as_str).unwrap_or("").to_string();
        let schemes: BTreeSet<&str> = listeners
            .iter()
            .filter(|listener| section.is_none_or(|section| text(listener, "name") == section))
            .map(|listener| if text(listener, "protocol") == "HTTPS" { "https" } else { "http" })
            .collect();
        for host in &hosts {
            if schemes.is_empty() {
                // A Gateway that is there already: whether it encrypts is not known here.
                let way = address("", *host, &paths);
                ways.push(format!("{} by the Gateway {name}", way.trim_start_matches("://")));
            }
            ways.extend(schemes.iter().map(|scheme| address(scheme, *host, &paths)));
        }
    }
    ways
}

fn service(object: &Object) -> Vec<String> {
    let name = object.name();
    let ports = object.list(&["spec", "ports"]);
    let numbers = |field: &str| {
        let numbers: Vec<String> =
            ports.iter().filter_map(|port| port.get(field)?.as_i64()).map(|port| port.to_string()).collect();
        match numbers.len() {
            0 => String::new(),
            1 => format!("port {}", numbers[0]),
            _ => format!("ports {}", numbers.join(", ")),
        }
    };
    let mut ways = Vec::new();
    match object.text(&["spec", "type"]) {
        "LoadBalancer" => {
            let ranges: Vec<&str> =
                object.list(&["spec", "loadBalancerSourceRanges"]).iter().filter_map(Value::as_str).collect();
            let inside = INSIDE_ONLY.iter().any(|(key, value)| object.annotation(key) == Some(value));
            let who = match (inside, ranges.is_empty()) {
                (true, _) => "inside the cloud's network",
                (false, true) => "open to everybody",
                (false, false) => "",
            };
            let from = if ranges.is_empty() { String::new() } else { format!("from {}", ranges.join(", ")) };
            let parts = [format!("load balancer {name} {}", numbers("port")), who.to_string(), from];
            ways.push(
                parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
            );
        }
        "NodePort" => {
            let chosen = numbers("nodePort");
            let chosen = if chosen.is_empty() { "a port that the cluster chooses".into() } else { chosen };
            ways.push(format!("every node, {chosen} (service {name})"));
        }
        _ => {}
    }
    let addresses: Vec<&str> = object.list(&["spec", "externalIPs"]).iter().filter_map(Value::as_str).collect();
    if !addresses.is_empty() {
        ways.push(format!("{}, {} (service {name})", addresses.join(", "), numbers("port")));
    }
    ways
}

/// Pods that open a port of their node by themselves.
fn pods(object: &Object) -> Vec<String> {
    let Some(spec) = object.pod_spec() else { return Vec::new() };
    let name = object.name();
    if spec.get("hostNetwork").and_then(Value::as_bool) == Some(true) {
        return vec![format!("the nodes of {name}, on whose network it runs")];
    }
    let containers = ["initContainers", "containers"].into_iter().filter_map(|field| spec.get(field)?.as_array());
    let ports: Vec<String> = containers
        .flatten()
        .filter_map(|container| container.get("ports")?.as_array())
        .flatten()
        .filter_map(|port| Some(port.get("hostPort")?.as_i64()?.to_string()))
        .collect();
    if ports.is_empty() { Vec::new() } else { vec![format!("the nodes of {name}, port {}", ports.join(", "))] }
}
