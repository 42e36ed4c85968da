//! The books: what clients received, beside what the ledger holds.

use std::collections::BTreeSet;

use daypass_jose::ids::{CredentialId, ExchangeId};
use daypass_jose::{Timestamp, base64url};
use daypass_store::{ExchangeFilter, ExchangeRecord, Ledger, MAX_PAGE, Outcome, Store};
use serde_json::Value;

use super::load::Success;

/// Whatever was found once stays in them.
pub(super) struct Books {
    engine: &'static str,
    store_url: String,
    received: Vec<Success>,
    /// Exchanges that a client was told, and that the ledger does not hold as they were told.
    lost: BTreeSet<String>,
    /// Tokens (`jti`) that were good twice, for a client or in the ledger.
    double_spent: BTreeSet<String>,
}

impl Books {
    pub(super) fn new(engine: &'static str, store_url: &str) -> Self {
        let store_url = store_url.to_owned();
        Self { engine, store_url, received: Vec::new(), lost: BTreeSet::new(), double_spent: BTreeSet::new() }
    }

    /// Enters what was received since a moment, and compares it with the ledger.
    pub(super) async fn check(&mut self, received: Vec<Success>, since: Timestamp) {
        self.compare(&received, Some(since)).await;
        self.received.extend(received);
    }

    /// Compares all that was ever received: a later kill must not undo what an earlier one had left.
    pub(super) async fn check_all(&mut self) {
        let received = self.received.clone();
        self.compare(&received, None).await;
    }

    async fn compare(&mut self, received: &[Success], since: Option<Timestamp>) {
        let store = Store::open(&self.store_url).await.unwrap();
        let recorded = successes(store.ledger(), since).await.into_iter();
        self.double_spent.extend(twice(recorded.map(|exchange| jti_recorded(&exchange))));
        self.double_spent.extend(twice(received.iter().map(|success| text(&success.token, "jti"))));
        for success in received {
            if !is_recorded(store.ledger(), success).await {
                self.lost.insert(success.exchange_id.clone());
            }
        }
        store.close().await;
    }

    /// Prints them, and fails if anything is wrong.
    pub(super) fn close(self, kills: u32, least_a_kill: u64) {
        let Self { engine, lost, double_spent, .. } = self;
        let received = self.received.len();
        println!(
            "{{\"engine\":\"{engine}\",\"kills\":{kills},\"received\":{received},\"in_ledger\":{},\"double_spent\":{},\"lost\":{}}}",
            received.checked_sub(lost.len()).unwrap(),
            double_spent.len(),
            lost.len()
        );
        assert!(
            kills > 0 && u64::try_from(received).unwrap() >= u64::from(kills).saturating_mul(least_a_kill),
            "too few"
        );
        assert!(lost.is_empty(), "lost: {lost:#?}");
        assert!(double_spent.is_empty(), "spent twice: {double_spent:#?}");
    }
}

/// Whether the ledger holds what a client was told: this token, exchanged with success, for this pass.
async fn is_recorded(ledger: &Ledger, success: &Success) -> bool {
    let id = ExchangeId::parse(&success.exchange_id).unwrap();
    let Some(exchange) = ledger.show(id).await.unwrap() else { return false };
    let pass = CredentialId::parse(&text(&success.pass, "jti")).unwrap();
    exchange.outcome == Outcome::Success
        && exchange.credentials.iter().any(|credential| credential.id == pass)
        && jti_recorded(&exchange) == text(&success.token, "jti")
}

/// All successes since a moment.
async fn successes(ledger: &Ledger, since: Option<Timestamp>) -> Vec<ExchangeRecord> {
    let outcome = Some(Outcome::Success);
    let mut filter = ExchangeFilter { outcome, since, ..ExchangeFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = ledger.list(&filter, MAX_PAGE).await.unwrap();
        let Some(oldest) = page.last() else { return all };
        filter.before = Some(oldest.id);
        all.extend(page);
    }
}

fn jti_recorded(exchange: &ExchangeRecord) -> String {
    let claims: Value = serde_json::from_str(exchange.claims.as_deref().unwrap()).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

/// A claim of a token or of a pass.
fn text(token: &str, claim: &str) -> String {
    let payload = base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims[claim].as_str().unwrap().to_owned()
}

/// What there is more than once.
fn twice(all: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut seen = BTreeSet::new();
    all.filter(move |one| !seen.insert(one.clone()))
}
