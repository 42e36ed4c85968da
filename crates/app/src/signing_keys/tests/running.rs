//! What the keys of a running server are good for while others change them and clients come and go.

use std::future::Future as _;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use daypass_jose::Algorithm;
use tokio::runtime::Builder;

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
