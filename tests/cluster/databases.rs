//! A PostgreSQL and a Redis of a test's own, from the distribution's packages, in a temporary folder. They end with the
//! test. A command that runs in a simulated pod reaches them through the programs in the bed's folder `programs`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::testbed::Outcome;
use crate::testbed::stages::programs;

/// The folder of PostgreSQL's programs.
fn postgresql_programs() -> Outcome<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|folder| folder.path().join("bin")).collect())
        .unwrap_or_default();
    all.retain(|folder| folder.join("postgres").exists() && folder.join("pg_dump").exists());
    all.sort();
    all.pop().ok_or_else(|| "this test needs PostgreSQL: apt-get install postgresql".into())
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A process of a test; it is ended with it.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Root must not run PostgreSQL; and what a test starts ends with it, even where the test is killed.
fn as_server(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if rustix_is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program).args(arguments);
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn rustix_is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

/// A PostgreSQL with one user, who may do everything in it and whose password is asked over the network only.
pub(crate) struct Postgresql {
    bin: PathBuf,
    folder: tempfile::TempDir,
    bed: PathBuf,
    pub(crate) port: u16,
    pub(crate) user: String,
    _server: Owned,
}

impl Postgresql {
    /// Starts one, and lets the bed's programs find it by its user.
    pub(crate) fn start(bed: &Path, user: &str, password: &str) -> Outcome<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        programs(bed)?;
        let bin = postgresql_programs()?;
        let folder = tempfile::Builder::new().prefix("slipway-pg-").tempdir()?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
        let (data, secret) = (folder.path().join("data"), folder.path().join("password"));
        std::fs::write(&secret, password)?;
        let (data, socket) = (data.display().to_string(), folder.path().display().to_string());
        let pwfile = format!("--pwfile={}", secret.display());
        let mut made = as_server(
            &bin.join("initdb"),
            &["-D", &data, "-U", user, "--auth-local=trust", "--auth-host=scram-sha-256", &pwfile, "-N", "-E", "UTF8"],
        );
        if !made.status()?.success() {
            return Err("initdb failed".into());
        }
        let port = free_port()?;
        let number = port.to_string();
        let listen = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20"];
        let mut arguments = vec!["-D", &data, "-k", &socket, "-p", &number];
        arguments.extend(listen);
        let server = Owned(as_server(&bin.join("postgres"), &arguments).spawn()?);
        let local = format!("PGHOST={socket} PGPORT={port}; export PGHOST PGPORT; SERVER_PROGRAMS={}\n", bin.display());
        std::fs::write(bed.join("servers").join(user), local)?;
        let started = Self { bin, folder, bed: bed.to_path_buf(), port, user: user.into(), _server: server };
        started.network(password)?;
        let began = Instant::now();
        while started.sql("postgres", "select 1").is_err() {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("PostgreSQL does not answer after a minute".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(started)
    }

    /// What a pod that asks over the network has as its password.
    pub(crate) fn network(&self, password: &str) -> Outcome<()> {
        self.network_of(&self.user, password)
    }

    /// The same for another of its users.
    pub(crate) fn network_of(&self, user: &str, password: &str) -> Outcome<()> {
        let text = format!(
            "PGHOST=127.0.0.1 PGPORT={} PGPASSWORD='{password}'; export PGHOST PGPORT PGPASSWORD; SERVER_PROGRAMS={}\n",
            self.port,
            self.bin.display()
        );
        Ok(std::fs::write(self.bed.join("servers").join(format!("{user}.network")), text)?)
    }

    /// A dump of one of its databases, in `folder`.
    pub(crate) fn dump(&self, database: &str, folder: &Path) -> Outcome<PathBuf> {
        let (port, socket) = (self.port.to_string(), self.folder.path().display().to_string());
        let file = folder.join("another.pgdump");
        let ran = Command::new(self.bin.join("pg_dump"))
            .args(["-Fc", "-h", &socket, "-p", &port, "-U", &self.user, "-d", database, "-f"])
            .arg(&file)
            .status()?;
        if ran.success() { Ok(file) } else { Err("pg_dump failed".into()) }
    }

    /// Loads a dump into one of its databases.
    pub(crate) fn load(&self, file: &Path, database: &str) -> Outcome<()> {
        let (port, socket) = (self.port.to_string(), self.folder.path().display().to_string());
        let ran = Command::new(self.bin.join("pg_restore"))
            .args(["--no-owner", "-h", &socket, "-p", &port, "-U", &self.user, "-d", database])
            .arg(file)
            .status()?;
        if ran.success() { Ok(()) } else { Err("pg_restore failed".into()) }
    }

    /// Holds a table of one of its databases as nobody else may read it, until what is answered goes.
    pub(crate) fn holding(&self, database: &str, table: &str) -> Outcome<Holding> {
        use std::io::Write as _;
        let (port, socket) = (self.port.to_string(), self.folder.path().display().to_string());
        let mut held = Command::new(self.bin.join("psql"))
            .args(["-AXtq", "-h", &socket, "-p", &port, "-U", &self.user, "-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let sql = format!("begin; lock table {table} in access exclusive mode;\n");
        held.stdin.as_mut().ok_or("no input")?.write_all(sql.as_bytes())?;
        let holding = Holding(Owned(held));
        let locked = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted";
        let began = Instant::now();
        while self.sql(database, locked)? == "0" {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("the table is not locked after a minute".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(holding)
    }

    /// Runs SQL through the socket; answers what it printed.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Outcome<String> {
        self.sql_as(&self.user, database, sql)
    }

    /// The same as another user.
    pub(crate) fn sql_as(&self, user: &str, database: &str, sql: &str) -> Outcome<String> {
        let port = self.port.to_string();
        let socket = self.folder.path().display().to_string();
        let ran = Command::new(self.bin.join("psql"))
            .args(["-AXtq", "-v", "ON_ERROR_STOP=1", "-h", &socket, "-p", &port, "-U", user, "-d", database])
            .args(["-c", sql])
            .output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
        }
        Ok(String::from_utf8(ran.stdout)?.trim().to_string())
    }
}

/// A table that is held; with this it is let go.
pub(crate) struct Holding(#[expect(dead_code, reason = "it is held until it is dropped")] Owned);

impl Drop for Postgresql {
    fn drop(&mut self) {
        for name in [self.user.clone(), format!("{}.network", self.user)] {
            let _ = std::fs::remove_file(self.bed.join("servers").join(name));
        }
    }
}

/// A Redis on a port of its own; a pod's command reaches it by that port.
pub(crate) struct Redis {
    pub(crate) port: u16,
    pub(crate) folder: tempfile::TempDir,
    _server: Owned,
}

impl Redis {
    pub(crate) fn start(bed: &Path) -> Outcome<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        programs(bed)?;
        if !Path::new("/usr/bin/redis-server").exists() {
            return Err("this test needs Redis: apt-get install redis-server".into());
        }
        let folder = tempfile::Builder::new().prefix("slipway-redis-").tempdir()?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
        let port = free_port()?;
        let (number, place) = (port.to_string(), folder.path().display().to_string());
        let server = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "/usr/bin/redis-server", "--port", &number, "--bind", "127.0.0.1"])
            .args(["--dir", &place, "--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let started = Self { port, folder, _server: Owned(server) };
        let began = Instant::now();
        while started.ask(&["ping"]).ok().as_deref() != Some("PONG") {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("Redis does not answer after a minute".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(started)
    }

    /// Asks it something; answers what it printed.
    pub(crate) fn ask(&self, words: &[&str]) -> Outcome<String> {
        let said = Command::new("/usr/bin/redis-cli").args(["-p", &self.port.to_string()]).args(words).output()?;
        Ok(String::from_utf8(said.stdout)?.trim().to_string())
    }
}
