//! What can be done with a release that is installed: the page that opens on it. Plain data that both faces show.

use super::way::InstalledSeen;

/// Something that can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// See the run that is not at its end, and go on with it.
    Attach,
    /// How it is.
    Status,
    /// Another version, or other answers.
    Upgrade,
    /// To an earlier revision.
    GoBack,
    /// What was changed, by whom and when.
    History,
    /// What its pods write.
    Logs,
    /// A way to it from this machine.
    PortForward,
    /// What each key opens.
    Keys,
    /// A backup of its databases.
    Backup,
    /// Take it away.
    Uninstall,
}

impl Deed {
    /// All, in the order of the page: what writes nothing comes first, what takes away last.
    const ALL: [Self; 10] = [
        Self::Attach,
        Self::Status,
        Self::Upgrade,
        Self::GoBack,
        Self::History,
        Self::Logs,
        Self::PortForward,
        Self::Keys,
        Self::Backup,
        Self::Uninstall,
    ];

    /// Its name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Attach => "Go on",
            Self::Status => "Status",
            Self::Upgrade => "Upgrade",
            Self::GoBack => "Go back",
            Self::History => "History",
            Self::Logs => "Logs",
            Self::PortForward => "Open a port",
            Self::Keys => "Keys",
            Self::Backup => "Back up",
            Self::Uninstall => "Uninstall",
        }
    }

    /// What it does, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Attach => "a run is not at its end: see it, and go on with what remains",
            Self::Status => "how every part of it is, its volumes, and what is wrong",
            Self::Upgrade => "to another version or other answers; shown before it is done",
            Self::GoBack => "to an earlier revision: its objects, never its data",
            Self::History => "what was changed, by whom and when",
            Self::Logs => "what its pods write, until Ctrl-C",
            Self::PortForward => "of this machine that leads to it, until Ctrl-C",
            Self::Keys => "what each of them opens; no value is shown",
            Self::Backup => "its databases, into a folder, a claim or a bucket",
            Self::Uninstall => "take it away; volumes and keys stay unless you say otherwise",
        }
    }

    /// It is read where one is; everything else leads away from the page.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Status | Self::History | Self::Keys)
    }

    /// The verb that does it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Attach => "attach",
            Self::Status => "status",
            Self::Upgrade => "upgrade",
            Self::GoBack => "rollback",
            Self::History => "history",
            Self::Logs => "logs",
            Self::PortForward => "port-forward",
            Self::Keys => "keys show",
            Self::Backup => "backup",
            Self::Uninstall => "uninstall",
        }
    }
}

/// A release, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// The context of its cluster.
    pub context: String,
    /// It is in the practice cluster.
    pub practice: bool,
    /// The release.
    pub release: InstalledSeen,
}

impl Menu {
    /// What can be done with it as it is.
    pub fn deeds(&self) -> Vec<Deed> {
        let pending = self.release.outcome == "pending";
        Deed::ALL.into_iter().filter(|deed| *deed != Deed::Attach || pending).collect()
    }

    /// The command that does it by itself.
    pub fn command(&self, deed: Deed) -> String {
        let InstalledSeen { release, namespace, .. } = &self.release;
        let cluster = match (self.practice, self.context.as_str()) {
            (true, _) => " --practice".to_string(),
            (false, "" | "in-cluster") => String::new(),
            (false, context) => format!(" --context {context}"),
        };
        format!("slipway {} {release} -n {namespace}{cluster}", deed.verb())
    }

    /// What it is, in a line.
    pub fn words(&self) -> String {
        let InstalledSeen { product, version, outcome, .. } = &self.release;
        format!("{product} {version}, {outcome}")
    }
}

/// A revision that one can go back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionSeen {
    /// Its number.
    pub number: u32,
    /// The run that made it, in words: `upgrade to v1.43.0`.
    pub run: String,
    /// When it began.
    pub began: String,
    /// Who ran it, and from where.
    pub who: String,
    /// The answers that it had otherwise than what runs now, a line each; no secret.
    pub differs: Vec<String>,
}

impl RevisionSeen {
    /// In a line: `revision 2   upgrade to v1.42.0   2026-11-20 14:03 by ana@laptop`.
    pub fn words(&self) -> String {
        format!("revision {}   {}   {} by {}", self.number, self.run, self.began, self.who)
    }
}

/// What does not go back, whatever revision is chosen.
pub const STAYS: [&str; 3] = [
    "Data does not go back: what was written to volumes and databases stays as it is.",
    "Keys stay the newest ones, and volumes keep their size.",
    "What would be done is shown first; nothing is written before you agree.",
];

/// Why there is nothing to choose.
pub const NO_REVISION: &str = "No earlier revision came to a good end: there is nothing to go back to.";

/// What somebody wants done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The release.
    pub of: Menu,
    /// What.
    pub deed: Deed,
    /// The revision to go back to.
    pub to: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn every_deed_names_a_command_that_exists_and_only_what_is_pending_is_gone_on_with() {
        let release = InstalledSeen { release: "shop".into(), namespace: "a".into(), ..InstalledSeen::default() };
        let mut menu = Menu { context: "prod-eu".into(), practice: false, release };
        assert_eq!(menu.command(Deed::GoBack), "slipway rollback shop -n a --context prod-eu");
        for deed in Deed::ALL {
            crate::cli::Cli::try_parse_from(menu.command(deed).split(' ')).unwrap();
        }
        assert!(!menu.deeds().contains(&Deed::Attach));
        menu.release.outcome = "pending".into();
        assert_eq!(menu.deeds()[0], Deed::Attach);
        menu.practice = true;
        assert_eq!(menu.command(Deed::Keys), "slipway keys show shop -n a --practice");
    }
}
