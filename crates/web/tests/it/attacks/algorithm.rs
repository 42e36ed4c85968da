//! §2 Algorithm and key choice.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::kit::{ALGORITHM, Expect, ISSUER, KEY, Kit, MALFORMED, SIGNATURE, Table, parts, signed_by};
use crate::support::keys::{TestKey, base64url};

const ALGORITHM_OR_MALFORMED: &[&str] = &["algorithm_refused", "token_malformed"];
const KEY_OR_SIGNATURE: &[&str] = &["key_unknown", "signature_invalid"];
const KEY_SIGNATURE_OR_ALGORITHM: &[&str] = &["key_unknown", "signature_invalid", "algorithm_refused"];
const KEY_OR_MALFORMED: &[&str] = &["key_unknown", "token_malformed"];

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    none(kit, table);
    bad(kit, table);
    hmac(kit, table);
    mixed(kit, table);
    embedded(kit, table);
    crit(kit, table);
    key_id(kit, table);
    issuer_and_key(kit, table);
}

fn none(kit: &Kit, table: &mut Table) {
    let names = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "NoNe",
        " none",
        "none ",
        "none\0",
        "ｎｏｎｅ",
        "",
        "null",
        "n\u{200b}one",
        "nOne",
        "none,RS256",
    ];
    for (index, name) in names.into_iter().enumerate() {
        let token = kit.with_header(table, &[("alg", Some(json!(name)))]);
        let (header, payload, _) = parts(&token);
        table.refused(
            format!("alg.none-{index}-empty"),
            format!("{header}.{payload}."),
            ALGORITHM_OR_MALFORMED,
        );
        table.refused(format!("alg.none-{index}-kept"), token, ALGORITHM_OR_MALFORMED);
    }
    let token = kit.with_header(table, &[("alg", Some(json!("none"))), ("kid", None)]);
    let (header, payload, _) = parts(&token);
    table.refused("alg.none-no-kid", format!("{header}.{payload}."), ALGORITHM_OR_MALFORMED);
    table.refused("alg.none-two-parts", format!("{header}.{payload}"), MALFORMED);
    table.refused("alg.none-junk", signed_by(&token, "junk"), ALGORITHM_OR_MALFORMED);
}

fn bad(kit: &Kit, table: &mut Table) {
    let long = "R".repeat(3000);
    let values: [Option<Value>; 18] = [
        None,
        Some(Value::Null),
        Some(json!(256)),
        Some(json!(true)),
        Some(json!(["RS256"])),
        Some(json!({"alg": "RS256"})),
        Some(json!("rs256")),
        Some(json!("Rs256")),
        Some(json!("RS256 ")),
        Some(json!(" RS256")),
        Some(json!("RS256\0")),
        Some(json!("RS257")),
        Some(json!("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")),
        Some(json!("SHA256withRSA")),
        Some(json!("RSA-OAEP")),
        Some(json!("dir")),
        Some(json!("ES256K")),
        Some(json!(long)),
    ];
    for (index, value) in values.into_iter().enumerate() {
        let token = kit.with_header(table, &[("alg", value)]);
        table.refused(format!("alg.bad-{index}"), token, ALGORITHM_OR_MALFORMED);
    }
}

fn hmac(kit: &Kit, table: &mut Table) {
    let key = kit.main.key();
    let spki = key.spki();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &spki)
    );
    let pkcs1 = key.pkcs1();
    let pkcs1_pem = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pkcs1)
    );
    let secrets: [(&str, Vec<u8>); 11] = [
        ("pkcs1-pem", pkcs1_pem.into_bytes()),
        ("pkcs1-der", pkcs1),
        ("spki-pem", pem.clone().into_bytes()),
        ("spki-pem-no-newline", pem.trim_end().as_bytes().to_vec()),
        ("spki-der", spki),
        ("modulus", key.modulus()),
        ("modulus-base64url", base64url(key.modulus()).into_bytes()),
        ("jwk", key.jwk().to_string().into_bytes()),
        ("kid", key.kid.clone().into_bytes()),
        ("empty", Vec::new()),
        ("secret", b"secret".to_vec()),
    ];
    for (name, secret) in secrets {
        for (alg, algorithm) in
            [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
        {
            let token = kit.with_header(table, &[("alg", Some(json!(alg)))]);
            let (header, payload, _) = parts(&token);
            let tag =
                hmac::sign(&hmac::Key::new(algorithm, &secret), format!("{header}.{payload}").as_bytes());
            table.refused(
                format!("alg.{}-rsa-{name}", alg.to_lowercase()),
                signed_by(&token, tag),
                ALGORITHM,
            );
        }
    }
    hmac_of_a_point(kit, table);
    let unknown = [("alg", Some(json!("HS256"))), ("kid", Some(json!("../../../dev/null")))];
    let token = kit.with_header(table, &unknown);
    let (header, payload, _) = parts(&token);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), format!("{header}.{payload}").as_bytes());
    table.refused("alg.hs256-unknown-kid-empty-key", signed_by(&token, tag), ALGORITHM);
}

/// The same with the public key of an elliptic curve as the secret.
fn hmac_of_a_point(kit: &Kit, table: &mut Table) {
    let key = kit.second.keys.iter().find(|key| key.algorithm == "ES256").unwrap();
    let spki = key.spki();
    let point = spki[spki.len() - 65..].to_vec();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &spki)
    );
    let secrets: [(&str, Vec<u8>); 5] = [
        ("spki-pem", pem.into_bytes()),
        ("spki-der", spki),
        ("coordinates", point[1..].to_vec()),
        ("point", point),
        ("jwk", key.jwk().to_string().into_bytes()),
    ];
    for (name, secret) in secrets {
        let mut claims = kit.claims(table);
        claims.insert("iss".into(), kit.second.url().into());
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": key.kid}).to_string();
        let input = format!("{}.{}", base64url(header), base64url(Value::from(claims).to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes());
        table.refused(format!("alg.hs256-ec-{name}"), format!("{input}.{}", base64url(tag)), ALGORITHM);
    }
}

/// The key's own algorithm counts, whatever the header says and however well the signature fits.
fn mixed(kit: &Kit, table: &mut Table) {
    let key = kit.main.key();
    for alg in ["RS384", "RS512", "PS256"] {
        let token = kit.with_header(table, &[("alg", Some(json!(alg)))]);
        let (header, payload, _) = parts(&token);
        let signature = key.sign_as(alg, format!("{header}.{payload}").as_bytes());
        table.refused(format!("alg.key-pinned-{alg}"), signed_by(&token, signature), ALGORITHM);
    }
    for key in &kit.second.keys {
        for other in
            ["RS256", "ES256", "ES384", "EdDSA", "PS256"].into_iter().filter(|alg| *alg != key.algorithm)
        {
            let mut claims = kit.claims(table);
            claims.insert("iss".into(), kit.second.url().into());
            let mut header = key.header();
            header["alg"] = other.into();
            let token = key.token(header.to_string(), Value::from(claims).to_string());
            table.refused(format!("alg.label-{}-as-{other}", key.algorithm), token, ALGORITHM);
        }
    }
}

fn embedded(kit: &Kit, table: &mut Table) {
    let evil = kit.evil.key();
    for (id, kid) in
        [("same-kid", Some(kit.main.key().kid.as_str())), ("no-kid", None), ("unknown-kid", Some("nobody"))]
    {
        let mut header = json!({"typ": "JWT", "alg": "RS256", "jwk": evil.jwk()});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let token = evil.token(header.to_string(), Value::from(kit.claims(table)).to_string());
        table.refused(format!("emb.jwk-{id}"), token, KEY_OR_SIGNATURE);
    }
    let curve = TestKey::new(&kit.main.key().kid, "ES256");
    let header = json!({"typ": "JWT", "alg": "ES256", "jwk": curve.jwk(), "kid": curve.kid});
    let token = curve.token(header.to_string(), Value::from(kit.claims(table)).to_string());
    table.refused("emb.jwk-ec", token, ALGORITHM);
    let oct = json!({"kty": "oct", "k": base64url("secret"), "kid": kit.main.key().kid});
    let token = kit.with_header(table, &[("jwk", Some(oct)), ("alg", Some(json!("HS256")))]);
    table.refused("emb.jwk-oct", token, ALGORITHM);
    let canary = kit.evil.url();
    let urls = [
        format!("{canary}/.well-known/jwks"),
        format!("{}@{}", kit.main.url(), canary.trim_start_matches("http://")),
        format!("{}/../{canary}", kit.main.url()),
        "file:///etc/passwd".to_owned(),
    ];
    for (index, url) in urls.iter().enumerate() {
        for name in ["jku", "x5u"] {
            let mut header = evil.header();
            header["kid"] = kit.main.key().kid.clone().into();
            header[name] = url.clone().into();
            let token = evil.token(header.to_string(), Value::from(kit.claims(table)).to_string());
            table.refused(format!("emb.{name}-{index}"), token, SIGNATURE);
        }
    }
    for kid in [json!(kit.main.key().kid), Value::Null] {
        let mut header = json!({"typ": "JWT", "alg": "RS256", "x5c": [base64url(evil.spki())]});
        let named = !kid.is_null();
        if named {
            header["kid"] = kid;
        }
        let token = evil.token(header.to_string(), Value::from(kit.claims(table)).to_string());
        let id = if named { "emb.x5c" } else { "emb.x5c-no-kid" };
        table.refused(id, token, KEY_OR_SIGNATURE);
    }
    for (name, value) in [("jku", json!(canary)), ("jwk", evil.jwk()), ("x5c", json!(["garbage"]))] {
        let token = kit.with_header(table, &[(name, Some(value))]);
        table.add(format!("emb.good-sig-{name}"), token, Expect::Accept);
    }
}

fn crit(kit: &Kit, table: &mut Table) {
    let values = [
        json!(["unknown"]),
        json!([]),
        json!(["alg"]),
        json!(["kid"]),
        json!("exp"),
        json!({}),
        json!(null),
        json!([1]),
        json!(["exp", "exp"]),
        json!([""]),
        json!(true),
        json!(["absent"]),
        json!(["exp", "b64"]),
    ];
    for (index, value) in values.into_iter().enumerate() {
        let token = kit.with_header(
            table,
            &[("crit", Some(value)), ("unknown", Some(json!(1))), ("exp", Some(json!(1)))],
        );
        table.refused(format!("crit.{index}"), token, MALFORMED);
    }
    for b64 in [true, false] {
        let token = kit.with_header(table, &[("crit", Some(json!(["b64"]))), ("b64", Some(json!(b64)))]);
        table.refused(format!("crit.b64-{b64}"), token, MALFORMED);
    }
    let key = kit.main.key();
    let mut header = key.header();
    header["b64"] = false.into();
    header["crit"] = json!(["b64"]);
    let payload = Value::from(kit.claims(table)).to_string();
    let input = format!("{}.{payload}", base64url(header.to_string()));
    let signature = base64url(key.sign(input.as_bytes()));
    table.refused("crit.b64-false-raw-payload", format!("{input}.{signature}"), MALFORMED);
}

fn key_id(kit: &Kit, table: &mut Table) {
    let values = [
        None,
        Some(json!("")),
        Some(Value::Null),
        Some(json!(1)),
        Some(json!(["key-1"])),
        Some(json!({"kid": "key-1"})),
        Some(json!("KEY-1")),
        Some(json!("key-1 ")),
        Some(json!(" key-1")),
        Some(json!("key-1\0")),
        Some(json!("key-1\r\nx: y")),
        Some(json!("\u{1b}[31mkey-1")),
        Some(json!("__proto__")),
        Some(json!("' OR '1'='1")),
        Some(json!("../../../etc/passwd")),
        Some(json!("k".repeat(3000))),
        Some(json!("key\u{2010}1")),
        Some(json!("key-")),
        Some(json!("key-11")),
        Some(json!("key-1,key-2")),
        Some(json!("\tkey-1")),
        Some(json!("key-1\n")),
        Some(json!("key%2D1")),
        Some(json!("\u{43a}ey-1")),
        Some(json!("key-*")),
        Some(json!(true)),
    ];
    for (index, value) in values.into_iter().enumerate() {
        let token = kit.with_header(table, &[("kid", value)]);
        table.refused(format!("kid.{index}"), token, KEY_OR_MALFORMED);
    }
    for (id, kid) in [
        ("kid.url", format!("{}/.well-known/jwks", kit.evil.url())),
        ("kid.nobody", "nobody".to_owned()),
        ("kid.weak-1024", "weak-1024".to_owned()),
        ("kid.use-enc", "for-encryption".to_owned()),
        ("kid.key-ops-encrypt", "key-ops-encrypt".to_owned()),
        ("kid.unknown-kty", "unknown-type".to_owned()),
    ] {
        let token = kit.with_header(table, &[("kid", Some(json!(kid)))]);
        table.refused(id, token, KEY);
    }
    let surrogate = r#"{"typ":"JWT","alg":"RS256","kid":"\ud800"}"#;
    let token = kit.main.key().token(surrogate, Value::from(kit.claims(table)).to_string());
    table.refused("kid.surrogate", token, MALFORMED);
    let other = kit.with_header(table, &[("kid", Some(json!("key-2")))]);
    table.refused("kid.other-key", other, SIGNATURE);
    let token = kit.unpublished.honest(&kit.claims(table).into());
    table.refused("kid.unpublished-key", token, KEY);
    for (id, twice) in
        [("first", r#""kid":"nobody","kid":"key-1""#), ("last", r#""kid":"key-1","kid":"nobody""#)]
    {
        let header = format!("{{\"alg\":\"RS256\",{twice}}}");
        let token = kit.main.key().token(header, Value::from(kit.claims(table)).to_string());
        table.refused(format!("kid.dup-header-{id}"), token, MALFORMED);
    }
}

/// A key counts for its issuer alone; a key id names nothing without one.
fn issuer_and_key(kit: &Kit, table: &mut Table) {
    let as_issuer = |table: &mut Table, issuer: &str, key: &TestKey| {
        let mut claims = kit.claims(table);
        claims.insert("iss".into(), issuer.into());
        key.honest(&claims.into())
    };
    let token = as_issuer(table, kit.main.url(), kit.evil.key());
    table.refused("iss.evil-key-trusted-iss", token, SIGNATURE);
    let token = as_issuer(table, kit.main.url(), kit.second.key());
    table.refused("iss.second-key-first-iss", token, KEY_SIGNATURE_OR_ALGORITHM);
    let token = as_issuer(table, kit.second.url(), kit.main.key());
    table.refused("iss.first-key-second-iss", token, KEY_SIGNATURE_OR_ALGORITHM);
    let token = as_issuer(table, kit.evil.url(), kit.evil.key());
    table.refused("iss.evil-own-token", token, ISSUER);
    table.as_role(Some("deploy"));
    let token = as_issuer(table, kit.same_key.url(), kit.main.key());
    table.add("iss.samekey-iss-first-repo", token, Expect::Policy);
    let token = as_issuer(table, kit.second.url(), kit.second.key());
    table.add("iss.second-iss-first-repo", token, Expect::Policy);
    table.as_role(Some("samekey"));
    let token = as_issuer(table, kit.main.url(), kit.main.key());
    table.add("iss.first-iss-samekey-repo", token, Expect::Policy);
    table.as_role(None);
}
