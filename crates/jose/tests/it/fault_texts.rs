//! A fault may speak of the caller's own token, and never repeats it: its text reaches logs and answers.

use std::collections::BTreeSet;

use daypass_jose::jwt::{TokenFault, TokenType, UnverifiedIdToken};
use daypass_jose::{Algorithm, base64url};

use crate::support::{Bench, NOW, payload};

/// What no fault may repeat.
const MARK: &str = "mark\u{1b}[31m";
const MARK_JSON: &str = r#""mark\u001b[31m""#;

/// Tokens that are refused, each for another reason, with the mark wherever a caller can put it.
fn refused(bench: &Bench) -> Vec<Result<(), TokenFault>> {
    let marked_array = format!("[{MARK_JSON},1]");
    let marked_object = format!("{{{MARK_JSON}:{MARK_JSON}}}");
    let mut tokens = vec![
        MARK.to_owned(),
        format!("{MARK}.{MARK}"),
        format!("{MARK}.{MARK}.{MARK}"),
        format!("{MARK}.{MARK}.{MARK}.{MARK}"),
        format!("{{\"value\":{MARK_JSON}}}"),
        MARK.repeat(4_000),
        format!("{}.{}.{}", base64url::encode(MARK), base64url::encode(MARK), base64url::encode(MARK)),
        bench.signer.token(bench.header(&[]), MARK),
        bench.signer.token(bench.header(&[]), format!("{{{MARK_JSON}:1,{MARK_JSON}:2}}")),
        format!("{}.{}", bench.token(&[], &[]).rsplit_once('.').unwrap().0, base64url::encode(MARK)),
    ];
    for value in [MARK_JSON, &marked_array, &marked_object] {
        for name in ["alg", "kid", "typ", "crit", "cty", "enc", "zip", "b64"] {
            tokens.push(bench.token(&[(name, Some(value))], &[]));
        }
        for name in ["iss", "sub", "aud", "iat", "exp", "nbf", "jti"] {
            tokens.push(bench.token(&[], &[(name, Some(value)), ("marked", Some(MARK_JSON))]));
        }
    }
    for (claim, value) in [("exp", "1"), ("iat", "1"), ("iat", "1900000000"), ("exp", "1900000000")] {
        tokens.push(bench.token(&[], &[(claim, Some(value)), ("jti", Some("\"mark\""))]));
    }
    tokens
        .push(bench.signer.token(bench.header(&[]), payload(&[("iat", Some("1799990000")), ("nbf", None)])));
    tokens.push(
        bench
            .signer
            .token(bench.header(&[]), payload(&[("iat", Some("1799998000")), ("sub", Some(MARK_JSON))])),
    );
    tokens.push(bench.token(&[], &[("exp", Some("1799999000"))]));
    tokens.push(bench.token(&[], &[("sub", None), ("jti", Some(MARK_JSON))]));
    tokens.push(bench.token(&[("alg", Some("\"RS256\""))], &[("jti", Some(MARK_JSON))]));
    tokens
        .iter()
        .map(|token| bench.verify_as(token, TokenType::IdToken, true, NOW).map(|_| ()))
        .filter(Result::is_err)
        .collect()
}

#[test]
fn no_fault_repeats_the_token_but_a_foreign_audience_escaped() {
    let bench = Bench::new(Algorithm::EdDSA);
    let mut codes = BTreeSet::new();
    for fault in refused(&bench).into_iter().filter_map(Result::err) {
        let (shown, debug) = (fault.to_string(), format!("{fault:?}"));
        codes.insert(fault.code());
        assert!(!shown.contains('\u{1b}') && !debug.contains('\u{1b}'), "{debug}");
        if let TokenFault::AudienceMismatch { .. } = fault {
            let wanted =
                r#"the token was made for another audience: wanted `pass.example.com`, got "mark\u{1b}[31m""#;
            assert_eq!(shown, wanted);
        } else {
            assert!(!shown.contains("mark") && !debug.contains("mark"), "{debug}");
        }
    }
    // Every fault there is was provoked.
    let all = [
        "algorithm_refused",
        "audience_mismatch",
        "audience_several",
        "claim_malformed",
        "claim_missing",
        "issuer_unknown",
        "signature_invalid",
        "token_expired",
        "token_is_envelope",
        "token_lifetime_too_long",
        "token_malformed",
        "token_not_yet_valid",
        "token_too_large",
        "token_too_old",
        "token_type_refused",
    ];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_token_that_is_cut_gets_a_hint() {
    let fault = UnverifiedIdToken::parse("").err().unwrap();
    assert!(fault.hint().unwrap().contains("three parts"));
    assert_eq!(TokenFault::SignatureInvalid.hint(), None);
}
