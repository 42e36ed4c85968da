//! What the tests work with: keys of one issuer, a clock that stands still, outcomes as values.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound};
use daypass_jose::{Algorithm, Clock, IssuerUrl, Timestamp};
use daypass_keys::{IssuerKeySettings, IssuerKeys, KeyFault, KeySource};

use crate::issuer::TestIssuer;

/// A clock that goes when told.
#[derive(Default)]
pub(crate) struct TestClock(Mutex<Duration>);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.saturating_add(by);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// The keys of one issuer, as a server holds them.
pub(crate) struct Kit {
    pub(crate) url: IssuerUrl,
    pub(crate) keys: Arc<IssuerKeys>,
    pub(crate) clock: Arc<TestClock>,
}

impl Kit {
    pub(crate) fn new(issuer: &TestIssuer) -> Self {
        Self::with(settings(&issuer.url()), Fetcher::new(&Outbound::default()).unwrap())
    }

    pub(crate) fn with(settings: IssuerKeySettings, fetcher: Fetcher) -> Self {
        let (url, clock) = (settings.issuer.clone(), Arc::<TestClock>::default());
        let keys = IssuerKeys::new(vec![settings], fetcher, Arc::<TestClock>::clone(&clock));
        Self { url, keys: Arc::new(keys), clock }
    }

    /// The key id of the key that is found.
    pub(crate) async fn key(&self, key_id: &str) -> Result<String, KeyFault> {
        self.find(Some(key_id)).await
    }

    pub(crate) async fn find(&self, key_id: Option<&str>) -> Result<String, KeyFault> {
        let key = self.keys.key(&self.url, key_id).await?;
        Ok(key.key_id().unwrap_or("").to_owned())
    }

    /// Asks in a task of its own.
    pub(crate) fn spawn(&self, key_id: &str) -> tokio::task::JoinHandle<Result<String, KeyFault>> {
        let kit =
            Self { url: self.url.clone(), keys: Arc::clone(&self.keys), clock: Arc::clone(&self.clock) };
        let key_id = key_id.to_owned();
        tokio::spawn(async move { kit.key(&key_id).await })
    }

    /// The reason for which the keys are not to be had now.
    pub(crate) async fn reason(&self, key_id: &str) -> String {
        match self.key(key_id).await {
            Err(KeyFault::Unavailable { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn advance_seconds(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn age_seconds(&self) -> Option<u64> {
        self.keys.states()[0].age_seconds
    }

    pub(crate) fn last_fault(&self) -> Option<String> {
        self.keys.states()[0].last_fault.clone()
    }
}

pub(crate) fn settings(issuer: &str) -> IssuerKeySettings {
    let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
    IssuerKeySettings {
        issuer: IssuerUrl::parse(issuer).unwrap(),
        algorithms: vec![Algorithm::ES256],
        source: KeySource::Discovery(Endpoint::new(rules)),
        jwks_hosts: Vec::new(),
        key_id_survives_rotation: false,
    }
}

/// Lets everything else go on until it is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let patience = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), patience).await.expect("it never became so");
}

pub(crate) fn unavailable(answer: &Result<String, KeyFault>) -> Option<u32> {
    match answer {
        Err(KeyFault::Unavailable { retry_after_seconds, .. }) => Some(*retry_after_seconds),
        Ok(_) | Err(KeyFault::UnknownIssuer | KeyFault::UnknownKey | KeyFault::AmbiguousKey) => None,
    }
}
