//! What the emulator's tests share: a clock that stands, numbers that repeat, a client that sends what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daypass_emulator::{Emulator, EmulatorConfig, EmulatorFault, Provider, Running};
use daypass_jose::jwk::KeySet;
use daypass_jose::jwt::{Audience, Expectations, TokenType, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Algorithm, Clock, IssuerUrl, Json, Object, Random, Timestamp};
use daypass_policy::{Profile, RegisteredIssuer, TriggerClass, Workload};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// 2026-11-24T09:30:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Fills with a counter, so that no two fills are alike and each run has the same.
#[derive(Default)]
struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (at, byte) in bytes.iter_mut().rev().enumerate() {
            *byte = count.iter().rev().nth(at).copied().unwrap_or(0x5a);
        }
    }
}

pub(crate) async fn try_start(config: EmulatorConfig) -> Result<Running, EmulatorFault> {
    Emulator::start(config, Arc::new(FixedClock), Arc::new(CountingRandom::default())).await
}

pub(crate) async fn start_with(config: EmulatorConfig) -> Running {
    try_start(config).await.unwrap()
}

pub(crate) async fn start(provider: Provider) -> Running {
    start_with(EmulatorConfig::new(provider)).await
}

/// An answer, its head lower-cased.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Object {
        Object::parse(self.body.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }
}

/// Sends one request with these header lines to a `http://` URL.
pub(crate) async fn request(method: &str, url: &str, headers: &[&str]) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let lines = headers.iter().fold(String::new(), |lines, line| lines + line + "\r\n");
    let message =
        format!("{method} /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{lines}\r\n");
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(message.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

pub(crate) async fn get(url: &str) -> Answer {
    request("GET", url, &[]).await
}

/// The claims of a token that is [`judged`].
pub(crate) async fn verified(
    running: &Running,
    token: &str,
    audience: &str,
    max_lifetime_seconds: i64,
) -> Object {
    judged(running, token, audience, max_lifetime_seconds).await.claims().clone()
}

/// How far the event of a verified token is trusted, seen through the profile of its CI system, as a server sees it.
pub(crate) fn class(running: &Running, claims: VerifiedClaims, provider: &str) -> TriggerClass {
    let url = IssuerUrl::parse(running.issuer_url()).unwrap();
    let issuer = RegisteredIssuer::new("emulator", url, Profile::by_name(provider).unwrap(), Vec::new());
    Workload::from_claims(claims, &issuer).unwrap().trigger_class().unwrap()
}

/// Verifies a token as a server would: with the keys to which discovery leads, for one audience.
pub(crate) async fn judged(
    running: &Running,
    token: &str,
    audience: &str,
    max_lifetime_seconds: i64,
) -> VerifiedClaims {
    let issuer = IssuerUrl::parse(running.issuer_url()).unwrap();
    let discovery = get(&format!("{issuer}/.well-known/openid-configuration")).await.json();
    assert_eq!(discovery.member("issuer").and_then(Json::as_str), Some(issuer.as_str()));
    let keys = get(discovery.member("jwks_uri").and_then(Json::as_str).unwrap()).await;
    let keys = KeySet::parse(keys.body.as_bytes(), &[Algorithm::RS256]).unwrap();
    assert_eq!((keys.len(), keys.skipped().len()), (2, 0));
    let expectations = Expectations {
        issuer: &issuer,
        audience: Audience::OneOf(&[audience.to_owned()]),
        algorithms: &[Algorithm::RS256],
        max_lifetime_seconds,
        max_age_seconds: 300,
        token_id_required: true,
        token_type: TokenType::IdToken,
    };
    let unverified = UnverifiedIdToken::parse(token).unwrap();
    let key = keys.find(unverified.claimed_key_id()).expect("the token's key is published");
    unverified.verify(key, &expectations, NOW).unwrap()
}

/// One claim a line, sorted; the port, which the system chooses, as `PORT`.
pub(crate) fn table(running: &Running, claims: &Object) -> String {
    let lines =
        claims.iter().map(|(name, value)| format!("{name:22} {}\n", serde_json::to_string(value).unwrap()));
    let port = running.issuer_url().rsplit_once(':').unwrap().1;
    lines.collect::<Vec<_>>().concat().replace(&format!(":{port}"), ":PORT")
}

/// Looks whether `docs/emulator.md` shows these claims, but for the random one.
pub(crate) fn in_guide(table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let shown: Vec<&str> = guide.lines().collect();
    for line in table.lines().filter(|line| !line.starts_with("jti ")) {
        assert!(shown.contains(&line), "docs/emulator.md does not show: {line}");
    }
}

/// The lines of `table` that `base` has not, and with `-` those that only `base` has.
pub(crate) fn changes(base: &str, table: &str) -> String {
    let names =
        |text: &str| text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    let known = names(table);
    let gone = names(base).into_iter().filter(|name| !known.contains(name)).map(|name| format!("- {name}\n"));
    let changed = table.lines().filter(|line| !base.lines().any(|known| known == *line));
    changed.map(|line| format!("{line}\n")).chain(gone).collect::<Vec<_>>().concat()
}

/// The header and the payload of a token, unverified.
pub(crate) fn decoded(token: &str) -> [Object; 2] {
    let mut parts = token.split('.');
    [(); 2].map(|()| Object::parse(&daypass_jose::base64url::decode(parts.next().unwrap()).unwrap()).unwrap())
}
