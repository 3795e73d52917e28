//! Passwords that are asked from another pod, and databases that outlive their pods.

use crate::context::{Context, Outcome};
use crate::release::Release;

pub(crate) async fn a_password_is_asked_from_another_pod_and_mended_through_the_socket(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    release.done(&["keys", "check"], &["--yes"])?;
    release.sql("alter role inngest password 'another'")?;
    let wrong = release.refused(&["keys", "check"], &["--yes"], 6)?;
    for told in ["password authentication failed", "DATABASE_PASSWORD", "--mend"] {
        assert!(wrong.contains(told), "{told}: {wrong}");
    }
    release.done(&["keys", "check"], &["--mend", "--yes"])?;
    release.done(&["keys", "check"], &["--yes"])?;
    release.redis(&["config", "set", "requirepass", "another"])?;
    let wrong = release.refused(&["keys", "check"], &["--yes"], 6)?;
    assert!(wrong.contains("queue (Redis)") && wrong.contains("WRONGPASS"), "{wrong}");
    cx.until("no client's pod is left", async || Ok(!release.kubectl(&["get", "pods"])?.contains("-client"))).await
}

pub(crate) async fn databases_run_without_root_on_a_read_only_root_and_outlive_their_pods(cx: Context) -> Outcome {
    let release = Release::install(&cx).await?;
    for pod in ["inngest-postgresql-0", "inngest-redis-0"] {
        assert_eq!(release.kubectl(&["exec", pod, "--", "id", "-u"])?, "999");
        let wrote = release.kubectl(&["exec", pod, "--", "sh", "-c", "touch /etc/anything"]);
        assert!(wrote.unwrap_err().to_string().contains("Read-only file system"));
    }
    let uid = |pod: &str| release.kubectl(&["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"]);
    let before = [uid("inngest-postgresql-0")?, uid("inngest-redis-0")?];
    // As a node that dies: nobody gets a moment to write anything.
    release.kubectl(&["delete", "pod", "inngest-postgresql-0", "inngest-redis-0", "--grace-period=1"])?;
    cx.until("both are back", async || {
        let ready = ["inngest-postgresql-0", "inngest-redis-0"].iter().zip(&before).all(|(pod, before)| {
            uid(pod).is_ok_and(|now| now != *before)
                && release.kubectl(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=1s"]).is_ok()
        });
        Ok(ready)
    })
    .await?;
    assert_eq!(release.sql("select count(*) from runs")?, "5000");
    assert_eq!(release.redis(&["get", "queue:item"])?, "kept");
    Ok(())
}
