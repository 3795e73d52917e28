//! Every product that ships beside Inngest, in each of its profiles, from its first install to its uninstall.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::context::{Context, DONE, Outcome};
use crate::install::{fresh, said, succeeded};
use crate::membrane;
use crate::testbed;

const PROFILES: [&str; 3] = ["development", "staging", "production"];

/// Kinds of everything that one of them may make in its namespace.
const KINDS: &str = "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments,statefulsets,jobs,cronjobs,roles,rolebindings,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,ingresses,servicemonitors.monitoring.coreos.com,podmonitors.monitoring.coreos.com,prometheusrules.monitoring.coreos.com,scaledobjects.keda.sh,triggerauthentications.keda.sh,verticalpodautoscalers.autoscaling.k8s.io,gateways.gateway.networking.k8s.io,httproutes.gateway.networking.k8s.io";
/// Kinds outside of any namespace; an object of a release has its namespace in its name (cluster.md 1).
const WIDE: &str = "clusterroles,clusterrolebindings";

/// A product, the version that is installed first, and what nobody but its operator can answer.
struct Life {
    product: &'static str,
    before: &'static str,
    answers: fn(&str) -> Vec<&'static str>,
    /// A Job of its migrates before its server is exchanged. (innominatus' server makes the tables that its Job alters.)
    migrates_first: bool,
}

/// Published by a Gateway where it is scaled, so that its kinds are among what comes and goes.
fn prefect(profile: &str) -> Vec<&'static str> {
    match profile {
        "production" => vec![
            "scaling.mode=hpa",
            "exposure.mode=gateway",
            "exposure.host=flows.acme.io",
            "exposure.gatewayClass=testbed",
            "exposure.issuer=ClusterIssuer/testbed",
        ],
        _ => Vec::new(),
    }
}

fn innominatus(profile: &str) -> Vec<&'static str> {
    match profile {
        "production" => vec!["rights.scope=cluster", "serviceMonitor.enabled=true"],
        "staging" => vec!["rights.scope=namespace"],
        _ => Vec::new(),
    }
}

fn inferno(profile: &str) -> Vec<&'static str> {
    match profile {
        "production" => vec!["serviceMonitor.enabled=true", "alerts.enabled=true"],
        "staging" => vec!["vpa.enabled=true"],
        _ => Vec::new(),
    }
}

impl Life {
    fn run(&self, cx: &Context, arguments: &[&str]) -> testbed::Outcome<()> {
        let mut slipway = cx.slipway("admin");
        slipway.args(arguments).arg("--yes");
        succeeded(&membrane::secrets(&mut slipway).output()?);
        Ok(())
    }

    /// Names of what is there beside what the cluster makes and the record; images of the workloads.
    fn there(&self, cx: &Context, namespace: &str) -> testbed::Outcome<(BTreeSet<String>, Vec<String>)> {
        let output = cx.kubectl().args(["-n", namespace, "get", KINDS, "-o", "json"]).output()?;
        let list: Value = serde_json::from_slice(&output.stdout)?;
        let (mut names, mut images) = (BTreeSet::new(), Vec::new());
        for item in list["items"].as_array().into_iter().flatten() {
            let name = format!("{}/{}", item["kind"].as_str().unwrap(), item["metadata"]["name"].as_str().unwrap());
            if ["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"].contains(&name.as_str())
                || name.starts_with("ConfigMap/slipway-")
            {
                continue;
            }
            if item["kind"] == "Deployment" {
                // An autoscaler may have asked for more a moment ago.
                let rolled = ["rollout", "status", &name.to_lowercase(), "--timeout=120s"];
                succeeded(&cx.kubectl().args(["-n", namespace]).args(rolled).output()?);
                let image = item["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
                images.push(format!("{name} {image}"));
            }
            names.insert(name);
        }
        images.sort();
        let output = cx.kubectl().args(["get", WIDE, "-o", "name"]).output()?;
        succeeded(&output);
        let wide = String::from_utf8(output.stdout)?;
        names.extend(
            wide.lines().filter(|name| name.contains(namespace)).map(|name| name.replace(namespace, "<namespace>")),
        );
        Ok((names, images))
    }

    /// The Job that migrates has ended before any pod of the new version is asked for.
    fn migrated_first(&self, cx: &Context, namespace: &str, profile: &str) -> Outcome {
        let ask = |kind: &str| -> testbed::Outcome<Value> {
            let output = cx.kubectl().args(["-n", namespace, "get", kind, "-o", "json"]).output()?;
            Ok(serde_json::from_slice(&output.stdout)?)
        };
        // Of its pods: the Job's controller says so up to a second later, or two where it has much to do.
        let pods = ask("pods")?;
        let of_jobs = pods["items"].as_array().into_iter().flatten();
        let of_jobs = of_jobs.filter(|pod| pod["metadata"]["labels"]["batch.kubernetes.io/job-name"].is_string());
        let ended: Vec<_> = of_jobs
            .map(|pod| pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"].as_str())
            .collect();
        let Some(ended) = ended.iter().max() else {
            assert_eq!(profile, "development", "no Job has migrated");
            return DONE;
        };
        let ended = ended.ok_or("the pod of the migration has not ended")?;
        let sets = ask("replicasets")?;
        let new = sets["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|set| set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2");
        let began: Vec<_> = new.map(|set| set["metadata"]["creationTimestamp"].as_str().unwrap_or_default()).collect();
        assert!(!began.is_empty(), "{}: nothing was rolled out", self.product);
        assert!(began.iter().all(|began| *began >= ended), "{}: {ended} and then {began:?}", self.product);
        DONE
    }

    fn whole(&self, cx: &Context, profile: &'static str) -> testbed::Outcome<()> {
        // Slow pods where the order of the migration is looked at: what did not wait for it would be seconds early.
        let namespace = fresh(if self.migrates_first && profile == "staging" { "slow" } else { "fast" });
        let of = format!("{} {profile}", self.product);
        let version = format!("version={}", self.before);
        let answers = (self.answers)(profile);
        let mut arguments = vec!["install", self.product, "-n", &namespace, "--profile", profile, "--set", &version];
        answers.iter().for_each(|answer| arguments.extend(["--set", answer]));
        self.run(cx, &arguments)?;
        let (installed, old) = self.there(cx, &namespace)?;
        assert!(!old.is_empty() && old.iter().any(|image| image.contains(self.before)), "{of}: {old:?}");

        let wide = installed.iter().filter(|name| name.contains("<namespace>")).count();
        assert_eq!(wide, if answers.contains(&"rights.scope=cluster") { 2 } else { 0 }, "{of}: {installed:?}");

        self.run(cx, &["upgrade", self.product, "-n", &namespace, "--reset", "version", "--without-backup"])?;
        let (upgraded, new) = self.there(cx, &namespace)?;
        assert!(new.iter().all(|image| !image.contains(self.before)), "{of}: {new:?}");
        assert_eq!(upgraded, installed, "{of}");
        if self.migrates_first {
            self.migrated_first(cx, &namespace, profile)?;
        }

        self.run(cx, &["rollback", self.product, "-n", &namespace, "--to", "1"])?;
        let (back, images) = self.there(cx, &namespace)?;
        assert_eq!((back, images), (installed.clone(), old), "{of}");

        self.run(cx, &["uninstall", self.product, "-n", &namespace])?;
        let (left, _) = self.there(cx, &namespace)?;
        let kept = |name: &String| name.starts_with("PersistentVolumeClaim/") || name.contains("-keys-");
        let wanted: BTreeSet<String> = installed.into_iter().filter(kept).collect();
        assert_eq!(left, wanted, "{of}: what holds data, and what opens it, stays, and nothing else");
        let again = cx.slipway("admin").args(["status", self.product, "-n", &namespace]).output()?;
        assert!(!again.status.success(), "{of}: {}", said(&again));
        cx.kubectl().args(["delete", "namespace", &namespace, "--wait=false"]).output()?;
        Ok(())
    }

    fn every_profile(&self, cx: &Context) -> Outcome {
        for profile in PROFILES {
            self.whole(cx, profile)?;
        }
        DONE
    }
}

pub(crate) async fn prefect_lives_in_each_of_its_profiles(cx: Context) -> Outcome {
    Life { product: "prefect", before: "3.8.3", answers: prefect, migrates_first: true }.every_profile(&cx)
}

pub(crate) async fn innominatus_lives_in_each_of_its_profiles(cx: Context) -> Outcome {
    Life { product: "innominatus", before: "0.1.9", answers: innominatus, migrates_first: false }.every_profile(&cx)
}

pub(crate) async fn inferno_lives_in_each_of_its_profiles(cx: Context) -> Outcome {
    Life { product: "inferno", before: "0.10.5-standard", answers: inferno, migrates_first: false }.every_profile(&cx)
}

pub(crate) async fn membrane_lives_in_each_of_its_profiles(cx: Context) -> Outcome {
    Life { product: "membrane", before: "2026-01-07", answers: membrane::answers, migrates_first: false }
        .every_profile(&cx)
}
