//! What the keys of a running server are good for while others change them and clients come and go.

use std::future::Future as _;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use daypass_jose::Algorithm;
use tokio::runtime::Builder;

use super::super::{KEPT_SECONDS, REMOVED_AFTER_SECONDS, RETRIED_WITHIN_SECONDS, Rotated, SigningKeyFault};
use super::kit::Running;
use crate::refusal::Code;

/// With one thread that reads the store, which the test can hold.
#[test]
fn a_client_that_hangs_up_has_had_the_look_for_its_key_id() {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let running = Running::start().await;
        let signing = running.keeper().revoke(None, Algorithm::ES256).await.unwrap().signing;
        let (go_on, held) = mpsc::channel::<()>();
        let holding = tokio::task::spawn_blocking(move || held.recv());
        {
            let mut asked = std::pin::pin!(running.takes("made-up"));
            let polled = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled, Poll::Pending, "the look is under way");
        }
        drop(go_on);
        assert!(holding.await.unwrap().is_err());
        assert_eq!(running.takes(&signing).await, Err(Code::PassInvalid), "the look of this second is spent");
        running.clock.advance(1);
        assert_eq!(running.takes(&signing).await, Ok(()));
    });
}

const DAY: i64 = 86_400;

#[tokio::test]
async fn a_server_whose_clock_is_ahead_takes_out_no_key_that_others_use() {
    let running = Running::start().await;
    let first = running.rows().await[0].key_id.clone();
    running.keeper().rotate(&running.settings).await.unwrap();
    running.clock.advance(running.settings.publishing_seconds());
    running.tend().await;
    // By its clock, the first has ended days ago.
    running.tend_elsewhere(&running.clock_ahead(KEPT_SECONDS + 6 * DAY)).await;
    running.tend().await;
    assert_eq!(running.takes(&first).await, Ok(()));
    running.clock.advance(KEPT_SECONDS + REMOVED_AFTER_SECONDS - 1);
    running.tend().await;
    assert_eq!((running.rows().await.len(), running.takes(&first).await), (2, Err(Code::PassInvalid)));
    running.clock.advance(1);
    running.tend().await;
    assert_eq!(running.rows().await.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_dated_ahead_is_told_of_and_taken_out_and_rotation_goes_on() {
    let running = Running::start().await;
    let first = running.rows().await[0].clone();
    let ahead = running.clock_ahead(30 * DAY);
    let Ok(Rotated::Made { successor, .. }) = running.keeper_by(&ahead).rotate(&running.settings).await
    else {
        panic!("a clock cannot know that it is wrong")
    };
    let told = running.keeper().rotate(&running.settings).await.unwrap_err();
    assert!(matches!(&told, SigningKeyFault::Ahead { key_id, .. } if *key_id == successor.key_id), "{told}");
    running.clock.advance(29 * DAY + 23 * 3600);
    running.tend().await;
    assert_eq!(running.rows().await.len(), 2, "the schedule does not go on behind it");
    let revoked = running.keeper().revoke(Some(&successor.key_id), Algorithm::ES256).await.unwrap();
    assert_eq!((revoked.successor, revoked.signing), (None, first.key_id));
    running.clock.advance(3600);
    running.tend().await;
    let rows = running.rows().await;
    let made = rows.iter().max_by_key(|row| (row.revoked_at.is_none(), row.activates_at)).unwrap();
    assert_eq!(rows.len(), 3);
    let publishing = running.settings.publishing_seconds();
    assert_eq!(made.activates_at, running.now().plus_seconds(publishing));
}

#[tokio::test]
async fn clocks_that_differ_by_minutes_keep_nobody_from_rotating() {
    let running = Running::start().await;
    let behind = running.clock_ahead(-300);
    assert!(running.keeper_by(&behind).rotate(&running.settings).await.is_ok());
    let behind = running.clock_ahead(-301);
    let told = running.keeper_by(&behind).rotate(&running.settings).await.unwrap_err();
    assert!(matches!(told, SigningKeyFault::Ahead { .. }), "{told}");
}

#[tokio::test]
async fn a_revocation_that_is_asked_for_again_does_not_revoke_the_successor() {
    let running = Running::start().await;
    let once = running.keeper().revoke(None, Algorithm::ES256).await.unwrap();
    assert!(!once.was_before);
    running.clock.advance(RETRIED_WITHIN_SECONDS - 1);
    let again = running.keeper().revoke(None, Algorithm::ES256).await.unwrap();
    assert!(again.was_before);
    assert_eq!((&again.revoked.key_id, again.at), (&once.revoked.key_id, once.at));
    assert_eq!((&again.signing, running.rows().await.len()), (&once.signing, 2));
    let named = running.keeper().revoke(Some(&once.signing), Algorithm::ES256).await.unwrap();
    assert!(!named.was_before);
    running.clock.advance(RETRIED_WITHIN_SECONDS);
    let later = running.keeper().revoke(None, Algorithm::ES256).await.unwrap();
    assert_eq!((later.was_before, later.revoked.key_id), (false, named.signing));
}

#[tokio::test]
async fn a_first_key_that_is_compromised_at_once_is_revoked() {
    let running = Running::start().await;
    let first = running.rows().await[0].key_id.clone();
    let revoked = running.keeper().revoke(None, Algorithm::ES256).await.unwrap();
    assert_eq!((revoked.was_before, revoked.revoked.key_id), (false, first));
}
