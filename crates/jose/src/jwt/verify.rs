//! Verifying a token with its issuer's key (RFC 7519 §7.2, RFC 8725, OpenID Connect Core §3.1.3.7).

use crate::algorithm::Algorithm;
use crate::issuer::IssuerUrl;
use crate::json::{Json, Object};
use crate::jwk::VerifyingKey;
use crate::time::{LEEWAY_SECONDS, Timestamp};

use super::claims::{SpendKey, VerifiedClaims};
use super::fault::TokenFault;
use super::parse::UnverifiedIdToken;

/// Bytes of the longest token id that is taken.
const MAX_TOKEN_ID_BYTES: usize = 255;
/// Characters of a foreign audience that are shown.
const MAX_SHOWN_CHARS: usize = 200;

/// What a token must be.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// Whose it must be, byte for byte.
    pub issuer: &'a IssuerUrl,
    /// For whom it must be.
    pub audience: Audience<'a>,
    /// By which algorithms its issuer signs.
    pub algorithms: &'a [Algorithm],
    /// Largest `exp - iat`, in seconds.
    pub max_lifetime_seconds: i64,
    /// Largest time since `iat`, in seconds.
    pub max_age_seconds: i64,
    /// Whether it must carry `jti`.
    pub token_id_required: bool,
    /// Which kind it must be.
    pub token_type: TokenType,
}

/// For whom a token must be. It must be for exactly one in any case.
#[derive(Debug, Clone, Copy)]
pub enum Audience<'a> {
    /// One of these, byte for byte.
    OneOf(&'a [String]),
    /// Whoever it is: only for one's own tokens, where nothing is given for them.
    AnyOne,
}

/// Kinds of token, by the header `typ` (RFC 8725 §3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// A CI system's identity token: no `typ`, or `JWT`.
    IdToken,
    /// An access token of this kind of server: `at+jwt` (RFC 9068 §2.1).
    AccessToken,
}

impl UnverifiedIdToken {
    /// Verifies the token; the unverified one is gone afterwards.
    ///
    /// In this order: algorithm, signature, `iss`, `typ`, required claims, `aud`, times. `now` may differ from the
    /// issuer's clock by [`LEEWAY_SECONDS`]: a token is valid while `now < exp + leeway` and `now >= nbf - leeway`.
    pub fn verify(
        self,
        key: &VerifyingKey,
        expectations: &Expectations<'_>,
        now: Timestamp,
    ) -> Result<VerifiedClaims, TokenFault> {
        self.jws.check_signature(key, expectations.algorithms)?;
        if self.issuer != expectations.issuer.as_str() {
            return Err(TokenFault::IssuerMismatch);
        }
        check_type(self.jws.header.token_type.as_deref(), expectations.token_type)?;
        let subject = required_text(&self.claims, "sub")?.to_owned();
        let times = Times::read(&self.claims)?;
        let token_id = token_id(&self.claims, expectations.token_id_required)?;
        let audience = audience(&self.claims, expectations.audience)?;
        times.check(expectations, now)?;
        let spend_key = match &token_id {
            Some(id) if expectations.token_id_required => SpendKey::of_token_id(expectations.issuer, id),
            _ => SpendKey::of_signing_input(expectations.issuer, &self.jws.signing_input),
        };
        Ok(VerifiedClaims {
            issuer: expectations.issuer.clone(),
            audience,
            subject,
            issued_at: times.issued_at,
            expires_at: times.expires_at,
            token_id,
            spend_key,
            claims: self.claims,
        })
    }
}

fn check_type(found: Option<&str>, wanted: TokenType) -> Result<(), TokenFault> {
    let fits = match (wanted, found) {
        (TokenType::IdToken, None) => true,
        (TokenType::IdToken, Some(found)) => found.eq_ignore_ascii_case("JWT"),
        (TokenType::AccessToken, found) => found == Some("at+jwt"),
    };
    if fits { Ok(()) } else { Err(TokenFault::TypeRefused) }
}

fn required_text<'a>(claims: &'a Object, name: &'static str) -> Result<&'a str, TokenFault> {
    match claims.member(name) {
        None => Err(TokenFault::ClaimMissing(name)),
        Some(Json::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(TokenFault::ClaimMalformed(name)),
    }
}

/// `jti`: a text that a store can keep. One that is not required may be left out, but not be something else.
fn token_id(claims: &Object, is_required: bool) -> Result<Option<String>, TokenFault> {
    match claims.member("jti") {
        None if !is_required => Ok(None),
        None => Err(TokenFault::ClaimMissing("jti")),
        Some(Json::String(id)) if (1..=MAX_TOKEN_ID_BYTES).contains(&id.len()) && !id.contains('\0') => {
            Ok(Some(id.clone()))
        }
        Some(_) => Err(TokenFault::ClaimMalformed("jti")),
    }
}

/// `aud` is a string or an array of one (RFC 7519 §4.1.3); a token for several is for nobody.
fn audience(claims: &Object, wanted: Audience<'_>) -> Result<String, TokenFault> {
    let found = match claims.member("aud") {
        None => return Err(TokenFault::ClaimMissing("aud")),
        Some(Json::String(found)) => found,
        Some(Json::Array(items)) => match items.as_slice() {
            [Json::String(found)] => found,
            [] | [_] => return Err(TokenFault::ClaimMalformed("aud")),
            several => return Err(TokenFault::AudienceSeveral(several.len())),
        },
        Some(_) => return Err(TokenFault::ClaimMalformed("aud")),
    };
    match wanted {
        Audience::AnyOne => Ok(found.clone()),
        Audience::OneOf(wanted) if wanted.contains(found) => Ok(found.clone()),
        Audience::OneOf(wanted) => {
            let shown: String = found.chars().take(MAX_SHOWN_CHARS).collect();
            Err(TokenFault::AudienceMismatch { wanted: wanted.to_vec(), got: format!("{shown:?}") })
        }
    }
}

/// The times of a token, as seconds that were integers in its text.
struct Times {
    issued_at: Timestamp,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
}

impl Times {
    fn read(claims: &Object) -> Result<Self, TokenFault> {
        let required = |name| time(claims, name)?.ok_or(TokenFault::ClaimMissing(name));
        Ok(Self {
            issued_at: required("iat")?,
            expires_at: required("exp")?,
            not_before: time(claims, "nbf")?,
        })
    }

    fn check(&self, expectations: &Expectations<'_>, now: Timestamp) -> Result<(), TokenFault> {
        let (iat, exp, now) = (self.issued_at.seconds(), self.expires_at.seconds(), now.seconds());
        if now >= exp.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenFault::Expired(self.expires_at));
        }
        for from in [Some(self.issued_at), self.not_before].into_iter().flatten() {
            if now < from.seconds().saturating_sub(LEEWAY_SECONDS) {
                return Err(TokenFault::NotYetValid(from));
            }
        }
        if exp <= iat || self.not_before.is_some_and(|from| from.seconds() > exp) {
            return Err(TokenFault::ClaimMalformed("exp"));
        }
        let (got_seconds, max_seconds) = (exp.saturating_sub(iat), expectations.max_lifetime_seconds);
        if got_seconds > max_seconds {
            return Err(TokenFault::LifetimeTooLong { got_seconds, max_seconds });
        }
        let (got_seconds, max_seconds) = (now.saturating_sub(iat), expectations.max_age_seconds);
        if got_seconds > max_seconds {
            return Err(TokenFault::TooOld { got_seconds, max_seconds });
        }
        Ok(())
    }
}

/// A `NumericDate` (RFC 7519 §2) without fraction; a wrong type is never as if it were absent.
fn time(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, TokenFault> {
    match claims.member(name) {
        None => Ok(None),
        Some(Json::Integer(seconds)) => {
            let time = i64::try_from(*seconds).ok().and_then(Timestamp::from_seconds);
            time.map(Some).ok_or(TokenFault::ClaimMalformed(name))
        }
        Some(_) => Err(TokenFault::ClaimMalformed(name)),
    }
}
