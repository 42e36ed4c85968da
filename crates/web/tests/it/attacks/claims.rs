//! §6 Claims: issuer, audience, subject, times; and §7's forms of `jti`.

use serde_json::{Value, json};

use super::kit::{AUDIENCE, Expect, ISSUER, Kit, MALFORMED, MISSING, Table, WRONG};

const ISSUER_OR_MALFORMED: &[&str] =
    &["issuer_unknown", "token_malformed", "claim_missing", "claim_malformed"];
const AUDIENCE_ANY: &[&str] = &["audience_mismatch", "audience_several", "claim_malformed", "claim_missing"];
const WRONG_OR_MISSING: &[&str] = &["claim_malformed", "claim_missing"];
const TIME_ANY: &[&str] = &[
    "token_expired",
    "token_not_yet_valid",
    "token_lifetime_too_long",
    "token_too_old",
    "claim_malformed",
    "token_malformed",
];

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    issuer(kit, table);
    audience(kit, table);
    subject(kit, table);
    time_types(kit, table);
    times(kit, table);
    token_id(kit, table);
}

fn issuer(kit: &Kit, table: &mut Table) {
    for (index, value) in
        [None, Some(Value::Null), Some(json!(1)), Some(json!([kit.main.url()])), Some(json!({}))]
            .into_iter()
            .enumerate()
    {
        let token = kit.with(table, &[("iss", value)]);
        table.refused(format!("iss.type-{index}"), token, ISSUER_OR_MALFORMED);
    }
    for (index, variant) in almost(kit).into_iter().enumerate() {
        let token = kit.with(table, &[("iss", Some(json!(variant)))]);
        table.refused(format!("iss.variant-{index}"), token, ISSUER);
    }
    twice(kit, table);
    let mut header = kit.main.key().header();
    header["iss"] = kit.main.url().into();
    let mut claims = kit.claims(table);
    claims.remove("iss");
    let token = kit.main.key().token(header.to_string(), Value::from(claims).to_string());
    table.refused("iss.in-header-only", token, ISSUER_OR_MALFORMED);
}

/// Texts that are almost the registered issuer.
fn almost(kit: &Kit) -> Vec<String> {
    let url = kit.main.url();
    let authority = url.trim_start_matches("http://");
    let (host, port) = authority.split_once(':').unwrap();
    vec![
        String::new(),
        format!("{url}/"),
        format!("{url}//"),
        format!("{url}/."),
        format!("{url}/t/.."),
        format!("{url}?"),
        format!("{url}#"),
        format!("http://user@{authority}"),
        format!("{url}@evil.example"),
        format!("http://{host}.:{port}"),
        format!("https://{authority}"),
        format!("http://{host}:1"),
        format!("http://{host}:0{port}"),
        url.to_uppercase(),
        format!(" {url}"),
        format!("{url} "),
        format!("{url}\t"),
        format!("{url}\n"),
        format!("{url}\0"),
        format!("http://%31{authority}"),
        format!("http:\\\\{authority}"),
        format!("{url}\u{200b}"),
        format!("\u{202e}{url}"),
        format!("http://2130706433:{port}"),
        format!("http://0177.0.0.1:{port}"),
        format!("http://127.1:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://localhost:{port}"),
        url[..url.len() - 1].to_owned(),
        format!("{url}9"),
        format!("{url}/octocorp"),
        format!("{url}/.well-known/openid-configuration"),
        "*".to_owned(),
        ".*".to_owned(),
        json!([url]).to_string(),
        format!("{url},{}", kit.evil.url()),
        "https://token.actions.githubusercontent.com.evil".to_owned(),
        format!("http://user:password@{authority}"),
        format!("{url}\r\n"),
        format!("{url}/octocorp/"),
        format!("{url}/%2e"),
        format!("{url}%2f"),
        format!("{url};a"),
        format!("//{authority}"),
        format!("http:/{authority}"),
        format!("http:///{authority}"),
        format!("Http://{authority}"),
        format!("ws://{authority}"),
        format!("http://{host}\u{ff0e}:{port}"),
        format!("http://\u{ff11}27.0.0.1:{port}"),
        format!("http://127.0.0.\u{661}:{port}"),
        url.replace('h', "\u{4bb}"),
        format!("{url}\u{fe0f}"),
        format!("\u{feff}{url}"),
        format!("http://0x7f000001:{port}"),
        format!("http://[::1]:{port}"),
        format!("{url} {}", kit.evil.url()),
        format!("{}#{url}", kit.evil.url()),
        "null".to_owned(),
    ]
}

/// `iss` twice: one reader would look up the trusted issuer's key, and the other believe the second.
fn twice(kit: &Kit, table: &mut Table) {
    let (good, evil) = (json!(kit.main.url()).to_string(), json!(kit.evil.url()).to_string());
    for (id, first, second, key) in [
        ("evil-good", &evil, &good, kit.main.key()),
        ("good-evil", &good, &evil, kit.main.key()),
        ("evil-good-evilkey", &evil, &good, kit.evil.key()),
        ("good-evil-evilkey", &good, &evil, kit.evil.key()),
    ] {
        let mut claims = kit.claims(table);
        claims.remove("iss");
        let claims = Value::from(claims).to_string();
        let payload = claims.replacen('{', &format!("{{\"iss\":{first},\"iss\":{second},"), 1);
        table.refused(format!("iss.dup-{id}"), key.token(key.header().to_string(), payload), MALFORMED);
    }
}

fn audience(kit: &Kit, table: &mut Table) {
    let good = kit.audience.as_str();
    for (index, value) in [
        None,
        Some(Value::Null),
        Some(json!("")),
        Some(json!([])),
        Some(json!(1)),
        Some(json!({"aud": good})),
        Some(json!([[good]])),
        Some(json!([good, 1])),
        Some(json!([null])),
        Some(json!([good, "other"])),
        Some(json!(["other", good])),
        Some(json!([good, good])),
        Some(json!(true)),
    ]
    .into_iter()
    .enumerate()
    {
        let token = kit.with(table, &[("aud", value)]);
        table.refused(format!("aud.type-{index}"), token, AUDIENCE_ANY);
    }
    let variants = [
        format!("{good}.evil"),
        format!("evil-{good}"),
        format!("{good}/path"),
        format!("{good}/"),
        good.to_uppercase(),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\0"),
        format!("{good},other"),
        format!("{good} other"),
        json!([good]).to_string(),
        "*".to_owned(),
        ".*".to_owned(),
        good.replace('.', "%2E"),
        good[1..].to_owned(),
        "sts.amazonaws.com".to_owned(),
        "https://github.com/octo-org".to_owned(),
        "sigstore".to_owned(),
        format!("https://{good}"),
        format!("{good}:443"),
        format!("{good}."),
        format!("{good}\n"),
        format!("\t{good}"),
        format!("{good};other"),
        format!("{good}#x"),
        format!("\u{ff50}{}", &good[1..]),
        format!("{good}\u{200b}"),
        "pass.example.*".to_owned(),
        "api://AzureADTokenExchange".to_owned(),
        "https://vault.example.com".to_owned(),
    ];
    for (index, variant) in variants.into_iter().enumerate() {
        let token = kit.with(table, &[("aud", Some(json!(variant)))]);
        table.refused(format!("aud.variant-{index}"), token, AUDIENCE);
    }
    let azp = kit.with(table, &[("aud", None), ("azp", Some(json!(good)))]);
    table.refused("aud.azp-only", azp, MISSING);
    let case = kit.with(table, &[("aud", None), ("Aud", Some(json!(good)))]);
    table.refused("aud.upper-case-name", case, MISSING);
}

fn subject(kit: &Kit, table: &mut Table) {
    for (index, value) in
        [None, Some(Value::Null), Some(json!("")), Some(json!(1)), Some(json!(["x"])), Some(json!({}))]
            .into_iter()
            .enumerate()
    {
        let token = kit.with(table, &[("sub", value)]);
        table.refused(format!("sub.{index}"), token, WRONG_OR_MISSING);
    }
}

fn time_types(kit: &Kit, table: &mut Table) {
    for name in ["exp", "nbf", "iat"] {
        let good = kit.claims(table)[name].as_i64().unwrap();
        let values = [
            json!(good.to_string()),
            json!(true),
            json!([good]),
            json!({"t": good}),
            Value::Null,
            json!("99999999999"),
            json!("2026-11-24T09:35:00Z"),
            json!(""),
        ];
        for (index, value) in values.into_iter().enumerate() {
            let token = kit.with(table, &[(name, Some(value))]);
            table.refused(format!("time.{name}-type-{index}"), token, WRONG);
        }
        let texts = ["NaN", "Infinity", "-Infinity", "1e400", "0x6a000000", "+1", "01", ".5", "1."];
        for (index, text) in texts.into_iter().enumerate() {
            let payload = Value::from(kit.claims(table)).to_string();
            let payload = payload.replace(&format!("\"{name}\":{good}"), &format!("\"{name}\":{text}"));
            table.refused(format!("time.{name}-text-{index}"), kit.with_payload(payload), MALFORMED);
        }
        let floats = [format!("{good}.5"), format!("{good}.0"), format!("{good}e0"), "9".repeat(400)];
        for (index, text) in floats.into_iter().enumerate() {
            let payload = Value::from(kit.claims(table)).to_string();
            let payload = payload.replace(&format!("\"{name}\":{good}"), &format!("\"{name}\":{text}"));
            table.refused(
                format!("time.{name}-float-{index}"),
                kit.with_payload(payload),
                &["claim_malformed", "token_malformed"],
            );
        }
        let twice = Value::from(kit.claims(table)).to_string();
        let twice = twice.replacen('{', &format!("{{\"{name}\":{},", good + 100_000), 1);
        table.refused(format!("time.{name}-dup"), kit.with_payload(twice), MALFORMED);
    }
    for name in ["exp", "iat"] {
        let token = kit.with(table, &[(name, None)]);
        table.refused(format!("time.{name}-missing"), token, MISSING);
        let upper = kit.with(table, &[(name, None), (&name.to_uppercase(), Some(json!(kit.now + 300)))]);
        table.refused(format!("time.{name}-case-name"), upper, MISSING);
    }
}

fn times(kit: &Kit, table: &mut Table) {
    let now = kit.now;
    for (id, exp, iat) in [
        ("exp-past", now - 61, now - 361),
        ("exp-now-minus-leeway", now - 60, now - 360),
        ("exp-1h-ago", now - 3_600, now - 3_900),
        ("exp-zero", 0, now),
        ("exp-negative", -1, now),
        ("exp-10y", now + 315_360_000, now),
        ("exp-ms", now * 1000, now),
        ("exp-2p31", 2_147_483_648, now),
        ("exp-2p53", 9_007_199_254_740_993, now),
        ("exp-2p63", i64::MAX, now),
        ("iat-future", now + 300, now + 61),
        ("iat-year-old", now + 300, now - 31_536_000),
        ("iat-negative", now + 300, -1),
        ("iat-2p63", now + 300, i64::MAX),
        ("exp-before-iat", now - 30, now),
        ("exp-equals-iat", now, now),
    ] {
        let token = kit.with(table, &[("exp", Some(json!(exp))), ("iat", Some(json!(iat))), ("nbf", None)]);
        table.refused(format!("time.{id}"), token, TIME_ANY);
    }
    for name in ["exp", "iat"] {
        let good = kit.claims(table)[name].as_i64().unwrap();
        for text in
            ["18446744073709551616", "340282366920938463463374607431768211455", "-9223372036854775809"]
        {
            let payload = Value::from(kit.claims(table)).to_string();
            let payload = payload.replace(&format!("\"{name}\":{good}"), &format!("\"{name}\":{text}"));
            table.refused(format!("time.{name}-wide-{text}"), kit.with_payload(payload), TIME_ANY);
        }
    }
    for (id, exp) in [("u64", u64::MAX), ("2p63-plus", 9_223_372_036_854_775_808)] {
        let token = kit.with(table, &[("exp", Some(json!(exp)))]);
        table.refused(format!("time.exp-{id}"), token, TIME_ANY);
    }
    for (id, nbf) in [("future", now + 61), ("after-exp", now + 301), ("2p63", i64::MAX)] {
        let token = kit.with(table, &[("nbf", Some(json!(nbf)))]);
        table.refused(format!("time.nbf-{id}"), token, TIME_ANY);
    }
    let edge = kit.with(table, &[("exp", Some(json!(now - 59))), ("iat", Some(json!(now - 359)))]);
    table.add("time.exp-within-leeway", edge, Expect::Accept);
    let edge = kit.with(table, &[("iat", Some(json!(now + 60))), ("nbf", Some(json!(now + 60)))]);
    table.add("time.iat-within-leeway", edge, Expect::Accept);
}

fn token_id(kit: &Kit, table: &mut Table) {
    for (index, value) in [
        None,
        Some(Value::Null),
        Some(json!("")),
        Some(json!(1)),
        Some(json!(["x"])),
        Some(json!({})),
        Some(json!("j".repeat(3000))),
        Some(json!("a\0b")),
    ]
    .into_iter()
    .enumerate()
    {
        let token = kit.with(table, &[("jti", value)]);
        table.refused(format!("replay.jti-{index}"), token, WRONG_OR_MISSING);
    }
}
