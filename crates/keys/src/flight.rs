//! One fetch that all who need it wait for, and what is known of those before.

use std::time::Duration;

use tokio::sync::watch;

use crate::fault::FetchKeysFault;

/// How a fetch ended; the set itself is held elsewhere.
pub(crate) type Outcome = Result<(), FetchKeysFault>;

/// A fetch that goes on in a task of its own, or went on.
#[derive(Clone)]
pub(crate) struct Flight(watch::Receiver<Option<Outcome>>);

/// What is known of fetches. Never locked across an await.
#[derive(Default)]
pub(crate) struct Flights {
    /// The last fetch for requests, over or not.
    pub(crate) flight: Option<Flight>,
    /// When and why the last fetch for requests failed, until any fetch succeeds. A prefetch's failure is never here.
    pub(crate) last_failure: Option<(Duration, FetchKeysFault)>,
    /// Why the last fetch of either kind failed, if it did.
    pub(crate) last_fault: Option<FetchKeysFault>,
}

impl Flight {
    /// One that goes on until the sender sends, or is dropped.
    pub(crate) fn new() -> (watch::Sender<Option<Outcome>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    /// How it ends. One whose task died was given up.
    pub(crate) async fn landed(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(FetchKeysFault::GivenUp)),
            Err(_) => Err(FetchKeysFault::GivenUp),
        }
    }

    fn is_over(&self) -> bool {
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }
}

impl Flights {
    /// The fetch for requests that goes on, if one does.
    pub(crate) fn in_flight(&self) -> Option<Flight> {
        self.flight.as_ref().filter(|flight| !flight.is_over()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fetch_whose_task_died_is_over_and_keeps_nobody_waiting() {
        let (sender, flight) = Flight::new();
        let flights = Flights { flight: Some(flight.clone()), ..Flights::default() };
        assert!(flights.in_flight().is_some());
        drop(sender);
        assert!(flights.in_flight().is_none());
        assert_eq!(flight.landed().await, Err(FetchKeysFault::GivenUp));
    }
}
