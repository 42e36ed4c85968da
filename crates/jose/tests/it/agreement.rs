//! No token is taken here that a second verifier refuses, but for the reasons that are listed. The long form:
//! `cargo run -p daypass-jose --example differential -- 200000 SEED`.

use crate::differential::Report;

const TOKENS: usize = 10_000;
const SEED: u64 = 12;

#[test]
fn no_mutated_token_is_taken_that_jsonwebtoken_refuses() {
    let report = Report::of(TOKENS, SEED);
    println!("{report}");
    assert_eq!(report.unlisted, Vec::<String>::new());
    assert_eq!(report.stale_reasons(), Vec::<&str>::new(), "listed, and no token was taken for it");
    // Mutations that leave nothing to be taken, or nothing to be refused, would show nothing.
    assert!(report.both_take > TOKENS / 20 && report.both_refuse > TOKENS / 4, "{report}");
}
