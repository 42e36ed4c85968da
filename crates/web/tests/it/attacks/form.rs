//! §4 Serialisation and §5 JSON.

use serde_json::{Value, json};

use super::kit::{Expect, Kit, MALFORMED, TYPE, Table, parts};
use crate::support::keys::base64url;

const MALFORMED_OR_TYPE: &[&str] = &["token_malformed", "token_type_refused"];
const ENVELOPE: &[&str] = &["token_is_envelope"];
const ANY: &[&str] =
    &["token_malformed", "signature_invalid", "algorithm_refused", "claim_malformed", "claim_missing"];

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    compact(kit, table);
    encrypted(kit, table);
    json_forms(kit, table);
    alphabet(kit, table);
    strays(kit, table);
    json_header(kit, table);
    json_payload(kit, table);
}

fn compact(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let (h, p, s) = parts(&token);
    let forms = [
        h.clone(),
        format!("{h}.{p}"),
        format!("{h}.{p}.{s}.{s}"),
        format!("{h}.{p}.{s}.{s}.{s}"),
        format!(".{h}.{p}.{s}"),
        format!("{h}.{p}.{s}."),
        format!("{h}..{p}.{s}"),
        format!(".{p}.{s}"),
        format!("{h}..{s}"),
        "..".to_owned(),
        "...".to_owned(),
        ".".to_owned(),
        format!("{p}.{h}.{s}"),
        format!("{h}.{p}..{s}"),
        format!("a.{p}.{s}"),
        "a.b.c".to_owned(),
        "x".to_owned(),
        format!("{s}.{p}.{h}"),
        format!("{h}.{p}.{s}.{h}"),
        format!("{h}.{p}.{s}.{h}.{p}.{s}"),
        format!("{h}.{p}.{s}{h}.{p}.{s}"),
        format!("..{s}"),
        format!("{h}.."),
        format!(".{p}."),
        format!("{h}{p}{s}"),
        format!("{h},{p},{s}"),
        format!("{h}:{p}:{s}"),
        format!("{h}...{p}...{s}"),
        format!("...{h}.{p}.{s}"),
        format!("{h}.{p}{s}"),
    ];
    for (index, form) in forms.into_iter().enumerate() {
        table.refused(format!("fmt.{index}"), form, MALFORMED);
    }
    let key = kit.main.key();
    table.refused("fmt.empty-signed-payload", key.token(key.header().to_string(), ""), MALFORMED);
    table.refused("fmt.many-dots-5k", ".".repeat(5_000), MALFORMED);
    table.refused("fmt.many-dots-after", format!("{token}{}", ".".repeat(5_000)), MALFORMED);
    table.add("fmt.many-dots-1M", ".".repeat(1_000_000), Expect::TooBig);
    table.add("fmt.token-17k", format!("{h}.{p}.{}", "A".repeat(17_000)), Expect::TooBig);
}

fn encrypted(kit: &Kit, table: &mut Table) {
    let (_, p, s) = parts(&kit.honest(table));
    for (id, header) in [
        ("jwe", json!({"alg": "RSA-OAEP", "enc": "A256GCM"})),
        ("jwe-dir", json!({"alg": "dir", "enc": "A256GCM"})),
        ("jwe-zip", json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"})),
        ("jwe-pbes2", json!({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 2_147_483_647})),
    ] {
        let header = base64url(header.to_string());
        table.refused(format!("fmt.{id}"), format!("{header}.{s}.{s}.{p}.{s}"), MALFORMED);
    }
    let zip = kit.with_header(table, &[("zip", Some(json!("DEF")))]);
    table.refused("json.zip-def", zip, MALFORMED_OR_TYPE);
    let enc = kit.with_header(table, &[("enc", Some(json!("A256GCM")))]);
    table.refused("fmt.enc-in-three-parts", enc, MALFORMED_OR_TYPE);
    let inner = kit.honest(table);
    table.refused("typ.nested-jwt", kit.with_payload(inner), MALFORMED);
    let media = kit.with_header(table, &[("typ", Some(json!("application/jwt")))]);
    table.refused("typ.application-jwt", media, TYPE);
    let nested = kit.with_header(table, &[("cty", Some(json!("JWT")))]);
    table.refused("typ.cty-jwt", nested, MALFORMED_OR_TYPE);
    for (index, typ) in [
        json!("at+jwt"),
        json!("application/at+jwt"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("secevent+jwt"),
        json!("client-authentication+jwt"),
        json!("JOSE+JSON"),
        json!("JWE"),
        json!(""),
        json!("JWT "),
        json!(" JWT"),
        json!("JWT\0"),
        json!("jwt+at"),
        json!("JWT,at+jwt"),
        json!("application/jwt+json"),
        json!("vc+jwt"),
        json!("JOSE"),
    ]
    .into_iter()
    .enumerate()
    {
        let token = kit.with_header(table, &[("typ", Some(typ))]);
        table.refused(format!("typ.text-{index}"), token, TYPE);
    }
    for (index, typ) in [json!(1), json!(["JWT"]), json!({}), Value::Null].into_iter().enumerate() {
        let token = kit.with_header(table, &[("typ", Some(typ))]);
        table.refused(format!("typ.type-{index}"), token, MALFORMED_OR_TYPE);
    }
}

fn json_forms(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let (h, p, s) = parts(&token);
    let forms = [
        json!({"protected": h, "payload": p, "signature": s}),
        json!({"payload": p, "signatures": [{"protected": h, "signature": s}]}),
        json!({"payload": p, "header": kit.main.key().header(), "signature": s}),
    ];
    for (index, form) in forms.into_iter().enumerate() {
        table.refused(format!("fmt.json-{index}"), form.to_string(), MALFORMED);
    }
    table.refused("fmt.json-polyglot", format!("{{\"x\":\"{token}\"}}"), MALFORMED);
    // One reader splits at the dots, and another reads JSON.
    let evil = base64url(json!({"iss": kit.main.url()}).to_string());
    let split =
        format!("{{\"  {h}.{evil}.\":\"\",\"protected\":\"{h}\",\"payload\":\"{p}\",\"signature\":\"{s}\"}}");
    table.refused("fmt.json-polyglot-split", split, MALFORMED);
    table.refused("fmt.envelope", json!({"count": 1, "value": token}).to_string(), ENVELOPE);
}

fn alphabet(kit: &Kit, table: &mut Table) {
    let key = kit.main.key();
    // A payload whose base64 ends in a group of two, and one of three: both leave bits to spare.
    for (id, pad) in [("payload-1", ""), ("payload-2", " "), ("payload-3", "  ")] {
        let payload = format!("{}{pad}", Value::from(kit.claims(table)));
        let encoded = base64url(&payload);
        if encoded.len() % 4 == 0 {
            continue;
        }
        let input = format!("{}.{}", base64url(key.header().to_string()), spare(&encoded));
        let signature = base64url(key.sign(input.as_bytes()));
        table.refused(format!("b64.spare-bits-{id}"), format!("{input}.{signature}"), MALFORMED);
    }
    for (id, pad) in [("header-1", ""), ("header-2", " "), ("header-3", "  ")] {
        let encoded = base64url(format!("{}{pad}", key.header()));
        if encoded.len() % 4 == 0 {
            continue;
        }
        let input = format!("{}.{}", spare(&encoded), base64url(Value::from(kit.claims(table)).to_string()));
        let signature = base64url(key.sign(input.as_bytes()));
        table.refused(format!("b64.spare-bits-{id}"), format!("{input}.{signature}"), MALFORMED);
    }
    let token = kit.honest(table);
    let (h, p, s) = parts(&token);
    table.refused("b64.pad-header", format!("{h}=.{p}.{s}"), MALFORMED);
    table.refused("b64.pad-payload", format!("{h}.{p}==.{s}"), MALFORMED);
    other_alphabet(kit, table);
    table.refused("b64.spare-bits-signature", format!("{h}.{p}.{}", spare(&s)), MALFORMED);
    table.refused("b64.pad-signature", format!("{h}.{p}.{s}=="), MALFORMED);
    let padded = format!("{h}=.{p}");
    let signature = base64url(key.sign(padded.as_bytes()));
    table.refused("b64.pad-signed", format!("{padded}.{signature}"), MALFORMED);
    let standard = s.replace('-', "+").replace('_', "/");
    table.refused("b64.standard-alphabet", format!("{h}.{p}.+{}", &standard[1..]), MALFORMED);
    table.refused("b64.len-mod-4-is-1", format!("{h}.{p}.{s}AAA"), &["token_malformed", "signature_invalid"]);
    table.refused("b64.hex", format!("{h}.{p}.{}", "0f".repeat(256)), &["signature_invalid"]);
    table.refused("b64.double-encoded", format!("{}.{p}.{s}", base64url(&h)), MALFORMED);
    table.refused("b64.quotes", format!("\"{token}\""), MALFORMED);
    table.refused("b64.bom", format!("\u{feff}{token}"), MALFORMED);
    table.refused("b64.fullwidth-dot", format!("{h}．{p}．{s}"), MALFORMED);
    table.refused("b64.percent-dot", format!("{h}%2E{p}%2E{s}"), MALFORMED);
}

/// Header and payload in the alphabet of RFC 4648 §4, and signed so.
fn other_alphabet(kit: &Kit, table: &mut Table) {
    let key = kit.main.key();
    let mut claims = kit.claims(table);
    claims.insert("x".into(), "\u{3f}\u{3e}\u{3f}\u{3e}~~~\u{7f}\u{7f}\u{7f}???>>>".into());
    let mut header = key.header();
    header["x"] = claims["x"].clone();
    let (h, p) = (base64url(header.to_string()), base64url(Value::from(claims).to_string()));
    let standard = |text: &str| text.replace('-', "+").replace('_', "/");
    for (id, h, p) in [("header", standard(&h), p.clone()), ("payload", h.clone(), standard(&p))] {
        let input = format!("{h}.{p}");
        assert!(input.contains(['+', '/']));
        let signature = base64url(key.sign(input.as_bytes()));
        table.refused(format!("b64.standard-alphabet-{id}"), format!("{input}.{signature}"), MALFORMED);
    }
}

/// The same bytes, with a last character whose unused bits are not zero.
fn spare(encoded: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = encoded.split_at(encoded.len() - 1);
    let at = ALPHABET.iter().position(|byte| *byte == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[at | 1]))
}

fn strays(kit: &Kit, table: &mut Table) {
    let token = kit.honest(table);
    let (h, p, s) = parts(&token);
    let strays = [" ", "\t", "\n", "\r\n", "\0", "?", "#", "é", "\u{200b}", "%20", "\\", "\"", ",", ";"];
    for (index, stray) in strays.into_iter().enumerate() {
        let (half, rest) = s.split_at(20);
        table.refused(
            format!("b64.stray-{index}-in-signature"),
            format!("{h}.{p}.{half}{stray}{rest}"),
            MALFORMED,
        );
        let (half, rest) = p.split_at(20);
        let input = format!("{h}.{half}{stray}{rest}");
        let signature = base64url(kit.main.key().sign(input.as_bytes()));
        table.refused(format!("b64.stray-{index}-in-payload"), format!("{input}.{signature}"), MALFORMED);
        // Blanks round a value are no part of a field of HTTP (RFC 9110 §5.5), and a lone line feed may end its line
        // (RFC 9112 §2.2): at the seed face these are the good token.
        let (is_blank, ends_line) = (stray == " ", ["\n", "\r\n", "\t"].contains(&stray));
        for (place, text) in [("before", format!("{stray}{token}")), ("after", format!("{token}{stray}"))] {
            let is_taken_off = is_blank || ends_line && place == "after";
            let expect = if is_taken_off { Expect::TokenBeyondHeaders } else { Expect::Token(MALFORMED) };
            let fresh = text.replace(&token, &kit.honest(table));
            table.add(format!("b64.stray-{index}-{place}-token"), fresh, expect);
        }
    }
}

/// Texts that are no JSON object, or one that two readers could read differently.
fn broken(good: &str, first_member: &str, value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let inner = &good[1..good.len() - 1];
    let text = |text: String| text.into_bytes();
    vec![
        ("empty", Vec::new()),
        ("array", text(format!("[{good}]"))),
        ("string", text(format!("{good:?}"))),
        ("number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("trailing-garbage", text(format!("{good}x"))),
        ("two-objects", text(format!("{good}{good}"))),
        ("trailing-comma", text(format!("{{{inner},}}"))),
        ("comment", text(format!("{{/* */{inner}}}"))),
        ("single-quotes", text(good.replace('"', "'"))),
        ("bom", text(format!("\u{feff}{good}"))),
        ("utf-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("invalid-utf-8", [&b"{\"x\":\"\xff\","[..], inner.as_bytes(), b"}"].concat()),
        ("overlong-utf-8", [&b"{\"x\":\"\xc0\xaf\","[..], inner.as_bytes(), b"}"].concat()),
        ("cesu", [&b"{\"x\":\"\xed\xa0\x80\","[..], inner.as_bytes(), b"}"].concat()),
        ("lone-surrogate", text(format!("{{\"x\":\"\\ud800\",{inner}}}"))),
        ("raw-nul", text(format!("{{\"x\":\"\0\",{inner}}}"))),
        ("raw-newline", text(format!("{{\"x\":\"\n\",{inner}}}"))),
        ("nan", text(format!("{{\"x\":NaN,{inner}}}"))),
        ("infinity", text(format!("{{\"x\":Infinity,{inner}}}"))),
        ("leading-zero", text(format!("{{\"x\":01,{inner}}}"))),
        ("bad-escape", text(format!("{{\"x\":\"\\x41\",{inner}}}"))),
        ("unterminated", text(format!("{{{inner}"))),
        ("twice-before", text(format!("{{\"{first_member}\":\"x\",{inner}}}"))),
        ("twice-after", text(format!("{{{inner},\"{first_member}\":\"x\"}}"))),
        ("twice-equal", text(format!("{{{inner},\"{first_member}\":\"{value}\"}}"))),
        (
            "twice-escaped",
            text(format!(
                "{{{inner},\"\\u{:04x}{}\":\"x\"}}",
                u32::from(first_member.as_bytes()[0]),
                &first_member[1..]
            )),
        ),
        ("twice-nested", text(format!("{{{inner},\"x\":{{\"a\":1,\"a\":2}}}}"))),
        ("deep", text(format!("{{{inner},\"x\":{}{}}}", "[".repeat(1500), "]".repeat(1500)))),
        ("deep-40", text(format!("{{{inner},\"x\":{}{}}}", "[".repeat(40), "]".repeat(40)))),
        ("twice-none-first", text(format!("{{\"{first_member}\":\"none\",{inner}}}"))),
        ("twice-none-last", text(format!("{{{inner},\"{first_member}\":\"none\"}}"))),
        ("minus-infinity", text(format!("{{\"x\":-Infinity,{inner}}}"))),
        ("hexadecimal", text(format!("{{\"x\":0x1,{inner}}}"))),
        ("plus", text(format!("{{\"x\":+1,{inner}}}"))),
        ("unquoted-name", text(format!("{{x:1,{inner}}}"))),
        ("no-colon", text(format!("{{\"x\" 1,{inner}}}"))),
        ("raw-escape", text(format!("{{\"x\":\"\u{1b}\",{inner}}}"))),
        ("utf-16-be", good.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("vertical-tab", text(format!("{{\u{b}{inner}}}"))),
        ("no-break-space", text(format!("{{\u{a0}{inner}}}"))),
        ("binary", vec![0x80, 0x81, 0xfe]),
        ("gzip", vec![0x1f, 0x8b, 8, 0]),
    ]
}

fn json_header(kit: &Kit, table: &mut Table) {
    let key = kit.main.key();
    for (id, header) in broken(&key.header().to_string(), "alg", "RS256") {
        let token = key.token(header, Value::from(kit.claims(table)).to_string());
        table.refused(format!("json.header-{id}"), token, MALFORMED);
    }
    let header = format!("{{\"ALG\":\"RS256\",\"kid\":\"{}\"}}", key.kid);
    let token = key.token(header, Value::from(kit.claims(table)).to_string());
    table.refused("json.header-upper-case", token, ANY);
}

fn json_payload(kit: &Kit, table: &mut Table) {
    for (name, value) in [
        ("iss", kit.main.url().to_owned()),
        ("repository", "octo-org/octo-repo".to_owned()),
        ("ref", "refs/heads/main".to_owned()),
        ("jti", "jti".to_owned()),
        ("repository_id", "123456789".to_owned()),
        ("aud", kit.audience.clone()),
    ] {
        let good = Value::from(kit.claims(table)).to_string();
        for (id, payload) in broken(&good, name, &value) {
            if name == "iss" || id.starts_with("twice") {
                table.refused(format!("json.payload-{name}-{id}"), kit.with_payload(payload), MALFORMED);
            }
        }
    }
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(5_500), "]".repeat(5_500));
    table.refused("json.payload-deep-5500", kit.with_payload(deep), MALFORMED);
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    table.add("json.payload-deep-100k", kit.with_payload(deep), Expect::TooBig);
    let number = Value::from(kit.claims(table)).to_string().replacen(
        '{',
        &format!("{{\"x\":1{},", "0".repeat(3_000)),
        1,
    );
    table.refused("json.big-number", kit.with_payload(number), MALFORMED);
    let many: Vec<(String, Option<Value>)> = (0..500).map(|n| (format!("x{n}"), Some(json!(n)))).collect();
    let many: Vec<(&str, Option<Value>)> =
        many.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let many = kit.with(table, &many);
    table.add("json.many-members", many, Expect::Accept);
    let nested = kit.with_payload(json!({"claims": kit.claims(table)}).to_string());
    table.refused("json.payload-nested-claims", nested, ANY);
}
