//! A container that always crashes: where it is between its starts, as a kubelet runs it.

/// How long each run lasts, in milliseconds.
const RUNS: i64 = 700;
/// How long its end is shown before the back-off begins.
const ENDS: i64 = 300;
/// The first wait, in seconds; it doubles. A node waits ten times as long.
const FIRST_WAIT: i64 = 1;
/// The longest wait, in seconds.
const LONGEST_WAIT: i64 = 30;

/// What the container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It runs.
    Running,
    /// It just ended.
    Ended,
    /// It waits to be started again: seconds in all.
    Waiting(i64),
}

/// A moment in the life of the container; times are milliseconds since its first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) doing: Doing,
    /// Starts but the first.
    pub(crate) restarts: i64,
    /// When the run began that is on, or was the last.
    pub(crate) began: i64,
    /// The run that ended last, where it is not the one that is told by `doing`: its begin and end.
    pub(crate) last: Option<(i64, i64)>,
}

impl Moment {
    /// When the run of [`Moment::began`] ended or will end.
    pub(crate) fn ends(&self) -> i64 {
        self.began + RUNS
    }
}

/// Where the container is at an age since its first start. It is started again at once after the first end, later after
/// waits that double.
pub(crate) fn at(age: i64) -> Moment {
    let (mut began, mut restarts, mut last) = (0, 0, None);
    loop {
        let ended = began + RUNS;
        let moment = |doing, last| Moment { doing, restarts, began, last };
        if age < ended {
            return moment(Doing::Running, last);
        }
        if age < ended + ENDS {
            return moment(Doing::Ended, last);
        }
        let wait = match restarts {
            0 => 0,
            restarts => (FIRST_WAIT << (restarts - 1).min(16)).min(LONGEST_WAIT),
        };
        if age < ended + ENDS + wait * 1_000 {
            return moment(Doing::Waiting(wait), Some((began, ended)));
        }
        last = Some((began, ended));
        began = ended + ENDS + wait * 1_000;
        restarts += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_crashes_runs_ends_and_waits_ever_longer() {
        let mut told: Vec<(Doing, i64)> = Vec::new();
        for age in (0..20_000).step_by(100) {
            let now = at(age);
            if told.last() != Some(&(now.doing, now.restarts)) {
                told.push((now.doing, now.restarts));
            }
        }
        use Doing::{Ended, Running, Waiting};
        let begin = [
            (Running, 0),
            (Ended, 0),
            (Running, 1),
            (Ended, 1),
            (Waiting(1), 1),
            (Running, 2),
            (Ended, 2),
            (Waiting(2), 2),
            (Running, 3),
            (Ended, 3),
            (Waiting(4), 3),
            (Running, 4),
            (Ended, 4),
            (Waiting(8), 4),
        ];
        assert_eq!(told[..begin.len()], begin);
    }

    #[test]
    fn the_wait_grows_no_longer_than_its_limit_and_the_last_run_is_the_one_before() {
        let late = (0..10_000).map(|i| at(i * 100)).rfind(|now| matches!(now.doing, Doing::Waiting(_)));
        let late = late.unwrap();
        assert_eq!(late.doing, Doing::Waiting(LONGEST_WAIT));
        assert_eq!(late.last, Some((late.began, late.began + RUNS)));
        assert_eq!(at(0).last, None);
        assert_eq!(at(RUNS).last, None);
        assert_eq!(at(RUNS + ENDS).last, Some((0, RUNS)));
    }
}
