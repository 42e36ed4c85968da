//! The keys of a server over a real store, with a clock that the test holds in its hand.

use std::future::Future as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use daypass_jose::{Algorithm, Clock, Random, Timestamp};
use daypass_store::Store;

use super::super::{KeyKeeper, PassKeySettings, PassKeys};
use crate::refusal::Code;
use crate::seal::EncryptionKey;

/// 2026-11-24T09:30:00Z, in milliseconds.
const START: i64 = 1_795_512_600_000;

struct TestClock {
    wall: AtomicI64,
    passed: AtomicU64,
}

impl TestClock {
    fn advance(&self, seconds: u32) {
        self.passed.fetch_add(u64::from(seconds) * 1000, Ordering::SeqCst);
        self.wall.fetch_add(i64::from(seconds) * 1000, Ordering::SeqCst);
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

struct TestRandom;

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

struct Running {
    store: Store,
    clock: TestClock,
    encryption_key: EncryptionKey,
    keys: PassKeys,
    /// Where the database is, until the end.
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("daypass.db").display());
        let store = Store::open(&url).await.unwrap();
        let clock = TestClock { wall: AtomicI64::new(START), passed: AtomicU64::new(0) };
        let text = EncryptionKey::generate(&TestRandom).1;
        let key = || EncryptionKey::from_base64(&text).unwrap_or_else(|fault| panic!("{fault}"));
        let settings = PassKeySettings {
            algorithm: Algorithm::ES256,
            rotate_after_seconds: 86_400,
            jwks_max_age_seconds: 300,
        };
        let keys = PassKeys::load(&store, key(), settings, (&clock, &TestRandom)).await;
        let keys = keys.unwrap_or_else(|fault| panic!("{fault}"));
        Self { store, clock, encryption_key: key(), keys, _folder: folder }
    }

    /// As another server does it, or `daypass keys`.
    fn keeper(&self) -> KeyKeeper<'_> {
        KeyKeeper {
            store: &self.store,
            encryption_key: &self.encryption_key,
            clock: &self.clock,
            rng: &TestRandom,
        }
    }

    async fn takes(&self, key_id: &str) -> Result<(), Code> {
        let found = self.keys.verifying(Some(key_id), &self.store, &self.clock).await;
        found.map(drop).map_err(|refusal| refusal.code)
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_has_had_the_look_for_its_key_id() {
    let running = Running::start().await;
    let signing = running.keeper().revoke(None, Algorithm::ES256).await.unwrap().signing;
    {
        let mut asked = std::pin::pin!(running.takes("made-up"));
        let polled = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Pending, "the look is under way");
    }
    assert_eq!(running.takes(&signing).await, Err(Code::PassInvalid), "the look of this second is spent");
    running.clock.advance(1);
    assert_eq!(running.takes(&signing).await, Ok(()));
}
