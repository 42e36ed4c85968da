//! Why something was refused: one closed list of codes, with two texts, one for the caller and one for the operator.
//!
//! A refusal says nothing about protocols; each face words it in its own.

use std::fmt;

use daypass_jose::jwt::TokenFault;
use daypass_keys::KeyFault;
use daypass_policy::{Denial, DenialReason, Difference, PROJECT_ROLE};
use daypass_store::{LedgerFault, StoreFault};

/// What kind of no it is; a face makes its status of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// No credential was shown.
    Unauthenticated,
    /// The credential that was shown is not valid.
    TokenInvalid,
    /// The request cannot be understood; sending it again changes nothing.
    Malformed,
    /// It is understood, and the answer is no.
    Denied,
    /// Larger than this server reads.
    TooLarge,
    /// No such place.
    NotFound,
    /// The place does not take this method.
    MethodNotAllowed,
    /// The body's media type is not taken.
    MediaType,
    /// Too many from this source; later is fine.
    Limited,
    /// Cannot be done now; later is fine.
    Unavailable,
    /// A fault of this server.
    Internal,
}

macro_rules! codes {
    ($($variant:ident $text:literal $class:ident $title:literal $advice:literal;)*) => {
        /// The closed list of refusal codes. A code keeps its meaning for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The text by which machines know it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What kind of no it is.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// What it means, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

codes! {
    CredentialsMissing "credentials_missing" Unauthenticated "no credential was sent"
        "send the token as `Authorization: Bearer TOKEN`";
    CredentialsMalformed "credentials_malformed" Malformed "the Authorization header is not one Bearer token"
        "send exactly one header `Authorization: Bearer TOKEN`, with the token as it was given";
    RequestInvalid "request_invalid" Malformed "the request is malformed"
        "compare the request with the documentation of this endpoint";
    GrantTypeUnsupported "grant_type_unsupported" Malformed "the grant type is not supported"
        "send `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`, or `…:jwt-bearer`";
    TargetInvalid "target_invalid" Malformed "the audience or resource is not one that this role grants"
        "leave `audience` and `resource` out, or name the audience that the role grants";
    ScopeInvalid "scope_invalid" Malformed "a scope was asked for that this role does not grant"
        "leave `scope` out, or ask for scopes that the role grants";
    RequestTooLarge "request_too_large" TooLarge "the request is too large"
        "an identity token has at most 16 KiB; send nothing beside it";
    MediaTypeUnsupported "media_type_unsupported" MediaType "the body has another media type than this endpoint reads"
        "set the Content-Type that the documentation of this endpoint names";
    MethodNotAllowed "method_not_allowed" MethodNotAllowed "this endpoint does not take this method"
        "the Allow header names the methods that it takes";
    NotFound "not_found" NotFound "there is nothing at this address"
        "check the path of the URL";
    RateLimited "rate_limited" Limited "too many refused requests from this address"
        "wait for the time in Retry-After; successful requests are not limited";
    TokenIsEnvelope "token_is_envelope" TokenInvalid "the token is still inside the JSON answer of the CI system"
        "take the member `value` out of it: pipe the answer through `jq -r .value`";
    TokenMalformed "token_malformed" TokenInvalid "the token is not a signed JSON Web Token"
        "send the identity token as the CI system gave it, whole and unchanged";
    TokenTooLarge "token_too_large" TooLarge "the token is larger than 16 KiB"
        "remove custom claims from the token";
    TokenTypeRefused "token_type_refused" TokenInvalid "the token is of another kind than this endpoint takes"
        "exchange endpoints take a CI system's identity token; the API takes the pass that an exchange gave";
    AlgorithmRefused "algorithm_refused" TokenInvalid "the token is signed with an algorithm that its issuer is not registered for"
        "check `algorithms` of the issuer in the settings of this server";
    IssuerUnknown "issuer_unknown" TokenInvalid "this server does not trust the token's issuer"
        "the operator registers issuers in the settings, byte for byte as the token's `iss`";
    KeyUnknown "key_unknown" TokenInvalid "the issuer publishes no key with the token's key id"
        "fetch a fresh token; a key that has just been published is found within seconds";
    SignatureInvalid "signature_invalid" TokenInvalid "the token's signature is not its issuer's"
        "send the token whole and unchanged; check that `iss` is the server that signed it";
    ClaimMissing "claim_missing" TokenInvalid "the token lacks a claim that every token of this issuer must carry"
        "use the identity token of a CI job, not a log-in token of the same issuer";
    ClaimMalformed "claim_malformed" TokenInvalid "a claim of the token has a wrong type or value"
        "use the identity token as the CI system made it";
    AudienceMismatch "audience_mismatch" TokenInvalid "the token was made for another audience"
        "ask the CI system for a token whose audience is this server's";
    AudienceSeveral "audience_several" TokenInvalid "the token has several audiences"
        "ask for a token with this server's audience alone: any other service in the list could use it here";
    TokenExpired "token_expired" TokenInvalid "the token has expired"
        "fetch the token right before it is exchanged";
    TokenNotYetValid "token_not_yet_valid" TokenInvalid "the token is not valid yet"
        "check the clocks of this server and of the issuer";
    TokenLifetimeTooLong "token_lifetime_too_long" TokenInvalid "the token is valid for longer than this issuer's tokens may be"
        "shorten the job's timeout, or the lifetime that the CI system gives its tokens";
    TokenTooOld "token_too_old" TokenInvalid "the token was issued too long ago"
        "fetch the token right before it is exchanged";
    TokenAlreadyUsed "token_already_used" TokenInvalid "the token has been exchanged before"
        "fetch a fresh token for each exchange; if you did not use it before, somebody else has it";
    TokenEmulated "token_emulated" TokenInvalid "the token was made by the emulator"
        "a server takes such tokens only while its public_url and listen are both loopback";
    NotAllowed "not_allowed" Denied "no rule allows this"
        "the operator of this server sees the reason: daypass audit show EXCHANGE";
    CredentialNotGranted "credential_not_granted" Denied "the role does not grant a credential that was asked for"
        "leave the credential out of the request, or have the role grant it";
    ProjectUnavailable "project_unavailable" Denied "the project is suspended, removed or not accepted yet"
        "ask the operator of this server";
    InsufficientScope "insufficient_scope" Denied "the pass lacks the scope that this needs"
        "have the role grant the scope";
    PassInvalid "pass_invalid" TokenInvalid "this is not a valid pass of this server"
        "exchange an identity token for a pass first, and send the pass";
    PassExpired "pass_expired" TokenInvalid "the pass has expired"
        "exchange a fresh identity token for a new pass";
    PassRevoked "pass_revoked" TokenInvalid "the pass was revoked"
        "exchange a fresh identity token for a new pass; if nobody of yours revoked it, the operator of this server did";
    PassForAnother "pass_for_another_audience" TokenInvalid "the pass was made for another audience"
        "send it to the API that it was made for";
    IssuerUnavailable "issuer_unavailable" Unavailable "the issuer's keys cannot be fetched now"
        "try again after the time in Retry-After";
    StoreUnavailable "store_unavailable" Unavailable "what this server keeps on record cannot be reached now"
        "try again after the time in Retry-After";
    KeysUnavailable "keys_unavailable" Unavailable "this server cannot tell now which of its signing keys are valid"
        "try again after the time in Retry-After";
    Overloaded "overloaded" Unavailable "the server has more requests than it can take"
        "try again after the time in Retry-After";
    InternalError "internal_error" Internal "a fault of this server"
        "give the operator the request id";
}

impl Code {
    /// The code of this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One no, with what the caller may learn of it and what the operator must know.
#[derive(Debug)]
pub struct Refusal {
    /// Which.
    pub code: Code,
    /// For the caller; says nothing that a stranger may not know.
    pub detail: String,
    /// For the caller: what to do.
    pub hint: String,
    /// For a caller known to the role: which claims differ.
    pub differences: Vec<Difference>,
    /// Whether the caller may not learn why, nor whether there is what was asked for: the time of the answer must not tell
    /// either.
    pub is_of_stranger: bool,
    /// For the caller: when to try again, in seconds.
    pub retry_after_seconds: Option<u32>,
    /// For the operator.
    pub internal: Option<String>,
}

/// When to come back if nothing better is known.
const RETRY_AFTER_SECONDS: u32 = 2;

impl daypass_traces::Coded for Refusal {
    fn code(&self) -> &'static str {
        self.code.as_str()
    }
}

impl Refusal {
    /// With the texts of the code itself.
    pub fn new(code: Code) -> Self {
        let retry_after_seconds = (code.class() == Class::Unavailable).then_some(RETRY_AFTER_SECONDS);
        Self {
            code,
            detail: code.title().to_owned(),
            hint: code.advice().to_owned(),
            differences: Vec::new(),
            is_of_stranger: false,
            retry_after_seconds,
            internal: None,
        }
    }

    /// With another text for the caller.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With other advice for the caller.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With a text for the operator.
    #[must_use]
    pub fn with_internal(mut self, internal: impl Into<String>) -> Self {
        self.internal = Some(internal.into());
        self
    }

    /// Whether it is the token that is wrong, for good: sending it again, or elsewhere, changes nothing.
    pub fn is_of_token(&self) -> bool {
        matches!(self.code.class(), Class::TokenInvalid) || self.code == Code::TokenTooLarge
    }

    /// The token is not valid.
    pub fn of_token(fault: &TokenFault) -> Self {
        let code = Code::from_text(fault.code()).unwrap_or(Code::TokenMalformed);
        let refusal = Self::new(code).with_detail(fault.to_string());
        match fault.hint() {
            Some(hint) => refusal.with_hint(hint),
            None => refusal,
        }
    }

    /// The issuer's key is not to be had.
    pub fn of_key(fault: &KeyFault) -> Self {
        match fault {
            KeyFault::UnknownIssuer => Self::new(Code::IssuerUnknown),
            KeyFault::UnknownKey => Self::new(Code::KeyUnknown),
            KeyFault::AmbiguousKey => {
                Self::new(Code::KeyUnknown).with_detail("the token names no key, and its issuer has several")
            }
            KeyFault::Unavailable { retry_after_seconds, reason } => {
                let mut refusal = Self::new(Code::IssuerUnavailable).with_internal(reason.clone());
                refusal.retry_after_seconds = Some(*retry_after_seconds);
                refusal
            }
        }
    }

    /// Policy said no. Only a caller known to the role learns more than that.
    pub fn of_denial(denial: &Denial, role: &str) -> Self {
        let refusal = Self::new(Code::NotAllowed).with_internal(denial.reason.as_str());
        let for_project = "without a role, this server gives passes to onboarded repositories; its operator onboards \
                               one with `daypass project add`";
        if !denial.known_to_role {
            let refusal = Self { is_of_stranger: true, ..refusal };
            return if role == PROJECT_ROLE { refusal.with_hint(for_project) } else { refusal };
        }
        match denial.reason {
            DenialReason::ProjectPending | DenialReason::ProjectSuspended | DenialReason::ProjectDeleted => {
                Self {
                    code: Code::ProjectUnavailable,
                    detail: Code::ProjectUnavailable.title().to_owned(),
                    hint: Code::ProjectUnavailable.advice().to_owned(),
                    ..refusal
                }
            }
            DenialReason::ProjectUnknown => {
                refusal.with_detail("this repository is not onboarded").with_hint(for_project)
            }
            DenialReason::RoleUnknown => {
                refusal.with_detail(format!("there is no role `{}`", role.escape_default()))
            }
            DenialReason::GrantUnfillable => {
                refusal.with_detail("an id of this job has no place in what the role grants")
            }
            DenialReason::DeniedByRule | DenialReason::NoRuleMatches => {
                let told = Self::of_differences(denial.differences.clone(), role);
                Self { internal: refusal.internal, ..told }
            }
        }
    }

    /// No rule of a role allows a job, as a caller is told whom the role knows.
    pub fn of_differences(differences: Vec<Difference>, role: &str) -> Self {
        let refusal = Self::new(Code::NotAllowed).with_detail(explain(&differences, role));
        let refusal = if differences.is_empty() { refusal } else { refusal.with_hint(TO_DIFFER) };
        Self { differences, ..refusal }
    }

    /// The ledger did not take the exchange, so nothing may be given.
    pub fn of_ledger(fault: &LedgerFault) -> Self {
        match fault {
            LedgerFault::AlreadySpent { first_at, .. } => Self::new(Code::TokenAlreadyUsed)
                .with_detail(format!("the token was exchanged before, at {first_at}"))
                .with_internal(fault.to_string()),
            LedgerFault::Overloaded => Self::new(Code::Overloaded),
            LedgerFault::Store(fault) => Self::of_store(fault),
        }
    }

    /// The store failed.
    pub fn of_store(fault: &StoreFault) -> Self {
        Self::new(Code::StoreUnavailable).with_internal(fault.to_string())
    }

    /// A fault of this server; the caller learns nothing of it.
    pub fn internal(internal: impl Into<String>) -> Self {
        Self::new(Code::InternalError).with_internal(internal)
    }
}

/// What a caller can do who sees what differs.
const TO_DIFFER: &str = "run the job where the claims fit, or have the role changed";

fn explain(differences: &[Difference], role: &str) -> String {
    match differences {
        [] => format!("the role `{role}` does not allow this job"),
        [one] => format!("the role `{role}` does not allow this job: the claim `{}` differs", one.claim),
        several => format!("the role `{role}` does not allow this job: {} claims differ", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::from_text(code.as_str()), Some(*code));
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        }
    }

    #[test]
    fn only_what_may_be_tried_again_says_when() {
        for code in Code::ALL {
            let says = Refusal::new(*code).retry_after_seconds.is_some();
            assert_eq!(says, code.class() == Class::Unavailable, "{code}");
        }
    }
}
