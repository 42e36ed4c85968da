//! Issuer, subject, audience and token id (RFC 7519 §4.1), and what the token is remembered by.

use daypass_jose::jwt::{Audience, Expectations, TokenFault, TokenType, UnverifiedIdToken};
use daypass_jose::{Algorithm, IssuerUrl, Json, Timestamp};

use crate::support::{AUDIENCE, Bench, ISSUER, MAX_AGE, MAX_LIFETIME, NOW, unreadable};

#[test]
fn a_verified_token_says_what_was_signed() {
    let bench = Bench::new(Algorithm::ES256);
    let verified = bench.verify(&bench.token(&[], &[("run_id", Some("9007199254740993"))])).unwrap();
    assert_eq!(verified.issuer().as_str(), ISSUER);
    assert_eq!(verified.audience(), AUDIENCE);
    assert_eq!(verified.subject(), "repo:octo-org/octo-repo");
    assert_eq!(verified.token_id(), Some("id-1"));
    assert_eq!(verified.issued_at(), Timestamp::from_seconds(1_799_999_990).unwrap());
    assert_eq!(verified.expires_at(), Timestamp::from_seconds(1_800_000_290).unwrap());
    assert_eq!(verified.claim("run_id"), Some(&Json::Integer(9_007_199_254_740_993)));
    assert_eq!(verified.claims().len(), 9);
}

#[test]
fn an_unverified_token_names_its_issuer_key_and_algorithm_alone() {
    let bench = Bench::new(Algorithm::EdDSA);
    let token = bench.token(&[("kid", Some("\"other\""))], &[("iss", Some("\"https://evil.example\""))]);
    let unverified = UnverifiedIdToken::parse(&token).unwrap();
    assert_eq!(unverified.claimed_issuer(), "https://evil.example");
    assert_eq!(unverified.claimed_key_id(), Some("other"));
    assert_eq!(unverified.claimed_algorithm(), Algorithm::EdDSA);
}

#[test]
fn an_issuer_that_is_missing_or_no_text_is_refused_before_it_is_looked_up() {
    let bench = Bench::new(Algorithm::EdDSA);
    let token = |value| bench.token(&[("iss", Some("\"https://ci.example\""))], &[("iss", value)]);
    assert_eq!(unreadable(&token(None)), Some(TokenFault::ClaimMissing("iss")));
    for value in ["null", "1", "true", "[\"https://ci.example\"]", "{\"url\":\"https://ci.example\"}"] {
        assert_eq!(unreadable(&token(Some(value))), Some(TokenFault::ClaimMalformed("iss")), "{value}");
    }
}

#[test]
fn the_issuer_is_compared_byte_for_byte_even_under_its_own_key() {
    let bench = Bench::new(Algorithm::EdDSA);
    for issuer in [
        "",
        "https://ci.example/",
        "https://ci.example//",
        "https://ci.example/.",
        "https://ci.example?",
        "https://ci.example#",
        "https://user@ci.example",
        "https://ci.example@evil.example",
        "https://ci.example.",
        "http://ci.example",
        "https://ci.example:443",
        "https://CI.example",
        "HTTPS://ci.example",
        " https://ci.example",
        "https://ci.example ",
        "https://ci.example\\t",
        "https://ci.example\\u0000",
        "https://ci%2eexample",
        "https://c\u{456}.example",
        "https://ci\u{ff0e}example",
        "https://ci.example\u{200b}",
        "https://ci.exampl",
        "https://ci.example/octocorp",
        "https://ci.example/.well-known/openid-configuration",
        "*",
        ".*",
    ] {
        let fault = bench.refusal(&[("iss", Some(&format!("\"{issuer}\"")))]);
        assert_eq!(fault, Some(TokenFault::IssuerMismatch), "{issuer}");
    }
}

#[test]
fn a_forgery_is_told_nothing_but_that_its_signature_is_wrong() {
    let (bench, attacker) = (Bench::new(Algorithm::EdDSA), Bench::new(Algorithm::EdDSA));
    for claims in [
        ("aud", "\"other\""),
        ("exp", "1"),
        ("sub", "1"),
        ("jti", "null"),
        ("iss", "\"https://evil.example\""),
    ] {
        let forged = attacker.token(&[("typ", Some("\"at+jwt\""))], &[(claims.0, Some(claims.1))]);
        assert_eq!(bench.verify(&forged).err(), Some(TokenFault::SignatureInvalid), "{claims:?}");
    }
}

#[test]
fn the_subject_is_a_text_that_is_not_empty() {
    let bench = Bench::new(Algorithm::EdDSA);
    for value in ["null", "\"\"", "1", "true", "[\"a\"]", "{\"a\":\"b\"}"] {
        let fault = bench.refusal(&[("sub", Some(value))]);
        assert_eq!(fault, Some(TokenFault::ClaimMalformed("sub")), "{value}");
    }
}

#[test]
fn the_audience_is_one_text_or_an_array_of_one() {
    let bench = Bench::new(Algorithm::EdDSA);
    for value in [r#""pass.example.com""#, r#"["pass.example.com"]"#] {
        let verified = bench.verify(&bench.token(&[], &[("aud", Some(value))])).unwrap();
        assert_eq!(verified.audience(), AUDIENCE);
    }
    for value in ["null", "1", "true", "{}", "[]", "[1]", "[null]", "[[\"pass.example.com\"]]", "[{}]"] {
        let fault = bench.refusal(&[("aud", Some(value))]);
        assert_eq!(fault, Some(TokenFault::ClaimMalformed("aud")), "{value}");
    }
    for (value, number) in [
        (r#"["pass.example.com","other"]"#, 2),
        (r#"["pass.example.com","pass.example.com"]"#, 2),
        (r#"["a","b","c"]"#, 3),
        (r#"["pass.example.com",1]"#, 2),
    ] {
        let fault = bench.refusal(&[("aud", Some(value))]);
        assert_eq!(fault, Some(TokenFault::AudienceSeveral(number)), "{value}");
    }
    let elsewhere =
        [("aud", None), ("azp", Some("\"pass.example.com\"")), ("Aud", Some("\"pass.example.com\""))];
    assert_eq!(bench.refusal(&elsewhere), Some(TokenFault::ClaimMissing("aud")));
}

#[test]
fn another_audience_is_refused_however_alike_and_shown_escaped() {
    let bench = Bench::new(Algorithm::EdDSA);
    for (audience, shown) in [
        ("", r#""""#),
        ("pass.example.co", r#""pass.example.co""#),
        ("pass.example.com.", r#""pass.example.com.""#),
        ("pass.example.com/", r#""pass.example.com/""#),
        ("PASS.example.com", r#""PASS.example.com""#),
        (" pass.example.com", r#"" pass.example.com""#),
        ("https://pass.example.com", r#""https://pass.example.com""#),
        ("pass.example.com,other", r#""pass.example.com,other""#),
        ("pass.example.com other", r#""pass.example.com other""#),
        ("*", r#""*""#),
        (".*", r#"".*""#),
        ("sts.amazonaws.com", r#""sts.amazonaws.com""#),
        ("pass%2Eexample.com", r#""pass%2Eexample.com""#),
        ("pass.example.com\\u0000", r#""pass.example.com\0""#),
        ("a\\u001b[31m\\r\\n\\u202e", r#""a\u{1b}[31m\r\n\u{202e}""#),
        ("[\\\"pass.example.com\\\"]", r#""[\"pass.example.com\"]""#),
    ] {
        let fault = bench.refusal(&[("aud", Some(&format!("\"{audience}\"")))]);
        let wanted = vec![AUDIENCE.to_owned()];
        assert_eq!(fault, Some(TokenFault::AudienceMismatch { wanted, got: shown.to_owned() }));
    }
    let long = format!("\"{}\"", "a".repeat(5_000));
    let Some(TokenFault::AudienceMismatch { got, .. }) = bench.refusal(&[("aud", Some(&long))]) else {
        panic!()
    };
    assert_eq!(got.len(), 202);
}

fn verify_for(bench: &Bench, audience: Audience<'_>) -> Result<String, TokenFault> {
    let issuer = IssuerUrl::parse(ISSUER).unwrap();
    let expectations = Expectations {
        issuer: &issuer,
        audience,
        algorithms: &Algorithm::ALL,
        max_lifetime_seconds: MAX_LIFETIME,
        max_age_seconds: MAX_AGE,
        token_id_required: true,
        token_type: TokenType::IdToken,
    };
    let token = UnverifiedIdToken::parse(&bench.token(&[], &[])).unwrap();
    let verified = token.verify(&bench.key, &expectations, Timestamp::from_seconds(NOW).unwrap())?;
    Ok(verified.audience().to_owned())
}

#[test]
fn no_audience_in_the_settings_means_none_and_never_any() {
    let bench = Bench::new(Algorithm::EdDSA);
    let several = ["other".to_owned(), AUDIENCE.to_owned()];
    assert!(matches!(verify_for(&bench, Audience::OneOf(&[])), Err(TokenFault::AudienceMismatch { .. })));
    assert_eq!(verify_for(&bench, Audience::OneOf(&several)).unwrap(), AUDIENCE);
    assert_eq!(verify_for(&bench, Audience::AnyOne).unwrap(), AUDIENCE);
}

#[test]
fn the_token_id_is_a_text_of_1_to_255_bytes_without_nul() {
    let bench = Bench::new(Algorithm::EdDSA);
    let (longest, longer) = (format!("\"{}\"", "j".repeat(255)), format!("\"{}\"", "j".repeat(256)));
    let longer_in_bytes = format!("\"{}\"", "\u{e9}".repeat(128));
    let verify = |value: Option<&str>, is_required| {
        let token = bench.token(&[], &[("jti", value)]);
        bench.verify_as(&token, TokenType::IdToken, is_required, NOW).map(|_| ())
    };
    for is_required in [true, false] {
        assert_eq!(verify(Some(&longest), is_required), Ok(()));
        for value in
            ["null", "\"\"", "1", "true", "[\"id-1\"]", "{}", "\"id-1\\u0000\"", &longer, &longer_in_bytes]
        {
            let fault = Err(TokenFault::ClaimMalformed("jti"));
            assert_eq!(verify(Some(value), is_required), fault, "{value} {is_required}");
        }
    }
    assert_eq!(verify(None, true), Err(TokenFault::ClaimMissing("jti")));
    assert_eq!(verify(None, false), Ok(()));
}

#[test]
fn a_token_is_remembered_by_issuer_and_id_whatever_else_it_says() {
    let bench = Bench::new(Algorithm::ES256);
    let spend_key = |header: &[(&str, Option<&str>)], claims: &[(&str, Option<&str>)]| {
        bench.verify(&bench.token(header, claims)).unwrap().spend_key()
    };
    let key = spend_key(&[], &[]);
    assert_eq!(
        key,
        spend_key(&[("kid", None)], &[("repository_id", Some("\"2\"")), ("exp", Some("1800000300"))])
    );
    assert_eq!(key, spend_key(&[], &[("jti", Some("\"\\u0069d-1\""))]));
    assert_ne!(key, spend_key(&[], &[("jti", Some("\"ID-1\""))]));
    assert_ne!(key, spend_key(&[], &[("jti", Some("\"id-1 \""))]));
    let normal_forms = ["\"\u{e9}\"", "\"e\u{301}\""].map(|id| spend_key(&[], &[("jti", Some(id))]));
    assert_ne!(normal_forms[0], normal_forms[1]);
}

#[test]
fn a_token_without_a_required_id_is_remembered_by_what_was_signed_and_not_by_its_signature() {
    let bench = Bench::new(Algorithm::ES256);
    let spend_key = |token: &str| bench.verify_as(token, TokenType::IdToken, false, NOW).unwrap().spend_key();
    // ECDSA signs the same bytes differently each time.
    for id in [None, Some("\"id-1\"")] {
        let (first, again) = (bench.token(&[], &[("jti", id)]), bench.token(&[], &[("jti", id)]));
        assert_ne!(first, again);
        assert_eq!(spend_key(&first), spend_key(&again));
        assert_ne!(spend_key(&first), spend_key(&bench.token(&[], &[("jti", id), ("run_id", Some("1"))])));
    }
}
