//! Signature bytes that are none: edge values, other encodings, other messages (RFC 8017 §8.2.2, RFC 7518 §3.4).

use daypass_jose::jwt::TokenFault;
use daypass_jose::{Algorithm, base64url};
use num_bigint::BigUint;

use crate::support::{Bench, payload};

/// What the verifier says to a good token's header and payload under another signature.
fn under(bench: &Bench, signature: &[u8]) -> Option<TokenFault> {
    bench.verify(&format!("{}.{}", input(bench), base64url::encode(signature))).err()
}

fn input(bench: &Bench) -> String {
    format!("{}.{}", base64url::encode(bench.header(&[])), base64url::encode(payload(&[])))
}

fn hex(text: &str) -> BigUint {
    BigUint::parse_bytes(text.as_bytes(), 16).unwrap()
}

fn fixed(number: &BigUint, size: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; size - bytes.len()], bytes].concat()
}

#[test]
fn a_signature_of_something_else_is_refused() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new(algorithm);
        let sign = |message: &[u8]| bench.signer.signature(message);
        let good = sign(input(&bench).as_bytes());
        assert_eq!(under(&bench, &good), None, "{algorithm}");
        let decoded = [bench.header(&[]).as_bytes(), b".", payload(&[]).as_bytes()].concat();
        for (name, signature) in [
            ("payload alone", sign(base64url::encode(payload(&[])).as_bytes())),
            ("decoded parts", sign(&decoded)),
            ("other payload", sign(format!("{}x", input(&bench)).as_bytes())),
            ("nothing", sign(b"")),
            ("other key", Bench::new(algorithm).signer.signature(input(&bench).as_bytes())),
            ("empty", Vec::new()),
            ("one byte", vec![0]),
            ("zeros", vec![0; good.len()]),
            ("ones", vec![0xff; good.len()]),
            ("one", fixed(&BigUint::from(1_u8), good.len())),
            ("cut", good[..good.len() - 1].to_vec()),
            ("half", good[..good.len() / 2].to_vec()),
            ("zero behind", [good.as_slice(), &[0]].concat()),
            ("zero before", [&[0], good.as_slice()].concat()),
            ("doubled", [good.as_slice(), &good].concat()),
            ("huge", vec![7; 8_000]),
        ] {
            assert_eq!(under(&bench, &signature), Some(TokenFault::SignatureInvalid), "{algorithm}: {name}");
        }
    }
}

/// The modulus and the private exponent out of a PKCS#8 RSA key.
fn rsa_numbers(pkcs8: &[u8]) -> (BigUint, BigUint) {
    /// The content of a DER value, and what follows it.
    fn value(der: &[u8]) -> (&[u8], &[u8]) {
        let (size, rest) = match der[1] {
            short @ ..=0x7f => (usize::from(short), &der[2..]),
            0x81 => (usize::from(der[2]), &der[3..]),
            _ => (usize::from(der[2]) << 8 | usize::from(der[3]), &der[4..]),
        };
        rest.split_at(size)
    }
    let (_version, rest) = value(value(pkcs8).0);
    let (_algorithm, rest) = value(rest);
    let (_version, rest) = value(value(value(rest).0).0);
    let (modulus, rest) = value(rest);
    let (_public, rest) = value(rest);
    (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(value(rest).0))
}

#[test]
fn rsa_signatures_at_and_beyond_the_modulus_are_refused() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let bench = Bench::new(algorithm);
        let (modulus, _) = rsa_numbers(&bench.signer.rsa_pkcs8());
        let good = BigUint::from_bytes_be(&bench.signer.signature(input(&bench).as_bytes()));
        let one = BigUint::from(1_u8);
        for number in [&modulus - &one, modulus.clone(), &modulus + &one, &good + &modulus, &modulus - &good]
        {
            let size = number.to_bytes_be().len().max(256);
            assert_eq!(
                under(&bench, &fixed(&number, size)),
                Some(TokenFault::SignatureInvalid),
                "{algorithm}"
            );
        }
    }
}

/// The name of SHA-256 in DER.
const OID: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

#[test]
fn messages_encoded_loosely_are_refused_though_made_with_the_private_key() {
    let bench = Bench::new(Algorithm::RS256);
    let (modulus, private) = rsa_numbers(&bench.signer.rsa_pkcs8());
    let signed = |encoded: &[u8]| {
        assert_eq!(encoded.len(), 256);
        fixed(&BigUint::from_bytes_be(encoded).modpow(&private, &modulus), 256)
    };
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input(&bench).as_bytes());
    let hash = hash.as_ref();
    let info = [&[0x30, 0x31, 0x30, 0x0d], OID, &[0x05, 0x00, 0x04, 0x20], hash].concat();
    let no_null = [&[0x30, 0x2f, 0x30, 0x0b], OID, &[0x04, 0x20], hash].concat();
    let junk = [&[0x30, 0x33, 0x30, 0x0f], OID, &[0x05, 0x02, 7, 7, 0x04, 0x20], hash].concat();
    let sha1 = [&[0x30, 0x21, 0x30, 0x09, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14], &hash[..20]].concat();
    let sha512_oid = [&OID[..10], &[3]].concat();
    let sha512 = [&[0x30, 0x31, 0x30, 0x0d], sha512_oid.as_slice(), &[5, 0, 4, 0x20], hash].concat();
    let padded = |start: &[u8], fill: u8, info: &[u8]| {
        let filling = vec![fill; 256 - start.len() - 1 - info.len()];
        [start, &filling, &[0], info].concat()
    };
    let bleichenbacher =
        [&[0, 1], [0xff; 8].as_slice(), &[0], &info, &vec![7; 256 - 11 - info.len()]].concat();
    assert_eq!(under(&bench, &signed(&padded(&[0, 1], 0xff, &info))), None);
    for (name, encoded) in [
        ("DigestInfo without NULL", padded(&[0, 1], 0xff, &no_null)),
        ("garbage in the parameters", padded(&[0, 1], 0xff, &junk)),
        ("no DigestInfo", padded(&[0, 1], 0xff, hash)),
        ("SHA-1", padded(&[0, 1], 0xff, &sha1)),
        ("named SHA-512", padded(&[0, 1], 0xff, &sha512)),
        ("block type 0", padded(&[0, 0], 0xff, &info)),
        ("block type 2", padded(&[0, 2], 0xff, &info)),
        ("padding of other bytes", padded(&[0, 1], 0xfe, &info)),
        ("short padding, garbage behind", bleichenbacher),
    ] {
        assert_eq!(under(&bench, &signed(&encoded)), Some(TokenFault::SignatureInvalid), "{name}");
    }
}

#[test]
fn ecdsa_signatures_of_edge_numbers_are_refused() {
    for (algorithm, size, order) in [
        (Algorithm::ES256, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (
            Algorithm::ES384,
            48,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
    ] {
        let bench = Bench::new(algorithm);
        let (order, one) = (hex(order), BigUint::from(1_u8));
        let edges = [BigUint::ZERO, one.clone(), &order - &one, order.clone(), (&one << (8 * size)) - &one];
        let good = bench.signer.signature(input(&bench).as_bytes());
        let (r, s) = good.split_at(size);
        for edge in &edges {
            let edge = fixed(edge, size);
            for other in &edges {
                let signature = [edge.as_slice(), &fixed(other, size)].concat();
                assert_eq!(under(&bench, &signature), Some(TokenFault::SignatureInvalid), "{algorithm}");
            }
            for signature in [[edge.as_slice(), s].concat(), [r, edge.as_slice()].concat()] {
                assert_eq!(under(&bench, &signature), Some(TokenFault::SignatureInvalid), "{algorithm}");
            }
        }
        assert_eq!(under(&bench, &[s, r].concat()), Some(TokenFault::SignatureInvalid));
        // r + n means the same as r, where it fits.
        let beyond = BigUint::from_bytes_be(r) + &order;
        if beyond.bits() <= 8 * u64::try_from(size).unwrap() {
            let signature = [fixed(&beyond, size).as_slice(), s].concat();
            assert_eq!(under(&bench, &signature), Some(TokenFault::SignatureInvalid));
        }
    }
}

#[test]
fn a_high_s_is_taken_which_is_why_no_signature_is_ever_a_name() {
    let bench = Bench::new(Algorithm::ES256);
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let good = bench.signer.signature(input(&bench).as_bytes());
    let (r, s) = good.split_at(32);
    let other = fixed(&(order - BigUint::from_bytes_be(s)), 32);
    let token = |signature: &[u8]| format!("{}.{}", input(&bench), base64url::encode(signature));
    let [first, second] = [good.clone(), [r, other.as_slice()].concat()].map(|signature| token(&signature));
    assert_ne!(first, second);
    assert_eq!(bench.verify(&first).unwrap().spend_key(), bench.verify(&second).unwrap().spend_key());
}

#[test]
fn ecdsa_signatures_in_der_are_refused() {
    let bench = Bench::new(Algorithm::ES256);
    let good = bench.signer.signature(input(&bench).as_bytes());
    let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
    let der = [&[0x30, 70], integer(&good[..32]).as_slice(), &integer(&good[32..])].concat();
    assert_eq!(under(&bench, &der), Some(TokenFault::SignatureInvalid));
}

#[test]
fn an_ed25519_signature_with_a_number_beyond_the_order_is_refused() {
    let bench = Bench::new(Algorithm::EdDSA);
    let order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let good = bench.signer.signature(input(&bench).as_bytes());
    assert_eq!(under(&bench, &good), None);
    let number = BigUint::from_bytes_le(&good[32..]) + order;
    let beyond: Vec<u8> = fixed(&number, 32).into_iter().rev().collect();
    assert_eq!(under(&bench, &[&good[..32], &beyond].concat()), Some(TokenFault::SignatureInvalid));
}
