//! How a run that was left is found again.

use super::RunInfo;

impl RunInfo {
    /// The command that shows this run again and offers to go on with it.
    pub fn attach(&self) -> String {
        self.command("attach", "")
    }

    /// The command of a verb about this release, with what else it is given.
    pub fn command(&self, verb: &str, more: &str) -> String {
        let cluster = match (self.practice, self.context.as_str()) {
            (true, _) => " --practice".to_string(),
            (false, "" | "in-cluster") => String::new(),
            (false, context) => format!(" --context {context}"),
        };
        format!("slipway {verb} {}{more} -n {}{cluster}", self.release, self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_release_namespace_and_cluster() {
        let run = RunInfo { release: "a".into(), namespace: "b".into(), context: "c".into(), ..RunInfo::default() };
        assert_eq!(run.attach(), "slipway attach a -n b --context c");
        assert_eq!(RunInfo { practice: true, ..run }.attach(), "slipway attach a -n b --practice");
    }
}
