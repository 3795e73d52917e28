//! `slipway uninstall` on the real control plane: what goes, what stays, and that what stays serves the next install.

use std::io::{BufRead as _, BufReader};
use std::process::Output;

use crate::context::{Context, DONE, Outcome};
use crate::faces::Person;
use crate::install::{fresh, install, keys, objects, said, succeeded};
use crate::testbed;

fn uninstall(cx: &Context, namespace: &str, more: &[&str]) -> testbed::Outcome<Output> {
    Ok(cx.slipway("admin").args(["uninstall", "-n", namespace]).args(more).output()?)
}

/// Names in the namespace, as `Kind/name`, of what a release writes.
fn there(cx: &Context, namespace: &str) -> testbed::Outcome<Vec<String>> {
    let kinds =
        "deploy,statefulset,service,configmap,secret,pvc,networkpolicy,serviceaccount,role,rolebinding,lease,pdb,hpa";
    let found = cx
        .kubectl()
        .args(["-n", namespace, "get", kinds, "-o"])
        .arg("jsonpath={range .items[*]}{.kind}/{.metadata.name}{\"\\n\"}{end}")
        .output()?;
    assert!(found.status.success(), "{}", said(&found));
    let names = String::from_utf8(found.stdout)?;
    let own = |name: &&str| !matches!(*name, "ConfigMap/kube-root-ca.crt" | "ServiceAccount/default");
    Ok(names.lines().filter(own).map(str::to_string).collect())
}

fn uid(cx: &Context, namespace: &str, what: &str) -> testbed::Outcome<String> {
    let found = cx.kubectl().args(["-n", namespace, "get", what, "-o", "jsonpath={.metadata.uid}"]).output()?;
    Ok(String::from_utf8(found.stdout)?)
}

pub(crate) async fn volumes_and_keys_stay_and_the_next_install_uses_them(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    let arguments = ["inngest", "-n", &namespace, "--profile", "production", "--yes"];
    succeeded(&install(&cx, "admin", &arguments)?);
    let (first, claim) = (keys(&objects(&cx, &namespace)?), uid(&cx, &namespace, "pvc/inngest-postgresql")?);

    let unasked = uninstall(&cx, &namespace, &[])?;
    assert_eq!(unasked.status.code(), Some(6), "{}", said(&unasked));
    assert!(said(&unasked).contains("nobody said yes") && said(&unasked).contains("Deployment"), "{}", said(&unasked));
    assert!(said(&unasked).contains(&format!("slipway uninstall inngest -n {namespace} --context testbed --yes")));

    let gone = uninstall(&cx, &namespace, &["--yes"])?;
    succeeded(&gone);
    assert!(said(&gone).contains("Gone after"), "{}", said(&gone));
    assert!(said(&gone).contains("kept: volume inngest-postgresql"), "{}", said(&gone));
    let mut left = there(&cx, &namespace)?;
    left.sort();
    assert_eq!(
        left,
        ["PersistentVolumeClaim/inngest-postgresql", "PersistentVolumeClaim/inngest-redis", "Secret/inngest-keys-1"]
    );

    // Without a word nothing of an earlier install is used.
    let asked = install(&cx, "admin", &arguments)?;
    assert_eq!(asked.status.code(), Some(6), "{}", said(&asked));
    let more = ["--skip-preflight", "EARLIER_DATA", "--skip-preflight", "EARLIER_KEYS"];
    succeeded(&install(&cx, "admin", &[&arguments[..], &more[..]].concat())?);
    assert_eq!(keys(&objects(&cx, &namespace)?), first);
    assert_eq!(uid(&cx, &namespace, "pvc/inngest-postgresql")?, claim);
    DONE
}

pub(crate) async fn what_is_named_goes_and_with_the_last_of_it_the_namespace(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let early = uninstall(&cx, &namespace, &["--yes", "--delete-key", "inngest-keys-1"])?;
    assert_eq!(early.status.code(), Some(6), "{}", said(&early));
    assert!(said(&early).contains("which is kept") && said(&early).contains("nothing was written"), "{}", said(&early));
    let unknown = uninstall(&cx, &namespace, &["inngest", "--yes", "--delete-volume", "inngest-postgres"])?;
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(said(&unknown).contains("did you mean inngest-postgresql?"), "{}", said(&unknown));

    let volumes = ["--delete-volume", "inngest-postgresql", "--delete-volume", "inngest-redis"];
    let all = [&["--yes", "--delete-key", "inngest-keys-1"][..], &volumes[..]].concat();
    succeeded(&uninstall(&cx, &namespace, &all)?);
    cx.until("the namespace is gone", async || {
        let found = cx.kubectl().args(["get", "namespace", &namespace]).output()?;
        Ok(!found.status.success())
    })
    .await?;
    let nothing = uninstall(&cx, &namespace, &["--yes"])?;
    assert_eq!(nothing.status.code(), Some(2), "{}", said(&nothing));
    assert!(said(&nothing).contains("there is no release"), "{}", said(&nothing));
    DONE
}

pub(crate) async fn a_person_is_asked_about_each_volume_and_types_the_name(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let mut person = Person::start(&cx, "dumb", &["uninstall", "-n", &namespace, "--plain"])?;
    person.until("Volume inngest-postgresql")?;
    person.until("Back it up, then delete it; the backup goes into")?;
    person.until("Choose 1 to 3")?;
    person.press("\n")?;
    person.until("Volume inngest-redis")?;
    person.press("3\n")?;
    person.until("inngest-keys-1 is kept")?;
    person.until("type the release's name")?;
    person.press("inngest\n")?;
    person.until("Gone after")?;
    assert_eq!(person.ended()?, 0);
    let mut left = there(&cx, &namespace)?;
    left.sort();
    assert_eq!(left, ["PersistentVolumeClaim/inngest-postgresql", "Secret/inngest-keys-1"]);
    DONE
}

pub(crate) async fn an_uninstall_that_is_killed_is_finished_by_the_next_with_what_was_said_first(
    cx: Context,
) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let mut first = cx.slipway("admin");
    first.args(["uninstall", "-n", &namespace, "--yes", "--delete-volume", "inngest-redis"]);
    let mut first = first.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn()?;
    cx.until("the first object is gone", async || {
        let found = cx.kubectl().args(["-n", &namespace, "get", "deployment/inngest"]).output()?;
        Ok(!found.status.success())
    })
    .await?;
    first.kill()?;
    first.wait()?;
    // The very same command: what it deleted the first time need not be there any more.
    let again = uninstall(&cx, &namespace, &["inngest", "--yes", "--delete-volume", "inngest-redis"])?;
    // It may have come to its end before it was killed.
    if there(&cx, &namespace)?.len() > 2 || again.status.code() != Some(2) {
        succeeded(&again);
    }
    let mut left = there(&cx, &namespace)?;
    left.sort();
    assert_eq!(left, ["PersistentVolumeClaim/inngest-postgresql", "Secret/inngest-keys-1"]);
    DONE
}

pub(crate) async fn what_holds_a_deletion_up_is_named_with_whose_it_is(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    let hold = |finalizers: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{finalizers}}}}}");
        cx.kubectl().args(["-n", &namespace, "patch", "configmap", "inngest", "--type=merge", "-p", &patch]).output()
    };
    let held = hold("[\"example.com/hold\"]")?;
    assert!(held.status.success(), "{}", said(&held));
    cx.until("the ConfigMap alone is what holds it up, and that is told", async || {
        let hangs = uninstall(&cx, &namespace, &["--yes", "--timeout", "2s"])?;
        assert_eq!(hangs.status.code(), Some(5), "{}", said(&hangs));
        // Two seconds can be short for pods on a busy server: then it is told of them, and goes on.
        if !said(&hangs).contains("ConfigMap/inngest is not gone after 2 s") {
            return Ok(false);
        }
        for told in [
            "is being deleted and held by example.com/hold",
            "the controller of that name must do its work first",
            &format!("kubectl describe configmap -n {namespace} inngest"),
        ] {
            assert!(said(&hangs).contains(told), "{told}: {}", said(&hangs));
        }
        Ok(true)
    })
    .await?;
    hold("null")?;
    succeeded(&uninstall(&cx, &namespace, &["--yes"])?);
    DONE
}

pub(crate) async fn a_release_that_lost_its_parent_goes_whole_and_what_lost_its_mark_is_told(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--profile", "production", "--yes"])?);
    let kubectl = |arguments: &[&str]| -> testbed::Outcome<()> {
        let ran = cx.kubectl().args(["-n", &namespace]).args(arguments).output()?;
        assert!(ran.status.success(), "{}", said(&ran));
        Ok(())
    };
    kubectl(&["delete", "configmap", "slipway-inngest"])?;
    kubectl(&["label", "configmap", "inngest", "applyset.kubernetes.io/part-of-"])?;
    let gone = uninstall(&cx, &namespace, &["inngest", "--yes"])?;
    succeeded(&gone);
    assert!(said(&gone).contains("not deleted: ConfigMap/inngest, which lost the mark"), "{}", said(&gone));
    let shown = uninstall(&cx, &namespace, &["inngest"])?;
    assert_eq!(shown.status.code(), Some(2), "nothing is left to uninstall: {}", said(&shown));
    let mut left = there(&cx, &namespace)?;
    left.sort();
    assert_eq!(
        left,
        [
            "ConfigMap/inngest",
            "PersistentVolumeClaim/inngest-postgresql",
            "PersistentVolumeClaim/inngest-redis",
            "Secret/inngest-keys-1"
        ]
    );
    DONE
}

pub(crate) async fn what_was_added_after_the_plan_was_made_is_not_left_without_a_record(cx: Context) -> Outcome {
    let namespace = fresh("fast");
    succeeded(&install(&cx, "admin", &["inngest", "-n", &namespace, "--yes"])?);
    // Somebody on another machine holds the lock while the plan is made, and adds an object.
    let holder = "ana@elsewhere/boot/ns/1/2/3";
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    let spec =
        serde_json::json!({"holderIdentity": holder, "leaseDurationSeconds": 30, "acquireTime": now, "renewTime": now});
    let lease = serde_json::json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "slipway-inngest"}, "spec": spec});
    cx.apply(&namespace, lease).await?;
    let mut waiting = cx.slipway("admin");
    waiting.args(["uninstall", "-n", &namespace, "--yes", "-o", "json"]).stdout(std::process::Stdio::piped());
    let mut waiting = waiting.spawn()?;
    let mut lines = BufReader::new(waiting.stdout.take().ok_or("no output")?).lines();
    let awaited = lines.by_ref().map_while(Result::ok).any(|line| line.contains("lockAwaited"));
    assert!(awaited, "it did not wait for the lock");
    let set = cx
        .kubectl()
        .args(["-n", &namespace, "get", "configmap", "inngest", "-o"])
        .arg("jsonpath={.metadata.labels.applyset\\.kubernetes\\.io/part-of}")
        .output()?;
    let set = String::from_utf8(set.stdout)?;
    assert!(!set.is_empty());
    let added = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "added", "labels": {"applyset.kubernetes.io/part-of": set}}});
    cx.apply(&namespace, added).await?;
    let freed = cx.kubectl().args(["-n", &namespace, "delete", "lease", "slipway-inngest"]).output()?;
    assert!(freed.status.success(), "{}", said(&freed));
    let told: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(waiting.wait()?.code(), Some(6), "{told:?}");
    assert!(told.iter().any(|line| line.contains("ConfigMap/added: it is new")), "{told:?}");
    let all = there(&cx, &namespace)?;
    assert!(all.iter().any(|name| name == "Deployment/inngest"), "nothing was deleted: {all:?}");
    // The next one knows of it.
    succeeded(&uninstall(&cx, &namespace, &["--yes"])?);
    assert!(!there(&cx, &namespace)?.iter().any(|name| name == "ConfigMap/added"));
    DONE
}
