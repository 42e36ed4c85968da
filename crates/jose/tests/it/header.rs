//! Algorithm, key and type: what a header can say (RFC 8725 §3.1, §3.10, §3.11).

use daypass_jose::Algorithm;
use daypass_jose::jwt::{TokenFault, TokenType, UnverifiedIdToken};

use crate::support::{Bench, NOW, Signer, payload};

fn with(bench: &Bench, name: &str, value: Option<&str>) -> Option<TokenFault> {
    bench.verify(&bench.token(&[(name, value)], &[])).err()
}

#[test]
fn algorithms_that_are_unknown_symmetric_or_none_are_refused_before_any_key_is_looked_for() {
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        " none",
        "none ",
        "none\\u0000",
        "\u{ff4e}one",
        "",
        "null",
        "HS256",
        "HS384",
        "HS512",
        "rs256",
        "RS256 ",
        " RS256",
        "RS256\\u0000",
        "RS1",
        "ES256K",
        "ES512",
        "Ed25519",
        "SHA256withRSA",
        "RSA-OAEP",
        "dir",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ] {
        let bench = Bench::new(Algorithm::EdDSA);
        let token = bench.token(&[("alg", Some(&format!("\"{name}\"")))], &[]);
        let fault = UnverifiedIdToken::parse(&token).err();
        assert_eq!(fault, Some(TokenFault::AlgorithmRefused(None)), "{name}");
    }
}

#[test]
fn an_algorithm_that_is_no_text_is_malformed() {
    let bench = Bench::new(Algorithm::EdDSA);
    let fault = Some(TokenFault::Malformed("the header names no algorithm"));
    assert_eq!(with(&bench, "alg", None), fault);
    for value in ["null", "true", "256", "[\"EdDSA\"]", "{\"name\":\"EdDSA\"}"] {
        assert_eq!(with(&bench, "alg", Some(value)), fault, "{value}");
    }
    assert_eq!(with(&bench, "ALG", Some("\"none\"")), None);
}

#[test]
fn the_key_fixes_the_algorithm_and_the_header_cannot_choose_another() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new(algorithm);
        for claimed in Algorithm::ALL.into_iter().filter(|claimed| *claimed != algorithm) {
            let fault = with(&bench, "alg", Some(&format!("\"{claimed}\"")));
            assert_eq!(fault, Some(TokenFault::AlgorithmRefused(Some(claimed))), "{algorithm}");
        }
    }
}

#[test]
fn a_token_signed_by_what_its_header_says_is_refused_where_the_key_is_pinned_to_another() {
    // One RSA key, published for RS256; its owner signs by each other RSA algorithm, and says so.
    let Signer { pair: crate::support::Pair::Rsa(pair, _), .. } = Signer::new(Algorithm::RS256) else {
        panic!()
    };
    let published = Signer {
        algorithm: Algorithm::RS256,
        pair: crate::support::Pair::Rsa(pair, &aws_lc_rs::signature::RSA_PSS_SHA256),
    };
    let bench = Bench { key: published.key(), signer: published };
    let as_ps256 = bench.token(&[("alg", Some("\"PS256\""))], &[]);
    assert_eq!(bench.verify(&as_ps256).err(), Some(TokenFault::AlgorithmRefused(Some(Algorithm::PS256))));
    // The same bytes under the key's own algorithm are no signature of it.
    assert_eq!(bench.verify(&bench.token(&[], &[])).err(), Some(TokenFault::SignatureInvalid));
}

#[test]
fn a_key_of_an_algorithm_that_the_issuer_is_not_registered_for_verifies_nothing() {
    let ed = Bench::new(Algorithm::EdDSA);
    let other_key = Bench { signer: Signer::new(Algorithm::ES256), key: ed.signer.key() };
    let fault = other_key.verify(&ed.token(&[], &[])).err();
    assert_eq!(fault, Some(TokenFault::AlgorithmRefused(Some(Algorithm::EdDSA))));
}

#[test]
fn extensions_that_change_how_a_token_is_read_are_refused() {
    let bench = Bench::new(Algorithm::EdDSA);
    for (name, value, fault) in [
        ("crit", "[\"exp\"]", "the header has critical extensions"),
        ("crit", "[]", "the header has critical extensions"),
        ("crit", "[\"b64\"]", "the header has critical extensions"),
        ("crit", "\"exp\"", "the header has critical extensions"),
        ("crit", "null", "the header has critical extensions"),
        ("b64", "true", "the header has the extension `b64`"),
        ("b64", "false", "the header has the extension `b64`"),
        ("zip", "\"DEF\"", "the token is compressed"),
        ("zip", "null", "the token is compressed"),
        ("enc", "\"A256GCM\"", "the token is encrypted"),
        ("cty", "\"JWT\"", "the token holds another token"),
        ("cty", "\"\"", "the token holds another token"),
    ] {
        assert_eq!(with(&bench, name, Some(value)), Some(TokenFault::Malformed(fault)), "{name} {value}");
    }
}

#[test]
fn an_unencoded_payload_is_refused_though_its_signature_is_right() {
    let bench = Bench::new(Algorithm::EdDSA);
    let header = daypass_jose::base64url::encode(r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#);
    let input = format!("{header}.{}", payload(&[]).replace('.', "_"));
    let signature = daypass_jose::base64url::encode(bench.signer.signature(input.as_bytes()));
    assert!(matches!(bench.verify(&format!("{input}.{signature}")), Err(TokenFault::Malformed(_))));
}

#[test]
fn keys_and_addresses_of_keys_in_the_header_are_not_looked_at() {
    let bench = Bench::new(Algorithm::EdDSA);
    let attacker = Signer::new(Algorithm::EdDSA);
    let jwk = attacker.jwk("");
    for (name, value) in [
        ("jwk", jwk.as_str()),
        ("jku", "\"https://evil.example/keys\""),
        ("x5u", "\"file:///etc/passwd\""),
        ("x5c", "[\"AAAA\"]"),
        ("x5t", "\"AAAA\""),
        ("unknown", "{\"a\":[1]}"),
    ] {
        assert_eq!(with(&bench, name, Some(value)), None, "{name}");
        let forged = attacker.token(bench.header(&[(name, Some(value))]), payload(&[]));
        assert_eq!(bench.verify(&forged).err(), Some(TokenFault::SignatureInvalid), "{name}");
    }
}

#[test]
fn the_key_id_is_absent_or_a_text_of_1_to_256_bytes_without_control_characters() {
    let bench = Bench::new(Algorithm::EdDSA);
    let fault = Some(TokenFault::Malformed("the key id is not a text of 1 to 256 bytes"));
    let long = format!("\"{}\"", "k".repeat(257));
    let long_in_bytes = format!("\"{}\"", "\u{e9}".repeat(129));
    for value in [
        "\"\"",
        "null",
        "1",
        "true",
        "[\"k1\"]",
        "{\"a\":1}",
        "\"k1\\u0000\"",
        "\"k1\\r\\n\"",
        "\"\\u001b[31mk1\"",
        "\"k1\\u007f\"",
        "\"k1\\u0085\"",
        &long,
        &long_in_bytes,
    ] {
        assert_eq!(with(&bench, "kid", Some(value)), fault, "{value}");
    }
    for (value, key_id) in [
        (None, None),
        (Some("\"../../dev/null\""), Some("../../dev/null")),
        (Some("\"K1\""), Some("K1")),
        (Some("\" k1\""), Some(" k1")),
    ] {
        let token = bench.token(&[("kid", value)], &[]);
        assert_eq!(UnverifiedIdToken::parse(&token).unwrap().claimed_key_id(), key_id);
    }
    let longest = "k".repeat(256);
    let token = bench.token(&[("kid", Some(&format!("\"{longest}\"")))], &[]);
    assert_eq!(UnverifiedIdToken::parse(&token).unwrap().claimed_key_id(), Some(longest.as_str()));
}

#[test]
fn an_identity_token_has_the_type_jwt_or_none() {
    let bench = Bench::new(Algorithm::EdDSA);
    for taken in [None, Some("\"JWT\""), Some("\"jwt\"")] {
        assert_eq!(with(&bench, "typ", taken), None, "{taken:?}");
    }
    for refused in [
        "\"at+jwt\"",
        "\"application/at+jwt\"",
        "\"logout+jwt\"",
        "\"dpop+jwt\"",
        "\"secevent+jwt\"",
        "\"client-authentication+jwt\"",
        "\"application/jwt\"",
        "\"JOSE\"",
        "\"JOSE+JSON\"",
        "\"\"",
        "\" JWT\"",
        "null",
        "1",
        "[\"JWT\"]",
        "{}",
        "true",
    ] {
        assert_eq!(with(&bench, "typ", Some(refused)), Some(TokenFault::TypeRefused), "{refused}");
    }
}

#[test]
fn a_pass_has_the_type_at_jwt_and_no_other() {
    let bench = Bench::new(Algorithm::EdDSA);
    let pass =
        |typ| bench.verify_as(&bench.token(&[("typ", typ)], &[]), TokenType::AccessToken, true, NOW).err();
    assert_eq!(pass(Some("\"at+jwt\"")), None);
    for typ in [None, Some("\"JWT\""), Some("\"AT+JWT\""), Some("\"application/at+jwt\""), Some("\"\"")] {
        assert_eq!(pass(typ), Some(TokenFault::TypeRefused), "{typ:?}");
    }
}

#[test]
fn a_header_beyond_4_kib_is_refused_and_one_of_4_kib_is_read() {
    let bench = Bench::new(Algorithm::EdDSA);
    let padded = |size: usize| {
        let empty = bench.header(&[("pad", Some("\"\""))]).len();
        let pad = format!("\"{}\"", "p".repeat(size - empty));
        bench.verify(&bench.token(&[("pad", Some(&pad))], &[])).err()
    };
    assert_eq!(padded(4096), None);
    assert_eq!(padded(4097), Some(TokenFault::Malformed("the header is too long")));
}
