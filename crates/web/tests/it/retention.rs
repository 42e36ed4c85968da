//! What is forgotten, when, and that a wrong clock has nothing forgotten early.

use std::sync::Arc;

use daypass_app::jobs::{Removal, SWEEP_CHUNK};
use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_store::{AccountStatus, ExchangeRecord, Spend};
use tokio::task::JoinSet;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::clock::TestRandom;
use crate::support::log::Log;

const WEEK: i64 = 7 * 86_400;
const YEAR: i64 = 365 * 86_400;

/// A server that keeps exchanges for a week.
async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app =
        Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).keep_exchanges(WEEK).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

async fn succeed(app: &TestApp, kit: &Kit, table: &mut Table) {
    assert_eq!(app.exchange(&kit.honest(table), None).await.status, 200);
}

#[tokio::test]
async fn exchanges_are_kept_for_as_long_as_the_settings_say_and_not_shorter_for_a_clock_that_jumps() {
    let (mut kit, mut table, app) = start().await;
    let (removal, log) = (Removal::new(Arc::clone(&app.app)), Log::start());
    for _ in 0..3 {
        succeed(&app, &kit, &mut table).await;
    }
    app.clock.jump(2 * WEEK);
    removal.forget().await;
    app.clock.jump(-2 * WEEK);
    app.advance(WEEK).await;
    kit.now += WEEK;
    succeed(&app, &kit, &mut table).await;
    removal.forget().await;
    assert_eq!(app.records().await.len(), 4, "none is older than a week");
    assert!(log.take("exchanges").is_empty());
    app.advance(1).await;
    removal.forget().await;
    assert_eq!(app.records().await.len(), 1);
    let lines = log.take("exchanges");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.contains("INFO") && line.ends_with("are forgotten removed=3"), "{line}");
    assert!(line.contains("exchanges from before 2026-11-24T09:30:01Z"), "{line}");
}

#[tokio::test]
async fn a_clock_that_is_far_ahead_at_the_start_has_no_exchange_forgotten() {
    let (kit, mut table, before) = start().await;
    for _ in 0..3 {
        succeed(&before, &kit, &mut table).await;
    }
    before.clock.jump(10 * YEAR);
    let app = before.replica(None).await;
    let (removal, log) = (Removal::new(Arc::clone(&app.app)), Log::start());
    removal.forget().await;
    // A refusal is recorded, with the wrong time, and shows nothing.
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.code(), "token_expired");
    assert_eq!(app.records().await.len(), 4);
    removal.forget().await;
    assert_eq!(app.records().await.len(), 4);
    let lines = log.take("exchanges");
    let [line] = lines.as_slice() else { panic!("told once: {lines:?}") };
    assert!(line.contains("WARN") && line.contains("either the clock is ahead"), "{line}");
    // The clock is set right.
    before.clock.jump(-10 * YEAR);
    removal.forget().await;
    assert_eq!(app.records().await.len(), 4);
    assert!(log.take("exchanges").is_empty());
}

#[tokio::test]
async fn after_a_long_silence_exchanges_are_forgotten_with_the_next_success() {
    let (mut kit, mut table, app) = start().await;
    let removal = Removal::new(Arc::clone(&app.app));
    removal.forget().await;
    succeed(&app, &kit, &mut table).await;
    app.advance(WEEK + 1).await;
    kit.now += WEEK + 1;
    removal.forget().await;
    assert_eq!(app.records().await.len(), 1);
    succeed(&app, &kit, &mut table).await;
    removal.forget().await;
    assert_eq!(app.records().await.len(), 1, "the later one");
}

#[tokio::test]
async fn a_server_that_nobody_has_used_says_nothing_of_what_it_forgets() {
    let (_, _, app) = start().await;
    let (removal, log) = (Removal::new(Arc::clone(&app.app)), Log::start());
    app.advance(YEAR).await;
    log.take("");
    removal.forget().await;
    removal.sweep().await;
    assert_eq!(log.take(""), [""; 0]);
}

#[tokio::test]
async fn a_clock_that_was_set_forward_by_more_than_an_hour_is_told_once() {
    let (_, _, app) = start().await;
    let (removal, log) = (Removal::new(Arc::clone(&app.app)), Log::start());
    app.advance(YEAR).await;
    app.clock.jump(3_600);
    removal.sweep().await;
    assert!(log.take("clock").is_empty());
    app.clock.jump(20 * YEAR);
    removal.sweep().await;
    removal.sweep().await;
    let lines = log.take("clock");
    let [line] = lines.as_slice() else { panic!("told once: {lines:?}") };
    assert!(line.contains("WARN") && line.contains("forward by 175201h or more since the start"), "{line}");
    app.clock.jump(-20 * YEAR);
    removal.sweep().await;
    assert!(log.take("clock").is_empty());
    app.clock.jump(2 * 3_600);
    removal.sweep().await;
    assert_eq!(log.take("clock").len(), 1);
}

#[tokio::test]
async fn one_run_forgets_all_that_is_old_however_much_it_is() {
    let (_, _, app) = start().await;
    let (store, now) = (app.app.store(), app.app.now());
    let rows = SWEEP_CHUNK * 2 + 50;
    let mut spending = JoinSet::new();
    for number in 0..rows {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let spend = Spend { key, remember_until: Timestamp::from_millis(now.millis() - 1), once: true };
        let exchange = ExchangeRecord::new(ExchangeId::new(now, &TestRandom), now, "seed", "192.0.2.1");
        let store = store.clone();
        spending.spawn(async move { store.ledger().record(exchange, Some(spend)).await.is_ok() });
    }
    assert!(spending.join_all().await.into_iter().all(|is_spent| is_spent));
    Removal::new(Arc::clone(&app.app)).sweep().await;
    assert_eq!(store.ledger().sweep(now, 1_000).await, Ok(0), "nothing was left to sweep");
}
