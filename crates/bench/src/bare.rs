//! The server that daypass is measured against: it verifies RS256 and signs ES256 over HTTP, and does nothing else.
//!
//! It accepts connections as daypass does. No policy, no replay check, no record, no limit: it is no server to run.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use daypass_jose::jwk::KeySet;
use daypass_jose::jwt::{Audience, Expectations, SigningKey, TokenType, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Algorithm, IssuerUrl, Object};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock;
use crate::issuer::AUDIENCE;

struct Bare {
    issuer: IssuerUrl,
    audiences: [String; 1],
    keys: KeySet,
    signer: SigningKey,
}

/// Serves until the process is asked to end.
///
/// # Errors
/// There is no port, or the key set is none.
pub async fn serve(issuer: &str, key_set: &str) -> io::Result<()> {
    let bare = Bare {
        issuer: IssuerUrl::parse(issuer).map_err(io::Error::other)?,
        audiences: [AUDIENCE.to_owned()],
        keys: KeySet::parse(key_set.as_bytes(), &[Algorithm::RS256]).map_err(io::Error::other)?,
        signer: SigningKey::generate(Algorithm::ES256).map_err(io::Error::other)?.0,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    crate::say(format_args!("listening on http://{address}"));
    let router = Router::new()
        .route("/v1.0/auth/jwt", get(exchange))
        .route("/readyz", get(async || "ready"))
        .with_state(Arc::new(bare));
    let mut terminated = signal(SignalKind::terminate())?;
    let end = async move {
        // It says so once, or never again.
        let _terminated = terminated.recv().await;
    };
    daypass_web::serve(listener, router, end).await;
    Ok(())
}

async fn exchange(State(bare): State<Arc<Bare>>, headers: HeaderMap) -> Result<String, StatusCode> {
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let claims = token.and_then(|token| bare.verify(token)).ok_or(StatusCode::UNAUTHORIZED)?;
    let pass = bare.signer.sign("at+jwt", &pass(&claims)).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(pass.reveal().to_owned())
}

impl Bare {
    fn verify(&self, token: &str) -> Option<VerifiedClaims> {
        let token = UnverifiedIdToken::parse(token).ok()?;
        let key = self.keys.find(token.claimed_key_id())?;
        let expectations = Expectations {
            issuer: &self.issuer,
            audience: Audience::OneOf(&self.audiences),
            algorithms: &[Algorithm::RS256],
            max_lifetime_seconds: 3_600,
            max_age_seconds: 3_600,
            token_id_required: true,
            token_type: TokenType::IdToken,
        };
        token.verify(key, &expectations, clock::now()).ok()
    }
}

/// As long as a pass of daypass.
fn pass(claims: &VerifiedClaims) -> Object {
    let mut pass = Object::default();
    for name in ["repository_id", "repository", "run_id", "sha", "ref", "workflow_ref", "jti", "event_name"] {
        if let Some(value) = claims.claim(name) {
            pass.insert(name, value.clone());
        }
    }
    let now = clock::now().seconds();
    pass.insert("iss", "https://pass.example.com");
    pass.insert("sub", "project:01990a3c-5d52-7c2e-8e37-3f6d1f7c9a10");
    pass.insert("aud", "https://api.example.com");
    pass.insert("iat", now);
    pass.insert("nbf", now);
    pass.insert("exp", now.saturating_add(900));
    pass.insert("scope", "config:read findings:write");
    pass.insert("exchange", "01990a3c-5d52-7c2e-8e37-3f6d1f7c9a10");
    pass
}
