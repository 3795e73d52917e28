//! Which release a command names.

use super::{BackupWhat, Keys, Verb};

impl Verb {
    /// The release that a word of the command names; none of `adopt`, whose word is Helm's name for it, and of those that may
    /// mean something else by their first word.
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Upgrade { release }
            | Self::Diff { release }
            | Self::Attach { release }
            | Self::Status { release }
            | Self::History { release }
            | Self::Rollback { release, .. }
            | Self::Repair { release }
            | Self::Uninstall { release, .. }
            | Self::Doctor { release }
            | Self::Bundle { release, .. }
            | Self::Answers { release, .. }
            | Self::Backup { what: None, release, .. }
            | Self::Backup { what: Some(BackupWhat::Schedule { release, .. }), .. }
            | Self::Restore { release, .. }
            | Self::Export { release, .. }
            | Self::Keys {
                what: Keys::Check { release, .. } | Keys::Show { release, .. } | Keys::Export { release, .. },
            } => release.as_deref(),
            _ => None,
        }
    }
}
