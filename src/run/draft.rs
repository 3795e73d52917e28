//! Drafts on disk: a file for each product and context in the user's state folder, which nobody else may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::answers::draft::Draft;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::product::schema::Product;
use crate::view::draft::{Offer, not_kept};
use crate::view::progress::seconds;
use crate::view::way::{Part, Way};

/// The drafts of this user.
pub(super) struct Drafts {
    folder: PathBuf,
}

/// A draft that was found, and where.
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) offer: Offer,
}

impl Drafts {
    /// In the state folder; none where there is no such folder.
    pub(super) fn of_user() -> Option<Self> {
        super::log::state_folder().map(|folder| Self { folder: folder.join("drafts") })
    }

    /// One for each product and context: another one of the same takes its place.
    fn path(&self, draft: &Draft) -> PathBuf {
        let cluster = if draft.practice { "practice".to_string() } else { format!("context {}", draft.context) };
        let hash = Sha256::digest(cluster.as_bytes());
        let tail: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let product = if draft.product.is_empty() { "any" } else { &draft.product };
        self.folder.join(format!("{product}-{tail}.json"))
    }

    /// Writes one; says where it is and what is not in it.
    ///
    /// # Errors
    /// Nothing was decided, or it cannot be written; what was there is then as it was.
    pub(super) fn keep(&self, draft: &Draft) -> Result<String, Failure> {
        if !draft.holds_something() {
            return Err(Failure::new(FailureKind::Refused, "nothing is decided yet: there is nothing to keep"));
        }
        let path = self.path(draft);
        let text = draft.write().map_err(|why| unwritable(&path, &why))?;
        write(&path, &text).map_err(|error| unwritable(&path, &error.to_string()))?;
        let left_out = Some(not_kept(draft)).filter(|text| !text.is_empty()).map(|text| format!("; {text}"));
        Ok(format!("a draft is in {}{}", path.display(), left_out.unwrap_or_default()))
    }

    /// The newest one that what was given beforehand does not contradict.
    pub(super) fn find(&self, way: &Way, product: impl Fn(&str) -> Option<Product>) -> Option<Found> {
        let mut newest: Option<(Timestamp, Found)> = None;
        for entry in fs::read_dir(&self.folder).ok()?.flatten() {
            let path = entry.path();
            let written = entry.metadata().ok().and_then(|about| about.modified().ok());
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let (made, draft) = match Draft::read(&text) {
                Ok(draft) if !is_meant(&draft, way) => continue,
                Ok(draft) => {
                    let known = Some(draft.product.as_str()).filter(|name| !name.is_empty()).and_then(&product);
                    (draft.made, draft.fits(known.as_ref()).map(|()| draft))
                }
                // What cannot be read says no more than its name.
                Err(why) if may_be_meant(&path, way) => {
                    let made = written.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
                    (made, Err(why))
                }
                Err(_) => continue,
            };
            if newest.as_ref().is_none_or(|(known, _)| made > *known) {
                let offer = Offer { when: when(made, Timestamp::now(), &TimeZone::system()), draft };
                newest = Some((made, Found { path, offer }));
            }
        }
        newest.map(|(_, found)| found)
    }

    /// What was installed needs its draft no more.
    pub(super) fn finished(&self, done: &Draft) {
        let path = self.path(done);
        let same = fs::read_to_string(&path).ok().and_then(|text| Draft::read(&text).ok()).is_some_and(|kept| {
            let place = |one: &Draft| (one.namespace.clone(), one.release.clone());
            kept.namespace.is_empty() || place(&kept) == place(done)
        });
        if same {
            // A draft that stays is offered again, and can be thrown away there.
            let _gone = fs::remove_file(&path);
        }
    }
}

/// Throws one away.
///
/// # Errors
/// It cannot be removed.
pub(super) fn throw_away(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let what = format!("the draft {} cannot be removed: {error}", path.display());
            Err(Failure::new(FailureKind::Usage, what).state(NOTHING_WRITTEN))
        }
        _ => Ok(()),
    }
}

/// Whether nothing that was given beforehand is something else than what the draft says.
fn is_meant(draft: &Draft, way: &Way) -> bool {
    let agrees = |part, value: &String| way.decided(part).is_none_or(|given| value.is_empty() || given == value);
    draft.practice == way.practice
        && agrees(Part::Product, &draft.product)
        && (draft.practice || agrees(Part::Context, &draft.context))
        && agrees(Part::Namespace, &draft.namespace)
        && agrees(Part::Release, &draft.release)
        && agrees(Part::Profile, &draft.profile)
        // A cluster that is no longer in the kubeconfig cannot be gone on with.
        && (draft.context.is_empty() || way.contexts.iter().any(|known| known.name == draft.context))
}

fn may_be_meant(path: &Path, way: &Way) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let product = name.rsplit_once('-').map_or("", |(product, _)| product);
    name.ends_with(".json") && way.decided(Part::Product).is_none_or(|given| given == product || product == "any")
}

/// When a draft was made, as a person looks for it: `2026-11-21 10:12, 2 h 3 min ago`.
fn when(made: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let at = made.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let ago = now.as_second().saturating_sub(made.as_second());
    let days = ago / 86_400;
    match u64::try_from(ago) {
        Ok(0..60) => format!("{at}, a moment ago"),
        Ok(_) if days == 1 => format!("{at}, a day ago"),
        Ok(_) if days > 1 => format!("{at}, {days} days ago"),
        Ok(seconds_ago) => {
            let minutes = seconds_ago - seconds_ago % 60;
            format!("{at}, {} ago", seconds(std::time::Duration::from_secs(minutes)).replace(" min 0 s", " min"))
        }
        // A clock that was turned back.
        Err(_) => at,
    }
}

/// Whole or not at all, and for nobody else's eyes.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let fresh = path.with_extension(format!("json.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&fresh, path)).inspect_err(|_| {
        let _gone = fs::remove_file(&fresh);
    })
}

fn unwritable(path: &Path, why: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("the draft {} cannot be written: {why}", path.display()))
        .state(NOTHING_WRITTEN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::answers::draft::KeptAnswer;
    use crate::product::load::built_in_for_tests;
    use crate::view::draft::Choice;
    use crate::view::way::rehearsal::way;

    fn drafts() -> (tempfile::TempDir, Drafts) {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts { folder: folder.path().join("state/drafts") };
        (folder, drafts)
    }

    fn draft() -> Draft {
        Draft {
            made: Timestamp::UNIX_EPOCH,
            context: "kind-dev".into(),
            product: "inngest".into(),
            profile: "production".into(),
            namespace: "events".into(),
            release: "inngest".into(),
            answers: BTreeMap::from([("database.storage".into(), KeptAnswer::Text("20Gi".into()))]),
            not_kept: vec!["database.url".into()],
            ..Draft::default()
        }
    }

    fn known(name: &str) -> Option<Product> {
        (name == "inngest").then(|| built_in_for_tests("inngest"))
    }

    #[test]
    fn a_draft_is_a_file_that_only_its_owner_reads_and_is_found_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, drafts) = drafts();
        let said = drafts.keep(&draft()).unwrap();
        assert!(said.contains("not in it, to be typed again: database.url"), "{said}");
        let found = drafts.find(&way(&[]), known).unwrap();
        assert_eq!(fs::metadata(&found.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(found.offer.draft, Ok(draft()));
        // Another of the same product and cluster takes its place.
        drafts.keep(&Draft { namespace: "other".into(), ..draft() }).unwrap();
        assert_eq!(fs::read_dir(&drafts.folder).unwrap().count(), 1);
        throw_away(&found.path).unwrap();
        throw_away(&found.path).unwrap();
        assert!(drafts.find(&way(&[]), known).is_none());
    }

    #[test]
    fn what_was_given_beforehand_decides_which_draft_is_meant_and_of_several_the_newest_is() {
        let (_folder, drafts) = drafts();
        drafts.keep(&draft()).unwrap();
        let later = Timestamp::from_second(1_000).unwrap();
        drafts.keep(&Draft { context: "prod-eu".into(), made: later, ..draft() }).unwrap();
        let context = |given: &[(Part, &str, &str)]| {
            drafts.find(&way(given), known).and_then(|found| found.offer.draft.ok()).map(|draft| draft.context)
        };
        assert_eq!(context(&[]).as_deref(), Some("prod-eu"));
        assert_eq!(context(&[(Part::Context, "kind-dev", "--context")]).as_deref(), Some("kind-dev"));
        assert_eq!(context(&[(Part::Product, "prefect", "the command line")]), None);
        assert_eq!(context(&[(Part::Namespace, "elsewhere", "--namespace")]), None);
        let mut practice = way(&[]);
        practice.practice = true;
        assert!(drafts.find(&practice, known).is_none());
    }

    #[test]
    fn a_damaged_draft_and_one_of_another_version_are_told_and_can_only_be_thrown_away() {
        let (_folder, drafts) = drafts();
        drafts.keep(&draft()).unwrap();
        let path = drafts.path(&draft());
        for (text, why) in [("{\"format\": 1, \"answ", "is damaged"), ("{\"format\": 9}", "another version")] {
            fs::write(&path, text).unwrap();
            let found = drafts.find(&way(&[(Part::Product, "inngest", "the command line")]), known).unwrap();
            assert!(found.offer.draft.as_ref().is_err_and(|told| told.contains(why)), "{:?}", found.offer);
            assert!(found.offer.choices().iter().all(|(choice, _)| *choice != Choice::GoOn));
            assert!(drafts.find(&way(&[(Part::Product, "prefect", "the command line")]), known).is_none());
        }
    }

    #[test]
    fn a_finished_install_removes_the_draft_of_its_place_and_no_other() {
        let (_folder, drafts) = drafts();
        drafts.keep(&draft()).unwrap();
        drafts.finished(&Draft { namespace: "other".into(), ..draft() });
        assert!(drafts.find(&way(&[]), known).is_some());
        drafts.finished(&draft());
        assert!(drafts.find(&way(&[]), known).is_none());
    }

    #[test]
    fn nothing_decided_is_nothing_to_keep_and_what_cannot_be_written_says_where() {
        let (folder, drafts) = drafts();
        assert!(drafts.keep(&Draft::default()).unwrap_err().what.contains("nothing to keep"));
        fs::write(folder.path().join("state"), "a file in the way").unwrap();
        let told = drafts.keep(&draft()).unwrap_err().what;
        assert!(told.contains("cannot be written") && told.contains("state/drafts"), "{told}");
    }

    #[test]
    fn when_it_was_made_is_told_with_how_long_ago_that_is() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let told = |ago: i64| when(Timestamp::from_second(1_000_000 - ago).unwrap(), now, &TimeZone::UTC);
        assert_eq!(told(5), "1970-01-12 13:46, a moment ago");
        assert_eq!(told(130), "1970-01-12 13:44, 2 min ago");
        assert_eq!(told(7_400), "1970-01-12 11:43, 2 h 3 min ago");
        assert_eq!(told(90_000), "1970-01-11 12:46, a day ago");
        assert_eq!(told(-60), "1970-01-12 13:47");
    }
}
