//! The requests that must be refused, each with its documented answer (docs/errors.md).

use bytes::Bytes;
use daypass_app::Code;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use super::super::check::Check;
use super::forge::Forge;

/// More than the server reads of a body, 32 KiB.
const LARGE_BODY_BYTES: usize = 40 * 1024;
const GARBAGE: &str = "not.a.token";
const EXCHANGE: &str = "/v1.0/auth/jwt";
const NATIVE: &str = "/v1.0/exchange";
const WHOAMI: &str = "/v1.0/whoami";
const GRANT: &str = "/oauth2/token";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request that must be refused.
pub(super) struct Probe {
    pub(super) check: Check,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) expected: Expected,
}

/// How it must be refused.
pub(super) struct Expected {
    pub(super) status: u16,
    pub(super) code: Code,
}

impl Probe {
    fn new(check: Check, method: Method, path: &str, (status, code): (u16, Code)) -> Self {
        let expected = Expected { status, code };
        Self { check, method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new(), expected }
    }

    fn get(check: Check, path: &str, expected: (u16, Code)) -> Self {
        Self::new(check, Method::GET, path, expected)
    }

    /// Another header with a token: no check would miss that one, were there two.
    fn bearer(mut self, token: &str) -> Self {
        // What cannot stand in a header is no token, and an empty one must be refused too.
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        self.headers.push((AUTHORIZATION, value.unwrap_or(HeaderValue::from_static("Bearer"))));
        self
    }

    fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.push((CONTENT_TYPE, HeaderValue::from_static(media_type)));
        self.body = body.into();
        self
    }
}

/// Every probe for which there is what it needs.
pub(super) fn all(forge: &Forge) -> Vec<Probe> {
    let mut probes = without_tokens();
    probes.extend(malformed());
    probes.extend(forged(forge));
    probes
}

fn without_tokens() -> Vec<Probe> {
    let missing = (401, Code::CredentialsMissing);
    vec![
        Probe::get(Check::RefusesNoToken, EXCHANGE, missing),
        Probe::get(Check::RefusesNoPass, "/v1.0/config", missing),
        Probe::get(Check::RefusesAnonymousVerify, "/v1.0/verify?audience=x", missing),
        Probe::new(Check::RefusesAnonymousIntrospection, Method::POST, "/oauth2/introspect", missing)
            .body(FORM, format!("token={GARBAGE}")),
    ]
}

fn malformed() -> Vec<Probe> {
    let grant = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={GARBAGE}\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
    );
    vec![
        Probe::get(Check::RefusesGarbage, EXCHANGE, (401, Code::TokenMalformed)).bearer(GARBAGE),
        Probe::new(Check::RefusesNativeGarbage, Method::POST, NATIVE, (401, Code::TokenMalformed))
            .body(JSON, json!({ "token": GARBAGE }).to_string()),
        Probe::new(Check::RefusesGrantGarbage, Method::POST, GRANT, (400, Code::TokenMalformed))
            .body(FORM, grant),
        Probe::get(Check::RefusesTwoTokens, EXCHANGE, (400, Code::CredentialsMalformed))
            .bearer(GARBAGE)
            .bearer(GARBAGE),
        Probe::get(
            Check::RefusesQueryToken,
            &format!("{EXCHANGE}?access_token={GARBAGE}"),
            (400, Code::RequestInvalid),
        ),
        Probe::new(Check::RefusesHead, Method::HEAD, EXCHANGE, (405, Code::MethodNotAllowed)),
        Probe::new(Check::RefusesLargeBody, Method::POST, NATIVE, (413, Code::RequestTooLarge))
            .body(JSON, json!({ "token": "a".repeat(LARGE_BODY_BYTES) }).to_string()),
    ]
}

fn forged(forge: &Forge) -> Vec<Probe> {
    let invalid = |code| (401, code);
    let of_issuer = [
        (Check::RefusesUnknownKey, forge.under_unknown_key(), Code::KeyUnknown),
        (Check::RefusesForgedSignature, forge.under_known_key(&[]), Code::SignatureInvalid),
        (Check::RefusesExpired, forge.expired(), Code::SignatureInvalid),
        (Check::RefusesOtherAudience, forge.for_another(), Code::SignatureInvalid),
    ];
    let of_issuer =
        of_issuer.into_iter().filter_map(|(check, token, code)| Some((check, EXCHANGE, token?, code)));
    let others = [
        (Check::RefusesUnsigned, EXCHANGE, forge.unsigned(), Code::AlgorithmRefused),
        (Check::RefusesSymmetric, EXCHANGE, forge.symmetric(), Code::AlgorithmRefused),
        (Check::RefusesUnknownIssuer, EXCHANGE, forge.of_nobody(), Code::IssuerUnknown),
        (Check::RefusesOwnPass, EXCHANGE, forge.pass(), Code::TokenTypeRefused),
        (Check::RefusesForgedPass, WHOAMI, forge.pass(), Code::PassInvalid),
        (Check::RefusesSymmetricPass, WHOAMI, forge.symmetric_pass(), Code::PassInvalid),
    ];
    let all = others.into_iter().chain(of_issuer);
    all.map(|(check, path, token, code)| Probe::get(check, path, invalid(code)).bearer(&token)).collect()
}
