//! The successful answer of RFC 8693 §2.2.1.

use daypass_app::credential::Pass;
use daypass_jose::ids::ExchangeId;
use schemars::JsonSchema;
use serde::Serialize;

/// `urn:ietf:params:oauth:token-type:access_token` (RFC 8693 §3).
pub(crate) const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A pass, as RFC 8693 §2.2.1 gives it
#[derive(Serialize, JsonSchema)]
pub(crate) struct TokenAnswer<'a> {
    /// The pass
    access_token: &'a str,
    /// `urn:ietf:params:oauth:token-type:access_token`
    issued_token_type: &'static str,
    /// `Bearer`
    token_type: &'static str,
    /// For how long it is valid, in seconds
    expires_in: i64,
    /// What it may do, with blanks between
    scope: String,
    #[schemars(with = "String", extend("format" = "uuid"))]
    exchange_id: ExchangeId,
}

impl<'a> TokenAnswer<'a> {
    pub(crate) fn of(pass: &'a Pass, exchange_id: ExchangeId) -> Self {
        Self {
            access_token: pass.token.reveal(),
            issued_token_type: ACCESS_TOKEN_TYPE,
            token_type: "Bearer",
            expires_in: pass.expires_in_seconds,
            scope: pass.scope(),
            exchange_id,
        }
    }
}
