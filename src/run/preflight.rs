//! `slipway preflight`: whether an installation will work; writes nothing.

use crate::cli::{Output, Shared};
use crate::error::{Failure, FailureKind};

use super::install::{blocked, overview};
use super::setup::Setup;
use super::{answers, print, target};

/// The verb.
pub(super) async fn run(shared: &Shared, product: &str) -> Result<(), Failure> {
    let mut setup = Setup::read(shared, Some(product))?;
    let mut known = target::know(shared, &setup).await?;
    let form = target::form(shared, &mut setup, &mut known).await?;
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let overview = overview(shared, &known, &form).await?;
    if shared.output == Output::Json {
        let json = serde_json::to_string(&overview.all_findings())
            .map_err(|error| Failure::new(FailureKind::Bug, "the findings cannot be written").why(error.to_string()))?;
        print(&format!("{json}\n"))?;
    } else {
        let mut text = String::new();
        for finding in overview.all_findings() {
            text.push_str(&format!("{}: {} ({})\n", finding.severity.word(), finding.what, finding.code));
            for more in [&finding.why, &finding.remedy].into_iter().filter(|more| !more.is_empty()) {
                text.push_str(&format!("  {more}\n"));
            }
        }
        if text.is_empty() {
            text.push_str("Nothing stands in the way.\n");
        }
        print(&text)?;
    }
    blocked(&overview)
}
