//! A passphrase, asked twice and hidden or taken from where a flag says, and files that it seals (age, so that any other
//! program that reads age opens them).

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::answers::view::SecretInput;
use crate::cli::Shared;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::secret::SecretText;
use crate::view::plain::{GiveBack, LineReader, Prompt, Reply};

/// Shorter ones are guessed.
const SHORTEST: usize = 8;

/// The passphrase out of `--passphrase env:NAME|file:PATH`, else asked on the terminal; of a new file twice.
///
/// # Errors
/// There is none, it is too short for a new file, or what was typed twice differs.
pub(super) fn get(shared: &Shared, given: Option<&str>, new: bool) -> Result<SecretText, Failure> {
    let passphrase = match given {
        Some(given) => read(given)?,
        None if super::interactive(shared) => asked(new)?,
        None => {
            return Err(
                usage("there is no passphrase").hint("give it: --passphrase env:NAME, or --passphrase file:PATH")
            );
        }
    };
    if new && passphrase.expose().chars().count() < SHORTEST {
        return Err(usage("the passphrase is too short")
            .why(format!("whoever gets the file could try every short one; {SHORTEST} characters are the least"))
            .hint("several words with spaces between them are easy to keep"));
    }
    if passphrase.expose().is_empty() {
        return Err(usage("the passphrase is empty"));
    }
    Ok(passphrase)
}

fn usage(what: &str) -> Failure {
    Failure::new(FailureKind::Usage, what).state(NOTHING_WRITTEN)
}

/// A value from `env:NAME` or `file:PATH`; the line end that an editor leaves is not part of it.
///
/// # Errors
/// It is something else, or cannot be read. What was typed may be a secret, and is not repeated.
pub(super) fn read(given: &str) -> Result<SecretText, Failure> {
    let value = match SecretInput::parse(given) {
        Ok(SecretInput::Env(name)) => {
            std::env::var(&name).map_err(|_| usage(&format!("the variable {name} is not set")))?
        }
        Ok(SecretInput::File(path)) => std::fs::read_to_string(&path)
            .map_err(|error| usage(&format!("cannot read the file {path}")).why(error.to_string()))?,
        _ => {
            return Err(usage("a secret is never written on the command line")
                .why("other users of this machine can read it there")
                .hint("write env:NAME or file:PATH in its place"));
        }
    };
    let value = value.strip_suffix('\n').map_or(value.as_str(), |value| value.strip_suffix('\r').unwrap_or(value));
    Ok(SecretText::new(value))
}

fn asked(new: bool) -> Result<SecretText, Failure> {
    let _terminal = GiveBack::on_signals();
    let mut lines = LineReader::on_terminal(std::io::stdin().lock(), std::io::stderr());
    let first = secret(&mut lines, "Passphrase")?;
    if new && secret(&mut lines, "The same again")? != first {
        return Err(usage("the two passphrases differ").hint("run the same command again"));
    }
    Ok(first)
}

fn secret(prompt: &mut dyn Prompt, asked: &str) -> Result<SecretText, Failure> {
    match prompt.secret(asked) {
        Ok(Reply::Said(said)) => Ok(said),
        Ok(Reply::Command(_) | Reply::Ended) => Err(usage("no passphrase was typed")),
        Ok(Reply::Interrupted) => {
            Err(Failure::new(FailureKind::Interrupted, "stopped by Ctrl-C").state(NOTHING_WRITTEN))
        }
        Err(error) => Err(usage("the terminal cannot be read").why(error.to_string())),
    }
}

/// Seals bytes with a passphrase.
///
/// # Errors
/// Never in practice: memory is written to.
pub(super) fn seal(bytes: &[u8], passphrase: &SecretText) -> Result<Vec<u8>, Failure> {
    let bug =
        |why: String| Failure::new(FailureKind::Bug, "the file cannot be encrypted").why(why).state(NOTHING_WRITTEN);
    let encryptor = age::Encryptor::with_user_passphrase(passphrase.expose().to_string().into());
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| bug(error.to_string()))?;
    writer.write_all(bytes).map_err(|error| bug(error.to_string()))?;
    writer.finish().map_err(|error| bug(error.to_string()))?;
    Ok(sealed)
}

/// Opens what was sealed.
///
/// # Errors
/// It is no such file, is damaged, or the passphrase is another one.
pub(super) fn open(path: &Path, passphrase: &SecretText) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    let sealed = std::fs::read(path)
        .map_err(|error| usage(&format!("cannot read {}", path.display())).why(error.to_string()))?;
    let refused = |why: &str| {
        Failure::new(FailureKind::Refused, format!("{} cannot be opened", path.display()))
            .why(why)
            .state(NOTHING_WRITTEN)
    };
    let damaged = "it is damaged, or no file that slipway keys export wrote";
    let decryptor = age::Decryptor::new(&sealed[..]).map_err(|_| refused(damaged))?;
    if !decryptor.is_scrypt() {
        return Err(refused("it is sealed for a key, not with a passphrase"));
    }
    let identity = age::scrypt::Identity::new(passphrase.expose().to_string().into());
    let mut reader =
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|error| match error {
            age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
                refused("the passphrase is another one").hint("run the same command again with the right one")
            }
            age::DecryptError::ExcessiveWork { .. } => refused("it asks for more work than a file of ours does"),
            _ => refused(damaged),
        })?;
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    reader.read_to_end(&mut bytes).map_err(|_| refused(damaged))?;
    Ok(bytes)
}

/// Writes a new file that only its owner can read; one that is there is never overwritten.
///
/// # Errors
/// It exists, or cannot be written.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let failure = usage(&format!("cannot write {}", path.display()));
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            failure.why("it exists already, and is not overwritten").hint("name another file: --to FILE")
        } else {
            failure.why(error.to_string())
        }
    };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a file would look like a copy of the keys.
        let _removed = std::fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_alone_and_is_only_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let passphrase = SecretText::new("correct horse battery");
        let sealed = seal(b"hunter2 hunter2", &passphrase).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        write_new(&path, &sealed).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(&path, &passphrase).unwrap().as_slice(), b"hunter2 hunter2");
        let wrong = open(&path, &SecretText::new("another one")).unwrap_err();
        assert!(wrong.why[0].contains("another one"), "{wrong}");
        let again = write_new(&path, b"x").unwrap_err();
        assert!(again.to_string().contains("not overwritten"), "{again}");
        let cut = folder.path().join("cut.age");
        std::fs::write(&cut, &sealed[..sealed.len() - 3]).unwrap();
        assert!(open(&cut, &passphrase).unwrap_err().why[0].contains("damaged"));
    }

    #[test]
    fn a_value_on_the_command_line_is_refused_and_not_repeated() {
        let refused = read("hunter2").unwrap_err();
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}
