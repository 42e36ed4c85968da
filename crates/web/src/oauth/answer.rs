//! The successful answer of RFC 8693 §2.2.1.

use daypass_app::credential::Pass;
use daypass_jose::ids::ExchangeId;
use serde::Serialize;

/// `urn:ietf:params:oauth:token-type:access_token` (RFC 8693 §3).
pub(crate) const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What a token endpoint gives.
#[derive(Serialize)]
pub(crate) struct TokenAnswer<'a> {
    access_token: &'a str,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
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
