//! The wizard on the practice cluster, through a pseudo-terminal, as a newcomer meets it: `slipway --practice`, with no
//! kubeconfig and no network, from the first page to a product that is up.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

#[path = "wizard/installed.rs"]
mod installed;
#[path = "wizard/person.rs"]
mod person;
mod pty;

use std::time::Duration;

use person::Person;

#[test]
fn a_newcomer_walks_from_the_first_page_to_a_product_that_is_up() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice"]);
    person.until("Enter goes on");
    for shown in ["What should be installed?", "Which environment is it for?", "what is it called?"] {
        assert!(person.contents().contains("PRACTICE"), "{}", person.contents());
        if shown == "Which environment is it for?" {
            // The second of the products.
            person.press("\u{1b}[B");
            while person.read(Duration::from_millis(300)) {}
        }
        person.press("\r");
        person.until(shown);
    }
    person.until("does not exist: it will be made");
    // Namespace, name, and on to the questions.
    person.press("\r");
    person.press_until("\r", "[ v1.");
    // Back over the border of the form, and on again.
    person.press("\u{1b}[5~");
    person.until("what is it called?");
    person.press("\u{1b}[6~");
    person.until("[ v1.");
    person.press_until("\u{1b}[6~", "[ Install into");
    assert!(person.contents().contains("PRACTICE"), "{}", person.contents());
    person.press("\t");
    while person.read(Duration::from_millis(300)) {}
    person.press("\r");
    person.until("DONE");
    person.press("q");
    assert_eq!(person.ended(), 0);

    // The next start finds it, and says what can be done.
    let mut again = Person::start(state.path(), (120, 40), &["--practice", "install", "inngest"]);
    again.until("Enter goes on");
    again.press("\r");
    again.until("Which environment is it for?");
    again.press("\r");
    again.until("inngest is installed here");
    again.press("\u{3}");
    again.until("Leave without installing?");
    again.press("\u{1b}[B\u{1b}[B\r");
    assert_eq!(again.ended(), 6);
}

/// The drafts in a state folder.
fn drafts(state: &std::path::Path) -> Vec<std::path::PathBuf> {
    let found = std::fs::read_dir(state.join("drafts")).into_iter().flatten();
    found.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_was_decided_is_kept_without_secrets_and_gone_on_with_at_the_next_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice", "install", "inngest"]);
    person.until("Enter goes on");
    person.press("\r");
    person.until("Which environment is it for?");
    person.press("\r");
    person.until("what is it called?");
    person.press("\u{1b}[6~");
    person.until("[ v1.");
    person.press("\u{1b}[6~");
    person.until("Where does Inngest keep its state?");
    // A database that exists already, named by a URL with a password in it.
    person.press("2");
    person.until("Connection URL");
    person.press("\t\t\u{1b}[200~postgres://a:hunter2@db.example.com/x\u{1b}[201~");
    person.until("being typed");
    assert!(!person.contents().contains("hunter2"), "{}", person.contents());
    person.press("\u{3}");
    person.until("Save a draft and leave");
    person.press("\u{1b}[B\r");
    person.until("to be typed again: database.url");
    assert_eq!(person.ended(), 6);
    let kept = drafts(state.path());
    let text = std::fs::read_to_string(&kept[0]).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::metadata(&kept[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(text.contains("external") && !text.contains("hunter2"), "{text}");

    // The next start offers it, and goes straight on with it.
    let mut again = Person::start(state.path(), (80, 24), &["--practice"]);
    again.until("There is a draft. Go on with it?");
    assert!(again.contents().contains("database.url (typed secrets are never kept)"), "{}", again.contents());
    again.press("\r");
    // To the question at which it was left.
    again.until("● A PostgreSQL that exists already");
    assert!(again.contents().contains("not in it, to be typed again: database.url"), "{}", again.contents());
    again.press("\u{3}");
    again.until("Save a draft and leave");
    again.press("\u{1b}[B\u{1b}[B\r");
    assert_eq!(again.ended(), 6);
    assert_eq!(drafts(state.path()), kept);

    // Damaged, it says so, and can be thrown away.
    std::fs::write(&kept[0], &text[..text.len() / 2]).unwrap();
    let mut last = Person::start(state.path(), (80, 24), &["--practice"]);
    last.until("There is a draft that does not fit any more.");
    assert!(last.contents().contains("it is damaged"), "{}", last.contents());
    last.press("\u{1b}[B\r");
    last.until("Which cluster?");
    assert!(drafts(state.path()).is_empty());
}

#[test]
fn a_lost_connection_keeps_a_draft_and_a_finished_install_removes_it() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice", "install", "inngest"]);
    person.until("Enter goes on");
    rustix::process::kill_process(person.pid(), rustix::process::Signal::HUP).unwrap();
    assert_eq!(person.ended(), 143);
    assert_eq!(drafts(state.path()).len(), 1);
    let mut again = Person::start(state.path(), (80, 24), &["--practice"]);
    again.until("There is a draft");
    again.press("\r");
    again.press_until("\u{1b}[6~", "[ Install into");
    again.press("\t");
    again.until("Enter do it");
    again.press("\r");
    again.until("DONE");
    again.press("q");
    assert_eq!(again.ended(), 0);
    assert_eq!(drafts(state.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn enter_pressed_a_hundred_times_on_the_pages_and_on_the_review_never_installs() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice"]);
    person.until("Enter goes on");
    let hundred = |person: &mut Person| {
        for _ in 0..20 {
            person.press("\r\r\r\r\r");
            while person.read(Duration::from_millis(200)) {}
        }
    };
    hundred(&mut person);
    // It ends in a list that takes lines, where Enter is a line.
    person.press("\u{1b}");
    person.press_until("\u{1b}[6~", "[ Install into practice ]");
    hundred(&mut person);
    person.press("\u{3}");
    person.until("Leave without installing?");
    person.press("\r");
    person.until("[ Install into practice ]");
    person.press("\u{3}\u{3}");
    person.until("nothing was written");
    assert_eq!(person.ended(), 6);
}

#[test]
fn lines_lead_there_too() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice", "--plain"]);
    person.until("Which cluster?");
    person.press_until("\r", "Choose 1 to 5");
    person.press("2\r");
    person.press_until("\r", "type yes");
    person.press("yes\r");
    person.until("Done after");
    assert_eq!(person.ended(), 0);
}

#[test]
fn without_a_kubeconfig_it_says_so_and_how_to_practise() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &[]);
    person.until("--practice");
    assert!(person.contents().contains("there is no kubeconfig"), "{}", person.contents());
    assert_eq!(person.ended(), 4);
}

#[test]
fn what_blocks_is_mended_from_the_review_by_one_key_and_the_way_there_and_back_is_free() {
    let state = tempfile::tempdir().unwrap();
    let set = ["--set", "database.storageClass=fast"];
    let arguments =
        [&["--practice", "install", "inngest", "--profile", "production", "-n", "events"][..], &set].concat();
    let mut person = Person::start(state.path(), (80, 24), &arguments);
    person.until("Enter goes on");
    person.press("\r");
    person.until("[ v1.");
    person.press_until("\u{1b}[6~", "Held back");
    assert!(person.contents().contains("c goes to the answer: Storage class"), "{}", person.contents());
    // There is no button, so nothing can be done by Tab and Enter.
    person.press("\t\r\t\r\t\r");
    while person.read(Duration::from_millis(300)) {}
    assert!(person.contents().contains("Held back"), "{}", person.contents());
    person.press("c");
    while person.contents().contains("Held back") {
        assert!(person.read(Duration::from_secs(120)), "{}", person.contents());
    }
    while person.read(Duration::from_millis(300)) {}
    assert!(person.contents().contains("fast"), "{}", person.contents());
    // No class of one's own, and on to a review that holds nothing back.
    person.press("\u{7f}\u{7f}\u{7f}\u{7f}");
    person.press_until("\u{1b}[6~", "[ Install into practice ]");
    // Answers are saved where one stands, and the file repeats the run.
    person.press("s");
    person.until("Saved");
    assert!(state.path().join("inngest.yaml").exists());
    person.press("\u{3}\u{3}");
    assert_eq!(person.ended(), 6);
}

/// A kubeconfig of two contexts, whose user is a plugin that asks for a code and keeps what it was told.
fn with_a_plugin(folder: &std::path::Path, mode: &str) -> std::path::PathBuf {
    let here = folder.display();
    let script = format!(
        "printf 'One-time code: ' >&2\nread code\nprintf '%s' \"$code\" > {here}/told\n\
         printf '%s' \"$KUBERNETES_EXEC_INFO\" > {here}/info\n\
         echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \
         \"status\": {{\"token\": \"t\"}}}}'\n"
    );
    std::fs::write(folder.join("harbour-login"), script).unwrap();
    let kubeconfig = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
         contexts: [{{name: here, context: {{cluster: c, user: u}}}}, {{name: prod-eu, context: {{cluster: c, user: u}}}}]\n\
         users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, \
         args: ['{here}/harbour-login', '--secret=hunter2'], interactiveMode: {mode}}}}}}}]\n"
    );
    std::fs::write(&kubeconfig, text).unwrap();
    kubeconfig
}

#[test]
fn a_credential_plugin_that_asks_gets_the_terminal_and_gives_it_back() {
    for mode in ["IfAvailable", "Always"] {
        let state = tempfile::tempdir().unwrap();
        let kubeconfig = with_a_plugin(state.path(), mode);
        let kubeconfig = kubeconfig.display().to_string();
        let mut person = Person::start(state.path(), (80, 24), &["--kubeconfig", &kubeconfig, "install", "inngest"]);
        person.until("Only the one that you choose is contacted");
        assert!(person.screen().alternate_screen());
        // Nobody was contacted, so nobody asked.
        assert!(!state.path().join("info").exists());
        person.press("\r");
        person.until("One-time code:");
        let shown = person.contents();
        assert!(!person.screen().alternate_screen() && !person.screen().hide_cursor(), "{shown}");
        assert!(shown.contains("the context here wants you to log in") && shown.contains("harbour-login"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        // What is typed goes to the plugin, echoed by the terminal as ever, and not to a screen that cannot be seen.
        person.press("q42\r");
        person.until("cannot reach the cluster");
        assert!(person.screen().alternate_screen() && person.screen().bracketed_paste());
        assert!(person.contents().contains("Only the one that you choose is contacted"), "{}", person.contents());
        assert_eq!(std::fs::read_to_string(state.path().join("told")).unwrap(), "q42");
        let info = std::fs::read_to_string(state.path().join("info")).unwrap();
        assert!(info.contains("\"interactive\":true"), "{info}");
        // The keys are the screen's again.
        person.press("\u{3}");
        person.until("Leave without installing?");
        person.press("\u{1b}[B\u{1b}[B\r");
        person.until("left without installing");
        assert!(!person.screen().alternate_screen());
        assert_eq!(person.ended(), 6);
    }
}

#[test]
fn ctrl_c_at_a_credential_plugin_ends_the_plugin_and_not_the_screen() {
    let state = tempfile::tempdir().unwrap();
    let kubeconfig = with_a_plugin(state.path(), "IfAvailable").display().to_string();
    let mut person = Person::start(state.path(), (120, 40), &["--kubeconfig", &kubeconfig, "install", "inngest"]);
    person.until("Only the one that you choose is contacted");
    person.press("\r");
    person.until("One-time code:");
    person.press("\u{3}");
    person.until("no credential for the cluster");
    assert!(person.screen().alternate_screen());
    assert!(!person.contents().contains("Leave without"), "{}", person.contents());
    // Enter tries again.
    person.press("\r");
    person.until("One-time code:");
    person.press("1\r");
    person.until("cannot reach the cluster");
    person.press("\u{3}\u{3}");
    assert_eq!(person.ended(), 6);
}

#[test]
fn a_termination_while_a_credential_plugin_talks_leaves_the_terminal_as_it_was() {
    let state = tempfile::tempdir().unwrap();
    let kubeconfig = with_a_plugin(state.path(), "IfAvailable").display().to_string();
    let mut person = Person::start(state.path(), (80, 24), &["--kubeconfig", &kubeconfig, "install", "inngest"]);
    person.until("Only the one that you choose is contacted");
    person.press("\r");
    person.until("One-time code:");
    rustix::process::kill_process(person.pid(), rustix::process::Signal::TERM).unwrap();
    person.until("stopped by a signal");
    assert!(!person.screen().alternate_screen() && !person.screen().bracketed_paste());
    assert_eq!(person.ended(), 143);
}
