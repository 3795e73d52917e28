//! The databases of a release, and the ways to them: for backup, restore and the check of passwords.

use std::time::Duration;

use futures::StreamExt as _;

use crate::apply::backup::{self as data, Door};
use crate::cli::Shared;
use crate::cluster::{Cluster, Deletion, FaultKind, Seen, Watched};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::backup::job::To;
use crate::plan::backup::{Kind, Source, client, fetch, sources};
use crate::plan::{Plan, ProductRef, Target};

use super::releases::Release;
use super::setup::Setup;
use super::{stands_still, target};

/// How long a client's pod lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasts {
    /// How long it may take to run.
    pub(super) patience: Duration,
    /// Seconds after which it ends by itself, whatever became of this program.
    pub(super) seconds: u64,
}

/// The client of a dump.
const DUMP_LASTS: Lasts = Lasts { patience: Duration::from_secs(180), seconds: 6 * 60 * 60 };

/// A release with its databases.
#[derive(Clone)]
pub(super) struct Databases {
    pub(super) cluster: Cluster,
    pub(super) target: Target,
    pub(super) product: ProductRef,
    pub(super) sources: Vec<Source>,
    pub(super) openshift: bool,
    /// The release's parent: what is made for it goes with it.
    pub(super) parent: Option<Object>,
    plan: Plan,
}

/// The clients' images are pulled with what the release's own are pulled with.
fn pulled_as(plan: &Plan, mut sources: Vec<Source>) -> Vec<Source> {
    let secrets = client::pull_secrets(plan);
    for source in &mut sources {
        source.pull_secrets.clone_from(&secrets);
    }
    sources
}

/// What is to be done with the databases of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Dumped.
    Backup,
    /// Filled with a dump.
    Restore,
    /// Asked with their passwords.
    Check,
}

impl Databases {
    /// Finds the release and evaluates what its product says about backups, with the answers that are installed.
    ///
    /// # Errors
    /// No such release, or its product is not known here.
    pub(super) async fn find(shared: &Shared, release: Option<&str>, verb: &str) -> Result<Self, Failure> {
        let Release { cluster, target, revisions } = Release::find(shared, release, verb).await?;
        let Some(newest) = revisions.into_iter().next() else {
            return Err(Failure::new(FailureKind::Bug, "a release without a revision"));
        };
        let shared = Shared {
            namespace: Some(target.namespace.clone()),
            release: Some(target.release.clone()),
            profile: Some(newest.plan.target.profile.clone()),
            ..shared.clone()
        };
        let mut setup = Setup::read(&shared, Some(&newest.plan.product.name))?;
        let mut known = target::know_of(cluster.clone(), &setup).await?;
        let form = target::form(&shared, &mut setup, &mut known).await?;
        let sources = pulled_as(&newest.plan, sources(&form.world())?);
        let id = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
        let parent = cluster.find(&id).await?;
        let openshift = known.facts.openshift;
        let target = known.target;
        Ok(Self {
            cluster,
            target,
            product: newest.plan.product.clone(),
            sources,
            openshift,
            parent,
            plan: newest.plan,
        })
    }

    /// Those of a plan that is being run.
    pub(super) fn of_plan(cluster: &Cluster, plan: &Plan, sources: Vec<Source>, openshift: bool) -> Self {
        Self {
            cluster: cluster.clone(),
            target: plan.target.clone(),
            product: plan.product.clone(),
            sources: pulled_as(plan, sources),
            openshift,
            parent: None,
            plan: plan.clone(),
        }
    }

    /// The plan that is installed, or being run.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same, with the parent that a run has written meanwhile.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) async fn with_parent(&self) -> Result<Self, Failure> {
        let id = ObjectId::new("", "ConfigMap", &self.target.namespace, &self.target.parent_name());
        Ok(Self { parent: self.cluster.find(&id).await?, ..self.clone() })
    }

    /// Whether a database is a server that is not the release's own.
    pub(super) fn is_outside(&self, source: &Source) -> bool {
        is_outside(&self.plan, source)
    }

    /// # Errors
    /// There is none.
    pub(super) fn some(&self, deed: Deed) -> Result<&[Source], Failure> {
        if !self.sources.is_empty() {
            return Ok(&self.sources);
        }
        let target = &self.target;
        let that = match deed {
            Deed::Backup => "that could be backed up",
            Deed::Restore => "that could be restored",
            Deed::Check => "whose password could be tried",
        };
        let refused = Failure::new(FailureKind::Refused, format!("{} has no database {that}", target.release))
            .place(format!("namespace {} in {}", target.namespace, target.server))
            .why("with these answers its product names no PostgreSQL and no Redis of which slipway knows the login")
            .why("what it keeps elsewhere (files, SQLite, another kind of server, a service outside) is its operator's to look after")
            .state(NOTHING_WRITTEN);
        if deed != Deed::Backup {
            return Err(refused);
        }
        let volumes = self.plan.steps.iter().map(|step| &step.wanted.object);
        let volumes: Vec<&str> =
            volumes.filter(|object| object.kind() == "PersistentVolumeClaim").map(Object::name).collect();
        Err(match &volumes[..] {
            [] => refused,
            [first, ..] => refused
                .hint(format!(
                    "keep its volumes as they are ({}), where their storage can: slipway backup {} -n {} --snapshot",
                    volumes.join(", "),
                    target.release,
                    target.namespace
                ))
                .hint(format!(
                    "else copy them out of a pod that mounts them: kubectl -n {} cp POD:PATH ./{first}",
                    target.namespace
                )),
        })
    }

    /// The ready pod of a database of the release.
    ///
    /// # Errors
    /// None is ready.
    pub(super) async fn within(&self, source: &Source) -> Result<Door, Failure> {
        let workload = self.plan.steps.iter().map(|step| &step.wanted).find(|wanted| {
            wanted.group == source.group && matches!(wanted.object.kind(), "StatefulSet" | "Deployment")
        });
        let none = |why: String| {
            Failure::new(FailureKind::Deployment, format!("no pod of {} is ready", source.title()))
                .place(format!("namespace {}", self.target.namespace))
                .why(why)
                .state(NOTHING_WRITTEN)
                .hint(format!("see why: slipway status {} -n {}", self.target.release, self.target.namespace))
        };
        let workload = workload.ok_or_else(|| none("the release has no workload of that group".into()))?;
        let labels = workload.object.at(&["spec", "selector", "matchLabels"]).and_then(serde_json::Value::as_object);
        let labels: Vec<String> = labels
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
            .collect();
        let pods = self.cluster.list("", "Pod", &self.target.namespace, &labels.join(",")).await?.objects;
        let pod = pods.iter().find(|pod| is_ready(pod));
        let pod = pod.ok_or_else(|| none(format!("{} pods of it are there", pods.len())))?;
        let container = pod.list(&["spec", "containers"]).first();
        let container = container.and_then(|container| container["name"].as_str()).unwrap_or("");
        Ok(Door {
            namespace: self.target.namespace.clone(),
            pod: pod.name().into(),
            container: container.into(),
            within: true,
        })
    }

    /// The pod in which a source's commands run: its own, or a client's that is made for it.
    ///
    /// # Errors
    /// None can be had.
    pub(super) async fn open(&self, source: &Source) -> Result<Opened<'_>, Failure> {
        if !self.is_outside(source) {
            return Ok(Opened { door: self.within(source).await?, client: None });
        }
        let opened = self.client(source, DUMP_LASTS).await?;
        if source.kind != Kind::Postgresql {
            return Ok(opened);
        }
        // The server's own client version: an older one refuses to dump, a newer one writes what an older cannot read.
        let wanted = match data::look(&self.cluster, &opened.door, source).await {
            Ok((_, version)) => of_version(source, &version),
            Err(failure) => {
                opened.close().await;
                return Err(failure);
            }
        };
        match wanted {
            None => Ok(opened),
            Some(wanted) => {
                opened.close().await;
                self.client(&wanted, DUMP_LASTS).await
            }
        }
    }

    /// A client's pod, which asks over the network.
    ///
    /// # Errors
    /// It does not run.
    pub(super) async fn client(&self, source: &Source, lasts: Lasts) -> Result<Opened<'_>, Failure> {
        let pod = client::pod(&self.target, source, self.parent.as_ref(), self.openshift, lasts.seconds);
        self.run_pod(&pod, lasts.patience).await
    }

    /// The pod that reads a backup out of a claim or a bucket.
    ///
    /// # Errors
    /// It does not run.
    pub(super) async fn fetcher(&self, from: (&To, &Source)) -> Result<Opened<'_>, Failure> {
        let pod = fetch::pod(&self.target, from, self.parent.as_ref(), self.openshift, DUMP_LASTS.seconds);
        self.run_pod(&pod, DUMP_LASTS.patience).await
    }

    /// Makes a pod whose container is called `client`, and waits until it runs.
    async fn run_pod(&self, pod: &Object, patience: Duration) -> Result<Opened<'_>, Failure> {
        let id = pod.id();
        let manager = self.target.field_manager();
        // One that another run left is in the way, and does nothing any more that anybody waits for.
        if let Some(left) = self.cluster.find(&id).await? {
            self.cluster.delete(&id, &Deletion::of(left.uid())).await?;
            self.cluster.gone(&id, left.uid()).await?;
        }
        let made = self.cluster.create(pod, &manager).await?;
        let opened = Opened {
            door: Door {
                namespace: id.namespace.clone(),
                pod: id.name.clone(),
                container: "client".into(),
                within: false,
            },
            client: Some((self, id.clone(), made.uid().to_string())),
        };
        let runs = tokio::time::timeout(patience, self.until_ready(&id)).await;
        let failed = match runs {
            Ok(Ok(())) => return Ok(opened),
            Ok(Err(failure)) => failure,
            Err(_) => {
                let image = pod.list(&["spec", "containers"])[0]["image"].as_str().unwrap_or("");
                let failure = Failure::new(FailureKind::TimedOut, format!("the pod {} does not run", id.name))
                    .place(id.to_string())
                    .why(format!("its image is {image}"));
                stands_still::why(&self.cluster, failure, &id).await
            }
        };
        opened.close().await;
        Err(failed.state("the pod is deleted again; nothing else was written"))
    }

    async fn until_ready(&self, id: &ObjectId) -> Result<(), Failure> {
        let mut seen = self.cluster.watch(Watched::object(id));
        while let Some(now) = seen.next().await {
            let pods = match now {
                Seen::All(all) => all,
                Seen::Changed(pod) => vec![pod],
                Seen::Gone(_) => Vec::new(),
                Seen::Broken(fault) if fault.kind == FaultKind::Forbidden => return Err((*fault).into()),
                Seen::Broken(_) => continue,
            };
            if pods.iter().any(is_ready) {
                return Ok(());
            }
            if pods.iter().any(|pod| pod.text(&["status", "phase"]) == "Failed") {
                return Err(Failure::new(FailureKind::Deployment, format!("the pod {} failed", id.name)));
            }
        }
        Err(Failure::new(FailureKind::Cluster, format!("the pod {} cannot be watched", id.name)))
    }
}

/// Whether a database is a server that no workload of a plan runs.
pub(super) fn is_outside(plan: &Plan, source: &Source) -> bool {
    let mut of_group = plan.steps.iter().map(|step| &step.wanted).filter(|wanted| wanted.group == source.group);
    source.is_external() || !of_group.any(|wanted| wanted.object.pod_template_path().is_some())
}

/// Whether a workload of a group mounts a claim.
pub(super) fn mounts(plan: &Plan, group: &str, claim: &str) -> bool {
    plan.steps.iter().map(|step| &step.wanted).filter(|wanted| wanted.group == group).any(|wanted| {
        let Some(path) = wanted.object.pod_template_path() else { return false };
        let mut path = path.to_vec();
        path.extend(["spec", "volumes"]);
        wanted.object.list(&path).iter().any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim)
    })
}

/// A way to a database; a client's pod that was made for it is deleted by [`Opened::close`].
pub(super) struct Opened<'a> {
    pub(super) door: Door,
    client: Option<(&'a Databases, ObjectId, String)>,
}

impl Opened<'_> {
    pub(super) async fn close(self) {
        if let Some((databases, id, uid)) = &self.client {
            // It ends by itself after a while, and goes with the release.
            let _gone = databases.cluster.delete(id, &Deletion::of(uid)).await;
        }
    }
}

fn is_ready(pod: &Object) -> bool {
    let ready = |condition: &serde_json::Value| condition["type"] == "Ready" && condition["status"] == "True";
    pod.text(&["metadata", "deletionTimestamp"]).is_empty() && pod.list(&["status", "conditions"]).iter().any(ready)
}

/// The source with the client of a server's major version, where its image has another.
fn of_version(source: &Source, server: &str) -> Option<Source> {
    let major =
        server.split('.').next().filter(|major| !major.is_empty() && major.chars().all(|c| c.is_ascii_digit()))?;
    let (image, tag) = source.image.rsplit_once(':')?;
    let of_tag: String = tag.chars().take_while(char::is_ascii_digit).collect();
    (!of_tag.is_empty() && of_tag != major).then(|| Source { image: format!("{image}:{major}"), ..source.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_of_the_servers_major_version() {
        let source: Source = serde_json::from_value(serde_json::json!({
            "group": "db", "kind": "postgresql", "image": "mirror.example.com:5000/postgres:17-alpine"}))
        .unwrap();
        let image = |server| of_version(&source, server).map(|source| source.image);
        assert_eq!(image("17.2"), None);
        assert_eq!(image("15.9").as_deref(), Some("mirror.example.com:5000/postgres:15"));
        assert_eq!(image(""), None);
    }
}
