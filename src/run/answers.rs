//! What is missing or wrong, told at once for someone without a terminal.

use crate::answers::Form;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};

/// The failure of a form that is not complete: every missing answer with the ways to give it, every wrong one with its
/// rule.
pub(super) fn incomplete(form: &Form) -> Failure {
    let faults = form.faults();
    let missing = faults.iter().filter(|fault| fault.missing).count();
    let what = match (missing, faults.len() - missing) {
        (0, 1) => "an answer is wrong".to_string(),
        (0, wrong) => format!("{wrong} answers are wrong"),
        (1, 0) => "an answer is missing".to_string(),
        (missing, 0) => format!("{missing} answers are missing"),
        (missing, wrong) => format!("answers: {missing} missing, {wrong} wrong"),
    };
    let mut failure = Failure::new(FailureKind::Invalid, what).state(NOTHING_WRITTEN);
    for fault in faults {
        let example = if fault.example.is_empty() { String::new() } else { format!(", for example {}", fault.example) };
        failure = failure.why(format!("{} {}{example}", fault.path, fault.what));
    }
    for fault in faults.iter().filter(|fault| fault.missing) {
        failure = failure.hint(fault.ways());
    }
    if missing == 0 {
        failure = failure.hint("mend it with --set PATH=VALUE or in the answers file");
    }
    failure
}
