//! A password that does not open its database is found by a run before anything that needs it starts (cluster.md 5), with a
//! real PostgreSQL that asks for one over the network.

use std::process::Output;

use crate::backup::{Release, password};
use crate::context::{Context, DONE, Outcome};
use crate::databases::Postgresql;
use crate::install::{fresh, objects, said, succeeded};
use crate::testbed;

/// A release that was uninstalled, and whose kept volume knows another password since.
fn other_password(cx: &Context) -> testbed::Outcome<(Release, String)> {
    let release = Release::install(cx)?;
    let first = password(cx, &release.namespace)?;
    succeeded(&release.run(cx, &["uninstall"], &["--yes"])?);
    let user = &release.server.user;
    release.server.sql("postgres", &format!("alter role {user} password 'another'"))?;
    Ok((release, first))
}

/// What installs it again over what was kept.
fn words(release: &Release) -> Vec<String> {
    let set = [
        "queue.mode=memory".to_string(),
        format!("database.bundledUser={}", release.server.user),
        format!("database.bundledName={}", release.database),
    ];
    let mut words: Vec<String> = ["install", "inngest", "-n", &release.namespace, "--existing", "inngest-keys-1=use"]
        .map(str::to_string)
        .to_vec();
    words.extend(set.into_iter().flat_map(|set| ["--set".to_string(), set]));
    words
}

fn there(cx: &Context, namespace: &str, name: &str) -> testbed::Outcome<bool> {
    Ok(objects(cx, namespace)?.contains_key(name))
}

async fn no_client_is_left(cx: &Context, namespace: &str) -> testbed::Outcome<()> {
    cx.until("no client's pod is left", async || {
        let pods = cx.kubectl().args(["-n", namespace, "get", "pods", "-o", "name"]).output()?;
        Ok(!String::from_utf8_lossy(&pods.stdout).contains("-client"))
    })
    .await
}

pub(crate) async fn a_kept_volume_that_knows_another_password_stops_the_run_before_what_needs_it_starts(
    cx: Context,
) -> Outcome {
    let (release, first) = other_password(&cx)?;
    let install = |more: &[&str]| -> testbed::Outcome<Output> {
        Ok(cx.slipway("admin").args(words(&release)).args(more).output()?)
    };
    let shown = install(&[])?;
    assert!(
        said(&shown).contains("PASSWORD_TRIED") && said(&shown).contains("inngest-database-client"),
        "{}",
        said(&shown)
    );
    let wrong = install(&["--yes"])?;
    assert_eq!(wrong.status.code(), Some(6), "{}", said(&wrong));
    for told in [
        "the password does not open",
        "password authentication failed",
        "nothing that depends on it was started",
        "--mend-password",
        "--set database.password=env:NAME",
    ] {
        assert!(said(&wrong).contains(told), "{told}: {}", said(&wrong));
    }
    assert!(there(&cx, &release.namespace, "StatefulSet/inngest-postgresql")?);
    assert!(!there(&cx, &release.namespace, "Deployment/inngest")?, "what needs the database was not started");
    no_client_is_left(&cx, &release.namespace).await?;
    // The same command finds it again, and mends it where that is said.
    let again = install(&["--yes"])?;
    assert_eq!(again.status.code(), Some(6), "{}", said(&again));
    let mended = install(&["--yes", "--mend-password"])?;
    succeeded(&mended);
    assert!(!said(&mended).contains(&first) && !said(&mended).contains("another\n"), "no password is told");
    assert!(there(&cx, &release.namespace, "Deployment/inngest")?);
    assert_eq!(password(&cx, &release.namespace)?, first, "the key is the kept one");
    succeeded(&release.run(&cx, &["keys", "check"], &["--yes"])?);
    no_client_is_left(&cx, &release.namespace).await?;
    DONE
}

pub(crate) async fn a_server_outside_that_refuses_the_password_stops_the_run_before_what_needs_it_starts(
    cx: Context,
) -> Outcome {
    let (namespace, id) = (fresh("fast"), format!("{:08x}", rand::random::<u32>()));
    let server = Postgresql::start(cx.folder(), &format!("user_{id}"), "right")?;
    server.sql("postgres", "create database events")?;
    let install = || -> testbed::Outcome<Output> {
        let mut install = cx.slipway("admin");
        install.args(["install", "inngest", "-n", &namespace, "--yes", "--set", "queue.mode=memory"]);
        for set in crate::outside::answers(&server, &server.user, "events") {
            install.args(["--set", &set]);
        }
        Ok(install.env("DATABASE_SECRET", "right").output()?)
    };
    // What the pods have is not what the server knows.
    server.network("wrong")?;
    let wrong = install()?;
    assert_eq!(wrong.status.code(), Some(6), "{}", said(&wrong));
    assert!(said(&wrong).contains("the password does not open"), "{}", said(&wrong));
    assert!(!said(&wrong).contains("--mend-password"), "it is not ours to set: {}", said(&wrong));
    assert!(!there(&cx, &namespace, "Deployment/inngest")?, "what needs the database was not started");
    no_client_is_left(&cx, &namespace).await?;
    server.network("right")?;
    succeeded(&install()?);
    assert!(there(&cx, &namespace, "Deployment/inngest")?);
    no_client_is_left(&cx, &namespace).await?;
    DONE
}
