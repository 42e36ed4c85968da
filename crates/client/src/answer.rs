//! A server's yes, read strictly: what it holds ends up in variables and files of a job.

use daypass_jose::ids::ExchangeId;
use daypass_jose::{Json, Object, Secret};

use crate::printable::printable;

/// No credential is longer.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_SCOPE_BYTES: usize = 4096;

/// A server's yes.
pub struct ExchangeAnswer {
    /// Under which the exchange is recorded.
    pub exchange_id: ExchangeId,
    /// The role that was taken.
    pub role: Option<String>,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of an exchange.
pub enum Outcome {
    /// Credentials.
    Issued {
        /// When the first of them expires, as RFC 3339 text in UTC.
        expires_at: String,
        /// The pass, where one was granted.
        api: Option<ApiCredential>,
    },
    /// What an exchange would give.
    DryRun {
        /// The terms of the pass, where one would be granted.
        api: Option<ApiTerms>,
    },
}

/// A pass for an API.
pub struct ApiCredential {
    /// The pass.
    pub access_token: Secret,
    /// What it is good for.
    pub terms: ApiTerms,
}

/// What a pass is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTerms {
    /// Seconds until it expires.
    pub expires_in_seconds: u32,
    /// Its scopes, with blanks between.
    pub scope: String,
    /// The API that takes it.
    pub audience: Option<String>,
}

impl ExchangeAnswer {
    /// Reads the answer of `POST /v1.0/exchange`. The fault says what is wrong with it, and repeats none of it.
    pub(crate) fn parse(body: &[u8], dry_run: bool) -> Result<Self, String> {
        let mut answer = Object::parse(body).map_err(|fault| fault.to_string())?;
        let exchange_id = answer.member("exchange_id").and_then(Json::as_str).and_then(ExchangeId::parse);
        let exchange_id = exchange_id.ok_or("`exchange_id` is not an id")?;
        let role = optional_text(&answer, "role")?;
        let api = match answer.remove("credentials") {
            Some(Json::Object(mut credentials)) => credentials.remove("api"),
            _ => return Err("`credentials` is not an object".to_owned()),
        };
        let outcome = if dry_run {
            Outcome::DryRun { api: api.map(|api| ApiTerms::of(&object(api)?)).transpose()? }
        } else {
            let expires_at = answer.member("expires_at").and_then(Json::as_str).filter(|text| is_time(text));
            let expires_at = expires_at.ok_or("`expires_at` is not a time")?.to_owned();
            Outcome::Issued { expires_at, api: api.map(|api| ApiCredential::of(object(api)?)).transpose()? }
        };
        Ok(Self { exchange_id, role, outcome })
    }
}

impl ApiCredential {
    fn of(mut members: Object) -> Result<Self, String> {
        match members.remove("access_token") {
            Some(Json::String(text)) if is_token(&text) => {
                Ok(Self { access_token: Secret::new(text), terms: ApiTerms::of(&members)? })
            }
            _ => Err("`access_token` is not a token".to_owned()),
        }
    }
}

impl ApiTerms {
    fn of(members: &Object) -> Result<Self, String> {
        let expires_in = members.member("expires_in").and_then(Json::as_integer);
        let scope = members.member("scope").and_then(Json::as_str).filter(|text| is_scope(text));
        Ok(Self {
            expires_in_seconds: expires_in
                .and_then(|seconds| u32::try_from(seconds).ok())
                .ok_or("`expires_in` is not a number of seconds")?,
            scope: scope.ok_or("`scope` is not a list of scopes")?.to_owned(),
            audience: optional_text(members, "audience")?,
        })
    }
}

fn object(value: Json) -> Result<Object, String> {
    if let Json::Object(members) = value {
        Ok(members)
    } else {
        Err("`credentials.api` is not an object".to_owned())
    }
}

/// A short text on one line; absent and `null` are none.
fn optional_text(members: &Object, name: &str) -> Result<Option<String>, String> {
    match members.member(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.len() <= 1024 && printable(text) == *text => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{name}` is not a text")),
    }
}

/// The characters of a Bearer token (RFC 6750 §2.1): none that could end a line of a file or a header.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}

/// RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    text.len() <= MAX_SCOPE_BYTES
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte))
}

fn is_time(text: &str) -> bool {
    let shape: String =
        text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    shape == "0000-00-00T00:00:00Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01930000-0000-7000-8000-000000000000";

    fn answer(api: &str) -> String {
        format!(
            r#"{{"exchange_id":"{ID}","role":"project","expires_at":"2026-11-24T09:30:00Z","credentials":{{"api":{api}}}}}"#
        )
    }

    fn issued(api: &str) -> Result<Option<ApiCredential>, String> {
        match ExchangeAnswer::parse(answer(api).as_bytes(), false)?.outcome {
            Outcome::Issued { api, .. } => Ok(api),
            Outcome::DryRun { .. } => panic!("not a dry run"),
        }
    }

    #[test]
    fn an_answer_is_read() {
        let body =
            answer(r#"{"access_token":"a.b-c_d","expires_in":900,"scope":"config:read x","audience":"y"}"#);
        let answer = ExchangeAnswer::parse(body.as_bytes(), false).unwrap();
        assert_eq!((answer.exchange_id.to_string().as_str(), answer.role.as_deref()), (ID, Some("project")));
        let Outcome::Issued { expires_at, api: Some(api) } = answer.outcome else { panic!("no pass") };
        assert_eq!((expires_at.as_str(), api.access_token.reveal()), ("2026-11-24T09:30:00Z", "a.b-c_d"));
        let scope = "config:read x".to_owned();
        assert_eq!(api.terms, ApiTerms { expires_in_seconds: 900, scope, audience: Some("y".to_owned()) });
    }

    #[test]
    fn an_answer_that_could_write_other_variables_is_refused() {
        assert!(issued(r#"{"access_token":"a","expires_in":900,"scope":""}"#).is_ok());
        for api in [
            r#"{"access_token":"a\nPATH=/tmp","expires_in":900,"scope":""}"#,
            r#"{"access_token":"a b","expires_in":900,"scope":""}"#,
            r#"{"access_token":"","expires_in":900,"scope":""}"#,
            r#"{"access_token":"a%0Ab","expires_in":900,"scope":""}"#,
            r#"{"access_token":"a","expires_in":"900","scope":""}"#,
            r#"{"access_token":"a","expires_in":-1,"scope":""}"#,
            r#"{"access_token":"a","expires_in":1.5,"scope":""}"#,
            r#"{"access_token":"a","expires_in":900,"scope":"a\u2028b"}"#,
            r#"{"access_token":"a","expires_in":900,"scope":"","audience":"a\nb"}"#,
            r#"{"access_token":"a","expires_in":900}"#,
            r#"{"expires_in":900,"scope":""}"#,
            r#"{"access_token":"a","access_token":"b","expires_in":900,"scope":""}"#,
            "[]",
        ] {
            assert!(issued(api).is_err(), "{api}");
        }
    }

    #[test]
    fn an_answer_without_its_frame_is_refused() {
        let whole = answer(r#"{"access_token":"a","expires_in":900,"scope":""}"#);
        for (part, instead) in [
            ("0193", "x"),
            ("09:30", "09\\n30"),
            ("2026-11-24T", "2026-11-24 "),
            ("\"project\"", "\"a\\nb\""),
            ("\"credentials\"", "\"c\""),
            ("{\"api\"", "{\"api\":1,\"api\""),
        ] {
            let body = whole.replacen(part, instead, 1);
            assert_ne!(body, whole);
            assert!(ExchangeAnswer::parse(body.as_bytes(), false).is_err(), "{body}");
        }
    }

    #[test]
    fn a_dry_run_has_terms_and_no_credential() {
        let body = format!(
            r#"{{"exchange_id":"{ID}","dry_run":true,"credentials":{{"api":{{"expires_in":900,"scope":"a"}}}}}}"#
        );
        let Outcome::DryRun { api } = ExchangeAnswer::parse(body.as_bytes(), true).unwrap().outcome else {
            panic!("not a dry run")
        };
        assert_eq!(api, Some(ApiTerms { expires_in_seconds: 900, scope: "a".to_owned(), audience: None }));
        assert!(ExchangeAnswer::parse(body.as_bytes(), false).is_err());
    }
}
