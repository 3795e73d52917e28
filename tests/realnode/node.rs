//! The node: containerd, kubelet, kube-proxy, DNS and an S3 server beside the control plane of `tests/testbed`, in the enclosure.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use crate::built::{self, Programs};
use crate::enclosure::group;
use crate::image::PAUSE;
use crate::testbed::{ControlPlane, Outcome, until};

/// The node's only address; it is on its loopback device, and pods reach it by their gateway.
pub(crate) const ADDRESS: &str = "192.0.2.10";
/// Where S3 answers.
pub(crate) const S3: &str = "http://192.0.2.10:9000";
/// What opens it.
pub(crate) const S3_KEY: (&str, &str) = ("realnode", "a key of no value");
/// The only bucket.
pub(crate) const BUCKET: &str = "backups";
/// As many claims can be bound in a run.
const VOLUMES: usize = 60;

/// A node that is ready. It ends with the enclosure.
pub(crate) struct Node {
    pub(crate) plane: ControlPlane,
    _runtime: tokio::runtime::Runtime,
}

impl Node {
    /// Starts everything and waits until the node is ready and has run a first pod.
    pub(crate) fn start(folder: &Path, programs: &Programs, images: &Path) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let began = Instant::now();
        let at = folder.display();
        configure(folder)?;
        let plane = ControlPlane::start(&runtime)?;
        let files = plane.files.display();
        let run = |name: &str, command: &str| plane.processes.start(name, command);
        run("containerd", &format!("containerd --config {at}/containerd.toml"))?;
        runtime.block_on(until("containerd answers", &plane.processes, || async { ctr(folder, &["version"]) }))?;
        let images = images.display().to_string();
        ctr(folder, &["--namespace", "k8s.io", "images", "import", &images])?;
        let (node, services) = (programs.node.display(), programs.services.display());
        run(
            "kubelet",
            &format!(
                "{node}/kubelet --config {at}/kubelet.yaml --kubeconfig {files}/admin.kubeconfig --root-dir {at}/kubelet \
                 --cert-dir {at}/kubelet --hostname-override real --node-ip {ADDRESS} --tls-cert-file {files}/server.crt \
                 --tls-private-key-file {files}/server.key"
            ),
        )?;
        run(
            "kube-proxy",
            &format!(
                "{node}/kube-proxy --kubeconfig {files}/admin.kubeconfig --hostname-override real --proxy-mode iptables \
                 --cluster-cidr 10.244.0.0/24 --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 \
                 --conntrack-tcp-timeout-close-wait 0"
            ),
        )?;
        std::fs::write(
            folder.join("Corefile"),
            format!(
                "cluster.local {{\n  bind {ADDRESS}\n  errors\n  kubernetes cluster.local {{\n    kubeconfig {files}/admin.kubeconfig\n  }}\n}}\n"
            ),
        )?;
        run("dns", &format!("{services}/dns -conf {at}/Corefile"))?;
        let (key, secret) = S3_KEY;
        run("s3", &format!("{services}/s3 {ADDRESS}:9000 {key} '{secret}' {BUCKET}"))?;
        runtime.block_on(async {
            fill(&plane.client, folder).await?;
            until("the node is ready", &plane.processes, || async {
                let asked = http::Request::get("/api/v1/nodes/real").body(Vec::new())?;
                let node: Value = plane.client.request(asked).await?;
                let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
                Ok(conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
                    && node["spec"]["taints"].is_null())
            })
            .await?;
            first_pod(&plane).await
        })?;
        tell(&format!("the real node is up after {} s", began.elapsed().as_secs()));
        Ok(Self { plane, _runtime: runtime })
    }
}

#[expect(clippy::print_stderr, reason = "who waits wants to know for what")]
fn tell(text: &str) {
    eprintln!("{text}");
}

fn ctr(folder: &Path, arguments: &[&str]) -> Outcome<bool> {
    let socket = folder.join("containerd.sock");
    let done = Command::new("ctr").arg("--address").arg(socket).args(arguments).output()?;
    if done.status.success() {
        return Ok(true);
    }
    Err(format!("`ctr {}`: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr).trim()).into())
}

fn configure(folder: &Path) -> Outcome<()> {
    let at = folder.display();
    for name in ["network", "volumes", "kubelet", "pods"] {
        std::fs::create_dir(folder.join(name))?;
    }
    // Layers over a folder that is itself one of layers are not possible everywhere; copies always are.
    let tried = folder.join("try");
    for name in ["lower", "upper", "work", "both"] {
        std::fs::create_dir_all(tried.join(name))?;
    }
    let layers = format!("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", tried.display());
    let both = tried.join("both").display().to_string();
    let layered = crate::enclosure::run("mount", &["-t", "overlay", "overlay", "-o", &layers, &both]);
    let snapshotter = if layered.is_ok() { "overlayfs" } else { "native" };
    if layered.is_ok() {
        crate::enclosure::run("umount", &[&both])?;
    }
    std::fs::write(
        folder.join("containerd.toml"),
        format!(
            r#"version = 2
root = "{at}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{at}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
# Lowering the score is not permitted everywhere.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{}"
conf_dir = "{at}/network"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"#,
            built::network_programs()?
        ),
    )?;
    let network = json!({
        "cniVersion": "0.4.0", "name": "realnode",
        "plugins": [{"type": "ptp", "ipam": {
            "type": "host-local", "dataDir": folder.join("addresses"), "ranges": [[{"subnet": "10.244.0.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        }}],
    });
    std::fs::write(folder.join("network/realnode.conflist"), network.to_string())?;
    let kubelet = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs", "cgroupRoot": format!("/{}", group(folder)), "enforceNodeAllocatable": [],
        "failSwapOn": false, "failCgroupV1": false, "resolvConf": "",
        "clusterDNS": [ADDRESS], "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": format!("unix://{at}/containerd.sock"),
        "podLogsDir": folder.join("pods"),
        // Nothing is evicted because the machine is busy with something else.
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
        "healthzPort": 0, "maxPods": 100, "serializeImagePulls": false, "registryPullQPS": 0,
    });
    Ok(std::fs::write(folder.join("kubelet.yaml"), kubelet.to_string())?)
}

async fn put(client: &kube::Client, path: &str, object: Value) -> Outcome<()> {
    let asked = http::Request::patch(format!("{path}?fieldManager=realnode&force=true"))
        .header("content-type", "application/apply-patch+yaml")
        .body(object.to_string().into_bytes())?;
    client.request_text(asked).await.map_err(|e| format!("{path}: {e}"))?;
    Ok(())
}

/// A default class, and volumes of it: folders of this machine that everybody may write to, since `fsGroup` does not apply to
/// them.
async fn fill(client: &kube::Client, folder: &Path) -> Outcome<()> {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "local", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer",
    });
    put(client, "/apis/storage.k8s.io/v1/storageclasses/local", class).await?;
    for at in 0..VOLUMES {
        let place = folder.join("volumes").join(at.to_string());
        std::fs::create_dir(&place)?;
        std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let name = format!("volume-{at}");
        let volume = json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "local", "hostPath": {"path": place},
            },
        });
        put(client, &format!("/api/v1/persistentvolumes/{name}"), volume).await?;
    }
    Ok(())
}

/// A container truly runs and ends.
async fn first_pod(plane: &ControlPlane) -> Outcome<()> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": false, "containers": [{
            "name": "first", "image": PAUSE, "imagePullPolicy": "Never", "command": ["sh", "-c", "test -d /proc/1"],
        }]},
    });
    until("the first pod can be made", &plane.processes, || async {
        put(&plane.client, "/api/v1/namespaces/default/pods/first", pod.clone()).await.map(|()| true)
    })
    .await?;
    until("the first pod has run", &plane.processes, || async {
        let asked = http::Request::get("/api/v1/namespaces/default/pods/first").body(Vec::new())?;
        let pod: Value = plane.client.request(asked).await?;
        match pod["status"]["phase"].as_str() {
            Some("Succeeded") => Ok(true),
            _ => Err(pod["status"].to_string().into()),
        }
    })
    .await
}
