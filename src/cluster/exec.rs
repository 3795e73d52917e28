//! A command in a container whose input or output is too large to be held: it streams, in constant memory.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::ask::{Ask, timed_out};
use super::connect::Cluster;
use super::fault::{Asked, Fault, FaultKind};
use super::pods::exit_code;
use crate::object::ObjectId;
use crate::sanitize;

/// Bytes that are held at once on the way.
const BUFFER: usize = 256 * 1024;
/// Bytes of complaints that are kept: the last ones say why.
const COMPLAINTS: usize = 16 * 1024;

/// How often a command is begun that the server refuses for a moment.
const BEGINNINGS: u32 = 4;

/// Which command, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Namespace of the pod.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container; empty for the only one.
    pub container: String,
    /// The command with its arguments; never a secret.
    pub words: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Exit code; 0 is well.
    pub code: i32,
    /// Bytes that went through.
    pub bytes: u64,
    /// The end of what it complained, sanitised.
    pub errors: String,
}

/// Why a stream ended early.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The cluster's side.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// This side: the file cannot be written or read.
    #[error("{0}")]
    Here(std::io::Error),
}

impl Cluster {
    /// Runs a command and passes its output on. `moved` is told of the bytes so far, as they come.
    ///
    /// # Errors
    /// It could not be started, the connection broke, or the output cannot be taken.
    pub async fn exec_out(
        &self,
        command: &Command,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        moved: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Streamed, Broken> {
        let mut process = self.begin(command, false).await?;
        let status = process.take_status();
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let pass = async {
            let mut bytes = 0;
            let Some(mut stdout) = stdout else { return Ok(0) };
            let mut buffer = vec![0; BUFFER];
            loop {
                // What was read before a broken connection counts for nothing: the missing status tells the break.
                let read = stdout.read(&mut buffer).await.unwrap_or(0);
                if read == 0 {
                    sink.flush().await?;
                    return Ok::<u64, std::io::Error>(bytes);
                }
                sink.write_all(&buffer[..read]).await?;
                bytes += u64::try_from(read).unwrap_or(0);
                moved(bytes);
            }
        };
        let complaints = last_words(stderr);
        // A target that is full ends everything at once: the command is cut off with the connection.
        let passed = async {
            tokio::pin!(pass, complaints);
            tokio::select! {
                passed = &mut pass => Ok((passed.map_err(Broken::Here)?, complaints.await)),
                said = &mut complaints => Ok((pass.await.map_err(Broken::Here)?, said)),
            }
        };
        let about = self.about(command);
        let ((bytes, errors), status) = while_connected::<_, Broken>(passed, status, &about).await?;
        let code = ended(&status, &about)?;
        Ok(Streamed { code, bytes, errors })
    }

    /// Runs a command and feeds it. It must know by itself where its input ends: not every server passes the end on. The
    /// start of what it prints is answered too.
    ///
    /// # Errors
    /// It could not be started, the connection broke, or the input cannot be read.
    pub async fn exec_in(
        &self,
        command: &Command,
        source: &mut (dyn AsyncRead + Send + Unpin),
        moved: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(Streamed, String), Broken> {
        let mut process = self.begin(command, true).await?;
        let status = process.take_status();
        let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
        let feed = async {
            let Some(mut stdin) = stdin else { return std::future::pending().await };
            let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
            loop {
                let read = match source.read(&mut buffer).await {
                    Ok(read) => read,
                    Err(error) => return error,
                };
                // The command may end without reading all of it; its status says whether that was well. And at the end it
                // is held open: a side that is closed early cuts the last bytes off with some servers.
                if stdin.write_all(&buffer[..read]).await.is_err() || (read == 0 && stdin.flush().await.is_ok()) {
                    return std::future::pending().await;
                }
                bytes += u64::try_from(read).unwrap_or(0);
                moved(bytes);
            }
        };
        let said = async { tokio::join!(last_words(stdout), last_words(stderr)) };
        let said = async {
            tokio::select! {
                error = feed => Err(Broken::Here(error)),
                said = said => Ok(said),
            }
        };
        let about = self.about(command);
        let ((output, errors), status) = while_connected::<_, Broken>(said, status, &about).await?;
        let code = ended(&status, &about)?;
        Ok((Streamed { code, bytes: 0, errors }, output))
    }

    async fn begin(&self, command: &Command, stdin: bool) -> Result<AttachedProcess, Broken> {
        let mut how = AttachParams::default().stdin(stdin).stdout(true).stderr(true);
        how = how.max_stdout_buf_size(BUFFER).max_stderr_buf_size(COMPLAINTS);
        if stdin {
            how = how.max_stdin_buf_size(BUFFER);
        }
        if !command.container.is_empty() {
            how = how.container(&command.container);
        }
        let begun = self.begun(&command.namespace, &command.pod, &command.words, &how, &self.about(command)).await;
        begun.map_err(Broken::Fault)
    }

    /// Begins a command. A server that refuses for a moment has run nothing, and is asked again; whether anything runs is not
    /// known where it does not answer, so that this is the caller's to decide.
    pub(super) async fn begun(
        &self,
        namespace: &str,
        pod: &str,
        words: &[String],
        how: &AttachParams,
        asked: &Asked,
    ) -> Result<AttachedProcess, Fault> {
        let pods: Api<Pod> = Api::namespaced(self.client().clone(), namespace);
        let deadline = self.patience().deadline;
        let mut attempt = 1;
        loop {
            let begun = tokio::time::timeout(deadline, pods.exec(pod, words, how)).await;
            let fault = match begun {
                Ok(Ok(process)) => return Ok(process),
                Ok(Err(error)) => Fault::from_kube(error, asked),
                Err(_) => return Err(timed_out(asked, deadline)),
            };
            let refused = matches!(fault.kind, FaultKind::TooMany | FaultKind::Server);
            if !refused || attempt >= self.patience().attempts.min(BEGINNINGS) {
                return Err(fault);
            }
            self.wait(&Ask::get("", asked.what.clone()), &fault, attempt).await;
            attempt += 1;
        }
    }

    fn about(&self, command: &Command) -> Asked {
        let id = ObjectId::new("", "Pod", &command.namespace, &command.pod);
        self.asked(&Ask::get("", format!("run a command in pod {}", command.pod)).at(id))
    }
}

/// Waits for what is done with the streams of a command, for as long as it is connected: a connection that breaks ends its
/// streams without telling whoever reads them, and only the status, which then never comes, says so.
///
/// # Errors
/// What the streams end with, at once; and the connection was lost before the command ended.
pub(super) async fn while_connected<T, E: From<Fault>>(
    streams: impl Future<Output = Result<T, E>>,
    status: Option<impl Future<Output = Option<Status>>>,
    asked: &Asked,
) -> Result<(T, Status), E> {
    let lost =
        || Fault::without_answer(FaultKind::Unreachable, asked, "the connection was lost before the command ended");
    let status = async {
        match status {
            Some(status) => status.await,
            None => None,
        }
    };
    tokio::pin!(streams, status);
    tokio::select! {
        biased;
        told = &mut status => {
            let told = told.ok_or_else(lost)?;
            Ok((streams.await?, told))
        }
        done = &mut streams => Ok((done?, status.await.ok_or_else(lost)?)),
    }
}

/// The exit code that a status tells.
///
/// # Errors
/// The command could not be run.
pub(super) fn ended(status: &Status, asked: &Asked) -> Result<i32, Fault> {
    exit_code(status).ok_or_else(|| {
        let why = sanitize::text(status.message.as_deref().unwrap_or("the command could not be run"));
        Fault::without_answer(FaultKind::Invalid, asked, why)
    })
}

/// The end of a stream, as safe text.
async fn last_words(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    if let Some(mut stream) = stream {
        let mut buffer = vec![0; 8 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            kept.extend_from_slice(&buffer[..read]);
            if kept.len() > 2 * COMPLAINTS {
                kept.drain(..kept.len() - COMPLAINTS);
            }
        }
    }
    sanitize::text(String::from_utf8_lossy(&kept).trim())
}
