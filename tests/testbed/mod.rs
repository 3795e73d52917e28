//! A real Kubernetes control plane on loopback, with simulated nodes. `tests/cluster` runs on it; `examples/testbed.rs` keeps one
//! up for a person. What it holds and how pods behave in it: `README.md` beside this file.

pub(crate) mod binaries;
mod certificates;
pub(crate) mod credentials;
pub(crate) mod kubelet;
mod processes;
mod setup;
pub(crate) mod stages;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use processes::Processes;

/// What can go wrong here needs a reader, not a handler: it is printed, and the run ends.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The namespace in which the user `namespaced` may do everything; nowhere else may it do anything.
pub(crate) const NAMESPACED: &str = "granted";

/// A control plane that is up. Dropping it ends every process of it and removes its folder; so does the death of this process.
pub(crate) struct Testbed {
    files: PathBuf,
    kubectl: PathBuf,
    processes: Option<Processes>,
    _kubelet: Option<tokio::runtime::Runtime>,
}

impl Testbed {
    /// The one that the variable SLIPWAY_TESTBED_KUBECONFIG names, else a new one.
    pub(crate) fn open() -> Outcome<Self> {
        match std::env::var_os("SLIPWAY_TESTBED_KUBECONFIG").filter(|named| !named.is_empty()) {
            Some(named) => Self::borrow(Path::new(&named)),
            None => Self::start(),
        }
    }

    /// Builds what is missing, starts everything and waits until the API server, the nodes and the definitions are there.
    pub(crate) fn start() -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let ControlPlane { files, built, processes, ports, client, began } = ControlPlane::start(&runtime)?;
        let stub = runtime.block_on(kubelet::serve_health())?;
        stages::write(&files, &built.definitions, stub)?;
        runtime.block_on(async {
            setup::fill(&client, &built.definitions).await?;
            processes.start("kwok", &kwok(&built.programs, &files, &ports))?;
            setup::until_usable(&client, &processes).await
        })?;
        runtime.spawn(kubelet::keep_logs(files.clone()));
        let _ = std::fs::write(files.join("ready-after"), format!("{:.1} s\n", began.elapsed().as_secs_f64()));
        Ok(Self { files, kubectl: built.programs.join("kubectl"), processes: Some(processes), _kubelet: Some(runtime) })
    }

    /// Uses a control plane that somebody else keeps up: the folder that holds `kubeconfig` holds the others too.
    fn borrow(kubeconfig: &Path) -> Outcome<Self> {
        let real = std::fs::canonicalize(kubeconfig)
            .map_err(|e| format!("SLIPWAY_TESTBED_KUBECONFIG names {}: {e}", kubeconfig.display()))?;
        let files = real.parent().ok_or("a kubeconfig lies in a folder")?.to_path_buf();
        Ok(Self { files, kubectl: binaries::ready()?.programs.join("kubectl"), processes: None, _kubelet: None })
    }

    /// The kubeconfig of `user`: `admin`, `powerless` (no rights), `namespaced` (all rights in [`NAMESPACED`]) or `expired` (a
    /// token that the server does not know any more).
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.files.join(format!("{user}.kubeconfig"))
    }

    /// The folder of logs, kubeconfigs and data. It goes when the control plane stops.
    pub(crate) fn folder(&self) -> &Path {
        &self.files
    }

    /// kubectl of the same version as the control plane.
    pub(crate) fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// The process that leads the group of all others; none when borrowed.
    pub(crate) fn leader(&self) -> Option<u32> {
        self.processes.as_ref().map(Processes::leader)
    }
}

/// etcd, the API server, the controllers and the scheduler, answering on loopback, with neither nodes nor pods. Dropping it
/// ends them and removes the folder.
pub(crate) struct ControlPlane {
    /// Certificates, kubeconfigs, logs and data.
    pub(crate) files: PathBuf,
    pub(crate) built: binaries::Built,
    /// What is started here ends with the control plane.
    pub(crate) processes: Processes,
    ports: Ports,
    /// The administrator.
    pub(crate) client: kube::Client,
    began: Instant,
}

impl ControlPlane {
    /// Builds what is missing, starts them and waits until the API server says that it is ready.
    pub(crate) fn start(runtime: &tokio::runtime::Runtime) -> Outcome<Self> {
        let built = binaries::ready()?;
        let files = tempfile::Builder::new().prefix("slipway-testbed-").tempdir()?.keep();
        let began = Instant::now();
        // The supervisor removes the folder when this process ends, however it ends: it comes before anything else.
        let processes = Processes::supervise(&files)?;
        let ports = Ports::free()?;
        certificates::write(&files)?;
        credentials::write(&files, ports.api)?;
        server(&processes, &built.programs, &files, &ports)?;
        let client = runtime.block_on(async {
            let client = credentials::client(&files.join("admin.kubeconfig")).await?;
            until_ready(&client, &processes).await?;
            Outcome::Ok(client)
        })?;
        // They give a server that is not ready some seconds only, which are too few where the machine is busy.
        controllers(&processes, &built.programs, &files, &ports)?;
        Ok(Self { files, built, processes, ports, client, began })
    }
}

struct Ports {
    etcd: u16,
    peer: u16,
    api: u16,
    controllers: u16,
    scheduler: u16,
    kwok: u16,
}

impl Ports {
    /// Six ports that nobody listens on, all held at once so that they differ.
    fn free() -> Outcome<Self> {
        let held: Vec<_> = (0..6).map(|_| std::net::TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
        let port = |i: usize| held[i].local_addr().map(|a| a.port());
        Ok(Self {
            etcd: port(0)?,
            peer: port(1)?,
            api: port(2)?,
            controllers: port(3)?,
            scheduler: port(4)?,
            kwok: port(5)?,
        })
    }
}

fn server(run: &Processes, programs: &Path, files: &Path, ports: &Ports) -> Outcome<()> {
    let (bin, dir) = (programs.display(), files.display());
    let etcd = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.peer);
    run.start(
        "etcd",
        &format!(
            "{bin}/etcd --name testbed --data-dir {dir}/etcd --unsafe-no-fsync --log-level warn --listen-client-urls {etcd} \
             --advertise-client-urls {etcd} --listen-peer-urls {peer} --initial-advertise-peer-urls {peer} --initial-cluster testbed={peer}"
        ),
    )?;
    run.start(
        "kube-apiserver",
        &format!(
            "{bin}/kube-apiserver --etcd-servers {etcd} --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port {api} \
             --tls-cert-file {dir}/server.crt --tls-private-key-file {dir}/server.key --client-ca-file {dir}/ca.crt \
             --service-account-key-file {dir}/accounts.pub --service-account-signing-key-file {dir}/accounts.key \
             --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 10.96.0.0/16 \
             --token-auth-file {dir}/tokens.csv --authorization-mode Node,RBAC --allow-privileged --endpoint-reconciler-type none \
             --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority {dir}/ca.crt \
             --kubelet-client-certificate {dir}/server.crt --kubelet-client-key {dir}/server.key",
            api = ports.api
        ),
    )
}

fn controllers(run: &Processes, programs: &Path, files: &Path, ports: &Ports) -> Outcome<()> {
    let (bin, dir) = (programs.display(), files.display());
    run.start(
        "kube-controller-manager",
        &format!(
            "{bin}/kube-controller-manager --kubeconfig {dir}/admin.kubeconfig --bind-address 127.0.0.1 --secure-port {port} \
             --service-account-private-key-file {dir}/accounts.key --root-ca-file {dir}/ca.crt \
             --cluster-signing-cert-file {dir}/ca.crt --cluster-signing-key-file {dir}/ca.key \
             --use-service-account-credentials --leader-elect=false --node-monitor-grace-period 10m",
            port = ports.controllers
        ),
    )?;
    run.start(
        "kube-scheduler",
        &format!(
            "{bin}/kube-scheduler --kubeconfig {dir}/admin.kubeconfig --bind-address 127.0.0.1 --secure-port {} --leader-elect=false",
            ports.scheduler
        ),
    )
}

fn kwok(programs: &Path, files: &Path, ports: &Ports) -> String {
    let (bin, dir, port) = (programs.display(), files.display(), ports.kwok);
    format!(
        "env PATH={dir}/programs:$PATH {bin}/kwok --kubeconfig {dir}/admin.kubeconfig --config {dir}/kwok.yaml --enable-crds Logs \
         --manage-nodes-with-annotation-selector kwok.x-k8s.io/node=fake --server-address 127.0.0.1:{port} --node-ip 127.0.0.1 \
         --node-port {port} --tls-cert-file {dir}/server.crt --tls-private-key-file {dir}/server.key"
    )
}

async fn until_ready(client: &kube::Client, processes: &Processes) -> Outcome<()> {
    until("the API server says it is ready", processes, || async {
        let asked = http::Request::get("/readyz").body(Vec::new())?;
        Ok(client.request_text(asked).await.is_ok())
    })
    .await
}

/// Asks again until `fact` holds. Ends early, with the last lines of its log, when a program of the control plane has ended.
pub(crate) async fn until<F, Fut>(what: &str, processes: &Processes, fact: F) -> Outcome<()>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Outcome<bool>>,
{
    let began = Instant::now();
    loop {
        let now = fact().await;
        if let Ok(true) = now {
            return Ok(());
        }
        if let Some(ended) = processes.ended() {
            return Err(format!("waiting until {what}: {ended}").into());
        }
        if began.elapsed() > Duration::from_secs(120) {
            let last = now.err().map_or(String::new(), |e| format!(": {e}"));
            return Err(format!("waited two minutes until {what}{last}\n{}", processes.logs()).into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
