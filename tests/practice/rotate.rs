//! A rotation at every call: it ends with the values that were made first, and no reader ever gets a password that its
//! database does not have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slipway::cluster::record::{self, Outcome};
use slipway::cluster::{Cluster, keys};
use slipway::error::Failure;
use slipway::object::ObjectId;
use slipway::plan::rotate::{self, Pace, Wish};
use slipway::plan::{Plan, Target};
use slipway::practice::{Call, Fault};
use slipway::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};
use tokio::sync::Notify;

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call, at_its_own_pace, cluster, expire};
use crate::inngest::plan;
use crate::install::{run, run_of};

const EVENT: &str = "keys.event";
const PASSWORD: &str = "database.password";

fn target() -> Target {
    plan(NAMESPACE).target
}

/// The plan that changes the event key and the password, with its values: those of a run before, where it made some.
async fn planned(cluster: &Cluster, fresh: &str) -> Result<Option<(Plan, Secrets)>, Failure> {
    let target = target();
    let revisions = record::read(cluster, &target).await?;
    let good = revisions.iter().find(|one| one.progress.outcome == Outcome::Deployed).unwrap();
    if good.plan.keys.generation == 2 {
        return Ok(None);
    }
    let now = keys::read(cluster, &target, 1).await?.unwrap();
    let begun = keys::read(cluster, &target, 2).await?;
    let mut values = now.values.clone();
    let mut changes = Vec::new();
    for path in [EVENT, PASSWORD] {
        let rotation = good.plan.keys.rotations.get(path).cloned().unwrap_or_default();
        let wish = Wish { path: path.into(), brought: None };
        let mut make = |_| SecretText::new(format!("{fresh}{path}"));
        changes.push(rotate::change(&wish, &now.values, &rotation, Pace::default(), &mut make).unwrap());
    }
    values.extend(changes.iter().flat_map(|change| change.values.clone()));
    values.extend(begun.map(|begun| begun.values).unwrap_or_default());
    let secret = |(path, value): (String, SecretText)| {
        let at = SecretRef::Keys { generation: 2, key: path.clone() };
        (path, Secret { source: SecretSource::Generated, value: Some(value), at })
    };
    let secrets = Secrets(values.into_iter().map(secret).collect());
    let ids = good.plan.steps.iter().map(|step| step.wanted.object.id());
    let live = cluster.read(ids.chain([ObjectId::new("", "Secret", NAMESPACE, "inngest-keys-2")])).await?;
    Ok(Some((rotate::plan(&good.plan, (&live, &BTreeMap::new()), &target, &secrets, &changes), secrets)))
}

async fn rotate(cluster: &Cluster, fresh: &str) -> Result<(), Failure> {
    let Some((plan, secrets)) = planned(cluster, fresh).await? else { return Ok(()) };
    run_of(cluster, &plan, &secrets).await.map(drop)
}

/// The database learned the password before the server's pods were told of another one.
fn in_order(told: &Told, when: &str) {
    let heard = told.0.lock().unwrap();
    let asked = |what: &dyn Fn(&Call) -> bool| heard.iter().position(|(call, done)| *done && what(call));
    let learned = asked(&|call| call.path.ends_with("/exec") && call.query.contains("psql"));
    let restarted =
        asked(&|call| call.method == "PATCH" && call.is_write() && call.path.ends_with("/deployments/inngest"));
    let learned = learned.unwrap_or_else(|| unreachable!("{when}: nobody told the database"));
    assert!(restarted.is_some_and(|restarted| learned < restarted), "{when}: {learned} {restarted:?}");
}

/// Event key and database password.
struct Rotation;

impl Flow for Rotation {
    async fn ready(cluster: &Cluster) {
        run(cluster).await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        // Other values each time, as a process makes them that finds none.
        rotate(cluster, &format!("{:x}-", rand::random::<u64>())).await
    }

    async fn ended(cluster: &Cluster, told: &Told, when: &str) {
        let (one, two) = (
            keys::read(cluster, &target(), 1).await.unwrap().unwrap(),
            keys::read(cluster, &target(), 2).await.unwrap().unwrap(),
        );
        assert!(keys::read(cluster, &target(), 3).await.unwrap().is_none(), "{when}: a third generation");
        assert_eq!(one.salt, two.salt, "{when}");
        assert_ne!(one.values[PASSWORD], two.values[PASSWORD], "{when}");
        let both = two.values[EVENT].expose();
        let old = format!(",{}", one.values[EVENT].expose());
        assert!(both.ends_with(&old), "{when}: the old key is not accepted any more");
        let composed = cluster.get(&ObjectId::new("", "Secret", NAMESPACE, "inngest-postgresql")).await.unwrap();
        let made = cluster.get(&ObjectId::new("", "Secret", NAMESPACE, "inngest-keys-2")).await.unwrap();
        assert_eq!(composed.text(&["data", "postgres-password"]), made.text(&["data", PASSWORD]), "{when}");
        let revisions = record::read(cluster, &target()).await.unwrap();
        assert_eq!(revisions[0].progress.outcome, Outcome::Deployed, "{when}");
        assert_eq!(revisions[0].plan.keys.generation, 2, "{when}");
        in_order(told, when);
    }
}

at_every_call!(Rotation);

/// An install that goes on after a killed rotation tells the database too.
#[tokio::test(start_paused = true)]
async fn an_install_after_a_rotation_that_died_before_the_database_knew_tells_it() {
    let server = at_its_own_pace();
    run(&cluster(&server)).await.unwrap();
    let reached = Arc::new(Notify::new());
    let now = reached.clone();
    let dead = AtomicBool::new(false);
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if call.path.ends_with("/exec") || dead.load(Ordering::SeqCst) {
            dead.store(true, Ordering::SeqCst);
            now.notify_one();
            return Some(Fault::Hang);
        }
        None
    })));
    let victim = cluster(&server);
    tokio::select! {
        done = rotate(&victim, "first-") => unreachable!("it was to die: {done:?}"),
        () = reached.notified() => {}
    }
    drop(victim);
    expire(&server);
    let told = Told::default();
    told.listens(&server);
    // An install with the keys of the generation that is there, as its planner finds them.
    let cluster = cluster(&server);
    let made = keys::read(&cluster, &target(), 2).await.unwrap().unwrap();
    let mut plan = plan(NAMESPACE);
    plan.keys.generation = 2;
    let secret = |(path, value): (String, SecretText)| {
        let at = SecretRef::Keys { generation: 2, key: path.clone() };
        (path, Secret { source: SecretSource::Generated, value: Some(value), at })
    };
    let secrets = Secrets(made.values.into_iter().map(secret).collect());
    run_of(&cluster, &plan, &secrets).await.unwrap();
    in_order(&told, "an install after a rotation that died");
}
