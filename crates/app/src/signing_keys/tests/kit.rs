//! The keys of a server over a real store, with a clock that a test holds in its hand.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use daypass_jose::{Algorithm, Clock, Random, Secret, Timestamp};
use daypass_store::{SigningKeyRow, Store};

use super::super::{KeyKeeper, PURPOSE, PassKeySettings, PassKeys};
use crate::refusal::Code;
use crate::seal::EncryptionKey;

/// 2026-11-24T09:30:00Z, in milliseconds.
const START: i64 = 1_795_512_600_000;

pub(crate) struct TestClock {
    wall: AtomicI64,
    passed: AtomicU64,
}

pub(crate) struct TestRandom;

pub(crate) struct Running {
    pub(crate) store: Store,
    pub(crate) clock: TestClock,
    encryption_key: EncryptionKey,
    text: Secret,
    pub(crate) settings: PassKeySettings,
    pub(crate) keys: PassKeys,
    /// Where the database is, until the end.
    _folder: tempfile::TempDir,
}

impl TestClock {
    fn at(millis: i64) -> Self {
        Self { wall: AtomicI64::new(millis), passed: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        let millis = seconds.saturating_mul(1000);
        self.passed.fetch_add(u64::try_from(millis).unwrap(), Ordering::SeqCst);
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("daypass.db").display());
        let store = Store::open(&url).await.unwrap();
        let clock = TestClock::at(START);
        let text = EncryptionKey::generate(&TestRandom).1;
        let key = || EncryptionKey::from_base64(&text).unwrap_or_else(|fault| panic!("{fault}"));
        let settings = PassKeySettings {
            algorithm: Algorithm::ES256,
            rotate_after_seconds: 30 * 86_400,
            jwks_max_age_seconds: 300,
        };
        let keys = PassKeys::load(&store, key(), settings, (&clock, &TestRandom)).await;
        let keys = keys.unwrap_or_else(|fault| panic!("{fault}"));
        let encryption_key = key();
        Self { store, clock, encryption_key, text, settings, keys, _folder: folder }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Changes keys as another server does, or `daypass keys`.
    pub(crate) fn keeper(&self) -> KeyKeeper<'_> {
        self.keeper_by(&self.clock)
    }

    /// The same, by another clock.
    pub(crate) fn keeper_by<'a>(&'a self, clock: &'a TestClock) -> KeyKeeper<'a> {
        KeyKeeper { store: &self.store, encryption_key: &self.encryption_key, clock, rng: &TestRandom }
    }

    /// A clock that is ahead of this server's by so many seconds, or behind.
    pub(crate) fn clock_ahead(&self, seconds: i64) -> TestClock {
        TestClock::at(self.now().plus_seconds(seconds).millis())
    }

    /// Another server, by another clock.
    pub(crate) async fn tend_elsewhere(&self, clock: &TestClock) {
        let key = EncryptionKey::from_base64(&self.text).unwrap_or_else(|fault| panic!("{fault}"));
        let keys = PassKeys::load(&self.store, key, self.settings, (clock, &TestRandom)).await;
        let keys = keys.unwrap_or_else(|fault| panic!("{fault}"));
        keys.tend(&self.store, (clock, &TestRandom), clock.now()).await;
    }

    pub(crate) async fn rows(&self) -> Vec<SigningKeyRow> {
        self.store.signing_keys().list(PURPOSE).await.unwrap()
    }

    /// What the server does every second.
    pub(crate) async fn tend(&self) {
        self.keys.tend(&self.store, (&self.clock, &TestRandom), self.now()).await;
    }

    /// Whether a pass of this key id would be looked at.
    pub(crate) async fn takes(&self, key_id: &str) -> Result<(), Code> {
        let found = self.keys.verifying(Some(key_id), &self.store, &self.clock).await;
        found.map(drop).map_err(|refusal| refusal.code)
    }
}
