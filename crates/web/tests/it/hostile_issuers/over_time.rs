//! Issuers whose keys, answers or addresses change, and many jobs at once.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use daypass_fetch::{Resolve, Resolving};
use daypass_store::AccountStatus;
use serde_json::{Value, json};

use super::{claims, serving, within_patience};
use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::clock::START_SECONDS;
use crate::support::issuer::TestIssuer;
use crate::support::keys::TestKey;
use crate::support::reply::Reply;

struct Played {
    kit: Kit,
    table: Table,
    issuer: TestIssuer,
    app: Arc<TestApp>,
    now: i64,
}

async fn start() -> Played {
    let kit = Kit::start().await;
    let issuer = TestIssuer::start(vec![TestKey::new("key-1", "ES256")]).await;
    let app = Arc::new(serving(&kit, &[("issuer", &issuer)]).await);
    Played { kit, table: Table::default(), issuer, app, now: START_SECONDS }
}

impl Played {
    fn signed(&mut self, key: &TestKey) -> String {
        key.honest(&claims(&self.kit, &mut self.table, self.issuer.url(), self.now))
    }

    fn token(&mut self) -> String {
        let claims = claims(&self.kit, &mut self.table, self.issuer.url(), self.now);
        self.issuer.key().honest(&claims)
    }

    /// Under a key id that the issuer does not publish.
    fn unknown(&mut self, number: usize) -> String {
        let key = self.issuer.key();
        let header = json!({"alg": "ES256", "kid": format!("nobody-{number}")}).to_string();
        key.token(header, claims(&self.kit, &mut self.table, self.issuer.url(), self.now).to_string())
    }

    async fn advance(&mut self, seconds: i64) {
        self.app.advance(seconds).await;
        self.now += seconds;
    }

    async fn result(&self, token: &str) -> (u16, String) {
        let answer = within_patience(&self.app, token).await;
        (answer.status, answer.code())
    }

    async fn good(&mut self) -> (u16, String) {
        let token = self.token();
        self.result(&token).await
    }

    /// How many of each code these tokens get, sent at once.
    async fn at_once(&self, tokens: Vec<String>) -> BTreeMap<String, usize> {
        let send = |token: String| {
            let app = Arc::clone(&self.app);
            tokio::spawn(async move { within_patience(&app, &token).await.code() })
        };
        let waiting: Vec<_> = tokens.into_iter().map(send).collect();
        let mut codes = BTreeMap::new();
        for one in waiting {
            *codes.entry(one.await.unwrap()).or_default() += 1;
        }
        codes
    }
}

fn ok() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_herd_on_a_cold_cache_gets_its_passes_for_one_fetch() {
    let mut played = start().await;
    let herd = (0..24).map(|_| played.token()).collect();
    assert_eq!(played.at_once(herd).await, [(String::new(), 24)].into());
    assert_eq!(played.issuer.requests(), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_costs_one_fetch_an_interval_and_no_good_token() {
    let mut played = start().await;
    assert_eq!(played.good().await, ok());
    played.advance(6).await;
    for fetches in [2, 2] {
        let flood = (0..60).map(|number| played.unknown(number)).collect();
        assert_eq!(played.at_once(flood).await, [("key_unknown".to_owned(), 60)].into());
        assert_eq!(played.good().await, ok());
        assert_eq!(played.issuer.requests(), 2 * fetches, "once for the cold cache, once for the flood");
    }
}

#[tokio::test]
async fn keys_are_followed_over_three_generations() {
    let mut played = start().await;
    let keys: Vec<TestKey> = (1..=4).map(|at| TestKey::new(&format!("key-{at}"), "ES256")).collect();
    played.issuer.publish(&[keys[0].jwk()]);
    for pair in keys.windows(2) {
        let [old, new] = pair else { unreachable!("windows of two") };
        played.issuer.publish(&[old.jwk(), new.jwk()]);
        played.advance(6).await;
        for key in [new, old] {
            let token = played.signed(key);
            assert_eq!(played.result(&token).await, ok(), "{}: both while they overlap", key.kid);
        }
        played.issuer.publish(&[new.jwk()]);
        played.advance(6).await;
        let token = played.unknown(0);
        assert_eq!(played.result(&token).await, refused(401, "key_unknown"));
        let withdrawn = played.signed(old);
        assert_eq!(played.result(&withdrawn).await, refused(401, "key_unknown"));
    }
}

#[tokio::test]
async fn an_outage_takes_no_known_key_away_decides_no_unknown_one_and_ends() {
    let mut played = start().await;
    assert_eq!(played.good().await, ok());
    played.issuer.set_down(true);
    played.advance(6).await;
    assert_eq!(played.good().await, ok());
    let token = played.unknown(1);
    let answer = within_patience(&played.app, &token).await;
    assert_eq!((answer.status, answer.code()), refused(503, "issuer_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(played.good().await, ok());
    played.issuer.set_down(false);
    let new = TestKey::new("key-2", "ES256");
    played.issuer.publish(&[new.jwk()]);
    played.advance(6).await;
    let token = played.signed(&new);
    assert_eq!(played.result(&token).await, ok());
    assert_eq!(played.good().await, refused(401, "key_unknown"), "what was withdrawn meanwhile");
}

#[tokio::test]
async fn keys_are_used_for_a_day_without_their_issuer_and_no_longer() {
    let mut played = start().await;
    assert_eq!(played.good().await, ok());
    played.issuer.set_down(true);
    played.advance(24 * 3_600 - 1).await;
    assert_eq!(played.good().await, ok());
    played.advance(1).await;
    assert_eq!(played.good().await, refused(503, "issuer_unavailable"));
    played.issuer.set_down(false);
    played.advance(6).await;
    assert_eq!(played.good().await, ok());
}

#[tokio::test]
async fn the_issuers_wish_for_a_time_to_live_is_held_between_five_minutes_and_an_hour() {
    for (wish, seconds) in [
        ("Cache-Control: max-age=0\r\n", 300),
        ("Cache-Control: no-store\r\n", 300),
        ("", 900),
        ("Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 900),
        ("Cache-Control: max-age=1000000000000\r\n", 3_600),
    ] {
        let mut played = start().await;
        let set = json!({"keys": [played.issuer.key().jwk()]});
        played.issuer.serve(Reply::with(wish, set.to_string()));
        assert_eq!(played.good().await, ok());
        played.advance(seconds - 1).await;
        assert_eq!(played.good().await, ok());
        assert_eq!(played.issuer.requests(), 2, "{wish}: not due yet");
        played.advance(1).await;
        assert_eq!(played.good().await, ok());
        let fetched = async {
            while played.issuer.requests() < 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(super::PATIENCE, fetched)
            .await
            .unwrap_or_else(|_| panic!("{wish}: never again"));
    }
}

/// Gives one address after the other, the last again and again.
struct Scripted(Mutex<VecDeque<IpAddr>>);

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let mut left = self.0.lock().unwrap();
        let address = if left.len() > 1 { left.pop_front() } else { left.front().copied() };
        Box::pin(async move { Ok(address.into_iter().collect()) })
    }
}

#[tokio::test]
async fn a_name_that_turns_to_another_address_between_two_requests_gives_no_keys() {
    let kit = Kit::start().await;
    let mut table = Table::default();
    for (second, requests) in [
        ("127.0.0.1", 2),
        ("169.254.169.254", 1),
        ("fd00:ec2::254", 1),
        ("0.0.0.0", 1),
        ("10.0.0.1", 1),
        ("::ffff:10.0.0.1", 1),
        ("64:ff9b::a00:1", 1),
        ("2002:a00:1::1", 1),
        ("224.0.0.1", 1),
    ] {
        let issuer = TestIssuer::named("issuer.test", vec![TestKey::new("key-1", "ES256")]).await;
        let addresses = ["127.0.0.1", second].map(|address| address.parse().unwrap());
        let app = Setup::new()
            .shared("issuer", issuer.url(), "github", &["ES256"])
            .resolving(Arc::new(Scripted(Mutex::new(addresses.into()))))
            .start()
            .await;
        app.onboard("issuer", "123456789", "65", AccountStatus::Accepted).await;
        let claims: Value = claims(&kit, &mut table, issuer.url(), kit.now);
        let answer = within_patience(&app, &issuer.key().honest(&claims)).await;
        let wanted = if requests == 2 { ok() } else { refused(503, "issuer_unavailable") };
        assert_eq!((answer.status, answer.code()), wanted, "{second}");
        assert_eq!(issuer.requests(), requests, "{second}");
        assert!(!answer.body.contains(second), "the caller is not told of addresses: {}", answer.body);
    }
}
