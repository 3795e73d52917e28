//! Passwords of logins whose keys changed: set in the server itself, through its pod, before whoever reads the key gets the
//! new one (cluster.md 3 and 5). It is done again by whatever run goes on, since it changes nothing the second time.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::run::Run;
use super::survey::{Item, Kept};
use crate::cluster::FaultKind;
use crate::cluster::keys::{self, Keys};
use crate::cluster::record::Outcome;
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::object::Object;
use crate::plan::Action;
use crate::plan::rotate::Login;
use crate::sanitize::{self, Redactor};
use crate::secret::SecretText;

/// Iterations of a SCRAM verifier: what PostgreSQL itself takes.
const ITERATIONS: u32 = 4096;

/// How long psql may take, and how often it is tried.
const ANSWERS: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 5;

/// A password that its server has to learn.
pub(super) struct Password {
    login: Login,
    path: String,
    value: SecretText,
}

impl Password {
    /// Whether a step is the server's.
    fn is_of(&self, item: &Item<'_>) -> bool {
        item.step.wanted.group == self.login.group
            && item.step.action != Action::Delete
            && item.object.pod_template_path().is_some()
    }
}

impl Run<'_> {
    /// The passwords that the server may not have yet: those with another value in a generation that was in use since the
    /// last run that ended well.
    pub(super) async fn new_passwords(&self, kept: &Kept, keys: Option<&Keys>) -> Result<Vec<Password>, Failure> {
        let Some(keys) = keys.filter(|keys| keys.generation > 1) else { return Ok(Vec::new()) };
        let logins: Vec<(&String, &Login)> = self
            .plan
            .keys
            .rotations
            .iter()
            .filter_map(|(path, rotation)| Some((path, rotation.login.as_ref()?)))
            .collect();
        let good = kept.revisions.iter().find(|revision| revision.progress.outcome == Outcome::Deployed);
        let good = good.map_or(1, |revision| revision.plan.keys.generation.max(1));
        if logins.is_empty() || good >= keys.generation {
            return Ok(Vec::new());
        }
        let mut earlier = Vec::new();
        for generation in good..keys.generation {
            earlier.extend(keys::read(&self.cluster, &self.plan.target, generation).await?);
        }
        let differs = |path: &str, value: &SecretText| {
            earlier.iter().any(|keys| keys.values.get(path).is_some_and(|other| other != value))
        };
        let changed = logins.into_iter().filter_map(|(path, login)| {
            let value = keys.values.get(path).filter(|value| differs(path, value))?;
            Some(Password { login: login.clone(), path: path.clone(), value: value.clone() })
        });
        Ok(changed.collect())
    }

    /// The steps of a wave: those of servers that have to learn a password by themselves, then the others.
    pub(super) async fn servers_first<'i, 'p>(&self, items: &[&'i Item<'p>]) -> Vec<Vec<&'i Item<'p>>> {
        let open = self.passwords.lock().await;
        let (servers, others): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| open.iter().any(|password| password.is_of(item)));
        [servers, others].into_iter().filter(|part| !part.is_empty()).collect()
    }

    /// Sets the passwords whose servers were in `part`, the last of them; `all` are the steps of the run.
    pub(super) async fn set_passwords(&self, all: &[Item<'_>], part: &[&Item<'_>], wave: u32) -> Result<(), Failure> {
        let mut open = self.passwords.lock().await;
        let mut later = Vec::new();
        for password in open.drain(..) {
            let server = part.iter().find(|item| password.is_of(item));
            let last = !all.iter().any(|item| password.is_of(item) && item.step.wave > wave);
            match server.filter(|_| last) {
                Some(server) => self.set_password(&password, server).await?,
                None => later.push(password),
            }
        }
        *open = later;
        Ok(())
    }

    async fn set_password(&self, password: &Password, server: &Item<'_>) -> Result<(), Failure> {
        let Login { group, user, database } = &password.login;
        self.until_ready(std::slice::from_ref(&server.id)).await?;
        self.may_write()?;
        let failed = |why: String| {
            Failure::new(FailureKind::Deployment, format!("the password of {user} cannot be changed in {group}"))
                .place(server.id.to_string())
                .why(why)
                .state("the new password is kept in the key Secret; what reads it was not restarted yet")
                .hint("mend it, then run the same command again: it goes on from here")
        };
        let pod = self.ready_pod(server).await?;
        let pod = pod.ok_or_else(|| failed("no pod of it is ready".into()))?;
        let container = server.object.pod_spec().and_then(|spec| spec.pointer("/containers/0/name")?.as_str());
        let command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database];
        let command: Vec<String> = command.iter().map(ToString::to_string).collect();
        let sql = password_statement(user, &password.value);
        let (namespace, container) = (&server.id.namespace, container.unwrap_or_default());
        let mut attempt = 0;
        let ended = loop {
            attempt += 1;
            let ran = self.cluster.exec(namespace, &pod, container, &command, sql.expose().as_bytes());
            let why = match tokio::time::timeout(ANSWERS, ran).await {
                Ok(Ok(ended)) => break ended,
                // It may have been done: doing it again changes nothing.
                Ok(Err(fault)) if attempt < ATTEMPTS && passes(&fault.kind) => fault.message,
                Ok(Err(fault)) => return Err(self.not_set(&password.login, fault.into())),
                Err(_) if attempt < ATTEMPTS => format!("no answer after {} s", ANSWERS.as_secs()),
                Err(_) => return Err(failed(format!("psql does not answer within {} s", ANSWERS.as_secs()))),
            };
            let wait = Duration::from_millis(500) * attempt;
            let (what, millis) = (format!("change the password of {user}"), 500 * u64::from(attempt));
            self.tell.all(EventKind::RequestRetried { what, why, attempt, wait: millis }).await;
            tokio::time::sleep(wait).await;
            self.may_write()?;
        };
        if ended.code != 0 {
            let redactor = Redactor::new([&password.value, &sql]);
            let said = redactor.hide(&String::from_utf8_lossy(&ended.errors));
            return Err(failed(format!("psql ended with {}: {}", ended.code, sanitize::line(said.trim()))));
        }
        tracing::info!(key = password.path, group, "the password was set");
        self.tell.all(EventKind::PasswordSet { group: group.clone(), user: user.clone() }).await;
        Ok(())
    }

    fn not_set(&self, login: &Login, failure: Failure) -> Failure {
        let Login { group, user, .. } = login;
        let what = format!("the password of {user} cannot be changed in {group}");
        let state = "the new password is kept in the key Secret; what reads it was not restarted yet";
        let failure = Failure { what, why: [vec![failure.what], failure.why].concat(), ..failure };
        failure.state(state).hint("with the right for it (create on pods/exec) the same command goes on from here")
    }

    /// A ready pod of a workload.
    async fn ready_pod(&self, server: &Item<'_>) -> Result<Option<String>, Failure> {
        let labels = server.object.at(&["spec", "selector", "matchLabels"]).and_then(serde_json::Value::as_object);
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
        let selector = labels.collect::<Vec<_>>().join(",");
        let pods = self.cluster.list("", "Pod", &server.id.namespace, &selector).await?.objects;
        let is_ready = |pod: &Object| {
            let conditions = pod.list(&["status", "conditions"]);
            pod.at(&["metadata", "deletionTimestamp"]).is_none()
                && conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        Ok(pods.iter().find(|pod| is_ready(pod)).map(|pod| pod.name().to_string()))
    }
}

/// Whether a fault may pass by itself.
fn passes(kind: &FaultKind) -> bool {
    use FaultKind::{Changed, Expired, Nonsense, Server, TimedOut, TooMany, Unreachable, WebhookDown};
    matches!(kind, Changed | Expired | Nonsense | Server | TimedOut | TooMany | Unreachable | WebhookDown)
}

/// The statement that sets a password: by its verifier, so that the password is in no log of the server.
pub fn password_statement(user: &str, password: &SecretText) -> SecretText {
    let role = user.replace('"', "\"\"");
    let value = if password.expose().is_ascii() {
        verifier(password, &rand::random::<[u8; 16]>())
    } else {
        // Other letters would have to be prepared (RFC 4013) as the server does it.
        password.expose().replace('\'', "''")
    };
    SecretText::new(format!("SET standard_conforming_strings = on;\nALTER ROLE \"{role}\" PASSWORD '{value}';\n"))
}

/// A SCRAM-SHA-256 verifier in PostgreSQL's form (RFC 5803).
fn verifier(password: &SecretText, salt: &[u8]) -> String {
    let mut block = salt.to_vec();
    block.extend(1u32.to_be_bytes());
    let mut round = mac(password.expose().as_bytes(), &block);
    let mut salted = round;
    for _ in 1..ITERATIONS {
        round = mac(password.expose().as_bytes(), &round);
        salted.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
    }
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    let server = mac(&salted, b"Server Key");
    let text = |bytes: &[u8]| BASE64.encode(bytes);
    format!("SCRAM-SHA-256${ITERATIONS}:{}${}:{}", text(salt), text(&stored), text(&server))
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so that this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3: the server's signature there is made with its server key.
    #[test]
    fn the_verifier_is_that_of_the_standard() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let made = verifier(&SecretText::new("pencil"), &salt);
        let (_, keys) = made.rsplit_once('$').unwrap();
        let (stored, server) = keys.split_once(':').unwrap();
        let (stored, server) = (BASE64.decode(stored).unwrap(), BASE64.decode(server).unwrap());
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let said =
            format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}");
        assert_eq!(BASE64.encode(mac(&server, said.as_bytes())), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let signature = mac(&stored, said.as_bytes());
        let proof = BASE64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let key: Vec<u8> = proof.iter().zip(signature).map(|(proof, byte)| proof ^ byte).collect();
        assert_eq!(Sha256::digest(key).as_slice(), stored);
    }

    #[test]
    fn no_name_or_password_leaves_its_quotes() {
        let sql = password_statement("a\"b", &SecretText::new("pé'; DROP ROLE x; --"));
        assert!(sql.expose().contains("ALTER ROLE \"a\"\"b\" PASSWORD 'pé''; DROP ROLE x; --'"), "{}", sql.expose());
        assert!(!password_statement("a", &SecretText::new("hunter22")).expose().contains("hunter22"));
    }
}
