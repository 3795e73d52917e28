//! What `slipway backup` understands: where a backup goes, and how it is taken.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where a backup goes.
#[derive(Clone, Debug, Default, Args)]
pub struct BackupTo {
    /// A new folder of this machine.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["claim", "s3"])]
    pub to: Option<PathBuf>,
    /// A claim of the namespace; a Job writes to it.
    #[arg(long = "to-claim", value_name = "NAME", conflicts_with = "s3")]
    pub claim: Option<String>,
    /// A bucket, as s3://BUCKET/PREFIX; a Job writes to it.
    #[arg(long = "to-s3", value_name = "URL")]
    pub s3: Option<String>,
    /// The Secret that opens the bucket: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL and AWS_REGION where needed.
    #[arg(long = "s3-secret", value_name = "NAME")]
    pub s3_secret: Option<String>,
    /// Image with rclone for the bucket.
    #[arg(long = "s3-image", value_name = "IMAGE")]
    pub s3_image: Option<String>,
}

/// How a backup is taken.
#[derive(Clone, Debug, Default, Args)]
pub struct BackupHow {
    /// Scale what writes to zero for as long as it takes, so that all parts are of one moment; it is started again afterwards.
    #[arg(long = "stop-writers")]
    pub stop_writers: bool,
    /// Snapshots of the volumes instead of dumps, where their storage makes such.
    #[arg(long, conflicts_with_all = ["to", "claim", "s3"])]
    pub snapshot: bool,
    /// Only of this volume; may be given several times.
    #[arg(long, value_name = "NAME", requires = "snapshot")]
    pub volume: Vec<String>,
    /// The class of the snapshots; else the one of the volume's driver.
    #[arg(long = "snapshot-class", value_name = "NAME", requires = "snapshot")]
    pub snapshot_class: Option<String>,
}

/// What else about backups.
#[derive(Debug, Subcommand)]
pub enum BackupWhat {
    /// Make a CronJob that backs up by itself, and keeps the newest.
    Schedule {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// When, as cron writes it.
        #[arg(long, value_name = "CRON", default_value = "17 3 * * *")]
        at: String,
        /// How many backups are kept.
        #[arg(long, value_name = "NUMBER", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1000))]
        keep: u32,
        /// Where it goes.
        #[command(flatten)]
        to: Box<BackupTo>,
    },
}

/// Where a backup is restored from.
#[derive(Clone, Debug, Default, Args)]
pub struct RestoreFrom {
    /// The folder that a backup made, or a single dump.
    #[arg(long = "from", value_name = "PATH", required_unless_present_any = ["from_claim", "from_s3"], conflicts_with_all = ["from_claim", "from_s3"])]
    pub path: Option<PathBuf>,
    /// A claim that backups were written to: the newest of the release in it, or the one that is named.
    #[arg(long = "from-claim", id = "from_claim", value_name = "NAME[/BACKUP]", conflicts_with = "from_s3")]
    pub claim: Option<String>,
    /// A bucket that backups were written to, as s3://BUCKET/PREFIX: the newest of the release in it, or the one that is named.
    #[arg(long = "from-s3", id = "from_s3", value_name = "URL[/BACKUP]", requires = "s3_secret")]
    pub s3: Option<String>,
    /// The Secret that opens the bucket, as for a backup.
    #[arg(long = "s3-secret", value_name = "NAME")]
    pub s3_secret: Option<String>,
    /// Image with rclone for the bucket.
    #[arg(long = "s3-image", value_name = "IMAGE")]
    pub s3_image: Option<String>,
}
