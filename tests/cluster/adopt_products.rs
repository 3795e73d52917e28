//! `slipway adopt` on the real control plane, for the products whose charts bring a database of Bitnami's or claims of their
//! own. The charts under `tests/fixtures/charts` are written after the facts about their objects.

use std::path::Path;

use serde_json::{Value, json};

use crate::adopt::{Laid, adopt, decoded, nobody_keeps_a_value, uids};
use crate::context::{Context, DONE, Outcome};
use crate::install::{objects, said, succeeded};
use crate::testbed;

const PASSWORD: &str = "correct-horse-battery";

/// It is refused, nothing is written, and these words say why.
fn refused(cx: &Context, folder: &Path, namespace: &str, told: &[&str]) -> testbed::Outcome<()> {
    let output = adopt(cx, folder, &["live", "-n", namespace, "--yes"])?;
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    for told in told {
        assert!(said(&output).contains(told), "{told}: {}", said(&output));
    }
    assert!(!objects(cx, namespace)?.contains_key("Secret/live-keys-1"), "{told:?}");
    Ok(())
}

/// Taken over with the same pods; changed to slipway's shape over the same claims; out of Helm's reach afterwards.
async fn through(cx: &Context, laid: Laid, (namespace, release): (&str, &str), folder: &Path) -> testbed::Outcome<()> {
    let before = objects(cx, namespace)?;
    succeeded(&adopt(cx, folder, &[release, "-n", namespace, "--yes"])?);
    let all = objects(cx, namespace)?;
    assert_eq!(uids(&all, "Pod"), uids(&before, "Pod"), "no pod is touched");
    nobody_keeps_a_value(&all, &[PASSWORD]);
    succeeded(&cx.slipway("admin").args(["upgrade", release, "-n", namespace, "--yes"]).output()?);
    let changed = objects(cx, namespace)?;
    assert_eq!(uids(&changed, "PersistentVolumeClaim"), uids(&before, "PersistentVolumeClaim"), "the same volumes");
    let gone = laid.helm(cx, namespace, &["uninstall", release])?;
    assert!(!gone.status.success() && said(&gone).contains("not found"), "{}", said(&gone));
    let after = objects(cx, namespace)?;
    for kind in ["PersistentVolumeClaim", "StatefulSet", "Deployment", "Secret"] {
        assert_eq!(uids(&after, kind), uids(&changed, kind), "{kind}");
    }
    Ok(())
}

/// What a StatefulSet of slipway's runs over the data of Bitnami's image: the same claim, image, folder, user and group.
fn is_over_bitnamis_data(set: &Value, claim: &str, image: &str) {
    let pod = &set["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let data = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "data").unwrap();
    assert_eq!(data["persistentVolumeClaim"]["claimName"], claim);
    assert_eq!(container["image"], image);
    let mount = container["volumeMounts"].as_array().unwrap().iter().find(|mount| mount["name"] == "data").unwrap();
    assert_eq!(mount["mountPath"], "/bitnami/postgresql");
    let pgdata = container["env"].as_array().unwrap().iter().find(|env| env["name"] == "PGDATA").unwrap();
    assert_eq!(pgdata["value"], "/bitnami/postgresql/data");
    let security = &pod["securityContext"];
    let who = json!([security["runAsUser"], security["runAsGroup"], security["fsGroup"]]);
    assert_eq!(who, json!([1001, 0, 1001]));
    // Never an empty database, whatever the volume holds.
    let start = container["command"][2].as_str().unwrap();
    assert!(start.starts_with("test -s \"$PGDATA/PG_VERSION\" ||"), "{start}");
}

const PREFECT: Laid = Laid { helm: 3, chart: "prefect/prefect-server", driver: "secret" };

async fn prefect(cx: &Context, laid: Laid) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    let password = format!("postgresql.auth.password={PASSWORD}");
    let kept = "postgresql.primary.persistence.enabled=true";
    laid.release(cx, &namespace, "live", &[kept, &password, "server.loggingLevel=INFO"]).await?;
    through(cx, laid, (&namespace, "live"), folder.path()).await?;

    let all = objects(cx, &namespace)?;
    is_over_bitnamis_data(
        &all["StatefulSet/live-postgresql"],
        "data-live-postgresql-0",
        "docker.io/bitnamilegacy/postgresql:14.13.0",
    );
    assert_eq!(decoded(&all["Secret/live-keys-1"], "database.password"), PASSWORD);
    assert_eq!(
        decoded(&all["Secret/prefect-server-postgresql-connection"], "connection-string"),
        format!("postgresql+asyncpg://prefect:{PASSWORD}@live-postgresql:5432/server")
    );
    let claim = &all["PersistentVolumeClaim/data-live-postgresql-0"]["metadata"];
    assert_eq!(claim["annotations"]["slipway.dev/opened-by"], "live-keys-1/database.password");
    assert_eq!(
        all["Deployment/prefect-server"]["spec"]["template"]["spec"]["containers"][0]["image"],
        "prefecthq/prefect:3.4.7"
    );

    // What reads the volume cannot be exchanged for what would not find the data in it.
    let other = ["upgrade", "live", "-n", &namespace, "--set", "database.layout=official", "--yes"];
    let other = cx.slipway("admin").args(other).output()?;
    assert_eq!(other.status.code(), Some(6), "{}", said(&other));
    for told in ["DATA_FORMAT", "bitnami -> official cannot read what is in the volume data-live-postgresql-0"] {
        assert!(said(&other).contains(told), "{told}: {}", said(&other));
    }

    // The volume is slipway's like any other: it grows, and a rollback to what Helm had laid down mounts it again.
    let size = ["upgrade", "live", "-n", &namespace, "--set", "database.storage=9Gi", "--yes"];
    succeeded(&cx.slipway("admin").args(size).output()?);
    succeeded(&cx.slipway("admin").args(["rollback", "live", "-n", &namespace, "--to", "1", "--yes"]).output()?);
    let back = objects(cx, &namespace)?;
    assert_eq!(uids(&back, "PersistentVolumeClaim"), uids(&all, "PersistentVolumeClaim"));
    assert_eq!(back["PersistentVolumeClaim/data-live-postgresql-0"]["spec"]["resources"]["requests"]["storage"], "9Gi");
    assert_eq!(back["StatefulSet/live-postgresql"]["spec"]["serviceName"], "live-postgresql-hl");
    // Which is Helm's shape again, where nothing restarts with a key.
    let rotated = crate::rotate::keys(cx, &namespace, &["rotate", "database.password=env:WORDS", "--yes"])?;
    assert_eq!(rotated.status.code(), Some(6), "{}", said(&rotated));
    DONE
}

pub(crate) async fn prefect_of_helm_3_goes_through_over_bitnamis_volume(cx: Context) -> Outcome {
    prefect(&cx, PREFECT).await
}

pub(crate) async fn prefect_of_helm_4_goes_through_over_bitnamis_volume(cx: Context) -> Outcome {
    prefect(&cx, Laid { helm: 4, driver: "configmap", ..PREFECT }).await
}

pub(crate) async fn a_database_that_nobody_has_proved_is_left_to_helm(cx: Context) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    let kept = "postgresql.primary.persistence.enabled=true";
    for (values, told) in [
        (vec![kept, "postgresql.uid=1002"], "securityContext/runAsUser is not 1001"),
        (vec![kept, "postgresql.pgdata=/bitnami/postgresql/other"], "env/PGDATA/value is not /bitnami/postgresql/data"),
        (vec![kept, "server.basicAuth.enabled=true"], "a login or password stands in the clear in the Deployment"),
        (vec![kept, "redis.enabled=true"], "the queue between server and services cannot be taken over"),
    ] {
        PREFECT.release(&cx, &namespace, "live", &values).await?;
        refused(&cx, folder.path(), &namespace, &[told, "or leave the release to Helm"])?;
    }
    // A volume that would go with what is made anew.
    PREFECT.release(&cx, &namespace, "live", &[kept]).await?;
    let policy =
        json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}}});
    let patch = ["-n", &namespace, "patch", "statefulset", "live-postgresql", "-p", &policy.to_string()];
    succeeded(&cx.kubectl().args(patch).output()?);
    cx.until("the volume goes with its workload", async || {
        let owners =
            &objects(&cx, &namespace)?["PersistentVolumeClaim/data-live-postgresql-0"]["metadata"]["ownerReferences"];
        Ok(owners.is_array())
    })
    .await?;
    refused(&cx, folder.path(), &namespace, &["data-live-postgresql-0 goes when StatefulSet/live-postgresql goes"])?;
    DONE
}

pub(crate) async fn a_database_without_a_volume_is_dumped_before_it_is_taken_over_and_before_it_is_changed(
    cx: Context,
) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    PREFECT.release(&cx, &namespace, "live", &[]).await?;
    let told = ["DATA_WITHOUT_VOLUME", "keeps its data in its pod", "exec sts/live-postgresql -- sh -c", "pg_dump -Fc"];
    refused(&cx, folder.path(), &namespace, &told)?;
    let pass = ["--yes", "--skip-preflight", "DATA_WITHOUT_VOLUME"];
    succeeded(&adopt(&cx, folder.path(), &[&["live", "-n", &namespace], &pass[..]].concat())?);
    let rotated = crate::rotate::keys(&cx, &namespace, &["rotate", "database.password=env:WORDS", "--yes"])?;
    assert_eq!(rotated.status.code(), Some(6), "{}", said(&rotated));
    for told in ["still as its chart laid it down", "nothing was written", "slipway upgrade live -n"] {
        assert!(said(&rotated).contains(told), "{told}: {}", said(&rotated));
    }
    // It has been dumped, and still: the change is what ends the pod.
    let change = ["upgrade", "live", "-n", &namespace, "--yes"];
    let unsaid = cx.slipway("admin").args(change).output()?;
    assert_eq!(unsaid.status.code(), Some(6), "{}", said(&unsaid));
    for told in ["keeps its data in its pod, which ends now", "slipway backup live", "slipway restore"] {
        assert!(said(&unsaid).contains(told), "{told}: {}", said(&unsaid));
    }
    succeeded(&cx.slipway("admin").args(change).args(&pass[1..]).output()?);
    let all = objects(&cx, &namespace)?;
    let pod = &all["StatefulSet/live-postgresql"]["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "postgres:17");
    assert!(all.contains_key("PersistentVolumeClaim/live-postgresql"), "it is on a volume now");
    DONE
}

const INNOMINATUS: Laid = Laid { helm: 3, chart: "innominatus/innominatus", driver: "secret" };

async fn innominatus(cx: &Context, laid: Laid) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    let password = format!("postgresql.auth.password={PASSWORD}");
    // What the guide lets an operator write into the Deployment as it is.
    laid.release(cx, &namespace, "innominatus", &[&password, "env.OIDC_CLIENT_SECRET=hunter2"]).await?;
    let refused = adopt(cx, folder.path(), &["innominatus", "-n", &namespace, "--yes"])?;
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(said(&refused).contains("a secret stands in the clear in the Deployment"), "{}", said(&refused));
    assert!(!said(&refused).contains("hunter2"), "{}", said(&refused));
    laid.release(cx, &namespace, "innominatus", &[&password]).await?;
    through(cx, laid, (&namespace, "innominatus"), folder.path()).await?;
    let all = objects(cx, &namespace)?;
    is_over_bitnamis_data(
        &all["StatefulSet/innominatus-postgresql"],
        "data-innominatus-postgresql-0",
        "docker.io/bitnamilegacy/postgresql:16.4.0",
    );
    assert_eq!(decoded(&all["Secret/innominatus"], "DB_PASSWORD"), PASSWORD);
    let volumes = all["Deployment/innominatus"]["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    let workspaces = volumes.iter().find(|volume| volume["name"] == "workspaces").unwrap();
    assert_eq!(workspaces["persistentVolumeClaim"]["claimName"], "innominatus-workspaces");
    DONE
}

pub(crate) async fn innominatus_of_helm_3_goes_through_over_its_volumes(cx: Context) -> Outcome {
    innominatus(&cx, INNOMINATUS).await
}

pub(crate) async fn innominatus_of_helm_4_goes_through_over_its_volumes(cx: Context) -> Outcome {
    innominatus(&cx, Laid { helm: 4, driver: "configmap", ..INNOMINATUS }).await
}

const INFERNO: Laid = Laid { helm: 3, chart: "inferno/inferno", driver: "configmap" };

/// Its claims are objects of the chart, which Helm would delete with the release.
async fn inferno(cx: &Context, laid: Laid) -> Outcome {
    let namespace = cx.namespace("fast").await?;
    let folder = tempfile::tempdir()?;
    laid.release(cx, &namespace, "live", &[&format!("secret={PASSWORD}")]).await?;
    through(cx, laid, (&namespace, "live"), folder.path()).await?;
    let all = objects(cx, &namespace)?;
    let volumes = all["Deployment/live-inferno"]["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    let claims: Vec<&Value> = volumes.iter().map(|volume| &volume["persistentVolumeClaim"]["claimName"]).collect();
    for name in ["models", "cache", "queue"] {
        assert!(claims.contains(&&json!(format!("live-inferno-{name}-pvc"))), "{claims:?}");
    }
    // It is reached as it was, by a Service that bears the release's name.
    assert_eq!(all["Service/live-inferno-external"]["spec"]["type"], "LoadBalancer");
    DONE
}

pub(crate) async fn inferno_of_helm_3_goes_through_over_its_volumes(cx: Context) -> Outcome {
    inferno(&cx, INFERNO).await
}

pub(crate) async fn inferno_of_helm_4_goes_through_over_its_volumes(cx: Context) -> Outcome {
    inferno(&cx, Laid { helm: 4, driver: "secret", ..INFERNO }).await
}
