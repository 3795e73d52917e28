//! Every way to reach Inngest, installed to ready on the real server: what is published, and that nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, install, objects, said, succeeded, versions};
use crate::testbed;

/// What SDKs and event senders call; everything else of Inngest asks nobody for a password.
const SDK_PATHS: [&str; 6] = ["/e/", "/fn/register", "/v1/", "/v0/runs/", "/v0/connect/", "/health"];

/// Installs with answers, then the same again, which must write nothing. Gives what is there.
fn installed(cx: &Context, namespace: &str, answers: &[&str]) -> testbed::Outcome<BTreeMap<String, Value>> {
    let mut arguments = vec!["inngest", "-n", namespace, "--yes", "--timeout", "120s"];
    answers.iter().for_each(|answer| arguments.extend(["--set", answer]));
    succeeded(&install(cx, "admin", &arguments)?);
    let found = objects(cx, namespace)?;
    // The answers of the last run are kept: they need not be given again.
    let again = install(cx, "admin", &["inngest", "-n", namespace, "--yes"])?;
    succeeded(&again);
    assert!(said(&again).contains("Nothing was written."), "{}", said(&again));
    assert_eq!(versions(&objects(cx, namespace)?), versions(&found));
    let pods: Vec<&Value> = found.iter().filter(|(name, _)| name.starts_with("Pod/")).map(|(_, pod)| pod).collect();
    assert!(!pods.is_empty());
    for pod in pods {
        let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        let ready = conditions.filter(|condition| condition["type"] == "Ready" && condition["status"] == "True");
        assert_eq!(ready.count(), 1, "{}", pod["metadata"]["name"]);
    }
    Ok(found)
}

fn items<'a>(object: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

fn text(object: &Value, path: &str) -> String {
    match object.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string(),
    }
}

/// Every door that leads in from outside of the cluster, in words: of Services, Ingresses and routes alike.
fn published(objects: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let mut doors = BTreeSet::new();
    for (name, object) in objects {
        match object["kind"].as_str().unwrap_or("") {
            "Service" if object["spec"]["type"] != "ClusterIP" => {
                let kind = text(object, "/spec/type");
                doors.extend(items(object, "/spec/ports").map(|port| format!("{kind} {name}:{}", text(port, "/port"))));
            }
            "Ingress" => {
                assert_eq!(object["spec"]["defaultBackend"], Value::Null);
                for rule in items(object, "/spec/rules") {
                    for path in items(rule, "/http/paths") {
                        let to = format!(
                            "{}:{}",
                            text(path, "/backend/service/name"),
                            text(path, "/backend/service/port/name")
                        );
                        doors.insert(format!("{}{} {to}", text(rule, "/host"), text(path, "/path")));
                    }
                }
            }
            "HTTPRoute" => {
                let hosts: Vec<String> = items(object, "/spec/hostnames").map(|host| text(host, "")).collect();
                for rule in items(object, "/spec/rules") {
                    let redirect = items(rule, "/filters").find(|filter| filter["type"] == "RequestRedirect");
                    let to: Vec<String> = match redirect {
                        Some(to) => vec![format!("redirect {}", text(to, "/requestRedirect/scheme"))],
                        None => items(rule, "/backendRefs")
                            .map(|to| format!("{}:{}", text(to, "/name"), text(to, "/port")))
                            .collect(),
                    };
                    let parents = items(object, "/spec/parentRefs")
                        .map(|parent| format!("{}/{}", text(parent, "/name"), text(parent, "/sectionName")));
                    for parent in parents {
                        for path in items(rule, "/matches").map(|one| text(one, "/path/value")) {
                            let host = hosts.join(",");
                            doors.insert(format!("{parent} {host}{path} {}", to.join(",")));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    doors
}

fn all(doors: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    doors.into_iter().map(Into::into).collect()
}

pub(crate) async fn an_ingress_with_a_certificate_of_an_issuer_publishes_the_paths_of_sdks_alone(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    let found = installed(
        &cx,
        &namespace,
        &[
            "exposure.mode=ingress",
            "exposure.host=events.acme.io",
            "exposure.connectHost=connect.acme.io",
            "exposure.ingressClass=nginx",
            "exposure.issuer=ClusterIssuer/testbed",
        ],
    )?;
    let mut doors = all(SDK_PATHS.map(|path| format!("events.acme.io{path} inngest:http")));
    doors.insert("connect.acme.io/ inngest:connect".into());
    assert_eq!(published(&found), doors);
    let ingress = &found["Ingress/inngest"];
    assert_eq!(ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"], "testbed");
    assert_eq!(ingress["spec"]["ingressClassName"], "nginx");
    let tls = json!([{"hosts": ["events.acme.io", "connect.acme.io"], "secretName": "inngest-tls"}]);
    assert_eq!(ingress["spec"]["tls"], tls);
    // Closed again by the next run: nothing stays open.
    let closing = ["inngest", "-n", &namespace, "--yes", "--set", "exposure.mode=clusterip"];
    succeeded(&install(&cx, "admin", &closing)?);
    let found = objects(&cx, &namespace)?;
    assert_eq!(published(&found), BTreeSet::new());
    assert!(!found.contains_key("Ingress/inngest"));
    DONE
}

pub(crate) async fn an_ingress_with_an_own_certificate_names_that_secret_and_no_issuer(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-tls").await?;
    let wildcard = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "wildcard"},
        "data": {"tls.crt": "", "tls.key": ""},
    });
    cx.apply(&namespace, wildcard).await?;
    let found = installed(
        &cx,
        &namespace,
        &[
            "exposure.mode=ingress",
            "exposure.host=own.acme.io",
            "exposure.ingressClass=nginx",
            "exposure.tls=secret",
            "exposure.tlsSecret=wildcard",
        ],
    )?;
    assert_eq!(published(&found), all(SDK_PATHS.map(|path| format!("own.acme.io{path} inngest:http"))));
    let ingress = &found["Ingress/inngest"];
    assert_eq!(ingress["spec"]["tls"], json!([{"hosts": ["own.acme.io"], "secretName": "wildcard"}]));
    assert!(!ingress["metadata"]["annotations"].to_string().contains("cert-manager"), "{ingress}");
    DONE
}

pub(crate) async fn a_gateway_publishes_the_paths_of_sdks_and_sends_http_to_https(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let found = installed(
        &cx,
        &namespace,
        &[
            "exposure.mode=gateway",
            "exposure.host=events.acme.io",
            "exposure.gatewayClass=testbed",
            "exposure.issuer=ClusterIssuer/testbed",
        ],
    )?;
    let mut doors = all(SDK_PATHS.map(|path| format!("inngest/https events.acme.io{path} inngest:8288")));
    doors.insert("inngest/http events.acme.io/ redirect https".into());
    assert_eq!(published(&found), doors);
    let gateway = &found["Gateway/inngest"];
    let listeners: Vec<String> = items(gateway, "/spec/listeners")
        .map(|one| {
            format!(
                "{} {} {} {}",
                text(one, "/name"),
                text(one, "/port"),
                text(one, "/protocol"),
                text(one, "/hostname")
            )
        })
        .collect();
    assert_eq!(listeners, ["http 80 HTTP events.acme.io", "https 443 HTTPS events.acme.io"]);
    assert_eq!(text(gateway, "/spec/listeners/1/tls/certificateRefs/0/name"), "inngest-tls");
    assert_eq!(gateway["metadata"]["annotations"]["cert-manager.io/cluster-issuer"], "testbed");
    DONE
}

pub(crate) async fn an_existing_gateway_gets_a_route_and_nothing_else(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-gateway").await?;
    let shared = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "shared"},
        "spec": {"gatewayClassName": "testbed", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
    });
    cx.apply(&namespace, shared).await?;
    let answers = ["exposure.mode=gateway", "exposure.host=events.acme.io", "exposure.gateway=shared"];
    let found = installed(&cx, &namespace, &answers)?;
    assert_eq!(published(&found), all(SDK_PATHS.map(|path| format!("shared/- events.acme.io{path} inngest:8288"))));
    assert!(!found.contains_key("Gateway/inngest"));
    DONE
}

pub(crate) async fn a_load_balancer_is_internal_and_for_named_networks_and_never_by_accident(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    // It cannot tell paths apart: everything would be open, so that has to be said in so many words.
    let silent = ["inngest", "-n", &namespace, "--yes", "--set", "exposure.mode=loadbalancer"];
    let refused = install(&cx, "admin", &silent)?;
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("cannot tell paths apart"), "{}", said(&refused));
    assert!(crate::install::is_absent(&cx, &namespace)?);
    let found = installed(
        &cx,
        &namespace,
        &[
            "exposure.mode=loadbalancer",
            "exposure.publish=everything",
            "exposure.sourceRanges=10.0.0.0/8,192.168.0.0/16",
        ],
    )?;
    let doors = ["LoadBalancer Service/inngest:8288", "LoadBalancer Service/inngest:8289"];
    assert_eq!(published(&found), all(doors));
    let service = &found["Service/inngest"];
    assert_eq!(service["spec"]["loadBalancerSourceRanges"], json!(["10.0.0.0/8", "192.168.0.0/16"]));
    assert_eq!(service["status"]["loadBalancer"]["ingress"][0]["ip"], "203.0.113.10");
    let internal = [
        ("networking.gke.io/load-balancer-type", "Internal"),
        ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
        ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ];
    for (annotation, value) in internal {
        assert_eq!(service["metadata"]["annotations"][annotation], value);
    }
    // To everybody, and to none but those: what was taken away is gone.
    let public = ["exposure.internal=false", "exposure.sourceRanges="];
    let found = installed(&cx, &namespace, &public)?;
    let service = &found["Service/inngest"];
    assert_eq!(service["spec"]["loadBalancerSourceRanges"], Value::Null);
    assert!(!service["metadata"]["annotations"].to_string().contains("nternal"), "{service}");
    DONE
}

pub(crate) async fn a_node_port_is_the_one_that_was_asked_for_and_goes_when_it_is_closed(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    // The lowest ports of the range are never given out by the server itself.
    let port = 30_000 + rand::random::<u32>() % 80;
    let asked = format!("exposure.nodePort={port}");
    let found = installed(&cx, &namespace, &["exposure.mode=nodeport", "exposure.publish=everything", &asked])?;
    assert_eq!(published(&found), all(["NodePort Service/inngest:8288", "NodePort Service/inngest:8289"]));
    assert_eq!(found["Service/inngest"]["spec"]["ports"][0]["nodePort"], port);
    let found = installed(&cx, &namespace, &["exposure.mode=clusterip"])?;
    assert_eq!(published(&found), BTreeSet::new());
    assert!(items(&found["Service/inngest"], "/spec/ports").all(|port| port["nodePort"].is_null()));
    DONE
}

pub(crate) async fn without_redis_one_replica_runs_and_a_second_is_refused(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let two = ["inngest", "-n", &namespace, "--yes", "--set", "queue.mode=memory", "--set", "replicas=2"];
    let refused = install(&cx, "admin", &two)?;
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("one replica only"), "{}", said(&refused));
    assert!(crate::install::is_absent(&cx, &namespace)?);
    let found = installed(&cx, &namespace, &["queue.mode=memory"])?;
    assert!(!found.keys().any(|name| name.contains("redis")), "{:?}", found.keys());
    assert!(found["Secret/inngest"]["data"].get("INNGEST_REDIS_URI").is_none());
    assert!(found.contains_key("StatefulSet/inngest-postgresql"));
    DONE
}

pub(crate) async fn a_trial_on_sqlite_needs_no_database_and_is_refused_in_production(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let production = ["inngest", "-n", &namespace, "--yes", "--profile", "production", "--set", "database.mode=sqlite"];
    let refused = install(&cx, "admin", &production)?;
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("not in the production profile"), "{}", said(&refused));
    assert!(crate::install::is_absent(&cx, &namespace)?);
    let found = installed(&cx, &namespace, &["database.mode=sqlite", "queue.mode=memory"])?;
    assert_eq!(found["ConfigMap/inngest"]["data"]["INNGEST_SQLITE_DIR"], "/data");
    assert!(found["Secret/inngest"]["data"].get("INNGEST_POSTGRES_URI").is_none());
    let heavy = |name: &&String| name.starts_with("StatefulSet/") || name.starts_with("PersistentVolumeClaim/");
    assert_eq!(found.keys().filter(heavy).count(), 0, "{:?}", found.keys());
    DONE
}

pub(crate) async fn secrets_that_exist_are_referenced_and_never_copied(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast-existing").await?;
    let (database, queue) = ("postgres://ops:Wert7@db.acme.io:6432/inngest", "rediss://:Wort8@cache.acme.io:6380");
    let mine = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"},
        "data": {"database": base64(database), "queue": base64(queue)},
    });
    cx.apply(&namespace, mine).await?;
    let found = installed(
        &cx,
        &namespace,
        &[
            "database.mode=external",
            "database.url=secret:mine/database",
            "queue.mode=external",
            "queue.url=secret:mine/queue",
            "networkPolicy.enabled=true",
        ],
    )?;
    for (name, object) in found.iter().filter(|(name, _)| *name != "Secret/mine") {
        for value in [database, queue] {
            let object = object.to_string();
            assert!(!object.contains(value) && !object.contains(&base64(value)), "{name} holds a copy");
        }
    }
    let container = &found["Deployment/inngest"]["spec"]["template"]["spec"]["containers"][0];
    for (variable, key) in [("INNGEST_POSTGRES_URI", "database"), ("INNGEST_REDIS_URI", "queue")] {
        let env = items(container, "/env").find(|env| env["name"] == variable).ok_or(variable)?;
        assert_eq!(env["valueFrom"]["secretKeyRef"]["name"], "mine");
        assert_eq!(env["valueFrom"]["secretKeyRef"]["key"], key);
    }
    // Their ports are let through although nobody typed them.
    let egress = found["NetworkPolicy/inngest"]["spec"]["egress"].to_string();
    assert!(egress.contains("6432") && egress.contains("6380"), "{egress}");
    DONE
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
