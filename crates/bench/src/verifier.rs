//! An API of somebody else's: it knows the issuer's URL and nothing else, and checks passes with the key cache that the
//! guard has.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound};
use daypass_jose::jwt::{Audience, Expectations, TokenType, UnverifiedIdToken};
use daypass_jose::{Algorithm, Clock, IssuerUrl, Timestamp};
use daypass_keys::{IssuerKeySettings, IssuerKeys, KeySource};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::clock;

/// The algorithms that it takes: those that passes can have.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];

/// The longest pass.
const DAY_SECONDS: i64 = 86_400;

struct Verifier {
    issuer: IssuerUrl,
    audiences: [String; 1],
    keys: IssuerKeys,
}

/// Checks a pass a line of stdin, until there are no more, for an API whose audience is the issuer's URL. Each verdict is a
/// line of JSON: `key_id`, `refused` (why; null if it was taken), and `at_ms`, the moment since 1970.
///
/// # Errors
/// The issuer's URL is none, or nobody reads the verdicts.
pub async fn run(issuer: &str) -> io::Result<()> {
    let verifier = Verifier::new(issuer)?;
    let mut passes = BufReader::new(tokio::io::stdin()).lines();
    while let Some(pass) = passes.next_line().await? {
        let mut key_id = None;
        let refused = verifier.check(&pass, &mut key_id).await.err();
        let at_ms = clock::now().millis();
        crate::tell(serde_json::json!({ "key_id": key_id, "refused": refused, "at_ms": at_ms }))?;
    }
    Ok(())
}

impl Verifier {
    fn new(issuer: &str) -> io::Result<Self> {
        let audiences = [issuer.to_owned()];
        let issuer = IssuerUrl::parse(issuer).map_err(io::Error::other)?;
        let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
        let settings = IssuerKeySettings {
            issuer: issuer.clone(),
            algorithms: ALGORITHMS.to_vec(),
            source: KeySource::Discovery(Endpoint::new(rules)),
            jwks_hosts: Vec::new(),
            key_id_survives_rotation: false,
        };
        let fetcher = Fetcher::new(&Outbound::default()).map_err(io::Error::other)?;
        let keys = IssuerKeys::new(vec![settings], fetcher, Arc::new(SystemClock(clock::instant())));
        Ok(Self { issuer, audiences, keys })
    }

    /// As RFC 9068 §4 wants it.
    async fn check(&self, pass: &str, key_id: &mut Option<String>) -> Result<(), String> {
        let unverified = UnverifiedIdToken::parse(pass).map_err(|fault| fault.to_string())?;
        *key_id = unverified.claimed_key_id().map(ToOwned::to_owned);
        let key = self.keys.key(&self.issuer, unverified.claimed_key_id()).await;
        let key = key.map_err(|fault| fault.to_string())?;
        let expectations = Expectations {
            issuer: &self.issuer,
            audience: Audience::OneOf(&self.audiences),
            algorithms: &ALGORITHMS,
            max_lifetime_seconds: DAY_SECONDS,
            max_age_seconds: DAY_SECONDS,
            token_id_required: true,
            token_type: TokenType::AccessToken,
        };
        let verified = unverified.verify(&key, &expectations, clock::now());
        verified.map(drop).map_err(|fault| fault.to_string())
    }
}

/// The machine's clock, for the cache of keys.
struct SystemClock(std::time::Instant);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}
