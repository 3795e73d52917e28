//! The keys of a run: found or made once, and the values that Secrets are composed from (cluster.md 3).

use std::collections::BTreeMap;

use super::compose::Making;
use super::run::Run;
use super::survey::Kept;
use crate::cluster::keys::{self, Keys};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::secret::{SecretRef, SecretText, Secrets};

/// The secrets of a run as the objects need them.
pub(super) struct Values {
    pub(super) by_key: BTreeMap<String, SecretText>,
    pub(super) existing: BTreeMap<SecretRef, SecretText>,
    pub(super) salt: SecretText,
}

impl Run<'_> {
    pub(super) fn making<'b>(&'b self, values: &'b Values) -> Making<'b> {
        Making { target: &self.plan.target, values: &values.by_key, existing: &values.existing }
    }

    /// Out of what was answered, the generation that the plan means where it is there, and the one before it.
    pub(super) fn values(&self, secrets: &Secrets, keys: Option<&Keys>, earlier: Option<&Keys>) -> Values {
        let (mut by_key, mut existing) = (BTreeMap::new(), BTreeMap::new());
        for (path, secret) in &secrets.0 {
            let Some(value) = &secret.value else { continue };
            match &secret.at {
                SecretRef::Keys { key, .. } => drop(by_key.insert(key.clone(), value.clone())),
                at @ SecretRef::Existing { .. } => {
                    existing.insert(at.clone(), value.clone());
                    by_key.insert(path.clone(), value.clone());
                }
            }
        }
        let salt = match (keys, earlier) {
            (Some(keys), _) => {
                by_key.extend(keys.values.clone());
                keys.salt.clone()
            }
            (None, Some(earlier)) => {
                // What was answered counts: it may be what the new generation is made for.
                for (path, value) in &earlier.values {
                    by_key.entry(path.clone()).or_insert_with(|| value.clone());
                }
                earlier.salt.clone()
            }
            (None, None) => match by_key.get(keys::SALT) {
                Some(salt) => salt.clone(),
                // Nothing secret is hashed, and there is no key Secret to keep a salt in: the same at every run.
                None if !self.plan.has_secrets() => SecretText::new(self.plan.target.set_id()),
                None => {
                    let salt: [u8; 32] = rand::random();
                    SecretText::new(salt.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
                }
            },
        };
        by_key.insert(keys::SALT.into(), salt.clone());
        Values { by_key, existing, salt }
    }

    pub(super) async fn find_keys(&self) -> Result<Option<Keys>, Failure> {
        keys::read(&self.cluster, &self.plan.target, self.plan.keys.generation.max(1)).await
    }

    /// The generation before one that is not there yet: its values and salt are copied into it (cluster.md 3).
    pub(super) async fn earlier_keys(&self, found: Option<&Keys>) -> Result<Option<Keys>, Failure> {
        match self.plan.keys.generation {
            generation @ 2.. if found.is_none() => {
                if self.plan.target.pact.leaves_key(&self.plan.target.key_secret_name(generation - 1)) {
                    return Ok(None);
                }
                let earlier = keys::read(&self.cluster, &self.plan.target, generation - 1).await?;
                earlier.map(Some).ok_or_else(|| keys::gone(&self.plan.target, generation - 1))
            }
            _ => Ok(None),
        }
    }

    /// Data on record but the key missing is an error, never a new key (cluster.md 3).
    pub(super) fn keys_must_be_there(&self, kept: &Kept, found: Option<&Keys>) -> Result<(), Failure> {
        let plan = &self.plan.keys;
        if found.is_some() || plan.entries.is_empty() {
            return Ok(());
        }
        let deployed = kept.revisions.iter().find(|revision| {
            revision.plan.keys.generation.max(1) == plan.generation.max(1)
                && revision.progress.written.iter().any(|(_, written)| !written.uid.is_empty())
        });
        if !plan.exists && deployed.is_none() {
            return Ok(());
        }
        Err(keys::gone(&self.plan.target, plan.generation.max(1)))
    }

    pub(super) async fn make_keys(
        &self,
        found: Option<Keys>,
        earlier: Option<&Keys>,
        values: &Values,
    ) -> Result<(Option<Keys>, bool), Failure> {
        let plan = &self.plan.keys;
        if !self.plan.has_secrets() {
            return Ok((found, false));
        }
        let names = |keys: &Keys| (keys.secret.clone(), keys.values.keys().cloned().collect());
        let keys = match found {
            Some(keys) => keys,
            None => {
                // Complete: also what nobody is asked about at the moment, since kept data may be opened by it.
                let mut wanted = earlier.map(|earlier| earlier.values.clone()).unwrap_or_default();
                for entry in &plan.entries {
                    let value = values.by_key.get(&entry.path).ok_or_else(|| {
                        Failure::new(FailureKind::Invalid, format!("there is no value for the key {}", entry.path))
                            .state(NOTHING_WRITTEN)
                    })?;
                    wanted.insert(entry.path.clone(), value.clone());
                }
                let mut opens: Vec<String> = plan.entries.iter().flat_map(|entry| entry.opens.clone()).collect();
                opens.extend(earlier.iter().flat_map(|earlier| earlier.opens.clone()));
                opens.sort();
                opens.dedup();
                self.may_write()?;
                let generation = plan.generation.max(1);
                let (keys, made) =
                    keys::make(&self.cluster, &self.plan.target, generation, &wanted, &values.salt, &opens).await?;
                if made {
                    let (secret, keys_made) = names(&keys);
                    self.tell.all(EventKind::KeysMade { secret, keys: keys_made }).await;
                    return self.complete(keys).map(|keys| (Some(keys), true));
                }
                keys
            }
        };
        let (secret, keys_found) = names(&keys);
        self.tell.all(EventKind::KeysFound { secret, keys: keys_found }).await;
        self.complete(keys).map(|keys| (Some(keys), false))
    }

    /// A generation is complete; one that lacks an entry is not the one that the plan means.
    pub(super) fn complete(&self, keys: Keys) -> Result<Keys, Failure> {
        let missing: Vec<&str> = self
            .plan
            .keys
            .entries
            .iter()
            .map(|entry| entry.path.as_str())
            .filter(|path| !keys.values.contains_key(*path))
            .collect();
        if missing.is_empty() {
            return Ok(keys);
        }
        Err(Failure::new(FailureKind::Refused, format!("the key Secret {} has no {}", keys.secret, missing.join(", ")))
            .why("a key Secret is never changed; a new key needs a new generation of it")
            .hint("run the same command again, so that it is planned anew"))
    }
}
