//! `[limits]`.

use daypass_web::Limits;

use super::overlay::Scope;

const DEFAULT_FAILURES: u32 = 600;

pub(super) fn read(limits: &Scope<'_>) -> Limits {
    let failures = limits.integer("failures_per_minute_per_source");
    limits.finish();
    let failures_per_minute_per_source = match failures {
        None => DEFAULT_FAILURES,
        Some(given) => u32::try_from(given.value).unwrap_or_else(|_| {
            let message = "`failures_per_minute_per_source` must be between 0 and 4294967295";
            limits.reading.fault(&given.place, message, Some("0 turns the limit off".to_owned()));
            DEFAULT_FAILURES
        }),
    };
    Limits { failures_per_minute_per_source }
}
