//! A server that runs, and its jobs beside it.

use std::sync::Arc;

use daypass_app::audit_stream::AuditStream;
use daypass_app::jobs::{JobFault, Jobs};
use daypass_store::Store;
use daypass_traces::Traces;
use daypass_web::Drained;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::fault::CommandFault;

/// A server that runs, and its jobs; dropping it cuts both off.
pub(crate) struct Serving {
    pub(super) store: Store,
    /// Sends what waits when the server has ended.
    pub(super) traces: Arc<Traces>,
    /// Dropped, it has the server end.
    pub(super) end: oneshot::Sender<()>,
    pub(super) server: JoinSet<Drained>,
    pub(super) jobs: Jobs,
    pub(super) audit_stream: Option<Arc<AuditStream>>,
}

/// What has ended by itself, so that the server must not go on: without its jobs it would not hear that a key is revoked,
/// or that the policy has changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ended {
    /// The one that answers.
    #[error("the server has stopped by itself")]
    Server,
    /// One of the jobs.
    #[error(
        "{0}, and the server does not go on without it: start it again, and report what stderr says above"
    )]
    Job(#[from] JobFault),
}

impl From<Ended> for CommandFault {
    fn from(ended: Ended) -> Self {
        Self::Unavailable(ended.to_string())
    }
}

impl Serving {
    /// Returns when the server or one of its jobs has stopped by itself, which none does unless it fails.
    pub(crate) async fn ended(&mut self) -> Ended {
        tokio::select! {
            _ = self.server.join_next() => Ended::Server,
            fault = self.jobs.ended() => Ended::Job(fault),
        }
    }

    /// Answers what is in flight, stops the jobs, closes the store, and sends the spans that still wait.
    pub(crate) async fn stop(mut self) -> Drained {
        drop(self.end);
        let drained = match self.server.join_next().await {
            Some(Ok(drained)) => drained,
            Some(Err(_)) | None => Drained::CutOff,
        };
        if let Some(stream) = &self.audit_stream {
            stream.flush().await;
        }
        self.jobs.stop().await;
        if let Some(stream) = &self.audit_stream {
            stream.release().await;
        }
        self.store.close().await;
        let written = self.store.ledger().statistics();
        tracing::info!(
            ledger.commits = written.commits,
            ledger.requests = written.requests,
            ledger.refusals_dropped = written.refusals_dropped,
            "the ledger is closed"
        );
        self.traces.flush().await;
        drained
    }
}
