use clap::CommandFactory as _;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn after_logs_f_follows_and_elsewhere_it_names_the_answers_file() {
    let read = |line: &str| Cli::parse_from(following(line.split(' ').map(OsString::from).collect()));
    let logs = read("slipway logs inngest -f").verb;
    assert!(matches!(&logs, Some(Verb::Logs { flags, .. }) if flags.follow), "{logs:?}");
    let cli = read("slipway install inngest -f a.yaml");
    assert_eq!(cli.shared.answers, Some("a.yaml".into()));
}

#[test]
fn the_practice_flag_takes_a_scenario_only_after_an_equals_sign() {
    let cli = Cli::parse_from(["slipway", "install", "--practice", "inngest"]);
    assert_eq!(cli.shared.practice.as_deref(), Some("healthy"));
    let cli = Cli::parse_from(["slipway", "--practice=slow", "install", "inngest"]);
    assert_eq!(cli.shared.practice.as_deref(), Some("slow"));
}
#[test]
fn every_flag_of_all_verbs_is_understood_after_each_of_them() {
    fn look(verb: &clap::Command, flags: &[String], faults: &mut Vec<String>) {
        for inner in verb.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let has = |flag: &String| inner.get_arguments().any(|one| one.get_long() == Some(flag.as_str()));
            let missing = flags.iter().filter(|flag| !has(flag));
            faults.extend(missing.map(|flag| format!("{} {} --{flag}", verb.get_name(), inner.get_name())));
            look(inner, flags, faults);
        }
    }
    let mut command = Cli::command();
    command.build();
    let global = command.get_arguments().filter(|one| one.is_global_set());
    let flags: Vec<String> = global.filter_map(|one| one.get_long().map(str::to_string)).collect();
    assert!(flags.contains(&"name".to_string()));
    let mut faults = Vec::new();
    look(&command, &flags, &mut faults);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn a_release_is_named_by_a_word_or_by_a_flag_and_adopt_takes_both() {
    for line in ["slipway uninstall --name a", "slipway --name a uninstall", "slipway keys check --name a"] {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(cli.shared.release.as_deref(), Some("a"), "{line}");
    }
    let cli = Cli::parse_from(["slipway", "adopt", "old", "--name", "new"]);
    assert!(matches!(&cli.verb, Some(Verb::Adopt { release: Some(old) }) if old == "old"), "{cli:?}");
    assert_eq!(cli.shared.release.as_deref(), Some("new"));
    let cli = Cli::parse_from(["slipway", "uninstall", "b", "--name", "a"]);
    assert_eq!(cli.verb.as_ref().and_then(Verb::release), Some("b"));
    assert_eq!(Cli::parse_from(["slipway", "uninstall", "b"]).shared.release, None);
}
