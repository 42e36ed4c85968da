//! §1 Must accept: a server that refuses everything fails.

use serde_json::{Value, json};

use super::kit::{Expect, KEY, Kit, MALFORMED, Table, WRONG};

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    let accept = Expect::Accept;
    let basic = kit.honest(table);
    table.add("pos.basic", basic, accept);
    let no_x5t = kit.with_header(table, &[("x5t", None)]);
    table.add("pos.no-x5t", no_x5t, accept);
    let rerun = kit.with(table, &[("run_attempt", Some(json!("2")))]);
    table.add("pos.rerun", rerun, accept);
    let unknown = kit.with_header(table, &[("unknown", Some(json!({"a": [1]})))]);
    table.add("pos.unknown-header-param", unknown, accept);
    let unknown =
        kit.with(table, &[("repo_property_team", Some(json!("platform"))), ("brand_new", Some(json!([1])))]);
    table.add("pos.unknown-claims", unknown, accept);
    let unicode = kit.with(table, &[("workflow", Some(json!("déploiement 🚀")))]);
    table.add("pos.unicode-claims", unicode, accept);
    let hostile = "<script>alert(1)</script> ::add-mask::x ${{ secrets.X }}";
    let hostile = kit.with(table, &[("workflow", Some(json!(hostile)))]);
    table.add("pos.hostile-text-claims", hostile, accept);
    let control = kit.with(table, &[("actor", Some(json!("\u{1b}[31m\r\nx\u{202e}")))]);
    table.add("pos.control-chars-claims", control, accept);
    spelled(kit, table);
    let array = kit.with(table, &[("aud", Some(json!([kit.audience])))]);
    table.add("pos.aud-array-1", array, accept);
    let long = "x".repeat(150);
    let many: Vec<(String, Option<Value>)> =
        (0..32).map(|n| (format!("repo_property_{n}"), Some(json!(long)))).collect();
    let many: Vec<(&str, Option<Value>)> =
        many.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let large = kit.with(table, &many);
    assert!(large.len() > 6_000);
    table.add("pos.size-6k", large, accept);
    let ahead = kit.with(table, &[("iat", Some(json!(kit.now + 2))), ("nbf", Some(json!(kit.now + 2)))]);
    table.add("pos.iat-2s-ahead", ahead, accept);
    let now = kit.with(table, &[("nbf", Some(json!(kit.now)))]);
    table.add("pos.nbf-now", now, accept);
    let no_nbf = kit.with(table, &[("nbf", None)]);
    table.add("pos.no-nbf", no_nbf, accept);
    decided(kit, table);
    let typ = kit.with_header(table, &[("typ", None)]);
    table.add("pos.typ-absent", typ, accept);
    let typ = kit.with_header(table, &[("typ", Some(json!("jwt")))]);
    table.add("pos.typ-lower", typ, accept);
    let case = kit.with(table, &[("repository", Some(json!("Octo-Org/Octo-Repo")))]);
    table.add("pos.case-different-same-id", case, accept);
    issuers(kit, table);
    for key in &kit.second.keys {
        let mut claims = kit.claims(table);
        claims.insert("iss".into(), kit.second.url().into());
        table.add(format!("pos.alg-{}", key.algorithm), key.honest(&claims.into()), accept);
    }
    table.as_role(Some("wild"));
    for (id, git_ref) in [("pos.wild-1", "refs/heads/release-1.2"), ("pos.wild-2", "refs/heads/release-x")] {
        let token = kit.with(table, &[("ref", Some(json!(git_ref)))]);
        table.add(id, token, accept);
    }
    table.as_role(Some("deploy"));
    let deploy = kit.honest(table);
    table.add("pos.deploy", deploy, accept);
    table.as_role(None);
}

/// What a strict server may take or refuse: here is which.
fn decided(kit: &Kit, table: &mut Table) {
    let float = Value::from(kit.claims(table)).to_string();
    let float = float.replace(&format!("\"iat\":{}", kit.now), &format!("\"iat\":{}.0", kit.now));
    table.refused("pos.float-times", kit.with_payload(float), WRONG);
    let two = kit.with(table, &[("aud", Some(json!([kit.audience, "https://other.example"])))]);
    table.refused("pos.aud-array-2", two, &["audience_several"]);
    let old = kit.with(table, &[("sub", Some(json!("repo:octo-org/octo-repo:ref:refs/heads/main")))]);
    table.add("pos.old-sub", old, Expect::Accept);
    let named = "repo:octo-org@65/octo-repo@123456789:environment:Production%3AV1";
    let named = [("sub", Some(json!(named))), ("environment", Some(json!("Production:V1")))];
    let named = kit.with(table, &named);
    table.add("pos.environment-sub", named, Expect::Accept);
    let immutable = kit.honest(table);
    table.add("pos.immutable-sub", immutable, Expect::Accept);
    let target = kit.with(table, &[("event_name", Some(json!("pull_request_target")))]);
    table.add("pos.pull_request_target", target, Expect::Policy);
    let unencoded = kit.with_header(table, &[("b64", Some(json!(true)))]);
    table.refused("pos.b64-without-crit", unencoded, MALFORMED);
    let nameless = kit.with_header(table, &[("kid", None)]);
    table.refused("pos.kid-absent-of-several", nameless, KEY);
    let mut claims = kit.claims(table);
    claims.insert("iss".into(), kit.same_key.url().into());
    let nameless = kit.main.key().token(r#"{"alg":"RS256"}"#, Value::from(claims).to_string());
    table.add("pos.kid-absent-key-ok", nameless, Expect::Accept);
}

/// Each registered issuer with its own keys, also where another has an equal one or an equal key id.
fn issuers(kit: &Kit, table: &mut Table) {
    let key = kit.second.key();
    assert_eq!(key.kid, kit.main.key().kid);
    let of = |table: &mut Table, url: &str| {
        let mut claims = kit.claims(table);
        claims.insert("iss".into(), url.into());
        claims
    };
    let claims = of(table, kit.second.url());
    table.add("pos.second-issuer", key.honest(&claims.into()), Expect::Accept);
    let claims = of(table, kit.same_key.url());
    table.add("pos.samekey-issuer", kit.main.key().honest(&claims.into()), Expect::Accept);
}

/// Other spellings of the same JSON.
fn spelled(kit: &Kit, table: &mut Table) {
    let header = kit.main.key().header();
    let kid = header["kid"].as_str().unwrap();
    let spelled = [
        ("pos.json-whitespace", format!("{{ \"alg\" : \"RS256\" ,\n\t\"kid\":\"{kid}\" }}")),
        ("pos.json-escapes", format!("{{\"\\u0061lg\":\"RS\\u003256\",\"kid\":\"{kid}\"}}")),
        ("pos.key-order", format!("{{\"kid\":\"{kid}\",\"alg\":\"RS256\",\"typ\":\"JWT\"}}")),
    ];
    for (id, header) in spelled {
        let payload = Value::from(kit.claims(table)).to_string();
        table.add(id, kit.main.key().token(header, payload), Expect::Accept);
    }
}
