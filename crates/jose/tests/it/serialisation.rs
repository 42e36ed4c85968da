//! Forms of a token that are not the compact one, and its bounds (RFC 7515 §7.1).

use daypass_jose::jwt::{MAX_TOKEN_BYTES, TokenFault};
use daypass_jose::{Algorithm, base64url};

use crate::support::{Bench, payload, unreadable};

const FEWER: &str = "the token has fewer than three parts";
const MORE: &str = "the token has more than three parts";
const NOT_COMPACT: &str = "it is not a compact token";

#[test]
fn a_token_has_exactly_three_parts() {
    let bench = Bench::new(Algorithm::EdDSA);
    let token = bench.token(&[], &[]);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for (text, fault) in [
        (String::new(), FEWER),
        (header.to_owned(), FEWER),
        (format!("{header}.{payload}"), FEWER),
        (format!("{token}."), MORE),
        (format!(".{token}"), MORE),
        (format!("{header}..{payload}.{signature}"), MORE),
        (format!("{token}.{signature}.{signature}"), MORE),
        (".".repeat(MAX_TOKEN_BYTES), MORE),
        (format!("{token}{}", ".".repeat(5_000)), MORE),
        ("..".to_owned(), "the header is not one JSON object"),
        (format!(".{payload}.{signature}"), "the header is not one JSON object"),
        (format!("{header}..{signature}"), "the payload is not one JSON object"),
    ] {
        assert_eq!(unreadable(&text), Some(TokenFault::Malformed(fault)), "{text:.40}");
    }
    assert_eq!(bench.verify(&format!("{header}.{payload}.")).err(), Some(TokenFault::SignatureInvalid));
}

#[test]
fn the_json_serialisations_are_refused() {
    let bench = Bench::new(Algorithm::EdDSA);
    let token = bench.token(&[], &[]);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for text in [
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        format!(
            r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        ),
        format!(r#"{{"a":"{token}"}}"#),
        format!(r#"{{"  {token}":0}}"#),
        "{".to_owned(),
        "{}".to_owned(),
    ] {
        assert_eq!(unreadable(&text), Some(TokenFault::Malformed(NOT_COMPACT)), "{text}");
    }
}

#[test]
fn the_whole_answer_of_a_ci_system_is_told_from_a_broken_token() {
    let token = Bench::new(Algorithm::EdDSA).token(&[], &[]);
    for text in [
        format!(r#"{{"value":"{token}"}}"#),
        format!(" \n{{\"count\":1,\"value\":\"{token}\"}}\n"),
        r#"{"value":""}"#.to_owned(),
    ] {
        let fault = unreadable(&text).unwrap();
        assert_eq!(fault, TokenFault::Envelope);
        assert!(fault.hint().unwrap().contains("jq -r .value"));
    }
    for text in [r#"{"value":1}"#, r#"{"value":"a","value":"b"}"#, r#"{"value":"a"}x"#, r#"[{"value":"a"}]"#]
    {
        assert!(matches!(unreadable(text), Some(TokenFault::Malformed(_))), "{text}");
    }
}

#[test]
fn an_encrypted_token_is_refused_by_its_number_of_parts() {
    let header = base64url::encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    assert_eq!(unreadable(&format!("{header}..AAAA.AAAA.AAAA")), Some(TokenFault::Malformed(MORE)));
}

#[test]
fn a_token_of_16_kib_is_read_and_one_byte_more_is_refused() {
    let bench = Bench::new(Algorithm::EdDSA);
    // base64url has no text of 4n + 1 characters; this header lets the payload fill the rest exactly.
    let header = [("pad", Some("\"pppp\""))];
    let padded = |chars: usize| bench.token(&header, &[("pad", Some(&format!("\"{}\"", "p".repeat(chars))))]);
    let longest = (11_900..12_300).map(padded).find(|token| token.len() >= MAX_TOKEN_BYTES).unwrap();
    assert_eq!(longest.len(), MAX_TOKEN_BYTES);
    assert_eq!(bench.verify(&longest).err(), None);
    let size_bytes = MAX_TOKEN_BYTES + 1;
    assert_eq!(unreadable(&"A".repeat(size_bytes)), Some(TokenFault::TooLarge { size_bytes }));
    assert_eq!(unreadable(&"A".repeat(MAX_TOKEN_BYTES)), Some(TokenFault::Malformed(FEWER)));
}

#[test]
fn a_real_token_of_6_kb_is_taken() {
    let bench = Bench::new(Algorithm::EdDSA);
    let value = format!("\"{}\"", "v".repeat(150));
    let names: Vec<String> = (0..32).map(|number| format!("repo_property_{number}")).collect();
    let claims: Vec<(&str, Option<&str>)> =
        names.iter().map(|name| (name.as_str(), Some(value.as_str()))).collect();
    assert!(payload(&claims).len() > 5_000);
    assert_eq!(bench.refusal(&claims), None);
}
