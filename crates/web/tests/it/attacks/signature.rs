//! §3 Signature bytes.

use aws_lc_rs::digest;
use num_bigint::BigUint;
use serde_json::Value;

use super::encoded;
use super::kit::{Kit, SIGNATURE, Table, parts, signed_by};
use crate::support::keys::TestKey;

pub(super) const SIGNATURE_OR_MALFORMED: &[&str] = &["signature_invalid", "token_malformed"];

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    rsa_bytes(kit, table);
    foreign(kit, table);
    rsa_values(kit, table);
    elliptic(kit, table);
    edwards(kit, table);
    encoded::cases(kit, table);
}

pub(super) fn decoded(token: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(parts(token).2).unwrap()
}

fn rsa_bytes(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let signature = decoded(&token);
    let (header, payload, _) = parts(&token);
    table.refused("sig.empty", format!("{header}.{payload}."), SIGNATURE_OR_MALFORMED);
    for at in [0, 1, 100, 254, 255] {
        let mut flipped = signature.clone();
        flipped[at] ^= 1;
        table.refused(format!("sig.flip-{at}"), signed_by(&token, flipped), SIGNATURE);
    }
    let cases: [(&str, Vec<u8>); 6] = [
        ("truncated", signature[..255].to_vec()),
        ("one-byte", signature[..1].to_vec()),
        ("appended-zero", [signature.as_slice(), &[0]].concat()),
        ("prepended-zero", [&[0], signature.as_slice()].concat()),
        ("doubled", [signature.as_slice(), signature.as_slice()].concat()),
        ("huge", vec![1; 4096]),
    ];
    for (id, bytes) in cases {
        table.refused(format!("sig.{id}"), signed_by(&token, bytes), SIGNATURE_OR_MALFORMED);
    }
}

fn foreign(kit: &Kit, table: &mut Table) {
    let (one, other) = (kit.honest(table), kit.honest(table));
    let (header, payload, signature) = parts(&one);
    let (_, other_payload, other_signature) = parts(&other);
    table.refused("sig.other-token", format!("{header}.{payload}.{other_signature}"), SIGNATURE);
    table.refused("sig.payload-swapped", format!("{header}.{other_payload}.{signature}"), SIGNATURE);
    let key = kit.main.key();
    let other_header = parts(&kit.with_header(table, &[("x5t", None)])).0;
    table.refused("sig.header-swapped", format!("{other_header}.{payload}.{signature}"), SIGNATURE);
    table.refused("sig.over-payload-only", signed_by(&one, key.sign(payload.as_bytes())), SIGNATURE);
    let raw = format!("{}.{}", key.header(), Value::from(kit.claims(table)));
    table.refused("sig.over-decoded", signed_by(&one, key.sign(raw.as_bytes())), SIGNATURE);
    let random = TestKey::new("key-1", "RS256").sign(format!("{header}.{payload}").as_bytes());
    table.refused("sig.random-key", signed_by(&one, random), SIGNATURE);
}

fn rsa_values(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let modulus = BigUint::from_bytes_be(&kit.main.key().modulus());
    let signature = BigUint::from_bytes_be(&decoded(&token));
    let padded = |value: &BigUint| {
        let bytes = value.to_bytes_be();
        [vec![0; 256_usize.saturating_sub(bytes.len())], bytes].concat()
    };
    let cases = [
        ("all-zero", vec![0; 256]),
        ("one", padded(&BigUint::from(1_u8))),
        ("n-minus-1", padded(&(&modulus - 1_u8))),
        ("n", padded(&modulus)),
        ("not-reduced", padded(&(&signature + &modulus))),
    ];
    for (id, bytes) in cases {
        table.refused(format!("sig.{id}"), signed_by(&token, bytes), SIGNATURE_OR_MALFORMED);
    }
}

pub(super) fn of_second(kit: &Kit, table: &mut Table, algorithm: &str) -> String {
    let key = kit.second.keys.iter().find(|key| key.algorithm == algorithm).unwrap();
    let mut claims = kit.claims(table);
    claims.insert("iss".into(), kit.second.url().into());
    key.honest(&claims.into())
}

fn elliptic(kit: &Kit, table: &mut Table) {
    let token = of_second(kit, table, "ES256");
    let order = BigUint::parse_bytes(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
        .unwrap();
    let values = [
        BigUint::from(0_u8),
        BigUint::from(1_u8),
        &order - 1_u8,
        order.clone(),
        (BigUint::from(1_u8) << 256_u32) - 1_u8,
    ];
    let fixed = |value: &BigUint| {
        let bytes = value.to_bytes_be();
        [vec![0; 32 - bytes.len()], bytes].concat()
    };
    for (index, r) in values.iter().enumerate() {
        for (other, s) in values.iter().enumerate() {
            let bytes = [fixed(r), fixed(s)].concat();
            table.refused(format!("sig.ec-pair-{index}-{other}"), signed_by(&token, bytes), SIGNATURE);
        }
    }
    let signature = decoded(&token);
    let (r, s) = signature.split_at(32);
    let zero = [0_u8; 32];
    let der = [&[0x30, 0x44, 0x02, 0x20][..], r, &[0x02, 0x20], s].concat();
    let cases: [(&str, Vec<u8>); 10] = [
        ("ec-r-zero", [&zero, s].concat()),
        ("ec-s-zero", [r, &zero].concat()),
        ("ec-der", der),
        ("ec-66-bytes", [&[0], r, &[0], s].concat()),
        ("ec-96-bytes", [r, s, &zero].concat()),
        ("ec-trailing-zero", [r, s, &[0]].concat()),
        ("ec-32-bytes", r.to_vec()),
        ("ec-empty", Vec::new()),
        ("ec-leading-zero-trimmed", [&r[1..], s].concat()),
        ("ec-swapped", [s, r].concat()),
    ];
    for (id, bytes) in cases {
        table.refused(format!("sig.{id}"), signed_by(&token, bytes), SIGNATURE_OR_MALFORMED);
    }
}

fn edwards(kit: &Kit, table: &mut Table) {
    let token = of_second(kit, table, "EdDSA");
    let signature = decoded(&token);
    let (r, s) = signature.split_at(32);
    let order = (BigUint::from(1_u8) << 252_u32)
        + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).unwrap();
    let mut more = (BigUint::from_bytes_le(s) + order).to_bytes_le();
    more.resize(32, 0);
    // The form of Ed25519 that signs a hash (RFC 8032 §5.1) is another algorithm.
    let key = kit.second.keys.iter().find(|key| key.algorithm == "EdDSA").unwrap();
    let input = token.rsplit_once('.').unwrap().0;
    let of_hash = key.sign(digest::digest(&digest::SHA512, input.as_bytes()).as_ref());
    let cases: [(&str, Vec<u8>); 6] = [
        ("ed-hash-first", of_hash),
        ("ed-s-plus-l", [r, &more].concat()),
        ("ed-zero", vec![0; 64]),
        ("ed-truncated", signature[..63].to_vec()),
        ("ed-garbage", vec![0xa5; 64]),
        ("ed-appended", [signature.as_slice(), &[0]].concat()),
    ];
    for (id, bytes) in cases {
        table.refused(format!("sig.{id}"), signed_by(&token, bytes), SIGNATURE_OR_MALFORMED);
    }
}
