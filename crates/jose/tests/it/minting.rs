//! What this crate signs, it verifies; and its keys have the names of the standards.

use aws_lc_rs::rand::SystemRandom;
use daypass_jose::jwk::KeySet;
use daypass_jose::jwt::{
    Audience, Expectations, MintFault, SigningKey, TokenType, UnverifiedIdToken, VerifiedClaims,
};
use daypass_jose::{Algorithm, IssuerUrl, Json, Object, Secret, Timestamp, base64url};

use crate::support::{NOW, object, payload};

const SIGNED: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];

fn verified(key: &SigningKey, token: &Secret, token_type: TokenType) -> VerifiedClaims {
    let document = format!("{{\"keys\":[{}]}}", key.public_jwk());
    let set = KeySet::parse(document.as_bytes(), &SIGNED).unwrap();
    let issuer = IssuerUrl::parse("https://ci.example").unwrap();
    let expectations = Expectations {
        issuer: &issuer,
        audience: Audience::AnyOne,
        algorithms: &SIGNED,
        max_lifetime_seconds: 3_600,
        max_age_seconds: 3_600,
        token_id_required: true,
        token_type,
    };
    let unverified = UnverifiedIdToken::parse(token.reveal()).unwrap();
    let found = set.find(unverified.claimed_key_id()).unwrap();
    unverified.verify(found, &expectations, Timestamp::from_seconds(NOW).unwrap()).unwrap()
}

#[test]
fn a_minted_token_is_verified_with_the_published_key() {
    for algorithm in SIGNED {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        let claims = object(&payload(&[("run", Some("{\"id\":[1,null,\"\u{1f600}\"]}"))]));
        let token = key.sign("at+jwt", &claims).unwrap();
        assert_eq!(verified(&key, &token, TokenType::AccessToken).claims(), &claims);
        let parts: Vec<&str> = token.reveal().split('.').collect();
        let header = Object::parse(&base64url::decode(parts[0]).unwrap()).unwrap();
        let wanted = format!(r#"{{"alg":"{algorithm}","kid":"{}","typ":"at+jwt"}}"#, key.key_id());
        assert_eq!(header, object(&wanted));
        assert_eq!(token.size_bytes(), token.reveal().len());
    }
}

#[test]
fn a_header_is_signed_as_it_is_given() {
    let (key, _) = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let header = object(r#"{"alg":"EdDSA","x5t":"AAAA"}"#);
    let token = key.sign_with_header(&header, &object(&payload(&[]))).unwrap();
    assert_eq!(
        base64url::decode(token.reveal().split('.').next().unwrap()).unwrap(),
        header.to_string().as_bytes()
    );
    verified(&key, &token, TokenType::IdToken);
}

#[test]
fn a_private_key_that_is_read_again_is_the_same_key() {
    for algorithm in SIGNED {
        let (key, private) = SigningKey::generate(algorithm).unwrap();
        let again = SigningKey::from_pkcs8(algorithm, &private).unwrap();
        assert_eq!((again.key_id(), again.public_jwk()), (key.key_id(), key.public_jwk()));
        assert_eq!((again.algorithm(), key.algorithm()), (algorithm, algorithm));
        let token = again.sign("JWT", &object(&payload(&[]))).unwrap();
        verified(&key, &token, TokenType::IdToken);
    }
}

#[test]
fn each_generated_key_is_another() {
    for algorithm in SIGNED {
        let [first, second] = [0, 1].map(|_| SigningKey::generate(algorithm).unwrap().0);
        assert_ne!(first.key_id(), second.key_id());
    }
}

#[test]
fn a_published_key_holds_its_public_members_name_algorithm_and_use_and_no_more() {
    for (algorithm, members) in [
        (Algorithm::ES256, ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
        (Algorithm::EdDSA, &["alg", "crv", "kid", "kty", "use", "x"]),
        (Algorithm::RS256, &["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        let jwk = key.public_jwk();
        assert_eq!(jwk.iter().map(|(name, _)| name).collect::<Vec<_>>(), members);
        assert_eq!(jwk.member("kid").and_then(Json::as_str), Some(key.key_id()));
        assert_eq!(jwk.member("alg").and_then(Json::as_str), Some(algorithm.name()));
        assert_eq!(jwk.member("use").and_then(Json::as_str), Some("sig"));
    }
}

#[test]
fn the_name_of_an_ed25519_key_is_that_of_rfc_8037() {
    // Appendix A.1 to A.3; the PKCS#8 of a seed is this prefix and the seed.
    let seed = base64url::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let pkcs8 =
        [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".as_slice(), &seed].concat();
    let private = Secret::new(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pkcs8));
    let key = SigningKey::from_pkcs8(Algorithm::EdDSA, &private).unwrap();
    assert_eq!(key.key_id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    assert_eq!(key.public_jwk().member("x").and_then(Json::as_str), Some(x));
}

#[test]
fn what_is_not_signed_by_is_not_generated_and_not_read() {
    let (_, private) = SigningKey::generate(Algorithm::RS256).unwrap();
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !SIGNED.contains(algorithm)) {
        assert_eq!(SigningKey::generate(algorithm).err(), Some(MintFault::Algorithm(algorithm)));
        assert_eq!(SigningKey::from_pkcs8(algorithm, &private).err(), Some(MintFault::Algorithm(algorithm)));
    }
}

#[test]
fn a_private_key_of_another_algorithm_or_none_is_refused() {
    for algorithm in SIGNED {
        for other in SIGNED.into_iter().filter(|other| *other != algorithm) {
            let (_, private) = SigningKey::generate(other).unwrap();
            assert_eq!(
                SigningKey::from_pkcs8(algorithm, &private).err(),
                Some(MintFault::Key),
                "{algorithm} {other}"
            );
        }
        for junk in ["", "AAAA", "not base64", "MC4CAQAwBQYDK2VwBCIEIA=="] {
            let private = Secret::new(junk.to_owned());
            assert_eq!(SigningKey::from_pkcs8(algorithm, &private).err(), Some(MintFault::Key), "{junk}");
        }
    }
    let curve = &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
    let p384 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
    let p384 = Secret::new(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, p384.as_ref()));
    assert_eq!(SigningKey::from_pkcs8(Algorithm::ES256, &p384).err(), Some(MintFault::Key));
}
