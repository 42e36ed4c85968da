//! The keys of passes: rotated on schedule, by one of several servers; revoked at once, on all of them; sealed anew.

use std::cell::RefCell;
use std::sync::Arc;

use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::{
    KEPT_SECONDS, KeyKeeper, PURPOSE, REMOVED_AFTER_SECONDS, Rotated, SigningKeyFault,
};
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Clock as _};
use daypass_store::{AccountStatus, KeyChange, SigningKeyRow};
use serde_json::Value;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::clock::TestRandom;
use crate::support::http::Answer;

/// Longer than a key is published before it signs, which is twice the 5 minutes of the settings and 10 s.
const PUBLISHING: i64 = 610;
const MONTH: i64 = 30 * 86_400;

struct Played {
    kit: Kit,
    table: RefCell<Table>,
    app: TestApp,
}

async fn start_with(setup: impl FnOnce(Setup) -> Setup) -> Played {
    let kit = Kit::start().await;
    let app = setup(Setup::new().shared("main", kit.main.url(), "github", &["RS256"])).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    Played { kit, table: RefCell::default(), app }
}

async fn start() -> Played {
    start_with(|setup| setup).await
}

impl Played {
    /// A pass from this server, and the id of the key that signed it.
    async fn pass_of(&self, app: &TestApp) -> (String, String) {
        let answer = self.exchange_at(app).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let key_id = key_id_of(&answer.body);
        (answer.body, key_id)
    }

    async fn exchange_at(&self, app: &TestApp) -> Answer {
        let mut claims = self.kit.claims(&mut self.table.borrow_mut());
        let now = app.clock.now().seconds();
        for (name, value) in [("iat", now), ("nbf", now - 600), ("exp", now + 300)] {
            claims.insert(name.to_owned(), value.into());
        }
        app.exchange(&self.kit.main.key().honest(&claims.into()), None).await
    }

    async fn pass(&self) -> (String, String) {
        self.pass_of(&self.app).await
    }
}

fn key_id_of(pass: &str) -> String {
    use base64::Engine as _;
    let header = pass.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.get("/.well-known/jwks.json", None).await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn rows(app: &TestApp) -> Vec<SigningKeyRow> {
    app.app.store().signing_keys().list(PURPOSE).await.unwrap()
}

async fn whoami(app: &TestApp, pass: &str) -> (u16, String) {
    let answer = app.get("/v1.0/whoami", Some(pass)).await;
    (answer.status, answer.code())
}

fn refused() -> (u16, String) {
    (401, "pass_invalid".to_owned())
}

fn keeper<'a>(app: &'a TestApp, encryption_key: &'a EncryptionKey) -> KeyKeeper<'a> {
    KeyKeeper { store: app.app.store(), encryption_key, clock: app.clock.as_ref(), rng: &TestRandom }
}

#[tokio::test]
async fn a_successor_is_published_long_before_it_signs_and_the_old_key_until_its_last_pass_has_expired() {
    let played = start_with(|setup| setup.keys(Algorithm::ES256, MONTH, 300)).await;
    let first = rows(&played.app).await[0].key_id.clone();
    played.app.advance(MONTH - PUBLISHING - 1).await;
    assert_eq!(published(&played.app).await, [first.as_str()]);
    played.app.advance(1).await;
    let both = published(&played.app).await;
    assert_eq!((both.len(), &both[0]), (2, &first), "announced, and not yet the one that signs");
    let second = both[1].clone();
    // The last moment at which the first signs.
    played.app.advance(PUBLISHING - 1).await;
    let (last, key_id) = played.pass().await;
    assert_eq!(
        key_id, first,
        "never before it was published for twice the time that a verifier may keep the set"
    );
    played.app.advance(1).await;
    let (_, key_id) = played.pass().await;
    assert_eq!((key_id, published(&played.app).await), (second.clone(), vec![second.clone(), first.clone()]));
    // The pass is taken until it expires, and the key stays for the longest that there may be.
    played.app.advance(900 + 59 - 1).await;
    assert_eq!(whoami(&played.app, &last).await.0, 200);
    played.app.advance(1).await;
    assert_eq!(whoami(&played.app, &last).await.1, "pass_expired");
    played.app.advance(KEPT_SECONDS - 900 - 59 - 1).await;
    assert_eq!(published(&played.app).await, [second.clone(), first]);
    played.app.advance(1).await;
    assert_eq!(published(&played.app).await, [second]);
    // Its row waits for servers whose clocks are behind.
    played.app.advance(REMOVED_AFTER_SECONDS - 1).await;
    assert_eq!(rows(&played.app).await.len(), 2);
    played.app.advance(1).await;
    assert_eq!(rows(&played.app).await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_forward_takes_no_key_away_for_good() {
    let played = start().await;
    let (pass, first) = played.pass().await;
    let (settings, encryption_key) = (played.app.pass_key_settings(), played.app.encryption_key());
    keeper(&played.app, &encryption_key).rotate(&settings).await.unwrap();
    played.app.advance(PUBLISHING).await;
    // So far that by it the first has ended and its row is to go, and not so far that the second is due.
    let jump = KEPT_SECONDS + REMOVED_AFTER_SECONDS + 86_400;
    played.app.clock.jump(jump);
    played.app.app.tend_pass_keys().await;
    assert!(!published(&played.app).await.contains(&first));
    played.app.clock.jump(-jump);
    played.app.app.tend_pass_keys().await;
    assert!(published(&played.app).await.contains(&first));
    assert_eq!(whoami(&played.app, &pass).await.0, 200);
}

#[tokio::test]
async fn two_servers_rotate_once() {
    let played = start_with(|setup| setup.keys(Algorithm::EdDSA, 3600, 60)).await;
    let replicas = [played.app.replica(None).await, played.app.replica(None).await];
    for hour in 1..=4 {
        played.app.clock.advance(3600);
        for _ in 0..3 {
            tokio::join!(replicas[0].app.tend_pass_keys(), replicas[1].app.tend_pass_keys());
        }
        assert_eq!(rows(&played.app).await.len(), hour + 1, "one more an hour");
        assert_eq!(published(&replicas[0]).await, published(&replicas[1]).await);
    }
}

#[tokio::test]
async fn short_settings_announce_several_and_stop_before_the_set_is_too_large() {
    let played = start_with(|setup| setup.keys(Algorithm::ES256, 10, 2)).await;
    for _ in 0..700 {
        played.app.advance(1).await;
        let keys = published(&played.app).await;
        assert!(keys.len() <= daypass_app::signing_keys::MAX_LIVE_KEYS, "{}", keys.len());
    }
    let all = rows(&played.app).await;
    assert_eq!(all.len(), daypass_app::signing_keys::MAX_LIVE_KEYS);
    for pair in all.windows(2) {
        let [before, after] = pair else { unreachable!() };
        assert!(after.activates_at.millis_since(after.created_at) >= 14_000);
        assert!(after.activates_at.millis_since(before.activates_at) >= 10_000);
    }
}

#[tokio::test]
async fn a_compromised_key_is_refused_at_once_by_every_server_and_its_successor_signs_at_once() {
    let played = start().await;
    let replica = played.app.replica(None).await;
    let (stolen, key_id) = played.pass().await;
    assert_eq!(whoami(&replica, &stolen).await.0, 200);
    let encryption_key = played.app.encryption_key();
    let revoked = keeper(&played.app, &encryption_key).revoke(None, Algorithm::ES256).await.unwrap();
    assert_eq!(revoked.revoked.key_id, key_id);
    for server in [&played.app, &replica] {
        server.app.tend_pass_keys().await;
        assert_eq!(whoami(server, &stolen).await, refused());
        assert_eq!(published(server).await, [revoked.signing.as_str()]);
    }
    let (fresh, signed_by) = played.pass_of(&replica).await;
    assert_eq!(signed_by, revoked.signing);
    assert_eq!(whoami(&played.app, &fresh).await.0, 200);
    let again = keeper(&played.app, &encryption_key).revoke(Some(&key_id), Algorithm::ES256).await;
    assert!(matches!(again, Err(SigningKeyFault::RevokedBefore(_))));
    let unknown = keeper(&played.app, &encryption_key).revoke(Some("x"), Algorithm::ES256).await;
    assert!(matches!(unknown, Err(SigningKeyFault::Unknown(_))));
}

#[tokio::test]
async fn a_server_looks_for_a_key_that_signs_at_once_when_it_meets_a_pass_of_it() {
    let played = start().await;
    let replica = played.app.replica(None).await;
    let (stolen, _) = played.pass().await;
    let encryption_key = played.app.encryption_key();
    let revoked = keeper(&played.app, &encryption_key).revoke(None, Algorithm::ES256).await.unwrap();
    played.app.app.tend_pass_keys().await;
    let (fresh, signed_by) = played.pass().await;
    assert_eq!(signed_by, revoked.signing);
    // The replica has not looked since; all that come at once are taken by one look, as the clock stands still.
    let ask = async || whoami(&replica, &fresh).await.0;
    assert_eq!(tokio::join!(ask(), ask(), ask(), ask()), (200, 200, 200, 200));
    assert_eq!(whoami(&replica, &stolen).await, refused());
    assert_eq!(published(&replica).await, [revoked.signing.as_str()]);
}

#[tokio::test]
async fn key_ids_that_strangers_make_up_cost_one_look_a_second_and_other_issuers_none() {
    let played = start().await;
    let replica = played.app.replica(None).await;
    let (pass, _) = played.pass().await;
    let foreign = SigningKey::generate(Algorithm::ES256).unwrap().0;
    let made_up = foreign.sign("at+jwt", &claims_of(&pass)).unwrap();
    let mut elsewhere = claims_of(&pass);
    elsewhere.insert("iss", "https://elsewhere.example.com");
    let elsewhere = foreign.sign("at+jwt", &elsewhere).unwrap();
    let encryption_key = played.app.encryption_key();
    let fresh = async || {
        let (_, signing) = played.pass().await;
        keeper(&played.app, &encryption_key).revoke(Some(&signing), Algorithm::ES256).await.unwrap();
        played.app.app.tend_pass_keys().await;
        played.pass().await.0
    };
    assert_eq!(whoami(&replica, made_up.reveal()).await, refused());
    // The look of this second is spent: that the store has another key by now is not seen.
    let first = fresh().await;
    for pass in [&first, made_up.reveal(), &first] {
        assert_eq!(whoami(&replica, pass).await, refused());
    }
    played.app.clock.advance(1);
    assert_eq!(whoami(&replica, &first).await.0, 200);
    let second = fresh().await;
    assert_eq!(whoami(&replica, &second).await, refused());
    played.app.clock.advance(1);
    assert_eq!(whoami(&replica, &second).await.0, 200);
    // Nothing is spent by what names another issuer.
    played.app.clock.advance(1);
    assert_eq!(whoami(&replica, elsewhere.reveal()).await, refused());
    assert_eq!(whoami(&replica, &fresh().await).await.0, 200);
}

#[tokio::test]
async fn where_a_compromised_key_had_a_predecessor_its_successor_signs_and_not_that_one() {
    let played = start_with(|setup| setup.keys(Algorithm::ES256, 3600, 60)).await;
    let (old, first) = played.pass().await;
    played.app.advance(3600 - 130).await;
    played.app.advance(130).await;
    assert_ne!(played.pass().await.1, first);
    let encryption_key = played.app.encryption_key();
    let revoked = keeper(&played.app, &encryption_key).revoke(None, Algorithm::ES256).await.unwrap();
    played.app.app.tend_pass_keys().await;
    assert_eq!(played.pass().await.1, revoked.successor.unwrap().key_id);
    assert!(published(&played.app).await.contains(&first));
    assert_eq!(whoami(&played.app, &old).await.1, "pass_expired");
}

#[tokio::test]
async fn a_key_that_signs_no_more_is_revoked_without_a_successor() {
    let played = start_with(|setup| setup.keys(Algorithm::ES256, 3600, 60)).await;
    let (old, first) = played.pass().await;
    played.app.advance(3600 - 130).await;
    played.app.advance(130).await;
    let (new, _) = played.pass().await;
    let encryption_key = played.app.encryption_key();
    let revoked = keeper(&played.app, &encryption_key).revoke(Some(&first), Algorithm::ES256).await.unwrap();
    assert!(revoked.successor.is_none());
    assert_eq!(whoami(&played.app, &new).await.0, 200);
    played.app.app.tend_pass_keys().await;
    assert_eq!((whoami(&played.app, &old).await, whoami(&played.app, &new).await.0), (refused(), 200));
    assert!(!published(&played.app).await.contains(&first));
}

#[tokio::test]
async fn a_server_that_cannot_look_neither_gives_nor_takes_a_pass_until_it_can() {
    let played = start().await;
    let replica = played.app.replica(None).await;
    let (pass, _) = played.pass().await;
    let away = played.app.database().with_extension("away");
    std::fs::rename(played.app.database(), &away).unwrap();
    replica.advance(10).await;
    let unseen = whoami(&replica, &pass).await;
    assert_eq!(
        unseen,
        (503, "store_unavailable".to_owned()),
        "the key is known; whether it was revoked is not"
    );
    replica.advance(1).await;
    let answer = replica.get("/v1.0/whoami", Some(&pass)).await;
    assert_eq!((answer.status, answer.code()), (503, "keys_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some());
    let ready = replica.get("/readyz", None).await;
    assert!(ready.json()["checks"]["keys"].as_str().unwrap().contains("unavailable"), "{}", ready.body);
    let keys = replica.get("/.well-known/jwks.json", None).await;
    assert_eq!((keys.status, keys.header("cache-control")), (200, Some("public, max-age=0")));
    std::fs::rename(&away, played.app.database()).unwrap();
    let minted = played.exchange_at(&replica).await;
    assert_eq!((minted.status, minted.code()), (503, "keys_unavailable".to_owned()), "it may be revoked");
    replica.app.tend_pass_keys().await;
    assert_eq!(whoami(&replica, &pass).await.0, 200);
    assert_eq!(played.exchange_at(&replica).await.status, 200);
    let keys = replica.get("/.well-known/jwks.json", None).await;
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
}

#[tokio::test]
async fn a_rewrap_breaks_nothing_in_a_running_server_and_the_next_needs_the_new_key() {
    let played = start().await;
    let (pass, key_id) = played.pass().await;
    let (new, text) = EncryptionKey::generate(&TestRandom);
    let text = Arc::new(text);
    let old = played.app.encryption_key();
    assert!(matches!(keeper(&played.app, &new).rewrap(&old).await, Err(SigningKeyFault::Unreadable { .. })));
    assert!(matches!(keeper(&played.app, &old).rewrap(&old).await, Err(SigningKeyFault::SameKey)));
    assert_eq!(keeper(&played.app, &old).rewrap(&new).await.unwrap().count, 1);
    played.app.advance(1).await;
    assert_eq!(whoami(&played.app, &pass).await.0, 200);
    assert_eq!(published(&played.app).await, [key_id.as_str()]);
    let restarted = played.app.replica(Some(Arc::clone(&text))).await;
    assert_eq!(whoami(&restarted, &pass).await.0, 200);
    assert_eq!(played.pass_of(&restarted).await.1, key_id);
    let old_again = keeper(&played.app, &old).rewrap(&new).await;
    assert!(matches!(old_again, Err(SigningKeyFault::Unreadable { .. })));
}

#[tokio::test]
async fn a_server_with_the_former_encryption_key_makes_no_key_that_others_cannot_open() {
    let played = start_with(|setup| setup.keys(Algorithm::ES256, 3600, 60)).await;
    let former = played.app.replica(None).await;
    let (new, text) = EncryptionKey::generate(&TestRandom);
    keeper(&played.app, &played.app.encryption_key()).rewrap(&new).await.unwrap();
    former.advance(3600).await;
    assert_eq!(rows(&former).await.len(), 1, "it cannot open the newest as it is sealed now");
    let restarted = played.app.replica(Some(Arc::new(text))).await;
    restarted.app.tend_pass_keys().await;
    let keys = rows(&restarted).await;
    assert_eq!(keys.len(), 2);
    // Until the new key signs, the former server works; then it stops, and does not sign with the old one.
    former.advance(129).await;
    restarted.app.tend_pass_keys().await;
    assert_eq!(played.exchange_at(&former).await.status, 200);
    assert_eq!(played.exchange_at(&restarted).await.status, 200);
    restarted.advance(1).await;
    former.app.tend_pass_keys().await;
    let (pass, signed_by) = played.pass_of(&restarted).await;
    assert_eq!(signed_by, keys[1].key_id);
    for answer in [played.exchange_at(&former).await, former.get("/v1.0/whoami", Some(&pass)).await] {
        assert_eq!((answer.status, answer.code()), (503, "keys_unavailable".to_owned()));
    }
}

#[tokio::test]
async fn a_key_that_somebody_wrote_into_the_database_is_neither_published_nor_taken() {
    let played = start().await;
    let (pass, own) = played.pass().await;
    let (foreign, _) = SigningKey::generate(Algorithm::ES256).unwrap();
    let now = played.app.clock.now();
    let honest = rows(&played.app).await[0].clone();
    let row = SigningKeyRow {
        key_id: foreign.key_id().to_owned(),
        public_jwk: foreign.public_jwk().to_string(),
        // Of another key, or nothing: its seal is bound to its id.
        sealed: honest.sealed.clone(),
        created_at: now,
        activates_at: now.plus_seconds(-1),
        ..honest
    };
    played.app.app.store().signing_keys().change(&[KeyChange::Add(&row)]).await.unwrap();
    played.app.app.tend_pass_keys().await;
    assert_eq!(published(&played.app).await, [own]);
    assert_eq!(whoami(&played.app, &pass).await.0, 200);
    let forged = foreign.sign("at+jwt", &claims_of(&pass)).unwrap();
    let answer = played.app.get("/v1.0/whoami", Some(forged.reveal())).await;
    assert_eq!((answer.status, answer.code()), (503, "keys_unavailable".to_owned()));
}

fn claims_of(pass: &str) -> daypass_jose::Object {
    let payload = daypass_jose::base64url::decode(pass.split('.').nth(1).unwrap()).unwrap();
    daypass_jose::Object::parse(&payload).unwrap()
}

#[tokio::test]
async fn a_rotation_by_hand_takes_the_algorithm_of_the_settings_and_is_made_once() {
    let played = start().await;
    let (old, _) = played.pass().await;
    let encryption_key = played.app.encryption_key();
    let mut settings = played.app.pass_key_settings();
    settings.algorithm = Algorithm::RS256;
    let rotated = keeper(&played.app, &encryption_key).rotate(&settings).await.unwrap();
    let Rotated::Made { successor, .. } = rotated else { panic!("{rotated:?}") };
    assert_eq!(successor.algorithm, "RS256");
    let again = keeper(&played.app, &encryption_key).rotate(&settings).await.unwrap();
    assert!(matches!(again, Rotated::Announced(announced) if announced == successor));
    played.app.app.tend_pass_keys().await;
    let metadata = played.app.get("/.well-known/openid-configuration", None).await.json();
    assert_eq!(metadata["id_token_signing_alg_values_supported"], serde_json::json!(["RS256", "ES256"]));
    played.app.advance(PUBLISHING).await;
    let (new, signed_by) = played.pass().await;
    assert_eq!(signed_by, successor.key_id);
    for pass in [old, new] {
        assert_eq!(whoami(&played.app, &pass).await.0, 200);
    }
    assert_eq!(
        keeper(&played.app, &encryption_key)
            .revoke(None, Algorithm::EdDSA)
            .await
            .unwrap()
            .successor
            .unwrap()
            .algorithm,
        "EdDSA"
    );
}

#[tokio::test]
async fn keys_whose_encryption_key_is_lost_are_given_up_by_command_alone() {
    let played = start().await;
    let (pass, lost_id) = played.pass().await;
    let present = played.app.encryption_key();
    let nothing = keeper(&played.app, &present).give_up_unreadable(Algorithm::ES256).await;
    assert!(matches!(nothing, Err(SigningKeyFault::NothingLost)));
    assert_eq!(whoami(&played.app, &pass).await.0, 200);
    let (new, text) = EncryptionKey::generate(&TestRandom);
    let (lost, first) = keeper(&played.app, &new).give_up_unreadable(Algorithm::ES256).await.unwrap();
    assert_eq!((lost.len(), lost[0].key_id.as_str()), (1, lost_id.as_str()));
    let restarted = played.app.replica(Some(Arc::new(text))).await;
    assert_eq!(published(&restarted).await, [first.unwrap().key_id]);
    assert_eq!(whoami(&restarted, &pass).await, refused());
    assert_eq!(played.exchange_at(&restarted).await.status, 200);
    // One that still runs with the former key gives nothing: its keys are revoked, and the new one is not its own.
    played.app.app.tend_pass_keys().await;
    assert_eq!(played.exchange_at(&played.app).await.code(), "keys_unavailable");
    // What was given up is revoked, and has its seal, should its encryption key be found.
    let kept = rows(&restarted).await.into_iter().find(|row| row.key_id == lost_id).unwrap();
    assert_eq!((kept.revoked_at, &kept.sealed), (Some(played.app.clock.now()), &lost[0].sealed));
    let again = keeper(&played.app, &new).give_up_unreadable(Algorithm::ES256).await;
    assert!(matches!(again, Err(SigningKeyFault::NothingLost)), "what is revoked is no loss");
}

#[tokio::test]
async fn keys_that_were_given_up_keep_no_server_from_starting_and_no_other_from_being_sealed_anew() {
    let played = start().await;
    let former = played.app.encryption_key();
    let (second, third) = (EncryptionKey::generate(&TestRandom), EncryptionKey::generate(&TestRandom));
    let (lost, _) = keeper(&played.app, &second.0).give_up_unreadable(Algorithm::ES256).await.unwrap();
    let rewrapped = keeper(&played.app, &second.0).rewrap(&third.0).await.unwrap();
    assert_eq!((rewrapped.count, rewrapped.left), (1, vec![lost[0].key_id.clone()]));
    let restarted = played.app.replica(Some(Arc::new(third.1))).await;
    let (pass, signed_by) = played.pass_of(&restarted).await;
    // The former encryption key was found: the two are under one again.
    let back = keeper(&played.app, &third.0).rewrap(&former).await.unwrap();
    assert_eq!((back.count, back.left), (1, vec![lost[0].key_id.clone()]));
    let (fourth, text) = EncryptionKey::generate(&TestRandom);
    let all = keeper(&played.app, &former).rewrap(&fourth).await.unwrap();
    assert_eq!((all.count, all.left), (2, Vec::new()));
    let restarted = played.app.replica(Some(Arc::new(text))).await;
    assert_eq!(published(&restarted).await, [signed_by]);
    assert_eq!(whoami(&restarted, &pass).await.0, 200);
}

#[tokio::test]
async fn keys_that_still_open_and_those_of_other_purposes_are_not_given_up() {
    let played = start().await;
    let (pass, signed_by) = played.pass().await;
    let present = played.app.encryption_key();
    let honest = rows(&played.app).await[0].clone();
    let now = played.app.clock.now();
    let foreign = |purpose: &str, key_id: &str| SigningKeyRow {
        key_id: key_id.to_owned(),
        purpose: purpose.to_owned(),
        created_at: now,
        activates_at: now.plus_seconds(600),
        ..honest.clone()
    };
    let changes = [foreign(PURPOSE, "unreadable"), foreign("elsewhere", "other")];
    let changes: Vec<_> = changes.iter().map(KeyChange::Add).collect();
    played.app.app.store().signing_keys().change(&changes).await.unwrap();
    let (lost, new) = keeper(&played.app, &present).give_up_unreadable(Algorithm::ES256).await.unwrap();
    assert_eq!((lost.len(), lost[0].key_id.as_str(), new), (1, "unreadable", None));
    played.app.app.tend_pass_keys().await;
    assert_eq!((published(&played.app).await, whoami(&played.app, &pass).await.0), (vec![signed_by], 200));
    let elsewhere = played.app.app.store().signing_keys().list("elsewhere").await.unwrap();
    assert_eq!(elsewhere[0].revoked_at, None);
}
