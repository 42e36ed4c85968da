//! Times, to the second (RFC 7519 §4.1.4–6, OpenID Connect Core §3.1.3.7 (9, 10)).

use daypass_jose::jwt::TokenFault;
use daypass_jose::time::LEEWAY_SECONDS;
use daypass_jose::{Algorithm, Timestamp};

use crate::support::{Bench, MAX_AGE, MAX_LIFETIME, NOW};

/// A token with these times, relative to now.
fn fault(bench: &Bench, iat: i64, nbf: Option<i64>, exp: i64) -> Option<TokenFault> {
    let [iat, exp] = [iat, exp].map(|offset| (NOW + offset).to_string());
    let nbf = nbf.map(|offset| (NOW + offset).to_string());
    bench.refusal(&[("iat", Some(&iat)), ("nbf", nbf.as_deref()), ("exp", Some(&exp))])
}

fn at(offset: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + offset).unwrap()
}

#[test]
fn a_token_is_taken_until_one_leeway_after_its_end() {
    let bench = Bench::new(Algorithm::EdDSA);
    assert_eq!(LEEWAY_SECONDS, 60);
    for (exp, wanted) in [
        (1, None),
        (0, None),
        (-59, None),
        (-60, Some(TokenFault::Expired(at(-60)))),
        (-61, Some(TokenFault::Expired(at(-61)))),
        (-3_600, Some(TokenFault::Expired(at(-3_600)))),
    ] {
        assert_eq!(fault(&bench, exp - 100, None, exp), wanted, "{exp}");
    }
}

#[test]
fn a_token_is_taken_from_one_leeway_before_its_start() {
    let bench = Bench::new(Algorithm::EdDSA);
    for (start, wanted) in [
        (2, None),
        (59, None),
        (60, None),
        (61, Some(TokenFault::NotYetValid(at(61)))),
        (3_600, Some(TokenFault::NotYetValid(at(3_600)))),
    ] {
        assert_eq!(fault(&bench, start, None, start + 100), wanted, "iat {start}");
        assert_eq!(fault(&bench, 0, Some(start), start + 100), wanted, "nbf {start}");
    }
}

#[test]
fn parts_of_a_second_do_not_move_the_end() {
    let bench = Bench::new(Algorithm::EdDSA);
    let token = bench.token(&[], &[]);
    let exp = NOW + 290;
    assert!(bench.verify_at(&token, exp + 59).is_ok());
    assert_eq!(bench.verify_at(&token, exp + 60).err(), Some(TokenFault::Expired(at(290))));
    assert_eq!(Timestamp::from_millis(exp * 1_000 + 59_999).seconds(), exp + 59);
}

#[test]
fn times_out_of_order_are_refused_inside_the_leeway_too() {
    let bench = Bench::new(Algorithm::EdDSA);
    let malformed = Some(TokenFault::ClaimMalformed("exp"));
    assert_eq!(fault(&bench, 0, None, 0), malformed);
    assert_eq!(fault(&bench, 10, None, 9), malformed);
    assert_eq!(fault(&bench, 10, None, 11), None);
    assert_eq!(fault(&bench, 0, Some(31), 30), malformed);
    assert_eq!(fault(&bench, 0, Some(30), 30), None);
    // A start before the issue is usual: GitHub's tokens have it.
    assert_eq!(fault(&bench, 0, Some(-600), 30), None);
}

#[test]
fn a_lifetime_is_bounded_to_the_second() {
    let bench = Bench::new(Algorithm::EdDSA);
    assert_eq!(fault(&bench, 0, None, MAX_LIFETIME), None);
    let (got_seconds, max_seconds) = (MAX_LIFETIME + 1, MAX_LIFETIME);
    let wanted = TokenFault::LifetimeTooLong { got_seconds, max_seconds };
    assert_eq!(fault(&bench, 0, None, got_seconds), Some(wanted));
    for years in [1, 10, 100] {
        let fault = fault(&bench, 0, None, years * 365 * 86_400);
        assert!(matches!(fault, Some(TokenFault::LifetimeTooLong { .. })), "{years}");
    }
}

#[test]
fn an_age_is_bounded_to_the_second() {
    let bench = Bench::new(Algorithm::EdDSA);
    assert_eq!(fault(&bench, -MAX_AGE, None, 100), None);
    let (got_seconds, max_seconds) = (MAX_AGE + 1, MAX_AGE);
    assert_eq!(fault(&bench, -got_seconds, None, 100), Some(TokenFault::TooOld { got_seconds, max_seconds }));
}

#[test]
fn a_time_is_an_integer_and_a_wrong_type_is_never_as_if_it_were_absent() {
    let bench = Bench::new(Algorithm::EdDSA);
    for value in [
        "null",
        "true",
        "false",
        "\"\"",
        "\"1800000290\"",
        "\"99999999999\"",
        "\"2027-01-15T08:00:00Z\"",
        "\"inf\"",
        "[]",
        "[1800000290]",
        "{}",
        "1800000290.0",
        "1800000290.5",
        "1.800000290e9",
        "18e8",
        "1e3",
        "1.0",
        "-0",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "-9223372036854775808",
        "-9223372036854775809",
        "9223372036854776",
        "-9223372036854776",
    ] {
        for claim in ["iat", "nbf", "exp"] {
            let fault = bench.refusal(&[(claim, Some(value))]);
            assert_eq!(fault, Some(TokenFault::ClaimMalformed(claim)), "{claim} {value}");
        }
    }
}

#[test]
fn times_at_the_ends_of_their_range_are_refused_and_overflow_nothing() {
    let bench = Bench::new(Algorithm::EdDSA);
    let (last, first) = ("9223372036854775", "-9223372036854775");
    let faults = [
        ("exp", last),
        ("exp", first),
        ("exp", "0"),
        ("exp", "-1"),
        ("iat", last),
        ("iat", first),
        ("nbf", last),
    ]
    .map(|(claim, value)| bench.refusal(&[(claim, Some(value))]).unwrap().code());
    assert_eq!(
        faults,
        [
            "token_lifetime_too_long",
            "token_expired",
            "token_expired",
            "token_expired",
            "token_not_yet_valid",
            "token_lifetime_too_long",
            "token_not_yet_valid",
        ]
    );
    assert!(bench.refusal(&[("nbf", Some(first))]).is_none());
    assert_eq!(
        bench.refusal(&[("iat", Some(first)), ("exp", Some(last))]).unwrap().code(),
        "token_lifetime_too_long"
    );
    // Milliseconds where seconds belong.
    let millis = bench.refusal(&[("iat", Some("1799999990000")), ("exp", Some("1800000290000"))]);
    assert_eq!(millis.unwrap().code(), "token_not_yet_valid");
}

#[test]
fn a_name_in_another_case_is_another_claim() {
    let bench = Bench::new(Algorithm::EdDSA);
    let fault = bench.refusal(&[("exp", None), ("EXP", Some("1800000290"))]);
    assert_eq!(fault, Some(TokenFault::ClaimMissing("exp")));
}
