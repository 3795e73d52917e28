//! The command line: clap types, nothing else (design.md 5 "Command line").

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod backup;
mod keys;
mod shared;
mod verb;

pub use backup::{BackupHow, BackupTo, BackupWhat, RestoreFrom};
pub use keys::Keys;
pub use shared::{Color, Output, Shared};

/// Install self-hosted software on Kubernetes: asked, shown, applied, followed, explained.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; without it, the wizard.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What every verb understands.
    #[command(flatten)]
    pub shared: Shared,
}

impl Cli {
    /// The command line of this process. After `logs` the flag `-f` follows, as everybody's fingers know it: an answers file
    /// has nothing to say there.
    pub fn of_process() -> Self {
        Self::parse_from(following(std::env::args_os().collect()))
    }
}

fn following(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let verb = arguments.iter().position(|argument| argument == "logs");
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    if let Some(verb) = verb.filter(|verb| *verb < end) {
        for argument in arguments[verb..end].iter_mut().filter(|argument| *argument == "-f") {
            *argument = "--follow".into();
        }
    }
    arguments
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Install a product, or go on with an installation that did not end.
    Install {
        /// Which product; `slipway products` lists them. The wizard asks when it is not given.
        product: Option<String>,
    },
    /// Change a release that is installed: to a newer version, or to other answers.
    Upgrade {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
    },
    /// Print the objects of a product; contacts no cluster.
    Render {
        /// Which product.
        product: String,
        /// Values of secrets, as a YAML mapping of paths to values; without it they are shown as [hidden].
        #[arg(long, value_name = "FILE")]
        with_values: Option<PathBuf>,
        /// What is known of the cluster, as JSON; without it, the newest supported version with one default storage class.
        #[arg(long, value_name = "FILE")]
        facts: Option<PathBuf>,
    },
    /// Say what an installation would do, or a change to what is installed; writes nothing.
    Plan {
        /// A product, or a release that is installed; it need not be named where an answers file says it, or there is only one.
        #[arg(value_name = "PRODUCT|RELEASE")]
        name: Option<String>,
        /// End with 7 when something would change.
        #[arg(long)]
        exit_code: bool,
        /// Freeze it in a file, for `slipway apply FILE`: no secret is in it, and it runs only where nothing moved.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// How long a frozen plan may be run.
        #[arg(long, value_name = "DURATION", default_value = "24h", requires = "out")]
        lasts: String,
    },
    /// Run a frozen plan; refused where the cluster moved since, or when it is too old.
    Apply {
        /// What `slipway plan --out FILE` wrote.
        file: PathBuf,
    },
    /// Say field by field how a release differs from what its answers make. Ends with 7 when something differs.
    Diff {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
    },
    /// Say whether an installation will work; writes nothing.
    Preflight {
        /// Which product.
        product: String,
    },
    /// Show a run that was left or goes on elsewhere, and go on with what remains of it.
    Attach {
        /// Which release; it need not be named where only one run is pending.
        release: Option<String>,
    },
    /// Print the least rights that an installation needs, as a Role; contacts no cluster.
    Rbac {
        /// Which product.
        product: String,
    },
    /// Say how a release is: every group, its volumes, and what is wrong. Ends with 1 when something is not as it should be.
    Status {
        /// Which release; without it, the only one, or a line for each.
        release: Option<String>,
    },
    /// List the revisions of a release: what, who, when, and how it ended.
    History {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
    },
    /// Go back to a recorded revision of a release, out of its record. Data does not go back.
    Rollback {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Number of the revision; without it, the good one before. `slipway history` lists them.
        #[arg(long, value_name = "REVISION")]
        to: Option<u32>,
    },
    /// Build the record of a release anew, where it was lost or damaged, out of what is in the cluster. Touches nothing that runs.
    Repair {
        /// Which release; it need not be named where labels tell of only one.
        release: Option<String>,
    },
    /// Take a release away. Volumes and keys are kept unless they are named.
    Uninstall {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Delete this volume (claim) and its data; may be given several times.
        #[arg(long = "delete-volume", value_name = "NAME")]
        delete_volume: Vec<String>,
        /// Back the database of this volume up into a new folder of this machine, and then delete the volume; may be given
        /// several times. A backup that fails keeps everything.
        #[arg(long = "backup-volume", value_name = "NAME[=PATH]")]
        backup_volume: Vec<String>,
        /// Delete this key Secret; may be given several times. Refused while a kept volume needs it.
        #[arg(long = "delete-key", value_name = "NAME")]
        delete_key: Vec<String>,
    },
    /// Show what the pods of a release write.
    Logs {
        /// Which release; it need not be named where there is only one.
        // An id of its own: --name has that of the field, and one word alone may mean the second argument.
        #[arg(id = "of", value_name = "RELEASE")]
        release: Option<String>,
        /// Only the pods of this group, such as server or database.
        group: Option<String>,
        /// Which lines.
        #[command(flatten)]
        flags: LogFlags,
    },
    /// Open a port of this machine that leads to the product, until Ctrl-C.
    PortForward {
        /// Which release; it need not be named where there is only one.
        // An id of its own: --name has that of the field, and one word alone may mean the second argument.
        #[arg(id = "of", value_name = "RELEASE")]
        release: Option<String>,
        /// A Service of it, or SERVICE:PORT; else the one that answers for the product.
        name: Option<String>,
        /// The port of this machine; else that of the pod where it is free, or any.
        #[arg(long)]
        port: Option<u16>,
    },
    /// Say what of a release needs a look: keys that nothing uses, copies of Secrets that differ, what was begun and not ended.
    Doctor {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
    },
    /// Gather everything that a report of a fault needs into one archive, without a secret.
    Bundle {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// The file; else one with the release's name and the time, here. One that exists is never overwritten.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// List the images that a product or release needs, one a line, for mirroring.
    Images {
        /// A product, of which no cluster is asked, or a release; with -n or --name it is a release.
        #[arg(value_name = "PRODUCT|RELEASE")]
        name: Option<String>,
    },
    /// Print the answers file that would repeat what is installed.
    Answers {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Every answer, those too that were left to defaults and the profile.
        #[arg(long)]
        all: bool,
    },
    /// The keys of a release: what they open, a copy of them, and other ones.
    Keys {
        /// What about them.
        #[command(subcommand)]
        what: Keys,
    },
    /// Back up the databases of a release: into a folder of this machine, a claim or a bucket.
    #[command(args_conflicts_with_subcommands = true)]
    Backup {
        /// Do it again and again.
        #[command(subcommand)]
        what: Option<BackupWhat>,
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Where it goes.
        #[command(flatten)]
        to: Box<BackupTo>,
        /// How it is taken.
        #[command(flatten)]
        how: BackupHow,
    },
    /// Restore the databases of a release into new ones, which then take the place of the old; those stay.
    Restore {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Where the backup is.
        #[command(flatten)]
        from: Box<RestoreFrom>,
        /// Only the database of this group.
        #[arg(long, value_name = "GROUP")]
        only: Option<String>,
    },
    /// Make a release that Helm laid down slipway's, without touching a pod. Helm's record is written to a file and deleted.
    Adopt {
        /// Which release of Helm; it need not be named where there is only one.
        release: Option<String>,
    },
    /// Print a release as plain manifests for a GitOps tool: no marks, no values of secrets.
    Export {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Write files into this folder instead of printing.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Write the Secrets too, encrypted with age for this public key; may be given several times.
        #[arg(long, value_name = "AGE_KEY")]
        recipient: Vec<String>,
        /// The same, encrypted with a passphrase: env:NAME, file:PATH, or `ask` to type it twice.
        #[arg(long, value_name = "FROM", conflicts_with = "recipient")]
        passphrase: Option<String>,
        /// Give the objects up: slipway writes the release no more.
        #[arg(long)]
        hand_over: bool,
    },
    /// List the products, show one, or check a folder of one.
    Products {
        /// What about them.
        #[command(subcommand)]
        what: Option<Products>,
    },
    /// Explain the code of a finding.
    Explain {
        /// Such as IMAGE_NOT_FOUND; without it every code is listed.
        code: Option<String>,
    },
    /// The practice cluster.
    Practice {
        /// What about it.
        #[command(subcommand)]
        what: Practice,
    },
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// What about the products.
#[derive(Debug, Subcommand)]
pub enum Products {
    /// Its questions, profiles and components.
    Show {
        /// Which product, or which component.
        product: String,
    },
    /// Check products, without a cluster.
    Lint {
        /// The folder of one product, or of several; without it those that ship.
        dir: Option<PathBuf>,
    },
    /// Make the folder of a new product: commented files that install as they are, to be changed.
    New {
        /// Its name: small letters, digits and hyphens.
        name: String,
        /// The folder to make; without it one of that name, here.
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
}

/// Which lines of a log.
#[derive(Clone, Debug, Default, Args)]
pub struct LogFlags {
    /// Go on until Ctrl-C, and take up pods that come.
    #[arg(long)]
    pub follow: bool,
    /// Of the containers before their last restart.
    #[arg(long, conflicts_with = "follow")]
    pub previous: bool,
    /// Written since: 10m ago, or a time such as 2026-11-21T13:00:00Z.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only so many lines from the end of each log.
    #[arg(long, value_name = "LINES")]
    pub tail: Option<u32>,
}

/// What about the practice cluster.
#[derive(Debug, Subcommand)]
pub enum Practice {
    /// Forget everything in it.
    Reset,
}

#[cfg(test)]
mod tests;
