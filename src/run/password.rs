//! Whether the password of a database opens it (cluster.md 5): asked over the network from another pod than the
//! database's own, since local connections are trusted and prove nothing; and mended through the local socket.

mod before;

use std::time::Duration;

use crate::apply::password_statement;
use crate::cli::Shared;
use crate::cluster::lock::{self, LockTiming};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::backup::{Kind, Source};
use crate::plan::restore;
use crate::sanitize::Redactor;

use super::backup::client_unconfirmed;
use super::databases::{Databases, Deed, Lasts};
use super::interactive;
use super::moving::Teller;
pub(super) use before::{Guard, ask, can_be_mended, doubtful, finding};

/// How long the pod of a check may take to run, and lasts at most where nobody ends it.
const CHECK_LASTS: Lasts = Lasts { patience: Duration::from_secs(60), seconds: 15 * 60 };

/// `slipway keys check`: asks every database of a release with its password; with `mend`, one that refuses gets the
/// password of the key Secret back.
///
/// # Errors
/// A password does not open its database, and was not mended; or a database cannot be asked.
pub(super) async fn check(shared: &Shared, release: Option<&str>, mend: bool) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "keys check").await?;
    let teller = Teller::new(shared);
    let mut wrong = Vec::new();
    let mut notes = Vec::new();
    for source in databases.some(Deed::Check)? {
        if !shared.yes && !interactive(shared) {
            return Err(client_unconfirmed(&databases, source));
        }
        teller.tell(EventKind::DataStarted {
            verb: "check".into(),
            what: source.title(),
            place: "its password, from another pod".into(),
            size: None,
        });
        match opens(&databases, source).await? {
            None => {}
            Some(why) if mend => {
                mend_it(shared, &databases, source, &teller).await?;
                if let Some(still) = opens(&databases, source).await? {
                    return Err(refused(&databases, source, &still).state("its password was set, and it refuses still"));
                }
                notes
                    .push(format!("{}: refused ({why}), and was given the password of the key Secret", source.title()));
            }
            Some(why) => {
                wrong.push(refused(&databases, source, &why));
                continue;
            }
        }
        teller.tell(EventKind::DataChecked { what: source.title(), bytes: 0 });
    }
    if let Some(failure) = wrong.into_iter().next() {
        return Err(failure);
    }
    teller.tell(EventKind::DataFinished { verb: "check".into(), place: databases.target.release.clone(), notes });
    Ok(())
}

fn refused(databases: &Databases, source: &Source, why: &str) -> Failure {
    let (release, namespace) = (&databases.target.release, &databases.target.namespace);
    let failure = Failure::new(
        FailureKind::Refused,
        format!("the password does not open {} (DATABASE_PASSWORD)", source.title()),
    )
    .place(format!("namespace {namespace} in {}", databases.target.server))
    .why(why.to_string())
    .state(NOTHING_WRITTEN);
    if databases.is_outside(source) || source.kind != Kind::Postgresql {
        return failure.hint("give the password that the server knows: slipway install --set, with the same answers");
    }
    failure.why("the volume was initialised with another password").hint(format!(
        "give the database the password of the key Secret: slipway keys check {release} -n {namespace} --mend --yes"
    ))
}

/// Why a database refuses its password; `None` where it opens.
async fn opens(databases: &Databases, source: &Source) -> Result<Option<String>, Failure> {
    let opened = databases.client(source, CHECK_LASTS).await?;
    let what = format!("{} refuses", source.title());
    let answered = opened.door.ask(&databases.cluster, &source.size(false), &what).await;
    opened.close().await;
    match answered {
        Ok(said) if said.contains("WRONGPASS") || said.contains("NOAUTH") => Ok(Some(said)),
        Ok(_) => Ok(None),
        Err(failure) => {
            let why = failure.why.join("; ");
            let password = ["password authentication failed", "no password supplied", "WRONGPASS", "NOAUTH"];
            if password.iter().any(|sign| why.contains(sign)) { Ok(Some(why)) } else { Err(failure) }
        }
    }
}

/// `ALTER ROLE` through the local socket, with the password that the product's Secret holds; under the release's lock, so
/// that no other run changes that password meanwhile.
async fn mend_it(shared: &Shared, databases: &Databases, source: &Source, teller: &Teller) -> Result<(), Failure> {
    if source.kind != Kind::Postgresql || databases.is_outside(source) {
        return Err(refused(databases, source, "it can be mended by its operator only"));
    }
    let (cluster, target) = (&databases.cluster, &databases.target);
    let take_over = shared.take_over.as_deref();
    let lock = lock::take(cluster, target, take_over, LockTiming::default(), &|kind| teller.tell(kind)).await?;
    let set = set_password(databases, source, &|| lock.check()).await;
    lock.release().await;
    set
}

/// The same under a lock that is held; `may_write` asks it.
async fn set_password(
    databases: &Databases,
    source: &Source,
    may_write: &(dyn Fn() -> Result<(), Failure> + Sync),
) -> Result<(), Failure> {
    let Some(at) = source.password.as_ref() else {
        return Err(refused(databases, source, "its product does not say where its password is"));
    };
    let (cluster, target) = (&databases.cluster, &databases.target);
    let mut values = cluster.secret_values(&target.namespace, &at.secret).await?;
    let password = values.remove(&at.key).ok_or_else(|| {
        Failure::new(FailureKind::Refused, format!("the Secret {} has no {}", at.secret, at.key)).state(NOTHING_WRITTEN)
    })?;
    let door = databases.within(source).await?;
    let sql = password_statement(&source.user, &password);
    let command = restore::sql(source, true, &source.database, sql.expose().len());
    may_write()?;
    let done = door.ask_with(cluster, &command, sql.expose().as_bytes(), "the password could not be set").await;
    done.map(drop).map_err(|failure| hidden(failure, &Redactor::new([&password, &sql])))
}

/// What a server says of a statement may repeat it.
fn hidden(failure: Failure, redactor: &Redactor) -> Failure {
    Failure { why: failure.why.iter().map(|why| redactor.hide(why)).collect(), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretText;

    #[test]
    fn what_the_server_says_of_the_statement_tells_neither_password_nor_verifier() {
        for word in ["hunter22", "h\u{fc}nter22"] {
            let password = SecretText::new(word);
            let sql = password_statement("inngest", &password);
            let verifier = sql.expose().split('\'').nth(1).unwrap().to_string();
            let said = format!("ERROR: near {word}\nLINE 2: {}", sql.expose());
            let failure = Failure::new(FailureKind::Deployment, "the password could not be set").why(said);
            let shown = hidden(failure, &Redactor::new([&password, &sql])).to_string();
            assert!(!shown.contains(word) && !shown.contains(&verifier) && shown.contains("ERROR"), "{shown}");
        }
    }
}
