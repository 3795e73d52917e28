//! What becomes of volumes and keys that an earlier install left (cluster.md 5 "Pact of volume and key"). A volume and the
//! key that opens it go together: deciding about one decides about the other, and no word wipes what was not named.

use std::collections::{BTreeMap, BTreeSet};

use super::uninstall::without_values;
use super::{Action, Class, Plan, Step, Wanted};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::facts::{ClaimFacts, Existing, Fate, NamespaceFacts, Pact, SecretKeys, generation};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};

/// What an earlier install of a release left in its namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Its claims.
    pub claims: Vec<ClaimFacts>,
    /// Its key Secrets, as far as they may be listed.
    pub keys: Vec<SecretKeys>,
    /// Names of all claims of the namespace: a new one takes another.
    taken: BTreeSet<String>,
}

impl Left {
    /// Out of what is known of the namespace.
    pub fn of(facts: &NamespaceFacts, release: &str) -> Self {
        let all = facts.claims.known().into_iter().flatten();
        let claims = all.clone().filter(|claim| claim.release == release).cloned().collect();
        let keys = facts.secrets.known().into_iter().flatten().filter(|secret| secret.release == release);
        Self { claims, keys: keys.cloned().collect(), taken: all.map(|claim| claim.name.clone()).collect() }
    }

    /// Nothing is there.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.keys.is_empty()
    }

    /// Names of everything, keys last.
    pub fn names(&self) -> Vec<&str> {
        let claims = self.claims.iter().map(|claim| claim.name.as_str());
        claims.chain(self.keys.iter().map(|key| key.name.as_str())).collect()
    }

    /// The key Secrets that open a claim, those that are gone too.
    fn openers<'a>(&'a self, claim: &'a ClaimFacts) -> BTreeSet<&'a str> {
        let named = claim.opened_by.split(',').map(|one| one.split('/').next().unwrap_or("").trim());
        let named: BTreeSet<&str> = named.filter(|name| !name.is_empty()).collect();
        if !named.is_empty() {
            return named;
        }
        self.keys.iter().filter(|key| key.opens.contains(&claim.name)).map(|key| key.name.as_str()).collect()
    }

    fn opened<'a>(&'a self, key: &'a SecretKeys) -> impl Iterator<Item = &'a ClaimFacts> {
        self.claims.iter().filter(|claim| {
            self.openers(claim).contains(key.name.as_str())
                || (key.opens.contains(&claim.name) && generation(&key.name).is_some())
        })
    }

    /// A name for the claim that comes instead of one that is set aside.
    fn instead(&self, name: &str) -> String {
        (2..).map(|number| format!("{name}-{number}")).find(|name| !self.taken.contains(name)).unwrap_or_default()
    }
}

/// Reads `NAME=use|aside|wipe`, several of them.
///
/// # Errors
/// One that is not written so.
pub fn read(said: &[String]) -> Result<BTreeMap<String, Fate>, Failure> {
    let mut read = BTreeMap::new();
    for one in said {
        let fate = one.split_once('=').and_then(|(name, fate)| {
            let fate = [Fate::Use, Fate::Aside, Fate::Wipe].into_iter().find(|known| known.word() == fate.trim())?;
            Some((name.trim(), fate)).filter(|(name, _)| !name.is_empty())
        });
        let Some((name, fate)) = fate else {
            return Err(Failure::new(FailureKind::Usage, format!("--existing {one} is not understood"))
                .state(NOTHING_WRITTEN)
                .hint("write --existing NAME=use, NAME=aside or NAME=wipe, where NAME is a claim or a key Secret"));
        };
        if read.insert(name.to_string(), fate).is_some_and(|before| before != fate) {
            return Err(Failure::new(FailureKind::Usage, format!("--existing says two things of {name}"))
                .state(NOTHING_WRITTEN)
                .hint("say one of them"));
        }
    }
    Ok(read)
}

/// What was said, spread over what belongs together. What nobody said a word about is not in the pact; the preflight tells
/// it and stops.
///
/// # Errors
/// A name that is not there (2), and what contradicts itself: a volume without the key that opens it (6).
pub fn settle(left: &Left, said: &BTreeMap<String, Fate>) -> Result<Pact, Failure> {
    let names = left.names();
    if let Some(unknown) = said.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(not_there(unknown, &names));
    }
    let mut fates = said.clone();
    for claim in left.claims.iter().filter(|claim| !said.contains_key(&claim.name)) {
        let by_key = left.openers(claim).into_iter().find_map(|opener| said.get(opener));
        if let Some(fate) = by_key {
            fates.insert(claim.name.clone(), *fate);
        }
    }
    for key in left.keys.iter().filter(|key| !said.contains_key(&key.name)) {
        let opened: Vec<Option<Fate>> = left.opened(key).map(|claim| fates.get(&claim.name).copied()).collect();
        let fate = match () {
            () if opened.is_empty() => None,
            () if opened.contains(&Some(Fate::Use)) => Some(Fate::Use),
            () if opened.contains(&None) => None,
            () if opened.contains(&Some(Fate::Aside)) => Some(Fate::Aside),
            // Everything that it opens was named.
            () => Some(Fate::Wipe),
        };
        fates.extend(fate.map(|fate| (key.name.clone(), fate)));
    }
    together(left, &fates)?;
    let claims = left.claims.iter().map(|claim| (false, &claim.name, &claim.uid));
    let keys = left.keys.iter().map(|key| (true, &key.name, &key.uid));
    let decided = claims.chain(keys).filter_map(|(key, name, uid)| {
        let fate = *fates.get(name)?;
        let instead = if !key && fate == Fate::Aside { left.instead(name) } else { String::new() };
        Some((name.clone(), Existing { key, fate, uid: uid.clone(), instead }))
    });
    Ok(Pact(decided.collect()))
}

fn not_there(unknown: &str, names: &[&str]) -> Failure {
    let failure = Failure::new(FailureKind::Usage, format!("no earlier install left {unknown}")).state(NOTHING_WRITTEN);
    match (crate::suggest::nearest(unknown, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => failure.hint(format!("did you mean {near}?")),
        (None, true) => failure.why("nothing of an earlier install is there that would have to be decided about"),
        (None, false) => failure.hint(format!("there is {}", names.join(", "))),
    }
}

/// A volume that stays keeps its key; one that is used needs it.
fn together(left: &Left, fates: &BTreeMap<String, Fate>) -> Result<(), Failure> {
    let refused = |what: String| Failure::new(FailureKind::Refused, what).state(NOTHING_WRITTEN);
    for key in &left.keys {
        let Some(fate) = fates.get(&key.name).filter(|fate| **fate != Fate::Use) else { continue };
        let keeps = |claim: &&ClaimFacts| {
            let of_claim = fates.get(&claim.name);
            let used = of_claim == Some(&Fate::Use) && left.openers(claim).contains(key.name.as_str());
            used || (*fate == Fate::Wipe && of_claim != Some(&Fate::Wipe))
        };
        if let Some(claim) = left.opened(key).find(keeps) {
            let name = &claim.name;
            let what = fates.get(name).map_or("not decided about", |fate| match fate {
                Fate::Use => "used",
                Fate::Aside => "set aside",
                Fate::Wipe => "wiped",
            });
            return Err(refused(format!("{} opens the volume {name}, which is {what}", key.name))
                .why(format!("without its key the data of {name} is lost"))
                .hint(format!("use both: --existing {name}=use"))
                .hint(format!("or give both up: --existing {name}=wipe --existing {}=wipe", key.name)));
        }
    }
    let used: BTreeSet<u32> = left
        .keys
        .iter()
        .filter(|key| fates.get(&key.name) == Some(&Fate::Use))
        .filter_map(|key| generation(&key.name))
        .collect();
    let newer = left.keys.iter().find(|key| {
        fates.get(&key.name).is_some_and(|fate| *fate != Fate::Use)
            && generation(&key.name) > used.last().copied()
            && !used.is_empty()
    });
    match newer {
        Some(newer) => Err(refused(format!("{} is newer than the key Secret that is to be used", newer.name))
            .why("a later generation holds everything that the one before it holds")
            .hint(format!("use it too: --existing {}=use", newer.name))),
        None => Ok(()),
    }
}

/// What of an earlier install has to be read for a plan beside the objects that are rendered.
pub fn ids(pact: &Pact, namespace: &str) -> Vec<ObjectId> {
    let wiped = pact.0.iter().filter(|(_, one)| one.fate == Fate::Wipe);
    wiped
        .map(|(name, one)| ObjectId::new("", if one.key { "Secret" } else { "PersistentVolumeClaim" }, namespace, name))
        .collect()
}

/// Takes what was decided into a plan: what is wiped is made anew where the install needs it, and deleted where it does
/// not, at the end, when everything else stands.
pub(super) fn take_in(plan: &mut Plan, live: &BTreeMap<ObjectId, Object>, pact: &Pact) {
    let namespace = plan.target.namespace.clone();
    let mut gone = Vec::new();
    for id in ids(pact, &namespace) {
        let key = id.kind == "Secret";
        let Some(there) = live.get(&id).filter(|there| pact.wipes(key, &id.name, there.uid())) else { continue };
        let what = if key {
            format!("the keys {} will be gone", id.name)
        } else {
            let size = there.text(&["spec", "resources", "requests", "storage"]);
            format!("the volume {} ({size}) and all its data will be gone", id.name)
        };
        plan.findings.push(
            Finding::new("DATA_DELETED", Severity::Warning, what)
                .why("an earlier install left it, and it was said that it is wiped")
                .at(id.to_string()),
        );
        match plan.steps.iter_mut().find(|step| step.wanted.object.id() == id) {
            Some(step) => {
                step.action = Action::Replace { why: "what an earlier install left in it is wiped".into() };
                plan.findings.retain(|finding| {
                    finding.at != id.to_string()
                        || !matches!(finding.code.as_str(), "CLAIM_SHRINKS" | "IMMUTABLE_FIELD")
                });
            }
            None => gone.push(there),
        }
    }
    if gone.is_empty() {
        return;
    }
    let wave = u32::try_from(plan.waves.len()).unwrap_or(u32::MAX);
    plan.waves.push("what an earlier install left".into());
    plan.steps.extend(gone.into_iter().map(|there| {
        let object = without_values(there);
        let class = Class::of(&object);
        let wanted = Wanted { object, group: "earlier".into(), after: Vec::new(), recipes: BTreeMap::new() };
        Step { wanted, action: Action::Delete, wave, after: Vec::new(), class, one_first: false }
    }));
}

#[cfg(test)]
mod tests;
