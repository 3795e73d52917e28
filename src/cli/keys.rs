//! What the keys understand.

use std::path::PathBuf;

use clap::Subcommand;

/// What about the keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Ask every database, from another pod, whether its password opens it.
    Check {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Give a PostgreSQL of the release that refuses the password of the key Secret.
        #[arg(long)]
        mend: bool,
    },
    /// Names, what each opens, and which generation holds; never a value.
    Show {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// Show the value of this key, on a terminal.
        #[arg(long, value_name = "KEY")]
        reveal: Option<String>,
        /// Of this generation; else of the one that holds.
        #[arg(long)]
        generation: Option<u32>,
    },
    /// Write every key into a file that a passphrase seals (age).
    Export {
        /// Which release; it need not be named where there is only one.
        release: Option<String>,
        /// The file; else RELEASE-keys-N.age here. One that exists is never overwritten.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Where the passphrase is: env:NAME or file:PATH; else it is asked.
        #[arg(long, value_name = "FROM")]
        passphrase: Option<String>,
    },
    /// Bring keys back out of such a file; refused where others are there.
    Import {
        /// The file.
        file: PathBuf,
        /// Where the passphrase is: env:NAME or file:PATH; else it is asked.
        #[arg(long, value_name = "FROM")]
        passphrase: Option<String>,
    },
    /// Give keys other values. The release is named by --name, where there are several.
    Rotate {
        /// Which keys: NAME, or NAME=env:VARIABLE, NAME=file:PATH for a value that is brought.
        #[arg(required = true, value_name = "KEY")]
        names: Vec<String>,
        /// The second step of a rotation in two: the old value holds no longer.
        #[arg(long, conflicts_with = "at_once")]
        finish: bool,
        /// In one step, whoever is shut out by it.
        #[arg(long)]
        at_once: bool,
    },
}
