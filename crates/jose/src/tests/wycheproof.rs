//! Project Wycheproof's vectors: each is run, and where our verdict is not the published one, a table says why.
//!
//! The payloads of the JOSE files are no claims, so they run through the two steps that every token takes first:
//! `CompactJws::read` and `CompactJws::check_signature`, with keys of `KeySet::parse`. The files of bare signatures run
//! through `KeySet::parse` and `VerifyingKey::verifies`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::jwk::{KeySet, KeySetFault};
use crate::jwt::{CompactJws, UnverifiedIdToken};
use crate::{Algorithm, base64url};

/// Vectors whose verdict here is not the published one: file, test, our verdict, reason.
const DEVIATIONS: &[(&str, u64, Verdict, &str)] = &[
    ("json_web_signature", 346, Verdict::Refused, "the key is for PS256 alone, the header says PS384"),
    ("json_web_signature", 350, Verdict::Refused, "the key is for PS256 alone, the header says PS384"),
    (
        "json_web_signature",
        347,
        Verdict::Refused,
        "ES512 is not supported (and the key's `ES521` is no algorithm)",
    ),
    (
        "json_web_signature",
        351,
        Verdict::Refused,
        "ES512 is not supported (and the key's `ES521` is no algorithm)",
    ),
    (
        "json_web_key",
        7,
        Verdict::Taken,
        "ROCA: a weak modulus that only its factors' structure shows is not looked for",
    ),
    (
        "json_web_crypto",
        46,
        Verdict::Taken,
        "ROCA: a weak modulus that only its factors' structure shows is not looked for",
    ),
];

/// Texts of the base64 group whose encoding is judged otherwise: test, whether it is read here, reason.
const BASE64_DEVIATIONS: &[(u64, bool, &str)] = &[
    (367, true, "the very bytes of the valid test 357: what the comment says stands in it does not"),
    (370, true, "the very bytes of the valid test 357: what the comment says stands in it does not"),
    (372, false, "`?` is in no alphabet"),
    (373, false, "`?` is in no alphabet"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Taken,
    Refused,
    /// Refused for what it is, whatever it says: a symmetric key, an encrypted text.
    Unsupported,
}

/// How many vectors of a file got which verdict, and those that had another published.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    taken: usize,
    refused: usize,
    unsupported: usize,
    /// `acceptable` in the file: neither verdict is a deviation.
    acceptable: BTreeMap<u64, Verdict>,
    deviations: BTreeMap<u64, Verdict>,
}

impl Tally {
    fn add(&mut self, test: &Value, verdict: Verdict) {
        match verdict {
            Verdict::Taken => self.taken += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Unsupported => self.unsupported += 1,
        }
        let id = test["tcId"].as_u64().unwrap();
        match (text(&test["result"]), verdict) {
            ("valid", Verdict::Taken) | ("invalid", Verdict::Refused) | (_, Verdict::Unsupported) => None,
            ("acceptable", _) => self.acceptable.insert(id, verdict),
            ("valid" | "invalid", _) => self.deviations.insert(id, verdict),
            (other, _) => panic!("the result `{other}` of test {id}"),
        };
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = text(value);
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn groups(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/wycheproof").join(file);
    let document: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    let groups = items(&document["testGroups"]).to_vec();
    let tests: usize = groups.iter().map(|group| items(&group["tests"]).len()).sum();
    assert_eq!(json!(tests), document["numberOfTests"], "{file}");
    groups
}

/// Runs a file; what deviates from it must be what is listed, no more and no less.
fn run(file: &str, judge: impl Fn(&Value, &Value) -> Verdict) -> Tally {
    let mut tally = Tally::default();
    for group in groups(file) {
        for test in items(&group["tests"]) {
            tally.add(test, judge(&group, test));
        }
    }
    let listed = DEVIATIONS.iter().filter(|(of, ..)| *of == file);
    let listed: BTreeMap<u64, Verdict> = listed.map(|(_, id, verdict, _)| (*id, *verdict)).collect();
    assert_eq!(tally.deviations, listed, "{file}: deviations found (left) and listed (right)");
    println!("{file}: {tally:?}");
    tally
}

fn counts(tally: &Tally) -> [usize; 3] {
    [tally.taken, tally.refused, tally.unsupported]
}

/// The key set of a group: its public keys, or what there is where it has none.
fn key_set(group: &Value) -> Result<KeySet, KeySetFault> {
    let keys = group.get("public").unwrap_or(&group["private"]);
    let set = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
    KeySet::parse(set.to_string().as_bytes(), &Algorithm::ALL)
}

/// Whether a key of the set signed the text, as a token is judged before its claims are.
fn signed(jws: &str, set: &KeySet) -> bool {
    CompactJws::read(jws).is_ok_and(|jws| {
        let key = set.find(jws.claimed_key_id());
        key.is_some_and(|key| jws.check_signature(key, &Algorithm::ALL).is_ok())
    })
}

fn judge_jose(group: &Value, test: &Value) -> Verdict {
    // One vector is a JWS in JSON serialisation, of which there is no compact text.
    let shown = test.get("jws").or_else(|| test.get("jwe")).unwrap();
    let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
    match key_set(group) {
        Ok(set) if signed(&shown, &set) => Verdict::Taken,
        Ok(_) => Verdict::Refused,
        Err(fault) => {
            assert!(matches!(fault, KeySetFault::SymmetricKey | KeySetFault::PrivateKey), "{fault}");
            // Not for its key set alone: as a token it is not even read.
            assert!(UnverifiedIdToken::parse(&shown).is_err(), "{test}");
            Verdict::Unsupported
        }
    }
}

/// The public key of a group of bare signatures, for one algorithm. Some groups have it as a point only.
fn key_of(group: &Value, algorithm: Algorithm) -> Option<KeySet> {
    let jwk = group.get("publicKeyJwk").or_else(|| group.get("keyJwk")).cloned().unwrap_or_else(|| {
        let point = hex(&group["publicKey"]["uncompressed"]);
        let (x, y) = point[1..].split_at(point.len() / 2);
        let curve = if algorithm == Algorithm::ES256 { "P-256" } else { "P-384" };
        json!({"kty": "EC", "crv": curve, "x": base64url::encode(x), "y": base64url::encode(y)})
    });
    let set = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes(), &[algorithm]).unwrap();
    (!set.is_empty()).then_some(set)
}

fn judge_signature(algorithm: Algorithm) -> impl Fn(&Value, &Value) -> Verdict {
    move |group, test| {
        let set = key_of(group, algorithm);
        let is_signed = set.is_some_and(|set| {
            let key = set.find(None).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            key.verifies(&hex(&test["msg"]), &hex(&test["sig"]))
        });
        if is_signed { Verdict::Taken } else { Verdict::Refused }
    }
}

#[test]
fn json_web_signatures() {
    assert_eq!(counts(&run("json_web_signature", judge_jose)), [32, 329, 40]);
}

#[test]
fn json_web_keys() {
    assert_eq!(counts(&run("json_web_key", judge_jose)), [2, 9, 15]);
}

#[test]
fn the_older_mixture_of_signed_and_encrypted_texts() {
    assert_eq!(counts(&run("json_web_crypto", judge_jose)), [3, 26, 54]);
}

#[test]
fn ecdsa_signatures() {
    let p256 = run("ecdsa_secp256r1_sha256_p1363", judge_signature(Algorithm::ES256));
    assert_eq!(counts(&p256), [173, 89, 0]);
    let p384 = run("ecdsa_secp384r1_sha384_p1363", judge_signature(Algorithm::ES384));
    assert_eq!(counts(&p384), [193, 87, 0]);
}

#[test]
fn ed25519_signatures() {
    assert_eq!(counts(&run("ed25519", judge_signature(Algorithm::EdDSA))), [88, 63, 0]);
}

#[test]
fn rsa_signatures() {
    let files = [
        ("rsa_signature_2048_sha256", Algorithm::RS256, [9, 250, 0]),
        ("rsa_signature_2048_sha384", Algorithm::RS384, [7, 251, 0]),
        ("rsa_signature_2048_sha512", Algorithm::RS512, [8, 251, 0]),
    ];
    for (file, algorithm, wanted) in files {
        let tally = run(file, judge_signature(algorithm));
        assert_eq!(counts(&tally), wanted, "{file}");
        // DigestInfo without NULL (RFC 8017 §8.2.2, note): allowed, and not taken.
        assert_eq!(tally.acceptable.values().collect::<Vec<_>>(), [&Verdict::Refused], "{file}");
    }
    let pss = run("rsa_pss_2048_sha256_mgf1_32", judge_signature(Algorithm::PS256));
    assert_eq!(counts(&pss), [63, 45, 0]);
}

/// The base64 group is signed by HMAC, so its verdicts above are all the same; how its parts are read is told here.
#[test]
fn base64url_as_the_vectors_have_it() {
    let groups = groups("json_web_signature");
    let group = groups.iter().find(|group| text(&group["comment"]) == "base64").unwrap();
    let mut deviations = Vec::new();
    for test in items(&group["tests"]) {
        let is_read = text(&test["jws"]).split('.').all(|part| base64url::decode(part).is_some());
        if is_read != (text(&test["result"]) == "valid") {
            deviations.push((test["tcId"].as_u64().unwrap(), is_read));
        }
    }
    let listed: Vec<_> = BASE64_DEVIATIONS.iter().map(|(id, is_read, _)| (*id, *is_read)).collect();
    assert_eq!(deviations, listed, "deviations found (left) and listed (right)");
}

#[test]
fn every_file_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/wycheproof");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = names.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let tests = include_str!("wycheproof.rs");
    let not_run: Vec<_> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| {
            !tests.contains(&format!("run(\"{name}\"")) && !tests.contains(&format!("(\"{name}\", Algorithm"))
        })
        .collect();
    assert_eq!(not_run, Vec::<String>::new());
}
