//! An exchange as a row of the table of `list` and `tail`: as narrow as can be. What is left out here, `audit show` and
//! `--json` have.

use daypass_jose::Timestamp;
use daypass_store::{ExchangeRecord, Outcome};

use crate::output;
use crate::table::Cell;
use crate::words;

/// The headings.
pub(super) const HEAD: [&str; 6] = ["TIME (UTC)", "OUTCOME", "ROLE", "REPOSITORY", "REF", "ID"];

/// The row.
pub(super) fn row(exchange: &ExchangeRecord, now: Timestamp) -> [Cell; 6] {
    let text = |value: &Option<String>| value.as_deref().unwrap_or("-").into();
    [
        words::short_time(exchange.at, now).into(),
        outcome(exchange),
        text(&exchange.role),
        text(&exchange.repository),
        exchange.git_ref.as_deref().map_or("-", words::short_ref).into(),
        exchange.id.to_string().into(),
    ]
}

/// `success`, or why not.
fn outcome(exchange: &ExchangeRecord) -> Cell {
    match exchange.outcome {
        Outcome::Success => Cell::new("success", output::GOOD),
        Outcome::Refused => Cell::new(exchange.code.as_deref().unwrap_or("refused"), output::BAD),
        // What it would have come to, its page says.
        Outcome::DryRun => Cell::new("dry_run", output::FAINT),
    }
}
