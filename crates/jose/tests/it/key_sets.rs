//! Which sets are refused whole, which keys are skipped, and which key is found.

use daypass_jose::jwk::{KeySet, KeySetFault, MAX_KEYS, SkippedKey};
use daypass_jose::jwt::{TokenFault, UnverifiedIdToken};
use daypass_jose::{Algorithm, base64url};
use num_bigint::BigUint;

use crate::support::{Bench, Pair, Signer, payload};

fn parse(keys: &[&str], algorithms: &[Algorithm]) -> Result<KeySet, KeySetFault> {
    KeySet::parse(format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes(), algorithms)
}

fn key_set(keys: &[&str]) -> KeySet {
    parse(keys, &Algorithm::ALL).unwrap()
}

/// An RSA key of so many bits with this exponent. No such key needs to exist: a number of that size does.
fn rsa(bits: u64, exponent: &[u8], more: &str) -> String {
    let modulus = (BigUint::from(1_u8) << (bits - 1)) + BigUint::from(1_u8);
    rsa_of(&modulus.to_bytes_be(), exponent, more)
}

fn rsa_of(modulus: &[u8], exponent: &[u8], more: &str) -> String {
    let (n, e) = (base64url::encode(modulus), base64url::encode(exponent));
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"{more}}}"#)
}

const F4: &[u8] = &[1, 0, 1];

/// Why the one key of a set is not used.
fn skipped(jwk: &str) -> Option<&'static str> {
    let good = Signer::new(Algorithm::EdDSA).jwk(r#","kid":"good""#);
    let set = key_set(&[jwk, &good]);
    assert!(set.find(Some("good")).is_some(), "a skipped key must not take others along");
    match set.skipped() {
        [] => None,
        [one] => Some(one.reason),
        _ => panic!("both keys were skipped"),
    }
}

#[test]
fn a_document_that_is_no_key_set_is_refused() {
    for (text, fault) in [
        ("{}", KeySetFault::NoKeys),
        (r#"{"keys":{}}"#, KeySetFault::NoKeys),
        (r#"{"keys":null}"#, KeySetFault::NoKeys),
        (r#"{"keys":[1]}"#, KeySetFault::NoKeys),
        (r#"{"keys":[[]]}"#, KeySetFault::NoKeys),
        (r#"{"Keys":[]}"#, KeySetFault::NoKeys),
    ] {
        assert_eq!(KeySet::parse(text.as_bytes(), &Algorithm::ALL).err(), Some(fault), "{text}");
    }
    for text in
        ["", "[]", r#"{"keys":[]}x"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[{"kid":"a","kid":"b"}]}"#]
    {
        let fault = KeySet::parse(text.as_bytes(), &Algorithm::ALL).err();
        assert!(matches!(fault, Some(KeySetFault::Json(_))), "{text}");
    }
    let empty = key_set(&[]);
    assert!(empty.is_empty());
    assert!(empty.find(None).is_none());
}

#[test]
fn one_private_key_refuses_the_whole_set_whatever_its_type() {
    let good = Signer::new(Algorithm::ES256).jwk("");
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        for kty in ["RSA", "EC", "OKP", "AKP"] {
            for value in ["\"AQ\"", "\"\"", "null", "[]"] {
                let private = format!(r#"{{"kty":"{kty}","{member}":{value}}}"#);
                let fault = parse(&[&good, &private], &Algorithm::ALL).err();
                assert_eq!(fault, Some(KeySetFault::PrivateKey), "{private}");
            }
        }
    }
}

#[test]
fn one_symmetric_key_refuses_the_whole_set() {
    let good = Signer::new(Algorithm::ES256).jwk("");
    for symmetric in
        [r#"{"kty":"oct","k":"AAAA"}"#, r#"{"kty":"oct"}"#, r#"{"kty":"RSA","k":"AAAA"}"#, r#"{"k":null}"#]
    {
        assert_eq!(
            parse(&[&good, symmetric], &Algorithm::ALL).err(),
            Some(KeySetFault::SymmetricKey),
            "{symmetric}"
        );
    }
}

#[test]
fn one_key_id_twice_refuses_the_whole_set_even_on_keys_that_are_not_used() {
    let [first, second] =
        [Algorithm::ES256, Algorithm::EdDSA].map(|one| Signer::new(one).jwk(r#","kid":"k1""#));
    let unused = r#"{"kty":"unknown","kid":"k1"}"#;
    for keys in [[first.as_str(), &second], [&first, &first], [&first, unused], [unused, unused]] {
        assert_eq!(parse(&keys, &Algorithm::ALL).err(), Some(KeySetFault::DoubledKeyId));
    }
    let other_case = Signer::new(Algorithm::EdDSA).jwk(r#","kid":"K1""#);
    assert_eq!(key_set(&[&first, &other_case]).len(), 2);
}

#[test]
fn a_set_has_64_keys_at_most() {
    let key = Signer::new(Algorithm::EdDSA).jwk("");
    assert_eq!(MAX_KEYS, 64);
    assert_eq!(key_set(&vec![key.as_str(); 64]).len(), 64);
    assert_eq!(parse(&vec![key.as_str(); 65], &Algorithm::ALL).err(), Some(KeySetFault::TooMany));
    assert_eq!(parse(&vec!["{}"; 65], &Algorithm::ALL).err(), Some(KeySetFault::TooMany));
}

#[test]
fn rsa_keys_of_2048_to_8192_bits_with_an_odd_exponent_are_used() {
    for bits in [2048, 2049, 3072, 4096, 8192] {
        assert_eq!(skipped(&rsa(bits, F4, "")), None, "{bits}");
    }
    for exponent in [&[3][..], &[17], &[0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(skipped(&rsa(2048, exponent, "")), None, "{exponent:?}");
    }
    let size = Some("its modulus is shorter than 2048 or longer than 8192 bits");
    for bits in [512, 1024, 2047, 8193, 16_384] {
        assert_eq!(skipped(&rsa(bits, F4, "")), size, "{bits}");
    }
    let exponents: [&[u8]; 9] = [
        &[],
        &[0],
        &[1],
        &[2],
        &[4],
        &[1, 0, 0],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
        &[1, 0, 0, 0, 0, 0, 0, 0, 1],
    ];
    for exponent in exponents {
        let reason = skipped(&rsa(2048, exponent, ""));
        assert_eq!(reason, Some("its exponent is not an odd number from 3 to 2^32"), "{exponent:?}");
    }
}

#[test]
fn moduli_that_are_none_are_skipped() {
    let odd: BigUint = (BigUint::from(1_u8) << 2047) + 1_u8;
    let even = (odd.clone() + 1_u8).to_bytes_be();
    let padded = [&[0], odd.to_bytes_be().as_slice()].concat();
    for modulus in [even.as_slice(), &padded] {
        assert_eq!(skipped(&rsa_of(modulus, F4, "")), Some("its modulus is no RSA modulus"));
    }
    assert_eq!(skipped(&rsa_of(&[], F4, "")), Some("its modulus is empty"));
}

#[test]
fn keys_of_another_purpose_type_or_shape_are_skipped_with_the_reason() {
    let good = base64url::encode([1_u8; 32]);
    let (ed, point) = (Signer::new(Algorithm::EdDSA), Signer::new(Algorithm::ES256));
    let of = |more: &str| ed.jwk(more);
    for (jwk, reason) in [
        (of(r#","use":"enc""#), "it is not for signatures"),
        (of(r#","use":"SIG""#), "it is not for signatures"),
        (of(r#","use":null"#), "it is not for signatures"),
        (of(r#","use":["sig"]"#), "it is not for signatures"),
        (of(r#","key_ops":["encrypt"]"#), "it is not for verifying"),
        (of(r#","key_ops":["sign"]"#), "it is not for verifying"),
        (of(r#","key_ops":[]"#), "it is not for verifying"),
        (of(r#","key_ops":"verify""#), "it is not for verifying"),
        (of(r#","use":"sig","key_ops":["encrypt"]"#), "it is not for verifying"),
        (of(r#","kid":1"#), "its key id is not a text"),
        (of(r#","kid":null"#), "its key id is not a text"),
        (of(r#","kid":["k1"]"#), "its key id is not a text"),
        ("{}".to_owned(), "its type is not supported"),
        (r#"{"kty":"ed25519"}"#.to_owned(), "its type is not supported"),
        (r#"{"kty":"okp","crv":"Ed25519"}"#.to_owned(), "its type is not supported"),
        (r#"{"kty":["OKP"],"crv":"Ed25519"}"#.to_owned(), "its type is not supported"),
        (r#"{"kty":"OKP"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"OKP","crv":"X25519"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"OKP","crv":"Ed448"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"EC","crv":"P-521"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"EC","crv":"secp256k1"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"EC","crv":"Ed25519"}"#.to_owned(), "its curve is not supported"),
        (r#"{"kty":"OKP","crv":"Ed25519"}"#.to_owned(), "a member of its type is missing"),
        (r#"{"kty":"RSA","e":"AQAB"}"#.to_owned(), "a member of its type is missing"),
        (r#"{"kty":"RSA","n":1,"e":"AQAB"}"#.to_owned(), "a member of its type is missing"),
        (format!(r#"{{"kty":"EC","crv":"P-256","x":"{good}"}}"#), "a member of its type is missing"),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA="}"#.to_owned(), "a member is not base64url"),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"A+/A"}"#.to_owned(), "a member is not base64url"),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#.to_owned(), "its coordinate has the wrong length"),
        (
            format!(r#"{{"kty":"EC","crv":"P-384","x":"{good}","y":"{good}"}}"#),
            "a coordinate has the wrong length",
        ),
        (
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{good}","y":"AAAA"}}"#),
            "a coordinate has the wrong length",
        ),
    ] {
        assert_eq!(skipped(&jwk), Some(reason), "{jwk}");
    }
    assert_eq!(skipped(&of(r#","use":"sig","key_ops":["verify"],"x5c":["AA"],"x5t":"AA""#)), None);
    assert_eq!(skipped(&point.jwk("")), None);
}

#[test]
fn points_off_the_curve_are_skipped() {
    for (curve, size) in [("P-256", 32_usize), ("P-384", 48)] {
        let point = |x: u8, y: u8| {
            let [x, y] = [x, y].map(|last| base64url::encode([vec![0; size - 1], vec![last]].concat()));
            format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#)
        };
        for (x, y) in [(0, 0), (1, 1), (0, 1)] {
            assert_eq!(skipped(&point(x, y)), Some("it is no valid public key"), "{curve} {x} {y}");
        }
        let beyond = base64url::encode(vec![0xff; size]);
        let beyond = format!(r#"{{"kty":"EC","crv":"{curve}","x":"{beyond}","y":"{beyond}"}}"#);
        assert_eq!(skipped(&beyond), Some("it is no valid public key"), "{curve}");
    }
}

#[test]
fn a_key_verifies_by_the_algorithm_that_it_names_and_by_no_other() {
    for signer in [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA].map(Signer::new) {
        for named in Algorithm::ALL {
            let family = |algorithm: Algorithm| {
                if algorithm.name().starts_with("PS") { "RS" } else { &algorithm.name()[..2] }
            };
            let fits = named == signer.algorithm || family(named) == "RS" && family(signer.algorithm) == "RS";
            let set = key_set(&[&signer.jwk(&format!(r#","alg":"{named}""#))]);
            assert_eq!(
                set.keys().map(daypass_jose::jwk::VerifyingKey::algorithm).next(),
                fits.then_some(named)
            );
        }
        for alg in ["\"none\"", "\"HS256\"", "\"rs256\"", "\"\"", "null", "1", "[\"RS256\"]"] {
            let set = key_set(&[&signer.jwk(&format!(r#","alg":{alg}"#))]);
            let reason = "its algorithm is unknown or does not fit its type";
            assert_eq!(set.skipped(), [SkippedKey { key_id: None, reason }], "{alg}");
        }
    }
}

#[test]
fn a_key_without_an_algorithm_verifies_by_the_issuers_first_that_fits() {
    let (rsa, ed) = (Signer::new(Algorithm::RS256).jwk(""), Signer::new(Algorithm::EdDSA).jwk(""));
    let first = |keys: &[&str], algorithms: &[Algorithm]| {
        let set = parse(keys, algorithms).unwrap();
        set.keys().map(daypass_jose::jwk::VerifyingKey::algorithm).collect::<Vec<_>>()
    };
    assert_eq!(first(&[&rsa], &[Algorithm::RS256, Algorithm::RS512]), [Algorithm::RS256]);
    assert_eq!(first(&[&rsa], &[Algorithm::ES256, Algorithm::PS384, Algorithm::RS256]), [Algorithm::PS384]);
    assert_eq!(
        first(&[&rsa, &ed], &[Algorithm::EdDSA, Algorithm::RS512]),
        [Algorithm::RS512, Algorithm::EdDSA]
    );
    assert_eq!(first(&[&rsa, &ed], &[Algorithm::ES256]), []);
}

#[test]
fn a_key_of_an_algorithm_that_is_not_the_issuers_is_skipped() {
    let signer = Signer::new(Algorithm::RS256);
    let set = parse(&[&signer.jwk(r#","alg":"RS512","kid":"a""#)], &[Algorithm::RS256]).unwrap();
    let reason = "its algorithm is not one of the issuer's";
    assert_eq!(set.skipped(), [SkippedKey { key_id: Some("a".to_owned()), reason }]);
    assert!(set.find(Some("a")).is_none());
}

#[test]
fn a_key_is_found_by_its_id_alone_or_as_the_only_one() {
    let [a, b] = [r#","kid":"a""#, r#","kid":"b""#].map(|more| Signer::new(Algorithm::EdDSA).jwk(more));
    let nameless = Signer::new(Algorithm::ES256).jwk("");
    let found = |keys: &[&str], key_id: Option<&str>| {
        key_set(keys).find(key_id).map(|key| key.key_id().map(ToOwned::to_owned))
    };
    assert_eq!(found(&[&a, &b], Some("b")), Some(Some("b".to_owned())));
    for absent in ["c", "A", "a ", ""] {
        assert_eq!(found(&[&a, &b], Some(absent)), None, "{absent:?}");
        assert_eq!(found(&[&nameless], Some(absent)), None, "{absent:?}");
    }
    assert_eq!(found(&[&a, &b], None), None);
    assert_eq!(found(&[&a, &nameless], None), None);
    assert_eq!(found(&[&a], None), Some(Some("a".to_owned())));
    assert_eq!(found(&[&nameless], None), Some(None));
}

#[test]
fn a_weak_key_beside_a_good_one_verifies_nothing() {
    let bench = Bench::new(Algorithm::EdDSA);
    let weak = rsa(1024, F4, r#","kid":"weak""#);
    let set = key_set(&[&weak, &bench.signer.jwk(r#","kid":"k1""#)]);
    assert!(set.find(Some("weak")).is_none());
    assert_eq!((set.len(), set.skipped().len()), (1, 1));
    let token = UnverifiedIdToken::parse(&bench.token(&[], &[])).unwrap();
    assert!(set.find(token.claimed_key_id()).is_some());
}

#[test]
fn a_key_of_another_set_with_the_same_id_verifies_nothing() {
    let (bench, other) = (Bench::new(Algorithm::RS256), Signer::new(Algorithm::RS256));
    assert!(matches!(other.pair, Pair::Rsa(..)));
    let token = other.token(bench.header(&[]), payload(&[]));
    assert_eq!(bench.verify(&token).err(), Some(TokenFault::SignatureInvalid));
}
