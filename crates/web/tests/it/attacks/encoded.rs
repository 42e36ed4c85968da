//! §3 What a private key was made to sign: messages in a loose encoding, the wrong hash, the wrong curve.

use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::kit::{ALGORITHM, Expect, KEY, Kit, SIGNATURE, Table, parts, signed_by};
use super::signature::{SIGNATURE_OR_MALFORMED, of_second};
use crate::support::keys::{TestKey, base64url};

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    rsa(kit, table);
    curves(kit, table);
}

/// The names of SHA-256, SHA-512 and SHA-1 in DER.
const SHA256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const SHA512: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
const SHA1: &[u8] = &[6, 5, 0x2b, 0x0e, 3, 2, 0x1a];

/// RFC 8017 §8.2.2: the encoded message is made again and compared, never parsed.
fn rsa(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let key = kit.main.key();
    let (header, payload, _) = parts(&token);
    let hash = digest::digest(&digest::SHA256, format!("{header}.{payload}").as_bytes());
    let hash = hash.as_ref();
    let info = [&[0x30, 0x31, 0x30, 0x0d], SHA256, &[5, 0, 4, 0x20], hash].concat();
    let padded = |start: &[u8], fill: u8, info: &[u8]| {
        [start, &vec![fill; 256 - start.len() - 1 - info.len()], &[0], info].concat()
    };
    let usual = |info: &[u8]| padded(&[0, 1], 0xff, info);
    let short = [&[0, 1], [0xff; 8].as_slice(), &[0], &info, &vec![7; 256 - 11 - info.len()]].concat();
    let cases: [(&str, Vec<u8>); 10] = [
        ("no-null", usual(&[&[0x30, 0x2f, 0x30, 0x0b], SHA256, &[4, 0x20], hash].concat())),
        ("no-digest-info", usual(hash)),
        ("bleichenbacher-06", short),
        (
            "garbage-parameters",
            usual(&[&[0x30, 0x33, 0x30, 0x0f], SHA256, &[5, 2, 7, 7, 4, 0x20], hash].concat()),
        ),
        ("block-type-0", padded(&[0, 0], 0xff, &info)),
        ("block-type-2", padded(&[0, 2], 0xff, &info)),
        ("padding-not-ff", padded(&[0, 1], 0xfe, &info)),
        ("named-sha-1", usual(&[&[0x30, 0x21, 0x30, 0x09], SHA1, &[5, 0, 4, 0x14], &hash[..20]].concat())),
        ("named-sha-512", usual(&[&[0x30, 0x31, 0x30, 0x0d], SHA512, &[5, 0, 4, 0x20], hash].concat())),
        ("no-zero-before", padded(&[1, 1], 0xff, &info)),
    ];
    for (id, message) in cases {
        let signature = key.private_power(&message);
        table.refused(format!("sig.rsa-{id}"), signed_by(&token, signature), SIGNATURE_OR_MALFORMED);
    }
    // The same way, with nothing loose: the cases above fail for what is loose in them.
    table.add("sig.rsa-strict", signed_by(&token, key.private_power(&usual(&info))), Expect::Accept);
}

/// Elliptic curves: another one than the key's, another hash than the algorithm's, and one that nobody takes.
fn curves(kit: &Kit, table: &mut Table) {
    let key = |algorithm: &str| kit.second.keys.iter().find(|key| key.algorithm == algorithm).unwrap();
    let relabelled = |table: &mut Table, of: &TestKey, alg: &str| {
        let mut claims = kit.claims(table);
        claims.insert("iss".into(), kit.second.url().into());
        let header = json!({"typ": "JWT", "alg": alg, "kid": of.kid}).to_string();
        of.token(header, Value::from(claims).to_string())
    };
    let token = relabelled(table, key("ES384"), "ES256");
    table.refused("sig.ec-p384-key-es256", token, ALGORITHM);
    let token = relabelled(table, key("ES256"), "ES384");
    table.refused("sig.ec-p256-key-es384", token, ALGORITHM);
    let token = of_second(kit, table, "ES384");
    let forged = key("ES384").sign_as("ES384 over SHA3", token.rsplit_once('.').unwrap().0.as_bytes());
    assert_eq!(forged.len(), 96);
    table.refused("sig.ec-wrong-hash", signed_by(&token, forged), SIGNATURE);
    let koblitz = TestKey::new("koblitz", "ES256K");
    for (id, alg, codes) in
        [("es256k", "ES256K", ALGORITHM), ("labelled-es256", "ES256", KEY), ("labelled-es384", "ES384", KEY)]
    {
        let token = relabelled(table, &koblitz, alg);
        table.refused(format!("sig.ec-k1-{id}"), token, codes);
    }
    let mut stolen_name = kit.claims(table);
    stolen_name.insert("iss".into(), kit.second.url().into());
    let header = base64url(json!({"typ": "JWT", "alg": "ES256", "kid": key("ES256").kid}).to_string());
    let input = format!("{header}.{}", base64url(Value::from(stolen_name).to_string()));
    let signature = base64url(koblitz.sign(input.as_bytes()));
    table.refused("sig.ec-k1-under-a-good-kid", format!("{input}.{signature}"), SIGNATURE);
}
