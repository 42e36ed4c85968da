//! The ways in which an issuer misbehaves.

use serde_json::{Value, json};

use crate::support::issuer::{TestIssuer, discovery};
use crate::support::keys::{TestKey, base64url};
use crate::support::reply::Reply;

/// What an issuer answers for one document, given its own URL, its one key, and the URL of a canary.
type Said = Box<dyn Fn(&str, &Value, &str) -> Reply + Send + Sync>;
/// Who signs a token of these claims.
type Signed = Box<dyn Fn(&Value) -> String + Send + Sync>;

pub(super) struct Mode {
    pub(super) id: &'static str,
    discovery: Option<Said>,
    keys: Option<Said>,
    signed: Signed,
    /// The code of the refusal; empty for a pass.
    pub(super) code: &'static str,
    /// How many requests reach the issuer.
    pub(super) requests: usize,
}

impl Mode {
    pub(super) fn play(&self, issuer: &TestIssuer, key: &TestKey, canary: &str) {
        let (url, jwk) = (issuer.url(), key.jwk());
        issuer.publish(std::slice::from_ref(&jwk));
        if let Some(said) = &self.discovery {
            issuer.describe(said(url, &jwk, canary));
        }
        if let Some(said) = &self.keys {
            issuer.serve(said(url, &jwk, canary));
        }
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        (self.signed)(claims)
    }
}

const UNAVAILABLE: &str = "issuer_unavailable";

/// Every mode; the token is signed with the issuer's own key where nothing else is said.
pub(super) fn all(key: &std::sync::Arc<TestKey>, canary: &TestIssuer) -> Vec<Mode> {
    let signed = || -> Signed {
        let key = std::sync::Arc::clone(key);
        Box::new(move |claims| key.honest(claims))
    };
    let mut modes =
        vec![Mode { id: "honest", discovery: None, keys: None, signed: signed(), code: "", requests: 2 }];
    for (id, said) in of_discovery() {
        modes.push(Mode {
            id,
            discovery: Some(said),
            keys: None,
            signed: signed(),
            code: UNAVAILABLE,
            requests: 1,
        });
    }
    for (id, said) in of_keys(canary.key().jwk()) {
        modes.push(Mode {
            id,
            discovery: None,
            keys: Some(said),
            signed: signed(),
            code: UNAVAILABLE,
            requests: 2,
        });
    }
    modes.extend(forged());
    modes
}

fn said(
    id: &'static str,
    say: impl Fn(&str, &Value, &str) -> Reply + Send + Sync + 'static,
) -> (&'static str, Said) {
    (id, Box::new(say))
}

/// What is wrong with the discovery document; the keys are never asked for.
fn of_discovery() -> Vec<(&'static str, Said)> {
    let keys_at = |url: &str| format!("{url}/.well-known/jwks");
    vec![
        said("redirect-disc", |_, _, canary| {
            Reply::moved(&format!("{canary}/.well-known/openid-configuration"))
        }),
        said("redirect-loop", |url, _, _| Reply::moved(&format!("{url}/.well-known/openid-configuration"))),
        said("mismatch", move |url, _, canary| Reply::json(&discovery(canary, &keys_at(url)))),
        said("mismatch-slash", move |url, _, _| Reply::json(&discovery(&format!("{url}/"), &keys_at(url)))),
        said("no-issuer", move |url, _, _| Reply::json(&json!({"jwks_uri": keys_at(url)}))),
        said("otherhost", |url, _, _| Reply::json(&discovery(url, &keys_at_other(url)))),
        said("otherhost-canary", move |url, _, canary| Reply::json(&discovery(url, &keys_at(canary)))),
        said("scheme-file", |url, _, _| Reply::json(&discovery(url, "file:///etc/passwd"))),
        said("scheme-data", |url, jwk, _| {
            let set = base64url(json!({"keys": [jwk]}).to_string());
            Reply::json(&discovery(url, &format!("data:application/json;base64,{set}")))
        }),
        said("no-jwks-uri", |url, _, _| Reply::json(&json!({"issuer": url}))),
        said("huge-disc", |_, _, _| endless("")),
        said("slow-disc", |_, _, _| Reply::Hang),
        said("drip-disc", |_, _, _| dripping()),
        said("reset-disc", |_, _, _| Reply::Reset),
        said("disc-500", |_, _, _| Reply::status(500)),
        said("disc-404", |_, _, _| Reply::status(404)),
        said("notjson-disc", |_, _, _| Reply::text("<html>down for maintenance</html>")),
        said("dupmembers-disc", move |url, _, canary| {
            let second = keys_at(canary);
            Reply::text(format!(
                r#"{{"issuer":"{url}","jwks_uri":"{}","jwks_uri":"{second}"}}"#,
                keys_at(url)
            ))
        }),
    ]
}

fn keys_at_other(url: &str) -> String {
    format!("{}/.well-known/jwks", url.replace("127.0.0.1", "127.0.0.2"))
}

/// A document that begins and does not end.
fn endless(headers: &str) -> Reply {
    Reply::Endless(format!("HTTP/1.1 200 OK\r\n{headers}\r\n{{").into_bytes(), vec![b' '; 65_536])
}

/// A whole answer, in a year.
fn dripping() -> Reply {
    Reply::Drip(
        format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{{{}", " ".repeat(9_000)).into_bytes(),
    )
}

/// What is wrong with the key set.
fn of_keys(stranger: Value) -> Vec<(&'static str, Said)> {
    let set = |keys: &[&Value]| json!({"keys": keys}).to_string();
    let changed = |jwk: &Value, changes: Value| {
        let mut jwk = jwk.clone();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    vec![
        said("redirect-jwks", |_, _, canary| Reply::moved(&format!("{canary}/.well-known/jwks"))),
        said("huge", |_, _, _| endless("Content-Length: 67108864\r\n")),
        said("huge-chunked", |_, _, _| endless("Transfer-Encoding: chunked\r\n\r\nffffffff")),
        said("huge-valid", move |_, jwk, _| Reply::text(format!("{}{}", " ".repeat(64 << 20), set(&[jwk])))),
        said("gzip-bomb", |_, _, _| Reply::with("Content-Encoding: gzip\r\n", bomb())),
        said("gzip-unsaid", |_, _, _| Reply::text(bomb())),
        said("slow", |_, _, _| Reply::Hang),
        said("drip", |_, _, _| dripping()),
        said("reset", |_, _, _| Reply::Reset),
        said("jwks-500", |_, _, _| Reply::status(500)),
        said("dupkid", move |_, jwk, _| {
            let other = changed(&TestKey::new("x", "ES256").jwk(), json!({"kid": jwk["kid"]}));
            Reply::text(set(&[jwk, &other]))
        }),
        said("private-key-in-jwks", move |_, jwk, _| {
            let private = changed(&TestKey::new("x", "ES256").jwk(), json!({"d": base64url([7; 32])}));
            Reply::text(set(&[jwk, &private]))
        }),
        said("oct-in-jwks", move |_, jwk, _| {
            Reply::text(set(&[jwk, &json!({"kty": "oct", "kid": "o", "k": base64url("secret")})]))
        }),
        said("empty", |_, _, _| Reply::text(r#"{"keys":[]}"#)),
        said("notjson", |_, _, _| Reply::text("<html></html>")),
        said("truncated", move |_, jwk, _| {
            let whole = set(&[jwk]);
            Reply::text(whole.get(..whole.len() - 3).unwrap())
        }),
        said("wrongtype", |_, jwk, _| Reply::json(&json!({"keys": {"key-1": jwk}}))),
        said("deep", |_, jwk, _| {
            let (open, shut) = ("[".repeat(50_000), "]".repeat(50_000));
            Reply::text(format!(r#"{{"keys":[{jwk}],"x":{open}{shut}}}"#))
        }),
        said("dupmembers", move |_, jwk, _| {
            Reply::text(format!(r#"{{"keys":[{jwk}],"keys":[{stranger}]}}"#))
        }),
        said("bom", |_, jwk, _| Reply::text(format!("\u{feff}{{\"keys\":[{jwk}]}}"))),
    ]
}

/// 128 KiB of a gzip stream (RFC 1952): a header, and blocks that would grow a thousandfold.
fn bomb() -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xec, 0xc1, 1, 1][..], &vec![0; 128 * 1024]].concat()
}

/// Keys that an attacker can sign for: each such key is not used, and its token refused.
fn forged() -> Vec<Mode> {
    // With e = 1 a message is its own signature.
    let modulus = [&[0xc1][..], &[0x55; 254], &[0x0b]].concat();
    let weak = json!({"kty": "RSA", "kid": "weak", "alg": "RS256", "n": base64url(modulus), "e": "AQ"});
    let forge = || -> Signed {
        Box::new(|claims| {
            let header = base64url(json!({"alg": "RS256", "kid": "weak"}).to_string());
            let input = format!("{header}.{}", base64url(claims.to_string()));
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input.as_bytes());
            let info = [
                &[0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20],
                hash.as_ref(),
            ];
            let info = info.concat();
            let message = [&[0, 1][..], &vec![0xff; 256 - 3 - info.len()], &[0], &info].concat();
            format!("{input}.{}", base64url(message))
        })
    };
    let alone = weak.clone();
    vec![
        Mode {
            id: "rsa-e1",
            discovery: None,
            keys: Some(Box::new(move |_, jwk, _| Reply::json(&json!({"keys": [jwk, weak]})))),
            signed: forge(),
            code: "key_unknown",
            requests: 2,
        },
        Mode {
            id: "rsa-e1-alone",
            discovery: None,
            keys: Some(Box::new(move |_, _, _| Reply::json(&json!({"keys": [alone]})))),
            signed: forge(),
            code: UNAVAILABLE,
            requests: 2,
        },
    ]
}
