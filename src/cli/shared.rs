//! What every verb understands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How output is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Sentences.
    #[default]
    Text,
    /// JSON, for a run one event a line.
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that has them, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What every verb understands. Every flag has a variable `SLIPWAY_…`.
#[derive(Clone, Debug, Default, Args)]
pub struct Shared {
    /// Context of the kubeconfig; only this one is contacted.
    #[arg(long, global = true, env = "SLIPWAY_CONTEXT", help_heading = "Target")]
    pub context: Option<String>,
    /// The kubeconfig; else the variable KUBECONFIG, else ~/.kube/config.
    #[arg(long, global = true, env = "SLIPWAY_KUBECONFIG", value_name = "FILE", help_heading = "Target")]
    pub kubeconfig: Option<PathBuf>,
    /// Act as this user.
    #[arg(long = "as", global = true, env = "SLIPWAY_AS", value_name = "USER", help_heading = "Target")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be given several times.
    #[arg(long = "as-group", global = true, env = "SLIPWAY_AS_GROUP", value_name = "GROUP", help_heading = "Target")]
    pub as_groups: Vec<String>,
    /// Namespace; else the product's.
    #[arg(short, long, global = true, env = "SLIPWAY_NAMESPACE", help_heading = "Target")]
    pub namespace: Option<String>,
    /// Name of the release; else the product's name.
    // An id of its own: verbs have an argument `release`, and clap gives a flag of the same id to none of them.
    #[arg(
        id = "called",
        long = "name",
        global = true,
        env = "SLIPWAY_NAME",
        value_name = "RELEASE",
        help_heading = "Target"
    )]
    pub release: Option<String>,
    /// Profile of the product, such as production; else its first.
    #[arg(long, global = true, env = "SLIPWAY_PROFILE", help_heading = "Target")]
    pub profile: Option<String>,
    /// Use the practice cluster in memory: healthy, slow, image-missing, crash-loop, volume-stuck or quota.
    #[arg(
        long,
        global = true,
        env = "SLIPWAY_PRACTICE",
        value_name = "SCENARIO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "healthy",
        help_heading = "Target"
    )]
    pub practice: Option<String>,
    /// Answers file.
    #[arg(
        short = 'f',
        long = "answers",
        global = true,
        env = "SLIPWAY_ANSWERS",
        value_name = "FILE",
        help_heading = "Answers"
    )]
    pub answers: Option<PathBuf>,
    /// One answer; may be given several times, lists repeat it.
    #[arg(long = "set", global = true, value_name = "PATH=VALUE", help_heading = "Answers")]
    pub set: Vec<String>,
    /// The answers file is everything: what was answered at earlier runs is forgotten, but what was pinned at the install.
    #[arg(long, global = true, env = "SLIPWAY_EXACT", help_heading = "Answers")]
    pub exact: bool,
    /// Forget what was answered at earlier runs; may be given several times.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Answers")]
    pub reset: Vec<String>,
    /// A folder of products beside those that ship, or of one product.
    #[arg(long, global = true, env = "SLIPWAY_PRODUCTS", value_name = "DIR", help_heading = "Answers")]
    pub products: Option<PathBuf>,
    /// Agree to what loses nothing, without questions and review.
    #[arg(long, global = true, env = "SLIPWAY_YES", help_heading = "Running")]
    pub yes: bool,
    /// Ask in plain lines instead of the full screen.
    #[arg(long, global = true, env = "SLIPWAY_PLAIN", help_heading = "Running")]
    pub plain: bool,
    /// Never ask; say what is missing.
    #[arg(long, global = true, env = "SLIPWAY_NO_INPUT", help_heading = "Running")]
    pub no_input: bool,
    /// How output is written.
    #[arg(short, long, global = true, env = "SLIPWAY_OUTPUT", default_value = "text", help_heading = "Running")]
    pub output: Output,
    /// When colours are used.
    #[arg(long, global = true, env = "SLIPWAY_COLOR", default_value = "auto", help_heading = "Running")]
    pub color: Color,
    /// How long to wait until everything is ready, such as 15m; else for as long as there is hope.
    #[arg(long, global = true, env = "SLIPWAY_TIMEOUT", value_name = "DURATION", help_heading = "Running")]
    pub timeout: Option<String>,
    /// Go back to the newest good revision when the run fails, without a question; its evidence is kept first. Refused where
    /// a version on the way migrates data.
    #[arg(long = "rollback-on-failure", global = true, env = "SLIPWAY_ROLLBACK_ON_FAILURE", help_heading = "Running")]
    pub rollback_on_failure: bool,
    /// Pass over a finding by its code; `all` passes over every one.
    #[arg(
        long = "skip-preflight",
        global = true,
        env = "SLIPWAY_SKIP_PREFLIGHT",
        value_name = "CODE",
        help_heading = "Running"
    )]
    pub skip_preflight: Vec<String>,
    /// Take a backup before a change that only a backup undoes.
    #[arg(long, global = true, env = "SLIPWAY_BACKUP", conflicts_with = "without_backup", help_heading = "Running")]
    pub backup: bool,
    /// Make such a change without a backup.
    #[arg(long, global = true, env = "SLIPWAY_WITHOUT_BACKUP", help_heading = "Running")]
    pub without_backup: bool,
    /// Make a foreign object ours, as Kind/name.
    #[arg(long, global = true, value_name = "KIND/NAME", help_heading = "Conflicts")]
    pub adopt: Vec<String>,
    /// Take a field from its other manager.
    #[arg(long = "take-field", global = true, value_name = "PATH", help_heading = "Conflicts")]
    pub take_field: Vec<String>,
    /// Leave a field to its other manager.
    #[arg(long = "leave-field", global = true, value_name = "PATH", help_heading = "Conflicts")]
    pub leave_field: Vec<String>,
    /// What an earlier install left is used, set aside or wiped: a claim or a key Secret; may be given several times.
    #[arg(long, global = true, value_name = "NAME=use|aside|wipe", help_heading = "Conflicts")]
    pub existing: Vec<String>,
    /// Give a database of the release whose kept volume knows another password that of the key Secret.
    #[arg(long = "mend-password", global = true, env = "SLIPWAY_MEND_PASSWORD", help_heading = "Conflicts")]
    pub mend_password: bool,
    /// Take the lock from its holder.
    #[arg(long = "take-over", global = true, value_name = "HOLDER", help_heading = "Conflicts")]
    pub take_over: Option<String>,
}
