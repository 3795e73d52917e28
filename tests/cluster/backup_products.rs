//! What the products beside Inngest back up, and what of them nobody backs up.

use base64::Engine as _;

use crate::backup::manifest;
use crate::context::{Context, DONE, Outcome};
use crate::databases::Postgresql;
use crate::install::{fresh, install, said, succeeded};
use crate::testbed;

/// A value of a Secret.
fn secret(cx: &Context, namespace: &str, name: &str, key: &str) -> testbed::Outcome<String> {
    let path = format!("jsonpath={{.data.{key}}}");
    let output = cx.kubectl().args(["-n", namespace, "get", "secret", name, "-o", &path]).output()?;
    Ok(String::from_utf8(base64::engine::general_purpose::STANDARD.decode(output.stdout)?)?)
}

pub(crate) async fn innominatus_comes_back_with_its_workflows(cx: Context) -> Outcome {
    let (namespace, id) = (fresh("fast"), format!("{:08x}", rand::random::<u32>()));
    let (user, database) = (format!("user_{id}"), format!("flows_{id}"));
    let (of_user, of_database) = (format!("database.user={user}"), format!("database.name={database}"));
    let target = ["innominatus", "-n", &namespace, "--yes", "--set", &of_user, "--set", &of_database];
    succeeded(&install(&cx, "admin", &target)?);
    let password = secret(&cx, &namespace, "innominatus-postgresql", "postgres-password")?;
    let server = Postgresql::start(cx.folder(), &user, &password)?;
    server.sql("postgres", &format!("create database {database}"))?;
    server.sql(&database, "create table workflow_executions (id int primary key)")?;
    server.sql(&database, "insert into workflow_executions select n from generate_series(1, 500) n")?;

    let folder = tempfile::tempdir()?;
    let to = folder.path().join("first").display().to_string();
    let run = |verb: &[&str]| -> testbed::Outcome<String> {
        let output = cx.slipway("admin").args(verb).args(["-n", &namespace, "--yes"]).output()?;
        succeeded(&output);
        Ok(said(&output))
    };
    let made = run(&["backup", "innominatus", "--to", &to])?;
    assert!(made.contains("Backing up database (PostgreSQL") && !made.contains(&password), "{made}");
    let about = manifest(&to)?;
    assert_eq!((about["product"].as_str(), about["parts"].as_array().map(Vec::len)), (Some("innominatus"), Some(1)));

    server.sql(&database, "delete from workflow_executions")?;
    run(&["restore", "innominatus", "--from", &to])?;
    assert_eq!(server.sql(&database, "select count(*) from workflow_executions")?, "500");
    // Its server was stopped for the exchange, and is back as it was.
    let ready = "jsonpath={.spec.replicas} {.status.readyReplicas}";
    // Its status says later than its pod that it is ready.
    cx.until("one of one replicas is ready", async || {
        let output = cx.kubectl().args(["-n", &namespace, "get", "deployment", "innominatus", "-o", ready]).output()?;
        Ok(String::from_utf8(output.stdout)? == "1 1")
    })
    .await?;
    DONE
}

pub(crate) async fn a_product_without_a_database_says_that_nobody_backs_its_volumes_up(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let installed = install(&cx, "admin", &["inferno", "-n", &namespace, "--yes"])?;
    succeeded(&installed);
    assert!(said(&installed).contains("slipway makes no backup of it"), "{}", said(&installed));
    let folder = tempfile::tempdir()?;
    let to = folder.path().join("none");
    let output = cx.slipway("admin").args(["backup", "inferno", "-n", &namespace, "--to"]).arg(&to).output()?;
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    for told in ["no database that could be backed up", "inferno-models-pvc", "slipway backup inferno -n", "--snapshot"]
    {
        assert!(said(&output).contains(told), "{told}: {}", said(&output));
    }
    assert!(!to.exists());
    assert!(!said(&output).contains("keeps no data"), "{}", said(&output));
    let from = to.display().to_string();
    for (verb, told) in [
        (&["restore", "inferno", "--from", &from][..], "no database that could be restored"),
        (&["keys", "check", "inferno"], "no database whose password could be tried"),
    ] {
        let output = cx.slipway("admin").args(verb).args(["-n", &namespace, "--yes"]).output()?;
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        assert!(said(&output).contains(told) && !said(&output).contains("slipway backup"), "{}", said(&output));
    }
    DONE
}
