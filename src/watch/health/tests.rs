use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::mpsc;

use super::*;
use crate::secret::SecretText;

/// Gives the next of its answers; the last again and again.
struct Script(Mutex<VecDeque<Result<Answer, NoAnswer>>>);

impl Script {
    fn next(&self) -> Result<Answer, NoAnswer> {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }
}

impl Asker for Script {
    async fn get(&self, _: &str, _: &str, _: &str) -> Result<Answer, NoAnswer> {
        self.next()
    }
    async fn exec(&self, _: &str, _: &[String]) -> Result<Answer, NoAnswer> {
        self.next()
    }
}

fn http() -> HealthCheck {
    HealthCheck {
        group: "server".into(),
        probe: Probe::Http { service: "inngest".into(), port: "http".into(), path: "/health".into() },
        within_seconds: 60,
    }
}

fn says(code: i32, text: &str) -> Result<Answer, NoAnswer> {
    Ok(Answer { code, text: text.into() })
}

async fn play(check: HealthCheck, answers: Vec<Result<Answer, NoAnswer>>) -> (Result<(), Failure>, Vec<EventKind>) {
    let (sender, mut events) = mpsc::channel(64);
    let channel = Channel::new(sender, Instant::now());
    let redactor = Redactor::new([&SecretText::new("hunter22")]);
    let result = super::check(&Script(Mutex::new(answers.into())), &[check], &channel, &redactor).await;
    drop(channel);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        told.push(event.kind);
    }
    (result, told)
}

#[tokio::test(start_paused = true)]
async fn a_product_that_answers_after_a_while_is_healthy_and_each_answer_is_told_once() {
    let refused = || Err(NoAnswer::Unanswered("connection refused".into()));
    let (result, told) = play(http(), vec![refused(), refused(), says(503, "starting"), says(200, "ok")]).await;
    assert_eq!(result, Ok(()));
    let answers: Vec<_> = told
        .iter()
        .map(|kind| {
            if let EventKind::HealthChecked { healthy, answer, .. } = kind {
                (*healthy, answer.as_str())
            } else {
                panic!()
            }
        })
        .collect();
    assert_eq!(answers, [(false, "connection refused"), (false, "503 starting"), (true, "200 ok")]);
}

#[tokio::test(start_paused = true)]
async fn a_product_that_never_answers_well_fails_with_what_it_said() {
    let (result, _) = play(http(), vec![says(500, "no database hunter22")]).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Deployment);
    assert_eq!(failure.place, "GET http://inngest:http/health");
    assert_eq!(failure.why, ["after 60 s: 500 no database [hidden]"]);
}

#[tokio::test(start_paused = true)]
async fn where_asking_is_forbidden_a_warning_says_so_and_the_run_goes_on() {
    let (result, told) = play(http(), vec![Err(NoAnswer::Forbidden("pods/portforward is forbidden".into()))]).await;
    assert_eq!(result, Ok(()));
    assert!(
        matches!(&told[..], [EventKind::FindingRaised { finding, hopeless: false }] if finding.code == "HEALTH_NOT_CHECKED" && finding.why.contains("forbidden")),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_is_judged_by_its_exit_code() {
    let exec = HealthCheck {
        group: "database".into(),
        probe: Probe::Exec { group: "database".into(), command: vec!["pg_isready".into()] },
        within_seconds: 5,
    };
    assert_eq!(play(exec.clone(), vec![says(2, "no response"), says(0, "accepting")]).await.0, Ok(()));
    assert_eq!(
        play(exec, vec![says(2, "no response")]).await.0.unwrap_err().why,
        ["after 5 s: exit code 2: no response"]
    );
}

#[test]
fn a_script_for_a_shell_is_told_by_its_program() {
    let words = |words: &[&str]| in_short(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
    let script = r#"PGPASSWORD="$POSTGRES_PASSWORD" psql -wXqAt -U "$POSTGRES_USER" -c "$0""#;
    assert_eq!(words(&["sh", "-c", script, "select 1"]), "psql select 1");
    assert_eq!(words(&["redis-cli", "ping"]), "redis-cli ping");
}
