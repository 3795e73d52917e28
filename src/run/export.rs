//! `slipway export`: a release as plain manifests, and handing it over to what applies them.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use serde_json::Value;

use crate::apply::hand_over;
use crate::cli::{Output, Shared};
use crate::cluster::record::{Outcome, Revision};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::Verb;
use crate::plan::export::{export, secrets};

use super::releases::Release;
use super::render::yaml;
use super::{apply, attach, passphrase, print};

/// In the place of where a passphrase is: it is asked on the terminal.
const ASK: &str = "ask";

/// What the command line says beside the release.
pub(super) struct Wishes {
    /// Where the files go; without it everything but secrets is printed.
    pub(super) to: Option<PathBuf>,
    /// Public keys of age that the Secrets are encrypted for.
    pub(super) recipients: Vec<String>,
    /// Where the passphrase is that they are encrypted with.
    pub(super) passphrase: Option<String>,
    /// The objects are given up.
    pub(super) hand_over: bool,
}

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, wishes: &Wishes) -> Result<(), Failure> {
    let recipients = recipients(&wishes.recipients)?;
    let sealed = !recipients.is_empty() || wishes.passphrase.is_some();
    if wishes.to.is_none() && sealed {
        return Err(Failure::new(FailureKind::Usage, "encrypted Secrets need a folder")
            .state(NOTHING_WRITTEN)
            .hint("name one: --to DIR"));
    }
    if wishes.hand_over && !shared.yes {
        return Err(Failure::new(FailureKind::Refused, "nobody said yes")
            .why("after --hand-over slipway writes the release no more: no upgrade, no rollback, no uninstall")
            .state(NOTHING_WRITTEN)
            .hint("export it first without --hand-over, then: slipway export --hand-over --yes"));
    }
    let Release { cluster, target, revisions } = Release::find(shared, release, "export").await?;
    let revision = standing(&revisions).ok_or_else(|| {
        Failure::new(FailureKind::Refused, format!("{} was never deployed", target.release))
            .place(format!("namespace {} in {}", target.namespace, target.server))
            .why("what is recorded is not what is there")
            .state(NOTHING_WRITTEN)
            .hint(format!("bring it to its end first: slipway attach {} -n {}", target.release, target.namespace))
    })?;
    // Asked before anything is written.
    let passphrase = match wishes.passphrase.as_deref() {
        None => None,
        Some(ASK) => Some(passphrase::get(shared, None, true)?),
        given => Some(passphrase::get(shared, given, true)?),
    };
    let exported = export(&revision.plan, &|object| revision.progress.hashes.get(&object.id()).cloned());
    if wishes.hand_over && wishes.to.is_none() {
        let mut plan = revision.plan.clone();
        plan.target = target.clone();
        let given = hand_over(&cluster, &plan, &apply::options(shared)?).await?;
        return print(&format!(
            "{} is handed over: {given} objects were given up, and slipway writes it no more.\n",
            target.release
        ));
    }
    let Some(folder) = &wishes.to else {
        let all: Vec<Value> = exported.objects.into_iter().chain(exported.stubs).collect();
        return match shared.output {
            Output::Json => print(&format!("{}\n", Value::Array(all))),
            Output::Text => print(&documents(&all)?),
        };
    };
    std::fs::create_dir_all(folder).map_err(|error| unwritten(folder, error))?;
    let mut files = vec![write(folder, "manifests.yaml", documents(&exported.objects)?.as_bytes())?];
    if !sealed {
        files.push(write(folder, "external-secrets.yaml", documents(&exported.stubs)?.as_bytes())?);
    } else {
        let values = attach::secrets(&cluster, &revision.plan).await??;
        let text = zeroize::Zeroizing::new(documents(&secrets(&revision.plan, &values))?);
        let bytes = match &passphrase {
            Some(passphrase) => passphrase::seal(text.as_bytes(), passphrase)?,
            None => seal(text.as_bytes(), &recipients)?,
        };
        files.push(write(folder, "secrets.yaml.age", &bytes)?);
    }
    let mut text = files.iter().map(|file| format!("{}\n", file.display())).collect::<String>();
    if wishes.hand_over {
        let mut plan = revision.plan.clone();
        plan.target = target.clone();
        let given = hand_over(&cluster, &plan, &apply::options(shared)?).await?;
        text.push_str(&format!("{} is handed over: {given} objects were given up.\n", target.release));
    }
    print(&text)
}

/// The revision that tells what is there: the newest that was deployed.
fn standing(revisions: &[Revision]) -> Option<&Revision> {
    revisions.iter().find(|one| one.progress.outcome == Outcome::Deployed && one.plan.verb != Verb::Uninstall)
}

fn documents(all: &[Value]) -> Result<String, Failure> {
    let mut text = String::new();
    for document in all {
        text.push_str("---\n");
        text.push_str(&yaml(document)?);
    }
    Ok(text)
}

/// Writes a file that only its owner may read; one that is there is replaced.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    match opened.and_then(|mut file| file.write_all(bytes)) {
        Ok(()) => Ok(path),
        Err(error) => Err(unwritten(&path, error)),
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(FailureKind::Usage, format!("cannot write {}", path.display()))
        .why(error.to_string())
        .state(NOTHING_WRITTEN)
        .hint("name a folder that you may write to: --to DIR")
}

fn recipients(given: &[String]) -> Result<Vec<age::x25519::Recipient>, Failure> {
    let read = given.iter().map(|one| {
        age::x25519::Recipient::from_str(one).map_err(|why| {
            Failure::new(
                FailureKind::Usage,
                format!("--recipient {} is no public key of age", crate::sanitize::line(one)),
            )
            .why(why.to_string())
            .state(NOTHING_WRITTEN)
            .hint("it begins with age1; age-keygen makes one")
        })
    });
    read.collect()
}

/// Encrypts for every recipient.
fn seal(bytes: &[u8], recipients: &[age::x25519::Recipient]) -> Result<Vec<u8>, Failure> {
    let bug =
        |why: String| Failure::new(FailureKind::Bug, "the Secrets cannot be encrypted").why(why).state(NOTHING_WRITTEN);
    let all = recipients.iter().map(|one| one as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(all).map_err(|error| bug(error.to_string()))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| bug(error.to_string()))?;
    writer.write_all(bytes).map_err(|error| bug(error.to_string()))?;
    writer.finish().map_err(|error| bug(error.to_string()))?;
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_sealed_for_a_recipient_is_opened_by_it_alone() {
        let identity = age::x25519::Identity::generate();
        let sealed = seal(b"hunter2", &[identity.to_public()]).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        let open = |identity: &age::x25519::Identity| {
            let reader =
                age::Decryptor::new(&sealed[..]).unwrap().decrypt(std::iter::once(identity as &dyn age::Identity));
            reader.map(|mut reader| {
                let mut text = String::new();
                reader.read_to_string(&mut text).unwrap();
                text
            })
        };
        assert_eq!(open(&identity).ok().as_deref(), Some("hunter2"));
        assert!(open(&age::x25519::Identity::generate()).is_err());
        assert!(recipients(&["age1nonsense".into()]).is_err());
    }
}
