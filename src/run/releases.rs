//! Which release is meant, and what its record says: for every verb that is about one that is there.

use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::record::{Revision, Standing};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::{Plan, Target, Verb};

use super::{attach, target};

/// A release that is there.
pub(super) struct Release {
    pub(super) cluster: Cluster,
    pub(super) target: Target,
    /// The newest first; never empty.
    pub(super) revisions: Vec<Revision>,
}

impl Release {
    /// Finds the release that is meant: by its name, else the only one there is.
    ///
    /// # Errors
    /// The cluster cannot be read, none or several could be meant, or its record cannot be understood.
    pub(super) async fn find(shared: &Shared, named: Option<&str>, verb: &str) -> Result<Self, Failure> {
        let cluster = target::cluster(shared, shared.context.as_deref()).await?;
        let all = attach::standing(shared, &cluster).await?;
        Self::of(shared, cluster, &all, named, verb).await
    }

    /// The same out of what was listed already.
    ///
    /// # Errors
    /// As [`Release::find`].
    pub(super) async fn of(
        shared: &Shared,
        cluster: Cluster,
        all: &[Standing],
        named: Option<&str>,
        verb: &str,
    ) -> Result<Self, Failure> {
        let found = choose(all, named.or(shared.release.as_deref()), &attach::place(&cluster), verb)?;
        let target = Target {
            context: cluster.context().to_string(),
            server: cluster.server().to_string(),
            cluster_uid: String::new(),
            practice: cluster.identity().practice,
            namespace: found.namespace.clone(),
            release: found.release.clone(),
            profile: String::new(),
            ..Target::default()
        };
        let revisions = found.revisions()?;
        if revisions.is_empty() {
            return Err(Failure::new(FailureKind::Refused, format!("the record of {} is gone", target.release))
                .place(format!("namespace {} in {}", target.namespace, target.server))
                .why("somebody deleted it, or an uninstall has just ended")
                .state(NOTHING_WRITTEN)
                .hint(format!("build it anew: slipway repair {} -n {}", target.release, target.namespace)));
        }
        Ok(Self { cluster, target, revisions })
    }
}

impl Release {
    /// Finds the release by its name, where a second name may follow; one name alone that no release has is the second.
    ///
    /// # Errors
    /// As [`Release::find`].
    pub(super) async fn with_name(
        shared: &Shared,
        first: Option<&str>,
        second: Option<&str>,
        verb: &str,
    ) -> Result<(Self, Option<String>), Failure> {
        let cluster = target::cluster(shared, shared.context.as_deref()).await?;
        let all = attach::standing(shared, &cluster).await?;
        let is_release = first.is_some_and(|first| all.iter().any(|one| one.release == first));
        let (release, name) = match (first, second) {
            (Some(name), None) if !is_release && !all.is_empty() => (None, Some(name)),
            both => both,
        };
        once(shared, release)?;
        let found = Self::of(shared, cluster, &all, release, verb).await?;
        Ok((found, name.map(str::to_string)))
    }

    /// The plan of what is installed: of the newest revision that is no uninstall.
    pub(super) fn plan(&self) -> &Plan {
        let installs = self.revisions.iter().find(|one| one.plan.verb != Verb::Uninstall);
        &installs.unwrap_or(&self.revisions[0]).plan
    }
}

/// A release is named once: by a word of the command, or by `--name`. The variable speaks for every command, so that a word
/// overrules it.
///
/// # Errors
/// Two names that differ.
pub(super) fn once(shared: &Shared, word: Option<&str>) -> Result<(), Failure> {
    let (Some(word), Some(flag)) = (word, shared.release.as_deref()) else { return Ok(()) };
    if word == flag || std::env::var("SLIPWAY_NAME").is_ok_and(|name| name == flag) {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Usage, format!("two releases are named: {word}, and --name {flag}"))
        .state(NOTHING_WRITTEN)
        .hint("leave one of them out"))
}

/// That nothing bears a name.
pub(super) fn none(release: &str) -> String {
    format!("there is no release {release}")
}

/// A verb with its release. A rotation has the names of keys where the others have that.
fn command(verb: &str, release: &str, namespace: &str) -> String {
    match verb {
        "keys rotate" => format!("slipway {verb} KEY --name {release} -n {namespace}"),
        _ => format!("slipway {verb} {release} -n {namespace}"),
    }
}

fn choose<'a>(all: &'a [Standing], named: Option<&str>, place: &str, verb: &str) -> Result<&'a Standing, Failure> {
    let meant: Vec<&Standing> = all.iter().filter(|one| named.is_none_or(|named| one.release == named)).collect();
    let failure = |what: String| Failure::new(FailureKind::Usage, what).place(place).state(NOTHING_WRITTEN);
    let elsewhere = command(verb, "RELEASE", "NAMESPACE");
    match (&meant[..], named) {
        ([one], _) => Ok(one),
        ([], None) => Err(failure("there is no release here".into()).hint(format!("name its namespace: {elsewhere}"))),
        ([], Some(named)) => {
            let known: Vec<String> = all.iter().map(|one| format!("{} in {}", one.release, one.namespace)).collect();
            let failure = failure(none(named));
            let failure =
                if known.is_empty() { failure } else { failure.why(format!("there is {}", known.join(", "))) };
            Err(failure.hint(format!("name another, or its namespace: {elsewhere}")))
        }
        (several, _) => {
            let failure = failure(format!("{} releases could be meant", several.len()));
            let hint = |one: &&Standing| command(verb, &one.release, &one.namespace);
            Err(several.iter().fold(failure, |failure, one| failure.hint(hint(one))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(release: &str, namespace: &str) -> Standing {
        Standing { release: release.into(), namespace: namespace.into(), ..Standing::default() }
    }

    #[test]
    fn the_only_release_need_not_be_named_and_several_are_told_with_their_commands() {
        let all = [standing("a", "x"), standing("b", "y"), standing("b", "z")];
        assert_eq!(choose(&all[..1], None, "here", "status").unwrap().release, "a");
        assert_eq!(choose(&all, Some("a"), "here", "status").unwrap().namespace, "x");
        let several = choose(&all, Some("b"), "here", "status").unwrap_err();
        assert_eq!(several.hints, ["slipway status b -n y", "slipway status b -n z"]);
        let keys = choose(&all, Some("b"), "here", "keys rotate").unwrap_err();
        assert_eq!(keys.hints, ["slipway keys rotate KEY --name b -n y", "slipway keys rotate KEY --name b -n z"]);
        let unknown = choose(&all, Some("c"), "here", "status").unwrap_err();
        assert!(unknown.why[0].contains("a in x, b in y"), "{unknown:?}");
        assert!(choose(&[], None, "here", "status").unwrap_err().hints[0].contains("-n NAMESPACE"));
    }
}
